#!/usr/bin/python3
"""Plans by skein and by the real Alembic, over random graphs: the same steps, rows and refusals.

What is expected of skein is what Alembic says, but for the differences that expected.py has one function
each for, and docs/alembic.md a line. A seed makes the whole run repeatable, the order of sets included.

    plan_diff.py PLAN_DUMP [--cases N] [--seed S]     random cases; the first that differ are printed
    plan_diff.py PLAN_DUMP CASE.json…                 cases that differed once (tests/diff/cases)
"""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from alembic_oracle import Crash, Oracle, Plan, Refusal, ask  # noqa: E402
from expected import expected  # noqa: E402

MAX_REVISIONS = 60
CASES_A_GRAPH = 60
SHOWN_MAX = 5

# ---- graphs ----------------------------------------------------------------------------------------


def random_id(rng, ids):
    while True:
        style = rng.random()
        if style < 0.8 or not ids:
            new = f"{rng.getrandbits(48):012x}"
        elif style < 0.9:  # shares its beginning with another
            new = re.sub(r"\W", "_", rng.choice(ids)[:rng.randint(3, 6)]) + f"{rng.getrandbits(24):06x}"
        else:
            new = "".join(rng.choice("abc123_") for _ in range(rng.randint(1, 6)))
        if new not in ids and len(new) <= 32:
            return new


def random_parents(rng, ids, tips, shape):
    dice = rng.random()
    if not ids or dice < shape["base"]:
        return []
    if dice < shape["base"] + shape["merge"] and len(ids) > 1:
        pool = tips if len(tips) > 1 and rng.random() < 0.8 else ids
        return rng.sample(pool, min(len(pool), rng.choice((2, 2, 2, 3))))
    return [rng.choice(tips if tips and rng.random() < shape["line"] else ids)]


def random_graph(rng):
    shape = {"base": rng.choice((0, 0.03, 0.15)), "merge": rng.choice((0, 0.1, 0.3)),
             "line": rng.choice((0.5, 0.8, 1)), "depends": rng.choice((0, 0, 0.1, 0.3)),
             "labels": rng.choice((0, 0.1, 0.3))}
    graph, ids, tips, labels = [], [], [], []
    for _ in range(rng.choice((rng.randint(0, 6), rng.randint(2, 20), rng.randint(10, MAX_REVISIONS)))):
        id_ = random_id(rng, ids + labels)
        revises = random_parents(rng, ids, tips, shape)
        pool = [i for i in ids if i not in revises] + labels
        depends = rng.sample(pool, min(len(pool), rng.choice((1, 1, 1, 2, 3)))) \
            if rng.random() < shape["depends"] else []
        own = []
        if rng.random() < shape["labels"]:
            own = [f"{rng.choice(('core', 'billing', 'b.', 'x-y'))}{len(labels)}"]
            labels += own
        graph.append({"id": id_, "revises": revises, "depends": depends, "labels": own})
        ids.append(id_)
        tips = [t for t in tips if t not in revises] + [id_]
    rng.shuffle(graph)
    return graph


def broken_graph(rng, oracle, graph):
    """A graph with one fault, and skein's words for it; None: this graph has no room for one."""
    graph = json.loads(json.dumps(graph))
    one, other = rng.sample(graph, 2)
    names = rng.choice((one["revises"], one["depends"]))
    above = [r["id"] for r in graph if one["id"] in oracle.ancestors(r["id"])]
    fault = rng.choice(("missing", "itself", "cycle", "label", "label"))
    if fault == "missing":
        names.append("0123nothing")
        return graph, "there is no revision '0123nothing'"
    if fault == "itself":
        names.append(one["id"])
        return graph, "names itself"
    if fault == "cycle":
        names.append(rng.choice(above or [""]))
        return (graph, "a cycle of revisions") if above else None
    one["labels"].append(rng.choice(("twice", other["id"])))
    other["labels"].append("twice")
    return graph, "is already used by revision"


# ---- questions -------------------------------------------------------------------------------------

def some_name(rng, graph):
    revision = rng.choice(graph)
    style = rng.random()
    if style < 0.7:
        return revision["id"]
    if style < 0.82:
        return revision["id"][:rng.randint(1, len(revision["id"]))]
    labels = [label for r in graph for label in r["labels"]]
    if style < 0.97 and labels:
        label = rng.choice(labels)
        return label if rng.random() < 0.9 else label[:rng.randint(1, len(label))]
    return rng.choice(("nothing", "current", "zzzz", "head"))


def some_label(rng, graph):
    labels = [label for r in graph for label in r["labels"]]
    return rng.choice(labels) if labels and rng.random() < 0.7 else some_name(rng, graph)


def some_steps(rng):
    return f"{rng.choice('+-')}{rng.choice((1, 1, 1, 1, 2, 2, 3, 5, 99))}"


