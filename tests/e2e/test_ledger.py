"""The ledger: what a run leaves in it, what is read back, and what happens where it cannot be used."""
import fcntl
import json
import os
import signal
import sqlite3
import stat

from harness import FleetCase, main, wait_until


class LedgerCase(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER PRIMARY KEY);", "DROP TABLE b;")

    def make_fleet(self, count=3, **keys):
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(count)], **keys)

    def see_it_dead(self):
        """A killed run's lock on a file is gone with its process."""

    def run_id(self, *args, code=0):
        return self.run_json(*args, code=code).report["run"]["id"]

    def runs(self):
        return json.loads(self.run_ok("runs", "-o", "json").out)

    def kept(self, *args):
        return json.loads(self.run_ok("report", *args, "-o", "json").out)

    @property
    def ledger(self):
        return self.fleet.path(".skein", "ledger.db")


class Reading(LedgerCase):
    def test_a_fleet_without_a_ledger_has_no_runs_and_gets_no_ledger(self):
        self.make_fleet()
        self.assertEqual(self.run_ok("runs").out, "no runs yet\n")
        self.assertEqual(self.runs(), [])
        self.assertIn("there is no ledger", self.run_ok("report", code=2).err)
        self.assertIn("there is no ledger", self.run_ok("forget", "--keep", "1", code=2).err)
        self.assertFalse(os.path.exists(self.fleet.path(".skein")))

    def test_plans_and_looks_leave_nothing(self):
        self.make_fleet()
        for command in ("plan", "current", "tenants"):
            self.run_ok(command)
        self.assertEqual(self.runs(), [])

    def test_the_report_of_the_ledger_is_the_one_of_the_run(self):
        self.fleet.revision("cccc3333", "CREATE TABLE c (id INTEGER PRIMARY KEY);\n"
                                        "INSERT INTO nowhere VALUES ('x');")
        self.make_fleet(4, rollout={"waves": [{"name": "canary", "select": "name in (t0,t1)"},
                                              {"name": "rest"}]})
        live = self.run_json("upgrade", code=1).report
        read = self.kept()
        self.assertEqual(read, live)
        text = self.run_ok("report").out
        self.assertIn("no such table: nowhere", text)
        self.assertIn(f"skein resume {live['run']['id']}", text)

    def test_runs_are_listed_the_newest_first(self):
        self.make_fleet()
        first = self.run_id("upgrade", "aaaa1111")
        second = self.run_id("upgrade")
        self.assertEqual([run["id"] for run in self.runs()], [second, first])
        newest = self.runs()[0]
        self.assertEqual(newest["command"], "upgrade")
        self.assertEqual(newest["target"], "head")
        self.assertEqual(newest["resolved"], "bbbb2222")
        self.assertEqual(newest["state"], "succeeded")
        self.assertEqual(newest["totals"]["tenants"], 3)
        self.assertEqual(newest["totals"]["succeeded"], 3)
        self.run_ok("runs", "-o", f"json={self.fleet.path('runs.json')}", "-o", "text")
        with open(self.fleet.path("runs.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), self.runs())
        lines = self.run_ok("runs").out.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertTrue(lines[1].strip().startswith(second))
        self.assertIn("3 succeeded", lines[1])

    def test_a_run_is_known_by_the_beginning_of_its_id(self):
        self.make_fleet()
        first = self.run_id("upgrade", "aaaa1111")
        for command in ("forget", "rollback", "resume", "report"):  # "$RUN", and nothing in it
            self.assertIn("no run ''", self.run_ok(command, "", code=2).err)
        self.run_id("upgrade")
        self.assertEqual(self.kept(first)["run"]["target"], "aaaa1111")
        self.assertIn("several runs begin with '2'", self.run_ok("report", "2", code=2).err)
        self.assertIn("no run 'x'", self.run_ok("report", "x", code=2).err)

    def test_reports_go_to_files_and_what_cannot_be_written_is_told(self):
        self.make_fleet()
        self.run_ok("upgrade")
        self.run_ok("report", "-o", f"json={self.fleet.path('r.json')}")
        self.assertEqual(json.loads(self.fleet.read("r.json"))["totals"]["succeeded"], 3)
        self.assertNotEqual(self.run_ok("report", "-o", "json=/dev/null/x", code=2).err, "")

    def test_whoever_has_sqlite3_can_read_it(self):
        self.make_fleet()
        self.run_ok("upgrade")
        with sqlite3.connect(self.ledger) as db:
            rows = db.execute("SELECT tenant, state, was_at, stands_at FROM outcomes "
                              "ORDER BY tenant").fetchall()
        self.assertEqual(rows, [(f"t{i}", "succeeded", None, "bbbb2222") for i in range(3)])


class Files(LedgerCase):
    def test_the_ledger_is_for_its_owner_alone(self):
        self.make_fleet()
        self.run_ok("upgrade")
        self.assertEqual(stat.S_IMODE(os.stat(self.fleet.path(".skein")).st_mode), 0o700)
        for name in os.listdir(self.fleet.path(".skein")):
            mode = os.stat(self.fleet.path(".skein", name)).st_mode
            if stat.S_ISREG(mode):
                self.assertEqual(stat.S_IMODE(mode), 0o600, name)

    def test_what_is_no_ledger_stops_the_run_before_it_begins(self):
        self.make_fleet()
        os.mkdir(self.fleet.path(".skein"), 0o700)
        for content in (b"chain: versions\n", b"\0" * 8192, b"SQLite format 3\0" + b"x" * 5000):
            self.fleet.write(".skein/ledger.db", content)
            before = self.fleet.read(".skein/ledger.db")
            self.assertIn("ledger", self.run_ok("upgrade", code=6).err)
            self.run_ok("report", code=6)
            self.assertEqual(self.fleet.read(".skein/ledger.db"), before)
        self.assertEqual(self.fleet.tables("t0"), set())

    def test_a_torn_ledger_stops_the_run_before_it_begins(self):
        self.make_fleet()
        self.run_ok("upgrade", "aaaa1111")
        whole = self.fleet.read(".skein/ledger.db")
        with open(self.ledger, "wb") as file:
            file.write(whole[:len(whole) // 2])
        self.assertIn("damaged", self.run_ok("upgrade", code=6).err)
        self.assertEqual(self.fleet.versions("t0"), ["aaaa1111"])

    def test_a_newer_ledger_is_left_alone(self):
        self.make_fleet()
        self.run_ok("upgrade", "aaaa1111")
        with sqlite3.connect(self.ledger) as db:
            db.execute("PRAGMA user_version = 99")
        self.assertIn("newer skein", self.run_ok("upgrade", code=6).err)
        self.assertIn("newer skein", self.run_ok("runs", code=6).err)

    def test_a_run_of_a_newer_command_is_shown_and_not_gone_on_with(self):
        self.make_fleet()
        self.run_ok("upgrade", "aaaa1111")
        with sqlite3.connect(self.ledger) as db:
            db.execute("UPDATE runs SET command = 'rehearse', state = 2")
        self.assertIn("rehearse", self.run_ok("runs").out)
        self.assertTrue(self.run_ok("report").out.startswith("rehearse aaaa1111: failed in"))
        for command in ("resume", "rollback"):
            self.assertIn("'rehearse', which this release does not know",
                          self.run_ok(command, code=2).err)
        self.assertEqual(self.fleet.versions("t0"), ["aaaa1111"])
        self.run_ok("upgrade")

    def test_no_password_is_in_it(self):
        self.fleet.inventory([{"name": "p", "url": "postgresql://app:geh31m@127.0.0.1:1/x"}],
                             defaults={"retries": 0})
        self.run_ok("upgrade", code=1)
        for name in os.listdir(self.fleet.path(".skein")):
            self.assertNotIn(b"geh31m", self.fleet.read(os.path.join(".skein", name)))


class Holding(LedgerCase):
    def start_slow(self):
        """A run that is at work until it is killed."""
        self.fleet.revision("cccc3333", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                                        "FROM n) SELECT count(*) FROM n;")
        process = self.fleet.start("upgrade", "--progress", "none")
        self.addCleanup(process.kill)
        wait_until(lambda: self.runs() and self.runs()[0]["totals"]["running"], what="a run at work")
        return process

    def test_a_second_run_is_told_who_holds_it(self):
        self.make_fleet(1)
        process = self.start_slow()
        error = self.run_ok("upgrade", code=5).err
        self.assertIn(self.runs()[0]["id"], error)
        self.assertIn(f"process {process.pid}", error)
        process.kill()
        process.communicate()

    def test_others_read_beside_a_run(self):
        self.make_fleet(1)
        process = self.start_slow()
        self.assertEqual(self.runs()[0]["state"], "running")
        report = self.kept()
        self.assertEqual(report["run"]["state"], "running")
        self.assertEqual(report["totals"]["running"], 1)
        self.assertEqual(self.run_ok("forget", self.runs()[0]["id"], "--unfinished").out,
                         "0 runs forgotten\n")
        process.kill()
        process.communicate()

    def test_a_killed_run_reads_as_interrupted_and_its_tenant_as_in_doubt(self):
        self.make_fleet(1)
        process = self.start_slow()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        self.see_it_dead()
        self.assertEqual(self.runs()[0]["state"], "interrupted")
        report = self.kept()
        self.assertEqual(report["run"]["state"], "interrupted")
        self.assertEqual(report["tenants"][0]["state"], "in_doubt")
        self.assertIn("before it could record", report["tenants"][0]["error"]["message"])


    def test_a_change_whose_end_nobody_recorded_is_taken_back_too(self):
        self.make_fleet(1)
        process = self.fleet.start("upgrade", env={"SKEIN_FAILPOINT": "release:1=kill"})
        process.communicate()
        self.see_it_dead()
        self.assertEqual(self.fleet.versions("t0"), ["bbbb2222"])
        self.assertEqual(self.kept()["tenants"][0]["state"], "in_doubt")
        resumed = self.run_json("resume").report
        self.assertEqual(resumed["tenants"][0]["state"], "unchanged")
        back = self.run_json("rollback").report
        self.assertEqual(back["totals"]["rolled_back"], 1)
        self.assertEqual(self.fleet.tables("t0"), set())
        self.assertEqual([run["state"] for run in self.runs()],
                         ["succeeded", "rolled_back", "rolled_back"])


class Forgetting(LedgerCase):
    def make_runs(self, count):
        self.make_fleet()
        return [self.run_id("upgrade" if i % 2 == 0 else "downgrade", "bbbb2222" if i % 2 == 0
                            else "base") for i in range(count)]

    def test_the_newest_are_kept(self):
        ids = self.make_runs(5)
        self.assertEqual(self.run_ok("forget", "--keep", "2").out, "3 runs forgotten\n")
        self.assertEqual([run["id"] for run in self.runs()], [ids[4], ids[3]])
        self.assertEqual(self.kept()["run"]["id"], ids[4])

    def test_age_is_counted_from_the_start(self):
        self.make_runs(2)
        self.assertEqual(self.run_ok("forget", "--older-than", "90d").out, "0 runs forgotten\n")
        with sqlite3.connect(self.ledger) as db:
            db.execute("UPDATE runs SET started_at_ms = started_at_ms - 91 * 86400000 WHERE seq = 1")
        self.assertEqual(self.run_ok("forget", "--older-than", "90d").out, "1 run forgotten\n")

    def test_what_can_be_resumed_is_kept(self):
        self.fleet.revision("cccc3333", "INSERT INTO nowhere VALUES (1);")
        self.make_fleet()
        failed = self.run_id("upgrade", code=1)
        result = self.run_ok("forget", failed)
        self.assertEqual(result.out, "0 runs forgotten\n")
        self.assertIn("--unfinished", result.err)
        self.assertEqual(self.run_ok("forget", failed, "--unfinished").out, "1 run forgotten\n")
        self.assertEqual(self.runs(), [])

    def test_what_a_rollback_goes_by_is_kept_until_it_is_done(self):
        self.make_runs(1)
        for _ in range(2):  # the second goes on with the first
            self.run_ok("rollback", code=-signal.SIGKILL, env={"SKEIN_FAILPOINT": "commit:2=kill"})
            self.see_it_dead()
            self.assertEqual(self.run_ok("forget", "--keep", "1").out, "0 runs forgotten\n")
        self.run_ok("resume")
        self.assertEqual([run["state"] for run in self.runs()], ["succeeded"] + ["rolled_back"] * 3)
        self.assertEqual(self.run_ok("forget", "--keep", "1").out, "3 runs forgotten\n")

    def test_copies_go_with_their_run(self):
        ids = self.make_runs(2)
        for name in (*ids, "20200101T000000Z-abcdef"):
            self.fleet.write(f".skein/snapshots/{name}/t0.db", "copy")
        result = self.run_ok("forget", ids[0])
        self.assertEqual(result.out, "1 run forgotten, the copies of 2 runs removed\n")
        self.assertEqual(os.listdir(self.fleet.path(".skein/snapshots")), [ids[1]])

    def test_a_copy_that_a_later_run_knows_of_stays(self):
        ids = self.make_runs(2)
        self.fleet.write(f".skein/snapshots/{ids[0]}/t0.db", "copy")
        with sqlite3.connect(self.ledger) as db:
            db.execute("UPDATE run_tenants SET snapshot = ? WHERE run = 2 AND n = 0",
                       (f".skein/snapshots/{ids[0]}/t0.db",))
        self.assertEqual(self.run_ok("forget", ids[0]).out, "1 run forgotten\n")
        self.assertTrue(os.path.exists(self.fleet.path(f".skein/snapshots/{ids[0]}/t0.db")))

    def test_without_a_condition_nothing_is_forgotten(self):
        self.make_runs(1)
        self.assertIn("which runs?", self.run_ok("forget", code=2).err)
        self.assertEqual(len(self.runs()), 1)


class Where(LedgerCase):
    def test_an_option_beats_the_variable_and_that_the_inventory(self):
        self.make_fleet(ledger="inventory.db")
        env = {"SKEIN_LEDGER": "variable.db"}
        for args, name, more in (((), "inventory.db", {}), ((), "variable.db", env), (("--ledger", "option.db"), "option.db", env)):
            run = self.run_json("upgrade", *args, cwd=self.fleet.dir, env=more).report["run"]["id"]
            self.assertTrue(os.path.exists(self.fleet.path(name)), name)
            for command in ("runs", "report"):
                read = json.loads(self.run_ok(command, *args, "-o", "json", cwd=self.fleet.dir, env=more).out)
                self.assertEqual((read[0] if command == "runs" else read["run"])["id"], run)

    def test_it_is_relative_to_where_one_stands(self):
        self.make_fleet()
        os.mkdir(self.fleet.path("elsewhere"))
        self.run_json("upgrade", "--ledger", "sub/l.db", cwd=self.fleet.path("elsewhere"))
        self.assertTrue(os.path.exists(self.fleet.path("elsewhere", "sub", "l.db")))
        self.run_json("rollback", "--ledger", "sqlite:///sub/l.db", cwd=self.fleet.path("elsewhere"))
        self.assertEqual(self.fleet.versions("t0"), [])

    def test_what_can_be_no_ledger_is_refused(self):
        self.make_fleet()
        for where, why in (("mysql://h/d", "must be a file or a postgresql:// URL"), ("data/t0.db", "the ledger itself"),
                           ("postgresql://u@:x/d", "'ledger'")):
            self.assertIn(why, self.run_ok("upgrade", "--ledger", where, cwd=self.fleet.dir, code=2).err)
        self.assertIn("takes no --ledger", self.run_ok("history", "--ledger", "l.db", code=2).err)


class Waiting(LedgerCase):
    HOLDER = {"run": "20261123T101500Z-5f3a9c", "user": "alice", "host": "deploy1", "pid": 4711, "since_ms": 1795428900123}

    def setUp(self):
        super().setUp()
        self.make_fleet()
        self.run_ok("upgrade", "aaaa1111")
        self.lock = open(self.ledger + ".lock", "r+")
        self.addCleanup(self.lock.close)
        self.hold()

    def hold(self):
        """Another run, as others see it: who holds the lock, and says so."""
        fcntl.lockf(self.lock, fcntl.LOCK_EX)
        self.lock.seek(0)
        self.lock.truncate()
        self.lock.write(json.dumps(self.HOLDER))
        self.lock.flush()

    def test_a_run_goes_on_when_the_ledger_is_free(self):
        for args in (("downgrade", "base"), ("upgrade",), ("resume",)):
            with self.subTest(args=args):
                self.hold()
                process = self.fleet.start(*args, "--wait", "60s", "--progress", "plain")
                line = process.stderr.readline().decode()
                self.assertEqual(line, "skein: waiting for run 20261123T101500Z-5f3a9c of alice@deploy1, process 4711 "
                                       "(since 2026-11-23T10:15:00.123Z), for up to 1 min 00 s\n")
                fcntl.lockf(self.lock, fcntl.LOCK_UN)
                process.communicate(timeout=240)
                self.assertEqual(process.returncode, 0)

    def test_it_waits_no_longer_than_it_was_told_to(self):
        result = self.run_ok("upgrade", "--wait", "300ms", code=5)
        self.assertRegex(result.err, r"another run holds this ledger: run 20261123T101500Z-5f3a9c of alice@deploy1, process 4711, "
                                     r"for .*; waited 300.* ms for it")
        result = self.run_ok("upgrade", code=5)
        self.assertIn("(--wait 10m waits for it)", result.err)
        self.assertNotIn("waiting for", result.err)
        self.assertEqual(self.fleet.tables("t0"), {"a"})

    def test_it_is_told_before_tenants_are_looked_at(self):
        """What is wrong with this chain each of them would find by asking all tenants, or in a scratch database."""
        self.fleet.revision("cccc3333", "INSERT INTO absent VALUES (1);")
        runs = (["stamp", "heads"], ["stamp", "heads", "--purge"], ["upgrade", "--verify-schema"], ["upgrade", "--on-failure", "rollback"],
                ["downgrade", "base", "--yes"])
        for args in runs:
            with self.subTest(args=args):
                result = self.run_ok(*args, code=5)
                self.assertIn("another run holds this ledger: run 20261123T101500Z-5f3a9c", result.err)
                self.assertEqual(result.err.count("\n"), 1)
        fcntl.lockf(self.lock, fcntl.LOCK_UN)
        self.assertIn("absent", self.run_ok(*runs[2], "--ledger", self.fleet.path("none.db"), code=2).err)
        self.assertFalse(os.path.exists(self.fleet.path("none.db")))

    def test_programs_are_told_with_an_event(self):
        lines = self.run_ok("upgrade", "--wait", "2s", "--progress", "json", code=5).err.splitlines()
        self.assertEqual(json.loads(lines[0]), {"event": "waiting", "run": self.HOLDER["run"], "user": "alice", "host": "deploy1",
                                                "pid": 4711, "since": "2026-11-23T10:15:00.123Z"})
        self.assertNotIn("waiting for", self.run_ok("upgrade", "--wait", "150ms", "-q", code=5).err)

    def test_a_signal_ends_the_waiting(self):
        process = self.fleet.start("upgrade", "--wait", "60s", "--progress", "plain")
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, -signal.SIGINT)

    def test_the_next_run_waits_for_a_real_one(self):
        fcntl.lockf(self.lock, fcntl.LOCK_UN)
        os.truncate(self.ledger + ".lock", 0)
        self.fleet.revision("cccc3333", "INSERT INTO a SELECT value FROM (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL "
                                        "SELECT value + 1 FROM c LIMIT 300000) SELECT value FROM c);")
        first = self.fleet.start("upgrade")
        wait_until(lambda: os.path.getsize(self.ledger + ".lock"))
        second = self.run_json("upgrade", "--wait", "60s")
        first.communicate(timeout=240)
        self.assertEqual((first.returncode, second.report["totals"]["unchanged"]), (0, 3))


class Named(FleetCase):
    def test_a_ledger_that_is_named_is_there(self):
        self.fleet.inventory([self.fleet.sqlite("acme")])
        self.assertEqual(self.run_ok("runs").out, "no runs yet\n")
        for args, env in ((["--ledger", self.fleet.path("typo.db")], None), ([], {"SKEIN_LEDGER": self.fleet.path("typo.db")})):
            self.assertIn("typo.db' yet", self.run_ok("runs", *args, env=env, code=2).err)
        self.assertFalse(os.path.exists(self.fleet.path("typo.db")))


if __name__ == "__main__":
    main()
