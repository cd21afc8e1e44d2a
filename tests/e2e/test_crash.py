#!/usr/bin/env python3
"""kill -9 at some points of every scenario, by random choice; crash.sh --long goes through all of them.

What is checked after each kill is told in crash.py. A point that was wrong is repeated by
    sh tests/e2e/crash.sh --engine ENGINE --scenario NAME --at POINT…
and a whole choice by SKEIN_CRASH_SEED.
"""
import contextlib
import os
import resource
import signal
import sqlite3
import time
import unittest

from crash import Point, Tally, World, Wrong, enumerate_scenario
from crash_scenarios import scenarios
from harness import MariaDB, Postgres, main

SEED = os.environ.get("SKEIN_CRASH_SEED", str(time.time_ns() % 1000000))
WORKERS = 2


class Crash:
    """`singles` and `pairs`: points a scenario."""

    server = None

    def test_every_scenario_survives(self):
        total = Tally()
        for scenario in scenarios(self.engine):
            with self.subTest(scenario=scenario.name, seed=SEED):
                tally = Tally()
                enumerate_scenario(scenario, self.engine, self.server, SEED, self.singles, self.pairs, WORKERS, tally)
                self.assertEqual(tally.wrong, [])
                self.assertEqual(tally.tried, self.singles + self.pairs)
                # a few come too late: another time there are fewer calls
                self.assertGreater(tally.killed, tally.tried * 2 // 3)
                total.tried += tally.tried
                total.killed += tally.killed
        print(f"{self.engine}: {total.tried} tried, {total.killed} kills, seed {SEED}")

    def test_what_is_wrong_is_seen(self):
        with contextlib.closing(World(scenarios(self.engine)[0], self.engine, self.server)) as world:
            for what, sql in (("fx", "INSERT INTO {}fx VALUES ('bbbb2222', 'up')"), ("schema", "DROP INDEX {}ix_a"),
                              ("versions", "DELETE FROM {}alembic_version"), ("history", "DELETE FROM {}skein_history")):
                world.reset()
                world.fleet.run("upgrade")
                world.check_end()
                self.execute(world, sql)
                with self.assertRaisesRegex(Wrong, "t0: " + what):
                    world.check_end()


class OnSqlite(Crash, unittest.TestCase):
    engine, singles, pairs = "sqlite", 20, 8

    def execute(self, world, sql):
        with contextlib.closing(sqlite3.connect(world.tenants.path("t0"))) as db:
            db.execute(sql.format(""))
            db.commit()


class OnPostgres(Crash, unittest.TestCase):
    engine, singles, pairs = "postgresql", 8, 4

    @classmethod
    def setUpClass(cls):
        cls.server = Postgres("max_connections=100")
        cls.addClassCleanup(cls.server.close)

    def execute(self, world, sql):
        self.server.sql(world.tenants.name, sql.format("t0."))


class OnMariaDB(Crash, unittest.TestCase):
    engine, singles, pairs = "mysql", 8, 4

    @classmethod
    def setUpClass(cls):
        cls.server = MariaDB()
        cls.addClassCleanup(cls.server.close)

    def execute(self, world, sql):
        self.server.sql(world.tenants.name("t0"), sql.format("").replace("ix_a", "ix_a ON a"))


class Disks(unittest.TestCase):
    """The ledger's disk, or a tenant's, is full from the n-th write on, or its n-th sync fails: exit 6 (or
    1), what was begun is whole, and one resume goes on once the disk is well."""

    FAULTS = (("write", "on", "enospc"), ("write", "once", "eio"), ("sync", "once", "eio"), ("sync", "on", "eio"))

    def check(self, world, point):
        world.reset()
        result = world.fleet.run("upgrade", "-o", "json", "--progress", "none", env=point.env)
        self.assertIn(result.code, (0, 6), result)
        if result.code == 6:
            self.assertIn("ledger", result.err)
        if result.out:
            self.check_tenants(world, result.report)
        world.check_crashed(is_first=True)
        world.check_recovery()
        return result.code == 6

    def check_tenants(self, world, report):
        self.assertEqual(len(report["tenants"]), len(world.scenario.tenants))
        states = world.tenants.states()
        for tenant in report["tenants"]:
            is_done = tenant["state"] in ("succeeded", "unchanged")
            self.assertIn(tenant["state"], ("succeeded", "unchanged", "skipped", "failed"))
            state = states[tenant["name"]]
            self.assertEqual(state["versions"], world.scenario.versions if is_done else [])
            self.assertEqual(len(state["fx"]), 3 if is_done else 0)

    def test_a_ledger_that_cannot_be_written_costs_no_tenant(self):
        scenario = next(s for s in scenarios("sqlite") if s.name == "waves")
        with contextlib.closing(World(scenario, "sqlite")) as world:
            counts = {"write": 60, "sync": 12}
            for kind, moment, error in self.FAULTS:
                stopped = 0
                for n in range(1, counts[kind] + 1, 5 if kind == "write" else 1):
                    with self.subTest(point=f"{kind}:{n}:{moment}={error}"):
                        stopped += self.check(world, Point(f"{kind}:{n}:{moment}", error, "/.skein"))
                self.assertGreater(stopped, 2)

    def test_a_tenant_whose_disk_is_full_or_fails_stands_where_it_stood(self):
        """Its own file's writes or syncs fail; the others' do not, and what it is in doubt about is looked up."""
        scenario = next(s for s in scenarios("sqlite") if s.name == "all")
        with contextlib.closing(World(scenario, "sqlite")) as world:
            for kind, moment, error, count in (("write", "on", "enospc", 16), ("write", "once", "eio", 16),
                                               ("sync", "once", "eio", 5)):
                failed = 0
                for n in range(1, count + 1):
                    with self.subTest(point=f"{kind}:{n}:{moment}={error}"):
                        world.reset()
                        env = Point(f"{kind}:{n}:{moment}", error, "data/t1.db").env
                        result = world.fleet.run("upgrade", "--on-failure", "continue", "-o", "json", env=env)
                        self.assertIn(result.code, (0, 1, 4), result)
                        states = {t["name"]: t["state"] for t in result.report["tenants"]}
                        self.assertEqual((states["t0"], states["t2"]), ("succeeded", "succeeded"), result)
                        world.check_crashed(is_first=True)
                        world.check_recovery()
                        failed += states["t1"] != "succeeded"
                self.assertGreater(failed, count // 2)

    def test_a_run_that_is_not_on_record_is_told_as_such(self):
        with contextlib.closing(World(scenarios("sqlite")[0], "sqlite")) as world:
            world.reset()
            env = Point("failpoint:ledger_write:1", "fail").env
            result = world.fleet.run("upgrade", env=env)
            self.assertEqual(result.code, 6)
            self.assertIn("does not know of this run", result.out)
            self.assertIn("skein upgrade head", result.out)
            self.assertNotIn("skein resume", result.out)
            self.assertNotIn("skein report", result.out)
            world.fleet.run("upgrade", "aaaa1111")
            first = world.ledger_runs()[-1]
            world.fleet.run("upgrade", env=Point("write:2:on", "eio", "data/").env)
            known = world.ledger_runs()[-1]
            self.assertNotEqual(known, first)
            result = world.fleet.run("resume", env=env)
            self.assertIn(f"skein resume {known}", result.out)
            world.check_recovery()


class Memory(unittest.TestCase):
    def test_that_runs_out_is_as_a_kill(self):
        """Less and less of it, down to where no run can begin."""
        scenario = next(s for s in scenarios("sqlite") if s.name == "waves")
        codes = set()
        with contextlib.closing(World(scenario, "sqlite")) as world:
            for mib in (1024, *range(240, 16, -16)):
                with self.subTest(mib=mib):
                    world.reset()
                    size = mib << 20
                    result = world.fleet.run("upgrade", preexec_fn=lambda: resource.setrlimit(
                        resource.RLIMIT_AS, (size, size)))
                    self.assertNotEqual(result.code, -signal.SIGSEGV, result)
                    codes.add(result.code)
                    world.check_crashed(is_first=True)
                    world.check_recovery()
        self.assertIn(0, codes)
        self.assertGreater(len(codes), 1)


if __name__ == "__main__":
    main()
