"""Every option of every command has an effect: the command is run with it and without, on two equal fleets, and what it
says or does must differ. Which options there are, the program's own help says; which go together, test_options.c tries."""
import contextlib
import json
import os
import re
import sqlite3

from harness import Fleet, FleetCase, PostgresCase, main

TENANTS = ("acme", "globex", "initech", "umbrella")
# Options for which `make` and `prepare` make a fleet of its own.
OWN_FLEET = {"on-failure", "max-failures", "unfinished", "resolve-dependencies", "force", "purge", "indicate-current",
             "accept-chain-change", "all", "state", "behind", "verify-schema", "plan"}
# How much is told, how it looks, and where the inventory is: every command takes them (docs/rollouts.md).
COMMON = {"file", "quiet", "verbose", "color", "help", "version"}

# What makes an option differ: the words after the base command. A function also prepares the fleet.
WORDS = {
    "select": ["--select", "tier=canary"], "tenant": ["--tenant", "acme"], "wave": ["--wave", "canary"],
    "output": ["-o", "json"], "progress": ["--progress", "json"], "on-failure": ["--on-failure", "continue"],
    "max-failures": ["--max-failures", "100%"], "sql": ["--sql"], "dry-run": ["--dry-run"], "all": ["--all"],
    "purge": ["--purge"], "force": ["--force"], "check-heads": ["--check-heads"], "summary": ["--summary"],
    "rev-range": ["-r", "base:aaaa1111"],
    "indicate-current": ["-i"], "resolve-dependencies": ["--resolve-dependencies"], "message": ["-m", "Words"],
    "rev-id": ["--rev-id", "ffff9999"], "revision": ["--revision", "aaaa1111"], "branch-label": ["--branch-label", "billing"],
    "sql-template": ["--sql-template", "TEMPLATE"], "head": ["--head", "base"], "splice": ["--splice"],
    "depends-on": ["--depends-on", "aaaa1111"], "dialect": ["--dialect", "postgresql"],
    "placeholder": ["--placeholder", "name=things"], "from": ["--from", "dbmate"], "table": ["--table", "theirs"],
    "done": ["--done"], "undone": ["--undone"], "statements": ["--statements", "1"], "keep": ["--keep", "0"],
    "older-than": ["--older-than", "1ms"], "unfinished": ["--unfinished"], "accept-chain-change": ["--accept-chain-change"],
    "allow-empty": ["--allow-empty"], "parallel": ["--parallel", "1"], "per-server": ["--per-server", "1"],
    "autogenerate": ["--autogenerate"], "rename": ["--rename", "a.id=ident"], "to-tenant": ["--to-tenant", "acme"], "allow-drop": ["--allow-drop", "b"],
    "verify-schema": ["--verify-schema"], "chain": ["--chain"], "schema": ["--schema"], "state": ["--state", "succeeded"], "behind": ["--behind"], "ledger": ["--ledger", "other.db"], "wait": ["--wait", "30s"],
    "save": ["--save", "RELEASE"], "metrics": ["--metrics", "METRICS"], "exit-code": ["--exit-code"], "rehearse": ["--rehearse"], "preflight": ["--preflight"], "plan": ["--plan", "RELEASE"],
    "down": ["--down"], "fleet": ["--fleet"],
    "listen": ["--listen", "127.0.0.1:0"], "listen-token-file": ["--listen-token-file", "TOKEN"],
}

