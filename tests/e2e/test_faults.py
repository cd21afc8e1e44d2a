"""Faults of files: the inventory, the chain, passwords, SQLite databases; names and sizes."""
import contextlib
import ctypes
import hashlib
import json
import os
import resource
import sqlite3
import subprocess
import time

from harness import SKEIN, FleetCase, main, wait_until

SLOW = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) "
        "INSERT INTO a SELECT max(i) FROM n;")


def without_privileges():
    """Permissions say nothing to root, unless it gives up CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    drop_from_bounding_set = 24
    for capability in (1, 2) if os.getuid() == 0 else ():
        if ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0):
            raise OSError("prctl")


class Refused(FleetCase):
    """What is refused before anything is touched: exit 2, quickly, with the place."""

    def refuse(self, *words, seconds=10, args=("upgrade",)):
        start = time.monotonic()
        result = self.run_ok(*args, code=2)
        self.assertLess(time.monotonic() - start, seconds)
        self.assertEqual(result.out, "")
        for word in words:
            self.assertIn(word, result.err)
        return result


class RevisionFiles(Refused):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n")
        self.fleet.inventory([self.fleet.sqlite("t")])

    def tearDown(self):
        self.assertEqual(self.fleet.tables("t"), self.expected)

    expected = set()

    def revision_bytes(self, edit):
        self.fleet.write("versions/aaaa1111.sql", edit(self.fleet.read("versions/aaaa1111.sql")))

    def test_bytes_that_no_revision_has(self):
        good = self.fleet.read("versions/aaaa1111.sql")
        for bad, words in (
                (good.replace(b"TABLE a", b"TABLE a\0b"), ("aaaa1111.sql:7", "NUL")),
                (good.replace(b"(id)", b"(\xff\xfe)"), ("aaaa1111.sql:7", "UTF-8")),
                (good.replace(b"(id)", b"(\xed\xa0\x80)"), ("aaaa1111.sql:7", "UTF-8")),
                (b"", ("aaaa1111.sql", "Revision ID")),
                (b"CREATE TABLE a (id);\n", ("aaaa1111.sql:1", "SQL before")),
                (good.replace(b"aaaa1111", b"a" * 33), ("aaaa1111.sql:3", "32")),
                (good.replace(b"ID: aaaa1111", b"ID: a-b"), ("aaaa1111.sql:3",)),
                (good.decode().encode("utf-16"), ("aaaa1111.sql",)),
                (good.replace(b"-- migrate:up", b"-- migrate:sideways"), ("aaaa1111.sql:6",))):
            with self.subTest(bad=bad[:120]):
                self.fleet.write("versions/aaaa1111.sql", bad)
                self.refuse(*words)

    def test_a_byte_order_mark(self):
        self.revision_bytes(lambda text: b"\xef\xbb\xbf" + text)
        self.refuse("aaaa1111.sql:1", "byte order mark")

    def test_a_huge_file(self):
        self.revision_bytes(lambda text: text + b"-- " + b"x" * (50 << 20) + b"\n")
        self.refuse("aaaa1111.sql", "16 MiB")

    def test_no_newline_at_the_end_and_carriage_returns_are_fine(self):
        self.revision_bytes(lambda text: text.rstrip().replace(b"\n", b"\r\n"))
        self.run_ok("upgrade")
        self.expected = {"a"}

    def test_ids_and_parents(self):
        self.fleet.revision("bbbb2222", "SELECT 1;")
        good = self.fleet.read("versions/bbbb2222.sql")
        for text, words in (
                (good.replace(b"bbbb2222", b"aaaa1111"), ("bbbb2222.sql:3", "aaaa1111", "aaaa1111.sql")),
                (good.replace(b"Revises: aaaa1111", b"Revises: cccc3333"), ("bbbb2222.sql:4", "cccc3333")),
                (good.replace(b"Revises: aaaa1111", b"Revises: bbbb2222"), ("bbbb2222.sql:4", "itself"))):
            with self.subTest(text=text):
                self.fleet.write("versions/bbbb2222.sql", text)
                self.refuse(*words)
        self.fleet.write("versions/bbbb2222.sql", good)
        self.revision_bytes(lambda text: text.replace(b"Revises: ", b"Revises: bbbb2222"))
        self.refuse("aaaa1111", "bbbb2222", "cycle")

    def test_all_faults_are_told_together(self):
        for i in range(5):
            self.fleet.write(f"versions/bad{i}.sql", b"\xff")
        self.assertIn("5 faults; no tenant was touched", self.refuse().err)

    def test_what_is_no_file(self):
        outside = self.fleet.write("outside.sql", self.fleet.read("versions/aaaa1111.sql"))
        path = self.fleet.path("versions/bbbb2222.sql")
        for make, word in ((lambda: os.symlink(outside, path), "link"),
                           (lambda: os.symlink("../outside.sql", path), "link"),
                           (lambda: os.symlink("/dev/zero", path), "link"),
                           (lambda: os.symlink("nowhere.sql", path), "bbbb2222.sql"),
                           (lambda: os.symlink("bbbb2222.sql", path), "bbbb2222.sql"),
                           (lambda: os.mkfifo(path), "not a regular file"),
                           (lambda: os.mkdir(path), "not a regular file")):
            make()
            self.refuse("bbbb2222.sql", word)
            (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.remove)(path)

    @staticmethod
    def strace(what, path):
        return ["strace", "-f", "-o", "/dev/null", "-P", path, "-e", f"inject={what}"]

    def test_an_error_while_reading(self):
        path = self.fleet.path("versions/aaaa1111.sql")
        done = subprocess.run([*self.strace("read:error=EIO", path), SKEIN, "-f",
                               self.fleet.path("skein.yaml"), "upgrade"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(b"aaaa1111.sql: cannot read it: Input/output error", done.stderr)

    def test_no_permission(self):
        os.chmod(self.fleet.path("versions/aaaa1111.sql"), 0)
        result = self.fleet.run("upgrade", preexec_fn=without_privileges)
        self.assertEqual(result.code, 2)
        self.assertIn("aaaa1111.sql: cannot read it: permission denied", result.err.lower())


class EditedWhileRunning(FleetCase):
    def test_the_bytes_hashed_are_the_bytes_executed(self):
        path = self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n" + SLOW)
        with open(path, "rb") as file:
            checksum = hashlib.sha256(file.read()).hexdigest()
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(3)])
        process = self.fleet.start("upgrade", "--parallel", "1")
        wait_until(lambda: os.path.exists(self.fleet.path("data/t0.db-journal")), what="a journal")
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE evil (id);")
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        for i in range(3):
            self.assertEqual(self.fleet.tables(f"t{i}"), {"a"})
            self.assertIn(checksum, self.fleet.query(f"t{i}", "SELECT checksum FROM skein_history")[0][0])


class Yaml(Refused):
    """Every one of these must be known for what it is within a moment and little memory."""

    def refuse_text(self, text, *words):
        self.fleet.write("skein.yaml", text)
        return self.refuse(*words, args=("tenants",))

    def test_a_bomb_of_aliases(self):
        text = "a0: &a0 [" + ",".join(["x"] * 10) + "]\n"
        for i in range(1, 20):
            text += f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 10) + "]\n"
        self.refuse_text(text, "skein.yaml:", "64 MiB")

    def test_depth(self):
        self.refuse_text("tenants: " + "[" * 10000, "skein.yaml:1", "deeper than 32")
        self.refuse_text("\n".join(" " * i + "k:" for i in range(5000)), "deeper than 32")

    def test_duplicate_keys(self):
        self.refuse_text("chain: versions\nchain: other\n", "skein.yaml:2", "'chain'", "twice")
        self.refuse_text("tenants:\n- name: a\n  url: sqlite:///a.db\n  name: b\n", "skein.yaml:4",
                         "'name'", "twice")

    def test_what_is_not_text(self):
        self.refuse_text(b"chain: versions\nledger: \xff\xfe\n", "skein.yaml:2")
        self.refuse_text(b"chain: versions\nledger: a\0b\n", "skein.yaml:2")
        self.refuse_text(b'chain: versions\nledger: "a\\0b"\n', "skein.yaml:2", "NUL")
        self.refuse_text(b"chain: versions\nledger: \x1b[31m\n", "skein.yaml:2")
        self.refuse_text("chain: versions\n".encode("utf-16"), "skein.yaml:1")

    def test_a_huge_value_and_a_huge_file(self):
        self.refuse_text("chain: versions\nledger: " + "x" * (2 << 20) + "\n", "skein.yaml:2", "1 MiB")
        with open(self.fleet.path("skein.yaml"), "wb") as file:
            file.truncate(1 << 30)
        self.refuse("skein.yaml", "64 MiB", args=("tenants",))

    def test_what_an_inventory_has_no_use_for(self):
        self.refuse_text("chain: !!python/object:os.system versions\n", "skein.yaml:1", "tag")
        self.refuse_text("chain: versions\n---\nchain: other\n", "skein.yaml:2", "second document")
        self.refuse_text("chain: [versions]\n", "skein.yaml:1")
        self.refuse_text("tenants:\n- &t {name: a, url: 'sqlite:///a.db'}\n- <<: *t\n  name: b\n",
                         "skein.yaml:")
        self.refuse_text("", "skein.yaml", "empty")

    def test_what_is_no_file(self):
        path = self.fleet.path("skein.yaml")
        self.refuse("skein.yaml", args=("tenants",))
        for make, remove in ((lambda: os.mkdir(path), os.rmdir),
                             (lambda: os.symlink("/dev/zero", path), os.remove)):
            make()
            self.refuse("skein.yaml", args=("tenants",))
            remove(path)

    def test_little_memory(self):
        """A few times the file's size: never what it would expand to."""
        bomb = "a0: &a0 [" + ",".join(["x" * 1000] * 100) + "]\n"
        for i in range(1, 12):
            bomb += f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 10) + "]\n"
        for text in (bomb, "tenants: " + "[" * 1000000, "a: " + "x" * (60 << 20)):
            self.fleet.write("skein.yaml", text)
            process = self.fleet.start("tenants")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.communicate()
            self.assertEqual(process.returncode, 2)
            if "asan" not in SKEIN and "tsan" not in SKEIN:
                self.assertLess(usage.ru_maxrss, 512 << 10)


