#!/usr/bin/env python3
"""The report in the formats that other programs read: live and from the ledger the same bytes, whatever tenants are called."""
import contextlib
import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import xml.etree.ElementTree

from browser import Browser
from harness import FleetCase, MariaDBCase, PostgresCase, main

HOSTILE = ["=1+1", "@SUM(A1)", "a;=1", 'say "no"', "a,b", "<b>&amp;", "`x`|y", "]]></x>", "caf\u00e9", "\u202e\u200b", "acme"]


class Formats(FleetCase):
    """Tenants with hostile names in two waves: the last one of the second has no file, and a table is in the way of two."""

    def make(self):
        self.fleet.revision("aaaa1111", 'CREATE TABLE "=1+1" (n int);', 'DROP TABLE "=1+1";')
        self.fleet.revision("bbbb2222", 'CREATE TABLE "</x>]]>`|" (n int);', 'DROP TABLE "</x>]]>`|";')
        blocked = 'CREATE TABLE "</x>]]>`|" (n int);'
        tenants = [dict(self.fleet.sqlite(f"t{i}", blocked if i in (4, 5) else ""), name=name, labels={"tier": "-1" if i else "canary"})
                   for i, name in enumerate(HOSTILE)]
        tenants.append({"name": "gone", "url": "sqlite:///data/gone.db"})
        self.fleet.inventory(tenants, rollout={"on_failure": "continue", "waves": [
            {"name": "=canary", "select": "tier=canary"}, {"name": "<all>"}]})

    def both(self, name, *args, code=1):
        """The report in that format: to stdout, into a file, and later from the ledger."""
        path = self.fleet.path("report." + name)
        live = self.run_bytes(*args, "-o", name, "-o", f"{name}={path}", "--progress", "none", code=code)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), live)
        self.assertEqual(self.run_bytes("report", "-o", name), live)
        self.assertNotRegex(live.decode(), "[\u202e\u200b\x1b]")
        return live.decode()

    def run_bytes(self, *args, code=0):
        path = self.fleet.path("stdout")
        with open(path, "wb") as file:
            self.run_ok(*args, code=code, stdout=file)
        with open(path, "rb") as file:
            return file.read()

    def read_csv(self, text):
        self.assertTrue(text.endswith("\r\n"))
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        self.assertEqual(text.count("\n"), 1 + len(rows))
        return [dict(zip(header, row, strict=True)) for row in rows]

    def read_junit(self, text):
        path = self.fleet.write("junit.xml", text)
        schema = os.path.join(os.path.dirname(os.path.abspath(__file__)), "junit.xsd")
        result = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", schema, path], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return xml.etree.ElementTree.fromstring(text.encode()).findall("testsuite")


FORMATS = ("text", "json", "html", "junit", "csv", "markdown")


