#!/usr/bin/env python3
"""Drift of a fleet of 1,000 tenants on three engines, of which some were damaged by hand: every damage is found, in its record, and
no tenant is accused that only lived its life."""
import contextlib
import json
import random
import shutil
import sqlite3

from harness import FleetCase, MariaDB, Postgres, main

SCHEMAS, DATABASES, FILES = 300, 60, 640
STAMPED = ("p299", "x59", "s639")  # without what the stamped revisions make
ALONE = ("ADD VALUE", "CONCURRENTLY")  # each statement is a transaction of its own

AAAA = """-- migrate:up dialect:postgresql
CREATE TABLE task (id serial PRIMARY KEY, title varchar(20) NOT NULL DEFAULT 'x', up int REFERENCES task);
CREATE INDEX ix_title ON task (title);
-- migrate:up dialect:mysql
CREATE TABLE task (id int PRIMARY KEY, title varchar(20) NOT NULL DEFAULT 'x', up int, CONSTRAINT fk_up FOREIGN KEY (up) REFERENCES task (id));
CREATE INDEX ix_title ON task (title);
-- migrate:up dialect:sqlite
CREATE TABLE task (id INTEGER PRIMARY KEY, title varchar(20) NOT NULL DEFAULT 'x', up int REFERENCES task);
CREATE INDEX ix_title ON task (title);"""
BBBB = "ALTER TABLE task ADD COLUMN priority int; CREATE VIEW v AS SELECT id, priority FROM task;"
CCCC = """-- migrate:up dialect:postgresql
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER g BEFORE UPDATE ON task FOR EACH ROW EXECUTE FUNCTION f();
CREATE TABLE note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, task int CONSTRAINT fk_task REFERENCES task, mail text, state mood,
  size int GENERATED ALWAYS AS (length(mail)) STORED, CONSTRAINT ck_mail CHECK (mail LIKE '%@%'), CONSTRAINT uq_note UNIQUE (task, mail));
CREATE INDEX ix_open ON note (task) WHERE state = 'sad';
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON note USING (task > 0);
COMMENT ON COLUMN note.mail IS 'where to';
CREATE SEQUENCE ticket INCREMENT 2;
CREATE MATERIALIZED VIEW sums AS SELECT task, count(*) FROM note GROUP BY 1;
-- migrate:up dialect:mysql
CREATE TRIGGER g BEFORE UPDATE ON task FOR EACH ROW SET NEW.priority = 1;
CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC RETURN a + 1;
CREATE TABLE note (id int AUTO_INCREMENT PRIMARY KEY, task int, mail varchar(50), state enum('sad', 'ok'), size int AS (length(mail)) STORED,
  CONSTRAINT ck_mail CHECK (mail LIKE '%@%'), CONSTRAINT uq_note UNIQUE (task, mail), CONSTRAINT fk_task FOREIGN KEY (task) REFERENCES task (id)) COMMENT 'words';
-- migrate:up dialect:sqlite
CREATE TRIGGER g BEFORE UPDATE ON task BEGIN SELECT 1; END;
CREATE TABLE note (id INTEGER PRIMARY KEY, task int REFERENCES task, mail text COLLATE NOCASE, size int AS (length(mail)),
  CONSTRAINT ck_mail CHECK (mail LIKE '%@%'), CONSTRAINT uq_note UNIQUE (task, mail));
CREATE INDEX ix_open ON note (task) WHERE mail IS NULL;"""

