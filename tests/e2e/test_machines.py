"""Several machines on one run, whose ledger is a PostgreSQL database: `skein upgrade` and `skein work` as processes of one computer.

Effects are counted by rows without keys: what was done twice is there twice.
"""
import configparser
import json
import os
import random
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

import yaml

import schema
from browser import Browser
from harness import SKEIN, Postgres, PostgresCase, main, press, wait_until
from test_metrics import parse

LEASE = {"SKEIN_LEASE_MS": "2000"}
TENANT_STATES = schema.load("status")["properties"]["totals"]["required"][1:]


class MachinesCase(PostgresCase):
    """`fast` SQLite tenants, and `slow` ones on a server that take `seconds` each."""
    count = 0

    def setUp(self):
        super().setUp()
        MachinesCase.count += 1
        self.database = f"ledger{self.count}"
        self.pg.create(self.database)
        self.machines = []
        self.addCleanup(self.stop_all)

    def make_fleet(self, slow=4, fast=4, seconds=0.3, rollout=None, waits=False, **keys):
        names = [f"s{self.count}x{i}" for i in range(slow)]
        tenants = self.pg.create(*names) if slow else []
        tenants += [self.fleet.sqlite(f"f{i}") for i in range(fast)]
        self.slow, self.fast = names, [f"f{i}" for i in range(fast)]
        self.fleet.revision("aaaa1111", "CREATE TABLE log (what text);", down="DROP TABLE log;")
        self.fleet.revision("bbbb2222", down="DELETE FROM log;",
                            up="-- migrate:up dialect:sqlite\nINSERT INTO log VALUES ('done');\n\n"
                               f"-- migrate:up dialect:postgresql\nINSERT INTO log VALUES ('done');\nSELECT pg_sleep({seconds});\n")
        wait = ["sh", "-c", f"echo before_run >> {self.fleet.path('asked')}; until [ -e {self.fleet.path('go')} ]; do sleep 0.05; done"]
        rollout = {"parallel": 2, **(rollout or {})}
        if waits:
            rollout["gates"] = {"before_run": wait, **rollout.get("gates", {})}
        self.fleet.inventory(tenants, ledger=self.pg.url(self.database), rollout=rollout, **keys)

    def machine(self, *args, env=None, **options):
        process = self.fleet.start(*args, "--progress", "plain", env={**LEASE, **(env or {})}, **options)
        self.machines.append(process)
        return process

    def stop_all(self):
        for process in self.machines:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.communicate()

    def end(self, process, code=0, seconds=60):
        out, err = (text.decode() for text in process.communicate(timeout=seconds))
        if code is not None:
            self.assertEqual(process.returncode, code, f"{out}\n{err}")
        return out, err

    def wait_for_words(self, process, words):
        """On its stderr, line by line."""
        while line := process.stderr.readline():
            if words in line:
                return
        self.fail(f"{words} was not said")

    def ledger(self, text):
        return self.pg.sql(self.database, f"SET search_path = skein_ledger; {text}")

    def number(self, text):
        return int(self.ledger(text)[0][0])

    def wait_for(self, text, what, seconds=30):
        """Until the ledger answers something that is neither 0 nor false."""
        def is_so():
            try:
                return self.ledger(text)[0][0] not in ("0", "f", "")
            except AssertionError:
                return 0  # there is no ledger yet
        wait_until(is_so, seconds, what)

    def check_effects(self, rows=1):
        for name in self.slow:
            self.assertEqual(self.pg.sql(name, "SELECT count(*) FROM log"), [[str(rows)]], name)
        for name in self.fast:
            self.assertEqual(self.fleet.query(name, "SELECT count(*) FROM log"), [(rows,)], name)

    def totals(self):
        return self.run_ok("report", "-o", "json").report["totals"]

    def begin(self, *args, **options):
        process = self.machine("upgrade", *args, **options)
        self.wait_for("SELECT count(*) FROM courses", "the run")
        return process


