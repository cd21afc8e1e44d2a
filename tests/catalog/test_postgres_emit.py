"""PostgreSQL's emitter without skein around it: two schemas are made, the statements that lead from one to the other are run, and
back, and each time the catalogs must be equal. In one process beside the server's, so that hundreds of schemas take a minute."""
import os
import random
import sys
import unittest

import catalogs
from harness import Postgres

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # the end-to-end tests have a test_postgres, too
from random_postgres import Schema, literal  # noqa: E402
from test_postgres import CHANGES, HOSTILE, quoted  # noqa: E402

ROUNDS = int(os.environ.get("EMIT_ROUNDS", "200"))  # of the random schemas

# What cannot be written is refused, with a reason that has these words.
REFUSED = {"a foreign key that is not enforced": "superuser", "what is not read": "does not read", "the partition's key": "partition key"}


class EmitCase(catalogs.CatalogCase):
    @classmethod
    def new_server(cls):
        server = Postgres()
        server.create("case")
        cls.client = server.keep_client("case")
        cls.addClassCleanup(cls.client.close)
        return server

    @classmethod
    def make(cls, *scripts):
        """A schema of each script."""
        names = [cls.name() for _ in scripts]
        for name, script in zip(names, scripts):
            cls.client.sql(f"RESET ALL; CREATE SCHEMA {name}; SET search_path = {name}; {script.replace('{schema}', name)}")
        return names

    def place(self, schema):
        return self.server.url("case"), [schema]

    def emit(self, one, other, **keys):
        return self.tool.read(self.place(one), self.place(other), emit=True, **{"allowed": True, **keys})

    def run_statements(self, schema, statements):
        before, sql, later = (statements[key] for key in ("before", "sql", "later"))
        self.client.sql(f"RESET ALL; SET search_path = {schema}")
        for text in (before, f"BEGIN;\n{sql};\nCOMMIT;\n", later):
            if text:
                self.client.sql(text)

    def lead(self, one, other, **keys):
        """From one to the other, which must then be equal; the statements."""
        answer = self.emit(one, other, **keys)
        self.assertEqual(answer["refused"], [])
        text = "\n-- then\n".join(answer[key] for key in ("before", "sql", "later"))
        try:
            self.run_statements(one, answer)
        except AssertionError as error:
            self.fail(f"{error}\n{text}")
        self.assertEqual(self.differences(one, other, **{key: keys[key] for key in keys if key in ("rules", "ignore")}), [], text)
        return text

    def there_and_back(self, first, second, **keys):
        """Of two scripts; the statements of the way there."""
        one, other, old = self.make(first, second, first)
        text = self.lead(one, other, **keys)
        self.lead(one, old, **keys)
        self.forget(one, other, old)
        return text

    def forget(self, *names):
        self.client.sql("SET client_min_messages = error; " + "; ".join(f"DROP SCHEMA {name} CASCADE" for name in names))


class Pairs(EmitCase):
    """Each change that the reader sees is made by statements, and undone."""

    def check_table(self, table, **keys):
        for name, base, change, _ in table:
            with self.subTest(name):
                if name in REFUSED:
                    one, other = self.make(base, base + change)
                    self.assertIn(REFUSED[name], " ".join(self.emit(one, other, **keys)["refused"]))
                else:
                    self.there_and_back(base, base + change, **keys)

    def test_what_the_reader_sees(self):
        self.check_table(CHANGES)

    def test_all_of_it_from_nothing(self):
        for name, base, change, _ in CHANGES:
            with self.subTest(name):
                if name not in REFUSED:
                    self.there_and_back("", base + change)


# What random schemas and those of published applications have in them, and once was in the wrong order or missed.
CALC = "CREATE FUNCTION calc(int) RETURNS %s LANGUAGE sql IMMUTABLE AS 'SELECT 1'; "
USERS = ("CREATE TABLE t (a int DEFAULT calc(1), b bigint GENERATED ALWAYS AS (calc(a)) STORED, CONSTRAINT c CHECK (calc(a) > 0)); "
         "CREATE INDEX i ON t (calc(a)); CREATE VIEW v AS SELECT calc(a) AS x FROM t; CREATE VIEW w AS SELECT x FROM v; "
         "CREATE POLICY p ON t USING (calc(a) > 0); CREATE DOMAIN d AS int DEFAULT calc(1) CONSTRAINT dc CHECK (calc(VALUE) > 0)")
