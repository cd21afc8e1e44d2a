#include "dialect/scripts.h"
#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/dialects.h"
#include "rollout/rehearsal.h"

/* bbbb: statements 0 and 3 in transactions, 1 and 2 outside; cccc: one that lasts. */
static const char *const texts[] = {
    "-- Revision ID: aaaa\n-- migrate:up\nSELECT 1;\nSELECT 2;\n",
    ("-- Revision ID: bbbb\n-- Revises: aaaa\n-- migrate:up\nSELECT 0;\n"
     "-- migrate:up transaction:false\nSELECT 1;\nSELECT 2;\n-- migrate:up\nSELECT 3;\n"),
    "-- Revision ID: cccc\n-- Revises: bbbb\n-- migrate:up\nSELECT 1;\nSELECT SETVAL('s', 7);\n",
};

struct stage {
    struct arena arena;
    struct chain *chain;
    struct scripts *scripts;
    struct work work; /* to the head */
};

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    struct chain_file files[ARRAY_LEN(texts)];
    struct faults faults;
    arena_init(&stage->arena);
    faults_init(&faults);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        files[i] = (struct chain_file){"x.sql", texts[i], strlen(texts[i])};
    stage->chain = chain_build("versions", files, ARRAY_LEN(files), &faults);
    assert_non_null(stage->chain);
    faults_done(&faults);
    stage->scripts = scripts_new(stage->chain);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    scripts_free(stage->scripts);
    chain_free(stage->chain);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

static void build(struct stage *stage, enum transaction_mode mode, const char *to)
{
    struct target target = {.command = PLAN_UPGRADE, .texts = &to, .count = 1};
    struct plan *plan = arena_calloc(&stage->arena, 1, sizeof *plan);
    struct err err;
    enum unfinished_fault fault;
    struct lookup in = {&stage->arena, stage->chain, &err};
    assert_true(plan_build(&in, &target, &(struct rows){.is_known = true}, plan));
    struct work_request request = {
        .plan = plan, .scripts = stage->scripts, .dialect = &dialect_postgres, .mode = mode};
    assert_true(work_build(&stage->arena, &request, &stage->work, &fault, &err));
}

/* `sN`: statement N of its revision; `|`: what a commit would check. */
static const char *shown(struct stage *stage, const struct work *work)
{
    static const char *const words[] = {
        [ACTION_START] = "start",   [ACTION_BEFORE] = "before", [ACTION_SEEN] = "seen",
        [ACTION_SETTLE] = "settle", [ACTION_RECORD] = "record",
    };
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < work->count; i++) {
        const struct action *action = &work->actions[i];
        assert_true(action->is_in_transaction && !action->ends_unit);
        buf_adds(&buf, i ? " " : "");
        if (action->kind == ACTION_SCRIPT)
            buf_addf(&buf, "s%zu", action->piece->first_statement);
        else
            buf_adds(&buf, words[action->kind]);
    }
    return buf_into(&buf, &stage->arena);
}

static void expect(struct stage *stage, enum transaction_mode mode, const char *wanted)
{
    struct rehearsal rehearsal;
    struct work work;
    build(stage, mode, "head");
    rehearsal_begin(&rehearsal, &stage->arena);
    rehearsal_work(&rehearsal, &dialect_postgres, &stage->work, &work);
    assert_string_equal(shown(stage, &work), wanted);
    assert_int_equal(rehearsal.left_out, 3);
    assert_int_equal(rehearsal.count, 3);
    static const int lines[] = {6, 7, 5};
    for (size_t i = 0; i < rehearsal.count; i++) {
        assert_int_equal(rehearsal.items[i].kind, SEEN_SKIPPED);
        assert_int_equal(rehearsal.items[i].line, lines[i]);
    }
}

