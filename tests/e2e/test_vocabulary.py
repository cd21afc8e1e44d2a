"""The chain's commands, beside the real Alembic on a project with the same graph."""
import json
import os
import re
import subprocess
import unittest

from harness import FleetCase, main

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


if __name__ == "__main__":
    main()
