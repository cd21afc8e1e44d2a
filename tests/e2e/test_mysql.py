#!/usr/bin/env python3
"""MariaDB: its DDL commits by itself, so that every statement of a revision has a mark of its own."""
import contextlib
import os
import signal
import socket
import threading
import time

from harness import FleetCase, MariaDBCase, Postgres, main, press, wait_until
from proxy import Proxy

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(40)) ENGINE=InnoDB;"


class OnMariaDB(MariaDBCase):
    """A tenant `t` with a database of its own."""
    made = 0

    def setUp(self):
        super().setUp()
        OnMariaDB.made += 1
        self.db = f"m{OnMariaDB.made}"
        self.maria.create(self.db)
        self.inventory()

    def inventory(self, url=None, **keys):
        keys.setdefault("defaults", {"retries": 0, "lock_timeout": "1s"})
        self.fleet.inventory([{"name": "t", "url": url or self.maria.url(self.db)}], **keys)

    def sql(self, text):
        return self.maria.sql(self.db, text)

    def run_t(self, *args, code=0, **options):
        return self.run_json(*args, code=code, **options).tenant("t")

    def history(self):
        return self.sql("SELECT revision, direction, state, statements FROM skein_history ORDER BY id")

    def wait_for(self, words, before="%"):
        wait_until(lambda: self.maria.sql("", "SELECT 1 FROM information_schema.processlist WHERE info LIKE "
                                              f"\"{before}{words}%\" AND id <> CONNECTION_ID()"), what=words)


