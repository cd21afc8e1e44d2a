#!/usr/bin/env python3
"""What is foretold of a run's time: from earlier runs in the ledger, and from its own waves while it goes on; and a run that takes longer."""
import json
import sqlite3

import schema
from harness import FleetCase, PostgresCase, main, wait_until

WAVES = [{"name": "canary", "select": "name=a"}, {"name": "second", "select": "name=b"}, {"name": "third"}]


def halt_of(report):
    return report["run"]["halted_by"]


class Late:
    """The tenant of the second wave is kept waiting, for as long as the test likes."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER);", "DROP TABLE task;")

    def make(self, forecast, **more):
        self.fleet.inventory(self.tenants(), defaults={"lock_timeout": "60s", "retries": 0},
                             rollout={"waves": WAVES, "forecast": forecast, **more}, **self.more())

    def events(self):
        lines = [json.loads(line) for line in self.fleet.read("err").decode().split("\n")[:-1] if line.startswith("{")]
        return [line for line in lines if line["event"] in ("wave_forecast", "wave_late", "run_drains", "run_finished")]

    def has(self, event):
        return lambda: any(told["event"] == event and told.get("wave", "second") == "second" for told in self.events())

    def run_late(self, event, code, *args):
        """Until that event is told, b waits."""
        with self.blocked("b"):
            with open(self.fleet.path("err"), "wb") as err:
                run = self.fleet.start("upgrade", *args, "--progress", "json", "-o", "json", stderr=err)
            wait_until(self.has(event), what=event)
        out, _ = run.communicate(timeout=120)
        self.assertEqual(run.returncode, code, self.fleet.read("err"))
        return json.loads(out)

    def states(self, report):
        return {tenant["name"]: tenant["state"] for tenant in report["tenants"]}

    at_its_end = [("wave_forecast", "third")]  # the wave's own times count for the next one

    def check_halted(self, report, source="waves"):
        self.assertEqual(self.states(report), {"a": "succeeded", "b": "succeeded", "c": "skipped"})
        self.assertEqual([wave["state"] for wave in report["waves"]], ["succeeded", "halted", "skipped"])
        self.assertEqual("forecast" in report["waves"][0], source == "plan")
        second = report["waves"][1]["forecast"]
        self.assertEqual((second["from"], second["run"], second["tenants"]), (source, None, 1))
        self.assertGreater(second["took_ms"], halt_of(report)["limit_ms"])
        self.assertIsNone(report["waves"][2]["forecast"]["took_ms"])
        halt = halt_of(report)
        self.assertEqual((halt["kind"], halt["wave"], halt["forecast_ms"]), ("forecast", "second", second["duration_ms"]))
        self.assertGreaterEqual(halt["limit_ms"], 100)
        self.assertGreater(halt["took_ms"], halt["limit_ms"])
        self.assertIn("wave 'second' takes longer than foretold", halt["reason"])
        self.assertEqual([moment["moment"] for moment in report["moments"]], ["wave_late", "run_drains"])
        # the ledger has all of it
        self.assertEqual(self.run_ok("report", "-o", "json").report, report)
        self.assertEqual(self.run_ok("runs", "-o", "json").report[0]["halted_by"], halt)

    def test_it_halts_and_a_resume_compares_anew(self):
        self.make({"halt_above": "3x", "at_least": "100ms"})
        report = self.run_late("run_drains", 1)
        self.check_halted(report)
        told = self.events()
        self.assertEqual([(event["event"], event.get("wave")) for event in told if event["event"] != "run_drains"],
                         [("wave_forecast", "second"), ("wave_forecast", "third"), ("wave_late", "second"), *self.at_its_end, ("run_finished", None)])
        text = self.run_ok("report").out
        self.assertRegex(text, r"halted in wave 'second': wave 'second' takes longer than foretold: [\d.]+ m?s, and about [\d.]+ m?s were foretold \(limit: [\d.]+ m?s\)")
        self.assertRegex(text, r"second +halted +1 +0 +[\d.]+ m?s +[\d.]+ m?s\n")
        # what is left has not begun, and is measured by what earlier runs took
        self.make({"halt_above": "3x", "at_least": "60s"})
        resumed = json.loads(self.run_ok("resume", "-o", "json").out)
        self.assertEqual(resumed["run"]["state"], "succeeded")
        third = resumed["waves"][2]["forecast"]
        self.assertEqual((third["from"], third["run"], third["tenants"]), ("ledger", report["run"]["id"], 1))

    def save(self, times):
        """A rehearsed plan, with times that no machine is too slow for."""
        path = self.fleet.path("release.plan")
        self.run_ok("plan", "--rehearse", "--save", path)
        with open(path, encoding="utf-8") as file:
            plan = json.load(file)
        schema.check("plan", plan)
        self.assertEqual(plan["forecast"]["from"], "rehearsal")
        self.assertEqual([(wave["name"], wave["tenants"]) for wave in plan["forecast"]["waves"]], [("canary", 1), ("second", 1), ("third", 1)])
        [standing] = plan["standings"]
        self.assertTrue(all(ms > 0 for ms in standing["duration_ms"]), standing)
        standing["duration_ms"] = [times[name] for name in standing["tenants"]]
        self.fleet.write("release.plan", json.dumps(plan))
        return path

    def test_it_halts_by_what_the_plan_has_foretold(self):
        self.make({"halt_above": "3x", "at_least": "100ms"})
        path = self.save({"a": 90000, "b": 40, "c": 70000})
        report = self.run_late("run_drains", 1, "--plan", path)
        self.check_halted(report, source="plan")
        self.assertEqual([wave["forecast"]["duration_ms"] for wave in report["waves"]], [90000, 40, 70000])
        self.assertEqual((halt_of(report)["forecast_ms"], halt_of(report)["limit_ms"]), (40, 120))

    def test_it_goes_back_where_failures_would(self):
        self.make({"halt_above": "3x", "at_least": "100ms"}, on_failure="rollback")
        report = self.run_late("run_drains", 3)
        self.assertEqual(self.states(report), {"a": "rolled_back", "b": "rolled_back", "c": "skipped"})
        self.assertEqual(report["run"]["halted_by"]["kind"], "forecast")
        self.assertEqual([moment["moment"] for moment in report["moments"]], ["wave_late", "run_drains", "run_rolls_back"])
        self.assertEqual(report["moments"][-1]["reason"], "a wave took too long")


class OnSqlite(Late, FleetCase):
    def more(self):
        return {}

    def tenants(self):
        return [self.fleet.sqlite(name) for name in "abc"]

    def blocked(self, name):
        path = self.fleet.path("data", name + ".db")

        class Writer:
            def __enter__(self):
                self.db = sqlite3.connect(path, isolation_level=None, timeout=60)
                self.db.execute("BEGIN IMMEDIATE")

            def __exit__(self, *args):
                self.db.execute("ROLLBACK")
                self.db.close()

        return Writer()

    def test_a_warning_holds_nothing_up(self):
        self.make({"warn_above": "50ms"})
        report = self.run_late("wave_late", 0)
        self.assertEqual(set(self.states(report).values()), {"succeeded"})
        self.assertIsNone(report["run"]["halted_by"])
        late = [event for event in self.events() if event["event"] == "wave_late"]
        self.assertIn("second", [event["wave"] for event in late])
        self.assertEqual({event["limit_ms"] for event in late}, {50})
        self.assertIn("wave 'second' takes longer than ", self.run_ok("report").out)

    def test_where_nothing_is_left_to_begin_it_is_only_told(self):
        self.make({"halt_above": "3x", "at_least": "100ms"}, waves=[{"name": "canary", "select": "name in (a,c)"}, {"name": "second"}])
        report = self.run_late("wave_late", 0)
        self.assertEqual([wave["state"] for wave in report["waves"]], ["succeeded", "succeeded"])
        self.assertEqual([moment["moment"] for moment in report["moments"]], ["wave_late"])

    def test_what_makes_no_sense_is_refused(self):
        for value in ("0.5x", "0", "often", "1001x"):
            with self.subTest(value=value):
                self.make({"halt_above": value})
                self.assertIn("'halt_above'", self.run_ok("plan", code=2).err)
        self.make({"halt_abov": "3x"})
        self.assertIn("halt_above", self.run_ok("plan", code=2).err)


class OnPostgres(Late, PostgresCase):
    """And the ledger of several machines: it tells what all of them took as a wave begins, and the third one does not."""
    at_its_end = []

    def setUp(self):
        super().setUp()
        for name in ("ledger", "a", "b", "c"):
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.made = self.pg.create("ledger", "a", "b", "c")[1:]

    def more(self):
        return {"ledger": self.pg.url("ledger")}

    def tenants(self):
        return self.made

    def blocked(self, name):
        # who looks at the tenant's version table waits, be it there or not yet
        return self.pg.session(name, "BEGIN; CREATE TABLE task (id integer);")


class OnMachines(PostgresCase):
    """A wave is foretold by what all machines took in those before it, and what any of them finds late halts all, once."""

    def setUp(self):
        super().setUp()
        self.machines = []
        self.addCleanup(self.stop_all)

    def stop_all(self):
        for machine in self.machines:
            if machine.poll() is None:
                machine.kill()
            machine.communicate()

    def machine(self, *args):
        self.machines.append(self.fleet.start(*args, "--progress", "json", env={"SKEIN_LEASE_MS": "4000"}))

    def wait_for(self, sql):
        def is_so():
            try:
                return self.pg.sql("shared", f"SET search_path = skein_ledger; SELECT {sql}")[0][0] == "t"
            except AssertionError:
                return False  # there is no ledger yet
        wait_until(is_so, what=sql)

    def test_a_late_wave_halts_all_machines_once(self):
        names = ["a1", "a2", "b1", "b2", "b3"]
        for name in ("shared", *names):
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        tenants = self.pg.create("shared", *names)[1:]
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER);", "DROP TABLE task;")
        self.fleet.inventory(tenants, ledger=self.pg.url("shared"), defaults={"lock_timeout": "60s", "retries": 0}, rollout={
            "parallel": 1, "waves": [{"name": "canary", "select": "name in (a1,a2)"}, {"name": "everyone"}], "forecast": {"halt_above": "1x", "at_least": "100ms"}})
        with self.pg.session("b1", "BEGIN; CREATE TABLE task (id integer);"), self.pg.session("b2", "BEGIN; CREATE TABLE task (id integer);"), \
                self.pg.session("b3", "BEGIN; CREATE TABLE task (id integer);"):
            # each machine has one of the canaries
            with self.pg.session("a1", "BEGIN; CREATE TABLE task (id integer);"), self.pg.session("a2", "BEGIN; CREATE TABLE task (id integer);"):
                self.machine("upgrade", "--as", "one")
                self.wait_for("count(*) = 1 FROM machines")
                self.machine("work", "--as", "two")
                self.wait_for("count(DISTINCT machine) = 2 FROM claims WHERE state = 1 AND wave = 0")
            self.wait_for("count(*) = 1 FROM runs WHERE drains IS NOT NULL")
        errs = [machine.communicate(timeout=60)[1].decode() for machine in self.machines]
        self.assertEqual([machine.returncode for machine in self.machines], [1, 1], errs)
        report = self.run_ok("report", "-o", "json").report
        states = [tenant["state"] for tenant in report["tenants"]]
        self.assertEqual(states[:2], ["succeeded"] * 2)
        self.assertIn("skipped", states[2:])  # each machine has no more than one of them
        self.assertEqual(set(states[2:]), {"skipped", "succeeded"})
        self.assertEqual([moment["moment"] for moment in report["moments"]], ["wave_late", "run_drains"])
        halt, forecast = halt_of(report), report["waves"][1]["forecast"]
        self.assertEqual((halt["kind"], halt["wave"]), ("forecast", "everyone"))
        mean = sum(tenant["duration_ms"] for tenant in report["tenants"][:2]) / 2
        self.assertEqual((forecast["from"], forecast["tenants"]), ("waves", 3))
        self.assertAlmostEqual(forecast["duration_ms"], 2 * mean, delta=1)  # of three tenants, two at once
        told = [json.loads(line) for err in errs for line in err.splitlines() if '"wave_forecast"' in line]
        # who hears of the wave only once it is halted foretells nothing of it
        self.assertEqual({(event["wave"], event["from"], event["tenants"]) for event in told}, {("everyone", "waves", 3)})
        self.assertEqual([err.count('"run_drains"') for err in errs], [1, 1], errs)


class Plans:
    """What would be done is foretold by what earlier runs took, where nothing is rehearsed."""

    def make(self, **more):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER);", "DROP TABLE task;")
        self.fleet.inventory(self.tenants(), rollout={"waves": [{"name": "canary", "select": "name=a", "soak": "1s"}, {"name": "everyone"}]}, **self.more())

    def set_times(self, run, ms):
        """Times that no machine is too slow for."""
        self.ledger(f"UPDATE steps SET duration_ms = {ms}")
        self.ledger(f"UPDATE run_tenants SET duration_ms = {ms} WHERE outcome IS NOT NULL")

    def test_steps_of_other_tenants_foretell_those_of_these(self):
        self.make()
        self.assertNotIn("Forecast", self.run_ok("plan").out)
        run = self.run_ok("upgrade", "--tenant", "a", "-o", "json").report["run"]["id"]
        self.set_times(run, 1500)
        forecast = self.run_ok("plan", "-o", "json").report["forecast"]
        self.assertEqual((forecast["from"], forecast["run"], forecast["untimed"]), ("ledger", run, 0))
        self.assertEqual(forecast["longest_step"], {"revision": "aaaa1111", "direction": "up", "run": run, "duration_ms": 1500})
        self.assertEqual([(wave["name"], wave["tenants"], wave["duration_ms"]) for wave in forecast["waves"]], [("everyone", 2, 1500)])
        text = self.run_ok("plan").out
        self.assertIn("Forecast\n  everyone  2 tenants  about 1.50 s\n", text)
        self.assertIn(f"in all about 1.50 s, as run {run} took; the longest step was aaaa1111 up with 1.50 s", text)
        # a revision that no run has timed, and one whose file is another by now
        self.fleet.revision("bbbb2222", "CREATE TABLE other (id INTEGER);", "DROP TABLE other;", revises="aaaa1111")
        self.assertNotIn("forecast", self.run_ok("plan", "-o", "json").report)
        self.assertIn("forecast", self.run_ok("plan", "aaaa1111", "-o", "json").report)
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER, due TEXT);", "DROP TABLE task;", revises="")
        self.assertNotIn("forecast", self.run_ok("plan", "aaaa1111", "--tenant", "b", "-o", "json").report)

    def test_dry_runs_of_what_goes_on_or_back(self):
        self.make()
        first = self.run_ok("upgrade", "--wave", "canary", "-o", "json").report["run"]["id"]
        self.set_times(first, 1500)
        forecast = self.run_ok("resume", "--dry-run", "-o", "json").report["forecast"]
        self.assertEqual((forecast["run"], forecast["waves"][0]["tenants"], forecast["duration_ms"]), (first, 2, 1500))
        self.assertNotIn("forecast", self.run_ok("rollback", "--dry-run", "-o", "json").report)  # no run has gone back yet
        back = self.run_ok("rollback", "-o", "json").report["run"]["id"]
        self.set_times(back, 500)
        again = self.run_ok("upgrade", "-o", "json").report["run"]["id"]
        for dry in (self.run_ok("rollback", again, "--dry-run", "-o", "json"), self.run_ok("downgrade", "base", "--dry-run", "-o", "json")):
            forecast = dry.report["forecast"]
            self.assertEqual((forecast["longest_step"]["direction"], forecast["longest_step"]["run"]), ("down", back))
            self.assertEqual(sum(wave["tenants"] for wave in forecast["waves"]), 3)


class Followed(FleetCase):
    """What a saved plan foretells stands in the report of the run that follows it."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id INTEGER);", "DROP TABLE task;")
        self.tenants = [self.fleet.sqlite(name) for name in "abcd"]
        self.inventory()
        self.plan = self.fleet.path("release.plan")

    def inventory(self, **rollout):
        self.fleet.inventory(self.tenants, rollout={"waves": [{"name": "canary", "select": "name=a"}, {"name": "everyone", "parallel": 1}], **rollout})

    def save(self, *args, times=None):
        self.run_ok("plan", *args, "--save", self.plan)
        with open(self.plan, encoding="utf-8") as file:
            plan = json.load(file)
        schema.check("plan", plan)
        for standing in plan["standings"] if times else ():
            standing["duration_ms"] = [times[name] for name in standing["tenants"]]
        self.write(plan)
        return plan

    def write(self, plan):
        self.fleet.write("release.plan", json.dumps(plan, indent=1))

    def follow(self, *args):
        self.said = self.run_ok("upgrade", "--plan", self.plan, "-o", "json", *args)
        return [wave.get("forecast") for wave in self.said.report["waves"]]

    def test_it_is_told_beside_what_it_took(self):
        self.save("--rehearse", times={"a": 1000, "b": 2000, "c": 3000, "d": 4000})
        canary, everyone = self.follow()
        self.assertEqual((canary["duration_ms"], canary["from"], canary["run"], canary["tenants"]), (1000, "plan", None, 1))
        self.assertEqual((everyone["duration_ms"], everyone["from"], everyone["tenants"]), (9000, "plan", 3))
        self.assertGreater(everyone["took_ms"], 0)
        self.assertRegex(self.said.err, r"the plan foretells about [\d.]+ m?s, as it was rehearsed; writes wait for at most [\d.]+ m?s, for the database in [abcd]; [\d.]+ \w+ are written\n")
        text = self.run_ok("report").out
        self.assertRegex(text, r"WAVE +STATE +TENANTS +FAILED +FORETOLD +TOOK\n +canary +succeeded +1 +0 +1\.00 s +[\d.]+ m?s\n +everyone +succeeded +3 +0 +9\.00 s +[\d.]+ m?s\n")
        markdown = self.run_ok("report", "-o", "markdown").out
        self.assertRegex(markdown, r"\| `everyone` \| succeeded \| 3 \| 0 \| 9\.00 s \| [\d.]+ m?s \|\n")
        self.assertEqual(json.loads(self.run_ok("report", "-o", "json").out), self.said.report)

    def test_a_part_of_its_tenants(self):
        self.save("--rehearse", times={"a": 1000, "b": 2000, "c": 3000, "d": 0})
        canary, everyone = self.follow("--tenant", "b", "--tenant", "d")
        self.assertIsNone(canary)
        self.assertEqual((everyone["duration_ms"], everyone["tenants"]), (2000, 1))  # for d there is nothing to do

    def test_what_it_does_not_know_is_foretold_as_without_it(self):
        self.save("--rehearse", times={"a": 60000, "b": 2000, "c": None, "d": 5000})
        canary, everyone = self.follow()
        self.assertEqual((canary["duration_ms"], canary["from"]), (60000, "plan"))
        # c counts with what the canary took
        self.assertEqual((everyone["from"], everyone["tenants"]), ("plan", 3))
        self.assertGreater(everyone["duration_ms"], 7000)
        self.assertLess(everyone["duration_ms"], 60000)

    def test_from_the_ledger(self):
        self.run_ok("upgrade", "--tenant", "a")
        run = json.loads(self.run_ok("runs", "-o", "json").out)[0]["id"]
        plan = self.save()
        self.assertEqual((plan["forecast"]["from"], plan["forecast"]["run"], plan["forecast"]["untimed"]), ("ledger", run, 0))
        self.assertEqual(plan["forecast"]["longest_transaction"]["duration_ms"], plan["forecast"]["longest_step"]["duration_ms"])
        at = {tuple(standing["revision"]): standing["duration_ms"] for standing in plan["standings"]}
        self.assertEqual(at[("aaaa1111",)], [0])
        self.assertEqual(len(at[()]), 3)
        canary, everyone = self.follow()
        self.assertIsNone(canary)
        self.assertEqual((everyone["from"], everyone["run"], everyone["tenants"]), ("plan", run, 3))
        self.assertIn(f", as run {run} took; no transaction held its locks for longer than ", self.said.err)

    def test_none_is_kept_where_nothing_is_known(self):
        plan = self.save()
        self.assertNotIn("forecast", plan)
        self.assertNotIn("duration_ms", plan["standings"][0])
        self.assertEqual(self.follow(), [None, {**self.said.report["waves"][1]["forecast"], "from": "waves"}])
        self.assertNotIn("foretells", self.said.err)

    def test_a_dry_run_says_it_and_changes_nothing(self):
        self.save("--rehearse")
        self.assertEqual(self.follow("--dry-run"), [None, None])
        self.assertIn("the plan foretells", self.said.err)
        self.assertEqual(self.fleet.tables("a"), set())

    def test_what_was_tampered_with_is_refused_with_its_line(self):
        good = self.save("--rehearse")
        marker = 987654321987
        cases = [("'standings' has no time", ["standings", 0, "duration_ms", 2], value) for value in (-marker, "x987654321987", marker * 1.0, [marker], marker * 10**20 * 1.0)]
        cases += [("'forecast' has a time that is none", ["forecast", "duration_ms"], -marker), ("'forecast' has a time", ["forecast", "waves", 1, "soak_ms"], marker),
                  ("'waves' with their times", ["forecast", "waves", 0, "tenants"], -marker), ("'written_bytes' is no number", ["forecast", "written_bytes"], -marker),
                  ("'longest_lock' is no lock", ["forecast", "longest_lock"], marker), ("something else where a text", ["forecast", "longest_lock", "tenant"], marker),
                  ("neither 'rehearsal' nor 'ledger'", ["forecast", "from"], "x987654321987"), ("'targets' is no list", ["targets"], marker),
                  ("'forecast' is none", ["forecast"], marker), ("does not name checksums", ["revisions", "aaaa1111"], marker), ("'standings' does not", ["standings", 0, "tenants", 1], marker),
                  ("a newer skein", ["skein_plan"], marker)]
        for words, path, value in cases:
            with self.subTest(path=path, value=value):
                plan = json.loads(json.dumps(good))
                holder = plan
                for key in path[:-1]:
                    holder = holder[key]
                holder[path[-1]] = value
                self.write(plan)
                lines = self.fleet.read("release.plan").decode().split("\n")
                [line] = [number for number, line in enumerate(lines, 1) if "987654321987" in line or "9.87654321987e" in line]
                err = self.run_ok("upgrade", "--plan", self.plan, code=2).err
                self.assertIn(f"release.plan:{line + isinstance(value, list) * -1}: it is no plan that 'skein plan --save' wrote: ", err)
                self.assertIn(words, err)
        for words, change in [("has no time for each", lambda plan: plan["standings"][0]["duration_ms"].pop()), ("no 'forecast' that says from what", lambda plan: plan.pop("forecast")),
                              ("names a tenant twice", lambda plan: plan["standings"].append(plan["standings"][0])), ("is no JSON: ", lambda plan: plan["forecast"].update(duration_ms="HUGE"))]:
            with self.subTest(words=words):
                plan = json.loads(json.dumps(good))
                change(plan)
                self.fleet.write("release.plan", json.dumps(plan, indent=1).replace('"HUGE"', "1e999"))
                self.assertRegex(self.run_ok("upgrade", "--plan", self.plan, code=2).err, r"release\.plan:\d+: .*" + words)
        self.assertEqual(self.fleet.tables("a"), set())


class PlansOnSqlite(Plans, FleetCase):
    def more(self):
        return {}

    def tenants(self):
        return [self.fleet.sqlite(name) for name in "abc"]

    def ledger(self, sql):
        with sqlite3.connect(self.fleet.path(".skein", "ledger.db"), timeout=60) as db:
            db.execute(sql)
        db.close()


class PlansOnPostgres(Plans, PostgresCase):
    def more(self):
        return {"ledger": self.pg.url("ledger")}

    def tenants(self):
        for name in ("ledger", "a", "b", "c"):
            self.pg.sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        return self.pg.create("ledger", "a", "b", "c")[1:]

    def ledger(self, sql):
        self.pg.sql("ledger", "SET search_path TO skein_ledger; " + sql)


if __name__ == "__main__":
    main()
