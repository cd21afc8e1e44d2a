#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "chain/chain.h"
#include "rollout/history.h"

enum { COLUMNS = 6, ROWS_MAX = 4 };

/* Rows of revision, direction, checksum, statements, state, run; the id, which comes after them, is that of the row. The
 * grid is good until the next one is made. */
static struct grid rows_of(const char **rows, size_t count)
{
    static const char *const ids[ROWS_MAX] = {"1", "2", "3", "4"};
    static const char *whole[ROWS_MAX * (COLUMNS + 1)];
    for (size_t row = 0; row < count; row++) {
        memcpy(whole + row * (COLUMNS + 1), rows + row * COLUMNS, COLUMNS * sizeof *rows);
        whole[row * (COLUMNS + 1) + COLUMNS] = ids[row];
    }
    return (struct grid){whole, count, COLUMNS + 1};
}

static void finds_what_was_left_half_done(void **state)
{
    const char *rows[] = {
        "aaaa", "up",      "",   "1",    "running", "r0", /* not the newest: of no account */
        "aaaa", "up",      "",   "1",    "applied", "r1", "bbbb", "down",    "",
        "2",    "partial", "r2", "cccc", "up",      "",   "3",    "running", "r3",
    };
    (void)state;
    struct grid grid = rows_of(rows, 0);
    assert_null(history_unfinished(&grid).revision);
    grid = rows_of(rows, 2);
    assert_null(history_unfinished(&grid).revision);
    grid = rows_of(rows, 3);
    struct unfinished found = history_unfinished(&grid);
    assert_string_equal(found.revision, "bbbb");
    assert_int_equal(found.direction, DIRECTION_DOWN);
    assert_int_equal(found.statements, 2);
    assert_false(found.is_running);
    rows[7] = "stamp", rows[10] = "applied"; /* stamped since */
    grid = rows_of(rows, 2);
    assert_null(history_unfinished(&grid).revision);
    grid = rows_of(rows, 4);
    found = history_unfinished(&grid);
    assert_string_equal(found.revision, "cccc");
    assert_int_equal(found.direction, DIRECTION_UP);
    assert_true(found.is_running);
    assert_string_equal(found.run_id, "r3");
}

static void knows_whose_work_is_here(void **state)
{
    static const char *const family[] = {"r1", "r3"};
    static const struct run_ids runs = {family, 2};
    const char *rows[] = {
        "aaaa", "up", "", "1", "applied", "r0", "bbbb", "up",    "", "1", "applied", "r1",
        "bbbb", "up", "", "1", "applied", "r2", "cccc", "stamp", "", "1", "applied", "r3",
    };
    (void)state;
    struct grid grid = rows_of(rows, 0);
    assert_false(history_holds(&grid, &runs));
    assert_null(history_stranger(&grid, &runs));
    assert_null(history_last_run(&grid, NULL, "aaaa"));
    grid = rows_of(rows, 1);
    assert_false(history_holds(&grid, &runs));
    grid = rows_of(rows, 2);
    assert_true(history_holds(&grid, &runs));
    assert_null(history_stranger(&grid, &runs)); /* what was there before is no stranger's */
    assert_string_equal(history_last_run(&grid, NULL, "bbbb"), "r1");
    grid = rows_of(rows, 4);
    assert_string_equal(history_last_run(&grid, NULL, "aaaa"), "r0");
    assert_string_equal(history_last_run(&grid, NULL, "bbbb"), "r2");
    assert_string_equal(history_stranger(&grid, &runs), "r2");
    assert_true(history_is_of(&runs, "r3"));
    assert_false(history_is_of(&runs, "r2"));
}

static void knows_the_newest_id(void **state)
{
    const char *rows[] = {
        "aaaa", "up", "", "1", "applied", "r1", "1",
        "bbbb", "up", "", "1", "applied", "r1", "9007199254740993",
    };
    (void)state;
    struct grid grid = {rows, 0, 7};
    assert_int_equal(history_last_id(&grid), 0);
    grid.row_count = 2;
    assert_true(history_last_id(&grid) == 9007199254740993);
}

