"""--listen: the page, /status and /metrics of a run that goes on; who may ask; clients that mean no good."""
import contextlib
import http.client
import json
import os
import re
import socket
import sqlite3
import subprocess
import time

import schema
from browser import Browser
from harness import ENVIRONMENT, FleetCase, MariaDBCase, PostgresCase, SKEIN, main, wait_until
from test_metrics import parse

TOKEN = "0123456789abcdef-secret"


class Watched:
    """A run that is started with --listen, and asked how it stands."""

    def start(self, *args, address="127.0.0.1:0", env=None, block=True, command="upgrade"):
        """A run whose first tenant waits until self.release()."""
        if block:
            self.blocker = sqlite3.connect(self.fleet.path("data", "t0.db"), isolation_level=None, timeout=60)
            self.addCleanup(self.blocker.close)
            self.blocker.execute("BEGIN IMMEDIATE")
        log = open(self.fleet.path("log"), "w+b")
        self.addCleanup(log.close)
        self.process = subprocess.Popen([SKEIN, "-f", self.fleet.path("skein.yaml"), command, "--listen", address, *args], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=log, env={**ENVIRONMENT, **(env or {})})
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(lambda: self.process.poll() is None and (self.process.kill(), self.process.wait()))

        def find():
            with open(self.fleet.path("log"), encoding="utf-8") as file:
                return re.search(r"http://([^/]+):(\d+)/", file.read())
        self.host, port = wait_until(find, what="where it listens").groups()
        self.port = int(port)

    def release(self):
        self.blocker.execute("ROLLBACK")

    def end(self, code=0):
        out, _ = self.process.communicate(timeout=60)
        with open(self.fleet.path("log"), encoding="utf-8") as file:
            self.err = file.read()
        self.assertEqual(self.process.returncode, code, self.err)
        return out.decode()

    def ask(self, path="/status", method="GET", **headers):
        connection = http.client.HTTPConnection(self.host.strip("[]"), self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def status(self, **headers):
        code, _, text = self.ask(**headers)
        self.assertEqual(code, 200, text)
        document = json.loads(text)
        schema.check("status", document)
        return document

    def raw(self, data):
        link = socket.create_connection((self.host, self.port), timeout=30)
        self.addCleanup(link.close)
        link.sendall(data)
        return link


class Listen(Watched, FleetCase):
    NAMES = ("acme", "globex")

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1);", down="DROP TABLE a;")
        self.make(self.NAMES)

    def make(self, names):
        tenants = [{**self.fleet.sqlite(f"t{at}"), "name": name} for at, name in enumerate(names)]
        self.fleet.inventory(tenants, rollout={"parallel": 1}, defaults={"lock_timeout": "60s"})

    def test_a_run_can_be_watched(self):
        self.start()
        wait_until(lambda: self.status().get("at_work"))
        seen = self.status()
        self.assertEqual((seen["run"]["command"], seen["run"]["state"], seen["done"]), ("upgrade", "running", 0))
        self.assertEqual([doing["tenant"] for doing in seen["at_work"]], ["acme"])
        self.assertEqual((seen["totals"]["running"], seen["totals"]["pending"]), (1, 1))
        first = self.status()["elapsed_ms"]
        wait_until(lambda: self.status()["elapsed_ms"] > first)
        code, headers, text = self.ask("/metrics")
        self.assertEqual((code, parse(text)["skein_tenants", "running"]), (200, 1))
        self.assertIn("version=0.0.4", headers["Content-Type"])
        for path, kind in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
            code, headers, text = self.ask(path)
            self.assertEqual((code, headers["Content-Type"]), (200, f"{kind}; charset=utf-8"))
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertEqual(self.ask(path, "HEAD")[2], "")
        self.release()
        self.end()

    def test_only_reading_and_only_by_our_names(self):
        self.start()
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            self.assertEqual(self.ask(method=method)[0], 405, method)
        for path in ("/nowhere", "/../etc/passwd", "/status/", "//status"):
            self.assertEqual(self.ask(path)[0], 404, path)
        for host in ("evil.example", "localhost.evil.example", f"evil.example:{self.port}", "127.0.0.1.evil.example", "[evil.example]", "[::1", "[", ""):
            for path in ("/status", "/", "/metrics"):
                self.assertEqual(self.ask(path, Host=host)[0], 403, host)
        for host in ("localhost", f"LOCALHOST:{self.port}", "127.0.0.1", f"[::1]:{self.port}"):
            self.assertEqual(self.ask(Host=host)[0], 200, host)
        with self.raw(b"GET /status HTTP/1.0\r\n\r\n") as link:
            self.assertIn(b" 403 ", link.recv(4096))
        self.release()
        self.end()

    def test_who_asks_must_know_the_token(self):
        self.fleet.write("token", TOKEN + "\n")
        for args, env in ((("--listen-token-file", self.fleet.path("token")), {}), ((), {"SKEIN_LISTEN_TOKEN": TOKEN})):
            with self.subTest(env=env):
                self.start(*args, env=env, address="0.0.0.0:0")
                self.host = "127.0.0.1"
                for given in ({}, {"Authorization": "Bearer " + TOKEN[:-1]}, {"Authorization": "Bearer " + TOKEN + "x"},
                              {"Authorization": "Basic " + TOKEN}, {"Authorization": "Bearer"}, {"Authorization": "Bearer " + "x" * len(TOKEN)}):
                    for path in ("/status", "/metrics"):
                        code, headers, text = self.ask(path, **given)
                        self.assertEqual((code, headers["WWW-Authenticate"]), (401, "Bearer"))
                        self.assertNotIn("acme", text)
                wait_until(lambda: self.status(Authorization="Bearer " + TOKEN, Host="db.example")["run"])
                self.assertEqual(self.ask("/")[0], 200)  # the page alone tells nothing
                self.release()
                out = self.end()
                self.assertNotIn(TOKEN, out + self.err)
                self.run_ok("downgrade", "base", "--yes")
        for name in os.listdir(self.fleet.path(".skein")):
            with open(self.fleet.path(".skein", name), "rb") as file:
                self.assertNotIn(TOKEN.encode(), file.read())

    def test_what_is_refused_touches_nothing(self):
        self.fleet.write("short", "too short\n")
        self.fleet.write("odd", "0123456789 abcdef\n")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for args, says in ((("0.0.0.0:0",), "others can reach '0.0.0.0:0'"), (("[::]:0",), "others can reach"),
                               ((f"127.0.0.1:{port}",), "Address already in use"), (("nowhere:1",), "is no address"),
                               (("127.0.0.1",), "is no address"), (("127.0.0.1:65536",), "is no address"), (("::1:80",), "is no address"),
                               (("0", "--listen-token-file", "nowhere"), "cannot read 'nowhere'"),
                               (("0.0.0.0:0", "--listen-token-file", self.fleet.path("short")), "must have 16 or more"),
                               (("0", "--listen-token-file", self.fleet.path("odd")), "letters, digits and signs")):
                with self.subTest(args):
                    result = self.run_ok("upgrade", "--listen", *args, code=2)
                    self.assertIn(says, result.err)
                    self.assertNotIn("0123456789", result.err)
        self.assertFalse(os.path.exists(self.fleet.path(".skein")))
        self.assertEqual(self.fleet.tables("t0"), set())
        self.assertIn("--listen-token-file has no effect without --listen",
                      self.run_ok("upgrade", "--listen-token-file", self.fleet.path("odd"), code=2).err)

    def test_clients_that_mean_no_good(self):
        """Neither those that send nothing, half of something or garbage, nor those that read nothing, hold the run up."""
        self.start()
        wait_until(lambda: self.status().get("at_work"))
        links = [self.raw(b"") for _ in range(20)]
        links += [self.raw(b"GET /status HTTP/1.1\r\nHost: localhost\r\nX: ") for _ in range(10)]
        links += [self.raw(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50) for _ in range(5)]  # and never reads
        for data in (b"\0" * 4096, b"GET " + b"/" * 100000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
                     b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 10000,
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", b"\x16\x03\x01\x02\x00\x01\x00"):
            with contextlib.suppress(OSError), self.raw(data) as link:
                link.settimeout(0.2)
                link.recv(65536)
        self.assertEqual(self.status()["run"]["state"], "running")
        self.release()
        begun = time.monotonic()
        self.end()
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(self.fleet.tables("t1"), {"a"})

    def test_one_address_leaves_connections_to_others(self):
        self.start()
        wait_until(lambda: self.status().get("at_work"))
        with contextlib.ExitStack() as stack:
            for _ in range(80):
                link = stack.enter_context(contextlib.closing(socket.socket()))
                link.bind(("127.0.0.2", 0))
                link.connect(("127.0.0.1", self.port))
                with contextlib.suppress(OSError):
                    link.sendall(b"GET /status HTTP/1.1\r\nHost: loc")
            begun = time.monotonic()
            self.assertEqual(self.status()["run"]["state"], "running")
            self.assertLess(time.monotonic() - begun, 8)  # after 10 s those that are idle are closed
        self.release()
        self.end()

    def test_an_event_says_where(self):
        self.start("--progress", "json", address="[::1]:0", block=False)
        self.end()
        first = json.loads(self.err.splitlines()[0])
        schema.check("event", first)
        self.assertRegex(first["url"], r"^http://\[::1\]:\d+/$")

    def test_the_page_shows_it(self):
        evil = "<img src=x onerror=alert(1)>" + "x" * 90
        self.make((evil, "globex"))
        self.fleet.query("t1", "CREATE TABLE a (id INTEGER)")
        self.start("--on-failure", "continue")
        with Browser() as browser:
            page = browser.open(self.fleet.write("blank.html", "<title>x</title>"))
            page.go(f"http://127.0.0.1:{self.port}/")
            page.until("document.querySelector('#work td') !== null")
            self.assertEqual(page.eval("document.querySelector('#work td').textContent"), evil)
            self.assertEqual(page.eval("document.images.length"), 0)
            self.assertRegex(page.eval("document.querySelector('#verdict').textContent"), r"^running, 0 of 2 done")
            self.assertEqual(page.text("#said"), "running")
            self.assertEqual(page.texts("#links a"), ["JSON", "metrics"])
            self.assertEqual(page.eval("states({pending: 2, running: 1, failed: 0, succeeded: 4, tenants: 7})"), [["succeeded", 4], ["running", 1], ["pending", 2]])
            page.size(360, 700, is_phone=True)
            self.assertEqual(page.eval("document.documentElement.scrollWidth"), 360)
            self.assertGreater(min(page.eval("[...document.querySelectorAll('#waves td:not(.n), #work td:not(.n, :empty)')].map((e) => e.getBoundingClientRect().width)")), 60)
            self.assertEqual(page.faults(), [])
            self.assertEqual(page.logged, [])
            self.assertFalse([url for url in page.requests if not url.startswith(f"http://127.0.0.1:{self.port}/")])
            self.release()
            self.end(1)
            page.until("/run is over/.test(document.querySelector('#verdict').textContent) || /failed/.test(document.querySelector('#verdict').textContent)")


class OnServer(Watched):
    """A statement that takes long: which one it is, and what the server says of it. It is asked on a connection of its own."""

    def watch(self, name, holding, up, options=""):
        """What /status says of the tenant once the server was asked."""
        self.fleet.revision("aaaa1111", "CREATE TABLE task (title varchar(50));")
        self.fleet.inventory(self.server.create(name), defaults={"lock_timeout": "0s"})
        self.run_ok("upgrade")
        self.fleet.revision("bbbb2222", up, options=options)
        with self.server.session(name, holding):
            self.start(block=False)
            found = wait_until(lambda: [doing for doing in self.status().get("at_work", []) if doing["server"]], what="the server's word")
        self.end()
        self.assertEqual((found[0]["revision"], found[0]["direction"]), ("bbbb2222", "up"))
        return found[0]


class OnPostgres(OnServer, PostgresCase):
    server = property(lambda self: self.pg)

    def test_an_index_that_is_built(self):
        doing = self.watch("a", "BEGIN; INSERT INTO task VALUES ('x');", "SELECT 'a password';\n"
                           "CREATE INDEX CONCURRENTLY ix_task ON task (title) WHERE title <> 'secret';", options=" transaction:false")
        self.assertRegex(doing["server"], "^CREATE INDEX CONCURRENTLY: waiting for writers before build$")
        self.assertEqual((doing["share"], doing["statement"], doing["statements"], doing["line"]), (0, 2, 2, 8))
        self.assertEqual(doing["sql"], "CREATE INDEX CONCURRENTLY ix_task ON task (title) WHERE title <> '...'" + (";" if ";" in doing["sql"] else ""))
        self.assertRegex(doing["blocked_by"], r"^process \d+ \(user skein, 'psql', idle in transaction for \d+ s")

    def test_a_lock(self):
        doing = self.watch("b", "BEGIN; SELECT * FROM task;", "ALTER TABLE task ADD COLUMN due date;")
        self.assertEqual((doing["server"], doing["share"]), ("waits for a lock (relation)", None))
        self.assertRegex(doing["blocked_by"], r"^process \d+ ")


    def test_a_machine_that_joined(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (title varchar(50));")
        self.server.create("ledger")
        self.fleet.inventory(self.server.create("d", "e"), ledger=self.server.url("ledger"), rollout={"parallel": 1}, defaults={"lock_timeout": "0s"})
        for name in ("d", "e"):
            self.server.sql(name, "CREATE TABLE task (title varchar(50))")
        self.run_ok("stamp", "aaaa1111")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD COLUMN due date;")
        with self.server.session("d", "BEGIN; SELECT * FROM task;"), self.server.session("e", "BEGIN; SELECT * FROM task;"):
            first = self.fleet.start("upgrade", "--as", "one", "--progress", "none", stderr=subprocess.DEVNULL)
            self.start("--as", "two", "--wait", "30s", block=False, command="work")
            wait_until(lambda: self.status().get("at_work"), what="the second machine's tenant")
            for args in (["0.0.0.0:0"], ["0", "--listen-token-file", "nowhere"]):
                self.run_ok("work", "--as", "three", "--listen", *args, code=2)
        self.end()
        first.communicate(timeout=60)


class OnMariaDB(OnServer, MariaDBCase):
    server = property(lambda self: self.maria)

    def test_a_lock(self):
        doing = self.watch("a", "BEGIN; SELECT * FROM task", "ALTER TABLE task ADD COLUMN due date;")
        self.assertEqual(doing["server"], "Waiting for table metadata lock")
        self.assertRegex(doing["blocked_by"], r"^connection \d+ ")


if __name__ == "__main__":
    main()