static void is_one_transaction_of_statements(void **state)
{
    expect(*state, TRANSACTION_ALL,
           "before s0 seen s1 seen record start s0 seen settle s3 seen record settle s0 seen "
           "record settle");
    expect(*state, TRANSACTION_EACH,
           "before s0 seen s1 seen record settle start s0 seen settle s3 seen record settle s0 "
           "seen record settle");
}

/* ---- what a scratch database has said ------------------------------------------------------------ */

static void rehearse_beside(struct stage *stage, const struct rehearsed *elsewhere,
                            struct rehearsal *ret)
{
    struct work work;
    build(stage, TRANSACTION_ALL, "head");
    rehearsal_begin(ret, &stage->arena);
    ret->elsewhere = elsewhere;
    rehearsal_work(ret, &dialect_postgres, &stage->work, &work);
    assert_int_equal(ret->left_out, 3);
}

static void tells_what_statements_outside_took_elsewhere(void **state)
{
    struct stage *stage = *state;
    const struct revision *bbbb = chain_get(stage->chain, "bbbb");
    struct seen seen[] = {{.revision = bbbb, .kind = SEEN_SCRATCH, .line = 6, .ms = 3},
                          {.revision = bbbb, .kind = SEEN_SCRATCH, .line = 7, .ms = 4}};
    const struct rehearsed elsewhere = {.seen = seen, .seen_count = 2};
    struct rehearsal rehearsal;
    rehearse_beside(stage, &elsewhere, &rehearsal);
    assert_int_equal(rehearsal.count, 3);
    assert_true(rehearsal.items[0].kind == SEEN_SCRATCH && rehearsal.items[0].ms == 3);
    assert_true(rehearsal.items[1].kind == SEEN_SCRATCH && rehearsal.items[1].ms == 4);
    assert_true(rehearsal.items[2].kind == SEEN_SKIPPED);
    assert_true(rehearsal.fails_elsewhere == SIZE_MAX);
    assert_false(rehearsal_may_lack(&rehearsal, rehearsal.after_left_out - 1));
    assert_true(rehearsal_may_lack(&rehearsal, rehearsal.after_left_out));
}

static void fails_where_a_statement_outside_failed_elsewhere(void **state)
{
    struct stage *stage = *state;
    const struct revision *bbbb = chain_get(stage->chain, "bbbb");
    struct err err = {.kind = ERR_SQL, .line = 6};
    const struct rehearsed elsewhere = {.error = &err, .error_revision = bbbb};
    struct rehearsal rehearsal;
    rehearse_beside(stage, &elsewhere, &rehearsal);
    assert_true(rehearsal.fails_elsewhere == rehearsal.after_left_out);
    assert_int_equal(rehearsal.count, 2); /* the one that failed is no item */
    assert_int_equal(rehearsal.items[0].line, 7);
    assert_string_equal(
        rehearsal.items[0].words,
        "it runs outside a transaction, and on a scratch database what comes before it "
        "failed");
}

static void says_why_nothing_ran_elsewhere(void **state)
{
    const struct rehearsed elsewhere = {.reason = "no server"};
    struct rehearsal rehearsal;
    rehearse_beside(*state, &elsewhere, &rehearsal);
    assert_string_equal(rehearsal.items[0].words,
                        "it runs outside a transaction, and on a scratch database: no server");
}

/* ---- what is seen --------------------------------------------------------------------------- */

static struct grid grid_of(const char *const *values, size_t count, size_t columns)
{
    return (struct grid){values, count / columns, columns};
}

static const char *const before[] = {
    "20000", "public", "task",   "f", "500", /* */
    "20001", "public", "serial", "t", "501", /* */
    "20002", "public", "other",  "f", "502",
};

static void take(struct rehearsal *rehearsal, enum action_kind kind, struct stage *stage,
                 const struct rehearsal_result *result)
{
    struct action action = stage->work.actions[0];
    action.kind = kind;
    rehearsal_take(rehearsal, &action, result);
}

static void statement(struct rehearsal *rehearsal, struct stage *stage, double ms, uint64_t rows)
{
    take(rehearsal, ACTION_SCRIPT, stage,
         &(struct rehearsal_result){.duration_ms = ms, .rows_changed = rows});
}

