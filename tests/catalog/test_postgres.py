"""PostgreSQL's catalog reader: what is equal, what differs and in which records, hostile names, many schemas at once."""
import subprocess
import time
import unittest

import catalogs
from harness import Postgres

TABLE = "CREATE TABLE task (id int PRIMARY KEY, title text NOT NULL, done bool DEFAULT false);"

# What makes the same schema in two ways.
EQUAL = [
    ("names with parentheses",
     "CREATE TABLE \"t(x\" (a int); CREATE FUNCTION \"f(y\"(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$; "
     "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS $$ SELECT sum({schema}.\"f(y\"(a)) FROM {schema}.\"t(x\" $$",
     "CREATE TABLE \"t(x\" (a int); CREATE FUNCTION \"f(y\"(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$; "
     "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS $$ SELECT sum({schema}.\"f(y\"(a)) FROM {schema}.\"t(x\" $$"),
    ("columns in another order", "CREATE TABLE t (a int, b text)", "CREATE TABLE t (b text, a int)"),
    ("a column dropped in between",
     "CREATE TABLE t (a int, b text)",
     "CREATE TABLE t (x int, a int); ALTER TABLE t DROP COLUMN x; ALTER TABLE t ADD COLUMN b text"),
    ("names of types", "CREATE TABLE t (a int4, b varchar(3), c timestamptz, d decimal(4,2))",
     "CREATE TABLE t (a integer, b character varying(3), c timestamp with time zone, d numeric(4,2))"),
    ("a primary key beside", "CREATE TABLE t (a int PRIMARY KEY)", "CREATE TABLE t (a int, PRIMARY KEY (a))"),
    ("a primary key afterwards", "CREATE TABLE t (a int PRIMARY KEY)",
     "CREATE TABLE t (a int NOT NULL); ALTER TABLE t ADD PRIMARY KEY (a)"),
    ("DEFAULT NULL", "CREATE TABLE t (a int)", "CREATE TABLE t (a int DEFAULT NULL)"),
    ("a cast of a literal", "CREATE TABLE t (a text DEFAULT 'x')", "CREATE TABLE t (a text DEFAULT 'x'::text)"),
    ("an index by hand with the automatic name", "CREATE TABLE t (a int); CREATE INDEX ON t (a)",
     "CREATE TABLE t (a int); CREATE INDEX t_a_idx ON t USING btree (a)"),
    ("a unique constraint inline", "CREATE TABLE t (a int UNIQUE, b int)",
     "CREATE TABLE t (a int, b int); ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE (a)"),
    ("a unique constraint of an index", "CREATE TABLE t (a int UNIQUE)",
     "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE USING INDEX i"),
    ("automatic names after a table's new name",
     "CREATE TABLE t (id serial PRIMARY KEY, a int UNIQUE CHECK (a > 0), up int REFERENCES t); CREATE INDEX ON t (up)",
     "CREATE TABLE old (id serial PRIMARY KEY, a int UNIQUE CHECK (a > 0), up int REFERENCES old); "
     "CREATE INDEX ON old (up); ALTER TABLE old RENAME TO t"),
    ("automatic names after a column's new name", "CREATE TABLE t (id serial PRIMARY KEY, a int UNIQUE CHECK (a > 0))",
     "CREATE TABLE t (id serial PRIMARY KEY, b int UNIQUE CHECK (b > 0)); ALTER TABLE t RENAME b TO a"),
    ("IN and ANY", "CREATE TABLE t (a int CHECK (a IN (1, 2)))", "CREATE TABLE t (a int CHECK (a = ANY (ARRAY[1, 2])))"),
    ("a check as a dump restores it", "CREATE TABLE t (code varchar(10) CHECK (code IN ('a', 'b')))",
     "CREATE TABLE t (code varchar(10) CONSTRAINT t_code_check CHECK (((code)::text = ANY "
     "(ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))))"),
    ("nested ANDs as a dump restores them", "CREATE TABLE t (a int, b int, CHECK (a > 0 AND b BETWEEN 1 AND 3))",
     "CREATE TABLE t (a int, b int, CONSTRAINT t_check CHECK (a > 0 AND b >= 1 AND b <= 3))"),
    ("a qualified reference to the own schema",
     "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (m mood DEFAULT 'a'); CREATE VIEW v AS SELECT m FROM t",
     "CREATE TYPE {schema}.mood AS ENUM ('a', 'b'); CREATE TABLE {schema}.t (m {schema}.mood DEFAULT 'a'::{schema}.mood); "
     "CREATE VIEW {schema}.v AS SELECT {schema}.t.m FROM {schema}.t"),
    ("a routine that names the schema",
     "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$ "
     "BEGIN INSERT INTO {schema}.t VALUES (1); EXECUTE 'DELETE FROM {schema}.t'; END $$",
     "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$ "
     "BEGIN INSERT INTO {schema}.t VALUES (1); EXECUTE 'DELETE FROM {schema}.t'; END $$"),
    ("a function that pg_catalog has too", "CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql AS $$SELECT $1$$; "
     "CREATE TABLE t (a text CHECK ({schema}.lower(a) = a))",
     "CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql AS $$SELECT $1$$; CREATE TABLE t (a text, "
     "CHECK ({schema}.lower(a) = a))"),
    ("a partition attached", "CREATE TABLE t (a int, b int DEFAULT 1) PARTITION BY RANGE (a); CREATE INDEX ON t (b); "
     "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)",
     "CREATE TABLE t (a int, b int DEFAULT 1) PARTITION BY RANGE (a); CREATE TABLE t1 (b int DEFAULT 1, a int); "
     "CREATE INDEX ON t1 (b); CREATE INDEX ON t (b); ALTER TABLE t ATTACH PARTITION t1 FOR VALUES FROM (0) TO (10)"),
    ("a view with *", "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT * FROM t",
     "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT t.a, t.b FROM t"),
    ("privileges given and taken", TABLE, TABLE + "GRANT SELECT ON task TO PUBLIC; REVOKE SELECT ON task FROM PUBLIC"),
    ("an enum's value added", "CREATE TYPE e AS ENUM ('a', 'b', 'c')",
     "CREATE TYPE e AS ENUM ('a', 'c'); ALTER TYPE e ADD VALUE 'b' BEFORE 'c'"),
    ("a materialized view without rows", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a",
     "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a WITH NO DATA"),
    ("a sequence that was used", "CREATE SEQUENCE s", "CREATE SEQUENCE s; SELECT nextval('s')"),
    ("the version table", TABLE, TABLE + "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); "
     "CREATE TABLE skein_history (id bigint PRIMARY KEY, a int UNIQUE)"),
    ("a partition's timestamps", "CREATE TABLE t (a timestamptz) PARTITION BY RANGE (a); SET TimeZone = 'UTC'; "
     "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2026-01-01 00:00') TO ('2027-01-01 00:00')",
     "CREATE TABLE t (a timestamptz) PARTITION BY RANGE (a); SET TimeZone = 'Asia/Tokyo'; "
     "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2026-01-01 09:00') TO ('2027-01-01 09:00')"),
]

