#!/usr/bin/env python3
"""What a person sees: causes, progress, plans, where tenants stand, runs. On SQLite and PostgreSQL."""
import fcntl
import json
import os
import pty
import signal
import struct
import termios

from harness import SKEIN, FleetCase, PostgresCase, main

CREATES = "CREATE TABLE item (n int);"
OUTSIDE = " transaction:false"


class Causes(FleetCase):
    def test_missing_files_are_one_cause_live_and_from_the_ledger(self):
        self.fleet.revision("aaaa1111", CREATES)
        self.fleet.inventory([{"name": f"t{i:03}", "url": f"sqlite:///data/t{i:03}.db"} for i in range(100)])
        live = self.run_ok("upgrade", "-o", "text", "-o", f"json={self.fleet.path('live.json')}", "--on-failure", "continue", code=1)
        self.assertIn("100 tenants (in the words of t000, as an example): cannot open", live.out)
        self.assertNotIn("more causes", live.out)
        for report in (self.report_of("live.json"), self.run_ok("report", "-o", "json").report):
            (error,) = report["errors"]
            self.assertEqual(len(error["tenants"]), 100)
            self.assertEqual(error["example"], "t000")
            self.assertIn("t000.db", error["message"])
            self.assertIn("{file}", error["pattern"])
            self.assertIn("t042.db", report["tenants"][42]["error"]["message"])

    def report_of(self, name):
        return json.loads(self.fleet.read(name))


class CausesOnServer(PostgresCase):
    def test_missing_databases_and_roles_are_one_cause_each(self):
        self.fleet.revision("aaaa1111", CREATES)
        port = self.pg.port
        self.fleet.inventory(
            [{"name": f"d{i}", "url": f"postgresql://skein@127.0.0.1:{port}/none_{i}"} for i in range(8)] +
            [{"name": f"r{i}", "url": f"postgresql://who_{i}@127.0.0.1:{port}/role_{i}"} for i in range(5)])
        report = self.run_ok("upgrade", "-o", "json", "--on-failure", "continue", code=1).report
        self.assertEqual([len(e["tenants"]) for e in report["errors"]], [8, 5])
        self.assertIn('database "{database}" does not exist', report["errors"][0]["pattern"])
        self.assertIn('role "{user}" does not exist', report["errors"][1]["pattern"])

    def test_schemas_of_one_database_are_one_cause(self):
        self.fleet.revision("aaaa1111", "DO $$ BEGIN EXECUTE format('SELECT 1 FROM %I.gone', current_schema()); END $$;")
        names = [f"s{i}" for i in range(6)]
        self.pg.create("shared")
        self.pg.sql("shared", "".join(f"CREATE SCHEMA {n};" for n in names))
        self.fleet.inventory([{"name": f"tenant-{n}", "url": self.pg.url("shared"), "schema": n} for n in names])
        report = self.run_ok("upgrade", "-o", "json", "--on-failure", "continue", code=1).report
        (error,) = report["errors"]
        self.assertEqual(error["pattern"], 'relation "{schema}.gone" does not exist')


