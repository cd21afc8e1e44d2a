"""Whose run it is and whose database: what `rollback`, `resume`, `runs` and `report` go by where several
inventories share a ledger, and where a tenant is not, or no longer, what a run changed."""
import json
import os
import shutil
import sqlite3
import contextlib

from harness import FleetCase, PostgresCase, main


class LineageCase(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id INTEGER PRIMARY KEY);", "DROP TABLE b;")

    def make_inventory(self, name, tenants, **keys):
        self.fleet.write(name, json.dumps({**keys, "tenants": tenants}))
        return name

    def start_at(self, inventory, *args, code=0):
        return self.run_json(*args, code=code, inventory=inventory).report

    def runs(self, inventory="skein.yaml", *args):
        return [run["id"] for run in
                json.loads(self.run_ok("runs", "-o", "json", *args, inventory=inventory).out)]

    def sql(self, name, text):
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", f"{name}.db"))) as db:
            db.executescript(text)

    def copy(self, name, to):
        shutil.copy(self.fleet.path("data", f"{name}.db"), self.fleet.path("data", f"{to}.db"))

    def assert_refused(self, report, name, code):
        tenant = next(t for t in report["tenants"] if t["name"] == name)
        self.assertEqual((tenant["state"], tenant["error"]["code"]), ("rollback_failed", code))
        self.assertEqual(tenant["steps"], [])


class TwoInventories(LineageCase):
    """They lie in one folder, and so share the ledger."""

    def setUp(self):
        super().setUp()
        for name in ("prod", "staging"):
            tenant = {**self.fleet.sqlite(name), "name": "acme"}
            self.make_inventory(f"{name}.yaml", [tenant])
            self.start_at(f"{name}.yaml", "upgrade", "aaaa1111")
        self.prod = self.start_at("prod.yaml", "upgrade")["run"]["id"]
        self.staging = self.start_at("staging.yaml", "upgrade")["run"]["id"]

    def test_the_newest_run_is_the_newest_of_the_inventory(self):
        self.assertEqual(self.runs("prod.yaml")[0], self.prod)
        self.assertEqual(len(self.runs("prod.yaml")), 2)
        self.assertEqual(len(self.runs("prod.yaml", "--all")), 4)
        kept = self.run_ok("report", "-o", "json", inventory="prod.yaml").report
        self.assertEqual(kept["run"]["id"], self.prod)
        resumed = self.start_at("prod.yaml", "resume")
        self.assertEqual(resumed["run"]["resumed_from"], self.prod)
        back = self.start_at("prod.yaml", "rollback")
        self.assertEqual(back["totals"]["rolled_back"], 1)
        self.assertEqual(self.fleet.versions("prod"), ["aaaa1111"])
        self.assertEqual(self.fleet.tables("prod"), {"a"})
        self.assertEqual(self.fleet.versions("staging"), ["bbbb2222"])

    def test_a_run_of_another_is_taken_by_name_and_never_in_databases_that_it_did_not_change(self):
        result = self.run_json("rollback", self.staging, code=4, inventory="prod.yaml")
        self.assertIn("another inventory (../staging.yaml)", result.err)
        self.assert_refused(result.report, "acme", "no_trace")
        self.assertEqual(self.fleet.tables("prod"), {"a", "b"})
        self.assertEqual(self.fleet.tables("staging"), {"a", "b"})
        self.assertEqual(self.start_at("staging.yaml", "rollback")["totals"]["rolled_back"], 1)
        self.assertEqual(self.fleet.tables("staging"), {"a"})

    def test_the_inventory_is_the_same_by_any_path_and_after_a_move(self):
        os.symlink("prod.yaml", self.fleet.path("link.yaml"))
        self.assertEqual(self.runs("link.yaml")[0], self.prod)
        self.assertEqual(self.runs("versions/../prod.yaml")[0], self.prod)
        moved = self.fleet.dir + "-moved"
        os.rename(self.fleet.dir, moved)
        self.fleet.dir = moved
        self.assertEqual(self.runs("prod.yaml")[0], self.prod)
        self.assertEqual(self.start_at("prod.yaml", "rollback")["totals"]["rolled_back"], 1)

    def test_a_sweep_forgets_only_runs_of_the_inventory(self):
        self.run_ok("forget", "--keep", "1", inventory="prod.yaml")
        self.assertEqual(self.runs("prod.yaml"), [self.prod])
        self.assertEqual(len(self.runs("staging.yaml")), 2)
        self.run_ok("forget", "--keep", "1", "--all", inventory="prod.yaml")
        self.assertEqual(self.runs("prod.yaml", "--all"), [self.staging])
        self.assertIn("of other inventories", self.run_ok("rollback", inventory="prod.yaml", code=2).err)
        self.assertIn("--all", self.run_ok("runs", inventory="prod.yaml").out)

    def test_runs_of_an_older_skein_are_known_by_their_tenants(self):
        with contextlib.closing(sqlite3.connect(self.fleet.path(".skein", "ledger.db"))) as db:
            db.executescript("ALTER TABLE runs DROP COLUMN inventory;"
                             "ALTER TABLE runs DROP COLUMN purges;"
                             "ALTER TABLE run_tenants DROP COLUMN reached;"
                             "PRAGMA user_version = 1")
        self.assertEqual(self.runs("prod.yaml")[0], self.prod)
        self.assertEqual(self.start_at("prod.yaml", "rollback")["totals"]["rolled_back"], 1)
        self.assertEqual(self.fleet.versions("prod"), ["aaaa1111"])
        self.assertEqual(self.fleet.versions("staging"), ["bbbb2222"])


