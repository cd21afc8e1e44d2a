"""A stamp that says what the database plainly is not is refused, unless it is forced."""
import contextlib
import json
import os
import sqlite3

from harness import FleetCase, MariaDB, Pooler, PostgresCase, main, wait_until


class OnSqlite(FleetCase):
    FIRST = "CREATE TABLE Exam (id INTEGER); CREATE TABLE item (id);"

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

    def test_one_is_enough_where_the_chain_cannot_be_replayed(self):
        self.fleet.revision("aaaa1111", "INSERT INTO theirs VALUES (1); CREATE TABLE \"Exam\" (id INTEGER);"
                                        "CREATE TABLE IF NOT EXISTS [item] (id)", revises="")
        for made, target in (("CREATE TABLE EXAM (id)", "aaaa1111"), ("CREATE TABLE item (id)", "bbbb2222"),
                             ("CREATE VIEW exam2 AS SELECT 1", "bbbb2222")):
            with self.subTest(made=made):
                self.fleet.inventory([self.fleet.sqlite("t", "DROP TABLE IF EXISTS alembic_version; " + made)])
                says = self.run_ok("stamp", target).err
                self.assertRegex(says, "what 1 tenant \\(t\\) holds could not be compared with the chain: .*aaaa1111.sql:.*no such table: theirs")
                self.change("t", "DROP TABLE alembic_version; DROP TABLE skein_history;"
                                 + made.split("(")[0].split(" AS ")[0].replace("CREATE", "DROP"))

    def test_what_is_gone_again_or_never_was_a_table_asks_for_nothing(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("stamp", "cccc3333")
        self.change("t", "CREATE VIEW v AS SELECT 1")
        self.run_ok("stamp", "head")

    def test_a_purge_and_a_script_do_not_ask(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("stamp", "--sql", "aaaa1111")
        self.run_ok("stamp", "--purge", "aaaa1111")

    def test_no_one_is_stamped_where_one_cannot_be(self):
        self.fleet.inventory([self.fleet.sqlite("a", self.FIRST), self.fleet.sqlite("t")])
        before = self.fleet.read("data/a.db")
        for more in ([], ["--on-failure", "continue"], ["--dry-run"], ["--yes", "-q"]):
            says = self.run_ok("stamp", "aaaa1111", *more, code=2).err
            self.assertIn("tenant 't': it is not what the stamp would say", says)
        self.assertEqual(self.fleet.read("data/a.db"), before)
        self.change("t", self.FIRST)
        self.run_ok("stamp", "aaaa1111")

    def test_a_resume_asks_again(self):
        self.fleet.inventory([self.fleet.sqlite("a", self.FIRST), self.fleet.sqlite("t", self.FIRST)])
        self.fleet.write("moved.db", self.fleet.read("data/t.db"))
        self.fleet.write("data/t.db", "no database at all, and long enough to be none")
        self.run_ok("stamp", "aaaa1111", "--on-failure", "continue", code=1)
        self.assertEqual(self.fleet.versions("a"), ["aaaa1111"])
        self.fleet.write("data/t.db", self.fleet.read("moved.db"))
        self.change("t", "DROP TABLE item")
        self.assertIn("table item is missing", self.run_ok("resume", code=2).err)
        self.assertEqual(self.fleet.tables("t"), {"Exam"})
        self.change("t", "CREATE TABLE item (id)")
        self.run_ok("resume")
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_a_resume_of_a_forced_one_is_forced(self):
        self.fleet.inventory([self.fleet.sqlite("a"), self.fleet.sqlite("t")])
        process = self.fleet.start("stamp", "--force", "aaaa1111", "--parallel", "1",
                                   env={"SKEIN_FAILPOINT": "commit:2=kill"})
        process.communicate(timeout=240)
        self.run_ok("resume")
        self.assertEqual(self.fleet.versions("a") + self.fleet.versions("t"), ["aaaa1111"] * 2)

    def test_a_way_back_does_not_ask(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("stamp", "--force", "aaaa1111")
        self.run_ok("stamp", "--force", "bbbb2222")
        self.run_ok("rollback")
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])


class Compared(FleetCase):
    """Tenants are held to what the chain makes up to where the stamp leads."""
    TASK = "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT);"

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", self.TASK, down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", "ALTER TABLE task ADD COLUMN priority INT; CREATE INDEX ix ON task (title);")
        self.fleet.revision("cccc3333", "CREATE TABLE note (id INTEGER PRIMARY KEY);")

    def fleet_of(self, **tenants):
        self.fleet.inventory([self.fleet.sqlite(name, sql) for name, sql in tenants.items()])

    def refused(self, *args, says):
        result = self.run_ok(*args, code=2)
        self.assertIn(says, result.err)
        self.assertIn("no tenant was touched", result.err)
        self.assertEqual(result.out, "")

    def test_who_has_the_shape_of_an_earlier_revision(self):
        late = self.TASK
        whole = self.TASK + "ALTER TABLE task ADD COLUMN priority INT; CREATE INDEX ix ON task (title);"
        self.fleet_of(a=whole, b=late, c=late, d=whole)
        says = ("2 tenants (b, c) do not hold what the chain makes up to 'bbbb2222', and look like 'aaaa1111': column task.priority is "
                "missing; index task.ix is missing; say --force if the stamp is right all the same")
        self.refused("stamp", "bbbb2222", says=says)
        self.refused("stamp", "bbbb2222", "--dry-run", "-o", "json", says=says)
        self.assertFalse(any("alembic_version" in self.fleet.tables(name) for name in "abcd"))
        self.run_ok("stamp", "bbbb2222", "-t", "a", "-t", "d")
        self.run_ok("stamp", "aaaa1111", "-t", "b", "-t", "c")
        self.run_ok("upgrade", "bbbb2222")
        self.run_ok("drift")

    def test_who_has_more_than_the_revision_makes(self):
        self.fleet_of(a=self.TASK)
        self.run_ok("upgrade", "aaaa1111", "-t", "a", code=1)  # the table is there
        self.run_ok("stamp", "aaaa1111")
        self.run_ok("upgrade")
        self.refused("stamp", "aaaa1111", says="and looks like 'cccc3333': table note is extra; column task.priority is extra; index task.ix is extra; say")
        self.run_ok("stamp", "aaaa1111", "--force")
        self.assertEqual(self.fleet.versions("a"), ["aaaa1111"])
        self.run_ok("stamp", "aaaa1111")  # where it stands already
        self.run_ok("stamp", "base")

    def test_what_is_ignored_does_not_count(self):
        self.fleet_of(a=self.TASK + "CREATE TABLE audit_log (a)")
        self.refused("stamp", "aaaa1111", says="table audit_log is extra")
        self.fleet.inventory([{"name": "a", "url": "sqlite:///data/a.db"}], drift={"ignore": ["table audit_*"]})
        self.run_ok("stamp", "aaaa1111")

    def test_a_second_stamp_replays_nothing(self):
        self.fleet_of(a=self.TASK, b=self.TASK)
        self.run_ok("stamp", "aaaa1111", "-t", "a")
        self.run_ok("stamp", "aaaa1111", "-t", "b", env={"TMPDIR": "/nowhere"})

    def test_without_a_scratch_database_it_is_said(self):
        self.fleet_of(a=self.TASK)
        says = self.run_ok("stamp", "aaaa1111", env={"TMPDIR": "/nowhere"}).err
        self.assertIn("what 1 tenant (a) holds could not be compared with the chain: cannot make a folder", says)

    def test_who_could_not_be_read_is_not_stamped_unseen(self):
        self.fleet_of(a=self.TASK, b=self.TASK)
        whole = self.fleet.read("data/a.db")
        self.fleet.write("data/a.db", "no database at all, and long enough to be none")
        scratch = self.fleet.path("scratch")
        os.mkdir(scratch)
        process = self.fleet.start("stamp", "aaaa1111", "--on-failure", "continue", "-o", "json",
                                   env={"TMPDIR": scratch, "SKEIN_FAILPOINT": "commit:1=delay:600"})
        wait_until(lambda: os.listdir(scratch), what="the chain is replayed, and the tenants were read")
        self.fleet.write("data/a.db", whole)
        error, = json.loads(process.communicate(timeout=240)[0])["errors"]
        self.assertEqual((process.returncode, error["tenants"]), (1, ["a"]))
        self.assertIn("it could not be read before the run, and so was not compared", error["message"])
        self.assertEqual((self.fleet.tables("a"), self.fleet.versions("b")), ({"task"}, ["aaaa1111"]))
        self.run_ok("resume")
        self.assertEqual(self.fleet.versions("a"), ["aaaa1111"])

    def test_heads_of_branches(self):
        self.fleet.revision("dddd4444", "CREATE TABLE other (id INTEGER PRIMARY KEY);", revises="")
        self.fleet_of(a=self.TASK + "CREATE TABLE other (id INTEGER PRIMARY KEY);")
        self.refused("stamp", "heads", says="up to 'cccc3333' + 'dddd4444': ")
        self.run_ok("stamp", "aaaa1111", "dddd4444")
        self.assertEqual(sorted(self.fleet.versions("a")), ["aaaa1111", "dddd4444"])


