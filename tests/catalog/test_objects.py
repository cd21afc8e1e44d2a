#!/usr/bin/env python3
"""Each object of a schema is dropped, and changed, one at a time: the reader must see it, and the emitter must bring it back, and take
it away again, by fingerprint.

The schemas are small ones of our own (schemas/NAME.ENGINE.sql); with SKEIN_APPLICATIONS=FOLDER those of published applications, which
applications.py has fetched. OBJECTS says how many changes of each schema are tried, drawn by SEED (default: 12, and the day); `all` tries
every one. What cannot be done to an object alone (a column that a key needs on MariaDB) is counted and told."""
import datetime
import glob
import os
import random
import re
import sqlite3
import sys
import tempfile
import unittest

import catalogs
from harness import MariaDB, Postgres, memory_folder

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.environ.get("SKEIN_APPLICATIONS") or os.path.join(HERE, "schemas")
OBJECTS = os.environ.get("OBJECTS", "12")
SEED = os.environ.get("SEED", datetime.date.today().isoformat())
ONLY = os.environ.get("ONLY", "")  # a part of a change's name


def quoted(name, mark='"'):
    return mark + name.replace(mark, 2 * mark) + mark


class Refused(Exception):
    """The database does not take the change."""


class Objects:
    """Of an engine: `names` of two places, `url(place)`, `load(place, script)`, `changes(objects)`, `change(place, change)`."""
    engine = None
    takes_back = False  # what a change has done before it is refused
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.tool = catalogs.Tool()
        cls.addClassCleanup(cls.tool.close)

    def run_sql(self, place, sql):
        answer = self.tool.send({"run": self.url(place), "sql": sql})
        if "error" in answer:
            raise Refused(f"{answer['error']}\n{answer.get('statement')}")

    def differences(self, one, other):
        return self.tool.read((self.url(one), [None]), (self.url(other), [None]))["differences"]

    def lead(self, one, other, is_checked=True, **keys):
        """`one` becomes what `other` is."""
        emitted = self.tool.ask([(self.url(one), [None]), (self.url(other), [None])], emit=True, allowed=True, **keys)
        self.assertEqual(emitted.get("refused", emitted.get("error")), [])
        text = "\n-- then\n".join(emitted[key] for key in ("before", "sql", "later"))
        for key in ("before", "sql", "later"):
            try:
                self.run_sql(one, emitted[key])
            except Refused as error:
                if "is not supported. Reason" in str(error) and not keys:  # skein promises nothing then, either
                    return self.lead(one, other, is_checked, cautious=True)
                raise AssertionError(f"{error}\n---- all of it:\n{text}") from None
        if is_checked:
            self.assertEqual(self.differences(one, other), [], text)

    def check_change(self, change):
        """The first place stays whole, the third takes the change. The second goes there, and back."""
        whole, one, other = self.places
        self.change(other, change)
        self.assertNotEqual(self.differences(whole, other), [], "the change is not seen")
        self.lead(one, other)
        self.lead(one, whole)
        self.restore(other, whole)

    def restore(self, place, whole):
        """As the second place has gone."""
        self.lead(place, whole, is_checked=False)

    def check_schema(self, name, script):
        for place in self.places:
            self.load(place, script)
        objects = self.tool.read((self.url(self.places[0]), [None]), objects=True)["catalogs"][0]["objects"]
        changes = [change for change in self.changes(objects) if ONLY in change[0]]
        if OBJECTS != "all":
            changes = random.Random(f"{SEED} {name}").sample(changes, min(int(OBJECTS), len(changes)))
        tried = refused = 0
        for change in changes:
            with self.subTest(f"{name} {self.engine}: {change[0]}"):
                is_whole = False
                try:
                    self.check_change(change)
                    tried += 1
                    is_whole = True
                except Refused as why:
                    refused += 1
                    is_whole = self.takes_back
                    if os.environ.get("VERBOSE"):
                        print("refused:", change[0], why)
                finally:
                    if not is_whole:
                        for place in self.places[1:]:
                            self.load(place, script)
        print(f"{name} on {self.engine}: {len(objects)} objects, {tried} changes there and back, {refused} that the database refuses", flush=True)
        self.assertGreater(tried, 0)

    def test_each_object(self):
        paths = sorted(glob.glob(os.path.join(FOLDER, f"*.{self.engine}.sql")))
        self.assertTrue(paths, f"no schemas in {FOLDER}")
        for path in paths:
            with open(path) as file:
                script = file.read()
            self.check_schema(os.path.basename(path).split(".")[0], script)


