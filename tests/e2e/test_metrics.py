"""--metrics: how a run stands, in Prometheus's text format."""
import os
import re
import shutil
import stat
import unittest

from harness import FleetCase, main

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\\n]|\\[\\"n])*)"')


def parse(text):
    """{(name, labels…): number}, as strictly as the format is written down."""
    samples, types, family = {}, {}, None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in types, f"{family} stands twice"
        elif line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            assert name == family
            types[name] = kind
        else:
            name, labels, number = SAMPLE.fullmatch(line).groups()
            base = re.sub("_(bucket|sum|count)$", "", name) if types[family] == "histogram" else name
            assert base == family, line
            assert types[family] != "counter" or name.endswith("_total")
            key = (name, *(value for _, value in LABEL.findall(labels or "")))
            assert key not in samples, line
            samples[key] = float(number)
    return samples


class Metrics(FleetCase):
    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE t (id int);", down="DROP TABLE t;")
        self.file = self.fleet.path("skein.prom")
        self.tenants = [{**self.fleet.sqlite(f"t{i}"), "labels": {"tier": "canary" if i < 2 else "rest"}} for i in range(5)]

    def make(self, **rollout):
        self.fleet.inventory(self.tenants, rollout={"waves": [{"name": 'ca"na\\ry', "select": "tier=canary"}], **rollout})

    def read(self, path=None):
        with open(path or self.file, encoding="utf-8", newline="") as file:
            return parse(file.read())

    def test_at_the_end_all_is_counted(self):
        self.make()
        self.run_ok("upgrade", "head", "--metrics", self.file)
        seen = self.read()
        self.assertEqual((seen["skein_tenants", "succeeded"], seen["skein_tenants", "pending"]), (5, 0))
        self.assertEqual((seen["skein_run_state", "succeeded"], seen["skein_run_state", "running"]), (1, 0))
        self.assertEqual(seen["skein_wave_tenants", 'ca\\"na\\\\ry'], 2)
        self.assertEqual(seen["skein_wave_tenants_done", "rest"], 3)
        self.assertEqual((seen["skein_tenant_duration_seconds_bucket", "+Inf"], seen["skein_tenant_duration_seconds_count",]), (5, 5))
        buckets = [number for key, number in seen.items() if key[0] == "skein_tenant_duration_seconds_bucket"]
        self.assertEqual(buckets, sorted(buckets))
        self.assertGreater(seen["skein_tenant_duration_seconds_sum",], 0)
        self.assertEqual([key[2:] for key in seen if key[0] == "skein_run_info"], [("upgrade", "head")])
        self.assertGreaterEqual(seen["skein_run_update_time_seconds",], seen["skein_run_start_time_seconds",])
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o644 & ~os.umask(os.umask(0)))
        self.assertFalse([name for name in os.listdir(self.fleet.path()) if name.endswith(".tmp")])

    def test_from_the_beginning_it_is_there(self):
        copy = self.fleet.path("seen.prom")
        self.make(gates={"before_run": ["sh", "-c", f"until cp {self.file} {copy}; do sleep 0.01; done"]})
        self.run_ok("upgrade", "--metrics", self.file)
        seen = self.read(copy)
        self.assertEqual((seen["skein_tenants", "pending"], seen["skein_run_state", "running"]), (5, 1))
        self.assertEqual(seen["skein_tenant_duration_seconds_count",], 0)

    def test_failures_and_runs_that_go_on(self):
        self.make(on_failure="continue")
        os.rename(self.fleet.path("data", "t1.db"), self.fleet.path("data", "away"))
        self.run_ok("upgrade", "--metrics", self.file, code=1)
        seen = self.read()
        self.assertEqual((seen["skein_tenants", "failed"], seen["skein_wave_tenants_failed", 'ca\\"na\\\\ry']), (1, 1))
        self.assertEqual(seen["skein_run_state", "failed"], 1)
        shutil.move(self.fleet.path("data", "away"), self.fleet.path("data", "t1.db"))
        self.run_ok("resume", "--metrics", self.file)
        self.assertEqual(self.read()["skein_tenants", "failed"], 0)
        self.run_ok("rollback", "--metrics", self.file, "--dry-run")
        self.run_ok("rollback", "--metrics", self.file)
        self.assertEqual(self.read()["skein_tenants", "rolled_back"], 5)

    def test_a_file_that_cannot_be_written_changes_nothing_else(self):
        self.make()
        nowhere = self.fleet.path("none", "skein.prom")
        result = self.run_ok("upgrade", "--metrics", nowhere)
        self.assertEqual(result.err.count(f"--metrics: {nowhere}: cannot write it: No such file"), 1, result.err)
        self.assertIn("is the inventory", self.run_ok("upgrade", "--metrics", self.fleet.path("skein.yaml"), code=2).err)
        self.assertIn("is a database", self.run_ok("upgrade", "--metrics", self.fleet.path("data", "t0.db"), code=2).err)

    def test_what_cannot_be_replaced_is_refused(self):
        """A pipe, a device or a descriptor would be gone: a file would stand in its place."""
        self.make()
        pipe = self.fleet.path("pipe")
        os.mkfifo(pipe)
        for path in (pipe, self.fleet.path("data"), "/dev/fd/2", "/proc/self/fd/2"):
            with self.subTest(path):
                self.assertIn("is no file that could be replaced", self.run_ok("upgrade", "--metrics", path, code=2).err)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertFalse(self.fleet.tables("t0"))


if __name__ == "__main__":
    main()
