"""Safe hands: a typo never does more than was meant, and is told with what was meant."""
import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
import subprocess

from harness import FleetCase, PostgresCase, main


class Typos(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;")
        self.fleet.inventory([self.fleet.sqlite("acme"), self.fleet.sqlite("globex")])

    def assert_untouched(self):
        for name in ("acme", "globex"):
            self.assertEqual(self.fleet.tables(name), set())

    def test_what_was_meant_is_named(self):
        cases = [
            (["upgarde"], "no command 'upgarde'", "'upgrade'"),
            (["upgrade", "--paralell", "3"], "unknown option '--paralell'", "'--parallel'"),
            (["upgrade", "--tenant", "acmee"], "there is no tenant 'acmee'", "'acme'"),
            (["upgrade", "aaaa1112"], "can't locate revision identified by 'aaaa1112'", "'aaaa1111'"),
            (["upgrade", "hed"], "can't locate revision identified by 'hed'", "'head'"),
            (["downgrade", "bas"], "can't locate revision identified by 'bas'", "'base'"),
            (["up"], "no command 'up'", "'upgrade'"),
            (["upgrade", "--on-failure", "contineu"], "--on-failure: 'contineu' is not", "'continue'"),
            (["plan", "--progress", "jsn"], "--progress: 'jsn' is not", "'json'"),
            (["plan", "-o", "jsno=x"], "--output: 'jsno=x' is not", "'json'"),
            (["heads", "--color", "alwasy"], "--color: 'alwasy' is not", "'always'"),
            (["adopt", "--from", "dbmat"], "nothing is adopted from 'dbmat'", "'dbmate'"),
            (["import", "goos", "x"], "no importer 'goos'", "'goose'"),
            (["upgrade", "--sql", "--dialect", "slqite"], "--dialect: 'slqite' is not", "'sqlite'"),
        ]
        for args, said, meant in cases:
            with self.subTest(args=args):
                err = self.run_ok(*args, code=2).err
                self.assertIn(said, err)
                self.assertIn(f"did you mean {meant}?", err)
        self.assert_untouched()

    def test_an_option_is_written_out(self):
        """Of the beginning of a name no one knows what it was a slip for; '--y' would answer every question."""
        cases = [("--dry", "--dry-run"), ("--y", "--yes"), ("--ye", "--yes"), ("--max-failure", "--max-failures"),
                 ("--sel", "--select"), ("--max-failure=1", "--max-failures"), ("--dry=1", "--dry-run"), ("--verb", "--verbose")]
        for word, meant in cases:
            with self.subTest(word=word):
                self.assertIn(f"unknown option '{word.split('=')[0]}'; did you mean '{meant}'?",
                              self.run_ok("upgrade", word, code=2).err)
        self.assertIn("option '--dry-run' takes no value", self.run_ok("upgrade", "--dry-run=no", code=2).err)
        self.assertIn("option '--max-failures' needs a value", self.run_ok("upgrade", "--max-failures", code=2).err)
        self.assertIn("option '-f' needs a value", self.run_ok("upgrade", "-f", code=2).err)
        self.assert_untouched()
        self.run_ok("upgrade", "--max-failures=1", "-vq")

    def test_what_is_no_target(self):
        for command in ("upgrade", "downgrade", "stamp", "plan"):
            for target in ("", " "):
                self.assertIn("a target is empty", self.run_ok(command, target, code=2).err)
            self.assertIn("'base:aaaa1111' is a range: only --sql takes one", self.run_ok(command, "base:aaaa1111", code=2).err)
        self.run_ok("upgrade", "base:aaaa1111", "--sql")
        self.assert_untouched()

    def test_the_wrong_way_is_refused_before_it_begins(self):
        self.run_ok("upgrade", "--tenant", "acme")
        runs = self.run_ok("runs", "-o", "json").out
        for command, target, meant in (("upgrade", "-1", "downgrade"), ("upgrade", "-2", "downgrade"), ("plan", "-1", "downgrade"),
                                       ("downgrade", "+1", "upgrade")):
            for args in ([command, target], [command, target, "--tenant", "acme"]):
                self.assertIn(f"did you mean 'skein {meant} {target}'?", self.run_ok(*args, code=2).err)
        self.assertEqual(self.run_ok("runs", "-o", "json").out, runs)
        self.run_ok("downgrade", "-1", "--tenant", "acme")
        self.run_ok("upgrade", "+1", "--tenant", "acme")
        self.run_ok("upgrade", "aaaa1111-1", "--tenant", "acme")

    def test_a_word_that_is_close_to_nothing_gets_no_guess(self):
        self.assertNotIn("did you mean", self.run_ok("zebra", code=2).err)

    def test_a_mistyped_key_of_the_inventory(self):
        self.fleet.write("skein.yaml", "rolout: {parallel: 2}\ntenants: []\n")
        self.assertIn("skein.yaml:1: unknown key 'rolout'; did you mean 'rollout'?", self.run_ok("upgrade", code=2).err)

    def test_a_mistyped_key_of_a_revision(self):
        self.fleet.revision("bbbb2222", "SELECT 1;", revises="", header="-- Revise: aaaa1111")
        err = self.run_ok("upgrade", code=2).err
        self.assertIn("versions/bbbb2222.sql:", err)
        self.assertIn("unknown key 'Revise:'; did you mean 'Revises:'?", err)
        self.assert_untouched()

    def test_a_mistyped_marker_of_a_section(self):
        """Taken for a comment, it would have the table dropped right after it was made."""
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER);\n-- Migrate:down\nDROP TABLE b;")
        for command in (["upgrade"], ["plan"], ["check", "--chain"], ["heads"], ["upgrade", "--sql"]):
            self.assertIn("versions/bbbb2222.sql:8: '-- Migrate:down' begins no section; did you mean '-- migrate:down'?",
                          self.run_ok(*command, code=2).err)
        self.assert_untouched()

    def test_a_mistyped_check(self):
        """A comment, it would not be asked, and the author think that it was."""
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER);\n-- Verify: SELECT 1 WHERE 0\n", down="SELECT 1;\n-- prob: SELECT 2\n")
        for command in (["upgrade"], ["plan"], ["check", "--chain"], ["upgrade", "--sql"]):
            err = self.run_ok(*command, code=2).err
            self.assertIn("'-- Verify: SELECT 1 WHERE 0' would not be asked; did you mean '-- verify: …'?", err)
        self.assertNotIn("b", self.fleet.tables("acme"))

    def test_free_keys_of_a_revision_stay_free(self):
        self.fleet.revision("bbbb2222", "SELECT 1;", header="-- Ticket: 7\n-- Reviewed-by: x\n-- Review: y")
        self.run_ok("upgrade")

    def test_a_mistyped_variable_is_a_warning(self):
        result = self.run_ok("heads", env={"SKEIN_PARALEL": "3"})
        self.assertIn("'SKEIN_PARALEL' in the environment is no variable of skein's; did you mean 'SKEIN_PARALLEL'?",
                      result.err)
        for name, said in (("SKEIN_YSE", ""), ("SKEIN_QUIET", ": --quiet is for the command line alone"), ("SKEIN_YES", ": --yes is for"),
                           ("SKEIN_", "")):
            err = self.run_ok("heads", env={name: "1"}).err
            self.assertIn(f"'{name}' in the environment is no variable of skein's{said}", err)
            self.assertNotIn("did you mean", err)

    def test_a_fault_of_what_the_environment_says_names_the_variable(self):
        for name, value in (("SKEIN_SELECT", "teir=x"), ("SKEIN_TENANT", "acmee"), ("SKEIN_STATE", "fialed"), ("SKEIN_WAVE", "canray")):
            err = self.run_ok("plan", env={name: value}, code=2).err
            self.assertIn(f"the environment says: --{name[6:].lower()} from {name}\n", err)
        self.assertNotIn("environment", self.run_ok("plan", "--tenant", "acmee", code=2).err)

    def test_an_empty_variable_counts_as_not_set(self):
        result = self.run_ok("upgrade", env={"SKEIN_ON_FAILURE": "", "SKEIN_PARALLEL": ""})
        self.assertNotIn("SKEIN_", result.err)


