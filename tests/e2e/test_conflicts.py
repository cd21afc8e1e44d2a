#!/usr/bin/env python3
"""Whose fault a failure is: what skein's own concurrency makes is tried again among fewer, what is one tenant's stays
its own, a tenant that waits for a lock of others holds none up, and a server that is away for a moment is waited for."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import threading
import time
import unittest

from harness import FleetCase, Pooler, Postgres, PostgresCase, free_port, main, wait_until

TOUCH = """CREATE OR REPLACE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.at := now(); RETURN NEW; END $$;
CREATE TABLE t (id int, at timestamptz);
CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION public.touch();"""


servers = []


class CommonCase(FleetCase):
    """One server for all classes that want no settings of their own; databases and roles have names of their own."""

    @classmethod
    def setUpClass(cls):
        if not servers:
            servers.append(Postgres())
            unittest.addModuleCleanup(servers[0].close)
        cls.pg = servers[0]


class SharedCase(CommonCase):
    """Many schemas of one database."""

    database = None

    def schemas(self, count, **keys):
        name = self.id().split(".")[-1][-40:]
        self.pg.create(name)
        self.database = name
        names = [f"s{i:03}" for i in range(count)]
        self.pg.sql(name, "; ".join(f"CREATE SCHEMA {n}" for n in names))
        keys.setdefault("rollout", {"parallel": 8, "per_server": 8})
        self.fleet.inventory([{"name": n, "url": self.pg.url(name), "schema": n} for n in names], **keys)
        return names

    def all_succeed(self, *args, **options):
        report = self.run_json("upgrade", *args, **options).report
        self.assertEqual(report["totals"]["succeeded"], report["totals"]["tenants"])
        return report


class SharedObjects(SharedCase):
    """All defaults but for eight at once."""

    def test_a_function_that_all_replace(self):
        self.fleet.revision("aaaa1111", TOUCH, down="")
        names = self.schemas(40)
        report = self.all_succeed("--on-failure", "rollback")
        self.assertGreater(sum(t["attempts"] for t in report["tenants"]), len(names))  # they did meet

    def test_two_hundred_of_them(self):
        self.fleet.revision("aaaa1111", TOUCH)
        self.schemas(200)
        self.all_succeed(timeout=200)

    def test_one_revision_a_transaction(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE own (n int); INSERT INTO own VALUES (1);")
        self.fleet.revision("bbbb2222", TOUCH)
        names = self.schemas(24, defaults={"transaction": "each"})
        self.all_succeed()
        for name in names:
            self.assertEqual(self.pg.sql(self.database, f"SELECT n FROM {name}.own"), [["1"]])

    def test_the_way_back(self):
        self.fleet.revision("aaaa1111", TOUCH, down="DROP TABLE t; DROP FUNCTION IF EXISTS public.touch() CASCADE; "
                            "CREATE OR REPLACE FUNCTION public.touched() RETURNS int LANGUAGE sql AS 'SELECT 1';")
        self.schemas(24)
        self.all_succeed()
        report = self.run_json("rollback").report
        self.assertEqual(report["totals"]["rolled_back"], 24)

    def check(self, up, count=32, before=None, **keys):
        self.fleet.revision("aaaa1111", up, down="")
        self.schemas(count, **keys)
        if before:
            self.pg.sql(self.database, before)
        return self.all_succeed("--on-failure", "rollback")

    def test_grants_on_a_shared_object(self):
        self.pg.sql("postgres", "CREATE ROLE reader")
        self.check("CREATE TABLE t (id int); GRANT USAGE ON SCHEMA public TO reader; "
                   "ALTER ROLE reader SET work_mem = '5MB';")

    def test_a_schema_if_it_does_not_exist(self):
        self.check("CREATE SCHEMA IF NOT EXISTS shared; CREATE TABLE IF NOT EXISTS shared.kind (id int); "
                   "CREATE TABLE t (id int);")

    def test_an_extension_if_it_does_not_exist(self):
        self.check("CREATE EXTENSION IF NOT EXISTS plpgsql; CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;"
                   if self.has_extension("pg_trgm") else "CREATE COLLATION IF NOT EXISTS public.c (locale = 'C');")

    def has_extension(self, name):
        return bool(self.pg.sql("postgres", f"SELECT 1 FROM pg_available_extensions WHERE name = '{name}'"))

    def test_a_role_if_it_does_not_exist(self):
        self.check("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_made') THEN "
                   "CREATE ROLE app_made; END IF; END $$; CREATE TABLE t (id int); GRANT SELECT ON t TO app_made;")

    def test_an_index_outside_a_transaction(self):
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\n"
                            "CREATE INDEX CONCURRENTLY IF NOT EXISTS shared_n ON public.shared (n);\n"
                            "CREATE TABLE t (id int);\n")
        names = self.schemas(16)
        self.pg.sql(self.database, "CREATE TABLE public.shared (n int)")
        self.all_succeed()
        self.assertEqual(self.pg.sql(self.database, "SELECT indisvalid FROM pg_index WHERE indexrelid = "
                                     "'public.shared_n'::regclass"), [["t"]])
        self.assertEqual(self.pg.sql(self.database, "SELECT count(*) FROM pg_class WHERE relname = 't'"),
                         [[str(len(names))]])

    def test_a_function_that_is_dropped_and_made(self):
        self.check("DROP FUNCTION IF EXISTS public.f(); CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1';")

    def test_a_block_that_looks_before_it_acts(self):
        """The pause stands between the two."""
        column = "SELECT FROM pg_attribute WHERE attrelid = 'public.shared'::regclass AND attname = 'n' AND NOT attisdropped"
        cases = {
            "adds a column": (f"IF NOT EXISTS ({column})", "ALTER TABLE public.shared ADD COLUMN n int"),
            "drops it": (f"IF EXISTS ({column})", "ALTER TABLE public.shared DROP COLUMN n"),
            "adds a key": ("IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'k')",
                           "ALTER TABLE public.shared ADD CONSTRAINT k PRIMARY KEY (id)"),
            "drops a function": ("IF EXISTS (SELECT FROM pg_proc WHERE proname = 'gone')", "DROP FUNCTION public.gone()"),
            "drops a table": ("IF EXISTS (SELECT FROM pg_class WHERE relname = 'extra')", "DROP TABLE public.extra"),
            "makes a row": ("PERFORM FROM public.kind WHERE id = 1; IF NOT FOUND", "INSERT INTO public.kind VALUES (1)"),
        }
        self.schemas(10)
        self.pg.sql(self.database, "CREATE TABLE public.shared (id int); CREATE TABLE public.extra (id int); "
                    "CREATE TABLE public.kind (id int PRIMARY KEY); "
                    "CREATE FUNCTION public.gone() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        for i, (name, (condition, act)) in enumerate(cases.items()):
            with self.subTest(name):
                self.fleet.revision(f"aaaa111{i}", f"DO $$ BEGIN {condition} THEN PERFORM pg_sleep(0.05); {act}; "
                                    "END IF; END $$;", down="")
                self.all_succeed("--on-failure", "rollback")

    def test_rows_of_a_shared_table(self):
        self.check("INSERT INTO public.shared SELECT coalesce(max(id), 0) + 1 FROM public.shared; CREATE TABLE t (id int);",
                   before="CREATE TABLE public.shared (id int PRIMARY KEY)")

    def test_a_row_of_the_tenants_own_is_its_own(self):
        """It is not tried again, though others are at work."""
        self.fleet.revision("aaaa1111", "CREATE TABLE IF NOT EXISTS own (id int PRIMARY KEY); INSERT INTO own VALUES (1); "
                            "DO $$ BEGIN IF current_schema() < 's004' THEN INSERT INTO own VALUES (1); END IF; END $$;")
        self.schemas(8)
        report = self.run_json("upgrade", "--on-failure", "continue", code=1).report
        self.assertEqual([t["attempts"] for t in report["tenants"] if t["state"] == "failed"], [1, 1, 1, 1])

    def test_locks_that_are_not_waited_for(self):
        self.check("LOCK TABLE public.shared IN EXCLUSIVE MODE NOWAIT; SELECT pg_sleep(0.05);", count=10,
                   before="CREATE TABLE public.shared (id int)")

    def test_deadlocks_among_our_own(self):
        """Each takes two shared rows, in one of two orders."""
        self.fleet.revision("aaaa1111", """DO $$ BEGIN
            IF right(current_schema(), 1)::int % 2 = 0 THEN
              UPDATE public.shared SET n = n + 1 WHERE id = 1; PERFORM pg_sleep(0.05);
              UPDATE public.shared SET n = n + 1 WHERE id = 2;
            ELSE
              UPDATE public.shared SET n = n + 1 WHERE id = 2; PERFORM pg_sleep(0.05);
              UPDATE public.shared SET n = n + 1 WHERE id = 1;
            END IF; END $$;""")
        self.schemas(16)
        self.pg.sql(self.database, "CREATE TABLE public.shared (id int, n int); "
                    "INSERT INTO public.shared VALUES (1, 0), (2, 0); "
                    f"ALTER DATABASE {self.database} SET deadlock_timeout = '100ms'")
        self.all_succeed()
        self.assertEqual(self.pg.sql(self.database, "SELECT n FROM public.shared"), [["16"], ["16"]])

    def test_lock_timeouts_among_our_own(self):
        """Each holds a shared table for longer than the next one's patience."""
        self.fleet.revision("aaaa1111", "ALTER TABLE public.shared ADD COLUMN IF NOT EXISTS n int; SELECT pg_sleep(0.4);")
        self.schemas(6, defaults={"lock_timeout": "300ms", "retries": 1})
        self.pg.sql(self.database, "CREATE TABLE public.shared (id int)")
        self.all_succeed()

    def test_what_fails_alone_too_counts(self):
        """And is not tried for ever, nor does it hold up the others."""
        self.fleet.revision("aaaa1111", "DO $$ BEGIN IF current_schema() = 's003' THEN "
                            "CREATE TABLE IF NOT EXISTS mine (id int); CREATE TABLE mine (id int); END IF; END $$;")
        self.schemas(20)
        report = self.run_json("upgrade", "--on-failure", "continue", code=1).report
        self.assertEqual((report["totals"]["succeeded"], report["totals"]["failed"]), (19, 1))
        tenant = next(t for t in report["tenants"] if t["name"] == "s003")
        self.assertEqual(tenant["error"]["code"], "42P07")
        self.assertLessEqual(tenant["attempts"], 4)

    def test_an_ordinary_duplicate_is_not_tried_again(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE public.one (id int);")
        self.schemas(8)
        report = self.run_json("upgrade", "--on-failure", "continue", code=1).report
        failed = [t for t in report["tenants"] if t["state"] == "failed"]
        self.assertEqual({t["error"]["code"] for t in failed} | {"42P07"}, {"42P07"})
        self.assertEqual([t for t in failed if t["attempts"] != 1 and t["error"]["code"] == "42P07"
                          and t["attempts"] > 2], [])


class Raised(SharedCase):
    def test_by_a_revision_it_is_its_own(self):
        """Six of eight, each with another code that sounds like its server's."""
        codes = ("25006", "57P01", "57P03", "53300", "53100", "08006")
        for i, code in enumerate(codes):
            self.fleet.revision(f"aaaa111{i}", f"DO $$ BEGIN IF current_schema() = 's00{i}' THEN RAISE EXCEPTION "
                                f"'mine' USING ERRCODE = '{code}'; END IF; END $$;")
        self.schemas(8, rollout={"on_failure": "continue", "parallel": 1})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual((report["totals"]["succeeded"], report["totals"]["failed"]), (2, 6))
        for code, tenant in zip(codes, report["tenants"]):
            self.assertEqual((tenant["error"]["class"], tenant["error"]["code"]), ("sql", code))


class LittleMemory(PostgresCase, SharedCase):
    settings = ("max_locks_per_transaction=10", "max_connections=12", "max_prepared_transactions=0")

    def test_for_locks(self):
        """Eight at once need more locks than the server has room for; alone each has enough."""
        self.fleet.revision("aaaa1111", "DO $$ BEGIN FOR i IN 1..420 LOOP EXECUTE format('CREATE TABLE t%s (id int)', i); "
                            "END LOOP; PERFORM pg_sleep(0.1); END $$;")
        self.schemas(8)
        report = self.all_succeed(timeout=120)
        self.assertGreater(max(t["attempts"] for t in report["tenants"]), 1)


class Databases(CommonCase):
    def test_roles_that_all_databases_change(self):
        self.pg.sql("postgres", "CREATE ROLE everywhere")
        self.fleet.revision("aaaa1111", "ALTER ROLE everywhere SET work_mem = '5MB'; GRANT pg_monitor TO everywhere; "
                            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'late') THEN "
                            "CREATE ROLE late; END IF; END $$;", down="")
        self.fleet.inventory(self.pg.create(*[f"role{i}" for i in range(8)]), rollout={"parallel": 8, "per_server": 8})
        self.assertEqual(self.run_json("upgrade", "--on-failure", "rollback").report["totals"]["succeeded"], 8)

    def test_a_template_in_use(self):
        """CREATE DATABASE waits five seconds for it, and is then tried again."""
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);")
        self.fleet.inventory([{"name": "made", "url": self.pg.url("made"), "create": True}])
        with self.pg.session("template1", "SELECT 1;") as session:
            process = self.fleet.start("upgrade", "-o", "json")
            log = self.pg.dir + "/log"
            wait_until(lambda: 'source database "template1" is being accessed' in pathlib.Path(log).read_text(), 20)
            session.kill()
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, json.loads(out)["totals"]["succeeded"]), (0, 1), err)


