#!/usr/bin/env python3
"""Which run is resumed or rolled back where none is named, and which of its tenants."""
import json
import signal

from harness import FleetCase, MariaDBCase, PostgresCase, main


class Choice(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;")
        self.fleet.inventory([{**self.fleet.sqlite("t1"), "labels": ["tier=canary"]}, self.fleet.sqlite("t2")])

    def run_id(self, *args, code=0):
        return self.run_json(*args, code=code).report["run"]["id"]

    def fail(self, revision):
        """A revision that fails in t2 alone, as long as it has a table `bad`."""
        self.fleet.revision(revision, f"CREATE TABLE x{revision} (id INT);\nCREATE TABLE bad (id INT);\nDROP TABLE bad;",
                            f"DROP TABLE x{revision};")

    def unfinished(self):
        return [run["id"] for run in json.loads(self.run_ok("runs", "-o", "json").out) if run["unfinished"]]

    def start_with_a_failure(self):
        self.run_id("upgrade")
        self.fail("bbbb2222")
        self.spoil("CREATE TABLE bad (id INT)")
        return self.run_id("upgrade", "--on-failure", "continue", code=1)

    def spoil(self, sql):
        self.fleet.sqlite("t2", sql + ";")

    def test_a_run_of_no_one_does_not_stand_in_front(self):
        failed = self.start_with_a_failure()
        self.run_id("upgrade", "--select", "tier=canri", "--allow-empty")
        self.run_ok("plan", code=0)
        self.assertEqual(self.unfinished(), [failed])
        self.spoil("DROP TABLE bad")
        result = self.run_ok("resume", "-o", "json")
        self.assertEqual(result.report["run"]["resumed_from"], failed)
        self.assertRegex(result.err, rf"resumes run {failed} \(upgrade head, failed, started \d{{4}}-[^)]*\)\n")
        self.assertEqual(self.unfinished(), [])
        self.assertEqual(self.run_json("resume").report["totals"]["unchanged"], 2)

    def test_other_unfinished_runs_are_named(self):
        first = self.start_with_a_failure()
        second = self.run_id("upgrade", "--tenant", "t2", code=1)
        self.assertEqual(self.unfinished(), [second, first])
        self.spoil("DROP TABLE bad")
        result = self.run_ok("resume", "-o", "json")
        self.assertEqual(result.report["run"]["resumed_from"], second)
        self.assertIn(f"; unfinished too: run {first} (upgrade head, failed", result.err)
        self.assertNotIn("unfinished", self.run_ok("resume", first, "-q").err)
        self.assertEqual(self.unfinished(), [])

    def test_a_run_that_changed_nothing_is_not_what_a_rollback_takes(self):
        changed = self.run_id("upgrade")
        self.run_id("upgrade")
        self.run_id("upgrade", "--select", "tier=canri", "--allow-empty")
        result = self.run_ok("rollback", "-o", "json")
        self.assertEqual(result.report["run"]["resumed_from"], changed)
        self.assertIn(f"rolls back run {changed} (upgrade head, succeeded", result.err)
        self.assertEqual((self.fleet.versions("t1"), self.fleet.versions("t2")), ([], []))
        self.run_ok("rollback", code=2)

    def test_a_failed_run_that_changed_some_is_rolled_back(self):
        failed = self.start_with_a_failure()
        result = self.run_ok("rollback", "-o", "json")
        self.assertEqual(result.report["run"]["resumed_from"], failed)
        self.assertEqual(self.unfinished(), [])
        self.assertEqual(self.fleet.versions("t1"), ["aaaa1111"])

    def test_what_another_run_brought_there_meanwhile_is_that_ones(self):
        """A failed tenant is mended by an upgrade of its own, then the run is resumed and rolled back: it stays where it is."""
        self.fleet.sqlite("t1", "CREATE TABLE bad (id INT)")
        self.fleet.revision("bbbb2222", "CREATE TABLE bad (id INT);", "DROP TABLE bad;")
        first = self.run_json("upgrade", "--on-failure", "continue", code=1).report
        others = [t["name"] for t in first["tenants"] if t["state"] == "succeeded"]
        self.assertEqual([t["name"] for t in first["tenants"] if t["state"] == "failed"], ["t1"])
        self.fleet.sqlite("t1", "DROP TABLE bad")
        self.run_ok("upgrade", "--tenant", "t1")
        resumed = self.run_json("resume", first["run"]["id"])
        self.assertEqual(resumed.tenant("t1")["state"], "unchanged")
        back = self.run_json("rollback", first["run"]["id"]).report
        self.assertEqual([t["name"] for t in back["tenants"]], others)
        self.assertEqual(self.fleet.versions("t1"), ["bbbb2222"])

    def test_where_there_is_nothing_to_go_on_with_that_is_said(self):
        self.run_ok("upgrade")
        newest = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
        self.assertIn(f"no run is unfinished, so there is nothing to resume; the newest is {newest} (", self.run_ok("resume").err)
        self.run_ok("rollback")
        back = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
        for command, words in (("resume", "resume"), ("rollback", "roll back")):
            self.assertIn(f"there is no run to {words}: the newest, {back}, rolled another run back, and is done",
                          self.run_ok(command, code=2).err)

    def test_a_mistyped_run_is_told_with_the_one_that_was_meant(self):
        run = self.run_json("upgrade").report["run"]["id"]
        for typed in (run[-6:], run[:-1] + "x", run[:8] + run[9:], "x" + run):
            for command in ("report", "resume", "rollback", "forget"):
                self.assertIn(f"no run '{typed}' in the ledger; did you mean '{run}'?", self.run_ok(command, typed, code=2).err)
            self.assertIn(f"did you mean '{run}'?", self.run_ok("plan", "--state", "failed@" + typed, code=2).err)
        self.assertNotIn("did you mean", self.run_ok("report", "1999", code=2).err)
        second = self.run_json("upgrade").report["run"]["id"]
        self.assertIn(f"several runs begin with '{run[:3]}': {second}, {run}\n", self.run_ok("report", run[:3], code=2).err)

    def test_the_table_tells_what_is_unfinished(self):
        self.start_with_a_failure()
        lines = self.run_ok("runs").out.splitlines()
        self.assertIn("failed, unfinished", lines[1])
        self.assertNotIn("unfinished", lines[2])


class Narrowed:
    """--tenant and --select leave tenants of the run out. t0 is the canary; t2 fails while it has a table `bad`."""
    names = ("t0", "t1", "t2", "t3")
    before, after = ["aaaa1111"], ["bbbb2222"]
    last_state = "commit"  # which each tenant's change passes once

    def setUp(self):
        super().setUp()
        self.tenants = {tenant["name"]: tenant for tenant in self.make_tenants()}
        self.tenants["t0"]["labels"] = ["tier=canary"]
        self.write_inventory()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;")
        self.run_ok("upgrade", "-q")
        self.fleet.revision("bbbb2222", "CREATE TABLE bad (id INT);\nDROP TABLE bad;\nCREATE TABLE b (id INT);",
                            "DROP TABLE b;")

    def make_databases(self, server):
        number = server.count = getattr(server, "count", 0) + 1
        self.databases = {name: f"{name}_{number}" for name in self.names}
        tenants = server.create(*self.databases.values())
        return [{**tenant, "name": name} for name, tenant in zip(self.names, tenants)]

    def write_inventory(self, names=names, **keys):
        self.fleet.inventory([self.tenants[name] for name in names], **keys)

    def run_id(self, *args, code=0):
        return self.run_json(*args, code=code).report["run"]["id"]

    def at(self, **at):
        """Where tenants stand; those that are not given stand before the second revision."""
        for name in self.names:
            self.assertEqual(self.versions(name), at.get(name, self.before), name)

    def states(self, report):
        return {tenant["name"]: tenant["state"] for tenant in report["tenants"]}

    def listed(self, run):
        return next(item for item in json.loads(self.run_ok("runs", "-o", "json").out) if item["id"] == run)

    def fail_all(self):
        """All fail in the second revision, and could go on."""
        for name in self.names:
            self.sql(name, "CREATE TABLE bad (id INT)")
        run = self.run_id("upgrade", "--on-failure", "continue", code=1)
        for name in self.names:
            self.sql(name, "DROP TABLE bad")
        self.at()
        return run

    # ---- resume

    def test_a_resume_of_some_leaves_the_others_to_a_later_one(self):
        first = self.fail_all()
        report = self.run_json("resume", first, "--tenant", "t1", "--tenant", "t3", code=1).report
        self.at(t1=self.after, t3=self.after)
        self.assertEqual(self.states(report), {"t0": "failed", "t1": "succeeded", "t2": "failed", "t3": "succeeded"})
        self.assertEqual(report["run"]["selected"]["tenant"], ["t1", "t3"])
        self.assertIn(", 2 of 4 tenants, --tenant t1 --tenant t3\n", self.run_ok("report").out)
        self.assertIn(", 2 of 4 tenants, --tenant t1 --tenant t3\n", self.run_ok("report", "--tenant", "t2").out)
        second = report["run"]["id"]
        self.assertTrue(self.listed(second)["unfinished"])
        self.assertFalse(self.listed(first)["unfinished"])
        self.run_json("resume", "--select", "tier=canary", code=1)
        self.at(t0=self.after, t1=self.after, t3=self.after)
        report = self.run_json("resume").report
        self.at(**dict.fromkeys(self.names, self.after))
        self.assertEqual(self.states(report)["t2"], "succeeded")
        self.assertFalse(any(run["unfinished"] for run in json.loads(self.run_ok("runs", "-o", "json").out)))
        # All that they changed goes back together.
        self.assertEqual(self.run_json("rollback", first).report["totals"]["rolled_back"], 4)
        self.at()

    def test_a_resume_of_some_that_were_never_begun_ends_well(self):
        self.write_inventory(rollout={"waves": [{"name": "canary", "select": "tier=canary"}, {"name": "all"}]})
        first = self.run_id("upgrade", "--wave", "canary")
        self.at(t0=self.after)
        self.assertEqual(self.run_json("resume", "--tenant", "t2", "--dry-run").report["run"]["dry_run"], True)
        self.at(t0=self.after)
        report = self.run_json("resume", "--tenant", "t2").report
        self.assertEqual(report["run"]["resumed_from"], first)
        self.assertEqual(self.states(report), {"t0": "skipped", "t1": "skipped", "t2": "succeeded", "t3": "skipped"})
        self.at(t0=self.after, t2=self.after)
        self.run_ok("resume")
        self.at(**dict.fromkeys(self.names, self.after))

    def test_a_failure_in_some_rolls_no_other_back(self):
        self.sql("t2", "CREATE TABLE bad (id INT)")
        run = self.run_id("upgrade", "--on-failure", "continue", code=1)
        result = self.run_ok("resume", "--tenant", "t2", "--on-failure", "rollback", code=2)
        self.assertIn(f"a failure would roll back tenants of run {run} that are not selected", result.err)
        self.run_ok("resume", "--tenant", "t2", "--on-failure", "stop", code=1)
        self.at(t0=self.after, t1=self.after, t3=self.after)

    # ---- rollback

    def test_a_rollback_of_some_leaves_the_others_to_a_later_one(self):
        run = self.run_id("upgrade")
        shown = self.run_json("rollback", run, "--tenant", "t1", "--dry-run").report
        self.assertEqual(self.states(shown), {"t1": "succeeded"})
        self.at(**dict.fromkeys(self.names, self.after))
        result = self.run_json("rollback", run, "--tenant", "t1")
        self.assertIn(f"3 other tenants that run {run} changed stay as they are: 'skein rollback {run}'", result.err)
        self.assertEqual(self.states(result.report), {"t1": "rolled_back"})
        self.at(t0=self.after, t2=self.after, t3=self.after)
        listed = self.listed(run)
        self.assertEqual((listed["state"], listed["unfinished"], listed["rolled_back_part"]),
                         ("succeeded", True, {"tenants": 1, "of": 4}))
        self.assertRegex(self.run_ok("runs").out, "succeeded, unfinished .* rolled back: 1 of 4; 4 succeeded\n")
        # Twice is a mistake; a second part is not.
        self.assertIn("left nothing in tenant 't1' to roll back",
                      self.run_ok("rollback", run, "--tenant", "t1", code=2).err)
        self.run_json("rollback", "--select", "tier=canary")
        self.at(t2=self.after, t3=self.after)
        self.assertEqual(self.listed(run)["rolled_back_part"], {"tenants": 2, "of": 4})
        result = self.run_json("rollback", run)
        self.assertEqual(self.states(result.report), {"t2": "rolled_back", "t3": "rolled_back"})
        self.at()
        listed = self.listed(run)
        self.assertEqual((listed["state"], listed["unfinished"], listed["rolled_back_part"]),
                         ("rolled_back", False, None))
        self.assertIn("there is nothing left of it", self.run_ok("rollback", run, code=2).err)

    def test_a_run_of_which_a_part_was_rolled_back_does_not_go_forward(self):
        self.sql("t2", "CREATE TABLE bad (id INT)")
        run = self.run_id("upgrade", "--on-failure", "continue", code=1)
        self.sql("t2", "DROP TABLE bad")
        back = self.run_id("rollback", run, "--tenant", "t1")
        for args in (["resume", run], ["resume", run, "--tenant", "t2"]):
            result = self.run_ok(*args, code=2)
            self.assertIn(f"run {run} was rolled back in part (run {back})", result.err)
        self.run_ok("resume", code=2)
        self.at(t0=self.after, t3=self.after)
        # A new run goes forward, and is none of what the rest of the rollback is about.
        self.run_ok("upgrade")
        report = self.run_json("rollback", run).report
        self.assertEqual(self.states(report), {"t0": "rolled_back", "t3": "rolled_back"})
        self.at(t1=self.after, t2=self.after)
        self.assertEqual(self.listed(run)["state"], "rolled_back")

    def test_an_older_run_is_resumed_where_the_newest_went_back_in_part(self):
        first = self.fail_all()
        second = self.run_id("upgrade", "--tenant", "t0", "--tenant", "t1")
        self.run_id("rollback", second, "--tenant", "t0")
        result = self.run_json("resume", "--tenant", "t3", code=1)
        self.assertEqual(result.report["run"]["resumed_from"], first)
        self.assertIn(f"unfinished too: run {second}", result.err)
        self.at(t1=self.after, t3=self.after)

    def test_a_rollback_of_some_that_failed_goes_on_with_those_alone(self):
        run = self.run_id("upgrade")
        self.sql("t1", "DROP TABLE b")
        back = self.run_id("rollback", run, "--tenant", "t1", "--tenant", "t3", code=4)
        self.at(t0=self.after, t1=self.after, t2=self.after)
        again = self.run_id("resume", code=4)  # its run has no selection of its own
        self.sql("t1", "CREATE TABLE b (id INT)")
        for goes_on in (["resume"], ["resume", run]):
            with self.subTest(goes_on):
                report = self.run_json("resume", "--dry-run").report
                self.assertEqual(self.states(report), {"t1": "succeeded"})
        report = self.run_json("resume").report
        self.assertEqual(self.states(report), {"t1": "rolled_back"})
        self.at(t0=self.after, t2=self.after)
        self.assertEqual([self.listed(id)["state"] for id in (run, back, again)],
                         ["succeeded", "rolled_back", "rolled_back"])
        self.assertEqual(self.listed(run)["rolled_back_part"], {"tenants": 2, "of": 4})
        self.assertEqual(self.run_json("rollback", run).report["totals"]["rolled_back"], 2)
        self.at()
        self.assertFalse(any(run["unfinished"] for run in json.loads(self.run_ok("runs", "-o", "json").out)))

    def test_some_of_a_rollback_that_is_not_done(self):
        """The run's whole rollback failed for two: `resume --tenant` goes on with one of them."""
        run = self.run_id("upgrade")
        for name in ("t1", "t2"):
            self.sql(name, "DROP TABLE b")
        self.run_id("rollback", run, code=4)
        for name in ("t1", "t2"):
            self.sql(name, "CREATE TABLE b (id INT)")
        self.assertEqual(self.states(self.run_json("resume", run, "--tenant", "t1").report), {"t1": "rolled_back"})
        self.at(t2=self.after)
        self.assertEqual(self.states(self.run_json("resume", run).report), {"t2": "rolled_back"})
        self.at()
        self.assertEqual(self.listed(run)["state"], "rolled_back")

    def test_some_of_what_a_run_and_its_resumes_changed(self):
        self.sql("t2", "CREATE TABLE bad (id INT)")
        first = self.run_id("upgrade", "--on-failure", "continue", code=1)
        self.sql("t2", "DROP TABLE bad")
        second = self.run_id("resume", "--tenant", "t2")
        report = self.run_json("rollback", first, "--tenant", "t0", "--tenant", "t2").report
        self.assertEqual(report["run"]["resumed_from"], second)
        self.at(t1=self.after, t3=self.after)
        self.assertIn("rolled back in part", self.run_ok("resume", first, code=2).err)
        self.assertEqual(self.run_json("rollback", first).report["totals"]["rolled_back"], 2)
        self.at()
        self.assertEqual([self.listed(id)["state"] for id in (first, second)], ["rolled_back", "rolled_back"])

    def test_who_is_in_doubt_is_not_forgotten_by_a_rollback_of_others(self):
        self.write_inventory(rollout={"parallel": 1})
        self.run_ok("upgrade", code=-9, env={"SKEIN_FAILPOINT": "commit:2=kill"})
        run = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
        self.assertEqual(self.states(self.run_json("rollback", run, "--tenant", "t0").report), {"t0": "rolled_back"})
        self.assertEqual((self.listed(run)["state"], self.listed(run)["unfinished"]), ("interrupted", True))
        self.assertIn("rolled back in part", self.run_ok("resume", run, code=2).err)
        self.assertEqual(self.states(self.run_json("rollback", run).report), {"t1": "rolled_back"})
        self.at()
        self.assertEqual(self.listed(run)["state"], "rolled_back")

    def test_who_was_in_doubt_and_went_back_is_left_to_what_came_later(self):
        self.write_inventory(rollout={"parallel": 1})
        self.run_ok("upgrade", code=-9, env={"SKEIN_FAILPOINT": "commit:2=kill"})
        run = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
        self.run_ok("rollback", run, "--tenant", "t1")
        self.run_ok("upgrade", "--tenant", "t1")
        self.assertEqual(self.states(self.run_json("rollback", run).report), {"t0": "rolled_back"})
        self.at(t1=self.after)

    def test_a_rollback_of_some_that_was_killed_goes_on_with_those_alone(self):
        self.write_inventory(rollout={"parallel": 1})
        run = self.run_id("upgrade")
        self.run_ok("rollback", run, "--tenant", "t1", "--tenant", "t2", code=-9,
                    env={"SKEIN_FAILPOINT": f"{self.last_state}:2=kill"})
        report = self.run_json("resume", run).report
        self.assertEqual(report["run"]["command"], "rollback")
        self.assertLessEqual(set(self.states(report)), {"t1", "t2"})
        self.at(t0=self.after, t3=self.after)
        self.assertEqual(self.listed(run)["rolled_back_part"]["of"], 4)

    def test_a_rollback_that_failed_is_done_once_another_has_done_it(self):
        run = self.run_id("upgrade")
        self.sql("t1", "DROP TABLE b")
        back = self.run_id("rollback", run, "--tenant", "t1", code=4)
        self.sql("t1", "CREATE TABLE b (id INT)")
        self.run_ok("rollback", run)
        self.at()
        self.assertEqual([self.listed(id)["state"] for id in (run, back)], ["rolled_back", "rolled_back"])
        self.assertFalse(self.listed(back)["unfinished"])

    def test_some_of_a_rollback_that_a_policy_began(self):
        """The whole of it ends with 3, as the run would have; a part leaves others where they are, and does not."""
        self.sql("t3", "CREATE TABLE bad (id INT)")
        self.write_inventory(rollout={"parallel": 1, "on_failure": "rollback"})
        self.run_ok("upgrade", code=-9, env={"SKEIN_FAILPOINT": "commit:4=kill"})
        run = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
        left = [name for name in self.names if self.versions(name) == self.after]
        self.assertGreaterEqual(len(left), 2)
        self.assertEqual(self.states(self.run_json("resume", run, "--tenant", left[0]).report), {left[0]: "rolled_back"})
        self.at(**dict.fromkeys(left[1:], self.after))
        self.run_ok("resume", run, code=3)
        self.at()

    # ---- mistakes

    def test_a_typo_is_exit_2_and_does_nothing(self):
        run = self.run_id("upgrade", "--tenant", "t0", "--tenant", "t1")
        for command in ("resume", "rollback"):
            for args, why in ((["--tenant", "t11"], "there is no tenant 't11'; did you mean 't1'?"),
                              (["--tenant", "t1", "--tenant", "t3"], f"run {run} .*'t3'"),
                              (["--select", "tier=canry"], "no tenant has the label 'tier' with the value 'canry'"),
                              (["--select", "tier!=canry"], "no tenant has the label"),
                              (["--select", "name in (t2,t3)"], "selected"),
                              (["--select", "tier=canary", "--tenant", "t1"], "together"),
                              (["--select", ""], "--select")):
                with self.subTest(command, args=args):
                    result = self.run_ok(command, run, *args, code=2)
                    self.assertRegex(result.err, why)
                    self.assertNotIn("--allow-empty", result.err)
        self.at(t0=self.after, t1=self.after)
        self.assertEqual(self.listed(run)["rolled_back_by"], None)


class NarrowedOnSqlite(Narrowed, FleetCase):
    def make_tenants(self):
        return [self.fleet.sqlite(name) for name in self.names]

    def versions(self, name):
        return self.fleet.versions(name)

    def sql(self, name, text):
        self.fleet.sqlite(name, text + ";")

    def test_no_secret_of_those_that_are_left_out_is_needed(self):
        first = self.fail_all()
        self.tenants["t3"] = {"name": "t3", "url": "sqlite:///${T3_PATH}"}
        self.write_inventory()
        self.run_ok("resume", first, "--tenant", "t1", code=1)
        self.at(t1=self.after)

    def test_the_soak_of_a_canary_that_is_left_out_is_not_forgotten(self):
        self.write_inventory(rollout={"waves": [{"name": "canary", "select": "tier=canary", "soak": "5m"}, {"name": "all"}]})
        self.run_id("upgrade", "--wave", "canary")
        self.run_ok("resume", "--dry-run", timeout=60)  # who only looks waits for nothing
        for args in (["--tenant", "t2"], []):
            process = self.fleet.start("resume", *args, "--progress", "json")
            line = next(line for line in process.stderr
                        if b"wait_started" in line or (b"tenant_finished" in line and b'"t0"' not in line))
            process.send_signal(signal.SIGINT)
            process.communicate()
            self.assertIn(b"wait_started", line)
            self.at(t0=self.after)


class NarrowedOnPostgres(Narrowed, PostgresCase):
    make_tenants = lambda self: self.make_databases(self.pg)

    def versions(self, name):
        return self.pg.versions(self.databases[name])

    def sql(self, name, text):
        self.pg.sql(self.databases[name], text)


class NarrowedOnMariaDB(Narrowed, MariaDBCase):
    make_tenants = lambda self: self.make_databases(self.maria)
    last_state = "steps"
    # They are killed at the second tenant's commit, and here each statement has one.
    test_who_is_in_doubt_is_not_forgotten_by_a_rollback_of_others = None
    test_who_was_in_doubt_and_went_back_is_left_to_what_came_later = None
    test_some_of_a_rollback_that_a_policy_began = None

    def versions(self, name):
        return self.maria.versions(self.databases[name])

    def sql(self, name, text):
        self.maria.sql(self.databases[name], text)


if __name__ == "__main__":
    main()