class Progress(FleetCase):
    def make(self, count, up=CREATES, **rollout):
        self.fleet.revision("aaaa1111", up, "DROP TABLE item;")
        tenants = [self.fleet.sqlite(f"t{i:03}") for i in range(count)]
        tenants[0]["labels"] = ["tier=canary"]
        self.fleet.inventory(tenants, rollout=rollout)

    def test_equal_failures_are_a_few_lines_and_a_count(self):
        self.make(120, "INSERT INTO nowhere VALUES (1);", on_failure="continue")
        for flags in ((), ("-q",)):
            result = self.run_ok("upgrade", "--progress", "plain", *flags, code=1)
            lines = [line for line in result.err.splitlines() if "no such table: nowhere" in line]
            more = sum(int(line.split()[1]) for line in lines if " more: " in line)
            self.assertLess(len(lines), 12)
            self.assertEqual(more + sum(" failed after " in line for line in lines), 120)
        verbose = self.run_ok("upgrade", "--progress", "plain", "-v", code=1)
        self.assertEqual(sum(" failed after " in line for line in verbose.err.splitlines()), 120)

    def test_soaks_and_gates_are_told_with_their_time(self):
        self.make(2, waves=[{"name": "canary", "select": "tier=canary", "soak": "1200ms"}, {"name": "all"}],
                  gates={"before_run": ["true"]})
        result = self.run_ok("upgrade", "--progress", "json")
        events = [json.loads(line) for line in result.err.splitlines()]
        waits = [event for event in events if event["event"].startswith("wait_")]
        self.assertEqual([event["event"] for event in waits], ["wait_started", "wait_finished"] * 2)
        self.assertEqual((waits[0]["for"], waits[0]["reason"]), ("gate", "the gate before_run"))
        self.assertEqual((waits[2]["for"], waits[2]["reason"]), ("soak", "the soak after wave 'canary'"))
        self.assertTrue(1000 < waits[2]["delay_ms"] <= 1200)
        self.run_ok("downgrade", "base")
        plain = self.run_ok("upgrade", "--progress", "plain")
        self.assertRegex(plain.err, r"1 of 2 done[^;]*; waits for the soak after wave 'canary': [0-9.]+ ms left")


class Plans:
    """What `plan` says: the SQL once a group, marks, its words in JSON. `tenants(names)` is the engine's."""

    def make(self):
        self.fleet.revision("r1", "CREATE TABLE item (n int);", "DROP TABLE item;", message="One")
        self.fleet.revision("r2", "CREATE TABLE a (n int);\n-- a comment\nCREATE TABLE b (n int);", "DROP TABLE a;", options=OUTSIDE)
        self.fleet.revision("r3", "", message="Empty")
        self.fleet.inventory(self.tenants(["p0", "p1", "p2"]))
        self.run_ok("upgrade", "r1", "-t", "p2")

    def test_the_sql_once_a_group(self):
        self.make()
        text = self.run_ok("plan", "-v").out
        self.assertEqual(text.count("CREATE TABLE item"), 1)
        self.assertEqual(text.count("    CREATE TABLE a (n int);\n    -- a comment\n    CREATE TABLE b (n int);\n"), 2)
        self.assertRegex(text, r"-- \S*versions/r2.sql:\d+, outside a transaction\n")
        self.assertRegex(text, r"up +r1 +1 statement +One\n +up +r2 +2 statements +outside a transaction +Revision r2\n"
                               r" +up +r3 +0 statements +irreversible, empty +Empty\n")
        self.assertRegex(text, r"p0 +would change ")
        self.assertNotIn("succeeded", text)
        self.assertNotIn("CREATE TABLE", self.run_ok("plan").out)

    def test_the_sql_in_json(self):
        self.make()
        report = self.run_json("plan", "-v").report
        dialect = report["tenants"][0]["dialect"]
        told = [(s["revision"], s["direction"], s["section_dialect"], [(p["transactional"], p["is_cut"], p["sql"]) for p in s["sections"]])
                for s in report["sql"]]
        self.assertEqual(told, [
            ("r1", "up", dialect, [(True, False, "CREATE TABLE item (n int);")]),
            ("r2", "up", dialect, [(False, False, "CREATE TABLE a (n int);\n-- a comment\nCREATE TABLE b (n int);")]),
            ("r3", "up", dialect, [])])
        for step in report["sql"]:
            for part in step["sections"]:
                with open(os.path.join(self.fleet.dir, step["file"])) as file:
                    self.assertEqual(file.read().splitlines()[part["line"] - 1], part["sql"].splitlines()[0])
        self.assertNotIn("sql", self.run_json("plan").report)
        self.run_ok("upgrade", "r2")
        self.assertNotIn("sql", self.run_json("stamp", "--dry-run", "r2", "-v").report)
        down = self.run_json("downgrade", "--dry-run", "base", "-v").report
        self.assertEqual([(s["revision"], s["direction"], s["sections"][0]["sql"]) for s in down["sql"]],
                         [("r2", "down", "DROP TABLE a;"), ("r1", "down", "DROP TABLE item;")])

    def test_words_and_marks_in_json(self):
        self.make()
        report = self.run_json("plan", "r1").report
        self.assertEqual(report["would"], {"change": 2, "stay": 1})
        self.assertEqual([t["would"] for t in report["tenants"]], ["change", "change", "stay"])
        steps = self.run_json("plan", "-t", "p2").tenant("p2")["steps"]
        self.assertEqual([(s["irreversible"], s["outside_transaction"], s["empty"]) for s in steps],
                         [(False, True, False), (True, False, True)])

    def test_a_downgrade_and_a_stamp(self):
        self.make()
        self.run_ok("upgrade", "r2")
        down = self.run_ok("downgrade", "--dry-run", "base", "-v").out
        self.assertIn("DROP TABLE item;", down)
        self.assertNotIn("irreversible", down)
        stamp = self.run_ok("stamp", "--dry-run", "head", "-v").out
        self.assertNotIn("CREATE TABLE", stamp)
        self.assertNotIn("empty", stamp)
        self.assertRegex(stamp, r"  stamp  r3 .*\n  skips r3: nothing of it is run\n")
        self.assertRegex(self.run_ok("stamp", "--dry-run", "base").out, r"  stamp  base\n  forgets r2, r1: nothing of them is taken back\n")


