#!/usr/bin/env python3
"""What users of several machines come to: machines that leave in a hurry, ledgers that are emptied under a run, logins with limits."""
import json
import os
import signal
import unittest

from harness import Fleet, main, press
from test_machines import MachinesCase


class Leaving(MachinesCase):
    def leave_in_a_hurry(self, held):
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two", "--wait", "60s")  # an earlier run is no sign of this one
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
        self.make_fleet(slow=5, fast=2, seconds=4, rollout={"max_failures": 0})
        self.leave_in_a_hurry(self.HELD)
        self.check_effects()

    def test_so_is_a_statement_outside_a_transaction_which_another_machine_runs(self):
        self.make_fleet(slow=5, fast=0, seconds=0, rollout={"max_failures": 0})
        self.run_ok("upgrade")
        self.fleet.revision("cccc3333", "-- migrate:up transaction:false\nINSERT INTO log VALUES ('before');\nSELECT pg_sleep(4);\nINSERT INTO log VALUES ('after');\n")
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


class Others(MachinesCase):
    """One ledger, and runs of several fleets in it."""

    def make_other(self):
        other = Fleet()
        self.addCleanup(other.close)
        other.revision("dddd4444", "CREATE TABLE other (x INTEGER);")
        other.revision("eeee5555", "INSERT INTO other VALUES (1);")
        wait = ["sh", "-c", f"until [ -e {other.path('go')} ]; do sleep 0.1; done"]  # its run is there until it was told of
        other.inventory([other.sqlite("t0")], ledger=self.pg.url(self.database), rollout={"gates": {"before_run": wait}})
        return other

    def play(self, other, words):
        forever = self.machine("work", "--forever", "--as", "forever")
        self.wait_for_words(forever, b"waiting for a run to join")
        process = other.start("upgrade")
        self.wait_for_words(forever, words)
        other.write("go", "")
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0)
        first = self.machine("upgrade", "--as", "one", "--wait", "30s")
        self.wait_for("SELECT count(*) FROM machines WHERE name = 'forever' AND run = 2", "the run of its own fleet is joined")
        self.end(first)
        self.wait_for_words(forever, b"waiting for a run to join")
        forever.terminate()
        self.assertIn(self.end(forever, code=None) and forever.returncode, (143, -signal.SIGTERM))
        self.assertEqual(self.number("SELECT count(*) FROM machines WHERE run = 1 AND name = 'forever'"), 0)

    def test_a_machine_that_works_for_ever_leaves_out_runs_of_another_chain(self):
        self.make_fleet(slow=3, fast=1, seconds=1)
        self.play(self.make_other(), b"waiting for a run that this machine can join: the chain here is not that of run")
        self.check_effects()

    def test_and_those_of_another_inventory(self):
        self.make_fleet(slow=3, fast=1, seconds=1)
        other = self.make_other()
        for name in os.listdir(self.fleet.path("versions")):
            other.write(f"versions/{name}", self.fleet.read(f"versions/{name}"))
        for name in ("dddd4444", "eeee5555"):
            os.remove(other.path("versions", f"{name}.sql"))
        other.revision("cccc3333", "INSERT INTO log VALUES ('c');", revises="bbbb2222")
        self.fleet.write("versions/cccc3333.sql", other.read("versions/cccc3333.sql"))
        self.play(other, b"waiting for a run that this machine can join: tenant 't0' of run")


class Untold(MachinesCase):
    def test_steps_that_no_machine_has_told_are_not_called_none(self):
        self.make_fleet(slow=0, fast=2)
        self.run_ok("upgrade")
        self.ledger("DELETE FROM steps")  # as where a machine died between a tenant's commit and its own beat
        for form in ("text", "markdown"):
            out = self.run_ok("report", "-o", form).out
            self.assertIn("steps not on record", out)
            self.assertNotIn("0 revisions", out)


class Forgetting(MachinesCase):
    def test_a_run_that_a_machine_has_not_heard_the_end_of_is_kept(self):
        self.make_fleet(slow=0, fast=4, waits=True)
        first = self.begin("--as", "one", env={"SKEIN_LEASE_MS": "20000"})
        self.wait_for("SELECT gate = 1 FROM courses", "the gate is asked")
        first.send_signal(signal.SIGSTOP)
        self.ledger("UPDATE courses SET gate = 2")  # as if it had been answered
        self.end(self.machine("work", "--as", "two"))
        self.assertEqual(self.run_ok("runs", "-o", "json").report[0]["state"], "succeeded")
        self.assertEqual(self.run_ok("forget", "--keep", "0").out, "0 runs forgotten\n")
        first.send_signal(signal.SIGCONT)
        self.fleet.write("go", "")
        self.end(first)
        self.check_effects()
        self.assertEqual(self.run_ok("forget", "--keep", "0").out, "1 run forgotten\n")


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


