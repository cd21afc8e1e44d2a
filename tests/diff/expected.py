"""What skein is to say: what Alembic says, but for the differences that docs/alembic.md lists.

Each difference is one function here. They begin from what Alembic's own functions say about the same
names, so that nothing is decided twice.
"""
import re

from alembic_oracle import Plan, Refusal, ask

RELATIVE = re.compile(r"(?:(.+?)@)?(\w+)?([+-]\d+)$")


def split(target):
    """LABEL, SYMBOL and steps (None: not relative)."""
    match = RELATIVE.match(target)
    if match:
        return match[1], match[2], int(match[3])
    label, _, symbol = target.rpartition("@")
    return label or None, symbol, None


def bad_name(oracle, command, target):
    """What means the same for every tenant is looked up before any is asked, labels too that Alembic would
    not have come to."""
    label, symbol, steps = split(target)
    is_stamp_step = command == "stamp" and symbol and steps is not None  # Alembic takes it for a name
    has_line = steps < 0 if steps is not None else command != "downgrade"

    def look():
        if label:
            oracle.map._resolve_branch(label)
        if symbol and not is_stamp_step:
            get = oracle.map.get_revisions if steps is None and command != "downgrade" \
                else oracle.map.get_revision
            get(f"{label}@{symbol}" if label and has_line else symbol)
    found = ask(look)
    if not isinstance(found, Refusal) and symbol and steps is not None:
        found = Refusal("locate") if is_stamp_step else follow(oracle, command, target)
    return found if isinstance(found, Refusal) else None


def follow(oracle, command, target):
    """Where `ID+N` leads, whatever the rows are."""
    parse = {"upgrade": oracle.map._parse_upgrade_target, "downgrade": oracle.map._parse_downgrade_target}
    return DIFFERS[command](oracle, target, ()) or ask(parse[command], (), target, True)


# ---- upgrade and downgrade -------------------------------------------------------------------------

def rows_to_count_from(oracle, label, rows):
    """Those that `-N` or `LABEL@-N` may count from, as _parse_downgrade_target finds them."""
    if not label:
        return rows
    return oracle.map.filter_for_lineage(rows, label) or oracle.map.filter_for_lineage(
        [r.revision for r in oracle.map._get_all_current(tuple(rows))], label)


def downgrade_differs(oracle, target, rows):
    label, symbol, steps = split(target)
    if steps is None:
        return None
    if symbol == "base" and steps < 0:
        return Refusal("steps")  # nothing is below base; Alembic begins at the heads again
    if not symbol and steps < 0:
        found = set(rows_to_count_from(oracle, label, rows))
        if len(found) != 1:  # Alembic: a warning and any row, or a failed assertion
            return Refusal("ambiguous" if found else "steps", ", ".join(found))
    return None


def upgrade_differs(oracle, target, rows):
    label, symbol, steps = split(target)
    if not symbol or steps is None:
        return None
    if symbol == "base" and steps < 0:
        return Refusal("steps")

    def walk():
        start = f"{label}@{symbol}" if label and steps <= 0 else symbol
        return oracle.map._walk(oracle.map.get_revision(start), steps, label if steps > 0 else None)
    end = ask(walk)
    if end == "base":
        return Plan([], rows)  # a failed assertion; `upgrade base` is nothing to do
    return Refusal("steps") if end is None else None


DIFFERS = {"upgrade": upgrade_differs, "downgrade": downgrade_differs}


def move(oracle, command, targets, rows):
    """Several targets are several runs of Alembic: its command line takes one."""
    steps = []
    for target in targets:
        plan = DIFFERS[command](oracle, target, rows) or getattr(oracle, command)(target, rows)
        if not isinstance(plan, Plan):
            return plan
        steps += plan.steps
        implied = set(plan.rows) - oracle.without_implied(plan.rows)  # a merge of overlapping parents
        rows = [row for row in plan.rows if row not in implied]
    return Plan(steps, rows)


# ---- stamp -----------------------------------------------------------------------------------------

def below_heads(oracle, target):
    """The ids that `-N` or `LABEL@-N` stand for where the table is empty."""
    label, _, steps = split(target)
    heads = oracle.map.get_revisions("heads")
    if label:
        heads = oracle.map.filter_for_lineage(heads, label)
    found = []
    for head in heads:
        end = oracle.map._walk(head, steps)
        if end is None:
            return Refusal("steps")
        found += [] if end == "base" else [end.revision]
    return found