class OnPostgres(Objects, unittest.TestCase):
    engine = "postgresql"
    takes_back = True
    places = ("whole", "one", "other")
    drops = {"table": "TABLE", "view": "VIEW", "materialized view": "MATERIALIZED VIEW", "sequence": "SEQUENCE", "enum": "TYPE", "composite": "TYPE",
             "range": "TYPE", "domain": "DOMAIN", "index": "INDEX", "function": "FUNCTION", "procedure": "PROCEDURE", "aggregate": "AGGREGATE",
             "statistics": "STATISTICS"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Postgres()
        cls.addClassCleanup(cls.server.close)
        cls.addClassCleanup(lambda: cls.client.close())
        cls.databases = {}

    def setUp(self):
        self.number = 0

    def url(self, place):
        return self.server.url(self.databases[place])

    def load(self, place, script):
        """Always a new database: the tool keeps its connections."""
        self.number += 1
        if place in self.databases:
            self.server.sql("postgres", f"DROP DATABASE {self.databases[place]} WITH (FORCE)")
        self.databases[place] = f"{place}{self.number}"
        self.server.create(self.databases[place])
        self.server.sql(self.databases[place], f"SET client_min_messages = error; {script}")
        if place == self.places[0]:
            type(self).client = self.server.keep_client(self.databases[place])

    def definition(self, query):
        return "\n".join(self.client.sql(query))

    def change(self, place, change):
        try:
            self.run_sql(place, f"BEGIN; SET LOCAL search_path = public; {change[1]}; COMMIT")
        except Refused:
            self.run_sql(place, "ROLLBACK")
            raise

    def changes(self, objects):
        domains = {item["name"] for item in objects if item["kind"] == "domain"}
        for item in objects:
            kind, name, owner = item["kind"], item["name"], item.get("owner")
            label = f"{kind} {owner + '.' if owner else ''}{name}"
            routine = kind in ("function", "procedure", "aggregate")
            word = name if routine else quoted(name)
            if routine:
                word = quoted(name.split("(")[0]) + name[name.index("("):] if '"' not in name else name
            if kind in self.drops:
                yield f"drop {label}", f"DROP {self.drops[kind]} {word} CASCADE"
            elif kind == "column":
                yield f"drop {label}", f"ALTER TABLE {quoted(owner)} DROP COLUMN {word} CASCADE"
            elif owner in domains:
                yield f"drop {label}", f"ALTER DOMAIN {quoted(owner)} DROP CONSTRAINT {word}"
                continue
            elif kind in ("primary key", "unique", "foreign key", "check", "exclusion"):
                yield f"drop {label}", f"ALTER TABLE {quoted(owner)} DROP CONSTRAINT {word} CASCADE"
            elif kind in ("trigger", "rule", "policy"):
                yield f"drop {label}", f"DROP {kind} {word} ON {quoted(owner)} CASCADE"
            yield from ((f"change {label}: {how}", sql) for how, sql in self.other(item, kind, word, owner))

    def other(self, item, kind, word, owner):
        table = quoted(owner) if owner else None
        name = item["name"]
        if kind == "column":
            yield "nullable", f"ALTER TABLE {table} ALTER {word} {'DROP' if 'not null' in item['properties'] else 'SET'} NOT NULL"
            if "default" in item["properties"]:
                yield "default", f"ALTER TABLE {table} ALTER {word} DROP DEFAULT"
            yield "comment", f"COMMENT ON COLUMN {table}.{word} IS 'x'"
            other = "varchar(77)" if item["properties"]["type"][1] == "text" else "text"
            yield "type", f"ALTER TABLE {table} ALTER {word} TYPE {other}"
        elif kind == "table":
            yield "comment", f"COMMENT ON TABLE {word} IS 'x'"
            yield "row level security", f"ALTER TABLE {word} FORCE ROW LEVEL SECURITY"
        elif kind == "index":
            text = self.definition(f"SELECT pg_get_indexdef('{word}'::regclass)").replace(" ON ONLY ", " ON ")
            yield "other rows", f"DROP INDEX {word}; " + (text.split(" WHERE ")[0] if " WHERE " in text else text + " WHERE (1 = 1)")
        elif kind in ("foreign key", "check", "unique", "primary key"):
            text = self.definition(f"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '{name}' AND conrelid = '{table}'::regclass")
            other = {"foreign key": re.sub(" ON DELETE [A-Z ]+", "", text) if " ON DELETE" in text else text + " ON DELETE CASCADE",
                     "check": text + " NO INHERIT"}.get(kind, text + " DEFERRABLE")
            yield "other rule", f"ALTER TABLE {table} DROP CONSTRAINT {word}; ALTER TABLE {table} ADD CONSTRAINT {word} {other}"
        elif kind == "view":
            text = self.definition(f"SELECT pg_get_viewdef('{word}'::regclass)").rstrip(";")
            yield "other query", f"CREATE OR REPLACE VIEW {word} AS SELECT * FROM ({text}) AS x WHERE 1 = 1"
        elif kind == "function":
            yield "cost", f"ALTER FUNCTION {word} COST 77"
            yield "volatility", f"ALTER FUNCTION {word} {'VOLATILE' if ' STABLE' in item['properties']['definition'][1] else 'STABLE'}"
        elif kind == "trigger":
            yield "disabled", f"ALTER TABLE {table} DISABLE TRIGGER {word}"
        elif kind == "enum":
            yield "value", f"ALTER TYPE {word} ADD VALUE 'skein new'"
        elif kind == "sequence":
            yield "increment", f"ALTER SEQUENCE {word} INCREMENT 7"
        elif kind == "domain":
            yield "not null", f"ALTER DOMAIN {word} SET NOT NULL"


class OnMariaDB(Objects, unittest.TestCase):
    engine = "mysql"
    places = ("whole", "one", "other")
    drops = {"view": "VIEW", "sequence": "SEQUENCE", "function": "FUNCTION", "procedure": "PROCEDURE", "trigger": "TRIGGER",
             "event": "EVENT"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = MariaDB()
        cls.addClassCleanup(cls.server.close)

    def url(self, place):
        return self.server.url(place)

    def load(self, place, script):
        self.run_sql("", f"DROP DATABASE IF EXISTS `{place}`; CREATE DATABASE `{place}` COLLATE utf8mb4_general_ci")
        self.run_sql(place, "SET SESSION sql_mode = DEFAULT, foreign_key_checks = 0")
        self.run_sql(place, script)
        self.run_sql(place, "SET SESSION sql_mode = DEFAULT, foreign_key_checks = 1")

    def change(self, place, change):
        self.run_sql(place, change[1])

    def lines(self, table):
        text = self.server.sql(self.places[0], f"SHOW CREATE TABLE {quoted(table, '`')}")[0][1]
        return [line.strip().rstrip(",") for line in text.replace("\\n", "\n").split("\n")]

    def changes(self, objects):
        self.keys = {item["owner"]: re.findall("`([^`]*)`", item["properties"]["columns"][1]) for item in objects if item["kind"] == "primary key"}
        for item in objects:
            kind, name, owner = item["kind"], item["name"], item.get("owner")
            label, word = f"{kind} {owner + '.' if owner else ''}{name}", quoted(name, "`")
            alter = f"ALTER TABLE {quoted(owner, '`')}" if owner else None
            if kind in ("table", "primary key"):
                gone = name if kind == "table" else owner
                keys = "".join(f"ALTER TABLE {quoted(key['owner'], '`')} DROP FOREIGN KEY {quoted(key['name'], '`')}; " for key in objects
                               if key["kind"] == "foreign key" and gone == key["properties"]["references"][1].split("`")[1]
                               and (kind != "table" or key["owner"] != name))
                yield f"drop {label}", f"{keys}DROP TABLE {word}" if kind == "table" else f"{keys}{alter} DROP PRIMARY KEY"
            elif kind in self.drops:
                yield f"drop {label}", f"DROP {self.drops[kind]} {word}"
            elif kind in ("column", "foreign key", "index", "unique", "check") and name:
                yield f"drop {label}", f"{alter} DROP {'INDEX' if kind == 'unique' else 'CONSTRAINT' if kind == 'check' else kind} {word}"
            yield from ((f"change {label}: {how}", sql) for how, sql in self.other(item, kind, word, alter))

    def other(self, item, kind, word, alter):
        owner = item.get("owner")
        line = next((line for line in self.lines(owner) if line.startswith(word + " ")), None) if kind == "column" else None
        if line:
            line = re.sub(r" CHECK \(json_valid.*", "", line)
            plain = re.sub(r" COMMENT '.*", "", line)
            yield "comment", f"{alter} MODIFY {plain} COMMENT 'skein'"
            if item["name"] not in self.keys.get(owner, ()):  # these are NOT NULL, whatever is said
                yield "nullable", f"{alter} MODIFY " + (
                    line.replace(" NOT NULL", "", 1) if " NOT NULL" in line else re.sub("( DEFAULT NULL|$)", " NOT NULL", line, count=1))
            yield "type", f"{alter} MODIFY " + re.sub("^(`[^`]*`) [^ ]+", r"\1 varchar(77)", line)
        elif kind == "table":
            yield "comment", f"ALTER TABLE {word} COMMENT 'skein'"
            yield "collation", f"ALTER TABLE {word} DEFAULT COLLATE latin1_bin"
        elif kind in ("index", "unique"):
            yield "ignored", f"{alter} ALTER INDEX {word} IGNORED"
            line = next((line for line in self.lines(owner) if f"KEY {word} (" in line), None)
            if line:
                yield "unique or not", f"{alter} DROP INDEX {word}, ADD " + (line.replace("UNIQUE ", "") if line.startswith("UNIQUE") else "UNIQUE " + line)
        elif kind == "foreign key":
            line = next((line for line in self.lines(owner) if f"CONSTRAINT {word} " in line), None)
            if line:
                other = re.sub(" ON DELETE (CASCADE|SET NULL)", "", line) if "ON DELETE" in line else re.sub("( ON UPDATE.*|$)", r" ON DELETE CASCADE\1", line, count=1)
                yield "rule", f"{alter} DROP FOREIGN KEY {word}; {alter} ADD {other}"
        elif kind == "view":
            yield "algorithm", f"ALTER ALGORITHM = TEMPTABLE VIEW {word} AS SELECT 1 AS one"
        elif kind in ("function", "procedure"):
            yield "comment", f"ALTER {kind} {word} COMMENT 'skein'"
        elif kind == "event":
            yield "comment", f"ALTER EVENT {word} COMMENT 'skein'"
        elif kind == "sequence":
            yield "increment", f"ALTER SEQUENCE {word} INCREMENT 7"


def pieces(text):
    """What stands between the commas of the list that begins at the first parenthesis; (before, pieces, after)."""
    begin = text.index("(")
    depth, at, found, quote = 0, begin, [begin + 1], None
    while at < len(text):
        c = text[at]
        if quote:
            quote = None if c == quote else quote
        elif c in "'\"`":
            quote = c
        elif text.startswith("--", at):
            at = text.find("\n", at)
            at = len(text) if at < 0 else at
            continue
        elif text.startswith("/*", at):
            at = text.index("*/", at) + 1
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if not depth:
                break
        elif c == "," and depth == 1:
            found.append(at + 1)
        at += 1
    ends = [b - 1 for b in found[1:]] + [at]
    return text[:begin], [text[b:e] for b, e in zip(found, ends)], text[at + 1:]


class OnSqlite(Objects, unittest.TestCase):
    """SQLite drops and alters little: the statements of the schema are changed, and what does not fit any more goes with it."""
    engine = "sqlite"
    places = ("whole", "one", "other")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(dir=memory_folder())
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.number = 0
        cls.files = {}

    def url(self, place):
        return f"sqlite:///{self.files[place]}"

    def fill(self, place, statements, is_strict):
        type(self).number += 1
        self.files[place] = os.path.join(self.folder, f"{place}{self.number}.db")
        db = sqlite3.connect(self.files[place])
        for statement in statements:
            try:
                db.execute(statement)
            except sqlite3.Error as error:
                if is_strict or statement == self.changed:
                    db.close()
                    raise Refused(f"{error}: {statement}") from None
        for name, kind in db.execute("SELECT name, type FROM sqlite_schema WHERE type = 'view'").fetchall():
            try:
                db.execute(f"SELECT * FROM {quoted(name)} LIMIT 0")
            except sqlite3.Error:
                db.execute(f"DROP {kind} {quoted(name)}")
        db.commit()
        db.close()

    def load(self, place, script):
        if place == self.places[0]:
            db = sqlite3.connect(":memory:")
            db.executescript(script)
            self.items = db.execute("SELECT s.type, s.name, tbl_name, sql FROM sqlite_schema AS s LEFT JOIN pragma_table_list AS t ON t.name = s.name "
                                    "WHERE sql IS NOT NULL AND s.name NOT LIKE 'sqlite_%' AND coalesce(t.type, '') <> 'shadow' "
                                    "ORDER BY s.type = 'trigger', s.type = 'view', s.type = 'index', s.rowid").fetchall()
            db.close()
        self.changed = None
        self.fill(place, [item[3] for item in self.items], True)

    def restore(self, place, whole):
        self.fill(place, [item[3] for item in self.items], True)

    def change(self, place, change):
        _, name, sql, gone = change
        self.changed = sql
        statements = []
        for kind, item, table, text in self.items:
            if item == name:
                text = sql
            elif gone and kind == "trigger" and re.search(rf"\b{re.escape(gone)}\b", text):
                continue  # nothing checks what a trigger names
            if text:
                statements.append(text)
        self.fill(place, statements, False)

    def changes(self, objects):
        for kind, name, table, sql in self.items:
            yield f"drop {kind} {name}", name, None, name if kind == "table" else None
            if kind == "index":
                yield f"change index {name}: unique or not", name, re.sub("(?i)^create (unique )?index", lambda m: "CREATE INDEX" if m[1] else "CREATE UNIQUE INDEX", sql), None
                yield f"change index {name}: other rows", name, sql + (" AND 1 = 1" if re.search(r"(?i)\bwhere\b", sql) else " WHERE 1 = 1"), None
            elif kind == "view":
                yield f"change view {name}", name, re.sub(r"(?is)\bas\s+select\b", "AS SELECT DISTINCT", sql, count=1), None
            elif kind == "trigger":
                yield f"change trigger {name}", name, re.sub(r"(?i)\bbegin\b", "BEGIN SELECT 77;", sql, count=1), None
            elif not re.match("(?i)create virtual", sql):
                yield from self.parts(name, sql)

    @staticmethod
    def parts(name, sql):
        before, parts, after = pieces(sql)
        for i, part in enumerate(parts):
            words = re.sub(r"(?m)--.*$", "", part).split()
            word = words[0].strip('"`[]') if words else "?"
            label = f"{name}.{word} ({i})"

            def table(text, index=i):
                kept = [text if at == index else piece for at, piece in enumerate(parts) if at != index or text]
                return f"{before}({', '.join(p.rstrip() + (chr(10) if '--' in p else '') for p in kept)}){after}"
            if len(parts) > 1:
                yield f"drop part {label}", name, table(None), word
            if word.lower() in ("primary", "unique", "foreign", "check", "constraint"):
                continue
            plain = re.sub(r"(?m)--.*$", "", part)
            default = re.search(r"(?is)\s+default\s+('[^']*'|\([^)]*\)|[^\s,]+)", plain)
            without = plain.replace(default[0], "", 1) if default else plain  # DEFAULT NULL is the same as none
            yield f"change column {label}: default", name, table(without if default and default[1].lower() != "null" else without + " DEFAULT 77"), None
            yield f"change column {label}: nullable", name, table(re.sub(r"(?i)\s+not\s+null", "", plain) if re.search(r"(?i)not\s+null", plain)
                                                                  else plain + " NOT NULL"), None
            yield f"change column {label}: type", name, table(re.sub(r"^(\s*\S+)(\s+\w+(\([^)]*\))?)?", r"\1 " + ("text" if re.match(r"(?i)\s*\S+\s+blob", plain) else "blob"), plain, count=1)), None


if __name__ == "__main__":
    unittest.main(verbosity=2)
