"""The same revision means the same in every tenant: known settings of PostgreSQL's sessions, whatever the database,
the role or the environment sets."""
import json
import os
import sqlite3
import subprocess

from harness import FleetCase, Pooler, PostgresCase, main

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

    def test_a_transactional_section_after_one_that_sets_something(self):
        """In a run and in a script: what a statement outside a transaction sets ends where a transaction begins."""
        see = "INSERT INTO seen SELECT '%s', concat_ws(' ', '01/02/2026'::date, current_setting('app.x'), current_setting('TimeZone'));\n"
        self.fleet.revision("aaaa1111", "-- migrate:up\nCREATE TABLE seen (what text, value text);\n-- migrate:up transaction:false\n"
                            "SET DateStyle = 'German';\nSET app.x = 'own';\nSET TIME ZONE 'Asia/Kolkata';\n" + see % "outside" +
                            "-- migrate:up\n" + see % "inside" + "-- migrate:up transaction:false\n" + see % "after")
        tenants = [{**t, "settings": {"app.x": "given"}} for t in self.pg.create("mixed", "mixedscript")]
        self.fleet.inventory(tenants[:1])
        self.fleet.write("script.sql", self.run_ok("upgrade", "--sql").out, mode=0o644)
        self.run_ok("upgrade")
        os.chmod(self.fleet.dir, 0o755)
        done = self.pg.psql("mixedscript", "-f", self.fleet.path("script.sql"))
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("mixed", "mixedscript"):
            self.assertEqual(dict(self.pg.sql(name, "SELECT * FROM seen")),
                             {"outside": "01.02.2026 own Asia/Kolkata", "inside": "2026-01-02 given UTC", "after": "2026-01-02 given UTC"}, name)

    def test_a_search_path_without_a_schema(self):
        tenant, = self.pg.create("nowhere")
        self.fleet.inventory([tenant])
        self.fleet.revision("aaaa1111", "CREATE TABLE public.a ();")
        for path in ("''", "nosuch"):
            self.pg.sql("postgres", f"ALTER DATABASE nowhere SET search_path = {path}")
            for command in ("upgrade", "plan", "current"):
                error = self.run_json(command, code=1).tenant("nowhere")["error"]
                self.assertIn("give the tenant's 'schema'", error["message"])
        self.fleet.inventory([{**tenant, "schema": "public"}])
        self.run_ok("upgrade")


