"""The same revision means the same in every tenant: known settings of PostgreSQL's sessions, whatever the database,
the role or the environment sets."""
import os

from harness import Pooler, PostgresCase, main

# what an administrator, or another tool, may have set: each of these changes a value or what a statement means
ODD = {
    "TimeZone": "Asia/Kolkata", "DateStyle": "German, DMY", "IntervalStyle": "iso_8601",
    "standard_conforming_strings": "off", "escape_string_warning": "off", "extra_float_digits": "-6",
    "bytea_output": "escape", "xmlbinary": "hex", "xmloption": "document", "array_nulls": "off",
    "transform_null_equals": "on", "row_security": "off", "check_function_bodies": "off",
    "quote_all_identifiers": "on", "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on", "timezone_abbreviations": "India",
    "session_replication_role": "replica", "lock_timeout": "17h", "statement_timeout": "17h",
}

LEFT = ("escape_string_warning", "lock_timeout", "statement_timeout")

SEEN = r"""CREATE TABLE seen (what text, value text);
CREATE TABLE moment (at timestamp);
INSERT INTO moment VALUES ('2026-01-02 03:04:05');
ALTER TABLE moment ALTER at TYPE timestamptz;
CREATE TABLE dated (d date DEFAULT '01/02/2026', i interval DEFAULT 'P1DT2H', s text DEFAULT 'a\b');
INSERT INTO dated DEFAULT VALUES;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent);
DO $$ BEGIN INSERT INTO child VALUES (1); INSERT INTO seen VALUES ('orphan', 'taken');
EXCEPTION WHEN foreign_key_violation THEN INSERT INTO seen VALUES ('orphan', 'refused'); END $$;
DO $$ BEGIN EXECUTE 'CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS ''SELECT nosuch'''; INSERT INTO seen VALUES ('body', 'taken');
EXCEPTION WHEN undefined_column THEN INSERT INTO seen VALUES ('body', 'checked'); END $$;
INSERT INTO seen SELECT 'moment', extract(epoch FROM at)::text FROM moment;
INSERT INTO seen SELECT 'dated', concat_ws(' ', to_char(d, 'YYYY-MM-DD'), extract(epoch FROM i)::int, s, d, i) FROM dated;
INSERT INTO seen VALUES ('IST', extract(epoch FROM '2026-01-02 00:00 IST'::timestamptz)::text), ('float', 0.1::float8 + 0.2::float8),
  ('bytes', '\x41ff'::bytea::text), ('array', '{NULL}'::text[] IS DISTINCT FROM ARRAY['NULL']), ('null', (count_of = NULL)::text),
  ('xml', xmlforest('\x41ff'::bytea AS x)::text), ('today', to_char(timestamp '2026-03-04', 'TMMonth')),
  ('document', (xmlparse(content 'a <b/>') IS DOCUMENT)::text), ('quoted', quote_literal('\'));
CREATE VIEW v AS SELECT what FROM seen;
INSERT INTO seen VALUES ('view', pg_get_viewdef('v'::regclass));
INSERT INTO seen SELECT name, setting FROM pg_settings WHERE lower(name) IN (NAMES);
""".replace("NAMES", ", ".join(f"'{n.lower()}'" for n in ODD if n not in LEFT)).replace("(count_of = NULL)", "((SELECT 1) = NULL)")