BASES = {
    "downgrade": ["downgrade", "base"], "stamp": ["stamp", "head"], "forget": ["forget"], "history": ["history", "-i"],
    "show": ["show", "current"], "edit": ["edit", "current"], "merge": ["merge", "heads"], "resolve": ["resolve", "acme"],
    "accept": ["accept", "aaaa1111"], "checkpoint": ["checkpoint", "head"],
    "import": ["import", "dbmate", "MIGRATIONS"], "adopt": ["adopt", "--from", "dbmate"],
}
# Where an option has its effect beside others, or on another command line.
OTHER_BASES = {
    **{(command, "listen-token-file"): [*BASES.get(command, [command]), "--listen", "127.0.0.1:0"] for command in
       ("upgrade", "downgrade", "stamp", "adopt", "resume", "rollback")},
    ("history", "indicate-current"): ["history"], ("history", "rev-range"): ["history"],
    ("revision", "splice"): ["revision", "--head", "aaaa1111"], ("revision", "depends-on"): ["revision", "--head", "base"],
    ("revision", "rename"): ["revision", "--autogenerate"], ("revision", "to-tenant"): ["revision", "--autogenerate", "--rename", "a.id=ident", "--allow-drop", "b"], ("revision", "dialect"): ["revision", "--autogenerate"],
    ("revision", "allow-drop"): ["revision", "--autogenerate", "--rename", "a.id=ident"],
    ("import", "placeholder"): ["import", "flyway", "FLYWAY"], ("adopt", "from"): ["adopt"],
    ("forget", "unfinished"): ["forget", "--keep", "0"], ("forget", "all"): ["forget", "--keep", "0"],
    ("forget", "ledger"): ["forget", "--keep", "0"],
    **{(command, "dialect"): [command, *target, "--sql"] for command, target in
       (("upgrade", []), ("downgrade", ["head:base"]), ("stamp", ["head"]))},
    ("check", "dialect"): ["check", "--chain"], ("schema", "dialect"): ["schema", "--revision", "head"],
    **{(command, "ledger"): [command, "--state", "succeeded"] for command in ("current", "plan", "check", "tenants", "schema", "drift")},
    **{("lint", option): ["lint", "--fleet"] for option in ("select", "tenant", "wave", "allow-empty", "behind", "state", "progress", "parallel")},
    ("lint", "ledger"): ["lint", "--fleet", "--state", "succeeded"],
    ("downgrade", "sql"): ["downgrade", "head:base"], ("resolve", "dry-run"): ["resolve", "acme", "--done"],
    ("resolve", "output"): ["resolve", "acme", "--done"], ("resolve", "progress"): ["resolve", "acme", "--done"],
}
# What two commands at a time, or a second of a terminal, show elsewhere.
ELSEWHERE = {
    "wait": "test_ledger.py", "per-server": "below", "yes": "test_terminal.py", "as": "test_machines.py", "forever": "test_machines.py", "grant-env": "test_machines_told.py", "grant-files": "test_machines_told.py", "examples": "test_preflight.py",
    **{("work", option): "test_machines.py" for option in ("output", "parallel", "progress", "ledger", "metrics")},
    ("work", "listen"): "test_listen.py", ("work", "listen-token-file"): "test_listen.py",
    # How many tenants at once a look asks: nothing that it prints tells of it.
    ("history", "parallel"): "", ("show", "parallel"): "", ("edit", "parallel"): "", ("schema", "parallel"): "", ("drift", "parallel"): "", ("completion", "ledger"): "test_completion.py",
    # One tenant at most: nothing else could be at work at once.
    ("resolve", "parallel"): "",
}


def most_at_once(result):
    """How many tenants were at work at the same time, as `--progress json` tells."""
    events = [json.loads(line)["event"] for line in result.err.splitlines() if line.startswith("{")]
    at_work = most = 0
    for event in events:
        at_work += {"tenant_started": 1, "tenant_finished": -1}.get(event, 0)
        most = max(most, at_work)
    return most


