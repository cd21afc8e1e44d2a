#!/usr/bin/env python3
"""Selection by state: `--state STATE,…[@RUN]`, the tenants that stand so in the report of a run; and `report --tenant`, one
tenant's story. On SQLite and PostgreSQL."""
import json
import os

from harness import FleetCase, MariaDBCase, PostgresCase, main

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

    def story(self, *args):
        return self.run_ok("report", "-o", "json", *args)

    def test_the_story_of_a_tenant(self):
        self.run_ok("resume", code=1)
        second = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
        self.execute("globex", "DROP TABLE item")
        third = self.run_json("upgrade", "-t", "globex").report["run"]["id"]
        fourth = self.run_json("downgrade", "base", "-t", "globex").report["run"]["id"]
        report = self.story("-t", "globex").report
        seen = [(visit["run"], visit["command"], visit["state"], visit["from"], visit["to"]) for visit in report["history"]]
        at = ["aaaa1111"]
        self.assertEqual(seen, [(fourth, "downgrade", "succeeded", at, []), (third, "upgrade", "succeeded", [], at),
                                (second, "upgrade", "failed", [], []), (self.first, "upgrade", "failed", [], [])])
        self.assertEqual(report["run"]["id"], fourth)
        self.assertEqual([bool(visit["error"]) for visit in report["history"]], [False, False, True, True])
        self.assertRegex(report["history"][3]["error"]["message"], "already exists")
        self.assertEqual(report["history"], sorted(report["history"], key=lambda visit: visit["at"], reverse=True))
        first = self.story(self.first, "-t", "globex").report
        self.assertEqual(first["tenants"][0]["error"]["line"], self.story(self.first).tenant("globex")["error"]["line"])
        self.assertEqual((first["run"]["state"], first["waves"]), ("halted", [{"name": "canary", "state": "halted", "tenants": 1, "failed": 1}]))
        self.assertEqual(first["run"]["halted_by"]["kind"], "threshold")
        text = self.run_ok("report", self.first, "-t", "globex").out
        self.assertRegex(text, r"4 of 4 tenants[\s\S]*CREATE TABLE item[\s\S]*in globex\n\nHistory of globex\n")
        self.assertRegex(text, rf"{fourth}  downgrade base +succeeded  aaaa1111  base +\d{{4}}-")
        self.assertNotIn("acme", text)

    def test_the_states_of_a_story_are_those_of_the_reports(self):
        self.run_ok("resume", code=1)
        self.run_ok("rollback", self.first)
        for run in json.loads(self.run_ok("runs", "-o", "json").out):
            whole = {tenant["name"]: tenant for tenant in self.story(run["id"]).report["tenants"]}
            for name in whole:
                story = self.story(run["id"], "-t", name).report
                (visit,) = [visit for visit in story["history"] if visit["run"] == run["id"]]
                self.assertEqual(story["tenants"], [whole[name]])
                for key in ("state", "from", "to"):
                    self.assertEqual((run["id"], name, key, visit[key]), (run["id"], name, key, whole[name][key]))

    def test_a_story_of_no_one(self):
        self.assertIn("no run of this inventory has a tenant 'globx'; did you mean 'globex'?", self.run_ok("report", "-t", "globx", code=2).err)
        second = self.run_json("upgrade", "-t", "acme").report["run"]["id"]
        err = self.run_ok("report", second, "-t", "globex", code=2).err
        self.assertIn(f"run {second} has no tenant 'globex'; the newest that has it is {self.first}", err)
        self.assertEqual(self.story("-t", "globex").report["run"]["id"], self.first)
        both = self.story("-t", "umbrella", "-t", "globex").report
        self.assertEqual([tenant["name"] for tenant in both["tenants"]], ["globex", "umbrella"])
        self.assertEqual([visit["tenant"] for visit in both["history"]], ["umbrella", "globex"])

    def test_a_report_of_some(self):
        """--select takes them by today's inventory; what all runs did to them is told of those that are named."""
        names = lambda *args: [tenant["name"] for tenant in self.story(*args).report["tenants"]]
        self.assertEqual(names("--select", "tier=canary"), ["acme", "globex"])
        self.assertEqual(names("--select", "!tier"), ["initech", "umbrella"])
        self.assertEqual(self.story("--select", "!tier").report["totals"]["tenants"], 2)
        self.assertNotIn("history", self.story("--select", "tier=canary").report)
        both = self.story("--select", "tier=canary", "-t", "acme").report
        self.assertEqual(([tenant["name"] for tenant in both["tenants"]], len(both["history"])), (["acme"], 1))
        second = self.run_json("upgrade", "-t", "acme").report["run"]["id"]
        self.assertEqual(self.story("--select", "!tier").report["run"]["id"], self.first)
        self.assertEqual(names("--select", "tier"), ["acme"])
        self.assertIn(f"run {second} has none of the tenants that are selected",
                      self.run_ok("report", second, "--select", "!tier", code=2).err)
        self.assertIn("did you mean 'tier'?", self.run_ok("report", "--select", "teir", code=2).err)
        result = self.run_ok("report", self.first, env={"SKEIN_SELECT": "!tier"})
        self.assertIn("only some of the run's tenants are told of: --select from SKEIN_SELECT", result.err)
        self.assertIn("4 of 4 tenants", result.out)

    def test_behind(self):
        self.assertEqual(self.names("--behind"), ["globex", "initech", "umbrella"])
        self.assertEqual(self.names("--behind", "--state", "succeeded,skipped"), ["initech", "umbrella"])
        self.assertEqual(self.names("--behind", "--select", "tier=canary"), ["globex"])
        report = self.run_json("upgrade", "--behind", "--select", "!tier").report
        self.assertEqual([(tenant["name"], tenant["state"]) for tenant in report["tenants"]], [("initech", "succeeded"), ("umbrella", "succeeded")])
        self.assertEqual(report["run"]["selected"]["narrowed"], ["--behind"])
        self.assertIn("2 of 4 tenants, --select '!tier', --behind\n", self.run_ok("report").out)
        for words in (["current"], ["plan"], ["check"], ["upgrade", "--dry-run"], ["stamp", "--dry-run", "head"]):
            with self.subTest(words):
                report = self.run_json(*words, "--behind", code=1 if words == ["check"] else 0).report
                self.assertEqual([tenant["name"] for tenant in report["tenants"]], ["globex"])
        report = self.run_json("downgrade", "base", "--behind").report  # globex is there
        self.assertEqual([(tenant["name"], tenant["state"]) for tenant in report["tenants"]],
                         [(name, "succeeded") for name in NAMES if name != "globex"])

    def test_no_one_is_behind_up_to_a_wave(self):
        self.run_ok("resume", code=1)
        self.execute("globex", "DROP TABLE item")
        self.run_ok("upgrade", "--wave", "canary")
        self.run_ok("downgrade", "base", "-t", "umbrella")
        runs = self.run_ok("runs", "-o", "json").out
        of_run, of_look = "of the 4 selected tenants, none up to the wave 'canary' is behind", "of the 2 selected tenants, none up to the wave 'canary' is behind"
        for command, says in (("upgrade", of_run), ("upgrade --dry-run", of_run), ("plan", of_look), ("current", of_look)):
            self.assertIn(says, self.run_ok(*command.split(), "--wave", "canary", "--behind", code=2).err)
        self.assertEqual(self.run_ok("runs", "-o", "json").out, runs)
        self.assertEqual(self.run_json("upgrade", "--wave", "rest", "--behind").report["totals"]["succeeded"], 2)

    def test_no_one_is_behind(self):
        runs = self.run_ok("runs", "-o", "json").out
        err = self.run_ok("upgrade", "--behind", "-t", "acme", code=2).err
        self.assertIn("--behind: the selected tenant is not behind (--allow-empty goes on without any)", err)
        self.assertEqual(self.run_ok("runs", "-o", "json").out, runs)
        self.assertEqual(self.names("--behind", "-t", "acme", "--allow-empty"), [])
        self.run_ok("upgrade", "--behind", "-t", "acme", "--allow-empty")
        self.assertIn("--behind has no effect with --sql", self.run_ok("upgrade", "--sql", "--behind", code=2).err)
        self.assertIn("--behind has no effect with --chain", self.run_ok("check", "--chain", "--behind", code=2).err)
        self.assertIn("did you mean", self.run_ok("upgrade", "--behind", "aaaa1112", code=2).err)

    def test_who_cannot_be_asked_is_not_known_to_be_there(self):
        broken = {"name": "zeta", "url": self.fleet.sqlite("zeta")["url"].replace("zeta", "missing")}
        tenants = self.tenants(NAMES[:1])
        self.fleet.inventory([*tenants, broken])
        self.run_ok("upgrade", code=1)
        self.assertEqual(self.names("--behind"), ["zeta"])
        self.assertEqual(self.run_json("upgrade", "--behind", code=1).tenant("zeta")["state"], "failed")


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


class ByStateOnMariaDB(ByState, MariaDBCase):
    def tenants(self, names):
        for name in names:
            self.maria.sql("mysql", f"DROP DATABASE IF EXISTS {name}")
        return self.maria.create(*names)

    def execute(self, name, sql):
        self.maria.sql(name, sql)

    def at(self, name):
        return self.maria.versions(name)


if __name__ == "__main__":
    main()
