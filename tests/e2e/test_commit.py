"""The moments around COMMIT: killed, cut, swallowed, orphaned. Effects are counted in a table without
a unique key, so that twice would be seen."""
import json
import os
import re
import signal
import socket
import subprocess
import time

from harness import Postgres, PostgresCase, FleetCase, Pooler, free_port, main, wait_until
from proxy import Proxy

STATES = ("connect", "lock", "inspect", "read", "plan", "begin", "apply", "commit", "release", "close")


class Killed:
    """kill -9 at every state of the table, then one run, then another that must change nothing."""

    def check(self, states, effects):
        reached = 0
        for state in states:
            for nth in (1, 2, 3):
                self.make()
                process = self.fleet.start("upgrade", env={"SKEIN_FAILPOINT": f"{state}:{nth}=kill"})
                process.communicate(timeout=240)
                reached += process.returncode == -signal.SIGKILL
                self.assertIn(process.returncode, (0, -signal.SIGKILL))
                self.run_ok("upgrade")
                self.assertEqual(effects(), [1, 2, 3], (state, nth))
                self.assertEqual(self.run_json("upgrade").report["totals"]["unchanged"], 1)
        return reached


class KilledOnSqlite(FleetCase, Killed):
    def make(self):
        self.fleet.last = ""
        for number, id_ in enumerate(("aaaa1111", "bbbb2222", "cccc3333"), 1):
            table = "CREATE TABLE fx (n);" if number == 1 else ""
            self.fleet.revision(id_, f"{table}\nINSERT INTO fx VALUES ({number});")
        path = self.fleet.path("data/t.db")
        for file in (path, path + "-journal"):
            if os.path.exists(file):
                os.unlink(file)
        self.fleet.inventory([self.fleet.sqlite("t")], defaults={"transaction": self.mode})

    def effects(self):
        return [row[0] for row in self.fleet.query("t", "SELECT n FROM fx ORDER BY n")]

    def test_in_one_transaction(self):
        self.mode = "all"
        self.assertGreaterEqual(self.check(STATES, self.effects), 9)

    def test_in_a_transaction_each(self):
        self.mode = "each"
        self.assertGreaterEqual(self.check(STATES, self.effects), 15)


class KilledOnPostgres(PostgresCase, Killed):
    count = 0

    def make(self):
        type(self).count += 1
        self.name = f"killed{self.count}"
        self.fleet.last = ""
        for number, id_ in enumerate(("aaaa1111", "bbbb2222", "cccc3333"), 1):
            table = "CREATE TABLE fx (n int);" if number == 1 else ""
            self.fleet.revision(id_, f"{table}\nINSERT INTO fx VALUES ({number});")
        self.fleet.inventory(self.pg.create(self.name),
                             defaults={"transaction": self.mode, "lock_timeout": "20s"})

    def effects(self):
        return [int(row[0]) for row in self.pg.sql(self.name, "SELECT n FROM fx ORDER BY n")]

    def test_in_one_transaction(self):
        self.mode = "all"
        self.assertGreaterEqual(self.check(STATES, self.effects), 9)

    def test_in_a_transaction_each(self):
        self.mode = "each"
        self.assertGreaterEqual(self.check(("begin", "apply", "commit"), self.effects), 9)

    def test_a_statement_outside_a_transaction_is_not_run_twice(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int);")
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nINSERT INTO fx VALUES (1);\n"
                            "INSERT INTO fx SELECT 2 FROM pg_sleep(1.5);\nINSERT INTO fx VALUES (3);\n")
        self.fleet.inventory(self.pg.create("doubt"), defaults={"lock_timeout": "20s"})
        self.name = "doubt"
        process = self.fleet.start("upgrade")
        wait_until(lambda: self.pg.sql("postgres", "SELECT 1 FROM pg_stat_activity WHERE datname = 'doubt' "
                                       "AND query LIKE '%pg_sleep%' AND state = 'active'"), what="the sleep")
        process.kill()
        process.communicate()
        result = self.run_json("upgrade", code=4)
        self.assertEqual(result.tenant("doubt")["state"], "partial")
        self.assertIn("statement 2 of 3", result.tenant("doubt")["error"]["message"])
        self.assertIn(self.effects(), ([1], [1, 2]))
        # as the message says to settle it
        self.run_ok("resolve", "doubt", "--done" if self.effects() == [1, 2] else "--undone")
        self.run_ok("upgrade")
        self.assertEqual(self.effects(), [1, 2, 3])


