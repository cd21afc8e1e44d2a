#!/usr/bin/env python3
"""Faults of reliability.md as they meet MariaDB: a server that hangs, a network that dribbles, spoils or swallows, deadlocks,
sessions that are closed while they idle, two names of one database."""
import os
import random
import signal

from harness import MariaDBCase, main, wait_until
from mysql_proxy import Results
from proxy import Proxy

TABLE = "CREATE TABLE fx (n INT) ENGINE=InnoDB"


class Case(MariaDBCase):
    made = 0

    def setUp(self):
        super().setUp()
        Case.made += 1
        self.db = f"f{Case.made}"
        self.maria.create(self.db)

    def inventory(self, port=None, **keys):
        url = self.maria.url(self.db).replace(f":{self.maria.port}/", f":{port or self.maria.port}/")
        self.fleet.inventory([{"name": "t", "url": url, **keys}])

    def effects(self):
        return [row[0] for row in self.maria.sql(self.db, "SELECT n FROM fx ORDER BY n")]


class Silence(Case):
    def test_a_connection_that_answers_no_more(self):
        """In a statement, and after a COMMIT: the deadline passes, and another connection asks."""
        proxies = [Proxy(self.maria.port, "stall", moment) for moment in (b"SLEEP", b"COMMIT AND")]
        names = [f"{self.db}_{i}" for i in range(len(proxies))]
        self.maria.create(*names)
        for proxy in proxies:
            self.addCleanup(proxy.close)
        self.fleet.revision("aaaa1111", TABLE + ";\nINSERT INTO fx VALUES (1);\nSELECT SLEEP(0.01) FROM fx;")
        tenants = [{"name": name, "url": self.maria.url(name).replace(f":{self.maria.port}/", f":{proxy.port}/")}
                   for name, proxy in zip(names, proxies)]
        self.fleet.inventory([*tenants, {"name": "other", "url": self.maria.url(self.db)}],
                             defaults={"statement_timeout": "300ms", "lock_timeout": "1s", "retries": 1},
                             rollout={"on_failure": "continue", "max_failures": 5})
        result = self.fleet.run("upgrade", "-o", "json", "--progress", "none")
        self.assertEqual([proxy.fired for proxy in proxies], [1, 1])
        self.assertEqual((result.tenant("other")["state"], result.tenant(names[1])["state"]), ("succeeded", "succeeded"), result)
        if result.code:  # a person may have to wait for the server to give the lock back
            self.run_json("resume")
        for name in names:
            self.assertEqual(self.maria.sql(name, "SELECT n FROM fx"), [["1"]])

    def test_the_server_hangs(self):
        """Stopped, so that even new connections get no greeting."""
        self.fleet.revision("aaaa1111", TABLE + ";\nINSERT INTO fx SELECT SLEEP(1);")
        self.fleet.inventory([{"name": "t", "url": self.maria.url(self.db)}, self.fleet.sqlite("s")],
                             defaults={"statement_timeout": "1500ms", "lock_timeout": "1s", "connect_timeout": "1s",
                                       "retries": 0}, rollout={"on_failure": "continue", "max_failures": 5})
        self.fleet.write("versions/aaaa1111.sql", self.fleet.read("versions/aaaa1111.sql").decode() +
                         "\n-- migrate:up dialect:sqlite\nCREATE TABLE fx (n INT);\n")
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        wait_until(lambda: self.maria.sql("", "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'INSERT INTO fx%'"))
        os.kill(self.maria.pid, signal.SIGSTOP)
        try:
            out, _ = process.communicate(timeout=240)
        finally:
            os.kill(self.maria.pid, signal.SIGCONT)
        self.assertIn(process.returncode, (1, 4))
        self.assertIn(b'"succeeded": 1', out)
        wait_until(lambda: self.maria.sql("", f"SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{self.db}'") ==
                   [["0"]], what="the session goes")
        self.run_json("resume")
        self.assertEqual(self.effects(), ["0"])


