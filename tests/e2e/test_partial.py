#!/usr/bin/env python3
"""Statements outside a transaction: what one leaves that failed is found, and goes or is finished before it is run
again; what is done is known by its text, so that a file may be mended where nothing of it is done, and only there."""
import contextlib
import os
import signal
import sqlite3
import time

from harness import FleetCase, PostgresCase, main, wait_until

INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
OUTSIDE = " transaction:false"


class OnPostgres(PostgresCase):
    """A database `t` of its own, with a table `item`, and a revision that runs outside a transaction."""
    settings = ("deadlock_timeout=100ms",)
    patient = {"lock_timeout": "200ms", "retries": 0}
    made = 0

    def setUp(self):
        super().setUp()
        type(self).made += 1
        self.db = f"{type(self).__name__.lower()}{self.made}"
        self.pg.create(self.db)
        self.sql("CREATE TABLE item (id int, name text, state text, doc jsonb, email text); "
                 "INSERT INTO item SELECT n, 'n' || n, 'x', '{}', 'e' || n FROM generate_series(1, 20) AS n")
        self.inventory(**self.patient)

    def inventory(self, **defaults):
        self.fleet.inventory([{"name": "t", "url": self.pg.url(self.db)}], defaults=defaults)

    def sql(self, text):
        return self.pg.sql(self.db, text)

    def revision(self, up, down=None):
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", up, down, options=OUTSIDE)

    def run_t(self, *args, code=0):
        return self.run_json(*args, code=code).tenant("t")

    def check(self, result, state, words=None, code=None):
        self.assertEqual(result["state"], state, result)
        if words:
            self.assertIn(words, result["error"]["message"])
        if code is not None:
            self.assertEqual(result["error"]["code"], code)

    def row(self):
        return self.sql("SELECT state, statements FROM skein_history ORDER BY id DESC LIMIT 1")[0]

    def indexes(self, valid=True):
        return [r[0] for r in self.sql(f"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'item'::regclass "
                                       f"AND indisvalid = {valid} ORDER BY 1")]

    @contextlib.contextmanager
    def old_snapshot(self):
        """What CREATE INDEX CONCURRENTLY waits for in its last phase."""
        with self.pg.session(self.db, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;") as session:
            yield session

    @contextlib.contextmanager
    def writer(self):
        with self.pg.session(self.db, "BEGIN; UPDATE item SET name = 'w' WHERE id = 1;") as session:
            yield session

    def wait_for(self, words, count=1):
        sql = (f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{words}%' AND state = 'active' AND "
               "pid <> pg_backend_pid() AND wait_event_type = 'Lock'")
        wait_until(lambda: int(self.sql(sql)[0][0]) >= count, what=words)


class Index(OnPostgres):
    BUILDS = ("CREATE INDEX CONCURRENTLY ix ON item (email)", "CREATE INDEX CONCURRENTLY ON item (email)",
              "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON item (email)",
              "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON public.item (email)")

    def test_one_that_timed_out_leaves_nothing_and_is_built_by_the_next(self):
        for build in self.BUILDS:
            for first, code in (("upgrade", 1), ("resume", 0)):
                with self.subTest(build=build):
                    self.revision(build + ";")
                    with self.old_snapshot():
                        self.check(self.run_t("upgrade", code=1), "failed", code="55P03")
                    self.assertEqual(self.row(), ["failed", "0"])
                    self.assertEqual(self.sql(INVALID), [["0"]])
                    self.check(self.run_t("resume" if first == "resume" else "upgrade"), "succeeded")
                    self.assertEqual(len(self.indexes()), 1)
                    self.sql("DROP INDEX " + self.indexes()[0] + "; DROP TABLE skein_history, alembic_version")


if __name__ == "__main__":
    main()