# A base, what is done to it, and what differs: kinds of objects in the order of autogenerate.md's list.
CHANGES = [
    ("a table more", "", "CREATE TABLE t (a int)", ["table t is extra"]),
    ("a table less", TABLE, "DROP TABLE task", ["table task is missing"]),
    ("unlogged", TABLE, "ALTER TABLE task SET UNLOGGED", ["table task: persistence is 'unlogged'"]),
    ("row security", TABLE, "ALTER TABLE task ENABLE ROW LEVEL SECURITY", ["table task: row security is 'enabled'"]),
    ("forced row security", TABLE + "ALTER TABLE task ENABLE ROW LEVEL SECURITY;", "ALTER TABLE task FORCE ROW LEVEL SECURITY",
     ["table task: row security is 'forced'"]),
    ("replica identity", TABLE, "ALTER TABLE task REPLICA IDENTITY FULL", ["table task: replica identity is 'full'"]),
    ("the partition's key", "CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);",
     "DROP TABLE t; CREATE TABLE t (a int, b int) PARTITION BY RANGE (b)", ["table t: partition by is 'RANGE (b)'"]),
    ("a partition's bound", "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
     "DROP TABLE t1; CREATE TABLE t1 PARTITION OF t FOR VALUES IN (2)", ["table t1: bound is 'FOR VALUES IN (2)'"]),
    ("a partition detached", "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);",
     "ALTER TABLE t DETACH PARTITION t1", ["table t1: ", "column t1.a is extra"]),
    ("a partition's own default", "CREATE TABLE t (a int, b int) PARTITION BY LIST (a); "
     "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);", "ALTER TABLE t1 ALTER b SET DEFAULT 5", ["column t1.b is extra"]),
    ("parents", "CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p);", "ALTER TABLE c NO INHERIT p",
     ["table c: inherits is missing", "column c.a is extra"]),
    ("a column more", TABLE, "ALTER TABLE task ADD priority int", ["column task.priority is extra"]),
    ("a column less", TABLE, "ALTER TABLE task DROP title", ["column task.title is missing"]),
    ("a column's type", TABLE, "ALTER TABLE task ALTER title TYPE varchar(20)",
     ["column task.title: type is 'character varying(20)' instead of 'text'"]),
    ("a column's length", "CREATE TABLE t (a varchar(20));", "ALTER TABLE t ALTER a TYPE varchar(30)", ["column t.a: type is"]),
    ("NOT NULL", TABLE, "ALTER TABLE task ALTER title DROP NOT NULL", ["column task.title: not null is missing"]),
    ("a default", TABLE, "ALTER TABLE task ALTER done SET DEFAULT true",
     ["column task.done: default is 'true' instead of 'false'"]),
    ("a default that only a cast tells apart", "CREATE TABLE t (a text DEFAULT 'x::text');", "ALTER TABLE t ALTER a SET DEFAULT 'x'",
     ["column t.a: default is ''x'' instead of ''x::text''"]),
    ("now() is not CURRENT_TIMESTAMP", "CREATE TABLE t (a timestamptz DEFAULT now());",
     "ALTER TABLE t ALTER a SET DEFAULT CURRENT_TIMESTAMP", ["column t.a: default is"]),
    ("identity", "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);", "ALTER TABLE t ALTER a SET GENERATED BY DEFAULT",
     ["column t.a: identity is 'by default start 1"]),
    ("identity's step", "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);", "ALTER TABLE t ALTER a SET INCREMENT 5",
     ["column t.a: identity is 'always start 1 increment 5"]),
    ("serial and identity", "CREATE TABLE t (a serial);", "DROP TABLE t; CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY)",
     ["sequence t_a_seq is missing", "column t.a: "]),
    ("serial and its look", "CREATE TABLE t (a serial);", "ALTER SEQUENCE t_a_seq OWNED BY NONE",
     ["sequence t_a_seq: owned by is missing", "column t.a: default is"]),
    ("generated", "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED);",
     "ALTER TABLE t DROP b; ALTER TABLE t ADD b int GENERATED ALWAYS AS (a + 2) STORED", ["column t.b: generated stored is 'a + 2'"]),
    ("generated no more", "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED);",
     "ALTER TABLE t ALTER b DROP EXPRESSION", ["column t.b: generated stored is missing"]),
    ("a collation", "CREATE TABLE t (a text);", 'ALTER TABLE t ALTER a TYPE text COLLATE "C"', ["column t.a: collation is '\"C\"'"]),
    ("a collation of its own", "CREATE COLLATION k (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE COLLATION l (lc_collate = 'C', lc_ctype = 'POSIX'); "
     "CREATE TABLE s (a text COLLATE k); CREATE TYPE y AS (a text COLLATE l);",
     "CREATE COLLATION m FROM k; COMMENT ON COLLATION m IS 'not Å'; CREATE TABLE t (a text COLLATE m); CREATE DOMAIN d AS text COLLATE m; CREATE INDEX i ON s (a COLLATE m)",
     ["domain d is extra", "collation m is extra", "table t is extra", "index s.i is extra"]),
    ("a collation that is another", "CREATE COLLATION k (provider = icu, locale = 'de');", "DROP COLLATION k; CREATE COLLATION k (provider = icu, locale = 'sv')", ["collation k: locale is 'sv'"]),
    ("a primary key less", TABLE, "ALTER TABLE task DROP CONSTRAINT task_pkey", ["primary key task.task_pkey is missing"]),
    ("a unique constraint", TABLE, "ALTER TABLE task ADD CONSTRAINT once UNIQUE (title)", ["unique constraint task.once is extra"]),
    ("deferrable", "CREATE TABLE t (a int CONSTRAINT u UNIQUE);",
     "ALTER TABLE t DROP CONSTRAINT u; ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) DEFERRABLE",
     ["unique constraint t.u: definition is 'UNIQUE (a) DEFERRABLE'"]),
    ("INCLUDE in a constraint", "CREATE TABLE t (a int, b int, CONSTRAINT u UNIQUE (a));",
     "ALTER TABLE t DROP CONSTRAINT u; ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) INCLUDE (b)", ["unique constraint t.u: definition"]),
    ("NULLS NOT DISTINCT in a constraint", "CREATE TABLE t (a int CONSTRAINT u UNIQUE);",
     "ALTER TABLE t DROP CONSTRAINT u; ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a)",
     ["unique constraint t.u: definition"]),
    ("a unique index is no constraint", "CREATE TABLE t (a int UNIQUE);",
     "ALTER TABLE t DROP CONSTRAINT t_a_key; CREATE UNIQUE INDEX t_a_key ON t (a)",
     ["unique constraint t.t_a_key is missing", "index t.t_a_key is extra"]),
    ("a foreign key less", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p);",
     "ALTER TABLE t DROP CONSTRAINT t_a_fkey", ["foreign key t.t_a_fkey is missing"]),
    ("a foreign key's action", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p);",
     "ALTER TABLE t DROP CONSTRAINT f; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE",
     ["foreign key t.f: definition"]),
    ("a foreign key not validated", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p);",
     "ALTER TABLE t DROP CONSTRAINT f; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p NOT VALID",
     ["foreign key t.f: definition is 'FOREIGN KEY (a) REFERENCES p(a) NOT VALID'"]),
    ("a foreign key that is not enforced", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p);",
     "ALTER TABLE t DISABLE TRIGGER ALL", ["foreign key t.f: enforcement is 'triggers changed'"]),
    ("a check's text", "CREATE TABLE t (a int CONSTRAINT c CHECK (a > 0));",
     "ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1)", ["check t.c: definition is 'CHECK (a > 1)'"]),
    ("a check NO INHERIT", "CREATE TABLE t (a int CONSTRAINT c CHECK (a > 0));",
     "ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NO INHERIT", ["check t.c: definition"]),
    ("an exclusion constraint", "CREATE TABLE t (a int4range);", "ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (a WITH &&)",
     ["exclusion constraint t.x is extra"]),
    ("an index more", TABLE, "CREATE INDEX ix ON task (title)", ["index task.ix is extra"]),
    ("an index's expression", TABLE + "CREATE INDEX ix ON task (lower(title));", "DROP INDEX ix; CREATE INDEX ix ON task (upper(title))",
     ["index task.ix: definition is 'btree (upper(title))'"]),
    ("an index's condition", TABLE + "CREATE INDEX ix ON task (title) WHERE done;",
     "DROP INDEX ix; CREATE INDEX ix ON task (title) WHERE NOT done", ["index task.ix: definition"]),
    ("an index's direction", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix; CREATE INDEX ix ON task (title DESC)",
     ["index task.ix: definition is 'btree (title DESC)'"]),
    ("an index's operator class", TABLE + "CREATE INDEX ix ON task (title);",
     "DROP INDEX ix; CREATE INDEX ix ON task (title text_pattern_ops)", ["index task.ix: definition"]),
    ("an index's INCLUDE", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix; CREATE INDEX ix ON task (title) INCLUDE (done)",
     ["index task.ix: definition"]),
    ("NULLS NOT DISTINCT", TABLE + "CREATE UNIQUE INDEX ix ON task (title);",
     "DROP INDEX ix; CREATE UNIQUE INDEX ix ON task (title) NULLS NOT DISTINCT", ["index task.ix: definition"]),
    ("unique", TABLE + "CREATE INDEX ix ON task (title);", "DROP INDEX ix; CREATE UNIQUE INDEX ix ON task (title)",
     ["index task.ix: unique is 'yes'"]),
    ("an index's name that looks like its text", TABLE + 'CREATE INDEX "a USING b" ON task (title);',
     'DROP INDEX "a USING b"; CREATE INDEX "a USING b" ON task (done)', ["index task.a USING b: definition is 'btree (done)'"]),
    ("a sequence", "CREATE SEQUENCE s;", "ALTER SEQUENCE s INCREMENT 2 CYCLE", ["sequence s: "]),
    ("a sequence's owner", "CREATE SEQUENCE s; CREATE TABLE t (a int);", "ALTER SEQUENCE s OWNED BY t.a", ["sequence s: owned by is 't.a'"]),
    ("an enum's values", "CREATE TYPE e AS ENUM ('a', 'b');", "ALTER TYPE e ADD VALUE 'c'", ["enum e: values is ''a', 'b', 'c''"]),
    ("an enum's order", "CREATE TYPE e AS ENUM ('a', 'b');", "DROP TYPE e; CREATE TYPE e AS ENUM ('b', 'a')", ["enum e: values"]),
    ("a domain", "CREATE DOMAIN d AS int CONSTRAINT pos CHECK (VALUE > 0);",
     "ALTER DOMAIN d DROP CONSTRAINT pos; ALTER DOMAIN d ADD CONSTRAINT pos CHECK (VALUE > 1); ALTER DOMAIN d SET DEFAULT 7; "
     "ALTER DOMAIN d SET NOT NULL", ["domain d: ", "check d.pos: definition"]),
    ("a composite type", "CREATE TYPE c AS (a int, b text);", "ALTER TYPE c ADD ATTRIBUTE c date",
     ["composite type c: attributes is 'a integer, b text, c date'"]),
    ("a range type", "CREATE TYPE r AS RANGE (subtype = float8);", "DROP TYPE r; CREATE TYPE r AS RANGE (subtype = float4)",
     ["range type r: range is 'subtype real'"]),
    ("a function's body", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
     "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2'", ["function f(integer): definition"]),
    ("a function's volatility", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "ALTER FUNCTION f() STABLE",
     ["function f(): definition"]),
    ("a function's settings", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "ALTER FUNCTION f() SET work_mem = '4MB'",
     ["function f(): definition"]),
    ("SECURITY DEFINER", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "ALTER FUNCTION f() SECURITY DEFINER",
     ["function f(): definition"]),
    ("an overloaded function", "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
     "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'", ["function f(text) is extra"]),
    ("a function with BEGIN ATOMIC", "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END;",
     "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a + 1 FROM t; END", ["function f(): definition"]),
    ("a procedure", "CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT 1';", "DROP PROCEDURE p(int)", ["procedure p(integer) is missing"]),
    ("an aggregate", "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');",
     "DROP AGGREGATE total(int); CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '1')",
     ["aggregate total(integer): definition"]),
    ("a trigger's text", "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
     "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();",
     "DROP TRIGGER g ON t; CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
     ["trigger t.g: definition is 'BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()'"]),
    ("a trigger disabled", "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
     "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();", "ALTER TABLE t DISABLE TRIGGER g",
     ["trigger t.g: state is 'disabled'"]),
    ("a partition's trigger disabled", "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
     "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
     "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();", "ALTER TABLE t1 DISABLE TRIGGER g",
     ["trigger t1.g is extra"]),
    ("a constraint trigger", "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';",
     "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()", ["trigger t.g is extra"]),
    ("a view's text", TABLE + "CREATE VIEW v AS SELECT id FROM task;", "CREATE OR REPLACE VIEW v AS SELECT id FROM task WHERE done",
     ["view v: definition"]),
    ("a view's options", TABLE + "CREATE VIEW v AS SELECT id FROM task;", "ALTER VIEW v SET (security_invoker = on)",
     ["view v: options is 'security_invoker=on'"]),
    ("a view's check option", TABLE + "CREATE VIEW v AS SELECT id FROM task;",
     "CREATE OR REPLACE VIEW v AS SELECT id FROM task WITH LOCAL CHECK OPTION", ["view v: options is 'check_option=local'"]),
    ("a view's default", TABLE + "CREATE VIEW v AS SELECT id FROM task;", "ALTER VIEW v ALTER id SET DEFAULT 3", ["column v.id is extra"]),
    ("a materialized view's index", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;", "CREATE UNIQUE INDEX mi ON m (a)",
     ["index m.mi is extra"]),
    ("a rule", TABLE, "CREATE RULE r AS ON DELETE TO task DO INSTEAD NOTHING", ["rule task.r is extra"]),
    ("a rule's state", TABLE + "CREATE RULE r AS ON DELETE TO task DO INSTEAD NOTHING;", "ALTER TABLE task DISABLE RULE r",
     ["rule task.r: state is 'disabled'"]),
    ("a policy", TABLE + "CREATE POLICY p ON task USING (done);", "ALTER POLICY p ON task USING (NOT done)",
     ["policy task.p: using is 'NOT done'"]),
    ("a policy's kind", TABLE + "CREATE POLICY p ON task USING (done);",
     "DROP POLICY p ON task; CREATE POLICY p ON task AS RESTRICTIVE FOR SELECT TO CURRENT_USER USING (done)", ["policy task.p: "]),
    ("statistics", "CREATE TABLE t (a int, b int);", "CREATE STATISTICS st ON a, b FROM t", ["statistics t.st is extra"]),
    ("a comment", TABLE, "COMMENT ON COLUMN task.title IS 'what to do'", ["column task.title: comment is 'what to do'"]),
    ("what is not read", "", "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq); "
     "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple); CREATE CONVERSION k FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1", ["not compared conversion is extra", "not compared operator is extra", "not compared text search configuration"]),
]

