#!/usr/bin/env python3
"""Waves, thresholds, policies, gates; resume and rollback; the ledger's lock. On SQLite."""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import termios
import time
import unittest

from harness import FleetCase, main, press, wait_until


class RolloutCase(FleetCase):
    """A fleet of which `bad` tenants fail in the second revision, until they are mended."""

    def make(self, count, bad=(), rollout=None, **keys):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int); INSERT INTO fx VALUES (1);", "DROP TABLE fx;")
        self.fleet.revision("bbbb2222", "INSERT INTO fx SELECT 2 FROM guard;", "DELETE FROM fx WHERE n = 2;")
        tenants = []
        for i in range(count):
            name = f"t{i:02}"
            sql = "CREATE TABLE keep (v); INSERT INTO keep VALUES ('%s');" % name
            if i not in bad:
                sql += "CREATE TABLE guard (one); INSERT INTO guard VALUES (1);"
            tenants.append({**self.fleet.sqlite(name, sql), "labels": [f"n={i % 3}"]})
        if tenants:
            tenants[0]["labels"] = ["tier=canary"]
        self.fleet.inventory(tenants, rollout={"parallel": 1, **(rollout or {})}, **keys)
        return [t["name"] for t in tenants]

    def mend(self, name):
        with sqlite3.connect(self.fleet.path("data", name + ".db")) as db:
            db.executescript("CREATE TABLE guard (one); INSERT INTO guard VALUES (1);")

    def effects(self, name):
        return sorted(n for n, in self.fleet.query(name, "SELECT n FROM fx")) \
            if "fx" in self.fleet.tables(name) else []

    def states(self, report):
        return {t["name"]: t["state"] for t in report["tenants"]}


CANARY = {"name": "canary", "select": "tier=canary"}


class Waves(RolloutCase):
    def test_one_behind_the_other_with_a_soak_between(self):
        self.make(6, rollout={"waves": [{**CANARY, "soak": "700ms"}, {"name": "everyone"}]})
        begun = time.monotonic()
        report = self.run_json("upgrade").report
        self.assertGreater(time.monotonic() - begun, 0.7)
        self.assertEqual([(w["name"], w["state"], w["tenants"]) for w in report["waves"]],
                         [("canary", "succeeded", 1), ("everyone", "succeeded", 5)])
        self.assertEqual({t["wave"] for t in report["tenants"][1:]}, {"everyone"})
        self.fleet.write("skein.yaml", self.fleet.read("skein.yaml").decode().replace("700ms", "60s"))
        self.assertLess(self.seconds("upgrade"), 40)  # nothing changed: nothing to watch

    def seconds(self, *args, code=0, **options):
        begun = time.monotonic()
        self.run_ok(*args, code=code, **options)
        return time.monotonic() - begun

    def test_a_resume_soaks_behind_what_the_rollout_changed(self):
        self.make(3, bad=[2], rollout={"waves": [{**CANARY, "soak": "60s"}, {"name": "everyone"}]})
        self.run_ok("upgrade", "--tenant", "t00")
        self.assertLess(self.seconds("upgrade", code=1), 40)
        self.mend("t02")
        self.assertLess(self.seconds("resume"), 40)  # the canary was there before

    def test_a_resume_soaks_no_longer_than_is_left(self):
        self.make(3, rollout={"waves": [{**CANARY, "soak": "6s"}, {"name": "everyone"}]})
        begun = time.monotonic()
        for command in ("upgrade", "resume", "resume"):
            process = self.fleet.start(command)
            time.sleep(1.5)
            press(process, 1)
            process.communicate(timeout=240)
            self.assertEqual(process.returncode, 130)
        self.run_ok("resume")
        self.assertLess(time.monotonic() - begun, 9.5)  # 10.5, if each began to soak anew

    def test_a_resume_soaks_behind_a_wave_whose_end_nobody_recorded(self):
        self.make(3, rollout={"waves": [{**CANARY, "soak": "1s"}, {"name": "everyone"}]})
        self.run_ok("upgrade", code=-signal.SIGKILL, env={"SKEIN_FAILPOINT": "release=kill"})
        self.assertEqual(self.effects("t00"), [1, 2])
        self.assertGreater(self.seconds("resume"), 0.9)

    def test_who_is_in_no_wave_comes_last(self):
        self.make(4, rollout={"waves": [CANARY]})
        report = self.run_json("upgrade").report
        self.assertEqual([(w["name"], w["tenants"]) for w in report["waves"]], [("canary", 1), ("rest", 3)])

    def test_a_bad_canary_halts_and_nobody_else_is_begun(self):
        self.make(5, bad=[0], rollout={"waves": [CANARY, {"name": "everyone"}]})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual(report["run"]["state"], "halted")
        self.assertEqual(report["totals"]["skipped"], 4)
        for i in range(1, 5):
            self.assertNotIn("fx", self.fleet.tables(f"t{i:02}"))

    def test_a_wave_has_a_threshold_of_its_own(self):
        waves = [{"name": "zero", "select": "n=0"}, {"name": "others", "max_failures": "50%"}]
        self.make(8, bad=[1, 2], rollout={"waves": waves})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual(report["run"]["state"], "failed")
        self.assertEqual(report["totals"]["failed"], 2)
        self.assertEqual(report["totals"]["succeeded"], 6)

    def test_up_to_a_wave_and_resume_with_the_rest(self):
        self.make(5, rollout={"waves": [CANARY, {"name": "everyone"}]})
        report = self.run_json("upgrade", "--wave", "canary").report
        self.assertEqual(report["run"]["state"], "succeeded")
        self.assertEqual((report["totals"]["succeeded"], report["totals"]["skipped"]), (1, 4))
        self.assertNotIn("fx", self.fleet.tables("t01"))
        report = self.run_json("resume").report
        self.assertEqual((report["totals"]["succeeded"], report["totals"]["unchanged"]), (4, 1))
        self.run_ok("upgrade", "--wave", "nosuch", code=2)