class PlansOnSqlite(Plans, FleetCase):
    def tenants(self, names):
        return [self.fleet.sqlite(name) for name in names]


class PlansOnPostgres(Plans, PostgresCase):
    def tenants(self, names):
        for name in names:
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {name}")
        return self.pg.create(*names)


class Judged:
    """What a dialect's own parser refuses is found by plan and check, before any tenant is asked."""

    def judge(self, up, options="", code=2, words=(), down=None):
        self.fleet.last = ""
        path = self.fleet.revision("r1", up, down, options=options)
        for command in (("plan",), ("check",), ("check", "--chain")):
            behind = command == ("check",) and not code
            result = self.run_ok(*command, code=1 if behind else code)
            for word in words:
                self.assertIn(word, result.err)
        return path

    def test_what_begins_no_statement(self):
        self.fleet.inventory(self.tenants(["j0"]))
        self.judge("CREATE TABLE a (n int);\n\nCREAT TABLE b (n int);", words=("r1.sql:9", "refuses it", "syntax error"))
        self.judge("CREATE TABLE a (n int);", down="DORP TABLE a;", words=("syntax error",))

    def test_what_is_fine(self):
        self.fleet.inventory(self.tenants(["j0"]))
        self.judge("INSERT INTO nowhere SELECT n FROM not_yet; ALTER TABLE gone ADD COLUMN x int; VALUES (1); WITH q AS (SELECT 1) "
                   "SELECT * FROM q;", code=0)


class JudgedOnSqlite(Judged, FleetCase):
    def tenants(self, names):
        return [self.fleet.sqlite(name) for name in names]

    def test_all_of_its_syntax_is_certain(self):
        self.fleet.inventory(self.tenants(["j0"]))
        self.judge("CREATE TABEL a (n int);", words=("near \"TABEL\": syntax error",))
        self.judge("VACUUM;", words=("cannot run inside a transaction",))
        self.judge("CREATE TABLE a (n int", words=("incomplete input",))


class JudgedOnPostgres(Judged, PostgresCase):
    def tenants(self, names):
        for name in names:
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {name}")
        return self.pg.create(*names)

    def test_what_cannot_run_inside_a_transaction(self):
        self.fleet.inventory(self.tenants(["j0"]))
        for statement in ("CREATE INDEX CONCURRENTLY ix ON item (n)", "DROP INDEX CONCURRENTLY ix", "VACUUM item",
                          "REINDEX TABLE CONCURRENTLY item", "REINDEX DATABASE j0", "CREATE DATABASE x", "ALTER SYSTEM SET a = b",
                          "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY"):
            with self.subTest(statement=statement):
                self.judge("SELECT 1;\n" + statement + ";", words=("r1.sql:8", "inside a transaction", "transaction:false"))
                self.judge(statement + ";", options=OUTSIDE, code=0)
        self.judge("REFRESH MATERIALIZED VIEW CONCURRENTLY v; ANALYZE item; REINDEX TABLE item; DO $$ BEGIN PERFORM 1; END $$;",
                   code=0)

    def test_what_a_newer_server_may_take_is_told(self):
        self.fleet.inventory(self.tenants(["j0"]))
        self.judge("CREATE TABEL a (n int);", code=0, words=("near \"TABEL\"", "a newer server may take it"))


