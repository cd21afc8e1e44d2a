"""Several machines on one run, whose ledger is a PostgreSQL database: `skein upgrade` and `skein work` as processes of one computer.

Effects are counted by rows without keys: what was done twice is there twice.
"""
import json
import os
import signal
import time
import unittest

from harness import Postgres, PostgresCase, main, wait_until

LEASE = {"SKEIN_LEASE_MS": "2000"}


class MachinesCase(PostgresCase):
    """`fast` SQLite tenants, and `slow` ones on a server that take `seconds` each."""
    count = 0

    def setUp(self):
        super().setUp()
        MachinesCase.count += 1
        self.database = f"ledger{self.count}"
        self.pg.create(self.database)
        self.machines = []
        self.addCleanup(self.stop_all)

    def make_fleet(self, slow=4, fast=4, seconds=0.3, rollout=None, **keys):
        names = [f"s{self.count}x{i}" for i in range(slow)]
        tenants = self.pg.create(*names) if slow else []
        tenants += [self.fleet.sqlite(f"f{i}") for i in range(fast)]
        self.slow, self.fast = names, [f"f{i}" for i in range(fast)]
        self.fleet.revision("aaaa1111", "CREATE TABLE log (what text);", down="DROP TABLE log;")
        self.fleet.revision("bbbb2222", down="DELETE FROM log;",
                            up="-- migrate:up dialect:sqlite\nINSERT INTO log VALUES ('done');\n\n"
                               f"-- migrate:up dialect:postgresql\nINSERT INTO log VALUES ('done');\nSELECT pg_sleep({seconds});\n")
        self.fleet.inventory(tenants, ledger=self.pg.url(self.database), rollout={"parallel": 2, **(rollout or {})}, **keys)

    def machine(self, *args, env=None):
        process = self.fleet.start(*args, "--progress", "plain", env={**LEASE, **(env or {})})
        self.machines.append(process)
        return process

    def stop_all(self):
        for process in self.machines:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.communicate()

    def end(self, process, code=0, seconds=60):
        out, err = (text.decode() for text in process.communicate(timeout=seconds))
        self.assertEqual(process.returncode, code, f"{out}\n{err}")
        return out, err

    def ledger(self, text):
        return self.pg.sql(self.database, f"SET search_path = skein_ledger; {text}")

    def number(self, text):
        return int(self.ledger(text)[0][0])

    def wait_for(self, text, what, seconds=30):
        """Until the ledger answers something that is not 0."""
        def is_so():
            try:
                return self.number(text)
            except AssertionError:
                return 0  # there is no ledger yet
        wait_until(is_so, seconds, what)

    def check_effects(self, rows=1):
        for name in self.slow:
            self.assertEqual(self.pg.sql(name, "SELECT count(*) FROM log"), [[str(rows)]], name)
        for name in self.fast:
            self.assertEqual(self.fleet.query(name, "SELECT count(*) FROM log"), [(rows,)], name)

    def totals(self):
        return self.run_ok("report", "-o", "json").report["totals"]

    def begin(self, *args, **options):
        process = self.machine("upgrade", *args, **options)
        self.wait_for("SELECT count(*) FROM courses", "the run")
        return process


class Together(MachinesCase):
    def test_two_machines_share_the_tenants_of_a_run(self):
        self.make_fleet(slow=8)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        out, _ = self.end(first)
        self.assertIn("12", out)
        out, err = self.end(second)
        self.assertIn("joining run", err)
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"], 12)
        done = dict(self.ledger("SELECT name, finished FROM machines"))
        self.assertEqual(int(done["one"]) + int(done["two"]), 12)
        self.assertGreater(int(done["two"]), 0)

    def test_a_machine_that_dies_is_found_out_and_its_tenants_taken_over(self):
        self.make_fleet(slow=6, seconds=1)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for("SELECT count(*) FROM claims JOIN machines ON machines.id = machine WHERE state = 1 AND name = 'one'", "claims")
        first.kill()
        self.end(second)
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"] + self.totals()["unchanged"], 10)

    def test_a_machine_that_is_paused_for_longer_than_its_lease_applies_nothing_twice(self):
        self.make_fleet(slow=6, seconds=1)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for("SELECT count(*) FROM claims JOIN machines ON machines.id = machine WHERE state = 1 AND name = 'two'", "claims")
        second.send_signal(signal.SIGSTOP)
        self.wait_for("SELECT sum(lost) FROM machines WHERE name = 'two'", "its claims to be taken")
        second.send_signal(signal.SIGCONT)
        self.end(first)
        self.end(second)
        self.check_effects()

    def test_a_machine_that_is_told_to_stop_leaves_and_the_run_goes_on(self):
        self.make_fleet(slow=6, seconds=0.5)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for("SELECT count(*) FROM claims JOIN machines ON machines.id = machine WHERE state = 1 AND name = 'two'", "claims")
        second.terminate()
        self.end(second, 143)
        self.end(first)
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"], 10)


if __name__ == "__main__":
    main()