class ForeignLocks(SharedCase):
    def test_who_waits_holds_up_nobody(self):
        """The first eight of 63 wait for a lock of others, and the others are done meanwhile."""
        self.fleet.revision("aaaa1111", "CREATE TABLE held (id int);")
        self.fleet.revision("bbbb2222", "ALTER TABLE held ADD COLUMN n int;")
        names = self.schemas(63, defaults={"lock_timeout": "1s"})
        self.run_ok("upgrade", "aaaa1111", timeout=120)
        held = "".join(f"LOCK TABLE {name}.held; " for name in names[:8])
        done = "SELECT count(*) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relname = 'held' AND attname = 'n'"
        with self.pg.session(self.database, f"BEGIN; {held}"):
            begun = time.monotonic()
            process = self.fleet.start("upgrade", "-o", "json")
            wait_until(lambda: self.pg.sql(self.database, done) == [["55"]], 20)
            took = time.monotonic() - begun
            self.assertIsNone(process.poll())
        out, err = process.communicate(timeout=240)
        report = json.loads(out)
        self.assertEqual((process.returncode, report["totals"]["succeeded"]), (0, 63), err)
        self.assertLess(took, 3.5)  # the first attempt's second, and not all four

    def test_of_a_foreign_session_count(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE held (id int);")
        self.fleet.revision("bbbb2222", "ALTER TABLE held ADD COLUMN n int;")
        names = ["foreign0", "foreign1", "foreign2"]
        self.fleet.inventory(self.pg.create(*names), defaults={"lock_timeout": "300ms", "retries": 2},
                             rollout={"on_failure": "continue"})
        self.run_ok("upgrade", "aaaa1111")
        with self.pg.session("foreign0", "BEGIN; LOCK TABLE held;"):
            tenant = self.run_json("upgrade", code=1).tenant("foreign0")
        self.assertEqual((tenant["error"]["code"], tenant["attempts"]), ("55P03", 3))


class OneTenants(CommonCase):
    """The first has a fault of its own: it costs no other tenant anything."""

    def check(self, hurt, error, count=6, **keys):
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);")
        prefix = self.id().split(".")[-1][5:25]
        names = [f"{prefix}{i:02}" for i in range(count)]
        tenants = self.pg.create(*names)
        for sql in hurt:
            self.pg.sql("postgres", sql.format(first=names[0]))
        self.fleet.inventory(tenants, **{"rollout": {"on_failure": "continue", "parallel": 4}, **keys})
        report = self.run_json("upgrade", code=1).report
        first = report["tenants"][0]
        self.assertEqual((report["totals"]["succeeded"], first["state"]), (count - 1, "failed"), report["totals"])
        self.assertEqual(first["error"]["code"], error)
        return first

    def test_set_read_only(self):
        first = self.check(['ALTER DATABASE "{first}" SET default_transaction_read_only = on'], None)
        self.assertIn("read-only: it was set so", first["error"]["message"])
        self.assertEqual(first["attempts"], 4)

    def test_takes_no_connections(self):
        self.check(['ALTER DATABASE "{first}" WITH ALLOW_CONNECTIONS false'], "55000")

    def test_has_no_connections_to_give(self):
        self.pg.sql("postgres", "CREATE ROLE narrow LOGIN")
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);")
        names = [f"narrow{i}" for i in range(4)]
        tenants = self.pg.create(*names)
        for name in names:
            self.pg.sql("postgres", f"ALTER DATABASE {name} OWNER TO narrow")
            self.pg.sql(name, "ALTER SCHEMA public OWNER TO narrow")
        self.pg.sql("postgres", "ALTER DATABASE narrow0 CONNECTION LIMIT 0")
        tenants = [{"name": n, "url": self.pg.url(n, user="narrow")} for n in names]
        self.fleet.inventory(tenants, defaults={"retry_timeout": "2s"}, rollout={"on_failure": "continue"})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual(report["totals"]["succeeded"], 3)
        self.assertEqual(report["tenants"][0]["error"]["code"], "53300")
        self.pg.sql("postgres", "ALTER DATABASE narrow0 CONNECTION LIMIT -1")
        self.pg.sql("postgres", "ALTER ROLE narrow CONNECTION LIMIT 2")  # and this is waited for
        self.fleet.revision("bbbb2222", "CREATE TABLE u (id int); SELECT pg_sleep(0.1);")
        self.run_json("upgrade")

    def test_ended_by_a_reaper(self):
        """As often as it is tried."""
        self.fleet.revision("aaaa1111", "DO $$ BEGIN IF current_database() = 'reaped0' THEN "
                            "PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;")
        names = [f"reaped{i}" for i in range(5)]
        self.fleet.inventory(self.pg.create(*names), rollout={"on_failure": "continue", "parallel": 1})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual((report["totals"]["succeeded"], report["totals"]["failed"]), (4, 1))
        self.assertEqual((report["tenants"][0]["error"]["code"], report["tenants"][0]["attempts"]), ("57P01", 4))

    def test_a_reaper_that_ends_any_session(self):
        """One at a time, at whatever it is: no one else fails for it, and nothing is taken back. No tenant is done before it has met
        the reaper, and none meets it more often than it is tried."""
        most, met = 5, {f"swept{i}": 0 for i in range(8)}
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int); DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM reaped) LOOP "
                            "PERFORM pg_sleep(0.01); END LOOP; END $$;", down="DROP TABLE t;")
        tenants = self.pg.create(*met)
        for name in met:
            self.pg.sql(name, "CREATE TABLE reaped (n int)")
        self.fleet.inventory(tenants, defaults={"retries": 4 * most},
                             rollout={"on_failure": "rollback", "parallel": 4})
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        while process.poll() is None:
            left = ",".join(name for name in met if met[name] < most)
            for name, in self.pg.sql("postgres", "SELECT datname FROM (SELECT pid, datname FROM pg_stat_activity WHERE datname = "
                                     f"ANY('{{{left}}}') ORDER BY random() LIMIT 1) AS s WHERE pg_terminate_backend(pid)"):
                met[name] += 1
                self.pg.sql(name, "INSERT INTO reaped VALUES (1)")
        out, err = process.communicate()
        self.assertEqual((process.returncode, json.loads(out)["totals"]["succeeded"]), (0, 8), (out, err))
        self.assertTrue(all(met.values()), met)

    def test_a_full_disk_of_its_own(self):
        """53100 by its own words cannot be told from a full server: another database is tried."""
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int); INSERT INTO t SELECT g FROM generate_series(1, 200000) g "
                            "ORDER BY random();")
        names = [f"temp{i}" for i in range(3)]
        tenants = self.pg.create(*names)
        self.pg.sql("postgres", "ALTER DATABASE temp0 SET temp_file_limit = '100kB'; ")
        self.pg.sql("postgres", "ALTER DATABASE temp0 SET work_mem = '64kB'")
        self.fleet.inventory(tenants, rollout={"on_failure": "continue", "parallel": 1})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual((report["totals"]["succeeded"], report["tenants"][0]["error"]["code"]), (2, "53400"))


