#!/usr/bin/env python3
"""'skein plan --rehearse': what it sees on real databases, and that nothing of it remains."""
import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess

from harness import FleetCase, LOCK_WAIT, MariaDBCase, PostgresCase, main, press, wait_until

TASK = "CREATE TABLE task (id int PRIMARY KEY, owner text);"


def seen(tenant, what):
    return [item for item in tenant["rehearsal"]["seen"] if item["seen"] == what]


def fingerprints(case):
    schemas = case.run_ok("schema", "-o", "json", *(f"--tenant={tenant['name']}" for tenant in case.tenants)).report["schemas"]
    return {(schema["tenant"], schema["fingerprint"]) for schema in schemas}


class OnCopies(FleetCase):
    """SQLite: the tenant's file is only read."""

    def setUp(self):
        super().setUp()
        self.temporary = self.fleet.path("temporary")
        os.mkdir(self.temporary)
        self.env = {"TMPDIR": self.temporary}

    def make(self, *names, **more):
        rows = "INSERT INTO task VALUES (1, 'a'), (2, NULL), (3, 'c');"
        self.fleet.inventory([self.fleet.sqlite(name) for name in names], **more)
        self.fleet.revision("aaaa1111", TASK + rows, down="")
        self.run_ok("upgrade", "--yes")

    def files(self):
        """Of all files of the fleet but the ledger, which no plan opens: their contents."""
        found = {}
        for folder, _, names in os.walk(self.fleet.dir):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[path] = hashlib.sha256(file.read()).hexdigest()
        return found

    def rehearse(self, *args, code=0):
        return self.run_json("plan", "--rehearse", *args, code=code, env=self.env)

    def test_it_tells_what_it_took_and_leaves_nothing(self):
        self.make("acme", "globex")
        self.fleet.revision("bbbb2222", "UPDATE task SET owner = 'x' WHERE id > 1;", down="")
        self.fleet.revision("cccc3333", "CREATE TABLE other AS SELECT randomblob(100000) AS b;", down="")
        before = self.files()
        result = self.rehearse()
        self.assertEqual(self.files(), before)
        for tenant in result.report["tenants"]:
            self.assertEqual((tenant["state"], tenant["rehearsal"]["at"]), ("succeeded", "copy"))
            self.assertTrue(all(step["duration_ms"] > 0 for step in tenant["steps"]))
            self.assertEqual([(item["revision"], item["rows"]) for item in seen(tenant, "rows")][:1], [("bbbb2222", 2)])
            self.assertEqual([item["blocks"] for item in seen(tenant, "lock")], ["writes"])
            self.assertGreater(seen(tenant, "growth")[0]["bytes"], 90000)
        text = self.run_ok("plan", "--rehearse", env=self.env).out
        self.assertRegex(text, r"rehearsed bbbb2222: p50 [\d.]+ ms, p95 [\d.]+ ms, longest [\d.]+ ms in (acme|globex)\n")
        self.assertIn("touches up to 2 rows in acme", text)
        self.assertEqual(self.files(), before)

    def test_a_forecast_goes_by_waves(self):
        waves = {"waves": [{"name": "canary", "select": "name=acme", "soak": "30s"}, {"name": "everyone", "parallel": 1}]}
        self.make("acme", "globex", "initech")
        self.fleet.inventory([self.fleet.sqlite(name) for name in ("acme", "globex", "initech")], rollout=waves)
        self.fleet.revision("bbbb2222", "CREATE TABLE other AS SELECT randomblob(100000) AS b;", down="")
        result = self.rehearse()
        forecast = result.report["forecast"]
        took = {tenant["name"]: sum(step["duration_ms"] for step in tenant["steps"]) for tenant in result.report["tenants"]}
        self.assertEqual([(wave["name"], wave["tenants"], wave["soak_ms"]) for wave in forecast["waves"]],
                         [("canary", 1, 30000), ("everyone", 2, 0)])
        for wave, wanted in zip(forecast["waves"], (took["acme"], took["globex"] + took["initech"])):
            self.assertAlmostEqual(wave["duration_ms"], wanted, delta=0.2)
        self.assertAlmostEqual(forecast["duration_ms"], 30000 + sum(took.values()), delta=0.4)
        longest = max((lock["held_ms"], tenant["name"]) for tenant in result.report["tenants"] for lock in seen(tenant, "lock"))
        self.assertEqual((forecast["longest_lock"]["held_ms"], forecast["longest_lock"]["tenant"]), longest)
        self.assertGreater(forecast["written_bytes"], 3 * 90000)
        text = self.run_ok("plan", "--rehearse", env=self.env).out
        self.assertRegex(text, r"Forecast\n  canary +1 tenant +about [\d.]+ ms, then a soak of 30\.00 s")
        self.assertRegex(text, r"in all about 30\.\d+ s; writes wait for at most [\d.]+ ms, for the database in \w+; [\d.]+ kB are written")

    def test_a_failure_names_the_place_and_ends_with_1(self):
        self.make("acme", "globex")
        self.fleet.revision("bbbb2222", "CREATE TABLE new (id int, owner text NOT NULL);\nINSERT INTO new SELECT * FROM task;",
                            down="")
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", "acme.db"), timeout=LOCK_WAIT)) as db, db:
            db.execute("DELETE FROM task WHERE owner IS NULL")
        before = self.files()
        result = self.rehearse(code=1)
        self.assertEqual(self.files(), before)
        error = result.tenant("globex")["error"]
        self.assertEqual((error["class"], error["line"]), ("sql", 8))
        self.assertIn("NOT NULL constraint failed: new.owner", error["message"])
        self.assertEqual(result.tenant("acme")["state"], "succeeded")
        self.assertEqual(self.rehearse("--exit-code", code=2).tenant("acme")["state"], "succeeded")

    def test_what_runs_outside_a_transaction_runs_on_the_copy_too(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "INSERT INTO task VALUES (9, 'z');\nSELECT no_such();", down="",
                            options=" transaction:false")
        before = self.files()
        tenant = self.rehearse(code=1).tenant("acme")
        self.assertEqual((tenant["state"], tenant["error"]["line"]), ("failed", 8))  # not partial: it stands where it stood
        self.assertEqual(self.files(), before)

    def test_a_database_that_is_still_to_be_made_is_rehearsed_on_an_empty_one(self):
        self.fleet.inventory([{"name": "acme", "url": "sqlite:///data/acme.db", "create": True}])
        self.fleet.revision("aaaa1111", TASK, down="")
        before = self.files()
        self.assertEqual(self.rehearse().tenant("acme")["rehearsal"]["at"], "copy")
        self.assertEqual(self.files(), before)
        self.assertFalse(os.path.exists(self.fleet.path("data", "acme.db")))

    def test_a_tenant_without_work_is_not_copied(self):
        self.make("acme")
        tenant = self.rehearse().tenant("acme")
        self.assertEqual((tenant["state"], tenant["rehearsal"]), ("unchanged", {"at": None, "seen": []}))

    def test_a_copy_without_room_is_not_begun(self):
        self.make("acme", "globex")
        self.fleet.revision("bbbb2222", "INSERT INTO task VALUES (9, 'z');", down="")
        os.truncate(self.fleet.path("data", "acme.db"), 8 << 40)  # with nothing on the disk
        result = self.rehearse(code=1)
        error = result.tenant("acme")["error"]
        self.assertEqual(error["class"], "config")
        self.assertIn("a copy of it needs 8.8 TB", error["message"])
        self.assertIn("set TMPDIR", error["message"])
        self.assertEqual(result.tenant("globex")["state"], "succeeded")

    def test_what_a_killed_rehearsal_leaves_goes_with_the_next(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                            "INSERT INTO task SELECT i + 9, 'n' FROM n;", down="")
        before = self.files()
        process = self.fleet.start("plan", "--rehearse", env=self.env)
        wait_until(lambda: any(name.endswith(".db-journal") for name in self.temporary_names()), what="a copy at work")
        process.kill()
        process.communicate(timeout=240)
        left = self.temporary_names()
        self.assertTrue(left)
        process = self.fleet.start("plan", "--rehearse", env=self.env)
        wait_until(lambda: any(name.endswith(".db-journal") and name not in left for name in self.temporary_names()),
                   what="a copy at work")
        press(process, 1)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.files(), before)

    def temporary_names(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.temporary) for name in names]