class Folders(FleetCase):
    """`-f` takes the inventory's folder; without it, that is the folder where one stands."""

    def run_at(self, *args, cwd, code=0):
        result = self.fleet.run(*args, inventory=None, cwd=cwd)
        self.assertEqual(result.code, code, repr(result))
        return result

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "SELECT 1;", down="")
        self.fleet.inventory([{"name": "acme", "url": "sqlite:///acme.db", "create": True}])

    def test_the_file_by_its_name(self):
        for args, cwd in (([], self.fleet.dir), (["-f", "."], self.fleet.dir), (["-f", self.fleet.dir], "/"),
                          (["-f", self.fleet.dir + "/"], "/"), (["-f", ".."], self.fleet.path("versions"))):
            with self.subTest(args=args):
                self.assertIn("aaaa1111", self.run_at(*args, "heads", cwd=cwd).out)
        self.run_at("-f", "..", "upgrade", cwd=self.fleet.path("versions"))
        self.run_at("-f", self.fleet.dir, "rollback", cwd="/")
        self.assertTrue(os.path.exists(self.fleet.path("acme.db")))
        self.assertIn("aaaa1111", self.run_at("-f", self.fleet.dir, "completion", "reply", "--", "upgrade", "", cwd="/").out)

    def test_the_other_ending(self):
        os.rename(self.fleet.path("skein.yaml"), self.fleet.path("skein.yml"))
        for args, cwd in (([], self.fleet.dir), (["-f", self.fleet.dir], "/")):
            self.run_at(*args, "heads", cwd=cwd)

    def test_none_or_two(self):
        self.fleet.write("skein.yml", self.fleet.read("skein.yaml"))
        self.assertIn("there are two inventories, 'skein.yaml' and 'skein.yml'", self.run_at("heads", cwd=self.fleet.dir, code=2).err)
        self.run_at("-f", "skein.yml", "heads", cwd=self.fleet.dir)
        err = self.run_at("-f", self.fleet.path("versions"), "heads", cwd="/", code=2).err
        self.assertIn("versions: there is no inventory, 'skein.yaml' or 'skein.yml', in this folder", err)
        self.assertIn("/nosuch: the inventory cannot be read", self.run_at("-f", "/nosuch", "heads", cwd="/", code=2).err)

    def test_is_not_written_over(self):
        err = self.run_at("-f", self.fleet.dir, "tenants", "-o", "json=" + self.fleet.path("skein.yaml"), cwd="/", code=2).err
        self.assertIn("is the inventory: name another file", err)