class Policies(RolloutCase):
    def test_stop_begins_nothing_more(self):
        self.make(6, bad=[1])
        report = self.run_json("upgrade", code=1).report
        self.assertEqual(report["totals"]["skipped"], 4)

    def test_continue_goes_on(self):
        self.make(6, bad=[1, 3])
        report = self.run_json("upgrade", "--on-failure", "continue", code=1).report
        self.assertEqual((report["totals"]["failed"], report["totals"]["succeeded"]), (2, 4))

    def test_rollback_takes_back_what_was_changed_and_nothing_else(self):
        names = self.make(6, bad=[3], rollout={"on_failure": "rollback"})
        self.run_ok("upgrade", "aaaa1111", "--tenant", "t01")
        before = {n: self.fleet.query(n, "SELECT * FROM keep") for n in names}
        report = self.run_json("upgrade", code=3).report
        self.assertEqual(report["run"]["state"], "rolled_back")
        states = self.states(report)
        self.assertEqual([states[f"t{i:02}"] for i in range(6)],
                         ["rolled_back"] * 3 + ["failed"] + ["skipped"] * 2)
        self.assertEqual(self.fleet.versions("t01"), ["aaaa1111"])  # where it stood
        self.assertEqual(self.effects("t01"), [1])
        for name in ("t00", "t02"):
            self.assertEqual(self.fleet.versions(name), [])
            self.assertNotIn("fx", self.fleet.tables(name))
        self.assertNotIn("alembic_version", [r[0] for r in self.fleet.query(
            "t05", "SELECT name FROM sqlite_schema")])
        for name in names:
            self.assertEqual(self.fleet.query(name, "SELECT * FROM keep"), before[name])

    def test_a_rollback_that_could_not_go_back_is_refused_with_the_list(self):
        self.make(3, rollout={"on_failure": "rollback"})
        self.fleet.revision("cccc3333", "CREATE TABLE c (n);")
        self.fleet.revision("dddd4444", "CREATE TABLE d (n);")
        result = self.run_ok("upgrade", code=2)
        self.assertIn("versions/cccc3333.sql", result.err)
        self.assertIn("versions/dddd4444.sql", result.err)
        self.assertNotIn("fx", self.fleet.tables("t00"))

    def test_a_rollback_that_fails_needs_a_person(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);", "DROP TABLE nosuch;")
        self.fleet.revision("bbbb2222", "INSERT INTO guard VALUES (1);", "DELETE FROM guard;")
        self.fleet.inventory([self.fleet.sqlite("good", "CREATE TABLE guard (n)"), self.fleet.sqlite("bad")],
                             rollout={"parallel": 1, "on_failure": "rollback"})
        report = self.run_json("upgrade", code=4).report
        self.assertEqual(report["run"]["state"], "rollback_failed")
        self.assertEqual(self.states(report), {"good": "rollback_failed", "bad": "failed"})
        self.assertEqual(self.fleet.versions("good"), ["bbbb2222"])


class Resume(RolloutCase):
    def test_retries_the_failed_and_begins_the_skipped(self):
        names = self.make(6, bad=[2])
        first = self.run_json("upgrade", code=1).report
        self.fleet.revision("cccc3333", "CREATE TABLE late (n);", "DROP TABLE late;")
        result = self.run_ok("resume", code=2)
        self.assertIn("chain has changed", result.err)
        self.mend("t02")
        report = self.run_json("resume", "--accept-chain-change").report
        self.assertEqual(report["run"]["resumed_from"], first["run"]["id"])
        self.assertEqual((report["totals"]["unchanged"], report["totals"]["succeeded"]), (2, 4))
        for name in names:
            self.assertEqual(self.effects(name), [1, 2])
            self.assertEqual(self.fleet.versions(name), ["bbbb2222"])  # the target of then

    def test_twice_changes_nothing(self):
        names = self.make(4)
        self.run_ok("upgrade")
        images = {n: self.fleet.read(f"data/{n}.db") for n in names}
        for _ in range(2):
            self.assertEqual(self.run_json("resume").report["totals"]["unchanged"], 4)
        self.assertEqual({n: self.fleet.read(f"data/{n}.db") for n in names}, images)

    def test_tells_who_has_fallen_back_and_leaves_it_alone(self):
        self.make(3)
        image = self.fleet.read("data/t01.db")
        self.run_ok("upgrade")
        self.fleet.write("data/t01.db", image)  # a backup comes back
        result = self.run_json("resume", code=1)
        error = result.tenant("t01")["error"]
        self.assertEqual((error["class"], error["code"]), ("drift", "regressed"))
        self.assertNotIn("fx", self.fleet.tables("t01"))
        self.assertEqual(self.run_json("upgrade").report["totals"]["succeeded"], 1)

    def test_who_has_fallen_back_holds_up_nobody(self):
        for policy in ("stop", "rollback"):
            names = self.make(5, bad=[3])
            image = self.fleet.read("data/t01.db")
            self.run_ok("upgrade", code=1)
            self.fleet.write("data/t01.db", image)
            self.mend("t03")
            report = self.run_json("resume", "--on-failure", policy, code=1).report
            self.assertEqual(self.states(report), {"t00": "unchanged", "t01": "failed", "t02": "unchanged",
                                                   "t03": "succeeded", "t04": "succeeded"})
            for name in names:
                os.unlink(self.fleet.path(f"data/{name}.db"))
            self.fleet.last = ""

    def test_after_a_kill(self):
        names = self.make(40, rollout={"parallel": 2})
        for state in ("intent", "begin", "apply", "commit", "release", "ledger_write"):
            process = self.fleet.start("upgrade", env={"SKEIN_FAILPOINT": f"{state}:5=kill"})
            process.communicate(timeout=240)
            self.assertEqual(process.returncode, -signal.SIGKILL, state)
        self.run_json("resume")
        for name in names:
            self.assertEqual(self.effects(name), [1, 2])
        self.assertEqual(self.run_json("resume").report["totals"]["unchanged"], 40)

    def test_a_relative_target_means_the_same_again(self):
        self.make(4, bad=[2])
        self.run_ok("upgrade", "+1")
        self.run_json("upgrade", "+1", code=1)
        self.mend("t02")
        self.run_json("resume")
        self.run_json("resume")
        for i in range(4):
            self.assertEqual(self.fleet.versions(f"t{i:02}"), ["bbbb2222"])

    def test_after_a_drain(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int);")
        self.fleet.revision("bbbb2222", "INSERT INTO fx WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT "
                            "x+1 FROM c LIMIT 400000) SELECT max(x) FROM c;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(30)], rollout={"parallel": 2})
        process = self.fleet.start("upgrade", "-o", "json")
        wait_until(lambda: os.path.exists(self.fleet.path(".skein/ledger.db")))
        time.sleep(0.3)
        press(process, 1)
        out, _ = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 130)
        report = json.loads(out)
        self.assertEqual(report["run"]["state"], "interrupted")
        self.assertGreater(report["totals"]["skipped"], 0)
        self.assertEqual(self.run_json("resume").report["totals"]["succeeded"], report["totals"]["skipped"])

    def test_without_a_run(self):
        self.make(1)
        result = self.run_ok("resume", code=2)
        self.assertIn("no run", result.err)
        self.run_ok("upgrade")
        self.assertIn("nosuch", self.run_ok("resume", "nosuch", code=2).err)


