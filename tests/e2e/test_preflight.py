"""`plan --preflight`: what is foretold of each tenant's rows is what the upgrade then does."""
import random
import unittest

from harness import FleetCase, MariaDBCase, PostgresCase, main


class Foretelling(FleetCase):
    """Cases: (tables and rows that all have, {tenant: rows}, the revision, what is foretold of those that fail).

    A fleet has the tenants of all cases in one chain each; what `plan --preflight` says of a tenant is held against an upgrade of
    it, case by case.
    """

    def foretold(self, *args, code=None):
        result = self.fleet.run("plan", "--preflight", *args, "-o", "json", "--progress", "none")
        self.assertIn(result.code, (0, 1), repr(result))
        failing = {t["name"] for t in result.report["tenants"]
                   if any(a["state"] == "fails" for a in t["preflight"])}
        unsure = {t["name"] for t in result.report["tenants"]
                  if any(a["state"] in ("unknown", "not_asked") for a in t["preflight"])}
        self.assertEqual(result.code, 1 if failing else 0, repr(result))
        self.assertEqual(result.report["preflight"]["tenants_failing"], len(failing))
        return result, failing, unsure

    def upgraded(self):
        """The tenants that the upgrade fails on."""
        result = self.fleet.run("upgrade", "--on-failure", "continue", "-o", "json", "--progress", "none", timeout=180)
        return {t["name"] for t in result.report["tenants"] if t["state"] == "failed"}, result

    def check_truth(self, unsure=()):
        result, failing, not_known = self.foretold()
        truth, upgrade = self.upgraded()
        self.assertEqual(failing, truth - set(unsure), repr(result) + repr(upgrade))
        self.assertEqual(not_known - failing, set(unsure), repr(result))
        return result

    def answer(self, result, tenant):
        return [(a["kind"], a["state"], a["reason"]) for a in result.tenant(tenant)["preflight"]]


class Random:
    """Rows and statements by a seed: what is foretold must be what happens."""
    numbers = ["NULL", "0", "1", "2", "-3", "127", "128", "32768"]
    texts = ["NULL", "''", "'a'", "'A'", "'a '", "'7'", "' 8 '", "'1.5'", "'abcdef'", "'2024-02-29'", "'2023-02-29'"]

    def rows(self, rng):
        lines = [f"INSERT INTO t VALUES ({i}, {rng.choice(self.numbers)}, {rng.choice(self.texts)})"
                 for i in range(rng.choice([0, 1, 2, 4]))]
        lines += [f"INSERT INTO p VALUES ({i})" for i in rng.sample([0, 1, 2, -3], rng.randint(0, 4))]
        return "; ".join(lines)

    def check_random(self, seed, rounds):
        for at in range(rounds):
            rng = random.Random(f"{seed} {at}")
            up = rng.choice(self.statements)(rng)
            with self.subTest(seed=seed, round=at, up=up):
                FleetCase.setUp(self)
                self.make(self.schema, {f"t{i}": self.rows(rng) for i in range(6)}, up)
                result, failing, unsure = self.foretold()
                truth, upgrade = self.upgraded()
                self.assertEqual(failing - truth, set(), f"a false alarm: {result!r} {upgrade!r}")
                self.assertEqual(truth - failing - unsure, set(), f"a false green: {result!r} {upgrade!r}")

    @staticmethod
    def column(rng):
        return rng.choice("ab")

    @staticmethod
    def rule(rng):
        return rng.choice(["a > 0", "a IS NOT NULL", "b <> ''", "a > 0 OR b = 'a'", "NOT (a = 1 AND b = 'A')", "a IN (0, 1)",
                           "length(b) < 4"])


