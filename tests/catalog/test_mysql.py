"""MariaDB's catalog reader: what is equal, what differs and in which records, hostile names, missing privileges."""
import time
import unittest
import urllib.parse

import catalogs
from harness import MariaDB

TABLE = "CREATE TABLE task (id int AUTO_INCREMENT PRIMARY KEY, title varchar(40) NOT NULL, done bool DEFAULT false);"

EQUAL = [
    ("a column dropped in between", "CREATE TABLE t (a int, b text)",
     "CREATE TABLE t (x int, a int); ALTER TABLE t DROP COLUMN x, ADD COLUMN b text"),
    ("names of types", "CREATE TABLE t (a integer, b bool, c dec(4,2), d json)",
     "CREATE TABLE t (a int(11), b tinyint(1), c decimal(4,2), d longtext COLLATE utf8mb4_bin CHECK (json_valid(d)))"),
    ("DEFAULT NULL", "CREATE TABLE t (a int, b text)", "CREATE TABLE t (a int DEFAULT NULL, b text DEFAULT NULL)"),
    ("indexes in another order", "CREATE TABLE t (a int, b int, KEY x (a), KEY y (b))", "CREATE TABLE t (a int, b int, KEY y (b), KEY x (a))"),
    ("an index's method by its name", "CREATE TABLE t (a int, b int, KEY i (a), UNIQUE u (b)); CREATE TABLE m (a int, KEY i (a)) ENGINE=MEMORY",
     "CREATE TABLE t (a int, b int, KEY i (a) USING BTREE, UNIQUE u (b) USING BTREE); CREATE TABLE m (a int, KEY i (a) USING HASH) ENGINE=MEMORY"),
    ("an index afterwards", "CREATE TABLE t (a int, KEY i (a))", "CREATE TABLE t (a int); CREATE INDEX i ON t (a)"),
    ("the next AUTO_INCREMENT", TABLE, TABLE + "INSERT INTO task VALUES (77, 'x', false); DELETE FROM task"),
    ("RESTRICT, NO ACTION and nothing", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a))",
     "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a) "
     "ON DELETE RESTRICT ON UPDATE NO ACTION)"),
    ("a foreign key after a table's new name", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p (a), b int REFERENCES p (a))",
     "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE u (a int REFERENCES p (a), b int REFERENCES p (a)); ALTER TABLE u RENAME t"),
    ("automatic names of constraints", "CREATE TABLE t (a int, b int, CHECK (a > 0), CHECK (b > 0), UNIQUE (a), UNIQUE (a, b))",
     "CREATE TABLE t (a int, b int, CHECK (b > 0), UNIQUE (a, b), UNIQUE (a), CHECK (a > 0))"),
    ("a foreign key's own index", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a))",
     "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, KEY (a), CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a))"),
    ("a character set there and back", "CREATE TABLE t (a varchar(9)) CHARSET utf8mb4 COLLATE utf8mb4_general_ci",
     "CREATE TABLE t (a varchar(9)) CHARSET latin1; ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
    ("a view's spelling", TABLE + "CREATE VIEW v AS SELECT id FROM task WHERE done", TABLE +
     "CREATE VIEW v AS SELECT {schema}.task.id AS id FROM {schema}.task WHERE (done)"),
    ("what names the database", "CREATE SEQUENCE s; CREATE TABLE t (a int DEFAULT nextval({schema}.s)); CREATE FUNCTION f() RETURNS int RETURN 1; "
     "CREATE VIEW v AS SELECT {schema}.f() AS a; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW INSERT INTO `{schema}`.t VALUES (1); "
     "CREATE PROCEDURE p() DELETE FROM {schema}.t",
     "CREATE SEQUENCE s; CREATE TABLE t (a int DEFAULT nextval(s)); CREATE FUNCTION f() RETURNS int RETURN 1; "
     "CREATE VIEW v AS SELECT {schema}.f() AS a; CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW INSERT INTO `{schema}`.t VALUES (1); "
     "CREATE PROCEDURE p() DELETE FROM {schema}.t"),
    ("a sequence that was used", "CREATE SEQUENCE s", "CREATE SEQUENCE s; SELECT nextval(s)"),
    ("the version table", TABLE, TABLE + "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); "
     "CREATE TABLE skein_history (id bigint PRIMARY KEY)"),
    ("the beginning of an event", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01' DO DELETE FROM x",
     "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2032-01-01' DO DELETE FROM x"),
]