class Rollback(RolloutCase):
    def test_takes_a_run_back_with_a_plan_first(self):
        names = self.make(5)
        self.run_ok("upgrade", "aaaa1111", "--tenant", "t01")
        self.run_ok("upgrade")
        planned = self.run_json("rollback", "--dry-run").report
        self.assertTrue(planned["run"]["dry_run"])
        self.assertEqual(sum(len(t["steps"]) for t in planned["tenants"]), 9)
        self.assertEqual(self.fleet.versions("t00"), ["bbbb2222"])
        result = self.run_json("rollback")
        self.assertEqual(result.report["totals"]["rolled_back"], 5)
        self.assertEqual(self.fleet.versions("t01"), ["aaaa1111"])
        for name in names:
            self.assertEqual(self.effects(name), [1] if name == "t01" else [])
        result = self.run_ok("resume", code=2)

    def test_of_a_run_that_resumed_another_goes_all_the_way(self):
        self.make(4, bad=[2])
        self.run_json("upgrade", code=1)
        self.mend("t02")
        self.run_json("resume")
        self.assertEqual(self.run_json("rollback").report["totals"]["rolled_back"], 4)
        for i in range(4):
            self.assertEqual(self.fleet.versions(f"t{i:02}"), [])

    def test_makes_no_database(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (n);", "DROP TABLE b;")
        self.fleet.inventory([{"name": "t", "url": "sqlite:///data/t.db", "create": True}])
        path = self.fleet.path("data/t.db")
        os.mkdir(self.fleet.path("data"))
        self.run_json("upgrade", "aaaa1111")
        os.unlink(path)
        self.assertEqual(self.run_json("rollback").tenant("t")["state"], "rolled_back")
        self.assertFalse(os.path.exists(path))
        self.run_json("upgrade", "aaaa1111")
        self.run_json("upgrade", "bbbb2222")
        os.unlink(path)  # it stood at aaaa1111, and does no more
        self.assertEqual(self.run_json("rollback", code=4).tenant("t")["state"], "rollback_failed")
        self.assertFalse(os.path.exists(path))

    def test_who_left_the_inventory_is_not_forgotten(self):
        names = self.make(3)
        run = self.run_json("upgrade").report["run"]["id"]
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        whole = inventory["tenants"]
        self.fleet.write("skein.yaml", json.dumps({**inventory, "tenants": whole[:2]}))
        result = self.run_json("rollback", run, code=4)
        self.assertEqual(self.states(result.report),
                         {"t00": "rolled_back", "t01": "rolled_back", "t02": "rollback_failed"})
        self.assertIn("no longer in the inventory", result.tenant("t02")["error"]["message"])
        self.assertEqual(result.report["run"]["state"], "rollback_failed")
        self.fleet.write("skein.yaml", json.dumps({**inventory, "tenants": whole}))
        report = self.run_json("resume").report
        self.assertEqual(self.states(report), {"t02": "rolled_back"})
        self.assertEqual([self.effects(n) for n in names], [[], [], []])

    def leave(self, name):
        """The inventory goes on without the tenant; the whole of it is given back."""
        with open(self.fleet.path("skein.yaml")) as file:
            inventory = json.load(file)
        left = [t for t in inventory["tenants"] if t["name"] != name]
        self.fleet.write("skein.yaml", json.dumps({**inventory, "tenants": left}))
        return lambda: self.fleet.write("skein.yaml", json.dumps(inventory))

    def test_who_left_before_the_resume_is_not_forgotten_either(self):
        names = self.make(3, bad=[2])
        self.run_json("upgrade", code=1)
        put_back = self.leave("t00")
        self.mend("t02")
        self.run_json("resume")
        report = self.run_json("rollback", code=4).report
        self.assertEqual(self.states(report),
                         {"t00": "rollback_failed", "t01": "rolled_back", "t02": "rolled_back"})
        put_back()
        self.assertEqual(self.states(self.run_json("resume").report), {"t00": "rolled_back"})
        self.assertEqual([self.effects(n) for n in names], [[], [], []])
        runs = json.loads(self.run_ok("runs", "-o", "json").out)
        self.assertEqual([run["state"] for run in runs], ["succeeded"] + ["rolled_back"] * 3)

    def test_of_a_resume_by_its_policy_leaves_who_left_to_the_first_run(self):
        names = self.make(3, bad=[2])
        first = self.run_json("upgrade", code=1).report["run"]["id"]
        put_back = self.leave("t00")
        self.assertEqual(self.run_json("resume", "--on-failure", "rollback", code=3).report["totals"]["rolled_back"], 1)
        put_back()
        self.assertEqual(self.effects("t00"), [1, 2])
        self.assertEqual(self.states(self.run_json("rollback", first).report), {"t00": "rolled_back"})
        self.assertEqual([self.effects(n) for n in names], [[], [], []])
        self.run_ok("rollback", first, code=2)

    def test_leaves_alone_who_was_moved_since(self):
        self.make(3)
        self.run_ok("upgrade", "aaaa1111")
        run = self.run_json("upgrade").report["run"]["id"]
        self.run_ok("downgrade", "base", "--tenant", "t01")
        report = self.run_json("rollback", run, code=4).report
        self.assertEqual(self.states(report)["t01"], "rollback_failed")
        self.assertEqual(self.fleet.versions("t01"), [])
        self.assertEqual(self.fleet.versions("t00"), ["aaaa1111"])

    def test_refuses_without_down_sections(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("upgrade")
        result = self.run_ok("rollback", code=2)
        self.assertIn("versions/aaaa1111.sql", result.err)
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])

    def test_of_a_stamp_runs_nothing(self):
        self.make(2)
        self.run_ok("stamp", "--force", "head")
        self.run_json("rollback")
        self.assertEqual(self.fleet.versions("t00"), [])
        self.assertNotIn("fx", self.fleet.tables("t00"))

    def test_takes_back_what_a_killed_run_committed_without_saying_so(self):
        names = self.make(3, bad=[2], rollout={"on_failure": "rollback"})
        # three are closed by the look for ways back
        process = self.fleet.start("upgrade", env={"SKEIN_FAILPOINT": "release:4=kill"})
        process.communicate(timeout=240)
        self.assertEqual(self.effects("t00"), [1, 2])
        report = self.run_json("resume", code=3).report
        self.assertEqual(report["totals"]["rolled_back"], 2)
        for name in names:
            self.assertEqual(self.effects(name), [])

    def run_states(self):
        return [run["state"] for run in json.loads(self.run_ok("runs", "-o", "json").out)]

    def test_that_was_stopped_in_between_is_one_of_the_whole(self):
        self.make(4, bad=[3])
        self.run_ok("upgrade", code=1)
        self.mend("t03")
        self.run_ok("resume")
        for _ in range(2):  # the first is on record when the second dies
            self.run_ok("rollback", code=-signal.SIGKILL, env={"SKEIN_FAILPOINT": "commit:2=kill"})
        self.run_ok("resume")
        self.assertEqual(self.run_states(), ["succeeded"] + ["rolled_back"] * 4)

    def test_by_policy_that_was_stopped_in_between(self):
        names = self.make(4, bad=[3])
        self.run_ok("upgrade", code=1)
        self.run_ok("resume", "--on-failure", "rollback", code=-signal.SIGKILL,
                    env={"SKEIN_FAILPOINT": "commit:2=kill"})
        self.run_ok("resume", code=3)
        self.assertEqual(self.run_states(), ["rolled_back"] * 3)
        self.assertEqual([self.effects(n) for n in names], [[]] * 4)

    def test_that_was_killed_goes_on_going_back(self):
        names = self.make(6, bad=[5], rollout={"on_failure": "rollback"})
        process = self.fleet.start("upgrade", env={"SKEIN_FAILPOINT": "commit:8=kill"})
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, -signal.SIGKILL)
        report = self.run_json("resume", code=3).report  # what was asked for is not done
        self.assertEqual(report["run"]["command"], "rollback")
        self.assertEqual(report["run"]["state"], "rolled_back")
        self.assertIn("was rolled back", self.run_ok("resume", code=2).err)
        for name in names:
            self.assertEqual(self.effects(name), [])