class InPlace(PostgresCase):
    """PostgreSQL: a transaction that is rolled back."""

    def make(self, *databases, up=TASK + "INSERT INTO task SELECT i, 'o' FROM generate_series(1, 1000) i;", **more):
        for database in databases:
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.fleet.inventory(self.pg.create(*databases), **more)
        self.fleet.revision("aaaa1111", up, down="")
        self.run_ok("upgrade", "--yes")

    def dump(self, database):
        done = subprocess.run(["pg_dump", "-h", self.pg.dir, "-p", str(self.pg.port), "-U", "skein", database],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PGPASSWORD": "superuser-secret"})
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return [line for line in done.stdout.decode().splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]

    def rehearse(self, *args, code=0, **options):
        return self.run_json("plan", "--rehearse", *args, code=code, **options)

    def sessions(self, text):
        return self.pg.sql("postgres", f"SELECT pid FROM pg_stat_activity WHERE query LIKE '%{text}%' AND pid <> pg_backend_pid()")

    def test_it_tells_locks_rewrites_rows_and_leaves_nothing(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ALTER owner TYPE varchar(20);\nUPDATE task SET owner = 'p' WHERE id < 8;\n"
                            "CREATE TABLE new (id int);\nSELECT lo_create(0);\nNOTIFY bell;\n"
                            "SELECT pg_advisory_lock(4711);\nDROP TABLE task;", down="")
        before = self.dump("acme")
        with self.pg.session("acme", "LISTEN bell;") as listener:
            tenant = self.rehearse().tenant("acme")
            listener.stdin.write(b"SELECT 'asked';\n\\echo over\n")
            listener.stdin.flush()
            heard = [listener.stdout.readline().strip() for _ in range(2)]
        self.assertEqual(heard, [b"asked", b"over"])
        self.assertEqual(self.dump("acme"), before)
        self.assertEqual(self.pg.sql("acme", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), [["0"]])
        self.assertEqual((tenant["state"], tenant["rehearsal"]["at"]), ("succeeded", "transaction"))
        lock, = seen(tenant, "lock")
        self.assertEqual((lock["table"], lock["mode"], lock["blocks"], lock["line"]),
                         ("task", "ACCESS EXCLUSIVE", "reads and writes", 7))
        self.assertGreater(lock["held_ms"], 0)
        self.assertAlmostEqual(lock["held_ms"], tenant["steps"][0]["duration_ms"], places=1)
        rewrite, = seen(tenant, "rewrite")
        self.assertEqual((rewrite["table"], rewrite["line"]), ("task", 7))
        self.assertGreater(rewrite["bytes"], 30000)
        self.assertEqual([(item["rows"], item["line"]) for item in seen(tenant, "rows")], [(7, 8)])
        self.assertEqual(seen(tenant, "not_rehearsed"), [])

    def test_a_failure_names_the_statement_and_the_servers_words(self):
        self.make("acme", "globex")
        self.pg.sql("globex", "UPDATE task SET owner = NULL WHERE id = 5")
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);\nALTER TABLE task\n  ALTER owner SET NOT NULL;", down="")
        before = self.dump("globex")
        result = self.rehearse(code=1)
        error = result.tenant("globex")["error"]
        self.assertEqual((error["code"], error["line"], error["revision"]), ("23502", 8, "bbbb2222"))
        self.assertIn('column "owner" of relation "task" contains null values', error["message"])
        self.assertEqual((result.tenant("globex")["state"], result.tenant("acme")["state"]), ("failed", "succeeded"))
        self.assertEqual(self.dump("globex"), before)

    def test_what_a_commit_would_check_is_checked(self):
        deferred = "ALTER TABLE task ADD up int REFERENCES task DEFERRABLE INITIALLY DEFERRED;\n"
        self.make("acme", up=TASK + deferred, defaults={"transaction": "each"})
        self.fleet.revision("bbbb2222", "INSERT INTO task VALUES (1, 'a', 2);\nINSERT INTO task VALUES (2, 'b', 1);", down="")
        self.fleet.revision("cccc3333", "INSERT INTO task VALUES (3, 'a', 4);\nINSERT INTO task VALUES (4, 'b', 3);", down="")
        self.assertEqual(self.rehearse().tenant("acme")["state"], "succeeded")
        self.fleet.revision("dddd4444", "INSERT INTO task VALUES (5, 'a', 6);", down="")
        error = self.rehearse(code=1).tenant("acme")["error"]
        self.assertEqual(error["code"], "23503")
        self.assertIn("committing", error["message"])
        self.assertEqual(self.pg.sql("acme", "SELECT count(*) FROM task"), [["0"]])

    def test_what_no_rollback_takes_back_is_left_out_and_told(self):
        self.make("acme", up="CREATE TABLE task (id serial, owner text);")
        lasting = ["SELECT setval('task_id_seq', 1000);", "DO $$ BEGIN PERFORM setval('task_id_seq', 1000); END $$;",
                   "COPY task TO PROGRAM 'touch /tmp/never-%d';" % os.getpid(), "SELECT lo_export(1, '/tmp/never');"]
        self.fleet.revision("bbbb2222", "\n".join(lasting) + "\nINSERT INTO task (owner) VALUES ('a'), ('b');\n"
                            "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON task (owner);\n"
                            "-- migrate:up\nCOMMENT ON TABLE task IS 'x';", down="")
        tenant = self.rehearse().tenant("acme")
        left_out = [(item["line"], item["reason"].split(",")[0]) for item in seen(tenant, "not_rehearsed")]
        self.assertEqual(left_out, [(7, "it sets a sequence"), (8, "it sets a sequence"), (9, "it runs a program"),
                                    (10, "it writes a file"), (13, "it runs outside a transaction")])
        self.assertFalse(os.path.exists("/tmp/never-%d" % os.getpid()))
        self.assertEqual([item["sequence"] for item in seen(tenant, "sequence")], ["task_id_seq"])
        self.assertEqual(self.pg.sql("acme", "SELECT last_value, (SELECT count(*) FROM task) FROM task_id_seq"), [["2", "0"]])
        self.assertIn("draws numbers from task_id_seq", self.run_ok("plan", "--rehearse").out)

    def test_what_needs_a_commit_is_no_failure(self):
        self.make("acme", up="CREATE TYPE mood AS ENUM ('sad');", defaults={"transaction": "each"})
        self.fleet.revision("bbbb2222", "ALTER TYPE mood ADD VALUE 'glad';", down="")
        self.fleet.revision("cccc3333", "CREATE TABLE t (m mood DEFAULT 'glad');\nSELECT 1;", down="")
        tenant = self.rehearse().tenant("acme")
        self.assertEqual([step["revision"] for step in tenant["steps"]], ["bbbb2222", "cccc3333"])
        self.assertEqual([(item["revision"], item["line"]) for item in seen(tenant, "not_rehearsed")], [("cccc3333", 7)])
        self.run_ok("upgrade", "--yes")

    def test_it_gives_way_to_traffic(self):
        self.make("acme", defaults={"retries": 0, "lock_timeout": "60s"})
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD n int;\nSELECT pg_sleep(1.2);\nSELECT pg_sleep(600);", down="")
        with self.pg.session("acme", "BEGIN; SELECT count(*) FROM task;"):
            error = self.rehearse(code=1).tenant("acme")["error"]  # after a second, though the inventory says 60
            self.assertEqual((error["code"], error["line"]), ("55P03", 7))
        process = self.fleet.start("plan", "--rehearse", "-o", "json", "--progress", "none")
        wait_until(lambda: self.sessions("pg_sleep(1.2)"), what="the lock")
        self.assertEqual(self.pg.sql("acme", "SELECT count(*) FROM task"), [["1000"]])  # it waits, and comes to its end
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn(b"1 session waited for what the rehearsal had locked: it gave way", out)

    def test_it_gives_way_in_the_middle_of_a_statement(self):
        self.make("acme", defaults={"retries": 0, "lock_timeout": "0s"})
        before = self.dump("acme")
        for up, traffic in (("ALTER TABLE task ADD n int;", "SELECT count(*) FROM task"),
                            ("UPDATE task SET owner = 'x' WHERE id = 1;", "UPDATE task SET owner = 'o' WHERE id = 1")):
            self.fleet.revision("bbbb2222", up + "\nSELECT pg_sleep(600);", down="", revises="aaaa1111")
            process = self.fleet.start("plan", "--rehearse", "-o", "json", "--progress", "none")
            wait_until(lambda: self.sessions("pg_sleep(600)"), what="the rehearsal")
            self.pg.sql("acme", traffic)  # it waits, and comes to its end
            out, err = process.communicate(timeout=240)
            self.assertEqual(process.returncode, 1, err)
            error = json.loads(out)["tenants"][0]["error"]
            self.assertEqual((error["class"], error["line"]), ("lock", 8))
            self.assertIn("1 session waited for what the rehearsal had locked: it gave way", error["message"])
        self.assertEqual(sorted(self.dump("acme")), sorted(before))

    def test_it_tries_again_after_it_gave_way(self):
        self.make("acme", defaults={"retries": 5})
        self.pg.sql("acme", "CREATE TABLE beside (id int)")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD n int;\nSELECT pg_sleep(CASE WHEN count(*) = 0 THEN 600 ELSE 0 END) "
                            "FROM beside;", down="")
        process = self.fleet.start("plan", "--rehearse", "-o", "json", "--progress", "none")
        wait_until(lambda: self.sessions("pg_sleep(CASE"), what="the rehearsal")
        self.pg.sql("acme", "INSERT INTO beside VALUES (1)")
        self.pg.sql("acme", "SELECT count(*) FROM task")
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(json.loads(out)["tenants"][0]["attempts"], 2)

    def test_a_rehearsal_that_is_killed_or_stopped_leaves_nothing(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "DROP TABLE task;\nSELECT pg_sleep(600);", down="")
        before = self.dump("acme")
        for stop in (lambda process: process.kill(), lambda process: press(process, 1)):
            process = self.fleet.start("plan", "--rehearse")
            wait_until(lambda: self.sessions("pg_sleep(600)"), what="the rehearsal")
            stop(process)
            process.communicate(timeout=240)
            wait_until(lambda: not self.sessions("pg_sleep(600)"), what="the end of its session")  # the server notices
            self.assertEqual(self.dump("acme"), before)
        self.assertEqual(process.returncode, 130)

    def test_no_other_run_is_at_work_meanwhile(self):
        self.make("acme", defaults={"retries": 0, "lock_timeout": "10ms"})
        self.fleet.revision("bbbb2222", "SELECT pg_sleep(600);", down="")
        process = self.fleet.start("plan", "--rehearse")
        wait_until(lambda: self.sessions("pg_sleep(600)"), what="the rehearsal")
        error = self.run_json("upgrade", "--yes", code=1).tenant("acme")["error"]
        self.assertEqual(error["class"], "lock")
        press(process, 1)
        process.communicate(timeout=240)

    def test_tenants_that_are_schemas(self):
        self.pg.create("shared")
        url = self.pg.url("shared")
        self.fleet.inventory([{"name": name, "url": url, "schema": name, "create": True} for name in ("acme", "globex")])
        self.fleet.revision("aaaa1111", TASK, down="")
        before = self.dump("shared")
        result = self.rehearse()
        self.assertEqual({tenant["rehearsal"]["at"] for tenant in result.report["tenants"]}, {"transaction"})
        self.assertEqual(self.dump("shared"), before)

    def test_tables_of_its_own_are_told_of_no_lock(self):
        """A tenant of Alembic's has no history; the rehearsal makes it, and no one else knows of it."""
        self.pg.create("alembic")
        self.fleet.inventory([{"name": "acme", "url": self.pg.url("alembic")}])
        self.fleet.revision("aaaa1111", TASK, down="")
        self.run_ok("upgrade", "--yes")
        self.pg.sql("alembic", "DROP TABLE skein_history")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD COLUMN n int;", down="")
        tenant = self.rehearse().tenant("acme")
        self.assertEqual([item["table"] for item in seen(tenant, "lock")], ["task"])

    def test_a_database_that_is_still_to_be_made(self):
        self.fleet.inventory([{"name": "acme", "url": self.pg.url("never"), "create": True}])
        self.fleet.revision("aaaa1111", TASK, down="")
        tenant = self.rehearse().tenant("acme")
        self.assertEqual((tenant["state"], tenant["rehearsal"]["at"]), ("succeeded", None))
        self.assertIn("still to be made", seen(tenant, "not_rehearsed")[0]["reason"])