class Options(FleetCase):
    seen = {}

    def make(self, command, option):
        """A fleet where the option may show what it does."""
        fleet = Fleet()
        self.addCleanup(fleet.close)
        fails = option in ("on-failure", "max-failures") or command == "resume" or option == "unfinished"
        up = "SELECT * FROM missing;" if fails else "CREATE TABLE b (id INTEGER);"
        if command == "downgrade" and fails:
            up = "CREATE TABLE b (id INTEGER);"
        fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;")
        fleet.revision("bbbb2222", up, down="SELECT * FROM missing;" if fails else "DROP TABLE b;")
        if command == "lint":  # PostgreSQL's index locks, the table is weighed, and the way back loses rows
            fleet.revision("bbbb2222", "CREATE INDEX i ON a (id);\nUPDATE a SET id = 1;", revises="aaaa1111", down="DELETE FROM a;")
        if option == "resolve-dependencies":
            fleet.revision("cccc3333", "SELECT 1;", revises="", header="-- Depends On: bbbb2222")
        if command == "merge":
            fleet.revision("cccc3333", "SELECT 1;", revises="")
        tenants = [{**fleet.sqlite(name), "labels": ["tier=canary"] if name == "acme" else []} for name in TENANTS]
        schema = {"autogenerate": {"schema": ["schema.sql"]}} if command == "revision" else {}
        fleet.write("schema.sql", "CREATE TABLE a (ident INTEGER);\n")
        fleet.inventory(tenants, rollout={"waves": [{"name": "canary", "select": "tier=canary"}, {"name": "rest"}]}, **schema)
        self.prepare(fleet, command, option)
        return fleet

    def prepare(self, fleet, command, option):
        for name in TENANTS if command == "adopt" else ():
            if name != "acme" or option not in ("on-failure", "max-failures"):
                rows = "" if option == "force" else "; CREATE TABLE a (id INTEGER)"
                self.execute(fleet, name, "CREATE TABLE schema_migrations (version TEXT); CREATE TABLE theirs (version TEXT);"
                                          "INSERT INTO schema_migrations VALUES ('aaaa1111')" + rows)
        if command == "adopt" and option in ("on-failure", "max-failures"):
            for name in TENANTS:
                self.execute(fleet, name, "DROP TABLE IF EXISTS a")
        if command == "stamp" and option == "purge":
            self.execute(fleet, "acme", "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);"
                                        "INSERT INTO alembic_version VALUES ('unknown'); CREATE TABLE a (id INTEGER)")
        if command == "stamp" and option not in ("force", "on-failure", "max-failures"):
            for name in TENANTS:
                self.execute(fleet, name, "CREATE TABLE IF NOT EXISTS a (id INTEGER); CREATE TABLE IF NOT EXISTS b (id INTEGER)")
        if command in ("downgrade", "rollback", "resume", "report", "runs", "forget", "resolve", "show", "edit", "history", "accept"):
            fleet.run("upgrade")
        if command == "lint":
            fleet.run("upgrade", "aaaa1111")
        if option in ("state", "behind"):  # of a run, that is, of one tenant
            fleet.run("upgrade", "aaaa1111" if option == "state" else "head", "--tenant", "acme")
        if command in ("show", "edit", "history"):  # they do not all stand at one place
            fleet.run("downgrade", "-1", "--tenant", "acme")
        if command == "downgrade" and option in ("on-failure", "max-failures"):
            fleet.run("downgrade", "-1", "--on-failure", "stop")
        if command == "accept":
            fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;", revises="", header="-- Changed: yes")
        if option == "verify-schema":
            self.execute(fleet, "acme", "CREATE TABLE besides (id INTEGER)")
        if option == "plan":
            fleet.run("plan", "aaaa1111", "--save", fleet.path("RELEASE"))
        if option == "accept-chain-change":
            fleet.revision("eeee5555", "SELECT 1;", revises="bbbb2222")
        if option == "all":  # a run of another inventory in the same ledger
            fleet.write("other.yaml", fleet.read("skein.yaml"))
            fleet.run("downgrade", "-1", inventory="other.yaml")
        fleet.write("TEMPLATE", "-- ${message}\n--\n-- Revision ID: ${revision}\n-- Revises: ${revises}\n-- Mine\n"
                                "${branch_labels}${depends_on}-- Create Date: ${create_date}\n\n-- migrate:up\n\n-- migrate:down\n")
        fleet.write("MIGRATIONS/1_x.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n")
        fleet.write("TOKEN", "too short\n")
        fleet.write("FLYWAY/V1__x.sql", "CREATE TABLE ${name} (id INTEGER);\n")

    @staticmethod
    def execute(fleet, name, sql):
        with contextlib.closing(sqlite3.connect(fleet.path("data", name + ".db"))) as db:
            db.executescript(sql)

    @staticmethod
    def normal(text):
        text = re.sub(r"/tmp/skein-fleet-\w+", "FLEET", text)
        text = re.sub(r"\d{8}T\d{6}Z-\w{6}|\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?|sha256:\w+|checksum\W+\w+|digest\W+\w+", "X", text)
        text = re.sub(r"[\d.]+ ?(ms|s)\b|\"(pid|duration_ms)\": ?[\d.]+|, \d+/s|[0-9a-f]{12}|\b\d+ tenants/s", "N", text)
        text = re.sub(r"127\.0\.0\.1:\d+", "PORT", text)
        text = re.sub(r"longest step was \w+ (up|down)", "longest step was ONE", text)  # which one, the machine's load decides
        lines = [re.sub(r" +", " ", line) for line in text.splitlines() if not re.search(r" N +\d+ +%", line)]  # the slowest
        return "\n".join(lines)

    @classmethod
    def told(cls, err):
        """What stderr says, whatever the machine's speed: tenants finish in any order, and a slow run tells of its pace."""
        return sorted(line for line in cls.normal(err).splitlines() if not re.match(r"skein: \d+ of \d+ done", line))

    def observe(self, fleet, args):
        words = [fleet.path(word) if word.isupper() or word == "other.db" else word for word in args]
        result = fleet.run(*words, env={"VISUAL": "echo"})
        seen = [result.code, self.normal(result.out), self.told(result.err)]
        for name in TENANTS:
            with contextlib.closing(sqlite3.connect(fleet.path("data", name + ".db"))) as db:
                seen.append([line for line in db.iterdump() if "skein_history" not in line])
        for folder in ("versions", ".skein", "."):
            names = os.listdir(fleet.path(folder)) if os.path.isdir(fleet.path(folder)) else []
            seen.append(sorted(self.normal(name) for name in names if "-" not in name))
        names = os.listdir(fleet.path("versions"))
        seen.append(sorted(self.normal(fleet.read(f"versions/{name}").decode()) for name in names))
        runs = json.loads(fleet.run("runs", "-o", "json", "--all").out)
        seen.append([(run["command"], self.normal(run["target"] or ""), run["state"]) for run in runs])
        return seen, result

    def options_of(self, command):
        text = self.run_ok(command, "--help").out
        return re.findall(r"^  (?:-\w|  ) --([\w-]+)", text[text.index("\nOptions:"):], re.M)

    def commands(self):
        text = self.run_ok("--help").out
        listed = text[text.index("Commands:"):text.index("\n\n'skein COMMAND")]
        return re.findall(r"^  ([a-z]+) ", listed, re.M)

    def without(self, command, option, base):
        """What is seen where the option is not given: the same twice, or a difference would show nothing."""
        key = (*base, option if option in OWN_FLEET else "")
        if key not in self.seen:
            self.seen[key] = self.observe(self.make(command, option), base)[0]
            self.assertEqual(self.seen[key], self.observe(self.make(command, option), base)[0])
        return self.seen[key]

    def check(self, command, option):
        if option in ELSEWHERE or (command, option) in ELSEWHERE:
            return
        base = OTHER_BASES.get((command, option), BASES.get(command, [command]))
        if option == "allow-empty":
            base = [*base, "--select", "zebra"]
        self.assertIn(option, WORDS, f"skein {command} --{option}: say in WORDS how it shows what it does")
        if option == "parallel":
            result = self.observe(self.make(command, ""), [*base, *WORDS[option], "--progress", "json"])[1]
            self.assertEqual(most_at_once(result), 1)
            return
        without = self.without(command, option, base)
        seen, result = self.observe(self.make(command, option), [*base, *WORDS[option]])
        self.assertNotEqual(without, seen, repr(result))
        self.assertNotIn("has no effect", result.err)
        self.assertNotIn("takes no", result.err)

    def test_every_option_of_every_command_has_an_effect(self):
        for command in self.commands():
            for option in self.options_of(command):
                if option not in COMMON:
                    with self.subTest(f"skein {command} --{option}"):
                        self.check(command, option)

    REFUSED = [
        (["downgrade", "--dialect", "sqlite", "base"], "--dialect has no effect without --sql"),
        (["upgrade", "--sql", "-j", "3"], "unknown option '-j'"),
        (["upgrade", "--sql", "-p", "3"], "--parallel has no effect with --sql"),
        (["upgrade", "--sql", "--ledger", "x.db"], "--ledger has no effect with --sql"),
        (["upgrade", "--sql", "--on-failure", "continue"], "--on-failure has no effect with --sql"),
        (["upgrade", "--sql", "-o", "json=x.json"], "--output has no effect with --sql"),
        (["stamp", "--sql", "head", "--force"], "--force has no effect with --sql"),
        (["upgrade", "--plan", "x", "--behind"], "--behind has no effect with --plan"),
        (["plan", "--on-failure", "stop"], "'skein plan' takes no --on-failure"),
        (["init", "-o", "json=x.json"], "'skein init' takes no --output"),
        (["heads", "--select", "tier=canary"], "'skein heads' takes no --select"),
        (["history", "--select", "tier=canary"], "--select has no effect where no tenant is asked"),
        (["show", "head", "--tenant", "acme"], "--tenant has no effect where no tenant is asked"),
        (["upgrade", "--on-failure", "continue", "--max-failures", "3"], "--max-failures has no effect where 'on_failure' is"),
        (["upgrade", "--wave", "canary", "--wave", "rest"], "--wave is given twice: which one is meant?"),
        (["check", "--chain", "--schema"], "--schema has no effect with --chain"),
        (["forget", "20261123", "--all"], "--all has no effect where a run is named"),
    ]

    def test_what_has_none_is_refused_before_anything_is_done(self):
        fleet = self.make("upgrade", "")
        before = [fleet.read(f"data/{name}.db") for name in TENANTS]
        for args, said in self.REFUSED:
            with self.subTest(args):
                result = fleet.run(*args)
                self.assertEqual(result.code, 2, repr(result))
                self.assertIn(said, result.err)
                self.assertEqual(result.out, "")
        self.assertEqual(before, [fleet.read(f"data/{name}.db") for name in TENANTS])
        self.assertFalse(os.path.exists(fleet.path(".skein")))

    def test_a_variable_for_other_commands_is_ignored(self):
        fleet = self.make("upgrade", "")
        everywhere = {"SKEIN_OUTPUT": "json", "SKEIN_PARALLEL": "3", "SKEIN_ON_FAILURE": "continue", "SKEIN_DIALECT": "sqlite",
                      "SKEIN_MAX_FAILURES": "3", "SKEIN_PROGRESS": "json"}
        result = fleet.run("upgrade", "--sql", env=everywhere)
        self.assertEqual(result.code, 0, repr(result))
        self.assertTrue(result.out.startswith("-- skein "), result.out)
        for command in (["heads"], ["upgrade"], ["downgrade", "-1"]):
            self.assertEqual(fleet.run(*command, env=everywhere).code, 0)

    def test_a_flag_has_no_variable(self):
        fleet = self.make("upgrade", "")
        result = fleet.run("upgrade", env={"SKEIN_DRY_RUN": "1"})
        self.assertEqual(result.code, 2, repr(result))
        self.assertIn("'SKEIN_DRY_RUN' in the environment has no effect: --dry-run is for the command line alone", result.err)
        self.assertFalse(os.path.exists(fleet.path(".skein")))
        self.assertEqual(fleet.run("plan", env={"SKEIN_DRY_RUN": "1"}).code, 0)
        self.assertEqual(fleet.run("upgrade", env={"SKEIN_DRY_RUN": ""}).code, 0)

    def test_a_rollback_that_goes_on_has_no_waves(self):
        fleet = self.make("upgrade", "")
        self.assertEqual(fleet.run("upgrade").code, 0)
        for name in TENANTS:
            self.execute(fleet, name, "ALTER TABLE b RENAME TO hidden")
        self.assertNotEqual(fleet.run("rollback").code, 0)
        for words in (["--wave", "canary"], ["--on-failure", "stop"], ["--max-failures", "3"]):
            result = fleet.run("resume", *words)
            self.assertEqual(result.code, 2, repr(result))
            self.assertIn(f"{words[0]} has no effect where a run is taken back", result.err)


class PerServer(PostgresCase):
    def test_limits_every_command_that_asks_tenants(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id integer);", down="DROP TABLE a;")
        self.fleet.inventory(self.pg.create("a", "b", "c", "d"))
        for command in (["plan"], ["current"], ["check"], ["upgrade"], ["downgrade", "base"], ["rollback"], ["stamp", "base"]):
            with self.subTest(command):
                result = self.fleet.run(*command, "--per-server", "1", "--progress", "json")
                self.assertIn(result.code, (0, 1), repr(result))
                self.assertEqual(most_at_once(result), 1)


if __name__ == "__main__":
    main()
