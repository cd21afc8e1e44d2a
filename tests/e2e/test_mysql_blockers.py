#!/usr/bin/env python3
"""Who keeps an ALTER waiting on MariaDB: told by the plugin, by performance_schema, or by the oldest transactions, whichever
the server has and lets us ask; and what 200 tenants do while others hold locks on some of their tables."""
import contextlib
import json
import subprocess

from harness import FleetCase, MariaDB, main, wait_until

PLUGIN = ("--plugin-maturity=unknown", "--plugin-load-add=metadata_lock_info")
SCHEMA = ("--performance-schema=ON", "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON")


class Told(FleetCase):
    """Each server tells of a session that only read the table, and of none that has nothing to do with it."""

    SETTINGS = {"plugin": PLUGIN, "schema": SCHEMA, "both": PLUGIN + SCHEMA, "neither": ()}

    def told(self, maria, up="ALTER TABLE t ADD COLUMN y INT;", user=None):
        self.fleet.last = ""
        self.fleet.revision("aaaa1111", up)
        url = maria.url("d", user=user) if user else maria.url("d")
        self.fleet.inventory([{"name": "t", "url": url}], defaults={"retries": 0, "lock_timeout": "1s"})
        # an older transaction of another database is what a guess would name
        with maria.session("other", "BEGIN; INSERT INTO x VALUES (1)"), maria.session("d", "BEGIN; SELECT * FROM t"), \
                maria.session("d", "SELECT 'idle'"):
            holder = maria.sql("", "SELECT p.id FROM information_schema.innodb_trx JOIN information_schema.processlist AS p ON "
                                   "p.id = trx_mysql_thread_id WHERE p.db = 'd'")[0][0]
            error = self.run_json("upgrade", code=1).tenant("t")["error"]
        self.assertEqual((error["class"], error["code"]), ("lock", "1205"), error)
        return holder, error["message"]

    def make(self, settings):
        maria = MariaDB(*settings)
        self.addCleanup(maria.close)
        maria.create("d", "other")
        maria.sql("d", "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB; CREATE TABLE other.x (i INT) ENGINE=InnoDB; "
                       "CREATE USER plain@'%' IDENTIFIED BY '" + maria.SECRET + "'; GRANT ALL ON d.* TO plain@'%'")
        return maria

    def test_by_whatever_the_server_has(self):
        for name, settings in self.SETTINGS.items():
            maria = self.make(settings)
            for up in ("ALTER TABLE t ADD COLUMN y INT;", "DROP TABLE t;"):
                with self.subTest(server=name, up=up):
                    holder, message = self.told(maria, up)
                    self.assertIn(f"connection {holder} (user skein, sleep for", message)
                    is_exact = name in ("schema", "both") or name == "plugin" and up.startswith("ALTER")
                    self.assertEqual(message.count("connection "), 1 if is_exact else 2, message)
            with self.subTest(server=name, user="plain"):
                # without the right to see others' sessions it is the number alone, or nothing
                holder, message = self.told(maria, user="plain")
                self.assertNotIn("user skein", message)
                if name in ("plugin", "both"):
                    self.assertIn(f"blocked by connection {holder}", message)
            maria.close()


class Fleet200(FleetCase):
    def test_200_tenants_while_others_hold_locks_on_some(self):
        maria = MariaDB("--max-connections=200", *PLUGIN)
        self.addCleanup(maria.close)
        names = [f"f{i:03}" for i in range(200)]
        tenants = maria.create(*names)
        maria.sql("", "".join(f"CREATE TABLE {name}.t (id INT PRIMARY KEY) ENGINE=InnoDB;" for name in names))
        stays, goes = names[:4], names[4:8]
        self.fleet.revision("aaaa1111", "CREATE TABLE fx (n INT) ENGINE=InnoDB;\nALTER TABLE t ADD COLUMN y INT;\n"
                                        "INSERT INTO fx VALUES (1);")
        self.fleet.inventory(tenants, defaults={"lock_timeout": "1s", "retries": 2},
                             rollout={"parallel": 16, "per_server": 16, "on_failure": "continue", "max_failures": 200})
        with contextlib.ExitStack() as held, contextlib.ExitStack() as released:
            for name in stays:
                held.enter_context(maria.session(name, "BEGIN; SELECT * FROM t"))
            for name in goes:
                released.enter_context(maria.session(name, "BEGIN; SELECT * FROM t"))
            process = self.fleet.start("upgrade", "-o", "json", "--progress", "none", stderr=subprocess.DEVNULL)
            done = ("SELECT COUNT(*) FROM information_schema.columns WHERE column_name = 'y' AND table_name = 't'")
            wait_until(lambda: maria.sql("", done) == [["192"]], seconds=60, what="those that no one blocks")
            released.close()
            out = process.communicate(timeout=90)[0]
        self.assertEqual(process.returncode, 4)  # the first statement of the blocked ones stands
        states = {t["name"]: t for t in json.loads(out)["tenants"]}
        for name in names:
            tenant = states[name]
            if name in stays:
                self.assertEqual((tenant["state"], tenant["attempts"], tenant["error"]["class"]), ("partial", 3, "lock"), tenant)
                self.assertIn("blocked by connection", tenant["error"]["message"])
            else:
                self.assertEqual(tenant["state"], "succeeded", tenant)
        resumed = self.run_json("resume")
        self.assertEqual(resumed.report["totals"]["failed"], 0)
        counts = maria.sql("", " UNION ALL ".join(f"SELECT COUNT(*) FROM {name}.fx" for name in names))
        self.assertEqual(counts, [["1"]] * 200)


if __name__ == "__main__":
    main()
