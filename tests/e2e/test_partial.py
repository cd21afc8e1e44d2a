#!/usr/bin/env python3
"""Statements outside a transaction: what one leaves that failed is found, and goes or is finished before it is run
again; what is done is known by its text, so that a file may be mended where nothing of it is done, and only there."""
import contextlib
import os
import sqlite3
import subprocess

from harness import FleetCase, Pooler, PostgresCase, main, press, wait_until

INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
OUTSIDE = " transaction:false"


class OnPostgres(PostgresCase):
    """A database `t` of its own, with a table `item`, and a revision that runs outside a transaction."""
    settings = ("deadlock_timeout=100ms",)
    patient = {"lock_timeout": "200ms", "retries": 0}
    made = 0

    def setUp(self):
        super().setUp()
        type(self).made += 1
        self.db = f"{type(self).__name__.lower()}{self.made}"
        self.pg.create(self.db)
        self.sql("CREATE TABLE item (id int, name text, state text, doc jsonb, email text); "
                 "INSERT INTO item SELECT n, 'n' || n, 'x', '{}', 'e' || n FROM generate_series(1, 20) AS n")
        self.inventory(**self.patient)

    def inventory(self, **defaults):
        self.fleet.inventory([{"name": "t", "url": self.pg.url(self.db)}], defaults=defaults)

    def sql(self, text):
        return self.pg.sql(self.db, text)

    def revision(self, up, down=None):
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", up, down, options=OUTSIDE)

    def run_t(self, *args, code=0):
        return self.run_json(*args, code=code).tenant("t")

    def check(self, result, state, words=None, code=None):
        self.assertEqual(result["state"], state, result)
        if words:
            self.assertIn(words, result["error"]["message"])
        if code is not None:
            self.assertEqual(result["error"]["code"], code)

    def row(self):
        return self.sql("SELECT state, statements FROM skein_history ORDER BY id DESC LIMIT 1")[0]

    def indexes(self, valid=True):
        return [r[0] for r in self.sql(f"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'item'::regclass "
                                       f"AND indisvalid = {valid} ORDER BY 1")]

    @contextlib.contextmanager
    def old_snapshot(self):
        """What CREATE INDEX CONCURRENTLY waits for in its last phase."""
        with self.pg.session(self.db, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;") as session:
            yield session

    @contextlib.contextmanager
    def writer(self):
        with self.pg.session(self.db, "BEGIN; UPDATE item SET name = 'w' WHERE id = 1;") as session:
            yield session

    def wait_for(self, words, count=1):
        sql = (f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{words}%' AND state = 'active' AND "
               "pid <> pg_backend_pid() AND wait_event_type = 'Lock'")
        wait_until(lambda: int(self.sql(sql)[0][0]) >= count, what=words)


class Index(OnPostgres):
    """CREATE INDEX CONCURRENTLY leaves an INVALID index. It goes at once, or before the index is built again."""

    BUILDS = ("CREATE INDEX CONCURRENTLY ix ON item (email)", "CREATE INDEX CONCURRENTLY ON item (email)",
              "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON item (email)",
              "CREATE UNIQUE INDEX CONCURRENTLY \"odd ix\" ON public.item (lower(email)) WHERE state = 'x'",
              'CREATE INDEX CONCURRENTLY ON U&"\\0069tem" (email)')
    DEFINITIONS = ("(lower(name))", "(name) WHERE state = 'x'", "(name) WHERE id IN (1,2)", "USING gin (doc)",
                   "USING gin (doc jsonb_path_ops)", "USING gin (to_tsvector('english', name))",
                   "(name text_pattern_ops, id DESC NULLS LAST)", "(id) INCLUDE (name, email)", '(name COLLATE "C")',
                   "((doc ->> 'a'), (id + 1)) WITH (fillfactor = 70)", "USING hash (email)",
                   "(id) WHERE item.state <> ALL (ARRAY['a', 'b'])")

    def forget_all(self):
        self.sql("DROP INDEX " + ", ".join(self.indexes()) + "; DROP TABLE skein_history, alembic_version")

    def test_one_that_timed_out_leaves_nothing_and_is_built_by_the_next(self):
        for build, again in zip(self.BUILDS, ("resume", "upgrade", "resume", "upgrade", "resume")):
            with self.subTest(build=build):
                self.revision(build + ";")
                with self.old_snapshot():
                    self.check(self.run_t("upgrade", code=1), "failed", code="55P03")
                self.assertEqual((self.row(), self.sql(INVALID)), (["failed", "0"], [["0"]]))
                self.check(self.run_t(again), "succeeded")
                self.assertEqual(len(self.indexes()), 1)
                self.forget_all()

    def test_the_retries_of_one_run(self):
        self.inventory(lock_timeout="150ms", retries=20)
        for build in self.BUILDS[:2]:
            self.revision(build + ";")
            with self.old_snapshot() as session:
                process = self.fleet.start("upgrade", "--progress", "plain")
                wait_until(lambda: b"55P03" in process.stderr.readline() or process.poll() is not None)
                session.kill()
                out, err = process.communicate(timeout=240)
            self.assertEqual(process.returncode, 0, (out, err))
            self.assertEqual((len(self.indexes()), self.sql(INVALID)), (1, [["0"]]))
            self.forget_all()

    def test_rows_that_are_not_unique_are_never_a_success(self):
        self.sql("UPDATE item SET email = 'e1' WHERE id = 2")
        for build in ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ux ON item (email)",
                      "CREATE UNIQUE INDEX CONCURRENTLY ON item (email)"):
            self.revision(build + ";")
            self.check(self.run_t("upgrade", code=1), "failed", code="23505")
            self.check(self.run_t("resume", code=1), "failed", code="23505")
            self.assertEqual((self.indexes(), self.sql(INVALID)), ([], [["0"]]))
        self.revision("CREATE INDEX CONCURRENTLY IF NOT EXISTS ux ON item (email);")  # mended
        self.check(self.run_t("upgrade"), "succeeded")
        self.assertEqual(self.indexes(), ["ux"])

    def test_where_no_twin_can_be_made(self):
        """What means the table itself, or a temporary table of its name, has the server not make one that is the same."""
        self.sql("CREATE FUNCTION whole(item) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1.email $$; CREATE INDEX other ON item (id)")
        for build in ("CREATE INDEX CONCURRENTLY ON item (whole(item))",
                      "CREATE INDEX CONCURRENTLY ON item (email) WHERE public.item.state = 'x'"):
            with self.subTest(build=build):
                self.revision(build + ";")
                with self.pg.session(self.db, "BEGIN; LOCK TABLE item;"):  # it did not begin
                    self.check(self.run_t("upgrade", code=1), "failed", code="55P03")
                with self.old_snapshot():
                    self.check(self.run_t("upgrade", code=4), "partial", "skein resolve t --undone", code="55P03")
                self.check(self.run_t("resume", code=4), "partial", "may have done a part of its work")
                self.sql(f'DROP INDEX "{self.indexes(False)[0]}"')
                self.check(self.run_t("resume"), "succeeded")
                self.assertEqual((len(self.indexes()), self.sql(INVALID)), (2, [["0"]]))
                self.leave_running(build)
                self.check(self.run_t("upgrade", code=4), "partial", "was under way")
                self.sql("DROP TABLE skein_history, alembic_version; "
                         "DROP INDEX " + ", ".join(set(self.indexes()) - {"other"}))

    def stop_in_the_middle(self, act):
        with self.old_snapshot():
            process = self.fleet.start("upgrade", "--progress", "none", "-o", "json")
            wait_until(lambda: self.sql(INVALID) == [["1"]], what="the index")
            self.wait_for("CREATE%INDEX%")
            act(process)
            out, err = process.communicate(timeout=240)
        return process.returncode, out

    def check_goes_on(self, command):
        self.check(self.run_t(command), "succeeded")
        self.assertEqual((len(self.indexes()), self.sql(INVALID)), (1, [["0"]]))
        self.forget_all()

    def interrupt(self, process):
        press(process)

    def terminate(self, process):
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE%INDEX%'")

    def test_what_an_end_in_the_middle_leaves_is_partial(self):
        self.inventory(lock_timeout="20s", retries=0)
        for build, act, code in ((self.BUILDS[0], self.interrupt, 4), (self.BUILDS[1], self.terminate, 4),
                                 (self.BUILDS[2], lambda process: process.kill(), -9),
                                 (self.BUILDS[1], self.interrupt, 4)):
            with self.subTest(build=build):
                self.revision(build + ";")
                self.assertEqual(self.stop_in_the_middle(act)[0], code)
                self.check_goes_on("resume")

    def test_statement_timeout(self):
        self.revision("SET statement_timeout = '300ms';\n" + self.BUILDS[0] + ";")
        self.inventory(lock_timeout="20s", retries=0)
        with self.old_snapshot():
            tenant = self.run_t("upgrade", code=4)  # the SET is done
        self.check(tenant, "partial", code="57014")
        self.assertEqual(self.sql(INVALID), [["0"]])
        self.check_goes_on("resume")

    def test_one_that_is_not_of_ours_is_told_and_left(self):
        self.sql("UPDATE item SET email = 'e1' WHERE id = 2")
        self.assertNotEqual(self.pg.psql(self.db, "-c", "CREATE UNIQUE INDEX CONCURRENTLY ix ON item (email)").returncode, 0)
        for options, build in ((OUTSIDE, "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON item (email)"),
                               (OUTSIDE, "CREATE INDEX IF NOT EXISTS ix ON item (email)"),
                               (OUTSIDE, "CREATE INDEX CONCURRENTLY ix ON item (email)"),
                               ("", "CREATE INDEX IF NOT EXISTS ix ON item (email)")):
            for command in ("upgrade", "resume"):
                with self.subTest(build=build, command=command):
                    self.fleet.last = ""
                    self.fleet.revision("aaaa1111", build + ";", options=options)
                    tenant = self.run_t(command, code=1)
                    self.check(tenant, "failed", "the index 'ix' that is there is INVALID")
                    self.assertEqual(tenant["error"]["line"], 7)
                    self.assertEqual(self.sql(INVALID), [["1"]])
        self.sql("DROP INDEX ix")
        self.check(self.run_t("resume"), "succeeded")
        self.assertEqual(self.indexes(), ["ix"])

    def test_the_parent_of_a_partitioned_index_may_be_invalid(self):
        self.sql("CREATE TABLE p (n int) PARTITION BY RANGE (n); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)")
        self.revision("CREATE INDEX IF NOT EXISTS ip ON ONLY p (n);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS ip1 ON p1 (n);\n"
                      "ALTER INDEX ip ATTACH PARTITION ip1;")
        self.check(self.run_t("upgrade"), "succeeded")
        self.assertEqual(self.sql(INVALID), [["0"]])

    def leave_running(self, statement, run=True):
        """As if killed right after the statement."""
        self.revision(statement + ";")
        self.sql("TRUNCATE skein_history, alembic_version; INSERT INTO skein_history (id, run_id, revision, direction, checksum, statements, "
                 "duration_ms, applied_at, state) VALUES (1, 'dead', 'aaaa1111', 'up', '', 0, 0, now(), 'running')")
        if run:
            self.sql(statement)

    def test_one_that_was_just_built_is_recognised(self):
        self.revision("CREATE TABLE first ();")
        self.check(self.run_t("upgrade"), "succeeded")  # the tables are there
        for name in ("ix ", ""):
            for definition in self.DEFINITIONS:
                with self.subTest(name=name, definition=definition):
                    self.leave_running(f"CREATE INDEX CONCURRENTLY {name}ON item {definition}")
                    self.check(self.run_t("upgrade"), "succeeded")
                    self.assertEqual((len(self.indexes()), self.sql(INVALID)), (1, [["0"]]))
                    self.sql(f'DROP INDEX "{self.indexes()[0]}"')
        for statement in ("SET lock_timeout = '1s'", "CREATE TABLE IF NOT EXISTS z (LIKE item)",
                          "CREATE OR REPLACE VIEW v AS SELECT id FROM item", "DROP TABLE IF EXISTS z, y",
                          "ALTER TABLE item ADD COLUMN IF NOT EXISTS extra int DEFAULT 1", "COMMENT ON TABLE item IS 'x'",
                          "CREATE INDEX IF NOT EXISTS ix ON item (id)", "CREATE SCHEMA IF NOT EXISTS s"):
            for run in (True, False):
                with self.subTest(statement=statement, run=run):  # may be run again
                    self.leave_running(statement, run)
                    self.check(self.run_t("upgrade"), "succeeded")
        self.sql("DROP INDEX ix")
        self.leave_running("CREATE INDEX CONCURRENTLY ix ON item (lower(name))", run=False)
        self.sql("CREATE INDEX ix ON item (upper(name))")
        self.check(self.run_t("plan", code=4), "partial", "may or may not have run")
        self.check(self.run_t("upgrade", code=4), "partial", "may or may not have run")


    def test_where_the_catalog_cannot_be_asked_a_person_is(self):
        """Without a name and without the right to make the twin no one knows which index it left."""
        self.sql(f"CREATE ROLE app{self.db} LOGIN; ALTER SCHEMA public OWNER TO app{self.db}; ALTER TABLE item OWNER TO "
                 f"app{self.db}; REVOKE TEMP ON DATABASE {self.db} FROM PUBLIC; UPDATE item SET email = 'e1' WHERE id = 2")
        self.fleet.inventory([{"name": "t", "url": self.pg.url(self.db, user=f"app{self.db}")}], defaults=self.patient)
        self.revision("CREATE UNIQUE INDEX CONCURRENTLY ON item (email);")
        self.check(self.run_t("upgrade", code=4), "partial", "skein resolve t --undone", code="23505")
        self.check(self.run_t("resume", code=4), "partial", "may have done a part of its work")
        self.sql(f'DROP INDEX "{self.indexes(False)[0]}"; UPDATE item SET email = id::text')
        self.run_ok("resolve", "t", "--undone")
        self.check(self.run_t("resume"), "succeeded")
        self.assertEqual((len(self.indexes()), self.sql(INVALID)), (1, [["0"]]))


