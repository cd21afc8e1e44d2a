"""Faults of servers and of the way to them: TLS, DNS, silence, deadlocks, garbage, one database twice."""
import base64
import contextlib
import glob
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

from harness import FleetCase, Postgres, PostgresCase, free_port, main, wait_until
from proxy import Proxy


def call(*args, cwd):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd)
    if done.returncode:
        raise AssertionError(f"{args}: {done.stdout.decode()}")


class Authority:
    """A certificate authority of the test's own."""

    KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

    def __init__(self, name):
        self.dir = tempfile.mkdtemp(prefix="skein-ca-")
        os.chmod(self.dir, 0o755)
        self.root = os.path.join(self.dir, "root.crt")
        call("openssl", "req", "-x509", *self.KEY, "-keyout", "root.key", "-out", "root.crt", "-days", "2",
             "-subj", f"/CN={name}", cwd=self.dir)

    def close(self):
        shutil.rmtree(self.dir)

    def issue(self, host, days=2):
        """PEM of a certificate for the host name, and of its key."""
        with open(os.path.join(self.dir, "extensions"), "w") as file:
            file.write(f"subjectAltName=DNS:{host}\n")
        call("openssl", "req", *self.KEY, "-keyout", "key", "-out", "request", "-subj", f"/CN={host}",
             cwd=self.dir)
        call("openssl", "x509", "-req", "-in", "request", "-CA", "root.crt", "-CAkey", "root.key",
             "-CAcreateserial", "-days", str(days), "-extfile", "extensions", "-out", "crt", cwd=self.dir)
        return [self.read("crt"), self.read("key")]

    def read(self, name):
        with open(os.path.join(self.dir, name), "rb") as file:
            return file.read()