class Together(MachinesCase):
    def test_two_machines_share_the_tenants_of_a_run(self):
        self.make_fleet(slow=8)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        out, _ = self.end(first)
        self.assertIn("12", out)
        out, err = self.end(second)
        self.assertIn("joining run", err)
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"], 12)
        machines = self.run_ok("report", "-o", "json").report["machines"]
        self.assertEqual([(m["name"], m["state"], m["in_flight"]) for m in machines], [("one", "left", 0), ("two", "left", 0)])
        self.assertEqual(self.run_ok("runs", "-o", "json").report[0]["machines"], machines)
        self.assertRegex(self.run_ok("runs").out, r"upgrade head +succeeded +\d.* m?s  2 machines; 12 succeeded\n$")
        self.assertRegex(self.run_ok("report").out, r"MACHINE +STATE +IN FLIGHT +DONE(.*\n)*  two +left +0 +[1-9]")
        done = dict(self.ledger("SELECT name, finished FROM machines"))
        self.assertEqual(int(done["one"]) + int(done["two"]), 12)
        self.assertGreater(int(done["two"]), 0)

    def test_who_watches_one_of_them_sees_the_whole_run(self):
        self.make_fleet(slow=8)
        metrics = self.fleet.path("skein.prom")
        with open(self.fleet.path("events"), "wb") as err:
            first = self.fleet.start("upgrade", "--as", "one", "--progress", "json", "--listen", "0", "--metrics", metrics, stderr=err, env=LEASE)
        self.machines.append(first)
        self.wait_for("SELECT count(*) FROM courses", "the run")
        second = self.machine("work", "--as", "two")
        events = lambda: [json.loads(line) for line in self.fleet.read("events").decode().split("\n")[:-1] if line.startswith("{")]
        both = lambda: [event for event in events() if event["event"] == "machines"]
        wait_until(both, 30, "the other machine")
        url = next(event["url"] for event in events() if event["event"] == "listening")
        def is_told():
            with urllib.request.urlopen(url + "status", timeout=60) as answer:
                told = json.load(answer)  # the first is of before someone asked
            if (told.get("machines") or {}).get("count") != 2:
                return False
            schema.check("status", told)
            # those of the other machine are at work, too, or done
            return told["totals"]["pending"] < 12 - sum(told["here"][state] for state in TENANT_STATES if state != "pending")
        try:
            wait_until(is_told, 30, "the other machine in /status")
        except OSError:
            self.assertIsNotNone(first.wait(60))  # the run was over by then
        first.communicate(timeout=60)
        self.assertEqual(first.returncode, 0)
        _, err = self.end(second)
        for event in both():
            schema.check("event", event)
        self.assertEqual((both()[0]["machines"], both()[0]["at_work"], both()[0]["tenants"]), (2, 2, 12))
        self.assertRegex(err, r"succeeded, 12 of 12 done, by 2 machines \(here [1-9]\d?\) in ")
        with open(metrics, encoding="utf-8") as file:
            told = parse(file.read())
        own = int(dict(self.ledger("SELECT name, finished FROM machines"))["one"])
        self.assertEqual((told["skein_tenants", "succeeded"], told["skein_tenants", "pending"], told["skein_here_tenants", "succeeded"]), (12, 0, own))
        self.assertEqual((told["skein_wave_tenants_done", "all"], told["skein_tenants_taken_over",]), (12, 0))
        self.assertEqual(sum(told["skein_machines", state] for state in ("at_work", "paused", "left", "gone")), 2)

    def test_a_machine_that_dies_is_found_out_and_its_tenants_taken_over(self):
        self.make_fleet(slow=6, seconds=1, waits=True)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for("SELECT count(*) = 2 FROM machines", "both machines")
        self.fleet.write("go", "")
        # only what was begun is taken over; a slow one goes on for a second
        self.wait_for("SELECT count(*) FROM claims JOIN machines ON machines.id = machine JOIN claim_queues AS q ON q.run = claims.run AND q.n = queue"
                      " JOIN run_tenants AS t ON t.run = claims.run AND t.n = claims.n"
                      " WHERE claims.state = 1 AND machines.name = 'one' AND NOT is_unlimited AND is_running", "a tenant that the first has begun")
        first.kill()
        second.send_signal(signal.SIGSTOP)
        self.wait_for("SELECT max(lease_until_ms) < extract(epoch FROM clock_timestamp()) * 1000 FROM machines", "the end of both leases")
        self.assertRegex(self.run_ok("runs").out, r"running, unfinished +\d.* m?s  2 machines, 0 at work; .*\n +one +gone +\d+ in flight, \d+ a minute, \d+ done\n +two +gone ")
        second.send_signal(signal.SIGCONT)
        self.end(second)
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"], 10)
        self.check_page()

    def check_page(self):
        """The page and Markdown tell of the machines what JSON tells, and everyone can read it."""
        path, saved = self.fleet.path("report.html"), self.fleet.path("report.json")
        self.run_ok("report", "-o", f"html={path}", "-o", f"json={saved}")
        with open(saved, encoding="utf-8") as file:
            report = json.load(file)
        one, two = report["machines"]
        self.assertGreater(two["taken_over"], 0)
        self.assertIn(f"  2 machines, {two['taken_over']} taken over; 10 succeeded\n", self.run_ok("runs").out)
        with Browser() as browser:
            page = browser.open(path)
            words = f"1 left, 1 gone; {two['taken_over']} tenant" + ("s were" if two["taken_over"] > 1 else " was") + " taken over"
            self.assertEqual(page.text("#machines header p"), words)
            rows = [[cell.strip() for cell in row.split("\t")] for row in page.texts("#machines tbody tr")]
            self.assertEqual([row[:2] for row in rows], [[f"one\n{one['host']}:{one['pid']}", "gone"], [f"two\n{two['host']}:{two['pid']}", "left"]])
            for row, machine in zip(rows, (one, two)):
                counts = [str(machine[key]) for key in ("finished", "failed", "taken_over", "lost")]
                self.assertEqual([row[4], row[6], row[8], row[9]], counts)
            self.assertEqual(json.loads(page.eval("jsonText(inOrder())")), report)
            for theme in ("light", "dark"):
                page.theme(theme)
                self.assertEqual(page.faults(), [], theme)
            page.size(360, 800, is_phone=True)
            page.eval("new Promise(requestAnimationFrame)")
            self.assertEqual((page.faults(), page.eval("document.documentElement.scrollWidth")), ([], 360))
            # no table scrolls sideways there, nor on paper, and each number has its column's name beside it
            too_wide = "[...document.querySelectorAll('.sideways')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.closest('section').id)"
            self.assertEqual(page.eval(too_wide), [])
            self.assertEqual(page.eval("[...document.querySelectorAll('#machines tbody tr:first-child td[data-label]')].map((e) => e.dataset.label)"),
                             ["State", "Last heard of", "In flight", "Done", "Failed", "A minute", "Taken over", "Lost"])
            page.size(794, 1123)
            page.media("print")
            page.eval("new Promise(requestAnimationFrame)")
            self.assertEqual(page.eval(too_wide), [])
            page.close()
        self.assertRegex(self.run_ok("report", "-o", "markdown").out, rf"(?m)^\| `two` \| left \| 0 \| {two['finished']} \| 0 \| \d+ \| {two['taken_over']} \| `{two['host']}:{two['pid']}` \|$")
        self.assertRegex(self.run_ok("report").out, rf"(?m)^  two +left .* {two['host']}:{two['pid']}$")

    def test_a_machine_that_is_paused_for_longer_than_its_lease_applies_nothing_twice(self):
        self.make_fleet(slow=6, seconds=1)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for("SELECT count(*) FROM claims JOIN machines ON machines.id = machine WHERE state = 1 AND name = 'two'", "claims")
        second.send_signal(signal.SIGSTOP)
        self.wait_for("SELECT sum(lost) FROM machines WHERE name = 'two'", "its claims to be taken")
        second.send_signal(signal.SIGCONT)
        self.end(first)
        self.end(second)
        self.check_effects()

    def test_a_machine_that_is_told_to_stop_leaves_and_the_run_goes_on(self):
        self.make_fleet(slow=6, seconds=0.5)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for("SELECT count(*) FROM claims JOIN machines ON machines.id = machine WHERE state = 1 AND name = 'two'", "claims")
        second.terminate()
        self.end(second, 143)
        self.end(first)
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"], 10)