static void knows_a_changed_file(void **state)
{
    static const char bytes[] = "-- m\n--\n-- Revision ID: aaaa\n-- Revises: \n\n"
                                "-- migrate:up\r\nSELECT 1;\n";
    struct chain_file file = {"aaaa.sql", bytes, sizeof bytes - 1};
    struct faults faults;
    struct err err;
    (void)state;
    faults_init(&faults);
    struct chain *chain = chain_build("versions", &file, 1, &faults);
    assert_non_null(chain);
    const char *now = chain->revisions[0]->checksum, *lf = chain->revisions[0]->checksum_lf;
    const struct {
        const char *rows[ROWS_MAX * COLUMNS];
        size_t count;
        const char *says; /* NULL: the files are those that were applied */
    } cases[] = {
        {{NULL}, 0, NULL},
        {{"aaaa", "up", now, "1", "applied", "r"}, 1, NULL},
        {{"aaaa", "up", "", "1", "applied", "r"}, 1, NULL},
        {{"zzzz", "up", "old", "1", "applied", "r"}, 1, NULL},
        {{"aaaa", "up", "old", "1", "failed", "r"}, 1, NULL},
        {{"aaaa", "up", "old", "1", "applied", "r"}, 1, "say 'skein accept aaaa'"},
        {{"aaaa", "up", lf, "1", "applied", "r"}, 1, "(only the line endings differ)"},
        {{"aaaa", "up", "old", "1", "applied", "r", "aaaa", "down", "old", "1", "applied", "r"},
         2,
         NULL},
        {{"aaaa", "up", "old", "1", "applied", "r", "aaaa", "up", now, "1", "applied", "r"},
         2,
         NULL},
        {{"aaaa", "up", "old", "1", "applied", "r", "bbbb", "stamp", "", "0", "applied", "r"},
         2,
         NULL},
        {{"bbbb", "stamp", "", "0", "applied", "r", "aaaa", "up", "old", "1", "applied", "r",
          "zzzz", "up", "", "1", "applied", "r"},
         3,
         "say 'skein accept aaaa'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *rows[ROWS_MAX * COLUMNS];
        memcpy(rows, cases[i].rows, sizeof rows);
        struct grid grid = rows_of(rows, cases[i].count);
        bool is_good = history_check_files(&grid, chain, &err);
        assert_int_equal(is_good, cases[i].says == NULL);
        if (is_good)
            continue;
        assert_int_equal(err.kind, ERR_DRIFT);
        assert_non_null(strstr(err.text, cases[i].says));
    }
    chain_free(chain);
    faults_done(&faults);
}

/* a <- b <- d (which also depends on c), a <- c; and e, a root of its own. */
static struct chain *build_fork(struct faults *faults)
{
    static const char *const texts[] = {
        "-- m\n--\n-- Revision ID: aaaa\n-- Revises: \n\n-- migrate:up\nSELECT 1;\n",
        "-- m\n--\n-- Revision ID: bbbb\n-- Revises: aaaa\n\n-- migrate:up\nSELECT 1;\n",
        "-- m\n--\n-- Revision ID: cccc\n-- Revises: aaaa\n\n-- migrate:up\nSELECT 1;\n",
        "-- m\n--\n-- Revision ID: dddd\n-- Revises: bbbb\n-- Depends On: cccc\n\n-- migrate:up\nSELECT 1;\n",
        "-- m\n--\n-- Revision ID: eeee\n-- Revises: \n\n-- migrate:up\nSELECT 1;\n",
    };
    static const char *const names[] = {"aaaa.sql", "bbbb.sql", "cccc.sql", "dddd.sql", "eeee.sql"};
    struct chain_file files[ARRAY_LEN(texts)];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        files[i] = (struct chain_file){names[i], texts[i], strlen(texts[i])};
    faults_init(faults);
    struct chain *chain = chain_build("versions", files, ARRAY_LEN(texts), faults);
    assert_non_null(chain);
    return chain;
}

#define ROW(revision, direction, state, run) revision, direction, "", "1", state, run

static void says_where_a_tenant_stood_before_runs(void **state)
{
    static const char *const family[] = {"r1", "r2"};
    static const struct run_ids runs = {family, 2};
    static const struct {
        const char *rows[ROWS_MAX * COLUMNS];
        size_t count;
        const char *now[3];
        const char *before; /* with blanks between; NULL: it is not known */
    } cases[] = {
        {{NULL}, 0, {"aaaa"}, NULL},
        {{ROW("aaaa", "up", "applied", "r0")}, 1, {"aaaa"}, NULL},
        {{ROW("aaaa", "up", "applied", "r1")}, 1, {"aaaa"}, ""},
        {{ROW("aaaa", "up", "applied", "r0"), ROW("bbbb", "up", "applied", "r1")},
         2,
         {"bbbb"},
         "aaaa"},
        {{ROW("bbbb", "up", "applied", "r1"), ROW("cccc", "up", "applied", "r2"),
          ROW("dddd", "up", "applied", "r2")},
         3,
         {"dddd"},
         "aaaa"},
        {{ROW("dddd", "up", "applied", "r2")}, 1, {"dddd", "eeee"}, "bbbb cccc eeee"},
        {{ROW("bbbb", "down", "applied", "r1")}, 1, {"cccc"}, "bbbb cccc"},
        {{ROW("bbbb", "up", "applied", "r1"), ROW("bbbb", "down", "applied", "r2")},
         2,
         {"aaaa"},
         "aaaa"},
        /* what was left half way has not moved it */
        {{ROW("bbbb", "up", "applied", "r1"), ROW("cccc", "up", "partial", "r1")},
         2,
         {"bbbb"},
         "aaaa"},
        /* another run among them, a stamp, a checkpoint, what the chain has no more */
        {{ROW("bbbb", "up", "applied", "r1"), ROW("cccc", "up", "applied", "r9")},
         2,
         {"bbbb", "cccc"},
         NULL},
        {{ROW("bbbb", "stamp", "applied", "r1")}, 1, {"bbbb"}, NULL},
        {{"bbbb", "up", "checkpoint:12", "1", "applied", "r1"}, 1, {"bbbb"}, NULL},
        {{ROW("zzzz", "up", "applied", "r1")}, 1, {"bbbb"}, NULL},
        {{ROW("bbbb", "up", "applied", "r1")}, 1, {"zzzz"}, NULL},
    };
    struct faults faults;
    struct chain *chain = build_fork(&faults);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *rows[ROWS_MAX * COLUMNS];
        struct arena arena;
        struct rows now = {cases[i].now, 0, true}, before;
        struct buf said;
        arena_init(&arena);
        buf_init(&said, 256);
        memcpy(rows, cases[i].rows, sizeof rows);
        struct grid grid = rows_of(rows, cases[i].count);
        while (now.count < 3 && cases[i].now[now.count])
            now.count++;
        bool is_known = history_before(&grid, chain, &runs, &now, &arena, &before);
        assert_int_equal(is_known, cases[i].before != NULL);
        for (size_t at = 0; is_known && at < before.count; at++)
            buf_addf(&said, "%s%s", at ? " " : "", before.ids[at]);
        if (is_known)
            assert_string_equal(said.data, cases[i].before);
        buf_done(&said);
        arena_done(&arena);
    }
    chain_free(chain);
    faults_done(&faults);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_what_was_left_half_done),
    cmocka_unit_test(knows_whose_work_is_here),
    cmocka_unit_test(knows_the_newest_id),
    cmocka_unit_test(knows_a_changed_file),
    cmocka_unit_test(says_where_a_tenant_stood_before_runs),
};

UNIT_MAIN(tests)
