#!/usr/bin/env python3
"""Connections that tenants of one MariaDB server leave to each other: none is known from a new one, and none is left where
that is not sure."""
import unittest

from harness import MariaDBCase, main
from mysql_proxy import SlowTls

# What a session is like, as the first statement of a tenant sees it.
SEEN = """CREATE TABLE me AS SELECT CONNECTION_ID() AS id;
CREATE TABLE seen AS SELECT variable_name AS name, variable_value AS value FROM information_schema.session_variables
 UNION ALL SELECT 'role', CURRENT_ROLE() UNION ALL SELECT 'user', CURRENT_USER() UNION ALL SELECT '@left_over', @left_over
 UNION ALL SELECT 'lock', IS_USED_LOCK('left_over') UNION ALL SELECT 'last insert', LAST_INSERT_ID()
 UNION ALL SELECT 'database', DATABASE() <> SCHEMA();"""
CHANGING = {"timestamp", "rand_seed1", "rand_seed2", "pseudo_thread_id"}  # in each new session
LEAVES = """SET NAMES latin1 COLLATE latin1_bin;
SET SESSION group_concat_max_len = 7, sql_big_selects = 0, tx_isolation = 'SERIALIZABLE', max_sort_length = 8;
SET @left_over = 1, insert_id = 44, timestamp = 5, last_insert_id = 6;
CREATE TEMPORARY TABLE left_over (n INT);
CREATE TABLE leaves (id INT AUTO_INCREMENT PRIMARY KEY, n INT);
INSERT INTO leaves (n) VALUES (1);
PREPARE left_over FROM 'SELECT 1';
DO GET_LOCK('left_over', 0);
SET SESSION sql_log_bin = 0, foreign_key_checks = 0, sql_mode = 'ANSI_QUOTES', time_zone = '+05:00';"""


