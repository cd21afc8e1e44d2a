"""MariaDB's emitter: the statements that make one schema of another do so, there and back, on a real server."""
import os
import random
import sys
import unittest

import catalogs
from harness import MariaDB

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # before the e2e tests, which have a test_mysql too
from random_mariadb import Schema  # noqa: E402
from test_mysql import CHANGES, EQUAL, STRICT  # noqa: E402

ROUNDS = int(os.environ.get("AUTOGENERATE_ROUNDS", "200"))
SEED = int(os.environ.get("AUTOGENERATE_SEED", "14"))
PLACES = ("place_a", "place_b", "place_c")  # what is changed; the same as it was; what it is to be


class EmitCase(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = MariaDB("--event-scheduler=OFF")
        cls.addClassCleanup(cls.server.close)
        cls.tool = catalogs.Tool()
        cls.addClassCleanup(cls.tool.close)

    def run_sql(self, place, sql):
        answer = self.tool.send({"run": self.server.url(place), "sql": sql})
        if "error" in answer:
            raise AssertionError(f"{place}: {answer['error']}\n{answer.get('statement')}")

    def empty(self):
        for place in PLACES:
            self.run_sql("", f"DROP DATABASE IF EXISTS `{place}`; CREATE DATABASE `{place}` COLLATE utf8mb4_general_ci")

    def make(self, place, script):
        delimited = script if "DELIMITER" in script or "PACKAGE" not in script else "DELIMITER //\n" + script.replace(";\n", "//\n") + "//\n"
        self.run_sql(place, "SET SESSION sql_mode = DEFAULT")
        self.run_sql(place, delimited.replace("{schema}", place))

    def emit(self, source, target, **keys):
        answer = self.tool.ask([(self.server.url(source), [None]), (self.server.url(target), [None])], emit=True, **keys)
        self.assertNotIn("error", answer)
        return answer

    def differences(self, source, target, **keys):
        return self.tool.read((self.server.url(target), [None]), (self.server.url(source), [None]), **keys)["differences"]

    def check_way(self, source, target, **keys):
        sql = self.emit(source, target, **{"allowed": True, **keys})["sql"]
        try:
            self.run_sql(source, sql)
            rest = self.differences(source, target, rules=keys.get("rules", "default"))
        except AssertionError as error:
            raise AssertionError(f"{error}\n---- all of it:\n{sql}") from None
        self.assertEqual(rest, [], sql)
        return sql

    def check_both_ways(self, first, second, **keys):
        self.empty()
        for place, script in zip(PLACES, (first, first, second)):
            self.make(place, script)
        up = self.check_way("place_a", "place_c", **keys)
        down = self.check_way("place_a", "place_b", **keys)
        return up, down


class Pairs(EmitCase):
    """All that the reader's own tests tell apart."""

    def test_each_change_there_and_back(self):
        for name, base, change, _ in CHANGES:
            with self.subTest(name):
                self.check_both_ways(base, base + change)

    def test_what_is_compared_on_request(self):
        for name, base, change, _ in STRICT:
            with self.subTest(name):
                self.check_both_ways(base, base + change, rules="strict")

    def test_nothing_is_said_where_nothing_differs(self):
        for name, first, second in EQUAL:
            with self.subTest(name):
                self.empty()
                for place, script in zip(PLACES, (first, first, second)):
                    self.make(place, script)
                self.assertEqual(self.emit("place_a", "place_c")["sql"], "")

    def test_from_nothing_and_to_nothing(self):
        for name, base, change, _ in CHANGES:
            with self.subTest(name):
                if name not in ("a view without its table", "views without their column"):  # no statement makes one
                    self.check_both_ways("", base + change)


KEYED = "CREATE TABLE p (id int PRIMARY KEY); "
FIXTURES = [  # what once went wrong, from random schemas and published ones
    ("views with columns that are called as they are", "CREATE TABLE t (a int, `b``c` int); CREATE VIEW z AS SELECT a FROM t; CREATE VIEW a AS SELECT x.a FROM z AS x; "
     "CREATE VIEW `b``c` AS SELECT `b``c` FROM t; CREATE VIEW b AS SELECT `y`.`b``c` FROM t AS z, `b``c` AS y", "CREATE TABLE t (a int)"),
    ("a longer text whose length takes a second byte", "CREATE TABLE t (a varchar(50), b varchar(60), c varbinary(200)) CHARSET utf8mb4",
     "CREATE TABLE t (a varchar(64), b varchar(63), c varbinary(256)) CHARSET utf8mb4"),
    ("a table that is made anew has an index of a virtual column", "CREATE TABLE t (a datetime NOT NULL, b int, d date AS (CAST(a AS date)) VIRTUAL, KEY (d))",
     "CREATE TABLE t (a datetime NOT NULL, b int NOT NULL, d date AS (CAST(a AS date)) VIRTUAL, KEY (d))"),
    ("the same on either side of it", "CREATE TABLE t (a varchar(20), b varchar(70)) CHARSET utf8mb4", "CREATE TABLE t (a varchar(70), b varchar(300)) CHARSET utf8mb4"),
    ("json is not the words that it stands for", "CREATE TABLE t (a json INVISIBLE, b json)", "CREATE TABLE t (a json, b json DEFAULT '{}')"),
    ("a foreign key of a table that goes", KEYED + "CREATE TABLE c (p_id int, FOREIGN KEY (p_id) REFERENCES p (id))", "CREATE TABLE p (id bigint PRIMARY KEY)"),
    ("tables that go and refer to each other", "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a (id)); "
     "ALTER TABLE a ADD CONSTRAINT x FOREIGN KEY (b) REFERENCES b (id)", ""),
    ("types that cannot be cast, and what is checked and indexed of them", "CREATE TABLE t (id int PRIMARY KEY, a point NOT NULL, b uuid, CHECK (b IS NOT NULL OR 1), SPATIAL KEY a (a), KEY b (b))",
     "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int, CHECK (b IS NOT NULL OR 1), KEY a (a), KEY b (b))"),
    ("a unique key that orders the rows", "CREATE TABLE t (a int NOT NULL, b int)", "CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a))"),
    ("an event without its end", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY ENDS '2036-05-05 00:00:00' DO DELETE FROM x", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM x"),
    ("a sequence with other limits", "CREATE SEQUENCE s; CREATE SEQUENCE r INCREMENT BY -1", "CREATE SEQUENCE s MINVALUE 300 MAXVALUE 400; CREATE SEQUENCE r INCREMENT BY -1 MAXVALUE -5"),
    ("columns beside a virtual one that is indexed", "CREATE TABLE t (id int PRIMARY KEY, a int, v int AS (a + 1) VIRTUAL, KEY (v))",
     "CREATE TABLE t (id int PRIMARY KEY, a int, v int AS (a + 1) VIRTUAL, b int CHECK (b > 0), w int AS (a) VIRTUAL, KEY (v))"),
    ("two foreign keys with one index", KEYED + "CREATE TABLE c (a int, CONSTRAINT x FOREIGN KEY (a) REFERENCES p (id), CONSTRAINT y FOREIGN KEY (a) REFERENCES p (id))",
     KEYED + "CREATE TABLE c (a int, CONSTRAINT y FOREIGN KEY (a) REFERENCES p (id))"),
    ("a foreign key that loses its index", KEYED + "CREATE TABLE c (a int, b int, KEY ab (a, b), CONSTRAINT x FOREIGN KEY (a) REFERENCES p (id))",
     KEYED + "CREATE TABLE c (a int, b int, CONSTRAINT x FOREIGN KEY (a) REFERENCES p (id))"),
    ("a name that something else wants", "CREATE TABLE a (id int); CREATE VIEW b AS SELECT 1 AS x; CREATE SEQUENCE c", "CREATE VIEW a AS SELECT 2 AS y; CREATE TABLE b (id int); CREATE TABLE c (id int)"),
    ("views that change places", "CREATE VIEW a AS SELECT 1 AS x; CREATE VIEW b AS SELECT x FROM a", "CREATE VIEW b AS SELECT 1 AS x; CREATE VIEW a AS SELECT x FROM b"),
    ("names that the server chooses and others have", "CREATE TABLE t (a int, b int, KEY a (a, b), CHECK (a > 0), CHECK (b > 0))",
     "CREATE TABLE t (a int, b int, KEY a (a), KEY a_2 (a, b), CHECK (b > 0), CHECK (a > b))"),
    ("triggers in another order", "CREATE TABLE t (a int); CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2",
     "CREATE TABLE t (a int); CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1"),
    ("columns in another order", "CREATE TABLE t (a int, b int, c int, v int AS (a) VIRTUAL)", "CREATE TABLE t (c int, d int, b int NOT NULL, a int, v int AS (a) VIRTUAL)"),
]


class Fixtures(EmitCase):
    def test_each_there_and_back(self):
        for name, first, second in FIXTURES:
            for rules in ("default", "strict"):
                with self.subTest(name, rules=rules):
                    self.check_both_ways(first, second, rules=rules)

    def test_nothing_is_promised_by_the_cautious(self):
        self.empty()
        self.make("place_a", "CREATE TABLE t (a int)")
        self.make("place_c", "CREATE TABLE t (a int, b int, KEY (b))")
        self.assertIn("ALGORITHM", self.emit("place_a", "place_c")["sql"])
        self.assertNotIn("ALGORITHM", self.emit("place_a", "place_c", cautious=True)["sql"])


class Random(EmitCase):
    def test_random_schemas(self):
        for i in range(ROUNDS):
            self.one(SEED * 100000 + i)

    def one(self, seed):
        rng = random.Random(seed)
        schema = Schema(rng)
        changed = schema.copy()
        changed.mutate()
        with self.subTest(seed=seed):
            try:
                self.check_both_ways(schema.sql(), changed.sql())
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}\n---- from:\n{schema.sql()}\n---- to:\n{changed.sql()}") from None


if __name__ == "__main__":
    unittest.main(verbosity=2)