class Later(PostgresCase, MariaDBCase):
    """Of three engines at once, whatever a run comes to: 'report RUN' gives the bytes that the run has written, in all formats."""

    @classmethod
    def setUpClass(cls):
        PostgresCase.setUpClass.__func__(cls)
        MariaDBCase.setUpClass.__func__(cls)

    def setUp(self):
        super().setUp()
        self.made = []
        for server, kind in ((self.pg, "pg"), (self.maria, "my")):
            for tenant, name in zip(server.create(*(f"later{id(self)}{kind}{i}" for i in range(2))), ("good", "blocked")):
                self.made.append({**tenant, "name": f"{kind}-{name}"})
        self.made += [dict(self.fleet.sqlite(name), name=f"lite-{name}") for name in ("good", "blocked")]
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n int);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (n int);\nCREATE TABLE c (n int);", "DROP TABLE c;\nDROP TABLE b;", options=" transaction:false")
        self.fleet.inventory(self.made, rollout={"on_failure": "continue", "waves": [{"name": "one", "select": "name in (pg-good,my-good)", "soak": "1ms"}, {"name": "two"}]})

    def block(self, sql):
        self.pg.sql(self.made[1]["url"].split("/")[-1], sql)
        self.maria.sql(self.made[3]["url"].split("/")[-1], sql)
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", "blocked.db"))) as db:
            db.executescript(sql)

    def both(self, *args, code):
        outputs = [word for name in FORMATS for word in ("-o", f"{name}={self.fleet.path(name)}")]
        self.run_ok(*args, *outputs, "--progress", "none", code=code)
        run = json.loads(self.fleet.read("json"))["run"]["id"]
        for name in FORMATS:
            later = self.fleet.path(f"later.{name}")
            self.run_ok("report", run, "-o", f"{name}={later}")
            with self.subTest(f"{args[0]}: {name}"):
                self.assertEqual(self.fleet.read(f"later.{name}"), self.fleet.read(name))
        return json.loads(self.fleet.read("json"))

    def test_partial_resumed_and_rolled_back(self):
        self.block("CREATE TABLE c (n int);")
        states = lambda report: {tenant["name"]: tenant["state"] for tenant in report["tenants"]}
        partial = states(self.both("upgrade", code=4))
        self.assertEqual({partial[f"{kind}-blocked"] for kind in ("pg", "my", "lite")}, {"partial"})
        self.block("DROP TABLE c;")
        self.assertEqual(set(states(self.both("resume", code=0)).values()), {"succeeded", "unchanged"})
        self.assertEqual(set(states(self.both("rollback", code=0)).values()), {"rolled_back"})

    def test_a_report_without_sql(self):
        """`report: {sql: false}`: neither kept nor shown, in no format, nor later by an inventory that would show it."""
        secret = "a_name_that_no_report_may_have"
        self.block("CREATE TABLE c (n int);")
        self.fleet.revision("bbbb2222", f"CREATE TABLE b ({secret} int);\nCREATE TABLE c (n int, {secret} int);", "DROP TABLE c;",
                            options=" transaction:false", revises="aaaa1111")
        for report in ({"sql": False}, {}):
            inventory = dict(rollout={"on_failure": "continue"})
            self.fleet.inventory(self.made, **inventory, **({"report": report} if report else {}))
            if report:
                self.run_ok("plan", "-v", "-o", f"html={self.fleet.path('plan')}", "-o", f"json={self.fleet.path('plan.json')}", "-o", f"markdown={self.fleet.path('plan.md')}")
                outputs = [word for name in FORMATS for word in ("-o", f"{name}={self.fleet.path(name)}")]
                self.run_ok("upgrade", *outputs, code=4)
            else:
                for name in FORMATS:
                    self.run_ok("report", "-v", "-o", f"{name}={self.fleet.path(name)}")
            for name in (*FORMATS, "plan", "plan.json", "plan.md"):
                with self.subTest(f"{report}: {name}"):
                    self.assertNotIn(secret.encode(), self.fleet.read(name))
        self.assertEqual(json.loads(self.fleet.read("json"))["totals"]["partial"], 3)
        with contextlib.closing(sqlite3.connect(self.fleet.path(".skein", "ledger.db"))) as db:
            self.assertNotIn(secret, "\n".join(db.iterdump()))


class Written(Formats):
    def test_a_file_is_written_whole_or_not_at_all(self):
        """Into a folder where nothing may be made, onto a folder, a link, a pipe; two reports to one file; nothing else is left there."""
        self.make()
        self.run_ok("upgrade", "aaaa1111", "-t", "acme")
        os.makedirs(self.fleet.path("out", "folder"))
        self.fleet.write("out/old", "as it was")
        os.symlink("old", self.fleet.path("out", "link"))
        os.mkfifo(self.fleet.path("out", "pipe"))
        for name in self.formats():
            told = self.run_bytes("report", "-o", name)
            with self.subTest(name):
                self.assertIn("directory", self.run_ok("report", "-o", f"{name}={self.fleet.path('out', 'folder')}", code=2).err)
                self.assertIn("is a link", self.run_ok("report", "-o", f"{name}={self.fleet.path('out', 'link')}", code=2).err)
                self.assertEqual(self.fleet.read("out/old"), b"as it was")
                with subprocess.Popen(["cat", self.fleet.path("out", "pipe")], stdout=subprocess.PIPE) as reader:
                    self.run_ok("report", "-o", f"{name}={self.fleet.path('out', 'pipe')}")
                    self.assertEqual(reader.communicate()[0], told)
                self.assertEqual(sorted(os.listdir(self.fleet.path("out"))), ["folder", "link", "old", "pipe"])
        chain = self.fleet.read("versions/aaaa1111.sql")
        file = self.fleet.path("versions", "aaaa1111.sql")
        for args in (("report", "-o", f"csv={file}"), ("upgrade", "--metrics", file), ("plan", "--save", file)):
            self.assertIn("is a revision", self.run_ok(*args, code=2).err)
        self.assertIn("'-' is no file", self.run_ok("report", "-o", "json=-", code=2).err)
        self.assertEqual(self.fleet.read("versions/aaaa1111.sql"), chain)
        twice = self.fleet.path("out", "twice")
        self.assertIn("twice", self.run_ok("report", "-o", f"json={twice}", "-o", f"csv={twice}", code=2).err)
        self.assertFalse(os.path.exists(twice))

    def test_a_report_that_cannot_be_written_changes_no_outcome(self):
        self.make()
        for name in self.formats():
            with self.subTest(name):
                result = self.run_ok("upgrade", "aaaa1111", "-t", "acme", "-o", f"{name}=/dev/full")
                self.assertEqual(result.err.count("/dev/full: "), 1, result.err)
                nowhere = self.fleet.path("none", "report")
                self.assertIn(nowhere, self.run_ok("downgrade", "base", "-t", "acme", "-o", f"{name}={nowhere}").err)
                self.assertFalse(os.path.exists(nowhere))
                self.run_ok("report", "-o", f"{name}={nowhere}", code=2)

    def formats(self):
        """As an unknown one is told."""
        told = self.run_ok("report", "-o", "none_such", code=2).err
        return re.split(", | or ", re.search(r"is not FORMAT\[=FILE\]: ([a-z, ]+)", told)[1])


