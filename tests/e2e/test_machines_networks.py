#!/usr/bin/env python3
"""Two to eight machines on one run, each a process in a network namespace of its own, as are the ledger's server and its standby, and the two servers with tenants.

At random moments networks are cut without a word, in one direction or in both, refused, unplugged or narrowed; machines are killed, or stopped for
longer than their lease; the ledger's server restarts, or vanishes, and its standby takes over. Effects are counted by rows without keys.

A seed says what happens; it stands in the message of what fails. CI plays those of `SEEDS`; more of them:
    ROUNDS=200 SEED=1 python3 tests/e2e/test_machines_networks.py       (MACHINES=8: at most so many; TELL=1: what happens, as it does)
"""
import contextlib
import json
import os
import random
import signal
import subprocess
import time

import namespaces
from harness import FleetCase, MariaDB, Postgres, Standby, main, wait_until
from test_networks import OPEN, plain

# A cable without carrier, kills; one direction alone, a stop for longer than a lease; a failover; what comes slowly.
SEEDS = (16, 18, 19, 27)
if "ROUNDS" in os.environ:
    SEEDS = [int(os.environ.get("SEED", "1")) + at for at in range(int(os.environ["ROUNDS"]))]
MOST = int(os.environ.get("MACHINES", "8"))
TELL = "TELL" in os.environ
LEASE_MS = 3000
# As a lease of 60 s is to the 60 s after which skein gives up a ledger's server that has gone without a word.
SOON = "&connect_timeout=2&tcp_user_timeout=3000&keepalives_idle=1&keepalives_interval=1&keepalives_count=2"
END_SECONDS = 150


class World:
    """Of all rounds: the network and the servers."""

    def __init__(self, case):
        self.net = namespaces.Network()
        self.hosts = [self.net.node() for _ in range(MOST)]
        self.homes = [self.net.node() for _ in range(2)]  # of the ledger: who is first has it
        tenants = [self.net.node() for _ in range(2)]
        self.ledger = Postgres("max_connections=100", "wal_keep_size=64MB", hba=OPEN, node=self.homes[0])
        self.standby = Standby(self.ledger, "hot_standby=on", "max_connections=100", "wal_keep_size=64MB", node=self.homes[1])
        self.pg, self.maria = Postgres(hba=OPEN, node=tenants[0]), MariaDB(node=tenants[1])
        self.places = dict(zip((self.pg, self.maria), tenants))
        case.addClassCleanup(self.close)

    def close(self):
        for server in (self.ledger, self.standby, self.pg, self.maria):
            if server:
                server.close()

    def url(self, database):
        """As it is before a round: it names both, and who has the ledger may change."""
        ledger, standby = self.ledger, self.standby
        return (f"postgresql://skein@{ledger.host}:{ledger.port},{standby.host}:{standby.port}/{database}"
                f"?sslmode=disable&target_session_attrs=read-write{SOON}")

    def fail_over(self):
        """The ledger's server is gone for good, without a word to anyone; the other one has what it had received by then."""
        self.net.unplug(self.homes[0])
        self.standby.promote()
        gone, self.ledger, self.standby = self.ledger, self.standby, None
        self.homes.reverse()
        gone.close()

    def repair(self):
        self.net.heal()
        for server in (self.ledger, self.pg, self.maria):
            if not is_up(server):
                server.start()
        if not self.standby:
            self.standby = Standby(self.ledger, "hot_standby=on", "max_connections=100", "wal_keep_size=64MB", node=self.homes[1])


def is_up(server):
    try:
        return bool(server.sql("" if isinstance(server, MariaDB) else "postgres", "SELECT 1"))
    except AssertionError:
        return False