class MainJob(OnMariaDB):
    def test_three_engines_reach_head_in_one_run_and_go_back(self):
        pg = Postgres()
        self.addCleanup(pg.close)
        self.fleet.inventory([self.fleet.sqlite("s"), *pg.create("p"), {"name": "m", "url": self.maria.url(self.db)}])
        self.fleet.revision("aaaa1111", "CREATE TABLE item (id INTEGER PRIMARY KEY, name VARCHAR(20));",
                            "DROP TABLE item;")
        self.fleet.revision(
            "bbbb2222", "-- migrate:up\nINSERT INTO item VALUES (1, 'a');\n"
            "-- migrate:up dialect:mysql\nINSERT INTO item VALUES (1, 'a');\nALTER TABLE item ADD COLUMN extra JSON;\n"
            "-- migrate:down\nDELETE FROM item;\n-- migrate:down dialect:mysql\nALTER TABLE item DROP COLUMN extra;\n")
        report = self.run_json("upgrade").report
        self.assertEqual(report["totals"]["succeeded"], 3)
        self.assertEqual({t["dialect"] for t in report["tenants"]}, {"sqlite", "postgresql", "mysql"})
        self.assertEqual(self.fleet.versions("s"), pg.versions("p"))
        self.assertEqual(self.maria.versions(self.db), ["bbbb2222"])
        self.assertEqual(self.sql("SELECT * FROM item"), [["1", "a", "NULL"]])
        self.assertEqual(self.history(), [["aaaa1111", "up", "applied", "1"], ["bbbb2222", "up", "applied", "2"]])
        self.assertEqual(self.run_json("upgrade").report["totals"]["unchanged"], 3)
        self.run_json("downgrade", "base")
        self.assertEqual((self.maria.tables(self.db), self.maria.versions(self.db)), (set(), []))

    def test_many_tenants_at_once(self):
        tenants = self.maria.create(*[f"many{i}" for i in range(20)])
        self.fleet.inventory(tenants, rollout={"parallel": 20})
        self.fleet.revision("aaaa1111", TABLE + "\nINSERT INTO t VALUES (1, 'a');")
        self.assertEqual(self.run_json("upgrade").report["totals"]["succeeded"], 20)
        for tenant in tenants:
            self.assertEqual(self.maria.sql(tenant["name"], "SELECT COUNT(*) FROM t"), [["1"]])

    def test_the_version_table_is_alembics(self):
        self.fleet.revision("aaaa1111", TABLE)
        self.run_t("upgrade")
        ours = self.sql("SHOW CREATE TABLE alembic_version")[0][1]
        self.sql("DROP TABLE alembic_version; CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                 "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")
        self.assertEqual(self.sql("SHOW CREATE TABLE alembic_version")[0][1], ours)

    def test_programs_are_whole(self):
        self.fleet.revision("aaaa1111", TABLE + """
DELIMITER //
CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (10, 'p;'); SELECT 1; END//
DELIMITER ;
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.x = CONCAT(NEW.x, ';'); END;
CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN a + 1;
/*!50100 INSERT INTO t VALUES (f(1), 'a') */;
CALL p();
""", "DROP FUNCTION f; DROP PROCEDURE p; DROP TABLE t;")
        self.run_t("upgrade")
        self.assertEqual(self.sql("SELECT * FROM t"), [["2", "a;"], ["10", "p;;"]])
        self.run_t("downgrade", "base")
        self.assertEqual(self.maria.tables(self.db), set())

    def test_create_makes_the_database(self):
        self.fleet.inventory([{"name": "t", "url": self.maria.url("not`yet'there".replace("`", "%60").replace("'", "%27"))}],
                             defaults={"create": True})
        self.fleet.revision("aaaa1111", TABLE)
        self.assertEqual(len(self.run_t("plan")["steps"]), 1)
        self.run_t("upgrade")
        self.assertEqual(self.maria.versions("not`yet'there"), ["aaaa1111"])

    def test_query_sources(self):
        self.maria.create("src_a", "src_b")
        self.sql("CREATE TABLE customers (name VARCHAR(20), db VARCHAR(20)); INSERT INTO customers VALUES "
                 "('one', 'src_a'), ('two', 'src_b')")
        self.fleet.write("skein.yaml", f"sources:\n  - query: SELECT name, CONCAT('{self.maria.url('')}', db) AS url "
                         f"FROM customers\n    url: {self.maria.url(self.db)}\n")
        self.fleet.revision("aaaa1111", TABLE)
        self.assertEqual(self.run_json("upgrade").report["totals"]["succeeded"], 2)
        self.assertEqual(self.maria.versions("src_b"), ["aaaa1111"])

    def test_ways_to_name_a_server(self):
        self.fleet.revision("aaaa1111", TABLE)
        secret = self.maria.SECRET
        for scheme in ("mysql", "mariadb", "mysql+pymysql", "mysql+mysqldb", "mariadb+mariadbconnector", "mysql+aiomysql",
                       "mysql+asyncmy", "mysql+mysqlconnector", "mysql+cymysql", "mysql+pyodbc", "mariadb+pymysql"):
            self.inventory(self.maria.url(self.db, scheme=scheme) + "?charset=utf8mb4")
            self.assertIn(self.run_t("upgrade")["state"], ("succeeded", "unchanged"))
        for key in ("unix_socket", "socket"):
            self.inventory(f"mysql://skein:{secret}@localhost/{self.db}?{key}={self.maria.socket}" if key == "socket" else
                           f"mysql://skein:{secret}@/{self.db}?{key}={self.maria.socket}")
            self.assertEqual(self.run_t("upgrade")["state"], "unchanged")
        self.inventory(f"mysql://skein:{secret}@localhost:{self.maria.port}/{self.db}")
        self.assertEqual(self.run_t("upgrade")["state"], "unchanged")

    def test_each_step_has_its_own_time(self):
        self.sql("CREATE TABLE task (x int)")
        for at in 1, 2:
            for i in range(3):
                self.fleet.revision(f"r{at}{i}", f"INSERT INTO task VALUES (1);\nDO SLEEP({0.3 if i == at else 0});")
            tenant = self.run_t("upgrade")
            times = [step["duration_ms"] for step in tenant["steps"]]
            self.assertGreater(times[at], 299)  # it is sent when its turn has come
            self.assertLessEqual(sum(times), tenant["duration_ms"])
            kept = self.sql(f"SELECT duration_ms FROM skein_history WHERE revision LIKE 'r{at}%' ORDER BY id")
            self.assertEqual([round(float(ms), 1) for ms, in kept], [round(ms, 1) for ms in times])

    def test_warnings_are_told(self):
        self.fleet.revision("aaaa1111", "DROP TABLE IF EXISTS nonesuch;\n" + TABLE +
                            "\nINSERT IGNORE INTO t VALUES (1, REPEAT('x', 50));")
        result = self.run_json("upgrade")
        found = [(n["level"], n["code"], n["revision"]) for n in result.report["notices"]]
        self.assertEqual(found, [("warning", "1265", "aaaa1111"), ("notice", "1051", "aaaa1111")], result.report)


class Scripts(OnMariaDB):
    """`--sql`: what the mariadb client runs as it stands."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", TABLE + "\nINSERT INTO t VALUES (1, 'a;$$');", "DROP TABLE t;")
        self.fleet.revision("bbbb2222", "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT '$$'; SELECT 2; END//\nDELIMITER ;\n"
                                        "-- verify: SELECT 1 FROM t WHERE id = 1 -- it is there\n", "DROP PROCEDURE p;")
        self.fleet.revision("cccc3333", "INSERT INTO t VALUES (2, 'b');\nINSERT INTO t VALUES (3, 'c');", "DELETE FROM t;")

    def play(self, script):
        return self.maria.client(self.db, input=script.encode())

    def test_up_and_down(self):
        script = self.run_ok("upgrade", "--sql").out
        done = self.play(script)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        self.assertEqual(self.maria.versions(self.db), ["cccc3333"])
        self.assertEqual(self.sql("SELECT COUNT(*) FROM t"), [["3"]])
        self.assertEqual(self.history(), [["aaaa1111", "up", "applied", "2"], ["bbbb2222", "up", "applied", "1"],
                                          ["cccc3333", "up", "applied", "2"]])
        self.assertEqual(self.run_t("upgrade")["state"], "unchanged")
        again = self.play(script)
        self.assertNotEqual(again.returncode, 0)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM t"), [["3"]])
        back = self.run_ok("downgrade", "cccc3333:base", "--sql").out
        self.assertEqual(self.play(back).returncode, 0)
        self.assertEqual((self.maria.tables(self.db), self.maria.versions(self.db)), (set(), []))

    def test_what_does_not_hold_stops_it(self):
        self.fleet.last = "cccc3333"
        self.fleet.revision("dddd4444", "INSERT INTO t VALUES (4, 'd');\n-- verify: SELECT 1 FROM t WHERE id = 99")
        done = self.play(self.run_ok("upgrade", "--sql").out)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.maria.versions(self.db), ["bbbb2222"])  # what only changes rows is one transaction
        self.assertEqual(self.sql("SELECT COUNT(*) FROM t"), [["1"]])


class Settings(OnMariaDB):
    """`settings:` of the inventory are session variables, on top of skein's own."""
    SEEN = ("CREATE TABLE seen AS SELECT @@group_concat_max_len AS a, @@sort_buffer_size AS b, @@time_zone AS c, "
            "@@foreign_key_checks AS d, @@sql_mode AS e;")

    def settings_are(self, own, **defaults):
        self.fleet.inventory([{"name": "t", "url": self.maria.url(self.db), "settings": own}],
                             defaults={"retries": 0, **({"settings": defaults} if defaults else {})})

    def test_they_hold_in_every_revision_and_script(self):
        self.fleet.revision("aaaa1111", self.SEEN, "DROP TABLE seen;")
        self.fleet.revision("bbbb2222", "SET SESSION group_concat_max_len = 9;\nINSERT INTO seen SELECT * FROM seen;", "")
        self.fleet.revision("cccc3333", "INSERT INTO seen SELECT @@group_concat_max_len, @@sort_buffer_size, @@time_zone, "
                            "@@foreign_key_checks, '';", "")
        self.settings_are({"group_concat_max_len": "4096", "time_zone": "+02:00", "foreign_key_checks": "0",
                           "sql_mode": "STRICT_ALL_TABLES"}, group_concat_max_len="5", sort_buffer_size="262144")
        self.run_t("upgrade")
        row = ["4096", "262144", "+02:00", "0"]
        self.assertEqual(self.sql("SELECT a, b, c, d FROM seen"), [row] * 3)
        self.assertEqual(self.sql("SELECT DISTINCT e FROM seen WHERE e <> ''"), [["STRICT_ALL_TABLES"]])
        script = self.run_ok("upgrade", "--sql").out
        self.sql("DROP TABLE seen, alembic_version, skein_history")
        self.assertEqual(self.maria.client(self.db, input=script.encode()).returncode, 0)
        self.assertEqual(self.sql("SELECT a, b, c, d FROM seen"), [row] * 3)

    def test_bad_ones_are_told(self):
        self.fleet.revision("aaaa1111", TABLE)
        for name, value, words in (("lock_wait_timeout", "5", "use 'lock_timeout'"), ("autocommit", "0", "needs as it is|needs it as it is"),
                                   ("max_statement_time", "5", "use 'statement_timeout'"),
                                   ("sql_mode", "ANSI_QUOTES", "split into statements")):
            self.settings_are({name: value})
            self.assertRegex(self.run_ok("upgrade", code=2).err, rf"skein.yaml:\d+: tenant 't': 'settings': '{name}': .*({words})")
        for name, value, code in (("nonesuch", "1", "1193"), ("sort_buffer_size", "much", "1232"), ("time_zone", "nowhere", "1298")):
            self.settings_are({name: value})
            error = self.run_t("upgrade", code=1)["error"]
            self.assertEqual(error["code"], code)
            self.assertIn(name if code != "1298" else value, error["message"])
        self.assertEqual(self.maria.tables(self.db), set())

    def test_those_of_defaults_are_postgresqls_in_a_fleet_of_both(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INT);")
        self.fleet.inventory([{"name": "t", "url": self.maria.url(self.db), "settings": {"sort_buffer_size": "262144"}},
                              {"name": "p", "url": "postgresql://127.0.0.1:1/x"}], defaults={"settings": {"work_mem": "1MB"}})
        self.assertEqual(self.run_json("upgrade", "--tenant", "t").tenant("t")["state"], "succeeded")


class OptionFiles(OnMariaDB):
    """my.cnf, read by skein itself, with the checks of a password file."""

    def write(self, text, mode=0o600):
        path = self.fleet.write("my.cnf", text)
        os.chmod(path, mode)

    def test_it_says_what_the_url_does_not(self):
        self.fleet.revision("aaaa1111", TABLE)
        self.write("# mine\n[mysqld]\nuser=nobody\nport = 1\n[client]\nuser = wrong\npassword=wrong\nhost=10.255.255.1 # far\n"
                   f"[skein]\nuser=\"skein\"\npassword = '{self.maria.SECRET}'\nhost = 127.0.0.1\nport={self.maria.port}\n"
                   "loose_nothing = 1\nssl-mode=DISABLED\ninit-command = CREATE TABLE hacked (i INT)\nssl_verify_server_cert = 0\n"
                   "[ours]\nuser=nobody2\n")
        for key in ("read_default_file", "default_file"):
            self.inventory(f"mysql:///{self.db}?{key}=my.cnf")
            result = self.run_ok("upgrade")
            self.assertRegex(result.err, r"note: \S*skein.yaml:\d+: 'init-command' of the option file")
            self.assertIn("'ssl-verify-server-cert' of the option file", result.err)
        self.assertNotIn("hacked", self.maria.tables(self.db))
        shown = self.run_ok("tenants", "-o", "json").out
        self.assertIn(f"127.0.0.1:{self.maria.port}", shown)
        self.assertNotIn(self.maria.SECRET, shown)
        self.inventory(f"mysql:///{self.db}?read_default_file=my.cnf&read_default_group=ours")
        self.assertIn("nobody2", self.run_t("current", code=1)["error"]["message"])
        self.inventory(f"mysql://skein:{self.maria.SECRET}@127.0.0.1:{self.maria.port}/{self.db}?read_default_file=my.cnf"
                       "&read_default_group=ours")
        self.assertEqual(self.run_t("upgrade")["state"], "unchanged")
        self.fleet.inventory([{"name": "t", "url": f"mysql:///{self.db}?read_default_file=my.cnf", "password_env": "OWN"}])
        self.assertEqual(self.run_t("upgrade", code=1, env={"OWN": "not-this"})["error"]["class"], "auth")

    def test_where_it_may_not_be_used_only_who_needs_it_fails(self):
        self.fleet.revision("aaaa1111", TABLE)
        self.inventory(f"mysql:///{self.db}?read_default_file=my.cnf")
        for text, mode, words in ((None, 0, "No such file"), ("[client]\npassword=secret1", 0o644, "open to others: chmod 600 it"),
                                  ("[client]\nport=secret1", 0o600, "line 2: 'port'"), ("!include x", 0o600, "line 1: other files"),
                                  ("[client", 0o600, "line 1: a group"), ("a" * 70000, 0o600, "at most 64 KiB")):
            if text:
                self.write(text, mode)
            self.assertEqual(self.run_ok("tenants").code, 0)
            result = self.run_ok("upgrade", code=2)
            self.assertRegex(result.err, rf"skein.yaml:\d+: tenant 't': 'url': option file '.*{words}")
            self.assertNotIn("secret1", result.err)

    def test_a_row_of_a_query_names_none(self):
        self.fleet.revision("aaaa1111", TABLE)
        self.write(f"[client]\nuser=skein\npassword={self.maria.SECRET}\n")
        self.fleet.write("skein.yaml", "sources:\n  - query: SELECT 'one' AS name, 'mysql://10.0.0.1/d?read_default_file=my.cnf' AS url"
                         f"\n    url: mysql://127.0.0.1:{self.maria.port}/{self.db}?read_default_file=my.cnf\n")
        self.assertIn("only the inventory's file may name a file of options", self.run_ok("upgrade", code=2).err)


class Variants(OnMariaDB):
    """Sections for MySQL serve both servers, unless there are some for MariaDB."""
    BOTH = ("-- migrate:up\nCREATE TABLE general (id INT);\n-- migrate:up dialect:mysql\nCREATE TABLE mysql_s (id INT);\n"
            "-- migrate:up dialect:mariadb\nCREATE TABLE maria_s (id INT);\n-- migrate:down\nDROP TABLE maria_s;\n")

    def test_the_server_decides_whatever_the_scheme(self):
        self.fleet.revision("aaaa1111", self.BOTH)
        self.fleet.revision("bbbb2222", "-- migrate:up dialect:mysql\nCREATE TABLE served (id INT);\n-- migrate:down\n"
                            "-- migrate:down dialect:mysql\nDROP TABLE nonesuch;\n"
                            "-- migrate:down dialect:mariadb\nDROP TABLE served;\n")
        self.fleet.revision("cccc3333", "-- migrate:up dialect:mariadb\nCREATE SEQUENCE s;\n-- migrate:down\nDROP SEQUENCE s;\n")
        for scheme in ("mysql", "mariadb"):
            self.inventory(self.maria.url(self.db, scheme=scheme))
            shown = self.run_ok("plan", "-v").out
            self.assertIn("CREATE TABLE maria_s", shown)
            self.assertNotIn("CREATE TABLE mysql_s", shown)
            tenant = self.run_t("upgrade")
            self.assertEqual(tenant["dialect"], "mysql")
            self.assertEqual(self.maria.tables(self.db) - {"alembic_version", "skein_history"}, {"maria_s", "served", "s"})
            self.run_t("downgrade", "base")

    def test_scripts(self):
        self.fleet.revision("aaaa1111", self.BOTH)
        for args, table in ((("--dialect", "mariadb"), "maria_s"), (("--dialect", "mysql"), "mysql_s"), ((), "mysql_s")):
            script = self.run_ok("upgrade", "--sql", *args).out
            self.assertEqual([t for t in ("general", "mysql_s", "maria_s") if f"CREATE TABLE {t}" in script], [table])
        self.inventory(self.maria.url(self.db, scheme="mariadb"))
        script = self.run_ok("upgrade", "--sql").out
        self.assertIn("CREATE TABLE maria_s", script)
        self.assertEqual(self.maria.client(self.db, input=script.encode()).returncode, 0)
        self.assertEqual(self.run_t("upgrade")["state"], "unchanged")

    def test_faults_are_found_before_a_server_is_asked_and_once(self):
        self.fleet.revision("aaaa1111", "-- migrate:up\nCREATE TABLE a (id INT); COMMIT;\n-- migrate:down\n"
                            "-- migrate:down dialect:mariadb\nSELECT 'x\n")
        result = self.run_ok("upgrade", code=2)
        self.assertEqual(result.err.count("aaaa1111.sql:"), 2, result.err)
        self.inventory(self.maria.url(self.db, scheme="mariadb"))
        self.assertEqual(self.run_ok("upgrade", code=2).err.count("aaaa1111.sql:"), 2)
        self.fleet.last = None


class CalledMySQL(OnMariaDB):
    """What says of itself that it is no MariaDB runs the sections for MySQL."""
    settings = ("--version=8.0.36",)

    def test_it_runs_mysqls_sections(self):
        self.fleet.revision("aaaa1111", Variants.BOTH)
        self.run_t("upgrade")
        self.assertIn("mysql_s", self.maria.tables(self.db))

    def test_a_revision_for_mariadb_alone_is_a_fault_of_this_tenant(self):
        self.fleet.revision("aaaa1111", "-- migrate:up dialect:mariadb\nCREATE SEQUENCE s;\n-- migrate:down\nDROP SEQUENCE s;\n")
        error = self.run_t("upgrade", code=1)["error"]
        self.assertEqual(error["class"], "chain")
        self.assertIn("no up section for mysql", error["message"])


class Judged(OnMariaDB):
    """What is found before any tenant is touched."""

    def test_statements_that_no_server_takes(self):
        self.fleet.revision("aaaa1111", "CREAT TABLE t (id INT);\n-- one more\nCREATE EXTENSION pgcrypto;\n/*!50000 VACUUM */;\n"
                            "(SELECT 1);\nwith a AS (SELECT 1) SELECT * FROM a;", "DROP TABLE t;")
        for args in (("plan",), ("check", "--chain")):
            text = self.run_ok(*args, code=2).err
            self.assertIn("aaaa1111.sql:7: no statement of MySQL or MariaDB begins with 'CREAT'", text)
            self.assertRegex(text, r"aaaa1111.sql:9: 'CREATE EXTENSION' is PostgreSQL's: give the revision a section of its own")
            self.assertIn("begins with 'VACUUM'", text)
            self.assertEqual(text.count("aaaa1111.sql:"), 3, text)

    def test_ids_that_differ_only_in_case(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id INT);")
        self.fleet.revision("AAAA1111", "SELECT 1;")
        text = self.run_ok("upgrade", code=2).err
        self.assertRegex(text, r"differs from '\w+' only in the case of letters, which MySQL does not tell apart: rename one")
        self.assertEqual(text.count("only in the case"), 1)
        self.fleet.inventory([self.fleet.sqlite("s")])
        self.run_ok("upgrade")

    def test_a_version_table_that_takes_nothing_back_is_told(self):
        self.fleet.revision("aaaa1111", TABLE)
        self.sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY) ENGINE=MyISAM")
        for command in ("plan", "upgrade"):
            error = self.run_t(command, code=1)["error"]
            self.assertEqual(error["class"], "config")
            self.assertIn("'alembic_version' is MyISAM, which takes no change back: say ALTER TABLE alembic_version "
                          "ENGINE=InnoDB", error["message"])
        self.assertEqual(self.run_t("current")["to"], [])
        self.sql("ALTER TABLE alembic_version ENGINE=InnoDB")
        self.assertEqual(self.run_t("upgrade")["state"], "succeeded")

    def test_copies_are_sqlites_alone(self):
        self.fleet.revision("aaaa1111", TABLE, "DROP TABLE t;")
        self.fleet.revision("bbbb2222", "ALTER TABLE t ADD COLUMN y INT;", None)
        self.inventory(rollout={"rollback_by": "snapshot", "on_failure": "rollback"})
        result = self.run_ok("upgrade", code=2)
        self.assertRegex(result.err, r"note: \S*skein.yaml:\d+: 'rollback_by: snapshot' is for SQLite only: tenants of MySQL go back "
                         "by their down sections")
        self.assertIn("bbbb2222", result.err)
        self.assertEqual(self.maria.tables(self.db), set())