# What was done by hand, and the records that differ: kind, name, what.
POSTGRES = [
    ("DROP INDEX ix_title", [("index", "task.ix_title", "missing")]),
    ("CREATE INDEX more ON task (up)", [("index", "task.more", "extra")]),
    ("DROP INDEX ix_title; CREATE INDEX ix_title ON task (title DESC)", [("index", "task.ix_title", "changed")]),
    ("DROP INDEX ix_title; CREATE UNIQUE INDEX ix_title ON task (title)", [("index", "task.ix_title", "changed")]),
    ("DROP INDEX ix_open; CREATE INDEX ix_open ON note (task) WHERE state = 'ok'", [("index", "note.ix_open", "changed")]),
    ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_title'::regclass", [("index", "task.ix_title", "changed")]),
    ("INSERT INTO task (title) VALUES ('a'), ('a'); CREATE UNIQUE INDEX CONCURRENTLY ux ON task (title)", [("index", "task.ux", "extra")]),  # fails
    ("DROP INDEX ix_title; CREATE INDEX ix_title ON task (title COLLATE \"C\")", [("index", "task.ix_title", "changed")]),
    ("ALTER TABLE task ALTER title SET DEFAULT 'y'", [("column", "task.title", "changed")]),
    ("ALTER TABLE task ALTER title DROP DEFAULT", [("column", "task.title", "changed")]),
    ("ALTER TABLE task ALTER title DROP NOT NULL", [("column", "task.title", "changed")]),
    ("ALTER TABLE task ALTER title TYPE varchar(30)", [("column", "task.title", "changed")]),
    ("ALTER TABLE task ALTER title TYPE varchar(20) COLLATE \"C\"", [("column", "task.title", "changed")]),
    ("ALTER TABLE note DROP COLUMN size", [("column", "note.size", "missing")]),
    ("ALTER TABLE task ADD COLUMN more int", [("column", "task.more", "extra")]),
    ("ALTER TABLE task RENAME up TO above", [("column", "task.above", "extra"), ("column", "task.up", "missing"), ("foreign key", "task.task_up_fkey", "changed")]),
    ("ALTER TABLE task DISABLE TRIGGER g", [("trigger", "task.g", "changed")]),
    ("ALTER TABLE task ENABLE REPLICA TRIGGER g", [("trigger", "task.g", "changed")]),
    ("DROP TRIGGER g ON task", [("trigger", "task.g", "missing")]),
    ("CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$", [("function", "f()", "changed")]),
    ("CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'", [("function", "f(integer)", "extra")]),
    ("DROP VIEW v; CREATE VIEW v AS SELECT id, priority FROM task WHERE id > 0", [("view", "v", "changed")]),
    ("DROP VIEW v", [("view", "v", "missing")]),
    ("DROP MATERIALIZED VIEW sums", [("materialized view", "sums", "missing")]),
    ("CREATE TABLE more (id int)", [("table", "more", "extra")]),
    ("DROP TABLE note CASCADE", [("materialized view", "sums", "missing"), ("table", "note", "missing")]),
    ("ALTER TABLE note DROP CONSTRAINT fk_task", [("foreign key", "note.fk_task", "missing")]),
    ("ALTER TABLE note DROP CONSTRAINT fk_task, ADD CONSTRAINT fk_task FOREIGN KEY (task) REFERENCES task ON DELETE CASCADE", [("foreign key", "note.fk_task", "changed")]),
    ("ALTER TABLE note DROP CONSTRAINT ck_mail, ADD CONSTRAINT ck_mail CHECK (mail LIKE '%@%') NOT VALID", [("check", "note.ck_mail", "changed")]),
    ("ALTER TABLE note DROP CONSTRAINT uq_note", [("unique constraint", "note.uq_note", "missing")]),
    ("ALTER TYPE mood ADD VALUE 'glad'", [("enum", "mood", "changed")]),
    ("ALTER SEQUENCE ticket INCREMENT 1", [("sequence", "ticket", "changed")]),
    ("ALTER TABLE note DISABLE ROW LEVEL SECURITY", [("table", "note", "changed")]),
    ("ALTER POLICY mine ON note USING (true)", [("policy", "note.mine", "changed")]),
    ("COMMENT ON COLUMN note.mail IS NULL", [("column", "note.mail", "changed")]),
    ("ALTER TABLE note SET UNLOGGED", [("table", "note", "changed")]),
    ("ALTER TABLE note ALTER id SET GENERATED BY DEFAULT", [("column", "note.id", "changed")]),
    ("ALTER TABLE task ALTER id DROP DEFAULT", [("column", "task.id", "changed")]),
    ("CREATE RULE r AS ON DELETE TO task DO INSTEAD NOTHING", [("rule", "task.r", "extra")]),
    ("DROP MATERIALIZED VIEW sums; DROP TABLE note; DROP SEQUENCE ticket; DROP TRIGGER g ON task; DROP FUNCTION f; DROP TYPE mood", "bbbb2222"),
    ("DROP MATERIALIZED VIEW sums; DROP TABLE note; DROP SEQUENCE ticket; DROP TRIGGER g ON task; DROP FUNCTION f; DROP TYPE mood; "
     "DROP VIEW v; ALTER TABLE task DROP COLUMN priority", "aaaa1111"),
]
MARIADB = [
    ("DROP INDEX ix_title ON task", [("index", "task.ix_title", "missing")]),
    ("DROP INDEX ix_title ON task; CREATE INDEX ix_title ON task (title(3))", [("index", "task.ix_title", "changed")]),
    ("ALTER TABLE task ALTER INDEX ix_title IGNORED", [("index", "task.ix_title", "changed")]),
    ("CREATE INDEX more ON task (priority)", [("index", "task.more", "extra")]),
    ("ALTER TABLE task ALTER title SET DEFAULT 'y'", [("column", "task.title", "changed")]),
    ("ALTER TABLE task MODIFY title varchar(20) DEFAULT 'x'", [("column", "task.title", "changed")]),
    ("ALTER TABLE task MODIFY title varchar(30) NOT NULL DEFAULT 'x'", [("column", "task.title", "changed")]),
    ("ALTER TABLE task MODIFY title varchar(20) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x'", [("column", "task.title", "changed")]),
    ("ALTER TABLE note DEFAULT COLLATE utf8mb4_bin", [("table", "note", "changed")]),
    ("ALTER TABLE task MODIFY priority bigint", [("column", "task.priority", "changed")]),
    ("ALTER TABLE task ADD COLUMN more int", [("column", "task.more", "extra")]),
    ("ALTER TABLE note DROP COLUMN size", [("column", "note.size", "missing")]),
    ("ALTER TABLE task DROP COLUMN priority", [("column", "task.priority", "missing")]),  # which the view and the trigger still name
    ("ALTER TABLE note MODIFY state enum('sad', 'ok', 'glad')", [("column", "note.state", "changed")]),
    ("ALTER TABLE note DROP FOREIGN KEY fk_task", [("foreign key", "note.fk_task", "missing")]),
    ("ALTER TABLE note DROP CONSTRAINT ck_mail", [("check", "note.ck_mail", "missing")]),
    ("ALTER TABLE note COMMENT 'others'", [("table", "note", "changed")]),
    ("ALTER TABLE task DROP FOREIGN KEY fk_up; ALTER TABLE note DROP FOREIGN KEY fk_task; ALTER TABLE task ENGINE=MyISAM",
     [("foreign key", "note.fk_task", "missing"), ("foreign key", "task.fk_up", "missing"), ("table", "task", "changed"),
      ("index", "task.fk_up", "extra")]),  # that of the foreign key, which is its own now
    ("DROP TRIGGER g", [("trigger", "task.g", "missing")]),
    ("DROP TRIGGER g; CREATE TRIGGER g BEFORE UPDATE ON task FOR EACH ROW SET NEW.priority = 2", [("trigger", "task.g", "changed")]),
    ("DROP FUNCTION f; CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC RETURN a + 2", [("function", "f", "changed")]),
    ("CREATE OR REPLACE VIEW v AS SELECT id, priority FROM task WHERE id > 0", [("view", "v", "changed")]),
    ("DROP VIEW v", [("view", "v", "missing")]),
    ("CREATE TABLE more (id int)", [("table", "more", "extra")]),
    ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM note", [("event", "e", "extra")]),
    ("DROP TABLE note", [("table", "note", "missing")]),
    ("DROP TABLE note; DROP FUNCTION f; DROP TRIGGER g", "bbbb2222"),
    ("DROP TABLE note; DROP FUNCTION f; DROP TRIGGER g; DROP VIEW v; ALTER TABLE task DROP COLUMN priority", "aaaa1111"),
]
REDO = "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = replace(sql, '{}', '{}') WHERE name = '{}'; PRAGMA writable_schema = off"
SQLITE = [
    ("DROP INDEX ix_title", [("index", "task.ix_title", "missing")]),
    ("DROP INDEX ix_title; CREATE INDEX ix_title ON task (title COLLATE NOCASE)", [("index", "task.ix_title", "changed")]),
    ("DROP INDEX ix_title; CREATE UNIQUE INDEX ix_title ON task (title)", [("index", "task.ix_title", "changed")]),
    ("DROP INDEX ix_open; CREATE INDEX ix_open ON note (task)", [("index", "note.ix_open", "changed")]),
    ("CREATE INDEX more ON task (priority)", [("index", "task.more", "extra")]),
    (REDO.format("DEFAULT ''x''", "DEFAULT ''y''", "task"), [("column", "task.title", "changed")]),
    (REDO.format("varchar(20) NOT NULL", "varchar(20)", "task"), [("column", "task.title", "changed")]),
    (REDO.format("varchar(20)", "varchar(30)", "task"), [("column", "task.title", "changed")]),
    (REDO.format("NOCASE", "RTRIM", "note"), [("column", "note.mail", "changed")]),
    (REDO.format(" REFERENCES task", "", "note"), [("foreign key", "note", "missing")]),
    (REDO.format("REFERENCES task", "REFERENCES task ON DELETE CASCADE", "note"), [("foreign key", "note", "extra"), ("foreign key", "note", "missing")]),
    (REDO.format("''%@%''", "''@%''", "note"), [("check", "note.ck_mail", "changed")]),
    (REDO.format("length(mail)", "length(task)", "note"), [("column", "note.size", "changed")]),
    (REDO.format("INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT", "note"), [("primary key", "note", "changed")]),
    ("ALTER TABLE task ADD COLUMN more int", [("column", "task.more", "extra")]),
    ("ALTER TABLE note DROP COLUMN size", [("column", "note.size", "missing")]),
    ("ALTER TABLE task RENAME COLUMN up TO above", [("column", "task.above", "extra"), ("column", "task.up", "missing"), ("foreign key", "task", "extra"), ("foreign key", "task", "missing")]),
    ("DROP TRIGGER g", [("trigger", "task.g", "missing")]),
    ("DROP TRIGGER g; CREATE TRIGGER g BEFORE UPDATE ON task BEGIN SELECT 2; END", [("trigger", "task.g", "changed")]),
    ("DROP TRIGGER g; CREATE TRIGGER g AFTER UPDATE ON task BEGIN SELECT 1; END", [("trigger", "task.g", "changed")]),
    ("DROP VIEW v", [("view", "v", "missing")]),
    ("DROP VIEW v; CREATE VIEW v AS SELECT id, priority FROM task WHERE id > 0", [("view", "v", "changed")]),
    ("CREATE TABLE more (id int)", [("table", "more", "extra")]),
    ("CREATE VIRTUAL TABLE words USING fts5 (title)", [("virtual table", "words", "extra")]),
    ("DROP TABLE note", [("table", "note", "missing")]),
    ("PRAGMA user_version = 7", [("database", "", "changed")]),
    ("DROP TABLE note; DROP TRIGGER g", "bbbb2222"),
    ("DROP TABLE note; DROP TRIGGER g; DROP VIEW v; ALTER TABLE task DROP COLUMN priority", "aaaa1111"),
]
# What happens to tenants anyway: none of it is drift.
LIFE = {
    "postgres": ["INSERT INTO task (title) VALUES ('a'); ANALYZE task; UPDATE task SET title = 'b'", "SELECT nextval('ticket'); REINDEX TABLE task",
                 "DROP INDEX ix_title; CREATE INDEX ix_title ON task USING btree (title ASC NULLS LAST)",
                 "ALTER TABLE task ADD COLUMN gone int; ALTER TABLE task DROP COLUMN gone", "GRANT SELECT ON task TO PUBLIC",
                 "ALTER TABLE task ALTER title SET STATISTICS 500; CLUSTER task USING ix_title; ALTER TABLE task SET WITHOUT CLUSTER"],
    "mariadb": ["INSERT INTO task (id, title) VALUES (5, 'a'); ANALYZE TABLE task; OPTIMIZE TABLE task", "INSERT INTO note (id) VALUES (77)",
                "DROP INDEX ix_title ON task; ALTER TABLE task ADD KEY ix_title (title) USING BTREE", "ALTER TABLE task ADD COLUMN gone int; ALTER TABLE task DROP COLUMN gone"],
    "sqlite": ["INSERT INTO task (title) VALUES ('a'); ANALYZE; VACUUM", "DROP INDEX ix_title; create index [ix_title] on \"task\" (title) -- again\n",
               "PRAGMA journal_mode = wal; INSERT INTO note (task) VALUES (1)", "ALTER TABLE task RENAME TO old; ALTER TABLE old RENAME TO task", "REINDEX"],
}


