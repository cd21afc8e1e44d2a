"""The README's first command, on a copy of the checkout; and the example's PostgreSQL inventories."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import MariaDB, ENVIRONMENT, SKEIN, Postgres, main

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


class Example(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="skein-example-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        for name in ("CMakeLists.txt", "src", "include", "tests", "tenants_example", "docs", "README.md", "LICENSE"):
            source = os.path.join(ROOT, name)
            if os.path.isdir(source):
                shutil.copytree(source, os.path.join(self.dir, name),
                                ignore=shutil.ignore_patterns("data", "__pycache__"))
            elif os.path.exists(source):
                shutil.copy(source, self.dir)

    def example(self):
        done = subprocess.run(["sh", os.path.join(self.dir, "tenants_example/run.sh")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                              env={k: v for k, v in os.environ.items() if k != "SKEIN_BUILD_DIR"})
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        return done.stdout.decode()

    def test_upgrades_the_fleet_and_then_has_nothing_left_to_do(self):
        first = self.example()
        self.assertIn("succeeded  14", first)
        self.assertIn("Where to look next", first)
        second = self.example()
        self.assertIn("unchanged  14", second)

    def test_the_same_chain_on_postgres(self):
        pg = Postgres()
        self.addCleanup(pg.close)
        env = {**os.environ, "EXAMPLE_PG": pg.url("")[:-1]}
        for inventory in ("postgres.yaml", "schemas.yaml"):
            for expected in ("succeeded  4", "unchanged  4"):
                done = subprocess.run([SKEIN, "-f", os.path.join(self.dir, "tenants_example", inventory),
                                       "upgrade"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn(expected, done.stdout.decode())
        self.assertEqual(pg.sql("skein_shared", "SELECT count(*) FROM pg_indexes WHERE indexname = "
                                                "'ix_task_open'"), [["4"]])

    def test_the_same_chain_on_mariadb(self):
        maria = MariaDB()
        self.addCleanup(maria.close)
        env = {**os.environ, "EXAMPLE_MYSQL": maria.url("")[:-1]}
        for args, expected in (("upgrade heads", "succeeded  4"), ("upgrade heads", "unchanged  4"),
                               ("downgrade base", "succeeded  4")):
            done = subprocess.run([SKEIN, "-f", os.path.join(self.dir, "tenants_example", "mariadb.yaml"), *args.split()],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(expected, done.stdout.decode())


class Commands(unittest.TestCase):
    """Whoever adds a command or an option tells of it everywhere."""

    def help(self, *args):
        return subprocess.run([SKEIN, *args, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()

    def read(self, *path):
        with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
            return file.read()

    def commands(self):
        listed = self.help().split("Commands:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in listed.splitlines()]

    def test_each_is_in_the_man_page_and_the_readme(self):
        self.assertGreater(len(self.commands()), 20)
        man = self.read("docs", "skein.1").split(".SH COMMANDS")[1].split(".SH ENVIRONMENT")[0]
        table = self.read("README.md").split("## Commands")[1]
        for command in self.commands():
            self.assertEqual(len(re.findall(rf"(?m)^\.SS {command}\b", man)), 1, command)
            self.assertRegex(table, rf"`{command}\b", command)

    def test_what_is_no_option_is_named(self):
        for args, message in ((("upgrade", "-Zq"), "unknown option '-Zq'"), (("-q", "upgrade", "-qZ"), "unknown option '-qZ'"),
                              (("upgrade", "--zip"), "unknown option '--zip'"), (("upgrade", "--zip=1"), "unknown option '--zip=1'"),
                              (("upgrade", "--quiet=yes"), "option '--quiet' takes no value"),
                              (("upgrade", "--parallel"), "option '--parallel' needs a value"),
                              (("upgrade", "-1", "-qp"), "option '-qp' needs a value"),
                              (("tenants", "--parallel", "3"), "'skein tenants' takes no --parallel")):
            with self.subTest(args=args):
                done = subprocess.run([SKEIN, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertEqual(done.stderr.decode(), f"skein: {message}\n")

    def test_each_says_how_it_is_used_in_lines_that_fit(self):
        for command in self.commands():
            text = self.help(command)
            self.assertTrue(text.startswith(f"Usage: skein [-f FILE] {command}"), command)
            for line in text.splitlines():
                self.assertEqual(line, line.rstrip(), command)
                self.assertLessEqual(len(line), 110, command)


if __name__ == "__main__":
    main()
