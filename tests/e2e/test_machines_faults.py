#!/usr/bin/env python3
"""What happens to the ledger's server, and to the network, while several machines work on one run.

A seed says what happens, and when; it stands in the message of what fails. CI plays a few rounds; more of them:
    ROUNDS=100 SEED=1 python3 tests/e2e/test_machines_faults.py LostCommits
"""
import json
import os
import random
import shutil
import subprocess
import time
import unittest

from harness import MariaDB, Postgres, main, wait_until
from proxy import Relay
from test_machines import MachinesCase

ROUNDS = int(os.environ.get("ROUNDS", "2"))
SEED = int(os.environ.get("SEED", time.strftime("%j")))


class LedgerCase(MachinesCase):
    """The ledger has a server of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = Postgres()
        cls.addClassCleanup(cls.store.close)

    def ledger(self, text):
        return self.store.sql(self.database, f"SET search_path = skein_ledger; {text}")

    def make_fleet(self, **options):
        self.store.create(self.database)
        super().make_fleet(**options)
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        self.fleet.write("skein.yaml", json.dumps({**inventory, "ledger": self.ledger_url()}))

    def ledger_url(self):
        return self.store.url(self.database)

    def play_rounds(self, play):
        for at in range(ROUNDS):
            with self.subTest(seed=SEED + at):
                if at:
                    self.stop_all()
                    self.fleet.close()
                    self.setUp()
                play(random.Random(SEED + at))

    def check_report(self):
        """What the last run says of each tenant is what the tenant holds."""
        report = self.run_ok("report", "-o", "json").report
        self.assertEqual(report["run"]["state"], "succeeded", report["errors"])
        for tenant in report["tenants"]:
            held = self.pg.versions(tenant["name"]) if tenant["name"] in self.slow else self.fleet.versions(tenant["name"])
            self.assertIn(tenant["state"], ("succeeded", "unchanged"), tenant)
            self.assertEqual(tenant["to"], held, tenant)
        return report


class LostCommits(LedgerCase):
    """An older copy of the ledger comes back, as from a backup, or on a standby that had not received the last commits."""

    def keep(self):
        self.store.stop()
        shutil.rmtree(self.store.data + ".kept", ignore_errors=True)
        subprocess.run(["cp", "-a", self.store.data, self.store.data + ".kept"], check=True)
        self.store.start()

    def put_back(self):
        self.store.stop("immediate")
        shutil.rmtree(self.store.data)
        subprocess.run(["cp", "-a", self.store.data + ".kept", self.store.data], check=True)
        self.store.start()

    def play(self, dice):
        self.make_fleet(slow=4, fast=6, seconds=0.5, rollout={"parallel": dice.randrange(1, 3)})
        keeps_early = dice.random() < 0.2
        if keeps_early:
            self.keep()  # without the run
        first = self.machine("upgrade", "--as", "m0")
        others = [self.machine("work", "--as", f"m{i}", "--wait", "30s") for i in range(1, dice.randrange(2, 4))]
        self.wait_for("SELECT count(*) FROM courses", "the run")
        time.sleep(dice.random())
        if not keeps_early:
            self.keep()
        time.sleep(dice.random())
        self.put_back()
        goes_on = any(process.poll() is None for process in [first, *others])
        if keeps_early:  # the run is gone
            self.end(first, code=None)
            self.assertIn(first.returncode, (0, 6))
            self.end(self.machine("upgrade"))  # who waits joins this one
            for process in others:
                self.end(process, code=None, seconds=90)
            self.check_effects()
            self.check_report()
            return
        said = [self.end(process, code=None) for process in [first, *others]]
        codes = [process.returncode for process in [first, *others]]
        self.assertEqual(set(codes) - {0, 2}, set(), said)  # 2: it came too late
        self.check_effects()
        if goes_on:  # else it was over, and the ledger has forgotten that
            self.check_report()
        self.run_ok("resume")
        self.check_effects()
        report = self.check_report()
        back = self.run_ok("rollback")
        for name in self.slow:
            self.assertEqual(self.pg.tables(name), set(), f"{name}: {report} {back}")
        for name in self.fast:
            self.assertEqual(self.fleet.tables(name), set(), f"{name}: {report} {back}")

    def test_the_tenants_win(self):
        self.play_rounds(self.play)


class Standby(Postgres):
    """Follows another server, and is promoted in its place."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__("hot_standby=on")

    def _call(self, program, *args):
        if program == "initdb":
            program, args = "pg_basebackup", ("-D", self.data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-U", "skein",
                                              "-h", "127.0.0.1", "-p", str(self.primary.port))
        super()._call(program, *args)

    def promote(self):
        self._call("pg_ctl", "-D", self.data, "-w", "promote")


