"""stderr and stdout that no one reads: the run goes on, holds nothing, and signals work."""
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import termios

from harness import FleetCase, PostgresCase, main, press, wait_until


class Unread:
    """A run with a stderr of its own, and what becomes of it."""

    def fill(self, fd):
        """Until it takes no more, as a pipe whose reader sleeps."""
        os.set_blocking(fd, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(fd, b"." * 512)
        os.set_blocking(fd, True)

    def pipe(self, is_full=True):
        read, write = os.pipe()
        self.addCleanup(lambda: [os.close(fd) for fd in (read, write)])
        if is_full:
            self.fill(write)
        return read, write

    def stopped_terminal(self):
        """A terminal after Ctrl-S."""
        controller, terminal = pty.openpty()
        self.addCleanup(lambda: [os.close(fd) for fd in (controller, terminal)])
        termios.tcflow(terminal, termios.TCOOFF)
        return controller, terminal

    def ends(self, process, code, seconds=30):
        out, _ = process.communicate(timeout=seconds)
        self.assertEqual(process.returncode, code, out)
        return json.loads(out) if out else None

    def start_json(self, *args, stderr, **options):
        return self.fleet.start(*args, "-o", "json", stderr=stderr, **options)


class OnSqlite(Unread, FleetCase):
    def make(self, count, up="SELECT nope;"):
        self.fleet.revision("aaaa1111", up, "SELECT 1;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i:03}") for i in range(count)])

    def test_a_full_pipe(self):
        self.make(60)
        for mode in ("plain", "json", "none"):
            with self.subTest(mode):
                _, write = self.pipe()
                process = self.start_json("upgrade", "--on-failure", "continue", "--progress", mode, stderr=write)
                self.assertEqual(self.ends(process, 1)["totals"]["failed"], 60)

    def test_a_terminal_after_ctrl_s(self):
        self.make(60)
        for mode in ("tty", "plain"):
            with self.subTest(mode):
                _, terminal = self.stopped_terminal()
                process = self.start_json("upgrade", "--on-failure", "continue", "--progress", mode, stderr=terminal,
                                          env={"TERM": "xterm"})
                self.assertEqual(self.ends(process, 1)["totals"]["failed"], 60)

    def add_gate(self, body):
        gate = self.fleet.write("gate", f"#!/bin/sh\n{body}\n", mode=0o755)
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        self.fleet.write("skein.yaml", json.dumps({**inventory, "rollout": {"gates": {
            "before_run": [gate], "timeout": "20s"}}}))

    def test_what_was_dropped_is_said(self):
        self.make(2)
        self.add_gate("seq 100000 300000")
        report = self.fleet.path("out")
        for mode, note in (("plain", r"skein: (\d+) lines were not read in time"), ("json", r'"lines":\s*(\d+)')):
            with self.subTest(mode), open(report, "w") as out:
                read, write = os.pipe()
                process = self.start_json("upgrade", "--progress", mode, stderr=write, stdout=out)
                os.close(write)
                wait_until(lambda: os.path.getsize(report), what="the run is over")  # nothing was read yet
                with os.fdopen(read) as reader:
                    text = reader.read()
                self.assertEqual(process.wait(timeout=30), 1)
                numbers = [int(line) for line in text.splitlines() if line.isdigit()]
                self.assertEqual(numbers, sorted(set(numbers)))
                self.assertTrue(all(100000 <= number <= 300000 for number in numbers))  # none is torn
                told = sum(int(lines) for lines in re.findall(note, text))
                self.assertGreater(told, 0)
                self.assertGreaterEqual(told, 200001 - len(numbers))

    def test_a_gate_does_not_wait_either(self):
        self.make(2, up="SELECT 1;")
        self.add_gate("seq 1 200000; echo said >&2")
        _, write = self.pipe()
        self.assertEqual(self.ends(self.start_json("upgrade", stderr=write), 0)["totals"]["succeeded"], 2)
        self.add_gate("seq 1 3; printf torn >&2")
        self.assertIn("1\n2\n3\ntorn\n", self.run_ok("downgrade", "base").err)

    def test_a_rollback_shows_its_plan_to_no_one(self):
        self.make(3, up="SELECT 1;")
        self.run_ok("upgrade")
        _, write = self.pipe()
        self.assertEqual(self.ends(self.start_json("rollback", stderr=write), 0)["totals"]["rolled_back"], 3)

    def test_the_report_waits_for_its_reader_and_holds_nothing(self):
        self.make(3, up="SELECT 1;")
        _, write = self.pipe()
        process = self.fleet.start("upgrade", "-v", stdout=write)
        wait_until(lambda: all(self.is_done(f"t{i:03}") for i in range(3)), what="the run")
        wait_until(lambda: self.fleet.run("stamp", "head").code == 0, what="the ledger is free")
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, -signal.SIGINT)

    def is_done(self, name):
        with contextlib.suppress(sqlite3.Error):
            return self.fleet.versions(name) == ["aaaa1111"]
        return False


class OnPostgres(Unread, PostgresCase):
    def make(self, prefix, up, count=4):
        self.fleet.revision("aaaa1111", up)
        self.fleet.inventory(self.pg.create(*(f"{prefix}{i}" for i in range(count))))

    def transactions(self):
        return int(self.pg.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname <> 'postgres' "
                                           "AND application_name = 'skein'")[0][0])

    def test_signals_work(self):
        """The first drains, the second cancels, the third ends it at once."""
        self.make("sig", "SELECT pg_sleep(600);")
        for presses, code in ((2, 130), (3, -signal.SIGINT)):
            for make in (self.pipe, self.stopped_terminal):
                with self.subTest(presses=presses, make=make):
                    _, write = make()
                    process = self.start_json("upgrade", stderr=write, env={"TERM": "xterm"})
                    wait_until(lambda: self.transactions() == 4, what="all are at work")
                    press(process, presses)
                    process.communicate(timeout=240)
                    self.assertIn(process.returncode, (code, 130 if presses == 2 else code))
                    wait_until(lambda: self.transactions() == 0, what="no session is left")

    def test_no_transaction_is_left_idle(self):
        self.make("idle", "CREATE TABLE a (id int); SELECT nope;", count=40)
        _, write = self.stopped_terminal()
        process = self.start_json("upgrade", "--on-failure", "continue", "-v", stderr=write, env={"TERM": "xterm"})
        self.assertEqual(self.ends(process, 1)["totals"]["failed"], 40)


if __name__ == "__main__":
    main()