class SQLite(Random, Foretelling):
    seed = "1"
    schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT); CREATE TABLE p (x INTEGER PRIMARY KEY)"

    def test_random(self):
        def rebuilt(rng):
            a = rng.choice(["INT", "INT NOT NULL", "INT UNIQUE", f"INT CHECK ({self.rule(rng)})", "INT REFERENCES p (x)",
                            "INT REFERENCES p", "TEXT UNIQUE"])
            b = rng.choice(["TEXT", "TEXT NOT NULL", "TEXT COLLATE NOCASE UNIQUE", "INT", "INT UNIQUE", "ANY"])
            more = rng.choice(["", "", ", UNIQUE (a, b)", f", CONSTRAINT c CHECK ({self.rule(rng)})"])
            strict = rng.choice(["", " STRICT"]) if b != "ANY" else " STRICT"
            return (f"CREATE TABLE n (id INTEGER PRIMARY KEY, a {a}, b {b}{more}){strict};\n"
                    "INSERT INTO n (id, a, b) SELECT id, a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t")
        self.statements = [
            lambda rng: f"CREATE UNIQUE INDEX i ON t ({self.column(rng)})",
            lambda rng: "CREATE UNIQUE INDEX i ON t (a, b)",
            lambda rng: f"CREATE UNIQUE INDEX i ON t (b COLLATE NOCASE) WHERE {self.rule(rng)}",
            lambda rng: f"CREATE UNIQUE INDEX i ON t (lower(b), a + 1 DESC)",
            lambda rng: f"ALTER TABLE t ADD COLUMN c INT {rng.choice(['NOT NULL', 'NOT NULL DEFAULT 1', 'DEFAULT 1 CHECK (c > a)', 'CHECK (c > 0)'])}",
            rebuilt, rebuilt, rebuilt,
        ]
        self.check_random(self.seed, 12)

    def make(self, schema, rows, up, **options):
        tenants = [self.fleet.sqlite(name, schema + ";" + text) for name, text in rows.items()]
        self.fleet.inventory(tenants)
        self.fleet.revision("aaaa", up, **options)

    def test_each_shape(self):
        cases = [
            ("CREATE TABLE t (a, b)", {"good": "INSERT INTO t VALUES (1, 2), (NULL, 2), (NULL, 2)",
                                       "bad": "INSERT INTO t VALUES (1, 2), (1, 3)"},
             "CREATE UNIQUE INDEX i ON t (a)"),
            ("CREATE TABLE t (a, b)", {"good": "INSERT INTO t VALUES ('x', 0), ('X', 0)",
                                       "bad": "INSERT INTO t VALUES ('x', 1), ('X', 1)"},
             "CREATE UNIQUE INDEX i ON t (lower(a) DESC) WHERE b > 0"),
            ("CREATE TABLE t (a)", {"good": "", "bad": "INSERT INTO t VALUES (1)"},
             "ALTER TABLE t ADD COLUMN b NOT NULL"),
            ("CREATE TABLE t (a)", {"good": "INSERT INTO t VALUES (9)", "bad": "INSERT INTO t VALUES (1)"},
             "ALTER TABLE t ADD COLUMN b INT DEFAULT 5 CHECK (a > b)"),
            ("CREATE TABLE t (a)", {"good": "", "bad": "INSERT INTO t VALUES (1)"},
             "ALTER TABLE t ADD COLUMN b DEFAULT CURRENT_TIMESTAMP"),
            ("CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1); CREATE TABLE t (id INTEGER PRIMARY KEY, a, p INT)",
             {"good": "INSERT INTO t VALUES (1, 'x', 1), (2, 'y', NULL)", "null": "INSERT INTO t VALUES (1, NULL, 1)",
              "twice": "INSERT INTO t VALUES (1, 'x', 1), (2, 'x', 1)", "orphan": "INSERT INTO t VALUES (1, 'x', 7)",
              "rule": "INSERT INTO t VALUES (1, '', 1)"},
             "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE CHECK (a <> ''), p INT REFERENCES p (id));"
             "INSERT INTO n SELECT id, a, p FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t"),
            ("CREATE TABLE t (a, b)", {"good": "INSERT INTO t VALUES (1, '2'), ('3', 4)", "bad": "INSERT INTO t VALUES ('x', 1)",
                                       "part": "INSERT INTO t VALUES (1.5, 1)", "whole": "INSERT INTO t VALUES (2.0, x'00')"},
             "ALTER TABLE t RENAME TO old; CREATE TABLE t (a INTEGER, b ANY) STRICT;"
             "INSERT INTO t (a, b) SELECT a, b FROM old; DROP TABLE old"),
        ]
        for schema, rows, up in cases:
            with self.subTest(up=up):
                self.setUp()
                self.make(schema, rows, up)
                result, failing, _ = self.foretold()
                self.assertEqual(failing, set(rows) - {"good", "whole"}, repr(result))
                self.check_truth()

    def test_what_an_earlier_statement_changes_is_no_answer(self):
        self.make("CREATE TABLE t (a); CREATE TABLE u (a)", {"one": "INSERT INTO t VALUES (1), (1)"},
                  "DELETE FROM t; CREATE UNIQUE INDEX i ON t (a)")
        result = self.check_truth(unsure={"one"})
        [(kind, state, reason)] = self.answer(result, "one")
        self.assertEqual((kind, state), ("duplicates", "unknown"))
        self.assertTrue(reason.endswith("versions/aaaa.sql:7 changes its rows"), reason)

    def test_a_trigger_carries_a_change_on(self):
        self.make("CREATE TABLE t (a); CREATE TABLE u (a)",
                  {"one": "INSERT INTO t VALUES (1), (2)",
                   "two": "INSERT INTO t VALUES (1), (2); CREATE TRIGGER g AFTER INSERT ON u BEGIN UPDATE t SET a = 1; END"},
                  "INSERT INTO u VALUES (1);\nCREATE UNIQUE INDEX i ON t (a)")
        result = self.check_truth(unsure={"two"})
        self.assertEqual(self.answer(result, "one"), [])
        self.assertIn("a trigger may carry that on", self.answer(result, "two")[-1][2])

    def test_text_examples_and_secrets(self):
        tenants = [dict(self.fleet.sqlite(name, "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t (a) VALUES " + rows),
                        labels=[f"tier={tier}"])
                   for name, rows, tier in (("one", "('s3cr3t'), ('s3cr3t')", "free"), ("two", "(1), (1), (2), (2)", "free"),
                                            ("three", "(1)", "paid"), ("four", "(1)", "paid"))]
        self.fleet.inventory(tenants)
        self.fleet.revision("aaaa", "CREATE UNIQUE INDEX i ON t (a)")
        text = self.run_ok("plan", "--preflight", "--progress", "none", code=1).out
        self.assertIn("/versions/aaaa.sql:7: 2 of 4 will fail: several rows have the same a (t)\n"
                      "      CREATE UNIQUE INDEX i ON t (a)\n"
                      "    one (1), two (2)\n"
                      "    2 of 2 have label tier free, and 0 of 2 others\n"
                      "  1 question of the rows: 2 of 4 tenants will fail\n", text)
        self.assertNotIn("s3cr3t", text)
        text = self.run_ok("plan", "--preflight", "--examples", "--progress", "none", code=1).out
        self.assertIn("one (1: s3cr3t), two (2: 1; 2)", text)
        self.run_ok("plan", "--progress", "none")
        self.run_ok("plan", "--preflight", "--exit-code", "--tenant", "three", code=1)
        self.run_ok("plan", "--preflight", "--tenant", "three")