class Network(Case):
    def test_one_byte_at_a_time(self):
        proxy = Proxy(self.maria.port, "dribble")
        self.addCleanup(proxy.close)
        self.fleet.revision("aaaa1111", TABLE + ";\nINSERT INTO fx VALUES (1);\nSELECT REPEAT('x', 2000);")
        self.inventory(proxy.port)
        self.assertEqual(self.run_json("upgrade").tenant("t")["attempts"], 1)
        self.assertEqual(self.effects(), ["1"])

    @staticmethod
    def at_turn(chosen, change):
        """-> `edit` of a proxy: the answer of that number is what `change` makes of it and of the one before it."""
        answers = []

        def edit(data):
            answers.append(data)
            return change(data, answers[chosen - 1]) if len(answers) - 1 == chosen else data
        return edit

    def upgrade_through(self, edits):
        """A tenant behind a proxy for each of them. Whatever they do, the run ends well, tells of each tenant, and each effect is
        there at most once, and once where the tenant is told as done. -> how many were not."""
        self.fleet.revision("aaaa1111", TABLE + ";\nINSERT INTO fx VALUES (1);")
        self.fleet.revision("bbbb2222", "SELECT REPEAT('x', 100) FROM seq_1_to_50;")
        count = len(edits)
        names = [f"{self.db}_{i}" for i in range(count)]
        self.maria.create(*names)
        proxies = [Proxy(self.maria.port, "none", edit=edit, grace=1) for edit in edits]
        for proxy in proxies:
            self.addCleanup(proxy.close)
        self.fleet.inventory([{"name": name, "url": self.maria.url(name).replace(f":{self.maria.port}/", f":{proxy.port}/")}
                              for name, proxy in zip(names, proxies)],
                             defaults={"retries": 0, "connect_timeout": "2s", "lock_timeout": "1s", "statement_timeout": "1s"},
                             rollout={"parallel": count, "per_server": count})
        result = self.fleet.run("upgrade", "--on-failure", "continue", "-o", "json", "--progress", "none", timeout=150)
        self.assertIn(result.code, (0, 1, 4), repr(result)[-2000:])
        self.assertEqual(result.report["totals"]["tenants"], count)
        for name in names:  # each effect at most once; where it is told as done, once
            rows = self.maria.sql(name, "SELECT COUNT(*) FROM fx") if "fx" in self.maria.tables(name) else [["0"]]
            self.assertIn(rows, ([["0"]], [["1"]]))
            if result.tenant(name)["state"] == "succeeded":
                self.assertEqual((rows, self.maria.versions(name)), ([["1"]], ["bbbb2222"]))
        return count - result.report["totals"]["succeeded"]

    def test_spoiled_bytes_end_in_an_error_and_nothing_worse(self):
        """One of the first answers has four other bytes."""
        def spoil(seed):
            dice = random.Random(seed)
            chosen = dice.randrange(8)

            def change(data, _):
                data, at = bytearray(data), dice.randrange(len(data))
                data[at:at + 4] = dice.randbytes(len(data[at:at + 4]))
                return bytes(data)
            return self.at_turn(chosen, change)
        self.assertGreater(self.upgrade_through([spoil(seed) for seed in range(40)]), 5)

    def test_answers_that_are_none_to_what_was_asked(self):
        """In turn each result of a session is that of a statement without rows, and that of the statement before it. (The first
        is that of a statement without rows.)"""
        edits = [Results(chosen, change) for chosen in range(1, 25)
                 for change in (lambda result, before: [Results.OK], lambda result, before: before)]
        self.assertGreater(self.upgrade_through(edits), 8)