class SameDatabase(Refused):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.sqlite("t")

    def refuse_pair(self, one, other):
        self.fleet.inventory([{"name": "one", "url": one}, {"name": "other", "url": other}])
        self.refuse("skein.yaml:", "'other'", "same database", "'one'")
        self.assertEqual(self.fleet.tables("t"), set())

    def test_one_file_by_many_names(self):
        os.symlink("t.db", self.fleet.path("data/link.db"))
        os.link(self.fleet.path("data/t.db"), self.fleet.path("data/hard.db"))
        os.symlink("data", self.fleet.path("folder"))
        for other in ("sqlite:///data/link.db", "sqlite:///data/hard.db", "sqlite:///data/../data/t.db",
                      "sqlite:///folder/t.db", "sqlite:///" + self.fleet.path("data/t.db")):
            with self.subTest(other=other):
                self.refuse_pair("sqlite:///data/t.db", other)

    def test_one_file_that_is_still_to_be_made(self):
        os.symlink("data", self.fleet.path("folder"))
        self.fleet.inventory([{"name": "one", "url": "sqlite:///data/new.db", "create": True},
                              {"name": "other", "url": "sqlite:///folder/new.db", "create": True}])
        self.refuse("same database")
        self.assertFalse(os.path.exists(self.fleet.path("data/new.db")))

    def test_found_and_listed(self):
        self.fleet.inventory([{"name": "one", "url": "sqlite:///data/t.db"}],
                             sources=[{"glob": "data/*.db"}])
        self.refuse("same database")

    def test_one_server_by_its_local_names(self):
        for other in ("postgresql://u@localhost:5432/x", "postgresql://other@127.0.0.1/x",
                      "postgresql+psycopg2://u@LOCALHOST/x?sslmode=disable", "postgres://u@[::1]/x"):
            with self.subTest(other=other):
                self.refuse_pair("postgresql://u@127.0.0.1:5432/x", other)


