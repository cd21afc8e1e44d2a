#!/usr/bin/env python3
"""What databases hold: 'skein schema' of tenants and of the chain, and the scratch database that the chain is replayed in."""
import contextlib
import json
import os
import sqlite3

from harness import FleetCase, MariaDB, Postgres, main, wait_until

TASK = "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT NOT NULL DEFAULT 'new'); CREATE INDEX ix_title ON task (title);"


def kinds(schema):
    return {(o["kind"], o["owner"], o["name"]) for o in schema["objects"]}


class CatalogCase(FleetCase):
    def setUp(self):
        super().setUp()
        self.scratch = self.fleet.path("scratch")
        os.mkdir(self.scratch)
        self.env = {"TMPDIR": self.scratch}
        self.fleet.revision("aaaa1111", TASK, down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD COLUMN priority INT; CREATE VIEW urgent AS SELECT * FROM task;")
        self.names = ["acme", "globex", "initech"]
        self.fleet.inventory([self.fleet.sqlite(name) for name in self.names])

    def tearDown(self):
        self.assertEqual(os.listdir(self.scratch), [], "scratch databases are left")
        super().tearDown()

    def schemas(self, *args, code=0):
        return json.loads(self.run_ok("schema", *args, "-o", "json", code=code, env=self.env).out)["schemas"]

    def execute(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
            db.executescript(sql)


class Tenants(CatalogCase):
    def test_what_it_holds_without_what_is_skeins_own(self):
        self.run_ok("upgrade")
        schema, = self.schemas("--tenant", "acme")
        self.assertEqual((schema["tenant"], schema["revision"], schema["group"]), ("acme", ["bbbb2222"], "sqlite 3"))
        self.assertEqual(kinds(schema), {
            ("database", None, ""), ("table", None, "task"), ("view", None, "urgent"), ("column", "task", "id"),
            ("column", "task", "title"), ("column", "task", "priority"), ("primary key", "task", ""),
            ("index", "task", "ix_title")})
        title, = [o for o in schema["objects"] if o["name"] == "title"]
        self.assertEqual(title["attributes"], {"type": "text", "not null": "yes", "default": "'new'", "position": "2"})

    def test_equal_schemas_have_equal_fingerprints(self):
        self.run_ok("upgrade", "aaaa1111", "--tenant", "acme")
        self.execute("globex", "create table [task](title text default ('new') not null, id integer, primary key(id)); -- \n"
                               "create index ix_title on task(\"title\")")
        self.execute("initech", TASK.replace("ix_title", "ix_name"))
        a, b, c = [s["fingerprint"] for s in self.schemas()]
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)

    def test_text_has_a_line_for_each_object(self):
        self.run_ok("upgrade", "aaaa1111", "--tenant", "acme")
        lines = self.run_ok("schema", "--tenant", "acme").out.splitlines()
        self.assertRegex(lines[0], r"^acme: revision aaaa1111, sqlite 3, sha256:[0-9a-f]{64}$")
        self.assertEqual(lines[1:], ["  table task", "    column id: type integer", "    column title: default 'new', not null, type text",
                                     "    primary key: columns id", "    index ix_title: columns title"])

    def test_sql_makes_the_same_again(self):
        self.run_ok("upgrade")
        self.execute("acme", "CREATE TABLE more (a UNIQUE CHECK (a > 1) /* c */, b -- d\n); "
                             "CREATE VIEW w AS SELECT a FROM more -- e\n; CREATE TRIGGER g AFTER INSERT ON more BEGIN DELETE FROM more; END")
        self.execute("globex", "DROP VIEW urgent; DROP TABLE task;" + self.run_ok("schema", "--tenant", "acme", "-o", "sql").out)
        a, b = [s["fingerprint"] for s in self.schemas("--tenant", "acme", "--tenant", "globex")]
        self.assertEqual(a, b)

    def test_names_cannot_steer_a_terminal_or_break_out(self):
        self.execute("acme", "CREATE TABLE \"a\x1b[2Jb\"\"c'd;--\" (\"\x07\" INT)")
        result = self.run_ok("schema", "--tenant", "acme")
        self.assertNotIn("\x1b", result.out)
        self.assertNotIn("\x07", result.out)
        self.assertIn(("table", None, "a\x1b[2Jb\"c'd;--"), kinds(self.schemas("--tenant", "acme")[0]))

    def test_who_cannot_be_read_is_named_and_the_others_are_shown(self):
        self.fleet.write("data/globex.db", "no database at all, and long enough to be none")
        result = self.run_ok("schema", "-o", "json", code=1)
        self.assertEqual([s["tenant"] for s in json.loads(result.out)["schemas"]], ["acme", "initech"])
        self.assertIn("tenant 'globex': ", result.err)


class Revisions(CatalogCase):
    def test_what_the_chain_makes_is_what_tenants_that_follow_it_hold(self):
        for revision in ("aaaa1111", "bbbb2222", "head"):
            self.run_ok("upgrade", revision)
            expected, = self.schemas("--revision", revision)
            self.assertIsNone(expected["tenant"])
            for schema in self.schemas():
                self.assertEqual((schema["fingerprint"], schema["revision"]), (expected["fingerprint"], expected["revision"]))

    def test_base_is_an_empty_database(self):
        base, = self.schemas("--revision", "base")
        self.assertEqual((base["revision"], kinds(base)), ([], {("database", None, "")}))

    def test_no_tenant_is_asked(self):
        self.fleet.inventory([{"name": "gone", "url": "sqlite:///nowhere/gone.db"}])
        self.schemas("--revision", "head")
        self.assertFalse(os.path.exists(self.fleet.path("nowhere")))
        result = self.run_ok("schema", "--revision", "head", "--tenant", "gone", code=2)
        self.assertIn("--tenant has no effect with --revision", result.err)

    def test_a_revision_that_cannot_be_replayed_is_named(self):
        self.fleet.revision("cccc3333", "INSERT INTO absent VALUES (1);")
        result = self.run_ok("schema", "--revision", "head", code=2, env=self.env)
        self.assertIn("cccc3333.sql", result.err)
        self.assertIn("the chain cannot be replayed in a scratch database: no such table: absent", result.err)

    def test_a_chain_with_two_heads_has_the_schema_of_both(self):
        self.fleet.revision("cccc3333", "CREATE TABLE other (a);", revises="aaaa1111")
        both, = self.schemas("--revision", "heads")
        self.assertEqual(both["revision"], ["bbbb2222", "cccc3333"])
        self.assertLessEqual({("view", None, "urgent"), ("table", None, "other")}, kinds(both))

    def test_what_a_killed_run_has_left_is_swept_up(self):
        left = os.path.join(self.scratch, "skein_scratch_AbCdEf")
        os.mkdir(left)
        with open(os.path.join(left, "scratch.db"), "w") as file:
            file.write("half")
        self.schemas("--revision", "head")
        self.assertFalse(os.path.exists(left))

    def test_tenants_of_several_dialects_need_to_be_told_apart(self):
        self.fleet.inventory([self.fleet.sqlite("acme"), {"name": "pg", "url": "postgresql://nowhere/pg"}])
        result = self.run_ok("schema", "--revision", "head", code=2)
        self.assertIn("say which one is meant, with --dialect", result.err)
        self.schemas("--revision", "head", "--dialect", "sqlite")

    def test_other_commands_print_no_sql(self):
        result = self.run_ok("current", "-o", "sql", code=2)
        self.assertIn("'sql' is no format of", result.err)


class Drift(CatalogCase):
    def setUp(self):
        super().setUp()
        self.names = [f"t{i}" for i in range(8)]
        tiers = ["free", "free", "paid", "paid", "paid", "paid", "paid", "paid"]
        self.tenants = [{**self.fleet.sqlite(name), "labels": {"tier": tier, "name_is": name}}
                        for name, tier in zip(self.names, tiers)]
        self.fleet.inventory(self.tenants)
        self.run_ok("upgrade")

    def drift(self, *args, code=1):
        return json.loads(self.run_ok("drift", *args, "-o", "json", code=code, env=self.env).out)

    def test_a_fleet_as_it_should_be(self):
        self.run_ok("downgrade", "aaaa1111", "--tenant", "t0", "--yes", code=2)  # the newest has no way back
        drift = self.drift(code=0)
        self.assertEqual(drift["totals"], {"tenants": 8, "expected": 8, "differing": 0, "unknown": 0, "failed": 0})
        cluster, = drift["clusters"]
        self.assertEqual((cluster["is_expected"], cluster["tenants"], cluster["differences"]), (True, self.names, []))
        self.assertEqual(self.run_ok("drift", env=self.env).out, "8 tenants: 8 as expected\n")

    def test_each_damage_is_found_and_no_other(self):
        damages = {
            "t1": ("DROP INDEX ix_title", [("index", "task.ix_title", "missing")]),
            "t2": ("CREATE TABLE extra (a)", [("table", "extra", "extra")]),
            "t3": ("DROP VIEW urgent; CREATE VIEW urgent AS SELECT id FROM task", [("view", "urgent", "changed")]),
            "t4": ("DROP VIEW urgent; ALTER TABLE task DROP COLUMN priority; CREATE VIEW urgent AS SELECT * FROM task",
                   [("column", "task.priority", "missing")]),
            "t5": ("CREATE TRIGGER g AFTER INSERT ON task BEGIN SELECT 1; END", [("trigger", "task.g", "extra")]),
            "t6": ("INSERT INTO task (title) VALUES ('x'); ANALYZE; VACUUM; REINDEX", None),
        }
        for name, (sql, _) in damages.items():
            self.execute(name, sql)
        drift = self.drift()
        found = {tuple(c["tenants"]): [(d["kind"], d["name"], d["what"]) for d in c["differences"]] for c in drift["clusters"]}
        self.assertEqual(found, {("t0", "t6", "t7"): [], **{(name,): what for name, (_, what) in damages.items() if what}})
        self.assertEqual(drift["totals"]["differing"], 5)

    def test_a_cluster_names_its_tenants_what_they_share_and_what_differs(self):
        for name in ("t0", "t1"):
            self.execute(name, "CREATE INDEX ix_x ON task (priority)")
        out = self.run_ok("drift", code=1, env=self.env).out
        self.assertEqual(out, "2 tenants at bbbb2222 differ: t0, t1\n  they share: tier=free\n  index task.ix_x is extra\n\n"
                              "8 tenants: 6 as expected, 2 differ\n")
        self.assertEqual(self.drift()["clusters"][1]["labels"], {"tier": "free"})

    def test_who_was_stamped_over_an_older_schema_looks_like_that(self):
        self.fleet.sqlite("late")
        self.fleet.inventory([*self.tenants, {"name": "late", "url": "sqlite:///data/late.db"}])
        self.run_ok("upgrade", "aaaa1111", "--tenant", "late")
        self.run_ok("stamp", "head", "--tenant", "late", "--force")
        cluster = self.drift()["clusters"][1]
        self.assertEqual((cluster["tenants"], cluster["revision"], cluster["resembles"]), (["late"], ["bbbb2222"], ["aaaa1111"]))
        self.assertIn("looks like aaaa1111", self.run_ok("drift", code=1, env=self.env).out)

    def test_tenants_at_several_places_are_held_to_their_own(self):
        self.fleet.sqlite("base")
        self.fleet.sqlite("early")
        self.fleet.inventory([*self.tenants, *({"name": n, "url": f"sqlite:///data/{n}.db"} for n in ("early", "base"))])
        self.run_ok("upgrade", "aaaa1111", "--tenant", "early")
        drift = self.drift(code=0)
        self.assertEqual({tuple(c["revision"]): c["is_expected"] for c in drift["clusters"]},
                         {("bbbb2222",): True, ("aaaa1111",): True, (): True})

    def test_what_is_ignored_is_not_told(self):
        self.execute("t0", "CREATE TABLE audit_log (a); CREATE INDEX ix_a ON audit_log (a)")
        self.execute("t1", "CREATE INDEX ix_x ON task (priority)")
        self.fleet.inventory(self.tenants[:2], drift={"ignore": ["table AUDIT_*", "index *.ix_x"]})
        self.drift(code=0)
        self.fleet.inventory(self.tenants[:2], drift={"ignore": ["table audit_*"]})
        self.assertEqual(self.drift()["totals"]["differing"], 1)

    def test_the_order_of_columns_on_request(self):
        self.execute("t0", "DROP VIEW urgent; DROP TABLE task; CREATE TABLE task (priority INT, id INTEGER PRIMARY KEY, title TEXT "
                           "NOT NULL DEFAULT 'new'); CREATE INDEX ix_title ON task (title); CREATE VIEW urgent AS SELECT * FROM task")
        self.drift(code=0)
        self.fleet.inventory(self.tenants, drift={"compare": ["order"]})
        words = [d["words"] for d in self.drift()["clusters"][1]["differences"]]
        self.assertIn("column task.priority: position is '1' instead of '3'", words)

    def test_who_cannot_be_judged_or_read_is_told(self):
        self.execute("t0", "UPDATE alembic_version SET version_num = 'zzzz'")
        self.fleet.write("data/t1.db", "no database at all, and long enough to be none")
        drift = self.drift()
        self.assertEqual((drift["totals"]["unknown"], drift["totals"]["failed"], drift["totals"]["expected"]), (1, 1, 6))
        cluster = drift["clusters"][1]
        self.assertEqual((cluster["is_expected"], cluster["reason"]), (None, "the chain has no revision 'zzzz'"))
        self.assertEqual([e["tenant"] for e in drift["errors"]], ["t1"])

    def test_a_chain_that_cannot_be_replayed_says_which_revision_and_why(self):
        self.fleet.revision("cccc3333", "INSERT INTO audit VALUES (1);")
        self.execute("t0", "CREATE TABLE audit (a)")
        self.run_ok("upgrade", "--tenant", "t0")
        drift = self.drift()
        self.assertEqual((drift["totals"]["unknown"], drift["totals"]["expected"]), (1, 7))
        self.assertRegex(drift["clusters"][1]["reason"], r"cccc3333.sql:\d+: the chain cannot be replayed .*no such table: audit")

    def kept(self):
        return self.fleet.path(".skein", "fingerprints")

    def without_replay(self, *args, code=0):
        """A scratch database cannot be made."""
        return json.loads(self.run_ok("drift", *args, "-o", "json", code=code, env={"TMPDIR": "/nowhere"}).out)

    def test_what_a_place_makes_is_kept_for_the_next_command(self):
        self.assertEqual(self.without_replay(code=1)["totals"]["unknown"], 8)
        first = self.drift(code=0)
        self.assertEqual(self.without_replay(), first)
        self.assertEqual(os.stat(self.kept()).st_mode & 0o777, 0o600)
        self.execute("t0", "CREATE TABLE extra (a)")
        drift = self.without_replay(code=1)
        self.assertEqual((drift["totals"]["expected"], drift["totals"]["differing"]), (7, 1))
        self.drift()  # finds what the places before make
        self.execute("t0", "DROP TABLE extra; DROP VIEW urgent; ALTER TABLE task DROP COLUMN priority")
        self.assertEqual(self.without_replay(code=1)["clusters"][1]["resembles"], ["aaaa1111"])

    def test_what_is_kept_is_of_this_chain_and_these_rules(self):
        self.drift(code=0)
        for change in (lambda: self.fleet.inventory(self.tenants, drift={"ignore": ["table audit_*"]}),
                       lambda: self.fleet.inventory(self.tenants, drift={"compare": ["order"]}),
                       lambda: self.fleet.revision("cccc3333", "SELECT 1;")):
            change()
            self.assertEqual(self.without_replay(code=1)["totals"]["unknown"], 8)

    def test_a_damaged_file_costs_a_replay_and_nothing_else(self):
        first = self.drift(code=0)
        whole = self.fleet.read(".skein/fingerprints")
        self.assertRegex(whole, rb"^([0-9a-f]{64} [0-9a-f]{64} [0-9a-f]{64}\n)+$")
        at = whole.index(b" ") + 1
        for damaged in (whole[:at] + (b"1" if whole[at:at + 1] == b"0" else b"0") + whole[at + 1:], whole[:100], b"",
                        b"\0" * 300, b"\n" * 300):
            with open(self.kept(), "wb") as file:
                file.write(damaged)
            self.assertEqual(self.drift(code=0), first)
            self.assertEqual(self.fleet.read(".skein/fingerprints"), whole)
        os.unlink(self.kept())
        os.mkdir(self.kept())  # it can be neither read nor written
        self.assertEqual(self.drift(code=0), first)
        self.assertEqual([name for name in os.listdir(self.fleet.path(".skein")) if name.startswith("fingerprints.")], [])

    def test_nothing_is_changed(self):
        before = {name: self.fleet.read(f"data/{name}.db") for name in self.names}
        self.execute("t0", "CREATE TABLE z (a)")
        before["t0"] = self.fleet.read("data/t0.db")
        self.drift()
        self.assertEqual(before, {name: self.fleet.read(f"data/{name}.db") for name in self.names})


class BesideWhereTheyStand(CatalogCase):
    """current --schema, check --schema"""

    def setUp(self):
        super().setUp()
        self.run_ok("upgrade")

    def look(self, command, *args, code):
        report = json.loads(self.run_ok(command, "--schema", *args, "-o", "json", code=code, env=self.env).out)
        return {t["name"]: t["schema"] for t in report["tenants"]}

    def test_a_fleet_as_it_should_be(self):
        expected, = self.schemas("--revision", "head")
        for command in ("current", "check"):
            for schema in self.look(command, code=0).values():
                self.assertEqual(schema, {"fingerprint": expected["fingerprint"], "expected": expected["fingerprint"],
                                          "is_expected": True, "reason": None})
        self.assertNotIn("schema", self.run_json("current").tenant("acme"))

    def test_who_differs_and_who_cannot_be_judged(self):
        self.execute("globex", "DROP INDEX ix_title")
        self.execute("initech", "UPDATE alembic_version SET version_num = 'zzzz'")
        seen = self.look("current", code=1)
        self.assertEqual([s["is_expected"] for s in seen.values()], [True, False, None])
        self.assertNotEqual(seen["globex"]["fingerprint"], seen["globex"]["expected"])
        self.assertEqual(seen["initech"]["reason"], "the chain has no revision 'zzzz'")
        text = self.run_ok("current", "--schema", code=1, env=self.env).out
        self.assertRegex(text, r"globex +bbbb2222 \(head\) +differs \(" + seen["globex"]["fingerprint"][7:19])
        self.assertIn("  1 tenant differs from what its revision says: globex\n", text)
        self.assertIn("  1 tenant cannot be judged: initech (the chain has no revision 'zzzz')\n", text)
        text = self.run_ok("current", "--schema", "--summary", code=1, env=self.env).out
        self.assertIn("  1 tenant holds what its revision says\n", text)
        seen = self.look("check", code=1)  # there the row of no revision is an error, and nothing is read
        self.assertEqual([s["is_expected"] for s in seen.values()], [True, False, None])
        self.assertIsNone(seen["initech"]["fingerprint"])

    def test_a_check_holds_who_is_late_to_where_it_stands(self):
        self.fleet.revision("cccc3333", "CREATE TABLE more (a);")
        seen = self.look("check", code=1)
        self.assertEqual([s["is_expected"] for s in seen.values()], [True] * 3)
        self.assertIn("3 tenants are not at the head(s)", self.run_ok("check", "--schema", code=1, env=self.env).err)

    def test_who_cannot_be_read(self):
        self.fleet.write("data/globex.db", "no database at all, and long enough to be none")
        self.fleet.inventory([self.fleet.sqlite("acme"), {"name": "globex", "url": "sqlite:///data/globex.db"},
                              {"name": "new", "url": "sqlite:///data/new.db", "create": True}])
        seen = self.look("current", code=1)
        self.assertEqual([s["is_expected"] for s in seen.values()], [True, None, True])  # what is not made yet is empty
        self.assertFalse(os.path.exists(self.fleet.path("data", "new.db")))
        text = self.run_ok("current", "--schema", code=1, env=self.env).out
        self.assertIn("  1 tenant could not be read: globex\n", text)


class Servers(FleetCase):
    """The tenants of PostgreSQL are schemas of one database; those of MariaDB are databases."""

    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.mariadb = Postgres(), MariaDB()
        cls.addClassCleanup(cls.postgres.close)
        cls.addClassCleanup(cls.mariadb.close)

    def test_tenants_that_follow_a_chain_hold_the_same(self):
        self.postgres.create("shared")
        tenants = [{"name": name, "url": self.postgres.url("shared"), "schema": name, "create": True} for name in ("p1", "P 2", "p3")]
        tenants += self.mariadb.create("m1", "m-2", "m3")
        self.fleet.inventory(tenants)
        self.fleet.revision("aaaa1111", "-- migrate:up dialect:postgresql\n"
                                        "CREATE TABLE task (id serial PRIMARY KEY, up int REFERENCES task); CREATE VIEW v AS SELECT id FROM task;\n"
                                        "-- migrate:up dialect:mysql\n"
                                        "CREATE TABLE task (id int PRIMARY KEY, up int REFERENCES task (id)); CREATE VIEW v AS SELECT id FROM task;")
        self.run_ok("upgrade")
        self.postgres.sql("shared", "ALTER TABLE p3.task ADD more int")
        self.mariadb.sql("m3", "CREATE INDEX ix ON task (id, up)")
        schemas = json.loads(self.run_ok("schema", "-o", "json").out)["schemas"]
        prints = {schema["tenant"]: schema["fingerprint"] for schema in schemas}
        self.assertEqual(len(prints), 6)
        self.assertEqual(prints["p1"], prints["P 2"])
        self.assertEqual(prints["m1"], prints["m-2"])
        self.assertEqual(len(set(prints.values())), 4)
        for schema in schemas:
            self.assertIn(("view", None, "v"), kinds(schema))
            self.assertFalse({name for _, _, name in kinds(schema)} & {"alembic_version", "skein_history"})


class ServerDrift(FleetCase):
    """Scratch databases on servers: PostgreSQL (databases, and schemas of one) and MariaDB."""

    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.mariadb = Postgres(), MariaDB()
        cls.addClassCleanup(cls.postgres.close)
        cls.addClassCleanup(cls.mariadb.close)

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "-- migrate:up dialect:postgresql\n"
                                        "CREATE TABLE task (id serial PRIMARY KEY, title text NOT NULL DEFAULT 'x', up int REFERENCES task);\n"
                                        "CREATE INDEX ix_title ON task (title);\n"
                                        "-- migrate:up dialect:mysql\n"
                                        "CREATE TABLE task (id int PRIMARY KEY, title varchar(20) NOT NULL DEFAULT 'x', up int REFERENCES task (id));\n"
                                        "CREATE INDEX ix_title ON task (title);")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD COLUMN priority int; CREATE VIEW v AS SELECT id, priority FROM task;")

    def tearDown(self):
        self.assertEqual(self.scratches(), [], "scratch databases are left")
        super().tearDown()

    def scratches(self):
        rows = self.postgres.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'skein_scratch%'")
        rows += self.mariadb.sql("mysql", "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'skein_scratch%'")
        return [row[0] for row in rows]

    def make(self, tenants):
        self.fleet.inventory(tenants, scratch={"postgresql": self.postgres.url("postgres"), "mysql": self.mariadb.url("")})
        self.run_ok("upgrade")

    def drift(self, *args, code=1):
        return json.loads(self.run_ok("drift", *args, "-o", "json", code=code).out)

    def found(self, drift):
        return {tuple(c["tenants"]): [(d["kind"], d["name"], d["what"]) for d in c["differences"]] for c in drift["clusters"]}

    def test_postgresql_databases(self):
        names = ["d1", "d2", "d3", "d4"]
        self.make(self.postgres.create(*names))
        self.assertEqual(self.drift(code=0)["totals"]["expected"], 4)
        shown = self.run_ok("drift", "--progress", "plain").err
        self.run_ok("schema", "--progress", "json")  # its events are those of the schema
        self.assertIn("skein: drift: 4 of 4 done", shown)
        self.postgres.sql("d2", "DROP INDEX ix_title")
        self.postgres.sql("d3", "ALTER TABLE task ALTER COLUMN title SET DEFAULT 'y'")
        self.postgres.sql("d4", "DROP VIEW v; ALTER TABLE task DROP COLUMN priority")
        drift = self.drift()
        self.assertEqual(self.found(drift), {
            ("d1",): [], ("d2",): [("index", "task.ix_title", "missing")], ("d3",): [("column", "task.title", "changed")],
            ("d4",): [("view", "v", "missing"), ("column", "task.priority", "missing")]})
        self.assertEqual([c["resembles"] for c in drift["clusters"] if c["tenants"] == ["d4"]], [["aaaa1111"]])

    def test_postgresql_schemas_of_one_database(self):
        self.postgres.create("pool")
        self.make([{"name": n, "url": self.postgres.url("pool"), "schema": n, "create": True} for n in ("s1", "S 2", "s3")])
        self.assertEqual(self.drift(code=0)["totals"]["expected"], 3)
        self.postgres.sql("pool", "CREATE TRIGGER g BEFORE UPDATE ON s3.task FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()")
        self.assertEqual(self.found(self.drift()), {("s1", "S 2"): [], ("s3",): [("trigger", "task.g", "extra")]})

    def test_mariadb(self):
        self.make(self.mariadb.create("m1", "m2", "m3"))
        self.assertEqual(self.drift(code=0)["totals"]["expected"], 3)
        self.mariadb.sql("m2", "ALTER TABLE task MODIFY title varchar(30) NOT NULL DEFAULT 'x'")
        self.mariadb.sql("m3", "DROP INDEX ix_title ON task")
        self.assertEqual(self.found(self.drift()), {
            ("m1",): [], ("m2",): [("column", "task.title", "changed")], ("m3",): [("index", "task.ix_title", "missing")]})

    def test_what_a_place_makes_is_kept_for_the_next_command(self):
        self.make(self.postgres.create("c1", "c2") + self.mariadb.create("c3", "c4"))
        first = self.drift(code=0)
        again = self.run_ok("drift", "-o", "json", env={"SKEIN_FAILPOINT": "commit:1=kill"}).out  # a replay would commit
        self.assertEqual(json.loads(again), first)

    def test_beside_where_they_stand(self):
        self.make(self.postgres.create("w1", "w2") + self.mariadb.create("w3", "w4"))
        self.postgres.sql("w2", "DROP INDEX ix_title")
        self.mariadb.sql("w4", "ALTER TABLE task ADD COLUMN more int")
        for command in ("current", "check"):
            report = json.loads(self.run_ok(command, "--schema", "-o", "json", code=1).out)
            self.assertEqual([t["schema"]["is_expected"] for t in report["tenants"]], [True, False, True, False])

    def test_the_schema_of_a_revision(self):
        tenants = self.postgres.create("r1")
        self.make(tenants)
        tenant, = json.loads(self.run_ok("schema", "-o", "json").out)["schemas"]
        expected, = json.loads(self.run_ok("schema", "--revision", "head", "-o", "json").out)["schemas"]
        self.assertEqual(tenant["fingerprint"], expected["fingerprint"])

    def test_other_schemas_of_a_database_are_named_and_counted(self):
        self.make(self.postgres.create("o1", "o2", "o3"))
        self.postgres.sql("o2", "CREATE SCHEMA audit; CREATE TABLE audit.log (a int); CREATE VIEW audit.v AS SELECT a FROM audit.log")
        cluster, = [c for c in self.drift()["clusters"] if not c["is_expected"]]
        self.assertEqual([d["words"] for d in cluster["differences"]], ["schema audit is extra"])
        schema, = json.loads(self.run_ok("schema", "--tenant", "o2", "-o", "json").out)["schemas"]
        audit, = [o for o in schema["objects"] if o["kind"] == "schema"]
        self.assertEqual((audit["name"], audit["attributes"]["tables and views"]), ("audit", "2"))
        self.fleet.inventory(self.postgres.create("o4"), drift={"ignore": ["schema *"]},
                             scratch={"postgresql": self.postgres.url("postgres")})
        self.run_ok("upgrade")
        self.postgres.sql("o4", "CREATE SCHEMA audit")
        self.drift(code=0)

    def mend(self, execute, tenant, damage):
        """The SQL that drift tells makes the tenant what it should be again."""
        execute(damage)
        cluster, = [c for c in self.drift("--tenant", tenant)["clusters"]]
        for statement in cluster["sql"].split("\n-- outside a transaction:\n"):
            execute(statement)
        self.drift("--tenant", tenant, code=0)

    def test_the_sql_of_a_cluster_mends_it(self):
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id integer PRIMARY KEY, title text NOT NULL DEFAULT 'x', up int REFERENCES task);"
                                        "CREATE INDEX ix_title ON task (title);")
        self.fleet.last = "bbbb2222"
        self.make(self.postgres.create("e1") + [self.fleet.sqlite("e2")] + self.mariadb.create("e3"))
        self.mend(lambda sql: self.postgres.sql("e1", sql), "e1",
                  "DROP VIEW v; DROP INDEX ix_title; ALTER TABLE task ALTER COLUMN title DROP DEFAULT, DROP COLUMN priority")

        def execute(sql):
            with contextlib.closing(sqlite3.connect(self.fleet.path("data", "e2.db"))) as db:
                db.executescript(sql)
        self.mend(lambda sql: self.mariadb.sql("e3", sql), "e3", "DROP VIEW v; DROP INDEX ix_title ON task; ALTER TABLE task DROP COLUMN priority")
        self.mend(execute, "e2", "DROP VIEW v; CREATE INDEX more ON task (up); ALTER TABLE task DROP COLUMN priority")

    def test_base_of_tenants_that_are_schemas(self):
        self.postgres.create("based")
        self.make([{"name": "s1", "url": self.postgres.url("based"), "schema": "s1", "create": True}])
        base, = json.loads(self.run_ok("schema", "--revision", "base", "-o", "json").out)["schemas"]
        self.assertEqual((base["revision"], [o["kind"] for o in base["objects"]]), ([], ["database"]))
        self.run_ok("stamp", "base", "--yes")
        self.postgres.sql("based", "DROP TABLE s1.task CASCADE")
        self.assertEqual(self.drift(code=0)["totals"]["expected"], 1)

    def test_without_a_server_for_it_the_inventory_is_named(self):
        self.fleet.inventory(self.postgres.create("n1"))
        self.run_ok("upgrade")
        cluster, = self.drift()["clusters"]
        self.assertIsNone(cluster["is_expected"])
        self.assertIn("add 'scratch: {postgresql: URL}'", cluster["reason"])

    def test_what_a_killed_run_has_left_is_swept_up(self):
        self.make(self.postgres.create("k1") + self.mariadb.create("k2"))
        process = self.fleet.start("drift", env={"SKEIN_FAILPOINT": "commit=delay:20000"})
        wait_until(self.scratches, what="a scratch database")
        process.kill()
        process.communicate()
        self.assertTrue(self.scratches())
        self.drift(code=0)  # tearDown looks that nothing is left


if __name__ == "__main__":
    main()