def in_full(oracle, target):
    """Alembic looks a partial id up once more without its label, which may not be enough to tell it."""
    label, symbol, steps = split(target)
    if steps is not None:
        return target
    found = oracle.map.get_revisions(target)
    return f"{label}@{found[0].revision}" if label and symbol not in ("head", "heads", "base") else target


def stamp_dests(oracle, targets, rows):
    """The revisions that the targets stand for, and those of the rows that they concern."""
    dests, concerned = [], set()
    for target in targets:
        _, symbol, steps = split(target)
        if steps is not None and (rows or symbol or steps >= 0):
            return Refusal("locate")
        ids = [in_full(oracle, target)] if steps is None else ask(below_heads, oracle, target)
        if isinstance(ids, Refusal):
            return ids
        for id_ in ids:
            dests += [r.revision for r in oracle.map.get_revisions(id_) if r.revision not in dests]
            concerned.update(oracle.map.filter_for_lineage(rows, id_, True))
    return dests, concerned


def is_sound(oracle, plan, dests):
    return set(dests) <= set(plan.rows) and oracle.without_implied(plan.rows) == set(plan.rows)


def stamp(oracle, targets, rows):
    """The rows on the lines of the targets go, and the targets come. Where these are several revisions,
    Alembic may lose some of them, leave rows that overlap, or fail where one has gone already. `base` is
    not looked at among others."""
    found = stamp_dests(oracle, targets, rows)
    if isinstance(found, Refusal):
        return found
    dests, concerned = found
    if len(dests) <= 1 and len(targets) == 1 and split(targets[0])[2] is None:
        return oracle.stamp([in_full(oracle, targets[0])], rows)
    theirs = oracle.stamp([in_full(oracle, t) for t in targets], rows)
    has_base = any(split(t)[1] == "base" for t in targets)
    if not has_base and isinstance(theirs, Plan) and is_sound(oracle, theirs, dests):
        return theirs
    new = [dest for dest in dests if dest not in rows]
    going = [row for row in concerned if row not in dests]
    if has_base or any(oracle.map.filter_for_lineage(going, dest, True) for dest in new):
        rows = [row for row in rows if row not in going]
    rows = [*rows, *new]
    return Plan([], rows) if oracle.without_implied(rows) == set(rows) else Refusal("overlap")


# ---- ranges ----------------------------------------------------------------------------------------

def upper_end(oracle, upper):
    """Alembic fails an assertion where `ID-N` ends at base, and begins at the heads for `base-N`."""
    _, symbol, steps = split(upper)
    if symbol and steps and steps < 0:
        start = ask(oracle.map.get_revision, symbol)
        if start is None or ask(oracle.map._walk, start, steps, None, False) == "base":
            return "base"
    return upper


def history(oracle, lower, upper, rows):
    upper = tuple(rows) if upper == "current" else upper_end(oracle, upper or "heads")
    lower = tuple(rows) if lower == "current" else lower or "base"
    if isinstance(lower, tuple) or not lower.startswith("-"):
        return oracle.history(lower, upper)
    # `-N:` counts from the upper end, as Alembic's manual has it; Alembic counts from the heads
    tops = ask(oracle.map._parse_upgrade_target, None, upper, False)
    if isinstance(tops, Refusal):
        return tops
    lowest = [ask(oracle.map._walk, top, int(lower), None, False) for top in tops]
    refused = [end for end in lowest if isinstance(end, Refusal)]
    if "base" in lowest or refused:
        return refused[0] if refused else oracle.history("base", upper)
    return oracle.history(tuple(dict.fromkeys(r.revision for r in lowest)), upper)


def expected(oracle, question):
    if "range" in question:
        return history(oracle, *question["range"], question["rows"])
    command, targets = question["command"], question["targets"]
    for target in targets:
        found = bad_name(oracle, command, target)
        if found:
            return found
    if command == "stamp":
        return stamp(oracle, targets, [] if question["purge"] else question["rows"])
    return move(oracle, command, targets, question["rows"])
