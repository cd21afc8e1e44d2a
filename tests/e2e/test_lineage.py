"""Whose run it is and whose database: what `rollback`, `resume`, `runs` and `report` go by where several
inventories share a ledger, and where a tenant is not, or no longer, what a run changed."""
import glob
import json
import os
import shutil
import signal
import sqlite3
import contextlib

from harness import FleetCase, PostgresCase, main, wait_until


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
            db.executescript("UPDATE runs SET inventory = NULL")
        self.assertEqual(self.runs("prod.yaml")[0], self.prod)
        self.assertEqual(self.start_at("prod.yaml", "rollback")["totals"]["rolled_back"], 1)
        self.assertEqual(self.fleet.versions("prod"), ["aaaa1111"])
        self.assertEqual(self.fleet.versions("staging"), ["bbbb2222"])


class Forgotten(LineageCase):
    def test_where_a_tenant_stood_is_read_from_its_history_where_the_ledger_has_lost_it(self):
        """A server that came back without its last commits knows the tenant's end, and not its beginning."""
        self.make_inventory("skein.yaml", [self.fleet.sqlite("acme"), self.fleet.sqlite("hooli")])
        self.start_at("skein.yaml", "upgrade", "aaaa1111", "--tenant", "acme")
        self.start_at("skein.yaml", "upgrade")
        with contextlib.closing(sqlite3.connect(self.fleet.path(".skein", "ledger.db"))) as db:
            db.executescript("UPDATE run_tenants SET before = NULL, goal = NULL")
        shown = self.start_at("skein.yaml", "rollback", "--dry-run")
        self.assertEqual({t["name"]: [s["revision"] for s in t["steps"]] for t in shown["tenants"]},
                         {"acme": ["bbbb2222"], "hooli": ["bbbb2222", "aaaa1111"]})
        back = self.start_at("skein.yaml", "rollback")
        self.assertEqual(back["totals"]["rolled_back"], 2)
        self.assertEqual(self.fleet.tables("acme"), {"a"})
        self.assertEqual(self.fleet.versions("acme"), ["aaaa1111"])
        self.assertEqual(self.fleet.tables("hooli"), set())

    def test_such_a_rollback_that_stops_half_way_goes_on(self):
        self.make_inventory("skein.yaml", [{**self.fleet.sqlite("hooli"), "transaction": "each"}])
        self.start_at("skein.yaml", "upgrade")
        with contextlib.closing(sqlite3.connect(self.fleet.path(".skein", "ledger.db"))) as db:
            db.executescript("UPDATE run_tenants SET before = NULL, goal = NULL")
        self.sql("hooli", "ALTER TABLE a RENAME TO x")
        self.start_at("skein.yaml", "rollback", code=4)
        self.assertEqual(self.fleet.versions("hooli"), ["aaaa1111"])
        self.sql("hooli", "ALTER TABLE x RENAME TO a")
        self.assertEqual(self.start_at("skein.yaml", "resume")["totals"]["rolled_back"], 1)
        self.assertEqual(self.fleet.tables("hooli"), set())


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
                self.assert_refused(self.run_json("rollback", code=4).report, "t0", "no_trace")
                self.assertEqual(self.fleet.tables("stranger"), state)
                self.point_t0_at("t0")
                back = self.run_json("rollback").report  # the right one again
                self.assertEqual(back["totals"]["rolled_back"], 1)
                self.assertEqual(self.fleet.tables("t0"), set())

    def test_one_that_stands_as_before_is_no_less_another_database(self):
        self.upgrade()
        self.fleet.sqlite("empty")
        self.point_t0_at("empty")
        for _ in range(2):
            self.assert_refused(self.run_json("rollback", code=4).report, "t0", "no_trace")

    def test_another_tenant_s_database_is_not_taken_back_for_this_one(self):
        """Its history holds the run too, but the copy and the way back are those of the other one."""
        for keys in ({}, {"defaults": {"rollback_by": "snapshot"}}):
            for url in ("sqlite:///data/t1.db", "sqlite:///./link/../data/t1.db",
                        "sqlite:////" + self.fleet.path("data/t1.db").lstrip("/")):
                with self.subTest(keys=keys, url=url):
                    for name in ("t0", "t1"):
                        with contextlib.suppress(FileNotFoundError):
                            os.unlink(self.fleet.path("data", f"{name}.db"))
                    os.makedirs(self.fleet.path("link"), exist_ok=True)
                    self.upgrade(**keys)
                    self.sql("t1", "INSERT INTO b VALUES (7)")
                    self.fleet.inventory([{"name": "t0", "url": url}], **keys)
                    dry = self.run_json("rollback", "--dry-run", code=4).report
                    self.assertEqual(dry["tenants"][-1]["error"]["code"], "no_trace")
                    for again in ("rollback", "rollback", "resume"):  # the place of the change counts
                        report = self.run_json(again, code=4).report
                        self.assert_refused(report, "t0", "no_trace")
                    self.assertIn("changed tenant 't1'", report["tenants"][-1]["error"]["message"])
                    self.assertEqual(self.fleet.query("t1", "SELECT id FROM b"), [(7,)])
                    self.upgrade(**keys)
                    self.run_json("rollback")  # each is in its own place again

    def test_names_that_were_swapped(self):
        self.upgrade()
        self.fleet.inventory([{"name": "t0", "url": "sqlite:///data/t1.db"},
                              {"name": "t1", "url": "sqlite:///data/t0.db"}])
        report = self.run_json("rollback", code=4).report
        for name in ("t0", "t1"):
            self.assert_refused(report, name, "no_trace")
            self.assertEqual(self.fleet.tables(name), {"a", "b"})

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

    def test_what_others_had_applied_before_a_resume_is_not_taken_back_by_it(self):
        """The run began with one database and was resumed with another, which stood elsewhere."""
        for keys in ({}, {"defaults": {"rollback_by": "snapshot"}}):
            with self.subTest(keys):
                for name in ("t0", "t1", "theirs"):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(self.fleet.path("data", f"{name}.db"))
                theirs = self.fleet.sqlite("theirs")
                self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")], **keys)
                self.make_inventory("theirs.yaml", [theirs], ledger=".theirs/ledger.db")
                self.run_ok("upgrade", "--parallel", "1", code=-9,
                            env={"SKEIN_FAILPOINT": "apply:1=kill"})
                self.run_ok("upgrade", "aaaa1111", inventory="theirs.yaml")
                self.sql("theirs", "INSERT INTO a VALUES (7)")
                self.point_t0_at("theirs", **keys)
                self.run_ok("resume")
                self.assertEqual(self.fleet.tables("theirs"), {"a", "b"})
                code = 0 if keys else 4
                back = self.run_json("rollback", code=code)
                self.assertEqual(back.tenant("t1")["state"], "rolled_back")
                self.assertEqual(self.fleet.query("theirs", "SELECT id FROM a"), [(7,)])

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
        self.run_ok("rollback", env={"SKEIN_FAILPOINT": "release:3=kill"}, code=-9)
        report = self.run_json("resume").report
        self.assertEqual(report["totals"]["rolled_back"], 2)
        self.assertEqual(self.fleet.tables("t0"), set())


    def test_a_damaged_copy_is_not_put_over_a_sound_database(self):
        self.fleet.inventory([self.fleet.sqlite("t0", "CREATE TABLE kept (x TEXT)")],
                             defaults={"rollback_by": "snapshot"})
        self.sql("t0", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
                       "INSERT INTO kept SELECT hex(zeroblob(200)) FROM n")
        self.run_ok("upgrade")
        copy, = glob.glob(self.fleet.path(".skein", "snapshots", "*", "*.db"))
        with open(copy, "rb") as file:
            sound = file.read()
        for damaged in (sound[:4096] + bytes(len(sound) - 4096), sound[:len(sound) // 2], b"text" * 2000, b""):
            with open(copy, "wb") as file:
                file.write(damaged)
            tenant = self.run_json("rollback", code=4).tenant("t0")
            self.assertEqual(tenant["state"], "rollback_failed")
            self.assertIn("the snapshot '", tenant["error"]["message"])
            self.assertEqual(self.fleet.query("t0", "SELECT count(*) FROM kept"), [(200,)])
        with open(copy, "wb") as file:
            file.write(sound)
        self.run_json("rollback")
        self.assertEqual(self.fleet.tables("t0"), {"kept"})


class OtherServers(PostgresCase, LineageCase):
    def test_another_tenant_s_schema_is_not_taken_back_for_this_one(self):
        tenant, = self.pg.create("shared")
        self.pg.sql("shared", "CREATE SCHEMA one; CREATE SCHEMA two")
        self.fleet.inventory([{**tenant, "name": "one", "schema": "one"}, {**tenant, "name": "two", "schema": "two"}])
        self.run_ok("upgrade")
        self.fleet.inventory([{**tenant, "name": "one", "schema": "two"}])
        self.assert_refused(self.run_json("rollback", code=4).report, "one", "no_trace")
        self.assertEqual(self.pg.tables("shared", "two"), {"a", "b"})

    def test_another_tenant_s_database_by_another_name_of_its_host(self):
        here, there = self.pg.create("here", "there")
        self.fleet.inventory([here, there])
        self.run_ok("upgrade")
        self.fleet.inventory([{**here, "url": there["url"].replace("127.0.0.1", "LocalHost")}])
        self.assert_refused(self.run_json("rollback", code=4).report, "here", "no_trace")
        self.assertEqual(self.pg.tables("there"), {"a", "b"})

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


class FallenBack(LineageCase):
    def test_a_tenant_that_was_restored_stays_regressed_in_every_resume(self):
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")])
        self.run_ok("upgrade", "aaaa1111")
        self.copy("t0", "backup")
        self.run_ok("upgrade")
        self.copy("backup", "t0")
        for _ in range(3):
            tenant = self.run_json("resume", code=1).tenant("t0")
            self.assertEqual((tenant["state"], tenant["error"]["code"]), ("failed", "regressed"))
            self.assertEqual(tenant["to"], ["aaaa1111"])
            self.assertEqual(self.fleet.tables("t0"), {"a"})
        os.rename(self.fleet.path("data", "t0.db"), self.fleet.path("data", "away.db"))
        self.run_json("resume", code=1)  # no one can look
        os.rename(self.fleet.path("data", "away.db"), self.fleet.path("data", "t0.db"))
        self.assertEqual(self.run_json("resume", code=1).tenant("t0")["error"]["code"], "regressed")
        first = self.runs()[-2]
        self.run_ok("upgrade", "--tenant", "t0")
        self.assertEqual(self.run_json("resume", first).report["totals"]["unchanged"], 2)

    def test_one_of_which_a_part_was_committed_too(self):
        self.fleet.revision("cccc3333", "INSERT INTO nowhere VALUES (1);")
        self.fleet.inventory([self.fleet.sqlite("t0")], defaults={"transaction": "each"})
        self.run_ok("upgrade", code=1)
        self.assertEqual(self.fleet.tables("t0"), {"a", "b"})
        self.sql("t0", "DROP TABLE b; UPDATE alembic_version SET version_num = 'aaaa1111'")
        for _ in range(2):
            tenant = self.run_json("resume", code=1).tenant("t0")
            self.assertEqual(tenant["error"]["code"], "regressed")


class NotReached(LineageCase):
    """What an earlier run of the rollout left, in the report of a resume that did not come to it."""

    def make(self, waves=True):
        self.fleet.revision("cccc3333", "CREATE TABLE c (id INTEGER PRIMARY KEY);\n"
                                        "CREATE TABLE guard (x);", "DROP TABLE c; DROP TABLE guard;",
                            options=" transaction:false")
        first = self.fleet.sqlite("t0", "CREATE TABLE guard (x)")
        second = self.fleet.sqlite("t1", "CREATE TABLE guard (x)")
        self.fleet.inventory([first, second, self.fleet.sqlite("t2")],
                             rollout={"parallel": 1, "on_failure": "stop"})

    def test_a_tenant_that_cannot_be_looked_at_stays_partial(self):
        self.make()
        self.run_ok("upgrade", "--tenant", "t0", code=4)
        os.rename(self.fleet.path("data", "t0.db"), self.fleet.path("data", "away.db"))
        for _ in range(2):
            resumed = self.run_json("resume", code=4)
            tenant = resumed.tenant("t0")
            self.assertEqual((tenant["state"], tenant["to"]), ("partial", None))
            self.assertEqual(tenant["error"]["class"], "connect")
        os.rename(self.fleet.path("data", "away.db"), self.fleet.path("data", "t0.db"))
        self.fleet.query("t0", "DROP TABLE guard")
        self.run_ok("resume")
        self.assertEqual(self.fleet.versions("t0"), ["cccc3333"])

    def test_a_halt_keeps_what_is_known_in_report_ledger_and_exit_code(self):
        self.make()
        self.run_ok("upgrade", "--on-failure", "continue", code=4)
        os.rename(self.fleet.path("data", "t0.db"), self.fleet.path("data", "away.db"))
        resumed = self.run_json("resume", code=4)
        self.assertEqual(resumed.report["run"]["state"], "halted")
        tenant = resumed.tenant("t1")
        self.assertEqual(tenant["state"], "partial")
        self.assertEqual(tenant["from"], [])
        self.assertEqual(tenant["to"], ["bbbb2222"])
        self.assertEqual(tenant["error"]["code"], "not_reached")
        done = resumed.tenant("t2")
        self.assertEqual((done["state"], done["to"]), ("skipped", ["cccc3333"]))
        read = json.loads(self.run_ok("report", "-o", "json").out)
        self.assertEqual(read, resumed.report)
        totals = json.loads(self.run_ok("runs", "-o", "json").out)[0]["totals"]
        self.assertEqual({key: totals[key] for key in read["totals"]}, read["totals"])
        again = self.run_json("resume", code=4)  # and over a second one
        self.assertEqual(again.tenant("t1")["state"], "partial")
        text = self.run_ok("report").out
        self.assertNotIn("never begun", text)
        self.assertIn("did not come to it", text)

    def test_what_was_in_doubt_stays_so(self):
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")],
                             rollout={"parallel": 1})
        self.run_ok("upgrade", code=-9, env={"SKEIN_FAILPOINT": "commit:2=kill"})
        killed = self.run_json_report()
        self.assertEqual([(t["state"], t["to"]) for t in killed["tenants"]],
                         [("in_doubt", None), ("in_doubt", None)]
                         if killed["totals"]["in_doubt"] == 2 else
                         [("succeeded", ["bbbb2222"]), ("in_doubt", None)])
        self.assertIn("unknown", self.run_ok("report", "-v").out)
        os.rename(self.fleet.path("data", "t0.db"), self.fleet.path("data", "away.db"))
        tenant = self.run_json("resume", code=4).tenant("t1")
        self.assertEqual((tenant["state"], tenant["from"], tenant["to"]), ("in_doubt", [], None))
        os.rename(self.fleet.path("data", "away.db"), self.fleet.path("data", "t0.db"))
        self.assertEqual(self.run_json("resume").tenant("t1")["to"], ["bbbb2222"])

    def run_json_report(self):
        return json.loads(self.run_ok("report", "-o", "json").out)

    def test_a_rollback_by_policy_that_ends_with_4_names_who(self):
        self.make()
        self.run_ok("upgrade", "--on-failure", "continue", code=4)
        os.rename(self.fleet.path("data", "t0.db"), self.fleet.path("data", "away.db"))
        resumed = self.run_json("resume", "--on-failure", "rollback", code=4)
        self.assertEqual(resumed.report["run"]["state"], "rollback_failed")
        self.assertEqual(resumed.tenant("t1")["state"], "partial")

    def test_what_must_be_finished_first_is_said_and_leads_back(self):
        self.make()
        first = self.run_json("upgrade", "--on-failure", "continue", code=4).report["run"]["id"]
        refused = self.run_ok("rollback", code=2).err
        self.assertIn("'skein upgrade cccc3333 --tenant t1'", refused)
        self.assertIn(f"'skein rollback {first}'", refused)
        self.assertNotEqual(self.fleet.tables("t2"), set())
        self.sql("t0", "DROP TABLE guard")
        self.sql("t1", "DROP TABLE guard")
        for name in ("t0", "t1"):
            self.run_ok("upgrade", "cccc3333", "--tenant", name)
            self.run_ok("rollback")
        self.assertEqual(self.run_json("rollback", first).report["totals"]["rolled_back"], 3)
        for name in ("t0", "t1", "t2"):
            self.assertEqual(self.fleet.tables(name), set())

    def test_a_resume_finishes_what_its_run_left_and_then_it_goes_back(self):
        self.make()
        first = self.run_json("upgrade", "--on-failure", "continue", code=4).report["run"]["id"]
        self.assertIn(f"finish it first with 'skein resume {first}', then say 'skein rollback {first}'", self.run_ok("rollback", code=2).err)
        self.sql("t0", "DROP TABLE guard")
        self.sql("t1", "DROP TABLE guard")
        self.run_ok("resume", first)
        self.assertEqual(self.run_json("rollback", first).report["totals"]["rolled_back"], 3)
        for name in ("t0", "t1", "t2"):
            self.assertEqual(self.fleet.tables(name), set())

    def test_whoever_resumes_a_run_whose_rollback_is_not_done_goes_on_going_back(self):
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(3)],
                             rollout={"parallel": 1})
        first = self.run_json("upgrade").report["run"]["id"]
        self.run_ok("rollback", code=-9, env={"SKEIN_FAILPOINT": "commit:2=kill"})
        resumed = self.run_json("resume", first).report
        self.assertEqual(resumed["run"]["command"], "rollback")
        for i in range(3):
            self.assertEqual(self.fleet.tables(f"t{i}"), set())