# Seen only where the rules ask for it.
STRICT = [
    ("the order of columns", "CREATE TABLE t (a int, b int);", "ALTER TABLE t DROP a; ALTER TABLE t ADD a int",
     ["column t.a: position is '2'", "column t.b: position is '1'"]),
    ("privileges", TABLE, "GRANT SELECT ON task TO PUBLIC", ["table task: privileges is 'public=select, {owner}="]),
    ("no privileges", TABLE, "REVOKE ALL ON task FROM CURRENT_USER", ["table task: privileges is 'none'"]),
    ("a column's privileges", TABLE, "GRANT UPDATE (title) ON task TO PUBLIC", ["column task.title: privileges is 'public=update'"]),
    ("a function's privileges", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
     ["function f(): privileges is '{owner}=execute'"]),
    ("default privileges", TABLE, "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO PUBLIC",
     ["database: default privileges 'skein on tables: public=select' is extra"]),
    ("an owner", TABLE, "ALTER TABLE task OWNER TO pg_monitor", ["table task: owner is 'pg_monitor'"]),
    ("automatic names", "CREATE TABLE t (a int UNIQUE);", "ALTER TABLE t RENAME CONSTRAINT t_a_key TO u_key",
     ["unique constraint t.t_a_key is missing", "unique constraint t.u_key is extra"]),
    ("a serial's sequence", "CREATE TABLE t (a serial);", "ALTER SEQUENCE t_a_seq RENAME TO x_seq",
     ["sequence t_a_seq is missing", "sequence x_seq is extra", "column t.a: sequence is 'x_seq' instead of 't_a_seq'"]),
    ("storage", TABLE, "ALTER TABLE task ALTER title SET STORAGE external; ALTER TABLE task ALTER title SET COMPRESSION pglz",
     ["column task.title: "]),
    ("storage parameters", TABLE, "ALTER TABLE task SET (fillfactor = 70)", ["table task: storage parameters is 'fillfactor=70'"]),
]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class PostgresCase(catalogs.CatalogCase):
    @classmethod
    def new_server(cls):
        server = Postgres("jit=on")
        server.create("case")
        return server

    def make(self, scripts):
        names = [self.name() for _ in scripts]
        text = "".join(f"RESET ALL; CREATE SCHEMA {name}; SET search_path = {name}; {script.replace('{schema}', name)};\n"
                       for name, script in zip(names, scripts))
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.server.url("case"), "-f", "-"],
                              input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return names

    def place(self, schema):
        return self.server.url("case"), [schema]


