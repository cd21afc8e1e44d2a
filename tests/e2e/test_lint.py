#!/usr/bin/env python3
"""'skein lint': which revisions, outputs, waivers, severities, exit codes; and that the page shows what it prints."""
import contextlib
import json
import os
import re
import sqlite3

import schema
from harness import FleetCase, MariaDBCase, PostgresCase, main, wait_until

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "lint.md")
BASE = "CREATE TABLE task (id int PRIMARY KEY, owner text);"


class Lint(FleetCase):
    def inventory(self, **more):
        self.fleet.inventory([{"name": "acme", "url": "postgresql://nobody@localhost:1/acme"}], **more)

    def chain(self, up, **more):
        self.inventory(**more)
        self.fleet.revision("aaaa1111", BASE, down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", up, down="")

    def lint(self, *args, code=0):
        return json.loads(self.run_ok("lint", *args, "-o", "json", code=code).out)

    def rules(self, *args, code=0):
        return [finding["rule"] for finding in self.lint(*args, code=code)["findings"]]

    def test_the_page_shows_what_is_printed(self):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        sql = re.search(r"(?ms)^```sql\n(-- Owner is required.*?)^```", page).group(1)
        text = re.search(r"(?ms)^```text\n(.*?)^```", page).group(1)
        self.inventory()
        self.fleet.revision("1975ea83b712", BASE, down="DROP TABLE task;")
        self.fleet.write("versions/83241ca0f125_owner_is_required.sql", sql)
        printed = self.run_ok("lint", "head", code=1).out
        self.assertEqual(printed.replace(self.fleet.path(""), ""), text)

    def test_errors_exit_1_and_warnings_0(self):
        self.chain("CREATE INDEX i ON task (owner);")
        self.assertEqual(self.rules(code=1), ["index-blocks-writes"])
        self.inventory(lint={"rules": {"index-blocks-writes": "warning"}})
        self.assertEqual(self.lint()["totals"], {"errors": 0, "warnings": 1, "notes": 0, "allowed": 0})
        self.inventory(lint={"rules": {"index-blocks-writes": "off"}})
        self.assertEqual(self.rules(), [])

    def test_severities_are_checked(self):
        self.chain("SELECT 1;", lint={"rules": {"index-blocks-write": "off"}})
        self.assertIn("index-blocks-writes", self.run_ok("lint", code=2).err)
        self.inventory(lint={"rules": {"index-blocks-writes": "fatal"}})
        self.assertIn("fatal", self.run_ok("lint", code=2).err)

    def test_revisions_are_chosen_and_all_are_read(self):
        self.chain("ALTER TABLE task ALTER owner TYPE varchar;")
        self.fleet.revision("cccc3333", "DROP INDEX i;", down="")
        self.assertEqual(self.rules("bbbb"), [])  # that it was a text is known
        self.assertEqual(self.rules("head"), ["drop-index"])
        self.assertEqual(self.lint("aaaa:bbbb")["revisions"], 2)
        self.assertEqual(self.lint("aaaa", "head")["revisions"], 2)
        self.assertIn("zzzz", self.run_ok("lint", "zzzz", code=2).err)

    def test_a_waiver_is_told_with_its_reason(self):
        self.chain("-- skein:allow index-blocks-writes: it is small\nCREATE INDEX i ON task (owner);")
        told = self.lint()
        self.assertEqual(told["totals"]["allowed"], 1)
        self.assertEqual(told["findings"][0]["allowed"], "it is small")
        self.assertIn("reason: it is small", self.run_ok("lint").out)

    def test_a_waiver_without_a_reason_or_of_nothing_is_a_fault(self):
        self.chain("-- skein:allow index-blocks-writes\nCREATE INDEX i ON task (owner);\n"
                   "-- skein:allow drop-table: it is empty\nSELECT 1;")
        err = self.run_ok("lint", code=2).err
        self.assertIn("a waiver needs a reason", err)
        self.assertIn("'drop-table' is not what the next statement does", err)

    def test_what_a_parser_refuses_is_a_fault_and_its_place_a_finding(self):
        self.chain("CREAT TABLE x (id int);")
        for command in (("lint",), ("check", "--chain")):
            self.assertIn("PostgreSQL's parser refuses it", self.run_ok(*command, code=2).err)
        self.fleet.revision("bbbb2222", "CREATE INDEX CONCURRENTLY i ON task (owner);", down="", revises="aaaa1111")
        self.assertIn("cannot run inside a transaction", self.run_ok("check", "--chain", code=2).err)
        self.assertEqual(self.rules(code=1), ["concurrently-in-transaction"])

    def test_sarif_has_what_code_scanning_needs(self):
        self.chain("CREATE INDEX i ON task (owner);\n-- skein:allow drop-index: never used\nDROP INDEX j;")
        document = json.loads(self.run_ok("lint", "-o", "sarif", code=1).out)
        self.assertEqual(document["version"], "2.1.0")
        self.assertIn("sarif-2.1.0", document["$schema"])
        run, = document["runs"]
        rules = run["tool"]["driver"]["rules"]
        self.assertEqual(run["tool"]["driver"]["name"], "skein")
        self.assertEqual(len({rule["id"] for rule in rules}), len(rules))
        for rule in rules:
            self.assertIn(rule["defaultConfiguration"]["level"], ("none", "note", "warning", "error"))
            for key in ("shortDescription", "fullDescription", "help"):
                self.assertTrue(rule[key]["text"])
                self.assertNotIn("{", rule[key]["text"])
        first, second = run["results"]
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertTrue(result["message"]["text"])
            place = result["locations"][0]["physicalLocation"]
            self.assertRegex(place["artifactLocation"]["uri"], r"^file:///[\w./~%-]+bbbb2222[\w.]*\.sql$")
            self.assertGreater(place["region"]["startLine"], 1)
        self.assertEqual((first["ruleId"], first["level"], first.get("suppressions")), ("index-blocks-writes", "error", None))
        self.assertEqual(second["suppressions"], [{"kind": "inSource", "justification": "never used"}])

    def test_sarif_is_what_its_schema_says(self):
        """The harness holds each output against it (schema.py): here that it would find a fault, and outputs of several kinds."""
        with self.assertRaises(AssertionError):
            schema.check_sarif({"version": "2.1.0", "runs": [{"tool": {"driver": {"nam": "skein"}}}]})
        self.chain("SELECT 1;")
        self.assertEqual(json.loads(self.run_ok("lint", "-o", "sarif").out)["runs"][0]["results"], [])
        self.fleet.revision("cccc3333", "CREATE INDEX i ON \"taßk 'x'\" (owner);\n-- skein:allow drop-column: \"no\" <one> & é\n"
                            "ALTER TABLE task DROP owner;", down="DROP INDEX i;")
        self.fleet.revision("dddd4444", "ALTER TABLE task ALTER id TYPE bigint;")  # no down: a finding about the whole file
        results = json.loads(self.run_ok("lint", "--down", "-o", "sarif", code=1).out)["runs"][0]["results"]
        self.assertEqual([result["ruleId"] for result in results],
                         ["index-blocks-writes", "drop-column", "drop-index", "no-way-back", "type-change-rewrites"])

    def test_sarif_has_paths_of_the_repository(self):
        """Whichever folder skein runs in, and whatever the files are called."""
        self.chain("CREATE INDEX i ON task (owner);")
        os.rename(self.fleet.path("versions", "bbbb2222.sql"), self.fleet.path("versions", "a %b#é.sql"))
        uri = lambda: json.loads(self.run_ok("lint", "-o", "sarif", code=1).out)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        self.assertEqual(uri(), f"file://{os.path.realpath(self.fleet.dir)}/versions/a%20%25b%23%C3%A9.sql")
        for path in (".git", "versions/.git"):  # the innermost
            os.mkdir(self.fleet.path(path))
            self.assertEqual(uri(), "versions/a%20%25b%23%C3%A9.sql".removeprefix(path.removesuffix(".git")))

    def test_names_cannot_inject_and_passwords_are_hidden(self):
        self.fleet.inventory([{"name": "acme", "url": "postgresql://nobody:hunter2hunter2@localhost:1/acme"}])
        self.fleet.revision("aaaa1111", 'CREATE INDEX i ON "\x1b[31mred" (owner);\nDROP TABLE "hunter2hunter2";', down="")
        for args, code in ((("lint",), 1), (("lint", "-o", "json"), 1), (("lint", "-o", "sarif"), 1)):
            out = self.run_ok(*args, code=code).out
            self.assertNotIn("\x1b", out)
            self.assertNotIn("hunter2hunter2", out)

    def test_each_dialect_reads_its_own_sections(self):
        self.inventory()
        self.fleet.revision("aaaa1111", "CREATE INDEX i ON task (owner);\n"
                            "-- migrate:up dialect:sqlite\nALTER TABLE task DROP COLUMN owner;\n"
                            "-- migrate:up dialect:mariadb\nTRUNCATE TABLE task;", down="")
        told = self.lint(code=1)
        self.assertEqual([(finding["rule"], finding["dialects"]) for finding in told["findings"]],
                         [("index-blocks-writes", ["postgresql"]), ("drop-column", ["sqlite"]), ("truncate", ["mariadb"])])
        self.assertEqual(self.rules("--dialect", "mariadb"), ["truncate"])
        self.assertEqual(self.rules("--dialect", "postgresql", code=1), ["index-blocks-writes"])
        self.assertIn("--dialect has no effect with --fleet", self.run_ok("lint", "--fleet", "--dialect", "sqlite", code=2).err)
        self.assertIn("--select has no effect without --fleet", self.run_ok("lint", "--select", "name=acme", code=2).err)

    def test_down_sections_are_read_where_that_is_asked_for(self):
        self.inventory()
        self.fleet.revision("aaaa1111", BASE, down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", "CREATE TABLE log (n int);", down="DROP TABLE log;\nCREATE INDEX i ON task (owner);\n"
                            "-- skein:allow drop-column: it comes back with the next upgrade\nALTER TABLE task DROP owner;")
        self.assertEqual(self.rules(), [])
        told = self.lint("--down", code=1)
        self.assertEqual([(finding["rule"], finding["direction"], finding["allowed"]) for finding in told["findings"]],
                         [("index-blocks-writes", "down", None), ("drop-column", "down", "it comes back with the next upgrade")])
        self.assertEqual(told["totals"], {"errors": 1, "warnings": 0, "notes": 0, "allowed": 1})
        self.assertIn("down: error: CREATE INDEX on task", self.run_ok("lint", "--down", "head", code=1).out)
        results = json.loads(self.run_ok("lint", "--down", "-o", "sarif", code=1).out)["runs"][0]["results"]
        self.assertEqual([result["ruleId"] for result in results], ["index-blocks-writes", "drop-column"])


class Plan:
    """In a plan: the pending revisions, with each step, weighed by what the tenants' tables hold."""

    UP = "CREATE INDEX ix_owner ON task (owner);"
    RULE = "index-blocks-writes"
    SMALL = r"task holds at most 200 rows \(.*\), in acme, of 2 tenants"

    def start(self, tables):
        """`tables`: by tenant, the statements that make its task."""
        self.fleet.revision("aaaa1111", "SELECT 1;", down="")
        self.fleet.revision("bbbb2222", self.UP, down="")
        self.made = self.tenants(*tables)
        self.fleet.inventory(self.made)
        self.run_ok("upgrade", "aaaa1111")
        for name, sql in tables.items():
            self.fill(name, sql)

    def plan(self):
        return json.loads(self.run_ok("plan", "-o", "json").out)["lint"]

    def found(self):
        finding, = [finding for finding in self.plan()["findings"] if finding["rule"] == self.RULE]
        return finding

    def test_small_everywhere_is_a_note(self):
        self.start({"acme": self.small(200), "globex": self.small(3)})
        finding = self.found()
        self.assertEqual(finding["severity"], "note")
        self.assertRegex(finding["weight"], self.SMALL)
        self.assertNotIn(self.RULE, self.run_ok("plan").out)
        self.assertIn(self.RULE, self.run_ok("plan", "-v").out)

    def test_lint_asks_the_fleet_whether_there_is_work_or_not(self):
        self.start({"acme": self.small(200), "globex": self.small(3)})
        weigh = lambda *args, code: next(finding for finding in json.loads(self.run_ok("lint", "--fleet", "-o", "json", *args, code=code).out)["findings"]
                                         if finding["rule"] == self.RULE)
        self.assertEqual((weigh(code=0)["severity"], weigh(code=0)["weight"]), ("note", self.found()["weight"]))
        self.assertNotIn("globex", weigh("--tenant", "acme", code=0)["weight"])
        self.run_ok("upgrade")
        self.assertRegex(weigh(code=0)["weight"], self.SMALL)
        self.fleet.inventory([*self.made, {"name": "gone", "url": "sqlite:///nowhere.db"}])
        self.assertRegex(weigh(code=1)["weight"], self.SMALL)
        self.assertIn("tenant 'gone': ", self.run_ok("lint", "--fleet", code=1).err)

    def test_what_no_tenant_has_yet_is_a_note(self):
        self.start({"acme": "SELECT 1", "globex": "SELECT 1"})
        finding = self.found()
        self.assertEqual((finding["severity"], finding["weight"]), ("note", "no tenant has task yet"))

    def test_what_is_applied_is_not_told(self):
        self.start({"acme": "SELECT 1"})
        self.run_ok("upgrade", code=1)  # there is no task
        self.fill("acme", self.small(1))
        self.run_ok("upgrade")
        self.assertEqual(self.plan(), {"totals": {"errors": 0, "warnings": 0, "notes": 0, "allowed": 0}, "findings": []})


class PlanOfDatabases(Plan, PostgresCase):
    def setUp(self):
        super().setUp()
        self.prefix = f"lint{id(self)}_"

    def tenants(self, *names):
        return [{**tenant, "name": name} for tenant, name in zip(self.pg.create(*(self.prefix + name for name in names)), names)]

    def fill(self, name, sql):
        self.pg.sql(self.prefix + name, sql)

    @staticmethod
    def small(rows):
        return f"CREATE TABLE task (owner text); INSERT INTO task SELECT 'x' FROM generate_series(1, {rows}); ANALYZE task"

    @staticmethod
    def large(rows):
        """As if it had so many: no test writes them."""
        return ("CREATE TABLE task (owner text); UPDATE pg_class SET reltuples = "
                f"{rows}, relpages = {rows // 100} WHERE oid = 'task'::regclass")

    def test_large_in_one_is_an_error_that_names_it(self):
        self.start({"acme": self.small(200), "globex": self.large(40000000), "hooli": self.small(1)})
        finding = self.found()
        self.assertEqual(finding["severity"], "error")
        self.assertRegex(finding["weight"], r"task holds at most 40 million rows \(.*\), in globex, of 3 tenants")
        self.assertIn("40 million rows", self.run_ok("plan").out)

    def test_what_was_never_analyzed_counts_as_the_server_has_counted(self):
        """After a restore or a bulk load the catalog knows nothing yet: neither rows nor pages."""
        self.start({"acme": self.small(200), "globex": "CREATE TABLE task (owner text) WITH (autovacuum_enabled = off)"})
        self.assertRegex(self.found()["weight"], self.SMALL)
        self.fill("globex", "INSERT INTO task SELECT 'x' FROM generate_series(1, 20000)")
        finding = wait_until(lambda: (lambda found: "globex" in found["weight"] and found)(self.found()), what="the counters are told")
        self.assertEqual((finding["severity"], finding["weight"]), ("warning", "task holds at most 20000 rows, in globex, of 2 tenants"))

    def test_partitions_count_with_their_table(self):
        """At every depth: the catalog has no rows of the partitioned table itself."""
        self.start({"acme": "CREATE TABLE task (owner text, n int) PARTITION BY RANGE (n);"
                            "CREATE TABLE task_0 PARTITION OF task FOR VALUES FROM (0) TO (9);"
                            "CREATE TABLE task_1 PARTITION OF task FOR VALUES FROM (9) TO (99) PARTITION BY RANGE (n);"
                            "CREATE TABLE task_1_0 PARTITION OF task_1 FOR VALUES FROM (9) TO (19);"
                            "UPDATE pg_class SET reltuples = 600000, relpages = 6000 WHERE relname IN ('task_0', 'task_1_0')",
                    "globex": self.small(200)})
        finding = self.found()
        self.assertEqual(finding["severity"], "error")
        self.assertRegex(finding["weight"], r"task holds at most 1200000 rows \(98.3 MB\), in acme, of 2 tenants")

    def weigh(self, *statements):
        """The severity of the rule's finding and what it is weighed by, where the statements are the last revision."""
        self.fleet.revision("bbbb2222", "\n".join(statements), down="", revises="aaaa1111")
        finding = self.found()
        return finding["severity"], finding["weight"]

    def test_a_table_is_weighed_by_each_name_that_it_has_in_a_tenant(self):
        """What is pending renames it: tenants have it by its old name, and those that are further by its new one."""
        self.start({"acme": self.small(200), "globex": self.large(40000000)})
        self.assertEqual(self.weigh("ALTER TABLE task RENAME TO job;", "CREATE INDEX i ON job (owner);")[0], "error")
        self.assertEqual(self.weigh("ALTER TABLE task RENAME TO a;", "ALTER TABLE a RENAME TO b;", "CREATE INDEX i ON b (owner);")[0], "error")
        self.assertEqual(self.weigh("CREATE INDEX i ON job (owner);"), ("note", "no tenant has job yet"))

    def test_quoted_names_are_told_apart(self):
        self.start({"acme": self.small(200), "globex": self.large(40000000).replace("task", '"Task"') + ";" + self.small(3)})
        self.assertEqual(self.weigh('CREATE INDEX i ON "Task" (owner);')[0], "error")
        self.assertEqual(self.weigh("CREATE INDEX i ON task (owner);")[0], "note")
        self.assertEqual(self.weigh("CREATE INDEX i ON Task (owner);")[0], "note")

    def test_a_locked_table_keeps_no_plan_waiting(self):
        self.start({"acme": self.small(200), "globex": self.small(3)})
        with self.pg.session(self.prefix + "acme", "BEGIN; LOCK TABLE task IN ACCESS EXCLUSIVE MODE;"):
            self.assertRegex(self.found()["weight"], self.SMALL)


    def test_the_schema_public_is_the_tenants_own(self):
        """As Prisma and pg_dump write it; what no size can tell of keeps its severity."""
        self.start({"acme": self.small(200), "globex": self.large(40000000)})
        self.assertEqual(self.weigh("CREATE INDEX i ON public.task (owner);")[0], "error")
        self.assertEqual(self.weigh("CREATE INDEX i ON public.job (owner);"), ("note", "no tenant has job yet"))
        self.assertEqual(self.weigh("CREATE INDEX i ON other.job (owner);"), ("error", None))
        self.RULE = "rewrites-table"
        self.assertEqual(self.weigh("REINDEX INDEX i;"), ("error", None))
        self.RULE = "drop-table"
        self.assertEqual(self.weigh("DROP SCHEMA other;"), ("warning", None))


class PlanOfSchemas(PlanOfDatabases):
    """A survey tells where these stand, without a session each."""

    def tenants(self, *names):
        tenant, = self.pg.create(self.prefix + "all")
        return [{"name": name, "url": tenant["url"], "schema": name, "create": True} for name in names]

    def fill(self, name, sql):
        self.pg.sql(self.prefix + "all", f"SET search_path = {name}; {sql}")

    test_a_locked_table_keeps_no_plan_waiting = None  # as for databases
    test_the_schema_public_is_the_tenants_own = None  # it is not


class PlanOfSqlite(Plan, FleetCase):
    """Its catalog has no number of rows: the file's size says how much a table can hold at most."""
    UP = "UPDATE task SET owner = 'y';"
    RULE = "update-without-where"
    SMALL = r"task holds at most [\d.]+ kB, in acme, of 2 tenants"

    def tenants(self, *names):
        return [self.fleet.sqlite(name) for name in names]

    def fill(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", f"{name}.db"))) as db:
            db.executescript(sql)

    @staticmethod
    def small(rows):
        return "CREATE TABLE task (owner text); INSERT INTO task VALUES (hex(zeroblob(%d)));" % (rows * 100)


class RefusedBySqlite(FleetCase):
    """What lint says that the library refuses, it refuses."""
    def found(self, column):
        self.fleet.inventory([self.fleet.sqlite("acme")])
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER PRIMARY KEY); INSERT INTO task VALUES (1);")
        self.fleet.revision("bbbb2222", f"ALTER TABLE task ADD COLUMN {column};")
        found = json.loads(self.fleet.run("lint", "bbbb", "-o", "json").out)["findings"]
        return [finding["rule"] for finding in found if finding["severity"] == "error"]

    def refused(self, column, rule):
        self.assertEqual(self.found(column), [rule])
        said = self.run_ok("upgrade", code=1)
        self.assertIn("cannot add a", (said.out + said.err).lower())

    def test_unique(self):
        self.refused("c INT UNIQUE", "sqlite-add-column")

    def test_primary_key(self):
        self.refused("c INT PRIMARY KEY", "sqlite-add-column")

    def test_stored(self):
        self.refused("c INT AS (id) STORED", "required-column")

    def test_required(self):
        self.refused("c INT NOT NULL", "required-column")

    def test_others_are_taken(self):
        self.assertEqual(self.found("c INT AS (id) VIRTUAL"), [])
        self.run_ok("upgrade")


class PlanOfMariaDB(Plan, MariaDBCase):
    UP = "UPDATE task SET owner = 'y';"
    RULE = "update-without-where"
    SMALL = r"task holds at most \d+ rows \(.*\), in acme, of 2 tenants"

    def setUp(self):
        super().setUp()
        self.prefix = f"lint{id(self)}_"

    tenants = PlanOfDatabases.tenants

    @property
    def pg(self):
        return self.maria

    def fill(self, name, sql):
        self.maria.sql(self.prefix + name, sql)

    @staticmethod
    def small(rows):
        values = ",".join(["('x')"] * rows)
        return f"CREATE TABLE task (owner VARCHAR(20)); INSERT INTO task VALUES {values}; ANALYZE TABLE task;"


class Measured(PostgresCase):
    """What the rules say of PostgreSQL's rewrites is what a server does."""

    TYPES = [("int4", "int8"), ("int4", "int4"), ("int8", "int4"), ("int2", "int4"), ("int4", "numeric"),
             ("varchar(20)", "varchar(40)"), ("varchar(20)", "varchar(10)"), ("varchar(20)", "varchar"), ("varchar", "varchar(20)"),
             ("varchar(20)", "text"), ("text", "varchar"), ("text", "varchar(20)"), ("char(5)", "char(9)"), ("char(5)", "text"),
             ("numeric(8,2)", "numeric(10,2)"), ("numeric(8,2)", "numeric(10,3)"), ("numeric(8,2)", "numeric"),
             ("numeric", "numeric(8,2)"), ("numeric(8,2)", "numeric(6,2)"), ("numeric(8)", "numeric(9)"),
             ("timestamp", "timestamptz"), ("timestamptz", "timestamp"), ("timestamp(3)", "timestamp(6)"),
             ("timestamp(6)", "timestamp(3)"), ("timestamp", "timestamp(3)"), ("timestamp(3)", "timestamptz"),
             ("timestamp(3)", "timestamptz(6)"), ("timestamp", "timestamptz(3)"), ("time(3)", "time(6)"), ("time(6)", "time"),
             ("varbit(8)", "varbit(16)"), ("varbit(16)", "varbit"), ("bit(8)", "bit(8)"), ("cidr", "inet"), ("inet", "cidr"),
             ("date", "timestamp"), ("float4", "float8"), ("int4[]", "int8[]"), ("text[]", "varchar[]"), ("json", "jsonb"),
             ("varchar(20)", "varchar(20)"), ("interval(3)", "interval(6)"), ("name", "text"), ("text", "name")]
    COLUMNS = ["int", "int DEFAULT 1", "int NOT NULL DEFAULT 0", "timestamptz DEFAULT now()", "timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP",
               "text DEFAULT 'x' || 'y'", "uuid DEFAULT gen_random_uuid()", "float DEFAULT random()", "timestamptz DEFAULT clock_timestamp()",
               "serial", "int GENERATED BY DEFAULT AS IDENTITY", "int GENERATED ALWAYS AS (id + 1) STORED", "jsonb NOT NULL DEFAULT '{}'",
               "timestamptz DEFAULT statement_timestamp()", "text DEFAULT CURRENT_USER", "date DEFAULT CURRENT_DATE"]

    def setUp(self):
        super().setUp()
        self.database = f"lint{id(self)}"
        self.pg.create(self.database)

    def found(self, base, changes, rule):
        """By change: whether the rule is found."""
        self.fleet.inventory([{"name": "acme", "url": self.pg.url(self.database)}])
        self.fleet.revision("aaaa1111", base, down="")
        self.fleet.revision("bbbb2222", "\n".join(f"{change};" for change in changes), down="")
        result = self.fleet.run("lint", "bbbb", "-o", "json")
        sources = [finding["source"] for finding in json.loads(result.out)["findings"] if finding["rule"] == rule]
        return [change in sources for change in changes]

    def test_changes_of_type(self):
        bases, changes = [], []
        for index, (old, new) in enumerate(self.TYPES):
            bases.append(f"CREATE TABLE t{index} (c {old}); INSERT INTO t{index} VALUES (NULL);")
            changes.append(f"ALTER TABLE t{index} ALTER c TYPE {new}")
        found = self.found("\n".join(bases), changes, "type-change-rewrites")
        for (old, new), base, change, said in zip(self.TYPES, bases, changes, found):
            with self.subTest(f"{old} to {new}"):
                self.assertEqual(self.measure(base, change), said)

    def test_new_columns(self):
        base = "CREATE TABLE t (id int); INSERT INTO t VALUES (1);"
        changes = [f"ALTER TABLE t ADD c{index} {column}" for index, column in enumerate(self.COLUMNS)]
        found = self.found(base, changes, "add-column-rewrites")
        for column, change, said in zip(self.COLUMNS, changes, found):
            with self.subTest(column):
                self.assertEqual(self.measure(base, change), said)

    def told(self, up, rule):
        """The message of the rule's finding in the revision; None: there is none."""
        self.fleet.revision("bbbb2222", up, down="", revises="aaaa1111")
        findings = json.loads(self.fleet.run("lint", "bbbb", "-o", "json").out)["findings"]
        return next((finding["message"] for finding in findings if finding["rule"] == rule), None)

    EVENTS = ["ALTER TABLE sub ADD m int", "ALTER TABLE sub ALTER p SET DEFAULT 1", "ALTER TABLE sub ALTER p SET STATISTICS 5",
              "ALTER TABLE sub SET (fillfactor = 70)", "ALTER TABLE sub VALIDATE CONSTRAINT sub_task_id_fkey", "ALTER TABLE sub DROP p",
              "ALTER TABLE sub RENAME p TO q", "ALTER TABLE sub RENAME TO part", "ALTER TABLE sub RENAME CONSTRAINT sub_pkey TO k",
              "CREATE INDEX j ON sub (p)", "DROP INDEX i", "REINDEX TABLE sub", "CLUSTER sub USING i", "TRUNCATE sub", "DROP TABLE sub",
              "CREATE POLICY p ON sub USING (true)", "COMMENT ON TABLE sub IS 'x'", "LOCK TABLE sub", "ALTER TABLE task ADD m int",
              "ALTER TABLE sub ENABLE ROW LEVEL SECURITY", "ALTER TABLE sub DISABLE TRIGGER USER", "ALTER TABLE sub OWNER TO skein"]
    CHANGES = ["INSERT INTO sub VALUES (9, 1, 1)", "UPDATE sub SET task_id = 2 WHERE id = 1", "UPDATE sub SET p = 2 WHERE id = 1",
               "DELETE FROM sub WHERE id = 1", "DELETE FROM task WHERE id = 3", "INSERT INTO task VALUES (4)", "UPDATE task SET n = 1 WHERE id = 1",
               "INSERT INTO sub VALUES (9, 1, 1); SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO sub VALUES (9, 1, 1)"]
    SUB = ("CREATE TABLE task (id int PRIMARY KEY, n int); INSERT INTO task VALUES (1), (2), (3);"
           "CREATE TABLE sub (id int PRIMARY KEY, p int, task_id int REFERENCES task DEFERRABLE INITIALLY DEFERRED);"
           "CREATE INDEX i ON sub (p); INSERT INTO sub VALUES (1, 1, 1);")

    def test_events_that_wait_for_the_commit(self):
        pairs = [(self.CHANGES[0], statement) for statement in self.EVENTS]
        pairs += [(change, f"ALTER TABLE {table} ADD m int") for change in self.CHANGES for table in ("sub", "task")]
        self.fleet.inventory([{"name": "acme", "url": self.pg.url(self.database)}])
        self.fleet.revision("aaaa1111", self.SUB, down="")
        self.pg.sql(self.database, self.SUB)
        for change, statement in pairs:
            with self.subTest(f"{change}; {statement}"):
                done = self.pg.psql(self.database, "-c", f"BEGIN; {change}; {statement}; ROLLBACK")
                refused = b"pending trigger events" in done.stderr
                self.assertEqual(refused, done.returncode != 0, done.stderr)
                self.assertEqual(self.told(f"{change};\n{statement};", "pending-events") is not None, refused)

    LOCKS = ["ALTER TABLE task ALTER n SET DEFAULT 1", "ALTER TABLE task ENABLE ROW LEVEL SECURITY", "ALTER TABLE task OWNER TO skein",
             "ALTER TABLE task ALTER n SET STORAGE PLAIN", "ALTER TABLE task REPLICA IDENTITY FULL", "ALTER TABLE task DISABLE TRIGGER ALL",
             "ALTER TABLE task RENAME CONSTRAINT task_pkey TO k", "ALTER TABLE task SET (fillfactor = 70)", "ALTER TABLE task ALTER n SET STATISTICS 9",
             "ALTER TABLE task CLUSTER ON i", "ALTER TABLE task ADD CHECK (n > 0) NOT VALID", "CREATE TABLE new (n int REFERENCES task)",
             "ALTER TABLE other ADD FOREIGN KEY (id) REFERENCES task NOT VALID", "CREATE POLICY p ON task USING (true)", "DROP TRIGGER t ON task",
             "CREATE RULE r AS ON INSERT TO task DO ALSO NOTHING", "CREATE TRIGGER u BEFORE INSERT ON task EXECUTE FUNCTION f()", "LOCK TABLE task",
             "LOCK TABLE task IN SHARE MODE", "LOCK TABLE task IN ROW EXCLUSIVE MODE", "CREATE INDEX j ON task (n)", "COMMENT ON TABLE task IS 'x'",
             "GRANT SELECT ON task TO skein", "CREATE STATISTICS s ON n, id FROM task", "ALTER TABLE task ALTER n DROP NOT NULL",
             "ALTER TABLE task ADD m int", "ALTER TABLE task ALTER n SET COMPRESSION DEFAULT", "ALTER TABLE task SET SCHEMA extra",
             "ALTER TABLE task NO FORCE ROW LEVEL SECURITY", "ALTER TABLE task ALTER n SET (n_distinct = 5)"]

    def test_locks_that_stay(self):
        """Long work after each is found where the statement keeps others from the table."""
        base = ("CREATE TABLE task (id int PRIMARY KEY, n int); CREATE TABLE other (id int); CREATE INDEX i ON task (n); CREATE SCHEMA extra;"
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                "CREATE TRIGGER t BEFORE INSERT ON task EXECUTE FUNCTION f();")
        self.fleet.inventory([{"name": "acme", "url": self.pg.url(self.database)}])
        self.fleet.revision("aaaa1111", base + "CREATE TABLE far (id int);", down="")
        self.pg.sql(self.database, base)
        for statement in self.LOCKS:
            with self.subTest(statement):
                modes = {row[0] for row in self.pg.sql(self.database, f"BEGIN; {statement}; SELECT mode FROM pg_locks JOIN pg_class c ON "
                                                       "c.oid = relation AND relname = 'task'; ROLLBACK")}
                message = self.told(f"{statement};\nUPDATE far SET id = 1 WHERE id = 2;", "lock-then-work")
                if "AccessExclusiveLock" in modes:
                    self.assertIn("for everyone", message or "")
                elif modes & {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock"}:
                    self.assertIn("for all writers", message or "")
                else:
                    self.assertIsNone(message)

    def measure(self, base, change):
        table = change.split()[2]
        node = f"SELECT pg_relation_filenode('{table}');"
        first, second = self.pg.sql(self.database, f"SET TimeZone = 'UTC'; {base} {node} {change}; {node} DROP TABLE {table};")
        return first != second


if __name__ == "__main__":
    main()