TYPES = ("CREATE TYPE e AS ENUM (%s); CREATE DOMAIN d AS e DEFAULT 'b'; CREATE TYPE c AS (x e, y int); "
         "CREATE TABLE t (a e DEFAULT 'b', l e[] DEFAULT '{b}', d d, c c); CREATE INDEX i ON t (a) WHERE a = 'b'; "
         "CREATE VIEW v AS SELECT a FROM t WHERE a <> 'b'; CREATE FUNCTION f(e) RETURNS e LANGUAGE sql AS 'SELECT $1'; "
         "ALTER TABLE t ADD CONSTRAINT k CHECK (a <> 'b')")
CASES = [
    ("a rule and an heir that name each other's tables", "CREATE TABLE p (a int); CREATE TABLE h () INHERITS (p); "
     "CREATE RULE r AS ON INSERT TO p DO INSTEAD INSERT INTO h VALUES (new.a)", ""),
    ("keys in a circle", "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); "
     "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b", ""),
    ("a function whose result changes, and all that calls it", CALC % "int" + USERS, CALC % "bigint" + USERS),
    ("values that go from an enum that all kinds use", TYPES % "'a', 'b'", TYPES % "'b', 'c'"),
    ("a column under views, a trigger, a policy and a function", *(
        f"CREATE TABLE t (a {kind}, b int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; "
        "CREATE MATERIALIZED VIEW m AS SELECT a FROM w; CREATE INDEX mi ON m (a); CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END'; CREATE TRIGGER r BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION g(); "
        "CREATE POLICY p ON t USING (a IS NOT NULL); CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(a) FROM t; END"
        for kind in ("int", "text"))),
    ("serial, identity and neither", "CREATE TABLE t (a serial, b int NOT NULL, c int GENERATED ALWAYS AS IDENTITY)",
     "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY, b serial, c int NOT NULL)"),
    ("a sequence by hand, as a dump writes it", "CREATE TABLE t (a bigint NOT NULL); CREATE SEQUENCE t_a_seq AS int START 5; "
     "ALTER SEQUENCE t_a_seq OWNED BY t.a; ALTER TABLE t ALTER a SET DEFAULT nextval('t_a_seq')", ""),
    ("an array without elements", "CREATE TABLE t (a text[] DEFAULT ARRAY[]::text[], b varchar DEFAULT 'x'::varchar)", "CREATE TABLE t (a text[])"),
    ("names that others have by now", "CREATE TABLE t (a int, b int); CREATE INDEX t_a_idx ON t (a); CREATE INDEX t_b_idx ON t (b)",
     "CREATE TABLE t (a int, b int); CREATE INDEX t_a_idx ON t (b); CREATE INDEX t_b_idx ON t (a DESC)"),
    ("a partition's trigger that is switched off", "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT; "
     "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; "
     "CREATE TRIGGER r AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE p1 DISABLE TRIGGER r", "CREATE TABLE p (a int) PARTITION BY LIST (a)"),
    ("checks of a domain whose array is in a type of a column", "CREATE FUNCTION g(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0'; "
     "CREATE DOMAIN d AS int CONSTRAINT k CHECK (g(VALUE)) CHECK (VALUE < 9); CREATE TYPE c AS (x d[]); CREATE TABLE t (a c, b d[])", ""),
    ("a table of the name of a view", "CREATE VIEW x AS SELECT 1 AS a", "CREATE TABLE x (a int PRIMARY KEY)"),
]