class Snapshots(RolloutCase):
    """rollback_by: snapshot needs no down sections, and brings back what no down section could."""

    def make_lossy(self, count, bad=(), **keys):
        self.fleet.revision("aaaa1111", "UPDATE keep SET v = 'gone'; CREATE TABLE a AS SELECT 1;")
        self.fleet.revision("bbbb2222", "INSERT INTO guard SELECT count(*) FROM keep;")
        tenants = []
        for i in range(count):
            guard = "" if i in bad else "CREATE TABLE guard (n);"
            tenants.append(self.fleet.sqlite(f"t{i}", "CREATE TABLE keep (v); INSERT INTO keep VALUES "
                                             f"('value {i}'), (zeroblob(20000));{guard}"))
        self.fleet.inventory(tenants, **keys)
        return [t["name"] for t in tenants]

    @staticmethod
    def content(image):
        """All bytes but those by which SQLite's connections notice changes: they only ever go up."""
        return image[:24] + image[28:40] + image[44:92] + image[100:]

    def images(self, names):
        return {n: self.content(self.fleet.read(f"data/{n}.db")) for n in names}

    def test_a_full_disk_under_a_copy_is_told(self):
        shim = os.path.abspath(os.environ.get("SKEIN_FAULT_AT", "build/plain/tests/e2e/fault_at.so"))
        names = self.make_lossy(2, rollout={"rollback_by": "snapshot", "on_failure": "continue"})
        before = self.images(names)
        for name, words in (("enospc", "database or disk is full"), ("eio", "disk I/O error")):
            with self.subTest(name):
                report = self.run_json("upgrade", code=1, env={
                    "ASAN_OPTIONS": "verify_asan_link_order=0", "LD_PRELOAD": shim,
                    "SKEIN_FAULT": f"write:1:on={name}", "SKEIN_FAULT_PATH": "snapshots"}).report
                for tenant in report["tenants"]:
                    self.assertIn("the snapshot '", tenant["error"]["message"])
                    self.assertIn(words, tenant["error"]["message"])
                    self.assertEqual(tenant["error"]["class"], "sql")
                self.assertEqual(self.images(names), before)
        self.run_json("upgrade")

    def test_put_back_bytes_and_all(self):
        for where in ({"rollout": {"parallel": 1, "on_failure": "rollback", "rollback_by": "snapshot"}},
                      {"rollout": {"parallel": 1, "on_failure": "rollback"}, "defaults": {"rollback_by": "snapshot"}}):
            self.fleet.last = ""
            names = self.make_lossy(5, bad=[4], **where)
            before = self.images(names)
            report = self.run_json("upgrade", code=3).report
            self.assertEqual(report["totals"]["rolled_back"], 4)
            self.assertEqual(self.images(names), before)
            for name in names:
                os.unlink(self.fleet.path(f"data/{name}.db"))

    def test_by_hand_later_and_forgotten(self):
        names = self.make_lossy(3, rollout={"rollback_by": "snapshot"})
        before = self.images(names)
        self.run_json("upgrade")
        self.assertNotEqual(self.images(names), before)
        self.run_json("rollback")
        self.assertEqual(self.images(names), before)
        self.run_ok("forget", "--keep", "0")
        self.assertEqual(os.listdir(self.fleet.path(".skein/snapshots")), [])

    def test_after_kills(self):
        names = self.make_lossy(6, rollout={"rollback_by": "snapshot", "parallel": 2})
        before = self.images(names)
        for point in ("snapshot:2", "begin:2", "commit:2"):
            self.fleet.start("upgrade", env={"SKEIN_FAILPOINT": f"{point}=kill"}).communicate(timeout=240)
            self.run_json("resume")
            self.fleet.start("rollback", env={"SKEIN_FAILPOINT": "restore:2=kill"}).communicate(timeout=240)
            self.run_json("resume")
            self.assertEqual(self.images(names), before)

    def test_a_copy_that_was_never_made_is_not_missed(self):
        names = self.make_lossy(1, rollout={"rollback_by": "snapshot"})
        before = self.images(names)
        self.fleet.start("upgrade", env={"SKEIN_FAILPOINT": "snapshot=kill"}).communicate(timeout=240)
        self.assertEqual(self.run_json("rollback").tenant("t0")["state"], "rolled_back")
        self.assertEqual(self.images(names), before)

    def test_a_copy_that_is_gone_is_told(self):
        self.make_lossy(1, rollout={"rollback_by": "snapshot"})
        self.run_json("upgrade")
        shutil.rmtree(self.fleet.path(".skein/snapshots"))
        error = self.run_json("rollback", code=4).tenant("t0")["error"]
        self.assertIn("No such file", error["message"])

    def test_what_came_between_a_failure_and_the_resume_is_not_lost(self):
        names = self.make_lossy(1, bad=[0], rollout={"rollback_by": "snapshot"})
        self.run_json("upgrade", code=1)
        with sqlite3.connect(self.fleet.path("data/t0.db")) as db:
            db.executescript("INSERT INTO keep VALUES ('since'); CREATE TABLE guard (n);")
        before = self.images(names)
        self.run_json("resume")
        self.assertNotEqual(self.images(names), before)
        self.run_json("rollback")
        self.assertEqual(self.images(names), before)

    def test_that_cannot_be_made_leaves_the_tenant_alone(self):
        self.make_lossy(1, rollout={"rollback_by": "snapshot"})
        os.mkdir(self.fleet.path(".skein"))
        self.fleet.write(".skein/snapshots", b"in the way")
        error = self.run_json("upgrade", code=1).tenant("t0")["error"]
        self.assertIn("snapshot", error["message"])
        self.assertEqual(self.fleet.query("t0", "SELECT v FROM keep")[0], ("value 0",))

    def test_the_copies_are_the_owners_alone(self):
        self.make_lossy(1, rollout={"rollback_by": "snapshot"})
        self.run_json("upgrade")
        folder = self.fleet.path(".skein/snapshots")
        run = os.path.join(folder, os.listdir(folder)[0])
        self.assertEqual(os.stat(run).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(os.path.join(run, os.listdir(run)[0])).st_mode & 0o777, 0o600)


