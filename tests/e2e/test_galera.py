#!/usr/bin/env python3
"""Galera: each node has locks of its own, so what keeps two runs apart is the number of a history row. Effects are
counted by rows without keys."""
import json
import os

from galera import make_cluster
from harness import FleetCase, main, wait_until

FX = "CREATE TABLE fx (n INT) ENGINE=InnoDB"


class OnGalera(FleetCase):
    made = 0

    @classmethod
    def setUpClass(cls):
        cls.nodes = make_cluster()
        for node in cls.nodes:
            cls.addClassCleanup(node.close)

    def setUp(self):
        super().setUp()
        OnGalera.made += 1
        self.db = f"g{OnGalera.made}"
        self.nodes[0].sql("", f"CREATE DATABASE {self.db}; USE {self.db}; {FX}")

    def inventory(self, node, name="skein.yaml", ledger=".skein/ledger.db", tenants=None, **defaults):
        tenants = tenants or [self.db]
        self.fleet.inventory([{"name": t, "url": node.url(t)} for t in tenants], ledger=ledger,
                             defaults={"retries": 10, "lock_timeout": "20s", **defaults}, rollout={"parallel": 8})
        if name != "skein.yaml":
            os.rename(self.fleet.path("skein.yaml"), self.fleet.path(name))

    def both(self, **options):
        """The same tenants through either node, with a ledger each."""
        self.inventory(self.nodes[1], "two.yaml", ".two/ledger.db", **options)
        self.inventory(self.nodes[0], **options)
        return "skein.yaml", "two.yaml"

    def sql(self, text, node=0, db=None):
        return self.nodes[node].sql(db or self.db, "SET SESSION wsrep_sync_wait = 15;" + text)

    def test_it_is_told(self):
        self.inventory(self.nodes[0])
        self.fleet.revision("aaaa1111", "INSERT INTO fx VALUES (1);")
        result = self.run_json("upgrade")
        self.assertIn("Galera", result.report["notices"][0]["message"])
        self.assertIn("Galera", self.run_ok("report", "-v").out)
        self.assertEqual(self.sql("SELECT n FROM fx", node=1), [["1"]])

    def test_two_runs_through_two_nodes_never_work_on_one_tenant(self):
        tenants = [f"{self.db}_{i}" for i in range(6)]
        for tenant in tenants:
            self.nodes[0].sql("", f"CREATE DATABASE {tenant}; USE {tenant}; {FX}")
        for i in range(1, 4):
            self.fleet.revision(f"aaaa000{i}", f"CREATE TABLE t{i} (i INT);\nINSERT INTO fx VALUES ({i}0);\n"
                                f"ALTER TABLE t{i} ADD COLUMN j INT;\nINSERT INTO fx VALUES ({i}1);", "")
            self.fleet.revision(f"bbbb000{i}", f"INSERT INTO fx VALUES ({i}2);\nINSERT INTO fx VALUES ({i}3);", "")
        runs = [self.fleet.start("upgrade", "-o", "json", inventory=name) for name in self.both(tenants=tenants)]
        for run in runs:
            out, err = run.communicate(timeout=120)
            self.assertEqual(run.returncode, 0, (out, err))
        for tenant in tenants:
            for node in (0, 1):
                self.assertEqual(self.sql("SELECT n FROM fx ORDER BY n", node, tenant),
                                 [[f"{i}{k}"] for i in range(1, 4) for k in range(4)])
            rows = self.sql("SELECT revision, state FROM skein_history", 0, tenant)
            self.assertEqual([row[1] for row in rows], ["applied"] * 6)

    def hold(self, sleep=3):
        """A run through the first node is in the middle of a revision."""
        self.fleet.revision("aaaa1111", f"CREATE TABLE t (i INT);\nINSERT INTO fx SELECT SLEEP({sleep});\nINSERT INTO fx VALUES (2);")
        process = self.fleet.start("upgrade", "-o", "json")
        wait_until(lambda: self.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'INSERT INTO fx SELECT SL%'"),
                   what="the revision")
        return process

    def test_what_another_run_has_under_way_is_not_taken_over(self):
        one, two = self.both(retries=0)
        process = self.hold(2)
        result = self.run_json("upgrade", inventory=two)
        self.assertEqual(result.tenant(self.db)["state"], "unchanged")
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.sql("SELECT n FROM fx ORDER BY n"), [["0"], ["2"]])

    def test_a_run_that_died_is_gone_on_with_by_its_own_ledger(self):
        one, two = self.both(retries=0, lock_timeout="300ms")
        process = self.hold(1)
        process.kill()
        process.communicate()
        wait_until(lambda: not self.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'INSERT INTO fx SEL%'"))
        error = self.run_json("upgrade", inventory=two, code=4).tenant(self.db)["error"]
        self.assertEqual(error["class"], "lock")
        self.assertIn("skein resume", error["message"])
        self.inventory(self.nodes[1])  # its node is gone, and the other takes its place
        self.assertEqual(self.run_json("resume").tenant(self.db)["state"], "succeeded")
        self.assertEqual(self.sql("SELECT n FROM fx ORDER BY n"), [["0"], ["2"]])

    def test_a_run_whose_row_another_has_taken_over_does_no_more(self):
        self.inventory(self.nodes[0], retries=0, lock_timeout="300ms")
        process = self.hold(2)
        self.sql("UPDATE skein_history SET run_id = 'another'", node=1)
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 4, (out, err))
        tenant = json.loads(out)["tenants"][0]
        self.assertEqual((tenant["state"], tenant["error"]["class"]), ("partial", "lock"), tenant)
        self.assertIn("another run", tenant["error"]["message"])
        self.assertEqual(self.sql("SELECT n FROM fx"), [])
        self.assertEqual(self.sql("SELECT run_id, state FROM skein_history"), [["another", "running"]])

    def test_a_certification_that_fails_is_retried(self):
        """Others change the row that the revision changes, on the other node, and commit first."""
        self.sql("CREATE TABLE busy (id INT PRIMARY KEY, n INT); INSERT INTO busy VALUES (1, 0)")
        self.inventory(self.nodes[0])
        self.fleet.revision("aaaa1111", "UPDATE busy SET n = n + 1;\nINSERT INTO fx SELECT SLEEP(1);\nINSERT INTO fx VALUES (2);")
        process = self.fleet.start("upgrade", "-o", "json")
        wait_until(lambda: self.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'INSERT INTO fx SEL%'"))
        self.sql("UPDATE busy SET n = n + 10", node=1)
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, (out, err))
        self.assertIn(b'"attempts": 2', out)
        self.assertEqual(self.sql("SELECT n FROM busy"), [["11"]])
        self.assertEqual(self.sql("SELECT n FROM fx ORDER BY n"), [["0"], ["2"]])

    def test_a_node_that_is_not_ready_is_waited_for(self):
        self.inventory(self.nodes[0])
        self.fleet.revision("aaaa1111", "INSERT INTO fx VALUES (1);")
        self.nodes[0].sql("", "SET GLOBAL wsrep_reject_queries = ALL")
        try:
            with open(self.fleet.path("log"), "wb") as log:
                process = self.fleet.start("upgrade", "-o", "json", "--progress", "plain", stderr=log)
            wait_until(lambda: b"1047" in self.fleet.read("log"), what="a refusal")
        finally:
            self.nodes[0].sql("", "SET GLOBAL wsrep_reject_queries = NONE")
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, self.fleet.read("log"))
        self.assertEqual(self.sql("SELECT n FROM fx"), [["1"]])


if __name__ == "__main__":
    main()
