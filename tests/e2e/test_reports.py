#!/usr/bin/env python3
"""What a person sees: causes, progress, plans, where tenants stand, runs. On SQLite and PostgreSQL."""
import json

from harness import FleetCase, PostgresCase, main

CREATES = "CREATE TABLE item (n int);"


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
        self.assertRegex(plain.err, r"1 of 2 done .*; waits for the soak after wave 'canary': [0-9.]+ ms left")


if __name__ == "__main__":
    main()
