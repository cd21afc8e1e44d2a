#!/usr/bin/env python3
"""A MariaDB whose files cannot grow: tables, indexes, its own log, and a disk that is full. What was done stands, what failed has left
nothing, and once there is room `resume` does the rest, each effect once."""
import os
import shutil
import tempfile

from harness import FleetCase, MariaDB, main

SHIM = os.environ["SKEIN_FAULT_AT"]
ROWS = 60000
FILL = f"INSERT INTO big SELECT seq, REPEAT('x', 250) FROM seq_1_to_{ROWS};"  # 20 MB
SMALL = 14 << 20  # there is room for the server's own files as they are, the largest of which has 12 MB


class DiskCase(FleetCase):
    settings, folder = (), None

    @classmethod
    def setUpClass(cls):
        cls.maria = MariaDB(*cls.settings, folder=cls.folder)
        cls.addClassCleanup(cls.maria.close)
        cls.number = 0

    def make(self, count=1, **keys):
        type(self).number += 1
        self.names = [f"disk{self.number}_{i}" for i in range(count)]
        tenants = self.maria.create(*self.names)
        self.fleet.inventory(tenants, defaults={"retries": 0, "retry_timeout": "1s"}, **keys)

    def fails(self, code):
        """Of one tenant; -> its state, and its error."""
        tenant = self.run_json("upgrade", code=code).report["tenants"][0]
        return tenant["state"], tenant["error"]

    def check_rows(self):
        self.assertEqual(self.maria.sql(self.names[0], "SELECT COUNT(*), COUNT(DISTINCT n) FROM big"), [[str(ROWS)] * 2])


class Files(DiskCase):
    settings = ("--innodb-log-file-size=4M",)

    def tearDown(self):
        self.maria.limit_files()
        super().tearDown()

    def test_a_table_that_cannot_grow(self):
        self.make()
        self.fleet.revision("aaaa1111", "CREATE TABLE one (n INT);\nCREATE TABLE big (n INT, t CHAR(250));\n" + FILL
                            + "\nCREATE TABLE two (n INT);")
        self.maria.limit_files(SMALL)
        state, error = self.fails(4)
        self.assertEqual((state, error["code"]), ("partial", "1114"), error)
        self.assertEqual(self.maria.tables(self.names[0]), {"one", "big"})
        self.assertEqual(self.maria.sql(self.names[0], "SELECT COUNT(*) FROM big"), [["0"]])
        self.maria.limit_files()
        self.run_ok("resume")
        self.check_rows()
        self.assertEqual(self.maria.versions(self.names[0]), ["aaaa1111"])

    def test_an_index_and_a_copy_that_have_no_room(self):
        self.make()
        self.fleet.revision("aaaa1111", "CREATE TABLE big (n INT, t CHAR(250));\n" + FILL)
        self.run_ok("upgrade")
        size = os.path.getsize(os.path.join(self.maria.data, self.names[0], "big.ibd"))
        for i, change in enumerate(("ADD INDEX added (t, n)", "ADD COLUMN added CHAR(250) DEFAULT 'y', ALGORITHM=COPY")):
            with self.subTest(change):
                self.fleet.revision(f"bbbb222{i}", f"CREATE TABLE one{i} (n INT);\nALTER TABLE big {change};")
                self.maria.limit_files(SMALL if i else size)
                state, error = self.fails(4)
                self.assertEqual(state, "partial", error)
                self.assertNotIn("added", str(self.maria.sql(self.names[0], "SHOW CREATE TABLE big")))
                self.maria.limit_files()
                self.run_ok("resume")
                self.assertIn("added", str(self.maria.sql(self.names[0], "SHOW CREATE TABLE big")))
                self.check_rows()
                self.maria.sql(self.names[0], "ALTER TABLE big DROP " + ("INDEX" if not i else "COLUMN") + " added")


class Log(DiskCase):
    """A server that cannot write its own log ends itself; on a disk, for a log in memory is no file that is written."""
    settings, folder = ("--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=1"), tempfile.gettempdir()

    def test_a_server_that_dies_of_it(self):
        self.make()
        self.fleet.revision("aaaa1111", "CREATE TABLE one (n INT);\nCREATE TABLE big (n INT, t CHAR(250));\n" + FILL
                            + "\nCREATE TABLE two (n INT);")
        self.maria.limit_files(150000)
        state, error = self.fails(4)
        self.assertEqual(state, "partial", error)
        if self.maria.process.poll() is None:
            self.maria.stop("immediate")
        self.maria.stop()
        self.maria.start()
        self.run_ok("resume")
        self.check_rows()
        self.assertEqual(self.maria.tables(self.names[0]), {"one", "big", "two"})


class Full(DiskCase):
    settings = ("--innodb-use-native-aio=0",)

    def test_of_a_server_is_the_trouble_of_all_its_tenants(self):
        """No definition of a table can be written. One fails, another finds out whether it is the server's, and no more are begun."""
        self.make(5, rollout={"parallel": 3, "per_server": 1, "on_failure": "continue"})
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n INT);")
        shim = shutil.copy(SHIM, self.maria.dir)
        os.chmod(shim, 0o755)
        self.restart(LD_PRELOAD=shim, SKEIN_FAULT="write:1:on=enospc", SKEIN_FAULT_PATH=".frm")
        report = self.run_json("upgrade", code=1).report
        failed = [t["error"]["message"] for t in report["tenants"] if t["state"] == "failed"]
        self.assertEqual((len(failed), report["totals"]["skipped"]), (2, 3), report["tenants"])
        for tenant in report["tenants"]:
            self.assertIn("No space left", tenant["error"]["message"])
        self.restart()
        self.run_ok("resume")
        for name in self.names:
            self.assertEqual(self.maria.tables(name), {"a"})

    def restart(self, **env):
        self.maria.stop()
        self.maria.start(**env)


if __name__ == "__main__":
    main()
