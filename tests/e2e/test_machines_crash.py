#!/usr/bin/env python3
"""kill -9 of a machine at the statements of the ledger's protocol, while another machine works on the same run.

Each statement that skein sends to a shared ledger is a failpoint, named by the beginning of its text (src/ledger/store.c). An
undisturbed run tells which ones each machine passes, and how often. Then one machine dies at one of them, and the run has to end without a
person: effects are counted by rows without keys, and the ledger must say what the tenants hold.

CI takes a choice by the day (SKEIN_CRASH_SEED), MACHINES_CRASH_POINTS=50 a larger one; all of them: MACHINES_CRASH=all python3 tests/e2e/test_machines_crash.py
"""
import concurrent.futures
import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest

from harness import Fleet, MariaDB, Postgres, main, wait_until

SEED = os.environ.get("SKEIN_CRASH_SEED", time.strftime("%Y%m%d"))
TAKES_ALL = os.environ.get("MACHINES_CRASH") == "all"
WORKERS = 3
SCHEMAS = ("p0", "p1", "p2")
FILES = ("f0", "f1", "f2", "f3")
DATABASES = ("m0", "m1")  # on MariaDB


class Wrong(Exception):
    pass


class Scenario:
    """`codes`: how machines end. `rows`: what each tenant holds at the end. `command`: what begins the run; a rollback is of an upgrade before it."""

    def __init__(self, name, codes, rows, rollout, fails=False, command="upgrade"):
        self.name, self.codes, self.rows, self.rollout, self.fails, self.command = name, codes, rows, rollout, fails, command


WAVES = [{"name": "canary", "select": "name in (f0,p0)", "soak": "50ms"}, {"name": "rest"}]
SCENARIOS = [
    Scenario("waves", (0,), ["down0", "up"], {"waves": WAVES, "gates": {"after_wave": ["true"], "after_run": ["true"]}}),
    Scenario("rollback", (3,), ["down0", "up", "down"], {"on_failure": "rollback"}, fails=True),
    Scenario("back", (0,), ["down0", "up", "down"], {}, command="rollback"),
]