class Postgres(Random, Foretelling, PostgresCase):
    count = 0
    seed = "1"
    schema = "CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE TABLE p (x int PRIMARY KEY)"

    def test_random(self):
        self.statements = [
            lambda rng: f"ALTER TABLE t ALTER {self.column(rng)} SET NOT NULL",
            lambda rng: f"ALTER TABLE t ADD UNIQUE ({rng.choice(['a', 'b', 'a, b'])})",
            lambda rng: f"CREATE UNIQUE INDEX i ON t ({rng.choice(['lower(b)', 'b, a', '(a + 1)', 'left(b, 1), a DESC'])}) WHERE {self.rule(rng)}",
            lambda rng: f"ALTER TABLE t ADD CONSTRAINT c CHECK ({self.rule(rng)})",
            lambda rng: f"ALTER TABLE t ADD CONSTRAINT c CHECK ({self.rule(rng)}) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c",
            lambda rng: f"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p{rng.choice(['', ' (x)', ' MATCH FULL'])}",
            lambda rng: f"ALTER TABLE t ALTER a TYPE {rng.choice(['smallint', 'varchar(2)', 'numeric(3, 1)', 'bigint', 'text', 'char(3)'])}",
            lambda rng: f"ALTER TABLE t ALTER b TYPE {rng.choice(['varchar(2)', 'char(3)', 'varchar(10)'])}",
            lambda rng: f"ALTER TABLE t ALTER b TYPE {rng.choice(['int', 'numeric', 'numeric(2, 1)', 'smallint'])} USING nullif(b, '')::"
                        f"{rng.choice(['int', 'numeric', 'text'])}::text::{rng.choice(['numeric', 'float8'])}::text::numeric::int",
            lambda rng: "ALTER TABLE t ALTER b TYPE date USING b::date",
            lambda rng: f"ALTER TABLE t ADD c int {rng.choice(['NOT NULL', 'UNIQUE DEFAULT 1', 'DEFAULT 1 CHECK (c > a)', 'DEFAULT 2 REFERENCES p'])}",
            lambda rng: "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (a)",
        ]
        self.check_random(self.seed, 12)

    def make(self, schema, rows, up, **options):
        Postgres.count += 1
        self.schemas = {name: f"s{Postgres.count}_{name}" for name in rows}
        sql = ""
        for name, text in rows.items():
            sql += f"CREATE SCHEMA {self.schemas[name]}; SET search_path = {self.schemas[name]}; {schema}; {text};"
        self.pg.sql("postgres", sql)
        self.fleet.inventory([{"name": name, "url": self.pg.url("postgres"), "schema": self.schemas[name]} for name in rows])
        self.fleet.revision("aaaa", up, **options)

    def test_each_shape(self):
        two = "CREATE TABLE p (x int, y int, PRIMARY KEY (x, y)); INSERT INTO p VALUES (1, 2); CREATE TABLE t (id int PRIMARY KEY, a int, b int)"
        cases = [
            ("CREATE TABLE t (a int)", {"good": "INSERT INTO t VALUES (1)", "bad": "INSERT INTO t VALUES (NULL)"},
             "ALTER TABLE t ALTER COLUMN a SET NOT NULL", {}),
            ("CREATE TABLE \"T\"\"x;\" (\"a'b\" int)", {"good": "", "bad": "INSERT INTO \"T\"\"x;\" VALUES (NULL)"},
             "ALTER TABLE \"T\"\"x;\" ALTER COLUMN \"a'b\" SET NOT NULL", {}),
            ("CREATE TABLE t (a int)", {"good": "", "bad": "INSERT INTO t VALUES (1)"},
             "ALTER TABLE t ADD COLUMN b int NOT NULL", {}),
            ("CREATE TABLE t (a int)", {"good": "INSERT INTO t VALUES (9)", "bad": "INSERT INTO t VALUES (9), (8)"},
             "ALTER TABLE t ADD COLUMN b int DEFAULT 4 UNIQUE CHECK (b < a)", {}),
            ("CREATE TABLE t (a text, b int)",
             {"good": "INSERT INTO t VALUES ('a', 0), ('A', 0), (NULL, 1), (NULL, 1)", "bad": "INSERT INTO t VALUES ('a', 1), ('A', 1)"},
             "CREATE UNIQUE INDEX i ON t (lower(a) text_pattern_ops DESC, b) WHERE b > 0", {}),
            ("CREATE TABLE t (a int, b int)", {"good": "INSERT INTO t VALUES (1, 2), (1, 3)", "null": "INSERT INTO t VALUES (NULL, 1)",
                                               "twice": "INSERT INTO t VALUES (1, 2), (1, 2)"},
             "ALTER TABLE t ADD PRIMARY KEY (a, b)", {}),
            ("CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX i ON t (a)",
             {"good": "INSERT INTO t VALUES (1, 2)", "null": "INSERT INTO t VALUES (NULL, 1)"},
             "ALTER TABLE t ADD PRIMARY KEY USING INDEX i", {}),
            (two, {"good": "INSERT INTO t VALUES (1, 1, 2), (2, 9, NULL)", "bad": "INSERT INTO t VALUES (1, 1, 3)"},
             "ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES p (x, y)", {}),
            (two, {"good": "INSERT INTO t VALUES (1, 1, 2), (2, NULL, NULL)", "bad": "INSERT INTO t VALUES (1, 9, NULL)"},
             "ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES p (x, y) MATCH FULL", {}),
            (two, {"good": "INSERT INTO t VALUES (1, 1, 2)", "bad": "INSERT INTO t VALUES (1, 2, 1)"},
             "ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES p", {}),
            (two, {"good": "INSERT INTO t VALUES (1, 1, 2)", "bad": "INSERT INTO t VALUES (1, 2, 1)"},
             "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT f", {}),
            (two + "; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 5) NOT VALID, ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES t (id) NOT VALID;"
             "ALTER TABLE t DROP CONSTRAINT c, DROP CONSTRAINT f",
             {"good": "INSERT INTO t VALUES (2, 6, 2)", "check": "INSERT INTO t VALUES (2, 5, 2)", "orphan": "INSERT INTO t VALUES (2, 6, 7)"},
             None, {}),
            ("CREATE TABLE t (a int)", {"good": "INSERT INTO t VALUES (1), (NULL)", "bad": "INSERT INTO t VALUES (-1)"},
             "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0 -- positive\n)", {}),
            ("CREATE TABLE t (a int)", {"good": "INSERT INTO t VALUES (1)", "zero": "INSERT INTO t VALUES (0)"},
             "ALTER TABLE t ADD CONSTRAINT c CHECK (10 / a > 0)", {}),
            ("CREATE TABLE t (a text)", {"good": "INSERT INTO t VALUES ('abc  '), ('ä€'), (NULL)", "bad": "INSERT INTO t VALUES ('abcd')"},
             "ALTER TABLE t ALTER a TYPE varchar(3)", {}),
            ("CREATE TABLE t (a numeric)", {"good": "INSERT INTO t VALUES (99.994), ('NaN')", "bad": "INSERT INTO t VALUES (-99.995)"},
             "ALTER TABLE t ALTER a TYPE numeric(4, 2)", {}),
            ("CREATE TABLE t (a text)", {"good": "INSERT INTO t VALUES (' 7 ')", "bad": "INSERT INTO t VALUES ('7'), ('x')"},
             "ALTER TABLE t ALTER COLUMN a TYPE int USING (a::int)", {}),
            ("CREATE TABLE t (a bigint)", {"good": "INSERT INTO t VALUES (32767)", "bad": "INSERT INTO t VALUES (32768)"},
             "ALTER TABLE t ALTER COLUMN a SET DATA TYPE smallint", {}),
            ("CREATE TABLE t (a text)", {"good": "INSERT INTO t VALUES ('2024-02-29')", "bad": "INSERT INTO t VALUES ('2023-02-29')"},
             "ALTER TABLE t ALTER COLUMN a TYPE date USING a::date", {}),
            ("CREATE TABLE t (a numeric(6, 3) UNIQUE, b text)",
             {"good": "INSERT INTO t VALUES (1.001), (1.1)", "twice": "INSERT INTO t VALUES (1.001), (1.002)"},
             "ALTER TABLE t ALTER a TYPE numeric(6, 1)", {}),
            ("CREATE TABLE t (a date) PARTITION BY RANGE (a); CREATE TABLE q (a date)",
             {"good": "INSERT INTO q VALUES ('2024-01-01')", "bad": "INSERT INTO q VALUES ('2025-01-01')", "null": "INSERT INTO q VALUES (NULL)"},
             "ALTER TABLE t ATTACH PARTITION q FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')", {}),
            ("CREATE TABLE t (a text) PARTITION BY LIST (a); CREATE TABLE q (a text)",
             {"good": "INSERT INTO q VALUES ('a')", "bad": "INSERT INTO q VALUES ('c')"},
             "ALTER TABLE t ATTACH PARTITION q FOR VALUES IN ('a', 'b')", {}),
        ]
        for schema, rows, up, options in cases:
            if not up:
                continue
            with self.subTest(up=up):
                FleetCase.setUp(self)
                self.make(schema, rows, up, **options)
                result, failing, _ = self.foretold()
                self.assertEqual(failing, set(rows) - {"good"}, repr(result))
                self.check_truth()

    def test_a_mixed_fleet_and_a_revision_on_the_way(self):
        self.make("CREATE TABLE t (id int PRIMARY KEY, a int)", {"one": "INSERT INTO t VALUES (1, NULL)", "two": ""},
                  "-- migrate:up dialect:postgresql\nALTER TABLE t ALTER a SET NOT NULL;\n"
                  "-- migrate:up dialect:sqlite\nCREATE UNIQUE INDEX i ON t (a);\n")
        self.fleet.revision("bbbb", "ALTER TABLE t ADD COLUMN b int NOT NULL")
        tenants = [{"name": name, "url": self.pg.url("postgres"), "schema": self.schemas[name]} for name in ("one", "two")]
        self.fleet.inventory([*tenants, self.fleet.sqlite("three", "CREATE TABLE t (a); INSERT INTO t VALUES (1), (1)"),
                              self.fleet.sqlite("four", "CREATE TABLE t (a); INSERT INTO t VALUES (1)")])
        _, failing, _ = self.foretold("aaaa")
        self.assertEqual(failing, {"one", "three"})
        _, failing, _ = self.foretold("--select", "dialect=sqlite")
        self.assertEqual(failing, {"three", "four"})
        self.run_ok("plan", "--preflight", "--save", self.fleet.path("p.json"), "--progress", "none", code=1)
        result, failing, _ = self.foretold("--examples", "--tenant", "one")
        self.assertEqual(result.tenant("one")["preflight"][0]["examples"], ["1"])
        self.check_truth()

    def test_who_is_half_way_is_asked_about_what_is_left(self):
        self.make("CREATE TABLE t (a int)", {"one": "INSERT INTO t VALUES (1)"},
                  "-- migrate:up transaction:false\nUPDATE t SET a = NULL;\nCREATE UNIQUE INDEX CONCURRENTLY i ON t ((1 / a));\n"
                  "ALTER TABLE t ALTER a SET NOT NULL;\n")
        _, failing, unsure = self.foretold()
        self.assertEqual((failing, unsure), (set(), {"one"}))  # the first statement changes all
        self.run_ok("upgrade", "--progress", "none", code=4)
        result, failing, unsure = self.foretold()
        self.assertEqual((failing, unsure), ({"one"}, set()), repr(result))

    def test_what_the_server_does_not_answer_is_not_asked(self):
        self.make("CREATE TABLE u (a int); INSERT INTO u VALUES (NULL)", {"one": ""},
                  "ALTER TABLE nope ALTER a SET NOT NULL;\nALTER TABLE u ALTER a SET NOT NULL")
        result, _, _ = self.foretold()
        answers = self.answer(result, "one")
        self.assertEqual([state for _, state, _ in answers], ["not_asked", "fails"], repr(result))
        self.assertIn("does not exist", answers[0][2])

    def test_what_a_policy_hides_does_not_pass_for_good(self):
        schema = "CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY"
        self.make(schema, {"one": "INSERT INTO t VALUES (NULL)"}, "ALTER TABLE t ALTER a SET NOT NULL")
        name = self.schemas["one"]
        self.pg.sql("postgres", f"CREATE ROLE owner_{name} LOGIN; ALTER SCHEMA {name} OWNER TO owner_{name};"
                                f"ALTER TABLE {name}.t OWNER TO owner_{name}")
        self.fleet.inventory([{"name": "one", "url": self.pg.url("postgres", user=f"owner_{name}"), "schema": name}])
        result, failing, unsure = self.foretold()
        self.assertEqual((failing, unsure), (set(), {"one"}), repr(result))


