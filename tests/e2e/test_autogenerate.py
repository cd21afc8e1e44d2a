#!/usr/bin/env python3
"""'skein revision --autogenerate' and 'skein check' beside schema files: what is found, written, refused, and what rows live through."""
import contextlib
import os
import random
import sqlite3

from harness import FleetCase, Postgres, main
from random_schema import Schema

ROUNDS = int(os.environ.get("AUTOGENERATE_ROUNDS", "12"))  # of the random schemas

TASK = """\
CREATE TABLE task (
    id integer PRIMARY KEY AUTOINCREMENT,
    title text NOT NULL,
    prio integer DEFAULT 0
);
"""


class Case(FleetCase):
    def setUp(self):
        super().setUp()
        self.scratch = self.fleet.path("scratch")
        os.mkdir(self.scratch)
        self.count = 0
        self.fleet.inventory([self.fleet.sqlite("acme")], autogenerate={"schema": ["schema.sql"]})

    def tearDown(self):
        self.assertEqual(os.listdir(self.scratch), [], "scratch databases are left")
        super().tearDown()

    def skein(self, *args, code=0):
        return self.run_ok(*args, code=code, env={"TMPDIR": self.scratch})

    def files(self):
        return sorted(os.listdir(self.fleet.path("versions")))

    def generate(self, schema, *args, code=0):
        """The new revision's text; None where none was written."""
        if schema is not None:
            self.fleet.write("schema.sql", schema)
        self.count += 1
        before = self.files()
        result = self.skein("revision", "--autogenerate", "-m", "x", "--rev-id", f"rev{self.count:04}", *args, code=code)
        self.said = result.err
        new = [name for name in self.files() if name not in before]
        self.assertLessEqual(len(new), 0 if code else 1)
        return self.fleet.read(f"versions/{new[0]}").decode() if new else None

    def execute(self, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", "acme.db"))) as db:
            db.executescript(sql)

    def upgrade(self):
        return self.skein("upgrade", "--yes", "head")

    def downgrade(self, *targets):
        return self.skein("downgrade", "--yes", *targets)

    def assert_no_drift(self):
        self.assertIsNone(self.generate(None))
        self.assertIn("no changes in schema detected", self.said)
        self.skein("drift")
        self.skein("check")


class Changes(Case):
    def test_first_revision_and_no_changes(self):
        text = self.generate(TASK + "CREATE INDEX ix_title ON task (title);\n")
        self.assertIn("-- migrate:up dialect:sqlite\n" + TASK, text)
        self.assertIn('-- migrate:down dialect:sqlite\nDROP TABLE "task";\n', text)
        self.assertIsNone(self.generate(None))
        self.assertIn("no changes in schema detected", self.said)
        self.upgrade()
        self.assert_no_drift()
        self.downgrade("base")
        self.assertEqual(self.fleet.tables("acme") - {"sqlite_sequence"}, set())

    def test_columns_are_added_in_place(self):
        self.generate(TASK + "CREATE TABLE team (id integer PRIMARY KEY);")
        text = self.generate(TASK.replace("prio integer DEFAULT 0", "prio integer DEFAULT 0, -- how urgent\n"
                                          "    note text NOT NULL DEFAULT '' CHECK (length(note) < 9), -- what else\n"
                                          "    team_id integer REFERENCES team (id)") + "CREATE TABLE team (id integer PRIMARY KEY);")
        self.assertIn("ALTER TABLE \"task\" ADD COLUMN note text NOT NULL DEFAULT '' CHECK (length(note) < 9);\n"
                      'ALTER TABLE "task" ADD COLUMN team_id integer REFERENCES team (id);\n', text)
        self.assertNotIn("DROP", text.split("-- migrate:down")[0])
        self.upgrade()
        self.assert_no_drift()

    def test_a_rebuilt_table_keeps_rows_children_and_what_belongs_to_it(self):
        rest = ("CREATE TABLE step (id integer PRIMARY KEY, task_id integer NOT NULL REFERENCES task (id) ON DELETE CASCADE);\n"
                "CREATE INDEX ix_title ON task (title);\n"
                "CREATE VIEW urgent AS SELECT id, title FROM task WHERE prio > 1;\n"
                "CREATE VIEW most_urgent AS SELECT id FROM urgent;\n"
                "CREATE TABLE log (n integer);\n"
                "CREATE TRIGGER t_log AFTER INSERT ON task BEGIN INSERT INTO log VALUES (new.id); END;\n"
                "CREATE TRIGGER t_step AFTER INSERT ON step BEGIN UPDATE task SET prio = 1 WHERE id = new.task_id; END;\n"
                "CREATE TRIGGER t_view INSTEAD OF INSERT ON urgent BEGIN INSERT INTO task (title) VALUES (new.title); END;\n")
        self.generate(TASK + rest)
        self.upgrade()
        self.execute("INSERT INTO task (title, prio) VALUES ('a', 5), ('b', 1), ('c', 2); DELETE FROM task WHERE id = 3;"
                     "INSERT INTO step (task_id) VALUES (2);")
        text = self.generate(TASK.replace("DEFAULT 0", "NOT NULL DEFAULT 3 CHECK (prio >= 0)") + rest)
        self.assertIn("decide first what it should hold", text)
        self.assertIn("sqlite_sequence", text)
        for direction in (self.upgrade, lambda: self.downgrade("-1"), self.upgrade):
            done = direction()
            self.assertNotIn("warning", done.err + done.out)
            self.assertEqual(self.fleet.query("acme", "SELECT id, title, prio FROM task"), [(1, "a", 5), (2, "b", 1)])
            self.assertEqual(self.fleet.query("acme", "SELECT seq FROM sqlite_sequence WHERE name = 'task'"), [(3,)])
            self.assertEqual(self.fleet.query("acme", "SELECT task_id FROM step"), [(2,)])
            self.assertEqual(self.fleet.query("acme", "SELECT id FROM most_urgent"), [(1,)])
            self.assertEqual(self.fleet.query("acme", "PRAGMA foreign_key_check"), [])
        self.execute("INSERT INTO urgent (title) VALUES ('d')")
        self.assertEqual(self.fleet.query("acme", "SELECT id FROM task WHERE title = 'd'"), [(4,)])
        self.assert_no_drift()

    def test_what_alembic_does_not_see(self):
        self.generate("CREATE TABLE t (a integer, b text);\nCREATE VIEW v AS SELECT a FROM t;\n"
                      "CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 1; END;\nCREATE INDEX i ON t (a);")
        self.generate("CREATE TABLE t (a integer PRIMARY KEY, b text COLLATE nocase, c integer AS (a + 1) STORED, CHECK (b <> '')) STRICT;\n"
                      "CREATE VIEW v AS SELECT b FROM t;\nPRAGMA user_version = 7;\n"
                      "CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 2; END;\n"
                      "CREATE INDEX i ON t (lower(b)) WHERE b IS NOT NULL;\nCREATE VIRTUAL TABLE f USING fts5(b);")
        self.upgrade()
        self.assert_no_drift()
        self.downgrade("-1")
        self.assertEqual(self.fleet.query("acme", "PRAGMA user_version"), [(0,)])

    def test_names_that_look_like_sql(self):
        odd = 'a"; DROP TABLE "x', "a\nb -- c", "-- migrate: x", "select"
        tables = "".join('CREATE TABLE "%s" ("%s" text, id integer PRIMARY KEY AUTOINCREMENT);\n' %
                         (name.replace('"', '""'), name.replace('"', '""')) for name in odd)
        self.generate(tables)
        self.upgrade()
        self.generate(tables.replace('" text', '" integer'))
        self.upgrade()
        self.assert_no_drift()
        text = self.generate("CREATE TABLE other (id integer);\n")
        self.assertIn("-- not dropped: table a b -- c,", text)
        self.upgrade()
        self.assertEqual(self.fleet.tables("acme") - {"sqlite_sequence"}, {*odd, "other"})
        self.generate(None, *(word for name in odd for word in ("--allow-drop", name)))
        self.upgrade()
        self.assert_no_drift()

    def test_random_schemas(self):
        for seed in range(ROUNDS):
            with self.subTest(seed=seed):
                self.fleet.close()
                self.setUp()
                self.one_random(random.Random(seed))

    def one_random(self, rng):
        schema, allowed = Schema(rng), []
        for _ in range(3):
            self.generate(schema.sql(), *(word for name in allowed for word in ("--allow-drop", name)))
            self.upgrade()
            self.assert_no_drift()
            before, schema = schema, schema.copy()
            schema.mutate()
            allowed = list(schema.dropped_since(before))
        self.downgrade("base")
        self.assertEqual(self.fleet.tables("acme") - {"sqlite_sequence"}, set())


class Losses(Case):
    def test_what_would_lose_rows_is_a_comment(self):
        rest = "CREATE TABLE old (id integer PRIMARY KEY, b text);\n"
        self.generate(TASK + rest)
        self.upgrade()
        self.execute("INSERT INTO task (title, prio) VALUES ('a', 5)")
        without = TASK.replace(",\n    prio integer DEFAULT 0", "").replace("title text", "title varchar(9)")
        text = self.generate(without)
        self.assertIn("-- not dropped: table old, since its rows would be lost; --allow-drop old allows it\n"
                      '-- DROP TABLE "old";\n', text)
        self.assertIn('-- ALTER TABLE "task" DROP COLUMN "prio";\n', text)
        self.assertIn("'task.prio' is not dropped", self.said)
        self.upgrade()
        self.assertEqual(self.fleet.query("acme", "SELECT title, prio FROM task"), [("a", 5)])
        self.assertIn("old", self.fleet.tables("acme"))
        self.skein("check", code=1)
        text = self.generate(None, "--allow-drop", "task.prio", "--allow-drop", "old")
        self.assertNotIn("not dropped", text)
        self.upgrade()
        self.assert_no_drift()
        self.downgrade("-1")
        self.assertEqual(self.fleet.query("acme", "SELECT title, prio FROM task"), [("a", 0)])

    def test_a_virtual_table_that_changes(self):
        self.generate("CREATE VIRTUAL TABLE f USING fts5(a)")
        text = self.generate("CREATE VIRTUAL TABLE f USING fts5(a, b)")
        self.assertIn("-- not dropped: virtual table f", text)
        self.generate(None, "--allow-drop", "f")
        self.upgrade()
        self.assert_no_drift()

    def test_an_allowance_of_nothing_is_a_fault(self):
        self.generate(TASK, "--allow-drop", "nothing", code=2)
        self.assertIn("'--allow-drop nothing' allows nothing", self.said)

    def test_a_constraint_stays_with_the_column_that_stays(self):
        self.generate("CREATE TABLE t (id integer PRIMARY KEY, a integer UNIQUE, b text)")
        text = self.generate("CREATE TABLE t (id integer PRIMARY KEY, b integer)")
        self.assertIn("not dropped: column t.a", text)
        self.upgrade()


class Renames(Case):
    def start(self):
        self.generate(TASK + "CREATE INDEX i ON task (prio);\nCREATE VIEW v AS SELECT prio FROM task;\n")
        self.upgrade()
        self.execute("INSERT INTO task (title, prio) VALUES ('a', 5)")

    RENAMED = TASK.replace("prio", "priority") + "CREATE INDEX i ON task (priority);\nCREATE VIEW v AS SELECT priority FROM task;\n"

    def test_are_never_guessed(self):
        self.start()
        self.generate(self.RENAMED, code=2)
        for words in ("--rename task.prio=priority", "-- skein:renamed-from prio", "--allow-drop task.prio"):
            self.assertIn(words, self.said)
        self.generate(None, "--allow-drop", "task.prio")
        self.upgrade()
        self.assertEqual(self.fleet.query("acme", "SELECT priority FROM task"), [(0,)])

    def test_by_option(self):
        self.start()
        text = self.generate(self.RENAMED, "--rename", "task.prio=priority")
        self.assertIn('ALTER TABLE "task" RENAME COLUMN "prio" TO "priority";', text)
        self.assertNotIn("skein_new_", text)
        self.upgrade()
        self.assertEqual(self.fleet.query("acme", "SELECT priority FROM task"), [(5,)])
        self.assert_no_drift()
        self.downgrade("-1")
        self.assertEqual(self.fleet.query("acme", "SELECT prio FROM v"), [(5,)])

    def test_by_annotation_of_table_and_column(self):
        self.start()
        self.generate("-- skein:renamed-from task\n" + self.RENAMED.replace("task", "todo")
                      .replace("priority integer DEFAULT 0", "-- skein:renamed-from prio\n    priority integer DEFAULT 1"))
        self.upgrade()
        self.assertEqual(self.fleet.query("acme", "SELECT priority FROM todo"), [(5,)])
        self.assert_no_drift()  # an annotation of what is renamed already says nothing
        self.downgrade("-1")
        self.assertEqual(self.fleet.query("acme", "SELECT prio FROM task"), [(5,)])

    def test_by_annotation_at_the_end_of_a_line(self):
        self.start()
        self.generate(self.RENAMED.replace("priority integer DEFAULT 0", "priority integer DEFAULT 0 -- skein:renamed-from prio"))
        self.upgrade()
        self.assertEqual(self.fleet.query("acme", "SELECT priority FROM task"), [(5,)])

    def test_what_matches_nothing_is_a_fault(self):
        self.start()
        for mark in ("urgency", "title"):
            self.generate(self.RENAMED.replace("DEFAULT 0\n", f"DEFAULT 0 -- skein:renamed-from {mark}\n"), code=2)
            self.assertIn("schema.sql:4: ", self.said)
            self.assertIn("matches nothing", self.said)
        self.generate(self.RENAMED, "--rename", "task.urgency=priority", code=2)
        self.assertIn("matches nothing", self.said)
        self.generate("-- skein:renamed-from x\nCREATE VIEW v AS SELECT 1;", code=2)
        self.assertIn("schema.sql:1: ", self.said)
        self.generate(TASK, "--rename", "task", code=2)


class Files(Case):
    def test_folders_parts_for_dialects_and_check(self):
        self.fleet.inventory([self.fleet.sqlite("acme")], autogenerate={"schema": ["schema/", "billing/schema.sql"]})
        self.fleet.write("schema/20.sql", "CREATE VIEW v AS SELECT id FROM task;\n-- dialect:postgresql\nCREATE EXTENSION x;\n"
                         "-- dialect:sqlite,mysql\nCREATE TABLE here (id integer);\n-- dialect:all\nCREATE TABLE all_of_them (id integer);\n")
        self.fleet.write("schema/10.sql", TASK)
        self.fleet.write("schema/note.txt", "no SQL")
        self.fleet.write("billing/schema.sql", "CREATE TABLE bill (id integer);\n")
        self.fleet.revision("base0001", "CREATE TABLE all_of_them (id integer);", down="DROP TABLE all_of_them;")
        self.upgrade()
        said = self.skein("check", code=1).err
        for words in ("table task is missing", "view v is missing", "table here is missing", "table bill is missing"):
            self.assertIn(words, said)
        self.generate(None)
        self.upgrade()
        self.skein("check")
        self.assertEqual(self.fleet.tables("acme") - {"sqlite_sequence"}, {"task", "here", "bill", "all_of_them"})

    def test_faults_name_file_and_line(self):
        self.fleet.write("schema.sql", "CREATE TABLE a (id integer);\n\nCREATE TABLE b (id integer,,);\n")
        self.generate(None, code=2)
        self.assertIn("schema.sql:3: the schema files cannot be applied in a scratch database", self.said)
        self.generate("-- dialect:oracle\n", code=2)
        self.assertIn("schema.sql:1: '-- dialect:' must name dialects", self.said)
        self.generate("CREATE TABLE a (id integer);\n-- migrate:down\n", code=2)
        self.assertIn("schema.sql:2: a schema file has no sections", self.said)
        self.fleet.inventory([self.fleet.sqlite("acme")], autogenerate={"schema": ["gone.sql"]})
        self.generate(None, code=2)
        self.assertIn("gone.sql: cannot read it", self.said)
        self.fleet.inventory([self.fleet.sqlite("acme")])
        self.generate(None, code=2)
        self.assertIn("autogenerate: {schema:", self.said)

    def test_options_that_need_autogenerate(self):
        for args in (("--rename", "a=b"), ("--allow-drop", "a"), ("--dialect", "sqlite")):
            self.skein("revision", "-m", "x", *args, code=2)
        self.assertEqual(self.files(), [])

    def test_a_chain_that_cannot_be_replayed_is_told(self):
        self.fleet.revision("base0001", "INSERT INTO nothing VALUES (1);")
        self.generate(TASK, code=2)
        self.assertIn("the chain cannot be replayed in a scratch database", self.said)


class Servers(FleetCase):
    def test_what_is_not_written_yet_is_told_with_the_differences(self):
        pg = Postgres()
        self.addCleanup(pg.close)
        pg.create("acme")
        self.fleet.inventory([{"name": "acme", "url": pg.url("acme")}], autogenerate={"schema": ["schema.sql"]},
                             scratch={"postgresql": pg.url("postgres")})
        self.fleet.write("schema.sql", "CREATE TABLE task (id int PRIMARY KEY);")
        result = self.run_ok("revision", "--autogenerate", "-m", "x", code=2)
        self.assertIn("skein writes no statements for PostgreSQL yet", result.err)
        self.assertIn("table task is missing", result.err)
        self.assertEqual(os.listdir(self.fleet.path("versions")), [])
        self.fleet.revision("base0001", "CREATE TABLE task (id int PRIMARY KEY);")
        self.assertIn("no changes in schema detected", self.run_ok("revision", "--autogenerate", "-m", "x").err)


if __name__ == "__main__":
    main()
