#!/usr/bin/env python3
"""Selection by state: `--state STATE,…[@RUN]`, the tenants that stand so in the report of a run. On SQLite and PostgreSQL."""
import json
import os

from harness import FleetCase, PostgresCase, main

NAMES = ("acme", "globex", "initech", "umbrella")


class ByState:
    """`tenants(names)` is the engine's, `execute(name, sql)` changes one, `at(name)` is its version table."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE item (n int);", "DROP TABLE item;")
        labels = {"acme": ["tier=canary"], "globex": ["tier=canary"]}
        tenants = [{**tenant, "labels": labels.get(tenant["name"], [])} for tenant in self.tenants(NAMES)]
        self.fleet.inventory(tenants, rollout={"parallel": 1, "waves": [{"name": "canary", "select": "tier=canary"}, {"name": "rest"}]})
        self.execute("globex", "CREATE TABLE item (n int)")
        self.first = self.run_json("upgrade", code=1).report["run"]["id"]  # acme succeeded, globex failed, the rest skipped

    def names(self, *args, code=0):
        return [tenant["name"] for tenant in json.loads(self.run_ok("tenants", "-o", "json", *args, code=code).out)]

    def test_of_the_newest_run_and_of_another(self):
        self.assertEqual(self.names("--state", "failed"), ["globex"])
        self.assertEqual(self.names("--state", "failed,skipped"), ["globex", "initech", "umbrella"])
        self.assertEqual(self.names("--state", "skipped,succeeded", "--select", "tier=canary"), ["acme"])
        self.assertEqual(self.names("--state", "skipped", "-t", "acme", "-t", "umbrella"), ["umbrella"])
        self.assertEqual(self.names("--state", "failed,skipped", "--wave", "canary"), ["globex"])
        report = self.run_json("upgrade", "--state", "skipped").report
        self.assertEqual([tenant["name"] for tenant in report["tenants"]], ["initech", "umbrella"])
        self.assertEqual(report["run"]["selected"]["narrowed"], [f"--state skipped@{self.first}"])
        self.assertIn(f"2 of 4 tenants, --state skipped@{self.first}\n", self.run_ok("report").out)
        self.assertEqual(json.loads(self.run_ok("runs", "-o", "json").out)[0]["selected"]["narrowed"], [f"--state skipped@{self.first}"])
        self.assertEqual(self.names("--state", "succeeded"), ["initech", "umbrella"])
        self.assertEqual(self.names("--state", "succeeded@" + self.first), ["acme"])
        self.assertEqual(self.names("--state", "failed@" + self.first[:-3]), ["globex"])
        self.assertEqual([self.at(name) for name in NAMES if name != "globex"], [["aaaa1111"]] * 3)

    def test_of_every_command_that_selects(self):
        for words in (["current"], ["plan"], ["check"], ["upgrade", "--dry-run"], ["stamp", "--dry-run", "--force", "head"], ["downgrade", "--dry-run", "base"]):
            with self.subTest(words):
                report = self.run_json(*words, "--state", "skipped", code=1 if words == ["check"] else 0).report
                self.assertEqual([tenant["name"] for tenant in report["tenants"]], ["initech", "umbrella"])
        self.assertIn("--state has no effect with --sql", self.run_ok("upgrade", "--sql", "--state", "failed", code=2).err)
        self.assertIn("--state has no effect with --chain", self.run_ok("check", "--chain", "--state", "failed", code=2).err)
        self.assertIn("'skein history' takes no --state", self.run_ok("history", "--state", "failed", code=2).err)

    def test_a_typo_selects_no_one(self):
        err = self.run_ok("upgrade", "--state", "faild", code=2).err
        self.assertIn("'faild' is no state of a tenant; there are pending, running, succeeded, ", err)
        self.assertIn("did you mean 'failed'?", err)
        self.assertIn("no run '2000' in the ledger", self.run_ok("upgrade", "--state", "failed@2000", code=2).err)
        for words in ("", "failed,", "@" + self.first, "failed@"):
            self.run_ok("upgrade", "--state", words, code=2)
        self.assertIn("--state is given twice", self.run_ok("upgrade", "--state", "failed", "--state", "skipped", code=2).err)
        self.assertEqual(len(json.loads(self.run_ok("runs", "-o", "json").out)), 1)

    def test_no_one(self):
        err = self.run_ok("upgrade", "--state", "partial,in_doubt", code=2).err
        self.assertIn(f"no tenant is partial or in_doubt in run {self.first}, which has 1 succeeded, 1 failed, 2 skipped", err)
        self.assertIn("none is what --tenant and --state 'failed' says together", self.run_ok("upgrade", "--state", "failed", "-t", "acme", code=2).err)
        self.assertEqual(self.names("--state", "partial", "--allow-empty"), [])
        self.run_ok("upgrade", "--state", "partial", "--allow-empty")


class ByStateOnSqlite(ByState, FleetCase):
    def tenants(self, names):
        return [self.fleet.sqlite(name) for name in names]

    def execute(self, name, sql):
        self.fleet.sqlite(name, sql)

    def at(self, name):
        return self.fleet.versions(name)

    def test_where_the_ledger_is(self):
        os.rename(self.fleet.path(".skein"), self.fleet.path("kept"))
        err = self.run_ok("tenants", "--state", "failed", code=2).err
        self.assertIn("there is no ledger", err)
        self.assertEqual(self.names("--state", "failed", "--ledger", self.fleet.path("kept/ledger.db")), ["globex"])
        variables = {"SKEIN_LEDGER": self.fleet.path("kept/ledger.db"), "SKEIN_STATE": "failed"}
        self.assertIn("globex", self.run_ok("tenants", env=variables).out)
        self.assertIn("--ledger has no effect where no --state asks the ledger", self.run_ok("current", "--ledger", "x.db", code=2).err)
        self.assertIn("failed\t", self.run_ok("completion", "reply", "--", "upgrade", "--state", "").out)


class ByStateOnPostgres(ByState, PostgresCase):
    def tenants(self, names):
        for name in names:
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {name}")
        return self.pg.create(*names)

    def execute(self, name, sql):
        self.pg.sql(name, sql)

    def at(self, name):
        return self.pg.versions(name)


if __name__ == "__main__":
    main()
