#!/usr/bin/env python3
"""Whole runs of skein beside the floor, in turn, as ratios.

Each benchmark makes a fleet in a temporary folder, then runs skein and the floor alternately on fresh
copies of it, and prints the median of each and of the pairwise ratios. Peers that are installed run
once at the end, for scale.
"""
import argparse
import contextlib
import os
import queue
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import ledger  # noqa: E402
from harness import MariaDB, Postgres  # noqa: E402
from measuring import measure, median  # noqa: E402

REVISIONS = 10
IDS = [f"{i:x}{i:x}{i:x}{i:x}00{i:02d}" for i in range(1, REVISIONS + 1)]


def up(i):
    return (f"CREATE TABLE t{i} (id INTEGER PRIMARY KEY, tenant_ref INTEGER NOT NULL, title VARCHAR(80) NOT NULL, "
            f"created_at TIMESTAMP);\n"
            f"CREATE INDEX t{i}_title ON t{i} (title);\n"
            f"INSERT INTO t{i} (id, tenant_ref, title) VALUES (1, {i}, 'first'), (2, {i}, 'second');\n"
            f"ALTER TABLE t{i} ADD COLUMN note TEXT;\n")


class Fleet:
    def __init__(self, begin):
        self.dir = tempfile.mkdtemp(prefix="skein-bench-")
        os.mkdir(self.path("versions"))
        last = ""
        for i, id_ in enumerate(IDS, 1):
            with open(self.path("versions", id_ + ".sql"), "w") as file:
                file.write(f"-- Revision {i}\n--\n-- Revision ID: {id_}\n-- Revises: {last}\n\n"
                           f"-- migrate:up\n{up(i)}\n-- migrate:down\nDROP TABLE t{i};\n")
            last = id_
        with open(self.path("script.sql"), "w") as file:
            file.write(f"{begin};\n" + "".join(up(i) for i in range(1, REVISIONS + 1)) + "COMMIT;\n")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def inventory(self, tenants, parallel, per_server=None):
        with open(self.path("skein.yaml"), "w") as file:
            file.write(f"chain: versions\nrollout: {{parallel: {parallel}, "
                       f"per_server: {per_server or parallel}}}\ntenants:\n")
            file.writelines(f"  - {{name: {name}, url: '{url}'}}\n" for name, url in tenants)

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def compare(title, runs, prepare, skein, floor, target):
    """Before each run `prepare()` puts the fleet back; who is first changes from turn to turn."""
    pairs = []
    for turn in range(runs + 1):  # the first is the warm-up
        both = {}
        order = [("skein", skein), ("floor", floor)]
        for name, run in order if turn % 2 else reversed(order):
            prepare()
            os.sync()
            both[name] = run()
        if turn:
            pairs.append(both)
    ratios = sorted(p["skein"][0] / p["floor"][0] for p in pairs)
    print(f"{title:44} skein {median([p['skein'][0] for p in pairs]):7.3f} s  "
          f"floor {median([p['floor'][0] for p in pairs]):7.3f} s  "
          f"ratio {median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}; wanted at most {target})  "
          f"cpu {median([p['skein'][1] for p in pairs]):6.2f} to {median([p['floor'][1] for p in pairs]):6.2f} s  "
          f"skein's peak {median([p['skein'][2] for p in pairs]):5.1f} MiB", flush=True)


