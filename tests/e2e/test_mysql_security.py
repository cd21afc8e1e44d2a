#!/usr/bin/env python3
"""What a server that is not the one we mean, or someone on the way to it, may ask of a MySQL client, and TLS."""
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

from harness import FleetCase, MariaDB, main, wait_until
from mysql_proxy import SlowTls

SECRET = "canary-of-a-password"
SALT = b"12345678" + b"abcdefghijkl"
CAPABILITIES = 0x80000 | 0x8000 | 0x10000 | 0x200 | 0x2000 | 0x8 | 0x80 | 0x20000  # with LOCAL_FILES, without TLS


def packet(number, body):
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


GREETING = (b"\x0a5.5.5-10.11.0-MariaDB\0" + struct.pack("<I", 7) + SALT[:8] + b"\0" +
            struct.pack("<HBHHB", CAPABILITIES & 0xffff, 45, 2, CAPABILITIES >> 16, 21) +
            bytes(10) + SALT[8:] + b"\0mysql_native_password\0")


class Hostile:
    """A server that greets, and then does `act`; all that it hears is kept."""

    def __init__(self, act, greeting=GREETING):
        self.act, self.greeting, self.heard, self.is_asked_for_key = act, greeting, b"", False
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listening.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.settimeout(1)
                peer.sendall(packet(0, self.greeting))
                self.hear(peer)
                self.act(self, peer)

    def hear(self, peer):
        data = peer.recv(65536)
        self.heard += data
        return data

    def close(self):
        self.listening.close()


def ask_for(plugin):
    def act(server, peer):
        peer.sendall(packet(2, b"\xfe" + plugin + b"\0" + SALT + b"\0"))
        server.hear(peer)
        server.hear(peer)
    return act


def offer_key(key):
    """Whoever has no TLS is given a public key, and sends the password so that the key's owner can read it."""
    def act(server, peer):
        peer.sendall(packet(2, b"\xfecaching_sha2_password\0" + SALT + b"\0"))
        server.hear(peer)
        peer.sendall(packet(4, b"\x01\x04"))  # it is not in the cache
        if server.hear(peer)[4:] == b"\x02":
            server.is_asked_for_key = True
        peer.sendall(packet(6, b"\x01" + key))
        server.hear(peer)
    return act


def ask_for_file(server, peer):
    peer.sendall(packet(2, b"\0\0\0\x02\0\0\0"))  # well, you are let in
    server.hear(peer)
    peer.sendall(packet(1, b"\xfb/etc/passwd"))
    server.hear(peer)
    server.hear(peer)


class Asked(FleetCase):
    def run_against(self, act, parameters="", greeting=GREETING):
        server = Hostile(act, greeting)
        self.addCleanup(server.close)
        self.fleet.revision("aaaa1111", "CREATE TABLE t (i INT);")
        self.fleet.inventory([{"name": "t", "url": f"mysql://skein:{SECRET}@127.0.0.1:{server.port}/d{parameters}"}],
                             defaults={"retries": 0, "connect_timeout": "5s"})
        result = self.run_json("upgrade", code=1)
        self.assertNotIn(SECRET, result.out + result.err)
        return server, result.tenant("t")["error"]

    def test_to_greet_it_first(self):
        """What it takes for a greeting: a report of progress, an error, nothing, half of one, and more than fits."""
        for greeting in (b"\xff\xff\xff" + bytes(8), b"\xff\xff\xff", b"\xff\x15\x04#28000no", b"\xff", b"", b"\x0a", GREETING[:30],
                         GREETING[:40], b"\x0a" + b"x" * 70000, b"\x09" + GREETING[1:]):
            with self.subTest(greeting=greeting[:50]):
                self.fleet.last = ""
                _, error = self.run_against(lambda server, peer: None, greeting=greeting)
                self.assertIn(error["class"], ("connect", "auth"), error)

    def test_for_the_password_in_clear(self):
        for plugin in (b"mysql_clear_password", b"dialog"):
            with self.subTest(plugin=plugin):
                self.fleet.last = ""
                server, error = self.run_against(ask_for(plugin))
                self.assertIn(b"skein", server.heard)
                self.assertNotIn(SECRET.encode(), server.heard)
                self.assertEqual(error["class"], "auth", error)

    def test_for_the_password_by_a_key_of_its_own(self):
        key = subprocess.run("openssl genrsa 2048 2>/dev/null | openssl rsa -pubout 2>/dev/null", shell=True, check=True,
                             stdout=subprocess.PIPE).stdout
        for mode in ("", "?ssl_mode=PREFERRED", "?ssl_mode=REQUIRED", "?ssl_mode=DISABLED"):
            with self.subTest(mode=mode):
                self.fleet.last = ""
                server, error = self.run_against(offer_key(key), mode)
                self.assertFalse(server.is_asked_for_key)
                self.assertEqual(error["class"], "auth", error)
                self.assertIn("caching_sha2_password", error["message"])
                self.assertIn("ssl_mode=VERIFY_IDENTITY", error["message"])

    def test_for_a_file(self):
        server, error = self.run_against(ask_for_file)
        self.assertIn(b"CONNECTION_ID", server.heard)  # it had come so far as to ask
        self.assertNotIn(b"root:", server.heard)
        self.assertIn(error["class"], ("sql", "connect"), error)

    def test_the_server_says_that_it_has_no_tls(self):
        for mode in ("REQUIRED", "VERIFY_IDENTITY"):
            with self.subTest(mode=mode):
                server = Hostile(lambda server, peer: server.hear(peer))
                self.addCleanup(server.close)
                self.fleet.last = ""
                self.fleet.revision("aaaa1111", "CREATE TABLE t (i INT);")
                self.fleet.inventory([{"name": "t", "url": f"mysql://skein:{SECRET}@127.0.0.1:{server.port}/d?ssl_mode={mode}"}],
                                     defaults={"retries": 0, "connect_timeout": "5s"})
                result = self.run_json("upgrade", code=1)
                self.assertNotIn(SECRET.encode(), server.heard)
                self.assertEqual(result.tenant("t")["error"]["class"], "connect")


