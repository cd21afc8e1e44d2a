#!/usr/bin/env python3
"""skein schema -o sql: what it prints, the engine's own client runs in an empty database, and both are equal."""
import contextlib
import json
import os
import random
import subprocess
import sys

from harness import FleetCase, MariaDB, Postgres, main
from random_schema import Schema as OfSqlite

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "catalog"))
from random_mariadb import Schema as OfMariaDB  # noqa: E402
from random_postgres import Schema as OfPostgres  # noqa: E402

ROUNDS = int(os.environ.get("DUMP_ROUNDS", "8"))  # random schemas of each engine

SQLITE = [
    """CREATE TABLE a (id INT PRIMARY KEY, b INT REFERENCES b (id)); CREATE TABLE b (id INT PRIMARY KEY, a REFERENCES a);
    CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT, up REFERENCES s); CREATE TRIGGER t1 AFTER INSERT ON a BEGIN INSERT INTO later VALUES (1); END;
    CREATE VIEW z AS SELECT id FROM a; CREATE VIEW aa AS SELECT id FROM z; CREATE TRIGGER t2 INSTEAD OF INSERT ON aa BEGIN SELECT 1; END;
    CREATE TABLE later (x INT); CREATE VIEW noted AS SELECT x FROM later -- the end
    ; CREATE VIEW early AS SELECT * FROM latest; CREATE TABLE latest (a);""",
    """CREATE TABLE g (a INT, b INT AS (a + 1) STORED, c INT AS (b) VIRTUAL, CHECK (c > 0)) STRICT;
    CREATE TABLE w (a TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID; CREATE UNIQUE INDEX i ON g (a DESC, b + 1) WHERE a > 0;
    CREATE VIRTUAL TABLE f USING fts5(x); CREATE VIRTUAL TABLE r USING rtree(id, a, b); PRAGMA user_version = 7; PRAGMA application_id = 9;
    CREATE TABLE "we""ird; -- x" ("a'b" INT, [c d] TEXT DEFAULT 'x;y' -- end
    );""",
]
MARIADB = [
    """CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES a (id));
    ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id); CREATE TABLE s (id int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES s (id) ON DELETE CASCADE);
    CREATE TABLE aa (id int PRIMARY KEY, z int); CREATE TABLE zz (id int PRIMARY KEY); ALTER TABLE aa ADD CONSTRAINT named FOREIGN KEY (z) REFERENCES zz (id);
    CREATE TABLE t (a int); CREATE VIEW z AS SELECT a FROM t; CREATE VIEW y AS SELECT a FROM z; CREATE VIEW x AS SELECT y.a AS z FROM y;
    CREATE FUNCTION f() RETURNS int RETURN (SELECT count(*) FROM later); CREATE VIEW m AS SELECT f() AS x; CREATE TABLE later (a int);
    DELIMITER //
    CREATE PROCEDURE p() BEGIN SELECT 1; SELECT f(); END//
    CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET new.a = 1//
    CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW PRECEDES b BEGIN SET new.a = 2; SET new.a = 3; END//
    DELIMITER ;
    CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t;""",
    """CREATE SEQUENCE s START 5 INCREMENT 2; CREATE TABLE t (a int DEFAULT nextval(s), b int AS (a + 1) STORED, c int AS (a * 2) VIRTUAL, d int INVISIBLE,
    CHECK (a > 0), e int CHECK (e < 5), KEY i (a DESC)); CREATE TABLE v (a int) WITH SYSTEM VERSIONING; CREATE TABLE per (a int, x date, y date, PERIOD FOR app (x, y));
    CREATE TABLE part (a int PRIMARY KEY) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
    SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'; CREATE FUNCTION q() RETURNS text RETURN 'a' || 'b'; CREATE TABLE "u" ("a`b" int COMMENT 'it''s \\ x'); SET sql_mode = ORACLE;
    DELIMITER //
    CREATE PACKAGE pk AS FUNCTION f RETURN int; END//
    CREATE PACKAGE BODY pk AS FUNCTION f RETURN int AS BEGIN RETURN 1; END; END//
    DELIMITER ;""",
]
POSTGRES = [
    """CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
    ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED; CREATE TABLE self (id int PRIMARY KEY, up int REFERENCES self ON DELETE CASCADE);
    CREATE TABLE zz (id int); CREATE FUNCTION aa() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM zz'; CREATE VIEW v AS SELECT aa();
    CREATE TABLE bb (a bigint DEFAULT aa()); CREATE FUNCTION f1() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION a0() RETURNS int LANGUAGE sql AS 'SELECT f1()';
    CREATE FUNCTION a1() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a0(); END'; SET check_function_bodies = off;
    CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT count(*) > $1 FROM tt'; CREATE TABLE tt (a int CHECK (f(a)));
    CREATE SEQUENCE s1; CREATE TABLE t (a int DEFAULT nextval('s1'), b serial, c int GENERATED ALWAYS AS IDENTITY (START 5), d int GENERATED ALWAYS AS (a * 2) STORED);
    ALTER SEQUENCE s1 OWNED BY t.a; CREATE SEQUENCE s2 AS smallint CYCLE OWNED BY t.c; CREATE TABLE u (x int DEFAULT nextval('s2'));""",
    """CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY RANGE (k); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (5) PARTITION BY LIST (id);
    CREATE TABLE p11 PARTITION OF p1 DEFAULT; CREATE TABLE q (id int, k int, FOREIGN KEY (id, k) REFERENCES p); CREATE INDEX ON p (k);
    CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION g();
    ALTER TABLE p11 DISABLE TRIGGER tr; CREATE TABLE base (a int NOT NULL, b text DEFAULT 'x' CHECK (b <> '')); CREATE TABLE heir (c int) INHERITS (base);
    CREATE TABLE heir2 () INHERITS (heir); CREATE VIEW z1 AS SELECT a FROM heir; CREATE VIEW a1 AS SELECT a FROM z1; CREATE MATERIALIZED VIEW a0 AS SELECT a FROM a1;
    CREATE UNIQUE INDEX ON a0 (a); CREATE TRIGGER tv INSTEAD OF INSERT ON z1 FOR EACH ROW EXECUTE FUNCTION g(); ALTER VIEW z1 ALTER a SET DEFAULT 7;
    CREATE RULE "_R" AS ON UPDATE TO a1 DO INSTEAD UPDATE base SET b = 'y'; CREATE FUNCTION tf() RETURNS SETOF z1 LANGUAGE sql AS 'SELECT * FROM z1';""",
    """CREATE TYPE e AS ENUM ('a', 'b'); CREATE DOMAIN d AS e DEFAULT 'b' CHECK (VALUE <> 'a'); CREATE TYPE c AS (x e, y d[]); CREATE TYPE r AS RANGE (subtype = int4);
    CREATE TABLE t (a e, b d, c c, r r, EXCLUDE USING gist (r WITH &&)); CREATE STATISTICS st ON a, b FROM t; CREATE RULE ru AS ON INSERT TO t DO ALSO NOTIFY x;
    ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY po ON t USING (a = 'a'); CREATE AGGREGATE ag (int) (sfunc = int4pl, stype = int, initcond = '0');
    CREATE VIEW vv AS SELECT ag(1); COMMENT ON TABLE t IS 'it''s'; COMMENT ON COLUMN t.a IS E'a\nb'; CREATE EXTENSION pg_trgm; CREATE TABLE x (a text);
    CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE xx (a text COLLATE ci);
    CREATE INDEX ON x USING gin (a gin_trgm_ops); CREATE PROCEDURE pr(a int, INOUT b int) LANGUAGE plpgsql AS 'BEGIN b := a; END';
    CREATE UNLOGGED TABLE "we""ird; -- x" ("a'b" int, "c\d" text DEFAULT E'\\ \n') WITH (fillfactor = 50);
    CREATE VIEW chk WITH (security_barrier) AS SELECT a FROM x WHERE a > '' WITH LOCAL CHECK OPTION;""",
]


