#!/usr/bin/env python3
"""Sections with `repeat:until-no-rows`: batches, each in a transaction of its own with its mark; stopped, killed, refused and
slowed down at any of them, a resume goes on, and each row is changed once."""
import os
import signal

from harness import FleetCase, MariaDBCase, Pooler, PostgresCase, Standby, main, wait_until

ROWS, BATCH = 60, 10
REPEAT = " repeat:until-no-rows pause:0"


class OnSQLite:
    INTEGER = "INTEGER"
    SLOW = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 400000) SELECT count(*) > 0 FROM n"
    UPDATE = f"UPDATE item SET n = n + 1, done = 1 WHERE id IN (SELECT id FROM item WHERE done IS NULL LIMIT {BATCH})"
    DELETE = f"DELETE FROM item WHERE id IN (SELECT id FROM item WHERE done = 1 LIMIT {BATCH})"

    def new(self):
        if os.path.exists(self.fleet.path("data", "t.db")):
            os.remove(self.fleet.path("data", "t.db"))
        return self.fleet.sqlite("t")

    def sql(self, text):
        return [tuple("" if v is None else str(v) for v in row) for row in self.fleet.query("t", text)]


class OnPostgres:
    INTEGER = "int"
    SLOW = "SELECT count(pg_sleep(0.1))"
    UPDATE = (f"WITH batch AS (SELECT id FROM item WHERE done IS NULL LIMIT {BATCH} FOR UPDATE SKIP LOCKED) "
              "UPDATE item SET n = n + 1, done = 1 FROM batch WHERE item.id = batch.id")
    DELETE = f"DELETE FROM item WHERE id IN (SELECT id FROM item WHERE done = 1 LIMIT {BATCH} FOR UPDATE SKIP LOCKED)"
    made = 0

    def new(self):
        type(self).made += 1
        self.db = f"{type(self).__name__.lower()}{self.made}"
        self.pg.create(self.db)
        return {"name": "t", "url": self.url()}

    def url(self):
        return self.pg.url(self.db)

    def sql(self, text):
        return [tuple(row) for row in self.pg.sql(self.db, text)]


class OnMariaDB:
    INTEGER = "INT"
    SLOW = "SELECT 1 - SLEEP(0.01)"
    UPDATE = f"UPDATE item SET n = n + 1, done = 1 WHERE done IS NULL LIMIT {BATCH}"
    DELETE = f"DELETE FROM item WHERE done = 1 LIMIT {BATCH}"
    made = 0

    def new(self):
        type(self).made += 1
        self.db = f"{type(self).__name__.lower()}{self.made}"
        self.maria.create(self.db)
        return {"name": "t", "url": self.maria.url(self.db)}

    def sql(self, text):
        return [tuple(row) for row in self.maria.sql(self.db, text)]


