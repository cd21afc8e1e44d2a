#!/usr/bin/env python3
"""'skein lint': which revisions, outputs, waivers, severities, exit codes; and that the page shows what it prints."""
import json
import os
import re

from harness import FleetCase, main

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "lint.md")
BASE = "CREATE TABLE task (id int PRIMARY KEY, owner text);"


class Lint(FleetCase):
    def inventory(self, **more):
        self.fleet.inventory([{"name": "acme", "url": "postgresql://nobody@localhost:1/acme"}], **more)

    def chain(self, up, **more):
        self.inventory(**more)
        self.fleet.revision("aaaa1111", BASE, down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", up, down="")

    def lint(self, *args, code=0):
        return json.loads(self.run_ok("lint", *args, "-o", "json", code=code).out)

    def rules(self, *args, code=0):
        return [finding["rule"] for finding in self.lint(*args, code=code)["findings"]]

    def test_the_page_shows_what_is_printed(self):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        sql = re.search(r"(?ms)^```sql\n(-- Owner is required.*?)^```", page).group(1)
        text = re.search(r"(?ms)^```text\n(.*?)^```", page).group(1)
        self.inventory()
        self.fleet.revision("1975ea83b712", BASE, down="DROP TABLE task;")
        self.fleet.write("versions/83241ca0f125_owner_is_required.sql", sql)
        printed = self.run_ok("lint", "head", code=1).out
        self.assertEqual(printed.replace(self.fleet.path(""), ""), text)

    def test_errors_exit_1_and_warnings_0(self):
        self.chain("CREATE INDEX i ON task (owner);")
        self.assertEqual(self.rules(code=1), ["index-blocks-writes"])
        self.inventory(lint={"rules": {"index-blocks-writes": "warning"}})
        self.assertEqual(self.lint()["totals"], {"errors": 0, "warnings": 1, "notes": 0, "allowed": 0})
        self.inventory(lint={"rules": {"index-blocks-writes": "off"}})
        self.assertEqual(self.rules(), [])

    def test_severities_are_checked(self):
        self.chain("SELECT 1;", lint={"rules": {"index-blocks-write": "off"}})
        self.assertIn("index-blocks-writes", self.run_ok("lint", code=2).err)
        self.inventory(lint={"rules": {"index-blocks-writes": "fatal"}})
        self.assertIn("fatal", self.run_ok("lint", code=2).err)

    def test_revisions_are_chosen_and_all_are_read(self):
        self.chain("ALTER TABLE task ALTER owner TYPE varchar;")
        self.fleet.revision("cccc3333", "DROP INDEX i;", down="")
        self.assertEqual(self.rules("bbbb"), [])  # that it was a text is known
        self.assertEqual(self.rules("head"), ["drop-index"])
        self.assertEqual(self.lint("aaaa:bbbb")["revisions"], 2)
        self.assertEqual(self.lint("aaaa", "head")["revisions"], 2)
        self.assertIn("zzzz", self.run_ok("lint", "zzzz", code=2).err)

    def test_a_waiver_is_told_with_its_reason(self):
        self.chain("-- skein:allow index-blocks-writes: it is small\nCREATE INDEX i ON task (owner);")
        told = self.lint()
        self.assertEqual(told["totals"]["allowed"], 1)
        self.assertEqual(told["findings"][0]["allowed"], "it is small")
        self.assertIn("reason: it is small", self.run_ok("lint").out)

    def test_a_waiver_without_a_reason_or_of_nothing_is_a_fault(self):
        self.chain("-- skein:allow index-blocks-writes\nCREATE INDEX i ON task (owner);\n"
                   "-- skein:allow drop-table: it is empty\nSELECT 1;")
        err = self.run_ok("lint", code=2).err
        self.assertIn("a waiver needs a reason", err)
        self.assertIn("'drop-table' is not what the next statement does", err)

    def test_what_a_parser_refuses_is_a_fault_and_its_place_a_finding(self):
        self.chain("CREAT TABLE x (id int);")
        for command in (("lint",), ("check", "--chain")):
            self.assertIn("PostgreSQL's parser refuses it", self.run_ok(*command, code=2).err)
        self.fleet.revision("bbbb2222", "CREATE INDEX CONCURRENTLY i ON task (owner);", down="", revises="aaaa1111")
        self.assertIn("cannot run inside a transaction", self.run_ok("check", "--chain", code=2).err)
        self.assertEqual(self.rules(code=1), ["concurrently-in-transaction"])

    def test_sarif_has_what_code_scanning_needs(self):
        self.chain("CREATE INDEX i ON task (owner);\n-- skein:allow drop-index: never used\nDROP INDEX j;")
        document = json.loads(self.run_ok("lint", "-o", "sarif", code=1).out)
        self.assertEqual(document["version"], "2.1.0")
        self.assertIn("sarif-2.1.0", document["$schema"])
        run, = document["runs"]
        rules = run["tool"]["driver"]["rules"]
        self.assertEqual(run["tool"]["driver"]["name"], "skein")
        self.assertEqual(len({rule["id"] for rule in rules}), len(rules))
        for rule in rules:
            self.assertIn(rule["defaultConfiguration"]["level"], ("none", "note", "warning", "error"))
            for key in ("shortDescription", "fullDescription", "help"):
                self.assertTrue(rule[key]["text"])
        first, second = run["results"]
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertTrue(result["message"]["text"])
            place = result["locations"][0]["physicalLocation"]
            self.assertRegex(place["artifactLocation"]["uri"], r"^[\w./~%-]+bbbb2222[\w.]*\.sql$")
            self.assertGreater(place["region"]["startLine"], 1)
        self.assertEqual((first["ruleId"], first["level"], first.get("suppressions")), ("index-blocks-writes", "error", None))
        self.assertEqual(second["suppressions"], [{"kind": "inSource", "justification": "never used"}])

    def test_names_cannot_inject_and_passwords_are_hidden(self):
        self.fleet.inventory([{"name": "acme", "url": "postgresql://nobody:hunter2hunter2@localhost:1/acme"}])
        self.fleet.revision("aaaa1111", 'CREATE INDEX i ON "\x1b[31mred" (owner);\nDROP TABLE "hunter2hunter2";', down="")
        for args, code in ((("lint",), 1), (("lint", "-o", "json"), 1), (("lint", "-o", "sarif"), 1)):
            out = self.run_ok(*args, code=code).out
            self.assertNotIn("\x1b", out)
            self.assertNotIn("hunter2hunter2", out)

    def test_each_dialect_reads_its_own_sections(self):
        self.inventory()
        self.fleet.revision("aaaa1111", "CREATE INDEX i ON task (owner);\n"
                            "-- migrate:up dialect:sqlite\nALTER TABLE task DROP COLUMN owner;\n"
                            "-- migrate:up dialect:mariadb\nTRUNCATE TABLE task;", down="")
        told = self.lint(code=1)
        self.assertEqual([(finding["rule"], finding["dialects"]) for finding in told["findings"]],
                         [("index-blocks-writes", ["postgresql"]), ("drop-column", ["sqlite"]), ("truncate", ["mariadb"])])


if __name__ == "__main__":
    main()
