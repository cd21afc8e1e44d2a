#!/usr/bin/env python3
"""Servers that crash, restart, stay down, fill up or turn out to be standbys, with a rollout under way on
them and on another server. Effects are counted by rows without a unique key. The servers have
synchronous_commit off: what a crash of theirs takes back must not be what skein was told is done."""
import os
import shutil
import signal
import time

from crash import SHIM
from harness import FleetCase, Postgres, free_port, main, wait_until

FIRST = "CREATE TABLE fx (n int); INSERT INTO fx VALUES (1);"
SLOW = "INSERT INTO fx VALUES (2); SELECT pg_sleep(1); INSERT INTO fx VALUES (3);"


class ServersCase(FleetCase):
    """`bad`, whose trouble it is, and `good`."""

    def setUp(self):
        super().setUp()
        self.bad, self.good = self.server(), self.server()

    def server(self):
        server = Postgres()
        self.addCleanup(server.close)
        return server

    def make(self, on_bad, on_good, **keys):
        self.fleet.revision("aaaa1111", FIRST)
        self.fleet.revision("bbbb2222", SLOW)
        names = [f"bad{i}" for i in range(on_bad)], [f"good{i}" for i in range(on_good)]
        tenants = self.bad.create(*names[0]) + self.good.create(*names[1])
        self.fleet.inventory(tenants, **{"rollout": {"parallel": 4, "per_server": 2}, **keys})
        return names

    def wait_for(self, server, words, count=1):
        sql = (f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{words}%' AND state = 'active' "
               "AND pid <> pg_backend_pid()")
        wait_until(lambda: int(server.sql("postgres", sql)[0][0]) >= count, what=words)

    def check_done(self, server, names, effects=("1", "2", "3")):
        for name in names:
            self.assertEqual(server.versions(name), ["bbbb2222"], name)
            self.assertEqual(server.sql(name, "SELECT n FROM fx ORDER BY n"), [[n] for n in effects], name)
            self.assertEqual(server.sql(name, "SELECT count(*) FROM skein_history WHERE state = 'applied'"), [["2"]])

    def untouched(self, server, names):
        for name in names:
            self.assertEqual(server.tables(name), set(), name)
            self.assertEqual(server.sql(name, "SELECT to_regclass('alembic_version')"), [[""]])

    def finish(self, process, code=0):
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, (out, err))


class Crashes(ServersCase):
    PATIENT = {"defaults": {"retries": 20, "transaction": "each"}}

    def is_done(self, server, names):
        sql = "SELECT count(*) FROM skein_history WHERE state = 'applied'"
        return all(server.psql(name, "-c", sql).stdout.strip() == b"2" for name in names)

    def test_others_go_on_while_one_is_down_and_its_own_wait(self):
        bad, good = self.make(4, 4, **self.PATIENT)
        process = self.fleet.start("upgrade", "--progress", "none")
        self.wait_for(self.bad, "pg_sleep", 2)
        self.bad.stop("immediate")
        wait_until(lambda: self.is_done(self.good, good), 30, "the good server's tenants")
        self.assertIsNone(process.poll())
        self.bad.start()
        self.finish(process)
        self.check_done(self.bad, bad)
        self.check_done(self.good, good)

    def test_a_backend_that_is_killed_takes_its_servers_sessions_with_it(self):
        bad, good = self.make(3, 1, **self.PATIENT)
        process = self.fleet.start("upgrade", "--progress", "none")
        self.wait_for(self.bad, "pg_sleep", 2)
        pid = self.bad.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND "
                           "pid <> pg_backend_pid() LIMIT 1")
        os.kill(int(pid[0][0]), signal.SIGKILL)
        self.finish(process)
        self.check_done(self.bad, bad)
        self.check_done(self.good, good)

    def test_who_stays_down_gives_its_tenants_up(self):
        bad, good = self.make(10, 4, rollout={"parallel": 4, "per_server": 2, "on_failure": "continue"},
                              defaults={"retries": 1})
        self.bad.stop("immediate")
        report = self.run_json("upgrade", code=1).report
        self.check_done(self.good, good)
        states = {t["name"]: t["state"] for t in report["tenants"]}
        self.assertEqual([states[name] for name in good], ["succeeded"] * 4)
        tried = [name for name in bad if states[name] == "failed"]
        self.assertLessEqual(len(tried), 2)
        self.assertGreaterEqual(len(tried), 1)
        for tenant in report["tenants"]:
            if tenant["state"] == "skipped":
                self.assertIn("its server is in trouble", tenant["error"]["message"])
                self.assertIn("refused", tenant["error"]["message"])
        self.assertEqual(report["totals"]["skipped"], 10 - len(tried))
        self.bad.start()
        self.untouched(self.bad, bad)
        self.run_json("resume")
        self.check_done(self.bad, bad)