class Inventory(PostgresCase):
    def faults(self, tenant, env=None, code=2, **keys):
        self.fleet.inventory([{"name": "t", **tenant}], **keys)
        err = self.run_ok("tenants", code=code, env=env).err
        self.assertRegex(err, r"skein.yaml:\d+: ")
        return err

    def test_what_comes_after_the_schema(self):
        self.pg.create("ext")
        self.pg.sql("ext", "CREATE EXTENSION citext; CREATE SCHEMA acme; CREATE SCHEMA \"My Ext\"; CREATE EXTENSION hstore SCHEMA \"My Ext\";")
        self.fleet.revision("aaaa1111", "CREATE TABLE who (mail citext UNIQUE, more hstore);\n"
                            "INSERT INTO who VALUES ('A@b', 'x=>1');\n-- verify: SELECT 1 FROM who WHERE mail = 'a@B'")
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY ON who (mail);\n"
                            "-- verify: SELECT 1 FROM who WHERE mail = 'a@B'\n")
        tenants = [{"name": n, "url": self.pg.url("ext"), "schema": n, "create": "true"} for n in ("acme", "globex")]
        self.fleet.inventory(tenants)
        self.assertEqual(self.run_json("upgrade", code=1).tenant("acme")["error"]["code"], "42704")
        self.fleet.inventory([*tenants, *self.pg.create("whole")], defaults={"search_path": ["public", "My Ext"]})
        script = self.run_ok("upgrade", "--sql", "--tenant", "globex").out
        self.assertIn('SET search_path = "globex", "public", "My Ext";', script)
        self.run_ok("upgrade", "--tenant", "acme", "--tenant", "globex")
        for schema in ("acme", "globex"):
            self.assertEqual(self.pg.versions("ext", schema), ["bbbb2222"])
            self.assertEqual(self.pg.tables("ext", schema), {"who"})
        self.assertEqual(self.pg.tables("ext"), set())
        self.run_ok("tenants")

    def test_settings_are_added_and_beat_skeins_own(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE seen AS SELECT name, setting FROM pg_settings WHERE name IN "
                            "('work_mem', 'TimeZone', 'DateStyle');\nINSERT INTO seen VALUES ('app.who', current_setting('app.who'));")
        self.fleet.revision("bbbb2222", "SET DateStyle = 'German'; SET app.who = 'me';")
        self.fleet.revision("cccc3333", "-- migrate:up transaction:false\nINSERT INTO seen SELECT 'late ' || name, setting FROM pg_settings WHERE name = 'work_mem';\n"
                            "INSERT INTO seen VALUES ('late app.who', concat(current_setting('app.who'), ' ', date '2026-02-01'));")
        settings = {"work_mem": "7MB", "timezone": "Asia/Kolkata", "app.who": "${WHO}"}
        for name, extra in (("set1", {}), ("set2", {"transaction": "each"})):
            tenant, = self.pg.create(name)
            self.fleet.inventory([{**tenant, **extra, "settings": {"WORK_MEM": "8MB", "DateStyle": "ISO, DMY"}}], ledger=f".skein/{name}.db",
                                 defaults={"settings": settings})
            self.run_ok("upgrade", env={"WHO": "o'\\\"r"})
            self.assertEqual(dict(self.pg.sql(name, "SELECT * FROM seen")),
                             {"work_mem": "8192", "TimeZone": "Asia/Kolkata", "DateStyle": "ISO, DMY", "app.who": "o'\\\"r",
                              "late work_mem": "8192", "late app.who": "o'\\\"r 2026-02-01"})
        script = self.run_ok("upgrade", "--sql", env={"WHO": "o'\\\"r"}).out
        self.fleet.write("s.sql", script, mode=0o644)
        os.chmod(self.fleet.dir, 0o755)
        self.pg.create("set3")
        self.assertEqual(self.pg.psql("set3", "-f", self.fleet.path("s.sql")).returncode, 0)
        self.assertEqual(self.pg.sql("set3", "SELECT count(*) FROM seen"), [["6"]])

    def test_what_the_server_does_not_know_costs_its_tenant(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n int);")
        good, bad, wrong = self.pg.create("good", "unknown", "wrong")
        self.fleet.inventory([{**bad, "settings": {"wrok_mem": "1MB"}}, {**wrong, "settings": {"work_mem": "much"}}, good],
                             rollout={"on_failure": "continue"})
        report = self.run_json("upgrade", code=1)
        self.assertIn('"wrok_mem"', report.tenant("unknown")["error"]["message"])
        self.assertIn('"work_mem"', report.tenant("wrong")["error"]["message"])
        self.assertEqual(report.tenant("good")["state"], "succeeded")

    def test_what_skein_sets_itself_is_a_fault_in_settings(self):
        for name, text in {"search_path": "use 'schema' and 'search_path'", "Lock_Timeout": "use 'lock_timeout'", "role": "cannot be set here",
                           "standard_conforming_strings": "needs it as it is", "skein.tx": "skein's own", "a b": "made of letters",
                           "a;b": "made of letters", "x..y": "made of letters", "client_encoding": "needs it"}.items():
            self.assertIn(text, self.faults({"url": self.pg.url("x"), "settings": {name: "1"}}))
        self.assertIn("takes back what is committed", self.faults({"url": self.pg.url("x"), "settings": {"synchronous_commit": "off"}}))
        self.assertIn("a mapping of names and values", self.faults({"url": self.pg.url("x"), "settings": ["work_mem"]}))
        self.assertIn("a mapping of names and values", self.faults({"url": self.pg.url("x"), "settings": {"work_mem": {"a": "b"}}}))
        self.faults({"url": self.pg.url("x"), "settings": {"work_mem": "${NOSUCH}"}}, code=0)  # no one is connected to
        self.assertIn("'settings': 'work_mem': the environment variable 'NOSUCH' is not set", self.run_ok("current", code=2).err)
        self.assertIn("for PostgreSQL or MySQL only", self.faults({"url": "sqlite:///x.db", "settings": {"cache_size": "1"}}))
        self.assertIn("for PostgreSQL only", self.faults({"url": "sqlite:///x.db", "search_path": ["a"]}))
        self.assertIn("give its 'schema' too", self.faults({"url": self.pg.url("x"), "search_path": ["public"]}))
        self.fleet.write("skein.yaml", "defaults:\n  settings: &s {work_mem: 1MB}\ntenants:\n  - {name: t, url: 'postgresql://h/d', settings: *s}\n")
        self.assertIn("skein.yaml:4: alias '*s' stands for 'settings'", self.run_ok("tenants", code=2).err)
        self.fleet.inventory([self.fleet.sqlite("lite")], defaults={"settings": {"work_mem": "1MB"}, "search_path": ["public"]})
        self.run_ok("tenants")

    def test_an_option_that_skein_overrides_is_a_fault(self):
        for options, text in {"-csearch_path%3Dx": "use 'schema' and 'search_path'", "-c%20lock_timeout=1s": "use 'lock_timeout'",
                              "--statement-timeout=5": "use 'statement_timeout'", "-c%20work_mem=1MB%20-c%20TimeZone=CET": "use 'settings'",
                              "-c%20client_encoding=latin1": "needs as it is", "-c%20datestyle=ISO%5C,%5C%20DMY": "use 'settings'"}.items():
            text_of = self.faults({"url": self.pg.url("x") + "?options=" + options.replace("=", "%3D"), "schema": "acme"})
            self.assertIn(text, text_of)
            self.assertIn("'url': its 'options' set", text_of)
        self.assertIn("can only be UTF8", self.faults({"url": self.pg.url("x") + "?client_encoding=latin1"}))
        text = self.faults({"url": self.pg.url("x")}, env={"PGOPTIONS": "-c timezone=CET"})
        self.assertIn("PGOPTIONS in the environment sets 'timezone', which skein sets itself: use 'settings'", text)
        self.fleet.inventory([{"name": "t", "url": self.pg.url("x") + "?options=-c%20work_mem%3D1MB%20-csearch_path%3Dapp&client_encoding=utf-8"}])
        self.run_ok("tenants", env={"PGOPTIONS": "-c timezone=CET"})


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


