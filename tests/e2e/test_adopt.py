"""Tenants that another tool brought to where they are: stamped by what its version table says."""
import contextlib
import re
import sqlite3

from harness import FleetCase, MariaDBCase, PostgresCase, main

# The tables as the tools make them, with the rows of a tenant that has the first two of three.
TABLES = {
    "dbmate": ("CREATE TABLE schema_migrations (version varchar(128) primary key);"
               "INSERT INTO schema_migrations VALUES ('1'), ('2');"),
    "golang-migrate": ("CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null);"
                       "INSERT INTO schema_migrations VALUES (2, false);"),
    "goose": ("CREATE TABLE goose_db_version (id integer PRIMARY KEY, version_id bigint NOT NULL, "
              "is_applied boolean NOT NULL, tstamp timestamp DEFAULT CURRENT_TIMESTAMP);"
              "INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (1, 0, true), (2, 1, true), "
              "(3, 2, true), (4, 3, true), (5, 3, false);"),
    "diesel": ("CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, "
               "run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);"
               "INSERT INTO __diesel_schema_migrations (version) VALUES ('1'), ('2');"),
    "flyway": ('CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL PRIMARY KEY, "version" VARCHAR(50), '
               '"description" VARCHAR(200), "type" VARCHAR(20) NOT NULL, "success" BOOLEAN NOT NULL);'
               "INSERT INTO flyway_schema_history VALUES (1, '1', 'a', 'SQL', true), (3, '2', 'b', 'SQL', true), "
               "(2, NULL, 'view', 'SQL', true);"),
}


