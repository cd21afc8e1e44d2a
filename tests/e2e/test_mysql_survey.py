#!/usr/bin/env python3
"""A survey reads where many databases of one MariaDB server stand in a few statements. What it says must be what looks say: the
same fleet is asked with tenants enough for a survey, and few at a time."""
import json
import os

from harness import FleetCase, MariaDB, main, wait_until
from mysql_proxy import SlowTls
from survey_case import COUNT, Asked, GoesBack, SaysTheSame

HISTORY = """id BIGINT PRIMARY KEY, run_id VARCHAR(64), revision VARCHAR(32), direction VARCHAR(8), checksum VARCHAR(64),
 statements INT, duration_ms DOUBLE, applied_at DATETIME(6), state VARCHAR(16), definition CHAR(40)"""


class SurveyCase(Asked, FleetCase):
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.maria = MariaDB("--general-log", "--general-log-file=general.log", *cls.settings)
        cls.addClassCleanup(cls.maria.close)
        cls.number = 0

    def setUp(self):
        super().setUp()
        type(self).number += 1
        self.prefix = f"fleet{self.number}"
        self.names = [f"t{i:02}" for i in range(COUNT)]
        self.maria.create(*(self.prefix + name for name in self.names))
        self.write_inventory()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);", down="DROP TABLE a;")
        self.fleet.revision("bbbb2222", "ALTER TABLE a ADD COLUMN b int;", down="ALTER TABLE a DROP COLUMN b;")
        self.run_ok("upgrade")

    def write_inventory(self, user="skein", port=None, **keys):
        def url(name):
            return self.maria.url(self.prefix + name, user).replace(f":{self.maria.port}/", f":{port or self.maria.port}/")
        self.tenants = [{"name": name, "url": url(name)} for name in self.names]
        self.fleet.inventory(self.tenants, rollout={"on_failure": "continue", "parallel": 8}, **keys)

    def sql(self, text):
        """`t07.` stands for a tenant's database."""
        for name in self.names:
            text = text.replace(name + ".", f"`{self.prefix}{name}`.").replace(f" {name};", f" `{self.prefix}{name}`;")
        return self.maria.sql("", text)

    def statements(self, *args):
        """What a command answers, and how many connections and looks it took."""
        before = self.logged()
        result = self.fleet.run(*args)
        return result, *(b - a for a, b in zip(before, self.logged()))

    def logged(self):
        with open(os.path.join(self.maria.data, "general.log"), errors="replace") as file:
            text = file.read()
        return text.count("Connect\tskein@127"), text.count("WHERE table_schema = DATABASE() AND table_name IN")

    def damage(self):
        """Tenants of every kind that a look tells apart."""
        self.sql("UPDATE t01.alembic_version SET version_num = 'aaaa1111'; DELETE FROM t02.alembic_version; "
                 "INSERT INTO t03.alembic_version VALUES ('aaaa1111'), ('zzzz'); DROP TABLE t04.alembic_version; "
                 "DROP TABLE t05.skein_history; DROP DATABASE t06; DROP TABLE t07.alembic_version, t07.skein_history; "
                 "UPDATE t08.skein_history SET state = 'running', statements = 0 WHERE id = 2; "
                 "UPDATE t08.alembic_version SET version_num = 'aaaa1111'; "
                 "UPDATE t09.skein_history SET checksum = repeat('0', 64) WHERE id = 1; "
                 "ALTER TABLE t10.alembic_version CHANGE version_num version varchar(32); ALTER TABLE t11.skein_history DROP state; "
                 "DROP TABLE t12.alembic_version; CREATE VIEW t12.alembic_version AS SELECT 'aaaa1111' AS version_num; "
                 "ALTER TABLE t13.alembic_version DROP PRIMARY KEY, MODIFY version_num varchar(32) NULL; "
                 "INSERT INTO t13.alembic_version VALUES (NULL); "
                 "ALTER TABLE t14.alembic_version MODIFY version_num varchar(400); "
                 "UPDATE t14.alembic_version SET version_num = repeat('é', 300); "
                 "UPDATE t15.alembic_version SET version_num = '<x>&\x1f.-\n'''; "
                 "ALTER TABLE t16.alembic_version CONVERT TO CHARACTER SET latin1; UPDATE t16.alembic_version SET version_num = 'é<'; "
                 "TRUNCATE t17.skein_history; "
                 "RENAME TABLE t18.skein_history TO t18.old; CREATE VIEW t18.skein_history AS SELECT * FROM t18.old; "
                 "UPDATE t19.skein_history SET run_id = 'a,b\t😀'; RENAME TABLE t20.alembic_version TO t20.ALEMBIC_VERSION; "
                 "ALTER TABLE t21.alembic_version ENGINE=MyISAM; ALTER TABLE t22.skein_history ENGINE=Aria; "
                 "ALTER TABLE t23.alembic_version MODIFY version_num varbinary(32); "
                 "UPDATE t23.alembic_version SET version_num = x'62626262323232ff'; "
                 "UPDATE t24.alembic_version SET version_num = 'BBBB2222'; CREATE TABLE t25.Skein_History (n int); "
                 "UPDATE t26.skein_history SET state = 'partial', statements = 1 WHERE id = 2; "
                 "ALTER TABLE t27.alembic_version MODIFY version_num varchar(60) COLLATE utf8mb4_bin; "
                 f"CREATE TABLE t28.more ({HISTORY}); DROP TABLE t28.alembic_version, t28.skein_history; "
                 "DROP TABLE t29.alembic_version; CREATE SEQUENCE t29.alembic_version; "
                 "ALTER TABLE t30.skein_history ADD SYSTEM VERSIONING;")


