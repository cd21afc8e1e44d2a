/* Each rule of lint by statements that break it, and by those that come close and do not. */
#include "unit/lint_fixture.h"

#include <unistd.h>

#define TASK                                                                                                \
    "CREATE TABLE task (id serial PRIMARY KEY, owner text, n int, title varchar(20), code char(36), price " \
    "numeric(8,2), at timestamp);"

static void finds_locks_and_scans_of_postgresql(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK, "CREATE INDEX i ON task (n);", "index-blocks-writes:1"},
        {PG, TASK, "CREATE INDEX i ON ONLY \"task\" USING gin (n);", "index-blocks-writes:1"},
        {PG, TASK, OUTSIDE "CREATE INDEX CONCURRENTLY i ON task (n);", ""},
        {PG, TASK, "CREATE TABLE new (n int);\nCREATE INDEX i ON new (n);", ""},
        {PG, TASK, "CREATE INDEX CONCURRENTLY i ON task (n);", "concurrently-in-transaction:1"},
        {PG, TASK, "DROP INDEX CONCURRENTLY i;", "concurrently-in-transaction:1"},
        {PG, TASK, "DROP INDEX i;", "drop-index:1"},
        {PG, TASK, OUTSIDE "DROP INDEX CONCURRENTLY i;", ""},
        {PG, TASK, "ALTER TABLE task ALTER owner SET NOT NULL;",
         "set-not-null-scans:1 data-dependent:1"},
        {PG, TASK, "ALTER TABLE unknown ALTER owner SET NOT NULL;",
         "set-not-null-scans:1 data-dependent:1"},
        {PG, TASK, "ALTER TABLE task ALTER id SET NOT NULL;", ""},
        {PG, TASK "ALTER TABLE task ADD CONSTRAINT c CHECK (owner IS NOT NULL);",
         "ALTER TABLE task ALTER owner SET NOT NULL;", ""},
        {PG, TASK "ALTER TABLE task ADD CONSTRAINT c CHECK (owner IS NOT NULL) NOT VALID;",
         "ALTER TABLE task ALTER owner SET NOT NULL;", "set-not-null-scans:1 data-dependent:1"},
        {PG,
         TASK "ALTER TABLE task ADD CONSTRAINT c CHECK (owner IS NOT NULL) NOT VALID;"
              "ALTER TABLE task VALIDATE CONSTRAINT c;",
         "ALTER TABLE task ALTER owner SET NOT NULL, DROP CONSTRAINT c;", ""},
        {PG, TASK, "ALTER TABLE task ADD CHECK (n > 0);", "check-not-valid:1 data-dependent:1"},
        {PG, TASK, "ALTER TABLE task ADD CHECK (n > 0) NOT VALID;", ""},
        {PG, TASK, "ALTER TABLE task ADD m int CHECK (m > 0);", "check-not-valid:1"},
        {PG, TASK, "ALTER TABLE task ADD FOREIGN KEY (n) REFERENCES other;",
         "fk-not-valid:1 data-dependent:1"},
        {PG, TASK, "ALTER TABLE task ADD FOREIGN KEY (n) REFERENCES other NOT VALID;", ""},
        {PG, TASK, "ALTER TABLE task ADD m int REFERENCES other;", ""},
        {PG, TASK, "ALTER TABLE task ADD UNIQUE (n);", "unique-by-index:1 data-dependent:1"},
        {PG, TASK, "ALTER TABLE task ADD UNIQUE USING INDEX i;", ""},
        {PG, TASK, "ALTER TABLE task ADD PRIMARY KEY (n);", "unique-by-index:1 data-dependent:1"},
        {PG, TASK, "CREATE TABLE new (n int UNIQUE, CHECK (n > 0));", ""},
        {PG, TASK, OUTSIDE "CREATE UNIQUE INDEX CONCURRENTLY i ON task (n);", "data-dependent:1"},
        {PG, TASK, "ALTER TABLE task DETACH PARTITION p;", "detach-partition:1"},
        {PG, TASK, OUTSIDE "ALTER TABLE task DETACH PARTITION p CONCURRENTLY;", ""},
        {PG, TASK, "CLUSTER task;", "rewrites-table:1"},
        {PG, TASK, OUTSIDE "VACUUM FULL task;", "rewrites-table:1"},
        {PG, TASK, OUTSIDE "VACUUM task;", ""},
        {PG, TASK, "REINDEX TABLE task;", "rewrites-table:1"},
        {PG, TASK, OUTSIDE "REINDEX TABLE CONCURRENTLY task;", ""},
        {PG, TASK, "CREATE TRIGGER t BEFORE INSERT ON task EXECUTE FUNCTION f();", "trigger:1"},
        {PG, TASK, "COMMENT ON TABLE task IS 'x';", ""},
        {PG, TASK, "CREATE TABLE is not SQL;", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void knows_what_a_change_of_type_rewrites(void **state)
{
    static const struct {
        const char *change, *found;
    } changes[] = {
        {"n TYPE bigint", "type-change-rewrites:1"},
        {"n TYPE integer", ""},
        {"n TYPE smallint", "type-change-rewrites:1 data-dependent:1"},
        {"title TYPE varchar(40)", ""},
        {"title TYPE varchar", ""},
        {"title TYPE text", ""},
        {"title TYPE varchar(10)", "type-change-rewrites:1 data-dependent:1"},
        {"code TYPE varchar(40)", "type-change-rewrites:1"},
        {"code TYPE varchar(30)", "type-change-rewrites:1 data-dependent:1"},
        {"title TYPE char(40)", "type-change-rewrites:1 data-dependent:1"},
        {"owner TYPE varchar(40)", "type-change-rewrites:1 data-dependent:1"},
        {"owner TYPE varchar", ""},
        {"price TYPE numeric(10,2)", ""},
        {"price TYPE numeric", ""},
        {"price TYPE numeric(10,3)", "type-change-rewrites:1 data-dependent:1"},
        {"at TYPE timestamptz", "session-dependent:1"},
        {"at TYPE timestamptz USING at AT TIME ZONE 'UTC'",
         "type-change-rewrites:1 data-dependent:1"},
        {"n TYPE integer USING n::integer", ""},
        {"n TYPE integer USING n + 1", "type-change-rewrites:1 data-dependent:1"},
        {"n TYPE text", "type-change-rewrites:1"},
        {"unknown TYPE text", "type-change-rewrites:1 data-dependent:1"},
        {"n SET DEFAULT 1", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        char up[200];
        snprintf(up, sizeof up, "ALTER TABLE task ALTER %s;", changes[i].change);
        struct lint_case lint_case = {PG, TASK, up, changes[i].found};
        check_cases(&lint_case, 1);
    }
}

static void knows_what_a_new_column_rewrites(void **state)
{
    static const struct {
        const char *column, *found;
    } columns[] = {
        {"c int", ""},
        {"c int DEFAULT 1", ""},
        {"c timestamptz DEFAULT now()", ""},
        {"c timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP", ""},
        {"c jsonb NOT NULL DEFAULT '{}'", ""},
        {"c uuid DEFAULT gen_random_uuid()", "add-column-rewrites:1"},
        {"c float DEFAULT 1 + random()", "add-column-rewrites:1"},
        {"c timestamptz DEFAULT clock_timestamp()", "add-column-rewrites:1"},
        {"c serial", "add-column-rewrites:1"},
        {"c int GENERATED ALWAYS AS IDENTITY", "add-column-rewrites:1"},
        {"c int GENERATED ALWAYS AS (n + 1) STORED", "add-column-rewrites:1"},
        {"c int NOT NULL", "required-column:1"},
        {"c int NOT NULL DEFAULT NULL", "required-column:1"},
        {"c int NOT NULL DEFAULT 0", ""},
        {"IF NOT EXISTS c int", "hides-drift:1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        char up[200];
        snprintf(up, sizeof up, "ALTER TABLE task ADD COLUMN %s;", columns[i].column);
        struct lint_case lint_case = {PG, TASK, up, columns[i].found};
        check_cases(&lint_case, 1);
    }
}

static void finds_what_hurts_a_fleet_of_postgresql(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK, "ALTER TABLE task DROP COLUMN n;", "drop-column:1"},
        {PG, TASK, "ALTER TABLE task DROP CONSTRAINT n;", ""},
        {PG, TASK, "DROP TABLE task;", "drop-table:1"},
        {PG, TASK, "DROP MATERIALIZED VIEW v;", "drop-table:1"},
        {PG, TASK, "DROP VIEW v;", ""},
        {PG, TASK, "CREATE TABLE new (n int);\nDROP TABLE new;", ""},
        {PG, TASK, "TRUNCATE task CASCADE;", "truncate:1"},
        {PG, TASK, "ALTER TABLE task RENAME n TO m;", "rename:1"},
        {PG, TASK, "ALTER TABLE task RENAME TO job;", "rename:1"},
        {PG, TASK, "ALTER TYPE mood RENAME VALUE 'a' TO 'b';", "rename:1"},
        {PG, TASK, "ALTER INDEX i RENAME TO j;", ""},
        {PG, TASK, "ALTER TABLE task ADD m int;\nUPDATE task SET m = n WHERE n > 1;",
         "lock-then-work:2"},
        {PG, TASK, "UPDATE task SET n = 1 WHERE n > 1;\nALTER TABLE task ADD m int;", ""},
        {PG, TASK, "ALTER TABLE task ADD m int;\nINSERT INTO task (n) VALUES (1);", ""},
        {PG, TASK, "CREATE TABLE new (n int);\nUPDATE task SET n = 1 WHERE n > 1;", ""},
        {PG, TASK, "SET lock_timeout = 0;", "timeouts:1"},
        {PG, TASK, "SET LOCAL statement_timeout TO '0';", "timeouts:1"},
        {PG, TASK, "SELECT set_config('lock_timeout', '0', true);", "timeouts:1"},
        {PG, TASK, "SET lock_timeout = '5s';", ""},
        {PG, TASK, "SET lock_timeout = '0 min';", "timeouts:1"},
        {PG, TASK, "SET lock_timeout = '0ms';", "timeouts:1"},
        {PG, TASK, "SET lock_timeout = '05s';", ""},
        {PG, TASK, "SET lock_timeout TO DEFAULT;", "timeouts:1"},
        {PG, TASK, "RESET statement_timeout;", "timeouts:1"},
        {PG, TASK, "RESET ALL;", "timeouts:1"},
        {PG, TASK, "RESET work_mem;", ""},
        {PG, TASK, "ALTER TYPE mood ADD VALUE 'it''s';\nINSERT INTO t VALUES ('it''s');",
         "enum-add-used:2"},
        {PG, TASK, "ALTER TYPE mood ADD VALUE 'x';\nCOMMENT ON TYPE mood IS 'x';", ""},
        {PG, TASK,
         "CREATE TYPE mood AS ENUM ('a');\nALTER TYPE mood ADD VALUE 'x';\n"
         "CREATE TABLE t (m mood DEFAULT 'x');",
         ""},
        {PG, TASK, "INSERT INTO task (id) VALUES (1);\nALTER SEQUENCE task_id_seq RESTART WITH 2;",
         ""},
        {PG, TASK, "DROP TYPE mood CASCADE;", "drop-table:1"},
        {PG, TASK, "INSERT INTO task (id) VALUES (DEFAULT), (7);", "differs-by-tenant:1"},
        {PG, TASK, "INSERT INTO task (id) VALUES (DEFAULT), (DEFAULT);", ""},
        {PG, TASK,
         "MERGE INTO task USING other o ON o.id = task.n WHEN NOT MATCHED THEN INSERT (at) VALUES (now());",
         "differs-by-tenant:1 update-without-where:1"},
        {PG, TASK, "ALTER TABLE IF EXISTS task ADD c int;", "hides-drift:1"},
        {PG, TASK, OUTSIDE "ALTER TABLE IF EXISTS task ADD c int;", ""},
        {PG, TASK, "DROP USER MAPPING FOR u SERVER s;", "server-wide:1"},
        {PG, TASK, "DROP DOMAIN IF EXISTS d CASCADE;", "drop-table:1 hides-drift:1"},
        {PG, TASK, "DROP TYPE mood;", ""},
        {PG, TASK, "CREATE TABLE IF NOT EXISTS task (n int);\nCREATE INDEX i ON task (n);",
         "hides-drift:1 index-blocks-writes:2"},
        {PG, TASK, "CREATE TABLE IF NOT EXISTS new (n int);\nCREATE INDEX i ON new (n);",
         "hides-drift:1"},
        {PG, TASK, "CREATE TABLE new AS SELECT * FROM task;\nALTER TABLE new ADD c int NOT NULL;",
         "required-column:2"},
        {PG, TASK, "SELECT * INTO new FROM task;\nALTER TABLE new ALTER n SET NOT NULL;",
         "data-dependent:2"},
        {PG, TASK,
         "CREATE TABLE new AS SELECT * FROM task WITH NO DATA;\nALTER TABLE new ADD c int NOT NULL;",
         ""},
        {PG, TASK, "ALTER TABLE task ADD m int;\nALTER TABLE task DROP m;", ""},
        {PG, TASK, "ALTER TABLE task ADD IF NOT EXISTS n int;\nALTER TABLE task DROP n;",
         "hides-drift:1 drop-column:2"},
        {PG, TASK, "ALTER TYPE mood ADD VALUE 'x';\nINSERT INTO t VALUES ('x');",
         "enum-add-used:2"},
        {PG, TASK, "ALTER TYPE mood ADD VALUE 'x';\nALTER TYPE mood ADD VALUE 'y' AFTER 'x';", ""},
        {PG, TASK,
         OUTSIDE "ALTER TYPE mood ADD VALUE 'x';\n-- migrate:up\nINSERT INTO t VALUES ('x');", ""},
        {PG, TASK, "CREATE TABLE public.new (n int);", "foreign-schema:1"},
        {PG, TASK, "SELECT 1 FROM pg_catalog.pg_class;", ""},
        {PG, TASK, "DROP TABLE public.old;", "drop-table:1 foreign-schema:1"},
        {PG, TASK, "CREATE TYPE public.tone AS ENUM ('a');", "foreign-schema:1"},
        {PG, TASK, "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
         "foreign-schema:1"},
        {PG, TASK, "COMMENT ON COLUMN public.task.n IS 'x';", "foreign-schema:1"},
        {PG, TASK, "COMMENT ON COLUMN task.n IS 'x';", ""},
        {PG, TASK, "ALTER TABLE task SET SCHEMA archive;", "foreign-schema:1"},
        {PG, TASK, "GRANT USAGE ON SCHEMA public TO s;", "foreign-schema:1"},
        {PG, TASK, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO s;",
         "foreign-schema:1"},
        {PG, TASK, "SET LOCAL search_path = other, pg_catalog;", "foreign-schema:1"},
        {PG, TASK, "ALTER TABLE task ALTER n SET DEFAULT nextval('public.numbers');",
         "foreign-schema:1"},
        {PG, TASK, "ALTER TABLE task ALTER n SET DEFAULT nextval('numbers');", ""},
        {PG, TASK, "UPDATE task SET n = public.f(n) WHERE n = 1;", ""},
        {PG, TASK, "DROP TRIGGER at_once ON task;", ""},
        {PG, TASK, "DROP TRIGGER at_once ON public.task;", "foreign-schema:1"},
        {PG, TASK, OUTSIDE "REINDEX TABLE CONCURRENTLY task;", ""},
        {PG, TASK, "REINDEX TABLE CONCURRENTLY task;", "concurrently-in-transaction:1"},
        {PG, TASK, "DROP OWNED BY r;", "server-wide:1"},
        {PG, TASK, "ALTER ROLE r RENAME TO s;", "server-wide:1"},
        {PG, TASK, "COMMENT ON DATABASE d IS 'x';", "server-wide:1"},
        {PG, TASK, "ALTER DATABASE d OWNER TO r;", "server-wide:1"},
        {PG, TASK, "DROP EXTENSION hstore;", "server-wide:1"},
        {PG, TASK, "CREATE ROLE r;", "server-wide:1"},
        {PG, TASK, "GRANT r TO s;", "server-wide:1"},
        {PG, TASK, "GRANT SELECT ON task TO s;", ""},
        {PG, TASK, "CREATE EXTENSION hstore;", "server-wide:1"},
        {PG, TASK, "UPDATE task SET at = now() WHERE n = 1;", "differs-by-tenant:1"},
        {PG, TASK, "DELETE FROM task WHERE at < now();", ""},
        {PG, TASK, "INSERT INTO task (at) VALUES (CURRENT_TIMESTAMP);", "differs-by-tenant:1"},
        {PG, TASK, "INSERT INTO task (title) VALUES ('now()');", ""},
        {PG, TASK, "INSERT INTO task (id, n) VALUES (1, 2);", "differs-by-tenant:1"},
        {PG, TASK, "INSERT INTO task (n) VALUES (2);", ""},
        {PG, TASK, "INSERT INTO task VALUES (1);", "differs-by-tenant:1"},
        {PG, TASK, "INSERT INTO task VALUES (DEFAULT);", ""},
        {PG, TASK, "INSERT INTO task (title) VALUES (current_database());", "differs-by-tenant:1"},
        {PG, TASK, "INSERT INTO task (id) VALUES (1);\nSELECT setval('task_id_seq', 2);", ""},
        {PG, TASK, "CREATE TABLE IF NOT EXISTS new (n int);", "hides-drift:1"},
        {PG, TASK, "CREATE OR REPLACE VIEW v AS SELECT 1;", ""},
        {PG, TASK, OUTSIDE "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON task (n);", ""},
        {PG, TASK, "UPDATE task SET n = 1;", "update-without-where:1"},
        {PG, TASK, "WITH gone AS (DELETE FROM task RETURNING *) SELECT 1;",
         "update-without-where:1"},
        {PG, TASK, "SELECT 1; -- no down", "no-way-back:0"},
        {PG, TASK, OUTSIDE "UPDATE task SET n = 1 WHERE n = 2;", "no-probe:1"},
        {PG, TASK, OUTSIDE "-- probe: SELECT 1\nUPDATE task SET n = 1 WHERE n = 2;", ""},
        {PG, TASK, OUTSIDE "DO $$ BEGIN END $$;", "no-probe:1"},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

#undef TASK
#define TASK "CREATE TABLE task (id INTEGER PRIMARY KEY, owner TEXT, n INT);"

static void finds_what_hurts_a_fleet_of_sqlite(void **state)
{
    static const struct lint_case cases[] = {
        {LITE, TASK, "ALTER TABLE task ADD c INT NOT NULL;", "required-column:1"},
        {LITE, TASK, "ALTER TABLE task ADD c INT NOT NULL DEFAULT 0;", ""},
        {LITE, TASK, "ALTER TABLE task ADD c TEXT DEFAULT CURRENT_TIMESTAMP;", "required-column:1"},
        {LITE, TASK, "ALTER TABLE unknown ADD c INT NOT NULL;", "required-column:1"},
        {LITE, TASK, "CREATE TABLE new (n INT);\nALTER TABLE new ADD c INT NOT NULL;", ""},
        {LITE, TASK, "ALTER TABLE task DROP COLUMN n;", "drop-column:1"},
        {LITE, TASK, "ALTER TABLE task RENAME COLUMN n TO m;", "rename:1"},
        {LITE, TASK, "ALTER TABLE task RENAME n TO m;", "rename:1"},
        {LITE, TASK, "ALTER TABLE task RENAME TO job;", "rename:1"},
        {LITE, TASK, "DROP TABLE task;", "drop-table:1"},
        {LITE, TASK, "DROP TABLE unknown;", "drop-table:1"},
        {LITE, TASK, "DROP VIEW IF EXISTS v;", ""},
        {LITE, TASK, "CREATE UNIQUE INDEX i ON task (n);", "data-dependent:1"},
        {LITE, TASK, "CREATE INDEX IF NOT EXISTS i ON task (n);", "hides-drift:1"},
        {LITE, TASK, "CREATE TABLE IF NOT EXISTS new (n INT);", "hides-drift:1"},
        {LITE, TASK, "CREATE TEMP TABLE IF NOT EXISTS new (n INT);", ""},
        {LITE, TASK, "INSERT INTO task (owner) VALUES (datetime('now'));", "differs-by-tenant:1"},
        {LITE, TASK, "INSERT INTO task (owner) VALUES (datetime('2020-01-01'));", ""},
        {LITE, TASK, "INSERT INTO task (owner) VALUES (random());", "differs-by-tenant:1"},
        {LITE, TASK, "INSERT INTO task (id) VALUES (1);", "differs-by-tenant:1"},
        {LITE, TASK, "CREATE TABLE new (id INTEGER PRIMARY KEY);\nINSERT INTO new (id) VALUES (1);",
         ""},
        {LITE, TASK, "INSERT INTO task VALUES (1, 'a', 2);", "differs-by-tenant:1"},
        {LITE, TASK, "INSERT INTO task VALUES (NULL, 'a', 2);", ""},
        {LITE, TASK, "UPDATE task SET owner = date() WHERE n = 1;", "differs-by-tenant:1"},
        {LITE, TASK, "UPDATE task SET owner = date('2020-01-01') WHERE n = 1;", ""},
        {LITE, TASK "CREATE VIEW v AS SELECT n FROM task;",
         "CREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\nINSERT INTO new SELECT * FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;",
         "sqlite-rebuild:4"},
        {LITE, TASK "CREATE VIEW v AS SELECT n FROM task;",
         "DROP VIEW v;\nCREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\nINSERT INTO new SELECT * FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;\nCREATE VIEW v AS "
         "SELECT n FROM task;",
         ""},
        {LITE, TASK "CREATE VIEW v AS SELECT n FROM task;",
         "PRAGMA legacy_alter_table = ON;\nCREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\n"
         "INSERT INTO new SELECT * FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO "
         "task;",
         ""},
        {LITE, "CREATE TABLE job (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT);",
         "CREATE TABLE new (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT);\nINSERT INTO new SELECT "
         "id, n FROM job;\nDROP TABLE job;\nALTER TABLE new RENAME TO job;",
         "sqlite-rebuild:3"},
        {LITE, "CREATE TABLE job (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT);",
         "CREATE TABLE new (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT);\nINSERT INTO new SELECT "
         "id, n FROM job;\nINSERT INTO sqlite_sequence SELECT 'new', seq FROM sqlite_sequence WHERE "
         "name = 'job';\nDROP TABLE job;\nALTER TABLE new RENAME TO job;",
         ""},
        {LITE, TASK,
         "CREATE TABLE new (id INTEGER PRIMARY KEY, n INT);\nINSERT INTO new (id, n) SELECT id, n "
         "FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;",
         "drop-column:3"},
        {LITE, TASK,
         "ALTER TABLE task RENAME TO old;\nCREATE TABLE task (id INTEGER PRIMARY KEY, owner TEXT);\n"
         "INSERT INTO task SELECT id, owner FROM old;\nDROP TABLE old;",
         "drop-column:4"},
        {LITE, TASK,
         "CREATE TABLE new (id INTEGER PRIMARY KEY, holder TEXT, n INT);\nINSERT INTO new SELECT "
         "id, \"owner\", n FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;",
         ""},
        {LITE, TASK,
         "CREATE TABLE past (id INTEGER PRIMARY KEY);\nINSERT INTO past SELECT id FROM task;\n"
         "DROP TABLE task;",
         ""},
        {LITE, TASK, "DELETE FROM task;", "update-without-where:1"},
        {LITE, TASK, "UPDATE task SET n = 1 WHERE n = 2;", ""},
        {LITE, TASK "CREATE INDEX i ON task (n);",
         "CREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\nINSERT INTO new SELECT * FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;",
         "sqlite-rebuild:3"},
        {LITE, TASK "CREATE INDEX i ON task (n);",
         "CREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\nINSERT INTO new SELECT * FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;\nCREATE INDEX i ON task (n);",
         ""},
        {LITE, TASK,
         "CREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\nINSERT INTO new SELECT * FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;\n"
         "CREATE UNIQUE INDEX u ON task (n);",
         "data-dependent:5"},
        {LITE, TASK "CREATE TABLE child (task INT REFERENCES task);",
         "ALTER TABLE task RENAME TO old;\nCREATE TABLE task (id INTEGER PRIMARY KEY, owner TEXT, n INT);\n"
         "INSERT INTO task SELECT * FROM old;\nDROP TABLE old;",
         "sqlite-rebuild:1"},
        {LITE, TASK,
         "ALTER TABLE task RENAME TO old;\nCREATE TABLE task (id INTEGER PRIMARY KEY, owner TEXT, n INT);\n"
         "INSERT INTO task SELECT * FROM old;\nDROP TABLE old;",
         ""},
        {LITE, TASK, "DROP TABLE IF EXISTS new;\nCREATE TABLE new (n INT);", "hides-drift:1"},
        {LITE, TASK, "DROP TABLE IF EXISTS task;\nCREATE TABLE task (n INT);",
         "drop-table:1 hides-drift:1"},
        {LITE, TASK, "DROP TABLE IF EXISTS elsewhere;", "drop-table:1 hides-drift:1"},
        {LITE, TASK, "ATTACH '/tmp/skein-lint-must-not-make-this' AS x;", ""},
        {LITE, TASK, "PRAGMA journal_mode = WAL;", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
    assert_int_not_equal(access("/tmp/skein-lint-must-not-make-this", F_OK), 0);
}

#undef TASK
#define TASK                                                                                       \
    "CREATE TABLE task (id INT AUTO_INCREMENT PRIMARY KEY, owner VARCHAR(20), n INT(11), mood "    \
    "ENUM('a','b'), at TIMESTAMP);"

static void finds_what_hurts_a_fleet_of_mariadb(void **state)
{
    static const struct lint_case cases[] = {
        {MARIA, TASK, "ALTER TABLE task ADD COLUMN c INT NOT NULL;", "required-column:1"},
        {MARIA, TASK, "ALTER TABLE task ADD (c INT NOT NULL, d INT);", "required-column:1"},
        {MARIA, TASK, "ALTER TABLE task ADD c INT NOT NULL DEFAULT 0;", ""},
        {MARIA, TASK, "ALTER TABLE task ADD c INT;", ""},
        {MARIA, TASK, "ALTER TABLE task ADD c INT AS (n + 1) STORED;", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task ADD c INT AS (n + 1) VIRTUAL;", ""},
        {MARIA, TASK, "ALTER TABLE task ADD INDEX i (n);", ""},
        {MARIA, TASK, "ALTER TABLE task MODIFY n BIGINT;", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY n BIGINT, ALGORITHM=COPY, LOCK=SHARED;", ""},
        {MARIA, TASK, "ALTER TABLE task MODIFY n INTEGER;", ""},
        {MARIA, TASK, "ALTER TABLE task MODIFY n SMALLINT;", "data-dependent:1 algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY n INT NOT NULL;", "data-dependent:1 algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY owner VARCHAR(40);", ""},
        {MARIA, TASK, "ALTER TABLE task MODIFY owner VARCHAR(300);", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY mood ENUM('a', 'b', 'c');", ""},
        {MARIA, TASK, "ALTER TABLE task MODIFY mood ENUM('a', 'c', 'b');",
         "data-dependent:1 algorithm:1"},
        {MARIA, "CREATE TABLE bill (sum DECIMAL(10,2));",
         "ALTER TABLE bill MODIFY sum DECIMAL(12,2);", "algorithm:1"},
        {MARIA, "CREATE TABLE bill (sum DECIMAL(10,2));",
         "ALTER TABLE bill MODIFY sum DECIMAL(10,4);", "data-dependent:1 algorithm:1"},
        {MARIA, "CREATE TABLE bill (sum DECIMAL(10,2));",
         "ALTER TABLE bill MODIFY sum NUMERIC(12,1);", "data-dependent:1 algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY at DATETIME;",
         "data-dependent:1 algorithm:1 session-dependent:1"},
        {MARIA, TASK, "ALTER TABLE task CHANGE n m INT;", "rename:1"},
        {MARIA, TASK, "ALTER TABLE task CHANGE n n INT;", ""},
        {MARIA, TASK, "ALTER TABLE task ADD c INT;\nALTER TABLE task CHANGE c d INT;", ""},
        {MARIA, TASK, "ALTER TABLE task RENAME COLUMN n TO m;", "rename:1"},
        {MARIA, TASK, "ALTER TABLE task RENAME INDEX i TO j;", ""},
        {MARIA, TASK, "RENAME TABLE task TO job;", "rename:1"},
        {MARIA, TASK, "ALTER TABLE task DROP n;", "drop-column:1"},
        {MARIA, TASK, "ALTER TABLE task DROP INDEX i;", ""},
        {MARIA, TASK, "ALTER TABLE task DROP FOREIGN KEY f;", ""},
        {MARIA, TASK, "ALTER TABLE task ADD CONSTRAINT c CHECK (n > 0);",
         "data-dependent:1 algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task ADD CONSTRAINT f FOREIGN KEY (n) REFERENCES other (id);",
         "data-dependent:1 algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task ADD UNIQUE KEY u (n);", "data-dependent:1"},
        {MARIA, TASK, "ALTER TABLE task CONVERT TO CHARACTER SET utf8mb4;", "rewrites-table:1"},
        {MARIA, TASK, "CREATE TABLE new (n INT NOT NULL, UNIQUE (n), CHECK (n > 0));", ""},
        {MARIA, TASK, "CREATE OR REPLACE TABLE task (n INT);", "drop-table:1"},
        {MARIA, TASK, "DROP TABLE task;", "drop-table:1"},
        {MARIA, TASK, "DROP TEMPORARY TABLE IF EXISTS task;", ""},
        {MARIA, TASK, "TRUNCATE TABLE task;", "truncate:1"},
        {MARIA, TASK, "ALTER TABLE task ADD c INT;\nUPDATE task SET c = 1 WHERE n = 1;",
         "mysql-ddl-commits:2"},
        {MARIA, TASK, "CREATE TABLE new (n INT);\nINSERT INTO new VALUES (1);", ""},
        {MARIA, TASK, "CREATE TEMPORARY TABLE new (n INT);\nUPDATE task SET n = 1 WHERE n = 2;",
         ""},
        {MARIA, TASK, "CREATE VIEW v AS SELECT 1;\nUPDATE task SET n = 1 WHERE n = 2;",
         "mysql-ddl-commits:2"},
        {MARIA, TASK, "DROP FUNCTION f;\nUPDATE task SET n = 1 WHERE n = 2;",
         "mysql-ddl-commits:2"},
        {MARIA, TASK, "ANALYZE TABLE task;\nUPDATE task SET n = 1 WHERE n = 2;",
         "mysql-ddl-commits:2"},
        {MARIA, TASK, "SET @a = 1;\nUPDATE task SET n = @a WHERE n = 2;", ""},
        {MARIA, TASK, "ALTER TABLE task MODIFY n BIGINT, ALGORITHM=DEFAULT;", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY n BIGINT, LOCK DEFAULT;", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY n BIGINT, LOCK=NONE, ALGORITHM=DEFAULT;", ""},
        {MARIA, TASK, "ALTER TABLE task KEY_BLOCK_SIZE=8;", "rewrites-table:1"},
        {MARIA, TASK, "ALTER TABLE task PAGE_COMPRESSED=1;", "rewrites-table:1"},
        {MARIA, TASK, "ALTER TABLE task ADD SYSTEM VERSIONING;", "rewrites-table:1"},
        {MARIA, TASK, "ALTER TABLE task COMMENT='x', AUTO_INCREMENT=9;", ""},
        {MARIA, TASK, "UPDATE task SET at = NOW() WHERE n = 1;", "differs-by-tenant:1"},
        {MARIA, TASK, "UPDATE task SET now = 1 WHERE at < NOW();", ""},
        {MARIA, TASK, "INSERT INTO task (id, n) VALUES (1, 2);", "differs-by-tenant:1"},
        {MARIA, TASK, "INSERT INTO task (n) VALUES (2);", ""},
        {MARIA, TASK, "INSERT INTO task VALUES (1, 2);", "differs-by-tenant:1"},
        {MARIA, TASK, "INSERT INTO task VALUES (DEFAULT, 2);", ""},
        {MARIA, TASK, "INSERT INTO task (owner) VALUES (database());", "differs-by-tenant:1"},
        {MARIA, TASK, "ALTER TABLE task ADD c CHAR(36) DEFAULT (UUID());", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task ADD c INT AUTO_INCREMENT UNIQUE;", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task DROP PRIMARY KEY;", "algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task MODIFY owner VARCHAR(20) CHARACTER SET latin1;",
         "data-dependent:1 algorithm:1"},
        {MARIA, TASK, "ALTER TABLE task ADD FULLTEXT (owner);", "rewrites-table:1"},
        {MARIA, TASK, "CREATE FULLTEXT INDEX i ON task (owner);", "rewrites-table:1"},
        {MARIA, TASK, "ALTER TABLE task PARTITION BY HASH (id) PARTITIONS 4;", "rewrites-table:1"},
        {MARIA, TASK, "ALTER TABLE task TRUNCATE PARTITION p;", "truncate:1"},
        {MARIA, TASK, "FLUSH PRIVILEGES;", "server-wide:1"},
        {MARIA, TASK, "KILL 5;", "server-wide:1"},
        {MARIA, TASK, "DELETE FROM task;", "update-without-where:1"},
        {MARIA, TASK, "SET SESSION lock_wait_timeout = 0;", "timeouts:1"},
        {MARIA, TASK, "SET @x = 0;", ""},
        {MARIA, TASK, "CREATE USER u;", "server-wide:1"},
        {MARIA, TASK, "GRANT SELECT ON task TO u;", "server-wide:1"},
        {MARIA, TASK, "INSERT INTO shop.task (n) VALUES (1);", "foreign-schema:1"},
        {MARIA, TASK, "SELECT 1 FROM information_schema.tables;", ""},
        {MARIA, TASK, "/*!50100 ALTER TABLE task DROP n */;", "drop-column:1"},
        {MARIA, TASK, "-- ALTER TABLE task DROP n\nSELECT 'DROP TABLE task';", ""},
        {MARIA, TASK, OUTSIDE "UPDATE task SET n = 1 WHERE n = 2;", "no-probe:1"},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

#undef TASK
#define TASK "CREATE TABLE task (id int PRIMARY KEY, owner text, n int);"

/* What only takes back what the up section did is no finding; all else is judged as what runs after it. */
static void a_way_back_is_read_after_its_own_up_section(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK, "CREATE TABLE new (n int);" DOWN "DROP TABLE new;", ""},
        {PG, TASK,
         "CREATE TABLE new (n int);\nALTER TABLE new RENAME TO other;" DOWN "DROP TABLE other;",
         ""},
        {PG, TASK, "SELECT 1;" DOWN "DROP TABLE task;", "drop-table:3"},
        {PG, TASK, "ALTER TABLE task ADD m int;" DOWN "ALTER TABLE task DROP m;", ""},
        {PG, TASK, "ALTER TABLE task ADD m int;" DOWN "ALTER TABLE task DROP n;", "drop-column:3"},
        {PG, TASK, "ALTER TABLE task RENAME n TO m;" DOWN "ALTER TABLE task RENAME m TO n;",
         "rename:1"},
        {PG, TASK, "ALTER TABLE task RENAME TO job;" DOWN "ALTER TABLE job RENAME TO work;",
         "rename:1 rename:3"},
        {PG, TASK,
         "CREATE TABLE new (n int);\nCREATE INDEX i ON new (n);" DOWN
         "DROP INDEX i;\nDROP TABLE new;",
         ""},
        {PG, TASK, OUTSIDE "CREATE INDEX CONCURRENTLY i ON task (n);" DOWN "DROP INDEX i;",
         "drop-index:3"},
        {PG, TASK, "ALTER TABLE task DROP n;" DOWN "ALTER TABLE task ADD n int NOT NULL;",
         "drop-column:1 required-column:3"},
        {PG, TASK, "CREATE TABLE new (n int);" DOWN "CREATE INDEX i ON new (n);",
         "index-blocks-writes:3"},
        {PG, TASK,
         "ALTER TABLE task ALTER n DROP NOT NULL;" DOWN
         "ALTER TABLE task ADD CONSTRAINT c CHECK (n IS NOT NULL) NOT VALID;\n"
         "ALTER TABLE task VALIDATE CONSTRAINT c;\nALTER TABLE task ALTER n SET NOT NULL;",
         "data-dependent:4 lock-then-work:4"},
        {PG, TASK, "SELECT 1;" DOWN "-- skein:allow drop-table: it is empty\nDROP TABLE task;",
         "-drop-table:4"},
        {PG, TASK, "SELECT 1; -- no down", "no-way-back:0"},
        {LITE, TASK, "CREATE TABLE new (n int);" DOWN "DROP TABLE new;", ""},
        {LITE, TASK, "ALTER TABLE task ADD m int;" DOWN "ALTER TABLE task DROP COLUMN m;", ""},
        {LITE, TASK, "SELECT 1;" DOWN "DELETE FROM task;", "update-without-where:3"},
        {MARIA, TASK, "ALTER TABLE task ADD m INT;" DOWN "ALTER TABLE task DROP m;", ""},
        {MARIA, TASK, "RENAME TABLE task TO job;" DOWN "RENAME TABLE job TO task;", "rename:1"},
        {MARIA, TASK, "SELECT 1;" DOWN "TRUNCATE task;", "truncate:3"},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

/* A down section leaves nothing that later revisions are judged by. */
static void what_a_way_back_does_is_forgotten(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK DOWN "DROP TABLE task;", "ALTER TABLE task ALTER n TYPE int;" DOWN "SELECT 1;",
         ""},
        {LITE, TASK "\nCREATE INDEX i ON task (n);" DOWN "DROP TABLE task;",
         "CREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\nINSERT INTO new SELECT * FROM task;\n"
         "DROP TABLE task;\nALTER TABLE new RENAME TO task;" DOWN "SELECT 1;",
         "sqlite-rebuild:3"},
    };
    struct arena arena;
    struct faults faults;
    (void)state;
    arena_init(&arena);
    faults_init(&faults);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct chain *chain = chain_of(&arena, &cases[i]);
        bool used[DIALECT__COUNT] = {false};
        struct lint lint;
        used[cases[i].dialect] = true;
        lint_chain(&(struct lint_request){.chain = chain, .used = used, .reads_down = true}, &lint,
                   &faults);
        size_t found = 0;
        for (size_t f = 0; f < lint.count; f++)
            found += strcmp(lint.findings[f].revision->id, "bbbb") == 0;
        assert_int_equal(found, *cases[i].found ? 1 : 0);
        lint_done(&lint);
        chain_free(chain);
    }
    faults_done(&faults);
    arena_done(&arena);
}

/* Each batch has a transaction of its own, and so no part in what the others lock. */
static void a_statement_that_repeats_is_to_have_a_bound(void **state)
{
#define REPEAT "-- migrate:up repeat:until-no-rows\n"
    static const struct lint_case cases[] = {
        {PG, TASK, REPEAT "UPDATE task SET n = 1 WHERE n IS NULL;", "repeat-unbounded:1"},
        {PG, TASK, REPEAT "DELETE FROM task;", "repeat-unbounded:1"},
        {PG, TASK,
         REPEAT "UPDATE task SET n = 1 WHERE id IN (SELECT id FROM task WHERE n IS NULL LIMIT 9);",
         ""},
        {PG, TASK,
         "-- migrate:up\nALTER TABLE task ADD m int;\n" REPEAT
         "UPDATE task SET m = 1 WHERE id IN (SELECT id FROM task WHERE m IS NULL LIMIT 9);",
         ""},
        {LITE, TASK, REPEAT "DELETE FROM task WHERE n = 1;", "repeat-unbounded:1"},
        {LITE, TASK, REPEAT "DELETE FROM task WHERE id IN (SELECT id FROM task LIMIT 9);", ""},
        {MARIA, TASK, REPEAT "UPDATE task SET n = 1 WHERE n IS NULL;", "repeat-unbounded:1"},
        {MARIA, TASK, REPEAT "DELETE FROM task LIMIT 1000;", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

#define SAME "repeat-same-rows:1"

/* What the text cannot tell is passed over in silence: a view, a WITH that moves rows, an alias. */
static void a_statement_that_repeats_is_to_look_at_what_it_changes(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK, REPEAT "UPDATE task SET n = n + 1 WHERE id IN (SELECT id FROM task LIMIT 9);",
         SAME},
        {PG, TASK,
         REPEAT "UPDATE task SET \"n\" = 1, m = (n + 2) WHERE id IN (SELECT id FROM task LIMIT 9);",
         SAME},
        {PG, TASK,
         REPEAT
         "UPDATE task t SET (n, m) = (1, 2) FROM task s WHERE s.id = t.id AND s.id < 9 AND 1 IN (SELECT 1 LIMIT 1);",
         SAME},
        {PG, TASK,
         REPEAT
         "WITH b AS (SELECT id FROM task WHERE id > 7 LIMIT 9 FOR UPDATE SKIP LOCKED) UPDATE task SET n = 1 FROM b WHERE b.id = task.id;",
         SAME},
        {PG, TASK,
         REPEAT
         "WITH b AS (SELECT id FROM task WHERE N IS NULL LIMIT 9 FOR UPDATE) UPDATE task SET n = 1 FROM b WHERE b.id = task.id;",
         ""},
        {PG, TASK,
         REPEAT
         "UPDATE task SET m = 1, n = 2 WHERE n IS DISTINCT FROM 2 AND id IN (SELECT 1 LIMIT 1);",
         ""},
        {PG, TASK, REPEAT "UPDATE task SET n = 1 WHERE id IN (SELECT id FROM open_tasks LIMIT 9);",
         ""},
        {PG, TASK,
         REPEAT
         "WITH q AS (DELETE FROM task WHERE id IN (SELECT id FROM task LIMIT 9) RETURNING id) INSERT INTO old SELECT id FROM q;",
         ""},
        {PG, TASK,
         REPEAT "INSERT INTO old SELECT id FROM task ORDER BY id LIMIT 9 ON CONFLICT DO NOTHING;",
         SAME},
        {PG, TASK,
         REPEAT
         "INSERT INTO old SELECT id FROM task WHERE NOT EXISTS (SELECT FROM old WHERE old.id = task.id) LIMIT 9;",
         ""},
        {PG, TASK, REPEAT "DELETE FROM task WHERE id IN (SELECT id FROM task LIMIT 9);", ""},
        {PG, TASK,
         REPEAT "-- skein:allow repeat-same-rows: a trigger notes them\nUPDATE task SET n = n + 1 "
                "WHERE id IN (SELECT id FROM task LIMIT 9);",
         "-repeat-same-rows:2"},
        {LITE, TASK, REPEAT "UPDATE task SET [n] = 1 WHERE id IN (SELECT id FROM task LIMIT 9);",
         SAME},
        {LITE, TASK,
         REPEAT
         "UPDATE task SET [n] = 1 WHERE id IN (SELECT id FROM task WHERE n IS NULL LIMIT 9);",
         ""},
        {LITE, TASK, REPEAT "INSERT OR IGNORE INTO task SELECT id, n FROM other LIMIT 9;", SAME},
        {MARIA, TASK, REPEAT "UPDATE task SET n = 1 WHERE id > 5 LIMIT 9;", SAME},
        {MARIA, TASK, REPEAT "UPDATE task SET `n` = 1 WHERE task.n IS NULL LIMIT 9;", ""},
        {MARIA, TASK, REPEAT "REPLACE INTO task SELECT id, n FROM other LIMIT 9;", SAME},
        {MARIA, TASK,
         REPEAT
         "INSERT IGNORE INTO task SELECT o.id, o.n FROM other o LEFT JOIN task t ON t.id = o.id WHERE t.id IS NULL LIMIT 9;",
         ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void every_rule_has_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < RULE__COUNT; i++) {
        const struct lint_rule *rule = &lint_rules[i];
        enum rule_id found;
        assert_true(rule->title && rule->message && rule->why && rule->instead);
        assert_true(rule->dialects);
        assert_int_not_equal(rule->severity, LINT_OFF);
        assert_null(strchr(rule->why, '{')); /* it is told as it stands */
        assert_true(lint_rule_find(lint_rule_at(i), strlen(lint_rule_at(i)), &found));
        assert_int_equal(found, i);
    }
    assert_null(lint_rule_at(RULE__COUNT));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_locks_and_scans_of_postgresql),
    cmocka_unit_test(knows_what_a_change_of_type_rewrites),
    cmocka_unit_test(knows_what_a_new_column_rewrites),
    cmocka_unit_test(finds_what_hurts_a_fleet_of_postgresql),
    cmocka_unit_test(finds_what_hurts_a_fleet_of_sqlite),
    cmocka_unit_test(finds_what_hurts_a_fleet_of_mariadb),
    cmocka_unit_test(a_way_back_is_read_after_its_own_up_section),
    cmocka_unit_test(what_a_way_back_does_is_forgotten),
    cmocka_unit_test(a_statement_that_repeats_is_to_have_a_bound),
    cmocka_unit_test(a_statement_that_repeats_is_to_look_at_what_it_changes),
    cmocka_unit_test(every_rule_has_its_words),
};

UNIT_MAIN(tests)