class Sqlite:
    def __init__(self, args, count, parallel=32):
        self.args, self.count, self.parallel = args, count, parallel
        self.fleet = Fleet("BEGIN IMMEDIATE")
        self.fleet.inventory(((f"t{i:06}", f"sqlite:///data/t{i:06}.db") for i in range(count)), parallel)
        with open(self.fleet.path("paths"), "w") as file:
            file.writelines(self.fleet.path("data", f"t{i:06}.db") + "\n" for i in range(count))
        self.skein_command = [os.path.join(args.build, "skein"), "-f", self.fleet.path("skein.yaml"),
                              "--progress", "none"]

    def clear(self):
        shutil.rmtree(self.fleet.path("data"), ignore_errors=True)
        os.mkdir(self.fleet.path("data"))
        for i in range(self.count):
            open(self.fleet.path("data", f"t{i:06}.db"), "w").close()

    def skein(self, *arguments):
        return measure([*self.skein_command, *(arguments or ("upgrade",))], stderr=subprocess.DEVNULL)

    def floor(self, script):
        with open(self.fleet.path("paths")) as paths:
            return measure([os.path.join(self.args.build, "tests/bench/floor_sqlite"), str(self.parallel),
                            script], stdin=paths)


def sqlite_upgrade(args):
    bench = Sqlite(args, args.tenants or 2000)
    compare(f"upgrade, {bench.count} SQLite tenants", args.runs, bench.clear, bench.skein,
            lambda: bench.floor(bench.fleet.path("script.sql")), 1.25)
    bench.fleet.close()


def sqlite_noop(args):
    bench = Sqlite(args, args.tenants or 10000)
    bench.clear()
    bench.skein()
    compare(f"nothing to do, {bench.count} SQLite tenants", args.runs, lambda: None, bench.skein,
            lambda: bench.floor("-"), 2.0)
    bench.fleet.close()


def postgres(args, title, count, parallel, target, script=None, auth="trust"):
    pg = Postgres("fsync=on", "synchronous_commit=on", f"max_connections={parallel + 20}",
                  "shared_buffers=128MB", auth=auth)
    os.environ["PGPASSWORD"] = "superuser-secret"
    fleet = Fleet("BEGIN")
    names = [f"t{i:04}" for i in range(count)]
    fleet.inventory(((name, pg.url(name)) for name in names), parallel)
    with open(fleet.path("names"), "w") as file:
        file.writelines(name + "\n" for name in names)

    def clear():
        drop = "".join(f'DROP DATABASE IF EXISTS "{n}";\nCREATE DATABASE "{n}";\n' for n in names)
        with open(fleet.path("clear.sql"), "w") as file:
            file.write(drop)
        os.chmod(fleet.dir, 0o755)
        done = pg.psql("postgres", "-f", fleet.path("clear.sql"))
        assert done.returncode == 0, done.stderr
        pg.sql("postgres", "CHECKPOINT")

    def skein():
        return measure([os.path.join(args.build, "skein"), "-f", fleet.path("skein.yaml"), "--progress",
                        "none", "upgrade"], stderr=subprocess.DEVNULL)

    def floor():
        with open(fleet.path("names")) as file:
            return measure([os.path.join(args.build, "tests/bench/floor_postgres"), str(parallel),
                            script or fleet.path("script.sql"), str(pg.port)], stdin=file)
    try:
        if script == "-":
            clear()
            skein()
        compare(title, args.runs, clear if script is None else lambda: None, skein, floor, target)
    finally:
        pg.close()
        fleet.close()


def postgres_upgrade(args):
    count = args.tenants or 200
    postgres(args, f"upgrade, {count} PostgreSQL databases", count, 8, 1.15)


def postgres_noop(args):
    count = args.tenants or 200
    postgres(args, f"nothing to do, {count} PostgreSQL databases", count, 8, 2, "-")


def scram(args):
    """Passwords are hashed: 2.7 ms of CPU each, which skein spreads over its workers."""
    count = args.tenants or 500
    postgres(args, f"nothing to do, {count} SCRAM connections", count, 32, 2, "-", "scram-sha-256")