class Conflict(Case):
    def test_a_deadlock_is_done_again(self):
        self.maria.sql(self.db, TABLE + "; CREATE TABLE a (id INT PRIMARY KEY, n INT) ENGINE=InnoDB; INSERT INTO a VALUES (1, 0), "
                                        "(2, 0)")
        self.fleet.revision("aaaa1111", "UPDATE a SET n = n + 1 WHERE id = 1;\nINSERT INTO fx SELECT GET_LOCK('pace', 10);\n"
                                        "UPDATE a SET n = n + 1 WHERE id = 2;")
        self.inventory(lock_timeout="5s")
        with self.maria.session(self.db, "SELECT GET_LOCK('pace', 0); BEGIN; UPDATE a SET n = n + 10 WHERE id = 2; "
                                         "INSERT INTO a SELECT seq + 10, 0 FROM seq_1_to_5000") as other:
            process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
            wait_until(lambda: self.maria.sql("", "SELECT 1 FROM information_schema.processlist WHERE info LIKE "
                                                  "'%GET_LOCK(''pace'', 10)%' AND id <> CONNECTION_ID()"))
            # the larger transaction wins
            other.stdin.write(b"DO RELEASE_LOCK('pace'); UPDATE a SET n = n + 10 WHERE id = 1; COMMIT;\n")
            other.stdin.flush()
            out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, (out, err))
        self.assertIn(b'"attempts": 2', out)
        self.assertEqual(self.maria.sql(self.db, "SELECT n FROM a WHERE id < 3 ORDER BY id"), [["11"], ["11"]])
        self.assertEqual(self.effects(), ["1"])

    def test_two_names_of_one_database(self):
        secret = self.maria.SECRET
        self.fleet.revision("aaaa1111", TABLE + ";\nINSERT INTO fx VALUES (1);")
        self.fleet.inventory([{"name": "one", "url": self.maria.url(self.db)},
                              {"name": "two", "url": f"mysql://skein:{secret}@/{self.db}?unix_socket={self.maria.socket}"}],
                             defaults={"retries": 0}, rollout={"on_failure": "continue", "max_failures": 5})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual(sorted(t["state"] for t in report["tenants"]), ["failed", "succeeded"])
        self.assertIn("the same database as that of tenant", report["errors"][0]["message"])
        self.assertEqual(self.effects(), ["1"])


class Idle(Case):
    settings = ("--idle-transaction-timeout=1", "--max-statement-time=1")

    def test_a_session_is_closed_before_its_commit(self):
        proxy = Proxy(self.maria.port, "late", b"COMMIT AND", delay=2)
        self.addCleanup(proxy.close)
        self.maria.sql(self.db, TABLE)
        self.fleet.revision("aaaa1111", "INSERT INTO fx VALUES (1);\nINSERT INTO fx VALUES (2);")
        self.inventory(proxy.port)
        self.assertEqual(self.run_json("upgrade").tenant("t")["state"], "succeeded")
        self.assertEqual(self.effects(), ["1", "2"])

    def test_the_servers_own_statement_timeout_is_not_ours(self):
        self.fleet.revision("aaaa1111", TABLE + ";\nINSERT INTO fx SELECT SLEEP(1.5);")
        self.inventory()
        self.run_json("upgrade")
        self.assertEqual(self.effects(), ["0"])


class Clock(Case):
    """The server's clock stands, in the year 2001 and in another time zone."""
    settings = ("--init-connect=SET timestamp = 1000000000", "--default-time-zone=+13:00")

    def test_the_servers_clock_is_wrong(self):
        """What came last is told by number, not by time, and how long it took by our own clock."""
        user, run = "plain", lambda *args, **keys: self.run_json(*args, **keys).report["tenants"][0]
        self.maria.sql("", f"CREATE USER {user}@'%' IDENTIFIED BY '{self.maria.SECRET}'; GRANT ALL ON {self.db}.* TO {user}@'%'")
        self.fleet.inventory([{"name": "t", "url": self.maria.url(self.db, user=user)}])
        self.fleet.revision("aaaa1111", TABLE + ";\nINSERT INTO fx VALUES (1);", down="DROP TABLE fx;")
        self.fleet.revision("bbbb2222", "INSERT INTO fx SELECT 2 + SLEEP(0.05);", down="DELETE FROM fx WHERE n = 2;")
        steps = run("upgrade")["steps"]
        self.assertGreaterEqual(steps[1]["duration_ms"], 50)
        self.assertEqual(set(map(tuple, self.maria.sql(self.db, "SELECT DATE_FORMAT(applied_at, '%Y-%m-%d %H') FROM skein_history"))),
                         {("2001-09-09 01",)})
        self.assertEqual(run("downgrade", "-1")["to"], ["aaaa1111"])
        self.assertEqual(run("upgrade")["to"], ["bbbb2222"])
        self.assertEqual(run("rollback")["to"], ["aaaa1111"])
        self.assertEqual((run("current")["from"], self.effects()), (["aaaa1111"], ["1"]))


if __name__ == "__main__":
    main()