class Csv(Formats):
    def test_a_row_a_tenant_and_no_formula(self):
        self.make()
        rows = self.read_csv(self.both("csv", "upgrade"))
        self.assertEqual(len(rows), len(HOSTILE) + 1)
        for row in rows:
            for value in row.values():
                self.assertNotRegex(value, r"^\s*[=+\-@]")
        self.assertEqual([row["tenant"] for row in rows[:4]], ["'=1+1", "'@SUM(A1)", "a;'=1", 'say "no"'])
        self.assertEqual([row["state"] for row in rows], ["succeeded"] * 4 + ["failed"] * 2 + ["succeeded"] * 5 + ["failed"])
        self.assertEqual({row["wave"] for row in rows}, {"'=canary", "<all>"})
        self.assertTrue(rows[4]["error_file"].endswith("versions/bbbb2222.sql"))
        self.assertEqual(rows[4]["error_line"], "7")
        self.assertIn("already exists", rows[4]["error_message"])
        self.assertEqual((rows[0]["from"], rows[0]["to"], rows[0]["steps"]), ("base", "bbbb2222", "2"))
        self.assertEqual(rows[1]["labels"], "tier=-1")
        self.assertEqual(rows[-1]["from"], "")

    def test_plans_and_where_tenants_stand(self):
        self.make()
        plan = self.read_csv(self.run_ok("plan", "-o", "csv", code=1).out)
        self.assertEqual([row["would"] for row in plan], ["change"] * len(HOSTILE) + [""])
        self.run_ok("upgrade", "aaaa1111", "-t", "acme")
        (row,) = self.read_csv(self.run_ok("current", "-t", "acme", "-o", "csv").out)
        self.assertEqual((row["from"], row["would"]), ("aaaa1111", "stay"))
        self.assertIn("'csv' is no format of 'skein tenants'", self.run_ok("tenants", "-o", "csv", code=2).err)


class Junit(Formats):
    def test_a_suite_a_wave_and_a_case_a_tenant(self):
        self.make()
        suites = self.read_junit(self.both("junit", "upgrade"))
        self.assertEqual([suite.get("name") for suite in suites], ["=canary", "<all>"])
        self.assertEqual([[suite.get(key) for key in ("tests", "failures", "errors", "skipped")] for suite in suites],
                         [["1", "0", "0", "0"], ["11", "3", "0", "0"]])
        cases = suites[1].findall("testcase")
        self.assertEqual([case.get("name") for case in suites[0].findall("testcase")] + [case.get("name") for case in cases],
                         [name.replace("\u202e\u200b", "\\u{202e}\\u{200b}") for name in HOSTILE] + ["gone"])
        failure = cases[3].find("failure")
        self.assertEqual(failure.get("type"), "sql 1")
        self.assertIn('table "</x>]]>`|" already exists', failure.get("message"))
        self.assertIn('7 | CREATE TABLE "</x>]]>`|" (n int);', failure.text)
        self.assertIsNone(cases[0].find("*"))

    def test_who_was_not_begun_is_skipped(self):
        self.make()
        text = self.both("junit", "upgrade", "--on-failure", "stop", "-p", "1")
        suite = self.read_junit(text)[1]
        self.assertEqual((suite.get("failures"), suite.get("skipped")), ("1", "7"))
        self.read_junit(self.run_ok("plan", "-o", "junit", code=1).out)
        self.read_junit(self.run_ok("current", "-o", "junit", code=1).out)


