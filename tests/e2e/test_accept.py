#!/usr/bin/env python3
"""Files that were changed after they were applied, and what 'skein accept' makes of it. On SQLite, PostgreSQL, MariaDB and through a pooler."""
import contextlib
import hashlib
import os
import re
import sqlite3

from harness import FleetCase, MariaDBCase, Pooler, PostgresCase, main


# What a ledger of version 5 had not: it noted no files of the chain.
NEWER_TABLES = ("chain_files", "revision_sections", "courses", "course_waves", "machines", "claim_queues", "claims", "moments", "findings",
                "setting_lists", "expectations")
NEWER_COLUMNS = {
    "errors": "quotes_values", "notices": "quotes_values", "run_tenants": "dialect is_elsewhere twin is_gone", "steps": "batches rows_changed",
    "revisions": "checksum stands_for", "runs": "halt_took_ms halt_forecast_ms halt_limit_ms rules", "fleet_tenants": "settings password",
    "waves": "max_failures soak_ms forecast_ms forecast_tenants forecast_from forecast_run is_late",
}


class Changed:
    """Of every engine: three tenants, of which two have applied the revision whose file changes."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER PRIMARY KEY);", "DROP TABLE b;")
        self.tenants = self.make("t1", "t2", "t3")
        self.fleet.inventory(self.tenants)
        self.run_ok("upgrade", "bbbb2222", "--tenant", "t1", "--tenant", "t2")
        self.run_ok("upgrade", "aaaa1111", "--tenant", "t3")

    def edit(self, id_, old=b"", new=b"-- edited\n"):
        text = self.fleet.read(f"versions/{id_}.sql")
        self.fleet.write(f"versions/{id_}.sql", text.replace(old, new) if old else text + new)

    def checksum(self, id_):
        return hashlib.sha256(self.fleet.read(f"versions/{id_}.sql")).hexdigest()

    def test_the_error_names_the_way_out_and_that_renews_where_it_was_applied(self):
        before = {name: self.history(name) for name in ("t1", "t2", "t3")}
        self.edit("bbbb2222")
        self.fleet.revision("cccc3333", "CREATE TABLE c (id INTEGER PRIMARY KEY);")
        refused = self.run_json("upgrade", "--on-failure", "continue", code=1)
        self.assertEqual({t["name"]: t["state"] for t in refused.report["tenants"]},
                         {"t1": "failed", "t2": "failed", "t3": "succeeded"})
        error, = refused.report["errors"]
        self.assertEqual((error["class"], error["tenants"]), ("drift", ["t1", "t2"]))
        self.assertIn("put it back, or, where the database needs nothing of the change, say 'skein accept bbbb2222'", error["message"])
        self.assertTrue(error["file"].endswith("versions/bbbb2222.sql"))
        self.assertNotIn("sha256", error["message"])

        would = self.run_json("accept", "bbbb2222", "--dry-run")
        self.assertTrue(would.report["run"]["dry_run"])
        self.assertEqual([len(would.tenant(name)["steps"]) for name in ("t1", "t2", "t3")], [1, 1, 0])
        self.assertEqual(self.history("t1"), before["t1"])

        done = self.run_json("accept", "bbbb2222")
        self.assertEqual(done.report["run"]["command"], "accept")
        self.assertEqual({t["name"]: (t["state"], [s["revision"] for s in t["steps"]]) for t in done.report["tenants"]},
                         {"t1": ("succeeded", ["bbbb2222"]), "t2": ("succeeded", ["bbbb2222"]), "t3": ("unchanged", [])})
        for name in ("t1", "t2"):
            # nothing but that checksum
            expected = [row if row[0] != "bbbb2222" else (row[0], row[1], self.checksum("bbbb2222"), *row[3:]) for row in before[name]]
            self.assertEqual(self.history(name), expected)
        again = self.run_json("accept", "bbbb2222")
        self.assertEqual(again.report["totals"]["unchanged"], 3)
        self.run_ok("upgrade")
        self.run_ok("check")

    def test_only_in_the_selected_tenants(self):
        self.edit("bbbb2222")
        self.run_ok("accept", "bbbb", "--tenant", "t2")
        self.run_ok("plan", "--tenant", "t2")
        self.run_ok("plan", "--tenant", "t1", code=1)

    def test_whatever_has_changed_in_the_file(self):
        """A comment, the way down alone, another parent: all are told, all may be accepted. Only the name of the file is free."""
        edits = [(b"-- migrate:up", b"-- a comment\n-- migrate:up"), (b"DROP TABLE b;", b"DROP TABLE IF EXISTS b;"),
                 (b"Revises: aaaa1111", b"Revises: aaaa1111 "), (b"-- Revision bbbb2222", b"-- In other words")]
        for old, new in edits:
            with self.subTest(new=new):
                self.edit("bbbb2222", old, new)
                self.assertIn("skein accept bbbb2222", self.run_ok("check", code=1).out)
                self.run_ok("accept", "bbbb2222")
                self.run_ok("plan")
        os.rename(self.fleet.path("versions", "bbbb2222.sql"), self.fleet.path("versions", "bbbb2222_better.sql"))
        self.run_ok("plan")

    def test_another_parent(self):
        self.fleet.revision("abab0000", "SELECT 1;", "SELECT 1;", revises="aaaa1111")
        self.edit("bbbb2222", b"Revises: aaaa1111", b"Revises: abab0000")
        self.assertIn("skein accept bbbb2222", self.run_ok("plan", code=1).out)
        self.run_ok("accept", "bbbb2222")
        self.run_ok("plan", "--tenant", "t1")

    def test_the_report_for_people_names_file_and_tenants(self):
        self.edit("bbbb2222")
        for args in (("--dry-run",), ()):
            out = self.run_ok("accept", "bbbb2222", *args).out
            self.assertRegex(out, r"2 tenants  bbbb2222\n  accept  bbbb2222  \S*versions/bbbb2222.sql")
            self.assertIn("  in t1, t2\n", out)

    def test_several_files_are_named_together(self):
        self.edit("aaaa1111")
        self.edit("bbbb2222")
        message = self.run_json("plan", code=1).tenant("t1")["error"]["message"]
        self.assertIn("bbbb2222.sql': put it back", message)
        self.assertIn("'skein accept aaaa1111 bbbb2222'", message)
        half = self.run_json("accept", "aaaa1111")
        self.assertEqual(half.report["totals"]["succeeded"], 3)
        self.assertIn("'skein accept bbbb2222'", self.run_json("plan", code=1).tenant("t1")["error"]["message"])
        self.assertEqual(self.run_json("accept", "aaaa1111", "bbbb2222").report["totals"]["succeeded"], 2)
        self.run_ok("plan")

    def test_a_failure_elsewhere_takes_nothing_back_and_makes_no_database(self):
        """What is accepted cannot be rolled back, and an empty database has nothing to accept or to settle."""
        self.edit("bbbb2222")
        url = re.sub(r"t1(_|\.db)", r"gone\1", self.tenants[0]["url"])
        gone = {"name": "gone", "url": url, "create": True, "retries": 0}
        self.fleet.inventory(self.tenants + [gone], rollout={"on_failure": "rollback", "parallel": 1})
        for attempt in range(2):
            done = self.run_json("accept", "bbbb2222", code=1)
            self.assertEqual({t["name"]: t["state"] for t in done.report["tenants"]},
                             {"t1": "unchanged" if attempt else "succeeded", "t2": "unchanged" if attempt else "succeeded",
                              "t3": "unchanged", "gone": "failed"})
            self.assertEqual(self.history("t1")[1][2], self.checksum("bbbb2222"))
        for command in (("resolve", "gone", "--done"), ("accept", "bbbb2222", "--dry-run"), ("accept", "bbbb2222")):
            self.run_ok(*command, code=1)

    def test_a_file_that_is_gone_cannot_be_accepted(self):
        os.unlink(self.fleet.path("versions", "bbbb2222.sql"))
        self.run_ok("plan", code=1)
        self.assertIn("bbbb2222", self.run_ok("accept", "bbbb2222", code=2).err)

    def test_what_names_no_revision_is_refused(self):
        for text, says in (("-1", "depends on where a tenant stands"), ("base", "is no revision"), ("zzzz", "zzzz"),
                           ("current", "current")):
            with self.subTest(text=text):
                self.assertIn(says, self.run_ok("accept", text, code=2).err)

    def test_a_resume_that_accepts_the_change_goes_on(self):
        self.fleet.revision("cccc3333", "INSERT INTO nowhere VALUES (1);", "DROP TABLE c;")
        self.run_ok("upgrade", "--on-failure", "continue", code=1)
        self.edit("bbbb2222")
        self.edit("cccc3333", b"INSERT INTO nowhere VALUES (1);", b"CREATE TABLE c (id INTEGER PRIMARY KEY);")
        refused = self.run_ok("resume", code=2)
        self.assertRegex(refused.err, r"the chain has changed since run \S+: '\S*versions/bbbb2222.sql' has changed, "
                                      r"'\S*versions/cccc3333.sql' has changed: put it back, or say --accept-chain-change")
        self.assertNotIn("sha256", refused.err)
        resumed = self.run_json("resume", "--accept-chain-change")
        self.assertEqual(resumed.report["totals"]["succeeded"], 3)
        self.assertEqual([s["revision"] for s in resumed.tenant("t1")["steps"]], ["cccc3333"])
        self.assertEqual(self.history("t1")[1][2], self.checksum("bbbb2222"))
        self.run_ok("check")
        self.edit("aaaa1111")
        self.assertRegex(self.run_ok("rollback", code=2).err, r"since run \S+: '\S*versions/aaaa1111.sql' has changed: put it back")
        self.run_ok("rollback", "--accept-chain-change")
        self.run_ok("plan")


class OnSqlite(Changed, FleetCase):
    def test_files_that_came_or_went_since_a_run_are_named(self):
        self.fleet.revision("cccc3333", "INSERT INTO nowhere VALUES (1);")
        self.run_ok("upgrade", code=1)
        os.rename(self.fleet.path("versions", "bbbb2222.sql"), self.fleet.path("versions", "renamed.sql"))
        self.assertIn("no such table", self.run_ok("resume", code=1).err)  # the name says nothing
        self.fleet.revision("dddd4444", "SELECT 1;")
        os.remove(self.fleet.path("versions", "cccc3333.sql"))
        self.edit("dddd4444", b"Revises: cccc3333", b"Revises: bbbb2222")
        self.assertRegex(self.run_ok("resume", code=2).err,
                         r": '\S*versions/cccc3333.sql' is gone, '\S*versions/dddd4444.sql' is new: put it back")
        # Which changed a tenant, before there was the third file.
        self.assertRegex(self.run_ok("rollback", code=2).err, r"since run \S+: '\S*versions/dddd4444.sql' is new: put it back")
        for n in range(7):
            self.fleet.revision(f"eeee{n}", "SELECT 1;")
        self.assertIn("versions/eeee2.sql' is new, …: put it back", self.run_ok("resume", code=2).err)

    def test_an_older_skeins_run_noted_no_files(self):
        self.fleet.revision("cccc3333", "INSERT INTO nowhere VALUES (1);")
        self.run_ok("upgrade", code=1)
        self.edit("bbbb2222")
        with contextlib.closing(sqlite3.connect(self.fleet.path(".skein/ledger.db"))) as db, db:
            db.executescript("".join(f"DROP TABLE {table};" for table in NEWER_TABLES) + "".join(
                f"ALTER TABLE {table} DROP COLUMN {column};" for table, columns in NEWER_COLUMNS.items() for column in columns.split())
                + "PRAGMA user_version = 5")
        self.assertRegex(self.run_ok("resume", code=2).err, r"the chain has changed since run \S+: put it back, or say")
        self.assertIn("no such table", self.run_ok("report").out)
        self.edit("bbbb2222", b"-- edited\n", b"")
        self.run_ok("resume", code=1)
        self.edit("bbbb2222")
        self.assertIn("versions/bbbb2222.sql' has changed", self.run_ok("resume", code=2).err)

    def make(self, *names):
        return [self.fleet.sqlite(name) for name in names]

    def history(self, name):
        return [tuple(map(str, row)) for row in self.fleet.query(
            name, "SELECT revision, direction, checksum, statements, state, run_id, applied_at, id FROM skein_history ORDER BY id")]


class OnPostgres(Changed, PostgresCase):
    COLUMNS = "revision, direction, checksum, statements, state, run_id, applied_at, id"

    def make(self, *names):
        self.names = {name: f"{name}_{os.path.basename(self.fleet.dir)[-6:]}" for name in names}
        self.pg.create(*self.names.values())
        return [{"name": name, "url": self.url(database)} for name, database in self.names.items()]

    def url(self, database):
        return self.pg.url(database)

    def history(self, name):
        return [tuple(row) for row in self.pg.sql(self.names[name], f"SELECT {self.COLUMNS} FROM skein_history ORDER BY id")]


class ThroughAPooler(OnPostgres, Pooler):
    def url(self, database):
        return self.pg.url(database, port=self.port)


class OnMariaDB(Changed, MariaDBCase):
    def make(self, *names):
        self.names = {name: f"{name}_{os.path.basename(self.fleet.dir)[-6:]}" for name in names}
        self.maria.create(*self.names.values())
        return [{"name": name, "url": self.maria.url(database)} for name, database in self.names.items()]

    def history(self, name):
        return [tuple(row) for row in self.maria.sql(self.names[name], f"SELECT {OnPostgres.COLUMNS} FROM skein_history ORDER BY id")]


if __name__ == "__main__":
    main()