class Others(OnPostgres):
    def test_reindex(self):
        self.sql("CREATE INDEX ix ON item (email); CREATE TABLE big (t text)")
        for what in ("INDEX CONCURRENTLY ix", "TABLE CONCURRENTLY item", "(CONCURRENTLY) TABLE item"):
            with self.subTest(what=what):
                self.revision(f"REINDEX {what};")
                with self.writer():
                    self.check(self.run_t("upgrade", code=4), "partial", code="55P03")
                    self.check(self.run_t("resume", code=4), "partial", "taking away what the statement left with 'DROP INDEX")
                self.assertEqual(self.indexes(), ["ix"])
                self.assertIn(self.sql(INVALID)[0][0], "12")  # the writer holds it up too, TOAST's index perhaps not
                self.check(self.run_t("resume"), "succeeded")
                self.assertEqual((self.indexes(), self.sql(INVALID)), (["ix"], [["0"]]))
                self.sql("DROP TABLE skein_history, alembic_version")

    def test_reindex_that_was_killed(self):
        self.sql("CREATE INDEX ix ON item (email)")
        self.inventory(lock_timeout="20s", retries=0)
        self.revision("REINDEX INDEX CONCURRENTLY ix;")
        with self.writer():
            process = self.fleet.start("upgrade", "--progress", "none")
            wait_until(lambda: self.sql(INVALID) == [["1"]], what="the copy")
            process.kill()
            process.communicate()
        self.check(self.run_t("resume"), "succeeded")
        self.assertEqual((self.indexes(), self.sql(INVALID)), (["ix"], [["0"]]))

    def test_drop_index_up_and_down(self):
        self.sql("CREATE INDEX ix ON item (email)")
        self.revision("DROP INDEX CONCURRENTLY ix;", "CREATE INDEX ix ON item (email);")
        with self.writer():
            self.check(self.run_t("upgrade", code=4), "partial", code="55P03")
        self.assertEqual((self.row(), self.indexes(False)), (["partial", "0"], ["ix"]))
        text = self.fleet.read("versions/aaaa1111.sql")
        self.revision("DROP INDEX CONCURRENTLY IF EXISTS other;", "CREATE INDEX ix ON item (email);")
        self.check(self.run_t("upgrade", code=4), "partial", "statement 1 failed in run")  # it is not the one that failed
        self.fleet.write("versions/aaaa1111.sql", text)
        self.check(self.run_t("upgrade"), "succeeded")
        self.assertEqual(self.indexes(False) + self.indexes(), [])

    def test_drop_index_of_a_down_section(self):
        self.revision("CREATE INDEX CONCURRENTLY ix ON item (email);")
        path = self.fleet.path("versions/aaaa1111.sql")
        with open(path, "a") as file:
            file.write("\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY ix;\n")
        self.check(self.run_t("upgrade"), "succeeded")
        for command in ("rollback", "downgrade"):
            target = ("base",) if command == "downgrade" else ()
            with self.writer():
                tenant = self.run_t(command, *target, code=4)
            self.assertIn(tenant["state"], ("partial", "rollback_failed"))
            self.assertEqual(self.indexes(False), ["ix"])
            self.run_ok(command, *target)
            self.assertEqual(self.indexes(False) + self.indexes(), [])
            if command == "rollback":
                self.check(self.run_t("upgrade"), "succeeded")

    def test_detach_partition(self):
        self.sql('CREATE SCHEMA "S s"; CREATE TABLE "S s"."P" (n int) PARTITION BY RANGE (n); '
                 'CREATE TABLE "S s"."p 1" PARTITION OF "S s"."P" FOR VALUES FROM (0) TO (9)')
        self.revision('ALTER TABLE "S s"."P" DETACH PARTITION "S s"."p 1" CONCURRENTLY;\nCREATE TABLE after ();')
        with self.pg.session(self.db, 'BEGIN; SELECT * FROM "S s"."P";'):
            self.check(self.run_t("upgrade", code=4), "partial", code="55P03")
        pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"
        self.assertEqual(self.sql(pending), [["1"]])
        self.check(self.run_t("resume"), "succeeded")
        self.assertEqual(self.sql("SELECT count(*) FROM pg_inherits"), [["0"]])
        self.assertEqual(self.sql("SELECT to_regclass('after') IS NULL"), [["f"]])

    def test_detach_that_never_began_stands_as_before(self):
        self.sql("CREATE TABLE p (n int) PARTITION BY RANGE (n); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)")
        self.revision("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;")
        with self.pg.session(self.db, "BEGIN; LOCK TABLE p;"):
            self.check(self.run_t("upgrade", code=1), "failed", code="55P03")
        self.check(self.run_t("resume"), "succeeded")

    def test_what_is_taken_back_as_a_whole_stands_as_before(self):
        self.inventory(lock_timeout="200ms", retries=0)
        for statement, code in (("INSERT INTO item SELECT n / (n - 3) FROM generate_series(1, 5) AS n", "22012"),
                                ("DO $$ BEGIN INSERT INTO item VALUES (99); RAISE EXCEPTION 'no'; END $$", "P0001"),
                                ("ALTER TABLE item ADD COLUMN id int", "42701"), ("CREATE DATABASE postgres", "42P04"),
                                ("CALL nosuch()", "42883"), ("CREATE INDX CONCURRENTLY ix ON item (id)", "42601"),
                                ("CREATE INDEX CONCURRENTLY ix ON item (nosuch)", "42703"),
                                ("ALTER TYPE nosuch ADD VALUE 'x'", "42704"), ("VACUUM nosuch", "42P01")):
            with self.subTest(statement=statement):
                self.revision(statement + ";")
                self.check(self.run_t("upgrade", code=1), "failed", code=code)
                self.assertEqual(self.row(), ["failed", "0"])
        self.assertEqual(self.sql("SELECT count(*) FROM item"), [["20"]])

    def test_a_server_that_takes_the_session_away_in_such_a_statement_says_so(self):
        self.revision("INSERT INTO item SELECT 99 FROM pg_sleep(2) WHERE NOT EXISTS (SELECT FROM pg_class WHERE "
                      "relname = 'up');")
        self.inventory(retries=3)
        process = self.fleet.start("upgrade", "--progress", "none", "-o", "json")
        sql = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'INSERT INTO item%'"
        pid = wait_until(lambda: self.sql(sql), what="the statement")[0][0]
        self.sql(f"CREATE TABLE up (); SELECT pg_terminate_backend({pid})")
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, (out, err))