class PasswordCommands(FleetCase):
    """They run before the server is asked, so none is needed: the port is nobody's."""

    def errors(self, *commands):
        self.fleet.revision("aaaa1111", "SELECT 1;")
        self.fleet.inventory([{"name": f"p{i}", "url": f"postgresql://u@127.0.0.1:1/p{i}", "retries": 0,
                               "password_command": command} for i, command in enumerate(commands)],
                             rollout={"per_server": 32})
        result = self.run_json("current", code=1)
        return [result.tenant(f"p{i}") for i in range(len(commands))], result

    def test_each_fault_has_its_words_and_costs_only_itself(self):
        start = time.monotonic()
        hanging = 12  # more than the worker pool has threads
        tenants, result = self.errors(
            *(["sh", "-c", "echo C4NARY; exec sleep 600", str(i)] for i in range(hanging)),
            ["sh", "-c", "exec yes C4NARY"], ["true"],
            ["sh", "-c", "echo C4NARY; echo C4NARY >&2; exit 1"], ["sh", "-c", "echo C4NARY; kill -9 $$$$"],
            ["/nonexistent/C-M-D"], ["printf", "C4\\0NARY"], ["echo", "C4NARY"])
        seconds = time.monotonic() - start
        messages = [t["error"]["message"] for t in tenants]
        self.assertEqual({m.partition(" did ")[2] for m in messages[:hanging]}, {"not end within 10 s"})
        words = ("64 KiB", "no password", "ended with status 1", "killed by signal 9", "cannot be run", "NUL")
        for message, word in zip(messages[hanging:], words):
            self.assertIn(word, message)
        self.assertEqual([t["error"]["class"] for t in tenants[hanging:]], ["config"] * 6 + ["connect"])
        self.assertEqual({t["attempts"] for t in tenants}, {1})
        self.assertNotIn("C4NARY", result.out + result.err)
        self.assertTrue(9.5 < seconds < 19, seconds)
        self.assertLess(max(t["duration_ms"] for t in tenants[hanging:]), 8000)

    def test_a_command_that_hangs_dies_with_its_children(self):
        self.errors(["sh", "-c", f"echo $$$$ > {self.fleet.path('pid')}; sleep 1234 & wait"])
        with open(self.fleet.path("pid")) as file:
            group = file.read().strip()
        self.assertEqual([s for s in self.processes() if s[4] == group and s[2] != "Z"], [])

    @staticmethod
    def processes():
        """Fields of proc(5)'s stat, from 0: pid, name, state, parent, group, …"""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
                yield file.read().split()


