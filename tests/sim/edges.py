#!/usr/bin/env python3
"""Which edges of the session's table of states are taken: by the simulation, and by what else was run.

    python3 tests/sim/edges.py BUILD [--cases N] [--seed N] [--trace FILE]…

BUILD has SKEIN_FAILPOINTS. Runs the simulation there, and adds the edges of each trace: a file that tests wrote
which ran with SKEIN_FAILPOINT_EDGES=FILE in their environment, as `ctest -L e2e` hands it on.

Every edge that the table has must be taken by the simulation, or stand in tests/sim/edges.txt with who takes it
instead. Ends with 1 where one is not; where traces are given, the ones in the file must be taken by them. An edge that
the table does not have ends a test build at once, so none can be missing here.
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def edges_of(text):
    return {tuple(line.split()[:2]) for line in text.splitlines() if line and not line.startswith("#")}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--cases", default="6000")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--trace", action="append", default=[], dest="traces")
    options = parser.parse_args()
    printed = subprocess.run([f"{options.build}/tests/print_states", "--edges"], check=True, text=True,
                             stdout=subprocess.PIPE)
    declared = edges_of(printed.stdout)
    elsewhere = {tuple(line.split()[:2]): line.split(None, 2)[2]
                 for line in read(f"{HERE}/edges.txt").splitlines() if line and not line.startswith("#")}
    with tempfile.TemporaryDirectory() as folder:
        trace = f"{folder}/edges"
        subprocess.run([f"{options.build}/tests/sim/sim", "--cases", options.cases, "--seed", options.seed],
                       check=True, env={**os.environ, "SKEIN_FAILPOINT_EDGES": trace})
        simulated = edges_of(read(trace))
    traced = set().union(*(edges_of(read(path)) for path in options.traces))
    missing = declared - simulated - traced - set(elsewhere)
    unknown = set(elsewhere) - declared
    untraced = set()
    if options.traces:
        untraced = {edge for edge in set(elsewhere) - simulated - traced if not elsewhere[edge].startswith("a race")}
    print(f"{len(declared)} edges: the simulation took {len(simulated & declared)}, "
          f"{len(traced - simulated)} more were traced, {len(set(elsewhere) - simulated - traced)} are only named")
    for edge in sorted(missing):
        print(f"{' -> '.join(edge)}: neither taken nor in edges.txt")
    for edge in sorted(untraced):
        print(f"{' -> '.join(edge)}: no trace has it, though edges.txt says: {elsewhere[edge]}")
    for edge in sorted(unknown):
        print(f"{' -> '.join(edge)}: in edges.txt, but not in the table")
    return 1 if missing or untraced or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