class Blocks(OnPostgres):
    """What commits by itself may have done a part of its work: it is not run again unasked."""

    PROCEDURE = ("CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO item VALUES (77); COMMIT; "
                 "IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'up') THEN RAISE EXCEPTION 'no' USING ERRCODE = "
                 "'40001'; END IF; END $$")
    BLOCK = ("DO $$ BEGIN INSERT INTO item VALUES (77); COMMIT; IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'up') "
             "THEN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END IF; END $$")

    def rows(self):
        return self.sql("SELECT count(*) FROM item WHERE id = 77")

    def test_is_partial_until_a_person_has_looked(self):
        self.sql(self.PROCEDURE)
        self.inventory(retries=3)
        for statement in ("CALL work()", self.BLOCK):
            with self.subTest(statement=statement):
                self.revision(statement + ";\nCREATE TABLE after ();")
                self.check(self.run_t("upgrade", code=4), "partial", "skein resolve t --undone", code="40001")
                self.assertEqual(self.rows(), [["1"]])
                for command in ("resume", "upgrade", "plan"):
                    self.check(self.run_t(command, code=4), "partial", "may have done a part of its work")
                self.assertEqual(self.rows(), [["1"]])
                self.run_ok("resolve", "t", "--undone")
                self.sql("DELETE FROM item WHERE id = 77; CREATE TABLE up ()")
                self.check(self.run_t("resume"), "succeeded")
                self.assertEqual(self.rows(), [["1"]])
                self.sql("DROP TABLE up, after, skein_history, alembic_version; DELETE FROM item WHERE id = 77")

    def test_done_goes_on_after_it(self):
        self.revision(self.BLOCK + ";\nCREATE TABLE after ();")
        self.check(self.run_t("upgrade", code=4), "partial")
        self.run_ok("resolve", "t", "--done")
        self.check(self.run_t("upgrade"), "succeeded")
        self.assertEqual(self.rows(), [["1"]])

    def test_the_authors_query_decides(self):
        self.inventory(retries=2)
        self.revision(f"-- probe: SELECT 1 FROM item WHERE id = 77\n{self.BLOCK};\nCREATE TABLE after ();")
        self.check(self.run_t("upgrade"), "succeeded")  # tried again: the query says that it is done
        self.assertEqual(self.rows(), [["1"]])


