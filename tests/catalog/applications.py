"""Schemas of published applications, fetched and never kept: which files of which repository make the schema, for each engine.

    python3 tests/catalog/applications.py FOLDER     clones what is not in FOLDER yet, and writes FOLDER/NAME.ENGINE.sql

A clone that is there already, as FOLDER/NAME, is taken as it is."""
import fnmatch
import os
import re
import subprocess
import sys

# Several of Kamailio's modules have tables of the same names: some are left out.
# name: repository, and the files for each engine, in the order of their names
APPLICATIONS = {
    "roundcube": ("roundcube/roundcubemail", {"postgresql": "SQL/postgres.initial.sql", "mysql": "SQL/mysql.initial.sql", "sqlite": "SQL/sqlite.initial.sql"}),
    "powerdns": ("PowerDNS/pdns", {"postgresql": "modules/gpgsqlbackend/schema.pgsql.sql", "mysql": "modules/gmysqlbackend/schema.mysql.sql",
                                   "sqlite": "modules/gsqlite3backend/schema.sqlite3.sql"}),
    "freeradius": ("FreeRADIUS/freeradius-server", {"postgresql": "raddb/mods-config/sql/main/postgresql/schema.sql",
                                                    "mysql": "raddb/mods-config/sql/main/mysql/schema.sql",
                                                    "sqlite": "raddb/mods-config/sql/main/sqlite/schema.sql"}),
    "listmonk": ("knadh/listmonk", {"postgresql": "schema.sql"}),
    "kamailio": ("kamailio/kamailio", {"postgresql": "utils/kamctl/postgres/[!iu]*-create.sql", "mysql": "utils/kamctl/mysql/[!iu]*-create.sql",
                                       "sqlite": "utils/kamctl/db_sqlite/[!iu]*-create.sql"}),
    "vaultwarden": ("dani-garcia/vaultwarden", {"postgresql": "migrations/postgresql/*/up.sql", "mysql": "migrations/mysql/*/up.sql",
                                                "sqlite": "migrations/sqlite/*/up.sql"}),
}

# Files that are shared between several modules come first, as the applications' own scripts do it.
FIRST = ("standard-create.sql",)


def git(clone, *args):
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", clone, *args], check=True, stdout=subprocess.PIPE).stdout.decode()


def schema_of(clone, pattern):
    names = sorted(name for name in git(clone, "ls-tree", "-r", "--name-only", "HEAD").splitlines() if fnmatch.fnmatch(name, pattern))
    names.sort(key=lambda name: os.path.basename(name) not in FIRST)
    texts = [git(clone, "show", f"HEAD:{name}") for name in names]
    # psql's own commands are not SQL, and rows are not of the schema
    return "\n;\n".join(re.sub(r"(?mi)^(\\.*|insert into [^;]*;)$", "", text) for text in texts)


def fetch(folder):
    for name, (repository, files) in APPLICATIONS.items():
        clone = os.path.join(folder, name)
        if not os.path.exists(clone):
            subprocess.run(["git", "clone", "-q", "--depth", "1", "--no-checkout", f"https://github.com/{repository}", clone], check=True)
        for engine, pattern in files.items():
            with open(os.path.join(folder, f"{name}.{engine}.sql"), "w") as file:
                file.write(schema_of(clone, pattern))


if __name__ == "__main__":
    fetch(sys.argv[1])
