"""Safe hands: a typo never does more than was meant, and is told with what was meant."""
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


if __name__ == "__main__":
    main()
