#include "dialect/dialect.h"
#include "dialect/dialects.h"
#include "driver/sqlite_watch.h"

#include "base/err.h"
#include "driver/sqlite_fence.h"
#include "unit/unit.h"

#define TABLES                                                                                     \
    "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1), (2), (3);"       \
    "CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES parent (id));"                       \
    "INSERT INTO child VALUES (10, 1), (20, 2), (30, NULL), (40, 98), (50, 99), (60, 99);"

struct watch_case {
    const char *change;
    size_t old_count;
    const char *says; /* NULL: nothing is broken that was not */
};

static void run(sqlite3 *db, const char *sql)
{
    char *text = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s: %s", sql, text);
}

static void tells_what_is_newly_broken(void **state)
{
    static const struct watch_case cases[] = {
        {"SELECT 1", 3, NULL},
        {"DELETE FROM parent WHERE id = 2", 3, "row 20 of 'child' has lost its parent in 'parent'"},
        {"DELETE FROM parent", 3, "and 1 more like it"},
        /* one for one, by the value: which row holds it does not matter */
        {"UPDATE child SET id = id + 100", 3, NULL},
        {"UPDATE child SET p = 1 WHERE p = 98", 2, NULL},
        {"INSERT INTO child VALUES (70, 99)", 3, "of 'child' has lost its parent"},
        {"UPDATE child SET p = 99 WHERE p = 98", 2, "of 'child' has lost its parent"},
        {"ALTER TABLE parent RENAME TO elders; ALTER TABLE child RENAME TO kids", 3, NULL},
        {"DROP TABLE child", 0, NULL},
        {"DROP TABLE parent", 3, "and 1 more like it"},
        {"DROP TABLE parent; CREATE TABLE parent (id)", 0, "foreign key mismatch"},
        {"CREATE TABLE \"a \"\" b\" (\"c '\" REFERENCES parent (id)); INSERT INTO \"a \"\" b\" VALUES (7)",
         3, "row 1 of 'a \" b' has lost"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sqlite_watch watch = {0};
        struct err err = {0};
        sqlite3 *db;
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        run(db, TABLES);
        assert_int_equal(sqlite_watch_begin(&watch, db), SQLITE_DONE);
        assert_int_equal(watch.count, 3);
        run(db, cases[i].change);
        assert_int_equal(sqlite_watch_end(&watch, db, &err), SQLITE_DONE);
        assert_int_equal(watch.old_count, cases[i].old_count);
        assert_int_equal(err.kind, cases[i].says ? ERR_SQL : ERR_NONE);
        if (cases[i].says && !strstr(err.text, cases[i].says))
            fail_msg("%s: %s", cases[i].change, err.text);
        sqlite_watch_done(&watch);
        sqlite3_close(db);
    }
}

static void without_a_beginning_all_is_new(void **state)
{
    struct sqlite_watch watch = {0};
    struct err err = {0};
    sqlite3 *db;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    run(db, TABLES);
    assert_int_equal(sqlite_watch_end(&watch, db, &err), SQLITE_DONE);
    assert_non_null(strstr(err.text, "and 2 more like it"));
    sqlite_watch_done(&watch);
    sqlite3_close(db);
}

static void note_lost(void *ctx, const char *type, const char *name, const char *table)
{
    char *text = ctx;
    size_t len = strlen(text);
    snprintf(text + len, 256 - len, "%s %s of %s; ", type, name, table);
}

static void tells_which_parts_a_table_has_lost(void **state)
{
    static const struct {
        const char *change;
        const char *lost;
    } cases[] = {
        {"DROP TABLE t; CREATE TABLE t (a, b)", "index by_a of t; trigger tr of t; "},
        {"DROP TABLE t", ""},
        {"DROP INDEX /* x */ main.By_A; DROP TRIGGER IF EXISTS \"tr\"", ""},
        {"DROP TABLE t; CREATE TABLE t (a, b); CREATE INDEX by_a ON t (b)", "trigger tr of t; "},
        {"ALTER TABLE t RENAME TO u", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sqlite_watch watch = {0};
        char text[256] = "";
        sqlite3 *db;
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        run(db, "CREATE TABLE t (a UNIQUE, b); CREATE INDEX by_a ON t (a); "
                "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END");
        assert_int_equal(sqlite_watch_begin(&watch, db), SQLITE_DONE);
        run(db, cases[i].change);
        assert_int_equal(sqlite_watch_lost(&watch, db, cases[i].change, note_lost, text),
                         SQLITE_DONE);
        assert_string_equal(text, cases[i].lost);
        sqlite_watch_done(&watch);
        sqlite3_close(db);
    }
}

static void knows_what_needs_no_transaction(void **state)
{
    static const struct {
        const char *sql;
        bool is_fault;
    } cases[] = {
        {"PRAGMA journal_mode = WAL", true},
        {"pragma JOURNAL_MODE(wal)", true},
        {"PRAGMA main.journal_mode=off", true},
        {"PRAGMA /* x */ temp_store = 1", true},
        {"PRAGMA wal_checkpoint", true},
        {"PRAGMA \"journal_mode\" = WAL", true},
        {"PRAGMA 'main' . [Synchronous] = 0", true},
        {"PRAGMA `wal_checkpoint`", true},
        {"PRAGMA \"journal_mode", false},
        {"PRAGMA \"", false},
        {"PRAGMA \"journal_mode_x\" = 1", false},
        {"VACUUM", true},
        {"VACUUM INTO 'x'", true},
        {"PRAGMA journal_mode", false},
        {"PRAGMA journal_mode_x = 1", false},
        {"PRAGMA foreign_keys = ON", false},
        {"PRAGMA synchronous", false},
        {"SELECT 'PRAGMA journal_mode = WAL'", false},
        {"", false},
        {"PRAGMA", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *why = dialect_sqlite.needs_no_transaction(cases[i].sql, strlen(cases[i].sql));
        if (!why == cases[i].is_fault)
            fail_msg("%s: %s", cases[i].sql, why ? why : "no fault");
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tells_what_is_newly_broken),
    cmocka_unit_test(without_a_beginning_all_is_new),
    cmocka_unit_test(tells_which_parts_a_table_has_lost),
    cmocka_unit_test(knows_what_needs_no_transaction),
};

UNIT_MAIN(tests)