class Weighed(OnMariaDB):
    """A plan says what commits by itself, and how the server would change tables that are there, shown on empty twins."""

    def setUp(self):
        super().setUp()
        self.sql("CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(40), y INT, p_id INT); "
                 "INSERT INTO t SELECT seq, 'x', 1, NULL FROM seq_1_to_2000; ANALYZE TABLE t")
        self.fleet.revision("aaaa1111", "ALTER TABLE t ADD COLUMN z INT;\nCREATE INDEX ix ON t (x) -- why\n;\n"
                            "ALTER TABLE t MODIFY y BIGINT NOT NULL;\nUPDATE t SET z = 1;", "")
        self.fleet.revision("bbbb2222", "CREATE TABLE made (id INT);\nALTER TABLE made ADD COLUMN a INT;\n"
                            "ALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p (id);\nALTER TABLE t RENAME TO u;\n"
                            "ALTER TABLE p ADD COLUMN n INT, ALGORITHM=INPLACE;", "")
        self.fleet.revision("cccc3333", "INSERT INTO p (id) VALUES (1);", "")

    def plan(self, scratch=None):
        self.inventory(scratch={"mysql": scratch} if scratch else {})
        before = self.sql("SHOW CREATE TABLE t")
        tenant = self.run_t("plan")
        self.assertEqual(self.sql("SHOW CREATE TABLE t"), before)
        self.assertEqual([s["commits_by_itself"] for s in tenant["steps"]], [True, True, False])
        return tenant["table_changes"], self.run_ok("plan").out

    def test_algorithm_and_lock(self):
        expected = [("t", "INSTANT", "nothing", 7), ("t", "NOCOPY", "nothing", 8), ("t", "COPY", "writes", 10),
                    ("t", "COPY", "writes", 9), ("p", "INPLACE", None, 11)]
        for place in ("", "twins"):
            if place:
                self.maria.create(place)
            changes, shown = self.plan(self.maria.url(place))
            self.assertEqual([(c["table"], c["algorithm"], c["blocks"]) for c in changes], [e[:3] for e in expected], changes)
            self.assertIn("Cannot change column type", changes[2]["reason"])
            self.assertGreater(changes[0]["bytes"], 50000)
            self.assertRegex(shown, r"table t \(\S*aaaa1111.sql:\d+\): ALGORITHM=COPY, \d+\.\d kB, blocks writes")
            self.assertIn("commits by itself", shown)
            self.assertEqual(self.maria.sql("", "SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE "
                                                "'skein\\_%' AND table_name <> 'skein_history'"), [["0"]])
            self.assertEqual(self.maria.sql("", "SHOW DATABASES LIKE 'skein%'"), [])
        self.maria.sql("", "DROP DATABASE twins")

    def test_a_database_that_is_still_to_be_made_is_asked_nothing(self):
        self.fleet.inventory([{"name": "new", "url": self.maria.url("still_to_be_made"), "create": True}])
        tenant, = self.run_json("plan").report["tenants"]
        self.assertEqual((tenant["state"], len(tenant["steps"])), ("succeeded", 3))

    def test_where_it_cannot_be_asked_the_plan_says_so(self):
        changes, shown = self.plan()
        self.assertEqual({(c["algorithm"], c["blocks"]) for c in changes}, {(None, None)})
        self.assertIn("the inventory names no database for that ('scratch')", shown)
        self.assertIn("on another server", self.plan("mysql://127.0.0.1:1/x")[1])
        self.maria.sql("", f"CREATE USER poor@'%' IDENTIFIED BY 'pw'; GRANT ALL ON {self.db}.* TO poor@'%'")
        self.inventory(f"mysql://poor:pw@127.0.0.1:{self.maria.port}/{self.db}", scratch={"mysql": self.maria.url("")})
        self.assertIn("Access denied", self.run_t("plan")["table_changes"][0]["reason"])
        for scratch, words in (({"mysql": "postgresql://h/d"}, "'scratch': 'mysql': it must be the URL of a MySQL server"),
                               ({"sqlite": "sqlite:///x"}, "'scratch': 'sqlite': its keys"), ("x", "'scratch' must be a mapping")):
            self.inventory(scratch=scratch)
            self.assertRegex(self.run_ok("plan", code=2).err, rf"skein.yaml:\d+: {words}")


