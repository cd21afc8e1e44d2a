#!/usr/bin/env python3
"""MariaDB behind what is not the server itself, and servers that are not to be written to."""
from harness import FleetCase, MariaDB, MariaDBCase, main, wait_until
from mysql_proxy import Multiplexer


class Multiplexed(MariaDBCase):
    """No session holds the tenant's lock for the statements of another: the tenant is refused, and nothing is done."""

    def setUp(self):
        super().setUp()
        self.maria.sql("", "DROP DATABASE IF EXISTS d; CREATE DATABASE d; CREATE USER IF NOT EXISTS plain@'%'; "
                           "GRANT ALL ON *.* TO plain@'%'")
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n INT) ENGINE=InnoDB;\nINSERT INTO fx VALUES (1);")

    def upgrade(self, proxy, *codes):
        self.addCleanup(proxy.close)
        self.fleet.inventory([{"name": "t", "url": f"mysql://plain@127.0.0.1:{proxy.port}/d?ssl_mode=DISABLED"}],
                             defaults={"retries": 0})
        result = self.fleet.run("upgrade", "-o", "json", "--progress", "none")
        self.assertIn(result.code, codes, result)
        return result.tenant("t")

    def test_one_that_shows_itself(self):
        tenant = self.upgrade(Multiplexer(self.maria.port, shows_itself=True), 1)
        self.assertEqual((tenant["state"], tenant["error"]["class"]), ("failed", "connect"))
        self.assertIn("proxy", tenant["error"]["message"])
        self.assertEqual(self.maria.tables("d"), set())

    def test_one_that_hides(self):
        """From the first statement on, or from the lock on; a proxy that leaves a transaction in its midst is none that
        any client could be run through."""
        for after in (0, 1):
            with self.subTest(after=after):
                self.maria.sql("", "DROP DATABASE d; CREATE DATABASE d")
                tenant = self.upgrade(Multiplexer(self.maria.port, shows_itself=False, after=after), 1)
                self.assertEqual(tenant["state"], "failed")
                self.assertIn("proxy", tenant["error"]["message"])
                self.assertLessEqual(self.maria.tables("d"), set())


class Replicated(FleetCase):
    """A server that gets the writes of another one, and takes writes itself."""

    def test_it_is_told_and_one_that_only_reads_is_refused(self):
        source = MariaDB("--log-bin", "--server-id=1")
        self.addCleanup(source.close)
        replica = MariaDB("--server-id=2")
        self.addCleanup(replica.close)
        replica.create("d")
        replica.sql("", f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={source.port}, MASTER_USER='skein', "
                        f"MASTER_PASSWORD='{source.SECRET}', MASTER_USE_GTID=slave_pos; START SLAVE; CREATE USER plain@'%'; "
                        "GRANT ALL ON d.* TO plain@'%'")
        wait_until(lambda: replica.sql("", "SELECT 1 FROM information_schema.processlist WHERE command = 'Slave_IO'"))
        self.fleet.revision("aaaa1111", "CREATE TABLE a (i INT);")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (i INT);")
        self.fleet.inventory([{"name": "t", "url": replica.url("d")}], defaults={"retries": 0})
        notice = self.run_json("upgrade", "aaaa1111").report["notices"][0]
        self.assertEqual(notice["level"], "warning")
        self.assertIn("replicates from another", notice["message"])
        replica.sql("", "SET GLOBAL read_only = 1")
        self.assertEqual(self.run_json("upgrade", code=1).tenant("t")["state"], "failed")  # though skein's account may write
        self.assertEqual(replica.tables("d"), {"a"})
        replica.sql("", "SET GLOBAL read_only = 0")
        self.fleet.inventory([{"name": "t", "url": f"mysql://plain@127.0.0.1:{replica.port}/d"}])  # it may not look
        self.assertEqual(self.run_json("upgrade").report["notices"], [])


if __name__ == "__main__":
    main()
