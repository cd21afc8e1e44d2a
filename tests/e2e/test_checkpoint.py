#!/usr/bin/env python3
"""skein checkpoint: a file that a tenant at base takes instead of all revisions up to one."""
import json
import os
import sqlite3
import contextlib

from harness import FleetCase, MariaDB, Postgres, main

SQL = {
    "aaaa1111": ("CREATE TABLE task (id INTEGER PRIMARY KEY, title VARCHAR(20)); CREATE INDEX ix_title ON task (title);", "DROP TABLE task;"),
    "bbbb2222": ("ALTER TABLE task ADD COLUMN prio INTEGER; CREATE TABLE gone (a INTEGER);", "DROP TABLE gone; ALTER TABLE task DROP COLUMN prio;"),
    "cccc3333": ("DROP TABLE gone; CREATE VIEW urgent AS SELECT id FROM task WHERE prio > 1;", "DROP VIEW urgent; CREATE TABLE gone (a INTEGER);"),
}


class Case(FleetCase):
    def chain(self):
        for id_, (up, down) in SQL.items():
            self.fleet.revision(id_, up, down=down)

    def steps(self, *args, verb="upgrade", code=0):
        report = self.run_json(verb, *args, code=code).report
        return {t["name"]: [(s["revision"], s["direction"]) for s in t["steps"]] for t in report["tenants"]}