class Adopting(FleetCase):
    def setUp(self):
        super().setUp()
        for number in "123":
            self.fleet.write(f"old/{number}_t{number}.up.sql", f"CREATE TABLE t{number} (id integer);")
            self.fleet.write(f"old/{number}_t{number}.down.sql", f"DROP TABLE t{number};")

    def import_old(self):
        self.run_ok("import", "golang-migrate", self.fleet.path("old"))

    def sqlite(self, name, sql):
        return self.fleet.sqlite(name, "CREATE TABLE t1 (id integer); CREATE TABLE t2 (id integer);" + sql)

    def change(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
            db.executescript(sql)

    def make(self, **tenants):
        self.fleet.inventory([self.sqlite(name, sql) for name, sql in tenants.items()])
        self.import_old()

    def test_every_tool_and_then_upgrade_goes_on(self):
        for tool, table in TABLES.items():
            with self.subTest(tool=tool):
                name = tool.replace("-", "_")
                self.fleet.inventory([self.sqlite(name, table)])
                self.import_old()
                tenant = self.run_json("adopt", "--from", tool).tenant(name)
                self.assertEqual((tenant["state"], tenant["from"], tenant["to"]), ("succeeded", [], ["2"]))
                self.assertEqual(self.fleet.versions(name), ["2"])
                steps = self.run_json("upgrade").tenant(name)["steps"]
                self.assertEqual([step["revision"] for step in steps], ["3"])
                self.assertLessEqual({"t1", "t2", "t3"}, self.fleet.tables(name))

    def test_dry_run_says_so_and_changes_nothing(self):
        self.make(a=TABLES["dbmate"])
        before = self.fleet.read("data/a.db")
        result = self.run_json("adopt", "--from", "dbmate", "--dry-run")
        self.assertTrue(result.report["run"]["dry_run"])
        self.assertEqual(result.tenant("a")["to"], ["2"])
        self.assertEqual(self.fleet.read("data/a.db"), before)

    def test_tenants_that_cannot_be_told_fail_and_are_not_touched(self):
        table = "CREATE TABLE schema_migrations (version bigint primary key, dirty boolean not null);"
        self.make(good=table + "INSERT INTO schema_migrations VALUES (1, 0)",
                  dirty=table + "INSERT INTO schema_migrations VALUES (2, 1)",
                  unknown=table + "INSERT INTO schema_migrations VALUES (9, 0)",
                  empty=table, none="")
        before = {name: self.fleet.read(f"data/{name}.db") for name in ("dirty", "unknown", "none")}
        result = self.run_json("adopt", "--from", "golang-migrate", "--on-failure", "continue", code=1)
        self.assertEqual(result.tenant("good")["to"], ["1"])
        self.assertEqual(result.tenant("empty")["state"], "unchanged")
        errors = {name: result.tenant(name)["error"] for name in before}
        self.assertIn("version '2' dirty", errors["dirty"]["message"])
        self.assertEqual(errors["unknown"]["class"], "chain")
        self.assertIn("applied '9', and the chain has no such revision", errors["unknown"]["message"])
        self.assertIn("reading golang-migrate's table 'schema_migrations'", errors["none"]["message"])
        for name, bytes_ in before.items():
            self.assertEqual(result.tenant(name)["state"], "failed")
            self.assertEqual(self.fleet.read(f"data/{name}.db"), bytes_)

    def test_a_hole_is_refused(self):
        self.make(a="CREATE TABLE schema_migrations (version varchar(128) primary key);"
                    "INSERT INTO schema_migrations VALUES ('1'), ('3')")
        error = self.run_json("adopt", "--from", "dbmate", code=1).tenant("a")["error"]
        self.assertIn("'3' but not '2', which it revises", error["message"])

    def test_twice_changes_nothing_and_never_goes_back(self):
        self.make(a=TABLES["dbmate"])
        self.run_ok("adopt", "--from", "dbmate")
        self.assertEqual(self.run_json("adopt", "--from", "dbmate").tenant("a")["state"], "unchanged")
        self.run_ok("upgrade")
        tenant = self.run_json("adopt", "--from", "dbmate").tenant("a")
        self.assertEqual((tenant["state"], tenant["to"]), ("unchanged", ["3"]))

    def test_adopting_again_does_not_vouch_for_changed_files(self):
        self.make(a=TABLES["dbmate"])
        self.run_ok("adopt", "--from", "dbmate")
        self.run_ok("upgrade")
        self.fleet.write("versions/3_t3.sql", self.fleet.read("versions/3_t3.sql") + b"-- more\n")
        self.assertEqual(self.run_json("adopt", "--from", "dbmate").tenant("a")["state"], "unchanged")
        self.assertEqual(self.run_json("upgrade", code=1).tenant("a")["error"]["class"], "drift")

    def test_follows_the_old_tool_where_that_went_on(self):
        self.make(a=TABLES["dbmate"])
        self.run_ok("adopt", "--from", "dbmate")
        self.change("a", "INSERT INTO schema_migrations VALUES ('3'); CREATE TABLE t3 (id integer)")
        self.assertEqual(self.run_json("adopt", "--from", "dbmate").tenant("a")["to"], ["3"])

    def test_two_tables_that_disagree_are_a_persons(self):
        self.make(a=TABLES["dbmate"])
        self.fleet.revision("other", "CREATE TABLE o (id);", revises="")
        self.run_ok("stamp", "--force", "other")
        error = self.run_json("adopt", "--from", "dbmate", code=1).tenant("a")["error"]
        self.assertEqual(error["class"], "drift")
        self.assertIn("'other' and dbmate's '2'", error["message"])
        self.assertEqual(self.fleet.versions("a"), ["other"])

    def test_another_table_s_name(self):
        self.make(a=TABLES["dbmate"].replace("schema_migrations", "applied"))
        self.run_ok("adopt", "--from", "dbmate", "--table", "applied")
        self.assertEqual(self.fleet.versions("a"), ["2"])

    def test_who_does_not_hold_what_the_chain_makes_is_not_adopted(self):
        self.make(a=TABLES["dbmate"], b=TABLES["dbmate"] + "DROP TABLE t2; CREATE TABLE t2 (id text); CREATE TABLE more (a)")
        says = self.run_ok("adopt", "--from", "dbmate", code=2).err
        self.assertIn("1 tenant (b) does not hold what the chain makes up to '2': ", says)
        self.assertIn("column t2.id: type is 'text' instead of 'integer'", says)
        self.assertNotIn("alembic_version", self.fleet.tables("a") | self.fleet.tables("b"))
        self.change("b", "DROP TABLE t2; CREATE TABLE t2 (id integer)")  # what is there besides does no harm
        self.run_ok("adopt", "--from", "dbmate")
        self.assertEqual(self.fleet.versions("a") + self.fleet.versions("b"), ["2"] * 2)

    def test_resume_and_rollback(self):
        self.make(a=TABLES["dbmate"], b=TABLES["dbmate"] + "INSERT INTO schema_migrations VALUES ('9')")
        self.run_ok("adopt", "--from", "dbmate", "--on-failure", "continue", code=1)
        self.change("b", "DELETE FROM schema_migrations WHERE version = '9'")
        result = self.run_json("resume")
        self.assertEqual(result.report["run"]["target"], "dbmate")
        self.assertEqual(self.fleet.versions("b"), ["2"])
        self.run_ok("rollback")
        self.assertEqual(self.fleet.versions("a") + self.fleet.versions("b"), [])
        self.assertEqual(self.fleet.tables("a"), {"t1", "t2", "schema_migrations"})

    def test_a_failure_takes_the_others_back_where_that_is_asked(self):
        self.make(a=TABLES["dbmate"], b=TABLES["dbmate"] + "INSERT INTO schema_migrations VALUES ('9')")
        result = self.run_json("adopt", "--from", "dbmate", "--on-failure", "rollback", "--parallel", "1", code=3)
        self.assertEqual(result.tenant("a")["state"], "rolled_back")
        self.assertEqual(self.fleet.versions("a"), [])

    def test_flyway_s_repeatables_run_once_more(self):
        self.fleet.write("fly/V1__a.sql", "CREATE TABLE t1 (id integer);")
        self.fleet.write("fly/V2__b.sql", "CREATE TABLE t2 (id integer);")
        self.fleet.write("fly/R__view.sql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 7 AS n;")
        self.fleet.inventory([self.sqlite("a", TABLES["flyway"] + "CREATE VIEW v AS SELECT 6 AS n;")])
        self.run_ok("import", "flyway", self.fleet.path("fly"))
        self.run_ok("adopt", "--from", "flyway")
        self.assertEqual(self.fleet.versions("a"), ["2"])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("a", "SELECT n FROM v"), [(7,)])

    def test_a_database_that_flyway_began_with_a_baseline_migration(self):
        for sql in ("CREATE TABLE t1 (id integer)", "CREATE TABLE t2 (id integer)", "CREATE TABLE t3 (id integer)"):
            number = sql.split()[2][1:]
            self.fleet.write(f"fly/V{number}__t.sql", sql)
        self.fleet.write("fly/B2__t.sql", "CREATE TABLE t1 (id integer); CREATE TABLE t2 (id integer)")
        rows = "DELETE FROM flyway_schema_history; INSERT INTO flyway_schema_history VALUES "
        self.fleet.inventory([self.sqlite("a", TABLES["flyway"] + rows + "(1, '2', 'b', 'SQL_BASELINE', 1)")])
        self.assertIn("B2__t.sql: left out", self.run_ok("import", "flyway", self.fleet.path("fly")).err)
        self.run_ok("adopt", "--from", "flyway")
        self.assertEqual(self.fleet.versions("a"), ["2"])
        self.run_ok("upgrade")
        self.assertLessEqual({"t1", "t2", "t3"}, self.fleet.tables("a"))

    def alembic(self, **tenants):
        """Alembic's ids may hold what ours may not."""
        self.fleet.write("up.sql", "-- Running upgrade  -> foo-1.2\n\nCREATE TABLE t1 (id INTEGER);\n\n"
                                   "INSERT INTO alembic_version (version_num) VALUES ('foo-1.2');\n\n"
                                   "-- Running upgrade foo-1.2 -> bbbb\n\nCREATE TABLE t4 (id INTEGER);\n\n"
                                   "UPDATE alembic_version SET version_num='bbbb' WHERE version_num = 'foo-1.2';\n")
        self.fleet.inventory([self.sqlite(name, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                                                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));"
                                                f"INSERT INTO alembic_version VALUES ('{row}')")
                              for name, row in tenants.items()])
        self.run_ok("import", "alembic-sql", self.fleet.path("up.sql"))
        return "foo_1_2_%s" % "93001fea"

    def test_ids_of_alembic_s_that_had_to_be_mapped(self):
        id_ = self.alembic(a="foo-1.2", b="bbbb")
        error = self.run_json("upgrade", "--tenant", "a", code=1).tenant("a")["error"]["message"]
        self.assertIn(f"identified by 'foo-1.2': the chain has it as '{id_}'; 'skein adopt --from alembic-sql'", error)
        result = self.run_json("adopt", "--from", "alembic-sql")
        self.assertEqual((result.tenant("a")["from"], result.tenant("a")["to"]), (["foo-1.2"], [id_]))
        self.assertEqual(result.tenant("b")["state"], "unchanged")
        self.assertEqual(self.fleet.versions("a") + self.fleet.versions("b"), [id_, "bbbb"])
        self.assertEqual(self.run_json("adopt", "--from", "alembic-sql").report["totals"]["unchanged"], 2)
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("a"), ["bbbb"])

    def test_such_an_adoption_is_taken_back(self):
        self.alembic(a="foo-1.2", b="other-1")
        result = self.run_json("adopt", "--from", "alembic-sql", "--on-failure", "continue", code=1)
        self.assertIn("has applied 'other-1'", result.tenant("b")["error"]["message"])
        self.run_ok("rollback")
        self.assertEqual(self.fleet.versions("a") + self.fleet.versions("b"), ["foo-1.2", "other-1"])

    def test_a_database_that_is_plainly_not_what_the_old_table_says(self):
        self.fleet.inventory([self.sqlite("a", TABLES["dbmate"]), self.fleet.sqlite("b", TABLES["dbmate"])])
        self.import_old()
        for more in ([], ["--dry-run"], ["--on-failure", "continue"]):
            says = self.run_ok("adopt", "--from", "dbmate", *more, code=2).err
            self.assertIn("tenant 'b': it is not what the stamp would say: up to '2' the chain makes 2 tables ('t1', …), and none is there", says)
            self.assertNotIn("alembic_version", self.fleet.tables("a"))
        error = self.run_json("adopt", "--from", "dbmate", "--tenant", "b", code=1).tenant("b")["error"]
        self.assertEqual((error["class"], error["code"]), ("drift", "no_such_tables"))
        self.run_ok("adopt", "--from", "dbmate", "--tenant", "a")
        self.assertEqual(self.fleet.versions("a"), ["2"])
        self.assertEqual(self.fleet.tables("b"), {"schema_migrations"})
        self.run_ok("adopt", "--from", "dbmate", "--force")
        self.assertEqual(self.fleet.versions("b"), ["2"])

    def test_usage(self):
        self.make(a="")
        self.assertIn("--from TOOL", self.run_ok("adopt", code=2).err)
        self.assertIn("nothing is adopted from 'alembic'", self.run_ok("adopt", "--from", "alembic", code=2).err)