class Tls(FleetCase):
    """The server takes unencrypted connections too, so whoever downgrades would get in."""

    @classmethod
    def setUpClass(cls):
        cls.ours, cls.other = Authority("skein test"), Authority("somebody else")
        for authority in (cls.ours, cls.other):
            cls.addClassCleanup(authority.close)
        cls.pg = Postgres("log_connections=on")
        cls.addClassCleanup(cls.pg.close)
        cls.pg.create("t")

    def serve(self, certificate, key):
        for name, data in (("server.crt", certificate), ("server.key", key)):
            path = os.path.join(self.pg.data, name)
            with open(path, "wb") as file:
                file.write(data)
            os.chmod(path, 0o600)
            shutil.chown(path, os.stat(self.pg.data).st_uid)
        self.set_ssl("on")

    def set_ssl(self, value):
        self.pg.sql("postgres", f"ALTER SYSTEM SET ssl = {value}")
        self.pg.sql("postgres", "SELECT pg_reload_conf()")
        wait_until(lambda: self.pg.sql("postgres", "SHOW ssl") == [[value]], what="ssl")
        time.sleep(0.1)

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a AS SELECT ssl FROM pg_stat_ssl "
                                        "WHERE pid = pg_backend_pid();", down="DROP TABLE a;")

    def url(self, mode, host="localhost", root=None):
        return (f"postgresql://skein@{host}:{self.pg.port}/t?sslmode={mode}"
                f"&sslrootcert={root or self.ours.root}")

    def log(self):
        with open(os.path.join(self.pg.dir, "log")) as file:
            return file.read()

    def refuse(self, url, *words, env=None):
        before = self.log().count("connection authorized")
        self.fleet.inventory([{"name": "t", "url": url, "retries": 3}])
        tenant = self.run_json("upgrade", code=1, env=env).tenant("t")
        for word in words:
            self.assertIn(word, tenant["error"]["message"])
        self.assertEqual((tenant["error"]["class"], tenant["attempts"]), ("connect", 1))
        self.assertEqual(self.log().count("connection authorized"), before + self.asked)
        self.assertEqual(self.pg.tables("t"), set())

    asked = 0  # connections of the test's own between the two looks at the log

    def test_a_good_certificate(self):
        self.serve(*self.ours.issue("localhost"))
        self.fleet.inventory([{"name": "t", "url": self.url("verify-full")}])
        self.run_ok("upgrade")
        self.assertEqual(self.pg.sql("t", "SELECT ssl FROM a"), [["t"]])
        self.run_ok("downgrade", "base")

    def test_an_untrusted_authority(self):
        self.serve(*self.other.issue("localhost"))
        self.refuse(self.url("verify-full"), "certificate verify failed: unable to get local issuer")
        self.refuse(self.url("verify-ca"), "certificate verify failed")

    def test_an_expired_certificate(self):
        self.serve(*self.ours.issue("localhost", days=-1))
        self.refuse(self.url("verify-full"), "certificate has expired")

    def test_another_hosts_certificate(self):
        self.serve(*self.ours.issue("db.example"))
        self.refuse(self.url("verify-full"), "db.example", "localhost")

    def test_a_missing_root(self):
        self.serve(*self.ours.issue("localhost"))
        self.refuse(self.url("verify-full", root="/nonexistent/root.crt"), "root certificate file",
                    "/nonexistent/root.crt")

    def test_a_server_without_tls_is_no_reason_to_go_without(self):
        self.set_ssl("off")
        for mode in ("require", "verify-ca", "verify-full"):
            self.refuse(self.url(mode), "server does not support SSL")

    def test_what_leaves_the_machine_is_verified_by_default(self):
        self.serve(*self.ours.issue("localhost"))
        url = f"postgresql://skein@0.0.0.0:{self.pg.port}/t"  # ours, by a name that is not known as local
        self.refuse(url, "TLS is verified unless the URL says otherwise",
                    env={"HOME": self.fleet.dir, "PGSSLROOTCERT": "/nonexistent/root.crt"})
        self.refuse(url, "localhost", "0.0.0.0", env={"PGSSLROOTCERT": self.ours.root})

    def test_the_address_that_is_dialled_decides(self):
        """0.0.0.0 is ours, but not known as local: what is not verified gets in."""
        self.set_ssl("off")
        out, here = "0.0.0.0", "127.0.0.1"
        port = f"port={self.pg.port}&user=skein"
        services = self.fleet.write("services", "".join(
            f"[{name}]\n{text}\n" for name, text in (
                ("bare", f"host={out}"), ("addr", f"host=localhost\nhostaddr={out}"), ("two", f"host=localhost,{out}"),
                ("weak", f"host={out}\nsslmode=disable"), ("local", "host=localhost"))))
        home = {"HOME": self.fleet.dir, "PGSERVICEFILE": services}
        cases = [(f"postgresql://localhost/t?hostaddr={out}&{port}", {}),
                 (f"postgresql://localhost/t?hostaddr=0:0:0:0:0:0:0:0&{port}", {}),
                 (f"postgresql:///t?hostaddr={out}&{port}", {}),
                 (f"postgresql://{out}/t?{port}", {"PGSSLMODE": ""}),
                 (f"postgresql://{out}/t?{port}", {"PGSSLMODE": "disable"}),
                 (f"postgresql://{out}/t?{port}", {"PGSSLMODE": "prefer"}),
                 (f"postgresql://{out}/t?{port}", {"PGSERVICE": "weak"}),
                 (f"postgresql://localhost/t?hostaddr={out}&{port}", {"PGSERVICE": "weak"}),
                 (f"postgresql:///t?host={self.pg.dir}&{port}", {"PGHOSTADDR": out}),
                 (f"postgresql:///t?{port}", {"PGHOST": out}),
                 (f"postgresql:///t?{port}", {"PGHOST": f"localhost,{out}"}),
                 (f"postgresql:///t?{port}", {"PGHOSTADDR": out, "PGHOST": "localhost"}),
                 (f"postgresql:///t?{port}", {"PGSERVICE": "bare"}),
                 (f"postgresql:///t?{port}&service=bare", {}),
                 (f"postgresql:///t?{port}&service=bare", {"PGSSLMODE": "disable"}),
                 (f"postgresql:///t?{port}&service=addr", {}),
                 (f"postgresql:///t?{port}&service=two", {})]
        for url, env in cases:
            with self.subTest(url=url, env=env):
                self.fleet.inventory([{"name": "t", "url": url, "retries": 0}])
                self.run_ok("current", code=1, env={**home, **env})
        let_in = [(f"postgresql://localhost/t?hostaddr={here}&{port}", {}),
                  (f"postgresql:///t?host={self.pg.dir}&{port}", {}),
                  (f"postgresql://localhost/t?{port}", {"PGHOSTADDR": "192.0.2.1"}),  # the URL's host is dialled
                  (f"postgresql://db.example/t?hostaddr={here}&{port}", {}),  # and its address is not looked up
                  (f"postgresql://{out}/t?{port}&sslmode=disable", {}),
                  (f"postgresql:///t?{port}&service=weak", {}),
                  (f"postgresql:///t?{port}", {"PGSERVICE": "weak"}),
                  (f"postgresql:///t?{port}&service=local", {})]
        for url, env in let_in:
            with self.subTest(url=url, env=env):
                self.fleet.inventory([{"name": "t", "url": url, "retries": 0}])
                self.run_ok("current", env={**home, **env})


