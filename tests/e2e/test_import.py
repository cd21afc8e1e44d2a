"""Other tools' migrations: real folders, the real binary, and what the result comes to in databases."""
import json
import os
import re
import shutil
import sqlite3
import subprocess

from harness import FleetCase, PostgresCase, main

GOOSE = """-- +goose Up
-- +goose StatementBegin
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)
-- +goose StatementEnd
CREATE TRIGGER tidy AFTER INSERT ON notes BEGIN
  UPDATE notes SET body = trim(body);
END;

-- +goose Down
DROP TABLE notes;
"""


class Folders(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.inventory([self.fleet.sqlite("t")])
        os.rmdir(self.fleet.path("versions"))

    def write(self, files):
        for name, text in files.items():
            self.fleet.write("old/" + name, text)

    def import_ok(self, tool, *args, **options):
        return self.run_ok("import", tool, self.fleet.path("old"), *args, **options)

    def made(self):
        folder = self.fleet.path("versions")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def check_up_and_down(self, tables, versions):
        """What was imported goes up and down again in a real database."""
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.tables("t"), tables)
        self.assertEqual(self.fleet.versions("t"), versions)
        self.run_ok("downgrade", "base")
        self.assertEqual(self.fleet.tables("t"), set())

    def test_dbmate(self):
        self.write({"20260101000000_users.sql": "-- migrate:up\nCREATE TABLE users (id);\n\n"
                                                "-- migrate:down\nDROP TABLE users;\n",
                    "20260102000000_tidy.sql": "-- migrate:up transaction:false\nVACUUM;\n"
                                               "-- migrate:down\n"})
        result = self.import_ok("dbmate")
        self.assertEqual(self.made(), ["20260101000000_users.sql", "20260102000000_tidy.sql"])
        self.assertIn("made 2 revisions from dbmate", result.out)
        self.check_up_and_down({"users"}, ["20260102000000"])

    def test_golang_migrate(self):
        self.write({"1_a.up.sql": "BEGIN;\nCREATE TABLE a (id);\nCOMMIT;\n", "1_a.down.sql": "DROP TABLE a;",
                    "2_b.up.sql": "CREATE TABLE b (id);", "2_b.down.sql": "DROP TABLE b;",
                    "10_c.up.sql": "CREATE TABLE c (id);", "10_c.down.sql": "DROP TABLE c;"})
        self.import_ok("golang-migrate")
        self.assertEqual(self.made(), ["10_c.sql", "1_a.sql", "2_b.sql"])
        self.check_up_and_down({"a", "b", "c"}, ["10"])

    def test_goose(self):
        self.write({"00001_notes.sql": GOOSE})
        self.import_ok("goose")
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.query("t", "SELECT name FROM sqlite_schema WHERE type = 'trigger'"),
                         [("tidy",)])
        self.run_ok("downgrade", "base")
        self.assertEqual(self.fleet.tables("t"), set())

    def test_flyway(self):
        self.write({"V1__a.sql": "CREATE TABLE a (id);", "U1__a.sql": "DROP TABLE a;",
                    "more/V1.1__b.sql": "CREATE TABLE b (id);", "more/U1.1__b.sql": "DROP TABLE b;",
                    "R__view.sql": "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT id FROM b;",
                    "afterMigrate.sql": "SELECT 1;"})
        result = self.import_ok("flyway")
        self.assertIn("afterMigrate.sql: left out", result.err)
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("t"), ["R_view"])
        self.assertEqual(self.fleet.query("t", "SELECT count(*) FROM v"), [(0,)])
        refused = self.run_ok("downgrade", "base", code=2)
        self.assertIn("irreversible", refused.err)

    def test_flyway_has_several_folders(self):
        self.write({"common/V1__a.sql": "CREATE TABLE a (id);", "lite/V2__b.sql": "CREATE TABLE b (id);"})
        self.run_ok("import", "flyway", self.fleet.path("old/common"), self.fleet.path("old/lite/"))
        self.assertEqual(self.made(), ["1_a.sql", "2_b.sql"])

    def test_diesel(self):
        self.write({"2026-01-01-000000_a/up.sql": "CREATE TABLE a (id);",
                    "2026-01-01-000000_a/down.sql": "DROP TABLE a;",
                    "2026-01-02-000000_b/up.sql": "VACUUM;", "2026-01-02-000000_b/down.sql": "",
                    "2026-01-02-000000_b/metadata.toml": "run_in_transaction = false\n"})
        self.import_ok("diesel")
        self.check_up_and_down({"a"}, ["20260102000000"])

    def test_a_second_import_adds_what_is_new_and_touches_nothing(self):
        self.write({"1_a.up.sql": "CREATE TABLE a (id);"})
        self.import_ok("golang-migrate")
        before = self.fleet.read("versions/1_a.sql")
        self.write({"2_b.up.sql": "CREATE TABLE b (id);"})
        result = self.import_ok("golang-migrate")
        self.assertIn("made 1 revision from golang-migrate, 1 there already", result.out)
        self.assertEqual(self.made(), ["1_a.sql", "2_b.sql"])
        self.assertEqual(self.fleet.read("versions/1_a.sql"), before)

    def test_a_file_that_differs_is_not_replaced_and_nothing_is_made(self):
        self.write({"1_a.up.sql": "CREATE TABLE a (id);", "2_b.up.sql": "CREATE TABLE b (id);"})
        self.fleet.write("versions/2_b.sql", "-- Revision ID: 2\n\n-- migrate:up\nSELECT 'mine';\n")
        result = self.run_ok("import", "golang-migrate", self.fleet.path("old"), code=2)
        self.assertIn("versions/2_b.sql: is there already", result.err)
        self.assertEqual(self.made(), ["2_b.sql"])
        self.assertIn(b"mine", self.fleet.read("versions/2_b.sql"))

    def test_all_faults_are_told_with_file_and_line_and_nothing_is_made(self):
        self.write({"1_a.up.sql": "CREATE TABLE a (id);", "2_b.up.sql": "SELECT 1;\nCOMMIT;\n",
                    "3_c.up.sql": "\n\nROLLBACK;\n", "4_d.down.sql": "SELECT 1;"})
        result = self.run_ok("import", "golang-migrate", self.fleet.path("old"), code=2)
        self.assertIn("old/2_b.up.sql:2: ends a transaction", result.err)
        self.assertIn("old/3_c.up.sql:3: 'ROLLBACK' cannot be taken over", result.err)
        self.assertIn("2 faults", result.err)
        self.assertEqual(self.made(), [])

    def test_what_is_no_text_is_a_fault_with_its_line(self):
        self.write({"1_a.up.sql": b"SELECT 1;\nSELECT '\xff';\n", "2_b.up.sql": b"\xef\xbb\xbfSELECT 2;\n"})
        result = self.run_ok("import", "golang-migrate", self.fleet.path("old"), code=2)
        self.assertIn("old/1_a.up.sql:2: not UTF-8", result.err)
        os.remove(self.fleet.path("old/1_a.up.sql"))
        self.import_ok("golang-migrate")
        self.assertIn(b"\nSELECT 2;\n", self.fleet.read("versions/2_b.sql"))

    def test_utf16_is_said(self):
        self.write({"1_a.up.sql": "SELECT 1;".encode("utf-16")})
        result = self.run_ok("import", "golang-migrate", self.fleet.path("old"), code=2)
        self.assertIn("old/1_a.up.sql:1: UTF-16: save it as UTF-8", result.err)

    def test_linked_folders_and_files_are_followed_within_the_folder(self):
        self.write({"real/2026_a/up.sql": "CREATE TABLE a (id);", "2027_b/up.sql": "CREATE TABLE b (id);"})
        os.rename(self.fleet.path("old/real"), self.fleet.path("old/.real"))
        os.symlink(".real/2026_a", self.fleet.path("old/2026_a"))
        self.import_ok("diesel")
        self.assertEqual(self.made(), ["2026_a.sql", "2027_b.sql"])

    def test_what_a_link_does_not_lead_to_is_a_fault(self):
        self.write({"V1__a.sql": "CREATE TABLE a (id);", "sub/V2__b.sql": "CREATE TABLE b (id);"})
        self.fleet.write("other/V3__c.sql", "CREATE TABLE c (id);")
        for target, name, says in (("../other", "out", "a link that leads out of the folder"),
                                   ("nowhere", "gone", "cannot open it: No such file"),
                                   ("..", "sub/up", "a link to a folder that it stands in"),
                                   ("../other/V3__c.sql", "V3__c.sql", "a link that leads out")):
            with self.subTest(name=name):
                os.symlink(target, self.fleet.path("old", name))
                result = self.run_ok("import", "flyway", self.fleet.path("old"), code=2)
                self.assertIn(f"old/{name}: ", result.err)
                self.assertIn(says, result.err)
                os.remove(self.fleet.path("old", name))
        self.import_ok("flyway")

    def test_an_import_that_finds_nothing_is_a_fault(self):
        self.write({"readme.sql": "SELECT 1;", "1/up.sql": ""})
        for tool, args in (("dbmate", []), ("golang-migrate", []), ("goose", []), ("flyway", ["--dry-run"])):
            result = self.run_ok("import", tool, self.fleet.path("old"), *args, code=2)
            self.assertIn(f"old: nothing to import: {tool} looks for files named V", result.err)
            self.assertIn("old/readme.sql: left out", result.err)
        self.assertIn("'-- Running upgrade' lines",
                      self.run_ok("import", "alembic-sql", self.fleet.path("old/1/up.sql"), code=2).err)
        self.assertEqual(self.made(), [])

    def test_names_of_golang_migrate_s_own(self):
        self.write({"30_x.up..sql": "CREATE TABLE a (id);", "31_y.up.SQL": "CREATE TABLE b (id);",
                    "32_z.up.pgsql": "CREATE TABLE c (id);", "33_w.UP.sql": "", "sub/34_v.up.sql": ""})
        result = self.import_ok("golang-migrate")
        self.assertEqual(self.made(), ["30_x.sql", "31_y.sql", "32_z.sql"])
        self.assertIn("old/33_w.UP.sql: left out", result.err)
        self.assertIn("old/sub: left out", result.err)

    def test_two_revisions_that_come_to_one_name(self):
        self.write({"V1__2_x.sql": "CREATE TABLE a (id);", "V1.2__x.sql": "CREATE TABLE b (id);"})
        self.import_ok("flyway")
        made = self.made()
        self.assertEqual(made, ["1_2_x.sql", "1_2_x_%s.sql" % "0c79023f"])
        self.assertIn("made 0 revisions from flyway, 2 there already", self.import_ok("flyway").out)
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("t"), ["1_2"])

    def test_commands_of_a_client_are_faults_with_their_line(self):
        self.write({"1_a.up.sql": "SELECT 1;\nCOPY a FROM stdin;\n1\tit's\n\\.\n", "2_b.up.sql": "\n\\restrict x\n"})
        result = self.run_ok("import", "golang-migrate", self.fleet.path("old"), "--dialect", "postgresql", code=2)
        self.assertIn("old/1_a.up.sql:2: 'COPY … FROM STDIN' takes its rows", result.err)
        self.assertIn("old/2_b.up.sql:2: '\\restrict' is a command of psql", result.err)
        self.write({"1_a.up.sql": "SELECT 1;\n.mode csv\n", "2_b.up.sql": "SELECT 1"})
        result = self.run_ok("import", "golang-migrate", self.fleet.path("old"), code=2)
        self.assertIn("old/1_a.up.sql:2: '.mode' is a command of the sqlite3 shell", result.err)

    def test_a_file_that_cannot_be_read_is_not_called_missing(self):
        copy = "COPY a FROM stdin;\n1\n\\.\n"
        for tool, files in (("dbmate", {"1_a.sql": "-- migrate:up\n" + copy + "-- migrate:down\nDROP TABLE a;\n"}),
                            ("golang-migrate", {"1_a.up.sql": copy, "1_a.down.sql": "DROP TABLE a;"}),
                            ("flyway", {"V1__a.sql": copy, "U1__a.sql": "DROP TABLE a;"}),
                            ("diesel", {"1_a/up.sql": copy, "1_a/down.sql": "DROP TABLE a;"}),
                            ("goose", {"1_a.sql": "-- +goose Up\n" + copy + "-- +goose Down\nDROP TABLE a;\n"})):
            with self.subTest(tool):
                shutil.rmtree(self.fleet.path("old"), ignore_errors=True)
                self.write(files)
                result = self.run_ok("import", tool, self.fleet.path("old"), "--dialect", "postgresql", code=2)
                self.assertIn("'COPY … FROM STDIN' takes its rows", result.err)
                self.assertIn("1 fault;", result.err)

    def test_versions_that_no_id_can_be_are_mapped(self):
        self.write({"2020.01_a/up.sql": "CREATE TABLE a (id);"})
        id_ = "2020_01_%s" % "7eaebd1a"
        result = self.import_ok("diesel", "-o", "text", "-o", f"json={self.fleet.path('out')}")
        self.assertIn(f"version '2020.01' becomes revision '{id_}'", result.err)
        self.assertEqual(json.loads(self.fleet.read("out"))["mapped"], [{"version": "2020.01", "revision": id_}])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("t"), [id_])

    def test_dry_run_makes_nothing(self):
        self.write({"1_a.up.sql": "CREATE TABLE a (id);"})
        result = self.import_ok("golang-migrate", "--dry-run")
        self.assertIn("1_a.sql", result.out)
        self.assertIn("would make 1 revision", result.out)
        self.assertEqual(self.made(), [])

    def test_json_says_what_was_made(self):
        self.write({"1_a.up.sql": "CREATE TABLE a (id);", "readme.sql": "SELECT 1;"})
        report = json.loads(self.import_ok("golang-migrate", "-o", "json").out)
        self.assertEqual(report["made"], [self.fleet.path("versions/1_a.sql")])
        self.assertEqual([note["file"] for note in report["left_out"]], [self.fleet.path("old/readme.sql")])
        self.assertEqual((report["tool"], report["dry_run"], report["unchanged"]), ("golang-migrate", False, 0))
        report = json.loads(self.import_ok("golang-migrate", "-o", "json").out)
        self.assertEqual((report["made"], report["unchanged"]), ([], 1))

    def test_dialect_marks_the_sections(self):
        self.write({"1_a.up.sql": "CREATE TABLE a (id);"})
        self.import_ok("golang-migrate", "--dialect", "sqlite")
        self.assertIn(b"-- migrate:up dialect:sqlite\n", self.fleet.read("versions/1_a.sql"))

    def test_which_dialect_it_is_must_be_known(self):
        self.fleet.inventory([])
        self.write({"1_a.up.sql": "CREATE TABLE a (id);"})
        result = self.run_ok("import", "golang-migrate", self.fleet.path("old"), code=2)
        self.assertIn("--dialect", result.err)
        self.import_ok("golang-migrate", "--dialect", "postgresql")

    def test_usage(self):
        self.assertIn("no importer 'liquibase': name alembic-sql, dbmate",
                      self.run_ok("import", "liquibase", "x", code=2).err)
        self.assertIn("usage", self.run_ok("import", "dbmate", code=2).err)
        self.assertIn("cannot open the folder", self.run_ok("import", "dbmate", "nowhere", code=2).err)