class Same(GoesBack, SaysTheSame, SurveyCase):
    def test_another_name_of_the_version_table(self):
        self.write_inventory(version_table="My_versions")
        self.sql("CREATE TABLE t05.My_versions (version_num varchar(32)); INSERT INTO t05.My_versions VALUES ('bbbb2222'); "
                 "CREATE TABLE t06.my_versions (version_num varchar(32));")
        told, _ = self.told("current")
        self.assertEqual(told, self.looks("current"))
        self.assertEqual(told["t05"]["from"], ["bbbb2222"])

    def test_odd_names_of_databases(self):
        for i, odd in enumerate(("with`quote", "it's", "a-b", "ünicode", "back\\slash", "per%cent", "a.b", "under_score", "underXscore")):
            name = f"{self.prefix}{odd}"
            self.maria.sql("", f"CREATE DATABASE `{name.replace('`', '``')}`; CREATE TABLE `{name.replace('`', '``')}`.alembic_version "
                               f"(version_num varchar(32)) AS SELECT '{'abcd'[i % 2] * 4}{i % 2 + 1}{i % 2 + 1}{i % 2 + 1}{i % 2 + 1}' AS version_num")
            encoded = "".join(c if c.isalnum() and c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in name)
            self.tenants[i]["url"] = self.maria.url(encoded)
        self.tenants[20]["url"] = self.maria.url(self.prefix.upper() + "t20")  # which is none here
        self.fleet.inventory(self.tenants)
        told, _ = self.told("current")
        self.assertEqual(told, self.looks("current"))
        self.assertEqual([told[f"t0{i}"]["from"] for i in range(9)], [["aaaa1111"], ["bbbb2222"]] * 4 + [["aaaa1111"]])

    def test_a_login_that_may_not_read_all(self):
        self.sql(f"CREATE USER few@'%' IDENTIFIED BY '{self.maria.SECRET}'; " + "".join(
            f"GRANT SELECT ON {name}.* TO few@'%';" for name in self.names if name not in ("t01", "t02", "t03", "t04"))
            + "GRANT INSERT ON t02.alembic_version TO few@'%'; GRANT SELECT ON t03.alembic_version TO few@'%'; "
              "GRANT SELECT ON t04.alembic_version TO few@'%'; GRANT INSERT ON t04.skein_history TO few@'%';")
        self.write_inventory("few")
        self.assertEqual(self.told("current")[0], self.looks("current"))

    def test_two_names_of_one_database(self):
        self.tenants[3]["url"] = (f"mysql://skein:{self.maria.SECRET}@/{self.prefix}t02?unix_socket="
                                  f"{self.maria.socket}")
        self.fleet.inventory(self.tenants)
        told, _ = self.told("upgrade", "--yes")
        self.assertEqual({name: said["error"]["message"] for name, said in told.items() if said["error"]},
                         {"t03": "it is the same database as that of tenant 't02'"})

    def test_sections_are_those_of_the_server(self):
        self.fleet.revision("cccc3333", "-- migrate:up dialect:mysql\nSELECT 1;\nSELECT 2;\n-- migrate:up dialect:mariadb\nSELECT 1;")
        told, _ = self.told("plan")
        self.assertEqual(told, self.looks("plan"))
        self.assertEqual(told["t07"]["steps"][0]["statements"], 1)

    def test_a_plan_weighs_what_it_would_change(self):
        self.fleet.revision("cccc3333", "ALTER TABLE a ADD COLUMN c int;")
        report = self.run_json("plan").report
        self.assertEqual({len(t["table_changes"]) for t in report["tenants"]}, {1})