class FileNames(FleetCase):
    """`file_template`: what the files of new revisions are called; the header says which revision it is."""

    def inventory(self, template):
        self.fleet.inventory([self.fleet.sqlite("acme")], file_template=template)

    def test_with_a_date(self):
        self.inventory("%(year)d_%(month).2d_%(day).2d-%(rev)s_%(slug)s")
        self.run_ok("revision", "-m", "First table", "--rev-id", "aaaa1111")
        self.run_ok("revision", "-m", "Left", "--rev-id", "bbbb2222")
        self.run_ok("revision", "-m", "Right", "--rev-id", "cccc3333", "--head", "aaaa1111", "--splice")
        self.run_ok("merge", "heads", "-m", "!", "--rev-id", "dddd4444")
        names = sorted(name for name in os.listdir(self.fleet.path("versions")) if name.endswith(".sql"))
        self.assertRegex(" ".join(names), r"^\d{4}_\d\d_\d\d-aaaa1111_first_table.sql \S+bbbb2222_left.sql \S+cccc3333_right.sql "
                                          r"\d{4}_\d\d_\d\d-dddd4444.sql$")
        date = self.fleet.read("versions/" + names[0]).decode().split("Create Date: ")[1][:10]
        self.assertTrue(names[0].startswith(date.replace("-", "_")))
        self.assertIn(names[0], self.run_ok("show", "aaaa1111").out)
        self.assertIn("dddd4444 (head)", self.run_ok("heads").out)
        self.assertEqual(self.run_ok("history").out.count("\n"), 4)
        self.assertIn(names[1], self.run_ok("edit", "bbbb2222", env={"VISUAL": "echo"}).out)
        self.run_ok("upgrade")
        self.assertEqual(self.fleet.versions("acme"), ["dddd4444"])
        self.inventory("%%(rev)s")  # as alembic.ini has it; the older files stay what they are
        self.run_ok("revision", "-m", "Next", "--rev-id", "eeee5555")
        self.assertTrue(os.path.exists(self.fleet.path("versions", "eeee5555.sql")))
        self.run_ok("upgrade")

    def test_that_give_no_name(self):
        self.fleet.revision("aaaa1111", "SELECT 1;")
        for template, says in (("%(slug)s", "two revisions could have one file name"), ("a/%(rev)s", "files of one folder"),
                               ("%(rev)s_%(yaer)d", "did you mean 'year'?")):
            self.inventory(template)
            for command in (["revision", "-m", "x"], ["heads"]):
                err = self.run_ok(*command, code=2).err
                self.assertRegex(err, r"skein.yaml:2: the inventory: 'file_template': ")
                self.assertIn(says, err)

    def test_whose_variable_is_not_set(self):
        self.inventory("${PREFIX}_%(rev)s")
        self.assertIn("'file_template': the environment variable 'PREFIX' is not set", self.run_ok("revision", "-m", "x", code=2).err)
        self.run_ok("heads")
        self.run_ok("revision", "-m", "x", "--rev-id", "aaaa1111", env={"PREFIX": "V"})
        self.assertTrue(os.path.exists(self.fleet.path("versions", "V_aaaa1111.sql")))


