#!/usr/bin/env python3
"""What docs/drift.md and docs/autogenerate.md show is what skein prints, for who does what these pages do."""
import contextlib
import glob
import re
import sqlite3
import subprocess

from harness import FleetCase, MariaDB, Postgres, main
from transcript import Transcript

FREE, PAID = ["acme", "globex", "hooli", "initech", "soylent", "umbrella"], ["stark", "wayne"]
OTHERS = ["wonka", *(f"t{i:02}" for i in range(31))]
TASK = "CREATE TABLE task (id integer PRIMARY KEY, title {text} NOT NULL DEFAULT 'new'); CREATE INDEX ix_title ON task (title);"


class SessionCase(FleetCase):
    def page(self, name):
        self.fleet.last = ""
        return Transcript(name, self.fleet.dir, subprocess.STDOUT)

    def check_printed(self, transcript, command, output, like=lambda text: text):
        printed = transcript.play(command, output)
        self.assertTrue(transcript.is_like(like(printed), like(output)), f"{transcript.path}: $ {command}\n{printed}")

    def execute(self, name, sql):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db:
            db.executescript(sql)


class DriftCase(SessionCase):
    text = "text"

    def make_fleet(self, tenants, **keys):
        self.fleet.revision("1975ea83b712", TASK.format(text=self.text))
        self.fleet.revision("83241ca0f125", "ALTER TABLE task ADD COLUMN priority integer;")
        for tenant in tenants:
            tenant["labels"] = {"tier": "free" if tenant["name"] in FREE else "paid"}
        self.fleet.inventory(tenants, **keys)
        self.run_ok("upgrade")

    def damage(self, execute):
        for name in FREE:
            execute(name, "CREATE INDEX ix_x ON task (priority)")
        for name in PAID:
            execute(name, "ALTER TABLE task DROP COLUMN priority")

    def play(self, transcript, execute, like=lambda text: text, leaves_out=()):
        """The first command shows a tenant as it should be. The fleet is damaged after it."""
        (first, shown), *parts = transcript.parts()
        self.assertEqual([first, *(command for command, _ in parts)][:2], ["skein schema --tenant acme", "skein drift"])
        if first not in leaves_out:
            self.check_printed(transcript, first, shown)
        self.damage(execute)
        for command, output in parts:
            self.check_printed(transcript, command, output, like)
        self.assertEqual(len(parts), 3)


class Drift(DriftCase):
    def test_the_session(self):
        transcript = self.page("drift.md")
        self.make_fleet([self.fleet.sqlite(name) for name in FREE + PAID + OTHERS])
        self.play(transcript, self.execute)


class DriftOnServers(DriftCase):
    """The same, but for fingerprints, and what the columns of a table are."""
    text = "varchar(20)"

    @staticmethod
    def like(text):
        return re.sub(r"\([0-9a-f]{12}\)", "(FINGERPRINT)", text)

    def test_schemas_of_a_postgresql_database(self):
        server = Postgres()
        self.addCleanup(server.close)
        server.create("pool")
        transcript = self.page("drift.md")
        self.make_fleet([{"name": name, "url": server.url("pool"), "schema": name, "create": True} for name in FREE + PAID + OTHERS],
                        scratch={"postgresql": server.url("postgres")})
        self.play(transcript, lambda name, sql: server.sql("pool", f"SET search_path = {name}; {sql}"), self.like, ["skein schema --tenant acme"])

    def test_mariadb(self):
        server = MariaDB()
        self.addCleanup(server.close)
        transcript = self.page("drift.md")
        self.make_fleet(server.create(*FREE, *PAID, *OTHERS), scratch={"mysql": server.url("")})
        self.play(transcript, server.sql, self.like, ["skein schema --tenant acme"])


class Autogenerate(SessionCase):
    def test_the_sessions(self):
        transcript = self.page("autogenerate.md")
        for name in ("acme", "globex"):
            self.fleet.sqlite(name)
        written = {}

        def like(text):
            """Who was generated has another name each time; the page calls the first and the second so."""
            names = sorted(glob.glob(self.fleet.path("versions", "*_*.sql")))
            for part, name in (("priorities", "1975ea83b712"), ("what_acme", "83241ca0f125")):
                found = next((path for path in names if part in path), None)
                if found:
                    written[part] = found
                    text = text.replace(re.search("([0-9a-f]{12})_", found)[1], name)
            return text

        parts = list(transcript.parts())
        for command, output in parts:
            if "--to-tenant" in command:
                self.run_ok("upgrade")
                self.execute("acme", "ALTER TABLE task ADD COLUMN note text; CREATE INDEX ix_priority ON task (priority)")
            self.check_printed(transcript, command, output, like)
        self.assertEqual(len([command for command, _ in parts if command.startswith("skein ")]), 7)
        with open(written["priorities"], encoding="utf-8") as file:
            self.assertIn(re.search("(?ms)^```sql\n(.*?)^```", transcript.text)[1], file.read())

    def test_the_statements_of_mariadb(self):
        server = MariaDB()
        self.addCleanup(server.close)
        transcript = self.page("autogenerate.md")
        team, task = "CREATE TABLE team (id int PRIMARY KEY); CREATE TABLE task (id int PRIMARY KEY, ", "team_id int"
        self.fleet.revision("aaaa1111", f"{team} title varchar(50) NOT NULL, {task});", down="DROP TABLE task; DROP TABLE team;")
        self.fleet.write("schema.sql", f"{team} title varchar(60) NOT NULL, {task}, priority int, KEY ix_title (title), "
                                       "FOREIGN KEY (team_id) REFERENCES team (id));")
        self.fleet.inventory(server.create("acme"), scratch={"mysql": server.url("")}, autogenerate={"schema": ["schema.sql"]})
        self.run_ok("revision", "--autogenerate", "-m", "More")
        written, = glob.glob(self.fleet.path("versions", "*_more.sql"))
        with open(written, encoding="utf-8") as file:
            self.assertIn(re.findall("(?ms)^```sql\n(.*?)^```", transcript.text)[1], file.read())
        self.run_ok("upgrade")


if __name__ == "__main__":
    main()