class InDoubt(FleetCase):
    """A statement outside a transaction that was under way when skein died: the catalog decides, or the
    author's query, or a person."""

    def kill_in_statement(self, statement, took_effect=False, extra="", prepare="CREATE TABLE a (n int);"):
        """Leaves the tenant as if killed within (or right behind) the statement."""
        if os.path.exists(self.fleet.path("data/t.db")):
            os.unlink(self.fleet.path("data/t.db"))
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", prepare)
        self.fleet.revision("bbbb2222", f"-- migrate:up transaction:false\nCREATE TABLE fx (n int);\n{extra}{statement};\n"
                            "INSERT INTO fx VALUES (3);\n")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.run_ok("upgrade", "aaaa1111")
        with sqlite3.connect(self.fleet.path("data/t.db")) as db:
            db.executescript("CREATE TABLE fx (n int); INSERT INTO skein_history (run_id, revision, direction, "
                             "checksum, statements, duration_ms, state) VALUES ('dead', 'bbbb2222', 'up', '', 1, 0, "
                             "'running');" + (statement + ";" if took_effect else ""))

    def test_the_catalog_decides(self):
        for statement in ("CREATE INDEX ix ON a (n)", "CREATE TABLE b (x int, y text)", "ALTER TABLE a ADD COLUMN m int",
                          "DROP TABLE a", 'CREATE UNIQUE INDEX "odd name" ON a (n) WHERE n > 1', "VACUUM"):
            for took_effect in (False, True):
                with self.subTest(statement=statement, took_effect=took_effect):
                    self.kill_in_statement(statement, took_effect=took_effect)
                    self.run_json("upgrade")
                    self.assertEqual(self.fleet.query("t", "SELECT n FROM fx"), [(3,)])
                    self.assertEqual(self.fleet.versions("t"), ["bbbb2222"])

    def test_the_catalog_is_asked_about_names_as_sqlite_reads_them(self):
        column = "SELECT count(*) FROM pragma_table_xinfo('a') WHERE name = 'c'"
        for prepare, statement, question, count in (
                ("CREATE TABLE a (n); CREATE TABLE b (n);", "DROP TABLE 'b'", "type = 'table' AND name = 'b'", 0),
                ("CREATE TABLE a (n); CREATE TABLE b$c (n);", "DROP TABLE b$c", "name = 'b$c'", 0),
                ('CREATE TABLE a (n); CREATE TABLE "b""c" (n);', 'DROP TABLE "b""c"', "name = 'b\"c'", 0),
                ("CREATE TABLE a (n); CREATE TABLE [b c] (n);", "DROP TABLE main.[b c]", "name = 'b c'", 0),
                ("CREATE TABLE a (n, c);", "ALTER TABLE 'a' DROP COLUMN c", column, 0),
                ("CREATE TABLE a (n, c);", "ALTER TABLE a DROP 'c'", column, 0),
                ("CREATE TABLE a (n, c AS (n + 1));", "ALTER TABLE a DROP COLUMN c", column, 0),
                ("CREATE TABLE a (n);", "ALTER TABLE a ADD COLUMN c AS (n + 1)", column, 1),
                ("CREATE TABLE a (n);", "CREATE TABLE 'b' (n)", "name = 'b'", 1),
                ("CREATE TABLE a (n);", "CREATE TRIGGER a AFTER INSERT ON a BEGIN SELECT 1; END",
                 "type = 'trigger' AND name = 'a'", 1)):
            question = question if " FROM " in question else f"SELECT count(*) FROM sqlite_schema WHERE {question}"
            for took_effect in (False, True):
                with self.subTest(statement=statement, took_effect=took_effect):
                    self.kill_in_statement(statement, took_effect=took_effect, prepare=prepare)
                    self.run_json("upgrade")
                    self.assertEqual(self.fleet.query("t", question), [(count,)])
                    self.assertEqual(self.fleet.query("t", "SELECT n FROM fx"), [(3,)])

    def test_what_is_too_long_to_be_told_is_left_to_a_person(self):
        name = "b" * 300
        self.kill_in_statement(f"DROP TABLE {name}", prepare=f"CREATE TABLE {name} (n);")
        self.assertEqual(self.run_json("upgrade", code=4).tenant("t")["state"], "partial")

    def test_another_definition_is_no_proof(self):
        self.kill_in_statement("CREATE INDEX ix ON a (n)")
        with sqlite3.connect(self.fleet.path("data/t.db")) as db:
            db.execute("CREATE INDEX ix ON a (n DESC)")
        tenant = self.run_json("upgrade", code=4).tenant("t")
        self.assertEqual(tenant["state"], "partial")
        self.assertIn("skein resolve t --done", tenant["error"]["message"])
        self.assertIn("CREATE INDEX ix", tenant["error"]["statement"])

    def test_a_person_decides_what_nobody_else_can(self):
        for word, effects in (("--done", [(3,)]), ("--undone", [(2,), (3,)])):
            self.kill_in_statement("INSERT INTO fx VALUES (2)")
            self.run_ok("plan", code=4)
            self.run_json("upgrade", code=4)
            self.run_json("resume", code=4)
            self.run_json("resolve", "t", word)
            self.run_json("resume")
            self.assertEqual(self.fleet.query("t", "SELECT n FROM fx ORDER BY 1"), effects)
            self.assertIn("nothing is in doubt", self.run_json("resolve", "t", word, code=1).tenant("t")["error"]["message"])
        self.run_ok("resolve", "t", code=2)
        self.run_ok("resolve", "t", "--done", "--undone", code=2)
        self.run_ok("resolve", "nobody", "--done", code=2)

    def test_the_authors_query_decides(self):
        for took_effect in (False, True):
            self.kill_in_statement("INSERT INTO fx VALUES (2)", took_effect=took_effect,
                                   extra="-- probe: SELECT 1 FROM fx WHERE n = 2\n")
            self.run_json("upgrade")
            self.assertEqual(self.fleet.query("t", "SELECT n FROM fx ORDER BY 1"), [(2,), (3,)])

    def test_a_query_that_fails_is_shown(self):
        self.kill_in_statement("INSERT INTO fx VALUES (2)", extra="-- probe: SELECT nosuch FROM fx\n")
        error = self.run_json("upgrade", code=4).tenant("t")["error"]
        self.assertIn("nosuch", error["message"])
        self.assertEqual(error["statement"], "SELECT nosuch FROM fx")