class Rules(MachinesCase):
    """What holds over all machines together."""

    def run_with(self, machines, *args, code=0):
        """All of them are there before the first tenant is begun."""
        first = self.begin("--as", "m0", *args)
        others = [self.machine("work", "--as", f"m{i}") for i in range(1, machines)]
        self.wait_for(f"SELECT count(*) = {machines} FROM machines", "the machines")
        self.fleet.write("go", "")
        out = [self.end(process, code) for process in [first, *others]]
        return out[0]

    def test_the_limit_of_a_server_is_that_of_all_machines_and_waves_go_in_order(self):
        self.make_fleet(slow=8, seconds=0.1, rollout={"per_server": 2, "waves": [
            {"name": "canary", "select": "name in (s%dx0,s%dx1)" % (self.count, self.count)}, {"name": "rest"}]})
        watch = f"SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 's{self.count}x%' AND wait_event = 'PgSleep'"
        first = self.begin("--as", "m0")
        others = [self.machine("work", "--as", f"m{i}") for i in (1, 2)]
        most = 0
        while first.poll() is None:
            most = max(most, int(self.pg.sql("postgres", watch)[0][0]))
            held = self.number("SELECT count(*) FROM claims JOIN claim_queues AS q ON q.run = claims.run AND q.n = queue"
                               " WHERE state = 1 AND NOT is_unlimited")
            self.assertLessEqual(held, 2)
            began_early = self.number("SELECT count(*) FROM run_tenants AS t JOIN claims USING (run, n) WHERE wave = 1"
                                      " AND EXISTS (SELECT 1 FROM claims AS c WHERE c.wave = 0 AND c.state < 2)")
            self.assertEqual(began_early, 0)
        for process in (first, *others):
            self.end(process)
        self.assertEqual(most, 2)
        self.check_effects()

    def test_a_threshold_counts_the_failures_of_all_machines(self):
        self.make_fleet(slow=0, fast=30, rollout={"max_failures": 2}, waits=True)
        self.fleet.revision("cccc3333", "INSERT INTO nothing VALUES (1);")
        self.run_with(3, code=1)
        totals = self.totals()
        self.assertGreaterEqual(totals["failed"], 3)
        self.assertLessEqual(totals["failed"], 3 + 2 * 3)  # what was in flight by then
        self.assertEqual(totals["failed"] + totals["skipped"], 30)
        self.assertEqual(self.number("SELECT count(*) FROM runs WHERE drains LIKE 'too many failures: 3,%'"), 1)

    def test_a_failed_rollout_is_rolled_back_by_all_machines(self):
        self.make_fleet(slow=4, fast=6, rollout={"on_failure": "rollback"})
        self.fleet.revision("cccc3333", "-- migrate:up dialect:sqlite\nINSERT INTO log SELECT missing(1) FROM log WHERE 0;\nSELECT 1;\n\n"
                                        "-- migrate:up dialect:postgresql\nSELECT 1;\n", down="SELECT 1;")
        first = self.begin("--as", "m0")
        second = self.machine("work", "--as", "m1")
        self.end(first, 3)
        self.end(second, 3)
        self.assertEqual(self.run_ok("runs", "-o", "json").report[0]["state"], "rolled_back")
        for name in self.fast:
            self.assertEqual(self.fleet.tables(name), set())
        for name in self.slow:
            self.assertEqual(self.pg.tables(name), set())

    def test_each_gate_is_asked_by_one_machine(self):
        self.make_fleet(slow=4, fast=4, seconds=0.1, waits=True, rollout={
            "waves": [{"name": "canary", "select": "name=f0", "soak": "300ms"}, {"name": "rest"}],
            "gates": {gate: ["sh", "-c", f"echo $SKEIN_GATE $SKEIN_WAVE >> {self.fleet.path('asked')}"]
                      for gate in ("after_wave", "after_run")}})
        self.run_with(3)
        words = [line.split() for line in self.fleet.read("asked").decode().splitlines()]
        self.assertEqual([word[0] for word in words], ["before_run", "after_wave", "after_wave", "after_run"])
        self.check_effects()

    def test_a_gate_that_no_machine_has_any_more_is_told_and_asked_by_the_next_that_has_it(self):
        asks = f"echo asked >> {self.fleet.path('asked')}; until [ -e {self.fleet.path('go')} ]; do sleep 0.05; done"
        self.make_fleet(slow=0, fast=2, rollout={"gates": {"after_wave": ["sh", "-c", asks]}})
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        del inventory["rollout"]
        self.fleet.write("gateless.yaml", json.dumps(inventory))
        first = self.begin("--as", "one")
        self.wait_for("SELECT gate_machine FROM courses", "the gate")
        second = self.machine("work", "--as", "two", inventory="gateless.yaml")
        self.wait_for_words(second, b"cannot ask the run's gates 'after_wave'")
        self.wait_for_words(second, b"waits for the gate after_wave, which another machine asks")
        first.kill()
        self.wait_for_words(second, b"waits for a machine whose inventory has the gate after_wave")
        self.fleet.write("go", "")
        self.end(self.machine("work", "--as", "three"))
        self.end(second)
        self.check_effects()

    def test_a_gate_that_says_no_halts_all_machines(self):
        self.make_fleet(slow=2, fast=4, seconds=0.1, waits=True, rollout={
            "waves": [{"name": "canary", "select": "name=f0"}, {"name": "rest"}], "gates": {"after_wave": ["false"]}})
        self.run_with(2, code=1)
        report = self.run_ok("report", "-o", "json").report
        self.assertEqual((report["totals"]["succeeded"], report["totals"]["skipped"]), (1, 5))
        self.assertEqual(report["run"]["halted_by"]["gate"], "after_wave")

    def test_what_halted_it_is_the_reason_for_which_it_goes_back(self):
        self.make_fleet(slow=2, fast=4, seconds=0.1, waits=True, rollout={"on_failure": "rollback",
            "waves": [{"name": "canary", "select": "name=f0"}, {"name": "rest"}], "gates": {"after_wave": ["false"]}})
        first = self.begin("--as", "m0")
        second = self.machine("work", "--as", "m1")
        self.wait_for("SELECT count(*) = 2 FROM machines", "the machines")
        self.fleet.write("go", "")
        lines = "".join(self.end(process, 3)[1] for process in (first, second)).splitlines()
        told = {line for line in lines if "rolling back" in line}  # who comes late finds it done
        self.assertEqual(told, {"skein: rolling back: a gate said no"})
        moments = self.run_ok("report", "-o", "json").report["moments"]
        self.assertEqual([(moment["moment"], moment["reason"]) for moment in moments][-1], ("run_rolls_back", "a gate said no"))

    def test_tenants_of_a_host_are_that_machines_and_who_is_reached_by_none_is_told(self):
        self.make_fleet(slow=0, fast=6)
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        for at, tenant in enumerate(inventory["tenants"]):
            tenant["labels"] = [f"reachable_from={['here', 'there', 'nowhere'][at % 3]}"]
        inventory["rollout"]["on_failure"] = "continue"
        self.fleet.write("skein.yaml", json.dumps(inventory))
        first = self.begin("--as", "here")
        second = self.machine("work", "--as", "there")
        out, err = self.end(first, 1)
        _, more = self.end(second, 1)  # one of them begins the waiting, and the other may look after it
        self.assertIn("machines of the names that 'reachable_from' of the last tenants says (skein work --as NAME)", err + more)
        self.assertIn("not reached", out)
        report = self.run_ok("report", "-o", "json").report
        self.assertEqual([t["state"] for t in report["tenants"]], ["succeeded", "succeeded", "skipped"] * 2)
        self.assertEqual(dict(self.ledger("SELECT name, finished FROM machines")), {"here": "2", "there": "2"})

    def test_who_has_another_chain_or_fleet_does_not_join(self):
        self.make_fleet(slow=2, fast=1, seconds=1.5)
        first = self.begin("--as", "one")
        other = self.fleet.path("other")
        os.makedirs(other)
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        self.fleet.write("other/skein.yaml", json.dumps(inventory))
        self.fleet.write("other/versions/aaaa1111.sql", self.fleet.read("versions/aaaa1111.sql"))
        result = self.fleet.run("work", inventory="other/skein.yaml")
        self.assertEqual(result.code, 2, repr(result))
        self.assertRegex(result.err, "the chain here is not that of run .*: '.*/versions/bbbb2222.sql' is missing here; bring the same files here")
        self.end(first)
        result = self.fleet.run("work")
        self.assertEqual(result.code, 2, repr(result))
        self.assertIn("no run is under way", result.err)
        self.check_effects()