class Known(PostgresCase):
    def odd(self, name):
        tenant, = self.pg.create(name)
        for key, value in ODD.items():
            value = value if "," in value else f"'{value}'"
            self.pg.sql("postgres", f"ALTER DATABASE {name} SET {key} = {value}")
        return tenant

    def seen(self, database):
        return self.pg.sql(database, "SET quote_all_identifiers = off; SELECT what, quote_literal(value) FROM seen ORDER BY 1, 2")

    def expect_same(self, *databases):
        first = self.seen(databases[0])
        self.assertGreater(len(first), 30)
        for other in databases[1:]:
            self.assertEqual(self.seen(other), first)
        said = {row[0]: row[1] for row in first if len(row) == 2}
        for what, value in {"moment": "'1767323045.000000'", "orphan": "'refused'", "body": "'checked'",
                            "TimeZone": "'UTC'", "standard_conforming_strings": "'on'", "IST": "'1767304800.000000'"}.items():
            self.assertEqual(said[what], value, what)
        self.assertIn("2026-01-02 93600 a", said["dated"])

    def test_two_databases_set_otherwise_end_the_same(self):
        self.fleet.revision("aaaa1111", SEEN)
        self.fleet.revision("bbbb2222", "INSERT INTO seen VALUES ('later', '01/02/2026'::date), ('text', 'a\\b');",
                            down="INSERT INTO seen VALUES ('down', '01/02/2026'::date);")
        for mode in ("all", "each"):
            tenants = [self.odd("odd" + mode), *self.pg.create("even" + mode)]
            self.fleet.inventory(tenants, defaults={"transaction": mode}, ledger=f".skein/{mode}.db")
            self.run_ok("upgrade")
            self.run_ok("downgrade", "-1")
            self.expect_same("even" + mode, "odd" + mode)

    def test_outside_a_transaction_and_in_what_comes_after(self):
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\n" + SEEN +
                            "INSERT INTO seen VALUES ('isolation', current_setting('transaction_isolation'));\n"
                            "-- verify: SELECT 1 FROM seen WHERE '01/02/2026'::date = date '2026-01-02'\n")
        self.fleet.revision("bbbb2222", "INSERT INTO seen VALUES ('later', 'a\\b');")
        self.fleet.inventory([self.odd("oddout"), *self.pg.create("evenout")])
        self.run_ok("upgrade")
        self.expect_same("evenout", "oddout")
        self.assertEqual(self.pg.sql("oddout", "SELECT value FROM seen WHERE what = 'isolation'"), [["read committed"]])

    def test_what_a_revision_sets_ends_with_it(self):
        """Whether two revisions share a transaction, a session, or none must not matter to the second."""
        text = "INSERT INTO seen VALUES ('%s', concat('01/02/2026'::date, ' ', 'a\\b', ' ', current_setting('TimeZone')));"
        self.fleet.revision("aaaa1111", "CREATE TABLE seen (what text, value text);\n" + text % "first")
        self.fleet.revision("bbbb2222", "SET DateStyle = 'German, DMY'; SET TIME ZONE 'Asia/Kolkata';\n" + text % "own")
        self.fleet.revision("cccc3333", text % "next")
        self.fleet.revision("dddd4444", "DO $$ BEGIN SET LOCAL DateStyle = 'SQL, DMY'; "
                            "PERFORM set_config('timezone', 'Asia/Kolkata', false); END $$;\n"
                            "SET standard_conforming_strings = off;")
        self.fleet.revision("eeee5555", text % "last")
        self.fleet.revision("ffff6666", "-- migrate:up transaction:false\nSET standard_conforming_strings = off;\n"
                            "SET DateStyle = 'SQL, DMY';\n")
        self.fleet.revision("aaaa7777", text % "outside")
        tenants = [self.odd("setall"), {**self.odd("seteach"), "transaction": "each"}, *self.pg.create("setplain"), self.odd("setone")]
        self.fleet.inventory(tenants)
        self.run_ok("upgrade", "--tenant", "setall", "--tenant", "seteach", "--tenant", "setplain")
        for _ in range(7):
            self.run_ok("upgrade", "+1", "--tenant", "setone")
        for name in ("setall", "seteach", "setplain", "setone"):
            rows = dict(self.pg.sql(name, "SELECT what, value FROM seen"))
            self.assertEqual(rows, {"first": "2026-01-02 a\\b UTC", "own": "01.02.2026 a\\b Asia/Kolkata", "next": "2026-01-02 a\\b UTC",
                                    "last": "2026-01-02 a\\b UTC", "outside": "2026-01-02 a\\b UTC"}, name)

    def test_the_environment_says_nothing(self):
        self.fleet.revision("aaaa1111", SEEN)
        self.fleet.inventory(self.pg.create("env1"))
        self.run_ok("upgrade", env={"PGTZ": "Asia/Kolkata", "PGDATESTYLE": "German, DMY"})
        self.fleet.inventory(self.pg.create("env2"))
        self.run_ok("upgrade")
        self.expect_same("env1", "env2")

    def test_schemas_that_share_a_connection(self):
        """A connection that another tenant of the database leaves is made like new: its odd defaults come back."""
        self.fleet.revision("aaaa1111", SEEN)
        tenant = self.odd("shared")
        self.fleet.inventory([{"name": s, "url": tenant["url"], "schema": s, "create": "true"} for s in ("s1", "s2", "s3")],
                             rollout={"parallel": 1})
        self.run_ok("upgrade")
        for schema in ("s2", "s3"):
            self.assertEqual(self.pg.sql("shared", f"SELECT s1.what, s1.value, s2.value FROM s1.seen AS s1 JOIN {schema}.seen AS s2 "
                                         "USING (what) WHERE s1.value <> s2.value AND what <> 'view'"), [])

    def test_a_script_says_it_too(self):
        self.fleet.revision("aaaa1111", SEEN)
        self.fleet.revision("bbbb2222", "SET DateStyle = 'German, DMY';\nINSERT INTO seen VALUES ('own', '01/02/2026'::date);")
        self.fleet.revision("cccc3333", "INSERT INTO seen VALUES ('next', '01/02/2026'::date);")
        self.fleet.inventory([self.odd("scripted")])
        script = self.run_ok("upgrade", "--sql").out
        self.fleet.write("script.sql", script, mode=0o644)
        os.chmod(self.fleet.dir, 0o755)
        done = self.pg.psql("scripted", "-f", self.fleet.path("script.sql"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.fleet.inventory(self.pg.create("unscripted"))
        self.run_ok("upgrade")
        self.expect_same("unscripted", "scripted")


class ThroughAPooler(Pooler):
    def test_they_hold_through_it(self):
        self.fleet.revision("aaaa1111", SEEN)
        self.fleet.revision("bbbb2222", "INSERT INTO seen VALUES ('later', concat('01/02/2026'::date, 'a\\b'));")
        names = ["poolodd", "pooleven"]
        Known.odd(self, names[0])
        self.pg.create(names[1])
        self.fleet.inventory([{"name": n, "url": self.pg.url(n, port=self.port)} for n in names], defaults={"transaction": "each"})
        self.run_ok("upgrade")
        rows = [Known.seen(self, name) for name in names]
        self.assertEqual(rows[0], rows[1])
        self.assertGreater(len(rows[0]), 30)


if __name__ == "__main__":
    main()