class Checkouts(LineageCase):
    def test_a_checkout_at_another_path_beside_a_ledger_that_stays_is_the_same_inventory(self):
        tenant = self.fleet.sqlite("acme")
        tenant["url"] = "sqlite:///" + self.fleet.path("data", "acme.db")
        other = {**self.fleet.sqlite("other"), "name": "acme"}
        other["url"] = "sqlite:///" + self.fleet.path("data", "other.db")
        for place, tenants in (("one", [tenant]), ("two", [tenant]), ("three", [other])):
            shutil.copytree(self.fleet.path("versions"), self.fleet.path(place, "versions"))
            self.make_inventory(f"{place}/skein.yaml", tenants,
                                ledger=self.fleet.path("kept", "ledger.db"))
        first = self.start_at("one/skein.yaml", "upgrade")["run"]["id"]
        third = self.start_at("three/skein.yaml", "upgrade")["run"]["id"]
        self.assertEqual(self.runs("two/skein.yaml"), [first])
        self.assertEqual(self.runs("three/skein.yaml"), [third])
        self.start_at("two/skein.yaml", "rollback")
        self.assertEqual(self.fleet.tables("acme"), set())
        self.assertEqual(self.fleet.tables("other"), {"a", "b"})


class OtherDatabases(LineageCase):
    def upgrade(self, **keys):
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")], **keys)
        return self.run_json("upgrade").report["run"]["id"]

    def point_t0_at(self, name, **keys):
        self.fleet.inventory([{"name": "t0", "url": f"sqlite:///data/{name}.db"},
                              {"name": "t1", "url": "sqlite:///data/t1.db"}], **keys)

    def test_a_tenant_whose_url_names_another_database_does_not_go_back(self):
        stranger = self.fleet.sqlite("stranger")
        self.make_inventory("theirs.yaml", [stranger], ledger=".theirs/ledger.db")
        for level, state in (("bbbb2222", {"a", "b"}), ("aaaa1111", {"a"})):
            with self.subTest(level):
                self.run_ok("upgrade" if level == "bbbb2222" else "downgrade", level,
                            inventory="theirs.yaml")
                self.upgrade()
                self.point_t0_at("stranger")
                report = self.run_json("rollback", code=4).report
                self.assert_refused(report, "t0", "no_trace")
                self.assertEqual(report["totals"]["rolled_back"], 1)
                self.assertEqual(self.fleet.tables("stranger"), state)
                self.point_t0_at("t0")
                back = self.run_json("rollback").report  # the right one again
                self.assertEqual(back["totals"]["rolled_back"], 1)
                self.assertEqual(self.fleet.tables("t0"), set())

    def test_one_that_stands_as_before_is_no_less_another_database(self):
        self.upgrade()
        self.fleet.sqlite("empty")
        self.point_t0_at("empty")
        self.assert_refused(self.run_json("rollback", code=4).report, "t0", "no_trace")

    def test_a_file_in_the_place_of_the_tenant_is_not_taken_back(self):
        theirs = self.fleet.sqlite("theirs")
        self.make_inventory("theirs.yaml", [theirs], ledger=".theirs/ledger.db")
        self.run_ok("upgrade", inventory="theirs.yaml")
        for keys in ({}, {"defaults": {"rollback_by": "snapshot"}}):
            with self.subTest(keys):
                self.upgrade(**keys)
                self.copy("theirs", "t0")
                dry = self.run_json("rollback", "--dry-run", code=4).report
                self.assertEqual(dry["totals"]["failed"], 1)
                self.assert_refused(self.run_json("rollback", code=4).report, "t0", "no_trace")
                self.assertEqual(self.fleet.tables("t0"), {"a", "b"})
                self.fleet.sqlite("t0", "DROP TABLE a; DROP TABLE b; DROP TABLE skein_history;"
                                        "DROP TABLE alembic_version")

    def test_a_copy_is_not_put_over_what_others_did_since(self):
        self.upgrade(defaults={"rollback_by": "snapshot"})
        first = self.runs()[0]
        for target in ("downgrade", "upgrade"):  # it stands where the first run left it
            self.run_ok(target, "aaaa1111" if target == "downgrade" else "head", "--tenant", "t0")
        self.sql("t0", "INSERT INTO b VALUES (7)")
        self.assert_refused(self.run_json("rollback", first, code=4).report, "t0", "moved_on")
        self.assertEqual(self.fleet.query("t0", "SELECT id FROM b"), [(7,)])

    def test_what_another_run_applied_again_is_not_taken_back(self):
        first = self.upgrade()
        self.run_ok("downgrade", "aaaa1111", "--tenant", "t0")
        self.run_ok("upgrade", "--tenant", "t0")
        report = self.run_json("rollback", first, code=4).report
        self.assert_refused(report, "t0", "moved_on")
        self.assertEqual(report["totals"]["rolled_back"], 1)
        self.assertEqual(self.fleet.tables("t0"), {"a", "b"})

    def test_a_tenant_that_was_restored_has_nothing_to_take_back(self):
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")])
        self.run_ok("upgrade", "aaaa1111")
        self.copy("t0", "backup")
        self.run_ok("upgrade")
        self.copy("backup", "t0")
        report = self.run_json("rollback").report
        self.assertEqual(report["totals"]["rolled_back"], 2)
        self.assertEqual(self.fleet.tables("t0"), {"a"})

    def test_a_rollback_that_was_cut_short_goes_on_by_copies_too(self):
        self.upgrade(defaults={"rollback_by": "snapshot"})
        self.run_ok("rollback", env={"SKEIN_FAILPOINT": "close:3=kill"}, code=-9)
        report = self.run_json("resume").report
        self.assertEqual(report["totals"]["rolled_back"], 2)
        self.assertEqual(self.fleet.tables("t0"), set())


