#!/usr/bin/env python3
"""Measures sizes: how long files and functions are, how many parameters and members they have.

    python3 tests/house.py [FOLDER…]      (default: src)

Prints a Markdown table, a row a folder, for docs/sizes.md. It relies on the formatting that
.clang-format gives: a function's braces stand alone in the first column.
"""
import pathlib
import re
import sys

LONG_FUNCTION = 40
MANY_PARAMETERS = 4
MANY_MEMBERS = 20


def without_comments(text):
    """The text with comments, string and character literals blanked; lines stay where they are."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def parameters(head):
    inner = head[head.index("(") + 1:head.rindex(")")]
    inner = re.sub(r"\([^()]*\)", "", inner)  # function pointers
    return 0 if inner.strip() in ("", "void") else inner.count(",") + 1


def functions(lines):
    """(first line, number of lines, number of parameters) of each function."""
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            first = start - 1
            while first > 0 and (lines[first][:1] in (" ", "\t") or lines[first].rstrip().endswith(",")):
                first -= 1
            head = " ".join(lines[first:start])
            if "(" in head and ")" in head:
                yield first, number - first + 1, parameters(head)
            start = None


def structs(text):
    """(name, number of members) of each struct that is defined."""
    for match in re.finditer(r"^struct (\w+) \{$(.*?)^\}", text, flags=re.S | re.M):
        yield match.group(1), match.group(2).count(";")


def measure(folder):
    row = {"files": 0, "lines": 0, "functions": [], "long": 0, "many": 0, "members": [], "wide": 0}
    for path in sorted(folder.glob("*.[ch]")):
        text = without_comments(path.read_text())
        lines = text.split("\n")
        row["files"] += 1
        row["lines"] += len(lines) - 1
        for _, length, count in functions(lines):
            row["functions"].append(length)
            row["long"] += length > LONG_FUNCTION
            row["many"] += count > MANY_PARAMETERS
        for _, count in structs(text):
            row["members"].append(count)
            row["wide"] += count > MANY_MEMBERS
    return row


def print_row(name, row):
    lengths = sorted(row["functions"])
    median = lengths[len(lengths) // 2] if lengths else 0
    print(f"| {name} | {row['files']} | {row['lines']} | {len(lengths)} | {median} | {row['long']} | {row['many']} "
          f"| {max(row['members'], default=0)} | {row['wide']} |")


def main():
    roots = [pathlib.Path(name) for name in sys.argv[1:]] or [pathlib.Path("src")]
    folders = sorted({path.parent for root in roots for path in root.rglob("*.[ch]")})
    print(f"| folder | files | lines | functions | median lines | over {LONG_FUNCTION} lines "
          f"| over {MANY_PARAMETERS} parameters | most members | structs over {MANY_MEMBERS} |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    total = None
    for folder in folders:
        row = measure(folder)
        print_row(f"`{folder}`", row)
        total = {key: total[key] + row[key] for key in row} if total else row
    print_row("all", total)


if __name__ == "__main__":
    main()