class ConcurrentIndex(ServersCase):
    """Outside a transaction: what a crash leaves of CREATE INDEX CONCURRENTLY is dropped and built anew."""

    INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"

    def setUp(self):
        FleetCase.setUp(self)
        self.bad = self.server()
        self.fleet.revision("aaaa1111", FIRST)
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nINSERT INTO fx VALUES (2);\n"
                            "CREATE UNIQUE INDEX CONCURRENTLY ix ON fx (n);\nINSERT INTO fx VALUES (3);\n")
        self.fleet.inventory(self.bad.create("cic"), defaults={"retries": 20})
        self.run_ok("upgrade", "aaaa1111")

    def interrupt(self, act):
        """In the middle: an older transaction keeps the index from being finished."""
        with self.bad.session("cic", "BEGIN; INSERT INTO fx VALUES (7);"):
            process = self.fleet.start("upgrade", "--progress", "none")
            self.wait_for(self.bad, "CREATE UNIQUE INDEX")
            wait_until(lambda: self.bad.sql("cic", self.INVALID) == [["1"]], what="the invalid index")
            act()
        return process

    def check(self):
        self.check_done(self.bad, ["cic"])
        self.assertEqual(self.bad.sql("cic", self.INVALID), [["0"]])
        self.assertEqual(self.bad.sql("cic", "SELECT count(*) FROM pg_index WHERE indexrelid = 'ix'::regclass"), [["1"]])

    def test_the_server_restarts(self):
        def restart():
            self.bad.stop("immediate")
            self.bad.start()
        self.finish(self.interrupt(restart))
        self.check()

    def test_the_session_is_terminated(self):
        process = self.interrupt(lambda: self.bad.sql(
            "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE%'"))
        self.finish(process)
        self.check()

    def test_skein_is_killed(self):
        with self.bad.session("cic", "BEGIN; INSERT INTO fx VALUES (7);"):
            process = self.fleet.start("upgrade", "--progress", "none")
            self.wait_for(self.bad, "CREATE UNIQUE INDEX")
            process.kill()
            process.communicate()
        self.run_ok("resume")
        self.check()

    def test_rows_that_are_not_unique(self):
        self.bad.sql("cic", "INSERT INTO fx VALUES (1)")
        tenant = self.run_json("upgrade", code=4).tenant("cic")
        self.assertEqual((tenant["state"], tenant["error"]["code"]), ("partial", "23505"))
        self.assertEqual(self.bad.sql("cic", self.INVALID), [["0"]])
        self.bad.sql("cic", "DELETE FROM fx WHERE ctid = (SELECT max(ctid) FROM fx WHERE n = 1)")
        self.run_ok("resume")
        self.check()


