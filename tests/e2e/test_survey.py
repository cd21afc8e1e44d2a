#!/usr/bin/env python3
"""A survey reads where many schemas of one database stand in a few statements. What it says must be what looks say: the same
fleet is asked with tenants enough for a survey, and tenant by tenant."""
import json
import os
import signal

from harness import FleetCase, Postgres, main, wait_until
from proxy import Proxy
from survey_case import COUNT, Asked, GoesBack, SaysTheSame


class SurveyCase(Asked, FleetCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Postgres("log_connections=on", "log_statement=all")
        cls.addClassCleanup(cls.server.close)
        cls.number = 0

    def setUp(self):
        super().setUp()
        type(self).number += 1
        self.database = f"fleet{self.number}"
        self.server.create(self.database)
        self.names = [f"t{i:02}" for i in range(COUNT)]
        self.tenants = [{"name": name, "url": self.server.url(self.database), "schema": name, "create": True} for name in self.names]
        self.fleet.inventory(self.tenants, rollout={"on_failure": "continue", "parallel": 8})
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);", down="DROP TABLE a;")
        self.fleet.revision("bbbb2222", "CREATE TABLE b (id int);", down="DROP TABLE b;")
        self.run_ok("upgrade")

    def sql(self, text):
        return self.server.sql(self.database, text)

    def log(self):
        with open(os.path.join(self.server.dir, "log"), errors="replace") as file:
            return file.read()

    def looks_so_far(self):
        return self.log().count("pg_catalog.strpos(pg_catalog.version()")

    def statements(self, *args, **options):
        """What a command answers, and how many connections and looks it took."""
        connections, looks = self.log().count("connection authorized"), self.looks_so_far()
        result = self.fleet.run(*args, **options)
        return result, self.log().count("connection authorized") - connections, self.looks_so_far() - looks


class Same(GoesBack, SaysTheSame, SurveyCase):
    def damage(self):
        """Tenants of every kind that a look tells apart."""
        self.sql("UPDATE t01.alembic_version SET version_num = 'aaaa1111'; DELETE FROM t02.alembic_version; "
                 "INSERT INTO t03.alembic_version VALUES ('aaaa1111'), ('zzzz'); DROP TABLE t04.alembic_version; "
                 "DROP TABLE t05.skein_history; DROP SCHEMA t06 CASCADE; DROP TABLE t07.alembic_version, t07.skein_history; "
                 "UPDATE t08.skein_history SET state = 'running', statements = 1 WHERE id = 2; "
                 "UPDATE t09.skein_history SET checksum = repeat('0', 64) WHERE id = 1; "
                 "ALTER TABLE t10.alembic_version DROP version_num; ALTER TABLE t11.skein_history DROP state; "
                 "DROP TABLE t12.alembic_version; CREATE VIEW t12.alembic_version AS SELECT 'aaaa1111'::text AS version_num; "
                 "ALTER TABLE t13.alembic_version DROP CONSTRAINT alembic_version_pkc; ALTER TABLE t13.alembic_version ALTER version_num DROP NOT NULL; "
                 "INSERT INTO t13.alembic_version VALUES (NULL); "
                 "ALTER TABLE t14.alembic_version ALTER version_num TYPE text; UPDATE t14.alembic_version SET version_num = repeat('x', 300); "
                 "ALTER TABLE t15.alembic_version ALTER version_num TYPE text; UPDATE t15.alembic_version SET version_num = E'<x>&\\x1f\\x1e\\n'''; "
                 "UPDATE t16.alembic_version SET version_num = 'é<'; TRUNCATE t17.skein_history; "
                 "ALTER TABLE t18.skein_history RENAME TO old; CREATE VIEW t18.skein_history AS SELECT * FROM t18.old; "
                 "UPDATE t19.skein_history SET run_id = 'a,b' || chr(9); ALTER TABLE t20.alembic_version SET SCHEMA public; "
                 "ALTER TABLE t21.alembic_version ENABLE ROW LEVEL SECURITY;")

    def test_another_name_of_the_version_table(self):
        self.fleet.inventory(self.tenants, version_table="My_versions")
        self.sql('CREATE TABLE t05."My_versions" (version_num text); INSERT INTO t05."My_versions" VALUES (\'bbbb2222\')')
        told, _ = self.told("current")
        self.assertEqual(told, self.looks("current"))
        self.assertEqual(told["t05"]["from"], ["bbbb2222"])

    def test_a_login_that_may_not_read_all(self):
        self.sql("CREATE ROLE small LOGIN; " + "".join(
            f"GRANT USAGE ON SCHEMA {name} TO small; GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO small;" for name in self.names))
        self.sql("REVOKE USAGE ON SCHEMA t01 FROM small; REVOKE SELECT ON t02.alembic_version FROM small; "
                 "REVOKE SELECT ON t03.skein_history FROM small")
        for tenant in self.tenants:
            tenant["url"] = self.server.url(self.database, user="small")
        self.fleet.inventory(self.tenants)
        self.assertEqual(self.told("current")[0], self.looks("current"))

    def test_two_tenants_of_one_schema(self):
        self.tenants[3]["schema"] = "t02"
        self.tenants[3]["url"] = f"postgresql://skein@/{self.database}?host={self.server.dir}&port={self.server.port}"
        self.fleet.inventory(self.tenants)
        told, _ = self.told("upgrade", "--yes")
        self.assertEqual({name: said["error"]["message"] for name, said in told.items() if said["error"]},
                         {"t03": "it is the same database as that of tenant 't02'"})


