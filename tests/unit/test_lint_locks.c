/* What a transaction keeps until its end: locks, and events of deferred foreign keys. As PostgreSQL 15 was measured. */
#include "unit/lint_fixture.h"

#define TASK                                                                                       \
    "CREATE TABLE task (id int PRIMARY KEY, owner text, n int);"                                   \
    "CREATE TABLE proj (id int PRIMARY KEY, name text);"                                           \
    "CREATE TABLE sub (id int PRIMARY KEY, p int, task_id int REFERENCES task (id) DEFERRABLE "    \
    "INITIALLY DEFERRED);"
#define WORK "\nUPDATE proj SET name = 'x' WHERE id = 2;"

static void finds_long_work_after_each_lock(void **state)
{
    static const struct {
        const char *lock, *found;
    } locks[] = {
        {"ALTER TABLE task ALTER n SET DEFAULT 1;", "lock-then-work:2"},
        {"ALTER TABLE task ENABLE ROW LEVEL SECURITY;", "lock-then-work:2"},
        {"ALTER TABLE task OWNER TO r;", "lock-then-work:2"},
        {"ALTER TABLE task ALTER owner SET STORAGE EXTERNAL;", "lock-then-work:2"},
        {"ALTER TABLE task REPLICA IDENTITY FULL;", "lock-then-work:2"},
        {"ALTER TABLE task DISABLE TRIGGER ALL;", "lock-then-work:2"},
        {"ALTER TABLE task RENAME CONSTRAINT a TO b;", "lock-then-work:2"},
        {"ALTER TABLE task SET (fillfactor = 70);", ""},
        {"ALTER TABLE task ALTER n SET STATISTICS 100;", ""},
        {"ALTER TABLE task CLUSTER ON i;", ""},
        {"ALTER TABLE task ADD CHECK (n > 0) NOT VALID;", "lock-then-work:2"},
        {"ALTER TABLE task ADD FOREIGN KEY (n) REFERENCES other NOT VALID;", "lock-then-work:2"},
        {"CREATE TABLE new (n int REFERENCES task);", "lock-then-work:2"},
        {"CREATE TABLE new (n int);", ""},
        {"CREATE TABLE new (n int);\nALTER TABLE new ALTER n SET DEFAULT 1;", ""},
        {"CREATE POLICY p ON task USING (true);", "lock-then-work:2"},
        {"DROP POLICY p ON task;", "lock-then-work:2"},
        {"DROP TRIGGER p ON task;", "lock-then-work:2"},
        {"CREATE RULE r AS ON INSERT TO task DO ALSO NOTHING;", "lock-then-work:2"},
        {"CREATE TRIGGER t BEFORE INSERT ON task EXECUTE FUNCTION f();",
         "trigger:1 lock-then-work:2"},
        {"LOCK TABLE task;", "lock-then-work:2"},
        {"LOCK TABLE other, task IN SHARE MODE;", "lock-then-work:2"},
        {"LOCK TABLE task IN ROW EXCLUSIVE MODE;", ""},
        {"CREATE INDEX i ON task (n);", "index-blocks-writes:1 lock-then-work:2"},
        {"DROP INDEX i;", "drop-index:1 lock-then-work:2"},
        {"COMMENT ON TABLE task IS 'x';", ""},
        {"GRANT SELECT ON task TO r;", ""},
        {"CREATE STATISTICS s ON n, id FROM task;", ""},
        {"ALTER TYPE mood RENAME VALUE 'a' TO 'b';", "rename:1"},
        {"CREATE TABLE part PARTITION OF task FOR VALUES FROM (1) TO (2);", "lock-then-work:2"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
        char up[400];
        snprintf(up, sizeof up, "%s" WORK, locks[i].lock);
        struct lint_case lint_case = {PG, TASK, up, locks[i].found};
        check_cases(&lint_case, 1);
    }
}

static void finds_each_kind_of_long_work(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK, "ALTER TABLE task ADD m int;\nALTER TABLE proj ALTER name SET NOT NULL;",
         "set-not-null-scans:2 data-dependent:2 lock-then-work:2"},
        {PG, TASK, "ALTER TABLE task ADD m int;\nALTER TABLE proj ALTER id TYPE bigint;",
         "type-change-rewrites:2 lock-then-work:2"},
        {PG, TASK, "ALTER TABLE task ADD m int;\nALTER TABLE proj ADD m float DEFAULT random();",
         "add-column-rewrites:2 lock-then-work:2"},
        /* what locks the same table as much adds nothing */
        {PG, TASK, "ALTER TABLE task ADD m int;\nALTER TABLE task ALTER owner SET NOT NULL;",
         "set-not-null-scans:2 data-dependent:2"},
        {PG, TASK, "CREATE INDEX i ON task (n);\nCREATE INDEX j ON task (owner);",
         "index-blocks-writes:1 index-blocks-writes:2"},
        {PG, TASK, "ALTER TABLE task ADD m int;\nCREATE INDEX j ON task (owner);",
         "index-blocks-writes:2 lock-then-work:2"},
        {PG, TASK,
         "ALTER TABLE task ADD CONSTRAINT f FOREIGN KEY (n) REFERENCES proj NOT VALID;\n"
         "ALTER TABLE task VALIDATE CONSTRAINT f;",
         "data-dependent:2 lock-then-work:2"},
        {PG, TASK,
         "-- migrate:up\nALTER TABLE task ADD m int;\n-- migrate:up transaction:false\n"
         "CREATE INDEX CONCURRENTLY i ON task (m);\n-- migrate:up\nUPDATE proj SET name = '' WHERE id = 1;",
         ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static void finds_what_events_stand_in_the_way_of(void **state)
{
    static const struct lint_case cases[] = {
        {PG, TASK, "INSERT INTO sub VALUES (1, 1, 1);\nALTER TABLE sub ADD m int;",
         "pending-events:2"},
        {PG, TASK, "INSERT INTO sub SELECT id FROM proj;\nCREATE INDEX i ON sub (p);",
         "index-blocks-writes:2 pending-events:2"},
        {PG, TASK,
         "UPDATE sub SET \"task_id\" = 1 WHERE id = 1;\nALTER TABLE sub ALTER p SET DEFAULT 1;",
         "pending-events:2"},
        {PG, TASK,
         "UPDATE sub SET p = 1 WHERE task_id = 1;\nALTER TABLE sub ALTER p SET DEFAULT 1;", ""},
        {PG, TASK,
         "INSERT INTO sub VALUES (1, 1, 1);\nALTER TABLE sub ALTER p SET STATISTICS 5;\n"
         "ALTER TABLE sub SET (fillfactor = 70);",
         "pending-events:2"},
        {PG, TASK, "INSERT INTO sub VALUES (1, 1, 1);\nTRUNCATE sub;",
         "truncate:2 pending-events:2"},
        {PG, TASK, "INSERT INTO sub VALUES (1, 1, 1);\nDROP TABLE sub;",
         "drop-table:2 pending-events:2"},
        {PG, TASK, "INSERT INTO sub VALUES (1, 1, 1);\nALTER TABLE sub RENAME p TO q;", "rename:2"},
        {PG, TASK, "INSERT INTO sub VALUES (1, 1, 1);\nDROP INDEX i;", "drop-index:2"},
        {PG, TASK, "INSERT INTO sub VALUES (1, 1, 1);\nALTER TABLE task ADD m int;", ""},
        {PG, TASK, "INSERT INTO task VALUES (1);\nALTER TABLE task ADD m int;", ""},
        {PG, TASK, "DELETE FROM task WHERE id = 1;\nALTER TABLE task ADD m int;",
         "pending-events:2"},
        {PG, TASK, "DELETE FROM sub WHERE id = 1;\nALTER TABLE sub ADD m int;", ""},
        {PG, TASK,
         "INSERT INTO sub VALUES (1, 1, 1);\nSET CONSTRAINTS ALL IMMEDIATE;\n"
         "ALTER TABLE sub ADD m int;",
         ""},
        {PG, TASK,
         "SET CONSTRAINTS ALL IMMEDIATE;\nINSERT INTO sub VALUES (1, 1, 1);\n"
         "ALTER TABLE sub ADD m int;",
         ""},
        {PG, TASK,
         "-- migrate:up\nINSERT INTO sub VALUES (1, 1, 1);\n-- migrate:up transaction:false\n"
         "CREATE INDEX CONCURRENTLY i ON sub (p);\n-- migrate:up\nALTER TABLE sub ADD m int;",
         ""},
        {PG, TASK, "ALTER TABLE sub ADD m int;\nINSERT INTO sub VALUES (1, 1, 1);", ""},
        {PG, TASK,
         "CREATE TABLE new (n int, FOREIGN KEY (n) REFERENCES task DEFERRABLE INITIALLY DEFERRED);\n"
         "INSERT INTO new VALUES (1);\nALTER TABLE new ADD m int;",
         "pending-events:3"},
        {PG,
         TASK "ALTER TABLE sub ALTER CONSTRAINT sub_task_id_fkey DEFERRABLE INITIALLY IMMEDIATE;",
         "INSERT INTO sub VALUES (1, 1, 1);\nALTER TABLE sub ADD m int;", ""},
        {PG, TASK "ALTER TABLE sub ALTER CONSTRAINT sub_task_id_fkey DEFERRABLE;",
         "SET CONSTRAINTS ALL DEFERRED;\nINSERT INTO sub VALUES (1, 1, 1);\nALTER TABLE sub ADD m int;",
         "pending-events:3"},
        {PG, TASK "ALTER TABLE sub DROP CONSTRAINT sub_task_id_fkey;",
         "INSERT INTO sub VALUES (1, 1, 1);\nALTER TABLE sub ADD m int;", ""},
        {PG, TASK "ALTER TABLE sub RENAME TO part;",
         "INSERT INTO part VALUES (1, 1, 1);\nALTER TABLE part ADD m int;", "pending-events:2"},
        {PG,
         "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int REFERENCES p ON DELETE CASCADE "
         "DEFERRABLE INITIALLY DEFERRED);",
         "DELETE FROM p WHERE id = 1;\nALTER TABLE p ADD m int;", ""},
        {LITE,
         "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int REFERENCES p DEFERRABLE "
         "INITIALLY DEFERRED);",
         "INSERT INTO c VALUES (1);\nALTER TABLE c ADD m int;", ""},
    };
    (void)state;
    check_cases(cases, ARRAY_LEN(cases));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_long_work_after_each_lock),
    cmocka_unit_test(finds_each_kind_of_long_work),
    cmocka_unit_test(finds_what_events_stand_in_the_way_of),
};

UNIT_MAIN(tests)
