#!/usr/bin/env python3
"""Replicas that the inventory names (`batch_replicas`): batches wait for those that are late, that have stopped, and that cannot be
asked."""
import json

from harness import MariaDBCase, MariaDBReplica, PostgresCase, Standby, free_port, main, wait_until

ROWS, BATCH = 40, 10


class Named:
    """A tenant on a server whose replica is named."""
    made = 0

    def prepare(self, replicas, options="", tenants=("a",), **defaults):
        """A table of ROWS rows in each tenant, which the replica has, and a revision that repeats."""
        type(self).made += 1
        names = [f"{name}{self.made}" for name in tenants]
        tenants = [{**tenant, "name": name} for name, tenant in zip(tenants, self.server.create(*names))]
        self.db, self.fleet.last = names[0], ""
        self.fleet.inventory(tenants, defaults={"batch_replicas": replicas, "lock_timeout": "20s", **defaults})
        values = ", ".join(f"({i})" for i in range(ROWS))
        self.fleet.revision("aaaa1111", "CREATE TABLE item (id int PRIMARY KEY, done int);\n"
                            f"INSERT INTO item (id) VALUES {values};")
        self.fleet.revision("bbbb2222", self.UPDATE + ";", options=f" repeat:until-no-rows {options}")
        self.run_ok("upgrade", "aaaa1111")
        self.follow()

    def done(self):
        return int(self.server.sql(self.db, "SELECT count(*) FROM item WHERE done = 1")[0][0])

    def start(self):
        return self.fleet.start("upgrade", "-o", "json", "--progress", "json")

    def wait_for(self, process, words):
        """Reads the events until one says that the batches wait for this."""
        for line in iter(process.stderr.readline, b""):
            event = json.loads(line)
            if words in (event.get("waits_for") or ""):
                return event["waits_for"]
        self.fail(f"it did not wait: {process.communicate()}")

    def end(self, process, code=0):
        """The report."""
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, (out, err))
        return json.loads(out)


class OnMariaDB(Named, MariaDBCase):
    settings = ("--log-bin", "--server-id=1")
    UPDATE = f"UPDATE item SET done = 1 WHERE done IS NULL LIMIT {BATCH}"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.maria
        cls.replica = MariaDBReplica(cls.maria)
        cls.addClassCleanup(cls.replica.close)

    def follow(self):
        self.replica.follow(self.maria)

    def url(self):
        return self.replica.url("").rstrip("/")

    def name(self):
        return f"the replica '127.0.0.1:{self.replica.port}'"

    def test_a_late_one_is_waited_for(self):
        self.prepare([self.url()], options="max_lag:1s")
        with self.replica.session(self.db, "LOCK TABLES item READ"):
            self.maria.sql(self.db, "UPDATE item SET done = NULL, id = 1000 WHERE id = 0")
            wait_until(lambda: int(self.replica.status()["Seconds_Behind_Master"]) > 1, what="the lag")
            process = self.start()
            self.assertRegex(self.wait_for(process, "late"), self.name() + r" is \d+ s late")
            self.assertEqual(self.done(), 0)
        self.assertEqual(self.end(process)["notices"], [])
        self.assertEqual(self.done(), ROWS)

    def test_it_is_not_asked_where_lag_does_not_matter(self):
        self.prepare([f"mysql://skein:{self.maria.SECRET}@127.0.0.1:{free_port()}"], options="pause:0 max_lag:0")
        self.run_ok("upgrade")
        self.assertEqual(self.done(), ROWS)

    def test_one_that_has_stopped_is_waited_for_and_told_of(self):
        self.prepare([self.url()])
        self.replica.sql("", "STOP SLAVE SQL_THREAD")
        self.addCleanup(self.replica.sql, "", "START SLAVE")
        process = self.start()
        words = self.name() + " does not follow its primary: its SQL thread is stopped"
        self.wait_for(process, words)
        self.assertEqual(self.done(), 0)
        self.replica.sql("", "START SLAVE")
        notice = self.end(process)["notices"][0]
        self.assertEqual((notice["level"], notice["message"]), ("warning", f"a statement that repeats has waited: {words}"))
        self.assertEqual(self.done(), ROWS)

    def test_one_that_stops_in_the_middle_and_one_that_dies(self):
        self.prepare([self.url()], options="pause:300ms")
        process = self.start()
        wait_until(lambda: self.done() > 0, what="the first batch")
        self.replica.stop("immediate")
        self.wait_for(process, "does not follow its primary: it cannot be")
        self.replica.start()
        self.end(process)
        self.assertEqual(self.done(), ROWS)

    def test_not_for_ever(self):
        gone = free_port()
        cases = ((f"mysql://skein:{self.maria.SECRET}@127.0.0.1:{gone}", f"'127.0.0.1:{gone}' does not follow its primary: it cannot be reached"),
                 (f"mysql://skein:wrong-secret@127.0.0.1:{self.replica.port}", "it cannot be reached"),
                 (f"mysql://plain@127.0.0.1:{self.replica.port}", "it cannot be asked"))
        self.maria.sql("", "CREATE USER IF NOT EXISTS plain@'%'")
        for url, words in cases:
            with self.subTest(url=url):
                self.prepare([url], batch_max_wait="400ms", retries=0)
                result = self.fleet.run("upgrade", "-o", "json", "--progress", "json")
                self.assertEqual(result.code, 1, repr(result))
                error = result.tenant("a")["error"]
                self.assertEqual(error["class"], "timeout")
                self.assertIn(words, error["message"])
                self.assertIn("for longer than 'max_wait:'", error["message"])
                for text in (result.out, result.err):
                    self.assertNotIn("wrong-secret", text)
                    self.assertNotIn(self.maria.SECRET, text)
                self.assertEqual(self.done(), 0)

    def test_a_server_that_is_no_replica(self):
        primary = f"localhost:{self.maria.port}"  # another name for the tenant's own
        self.prepare([self.url(), f"mysql://skein:{self.maria.SECRET}@{primary}"], batch_max_wait="400ms", retries=0)
        tenant = self.run_json("upgrade", code=1).tenant("a")
        self.assertIn(f"'{primary}' does not follow its primary: it is no replica", tenant["error"]["message"])

    def test_one_connection_serves_all_tenants(self):
        self.prepare([self.url()], tenants=("a", "b", "c", "d"), options="pause:10ms")
        count = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Connections'"
        before = int(self.replica.sql("", count)[0][0])
        self.run_ok("upgrade")
        self.assertEqual(int(self.replica.sql("", count)[0][0]), before + 2)