class OtherServers(PostgresCase, LineageCase):
    def test_a_database_in_the_place_of_the_tenant_is_not_taken_back(self):
        tenants = self.pg.create("own", "theirs")
        self.make_inventory("theirs.yaml", tenants[1:], ledger=".theirs/ledger.db")
        self.fleet.inventory(tenants[:1])
        self.run_ok("upgrade", inventory="theirs.yaml")
        self.run_ok("upgrade")
        self.pg.sql("postgres", "ALTER DATABASE own RENAME TO aside")
        self.pg.sql("postgres", "ALTER DATABASE theirs RENAME TO own")
        self.assert_refused(self.run_json("rollback", code=4).report, "own", "no_trace")
        self.assertEqual(self.pg.tables("own"), {"a", "b"})
        self.fleet.inventory([{"name": "own", "url": self.pg.url("aside")}])  # it was renamed
        self.assertEqual(self.run_json("rollback").report["totals"]["rolled_back"], 1)
        self.assertEqual(self.pg.tables("aside"), set())

    def test_the_way_back_of_the_same_run_goes_by_its_own_trace(self):
        tenants = self.pg.create("one", "two")
        self.fleet.inventory(tenants)
        self.run_ok("upgrade", "aaaa1111")
        self.pg.sql("two", "CREATE TABLE b (x int)")
        self.run_ok("upgrade", "--on-failure", "rollback", "--parallel", "1", code=3)
        self.assertEqual(self.pg.tables("one"), {"a"})


if __name__ == "__main__":
    main()