class OnPostgres(PostgresCase):
    def test_every_tool_in_databases_and_schemas(self):
        for number in "123":
            self.fleet.revision(number, f"CREATE TABLE t{number} (id integer);", f"DROP TABLE t{number};")
        for tool, table in TABLES.items():
            with self.subTest(tool=tool):
                database = "adopt_" + tool.replace("-", "_")
                tenant, = self.pg.create(database)
                table += "CREATE TABLE t2 (id integer);"
                self.pg.sql(database, "CREATE SCHEMA globex")
                self.pg.sql(database, table + f"SET search_path = globex; {table}")
                self.fleet.inventory([tenant, {**tenant, "name": "globex", "schema": "globex"}])
                self.run_ok("adopt", "--from", tool)
                self.assertEqual(self.pg.versions(database), ["2"])
                self.assertEqual(self.pg.versions(database, "globex"), ["2"])

    def test_ids_of_alembic_s_that_had_to_be_mapped(self):
        self.fleet.write("up.sql", "BEGIN;\n\n-- Running upgrade  -> foo-1.2\n\nCREATE TABLE t1 (id INTEGER);\n\n"
                                   "INSERT INTO alembic_version (version_num) VALUES ('foo-1.2');\n\n"
                                   "-- Running upgrade foo-1.2 -> bar.3\n\nCREATE TABLE t2 (id INTEGER);\n\n"
                                   "UPDATE alembic_version SET version_num='bar.3' WHERE version_num = 'foo-1.2';\n\n"
                                   "COMMIT;\n")
        tenant, = self.pg.create("mapped")
        self.fleet.inventory([tenant, {**tenant, "name": "globex", "schema": "globex"}])
        rows = ("CREATE TABLE t1 (id int); CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT "
                "alembic_version_pkc PRIMARY KEY (version_num)); INSERT INTO alembic_version VALUES ('{}');")
        self.pg.sql("mapped", rows.format("foo-1.2") + "CREATE SCHEMA globex; SET search_path = globex;"
                    + rows.format("bar.3"))
        result = self.run_ok("import", "alembic-sql", self.fleet.path("up.sql"))
        first, last = re.findall("becomes revision '(.*?)'", result.err)
        self.run_ok("adopt", "--from", "alembic-sql")
        self.assertEqual(self.pg.versions("mapped") + self.pg.versions("mapped", "globex"), [first, last])
        self.run_ok("upgrade")
        self.assertEqual(self.pg.versions("mapped"), [last])

    def test_a_missing_table_and_a_dirty_one(self):
        for number in "12":
            self.fleet.revision(number, f"CREATE TABLE t{number} (id integer);")
        self.fleet.inventory(self.pg.create("missing", "dirty"))
        self.pg.sql("dirty", TABLES["golang-migrate"] + "UPDATE schema_migrations SET dirty = true")
        result = self.run_json("adopt", "--from", "golang-migrate", "--on-failure", "continue", code=1)
        self.assertEqual(result.tenant("missing")["error"]["code"], "42P01")
        self.assertIn("reading golang-migrate's table", result.tenant("missing")["error"]["message"])
        self.assertIn("dirty", result.tenant("dirty")["error"]["message"])
        self.assertEqual(self.pg.tables("missing"), set())


