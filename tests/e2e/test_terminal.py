"""On a terminal, what takes something away is shown and asked about: yes, no, nothing, garbage, Ctrl-C, Ctrl-D, slow typing."""
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import sqlite3
import struct
import subprocess
import termios
import time

from harness import ENVIRONMENT, FleetCase, MariaDBCase, PostgresCase, SKEIN, main, wait_until

QUESTION = "go on? [y/N] "


class Terminal:
    """skein with a pseudo-terminal as stdin and stderr."""

    def __init__(self, fleet, *args, size=(24, 80), stdin=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(
            [SKEIN, "-f", fleet.path("skein.yaml"), *args], stdin=stdin if stdin is not None else slave,
            stdout=subprocess.PIPE, stderr=slave, preexec_fn=take_terminal,
            env={**ENVIRONMENT, "LC_ALL": "C.UTF-8", "TERM": "xterm"})
        os.close(slave)
        self.text = ""

    def read_until(self, text, seconds=30):
        end = time.monotonic() + seconds
        while text not in self.text:
            if time.monotonic() > end or not self._read(end):
                raise AssertionError(f"no {text!r} in:\n{self.text}")
        return self.text

    def _read(self, end):
        if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return False
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, seconds=30):
        end = time.monotonic() + seconds
        while self._read(end):
            pass
        self.out = self.process.communicate(timeout=seconds)[0].decode()
        os.close(self.master)
        return self.process.returncode


