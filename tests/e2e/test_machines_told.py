"""`skein work` on machines that have no list of tenants: the run tells of them by its ledger, and passwords are each machine's own.

What is for the machine `two` has the label reachable_from=two: no other machine can do it for it.
"""
import json
import os
import shutil
import unittest

from harness import MariaDB, Postgres, Standby, main
from test_machines import MachinesCase

SCRAM = "local all all trust\nlocal replication all trust\nhost all skein 127.0.0.1/32 trust\nhost replication skein 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
TWO = {"labels": ["reachable_from=two"]}


class Told(MachinesCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = Postgres(hba=SCRAM)
        cls.addClassCleanup(cls.pg.close)
        cls.pg.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'app-secret'; CREATE ROLE other LOGIN PASSWORD 'other-secret'")

    def setUp(self):
        super().setUp()
        self.slow, self.fast = [], []
        self.fleet.revision("aaaa1111", "CREATE TABLE log (what varchar(20));", down="DROP TABLE log;")
        self.fleet.revision("bbbb2222", "INSERT INTO log VALUES ('done');", down="DELETE FROM log;")
        os.makedirs(self.fleet.path("there"))
        shutil.copytree(self.fleet.path("versions"), self.fleet.path("there", "versions"))

    def server_tenant(self, name, owner="app"):
        """Of PostgreSQL, which `owner` gets into by a password alone."""
        name = f"t{self.count}{name}"
        self.pg.create(name)
        self.pg.sql(name, f"ALTER DATABASE \"{name}\" OWNER TO {owner}")
        self.slow.append(name)
        return {"name": name, "url": self.pg.url(name, user=owner), **TWO}

    def file(self, name, **keys):
        """Of SQLite, which every machine finds by its whole path."""
        self.fleet.sqlite(name)
        self.fast.append(name)
        return {"name": name, "url": f"sqlite:///{self.fleet.path('data', name + '.db')}", **TWO, **keys}

    def start_with(self, tenants, rollout=None, env=None, **keys):
        """The run, which waits for the file `go`."""
        wait = ["sh", "-c", f"until [ -e {self.fleet.path('go')} ]; do sleep 0.05; done"]
        rollout = {"on_failure": "continue", **(rollout or {}), "gates": {"before_run": wait}}
        self.fleet.inventory(tenants, ledger=self.pg.url(self.database), rollout=rollout, **keys)
        self.first = self.begin("--as", "one", env=env)

    def work(self, *args, env=None, inventory="there", code=0):
        """Machine two works on the run to its end."""
        second = self.fleet.start("work", "--ledger", self.pg.url(self.database), "--as", "two", "--progress", "plain", *args,
                                  inventory=inventory, env={"HOME": self.fleet.path("there"), **(env or {})})
        self.machines.append(second)
        self.wait_for("SELECT count(*) FROM machines WHERE name = 'two'", "machine two")
        self.fleet.write("go", "")
        ends = self.end(self.first, code), self.end(second, code)
        return ends[1]

    def refused(self, *args, inventory="there", **options):
        result = self.fleet.run("work", "--ledger", self.pg.url(self.database), *args, inventory=inventory, **options)
        self.assertEqual(result.code, 2, repr(result))
        return result.err

    def errors(self):
        report = self.run_ok("report", "-o", "json").report
        return {tenant["name"]: (tenant.get("error") or {}).get("message") for tenant in report["tenants"]}

    def test_tenants_come_from_the_run_and_passwords_from_this_machine(self):
        one, two, three = self.server_tenant("a"), self.server_tenant("b", "other"), self.file("f")
        self.fleet.write("there/.pgpass", f"127.0.0.1:{self.pg.port}:*:app:app-secret\n", 0o600)
        two["password_env"] = "OTHER_PASSWORD"
        one["password_env"] = "APP_PASSWORD"
        one["url"] += "?sslmode=disable"
        self.start_with([one, two, three], env={"OTHER_PASSWORD": "other-secret", "APP_PASSWORD": "app-secret"})
        _, err = self.work("--grant-env", "OTHER_*", env={"OTHER_PASSWORD": "other-secret"})
        self.assertIn("this machine cannot ask the run's gates 'before_run', which its inventory does not name", err)
        self.assertIn(f"take whichever server answers for that of 1 tenant, such as '{one['name']}'", err)
        self.check_effects()
        self.assertEqual(dict(self.ledger("SELECT name, finished FROM machines")), {"one": "0", "two": "3"})
        kept = str(self.ledger("SELECT * FROM tenants")) + str(self.ledger("SELECT * FROM fleet_tenants")) + str(self.ledger("SELECT * FROM setting_lists"))
        self.assertNotIn("secret", kept)
        url = self.pg.url(self.database)
        result = self.fleet.run("report", "--ledger", url, inventory="there")
        self.assertRegex(result.out, "two +left")
        self.assertIn("2 machines", self.fleet.run("runs", "--ledger", url, inventory="there").out)

    def test_runs_are_forgotten_without_an_inventory(self):
        """Copies of this machine's own ledgers are none of that one's."""
        self.fleet.inventory([self.file("f", labels=[])], ledger=self.pg.url(self.database))
        for _ in range(3):
            self.run_ok("upgrade")
        self.fleet.write("there/.skein/snapshots/20261123T101500Z-5f3a9c/000000.db", "a copy")
        forget = lambda *args, code=0: self.run_ok("forget", *args, "--ledger", self.pg.url(self.database), inventory="there", code=code)
        self.assertIn("there is no inventory here: --all means those of all inventories", forget("--keep", "1", code=2).err)
        self.assertEqual(forget("--keep", "2", "--all").out, "1 run forgotten\n")
        newest = self.ledger("SELECT id FROM runs ORDER BY seq DESC")
        self.assertEqual(forget(newest[0][0]).out, "1 run forgotten\n")
        self.assertEqual(self.ledger("SELECT id FROM runs"), newest[1:])
        self.assertTrue(os.path.exists(self.fleet.path("there/.skein/snapshots/20261123T101500Z-5f3a9c/000000.db")))
        said = self.run_ok("forget", "--keep", "1", inventory="there", code=2).err
        self.assertIn("'skein forget' needs no inventory where --ledger", said)

    def test_a_password_that_is_missing_is_told_of_each_tenant(self):
        tenants = [{**self.server_tenant("v"), "password_env": "APP_PASSWORD"}, {**self.server_tenant("w", "other"), "password_command": ["echo", "other-secret"]},
                   self.file("f")]
        tenants.append(self.server_tenant("u"))
        tenants[3]["url"] = tenants[3]["url"].replace("app@", "app:app-secret@")
        tenants.append({**self.server_tenant("x"), "password_env": "GRANTED_PASSWORD"})
        tenants.append({**self.server_tenant("y"), "password_file": self.fleet.write("secret", "app-secret", 0o600)})
        env = {"APP_PASSWORD": "app-secret", "GRANTED_PASSWORD": "app-secret"}
        self.start_with(tenants, env=env)
        self.work("--grant-env", "GRANTED_PASSWORD", "--grant-files", self.fleet.path("data"), env={"APP_PASSWORD": "app-secret"}, code=1)
        v, w, u, x, y = self.slow
        errors = self.errors()
        self.assertIn(f"which this machine does not grant: '--grant-env APP_PASSWORD' does", errors[v])
        self.assertIn("from a program, which runs only where this machine's own inventory names it", errors[w])
        self.assertIn("stands in the inventory of the machine that began the run, and in no ledger", errors[u])
        self.assertIn("the environment variable 'GRANTED_PASSWORD' is not set", errors[x])
        self.assertIn("is in no folder that this machine grants with '--grant-files'", errors[y])
        self.assertIsNone(errors["f"])
        self.assertEqual(self.fleet.query("f", "SELECT count(*) FROM log"), [(1,)])

    def test_a_file_without_tenants_says_this_machines_secrets(self):
        self.start_with([{**self.server_tenant("a"), "password_env": "APP_PASSWORD"}], env={"APP_PASSWORD": "app-secret"})
        self.fleet.write("there/secret", "app-secret", 0o600)
        self.fleet.write("there/skein.yaml", json.dumps({"defaults": {"password_file": "secret"}, "ledger": self.pg.url(self.database)}))
        self.work()
        self.check_effects()

    def test_a_tenant_of_mariadb_gets_its_password_by_a_variable_or_a_file_that_is_granted(self):
        maria = MariaDB()
        self.addCleanup(maria.close)
        maria.create("m1", "m2")
        bare = [{"name": name, "url": maria.url(name).replace(":" + maria.SECRET, ""), **TWO} for name in ("m1", "m2")]
        self.fleet.write("keys/maria", maria.SECRET, 0o600)
        bare[0]["password_env"], bare[1]["password_file"] = "MARIA", "keys/maria"
        os.makedirs(self.fleet.path("there", "keys"))
        shutil.copy(self.fleet.path("keys", "maria"), self.fleet.path("there", "keys", "maria"))
        self.start_with(bare, env={"MARIA": maria.SECRET})
        self.work("--grant-env", "MARIA", "--grant-files", self.fleet.path("there", "keys"), env={"MARIA": maria.SECRET})
        for name in ("m1", "m2"):
            self.assertEqual(maria.sql(name, "SELECT count(*) FROM log"), [["1"]])

    def prepare_repeat(self, **keys):
        """A tenant with rows, a statement that repeats, and a standby that must not be left late: this machine asks it."""
        standby = Standby(self.pg)
        self.addCleanup(standby.close)
        tenant = {**self.server_tenant("a"), "password_env": "APP_PASSWORD", "batch_replicas": [standby.url("postgres", user="app")], **keys}
        name, rows = self.slow[0], ", ".join(f"({i})" for i in range(40))
        self.fleet.revision("cccc3333", f"CREATE TABLE item (id int PRIMARY KEY, done int);\nINSERT INTO item (id) VALUES {rows};")
        self.fleet.revision("dddd4444", "UPDATE item SET done = 1 WHERE id IN (SELECT id FROM item WHERE done IS NULL LIMIT 10);",
                            options=" repeat:until-no-rows")
        shutil.copytree(self.fleet.path("versions"), self.fleet.path("there", "versions"), dirs_exist_ok=True)
        self.start_with([tenant], env={"APP_PASSWORD": "app-secret"})
        shown = self.run_ok("tenants", "-o", "json", env={"APP_PASSWORD": "app-secret"}).report[0]["batch_replicas"]
        self.assertEqual(shown, [standby.url("postgres", user="app")])
        standby.sql("postgres", "SELECT pg_wal_replay_pause()")
        return name, standby

    def start_two(self, *args, env):
        second = self.fleet.start("work", "--ledger", self.pg.url(self.database), "--as", "two", "--progress", "json", *args, inventory="there",
                                  env={"HOME": self.fleet.path("there"), **env})
        self.machines.append(second)
        self.wait_for("SELECT count(*) FROM machines WHERE name = 'two'", "machine two")
        self.fleet.write("go", "")
        return second

    def test_replicas_that_the_run_names_are_asked_by_this_machine(self):
        name, standby = self.prepare_repeat()
        done = lambda: self.pg.sql(name, "SELECT count(*) FROM item WHERE done = 1")
        second = self.start_two("--grant-env", "APP_*", env={"APP_PASSWORD": "app-secret"})
        self.wait_for_words(second, f":{standby.port}' does not follow its primary: its replay is paused".encode())
        self.assertEqual(done(), [["0"]])
        standby.sql("postgres", "SELECT pg_wal_replay_resume()")
        self.end(self.first)
        self.end(second)
        self.assertEqual(done(), [["40"]])

    def test_a_replica_whose_password_is_not_granted_holds_batches_up(self):
        """That of its tenant this machine has by .pgpass, which has none for the replica."""
        self.fleet.write("there/.pgpass", f"127.0.0.1:{self.pg.port}:*:app:app-secret\n", 0o600)
        name, standby = self.prepare_repeat(batch_max_wait="2s", retries=0)
        second = self.start_two(env={})
        words = f":{standby.port}' does not follow its primary: it cannot be reached"
        self.wait_for_words(second, words.encode())
        self.end(self.first, 1)
        self.end(second, 1)
        self.assertIn(words, self.errors()[name])
        self.assertIn("no password supplied; the run takes its password from the environment variable 'APP_PASSWORD', which this machine does "
                      "not grant: '--grant-env APP_PASSWORD' does", self.errors()[name])
        self.assertEqual(self.pg.sql(name, "SELECT count(*) FROM item WHERE done = 1"), [["0"]])

    def test_what_is_done_to_a_tenant_is_as_the_run_says(self):
        one, two = self.server_tenant("a"), self.server_tenant("b")
        self.pg.sql(self.slow[0], "CREATE SCHEMA mine AUTHORIZATION app")
        one.update(schema="mine", search_path=["public"], settings={"work_mem": "7MB"}, transaction="each", statement_timeout="7s", lock_timeout="3s")
        two["settings"] = {"work_mem": "9MB"}
        self.fleet.revision("cccc3333", "INSERT INTO log VALUES (current_setting('work_mem') || current_setting('statement_timeout') "
                            "|| current_setting('lock_timeout'));", down="DELETE FROM log;")
        shutil.copy(self.fleet.path("versions", "cccc3333.sql"), self.fleet.path("there", "versions"))
        self.fleet.write("there/.pgpass", "*:*:*:app:app-secret\n", 0o600)
        self.start_with([one, two], env={"PGPASSWORD": "app-secret"}, version_table="revs", report={"detail": False, "sql": False})
        self.work()
        self.assertEqual(self.pg.sql(self.slow[0], "SELECT what FROM mine.log ORDER BY 1"), [["7MB7s3s"], ["done"]])
        self.assertEqual(self.pg.sql(self.slow[1], "SELECT what FROM log ORDER BY 1"), [["9MB05s"], ["done"]])
        self.assertEqual(self.pg.sql(self.slow[1], "SELECT version_num FROM revs"), [["cccc3333"]])
        self.assertEqual(self.number("SELECT count(*) FROM revision_sections WHERE sql <> ''"), 0)

    def test_values_of_rows_that_the_run_hides_are_hidden_here(self):
        self.start_with([self.server_tenant("a")], env={"PGPASSWORD": "app-secret"}, report={"detail": False})
        self.pg.sql(self.slow[0], "CREATE TABLE log (what text)")
        self.fleet.write("there/.pgpass", "*:*:*:app:app-secret\n", 0o600)
        self.work(code=1)
        self.assertIn('relation "log" already exists', self.errors()[self.slow[0]])
        self.assertEqual(self.number("SELECT count(*) FROM errors WHERE detail IS NOT NULL"), 0)

    def test_another_chain_and_a_run_of_an_older_skein_are_refused(self):
        self.start_with([self.file("f")])
        self.fleet.write("there/versions/aaaa1111.sql", self.fleet.read("versions/aaaa1111.sql") + b"-- edited\n")
        self.fleet.write("there/versions/cccc3333.sql", "-- Revision ID: cccc3333\n-- Revises: bbbb2222\n\n-- migrate:up\nSELECT 1;\n")
        files = "'aaaa1111.sql' differs, '.*/versions/cccc3333.sql' is not of the run; bring the same files here"
        self.assertRegex(self.refused(), "the chain here is not that of run [^:]*: '.*/versions/" + files[1:])
        os.unlink(self.fleet.path("there", "versions", "cccc3333.sql"))
        self.fleet.write("there/versions/aaaa1111.sql", self.fleet.read("versions/aaaa1111.sql"))
        os.rename(self.fleet.path("there", "versions", "bbbb2222.sql"), self.fleet.path("there", "kept"))
        self.assertRegex(self.refused(), "'.*versions/bbbb2222.sql' is missing here; bring the same files here")
        os.rename(self.fleet.path("there", "kept"), self.fleet.path("there", "versions", "bbbb2222.sql"))
        self.ledger("TRUNCATE chain_files")
        self.fleet.write("there/versions/aaaa1111.sql", self.fleet.read("versions/aaaa1111.sql") + b"-- edited\n")
        self.assertRegex(self.refused(), "its digest is sha256:[0-9a-f]{64}, and the run's sha256:[0-9a-f]{64}; bring")  # an older skein's
        self.fleet.write("there/versions/aaaa1111.sql", self.fleet.read("versions/aaaa1111.sql"))
        rules = self.ledger("SELECT rules FROM runs")[0][0]
        self.ledger("UPDATE runs SET rules = NULL")
        self.assertIn("was begun by an older skein, which did not note how its tenants are reached: bring its inventory here", self.refused())
        self.ledger(f"UPDATE runs SET rules = {rules}")
        ways = {"needs no inventory where --ledger": ("work", "runs", "report"), "needs the inventory that the run was made with": ("resume", "rollback")}
        for way, command in ((way, command) for way, commands in ways.items() for command in commands):
            said = self.fleet.run(command, inventory="there").err
            self.assertRegex(said, "there is no inventory, .* in this folder")
            self.assertIn(f"'skein {command}' {way}", said)
        self.work()
        self.check_effects()

    def test_what_no_skein_has_written_is_refused_whole(self):
        self.start_with([self.file("f")])
        for table, column, value, words in (
                ("tenants", "url", "nonsense", "tenant 'f', as the run tells of it: its 'url': bad URL"),
                ("tenants", "url", "postgresql://me:secret@host/db", "its 'url' holds a password"),
                ("setting_lists", "item", "transaction=${HOME}", "a setting of it has a value that it cannot have"),
                ("setting_lists", "item", "init_file=/etc/passwd", "it has a setting that is none")):
            with self.subTest(value):
                where = "item LIKE 'transaction=%'" if table == "setting_lists" else "TRUE"
                before = self.ledger(f"SELECT {column} FROM {table} WHERE {where}")[0][0]
                self.ledger(f"UPDATE {table} SET {column} = '{value}' WHERE {where}")
                self.assertIn(words, self.refused())
                self.ledger(f"UPDATE {table} SET {column} = '{before}' WHERE {column} = '{value}'")
        self.work()
        self.check_effects()

    def test_who_writes_to_the_ledger_opens_no_file_here_and_reads_no_variable(self):
        """Each is an error of its tenant alone. A FIFO that is opened hangs."""
        fifo = self.fleet.path("fifo")
        os.mkfifo(fifo)
        cases = {
            "k": (f"sslkey={fifo}", "'sslkey' in its URL names the file"), "c": (f"sslcert={fifo}", "'sslcert' in its URL names the file"),
            "r": (f"sslrootcert={fifo}", "'sslrootcert' in its URL names the file"), "p": (f"passfile={fifo}", "'passfile' in its URL names the file"),
            "v": (f"servicefile={fifo}&service=x", "'servicefile' in its URL names the file"),
            "s": ("service=prod", "has a 'service' of this machine, and says more"),
            "h": ("hostaddr=127.0.0.1&sslmode=disable", "a 'hostaddr' without 'sslmode=verify-full'"),
            "l": ("sslkeylogfile=***", "the value of 'sslkeylogfile' in its URL is a secret"),
        }
        tenants = {key: self.server_tenant(key) for key in cases}
        extra = [self.server_tenant("e"), self.server_tenant("d"), self.file("g")]
        made = self.file("n", create=True)
        self.start_with([*tenants.values(), *extra, made], env={"PGPASSWORD": "app-secret"})
        for key, (params, _) in cases.items():
            self.ledger(f"UPDATE tenants SET url = url || '?{params}' WHERE name = '{tenants[key]['name']}'")
        numbers = dict(self.ledger("SELECT tenants.name, n FROM fleet_tenants JOIN tenants ON tenants.id = tenant"))
        self.ledger(f"UPDATE fleet_tenants SET password = 'env SECRET_OF_MINE' WHERE n = {numbers[self.slow[-2]]}")
        self.ledger(f"UPDATE fleet_tenants SET password = 'file {fifo}' WHERE n = {numbers[self.slow[-1]]}")
        new = self.fleet.path("elsewhere.db")
        self.ledger(f"UPDATE tenants SET url = 'sqlite:///{new}' WHERE name = 'n'")
        self.work(env={"SECRET_OF_MINE": "app-secret"}, code=1)
        errors = self.errors()
        for key, (_, words) in cases.items():
            self.assertIn(words, errors[tenants[key]["name"]])
        self.assertIn("SECRET_OF_MINE', which this machine does not grant", errors[self.slow[-2]])
        self.assertIn("is in no folder that this machine grants", errors[self.slow[-1]])
        self.assertIn("its file is not there, and would be made in no folder", errors["n"])
        self.assertFalse(os.path.exists(new))
        self.assertEqual(self.fleet.query("g", "SELECT count(*) FROM log"), [(1,)])

    def test_a_file_is_made_and_found_in_a_folder_that_is_granted(self):
        made = self.file("n", create=True)
        os.unlink(self.fleet.path("data", "n.db"))
        self.start_with([made, self.file("g")])
        self.work("--grant-files", self.fleet.path("data"))
        self.check_effects()

    def test_a_file_that_cannot_be_had_here_is_no_login_that_failed(self):
        names = [f"n{i}" for i in range(4)]
        made = [self.file(name, create=True) for name in names]
        for name in names:
            os.unlink(self.fleet.path("data", f"{name}.db"))
        self.fast = ["g"]
        self.start_with([*made, self.file("g")], rollout={"parallel": 1})
        self.work(code=1)
        totals = self.totals()
        self.assertEqual((totals["failed"], totals["succeeded"], totals["skipped"]), (4, 1, 0))
        for name in names:
            self.assertIn("would be made in no folder that this machine grants", self.errors()[name])


if __name__ == "__main__":
    main()
