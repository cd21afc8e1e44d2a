"""What is killed: chains of revisions, fleets that stand on them, and the commands of skein.

Every revision counts its effects in a table `fx` without a unique key, which is there before the first
revision: what is done twice, or only half taken back, shows. What a scenario must come to is not skein's
word but what plain sqlite3(1) and psql(1) make of the same sections.
"""
import re
from collections import namedtuple

# `up` and `down`: lists of statements. `options` stand after `-- migrate:up`. `plain_up` and `plain_down`: what a plain tool is to
# run instead, where a statement is one that skein repeats.
Revision = namedtuple("Revision", "id revises up down options plain_up plain_down", defaults=(None, None))


def revision(id_, revises, up, down, options=""):
    count = "INSERT INTO fx VALUES ('%s', '%s')"
    return Revision(id_, revises, [*up, count % (id_, "up")], [*down, count % (id_, "down")], options)


LINE = [
    revision("aaaa1111", "", ["CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT)"], ["DROP TABLE a"]),
    revision("bbbb2222", "aaaa1111", ["ALTER TABLE a ADD COLUMN w INTEGER", "INSERT INTO a VALUES (1, 'x', 2)"],
             ["DELETE FROM a", "ALTER TABLE a DROP COLUMN w"]),
    revision("cccc3333", "bbbb2222", ["CREATE INDEX ix_a ON a (w)"], ["DROP INDEX ix_a"]),
]

# Two branches and their merge.
FORK = [
    LINE[0],
    revision("bbbb2222", "aaaa1111", ["CREATE TABLE b (id INTEGER PRIMARY KEY)"], ["DROP TABLE b"]),
    revision("cccc3333", "aaaa1111", ["CREATE TABLE c (id INTEGER PRIMARY KEY)"], ["DROP TABLE c"]),
    revision("dddd4444", "bbbb2222, cccc3333", ["CREATE INDEX ix_c ON c (id)"], ["DROP INDEX ix_c"]),
]

# The second revision does not work where there is no `guard`.
GUARDED = [
    LINE[0],
    revision("bbbb2222", "aaaa1111", ["INSERT INTO fx SELECT 'bbbb2222', 'guard' FROM guard"], []),
]


def in_parts(index, has_probe):
    """A revision of statements outside a transaction, between two ordinary ones. `index` says how it
    makes one; without a probe, nobody but a person can tell whether a row was inserted."""
    probe = "-- probe: SELECT 1 FROM fx WHERE rev = 'bbbb2222' AND stmt = '%s'\n" if has_probe else ""
    ways = {}
    for way in ("first", "up", "down"):
        ways[way] = (probe and probe % way) + f"INSERT INTO fx VALUES ('bbbb2222', '{way}')"
    up = [ways["first"], f"{index} ix_first ON a (v)", "CREATE TABLE b (id INTEGER PRIMARY KEY, v TEXT)",
          f"{index} ix_second ON b (v)", ways["up"]]
    down = ["DROP TABLE b", "DROP INDEX ix_first", ways["down"]]
    return [
        LINE[0],
        Revision("bbbb2222", "aaaa1111", up, down, " transaction:false"),
        revision("cccc3333", "bbbb2222", ["CREATE TABLE c (id INTEGER PRIMARY KEY)"], ["DROP TABLE c"]),
    ]


def index_first(index):
    """A statement outside a transaction with nothing before it: what it leaves when it dies is all there is."""
    probe = "-- probe: SELECT 1 FROM fx WHERE rev = 'bbbb2222' AND stmt = '%s'\n"
    count = probe + "INSERT INTO fx VALUES ('bbbb2222', '%s')"
    return [
        LINE[0],
        Revision("bbbb2222", "aaaa1111", [f"{index} ix_first ON a (lower(v)) WHERE v IS NOT NULL", count % ("up", "up")],
                 ["DROP INDEX ix_first", count % ("down", "down")], " transaction:false"),
    ]


ROWS, BATCH = 7, 2
REPEAT = " repeat:until-no-rows pause:1ms max_lag:0"


