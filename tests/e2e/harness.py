"""What the end-to-end tests share: a private PostgreSQL, a private MariaDB, a fleet in a temporary folder, the binary.

SKEIN_BIN names the binary under test. Servers run as a non-root user on a free port of 127.0.0.1 (or of a node:
namespaces.py) under a temporary folder, and are stopped by their recorded pid.
"""
import contextlib
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

import schema

SKEIN = os.environ.get("SKEIN_BIN", "build/plain/skein")
# What the tests themselves are told by: skein would warn of variables that are none of its own.
# SKEIN_FAILPOINT_EDGES collects which edges of the session's table all of them take (tests/sim/edges.py).
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.startswith("SKEIN_") or name == "SKEIN_FAILPOINT_EDGES"}
PG_BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]


def memory_folder():
    """Where a server's files never wait for a disk that other tests use too; None: there is no room for many."""
    memory = "/dev/shm"
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 6 << 30
    return memory if roomy else None


def free_port():
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


LOCK_WAIT = 60  # seconds: a run that writes in small transactions can keep a reader of the same file out for long


def wait_until(check, seconds=60, what="condition"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def press(process, times=2, number=signal.SIGINT):
    """Sends a signal so many times to a process that handles it, or is about to. Two that are pending at once would count as one:
    each is taken before the next is sent."""
    def has(*lines):
        with open(f"/proc/{process.pid}/status") as status:
            sets = [int(line.split()[1], 16) for line in status if line.startswith(lines)]
        return any(signals & 1 << (number - 1) for signals in sets)
    wait_until(lambda: process.poll() is not None or has("SigCgt:"), what="the signal is handled")
    for _ in range(times):
        process.send_signal(number)
        wait_until(lambda: process.poll() is not None or not has("SigPnd:", "ShdPnd:"), what="the signal is taken")


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def report(self):
        return json.loads(self.out)

    def tenant(self, name):
        return next(t for t in self.report["tenants"] if t["name"] == name)

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Skein(subprocess.Popen):
    """skein at work. Whatever JSON it prints is held against its schema."""

    def communicate(self, *args, **options):
        out, err = super().communicate(*args, **options)
        schema.check_process(self.args[1:], self.returncode, out, err)
        return out, err


class Fleet:
    """A temporary folder with an inventory, a chain and SQLite files."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="skein-fleet-")
        os.mkdir(self.path("versions"))
        self.last = ""

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, name, text, mode=None):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        with open(path, "wb") as file:
            file.write(data)
        if mode is not None:
            os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def inventory(self, tenants, **keys):
        """`tenants`: dicts; `keys`: further top-level keys. JSON is YAML."""
        self.write("skein.yaml", json.dumps({**keys, "tenants": tenants}, indent=1))

    def revision(self, id_, up="", down=None, revises=None, header="", message=None, options=""):
        """Revises the one before, unless told otherwise; `up` may hold its own markers."""
        revises = self.last if revises is None else revises
        text = f"-- {message or 'Revision ' + id_}\n--\n-- Revision ID: {id_}\n"
        text += f"-- Revises: {revises}\n{header}\n"
        text += up if up.startswith("-- migrate:") else f"-- migrate:up{options}\n{up}\n"
        if down is not None:
            text += f"\n-- migrate:down\n{down}\n"
        self.last = id_
        return self.write(f"versions/{id_}.sql", text)

    def locale(self, name):
        """Makes a locale, and gives the environment that has a program use it."""
        done = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", self.path(f"{name}.UTF-8")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if not os.path.isdir(self.path(f"{name}.UTF-8")):  # it fails for a warning too
            raise AssertionError(f"localedef: {done.stdout.decode()}")
        # glibc never frees what it makes of LOCPATH
        return {"LOCPATH": self.dir, "LC_ALL": f"{name}.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}

    def sqlite(self, name, sql=""):
        os.makedirs(self.path("data"), exist_ok=True)
        path = self.path("data", name + ".db")
        with contextlib.closing(sqlite3.connect(path, timeout=LOCK_WAIT)) as db:
            db.executescript(sql or "PRAGMA user_version = 0")
        return {"name": name, "url": f"sqlite:///data/{name}.db"}

    def query(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.path("data", name + ".db"), timeout=LOCK_WAIT)) as db:
            return db.execute(sql).fetchall()

    def versions(self, name):
        return sorted(row[0] for row in self.query(name, "SELECT version_num FROM alembic_version"))

    def tables(self, name):
        rows = self.query(name, "SELECT name FROM sqlite_schema WHERE type = 'table'")
        return {row[0] for row in rows} - {"alembic_version", "skein_history"}

    def rival(self, name):
        """The same fleet for a second run at the same time: an inventory with a ledger of its own."""
        with open(self.path("skein.yaml")) as file:
            inventory = json.load(file)
        return self.write(f"{name}.yaml", json.dumps({**inventory, "ledger": f".{name}/ledger.db"}))

    def start(self, *args, env=None, inventory="skein.yaml", **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return Skein([SKEIN, *(["-f", self.path(inventory)] if inventory else []), *args],
                     env={**ENVIRONMENT, "LC_ALL": "C.UTF-8", **(env or {})},
                     stdin=subprocess.DEVNULL, **options)

    def run(self, *args, env=None, timeout=240, **options):
        process = self.start(*args, env=env, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{args} hangs:\n{out}\n{err}")
        return Result(process.returncode, (out or b"").decode(errors="replace"),
                      (err or b"").decode(errors="replace"))


class Client:
    """psql or mariadb that stays: hundreds of questions need not start it hundreds of times. `ask_end` has it print `end`
    after an answer; at an error it ends."""

    def __init__(self, command, ask_end, **options):
        self.command, self.ask_end, self.options = command, ask_end, options
        self.process = None

    def sql(self, text):
        if not self.process:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE, **self.options)
        lines = []
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{text}\n;\n{self.ask_end}\n".encode())
            self.process.stdin.flush()
        for line in self.process.stdout:
            if line == b"end\n":
                return [line.decode().rstrip("\n") for line in lines]
            lines.append(line)
        said = self.process.stderr.read().decode()
        self.close()
        raise AssertionError(said)

    def close(self):
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None


class Postgres:
    """A private cluster: `url(db)`, `sql(db, text)`. `node`: where in a network of namespaces it runs."""
    host = "127.0.0.1"

    def __init__(self, *settings, auth="trust", hba=None, node=None):
        self._make_place(node)
        password = os.path.join(self.dir, "password")
        with open(password, "w") as file:
            file.write("superuser-secret\n")
        os.chmod(password, 0o644)
        self._call("initdb", "-D", self.data, "-U", "skein", "-A", auth, "--no-sync", "-E", "UTF8",
                   "--locale=C.UTF-8", "--pwfile", password)
        if hba:
            with open(os.path.join(self.data, "pg_hba.conf"), "w") as file:
                file.write(hba)
        self._start_with(*settings)

    def _make_place(self, node=None):
        self.dir = tempfile.mkdtemp(prefix="skein-pg-", dir=memory_folder())
        self.port = free_port()
        self.prefix = []
        if node:
            self.host = node.address
        self.user = pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:  # PostgreSQL refuses root
            self.user = "postgres"
            self.prefix = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.dir, "postgres")
        if node:
            self.prefix = [*node.prefix, *self.prefix]
        self.data = os.path.join(self.dir, "data")

    def _start_with(self, *settings):
        self.settings = [f"listen_addresses={self.host}", f"port={self.port}",
                         f"unix_socket_directories={self.dir}", "fsync=off", "full_page_writes=off",
                         "synchronous_commit=off", "max_connections=60", "shared_buffers=32MB",
                         *settings]
        self.start()

    def _call(self, program, *args):
        done = subprocess.run([*self.prefix, os.path.join(PG_BIN, program), *args],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/")
        if done.returncode:
            raise AssertionError(f"{program}: {done.stdout.decode()}")

    def start(self):
        options = " ".join(f"-c {s}" for s in self.settings)
        self._call("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.dir, "log"), "-o",
                   options, "start")
        with open(os.path.join(self.data, "postmaster.pid")) as file:
            self.pid = int(file.readline())

    def stop(self, mode="fast"):
        with contextlib.suppress(AssertionError):
            self._call("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def close(self):
        self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)

    def url(self, database, user="skein", port=None):
        return f"postgresql://{user}@{self.host}:{port or self.port}/{database}"

    def _psql(self, database):
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.dir, "-p", str(self.port), "-U", "skein",
                "-d", database]

    def psql(self, database, *args):
        return subprocess.run([*self._psql(database), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "PGPASSWORD": "superuser-secret"})

    def keep_client(self, database):
        env = {**os.environ, "PGPASSWORD": "superuser-secret", "PGOPTIONS": "-c client_min_messages=warning"}
        return Client(self._psql(database), "\\echo end", env=env)

    def sql(self, database, text):
        done = self.psql(database, "-c", text)
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return [line.split("|") for line in done.stdout.decode().splitlines()]

    def create(self, *names):
        """All of them in one session."""
        made = [part for name in names for part in ("-c", f'CREATE DATABASE "{name}" TEMPLATE template0')]
        done = self.psql("postgres", *made)
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return [{"name": name, "url": self.url(name)} for name in names]

    def versions(self, database, schema="public"):
        return sorted(r[0] for r in
                      self.sql(database, f'SELECT version_num FROM "{schema}".alembic_version'))

    def tables(self, database, schema="public"):
        rows = self.sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = "
                                  f"'{schema}'")
        return {row[0] for row in rows} - {"alembic_version", "skein_history"}

    @contextlib.contextmanager
    def session(self, database, sql):
        """psql that runs `sql` and stays connected until the block ends."""
        process = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-h", self.dir, "-p", str(self.port), "-U", "skein",
             "-d", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PGPASSWORD": "superuser-secret"})
        try:
            process.stdin.write((sql + "\n\\echo ready\n").encode())
            process.stdin.flush()
            while process.stdout.readline().strip() != b"ready":
                assert process.poll() is None, "psql died"
            yield process
        finally:
            process.kill()
            process.communicate()


class Standby(Postgres):
    """A streaming standby of another cluster, on the same machine, or on another node."""

    def __init__(self, primary, *settings, node=None):
        self._make_place(node)
        self._call("pg_basebackup", "-h", primary.host if node else primary.dir, "-p", str(primary.port), "-U", "skein", "-D", self.data, "-R", "-X",
                   "stream", "-c", "fast", "--no-sync")
        self._start_with(*settings)
        wait_until(lambda: primary.sql("postgres", "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"),
                   what="the standby")

    def promote(self):
        self._call("pg_ctl", "-D", self.data, "-w", "promote")


class MariaDB:
    """A private MariaDB with the interface of Postgres: `url(db)`, `sql(db, text)`. Its system tables are made once
    for each version and user, and copied."""

    SECRET = "superuser-secret"
    host = "127.0.0.1"
    node = None

    def __init__(self, *settings, folder=None, node=None):
        if node:
            self.node, self.host = node, node.address
        self.user = "mysql" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.dir = tempfile.mkdtemp(prefix="skein-maria-", dir=folder or memory_folder())
        os.chmod(self.dir, 0o755)
        self.port, self.socket = free_port(), os.path.join(self.dir, "socket")
        self.data = os.path.join(self.dir, "data")
        subprocess.run(["cp", "-a", self._template(), self.data], check=True)
        users = os.path.join(self.dir, "users.sql")
        with open(users, "w") as file:
            for host in ("localhost", "%"):
                file.write(f"CREATE USER IF NOT EXISTS skein@'{host}' IDENTIFIED BY '{self.SECRET}';\n"
                           f"GRANT ALL ON *.* TO skein@'{host}' WITH GRANT OPTION;\n")
        if os.getuid() == 0:
            shutil.chown(self.dir, self.user)
        self.settings = [f"--datadir={self.data}", f"--socket={self.socket}", f"--port={self.port}",
                         f"--bind-address={self.host}", f"--pid-file={self.dir}/pid", f"--init-file={users}",
                         f"--log-error={self.dir}/log.err", f"--tmpdir={self.dir}", "--skip-name-resolve",
                         "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
                         "--innodb-buffer-pool-size=32M", "--key-buffer-size=1M", "--max-connections=80",
                         *settings]
        self.start()

    def _call(self, *args):
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/")
        if done.returncode:
            raise AssertionError(f"{args[0]}: {done.stdout.decode()}")
        return done.stdout.decode()

    def _template(self):
        """Several tests may want it at once: who is first names it."""
        version = self._call("/usr/sbin/mariadbd", "--no-defaults", "--version").split("Ver ")[1].split()[0]
        path = os.path.join(tempfile.gettempdir(), f"skein-maria-template-{os.getuid()}-{version}")
        if os.path.isdir(path) and os.stat(path).st_uid == pwd.getpwnam(self.user).pw_uid:
            return path
        made = tempfile.mkdtemp(prefix="skein-maria-new-")
        os.chmod(made, 0o700)
        if os.getuid() == 0:
            shutil.chown(made, self.user)
        self._call("mariadb-install-db", "--no-defaults", f"--datadir={made}", f"--user={self.user}",
                   "--auth-root-authentication-method=normal", "--skip-test-db")
        try:
            os.rename(made, path)
        except OSError:
            shutil.rmtree(made)
        return path

    def start(self, **env):
        self.process = subprocess.Popen(
            ["/usr/sbin/mariadbd", "--no-defaults", f"--user={self.user}", *self.settings],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env={**os.environ, **env},
            preexec_fn=self.node and self.node.enter, restore_signals=False)  # Python ignores SIGXFSZ: a file that may not grow is an error (limit_files)
        self.pid = self.process.pid

        def answers():
            assert self.process.poll() is None, self.log()
            return self.client("", "-e", "DO 1").returncode == 0
        wait_until(answers, what="mariadbd")

    def limit_files(self, size="unlimited"):
        """No file of the server may grow beyond so many bytes."""
        prefix = ["runuser", "-u", self.user, "--"] if os.getuid() == 0 else []
        subprocess.run([*prefix, "prlimit", f"--pid={self.pid}", f"--fsize={size}:"], check=True)

    def log(self):
        with open(os.path.join(self.dir, "log.err"), errors="replace") as file:
            return file.read()

    def stop(self, mode="fast"):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM if mode == "fast" else signal.SIGKILL)
        self.process.wait()

    def close(self):
        self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)

    def url(self, database, user="skein", scheme="mysql"):
        return f"{scheme}://{user}:{self.SECRET}@{self.host}:{self.port}/{database}"

    def _client(self, database):
        return ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uskein", f"-p{self.SECRET}", "-N", "-B",
                "--default-character-set=utf8mb4", database]

    def client(self, database, *args, **options):
        return subprocess.run([*self._client(database), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def keep_client(self, database=""):
        return Client([*self._client(database), "-n"], "SELECT 'end';")

    def sql(self, database, text):
        done = self.client(database, input=text.encode())
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return [line.split("\t") for line in done.stdout.decode().splitlines()]

    def create(self, *names):
        self.sql("", ";".join(f"CREATE DATABASE `{name}`" for name in names))
        return [{"name": name, "url": self.url(name)} for name in names]

    def versions(self, database):
        return sorted(r[0] for r in self.sql(database, "SELECT version_num FROM alembic_version"))

    def tables(self, database):
        rows = self.sql(database, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
        return {row[0] for row in rows} - {"alembic_version", "skein_history"}

    @contextlib.contextmanager
    def session(self, database, sql):
        """A client that runs `sql` and stays connected until the block ends."""
        process = subprocess.Popen(
            ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uskein", f"-p{self.SECRET}", "-N", "-B", "-n",
             database], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            process.stdin.write((sql + ";\nSELECT 'ready';\n").encode())
            process.stdin.flush()
            while process.stdout.readline().strip() != b"ready":
                assert process.poll() is None, "the client died"
            yield process
        finally:
            process.kill()
            process.communicate()


class MariaDBReplica(MariaDB):
    """A server that follows another one, which logs its changes and has the server id 1."""

    def __init__(self, primary, *settings):
        super().__init__("--server-id=2", "--read-only=1", *settings)
        self.sql("", f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='skein', "
                     f"MASTER_PASSWORD='{primary.SECRET}', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1; START SLAVE")
        self.follow(primary)

    def follow(self, primary):
        """Waits until it has all that the primary has by now."""
        place = primary.sql("", "SELECT @@gtid_binlog_pos")[0][0]
        wait_until(lambda: self.sql("", f"SELECT MASTER_GTID_WAIT('{place}', 1)") == [["0"]], what="the replica")

    def status(self):
        """The columns of SHOW SLAVE STATUS."""
        done = self.client("", "-E", "-e", "SHOW SLAVE STATUS", "--column-names")
        lines = (line.partition(":") for line in done.stdout.decode().splitlines())
        return {name.strip(): value.strip() for name, _, value in lines}


class FleetCase(unittest.TestCase):
    def setUp(self):
        self.fleet = Fleet()
        self.addCleanup(self.fleet.close)

    def run_ok(self, *args, code=0, **options):
        result = self.fleet.run(*args, **options)
        self.assertEqual(result.code, code, repr(result))
        return result

    def run_json(self, *args, code=0, **options):
        result = self.run_ok(*args, "-o", "json", "--progress", "none", code=code, **options)
        totals = result.report["totals"]
        self.assertEqual(totals["tenants"], sum(v for k, v in totals.items() if k != "tenants"))
        self.assertEqual(totals["tenants"], len(result.report["tenants"]))
        return result


class PostgresCase(FleetCase):
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.pg = Postgres(*cls.settings)
        cls.addClassCleanup(cls.pg.close)


class MariaDBCase(FleetCase):
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.maria = MariaDB(*cls.settings)
        cls.addClassCleanup(cls.maria.close)


class Pooler(PostgresCase):
    """pgbouncer in transaction mode: no session can hold a lock, only transactions can."""
    options = "max_client_conn = 200\ndefault_pool_size = 5\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = free_port()
        path = os.path.join(cls.pg.dir, "pgbouncer.ini")
        with open(path, "w") as file:
            file.write(f"[databases]\n* = host=127.0.0.1 port={cls.pg.port} user=skein\n[pgbouncer]\n"
                       f"listen_addr = 127.0.0.1\nlisten_port = {cls.port}\nauth_type = any\n"
                       f"pool_mode = transaction\nunix_socket_dir =\nlogfile = {cls.pg.dir}/bouncer.log\n"
                       + cls.options)
        os.chmod(path, 0o644)
        cls.bouncer = subprocess.Popen([*cls.pg.prefix, "/usr/sbin/pgbouncer", "-q", path],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.bouncer.communicate)
        cls.addClassCleanup(cls.bouncer.terminate)  # runuser passes it on; a kill would orphan it

        def listens():
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", cls.port)) == 0
        wait_until(listens, what="pgbouncer")


def main():
    unittest.main(verbosity=2)