class SaysWhatIsSo(LineageCase):
    def test_a_dry_run_says_what_a_rollback_by_copies_would_do(self):
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")],
                             defaults={"rollback_by": "snapshot"})
        self.run_ok("upgrade")
        dry = self.run_json("rollback", "--dry-run")
        self.assertEqual(dry.report["totals"]["succeeded"], 2)
        self.assertEqual((dry.tenant("t0")["from"], dry.tenant("t0")["to"]), (["bbbb2222"], []))
        text = self.run_ok("rollback", "--dry-run").out
        self.assertIn("would change  2", text)
        self.assertIn("is put back", text)
        self.assertEqual(self.fleet.tables("t0"), {"a", "b"})
        self.assertEqual(self.run_json("rollback").report["totals"]["rolled_back"], 2)
        self.assertEqual(self.fleet.tables("t0"), set())

    def test_a_resumed_stamp_still_purges(self):
        junk = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);" \
               "INSERT INTO alembic_version VALUES ('deadbeef')"
        self.fleet.inventory([self.fleet.sqlite("t0", junk), self.fleet.sqlite("t1", junk)],
                             rollout={"parallel": 1})
        os.rename(self.fleet.path("data", "t0.db"), self.fleet.path("data", "away.db"))
        self.run_ok("stamp", "--purge", "head", code=1)
        os.rename(self.fleet.path("data", "away.db"), self.fleet.path("data", "t0.db"))
        self.assertEqual(self.run_json("resume").report["totals"]["succeeded"], 2)
        self.assertEqual(self.fleet.versions("t0"), ["bbbb2222"])
        self.run_json("rollback")
        self.assertEqual(self.fleet.versions("t1"), ["deadbeef"])

    def test_a_signal_while_after_run_is_asked_changes_nothing_about_the_run(self):
        self.fleet.write("gate", "#!/bin/sh\ntouch \"$(dirname \"$0\")/asked\"\n"
                                 "while [ ! -e \"$(dirname \"$0\")/go\" ]; do sleep 0.05; done\n",
                         mode=0o755)
        self.fleet.inventory([self.fleet.sqlite("t0")],
                             rollout={"gates": {"after_run": ["./gate"]}})
        process = self.fleet.start("upgrade")
        wait_until(lambda: os.path.exists(self.fleet.path("asked")), what="the gate")
        process.send_signal(signal.SIGTERM)
        self.assertIn(b"the run is done", self.read_until(process, b"the run is done"))
        self.fleet.write("go", "")
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(json.loads(self.run_ok("runs", "-o", "json").out)[0]["state"], "succeeded")

    def read_until(self, process, words):
        seen = b""
        while words not in seen:
            line = process.stderr.readline()
            if not line:
                break
            seen += line
        return seen