def in_batches(engine):
    """Batches that add to what a row holds, there and back: a row that one of them changes twice, or not at all, shows."""
    def batch(changes, condition):
        some = f"SELECT id FROM a WHERE {condition} LIMIT {BATCH}"
        if engine == "postgresql":
            return f"WITH batch AS ({some} FOR UPDATE SKIP LOCKED) UPDATE a SET {changes} FROM batch WHERE a.id = batch.id"
        rows = f"{condition} LIMIT {BATCH}" if engine == "mysql" else f"id IN ({some})"
        return f"UPDATE a SET {changes} WHERE {rows}"
    up, down = ("n = n + 1, is_done = 1", "is_done = 0"), ("n = n + 100, is_done = 0", "is_done = 1")
    rows = ", ".join(f"({i}, 'x', 0, 0)" for i in range(ROWS))
    return [
        revision("aaaa1111", "", ["CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT, n INTEGER, is_done INTEGER)",
                                  f"INSERT INTO a VALUES {rows}"], ["DROP TABLE a"]),
        Revision("bbbb2222", "aaaa1111", [batch(*up)], [batch(*down)], REPEAT,
                 [f"UPDATE a SET {up[0]} WHERE {up[1]}"], [f"UPDATE a SET {down[0]} WHERE {down[1]}"]),
        revision("cccc3333", "bbbb2222", ["CREATE TABLE c (id INTEGER PRIMARY KEY)"], ["DROP TABLE c"]),
    ]


class Scenario:
    """`before` is run once, undisturbed; `command` is what is killed. `steps`: by tenant, the sections
    that plain tools are to run for the reference: (revision, "up" | "down"). `versions`: where the
    tenants must stand at the end. `codes`: exits that are fine once it went through. `rows`: by revision, what a report must
    count of its batches, all runs together."""

    def __init__(self, name, chain, command, steps, versions, **options):
        self.name, self.chain, self.command = name, chain, command
        self.steps, self.versions = steps, versions
        self.engines = options.pop("engines", ("sqlite", "postgresql", "mysql"))
        self.tenants = options.pop("tenants", ("t0", "t1", "t2"))
        self.unguarded = options.pop("unguarded", ())  # tenants without the table `guard`
        self.before = options.pop("before", ())
        self.keys = options.pop("keys", {})
        self.codes = options.pop("codes", (0,))
        self.asks = options.pop("asks", False)  # a statement may be left for a person to decide
        self.rows = options.pop("rows", {})
        self.keeps_bytes = options.pop("keeps_bytes", False)  # the files end as they began
        assert not options, options

    def steps_of(self, tenant):
        return self.steps(tenant) if callable(self.steps) else self.steps


def ups(chain):
    return [(rev, "up") for rev in chain]


def downs(chain):
    return [(rev, "down") for rev in reversed(chain)]


SERIAL = {"rollout": {"parallel": 1}}
CANARY = [{"name": "canary", "select": "name=t0"}, {"name": "everyone"}]
BACK = {"parallel": 1, "on_failure": "rollback"}


def fails_in_t2(tenant):
    done = GUARDED[:1] if tenant == "t2" else GUARDED
    return ups(done) + downs(done)


