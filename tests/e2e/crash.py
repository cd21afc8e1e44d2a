#!/usr/bin/env python3
"""Crash enumeration: kill -9 at every failpoint and every n-th system call, one resume, then a look.

For a scenario (crash_scenarios.py) skein is run once undisturbed, to learn which failpoints it passes
and how many calls of each class it makes (fault_at.c). Then it is killed at one of these points, or at one
and at another again while it goes on, and:

- right after the kill, the ledger is read: it claims nothing that the databases do not hold, and a tenant
  for which it has no intent is untouched;
- after one `resume` (the command once more, where the ledger never learned of the run) every tenant has
  the versions, the schema and the rows that sqlite3(1), psql(1) or mariadb(1) make of the same sections, each effect
  once; its history is that of the undisturbed run; ledger and report say what the databases say; nothing
  holds a lock;
- a second `resume` changes nothing, in SQLite files not a byte.

`python3 crash.py --long` goes through all points; see --help. test_crash.py takes a few of each.
"""
import argparse
import concurrent.futures
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from crash_scenarios import scenarios
from harness import SKEIN, Fleet, MariaDB, Postgres, wait_until

SHIM = os.environ.get("SKEIN_FAULT_AT", os.path.join(os.path.dirname(SKEIN), "tests/e2e/fault_at.so"))
FX = "CREATE TABLE fx (rev TEXT, stmt TEXT);"
GUARD = "CREATE TABLE guard (one INTEGER); INSERT INTO guard VALUES (1);"
OURS = ("alembic_version", "skein_history")
# In memory a sync costs nothing, and kill -9 does not need a disk that keeps things.
MEMORY = "/dev/shm"
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30:
    tempfile.tempdir = MEMORY
HALVES = ("write", "send")  # what can die in the middle


class Wrong(Exception):
    """Something is not as it must be."""


def expect(is_fine, what, *details):
    if not is_fine:
        raise Wrong(what + "".join(f"\n  {detail}" for detail in details))


# ---- points ------------------------------------------------------------------------------------

class Point:
    """Where to die: `failpoint:commit:2`, `write:17:half`, …; or what else is to happen there to files
    whose path has `path` in it."""

    def __init__(self, text, what="kill", path=None):
        self.text = text
        kind, _, rest = text.partition(":")
        if kind == "failpoint":
            self.env = {"SKEIN_FAILPOINT": f"{rest}={what}"}
        else:
            self.env = {"LD_PRELOAD": os.path.abspath(SHIM), "SKEIN_FAULT": f"{text}={what}"}
            self.env.update({"SKEIN_FAULT_PATH": path} if path else {})

    def __repr__(self):
        return self.text


def points_of(failpoints, counts):
    """Some more calls than were counted: another time another thread may be quicker."""
    found = [f"failpoint:{name}:{n + 1}" for name, count in failpoints.items() for n in range(count)]
    for name, count in counts.items():
        for n in range(1, count + 1):
            for moment in ("before", "after") + (("half",) if name in HALVES else ()):
                found.append(f"{name}:{n}:{moment}")
    return [Point(text) for text in found]


# ---- databases ---------------------------------------------------------------------------------

def sections(steps, separator=";\n"):
    """The statements of the steps, for a plain tool."""
    return "".join(statement + separator for rev, way in steps
                   for statement in getattr(rev, "plain_" + way) or getattr(rev, way))


def template_sql(scenario, tenant):
    return FX + ("" if tenant in scenario.unguarded else GUARD)