class Ledger(LineageCase):
    def gate(self, name, text):
        self.fleet.write(name, f"#!/bin/sh\ncd \"$(dirname \"$0\")\"\n{text}\n", mode=0o755)
        return [f"./{name}"]

    def test_a_ledger_that_is_removed_in_mid_run_is_exit_6(self):
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(3)], rollout={
            "parallel": 1, "waves": [{"name": "canary", "select": "name=t0"}, {"name": "all"}],
            "gates": {"after_wave": self.gate("gate", "rm -rf .skein; mkdir .skein")}})
        result = self.run_ok("upgrade", code=6)
        self.assertIn("was removed or replaced", result.err)
        self.assertEqual(self.fleet.tables("t0"), {"a", "b"})
        self.assertEqual(self.fleet.tables("t1"), set())  # what is not on record is not begun
        self.run_ok("upgrade", code=6)

    def test_a_ledger_that_is_full_is_not_too_many_failures(self):
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(4)],
                             rollout={"parallel": 2, "on_failure": "rollback"})
        result = self.run_ok("upgrade", code=6, env={"SKEIN_FAILPOINT": "ledger_write:3=fail"})
        self.assertNotIn("too many failures", result.err)


    def test_the_ledger_and_its_copies_are_no_tenants(self):
        tenant = self.fleet.sqlite("t0")
        ledger = {"name": "own", "url": "sqlite:///data/../.skein/ledger.db", "create": True}
        self.fleet.inventory([tenant, ledger])
        for command in ("plan", "upgrade"):  # it is not there yet
            self.assertIn("the ledger itself", self.run_ok(command, code=2).err)
        self.fleet.inventory([tenant], defaults={"rollback_by": "snapshot"})
        self.run_ok("upgrade")
        os.symlink("../.skein/ledger.db", self.fleet.path("data", "link.db"))
        for glob in ("data/*.db", ".skein/*.db"):
            self.fleet.inventory([], sources=[{"glob": glob}])
            self.assertIn("the ledger itself", self.run_ok("upgrade", code=2).err)
        self.fleet.inventory([], sources=[{"glob": ".skein/snapshots/*/*.db"}])
        self.assertIn("a copy that skein keeps", self.run_ok("upgrade", code=2).err)


