"""Alembic 1.8.1 itself, asked in this process: a revision map from a description, no files, no database.

What it says is a Plan (steps with the version rows after each), a Refusal (the class of the error and its
words), a list of revisions (a range), or a Crash: an assertion or a KeyError of Alembic's own, which is a
bug and not an answer.
"""
import traceback
import types
import warnings

from alembic import util
from alembic.runtime.migration import HeadMaintainer
from alembic.script import revision as alembic_revision
from alembic.script.base import ScriptDirectory

warnings.simplefilter("ignore")  # "downgrade -1 from multiple heads is ambiguous"


class Plan:
    """`steps`: (revision, rows after)."""

    def __init__(self, steps, rows):
        self.steps, self.rows = steps, tuple(rows)

    def __repr__(self):
        return f"{[(step, sorted(rows)) for step, rows in self.steps]} -> {sorted(self.rows)}"


class Refusal:
    def __init__(self, kind, text=""):
        self.kind, self.text = kind, text

    def __repr__(self):
        return f"refused ({self.kind}): {self.text}"


class Crash:
    """`place`: the function of Alembic, and its line, where it came to an end."""

    def __init__(self, error):
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "alembic/" in f.filename]
        self.error, self.place = error, f"{frames[-1].name}: {frames[-1].line}"

    def __repr__(self):
        return f"crashed: {self.error!r} in {self.place}"


class Script(alembic_revision.Revision):
    """What ScriptDirectory needs of a revision file beside its place in the graph."""
    module = types.SimpleNamespace(upgrade=None, downgrade=None)
    doc = ""


class Anything:
    """Stands in for the table and the connection that a HeadMaintainer writes to."""

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


class Rows(HeadMaintainer):
    """Alembic's own bookkeeping of the rows, without a database under it."""

    def __init__(self, heads):
        super().__init__(types.SimpleNamespace(impl=Anything(), _version=Anything(), as_sql=True), heads)


KINDS = [  # (exception, begins with, kind); the first that fits
    (alembic_revision.RangeNotAncestorError, "", "range"),
    (alembic_revision.MultipleHeads, "", "heads"),
    (alembic_revision.ResolutionError, "", "locate"),
    (alembic_revision.RevisionError, "Relative revision", "steps"),
    (alembic_revision.RevisionError, "Walked too far", "steps"),
    (alembic_revision.RevisionError, "Ambiguous walk", "walk"),
    (alembic_revision.RevisionError, "Ambiguous upgrade", "start"),
    (alembic_revision.RevisionError, "Requested revision", "overlap"),
    (alembic_revision.RevisionError, "Not a valid downgrade", "roots"),
]
BUGS = (AssertionError, KeyError, AttributeError, TypeError, IndexError)


def refusal(error):
    cause = error.__cause__ if isinstance(error, util.CommandError) and error.__cause__ else error
    for kind, text, name in KINDS:
        if isinstance(cause, kind) and str(cause).startswith(text):
            return Refusal(name, str(error))
    return Refusal("other", str(error))


def ask(function, *args):
    try:
        return function(*args)
    except (util.CommandError, alembic_revision.RevisionError) as error:
        return refusal(error)
    except BUGS as error:
        return Crash(error)


class Oracle:
    def __init__(self, graph):
        self.graph = graph
        self.scripts = ScriptDirectory.__new__(ScriptDirectory)
        self.scripts.revision_map = self.map = alembic_revision.RevisionMap(self._revisions)
        self.revisions = self.map._revision_map  # made now: a fault of the graph is raised here
        self._above = {}

    def _revisions(self):
        for revision in self.graph:
            yield Script(revision["id"], tuple(revision["revises"]), tuple(revision["depends"]) or None,
                         tuple(revision["labels"]) or None)

    # ---- what the command line does -------------------------------------------------------------

    def upgrade(self, target, rows):
        return ask(lambda: self._take(self.scripts._upgrade_revs(target, tuple(rows)), rows))

    def downgrade(self, target, rows):
        return ask(lambda: self._take(self.scripts._downgrade_revs(target, tuple(rows)), rows))

    def stamp(self, targets, rows):
        return ask(lambda: self._take(self.scripts._stamp_revs(tuple(targets), tuple(rows)), rows))

    def history(self, lower, upper):
        """`lower` and `upper` as `alembic history -r` hands them on: texts, or rows for `current`."""
        how = {"inclusive": True, "assert_relative_length": False}

        def listed():
            with self.scripts._catch_revision_errors(start=lower, end=upper):
                return [r.revision for r in self.map.iterate_revisions(upper, lower, **how)]
        found = ask(listed)
        if isinstance(found, Crash) and found.place == "_topological_sort: assert not todo":
            # a revision of the range is reached through dependencies only: it is right, its place is not
            nodes, _ = self.map._collect_upgrade_revisions(upper, lower, implicit_base=False, **how)
            return {node.revision for node in nodes}
        return found

    def _take(self, steps, rows):
        """Where Alembic fails while it changes the rows, they are the tips of what stands then."""
        maintainer, taken = Rows(rows), []
        standing = self.with_ancestors(rows)
        for step in steps:
            revision = step.revision.revision if hasattr(step, "revision") else None
            if revision:
                (standing.add if step.is_upgrade else standing.discard)(revision)
            try:
                maintainer.update_to_step(step)
            except BUGS:
                if not revision:
                    raise  # of a stamp
                maintainer.heads = set(self.without_implied(standing))
            taken.append((revision, frozenset(maintainer.heads)))
        kept = [row for row in rows if row in maintainer.heads]
        return Plan(taken, kept + [row for row in maintainer.heads if row not in rows])

    # ---- the graph, for what is compared --------------------------------------------------------

    def ancestors(self, revision):
        """With dependencies, without the revision itself."""
        if revision not in self._above:
            nodes = self.map._get_ancestor_nodes([self.revisions[revision]])
            self._above[revision] = {node.revision for node in nodes} - {revision}
        return self._above[revision]

    def with_ancestors(self, rows):
        return set(rows).union(*(self.ancestors(row) for row in rows))

    def without_implied(self, rows):
        return frozenset(rows).difference(*(self.ancestors(row) for row in rows))

    def has_free_order(self):
        """Alembic keeps dependencies in a set: where a revision has two, which goes first is luck."""
        return any(len(self.revisions[r["id"]]._normalized_resolved_dependencies) > 1
                   for r in self.graph)