class Selections(FleetCase):
    """A selection of no one is a fault, and so is a label that was mistyped: `tier!=canry` takes the canary."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;")
        self.fleet.inventory([{**self.fleet.sqlite("acme"), "labels": ["tier=canary", "region=eu"]},
                              {**self.fleet.sqlite("globex"), "labels": ["tier=free", "region=us"]},
                              self.fleet.sqlite("initech")],
                             rollout={"waves": [{"name": "canary", "select": "tier=canary"}, {"name": "rest"}]})
        self.before = {name: self.fleet.read(f"data/{name}.db") for name in ("acme", "globex", "initech")}

    def assert_untouched(self):
        for name, data in self.before.items():
            self.assertEqual(self.fleet.read(f"data/{name}.db"), data, name)
        self.assertFalse(os.path.exists(self.fleet.path(".skein")))

    # What is asked for, and what is said of it.
    EMPTY = [
        (["teir=canary"], "no tenant has a label 'teir'; there are tier, region; did you mean 'tier'?"),
        (["TIER"], "no tenant has a label 'TIER'; there are tier, region; did you mean 'tier'?"),
        (["nmae=acme"], "no tenant has a label 'nmae'; there are tier, region; did you mean 'name'?"),
        (["zebra"], "no tenant has a label 'zebra'; there are tier, region"),
        (["tier=canry"], "no tenant has the label 'tier' with the value 'canry'; there are canary, free; "
                         "did you mean 'canary'?"),
        (["tier in (canary,fre)"], "with the value 'fre'; there are canary, free; did you mean 'free'?"),
        (["tier!=canry"], "with the value 'canry'"),
        (["tier notin (canary,fre)"], "with the value 'fre'"),
        (["!teir"], "no tenant has a label 'teir'"),
        (["teir!=canary"], "no tenant has a label 'teir'"),
        (["name=t0*"], "a selector has no wildcards: 'name in (a,b)' names several values"),
        (["name!=a*"], "with the value 'a*'"),
        (["tier!='canary'"], "with the value ''canary''"),
        (["tier!=canary|free"], "with the value 'canary|free'"),
        (["tier="], "with the value ''"),
        (["tier=canary,region=us"], "no tenant is selected: of 3, none is what --select 'tier=canary,region=us' says"),
        (["tier=canary", "region=us"], "none is what --select 'tier=canary' and --select 'region=us' says together"),
        (["tier=canary", "tier=canry"], "did you mean 'canary'?"),
        (["dialect=postgresql"], "with the value 'postgresql'; there is sqlite"),
    ]
    FAULTS = ["tier:canary", "tier canary", "tier~canary", "tier=~can.*", "tier>1", "tier<>canary", "'tier'=canary",
              "tier=canary and region=eu", "tier=canary;region=eu", "tier=canary&region=eu", "tier in canary", "name~t0*",
              "*", ",", "tier=canary,", "=canary", "tier=!canary", "tier = big one", "--tenant acme", "tier in (canary"]

    def test_of_no_one(self):
        for selectors, said in self.EMPTY:
            with self.subTest(selectors=selectors):
                args = [word for selector in selectors for word in ("--select", selector)]
                err = self.run_ok("upgrade", *args, code=2).err
                self.assertIn(said, err)
                self.assert_untouched()
                self.assertEqual(self.run_ok("upgrade", "--sql", *args, code=2).out, "")
        for selectors, _ in self.EMPTY:
            args = [word for selector in selectors for word in ("--select", selector)]
            self.run_ok("tenants", "--allow-empty", *args)

    def test_what_is_no_selector(self):
        for selector in self.FAULTS:
            with self.subTest(selector):
                err = self.run_ok("upgrade", "--select", selector, code=2).err
                self.assertIn("--select", err)
                if "with the value" not in err:
                    self.assertIn("terms are written 'tier=canary', 'tier!=canary', 'tier in (canary,free)'", err)
        for selector in ("", " ", "\t"):
            with self.subTest(selector):
                self.assertIn("--select: the value is empty", self.run_ok("upgrade", "--select", selector, code=2).err)
        self.assertIn("there is no tenant 'acme,globex'; --tenant is repeated for each name",
                      self.run_ok("upgrade", "--tenant", "acme,globex", code=2).err)
        self.assert_untouched()

    def test_every_command_that_selects(self):
        for command in (["upgrade"], ["downgrade", "base"], ["stamp", "head"], ["plan"], ["current"], ["check"], ["tenants"],
                        ["history", "-i"], ["show", "current"], ["adopt", "--from", "dbmate"]):
            with self.subTest(command):
                self.assertIn("did you mean 'tier'?", self.run_ok(*command, "--select", "teir=free", code=2).err)
        self.assert_untouched()

    def names(self, *args):
        return [tenant["name"] for tenant in json.loads(self.run_ok("tenants", "-o", "json", *args).out)]

    def test_what_selects(self):
        self.assertEqual(self.names("--select", "tier", "--select", "region=eu"), ["acme"])
        self.assertEqual(self.names("--select", "!legacy"), ["acme", "globex", "initech"])
        self.assertEqual(self.names("--select", "region in (eu,mars)"), ["acme"])
        self.assertEqual(self.names("--tenant", "acme", "--tenant", "initech"), ["acme", "initech"])
        self.assertEqual(self.names("--tenant", "acme", "--tenant", "initech", "--select", "tier"), ["acme"])
        self.assertEqual(self.names("--select", "zebra", "--allow-empty"), [])

    def test_names_and_waves_that_exclude_each_other(self):
        cases = [
            (["--tenant", "globex", "--select", "tier=canary"], "none is what --select 'tier=canary' and --tenant says together"),
            (["--tenant", "globex", "--wave", "canary"], "none is what --tenant and --wave 'canary' says together"),
            (["--wave", "canray"], "there is no wave 'canray'; did you mean 'canary'?"),
        ]
        for args, said in cases:
            for command in ("upgrade", "plan"):
                with self.subTest(args=args, command=command):
                    self.assertIn(said, self.run_ok(command, *args, code=2).err)
        self.assert_untouched()

    def test_a_tenant_that_resolve_does_not_know(self):
        err = self.run_ok("resolve", "acmee", "--done", code=2).err
        self.assertIn("there is no tenant 'acmee'; did you mean 'acme'?", err)

    def test_a_branch_that_is_not_there(self):
        self.fleet.revision("bbbb2222", "SELECT 1;", revises="", header="-- Branch Labels: billing")
        self.assertIn("no such branch: 'biling'; did you mean 'billing'?",
                      self.run_ok("upgrade", "biling@head", code=2).err)

    def test_a_fleet_of_nothing(self):
        control = self.fleet.sqlite("control", "CREATE TABLE t (name TEXT, url TEXT)")
        cases = [
            ({}, "the inventory names no tenant"),
            ({"sources": [{"glob": "data/*.sqlite"}]}, "the glob 'data/*.sqlite' finds no file"),
            ({"sources": [{"query": "SELECT name, url FROM t", "url": control["url"]}]}, "the query finds no tenant"),
        ]
        for keys, said in cases:
            with self.subTest(said):
                self.fleet.inventory([], **keys)
                self.assertIn(said, self.run_ok("upgrade", code=2).err)
                self.assertFalse(os.path.exists(self.fleet.path(".skein")))
                self.run_ok("upgrade", "--allow-empty")
                shutil.rmtree(self.fleet.path(".skein"))

    def test_a_source_that_finds_nothing_beside_others(self):
        self.fleet.inventory([self.fleet.sqlite("acme")], sources=[{"glob": "data/*.sqlite"}])
        self.run_ok("upgrade")


class DryRun(FleetCase):
    """The report of the command that would run, and nothing is written anywhere."""
    NAMES = ("acme", "globex")

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER);", down="DROP TABLE b;")
        self.fleet.inventory([self.fleet.sqlite(name) for name in self.NAMES])

    def everything(self):
        """Each file of the fleet's folder, with its bytes."""
        seen = {}
        for folder, _, names in os.walk(self.fleet.dir):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    seen[os.path.join(folder, name)] = file.read()
        return seen

    def dry(self, *args, code=0):
        before = self.everything()
        result = self.run_json(*args, "--dry-run", code=code)
        after = self.everything()
        self.assertEqual(sorted(before), sorted(after))
        self.assertEqual(before, after)
        self.assertTrue(result.report["run"]["dry_run"])
        if args[0] != "resume":
            self.assertEqual(result.report["run"]["command"], args[0])
        return result

    def steps(self, result):
        return {tenant["name"]: [(step["direction"], step["revision"]) for step in tenant["steps"]]
                for tenant in result.report["tenants"]}

    def assert_comes_true(self, *args, code=0):
        """What is done then is what was shown."""
        shown = self.dry(*args, code=code)
        done = self.run_json(*args, code=code)
        self.assertEqual(self.steps(shown), self.steps(done))
        self.assertEqual([t["to"] for t in shown.report["tenants"]], [t["to"] for t in done.report["tenants"]])
        states = [t["state"].replace("rolled_back", "succeeded") for t in done.report["tenants"]]
        self.assertEqual([t["state"] for t in shown.report["tenants"]], states)
        return shown

    def test_of_each_command_comes_true(self):
        self.assert_comes_true("upgrade", "+1")
        self.assert_comes_true("upgrade", "--tenant", "acme", "--parallel", "1")
        self.assert_comes_true("downgrade", "base")
        self.assert_comes_true("rollback")
        self.assert_comes_true("upgrade")
        self.assert_comes_true("stamp", "aaaa1111", "--force")
        self.assert_comes_true("stamp", "head", "--purge", "--on-failure", "continue")
        self.assert_comes_true("resume")

    def test_of_a_resume_begins_where_the_run_stopped(self):
        self.fleet.query("globex", "CREATE TABLE b (x INTEGER)")
        self.run_ok("upgrade", "--on-failure", "continue", code=1)
        self.fleet.query("globex", "DROP TABLE b")
        shown = self.assert_comes_true("resume")
        self.assertEqual(self.steps(shown), {"acme": [], "globex": [("up", "aaaa1111"), ("up", "bbbb2222")]})

    def test_of_adopt(self):
        for name in self.NAMES:
            self.fleet.query(name, "CREATE TABLE schema_migrations (version TEXT)")
            self.fleet.query(name, "CREATE TABLE a (id INTEGER)")
            with contextlib.closing(sqlite3.connect(self.fleet.path("data", name + ".db"))) as db, db:
                db.execute("INSERT INTO schema_migrations VALUES ('aaaa1111')")
        self.assert_comes_true("adopt", "--from", "dbmate")

    def test_of_a_tenant_that_a_run_would_make(self):
        self.fleet.inventory([{"name": "new", "url": "sqlite:///data/new.db", "create": True}])
        self.assertEqual(self.steps(self.dry("upgrade")), {"new": [("up", "aaaa1111"), ("up", "bbbb2222")]})

    def test_of_resolve(self):
        self.fleet.revision("cccc3333", "CREATE TABLE c (id INTEGER);\nSELECT * FROM missing;", options=" transaction:false")
        self.run_ok("upgrade", "--tenant", "acme", code=4)
        self.dry("resolve", "acme", "--undone", code=4)  # nothing is in doubt: the statement failed
        self.dry("resolve", "globex", "--done", code=1)
        self.dry("resolve", "acme", "--statements", "1")
        for count, then in (("1", "the next run begins with statement 2"), ("2", "the next run has no statement of it left to run")):
            self.assertIn(f"acme would be at bbbb2222 + cccc3333 (partial: {count} of 2 statements): {then}\n",
                          self.run_ok("resolve", "acme", "--statements", count, "--dry-run").out)

    def test_of_accept(self):
        self.run_ok("upgrade")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;", revises="", header="-- Changed: yes")
        self.assert_comes_true("accept", "aaaa1111")

    def test_that_cannot_be_done_says_so_as_the_run_would(self):
        self.fleet.revision("cccc3333", "SELECT 1;")  # no down section
        self.fleet.inventory([self.fleet.sqlite("acme")])
        before = self.everything()
        for args in (["upgrade", "--on-failure", "rollback"], ["upgrade", "nothing"], ["stamp", "nothing"]):
            with self.subTest(args):
                dry, run = self.run_ok(*args, "--dry-run", code=2), self.run_ok(*args, code=2)
                self.assertEqual(dry.err, run.err)
                self.assertEqual(before, self.everything())
        self.run_ok("upgrade")
        self.assertEqual(self.run_ok("downgrade", "-1", "--dry-run", code=2).err, self.run_ok("downgrade", "-1", code=2).err)
        self.assertEqual(self.run_ok("rollback", "--dry-run", code=2).err, self.run_ok("rollback", code=2).err)

    def test_needs_no_ledger_and_waits_for_none(self):
        self.run_ok("resume", "--dry-run", code=2)
        self.assertFalse(os.path.exists(self.fleet.path(".skein")))
        self.run_ok("upgrade", "aaaa1111")
        holder = sqlite3.connect(self.fleet.path(".skein", "ledger.db"), isolation_level=None)
        self.addCleanup(holder.close)
        with open(self.fleet.path(".skein", "ledger.db.lock"), "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            for args in (["upgrade"], ["downgrade", "base"], ["stamp", "base"], ["resume"], ["rollback"]):
                self.run_ok(*args, "--dry-run")

    def test_says_that_it_is_one(self):
        result = self.run_ok("upgrade", "--dry-run")
        self.assertIn("upgrade head, dry run: done", result.out)
        self.assertIn("would change  2", result.out)
        self.assertIn("upgrade head, dry run: 2 tenants", result.err)


class DryRunOnPostgres(PostgresCase):
    def dump(self):
        done = subprocess.run(["pg_dump", "-h", self.pg.dir, "-p", str(self.pg.port), "-U", "skein", "t"], check=True,
                              stdout=subprocess.PIPE, env={**os.environ, "PGPASSWORD": "superuser-secret"})
        # newer pg_dump restricts psql with a random word
        return [line for line in done.stdout.splitlines() if not line.startswith((b"\\restrict", b"\\unrestrict"))]

    def test_changes_nothing_and_comes_true(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id integer);", down="DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE INDEX CONCURRENTLY ix_a ON a (id);", options=" transaction:false",
                            down="DROP INDEX ix_a;")
        self.fleet.inventory(self.pg.create("t"))
        for args in (["upgrade"], ["downgrade", "-1"], ["rollback"], ["stamp", "aaaa1111"], ["resume"], ["downgrade", "base"]):
            with self.subTest(args):
                before = self.dump()
                shown = self.run_json(*args, "--dry-run").tenant("t")
                self.assertEqual(self.dump(), before)
                done = self.run_json(*args).tenant("t")
                for key in ("from", "to"):
                    self.assertEqual(shown[key], done[key])