class Schemas(SurveyCase):
    """What a survey reads of catalogs is what each tenant's own session reads."""

    def setUp(self):
        super().setUp()
        self.server.create(self.database + "scratch")
        self.fleet.inventory(self.tenants, scratch={"postgresql": self.server.url(self.database + "scratch")},
                             rollout={"on_failure": "continue", "parallel": 8})
        self.sql("DROP TABLE t01.b; CREATE INDEX ix ON t02.a (id); CREATE TABLE t03.more (id int); DROP SCHEMA t04 CASCADE; "
                 "DROP TABLE t05.alembic_version; CREATE FUNCTION t06.f() RETURNS int LANGUAGE sql SET search_path = t06 RETURN 1; "
                 "CREATE FUNCTION t07.f() RETURNS int LANGUAGE sql SET search_path = t07 RETURN 1; "
                 "UPDATE t08.alembic_version SET version_num = 'aaaa1111'; CREATE TYPE t09.pair AS (a int, b t09.a); "
                 "COMMENT ON COLUMN t10.a.id IS E'<x>&\\n\\x1f'; CREATE COLLATION t11.c FROM \"C\"; TRUNCATE t12.skein_history")

    def test_a_survey_reads_what_sessions_read(self):
        alone = self.schemas_of_sessions()
        self.assertEqual(self.schemas(), alone)
        self.assertEqual(alone["t06"]["fingerprint"], alone["t07"]["fingerprint"])
        prints = [schema["fingerprint"] for schema in alone.values()]
        self.assertEqual(sum(prints.count(one) == 1 for one in prints), 6)  # t01, t02, t03, t09, t10, t11

    def test_drift_is_found_on_few_connections(self):
        result, connections, looks = self.statements("drift", "-o", "json")
        drift = json.loads(result.out)
        found = {tuple(cluster["tenants"]): cluster["is_expected"] for cluster in drift["clusters"]}
        self.assertEqual([len(names) for names, expected in found.items() if expected], [29])
        self.assertIn(("t06", "t07"), found)
        self.assertLess(looks, 20)  # those that are unusual, the clusters' second look, the scratch database
        self.assertLess(connections, 25)

    def test_current_and_check_tell_it_too(self):
        for command in ("current", "check"):
            told = {}
            for at in [0] + list(range(0, COUNT, 8)):
                names = self.names[at:at + 8] if told else self.names
                report = json.loads(self.fleet.run(command, "--schema", "-o", "json", *[w for n in names for w in ("--tenant", n)]).out)
                for tenant in report["tenants"]:
                    said = {key: tenant.get(key) for key in ("state", "from", "to", "schema", "error")}
                    self.assertEqual(told.setdefault(tenant["name"], said), said)

    def test_a_stop_does_not_wait_for_catalogs(self):
        proxy = Proxy(self.server.port, "stall", b"pg_get_viewdef")
        self.addCleanup(proxy.close)
        for tenant in self.tenants:
            tenant["url"] = self.server.url(self.database, port=proxy.port)
        self.fleet.inventory(self.tenants)
        process = self.fleet.start("current", "--schema", "-o", "json")
        wait_until(lambda: proxy.fired, what="the catalogs")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, json.loads(out)["totals"]["skipped"]), (130, COUNT), err)


