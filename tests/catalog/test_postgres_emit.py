"""PostgreSQL's emitter without skein around it: two schemas are made, the statements that lead from one to the other are run, and
back, and each time the catalogs must be equal. In one process beside the server's, so that hundreds of schemas take a minute."""
import os
import random
import sys
import unittest

import catalogs
from harness import Postgres

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # the end-to-end tests have a test_postgres, too
from random_postgres import Schema  # noqa: E402
from test_postgres import CHANGES  # noqa: E402

ROUNDS = int(os.environ.get("EMIT_ROUNDS", "200"))  # of the random schemas

# What cannot be written is refused, with a reason that has these words.
REFUSED = {"a foreign key that is not enforced": "superuser", "what is not read": "does not read", "the partition's key": "partition key"}


class EmitCase(catalogs.CatalogCase):
    @classmethod
    def new_server(cls):
        server = Postgres()
        server.create("case")
        cls.client = server.keep_client("case")
        cls.addClassCleanup(cls.client.close)
        return server

    @classmethod
    def make(cls, *scripts):
        """A schema of each script."""
        names = [cls.name() for _ in scripts]
        for name, script in zip(names, scripts):
            cls.client.sql(f"RESET ALL; CREATE SCHEMA {name}; SET search_path = {name}; {script.replace('{schema}', name)}")
        return names

    def place(self, schema):
        return self.server.url("case"), [schema]

    def emit(self, one, other, **keys):
        return self.tool.read(self.place(one), self.place(other), emit=True, **{"allowed": True, **keys})

    def run_statements(self, schema, statements):
        before, sql, later = (statements[key] for key in ("before", "sql", "later"))
        self.client.sql(f"RESET ALL; SET search_path = {schema}")
        for text in (before, f"BEGIN;\n{sql};\nCOMMIT;\n", later):
            if text:
                self.client.sql(text)

    def lead(self, one, other, **keys):
        """From one to the other, which must then be equal; the statements."""
        answer = self.emit(one, other, **keys)
        self.assertEqual(answer["refused"], [])
        text = "\n-- then\n".join(answer[key] for key in ("before", "sql", "later"))
        try:
            self.run_statements(one, answer)
        except AssertionError as error:
            self.fail(f"{error}\n{text}")
        self.assertEqual(self.differences(one, other, **{key: keys[key] for key in keys if key in ("rules", "ignore")}), [], text)
        return text

    def there_and_back(self, first, second, **keys):
        """Of two scripts; the statements of the way there."""
        one, other, old = self.make(first, second, first)
        text = self.lead(one, other, **keys)
        self.lead(one, old, **keys)
        self.forget(one, other, old)
        return text

    def forget(self, *names):
        self.client.sql("SET client_min_messages = error; " + "; ".join(f"DROP SCHEMA {name} CASCADE" for name in names))


class Pairs(EmitCase):
    """Each change that the reader sees is made by statements, and undone."""

    def check_table(self, table, **keys):
        for name, base, change, _ in table:
            with self.subTest(name):
                if name in REFUSED:
                    one, other = self.make(base, base + change)
                    self.assertIn(REFUSED[name], " ".join(self.emit(one, other, **keys)["refused"]))
                else:
                    self.there_and_back(base, base + change, **keys)

    def test_what_the_reader_sees(self):
        self.check_table(CHANGES)

    def test_all_of_it_from_nothing(self):
        for name, base, change, _ in CHANGES:
            with self.subTest(name):
                if name not in REFUSED:
                    self.there_and_back("", base + change)


class Random(EmitCase):
    def test_random_schemas(self):
        """A schema that the server does not take, since its parts do not go together, is none: but there must be few of them."""
        taken = 0
        for seed in range(ROUNDS):
            with self.subTest(seed=seed):
                taken += self.one(random.Random(seed))
        self.assertGreater(taken, ROUNDS * .9)

    def one(self, rng):
        schema = Schema(rng)
        first = schema.sql()
        schema.mutate()
        try:
            one, other, old = self.make(first, schema.sql(), first)
        except AssertionError:
            return False
        try:
            self.lead(one, other)
            self.lead(one, old)
        except AssertionError as error:
            self.client.close()
            raise AssertionError(f"{error}\n---- from\n{first}\n---- to\n{schema.sql()}") from None
        self.forget(one, other, old)
        return True


if __name__ == "__main__":
    unittest.main(verbosity=2)