class Edited:
    """A partial revision whose file is edited, on both engines: `sql` asks the tenant `t`."""

    DONE = "INSERT INTO bill VALUES (1)"
    NEXT = "INSERT INTO nosuch VALUES (2)"
    MENDED = "INSERT INTO bill VALUES (2)"

    def leave(self):
        """One statement done, the next failed."""
        self.renew()
        self.write(f"-- migrate:up{OUTSIDE}\n{self.DONE};\n{self.NEXT};\nINSERT INTO bill VALUES (3);\n")
        self.check(self.run_t("upgrade", code=4), "partial")

    def write(self, sections):
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", sections)

    def bills(self):
        return [int(r[0]) for r in self.sql("SELECT n FROM bill ORDER BY n")]

    def test_what_is_not_done_may_be_mended(self):
        up = f"-- migrate:up{OUTSIDE}\n"
        for sections in (f"{up}{self.DONE};\n{self.MENDED};\nINSERT INTO bill VALUES (3);\n",
                         f"{up}{self.DONE};\n-- why\n{self.MENDED};\nINSERT INTO bill VALUES (3)\n",
                         f"{up}/* 1 */ INSERT  INTO\n bill VALUES(1) ;\n{self.MENDED};\n{self.MENDED.replace('2', '3')};\n",
                         f"{up}{self.DONE};\n-- migrate:up\n{self.MENDED};\nINSERT INTO bill VALUES (3);\n",
                         f"-- migrate:up\n{self.DONE};\n{up}{self.MENDED};\nINSERT INTO bill VALUES (3);\n",
                         f"{up}{self.DONE};\nINSERT INTO bill VALUES (2), (3);\n"):
            for command in ("upgrade", "resume"):
                with self.subTest(sections=sections, command=command):
                    self.leave()
                    self.write(sections)
                    accept = ("--accept-chain-change",) if command == "resume" else ()
                    self.check(self.run_t(command, *accept), "succeeded")
                    self.assertEqual(self.bills(), [1, 2, 3])
                    self.check(self.run_t("upgrade"), "unchanged")

    def test_what_is_done_may_not(self):
        up = f"-- migrate:up{OUTSIDE}\n"
        rest = f"{self.MENDED};\nINSERT INTO bill VALUES (3);\n"
        for sections in (f"{up}CREATE TABLE top (n int);\n{self.DONE};\n{rest}",  # in front
                         f"{up}INSERT INTO bill VALUES (9);\n{rest}",  # edited
                         f"{up}{rest}", "-- migrate:up\n", f"{up}\n",  # removed
                         f"-- migrate:up\n{self.DONE};\n{rest}",  # in one transaction
                         f"-- migrate:up\n{self.MENDED};\n{up}{self.DONE};\n",  # another order
                         f"-- migrate:up\nCREATE TABLE top (n int);\n{up}{self.DONE};\n{rest}",
                         f"-- migrate:up\n{rest}"):
            with self.subTest(sections=sections):
                self.leave()
                self.write(sections)
                for command in ("plan", "upgrade", "resume"):
                    accept = ("--accept-chain-change",) if command == "resume" else ()
                    tenant = self.run_t(command, *accept, code=4)
                    self.check(tenant, "partial", "skein resolve t --statements N")
                self.assertEqual(self.bills(), [1])

    def test_put_back_it_goes_on(self):
        self.leave()
        text = self.fleet.read("versions/aaaa1111.sql")
        self.write(f"-- migrate:up{OUTSIDE}\nCREATE TABLE top (n int);\n{self.DONE};\n")
        self.check(self.run_t("upgrade", code=4), "partial")
        self.fleet.write("versions/aaaa1111.sql", text.replace(b"nosuch", b"bill"))
        self.check(self.run_t("upgrade"), "succeeded")
        self.assertEqual(self.bills(), [1, 2, 3])

    def test_a_person_says_how_many_stand(self):
        self.leave()
        self.write(f"-- migrate:up{OUTSIDE}\nCREATE TABLE top (n int);\n{self.DONE};\n{self.MENDED};\n")
        self.check(self.run_t("upgrade", code=4), "partial")
        self.assertIn("nothing is in doubt", self.fleet.run("resolve", "t", "--undone").out)
        self.assertEqual(self.fleet.run("resolve", "t", "--statements", "4").code, 4)
        self.assertEqual(self.fleet.run("resolve", "t", "--statements", "x").code, 2)
        self.sql("CREATE TABLE top (n int)")
        self.run_ok("resolve", "t", "--statements", "2")
        self.check(self.run_t("upgrade"), "succeeded")
        self.assertEqual(self.bills(), [1, 2])

    def test_it_is_not_the_next_step_any_more(self):
        """What is advised can be done."""
        self.leave()
        text = self.fleet.read("versions/aaaa1111.sql").replace(b"nosuch", b"bill")
        os.unlink(self.fleet.path("versions/aaaa1111.sql"))
        self.fleet.revision("bbbb2222", "CREATE TABLE other (n int);", revises="")
        for command in ("plan", "upgrade"):
            self.check(self.run_t(command, code=4), "partial", "no longer in the chain; put it back")
        self.fleet.write("versions/aaaa1111.sql", text.replace(b"-- Revises: ", b"-- Revises: bbbb2222"))
        for command in ("plan", "upgrade"):
            self.check(self.run_t(command, code=4), "partial", "'bbbb2222' comes before it by now; put the 'Revises'")
        self.fleet.write("versions/aaaa1111.sql", text)
        self.fleet.revision("bbbb2222", "CREATE TABLE other (n int);", revises="aaaa1111")
        self.check(self.run_t("upgrade"), "succeeded")
        self.assertEqual(self.bills(), [1, 2, 3])

    def test_a_script_refuses_it(self):
        self.leave()
        self.write(f"-- migrate:up{OUTSIDE}\n{self.DONE};\n{self.MENDED};\n")
        script = self.run_ok("upgrade", "--sql").out
        stamp = self.run_ok("stamp", "head", "--sql").out
        self.assertIn("version_num", self.run_script(script))
        self.assertEqual(self.bills(), [1])
        self.assertEqual(self.run_script(stamp), "")
        self.renew()
        self.assertEqual(self.run_script(script), "")
        self.assertEqual(self.bills(), [1, 2])

    def test_a_row_of_an_earlier_release(self):
        for edited in (False, True):
            self.leave()
            digest = self.file_digest()
            self.sql(f"UPDATE skein_history SET checksum = '{digest}'")
            if edited:
                self.write(f"-- migrate:up{OUTSIDE}\n{self.DONE};\n{self.MENDED};\n")
                self.check(self.run_t("upgrade", code=4), "partial", "an older skein left it after 1 statement")
                self.run_ok("resolve", "t", "--statements", "1")
                self.check(self.run_t("upgrade"), "succeeded")
                self.assertEqual(self.bills(), [1, 2])
            else:
                self.check(self.run_t("upgrade", code=4), "partial", "nosuch")

    def file_digest(self):
        import hashlib
        return hashlib.sha256(self.fleet.read("versions/aaaa1111.sql")).hexdigest()

    def test_a_down_section(self):
        self.renew()
        down = f"-- migrate:down{OUTSIDE}\nINSERT INTO bill VALUES (7);\n%s;\n"
        self.write("-- migrate:up\nINSERT INTO bill VALUES (1);\n" + down % "INSERT INTO nosuch VALUES (8)")
        self.check(self.run_t("upgrade"), "succeeded")
        self.check(self.run_t("downgrade", "base", code=4), "partial")
        self.write("-- migrate:up\nINSERT INTO bill VALUES (1);\n" + down.replace("7", "6") % "INSERT INTO bill VALUES (8)")
        self.run_ok("stamp", "head")  # vouches for the file, but
        self.sql("DELETE FROM skein_history WHERE direction = 'stamp'")
        self.check(self.run_t("downgrade", "base", code=4), "partial", "no longer the first of the file's down section")
        self.write("-- migrate:up\nINSERT INTO bill VALUES (1);\n" + down % "INSERT INTO bill VALUES (8)")
        self.sql("DELETE FROM skein_history WHERE state = 'applied'")
        self.check(self.run_t("downgrade", "base"), "succeeded")
        self.assertEqual(self.bills(), [1, 7, 8])