class Listings(FleetCase):
    def make(self):
        self.fleet.revision("r1", CREATES, "DROP TABLE item;")
        self.fleet.revision("r2", "INSERT INTO guard VALUES (1);", "DELETE FROM guard;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}", "CREATE TABLE guard (n int);" if i else "") for i in range(5)],
                             rollout={"on_failure": "continue"})

    def test_current_in_short(self):
        self.make()
        self.run_ok("upgrade", code=1)
        text = self.run_ok("current", "--summary").out
        self.assertIn("Together\n  4 tenants at r2 (head)\n  1 tenant at r1\n" if "1 tenant at r1" in text else
                      "Together\n  4 tenants at r2 (head)\n  1 tenant at base\n", text)
        self.assertNotIn("t3", text)
        self.assertIn("t3", self.run_ok("current").out)

    def test_runs_fit_a_terminal(self):
        self.make()
        self.run_ok("upgrade", "r1", "-t", "t0")
        self.run_ok("upgrade", code=1)
        self.run_ok("rollback", "--yes")
        self.run_ok("upgrade", code=1)
        pid, terminal = pty.fork()
        if not pid:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
            os.environ.update(LC_ALL="C.UTF-8", TERM="xterm")
            os.execv(SKEIN, [SKEIN, "-f", self.fleet.path("skein.yaml"), "runs", "--color", "never"])
        text = b""
        try:
            while part := os.read(terminal, 65536):
                text += part
        except OSError:
            pass  # the other end is closed
        os.waitpid(pid, 0)
        lines = text.decode().replace("\r", "").splitlines()
        self.assertEqual(len(lines), 5, text)
        self.assertLessEqual(max(len(line) for line in lines), 80, text)
        self.assertIn("failed, unfinished", lines[1])
        self.assertRegex(lines[1], r" upgrade head ")
        self.assertRegex(lines[2], r" rollback …[0-9a-f]{6} ")
        self.assertIn(" rollback 2", self.run_ok("runs").out)


class Halts(FleetCase):
    """Why a run was halted, who made it, of whom: live, from the ledger, in `runs`."""

    def make(self, count=4, up=CREATES, **rollout):
        self.fleet.revision("aaaa1111", up, "DROP TABLE item;")
        tenants = [self.fleet.sqlite(f"t{i}") for i in range(count)]
        tenants[0]["labels"] = ["tier=canary"]
        self.fleet.inventory(tenants, rollout={"parallel": 1, **rollout})

    def halted(self, *args, code=1, **options):
        live = self.run_json("upgrade", *args, code=code, **options).report["run"]
        kept = self.run_ok("report", "-o", "json").report["run"]
        listed = json.loads(self.run_ok("runs", "-o", "json").out)[0]
        for key in ("halted_by", "by", "selected", "settings"):
            self.assertEqual(kept[key], live[key])
            self.assertEqual(listed[key], live[key])
        return live

    def test_by_a_gate(self):
        self.make(waves=[{"name": "canary", "select": "tier=canary"}, {"name": "all"}],
                  gates={"after_wave": ["sh", "-c", "seq 30; echo smoke test failed >&2; exit 3"]})
        run = self.halted()
        halt = run["halted_by"]
        self.assertEqual((halt["kind"], halt["gate"], halt["status"], halt["signal"], halt["wave"]),
                         ("gate", "after_wave", 3, None, "canary"))
        self.assertEqual(halt["output"].splitlines(), [str(n) for n in range(22, 31)] + ["smoke test failed"])
        text = self.run_ok("report").out
        self.assertIn("halted in wave 'canary': the gate after_wave said no: exit status 3\n  | 22\n", text)

    def test_by_a_gate_that_cannot_be_run_or_is_killed(self):
        self.make(gates={"before_run": ["sh", "-c", "kill -9 0"]})
        self.assertEqual(self.halted()["halted_by"]["signal"], 9)

    def test_by_too_many_failures(self):
        self.make(up="INSERT INTO nowhere VALUES (1);")
        halt = self.halted("--max-failures", "1")["halted_by"]
        self.assertEqual((halt["kind"], halt["failed"], halt["max_failures"]), ("threshold", 2, 1))
        self.assertIn("halted: too many failures: 2, and 1 is tolerated", self.run_ok("report").out)

    def test_by_a_signal(self):
        self.make(count=2, up="CREATE TABLE item AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                              "WHERE i < 3000000) SELECT max(i) AS n FROM n;")
        process = self.fleet.start("upgrade", "--progress", "json")
        while b"tenant_started" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        process.communicate()
        self.assertEqual(process.returncode, 143)
        halt = self.run_ok("report", "-o", "json").report["run"]["halted_by"]
        self.assertEqual((halt["kind"], halt["signal"], halt["reason"]), ("signal", 15, "stopped by Terminated"))

    def test_who_made_it_of_whom_and_what_the_environment_said(self):
        self.make()
        run = self.halted("--select", "tier=canary", "--tenant", "t0", code=0,
                          env={"SKEIN_PARALLEL": "2"})
        self.assertIsNone(run["halted_by"])
        self.assertRegex(run["by"], r"^[^@]+@.+$")
        self.assertEqual(run["selected"], {"of": 4, "select": ["tier=canary"], "tenant": ["t0"], "narrowed": []})
        self.assertIn("--parallel from SKEIN_PARALLEL", run["settings"])
        self.assertRegex(self.run_ok("report").out, r"\nby \S+@\S+, 1 of 4 tenants, --select 'tier=canary', --tenant t0, ")


