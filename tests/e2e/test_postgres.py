"""The main job and its faults on a real PostgreSQL."""
import json
import os
import signal
import socket
import threading

from harness import FleetCase, Postgres, PostgresCase, free_port, main, press, wait_until


class MainJob(PostgresCase):
    def test_a_mixed_fleet_reaches_head(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;")
        self.fleet.revision(
            "bbbb2222", "-- migrate:up\nCREATE TABLE b (id INTEGER PRIMARY KEY);\n"
            "-- migrate:up dialect:postgresql\nCREATE TABLE b (id bigint PRIMARY KEY, at timestamptz);\n",
            "DROP TABLE b;")
        self.fleet.inventory([*self.pg.create("m1", "m2"), self.fleet.sqlite("lite")])
        result = self.run_json("upgrade")
        self.assertEqual(result.report["totals"]["succeeded"], 3)
        for name in ("m1", "m2"):
            self.assertEqual(self.pg.versions(name), ["bbbb2222"])
            self.assertEqual(self.pg.tables(name), {"a", "b"})
        columns = self.pg.sql("m1", "SELECT count(*) FROM information_schema.columns WHERE table_name = 'b'")
        self.assertEqual(columns, [["2"]])
        self.assertEqual(self.run_json("upgrade").report["totals"]["unchanged"], 3)
        self.run_ok("downgrade", "base")
        self.assertEqual(self.pg.tables("m1"), set())

    def test_many_tenants_at_once(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);")
        names = [f"many{i}" for i in range(30)]
        self.fleet.inventory(self.pg.create(*names), rollout={"parallel": 16, "per_server": 16})
        self.assertEqual(self.run_json("upgrade").report["totals"]["succeeded"], 30)

    def test_the_version_table_is_alembics(self):
        self.fleet.revision("aaaa1111", "SELECT 1;")
        self.fleet.inventory(self.pg.create("shape"))
        self.run_ok("upgrade")
        shape = self.pg.sql("shape", "SELECT column_name, data_type, character_maximum_length, is_nullable "
                            "FROM information_schema.columns WHERE table_name = 'alembic_version'")
        self.assertEqual(shape, [["version_num", "character varying", "32", "NO"]])
        names = self.pg.sql("shape", "SELECT conname FROM pg_constraint WHERE conrelid = "
                            "'alembic_version'::regclass AND contype = 'p'")
        self.assertEqual(names, [["alembic_version_pkc"]])

    def test_schemas_of_one_database_share_connections(self):
        self.pg.create("shared")
        for schema in ("s1", 's"2', "s3"):
            quoted = schema.replace('"', '""')
            self.pg.sql("shared", f'CREATE SCHEMA "{quoted}"')
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
        self.fleet.inventory([{"name": n, "url": self.pg.url("shared"), "schema": s}
                              for n, s in (("t1", "s1"), ("t2", 's"2'), ("t3", "s3"))])
        self.pg.sql("postgres", "SELECT pg_stat_reset()")
        result = self.run_json("upgrade", "--parallel", "1")
        self.assertEqual(result.report["totals"]["succeeded"], 3)
        for schema in ("s1", 's"2', "s3"):
            quoted = schema.replace('"', '""')
            self.assertEqual(self.pg.sql("shared", f'SELECT * FROM "{quoted}".a'), [["1"]])
            self.assertEqual(self.pg.sql("shared", f'SELECT version_num FROM "{quoted}".alembic_version'),
                             [["aaaa1111"]])
        self.assertEqual(self.pg.tables("shared"), set())

    def test_a_missing_schema_is_an_error_unless_it_may_be_made(self):
        self.pg.create("noschema")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        tenant = {"name": "t", "url": self.pg.url("noschema"), "schema": "later"}
        self.fleet.inventory([tenant])
        self.assertEqual(self.run_json("upgrade", code=1).tenant("t")["error"]["class"], "config")
        self.fleet.inventory([{**tenant, "create": "true"}])
        self.run_ok("upgrade")
        self.assertEqual(self.pg.tables("noschema", "later"), {"a"})

    def test_create_makes_the_database(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("brand-new"), "create": "true"},
                              {"name": "u", "url": self.pg.url("not-there")}])
        self.assertEqual(self.run_json("current", "--tenant", "t").tenant("t")["from"], [])
        self.run_ok("history", "-i", "--tenant", "t")
        plan = self.run_json("plan", code=1)
        self.assertEqual(len(plan.tenant("t")["steps"]), 1)
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        self.assertEqual(result.tenant("t")["state"], "succeeded")
        self.assertEqual(result.tenant("u")["error"]["code"], "3D000")
        self.assertEqual(self.pg.versions("brand-new"), ["aaaa1111"])

    def test_create_index_concurrently(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\n"
                            "CREATE INDEX CONCURRENTLY a_id ON a (id);\nVACUUM a;\n")
        self.fleet.inventory(self.pg.create("cic"))
        self.run_ok("upgrade")
        rows = self.pg.sql("cic", "SELECT revision, statements, state FROM skein_history ORDER BY id")
        self.assertEqual(rows, [["aaaa1111", "1", "applied"], ["bbbb2222", "2", "applied"]])

    def test_what_a_revision_sets_does_not_reach_the_next(self):
        self.fleet.revision("aaaa1111", "SELECT pg_catalog.set_config('search_path', '', false);\n"
                                        "CREATE TABLE public.a (id int);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id int);")
        self.fleet.inventory(self.pg.create("dumped"))
        self.run_ok("upgrade")
        self.assertEqual(self.pg.tables("dumped"), {"a", "b"})

    def test_nor_does_a_role_or_a_timeout(self):
        self.pg.create("roled")
        self.pg.sql("roled", "CREATE ROLE maker; GRANT ALL ON SCHEMA public TO maker")
        self.fleet.revision("aaaa1111", "SET ROLE maker; SET lock_timeout = 0; SET statement_timeout = '1h';\n"
                                        "CREATE TABLE a (id int);")
        self.fleet.revision("bbbb2222", "SET SESSION AUTHORIZATION maker;\nCREATE TABLE b (id int);")
        self.fleet.revision("cccc3333", "CREATE TABLE c AS SELECT current_user AS who, current_setting('lock_timeout') "
                                        "AS wait, current_setting('statement_timeout') AS most;")
        for mode in ("all", "each"):
            with self.subTest(mode=mode):
                self.fleet.inventory([{"name": "roled", "url": self.pg.url("roled")}],
                                     defaults={"transaction": mode, "lock_timeout": "7s"})
                self.run_ok("upgrade")
                self.assertEqual(self.pg.sql("roled", "TABLE c"), [["skein", "7s", "0"]])
                self.assertEqual(self.pg.sql("roled", "SELECT tableowner FROM pg_tables WHERE tablename IN ('a', 'b')"),
                                 [["maker"], ["maker"]])
                self.pg.sql("roled", "DROP TABLE a, b, c, alembic_version, skein_history")

    def test_a_revision_may_reset_what_it_has_set(self):
        self.pg.create("reset")
        self.fleet.revision("aaaa1111", "SET work_mem = '8MB';\nCREATE TABLE a (id int);\nRESET ALL")
        self.fleet.revision("bbbb2222", "CREATE TABLE b AS SELECT current_setting('lock_timeout') AS wait;")
        self.fleet.revision("cccc3333", "RESET ALL;\nSELECT 1 / 0;")
        self.fleet.inventory([{"name": "reset", "url": self.pg.url("reset"), "schema": "s", "create": "true"}],
                             defaults={"lock_timeout": "7s"})
        self.run_ok("upgrade", "bbbb2222")
        self.assertEqual(self.pg.sql("reset", "TABLE s.b"), [["7s"]])
        tenant = self.run_json("upgrade", code=1).tenant("reset")
        self.assertEqual((tenant["state"], tenant["error"]["line"]), ("failed", 8))

    def test_the_version_table_may_be_elsewhere_on_the_search_path(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.inventory(self.pg.create("elsewhere"))
        self.pg.sql("elsewhere", 'CREATE SCHEMA "Old Place"; CREATE TABLE "Old Place".alembic_version '
                    "(version_num varchar(32) PRIMARY KEY); "
                    "ALTER DATABASE elsewhere SET search_path = public, \"Old Place\"")
        for _ in range(2):
            self.run_ok("upgrade")
        self.assertEqual(self.pg.tables("elsewhere"), {"a"})
        self.assertEqual(self.pg.sql("elsewhere", 'SELECT version_num FROM "Old Place".alembic_version'),
                         [["aaaa1111"]])
        self.assertEqual(self.pg.sql("elsewhere", 'SELECT id, revision FROM "Old Place".skein_history'),
                         [["1", "aaaa1111"]])
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id int);")
        self.run_ok("upgrade")
        self.assertEqual(self.pg.sql("elsewhere", 'SELECT id, revision FROM "Old Place".skein_history ORDER BY 1'),
                         [["1", "aaaa1111"], ["2", "bbbb2222"]])

    def test_revisions_that_travel_together_are_timed_one_by_one(self):
        for id, sql in (("aaaa1111", "CREATE TABLE a (id int);"), ("bbbb2222", "SELECT pg_sleep(0.3);"),
                        ("cccc3333", "CREATE TABLE c (id int);")):
            self.fleet.revision(id, sql)
        self.fleet.inventory(self.pg.create("timed"))
        self.run_ok("upgrade")
        rows = self.pg.sql("timed", "SELECT revision, duration_ms BETWEEN 300 AND 5000, duration_ms > 0 FROM "
                           "skein_history ORDER BY id")
        self.assertEqual(rows, [["aaaa1111", "f", "t"], ["bbbb2222", "t", "t"], ["cccc3333", "f", "t"]])

    def test_the_first_revision_is_what_the_activity_shows(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE shown_first (id int);")
        self.fleet.revision("bbbb2222", "SELECT pg_sleep(30);")
        self.fleet.inventory(self.pg.create("shown"), defaults={"statement_timeout": "2s", "retries": 0})
        run = self.fleet.start("upgrade")
        wait_until(lambda: self.pg.sql("postgres", "SELECT 1 FROM pg_stat_activity WHERE datname = 'shown' AND "
                                       "query LIKE '/* skein aaaa1111: CREATE TABLE shown_first%'"), what="the message")
        run.communicate(timeout=240)

    def test_no_revision_breaks_out_of_the_headline(self):
        self.fleet.revision("aaaa1111", "/* a /* b */ größer */ SELECT 1; -- */ DROP TABLE nosuch; /*\nSELECT '*/';\n")
        self.fleet.inventory(self.pg.create("headline"))
        self.run_ok("upgrade")

    def test_what_the_server_cannot_read_is_the_revisions(self):
        self.fleet.revision("0000aaaa", "-- nothing to do here")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (t text);\nINSERT INTO a VALUES ('日本');\n")
        self.pg.sql("postgres", "CREATE DATABASE latin TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'")
        self.fleet.inventory([{"name": "latin", "url": self.pg.url("latin")}])
        tenant = self.run_json("upgrade", code=1).tenant("latin")
        self.assertEqual((tenant["state"], tenant["error"]["code"]), ("failed", "22P05"))
        self.assertIn("aaaa1111", tenant["error"]["file"])
        self.assertEqual(self.pg.sql("latin", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), [["0"]])

    def test_what_the_server_cannot_convert_is_not_another_revisions(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (t text);")
        self.fleet.revision("bbbb2222", "INSERT INTO a VALUES ('größer');")
        self.fleet.revision("cccc3333", "INSERT INTO a VALUES ('→');")
        self.pg.sql("postgres", "CREATE DATABASE latin2 TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'")
        self.fleet.inventory([{"name": "latin2", "url": self.pg.url("latin2")}])
        error = self.run_json("upgrade", code=1).tenant("latin2")["error"]
        self.assertEqual((error["revision"], error["code"]), ("cccc3333", "22P05"))
        self.assertIn("cccc3333", error["file"])

    def test_settings_of_the_parser_end_with_their_revision(self):
        self.fleet.revision("aaaa1111", "SET standard_conforming_strings = off;\nCREATE TABLE a (t text);")
        self.fleet.revision("bbbb2222", "INSERT INTO a VALUES ('a\\\\b');")
        self.fleet.inventory(self.pg.create("parsed"))
        self.run_ok("upgrade")
        self.assertEqual(self.pg.sql("parsed", "SELECT t FROM a"), [["a\\\\b"]])

    def test_a_revision_may_deallocate_everything(self):
        self.fleet.revision("aaaa1111", "PREPARE mine AS SELECT 1;\nDEALLOCATE ALL;\nCREATE TABLE a (id int);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id int);")
        self.fleet.revision("cccc3333", "-- migrate:up transaction:false\nDEALLOCATE ALL;\n")
        self.fleet.revision("dddd4444", "CREATE TABLE d (id int);")
        self.fleet.inventory(self.pg.create("dealt"))
        for target in ("bbbb2222", "head"):
            self.run_ok("upgrade", target)
        self.assertEqual(self.pg.tables("dealt"), {"a", "b", "d"})

    def test_query_sources(self):
        self.pg.create("control", "found1", "found2")
        self.pg.sql("control", "CREATE TABLE tenants (name text, url text, region text)")
        for name in ("found1", "found2"):
            self.pg.sql("control", f"INSERT INTO tenants VALUES ('{name}', '{self.pg.url(name)}', 'eu')")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.write("skein.yaml", "sources:\n  - query: SELECT name, url, region FROM tenants\n"
                         f"    url: {self.pg.url('control')}\n")
        result = self.run_json("upgrade", "--select", "region in (eu)")
        self.assertEqual(result.report["totals"]["succeeded"], 2)

    def test_a_query_source_only_reads_and_has_limits(self):
        self.pg.create("reading")
        self.pg.sql("reading", "CREATE TABLE tenants (name text, url text); CREATE SEQUENCE s; CREATE FUNCTION evil() "
                               "RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM tenants; RETURN 'x'; END $$;"
                               f"INSERT INTO tenants VALUES ('t', '{self.pg.url('reading')}')")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        begins = "it must begin with SELECT, WITH, VALUES or TABLE"
        made = os.path.join(self.pg.dir, "made")
        for query, why in (("WITH d AS (DELETE FROM tenants RETURNING *) TABLE d", "read-only"),
                           ("DELETE FROM tenants RETURNING *", begins), ("SET TRANSACTION READ WRITE", begins),
                           (f"/* x */ COPY tenants TO PROGRAM 'touch {made}'", begins), ("BEGIN READ WRITE", begins),
                           ("SELECT evil() AS name, url FROM tenants", "read-only"),
                           ("SELECT 1 AS name, 2 AS url INTO made", "read-only"),
                           ("COMMIT; DROP TABLE tenants", "it must be one statement, not 2"),
                           ("SELECT pg_sleep(30)::text AS name, url FROM tenants", "statement timeout"),
                           ("SELECT 't' || i AS name, 'postgresql://h/d' || i AS url FROM generate_series(1, 300000) i",
                            "more than 250000 rows"),
                           ("SELECT repeat('x', 1000000) AS name, 'x' AS url FROM generate_series(1, 200)",
                            "more than 64 MiB")):
            with self.subTest(query):
                timeout = "300ms" if "sleep" in query else "20s"
                self.fleet.inventory([], sources=[{"query": query, "url": self.pg.url("reading"),
                                                   "statement_timeout": timeout}])
                self.assertIn(why, self.run_ok("tenants", code=2).err)
        self.assertEqual(self.pg.sql("reading", "SELECT count(*) FROM tenants"), [["1"]])
        self.assertFalse(os.path.exists(made))
        for query in ("TABLE tenants", "(/* y */(select * from tenants))"):
            self.fleet.inventory([], sources=[{"query": query, "url": self.pg.url("reading")}])
            self.run_ok("upgrade")


class Failure(PostgresCase):
    def test_place_of_an_error(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);\n"
                                        "-- ünïcödé before the error\n"
                                        "INSERT INTO a VALUES (1),\n  (nope);\n")
        self.fleet.revision("bbbb2222", "SELECT 1;")
        self.fleet.inventory(self.pg.create("place"))
        error = self.run_json("upgrade", code=1).tenant("place")["error"]
        self.assertEqual((error["class"], error["code"], error["line"]), ("sql", "42703", 10))
        self.assertEqual(error["statement"], "(nope);")
        self.assertEqual(self.pg.tables("place"), set())

    def test_place_of_an_error_behind_other_revisions(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE größe (id int);\nINSERT INTO größe VALUES (1), (1);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id int);")
        for number, (sql, code, line, statement) in enumerate((
                ("SELECT 1;\nINSERT INTO b VALUES (1),\n  (nope);", "42703", 9, "(nope);"),
                ("SELECT 1;\nCREATE UNIQUE INDEX u ON größe (id);", "23505", 8,
                 "CREATE UNIQUE INDEX u ON größe (id);"))):
            with self.subTest(code=code):
                self.fleet.revision("cccc3333", sql, revises="bbbb2222")
                self.fleet.inventory(self.pg.create(f"behind{number}"))
                error = self.run_json("upgrade", code=1).tenant(f"behind{number}")["error"]
                self.assertEqual((error["revision"], error["code"], error["line"], error["statement"]),
                                 ("cccc3333", code, line, statement))
                self.assertEqual(self.pg.tables(f"behind{number}"), set())

    def test_place_of_an_error_in_any_encoding(self):
        self.fleet.revision("aaaa1111", f"SELECT '{'ü' * 300}';")
        self.fleet.revision("bbbb2222", "SELECT 'ß';\nSELECT nope;\n")
        self.fleet.revision("cccc3333", "SELECT 1;\n" * 100)
        for encoding in ("LATIN1", "SQL_ASCII"):  # the second counts bytes
            with self.subTest(encoding=encoding):
                name = f"place_{encoding}"
                self.pg.sql("postgres", f"CREATE DATABASE \"{name}\" TEMPLATE template0 LOCALE 'C' ENCODING '{encoding}'")
                self.fleet.inventory([{"name": name, "url": self.pg.url(name)}])
                error = self.run_json("upgrade", code=1).tenant(name)["error"]
                self.assertEqual((error["revision"], error["line"], error["statement"]), ("bbbb2222", 8, "SELECT nope;"))

    def test_place_of_an_error_in_another_text(self):
        """The server tells where it is in what was prepared, in whatever message that was."""
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);\nPREPARE p AS SELECT * FROM a;")
        self.fleet.revision("bbbb2222", "SELECT 1;\nDROP TABLE a;\nEXECUTE p;\nSELECT 2;\n\nSELECT 3;")
        self.fleet.revision("cccc3333", "SELECT 1;")
        self.fleet.inventory(self.pg.create("prepared"))
        error = self.run_json("upgrade", code=1).tenant("prepared")["error"]
        self.assertEqual((error["revision"], error["line"], error["statement"]), ("bbbb2222", 9, "EXECUTE p;"))

    def test_place_of_an_error_at_run_time(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1), (1);\n\n"
                                        "CREATE UNIQUE INDEX u ON a (id);\n")
        self.fleet.inventory(self.pg.create("runtime"))
        error = self.run_json("upgrade", code=1).tenant("runtime")["error"]
        self.assertEqual((error["code"], error["line"]), ("23505", 10))

    def test_a_revision_that_takes_the_transaction_for_its_own_is_told(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id int);\nSET LOCAL skein.tx = 'mine'\n-- the end")
        self.fleet.revision("cccc3333", "CREATE TABLE c (id int);")
        self.fleet.inventory(self.pg.create("taken"))
        tenant = self.run_json("upgrade", code=4).tenant("taken")
        self.assertEqual(tenant["state"], "partial")
        self.assertEqual(tenant["error"]["revision"], "bbbb2222")
        self.assertIn("ended skein's transaction itself", tenant["error"]["message"])
        self.assertEqual(self.pg.tables("taken"), set())

    def test_transaction_false_is_advised_where_it_is_needed(self):
        self.fleet.revision("aaaa1111", "VACUUM;")
        self.fleet.inventory(self.pg.create("advice"))
        error = self.run_json("upgrade", code=1).tenant("advice")["error"]
        self.assertIn("transaction:false", error["message"])

    def test_lock_timeout_gives_way_and_is_retried(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.revision("bbbb2222", "ALTER TABLE a ADD COLUMN n int;")
        self.fleet.inventory(self.pg.create("locked"), defaults={"lock_timeout": "200ms", "retries": 1})
        self.run_ok("upgrade", "+1")
        with self.pg.session("locked", "BEGIN; LOCK TABLE a;"):
            tenant = self.run_json("upgrade", code=1).tenant("locked")
        self.assertEqual((tenant["error"]["class"], tenant["error"]["code"], tenant["attempts"]),
                         ("lock", "55P03", 2))
        self.run_ok("upgrade")

    def make_locked(self, database, **defaults):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.revision("bbbb2222", "ALTER TABLE a ADD COLUMN n int;")
        self.fleet.inventory(self.pg.create(database), defaults={"lock_timeout": "1s", "retries": 0,
                                                                 **defaults})
        self.run_ok("upgrade", "+1")

    def pid_of(self, database, application):
        return self.pg.sql(database, "SELECT pid FROM pg_stat_activity WHERE application_name = "
                                     f"'{application}' AND datname = '{database}'")[0][0]

    def test_a_lock_timeout_names_who_blocks(self):
        self.make_locked("blocked", retries=1)
        holder = "SET application_name = 'report'; BEGIN; LOCK TABLE a;\nSELECT 'hunter2'  AS\n\tx, 1;"
        with self.pg.session("blocked", holder):
            pid = self.pid_of("blocked", "report")
            tenant = self.run_json("upgrade", code=1).tenant("blocked")
        self.assertRegex(tenant["error"]["message"],
                         rf"; blocked by process {pid} \(user skein, 'report', "
                         r"idle in transaction for \d+ s: SELECT '\.\.\.' AS x, 1;\)$")
        self.assertEqual((tenant["error"]["code"], tenant["attempts"]), ("55P03", 2))

    def test_who_blocks_is_told_in_any_encoding(self):
        self.make_locked("utf8")
        for encoding in ("LATIN1", "SQL_ASCII"):
            self.pg.sql("postgres", f"CREATE DATABASE {encoding} TEMPLATE template0 LOCALE 'C' "
                                    f"ENCODING '{encoding}'")
        self.fleet.inventory([{"name": n, "url": self.pg.url(n)} for n in ("latin1", "sql_ascii")],
                             defaults={"lock_timeout": "1s", "retries": 0},
                             rollout={"on_failure": "continue"})
        self.run_ok("upgrade", "+1")
        query = f"BEGIN; LOCK TABLE a;\nSELECT 1 AS {'x' * 47}\u00e9;"  # cut within, where bytes are counted
        with self.pg.session("latin1", query), self.pg.session("sql_ascii", query):
            report = self.run_json("upgrade", code=1)
        for name in ("latin1", "sql_ascii"):
            self.assertRegex(report.tenant(name)["error"]["message"],
                             r"blocked by process \d+ \(user skein, 'psql', .*: SELECT 1 AS x{47}")

    def test_who_blocks_is_asked_by_one_connection(self):
        self.make_locked("onemore", lock_timeout="2s")
        # the statement before the one that waits takes time too: by then one look has found nobody
        self.fleet.revision("cccc3333", "SELECT pg_sleep(1.5); ALTER TABLE a ADD COLUMN o int;")
        self.run_ok("upgrade", "+1")
        count = ("SELECT count(*) INTO n FROM pg_stat_activity WHERE application_name = 'skein' AND "
                 "datname = 'onemore'")
        with self.pg.session("onemore", "BEGIN; LOCK TABLE a;"):
            run = self.fleet.start("upgrade", "-o", "json")
            most = self.pg.sql("postgres", f"""CREATE TEMP TABLE seen (n int); DO $$
                DECLARE n int; BEGIN FOR i IN 1..3000 LOOP
                PERFORM pg_stat_clear_snapshot(), pg_sleep(0.001); {count}; INSERT INTO seen VALUES (n);
                END LOOP; END $$; SELECT max(n) FROM seen""")
            out, err = run.communicate(timeout=240)
        self.assertEqual((run.returncode, most), (1, [["2"]]), err)
        self.assertIn("; blocked by process", json.loads(out)["tenants"][0]["error"]["message"])

    def test_a_server_without_room_for_the_question_changes_nothing(self):
        self.make_locked("narrow")
        self.pg.sql("narrow", "CREATE ROLE narrow LOGIN CONNECTION LIMIT 1; GRANT ALL ON SCHEMA public TO "
                              "narrow; ALTER TABLE a OWNER TO narrow; GRANT ALL ON alembic_version, "
                              "skein_history TO narrow")
        self.fleet.inventory([{"name": "narrow", "url": self.pg.url("narrow", user="narrow")}],
                             defaults={"lock_timeout": "1s", "retries": 0})
        with self.pg.session("narrow", "BEGIN; LOCK TABLE a;"):
            error = self.run_json("upgrade", code=1).tenant("narrow")["error"]
        self.assertEqual((error["code"], error["message"]),
                         ("55P03", "canceling statement due to lock timeout"))
        self.run_ok("upgrade")

    def test_a_role_that_may_not_see_the_query_still_learns_who(self):
        self.make_locked("curious")
        self.pg.sql("curious", "CREATE ROLE curious LOGIN; GRANT ALL ON SCHEMA public TO curious; ALTER TABLE "
                               "a OWNER TO curious; GRANT ALL ON alembic_version, skein_history TO curious")
        self.fleet.inventory([{"name": "curious", "url": self.pg.url("curious", user="curious")}],
                             defaults={"lock_timeout": "1s", "retries": 0})
        with self.pg.session("curious", "SET application_name = 'other'; BEGIN; LOCK TABLE a;"):
            pid = self.pid_of("curious", "other")
            error = self.run_json("upgrade", code=1).tenant("curious")["error"]
        self.assertTrue(error["message"].endswith(
            f"; blocked by process {pid} (user skein, 'other': <insufficient privilege>)"), error)

    def test_statement_timeout(self):
        self.fleet.revision("aaaa1111", "SELECT pg_sleep(30);")
        self.fleet.inventory(self.pg.create("slow"), defaults={"statement_timeout": "200ms"})
        error = self.run_json("upgrade", code=1).tenant("slow")["error"]
        self.assertEqual((error["class"], error["code"]), ("timeout", "57014"))

    def test_a_roles_own_timeouts_do_not_apply(self):
        self.pg.create("roles")
        self.pg.sql("postgres", "CREATE ROLE hurried LOGIN; GRANT ALL ON DATABASE roles TO hurried; "
                                "ALTER ROLE hurried SET statement_timeout = '100ms'; "
                                "ALTER ROLE hurried SET idle_in_transaction_session_timeout = '100ms'")
        self.pg.sql("roles", "GRANT ALL ON SCHEMA public TO hurried")
        self.fleet.revision("aaaa1111", "SELECT pg_sleep(0.4); CREATE TABLE a (id int);")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("roles", "hurried")}])
        self.run_ok("upgrade")

    def test_the_session_is_terminated(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); SELECT pg_sleep(1);")
        self.fleet.inventory(self.pg.create("killed"))
        process = self.fleet.start("upgrade", "-o", "json")
        sleeping = ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'killed' "
                    "AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
        wait_until(lambda: self.pg.sql("postgres", sleeping), what="the backend")
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(json.loads(out)["tenants"][0]["attempts"], 2)
        self.assertEqual(self.pg.tables("killed"), {"a"})

    def test_a_crash_of_the_server(self):
        pg = Postgres()
        self.addCleanup(pg.close)
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); SELECT pg_sleep(2);")
        self.fleet.inventory(pg.create("crash"), defaults={"retries": 8})
        process = self.fleet.start("upgrade", "-o", "json")
        wait_until(lambda: pg.sql("postgres", "SELECT 1 FROM pg_stat_activity WHERE datname = 'crash' "
                                  "AND query LIKE '%pg_sleep%'"), what="the backend")
        pg.stop("immediate")
        pg.start()
        out, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(pg.versions("crash"), ["aaaa1111"])

    def test_cancelling_stops_the_server_too(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); SELECT pg_sleep(600);")
        self.fleet.inventory(self.pg.create("cancel"))
        process = self.fleet.start("upgrade")
        active = ("SELECT 1 FROM pg_stat_activity WHERE datname = 'cancel' AND "
                  "query LIKE '%pg_sleep%' AND state = 'active'")
        wait_until(lambda: self.pg.sql("postgres", active), what="the backend")
        press(process, number=signal.SIGTERM)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 143)
        wait_until(lambda: not self.pg.sql("postgres", active), what="the end of the backend")
        self.assertEqual(self.pg.tables("cancel"), set())

    def test_a_hung_server_costs_only_its_tenant(self):
        """Alive, but it says nothing: keepalives cannot tell, only a deadline of ours."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        hung = {"name": "hung", "url": f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x",
                "connect_timeout": "500ms", "retries": 0}
        self.fleet.inventory([hung, *self.pg.create("fine")])
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        self.assertEqual(result.tenant("hung")["error"]["class"], "timeout")
        self.assertEqual(result.tenant("fine")["state"], "succeeded")
        self.assertLess(result.tenant("fine")["duration_ms"], 450)

    def test_a_backend_that_hangs_ends_at_the_deadline(self):
        self.fleet.revision("aaaa1111", "SELECT pg_sleep(3);")
        self.fleet.inventory(self.pg.create("stopped"),
                             defaults={"statement_timeout": "500ms", "retries": 0})
        process = self.fleet.start("upgrade", "-o", "json")
        pid = int(wait_until(lambda: self.pg.sql(
            "postgres", "SELECT pid FROM pg_stat_activity WHERE datname = 'stopped' AND "
            "query LIKE '%pg_sleep%'"), what="the backend")[0][0])
        os.kill(pid, signal.SIGSTOP)
        try:
            out, _ = process.communicate(timeout=40)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(json.loads(out)["tenants"][0]["error"]["class"], "timeout")

    def test_nobody_listens(self):
        self.fleet.revision("aaaa1111", "SELECT 1;")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("x", port=free_port()), "retries": 1}])
        tenant = self.run_json("upgrade", code=1).tenant("t")
        self.assertEqual((tenant["error"]["class"], tenant["attempts"]), ("connect", 2))

    def test_an_unknown_host_costs_only_its_tenant(self):
        self.fleet.revision("aaaa1111", "SELECT 1;")
        self.fleet.inventory([{"name": "t", "url": "postgresql://u@no-such-host.invalid/x", "retries": 0},
                              *self.pg.create("known")])
        result = self.run_json("upgrade", "--on-failure", "continue", code=1)
        self.assertIn("no-such-host.invalid", result.tenant("t")["error"]["message"])
        self.assertEqual(result.tenant("known")["state"], "succeeded")

    def answered(self, answer_with):
        """The tenant of a server that answers with these bytes, and hangs up."""
        listener = socket.create_server(("127.0.0.1", 0))

        def answer():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                peer.recv(100)
                peer.sendall(answer_with)
                peer.close()
        threading.Thread(target=answer, daemon=True).start()
        self.addCleanup(listener.close)
        self.fleet.revision("aaaa1111", "SELECT 1;")
        url = f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=disable"
        self.fleet.inventory([{"name": "t", "url": url, "retries": 0}])
        return self.run_json("upgrade", code=1).tenant("t")

    def test_garbage_from_a_server(self):
        self.assertEqual(self.answered(b"E\x7f\xff\xff\xff" + os.urandom(4096))["state"], "failed")

    def test_a_server_without_a_word(self):
        fields = b"SFATAL\0C57P03\0M\0\0"
        error = self.answered(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)["error"]
        self.assertEqual((error["class"], error["message"]), ("connect", "the connection was lost"))

    def test_a_flood_of_notices(self):
        self.fleet.revision("aaaa1111", "DO $$ BEGIN FOR i IN 1..20000 LOOP RAISE WARNING '%', "
                                        "repeat('x', 200); END LOOP; END $$;\n"
                                        "SELECT * FROM generate_series(1, 200000);")
        self.fleet.inventory(self.pg.create("flood"))
        self.assertNotIn("xxxx", self.run_ok("upgrade").err)

    def test_copy_does_not_hang(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);\nCOPY a FROM STDIN;")
        self.fleet.inventory(self.pg.create("copyin"))
        self.assertRegex(self.run_ok("upgrade", code=2).err, r"aaaa1111\S*\.sql:\d+: 'COPY … FROM STDIN' .*INSERT")
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); INSERT INTO a SELECT generate_series(1, "
                                        "100000); COPY a TO STDOUT;")
        self.run_ok("upgrade")

    def test_syntax_that_this_server_does_not_know(self):
        self.fleet.revision("aaaa1111", "CREATE FUNCTION f() RETURNS int LANGUAGE sql\n"
                                        "BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; END;\n\n"
                                        "SELECT 1 FROM JSON_ARRAY(1 RETURNING jsonb);\n")
        self.fleet.inventory(self.pg.create("newer"))
        error = self.run_json("upgrade", code=1).tenant("newer")["error"]
        self.assertEqual((error["class"], error["code"], error["statement"]),
                         ("sql", "42601", "SELECT 1 FROM JSON_ARRAY(1 RETURNING jsonb);"))
        self.assertIn("RETURNING", error["message"])

    def test_what_only_psql_knows(self):
        self.fleet.inventory(self.pg.create("psql"))
        for sql, line, word in (("\\restrict key\n", 0, "restrict"), ("SELECT 0x1F;\n\\i other's.sql\n", 1, "i"),
                                ("\nCREATE TABLE a ();\n\\connect x\n", 2, "connect")):
            self.fleet.last = ""
            path = self.fleet.revision("aaaa1111", sql)
            with open(path) as file:
                first = file.read().split("-- migrate:up")[0].count("\n") + 2
            self.assertIn(f":{first + line}: '\\{word}' is a command of psql", self.run_ok("upgrade", code=2).err)

    def test_max_connections(self):
        pg = Postgres("max_connections=8", "superuser_reserved_connections=1")
        self.addCleanup(pg.close)
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); SELECT pg_sleep(0.05);")
        self.fleet.inventory(pg.create(*[f"c{i}" for i in range(30)]),
                             rollout={"parallel": 30, "per_server": 30})
        self.assertEqual(self.run_json("upgrade", timeout=120).report["totals"]["succeeded"], 30)

    def test_a_standby_is_refused(self):
        self.pg.create("readonly")
        self.pg.sql("postgres", "ALTER DATABASE readonly SET default_transaction_read_only = on")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.inventory([{"name": "t", "url": self.pg.url("readonly"), "retries": 0}])
        self.assertIn("read-only", self.run_json("upgrade", code=1).tenant("t")["error"]["message"])


class Verify(PostgresCase):
    def test_a_row_or_nothing_stays(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n int);\n-- verify: SELECT 1 FROM pg_class WHERE relname = 'a'\n")
        self.fleet.revision("bbbb2222", "INSERT INTO a VALUES (1);\n-- verify: SELECT n FROM a WHERE n > 1\n")
        self.fleet.inventory(self.pg.create("verify"), defaults={"transaction": "each"})
        error = self.run_json("upgrade", code=1).tenant("verify")["error"]
        self.assertEqual((error["revision"], error["line"]), ("bbbb2222", 8))
        self.assertEqual(self.pg.versions("verify"), ["aaaa1111"])
        self.assertEqual(self.pg.sql("verify", "SELECT count(*) FROM a"), [["0"]])


class InDoubt(PostgresCase):
    """What the catalog says of a statement that was under way when skein died."""

    def leave(self, name, statement, took_effect, before=""):
        self.pg.create(name)
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n int, t text); INSERT INTO a VALUES (1, 'x'), (1, 'y');"
                            "CREATE TYPE mood AS ENUM ('sad');")
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nCREATE TABLE fx (n int);\n"
                            f"{statement};\nINSERT INTO fx VALUES (3);\n")
        self.fleet.inventory([{"name": name, "url": self.pg.url(name)}])
        self.run_ok("upgrade", "aaaa1111")
        self.pg.sql(name, "CREATE TABLE fx (n int); INSERT INTO skein_history (id, run_id, revision, direction, checksum, "
                    "statements, duration_ms, applied_at, state) VALUES (2, 'dead', 'bbbb2222', 'up', '', 1, 0, now(), "
                    "'running');" + before)
        if took_effect:
            self.pg.sql(name, statement)

    def test_the_catalog_decides(self):
        statements = ("CREATE INDEX CONCURRENTLY ix ON a (n, lower(t)) WHERE n > 0", "CREATE INDEX ix ON public.a USING btree (t)",
                      "ALTER TYPE mood ADD VALUE 'glad'", "CREATE TABLE b (x serial, y varchar(10)[], CHECK (x > 0))",
                      "ALTER TABLE a ADD COLUMN m timestamptz", "ALTER TABLE a DROP COLUMN t", "DROP TABLE a", "VACUUM a",
                      "DROP INDEX CONCURRENTLY IF EXISTS gone")
        for i, statement in enumerate(statements):
            for took_effect in (False, True):
                with self.subTest(statement=statement, took_effect=took_effect):
                    name = f"doubt{i}{took_effect:d}"
                    self.leave(name, statement, took_effect)
                    self.run_json("upgrade")
                    self.assertEqual(self.pg.sql(name, "SELECT n FROM fx"), [["3"]])
                    self.assertEqual(self.pg.versions(name), ["bbbb2222"])

    def test_what_was_set_before_it_holds_for_what_goes_on(self):
        self.pg.create("setup")
        self.pg.sql("setup", "CREATE SCHEMA x; CREATE TABLE b (n int)")
        self.fleet.revision("aaaa1111", "-- migrate:up transaction:false\nSET search_path TO x;\nCREATE TABLE a (n int);\n"
                            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_tables WHERE tablename = 'up') THEN RAISE "
                            "EXCEPTION 'no'; END IF; END $$;\nCREATE TABLE b (n int);\nCREATE TABLE c (n int);\n")
        self.fleet.inventory([{"name": "setup", "url": self.pg.url("setup")}])
        self.run_json("upgrade", code=4)
        self.pg.sql("setup", "CREATE TABLE up ()")
        # and as if it had died in the next one: there is another table of that name
        self.pg.sql("setup", "UPDATE skein_history SET statements = 3, state = 'running', checksum = ''")
        self.run_json("upgrade")
        self.assertEqual(self.pg.tables("setup", "x"), {"a", "b", "c"})

    def test_an_invalid_index_of_ours_is_rebuilt(self):
        self.leave("invalid", "CREATE UNIQUE INDEX CONCURRENTLY ix ON a (n)", False)
        done = self.pg.psql("invalid", "-c", "CREATE UNIQUE INDEX CONCURRENTLY ix ON a (n)")
        self.assertNotEqual(done.returncode, 0)  # two rows are equal: it stays behind, invalid
        self.assertEqual(self.pg.sql("invalid", "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass"), [["f"]])
        self.pg.sql("invalid", "DELETE FROM a WHERE t = 'y'")
        self.run_json("upgrade")
        self.assertEqual(self.pg.sql("invalid", "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix'::regclass"), [["t"]])

    def test_another_definition_is_no_proof(self):
        for i, (statement, other) in enumerate((("CREATE INDEX ix ON a (n)", "CREATE INDEX ix ON a (t)"),
                                                ("CREATE TABLE b (x int)", "CREATE TABLE b (x text)"),
                                                ("ALTER TABLE a ADD COLUMN m int", "ALTER TABLE a ADD COLUMN m text"))):
            self.leave(f"other{i}", statement, False, before=other)
            tenant = self.run_json("upgrade", code=4).tenant(f"other{i}")
            self.assertEqual(tenant["state"], "partial", statement)
            self.run_json("resolve", f"other{i}", "--done")
            self.run_json("upgrade")


class TenantLock(PostgresCase):
    def test_two_runs_on_an_empty_database_apply_everything_once(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (rev text); INSERT INTO fx VALUES ('a');")
        self.fleet.revision("bbbb2222", "INSERT INTO fx VALUES ('b'); SELECT pg_sleep(0.05);")
        self.fleet.inventory(self.pg.create(*[f"race{i}" for i in range(6)]),
                             defaults={"transaction": "each", "lock_timeout": "20s"})
        runs = [self.fleet.start("upgrade", inventory=self.fleet.rival(name)) for name in "abc"]
        for run in runs:
            _, err = run.communicate(timeout=240)
            self.assertEqual(run.returncode, 0, err)
        for i in range(6):
            self.assertEqual(self.pg.sql(f"race{i}", "SELECT rev FROM fx ORDER BY 1"), [["a"], ["b"]])

    def test_who_holds_a_tenant_is_told(self):
        self.fleet.revision("aaaa1111", "SELECT pg_sleep(8);")
        self.fleet.inventory(self.pg.create("heldpg"), defaults={"lock_timeout": "300ms", "retries": 0})
        first = self.fleet.start("upgrade")
        held = ("SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND "
                "datname = 'heldpg' AND query LIKE '%SELECT pg_sleep%'")
        pid = wait_until(lambda: self.pg.sql("postgres", held), what="the first run's lock")[0][0]
        error = self.run_json("upgrade", code=1,
                              inventory=self.fleet.rival("second")).tenant("heldpg")["error"]
        self.assertRegex(error["message"], rf"^another run holds this tenant; held by process {pid} "
                                           r"\(user skein, 'skein', active for \d+ s: /\* skein aaaa1111: SELECT pg_sleep\(8\)")
        press(first)
        first.communicate(timeout=240)

    def test_a_concurrent_index_and_a_waiting_run_do_not_deadlock(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nSELECT pg_sleep(0.7);\n"
                            "CREATE INDEX CONCURRENTLY a_id ON a (id);\n")
        self.fleet.inventory(self.pg.create("cicrace"), defaults={"lock_timeout": "20s"})
        self.run_ok("upgrade", "+1")
        runs = [self.fleet.start("upgrade", inventory=self.fleet.rival(name)) for name in "ab"]
        for run in runs:
            _, err = run.communicate(timeout=240)
            self.assertEqual(run.returncode, 0, err)
        self.assertEqual(self.pg.sql("cicrace", "SELECT count(*) FROM pg_index WHERE NOT indisvalid"),
                         [["0"]])


SCRAM_HBA = ("local all skein trust\nhost all skein 127.0.0.1/32 trust\nhost closed all 127.0.0.1/32 reject\n"
             "host all all 127.0.0.1/32 scram-sha-256\n")


class Passwords(FleetCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = Postgres(auth="scram-sha-256", hba=SCRAM_HBA)
        cls.addClassCleanup(cls.pg.close)
        cls.pg.sql("postgres", "CREATE ROLE app LOGIN SUPERUSER PASSWORD 's3cr3t-Canary/@'")
        cls.pg.create(*[f"p{i}" for i in range(12)])

    def tenants(self, count=1, **keys):
        return [{"name": f"p{i}", "url": self.pg.url(f"p{i}", "app"), **keys} for i in range(count)]

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE IF NOT EXISTS a (id int);")

    def test_from_the_environment(self):
        self.fleet.inventory(self.tenants(password_env="APP_PW"))
        self.run_ok("current", env={"APP_PW": "s3cr3t-Canary/@"})
        self.assertIn("APP_PW", self.run_ok("current", code=2).err)

    def test_from_a_file(self):
        self.fleet.write("pw", "s3cr3t-Canary/@\n", 0o600)
        self.fleet.inventory(self.tenants(password_file="pw"))
        self.run_ok("current")
        os.chmod(self.fleet.path("pw"), 0o644)
        self.assertIn("600", self.run_ok("current", code=2).err)

    def test_from_a_command(self):
        self.fleet.write("pw", "s3cr3t-Canary/@\n", 0o600)
        self.fleet.inventory(self.tenants(12, password_command=["cat", self.fleet.path("pw")]))
        self.run_ok("current")
        for command in (["false"], ["true"], ["no-such-program"], ["sh", "-c", "echo s3cr3t-Canary; exit 3"]):
            self.fleet.inventory(self.tenants(password_command=command))
            result = self.run_ok("current", code=1)
            self.assertNotIn("s3cr3t", result.out + result.err)

    def test_a_command_that_fails_is_run_once(self):
        self.fleet.inventory(self.tenants(12, password_command=["sh", "-c", "echo x >>" + self.fleet.path("ran") + "; exit 3"]))
        result = self.run_json("current", code=1)
        self.assertEqual(result.report["totals"]["failed"], 1)
        self.assertEqual(result.report["totals"]["skipped"], 11)
        self.assertIn("failed for tenant 'p0'", result.tenant("p1")["error"]["message"])
        self.assertEqual(self.fleet.read("ran"), b"x\n")

    def test_from_pgpass(self):
        path = self.fleet.write("pgpass", "127.0.0.1:*:*:app:s3cr3t-Canary/@\n", 0o600)
        self.fleet.inventory(self.tenants())
        self.run_ok("current", env={"PGPASSFILE": path})

    def test_without_a_password_for_one_database(self):
        path = self.fleet.write("pgpass", "".join(
            f"127.0.0.1:*:p{i}:app:s3cr3t-Canary/@\n" for i in range(1, 4)), 0o600)
        self.fleet.inventory(self.tenants(4))
        result = self.run_json("upgrade", "--on-failure", "continue", code=1, env={"PGPASSFILE": path})
        self.assertEqual(result.report["totals"]["failed"], 1)
        self.assertEqual(result.report["totals"]["skipped"], 0)
        self.assertEqual(result.tenant("p0")["error"]["class"], "auth")

    def services(self, one, two):
        """Two tenants of one server, each with a user and a password out of pg_service.conf."""
        self.fleet.write("services", f"[one]\nuser=app\npassword={one}\n[two]\nuser=two\npassword={two}\n", 0o600)
        self.fleet.inventory([
            {"name": name, "url": f"postgresql://127.0.0.1:{self.pg.port}/{database}?service={name}"}
            for name, database in (("one", "p0"), ("two", "p1"))])
        return self.run_json("upgrade", "--on-failure", "continue", "--parallel", "1", code=1,
                             env={"PGSERVICEFILE": self.fleet.path("services")})

    def test_services_are_logins_of_their_own(self):
        self.pg.sql("postgres", "CREATE ROLE two LOGIN SUPERUSER PASSWORD 'an0ther-Canary'")
        refused = self.services("wrong", "an0ther-Canary")
        self.assertEqual(refused.report["totals"]["failed"], 1)
        self.assertEqual(refused.report["totals"]["skipped"], 0)
        self.fleet.revision("bbbb2222", "DO $$ BEGIN RAISE 's3cr3t-Canary/@ or an0ther-Canary'; END $$;")
        told = self.services("s3cr3t-Canary/@", "an0ther-Canary")
        self.assertEqual(told.report["totals"]["failed"], 2)
        self.assertIn("an0ther", told.tenant("one")["error"]["message"])
        self.assertNotIn("an0ther", told.tenant("two")["error"]["message"])

    def test_a_refused_login_is_tried_once(self):
        self.fleet.inventory(self.tenants(12, password_env="APP_PW"))
        before = self.log_count()
        result = self.run_json("upgrade", "--on-failure", "continue", code=1, env={"APP_PW": "wrong"})
        self.assertEqual(result.report["totals"]["failed"], 1)
        self.assertEqual(result.report["totals"]["skipped"], 11)
        self.assertEqual(result.tenant("p0")["error"]["class"], "auth")
        self.assertEqual(self.log_count() - before, 1)

    def test_a_database_that_is_closed_costs_only_its_tenant(self):
        self.fleet.inventory([{"name": "closed", "url": self.pg.url("closed", "app")}, *self.tenants(3)],
                             defaults={"password_env": "APP_PW"})
        result = self.run_json("upgrade", "--on-failure", "continue", code=1,
                               env={"APP_PW": "s3cr3t-Canary/@"})
        self.assertEqual(result.report["totals"]["failed"], 1)
        self.assertEqual(result.report["totals"]["skipped"], 0)
        error = result.tenant("closed")["error"]
        self.assertEqual((error["class"], error["code"]), ("connect", "28000"))
        self.assertIn("pg_hba.conf", error["message"])

    def log_count(self):
        with open(os.path.join(self.pg.dir, "log")) as file:
            return file.read().count('password authentication failed for user "app"')

    def test_the_canary_is_nowhere(self):
        url = f"postgresql://app:s3cr3t-Canary%2F%40@127.0.0.1:{self.pg.port}/"
        # 'plan -v' prints the SQL as the chain has it: only the server puts the password together
        self.fleet.revision("bbbb2222", "DO $$ BEGIN RAISE EXCEPTION 'it is %', 's3cr' || '3t-Can' || 'ary/@'; END $$;")
        self.fleet.inventory([{"name": "ok", "url": url + "p0"}, {"name": "no", "url": url + "gone"},
                              {"name": "down", "url": url.replace(str(self.pg.port), str(free_port())) + "x",
                               "retries": 0}])
        for command in ("tenants", "current", "plan", "upgrade"):
            for output in ("text", "json"):
                process = self.fleet.start(command, "-v", "-o", output, *(
                    ["--on-failure", "continue"] if command == "upgrade" else []))
                with open(f"/proc/{process.pid}/cmdline") as file:
                    title = file.read()
                out, err = process.communicate()
                for text in (out.decode(), err.decode(), title):
                    self.assertNotIn("s3cr3t", text)
                    self.assertNotIn("Canary", text)

    def test_a_broken_url_shows_nothing_of_itself(self):
        for url in ("postgresql://app:s3cr%zzet@h/db", "postgres://app:s3c/ret@h:5432/db",
                    "postgresql://app:p@s3cret@h/db"):
            self.fleet.inventory([{"name": "t", "url": url}])
            result = self.run_ok("tenants", code=2)
            for piece in ("s3c", "ret", "zzet"):
                self.assertNotIn(piece, result.err)


if __name__ == "__main__":
    main()