class Back(MachinesCase):
    """A rollback, whose down sections leave a row each."""

    def make_done(self, slow=6, fast=4, seconds=0.4, **keys):
        self.make_fleet(slow=slow, fast=fast, seconds=0, **keys)
        self.run_ok("upgrade")
        self.fleet.revision("cccc3333", up="INSERT INTO log VALUES ('up');",
                            down="-- migrate:down dialect:sqlite\nINSERT INTO log VALUES ('back');\n\n"
                                 f"-- migrate:down dialect:postgresql\nINSERT INTO log VALUES ('back');\nSELECT pg_sleep({seconds});\n")
        self.run_ok("upgrade")

    def back(self, *args, **options):
        process = self.machine("rollback", *args, **options)
        self.wait_for("SELECT count(*) = 3 FROM courses", "the rollback")
        return process

    def check_back(self):
        rows = {name: self.fleet.query(name, "SELECT what FROM log ORDER BY rowid") for name in self.fast}
        rows.update({name: [tuple(row) for row in self.pg.sql(name, "SELECT what FROM log")] for name in self.slow})
        for name, found in rows.items():
            self.assertEqual(found, [("done",), ("up",), ("back",)], name)
        newest, done = self.run_ok("runs", "-o", "json").report[:2]
        self.assertEqual((newest["command"], newest["state"], done["state"]), ("rollback", "succeeded", "rolled_back"))
        self.assertEqual(self.totals()["rolled_back"], len(rows))

    def test_two_machines_share_it(self):
        self.make_done(seconds=1.5)  # who comes gets what the first, alone until then, has claimed ahead
        first = self.back("--as", "one")
        second = self.machine("work", "--as", "two")
        self.end(first)
        _, err = self.end(second)
        self.assertIn("joining run", err)
        self.check_back()
        done = dict(self.ledger("SELECT name, finished FROM machines WHERE run = 3"))
        self.assertEqual(int(done["one"]) + int(done["two"]), 10)
        self.assertGreater(int(done["two"]), 0)
        self.assertIn("there is no run to resume", self.run_ok("resume", code=2).err)

    def test_who_began_it_dies_and_the_other_ends_it(self):
        self.make_done(seconds=1)
        first = self.back("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for("SELECT count(*) FROM claims AS c JOIN machines AS m ON m.run = c.run AND m.id = machine JOIN run_tenants AS t ON t.run = c.run AND t.n = c.n"
                      " WHERE c.run = 3 AND c.state = 1 AND m.name = 'one' AND is_running AND EXISTS (SELECT 1 FROM machines WHERE run = 3 AND name = 'two')",
                      "a tenant that the first has begun")
        first.kill()
        self.end(second)
        self.check_back()
        self.assertGreater(self.number("SELECT sum(taken_over) FROM machines WHERE run = 3"), 0)

    def test_one_that_was_stopped_is_gone_on_with_by_both(self):
        self.make_done(seconds=1)
        first = self.back("--as", "one")
        self.wait_for("SELECT count(*) FROM run_tenants WHERE run = 3 AND is_running", "a tenant that was begun")
        first.send_signal(signal.SIGINT)
        self.end(first, 130)
        self.assertEqual(self.run_ok("runs", "-o", "json").report[0]["state"], "interrupted")
        first = self.machine("resume", "--as", "one")
        self.wait_for("SELECT count(*) = 4 FROM courses", "the resume")
        second = self.machine("work", "--as", "two")
        self.end(first)
        self.end(second)
        self.assertEqual(self.run_ok("runs", "-o", "json").report[0]["command"], "rollback")
        for name in self.slow:
            self.assertEqual(self.pg.sql(name, "SELECT what FROM log"), [["done"], ["up"], ["back"]], name)

    def test_a_tenant_that_cannot_go_back_fails_alone_and_one_that_left_the_inventory_is_told(self):
        self.make_done(slow=2, fast=4, seconds=1)
        self.fleet.query("f1", "ALTER TABLE log RENAME TO elsewhere")
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        inventory["tenants"] = [tenant for tenant in inventory["tenants"] if tenant["name"] != "f2"]
        self.fleet.write("skein.yaml", json.dumps(inventory))
        first = self.back("--as", "one")
        second = self.machine("work", "--as", "two")
        self.end(first, 4)
        self.end(second, 4)
        report = self.run_ok("report", "-o", "json").report
        states = {tenant["name"]: tenant["state"] for tenant in report["tenants"]}
        self.assertEqual(report["run"]["state"], "rollback_failed")
        self.assertEqual({name for name in states if states[name] == "rollback_failed"}, {"f1", "f2"})
        self.assertEqual(sum(state == "rolled_back" for state in states.values()), 4)
        self.assertTrue(any("no longer in the inventory" in error["message"] for error in report["errors"]))
        # both come back, and so does the rest of it
        self.fleet.query("f1", "ALTER TABLE elsewhere RENAME TO log")
        inventory["tenants"].append(self.fleet.sqlite("f2"))
        self.fleet.write("skein.yaml", json.dumps(inventory))
        self.run_ok("resume")
        for name in self.fast:
            self.assertEqual(self.fleet.query(name, "SELECT what FROM log ORDER BY rowid"), [("done",), ("up",), ("back",)], name)