class Gates(RolloutCase):
    def gate(self, name, body):
        self.fleet.write(name, f"#!/bin/sh\n{body}\n", mode=0o755)
        return [f"./{name}"]

    def test_are_told_what_happens(self):
        gates = {name: self.gate(name, f'echo "$SKEIN_GATE $SKEIN_GATE_WAVE $SKEIN_GATE_TENANT $SKEIN_GATE_STATE '
                                 f'$SKEIN_GATE_ERROR_CLASS" >> "$(dirname "$0")/said"')
                 for name in ("before_run", "after_wave", "after_tenant_failed", "after_run")}
        self.make(4, bad=[2], rollout={"gates": gates, "max_failures": 1,
                                       "waves": [CANARY, {"name": "everyone"}]})
        self.run_json("upgrade", code=1)
        said = self.fleet.read("said").decode().split("\n")
        self.assertEqual([" ".join(line.split()) for line in said if line][:2], ["before_run", "after_wave canary succeeded"])
        self.assertIn("after_tenant_failed t02 failed sql", [" ".join(line.split()) for line in said])
        self.assertIn("after_wave everyone failed", [" ".join(line.split()) for line in said])
        self.assertEqual(said[-2].split(), ["after_run", "failed"])

    def test_that_say_no_halt(self):
        self.make(4, rollout={"gates": {"after_wave": self.gate("no", "exit 3")},
                              "waves": [CANARY, {"name": "everyone"}]})
        result = self.run_ok("upgrade", "-o", "json", code=1)
        self.assertEqual((result.report["totals"]["succeeded"], result.report["totals"]["skipped"]), (1, 3))
        self.assertIn("exit status 3", result.err)

    def test_a_no_behind_the_last_wave_is_no_success(self):
        self.make(2, rollout={"gates": {"after_wave": self.gate("no", "exit 3")}})
        report = self.run_json("upgrade", "--on-failure", "continue", code=1).report
        self.assertEqual(report["run"]["state"], "halted")
        self.assertEqual(report["totals"]["succeeded"], 2)
        self.assertEqual(self.run_json("resume", code=1).report["totals"]["unchanged"], 2)
        report = self.run_json("rollback").report  # it has no waves
        self.assertEqual(report["totals"]["rolled_back"], 2)
        report = self.run_json("upgrade", "--on-failure", "rollback", code=3).report
        self.assertEqual(report["totals"]["rolled_back"], 2)

    def test_a_no_that_nothing_waits_for_is_told(self):
        self.make(1, bad=[0], rollout={"gates": {name: self.gate(name, "exit 7") for name in
                                                 ("after_tenant_failed", "after_run")}})
        err = self.run_ok("upgrade", code=1).err
        self.assertIn("the gate after_tenant_failed said no: exit status 7", err)
        self.assertIn("the gate after_run said no: exit status 7", err)

    def test_before_the_run(self):
        self.make(2, rollout={"gates": {"before_run": self.gate("no", "exit 1")}})
        self.assertEqual(self.run_json("upgrade", code=1).report["totals"]["skipped"], 2)
        self.assertNotIn("fx", self.fleet.tables("t00"))

    def test_that_hang_are_killed_with_what_they_started(self):
        self.make(2, rollout={"gates": {"before_run": self.gate("hang", "sleep 60 & sleep 60"), "timeout": "300ms"}})
        begun = time.monotonic()
        result = self.run_ok("upgrade", code=1)
        self.assertLess(time.monotonic() - begun, 20)
        self.assertIn("did not end within 0.3 s", result.err)

    def test_the_second_signal_cancels_them_and_none_is_run_behind_it(self):
        self.make(1, rollout={"gates": {"before_run": self.gate("slow", 'touch "$(dirname "$0")/begun"\nsleep 60'),
                                        "after_run": self.gate("ran", 'touch "$(dirname "$0")/after"')}})
        said = pathlib.Path(self.fleet.path("said"))
        with said.open("wb") as stderr:
            process = self.fleet.start("upgrade", stderr=stderr)
        wait_until(lambda: os.path.exists(self.fleet.path("begun")), what="the gate")
        for word in ("once more cancels", "cancelling"):
            process.send_signal(signal.SIGINT)
            wait_until(lambda: word in said.read_text(), what=word)
        process.communicate(timeout=240)
        err = said.read_text()
        self.assertEqual(process.returncode, 130)
        self.assertIn("the gate before_run was cancelled", err)
        self.assertIn("the gate after_run was cancelled", err)
        self.assertFalse(os.path.exists(self.fleet.path("after")))

    def test_get_no_secret_and_no_shell(self):
        self.make(1, rollout={"gates": {"before_run": ["/usr/bin/env", "-u", "A;echo"], "after_run": self.gate(
            "env", 'env > "$(dirname "$0")/env.txt"')}})
        self.run_ok("upgrade", env={"ACME_PASSWORD": "canary-secret"})
        self.assertNotIn(b"canary-secret", self.fleet.read("env.txt"))

    def test_that_cannot_be_run(self):
        """It is found before anything is touched: a gate asked last would come too late to keep anyone from harm."""
        self.fleet.revision("aaaa1111", "SELECT 1;")
        tenant = self.fleet.sqlite("t0")
        self.fleet.write("plain", "#!/bin/sh\n", mode=0o644)
        self.fleet.write("odd", "#!/no/such/shell\n", mode=0o755)
        self.fleet.write("dos", "#!/bin/sh\r\n", mode=0o755)
        self.fleet.write("self", "#!/bin/sh\n", mode=0o755)
        for name, says in (("./nosuch", "nosuch' cannot be run: No such file or directory"), ("./plain", "plain' may not be executed: chmod +x"),
                           ("./versions", "versions' cannot be run: Is a directory"), ("nosuch-program", "no program 'nosuch-program' in PATH"),
                           ("self", "no program 'self' in PATH; one beside the inventory is './self'"),
                           ("./odd", "its first line names '/no/such/shell'"), ("./dos", "(the line ends with CR LF)"),
                           ("../nosuch/gate", "cannot be run: No such file or directory")):
            for gate in ("before_run", "after_run"):
                with self.subTest(name=name, gate=gate):
                    self.fleet.inventory([tenant], rollout={"gates": {"before_run": ["true"], gate: [name]}})
                    for command in ("upgrade", "plan"):
                        err = self.run_ok(command, code=2).err
                        self.assertRegex(err, rf"skein.yaml:\d+: 'gates': '{gate}': ")
                        self.assertIn(says, err)
                    self.assertFalse(os.path.exists(self.fleet.path(".skein")))
                    self.run_ok("current")

    def test_that_goes_away_halts(self):
        self.make(2, rollout={"gates": {"before_run": self.gate("first", 'rm "$(dirname "$0")/second"'),
                                        "after_run": self.gate("second", "true")}})
        self.assertIn("the gate after_run cannot be run", self.run_ok("upgrade").err)
        self.assertIn("second' cannot be run", self.run_ok("rollback", code=2).err)


