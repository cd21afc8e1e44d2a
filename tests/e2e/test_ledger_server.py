"""The ledger in a PostgreSQL database: what test_ledger.py asks of a file, and what only a server does."""
import os

import test_ledger
from harness import Pooler, PostgresCase, Standby, main, wait_until


class OnServer(PostgresCase):
    """Each case has a database of its own, with a password in its URL that nothing may show."""
    PASSWORD = "geh31m"
    count = 0

    def setUp(self):
        super().setUp()
        OnServer.count += 1
        self.database = f"ledger{OnServer.count}"
        self.pg.create(self.database)
        self.url = self.pg.url(self.database, user=f"skein:{self.PASSWORD}")

    def make_fleet(self, count=3, **keys):
        super().make_fleet(count, **{"ledger": self.url, **keys})

    def sql(self, text):
        return self.pg.sql(self.database, text)

    def see_it_dead(self):
        """The server learns of it a moment later."""
        wait_until(lambda: self.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'skein ledger'") == [["0"]],
                   what="the end of the run's session")


class Reading(OnServer, test_ledger.LedgerCase):
    test_newest_first = test_ledger.Reading.test_runs_are_listed_the_newest_first
    test_same_report = test_ledger.Reading.test_the_report_of_the_ledger_is_the_one_of_the_run
    test_beginning_of_an_id = test_ledger.Reading.test_a_run_is_known_by_the_beginning_of_its_id

    def test_who_only_reads_makes_nothing(self):
        self.make_fleet()
        self.assertEqual(self.run_ok("runs").out, "no runs yet\n")
        error = self.run_ok("report", code=2).err
        self.assertIn("there is no ledger 'postgresql://skein@", error)
        self.assertNotIn(self.PASSWORD, error)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'skein_ledger'"), [["0"]])

    def test_whoever_has_psql_can_read_it(self):
        self.make_fleet(1)
        self.run_ok("upgrade")
        self.assertEqual(self.sql("SELECT tenant, state, stands_at FROM skein_ledger.outcomes"),
                         [["t0", "succeeded", "bbbb2222"]])
        self.assertNotIn(self.PASSWORD, str(self.sql("SELECT * FROM skein_ledger.runs, skein_ledger.store")))


class Holding(OnServer, test_ledger.Holding):
    pass


class Forgetting(OnServer, test_ledger.LedgerCase):
    make_runs = test_ledger.Forgetting.make_runs
    test_newest = test_ledger.Forgetting.test_the_newest_are_kept
    test_resumable = test_ledger.Forgetting.test_what_can_be_resumed_is_kept
    test_rollbacks = test_ledger.Forgetting.test_what_a_rollback_goes_by_is_kept_until_it_is_done


class Copies(OnServer, test_ledger.LedgerCase):
    def test_copies_lie_beside_the_inventory_and_go_with_their_run(self):
        self.fleet.revision("cccc3333", "DROP TABLE a;")
        self.make_fleet(2, defaults={"rollback_by": "snapshot"})
        run = self.run_id("upgrade")
        copies = self.fleet.path(".skein", "snapshots", run)
        self.assertEqual(len(os.listdir(copies)), 2)
        self.run_ok("rollback")
        self.assertEqual(self.fleet.tables("t0"), set())
        self.run_ok("upgrade", "bbbb2222")
        self.run_ok("forget", "--keep", "1")
        self.assertFalse(os.path.exists(copies))