def random_target(rng, graph):
    name, label, steps = some_name(rng, graph), some_label(rng, graph), some_steps(rng)
    rare = rng.choice(("current", "+0", "-0", "head+1", "heads-2", "base+3", "base-1"))
    return rng.choice((
        name, name, name, name, name, "head", "heads", "heads", "base", rare, steps, steps, name + steps,
        name + steps, "base" + steps, f"{label}@head", f"{label}@heads", f"{label}@base", f"{label}@{steps}",
        f"{label}@{steps}", f"{label}@{name}", f"{label}@{name}{steps}"))


def random_range(rng, graph):
    """The forms that Alembic's manual has: it takes others, and makes something of them or fails."""
    name = some_name(rng, graph)
    labels = [label for r in graph for label in r["labels"]]
    lower = rng.choice((None, None, "base", name, name, f"-{rng.randint(1, 9)}", "current"))
    if labels and rng.random() < 0.2:
        lower = f"{rng.choice(labels)}@{rng.choice(('base', name))}"
    labels = labels or [rng.choice(graph)["id"]]
    upper = rng.choice((None, None, "heads", "head", name, name, some_name(rng, graph), "current",
                        f"{rng.choice(labels)}@head", f"+{rng.randint(1, 9)}", name + some_steps(rng)))
    if lower and lower[0] == "-" and upper and upper[0] == "+" or lower == upper == "current":
        upper = None
    return [lower, upper]


def random_rows(rng, oracle, graph):
    """Where Alembic can get to from an empty table."""
    rows = ()
    for _ in range(rng.choice((0, 1, 1, 2, 3, 4))):
        command = rng.choice(("upgrade", "upgrade", "downgrade", "stamp"))
        target = rng.choice((rng.choice(graph)["id"], rng.choice(graph)["id"], "heads", "+1", "-1"))
        found = oracle.stamp([target], rows) if command == "stamp" else \
            getattr(oracle, command)(target, rows)
        if isinstance(found, Plan) and oracle.without_implied(found.rows) == set(found.rows):
            rows = found.rows
    return rng.sample(sorted(rows), len(rows))


def random_question(rng, oracle, graph):
    if not graph:
        return {"command": "upgrade", "targets": [rng.choice(("heads", "base", "+1", "abcd"))], "rows": [],
                "purge": False}
    if rng.random() < 0.1:
        return {"range": random_range(rng, graph), "rows": random_rows(rng, oracle, graph)}
    command = rng.choice(("upgrade", "upgrade", "downgrade", "downgrade", "stamp"))
    count = 1 if rng.random() < 0.85 else rng.randint(2, 3)
    return {"command": command, "targets": [random_target(rng, graph) for _ in range(count)],
            "rows": random_rows(rng, oracle, graph),
            "purge": command == "stamp" and rng.random() < 0.25}


# ---- skein -----------------------------------------------------------------------------------------

WORDS = [  # what skein's words begin with, and the kind of refusal that is
    ("can't locate revision", "locate"), ("several revisions start with", "locate"),
    ("no such branch", "locate"), ("revision '", "locate"), ("multiple head revisions", "heads"),
    ("relative revision", "steps"), ("ambiguous walk", "walk"), ("ambiguous upgrade", "start"),
    ("requested revision", "overlap"), ("not a valid downgrade", "roots"), ("destination '", "range"),
    ("requested range", "range"), ("ambiguous range", "start"),
]
SEVERAL = "from several heads is ambiguous"


class Skein:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, question):
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def set_chain(self, graph):
        """The faults of the chain."""
        return self.tell({"chain": graph})["faults"]

    def ask(self, question):
        said = self.tell(question)
        if "error" in said:
            kinds = [kind for words, kind in WORDS if said["error"].startswith(words)]
            kinds += ["ambiguous"] * (SEVERAL in said["error"])
            return Refusal((kinds or ["other"])[0], said["error"])
        if "revisions" in said:
            return said["revisions"]
        steps = [(step["revision"], frozenset(step["rows"])) for step in said["steps"]]
        return Plan(steps, said["to"])

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


# ---- comparing -------------------------------------------------------------------------------------

def steps_differ(oracle, theirs, ours):
    """Alembic's order where it has one; else any order that comes by the same rows."""
    names = [step for step, _ in theirs.steps], [step for step, _ in ours.steps]
    if collections.Counter(names[0]) != collections.Counter(names[1]):
        return "other steps"
    if names[0] != names[1] and not oracle.has_free_order():
        return "another order"
    ends = {frozenset(names[0][:i + 1]): rows for i, (_, rows) in enumerate(theirs.steps)}
    for i, (_, rows) in enumerate(ours.steps):
        wanted = ends.get(frozenset(names[1][:i + 1]))
        if wanted is not None and oracle.without_implied(wanted) != rows:
            return f"other rows after step {i + 1}"
    return None