ENV = """import logging
from alembic import context
from sqlalchemy import create_engine
logging.basicConfig(format="%(levelname)-5.5s [%(name)s] %(message)s")
logging.getLogger("alembic").setLevel("INFO")
url = context.get_x_argument(as_dictionary=True)["url"]
if context.is_offline_mode():
    context.configure(url=url)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""

REVISION = '''"""{message}"""
from alembic import op
import sqlalchemy as sa
revision = {id!r}
down_revision = {down!r}
depends_on = {depends!r}
def upgrade():
{up}
def downgrade():
{back}
'''


class Alembic(PostgresCase):
    """A project with Python revisions: a branch, a merge, a base that depends, an autocommit block."""

    def setUp(self):
        super().setUp()
        self.fleet.write("alembic.ini", "[alembic]\nscript_location = %(here)s/al\n")
        self.fleet.write("al/env.py", ENV)
        table = "    op.create_table({0!r}, sa.Column('id', sa.Integer, primary_key=True))"
        drop = "    op.drop_table({0!r})"
        concurrently = ("    if op.get_context().dialect.name == 'postgresql':\n"
                        "        with op.get_context().autocommit_block():\n"
                        "            op.execute('CREATE INDEX CONCURRENTLY ib ON b (id)')\n"
                        "    else:\n        op.execute('CREATE INDEX ib ON b (id)')")
        self.python("aaaa1111", None, table.format("a"), drop.format("a"), "First: a table")
        self.python("bbbb2222", "aaaa1111", table.format("b") + "\n" + concurrently, drop.format("b"))
        self.python("cccc3333", "aaaa1111", table.format("c"), drop.format("c"))
        self.python("dddd4444", ("bbbb2222", "cccc3333"), "    pass", "    pass", "Merge")
        self.python("eeee5555", "dddd4444", table.format("e"), drop.format("e"))

    def python(self, id_, down, up, back, message=None, depends=None):
        self.fleet.write(f"al/versions/{id_}.py",
                         REVISION.format(message=message or "Revision " + id_, id=id_, down=down,
                                         depends=depends, up=up, back=back))

    def alembic(self, url, *args):
        done = subprocess.run(["alembic", "-c", self.fleet.path("alembic.ini"), "-x", "url=" + url, *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.fleet.dir)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done

    def save(self, dialect, url):
        """Alembic's offline output: up, down, and the log with the messages."""
        up = self.alembic(url, "upgrade", "base:heads", "--sql")
        down = self.alembic(url, "downgrade", "eeee5555:base", "--sql")
        return [self.fleet.write(f"{dialect}.up.sql", up.stdout), self.fleet.write(f"{dialect}.log", up.stderr),
                self.fleet.write(f"{dialect}.down.sql", down.stdout)]

    def dump(self, database):
        rows = self.pg.sql(database, "SELECT table_name, column_name, data_type, is_nullable, column_default "
                                     "FROM information_schema.columns WHERE table_schema = 'public' AND "
                                     "table_name <> 'skein_history' ORDER BY 1, 2")
        return rows + self.pg.sql(database, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND "
                                            "tablename <> 'skein_history' ORDER BY 1")

    def test_a_project_is_taken_over_on_both_dialects_and_given_back(self):
        pg = self.pg.create("ours", "theirs")
        self.fleet.inventory([pg[0], self.fleet.sqlite("t")])
        files = self.save("pg", pg[1]["url"]) + self.save("lite", "sqlite:///x")
        self.run_ok("import", "alembic-sql", *files)
        self.assertIn("transaction:false", self.fleet.read("versions/bbbb2222_revision_bbbb2222.sql").decode())
        self.assertTrue(os.path.exists(self.fleet.path("versions/aaaa1111_first_a_table.sql")))
        self.run_ok("upgrade")
        self.assertEqual(self.pg.psql("theirs", "-f", files[0]).returncode, 0)
        self.assertEqual(self.dump("ours"), self.dump("theirs"))
        ours, theirs = self.fleet.path("data/t.db"), self.fleet.path("theirs.db")
        self.alembic("sqlite:///" + theirs, "upgrade", "heads")
        self.assertEqual(self.schema(ours), self.schema(theirs))
        # Alembic goes on where skein is, and back.
        self.assertIn(b"eeee5555", self.alembic("sqlite:///" + ours, "current").stdout)
        self.alembic("sqlite:///" + ours, "downgrade", "aaaa1111")
        self.run_ok("upgrade")
        self.run_ok("downgrade", "base")
        self.assertEqual(self.pg.tables("ours"), set())
        self.assertEqual(self.fleet.tables("t"), set())

    def schema(self, path):
        rows = sqlite3.connect(path).execute("SELECT type, name, sql FROM sqlite_schema WHERE "
                                             "tbl_name NOT IN ('skein_history', 'alembic_version')")
        return sorted((kind, name, " ".join((sql or "").split())) for kind, name, sql in rows)

    def test_a_dependency_that_shows_is_kept(self):
        os.remove(self.fleet.path("al/versions/eeee5555.py"))
        self.python("ffff6666", None, "    op.execute('CREATE TABLE f (id int)')", "    pass", depends="dddd4444")
        self.fleet.inventory([self.fleet.sqlite("t")])
        up = self.alembic("sqlite:///x", "upgrade", "base:heads", "--sql")
        self.run_ok("import", "alembic-sql", self.fleet.write("up.sql", up.stdout))
        self.assertIn(b"\n-- Depends On: dddd4444\n", self.fleet.read("versions/ffff6666.sql"))
        self.run_ok("upgrade", "heads")
        lite = "sqlite:///" + self.fleet.path("theirs.db")
        self.alembic(lite, "upgrade", "heads")
        rows = sqlite3.connect(self.fleet.path("theirs.db")).execute("SELECT version_num FROM alembic_version")
        self.assertEqual(self.fleet.versions("t"), sorted(row[0] for row in rows))