class Failover(LedgerCase):
    """The ledger's server dies, and its standby, which may lack the last commits, is promoted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.standby = Standby(cls.store)
        cls.addClassCleanup(cls.standby.close)

    def ledger_url(self):
        return (f"postgresql://skein@127.0.0.1:{self.store.port},127.0.0.1:{self.standby.port}/{self.database}"
                "?target_session_attrs=read-write")

    def test_the_run_goes_on_with_the_one_that_took_over(self):
        self.make_fleet(slow=4, fast=6, seconds=0.7)
        first = self.begin("--as", "m0")
        second = self.machine("work", "--as", "m1", "--wait", "30s")
        self.wait_for("SELECT count(*) > 1 FROM machines", "both machines")
        self.standby.sql(self.database, "SELECT 1")  # it has the database; of the run what it has by now
        wait_until(lambda: self.standby.sql(self.database, "SELECT to_regclass('skein_ledger.courses') IS NOT NULL") == [["t"]], 30, "the tables")
        wait_until(lambda: self.standby.sql(self.database, "SELECT count(*) FROM skein_ledger.courses") == [["1"]], 30, "the run")
        self.store.stop("immediate")
        self.standby.promote()
        self.end(first)
        self.end(second)
        self.check_effects()
        self.check_report()
        result = self.fleet.run("runs")
        self.assertIn("succeeded", result.out)


class Cuts(MachinesCase):
    """Each machine has a way of its own to the ledger, and all have one to each of the two servers with tenants. They fail and are mended."""
    MOST = int(os.environ.get("MACHINES", "4"))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maria = MariaDB()
        cls.addClassCleanup(cls.maria.close)

    def relay(self, server):
        relay = Relay(server.port)
        self.addCleanup(relay.close)
        return relay

    def make(self, dice, count):
        self.tag = f"c{MachinesCase.count}"
        self.slow = [f"{self.tag}p{i}" for i in range(4)]
        self.maria_names = [f"{self.tag}m{i}" for i in range(4)]
        self.fast = [f"f{i}" for i in range(4)]
        ways = [self.relay(self.pg), self.relay(self.maria)]
        tenants = [{**t, "url": t["url"].replace(str(self.pg.port), str(ways[0].port))} for t in self.pg.create(*self.slow)]
        tenants += [{**t, "url": t["url"].replace(str(self.maria.port), str(ways[1].port))} for t in self.maria.create(*self.maria_names)]
        tenants += [self.fleet.sqlite(name) for name in self.fast]
        dice.shuffle(tenants)
        self.fleet.revision("aaaa1111", "CREATE TABLE log (what varchar(9));", down="DROP TABLE log;")
        row = "INSERT INTO log VALUES ('done');\n"
        self.fleet.revision("bbbb2222", down="DELETE FROM log;", up=f"-- migrate:up dialect:sqlite\n{row}\n"
                            f"-- migrate:up dialect:postgresql\n{row}SELECT pg_sleep(0.3);\n\n-- migrate:up dialect:mysql\n{row}DO SLEEP(0.3);\n")
        self.fleet.inventory(tenants, rollout={"parallel": 2, "on_failure": "continue", "max_failures": 100},
                             defaults={"retries": 2, "connect_timeout": "2s"})
        return ways, [self.relay(self.pg) for _ in range(count)]

    def start_machine(self, relay, *args):
        return self.machine(*args, "--ledger", self.pg.url(self.database, port=relay.port))

    def play(self, dice):
        count = dice.randrange(2, self.MOST + 1)
        ways, ledgers = self.make(dice, count)
        machines = [self.start_machine(ledgers[0], "upgrade", "--as", "m0")]
        self.wait_for("SELECT count(*) FROM courses", "the run")
        machines += [self.start_machine(ledgers[i], "work", "--as", f"m{i}", "--wait", "5s") for i in range(1, count)]
        for _ in range(dice.randrange(2, 6)):
            time.sleep(dice.random() / 2)
            relay = dice.choice(ways + ledgers * 2)
            dice.choice([relay.cut, relay.hold])()
            time.sleep(dice.random() * 3)
            relay.heal()
            if dice.random() < 0.15:
                dice.choice(machines).kill()
        said = [self.end(process, code=None, seconds=90) for process in machines]
        for _ in range(3):  # what a server that was gone has cost is for a resume; so is a run that all machines have left
            done = self.fleet.run("resume", "--ledger", self.pg.url(self.database))
            if done.code == 0:
                break
        self.assertEqual(done.code, 0, f"{done}\n{said}")
        self.check_effects()
        for name in self.maria_names:
            self.assertEqual(self.maria.sql(name, "SELECT count(*) FROM log"), [["1"]], f"{name}: {said}")
        report = self.fleet.run("report", "--ledger", self.pg.url(self.database), "-o", "json").report
        self.assertEqual({t["state"] for t in report["tenants"]} - {"succeeded", "unchanged"}, set(), said)

    def test_each_effect_is_there_once(self):
        LedgerCase.play_rounds(self, self.play)


if __name__ == "__main__":
    main()
