#!/usr/bin/env python3
"""'skein revision --autogenerate' and 'skein check' beside schema files: what is found, written, refused, and what rows live through."""
import contextlib
import os
import random
import sqlite3

from harness import FleetCase, MariaDBCase, Postgres, PostgresCase, main
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


class ToATenant(Case):
    def setUp(self):
        super().setUp()
        self.fleet.inventory([self.fleet.sqlite("acme"), self.fleet.sqlite("globex")])
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id integer PRIMARY KEY, title text, prio int);", down="DROP TABLE task;")
        self.skein("upgrade")

    def test_what_it_holds_is_where_the_revision_leads(self):
        self.execute("CREATE INDEX ix ON task (title); ALTER TABLE task ADD COLUMN more int DEFAULT 3; CREATE VIEW v AS SELECT id FROM task")
        before = self.fleet.read("data/acme.db")
        text = self.generate(None, "--to-tenant", "acme")
        self.assertIn("CREATE INDEX ix ON task (title)", text)
        self.assertEqual(self.fleet.read("data/acme.db"), before)
        self.skein("upgrade", "--tenant", "globex")
        self.skein("stamp", "head", "--tenant", "acme", "--yes")
        self.skein("drift")
        self.assertIsNone(self.generate(None, "--to-tenant", "globex"))
        self.assertIn("no changes in schema detected", self.said)

    def test_renames_and_losses_are_said_there_too(self):
        self.execute("ALTER TABLE task RENAME COLUMN prio TO priority")
        self.generate(None, "--to-tenant", "acme", code=2)
        self.assertIn("loses column 'prio' and gains 'priority'", self.said)
        self.assertIn("RENAME COLUMN", self.generate(None, "--to-tenant", "acme", "--rename", "task.prio=priority"))

    def test_who_cannot_be_read(self):
        self.fleet.write("data/globex.db", "no database at all, and long enough to be none")
        self.generate(None, "--to-tenant", "globex", code=2)
        self.assertIn("tenant 'globex': ", self.said)
        self.generate(None, "--to-tenant", "nosuch", code=2)
        self.assertIn("there is no tenant 'nosuch'", self.said)
        self.generate(None, "--to-tenant", "acme", "--dialect", "sqlite", code=2)
        self.assertIn("--dialect has no effect with --to-tenant", self.said)


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


PG_ONE = """
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE team (id serial PRIMARY KEY, name text DEFAULT 'x');
CREATE TABLE task (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Title x" varchar(20) NOT NULL DEFAULT 'new' COLLATE "C", m mood DEFAULT 'a',
    team_id int REFERENCES team ON DELETE CASCADE, n int CHECK (n > 0), g int GENERATED ALWAYS AS (n + 1) STORED,
    UNIQUE (n, team_id), CONSTRAINT named CHECK (n < 100));
CREATE UNIQUE INDEX ix ON task (lower("Title x") DESC) WHERE n > 0;
CREATE VIEW v AS SELECT id, "Title x" FROM task WHERE m = 'a';
CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM v;
CREATE INDEX mvi ON mv (count);
CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO team DEFAULT VALUES; RETURN 1; END $$;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER tr AFTER INSERT ON task FOR EACH ROW EXECUTE FUNCTION tf();
CREATE SEQUENCE sq;
COMMENT ON COLUMN task.n IS 'it''s';
COMMENT ON TABLE task IS 'c';
COMMENT ON VIEW v IS 'vv';
"""
PG_TWO = """
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TYPE kind AS ENUM ('x');
CREATE FUNCTION early() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE team (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'y', code int UNIQUE, x kind);
CREATE TABLE task (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "Title x" text DEFAULT 'new', m mood DEFAULT 'b',
    team_id int REFERENCES team ON DELETE SET NULL, n bigint DEFAULT early() CHECK (n > 1), g int GENERATED ALWAYS AS (team_id + 2) STORED,
    CONSTRAINT named CHECK (n < 1000));
CREATE TABLE fresh (id serial, t bigint REFERENCES task, u int, v text CHECK (v <> ''));
CREATE INDEX fi ON fresh (u);
CREATE INDEX ix ON task ("Title x");
CREATE VIEW v AS SELECT id, "Title x", n FROM task WHERE m = 'a';
CREATE VIEW a_first AS SELECT * FROM v;
CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM v;
CREATE INDEX mvi ON mv (count);
CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO team DEFAULT VALUES; RETURN 2; END $$;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER tr BEFORE INSERT ON task FOR EACH ROW EXECUTE FUNCTION tf();
CREATE SEQUENCE sq INCREMENT 2;
COMMENT ON COLUMN task.n IS 'its';
COMMENT ON INDEX ix IS 'i';
COMMENT ON CONSTRAINT named ON task IS 'k';
"""