class ComparedOnServers(PostgresCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mariadb = MariaDB()
        cls.addClassCleanup(cls.mariadb.close)

    def test_where_the_inventory_names_a_server_for_it(self):
        task = "CREATE TABLE task (id int PRIMARY KEY, title varchar(20))"
        self.fleet.revision("aaaa1111", task + ";")
        tenants = self.pg.create("sp1", "sp2") + self.mariadb.create("sm1", "sm2")
        for name in ("sp1", "sp2"):
            self.pg.sql(name, task)
        for name in ("sm1", "sm2"):
            self.mariadb.sql(name, task)
        self.pg.sql("sp2", "ALTER TABLE task ALTER title TYPE varchar(30)")
        self.mariadb.sql("sm2", "ALTER TABLE task ADD COLUMN more int")
        self.fleet.inventory(tenants, scratch={"postgresql": self.pg.url("postgres"), "mysql": self.mariadb.url("")})
        says = self.run_ok("stamp", "head", code=2).err
        self.assertIn("1 tenant (sp2) does not hold what the chain makes up to 'aaaa1111': column task.title: type is", says)
        self.assertIn("1 tenant (sm2) does not hold what the chain makes up to 'aaaa1111': column task.more is extra", says)
        self.assertEqual(self.pg.tables("sp1") | self.mariadb.tables("sm1"), {"task"})
        self.run_ok("stamp", "head", "-t", "sp1", "-t", "sm1")
        self.fleet.inventory(tenants)  # without it, one table is enough
        self.run_ok("stamp", "head")
        self.assertEqual(self.pg.versions("sp2") + self.mariadb.versions("sm2"), ["aaaa1111"] * 2)


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
