"""Safe hands: a typo never does more than was meant, and is told with what was meant."""
import json
import os
import shutil

from harness import FleetCase, main


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
        ]
        for args, said, meant in cases:
            with self.subTest(args=args):
                err = self.run_ok(*args, code=2).err
                self.assertIn(said, err)
                self.assertIn(f"did you mean {meant}?", err)
        self.assert_untouched()

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

    def test_free_keys_of_a_revision_stay_free(self):
        self.fleet.revision("bbbb2222", "SELECT 1;", header="-- Ticket: 7\n-- Reviewed-by: x\n-- Review: y")
        self.run_ok("upgrade")

    def test_a_mistyped_variable_is_a_warning(self):
        result = self.run_ok("heads", env={"SKEIN_PARALEL": "3"})
        self.assertIn("'SKEIN_PARALEL' in the environment is no variable of skein's; did you mean 'SKEIN_PARALLEL'?",
                      result.err)

    def test_an_empty_variable_counts_as_not_set(self):
        result = self.run_ok("upgrade", env={"SKEIN_ON_FAILURE": "", "SKEIN_PARALLEL": ""})
        self.assertNotIn("SKEIN_", result.err)


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
                self.assertIn("--select: '", self.run_ok("upgrade", "--select", selector, code=2).err)
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


if __name__ == "__main__":
    main()
