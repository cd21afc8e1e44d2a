"""What the loop does while a worker has the connection. Says most under ThreadSanitizer."""
from harness import FleetCase, Postgres, main


class LooksWhileConnecting(FleetCase):
    """SCRAM makes a login long, a short lock timeout has the loop look for blockers while a worker connects."""

    @classmethod
    def setUpClass(cls):
        cls.pg = Postgres(auth="scram-sha-256")
        cls.addClassCleanup(cls.pg.close)

    def test_the_look_meets_the_login(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);", "DROP TABLE a;")
        tenants = self.pg.create(*(f"race{i}" for i in range(24)))
        for i, tenant in enumerate(tenants):
            tenant.update(password_env="RACE_PASSWORD", lock_timeout=f"{5 + i % 4 * 5}ms", retries=20)
        self.fleet.inventory(tenants, rollout={"parallel": 24, "per_server": 24})
        env = {"RACE_PASSWORD": "superuser-secret"}
        for command in (("upgrade",), ("current",), ("downgrade", "base")):
            with self.subTest(command=command):
                result = self.run_json(*command, env=env)
                self.assertEqual(result.report["totals"]["failed"], 0)


class SqlMadeOnWorkers(FleetCase):
    """A worker makes the SQL that depends on answers (reads, records, checkpoints), while the loop has other tenants."""

    def test_no_worker_meets_the_loop(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int); INSERT INTO a VALUES (1);", "DROP TABLE a;")
        self.fleet.revision("bbbb2222", "VACUUM;", "", options=" transaction:false")
        self.fleet.revision("cccc3333", "UPDATE a SET id = 2;", "UPDATE a SET id = 1;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(24)],
                             rollout={"parallel": 24, "per_server": 24})
        for command in (("upgrade",), ("current",), ("downgrade", "base"), ("upgrade", "+1"), ("plan",)):
            with self.subTest(command=command):
                self.assertEqual(self.run_json(*command).report["totals"]["failed"], 0)


if __name__ == "__main__":
    main()
