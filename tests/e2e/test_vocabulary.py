"""The chain's commands, beside the real Alembic on a project with the same graph."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile

from harness import ENVIRONMENT, PG_BIN, SKEIN, Fleet, FleetCase, PostgresCase, free_port, main

# id, revises, depends on, label, message: a branch, a merge, a dependency, two bases.
GRAPH = [
    ("aaaa1111", "", "", "", "Base one"),
    ("bbbb2222", "aaaa1111", "", "", "Second: a thing's name"),
    ("cccc3333", "bbbb2222", "", "left", "left"),
    ("dddd4444", "bbbb2222", "cccc3333", "", "right"),
    ("eeee5555", "cccc3333, dddd4444", "", "", "Merge both"),
    ("ffff6666", "", "bbbb2222", "other", "other base"),
    ("abab7777", "ffff6666", "", "", "on the other base"),
]
DATE = "2026-11-25 13:04:40.356544"

ENV_PY = """
from alembic import context
from sqlalchemy import create_engine
url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""


class Project:
    """An Alembic project with the graph, in the fleet's folder, over its tenant's database."""

    def __init__(self, fleet, graph, database):
        self.fleet = fleet
        fleet.write("alembic.ini", "[alembic]\nscript_location = project\n"
                                   f"sqlalchemy.url = sqlite:///{fleet.path('data', database)}\n")
        fleet.write("project/env.py", ENV_PY)
        for id_, revises, depends, label, message in graph:
            down = [word for word in revises.split(", ") if word]
            down = down[0] if len(down) == 1 else tuple(down) or None
            fleet.write(f"project/versions/{id_}.py", f'''"""{message}

Revision ID: {id_}
Revises: {revises}
Create Date: {DATE}

"""
revision = {id_!r}
down_revision = {down!r}
branch_labels = {(label,) if label else None!r}
depends_on = {depends or None!r}
def upgrade(): pass
def downgrade(): pass
''')

    def run(self, *args):
        done = subprocess.run(["alembic", *args], cwd=self.fleet.dir, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": "0"})
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def normal(text):
    """Files are elsewhere; the order of children and labels is a Python set's."""
    text = re.sub(r"(?m)^Path: .*", "Path:", text)
    return re.sub(r"(?m)^(Branches into|Branch names): (.*)$",
                  lambda m: f"{m[1]}: {sorted(m[2].split(', '))}", text)


class VocabularyCase(FleetCase):
    def make(self, graph=GRAPH):
        for id_, revises, depends, label, message in graph:
            header = f"-- Branch Labels: {label}\n" if label else ""
            header += f"-- Depends On: {depends}\n" if depends else ""
            header += f"-- Create Date: {DATE}"
            self.fleet.revision(id_, down="", revises=revises, header=header, message=message)
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.alembic = Project(self.fleet, graph, "t.db")


class Shape(VocabularyCase):
    """What the chain's commands print is what Alembic prints."""

    def same(self, *args, in_order=True):
        code, out, err = self.alembic.run(*args)
        self.assertEqual(code, 0, f"{args}: {out}{err}")
        ours, theirs = normal(self.run_ok(*args).out), normal(out)
        if not in_order:
            ours, theirs = sorted(ours.splitlines()), sorted(theirs.splitlines())
        self.assertEqual(ours, theirs)
        self.assertTrue(ours)

    def test_history(self):
        self.make()
        self.same("history", in_order=False)
        self.same("history", "-v", in_order=False)
        self.same("history", "-r", "bbbb:dddd")
        self.same("history", "-r", "other@base:other@head")

    def test_heads(self):
        self.make(GRAPH + [("cdcd8888", "", "eeee5555", "", "depends on a head")])
        for args in (["heads"], ["heads", "-v"], ["heads", "--resolve-dependencies"]):
            self.same(*args, in_order=False)

    def test_branches(self):
        self.make()
        self.same("branches", in_order=False)
        self.same("branches", "-v", in_order=False)

    def test_show(self):
        self.make()
        for identifier in ("eeee5555", "bbbb", "other@head", "heads", "left@eeee"):
            self.same("show", identifier, in_order=False)

    def test_where_tenants_stand(self):
        self.make()
        self.run_ok("upgrade", "dddd")
        for args in (["history", "-i"], ["history", "-iv"], ["show", "current"],
                     ["history", "-r", "current:"], ["history", "-r", ":current"]):
            with self.subTest(args):
                ours = self.run_ok(*args).out
                ours = re.sub(r"(?m)^Tenants: .*\n", "", ours)
                code, theirs, err = self.alembic.run(*args)
                self.assertEqual(code, 0, f"{args}: {theirs}{err}")
                self.assertEqual(sorted(normal(ours).splitlines()),
                                 sorted(normal(theirs).splitlines()))
        self.assertIn("dddd4444 (current), right", self.run_ok("history", "-i").out)

    def test_what_names_nothing_is_refused_alike(self):
        self.make()
        for args in (["show", "nope"], ["show", "head"], ["history", "-r", "x"]):
            with self.subTest(args):
                self.assertNotEqual(self.alembic.run(*args)[0], 0)
                result = self.run_ok(*args, code=2)
                self.assertEqual(result.out, "")


class Chain(VocabularyCase):
    def test_json_says_the_same(self):
        self.make()
        revisions = {r["revision"]: r for r in json.loads(self.run_ok("history", "-o", "json").out)}
        self.assertEqual(len(revisions), len(GRAPH))
        self.assertEqual(revisions["eeee5555"]["revises"], ["cccc3333", "dddd4444"])
        self.assertEqual(sorted(revisions["bbbb2222"]["revised_by"]), ["cccc3333", "dddd4444"])
        self.assertTrue(revisions["bbbb2222"]["is_branchpoint"])
        self.assertEqual(revisions["abab7777"]["branch_labels"], ["other"])
        self.assertNotIn("tenants", revisions["abab7777"])

    def test_results_go_where_asked(self):
        self.make()
        for args in (["history"], ["show", "heads"], ["branches"], ["tenants"]):
            with self.subTest(args):
                file = self.fleet.path("out.json")
                text = self.run_ok(*args).out
                self.assertEqual(self.run_ok(*args, "-o", f"json={file}").out, text)
                with open(file) as out:
                    self.assertTrue(json.load(out))
                self.assertEqual(self.run_ok(*args, "-o", "json", "-o", f"text={file}").out[0], "[")
                self.assertEqual(self.fleet.read("out.json").decode(), text)
                self.assertIn("nowhere", self.run_ok(*args, "-o", "json=/nowhere/x", code=2).err)
                with open("/dev/full", "w") as full:
                    self.assertIn("cannot write", self.run_ok(*args, code=2, stdout=full).err)

    def test_a_result_that_no_one_gets_is_not_exit_0(self):
        self.make()
        read, write = os.pipe()
        os.close(read)
        self.addCleanup(os.close, write)
        for args in (["--help"], ["upgrade", "--help"], ["--version"], ["history"], ["heads"], ["current"], ["plan", "heads"],
                     ["tenants"], ["upgrade", "--sql", "heads"], ["current", "-v"]):
            with self.subTest(args), open("/dev/full", "w") as full:
                for stdout, why in ((full, "No space left on device"), (write, "Broken pipe")):
                    result = self.run_ok(*args, code=2, stdout=stdout)
                    self.assertEqual(result.err.count("cannot write"), 1, result.err)
                    self.assertIn(why, result.err)
        self.run_ok("upgrade", "heads")
        with open("/dev/full", "w") as full:
            for args in (["report"], ["runs"]):
                self.assertIn("cannot write", self.run_ok(*args, code=2, stdout=full).err)
            result = self.run_ok("downgrade", "base", stdout=full)  # what happened to the tenants counts
            self.assertEqual(result.err.count("cannot write"), 1)

    def test_help_and_faults_know_the_same_formats(self):
        known = [line for line in self.run_ok("upgrade", "--help").out.splitlines() if "--output" in line][0]
        said = self.run_ok("upgrade", "-o", "punchcard", code=2).err
        self.make()
        for name in ("text", "json", "csv", "junit", "markdown"):
            self.assertIn(name, known)
            self.assertIn(name, said)
            self.run_ok("plan", "heads", "-o", f"{name}={self.fleet.path('out')}")

    def test_several_tenants_are_named_where_they_stand(self):
        self.make()
        self.fleet.inventory([self.fleet.sqlite(name) for name in ("t", "u", "v")])
        self.run_ok("upgrade", "bbbb", "-t", "t", "-t", "v")
        self.run_ok("upgrade", "other@head", "-t", "u")
        self.assertIn("Tenants: t, v\n", self.run_ok("history", "-iv").out)
        self.assertNotIn("Tenants: t, v\n", self.run_ok("history", "-iv", "-t", "u").out)
        marks = {r["revision"]: r["tenants"] for r in
                 json.loads(self.run_ok("history", "-i", "-o", "json").out)}
        self.assertEqual(marks["bbbb2222"], ["t", "v"])
        self.assertEqual(marks["abab7777"], ["u"])
        self.assertEqual(marks["aaaa1111"], [])

    def test_current_with_v_shows_where_they_stand(self):
        self.make()
        self.fleet.inventory([self.fleet.sqlite(f"t{i:02}") for i in range(14)])
        self.run_ok("upgrade", "dddd", "--select", "name!=t07")
        self.run_ok("upgrade", "cccc", "-t", "t07")
        out = self.run_ok("current", "-v").out
        code, theirs, _ = self.alembic.run("show", "dddd4444")
        blocks = out[out.index("Rev: "):]
        self.assertIn("Tenants: t00, t01, t02, t03, t04, t05, t06, t08, t09, t10 and 3 more\n", blocks)
        self.assertIn("Tenants: t07\n", blocks)
        ours = re.sub(r"(?m) \(current\)|^Tenants: .*\n", "", blocks[:blocks.index("Rev: cccc3333")])
        self.assertEqual(normal(ours), normal(theirs))
        self.assertNotIn("Rev: ", self.run_ok("current").out)

    def test_a_tenant_that_cannot_be_asked_is_named(self):
        self.make()
        self.fleet.inventory([self.fleet.sqlite("t"), {"name": "gone", "url": "sqlite:///no/x.db"}])
        self.run_ok("upgrade", "bbbb", "-t", "t")
        result = self.run_ok("history", "-i", code=1)
        self.assertIn("bbbb2222 (current)", result.out)
        self.assertIn("gone", result.err)

    def test_the_chain_needs_no_tenant(self):
        self.make()
        self.fleet.inventory([], sources=[{"query": "SELECT 1", "url": "postgresql://127.0.0.1:1/x"}])
        for args in (["history"], ["heads"], ["branches"], ["show", "heads"]):
            self.run_ok(*args)
        self.run_ok("history", "-i", code=2)


class Tenants(FleetCase):
    """check and stamp --purge: the tenants beside the chain."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id);")
        self.fleet.inventory([self.fleet.sqlite(name) for name in "tu"])
        self.run_ok("upgrade")

    def test_what_a_mistyped_parameter_holds_is_shown_nowhere(self):
        port = free_port()
        self.fleet.inventory([{"name": "t", "retries": 0, "url":
                               f"postgresql://app@127.0.0.1:{port}/d?pasword=hunter2&Password=hunter2&pass%2Eword=hunter2"}])
        for args in (["tenants"], ["tenants", "-v", "-o", "json"], ["plan", "-v"], ["current", "-o", "json"],
                     ["upgrade", "-v", "-o", "json", "--progress", "json"], ["report", "-v", "-o", "json"],
                     ["runs", "-o", "json"], ["resume", "-v"], ["rollback", "-v"]):
            with self.subTest(args):
                result = self.fleet.run(*args)
                self.assertNotIn("hunter2", result.out + result.err)
        self.assertIn("pasword=***", self.run_ok("tenants").out)
        self.assertNotIn(b"hunter2", self.fleet.read(".skein/ledger.db"))

    def test_check_says_whether_all_is_well(self):
        before = self.fleet.read("data/t.db")
        self.run_ok("check")
        self.assertEqual(self.run_json("check").report["totals"]["unchanged"], 2)
        self.assertEqual(self.fleet.read("data/t.db"), before)

    def test_check_finds_who_is_not_at_the_heads(self):
        self.run_ok("stamp", "--force", "aaaa", "-t", "u")
        result = self.run_json("check", code=1)
        self.assertIn("1 tenant is not at the head(s)", result.err)
        self.assertEqual([s["revision"] for s in result.tenant("u")["steps"]], ["bbbb2222"])
        self.run_ok("check", "-t", "t")
        self.fleet.revision("cccc3333", revises="aaaa1111")
        self.run_ok("check", "-t", "t", code=1)
        self.assertEqual(self.fleet.versions("u"), ["aaaa1111"])

    def test_check_finds_drift_and_faults_of_the_chain(self):
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER);", revises="aaaa1111")
        self.assertEqual(self.run_json("check", code=1).tenant("t")["error"]["class"], "drift")
        self.fleet.revision("cccc3333", revises="nope")
        self.assertIn("cccc3333.sql", self.run_ok("check", code=2).err)

    def test_purge_drops_rows_that_name_nothing(self):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data/t.db"))) as db:
            db.execute("INSERT INTO alembic_version VALUES ('gone')")
            db.commit()
        self.run_ok("stamp", "aaaa", "-t", "t", code=1)
        self.assertEqual(self.fleet.versions("t"), ["bbbb2222", "gone"])
        self.run_ok("stamp", "--purge", "aaaa")
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])
        self.assertEqual(self.fleet.versions("u"), ["aaaa1111"])
        self.run_ok("stamp", "--purge", "base")
        self.assertEqual(self.fleet.versions("t"), [])
        self.run_ok("upgrade", "--purge", code=2)


class Writing(FleetCase):
    """init, revision, merge, edit: files that the chain can be read with, or none at all."""

    def setUp(self):
        super().setUp()
        self.fleet.inventory([self.fleet.sqlite("t")])

    def files(self):
        return sorted(os.listdir(self.fleet.path("versions")))

    def new(self, *args):
        return json.loads(self.run_ok("revision", *args, "-o", "json").out)[0]

    def refused(self, *args, says):
        before = self.files()
        result = self.run_ok(*args, code=2)
        self.assertIn(says, result.err)
        self.assertEqual((result.out, self.files()), ("", before))

    def test_init_makes_what_everything_else_starts_from(self):
        out = self.run_ok("init", self.fleet.path("new", "fleet") + "/").out
        for name in ("skein.yaml", "versions/revision.sql.in", "versions/README.md"):
            path = self.fleet.path("new", "fleet", name)
            self.assertIn(f"Generating {path} ...  done", out)
            self.assertTrue(os.path.getsize(path))
        other = Fleet.__new__(Fleet)
        other.dir = self.fleet.path("new", "fleet")
        for args in (["heads"], ["history"], ["tenants", "--allow-empty"]):
            result = other.run(*args)
            self.assertEqual(result.code, 0, repr(result))
        self.assertEqual(other.run("revision", "-m", "First").code, 0)
        self.assertIn("<base> -> ", other.run("history").out)

    def test_the_commands_that_init_tells_work_as_they_are_printed(self):
        bin = self.fleet.path("bin")
        os.mkdir(bin)
        os.symlink(os.path.abspath(SKEIN), os.path.join(bin, "skein"))
        env = {**ENVIRONMENT, "PATH": f"{bin}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        for args in (["init"], ["init", "fleet"], ["init", "it's a fleet"], ["-f", "sub/other.yaml", "init"]):
            with self.subTest(args=args):
                folder = tempfile.mkdtemp(dir=self.fleet.dir)
                done = subprocess.run([SKEIN, *args], cwd=folder, env=env, stdout=subprocess.PIPE, check=True)
                commands = [line[2:] for line in done.stdout.decode().splitlines() if line.startswith("  skein ")]
                self.assertEqual(len(commands), 3, done.stdout)
                for command in commands:
                    ran = subprocess.run(command, shell=True, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                    self.assertEqual(ran.returncode, 0, (command, ran.stdout))
                self.assertIn(b"succeeded  1", ran.stdout)

    def test_init_keeps_the_ledger_out_of_version_control(self):
        where = self.fleet.path("new")
        for before, told in ((None, "Generating"), ("*.o", "Adding the ledger to"), ("*.o\n", "Adding the ledger to"), ("", "Adding")):
            with self.subTest(before=before):
                shutil.rmtree(where, ignore_errors=True)
                if before is not None:
                    self.fleet.write("new/.gitignore", before)
                self.assertIn(f"{told} ", self.run_ok("init", where).out)
                lines = self.fleet.read("new/.gitignore").decode().splitlines()
                self.assertIn("/.skein/", lines)
                self.assertEqual("*.o" in lines, bool(before))
        for before in (".skein\n", "a\n/.skein/\n", ".skein/*\n"):
            shutil.rmtree(where)
            self.fleet.write("new/.gitignore", before)
            self.assertNotIn(".gitignore", self.run_ok("init", where).out)
            self.assertEqual(self.fleet.read("new/.gitignore").decode(), before)
        subprocess.run(["git", "init", "-q", where], check=True)
        self.run_ok("revision", "-m", "x", inventory="new/skein.yaml")
        self.run_ok("upgrade", inventory="new/skein.yaml")
        status = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=where, stdout=subprocess.PIPE, check=True).stdout
        self.assertIn(b"?? skein.yaml", status)
        self.assertNotIn(b".skein", status)

    def test_init_overwrites_nothing(self):
        for name in ("skein.yaml", "versions/revision.sql.in", "versions/README.md"):
            with self.subTest(name):
                self.fleet.write(f"{name[0]}/{name}", "mine")
                result = self.run_ok("init", self.fleet.path(name[0]), code=2)
                self.assertIn("exists already", result.err)
                self.assertEqual(self.fleet.read(f"{name[0]}/{name}"), b"mine")
                files = [file for _, _, files in os.walk(self.fleet.path(name[0])) for file in files]
                self.assertEqual(len(files), 1)
                os.unlink(self.fleet.path(name[0], name))

    def test_init_needs_a_name_for_the_inventory(self):
        self.assertIn("is a folder", self.run_ok("init", inventory="new/", code=2).err)
        self.assertFalse(os.path.exists(self.fleet.path("new")))

    def test_revision_says_where_as_alembic_does(self):
        result = self.run_ok("revision", "-m", "  Added table: exam's  ", "--rev-id", "abc123")
        path = self.fleet.path("versions", "abc123_added_table_exam_s.sql")
        self.assertEqual(result.out, f"Generating {path} ...  done\n")
        text = self.fleet.read("versions/abc123_added_table_exam_s.sql")
        self.assertTrue(text.startswith(b"-- Added table: exam's\n--\n"))
        self.assertEqual(self.run_ok("revision", "-q", "-m", "x").out, "")

    def test_a_new_revision_can_be_run_at_once(self):
        first = self.new("-m", "one")
        self.assertRegex(first["revision"], "^[0-9a-f]{12}$")
        second = self.new("-m", "two")
        self.assertEqual(second["revises"], [first["revision"]])
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("t"), [second["revision"]])
        self.run_ok("downgrade", "base")

    def test_branches_splices_labels_and_dependencies(self):
        first, second = self.new("-m", "one"), self.new("-m", "two")
        self.refused("revision", "-m", "x", "--head", first["revision"], says="--splice")
        branch = self.new("-m", "three", "--head", first["revision"][:8], "--splice",
                          "--branch-label", "billing", "--depends-on", second["revision"][:6])
        self.assertEqual((branch["revises"], branch["depends_on"], branch["branch_labels"]),
                         ([first["revision"]], [second["revision"]], ["billing"]))
        self.refused("revision", "-m", "x", says="multiple head")
        base = self.new("-m", "four", "--head", "base", "--depends-on", "billing")
        self.assertEqual((base["revises"], base["depends_on"]), ([], ["billing"]))
        more = self.new("-m", "five", "--head", "billing@head")
        self.assertEqual(more["revises"], [branch["revision"]])

    def test_merge_joins_heads(self):
        first = self.new("-m", "one")
        ids = [self.new("-m", "x", "--head", first["revision"], "--splice")["revision"]
               for _ in range(2)]
        self.refused("merge", first["revision"], ids[0], "-m", "m", says="not a head")
        self.refused("merge", ids[0], ids[0], "-m", "m", says="twice")
        merged = json.loads(self.run_ok("merge", "heads", "-m", "Both", "-o", "json").out)[0]
        self.assertEqual(sorted(merged["revises"]), sorted(ids))
        self.assertTrue(merged["is_mergepoint"])
        self.assertEqual(self.run_ok("heads").out, f"{merged['revision']} (head)\n")

    def test_what_the_chain_would_not_take_is_not_written(self):
        first = self.new("-m", "one", "--rev-id", "aaaa1111", "--branch-label", "left")
        for args, says in (
                (["-m", "x", "--rev-id", "a@b"], "a@b"),
                (["-m", "x", "--rev-id", "../../evil"], "no revision id"),
                *((["-m", "x", option, word], f"'{word}' cannot be a name") for option in ("--rev-id", "--branch-label")
                  for word in ("head", "heads", "base", "current")),
                (["-m", "x", "--rev-id", first["revision"]], "aaaa1111"),
                (["-m", "Revises: aaaa1111"], "twice"),
                (["-m", "Create Date: now"], "twice"),
                (["-m", "a\nb"], "one line"),
                (["-m", "x", "--branch-label", "left"], "left"),
                (["-m", "x", "--branch-label", "a b"], "a b"),
                (["-m", "x", "--depends-on", "nope"], "nope"),
                (["-m", "x", "--depends-on", "base"], "base"),
                (["-m", "x", "--head", "nope"], "nope"),
                (["-m", "x", "--sql-template", "/nonesuch"], "/nonesuch: cannot read it")):
            with self.subTest(args):
                self.refused("revision", *args, says=says)
        self.fleet.write("versions/zz.sql", "SELECT 1;")
        self.refused("revision", "-m", "x", says="versions/zz.sql:1")

    def test_the_chain_has_a_template_of_its_own(self):
        self.fleet.write("versions/revision.sql.in",
                         "-- ${message}\n-- Revision ID: ${revision}\n-- Revises: ${revises}\n"
                         "-- Reviewed by: nobody yet\n-- Depends On: ${depends_on}\n"
                         "-- migrate:up\nSELECT '${message}';\n")
        made = self.new("-m", "hello")
        text = self.fleet.read("versions/" + os.path.basename(made["file"])).decode()
        self.assertEqual(text, f"-- hello\n-- Revision ID: {made['revision']}\n-- Revises:\n"
                               "-- Reviewed by: nobody yet\n-- migrate:up\nSELECT 'hello';\n")
        self.refused("revision", "-m", "x", "--branch-label", "l", says="branch labels")
        self.fleet.write("versions/revision.sql.in", "-- ${message}\n-- ${revison}\n")
        self.refused("revision", "-m", "x", says="revision.sql.in:2: '${revison}' is none of")
        other = self.fleet.write("other.in", "-- m\n-- Revision ID: ${revision}\n-- migrate:up\n")
        self.refused("revision", "-m", "x", "--sql-template", other, says="message (${message})")

    def test_edit_starts_the_editor_without_a_shell(self):
        first = self.new("-m", "one")
        self.fleet.write("edit.py", "#!/usr/bin/env python3\nimport sys\n"
                         "open(sys.argv[-1], 'a').write('SELECT 1;\\n')\n"
                         "print(sys.argv[1:])\n", mode=0o755)
        env = {"VISUAL": self.fleet.path("edit.py") + "  --wait $(false)", "EDITOR": "/nonesuch"}
        result = self.run_ok("edit", first["revision"][:5], env=env)
        path = self.fleet.path("versions", os.path.basename(first["file"]))
        self.assertEqual(result.out, f"{['--wait', '$(false)', path]}\n")
        self.assertTrue(self.fleet.read(path).endswith(b"SELECT 1;\n"))

    def test_edit_tells_what_is_wrong_then(self):
        self.new("-m", "one")
        env = {"VISUAL": "", "EDITOR": "truncate -s 0"}
        result = self.run_ok("edit", "head", env=env, code=2)
        self.assertIn("Revision ID", result.err)
        os.unlink(self.fleet.path("versions", self.files()[-1]))
        self.new("-m", "one")
        for editor, says in (("", "no editor"), ("/nonesuch", "cannot start '/nonesuch'"),
                             ("false", "'false' failed")):
            result = self.run_ok("edit", "head", env={"VISUAL": editor, "EDITOR": ""}, code=2)
            self.assertIn(says, result.err)
        self.assertIn("no revision files", self.run_ok("edit", "base", code=2).err)


class OfflineCase(FleetCase):
    """A script of --sql leaves a tenant as the online run does."""

    def script(self, *args):
        return self.run_ok(*args, "--sql").out

    def make_chain(self):
        """A branch, a merge and a dependency; sections that end without semicolon or in a comment."""
        revision = self.fleet.revision
        revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT); -- it's the first",
                 down="DROP TABLE a")
        revision("bbbb2222", "INSERT INTO a VALUES (1, 'x;y'), (2, '-- no comment')",
                 down="DELETE FROM a; /* all; */")
        revision("cccc3333", "-- migrate:up\nCREATE TABLE c (id INTEGER) -- open; to the end\n"
                             "-- migrate:up\n\nINSERT INTO c VALUES (3);\n\n"
                             "-- migrate:up\n-- nothing\n", down="DROP TABLE c;",
                 header="-- Branch Labels: left")
        revision("dddd4444", "CREATE TABLE d (id INTEGER);", down="DROP TABLE d;",
                 revises="bbbb2222", header="-- Depends On: cccc3333")
        revision("eeee5555", "", down="", revises="cccc3333, dddd4444")
        revision("ffff6666", "CREATE TABLE f (id INTEGER);", down="DROP TABLE f;", revises="")

    WAYS = [  # where both start, command, target, range of the script
        ([], "upgrade", "aaaa", "aaaa"),
        ([], "upgrade", "heads", ":heads"),
        (["upgrade", "aaaa"], "upgrade", "left@head", "aaaa:left@head"),
        (["upgrade", "dddd"], "upgrade", "+1", "dddd:+1"),
        (["upgrade", "eeee"], "downgrade", "bbbb", "eeee:bbbb"),
        (["upgrade", "eeee"], "downgrade", "base", "eeee:base"),
        (["upgrade", "bbbb"], "downgrade", "-1", "bbbb:-1"),
        ([], "stamp", "--force cccc", "cccc"),
        (["upgrade", "cccc"], "stamp", "--force aaaa", "cccc:aaaa"),
        (["upgrade", "cccc"], "stamp", "base", "cccc:base"),
        (["upgrade", "cccc"], "stamp", "--force dddd", "cccc:dddd"),
        (["upgrade", "cccc"], "stamp", "--purge ffff", "--purge ffff"),
        (["upgrade", "cccc"], "stamp", "--purge base", "--purge base"),
    ]

    def check_ways(self, fresh, apply, state):
        for start, command, target, range_ in self.WAYS:
            with self.subTest(command=command, range=range_):
                fresh()
                if start:
                    self.run_ok(*start)
                apply(self.script(command, *range_.split(), "-t", "script"))
                self.run_ok(command, *target.split(), "-t", "online")
                self.assertEqual(state("script"), state("online"))
                self.run_ok("current", "-t", "script")
                if command == "upgrade":
                    after = self.run_json("upgrade", "heads", "-t", "script")
                    self.assertEqual(after.report["totals"]["failed"], 0)


class OfflineOnSqlite(OfflineCase):
    def fresh(self, **keys):
        shutil.rmtree(self.fleet.path("data"), ignore_errors=True)
        self.fleet.inventory([self.fleet.sqlite(name) for name in ("script", "online")], **keys)

    def state(self, name):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
            own = ('INSERT INTO "skein_history"', 'INSERT INTO "alembic_version"')
            dump = [line for line in db.iterdump() if not line.startswith(own)]
            has_history = any("skein_history" in line for line in dump)
            versions = self.fleet.versions(name) if has_history else []
            return dump, versions, db.execute("SELECT id, revision, direction, checksum, statements, state FROM "
                                    "skein_history ORDER BY id").fetchall() if has_history else []

    def sqlite3(self, script, name="script"):
        return subprocess.run(["sqlite3", "-bail", self.fleet.path("data", name + ".db")],
                              input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def apply(self, script):
        done = self.sqlite3(script)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""), script)

    def test_it_leaves_the_tenant_as_the_run_does(self):
        self.make_chain()
        self.check_ways(self.fresh, self.apply, self.state)

    def test_triggers_and_sections_outside_transactions(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER, n INTEGER DEFAULT 0);\n"
                            "CREATE TRIGGER up AFTER INSERT ON a BEGIN\n"
                            "  UPDATE a SET n = n + 1; SELECT ';';\nEND")
        self.fleet.revision("bbbb2222", "-- migrate:up\nINSERT INTO a (id) VALUES (1);\n"
                            "-- migrate:up transaction:false\nVACUUM; ANALYZE -- both\n"
                            "-- migrate:up\nINSERT INTO a (id) VALUES (2);\n")
        self.fleet.revision("cccc3333", "CREATE TABLE c (id);")
        for mode in ("all", "each"):
            self.fresh(defaults={"transaction": mode})
            script = self.script("upgrade")
            own = ["BEGIN", "COMMIT"]  # of a revision
            self.assertEqual(re.findall("VACUUM|ANALYZE|^BEGIN|^COMMIT", script, re.M),
                             (own if mode == "each" else []) + own + ["VACUUM", "ANALYZE"] + own + own)
            self.apply(script)
            self.run_ok("upgrade", "-t", "online")
            self.assertEqual(self.state("script"), self.state("online"))
            self.run_ok("check")

    def test_it_fails_where_the_tenant_stands_elsewhere(self):
        self.make_chain()
        self.fresh()
        self.run_ok("upgrade", "aaaa")
        before = self.state("script")
        for range_ in ("bbbb:cccc", "base:bbbb", "cccc:eeee"):
            done = self.sqlite3(self.script("upgrade", range_))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"NOT NULL", done.stderr)
            self.assertEqual(self.state("script"), before)

    def test_a_tenant_of_alembic_goes_on_with_a_script(self):
        self.make_chain()
        self.fresh()
        graph = [("aaaa1111", "", "", "", ""), ("bbbb2222", "aaaa1111", "", "", "")]
        for name in ("script", "online"):
            code, out, err = Project(self.fleet, graph, f"{name}.db").run("upgrade", "aaaa1111")
            self.assertEqual(code, 0, out + err)
            self.fleet.sqlite(name, "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT)")
        self.apply(self.script("upgrade", "aaaa:dddd"))
        self.run_ok("upgrade", "dddd", "-t", "online")
        self.assertEqual(self.state("script"), self.state("online"))
        self.assertEqual(self.fleet.versions("script"), ["dddd4444"])

    def test_it_says_what_alembic_says(self):
        self.make_chain()
        self.fresh()
        graph = [("aaaa1111", "", "", "", ""), ("bbbb2222", "aaaa1111", "", "", ""),
                 ("cccc3333", "bbbb2222", "", "left", ""), ("dddd4444", "bbbb2222", "cccc3333", "", ""),
                 ("eeee5555", "cccc3333, dddd4444", "", "", "")]
        alembic = Project(self.fleet, graph, "script.db")
        for args in (["upgrade", "eeee"], ["upgrade", "aaaa:dddd"], ["downgrade", "eeee:base"],
                     ["downgrade", "bbbb:-1"], ["stamp", "cccc"], ["stamp", "cccc:aaaa"]):
            with self.subTest(args):
                code, out, err = alembic.run(*args, "--sql")
                self.assertEqual(code, 0, err)
                theirs = re.findall("^-- Running .*", out, re.M)
                self.assertTrue(theirs)
                self.assertEqual(re.findall("^-- Running .*", self.script(*args), re.M), theirs)

    def test_what_makes_no_script_is_refused(self):
        self.make_chain()
        self.fleet.revision("abab7777", "SELECT 1;", revises="aaaa1111")
        self.fresh()
        for args, says in ((["downgrade", "bbbb"], "<fromrev>:<torev>"),
                           (["downgrade", "bbbb:"], "<fromrev>:<torev>"),
                           (["downgrade", "abab:base"], "abab7777"),
                           (["upgrade", "nope:heads"], "nope"), (["upgrade", "a:b:c"], "a:b:c"),
                           (["upgrade", "head"], "multiple head"),
                           (["stamp", "aaaa:cccc", "bbbb:cccc"], "one place"),
                           (["stamp", "--purge", "aaaa:cccc"], "anywhere"),
                           (["upgrade", "heads", "-o", "json"], "--output")):
            with self.subTest(args):
                result = self.run_ok(*args, "--sql", code=2)
                self.assertIn(says, result.err)
                self.assertEqual(result.out, "")
        self.run_ok("upgrade", "aaaa:bbbb", code=2)
        self.assertIn("-- Nothing to do.", self.script("upgrade", "eeee:eeee"))

    def test_one_dialect_at_a_time(self):
        self.make_chain()
        self.fresh()
        pg = {"name": "p", "url": "postgresql://127.0.0.1:1/x", "schema": 'a"b'}
        self.fleet.inventory([self.fleet.sqlite("script"), pg])
        result = self.run_ok("upgrade", "heads", "--sql", code=2)
        self.assertIn("sqlite", result.err)
        self.assertIn("postgresql", result.err)
        self.assertIn("BEGIN IMMEDIATE", self.script("upgrade", "heads", "--dialect", "sqlite"))
        generic = self.script("upgrade", "heads", "--dialect", "postgresql")
        self.assertIn('CREATE TABLE IF NOT EXISTS "alembic_version"', generic)
        for args in (["-t", "p"], ["--select", "dialect=postgresql"]):
            own = self.script("upgrade", "heads", *args)
            self.assertIn('CREATE TABLE IF NOT EXISTS "a""b"."alembic_version"', own)
            self.assertIn('SET search_path = "a""b";', own)

    def test_with_a_dialect_no_source_is_asked(self):
        self.make_chain()
        self.fleet.inventory([], sources=[{"query": "SELECT 1", "url": "postgresql://127.0.0.1:1/x"}])
        self.assertIn("CREATE TABLE a", self.script("upgrade", "aaaa", "--dialect", "sqlite"))
        self.run_ok("upgrade", "aaaa", "--sql", code=2)


class OfflineOnPostgres(OfflineCase, PostgresCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pg.create("script", "online")

    def fresh(self, **keys):
        for name in ("script", "online"):
            self.pg.sql(name, """DO $$ DECLARE s text; BEGIN
                FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'
                LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP; END $$;
                CREATE SCHEMA public""")
        self.fleet.inventory([{"name": name, "url": self.pg.url(name)}
                              for name in ("script", "online")], **keys)

    def state(self, name):
        dump = subprocess.run([os.path.join(PG_BIN, "pg_dump"), "--exclude-table-data=*.skein_history",
                               "--exclude-table-data=*.alembic_version",
                               "-d", self.pg.url(name)], stdout=subprocess.PIPE,
                              check=True).stdout.decode()
        dump = re.sub(r"(?m)^\\(un)?restrict .*", "", dump)
        schemas = self.pg.sql(name, "SELECT quote_ident(nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                                    "relnamespace WHERE relname = 'skein_history'")
        versions = [self.pg.sql(name, f"SELECT version_num FROM {schema}.alembic_version ORDER BY 1")
                    for schema, in schemas]
        return dump, versions, [self.pg.sql(name, "SELECT id, revision, direction, checksum, statements, state "
                                        f"FROM {schema}.skein_history ORDER BY id")
                      for schema, in schemas]

    def psql(self, script, name="script"):
        path = self.fleet.write("script.sql", script)
        os.chmod(self.fleet.dir, 0o755)
        return self.pg.psql(name, "-f", path)

    def apply(self, script):
        done = self.psql(script)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr.decode() + script)
        self.assertNotIn(b"ERROR", done.stderr)

    def test_it_leaves_the_tenant_as_the_run_does(self):
        self.make_chain()
        self.check_ways(self.fresh, self.apply, self.state)

    def make_hard_chain(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int PRIMARY KEY);\n"
                            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN\n"
                            "  INSERT INTO a VALUES (1); RETURN 1; END $f$;\n"
                            "CREATE FUNCTION g() RETURNS int LANGUAGE SQL BEGIN ATOMIC\n"
                            "  SELECT 1; SELECT 2; END")
        self.fleet.revision("bbbb2222", "-- migrate:up\nCREATE TABLE b (t text);\n"
                            "INSERT INTO b VALUES ('it''s; $$ :x \\ '), (E'\\'');\n"
                            "-- migrate:up transaction:false\n"
                            "CREATE INDEX CONCURRENTLY ib ON b (t); -- first\n"
                            "CREATE INDEX CONCURRENTLY ic ON b ((t || 'x')) -- second\n"
                            "-- migrate:up\nINSERT INTO b VALUES ('after');\n")
        self.fleet.revision("cccc3333", "CREATE SCHEMA elsewhere; SET search_path = elsewhere;\n"
                            "CREATE TABLE c (id int);")
        self.fleet.revision("dddd4444", "CREATE TABLE d (id int);")

    def test_functions_concurrent_indexes_and_search_paths(self):
        self.make_hard_chain()
        for mode in ("all", "each"):
            self.fresh(defaults={"transaction": mode})
            script = self.script("upgrade")
            self.assertLess(script.index("COMMIT;"), script.index("CREATE INDEX CONCURRENTLY ib"))
            self.apply(script)
            self.run_ok("upgrade", "-t", "online")
            self.assertEqual(self.state("script"), self.state("online"))
            self.assertEqual(self.pg.tables("script", "elsewhere"), {"c"})
            self.run_ok("check")

    def test_a_schema_that_is_the_tenant(self):
        self.make_chain()
        self.fresh()
        name = 'we"ird $skein$ \'one\''
        tenants = [{"name": db, "url": self.pg.url(db), "schema": name} for db in ("script", "online")]
        self.fleet.inventory(tenants)
        self.assertIn(b"does not exist", self.psql(self.script("upgrade", "eeee")).stderr)
        self.fleet.inventory(tenants, defaults={"create": True})
        self.apply(self.script("upgrade", "eeee"))
        self.run_ok("upgrade", "eeee", "-t", "online")
        self.assertEqual(self.state("script"), self.state("online"))
        self.apply(self.script("downgrade", "eeee:aaaa"))
        self.run_ok("downgrade", "aaaa", "-t", "online")
        self.assertEqual(self.state("script"), self.state("online"))

    def test_it_fails_where_the_tenant_stands_elsewhere(self):
        self.make_chain()
        self.fresh()
        self.run_ok("upgrade", "aaaa")
        before = self.state("script")
        for range_ in ("bbbb:cccc", "base:bbbb"):
            done = self.psql(self.script("upgrade", range_))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"not-null", done.stderr)
            self.assertEqual(self.state("script"), before)

    def test_a_failing_script_can_be_gone_on_with(self):
        self.fleet.revision("aaaa1111", "-- migrate:up\nCREATE TABLE a (id int);\n"
                            "-- migrate:up transaction:false\nINSERT INTO a VALUES (1);\n"
                            "INSERT INTO nowhere VALUES (1);\n")
        self.fresh()
        self.assertNotEqual(self.psql(self.script("upgrade")).returncode, 0)
        result = self.run_json("upgrade", "-t", "script", code=4)
        self.assertEqual(result.tenant("script")["state"], "partial")
        self.assertIn("statement 3 of 3", result.tenant("script")["error"]["message"])


if __name__ == "__main__":
    main()