class Reuse(MariaDBCase):
    settings = ("--character-set-server=latin1",)

    def setUp(self):
        super().setUp()
        self.names = [f"{self._testMethodName[5:25]}_{i}" for i in range(6)]

    def tenants(self, user="skein"):
        self.maria.create(*self.names)
        return [{"name": f"t{i}", "url": self.maria.url(name, user)} for i, name in enumerate(self.names)]

    def one_by_one(self, tenants, **keys):
        self.fleet.inventory(tenants, rollout={"parallel": 1, "on_failure": "continue"}, **keys)

    def connections(self, run):
        """How many the server was given for `run`."""
        def count():
            return int(self.maria.sql("", "SHOW GLOBAL STATUS LIKE 'Connections'")[0][1])
        before = count()
        result = run()
        return count() - before - 1, result

    def ids(self):
        return [self.maria.sql(name, "SELECT id FROM me")[0][0] for name in self.names]

    def seen(self, name):
        return {key: value for key, value in self.maria.sql(name, "SELECT LOWER(name), COALESCE(value, 'NULL') FROM seen")
                if key not in CHANGING}

    def test_one_after_the_other(self):
        self.one_by_one(self.tenants())
        self.fleet.revision("r1", SEEN, down="DROP TABLE me, seen;")
        for most, *command in ((1, "upgrade"), (1, "current"), (1, "plan"), (2, "downgrade", "base"),  # which looks first
                               (2, "upgrade", "--parallel", "2")):
            count, _ = self.connections(lambda: self.run_ok(*command))
            self.assertLessEqual(count, most, command)
        self.assertLessEqual(len(set(self.ids())), 2)

    def test_nothing_is_left_over(self):
        """All that a session is made of is as in a new one, whatever the tenant before has set."""
        tenants = self.tenants()
        tenants[2]["settings"] = {"net_write_timeout": "77"}
        self.one_by_one(tenants)
        self.fleet.revision("r1", SEEN)
        self.fleet.revision("r2", LEAVES)
        count, _ = self.connections(lambda: self.run_ok("upgrade"))
        self.assertEqual((count, len(set(self.ids()))), (1, 1))
        first = self.seen(self.names[0])
        self.assertEqual(first["group_concat_max_len"], "1048576")
        for name in self.names[1:]:
            self.assertEqual({k: v for k, v in self.seen(name).items() if v != first.get(k) and k != "net_write_timeout"}, {})
        self.assertEqual([self.seen(n)["net_write_timeout"] for n in self.names], ["60", "60", "77", "60", "60", "60"])

    def test_each_has_its_own_database_collation(self):
        self.maria.sql("", f"CREATE DATABASE {self.names[1]}_b CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        tenants = self.tenants()
        tenants[1]["url"] = self.maria.url(self.names[1] + "_b")
        self.one_by_one(tenants)
        self.fleet.revision("r1", "CREATE TABLE t (name VARCHAR(9));")
        count, _ = self.connections(lambda: self.run_ok("upgrade"))
        self.assertEqual(count, 1)
        found = self.maria.sql("", "SELECT table_collation FROM information_schema.tables WHERE table_name = 't' AND "
                                   f"table_schema LIKE '{self.names[0][:-2]}%' ORDER BY table_schema")
        self.assertEqual(sorted({row[0] for row in found}), ["latin1_swedish_ci", "utf8mb4_bin"])

    def test_a_role_is_not_taken_over(self):
        """A reset leaves the role that a revision took: the next tenant connects anew."""
        self.maria.sql("", "CREATE ROLE left_over; GRANT left_over TO skein@'%'")
        self.one_by_one(self.tenants())
        self.fleet.revision("r1", SEEN)
        self.fleet.revision("r2", "SET ROLE left_over;")
        report = self.run_json("upgrade").report
        self.assertEqual({(t["state"], t["attempts"]) for t in report["tenants"]}, {("succeeded", 1)})
        self.assertEqual({self.seen(name)["role"] for name in self.names}, {"NULL"})

    def test_errors_are_those_of_a_new_connection(self):
        """A missing database, and one that the login may not use, after tenants that went well. They cost no one else."""
        self.maria.sql("", f"CREATE USER few@'%' IDENTIFIED BY '{self.maria.SECRET}'; GRANT ALL ON `no_such`.* TO few@'%';"
                       + "".join(f"GRANT ALL ON {name}.* TO few@'%';" for name in self.names if not name.endswith("_3")))
        tenants = self.tenants("few")
        missing = dict(tenants[1], url=self.maria.url("no_such", "few"))
        self.fleet.revision("r1", "SELECT 1;")
        for order in ([1, 3], [0, 1, 3, 2, 4]):
            chosen = [missing if i == 1 else tenants[i] for i in order]
            self.one_by_one(chosen)
            report = self.run_json("upgrade", "--ledger", self.fleet.path(f"{len(order)}.db"), code=1).report
            errors = {t["name"]: t["error"] for t in report["tenants"] if t["error"]}
            self.assertEqual(set(errors), {"t1", "t3"}, errors)
            self.assertEqual({t["attempts"] for t in report["tenants"]}, {1})
            if len(order) == 2:
                first = errors
        self.assertEqual(first, errors)
        self.assertEqual((errors["t1"]["code"], errors["t3"]["code"]), ("1049", "1044"))

    def test_databases_are_made(self):
        tenants = self.tenants()
        for i in (1, 3, 4):
            self.maria.sql("", f"DROP DATABASE {self.names[i]}")
        self.one_by_one(tenants, defaults={"create": True})
        self.fleet.revision("r1", SEEN)
        self.run_ok("current")
        self.run_ok("upgrade")
        self.assertEqual({self.maria.versions(name)[0] for name in self.names}, {"r1"})

    def test_those_that_died_do_not_count(self):
        """Between two waves a person ends all sessions, those that wait as well."""
        kill = self.fleet.write("kill.sh", "#!/bin/sh\n" f"mariadb --no-defaults -S {self.maria.socket} -uskein "
                                f"-p{self.maria.SECRET} -N -e \"SELECT CONCAT('KILL ', id, ';') FROM "
                                "information_schema.processlist WHERE db LIKE 'those_that_died%'\" | "
                                f"mariadb --no-defaults -S {self.maria.socket} -uskein -p{self.maria.SECRET}\n")
        tenants = [dict(t, labels=[f"wave={i // 3}"]) for i, t in enumerate(self.tenants())]
        self.fleet.inventory(tenants, rollout={"parallel": 3, "waves": [{"name": "a", "select": "wave=0"}, {"name": "b"}],
                                               "gates": {"after_wave": ["sh", kill]}})
        self.fleet.revision("r1", SEEN)
        report = self.run_json("upgrade").report
        self.assertEqual({(t["state"], t["attempts"]) for t in report["tenants"]}, {("succeeded", 1)})
        self.assertFalse(set(self.ids()[:3]) & set(self.ids()[3:]))

    def test_after_an_error_it_is_closed(self):
        self.one_by_one(self.tenants())
        self.maria.sql(self.names[2], "CREATE TABLE me (id INT)")
        self.fleet.revision("r1", SEEN)
        count, result = self.connections(lambda: self.run_json("upgrade", code=1))
        self.assertEqual([t["state"] for t in result.report["tenants"]].count("succeeded"), 5)
        self.assertEqual(count, 2)

    def test_two_logins_of_one_server_keep_to_its_limit(self):
        """One that waits gives way where another login's tenant needs a place."""
        self.maria.sql("", f"CREATE USER other@'%' IDENTIFIED BY '{self.maria.SECRET}'; GRANT ALL ON *.* TO other@'%'")
        tenants = self.tenants()
        for i in (1, 3, 5):
            tenants[i]["url"] = self.maria.url(self.names[i], "other")
        self.fleet.inventory(tenants, rollout={"parallel": 4, "per_server": 1})
        self.fleet.revision("r1", SEEN)
        self.maria.sql("", "ALTER USER skein@'%' WITH MAX_USER_CONNECTIONS 1; ALTER USER other@'%' WITH MAX_USER_CONNECTIONS 1")
        try:
            report = self.run_json("upgrade").report
        finally:
            self.maria.sql("", "ALTER USER skein@'%' WITH MAX_USER_CONNECTIONS 0")
        self.assertEqual({t["state"] for t in report["tenants"]}, {"succeeded"})


class NoReuse(MariaDBCase):
    """Where a new connection has, or may have, something that a reset does not bring back."""

    def counts(self, urls, count):
        self.fleet.inventory([{"name": f"t{i}", "url": url} for i, url in enumerate(urls)], rollout={"parallel": 1})
        self.fleet.revision("r1", "SELECT 1;")
        before = int(self.maria.sql("", "SHOW GLOBAL STATUS LIKE 'Connections'")[0][1])
        self.run_ok("upgrade")
        after = int(self.maria.sql("", "SHOW GLOBAL STATUS LIKE 'Connections'")[0][1])
        self.assertEqual(after - before - 1, count)

    def create(self, user="skein"):
        names = [f"{self._testMethodName[5:25]}_{i}" for i in range(3)]
        self.maria.create(*names)
        return [self.maria.url(name, user) for name in names]

    def test_something_is_in_between(self):
        """It may have chosen the server by the name of the database."""
        relay = SlowTls(self.maria.port, 0)
        self.addCleanup(relay.close)
        self.counts([url.replace(f":{self.maria.port}/", f":{relay.port}/") for url in self.create()], 3)

    def test_the_server_has_words_for_each_new_session(self):
        self.maria.sql("", "SET GLOBAL init_connect = 'SET @known = 1'")
        self.addCleanup(self.maria.sql, "", "SET GLOBAL init_connect = ''")
        self.counts(self.create(), 3)

    def test_the_account_has_a_limit_of_its_own(self):
        self.maria.sql("", f"CREATE USER slow@'%' IDENTIFIED BY '{self.maria.SECRET}' WITH MAX_STATEMENT_TIME 100; "
                           "GRANT ALL ON *.* TO slow@'%'")
        self.counts(self.create("slow"), 3)

    def test_through_a_socket_it_is_left(self):
        urls = [url.split("@")[0] + f"@/{url.rsplit('/', 1)[1]}?unix_socket={self.maria.socket}" for url in self.create()]
        self.counts(urls, 1)

    def test_other_parameters_are_another_connection(self):
        urls = self.create()
        urls[2] += "?ssl_mode=PREFERRED"
        self.counts(urls, 2)


if __name__ == "__main__":
    main()