class Pairs(PostgresCase):
    def test_what_is_the_same_is_equal(self):
        self.check_equal(EQUAL)

    def test_a_change_is_seen_in_its_record(self):
        self.check_different([(name, base, base + change, expected) for name, base, change, expected in CHANGES])

    def test_what_is_compared_on_request_alone(self):
        table = [(name, base, base + change, expected) for name, base, change, expected in STRICT]
        self.check_equal([row[:3] for row in table])
        self.check_different(table, rules="strict")


# Names are of 63 bytes at most.
HOSTILE = ['a"b', "a'b", "a\nb", "a\\b", "a b", "{a,b}", 'NULL', "a;--", "/*", "$$", "é", "Ünïcode", "x" * 63, "ü" * 31, "select", "a.b",
           "a(b)", "::text", "%s", "{s}", " USING ", 'x" USING btree (y', " "]


class Names(PostgresCase):
    def test_hostile_names_are_read_as_they_are(self):
        script = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        for name in map(quoted, HOSTILE):
            script += (f"CREATE TABLE {name} ({name} int CONSTRAINT {name} CHECK ({name} > 0), b text DEFAULT {name[1:] and 'E'}'x\\\\''y');"
                       f"CREATE INDEX {quoted(name[1:5] + ' i')} ON {name} ({name});"
                       f"CREATE TRIGGER {name} BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION f();"
                       f"CREATE FUNCTION {name}({name} int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
                       f"CREATE RULE {name} AS ON DELETE TO {name} DO INSTEAD NOTHING;"
                       f"CREATE STATISTICS {name} ON {name}, b FROM {name};"
                       f"COMMENT ON TABLE {name} IS $c${name}$c$;")
        one, other = self.make([script, script])
        self.assertEqual(self.differences(one, other, rules="strict"), [])
        objects = self.objects(one)
        for kind in ("table", "trigger", "rule", "statistics", "check"):
            self.assertEqual(sorted(o["name"] for o in objects if o["kind"] == kind), sorted(HOSTILE), kind)
        indexes = [o["properties"]["definition"][1] for o in objects if o["kind"] == "index"]
        self.assertTrue(all(text.startswith("btree (") for text in indexes), indexes)
        rules = {o["properties"]["definition"][1][:16] for o in objects if o["kind"] == "rule"}
        self.assertEqual(rules, {"AS\n    ON DELETE"})

    def test_tenants_of_any_name_are_equal(self):
        script = ("CREATE TABLE {schema}.task (id serial PRIMARY KEY, up int REFERENCES {schema}.task); "
                  "CREATE FUNCTION {schema}.f() RETURNS void LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $f$ "
                  "BEGIN INSERT INTO {schema}.task VALUES (1); EXECUTE 'DELETE FROM {schema}.task'; END $f$; "
                  "CREATE VIEW {schema}.v AS SELECT task.id FROM {schema}.task")
        names = [name for name in HOSTILE if "$" not in name and "'" not in name] + ["task", "id"]
        for name in names:
            self.server.sql("case", f"CREATE SCHEMA {quoted(name)}; " + script.replace("{schema}", quoted(name)))
        self.server.create("whole")
        self.server.sql("whole", script.replace("{schema}", "public"))
        answer = self.tool.read((self.server.url("whole"), [None]), (self.server.url("case"), names))
        prints = {catalog["fingerprint"] for catalog in answer["catalogs"]}
        self.assertEqual(len(prints), 1)
        alone = self.tool.read((self.server.url("case"), ["task"]))
        self.assertEqual({catalog["fingerprint"] for catalog in alone["catalogs"]}, prints)

    def test_a_schema_that_is_not_there_is_an_error_where_it_is_the_only_one(self):
        answer = self.tool.ask([(self.server.url("case"), ["nowhere"])])
        self.assertIn("schema 'nowhere' does not exist", answer["error"])
        there, missing = self.tool.read((self.server.url("case"), ["public", "nowhere"]))["catalogs"]
        self.assertEqual((there["count"] > 0, missing["count"]), (True, 0))
        empty = self.make([""])[0]
        self.assertEqual([o["kind"] for o in self.objects(empty)], ["database"])


