#!/usr/bin/env python3
"""`plan --preflight`: questions about what earlier statements of the plan change, and about all that a statement holds rows to.

One plan has all cases of an engine, each with tables of its own. What is foretold of a case is held against its statements, which are
then run one case after the other.
"""
import contextlib
import sqlite3

from harness import FleetCase, LOCK_WAIT, MariaDBCase, PostgresCase, main

FAILS, FITS, UNSURE = "fails", "fits", "unsure"


class Orders:
    """Cases: (what is there, with `{t}` and `{p}` for the names of the case's own tables; the statements; what is foretold)."""

    def check(self, cases):
        named = [[text.replace("{t}", f"t{at:02}").replace("{p}", f"p{at:02}") for text in case[:2]]
                 for at, case in enumerate(cases)]
        self.make("; ".join(setup for setup, _ in named))
        lines, place = [], {}
        for at, (_, up) in enumerate(named):
            for line in up.splitlines():
                lines.append(line)
                place[6 + len(lines)] = at
        self.fleet.revision("aaaa", "\n".join(lines))
        result = self.fleet.run("plan", "--preflight", "-o", "json", "--progress", "none")
        self.assertIn(result.code, (0, 1), repr(result))
        said = {}
        for answer in result.report["tenants"][0]["preflight"]:
            said.setdefault(place[answer["line"]], []).append(answer)
        for at, (setup, up, expected) in enumerate(cases):
            with self.subTest(setup=setup, up=up):
                states = {answer["state"] for answer in said.get(at, ())}
                foretold = FAILS if FAILS in states else UNSURE if states & {"unknown", "not_asked"} else FITS
                self.assertEqual(foretold, expected, said.get(at))
                if expected != UNSURE:
                    self.assertEqual(self.run_fails(named[at][1]), expected == FAILS)