class Asked(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER);\nCREATE INDEX ix_b ON b (id);",
                            down="DROP INDEX ix_b;\nDELETE FROM b;\nDROP TABLE b;")
        self.fleet.inventory([self.fleet.sqlite("acme"), self.fleet.sqlite("globex")])
        self.run_ok("upgrade")

    def start(self, *args, **options):
        terminal = Terminal(self.fleet, *args, **options)
        self.addCleanup(lambda: terminal.process.poll() is None and terminal.process.kill())
        return terminal

    def answer(self, typed, *args, code=0, **options):
        terminal = self.start(*args, **options)
        terminal.read_until(QUESTION)
        terminal.type(typed)
        self.assertEqual(terminal.end(), code, terminal.text)
        return terminal

    def assert_stands(self, *versions):
        for name in ("acme", "globex"):
            self.assertEqual(self.fleet.versions(name), list(versions), name)

    def count_runs(self):
        return len(json.loads(self.run_ok("runs", "-o", "json").out))

    def test_shows_what_it_comes_to(self):
        text = self.answer("n\n", "downgrade", "base", code=2).text
        self.assertIn("downgrade base, dry run", text)
        self.assertIn("2 tenants  bbbb2222 -> base", text)
        self.assertIn("in acme, globex", text)
        losses = text[text.index("Down steps that delete data\n"):]
        self.assertRegex(losses, r"versions/bbbb2222.sql:\d+  DELETE FROM b;\n")
        self.assertRegex(losses, r"versions/bbbb2222.sql:\d+  DROP TABLE b;\n")
        self.assertRegex(losses, r"versions/aaaa1111.sql:\d+  DROP TABLE a;\n")
        self.assertNotIn("DROP INDEX", losses)
        self.assertIn(f"downgrade would change 2 tenants: {QUESTION}", text)
        self.assertIn("nothing was done: no tenant was touched", text)

    def test_each_answer(self):
        before = [self.fleet.read(f"data/{name}.db") for name in ("acme", "globex")]
        runs = self.count_runs()
        for typed in ("n\n", "N\n", "no\n", "\n", "  \n", "\x04", "what?\nyess\nyy\n", "x" * 600 + "\n\n", "\x1b[A\n\n"):
            with self.subTest(typed):
                terminal = self.answer(typed, "downgrade", "-1", code=2)
                self.assertIn("nothing was done", terminal.text)
                self.assertEqual(terminal.out, "")
                self.assertEqual(before, [self.fleet.read(f"data/{name}.db") for name in ("acme", "globex")])
        self.assertEqual(self.count_runs(), runs)
        for typed in ("y\n", "YES\n", " yes \n", "what?\ny\n"):
            with self.subTest(typed):
                self.answer(typed, "downgrade", "-1")
                self.assert_stands("aaaa1111")
                self.run_ok("upgrade")

    def test_what_is_neither_is_asked_again(self):
        self.assertIn(f"please say y or n: {QUESTION}", self.answer("maybe\nn\n", "downgrade", "-1", code=2).text)

    def test_control_c(self):
        for number, key, code in ((signal.SIGINT, "\x03", 130), (signal.SIGTERM, None, 143), (signal.SIGHUP, None, 129)):
            with self.subTest(number):
                terminal = self.start("downgrade", "base")
                terminal.read_until(QUESTION)
                if key:
                    terminal.type(key)
                else:
                    terminal.process.send_signal(number)
                self.assertEqual(terminal.end(), code, terminal.text)
                self.assertIn("nothing was done", terminal.text)
                self.assert_stands("bbbb2222")

    def test_the_commands_that_ask(self):
        for args in (["downgrade", "-1"], ["rollback"], ["stamp", "aaaa1111", "--force"], ["stamp", "head", "--purge"],
                     ["stamp", "base", "--force"]):
            with self.subTest(args):
                if args[:2] == ["stamp", "head"]:
                    self.fleet.query("acme", "SELECT 1")
                    with contextlib.closing(sqlite3.connect(self.fleet.path("data", "acme.db"))) as db, db:
                        db.execute("UPDATE alembic_version SET version_num = 'unknown'")
                self.answer("n\n", *args, code=2)

    def test_a_rollback_is_begun_after_the_answer(self):
        self.assert_stands("bbbb2222")
        terminal = self.answer("y\n", "rollback")
        self.assert_stands()
        self.assertEqual(terminal.text.count(", dry run: "), 1)  # shown once, before the question

    def test_a_resumed_downgrade_asks_too(self):
        self.fleet.query("globex", "DROP TABLE b")
        self.run_ok("downgrade", "base", "--on-failure", "continue", code=1)
        self.fleet.query("globex", "CREATE TABLE b (id INTEGER)")
        self.fleet.query("globex", "CREATE INDEX ix_b ON b (id)")
        self.answer("n\n", "resume", code=2)
        self.assertEqual(self.fleet.versions("globex"), ["bbbb2222"])
        self.answer("y\n", "resume")
        self.assert_stands()

    def test_what_asks_nothing(self):
        self.fleet.revision("cccc3333", "CREATE TABLE c (id INTEGER);", down="DROP TABLE c;")
        for args in (["upgrade"], ["downgrade", "-1", "--yes"], ["upgrade"], ["rollback", "-y"], ["downgrade", "base", "--dry-run"],
                     ["plan"], ["current"], ["upgrade"], ["stamp", "head"], ["downgrade", "cccc3333"], ["resume"]):
            with self.subTest(args):
                terminal = self.start(*args)
                self.assertEqual(terminal.end(), 0, terminal.text)
                self.assertNotIn(QUESTION, terminal.text)

    def test_without_a_terminal_nothing_is_asked(self):
        self.assertNotIn(QUESTION, self.run_ok("downgrade", "-1").err)
        self.run_ok("upgrade")
        read, write = os.pipe()
        os.write(write, b"n\n")
        os.close(write)
        terminal = self.start("downgrade", "-1", stdin=read)
        os.close(read)
        self.assertEqual(terminal.end(), 0, terminal.text)
        self.assertNotIn(QUESTION, terminal.text)

    def test_what_is_refused_is_refused_without_a_question(self):
        self.fleet.revision("cccc3333", "SELECT 1;")
        self.run_ok("upgrade")
        for args in (["downgrade", "-1"], ["rollback"], ["downgrade", "nothing"]):
            terminal = self.start(*args)
            self.assertEqual(terminal.end(), 2, terminal.text)
            self.assertNotIn(QUESTION, terminal.text)

    def test_a_window_that_is_too_small(self):
        for size in ((1, 1), (2, 10), (0, 0), (24, 4000)):
            with self.subTest(size):
                self.answer("n\n", "downgrade", "base", code=2, size=size)
                self.answer("y\n", "downgrade", "-1", size=size)
                self.run_ok("upgrade")

    def test_nothing_is_locked_while_someone_thinks(self):
        for args in (["downgrade", "-1"], ["rollback"]):
            with self.subTest(args):
                terminal = self.start(*args)
                terminal.read_until(QUESTION)
                terminal.type("y")  # slowly
                self.run_ok("upgrade", "--dry-run")
                self.run_ok("upgrade")  # takes the ledger and each tenant
                self.run_ok("stamp", "head", "--tenant", "acme")
                terminal.type("es\n")
                self.assertIn(terminal.end(), (0, 2), terminal.text)
                self.run_ok("upgrade")

    def test_what_has_moved_meanwhile_is_left_alone(self):
        terminal = self.start("downgrade", "-1", "--on-failure", "continue")
        terminal.read_until(QUESTION)
        self.run_ok("downgrade", "-1", "--tenant", "globex")
        terminal.type("y\n")
        self.assertEqual(terminal.end(), 1, terminal.text)
        self.assertIn("it has moved since it was shown: nothing was done here", terminal.text)
        self.assertEqual(self.fleet.versions("acme"), ["aaaa1111"])
        self.assertEqual(self.fleet.versions("globex"), ["aaaa1111"])  # and not base

    def test_a_run_that_has_gone_on_meanwhile(self):
        terminal = self.start("rollback")
        terminal.read_until(QUESTION)
        self.run_ok("rollback")
        terminal.type("y\n")
        self.assertEqual(terminal.end(), 2, terminal.text)
        self.assert_stands()

    def test_adopt_asks_with_force_only(self):
        for name in ("acme", "globex"):
            with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db, db:
                db.executescript("DROP TABLE alembic_version; DROP TABLE skein_history;"
                                 "CREATE TABLE schema_migrations (version TEXT); INSERT INTO schema_migrations VALUES ('aaaa1111')")
        self.answer("n\n", "adopt", "--from", "dbmate", "--force", code=2)
        terminal = self.start("adopt", "--from", "dbmate")
        self.assertEqual(terminal.end(), 0, terminal.text)
        self.assertNotIn(QUESTION, terminal.text)