class Signals(FleetCase):
    """Of a run in the middle; `resume` then goes on from wherever it was."""

    def begin(self, rows=3000000, **options):
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int); INSERT INTO fx WITH RECURSIVE c(x) AS (SELECT 1 UNION "
                            f"ALL SELECT x+1 FROM c LIMIT {rows}) SELECT max(x) FROM c;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(6)], rollout={"parallel": 2})
        process = self.fleet.start("upgrade", "-o", "json", **options)
        wait_until(lambda: any(os.path.exists(self.fleet.path(f"data/t{i}.db-journal")) for i in range(6)))
        return process

    def finish(self):
        self.run_json("resume")
        for i in range(6):
            self.assertEqual(self.fleet.query(f"t{i}", "SELECT count(*) FROM fx"), [(1,)])

    def hang_up(self, disposition, code):
        """How many have succeeded, of a run that was begun with this disposition of SIGHUP."""
        process = self.begin(preexec_fn=lambda: signal.signal(signal.SIGHUP, disposition))
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(timeout=240)
        self.assertEqual(process.returncode, code)
        return json.loads(out)["totals"]["succeeded"]

    def test_nohup_keeps_a_hangup_away(self):
        self.assertEqual(self.hang_up(signal.SIG_IGN, code=0), 6)

    def test_a_hangup_drains(self):
        self.assertGreater(self.hang_up(signal.SIG_DFL, code=143), 0)
        self.finish()

    def test_a_terminal_that_closes_drains(self):
        parent, child = os.openpty()
        process = self.begin(stdout=subprocess.DEVNULL, stderr=child, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0))
        os.close(child)
        os.close(parent)
        self.assertEqual(process.wait(timeout=60), 143)
        self.finish()

    def test_the_third_dies_at_once(self):
        process = self.begin(rows=100000000)
        press(process, 3)
        process.communicate(timeout=240)
        self.assertIn(process.returncode, (-signal.SIGINT, 130))  # 130: the cancel was quicker
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n int); INSERT INTO fx VALUES (1);")
        self.run_json("resume", "--accept-chain-change")
        for i in range(6):
            self.assertEqual(self.fleet.query(f"t{i}", "SELECT count(*) FROM fx"), [(1,)])