class Markdown(Formats):
    def test_it_tells_what_happened_and_what_to_do(self):
        self.make()
        text = self.both("markdown", "upgrade")
        self.assertTrue(text.startswith("### `skein upgrade head`: failed in "), text)
        self.assertIn("| succeeded | 9 |\n| failed | 3 |\n| **all** | **12** |\n", text)
        self.assertIn("| `=canary` | succeeded | 1 | 0 |\n| `<all>` | failed | 11 | 3 |\n", text)
        self.assertIn('- **2 tenants**: ``table "</x>]]>`|" already exists``\n', text)
        self.assertIn("  - in `a,b`, `<b>&amp;`\n", text)
        self.assertIn("| `a,b` | failed | ``table \"</x>]]>`\\|\" already exists`` |\n", text)
        run = self.run_ok("report", "-o", "json").report["run"]["id"]
        self.assertIn(f"go on with this run: `skein resume {run}`\n", text)
        self.assertNotIn("</x>", re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", text))

    def test_plans_and_where_tenants_stand(self):
        self.make()
        self.run_ok("upgrade", "aaaa1111", "-t", "acme", "-t", "a,b")
        plan = self.run_ok("plan", "-o", "markdown", "-t", "acme", "-t", "=1+1").out
        self.assertTrue(plan.startswith("### `skein plan head`: done in "), plan)
        self.assertIn("| would change | 2 |\n", plan)
        self.assertIn("**1 tenant** `aaaa1111 -> bbbb2222` in `acme`\n", plan)
        self.assertIn("| up | `bbbb2222` | 1 |  | `Revision bbbb2222` |\n", plan)
        current = self.run_ok("current", "-o", "markdown", "-t", "acme", "-t", "=1+1", "-t", "a,b").out
        self.assertIn("| tenants | at |\n| ---: | --- |\n| 2 | `aaaa1111` |\n| 1 | `base` |\n", current)


class Foretold(Formats):
    """What the tenants' rows and a rehearsal say of a plan: two tenants hold the same value twice, one has no file."""

    def make_task(self, first="SELECT 1;"):
        rows = "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT);"
        twice = "INSERT INTO task (title) VALUES ('=cmd()'), ('=cmd()'), ('<b>`x`|y'), ('<b>`x`|y');"
        self.fleet.revision("aaaa1111", first, "", message="`=1+1`</x>")
        self.fleet.revision("bbbb2222", "CREATE UNIQUE INDEX ux ON task (title);", "")
        tenants = [dict(self.fleet.sqlite(f"t{i}", rows + (twice if i in (0, 4) else "")), name=name, labels={"tier": "-1" if i else "canary"})
                   for i, name in enumerate(HOSTILE)]
        self.fleet.inventory([*tenants, {"name": "gone", "url": "sqlite:///data/gone.db"}], rollout={"waves": [{"name": "=canary", "select": "tier=canary"}, {"name": "<all>"}]})

    def plan(self, *args):
        """By format."""
        outputs = [word for name in ("csv", "junit", "markdown") for word in ("-o", f"{name}={self.fleet.path(name)}")]
        self.run_ok("plan", *args, *outputs, "--progress", "none", code=1)
        with open(self.fleet.path("csv"), newline="", encoding="utf-8") as file:
            return self.read_csv(file.read()), self.read_junit(self.fleet.read("junit").decode()), self.fleet.read("markdown").decode()

    def suites(self, suites):
        return [[suite.get(key) for key in ("name", "tests", "failures", "skipped")] for suite in suites]

    def test_a_rehearsal(self):
        self.make_task("UPDATE task SET title = title || '';\nCREATE TABLE log AS SELECT randomblob(50000) AS b;")
        rows, suites, markdown = self.plan("--rehearse")
        self.assertEqual([(row["rehearsed"], row["not_rehearsed"]) for row in rows], [*[("copy", "0")] * 11, ("", "")])
        for row in rows:
            if row["would"] == "change":
                self.assertGreater(float(row["longest_lock_ms"]), 0)
                self.assertGreater(int(row["written_bytes"]), 40000)
        self.assertEqual(self.suites(suites), [["=canary", "1", "1", "0"], ["<all>", "11", "2", "0"], ["lint", "2", "0", "0"], ["rehearsal", "2", "0", "0"]])
        told = suites[3].find("system-out").text
        self.assertRegex(told, r"^in all about [\d.]+ m?s; writes wait for at most ")
        self.assertRegex(told, r"\n9 of 12 tenants, base -> bbbb2222, in @SUM\(A1\), ")
        self.assertRegex(told, r"\n  rehearsed aaaa1111: p50 [\d.]+ ms, p95 ")
        self.assertEqual([case.get("name") for case in suites[3].findall("testcase")], ["up aaaa1111", "up bbbb2222"])
        self.assertRegex(markdown, r"\n\*\*Forecast\*\*: (`+)in all about .+ are written, at most .+\1\n")
        self.assertRegex(markdown, r"\n- (`+)rehearsed aaaa1111: p50 .+\1\n")
        self.assertNotIn("</x>", self.outside_code(markdown))

    def test_a_preflight(self):
        self.make_task()
        rows, suites, markdown = self.plan("--preflight", "--examples")
        self.assertRegex(rows[0]["preflight_failure"], r"/bbbb2222\.sql:7: several rows have the same title \(task\)$")
        self.assertEqual([(row["preflight_fails"], row["preflight_unsure"], row["rehearsed"]) for row in rows], [("1" if i in (0, 4) else "0", "0", "") for i in range(12)])
        self.assertEqual(self.suites(suites), [["=canary", "1", "1", "0"], ["<all>", "11", "2", "0"], ["lint", "1", "0", "0"], ["preflight", "1", "1", "0"]])
        failure = suites[0].find("testcase/failure")
        self.assertEqual((failure.get("type"), failure.get("message")), ("preflight", "would fail on its rows"))
        self.assertIn("several rows have the same title (task): 2: <b>`x`|y; =cmd()\n  7 | CREATE UNIQUE INDEX ux ON task (title);", failure.text)
        failure = suites[3].find("testcase/failure")
        self.assertEqual(failure.get("message"), "2 of 11 will fail: several rows have the same title (task)")
        self.assertIn("in a,b: 2: <b>`x`|y; =cmd()\n", failure.text)
        self.assertIn("\n**Preflight**: 1 question of the rows: 2 of 12 tenants will fail\n\n- **2 of 11 will fail**: `several rows have the same title (task)`\n", markdown)
        self.assertIn("  - in `=1+1` (``2: <b>`x`|y; =cmd()``), `a,b` (``2: <b>`x`|y; =cmd()``)\n", markdown)
        self.assertNotIn("<b>", self.outside_code(markdown))
        self.assertEqual([row["preflight_fails"] for row in self.read_csv(self.run_bytes("plan", "-o", "csv", code=1).decode())], [""] * 12)

    def outside_code(self, markdown):
        return re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", markdown)


class Log(Formats):
    """CI servers obey what stands in a program's output."""

    def test_a_ci_server_finds_no_command_of_its_own_in_the_log(self):
        table = 'CREATE TABLE "a\n::error::b\n##vso[task.complete] s://bob:hunter22@db/x" (n int);'
        self.fleet.revision("aaaa1111", table)
        names = ["::error::pwned", "##[group]x", "plain ##vso[task.complete]", " ::stop-commands::z"]
        self.fleet.inventory([dict(self.fleet.sqlite(f"t{i}", table if i else ""), name=name) for i, name in enumerate(names)],
                             rollout={"on_failure": "continue", "waves": [{"name": "::debug::all"}]})
        for args, code in ((("plan", "-v"), 0), (("upgrade", "-v", "--progress", "plain"), 1), (("current",), 0), (("tenants",), 0), (("runs",), 0),
                           (("report", "-v"), 0), (("report", "-o", "markdown"), 0), (("report", "-t", names[0]), 0)):
            result = self.run_ok(*args, code=code)
            for line in (result.out + result.err).splitlines():
                self.assertNotRegex(line, r"^\s*::[a-z]|##[a-z]*\[", args)
        self.assertIn("\n  \\x3a:error::pwned ", result.out)
        for name in ("text", "markdown", "csv", "json", "junit"):  # a URL in an error keeps its password
            told = self.run_ok("report", "-o", name).out
            self.assertIn("bob:***@db/x", told)
            self.assertNotIn("hunter22", told)


class Alike(PostgresCase, Formats):
    """Tenants that differ from what their revisions say, in groups of those that are alike: `current --schema` in every format."""

    def alter(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"), timeout=60)) as db:
            db.execute(sql)

    def test_those_that_are_alike_are_told_together(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id integer PRIMARY KEY, title text);")
        tenants = [self.fleet.sqlite(f"s{i}") for i in range(5)] + self.pg.create(*[f"alike{i}" for i in range(4)])
        self.fleet.inventory(tenants, scratch={"postgresql": self.pg.url("postgres")})
        self.run_ok("upgrade", "-q")
        for name in ("s1", "s3"):
            self.alter(name, "CREATE INDEX extra ON task (title)")
        self.alter("s4", "ALTER TABLE task DROP COLUMN title")
        for name in ("alike1", "alike2"):
            self.pg.sql(name, "ALTER TABLE task ALTER title TYPE varchar(20)")
        self.pg.sql("alike3", "CREATE INDEX extra ON task (title)")
        files = {name: self.fleet.path("report." + name) for name in FORMATS}
        self.run_ok("current", "--schema", *[word for name, path in files.items() for word in ("-o", f"{name}={path}")], code=1)
        told = {}
        for name, path in files.items():
            with open(path, encoding="utf-8", newline="") as file:
                told[name] = file.read()
        report = json.loads(told["json"])
        prints = {tenant["name"]: tenant["schema"]["fingerprint"] for tenant in report["tenants"]}
        groups = {}
        for name, digits in prints.items():
            groups.setdefault(digits[7:19], []).append(name)
        self.assertEqual(sorted(groups.values()), [["alike0"], ["alike1", "alike2"], ["alike3"], ["s0", "s2"], ["s1", "s3"], ["s4"]])
        of = {name: digits for digits, names in groups.items() for name in names}
        self.assertIn(f"""
  3 tenants hold what their revisions say
  6 tenants differ from what their revisions say: s1, s3, s4, alike1, alike2, alike3
    2 of them are alike ({of['s1']}): s1, s3
    2 of them are alike ({of['alike1']}): alike1, alike2
    1 of them is alone ({of['s4']}): s4
    1 of them is alone ({of['alike3']}): alike3
""", told["text"])
        self.assertIn(f"| 2 | `{of['s1']}` | differs | `s1`, `s3` |\n", told["markdown"])
        rows = self.read_csv(told["csv"])
        self.assertEqual({row["tenant"]: row["fingerprint"] for row in rows}, prints)
        self.assertEqual([row["schema"] for row in rows[:3]], ["as expected", "differs", "as expected"])
        cases = self.read_junit(told["junit"])[0].findall("testcase")
        failed = {case.get("name"): case.find("failure").text for case in cases if case.find("failure") is not None}
        self.assertEqual(list(failed), ["s1", "s3", "s4", "alike1", "alike2", "alike3"])
        self.assertEqual(failed["s1"], f"fingerprint: {prints['s1'][7:]}\nexpected: {prints['s0'][7:]}")
        with Browser() as browser:
            page = browser.open(files["html"])
            self.assertIn("6 differ from what their revisions say", page.text("h1"))
            seen = [row.split("\t") for row in page.texts("#schemas tbody tr")]
            self.assertEqual([(digits.strip(), count.strip(), words.strip()) for digits, count, words, _ in seen],
                             [(digits, str(len(names)), "as expected" if {"s0", "alike0"} & set(names) else "differs")
                              for digits, names in sorted(groups.items(), key=lambda item: (-len(item[1]), list(prints).index(item[1][0])))])
            self.assertEqual(page.eval("csvText(inOrder())"), told["csv"])
            self.assertEqual(json.loads(page.eval("jsonText(inOrder())")), report)
            page.size(360, 800, is_phone=True)
            page.eval("new Promise(requestAnimationFrame)")
            self.assertEqual((page.faults(), page.eval("[...document.querySelectorAll('.sideways')].every((e) => e.scrollWidth <= e.clientWidth)")), ([], True))


class Html(Formats):
    """What the page does in a browser is in test_html.py."""

    def data(self, text):
        return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])

    def test_live_and_from_the_ledger_the_same_bytes(self):
        self.make()
        data = self.data(self.both("html", "upgrade"))
        self.assertEqual(data["verdict"]["sentence"], "3 of 12 tenants failed; no tenant is half-way")
        self.assertEqual([tenant[0] for tenant in data["tenants"]], HOSTILE + ["gone"])
        self.assertEqual(data["totals"], self.run_ok("report", "-o", "json").report["totals"])

    def test_the_sql_that_ran_outlasts_its_file(self):
        """The page shows what ran, in the section of the tenants' dialect, and three lines before and after the one that failed."""
        up = "CREATE TABLE a (n int);\nCREATE TABLE b (n int);\n\nINSERT INTO a\n  VALUES (1);\nCREATE TABLE c (n int);\nSELECT 1;\nSELECT 2;"
        self.fleet.revision("aaaa1111", up, "DROP TABLE c;", options=" dialect:sqlite")
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1", "CREATE TABLE c (n int);")], rollout={
            "on_failure": "continue", "waves": [{"name": "first", "select": "name=t0", "soak": "1ms", "max_failures": 1}, {"name": "rest"}]})
        path = self.fleet.path("live.html")
        self.run_ok("upgrade", "-o", f"html={path}", code=1)
        with open(path, encoding="utf-8") as file:
            live = file.read()
        data = self.data(live)
        (revision,) = data["revisions"]
        (section,) = revision["sql"]
        self.assertEqual("\n".join(section["lines"]), up)
        self.assertIs(section["is_cut"], False)
        (cause,) = data["causes"]
        self.assertEqual(cause["source"]["lines"], up.split("\n")[3:])
        self.assertEqual(cause["line"] - cause["source"]["first"], 2)  # the third line before is blank
        self.assertEqual([(wave["max_failures"], wave["soak_ms"]) for wave in data["wave_words"]], [(-1, 1), (-1, 0)])
        self.fleet.revision("aaaa1111", "SELECT 'another';", revises="")
        self.assertEqual(self.run_ok("report", "-o", "html").out, live)

    def test_who_was_in_the_way_of_an_attempt(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n int);", "")
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")], defaults={"lock_timeout": "30ms", "retries": 1})
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", "t1.db"))) as rival:
            rival.execute("BEGIN IMMEDIATE")
            live = self.both("html", "upgrade", code=1)
        data = self.data(live)
        ((row, attempt, _, text, detail),) = data["retries"]
        self.assertEqual((row, attempt), (1, 1))
        self.assertIn("database is locked", "t1".join(data["texts"][text]) if isinstance(data["texts"][text], list) else data["texts"][text])
        self.assertIn("held by", data["texts"][detail])

    def test_of_a_long_file_the_beginning_is_shown(self):
        lines = ["CREATE TABLE a (n int);"] + [f"INSERT INTO a VALUES ({i});" for i in range(3000)]
        self.fleet.revision("aaaa1111", "\n".join(lines))
        self.fleet.inventory([self.fleet.sqlite("t0")])
        live = self.both("html", "upgrade", code=0)
        (section,) = self.data(live)["revisions"][0]["sql"]
        self.assertIs(section["is_cut"], True)
        self.assertEqual(section["lines"], lines[:len(section["lines"])])
        self.assertGreater(len(section["lines"]), 2000)

    def test_a_rollback_and_a_narrowed_report(self):
        self.make()
        self.both("html", "upgrade", "--on-failure", "rollback", "-p", "1", code=3)
        data = self.data(self.run_ok("report", "-t", "acme", "-o", "html").out)
        self.assertEqual([tenant[0] for tenant in data["tenants"]], ["acme"])
        self.assertEqual(len(data["history"]), 1)

    def test_plans_and_where_tenants_stand(self):
        self.make()
        self.run_ok("upgrade", "aaaa1111", "-t", "acme", "-t", "a,b")
        plan = self.data(self.run_ok("plan", "-o", "html", "-t", "acme", "-t", "=1+1").out)
        self.assertEqual(plan["verdict"]["sentence"], "All 2 tenants would change")
        current = self.data(self.run_ok("current", "-o", "html", "-t", "acme", "-t", "=1+1", "-t", "a,b").out)
        self.assertEqual(current["verdict"]["sentence"], "2 of 3 tenants stand at aaaa1111, 1 elsewhere")


if __name__ == "__main__":
    main()