class Failure(OnMariaDB):
    def test_place_of_an_error_and_what_stands(self):
        self.fleet.revision("aaaa1111", TABLE + "\n\nINSERT INTO t VALUES (1, 'a');\nALTER TABLE t\n  ADD COLUMN y INT NOT;\n")
        tenant = self.run_t("upgrade", code=4)
        self.assertEqual((tenant["state"], tenant["error"]["code"], tenant["error"]["line"]), ("partial", "1064", 10),
                         tenant)
        self.assertEqual(self.sql("SELECT * FROM t"), [["1", "a"]])
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", TABLE + "\n\nINSERT INTO t VALUES (1, 'a');\nALTER TABLE t\n  ADD COLUMN y INT;\n")
        self.assertEqual(self.run_t("upgrade")["state"], "succeeded")
        self.assertEqual(self.sql("SELECT * FROM t"), [["1", "a", "NULL"]])
        self.assertEqual(self.history(), [["aaaa1111", "up", "applied", "3"]])

    def test_what_a_dump_sets_holds_to_its_end(self):
        """mariadb-dump sets in executable comments; a run that goes on sets it again."""
        head = "/*!40014 SET @OLD=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n"
        parts = ["CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id));",
                 "/*!40000 ALTER TABLE child DISABLE KEYS */;", "INSERT INTO child VALUES (1, 7);",
                 "CREATE TABLE parent (id INT PRIMARY KEY);", "INSERT INTO parent VALUES (7);"]
        tail = "\n/*!40014 SET FOREIGN_KEY_CHECKS=@OLD */;"
        self.fleet.revision("aaaa1111", head + "\n".join(parts) + tail)
        self.assertEqual(self.run_t("upgrade")["state"], "succeeded")
        for broken in range(len(parts)):
            with self.subTest(broken):
                self.sql("SET foreign_key_checks = 0; DROP TABLE IF EXISTS child, parent, alembic_version, skein_history")
                self.fleet.last = ""
                self.fleet.revision("aaaa1111", head + "\n".join([*parts[:broken], "SELECT nonsense;", *parts[broken:]]) + tail)
                self.run_t("upgrade", code=4)
                self.fleet.last = ""
                self.fleet.revision("aaaa1111", head + "\n".join(parts) + tail)
                self.assertEqual(self.run_t("upgrade")["state"], "succeeded")
                self.assertEqual(self.sql("SELECT child.id, parent.id FROM child JOIN parent ON p = parent.id"), [["1", "7"]])

    def test_what_only_changes_rows_is_one_transaction(self):
        self.sql(TABLE)
        self.fleet.revision("aaaa1111", "INSERT INTO t VALUES (1, 'a');\nINSERT INTO t VALUES (2, 'b');\n"
                                        "INSERT INTO t VALUES (1, 'c');")
        tenant = self.run_t("upgrade", code=1)
        self.assertEqual((tenant["state"], tenant["error"]["code"], tenant["error"]["line"]), ("failed", "1062", 9), tenant)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM t"), [["0"]])

    def test_a_table_without_transactions(self):
        self.sql("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM")
        self.fleet.revision("aaaa1111", "INSERT INTO t VALUES (1), (2), (2);")
        tenant = self.run_t("upgrade", code=1)
        self.assertEqual(tenant["state"], "failed")
        self.assertIn("transaction:false", tenant["error"]["message"])
        self.assertEqual(self.sql("SELECT COUNT(*) FROM t"), [["0"]])
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "INSERT INTO t VALUES (1), (2), (2);", options=" transaction:false")
        self.assertEqual(self.run_t("upgrade", code=4)["state"], "partial")
        self.assertEqual(self.sql("SELECT COUNT(*) FROM t"), [["2"]])

    def test_what_failed_on_transactional_tables_rolled_back_by_itself(self):
        self.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (2)")
        for dml in ("INSERT INTO t VALUES (1), (2)", "UPDATE t SET id = 5 WHERE id = (SELECT 1 UNION SELECT 2)",
                    "DELETE a, b FROM t AS a JOIN t AS b ON a.id = (SELECT 1 UNION SELECT 2)"):
            self.fleet.last = ""
            self.fleet.revision("aaaa1111", f"CREATE TABLE IF NOT EXISTS before_it (i INT);\n{dml};", options=" transaction:false")
            self.assertEqual(self.run_t("upgrade", code=4)["state"], "partial")
            self.assertNotIn("a part of its work", self.run_ok("report").out)
            self.assertEqual(self.sql("SELECT * FROM t"), [["2"]])
            self.assertEqual(self.history()[-1][2:], ["partial", "1"])
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE IF NOT EXISTS before_it (i INT);\nINSERT INTO t VALUES (1);",
                            options=" transaction:false")
        self.run_ok("resolve", "t", "--statements", "1")
        self.assertEqual(self.run_t("upgrade")["state"], "succeeded")
        self.assertEqual(self.sql("SELECT * FROM t"), [["1"], ["2"]])

    def test_a_trigger_may_have_left_rows_where_no_transaction_is_known(self):
        self.sql("CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE log (i INT) ENGINE=MyISAM; CREATE TRIGGER g BEFORE INSERT "
                 "ON t FOR EACH ROW INSERT INTO log VALUES (1)")
        self.fleet.revision("aaaa1111", "INSERT INTO t VALUES (1), (1);", options=" transaction:false")
        self.assertIn("a part of its work may be done", self.run_t("upgrade", code=4)["error"]["message"])
        self.assertEqual(self.sql("SELECT COUNT(*) FROM log"), [["2"]])
        self.sql("DROP TABLE t, log")

    def test_a_part_of_a_statement_may_be_done(self):
        self.sql("CREATE TABLE a (i INT); CREATE TABLE b (i INT PRIMARY KEY); CREATE TABLE c (i INT, FOREIGN KEY (i) "
                 "REFERENCES b (i))")
        self.fleet.revision("aaaa1111", "DROP TABLE IF EXISTS a, b;")
        tenant = self.run_t("upgrade", code=4)
        self.assertEqual((tenant["state"], tenant["error"]["code"]), ("partial", "1451"), tenant)
        self.assertIn("a part of its work may be done", tenant["error"]["message"])

    def test_the_reason_beside_an_error(self):
        self.sql(TABLE)
        self.fleet.revision("aaaa1111", "CREATE TABLE child (id INT, t_id BIGINT, FOREIGN KEY (t_id) REFERENCES t (id));")
        error = self.run_t("upgrade", code=1)["error"]
        self.assertEqual(error["code"], "1005")
        self.assertIn("t_id", error["detail"])

    def test_statements_that_may_not_stand_in_a_revision(self):
        for up, words in (("START TRANSACTION;", "begin or end"), ("/*!40000 COMMIT */;", "begin or end"),
                          ("SET autocommit = 0;", "begin or end"), ("USE mysql;", "another database"),
                          ("LOCK TABLES t WRITE;", "LOCK TABLES"), ("SET GLOBAL max_connections = 5;", "whole server"),
                          ("SELECT RELEASE_ALL_LOCKS();", "lock"), ("SELECT 1\\G", "mariadb client")):
            self.fleet.last = ""
            self.fleet.revision("aaaa1111", up)
            result = self.run_ok("upgrade", code=2)
            self.assertIn(words, result.err)

    def test_a_metadata_lock_is_waited_for_and_told(self):
        self.sql(TABLE)
        self.fleet.revision("aaaa1111", "ALTER TABLE t ADD COLUMN y INT;")
        with self.maria.session(self.db, "BEGIN; SELECT * FROM t"):
            tenant = self.run_t("upgrade", code=1)
        self.assertEqual((tenant["state"], tenant["error"]["class"], tenant["error"]["code"]), ("failed", "lock", "1205"),
                         tenant)
        self.assertIn("connection ", tenant["error"]["message"])
        self.assertEqual(self.run_t("resume")["state"], "succeeded")

    def test_statement_timeout(self):
        self.inventory(defaults={"statement_timeout": "300ms", "retries": 0})
        self.fleet.revision("aaaa1111", "SELECT SLEEP(20);")
        tenant = self.run_t("upgrade", code=1)
        self.assertEqual((tenant["error"]["class"], tenant["error"]["code"]), ("timeout", "1969"), tenant)

    def test_cancelling_stops_the_server_too(self):
        self.fleet.revision("aaaa1111", TABLE + "\nSELECT SLEEP(20);")
        process = self.fleet.start("upgrade")
        self.wait_for("SLEEP(20)")
        press(process, number=signal.SIGTERM)
        process.communicate(timeout=15)
        self.assertEqual(process.returncode, 4)  # one statement is done, the next is not
        self.assertEqual(self.maria.sql("", "SELECT 1 FROM information_schema.processlist WHERE info LIKE "
                                            "'%SLEEP(20)%' AND id <> CONNECTION_ID()"), [])

    def test_a_session_that_is_killed(self):
        insert = "INSERT INTO t SELECT 1, GET_LOCK('pace', 20)"
        self.fleet.revision("aaaa1111", f"{TABLE}\n{insert};\n")
        with self.maria.session(self.db, "SELECT GET_LOCK('pace', 0)"):
            process = self.fleet.start("upgrade", "-o", "json")
            self.wait_for(insert)
            for row in self.maria.sql("", f'SELECT id FROM information_schema.processlist WHERE info LIKE "{insert}%"'):
                self.maria.sql("", f"KILL {row[0]}")
        process.communicate(timeout=15)
        self.assertIn(self.run_t("upgrade")["state"], ("succeeded", "unchanged"))
        self.assertEqual(self.sql("SELECT * FROM t"), [["1", "1"]])

    def test_nobody_listens(self):
        self.inventory(f"mysql://skein@127.0.0.1:1/{self.db}")
        self.fleet.revision("aaaa1111", TABLE)
        tenant = self.run_t("upgrade", code=1)
        self.assertEqual((tenant["error"]["class"], tenant["error"]["code"]), ("connect", "2002"), tenant)

    def test_a_refused_login_and_a_missing_database(self):
        self.fleet.revision("aaaa1111", TABLE)
        self.inventory(self.maria.url(self.db).replace(self.maria.SECRET, "wrong-secret"))
        result = self.run_json("upgrade", code=1)
        self.assertEqual(result.tenant("t")["error"]["class"], "auth")
        self.assertNotIn("wrong-secret", result.out + result.err)
        self.inventory(self.maria.url("nonesuch"))
        self.assertEqual(self.run_t("upgrade", code=1)["error"]["code"], "1049")

    def test_parameters_that_may_not_be_given_are_faults_of_the_file(self):
        self.fleet.revision("aaaa1111", TABLE)
        for parameter, words in (("init_command=x", "init_command"), ("local_infile=1", "local_infile"),
                                 ("allowAllFiles=true", "allowAllFiles"), ("nonesuch=1", "nonesuch"),
                                 ("charset=latin1", "utf8mb4"), ("ssl_mode=VERIFY_CA", "ssl_ca"),
                                 ("connect_timeout=soon", "seconds"), ("auth_plugin=mysql_clear_password", "auth_plugin"),
                                 ("unix_socket=socket", "socket")):
            self.inventory(self.maria.url(self.db) + "?" + parameter)
            result = self.run_ok("upgrade", code=2)
            self.assertRegex(result.err, rf"skein\.yaml:\d+: tenant 't': 'url': .*{words}")
            self.assertNotIn(self.maria.SECRET, result.err)
        self.assertEqual(self.maria.tables(self.db), set())

    def test_parameters_without_effect_are_told_once_and_what_is_taken(self):
        self.fleet.revision("aaaa1111", TABLE)
        url = self.maria.url(self.db)
        self.fleet.inventory([{"name": "t", "url": url + "?compress=true&pool_size=5&connect_timeout=7"
                               "&auth_plugin=mysql_native_password"}, {"name": "u", "url": url + "x?compress=true"}])
        result = self.run_ok("upgrade", "--tenant", "t")
        self.assertEqual(result.err.count("'compress' of the 'url' has no effect here"), 1, result.err)
        self.assertRegex(result.err, r"note: \S*skein\.yaml:\d+: 'pool_size' of the 'url'")
        self.assertNotIn("connect_timeout", result.err)
        self.assertNotIn("note:", self.run_ok("-q", "current", "--tenant", "t").err)