class MariaDB(Random, Foretelling, MariaDBCase):
    count = 0
    seed = "1"
    schema = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20)); CREATE TABLE p (x INT PRIMARY KEY)"

    def test_random(self):
        self.statements = [
            lambda rng: f"ALTER TABLE t MODIFY a {rng.choice(['INT', 'SMALLINT', 'TINYINT', 'BIGINT', 'VARCHAR(2)', 'DECIMAL(3,1)', 'INT UNSIGNED'])}"
                        f" {rng.choice(['', 'NOT NULL'])}",
            lambda rng: f"ALTER TABLE t MODIFY b {rng.choice(['VARCHAR(3)', 'CHAR(2)', 'INT', 'TINYINT', 'DECIMAL(2,1)', 'TEXT', 'TINYTEXT', 'DOUBLE'])}"
                        f" {rng.choice(['', 'NOT NULL'])}",
            lambda rng: f"ALTER TABLE t ADD UNIQUE KEY u ({rng.choice(['a', 'b', 'a, b', 'b(1)'])})",
            lambda rng: f"ALTER TABLE t ADD CONSTRAINT c CHECK ({self.rule(rng)})",
            lambda rng: "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x)",
            lambda rng: f"ALTER TABLE t ADD COLUMN c INT {rng.choice(['NOT NULL', 'NOT NULL UNIQUE', 'UNIQUE', 'DEFAULT 3 UNIQUE'])}",
            lambda rng: "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a)",
            lambda rng: "ALTER TABLE t MODIFY b ENUM('a', 'abcdef', '7')",
        ]
        self.check_random(self.seed, 10)

    def make(self, schema, rows, up, **options):
        MariaDB.count += 1
        names = {name: f"d{MariaDB.count}_{name}" for name in rows}
        self.maria.create(*names.values())
        for name, text in rows.items():
            self.maria.sql(names[name], f"{schema}; {text}")
        self.fleet.inventory([{"name": name, "url": self.maria.url(names[name])} for name in rows])
        self.fleet.revision("aaaa", up, **options)

    def test_each_shape(self):
        cases = [
            ("CREATE TABLE t (a INT)", {"good": "INSERT INTO t VALUES (1)", "bad": "INSERT INTO t VALUES (NULL)"},
             "ALTER TABLE t MODIFY a INT NOT NULL"),
            ("CREATE TABLE `t``x` (`a'b` INT)", {"good": "", "bad": "INSERT INTO `t``x` VALUES (NULL)"},
             "ALTER TABLE `t``x` CHANGE `a'b` c INT NOT NULL"),
            ("CREATE TABLE t (a VARCHAR(20))", {"good": "INSERT INTO t VALUES ('abc')", "bad": "INSERT INTO t VALUES ('abcd')",
                                                "blank": "INSERT INTO t VALUES ('abc  ')"},
             "ALTER TABLE t MODIFY a VARCHAR(3)"),
            ("CREATE TABLE t (a TEXT)", {"good": "INSERT INTO t VALUES ('12'), (' +5 ')", "part": "INSERT INTO t VALUES ('1.5')",
                                         "bad": "INSERT INTO t VALUES ('x')", "range": "INSERT INTO t VALUES ('300')"},
             "ALTER TABLE t MODIFY a TINYINT"),
            ("CREATE TABLE t (a DOUBLE)", {"good": "INSERT INTO t VALUES (99.94)", "bad": "INSERT INTO t VALUES (-99.95)"},
             "ALTER TABLE t MODIFY a DECIMAL(3, 1)"),
            ("CREATE TABLE t (a VARCHAR(5))", {"good": "INSERT INTO t VALUES ('A'), ('2')", "bad": "INSERT INTO t VALUES ('c')"},
             "ALTER TABLE t MODIFY a ENUM('a', 'b')"),
            ("CREATE TABLE t (a VARCHAR(20), b INT)", {"good": "INSERT INTO t VALUES ('a', 1), ('b', 1), (NULL, 1), (NULL, 1)",
                                                       "bad": "INSERT INTO t VALUES ('a', 1), ('A ', 1)"},
             "ALTER TABLE t ADD UNIQUE KEY u (a, b)"),
            ("CREATE TABLE t (a VARCHAR(20))", {"good": "INSERT INTO t VALUES ('abx'), ('acx')",
                                                "bad": "INSERT INTO t VALUES ('abx'), ('aby')"},
             "CREATE UNIQUE INDEX u ON t (a(2))"),
            ("CREATE TABLE t (a INT)", {"good": "INSERT INTO t VALUES (1)", "bad": "INSERT INTO t VALUES (1), (2)"},
             "ALTER TABLE t ADD COLUMN b INT NOT NULL UNIQUE"),
            ("CREATE TABLE t (a INT)", {"good": "INSERT INTO t VALUES (1)", "null": "INSERT INTO t VALUES (NULL)",
                                        "twice": "INSERT INTO t VALUES (1), (1)"},
             "ALTER TABLE t ADD PRIMARY KEY (a)"),
            ("CREATE TABLE p (x INT, y INT, PRIMARY KEY (x, y)); INSERT INTO p VALUES (1, 2); CREATE TABLE t (a INT, b INT)",
             {"good": "INSERT INTO t VALUES (1, 2), (9, NULL)", "bad": "INSERT INTO t VALUES (1, 3)"},
             "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a, b) REFERENCES p (x, y)"),
            ("CREATE TABLE t (a INT)", {"good": "INSERT INTO t VALUES (1), (NULL)", "bad": "INSERT INTO t VALUES (-1)"},
             "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"),
        ]
        for schema, rows, up in cases:
            with self.subTest(up=up):
                FleetCase.setUp(self)
                self.make(schema, rows, up)
                result, failing, _ = self.foretold()
                self.assertEqual(failing, set(rows) - {"good"}, repr(result))
                self.check_truth()


if __name__ == "__main__":
    main()