class SQLite(Orders, FleetCase):
    T = "CREATE TABLE {t} (id INTEGER PRIMARY KEY, a INT, b TEXT); "
    REBUILT = "INSERT INTO {t}n SELECT * FROM {t};\nDROP TABLE {t};\nALTER TABLE {t}n RENAME TO {t};"
    TWICE = "INSERT INTO {t} VALUES (1, 1, 'x'), (2, 1, 'y')"
    ONCE = "INSERT INTO {t} VALUES (1, 1, 'x'), (2, 2, 'x')"

    def make(self, schema):
        self.fleet.inventory([self.fleet.sqlite("one", schema)])

    def run_fails(self, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", "one.db"), timeout=LOCK_WAIT)) as db:
            try:
                db.executescript(sql)
            except sqlite3.Error:
                return True
            return bool(db.execute("PRAGMA foreign_key_check").fetchall())

    def test_orders(self):
        T, REBUILT, TWICE, ONCE = self.T, self.REBUILT, self.TWICE, self.ONCE
        self.check([
            (T + TWICE, "ALTER TABLE {t} RENAME COLUMN a TO c;\nCREATE UNIQUE INDEX i{t} ON {t} (c);", FAILS),
            (T + ONCE, "ALTER TABLE {t} RENAME COLUMN a TO c;\nCREATE UNIQUE INDEX i{t} ON {t} (c);", FITS),
            (T + ONCE, "ALTER TABLE {t} RENAME a TO z;\nALTER TABLE {t} RENAME b TO a;\nALTER TABLE {t} RENAME z TO b;\n"
             "CREATE UNIQUE INDEX i{t} ON {t} (b);", FITS),
            (T + ONCE, "ALTER TABLE {t} RENAME a TO z;\nALTER TABLE {t} RENAME b TO a;\nALTER TABLE {t} RENAME z TO b;\n"
             "CREATE UNIQUE INDEX i{t} ON {t} (a);", FAILS),
            (T + TWICE, "ALTER TABLE {t} RENAME TO {t}x;\nALTER TABLE {t}x RENAME a TO c;\nCREATE UNIQUE INDEX i{t} ON {t}x (c);",
             FAILS),
            ("CREATE TABLE {t} (b TEXT COLLATE NOCASE); INSERT INTO {t} VALUES ('x'), ('X')",
             "ALTER TABLE {t} RENAME b TO c;\nCREATE UNIQUE INDEX i{t} ON {t} (c);", FAILS),
            ('CREATE TABLE {t} ("a b" TEXT); INSERT INTO {t} VALUES (1), (2)',
             'ALTER TABLE {t} RENAME "a b" TO "c d";\nCREATE UNIQUE INDEX i{t} ON {t} ("c d");', FITS),
            (T + TWICE, "ALTER TABLE {t} RENAME b TO c;\nCREATE UNIQUE INDEX i{t} ON {t} (lower(c));", UNSURE),
            (T + TWICE, "UPDATE {t} SET a = id;\nCREATE UNIQUE INDEX i{t} ON {t} (a);", UNSURE),
            (T + TWICE, "CREATE TABLE {t}n AS SELECT * FROM {t};\nCREATE UNIQUE INDEX i{t} ON {t}n (a);", UNSURE),
            (T + TWICE, "CREATE TABLE {t}n (id, a, b);\nCREATE UNIQUE INDEX i{t} ON {t}n (a);\n" + REBUILT, UNSURE),
            (T + TWICE + "; CREATE TABLE {p} (x INTEGER PRIMARY KEY)",
             "INSERT INTO {p} VALUES (1);\nCREATE TABLE {t}n (id, a REFERENCES {p}, b);\n" + REBUILT, UNSURE),
            (T + TWICE, "CREATE TABLE {t}n (id, a, b);\n" + REBUILT + "\nCREATE TABLE {t}n (id, a NOT NULL, b);\n" + REBUILT, UNSURE),
            (T + ONCE, "CREATE TABLE {t}n (id, a, b, g INT AS (-a) CHECK (g > 0));\nINSERT INTO {t}n SELECT * FROM {t};", UNSURE),
            (T + ONCE, "CREATE TABLE {t}n (id, a, b, c DEFAULT 7 UNIQUE);\nINSERT INTO {t}n (id, a, b) SELECT * FROM {t};", UNSURE),
            (T + "INSERT INTO {t} VALUES (1, 1, '{')", "CREATE INDEX i{t} ON {t} (json_extract(b, '$.a'));", UNSURE),
            (T + "INSERT INTO {t} VALUES (1, 1, '[]')", "CREATE INDEX i{t} ON {t} (json_extract(b, '$.a'));", FITS),
        ])


    def test_what_is_written(self):
        keyed = "CREATE TABLE {t} (id INTEGER PRIMARY KEY, a INT UNIQUE, b TEXT NOT NULL COLLATE NOCASE UNIQUE, c ANY); "
        rows = keyed + "INSERT INTO {t} VALUES (1, 1, 'x', 1), (2, 2, 'y', 2)"
        strict = "CREATE TABLE {t} (a INT, b TEXT) STRICT; CREATE TABLE {p} (x); INSERT INTO {p} VALUES "
        self.check([
            (rows, "INSERT INTO {t} VALUES (2, 3, 'z', 3);", FAILS),
            (rows, "INSERT INTO {t} VALUES (NULL, 3, 'z', 3);", FITS),
            (rows, "INSERT INTO {t} VALUES (3, 3, 'X', 3);", FAILS),
            (rows, "INSERT INTO {t} (a, b) SELECT a + 2, b || 2 FROM {t};", FITS),
            (rows, "INSERT INTO {t} (a, b) SELECT '2', b || 2 FROM {t} LIMIT 1;", FAILS),
            (rows, "INSERT INTO {t} (a) SELECT a + 2 FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id, b) SELECT b, b || 2 FROM {t};", FAILS),
            (rows, "INSERT OR IGNORE INTO {t} (a) SELECT a FROM {t};", FITS),
            (rows, "INSERT OR IGNORE INTO {t} (id, b) SELECT b, b || 2 FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (a, b) SELECT a, b || 2 FROM {t} WHERE true ON CONFLICT DO NOTHING;", FITS),
            (rows, "UPDATE {t} SET id = NULL WHERE id = 1;", FAILS),
            (rows, "REPLACE INTO {t} VALUES (1, 1, 'x', 2);", UNSURE),
            (rows, "UPDATE {t} SET a = 5;", FAILS),
            (rows, "UPDATE {t} SET a = 5 WHERE id = 1;", FITS),
            (rows, "UPDATE {t} SET id = id + 1;", UNSURE),
            (rows, "UPDATE {t} SET b = (SELECT NULL) WHERE id = 2;", FAILS),
            (rows, "UPDATE OR IGNORE {t} SET a = 5;", FITS),
            (rows + "; CREATE UNIQUE INDEX x{t} ON {t} (lower(b))", "UPDATE {t} SET b = 'z';", UNSURE),
            ("CREATE TABLE {t} (a INT CHECK (a > 0)); CREATE TABLE {p} (x)", "INSERT INTO {t} SELECT x FROM {p};", UNSURE),
            (strict + "('1'), (2.0)", "INSERT INTO {t} (a) SELECT x FROM {p};", FITS),
            (strict + "('x')", "INSERT INTO {t} (a) SELECT x FROM {p};", FAILS),
            (strict + "(x'00')", "INSERT INTO {t} (b) SELECT x FROM {p};", FAILS),
        ])

    def test_rows_without_parents_count_where_they_are_looked_at(self):
        """With foreign keys off, as in the sessions of skein, a revision that drops and renames nothing takes them."""
        self.make("CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
        self.fleet.revision("aaaa", "CREATE TABLE n (a INT REFERENCES p);\nINSERT INTO n SELECT a FROM t;")
        self.run_ok("plan", "--preflight")
        self.run_ok("upgrade", "--yes")

    def test_two_foreign_keys_of_one_column(self):
        """They look the same: a tenant counts once."""
        self.fleet.inventory([self.fleet.sqlite(name, "CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
                              for name in "abcdefg"])
        self.fleet.revision("aaaa", "CREATE TABLE n (a INT REFERENCES p, FOREIGN KEY (a) REFERENCES p);\nINSERT INTO n SELECT a FROM t;\n"
                            "DROP TABLE t;\nALTER TABLE n RENAME TO t;")
        result = self.fleet.run("plan", "--preflight")
        self.assertEqual(result.code, 1, repr(result))
        self.assertIn("will fail: rows have no parent for a (t)", result.out)

    def test_a_rule_of_a_table_that_is_built_anew(self):
        """It reads what the new table keeps: numbers become texts in a column of texts, and defaults come in."""
        self.check([
            (self.T + "INSERT INTO {t} VALUES (1, 128, 'x')", "CREATE TABLE {t}n (id INT, a TEXT CHECK (coalesce(a, 0) < 200), b);\n" + self.REBUILT, FAILS),
            (self.T + "INSERT INTO {t} VALUES (1, 1, '9')", "CREATE TABLE {t}n (id INT, a INT, b INT CHECK (b < 10));\n" + self.REBUILT, FITS),
            (self.T + "INSERT INTO {t} VALUES (1, 7, 'x')", "CREATE TABLE {t}n (id INT, a INT, b, c INT DEFAULT 5 CHECK (c > a));\n"
             "INSERT INTO {t}n (id, a, b) SELECT * FROM {t};\nDROP TABLE {t};\nALTER TABLE {t}n RENAME TO {t};", FAILS),
        ])

    def test_a_column_that_is_dropped_and_made_again(self):
        self.check([(self.T + "INSERT INTO {t} VALUES (1, 0, 'x')", "ALTER TABLE {t} DROP COLUMN a;\nALTER TABLE {t} ADD COLUMN a INT DEFAULT 5 CHECK (a > 1);", FITS),
                    (self.T + "INSERT INTO {t} VALUES (1, 9, 'x')", "ALTER TABLE {t} DROP COLUMN a;\nALTER TABLE {t} ADD COLUMN a INT DEFAULT 0 CHECK (a > 1);", FAILS)])


class Postgres(Orders, PostgresCase):
    T = "CREATE TABLE {t} (id int PRIMARY KEY, a int, b text); "
    P = "CREATE TABLE {p} (x int PRIMARY KEY); INSERT INTO {p} VALUES (1), (2); "
    HEIR = "CREATE TABLE {t} (a int); CREATE TABLE {t}h () INHERITS ({t}); INSERT INTO {t}h VALUES (1); INSERT INTO {t} VALUES (1); "

    def make(self, schema):
        self.database = self._testMethodName
        self.pg.create(self.database)
        self.pg.sql(self.database, schema)
        self.fleet.inventory([{"name": "one", "url": self.pg.url(self.database)}])

    def run_fails(self, sql):
        return self.pg.psql(self.database, "-c", sql).returncode != 0

    def test_orders(self):
        T, P = self.T, self.P
        text = "ALTER TABLE {t} ALTER b TYPE int USING b::int"
        with_b = T + "INSERT INTO {t} VALUES (1, 1, '%s')"
        self.check([
            # a type
            (with_b % "-5", text + ";\nALTER TABLE {t} ADD CHECK (b > 0);", FAILS),
            (with_b % "7", text + ";\nALTER TABLE {t} ADD CHECK (b > a);", FITS),
            (with_b % "-5", text + ", ADD CHECK (b > a);", FAILS),
            (P + with_b % "5", text + ";\nALTER TABLE {t} ADD FOREIGN KEY (b) REFERENCES {p};", FAILS),
            (P + with_b % "2", text + ";\nALTER TABLE {t} ADD FOREIGN KEY (b) REFERENCES {p} (x);", FITS),
            (P + with_b % "2", text + ", ADD FOREIGN KEY (b) REFERENCES {p} (x);", FITS),
            (with_b % "5" + ", (2, 2, ' 5')", text + ";\nALTER TABLE {t} ADD UNIQUE (b);", FAILS),
            (with_b % "", "ALTER TABLE {t} ALTER b TYPE int USING nullif(b, '')::int;\nALTER TABLE {t} ALTER b SET NOT NULL;",
             FAILS),
            (with_b % "5", "ALTER TABLE {t} ALTER b TYPE int USING a, ALTER a TYPE int USING b::int;\n"
             "ALTER TABLE {t} ADD CHECK (a > b);", FITS),
            ("CREATE TABLE {p} (x text PRIMARY KEY); INSERT INTO {p} VALUES (' 2'); CREATE TABLE {t} (a int); INSERT INTO {t} VALUES (2)",
             "ALTER TABLE {p} ALTER x TYPE int USING x::int;\nALTER TABLE {t} ADD FOREIGN KEY (a) REFERENCES {p} (x);", FITS),
            (T + "INSERT INTO {t} VALUES (1, 1, 'x'); ALTER TABLE {t} ADD CHECK (a <> 9)",
             "ALTER TABLE {t} ALTER a TYPE bigint USING 9;", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 1, 'x'); ALTER TABLE {t} ADD CHECK (a <> 9)", "ALTER TABLE {t} ALTER a TYPE bigint;", FITS),
            ("CREATE TABLE {t} (a text NOT NULL); INSERT INTO {t} VALUES ('')",
             "ALTER TABLE {t} ALTER a TYPE int USING nullif(a, '')::int;", FAILS),
            (P + "CREATE TABLE {t} (a int REFERENCES {p}); INSERT INTO {t} VALUES (1)",
             "ALTER TABLE {t} ALTER a TYPE bigint USING a + 9;", UNSURE),
            (P + "CREATE TABLE {t} (a int REFERENCES {p}); INSERT INTO {t} VALUES (1)", "ALTER TABLE {t} ALTER a TYPE bigint;", FITS),
            ("CREATE TABLE {t} (a text UNIQUE); INSERT INTO {t} VALUES ('1'), ('01')",
             "ALTER TABLE {t} DROP CONSTRAINT {t}_a_key;\nALTER TABLE {t} ALTER a TYPE int USING a::int;", UNSURE),
            ("CREATE TABLE {t} (a numeric); INSERT INTO {t} VALUES (1234)", "ALTER TABLE {t} ALTER a TYPE numeric(2, -3);", FITS),
            # names, new columns
            (T + "INSERT INTO {t} VALUES (1, NULL, 'x')", "ALTER TABLE {t} RENAME a TO c;\nALTER TABLE {t} ALTER c SET NOT NULL;", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 1, NULL)", "ALTER TABLE {t} RENAME a TO c;\nALTER TABLE {t} RENAME b TO a;\n"
             "ALTER TABLE {t} RENAME c TO b;\nALTER TABLE {t} ALTER b SET NOT NULL;", FITS),
            (T + "INSERT INTO {t} VALUES (1, -1, 'x')", "ALTER TABLE {t} RENAME TO {t}x;\nALTER TABLE {t}x ADD CHECK (a > 0);", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 1, 'x')", "ALTER TABLE {t} ADD c int DEFAULT 5;\nALTER TABLE {t} ADD CHECK (c > 6);", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 1, 'x')", "ALTER TABLE {t} ADD c int;\nALTER TABLE {t} ALTER c SET NOT NULL;", FAILS),
            (T, "ALTER TABLE {t} ADD c int;\nALTER TABLE {t} ALTER c SET NOT NULL;", FITS),
            (T + "INSERT INTO {t} VALUES (1, 1, 'x')", "ALTER TABLE {t} DROP a;\nALTER TABLE {t} ADD a int;\n"
             "ALTER TABLE {t} ALTER a SET NOT NULL;", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 1, 'x')", "ALTER TABLE {t} ADD c int DEFAULT 5;\nALTER TABLE {t} ADD CHECK ({t} IS NOT NULL);",
             UNSURE),
            (T + "INSERT INTO {t} VALUES (1, NULL, 'x')", "UPDATE {t} SET a = 0;\nALTER TABLE {t} ALTER a SET NOT NULL;", UNSURE),
            ("CREATE TABLE {p} (a int, b int); CREATE TABLE {t} () INHERITS ({p}); INSERT INTO {t} VALUES (NULL, 1)",
             "ALTER TABLE {p} RENAME a TO c;\nALTER TABLE {p} RENAME b TO a;\nALTER TABLE {t} ALTER a SET NOT NULL;", UNSURE),
        ])

    def test_what_rows_are_held_to(self):
        T, HEIR = self.T, self.HEIR
        self.check([
            (HEIR, "ALTER TABLE {t} ADD UNIQUE (a);", FITS),
            (HEIR, "CREATE UNIQUE INDEX ON {t} (a);", FITS),
            (HEIR, "ALTER TABLE {t} ADD CHECK (a > 1) NO INHERIT;", FAILS),
            (HEIR + "UPDATE ONLY {t} SET a = 2", "ALTER TABLE {t} ADD CHECK (a > 1) NO INHERIT;", FITS),
            (HEIR + self.P + "UPDATE {t}h SET a = 9", "ALTER TABLE {t} ADD FOREIGN KEY (a) REFERENCES {p};", FITS),
            ("CREATE TABLE {t} (a int, k int) PARTITION BY LIST (k); CREATE TABLE {t}h PARTITION OF {t} FOR VALUES IN (1); "
             "INSERT INTO {t} VALUES (1, 1), (1, 1)", "ALTER TABLE {t} ADD UNIQUE (a, k);", FAILS),
            (T + "ALTER TABLE {t} ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE {t} VALIDATE CONSTRAINT c;", FITS),
            ("CREATE TABLE {p} (x int, y int, PRIMARY KEY (x, y)); CREATE TABLE {t} (a int, b int); INSERT INTO {t} VALUES (1, NULL); "
             "ALTER TABLE {t} ADD CONSTRAINT f FOREIGN KEY (a, b) REFERENCES {p} MATCH FULL NOT VALID",
             "ALTER TABLE {t} VALIDATE CONSTRAINT f;", FAILS),
            ("CREATE TYPE {p} AS (x int); CREATE TABLE {t} (c {p}); INSERT INTO {t} VALUES (ROW(NULL)), (ROW(NULL))",
             "ALTER TABLE {t} ADD UNIQUE (c);", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 0, 'x')", "CREATE INDEX ON {t} ((10 / a));", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 0, 'x')", "ALTER TABLE {t} ADD g int GENERATED ALWAYS AS (10 / a) STORED;", FAILS),
            (T + "INSERT INTO {t} VALUES (1, NULL, 'x')", "ALTER TABLE {t} ADD g int GENERATED ALWAYS AS (a) STORED NOT NULL;", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 3, 'x')", "ALTER TABLE {t} ADD g int GENERATED ALWAYS AS (a) STORED UNIQUE CHECK (g > a - 1);",
             FITS),
            (T + "INSERT INTO {t} VALUES (1, 3, 'x'); CREATE DOMAIN {p} AS int NOT NULL", "ALTER TABLE {t} ADD c {p};", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 3, 'xxxx'); CREATE DOMAIN {p} AS varchar(3)", "ALTER TABLE {t} ALTER b TYPE {p};", UNSURE),
            ("CREATE TABLE {t} (r int4range)", "ALTER TABLE {t} ADD EXCLUDE USING gist (r WITH &&);", UNSURE),
            (T + "INSERT INTO {t} VALUES (1, 1, 'x')\n; CREATE MATERIALIZED VIEW {t}m AS SELECT a FROM {t}",
             "REFRESH MATERIALIZED VIEW {t}m;\nCREATE UNIQUE INDEX ON {t}m (a);", UNSURE),
            # what an expression means
            (T + "INSERT INTO {t} VALUES (1, 1, 'c'); CREATE TYPE {p} AS ENUM ('a')",
             "ALTER TYPE {p} RENAME VALUE 'a' TO 'c';\nALTER TABLE {t} ALTER b TYPE {p} USING b::{p};", UNSURE),
            (T + "INSERT INTO {t} VALUES (1, -1, 'x'); CREATE FUNCTION f{t}(v int) RETURNS bool LANGUAGE sql AS 'SELECT v > 0'",
             "CREATE OR REPLACE FUNCTION f{t}(v int) RETURNS bool LANGUAGE sql AS 'SELECT true';\nALTER TABLE {t} ADD CHECK (f{t}(a));",
             UNSURE),
            (T + "INSERT INTO {t} VALUES (1, -1, 'x')", "ALTER TABLE {t} ADD CHECK (a > 0);", FAILS),
        ])

    def test_what_is_written(self):
        keyed = ("CREATE TABLE {t} (id int PRIMARY KEY, a int UNIQUE, b varchar(3) NOT NULL, c smallint CHECK (c > 0), "
                 "d text DEFAULT 'd' CHECK (d <> 'e'), UNIQUE NULLS NOT DISTINCT (d, c)); ")
        rows = keyed + "INSERT INTO {t} VALUES (1, 1, 'x', 1), (2, 2, 'y', 2)"
        child = self.P + "CREATE TABLE {t} (id int PRIMARY KEY, a int REFERENCES {p}, up int REFERENCES {t}); INSERT INTO {t} VALUES (1, 2, 1)"
        self.check([
            (rows, "INSERT INTO {t} VALUES (2, 3, 'z', 3);", FAILS),
            (rows, "INSERT INTO {t} VALUES (3, 3, 'z', 3);", FITS),
            (rows, "INSERT INTO {t} (id, b, c) SELECT id + 2, b, c + 2 FROM {t};", FITS),
            (rows, "INSERT INTO {t} (id, b) SELECT id + 2, b FROM {t};", FAILS),  # two rows of 'd' and NULL
            (rows, "INSERT INTO {t} SELECT id + 1, NULL, b, id + 7 FROM {t};", FAILS),
            (rows, "INSERT INTO {t} SELECT id + 1, NULL, b, id + 7 FROM {t} ON CONFLICT DO NOTHING;", FITS),
            (rows, "INSERT INTO {t} SELECT id + 1, NULL, NULL, id + 7 FROM {t} ON CONFLICT DO NOTHING;", FAILS),
            (rows, "INSERT INTO {t} (id, c) SELECT id + 2, id + 7 FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id, b, c) SELECT id + 2, 'long', id + 7 FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id, b, c) SELECT id + 2, b || '  ', id + 7 FROM {t};", FITS),
            (rows, "INSERT INTO {t} (id, b, c) SELECT id + 2, b, 32767 + id FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id, b, c, d) SELECT id + 2, b, id, 'e' FROM {t};", FAILS),
            (rows, "WITH w AS (SELECT 1) INSERT INTO {t} SELECT 3, 3, 'z', 3;", UNSURE),
            (rows, "UPDATE {t} SET a = 5;", FAILS),
            (rows, "UPDATE {t} AS x SET a = 5 WHERE x.id = 1;", FITS),
            (rows, "UPDATE {t} SET a = a + 1;", UNSURE),
            (rows, "UPDATE {t} SET a = 3 - a, b = b;", UNSURE),
            (rows, "UPDATE {t} SET b = (SELECT x.b FROM {t} x WHERE x.id = {t}.id + 1);", FAILS),
            (rows, "UPDATE {t} SET c = c - 1;", FAILS),
            (rows, "UPDATE {t} SET c = c + 1, d = 'x' || id;", FITS),
            (rows, "UPDATE {t} SET a = x.a FROM {t} x WHERE x.id = {t}.id;", UNSURE),
            (child, "INSERT INTO {t} SELECT x + 5, x + 1, NULL FROM {p};", FAILS),
            (child, "INSERT INTO {t} SELECT x + 5, x, x + 5 FROM {p};", FITS),
            (child, "INSERT INTO {t} SELECT x + 5, x, x + 6 FROM {p};", FAILS),
            (child, "UPDATE {t} SET a = 7;", FAILS),
            (child, "UPDATE {t} SET up = id;", FITS),
            (child, "UPDATE {t} SET id = 7;", UNSURE),
            (child, "DELETE FROM {p};", FAILS),
            (child, "DELETE FROM {p} WHERE x = 1;", FITS),
            (child + ", (2, NULL, 1)", "DELETE FROM {t} WHERE id = 1;", FAILS),
            (child + ", (2, NULL, 1)", "DELETE FROM {t};", FITS),
            (rows + "; CREATE TABLE {p} (x int)", "CREATE TRIGGER g BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();\n"
             "INSERT INTO {t} VALUES (3, 3, 'z', 3);", UNSURE),
        ])

    def test_a_key_that_has_no_value_for_rows_that_are_not_in_the_index(self):
        self.check([(self.T + "INSERT INTO {t} VALUES (1, 0, 'x')", "CREATE UNIQUE INDEX ON {t} ((id / a)) WHERE a > 0;", FITS)])

    def test_domains(self):
        D = "CREATE DOMAIN {p} AS int; CREATE TABLE {t} (a {p}); "
        minus = D + "INSERT INTO {t} VALUES (-1)"
        positive = "ALTER DOMAIN {p} ADD CONSTRAINT c CHECK (VALUE > 0)"
        self.check([
            (minus + "; " + positive + " NOT VALID", "ALTER DOMAIN {p} VALIDATE CONSTRAINT c;", FAILS),
            (minus, positive + ";", FAILS),
            (D + "INSERT INTO {t} VALUES (1), (NULL)", positive + ";", FITS),
            (minus, positive + " NOT VALID;", FITS),
            (minus, positive + " NOT VALID;\nALTER DOMAIN {p} VALIDATE CONSTRAINT c;", UNSURE),
            (D + "INSERT INTO {t} VALUES (NULL)", "ALTER DOMAIN {p} SET NOT NULL;", FAILS),
            (minus, "ALTER DOMAIN {p} SET NOT NULL;", FITS),
            (minus, "ALTER DOMAIN {p} DROP NOT NULL;", FITS),
            ("CREATE DOMAIN {p} AS int", positive + ";", FITS),
            ("CREATE DOMAIN {p} AS int; CREATE DOMAIN {p}o AS {p}; CREATE TABLE {t} (a {p}o, b {p}); INSERT INTO {t} VALUES (-1, 1)",
             positive + ";", FAILS),
            ("CREATE DOMAIN {p} AS text; CREATE TABLE {t} (a {p}) PARTITION BY LIST (a); CREATE TABLE {t}x PARTITION OF {t} DEFAULT; "
             "CREATE MATERIALIZED VIEW {t}m AS SELECT a FROM {t}; INSERT INTO {t} VALUES ('x')",
             "ALTER DOMAIN {p} ADD CHECK (VALUE <> 'x');", FAILS),
            ("CREATE DOMAIN {p} AS int; CREATE TABLE {t} (a {p}[])", positive + ";", UNSURE),
        ])

    def test_rows_that_change_before(self):
        R = "CREATE TABLE {t} (k int) PARTITION BY RANGE (k); CREATE TABLE {t}d PARTITION OF {t} DEFAULT; "
        new = "CREATE TABLE {t}n PARTITION OF {t} FOR VALUES FROM (10) TO (20);"
        self.check([
            ("CREATE DOMAIN {p} AS int; CREATE TABLE {t} (a {p}); ALTER DOMAIN {p} ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID; "
             "INSERT INTO {t} VALUES (1)", "ALTER DOMAIN {p} VALIDATE CONSTRAINT c;", FITS),
            (R + "INSERT INTO {t} VALUES (10)", "DELETE FROM {t}d;\n" + new, UNSURE),
            (R, new + "\nINSERT INTO {t}n VALUES (11);\nALTER TABLE {t} ADD CHECK (k < 11);", UNSURE),
            ("CREATE DOMAIN {p} AS int; CREATE TABLE {t} (a {p}); INSERT INTO {t} VALUES (-1)",
             "UPDATE {t} SET a = 1;\nALTER DOMAIN {p} ADD CHECK (VALUE > 0);", UNSURE),
        ])

    def test_partitions(self):
        R = "CREATE TABLE {t} (k int, a int) PARTITION BY RANGE (k); CREATE TABLE {t}d PARTITION OF {t} DEFAULT; "
        L = "CREATE TABLE {t} (k text, a int) PARTITION BY LIST (lower(k)); CREATE TABLE {t}d PARTITION OF {t} DEFAULT; "
        new = "CREATE TABLE {t}n PARTITION OF {t} FOR VALUES FROM (10) TO (20);"
        attach = "ALTER TABLE {t} ATTACH PARTITION {t}n FOR VALUES FROM (10) TO (20);"
        child = "CREATE TABLE {t}n (k int, a int); INSERT INTO {t}n VALUES "
        H = "CREATE TABLE {t} (k int) PARTITION BY HASH (k); CREATE TABLE {t}n (k int); INSERT INTO {t}n VALUES (1)"
        self.check([
            (R + "INSERT INTO {t} VALUES (10)", new, FAILS),
            (R + "INSERT INTO {t} VALUES (20), (NULL)", new, FITS),
            (R + "INSERT INTO {t} VALUES (40)", new + "\nCREATE TABLE {t}m PARTITION OF {t} FOR VALUES FROM (40) TO (MAXVALUE);", FAILS),
            (R + "INSERT INTO {t} VALUES (10)", "ALTER TABLE {t} DETACH PARTITION {t}d;\n" + new, UNSURE),
            (L + "INSERT INTO {t} VALUES ('A')", "CREATE TABLE {t}n PARTITION OF {t} FOR VALUES IN ('a', 'b');", FAILS),
            (L + "INSERT INTO {t} VALUES (NULL)", "CREATE TABLE {t}n PARTITION OF {t} FOR VALUES IN ('a', NULL);", UNSURE),
            ("CREATE TABLE {t} (k int) PARTITION BY LIST (k)", "CREATE TABLE {t}n PARTITION OF {t} FOR VALUES IN (1, NULL);", FITS),
            ("CREATE TABLE {t} (k int) PARTITION BY LIST (k)", "CREATE TABLE {t}n PARTITION OF {t} DEFAULT;", FITS),
            (R + "INSERT INTO {t} VALUES (15); " + child + "(11)", attach, FAILS),
            (R + "INSERT INTO {t} VALUES (15)", "CREATE TABLE {t}n (k int, a int);\n" + attach, FAILS),
            (R + child + "(25)", attach, FAILS),
            (R + child + "(NULL)", attach, FAILS),
            (R + child + "(11)", attach, FITS),
            (child + "(25)", "CREATE TABLE {t} (k int, a int) PARTITION BY RANGE (k);\n" + attach, UNSURE),
            (R + "ALTER TABLE {t} ADD UNIQUE (k, a); " + child + "(11, 1), (11, 1)", attach, FAILS),
            (R + "ALTER TABLE {t} ADD UNIQUE (k, a); " + child + "(11, 1), (11, NULL), (11, NULL)", attach, FITS),
            (R + "CREATE TABLE {p} (x int PRIMARY KEY); ALTER TABLE {t} ADD FOREIGN KEY (a) REFERENCES {p}; " + child + "(11, 1)",
             attach, UNSURE),
            ("CREATE TABLE {p} (k int, a int) PARTITION BY LIST (a); CREATE TABLE {t} PARTITION OF {p} FOR VALUES IN (1) "
             "PARTITION BY RANGE (k); " + child + "(11, 2)", attach, FAILS),
            (H + ", (2), (3), (4), (5), (6), (7), (8)", "ALTER TABLE {t} ATTACH PARTITION {t}n FOR VALUES WITH (MODULUS 2, REMAINDER 1);", FAILS),
            (H, "ALTER TABLE {t} ATTACH PARTITION {t}n FOR VALUES WITH (MODULUS 1, REMAINDER 0);", FITS),
        ])