class Lower(SurveyCase):
    """Names of databases and tables know no case."""
    settings = ("--lower-case-table-names=1",)

    def test_a_survey_says_what_looks_say(self):
        for i in range(0, COUNT, 2):
            self.tenants[i]["url"] = self.maria.url((self.prefix + self.names[i]).upper())
        self.fleet.inventory(self.tenants, version_table="Alembic_Version")
        self.sql("UPDATE t01.alembic_version SET version_num = 'aaaa1111'; DROP TABLE t04.alembic_version;")
        for args in (("current",), ("plan",)):
            self.assertEqual(self.told(*args)[0], self.looks(*args))


class Schemas(SurveyCase):
    """What a survey reads of catalogs is what each tenant's own session reads."""

    def setUp(self):
        super().setUp()
        self.write_inventory(scratch={"mysql": self.maria.url("")})
        self.run_ok("drift", "--tenant", "t00")  # what the chain makes is kept from now on

    def test_a_survey_reads_what_sessions_read(self):
        self.sql("ALTER TABLE t01.a DROP COLUMN b; CREATE INDEX ix ON t02.a (id); CREATE TABLE t03.more (id int); DROP DATABASE t04; "
                 "DROP TABLE t05.alembic_version; CREATE VIEW t06.v AS SELECT id FROM t06.a; CREATE VIEW t07.v AS SELECT id FROM t07.a; "
                 "CREATE VIEW t08.v AS SELECT id FROM t09.a; CREATE FUNCTION t10.f() RETURNS int RETURN 1; CREATE SEQUENCE t11.s; "
                 "CREATE TRIGGER t12.g BEFORE INSERT ON t12.a FOR EACH ROW SET NEW.id = 1; "
                 "CREATE TABLE t13.child (id int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES t13.child (id)); "
                 "CREATE TABLE t14.p (id int PRIMARY KEY); CREATE TABLE t15.far (id int, FOREIGN KEY (id) REFERENCES t14.p (id)); "
                 "CREATE VIEW t16.broken AS SELECT id FROM t16.a; DROP TABLE t16.a; "
                 "CREATE PROCEDURE t17.p() SELECT 1; CREATE EVENT t18.e ON SCHEDULE EVERY 1 DAY DO SELECT 1; "
                 "UPDATE t19.alembic_version SET version_num = 'aaaa1111'; ALTER DATABASE t20.COLLATE latin1_bin;".replace("t20.COLLATE", "t20 COLLATE"
                 ).replace("ALTER DATABASE t20", f"ALTER DATABASE `{self.prefix}t20`"))
        alone = self.schemas_of_sessions()
        self.assertEqual(self.schemas(), alone)
        self.assertEqual(alone["t06"]["fingerprint"], alone["t07"]["fingerprint"])
        self.assertNotEqual(alone["t06"]["fingerprint"], alone["t08"]["fingerprint"])

    def test_catalogs_cost_no_look(self):
        self.sql("CREATE INDEX ix ON t02.a (id);")
        result, _, looks = self.statements("drift", "-o", "json")
        found = {tuple(cluster["tenants"]): cluster["is_expected"] for cluster in json.loads(result.out)["clusters"]}
        self.assertEqual((result.code, [len(names) for names, expected in found.items() if expected]), (1, [COUNT - 1]))
        self.assertIs(found[("t02",)], False)
        self.assertLess(looks, 8)  # the cluster's second look, and the scratch database

    def test_a_stamp_compares_on_few_connections(self):
        self.sql("".join(f"UPDATE {name}.alembic_version SET version_num = 'aaaa1111'; " for name in self.names))
        result, _, looks = self.statements("stamp", "head")
        self.assertEqual((result.code, looks), (0, COUNT), result.err)  # each is looked at under its lock

    def test_a_view_that_the_login_may_not_show_costs_no_other(self):
        self.sql("CREATE VIEW t07.v AS SELECT id FROM t07.a; "
                 f"CREATE USER half@'%' IDENTIFIED BY '{self.maria.SECRET}'; " + "".join(f"GRANT SELECT ON {name}.* TO half@'%'; " for name in self.names))
        self.write_inventory("half", scratch={"mysql": self.maria.url("")})
        before = self.logged()
        report = json.loads(self.fleet.run("current", "--schema", "-o", "json").out)
        self.assertIn("SHOW VIEW command denied", next(t for t in report["tenants"] if t["name"] == "t07")["error"]["message"])
        self.assertEqual([t["schema"]["is_expected"] for t in report["tenants"] if t["name"] != "t07"], [True] * (COUNT - 1))
        self.assertLess(self.logged()[1] - before[1], 8)