class Tls(FleetCase):
    """A certificate for `localhost`, of an authority of our own."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="skein-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        os.chmod(cls.dir, 0o755)

        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=cls.dir, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj",
                "/CN=authority")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                "server.pem", "-days", "2")
        os.chmod(os.path.join(cls.dir, "server.key"), 0o644)
        cls.maria = MariaDB(f"--ssl-cert={cls.dir}/server.pem", f"--ssl-key={cls.dir}/server.key", f"--ssl-ca={cls.dir}/ca.pem")
        cls.addClassCleanup(cls.maria.close)
        cls.maria.create("d")

    def attempt(self, host, parameters, code=0):
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE IF NOT EXISTS t (c VARCHAR(80));\nINSERT INTO t SELECT variable_value FROM "
                                        "information_schema.session_status WHERE variable_name = 'SSL_CIPHER';")
        self.maria.sql("", "DROP DATABASE d; CREATE DATABASE d")
        self.fleet.inventory([{"name": "t", "url": f"mysql://skein:{self.maria.SECRET}@{host}:{self.maria.port}/d{parameters}"}],
                             defaults={"retries": 0})
        tenant = self.run_json("upgrade", code=code).tenant("t")
        return tenant["error"] or self.maria.sql("d", "SELECT c FROM t")[0][0]

    def test_modes(self):
        ca = f"ssl_ca={self.dir}/ca.pem"
        for host, parameters, is_encrypted in (
                ("localhost", "", False), ("localhost", f"?{ca}", True), ("localhost", f"?{ca}&ssl_mode=VERIFY_IDENTITY", True),
                ("127.0.0.1", f"?{ca}&ssl_mode=VERIFY_CA", True), ("localhost", "?ssl_mode=REQUIRED", True),
                ("localhost", "?ssl_mode=PREFERRED", True), ("localhost", "?ssl_mode=DISABLED", False)):
            with self.subTest(host=host, parameters=parameters):
                self.assertEqual(bool(self.attempt(host, parameters)), is_encrypted)

    def test_who_is_not_the_one_we_mean(self):
        for host, parameters in (("127.0.0.1", f"?ssl_ca={self.dir}/ca.pem"), ("localhost", "?ssl_mode=VERIFY_IDENTITY"),
                                 ("localhost", f"?ssl_mode=VERIFY_CA&ssl_ca=/etc/ssl/certs/ca-certificates.crt")):
            with self.subTest(host=host, parameters=parameters):
                error = self.attempt(host, parameters, code=1)
                self.assertEqual((error["class"], error["code"]), ("connect", "2026"), error)

    def test_a_slow_handshake_costs_only_its_own_tenants(self):
        """Eight handshakes take two seconds each, and sixteen tenants on one thread go on meanwhile."""
        relay = SlowTls(self.maria.port, 2)
        self.addCleanup(relay.close)
        names = [f"slow{i}" for i in range(8)] + [f"quick{i}" for i in range(16)]
        self.maria.create(*names)
        self.fleet.revision("aaaa1111", "CREATE TABLE t (i INT);")
        self.fleet.inventory([
            {"name": name, "url": f"mysql://skein:{self.maria.SECRET}@localhost:"
                                  f"{relay.port if name.startswith('slow') else self.maria.port}/{name}?ssl_ca={self.dir}/ca.pem"}
            for name in names], rollout={"parallel": 24, "per_server": 24})
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none")
        quick = ("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'alembic_version' AND table_schema LIKE "
                 "'%s%%'")
        begun = time.monotonic()
        wait_until(lambda: self.maria.sql("", quick % "quick") == [["16"]], what="the others")
        self.assertEqual(self.maria.sql("", quick % "slow"), [["0"]])
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertLess(time.monotonic() - begun, 12)  # not one after the other
        for tenant in json.loads(out)["tenants"]:
            self.assertEqual((tenant["state"], tenant["attempts"]), ("succeeded", 1))

    def test_cancelling_over_tls(self):
        self.maria.sql("", "DROP DATABASE d; CREATE DATABASE d")
        self.fleet.revision("aaaa1111", "SELECT SLEEP(20);")
        self.fleet.inventory([{"name": "t", "url": f"mysql://skein:{self.maria.SECRET}@localhost:{self.maria.port}/d"
                                                   f"?ssl_ca={self.dir}/ca.pem"}],
                             defaults={"retries": 0, "statement_timeout": "300ms"})
        self.assertEqual(self.run_json("upgrade", code=1).tenant("t")["error"]["class"], "timeout")


if __name__ == "__main__":
    main()