class EditedOnPostgres(Edited, OnPostgres):
    def renew(self):
        self.sql("DROP TABLE IF EXISTS bill, top, other, skein_history, alembic_version; CREATE TABLE bill (n int)")

    def run_script(self, script):
        """What it says of an error."""
        self.fleet.write("script.sql", script, mode=0o644)
        os.chmod(self.fleet.dir, 0o755)
        done = self.pg.psql(self.db, "-f", self.fleet.path("script.sql"))
        return done.stderr.decode() if done.returncode else ""


class EditedOnSqlite(Edited, FleetCase):
    check, run_t = OnPostgres.check, OnPostgres.run_t

    def renew(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.fleet.path("data/t.db"))
        self.fleet.inventory([self.fleet.sqlite("t", "CREATE TABLE bill (n int)")])

    def run_script(self, script):
        done = subprocess.run(["sqlite3", "-bail", self.fleet.path("data/t.db")], input=script.encode(), capture_output=True)
        return done.stderr.decode() if done.returncode else ""

    def sql(self, text):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/t.db"), isolation_level=None)) as db:
            return db.execute(text).fetchall()


class OnSqlite(FleetCase):
    def test_changes_that_a_failed_statement_keeps(self):
        """OR FAIL keeps the rows before the one that failed."""
        self.fleet.inventory([self.fleet.sqlite("t", "CREATE TABLE a (n int UNIQUE); INSERT INTO a VALUES (3)")])
        self.fleet.revision("aaaa1111", "INSERT OR FAIL INTO a VALUES (1), (2), (3), (4);", options=OUTSIDE)
        tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertEqual(tenant["state"], "partial")
        self.assertIn("skein resolve t --undone", tenant["error"]["message"])
        self.assertIn("a part of its work", self.run_json("resume", code=4).tenant("t")["error"]["message"])
        self.assertEqual(len(self.fleet.query("t", "SELECT n FROM a")), 3)
        self.run_ok("resolve", "t", "--done")
        self.run_ok("resume")

    def test_one_that_keeps_nothing_stands_as_before(self):
        self.fleet.inventory([self.fleet.sqlite("t", "CREATE TABLE a (n int UNIQUE); INSERT INTO a VALUES (3)")])
        self.fleet.revision("aaaa1111", "INSERT INTO a VALUES (1), (2), (3), (4);", options=OUTSIDE)
        self.assertEqual(self.run_json("upgrade", code=1).tenant("t")["state"], "failed")
        self.assertEqual(self.fleet.query("t", "SELECT n FROM a"), [(3,)])

    def test_another_run_goes_on_with_a_step_after_it_has_made_a_copy(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n);\nINSERT INTO later VALUES (1);", options=OUTSIDE)
        self.fleet.inventory([self.fleet.sqlite("t")], defaults={"rollback_by": "snapshot"})
        self.assertEqual(self.fleet.run("upgrade").code, 4)
        self.fleet.query("t", "CREATE TABLE later (n)")
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("t", "SELECT n FROM later"), [(1,)])