CHANGES = [
    ("a table more", "", "CREATE TABLE t (a int)", ["table t is extra"]),
    ("an index's method", "CREATE TABLE m (a int, KEY i (a)) ENGINE=MEMORY;", "ALTER TABLE m DROP KEY i, ADD KEY i (a) USING BTREE", ["index m.i: using is 'BTREE'"]),
    ("a table less", TABLE, "DROP TABLE task", ["table task is missing"]),
    ("an engine", TABLE, "ALTER TABLE task ENGINE=MyISAM", ["table task: engine is 'MyISAM'"]),
    ("a table's comment", TABLE, "ALTER TABLE task COMMENT 'it''s ENGINE=x AUTO_INCREMENT=5'", ["table task: comment is AUTO_INCREMENT=5"]),
    ("a table's own collation alone", "CREATE TABLE t (a varchar(9)) COLLATE utf8mb4_bin;", "ALTER TABLE t COLLATE utf8mb4_general_ci",
     ["table t: collation is 'utf8mb4_general_ci'"]),
    ("all collations", "CREATE TABLE t (a varchar(9), b int) COLLATE utf8mb4_bin;", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
     ["table t: collation is 'utf8mb4_general_ci'", "column t.a: collation is 'utf8mb4_general_ci'"]),
    ("system versioning", TABLE, "ALTER TABLE task ADD SYSTEM VERSIONING", ["table task: system versioning is 'yes'"]),
    ("partitions", "CREATE TABLE t (a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (1), PARTITION p1 VALUES LESS THAN (2));",
     "ALTER TABLE t DROP PARTITION p1; ALTER TABLE t ADD PARTITION (PARTITION p1 VALUES LESS THAN (5), PARTITION p2 VALUES LESS THAN (9))",
     ["partition t.p1: definition is 'VALUES LESS THAN (5) ENGINE = InnoDB'", "partition t.p2 is extra"]),
    ("how it is partitioned", "CREATE TABLE t (a int) PARTITION BY HASH (a) PARTITIONS 4;", "ALTER TABLE t PARTITION BY HASH (a) PARTITIONS 5",
     ["table t: partition by is PARTITIONS 5"]),
    ("subpartitions", "CREATE TABLE t (a int, b int) PARTITION BY RANGE (a) SUBPARTITION BY HASH (b) SUBPARTITIONS 2 "
     "(PARTITION p0 VALUES LESS THAN (1));", "ALTER TABLE t REMOVE PARTITIONING", ["table t: partition by is missing", "partition t.p0 is missing"]),
    ("a column more", TABLE, "ALTER TABLE task ADD priority int", ["column task.priority is extra"]),
    ("a column less", TABLE, "ALTER TABLE task DROP title", ["column task.title is missing"]),
    ("a type", TABLE, "ALTER TABLE task MODIFY title varchar(41) NOT NULL", ["column task.title: type is 'varchar(41)' instead of 'varchar(40)'"]),
    ("unsigned", "CREATE TABLE t (a int(5));", "ALTER TABLE t MODIFY a int(5) unsigned zerofill", ["column t.a: type is 'int(5) unsigned zerofill'"]),
    ("values of an ENUM", "CREATE TABLE t (a enum('a', 'b, c'));", "ALTER TABLE t MODIFY a enum('a', 'b, c', 'd)')", ["column t.a: type is 'd)'"]),
    ("NOT NULL", TABLE, "ALTER TABLE task MODIFY title varchar(40)", ["column task.title: not null is missing"]),
    ("a default", TABLE, "ALTER TABLE task ALTER done SET DEFAULT 1", ["column task.done: default is '1' instead of '0'"]),
    ("a default with words in it", "CREATE TABLE t (a varchar(90) DEFAULT 'x NOT NULL COMMENT ''y''' NOT NULL);",
     "ALTER TABLE t ALTER a SET DEFAULT 'x'", ["column t.a: default is 'x NOT NULL COMMENT"]),
    ("a default that is an expression", "CREATE TABLE t (a int DEFAULT (1 + 1));", "ALTER TABLE t MODIFY a int DEFAULT (1 + 2)", ["column t.a: default is '(1 + 2)'"]),
    ("NULL in quotes", "CREATE TABLE t (a varchar(9));", "ALTER TABLE t ALTER a SET DEFAULT 'NULL'", ["column t.a: default is ''NULL''"]),
    ("ON UPDATE", "CREATE TABLE t (a timestamp NULL DEFAULT now());", "ALTER TABLE t MODIFY a timestamp NULL DEFAULT now() ON UPDATE now()",
     ["column t.a: on update is 'current_timestamp()'"]),
    ("AUTO_INCREMENT", TABLE, "ALTER TABLE task MODIFY id int", ["column task.id: auto increment is missing"]),
    ("generated", "CREATE TABLE t (a int, b int AS (a + 1));", "ALTER TABLE t MODIFY b int AS (a + 2)", ["column t.b: generated is '(`a` + 2)'"]),
    ("stored", "CREATE TABLE t (a int, b int AS (a + 1));", "ALTER TABLE t DROP b; ALTER TABLE t ADD b int AS (a + 1) STORED",
     ["column t.b: stored"]),
    ("invisible", TABLE, "ALTER TABLE task MODIFY done bool INVISIBLE DEFAULT false", ["column task.done: invisible is 'yes'"]),
    ("a column's comment", TABLE, "ALTER TABLE task MODIFY done bool DEFAULT false COMMENT 'it''s, (done'", ["column task.done: comment is it''s, (done"]),
    ("a column's check", "CREATE TABLE t (a int CHECK (a > 0));", "ALTER TABLE t MODIFY a int CHECK (a > 1)", ["column t.a: check is '(`a` > 1)'"]),
    ("a column's character set", "CREATE TABLE t (a char(3));", "ALTER TABLE t MODIFY a char(3) CHARACTER SET ascii", ["column t.a: character set is 'ascii'"]),
    ("a primary key", "CREATE TABLE t (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a));", "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a, b)",
     ["primary key t.PRIMARY: columns is '(`a`,`b`)'"]),
    ("an index", TABLE, "CREATE INDEX ix ON task (title)", ["index task.ix is extra"]),
    ("a unique one", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix ON task; CREATE UNIQUE INDEX ix ON task (title)",
     ["unique constraint task.ix is extra", "index task.ix is missing"]),
    ("a prefix", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix ON task; CREATE INDEX ix ON task (title(5))", ["index task.ix: columns is '(`title`(5))'"]),
    ("a direction", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix ON task; CREATE INDEX ix ON task (title DESC)", ["index task.ix: columns is '(`title` DESC)'"]),
    ("ignored", TABLE + "CREATE INDEX ix ON task (title);", "ALTER TABLE task ALTER INDEX ix IGNORED", ["index task.ix: ignored is 'yes'"]),
    ("an index's comment", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix ON task; CREATE INDEX ix ON task (title) COMMENT 'x'", ["index task.ix: comment is 'x'"]),
    ("full text", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix ON task; CREATE FULLTEXT INDEX ix ON task (title)", ["index task.ix: kind is 'fulltext'"]),
    ("spatial", "CREATE TABLE t (a point NOT NULL);", "CREATE SPATIAL INDEX ix ON t (a)", ["index t.ix is extra"]),
    ("a foreign key", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, KEY i (a));", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a)",
     ["foreign key t.f is extra"]),
    ("a foreign key's action", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a));",
     "ALTER TABLE t DROP FOREIGN KEY f; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a) ON DELETE SET NULL",
     ["foreign key t.f: on delete is 'SET NULL'"]),
    ("a foreign key's index that stays", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a));",
     "ALTER TABLE t DROP FOREIGN KEY f", ["foreign key t.f is missing", "index t.f is extra"]),
    ("a check", "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));", "ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1)",
     ["check t.c: expression is '(`a` > 1)'"]),
    ("a view's text", TABLE + "CREATE VIEW v AS SELECT id FROM task;", "CREATE OR REPLACE VIEW v AS SELECT id FROM task WHERE done", ["view v: definition"]),
    ("a view's security", TABLE + "CREATE VIEW v AS SELECT id FROM task;", "ALTER SQL SECURITY INVOKER VIEW v AS SELECT id FROM task", ["view v: security is 'INVOKER'"]),
    ("a view's algorithm", TABLE + "CREATE VIEW v AS SELECT id FROM task;", "ALTER ALGORITHM=MERGE VIEW v AS SELECT id FROM task", ["view v: algorithm is 'MERGE'"]),
    ("a view's check option", TABLE + "CREATE VIEW v AS SELECT id FROM task WHERE done;", "ALTER VIEW v AS SELECT id FROM task WHERE done WITH LOCAL CHECK OPTION",
     ["view v: definition is LOCAL CHECK OPTION"]),
    ("a view without its table", TABLE + "CREATE VIEW v AS SELECT id FROM task;", "DROP TABLE task", ["table task is missing"]),
    ("views without their column", TABLE + "CREATE VIEW v AS SELECT id, title FROM task; CREATE VIEW w AS SELECT concat(x.title, '`db`.`task`.`title`') AS t, count(*) "
     "FROM task x JOIN task y ON x.id = y.id GROUP BY x.title HAVING max(y.title) > 'a' ORDER BY x.title; CREATE VIEW u AS SELECT title FROM v",
     "; ALTER TABLE task DROP COLUMN title", ["column task.title is missing"]),
    ("a sequence", "CREATE SEQUENCE s;", "ALTER SEQUENCE s INCREMENT 5", ["sequence s: definition is increment by 5"]),
    ("a trigger", TABLE + "CREATE TRIGGER g BEFORE INSERT ON task FOR EACH ROW SET NEW.title = 'a';",
     "DROP TRIGGER g; CREATE TRIGGER g BEFORE UPDATE ON task FOR EACH ROW SET NEW.title = 'b'", ["trigger task.g: definition is timing"]),
    ("a trigger's sql_mode", TABLE + "CREATE TRIGGER g BEFORE INSERT ON task FOR EACH ROW SET NEW.title = 'a';",
     "DROP TRIGGER g; SET sql_mode = 'ANSI_QUOTES'; CREATE TRIGGER g BEFORE INSERT ON task FOR EACH ROW SET NEW.title = 'a'", ["trigger task.g: sql mode is 'ANSI_QUOTES'"]),
    ("a function", "CREATE FUNCTION f(a int) RETURNS int RETURN 1;", "CREATE OR REPLACE FUNCTION f(a int) RETURNS int RETURN 2", ["function f: definition"]),
    ("a function's arguments", "CREATE FUNCTION f(a int) RETURNS int RETURN 1;", "CREATE OR REPLACE FUNCTION f(a bigint) RETURNS int RETURN 1", ["function f: definition"]),
    ("what a function may do", "CREATE FUNCTION f(a int) RETURNS int RETURN 1;", "ALTER FUNCTION f SQL SECURITY INVOKER", ["function f: definition"]),
    ("a procedure", "CREATE PROCEDURE p() DO 1;", "DROP PROCEDURE p", ["procedure p is missing"]),
    ("a package", "SET sql_mode = ORACLE; CREATE PACKAGE k AS FUNCTION f RETURN INT; END;",
     "SET sql_mode = ORACLE; CREATE OR REPLACE PACKAGE k AS FUNCTION f RETURN INT; PROCEDURE p; END", ["package k: definition"]),
    ("an event", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DO 1;", "ALTER EVENT e ON SCHEDULE EVERY 2 DAY DISABLE", ["event e: every is 'EVERY 2 DAY'"]),
]

