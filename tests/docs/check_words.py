#!/usr/bin/env python3
"""Every enum of docs/schema is one of the program's own tables, which print_words prints: python3 check_words.py PRINT_WORDS

A verb, a state, a dialect or a class of errors that the program learns and a schema does not is found here, and so is one
that a schema still has.
"""
import json
import pathlib
import subprocess
import sys

SCHEMAS = pathlib.Path(__file__).parent.parent.parent / "docs" / "schema"

# By the name of the definition or key under which the enum stands: the table, and what the output adds to it.
TABLES = {
    "command": ("command", ()),
    "dialect": ("dialect", ()),
    "section_dialect": ("section_dialect", ()),
    "run_state": ("run_state", ()),
    "tenant_state": ("tenant_state", ()),
    "machine_state": ("machine_state", ()),
    "preflight_state": ("preflight_state", ()),
    "preflight_kind": ("preflight_kind", ()),
    "error_class": ("error_class", ()),
    "kind": ("halt", ()),
    "for": ("wait", ()),
    "moment": ("moment", ()),
    "from": ("forecast_source", ()),
    "level": ("notice_level", ()),
    "tool": ("tool", ()),
    "what": ("difference", ()),
    "seen": ("seen", ()),
    "blocks": ("blocks", ()),
    "at": ("rehearsed_at", (None,)),
    "schema": ("scratch_schema", ()),
    "severity": ("lint_severity", ()),
    "state": ("run_state", ("skipped",)),  # of a wave that was never begun
}
# Two words each, which no table has.
PLAIN = {"direction": ["up", "down"], "would": ["change", "stay", None]}


def enums(node, key, where):
    if isinstance(node, dict):
        if "enum" in node:
            yield key, where, node["enum"]
        for name, child in node.items():
            yield from enums(child, name, f"{where}.{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from enums(child, key, f"{where}.{index}")


def main():
    words = json.loads(subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout)
    faults, seen = [], set()
    for path in sorted(SCHEMAS.glob("*.json")):
        for key, where, listed in enums(json.loads(path.read_text()), "", path.name):
            if PLAIN.get(key) == listed:
                continue
            if key not in TABLES:
                faults.append(f"{where}: no table of the program is known to have these words: {listed}")
                continue
            table, added = TABLES[key]
            seen.add(table)
            expected = set(words[table]) | set(added)
            for word in sorted(expected - set(listed)):
                faults.append(f"{where}: '{word}' is missing, which the program says")
            for word in sorted(set(listed) - expected):
                faults.append(f"{where}: '{word}' is a word that the program does not have")
    faults += [f"no schema lists the words of '{table}'" for table in sorted(set(words) - seen)]
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