class Sqlite:
    """Tenants that are files."""

    def __init__(self, fleet, scenario, server):
        self.fleet, self.scenario = fleet, scenario

    def make(self):
        return [self.fleet.sqlite(name, template_sql(self.scenario, name)) for name in self.scenario.tenants]

    def keep(self):
        pass

    def reset(self):
        pass  # the files are the fleet's

    def close(self):
        pass

    def path(self, tenant):
        return self.fleet.path("data", tenant + ".db")

    def reference(self, tenant):
        path = self.fleet.path("reference.db")
        sql = template_sql(self.scenario, tenant) + sections(self.scenario.steps_of(tenant))
        subprocess.run(["sqlite3", "-bail", path], input=sql.encode(), check=True)
        state = self.state_of(path)
        os.unlink(path)
        return state

    def state_of(self, path):
        with contextlib.closing(sqlite3.connect(path)) as db:
            tables = {name for name, in db.execute("SELECT name FROM sqlite_schema")}

            def rows(table, columns):
                sql = f"SELECT {columns} FROM {table} ORDER BY rowid"
                return [list(row) for row in db.execute(sql)] if table in tables else []
            schema = [list(row) for row in db.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2") if row[2] not in OURS]
            return {"versions": sorted(v for v, in rows("alembic_version", "version_num")), "schema": schema,
                    "fx": sorted(rows("fx", "rev, stmt")), "a": rows("a", "*"),
                    "history": rows("skein_history", "revision, direction, state, run_id")}

    def states(self):
        return {tenant: self.state_of(self.path(tenant)) for tenant in self.scenario.tenants}

    def fingerprint(self, takes=lambda image: image):
        """Bytes; a journal that lies beside them counts."""
        return {name: hashlib.sha256(takes(self.fleet.read("data/" + name))).hexdigest()
                for name in sorted(os.listdir(self.fleet.path("data")))}

    def contents(self):
        """All bytes but those by which SQLite's connections notice changes: they only ever go up. What lies
        after the last page is no part of the database: a process that is killed may leave it there."""
        def of(image):
            size = int.from_bytes(image[16:18], "big")
            end = (65536 if size == 1 else size) * int.from_bytes(image[28:32], "big")
            return image[:24] + image[28:40] + image[44:92] + image[100:end]
        return self.fingerprint(of)

    def crashed_versions(self, tenant):
        """In a copy: to look would roll a hot journal back, which skein is to do."""
        copy = self.fleet.path("copy.db")
        for ending in ("", "-journal", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(self.path(tenant) + ending, copy + ending)
        versions = self.state_of(copy)["versions"]
        for ending in ("", "-journal", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(copy + ending)
        return versions

    def check_locks(self):
        pass


# Asked of one schema: everything that the checks compare, whatever of it is there.
STATE_SQL = """
CREATE FUNCTION public.rows_of(name text, columns text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE found json;
BEGIN
    IF to_regclass(name) IS NULL THEN RETURN '[]'; END IF;
    EXECUTE format('SELECT json_agg(json_build_array(%s)) FROM %s', columns, name) INTO found;
    RETURN coalesce(found, '[]');
END $$;
CREATE FUNCTION public.schema_of(space text) RETURNS json LANGUAGE sql AS $$
    SELECT coalesce(json_agg(line ORDER BY line), '[]') FROM (
        SELECT format('column %s.%s %s %s %s', relname, attname, format_type(atttypid, atttypmod), attnotnull,
                      pg_get_expr(adbin, adrelid)) AS line
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = space::regnamespace AND relkind = 'r' AND relname <> ALL ('{alembic_version,skein_history}')
        UNION ALL
        SELECT format('index %s valid %s', pg_get_indexdef(indexrelid), indisvalid) FROM pg_index
        JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = space::regnamespace AND relname <> ALL ('{alembic_version,skein_history}')
        UNION ALL
        SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = space::regnamespace AND conname !~ 'alembic|skein') lines
$$;
CREATE FUNCTION public.state_of(space text) RETURNS json LANGUAGE sql AS $$
    SELECT json_build_object(
        'versions', rows_of(space || '.alembic_version', 'version_num'), 'schema', schema_of(space),
        'fx', rows_of(space || '.fx', 'rev, stmt'), 'a', rows_of(space || '.a', 'id, to_json(a)'),
        'history', rows_of(space || '.skein_history', 'revision, direction, state, run_id'))
$$;
"""


class PostgresTenants:
    """Tenants that are schemas of one database, made anew from a dump for each point."""

    lock = threading.Lock()
    made = 0

    def __init__(self, fleet, scenario, server):
        self.fleet, self.scenario, self.server = fleet, scenario, server
        with PostgresTenants.lock:
            PostgresTenants.made += 1
            self.name = f"crash{PostgresTenants.made}"
        self.client = server.keep_client(self.name)

    def make(self):
        self.server.create(self.name)
        self.client.sql(STATE_SQL)
        for tenant in self.scenario.tenants:
            self.renew(tenant, tenant)
        return [{"name": name, "url": self.server.url(self.name), "schema": name} for name in self.scenario.tenants]

    def renew(self, space, tenant):
        self.client.sql(f"DROP SCHEMA IF EXISTS {space} CASCADE; CREATE SCHEMA {space}; SET search_path = {space}; "
                        + template_sql(self.scenario, tenant))

    def keep(self):
        schemas = [f"--schema={tenant}" for tenant in self.scenario.tenants]
        done = subprocess.run(["pg_dump", "--inserts", "-h", self.server.dir, "-p", str(self.server.port), "-U", "skein",
                               *schemas, self.name], stdout=subprocess.PIPE, check=True)
        self.kept = re.sub(r"(?m)^\\.*$", "", done.stdout.decode())  # words of psql, newer than it may be

    def reset(self):
        drops = "".join(f"DROP SCHEMA IF EXISTS {tenant} CASCADE;" for tenant in self.scenario.tenants)
        try:
            self.client.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() "
                            f"AND pid <> pg_backend_pid(); {drops} {self.kept}; RESET ALL")
        except AssertionError as error:
            raise Wrong(str(error)) from error

    def close(self):
        self.client.close()
        self.server.psql("postgres", "-c", f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def ask(self, spaces):
        sql = " UNION ALL ".join(f"SELECT '{space}', state_of('{space}')" for space in spaces)
        states = {}
        for line in self.client.sql("RESET ALL; " + sql):
            space, _, text = line.partition("|")
            state = json.loads(text.replace(space + ".", ""))
            states[space] = {**state, "versions": sorted(v for v, in state["versions"]), "fx": sorted(state["fx"])}
        return states

    def reference(self, tenant):
        """Each statement by its own, as some must stand outside a transaction."""
        self.renew("reference", tenant)
        for statement in sections(self.scenario.steps_of(tenant), "\0").split("\0"):
            if statement:
                self.client.sql(statement)
        return self.ask(["reference"])["reference"]

    def states(self):
        return self.ask(self.scenario.tenants)

    def fingerprint(self):
        sql = " UNION ALL ".join(
            f"SELECT '{t}', schema_of('{t}'), rows_of('{t}.alembic_version', 'version_num, xmin'), "
            f"rows_of('{t}.skein_history', 'id, applied_at, xmin'), rows_of('{t}.fx', 'rev, stmt, xmin')"
            for t in self.scenario.tenants)
        return self.client.sql("RESET ALL; " + sql)

    def crashed_versions(self, tenant):
        return self.ask([tenant])[tenant]["versions"]

    def check_locks(self):
        sql = ("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
               "(SELECT oid FROM pg_database WHERE datname = current_database())")
        wait_until(lambda: self.client.sql(sql) == ["0"], 10, "advisory locks are left")


class MariaDBTenants:
    """Tenants that are databases, made anew from a dump for each point."""

    lock = threading.Lock()
    made = 0
    SCHEMA = ("SELECT CONCAT_WS(' ', 'column', table_name, column_name, column_type, is_nullable, column_default) "
              "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT IN "
              "('alembic_version', 'skein_history') UNION ALL "
              "SELECT CONCAT_WS(' ', 'index', table_name, index_name, seq_in_index, column_name, non_unique) "
              "FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name NOT IN "
              "('alembic_version', 'skein_history') ORDER BY 1")

    def __init__(self, fleet, scenario, server):
        self.fleet, self.scenario, self.server = fleet, scenario, server
        with MariaDBTenants.lock:
            MariaDBTenants.made += 1
            self.prefix = f"crash{MariaDBTenants.made}_"
        self.kept = {}
        self.client = server.keep_client()

    def name(self, tenant):
        return self.prefix + tenant

    def ask(self, tenant, sql):
        return [line.split("\t") for line in self.client.sql(f"USE {self.name(tenant)}; {sql}")]

    def renew(self, tenant, sql):
        name = self.name(tenant)
        self.client.sql(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}; USE {name}; {sql}")

    def make(self):
        for tenant in self.scenario.tenants:
            self.renew(tenant, template_sql(self.scenario, tenant))
        return [{"name": name, "url": self.server.url(self.name(name))} for name in self.scenario.tenants]

    def keep(self):
        for tenant in self.scenario.tenants:
            done = subprocess.run(["mariadb-dump", "--no-defaults", f"--socket={self.server.socket}", "-uskein",
                                   f"-p{self.server.SECRET}", self.name(tenant)], stdout=subprocess.PIPE, check=True)
            self.kept[tenant] = done.stdout.decode()

    def reset(self):
        for tenant in self.scenario.tenants:
            self.renew(tenant, self.kept[tenant])

    def close(self):
        for tenant in (*self.scenario.tenants, "reference"):
            self.client.sql(f"DROP DATABASE IF EXISTS {self.name(tenant)}")
        self.client.close()

    def reference(self, tenant):
        self.renew("reference", template_sql(self.scenario, tenant) + sections(self.scenario.steps_of(tenant)))
        return self.state_of("reference")

    def state_of(self, tenant):
        tables = {row[0] for row in self.ask(tenant, "SHOW TABLES")}

        def rows(table, columns, order="1"):
            return self.ask(tenant, f"SELECT {columns} FROM {table} ORDER BY {order}") if table in tables else []
        return {"versions": sorted(row[0] for row in rows("alembic_version", "version_num")),
                "schema": self.ask(tenant, self.SCHEMA), "fx": sorted(rows("fx", "rev, stmt")), "a": rows("a", "*"),
                "history": rows("skein_history", "revision, direction, state, run_id", "id"),
                "history_rows": rows("skein_history", "*", "id")}

    def states(self):
        return {tenant: self.state_of(tenant) for tenant in self.scenario.tenants}

    def fingerprint(self):
        return self.states()

    def crashed_versions(self, tenant):
        return self.state_of(tenant)["versions"]

    def check_locks(self):
        """What a run that was killed has sent is run to its end; its locks go with its sessions."""
        sql = ("SELECT COUNT(*) FROM information_schema.processlist "
               f"WHERE id <> CONNECTION_ID() AND db LIKE '{self.prefix}%'")
        wait_until(lambda: self.client.sql(sql) == ["0"], 10, "sessions are left")


ENGINES = {"sqlite": Sqlite, "postgresql": PostgresTenants, "mysql": MariaDBTenants}
SERVERS = {"postgresql": lambda: Postgres("max_connections=100"), "mysql": MariaDB}


# ---- a world to crash in -----------------------------------------------------------------------

class World:
    """A fleet of one scenario, that can be put back to where it was."""

    def __init__(self, scenario, engine, server=None):
        self.scenario, self.engine = scenario, engine
        self.fleet = Fleet()
        self.kept = self.fleet.dir + ".kept"
        self.tenants = ENGINES[engine](self.fleet, scenario, server)
        self.make()

    def close(self):
        self.tenants.close()
        self.fleet.close()
        shutil.rmtree(self.kept, ignore_errors=True)

    def make(self):
        for rev in self.scenario.chain:
            self.write_revision(rev)
        defaults = {"lock_timeout": "30s", **self.scenario.keys.get("defaults", {})}
        self.fleet.inventory(self.tenants.make(), **{**self.scenario.keys, "defaults": defaults})
        self.reference = {t: self.tenants.reference(t) for t in self.scenario.tenants}
        self.first_contents = self.tenants.contents() if self.scenario.keeps_bytes else None
        for args in self.scenario.before:
            result = self.fleet.run(*args)
            expect(result.code == 0, f"before: {args}", result)
        self.tenants.keep()
        shutil.copytree(self.fleet.dir, self.kept)
        self.kept_bytes = self.tenants.fingerprint()
        self.old_runs = set(self.ledger_runs())
        self.learn()

    def write_revision(self, rev):
        parts = [f"-- R\n--\n-- Revision ID: {rev.id}\n-- Revises: {rev.revises}\n"]
        for way, statements in (("up", rev.up), ("down", rev.down)):
            parts.append(f"-- migrate:{way}{rev.options}\n" + "".join(s + ";\n" for s in statements))
        self.fleet.write(f"versions/{rev.id}.sql", "\n".join(parts))

    def reset(self):
        shutil.rmtree(self.fleet.dir)
        shutil.copytree(self.kept, self.fleet.dir)
        self.tenants.reset()

    def learn(self):
        """What an undisturbed run passes, and what it leaves."""
        trace, counts = self.kept + ".trace", self.kept + ".counts"
        for env in ({"SKEIN_FAILPOINT_TRACE": trace}, {"LD_PRELOAD": os.path.abspath(SHIM), "SKEIN_FAULT_COUNTS": counts}):
            self.reset()
            result = self.fleet.run(*self.scenario.command, env=env)
            expect(result.code in self.scenario.codes, "undisturbed", result)
        self.history = {t: self.history_of(s) for t, s in self.tenants.states().items()}
        with open(trace) as file:
            names = file.read().split()
        with open(counts) as file:
            lines = [line.split() for line in file]
        os.unlink(trace)
        os.unlink(counts)
        self.passed = {name: names.count(name) for name in names}
        self.points = points_of(self.passed, {name: int(count) for name, count in lines})
        self.check_end()

    def history_of(self, state):
        return sorted(row[:3] for row in state["history"])

    # ---- the ledger, as whoever has sqlite3 reads it ----

    def ledger_rows(self, sql):
        """In a copy: closing it would put the WAL away, which skein is to do."""
        source, copy = self.fleet.path(".skein"), self.fleet.path("ledger-copy")
        if not os.path.exists(os.path.join(source, "ledger.db")):
            return []
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("snapshots"))
        try:
            with contextlib.closing(sqlite3.connect(os.path.join(copy, "ledger.db"))) as db:
                expect(db.execute("PRAGMA quick_check").fetchall() == [("ok",)], "the ledger is damaged")
                has_tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
                return db.execute(sql).fetchall() if has_tables else []
        finally:
            shutil.rmtree(copy)

    def ledger_runs(self):
        return [run for run, in self.ledger_rows("SELECT id FROM runs ORDER BY seq")]

    # ---- a point ----

    def kill(self, command, point):
        """True: it died there. It may as well have been done before."""
        process = self.fleet.start(*command, "-o", "json", "--progress", "none", env=point.env)
        try:
            out, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Wrong("hangs")
        is_killed = process.returncode == -signal.SIGKILL
        expect(is_killed or process.returncode in (*self.scenario.codes, 2, 4), f"exit {process.returncode}", out.decode(),
               err.decode())
        return is_killed

    def go_on(self):
        return ["resume"] if set(self.ledger_runs()) - self.old_runs else self.scenario.command

    def check_crashed(self, is_first):
        """The ledger never leads, and nobody is touched without an intent."""
        rows = self.ledger_rows(
            "SELECT tenants.name, coalesce(r.is_begun, 0), CASE WHEN NOT r.is_running THEN r.outcome END, "
            "(SELECT group_concat(item) FROM revision_lists WHERE list = r.left_at) "
            "FROM runs JOIN fleet_tenants AS member USING (fleet) JOIN tenants ON tenants.id = member.tenant "
            "LEFT JOIN run_tenants AS r ON r.run = runs.seq AND r.n = member.n "
            "WHERE runs.seq = (SELECT max(seq) FROM runs)")
        names = dict(self.ledger_rows("SELECT number, name FROM names WHERE what = 'tenant'"))
        is_new = bool(set(self.ledger_runs()) - self.old_runs)
        begun = {name for name, is_begun, _, _ in rows if is_begun and is_new}
        if self.engine == "sqlite" and is_first:
            now = self.tenants.fingerprint()
            for name in set(self.scenario.tenants) - begun:
                expect(now[name + ".db"] == self.kept_bytes[name + ".db"], f"{name} was touched without an intent")
        for name, _, outcome, left_at in rows if is_new else []:
            if outcome is not None and names[outcome] in ("succeeded", "unchanged", "rolled_back"):
                claimed = sorted(left_at.split(",")) if left_at else []
                held = self.tenants.crashed_versions(name)
                expect(held == claimed, f"the ledger leads: {name} is {names[outcome]}", claimed, held)

    def finish(self):
        """One command to the end; a person's answers where only a person can tell."""
        result = self.fleet.run(*self.go_on(), "-o", "json", "--progress", "none")
        while result.code == 4 and self.scenario.asks:
            partial = [t["name"] for t in result.report["tenants"] if t["state"] == "partial"]
            expect(partial, "who is partial?", result)
            for tenant in partial:
                self.answer(tenant)
            result = self.fleet.run("resume", "-o", "json", "--progress", "none")
        self.check_exit(result)
        return result

    def answer(self, tenant):
        """Looks which of the rows are there, as the person would."""
        state = self.tenants.states()[tenant]
        statements = next(row for row in self.doubts(tenant))
        stmt = re.search(r"'bbbb2222', '(\w+)'", statements).group(1)
        word = "--done" if ["bbbb2222", stmt] in state["fx"] else "--undone"
        result = self.fleet.run("resolve", tenant, word)
        expect(result.code == 0, f"resolve {tenant} {word}", result)

    def doubts(self, tenant):
        for found in json.loads(self.fleet.run("plan", "-o", "json").out)["tenants"]:
            if found["name"] == tenant:
                yield found["error"]["statement"]

    def check_exit(self, result):
        """A run that was taken back, or took one back, is not gone on with: it is done."""
        is_over = result.code == 2 and ("nothing left of it" in result.err or "and is done" in result.err)
        expect(is_over or result.code in self.scenario.codes, f"exit {result.code}", result)

    def check_end(self, result=None):
        self.tenants.check_locks()
        if self.scenario.keeps_bytes:
            now = self.tenants.contents()
            expect(now == self.first_contents, "bytes are not what they were", now, self.first_contents)
            return
        states = self.tenants.states()
        for name, state in states.items():
            wanted = self.reference[name]
            versions = [] if name in self.scenario.unguarded else sorted(self.scenario.versions)
            expect(state["versions"] == versions, f"{name}: versions", state["versions"])
            for key in ("schema", "fx", "a"):
                expect(state[key] == wanted[key], f"{name}: {key}", state[key], wanted[key])
            expect(self.history_of(state) == self.history[name], f"{name}: history", state["history"], self.history[name])
        self.check_ledger(states)
        if result and result.code != 2:
            self.check_report(result.report, states)

    def check_ledger(self, states):
        rows = self.ledger_rows("SELECT tenant, state, stands_at FROM outcomes WHERE run = (SELECT id FROM runs "
                                "ORDER BY seq DESC LIMIT 1)")
        for tenant, state, stands_at in rows:
            expect(state not in ("running", "in_doubt", "partial", "rollback_failed"), f"the ledger has {tenant} {state}")
            if stands_at is not None:
                expect(sorted(filter(None, stands_at.split(","))) == states[tenant]["versions"],
                       f"the ledger has {tenant} at {stands_at}")

    def check_report(self, report, states):
        for tenant in report["tenants"]:
            expect(tenant["state"] in ("succeeded", "unchanged", "rolled_back", "failed", "skipped"), "report", tenant)
            if tenant["state"] in ("succeeded", "unchanged"):
                expect(sorted(tenant["to"]) == states[tenant["name"]]["versions"], "report", tenant)
            for step in tenant["steps"]:
                rows = self.scenario.rows.get(step["revision"])
                expect(step.get("rows") == rows, "report: rows of batches", tenant)

    def check(self, points):
        """How many of the points killed."""
        self.reset()
        killed = int(self.kill(self.scenario.command, points[0]))
        self.check_crashed(is_first=True)
        for point in points[1:]:
            killed += self.kill(self.go_on(), point)
            self.check_crashed(is_first=False)
        self.check_recovery()
        return killed

    def check_recovery(self):
        self.check_end(self.finish())
        before = self.tenants.fingerprint()
        self.check_exit(self.fleet.run("resume", "-o", "json", "--progress", "none"))
        expect(self.tenants.fingerprint() == before, "a second resume changed something", before, self.tenants.fingerprint())
        self.check_end()


# ---- many of them ------------------------------------------------------------------------------

class Tally:
    def __init__(self):
        self.tried = self.killed = 0
        self.wrong = []
        self.states = set()
        self.lock = threading.Lock()

    def note(self, scenario, points, killed, wrong=None):
        with self.lock:
            self.tried += 1
            self.killed += killed
            if killed:
                self.states |= {p.text.split(":")[1] for p in points if p.text.startswith("failpoint:")}
            if wrong:
                self.wrong.append(f"{scenario}: {points}: {wrong}")


def choose(world, seed, singles, pairs):
    """Lists of points; None: every single one."""
    dice = random.Random(f"{seed} {world.engine} {world.scenario.name}")
    every = [[point] for point in world.points]
    chosen = every if singles is None else dice.sample(every, min(singles, len(every)))
    return chosen + [[dice.choice(world.points), dice.choice(world.points)] for _ in range(pairs)]


def enumerate_world(world, chosen, tally):
    name = f"{world.engine} {world.scenario.name}"
    for points in chosen:
        try:
            tally.note(name, points, world.check(points))
        except (Wrong, AssertionError, sqlite3.Error, subprocess.SubprocessError) as wrong:
            tally.note(name, points, 0, wrong)


def enumerate_scenario(scenario, engine, server, seed, singles, pairs, workers, tally):
    """Each worker has a world of its own."""
    worlds = [World(scenario, engine, server) for _ in range(workers)]
    try:
        chosen = choose(worlds[0], seed, singles, pairs)
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            for i, world in enumerate(worlds):
                pool.submit(enumerate_world, world, chosen[i::workers], tally)
    finally:
        for world in worlds:
            world.close()


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--long", action="store_true", help="every single point, and 1,000 pairs a scenario")
    ask.add_argument("--singles", type=int, default=20, help="single points a scenario, by random choice")
    ask.add_argument("--pairs", type=int, help="pairs a scenario (default: 10)")
    ask.add_argument("--seed", default=str(time.time_ns() % 1000000))
    ask.add_argument("--jobs", type=int, default=os.cpu_count())
    ask.add_argument("--engine", action="append", choices=sorted(ENGINES))
    ask.add_argument("--scenario", action="append")
    ask.add_argument("--at", nargs="+", help="only this: one point or more, e.g. write:17:half failpoint:lock:1")
    options = ask.parse_args()
    return run(options)


def run(options):
    singles = None if options.long else options.singles
    pairs = options.pairs if options.pairs is not None else 1000 if options.long else 10
    total = Tally()
    print(f"seed {options.seed}", flush=True)
    for engine in options.engine or sorted(ENGINES):
        server = SERVERS[engine]() if engine in SERVERS else None
        try:
            for scenario in scenarios(engine):
                if options.scenario and scenario.name not in options.scenario:
                    continue
                tally, begun = Tally(), time.monotonic()
                if options.at:
                    with contextlib.closing(World(scenario, engine, server)) as world:
                        enumerate_world(world, [[Point(text) for text in options.at]], tally)
                else:
                    enumerate_scenario(scenario, engine, server, options.seed, singles, pairs, options.jobs, tally)
                print(f"{engine} {scenario.name}: {tally.tried} tried, {tally.killed} kills, "
                      f"{len(tally.wrong)} wrong, {time.monotonic() - begun:.1f} s", flush=True)
                for wrong in tally.wrong:
                    print(f"WRONG {wrong}", flush=True)
                total.tried += tally.tried
                total.killed += tally.killed
                total.wrong += tally.wrong
                total.states |= tally.states
        finally:
            if server:
                server.close()
    print(f"{total.tried} tried, {total.killed} kills, {len(total.wrong)} wrong; failpoints that killed: "
          f"{' '.join(sorted(total.states))}")
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