class OnScratch(MariaDBCase):
    """MariaDB: a scratch database with the tenant's schema, on the server that the inventory names."""

    def make(self, *databases, up=TASK, **more):
        self.maria.sql("", ";".join(f"DROP DATABASE IF EXISTS `{name}`" for name in databases))
        self.tenants = self.maria.create(*databases)
        self.inventory(**more)
        self.fleet.revision("aaaa1111", up, down="")
        self.run_ok("upgrade", "--yes")

    def inventory(self, scratch=True, **more):
        url = self.maria.url("").replace("127.0.0.1", "localhost" if scratch == "elsewhere" else "127.0.0.1")
        if scratch:
            more["scratch"] = {"mysql": url}
        self.fleet.inventory(self.tenants, **more)

    def hold(self):
        """All that the tenants hold, by the dump and by the fingerprint, and which databases there are."""
        held = {name for name, in self.maria.sql("", "SHOW DATABASES")}
        for tenant in self.tenants:
            done = subprocess.run(["mariadb-dump", "--no-defaults", f"--socket={self.maria.socket}", "-uskein",
                                   f"-p{self.maria.SECRET}", "--routines", "--triggers", "--events", "--skip-dump-date",
                                   "--order-by-primary", tenant["name"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            held.add(done.stdout)
        return held | fingerprints(self)

    def rehearse(self, *args, code=0, **options):
        return self.run_json("plan", "--rehearse", *args, code=code, **options)

    def test_each_group_is_rehearsed_once_and_nothing_remains(self):
        self.make("acme", "globex")
        self.maria.sql("acme", "INSERT INTO task SELECT seq, 'o' FROM seq_1_to_3000; ANALYZE TABLE task")
        self.fleet.revision("bbbb2222", "ALTER TABLE task MODIFY owner varchar(300) NOT NULL;\n"
                            "CREATE TABLE other (id int PRIMARY KEY);\nINSERT INTO other VALUES (1);", down="")
        before = self.hold()
        result = self.rehearse()
        self.assertEqual(self.hold(), before)
        for tenant in result.report["tenants"]:
            self.assertEqual((tenant["state"], tenant["rehearsal"]["at"]), ("succeeded", "scratch"))
            self.assertEqual([item["schema"] for item in seen(tenant, "scratch")], ["chain"])
            self.assertEqual(seen(tenant, "not_rehearsed"), [])
            self.assertGreater(tenant["steps"][0]["duration_ms"], 0)
        self.assertEqual(*(tenant["steps"][0]["duration_ms"] for tenant in result.report["tenants"]))
        change = result.tenant("acme")["table_changes"][0]
        self.assertEqual((change["algorithm"], change["lock"]), ("COPY", "SHARED"))
        self.assertGreater(change["bytes"], 100000)
        forecast = result.report["forecast"]
        self.assertEqual((forecast["without_rows"], forecast["written_bytes"]),
                         (2, sum(tenant["table_changes"][0]["bytes"] for tenant in result.report["tenants"])))
        text = self.run_ok("plan", "--rehearse").out
        self.assertIn("; 2 tenants were rehearsed without rows, and will take longer\n", text)
        self.assertRegex(text, r"rehearsed bbbb2222: [\d.]+ ms\n")
        self.assertIn("rehearsed on a scratch database with the schema that the chain makes, and without rows", text)
        self.assertEqual(self.hold(), before)

    def test_what_is_at_work_is_told(self):
        self.make("acme", "globex", "initech")
        self.maria.sql("initech", "ALTER TABLE task ADD prio int")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD prio int;", down="")
        lines = self.run_ok("plan", "--rehearse", "--progress", "json", code=1).err.splitlines()
        told = [json.loads(line) for line in lines[:4]]
        self.assertEqual([(event["event"], event["number"], event["of"], event["dialect"], event["tenants"], event["like"])
                          for event in told],
                         [("scratch_started", 1, 2, "mysql", 2, "acme"), ("scratch_finished", 1, 2, "mysql", 2, "acme"),
                          ("scratch_started", 2, 2, "mysql", 1, "initech"), ("scratch_finished", 2, 2, "mysql", 1, "initech")])
        self.assertEqual([told[1]["error"], told[3]["error"]], [None, "on a scratch database: Duplicate column name 'prio'"])
        self.assertTrue(told[1]["duration_ms"] > 0)
        text = self.run_ok("plan", "--rehearse", "--progress", "plain", code=1).err
        self.assertRegex(text, r"\Askein: scratch database 1 of 2 is at work \(MySQL, 2 tenants like acme\)\n"
                         r"skein: scratch database 1 of 2 is done after [\d.]+ m?s\n"
                         r"skein: scratch database 2 of 2 is at work \(MySQL, 1 tenant like initech\)\n"
                         r"skein: scratch database 2 of 2 failed after [\d.]+ m?s: on a scratch database: Duplicate column name 'prio'\n")
        for silent in ("--progress", "none"), ("--quiet",):
            self.assertNotIn("scratch database 1", self.run_ok("plan", "--rehearse", *silent, code=1).err)

    def test_what_a_tenant_holds_beside_the_chain_fails_there_as_it_would_in_it(self):
        self.make("acme", "globex", up=TASK + "INSERT INTO task VALUES (1, 'o');")
        self.maria.sql("globex", "ALTER TABLE task ADD prio int; CREATE VIEW v AS SELECT prio FROM task")
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);\nALTER TABLE task ADD prio int;", down="")
        before = self.hold()
        result = self.rehearse(code=1)
        self.assertEqual(self.hold(), before)
        self.assertEqual(result.tenant("acme")["state"], "succeeded")
        globex = result.tenant("globex")
        self.assertEqual((globex["state"], globex["error"]["code"], globex["error"]["line"]), ("failed", "1060", 8))
        self.assertEqual((globex["error"]["revision"], globex["error"]["statement"]), ("bbbb2222", "ALTER TABLE task ADD prio int"))
        self.assertEqual(globex["error"]["message"], "on a scratch database: Duplicate column name 'prio'")
        self.assertEqual([item["schema"] for item in seen(globex, "scratch")], ["tenant"])
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);", down="", revises="aaaa1111")
        self.assertEqual(self.rehearse().tenant("globex")["state"], "succeeded")

    def test_how_the_server_changes_tables_is_told_of_another_server(self):
        self.make("acme", scratch="elsewhere")
        self.fleet.revision("bbbb2222", "ALTER TABLE task MODIFY owner varchar(300) NOT NULL;", down="")
        self.assertEqual(self.run_json("plan").tenant("acme")["table_changes"][0]["algorithm"], None)
        change = self.rehearse().tenant("acme")["table_changes"][0]
        self.assertEqual((change["algorithm"], change["lock"]), ("COPY", "SHARED"))

    def test_without_a_server_for_it_that_is_said(self):
        self.make("acme", scratch=False)
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);", down="")
        tenant = self.rehearse().tenant("acme")
        self.assertEqual((tenant["state"], tenant["rehearsal"]["at"]), ("succeeded", None))
        self.assertIn("add 'scratch: {mysql: URL}' to the inventory", seen(tenant, "not_rehearsed")[0]["reason"])
        self.maria.sql("", "CREATE OR REPLACE USER poor@'%' IDENTIFIED BY 'superuser-secret'")
        self.fleet.inventory(self.tenants, scratch={"mysql": self.maria.url("", user="poor")})
        reason = seen(self.rehearse().tenant("acme"), "not_rehearsed")[0]["reason"]
        self.assertIn("on a scratch database: making a scratch database on 127.0.0.1", reason)
        self.assertNotIn("superuser-secret", reason)

    def test_what_is_still_to_be_made_and_what_asks_for_rows(self):
        self.tenants = [{"name": "never", "url": self.maria.url("never"), "create": True}]
        self.inventory()
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id int PRIMARY KEY);\n-- verify: SELECT 1 FROM task", down="")
        tenant = self.rehearse().tenant("never")
        self.assertEqual((tenant["state"], tenant["rehearsal"]["at"]), ("succeeded", "scratch"))
        self.assertEqual(self.maria.sql("", "SHOW DATABASES LIKE 'never'"), [])

    def test_a_step_that_was_left_half_way(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);\nCREATE TABLE other (id int);", down="")
        self.run_ok("upgrade", "--yes", code=4)
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);\nCREATE TABLE third (id int);", down="", revises="aaaa1111")
        tenant = self.rehearse().tenant("acme")
        self.assertEqual(tenant["rehearsal"]["at"], None)
        self.assertIn("a step was left half way", seen(tenant, "not_rehearsed")[0]["reason"])

    def test_what_is_stopped_or_killed_leaves_nothing_after_the_next(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);\nSELECT SLEEP(600);", down="")
        before = self.hold()
        slept = "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(600)%'"
        for stop in (lambda process: process.kill(), lambda process: press(process, 1)):
            process = self.fleet.start("plan", "--rehearse")
            wait_until(lambda: self.maria.sql("", slept), what="the rehearsal")
            stop(process)
            process.communicate(timeout=240)
            for number, in self.maria.sql("", slept):
                self.maria.sql("", f"KILL {number}")
            wait_until(lambda: not self.maria.sql("", slept), what="the end of its session")
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.hold(), before)  # of both: the second has swept up what the first left