class Damaged(FleetCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres("max_locks_per_transaction=256")
        cls.addClassCleanup(cls.postgres.close)
        cls.mariadb = MariaDB()
        cls.addClassCleanup(cls.mariadb.close)

    def make(self):
        """Files are copies of one; all others are upgraded."""
        for id_, up in (("aaaa1111", AAAA), ("bbbb2222", BBBB), ("cccc3333", CCCC)):
            self.fleet.revision(id_, up)
        self.postgres.create("mixed")
        self.names = {"postgres": [f"p{i:03}" for i in range(SCHEMAS)], "mariadb": [f"x{i:02}" for i in range(DATABASES)],
                      "sqlite": [f"s{i:03}" for i in range(FILES)]}
        rest = [{"name": name, "url": self.postgres.url("mixed"), "schema": name, "create": True} for name in self.names["postgres"]]
        rest += self.mariadb.create(*self.names["mariadb"])
        first, *files = self.names["sqlite"]
        options = {"scratch": {"postgresql": self.postgres.url("postgres"), "mysql": self.mariadb.url("")}, "rollout": {"parallel": 16, "per_server": 8}}
        self.fleet.inventory(rest + [self.fleet.sqlite(first), self.fleet.sqlite(files[-1])], **options)
        stamped = [word for name in STAMPED for word in ("--tenant", name)]
        self.run_ok("upgrade", "aaaa1111", *stamped)
        self.run_ok("stamp", "head", "--force", "--yes", *stamped)
        self.run_ok("upgrade")
        for name in files[:-1]:
            shutil.copyfile(self.fleet.path("data", first + ".db"), self.fleet.path("data", name + ".db"))
        self.fleet.inventory(rest + [{"name": name, "url": f"sqlite:///data/{name}.db"} for name in self.names["sqlite"]], **options)

    def execute(self, engine, deeds):
        if engine == "postgres":  # a connection for all would be one transaction
            alone = [deed for deed in deeds if any(word in deed[1] for word in ALONE)]
            self.postgres.sql("mixed", "".join(f"SET search_path = {name}; {sql};\n" for name, sql in deeds if (name, sql) not in alone))
            for name, sql in alone:
                statements = [word for statement in (f"SET search_path = {name}", *sql.split("; ")) for word in ("-c", statement)]
                self.assertEqual(b"duplicated" in self.postgres.psql("mixed", *statements).stderr, "UNIQUE" in sql)
        elif engine == "mariadb":
            self.mariadb.sql("", "".join(f"USE {name}; {sql};\n" for name, sql in deeds))
        else:
            for name, sql in deeds:
                with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
                    db.executescript(sql)

    def damage(self):
        """Whom each damage befalls is drawn; two in three others live their lives. What differs, by tenant."""
        draw, expected = random.Random(14), {name: "aaaa1111" for name in STAMPED}
        for engine, damages in (("postgres", POSTGRES), ("mariadb", MARIADB), ("sqlite", SQLITE)):
            whole = [name for name in self.names[engine] if name not in STAMPED]
            names = draw.sample(whole, len(whole))
            hurt = list(zip(names, damages))
            expected.update({name: what for name, (_, what) in hurt})
            lives = [(name, LIFE[engine][i % len(LIFE[engine])]) for i, name in enumerate(names[len(hurt):]) if i % 3]
            self.execute(engine, [(name, sql) for name, (sql, _) in hurt] + lives)
        return expected

    def test_every_damage_is_found_and_no_other(self):
        self.make()
        self.assertEqual(json.loads(self.run_ok("drift", "-o", "json", code=1).out)["totals"]["expected"], 1000 - len(STAMPED))
        expected = self.damage()
        drift = json.loads(self.run_ok("drift", "-o", "json", code=1).out)
        found = {}
        for cluster in drift["clusters"]:
            for tenant in cluster["tenants"] if cluster["is_expected"] is False else []:
                what = sorted((d["kind"], d["name"] or d["owner"] or "", d["what"]) for d in cluster["differences"])
                found[tenant] = cluster["resembles"][0] if cluster["resembles"] else what
        self.assertEqual(found, {name: what if isinstance(what, str) else sorted(what) for name, what in expected.items()})
        self.assertEqual(drift["totals"], {"tenants": 1000, "expected": 1000 - len(expected), "differing": len(expected), "unknown": 0, "failed": 0})


if __name__ == "__main__":
    main()
