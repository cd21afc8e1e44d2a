#include "unit/unit.h"

#include "base/arena.h"
#include "base/grid.h"
#include "dialect/probe.h"
#include "dialect/dialect.h"
#include "dialect/dialects.h"

static struct probe_findings judged(struct arena *arena, const char *const *values, size_t count)
{
    struct grid rows = {values, count, 1};
    return probe_judge(&(struct probe){0}, arena, "", &rows);
}

static void reads_what_the_catalog_says(void **state)
{
    static const struct {
        const char *rows[3];
        size_t count;
        enum probe_answer answer;
        size_t repairs;
        bool has_remains;
    } cases[] = {
        {{NULL}, 0, PROBE_UNKNOWN, 0, true},
        {{"done"}, 1, PROBE_DONE, 0, false},
        {{"undone"}, 1, PROBE_UNDONE, 0, false},
        {{"other"}, 1, PROBE_OTHER, 0, false},
        {{"half"}, 1, PROBE_HALF, 0, true},
        {{"unknown"}, 1, PROBE_UNKNOWN, 0, true},
        {{NULL}, 1, PROBE_UNKNOWN, 0, true},
        {{"repair DROP x"}, 1, PROBE_UNDONE, 1, true},
        {{"repair DROP x", "repair DROP y", "done"}, 3, PROBE_DONE, 2, true},
        {{"finish ALTER x"}, 1, PROBE_HALF, 0, true},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct probe_findings found = judged(&arena, cases[i].rows, cases[i].count);
        if (found.answer != cases[i].answer || found.repair_count != cases[i].repairs ||
            probe_has_remains(&found) != cases[i].has_remains)
            fail_msg("case %zu: %d, %zu", i, (int)found.answer, found.repair_count);
    }
    assert_string_equal(judged(&arena, cases[7].rows, 1).repairs[0], "DROP x");
    assert_string_equal(judged(&arena, cases[9].rows, 1).finish, "ALTER x");
    arena_done(&arena);
}

static void knows_what_a_failed_statement_may_leave(void **state)
{
    static const struct {
        const char *statement;
        enum probe_remains remains;
    } cases[] = {
        {"CREATE INDEX ix ON t (a)", REMAINS_NOTHING},
        {"CREATE INDEX CONCURRENTLY ix ON t (a)", REMAINS_TOLD},
        {"create unique index concurrently on t (lower(a))", REMAINS_TOLD},
        {"REINDEX TABLE t", REMAINS_NOTHING},
        {"REINDEX (CONCURRENTLY off) TABLE t", REMAINS_NOTHING},
        {"REINDEX (VERBOSE, CONCURRENTLY) SCHEMA s", REMAINS_TOLD},
        {"REINDEX DATABASE CONCURRENTLY d", REMAINS_TOLD},
        {"DROP INDEX ix", REMAINS_NOTHING},
        {"DROP INDEX CONCURRENTLY IF EXISTS s.ix", REMAINS_TOLD},
        {"ALTER TABLE p DETACH PARTITION c", REMAINS_NOTHING},
        {"ALTER TABLE p DETACH PARTITION c CONCURRENTLY", REMAINS_TOLD},
        {"DROP DATABASE d", REMAINS_TOLD},
        {"REFRESH MATERIALIZED VIEW CONCURRENTLY v", REMAINS_NOTHING},
        {"CALL work()", REMAINS_UNKNOWN},
        {"DO $$ BEGIN PERFORM 1; END $$", REMAINS_NOTHING},
        {"DO $$ BEGIN INSERT INTO t VALUES (1); commit; END $$", REMAINS_UNKNOWN},
        {"DO $$ BEGIN CALL work(); END $$", REMAINS_UNKNOWN},
        {"DO $$ spi_exec_query(1); spi_commit(); $$ LANGUAGE plperl", REMAINS_UNKNOWN},
        {"DO $$ BEGIN recall := committed; END $$", REMAINS_NOTHING},
        {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", REMAINS_UNKNOWN},
        {"REPACK CONCURRENTLY t", REMAINS_UNKNOWN}, /* no word of this parser's */
        {"INSERT INTO t VALUES (1)", REMAINS_NOTHING},
        {"VACUUM t", REMAINS_NOTHING},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct probe probe;
        dialect_postgres.probe(&arena, cases[i].statement, &probe);
        if (probe.remains != cases[i].remains)
            fail_msg("%s: %d", cases[i].statement, (int)probe.remains);
        if (probe.remains == REMAINS_TOLD)
            assert_non_null(probe.sql);
    }
    arena_done(&arena);
}

static void asks_beside_an_index_whether_it_is_valid(void **state)
{
    static const struct {
        const char *statement;
        bool before, after;
    } cases[] = {
        {"CREATE INDEX ix ON t (a)", false, false},
        {"CREATE INDEX IF NOT EXISTS ix ON t (a)", false, true},
        {"CREATE INDEX CONCURRENTLY ix ON t (a)", true, false},
        {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON t (a)", true, true},
        {"CREATE INDEX CONCURRENTLY ON t (a)", false, false},
        {"DROP INDEX CONCURRENTLY IF EXISTS ix", false, false},
        {"SELECT 'index if not exists'", false, false},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct statement_checks checks;
        dialect_postgres.check(&arena, cases[i].statement, strlen(cases[i].statement), &checks);
        if ((checks.before != NULL) != cases[i].before || (checks.after != NULL) != cases[i].after)
            fail_msg("%s", cases[i].statement);
    }
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_what_the_catalog_says),
    cmocka_unit_test(knows_what_a_failed_statement_may_leave),
    cmocka_unit_test(asks_beside_an_index_whether_it_is_valid),
};

UNIT_MAIN(tests)