class Crowded(OnMariaDB):
    settings = ("--max-connections=4",)

    def test_more_tenants_than_the_server_has_room_for(self):
        tenants = self.maria.create(*[f"crowd{i}" for i in range(12)])
        self.fleet.inventory(tenants, rollout={"parallel": 12, "per_server": 12})
        self.fleet.revision("aaaa1111", TABLE + "\nSELECT SLEEP(0.1);")
        self.assertEqual(self.run_json("upgrade").report["totals"]["succeeded"], 12)


class Silent(FleetCase):
    """A server that says nothing, and one that stops in the middle of its greeting."""

    def test_it_costs_only_its_tenant_and_its_time(self):
        for greeting in (b"", b"\x4a\0\0\0\x0a5.5.5-10.11"):
            with self.subTest(greeting=greeting), socket.create_server(("127.0.0.1", 0)) as server:
                peers = []

                def greet():
                    with contextlib.suppress(OSError):
                        while True:
                            peers.append(server.accept()[0])
                            peers[-1].sendall(greeting)
                threading.Thread(target=greet, daemon=True).start()
                self.fleet.last = ""
                self.fleet.revision("aaaa1111", "CREATE TABLE t (id INTEGER);")
                port = server.getsockname()[1]
                self.fleet.inventory([{"name": "t", "url": f"mysql://u@127.0.0.1:{port}/d"}, self.fleet.sqlite("s")],
                                     defaults={"connect_timeout": "500ms", "retries": 0},
                                     rollout={"on_failure": "continue", "max_failures": 5})
                begun = time.monotonic()
                result = self.run_json("upgrade", code=1)
                self.assertLess(time.monotonic() - begun, 10)
                self.assertIn(result.tenant("t")["error"]["class"], ("timeout", "connect"))
                self.assertIn(result.tenant("s")["state"], ("succeeded", "unchanged"))