def scenarios(engine):
    index = "CREATE INDEX CONCURRENTLY" if engine == "postgresql" else "CREATE INDEX"
    parts, asked = in_parts(index, True), in_parts(index, False)
    first, batches = index_first(index), in_batches(engine)
    head = ["cccc3333"]
    every = [
        Scenario("all", LINE, ["upgrade"], ups(LINE), head, keys={"defaults": {"transaction": "all"}}),
        Scenario("each", LINE, ["upgrade"], ups(LINE), head, keys={"defaults": {"transaction": "each"}}),
        Scenario("merge", FORK, ["upgrade"], ups(FORK), ["dddd4444"],
                 keys={"defaults": {"transaction": "each"}, **SERIAL}),
        Scenario("parts", parts, ["upgrade"], ups(parts), head, tenants=("t0", "t1"), keys=SERIAL),
        Scenario("parts_asked", asked, ["upgrade"], ups(asked), head, tenants=("t0", "t1"), asks=True),
        Scenario("parts_down", parts, ["downgrade", "aaaa1111"], ups(parts) + downs(parts[1:]), ["aaaa1111"],
                 tenants=("t0", "t1"), before=[["upgrade"]]),
        Scenario("index_first", first, ["upgrade"], ups(first), ["bbbb2222"], tenants=("t0", "t1"), keys=SERIAL),
        Scenario("parts_rollback", parts, ["rollback"], ups(parts) + downs(parts[1:]), ["aaaa1111"],
                 tenants=("t0", "t1"), before=[["upgrade", "aaaa1111"], ["upgrade"]]),
        Scenario("batches", batches, ["upgrade"], ups(batches), head, tenants=("t0", "t1"), rows={"bbbb2222": ROWS}),
        Scenario("batches_down", batches, ["downgrade", "aaaa1111"], ups(batches) + downs(batches[1:]), ["aaaa1111"],
                 tenants=("t0", "t1"), before=[["upgrade"]], keys=SERIAL, rows={"bbbb2222": ROWS}, engines=("sqlite",)),
        Scenario("batches_rollback", batches, ["rollback"], ups(batches) + downs(batches[1:]), ["aaaa1111"],
                 tenants=("t0", "t1"), before=[["upgrade", "aaaa1111"], ["upgrade"]], rows={"bbbb2222": ROWS}),
        Scenario("waves", LINE, ["upgrade"], ups(LINE), head,
                 keys={"rollout": {"parallel": 2, "waves": CANARY}}),
        Scenario("downgrade", LINE, ["downgrade", "aaaa1111"], ups(LINE) + downs(LINE[1:]), ["aaaa1111"],
                 before=[["upgrade"]], keys={"defaults": {"transaction": "each"}}),
        Scenario("stamp", LINE, ["stamp", "head"], ups(LINE), head, before=[["upgrade"], ["stamp", "base"]]),
        Scenario("stamp_forced", LINE, ["stamp", "--force", "head"], [], head),
        Scenario("rollback", LINE, ["rollback"], ups(LINE) + downs(LINE[1:]), ["aaaa1111"],
                 before=[["upgrade", "aaaa1111"], ["upgrade"]]),
        Scenario("on_failure", GUARDED, ["upgrade"], fails_in_t2, [], unguarded=("t2",), codes=(0, 3),
                 keys={"defaults": {"transaction": "each"}, "rollout": BACK}),
        Scenario("snapshot", GUARDED, ["upgrade"], [], [], engines=("sqlite",), unguarded=("t2",), codes=(0, 3),
                 keys={"rollout": {**BACK, "rollback_by": "snapshot"}}, keeps_bytes=True),
        Scenario("snapshot_rollback", LINE, ["rollback"], [], [], engines=("sqlite",), before=[["upgrade"]],
                 keys={"rollout": {"parallel": 1, "rollback_by": "snapshot"}}, keeps_bytes=True),
    ]
    found = [scenario for scenario in every if engine in scenario.engines]
    return [in_words_of_mysql(scenario) for scenario in found] if engine == "mysql" else found


def in_words_of_mysql(scenario):
    """Its indexes are of a table, and of a beginning of a text."""
    tables = {"ix_a": "a", "ix_first": "a", "ix_second": "b", "ix_c": "c"}

    def say(statement):
        statement = re.sub(r"DROP INDEX (\w+)", lambda found: f"{found[0]} ON {tables[found[1]]}", statement)
        return statement.replace("(lower(v)) WHERE v IS NOT NULL", "(v)").replace("(v)", "(v(10))")
    said = {rev.id: rev._replace(up=[say(s) for s in rev.up], down=[say(s) for s in rev.down])
            for rev in scenario.chain}
    steps = scenario.steps

    def steps_of(tenant):
        return [(said[rev.id], way) for rev, way in (steps(tenant) if callable(steps) else steps)]
    scenario.steps = steps_of
    scenario.chain = [said[rev.id] for rev in scenario.chain]
    return scenario