class Generating:
    """A case with `count`: revisions that are generated one after the other."""

    def generate(self, schema, *args, code=0):
        if schema is not None:
            self.fleet.write("schema.sql", schema)
        self.count += 1
        self.said = self.run_ok("revision", "--autogenerate", "-m", "x", "--rev-id", f"rev{self.count:04}", *args, code=code).err
        path = f"versions/rev{self.count:04}_x.sql"
        return self.fleet.read(path).decode() if os.path.exists(self.fleet.path(path)) else None

    def upgrade(self):
        self.run_ok("upgrade", "--yes", "head")
        self.run_ok("drift")


class OnPostgres(Generating, PostgresCase):
    def start(self, schema=None):
        name = "tenant" + str(abs(hash(self.id())) % 10**8)
        self.pg.create(name)
        self.name = name
        tenant = {"name": "acme", "url": self.pg.url(name), "create": True, **({"schema": schema} if schema else {})}
        self.fleet.inventory([tenant], autogenerate={"schema": ["schema.sql"]}, scratch={"postgresql": self.pg.url("postgres")})
        self.count = 0

    def test_kinds_of_objects_up_and_down(self):
        self.start()
        self.generate(PG_ONE)
        self.upgrade()
        self.pg.sql(self.name, "INSERT INTO team DEFAULT VALUES; INSERT INTO task (\"Title x\", n) VALUES ('a', 5), ('b', 6)")
        text = self.generate(PG_TWO)
        for words in ("-- migrate:up dialect:postgresql transaction:false\n", "NOT VALID;", "VALIDATE CONSTRAINT",
                      'CREATE INDEX CONCURRENTLY "ix" ON "task" USING btree ("Title x");', 'SET GENERATED BY DEFAULT',
                      "-- this fails where a row has no team.name"):
            self.assertIn(words, text)
        self.upgrade()
        self.assertEqual(self.pg.sql(self.name, 'INSERT INTO task (n) VALUES (7) RETURNING id')[0][0], "3")
        self.run_ok("downgrade", "--yes", "-1")
        self.run_ok("drift")
        self.assertEqual(self.pg.sql(self.name, "SELECT count(*) FROM task")[0][0], "3")
        self.run_ok("downgrade", "--yes", "base")

    def test_a_tenant_that_is_a_schema(self):
        self.start("acme")
        self.generate(PG_ONE)
        self.upgrade()
        text = self.generate("CREATE TABLE team (id bigserial PRIMARY KEY)", *(
            word for name in ("task", "sq", "team.name") for word in ("--allow-drop", name)))
        self.assertNotIn("scratch", text)
        self.upgrade()
        self.assertIsNone(self.generate("CREATE TABLE team (id bigserial PRIMARY KEY)"))

    def test_what_stays_and_what_it_needs(self):
        self.start()
        self.generate(PG_ONE)
        text = self.generate("")
        for words in ('-- not dropped: table task, since its rows would be lost; --allow-drop task allows it\n-- DROP TABLE "task";\n',
                      '-- not dropped: enum mood, since what stays needs it\n-- DROP TYPE "mood";\n',
                      '-- not dropped: function tf(), since what stays needs it\n-- DROP FUNCTION tf();\n',
                      '-- not dropped: sequence sq, since its rows would be lost; --allow-drop sq allows it\n-- DROP SEQUENCE "sq";\n'):
            self.assertIn(words, text)
        self.upgrade()

    def test_the_statement_of_what_stays_is_a_comment(self):
        self.start()
        self.generate('CREATE TABLE t (id int PRIMARY KEY, "a\n-- b" int, at timestamptz, n numeric(9, 4), tags text[])')
        self.upgrade()
        text = self.generate("CREATE TABLE t (id int PRIMARY KEY, at date, n numeric(9, 2), tags varchar(3)[])")
        for words in ('-- not dropped: column t.a -- b, since its rows would be lost; --allow-drop t.a -- b allows it\n'
                      '-- ALTER TABLE "t" DROP COLUMN "a\n-- -- b";\n',
                      "-- not changed: column t.at from timestamp with time zone to date, since values would be rounded or cut off; --allow-drop t.at allows it\n"
                      '-- ALTER TABLE "t" ALTER COLUMN "at" TYPE date USING "at"::date;\n',
                      '--allow-drop t.n allows it\n-- ALTER TABLE "t" ALTER COLUMN "n" TYPE numeric(9,2) USING "n"::numeric;\n'):
            self.assertIn(words, text)
        self.upgrade()
        self.assertEqual(self.pg.sql(self.name, "SELECT count(*) FROM information_schema.columns WHERE table_name = 't'")[0][0], "5")

    def test_numbers_and_long_values_are_not_lost(self):
        self.start()
        self.generate("CREATE TABLE t (id int, name text)")
        self.upgrade()
        self.pg.sql(self.name, "INSERT INTO t VALUES (7, 'too long for it')")
        self.generate("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, name text)")
        self.upgrade()
        self.assertEqual(self.pg.sql(self.name, "INSERT INTO t (name) VALUES ('x') RETURNING id")[0][0], "8")
        self.generate("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, name varchar(5))")
        self.assertIn("value too long", repr(self.run_ok("upgrade", "--yes", "head", code=1)))

    def test_renames(self):
        self.start()
        self.generate("CREATE TABLE t (id int PRIMARY KEY, a text); CREATE VIEW v AS SELECT a FROM t;")
        self.generate("CREATE TABLE t (id int PRIMARY KEY, b text); CREATE VIEW v AS SELECT b AS a FROM t;", code=2)
        self.generate("-- skein:renamed-from t\nCREATE TABLE s (id int PRIMARY KEY,\n b text -- skein:renamed-from a\n);\n"
                      "CREATE VIEW v AS SELECT b AS a FROM s;")
        self.upgrade()
        self.assertIsNone(self.generate("CREATE TABLE s (id int PRIMARY KEY, b text); CREATE VIEW v AS SELECT b AS a FROM s;"))

    def test_to_a_tenant(self):
        for schema in (None, "own"):
            with self.subTest(schema=schema):
                self.fleet.last = ""
                self.start(schema)
                self.fleet.revision("aaaa1111", "CREATE TABLE task (id int PRIMARY KEY);", down="DROP TABLE task;")
                self.run_ok("upgrade", "aaaa1111")
                self.pg.sql(self.name, f"SET search_path TO {schema or 'public'}; ALTER TABLE task ADD COLUMN n int DEFAULT 2; CREATE INDEX ON task (n)")
                self.assertIn("CONCURRENTLY", self.generate("", "--to-tenant", "acme"))
                self.run_ok("stamp", "head", "--yes")
                self.run_ok("drift")
                os.unlink(self.fleet.path(f"versions/rev{self.count:04}_x.sql"))
                self.pg.sql("postgres", f"DROP DATABASE {self.name}")

    def test_what_is_refused_is_told_with_the_reason(self):
        self.start()
        self.generate("CREATE TABLE t (a int, b int) PARTITION BY RANGE (a)")
        self.generate("CREATE TABLE t (a int, b int) PARTITION BY RANGE (b)", code=2)
        self.assertIn("skein writes no statements for table 't': a table with rows cannot get or lose its partition key", self.said)
        self.generate("CREATE TABLE t (a int, b int) PARTITION BY RANGE (a); CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
                      code=2)
        self.assertIn("'operator': skein does not read what it is", self.said)

    def test_values_of_an_enum_and_types_that_columns_use(self):
        self.start()
        table = "CREATE TABLE t (id int, m mood DEFAULT 'a', l mood[]); CREATE VIEW v AS SELECT m FROM t WHERE m <> 'b'; CREATE INDEX i ON t (m);"
        self.generate("CREATE TYPE mood AS ENUM ('a', 'b');" + table)
        self.upgrade()
        self.pg.sql(self.name, "INSERT INTO t VALUES (1, 'b', '{a,b}')")
        text = self.generate("CREATE TYPE mood AS ENUM ('z', 'a', 'ab', 'b');" + table.replace("DEFAULT 'a'", "DEFAULT 'ab'"))
        self.assertIn("-- migrate:up dialect:postgresql transaction:false\nALTER TYPE \"mood\" ADD VALUE 'z' BEFORE 'a';\n"
                      "ALTER TYPE \"mood\" ADD VALUE 'ab' AFTER 'a';\n", text)
        self.upgrade()
        self.assertEqual(self.pg.sql(self.name, "INSERT INTO t (id) VALUES (2) RETURNING m"), [["ab"]])
        text = self.generate("CREATE TYPE mood AS ENUM ('b', 'a');" + table)
        self.assertIn("-- this fails where a row holds 'ab' of mood", text)
        self.assertIn("invalid input value for enum", repr(self.run_ok("upgrade", "--yes", "head", code=1)))
        self.pg.sql(self.name, "UPDATE t SET m = 'a' WHERE id = 2")
        self.upgrade()
        self.assertEqual(self.pg.sql(self.name, "SELECT id, m, l FROM t ORDER BY id"), [["1", "b", "{a,b}"], ["2", "a", ""]])
        self.run_ok("downgrade", "--yes", "-2")
        self.run_ok("drift")

    def test_what_a_narrower_type_would_lose(self):
        self.start()
        self.generate("CREATE TABLE t (id bigint, at timestamptz, n numeric(10,2), s varchar(100), f text)")
        self.upgrade()
        self.pg.sql(self.name, "INSERT INTO t VALUES (7, '2020-01-02 03:04:05Z', 1.25, 'abc', 'x')")
        text = self.generate("CREATE TYPE mood AS ENUM ('x'); CREATE TABLE t (id int, at date, n numeric(10,1), s varchar(2), f mood)",
                             "--allow-drop", "t.n")
        self.assertIn("-- not changed: column t.at from timestamp with time zone to date, since values would be rounded or cut off; "
                      "--allow-drop t.at allows it", text)
        self.assertIn("-- this rounds or cuts off what does not fit: t.n from numeric(10,2) to numeric(10,1)", text)
        for name in ("t.id from bigint to integer", "t.s from character varying(100) to character varying(2)", "t.f from text to mood"):
            self.assertIn(f"-- this fails where a value does not fit: {name}", text)
        self.assertIn("value too long", repr(self.run_ok("upgrade", "--yes", "head", code=1)))
        self.pg.sql(self.name, "UPDATE t SET s = 'ab'")
        self.run_ok("upgrade", "--yes", "head")
        self.assertEqual(self.pg.sql(self.name, "SELECT id, at > '2020-01-02 03:00:00Z', n, s, f FROM t"), [["7", "t", "1.3", "ab", "x"]])


