"""Every JSON that skein prints in these tests is held against docs/schema (JSON Schema, draft 2020-12).

The schemas name every key, so that a key that is misspelt, renamed or forgotten fails here. Whoever adds a key to an
output adds it to the schema, with a description; docs/json.md is about them. What lint writes for code scanning is held against
the schema of SARIF.
"""
import functools
import glob
import json
import os

from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "schema"))
# The schema of what a command prints; the report's for commands that are not here.
OUTPUTS = {"runs": "runs", "tenants": "tenants", "import": "import", "schema": "schema", "drift": "drift", "lint": "lint",
           **dict.fromkeys(("history", "heads", "branches", "show", "revision", "merge"), "revisions"),
           **dict.fromkeys(("upgrade", "downgrade", "stamp", "plan"), "report")}  # their targets may be words from above
MANY = 40  # Of tenants in one state, no more are looked at.


@functools.lru_cache(maxsize=None)
def load(name):
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as file:
        return json.load(file)


@functools.lru_cache(maxsize=None)
def validator(name, event=None):
    """`event`: of that event alone, since a fault is told better without the others."""
    schema = load(name)
    if event:
        kinds = [kind for kind in schema["oneOf"] if kind["properties"]["event"]["const"] == event]
        assert kinds, f"docs/schema/{name}.json knows no event {event!r}: add it there"
        schema = {**kinds[0], "$defs": schema["$defs"]}
    return Draft202012Validator(schema)


def thin(document):
    """A report without most of its tenants, where there are thousands that are alike."""
    if not isinstance(document, dict) or not isinstance(document.get("tenants"), list):
        return document
    kept, seen = [], {}
    for tenant in document["tenants"]:
        seen[tenant.get("state")] = seen.get(tenant.get("state"), 0) + 1
        if seen[tenant.get("state")] <= MANY:
            kept.append(tenant)
    return {**document, "tenants": kept}


def check(name, document):
    """Raises AssertionError where the document is not what docs/schema/NAME.json says."""
    event = document.get("event") if name == "event" else None
    fault = best_match(validator(name, event).iter_errors(thin(document)))
    if fault:
        raise AssertionError(f"at {fault.json_path}: {fault.message[:400]}\ndocs/schema/{name}.json does not allow this: "
                             "mend the output, or add what is new to the schema, with a description")


@functools.lru_cache(maxsize=None)
def sarif_validator():
    """Of the schema of SARIF 2.1.0, where tests/setup.sh has put it."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    found = sorted(glob.glob(os.path.join(cache, "skein", "sarif-*", "sarif-2.1.0*.json")))
    if not found:
        raise FileNotFoundError("the schema of SARIF is not here: sh tests/setup.sh --tests")
    with open(found[-1], encoding="utf-8") as file:
        return Draft4Validator(json.load(file), format_checker=FormatChecker())


def check_sarif(document):
    fault = best_match(sarif_validator().iter_errors(document))
    if fault:
        raise AssertionError(f"at {fault.json_path}: {fault.message[:400]}\nSARIF 2.1.0 does not allow this")


def command_of(args):
    """The schema of the first word among skein's arguments that is a command with an output of its own."""
    return next((OUTPUTS[arg] for arg in args if arg in OUTPUTS), "report")


def check_text(name, text):
    """A whole output, if it is JSON. A process that was killed may have left a part of one."""
    if text.lstrip()[:1] not in (b"{", b"["):
        return
    try:
        document = json.loads(text)
    except ValueError:
        return
    if isinstance(document, dict) and "sarif" in document.get("$schema", ""):
        check_sarif(document)
        return
    check(name, document)


def check_file(name, path):
    if not os.path.isfile(path):
        return
    with open(path, "rb") as file:
        check_text(name, file.read())


def check_process(args, code, out, err):
    """What a process has printed: its outputs, the files that it was told to write, its events."""
    name = command_of(args)
    check_text(name, out or b"")
    for arg in args:
        # After a fault the file may be what it was before: another program's.
        if code != 2 and (arg.startswith("json=") or arg.startswith("-ojson=")):
            check_file(name, arg.split("=", 1)[1])
    for line in (err or b"").splitlines():
        if line.startswith(b'{"event"') and line.endswith(b"}"):
            check("event", json.loads(line))