class Terms(MachinesCase):
    """What the request says beside its target is the run's: who joins has it from the ledger."""

    def make_two_hosts(self, **keys):
        """The files are the second machine's alone."""
        self.make_fleet(slow=2, fast=3, seconds=0.5, rollout={"on_failure": "continue"}, **keys)
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        for tenant in inventory["tenants"][2:]:
            tenant["labels"] = ["reachable_from=two"]
        self.fleet.write("skein.yaml", json.dumps(inventory))

    def play(self, *args, code=0, runs=1):
        first = self.machine(*args, "--as", "one")
        self.wait_for(f"SELECT count(*) = {runs} FROM courses", "the run")
        second = self.machine("work", "--as", "two")
        out = self.end(first, code)
        self.end(second, code)
        self.assertEqual(self.number(f"SELECT finished FROM machines WHERE run = {runs} AND name = 'two'"), 3)
        return out

    def test_who_joins_follows_the_saved_plan(self):
        self.make_two_hosts()
        self.run_ok("plan", "--save", self.fleet.path("release.plan"))
        self.fleet.sqlite("f1", "CREATE TABLE log (what text); CREATE TABLE alembic_version (version_num varchar(32) NOT NULL);"
                                "INSERT INTO alembic_version VALUES ('aaaa1111');")
        self.play("upgrade", "--plan", self.fleet.path("release.plan"), code=1)
        report = self.run_ok("report", "-o", "json").report
        self.assertEqual({t["name"]: t["state"] for t in report["tenants"] if t["state"] != "succeeded"}, {"f1": "failed"})
        self.assertRegex(report["errors"][0]["message"], r"it has moved since the plan '\S*release.plan' was made: nothing was done here")
        self.assertEqual((self.fleet.versions("f1"), self.fleet.query("f1", "SELECT * FROM log")), (["aaaa1111"], []))

    def test_who_joins_accepts_the_changed_chain(self):
        self.make_two_hosts()
        self.fleet.revision("cccc3333", "-- migrate:up dialect:sqlite\nINSERT INTO log SELECT * FROM missing;\n\n-- migrate:up dialect:postgresql\nSELECT 1;\n")
        self.play("upgrade", code=1)
        path = self.fleet.path("versions", "aaaa1111.sql")
        with open(path, "a") as file:
            file.write("-- edited\n")
        for name in self.fast:
            self.fleet.query(name, "CREATE TABLE missing (what text)")
        self.assertIn("has changed", self.run_ok("resume", code=2).err)
        self.play("resume", "--accept-chain-change", runs=2)
        for name in self.fast:
            self.assertEqual(self.fleet.versions(name), ["cccc3333"], name)

    def test_a_stamp_that_was_compared_is_shared(self):
        self.make_two_hosts()
        for name in self.slow:
            self.pg.sql(name, "CREATE TABLE log (what text)")
        for name in self.fast:
            self.fleet.query(name, "CREATE TABLE log (what text)")
        self.play("stamp", "head")
        for name in self.fast:
            self.assertEqual(self.fleet.versions(name), ["bbbb2222"], name)