class Standby(ServersCase):
    def standby(self):
        """A copy of `good` that follows it."""
        copy = Postgres.__new__(Postgres)
        copy.__dict__.update(self.good.__dict__)
        copy.dir, copy.port = self.good.dir + ".standby", free_port()
        os.mkdir(copy.dir)
        if copy.prefix:
            shutil.chown(copy.dir, "postgres")
        copy.data = os.path.join(copy.dir, "data")
        copy._call("pg_basebackup", "-D", copy.data, "-R", "-X", "stream", "-c", "fast", "-h", self.good.dir, "-p",
                   str(self.good.port), "-U", "skein")
        copy.settings = [s for s in self.good.settings if not s.startswith(("port=", "unix_socket"))]
        copy.settings += [f"port={copy.port}", f"unix_socket_directories={copy.dir}"]
        copy.start()
        self.addCleanup(copy.close)
        return copy

    def test_is_waited_for_until_it_is_the_primary(self):
        bad, good = self.make(0, 2)
        standby = self.standby()
        tenants = [{"name": name, "url": standby.url(name)} for name in good]
        self.fleet.inventory(tenants, defaults={"retries": 1})
        error = self.run_json("upgrade", code=1).tenant("good0")["error"]
        self.assertEqual(error["class"], "connect")
        self.assertIn("read-only: a standby", error["message"])
        self.untouched(self.good, good)
        self.fleet.inventory(tenants, defaults={"retries": 20})
        process = self.fleet.start("resume", "--progress", "none")
        time.sleep(1)
        self.assertIsNone(process.poll())
        self.good.stop("fast")
        standby._call("pg_ctl", "-D", standby.data, "-w", "promote")
        self.finish(process)
        self.check_done(standby, good)

    def test_set_read_only_for_a_while(self):
        bad, good = self.make(2, 1, defaults={"retries": 20})
        for name in bad:
            self.bad.sql("postgres", f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        process = self.fleet.start("upgrade", "--progress", "none")
        wait_until(lambda: "fx" in self.good.tables("good0"), what="the other server's tenant")
        self.untouched(self.bad, bad)
        for name in bad:
            self.bad.sql("postgres", f"ALTER DATABASE {name} RESET default_transaction_read_only")
        self.finish(process)
        self.check_done(self.bad, bad)


class DiskFull(ServersCase):
    def test_of_a_server_is_the_trouble_of_all_its_tenants(self):
        """The server's own writes to one tablespace fail with ENOSPC."""
        bad, good = self.make(6, 2, rollout={"parallel": 3, "per_server": 1, "on_failure": "continue"},
                              defaults={"retries": 1})
        full = os.path.join(self.bad.dir, "full")
        os.mkdir(full)
        if self.bad.prefix:
            shutil.chown(full, "postgres")
        self.bad.sql("postgres", f"CREATE TABLESPACE full_disk LOCATION '{full}'")
        for name in bad:
            self.bad.sql("postgres", f"ALTER DATABASE {name} SET default_tablespace = full_disk")
        shim = shutil.copy(SHIM, self.bad.dir)
        os.chmod(shim, 0o755)
        self.restart_with(LD_PRELOAD=shim, SKEIN_FAULT="write:1:on=enospc", SKEIN_FAULT_PATH=full)
        report = self.run_json("upgrade", code=1).report
        self.check_done(self.good, good)
        failed = [t for t in report["tenants"] if t["state"] == "failed"]
        # one, and another that finds out whether it is the server's
        self.assertEqual([t["error"]["code"] for t in failed], ["53100"] * 2, report["totals"])
        self.assertEqual(report["totals"]["skipped"], 4)
        for tenant in report["tenants"]:
            if tenant["state"] == "skipped":
                self.assertIn("its server is in trouble", tenant["error"]["message"])
                self.assertIn("No space left", tenant["error"]["message"])
        self.untouched(self.bad, bad)
        self.restart_with()
        self.run_json("resume")
        self.check_done(self.bad, bad)

    def restart_with(self, **env):
        self.bad.stop("fast")
        prefix = self.bad.prefix
        self.bad.prefix = [*prefix, "env", *(f"{key}={value}" for key, value in env.items())]
        self.bad.start()
        self.bad.prefix = prefix


class Suspended(ServersCase):
    def test_a_machine_that_sleeps_in_mid_run(self):
        """Longer than any of its deadlines: it goes on, or tries again, and nothing is done twice."""
        bad, good = self.make(2, 2, defaults={"statement_timeout": "2s", "lock_timeout": "1s", "connect_timeout": "1s",
                                              "retries": 5, "transaction": "each"})
        process = self.fleet.start("upgrade", "--progress", "none")
        self.wait_for(self.bad, "pg_sleep")
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(4)
        os.kill(process.pid, signal.SIGCONT)
        self.finish(process)
        self.check_done(self.bad, bad)
        self.check_done(self.good, good)


if __name__ == "__main__":
    main()