STRICT = [
    ("the order of columns", "CREATE TABLE t (a int, b int);", "ALTER TABLE t MODIFY a int AFTER b", ["column t.a: position is '2'", "column t.b: position is '1'"]),
    ("the order of triggers", TABLE + "CREATE TRIGGER g BEFORE INSERT ON task FOR EACH ROW SET NEW.title = 'a'; "
     "CREATE TRIGGER h BEFORE INSERT ON task FOR EACH ROW SET NEW.title = 'b';",
     "DROP TRIGGER g; CREATE TRIGGER g BEFORE INSERT ON task FOR EACH ROW FOLLOWS h SET NEW.title = 'a'",
     ["trigger task.g: position is '2'", "trigger task.h: position is '1'"]),
    ("a definer", TABLE + "CREATE DEFINER=a@b VIEW v AS SELECT id FROM task;", "CREATE OR REPLACE DEFINER=c@d VIEW v AS SELECT id FROM task", ["view v: definer is '`c`@`d`'"]),
    ("how a table is kept", TABLE, "ALTER TABLE task ROW_FORMAT=COMPRESSED", ["table task: options is ROW_FORMAT=COMPRESSED"]),
    ("a database's collation", "ALTER DATABASE {schema} COLLATE utf8mb4_bin;", "ALTER DATABASE {schema} COLLATE utf8mb4_general_ci", ["database: collation"]),
]