class Faults(MachinesCase):
    HELD_BY = "SELECT count(*) FROM claims JOIN machines ON machines.id = machine WHERE state = 1 AND name = '%s'"

    def test_a_run_whose_machines_have_all_died_is_ended_by_one_that_comes(self):
        self.make_fleet(slow=4, seconds=0.7)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for(self.HELD_BY % "two", "claims")
        first.kill()
        second.kill()
        self.end(self.machine("work", "--as", "three"))
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"], 8)
        self.assertEqual(self.run_ok("runs", "-o", "json").report[0]["state"], "succeeded")

    def test_a_stop_of_who_began_the_run_stops_all(self):
        self.make_fleet(slow=8, seconds=0.7)
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for(self.HELD_BY % "two", "claims")
        first.terminate()
        self.end(first, 143)
        self.end(second, 130)
        self.assertGreater(self.totals()["skipped"], 0)
        self.run_ok("resume")
        self.check_effects()

    def give_ledger_a_server(self):
        ledger = Postgres()
        self.addCleanup(ledger.close)
        ledger.create(self.database)
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        self.fleet.write("skein.yaml", json.dumps({**inventory, "ledger": ledger.url(self.database)}))
        self.ledger = lambda text: ledger.sql(self.database, f"SET search_path = skein_ledger; {text}")
        return ledger

    def test_a_machine_that_gave_its_ledger_up_tells_its_own_part(self):
        self.make_fleet(slow=4, fast=0, seconds=0.6, rollout={"parallel": 1})
        ledger = self.give_ledger_a_server()
        first = self.begin("--as", "one", "-o", f"json={self.fleet.path('one.json')}", "-o", "text", env={"SKEIN_LEASE_MS": "400"})
        second = self.machine("work", "--as", "two")
        self.wait_for(self.HELD_BY % "two", "claims")
        ledger.stop("immediate")
        told = [self.end(process, 6)[0] for process in (first, second)]
        ledger.start()
        run = self.ledger("SELECT id FROM runs")[0][0]
        for out in told:
            self.assertRegex(out, r"[1-9] (were|was) not begun here|not begun by this machine")
            self.assertIn("This tells only of what this machine saw", out)
            self.assertIn(f"skein report {run}", out)
            self.assertIn(f"skein work {run}", out)
            self.assertNotIn("skein resume", out)
        self.assertIs(json.loads(self.fleet.read("one.json"))["run"]["own_part"], True)
        self.end(self.machine("work", run))
        self.check_effects()
        report = self.run_ok("report", run, "-o", "json").report
        self.assertEqual((report["totals"]["succeeded"], "own_part" in report["run"]), (4, False))

    def test_a_ledger_that_restarts_ends_nothing(self):
        self.make_fleet(slow=6, seconds=0.7)
        ledger = self.give_ledger_a_server()
        first = self.begin("--as", "one")
        second = self.machine("work", "--as", "two")
        self.wait_for(self.HELD_BY % "two", "claims")
        ledger.stop("immediate")
        ledger.start()
        self.end(first)
        self.end(second)
        self.check_effects()
        self.assertEqual(self.totals()["succeeded"], 10)

    def test_whatever_happens_to_machines_each_effect_is_there_once(self):
        """A seed says what happens; ROUNDS=100 python3 tests/e2e/test_machines.py Faults.…"""
        for at in range(int(os.environ.get("ROUNDS", "1"))):
            seed = int(os.environ.get("SEED", "1")) + at
            with self.subTest(seed=seed):
                self.play(random.Random(seed))

    def play(self, dice):
        if self.fleet.last:
            self.stop_all()
            self.doCleanups()
            self.setUp()
        self.make_fleet(slow=5, fast=5, seconds=0.4, rollout={"per_server": dice.randrange(2, 5)})
        machines = [self.begin("--as", "m0")]
        for number in range(1, dice.randrange(2, 5)):
            machines.append(self.machine("work", "--as", f"m{number}"))
        for _ in range(dice.randrange(1, 5)):
            time.sleep(dice.random())
            victim = dice.choice(machines)
            if victim.poll() is None:
                victim.send_signal(dice.choice([signal.SIGKILL, signal.SIGSTOP]))
        self.end(self.machine("work", "--as", "last"), code=None)  # 2: the others have ended the run by now
        for process in machines:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
        for process in machines:
            process.communicate(timeout=60)
        if self.run_ok("runs", "-o", "json").report[0]["state"] != "succeeded":
            self.run_ok("resume")  # a process that was stopped held the lock of a file, which no one can take from it
        self.check_effects()
        self.run_ok("upgrade")
        self.check_effects()