class Ledger(RolloutCase):
    def test_another_run_is_named(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT "
                            "x+1 FROM c LIMIT 9000000) SELECT max(x) FROM c;")
        self.fleet.inventory([self.fleet.sqlite("t")])
        first = self.fleet.start("upgrade")
        lock = self.fleet.path(".skein/ledger.db.lock")
        wait_until(lambda: os.path.exists(lock) and os.path.getsize(lock), what="the lock")
        result = self.run_ok("upgrade", code=5)
        self.assertIn(f"process {first.pid}", result.err)
        self.assertIn(os.uname().nodename, result.err)
        first.kill()
        first.communicate()
        self.run_ok("resume")  # a dead one is taken over

    def test_that_cannot_be_used_ends_it_before_anything_is_touched(self):
        self.make(2)
        os.mkdir(self.fleet.path(".skein"))
        self.fleet.write(".skein/ledger.db", b"this is no ledger, but somebody's file" * 50)
        self.run_ok("upgrade", code=6)
        self.assertNotIn("fx", self.fleet.tables("t00"))

    def test_full_in_mid_run(self):
        names = self.make(40, rollout={"parallel": 2})
        result = self.fleet.run("upgrade", "-o", "json", env={"SKEIN_FAILPOINT": "ledger_write:6=fail"})
        self.assertEqual(result.code, 6, repr(result))
        done = [n for n in names if "fx" in self.fleet.tables(n)]
        self.assertEqual(result.report["totals"]["succeeded"], len(done))
        self.assertLess(len(done), 40)
        self.assertEqual(self.run_json("resume").report["totals"]["succeeded"], 40 - len(done))
        for name in names:
            self.assertEqual(self.effects(name), [1, 2])

    def test_full_while_a_wave_soaks(self):
        self.make(2, rollout={"waves": [{**CANARY, "soak": "5m"}, {"name": "everyone"}]})
        # 1: the run, 2: the canary's intent, 3: its end and the wave's
        result = self.fleet.run("upgrade", "-o", "json", timeout=20, env={"SKEIN_FAILPOINT": "ledger_write:3=fail"})
        self.assertEqual(result.code, 6, repr(result))
        self.assertEqual(self.states(result.report), {"t00": "succeeded", "t01": "skipped"})


if __name__ == "__main__":
    main()