class ThroughAPooler(Pooler):
    """A step that was left half way, met through a proxy that pools transactions: no lock can be held there."""
    made = 0
    refusal = "through a transaction-pooling proxy no lock can be held for them: give this tenant a direct URL"

    def setUp(self):
        super().setUp()
        type(self).made += 1
        self.db = f"pooled{self.made}"
        self.pg.create(self.db)
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int);\n-- probe: SELECT 1\n"
                            "INSERT INTO fx SELECT 1 FROM pg_sleep(600);\nINSERT INTO fx VALUES (2);", options=OUTSIDE)
        self.go_through(self.pg.port)
        process = self.fleet.start("upgrade")
        sleeps = ("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' "
                  "AND pid <> pg_backend_pid() AND state = 'active'")
        wait_until(lambda: self.pg.sql(self.db, sleeps), what="the statement")
        process.kill()
        process.communicate()
        self.pg.sql(self.db, sleeps.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"))
        wait_until(lambda: not self.pg.sql(self.db, sleeps), what="its end")
        self.go_through(self.port)

    def go_through(self, port):
        self.fleet.inventory([{"name": "t", "url": f"postgresql://skein@127.0.0.1:{port}/{self.db}"}],
                             defaults={"retries": 0})

    def history(self):
        return self.pg.sql(self.db, "SELECT state, statements FROM skein_history")

    def test_what_came_of_a_statement_is_not_asked_there(self):
        tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertEqual((tenant["state"], tenant["error"]["class"]), ("partial", "config"))
        self.assertIn(self.refusal, tenant["error"]["message"])
        self.go_through(self.pg.port)
        self.run_ok("upgrade")
        self.assertEqual(self.pg.sql(self.db, "SELECT n FROM fx"), [["2"]])

    def test_nor_is_the_word_of_a_person_written_down(self):
        result = self.fleet.run("resolve", "t", "--undone")
        self.assertEqual(result.code, 4, result)
        self.assertIn(self.refusal, result.out)
        self.assertEqual(self.history(), [["running", "1"]])


if __name__ == "__main__":
    main()