class Waiting(MachinesCase):
    def test_a_machine_that_works_for_ever_takes_one_run_after_the_other_and_ends_on_a_signal(self):
        self.make_fleet(slow=3, fast=3, seconds=0.5)
        forever = self.machine("work", "--forever", "--as", "forever")  # there is no ledger yet
        self.wait_for_words(forever, b"waiting for a run to join")
        self.end(self.begin("--as", "m0"))
        self.fleet.revision("cccc3333", up="-- migrate:up dialect:sqlite\nINSERT INTO log VALUES ('once more');\n\n-- migrate:up dialect:postgresql\n"
                            "INSERT INTO log VALUES ('once more');\nSELECT pg_sleep(1.2);\n")  # the chain is read anew for each run
        second = self.machine("upgrade", "--as", "m0")
        second = self.machine("upgrade", "--as", "m0", "--wait", "30s")  # the other one may not have left the first run yet
        self.wait_for("SELECT count(*) FROM machines WHERE run = 2 AND name = 'forever'", "the second run is joined")
        self.end(second)
        self.check_effects(rows=2)
        self.assertEqual(self.ledger("SELECT run, count(*) FROM machines WHERE name = 'forever' GROUP BY run ORDER BY run"),
                         [["1", "1"], ["2", "1"]])
        self.wait_for_words(forever, b"waiting for a run to join")
        forever.terminate()
        self.end(forever, code=None)
        self.assertIn(forever.returncode, (143, -signal.SIGTERM))  # it holds nothing that a handler would give back

    def test_a_stop_of_the_run_is_none_of_a_machine_that_works_for_ever(self):
        self.make_fleet(slow=0, fast=3, waits=True)
        forever = self.machine("work", "--forever", "--as", "forever")
        self.wait_for_words(forever, b"waiting for a run to join")
        first = self.begin("--as", "m0")
        self.wait_for_words(forever, b"joining run")
        self.wait_for("SELECT count(*) = 2 FROM machines", "both machines")
        press(first, times=1)
        self.fleet.write("go", "")
        self.end(first, 130)
        self.wait_for_words(forever, b"waiting for a run to join")
        self.end(self.machine("resume", "--as", "m0"))
        self.check_effects()
        forever.terminate()
        self.assertIn(self.end(forever, code=None) and forever.returncode, (143, -signal.SIGTERM))

    def test_several_machines_on_one_host_are_several(self):
        self.make_fleet(slow=8, fast=4, seconds=0.2, rollout={"parallel": 1}, waits=True)
        first = self.begin()
        others = [self.machine("work") for _ in range(3)]  # all are called as the host is
        self.wait_for("SELECT count(*) = 4 FROM machines", "the machines")
        self.fleet.write("go", "")
        for process in (first, *others):
            self.end(process)
        self.check_effects()
        self.assertEqual(self.ledger("SELECT count(DISTINCT name), count(DISTINCT id), sum(finished) FROM machines"), [["1", "4", "12"]])
        self.assertEqual(len({machine["pid"] for machine in self.run_ok("report", "-o", "json").report["machines"]}), 4)

    def test_a_named_run_that_is_one_machines_or_over_is_refused_plainly(self):
        self.make_fleet(slow=0, fast=2)
        self.run_ok("upgrade")
        run = self.run_ok("runs", "-o", "json").report[0]["id"]
        self.assertIn("is over", self.run_ok("work", run, "--wait", "30s", code=2).err)
        self.run_ok("rollback")
        back = self.run_ok("runs", "-o", "json").report[0]["id"]
        self.assertIn("is over", self.run_ok("work", back, code=2).err)
        self.ledger("DELETE FROM courses WHERE run = 2; UPDATE runs SET state = 0 WHERE seq = 2")  # as a released skein's would be
        self.assertRegex(self.run_ok("work", back, code=2).err, "is one machine's, and no other can join it")
        self.run_ok("upgrade")
        self.ledger("DELETE FROM courses WHERE run = 3; UPDATE runs SET state = 0 WHERE seq = 3")
        self.assertIn("no run is under way", self.run_ok("work", code=2).err)

    def test_a_machine_that_only_joins_makes_no_ledger(self):
        self.make_fleet(slow=0, fast=2)
        self.assertRegex(self.run_ok("work", code=2).err, "(?s)there is no ledger 'postgresql://.*' yet.*--wait")
        self.assertEqual(self.pg.sql(self.database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'skein_ledger'"), [["0"]])
        file = self.fleet.path("none.db")
        self.assertIn("is a file of this machine", self.run_ok("work", "--ledger", file, "--wait", "30s", code=2).err)
        self.assertFalse(os.path.exists(file))


class Examples(unittest.TestCase):
    FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tenants_example", "machines")

    def commands(self):
        with open(os.path.join(self.FOLDER, "kubernetes.yaml"), encoding="utf-8") as file:
            for job in yaml.safe_load_all(file):
                self.assertEqual((job["apiVersion"], job["kind"]), ("batch/v1", "Job"))
                pod = job["spec"]["template"]["spec"]
                self.assertEqual(pod["restartPolicy"], "Never")  # another try by itself would wait for the next run
                self.check_failures(job["spec"], pod)
                self.assertNotIn("completionMode", job["spec"])
                for container in pod["containers"]:
                    self.assertEqual(set(container) - {"name", "image", "command", "args", "env", "envFrom"}, set())
                    yield container["command"] + container["args"]
        for name in ("skein-work.service", "skein-upgrade.service"):
            units = configparser.ConfigParser(strict=False, interpolation=None)
            units.optionxform = str
            units.read(os.path.join(self.FOLDER, name))
            yield units["Service"]["ExecStart"].split()

    def check_failures(self, spec, pod):
        """The exit codes that end the Job are those by which a run has ended: a machine that was drained, or lost the ledger, is made anew."""
        rules = spec.get("podFailurePolicy", {"rules": []})["rules"]
        for rule in rules:
            self.assertEqual(len(set(rule) & {"onExitCodes", "onPodConditions"}), 1)
            if rule["action"] == "FailJob":
                self.assertEqual(rule["onExitCodes"], {"containerName": pod["containers"][0]["name"], "operator": "In", "values": [1, 3, 4]})
        self.assertEqual({rule["action"] for rule in rules}, {"FailJob", "Ignore"} if "parallelism" in spec else set())

    def test_their_commands_are_skeins(self):
        seen = set()
        for words in self.commands():
            self.assertEqual(os.path.basename(words[0]), "skein")
            seen.add(words[3])
            done = subprocess.run([SKEIN, *words[3:], "-f", "/nowhere/skein.yaml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertIn(b"/nowhere/skein.yaml", done.stderr)  # all options are taken: the inventory is what is missing
            self.assertEqual(done.returncode, 2)
        self.assertEqual(seen, {"upgrade", "work"})

    def test_systemd_takes_the_units(self):
        for name in ("skein-work.service", "skein-upgrade.service"):
            with tempfile.TemporaryDirectory() as folder:
                with open(os.path.join(self.FOLDER, name), encoding="utf-8") as file:
                    text = file.read().replace("/usr/bin/skein", os.path.abspath(SKEIN))
                path = os.path.join(folder, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = subprocess.run(["systemd-analyze", "verify", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertNotIn(name.encode(), done.stdout)


if __name__ == "__main__":
    main()