class Dns(PostgresCase):
    STUB = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strstr(node, ".slow")) {
        sleep(4);
        return EAI_NONAME;
    }
    return real(node, service, hints, result);
}
"""

    def test_slow_lookups_cost_only_their_own_tenants(self):
        stub = self.fleet.path("stub.so")
        call("cc", "-shared", "-fPIC", "-o", stub, self.fleet.write("stub.c", self.STUB), "-ldl",
             cwd=self.fleet.dir)
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        slow = [{"name": f"s{i}", "url": f"postgresql://u@host{i}.slow/x", "retries": 0,
                 "connect_timeout": "2s"} for i in range(6)]
        good = [{"name": f"g{i}", "url": f"postgresql://skein@localhost:{self.pg.port}/g{i}"}
                for i in range(6)]
        self.pg.create(*[f"g{i}" for i in range(6)])
        self.fleet.inventory([*slow, *good])
        start = time.monotonic()
        result = self.run_json("upgrade", "--on-failure", "continue", code=1, env={
            "LD_PRELOAD": stub, "ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.assertLess(time.monotonic() - start, 20)
        for tenant in good:
            self.assertEqual(result.tenant(tenant["name"])["state"], "succeeded")
            self.assertLess(result.tenant(tenant["name"])["duration_ms"], 3500)
        for tenant in slow:
            error = result.tenant(tenant["name"])["error"]
            self.assertIn(tenant["name"].replace("s", "host"), error["message"])


class Silence(PostgresCase):
    """The connection stands, and nobody answers any more."""

    def make(self, name, moment, **keys):
        proxy = Proxy(self.pg.port, "stall", moment)
        self.addCleanup(proxy.close)
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int);\nINSERT INTO fx VALUES (1);")
        self.pg.create(name)
        self.fleet.inventory([{"name": name, "url": self.pg.url(name, port=proxy.port), **keys}])
        return proxy

    def test_in_a_statement(self):
        proxy = self.make("silent", b"INSERT INTO fx", statement_timeout="300ms", retries=0)
        tenant = self.run_json("upgrade", code=1).tenant("silent")
        self.assertEqual((proxy.fired, tenant["state"], tenant["error"]["class"]), (1, "failed", "timeout"))
        self.assertEqual(self.pg.tables("silent"), set())

    def test_behind_a_commit(self):
        """The deadline passes, another connection asks: it was committed."""
        proxy = self.make("asked", b"COMMIT\0", lock_timeout="1s")
        tenant = self.run_json("upgrade").tenant("asked")
        self.assertEqual((proxy.fired, tenant["state"], tenant["attempts"]), (1, "succeeded", 2))
        self.assertEqual(self.pg.sql("asked", "SELECT n FROM fx"), [["1"]])

    def test_a_peer_that_vanished_is_found_by_keepalives(self):
        """Nobody can pull a plug here, but the kernel shows what it would do: ask after 10 s."""
        self.fleet.revision("aaaa1111", "SELECT pg_sleep(3);")
        self.fleet.inventory(self.pg.create("sleeps"))
        process = self.fleet.start("upgrade")
        wait_until(lambda: self.pg.sql("postgres", "SELECT 1 FROM pg_stat_activity WHERE datname = 'sleeps' "
                                                   "AND query LIKE '%pg_sleep%'"), what="the sleep")
        time.sleep(0.5)  # until what was sent last is acknowledged
        timers = self.timers_towards(self.pg.port)
        process.communicate(timeout=240)
        self.assertEqual([kind for kind, _ in timers], ["02"])
        self.assertLessEqual(timers[0][1], 10)

    @staticmethod
    def timers_towards(port):
        """Kind (02: keepalive) and seconds left of the timers of established connections."""
        with open("/proc/net/tcp") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        return [(row[5][:2], int(row[5][3:], 16) / os.sysconf("SC_CLK_TCK")) for row in rows
                if row[2].endswith(f":{port:04X}") and row[3] == "01"]

    def test_a_transaction_that_idles_too_long_before_its_commit(self):
        """The server ends the session with COMMIT still under way: no SQLSTATE comes (it was lost)."""
        proxy = Proxy(self.pg.port, "none")
        self.addCleanup(proxy.close)
        delayed = []

        def fires(data):
            if b"COMMIT\0" in data and not delayed:
                delayed.append(True)
                time.sleep(1)
            return False
        proxy._fires = fires
        # in a way that skein does not see, and so does not take back after the revision
        self.fleet.revision("aaaa1111", "SELECT hurry();\nCREATE TABLE fx (n int);\nINSERT INTO fx VALUES (1);")
        self.pg.create("idle")
        self.pg.sql("idle", "CREATE FUNCTION hurry() RETURNS text LANGUAGE sql AS "
                            "$$SELECT set_config('idle_in_transaction_session_timeout', '200ms', true)$$")
        self.fleet.inventory([{"name": "idle", "url": self.pg.url("idle", port=proxy.port)}])
        tenant = self.run_json("upgrade").tenant("idle")
        self.assertEqual((len(delayed), tenant["state"], tenant["attempts"]), (1, "succeeded", 2))
        self.assertEqual(self.pg.sql("idle", "SELECT n FROM fx"), [["1"]])


class Conflicts(PostgresCase):
    def test_the_victim_of_a_deadlock_is_tried_again(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); CREATE TABLE b (id int);")
        self.fleet.revision("bbbb2222", "LOCK TABLE a; DO $$ BEGIN WHILE nextval('tries') < 10000 AND NOT EXISTS (SELECT FROM pg_locks "
                                        "WHERE relation = 'b'::regclass AND granted) LOOP PERFORM pg_sleep(0.02); END LOOP; "
                                        "PERFORM setval('tries', 10000); END $$; LOCK TABLE b; INSERT INTO a VALUES (1);")
        self.fleet.inventory(self.pg.create("dead"), defaults={"lock_timeout": "20s"})
        self.pg.sql("dead", "CREATE SEQUENCE tries")  # a sequence does not roll back: only the first try waits for the other
        self.run_ok("upgrade", "+1")
        process = self.fleet.start("upgrade", "-v")
        wait_until(lambda: self.pg.sql("dead", "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' "
                                               "AND relation = 'a'::regclass"), what="the lock on a")
        # the other's own deadlock check is an hour away: ours comes first, and makes us the victim
        other = "SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE b; LOCK TABLE a; COMMIT"
        self.pg.sql("dead", other)
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn(b"40P01", err)
        self.assertEqual(self.pg.sql("dead", "SELECT id FROM a"), [["1"]])

    def test_a_serialization_failure_is_tried_again_and_not_for_ever(self):
        self.pg.create("serial")
        self.pg.sql("serial", "CREATE SEQUENCE tries")  # a sequence does not roll back
        self.fleet.revision("aaaa1111", "DO $$ BEGIN IF nextval('tries') < 3 THEN RAISE EXCEPTION 'again' "
                                        "USING ERRCODE = '40001'; END IF; END $$; CREATE TABLE a (id int);")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("serial"), "retries": 3}])
        self.assertEqual(self.run_json("upgrade").tenant("t")["attempts"], 3)
        self.fleet.revision("bbbb2222", "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$;")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("serial"), "retries": 1}])
        tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertEqual((tenant["attempts"], tenant["error"]["code"]), (2, "40001"))

    def test_an_ordinary_error_is_not_tried_again(self):
        self.fleet.revision("aaaa1111", "SELECT 1 / 0;")
        self.fleet.inventory(self.pg.create("zero"), defaults={"retries": 5})
        self.assertEqual(self.run_json("upgrade", code=1).tenant("zero")["attempts"], 1)

    def test_a_server_that_the_statement_asked_is_not_ours(self):
        """As a foreign table says it that cannot be reached: our own session lives."""
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\nCREATE TABLE a (id int);\n"
                                        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_tables WHERE tablename = 'up') THEN "
                                        "RAISE EXCEPTION 'far' USING ERRCODE = '08001'; END IF; END $$;\n")
        self.fleet.inventory(self.pg.create("far0", "far1"), defaults={"retries": 1},
                             rollout={"on_failure": "continue", "parallel": 1})
        report = self.run_json("upgrade", code=4)
        for name in ("far0", "far1"):
            tenant = report.tenant(name)
            self.assertEqual((tenant["state"], tenant["attempts"], tenant["error"]["class"], tenant["error"]["line"]),
                             ("partial", 2, "sql", 8))
            self.assertEqual(self.pg.sql(name, "SELECT statements, state FROM skein_history"), [["1", "partial"]])
            self.pg.sql(name, "CREATE TABLE up ()")
        self.run_ok("upgrade")


class OurTransaction(PostgresCase):
    def test_a_revision_may_not_end_it(self):
        tenants = self.pg.create("ends")
        for sql in ("COMMIT", "ROLLBACK", "END", "ABORT", "BEGIN", "START TRANSACTION", "COMMIT AND CHAIN",
                    "ROLLBACK AND CHAIN", "PREPARE TRANSACTION 'x'", "/* */ commit work"):
            with self.subTest(sql=sql):
                self.fleet.last = ""
                self.fleet.revision("aaaa1111", f"CREATE TABLE a (id int);\n{sql};\nCREATE TABLE b (id int);")
                self.fleet.inventory(tenants)
                refused = self.run_ok("upgrade", code=2)
                self.assertIn("versions/aaaa1111.sql:8", refused.err)
        self.assertEqual(self.pg.tables("ends"), set())

    def test_nor_may_what_it_calls(self):
        self.fleet.revision("aaaa1111", "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;\n"
                                        "CALL p();")
        self.fleet.inventory(self.pg.create("calls"))
        error = self.run_json("upgrade", code=1).tenant("calls")["error"]
        self.assertEqual((error["code"], error["line"]), ("2D000", 8))

    def test_a_commit_that_rolled_back_is_no_success(self):
        """The error is hidden from skein: it sends COMMIT, and the answer is ROLLBACK."""
        proxy = Hiding(self.pg.port)
        self.addCleanup(proxy.close)
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);\nSELECT 1 / 0;")
        self.pg.create("hidden")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("hidden", port=proxy.port) +
                               "?sslmode=disable&gssencmode=disable", "retries": 0}])
        tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertGreater(proxy.fired, 0)
        self.assertEqual((tenant["state"], tenant["to"]), ("failed", []))
        self.assertEqual(self.pg.tables("hidden"), set())


class Hiding(Proxy):
    """Turns every error behind a BEGIN into a success, and the failed transaction into a sound one."""

    def __init__(self, port):
        super().__init__(port, "hide")

    def _downward(self, client, server, state):
        pending = b""
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                pending += data
                while len(pending) >= 5 and len(pending) >= 1 + int.from_bytes(pending[1:5], "big"):
                    size = 1 + int.from_bytes(pending[1:5], "big")
                    client.sendall(self._change(pending[:size]))
                    pending = pending[size:]
        self._close(client, server)

    def _change(self, message):
        if message[:1] == b"E":
            self.fired += 1
            return b"C\0\0\0\x0dSELECT 1\0"
        return b"Z\0\0\0\x05T" if message == b"Z\0\0\0\x05E" else message


class Garbling(Proxy):
    """From a random moment on, some bytes from the server are others."""

    def __init__(self, port, seed):
        self.random = random.Random(seed)
        super().__init__(port, "garble")

    def _downward(self, client, server, state):
        healthy = self.random.randrange(20, 2000)
        with contextlib.suppress(OSError):
            while data := bytearray(server.recv(65536)):
                for i in range(len(data)):
                    healthy -= 1
                    if healthy < 0 and self.random.random() < 0.02:
                        data[i] = self.random.randrange(256)
                        self.fired += 1
                client.sendall(data)
        self._close(client, server)


class Garbage(PostgresCase):
    def test_spoiled_bytes_end_in_an_error_and_nothing_worse(self):
        count = 40
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
        self.fleet.revision("bbbb2222", "SELECT repeat('x', 1000) FROM generate_series(1, 100);")
        self.pg.create(*[f"g{i}" for i in range(count)])
        proxies = [Garbling(self.pg.port, seed) for seed in range(count)]
        for proxy in proxies:
            self.addCleanup(proxy.close)
        self.fleet.inventory([{"name": f"g{i}", "url": self.pg.url(f"g{i}", port=proxies[i].port)}
                              for i in range(count)],
                             defaults={"retries": 0, "connect_timeout": "2s", "lock_timeout": "1s",
                                       "statement_timeout": "1s"},
                             rollout={"parallel": count, "per_server": count})
        result = self.fleet.run("upgrade", "--on-failure", "continue", "-o", "json", "--progress", "none",
                                timeout=150)
        self.assertIn(result.code, (0, 1, 4), repr(result)[-2000:])
        self.assertEqual(result.report["totals"]["tenants"], count)
        self.assertGreater(sum(p.fired > 0 for p in proxies), count // 2)
        for i in range(count):  # whatever was understood: all of it or nothing
            done = self.pg.tables(f"g{i}")
            self.assertIn(done, (set(), {"a"}))
            if done:
                self.assertEqual(self.pg.versions(f"g{i}"), ["bbbb2222"])

    def test_a_huge_error_is_cut(self):
        self.fleet.revision("aaaa1111", "DO $$ BEGIN RAISE EXCEPTION '%', repeat('ü', 20000000); END $$;")
        self.fleet.inventory(self.pg.create("huge"))
        result = self.run_json("upgrade", code=1)
        self.assertLess(len(result.out), 10000)
        self.assertIn("üüü", result.tenant("huge")["error"]["message"])

    def test_an_error_text_cannot_speak_to_the_terminal(self):
        self.fleet.revision("aaaa1111", "DO $$ BEGIN RAISE EXCEPTION E'\\x1b]52;c;evil\\x07\\n%\\u202e', "
                                        "'</script>'; END $$;")
        self.fleet.inventory(self.pg.create("speaks"))
        result = self.run_ok("upgrade", "-v", code=1)
        for hidden in ("\x1b", "\x07", "\u202e"):
            self.assertNotIn(hidden, result.out + result.err)


class SameServer(PostgresCase):
    """One database by two names that only its server can tell to be one."""

    def test_the_second_tenant_is_not_touched(self):
        socket_url = f"postgresql://skein@/%s?host={self.pg.dir}&port={self.pg.port}"
        other_address = self.pg.url("%s").replace("127.0.0.1", "0.0.0.0") + "?sslmode=disable"
        for number, (url, keys) in enumerate(((socket_url, {}), (other_address, {}),
                                              (self.pg.url("%s"), {"schema": "public"}))):
            with self.subTest(url=url, keys=keys):
                name = f"same{number}"
                self.fleet.last = ""
                self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
                self.fleet.revision("bbbb2222", "CREATE TABLE b (id int);")
                self.fleet.inventory([*self.pg.create(name), {"name": "other", "url": url % name, **keys}],
                                     rollout={"on_failure": "continue"}, defaults={"retries": 0})
                result = self.run_json("upgrade", "+1", "--parallel", "1", code=1)
                self.assertEqual(result.tenant(name)["state"], "succeeded")
                error = result.tenant("other")["error"]
                self.assertEqual((error["class"], error["message"]),
                                 ("config", f"it is the same database as that of tenant '{name}'"))
                self.assertEqual(self.pg.versions(name), ["aaaa1111"])

    def test_schemas_and_databases_of_one_server_are_many(self):
        self.pg.create("many", "more")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.inventory([{"name": f"{d}{s}", "url": self.pg.url(d), "schema": s, "create": True}
                              for d in ("many", "more") for s in ("a", "b")])
        self.run_ok("upgrade")
        self.run_ok("current")


class Canary(FleetCase):
    """One password in every way that a password can come, in runs that go well and runs that do not:
    it must be nowhere but where it belongs."""

    SECRET = "c4nary-'\\\"%s/@&<ü"
    FORMS = (SECRET, "c4nary", urllib.parse.quote(SECRET, safe=""), json.dumps(SECRET)[1:-1],
             base64.b64encode(SECRET.encode()).decode())

    @classmethod
    def setUpClass(cls):
        cls.pg = Postgres("log_statement=all", "log_connections=on", "log_min_duration_statement=0",
                          auth="scram-sha-256", hba="local all skein trust\nhost all skein 127.0.0.1/32 trust\n"
                                                    "host all all 127.0.0.1/32 scram-sha-256\n")
        cls.addClassCleanup(cls.pg.close)
        cls.pg.sql("postgres", "CREATE ROLE app LOGIN SUPERUSER PASSWORD "
                               "'" + cls.SECRET.replace("'", "''") + "'")

    def setUp(self):
        super().setUp()
        for i in range(6):
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS c{i}")
        self.pg.create(*[f"c{i}" for i in range(6)])
        self.log_size = len(self.log())

    def log(self):
        with open(os.path.join(self.pg.dir, "log"), errors="replace") as file:
            return file.read()

    def tenants(self):
        """A tenant for each way, with what the environment must hold."""
        self.fleet.write("pw", self.SECRET + "\n", 0o600)
        escaped = self.SECRET.replace("\\", "\\\\").replace(":", "\\:")
        self.fleet.write("pgpass", f"127.0.0.1:*:c4:app:{escaped}\n", 0o600)
        quoted = urllib.parse.quote(self.SECRET, safe="")
        address = f"127.0.0.1:{self.pg.port}"
        ways = [{"url": f"postgresql://app:{quoted}@{address}/c0"}, {"password_env": "CANARY"},
                {"password_file": "pw"}, {"password_command": ["cat", self.fleet.path("pw")]}, {},
                {"url": f"postgresql://app:${{QUOTED}}@{address}/c5"}]
        return ([{"name": f"c{i}", "url": f"postgresql://app@{address}/c{i}", "retries": 0, **way}
                 for i, way in enumerate(ways)],
                {"CANARY": self.SECRET, "QUOTED": quoted, "PGPASSFILE": self.fleet.path("pgpass")})

    def look_for_it(self, where, text):
        for form in self.FORMS:
            self.assertNotIn(form, text, where)

    def watch(self, process):
        """What others can see of the process while it runs: its arguments, and its children's."""
        seen = []
        while process.poll() is None:
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                with contextlib.suppress(OSError), open(path, "rb") as file:
                    seen.append(file.read().decode(errors="replace"))
            time.sleep(0.02)
        return "\n".join(seen)

    def visit(self, *args, env, codes):
        reports = [self.fleet.path(f"report.{format_}") for format_ in ("json", "text")]
        outputs = [] if args[0] == "tenants" else [x for path in reports for x in
                                                   ("-o", f"{path.rpartition('.')[2]}={path}")]
        out, err = (open(self.fleet.path(name), "wb") for name in ("out", "err"))
        with out, err:
            process = self.fleet.start(*args, "-v", *outputs, env=env, stdout=out, stderr=err)
            self.look_for_it("arguments", self.watch(process))
        self.assertIn(process.returncode, codes, self.fleet.read("err").decode(errors="replace"))
        for name in ("out", "err"):
            self.look_for_it(name, self.fleet.read(name).decode(errors="replace"))
        for path in filter(os.path.exists, reports):
            self.look_for_it(path, self.fleet.read(path).decode(errors="replace"))

    def look_at_the_log(self):
        self.look_for_it("server log", self.log()[self.log_size:])

    def tearDown(self):
        for root, _, names in os.walk(self.fleet.path(".skein")):
            for name in names:
                with open(os.path.join(root, name), "rb") as file:
                    self.look_for_it("ledger", file.read().decode(errors="replace"))

    def test_where_all_goes_well(self):
        tenants, env = self.tenants()
        self.fleet.revision("aaaa1111", "CREATE TABLE IF NOT EXISTS seen AS SELECT pid, application_name, query "
                                        "FROM pg_stat_activity; SELECT pg_sleep(0.2);")
        self.fleet.inventory(tenants)
        for command in ("tenants", "current", "plan", "upgrade"):
            self.visit(command, env=env, codes=(0,))
        for i in range(6):
            self.look_for_it("pg_stat_activity", repr(self.pg.sql(f"c{i}", "SELECT * FROM seen")))
            self.look_for_it("history", repr(self.pg.sql(f"c{i}", "SELECT * FROM skein_history")))
        self.look_at_the_log()

    def test_where_it_does_not(self):
        """Revisions that themselves know it: what they say is not skein's, but what skein shows is."""
        tenants, env = self.tenants()
        for sql in (f"DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = $x$it is {self.SECRET}$x$; END $$;",
                    f"SELECT $x${self.SECRET}$x$::int;", "SELECT 1 / 0;"):
            self.fleet.last = ""
            self.fleet.revision("eeee1111", sql)
            self.fleet.inventory(tenants)
            self.visit("upgrade", "--on-failure", "continue", env=env, codes=(1,))
            if self.SECRET in sql:
                self.assertIn(b"***", self.fleet.read("out"))
            self.look_for_it("standing", repr(self.pg.sql("postgres", "SELECT * FROM pg_stat_activity")))

    def test_where_nobody_gets_in(self):
        tenants, env = self.tenants()
        self.fleet.revision("aaaa1111", "SELECT 1;")
        self.fleet.inventory([{**t, "url": t["url"].replace("app", "stranger")} for t in tenants])
        self.visit("upgrade", "--on-failure", "continue", env=env, codes=(1,))
        self.fleet.inventory([{**t, "url": t["url"].replace(str(self.pg.port), str(free_port()))}
                              for t in tenants])
        self.visit("current", env=env, codes=(1,))
        self.look_at_the_log()

    def test_where_the_inventory_is_at_fault(self):
        for i, url in enumerate(("postgresql://app:{}@h:x/db", "postgresql://app:{}%zz@h/db",
                                 "postgres://app:{}@h:5432/db?x=%zz", "ftp://app:{}@h/db", "sqlite://app:{}@h/db")):
            self.fleet.inventory([{"name": "t", "url": url.format(urllib.parse.quote(self.SECRET, safe=""))}])
            self.visit("tenants", env={}, codes=(2,))