class Commit(PostgresCase):
    def make(self, name, proxy):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int);\nINSERT INTO fx VALUES (1);")
        self.pg.create(name)
        self.fleet.inventory([{"name": name, "url": self.pg.url(name, port=proxy.port),
                               "lock_timeout": "10s"}])
        self.addCleanup(proxy.close)

    def effects(self, name):
        return self.pg.sql(name, "SELECT n FROM fx")

    def test_the_reply_is_lost(self):
        proxy = Proxy(self.pg.port, "drop-reply", b"COMMIT\0")
        self.make("lost", proxy)
        tenant = self.run_json("upgrade").tenant("lost")
        self.assertEqual((proxy.fired, tenant["state"], tenant["attempts"]), (1, "succeeded", 2))
        self.assertEqual([s["revision"] for s in tenant["steps"]], ["aaaa1111"])
        self.assertEqual(self.effects("lost"), [["1"]])

    def test_the_connection_is_cut_before(self):
        proxy = Proxy(self.pg.port, "cut-before", b"COMMIT\0")
        self.make("cut", proxy)
        tenant = self.run_json("upgrade").tenant("cut")
        self.assertEqual((proxy.fired, tenant["state"], tenant["attempts"]), (1, "succeeded", 2))
        self.assertEqual(self.effects("cut"), [["1"]])

    def test_cut_anywhere_else(self):
        for number, moment in enumerate((b"pg_try_advisory_lock", b"to_regclass", b"BEGIN", b"INSERT INTO fx",
                                         b"INSERT INTO \"public\".\"skein_history\"")):
            for action in ("cut-before", "drop-reply"):
                self.fleet.last = ""
                name = f"cut{number}{action[0]}"
                proxy = Proxy(self.pg.port, action, moment)
                self.make(name, proxy)
                tenant = self.run_json("upgrade").tenant(name)
                self.assertEqual((proxy.fired, tenant["state"]), (1, "succeeded"), moment)
                self.assertEqual(self.effects(name), [["1"]], moment)

    def test_the_reply_is_lost_while_the_run_stops(self):
        for action in ("drop-reply", "cut-before"):
            self.fleet.last = ""
            proxy = Proxy(self.pg.port, action, b"COMMIT\0")
            name = f"stops{action[0]}"
            self.make(name, proxy)
            started, real = [], proxy._fires

            def fires(data):
                if b"COMMIT\0" in data and not proxy.fired:
                    started[0].send_signal(signal.SIGINT)
                    wait_until(lambda: b"nothing more is begun" in self.fleet.read("said"), what="the drain")
                return real(data)
            proxy._fires = fires
            with open(self.fleet.path("said"), "wb") as said:
                started.append(self.fleet.start("upgrade", "-o", "json", stderr=said))
            out = started[0].communicate(timeout=240)[0]
            self.assertEqual(started[0].returncode, 130)
            tenant = json.loads(out)["tenants"][0]
            self.assertEqual((proxy.fired, tenant["state"], tenant["attempts"]), (1, "succeeded", 2))
            self.assertEqual(self.effects(name), [["1"]])

    def test_nobody_can_tell_how_it_ended(self):
        proxy = Proxy(self.pg.port, "drop-reply", b"COMMIT\0")
        self.make("doubt", proxy)
        self.pg.sql("postgres", "CREATE ROLE once LOGIN SUPERUSER")
        self.fleet.inventory([{"name": "doubt", "url": self.pg.url("doubt", "once", proxy.port)}])
        real = proxy._fires

        def fires(data):
            fired = real(data)
            if fired:
                self.pg.sql("postgres", "ALTER ROLE once NOLOGIN")
            return fired
        proxy._fires = fires
        result = self.run_json("upgrade", code=4)
        self.assertEqual(result.tenant("doubt")["state"], "in_doubt")

    def test_an_orphan_of_ours_is_waited_for(self):
        """The backend stands still with COMMIT in its socket; whoever looks without the lock sees
        nothing applied, and would be wrong."""
        proxy = Proxy(self.pg.port, "none")
        self.make("orphan", proxy)
        pids = []

        def fires(data):
            if b"COMMIT\0" not in data or pids:
                return False
            rows = self.pg.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE datname = 'orphan' "
                                           "AND application_name = 'skein'")
            pids.append(int(rows[0][0]))
            os.kill(pids[0], signal.SIGSTOP)
            return True  # passed on: it waits in the backend's socket
        proxy._fires = fires
        process = self.fleet.start("upgrade", "-o", "json")
        wait_until(lambda: pids, what="the commit")
        time.sleep(0.2)
        process.kill()  # the client dies, the orphan has yet to commit
        process.communicate()
        second = self.fleet.start("upgrade", "-o", "json")
        time.sleep(1)
        self.assertIsNone(second.poll(), "the second run must wait for the orphan's lock")
        os.kill(pids[0], signal.SIGCONT)
        out, err = second.communicate(timeout=240)
        self.assertEqual(second.returncode, 0, err)
        self.assertEqual(self.effects("orphan"), [["1"]])
        self.assertIn(json.loads(out)["tenants"][0]["state"], ("unchanged", "succeeded"))

    def test_one_byte_at_a_time(self):
        proxy = Proxy(self.pg.port, "dribble")
        self.make("dribble", proxy)
        self.run_ok("upgrade")
        self.assertEqual(self.effects("dribble"), [["1"]])


