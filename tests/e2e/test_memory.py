"""Little memory, and how much a run takes. A file of its own, for the plain build alone: ASan reserves terabytes of addresses."""
import os
import resource
import subprocess

import test_process
from harness import FleetCase, main


class Memory(test_process.ScarceCase):
    def test_memory(self):
        self.try_limits(resource.RLIMIT_AS, [mb << 20 for mb in range(24, 92, 6)])


class LongChains(FleetCase):
    """What a run takes of memory must not follow the chain's length times the tenants at work."""
    MOST_MIB = 40

    def peak_mib(self, command):
        process = self.fleet.start(command, "--progress", "none", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss / 1024

    def test_sixteen_tenants_take_two_thousand_revisions_at_once(self):
        for i in range(2000):
            self.fleet.revision(f"{i:08x}", f"INSERT INTO fx VALUES ({i});", "")
        tenants = [self.fleet.sqlite(f"t{i}", "CREATE TABLE fx (n int)") for i in range(16)]
        self.fleet.inventory(tenants, rollout={"parallel": 16, "per_server": 16})
        for command in ("upgrade", "plan"):
            with self.subTest(command=command):
                self.assertLessEqual(self.peak_mib(command), self.MOST_MIB)
        self.assertEqual(self.fleet.query("t15", "SELECT count(*) FROM fx"), [(2000,)])


if __name__ == "__main__":
    main()
