/* Statements that change more than they seem to, or write what differs: lists of tables, conditions that are always true, fixed
 * numbers in later rows, what IF NOT EXISTS hides. */
#include "unit/lint_fixture.h"

#define PG_TASK "CREATE TABLE task (id serial PRIMARY KEY, owner text, n int, at timestamp);"
#define LITE_TASK                                                                                  \
    "CREATE TABLE task (id INTEGER PRIMARY KEY, owner TEXT, n INT);"                               \
    "CREATE TABLE other (id INTEGER PRIMARY KEY, n INT);"
#define MARIA_TASK                                                                                 \
    "CREATE TABLE task (id INT AUTO_INCREMENT PRIMARY KEY, owner VARCHAR(20), n INT, at TIMESTAMP);"

static void a_condition_that_is_always_true_is_none(void **state)
{
#define ALL "update-without-where:1"
    static const struct lint_case cases[] = {
        {PG, PG_TASK, "UPDATE task SET n = 1 WHERE true;", ALL},
        {PG, PG_TASK, "DELETE FROM task WHERE 1 = 1;", ALL},
        {PG, PG_TASK, "DELETE FROM task WHERE ('a' = 'a' AND true);", ALL},
        {PG, PG_TASK, "DELETE FROM task WHERE n = 1 OR true;", ALL},
        {PG, PG_TASK, "UPDATE task SET n = (SELECT 1 WHERE n = 2);", ALL},
        {PG, PG_TASK, "DELETE FROM task WHERE 1 = 1 AND n = 2;", ""},
        {PG, PG_TASK, "DELETE FROM task WHERE 1 = 2;", ""},
        {PG, PG_TASK, "DELETE FROM task WHERE 1 <> 1;", ""},
        {PG, PG_TASK, "DELETE FROM task WHERE n = n;", ""},
        {PG, PG_TASK, "DELETE FROM task WHERE NULL = NULL;", ""},
        {PG, PG_TASK, "DELETE FROM task WHERE NOT true;", ""},
        {PG, PG_TASK, "DELETE FROM task WHERE false OR n = 1;", ""},
        {MARIA, MARIA_TASK, "UPDATE task SET n = 1 WHERE TRUE;", ALL},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 1=1;", ALL},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE (1 = 1) ORDER BY id;", ALL},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 'a' = 'a' AND 1;", ALL},
        {MARIA, MARIA_TASK, "UPDATE task SET n = (SELECT n FROM other WHERE id = 1 LIMIT 1);", ALL},
        {MARIA, MARIA_TASK,
         "UPDATE task SET n = (SELECT n FROM other WHERE id = 1) WHERE owner = 'a';", ""},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 1=1 AND n = 2;", ""},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 1=1 OR n = 2;", ""},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 1=1 LIMIT 9;", ""},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 1=2;", ""},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 0;", ""},
        {MARIA, MARIA_TASK, "DELETE FROM task WHERE 1 = n;", ""},
        {MARIA, MARIA_TASK,
         "UPDATE task t JOIN (SELECT id FROM other WHERE n = 1) o ON o.id = t.id SET t.n = 1;", ""},
        {LITE, LITE_TASK, "UPDATE task SET n = 1 WHERE true;", ALL},
        {LITE, LITE_TASK, "DELETE FROM task WHERE 1 == 1;", ALL},
        {LITE, LITE_TASK, "DELETE FROM task WHERE (1 = 1 AND 'a' = 'a') RETURNING id;", ALL},
        {LITE, LITE_TASK, "UPDATE task SET n = (SELECT n FROM other WHERE id = 1);", ALL},
        {LITE, LITE_TASK, "DELETE FROM task WHERE 1=1 AND n = 2;", ""},
        {LITE, LITE_TASK, "DELETE FROM task WHERE 1=2;", ""},
        {LITE, LITE_TASK, "DELETE FROM task WHERE 0;", ""},
        {LITE, LITE_TASK, "DELETE FROM task WHERE n = n;", ""},
        {LITE, LITE_TASK,
         "INSERT INTO other SELECT n, 1 FROM task WHERE n > 0 ON CONFLICT (id) DO UPDATE SET n = 2;",
         ""},
        {LITE, LITE_TASK, "INSERT INTO task (n) VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 2;",
         ""},
        {LITE,
         LITE_TASK "CREATE TRIGGER tr AFTER INSERT ON task BEGIN UPDATE other SET n = n + 1; END;",
         "INSERT INTO task (n) VALUES (1);", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void each_table_of_a_list_is_told(void **state)
{
    static const struct lint_case cases[] = {
        {PG, PG_TASK, OUTSIDE "VACUUM FULL a, b;", "rewrites-table:1 rewrites-table:1"},
        {PG, PG_TASK, OUTSIDE "VACUUM FULL;", "rewrites-table:1"},
        {PG, PG_TASK, OUTSIDE "VACUUM a, b;", ""},
        {PG, PG_TASK, "TRUNCATE a, b;", "truncate:1 truncate:1"},
        {PG, PG_TASK, "DROP TABLE a, b;", "drop-table:1 drop-table:1"},
        {PG, PG_TASK, "CREATE TABLE new (n int);\nDROP TABLE new, task;", "drop-table:2"},
        {MARIA, MARIA_TASK, "OPTIMIZE TABLE a, b;", "rewrites-table:1 rewrites-table:1"},
        {MARIA, MARIA_TASK, "DROP TABLE a, b;", "drop-table:1 drop-table:1"},
        {MARIA, MARIA_TASK, "RENAME TABLE a TO b, c TO d;", "rename:1 rename:1"},
        {MARIA, MARIA_TASK, "RENAME TABLE a WAIT 5 TO b, c NOWAIT TO d;", "rename:1 rename:1"},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void a_fixed_number_is_found_in_each_row(void **state)
{
#define FIXED "differs-by-tenant:1"
    static const struct lint_case cases[] = {
        {PG, PG_TASK, "INSERT INTO task (id, n) SELECT 7, 1;", FIXED},
        {PG, PG_TASK, "INSERT INTO task SELECT 7;", FIXED},
        {PG, PG_TASK, "INSERT INTO task (id, n) SELECT n, 1 FROM o UNION ALL SELECT 7, 1;", FIXED},
        {PG, PG_TASK, "INSERT INTO task (n, owner) SELECT 7, 'a';", ""},
        {PG, PG_TASK, "INSERT INTO task (id) SELECT n + 7 FROM o WHERE id = 7;", ""},
        {PG, PG_TASK, "INSERT INTO task (id) SELECT 7;\nSELECT setval('task_id_seq', 8);", ""},
        {MARIA, MARIA_TASK, "INSERT INTO task (id, n) SELECT 7, 1;", FIXED},
        {MARIA, MARIA_TASK, "INSERT INTO task SELECT 7 AS id, 'a', 1, NULL;", FIXED},
        {MARIA, MARIA_TASK, "INSERT INTO task (id) SELECT n FROM o UNION SELECT 7;", FIXED},
        {MARIA, MARIA_TASK, "INSERT INTO task (id, n) VALUES (DEFAULT, 1), (7, 2);", FIXED},
        {MARIA, MARIA_TASK, "INSERT INTO task VALUES (DEFAULT, 'a(', 1, NULL), (7, 'b', 2, NULL);",
         FIXED},
        {MARIA, MARIA_TASK, "INSERT INTO task SET owner = 'a', id = 7;", FIXED},
        {MARIA, MARIA_TASK, "INSERT INTO task SET owner = 'id = 7', n = 7;", ""},
        {MARIA, MARIA_TASK, "INSERT INTO task (n, owner) SELECT 7, 'a';", ""},
        {MARIA, MARIA_TASK, "INSERT INTO task (id, n) VALUES (DEFAULT, 1), (NULL, 7);", ""},
        {MARIA, MARIA_TASK, "INSERT INTO task (id) VALUES (1 + (SELECT max(n) FROM o));", ""},
        {MARIA, MARIA_TASK, "INSERT INTO task (id) SELECT n FROM o WHERE id = 7 LIMIT 7;", ""},
        {MARIA, MARIA_TASK, "INSERT INTO task (n) VALUES (1) ON DUPLICATE KEY UPDATE id = 7;", ""},
        {LITE, LITE_TASK, "INSERT INTO task (id, n) SELECT 7, 1;", FIXED},
        {LITE, LITE_TASK, "INSERT INTO task SELECT 7, 'a', 1;", FIXED},
        {LITE, LITE_TASK, "INSERT INTO task (id, n) VALUES (NULL, 1), (7, 2);", FIXED},
        {LITE, LITE_TASK, "INSERT INTO task (id) SELECT n FROM other UNION ALL SELECT 7;", FIXED},
        {LITE, LITE_TASK, "INSERT INTO task (n, owner) SELECT 7, 'a';", ""},
        {LITE, LITE_TASK, "INSERT INTO task (id, n) VALUES (NULL, 1), (NULL, 7);", ""},
        {LITE, LITE_TASK, "INSERT INTO task (id) VALUES (1 + (SELECT max(n) FROM other));", ""},
        {LITE, LITE_TASK, "INSERT INTO task (id) SELECT n FROM other WHERE id = 7 LIMIT 7;", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

/* The server reads the text once: each tenant keeps the moment of its own migration. */
static void a_moment_that_is_written_as_a_text_differs(void **state)
{
    static const struct lint_case cases[] = {
        {PG, PG_TASK, "ALTER TABLE task ADD c timestamptz DEFAULT 'now';", FIXED},
        {PG, PG_TASK, "ALTER TABLE task ADD c text DEFAULT 'TODAY'::date;", FIXED},
        {PG, PG_TASK, "CREATE TABLE new (c timestamp(0) NOT NULL DEFAULT 'now');", FIXED},
        {PG, PG_TASK, "INSERT INTO task (at) VALUES (timestamp 'now');", FIXED},
        {PG, PG_TASK, "UPDATE task SET at = 'yesterday'::timestamp WHERE n = 1;", FIXED},
        {PG, PG_TASK, "ALTER TABLE task ADD c text DEFAULT 'now';", ""},
        {PG, PG_TASK, "ALTER TABLE task ADD c timestamptz DEFAULT now();", ""},
        {PG, PG_TASK, "ALTER TABLE task ADD c date DEFAULT '2020-01-01';", ""},
        {PG, PG_TASK, "INSERT INTO task (owner) VALUES ('now');", ""},
        {PG, PG_TASK, "INSERT INTO task (owner) VALUES ('now'::text);", ""},
        {PG, PG_TASK, "UPDATE task SET n = 1 WHERE at < 'now'::timestamp;", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

/* A WHERE within a value does not end what UPDATE sets. */
static void what_differs_is_found_after_a_subquery(void **state)
{
    static const struct lint_case cases[] = {
        {MARIA, MARIA_TASK,
         "UPDATE task SET n = (SELECT 1 FROM o WHERE id = 1), at = NOW() WHERE n = 2;",
         "differs-by-tenant:1"},
        {MARIA, MARIA_TASK, "UPDATE task SET n = (SELECT 1 FROM o WHERE id = 1) WHERE at < NOW();",
         ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void what_is_not_made_where_it_exists_hides_drift(void **state)
{
#define HIDES "hides-drift:1"
    static const struct lint_case cases[] = {
        {PG, PG_TASK, "CREATE SEQUENCE IF NOT EXISTS s;", HIDES},
        {PG, PG_TASK, "CREATE SEQUENCE s;", ""},
        {PG, PG_TASK, "CREATE SCHEMA IF NOT EXISTS x;", "foreign-schema:1 hides-drift:1"},
        {PG, PG_TASK, "CREATE SCHEMA x;", "foreign-schema:1"},
        {PG, PG_TASK, "CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1;", HIDES},
        {PG, PG_TASK, "CREATE MATERIALIZED VIEW v AS SELECT 1;", ""},
        {PG, PG_TASK, "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'x';", HIDES},
        {PG, PG_TASK, "ALTER TYPE mood ADD VALUE 'x';", ""},
        {PG, PG_TASK, OUTSIDE "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'x';", ""},
        {PG, PG_TASK, "ALTER TABLE IF EXISTS task RENAME TO job;", "rename:1 hides-drift:1"},
        {LITE, LITE_TASK, "CREATE VIEW IF NOT EXISTS v AS SELECT 1;", HIDES},
        {LITE, LITE_TASK "CREATE VIEW v AS SELECT 1;", "CREATE VIEW IF NOT EXISTS v AS SELECT 2;",
         HIDES},
        {LITE, LITE_TASK, "CREATE VIEW v AS SELECT 1;", ""},
        {LITE, LITE_TASK,
         "CREATE TRIGGER IF NOT EXISTS tr AFTER INSERT ON task BEGIN SELECT 1; END;", HIDES},
        {LITE, LITE_TASK, "CREATE TRIGGER tr AFTER INSERT ON task BEGIN SELECT 1; END;", ""},
        {MARIA, MARIA_TASK, "CREATE SEQUENCE IF NOT EXISTS s;", HIDES},
        {MARIA, MARIA_TASK, "CREATE SEQUENCE s;", ""},
        {MARIA, MARIA_TASK, "CREATE SQL SECURITY INVOKER VIEW IF NOT EXISTS v AS SELECT 1;", HIDES},
        {MARIA, MARIA_TASK, "CREATE VIEW v AS SELECT IF(1, 2, 3);", ""},
        {MARIA, MARIA_TASK,
         "CREATE TRIGGER IF NOT EXISTS tr BEFORE INSERT ON task FOR EACH ROW SET NEW.n = 1;",
         HIDES},
        {MARIA, MARIA_TASK, "CREATE TRIGGER tr BEFORE INSERT ON task FOR EACH ROW SET NEW.n = 1;",
         ""},
        {MARIA, MARIA_TASK, "ALTER TABLE task ADD INDEX IF NOT EXISTS i (n);", HIDES},
        {MARIA, MARIA_TASK, "RENAME TABLE IF EXISTS task TO job;", "rename:1 hides-drift:1"},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void what_reads_rows_depends_on_them(void **state)
{
    static const struct lint_case cases[] = {
        {PG, PG_TASK, "ALTER TABLE task ATTACH PARTITION p FOR VALUES FROM (1) TO (9);",
         "data-dependent:1"},
        {PG, PG_TASK,
         "CREATE TABLE p (n int);\nALTER TABLE task ATTACH PARTITION p FOR VALUES FROM (1) TO (9);",
         ""},
        {PG, PG_TASK,
         "CREATE TABLE t (n int) PARTITION BY LIST (n);\nALTER TABLE t ATTACH PARTITION task FOR "
         "VALUES IN (1);",
         "data-dependent:2"},
        {PG, PG_TASK, "ALTER TABLE task INHERIT p;", ""},
        {PG, PG_TASK, "ALTER TABLE task ADD EXCLUDE USING gist (n WITH =);",
         "data-dependent:1 rewrites-table:1"},
        {PG, PG_TASK,
         "CREATE TABLE new (n int);\nALTER TABLE new ADD EXCLUDE USING gist (n WITH =);", ""},
        {PG, PG_TASK, "CLUSTER task;", "rewrites-table:1"},
        {PG, PG_TASK, "ALTER DOMAIN d ADD CHECK (VALUE > 0);", "data-dependent:1"},
        {PG, PG_TASK, "ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID;", ""},
        {PG, PG_TASK, "ALTER DOMAIN d VALIDATE CONSTRAINT c;", "data-dependent:1"},
        {PG, PG_TASK, "ALTER DOMAIN d SET NOT NULL;", "data-dependent:1"},
        {PG, PG_TASK, "ALTER DOMAIN d DROP NOT NULL;", ""},
        {PG, PG_TASK, "ALTER DOMAIN d SET DEFAULT 1;", ""},
        {PG, PG_TASK, "CREATE DOMAIN d AS int;\nALTER DOMAIN d ADD CHECK (VALUE > 0);", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void sqlite_refuses_some_new_columns(void **state)
{
    static const struct lint_case cases[] = {
        {LITE, LITE_TASK, "ALTER TABLE task ADD c INT UNIQUE;", "sqlite-add-column:1"},
        {LITE, LITE_TASK, "ALTER TABLE task ADD COLUMN c INTEGER PRIMARY KEY;",
         "sqlite-add-column:1"},
        {LITE, LITE_TASK, "CREATE TABLE new (n INT);\nALTER TABLE new ADD c INT UNIQUE;",
         "sqlite-add-column:2"},
        {LITE, LITE_TASK, "ALTER TABLE task ADD c INT CHECK (c > 0);", ""},
        {LITE, LITE_TASK, "ALTER TABLE task ADD \"unique\" INT;", ""},
        {LITE, LITE_TASK, "ALTER TABLE task ADD c TEXT DEFAULT 'unique primary key';", ""},
        {LITE, LITE_TASK, "CREATE TABLE new (n INT UNIQUE);", ""},
        {LITE, LITE_TASK, "ALTER TABLE task ADD c INT AS (n + 1) STORED;", "required-column:1"},
        {LITE, LITE_TASK, "ALTER TABLE task ADD c INT AS (n + 1) VIRTUAL;", ""},
        {LITE, LITE_TASK, "CREATE TABLE new (n INT);\nALTER TABLE new ADD c INT AS (n + 1) STORED;",
         ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_condition_that_is_always_true_is_none),
    cmocka_unit_test(each_table_of_a_list_is_told),
    cmocka_unit_test(a_fixed_number_is_found_in_each_row),
    cmocka_unit_test(a_moment_that_is_written_as_a_text_differs),
    cmocka_unit_test(what_differs_is_found_after_a_subquery),
    cmocka_unit_test(what_is_not_made_where_it_exists_hides_drift),
    cmocka_unit_test(what_reads_rows_depends_on_them),
    cmocka_unit_test(sqlite_refuses_some_new_columns),
};

UNIT_MAIN(tests)