class MariaDB(Orders, MariaDBCase):
    T = "CREATE TABLE {t} (id INT PRIMARY KEY, a INT, b VARCHAR(20)) CHARSET utf8mb4; "
    P = "CREATE TABLE {p} (x INT PRIMARY KEY); INSERT INTO {p} VALUES (1), (2); "
    BIN = "CREATE TABLE {t} (b VARCHAR(20) COLLATE utf8mb4_bin, UNIQUE KEY u (b)) CHARSET utf8mb4 COLLATE utf8mb4_general_ci; "

    def make(self, schema):
        self.database = self._testMethodName
        self.maria.create(self.database)
        self.maria.sql(self.database, schema)
        self.fleet.inventory([{"name": "one", "url": self.maria.url(self.database)}])

    def run_fails(self, sql):
        try:
            self.maria.sql(self.database, f"SET sql_mode = 'STRICT_ALL_TABLES'; {sql}")
        except AssertionError:
            return True
        return False

    def test_orders(self):
        T, P = self.T, self.P
        one = T + "INSERT INTO {t} VALUES (1, %s, '%s')"
        self.check([
            (one % ("NULL", "x"), "ALTER TABLE {t} RENAME COLUMN a TO c;\nALTER TABLE {t} MODIFY c INT NOT NULL;", FAILS),
            (T + "INSERT INTO {t} VALUES (1, 1, NULL)", "ALTER TABLE {t} RENAME COLUMN a TO z;\nALTER TABLE {t} RENAME COLUMN b TO a;\n"
             "ALTER TABLE {t} RENAME COLUMN z TO b;\nALTER TABLE {t} MODIFY b INT NOT NULL;", FITS),
            (T + "INSERT INTO {t} VALUES (1, 1, NULL)", "ALTER TABLE {t} RENAME COLUMN a TO b, RENAME COLUMN b TO a;\n"
             "ALTER TABLE {t} MODIFY b INT NOT NULL;", FITS),
            (one % ("NULL", "x"), "RENAME TABLE {t} TO {t}x;\nALTER TABLE {t}x MODIFY a INT NOT NULL;", FAILS),
            (P + one % ("9", "x"), "ALTER TABLE {t} CHANGE a c INT;\nALTER TABLE {t} ADD CONSTRAINT f{t} FOREIGN KEY (c) REFERENCES {p} (x);",
             FAILS),
            (P + one % ("9", "x"), "ALTER TABLE {t} RENAME COLUMN a TO c;\n"
             "ALTER TABLE {t} ADD CONSTRAINT f{t} FOREIGN KEY (c) REFERENCES {p} (x);", FAILS),
            (P + one % ("2", "x"), "ALTER TABLE {t} CHANGE a c INT;\nALTER TABLE {t} ADD CONSTRAINT f{t} FOREIGN KEY (c) REFERENCES {p} (x);",
             FITS),
            (P + one % ("1", "x"), "RENAME TABLE {p} TO {p}x;\nALTER TABLE {t} ADD CONSTRAINT f{t} FOREIGN KEY (a) REFERENCES {p}x (x);",
             FITS),
            (one % ("1", "-5"), "ALTER TABLE {t} MODIFY b INT;\nALTER TABLE {t} ADD CONSTRAINT c CHECK (b > 0);", FAILS),
            (one % ("NULL", "x"), "UPDATE {t} SET a = 0;\nALTER TABLE {t} MODIFY a INT NOT NULL;", UNSURE),
            (self.BIN + "INSERT INTO {t} VALUES ('a'), ('A')",
             "ALTER TABLE {t} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;", UNSURE),
            (self.BIN, "ALTER TABLE {t} DEFAULT CHARACTER SET latin1;\nALTER TABLE {t} MODIFY b VARCHAR(30);", UNSURE),
        ])

    def test_what_rows_are_held_to(self):
        T = self.T
        text = "CREATE TABLE {t} (b VARCHAR(50)); INSERT INTO {t} VALUES "
        self.check([
            (self.BIN + "INSERT INTO {t} VALUES ('a'), ('A')", "ALTER TABLE {t} MODIFY b VARCHAR(30);", UNSURE),
            ("CREATE TABLE {t} (b VARCHAR(20), UNIQUE KEY u (b)); INSERT INTO {t} VALUES ('1'), ('01')", "ALTER TABLE {t} MODIFY b INT;",
             UNSURE),
            ("CREATE TABLE {t} (b INT UNIQUE); INSERT INTO {t} VALUES (1), (2)", "ALTER TABLE {t} MODIFY b BIGINT;", FITS),
            ("CREATE TABLE {t} (a DOUBLE, CONSTRAINT k CHECK (a > 0.2)); INSERT INTO {t} VALUES (0.3)", "ALTER TABLE {t} MODIFY a INT;",
             UNSURE),
            (text + "('\\t5 ')", "ALTER TABLE {t} MODIFY b INT;", FITS),
            (text + "('1e400')", "ALTER TABLE {t} MODIFY b DOUBLE;", FAILS),
            ("CREATE TABLE {t} (b DOUBLE); INSERT INTO {t} VALUES (1e300)", "ALTER TABLE {t} MODIFY b FLOAT;", FAILS),
            (text + "('9')", "ALTER TABLE {t} MODIFY b ENUM('a', 'b,c');", FAILS),
            (text + "('2')", "ALTER TABLE {t} MODIFY b ENUM('a', 'b,c');", FITS),
            ("SET sql_mode = ''; CREATE TABLE {t} (b ENUM('a', 'b', 'c')); INSERT INTO {t} VALUES ('zzz')",
             "ALTER TABLE {t} MODIFY b ENUM('a', 'b');", FITS),
            (T + "INSERT INTO {t} VALUES (1, 0, 'x')", "ALTER TABLE {t} ADD CONSTRAINT k CHECK (10 / a > 0);", UNSURE),
            (T + "INSERT INTO {t} VALUES (1, 5, 'x'), (2, 6, 'x')", "ALTER TABLE {t} ADD c INT NOT NULL DEFAULT (a + 1) UNIQUE;", UNSURE),
            (T, "ALTER TABLE {t} ADD g INT AS (a + 1) STORED;", UNSURE),
            ("CREATE TABLE {t} (a INT, b INT); INSERT INTO {t} VALUES (1, 1), (1, 1)",
             "ALTER TABLE {t} MODIFY a INT NOT NULL PRIMARY KEY;", FAILS),
            ("CREATE TABLE {t} (a INT)", "ALTER TABLE {t} PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10));", UNSURE),
        ])

    def test_columns_of_another_type(self):
        """What earlier statements make of a column decides, by what it holds now."""
        T, P = self.T, self.P
        one = T + "INSERT INTO {t} VALUES (1, %s, '%s')"
        two = T + "INSERT INTO {t} VALUES (1, 1, '%s'), (2, 2, '%s')"
        texts = "CREATE TABLE {p} (x VARCHAR(9) PRIMARY KEY); INSERT INTO {p} VALUES ('2'); "
        self.check([
            (one % ("1", "5"), "ALTER TABLE {t} MODIFY b INT;\nALTER TABLE {t} ADD CONSTRAINT c CHECK (b > 0);", FITS),
            (one % ("1", "0.4"), "ALTER TABLE {t} MODIFY b DECIMAL(4,0);\nALTER TABLE {t} ADD CONSTRAINT c CHECK (b > 0);", FAILS),
            (P + one % ("2", "2"), "ALTER TABLE {t} MODIFY b INT;\nALTER TABLE {t} ADD CONSTRAINT f{t} FOREIGN KEY (b) REFERENCES {p} (x);", FITS),
            (P + one % ("2", "7"), "ALTER TABLE {t} CHANGE b c INT;\nALTER TABLE {t} ADD CONSTRAINT f{t} FOREIGN KEY (c) REFERENCES {p} (x);",
             FAILS),
            (texts + one % ("3", "7"), "ALTER TABLE {p} CHANGE x y INT NOT NULL;\n"
             "ALTER TABLE {t} ADD CONSTRAINT f{t} FOREIGN KEY (a) REFERENCES {p} (y);", FAILS),
            (two % ("1.4", "1.2"), "ALTER TABLE {t} MODIFY b DECIMAL(3,0);\nCREATE UNIQUE INDEX u ON {t} (b);", FAILS),
            (two % ("1.4", "2.2"), "ALTER TABLE {t} MODIFY b DECIMAL(3,0);\nCREATE UNIQUE INDEX u ON {t} (b);", FITS),
            (two % ("a", "b"), "ALTER TABLE {t} ADD c INT DEFAULT 5;\nALTER TABLE {t} ADD CONSTRAINT k CHECK (c > 6);", FAILS),
            (two % ("a", "b"), "ALTER TABLE {t} DROP a;\nALTER TABLE {t} ADD a INT;\nALTER TABLE {t} ADD UNIQUE KEY (a);", FITS),
            (two % ("1", "01"), "ALTER TABLE {t} MODIFY b INT, ADD UNIQUE KEY uu (b);", FAILS),
            (two % ("3", "2"), "ALTER TABLE {t} MODIFY b INT, ADD CONSTRAINT z CHECK (b > a);", FAILS),
            (two % ("3", "12"), "ALTER TABLE {t} MODIFY b INT;\nRENAME TABLE {t} TO {t}y;\n"
             "ALTER TABLE {t}y ADD CONSTRAINT z CHECK (b > a);", FITS),
            ("CREATE TABLE {t} (a DATE); INSERT INTO {t} VALUES ('2024-01-01')",
             "ALTER TABLE {t} MODIFY a VARCHAR(20);\nALTER TABLE {t} ADD CONSTRAINT z CHECK (a > '');", UNSURE),
        ])

    def test_what_is_written(self):
        T, P = self.T, self.P
        keyed = "CREATE TABLE {t} (id INT PRIMARY KEY, a INT UNIQUE, b VARCHAR(3) NOT NULL, c SMALLINT CHECK (c > 0)); "
        rows = keyed + "INSERT INTO {t} VALUES (1, 1, 'x', 1), (2, 2, 'y', 2)"
        child = P + "CREATE TABLE {t} (a INT, FOREIGN KEY (a) REFERENCES {p} (x)); INSERT INTO {t} VALUES (2)"
        self.check([
            (rows, "INSERT INTO {t} VALUES (2, 3, 'z', 3);", FAILS),
            (rows, "INSERT INTO {t} VALUES (3, 3, 'z', 3);", FITS),
            (rows, "INSERT INTO {t} (id, b) SELECT id + 2, b FROM {t};", FITS),
            (rows, "INSERT INTO {t} (id, b) SELECT id + 1, b FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id) SELECT id + 2 FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id, b) SELECT id + 2, 'long' FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id, b, c) SELECT id + 2, b, id - 1 FROM {t};", FAILS),
            (rows, "INSERT INTO {t} (id, b, c) SELECT id + 2, b, id * 32000 FROM {t};", FAILS),
            (rows, "INSERT IGNORE INTO {t} (id, b) SELECT id + 1, b FROM {t};", FITS),
            (rows, "UPDATE {t} SET a = 5;", FAILS),
            (rows, "UPDATE {t} SET a = 5 WHERE id = 1;", FITS),
            (rows, "UPDATE {t} SET a = a + 1;", UNSURE),
            (rows, "UPDATE {t} SET b = (SELECT NULL) WHERE id = 2;", FAILS),
            (rows, "UPDATE {t} SET c = c - 1;", FAILS),
            (rows, "UPDATE {t} SET c = 9, a = c;", UNSURE),
            (child, "INSERT INTO {t} SELECT x + 1 FROM {p};", FAILS),
            (child, "INSERT INTO {t} SELECT x FROM {p};", FITS),
            (child, "UPDATE {t} SET a = 7;", FAILS),
            (child, "DELETE FROM {p};", FAILS),
            (child, "DELETE FROM {p} WHERE x = 1;", FITS),
            (T + "INSERT INTO {t} VALUES (1, 1, '2024-13-45'); CREATE TABLE {p} (d DATE)", "INSERT INTO {p} SELECT b FROM {t};", UNSURE),
        ])


if __name__ == "__main__":
    main()
