#!/usr/bin/env python3
"""The table of rules in docs/lint.md is what the program's own table says: python3 check_lint.py PRINT_LINT [-w]

With -w the page is written anew."""
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).parent.parent.parent / "docs" / "lint.md"
TABLE = re.compile(r"(?m)^\| rule \|(?:.*\n\|)+.*\n")


def main():
    expected = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout
    page = PAGE.read_text(encoding="utf-8")
    found = TABLE.search(page)
    if not found:
        sys.exit("docs/lint.md has no table of rules")
    if found.group() == expected:
        return
    if "-w" not in sys.argv:
        sys.exit("docs/lint.md: the table of rules is not what the program has: tests/docs/check_lint.py PRINT_LINT -w")
    PAGE.write_text(page[:found.start()] + expected + page[found.end():], encoding="utf-8")


main()