class Schemas(PostgresCase):
    def test_hostile_names_of_schemas_are_names(self):
        self.pg.create("names")
        self.pg.sql("names", "CREATE TABLE public.decoy (id int)")
        schemas = ('a"; DROP TABLE public.decoy; --', "'; DROP TABLE public.decoy; --", "%s{key}", "\\",
                   "Ünïcode ß", "x" * 63)
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.inventory([{"name": f"s{i}", "url": self.pg.url("names"), "schema": schema, "create": True}
                              for i, schema in enumerate(schemas)])
        self.assertEqual(self.run_json("upgrade").report["totals"]["succeeded"], len(schemas))
        self.assertEqual(self.run_json("upgrade").report["totals"]["unchanged"], len(schemas))
        rows = self.pg.sql("names", "SELECT nspname FROM pg_namespace JOIN pg_class c ON relnamespace = "
                                    "pg_namespace.oid WHERE relname = 'alembic_version'")
        self.assertEqual({row[0] for row in rows}, set(schemas))
        for schema in ("$user", "pg_own"):  # what PostgreSQL keeps for itself
            self.fleet.inventory([{"name": "t", "url": self.pg.url("names"), "schema": schema, "create": True}])
            self.run_ok("upgrade", code=1)
        self.assertEqual(self.pg.sql("names", "SELECT count(*) FROM pg_namespace WHERE nspname IN "
                                              "('$user', 'pg_own')"), [["0"]])
        self.assertEqual(self.pg.tables("names"), {"decoy"})


if __name__ == "__main__":
    main()
