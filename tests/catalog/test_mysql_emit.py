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

ROUNDS = int(os.environ.get("AUTOGENERATE_ROUNDS", "300"))
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
                if name != "a view without its table":  # no statement makes one
                    self.check_both_ways("", base + change)


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