class ReadOnly(OnMariaDB):
    settings = ("--read-only",)

    def test_it_is_refused(self):
        self.fleet.revision("aaaa1111", TABLE)
        tenant = self.run_t("upgrade", code=1)
        self.assertEqual(tenant["state"], "failed", tenant)
        self.assertEqual(self.maria.tables(self.db), set())
        self.assertEqual(len(self.run_t("plan")["steps"]), 1)


class Messages(OnMariaDB):
    """A message begins with what is ours and ends with one statement of a revision."""

    def setUp(self):
        super().setUp()
        self.sql("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 0; TRUNCATE mysql.general_log")

    def messages(self, *args):
        """What the command sends, the texts of its messages."""
        self.sql("TRUNCATE mysql.general_log; SET GLOBAL general_log = 1")
        self.run_t(*args)
        self.sql("SET GLOBAL general_log = 0")
        rows = self.maria.sql("", "SELECT REPLACE(CONVERT(argument USING utf8mb4), '\n', ' ') FROM mysql.general_log WHERE "
                                  "command_type = 'Query' AND argument NOT LIKE '%general_log%' ORDER BY event_time, "
                                  "server_id")
        return [row[0] for row in rows]

    def test_one_a_statement(self):
        for i in range(1, 4):
            self.fleet.revision(f"aaaa111{i}", f"CREATE TABLE t{i} (id INT PRIMARY KEY, x INT);\n"
                                f"CREATE INDEX ix ON t{i} (x);\nINSERT INTO t{i} VALUES (1, 1);\n"
                                f"ALTER TABLE t{i} ADD COLUMN y INT;")
        sent = self.messages("upgrade")
        around = 3  # connecting, lock and look, the last record
        self.assertEqual(len(sent), 3 * 4 + around, "\n".join(sent))
        self.assertEqual(self.maria.versions(self.db), ["aaaa1113"])
        self.assertEqual(self.history(), [[f"aaaa111{i}", "up", "applied", "4"] for i in range(1, 4)])
        self.assertEqual(len(self.messages("upgrade")), 3)  # connecting, lock and look, both tables

    def test_nothing_runs_after_a_mark_that_finds_no_row(self):
        self.fleet.revision("aaaa1111", TABLE + "\nDELETE FROM skein_history;\nCREATE TABLE after_it (i INT);")
        tenant = self.run_t("upgrade", code=4)
        self.assertEqual(tenant["error"]["class"], "internal", tenant)
        self.assertIn("did not change one row", tenant["error"]["message"])
        self.assertEqual(self.maria.tables(self.db), {"t"})

    def test_a_chain_longer_than_a_batch(self):
        for i in range(70):
            self.fleet.revision(f"{i:08x}", f"ALTER TABLE t ADD COLUMN c{i} INT;" if i else TABLE)
        self.run_t("upgrade")
        self.assertEqual(self.maria.versions(self.db), [f"{69:08x}"])
        self.assertEqual(self.sql("SELECT COUNT(*) FROM skein_history WHERE state = 'applied'"), [["70"]])

    def test_what_a_statement_sets_holds_for_its_section_alone(self):
        """Also where the next section, or revision, is of the same batch."""
        self.fleet.revision("aaaa1111", "-- migrate:up\nSET time_zone = '+05:00';\n"
                                        "CREATE TABLE zones (z VARCHAR(10)) SELECT @@time_zone AS z;\n"
                                        "-- migrate:up\nINSERT INTO zones SELECT @@time_zone;\n"
                                        "ALTER TABLE zones ADD COLUMN i INT DEFAULT 1;\n"
                                        "-- migrate:down\nDROP TABLE zones;")
        self.fleet.revision("bbbb2222", "INSERT INTO zones (z) SELECT @@time_zone;\nCREATE TABLE e (i INT);")
        self.run_t("upgrade")
        self.assertEqual(self.sql("SELECT z FROM zones"), [["+05:00"], ["+00:00"], ["+00:00"]])

    def test_a_statement_larger_than_the_server_takes(self):
        self.sql("SET GLOBAL max_allowed_packet = 65536")
        self.addCleanup(self.sql, "SET GLOBAL max_allowed_packet = 16777216")
        for size, code in ((65600, 4), (65535, 4), (65534, 0)):
            with self.subTest(size=size):
                statement = "INSERT INTO big VALUES ('" + "x" * (size - len("INSERT INTO big VALUES ('')")) + "')"
                self.fleet.last = ""
                self.fleet.revision("aaaa1111", f"CREATE TABLE big (x LONGTEXT);\n\n{statement};")
                tenant = self.run_t("upgrade", code=code)
                if code:
                    error = tenant["error"]
                    self.assertEqual((error["class"], error["code"], error["line"]), ("sql", "1153", 9), error)
                    self.assertIn(f"{size} bytes", error["message"])
                    self.assertIn("65534", error["message"])
                self.assertEqual(self.sql("SELECT COUNT(*) FROM big"), [["0" if code else "1"]])