MY_ONE = """
CREATE TABLE team (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x', UNIQUE (name));
CREATE TABLE task (
    id bigint AUTO_INCREMENT PRIMARY KEY, title varchar(20) NOT NULL COMMENT 'it''s', state enum('a','b') DEFAULT 'a', team_id int,
    n int CHECK (n > 0), g int GENERATED ALWAYS AS (n + 1) STORED, v int AS (n + 2) VIRTUAL, body text, doc json, made timestamp NULL,
    KEY body (body(10)), FULLTEXT KEY words (title), CONSTRAINT named CHECK (n < 100),
    CONSTRAINT of_team FOREIGN KEY (team_id) REFERENCES team (id) ON DELETE CASCADE);
CREATE SEQUENCE sq;
CREATE VIEW v AS SELECT id, title FROM task WHERE state = 'a';
DELIMITER //
CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC BEGIN DECLARE b int; SET b = a; RETURN b; END//
CREATE PROCEDURE p() BEGIN INSERT INTO team VALUES (); END//
CREATE TRIGGER one BEFORE INSERT ON task FOR EACH ROW BEGIN SET NEW.n = coalesce(NEW.n, 1); END//
CREATE TRIGGER two BEFORE INSERT ON task FOR EACH ROW SET NEW.n = NEW.n + 1//
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO BEGIN DELETE FROM task WHERE id < 0; END//
DELIMITER ;
"""
MY_TWO = """
CREATE SEQUENCE sq INCREMENT BY 2;
CREATE TABLE team (id int AUTO_INCREMENT PRIMARY KEY, name varchar(60) NOT NULL DEFAULT 'y', code int UNIQUE, UNIQUE (name, code));
CREATE TABLE task (
    id bigint AUTO_INCREMENT PRIMARY KEY, title varchar(20) NOT NULL COMMENT 'its', state enum('a','b','c') DEFAULT 'b', team_id int NOT NULL,
    n bigint CHECK (n > 1), g int GENERATED ALWAYS AS (n + 2) STORED, v int AS (n + 3) VIRTUAL, body mediumtext, doc json, made timestamp NULL
    ON UPDATE current_timestamp(), number bigint DEFAULT nextval(sq), KEY body (body(20)), KEY title (title DESC), CONSTRAINT named CHECK (n < 1000),
    CONSTRAINT of_team FOREIGN KEY (team_id) REFERENCES team (id) ON DELETE RESTRICT);
CREATE TABLE fresh (id int PRIMARY KEY, task_id bigint, other_id int, FOREIGN KEY (task_id) REFERENCES task (id));
CREATE VIEW v AS SELECT id, title, n FROM task WHERE state = 'a';
CREATE VIEW a_first AS SELECT id FROM v;
DELIMITER //
CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC BEGIN DECLARE b int; SET b = a; RETURN b + 1; END//
CREATE TRIGGER one BEFORE INSERT ON task FOR EACH ROW BEGIN SET NEW.n = coalesce(NEW.n, 2); END//
CREATE TRIGGER two BEFORE INSERT ON task FOR EACH ROW SET NEW.n = NEW.n + 1//
CREATE EVENT e ON SCHEDULE EVERY 2 DAY DISABLE DO BEGIN DELETE FROM task WHERE id < 0; END//
DELIMITER ;
"""