class OnSqlite(Case):
    def setUp(self):
        super().setUp()
        self.chain()
        self.tenants = [self.fleet.sqlite(name) for name in ("acme", "globex", "initech")]
        self.fleet.inventory(self.tenants)

    def test_who_is_at_base_takes_it_and_others_do_not(self):
        self.run_ok("upgrade", "aaaa1111", "--tenant", "globex")
        out = self.run_ok("checkpoint", "head").out
        self.assertEqual(os.path.basename(out.strip()), "cccc3333_checkpoint.sql")
        self.assertIn("cccc3333  ", plan := self.run_ok("plan").out)
        self.assertIn("checkpoint", plan)
        self.assertEqual(self.steps("--tenant", "acme", "--tenant", "globex"), {
            "acme": [("cccc3333", "up")], "globex": [("bbbb2222", "up"), ("cccc3333", "up")]})
        self.assertEqual(self.fleet.versions("acme"), ["cccc3333"])
        self.assertEqual(self.fleet.query("acme", "SELECT revision, statements, state FROM skein_history"), [("cccc3333", 3, "applied")])
        self.run_ok("drift", "--tenant", "acme", "--tenant", "globex")
        self.assertEqual(self.steps("--tenant", "acme"), {"acme": []})  # its file was not changed
        self.run_ok("check", "--tenant", "acme")
        self.assertTrue(self.fleet.query("acme", "SELECT checksum FROM skein_history")[0][0].startswith("checkpoint:"))
        os.unlink(out.strip())  # it may go: who came by it is as good as the others
        self.run_ok("check", "--tenant", "acme")
        self.run_ok("checkpoint", "head")
        self.assertIn("cccc3333 (head) (checkpoint)", self.run_ok("history").out)

    def test_commands_about_the_chain_name_its_file(self):
        self.run_ok("checkpoint", "head")
        for command in (("show", "head"), ("heads", "-v"), ("history", "-v")):
            out = self.run_ok(*command).out
            self.assertIn("Rev: cccc3333 (head) (checkpoint)\n", out)
            self.assertIn("cccc3333_checkpoint.sql\n", out.split("Checkpoint: ")[1])
        self.assertIn("cccc3333 (head) (checkpoint)", self.run_ok("heads").out)
        told = json.loads(self.run_ok("history", "-o", "json").out)
        self.assertEqual({rev["revision"]: os.path.basename(rev["checkpoint"] or "") for rev in told},
                         {"aaaa1111": "", "bbbb2222": "", "cccc3333": "cccc3333_checkpoint.sql"})

    def test_json_says_who_takes_it_and_what_it_stands_for(self):
        self.run_ok("upgrade", "aaaa1111", "--tenant", "globex")
        file = path = self.run_ok("checkpoint", "head").out.strip()

        def told(report):
            self.assertEqual(report["chain"]["checkpoints"],
                             [{"revision": "cccc3333", "file": file, "stands_for": ["aaaa1111", "bbbb2222", "cccc3333"]}])
            steps = {t["name"]: [(s["revision"], s.get("checkpoint")) for s in t["steps"]] for t in report["tenants"]}
            self.assertEqual(steps, {"acme": [("cccc3333", file)], "globex": [("bbbb2222", None), ("cccc3333", None)]})
            sql = {s["file"]: s["sections"][0]["sql"] for s in report["sql"] if s["revision"] == "cccc3333"}
            self.assertEqual(len(sql), 2)
            for name in sql:
                self.assertEqual("CREATE TABLE" in sql[name], name == file)
        two = ("--tenant", "acme", "--tenant", "globex", "-v")
        told(self.run_json("plan", *two).report)
        run = self.run_json("upgrade", *two).report
        told(run)
        for _ in range(2):  # the ledger has what the file was, too
            again = json.loads(self.run_ok("report", run["run"]["id"], "-o", "json", "-v").out)
            told(again)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self.assertNotIn("checkpoints", self.run_json("upgrade").report["chain"])

    def test_a_target_below_it_goes_the_long_way_and_one_above_it_goes_on(self):
        self.run_ok("checkpoint", "bbbb2222")
        self.assertEqual(self.steps("aaaa1111", "--tenant", "acme"), {"acme": [("aaaa1111", "up")]})
        self.assertEqual(self.steps("+1", "--tenant", "initech"), {"initech": [("aaaa1111", "up")]})
        self.assertEqual(self.steps("head", "--tenant", "globex"), {"globex": [("bbbb2222", "up"), ("cccc3333", "up")]})
        self.run_ok("upgrade")
        self.run_ok("drift")
        self.run_ok("upgrade", "--verify-schema")

    def test_a_way_back_goes_by_the_revisions(self):
        self.run_ok("checkpoint", "head")
        self.run_ok("upgrade", "--on-failure", "rollback")
        self.assertEqual(self.steps("-1", "--yes", verb="downgrade")["acme"], [("cccc3333", "down")])
        self.assertEqual(self.steps("base", "--yes", verb="downgrade")["acme"], [("bbbb2222", "down"), ("aaaa1111", "down")])
        self.assertEqual(self.fleet.tables("acme"), set())
        self.run_ok("upgrade")
        self.run_ok("rollback", "--yes")
        self.assertEqual((self.fleet.tables("acme"), self.fleet.versions("acme")), (set(), []))

    def test_each_transaction_of_its_own_and_a_script(self):
        self.fleet.inventory(self.tenants, defaults={"transaction": "each"})
        self.run_ok("checkpoint", "bbbb2222")
        self.run_ok("upgrade")
        self.run_ok("drift")
        script = self.run_ok("upgrade", "base:head", "--sql", "--tenant", "acme").out
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.executescript(script)
            self.assertEqual(db.execute("SELECT version_num FROM alembic_version").fetchall(), [("cccc3333",)])

    def test_a_failure_in_it_leaves_base(self):
        self.run_ok("checkpoint", "head")
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/acme.db"))) as db:
            db.executescript("CREATE TABLE urgent (a)")
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        error = result.tenant("acme")["error"]
        self.assertEqual(os.path.basename(error["file"]), "cccc3333_checkpoint.sql")
        self.assertEqual(self.fleet.tables("acme"), {"urgent"})
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/acme.db"))) as db:
            db.executescript("DROP TABLE urgent")
        self.run_ok("resume")
        self.run_ok("drift")

    def test_what_lint_tells_of_its_revision_meets_no_tenant_at_base(self):
        def findings():
            return [(f["rule"], f["revision"]) for f in self.run_json("plan").report["lint"]["findings"]]
        self.run_ok("upgrade", "bbbb2222", "--tenant", "globex")
        self.run_ok("checkpoint", "head")
        self.assertEqual(findings(), [("drop-table", "cccc3333")])  # globex runs the revision's file
        self.run_ok("upgrade", "--tenant", "globex")
        self.assertEqual(findings(), [])

    def test_rows_of_revisions_are_refused(self):
        self.fleet.revision("dddd4444", "INSERT INTO task (title) VALUES ('seed');")
        result = self.run_ok("checkpoint", "head", code=2)
        self.assertIn("up to 'dddd4444' the revisions put rows into table 'task', which a checkpoint would not", result.err)
        self.run_ok("checkpoint", "cccc3333")
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("acme", "SELECT title FROM task"), [("seed",)])

    def test_what_does_not_make_the_same_any_more_is_told_by_check(self):
        path = self.run_ok("checkpoint", "head").out.strip()
        self.run_ok("upgrade")
        self.run_ok("check")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("prio", "priority"))
        result = self.run_ok("check", code=1)
        self.assertIn("the checkpoint of 'cccc3333' does not make what the revisions make", result.err)
        self.assertIn("column task.prio is missing", result.err)

    def test_faults_of_the_file(self):
        self.run_ok("checkpoint", "head")
        self.assertIn("delete that file first", self.run_ok("checkpoint", "head", code=2).err)
        self.assertIn("can't locate", self.run_ok("checkpoint", "nosuch", code=2).err.lower())
        for text, words in (("-- Checkpoint: nosuch\n\n-- migrate:up\n", "there is no revision 'nosuch'"),
                            ("-- Checkpoint: cccc3333\n\n-- migrate:up\n", "has a checkpoint in"),
                            ("-- Checkpoint: aaaa1111\n-- Revises: bbbb2222\n\n-- migrate:up\n", "no place of its own"),
                            ("-- Checkpoint: aaaa1111\n\n-- migrate:up\n-- migrate:down\n", "no '-- migrate:down' section")):
            self.fleet.write("versions/zz.sql", text)
            self.assertIn(words, self.run_ok("upgrade", code=2).err)
        self.fleet.write("versions/zz.sql", "-- Checkpoint: aaaa1111\n\n-- migrate:up\n")
        self.assertIn("nothing lies under revision 'aaaa1111'", self.run_ok("upgrade", code=2).err)
        self.fleet.write("versions/zz.sql", "-- Checkpoint: bbbb2222\n\n-- migrate:up dialect:postgresql\nSELECT 1;\n")
        self.assertIn("has no section for sqlite", self.run_ok("upgrade", code=2).err)