class Above(FleetCase):
    """A target below where tenants stand: an upgrade leaves them there, and no one shall believe that a downgrade would."""

    def setUp(self):
        super().setUp()
        for id_ in ("aaaa1111", "bbbb2222", "cccc3333"):
            self.fleet.revision(id_, f"CREATE TABLE {id_} (id INTEGER);", down=f"DROP TABLE {id_};")
        self.fleet.inventory([self.fleet.sqlite(name) for name in ("acme", "globex", "initech")])
        self.run_ok("upgrade", "aaaa1111")
        self.run_ok("upgrade", "--tenant", "acme", "--tenant", "globex")

    def test_is_told_by_a_plan(self):
        for target, count, rest in (("base", 3, None), ("aaaa1111", 2, "would stay   1"), ("bbbb2222", 2, "would change  1")):
            said = (f"{count} tenants stand above {target}: 'skein downgrade {target}' would take them there; "
                    "an upgrade leaves them")
            for args in (["plan", target], ["upgrade", target, "--dry-run"]):
                with self.subTest(args):
                    out = self.run_ok(*args).out
                    self.assertIn(said, out)
                    self.assertRegex(out, rf"stand above +{count}\n")
                    self.assertEqual("would stay" in out, target == "aaaa1111")
                    above = [t["name"] for t in self.run_json(*args).report["tenants"] if t.get("stands_above")]
                    self.assertEqual(len(above), count)

    def test_is_told_by_a_run(self):
        said = "1 tenant stands above aaaa1111: 'skein downgrade aaaa1111' would take it there; an upgrade leaves it"
        self.assertIn(said, self.run_ok("upgrade", "aaaa1111", "--tenant", "acme").err)
        self.assertEqual(self.fleet.versions("acme"), ["cccc3333"])

    def test_is_not_told_of_who_stands_there_or_elsewhere(self):
        self.fleet.revision("dddd4444", "SELECT 1;", revises="aaaa1111", header="-- Branch Labels: side")
        for target in ("cccc3333", "heads", "side@head"):
            self.assertNotIn("above", self.run_ok("plan", target).out)


