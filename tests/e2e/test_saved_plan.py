"""Plans as a release gate: --exit-code, and plans that are saved and followed."""
import json
import os
import unittest

import schema
from harness import FleetCase, PostgresCase, main


class Plans(FleetCase):
    NAMES = ["acme", "=globex \"'é<", "initech"]

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);", down="DROP TABLE t;")
        self.fleet.revision("bbbb2222", "CREATE TABLE u (id int);", down="DROP TABLE u;", revises="aaaa1111")
        self.plan = self.fleet.path("release.plan")
        self.tenants = [{**self.fleet.sqlite(f'db{i}'), "name": name}
                        for i, name in enumerate(self.NAMES)]
        self.fleet.inventory(self.tenants, rollout={"on_failure": "continue"})

    def save(self, *args, code=0):
        self.run_ok("plan", *args, "--save", self.plan, code=code)
        with open(self.plan, encoding="utf-8") as file:
            plan = json.load(file)
        schema.check("plan", plan)
        return plan

    def follow(self, *args, code=0):
        return self.run_json("upgrade", "--plan", self.plan, *args, code=code)

    def refuse(self, words, *args):
        """Nothing is touched, and exit 2 says why."""
        result = self.run_ok("upgrade", "--plan", self.plan, *args, code=2)
        self.assertIn(words, result.err)
        self.assertEqual([self.fleet.tables(f"db{i}") for i in range(3)], [set()] * 3)


class ExitCode(Plans):
    def test_it_says_whether_there_is_work(self):
        self.run_ok("plan", "--exit-code", code=1)
        self.run_ok("plan", code=0)
        self.run_ok("upgrade", "aaaa1111")
        self.run_ok("plan", "--exit-code", code=1)
        self.run_ok("plan", "aaaa1111", "--exit-code", code=0)
        self.run_ok("upgrade")
        self.run_ok("plan", "--exit-code", "-q", code=0)

    def test_a_tenant_that_cannot_be_asked_is_a_fault(self):
        os.unlink(self.fleet.path("data", "db1.db"))
        self.run_ok("plan", "--exit-code", code=2)
        self.run_ok("plan", code=1)
        self.run_ok("plan", "nosuch", "--exit-code", code=2)


    def test_a_tenant_that_was_left_half_way_is_work_or_a_fault(self):
        """Where the target lies before the step that was left, only a person can go on: what a pipeline cannot do is a fault."""
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nCREATE TABLE u (id int);\nCREATE TABLE t (id int);",
                            revises="aaaa1111")
        self.run_ok("upgrade", "-t", "acme", code=4)
        self.run_ok("plan", "-t", "acme", "--exit-code", code=1)
        self.run_ok("plan", "aaaa1111", "-t", "acme", code=4)
        self.run_ok("plan", "aaaa1111", "-t", "acme", "--exit-code", "--save", self.plan, code=2)
        self.assertIn("is not the next step here", self.follow(code=4).tenant("acme")["error"]["message"])