class OnMariaDB(MariaDBCase):
    def test_every_tool_and_then_upgrade_goes_on(self):
        for number in "123":
            self.fleet.write(f"old/{number}_t{number}.up.sql", f"CREATE TABLE t{number} (id integer);")
            self.fleet.write(f"old/{number}_t{number}.down.sql", f"DROP TABLE t{number};")
        for tool, table in TABLES.items():
            with self.subTest(tool=tool):
                name = "adopt_" + tool.replace("-", "_")
                self.fleet.inventory(self.maria.create(name))
                self.maria.sql(name, "CREATE TABLE t1 (id int); CREATE TABLE t2 (id int);" + table.replace('"', "`"))
                self.run_ok("import", "golang-migrate", self.fleet.path("old"), "--dialect", "mysql")
                tenant = self.run_json("adopt", "--from", tool).tenant(name)
                self.assertEqual((tenant["state"], tenant["from"], tenant["to"]), ("succeeded", [], ["2"]))
                self.assertEqual(self.maria.versions(name), ["2"])
                self.assertEqual([s["revision"] for s in self.run_json("upgrade").tenant(name)["steps"]], ["3"])
                self.assertLessEqual({"t1", "t2", "t3"}, self.maria.tables(name))


if __name__ == "__main__":
    main()