# Of 64 characters at most.
HOSTILE = ["a`b", "a'b", 'a"b', "a\nb", "a\\b", "a b", "a;--", "/*!50000 x", "*/", "é", "Ünïcode", "x" * 64, "ü" * 64, "select", "a.b", "a(b", "a)b", "a,b",
           "%s", "{database}", ") ENGINE=x", "PRIMARY KEY", "CONSTRAINT"]


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


class MariaDBCase(catalogs.CatalogCase):
    @classmethod
    def new_server(cls):
        return MariaDB("--event-scheduler=OFF")

    def make(self, scripts):
        """A delimiter of its own, since a routine may hold semicolons."""
        names = [self.name() for _ in scripts]
        text = ""
        for name, script in zip(names, scripts):
            text += f"CREATE DATABASE {name} COLLATE utf8mb4_general_ci; USE {name}; SET sql_mode = DEFAULT;\n"
            if "PACKAGE" in script:
                text += "DELIMITER //\n" + "//\n".join(self.split(script)).replace("{schema}", name) + "//\nDELIMITER ;\n"
            else:
                text += script.replace("{schema}", name) + ";\n"
        done = self.server.client("", "--force", input=text.encode())
        self.assertEqual(done.stderr.decode(), "")
        return names

    @staticmethod
    def split(script):
        return [part for part in script.replace("SET sql_mode = ORACLE; ", "SET sql_mode = ORACLE\0").replace("END;", "END;\0").split("\0") if part]

    def place(self, database):
        return self.server.url(database), [None]