class OnPostgres(Named, PostgresCase):
    """Named ones are asked themselves: what the primary says of them is not needed."""
    UPDATE = f"UPDATE item SET done = 1 WHERE id IN (SELECT id FROM item WHERE done IS NULL LIMIT {BATCH})"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.pg
        cls.standby = Standby(cls.pg)
        cls.addClassCleanup(cls.standby.close)

    def follow(self):
        wait_until(lambda: self.standby.sql("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{self.db}'"), what="the standby")

    def test_one_whose_replay_is_paused(self):
        self.prepare([self.standby.url("postgres")])
        self.standby.sql("postgres", "SELECT pg_wal_replay_pause()")
        process = self.start()
        self.wait_for(process, f":{self.standby.port}' does not follow its primary: its replay is paused")
        self.assertEqual(self.done(), 0)
        self.standby.sql("postgres", "SELECT pg_wal_replay_resume()")
        self.end(process)
        self.assertEqual(self.done(), ROWS)

    def test_they_are_shown(self):
        self.fleet.inventory([{"name": "a", "url": self.pg.url("a"), "batch_replicas": ["postgresql://me:secret@db1-replica/x", "postgresql://db2/y"]},
                              {"name": "b", "url": self.pg.url("postgres")}])
        table = self.run_ok("tenants").out
        self.assertRegex(table, r"NAME +URL +SCHEMA +WAVE +LABELS +REPLICAS\n")
        self.assertNotIn("secret", table)
        shown = [tenant["batch_replicas"] for tenant in self.run_ok("tenants", "-o", "json").report]
        self.assertEqual(shown, [["postgresql://me@db1-replica/x", "postgresql://db2/y"], []])
        self.assertNotIn("REPLICAS", self.run_ok("tenants", "-t", "b").out)

    def test_one_that_the_login_cannot_see_from_the_primary(self):
        self.pg.sql("postgres", "CREATE ROLE plain LOGIN")
        self.prepare([self.standby.url("postgres")], options="max_lag:20ms pause:0")
        self.pg.sql(self.db, "ALTER TABLE item OWNER TO plain; ALTER TABLE alembic_version OWNER TO plain; ALTER TABLE skein_history "
                             "OWNER TO plain; GRANT ALL ON SCHEMA public TO plain")
        self.fleet.inventory([{"name": "a", "url": self.pg.url(self.db, user="plain")}],
                             defaults={"batch_replicas": [self.standby.url("postgres")]})
        self.standby.sql("postgres", "SELECT pg_wal_replay_pause()")
        self.addCleanup(self.standby.sql, "postgres", "SELECT pg_wal_replay_resume()")
        process = self.start()
        self.wait_for(process, "its replay is paused")
        self.standby.sql("postgres", "SELECT pg_wal_replay_resume()")
        self.end(process)
        self.assertEqual(self.done(), ROWS)


if __name__ == "__main__":
    main()
