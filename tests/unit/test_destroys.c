/* What destroys data, and copies that leave a part of it out. */
#include "lint/destroys.h"

#include "unit/lint_fixture.h"

static void tells_what_destroys_data(void **state)
{
    static const struct {
        enum dialect_id dialect;
        const char *up;
        bool destroys, destroys_down;
    } cases[] = {
        {PG, "CREATE TABLE t (n int);" DOWN "DROP TABLE t;", false, true},
        {PG, "ALTER TABLE t ADD n int;" DOWN "ALTER TABLE t DROP n;", false, true},
        {PG, "WITH x AS (SELECT 1) DELETE FROM t;" DOWN "SELECT 1;", true, false},
        {PG, "CREATE TABLE t (n int);\nDROP TABLE t;" DOWN "DROP INDEX i;", false, false},
        {PG,
         "MERGE INTO t USING u ON t.n = u.n WHEN MATCHED AND u.n = 1 THEN UPDATE SET n = 2 "
         "WHEN MATCHED THEN DELETE;" DOWN
         "MERGE INTO t USING u ON t.n = u.n WHEN NOT MATCHED THEN INSERT VALUES (u.n);",
         true, false},
        {PG, "SELECT 'DROP TABLE t'; -- DROP TABLE t" DOWN "TRUNCATE t;", false, true},
        {PG, "CREATE TEMPORARY TABLE t (n int);\nDROP TABLE t;" DOWN "DROP VIEW v;", false, false},
        {LITE,
         "CREATE TABLE n (n int);\nINSERT INTO n SELECT n FROM t;\nDROP TABLE t;\n"
         "ALTER TABLE n RENAME TO t;" DOWN "DROP TABLE IF EXISTS t;",
         false, true},
        {LITE, "DELETE FROM t WHERE n = 1;" DOWN "ALTER TABLE t DROP COLUMN n;", true, true},
        {MARIA, "CREATE OR REPLACE TABLE t (n INT);" DOWN "DROP TEMPORARY TABLE t;", true, false},
        {MARIA, "/*!50100 ALTER TABLE t DROP n */;" DOWN "UPDATE t SET n = 1;", true, false},
        {LITE, /* a copy that takes a part */
         "CREATE TABLE n (n int);\nINSERT INTO n SELECT n FROM t WHERE n > 1;\nDROP TABLE t;\n"
         "ALTER TABLE n RENAME TO t;" DOWN "SELECT 1;",
         true, false},
        {LITE, /* columns that are known from the revision before it, and lost */
         "CREATE TABLE x (n int);\nINSERT INTO x SELECT n FROM base;\nDROP TABLE base;\n"
         "ALTER TABLE x RENAME TO base;" DOWN
         "CREATE TABLE x (n int, m int);\nINSERT INTO x SELECT n, m FROM base;\nDROP TABLE base;\n"
         "ALTER TABLE x RENAME TO base;",
         true, false},
        {PG,
         "CREATE TABLE old AS SELECT * FROM t;\nDROP TABLE t;" DOWN
         "INSERT INTO t SELECT * FROM old WHERE n = 1;\nDELETE FROM old WHERE n = 1;",
         false, false},
        {PG,
         "ALTER TABLE t ADD m int;\nALTER TABLE t DROP m;" DOWN "DROP TABLE IF EXISTS t CASCADE;",
         false, true},
        {MARIA,
         "CREATE TABLE n LIKE t;\nINSERT INTO n SELECT * FROM t;\nRENAME TABLE t TO o, n TO t;\n"
         "DROP TABLE o;" DOWN "ALTER TABLE t DROP PARTITION p;",
         false, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lint_case lint_case = {cases[i].dialect, "CREATE TABLE base (n int, m int);",
                                      cases[i].up, NULL};
        struct arena arena;
        arena_init(&arena);
        struct chain *chain = chain_of(&arena, &lint_case);
        const struct revision *revision = chain_get(chain, "bbbb");
        struct destroys *destroys = destroys_new(chain);
        if (destroys_data(destroys, revision, DIRECTION_UP, cases[i].dialect) !=
                cases[i].destroys ||
            destroys_data(destroys, revision, DIRECTION_DOWN, cases[i].dialect) !=
                cases[i].destroys_down)
            fail_msg("%s", cases[i].up);
        destroys_free(destroys);
        chain_free(chain);
        arena_done(&arena);
    }
}

/* SQLite's tables are built anew by copies: what a copy leaves out is lost with the old table. */
static void finds_what_a_copy_leaves_out(void **state)
{
    static const struct {
        const char *query, *found; /* `INSERT INTO new …`; NULL: nothing */
    } queries[] = {
        {"INSERT INTO new SELECT * FROM task", NULL},
        {"INSERT INTO new SELECT id, owner, n FROM task ORDER BY n", NULL},
        {"INSERT INTO new SELECT * FROM task WHERE n > 3", "rows (WHERE)"},
        {"INSERT INTO new SELECT * FROM task WHERE true", NULL},
        {"INSERT INTO new SELECT * FROM task WHERE 1", NULL},
        {"INSERT INTO new SELECT * FROM task WHERE 1 = n", "rows (WHERE)"},
        {"INSERT INTO new SELECT * FROM task LIMIT 10", "rows (LIMIT)"},
        {"INSERT INTO new SELECT * FROM task LIMIT -1", NULL},
        {"INSERT INTO new SELECT * FROM task LIMIT -1 OFFSET 5", "rows (OFFSET)"},
        {"INSERT INTO new SELECT DISTINCT * FROM task", "rows (DISTINCT)"},
        {"INSERT INTO new SELECT id, owner, n IS DISTINCT FROM 3 FROM task", NULL},
        {"INSERT INTO new SELECT t.* FROM task t JOIN other o ON o.id = t.n", "rows (a join)"},
        {"INSERT INTO new SELECT t.* FROM task t, other o WHERE o.id = t.n", "rows (a join)"},
        {"INSERT INTO new SELECT t.* FROM task t NATURAL JOIN other", "rows (a join)"},
        {"INSERT INTO new SELECT t.* FROM task t LEFT JOIN other o ON o.id = t.n", NULL},
        {"INSERT INTO new SELECT t.* FROM task t LEFT OUTER JOIN other o USING (id)", NULL},
        {"INSERT INTO new SELECT t.* FROM main.task t CROSS JOIN other", "rows (a join)"},
        {"INSERT INTO new SELECT id, owner, max(n) FROM task GROUP BY owner", "rows (GROUP BY)"},
        {"INSERT INTO new SELECT id, owner, coalesce(max(n), 0) FROM task", "rows (max())"},
        {"INSERT INTO new SELECT id, owner, max(n, 0) FROM task", NULL},
        {"INSERT INTO new SELECT id, owner, sum(n) FILTER (WHERE n > 1) OVER () FROM task", NULL},
        {"INSERT INTO new SELECT id, owner, (SELECT max(o.n) FROM other o WHERE o.id = task.n) FROM task",
         NULL},
        {"INSERT INTO new SELECT * FROM task EXCEPT SELECT * FROM other", "rows (EXCEPT)"},
        {"INSERT INTO new SELECT * FROM task UNION SELECT * FROM other", "rows (UNION)"},
        {"INSERT INTO new SELECT * FROM task UNION ALL SELECT * FROM other WHERE n > 1", NULL},
        {"INSERT OR IGNORE INTO new SELECT * FROM task", "rows (IGNORE)"},
        {"REPLACE INTO new SELECT * FROM task", "rows (REPLACE)"},
        {"INSERT INTO new SELECT * FROM task WHERE true ON CONFLICT DO NOTHING",
         "rows (ON CONFLICT)"},
        {"INSERT INTO new SELECT * FROM (SELECT * FROM task WHERE n > 3)", "rows (WHERE)"},
        {"INSERT INTO new SELECT * FROM (SELECT * FROM task) t", NULL},
        {"WITH x AS (SELECT * FROM task LIMIT 5) INSERT INTO new SELECT * FROM x", "rows (LIMIT)"},
        {"INSERT INTO new WITH x AS (SELECT * FROM task) SELECT * FROM x", NULL},
        {"INSERT INTO new SELECT id, 'where', n FROM task", "the values of owner"},
        {"INSERT INTO new (id, n) SELECT id, n FROM task", "the values of owner"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        struct arena arena;
        struct faults faults;
        struct lint lint;
        arena_init(&arena);
        faults_init(&faults);
        struct lint_case lint_case = {
            LITE,
            "CREATE TABLE task (id INTEGER PRIMARY KEY, owner TEXT, n INT);\n"
            "CREATE TABLE other (id INTEGER PRIMARY KEY, owner TEXT, n INT);",
            arena_printf(&arena,
                         "CREATE TABLE new (id INTEGER PRIMARY KEY, owner TEXT, n INT);\n%s;\n"
                         "DROP TABLE task;\nALTER TABLE new RENAME TO task;",
                         queries[i].query),
            NULL};
        struct chain *chain = chain_of(&arena, &lint_case);
        bool used[DIALECT__COUNT] = {[DIALECT_SQLITE] = true};
        lint_chain(&(struct lint_request){.chain = chain, .used = used}, &lint, &faults);
        if (lint.count != (queries[i].found ? 1 : 0) ||
            (lint.count && (lint.findings->rule != RULE_COPY_LEAVES_OUT ||
                            !strstr(lint.findings->message, queries[i].found))))
            fail_msg("%s: %zu, %s", queries[i].query, lint.count,
                     lint.count ? lint.findings->message : "");
        lint_done(&lint);
        chain_free(chain);
        faults_done(&faults);
        arena_done(&arena);
    }
}

#define TASK "CREATE TABLE task (id int PRIMARY KEY, owner text, n int);"

/* Whatever the statements are called by which it is done, and whatever the tables are called meanwhile. */
static void finds_copies_of_each_dialect(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK, "CREATE TABLE new AS SELECT * FROM task;\nDROP TABLE task;", ""},
        {PG, TASK, "SELECT * INTO new FROM task;\nDROP TABLE task;", ""},
        {PG, TASK, "CREATE TABLE new AS TABLE task;\nDROP TABLE task;", ""},
        {PG, TASK, "CREATE TABLE new AS SELECT * FROM task WITH NO DATA;\nDROP TABLE task;",
         "drop-table:2"},
        {PG, TASK, "CREATE TABLE new AS SELECT * FROM task WHERE n > 3;\nDROP TABLE task;",
         "copy-leaves-out:2"},
        {PG, TASK,
         "CREATE TABLE new (LIKE task);\nINSERT INTO new SELECT t.* FROM ONLY task t JOIN other o USING (id);\n"
         "DROP TABLE task;",
         "copy-leaves-out:3"},
        {PG, TASK,
         "CREATE TABLE new AS SELECT id, n FROM task;\nDROP TABLE task;\nALTER TABLE new RENAME TO task;",
         "drop-column:2"},
        {PG, TASK,
         "CREATE TABLE a AS SELECT * FROM task WHERE n > 3;\nCREATE TABLE b AS SELECT * FROM task;\n"
         "DROP TABLE task;",
         ""},
        {PG, TASK, "DROP TABLE task;\nCREATE TABLE task (id int);", "drop-table:1"},
        {MARIA, TASK,
         "CREATE TABLE new LIKE task;\nINSERT INTO new SELECT * FROM task;\n"
         "RENAME TABLE task TO old, new TO task;\nDROP TABLE old;",
         ""},
        {MARIA, TASK,
         "CREATE TABLE new LIKE task;\nINSERT INTO new SELECT * FROM task WHERE n > 0;\n"
         "RENAME TABLE task TO old, new TO task;\nDROP TABLE old;",
         "copy-leaves-out:4"},
        {MARIA, TASK,
         "CREATE TABLE new LIKE task;\nINSERT IGNORE INTO new SELECT * FROM task;\n"
         "RENAME TABLE task TO old, new TO task;\nDROP TABLE old;",
         "copy-leaves-out:4"},
        {MARIA, TASK, "CREATE TABLE new SELECT * FROM `task` LIMIT 5;\nDROP TABLE task;",
         "copy-leaves-out:2"},
        {MARIA, TASK, "CREATE OR REPLACE TABLE new AS (SELECT * FROM task);\nDROP TABLE task;",
         "drop-table:1"},
        {LITE, TASK,
         "ALTER TABLE task RENAME TO old;\nCREATE TABLE task (id int PRIMARY KEY, owner text, n int);\n"
         "INSERT INTO task SELECT * FROM old WHERE n > 3;\nDROP TABLE old;",
         "copy-leaves-out:4"},
        {LITE, TASK,
         "CREATE TEMP TABLE x AS SELECT * FROM task;\nDROP TABLE task;\n"
         "CREATE TABLE task (id int PRIMARY KEY, owner text, n int);\nINSERT INTO task SELECT * FROM x;\n"
         "DROP TABLE x;",
         ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tells_what_destroys_data),
    cmocka_unit_test(finds_what_a_copy_leaves_out),
    cmocka_unit_test(finds_copies_of_each_dialect),
};

UNIT_MAIN(tests)