class VersionRows(LineageCase):
    def test_what_is_no_id_is_not_taken_whole_into_report_and_ledger(self):
        huge = "CREATE TABLE alembic_version (version_num TEXT);" \
               "INSERT INTO alembic_version VALUES (hex(zeroblob(5000000)));"
        many = "CREATE TABLE alembic_version (version_num TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL" \
               " SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO alembic_version SELECT 'r' || i FROM n;"
        self.fleet.inventory([self.fleet.sqlite("t0", huge), self.fleet.sqlite("t1", many),
                              self.fleet.sqlite("t2")], rollout={"on_failure": "continue"})
        result = self.run_json("upgrade", code=1)
        self.assertIn("more than 255 bytes", result.tenant("t0")["error"]["message"])
        self.assertIn("more than 10000 rows", result.tenant("t1")["error"]["message"])
        self.assertEqual(result.tenant("t2")["state"], "succeeded")
        self.assertLess(len(result.out), 10000)
        self.assertLess(os.path.getsize(self.fleet.path(".skein", "ledger.db")), 500000)
        self.assertLess(len(self.run_ok("current", code=1).out), 10000)


class VersionRowsOnServers(PostgresCase, LineageCase):
    def test_what_is_no_id_is_not_taken_whole(self):
        self.fleet.inventory(self.pg.create("junk"))
        self.pg.sql("junk", "CREATE TABLE alembic_version (version_num text);"
                            "INSERT INTO alembic_version VALUES (repeat('x', 5000000))")
        result = self.run_json("upgrade", code=1)
        self.assertIn("more than 255 bytes", result.tenant("junk")["error"]["message"])

    def test_a_version_table_with_the_longest_name(self):
        name = "v" * 63
        self.fleet.inventory(self.pg.create("long"), version_table=name)
        self.run_ok("upgrade")
        self.assertEqual(self.pg.sql("long", f"SELECT version_num FROM {name}"), [["bbbb2222"]])
        self.run_ok("rollback")


if __name__ == "__main__":
    main()