class OnMariaDBServer(Generating, MariaDBCase):
    settings = ("--event-scheduler=OFF",)

    def start(self, *others, **keys):
        self.name = "tenant" + str(abs(hash(self.id())) % 10**8)
        self.maria.create(self.name)
        self.fleet.inventory([{"name": "acme", "url": self.maria.url(self.name)}, *others], autogenerate={"schema": ["schema.sql"]},
                             scratch={"mysql": self.maria.url(""), **keys})
        self.count = 0

    def sql(self, text):
        return [tuple(row) for row in self.maria.sql(self.name, text)]


class OnMariaDB(OnMariaDBServer):
    def test_kinds_of_objects_up_and_down(self):
        self.start()
        self.generate(MY_ONE)
        self.upgrade()
        self.sql("INSERT INTO team (id) VALUES (1); INSERT INTO task (title, n, team_id) VALUES ('a', 5, 1), ('b', 6, 1)")
        text = self.generate(MY_TWO)
        for words in ("-- migrate:up dialect:mysql\n", "ALTER TABLE `team`\n", "-- this fails where a row has no task.team_id",
                      "DROP FOREIGN KEY `of_team`", "CREATE OR REPLACE TRIGGER `one` BEFORE INSERT ON `task` FOR EACH ROW PRECEDES `two` ",
                      "DROP PROCEDURE `p`;", "ALTER SEQUENCE `sq` ", "DELIMITER //"):
            self.assertIn(words, text)
        self.upgrade()
        self.assertIsNone(self.generate(None))
        self.run_ok("check")
        self.assertEqual(self.sql("INSERT INTO task (title, team_id) VALUES ('c', 1); SELECT n, g FROM task WHERE title = 'c'"), [("3", "5")])
        self.run_ok("downgrade", "--yes", "-1")
        self.run_ok("drift")
        self.assertEqual(self.sql("SELECT count(*), sum(g) FROM task"), [("3", "19")])
        self.run_ok("downgrade", "--yes", "base")
        self.run_ok("drift")

    def test_how_the_server_goes_about_it_is_said_where_it_holds(self):
        self.start()
        self.generate("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(9), c int NOT NULL, KEY i (a))")
        text = self.generate("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(19), c int NOT NULL, "
                             "d int, KEY i (a, c), FOREIGN KEY (c) REFERENCES p (id))")
        up = text.partition("-- migrate:down")[0]
        self.assertIn("ALTER TABLE `t`\n    MODIFY COLUMN `b` varchar(19),\n    ADD COLUMN `d` int(11), ALGORITHM=INSTANT, LOCK=NONE;\n"
                      "ALTER TABLE `t`\n    DROP INDEX `i`,\n    ADD KEY `i` (`a`,`c`), ALGORITHM=NOCOPY, LOCK=NONE;\n"
                      "ALTER TABLE `t` ADD FOREIGN KEY (`c`) REFERENCES `p` (`id`), ALGORITHM=COPY, LOCK=SHARED;\n", up)
        self.upgrade()
        # what must copy the table is one statement with all the rest
        text = self.generate("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a bigint, b varchar(19), c int NOT NULL, "
                             "d int, e int, KEY i (a), FOREIGN KEY (c) REFERENCES p (id))")
        self.assertEqual(text.partition("-- migrate:down")[0].count("ALTER TABLE"), 1)
        self.assertIn("ALGORITHM=COPY, LOCK=SHARED;\n", text)
        self.upgrade()

    def test_where_it_does_not_hold_nothing_is_said(self):
        self.start()
        self.generate("CREATE TABLE t (id int PRIMARY KEY)")
        self.sql("SET GLOBAL innodb_instant_alter_column_allowed = never")
        self.addCleanup(self.sql, "SET GLOBAL innodb_instant_alter_column_allowed = DEFAULT")
        text = self.generate("CREATE TABLE t (id int PRIMARY KEY, a int)")
        self.assertIn("ALTER TABLE `t` ADD COLUMN `a` int(11);\n", text)
        self.assertNotIn("ALGORITHM", text)
        self.upgrade()

    def test_what_would_lose_rows_is_a_comment(self):
        self.start()
        self.generate("CREATE TABLE old (id int); CREATE SEQUENCE s; CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a varchar(20), b bigint, "
                      "c enum('x','y'), d text CHARACTER SET utf8mb4, e int)")
        self.upgrade()
        self.sql("INSERT INTO t (a, b) VALUES ('longer than it', 5000000000)")
        wanted = ("CREATE TABLE t (key_ int PRIMARY KEY, a varchar(5), b int, c enum('x'), d text CHARACTER SET latin1, e int AS (key_ + 1) VIRTUAL)")
        text = self.generate(wanted, "--allow-drop", "t.id")
        for name in ("table old", "sequence s"):
            self.assertIn(f"-- not dropped: {name}, since its rows would be lost", text)
        for name in "abcde":
            self.assertIn(f"-- not changed: column t.{name}, since what does not fit would be lost; --allow-drop t.{name} allows it\n"
                          f"-- ALTER TABLE `t` MODIFY COLUMN `{name}` ", text)
        self.assertIn("'t.a' is not dropped or changed", self.said)
        self.upgrade()
        self.assertEqual(self.sql("SELECT a, b FROM t"), [("longer than it", "5000000000")])
        self.run_ok("check", code=1)
        self.sql("UPDATE t SET a = 'short', b = 5")
        allowed = [word for name in ("old", "s", "t.a", "t.b", "t.c", "t.d", "t.e") for word in ("--allow-drop", name)]
        self.assertNotIn("-- not", self.generate(None, *allowed))
        self.upgrade()
        self.run_ok("check")
        self.run_ok("downgrade", "--yes", "-1")
        self.assertEqual(self.sql("SELECT a, b FROM t"), [("short", "5")])

    def test_renames_keep_rows_and_what_belongs_to_them(self):
        self.start()
        schema = ("CREATE TABLE {t} (id int PRIMARY KEY, {a} int CHECK ({a} > 0), g int AS ({a} + 1) VIRTUAL, KEY ({a}));\n"
                  "CREATE TABLE child (id int PRIMARY KEY, t_id int, FOREIGN KEY (t_id) REFERENCES {t} (id));\n"
                  "CREATE VIEW v AS SELECT {a} AS x FROM {t};\nCREATE TRIGGER r BEFORE INSERT ON {t} FOR EACH ROW SET NEW.{a} = 7;\n")
        self.generate(schema.format(t="task", a="prio"))
        self.upgrade()
        self.sql("INSERT INTO task (id) VALUES (1); INSERT INTO child VALUES (1, 1)")
        self.generate(schema.format(t="todo", a="priority"), code=2)
        text = self.generate(None, "--rename", "task=todo", "--rename", "todo.prio=priority")
        self.assertIn("ALTER TABLE `task` RENAME TO `todo`;\nALTER TABLE `todo` RENAME COLUMN `prio` TO `priority`;\n", text)
        self.assertNotIn("FOREIGN KEY", text)
        self.upgrade()
        self.assertIsNone(self.generate(None))
        self.assertEqual(self.sql("INSERT INTO todo (id) VALUES (2); SELECT x FROM v"), [("7",), ("7",)])
        self.run_ok("downgrade", "--yes", "-1")
        self.run_ok("drift")
        self.assertEqual(self.sql("SELECT x FROM v"), [("7",), ("7",)])

    def test_hostile_names(self):
        self.start()
        names = ["a`b", "select", "it's", "-- x", "ü ö", "semi;colon", "*/", "DELIMITER //"]
        self.generate("".join(f"CREATE TABLE {self.name_of(name)} (id int PRIMARY KEY, {self.name_of(name)} int, KEY {self.name_of(name)} "
                              f"({self.name_of(name)}), CONSTRAINT {self.name_of(name)} CHECK ({self.name_of(name)} > 0));\n"
                              f"CREATE TRIGGER {self.name_of(name)} BEFORE INSERT ON {self.name_of(name)} FOR EACH ROW SET NEW.id = 1;\n"
                              for name in names))
        self.upgrade()
        self.generate("", *(word for name in names for word in ("--allow-drop", name)))
        self.upgrade()
        self.assertEqual({row[0] for row in self.sql("SHOW TABLES")}, {"alembic_version", "skein_history"})

    @staticmethod
    def name_of(name):
        return "`" + name.replace("`", "``") + "`"