PAIR = ("CREATE TABLE parent (id INTEGER PRIMARY KEY, name); INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c');"
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id REFERENCES parent (id));"
        "INSERT INTO child VALUES (10, 1), (20, 2), (30, 3);")
OLD = PAIR + "INSERT INTO child VALUES (40, 99), (50, 99), (60, 98);"  # broken before any revision


def rebuild(where="", name="parent", columns="id INTEGER PRIMARY KEY, name, more"):
    return (f"CREATE TABLE next ({columns});\nINSERT INTO next SELECT id, name, 0 FROM {name}{where};\n"
            f"DROP TABLE {name};\nALTER TABLE next RENAME TO {name};\n")


class Keys(FleetCase):
    """SQLite looks at no foreign key while a table is rebuilt: skein does, before it commits."""

    def upgrade(self, sql, up, options="", code=1, mode="all", command=("upgrade",), down=None):
        self.fleet.last = ""
        tenant = {**self.fleet.sqlite("t" + str(len(os.listdir(self.fleet.path("data"))) if os.path.isdir(self.fleet.path("data")) else 0), sql),
                  "transaction": mode}
        self.name = tenant["name"]
        self.fleet.revision("aaaa1111", up, options=options, down=down)
        self.fleet.inventory([tenant], ledger=f".skein/{self.name}.db")
        result = self.run_json(*command, code=code)
        self.run_id = result.report["run"]["id"]
        return result.tenant(self.name)

    def expect_broken(self, tenant, text="row 30 of 'child' has lost its parent in 'parent'", state="failed"):
        self.assertEqual((tenant["state"], tenant["error"]["class"], tenant["error"]["code"], tenant["error"]["revision"]),
                         (state, "sql", "787", "aaaa1111"))
        self.assertIn(text, tenant["error"]["message"])
        self.assertIn("aaaa1111", tenant["error"]["file"])
        self.assertEqual(tenant["error"]["line"], 9)

    def test_a_rebuild_that_loses_a_parent_fails(self):
        for mode in ("all", "each"):
            for before in (PAIR, OLD):
                self.expect_broken(self.upgrade(before, rebuild(" WHERE id < 3"), mode=mode))
                self.assertEqual(self.fleet.query(self.name, "SELECT count(*) FROM parent"), [(3,)])
                self.assertNotIn("next", self.fleet.tables(self.name))

    def test_what_was_broken_before_is_not_blamed(self):
        for up in (rebuild(), "ALTER TABLE parent RENAME TO elders;", "ALTER TABLE child RENAME TO kids;",
                   rebuild("", "child", "id, name REFERENCES parent (id), more").replace("SELECT id, name,", "SELECT id, parent_id,"),
                   "CREATE TABLE x (id); DROP TABLE x;", "DROP TABLE child;"):
            tenant = self.upgrade(OLD, up, code=0)
            self.assertEqual(tenant["state"], "succeeded", up)

    def test_what_a_rebuilt_table_has_lost_is_a_warning(self):
        trigger = "CREATE TRIGGER \"keep it\" AFTER UPDATE ON parent BEGIN SELECT 1; END;"
        parts = trigger + "CREATE UNIQUE INDEX by_name ON parent (name); CREATE INDEX gone ON parent (name);"
        self.upgrade(OLD + parts, "DROP INDEX IF EXISTS gone;\n" + rebuild() + "CREATE TRIGGER other AFTER INSERT ON parent BEGIN SELECT 1; END;", code=0)
        report = json.loads(self.fleet.run("report", "-o", "json").out)
        self.assertEqual(sorted(n["message"] for n in report["notices"]),
                         ["3 foreign keys led nowhere before the revision, and still do",
                          "table 'parent' was made anew without its index 'by_name'",
                          "table 'parent' was made anew without its trigger 'keep it'"])
        self.assertEqual({n["revision"] for n in report["notices"]}, {"aaaa1111"})
        self.upgrade(PAIR + trigger, rebuild() + trigger, code=0)
        self.assertEqual(json.loads(self.fleet.run("report", "-o", "json").out)["notices"], [])
        self.upgrade(PAIR + trigger, "DROP TABLE child; DROP TABLE parent;", code=0)
        self.assertEqual(json.loads(self.fleet.run("report", "-o", "json").out)["notices"], [])

    def test_a_new_one_is_found_among_old_ones(self):
        tenant = self.upgrade(OLD, rebuild() + "INSERT INTO child VALUES (70, 99);")
        self.assertEqual(tenant["state"], "failed")
        self.assertIn("'child' has lost its parent", tenant["error"]["message"])

    def test_a_parent_that_is_dropped_or_loses_its_key(self):
        tenant = self.upgrade(PAIR, "DROP TABLE parent;")
        self.assertIn("and 2 more like it", tenant["error"]["message"])
        tenant = self.upgrade(PAIR, rebuild(columns="id, name, more"))
        self.assertIn("foreign key mismatch", tenant["error"]["message"])
        self.upgrade(PAIR, "DROP TABLE parent; DROP TABLE child;", code=0)

    def test_without_rowid_and_in_capitals(self):
        sql = PAIR.replace("parent_id REFERENCES parent (id))", "parent_id REFERENCES parent (id)) WITHOUT ROWID")
        tenant = self.upgrade(sql, rebuild(" WHERE id < 3").upper().replace("'", ""))
        self.assertIn("a row of 'child' has lost its parent", tenant["error"]["message"])

    def test_outside_a_transaction_it_is_partial_until_it_is_mended(self):
        up = "-- migrate:up transaction:false\n" + rebuild(" WHERE id < 3")
        self.expect_broken(self.upgrade(PAIR, up, code=4), state="partial")
        for command in ("upgrade", "resume"):
            self.expect_broken(self.run_json(command, code=4).tenant(self.name), state="partial")
        with sqlite3.connect(self.fleet.path("data", self.name + ".db")) as db:
            db.execute("DELETE FROM child WHERE id = 30")
        self.assertEqual(self.run_json("upgrade").tenant(self.name)["state"], "succeeded")

    def test_a_down_section_and_a_rollback(self):
        tenant = self.upgrade(PAIR, "CREATE TABLE x (id);", code=0, down=rebuild(" WHERE id < 3"))
        error = self.run_json("downgrade", "base", code=1).tenant(self.name)["error"]
        self.assertEqual(error["code"], "787")
        self.assertEqual(self.fleet.versions(self.name), ["aaaa1111"])
        error = self.run_json("rollback", self.run_id, code=4).tenant(self.name)["error"]
        self.assertEqual(error["code"], "787")

    def test_a_script_fails_too(self):
        self.upgrade(PAIR, rebuild(" WHERE id < 3"))
        script = self.run_ok("upgrade", "--sql").out
        for sql, code in ((PAIR, 1), (PAIR + "DELETE FROM child WHERE id = 30;", 0), (OLD + "DELETE FROM child WHERE id = 30;", 0)):
            path = self.fleet.path(f"{code}{len(sql)}.db")
            with sqlite3.connect(path) as db:
                db.executescript(sql)
            done = subprocess.run(["sqlite3", "-bail", path], input=script.encode(), capture_output=True)
            self.assertEqual(min(done.returncode, 1), code, done.stderr)

    def test_what_cannot_work_in_a_transaction_is_a_fault_of_the_chain(self):
        for line in ("PRAGMA journal_mode = WAL;", "pragma main . Journal_Mode(delete);", "PRAGMA synchronous=OFF;",
                     "/* x */ PRAGMA temp_store = 2;", "VACUUM;", "PRAGMA wal_checkpoint;"):
            self.fleet.last = ""
            self.fleet.revision("aaaa1111", "CREATE TABLE a (n);\n" + line)
            self.fleet.inventory([self.fleet.sqlite("f")])
            result = self.run_ok("upgrade", code=2)
            self.assertIn("aaaa1111.sql:8: 'V" if line == "VACUUM;" else "aaaa1111.sql:8: 'PRAGMA ", result.err)
            self.assertIn("transaction:false", result.err)
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\nPRAGMA journal_mode = WAL;\nVACUUM;\n"
                            "-- migrate:up\nPRAGMA journal_mode;\nPRAGMA foreign_keys = OFF;")
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("f", "PRAGMA journal_mode"), [("wal",)])


if __name__ == "__main__":
    main()