class Delay:
    """A proxy that holds each piece back for so many seconds, both ways, as a long way through a network does."""

    def __init__(self, port, seconds):
        self.target, self.seconds = port, seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client = self.listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", self.target))
            for ends in ((client, server), (server, client)):
                ends[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source, sink):
        pieces = queue.Queue()
        threading.Thread(target=self._send, args=(pieces, sink), daemon=True).start()
        try:
            while data := source.recv(1 << 16):
                pieces.put((time.monotonic() + self.seconds, data))
        except OSError:
            pass
        pieces.put((time.monotonic() + self.seconds, b""))

    @staticmethod
    def _send(pieces, sink):
        try:
            while True:
                due, data = pieces.get()
                time.sleep(max(0, due - time.monotonic()))
                if not data:
                    break
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class MySQL:
    """Databases on a server that flushes as it does by default, on a disk."""

    def __init__(self, args, count, parallel):
        self.args, self.count, self.parallel = args, count, parallel
        self.maria = MariaDB("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1",
                             "--innodb-buffer-pool-size=256M", f"--max-connections={parallel + 20}",
                             folder=tempfile.gettempdir())
        os.environ["SKEIN_BENCH_PASSWORD"] = self.maria.SECRET
        self.fleet = Fleet("BEGIN")
        with open(self.fleet.path("script.sql"), "w") as file:
            file.write("".join(up(i) for i in range(1, REVISIONS + 1)))
        self.names = [f"t{i:04}" for i in range(count)]
        with open(self.fleet.path("names"), "w") as file:
            file.writelines(name + "\n" for name in self.names)
        self.counts = {"skein": [], "floor": []}
        self.through(self.maria.port)

    def through(self, port):
        self.port = port
        here, there = f":{self.maria.port}/", f":{port}/"
        self.fleet.inventory(((n, self.maria.url(n).replace(here, there)) for n in self.names), self.parallel)

    def clear(self):
        self.maria.sql("", "".join(f"DROP DATABASE IF EXISTS {n}; CREATE DATABASE {n};" for n in self.names))

    def status(self, name):
        """Of the server since it began. Its processor's time counts the same whatever others do on the machine."""
        if name == "ms of its processor":
            with open(f"/proc/{self.maria.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return int(self.maria.sql("", f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])

    def count_of(self, who, run):
        before = [self.status(name) for name in self.COUNTED]
        result = run()
        after = [self.status(name) for name in self.COUNTED]
        self.counts[who].append([(a - b) / self.count for a, b in zip(after, before)])
        return result

    COUNTED = ("Questions", "Innodb_data_fsyncs", "ms of its processor")

    def skein(self):
        return self.count_of("skein", lambda: measure(
            [os.path.join(self.args.build, "skein"), "-f", self.fleet.path("skein.yaml"), "--progress", "none",
             "upgrade"], stderr=subprocess.DEVNULL))

    def floor(self, script):
        def run():
            with open(self.fleet.path("names")) as file:
                return measure([os.path.join(self.args.build, "tests/bench/floor_mysql"), str(self.parallel), script,
                                str(self.port)], stdin=file)
        return self.count_of("floor", run)

    def compare(self, title, prepare, script, target):
        self.counts = {"skein": [], "floor": []}
        compare(title, self.args.runs, prepare, self.skein, lambda: self.floor(script), target)
        for i, name in enumerate(self.COUNTED):
            print(f"    the server's {name} a tenant: skein {median([c[i] for c in self.counts['skein']]):.1f}, "
                  f"floor {median([c[i] for c in self.counts['floor']]):.1f}", flush=True)

    def close(self):
        self.maria.close()
        self.fleet.close()


def mysql(args):
    count = args.tenants or 200
    bench = MySQL(args, count, 8)
    try:
        bench.compare(f"upgrade, {count} MariaDB databases", bench.clear, bench.fleet.path("script.sql"), 1.35)
        bench.clear()
        bench.skein()
        bench.compare(f"nothing to do, {count} MariaDB databases", lambda: None, "-", 1.5)
    finally:
        bench.close()


def mysql_rtt(args):
    count = args.tenants or 8
    bench = MySQL(args, count, 8)
    try:
        bench.through(Delay(bench.maria.port, 0.01).port)
        bench.compare(f"upgrade, {count} MariaDB databases over 20 ms", bench.clear,
                      bench.fleet.path("script.sql"), 1.2)
    finally:
        bench.close()


def told(title, runs, command, wanted, of=lambda usage: usage[0], **options):
    """Medians of runs of skein alone; the first is the warm-up. What counts is `of` (wall, processor, memory)."""
    usages = [measure(command, stderr=subprocess.DEVNULL, **options) for _ in range(runs + 1)][1:]
    wall, cpu, peak = (median([usage[i] for usage in usages]) for i in range(3))
    counts = median([of(usage) for usage in usages])
    print(f"{title:60} {wall:6.2f} s, processor {cpu:6.2f} s, peak {peak:6.1f} MiB  "
          f"({'well' if counts <= wanted else 'NOT REACHED'}: {counts:.2f} of {wanted})", flush=True)


def drift(args):
    """Fingerprints of a fleet of files, all alike."""
    global REVISIONS, IDS
    count, tables = args.tenants or 10000, 20
    REVISIONS, IDS = tables, [f"{i:04x}{i:04x}" for i in range(1, tables + 1)]
    bench = Sqlite(args, 1)
    bench.clear()
    bench.skein()
    first = bench.fleet.path("data", "t000000.db")
    for i in range(1, count):
        shutil.copyfile(first, bench.fleet.path("data", f"t{i:06}.db"))
    bench.fleet.inventory(((f"t{i:06}", f"sqlite:///data/t{i:06}.db") for i in range(count)), 32)
    for command, wanted in (("current", 2), ("drift", 2)):
        told(f"{command}, {count} SQLite tenants of {tables} tables", args.runs, [*bench.skein_command[:3], command, "-o", f"json={os.devnull}"], wanted)
    bench.fleet.close()


class Schemas:
    """Schemas of one PostgreSQL database that stand at the head of a chain."""

    def __init__(self, args, count, body):
        self.args, self.count = args, count
        self.pg = Postgres("shared_buffers=512MB", "max_wal_size=8GB", "autovacuum=off")
        self.pg.create("pool")
        self.fleet = Fleet("BEGIN")
        shutil.rmtree(self.fleet.path("versions"))
        os.mkdir(self.fleet.path("versions"))
        with open(self.fleet.path("versions", "aaaa1111.sql"), "w") as file:
            file.write(f"-- All\n--\n-- Revision ID: aaaa1111\n-- Revises:\n\n-- migrate:up\n{body}\n")
        self.names = [f"tenant_{i:05}" for i in range(count)]
        history = ("id bigint PRIMARY KEY, run_id text NOT NULL, revision varchar(32) NOT NULL, direction text NOT NULL, checksum text NOT NULL, "
                   "statements integer NOT NULL, duration_ms double precision NOT NULL, applied_at timestamptz NOT NULL, state text NOT NULL")
        text = ("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)); "
                f"INSERT INTO alembic_version VALUES ('aaaa1111'); CREATE TABLE skein_history ({history}); {body}")
        for begin in range(0, count, 50):
            self.pg.sql("pool", "".join(f"CREATE SCHEMA {name}; SET search_path = {name}; {text};\n" for name in self.names[begin:begin + 50]))
        self.pg.sql("pool", "VACUUM ANALYZE")

    def command(self, port, *words):
        with open(self.fleet.path("skein.yaml"), "w") as file:
            file.write(f"chain: versions\nscratch: {{postgresql: '{self.pg.url('postgres')}'}}\nrollout: {{parallel: 8, per_server: 8}}\ntenants:\n")
            file.writelines(f"  - {{name: {name}, url: '{self.pg.url('pool', port=port)}', schema: {name}}}\n" for name in self.names)
        return [os.path.join(self.args.build, "skein"), "-f", self.fleet.path("skein.yaml"), *words]

    def close(self):
        self.pg.close()
        self.fleet.close()


def drift_schemas(args):
    """Fingerprints of schemas that share a database."""
    count = args.tenants or 2000
    bench = Schemas(args, count, "".join(up(i) for i in range(1, 5)))
    try:
        told(f"drift, {count} PostgreSQL schemas of 4 tables", args.runs, bench.command(None, "drift", "-o", f"json={os.devnull}"), 1)
    finally:
        bench.close()


def survey(args):
    """Where schemas of one database stand, over a network with a round trip of 20 ms."""
    count = args.tenants or 17000
    bench = Schemas(args, count, "CREATE TABLE t (id int);")
    try:
        port = Delay(bench.pg.port, 0.01).port
        told(f"current, {count} PostgreSQL schemas over 20 ms", args.runs, bench.command(port, "current", "-o", f"json={os.devnull}"), 2)
    finally:
        bench.close()


def in_words_of_their_own(path):
    """Gives each failed tenant of the ledger's run an error of its own, with a detail and a hint."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT max(n) FROM run_tenants))
            INSERT INTO errors(run, n, class, code, text, file, line, revision, statement, detail, hint)
            SELECT 1, i, class, '23505', 'duplicate key value violates unique constraint "t_pkey_' || i || '" of the tenant', file, line, revision, statement,
                   'Key (id)=(' || i || ') already exists in the table of this tenant.', 'Remove the row with the id ' || i || ', or change it, and go on.'
            FROM n JOIN errors AS first ON first.run = 1 AND first.n = 0;
            UPDATE run_tenants SET error = n WHERE n > 0;""")