class AskedOnServer:
    """`server` is the engine's; `is_idle` says whether no session is left in the database, and no lock held."""

    def test_asks_and_locks_nothing(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id integer);", down="DROP TABLE a;")
        self.fleet.inventory(self.server.create("t"))
        self.run_ok("upgrade")
        for command in (["downgrade", "base"], ["rollback"], ["stamp", "base"]):
            terminal = Terminal(self.fleet, *command)
            terminal.read_until(QUESTION)
            self.assert_idle()
            terminal.type("n\n")
            self.assertEqual(terminal.end(), 2, terminal.text)
            self.assertEqual(self.server.versions("t"), ["aaaa1111"])
        self.assertIn("aaaa1111 -> base", terminal.text)
        terminal = Terminal(self.fleet, "downgrade", "base")
        terminal.read_until(QUESTION)
        self.assertRegex(terminal.text, r"versions/aaaa1111.sql:\d+  DROP TABLE a")
        terminal.type("y\n")
        self.assertEqual(terminal.end(), 0, terminal.text)
        self.assertEqual(self.server.tables("t"), set())


class AskedOnPostgres(AskedOnServer, PostgresCase):
    server = property(lambda self: self.pg)

    def assert_idle(self):
        self.assertEqual(self.pg.sql("t", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), [["0"]])
        self.assertEqual(self.pg.sql("t", "SELECT count(*) FROM pg_stat_activity WHERE datname = 't' AND pid <> pg_backend_pid()"),
                         [["0"]])


class AskedOnMariaDB(AskedOnServer, MariaDBCase):
    server = property(lambda self: self.maria)

    def assert_idle(self):
        sessions = "SELECT count(*) FROM information_schema.processlist WHERE db = 't' AND id <> connection_id()"
        wait_until(lambda: self.maria.sql("mysql", sessions) == [["0"]], what="skein's sessions to end")


if __name__ == "__main__":
    main()