class Stamps(SurveyCase):
    """Before a stamp all tenants are compared with the chain, by a survey too."""

    def setUp(self):
        super().setUp()
        self.fleet.inventory(self.tenants, scratch={"postgresql": self.server.url(self.database)},
                             rollout={"on_failure": "continue", "parallel": 8})

    def test_a_stamp_compares_on_few_connections(self):
        self.sql("".join(f"UPDATE {name}.alembic_version SET version_num = 'aaaa1111';" for name in self.names))
        self.run_ok("stamp", "head", "--tenant", "t00")  # what the chain makes is kept from now on
        result, connections, looks = self.statements("stamp", "head")
        self.assertEqual((result.code, looks), (0, COUNT), result.err)  # each is looked at under its lock
        self.assertEqual({self.server.versions(self.database, name)[0] for name in self.names}, {"bbbb2222"})

    def test_a_stamp_is_refused_with_the_words_of_sessions(self):
        """Tables that are missing, all of them, under another name, in another schema; and a step that was left half way."""
        self.sql("UPDATE t08.skein_history SET state = 'running', statements = 1 WHERE id = 2; "
                 "DROP TABLE t02.a, t02.b; ALTER TABLE t03.a RENAME TO c; ALTER TABLE t05.a SET SCHEMA public; "
                 "DROP TABLE t01.b; DELETE FROM t02.alembic_version; DELETE FROM t01.alembic_version; "
                 "DELETE FROM t03.alembic_version; DELETE FROM t05.alembic_version; DROP TABLE t06.alembic_version; "
                 "UPDATE t07.alembic_version SET version_num = 'aaaa1111';")
        alone = [word for at in (0, 4) for word in self.refusals(*(w for name in self.names[at:at + 4] for w in ("--tenant", name)))]
        self.assertEqual(sorted(self.refusals()), sorted(alone))
        self.assertEqual([name for name, _ in sorted(alone)], ["t01", "t02", "t03", "t05"])

    def refusals(self, *args):
        """Each tenant, with what is wrong."""
        result = self.fleet.run("stamp", "head", "--dry-run", *args)
        self.assertEqual(result.code, 2, result.err)
        return [(name, line.split(")", 1)[-1].replace(" does ", " do ").replace(" looks ", " look "))
                for line in result.err.splitlines() for name in self.names[:8] if name in line]


class Cost(SurveyCase):
    def test_one_connection_and_no_look(self):
        for args in (("current",), ("plan",), ("upgrade",)):
            with self.subTest(args):
                result, connections, looks = self.statements(*args)
                self.assertEqual((result.code, connections, looks), (0, 1, 0))

    def test_a_piece_is_a_transaction_of_its_own(self):
        """Else the locks of all add up, and the server has no room for those of some thousand schemas."""
        more = [{**tenant, "name": f"u{i}", "schema": f"u{i}"} for i, tenant in enumerate(self.tenants * 3)]
        self.fleet.inventory(self.tenants + more, rollout={"per_server": 1},
                             scratch={"postgresql": self.server.url(self.database)})
        self.run_ok("upgrade")
        before = self.log()
        for args in (("current",), ("plan",), ("drift",)):
            self.run_ok(*args)
        said = self.log()[len(before):]
        self.assertNotIn("transaction in progress", said)
        self.assertEqual(said.count("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), 6)

    def test_whom_an_upgrade_changes_is_looked_at_under_the_lock(self):
        self.sql("UPDATE t05.alembic_version SET version_num = 'aaaa1111'; DROP TABLE t05.b; DELETE FROM t05.skein_history WHERE id = 2")
        result, _, looks = self.statements("upgrade")
        self.assertEqual((result.code, looks), (0, 1))
        self.assertEqual(self.server.versions(self.database, "t05"), ["bbbb2222"])

    def test_where_a_survey_cannot_read_all_are_looked_at(self):
        before = self.looks_so_far()
        with self.server.session(self.database, "BEGIN; LOCK TABLE t07.alembic_version;"):
            process = self.fleet.start("current", "-o", "json")
            wait_until(lambda: self.looks_so_far() >= before + COUNT, what="all are looked at")
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, json.loads(out)["totals"]["unchanged"]), (0, COUNT), err)

    def test_a_stop_does_not_wait_for_a_survey(self):
        proxy = Proxy(self.server.port, "stall", b"query_to_xml")
        self.addCleanup(proxy.close)
        for tenant in self.tenants:
            tenant["url"] = self.server.url(self.database, port=proxy.port)
        self.fleet.inventory(self.tenants)
        process = self.fleet.start("current", "-o", "json")
        wait_until(lambda: proxy.fired, what="the survey")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, json.loads(out)["totals"]["skipped"]), (130, COUNT), err)

    def test_several_databases_take_as_many_connections_as_the_wave_may(self):
        self.server.create(self.database + "b")
        more = [{**tenant, "name": tenant["name"] + "b", "url": tenant["url"] + "b"} for tenant in self.tenants]
        self.fleet.inventory(self.tenants + more, rollout={"per_server": 1})
        self.run_ok("upgrade")
        result, connections, looks = self.statements("current", "-o", "json")
        self.assertEqual((result.code, connections, looks), (0, 2, 0))
        self.assertEqual(result.report["totals"]["unchanged"], 2 * COUNT)

    def test_what_a_wave_before_has_changed_is_asked_anew(self):
        self.fleet.inventory([{**tenant, "labels": [f"wave={i % 2}"]} for i, tenant in enumerate(self.tenants)],
                             rollout={"waves": [{"name": "one", "select": "wave=0"}, {"name": "two"}]})
        result, connections, looks = self.statements("upgrade")
        self.assertEqual((result.code, looks), (0, 0))


if __name__ == "__main__":
    main()