def is_possible(oracle, plan, rows, command):
    """Each step where its parents stand (or nothing stands on it), and the rows the tips of all that stands."""
    standing = oracle.with_ancestors(rows)
    for revision, after in plan.steps:
        above = {r for r in standing if revision in oracle.ancestors(r)}
        if command == "upgrade" and (revision in standing or oracle.ancestors(revision) - standing):
            return False
        if command == "downgrade" and (revision not in standing or above):
            return False
        (standing.add if command == "upgrade" else standing.remove)(revision)
        if oracle.without_implied(standing) != after:
            return False
    return True


def differ(oracle, question, theirs, ours):
    """None, or what is different."""
    if isinstance(theirs, Refusal) or isinstance(ours, Refusal):
        wanted, got = (getattr(said, "kind", "no refusal") for said in (theirs, ours))
        if wanted == got == "ambiguous" and not all(f"'{row}'" in ours.text for row in theirs.text.split(", ")):
            return "the branches are not named"
        return None if wanted == got else f"refused for another reason: wanted {wanted}, got {got}"
    if isinstance(theirs, set):
        is_sorted = not any(later in oracle.ancestors(earlier) for later in ours for earlier in ours
                            if ours.index(later) < ours.index(earlier))
        return None if theirs == set(ours) and is_sorted else "another list"
    if isinstance(theirs, list):
        is_free = oracle.has_free_order() and sorted(theirs) == sorted(ours)
        return None if theirs == ours or is_free else "another list"
    if oracle.without_implied(theirs.rows) != frozenset(ours.rows):
        return "other rows at the end"
    if question["command"] == "stamp":
        return None
    if not is_possible(oracle, ours, question["rows"], question["command"]):
        return "steps that cannot be taken in this order, or rows that are not the tips"
    return steps_differ(oracle, theirs, ours)


class Comparison:
    def __init__(self, program):
        self.skein = Skein(program)
        self.counts = collections.Counter()
        self.differing = 0

    def use(self, graph):
        self.graph, self.oracle = graph, Oracle(graph)
        faults = self.skein.set_chain(graph)
        if faults:
            sys.exit(f"skein refuses a graph that Alembic takes: {faults}\n{json.dumps(graph)}")

    def check_broken(self, graph, words):
        """Alembic takes some cycles, and says KeyError to what is missing."""
        faults = self.skein.set_chain(graph)
        theirs = ask(Oracle, graph)
        self.counts["broken graph"] += 1
        if len(faults) != 1 or words not in faults[0] or \
                not (isinstance(theirs, (Refusal, Crash)) or "cycle" in words):
            self.show(f"wanted a fault: {words}", theirs, faults, {"chain": graph})

    def check(self, question):
        theirs, ours = expected(self.oracle, question), self.skein.ask(question)
        what = f"a failure of Alembic's at {theirs.place}" if isinstance(theirs, Crash) else \
            differ(self.oracle, question, theirs, ours)
        self.counts[self.kind(theirs)] += 1
        if what:
            self.show(what, theirs, ours, {"chain": self.graph, "questions": [question]})

    def show(self, what, theirs, ours, case):
        self.differing += 1
        if self.differing <= SHOWN_MAX:
            print(f"\n{what}\n  alembic: {theirs}\n  skein:   {ours}\n{json.dumps(case)}", flush=True)

    @staticmethod
    def kind(said):
        if isinstance(said, Refusal):
            return f"refused ({said.kind})"
        return "steps" if getattr(said, "steps", None) else "no steps" if isinstance(said, Plan) else "range"

    def end(self):
        print(", ".join(f"{count} {kind}" for kind, count in self.counts.most_common()))
        print(f"{sum(self.counts.values())} cases, {self.differing} differ")
        return self.skein.close() or self.differing


def run_random(comparison, seed, cases):
    rng = random.Random(seed)
    while sum(comparison.counts.values()) < cases:
        graph = random_graph(rng)
        comparison.use(graph)
        for _ in range(CASES_A_GRAPH if graph else 1):
            comparison.check(random_question(rng, comparison.oracle, graph))
        broken = len(graph) > 1 and broken_graph(rng, comparison.oracle, graph)
        if broken:
            comparison.check_broken(*broken)


def run_files(comparison, paths):
    for path in paths:
        with open(path) as file:
            case = json.load(file)
        comparison.use(case["chain"])
        for question in case["questions"]:
            comparison.check({"purge": False, **question} if "command" in question else question)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    args = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != str(args.seed):
        again = [sys.executable, __file__, args.program, *args.files, f"--cases={args.cases}", f"--seed={args.seed}"]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": str(args.seed)})
    print("seed", args.seed, flush=True)
    comparison = Comparison(args.program)
    if args.files:
        run_files(comparison, args.files)
    else:
        run_random(comparison, args.seed, args.cases)
    sys.exit(1 if comparison.end() else 0)


if __name__ == "__main__":
    main()
