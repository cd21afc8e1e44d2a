#!/usr/bin/env python3
"""Long chains: one transaction that takes several batches."""
import os
import time

from harness import FleetCase, PostgresCase, main, press, wait_until

REVISIONS = 600  # a batch has 256 actions


def id_of(number):
    return f"{number:08x}"


class Long:
    """The cases; `history(tenant)` and `rows(tenant)` ask the database."""

    def make(self, tenants, special=None):
        for i in range(1, REVISIONS + 1):
            self.fleet.revision(id_of(i), (special or {}).get(i, f"INSERT INTO fx VALUES ({i});"), "")
        self.fleet.inventory(tenants)

    def test_one_transaction_of_several_batches(self):
        tenant = self.tenant()
        self.make([tenant])
        report = self.run_json("upgrade").report["tenants"][0]
        self.assertEqual(report["to"], [id_of(REVISIONS)])
        self.assertEqual([step["revision"] for step in report["steps"]],
                         [id_of(i) for i in range(1, REVISIONS + 1)])
        history = self.history(tenant)
        self.assertEqual([(int(i), revision) for i, revision, _ in history],
                         [(i, id_of(i)) for i in range(1, REVISIONS + 1)])
        # the same measure in both: what each script took, in whichever batch
        for (_, _, ms), step in zip(history, report["steps"]):
            self.assertAlmostEqual(float(ms), step["duration_ms"], delta=0.01)
        self.assertEqual(self.rows(tenant), REVISIONS)
        self.assertEqual(self.run_json("upgrade").report["totals"]["unchanged"], 1)

    def test_a_failure_in_a_later_batch_takes_all_of_it_back(self):
        tenant = self.tenant()
        self.make([tenant], {300: "INSERT INTO nosuch VALUES (1);"})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual(report["errors"][0]["revision"], id_of(300))
        self.assertEqual(report["tenants"][0]["state"], "failed")
        self.assertEqual(report["tenants"][0]["steps"], [])
        self.assertEqual(self.rows(tenant), 0)

    def test_a_cancel_in_a_later_batch_takes_all_of_it_back(self):
        tenant = self.tenant()
        self.make([tenant], {400: self.slow})
        process = self.fleet.start("upgrade")
        wait_until(lambda: self.is_slow(tenant))
        press(process)  # the first only begins nothing more
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.rows(tenant), 0)


    def make_outside(self, tenants, special=None):
        """One revision of as many statements outside a transaction, with a mark after each."""
        lines = [(special or {}).get(i, f"INSERT INTO fx VALUES ({i});") for i in range(1, REVISIONS + 1)]
        self.fleet.revision(id_of(1), "\n".join(lines), "", options=" transaction:false")
        self.fleet.inventory(tenants)

    def test_statements_outside_a_transaction_in_several_batches(self):
        tenant = self.tenant()
        self.make_outside([tenant], {500: "INSERT INTO nosuch VALUES (1);"})
        report = self.run_json("upgrade", code=4).report
        self.assertEqual(report["tenants"][0]["state"], "partial")
        self.assertEqual(report["errors"][0]["line"], self.fleet.read(f"versions/{id_of(1)}.sql").decode().split("\n").index(
            "INSERT INTO nosuch VALUES (1);") + 1)
        self.assertEqual(self.rows(tenant), 499)
        self.run_ok("resolve", tenant["name"], "--statements", "500")
        self.assertEqual(self.run_json("resume").report["tenants"][0]["state"], "succeeded")
        self.assertEqual(self.rows(tenant), REVISIONS - 1)  # each once
        self.assertEqual([(int(i), revision) for i, revision, _ in self.history(tenant)], [(1, id_of(1))])

    def test_a_cancel_in_a_later_batch_outside_leaves_what_is_marked(self):
        tenant = self.tenant()
        self.make_outside([tenant], {400: self.slow})
        process = self.fleet.start("upgrade")
        wait_until(lambda: self.rows(tenant) == 399)
        time.sleep(0.3)  # the mark, and then the slow one
        press(process)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 4)
        self.assertEqual(self.rows(tenant), 399)
        self.assertEqual(self.run_json("check", code=1).report["tenants"][0]["half_done"]["statements"], 399)


class OnSqlite(Long, FleetCase):
    slow = "INSERT INTO fx WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 40000000) " \
           "SELECT max(x) FROM c;"

    def tenant(self):
        return self.fleet.sqlite("t", "CREATE TABLE fx (n int);")

    def history(self, tenant):
        return self.fleet.query("t", "SELECT id, revision, duration_ms FROM skein_history ORDER BY id")

    def rows(self, tenant):
        return self.fleet.query("t", "SELECT count(*) FROM fx")[0][0]

    def is_slow(self, tenant):
        return os.path.exists(self.fleet.path("data", "t.db-journal"))


class OnPostgres(Long, PostgresCase):
    slow = "SELECT pg_sleep(600);"
    last = 0

    def tenant(self):
        OnPostgres.last += 1
        name = f"long{OnPostgres.last}"
        tenant = self.pg.create(name)[0]
        self.pg.sql(name, "CREATE TABLE fx (n int)")
        return tenant

    def history(self, tenant):
        return self.pg.sql(tenant["name"], "SELECT id, revision, duration_ms FROM skein_history ORDER BY id")

    def rows(self, tenant):
        return int(self.pg.sql(tenant["name"], "SELECT count(*) FROM fx")[0][0])

    def is_slow(self, tenant):
        return self.pg.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == [["1"]]


if __name__ == "__main__":
    main()
