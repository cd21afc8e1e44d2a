"""What a ledger in PostgreSQL costs: beside a ledger in a file, and by the number of machines that share a run."""
import json
import os
import shutil
import subprocess
import sys
import time

from harness import Fleet, Postgres, wait_until
from measuring import measure, median

MACHINES = (1, 2, 4, 8)
SETTINGS = ("fsync=on", "synchronous_commit=on", "max_connections=200")


class LedgerFleet:
    """One revision, and a ledger on a server that has nothing else to do."""

    def __init__(self, args, up="CREATE TABLE x (id int);"):
        self.program = os.path.join(args.build, "skein")
        self.fleet, self.store, self.tenants = Fleet(), Postgres(*SETTINGS), []
        self.fleet.revision("aaaa1111", up)
        self.server, self.ledgers = None, 0

    def close(self):
        self.store.close()
        if self.server:
            self.server.close()
        self.fleet.close()

    def add_files(self, count):
        os.mkdir(self.fleet.path("data"))
        for i in range(count):
            open(self.fleet.path("data", f"t{i}.db"), "w").close()
        self.tenants = [{"name": f"t{i}", "url": f"sqlite:///data/t{i}.db"} for i in range(count)]

    def clear_files(self):
        count = len(self.tenants)
        shutil.rmtree(self.fleet.path("data"))
        self.add_files(count)

    def add_schemas(self, count):
        """Of one database, on another server."""
        self.server = Postgres(*SETTINGS)
        self.server.create("shared")
        for begin in range(0, count, 1000):
            self.server.sql("shared", "".join(f"CREATE SCHEMA t{i};" for i in range(begin, min(count, begin + 1000))))
        self.tenants = [{"name": f"t{i}", "url": self.server.url("shared"), "schema": f"t{i}"} for i in range(count)]

    def clear_schemas(self):
        self.server.sql("shared", "DO $$ BEGIN FOR i IN 0.." + str(len(self.tenants) - 1) + " LOOP EXECUTE format("
                        "'DROP TABLE IF EXISTS t%1$s.x, t%1$s.alembic_version, t%1$s.skein_history', i); COMMIT; END LOOP; END $$")

    def inventory(self, name, ledger, **rollout):
        text = json.dumps({"chain": "versions", "ledger": ledger, "rollout": rollout, "tenants": self.tenants})
        return self.fleet.write(f"{name}.yaml", text)

    def new_ledger(self):
        self.ledgers += 1
        self.store.create(f"ledger{self.ledgers}")
        return self.store.url(f"ledger{self.ledgers}")

    def command(self, inventory, *words):
        return [self.program, "-f", inventory, *words, "--progress", "none", "-q"]

    def processor_ms(self):
        """Of the ledger's server since it began: the processes that it has, and those that have ended."""
        def fields(pid):
            """proc(5): its parent is field 4; its own time 14 and 15, that of its ended children 16 and 17."""
            with open(f"/proc/{pid}/stat") as file:
                return [int(word) for word in file.read().rsplit(")", 1)[1].split()[1:15]]

        def own(pid):  # 0 where it ends meanwhile: its parent has it then
            try:
                of = fields(pid)
                return of[10] + of[11] if of[0] == self.store.pid else 0
            except (FileNotFoundError, ProcessLookupError):
                return 0
        ticks = sum(fields(self.store.pid)[10:14]) + sum(own(pid) for pid in os.listdir("/proc") if pid.isdigit())
        return 1000 * ticks / os.sysconf("SC_CLK_TCK")

    def together(self, count, **rollout):
        """So many machines take one run to its end. Seconds since all of them were there, until it is over for the one
        that began it; ms of the ledger's server."""
        ledger, go = self.new_ledger(), self.fleet.path(f"go{self.ledgers}")
        gates = {"before_run": ["sh", "-c", f"until [ -e {go} ]; do sleep 0.01; done"]}
        inventory = self.inventory("together", ledger, gates=gates, **rollout)
        words = [("upgrade",)] + [("work", "--wait", "60s")] * (count - 1)
        with open(os.devnull, "w") as null:
            machines = [subprocess.Popen(self.command(inventory, *word, "--as", f"m{i}"), stdout=null)
                        for i, word in enumerate(words)]
        database = f"ledger{self.ledgers}"

        def are_there():
            if any(machine.poll() is not None for machine in machines):
                sys.exit("a machine ended before the run began")
            has_table = self.store.sql(database, "SELECT to_regclass('skein_ledger.machines') IS NOT NULL") == [["t"]]
            return has_table and self.store.sql(database, "SELECT count(*) FROM skein_ledger.machines") == [[str(count)]]
        wait_until(are_there, what="all machines")
        before, began = self.processor_ms(), time.monotonic()
        open(go, "w").close()
        codes = [machines[0].wait()]
        seconds = time.monotonic() - began
        codes += [machine.wait() for machine in machines[1:]]
        wait_until(lambda: self.store.sql("postgres", f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'") == [["0"]],
                   what="the end of the sessions")
        cost = self.processor_ms() - before
        if any(codes):
            sys.exit(f"a machine failed: {codes}")
        return seconds, cost


def beside_a_file(args, title, bench, wanted, **rollout):
    """Runs with nothing to do, in turns; the first of each makes its ledger, and is not counted."""
    inventories = {"file": bench.inventory("file", ".file/ledger.db", **rollout),
                   "PostgreSQL": bench.inventory("postgres", bench.new_ledger(), **rollout)}
    taken = {name: [] for name in inventories}
    for turn in range(args.runs + 1):
        for name, inventory in inventories.items() if turn % 2 else reversed(inventories.items()):
            seconds = measure(bench.command(inventory, "upgrade"))[0]
            if turn:
                taken[name].append(seconds)
    ratios = sorted(ours / theirs for ours, theirs in zip(taken["PostgreSQL"], taken["file"]))
    print(f"nothing to do, {len(bench.tenants)} {title:18} ledger in PostgreSQL {median(taken['PostgreSQL']):7.3f} s  in a file "
          f"{median(taken['file']):7.3f} s  ratio {median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}; wanted at most {wanted})",
          flush=True)


def ledger(args):
    """A run with nothing to do, with the ledger in PostgreSQL and in a file."""
    for title, add in (("SQLite files", LedgerFleet.add_files), ("PostgreSQL schemas", LedgerFleet.add_schemas)):
        bench = LedgerFleet(args)
        try:
            add(bench, args.tenants or 10000)
            measure(bench.command(bench.inventory("first", ".first/ledger.db", parallel=32, per_server=8), "upgrade"))
            beside_a_file(args, title, bench, 1.5, parallel=32, per_server=8)
        finally:
            bench.close()


def ledger_time(args):
    """How much of the processor's time a tenant takes of the ledger's server, by how many machines work at once."""
    count = args.tenants or 4000
    bench = LedgerFleet(args)
    try:
        bench.add_files(count)
        for machines in MACHINES:
            found = {"upgrade": [], "nothing to do": []}
            for _ in range(args.runs):
                bench.clear_files()
                for values in found.values():
                    values.append(bench.together(machines, parallel=8))
            for title, values in found.items():
                print(f"{title:14} {count} SQLite files, {machines} at once: {median([v[0] for v in values]):7.2f} s, the ledger's server "
                      f"{median([v[1] for v in values]) / count:6.3f} ms of its processor a tenant (wanted at most 1)", flush=True)
    finally:
        bench.close()


def machines(args):
    """Tenants that are bound by waiting: two machines beside one."""
    count = args.tenants or 640
    bench = LedgerFleet(args, "CREATE TABLE x (id int);\nSELECT pg_sleep(0.5);\n")
    try:
        bench.add_schemas(count)
        pairs = []
        for _ in range(args.runs):
            pair = []
            for number in (1, 2):
                bench.clear_schemas()
                pair.append(bench.together(number, parallel=8, per_server=16)[0])
            pairs.append(pair)
        ratios = sorted(two / one for one, two in pairs)
        print(f"{count} PostgreSQL schemas that wait for 0.5 s each: two machines {median([two for _, two in pairs]):7.2f} s, one "
              f"{median([one for one, _ in pairs]):7.2f} s, ratio {median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}; "
              "wanted at most 0.55)", flush=True)
    finally:
        bench.close()


BENCHMARKS = {"ledger": ledger, "ledger-time": ledger_time, "machines": machines}