static void sees_locks_until_their_transaction_ends(void **state)
{
    static const char *const first[] = {"20000", "SHARE", "2", "500", NULL, "0"};
    static const char *const second[] = {
        "20000", "ACCESS EXCLUSIVE",
        "3",     "600",
        "8192",  "1", /* stronger, and written anew */
        "20000", "SHARE",
        "2",     "600",
        NULL,    "1", /* */
        "20001", "ROW EXCLUSIVE",
        "0",     "501",
        NULL,    "1", /* */
        "30000", "ACCESS EXCLUSIVE",
        "3",     "700",
        "8192",  "1", /* made by the rehearsal itself */
    };
    struct stage *stage = *state;
    struct rehearsal rehearsal;
    build(stage, TRANSACTION_ALL, "aaaa");
    rehearsal_begin(&rehearsal, &stage->arena);
    take(&rehearsal, ACTION_BEFORE, stage,
         &(struct rehearsal_result){.rows = grid_of(before, ARRAY_LEN(before), 5)});
    statement(&rehearsal, stage, 10, 0);
    take(&rehearsal, ACTION_SEEN, stage,
         &(struct rehearsal_result){.rows = grid_of(first, ARRAY_LEN(first), 6)});
    assert_false(rehearsal_gives_way(&rehearsal, 5)); /* no one waits */
    statement(&rehearsal, stage, 30, 7);
    take(&rehearsal, ACTION_SEEN, stage,
         &(struct rehearsal_result){.rows = grid_of(second, ARRAY_LEN(second), 6)});
    assert_true(rehearsal_gives_way(&rehearsal, 39)); /* since the first lock was taken: 40 ms */
    assert_false(rehearsal_gives_way(&rehearsal, 40));
    statement(&rehearsal, stage, 5, 0);
    rehearsal_end(&rehearsal);
    static const enum seen_kind kinds[] = {SEEN_LOCK, SEEN_ROWS, SEEN_LOCK, SEEN_REWRITE,
                                           SEEN_SEQUENCE};
    assert_int_equal(rehearsal.count, ARRAY_LEN(kinds));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        assert_int_equal(rehearsal.items[i].kind, kinds[i]);
    assert_true(rehearsal.items[0].ms == 45 && rehearsal.items[0].blocks == BLOCKS_WRITES);
    assert_true(rehearsal.items[2].ms == 35 && rehearsal.items[2].blocks == BLOCKS_ALL);
    assert_string_equal(rehearsal.items[2].object, "task");
    assert_int_equal(rehearsal.items[1].count, 7);
    assert_int_equal(rehearsal.items[3].count, 8192);
    assert_string_equal(rehearsal.items[4].object, "serial");
}

static void sees_how_long_a_copy_was_locked(void **state)
{
    struct stage *stage = *state;
    struct rehearsal rehearsal;
    build(stage, TRANSACTION_EACH, "aaaa");
    rehearsal_begin(&rehearsal, &stage->arena);
    statement(&rehearsal, stage, 10, 0);
    rehearsal_take_commit(&rehearsal, &stage->work.actions[0]);
    statement(&rehearsal, stage, 4, 0);
    rehearsal_take_commit(&rehearsal, &stage->work.actions[0]);
    assert_int_equal(rehearsal.count, 2);
    assert_true(rehearsal.items[0].ms == 10);
    assert_true(rehearsal.items[1].ms == 4);
}

static const struct CMUnitTest tests[] = {
    CASE(is_one_transaction_of_statements),
    CASE(tells_what_statements_outside_took_elsewhere),
    CASE(fails_where_a_statement_outside_failed_elsewhere),
    CASE(says_why_nothing_ran_elsewhere),
    CASE(sees_locks_until_their_transaction_ends),
    CASE(sees_how_long_a_copy_was_locked),
};

UNIT_MAIN(tests)