class World:
    """A fleet and a ledger of their own, and two machines."""

    made = 0
    lock = threading.Lock()

    def __init__(self, server, maria, scenario):
        with World.lock:
            World.made += 1
            self.name = f"w{World.made}"
        self.server, self.maria, self.scenario = server, maria, scenario
        self.fleet, self.machines = Fleet(), []
        tenants = self.server.create(self.name)
        self.client = self.server.keep_client(self.name)
        for schema in SCHEMAS:
            self.client.sql(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.log (what text); INSERT INTO {schema}.log VALUES ('down0')")
        tenants = [{"name": schema, "url": tenants[0]["url"], "schema": schema} for schema in SCHEMAS]
        tenants += [self.fleet.sqlite(name, "CREATE TABLE log (what text); INSERT INTO log VALUES ('down0');") for name in FILES]
        for name in DATABASES:
            tenants += [{**tenant, "name": name} for tenant in self.maria.create(self.database(name))]
            self.maria.sql(self.database(name), "CREATE TABLE log (what text); INSERT INTO log VALUES ('down0')")
        self.fleet.revision("aaaa1111", down="INSERT INTO log VALUES ('down');",
                            up="-- migrate:up dialect:sqlite\nINSERT INTO log VALUES ('up');\n\n-- migrate:up dialect:postgresql\n"
                               "INSERT INTO log VALUES ('up');\nSELECT pg_sleep(0.1);\n\n-- migrate:up dialect:mysql\n"
                               "INSERT INTO log VALUES ('up');\nDO SLEEP(0.1);\n")
        if scenario.fails:
            # in one tenant alone, and only once both machines are at work
            self.fleet.revision("bbbb2222", down="SELECT 1;", up="INSERT INTO log SELECT what FROM only_here WHERE 0 = 1;")
            for schema in SCHEMAS:
                self.client.sql(f"CREATE TABLE {schema}.only_here (what text)")
            for name in DATABASES:
                self.maria.sql(self.database(name), "CREATE TABLE only_here (what text)")
            for name in FILES[:-1]:
                self.fleet.query(name, "CREATE TABLE only_here (what text)")
        both = f"until [ -e {self.fleet.path('go')} ]; do sleep 0.02; done"
        if scenario.command == "rollback":
            self.fleet.inventory(tenants, ledger=server.url(self.name))
            done = self.fleet.run("upgrade")
            self.expect(done.code == 0, "the run that is rolled back", done)
        rollout = {"parallel": 2, **scenario.rollout}
        rollout["gates"] = {"before_run": ["sh", "-c", both], **rollout.get("gates", {})}
        self.fleet.inventory(tenants, ledger=server.url(self.name), rollout=rollout)

    def database(self, name):
        return f"{self.name}{name}"

    def close(self):
        for process in self.machines:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.client.close()
        self.fleet.close()
        if TAKES_ALL:
            for name in DATABASES:
                self.maria.sql("", f"DROP DATABASE {self.database(name)}")
            self.server.psql("postgres", "-c", f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def start(self, *args, env=None):
        process = self.fleet.start(*args, "--progress", "none", "-q", env={"SKEIN_LEASE_MS": "1000", **(env or {})})
        self.machines.append(process)
        return process

    def ledger(self, text):
        """The first value, as a text; None: there is no ledger yet."""
        there = self.client.sql("SELECT to_regclass('skein_ledger.machines') IS NOT NULL")
        return self.client.sql(f"SET search_path = skein_ledger; {text}; RESET search_path")[0] if there == ["t"] else None

    def play(self, first_env=None, second_env=None):
        """Two machines work to the end; who began the run is started again where it has died before anyone could know of it."""
        was = int(self.ledger("SELECT coalesce(max(seq), 0) FROM runs") or 0)
        first = self.start(self.scenario.command, "--as", "first", env=first_env)
        second = self.start("work", "--as", "second", "--wait", "40s", env=second_env)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.ledger(f"SELECT count(*) > 1 FROM machines WHERE run > {was}") != "t":
            dead = [process for process in (first, second) if process.poll() is not None]
            if dead and (first.poll() is None or self.ledger(f"SELECT count(*) > 0 FROM courses WHERE run > {was}") == "t"):
                break
            if dead:
                self.start(self.scenario.command, "--as", "again")
                break
            time.sleep(0.03)
        self.fleet.write("go", "")
        killed = 0
        for process in self.machines:
            out, err = process.communicate(timeout=60)
            killed += process.returncode == -signal.SIGKILL
            # 2: the other one ended the run before this one came to it
            if process.returncode not in (*self.scenario.codes, -signal.SIGKILL) and not (process is second and process.returncode == 2):
                raise Wrong(f"exit {process.returncode} of {process.args[3:]}\n{out.decode()}\n{err.decode()}")
        return killed

    def rows(self, name):
        if name in FILES:
            return [what for what, in self.fleet.query(name, "SELECT what FROM log ORDER BY rowid")]
        if name in DATABASES:
            return [what for what, in self.maria.sql(self.database(name), "SELECT what FROM log")]
        return self.client.sql(f"SELECT what FROM {name}.log")

    def expect(self, is_so, what, *details):
        if not is_so:
            raise Wrong("\n".join([what, *map(str, details)]))

    def check(self):
        """Each effect is there once, and the ledger says what the tenants hold."""
        state = {0: "succeeded", 3: "rolled_back"}[self.scenario.codes[0]]
        done = "succeeded" if self.scenario.command == "upgrade" else "rolled_back"
        report = self.fleet.run("report", "-o", "json").report
        self.expect(report["run"]["state"] == state, f"the run is {report['run']['state']}", report["totals"], report["errors"])
        for tenant in report["tenants"]:
            rows = self.rows(tenant["name"])
            is_untouched = rows == ["down0"] and self.scenario.fails and tenant["state"] in ("failed", "skipped", "rolled_back")
            self.expect(rows == self.scenario.rows or is_untouched, f"{tenant['name']} holds {rows}", tenant)
            self.expect(tenant["state"] == (done if state == "succeeded" else tenant["state"]), "state", tenant)
        self.expect(self.ledger("SELECT count(*) FROM claims WHERE state = 1") == "0", "claims are left")
        self.expect(self.ledger("SELECT count(*) FROM run_tenants WHERE is_running") == "0", "someone is still at work")
        if done == "succeeded" and state == "succeeded":
            again = self.fleet.run("upgrade", "-o", "json")
            self.expect(again.code == 0 and again.report["totals"]["unchanged"] == len(FILES) + len(SCHEMAS) + len(DATABASES), "once more", again)


class AtEveryStatement(unittest.TestCase):
    POINTS = int(os.environ.get("MACHINES_CRASH_POINTS", "5"))  # of each scenario and machine

    @classmethod
    def setUpClass(cls):
        cls.server, cls.maria = Postgres("max_connections=100"), MariaDB()
        cls.addClassCleanup(cls.server.close)
        cls.addClassCleanup(cls.maria.close)

    def learn(self, scenario):
        """(which machine, the failpoint, its pass), as an undisturbed run has them."""
        world = World(self.server, self.maria, scenario)
        try:
            traces = [world.fleet.path(name) for name in ("trace1", "trace2")]
            world.play(*({"SKEIN_FAILPOINT_TRACE": path} for path in traces))
            world.check()
            found = []
            for machine, path in enumerate(traces):
                with open(path) as file:
                    names = [name for name in file.read().split() if name.startswith("sql_")]
                self.assertGreater(len(set(names)), 20)
                most = 3 if not TAKES_ALL else 1000
                found += [(machine, name, n + 1) for name in sorted(set(names)) for n in range(min(names.count(name), most))]
            return found
        finally:
            world.close()

    def die_at(self, scenario, point):
        """What went wrong; whether it came to that point at all."""
        machine, name, number = point
        world = World(self.server, self.maria, scenario)
        try:
            envs = [None, None]
            envs[machine] = {"SKEIN_FAILPOINT": f"{name}:{number}=kill"}
            killed = world.play(*envs)
            world.check()
            return None, killed
        except (Wrong, AssertionError, subprocess.TimeoutExpired) as error:
            print(f"{scenario.name}, machine {machine}, {name}:{number}: {error}", flush=True)
            return f"{scenario.name}, machine {machine}, {name}:{number}: {error}", 0
        finally:
            world.close()

    def test_the_other_machine_ends_the_run(self):
        dice = random.Random(SEED)
        for scenario in SCENARIOS:
            with self.subTest(scenario=scenario.name, seed=SEED):
                points = self.learn(scenario)
                if not TAKES_ALL:
                    points = dice.sample(points, 2 * self.POINTS)
                with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
                    results = list(pool.map(lambda point: self.die_at(scenario, point), points))
                self.assertEqual([wrong for wrong, _ in results if wrong], [])
                killed = sum(killed for _, killed in results)
                print(f"{scenario.name}: {len(points)} statements, {killed} kills, seed {SEED}")
                # where machines share the work in another way, one is not passed so often
                self.assertGreater(killed, len(points) // 3)


class AtTheSameMoment(unittest.TestCase):
    """Two machines open a ledger that is not there yet, and one waits at a statement while the other one makes it."""

    @classmethod
    def setUpClass(cls):
        cls.server = Postgres()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.fleet = Fleet()
        self.addCleanup(self.fleet.close)
        self.tenants = [self.fleet.sqlite("f0")]
        self.fleet.revision("aaaa1111", up="CREATE TABLE log (what text);")

    def new_ledger(self, name):
        self.server.create(name)
        return self.fleet.write(f"{name}.yaml", json.dumps({"chain": "versions", "ledger": self.server.url(name), "tenants": self.tenants}))

    def begin(self, inventory, name, point=None, ms=500):
        """Makes the ledger, and finds no run to go on with. Waits at `point`: (a statement, its pass)."""
        env = {"SKEIN_FAILPOINT_TRACE": self.fleet.path(name)}
        if point:
            env["SKEIN_FAILPOINT"] = f"{point[0]}:{point[1]}=delay:{ms}"
        process = self.fleet.start("resume", "-q", "--wait", "20s", inventory=inventory, env=env)
        if point:
            wait_until(lambda: process.poll() is not None or self.passed(name).count(point[0]) >= point[1], what=f"{point}")
        return process

    def passed(self, name):
        if not os.path.exists(self.fleet.path(name)):
            return []
        return [word for word in self.fleet.read(name).decode().split() if word.startswith("sql_")]

    def end(self, what, *processes):
        """What those said who did not come to a ledger."""
        said = [process.communicate(timeout=60)[1].decode() for process in processes]
        return [f"{what}: {text}" for text in said if "no run" not in text]

    def learn(self):
        self.test_ledger = self._testMethodName[5:30]
        self.end("learner", self.begin(self.new_ledger(self.test_ledger), "trace"))
        names = self.passed("trace")
        return [(name, names[:i + 1].count(name)) for i, name in enumerate(names)]

    def meet_at(self, number, point):
        inventory = self.new_ledger(f"meet{number}")
        slow = self.begin(inventory, f"slow{number}", point)
        return self.end(point, self.begin(inventory, f"quick{number}"), slow)

    def test_a_ledger_that_another_makes_is_opened(self):
        points = self.learn()
        self.assertGreater(len(points), 6)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            wrong = pool.map(lambda i: self.meet_at(i, points[i]), range(len(points)))
            self.assertEqual([text for texts in wrong for text in texts], [])

    def test_who_waited_for_the_lock_knows_of_the_tables_that_were_made_meanwhile(self):
        """A server's session may not know of a few changes of the catalog until it begins something else. So a ledger that was made before is
        put in its place, in the moment in which skein waits for whoever makes it."""
        points = self.learn()
        made = self.test_ledger
        inventory = self.fleet.path(f"{made}.yaml")
        at_lock = next(i for i, point in enumerate(points) if "pg_advisory_xact_lock" in point[0])
        holds = self.begin(self.new_ledger("holds"), "holds", points[at_lock + 2], 1500)  # the one before it has had an answer, so the lock is there
        (key,), = self.server.sql("holds", "SELECT concat(classid, ', ', objid) FROM pg_locks WHERE locktype = 'advisory' AND "
                                           "database = (SELECT oid FROM pg_database WHERE datname = current_database())")
        self.assertEqual(self.end("the holder", holds), [])
        self.server.sql(made, "ALTER SCHEMA skein_ledger RENAME TO made")
        self.server.sql(made, "CREATE SCHEMA skein_ledger")
        waits = self.begin(inventory, "waits", points[at_lock], 1500)
        asked = f"SELECT wait_event FROM pg_stat_activity WHERE datname = '{made}' AND application_name = 'skein ledger'"
        move = ("DO $$ DECLARE name text; BEGIN FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'made'::regnamespace AND relkind IN ('r', 'v') "
                "LOOP EXECUTE format('ALTER TABLE made.%I SET SCHEMA skein_ledger', name); END LOOP; END $$")
        with self.server.session(made, f"BEGIN; SELECT pg_advisory_xact_lock({key}); {move};") as makes:
            wait_until(lambda: self.server.sql(made, asked) == [["advisory"]], what="the lock")
            makes.stdin.write(b"COMMIT;\n")
            makes.stdin.flush()
            self.assertEqual(self.end("the lock", waits), [])


if __name__ == "__main__":
    main()