class Servers(OnServer, test_ledger.LedgerCase):
    def refuses(self, words, **options):
        error = self.run_ok("upgrade", code=6, **options).err
        self.assertIn(words, error)
        self.assertNotIn(self.PASSWORD, error)
        self.assertEqual(self.fleet.tables("t0"), set())

    def test_a_server_that_is_not_there_stops_the_run_before_it_begins(self):
        self.make_fleet(1, ledger=f"postgresql://skein:{self.PASSWORD}@127.0.0.1:1/x")
        self.refuses("connection to server")

    def test_a_schema_of_something_else_is_left_alone(self):
        self.sql("CREATE SCHEMA skein_ledger; CREATE TABLE skein_ledger.runs(mine int)")
        self.make_fleet(1)
        self.refuses("of something else")

    def test_a_newer_ledger_is_left_alone(self):
        self.make_fleet(1)
        self.run_ok("upgrade", "--dry-run")
        self.run_ok("stamp", "base")
        self.sql("UPDATE skein_ledger.store SET version = 1000")
        self.refuses("made by a newer skein")

    def test_a_database_that_is_not_in_utf8_is_refused(self):
        self.pg.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
        self.make_fleet(1, ledger=self.pg.url("latin", user=f"skein:{self.PASSWORD}"))
        self.refuses("not in UTF-8")

    def test_what_the_server_refuses_says_what_to_do(self):
        self.pg.sql("postgres", "CREATE ROLE poor LOGIN PASSWORD 'poor-secret'")
        self.addCleanup(self.pg.sql, "postgres", "DROP ROLE poor")
        self.make_fleet(1, ledger=self.pg.url(self.database, user="poor:poor-secret"))
        self.refuses("to make it by CREATE on the database")
        standby = Standby(self.pg)
        self.addCleanup(standby.close)
        self.make_fleet(1, ledger=standby.url(self.database, user=f"skein:{self.PASSWORD}"))
        self.refuses("name the server that takes writes")

    def as_role(self, name, *grants):
        """A login with these rights in the ledger's database, and its URL."""
        self.pg.sql("postgres", f"CREATE ROLE {name} LOGIN")
        self.addCleanup(self.pg.sql, "postgres", f"DROP ROLE {name}")
        self.addCleanup(self.sql, f"DROP OWNED BY {name}")
        for grant in grants:
            self.sql(grant)
        return self.pg.url(self.database, user=name)

    def test_a_login_that_owns_the_schema_needs_no_right_to_make_one(self):
        self.make_fleet(1, ledger=self.as_role("owner", "CREATE SCHEMA skein_ledger AUTHORIZATION owner"))
        self.run_ok("upgrade")
        self.sql("UPDATE skein_ledger.store SET version = 15; ALTER TABLE skein_ledger.waves DROP COLUMN is_late;"
                 "ALTER TABLE skein_ledger.courses DROP COLUMN accepts_changes, DROP COLUMN is_shown, DROP COLUMN shown_by, DROP COLUMN is_compared, "
                 "DROP COLUMN verifies; DROP TABLE skein_ledger.expectations;"
                 "ALTER TABLE skein_ledger.claims DROP COLUMN shown, DROP COLUMN is_unproved")
        self.run_ok("upgrade")  # which brings the ledger up to date
        self.assertEqual(self.sql("SELECT version > 15 FROM skein_ledger.store"), [["t"]])

    def test_logins_that_the_docs_give_may_do_what_is_said_of_them_and_no_more(self):
        docs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "machines.md")
        with open(docs, encoding="utf-8") as file:
            script = file.read().split("```sql\n")[1].split("```")[0]
        logins = ("skein_owner", "skein_worker", "skein_reader")
        path = self.fleet.write("logins.sql", script)
        os.chmod(self.fleet.dir, 0o755)
        done = self.pg.psql("postgres", "-f", path)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.addCleanup(self.pg.sql, "postgres", f"DROP ROLE {', '.join(logins)}")
        self.addCleanup(self.pg.sql, "postgres", "DROP DATABASE skein WITH (FORCE)")
        owner, worker, reader = (self.pg.url("skein", user=login) for login in logins)
        self.make_fleet(2, ledger=owner)
        self.assertIn("permission denied", self.run_ok("upgrade", "--ledger", worker, code=6).err)  # it makes no tables
        self.run_ok("upgrade")
        for command in (["downgrade", "base"], ["upgrade"], ["rollback"], ["forget", "--keep", "2"]):
            self.run_ok(*command, "--ledger", worker)
        self.assertIn("no run is under way", self.run_ok("work", "--ledger", worker, code=2).err)
        for command in (["runs"], ["report", "-o", "json"], ["upgrade", "--dry-run"]):
            self.run_ok(*command, "--ledger", reader)
        self.assertIn("permission denied", self.run_ok("upgrade", "--ledger", reader, code=6).err)

    def test_a_limit_of_the_login_for_idle_sessions_ends_no_run(self):
        """The session of a run that is one machine's holds the lock, and says nothing while a tenant takes its time."""
        self.make_fleet(1, ledger=self.as_role("hasty", "CREATE SCHEMA skein_ledger AUTHORIZATION hasty", "ALTER ROLE hasty SET idle_session_timeout = '200ms'"))
        self.fleet.revision("cccc3333", "INSERT INTO a SELECT value FROM (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL "
                                        "SELECT value + 1 FROM c LIMIT 3000000) SELECT value FROM c);")
        self.run_ok("upgrade", "--verify-schema=before")

    def test_commits_wait_for_the_disk_whatever_the_database_says(self):
        self.sql(f"ALTER DATABASE {self.database} SET synchronous_commit = off;"
                 f"ALTER DATABASE {self.database} SET default_transaction_isolation = 'serializable';"
                 f"ALTER DATABASE {self.database} SET search_path = 'elsewhere'")
        self.sql("CREATE FUNCTION public.seen() RETURNS event_trigger LANGUAGE plpgsql AS "
                 "$$ BEGIN RAISE EXCEPTION '%', current_setting('synchronous_commit'); END $$;"
                 "CREATE EVENT TRIGGER seen ON ddl_command_end EXECUTE FUNCTION public.seen()")
        self.make_fleet(1)
        self.refuses("': on")

    def begin_slow_run(self):
        self.fleet.revision("cccc3333", "INSERT INTO a SELECT value FROM (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL "
                                        "SELECT value + 1 FROM c LIMIT 1000000) SELECT value FROM c);")
        self.make_fleet(1)
        process = self.fleet.start("upgrade", env={"SKEIN_LEASE_MS": "600"})
        wait_until(lambda: self.runs() and self.runs()[0]["totals"]["running"], what="a run at work")
        return process

    def test_a_session_of_the_ledger_that_ends_on_the_way_is_made_anew(self):
        process = self.begin_slow_run()
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skein ledger'")
        error = process.communicate(timeout=240)[1].decode()
        self.assertEqual(process.returncode, 0, error)
        self.assertEqual(self.runs()[0]["state"], "succeeded")

    def test_a_ledger_that_is_lost_on_the_way_ends_the_run_and_resume_sets_it_right(self):
        process = self.begin_slow_run()
        self.pg.stop("immediate")
        try:
            error = process.communicate(timeout=240)[1].decode()
        finally:
            self.pg.start()
        self.assertEqual(process.returncode, 6, error)
        self.assertEqual(self.runs()[0]["state"], "interrupted")
        self.assertEqual(self.kept()["tenants"][0]["state"], "in_doubt")
        self.assertEqual(self.run_json("resume").report["tenants"][0]["to"], ["cccc3333"])


class ThroughAPooler(OnServer, Pooler, test_ledger.LedgerCase):
    def test_a_session_that_others_get_too_is_no_place_for_a_ledger(self):
        self.make_fleet(1, ledger=self.pg.url(self.database, port=self.port))
        self.fleet.run("upgrade")  # may be the session's only client
        self.assertIn("a pooler that gives one session to several clients is between: name the server itself",
                      self.run_ok("runs", code=6).err)


if __name__ == "__main__":
    main()