class Machines(FleetCase):
    made = 0
    lease_ms = LEASE_MS

    @classmethod
    def setUpClass(cls):
        cls.world = World(cls)

    def setUp(self):
        super().setUp()
        Machines.made += 1
        self.tag, self.machines, self.told = f"r{self.made}", [], []
        self.begun = time.monotonic()
        self.addCleanup(self.stop_all)

    def tell(self, text):
        self.told.append(f"{time.monotonic() - self.begun:.1f} {text}")
        if TELL:
            print(self.told[-1], flush=True)

    def stop_all(self):
        for process in self.machines:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            with contextlib.suppress(ValueError):
                process.communicate()

    # ---- a fleet and its machines

    def make(self, dice, count=5, seconds=0.4):
        """`count` tenants on each server, of `seconds` each."""
        world = self.world
        self.names = {world.pg: [f"{self.tag}p{i}" for i in range(count)], world.maria: [f"{self.tag}m{i}" for i in range(count)]}
        tenants = [{**tenant, "url": plain(tenant["url"])} for server, names in self.names.items() for tenant in server.create(*names)]
        dice.shuffle(tenants)
        world.ledger.create(self.tag)
        self.url = world.url(self.tag)
        wait_until(lambda: world.standby.sql("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{self.tag}'"), 60, "the ledger's database on the standby")
        self.fleet.revision("aaaa1111", "CREATE TABLE log (what varchar(9));", down="DROP TABLE log;")
        row = "INSERT INTO log VALUES ('done');\n"
        self.fleet.revision("bbbb2222", down="DELETE FROM log;", up=f"-- migrate:up dialect:postgresql\n{row}SELECT pg_sleep({seconds});\n\n"
                            f"-- migrate:up dialect:mysql\n{row}DO SLEEP({seconds});\n")
        self.fleet.revision("cccc3333", down="DELETE FROM log WHERE what = 'alone';", up="-- migrate:up transaction:false dialect:postgresql\n"
                            "-- probe: SELECT 1 FROM log WHERE what = 'alone'\nINSERT INTO log VALUES ('alone');\n\n"
                            "-- migrate:up dialect:mysql\nINSERT INTO log VALUES ('alone');\n")
        soon = SOON.replace("&connect_timeout=2", "")
        for tenant in tenants:
            if tenant["url"].startswith("postgres"):
                tenant["url"] += soon
        self.fleet.inventory(tenants, rollout={"parallel": 2, "on_failure": "continue", "max_failures": 100},
                             defaults={"retries": 3, "retry_timeout": "30s", "connect_timeout": "2s", "lock_timeout": "2s"})

    def start(self, host, *args):
        process = self.fleet.start(*args, "--ledger", self.url, "--progress", "plain", env={"SKEIN_LEASE_MS": str(self.lease_ms)},
                                   preexec_fn=host.enter)
        self.machines.append(process)
        return process

    def ledger(self, text):
        return self.world.ledger.sql(self.tag, f"SET search_path = skein_ledger; {text}")

    # ---- what happens

    def cut_somewhere(self, dice, hosts):
        """Of one machine or of all, to the ledger or to a tenants' server, or all that it has."""
        world = self.world
        servers = {"the ledger": world.homes[0], "PostgreSQL": world.places[world.pg], "MariaDB": world.places[world.maria]}
        name = dice.choice(["the ledger", "the ledger", "PostgreSQL", "MariaDB"])
        who = dice.choice([[dice.choice(hosts)], hosts])
        kind = dice.choice(["cut", "cut", "drop", "drop back", "refuse", "unplug", "narrow"])
        told = f"{kind} {'all' if who is hosts else who[0].name} {name}"
        if kind == "unplug":
            world.net.unplug(dice.choice([who[0], servers[name]]))
        elif kind == "narrow":
            world.net.narrow(dice.choice([who[0], servers[name]]))
        else:
            for host in who:
                ends = (servers[name], host) if kind == "drop back" else (host, servers[name])
                getattr(world.net, kind.split()[0])(*ends)
        self.tell(told)

    def hurt_machine(self, dice):
        process = dice.choice(self.machines)
        if process.poll() is not None:
            return
        if dice.random() < 0.4:
            self.tell(f"kill {self.machines.index(process)}")
            process.kill()
            return
        seconds = dice.choice([0.5, 2, LEASE_MS / 1000 + 1, LEASE_MS / 1000 * 2])
        self.tell(f"stop {self.machines.index(process)} for {seconds}")
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def restart_ledger(self, dice):
        mode = dice.choice(["fast", "immediate"])
        self.tell(f"restart the ledger: {mode}")
        self.world.ledger.stop(mode)
        time.sleep(dice.random() * 2)
        self.world.ledger.start()

    def restart_tenants(self, dice):
        server = dice.choice([self.world.pg, self.world.maria])
        self.tell(f"restart {type(server).__name__}")
        server.stop("immediate")
        time.sleep(dice.random() * 2)
        server.start()

    def spoil(self, dice, hosts):
        if self.world.standby and dice.random() < 0.1:
            self.tell("fail over")
            self.world.fail_over()
            return
        play = dice.choice([self.cut_somewhere, self.cut_somewhere, self.cut_somewhere, self.hurt_machine, self.hurt_machine, self.restart_ledger, self.restart_tenants])
        play(dice, *([hosts] if play == self.cut_somewhere else []))

    # ---- a round

    def play(self, dice):
        self.world.repair()
        self.make(dice)
        hosts = self.world.hosts[:dice.randrange(2, MOST + 1)]
        self.tell(f"{len(hosts)} machines")
        self.start(hosts[0], "upgrade", "--as", "m0")
        wait_until(self.has_begun, 30, "the run")
        for i, host in enumerate(hosts[1:], 1):
            self.start(host, "work", "--as", f"m{i}", "--wait", "5s")
        for _ in range(dice.randrange(2, 7)):
            time.sleep(dice.random() / 2)
            self.spoil(dice, hosts)
            time.sleep(dice.choice([0.2, 1, 2, LEASE_MS / 1000 + 1]))
            if dice.random() < 0.7:
                self.world.net.heal()
                self.tell("heal")
        self.world.net.heal()
        self.tell("heal at last")
        said = self.hear_all()
        self.finish(said)
        self.tell("over")
        return sum(process.returncode == -signal.SIGKILL for process in self.machines)

    def has_begun(self):
        self.assertIsNone(self.machines[0].poll(), self.machines[0].poll() is not None and self.machines[0].communicate())
        with contextlib.suppress(AssertionError):
            return self.ledger("SELECT count(*) FROM courses") != [["0"]]

    def hear_all(self):
        """All machines end by themselves."""
        said, end = [], time.monotonic() + END_SECONDS
        for i, process in enumerate(self.machines):
            try:
                out, err = process.communicate(timeout=max(1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                err = process.communicate()[1]
                self.fail(f"machine {i} does not end\n{self.story([err.decode()])}")
            said.append(f"--- machine {i}: exit {process.returncode}\n{err.decode()[-3000:]}")
            self.assertIn(process.returncode, (0, 1, 2, 4, 6, -signal.SIGKILL), self.story(said))
        return said

    def story(self, said):
        return "\n".join([*self.told, *said])

    def finish(self, said):
        """What a server that was gone has cost is for a resume; so is a run that all machines have left."""
        results = []
        for _ in range(3):
            results.append(self.fleet.run("resume", "--ledger", self.url, "--wait", "60s", timeout=120, preexec_fn=self.world.hosts[0].enter))
            if results[-1].code == 0:
                break
        told = self.story([*said, *map(repr, results)])
        for server, names in self.names.items():
            for name in names:
                self.assertEqual(server.sql(name, "SELECT what, count(*) FROM log GROUP BY what ORDER BY what"), [["alone", "1"], ["done", "1"]], f"{name}\n{told}")
        self.assertEqual(results[-1].code, 0, told)
        report = json.loads(self.fleet.run("report", "--ledger", self.url, "-o", "json", preexec_fn=self.world.hosts[0].enter).out)
        self.assertEqual({t["state"] for t in report["tenants"]} - {"succeeded", "unchanged"}, set(), told)
        self.assertEqual(len(report["tenants"]), sum(map(len, self.names.values())))

    def test_each_effect_is_there_once(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                if seed != SEEDS[0]:
                    self.stop_all()
                    self.fleet.close()
                    self.setUp()
                killed = self.play(random.Random(seed))
                print(f"seed {seed}: {killed} killed; {'; '.join(self.told)}", flush=True)

    # ---- one after the other

    def sleepers(self, host):
        """How many statements of a machine are under way in tenants."""
        world = self.world
        asked = f"SELECT count(*) FROM pg_stat_activity WHERE client_addr = '{host.address}' AND wait_event = 'PgSleep'"
        of_maria = f"SELECT count(*) FROM information_schema.processlist WHERE host LIKE '{host.address}:%' AND state = 'User sleep'"
        return int(world.pg.sql("postgres", asked)[0][0]) + int(world.maria.sql("", of_maria)[0][0])

    def wait_for(self, check, what):
        try:
            wait_until(check, 60, what)
        except AssertionError as error:
            for process in self.machines:
                process.kill()
            raise AssertionError(self.story([str(error), *(process.communicate()[1].decode() for process in self.machines)])) from None

    def test_a_machine_that_loses_the_ledger_lets_go_before_its_lease_ends(self):
        """Its way to the tenants is as before, so that no server would end its statements. The other machine takes over, and the first goes on."""
        world, self.lease_ms = self.world, 6000
        world.repair()
        self.make(random.Random(1), count=1, seconds=8)
        first, second = world.hosts[:2]
        self.start(first, "upgrade", "--as", "m0")
        wait_until(lambda: self.sleepers(first) == 2, 60, "both tenants at work")
        world.net.cut(first, world.homes[0])
        self.start(second, "work", "--as", "m1")
        wait_until(lambda: self.sleepers(first) == 0, self.lease_ms / 1000, "the first lets go")
        self.tell("the first has let go")
        self.wait_for(lambda: self.sleepers(second), "the second takes over")
        world.net.heal()
        said = self.hear_all()
        self.assertEqual([process.returncode for process in self.machines], [0, 0], self.story(said))
        self.assertIn("the ledger has not answered for most of a lease", said[0])
        self.assertIn("is taken over from a machine that is gone", said[1])
        self.finish(said)


if __name__ == "__main__":
    namespaces.enter()
    main()