class Pairs(MariaDBCase):
    def test_what_is_the_same_is_equal(self):
        self.check_equal(EQUAL)

    def test_a_change_is_seen_in_its_record(self):
        self.check_different([(name, base, base + change, expected) for name, base, change, expected in CHANGES])

    def test_what_is_compared_on_request_alone(self):
        table = [(name, base, base + change, expected) for name, base, change, expected in STRICT]
        self.check_equal([row[:3] for row in table])
        self.check_different(table, rules="strict")


class Rest(MariaDBCase):
    def test_hostile_names_are_read_as_they_are(self):
        script = ""
        for name in map(quoted, HOSTILE):
            script += (f"CREATE TABLE {name} ({name} int DEFAULT 1 COMMENT ') ENGINE=y', b varchar(90) DEFAULT 'it''s\\\\',\n"
                       f"CONSTRAINT {name} CHECK ({name} > 0), KEY {name} (b(3), {name})) COMMENT='a) b''';\n"
                       f"CREATE TRIGGER {name} BEFORE INSERT ON {name} FOR EACH ROW SET NEW.b = 'x';\n"
                       f"CREATE PROCEDURE {name}() DO 1;\nCREATE EVENT {name} ON SCHEDULE EVERY 1 DAY DO DO 1;\n"
                       f"CREATE VIEW {quoted('v' + name[1:-1][:20].replace('``', ''))} AS SELECT b FROM {name};\n")
        one, other = self.make([script, script])
        self.assertEqual(self.differences(one, other, rules="strict"), [])
        objects = self.objects(one)
        for kind in ("table", "trigger", "procedure", "event", "check", "index"):
            self.assertEqual(sorted(o["name"] for o in objects if o["kind"] == kind), sorted(HOSTILE), kind)
        for o in objects:
            if o["kind"] == "table":
                self.assertEqual({name: value for name, (_, value) in o["properties"].items() if name != "options"},
                                 {"engine": "InnoDB", "character set": "utf8mb4", "collation": "utf8mb4_general_ci",
                                  "comment": "a) b''"})
            if o["kind"] == "procedure":
                self.assertEqual(o["properties"]["definition"][1], "()\nDO 1")

    def test_databases_of_any_name_are_equal(self):
        script = ("CREATE FUNCTION f() RETURNS int RETURN 1; CREATE TABLE task (id int PRIMARY KEY, a int DEFAULT 5); "
                  "CREATE VIEW v AS SELECT task.id, {schema}.f() AS b FROM {schema}.task; CREATE TRIGGER g AFTER INSERT ON task "
                  "FOR EACH ROW INSERT INTO {schema}.task VALUES (1); CREATE PROCEDURE p() DELETE FROM {schema}.task;")
        names = [name for name in HOSTILE if name != "a\nb"] + ["task", "id"]
        for name in names:
            text = (f"CREATE DATABASE {quoted(name)} COLLATE utf8mb4_general_ci; USE {quoted(name)}; " +
                    script.replace("{schema}", quoted(name)))
            done = self.server.client("", input=text.encode())
            self.assertEqual(done.stderr.decode(), "")
        places = [(self.server.url(urllib.parse.quote(name, safe="")), [None]) for name in names]
        for name, place in zip(names, places):
            with self.subTest(name):
                self.assertEqual(self.tool.read(places[-1], place)["differences"], [])

    def test_what_may_not_be_seen_is_told(self):
        place = self.make([TABLE + "CREATE PROCEDURE p() DELETE FROM task"])[0]
        self.server.sql("", f"CREATE USER small@'%' IDENTIFIED BY '{self.server.SECRET}'; "
                            f"GRANT SELECT, EXECUTE ON {place}.* TO small@'%'")
        answer = self.tool.read((self.server.url(place), [None]), (self.server.url(place, user="small"), [None]))
        self.assertEqual(answer["differences"],
                         ["procedure p is missing",
                          "not compared procedure p, for whose text the login has no privilege is extra"])

    def test_an_sql_mode_of_the_server_changes_nothing(self):
        place = self.make([TABLE + 'CREATE VIEW v AS SELECT "a" AS b'])[0]
        first = self.tool.read(self.place(place))["catalogs"][0]["fingerprint"]
        self.server.sql("", "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; SET GLOBAL sql_quote_show_create = 0")
        self.addCleanup(self.server.sql, "", "SET GLOBAL sql_mode = DEFAULT; SET GLOBAL sql_quote_show_create = DEFAULT")
        other = catalogs.Tool()
        self.addCleanup(other.close)
        self.assertEqual(other.read(self.place(place))["catalogs"][0]["fingerprint"], first)

    def test_how_long_it_takes(self):
        for count in (20, 100):
            script = "".join(f"CREATE TABLE t{i} (id int AUTO_INCREMENT PRIMARY KEY, a varchar(40), b int DEFAULT 1, c json, "
                             "KEY (a), CHECK (b > 0));" for i in range(count))
            place = self.make([script])[0]
            self.tool.read(self.place(place))
            began = time.monotonic()
            answer = self.tool.read(self.place(place))
            took = (time.monotonic() - began) * 1000
            print(f"\n{count} tables, {answer['catalogs'][0]['count']} objects: {took:.0f} ms")


class WithoutEvents(MariaDBCase):
    @classmethod
    def new_server(cls):
        return MariaDB("--event-scheduler=DISABLED")

    def test_a_server_that_refuses_to_list_events_is_read(self):
        one, other = self.make([TABLE, TABLE + "CREATE INDEX i ON task (done)"])
        self.assertEqual(self.differences(one, other), ["index task.i is extra"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
