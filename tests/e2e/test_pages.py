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


class Transcript:
    """The README's session: commands after `$ `, and what they print. `cat FILE` says what is in a file."""
    PATH = os.path.join(os.path.dirname(PAGE), "..", "README.md")
    VARIES = ((r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", "RUN"), (r"[0-9-]{10}T[0-9:.]{12}Z", "MOMENT"), (r"[0-9.]+ m?s\b", "TIME"),
              (r"\nby [^@\n]+@[^,\n]+,", "\nby WHO,"),
              (r"(?s)Slowest\n.*?(\n\n|\Z)", ""))  # who is slowest, and whether anyone is, depends on the machine

    def __init__(self, folder):
        self.folder = folder
        with open(self.PATH, encoding="utf-8") as page:
            self.text = page.read()

    def parts(self):
        """Each command with its output, in order."""
        for block in re.findall(r"(?ms)^```console\n(.*?)^```", self.text):
            yield from re.findall(r"(?ms)^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", block)

    def play(self, command, output):
        if command.startswith("cat "):
            path = os.path.join(self.folder, command[4:])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(output)
        env = {**ENVIRONMENT, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        return subprocess.run(["sh", "-c", command], cwd=self.folder, env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=60).stdout.decode()

    def write(self):
        """The README with what is printed now."""
        for command, output in list(self.parts()):
            old, new = f"$ {command}\n{output}", f"$ {command}\n{self.play(command, output)}"
            at = self.text.index(old, self.text.index("```console"))
            self.text = self.text[:at] + "\x00" + new[1:] + self.text[at + len(old):]  # not found again
        with open(self.PATH, "w", encoding="utf-8") as page:
            page.write(self.text.replace("\x00", "$"))

    @classmethod
    def plain(cls, text):
        for pattern, word in cls.VARIES:
            text = re.sub(pattern, word, text)
        return re.sub(" +", " ", text).rstrip("\n")


class Readme(FleetCase):
    def setUp(self):
        super().setUp()
        os.makedirs(self.fleet.path("bin"))
        os.symlink(os.path.abspath(SKEIN), self.fleet.path("bin", "skein"))
        self.transcript = Transcript(self.fleet.dir)

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
        os.makedirs(os.path.join(folder, "bin"))
        os.symlink(os.path.abspath(SKEIN), os.path.join(folder, "bin", "skein"))
        Transcript(folder).write()


if __name__ == "__main__":
    write_readme() if sys.argv[1:] == ["--write"] else main()