class Branches(Case):
    def test_of_one_branch(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (x);", revises="")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (x);")
        self.fleet.revision("cccc3333", "CREATE TABLE c (x);", revises="aaaa1111")
        self.fleet.revision("dddd4444", "CREATE TABLE d (x);", revises="", header="-- Depends On: bbbb2222")
        self.fleet.inventory([self.fleet.sqlite(name) for name in ("acme", "globex")])
        self.run_ok("checkpoint", "dddd4444")
        self.run_ok("upgrade", "dddd4444", "--tenant", "acme")
        self.assertEqual(self.fleet.versions("acme"), ["dddd4444"])
        self.run_ok("upgrade", "heads")
        self.assertEqual(self.fleet.versions("globex"), self.fleet.versions("acme"))
        self.assertEqual(self.fleet.tables("globex"), {"a", "b", "c", "d"})
        self.run_ok("drift")


class OnServers(Case):
    def test_postgresql_and_mariadb(self):
        pg, maria = Postgres(), MariaDB()
        self.addCleanup(pg.close)
        self.addCleanup(maria.close)
        self.chain()
        pg.create("pool")
        tenants = pg.create("p1") + maria.create("m1") + [{"name": "s1", "url": pg.url("pool"), "schema": "s1", "create": True}]
        for some in (tenants[:2], tenants[2:]):
            self.fleet.inventory(some, scratch={"postgresql": pg.url("postgres"), "mysql": maria.url("")})
            path = self.run_ok("checkpoint", "head").out.strip()
            for steps in self.steps().values():
                self.assertEqual(steps, [("cccc3333", "up")])
            self.run_ok("drift")
            self.run_ok("check")
            self.assertEqual(self.steps("aaaa1111", "--yes", verb="downgrade")[some[0]["name"]], [("cccc3333", "down"), ("bbbb2222", "down")])
            self.assertEqual(self.steps()[some[0]["name"]], [("bbbb2222", "up"), ("cccc3333", "up")])  # it is not at base
            self.assertEqual(len(self.steps("base", "--yes", verb="downgrade")[some[0]["name"]]), 3)
            for tenant in some[:2]:
                script = self.run_ok("upgrade", "base:head", "--sql", "--tenant", tenant["name"]).out
                self.assertIn("'checkpoint:", script)
                server, database = (maria, "m1") if tenant["name"] == "m1" else (pg, tenant["url"].rsplit("/", 1)[1])
                server.sql(database, script)
            self.assertEqual(self.steps(), {tenant["name"]: [] for tenant in some})
            self.run_ok("drift")
            os.unlink(path)
        self.assertEqual(pg.versions("p1"), ["cccc3333"])
        self.sql_that_holds_a_password(pg)
        self.half_way(maria)

    def sql_that_holds_a_password(self, pg):
        pg.create("secret")
        url = pg.url("secret").replace("@", ":s3cretword@", 1)
        self.fleet.inventory([{"name": "secret", "url": url}], scratch={"postgresql": pg.url("postgres")})
        path = self.run_ok("checkpoint", "head").out.strip()
        with open(path, "a") as file:
            file.write("-- s3cretword\n")
        report = self.run_json("upgrade", "-v", "-o", "html=" + self.fleet.path("r.html")).report
        self.assertEqual([(s["file"], s["sections"]) for s in report["sql"]], [(path, None)])
        self.assertNotIn("s3cretword", self.run_ok("report", report["run"]["id"], "-o", "json", "-v").out)
        self.assertNotIn(b"s3cretword", self.fleet.read("r.html"))
        os.unlink(path)

    def half_way(self, maria):
        """No transaction takes it back there: it goes on after the last statement that finished."""
        self.fleet.inventory(maria.create("h1"), scratch={"mysql": maria.url("")})
        path = self.run_ok("checkpoint", "head").out.strip()
        maria.sql("h1", "CREATE TABLE urgent (a INT)")
        self.steps(code=4)
        self.assertEqual((maria.versions("h1"), maria.tables("h1")), ([], {"task", "urgent"}))
        maria.sql("h1", "DROP TABLE urgent")
        os.rename(path, path + ".away")
        error = self.run_json("resume", code=4).tenant("h1")["error"]
        self.assertIn("put the 'Revises' or the checkpoint of 'cccc3333' back", error["message"])
        os.rename(path + ".away", path)
        self.assertEqual(self.steps(verb="resume"), {"h1": [("cccc3333", "up")]})
        self.run_ok("drift")


if __name__ == "__main__":
    main()