class Clocks(MachinesCase):
    def test_the_time_of_a_run_is_taken_by_the_clock_of_the_ledger(self):
        """The clock of who began the run is an hour late beside that of who ends it."""
        self.make_fleet(slow=3, fast=2, seconds=0.7)
        first = self.begin("--as", "one")
        self.wait_for("SELECT count(*) FROM run_tenants", "a tenant")
        self.ledger("UPDATE runs SET started_at_ms = started_at_ms - 3600000")
        second = self.machine("work", "--as", "two", "-o", f"json={self.fleet.path('two.json')}")
        self.wait_for("SELECT count(*) = 2 FROM machines", "both machines")
        first.kill()
        self.wait_for("SELECT duration_ms > 0 FROM runs", "a beat of the second machine")
        self.assertLess(self.number("SELECT duration_ms::int FROM runs"), 60000)
        self.end(second)
        self.check_effects()
        self.assertLess(self.run_ok("report", "-o", "json").report["run"]["duration_ms"], 60000)
        self.assertLess(json.loads(self.fleet.read("two.json"))["run"]["duration_ms"], 60000)

    def test_what_a_late_machine_does_is_told_as_of_the_begin_of_the_run(self):
        self.make_fleet(slow=6, fast=0, seconds=1, rollout={"parallel": 1})
        first = self.begin("--as", "one")
        self.wait_for("SELECT count(*) FROM run_tenants WHERE outcome IS NOT NULL", "a tenant that is done")
        second = self.machine("work", "--as", "two")
        for process in (first, second):
            self.end(process)
        late = self.ledger("SELECT count(*) FROM run_tenants JOIN claims USING (run, n) JOIN machines USING (run) WHERE machines.id = machine AND name = 'two'"
                           " AND run_tenants.started_ms < joined_ms - (SELECT min(joined_ms) FROM machines) - 50")
        self.assertGreater(self.number("SELECT finished FROM machines WHERE name = 'two'"), 0)
        self.assertEqual(late, [["0"]])

    def set_ledger_clock(self, offset):
        """The ledger's server has another time of day than the machines: its search path finds this function first."""
        self.pg.sql(self.database, "CREATE SCHEMA skein_ledger; CREATE FUNCTION skein_ledger.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
                                   f" $$ SELECT pg_catalog.clock_timestamp() + interval '{offset}' $$")

    def test_moments_are_of_one_clock(self):
        self.make_fleet(slow=4, fast=0, seconds=1, rollout={"parallel": 1})
        self.set_ledger_clock("1 hour")
        first = self.begin("--as", "one")
        self.wait_for("SELECT count(*) FROM run_tenants", "a tenant")
        press(first, times=1)
        self.end(first, 130)
        within = "at_ms BETWEEN (SELECT min(joined_ms) FROM machines) AND (SELECT max(seen_ms) FROM machines)"
        self.assertEqual(self.ledger(f"SELECT count(*), bool_and({within}) FROM moments"), [["1", "t"]])
        self.assertLess(self.number("SELECT duration_ms::int FROM runs"), 60000)

    def test_the_rest_of_a_soak_is_waited_for_whatever_the_clocks_say(self):
        self.make_fleet(slow=0, fast=2, rollout={"waves": [{"name": "canary", "select": "name=f0", "soak": "4s"}, {"name": "rest"}]})
        self.set_ledger_clock("-1 hour")
        first = self.begin("--as", "one")
        self.wait_for("SELECT phase = 3 FROM courses", "the soak")
        press(first, times=1)
        self.end(first, 130)
        self.run_ok("resume")
        self.check_effects()
        begun = ("SELECT (SELECT min(joined_ms) FROM machines WHERE run = 2) + min(started_ms) - (SELECT finished_ms FROM waves WHERE run = 1 AND n = 0)"
                 " FROM run_tenants JOIN claims USING (run, n) WHERE run = 2 AND wave = 1")
        self.assertGreater(float(self.ledger(begun)[0][0]), 3900)


if __name__ == "__main__":
    main()