class Everywhere:
    """What holds on every engine."""

    def prepare(self, up=None, options=REPEAT, after="", down=True, **defaults):
        """A table of ROWS rows, made by a revision of its own, and one that repeats."""
        self.fleet.inventory([self.new()], defaults={"lock_timeout": "300ms", **defaults})
        self.fleet.last = ""
        values = ", ".join(f"({i}, 0)" for i in range(1, ROWS + 1))
        self.fleet.revision("aaaa1111", f"CREATE TABLE item (id {self.INTEGER} PRIMARY KEY, n {self.INTEGER} NOT NULL, "
                            f"done {self.INTEGER}); INSERT INTO item (id, n) VALUES {values};", down="DROP TABLE item;")
        text = f"-- migrate:up{options}\n{up or self.UPDATE};\n{after}"
        if down:
            text += f"\n-- migrate:down{REPEAT}\n{self.DELETE};\n"
        self.fleet.revision("bbbb2222", text)

    def history(self):
        return self.sql("SELECT state, statements, checksum FROM skein_history ORDER BY id DESC LIMIT 1")[0]

    def check_rows(self, changed=ROWS):
        self.assertEqual(int(self.sql("SELECT count(*) FROM item WHERE n = 1 AND done = 1")[0][0]), changed)
        self.assertEqual(int(self.sql("SELECT count(*) FROM item WHERE n > 1")[0][0]), 0)

    def test_runs_until_no_row_is_left_and_back(self):
        self.prepare()
        plan = self.run_json("plan").tenant("t")
        self.assertEqual([step["repeats"] for step in plan["steps"]], [False, True])
        result = self.fleet.run("upgrade", "-o", "json", "--progress", "json")
        self.assertEqual(result.code, 0, repr(result))
        step = result.tenant("t")["steps"][1]
        self.assertEqual((step["batches"], step["rows"], step["statements"]), (ROWS // BATCH, ROWS, 1))
        self.assertNotIn("batches", result.tenant("t")["steps"][0])
        self.assertIn('"event": "tenant_batches"', result.err)
        self.assertIn(f'"batches": {ROWS // BATCH}, "rows": {ROWS}, "waits_for": null', result.err)
        self.check_rows()
        self.assertEqual(self.history()[0], "applied")
        self.assertIn(f"bbbb2222  up  {ROWS} rows in {ROWS // BATCH} batches  (1 tenant)", self.run_ok("report").out)
        again = self.run_ok("report", "-o", "json").tenant("t")
        self.assertEqual(again["steps"], result.tenant("t")["steps"])
        self.assertEqual(self.run_json("upgrade").tenant("t")["state"], "unchanged")
        back = self.run_json("downgrade", "-1").tenant("t")
        self.assertEqual((back["steps"][0]["batches"], back["steps"][0]["rows"]), (ROWS // BATCH, ROWS))
        self.assertEqual(self.sql("SELECT count(*) FROM item")[0][0], "0")

    def test_killed_between_batches_goes_on_and_counts_right(self):
        for point in ("batch:1", "batch:3", "pause:2", "ease:4"):
            with self.subTest(point=point):
                self.prepare(options=" repeat:until-no-rows pause:1ms max_lag:0 max_waiting:0")
                self.assertEqual(self.fleet.run("upgrade", env={"SKEIN_FAILPOINT": f"{point}=kill"}).code, -9)
                done = int(self.sql("SELECT count(*) FROM item WHERE done = 1")[0][0])
                self.check_rows(done)
                half = self.run_json("current").tenant("t")["half_done"]
                self.assertEqual(half.get("rows", 0), done)
                self.assertFalse(half["in_doubt"])
                step = self.run_json("resume").tenant("t")["steps"][-1]
                self.assertEqual((step["batches"], step["rows"]), (ROWS // BATCH, ROWS))
                self.check_rows()

    def test_what_a_person_may_say_of_one_that_is_half_done(self):
        self.prepare()
        self.assertEqual(self.fleet.run("upgrade", env={"SKEIN_FAILPOINT": "batch:3=kill"}).code, -9)
        for command in ("current", "plan"):
            self.assertIn(f"bbbb2222  up  {2 * BATCH} rows in 2 batches so far  (1 tenant)", self.run_ok(command).out)
        self.assertIn(f"and {2 * BATCH} rows in batches", self.run_json("downgrade", "base", code=4).tenant("t")["error"]["message"])
        for word in ("--done", "--undone"):
            error = self.run_json("resolve", "t", word, code=4).tenant("t")["error"]
            self.assertIn("statement 1 runs in transactions", error["message"])
        self.run_json("resolve", "t", "--statements", "0")
        half = self.run_json("current").tenant("t")["half_done"]
        self.assertEqual((half["statements"], half["batches"], half["rows"]), (0, 2, 2 * BATCH))
        step = self.run_json("stamp", "head").tenant("t")["steps"][-1]
        self.assertEqual((step["revision"], step.get("rows")), ("bbbb2222", None))
        self.assertEqual(self.run_json("upgrade").tenant("t")["state"], "unchanged")
        self.check_rows(2 * BATCH)
        self.run_ok("stamp", "aaaa1111")
        self.assertEqual(self.run_json("upgrade").tenant("t")["steps"][0]["rows"], ROWS - 2 * BATCH)
        self.check_rows()

    def test_a_signal_stops_it_between_two_batches(self):
        self.prepare(options=" repeat:until-no-rows pause:50ms")
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        wait_until(lambda: self.is_begun(), what="the first batch")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        done = int(self.sql("SELECT count(*) FROM item WHERE done = 1")[0][0])
        self.assertTrue(0 < done < ROWS and done % BATCH == 0, (done, out, err))
        self.assertEqual(process.returncode, 4)
        state, statements, checksum = self.history()
        self.assertEqual((state, str(statements)), ("partial", "0"))
        self.assertTrue(checksum.endswith(f":{done // BATCH}:{done}"), checksum)
        self.assertEqual(self.run_json("resume").tenant("t")["steps"][-1]["rows"], ROWS)
        self.check_rows()

    def is_begun(self):
        try:
            return int(self.sql("SELECT count(*) FROM item WHERE done = 1")[0][0]) > 0
        except Exception:  # the table is still to be made
            return False

    def test_one_that_never_ends_is_found_out(self):
        self.prepare(up=self.UPDATE.replace("done = 1", "n = n").replace("SET n = n + 1, n = n", "SET n = n + 1"))
        tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertIn("again and again", tenant["error"]["message"])
        self.assertIn("item", tenant["error"]["message"])
        self.assertTrue(tenant["error"]["file"].endswith("bbbb2222.sql"))
        self.assertEqual(tenant["state"], "partial")

    def test_a_limit_of_batches_holds_for_one_run(self):
        self.prepare(options=REPEAT + " max_batches:4")
        tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertIn("max_batches", tenant["error"]["message"])
        self.check_rows(4 * BATCH)
        self.assertEqual(self.run_json("resume").tenant("t")["steps"][-1]["rows"], ROWS)
        self.check_rows()

    def test_a_fault_in_the_first_batch_leaves_nothing_and_the_mended_file_goes_on(self):
        self.prepare(up=self.UPDATE.replace("n + 1", "nothing_of_the_kind"))
        tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertEqual((tenant["state"], tenant["error"]["line"]), ("failed", 7))
        self.assertEqual(self.history()[0], "failed")
        self.fleet.revision("bbbb2222", self.UPDATE + ";", revises="aaaa1111", options=REPEAT)
        self.run_ok("upgrade")
        self.check_rows()

    def test_the_inventory_says_what_the_section_does_not(self):
        slow = self.UPDATE.replace("done = 1", f"done = ({self.SLOW})")
        self.prepare(up=slow, options=REPEAT, batch_timeout="40ms", retries=0)
        tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertEqual(tenant["error"]["class"], "timeout", tenant["error"])
        self.fleet.revision("bbbb2222", slow + ";", revises="aaaa1111", options=REPEAT + " timeout:60s")
        self.run_ok("upgrade")
        self.check_rows()

    def test_what_follows_comes_after_it_and_a_query_to_verify_is_asked_once(self):
        self.prepare(after="-- verify: SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM item WHERE done IS NULL)\n\n"
                           "-- migrate:up\nUPDATE item SET done = 2 WHERE id = 1;\n")
        self.run_ok("upgrade")
        self.assertEqual(self.sql("SELECT id FROM item WHERE done = 2"), [("1",)])

    def test_faults_of_the_chain_are_told_before_a_tenant_is_touched(self):
        cases = (("SELECT 1", "no count of the rows"), ("CREATE TABLE x (y int)", "no count of the rows"),
                 ("UPDATE item SET n = 1", "without WHERE"), ("INSERT INTO item (id, n) VALUES (1, 1)", "again and again"),
                 (f"{self.UPDATE}; {self.DELETE}", "one statement, and this one has 2"), ("-- nothing", "this one has none"),
                 (f"{self.UPDATE} RETURNING 1", "leave it out"))
        for sql, words in cases:
            with self.subTest(sql=sql):
                self.prepare(up=sql)
                result = self.run_ok("upgrade", code=2)
                self.assertIn(words, result.err)
                self.assertIn("bbbb2222.sql:", result.err)

    def test_lint_tells_of_batches_that_find_the_same_rows(self):
        for up, is_told in ((self.UPDATE.replace("done IS NULL", "id > 0"), True), (self.UPDATE, False)):
            with self.subTest(up=up):
                self.prepare(up=up)
                self.assertEqual("repeat-same-rows" in self.run_ok("lint").out, is_told)

    def test_a_script_cannot_repeat(self):
        self.prepare()
        result = self.run_ok("upgrade", "--sql", "--dialect", self.DIALECT, code=2)
        self.assertIn("repeat", result.err)
        self.assertIn("bbbb2222", result.err)


class SQLite(OnSQLite, Everywhere, FleetCase):
    DIALECT = "sqlite"

    def test_rows_that_a_trigger_changes_in_the_place_of_a_view_count(self):
        self.prepare(up=f"UPDATE shown SET done = 1 WHERE id IN (SELECT id FROM item WHERE done IS NULL LIMIT {BATCH})")
        self.run_ok("upgrade", "aaaa1111")
        self.sql("CREATE VIEW shown AS SELECT * FROM item")
        self.sql("CREATE TRIGGER instead INSTEAD OF UPDATE ON shown BEGIN UPDATE item SET n = n + 1, done = 1 WHERE id = OLD.id; END")
        step = self.run_json("upgrade").tenant("t")["steps"][0]
        self.assertEqual((step["batches"], step["rows"]), (ROWS // BATCH, ROWS))
        self.check_rows()


    def test_rows_that_a_trigger_may_pass_over_are_told(self):
        """RAISE(IGNORE) leaves a row as it is, uncounted: the first batch of such rows is the last. Not of another table."""
        ignore = "CREATE TRIGGER keep BEFORE {} ON {} WHEN OLD.id <= 10 BEGIN SELECT RAISE (\n\tignore ); END"
        remove = f"DELETE FROM main.\"item\" WHERE id IN (SELECT id FROM item LIMIT {BATCH})"
        verify = "-- verify: SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM item WHERE done IS NULL)\n"
        for up, trigger, after, is_told in ((self.UPDATE, ignore.format("UPDATE", "item"), "", True),
                                            (remove, ignore.format("DELETE", "Item"), "", True),
                                            (self.UPDATE, ignore.format("UPDATE", "item"), verify, False),
                                            (self.UPDATE, ignore.format("DELETE", "item"), "", False),
                                            (self.UPDATE, ignore.format("UPDATE", "items"), "", False)):
            with self.subTest(up=up, trigger=trigger, after=after):
                self.prepare(up=up, after=after)
                self.run_ok("upgrade", "aaaa1111")
                self.sql("CREATE TABLE items (id INTEGER)")
                self.sql(trigger)
                notices = self.run_json("upgrade", code=4 if after else 0).report["notices"]
                self.assertEqual(["RAISE(IGNORE)" in notice["message"] for notice in notices], [True] * is_told)


class PostgreSQL(OnPostgres, Everywhere, PostgresCase):
    DIALECT = "postgresql"

    def test_rows_that_others_have_locked_are_waited_for(self):
        self.prepare(retries=20, lock_timeout="100ms")
        self.run_ok("upgrade", "aaaa1111")
        with self.pg.session(self.db, "BEGIN; UPDATE item SET n = n WHERE id <= 3;") as session:
            process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
            wait_until(lambda: self.sql("SELECT count(*) FROM item WHERE done = 1") == [(str(ROWS - 3),)], what="the others")
            wait_until(lambda: self.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != [("0",)], what="the wait")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, (out, err))
        self.check_rows()

    def test_locks_are_given_way_to_and_not_for_ever(self):
        self.prepare(up=self.UPDATE.replace(" SKIP LOCKED", ""), retries=2, lock_timeout="50ms")
        self.run_ok("upgrade", "aaaa1111")
        with self.pg.session(self.db, "BEGIN; UPDATE item SET n = n WHERE id = 25;"):
            tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertEqual((tenant["error"]["class"], tenant["attempts"], tenant["state"]), ("lock", 3, "partial"))
        self.check_rows(20)
        self.run_ok("resume")
        self.check_rows()

    def test_sessions_that_wait_for_locks_slow_it_down(self):
        self.prepare(options=REPEAT + " max_waiting:1")
        self.run_ok("upgrade", "aaaa1111")
        self.sql("CREATE TABLE other (id int)")
        with self.pg.session(self.db, "BEGIN; LOCK TABLE other;"):
            with self.pg.session(self.db, "SELECT 1;") as one, self.pg.session(self.db, "SELECT 1;") as two:
                for waiter in (one, two):
                    waiter.stdin.write(b"SELECT * FROM other;\n")
                    waiter.stdin.flush()
                wait_until(lambda: self.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == [("2",)], what="waiters")
                process = self.fleet.start("upgrade", "-o", "json", "--progress", "json")
                lines = iter(process.stderr.readline, b"")
                self.assertTrue(any(b"too many sessions wait for locks" in line for line in lines))
                self.check_rows(0)
                self.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.check_rows()


    def test_it_stands_between_statements_outside_a_transaction(self):
        outside = "\n-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY {} ON item (n);\n"
        self.prepare(options=" transaction:false", up="CREATE INDEX CONCURRENTLY one ON item (done)",
                     after=f"\n-- migrate:up{REPEAT}\n{self.UPDATE};\n" + outside.format("two"), down=False)
        step = self.run_json("upgrade").tenant("t")["steps"][1]
        self.assertEqual((step["statements"], step["batches"], step["rows"]), (3, ROWS // BATCH, ROWS))
        self.check_rows()

    def test_what_is_not_counted_is_told(self):
        """A trigger keeps the rows of the first batch as they are, or WITH does the work: it ends too early, or may have."""
        trigger = ("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN NEW.id > 10 THEN NEW END; END'; "
                   "CREATE TRIGGER keep BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION keep()")
        by_with = (f"WITH taken AS (UPDATE item SET done = 1 WHERE id IN (SELECT id FROM item WHERE done IS NULL LIMIT {BATCH}) "
                   "RETURNING id) DELETE FROM item WHERE id IN (SELECT -id FROM taken)")
        ordered = self.UPDATE.replace("IS NULL", "IS NULL ORDER BY id")
        verify = "-- verify: SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM item WHERE done IS NULL)\n"
        for before, up in ((trigger, ordered), ("SELECT 1", by_with)):
            with self.subTest(up=up):
                self.prepare(up=up)
                self.run_ok("upgrade", "aaaa1111")
                self.sql(before)
                report = self.run_json("upgrade").report
                self.assertIn("counted no row", report["notices"][0]["message"])
                self.assertEqual(report["notices"][0]["revision"], "bbbb2222")
                self.prepare(up=up, after=verify)
                self.run_ok("upgrade", "aaaa1111")
                self.sql(before)
                self.assertEqual(self.run_json("upgrade", code=4).report["notices"], [])
        self.prepare()
        self.assertEqual(self.run_json("upgrade").report["notices"], [])

    def test_rows_that_a_rule_may_pass_over_are_told(self):
        nothing = "CREATE RULE keep AS ON {} TO {} DO INSTEAD NOTHING"
        for up, rules, is_told in ((self.UPDATE, (nothing.format("UPDATE", "item"),), True),
                                   (self.UPDATE, (nothing.format("UPDATE", "item"), "ALTER TABLE item DISABLE RULE keep"), False),
                                   (self.UPDATE, (nothing.format("UPDATE", "items"), nothing.format("DELETE", "item")), False),
                                   (f"DELETE FROM ONLY \"item\" WHERE id IN (SELECT id FROM item LIMIT {BATCH})",
                                    (nothing.format("DELETE", "item"),), True),
                                   (f"UPDATE U&\"!0069tem\" UESCAPE '!' SET done = 1 WHERE done IS NULL", (), False)):
            with self.subTest(up=up, rules=rules):
                self.prepare(up=up)
                self.run_ok("upgrade", "aaaa1111")
                self.sql("CREATE TABLE items (id int)")
                for rule in rules:
                    self.sql(rule)
                notices = self.run_json("upgrade").report["notices"]
                self.assertEqual(["a rule with INSTEAD" in notice["message"] for notice in notices], [True] * is_told)

    def test_of_a_rehearsal_nothing_is_left(self):
        self.prepare()
        self.run_ok("upgrade", "aaaa1111")
        self.run_ok("plan", "--rehearse")
        self.check_rows(0)


class Replicated(OnPostgres, PostgresCase):
    """A standby that has stopped replaying holds the batches up, until it goes on, or is gone, or has been waited for long enough."""
    prepare, check_rows = Everywhere.prepare, Everywhere.check_rows

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.standby = Standby(cls.pg)
        cls.addClassCleanup(cls.standby.close)

    def start_held_up(self, **defaults):
        """The run, once it waits. Between two batches it pauses for long enough that it asks more than once."""
        self.prepare(options=" repeat:until-no-rows pause:400ms", batch_max_lag="20ms", **defaults)
        self.run_ok("upgrade", "aaaa1111")
        self.standby.sql("postgres", "SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.standby.sql("postgres", "SELECT pg_get_wal_replay_pause_state()") == [["paused"]], what="pause")
        self.pg.sql("postgres", "SELECT pg_switch_wal()")  # something that is still to be replayed
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "json")
        for line in iter(process.stderr.readline, b""):
            if b"the replicas are late" in line:
                return process
        self.fail("it did not wait")

    def check_end(self, process):
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.check_rows()

    def test_they_are_waited_for(self):
        process = self.start_held_up()
        done = self.sql("SELECT count(*) FROM item WHERE done = 1")
        self.assertLess(int(done[0][0]), ROWS)
        self.standby.sql("postgres", "SELECT pg_wal_replay_resume()")
        self.check_end(process)

    def test_not_for_ever(self):
        process = self.start_held_up(batch_max_wait="200ms", retries=0)
        out, err = process.communicate(timeout=60)
        is_begun = self.sql("SELECT count(*) FROM item WHERE done = 1") != [("0",)]
        self.assertEqual(process.returncode, 4 if is_begun else 1, (out, err))
        self.assertIn(b"the replicas are late for longer than", out)
        self.standby.sql("postgres", "SELECT pg_wal_replay_resume()")
        self.run_ok("resume")
        self.check_rows()

    def test_one_that_is_gone_is_not_waited_for(self):
        process = self.start_held_up()
        self.standby.stop("immediate")
        self.addCleanup(self.standby.start)
        self.check_end(process)


class MariaDBs(OnMariaDB, Everywhere, MariaDBCase):
    DIALECT = "mariadb"

    def test_a_table_whose_engine_takes_no_change_back_is_refused(self):
        self.prepare()
        self.run_ok("upgrade", "aaaa1111")
        self.sql("ALTER TABLE item ENGINE=MyISAM")
        tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertIn("takes no change back", tenant["error"]["message"])
        self.check_rows(0)


    def test_a_join_holds_an_update_by(self):
        """An UPDATE of several tables takes no LIMIT: its batch is a table that it joins."""
        self.prepare(up=f"UPDATE item JOIN (SELECT id FROM item WHERE done IS NULL LIMIT {BATCH}) AS batch ON batch.id = item.id "
                        "SET item.n = item.n + 1, item.done = 1")
        self.assertEqual(self.run_json("upgrade").tenant("t")["steps"][1]["batches"], ROWS // BATCH)
        self.check_rows()

    def test_rows_that_are_found_and_left_as_they_are_end_it_at_once(self):
        """The server says so, and the next batch would find the same ones. A batch that changes some of its rows goes on."""
        self.prepare(up=f"UPDATE item SET done = 1 WHERE id > 0 ORDER BY done, id LIMIT {BATCH}")
        tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertIn(f"finds the same rows again and again: the {BATCH} of its last batch", tenant["error"]["message"])
        self.assertEqual(self.sql("SELECT count(*) FROM item WHERE done = 1"), [(str(ROWS),)])
        self.prepare(up="INSERT INTO item (id, n) SELECT id + 1000, 0 FROM item WHERE id < 1000 AND id + 1000 NOT IN (SELECT id FROM "
                        f"(SELECT id FROM item) AS made) LIMIT {BATCH}", down=False)
        self.assertEqual(self.run_json("upgrade").tenant("t")["steps"][1]["rows"], ROWS)

    def test_rows_count_for_their_own_step_alone(self):
        """The next step begins in the message that records the one before; skein dies in its first statement."""
        self.prepare(lock_timeout="60s")
        self.fleet.revision("cccc3333", "ALTER TABLE taken ADD COLUMN y INT; CREATE TABLE c (id INT);")
        self.sql("CREATE TABLE taken (x INT)")
        with self.maria.session(self.db, "LOCK TABLES taken WRITE;"):
            process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
            wait_until(lambda: self.sql("SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'ALTER TABLE "
                                        "taken%' AND state LIKE 'Waiting%'") == [("1",)], what="the statement")
            process.kill()
            process.communicate()
        step = self.run_json("resume").tenant("t")["steps"][-1]
        self.assertEqual((step["revision"], step["statements"], step.get("rows")), ("cccc3333", 2, None))


class Pooled(OnPostgres, Pooler):
    """Through a proxy that pools transactions, each batch takes the tenant's lock anew."""
    prepare, check_rows = Everywhere.prepare, Everywhere.check_rows

    def url(self):
        return self.pg.url(self.db, port=self.port)

    def test_each_batch_takes_the_lock(self):
        self.prepare()
        step = self.run_json("upgrade").tenant("t")["steps"][1]
        self.assertEqual((step["batches"], step["rows"]), (ROWS // BATCH, ROWS))
        self.check_rows()


if __name__ == "__main__":
    main()
