"""One database, two tools: Alembic and skein take turns on it, and agree at every station where it stands.

The project exists twice, as Alembic's Python files and as skein's chain, made from one description.
"""
import os
import re
import subprocess

from harness import FleetCase, MariaDBCase, PostgresCase, main

ALEMBIC_PYTHON = "/usr/bin/python3"  # Debian's Alembic belongs to Debian's interpreter

# A branch that merges again, a second base that depends on the first line, labels.
GRAPH = {  # id: revises, depends on, label
    "core0001": ([], [], "core"),
    "core0002": (["core0001"], [], None),
    "core0003": (["core0002"], [], None),
    "side0001": (["core0002"], [], None),
    "side0002": (["side0001"], [], None),
    "join0001": (["core0003", "side0002"], [], None),
    "bill0001": ([], [], "billing"),
    "bill0002": (["bill0001"], ["core0002"], None),
    "bill0003": (["bill0002"], ["join0001"], None),
}

# What is done, by whom, and the rows of the version table afterwards. A stamp moves no table.
STATIONS = [
    ("alembic", "upgrade core0002", "core0002"),
    ("skein", "upgrade billing@+2", "bill0002"),
    ("alembic", "upgrade core0003", "bill0002 core0003"),
    ("skein", "upgrade join", "bill0002 join0001"),
    ("alembic", "downgrade core0002", "bill0002"),
    ("skein", "upgrade heads", "bill0003"),
    ("alembic", "downgrade billing@-1", "bill0002 join0001"),
    ("skein", "downgrade billing@base", "join0001"),
    ("alembic", "downgrade side0002@core0002", "core0003"),
    ("skein", "upgrade side0001+1", "core0003 side0002"),
    ("alembic", "upgrade heads", "bill0003"),
    ("skein", "stamp --force core0002", "core0002"),
    ("alembic", "stamp heads", "bill0003"),
    ("skein", "stamp --purge join0001 bill0002", "bill0002 join0001"),
    ("alembic", "stamp bill0003", "bill0003"),
    ("skein", "downgrade base", ""),
    ("alembic", "upgrade bill0001", "bill0001"),
    ("skein", "downgrade billing@-1", ""),
]

# `alembic` as often as there are command lines, in one process: its start is what takes the time.
SEVERAL_PY = """
import sys
from alembic.config import main
for line in sys.argv[1:]:
    main(line.split(), prog="alembic")
    print(end="\f", flush=True)
"""
ENV_PY = """
import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["DATABASE"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION_PY = '''"""Makes {id}."""
from alembic import op
revision = {id!r}
down_revision = {down!r}
depends_on = {depends!r}
branch_labels = {label!r}


def upgrade():
    op.execute("CREATE TABLE t_{id} (id INTEGER PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE t_{id}")
'''


def implied_by(rows):
    """The rows' revisions and all that these stand on."""
    found = set()
    todo = list(rows)
    while todo:
        id_ = todo.pop()
        found.add(id_)
        todo += GRAPH[id_][0] + GRAPH[id_][1]
    return found


def tips_of(standing):
    """What `alembic current` shows: a revision that only dependencies imply is one of them."""
    return standing - {down for id_ in standing for down in GRAPH[id_][0]}


class Both:
    """The project in both forms, over one database."""

    def make(self, tenant, database):
        self.database = database
        self.fleet.inventory([tenant])
        self.fleet.write("alembic.ini", "[alembic]\nscript_location = project\n")
        self.fleet.write("project/env.py", ENV_PY)
        for id_, (revises, depends, label) in GRAPH.items():
            header = f"-- Branch Labels: {label or ''}\n-- Depends On: {', '.join(depends)}"
            self.fleet.revision(id_, f"CREATE TABLE t_{id_} (id INTEGER PRIMARY KEY);", f"DROP TABLE t_{id_};",
                                revises=", ".join(revises), header=header, message=f"Makes {id_}.")
            self.fleet.write(f"project/versions/{id_}.py", REVISION_PY.format(
                id=id_, down=tuple(revises) or None, depends=tuple(depends) or None,
                label=(label,) if label else None))

    def run_alembic(self, *lines):
        """What each command line prints."""
        done = subprocess.run([ALEMBIC_PYTHON, "-c", SEVERAL_PY, *lines], cwd=self.fleet.dir,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "DATABASE": self.database, "PYTHONHASHSEED": "0"})
        self.assertEqual(done.returncode, 0, f"alembic {lines}: {done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout.decode().split("\f")[:-1]

    def check(self, rows, tables, *commands):
        """After these commands of Alembic's, which start it anyway."""
        current, history = self.run_alembic(*commands, "current", "history -i")[len(commands):]
        self.assertEqual(self.rows(), rows)
        self.assertEqual(self.run_json("current").report["tenants"][0]["from"], rows)
        self.assertEqual({line.split()[0] for line in current.splitlines()}, tips_of(implied_by(rows)))
        self.assertEqual(self.tables(), tables)
        ours = re.sub(r"(?m)^Tenants: .*\n", "", self.run_ok("history", "-i").out)
        self.assertEqual(sorted(ours.splitlines()), sorted(history.splitlines()))

    def test_round_trip(self):
        tables = set()
        for tool, command, rows in STATIONS:
            with self.subTest(f"{tool} {command}"):
                commands = [command] if tool == "alembic" else []
                if tool == "skein":
                    self.run_ok(*command.split())
                rows = rows.split()
                if not command.startswith("stamp"):
                    tables = {f"t_{id_}" for id_ in implied_by(rows)}
                self.check(rows, tables, *commands)

    def test_alembic_goes_on_where_skein_made_the_version_table(self):
        self.run_ok("upgrade", "billing@+1", "core@+1")
        self.check(["bill0003"], {f"t_{id_}" for id_ in GRAPH}, "upgrade heads")
        self.assertEqual(self.run_json("upgrade", "heads").report["totals"]["unchanged"], 1)
        self.run_ok("downgrade", "core0001")
        self.check([], set(), "downgrade base")


class OnSqlite(Both, FleetCase):
    def setUp(self):
        super().setUp()
        tenant = self.fleet.sqlite("t")
        self.make(tenant, "sqlite:///" + self.fleet.path("data", "t.db"))

    def rows(self):
        return self.fleet.versions("t")

    def tables(self):
        return self.fleet.tables("t")


class OnPostgres(Both, PostgresCase):
    def setUp(self):
        super().setUp()
        self.name = self._testMethodName
        tenant, = self.pg.create(self.name)
        self.make(tenant, tenant["url"].replace("postgresql:", "postgresql+psycopg2:"))

    def rows(self):
        return self.pg.versions(self.name)

    def tables(self):
        return self.pg.tables(self.name)


class OnMariaDB(Both, MariaDBCase):
    """Alembic commits each migration's rows by itself there; DDL has committed before."""

    def setUp(self):
        super().setUp()
        self.name = self._testMethodName
        tenant, = self.maria.create(self.name)
        self.make(tenant, tenant["url"].replace("mysql:", "mysql+pymysql:"))

    def rows(self):
        return self.maria.versions(self.name)

    def tables(self):
        return self.maria.tables(self.name)


if __name__ == "__main__":
    main()
