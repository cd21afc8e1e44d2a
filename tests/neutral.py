#!/usr/bin/env python3
"""Fails where a file that is for every engine knows one of them: by its name, its id, its library, or an error's code.

    python3 tests/neutral.py [FOLDER]      (default: src beside this folder)

What an engine is stands in src/dialect/NAME, in src/driver/NAME*, and in its row of src/base/dialect.c. Comments may name
engines, as evidence for a rule; code and texts may not. ALLOWED says which lines may, and why.
"""
import pathlib
import re
import sys

# What engines' libraries and catalogs are called. The engines themselves are read from their table.
LIBRARIES = r"libpq|\bpg_|(?-i:\bPG[A-Z]{3,}|\bPQ[a-z])"
SQLSTATE = re.compile(r'"(?=[0-9A-Z]{5}")(?=[^"]*[0-9])[0-9A-HP]{2}[0-9A-Z]{3}"')

# Of these folders and files an engine is the subject.
OWN = re.compile(r"dialect/(postgres|sqlite|mysql)/|driver/(postgres|sqlite|mysql)|schema/(postgres|sqlite|mysql)")

ALLOWED = {
    "base/dialect.h": "the ids",
    "base/dialect.c": "the table of engines",
    "dialect/dialects.h": "declares each dialect",
    "dialect/dialects.c": "names each dialect",
    "driver/drivers.h": "declares each driver",
    "driver/registry.c": "names each driver",
    "lint/rule": "which rules are looked for in which engine",
    "lint/signs.c": "the same, of rules that one deed breaks",
    "lint/checks.c": "the same, of rules that look around a deed",
    "lint/rebuild.c": "the same, of tables that are built anew",
    "lint/locks.c": "the same, of what a transaction keeps until its end",
    "ledger/store_sqlite": "the store that is a SQLite file: not about tenants",
    "ledger/store_postgres": "the store that is a schema in PostgreSQL: not about tenants",
    "ledger/store_kind.h": "declares the kinds of store",
    "ledger/store.c": "the table of kinds of store",
}


def without_comments(text):
    """The text with comments blanked; literals and lines stay where they are."""
    def blank(match):
        return match.group() if match.group()[0] in "\"'" else re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def engines(root):
    """A pattern of the names, schemes and clients in the table of engines; `postgres` finds `DIALECT_POSTGRESQL` too."""
    table = (root / "base" / "dialect.c").read_text()
    rows = re.findall(r"\.(?:name|client|schemes) = \{?((?:\"\w+\"(?:, )?)+)", table)
    names = {name for row in rows for name in re.findall(r"\w+", row)}
    if len(names) < 3:
        sys.exit("tests/neutral.py: cannot read the table of engines")
    return re.compile("|".join(sorted(names)) + "|" + LIBRARIES, re.I)


def faults(root):
    used = set()
    engine = engines(root)
    for path in sorted(root.rglob("*.[ch]")):
        name = path.relative_to(root).as_posix()
        allowed = next((key for key in ALLOWED if name.startswith(key)), None)
        if OWN.search(name):
            continue
        for number, line in enumerate(without_comments(path.read_text()).split("\n"), 1):
            found = engine.search(line) or SQLSTATE.search(line)
            if found and allowed:
                used.add(allowed)
            elif found:
                yield f"{path}:{number}: '{found.group()}' is of one engine: {line.strip()}"
    for key in sorted(set(ALLOWED) - used):
        yield f"tests/neutral.py: nothing in {key} names an engine any more: take it out of ALLOWED"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "src")
    found = list(faults(root))
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
