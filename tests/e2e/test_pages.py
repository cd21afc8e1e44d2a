#!/usr/bin/env python3
"""docs/ci.md: its YAML is YAML, and what it has skein do can be done. docs/servers.md: the versions are
true. README.md: the session is real."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

from harness import ENVIRONMENT, PG_BIN, SKEIN, FleetCase, main
from transcript import Transcript

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "ci.md")
ELSEWHERE = ("/var/lib/skein/", "/ledger/", "/fleet/")  # folders of the page, which are the fleet's own here


def blocks():
    with open(PAGE, encoding="utf-8") as page:
        return re.findall(r"(?ms)^```yaml\n(.*?)^```", page.read())


def commands(node):
    """The lines of shell in a pipeline's steps, and the command lines of containers."""
    if isinstance(node, list):
        for child in node:
            yield from commands(child)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("command"), list):
        yield " ".join(node["command"] + node["args"])
    for key, child in node.items():
        lines = "\n".join(child) if isinstance(child, list) and key == "script" else child
        if key in ("run", "script") and isinstance(lines, str):
            yield from lines.splitlines()
        else:
            yield from commands(child)


def here(text, folder):
    for path in ELSEWHERE:
        text = text.replace(path, folder + "/")
    return text


class Ci(FleetCase):
    def test_the_page_has_each_platform(self):
        documents = [document for block in blocks() for document in yaml.safe_load_all(block)]
        self.assertEqual({document.get("kind") for document in documents}, {None, "Job", "PersistentVolumeClaim"})
        self.assertTrue(any("jobs" in document for document in documents))  # GitHub
        self.assertTrue(any("stages" in document for document in documents))  # GitLab
        for key in ("password_env", "--wait", "--ledger"):
            with open(PAGE, encoding="utf-8") as page:
                self.assertIn(key, page.read())

    def test_its_commands_work(self):
        os.makedirs(self.fleet.path("bin"))
        os.symlink(os.path.abspath(SKEIN), self.fleet.path("bin", "skein"))
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INT);", "DROP TABLE a;")
        tenants = [{**self.fleet.sqlite("acme"), "labels": ["tier=canary"]}, self.fleet.sqlite("bolt")]
        self.fleet.inventory(tenants, rollout={"waves": [{"name": "canary", "select": "tier=canary"}, {"name": "all"}]})
        env = {**ENVIRONMENT, "PATH": f"{self.fleet.path('bin')}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
               "SKEIN_LEDGER": self.fleet.path("ledger.db")}
        found = [here(command, self.fleet.dir) for block in blocks() for document in yaml.safe_load_all(block)
                 for command in commands(document)]
        self.assertGreater(len(found), 8)
        for command in found:
            with self.subTest(command=command):
                self.assertTrue(command.startswith("skein "))
                done = subprocess.run(["sh", "-euc", command], cwd=self.fleet.dir, env=env, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=60)
                self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.assertEqual([self.fleet.versions(name) for name in ("acme", "bolt")], [["aaaa1111"]] * 2)


class Readme(FleetCase):
    def setUp(self):
        super().setUp()
        self.transcript = Transcript("../README.md", self.fleet.dir)

    def test_its_session_is_what_skein_prints(self):
        commands = 0
        for command, output in self.transcript.parts():
            printed = self.transcript.play(command, output)
            self.assertEqual(Transcript.plain(printed), Transcript.plain(output),
                             f"$ {command}\nwrite it anew: SKEIN_BIN=build/dev/skein python3 tests/e2e/test_pages.py --write")
            commands += command.startswith("skein ")
        self.assertEqual(commands, 3)

    def test_the_first_screen_says_what_it_is_how_to_install_it_and_one_session(self):
        first = self.transcript.text.splitlines()[:60]
        for line in ("## Install", "## A session", "$ skein upgrade"):
            self.assertIn(line, first)


class Servers(unittest.TestCase):
    """docs/servers.md names the versions that these tests run on."""

    def test_the_versions_are_those_that_are_here(self):
        with open(os.path.join(os.path.dirname(PAGE), "servers.md"), encoding="utf-8") as page:
            said = dict(re.findall(r"(?m)^\| (\w+) \| ([\d.]+) \(", page.read()))
        libraries = subprocess.run([SKEIN, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertIn(f"sqlite {said['SQLite']}.", libraries)
        self.assertEqual(PG_BIN.split("/")[-2], said["PostgreSQL"])
        bouncer = subprocess.run(["/usr/sbin/pgbouncer", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertIn(f" {said['pgbouncer']}.", bouncer)


def write_readme():
    with tempfile.TemporaryDirectory() as folder:
        Transcript("../README.md", folder).write()


if __name__ == "__main__":
    write_readme() if sys.argv[1:] == ["--write"] else main()