class HalfDone:
    """A tenant in the middle of a step is seen by all that look. `make_database` and `sql` are the engine's."""

    def make(self, up=None, down=None):
        self.make_database()
        self.fleet.revision("r1", CREATES, "DROP TABLE item;")
        self.fleet.revision("r2", up or "CREATE TABLE y1 (n int);\nCREATE TABLE y2 (n int);\nINSERT INTO guard VALUES (1);\n"
                            "CREATE TABLE y4 (n int);", options=OUTSIDE)
        with open(self.fleet.path("versions/r2.sql"), "a") as file:
            file.write("\n-- migrate:down" + OUTSIDE + "\n" + (down or "DROP TABLE y1;\nDROP TABLE y2;\nDROP TABLE y4;\n"))

    def half(self, *command, code=0):
        tenant = self.run_json(*command, code=code).tenant("t")
        half = tenant["half_done"]
        return tenant["state"], half and (half["revision"], half["direction"], half["statements"], half["of"], half["in_doubt"])

    def test_on_its_way_up(self):
        self.make()
        run = self.run_json("upgrade", code=4).report["run"]["id"]
        half = ("r2", "up", 2, 4, False)
        self.assertEqual(self.half("current"), ("unchanged", half))
        self.assertEqual(self.half("plan"), ("succeeded", half))
        self.assertEqual(self.half("check", code=1), ("succeeded", half))
        self.assertEqual(self.run_json("current").tenant("t")["half_done"]["run"], run)
        for command, code in (("current", 0), ("plan", 0), ("check", 1), ("current --check-heads", 1)):
            self.assertIn("r1 + r2 (partial: 2 of 4 statements)", self.run_ok(*command.split(), code=code).out)
        self.sql("CREATE TABLE guard (n int)")
        self.run_ok("resume")
        self.assertEqual([self.half("current"), self.half("check")], [("unchanged", None)] * 2)

    def test_a_rollback_is_refused_before_it_begins(self):
        self.make()
        first = self.run_ok("upgrade", code=4)
        self.assertNotIn("skein rollback 2", first.out)
        self.assertIn("Only then can 'skein rollback' roll it back", first.out)
        for command in (("rollback",), ("rollback", "--dry-run")):
            refused = self.run_ok(*command, code=2)
            self.assertIn("tenant 't': revision 'r2' was left after 2 statements", refused.err)
            run = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
            self.assertIn(f"finish it first with 'skein resume {run}', then say 'skein rollback {run}' (or with 'skein upgrade r2 --tenant t', ", refused.err)
        self.assertEqual(self.half("current")[1], ("r2", "up", 2, 4, False))
        self.assertEqual(len(json.loads(self.run_ok("runs", "-o", "json").out)), 1)
        self.sql("CREATE TABLE guard (n int)")
        self.run_ok("resume")
        self.assertEqual(self.run_json("rollback").tenant("t")["state"], "rolled_back")

    def test_on_its_way_down(self):
        self.make(down="DROP TABLE y1;\nDELETE FROM nowhere;\nDROP TABLE y2;\n")
        self.sql("CREATE TABLE guard (n int)")
        self.run_ok("upgrade")
        self.run_ok("downgrade", "r1", code=4)
        self.assertEqual(self.half("current"), ("unchanged", ("r2", "down", 1, 3, False)))
        self.assertIn("r2 (head) - r2 (partial: 1 of 3 statements)", self.run_ok("current").out)
        self.run_ok("current", "--check-heads", code=1)
        self.run_ok("check", code=1)
        self.assertEqual(self.half("plan", code=4)[0], "partial")

    def test_its_file_is_gone(self):
        self.make()
        self.run_ok("upgrade", code=4)
        self.fleet.write("versions/r2.sql", "")
        os.remove(self.fleet.path("versions/r2.sql"))
        self.assertIn("r1 (head) + r2 (partial: 2 statements)", self.run_ok("current").out)
        self.run_ok("check", code=1)