class Away(PostgresCase):
    """A server that is away for a moment, all defaults."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);")
        self.fleet.revision("bbbb2222", "SELECT pg_sleep(0.3); CREATE TABLE u (id int);")
        self.names = [f"{self.id().split('.')[-1][5:20]}{i}" for i in range(4)]
        self.fleet.inventory(self.pg.create(*self.names), rollout={"parallel": 2, "per_server": 2})

    def finish(self, process, code=0):
        out, err = process.communicate(timeout=90)
        self.assertEqual(process.returncode, code, (out, err))
        return json.loads(out)

    def test_before_the_run(self):
        self.pg.stop()
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        time.sleep(0.6)
        self.assertIsNone(process.poll())
        self.pg.start()
        self.assertEqual(self.finish(process)["totals"]["succeeded"], 4)

    def test_in_mid_run(self):
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        wait_until(lambda: self.pg.tables(self.names[0]) == {"t", "u"}, what="the first")
        self.pg.stop("immediate")
        time.sleep(3)  # far more than four attempts in a row take
        self.pg.start()
        self.assertEqual(self.finish(process)["totals"]["succeeded"], 4)

    def test_a_host_that_is_simply_wrong_is_left_soon(self):
        tenants = [{"name": "wrong", "url": self.pg.url("x", port=free_port())},
                   *[{"name": n, "url": self.pg.url(n)} for n in self.names]]
        self.fleet.inventory(tenants, rollout={"parallel": 1, "on_failure": "continue"})
        begun = time.monotonic()
        report = self.run_json("upgrade", code=1).report
        self.assertLess(time.monotonic() - begun, 25)  # nine to twelve are its three retries
        self.assertEqual((report["totals"]["succeeded"], report["tenants"][0]["attempts"]), (4, 4))
        self.assertLess(max(t["duration_ms"] for t in report["tenants"][1:]), 3000)


class Crowd(CommonCase):
    def test_of_a_proxy_is_waited_for_like_the_servers(self):
        """It says no in words of its own, more often than `retries` would have it."""
        cases = (("08P01", "no more connections allowed (max_client_conn)"), ("XX000", "Max client connections reached"),
                 ("08P01", "server login has been failing, try again later (server_login_retry)"))
        self.pg.create("crowd")
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);", down="DROP TABLE t;")
        for code, words in cases:
            with self.subTest(words=words), Refusing(self.pg.port, 5, code, words) as proxy:
                self.fleet.inventory([{"name": "crowd", "url": self.pg.url("crowd", port=proxy.port)}])
                tenant = self.run_json("upgrade").tenant("crowd")
                self.assertEqual((tenant["state"], tenant["attempts"]), ("succeeded", 6))
                self.run_ok("downgrade", "base")


class Cut(FleetCase):
    def test_in_the_middle_of_the_handshake(self):
        """As by a proxy that reloads: TLS is no reason to call it a fault of the client's."""
        self.fleet.revision("aaaa1111", "SELECT 1;")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def answer():
                with contextlib.suppress(OSError):
                    while True:
                        peer, _ = listener.accept()
                        peer.recv(8)
                        peer.sendall(b"S")
                        peer.recv(100)
                        peer.close()
            threading.Thread(target=answer, daemon=True).start()
            url = f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=require"
            self.fleet.inventory([{"name": "t", "url": url, "retries": 1}])
            tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertEqual((tenant["error"]["class"], tenant["attempts"]), ("connect", 2), tenant["error"])