class NoChain(FleetCase):
    """A folder without a revision of skein's: what needs revisions is refused, and says what to do."""
    DOWN = "-- migrate:up\nCREATE TABLE a (id INT);\n-- migrate:down\nDROP TABLE a;\n"
    PYTHON = '"""First\n\nRevision ID: ab12\nRevises:\n"""\nrevision = "ab12"\ndown_revision = None\n'
    FOLDERS = {
        "alembic-sql": {"ab12_first.py": PYTHON},
        "dbmate": {"20200101000000_a.sql": DOWN},
        "goose": {"00001_a.sql": "-- +goose Up\nCREATE TABLE a (id INT);\n-- +goose Down\nDROP TABLE a;\n"},
        "golang-migrate": {"1_a.up.sql": "CREATE TABLE a (id INT);", "1_a.down.sql": "DROP TABLE a;"},
        "flyway": {"V1__a.sql": "CREATE TABLE a (id INT);"},
        "diesel": {"2020-01-01-000000_a/up.sql": "CREATE TABLE a (id INT);", "2020-01-01-000000_a/down.sql": "DROP TABLE a;"},
    }

    def setUp(self):
        super().setUp()
        self.fleet.inventory([self.fleet.sqlite("acme"), self.fleet.sqlite("bolt")])

    def refused(self, *args):
        result = self.run_ok(*args, cwd=self.fleet.dir, code=2)
        self.assertIn("the chain's folder holds no revision: ", result.err)
        self.assertEqual((result.out, self.fleet.tables("acme")), ("", set()))
        return result.err

    def test_an_empty_chain(self):
        for args in (["upgrade"], ["plan"], ["downgrade", "base"], ["stamp", "head"], ["stamp", "--purge", "base"], ["check"],
                     ["adopt", "--from", "dbmate"], ["upgrade", "--sql"], ["upgrade", "--sql", "--dialect", "postgresql"],
                     ["check", "--chain"], ["current", "--check-heads"], ["show", "head"], ["accept", "aaaa"], ["tenants", "--behind"],
                     ["merge", "heads", "-m", "x"], ["edit", "head"]):
            with self.subTest(args=args):
                self.assertIn("make one with 'skein revision -m MESSAGE'", self.refused(*args))
        for args in (["current"], ["tenants"], ["runs"]):
            self.run_ok(*args)
        for command in ("heads", "history", "branches"):
            result = self.run_ok(command)
            self.assertEqual(result.out, "")
            self.assertIn("the chain's folder holds no revision: ", result.err)
            self.assertEqual(self.run_ok(command, "-q").err, "")
        self.assertFalse(os.path.exists(self.fleet.path(".skein")))
        self.run_ok("revision", "-m", "first")
        self.run_ok("upgrade")

    def test_a_folder_of_another_tools_names_the_import_that_works(self):
        for tool, files in self.FOLDERS.items():
            with self.subTest(tool=tool):
                shutil.rmtree(self.fleet.path("versions"))
                for name, text in files.items():
                    self.fleet.write(f"versions/{name}", text)
                for command in ("check --chain", "current --check-heads", "upgrade", "plan", "check"):
                    error = self.refused(*command.split())
                self.assertIn("Alembic" if tool == "alembic-sql" else f"a migration of {tool}'s", error)
                command = re.search(rf"'skein (import {tool} [^']*)'", error).group(1).split()
                if tool == "alembic-sql":
                    self.assertIn("alembic upgrade base:heads --sql > up.sql", error)
                    self.assertEqual(command[2:], ["up.sql", "--dialect", "sqlite"])
                    continue
                with open(self.fleet.path("skein.yaml")) as file:
                    inventory = json.load(file)
                self.fleet.write("other.yaml", json.dumps({**inventory, "chain": f"chain-{tool}"}))
                self.run_ok(*command, inventory=self.fleet.path("other.yaml"))
                self.run_ok("plan", inventory="other.yaml")

    def test_alembics_folder_above_the_versions_is_known_too(self):
        shutil.rmtree(self.fleet.path("versions"))
        self.fleet.write("versions/env.py", "import alembic")
        self.fleet.write("versions/versions/ab12_first.py", self.PYTHON)
        self.assertIn("'versions/ab12_first.py' is a migration of Alembic's", self.refused("upgrade"))

    def test_a_chain_with_a_fault_is_a_chain(self):
        self.fleet.write("versions/20200101000000_a.sql", self.DOWN)
        self.fleet.revision("aaaa1111", "SELECT 1;")
        error = self.run_ok("upgrade", code=2).err
        self.assertIn("20200101000000_a.sql:1: the header has no 'Revision ID:'", error)
        self.assertNotIn("dbmate", error)


if __name__ == "__main__":
    main()
