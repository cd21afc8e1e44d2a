#!/usr/bin/env python3
"""--verify-schema: a tenant is held to what its revision makes before it is changed, and to what the target makes after it."""
import contextlib
import json
import os
import sqlite3

from harness import FleetCase, MariaDB, Pooler, Postgres, main
from proxy import Proxy

# Makes nothing of a tenant that has a table of that name already: it goes well there, and the shape is another.
SECOND = "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, body TEXT);"


class Case(FleetCase):
    def chain(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT);", down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", SECOND, down="DROP TABLE note;")

    def upgrade(self, *args, code=0, verb="upgrade"):
        return self.run_json(verb, *args, code=code)

    def error(self, result, name):
        return result.tenant(name)["error"]


class OnSqlite(Case):
    def setUp(self):
        super().setUp()
        self.chain()
        self.names = ["acme", "globex", "hooli"]
        self.tenants = [self.fleet.sqlite(name) for name in self.names]
        self.fleet.inventory(self.tenants)
        self.run_ok("upgrade", "aaaa1111")

    def execute(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
            db.executescript(sql)

    def test_all_is_well(self):
        for mode in ("", "=before", "=after", "=both", "=none"):
            result = self.upgrade("--verify-schema" + mode)
            self.assertEqual(result.report["totals"]["failed"], 0)
        self.assertEqual(self.fleet.versions("acme"), ["bbbb2222"])
        result = self.upgrade("aaaa1111", "--verify-schema", "--yes", verb="downgrade")
        self.assertEqual(result.report["totals"]["succeeded"], 3)

    def test_before_it_is_changed(self):
        self.execute("globex", "CREATE INDEX ix_x ON task (title)")
        result = self.upgrade("--verify-schema=before", "--on-failure", "continue", code=1)
        error = self.error(result, "globex")
        self.assertEqual((error["class"], error["code"]), ("drift", "schema_differs"))
        self.assertEqual(error["message"], "it does not hold what the chain makes up to 'aaaa1111': index task.ix_x is extra; it was not changed")
        self.assertEqual(self.fleet.versions("globex"), ["aaaa1111"])
        self.assertEqual(self.fleet.versions("acme"), ["bbbb2222"])
        self.assertNotIn("note", self.fleet.tables("globex"))

    def test_after_it_a_mismatch_rolls_it_back(self):
        for name in ("globex", "hooli"):
            self.execute(name, "CREATE TABLE note (id INTEGER PRIMARY KEY)")
        before = self.fleet.query("globex", "SELECT count(*) FROM skein_history")
        result = self.upgrade("--verify-schema=after", "--on-failure", "continue", code=1)
        error = self.error(result, "globex")
        self.assertEqual(error["message"], "rolled back at the end: it does not hold what the chain makes up to 'bbbb2222': "
                                           "column note.body is missing")
        self.assertEqual(self.fleet.versions("globex"), ["aaaa1111"])
        self.assertEqual(self.fleet.query("globex", "SELECT count(*) FROM skein_history"), before)
        self.assertEqual(result.report["totals"]["succeeded"], 1)
        groups = [e for e in result.report["errors"] if e["code"] == "schema_differs"]
        self.assertEqual([e["tenants"] for e in groups], [["globex", "hooli"]])
        again = self.fleet.run("resume", "--verify-schema", "--yes", "-o", "json", "--progress", "none")
        self.assertIn("table note is extra; it was not changed", self.error(again, "hooli")["message"])
        for name in ("globex", "hooli"):
            self.execute(name, "DROP TABLE note")
        self.upgrade("--verify-schema", verb="resume")
        self.assertEqual(self.fleet.versions("hooli"), ["bbbb2222"])

    def test_each_transaction_of_its_own(self):
        self.fleet.inventory(self.tenants, defaults={"transaction": "each"})
        self.fleet.revision("cccc3333", "CREATE TABLE IF NOT EXISTS more (a);", down="DROP TABLE more;")
        self.execute("globex", "CREATE TABLE more (b)")
        result = self.upgrade("--verify-schema=after", "--on-failure", "continue", code=1)
        self.assertEqual(self.error(result, "globex")["message"],
                         "rolled back at the end: it does not hold what the chain makes up to 'cccc3333': column more.a is missing; "
                         "column more.b is extra; 1 revision of this run stands")
        self.assertEqual(self.fleet.versions("globex"), ["bbbb2222"])
        self.assertEqual(self.fleet.versions("acme"), ["cccc3333"])

    def test_who_stands_at_the_target_is_held_to_it(self):
        self.run_ok("upgrade")
        self.execute("hooli", "DROP TABLE note")
        for mode in ("before", "after", "both"):
            result = self.upgrade("--verify-schema=" + mode, code=1)
            self.assertIn("up to 'bbbb2222': table note is missing", self.error(result, "hooli")["message"])
            self.assertEqual(result.report["totals"]["unchanged"], 2)

    def test_a_dry_run_and_a_plan_look_before(self):
        self.execute("globex", "DROP TABLE task")
        before = self.fleet.read("data/globex.db")
        for args in (("plan",), ("upgrade", "--dry-run"), ("downgrade", "base", "--dry-run")):
            result = self.upgrade(*args[1:], "--verify-schema", verb=args[0], code=1)
            self.assertIn("table task is missing", self.error(result, "globex")["message"])
            self.assertIsNone(result.tenant("acme").get("error"))
        self.assertEqual(self.fleet.read("data/globex.db"), before)

    def test_the_inventory_says_it_for_all_runs(self):
        self.fleet.inventory(self.tenants, rollout={"verify_schema": "before"})
        self.execute("globex", "CREATE TABLE x (a)")
        self.upgrade(code=1)
        self.upgrade("--verify-schema=none", "--tenant", "globex")
        self.assertEqual(self.fleet.versions("globex"), ["bbbb2222"])
        self.fleet.inventory(self.tenants, rollout={"verify_schema": "sometimes"})
        self.assertIn("'verify_schema' must be 'none', 'before', 'after' or 'both', not 'sometimes'", self.run_ok("upgrade", code=2).err)

    def test_an_environment_says_it_too(self):
        self.execute("globex", "CREATE TABLE x (a)")
        self.run_ok("upgrade", "--tenant", "globex", env={"SKEIN_VERIFY_SCHEMA": "both"}, code=1)
        self.assertIn("'sometimes' is not before|after|both|none: ", self.run_ok("upgrade", "--verify-schema=sometimes", code=2).err)

    def test_a_new_tenant_and_one_that_is_not_empty(self):
        self.fleet.inventory(self.tenants + [{"name": "new", "url": "sqlite:///data/new.db", "create": True},
                                             {**self.fleet.sqlite("old", "CREATE TABLE task2 (a)")}])
        self.run_ok("plan", "--verify-schema", "-t", "new")  # there is nothing yet to be compared
        self.assertFalse(os.path.exists(self.fleet.path("data", "new.db")))
        result = self.upgrade("--verify-schema", "--on-failure", "continue", code=1)
        self.assertEqual(self.fleet.versions("new"), ["bbbb2222"])
        self.assertEqual(self.error(result, "old")["message"],
                         "it does not hold what the chain makes at base: table task2 is extra; it was not changed")

    def test_a_chain_that_cannot_be_replayed_touches_no_one(self):
        self.fleet.revision("cccc3333", "INSERT INTO absent VALUES (1);")
        for name in self.names:
            self.execute(name, "CREATE TABLE absent (a)")
        result = self.run_ok("upgrade", "--verify-schema=after", code=2)
        self.assertIn("the tenants' schemas cannot be verified: what the chain makes up to cccc3333 is not known", result.err)
        self.assertIn("no such table: absent", result.err)
        self.assertEqual(self.fleet.versions("acme"), ["aaaa1111"])

    def test_a_rollback_is_not_held_up(self):
        self.fleet.inventory(self.tenants, rollout={"verify_schema": "both", "on_failure": "rollback"})
        self.execute("hooli", "CREATE TABLE note (id INTEGER PRIMARY KEY)")
        result = self.upgrade("--verify-schema=after", code=3)
        self.assertEqual({self.fleet.versions(name)[0] for name in self.names}, {"aaaa1111"})
        self.assertEqual(result.tenant("hooli")["state"], "failed")
        self.execute("hooli", "DROP TABLE note")
        self.upgrade()
        self.execute("hooli", "CREATE TABLE x (a)")
        self.upgrade("--yes", verb="rollback")
        self.assertEqual(self.fleet.versions("hooli"), ["aaaa1111"])


class OnServers(Case):
    @classmethod
    def setUpClass(cls):
        cls.pg, cls.maria = Postgres(), MariaDB()
        cls.addClassCleanup(cls.pg.close)
        cls.addClassCleanup(cls.maria.close)

    def place(self, tenants, **keys):
        self.fleet.inventory(tenants, scratch={"postgresql": self.pg.url("postgres"), "mysql": self.maria.url("")}, **keys)

    def test_postgresql_databases_and_schemas(self):
        self.chain()
        self.pg.create("pool")
        schemas = [{"name": n, "url": self.pg.url("pool"), "schema": n, "create": True} for n in ("s1", "s2", "S 3")]
        new = [{"name": name, "url": server.url("not_yet"), "create": True} for name, server in (("p", self.pg), ("m", self.maria))]
        self.place(new)
        self.assertEqual(self.run_json("plan", "--verify-schema").report["totals"]["succeeded"], 2)
        self.place(self.pg.create("d1", "d2") + schemas)
        self.run_ok("upgrade", "--verify-schema")
        self.upgrade("base", "--yes", "--verify-schema", verb="downgrade")
        self.run_ok("upgrade", "aaaa1111")
        self.pg.sql("d2", "CREATE TABLE note (id int PRIMARY KEY)")
        self.pg.sql("pool", "CREATE TABLE s2.note (id int PRIMARY KEY)")
        result = self.upgrade("--verify-schema=after", "--on-failure", "continue", code=1)
        for name in ("d2", "s2"):
            self.assertIn("rolled back at the end: it does not hold what the chain makes up to 'bbbb2222': column note.body is missing",
                          self.error(result, name)["message"])
        self.assertEqual(self.pg.versions("d2"), ["aaaa1111"])
        self.assertEqual(self.pg.versions("pool", "s2"), ["aaaa1111"])
        self.assertEqual(self.pg.versions("pool", "S 3"), ["bbbb2222"])

    def test_postgresql_outside_a_transaction(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE t (a int);")
        self.fleet.revision("bbbb2222", "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON t (a);", options=" transaction:false")
        self.place(self.pg.create("o1", "o2"))
        self.run_ok("upgrade", "aaaa1111")
        self.pg.sql("o2", "CREATE UNIQUE INDEX ix ON t (a)")
        result = self.upgrade("--verify-schema=after", "--on-failure", "continue", code=1)
        error = self.error(result, "o2")["message"]
        self.assertIn("it does not hold what the chain makes up to 'bbbb2222': index t.ix: ", error)
        self.assertIn("; 1 revision of this run stands", error)
        self.assertEqual(self.pg.versions("o2"), ["bbbb2222"])
        self.assertEqual(result.tenant("o2")["to"], ["bbbb2222"])
        again = self.upgrade("--verify-schema=after", verb="resume", code=1)
        self.assertIn("index t.ix: ", self.error(again, "o2")["message"])
        self.pg.sql("o2", "DROP INDEX ix; CREATE INDEX ix ON t (a)")
        self.upgrade("--verify-schema=after", verb="resume")

    def test_what_the_reader_sets_is_not_seen_by_the_transaction(self):
        """A deferred trigger runs at the commit, after the comparison: with the settings of the transaction."""
        self.fleet.revision("aaaa1111", "-- migrate:up\n"
                                        "CREATE TABLE t (a int); CREATE TABLE told (what text);\n"
                                        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                                        "INSERT INTO told VALUES (current_setting('search_path') || ' ' || current_setting('timezone')); "
                                        "RETURN NULL; END $$;\n"
                                        "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
                                        "FOR EACH ROW EXECUTE FUNCTION f();\n"
                                        "SET LOCAL timezone = 'Asia/Tokyo';\nINSERT INTO t VALUES (1);\n")
        self.place(self.pg.create("t1", "t2"))
        self.run_ok("upgrade", "--tenant", "t1")
        self.run_ok("upgrade", "--tenant", "t2", "--verify-schema")
        self.assertEqual(self.pg.sql("t1", "SELECT what FROM told"), self.pg.sql("t2", "SELECT what FROM told"))

    def test_mariadb_after_the_fact(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INT PRIMARY KEY);", down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", "CREATE TABLE IF NOT EXISTS note (id INT PRIMARY KEY, body TEXT);", down="DROP TABLE note;")
        self.place(self.maria.create("m1", "m2", "m3"))
        self.run_ok("upgrade", "aaaa1111", "--verify-schema")
        self.maria.sql("m2", "CREATE TABLE note (id INT PRIMARY KEY)")
        self.maria.sql("m3", "CREATE INDEX ix ON task (id)")
        result = self.upgrade("--verify-schema=before", "--on-failure", "continue", "--tenant", "m3", code=1)
        self.assertIn("index task.ix is extra; it was not changed", self.error(result, "m3")["message"])
        result = self.upgrade("--verify-schema=after", "--on-failure", "continue", "--tenant", "m1", "--tenant", "m2", code=1)
        self.assertEqual(self.error(result, "m2")["message"],
                         "it does not hold what the chain makes up to 'bbbb2222': column note.body is missing; 1 revision of this run stands")
        self.assertEqual((result.tenant("m2")["state"], result.tenant("m2")["to"]), ("failed", ["bbbb2222"]))
        self.assertEqual(self.maria.versions("m2"), ["bbbb2222"])
        self.maria.sql("m2", "ALTER TABLE note ADD COLUMN body TEXT")
        self.upgrade("--verify-schema=after", verb="resume")

    def test_a_commit_whose_answer_is_lost(self):
        """The tenant was compared before it; where it stands now only a comparison after it has asked for."""
        self.chain()
        for mode in ("before", "after", "both"):
            with self.subTest(mode):
                self.place(self.pg.create("lost" + mode))
                self.run_ok("upgrade", "aaaa1111")
                proxy = Proxy(self.pg.port, "drop-reply", b"COMMIT\0")
                self.addCleanup(proxy.close)
                self.place([{"name": "lost" + mode, "url": self.pg.url("lost" + mode, port=proxy.port)}])
                tenant = self.upgrade("--verify-schema=" + mode).tenant("lost" + mode)
                self.assertEqual((proxy.fired, tenant["state"], tenant["attempts"]), (1, "succeeded", 2))

    def test_without_a_server_for_it_no_one_is_touched(self):
        self.chain()
        self.fleet.inventory(self.pg.create("n1"))
        result = self.run_ok("upgrade", "--verify-schema", code=2)
        self.assertIn("add 'scratch: {postgresql: URL}'", result.err)
        self.assertEqual(self.pg.tables("n1"), set())


class InDoubt(FleetCase):
    """A statement outside a transaction that was under way when the run died: `resume` compares what the tenant holds with what the
    chain makes without it and with it."""

    def leave(self, statement, prepare, execute, took_effect):
        """As if killed within the statement, or right after it."""
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", prepare)
        self.fleet.revision("bbbb2222", f"-- migrate:up transaction:false\nCREATE TABLE fx (n int);\n{statement};\nINSERT INTO fx VALUES (3);\n")
        self.run_ok("upgrade", "aaaa1111")
        execute("CREATE TABLE fx (n int); INSERT INTO skein_history (id, run_id, revision, direction, checksum, statements, duration_ms, "
                "applied_at, state) VALUES (2, 'dead', 'bbbb2222', 'up', '', 1, 0, CURRENT_TIMESTAMP, 'running');"
                + (statement + ";" if took_effect else ""))
        tenant, = self.run_json("upgrade", code=4).report["tenants"]  # no one looks closer here
        self.assertEqual(tenant["state"], "partial")

    STATEMENTS = ("ALTER TABLE a RENAME COLUMN t TO u",)

    def sqlite(self, name):
        tenant = self.fleet.sqlite(name)
        self.fleet.inventory([tenant])

        def execute(sql):
            with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
                db.executescript(sql)
        return execute

    def test_sqlite(self):
        for number, statement in enumerate(self.STATEMENTS):
            for took_effect in (False, True):
                with self.subTest(statement=statement, took_effect=took_effect):
                    name = f"t{number}{took_effect:d}"
                    self.leave(statement, "CREATE TABLE a (n int, t text);", self.sqlite(name), took_effect)
                    self.run_json("resume")
                    self.assertEqual(self.fleet.query(name, "SELECT n FROM fx"), [(3,)])
                    self.assertEqual(self.fleet.query(name, "SELECT name FROM pragma_table_info('a')"), [("n",), ("u",)])

    def test_what_it_cannot_tell_is_left_to_a_person(self):
        for number, (statement, besides) in enumerate((("INSERT INTO fx VALUES (2)", ""),  # rows
                                                       ("ALTER TABLE a RENAME COLUMN t TO u", "CREATE TABLE besides (x)"),
                                                       ("ALTER TABLE a RENAME TO a", ""))):  # the same without and with it
            for took_effect in (False, True):
                if took_effect and statement.endswith("TO a"):
                    continue
                with self.subTest(statement=statement, took_effect=took_effect):
                    execute = self.sqlite(f"p{number}{took_effect:d}")
                    self.leave(statement, "CREATE TABLE a (n int, t text);", execute, took_effect)
                    execute(besides)
                    self.assertIn("may or may not have run", self.run_json("resume", code=4).report["tenants"][0]["error"]["message"])

    def test_servers(self):
        pg, maria = Postgres(), MariaDB()
        self.addCleanup(pg.close)
        self.addCleanup(maria.close)
        for number, (server, statement) in enumerate((
                (pg, "ALTER TABLE a ALTER COLUMN t TYPE varchar(20)"), (pg, "ALTER TABLE a RENAME TO b"),
                (maria, "CREATE VIEW v AS SELECT n FROM a"), (maria, "RENAME TABLE a TO b, b TO c"))):
            for took_effect in (False, True):
                with self.subTest(statement=statement, took_effect=took_effect):
                    name = f"s{number}{took_effect:d}"
                    self.fleet.inventory(server.create(name), scratch={"postgresql": pg.url("postgres"), "mysql": maria.url("")})
                    self.leave(statement, "CREATE TABLE a (n int, t text);", lambda sql: server.sql(name, sql), took_effect)
                    self.run_json("resume")
                    self.assertEqual(server.sql(name, "SELECT n FROM fx"), [["3"]])
                    self.assertEqual(server.versions(name), ["bbbb2222"])


class ThroughAPooler(Pooler):
    def test_in_its_transactions(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id int PRIMARY KEY);", down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", "CREATE TABLE IF NOT EXISTS note (id int PRIMARY KEY, body text);")
        tenants = [dict(t, url=self.pg.url(t["name"], port=self.port)) for t in self.pg.create("p1", "p2", "p3")]
        self.fleet.inventory(tenants, scratch={"postgresql": self.pg.url("postgres")})
        self.run_ok("upgrade", "aaaa1111", "--verify-schema")
        self.pg.sql("p2", "CREATE TABLE note (id int PRIMARY KEY)")
        self.pg.sql("p3", "DROP TABLE task")
        result = self.run_json("upgrade", "--verify-schema=after", "--on-failure", "continue", "--tenant", "p1", "--tenant", "p2", code=1)
        self.assertIn("rolled back at the end", result.tenant("p2")["error"]["message"])
        self.assertEqual((self.pg.versions("p1"), self.pg.versions("p2")), (["bbbb2222"], ["aaaa1111"]))
        result = self.run_json("upgrade", "--verify-schema", "--tenant", "p1", "--tenant", "p3", code=1)
        self.assertIn("table task is missing; it was not changed", result.tenant("p3")["error"]["message"])


if __name__ == "__main__":
    main()
