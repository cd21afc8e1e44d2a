#!/usr/bin/env python3
"""Which run is resumed or rolled back where none is named."""
import json

from harness import FleetCase, main


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

    def test_the_table_tells_what_is_unfinished(self):
        self.start_with_a_failure()
        lines = self.run_ok("runs").out.splitlines()
        self.assertIn("failed, unfinished", lines[1])
        self.assertNotIn("unfinished", lines[2])


if __name__ == "__main__":
    main()