class HalfDoneOnSqlite(HalfDone, FleetCase):
    def make_database(self):
        self.fleet.inventory([self.fleet.sqlite("t")])

    def sql(self, text):
        self.fleet.query("t", text)

    def test_in_doubt(self):
        self.make("CREATE TABLE y1 (n int);\nINSERT OR FAIL INTO item VALUES (1), (2), (NULL);")
        self.fleet.revision("r1", "CREATE TABLE item (n int NOT NULL);", "DROP TABLE item;", revises="")
        self.run_ok("upgrade", code=4)
        self.assertEqual(self.half("current"), ("unchanged", ("r2", "up", 1, 2, True)))
        self.assertIn("r1 + r2 (in doubt: statement 2 of 2)", self.run_ok("current").out)
        self.assertEqual(self.half("plan", code=4), ("partial", ("r2", "up", 1, 2, True)))
        self.assertEqual(self.half("check", code=1), ("partial", ("r2", "up", 1, 2, True)))


class HalfDoneOnPostgres(HalfDone, PostgresCase):
    def make_database(self):
        self.pg.sql("postgres", "DROP DATABASE IF EXISTS t")
        self.fleet.inventory(self.pg.create("t"))

    def sql(self, text):
        self.pg.sql("t", text)

    def test_in_doubt(self):
        self.make("CREATE TABLE y1 (n int);\nDO $$ BEGIN INSERT INTO item VALUES (7); COMMIT; RAISE EXCEPTION 'no'; END $$;")
        self.run_ok("upgrade", code=4)
        self.assertEqual(self.half("current"), ("unchanged", ("r2", "up", 1, 2, True)))
        self.assertIn("r1 + r2 (in doubt: statement 2 of 2)", self.run_ok("current").out)
        self.assertEqual(self.half("check", code=1), ("partial", ("r2", "up", 1, 2, True)))

    def test_an_index_that_is_left_invalid(self):
        self.make("CREATE TABLE y1 (n int);\nCREATE UNIQUE INDEX CONCURRENTLY ix ON item (n);", "DROP INDEX ix;\n")
        self.fleet.revision("r1", "CREATE TABLE item (n int); INSERT INTO item VALUES (1), (1);", "DROP TABLE item;", revises="")
        self.run_ok("upgrade", code=4)  # it was dropped again at once: of that statement nothing is left
        self.assertEqual(self.half("current"), ("unchanged", ("r2", "up", 1, 2, False)))
        self.assertEqual(self.half("check", code=1), ("succeeded", ("r2", "up", 1, 2, False)))


if __name__ == "__main__":
    main()
