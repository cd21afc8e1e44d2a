"""The live view of a run and its keys, in a pseudo-terminal: pause, go on, stop, one tenant in full; the terminal's modes afterwards."""
import fcntl
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time

from harness import ENVIRONMENT, FleetCase, PostgresCase, SKEIN, main, wait_until
from test_terminal import Terminal

# A shell with job control, as far as Ctrl-Z and fg go: without one, a stop signal is thrown away.
SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
with __import__("contextlib").suppress(OSError):
    os.setpgid(child, child)
while True:
    os.tcsetpgrp(0, child)
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, os.WUNTRACED)
    os.tcsetpgrp(0, os.getpgrp())
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    os.write(2, b"STOPPED\\n")
    sys.stdin.readline()
"""


class LiveTerminal(Terminal):
    def __init__(self, fleet, *args, size=(24, 100), env=None, has_shell=False, **options):
        self.master, slave = os.openpty()
        self.resize(*size)
        self.before = self.modes()

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        self.stdout = tempfile.TemporaryFile()
        command = [SKEIN, "-f", fleet.path("skein.yaml"), *args]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SHELL, *command] if has_shell else command, stdin=options.get("stdin", slave),
            stdout=options.get("stdout", self.stdout), stderr=slave, preexec_fn=take_terminal,
            env={**ENVIRONMENT, "LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1", **(env or {})})
        os.close(slave)
        self.text = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.master)

    def has_keys(self):
        return not self.modes()[3] & termios.ICANON

    def read_new(self, text):
        """Waits for it in what comes from now on."""
        seen, self.text = self.text, ""
        try:
            self.read_until(text)
        finally:
            new, self.text = self.text, seen + self.text
        return new

    def frame(self):
        """A whole block that was drawn after this was called."""
        start = len(self.text)
        while self.text[start:].count("\033[J") < 2:
            self.read_new("\033[J")
        return self.text[start:].split("\033[J")[1].rsplit("\r", 1)[0]

    def end_restored(self, case, seconds=30):
        end = time.monotonic() + seconds
        while self._read(end):
            pass
        self.process.communicate(timeout=seconds)
        self.stdout.seek(0)
        self.out = self.stdout.read().decode()
        self.stdout.close()
        return self.process.returncode


class Live(FleetCase):
    NAMES = ("acme", "globex", "initech")

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1);", down="DROP TABLE a;")
        self.fleet.inventory([self.fleet.sqlite(name) for name in self.NAMES], rollout={"parallel": 1}, defaults={"lock_timeout": "60s"})
        self.run_ok("stamp", "base")
        self.blocker = None

    def block(self, name="acme"):
        """The tenant's run waits until `release`."""
        self.blocker = sqlite3.connect(self.fleet.path("data", name + ".db"), isolation_level=None, timeout=60)
        self.addCleanup(self.blocker.close)
        self.blocker.execute("BEGIN IMMEDIATE")

    def release(self):
        self.blocker.execute("ROLLBACK")

    def start(self, *args, **options):
        terminal = LiveTerminal(self.fleet, *(args or ("upgrade",)), **options)
        self.addCleanup(lambda: terminal.process.poll() is None and terminal.process.kill())
        self.addCleanup(os.close, terminal.master)
        return terminal

    def start_blocked(self, *args, **options):
        self.block()
        terminal = self.start(*args, **options)
        terminal.read_until("p pause")
        return terminal

    def assert_ended(self, terminal, code):
        """With this code, and the terminal's modes are as they were."""
        self.assertEqual(terminal.end_restored(self), code, terminal.text[-2000:])
        self.assertEqual(terminal.modes(), terminal.before)

    def test_pause_and_go_on(self):
        terminal = self.start_blocked()
        self.assertTrue(terminal.has_keys())
        terminal.type("p")
        terminal.read_until("paused: no further tenant is begun")
        self.release()
        terminal.read_until("paused, 0 running, 2 pending, 1 succeeded")
        self.assertEqual(self.fleet.versions("acme"), ["aaaa1111"])
        self.assertEqual(self.fleet.tables("globex"), set())
        terminal.type("p")
        self.assert_ended(terminal, 0)
        self.assertIn("goes on: tenants are begun again", terminal.text)
        self.assertEqual(self.fleet.versions("initech"), ["aaaa1111"])
        # the block is gone, and the plain result is what stays
        self.assertTrue(terminal.text.endswith("\033[J"), terminal.text[-300:])
        self.assertRegex(terminal.out, r"succeeded +3\n")
        # who had it stand still, and when, is in the ledger, and so in the report, then and later
        self.assertRegex(terminal.out, r"Moments\n  \S+Z  paused by \S+@\S+\n  \S+Z  went on by \S+@\S+\n  paused for [\d.]+ m?s in all\n")
        report = self.run_ok("report", "-o", "json").report
        self.assertEqual([moment["moment"] for moment in report["moments"]], ["run_paused", "run_continues"])
        self.assertEqual({moment["by"] for moment in report["moments"]}, {report["run"]["by"]})
        self.assertGreater(report["run"]["paused_ms"], 0)
        self.assertLess(report["run"]["paused_ms"], report["run"]["duration_ms"])

    def test_stop_is_what_control_c_is(self):
        terminal = self.start_blocked()
        terminal.type("s")
        terminal.read_until("stop? y:")
        terminal.type("n")
        terminal.read_new("p pause")
        terminal.type("s")
        terminal.read_new("stop? y:")
        time.sleep(0.7)  # a yes that is typed ahead does not count
        terminal.type("y")
        terminal.read_until("nothing more is begun: stopping")
        self.release()
        self.assert_ended(terminal, 130)
        self.assertEqual(self.fleet.versions("acme"), ["aaaa1111"])
        self.assertEqual(self.fleet.tables("globex"), set())
        self.run_ok("resume")

    def test_stop_while_it_is_paused(self):
        terminal = self.start_blocked()
        terminal.type("p")
        terminal.read_until("paused: ")
        terminal.type("\x03")
        terminal.read_until("nothing more is begun: stopping")
        self.release()
        self.assert_ended(terminal, 130)
        report = self.run_ok("report", "-o", "json").report
        self.assertEqual([(moment["moment"], moment["by"] == report["run"]["by"]) for moment in report["moments"]],
                         [("run_paused", True), ("run_continues", True), ("run_drains", True)])
        self.assertEqual(report["moments"][2]["reason"], "stopped by Interrupt")

    def test_one_tenant_in_full(self):
        terminal = self.start_blocked()
        terminal.type("\n")
        terminal.read_until("acme (sqlite:///")
        frame = terminal.frame()
        self.assertIn("> acme ", frame)
        self.assertIn("1 running, 2 pending", frame)
        self.release()
        self.assert_ended(terminal, 0)

    def test_a_failure_can_be_looked_at(self):
        self.fleet.query("acme", "CREATE TABLE a (id INTEGER)")
        self.block("globex")
        terminal = self.start("upgrade", "--on-failure", "continue")
        terminal.read_until("failed acme: sql 1: table a already exists")
        terminal.type("k\n")
        terminal.read_until("versions/aaaa1111.sql:7\n    table a already exists\n")
        self.release()
        self.assert_ended(terminal, 1)

    def test_it_fits_after_a_resize_and_has_no_color_where_none_is_wanted(self):
        terminal = self.start_blocked()
        for rows, columns in ((24, 40), (5, 40), (30, 200), (24, 20)):
            terminal.resize(rows, columns)
            terminal.frame()
            lines = terminal.frame().splitlines()
            self.assertLessEqual(max(map(len, lines)), columns - 1, lines)
            self.assertLess(len(lines), rows)
        self.assertNotRegex(terminal.text, "\033\\[[0-9;]*m")
        self.release()
        self.assert_ended(terminal, 0)

    def test_the_modes_come_back_after_a_crash(self):
        for number in (signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV):
            with self.subTest(number):
                terminal = self.start_blocked()
                self.assertTrue(terminal.has_keys())
                terminal.process.send_signal(number)
                self.assertNotEqual(terminal.end_restored(self), 0)
                self.assertEqual(terminal.modes(), terminal.before)
                self.release()
                self.run_ok("resume")
                self.run_ok("downgrade", "base", "--yes")

    def test_the_modes_come_back_at_the_third_signal(self):
        terminal = self.start_blocked()
        terminal.type("\x03")
        terminal.read_until("nothing more is begun: stopping")
        terminal.type("\x03")
        terminal.read_until("cancelling what is in flight")
        self.release()
        self.assert_ended(terminal, 130)

    def test_control_z_and_fg(self):
        self.block()
        terminal = self.start(has_shell=True)
        terminal.read_until("p pause")
        for _ in range(2):
            self.assertTrue(wait_until(terminal.has_keys))
            terminal.type("\x1a")
            terminal.read_new("STOPPED")
            self.assertEqual(terminal.modes(), terminal.before)
            terminal.type("\n")
            terminal.read_new("p pause")
        wait_until(terminal.has_keys)
        terminal.type("p")
        terminal.read_until("paused: ")
        terminal.type("p")
        self.release()
        self.assert_ended(terminal, 0)

    def test_where_there_are_no_keys(self):
        for options, args in (({"env": {"TERM": "dumb"}}, ()), ({"stdin": subprocess.DEVNULL}, ()), ({"stdout": subprocess.PIPE}, ()), ({}, ("-q",)),
                              ({}, ("--progress", "json")), ({}, ("--progress", "none"))):
            with self.subTest(options=options, args=args):
                self.block()
                terminal = self.start("upgrade", *args, **options)
                time.sleep(0.3)
                self.assertFalse(terminal.has_keys())
                self.release()
                self.assert_ended(terminal, 0)
                self.assertNotIn("p pause", terminal.text)
                self.run_ok("downgrade", "base", "--yes")

    def test_names_cannot_move_the_cursor(self):
        evil = "\u202eevil\u200b寿司"  # control characters are refused as it is
        self.fleet.inventory([{"name": evil, "url": "sqlite:///data/acme.db"}], defaults={"lock_timeout": "60s"})
        terminal = self.start_blocked()
        terminal.type("\n")
        frame = terminal.frame()
        self.assertNotIn("\u202e", frame)
        self.assertIn("\\u{202e}evil\\u{200b}寿司", frame)
        self.release()
        self.assert_ended(terminal, 0)