class Outside(PostgresCase):
    """PostgreSQL: statements outside a transaction run on a scratch copy, where the inventory names a server for it."""

    def make(self, *databases, up=TASK, **more):
        for database in databases:
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.tenants = self.pg.create(*databases)
        self.inventory(**more)
        self.fleet.revision("aaaa1111", up, down="")
        self.run_ok("upgrade", "--yes")

    def inventory(self, *tenants, **more):
        self.fleet.inventory([*self.tenants, *tenants], scratch={"postgresql": self.pg.url("postgres")}, **more)

    dump = InPlace.dump
    rehearse = InPlace.rehearse

    def hold(self):
        names = [tenant["name"] for tenant in self.tenants]
        held = {name for name, in self.pg.sql("postgres", "SELECT datname FROM pg_database")}
        return held | fingerprints(self) | {(name, line) for name in names for line in self.dump(name)}

    def test_they_run_there_and_the_rest_where_the_tenant_is(self):
        self.make("acme", up=TASK + "CREATE TYPE mood AS ENUM ('sad');")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD n int;\n-- migrate:up transaction:false\n"
                            "CREATE UNIQUE INDEX CONCURRENTLY i ON task (id);\nVACUUM task;\n"
                            "-- migrate:up\nALTER TABLE task ADD UNIQUE USING INDEX i;", down="")
        self.fleet.revision("cccc3333", "ALTER TYPE mood ADD VALUE 'glad';", down="", options=" transaction:false")
        self.fleet.revision("dddd4444", "CREATE TABLE t (m mood DEFAULT 'glad');", down="")
        before = self.hold()
        tenant = self.rehearse().tenant("acme")
        self.assertEqual(self.hold(), before)
        self.assertEqual((tenant["state"], tenant["rehearsal"]["at"]), ("succeeded", "transaction"))
        self.assertEqual([(item["revision"], item["line"]) for item in seen(tenant, "scratch")],
                         [("bbbb2222", 9), ("bbbb2222", 10), ("cccc3333", 7)])
        self.assertTrue(all(item["took_ms"] > 0 for item in seen(tenant, "scratch")))
        self.assertEqual([(item["line"], item["table"]) for item in seen(tenant, "lock")], [(7, "task")])
        left_out, = seen(tenant, "not_rehearsed")
        self.assertEqual(left_out["line"], 12)
        self.assertIn("on a scratch database, without rows, all of it went well", left_out["reason"])
        self.assertTrue(all(step["duration_ms"] > 0 for step in tenant["steps"]))
        text = self.run_ok("plan", "--rehearse").out
        self.assertRegex(text, r"bbbb2222\.sql:9: outside a transaction: took [\d.]+ ms on a scratch database, without rows\n")
        self.run_ok("upgrade", "--yes")

    def test_one_that_fails_there_fails_the_tenant(self):
        self.make("acme", "globex")
        self.pg.sql("globex", "CREATE INDEX i ON task (owner)")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD n int;\n-- migrate:up transaction:false\n"
                            "CREATE UNIQUE INDEX CONCURRENTLY i ON task (id);\n-- migrate:up\n"
                            "ALTER TABLE task ADD UNIQUE USING INDEX i;", down="")
        before = self.hold()
        result = self.rehearse(code=1)
        self.assertEqual(self.hold(), before)
        error = result.tenant("globex")["error"]
        self.assertEqual((error["code"], error["line"]), ("42P07", 9))  # and not line 11, to which no upgrade would come
        self.assertEqual(error["message"], 'on a scratch database: relation "i" already exists')
        self.assertEqual(result.tenant("acme")["state"], "succeeded")

    def test_what_is_stopped_or_killed_leaves_nothing_after_the_next(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id int);\nSELECT pg_sleep(600);", down="", options=" transaction:false")
        before = self.hold()
        for stop in (lambda process: process.kill(), lambda process: press(process, 1)):
            process = self.fleet.start("plan", "--rehearse")
            wait_until(lambda: InPlace.sessions(self, "pg_sleep(600)"), what="the rehearsal")
            stop(process)
            process.communicate(timeout=240)
            wait_until(lambda: not InPlace.sessions(self, "pg_sleep(600)"), what="the end of its session")
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.hold(), before)  # of both: the second has swept up what the first left

    def test_a_stop_while_the_scratch_database_is_made(self):
        self.make("acme")
        self.fleet.revision("bbbb2222", "CREATE INDEX CONCURRENTLY i ON task (owner);", down="", options=" transaction:false")
        before = self.hold()
        for number in signal.SIGINT, signal.SIGTERM:
            with self.pg.session("postgres", "BEGIN; LOCK TABLE pg_database IN SHARE MODE;"):  # no one makes a database
                process = self.fleet.start("plan", "--rehearse")
                wait_until(lambda: InPlace.sessions(self, "CREATE DATABASE"), what="the making of a database")
                press(process, 1, number)
            process.communicate(timeout=240)
            self.assertEqual(process.returncode, 128 + number)
            self.assertEqual(self.hold(), before)

    def test_what_the_rows_forbid_is_found_in_the_tenant_all_the_same(self):
        self.make("acme")
        self.pg.sql("acme", "INSERT INTO task VALUES (1, NULL)")
        self.fleet.revision("bbbb2222", "CREATE INDEX CONCURRENTLY i ON task (owner);\n-- migrate:up\n"
                            "ALTER TABLE task ALTER owner SET NOT NULL;", down="", options=" transaction:false")
        error = self.rehearse(code=1).tenant("acme")["error"]
        self.assertEqual((error["code"], error["line"]), ("23502", 9))

    def test_tenants_that_are_still_to_be_made(self):
        self.tenants = []
        self.pg.create("shared")
        self.inventory({"name": "never", "url": self.pg.url("never"), "create": True},
                       {"name": "part", "url": self.pg.url("shared"), "schema": "part", "create": True})
        self.fleet.revision("aaaa1111", TASK, down="")
        self.fleet.revision("bbbb2222", "CREATE INDEX CONCURRENTLY i ON task (owner);", down="", options=" transaction:false")
        result = self.rehearse()
        self.assertEqual([(tenant["name"], tenant["state"], tenant["rehearsal"]["at"]) for tenant in result.report["tenants"]],
                         [("never", "succeeded", "scratch"), ("part", "succeeded", "transaction")])
        self.assertEqual([item["line"] for item in seen(result.tenant("part"), "scratch")], [7])
        self.assertEqual(self.pg.sql("postgres", "SELECT datname FROM pg_database WHERE datname ~ 'never|scratch'"), [])


if __name__ == "__main__":
    main()