class Cases(EmitCase):
    def test_cases(self):
        for name, first, second in CASES:
            with self.subTest(name):
                self.there_and_back(first, second)
                self.there_and_back("", first)

    def test_no_one_waits_long(self):
        """What is said of a table with rows keeps no one from it while it is read."""
        text = self.there_and_back(
            "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, b int)",
            "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL CONSTRAINT k REFERENCES p CONSTRAINT c CHECK (b > 0), "
            "CONSTRAINT u UNIQUE NULLS NOT DISTINCT (b) INCLUDE (a) DEFERRABLE)")
        for words in ('CREATE UNIQUE INDEX CONCURRENTLY "t_pkey" ON "t" (a);', 'ADD CONSTRAINT "t_pkey" PRIMARY KEY USING INDEX "t_pkey";',
                      'CREATE UNIQUE INDEX CONCURRENTLY "u" ON "t" (b) INCLUDE (a) NULLS NOT DISTINCT;',
                      'ADD CONSTRAINT "u" UNIQUE USING INDEX "u" DEFERRABLE;', 'CHECK (b > 0) NOT VALID;', 'REFERENCES p(a) NOT VALID;',
                      '("b" IS NOT NULL) NOT VALID;'):
            self.assertIn(words, text)
        self.assertEqual(text.count("VALIDATE CONSTRAINT"), 4)


class Hostile(EmitCase):
    def test_names_of_every_kind(self):
        """All kinds of objects have the hostile name, come, change and go."""
        for name in HOSTILE:
            if "$" in name:
                continue
            n = quoted(name)
            script = (f"CREATE TYPE {quoted(name[:20] + ' e')} AS ENUM ('x', {literal(name[:20])}); CREATE DOMAIN {quoted(name[:20] + ' d')} AS text "
                      f"CONSTRAINT {n} CHECK (VALUE <> {literal(name)}); CREATE FUNCTION {n}(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; "
                      f"CREATE FUNCTION {n}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
                      f"CREATE TABLE {n} ({n} int DEFAULT {n}(1) CONSTRAINT {n} CHECK ({n} > 0), b {quoted(name[:20] + ' e')} DEFAULT {literal(name[:20])}, "
                      f"s serial, d {quoted(name[:20] + ' d')}); CREATE INDEX {quoted(name[:20] + ' i')} ON {n} ({n}); "
                      f"CREATE VIEW {quoted(name[:20] + ' v')} AS SELECT {n} FROM {n}; CREATE POLICY {n} ON {n} USING ({n} > 0); "
                      f"CREATE TRIGGER {n} BEFORE INSERT ON {n} FOR EACH ROW EXECUTE FUNCTION {n}(); CREATE RULE {n} AS ON DELETE TO {n} DO INSTEAD NOTHING; "
                      f"CREATE STATISTICS {n} ON {n}, b FROM {n}; COMMENT ON COLUMN {n}.{n} IS {literal(name)}; COMMENT ON RULE {n} ON {n} IS {literal(name)}; ")
            with self.subTest(name):
                self.there_and_back("", script)
                self.there_and_back(script, script.replace(f"SELECT {n} FROM", f"SELECT {n} + 1 AS x FROM").replace(f"{n} > 0", f"{n} > 1")
                                    .replace("VALUE <>", "VALUE >").replace("'x', ", ""))


class Random(EmitCase):
    def test_random_schemas(self):
        """A schema that the server does not take, since its parts do not go together, is none: but there must be few of them."""
        taken = 0
        for seed in range(ROUNDS):
            with self.subTest(seed=seed):
                taken += self.one(random.Random(seed))
        self.assertGreater(taken, ROUNDS * .9)

    def one(self, rng):
        schema = Schema(rng)
        first = schema.sql()
        schema.mutate()
        try:
            one, other, old = self.make(first, schema.sql(), first)
        except AssertionError:
            return False
        try:
            self.lead(one, other)
            self.lead(one, old)
        except AssertionError as error:
            self.client.close()
            raise AssertionError(f"{error}\n---- from\n{first}\n---- to\n{schema.sql()}") from None
        self.forget(one, other, old)
        return True


if __name__ == "__main__":
    unittest.main(verbosity=2)