class Machines(PostgresCase):
    def test_a_pause_is_that_of_all_machines(self):
        names = ("a", "b", "c", "d")
        self.pg.create("ledger")
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id integer);")
        self.fleet.inventory(self.pg.create(*names), ledger=self.pg.url("ledger"), rollout={"parallel": 2}, defaults={"lock_timeout": "0s"})
        self.run_ok("upgrade")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD COLUMN due date;")
        with self.pg.session("a", "BEGIN; SELECT * FROM task;"):
            with self.pg.session("b", "BEGIN; SELECT * FROM task;"):
                terminal = LiveTerminal(self.fleet, "upgrade", "--as", "one")
                self.addCleanup(lambda: terminal.process.poll() is None and terminal.process.kill())
                self.addCleanup(os.close, terminal.master)
                terminal.read_until("2 running, 2 pending")
                terminal.type("p")
                terminal.read_until("paused: ")
                wait_until(lambda: self.pg.sql("ledger", "SELECT is_paused FROM skein_ledger.courses ORDER BY run DESC LIMIT 1") == [["t"]],
                           what="the pause in the ledger")
            wait_until(lambda: self.pg.versions("b") == ["bbbb2222"])
            # once p there ends it, though it was made here
            two = LiveTerminal(self.fleet, "work", "--as", "two", "--wait", "30s")
            self.addCleanup(lambda: two.process.poll() is None and two.process.kill())
            self.addCleanup(os.close, two.master)
            two.read_until("paused by one: ")
            two.read_until("p go on")
            self.assertEqual((self.pg.versions("c"), self.pg.versions("d")), (["aaaa1111"], ["aaaa1111"]))
            two.read_until("2 machines, ")
            two.type("p")
            terminal.read_until("continued by two: tenants are begun again")
            for name in ("c", "d"):
                wait_until(lambda: self.pg.versions(name) == ["bbbb2222"], what=f"{name}, once the run goes on")
        for machine in (terminal, two):
            self.assertEqual(machine.end_restored(self), 0, machine.text[-2000:])
            self.assertEqual(machine.modes(), machine.before)
        report = self.run_ok("report", "-o", "json").report
        self.assertEqual([(moment["moment"], moment["by"]) for moment in report["moments"]], [("run_paused", "one"), ("run_continues", "two")])


if __name__ == "__main__":
    main()
