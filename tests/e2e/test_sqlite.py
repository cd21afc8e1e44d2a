"""The main job on SQLite: real files, the real binary."""
import contextlib
import fcntl
import json
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time

from harness import SKEIN, FleetCase, main, press, wait_until


class MainJob(FleetCase):
    def make_chain(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER PRIMARY KEY);", "DROP TABLE b;")
        self.fleet.revision("cccc3333", "CREATE TABLE c (id INTEGER PRIMARY KEY);", "DROP TABLE c;")

    def make_fleet(self, count=3, **keys):
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(count)], **keys)

    def test_brings_every_tenant_to_head_from_wherever_it_stands(self):
        self.make_chain()
        self.make_fleet()
        self.run_ok("upgrade", "bbbb", "--tenant", "t1")
        self.run_ok("upgrade", "--tenant", "t2")
        result = self.run_json("upgrade")
        self.assertEqual(result.tenant("t0")["from"], [])
        self.assertEqual(result.tenant("t1")["from"], ["bbbb2222"])
        self.assertEqual(result.tenant("t2")["state"], "unchanged")
        self.assertEqual([s["revision"] for s in result.tenant("t1")["steps"]], ["cccc3333"])
        for name in ("t0", "t1", "t2"):
            self.assertEqual(self.fleet.versions(name), ["cccc3333"])
            self.assertEqual(self.fleet.tables(name), {"a", "b", "c"})

    def test_a_second_run_changes_nothing(self):
        self.make_chain()
        self.make_fleet()
        self.run_ok("upgrade")
        before = [self.fleet.read(f"data/t{i}.db") for i in range(3)]
        self.assertEqual(self.run_json("upgrade").report["totals"]["unchanged"], 3)
        after = [self.fleet.read(f"data/t{i}.db") for i in range(3)]
        self.assertEqual(before, after)

    def test_history_tells_what_was_applied_and_with_which_bytes(self):
        import hashlib
        self.make_chain()
        self.make_fleet(1)
        run = self.run_json("upgrade").report["run"]["id"]
        rows = self.fleet.query("t0", "SELECT run_id, revision, direction, checksum, statements, state "
                                      "FROM skein_history ORDER BY id")
        text = self.fleet.read("versions/aaaa1111.sql")
        self.assertEqual(rows[0], (run, "aaaa1111", "up", hashlib.sha256(text).hexdigest(), 1,
                                   "applied"))
        self.assertEqual([row[1] for row in rows], ["aaaa1111", "bbbb2222", "cccc3333"])

    def test_indexes_and_columns_may_be_made_of_json(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (d TEXT, x AS (json_extract(d, '$.x')));\n"
                                        "CREATE INDEX i ON a (json_extract(d, '$.y'));")
        self.fleet.revision("bbbb2222", "INSERT INTO a (d) VALUES ('{\"x\": 7}');")
        self.make_fleet(1)
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("t0", "SELECT x FROM a"), [(7,)])

    def test_relative_and_partial_targets(self):
        self.make_chain()
        self.make_fleet(1)
        self.run_ok("upgrade", "+1")
        self.assertEqual(self.fleet.versions("t0"), ["aaaa1111"])
        self.run_ok("upgrade", "aaaa+1")
        self.assertEqual(self.fleet.versions("t0"), ["bbbb2222"])
        self.run_ok("upgrade", "+1")
        self.run_ok("downgrade", "-1")
        self.assertEqual(self.fleet.versions("t0"), ["bbbb2222"])
        self.run_ok("downgrade", "base")
        self.assertEqual(self.fleet.versions("t0"), [])
        self.assertEqual(self.fleet.tables("t0"), set())

    def test_plan_and_current_change_nothing(self):
        self.make_chain()
        self.make_fleet(1)
        before = self.fleet.read("data/t0.db")
        plan = self.run_json("plan")
        self.assertTrue(plan.report["run"]["dry_run"])
        self.assertEqual([s["revision"] for s in plan.tenant("t0")["steps"]],
                         ["aaaa1111", "bbbb2222", "cccc3333"])
        self.run_ok("current")
        self.assertEqual(self.run_ok("current", "--check-heads", code=1).code, 1)
        self.assertEqual(self.fleet.read("data/t0.db"), before)

    def test_stamp_runs_nothing(self):
        self.make_chain()
        self.make_fleet(1)
        self.run_ok("stamp", "--force", "head")
        self.assertEqual(self.fleet.versions("t0"), ["cccc3333"])
        self.assertEqual(self.fleet.tables("t0"), set())
        self.run_ok("stamp", "base")
        self.assertEqual(self.fleet.versions("t0"), [])

    def test_branches_and_merges(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id);", "DROP TABLE b;")
        self.fleet.revision("cccc3333", "CREATE TABLE c (id);", "DROP TABLE c;", revises="aaaa1111",
                            header="-- Branch Labels: billing\n")
        self.make_fleet(1)
        refused = self.run_ok("upgrade", code=2)
        self.assertIn("multiple head", refused.err)
        self.run_ok("upgrade", "heads")
        self.assertEqual(self.fleet.versions("t0"), ["bbbb2222", "cccc3333"])
        self.fleet.revision("dddd4444", "SELECT 1;", "SELECT 1;", revises="bbbb2222, cccc3333")
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("t0"), ["dddd4444"])
        self.run_ok("downgrade", "billing@aaaa1111")
        self.assertEqual(self.fleet.versions("t0"), ["bbbb2222"])
        self.assertEqual(self.fleet.tables("t0"), {"a", "b"})

    def test_create_makes_the_database_and_otherwise_nothing_does(self):
        self.make_chain()
        self.fleet.inventory([{"name": "new", "url": "sqlite:///data/new.db", "create": "true"},
                              {"name": "typo", "url": "sqlite:///data/typo.db"}])
        os.mkdir(self.fleet.path("data"))
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        self.assertEqual(result.tenant("new")["state"], "succeeded")
        self.assertEqual(result.tenant("typo")["error"]["class"], "connect")
        self.assertFalse(os.path.exists(self.fleet.path("data/typo.db")))

    def test_a_database_that_was_made_for_nothing_goes_again(self):
        self.fleet.revision("aaaa1111", "CREATE TABEL a (id);")
        os.mkdir(self.fleet.path("data"))
        self.fleet.inventory([{"name": "new", "url": "sqlite:///data/new.db", "create": "true"}])
        self.run_ok("upgrade", code=1)
        self.assertEqual(os.listdir(self.fleet.path("data")), [])

    def test_selection(self):
        self.make_chain()
        tenants = [self.fleet.sqlite(n) for n in ("a", "b", "c")]
        tenants[0]["labels"] = ["tier=canary"]
        self.fleet.inventory(tenants)
        self.run_ok("upgrade", "--select", "tier=canary")
        self.assertEqual(self.fleet.versions("a"), ["cccc3333"])
        self.assertEqual(self.run_json("plan", "--select", "tier!=canary").report["totals"]["tenants"],
                         2)
        self.assertEqual(self.run_ok("upgrade", "--tenant", "nobody", code=2).out, "")

    def test_glob_sources_find_tenants(self):
        self.make_chain()
        self.fleet.sqlite("x")
        self.fleet.sqlite("y")
        self.fleet.write("skein.yaml", "sources:\n  - glob: data/*.db\n    labels: [tier=free]\n")
        result = self.run_json("upgrade", "--select", "tier=free")
        self.assertEqual({t["name"] for t in result.report["tenants"]}, {"x", "y"})

    def test_what_sqlite_takes_for_more_than_a_path_is_a_file(self):
        """Relative to the inventory's folder, where the path has nothing in front of it."""
        self.make_chain()
        names = (":memory:", "file:x.db", "file:y?mode=memory.db")
        for name in names:
            self.fleet.write(name, "")
        self.fleet.write("skein.yaml", "sources:\n  - glob: '*:*'\n")
        done = subprocess.run([os.path.abspath(SKEIN), "upgrade"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=self.fleet.dir)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        for name in names:
            self.assertEqual(self.fleet.read(name)[:6], b"SQLite", name)

    def test_query_sources_ask_a_control_database(self):
        self.make_chain()
        self.fleet.sqlite("x")
        self.fleet.sqlite("control", """CREATE TABLE tenants (name, url, region);
            INSERT INTO tenants VALUES ('x', 'sqlite:///data/x.db', 'eu');""")
        self.fleet.write("skein.yaml", "sources:\n"
                         "  - query: SELECT name, url, region FROM tenants\n"
                         "    url: sqlite:///data/control.db\n")
        result = self.run_json("upgrade", "--select", "region=eu")
        self.assertEqual(result.tenant("x")["state"], "succeeded")

    def control(self, rows="", query="SELECT name, url FROM tenants", **keys):
        os.makedirs(self.fleet.path("data"), exist_ok=True)
        path = self.fleet.path("control.db")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.executescript(f"CREATE TABLE tenants (name, url); {rows}")
        self.fleet.inventory([], sources=[{"query": query, "url": "sqlite:///control.db", **keys}])

    def row(self, url):
        return f"INSERT INTO tenants VALUES ('x', '{url}');"

    def test_rows_make_files_only_where_they_may(self):
        self.make_chain()
        os.makedirs(self.fleet.path("data", "in", "deep"))
        os.makedirs(self.fleet.path("other"))
        os.symlink("../other", self.fleet.path("data", "out"))
        os.symlink("../other/x.db", self.fleet.path("data", "dangling.db"))
        os.symlink("in", self.fleet.path("data", "within"))
        outside = ["sqlite:///data/../x.db", "sqlite:///x.db", "sqlite:///data/out/x.db", "sqlite:///data/dangling.db",
                   f"sqlite:///{self.fleet.path('x.db')}", "sqlite:////tmp/skein-x.db", "sqlite:///data/in/../../x.db",
                   "sqlite:///database/x.db", "sqlite:///file:x.db", "sqlite:///data/nowhere/x.db"]
        for url in outside:
            with self.subTest(url):
                self.control(self.row(url), create="true", under="data")
                result = self.run_ok("upgrade", code=2)
                self.assertIn("its file is not in the folder that 'under' names", result.err)
        self.assertFalse(os.path.exists("/tmp/skein-x.db"))
        self.assertEqual(os.listdir(self.fleet.path("other")), [])
        for keys in ({"create": "true"}, {}):
            self.control(self.row("sqlite:///data/x.db"), **keys)
            result = self.run_json("upgrade", code=1) if not keys else self.run_ok("upgrade", code=2)
        self.control(self.row("sqlite:///data/x.db"))
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        self.fleet.write("skein.yaml", json.dumps({**inventory, "defaults": {"create": "true"}}))
        self.assertIn("with 'under' in the source", self.run_ok("upgrade", code=2).err)
        for url in ("sqlite:///data/a.db", "sqlite:///data/in/deep/a.db", "sqlite:///data/within/b.db",
                    f"sqlite:///{self.fleet.path('data', 'c.db')}", "sqlite:///data/in/../d.db"):
            for under in ("data", "data/", "./data", self.fleet.path("data")):
                with self.subTest(url=url, under=under):
                    self.control(self.row(url), create="true", under=under)
                    self.run_ok("upgrade")

    def test_a_query_only_reads(self):
        self.make_chain()
        for query in ("DELETE FROM tenants RETURNING 'x' AS name, 'y' AS url",
                      "INSERT INTO tenants VALUES ('a', 'b') RETURNING *",
                      "VACUUM INTO 'copy.db'", "ATTACH 'other.db' AS other", "CREATE TABLE b (n)",
                      "PRAGMA user_version = 7"):
            with self.subTest(query):
                self.control(self.row("sqlite:///data/x.db"), query)
                before = self.fleet.read("control.db")
                self.fleet.run("tenants", cwd=self.fleet.dir)
                self.assertEqual(self.fleet.read("control.db"), before)
                self.assertFalse(os.path.exists(self.fleet.path("copy.db")))
                self.assertFalse(os.path.exists(self.fleet.path("other.db")))
        self.control("", "SELECT 1; SELECT 2")
        self.assertIn("it must be one statement, not 2", self.run_ok("tenants", code=2).err)

    def test_a_query_has_limits(self):
        self.make_chain()
        forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
        for query, why in ((forever + "count(*) FROM n", "took longer than statement_timeout"),
                           (forever + "'t' || i AS name, 'sqlite:///x' || i AS url FROM n", "more than 250000 rows"),
                           (forever + "hex(zeroblob(500000)) AS name, 'x' AS url FROM n", "more than 64 MiB")):
            with self.subTest(query):
                self.control("", query, statement_timeout="10s" if "more" in why else "200ms")
                self.assertIn(why, self.run_ok("tenants", code=2).err)


class Verify(FleetCase):
    """`-- verify:` queries: in the revision's transaction, and they must return a row."""

    def test_a_row_lets_it_pass(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\n-- verify: SELECT 1 WHERE EXISTS (SELECT 1 FROM "
                            "pragma_table_info('a'))\nINSERT INTO a VALUES (1)\n-- verify: SELECT n FROM a;\n")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_json("upgrade")

    def test_none_fails_the_revision_and_leaves_nothing(self):
        path = self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\n-- verify: SELECT n FROM a;\n")
        self.fleet.inventory([self.fleet.sqlite("t")])
        error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertEqual((error["class"], error["revision"], error["statement"]), ("sql", "aaaa1111", "SELECT n FROM a"))
        with open(path) as file:
            self.assertIn("verify", file.read().split("\n")[error["line"] - 1])
        self.assertEqual(self.fleet.tables("t"), set())

    def test_a_section_may_hold_nothing_else(self):
        self.fleet.inventory([self.fleet.sqlite("t", "CREATE TABLE a (n)")])
        for up in ("-- migrate:up\n-- verify: SELECT n FROM a\n",
                   "-- migrate:up transaction:false\n-- verify: SELECT n FROM a\n"):
            self.fleet.last = ""
            self.fleet.revision("aaaa1111", up)
            error = self.run_json("upgrade", code=1).tenant("t")["error"]
            self.assertEqual(error["statement"], "SELECT n FROM a")
        with sqlite3.connect(self.fleet.path("data/t.db")) as db:
            db.execute("INSERT INTO a VALUES (1)")
        self.assertEqual(self.run_json("upgrade").tenant("t")["state"], "succeeded")

    def test_in_a_script(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\n-- verify: SELECT n FROM a\n")
        self.fleet.inventory([self.fleet.sqlite("t")])
        script = self.run_ok("upgrade", "head", "--sql").out
        for has_row, code in ((False, 1), (True, 0)):
            text = script.replace("CREATE TABLE a (n);", "CREATE TABLE a (n); INSERT INTO a VALUES (1);" if has_row else
                                  "CREATE TABLE a (n);")
            done = subprocess.run(["sqlite3", "-bail", ":memory:"], input=text.encode(), capture_output=True)
            self.assertEqual(done.returncode, code, done.stderr)

    def test_only_between_statements(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\nINSERT INTO a VALUES ('\n-- verify: SELECT nosuch\n');")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_json("upgrade")

    def test_more_than_a_query_is_a_fault(self):
        for text in ("SELECT 1; SELECT 2", "", "COMMIT"):
            self.fleet.last = ""
            self.fleet.revision("aaaa1111", f"CREATE TABLE a (n);\n-- verify: {text}\n")
            self.fleet.inventory([self.fleet.sqlite("t")])
            self.assertIn("aaaa1111.sql:8: ", self.run_ok("upgrade", code=2).err)

    def test_outside_a_transaction_it_is_asked_again(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\n-- verify: SELECT n FROM a\n", options=" transaction:false")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.assertEqual(self.run_json("upgrade", code=4).tenant("t")["state"], "partial")
        self.assertEqual(self.run_json("upgrade", code=4).tenant("t")["state"], "partial")
        with sqlite3.connect(self.fleet.path("data/t.db")) as db:
            db.execute("INSERT INTO a VALUES (1)")
        self.assertEqual(self.run_json("upgrade").tenant("t")["state"], "succeeded")


class Failure(FleetCase):
    def test_a_failed_tenant_stands_where_it_stood_and_the_report_says_why(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id);\nINSERT INTO b VALUES (1);\n\n"
                                        "INSERT INTO nowhere VALUES (1);\nCREATE TABLE d (id);")
        bad = self.fleet.sqlite("bad")
        good = self.fleet.sqlite("good", "CREATE TABLE nowhere (id)")
        self.fleet.inventory([bad, good])
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        error = result.tenant("bad")["error"]
        self.assertEqual((error["class"], error["revision"], error["line"]), ("sql", "bbbb2222", 10))
        self.assertIn("no such table: nowhere", error["message"])
        self.assertTrue(error["file"].endswith("versions/bbbb2222.sql"))
        self.assertEqual(error["statement"], "INSERT INTO nowhere VALUES (1);")
        self.assertEqual(self.fleet.tables("bad"), set())
        self.assertEqual(result.tenant("bad")["to"], [])
        self.assertEqual(self.fleet.versions("good"), ["bbbb2222"])
        text = self.run_ok("upgrade", "--tenant", "bad", code=1).out
        self.assertIn("versions/bbbb2222.sql:10", text)
        self.assertIn("INSERT INTO nowhere VALUES (1);", text)

    def test_transaction_each_keeps_what_was_committed(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.revision("bbbb2222", "SELECT * FROM nowhere;")
        self.fleet.inventory([self.fleet.sqlite("t")], defaults={"transaction": "each"})
        result = self.run_json("upgrade", code=1)
        self.assertEqual(result.tenant("t")["to"], ["aaaa1111"])
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_stop_begins_nothing_more(self):
        self.fleet.revision("aaaa1111", "SELECT * FROM nowhere;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(20)])
        result = self.run_json("upgrade", "--parallel", "1", code=1)
        self.assertEqual(result.report["totals"]["failed"], 1)
        self.assertEqual(result.report["totals"]["skipped"], 19)
        self.assertEqual(result.report["run"]["state"], "halted")
        tolerated = self.run_json("upgrade", "--parallel", "1", "--max-failures", "10%", code=1)
        self.assertEqual(tolerated.report["totals"]["failed"], 3)

    def test_a_revision_may_not_end_the_transaction(self):
        for sql in ("CREATE TABLE a (id); COMMIT;", "ROLLBACK;", "BEGIN; SELECT 1;",
                    "SELECT 1; END TRANSACTION;"):
            self.fleet.last = ""
            self.fleet.revision("aaaa1111", sql)
            self.fleet.inventory([self.fleet.sqlite("t")])
            refused = self.run_ok("upgrade", code=2)
            self.assertIn("versions/aaaa1111.sql:", refused.err)
            self.assertEqual(self.fleet.tables("t"), set())

    def test_savepoints_are_fine(self):
        self.fleet.revision("aaaa1111", "SAVEPOINT s; CREATE TABLE a (id); ROLLBACK TO s; "
                                        "CREATE TABLE b (id); RELEASE s;")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.tables("t"), {"b"})

    def test_attach_is_refused(self):
        self.fleet.revision("aaaa1111", f"ATTACH '{self.fleet.path('out.db')}' AS other;")
        self.fleet.inventory([self.fleet.sqlite("t")])
        result = self.run_json("upgrade", code=1)
        self.assertIn("attach", result.tenant("t")["error"]["message"])
        self.assertFalse(os.path.exists(self.fleet.path("out.db")))

    def test_irreversible_is_told_before_anything_starts(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id);", "DROP TABLE b;")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("upgrade")
        refused = self.run_ok("downgrade", "base", code=2)
        self.assertIn("irreversible", refused.err)
        self.assertEqual(self.fleet.versions("t"), ["bbbb2222"])

    def test_a_way_back_for_another_dialect_is_none(self):
        self.fleet.write("versions/aaaa1111.sql", "-- Revision ID: aaaa1111\n-- migrate:up\nCREATE TABLE a (id);\n"
                         "-- migrate:down dialect:postgresql\nDROP TABLE a;\n")
        self.fleet.inventory([self.fleet.sqlite("t")])
        for args in (("upgrade", "--on-failure", "rollback"), ("upgrade",), ("downgrade", "base")):
            result = self.run_ok(*args, code=0 if len(args) == 1 else 2)
            self.assertEqual("no down section for sqlite" in result.err, len(args) > 1)
            self.assertEqual(self.fleet.tables("t"), set() if args[-1] == "rollback" else {"a"})

    def test_an_edited_file_is_drift_until_a_stamp_vouches_for_it(self):
        path = self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("upgrade")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id);")
        with open(path, "a") as file:
            file.write("-- edited\n")
        error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertEqual(error["class"], "drift")
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])
        self.run_ok("stamp", "aaaa1111")
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("t"), ["bbbb2222"])

    def test_line_endings_alone_are_told(self):
        path = self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("upgrade")
        text = self.fleet.read("versions/aaaa1111.sql")
        self.fleet.write("versions/aaaa1111.sql", text.replace(b"\n", b"\r\n"))
        error = self.run_json("plan", code=1).tenant("t")["error"]
        self.assertIn("only the line endings differ", error["message"])

    def test_unknown_rows_and_old_checkouts(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t", """CREATE TABLE alembic_version
            (version_num VARCHAR(32) NOT NULL); INSERT INTO alembic_version VALUES ('ffff9999')"""),
            self.fleet.sqlite("u")])
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        self.assertEqual(result.tenant("t")["error"]["class"], "chain")
        self.assertEqual(result.tenant("u")["state"], "succeeded")

    def test_what_is_no_database(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.write("data/text.db", "this is no database, but long enough to look like a file" * 99)
        os.mkdir(self.fleet.path("data/folder.db"))
        os.mkfifo(self.fleet.path("data/fifo.db"))
        names = ("text", "folder", "fifo", "missing")
        self.fleet.inventory([{"name": n, "url": f"sqlite:///data/{n}.db"} for n in names])
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        messages = {n: result.tenant(n)["error"]["message"] for n in names}
        self.assertIn("not a database", messages["text"])
        self.assertIn("directory", messages["folder"])
        self.assertIn("not a regular file", messages["fifo"])
        self.assertIn("no such file", messages["missing"])

    def test_max_page_count_is_a_full_disk(self):
        self.fleet.revision("aaaa1111", "PRAGMA max_page_count = 6; CREATE TABLE a (x); "
                                        "INSERT INTO a VALUES (zeroblob(100000));")
        self.fleet.inventory([self.fleet.sqlite("t")])
        error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertEqual(error["code"], "13")
        self.assertEqual(self.fleet.tables("t"), set())


class NonTransactional(FleetCase):
    UP = ("-- migrate:up transaction:false\nCREATE TABLE one (id);\nINSERT INTO one VALUES (1);\n"
          "INSERT INTO two VALUES (1);\nINSERT INTO one VALUES (3);\n")

    def test_goes_on_behind_the_last_finished_statement(self):
        self.fleet.revision("aaaa1111", self.UP)
        self.fleet.inventory([self.fleet.sqlite("t")])
        result = self.run_json("upgrade", code=4)
        tenant = result.tenant("t")
        self.assertEqual(tenant["state"], "partial")
        self.assertEqual(tenant["error"]["statement"], "INSERT INTO two VALUES (1);")
        self.assertEqual(self.fleet.query("t", "SELECT statements, state FROM skein_history"),
                         [(2, "partial")])
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/t.db"))) as db:
            db.execute("CREATE TABLE two (id)")
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("t", "SELECT * FROM one"), [(1,), (3,)])
        self.assertEqual(self.fleet.query("t", "SELECT statements, state FROM skein_history"),
                         [(4, "applied")])
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_a_failed_first_statement_leaves_the_tenant_where_it_stood(self):
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\nINSERT INTO no VALUES (1);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.assertEqual(self.run_json("upgrade", code=1).tenant("t")["state"], "failed")
        self.assertEqual(self.fleet.versions("t"), [])

    def test_a_finished_one_stands_when_a_later_revision_fails(self):
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\nCREATE TABLE a (id);\n"
                                        "-- migrate:up\nCREATE TABLE b (id);\n")
        self.fleet.revision("bbbb2222", "INSERT INTO no VALUES (1);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertEqual((tenant["state"], tenant["to"]), ("failed", ["aaaa1111"]))
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])
        self.assertEqual(self.fleet.tables("t"), {"a", "b"})
        self.assertEqual(self.fleet.query("t", "SELECT statements, state FROM skein_history"),
                         [(2, "applied")])

    def test_vacuum_runs(self):
        self.fleet.revision("aaaa1111", "-- migrate:up\nCREATE TABLE a (id);\n"
                                        "-- migrate:up transaction:false\nVACUUM;\n"
                                        "-- migrate:up\nCREATE TABLE b (id);\n")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.assertEqual(self.run_json("upgrade").tenant("t")["steps"][0]["statements"], 3)
        self.assertEqual(self.fleet.tables("t"), {"a", "b"})


class Locks(FleetCase):
    def test_waits_for_another_writer(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        db = sqlite3.connect(self.fleet.path("data/t.db"), isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        process = self.fleet.start("upgrade")
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        db.execute("ROLLBACK")
        db.close()
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def test_gives_way_after_lock_timeout(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t"), self.fleet.sqlite("u")],
                             defaults={"lock_timeout": "200ms", "retries": 1})
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/t.db"),
                                                isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        self.assertEqual(result.tenant("t")["error"]["class"], "lock")
        self.assertTrue(result.tenant("t")["error"]["message"].endswith("; held by " + process_name()),
                        result.tenant("t"))
        self.assertEqual(result.tenant("t")["attempts"], 2)
        self.assertEqual(result.tenant("u")["state"], "succeeded")

    def test_two_runs_apply_everything_once(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id); INSERT INTO a VALUES (1);")
        self.fleet.revision("bbbb2222", "INSERT INTO a VALUES (2);")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(40)],
                             defaults={"transaction": "each"})
        runs = [self.fleet.start("upgrade", inventory=self.fleet.rival(name)) for name in "abc"]
        for run in runs:
            out, err = run.communicate()
            self.assertEqual(run.returncode, 0, (out, err))
        for i in range(40):
            self.assertEqual(self.fleet.query(f"t{i}", "SELECT id FROM a"), [(1,), (2,)])

    def test_a_file_that_is_replaced_while_its_lock_is_waited_for(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.fleet.sqlite("new", "CREATE TABLE restored (id)")
        with open(self.fleet.path("data/t.db")) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            process = self.fleet.start("upgrade")
            time.sleep(0.5)
            os.replace(self.fleet.path("data/new.db"), self.fleet.path("data/t.db"))
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, (out, err))
        self.assertEqual(self.fleet.tables("t"), {"a", "restored"})

    def test_a_file_that_is_made_and_taken_back_while_its_lock_is_waited_for(self):
        os.mkdir(self.fleet.path("data"))
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n" + SLOW.replace("300000000", "20000000"))
        self.fleet.inventory([{"name": "t", "url": "sqlite:///data/t.db", "create": True}],
                             defaults={"lock_timeout": "60s"})
        first = self.fleet.start("upgrade", inventory=self.fleet.rival("a"))
        wait_until(lambda: os.path.exists(self.fleet.path("data/t.db-journal")), what="a journal")
        second = self.fleet.start("upgrade", inventory=self.fleet.rival("b"))
        time.sleep(0.5)
        press(first)
        for process, code in ((first, 130), (second, 0)):
            out, err = process.communicate(timeout=240)
            self.assertEqual(process.returncode, code, (out, err))
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_a_held_tenant_lock_is_told(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")],
                             defaults={"lock_timeout": "100ms", "retries": 0})
        with open(self.fleet.path("data/t.db")) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertEqual((error["class"], error["message"]),
                         ("lock", f"another run holds this tenant; held by {process_name()}"))

    def hold(self, *statements):
        """Another process with a transaction in t.db."""
        code = ("import sqlite3, sys\n"
                "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                "for sql in sys.argv[2:]: db.execute(sql).fetchall()\n"
                "print('ready', flush=True)\n"
                "sys.stdin.read()")
        process = subprocess.Popen([sys.executable, "-c", code, self.fleet.path("data/t.db"),
                                    *statements], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def lock_error(self, setup):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t", setup)],
                             defaults={"lock_timeout": "200ms", "retries": 0})

    def test_of_readers_and_a_writer_the_writer_is_named(self):
        self.lock_error("PRAGMA journal_mode = WAL; CREATE TABLE b (id)")
        self.hold("BEGIN", "SELECT count(*) FROM b")
        writer = self.hold("BEGIN IMMEDIATE", "INSERT INTO b VALUES (1)")
        error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertTrue(error["message"].endswith("; held by " + process_name(writer.pid)), error)

    def test_a_reader_that_keeps_a_commit_waiting_is_named(self):
        self.lock_error("CREATE TABLE b (id)")
        reader = self.hold("BEGIN", "SELECT count(*) FROM b")
        error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertTrue(error["message"].endswith("; held by " + process_name(reader.pid)), error)


SLOW = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) "
        "INSERT INTO a SELECT max(i) FROM n;")


def process_name(pid="self"):
    """As an error names it."""
    with open(f"/proc/{pid}/comm") as file:
        return f"process {os.getpid() if pid == 'self' else pid} ({file.read().strip()})"


class Signals(FleetCase):
    def start_slow(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n" + SLOW)
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(4)])
        process = self.fleet.start("upgrade", "--parallel", "2", "-o", "json", "--progress", "plain")
        wait_until(lambda: os.path.exists(self.fleet.path("data/t0.db-journal")), what="a journal")
        return process

    def test_twice_cancels_and_rolls_back(self):
        import json
        process = self.start_slow()
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(process.poll(), "the first signal must not stop what is in flight")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130, err)
        report = json.loads(out)
        self.assertEqual(report["run"]["state"], "interrupted")
        self.assertEqual((report["totals"]["failed"], report["totals"]["skipped"]), (2, 2))
        for i in range(4):
            self.assertEqual(self.fleet.tables(f"t{i}"), set())

    def test_once_drains(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n" + SLOW.replace("300000000", "4000000"))
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(6)])
        process = self.fleet.start("upgrade", "--parallel", "2")
        wait_until(lambda: os.path.exists(self.fleet.path("data/t0.db-journal")), what="a journal")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 143)
        done = [bool(self.fleet.tables(f"t{i}")) for i in range(6)]
        self.assertTrue(any(done) and not all(done), done)

    def test_a_stop_while_looking_begins_no_downgrade(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);", down="DROP TABLE a;")
        self.fleet.inventory([self.fleet.sqlite(name) for name in "tu"],
                             defaults={"lock_timeout": "2s", "retries": 0})
        self.run_ok("upgrade")
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/t.db"),
                                                isolation_level=None)) as db:
            db.execute("BEGIN EXCLUSIVE")
            process = self.fleet.start("downgrade", "base")
            press(process, 1)
            out, err = process.communicate(timeout=240)
            self.assertEqual((process.returncode, out), (130, b""), err)
        for name in "tu":
            self.assertEqual(self.fleet.versions(name), ["aaaa1111"])

    def test_statement_timeout_ends_a_statement(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n" + SLOW)
        self.fleet.inventory([self.fleet.sqlite("t")], defaults={"statement_timeout": "200ms"})
        error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertEqual(error["class"], "timeout")


class Output(FleetCase):
    def test_a_full_disk_under_the_report_changes_nothing(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        with open("/dev/full", "w") as full:
            result = self.run_ok("upgrade", stdout=full)
        self.assertIn("cannot write", result.err)
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_a_reader_that_goes_away_changes_nothing(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            self.run_ok("upgrade", stdout=pipe)
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_reports_go_to_files_whole(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        target = self.fleet.path("report.json")
        result = self.run_ok("upgrade", "-o", f"json={target}")
        self.assertIn("succeeded", result.out)
        self.assertEqual(oct(os.stat(target).st_mode & 0o777), "0o600")

    def test_a_pipe_stays_what_it_is(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        pipe = self.fleet.path("pipe")
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
        self.addCleanup(reader.kill)
        self.run_ok("upgrade", "-o", f"json={pipe}")
        self.assertEqual(json.loads(reader.communicate(timeout=240)[0])["totals"]["succeeded"], 1)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))

    def test_nothing_is_written_through_a_link(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        link = self.fleet.path("link.json")
        self.fleet.write("target.json", "{}")
        for target in ("target.json", "not-there.json"):
            with self.subTest(target):
                os.symlink(target, link)
                self.assertIn("is a link: name the file", self.run_ok("upgrade", "-o", f"json={link}", code=2).err)
                self.assertTrue(os.path.islink(link))
                os.unlink(link)
        self.assertEqual(self.fleet.read("target.json"), b"{}")
        self.assertFalse(os.path.exists(self.fleet.path("not-there.json")))
        self.assertEqual(self.fleet.tables("t"), set())  # told before anything was begun

    def test_a_report_takes_the_place_of_nothing_that_is_needed(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t"), {"name": "new", "url": "sqlite:///data/new.db", "create": True}])
        os.symlink("data", self.fleet.path("folder"))
        for name, words in (("data/t.db", "is a database"), ("folder/t.db", "is a database"),
                            ("skein.yaml", "is the inventory"), ("data/../skein.yaml", "is the inventory"),
                            ("data/t.db-wal", "belongs to a database"), ("data/t.db-journal", "belongs to a database"),
                            ("data/t.db.lock", "belongs to a database"), ("versions/report.sql", "would be read as a revision")):
            with self.subTest(name):
                is_there = os.path.exists(self.fleet.path(name))
                before = self.fleet.read(name) if is_there else None
                result = self.run_ok("upgrade", "-o", f"json={self.fleet.path(name)}", code=2)
                self.assertIn(words, result.err)
                self.assertEqual(os.path.exists(self.fleet.path(name)), is_there)
                self.assertEqual(self.fleet.read(name) if is_there else None, before)
        for name in (".skein/ledger.db", "data/new.db"):  # the run makes them
            with self.subTest(name):
                result = self.run_ok("upgrade", "-o", f"json={self.fleet.path(name)}")
                self.assertIn("it is a database", result.err)
                self.assertEqual(self.fleet.read(name)[:15], b"SQLite format 3")
                for made in (".skein", "data/new.db"):
                    path = self.fleet.path(made)
                    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def test_two_reports_go_to_two_files(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        os.symlink("data", self.fleet.path("folder"))
        for one, other in (("out", "out"), ("out", "./out"), ("data/out", "folder/out")):
            with self.subTest(other):
                result = self.run_ok("upgrade", "-o", f"json={one}", "-o", f"text={other}", code=2, cwd=self.fleet.dir)
                self.assertIn(f"'{other}' is named twice", result.err)
        self.assertEqual(self.fleet.tables("t"), set())
        self.run_ok("upgrade", "-o", "json=out", "-o", "text=data/out", "-o", "json=/dev/null", "-o", "text=/dev/null",
                    cwd=self.fleet.dir)

    def test_a_file_keeps_its_mode(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        for mode in (0o644, 0o640, 0o600):
            target = self.fleet.write("report.json", "old", mode=mode)
            self.run_ok("upgrade", "-o", f"json={target}")
            self.assertEqual(os.stat(target).st_mode & 0o7777, mode)
            self.assertEqual(json.loads(self.fleet.read("report.json"))["totals"]["tenants"], 1)

    def test_a_file_is_whole_or_as_it_was(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(40)])
        target = self.fleet.write("report.json", "old")
        result = self.run_ok("plan", "-o", f"json={target}", code=2, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assertIn("cannot write the report: File too large", result.err)
        self.assertEqual(self.fleet.read("report.json"), b"old")
        self.assertEqual([name for name in os.listdir(self.fleet.dir) if "report" in name], ["report.json"])

    def test_dev_stdout_is_what_the_shell_opened(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            with self.subTest(name), open(self.fleet.path("out"), "w+") as out:
                self.run_ok("plan", "-q", "-o", f"json={name}", stdout=out)
                out.seek(0)
                self.assertEqual(json.loads(out.read())["totals"]["tenants"], 1)
                self.assertTrue(os.path.samestat(os.fstat(out.fileno()), os.stat(self.fleet.path("out"))))

    def test_hostile_names_cannot_speak_to_the_terminal(self):
        self.fleet.revision("aaaa1111", "SELECT * FROM \"\x1b]52;c;evil\x07\";")
        tenant = self.fleet.sqlite("t")
        self.fleet.inventory([tenant])
        result = self.run_ok("upgrade", "-v", code=1)
        self.assertNotIn("\x1b", result.out + result.err)

    def test_few_descriptors_lower_the_concurrency(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(100)])
        result = self.run_ok("upgrade", "--parallel", "64",
                             preexec_fn=lambda: __import__("resource").setrlimit(
                                 __import__("resource").RLIMIT_NOFILE, (64, 64)))
        self.assertIn("file descriptors", result.err)


if __name__ == "__main__":
    main()