class InDoubt(OnMariaDB):
    """skein is killed while a statement waits for a lock; the server runs it to its end, or it is killed too."""

    MAYBE_SAME = "ALTER TABLE t DROP COLUMN x, ADD COLUMN x INT"
    STATEMENTS = (
        ("ALTER TABLE t ADD COLUMN y INT", "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = "
                                           "DATABASE() AND table_name = 't' AND column_name = 'y'"),
        ("CREATE INDEX ix ON t (x)", "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() "
                                     "AND index_name = 'ix'"),
        ("RENAME TABLE t TO u", "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                                "table_name = 'u'"),
        ("ALTER TABLE t ADD INDEX ix (x), RENAME TO u", "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                                                        "table_name = 'u'"),
        ("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.x = 'g'",
         "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()"),
        ("DROP TABLE t", "SELECT COUNT(*) = 0 FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                         "table_name = 't'"),
        # where no single name tells, what the mark recorded of the definition does
        ("ALTER TABLE t ADD INDEX (x)", "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() "
                                        "AND column_name = 'x'"),
        (MAYBE_SAME, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema "
                                                          "= DATABASE() AND column_name = 'x' AND data_type = 'int'"),
        ("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, x)",
         "SELECT COUNT(*) - 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 't'"),
        ("ALTER TABLE t ADD CHECK (id > 0)", "SELECT COUNT(*) FROM information_schema.check_constraints WHERE "
                                             "constraint_schema = DATABASE()"),
        ("RENAME TABLE t TO u, v TO t", "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                                        "table_name = 'u'"),
        ("DROP TABLE v, t", "SELECT COUNT(*) = 0 FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                            "table_name IN ('v', 't')"),
    )

    def die_in(self, statement, is_run):
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", f"CREATE TABLE before_it (i INT);\n{statement};\nCREATE TABLE after_it (i INT);")
        self.sql(TABLE + "CREATE TABLE v (i INT);")
        with self.maria.session(self.db, "BEGIN; SELECT * FROM t"):
            process = self.fleet.start("upgrade")
            self.wait_for(statement, before="")  # and no longer for what travels before it
            process.kill()
            process.communicate()
            if not is_run:
                wait_until(self.kill_who_works, what="the statement's end")
        self.gone()

    def kill_who_works(self):
        """True: no one does any more. The session that blocks sleeps."""
        rows = self.maria.sql("", "SELECT id FROM information_schema.processlist WHERE command <> 'Sleep' AND "
                                  f"db = '{self.db}'")
        for row in rows:
            with contextlib.suppress(AssertionError):  # it has ended meanwhile
                self.maria.sql("", f"KILL {row[0]}")
        return not rows

    def gone(self):
        wait_until(lambda: self.maria.sql("", "SELECT COUNT(*) FROM information_schema.processlist WHERE db = "
                                              f"'{self.db}'") == [["0"]], what="the session goes")

    def test_the_catalog_decides(self):
        for statement, question in self.STATEMENTS:
            for is_run in (True, False):
                if not is_run and statement == self.MAYBE_SAME:
                    continue  # a person's: made again as it was, it would look the same
                with self.subTest(statement=statement, is_run=is_run):
                    self.inventory(defaults={"lock_timeout": "20s"})
                    self.die_in(statement, is_run)
                    self.assertEqual(self.sql(question), [[str(int(is_run))]])
                    self.assertEqual(self.history(), [["aaaa1111", "up", "running", "1"]])
                    self.assertEqual(self.run_t("resume")["state"], "succeeded")
                    self.assertEqual(self.sql(question), [["1"]])
                    self.assertLessEqual({"before_it", "after_it"}, self.maria.tables(self.db))
                    self.assertEqual(self.history(), [["aaaa1111", "up", "applied", "3"]])
                    self.sql(f"DROP DATABASE {self.db}; CREATE DATABASE {self.db}")

    def test_a_person_is_asked_where_it_cannot_tell(self):
        self.fleet.revision("aaaa1111", TABLE + "\nCALL slow();\nCREATE TABLE after_it (i INT);")
        self.sql("CREATE TABLE seen (i INT);\nDELIMITER //\nCREATE PROCEDURE slow() BEGIN INSERT INTO seen VALUES (1); "
                 "DO SLEEP(2); END//\n")
        process = self.fleet.start("upgrade")
        self.wait_for("SLEEP(2)")
        process.kill()
        process.communicate()
        self.gone()
        tenant = self.run_t("resume", code=4)
        self.assertEqual(tenant["state"], "partial", tenant)
        self.run_ok("resolve", "t", "--done")
        self.assertEqual(self.run_t("resume")["state"], "succeeded")
        self.assertEqual(self.sql("SELECT COUNT(*) FROM seen"), [["1"]])

    def test_the_server_dies_in_mid_ddl(self):
        self.inventory(defaults={"lock_timeout": "20s", "retries": 0})
        self.sql(TABLE + "INSERT INTO t SELECT seq, 'x' FROM seq_1_to_200000")
        self.fleet.revision("aaaa1111", "CREATE TABLE before_it (i INT);\nALTER TABLE t ADD COLUMN y INT, ALGORITHM=COPY;\n"
                                        "UPDATE t SET y = 1 WHERE id = 1;")
        process = self.fleet.start("upgrade", "-o", "json")
        self.wait_for("ALGORITHM=COPY")
        self.maria.stop("immediate")
        process.communicate(timeout=240)
        self.maria.start()
        self.assertEqual(self.run_t("resume")["state"], "succeeded")
        self.assertEqual(self.sql("SELECT COUNT(*), SUM(y) FROM t"), [["200000", "1"]])
        self.assertEqual(self.history(), [["aaaa1111", "up", "applied", "3"]])


class Lost(OnMariaDB):
    """The connection is cut before a message, or after it before its answer, at every kind of message."""

    MOMENTS = (b"GET_LOCK", b"information_schema.tables", b"CREATE TABLE IF NOT EXISTS `", b"START TRANSACTION",
               b"CREATE TABLE made", b"UPDATE `", b"ALTER TABLE made", b"INSERT INTO fx", b"INSERT INTO `", b"COMMIT AND")

    def test_every_statement_once(self):
        for moment in self.MOMENTS:
            for action in ("cut-before", "drop-reply"):
                for times in (1, 2) if moment in (b"COMMIT AND", b"ALTER TABLE made") else (1,):
                    with self.subTest(moment=moment, action=action, times=times):
                        self.lose(Proxy(self.maria.port, action, moment, times))

    def lose(self, proxy):
        self.addCleanup(proxy.close)
        self.sql(f"DROP DATABASE {self.db}; CREATE DATABASE {self.db}; USE {self.db}; CREATE TABLE fx (n INT)")
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE made (i INT);\nINSERT INTO fx VALUES (1);\n"
                                        "ALTER TABLE made ADD COLUMN j INT;\nINSERT INTO fx VALUES (2);")
        self.fleet.revision("bbbb2222", "INSERT INTO fx VALUES (3);\nINSERT INTO fx VALUES (4);")
        self.inventory(self.maria.url(self.db).replace(f":{self.maria.port}/", f":{proxy.port}/"),
                       defaults={"retries": 5, "lock_timeout": "5s"})
        first = self.fleet.run("upgrade", "-o", "json", "--progress", "none")
        self.assertIn(first.code, (0, 1, 4), first)
        if first.code:
            self.run_t("resume")
        self.assertEqual(self.sql("SELECT n FROM fx ORDER BY n"), [["1"], ["2"], ["3"], ["4"]])
        self.assertEqual(self.history(), [["aaaa1111", "up", "applied", "4"], ["bbbb2222", "up", "applied", "2"]])
        self.assertEqual(self.maria.versions(self.db), ["bbbb2222"])


class TenantLock(OnMariaDB):
    def test_two_runs_apply_everything_once(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (i INT);\nINSERT INTO fx VALUES (1);\nSELECT SLEEP(0.5);")
        self.fleet.inventory([{"name": "t", "url": self.maria.url(self.db)}])
        rival = os.path.basename(self.fleet.rival("other"))
        first = self.fleet.start("upgrade")
        second = self.fleet.start("upgrade", inventory=rival)
        self.assertEqual((first.wait(30), second.wait(30)), (0, 0), (first.communicate(), second.communicate()))
        first.communicate(), second.communicate()
        self.assertEqual(self.sql("SELECT COUNT(*) FROM fx"), [["1"]])

    def test_who_holds_a_tenant_is_told(self):
        self.inventory(defaults={"retries": 0, "lock_timeout": "300ms"})
        self.fleet.revision("aaaa1111", "SELECT SLEEP(3);")
        rival = os.path.basename(self.fleet.rival("other"))
        first = self.fleet.start("upgrade", inventory=rival)
        self.wait_for("SLEEP(3)")
        tenant = self.run_t("upgrade", code=1)
        self.assertEqual(tenant["error"]["class"], "lock")
        self.assertIn("held by connection", tenant["error"]["message"])
        first.communicate(timeout=240)


if __name__ == "__main__":
    main()
