#!/usr/bin/env python3
"""What users of several machines come to: machines that leave in a hurry, ledgers that are emptied under a run, logins with limits."""
import json
import signal
import unittest

from harness import Postgres, main, press
from test_machines import MachinesCase


class Leaving(MachinesCase):
    def leave_in_a_hurry(self, held):
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for(held, "a statement of the second machine")
        press(second, times=2, number=signal.SIGTERM)
        out, err = self.end(second, 143)
        self.assertIn("cancelling what is in flight, and giving it back to the other machines", err)
        self.assertNotIn("failed", err)
        out, err = self.end(first)
        self.assertNotIn("nothing more is begun", err)
        self.assertNotIn("failed", out)
        self.assertEqual(self.totals()["succeeded"], len(self.slow + self.fast))
        self.assertIsNone(self.run_ok("report", "-o", "json").report["run"]["halted_by"])

    HELD = ("SELECT count(*) FROM claims JOIN machines ON machines.id = machine JOIN claim_queues AS q ON q.run = claims.run AND q.n = queue"
            " JOIN run_tenants AS t ON t.run = claims.run AND t.n = claims.n"
            " WHERE claims.state = 1 AND machines.name = 'two' AND NOT is_unlimited AND is_running")

    def test_what_a_machine_cancels_to_leave_at_once_is_no_failure_of_the_run(self):
        self.make_fleet(slow=5, fast=2, seconds=2, rollout={"max_failures": 0})
        self.leave_in_a_hurry(self.HELD)
        self.check_effects()

    def test_so_is_a_statement_outside_a_transaction_which_another_machine_runs(self):
        self.make_fleet(slow=5, fast=0, seconds=0, rollout={"max_failures": 0})
        self.run_ok("upgrade")
        self.fleet.revision("cccc3333", "-- migrate:up transaction:false\nINSERT INTO log VALUES ('before');\nSELECT pg_sleep(2);\nINSERT INTO log VALUES ('after');\n")
        self.leave_in_a_hurry(f"{self.HELD} AND claims.run = 2")
        self.check_effects(rows=3)


class Gone(MachinesCase):
    """What was in the ledger is gone while machines work."""

    def begin_two(self):
        self.make_fleet(slow=6, fast=0, seconds=1)
        machines = [self.begin("--as", "one"), self.machine("work", "--as", "two")]
        self.wait_for("SELECT count(*) = 2 FROM machines", "both machines")
        return machines

    def check_end(self, machines, words):
        for process in machines:
            _, err = self.end(process, 6)
            self.assertIn(words, err)
        self.run_ok("upgrade")
        self.check_effects()

    def test_an_empty_database_in_its_place_is_not_waited_for(self):
        machines = self.begin_two()
        for process in machines:
            process.send_signal(signal.SIGSTOP)
        self.pg.sql("postgres", f'DROP DATABASE "{self.database}" WITH (FORCE)')
        self.pg.create(self.database)
        for process in machines:
            process.send_signal(signal.SIGCONT)
        self.check_end(machines, "the run is gone from it")

    def test_a_dropped_table_is_told(self):
        machines = self.begin_two()
        self.ledger("DROP SCHEMA skein_ledger CASCADE")
        self.check_end(machines, "someone has dropped a table of the ledger")

    def test_what_is_waited_for_is_told_and_that_it_is_back(self):
        machines = self.begin_two()
        self.pg.sql("postgres", f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS false; "
                                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.database}'")
        for process in machines:
            self.wait_for_words(process, b"waiting for the ledger to come back, for up to 10 s: ledger 'postgresql://")
        self.pg.sql("postgres", f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS true")
        for process in machines:
            self.wait_for_words(process, b"the ledger is back")
            self.end(process)
        self.check_effects()


class NotReached(MachinesCase):
    """Tenants whose machine never comes fail the wave, and it is told that this is why nothing more is begun."""

    def play(self, state, code, **rollout):
        self.make_fleet(slow=0, fast=4, rollout={"waves": [{"name": "far", "select": "name in (f2,f3)"}, {"name": "near"}], **rollout})
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        for tenant in inventory["tenants"][2:]:
            tenant["labels"] = ["reachable_from=elsewhere"]
        self.fleet.write("skein.yaml", json.dumps(inventory))
        _, err = self.end(self.machine("upgrade", "--as", "here"), code)
        self.assertIn("nothing more is begun: too many failures: 2, and 0 are tolerated", err)
        run = self.run_ok("report", "-o", "json").report["run"]
        self.assertEqual(run["state"], state)
        self.assertEqual(run["halted_by"], {"kind": "threshold", "reason": "too many failures: 2, and 0 are tolerated", "wave": "far", "failed": 2, "max_failures": 0})
        self.assertIn("too many failures: 2, and 0 are tolerated", self.run_ok("report").out)

    def test_a_run_that_stops_there_says_why(self):
        self.play("halted", 1)
        self.assertEqual(self.totals()["skipped"], 4)

    def test_one_that_goes_back_says_why(self):
        self.play("rolled_back", 3, on_failure="rollback", waves=[{"name": "near", "select": "name in (f0,f1)"}, {"name": "far"}])
        self.assertEqual((self.totals()["rolled_back"], self.totals()["skipped"]), (2, 2))


if __name__ == "__main__":
    main()