class Rest(PostgresCase):
    def test_an_invalid_index_is_seen(self):
        script = "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1); "
        one, other = self.make([script + "CREATE INDEX i ON t (a)", script])
        self.server.psql("case", "-c", f"CREATE UNIQUE INDEX CONCURRENTLY i ON {other}.t (a)")
        self.assertEqual(self.differences(one, other), ["index t.i: invalid 'yes' is extra, unique 'yes' is extra"])

    def test_members_of_extensions_are_the_extensions(self):
        one, other = self.make(["CREATE TABLE t (a int)", "CREATE TABLE t (a int); CREATE EXTENSION IF NOT EXISTS citext SCHEMA {schema}"])
        self.assertEqual(self.differences(one, other), ["extension citext is extra"])

    def test_who_may_little_reads_all_the_same(self):
        place = self.make([TABLE + "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT 1 AS a"])[0]
        self.server.sql("case", f"CREATE ROLE small LOGIN; GRANT USAGE ON SCHEMA {place} TO small")
        answer = self.tool.read((self.server.url("case"), [place]), (self.server.url("case", user="small"), [place]),
                                ignore=["database *"])
        self.assertEqual(answer["differences"], [])

    def test_the_session_is_left_as_it_was(self):
        place = self.make([TABLE])[0]
        self.tool.read((self.server.url("case"), [place]))
        shown = self.tool.read((self.server.url("case"), [None]), objects=True)
        self.assertEqual(shown["catalogs"][0]["objects"][0]["kind"], "database")

    def test_two_thousand_schemas_are_one_statement(self):
        self.server.create("many")
        count = 500
        self.server.sql("many", "DO $do$ BEGIN FOR i IN 1..%d LOOP EXECUTE format('CREATE SCHEMA s%%s; "
                                "CREATE TABLE s%%s.t (id serial PRIMARY KEY, a text UNIQUE, b int DEFAULT 1 CHECK (b > 0)); "
                                "CREATE INDEX ON s%%s.t (b)', i, i, i); END LOOP; END $do$" % count)
        self.server.sql("many", "DROP INDEX s7.t_b_idx")
        began = time.monotonic()
        answer = self.tool.read((self.server.url("many"), [f"s{i}" for i in range(1, count + 1)]))
        took = time.monotonic() - began
        prints = [catalog["fingerprint"] for catalog in answer["catalogs"]]
        self.assertEqual(len(set(prints)), 2)
        self.assertEqual([i for i, one in enumerate(prints, 1) if prints.count(one) == 1], [7])
        print(f"\n{count} schemas of {answer['catalogs'][0]['count']} objects: {took * 1000:.0f} ms")


if __name__ == "__main__":
    unittest.main(verbosity=2)
