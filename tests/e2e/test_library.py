"""The installed library: `cmake --install`, a program built with pkg-config alone, and what it sees."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

import schema
from harness import SKEIN, FleetCase, Postgres, main, press, wait_until

BUILD = os.path.dirname(os.path.abspath(SKEIN))
HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = None


def call(*args, **options):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        raise AssertionError(f"{args}: {done.stdout.decode()}")
    return done.stdout.decode()


def compile_program(source, program):
    env = {**os.environ, "PKG_CONFIG_PATH": f"{PREFIX}/lib/pkgconfig"}
    flags = call("pkg-config", "--cflags", "--libs", "skein", env=env).split()
    call("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-o", program, *flags)


def setUpModule():
    global PREFIX
    PREFIX = tempfile.mkdtemp(prefix="skein-prefix-")
    call("cmake", "--install", BUILD, "--prefix", PREFIX)
    compile_program(f"{HERE}/library/app.c", f"{PREFIX}/app")


def tearDownModule():
    shutil.rmtree(PREFIX, ignore_errors=True)


SLOW = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) "
        "INSERT INTO a SELECT max(i) FROM n;")


class Installed(FleetCase):
    def test_everything_is_in_place(self):
        for path in ("bin/skein", "lib/libskein.a", "lib/pkgconfig/skein.pc", "include/skein.h",
                     "share/man/man1/skein.1"):
            self.assertTrue(os.path.getsize(os.path.join(PREFIX, path)), path)
        self.assertIn("skein 0.", call(f"{PREFIX}/bin/skein", "--version"))

    def test_the_library_has_no_names_but_its_own(self):
        names = re.findall(r" [A-Z] (\w+)", call("nm", "-g", "--defined-only",
                                                 f"{PREFIX}/lib/libskein.a"))
        self.assertTrue(names)
        self.assertEqual([n for n in names if not n.startswith("skein_")], [])
        with open(f"{PREFIX}/include/skein.h") as header:
            declared = set(re.findall(r"\*?\b(skein_\w+)\(", header.read()))
        self.assertEqual(set(names), declared)


    def test_the_example_of_the_documentation(self):
        with open(f"{HERE}/../../docs/library.md") as page:
            program = re.search(r"```c\n(.*?)```", page.read(), re.S).group(1)
        compile_program(self.fleet.write("example.c", program), self.fleet.path("example"))
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([{**self.fleet.sqlite("acme"), "labels": ["tier=canary"]},
                              self.fleet.sqlite("bolt")])
        out = call(self.fleet.path("example"), cwd=self.fleet.dir)
        first, report = out.split("\n", 1)
        self.assertEqual(first, "acme: succeeded")
        self.assertEqual(json.loads(report)["totals"]["tenants"], 1)


class Library(FleetCase):
    def start(self, *args):
        return subprocess.Popen([f"{PREFIX}/app", self.fleet.path("skein.yaml"), *args],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process, code):
        out, err = process.communicate(timeout=240)
        out, err = out.decode(), err.decode()
        self.assertEqual((process.returncode, err), (code, ""), out)
        return out.splitlines()

    def app(self, *args, code=0):
        """The lines that the application printed; the library itself prints nothing."""
        return self.finish(self.start(*args), code)

    def small_fleet(self, *names, **keys):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);", down="DROP TABLE a;")
        self.fleet.revision("bbbb2222", "INSERT INTO a VALUES (1);")
        self.fleet.inventory([{**self.fleet.sqlite(name), "labels": [f"name1={name[0]}"]}
                              for name in names], **keys)

    def test_an_upgrade_from_its_first_event_to_its_totals(self):
        self.small_fleet("acme")
        self.assertEqual(self.app("upgrade"), [
            "tenant acme",
            "started 1 id=23",
            "acme starts",
            "acme succeeded from= to=bbbb2222 steps=2 attempts=1",
            "finished in time",
            "total succeeded=1",
            "exit 0"])
        self.assertEqual(self.fleet.versions("acme"), ["bbbb2222"])

    def test_plan_and_current_then_the_run_on_one_skein(self):
        self.small_fleet("acme")
        lines = self.app("plan", "--then", "upgrade")
        self.assertIn("acme succeeded from= to=bbbb2222 steps=2 attempts=1", lines)
        self.assertEqual([x for x in lines if x.startswith("exit")], ["exit 0", "exit 0"])
        self.assertIn("acme unchanged from=bbbb2222 to=bbbb2222 steps=0 attempts=1",
                      self.app("current"))

    def test_tenants_are_held_to_what_the_chain_makes(self):
        self.small_fleet("acme", "globex")
        self.app("upgrade", "aaaa1111")
        self.fleet.sqlite("globex", "CREATE TABLE by_hand (id INTEGER)")
        lines = self.app("upgrade", "--continue", "--verify", code=1)
        self.assertIn("acme succeeded from=aaaa1111 to=bbbb2222 steps=1 attempts=1", lines)
        self.assertEqual((self.fleet.versions("globex"), lines[-1]), (["aaaa1111"], "exit 1"))
        self.assertEqual(self.app("current", "--verify", code=2)[-1], "exit 2")
        self.assertEqual((self.app("upgrade", "--verify-not")[-1], self.fleet.versions("globex")), ("exit 0", ["bbbb2222"]))

    def test_a_dry_run_changes_nothing_and_keeps_no_ledger(self):
        self.small_fleet("acme")
        lines = self.app("upgrade", "head", "--dry-run", "--report", "json")
        at = next(i for i, line in enumerate(lines) if line.startswith("{"))
        report = json.loads("\n".join(lines[at:-1]))
        self.assertEqual((report["run"]["command"], report["run"]["dry_run"]), ("upgrade", True))
        self.assertEqual(report["totals"]["succeeded"], 1)
        self.assertEqual(self.fleet.tables("acme"), set())
        self.assertFalse(os.path.exists(self.fleet.path(".skein")))

    def test_selections(self):
        self.small_fleet("acme", "bolt", "core")
        self.assertEqual([x for x in self.app("upgrade", "--select", "name1 in (a,b)", "aaaa1111")
                          if x.startswith("tenant")], ["tenant acme", "tenant bolt"])
        self.app("upgrade", "--only", "core")
        self.assertEqual([self.fleet.versions(n) for n in ("acme", "bolt", "core")],
                         [["aaaa1111"], ["aaaa1111"], ["bbbb2222"]])

    def test_the_report_is_the_programs(self):
        self.small_fleet("acme", "bolt")
        lines = self.app("upgrade", "--report", "json")
        at = next(i for i, line in enumerate(lines) if line.startswith("{"))
        report = json.loads("\n".join(lines[at:-1]))
        schema.check("report", report)
        self.assertEqual((report["run"]["command"], report["totals"]["succeeded"]), ("upgrade", 2))
        self.assertIn("no report", self.app("current", "--report", "papyrus"))

    def test_a_failure_says_where(self):
        self.small_fleet("acme", "bolt")
        self.fleet.revision("cccc3333", "INSERT INTO b VALUES (1);")
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/bolt.db"))) as db:
            db.execute("CREATE TABLE b (id)")
        lines = self.app("upgrade", "--continue", code=1)
        error = next(x for x in lines if x.startswith("acme class="))
        self.assertRegex(error, r"class=sql code=1 file=\S*versions/cccc3333.sql line=7 "
                                r"revision=cccc3333 statement=INSERT INTO b VALUES \(1\);: .*no such")
        self.assertIn("acme failed from= to= steps=0 attempts=1", lines)
        self.assertEqual(lines[-3:], ["total succeeded=1", "total failed=1", "exit 1"])

    def test_what_the_database_says_is_told(self):
        server = Postgres()
        self.addCleanup(server.close)
        self.fleet.inventory(server.create("acme"))
        self.fleet.revision("aaaa1111", "DO $$ BEGIN RAISE WARNING 'w'; RAISE NOTICE 'n'; RAISE EXCEPTION 'e' USING "
                            "DETAIL = 'a', HINT = 'b', SCHEMA = 's', TABLE = 't', COLUMN = 'c', DATATYPE = 'd', "
                            "CONSTRAINT = 'k'; END $$;")
        lines = self.app("upgrade", code=1)
        self.assertIn("acme heard 2 notices, 1 warnings", lines)
        self.assertEqual([line.split(" said ")[1] for line in lines if " said " in line],
                         ["detail=a", "hint=b",
                          "context=PL/pgSQL function inline_code_block line 1 at RAISE",
                          "schema=s", "table=t", "column=c", "type=d", "key=k"])

    def test_stop_and_max_failures(self):
        self.fleet.revision("aaaa1111", "INSERT INTO nowhere VALUES (1);")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(6)])
        lines = self.app("upgrade", "--parallel", "1", "--max-failures", "2", code=1)
        self.assertIn("drains: too many failures: 3, and 2 are tolerated", lines)
        self.assertEqual(lines[-3:], ["total failed=3", "total skipped=3", "exit 1"])

    def test_retries(self):
        self.small_fleet("acme", defaults={"lock_timeout": "100ms", "retries": 1})
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/acme.db"),
                                                isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            lines = self.app("upgrade", code=1)
        self.assertEqual(lines.count("acme retries class=lock"), 1)

    def test_all_faults_of_the_inventory(self):
        self.small_fleet("acme")
        self.fleet.inventory([{"name": "a", "url": "ftp://x"}, {"name": "b", "url": "sqlite:///"}])
        lines = self.app("upgrade", code=2)
        self.assertEqual(lines[-1], "not opened, 0.1.0")
        self.assertEqual(len([x for x in lines if re.match(r"fault class=config .* line=\d+", x)]), 2)

    def test_what_cannot_be_asked_for(self):
        self.small_fleet("acme")
        for args, word in ((["upgrade", "nowhere"], "nowhere"), (["downgrade"], "needs a target"),
                           (["upgrade", "--max-failures", "few"], "max_failures")):
            lines = self.app(*args, code=2)
            self.assertRegex(lines[-2], f"^fault class=.*{word}")
            self.assertEqual(lines[-1], "exit 2")

    def test_a_way_back_that_does_not_exist(self):
        self.small_fleet("acme")
        self.app("upgrade")
        self.fleet.revision("cccc3333", "SELECT 1;")
        self.app("upgrade")
        lines = self.app("downgrade", "base", code=2)
        faults = [x for x in lines if re.match(r"fault class=chain code=irreversible .*tenant 'acme'", x)]
        self.assertEqual((faults, lines[-1]), (lines[-1 - len(faults):-1], "exit 2"))
        self.assertGreaterEqual(len(faults), 1)
        self.assertEqual(self.fleet.versions("acme"), ["cccc3333"])

    def test_an_observer_stops_the_run_at_once(self):
        self.small_fleet("a", "b", "c", "d")
        lines = self.app("upgrade", "--parallel", "1", "--stop-after", "2", code=143)
        self.assertEqual(lines[-3:], ["total succeeded=2", "total skipped=2", "exit 143"])

    def test_a_rollback(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);", down="DROP TABLE a;")
        self.fleet.inventory([self.fleet.sqlite("good"), self.fleet.sqlite("bad", "CREATE TABLE a (id)")])
        lines = self.app("upgrade", "--rollback", "--parallel", "1", code=3)
        self.assertIn("good rolled_back from=aaaa1111 to= steps=1 attempts=1", lines)
        self.assertEqual((self.fleet.tables("good"), lines[-1]), (set(), "exit 3"))

    def test_a_run_stops_behind_a_wave(self):
        self.small_fleet("acme", "bolt", rollout={"waves": [{"name": "canary", "select": "name1=b"},
                                                            {"name": "everyone"}]})
        self.assertIn("total skipped=1", self.app("upgrade", "--wave", "canary"))
        self.assertEqual((self.fleet.tables("acme"), self.fleet.tables("bolt")), (set(), {"a"}))

    def test_the_ledger_is_one_runs_at_a_time(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n" + SLOW)
        self.fleet.inventory([self.fleet.sqlite("a")])
        first = self.start("upgrade")
        wait_until(lambda: os.path.exists(self.fleet.path("data/a.db-journal")), what="a journal")
        lines = self.app("upgrade", code=5)
        self.assertRegex(lines[-2], "^fault class=ledger code=held")
        press(first)
        self.finish(first, 143)

    def test_a_decimal_comma_reaches_no_database(self):
        self.small_fleet("acme")
        call(f"{PREFIX}/app", self.fleet.path("skein.yaml"), "upgrade",
             env={**os.environ, **self.fleet.locale("de_DE")})
        self.assertEqual(self.fleet.versions("acme"), ["bbbb2222"])
        self.assertEqual(self.fleet.query("acme", "SELECT DISTINCT typeof(duration_ms) FROM skein_history"),
                         [("real",)])

    def test_a_signal_while_a_downgrade_looks_ahead(self):
        self.small_fleet("acme")
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        url = f"postgresql://app@127.0.0.1:{silent.getsockname()[1]}/x?sslmode=disable"
        self.fleet.inventory([self.fleet.sqlite("acme"), {"name": "silent", "url": url}],
                             defaults={"connect_timeout": "2s", "retries": 0})
        process = self.start("downgrade", "--signals", "--then", "current", "base")
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        lines = self.finish(process, 1)
        self.assertIn("exit 130", lines)
        self.assertIn("total skipped=2", lines)
        self.assertIn("acme unchanged from= to= steps=0 attempts=1", lines)  # of the run behind it

    def test_the_programs_handlers_are_there_again(self):
        self.small_fleet("acme", rollout={"gates": {"before_run": ["/bin/true"]}})
        for options in ([], ["--signals"]):
            self.assertNotIn("a handler is gone", self.app("upgrade", *options))

    def test_signals_are_the_programs(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n" + SLOW)
        self.fleet.inventory([self.fleet.sqlite("a"), self.fleet.sqlite("b")])
        for options, code in (([], 143), (["--signals"], 130)):
            process = self.start("upgrade", "--parallel", "1", *options)
            wait_until(lambda: os.path.exists(self.fleet.path("data/a.db-journal")), what="a journal")
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            self.assertIsNone(process.poll(), "the first stop must not end what is in flight")
            process.send_signal(signal.SIGINT)
            lines = self.finish(process, code)
            self.assertEqual(lines[-3:], ["total failed=1", "total skipped=1", f"exit {code}"])
            self.assertEqual(self.fleet.tables("a"), set())


if __name__ == "__main__":
    main()
