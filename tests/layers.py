#!/usr/bin/env python3
"""Fails where a file of src includes what docs/architecture.md does not let it know.

    python3 tests/layers.py [ROOT]      (default: the folder above this one)

The map of that page has a row for each folder of src, lower folders first. Its last column names the folders that it
knows: their headers it may include, and those of the folders that these know. Files directly in src know only src/cli.
LIBRARIES says which files may include the headers of a library that one part of skein is built around.
"""
import pathlib
import re
import sys

PAGE = "docs/architecture.md"
ROW = re.compile(r"^\| `src/(\w+)` \|.*\| ([^|]+) \|$", re.M)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include ([<"])([^>"]+)[>"]', re.M)

# Header -> the beginnings of the names of those files below src that may include it.
LIBRARIES = {
    "uv.h": ("link/", "rollout/", "cli/version.c"),
    "yaml.h": ("inventory/load/",),
    "cyaml/cyaml.h": ("inventory/load/",),
    "libpq-fe.h": ("driver/postgres", "ledger/store_postgres"),
    "mysql.h": ("driver/mysql",),
    "sqlite3.h": ("driver/sqlite", "dialect/sqlite/", "ledger/store_sqlite"),
    "pg_query.h": ("dialect/postgres/",),
    "microhttpd.h": ("cli/listen_http.c",),
    "libsmartcols/libsmartcols.h": ("report/text_table.c",),
}


def read_map(page, folders):
    """({folder: the folders its row names}, faults of the map itself)."""
    knows, faults = {}, []
    for folder, cell in ROW.findall(page):
        named = list(knows) if cell == "all" else [] if cell == "nothing" else cell.split(", ")
        faults += [f"{PAGE}: src/{folder} knows '{name}', which has no row above it" for name in named
                   if name not in knows]
        knows[folder] = [name for name in named if name in knows]
    faults += [f"{PAGE}: src/{name} has no row" for name in sorted(folders - set(knows))]
    faults += [f"{PAGE}: src/{name} is not there" for name in sorted(set(knows) - folders)]
    return knows, faults


def reach(knows):
    """{folder: it, those that it knows, and those that they know}; the map names lower folders first."""
    known = {}
    for folder, named in knows.items():
        known[folder] = {folder}.union(*(known[name] for name in named))
    return known


def includes(root):
    """(file, its folder, line, whether the name is in quotes, what is included), of all files of src."""
    for path in sorted((root / "src").rglob("*.[ch]")):
        name = path.relative_to(root / "src")
        folder = name.parts[0] if len(name.parts) > 1 else ""
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            yield name.as_posix(), folder, text.count("\n", 0, match.start()) + 1, match[1] == '"', match[2]


def check(root):
    folders = {path.name for path in (root / "src").iterdir() if path.is_dir()}
    knows, faults = read_map((root / PAGE).read_text(), folders)
    known = reach(knows) | {"": {"cli"}}
    used = {folder: set() for folder in knows}
    for name, folder, line, is_ours, header in includes(root):
        target = header.split("/")[0]
        if not is_ours:
            if not name.startswith(LIBRARIES.get(header, "")):
                faults.append(f"src/{name}:{line}: includes <{header}>, which is for {', '.join(LIBRARIES[header])}")
        elif target in folders:
            used.get(folder, set()).add(target)
            if target not in known.get(folder, folders):
                faults.append(f"src/{name}:{line}: includes {header}, but {PAGE} does not say that "
                              f"src/{folder} knows {target}")
    faults += [f"{PAGE}: src/{folder} includes nothing of {name}: its row need not name it"
               for folder, named in knows.items() if len(named) < len(knows) - 1
               for name in named if name not in used[folder]]
    return faults


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    faults = check(root)
    for fault in faults:
        print(fault)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