def reports(args):
    """The report of a big run in each format, from the ledger: all tenants failed, for one cause, and then each in words of its own."""
    count = args.tenants or 100000
    bench = Sqlite(args, count)
    shutil.rmtree(bench.fleet.path("versions"))
    os.mkdir(bench.fleet.path("versions"))
    for id_, revises, sql in (("aaaa1111", "", "CREATE TABLE t (id int);"), ("bbbb2222", "aaaa1111", "CREATE INDEX i ON t (id);")):
        with open(bench.fleet.path("versions", id_ + ".sql"), "w") as file:
            file.write(f"-- One\n--\n-- Revision ID: {id_}\n-- Revises: {revises}\n\n-- migrate:up\n{sql}\n")
    bench.clear()
    first = bench.fleet.path("data", "t000000.db")
    with contextlib.closing(sqlite3.connect(first)) as db:
        db.execute("CREATE TABLE t (id int)")
    for i in range(1, count):
        shutil.copyfile(first, bench.fleet.path("data", f"t{i:06}.db"))
    done = subprocess.run([*bench.skein_command, "upgrade", "--yes", "--on-failure", "continue"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert done.returncode == 1, done.returncode
    shutil.rmtree(bench.fleet.path("data"))
    for how in ("for one cause", "in words of their own"):
        if how != "for one cause":
            in_words_of_their_own(bench.fleet.path(".skein", "ledger.db"))
        for form in ("text", "json", "html", "junit", "csv", "markdown"):
            told(f"report -o {form}, {count} failed {how} (processor)", args.runs,
                 [*bench.skein_command[:3], "report", "-o", f"{form}={bench.fleet.path('report')}"], 2, of=lambda usage: usage[1])
    bench.fleet.close()


class LongChain:
    """Revisions in a line that forks and merges again and again, and one tenant that has none of them."""

    def __init__(self, revisions=10000, merges=500):
        self.dir = tempfile.mkdtemp(prefix="skein-bench-")
        self.made = 0
        os.makedirs(os.path.join(self.dir, "versions"))
        main = self.revision()
        for _ in range(merges):
            sides = [main, main]
            for i in range(revisions // merges - 1):
                sides[i % 2] = self.revision(sides[i % 2])
            main = self.revision(*sides)
        with open(os.path.join(self.dir, "empty.db"), "w"):
            pass

    def revision(self, *revises):
        self.made += 1
        id_ = f"{self.made * 2654435761 % 2**32:08x}{self.made:04x}"  # names in another order than the chain
        with open(os.path.join(self.dir, "versions", f"{id_}_revision_{self.made}.sql"), "w") as file:
            file.write(f"-- Revision {self.made}\n--\n-- Revision ID: {id_}\n-- Revises: {', '.join(revises)}\n"
                       f"-- Create Date: 2026-11-23 10:00:00+00:00\n\n-- migrate:up\n{up(self.made)}\n"
                       f"-- migrate:down\nDROP TABLE t{self.made};\n")
        return id_

    def measure(self, args, title, url, *command):
        with open(os.path.join(self.dir, "skein.yaml"), "w") as file:
            file.write(f"chain: versions\ntenants:\n  - {{name: empty, url: '{url}'}}\n")
        program = [os.path.join(args.build, "skein"), "-f", os.path.join(self.dir, "skein.yaml"), *command]
        runs = [measure(program, stderr=subprocess.DEVNULL) for _ in range(args.runs + 1)][1:]
        print(f"{title:44} skein {1000 * median([r[0] for r in runs]):5.0f} ms (wanted at most 200)  "
              f"cpu {1000 * median([r[1] for r in runs]):5.0f} ms  peak {median([r[2] for r in runs]):5.1f} MiB",
              flush=True)


def chain(args):
    bench = LongChain()
    title = f"{bench.made} revisions: "
    pg = Postgres()
    try:
        bench.measure(args, title + "history", "sqlite:///empty.db", "history")
        bench.measure(args, title + "plan, SQLite", "sqlite:///empty.db", "plan")
        bench.measure(args, title + "plan, PostgreSQL", pg.url("postgres"), "plan")
    finally:
        pg.close()
        shutil.rmtree(bench.dir)


def memory(args):
    last = None
    for count in (10000, 50000, 100000):
        bench = Sqlite(args, count)
        bench.clear()
        bench.skein()
        wall, cpu, peak = bench.skein()
        more = "" if not last else f", {1024 * (peak - last[1]) / (count - last[0]):.2f} KiB a further tenant"
        print(f"{count:7} SQLite tenants, nothing to do: {wall:6.2f} s ({1e6 * wall / count:.0f} us each), "
              f"peak {peak:.1f} MiB{more}", flush=True)
        last = (count, peak)
        bench.fleet.close()


class LongFleet:
    """Tenants that are all at work at once on a chain of one-line revisions."""

    def __init__(self, args, line, revisions=2000):
        self.fleet = Fleet("BEGIN")
        self.command = [os.path.join(args.build, "skein"), "-f", self.fleet.path("skein.yaml"), "--progress", "none"]
        shutil.rmtree(self.fleet.path("versions"))
        os.mkdir(self.fleet.path("versions"))
        last = ""
        for i in range(revisions):
            id_ = f"{i:012x}"
            with open(self.fleet.path("versions", id_ + ".sql"), "w") as file:
                file.write(f"-- Revision {i}\n--\n-- Revision ID: {id_}\n-- Revises: {last}\n\n"
                           f"-- migrate:up\n{line.format(i=i)}\n\n-- migrate:down\n")
            last = id_

    def measure(self, title, tenants, wanted=None):
        self.fleet.inventory(tenants, len(tenants))
        peaks = [measure([*self.command, command], stderr=subprocess.DEVNULL)[2] for command in ("upgrade", "plan")]
        print(f"{title:60} peak {peaks[0]:5.1f} MiB, and {peaks[1]:5.1f} of a plan afterwards"
              + (f" (wanted at most {wanted})" if wanted else ""), flush=True)
        return not wanted or max(peaks) <= wanted


def long(args):
    """What a run takes by the length of the chain."""
    count, is_good = args.tenants or 16, True
    lines = {"SELECT": ("SELECT 1;", 40), "INSERT": ("INSERT INTO fx VALUES ({i});", 40),
             "CREATE TABLE": ("CREATE TABLE t{i} (id INTEGER PRIMARY KEY);", None)}
    for name, (line, wanted) in lines.items():
        bench = LongFleet(args, line)
        tenants = []
        for i in range(count):
            with contextlib.closing(sqlite3.connect(bench.fleet.path(f"t{i}.db"))) as db:
                db.executescript("CREATE TABLE fx (n int)")
            tenants.append((f"t{i}", f"sqlite:///t{i}.db"))
        is_good &= bench.measure(f"{count} SQLite tenants, 2,000 x {name}", tenants, wanted)
        bench.fleet.close()
    pg = Postgres()
    try:
        bench = LongFleet(args, "SELECT 1;")
        bench.measure(f"{count} PostgreSQL databases, 2,000 x SELECT",
                      [(t["name"], t["url"]) for t in pg.create(*(f"t{i}" for i in range(count)))])
        bench.fleet.close()
    finally:
        pg.close()
    if not is_good:
        sys.exit("more memory than is wanted")


def schedule(args):
    """The scheduler alone, without loop, sessions or databases."""
    subprocess.run([os.path.join(args.build, "tests/bench/schedule")], check=True)


def peers(args):
    """The same chain by a single-database tool in a loop, as a fleet is upgraded today."""
    bench = Sqlite(args, args.tenants or 100)
    bench.clear()
    ours = bench.skein()[0]
    print(f"{bench.count} SQLite tenants: skein {ours:.2f} s")
    if shutil.which("alembic"):
        bench.clear()
        os.mkdir(bench.fleet.path("alembic"))
        print(f"  alembic under xargs -P 2: {alembic(bench):.2f} s")
    bench.clear()
    script = bench.fleet.path("script.sql")
    wall = measure(["sh", "-c", f"xargs -P 2 -I@ sqlite3 @ '.read {script}' < {bench.fleet.path('paths')}"])[0]
    print(f"  sqlite3 under xargs -P 2, no bookkeeping: {wall:.2f} s")
    bench.fleet.close()


def alembic(bench):
    home = bench.fleet.path("alembic")
    os.mkdir(os.path.join(home, "versions"))
    with open(os.path.join(home, "env.py"), "w") as file:
        file.write("import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n"
                   "with create_engine(os.environ['URL']).connect() as c:\n"
                   "    context.configure(connection=c)\n    with context.begin_transaction():\n"
                   "        context.run_migrations()\n")
    with open(os.path.join(home, "script.py.mako"), "w") as file:
        file.write("")
    last = None
    for i, id_ in enumerate(IDS, 1):
        with open(os.path.join(home, "versions", id_ + ".py"), "w") as file:
            body = "\n".join(f"    op.execute({s.strip()!r})" for s in up(i).split(";") if s.strip())
            file.write(f"from alembic import op\nrevision = {id_!r}\ndown_revision = {last!r}\n"
                       f"def upgrade():\n{body}\n")
        last = id_
    with open(bench.fleet.path("alembic.ini"), "w") as file:
        file.write(f"[alembic]\nscript_location = {home}\n")
    ini = bench.fleet.path("alembic.ini")
    return measure(["sh", "-c", f"xargs -P 2 -I@ env URL=sqlite:///@ alembic -c {ini} upgrade head "
                                f"< {bench.fleet.path('paths')}"], stderr=subprocess.DEVNULL)[0]


BENCHMARKS = {"sqlite": sqlite_upgrade, "sqlite-noop": sqlite_noop, "postgres": postgres_upgrade,
              "postgres-noop": postgres_noop, "mysql": mysql, "mysql-rtt": mysql_rtt, "scram": scram, "chain": chain, "memory": memory, "long": long,
              "schedule": schedule, "peers": peers, "drift": drift, "drift-schemas": drift_schemas, "survey": survey, "reports": reports,
              **ledger.BENCHMARKS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--build", default="build/bench")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tenants", type=int)
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    for name in args.names or BENCHMARKS:
        BENCHMARKS[name](args)


if __name__ == "__main__":
    main()