class SqliteFiles(FleetCase):
    def errors(self, names, **options):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([{"name": n, "url": f"sqlite:///data/{n}.db"} for n in names],
                             defaults={"retries": 0})
        result = self.fleet.run("upgrade", "--on-failure", "continue", "-o", "json", **options)
        self.assertEqual(result.code, 1, repr(result))
        return {n: result.tenant(n)["error"] for n in names}

    def test_a_table_that_is_rebuilt_keeps_its_children(self):
        """`PRAGMA foreign_keys` does nothing inside a transaction: were it on, the rows would be gone."""
        self.fleet.revision("aaaa1111", "PRAGMA foreign_keys = OFF;\nCREATE TABLE new (id INTEGER PRIMARY KEY, v);\n"
                            "INSERT INTO new SELECT id, 'x' FROM parent;\nDROP TABLE parent;\n"
                            "ALTER TABLE new RENAME TO parent;\nPRAGMA foreign_keys = ON;")
        self.fleet.inventory([self.fleet.sqlite(
            "t", "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1), (2);"
            "CREATE TABLE child (p INTEGER REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1), (2);")])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("t", "SELECT p FROM child"), [(1,), (2,)])
        self.assertEqual(self.fleet.query("t", "PRAGMA foreign_key_check"), [])

    def test_what_a_revision_sets_does_not_reach_the_next(self):
        settings = "PRAGMA ignore_check_constraints = ON; PRAGMA case_sensitive_like = ON;\n"
        rebuild = ("CREATE TABLE new (id INTEGER PRIMARY KEY);\nINSERT INTO new SELECT id FROM parent;\n"
                   "DROP TABLE parent;\nALTER TABLE new RENAME TO parent;\nCREATE TABLE alike AS SELECT 'A' LIKE 'a' AS x;")
        for before, options in ((" transaction:false", ""), (" transaction:false", " transaction:false"), ("", "")):
            for transaction in ("all", "each"):
                with self.subTest(before=before, options=options, transaction=transaction):
                    self.fleet.last, name = "", f"t{len(os.listdir(self.fleet.dir))}"
                    self.fleet.revision("aaaa1111", "PRAGMA foreign_keys = ON;\n" + settings, options=before)
                    self.fleet.revision("bbbb2222", rebuild, options=options)
                    self.fleet.inventory([self.fleet.sqlite(
                        name, "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1), (2);"
                        "CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1), (2);")],
                        defaults={"transaction": transaction})
                    self.run_ok("upgrade")
                    self.assertEqual(self.fleet.query(name, "SELECT p FROM child"), [(1,), (2,)])
                    self.assertEqual(self.fleet.query(name, "SELECT x FROM alike"), [(1,)])
                    os.unlink(self.fleet.path(f"data/{name}.db"))

    def test_what_a_revision_sets_lasts_to_its_end(self):
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\nPRAGMA case_sensitive_like = ON;\n"
                            "INSERT INTO a VALUES ('A' LIKE 'a');\n-- migrate:up\nINSERT INTO a VALUES ('A' LIKE 'a');")
        self.fleet.inventory([self.fleet.sqlite("t", "CREATE TABLE a (x)")])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("t", "SELECT x FROM a"), [(0,), (0,)])

    def test_a_hot_journal_is_rolled_back_first(self):
        tenant = self.fleet.sqlite("t", "CREATE TABLE big (x); INSERT INTO big SELECT zeroblob(1000) "
                                        "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                                        "FROM n WHERE i < 2000) SELECT i FROM n)")
        crash = ("import sqlite3, os; db = sqlite3.connect(%r, isolation_level=None); "
                 "db.execute('PRAGMA cache_size = 1'); db.execute('BEGIN'); "
                 "db.execute('UPDATE big SET x = randomblob(1000)'); os.kill(os.getpid(), 9)")
        subprocess.run(["python3", "-c", crash % self.fleet.path("data/t.db")])
        self.assertGreater(os.path.getsize(self.fleet.path("data/t.db-journal")), 1000000)
        self.fleet.revision("aaaa1111", "CREATE TABLE a AS SELECT count(*) AS n FROM big "
                                        "WHERE x = zeroblob(1000);")
        self.fleet.inventory([tenant])
        looked = self.run_json("current", code=1).tenant("t")["error"]
        self.assertIn("last writer died", looked["message"])
        self.assertNotIn("cannot be written", looked["message"])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("t", "SELECT n FROM a"), [(2000,)])

    def test_a_reader_in_wal_mode_is_in_nobodys_way(self):
        tenant = self.fleet.sqlite("t", "PRAGMA journal_mode = WAL; CREATE TABLE b (id); "
                                        "INSERT INTO b VALUES (1)")
        self.fleet.revision("aaaa1111", "INSERT INTO b VALUES (2);")
        self.fleet.inventory([tenant], defaults={"lock_timeout": "200ms", "retries": 0})
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/t.db"),
                                                isolation_level=None)) as reader:
            reader.execute("BEGIN")
            self.assertEqual(reader.execute("SELECT count(*) FROM b").fetchall(), [(1,)])
            self.run_ok("upgrade")
            self.assertEqual(reader.execute("SELECT count(*) FROM b").fetchall(), [(1,)])
        self.assertEqual(self.fleet.query("t", "SELECT count(*) FROM b"), [(2,)])

    def test_damaged_and_foreign_files(self):
        for name in ("corrupt", "newer", "short", "good"):
            self.fleet.sqlite(name, "CREATE TABLE x (y); INSERT INTO x VALUES (zeroblob(20000));")
        whole = self.fleet.read("data/corrupt.db")
        self.fleet.write("data/corrupt.db", whole[:100] + b"\xff" * 3000 + whole[3100:])
        self.fleet.write("data/newer.db", whole[:18] + b"\x09\x09" + whole[20:])
        self.fleet.write("data/short.db", whole[:4096 + 17])
        before = {n: self.fleet.read(f"data/{n}.db") for n in ("corrupt", "newer", "short")}
        errors = self.errors(["corrupt", "newer", "short"])
        self.assertEqual(errors["corrupt"]["code"], "11")
        self.assertIn("integrity_check", errors["corrupt"]["message"])
        self.assertIn("newer", errors["newer"]["message"])
        self.assertIn(errors["short"]["code"], ("11", "26"))
        for name, data in before.items():
            self.assertEqual(self.fleet.read(f"data/{name}.db"), data, name)

    def test_a_damaged_page_behind_a_statement_that_stands(self):
        self.fleet.sqlite("t", "CREATE TABLE x (y); INSERT INTO x SELECT zeroblob(1000) FROM (WITH RECURSIVE n(i) AS "
                               "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT i FROM n)")
        whole = self.fleet.read("data/t.db")
        self.fleet.write("data/t.db", whole[:3 * 4096] + b"\xff" * 4096 + whole[4 * 4096:])
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\nUPDATE x SET y = 1;", options=" transaction:false")
        self.fleet.inventory([{"name": "t", "url": "sqlite:///data/t.db"}])
        tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertEqual((tenant["state"], tenant["error"]["code"]), ("partial", "11"))
        self.assertNotIn("nothing was written", tenant["error"]["message"])

    def test_a_script_of_many_statements_takes_no_longer_for_each(self):
        """Were the rest of the script copied for each statement, this would take minutes."""
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\n" + "INSERT INTO a VALUES (1);\n" * 300000)
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("upgrade", timeout=30)
        self.assertEqual(self.fleet.query("t", "SELECT count(*) FROM a"), [(300000,)])

    def test_an_empty_file_is_an_empty_database(self):
        self.fleet.write("data/t.db", b"")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([{"name": "t", "url": "sqlite:///data/t.db"}])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.tables("t"), {"a"})

    def test_what_may_not_be_written(self):
        for name in ("file", "folder", "closed"):
            self.fleet.sqlite(name)
        os.mkdir(self.fleet.path("data/ro"))
        os.rename(self.fleet.path("data/folder.db"), self.fleet.path("data/ro/folder.db"))
        for path, mode in (("data/file.db", 0o444), ("data/closed.db", 0), ("data/ro", 0o555)):
            os.chmod(self.fleet.path(path), mode)
        os.mkdir(self.fleet.path(".skein"))
        os.chmod(self.fleet.path(".skein"), 0o777)
        errors = self.errors(["file", "ro/folder", "closed"], preexec_fn=without_privileges)
        self.assertIn("read-only", errors["file"]["message"])
        self.assertIn("folder", errors["ro/folder"]["message"])
        self.assertIn("permission", errors["closed"]["message"].lower())
        os.chmod(self.fleet.path("data/ro"), 0o755)

    def test_a_revision_stays_within_its_tenant(self):
        other = self.fleet.sqlite("other", "CREATE TABLE decoy (id)")
        for sql in (f"VACUUM INTO '{self.fleet.path('copy.db')}';",
                    "SELECT load_extension('/tmp/evil.so');",
                    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t (evil)';",
                    "PRAGMA temp_store_directory = '/';", "PRAGMA hard_heap_limit = 1;",
                    f"ATTACH '{self.fleet.path('data/other.db')}' AS o; DROP TABLE o.decoy;",
                    f"ATTACH '{self.fleet.path('data/other')}' || '.db' AS o; DROP TABLE o.decoy;",
                    "DETACH main;"):
            with self.subTest(sql=sql):
                self.fleet.last = ""
                options = " transaction:false" if sql.startswith(("VACUUM", "ATTACH")) else ""
                self.fleet.revision("aaaa1111", sql, options=options)
                self.fleet.inventory([self.fleet.sqlite("t", "CREATE TABLE IF NOT EXISTS mine (id)")])
                self.assertEqual(self.run_json("upgrade", code=1).tenant("t")["error"]["class"], "sql")
                self.assertEqual(self.fleet.query("t", "SELECT sql FROM sqlite_schema WHERE name = 'mine'"),
                                 [("CREATE TABLE mine (id)",)])
        self.assertFalse(os.path.exists(self.fleet.path("copy.db")))
        self.assertEqual(self.fleet.tables(other["name"]), {"decoy"})


