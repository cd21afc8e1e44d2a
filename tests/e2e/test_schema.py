#!/usr/bin/env python3
"""docs/schema and docs/json.md: the schemas are sound, strict and described, and the page's examples are what they say."""
import glob
import json
import os
import re
import unittest

from jsonschema import Draft202012Validator

import schema

NAMES = sorted(os.path.basename(path)[:-len(".json")] for path in glob.glob(os.path.join(schema.FOLDER, "*.json")))


def nodes(node, path="$"):
    """Every object of a schema, with where it is."""
    if isinstance(node, dict):
        yield path, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from nodes(child, f"{path}.{key}")


def examples():
    with open(os.path.join(schema.FOLDER, "..", "json.md"), encoding="utf-8") as page:
        for name, text in re.findall(r"(?ms)^```json (\w+)\n(.*?)^```", page.read()):
            for document in text.splitlines() if name == "event" else [text]:
                yield name, json.loads(document)


class Schemas(unittest.TestCase):
    def test_each_is_sound_and_strict(self):
        for name in NAMES:
            Draft202012Validator.check_schema(schema.load(name))
            for path, node in nodes(schema.load(name)):
                if node.get("type") == "object" and "properties" in node and "oneOf" not in node:
                    self.assertIs(node.get("additionalProperties"), False, f"{name} {path}")
                    self.assertLessEqual(set(node["required"]), set(node["properties"]), f"{name} {path}")

    def test_each_key_is_described(self):
        for name in NAMES:
            defs = schema.load(name).get("$defs", {})
            for path, node in nodes(schema.load(name)):
                for key, value in node["properties"].items() if isinstance(node.get("properties"), dict) else ():
                    target = defs[value["$ref"].rsplit("/", 1)[1]] if "$ref" in value else value
                    is_plain = "const" in target or "enum" in target or "properties" in target
                    self.assertTrue(is_plain or "description" in value or "description" in target, f"{name} {path}.{key}")

    def test_what_two_of_them_define_is_the_same(self):
        seen = {}
        for name in NAMES:
            for key, value in schema.load(name).get("$defs", {}).items():
                if key in ("run", "tenant", "error"):  # each output has its own
                    continue
                self.assertEqual(seen.setdefault(key, value), value, f"$defs.{key} in {name}.json and another")

    def test_the_examples_of_the_page_are_what_the_schemas_say(self):
        seen = set()
        for name, document in examples():
            schema.check(name, document)
            seen.add(name)
        self.assertEqual(seen | {"import"}, set(NAMES))

    def test_each_schema_is_in_the_page(self):
        with open(os.path.join(schema.FOLDER, "..", "json.md"), encoding="utf-8") as page:
            text = page.read()
        for name in NAMES:
            self.assertIn(f"(schema/{name}.json)", text)


class TheCheck(unittest.TestCase):
    """It finds what it is for."""

    def spoil(self, how, expected):
        document = next(document for name, document in examples() if name == "report")
        how(document)
        with self.assertRaisesRegex(AssertionError, expected):
            schema.check("report", document)

    def test_a_key_more(self):
        self.spoil(lambda report: report["run"].update(halted="gate"), r"(?s)at \$\.run: .*'halted' was unexpected")

    def test_a_key_less(self):
        self.spoil(lambda report: report["totals"].pop("failed"), r"at \$\.totals: 'failed' is a required property")

    def test_a_word_that_is_no_state(self):
        self.spoil(lambda report: report["tenants"][0].update(state="suceeded"), r"at \$\.tenants\[0\]\.state: 'suceeded'")

    def test_a_rare_fault_among_thousands(self):
        def many(report):
            report["tenants"] = report["tenants"] * 500 + [{**report["tenants"][0], "state": "lost"}]
        self.spoil(many, "'lost'")

    def test_an_event_that_is_not_known(self):
        with self.assertRaisesRegex(AssertionError, "no event 'run_ended'"):
            schema.check("event", {"event": "run_ended", "at_ms": 1})

    def test_every_output_of_a_process_is_found(self):
        bad = b'{"skein": 1}'
        for args, out, err in ((["upgrade", "-o", "json"], bad, b""), (["-f", "x", "upgrade", "heads", "-o", "json"], bad, b""),
                               (["runs", "-o", "json"], b'[{"id": 1}]', b""),
                               (["upgrade", "--progress", "json"], b"", b'skein: hm\n{"event": "note", "why": ""}\n')):
            with self.subTest(args=args), self.assertRaises(AssertionError):
                schema.check_process(args, 0, out, err)
        schema.check_process(["upgrade"], 0, b"upgrade head: succeeded", b"skein: hm\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
