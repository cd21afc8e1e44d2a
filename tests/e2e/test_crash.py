#!/usr/bin/env python3
"""kill -9 at some points of every scenario, by random choice; crash.sh --long goes through all of them.

What is checked after each kill is told in crash.py. A point that was wrong is repeated by
    sh tests/e2e/crash.sh --engine ENGINE --scenario NAME --at POINT…
and a whole choice by SKEIN_CRASH_SEED.
"""
import contextlib
import os
import sqlite3
import time
import unittest

from crash import Tally, World, Wrong, enumerate_scenario
from crash_scenarios import scenarios
from harness import Postgres, main

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


if __name__ == "__main__":
    main()