class Narrow(Pooler):
    """pgbouncer itself, which lets three clients in."""
    options = "max_client_conn = 3\ndefault_pool_size = 5\nserver_login_retry = 1\n"

    def test_its_no_is_the_servers(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int); SELECT pg_sleep(0.1);")
        names = [f"thin{i}" for i in range(8)]
        self.pg.create(*names)
        self.fleet.inventory([{"name": n, "url": self.pg.url(n, port=self.port)} for n in names])
        report = self.run_json("upgrade").report
        self.assertEqual(report["totals"]["succeeded"], 8)
        self.assertGreater(max(t["attempts"] for t in report["tenants"]), 1)

    def test_it_reads_its_settings_again(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int); SELECT pg_sleep(0.2);", down="DROP TABLE t;")
        names = [f"reload{i}" for i in range(6)]
        self.pg.create(*names)
        self.fleet.inventory([{"name": n, "url": self.pg.url(n, port=self.port)} for n in names],
                             rollout={"parallel": 2, "on_failure": "rollback"})
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        children = pathlib.Path(f"/proc/{self.bouncer.pid}/task/{self.bouncer.pid}/children").read_text().split()
        proxy = int(children[0]) if children else self.bouncer.pid  # runuser dies of the signal
        while process.poll() is None:
            os.kill(proxy, signal.SIGHUP)
            time.sleep(0.1)
        out, err = process.communicate()
        self.assertEqual((process.returncode, json.loads(out)["totals"]["succeeded"]), (0, 6), (out, err))
        self.assertIn("got SIGHUP", pathlib.Path(self.pg.dir + "/bouncer.log").read_text())

    def test_its_server_restarts(self):
        """The proxy stays, and says in its own words that it has no server."""
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int); SELECT pg_sleep(0.2);")
        names = [f"behind{i}" for i in range(6)]
        self.pg.create(*names)
        self.fleet.inventory([{"name": n, "url": self.pg.url(n, port=self.port)} for n in names],
                             rollout={"parallel": 2})
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        wait_until(lambda: self.pg.tables("behind0") == {"t"}, what="the first")
        self.pg.stop()
        time.sleep(3)
        self.pg.start()
        out, err = process.communicate(timeout=90)
        self.assertEqual((process.returncode, json.loads(out)["totals"]["succeeded"]), (0, 6), (out, err))


class Refusing:
    """Refuses the first `count` connections with this error, then passes all on."""

    def __init__(self, to_port, count, code, words):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.to_port, self.left = to_port, count
        fields = b"SFATAL\0VFATAL\0C" + code.encode() + b"\0M" + words.encode() + b"\0\0"
        self.refusal = b"E" + (len(fields) + 4).to_bytes(4, "big") + fields

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        first = peer.recv(65536)
        if first[4:8] in (b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"):  # TLS, GSSAPI: no
            peer.sendall(b"N")
            first = peer.recv(65536)
        self.left -= 1
        if self.left >= 0:
            peer.sendall(self.refusal)
            peer.close()
            return
        server = socket.create_connection(("127.0.0.1", self.to_port))
        server.sendall(first)
        threading.Thread(target=self.pass_on, args=(peer, server), daemon=True).start()
        self.pass_on(server, peer)

    def pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
