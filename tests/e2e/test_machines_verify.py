#!/usr/bin/env python3
"""--verify-schema, and a resume that compares what tenants hold, in runs that several machines share: what tenants are held to is learnt by
the machine that begins the run, and the others have it from the ledger."""
import contextlib
import json
import os
import shutil
import sqlite3

from harness import main, wait_until
from test_machines import MachinesCase

TWO = {"labels": ["reachable_from=two"]}


class VerifyCase(MachinesCase):
    """Tenants stand at aaaa1111, and bbbb2222 makes nothing of one that has a table of that name already."""
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT);", down="DROP TABLE task;")
        self.tenants, self.verify = [], ["--verify-schema"]

    def add_second(self, **keys):
        self.fleet.revision("bbbb2222", "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, body TEXT);", down="DROP TABLE note;", **keys)
        os.makedirs(self.fleet.path("there"))
        shutil.copytree(self.fleet.path("versions"), self.fleet.path("there", "versions"))

    def add_files(self, *names, **keys):
        for name in names:
            self.tenants.append({**self.fleet.sqlite(name), "url": f"sqlite:///{self.fleet.path('data', name + '.db')}", **keys})

    def add_databases(self, *names, **keys):
        self.tenants += [{**tenant, **keys} for tenant in self.pg.create(*names)]

    def place(self, rollout=None, waits=True, **keys):
        wait = ["sh", "-c", f"until [ -e {self.fleet.path('go')} ]; do sleep 0.05; done"]
        rollout = {"on_failure": "continue", **(rollout or {}), **({"gates": {"before_run": wait}} if waits else {})}
        self.fleet.inventory(self.tenants, ledger=self.pg.url(self.database), scratch={"postgresql": self.pg.url("postgres")},
                             rollout=rollout, **keys)

    def execute(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
            db.executescript(sql)

    def told(self, *args, **options):
        """A machine that has the chain, and neither an inventory nor a scratch database."""
        return self.machine("work", "--ledger", self.pg.url(self.database), "--as", "two", "--wait", "60s", *args, inventory="there", **options)

    def wait_for_two(self):
        self.wait_for("SELECT count(*) FROM machines WHERE name = 'two' AND run IN (SELECT seq FROM runs WHERE state = 0)", "machine two")

    def errors(self):
        report = self.run_ok("report", "-o", "json").report
        return {tenant["name"]: (tenant.get("error") or {}).get("message") for tenant in report["tenants"]}


class Verify(VerifyCase):
    def test_a_told_machine_holds_its_tenants_to_what_the_first_has_learnt(self):
        self.add_files("good", "before", "after", **TWO)
        self.add_databases("v1good", "v1after", **TWO)
        self.add_files("mine")
        self.place(waits=False)
        self.run_ok("upgrade", "--as", "two")
        self.add_second()
        self.execute("before", "CREATE INDEX ix_x ON task (title)")
        for name in ("after", "mine"):
            self.execute(name, "CREATE TABLE note (id INTEGER PRIMARY KEY)")
        self.pg.sql("v1after", "CREATE TABLE note (id int PRIMARY KEY)")
        self.place()
        for mode in ("after", "both"):
            with self.subTest(mode):
                first = self.begin("--verify-schema=" + mode, "--as", "one")
                second = self.told()
                self.wait_for_two()
                self.assertGreater(self.number("SELECT count(*) FROM expectations"), 2)
                self.fleet.write("go", "")
                self.end(first, 1)
                _, err = self.end(second, 1)
                self.assertIn("joining run", err)
                self.assertEqual(self.number("SELECT count(*) FROM expectations"), 0)
                errors = self.errors()
                self.assertEqual(errors["v1after"], "rolled back at the end: it does not hold what the chain makes up to 'bbbb2222': "
                                                    "column note.body is missing" if mode == "after" else
                                                    "it does not hold what the chain makes up to 'aaaa1111': table note is extra; it was not changed")
                self.assertIn("column note.body is missing" if mode == "after" else "table note is extra", errors["mine"])
                self.assertIn("index task.ix_x is extra", errors["before"])
                self.assertEqual([errors["good"], errors["v1good"]], [None, None])
                self.assertEqual(self.fleet.versions("good") + self.pg.versions("v1good"), ["bbbb2222"] * 2)
                self.assertEqual(self.fleet.versions("after") + self.pg.versions("v1after"), ["aaaa1111"] * 2)
                os.unlink(self.fleet.path("go"))

    def test_what_no_skein_tells_and_what_another_release_compares_is_refused(self):
        self.add_files("f")
        self.add_second()
        self.place()
        first = self.begin("--verify-schema=before")
        self.assertEqual(self.ledger("SELECT split_part(item, E'\\t', 1) FROM expectations ORDER BY n"), [["rules"], ["place"]])
        refused = lambda: self.fleet.run("work", "--ledger", self.pg.url(self.database), inventory="there")
        for change, words in (("replace(item, E'rules\\t', E'rules\\t9')", "compares schemas as another release of skein does"),
                              ("replace(item, 'place', 'nonsense')", "is nothing that skein tells: something else wrote to the ledger"),
                              ("replace(item, 'sqlite', 'oracle')", "is nothing that skein tells")):
            with self.subTest(change):
                self.ledger("CREATE TABLE kept AS SELECT * FROM expectations; UPDATE expectations SET item = " + change)
                result = refused()
                self.assertEqual(result.code, 2)
                self.assertIn(words, result.err)
                self.ledger("TRUNCATE expectations; INSERT INTO expectations SELECT * FROM kept; DROP TABLE kept")
        self.fleet.write("go", "")
        self.end(first)

    def test_a_machine_with_an_inventory_goes_by_the_runs_rules(self):
        """What is compared is the run's, on whichever machine."""
        self.add_files("a", **TWO)
        self.add_files("b")
        self.place(waits=False)
        self.run_ok("upgrade", "--as", "two")
        self.add_second()
        for name in ("a", "b"):
            self.execute(name, "CREATE TABLE audit_x (id INTEGER)")
        self.place(drift={"ignore": ["table audit_*"]})
        first = self.begin("--verify-schema", "--as", "one")
        here = json.loads(self.fleet.read("skein.yaml"))
        self.fleet.write("there/skein.yaml", json.dumps({key: here[key] for key in here if key != "drift"}))
        second = self.machine("work", "--as", "two", "--wait", "60s", inventory="there")
        self.wait_for_two()
        self.fleet.write("go", "")
        self.end(first)
        self.end(second)
        self.assertEqual(self.fleet.versions("a") + self.fleet.versions("b"), ["bbbb2222"] * 2)


class Killed(VerifyCase):
    """kill -9 of a machine in the middle: another one, which only has the chain, ends the run."""

    def prepare(self, *names):
        self.add_databases(*names)
        self.place(waits=False)
        self.run_ok("upgrade")
        self.add_second()

    def begin_both(self, mode):
        first = self.begin("--verify-schema=" + mode, "--as", "one")
        self.wait_for("SELECT count(*) FROM expectations", "the run")
        second = self.told()
        self.wait_for_two()
        return first, second

    def test_between_two_revisions(self):
        """The tenant stands where the dry run before has not seen it."""
        for mode in ("before", "after", "both"):
            with self.subTest(mode):
                self.tenants = []
                name = "k1" + mode
                self.add_databases(name)
                self.place(waits=False, defaults={"transaction": "each"})
                self.run_ok("upgrade", "aaaa1111")
                if mode == "before":
                    self.add_second()
                    self.fleet.revision("cccc3333", "SELECT pg_sleep(3); CREATE TABLE third (n int);")
                    shutil.copytree(self.fleet.path("versions"), self.fleet.path("there", "versions"), dirs_exist_ok=True)
                first, second = self.begin_both(mode)
                self.wait_for_version(name, "bbbb2222")
                first.kill()
                _, err = self.end(second)
                self.assertIn("is taken over from a machine that is gone", err)
                self.assertEqual(self.pg.versions(name), ["cccc3333"])
                self.assertEqual(self.pg.sql(name, "SELECT count(*) FROM skein_history WHERE direction = 'up'"), [["3"]])

    def wait_for_version(self, name, version):
        wait_until(lambda: self.pg.versions(name) == [version], 30, version)

    def test_while_it_compares(self):
        """Before the change and, of one that differs, after it: nothing of it stands."""
        self.prepare("k2a", "k2b", "k2c")
        self.pg.sql("k2b", "CREATE TABLE note (id int PRIMARY KEY)")
        with contextlib.ExitStack() as held:
            for name in ("k2a", "k2b", "k2c"):  # only who reads comments waits
                held.enter_context(self.pg.session(name, "BEGIN; LOCK TABLE pg_catalog.pg_description IN ACCESS EXCLUSIVE MODE;"))
            first, second = self.begin_both("after")
            self.wait_for("SELECT count(*) > 0 FROM claims JOIN machines ON machines.id = machine WHERE claims.state = 1 AND name = 'one'", "a claim")
            self.wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname LIKE 'k2%'", "a comparison")
            first.kill()
        self.end(second, 1)
        self.assertEqual([self.pg.versions(name) for name in ("k2a", "k2b", "k2c")], [["bbbb2222"], ["aaaa1111"], ["bbbb2222"]])
        self.assertIn("column note.body is missing", self.errors()["k2b"])
        self.assertEqual(self.pg.sql("k2a", "SELECT count(*) FROM skein_history WHERE direction = 'up'"), [["2"]])


class InDoubt(VerifyCase):
    """A statement outside a transaction that was under way when its run died: a resume compares, on whichever machine."""

    def leave(self, name, took_effect, execute):
        execute("CREATE TABLE fx (n int); INSERT INTO skein_history (id, run_id, revision, direction, checksum, statements, duration_ms, "
                "applied_at, state) VALUES (2, 'dead', 'bbbb2222', 'up', '', 1, 0, CURRENT_TIMESTAMP, 'running');"
                + ("ALTER TABLE task RENAME COLUMN title TO label;" if took_effect else ""))

    def test_a_told_machine_decides_what_the_first_has_learnt(self):
        self.add_files("d0", "d1", **TWO)
        self.add_databases("dp0", "dp1", **TWO)
        self.place(waits=False)
        self.run_ok("upgrade", "--as", "two")
        self.add_second_in_parts()
        self.place(waits=False)
        for name in ("d0", "d1"):
            self.leave(name, name == "d1", lambda sql: self.execute(name, sql))
        for name in ("dp0", "dp1"):
            self.leave(name, name == "dp1", lambda sql: self.pg.sql(name, sql))
        states = {tenant["state"] for tenant in self.run_json("upgrade", "--as", "two", code=4).report["tenants"]}
        self.assertEqual(states, {"partial"})
        self.place()
        first = self.machine("resume", "--as", "one")
        second = self.told()
        self.wait_for_two()
        self.assertEqual(self.ledger("SELECT verifies FROM courses ORDER BY run DESC LIMIT 1"), [["0"]])
        self.fleet.write("go", "")
        self.end(first)
        self.end(second)
        for name in ("d0", "d1"):
            self.assertEqual(self.fleet.query(name, "SELECT n FROM fx"), [(3,)])
            self.assertEqual(self.fleet.query(name, "SELECT name FROM pragma_table_info('task')"), [("id",), ("label",)])
        for name in ("dp0", "dp1"):
            self.assertEqual(self.pg.sql(name, "SELECT n FROM fx"), [["3"]])
            self.assertEqual(self.pg.versions(name), ["bbbb2222"])

    def add_second_in_parts(self):
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nCREATE TABLE fx (n int);\n"
                                        "ALTER TABLE task RENAME COLUMN title TO label;\nINSERT INTO fx VALUES (3);\n")
        os.makedirs(self.fleet.path("there"))
        shutil.copytree(self.fleet.path("versions"), self.fleet.path("there", "versions"))


if __name__ == "__main__":
    main()
