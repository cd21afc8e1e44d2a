"""What the tests of catalog readers share: the tool that reads catalogs, and tables of pairs of scripts."""
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
TOOL = os.environ.get("SKEIN_CATALOG_TOOL", "build/dev/tests/catalog/catalog_tool")


class Tool:
    def __init__(self):
        self.process = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, catalogs, **keys):
        """`catalogs`: pairs of a URL and a list of schemas (None: the database's own)."""
        return self.send({"catalogs": [{"url": url, "schemas": schemas} for url, schemas in catalogs], **keys})

    def send(self, asked):
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the tool died")
        return json.loads(line)

    def read(self, *catalogs, **keys):
        answer = self.ask(catalogs, **keys)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class CatalogCase(unittest.TestCase):
    """A server, and the tool. A class of an engine says how places are made of scripts (`make`), and where they are read
    (`place`)."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.new_server()
        cls.addClassCleanup(cls.server.close)
        cls.tool = Tool()
        cls.addClassCleanup(cls.tool.close)
        cls.count = 0

    @classmethod
    def name(cls):
        cls.count += 1
        return f"place{cls.count}"

    def differences(self, first, second, **keys):
        """What differs between two places, in words; the fingerprints must agree with them."""
        answer = self.tool.read(self.place(first), self.place(second), **keys)
        one, other = (catalog["fingerprint"] for catalog in answer["catalogs"])
        self.assertEqual(one == other, not answer["differences"], answer["differences"])
        return answer["differences"]

    def pairs(self, table):
        """The rows of a table, whose second and third columns are scripts, with the places that these make."""
        places = self.make([script for row in table for script in row[1:3]])
        return [(row, *places[2 * i:2 * i + 2]) for i, row in enumerate(table)]

    def check_equal(self, table, **keys):
        for row, first, second in self.pairs(table):
            with self.subTest(row[0]):
                self.assertEqual(self.differences(first, second, **keys), [])

    def check_different(self, table, **keys):
        """The last column: the differences in their order. Of each, what it begins with (up to " is "), and what else it
        says (after that)."""
        for row, first, second in self.pairs(table):
            with self.subTest(row[0]):
                found = self.differences(first, second, **keys)
                self.assertEqual(len(found), len(row[3]), found)
                for words, expected in zip(found, row[3]):
                    beginning, _, rest = expected.partition(" is ")
                    self.assertEqual(words[:len(beginning)], beginning, found)
                    self.assertIn(rest, words, found)

    def objects(self, place, **keys):
        return self.tool.read(self.place(place), objects=True, **keys)["catalogs"][0]["objects"]
