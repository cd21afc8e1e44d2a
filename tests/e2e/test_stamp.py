"""A stamp that says what the database plainly is not is refused, unless it is forced."""
import contextlib
import sqlite3

from harness import FleetCase, Pooler, PostgresCase, main


class OnSqlite(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE \"Exam\" (id INTEGER); CREATE TABLE IF NOT EXISTS [item] (id)")
        self.fleet.revision("bbbb2222", "CREATE TABLE e2 (id); DROP TABLE Exam; ALTER TABLE e2 RENAME TO exam2;")
        self.fleet.revision("cccc3333", "DROP TABLE item; DROP TABLE exam2; CREATE TEMP TABLE x (id);")
        self.fleet.revision("dddd4444", "-- CREATE TABLE no (id);\nCREATE VIEW v AS SELECT 1;")

    def change(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
            db.executescript(sql)

    def refused(self, *args, tenant="t"):
        before = self.fleet.read(f"data/{tenant}.db")
        error = self.run_json(*args, code=1).tenant(tenant)["error"]
        self.assertEqual((error["class"], error["code"]), ("drift", "no_such_tables"))
        self.assertEqual(self.fleet.read(f"data/{tenant}.db"), before)
        return error["message"]

    def test_none_of_the_tables_is_there(self):
        self.fleet.inventory([self.fleet.sqlite("t", "CREATE TABLE other (id)")])
        self.assertIn("up to 'aaaa1111' the chain makes 2 tables ('Exam', …), and none is there; say --force",
                      self.refused("stamp", "aaaa1111"))
        self.assertIn("2 tables ('item', …)", self.refused("stamp", "bbbb2222"))
        self.run_ok("stamp", "--force", "aaaa1111")
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])
        self.run_ok("stamp", "aaaa1111")  # it says so already
        self.refused("stamp", "bbbb2222")
        self.run_ok("stamp", "base")

    def test_one_is_enough(self):
        for made, target in (("CREATE TABLE EXAM (id)", "aaaa1111"), ("CREATE TABLE item (id)", "bbbb2222"),
                             ("CREATE VIEW exam2 AS SELECT 1", "bbbb2222")):
            with self.subTest(made=made):
                self.fleet.inventory([self.fleet.sqlite("t", "DROP TABLE IF EXISTS alembic_version; " + made)])
                self.run_ok("stamp", target)
                self.change("t", "DROP TABLE alembic_version; DROP TABLE skein_history;"
                                 + made.split("(")[0].split(" AS ")[0].replace("CREATE", "DROP"))

    def test_what_is_gone_again_or_never_was_a_table_asks_for_nothing(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("stamp", "cccc3333")
        self.run_ok("stamp", "head")

    def test_a_purge_and_a_script_do_not_ask(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("stamp", "--sql", "aaaa1111")
        self.run_ok("stamp", "--purge", "aaaa1111")

    def test_the_others_are_stamped_and_a_resume_asks_again(self):
        self.fleet.inventory([self.fleet.sqlite("a"), self.fleet.sqlite("t")])
        self.change("a", "CREATE TABLE item (id)")
        self.refused("stamp", "aaaa1111", "--on-failure", "continue")
        self.assertEqual(self.fleet.versions("a"), ["aaaa1111"])
        self.refused("resume")
        self.change("t", "CREATE TABLE item (id)")
        self.run_ok("resume")
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_a_resume_of_a_forced_one_is_forced(self):
        self.fleet.inventory([self.fleet.sqlite("a"), self.fleet.sqlite("t")])
        process = self.fleet.start("stamp", "--force", "aaaa1111", "--parallel", "1",
                                   env={"SKEIN_FAILPOINT": "commit:2=kill"})
        process.communicate(timeout=60)
        self.run_ok("resume")
        self.assertEqual(self.fleet.versions("a") + self.fleet.versions("t"), ["aaaa1111"] * 2)

    def test_a_way_back_does_not_ask(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("stamp", "--force", "aaaa1111")
        self.run_ok("stamp", "--force", "bbbb2222")
        self.run_ok("rollback")
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])


class OnPostgres(PostgresCase):
    def refused(self, *args, tenant):
        error = self.run_json("stamp", *args, code=1).tenant(tenant)["error"]
        self.assertEqual((error["class"], error["code"]), ("drift", "no_such_tables"))

    def test_a_database_and_its_schemas(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE exam (id int); CREATE UNLOGGED TABLE IF NOT EXISTS \"Odd\"\"N\" ();"
                                        "CREATE TABLE other.x (id int);")
        tenant, = self.pg.create("stamped")
        self.fleet.inventory([tenant, {**tenant, "name": "globex", "schema": "globex"}])
        self.pg.sql("stamped", "CREATE SCHEMA globex; CREATE SCHEMA other")
        self.refused("head", "-t", "stamped", tenant="stamped")
        self.refused("head", "-t", "globex", tenant="globex")
        self.pg.sql("stamped", 'CREATE TABLE "Odd""N" ()')
        self.run_ok("stamp", "head", "-t", "stamped")
        self.refused("head", "-t", "globex", tenant="globex")  # another schema's table is none of its own
        self.pg.sql("stamped", "CREATE TABLE other.x ()")
        self.run_ok("stamp", "head", "-t", "globex")

    def test_a_path_of_the_revision_s_own(self):
        self.fleet.revision("aaaa1111", "SET LOCAL search_path = elsewhere; CREATE TABLE exam (id int);")
        tenant, = self.pg.create("pathed")
        self.fleet.inventory([{**tenant, "schema": "globex"}])
        self.pg.sql("pathed", "CREATE SCHEMA globex; CREATE SCHEMA elsewhere; CREATE TABLE public.tables ()")
        self.refused("head", tenant="pathed")
        self.pg.sql("pathed", "CREATE TABLE elsewhere.exam ()")
        self.run_ok("stamp", "head")


class ThroughAPooler(Pooler):
    """The look is made in the transaction that holds the lock."""

    def test_it_asks_there_too(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE exam (id int);")
        self.pg.create("pooled")
        self.fleet.inventory([{"name": "pooled", "url": self.pg.url("pooled", port=self.port)}])
        error = self.run_json("stamp", "head", code=1).tenant("pooled")["error"]
        self.assertEqual((error["class"], error["code"]), ("drift", "no_such_tables"))
        self.assertEqual(self.pg.tables("pooled"), set())
        self.pg.sql("pooled", "CREATE TABLE exam ()")
        self.run_ok("stamp", "head")
        self.assertEqual(self.pg.versions("pooled"), ["aaaa1111"])
        self.run_ok("rollback")
        self.assertEqual(self.pg.versions("pooled"), [])


if __name__ == "__main__":
    main()
