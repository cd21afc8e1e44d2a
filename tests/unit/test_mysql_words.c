/* What the words of a statement tell before it has run, and what the catalog is asked after it may have. */
#include "base/arena.h"
#include "dialect/dialects.h"
#include "dialect/mysql/probe.h"
#include "dialect/mysql/words.h"
#include "unit/unit.h"

static void statements_that_are_refused(void **state)
{
    static const struct {
        const char *sql;
        const char *says; /* NULL: it is not refused */
    } rows[] = {
        {"BEGIN", "transaction"},
        {"begin work", "transaction"},
        {"BEGIN NOT ATOMIC SELECT 1; END", NULL},
        {"START TRANSACTION READ ONLY", "transaction"},
        {"START SLAVE", NULL},
        {"/*!40101 COMMIT */", "transaction"},
        {"# said\nROLLBACK", "transaction"},
        {"ROLLBACK TO s", NULL},
        {"ROLLBACK WORK TO SAVEPOINT s", NULL},
        {"XA START 'x'", "transaction"},
        {"SET autocommit = 0", "transaction"},
        {"SET @@session.autocommit = 0", "transaction"},
        {"SET @a = IF(1, 2, 3), autocommit = 0", "transaction"},
        {"SET @autocommit = 0, x = @@autocommit", NULL},
        {"SET @@autocommit = 0", "transaction"},
        {"SET SESSION completion_type = 1", "transaction"},
        {"LOCK TABLES t READ", "LOCK TABLES"},
        {"FLUSH TABLES t, u WITH READ LOCK", "lock"},
        {"FLUSH TABLES t FOR EXPORT", "lock"},
        {"BACKUP STAGE START", "lock"},
        {"FLUSH TABLES t", NULL},
        {"UNLOCK TABLES", NULL},
        {"USE other", "another database"},
        {"SET GLOBAL x = 1", "whole server"},
        {"SET @@GLOBAL.x = 1", "whole server"},
        {"SET PERSIST x = 1", "whole server"},
        {"SET SESSION sql_mode = @@GLOBAL.sql_mode", NULL},
        {"SET x = 1, GLOBAL y = 2", "whole server"},
        {"SET x = 1", NULL},
        {"LOAD DATA LOCAL INFILE 'x' INTO TABLE t", "LOCAL"},
        {"LOAD DATA LOW_PRIORITY LOCAL INFILE 'x' INTO TABLE t", "LOCAL"},
        {"LOAD DATA INFILE 'x' INTO TABLE t", NULL},
        {"SELECT release_all_locks()", "lock"},
        {"SELECT 'RELEASE_ALL_LOCKS'", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *why = mysql_refuses(rows[i].sql, strlen(rows[i].sql));
        if (!why != !rows[i].says || (why && !strstr(why, rows[i].says)))
            fail_msg("%s: %s", rows[i].sql, why ? why : "it is not refused");
    }
}

static void statements_that_keep_a_transaction(void **state)
{
    static const struct {
        const char *sql;
        bool keeps;
    } rows[] = {
        {"INSERT INTO t VALUES (1)", true},
        {"insert low_priority ignore t.`u``v` SELECT 1", true},
        {"REPLACE t SET a = 1", true},
        {"UPDATE t SET a = 1", true},
        {"UPDATE t AS x SET a = 1", true},
        {"UPDATE t, u SET t.a = u.a", false},
        {"UPDATE t x JOIN u SET x.a = 1", false},
        {"DELETE FROM t WHERE a", true},
        {"DELETE t FROM t JOIN u", false},
        {"DELETE FROM t USING t JOIN u", false},
        {"SELECT 1", true},
        {"/*!50100 INSERT INTO t VALUES (1) */", true},
        {"CALL p()", false},
        {"CREATE TABLE t (a INT)", false},
        {"BEGIN NOT ATOMIC INSERT INTO t VALUES (1); END", false},
        {"LOAD DATA INFILE 'x' INTO TABLE t", false},
        {"WITH x AS (SELECT 1) DELETE FROM t", false},
        {"SET @a = 1", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (mysql_keeps_transaction(rows[i].sql, strlen(rows[i].sql)) != rows[i].keeps)
            fail_msg("%s", rows[i].sql);
}

static void what_the_catalog_is_asked(void **state)
{
    static const struct {
        const char *sql;
        enum probe_remains remains;
        const char *asks; /* NULL: it can tell nothing */
    } rows[] = {
        {"CREATE TABLE t (a INT)", REMAINS_NOTHING, "information_schema.tables"},
        {"CREATE TABLE IF NOT EXISTS t (a INT)", REMAINS_NOTHING, "SELECT 'undone'"},
        {"CREATE OR REPLACE TABLE t (a INT)", REMAINS_UNKNOWN, "SELECT 'undone'"},
        {"CREATE OR REPLACE VIEW v AS SELECT 1", REMAINS_NOTHING, "SELECT 'undone'"},
        {"CREATE DEFINER = `a`@`%` SQL SECURITY INVOKER VIEW v AS SELECT 1", REMAINS_NOTHING,
         "THEN 'done' ELSE 'undone' END FROM skein_history"},
        {"ALTER VIEW v AS SELECT 1", REMAINS_NOTHING, "SELECT 'undone'"},
        {"ALTER EVENT e RENAME TO f", REMAINS_NOTHING, NULL},
        {"CREATE DEFINER=a@b PROCEDURE d.p() SELECT 1", REMAINS_NOTHING,
         "routine_schema = 'd' AND routine_name = 'p'"},
        {"CREATE UNIQUE INDEX i USING BTREE ON t (a)", REMAINS_NOTHING, "index_name = 'i'"},
        {"DROP TABLE t", REMAINS_NOTHING, "IF(COUNT(*), 'undone', 'done')"},
        {"DROP TABLE IF EXISTS t", REMAINS_NOTHING, "SELECT 'undone'"},
        {"DROP TABLE IF EXISTS t, u", REMAINS_UNKNOWN, "SELECT 'undone'"},
        {"DROP TABLE t, d.u", REMAINS_UNKNOWN, "DROP TABLE IF EXISTS `t`, `d`.`u`"},
        {"DROP INDEX i ON t", REMAINS_NOTHING, "IF(COUNT(*), 'undone', 'done')"},
        {"DROP DATABASE d", REMAINS_UNKNOWN, NULL},
        {"RENAME TABLE a TO b", REMAINS_NOTHING, "table_name = 'b') THEN 'done'"},
        {"RENAME TABLE a TO b, c TO a", REMAINS_NOTHING, "ELSE 'undone'"},
        {"RENAME TABLE a TO tmp, b TO a, tmp TO b", REMAINS_NOTHING, "ELSE 'unknown'"},
        {"ALTER TABLE t DROP c, ADD c INT", REMAINS_NOTHING, "ELSE 'unknown'"},
        {"ALTER TABLE t DROP c, ADD d INT, ADD INDEX (d)", REMAINS_NOTHING, "column_name = 'c'"},
        {"ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a", REMAINS_NOTHING,
         "ELSE 'undone'"},
        {"ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b)", REMAINS_NOTHING, "ELSE 'undone'"},
        {"ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", REMAINS_NOTHING, "ELSE 'unknown'"},
        {"ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", REMAINS_NOTHING, "SELECT 'undone'"},
        {"ALTER TABLE t ADD c INT", REMAINS_NOTHING, "column_name = 'c'"},
        {"ALTER TABLE t MODIFY a DECIMAL(5,2), ADD COLUMN c INT", REMAINS_NOTHING,
         "column_name = 'c'"},
        {"ALTER TABLE t ADD INDEX i (a), LOCK=NONE", REMAINS_NOTHING, "index_name = 'i'"},
        {"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (a)", REMAINS_NOTHING,
         "constraint_name = 'k'"},
        {"ALTER TABLE t DROP a", REMAINS_NOTHING, "IF(COUNT(*), 'undone', 'done')"},
        {"ALTER TABLE t CHANGE a b INT", REMAINS_NOTHING, "column_name = 'a'"},
        {"ALTER TABLE t RENAME u", REMAINS_NOTHING, "table_name = 'u') THEN 'done'"},
        {"ALTER TABLE t MODIFY a BIGINT, ENGINE=InnoDB", REMAINS_NOTHING, "SELECT 'undone'"},
        {"ALTER TABLE t ADD PRIMARY KEY (a)", REMAINS_NOTHING, "ELSE 'undone'"},
        {"ALTER TABLE t ADD INDEX (a)", REMAINS_NOTHING, "ELSE 'undone'"},
        {"TRUNCATE t", REMAINS_NOTHING, "SELECT 'undone'"},
        {"GRANT SELECT ON d.* TO a", REMAINS_NOTHING, "SELECT 'undone'"},
        {"CALL p()", REMAINS_UNKNOWN, NULL},
        {"INSERT INTO t VALUES (1)", REMAINS_TOLD, NULL},
        {"BEGIN NOT ATOMIC SELECT 1; END", REMAINS_UNKNOWN, NULL},
        {"", REMAINS_NOTHING, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct probe probe;
        arena_init(&arena);
        mysql_probe(&arena, rows[i].sql, &probe);
        if (probe.remains != rows[i].remains || !probe.sql != !rows[i].asks ||
            (probe.sql && !strstr(probe.sql, rows[i].asks)))
            fail_msg("%s: %d, %s", rows[i].sql, (int)probe.remains,
                     probe.sql ? probe.sql : "nothing");
        arena_done(&arena);
    }
}

static void a_table_is_looked_at_before_it_is_changed(void **state)
{
    struct arena arena;
    struct statement_checks checks;
    static const char insert[] = "INSERT INTO d.`it's` VALUES (1)",
                      create[] = "CREATE TABLE t (a INT)";
    (void)state;
    arena_init(&arena);
    mysql_check(&arena, insert, strlen(insert), &checks);
    assert_null(checks.before);
    assert_non_null(strstr(checks.inside, "table_schema = 'd' AND table_name = 'it''s'"));
    assert_non_null(strstr(checks.fault, "it's"));
    mysql_check(&arena, create, strlen(create), &checks);
    assert_null(checks.inside);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(statements_that_are_refused),
    cmocka_unit_test(statements_that_keep_a_transaction),
    cmocka_unit_test(what_the_catalog_is_asked),
    cmocka_unit_test(a_table_is_looked_at_before_it_is_changed),
};

UNIT_MAIN(tests)
