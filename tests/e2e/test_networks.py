#!/usr/bin/env python3
"""What a network does that fails without a word, to a run of one machine: nothing arrives any more, and neither side is told.

Servers and skein are in network namespaces of their own (namespaces.py); no relay can lose a packet.
"""
import json
import time

import namespaces
from harness import FleetCase, MariaDB, Postgres, main, wait_until

OPEN = "host all all 10.77.0.0/16 trust\nhost replication all 10.77.0.0/16 trust\nlocal all all trust\n"


def plain(url):
    """Traffic that leaves the machine is encrypted unless the URL says otherwise."""
    return url + ("?ssl_mode=DISABLED" if url.startswith("mysql") else "?sslmode=disable")


class NetworkCase(FleetCase):
    """`here` and `there` are machines, `pg` and `maria` the servers of tenants."""
    count = 0

    @classmethod
    def setUpClass(cls):
        cls.net = namespaces.Network()
        cls.here, cls.there, pg, maria = (cls.net.node() for _ in range(4))
        cls.pg, cls.maria = Postgres(hba=OPEN, node=pg), MariaDB(node=maria)
        cls.places = {cls.pg: pg, cls.maria: maria}
        cls.addClassCleanup(cls.pg.close)
        cls.addClassCleanup(cls.maria.close)

    def setUp(self):
        super().setUp()
        NetworkCase.count += 1
        self.addCleanup(self.net.heal)

    def make(self, up, servers, names=("a",), **keys):
        """A tenant of each name on each server; a log, and a revision that fills it by `up`. `keys`: of `defaults`."""
        self.names = {server: [f"{name}{self.count}" for name in names] for server in servers}
        tenants = [{"name": f"{word}-{tenant['name']}", "url": plain(tenant["url"])} for word, server in (("pg", self.pg), ("maria", self.maria))
                   if server in servers for tenant in server.create(*self.names[server])]
        self.fleet.revision("aaaa1111", "CREATE TABLE log (what varchar(9));", down="DROP TABLE log;")
        self.fleet.revision("bbbb2222", up=up, down="DELETE FROM log;")
        self.fleet.inventory(tenants, defaults={"connect_timeout": "2s", "retries": 0, "retry_timeout": "5s", **keys}, rollout={"parallel": 8, "on_failure": "continue", "max_failures": 9})

    def start(self, *args, **options):
        process = self.fleet.start(*args, "--progress", "plain", preexec_fn=self.here.enter, **options)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.communicate()))
        return process

    def cut(self):
        for node in self.places.values():
            self.net.cut(self.here, node)

    def wait_for_sleepers(self):
        asked = {self.pg: ("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event = 'PgSleep'"),
                 self.maria: ("", "SELECT count(*) FROM information_schema.processlist WHERE db = '{}' AND state = 'User sleep'")}
        for server, names in self.names.items():
            for name in names:
                database, text = asked[server]
                wait_until(lambda: server.sql(database, text.format(name)) == [["1"]], 60, name)

    def check_rows(self, server, name):
        self.assertEqual(server.sql(name, "SELECT count(*) FROM log"), [["1"]], name)


# In databases whose names begin with c, the transaction sleeps in its COMMIT.
COMMITS = ("-- migrate:up dialect:postgresql\nCREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS\n"
           "$$ BEGIN PERFORM pg_sleep(CASE WHEN current_database() LIKE 'c%' THEN {0} ELSE 0 END); RETURN NULL; END $$;\n"
           "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nap();\n"
           "INSERT INTO log VALUES ('done');\nSELECT pg_sleep(CASE WHEN current_database() LIKE 'c%' THEN 0 ELSE {0} END);\n\n"
           "-- migrate:up dialect:mysql\nINSERT INTO log VALUES ('done');\nDO SLEEP({0});\n")
SOON = "&tcp_user_timeout=3000&keepalives_idle=1&keepalives_interval=1"


class Servers(NetworkCase):
    def test_that_are_away_for_some_seconds_are_waited_for(self):
        self.make(COMMITS.format(2), [self.pg, self.maria])
        process = self.start("upgrade", "-o", "json")
        self.wait_for_sleepers()
        self.cut()
        time.sleep(5)
        self.net.heal()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err.decode())
        self.assertEqual([tenant["attempts"] for tenant in json.loads(out)["tenants"]], [1, 1], err.decode())

    def test_that_vanish_are_given_up_and_let_go(self):
        """Neither side is told anything: skein gives the servers up, and PostgreSQL gives up the sessions that have the locks of tenants, and of the ledger
        of a run that was killed meanwhile."""
        self.make(COMMITS.format(3), [self.pg, self.maria], names=("a", "b", "c"))
        a, b, c = self.names[self.pg]
        self.names[self.maria] = [a]
        ledger = f"ledger{self.count}"
        self.pg.create(ledger)
        self.fleet.write("other.yaml", json.dumps({"chain": "versions", "ledger": plain(self.pg.url(ledger)) + SOON,
                                                   "tenants": [{"name": "other", "url": plain(self.pg.url(b))}]}))
        killed = self.start("upgrade", inventory="other.yaml")
        process = self.start("upgrade", "-o", "json", *(word for name in (f"pg-{a}", f"pg-{c}", f"maria-{a}") for word in ("--tenant", name)))
        self.wait_for_sleepers()
        start = time.monotonic()
        self.cut()
        killed.kill()
        out, err = process.communicate(timeout=240)
        self.assertLess(time.monotonic() - start, 100, err.decode())
        states = {tenant["name"]: tenant["state"] for tenant in json.loads(out)["tenants"]}
        self.assertEqual(states, {f"pg-{a}": "failed", f"pg-{c}": "in_doubt", f"maria-{a}": "failed"}, err.decode())
        other = self.run_ok("resume", "--wait", "60s", inventory="other.yaml", preexec_fn=self.there.enter)
        resumed = self.fleet.run("resume", "--tenant", f"pg-{a}", "--tenant", f"pg-{c}", "-o", "json", preexec_fn=self.there.enter)
        self.assertEqual([resumed.tenant(f"pg-{name}")["state"] for name in (a, c)], ["succeeded", "unchanged"], f"{resumed}\n{other}")
        for name in (a, b, c):
            self.check_rows(self.pg, name)

    def test_a_ledger_that_vanishes_ends_the_run(self):
        """It is waited for as long as five leases last."""
        self.make(COMMITS.format(3), [self.maria])
        ledger = f"ledger{self.count}"
        self.pg.create(ledger)
        url = plain(self.pg.url(ledger)) + SOON
        process = self.start("upgrade", "--ledger", url, env={"SKEIN_LEASE_MS": "2000"})
        self.wait_for_sleepers()
        self.net.cut(self.here, self.places[self.pg])
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 6, err.decode())
        self.net.heal()
        self.run_ok("resume", "--ledger", url, "--wait", "60s", preexec_fn=self.here.enter)
        self.check_rows(self.maria, self.names[self.maria][0])


if __name__ == "__main__":
    namespaces.enter()
    main()