class Names(Refused):
    HOSTILE = ("=cmd|' /C calc'!A0", "</script><script>alert(1)</script>", "../../etc/passwd",
               "a\"; DROP TABLE t; --", "'; SELECT 1; '", "rtl\u202egnp.exe", "zero\u200bwidth", "$(id)", "`id`",
               "%s%n%x", "名前", "a" * 128)

    def test_names_are_shown_and_nothing_more(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        tenants = [{**self.fleet.sqlite(f"t{i}"), "name": name}
                   for i, name in enumerate(self.HOSTILE)]
        self.fleet.inventory(tenants)
        report = self.run_json("upgrade").report
        self.assertEqual([t["name"] for t in report["tenants"]], list(self.HOSTILE))
        for command in (("tenants",), ("current", "-v"), ("upgrade", "-v")):
            result = self.run_ok(*command)
            for hidden in ("\u202e", "\u200b", "\x1b"):
                self.assertNotIn(hidden, result.out + result.err)
        for i in range(len(self.HOSTILE)):
            self.assertEqual(self.fleet.tables(f"t{i}"), {"a"})
        self.assertEqual(set(os.listdir(self.fleet.dir)) - {".skein"}, {"data", "versions", "skein.yaml"})
        self.fleet.inventory([{**tenants[0], "labels": ["tier=</script>"]}])
        self.refuse("skein.yaml:", "'labels'")

    def test_what_is_no_name(self):
        for name in ("", "a\nb", "\u001b]52;c;evil\u0007", "x" * 129, "y" * (1 << 20), "a\u0000b", "\u009b31m"):
            with self.subTest(name=name[:20]):
                self.fleet.inventory([{"name": name, "url": "sqlite:///t.db"}])
                result = self.refuse("skein.yaml:", args=("tenants",))
                self.assertNotIn("\x1b", result.err)
                self.assertLess(len(result.err), 2000)


class Size(FleetCase):
    def test_a_hundred_thousand_tenants(self):
        """Time and memory stay bounded, and every one is in the report."""
        count = 100000
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.sqlite("t7")
        lines = ["chain: versions", "tenants:"]
        lines += [f"- {{name: t{i}, url: 'sqlite:///data/t{i}.db', labels: [n=l{i % 9}]}}" for i in range(count)]
        self.fleet.write("skein.yaml", "\n".join(lines) + "\n")
        with open(self.fleet.path("report.json"), "wb") as out:
            start = time.monotonic()
            process = self.fleet.start("upgrade", "--on-failure", "continue", "-o", "json", "-q",
                                       "--progress", "none", stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 1, process.communicate())
        report = json.loads(self.fleet.read("report.json"))
        self.assertEqual((report["totals"]["succeeded"], report["totals"]["failed"]), (1, count - 1))
        self.assertEqual(len(report["tenants"]), count)
        self.assertLess(seconds, 120)
        if "asan" not in SKEIN and "tsan" not in SKEIN:
            self.assertLess(usage.ru_maxrss, (64 << 10) + 2 * count)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