class Waves(FleetCase):
    """A wave that takes no one was meant for someone."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);")

    def fleet_of(self, *waves, **keys):
        tenants = [{**self.fleet.sqlite(name), "labels": {"tier": tier}}
                   for name, tier in (("acme", "canary"), ("globex", "free"))]
        self.fleet.inventory(tenants, rollout={"waves": list(waves)}, **keys)

    def refused(self, *args, says):
        err = self.run_ok(*args, code=2).err
        self.assertRegex(err, r"skein.yaml:\d+: wave '\w+' takes no tenant: ")
        self.assertIn(says, err)
        self.assertIn("'optional: true' in the wave allows it", err)
        self.assertEqual(self.fleet.tables("acme"), set())

    def test_that_take_no_one(self):
        rest = {"name": "rest"}
        for select, says in (
                ("tier=canry", "no tenant has the label 'tier' with the value 'canry'; there are canary, free; did you mean 'canary'?"),
                ("teir=canary", "no tenant has a label 'teir'; there is tier; did you mean 'tier'?"),
                ("tier=canary,name=globex", "of those that earlier waves leave, none is what 'tier=canary,name=globex' says"),
                ("tier notin (canary,free)", "none is what 'tier notin (canary,free)' says")):
            with self.subTest(select=select):
                self.fleet_of({"name": "early", "select": select}, rest)
                for command in (["upgrade"], ["plan"], ["stamp", "head"]):
                    self.refused(*command, says=says)
        self.fleet_of({"name": "all"}, rest)
        self.refused("upgrade", says="wave 'rest' takes no tenant: earlier waves take all")

    def test_one_that_may(self):
        self.fleet_of({"name": "early", "select": "tier=gold", "optional": True}, {"name": "rest"})
        report = self.run_json("upgrade").report
        self.assertEqual([(wave["name"], wave["tenants"]) for wave in report["waves"]], [("early", 0), ("rest", 2)])
        self.fleet.write("skein.yaml", "rollout:\n  waves:\n  - {name: a, optional: perhaps}\n")
        self.assertIn("skein.yaml:3: wave 'a': 'optional' must be 'false' or 'true'", self.run_ok("upgrade", code=2).err)

    def test_of_a_part_of_the_fleet(self):
        self.fleet_of({"name": "early", "select": "tier=canary"}, {"name": "rest", "select": "tier=free"})
        report = self.run_json("upgrade", "--tenant", "globex").report
        self.assertEqual([(wave["name"], wave["tenants"]) for wave in report["waves"]], [("early", 0), ("rest", 1)])
        self.assertRegex(self.run_ok("upgrade", "--select", "tier=free").out, r"early .* 0 ")

    def test_that_a_run_goes_on_with(self):
        self.fleet_of({"name": "early", "select": "tier=canary"}, {"name": "rest"})
        self.fleet.revision("bbbb2222", "SELECT 1; SELECT nosuch;")
        self.run_ok("upgrade", code=1)
        self.fleet_of({"name": "earlier", "select": "tier=gold"}, {"name": "rest"})
        self.fleet.revision("bbbb2222", "SELECT 1;", revises="aaaa1111")
        self.run_ok("resume", "--accept-chain-change")

    def test_those_who_only_look_have_none(self):
        self.fleet_of({"name": "early", "select": "tier=gold"}, {"name": "rest"})
        for command in (["tenants"], ["current"], ["history"], ["check", "--chain"]):
            self.run_ok(*command)


if __name__ == "__main__":
    main()