class Dump(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "SELECT 1;")

    def fingerprints(self, *args):
        return [schema["fingerprint"] for schema in json.loads(self.run_ok("schema", *args, "-o", "json").out)["schemas"]]

    def dump(self, tenants, first, run):
        """Of a database that a script has made; the text, after it has made the other one."""
        run(tenants[0]["name"], first)
        self.fleet.inventory(tenants)
        text = self.run_ok("schema", "--tenant", tenants[0]["name"], "-o", "sql").out
        try:
            run(tenants[1]["name"], text)
        except AssertionError as error:
            self.fail(f"{error}\n---- of\n{first}\n---- is\n{text}")
        one, other = self.fingerprints()
        self.assertEqual(one, other, f"---- of\n{first}\n---- is\n{text}")
        return text

    def dump_all(self, server, scripts, random_schema):
        scripts = scripts + [random_schema(random.Random(seed)).sql() for seed in range(ROUNDS)]
        for number, script in enumerate(scripts):
            with self.subTest(number):
                self.dump(server.create(f"a{number}", f"b{number}"), script, server.sql)


class OnSqlite(Dump):
    def create(self, *names):
        return [self.fleet.sqlite(name) for name in names]

    def sql(self, name, script):
        done = subprocess.run(["sqlite3", "-bail", self.fleet.path("data", name + ".db")], input=script.encode(), capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_dumps(self):
        self.dump_all(self, SQLITE, OfSqlite)

    def test_of_a_revision(self):
        """The same from a scratch database, in which a tenant of that revision was not asked."""
        self.fleet.revision("bbbb2222", SQLITE[0])
        self.fleet.inventory(self.create("acme", "globex"))
        self.run_ok("upgrade", "--tenant", "acme")
        self.sql("globex", self.run_ok("schema", "--revision", "head", "-o", "sql").out)
        one, other = self.fingerprints()
        self.assertEqual(one, other)


class OnPostgres(Dump):
    def test_dumps(self):
        pg = Postgres()
        self.addCleanup(pg.close)
        self.dump_all(pg, POSTGRES, OfPostgres)
        self.of_schemas(pg)
        self.what_is_only_counted(pg)

    def of_schemas(self, pg):
        """Names stand without their schema, of many as of one."""
        pg.create("pool")
        names = [f"s{number}" for number in range(17)]
        self.fleet.inventory([{"name": name, "url": pg.url("pool"), "schema": name} for name in names])
        for name in names[:-1]:
            pg.sql("pool", f"CREATE SCHEMA {name}; SET search_path = {name}; " + POSTGRES[0])
        pg.sql("pool", f"CREATE SCHEMA {names[-1]}")
        texts = self.run_ok("schema", "-o", "sql").out.split("\n-- ")
        self.assertEqual(len(texts), len(names))
        pg.sql("pool", f"SET search_path = {names[-1]}; -- " + texts[3])
        self.assertEqual(len(set(self.fingerprints())), 1)

    def what_is_only_counted(self, pg):
        self.fleet.inventory(pg.create("most"))
        pg.sql("most", "CREATE LANGUAGE other HANDLER plpgsql_call_handler; CREATE ACCESS METHOD stored TYPE TABLE HANDLER heap_tableam_handler; "
                       "CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq); CREATE SCHEMA audit; CREATE TABLE t (a int); "
                       "CREATE INDEX i ON t (a); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass")
        text = self.run_ok("schema", "-o", "sql").out
        for what in ("operator", "language", "access method"):
            self.assertIn(f"-- not written: not compared {what}, since skein does not read what it is\n", text)
        self.assertIn("-- not written: schema audit, since skein does not read what it is\n", text)
        self.assertIn("-- not written: index t.i, since an index that is not valid", text)
        self.assertNotIn("CREATE INDEX", text)


class OnMariaDB(Dump):
    def test_dumps(self):
        maria = MariaDB()
        self.addCleanup(maria.close)
        self.dump_all(maria, MARIADB, OfMariaDB)


if __name__ == "__main__":
    main()