class OnAllThree(OnMariaDBServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pg = Postgres()
        cls.addClassCleanup(cls.pg.close)

    def test_one_revision_for_all(self):
        self.pg.create("globex")
        self.start({"name": "globex", "url": self.pg.url("globex")}, self.fleet.sqlite("initech"), postgresql=self.pg.url("postgres"))
        schema = "CREATE TABLE team (id integer PRIMARY KEY);\nCREATE TABLE task (id integer PRIMARY KEY, title varchar(40) NOT NULL{});\n"
        text = self.generate(schema.format("") + "-- dialect:mysql\nCREATE TABLE here (id int);\n-- dialect:all\n")
        for dialect in ("sqlite", "postgresql", "mysql"):
            self.assertEqual(text.count(f"-- migrate:up dialect:{dialect}\n"), 1)
            self.assertEqual(text.count(f"-- migrate:down dialect:{dialect}\n"), 1)
        self.upgrade()
        self.run_ok("check")
        self.generate(schema.format(", team_id integer REFERENCES team (id)") + "-- dialect:mysql\nCREATE TABLE here (id int, b int);\n")
        self.upgrade()
        self.assertIsNone(self.generate(None))
        self.run_ok("downgrade", "--yes", "base")
        self.run_ok("drift")

    def test_check_tells_what_each_lacks(self):
        self.pg.create("hooli")
        self.start({"name": "hooli", "url": self.pg.url("hooli")}, postgresql=self.pg.url("postgres"))
        self.fleet.write("schema.sql", "CREATE TABLE a (id int);\n-- dialect:mysql\nCREATE TABLE b (id int);")
        self.fleet.revision("base0001", "CREATE TABLE a (id int);", down="DROP TABLE a;")
        self.run_ok("upgrade", "--yes", "head")
        said = self.run_ok("check", code=1).err
        self.assertIn("mysql: what the chain makes differs", said)
        self.assertNotIn("postgresql: what the chain makes", said)
        self.assertIn("table b is missing", said)


if __name__ == "__main__":
    main()