class Cost(SurveyCase):
    def test_one_connection_and_no_look(self):
        for args in (("current",), ("plan",), ("upgrade",)):
            with self.subTest(args):
                result, connections, looks = self.statements(*args)
                self.assertEqual((result.code, connections, looks), (0, 1, 0))

    def test_whom_an_upgrade_changes_is_looked_at_under_the_lock(self):
        self.sql("UPDATE t05.alembic_version SET version_num = 'aaaa1111'; ALTER TABLE t05.a DROP COLUMN b; "
                 "DELETE FROM t05.skein_history WHERE id = 2")
        result, _, looks = self.statements("upgrade")
        self.assertEqual((result.code, looks), (0, 1))
        self.assertEqual(self.maria.versions(self.prefix + "t05"), ["bbbb2222"])

    def test_one_that_cannot_be_read_costs_no_other(self):
        """One that lacks a column, and one that is locked: they are looked at, and are told as ever."""
        self.sql("ALTER TABLE t11.skein_history DROP state")
        before = self.logged()
        with self.maria.session(self.prefix + "t07", "LOCK TABLES alembic_version WRITE"):
            process = self.fleet.start("current", "-o", "json")
            wait_until(lambda: self.logged()[1] > before[1], what="one is looked at")
        out, err = process.communicate(timeout=240)
        told = {t["name"]: t["state"] for t in json.loads(out)["tenants"]}
        self.assertEqual([name for name, state in told.items() if state != "unchanged"], ["t11"], err)
        self.assertEqual(self.logged()[1] - before[1], 2)

    def test_where_the_server_may_be_another_one_none_is_surveyed(self):
        relay = SlowTls(self.maria.port, 0)
        self.addCleanup(relay.close)
        self.write_inventory(port=relay.port)
        result, _, looks = self.statements("current")
        self.assertEqual((result.code, looks), (0, COUNT))


if __name__ == "__main__":
    main()
