"""What a database says beside its answers is passed on: DETAIL, HINT, CONTEXT, the names of things, notices, and
that a commit was not replicated."""
import json
import os
import signal
import time
import unittest
import urllib.parse

import harness
from harness import MariaDBCase, PostgresCase


def raise_(message="no", level="EXCEPTION", **using):
    words = ", ".join(f"{key.upper()} = '{value}'" for key, value in using.items())
    words = f" USING {words}" if words else ""
    return f"DO $do$ BEGIN RAISE {level} '{message}'{words}; END $do$;"


class SaidCase(PostgresCase):
    names = ("a", "b")

    def setUp(self):
        super().setUp()
        self.tenants = self.pg.create(*self.names)
        self.addCleanup(self.drop)
        self.fleet.inventory(self.tenants, defaults={"retries": 0},
                             rollout={"on_failure": "continue"})

    def drop(self):
        for name in self.names:
            self.pg.sql("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def sql_all(self, text):
        for name in self.names:
            self.pg.sql(name, text)

    def ledger_bytes(self):
        folder = self.fleet.path(".skein")
        return b"".join(self.fleet.read(".skein/" + name) for name in os.listdir(folder))


class Errors(SaidCase):
    def test_a_duplicate_key_is_named_and_one_cause_stays_one(self):
        for name in self.names:
            self.pg.sql(name, "CREATE TABLE item (x text); INSERT INTO item VALUES "
                              f"('of {name}'), ('of {name}')")
        self.fleet.revision("r1", "CREATE UNIQUE INDEX ux ON item (x);")
        report = self.run_json("upgrade", code=1).report
        self.assertEqual(len(report["errors"]), 1)
        error = report["errors"][0]
        self.assertEqual(error["tenants"], ["a", "b"])
        self.assertEqual(error["detail"], "Key (x)=(of a) is duplicated.")
        self.assertEqual((error["schema"], error["table"], error["constraint"]),
                         ("public", "item", "ux"))
        self.assertIsNone(error["hint"])
        self.assertIsNone(error["context"])
        self.assertNotIn("column", error)
        self.assertEqual([t["error"]["detail"] for t in report["tenants"]],
                         ["Key (x)=(of a) is duplicated.", "Key (x)=(of b) is duplicated."])
        text = self.run_ok("report").out
        self.assertIn("    detail (of a, as an example): Key (x)=(of a) is duplicated.\n", text)
        self.assertIn(", table public.item, constraint ux\n", text)
        self.assertNotIn("of b) is", text)

    def test_the_same_words_are_no_example(self):
        self.sql_all("CREATE TABLE t (x int); CREATE VIEW v AS SELECT x FROM t")
        self.fleet.revision("r1", "DROP TABLE t;")
        text = self.run_ok("upgrade", code=1).out
        self.assertIn("    detail: view v depends on table t\n"
                      "    hint: Use DROP ... CASCADE to drop the dependent objects too.\n", text)

    def test_all_parts_and_the_line_of_a_function(self):
        parts = {"detail": "some detail", "hint": "a hint", "schema": "s", "table": "t",
                 "column": "c", "datatype": "d", "constraint": "k"}
        self.fleet.revision("r1", "-- migrate:up\nSELECT 1;\n\n" + raise_(
            errcode="23514", **parts) + "\n")
        for options in ("", " transaction:false"):
            with self.subTest(options=options):
                self.fleet.last = ""
                self.fleet.revision("r1", "SELECT 1;\n" + raise_(errcode="23514", **parts),
                                    options=options)
                code = 4 if options else 1
                live = self.run_json("upgrade", code=code).report
                for error in [live["errors"][0]] + [t["error"] for t in live["tenants"]]:
                    self.assertEqual({k: error[k] for k in parts}, parts)
                    self.assertIn("PL/pgSQL function inline_code_block line 1 at RAISE",
                                  error["context"])
                self.assertEqual(self.run_ok("report", "-o", "json").report["errors"],
                                 live["errors"])
                self.sql_all("DROP TABLE IF EXISTS skein_history, alembic_version")

    def test_what_a_function_put_together_is_shown(self):
        self.fleet.revision("r1", "DO $$ BEGIN EXECUTE 'SELEC 1'; END $$;")
        error = self.run_json("upgrade", code=1).report["errors"][0]
        self.assertIn('in the statement "SELEC 1"', error["context"])
        self.assertIn("line 1 at EXECUTE", error["context"])

    def test_a_detach_that_is_pending_says_what_to_do(self):
        self.sql_all("CREATE TABLE p (x int) PARTITION BY LIST (x);"
                     "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
                     "UPDATE pg_inherits SET inhdetachpending = true")
        self.fleet.revision("r1", "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);")
        self.fleet.revision("r2", "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;",
                            options=" transaction:false")
        self.fleet.write("versions/r1.sql", "-- x\n-- Revision ID: r1\n-- Revises:\n-- migrate:up\n")
        report = self.fleet.run("upgrade", "-o", "json").report
        self.assertIn("FINALIZE", report["errors"][0]["hint"])

    def test_neither_password_nor_escape_nor_flood(self):
        self.pg.sql("postgres", "CREATE ROLE guest LOGIN SUPERUSER")
        self.addCleanup(self.pg.sql, "postgres", "DROP ROLE guest")
        for tenant in self.tenants:
            tenant["url"] = self.pg.url(tenant["name"], user="guest:t0p-s3cret")
        self.fleet.inventory(self.tenants, defaults={"retries": 0})
        using = ("USING DETAIL = 'pw t0p-s3cret ' || chr(27) || '[31m' || chr(8238) || repeat('d', 1990) "
                 "|| 't0p-s3cret' || repeat('e', 1000000), HINT = 't0p%2Ds3cret'")
        self.fleet.revision("r1", f"DO $$ BEGIN RAISE WARNING 't0p-s3cret' {using}; "
                                  f"RAISE EXCEPTION 'no' {using}; END $$;")
        result = self.run_ok("upgrade", "-v", "-o", "text", "-o", "json=" + self.fleet.path("r.json"),
                             "-o", "html=" + self.fleet.path("r.html"), code=1)
        every = result.out.encode() + result.err.encode() + self.fleet.read("r.json")
        every += self.ledger_bytes() + self.run_ok("report", "-v").out.encode()
        self.assertNotIn(b"t0p", every)
        self.assertNotIn(b"s3cret", every)
        self.assertNotIn("\033", result.out)
        self.assertNotIn("\u202e", result.out)
        self.assertIn("pw *** \\x1b[31m\\u{202e}ddd", result.out)
        self.assertLess(len(every), 200000)
        page = self.fleet.read("r.html")  # it shows SQL, but none that holds a password of a tenant
        self.assertNotRegex(page, b"t0p|s3cret")
        self.assertEqual(self.run_ok("report", "-o", "html").out.encode(), page)
        error = json.loads(self.fleet.read("r.json"))["errors"][0]
        self.assertEqual(error["hint"], "***")
        plan = self.run_json("plan", "-v")
        self.assertEqual([step["sections"] for step in plan.report["sql"]], [None])
        self.assertNotRegex(plan.out, "t0p|s3cret")

    def test_connecting_verifying_and_looking_pass_it_on(self):
        bad = self.pg.url("a") + "?options=" + urllib.parse.quote("-cwork_mem=1XB")
        self.fleet.inventory([{"name": "a", "url": bad}], defaults={"retries": 0})
        self.fleet.revision("r1", "SELECT 1;")
        error = self.run_json("upgrade", code=1).report["errors"][0]
        self.assertEqual(error["class"], "connect")
        self.assertIn("Valid units for this parameter", error["hint"])

    def test_a_source_that_fails_says_why(self):
        self.pg.sql("a", "CREATE TABLE fleet (name text, url text)")
        self.fleet.inventory([], sources=[{"query": "SELECT nme, url FROM fleet",
                                           "url": self.pg.url("a")}])
        self.fleet.revision("r1", "SELECT 1;")
        err = self.run_ok("tenants", code=2).err
        self.assertIn('hint: Perhaps you meant to reference the column "fleet.name".', err)

    def test_verify_and_probe_pass_it_on(self):
        self.fleet.revision("r1", "-- verify: SELECT nme FROM (SELECT 1 AS name) AS t\nSELECT 1;\n")
        error = self.run_json("upgrade", code=1).report["errors"][0]
        self.assertIn("t.name", error["hint"])


class Values(SaidCase):
    """report: {detail: false}"""
    def setUp(self):
        super().setUp()
        self.fleet.inventory(self.tenants, report={"detail": False}, defaults={"retries": 0},
                             rollout={"on_failure": "continue"})

    def every_output(self, code=1):
        self.fleet.write("skein.yaml", self.fleet.read("skein.yaml"))
        out = b""
        result = self.run_ok("upgrade", "-v", "--progress", "json", "-o", "text",
                             "-o", "json=" + self.fleet.path("r.json"), code=code)
        out += result.out.encode() + result.err.encode() + self.fleet.read("r.json")
        out += self.ledger_bytes()
        out += self.run_ok("report", "-o", "json").out.encode()
        out += self.run_ok("report", "-v").out.encode()
        return out

    def test_no_value_is_told_to_anyone(self):
        self.sql_all("CREATE TABLE item (x text);"
                     "INSERT INTO item VALUES ('Mrs Smith'), ('Mrs Smith')")
        cases = {
            "detail": "CREATE UNIQUE INDEX ux ON item (x);",
            "a value in the message": "ALTER TABLE item ALTER x TYPE int USING x::int;",
            "with marks in it": "SELECT (x || '\"' || x)::int FROM item;",
            "context": "DO $$ DECLARE v text; BEGIN SELECT x FROM item INTO v; EXECUTE "
                       "'SELEC ' || quote_literal(v); END $$;",
            "of a warning": "DO $$ DECLARE v text; BEGIN SELECT x FROM item INTO v; "
                            "RAISE WARNING 'w' USING DETAIL = v; RAISE EXCEPTION 'e'; END $$;",
        }
        for name, sql in cases.items():
            with self.subTest(name):
                self.fleet.last = ""
                self.fleet.revision("r1", sql)
                every = self.every_output()
                self.assertNotIn(b"Smith", every)
                report = json.loads(self.fleet.read("r.json"))
                self.assertIsNone(report["errors"][0]["detail"])
                self.assertIsNone(report["errors"][0]["context"])

    def test_the_rest_is(self):
        self.sql_all("CREATE TABLE item (x text); INSERT INTO item VALUES ('Smith'), ('Smith')")
        self.fleet.revision("r1", "CREATE UNIQUE INDEX ux ON item (x);")
        error = self.run_json("upgrade", code=1).report["errors"][0]
        self.assertEqual((error["table"], error["constraint"]), ("item", "ux"))
        self.fleet.last = ""
        self.fleet.revision("r1", "SELECT (x)::int FROM item;")
        error = self.run_json("upgrade", code=1).report["errors"][0]
        self.assertEqual(error["message"], "invalid input syntax for type integer: ***")

    def test_what_is_in_the_ledger_is_not_shown_any_more(self):
        self.fleet.inventory(self.tenants, defaults={"retries": 0})
        self.sql_all("CREATE TABLE item (x text); INSERT INTO item VALUES ('Smith'), ('Smith')")
        self.fleet.revision("r1", raise_("w", "WARNING", detail="Smith", hint="look") +
                            "\nCREATE UNIQUE INDEX ux ON item (x);")
        self.assertIn("Smith", self.run_json("upgrade", code=1).out)
        self.assertIn("Smith", self.run_ok("report", "-v").out)
        self.fleet.inventory(self.tenants, report={"detail": False})
        for output in ("text", "json"):
            out = self.run_ok("report", "-v", "-o", output).out
            self.assertNotIn("Smith", out)
            self.assertIn("look", out)

    def test_a_mistake_in_it_is_a_fault(self):
        for text, words in (({"detail": "maybe"}, "'detail' must be 'false' or 'true'"),
                            ({"details": False}, "details")):
            self.fleet.inventory(self.tenants, report=text)
            self.assertIn(words, self.run_ok("tenants", code=2).err)


class ValuesOnMariaDB(MariaDBCase):
    """Its messages quote values of rows: they are no causes of their own, and `detail: false` leaves them out."""

    def test_values_in_messages(self):
        tenants = self.maria.create("va", "vb")
        for name in ("va", "vb"):
            self.maria.sql(name, f"CREATE TABLE item (x varchar(40)); INSERT INTO item VALUES ('Smith {name}'), ('Smith {name}')")
        for sql, message in (("CREATE UNIQUE INDEX ux ON item (x);", "Duplicate entry ***"),
                             ("ALTER TABLE item MODIFY x int;", "Truncated incorrect INTEGER value: ***")):
            self.fleet.last = ""
            self.fleet.revision("r1", sql)
            self.fleet.inventory(tenants, rollout={"on_failure": "continue"}, ledger=f".{len(sql)}/ledger.db")
            live = self.run_json("upgrade", code=1).report
            self.assertEqual([error["tenants"] for error in live["errors"]], [["va", "vb"]], live["errors"])
            self.assertIn("Smith va", live["errors"][0]["message"])
            self.assertIn("{value}", live["errors"][0]["pattern"])
            self.assertEqual(self.run_ok("report", "-o", "json").report["errors"], live["errors"])
            self.fleet.inventory(tenants, rollout={"on_failure": "continue"}, ledger=f".{len(sql)}/ledger.db", report={"detail": False})
            for output in ("text", "json"):
                self.assertNotIn("Smith", self.run_ok("report", "-v", "-o", output).out)
            again = self.run_ok("upgrade", "-v", "-o", "json", code=1)
            self.assertNotIn("Smith", again.out + again.err)
            self.assertEqual(again.tenant("va")["error"]["message"], message)
        self.fleet.last = ""
        self.fleet.revision("r1", "SET sql_mode = ''; CREATE TABLE warned (n int); INSERT INTO warned SELECT x FROM item;")
        warned = self.run_ok("upgrade", "-v", "-o", "json")
        self.assertEqual(warned.report["notices"][0]["level"], "warning")
        self.assertNotIn("Smith", warned.out + warned.err)


class Notices(SaidCase):
    def test_they_are_counted_and_grouped_and_ours_are_not(self):
        self.fleet.revision("r1", raise_("as you wish", "NOTICE") * 3 + raise_("beware", "WARNING") +
                            "DROP TABLE IF EXISTS nosuch; CREATE TABLE t (x int);")
        self.fleet.revision("r2", "SET LOCAL work_mem = '4MB';", options=" transaction:false")
        self.fleet.revision("r3", raise_("truth", "INFO") + "CREATE TABLE IF NOT EXISTS t (x int);")
        live = self.run_json("upgrade").report
        said = [(n["level"], n["code"], n["message"], n["revision"], n["count"], n["tenants"])
                for n in live["notices"]]
        both = ["a", "b"]
        self.assertEqual(said, [
            ("warning", "01000", "beware", "r1", 2, both),
            ("warning", "25P01", "SET LOCAL can only be used in transaction blocks", "r2", 2, both),
            ("notice", "00000", "as you wish", "r1", 6, both),
            ("notice", "00000", 'table "nosuch" does not exist, skipping', "r1", 2, both),
            ("notice", "42P07", 'relation "t" already exists, skipping', "r3", 2, both),
            ("info", "00000", "truth", "r3", 2, both),
        ])
        self.assertEqual([t["notices"] for t in live["tenants"]],
                         [{"count": 8, "warnings": 2}] * 2)
        again = self.run_ok("report", "-o", "json").report
        for key in ("notices", "tenants"):
            self.assertEqual(again[key], live[key])
        self.assertNotIn("as you wish", self.run_ok("report").out)
        self.assertIn("  2 tenants: as you wish\n    notice 00000, revision r1, 6 times\n    in a, b\n",
                      self.run_ok("report", "-v").out)
        self.assertEqual(self.run_json("upgrade").report["notices"], [])

    def test_those_of_a_failure_and_of_a_deferred_trigger_too(self):
        self.fleet.revision("r1", """
            CREATE TABLE t (x int);
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE WARNING 'late'; RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION f();
            INSERT INTO t VALUES (1);""")
        self.fleet.revision("r2", raise_("so far", "WARNING") + "SELECT 1/0;")
        self.fleet.inventory(self.tenants, defaults={"retries": 0, "transaction": "each"},
                             rollout={"on_failure": "continue"})
        report = self.run_json("upgrade", code=1).report
        self.assertEqual([(n["message"], n["revision"]) for n in report["notices"]],
                         [("late", None), ("so far", "r2")])

    def test_a_name_that_is_too_long_is_told(self):
        name = "n" * 70
        for options in ("", " transaction:false"):
            with self.subTest(options=options):
                self.fleet.revision("r" + str(len(options)), f"CREATE TABLE {name + options[1:2]} (x int); DROP TABLE "
                                    f"{name[:63]};", options=options)
                report = self.run_json("upgrade").report
                self.assertEqual([(n["code"], n["revision"], n["count"]) for n in report["notices"]],
                                 [("42622", "r" + str(len(options)), 2)])

    def test_a_flood_is_counted(self):
        self.fleet.revision("r1", "DO $$ BEGIN FOR i IN 1..100000 LOOP RAISE NOTICE 'row %', i; END LOOP; "
                                  "RAISE WARNING 'the last'; END $$;")
        report = self.run_json("upgrade").report
        self.assertEqual([t["notices"] for t in report["tenants"]],
                         [{"count": 100001, "warnings": 1}] * 2)
        self.assertEqual([n["message"] for n in report["notices"]],
                         ["the last"] + [f"row {i}" for i in range(1, 6)])

    def test_what_came_before_a_kill_is_kept(self):
        self.fleet.inventory(self.tenants, rollout={"parallel": 1})
        self.fleet.revision("r1", raise_("heard", "WARNING", hint="listen"))
        self.pg.sql("b", "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, "
                         "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")
        with self.pg.session("b", "BEGIN; LOCK TABLE alembic_version;"):
            process = self.fleet.start("upgrade", "--progress", "none")
            harness.wait_until(lambda: b"heard" in self.ledger_bytes() if os.path.isdir(
                self.fleet.path(".skein")) else False, what="the first tenant's end in the ledger")
            process.send_signal(signal.SIGKILL)
            process.communicate()
        report = self.fleet.run("report", "-o", "json").report
        notice = report["notices"][0]
        self.assertEqual((notice["message"], notice["hint"], notice["tenants"]),
                         ("heard", "listen", ["a"]))

    def test_a_warning_of_connecting_is_told_and_not_printed(self):
        self.pg.sql("postgres", "CREATE DATABASE icu TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'")
        self.addCleanup(self.pg.sql, "postgres", "DROP DATABASE icu WITH (FORCE)")
        self.pg.sql("postgres", "UPDATE pg_database SET datcollversion = '0' WHERE datname = 'icu'")
        self.fleet.inventory([{"name": "icu", "url": self.pg.url("icu")}])
        self.fleet.revision("r1", "SELECT 1;")
        for command in ("plan", "upgrade", "current"):
            result = self.run_json(command)
            self.assertEqual(result.err, "")
            notice = result.report["notices"][0]
            self.assertIn("collation version mismatch", notice["message"])
            self.assertIn("REFRESH COLLATION VERSION", notice["hint"])


class Replicated(SaidCase):
    """A commit that waits for a standby which is not there, and whose wait is cancelled."""
    names = ("a",)

    def setUp(self):
        self.pg.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''")
        self.reload()
        super().setUp()

    def tearDown(self):
        self.pg.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''")
        self.reload()

    def reload(self, wanted=""):
        self.pg.sql("postgres", "SELECT pg_reload_conf()")
        harness.wait_until(lambda: self.pg.sql("postgres", "SHOW synchronous_standby_names") ==
                           [[wanted]] if wanted else self.pg.sql(
                               "postgres", "SHOW synchronous_standby_names") in ([[""]], []),
                           what="the setting")

    def wait_for_standby(self):
        self.pg.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nowhere'")
        self.reload("nowhere")

    def expect_told(self, result):
        report = result.report
        self.assertEqual(result.tenant("a")["state"], "succeeded")
        self.assertEqual(report["errors"], [])
        notice = report["notices"][0]
        self.assertTrue(notice["unreplicated"])
        self.assertIn("might not have been replicated", notice["detail"])
        self.assertEqual(notice["tenants"], ["a"])
        again = self.run_ok("report", "-o", "json").report
        self.assertEqual(again["notices"], report["notices"])
        text = self.run_ok("report").out
        self.assertIn("Committed, but a standby may not have it\n  1 tenant: ", text)

    def cancel_waits(self, how, process):
        """Until the run is over: our own statements outside a transaction wait too."""
        while process.poll() is None:
            self.pg.sql("postgres", f"SELECT {how}(pid) FROM pg_stat_activity WHERE "
                                    "wait_event = 'SyncRep'")
            time.sleep(0.05)

    def run_cancelled(self, how, *args):
        process = self.fleet.start("upgrade", "-o", "json", "--progress", "none", *args)
        self.cancel_waits(how, process)
        out, err = process.communicate()
        result = harness.Result(process.returncode, out.decode(), err.decode())
        self.assertEqual(result.code, 0, repr(result))
        return result

    def test_a_cancelled_wait_is_told(self):
        self.fleet.revision("r1", "CREATE TABLE t (x int);")
        self.wait_for_standby()
        self.expect_told(self.run_cancelled("pg_cancel_backend"))

    def test_outside_a_transaction_too(self):
        self.fleet.revision("r1", "CREATE TABLE t (x int);", options=" transaction:false")
        self.wait_for_standby()
        self.expect_told(self.run_cancelled("pg_cancel_backend"))

    def test_a_session_that_is_ended_there_is_looked_up_and_told(self):
        self.fleet.inventory(self.tenants)
        self.fleet.revision("r1", "CREATE TABLE t (x int);")
        self.wait_for_standby()
        self.expect_told(self.run_cancelled("pg_terminate_backend"))

    def test_a_timeout_of_the_wait_is_told(self):
        self.fleet.inventory(self.tenants, defaults={"statement_timeout": "300ms"})
        self.fleet.revision("r1", "CREATE TABLE t (x int);")
        self.wait_for_standby()
        self.expect_told(self.run_json("upgrade"))


if __name__ == "__main__":
    harness.main()