class HalfWay(Plans):
    """A step of two statements outside a transaction, of which the second fails until the table is made that it needs."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("bbbb2222", "-- migrate:up transaction:false\nCREATE TABLE u (id int);\nINSERT INTO needed VALUES (1);",
                            revises="aaaa1111")

    def leave(self, name):
        self.run_ok("upgrade", "-t", name, code=4)

    def mend(self, *names):
        for name in names:
            self.fleet.sqlite(name, "CREATE TABLE needed (id int)")

    def test_one_that_was_left_half_way_since_is_not_touched(self):
        self.run_ok("upgrade", "aaaa1111")
        self.save()
        self.leave("acme")
        self.mend("db0", "db1", "db2")
        result = self.follow(code=4)
        self.assertIn(f"it has moved since the plan '{self.plan}' was made", result.tenant("acme")["error"]["message"])
        self.assertEqual([tenant["state"] for tenant in result.report["tenants"]][1:], ["succeeded", "succeeded"])
        self.assertEqual(self.fleet.query("db0", "SELECT * FROM needed"), [])

    def test_one_that_was_left_half_way_before_goes_on(self):
        self.leave("acme")
        plan = self.save()
        self.assertEqual([standing.get("half_done") for standing in plan["standings"] if "acme" in standing["tenants"]],
                         [{"revision": "bbbb2222", "direction": "up", "statements": 1, "batches": 0}])
        self.assertEqual([standing["tenants"] for standing in plan["standings"] if "half_done" not in standing], [self.NAMES[1:]])
        self.mend("db0", "db1", "db2")
        self.assertEqual(self.follow().report["totals"]["succeeded"], 3)
        self.assertEqual(self.fleet.query("db0", "SELECT * FROM needed"), [(1,)])

    def test_one_that_went_on_in_the_step_is_not_touched(self):
        """The one statement that was left is done by a person, who says so."""
        self.leave("acme")
        self.save()
        self.run_ok("resolve", "acme", "--statements", "0")
        self.mend("db0", "db1", "db2")
        self.assertIn("it has moved since the plan", self.follow(code=4).tenant("acme")["error"]["message"])

    def test_what_is_no_step_is_refused(self):
        self.leave("acme")
        plan = self.save()
        [standing] = [standing for standing in plan["standings"] if "half_done" in standing]
        for key, value in [("revision", 5), ("direction", "sideways"), ("statements", -1), ("statements", "1"), ("batches", -1)]:
            with self.subTest(key=key, value=value):
                was = dict(standing["half_done"])
                standing["half_done"][key] = value
                self.fleet.write("release.plan", json.dumps(plan))
                self.assertIn("'half_done' is no step", self.run_ok("upgrade", "--plan", self.plan, code=2).err)
                standing["half_done"] = was

    def test_a_plan_that_has_no_such_member_is_followed(self):
        """As older releases of skein wrote it, by tenants that are not half way."""
        plan = self.save()
        self.mend("db0", "db1", "db2")
        self.assertNotIn("half_done", json.dumps(plan))
        self.assertEqual(self.follow().report["totals"]["succeeded"], 3)


class Saved(Plans):
    def test_what_was_planned_is_done(self):
        plan = self.save("aaaa1111")
        self.assertEqual(plan["targets"], ["aaaa1111"])
        self.assertEqual(list(plan["revisions"]), ["aaaa1111", "bbbb2222"])
        self.assertEqual(plan["standings"], [{"revision": [], "tenants": self.NAMES}])
        report = self.follow().report
        self.assertEqual(report["totals"]["succeeded"], 3)
        self.assertEqual(report["run"]["selected"]["narrowed"], [f"--plan {self.plan}"])
        self.assertEqual(self.fleet.versions("db0"), ["aaaa1111"])

    def test_a_tenant_that_has_moved_is_not_touched(self):
        self.save()
        self.run_ok("upgrade", "aaaa1111", "-t", "initech")
        result = self.follow(code=1)
        self.assertEqual([tenant["state"] for tenant in result.report["tenants"]], ["succeeded", "succeeded", "failed"])
        self.assertIn(f"it has moved since the plan '{self.plan}' was made", result.tenant("initech")["error"]["message"])
        self.assertEqual(self.fleet.versions("db2"), ["aaaa1111"])

    def test_a_tenant_at_the_target_may_have_come_there_since(self):
        self.save()
        self.run_ok("upgrade", "-t", "acme")
        result = self.follow(code=1)
        self.assertEqual(result.tenant("acme")["state"], "failed")
        self.assertEqual(result.report["totals"]["succeeded"], 2)

    def test_a_tenant_that_could_not_be_asked_is_not_touched(self):
        url = self.fleet.path("data", "db1.db")
        os.rename(url, url + ".away")
        self.assertEqual(self.save(code=1)["standings"][0], {"revision": None, "tenants": [self.NAMES[1]]})
        os.rename(url + ".away", url)
        result = self.follow(code=1)
        self.assertIn("it could not be asked when the plan", result.tenant(self.NAMES[1])["error"]["message"])
        self.assertEqual(result.report["totals"]["succeeded"], 2)
        self.assertEqual(self.fleet.tables("db1"), set())

    def test_the_selection_is_that_of_the_plan(self):
        self.save("-t", "acme", "-t", "initech")
        result = self.follow("-t", "acme")
        self.assertEqual([tenant["name"] for tenant in result.report["tenants"]], ["acme"])
        self.save("-t", "initech")
        result = self.follow()
        self.assertEqual([tenant["name"] for tenant in result.report["tenants"]], ["initech"])
        self.assertIn("2 of the 3 selected tenants are not in the plan", result.err)
        self.assertEqual(self.fleet.tables("db1"), set())

    def test_a_dry_run_of_a_plan(self):
        self.save()
        self.assertEqual(self.follow("--dry-run").report["totals"]["succeeded"], 3)
        self.refuse("says the target", "head")

    def test_tenants_that_are_gone_are_a_fault(self):
        self.save()
        self.fleet.inventory(self.tenants[:2])
        self.refuse("the inventory has no tenant 'initech' any more")

    def test_another_chain_is_a_fault(self):
        self.save()
        path = self.fleet.revision("cccc3333", "SELECT 1;", revises="bbbb2222")
        self.refuse("cccc3333.sql: it is new since the plan")
        os.unlink(path)
        os.unlink(self.fleet.path("versions", "bbbb2222.sql"))
        self.refuse("the chain has no revision 'bbbb2222' any more")
        self.fleet.revision("bbbb2222", "CREATE TABLE v (id int);", revises="aaaa1111")
        self.refuse("bbbb2222.sql: it has changed since the plan")

    def test_other_checkpoints_are_a_fault(self):
        """A tenant at base would take another way than the one that was looked at."""
        self.assertEqual(self.save()["checkpoints"], {})
        path = self.run_ok("checkpoint", "head").out.strip()
        self.refuse("bbbb2222_checkpoint.sql: it is new since the plan")
        self.assertEqual(list(self.save()["checkpoints"]), ["bbbb2222"])
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.fleet.write("versions/bbbb2222_checkpoint.sql", text + "SELECT 1;\n")
        self.refuse("bbbb2222_checkpoint.sql: it has changed since the plan")
        os.unlink(path)
        self.refuse("the chain has no checkpoint of 'bbbb2222' any more")
        self.fleet.write("versions/bbbb2222_checkpoint.sql", text)
        report = self.follow().report
        self.assertEqual([[step["revision"] for step in tenant["steps"]] for tenant in report["tenants"]], [["bbbb2222"]] * 3)

    def test_a_plan_of_a_skein_without_checkpoints_is_followed(self):
        plan = self.save()
        del plan["checkpoints"]
        self.fleet.write("release.plan", json.dumps(plan))
        self.assertEqual(self.follow().report["totals"]["succeeded"], 3)

    def test_what_is_no_plan_is_a_fault(self):
        good = self.save()
        self.fleet.write("release.plan", "{\n")
        self.refuse("release.plan:2: it is no JSON: ")
        for wrong, words in [({"skein_plan": 2}, "a newer skein has made it"), ({"skein_plan": "1"}, "no 'skein_plan'"),
                             ({"targets": "head"}, "'targets' is no list"), ({"targets": [1]}, "'targets' is no list"),
                             ({"revisions": []}, "'revisions' does not"), ({"revisions": {"aaaa1111": 1}}, "'revisions' does"),
                             ({"checkpoints": []}, "'checkpoints' does"), ({"checkpoints": {"bbbb2222": 1}}, "'checkpoints' does"),
                             ({"standings": {}}, "'standings' does"), ({"standings": [1]}, "'standings' does"),
                             ({"standings": [{"revision": 5, "tenants": []}]}, "'standings' does"),
                             ({"lint": {}}, "'lint' is no list"), ({"lint": [{"rule": "x"}]}, "'lint' is no list"),
                             ({"standings": [{"revision": [], "tenants": ["a\0b"]}]}, "it is no JSON")]:
            with self.subTest(wrong):
                self.fleet.write("release.plan", json.dumps({**good, **wrong}))
                self.refuse(words)
        with open(self.plan, "wb") as file:
            file.truncate(1 << 30)  # a hole, which takes no room
        self.refuse("cannot read it: File too large")
        os.unlink(self.plan)
        self.refuse("cannot read it: No such file")

    def test_a_plan_that_cannot_be_saved_is_told(self):
        self.run_ok("plan", "--save", self.fleet.path("none", "plan"), code=2)
        self.assertIn("is the inventory", self.run_ok("plan", "--save", self.fleet.path("skein.yaml"), code=2).err)
        self.assertIn("named twice", self.run_ok("plan", "-o", f"json={self.plan}", "--save", self.plan, code=2).err)
        self.assertIn("is a database", self.run_ok("plan", "--save", self.fleet.path("data", "db0.db"), code=2).err)


class Findings:
    """What lint had found in a plan, and what was waived, stands in the report of the run that follows it, and in that of its ledger."""
    FORMATS = ("text", "json", "html", "junit", "csv", "markdown")

    def make(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id int, owner text, note text);", down="DROP TABLE task;")
        self.fleet.revision("bbbb2222", "UPDATE task SET id = 1;\n-- skein:allow drop-column: <b>no one</b> reads it\nALTER TABLE task DROP COLUMN owner;", down="")
        self.inventory()
        self.plan = self.fleet.path("release.plan")
        self.run_ok("upgrade", "aaaa1111", "--yes")
        self.run_ok("plan", "--save", self.plan)

    def inventory(self, **keys):
        self.fleet.inventory([self.fleet.sqlite(name) for name in ("acme", "globex")], **keys)

    def follow(self):
        paths = {name: self.fleet.path(name) for name in self.FORMATS}
        self.run_ok("upgrade", "--plan", self.plan, "--yes", *(word for name in self.FORMATS for word in ("-o", f"{name}={paths[name]}")))
        run = json.loads(self.fleet.read("json"))["run"]["id"]
        for name, path in paths.items():
            later = self.fleet.path("later")
            self.run_ok("report", run, "-o", f"{name}={later}")
            with open(path, "rb") as was, open(later, "rb") as now:
                self.assertEqual(now.read(), was.read(), name)
        return json.loads(self.fleet.read("json"))

    def test_they_are_in_the_report_of_the_run(self):
        self.make()
        with open(self.plan, encoding="utf-8") as file:
            saved = json.load(file)["lint"]
        self.assertEqual([(finding["rule"], finding["allowed"]) for finding in saved],
                         [("update-without-where", None), ("drop-column", "<b>no one</b> reads it")])
        self.assertIn("task holds", saved[0]["weight"])
        report = self.follow()
        schema.check("report", report)
        self.assertEqual(report["lint"]["findings"], saved)
        self.assertEqual(report["lint"]["totals"], {"errors": 0, "warnings": 0, "notes": 1, "allowed": 1})
        text = self.fleet.read("text").decode()
        self.assertIn("\nWhat lint had found in the plan\n", text)
        self.assertIn("reason: <b>no one</b> reads it\n", text)
        self.assertIn("**Lint**: 1 note, 1 allowed\n", self.fleet.read("markdown").decode())
        self.assertIn('<testsuite name="lint"', self.fleet.read("junit").decode())
        self.assertTrue(self.fleet.read("csv").decode().splitlines()[1].endswith(",0,0,1,1,,,,,,,,,"), self.fleet.read("csv"))

    def test_sql_that_reports_leave_out_by_now_is_left_out(self):
        self.make()
        self.inventory(report={"sql": False})
        self.assertEqual([finding["source"] for finding in self.follow()["lint"]["findings"]], [None, None])

    def test_a_run_of_its_own_has_none(self):
        self.make()
        self.assertNotIn("lint", self.run_json("upgrade", "--yes").report)


class FindingsInAFile(Findings, FleetCase):
    def test_a_forgotten_run_leaves_nothing(self):
        self.make()
        self.follow()
        self.run_ok("forget", "--keep", "0")
        self.assertEqual(self.fleet.query("../.skein/ledger", "SELECT count(*) FROM findings"), [(0,)])


class FindingsOnAServer(Findings, PostgresCase):
    def inventory(self, **keys):
        if not hasattr(self, "tenants"):
            self.database = f"found{id(self)}"
            self.tenants = self.pg.create(*(f"{self.database}{i}" for i in range(2)))
            self.pg.create(self.database)
        self.fleet.inventory(self.tenants, ledger=self.pg.url(self.database), **keys)


class OnServers(PostgresCase):
    def test_a_plan_of_schemas_is_followed(self):
        """Those of a database are asked together, and each is looked at again under its lock."""
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);")
        self.pg.create("plans")
        for name in ("s1", "s2"):
            self.pg.sql("plans", f"CREATE SCHEMA {name}")
        self.fleet.inventory([{"name": name, "url": self.pg.url("plans"), "schema": name} for name in ("s1", "s2")],
                             rollout={"on_failure": "continue"})
        plan = self.fleet.path("plan")
        self.run_ok("plan", "--exit-code", "--save", plan, code=1)
        self.run_ok("upgrade", "-t", "s2")
        result = self.run_json("upgrade", "--plan", plan, code=1)
        self.assertEqual([tenant["state"] for tenant in result.report["tenants"]], ["succeeded", "failed"])
        self.run_ok("plan", "--exit-code", code=0)


if __name__ == "__main__":
    main()