class OldServer(PostgresCase):
    """One that says it is of version 12, and nothing of standbys: it is asked, and gets no two in one message."""

    @staticmethod
    def edit(answer):
        answer = re.sub(rb"(server_version\0)\d\d", rb"\g<1>12", answer)
        return answer.replace(b"in_hot_standby", b"xx_hot_standby")

    def make(self, *names, **keys):
        self.pg.create(*names)
        proxy = Proxy(self.pg.port, edit=self.edit)
        self.addCleanup(proxy.close)
        self.fleet.inventory([{"name": name, "url": self.pg.url(name, port=proxy.port)} for name in names], **keys)

    def test_the_main_job(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);\nSELECT pg_sleep(0.2);")
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n")
        self.fleet.revision("cccc3333", "CREATE TABLE c (id int);")
        self.fleet.revision("dddd4444", "CREATE TABLE d (id int);\nSELECT nosuch;")
        self.make("old1", "old2")
        self.assertEqual(self.run_json("upgrade", "cccc3333").report["totals"]["succeeded"], 2)
        error = self.run_json("upgrade", code=1).tenant("old1")["error"]
        self.assertEqual((error["code"], error["revision"]), ("42703", "dddd4444"))
        self.assertEqual(self.run_json("upgrade", "cccc3333").report["totals"]["unchanged"], 2)
        self.assertIn("cccc3333", self.run_ok("current").out)

    def test_one_that_must_not_be_written_to(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.make("oldro")
        self.pg.sql("postgres", "ALTER DATABASE oldro SET default_transaction_read_only = on")
        error = self.run_json("upgrade", code=1).tenant("oldro")["error"]
        self.assertIn("read-only", error["message"])

    def adopt(self, name):
        """There is a version table, but no history: one of the three reads has nothing to ask."""
        self.fleet.write("old/1_a.up.sql", "CREATE TABLE a (id integer);")
        self.fleet.write("old/1_a.down.sql", "DROP TABLE a;")
        self.run_ok("import", "golang-migrate", self.fleet.path("old"))
        self.pg.sql(name, "CREATE TABLE a (id integer); CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); "
                          "INSERT INTO schema_migrations VALUES (1, false); CREATE TABLE alembic_version ("
                          "version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")
        self.assertEqual(self.run_json("adopt", "--from", "golang-migrate").report["totals"]["succeeded"], 1)
        self.assertEqual(self.pg.versions(name), ["1"])

    def test_adopting_from_it(self):
        self.make("adoptold")
        self.adopt("adoptold")

    def test_adopting_from_a_new_one(self):
        self.fleet.inventory(self.pg.create("adoptnew"))
        self.adopt("adoptnew")


class Unanswered(PostgresCase):
    def test_the_revision_is_named_all_the_same(self):
        self.fleet.revision("aaaa1111", "-- nothing to do here")
        self.fleet.revision("bbbb2222", "SELECT pg_sleep(20);")
        self.fleet.inventory(self.pg.create("silent"), defaults={"retries": 0})
        process = self.fleet.start("upgrade", "-o", "json")
        active = "SELECT pid FROM pg_stat_activity WHERE datname = 'silent' AND query LIKE '/* skein bbbb2222: SELECT pg_sleep%'"
        os.kill(int(wait_until(lambda: self.pg.sql("postgres", active), what="the revision")[0][0]), signal.SIGKILL)
        error = json.loads(process.communicate(timeout=240)[0])["tenants"][0]["error"]
        self.assertEqual((error["class"], error["revision"]), ("connect", "bbbb2222"))
        self.assertIn("bbbb2222", error["file"])
        wait_until(lambda: self.pg.psql("postgres", "-c", "SELECT 1").returncode == 0, what="the server's recovery")


class SlowAnswer(FleetCase):
    def test_is_not_waited_for_with_the_time_of_connecting(self):
        pg = Postgres(auth="scram-sha-256")
        self.addCleanup(pg.close)
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        pg.create("slow")
        proxy = Proxy(pg.port, "late", b"pg_try_advisory_lock", delay=5)
        self.addCleanup(proxy.close)
        url = pg.url("slow", user="skein:superuser-secret", port=proxy.port)
        self.fleet.inventory([{"name": "slow", "url": url}], defaults={"connect_timeout": "1s", "retries": 0})
        self.run_ok("upgrade")


class ThroughAPooler(Pooler):
    def test_the_main_job_through_it(self):
        for mode in ("all", "each"):
            self.fleet.last = ""
            self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int);\nINSERT INTO fx VALUES (1);")
            self.fleet.revision("bbbb2222", "INSERT INTO fx VALUES (2);")
            names = [f"pool{mode}{i}" for i in range(4)]
            self.pg.create(*names)
            self.fleet.inventory([{"name": n, "url": self.pg.url(n, port=self.port)} for n in names],
                                 defaults={"transaction": mode})
            self.assertEqual(self.run_json("upgrade").report["totals"]["succeeded"], 4)
            self.assertEqual(self.run_json("upgrade").report["totals"]["unchanged"], 4)
            for name in names:
                self.assertEqual(self.pg.sql(name, "SELECT n FROM fx ORDER BY 1"), [["1"], ["2"]])
        self.assertEqual(self.pg.sql("postgres", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), [["0"]])

    def test_a_direct_run_and_one_through_it_exclude_each_other(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int);\nINSERT INTO fx SELECT 1 FROM pg_sleep(0.6);")
        self.pg.create("both")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("both"), "lock_timeout": "20s"}])
        direct = self.fleet.start("upgrade")
        time.sleep(0.2)
        self.fleet.inventory([{"name": "t", "url": self.pg.url("both", port=self.port), "lock_timeout": "20s"}])
        pooled = self.fleet.start("upgrade", inventory=self.fleet.rival("pooled"))
        for process in (direct, pooled):
            _, err = process.communicate(timeout=240)
            self.assertEqual(process.returncode, 0, err)
        self.assertEqual(self.pg.sql("both", "SELECT n FROM fx"), [["1"]])

    def test_statements_outside_a_transaction_are_refused(self):
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\nVACUUM;\n")
        self.pg.create("refused")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("refused", port=self.port)}])
        error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertEqual(error["class"], "config")
        self.assertIn("direct URL", error["message"])


if __name__ == "__main__":
    main()
