#include "dialect/scripts.h"
#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/dialects.h"
#include "rollout/work.h"

/* bbbb: statement 0 and statement 3 in transactions, 1 and 2 outside. */
static const char *const texts[] = {
    "-- Revision ID: aaaa\n-- migrate:up\nSELECT 1;\nSELECT 2;\n-- migrate:down\n",
    "-- Revision ID: bbbb\n-- Revises: aaaa\n-- migrate:up\nSELECT 0;\n"
    "-- migrate:up transaction:false\nSELECT 1;\nSELECT 2;\n-- migrate:up\nSELECT 3;\n"
    "-- migrate:down transaction:false\nSELECT 9;\n",
    "-- Revision ID: cccc\n-- Revises: bbbb\n-- migrate:up\n-- nothing\n",
    "-- Revision ID: dddd\n-- Revises: cccc\n-- migrate:up dialect:postgresql\nSELECT 1;\n",
    "-- Revision ID: ffff\n-- migrate:up\nSELECT 1;\n",
    "-- Revision ID: 9999\n-- Revises: ffff\n-- migrate:up\nSELECT 1;\n",
    ("-- Revision ID: 7777\n-- migrate:up\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\nINSERT INTO b VALUES (1);\n"
     "CREATE TABLE c (n int);\nINSERT INTO b VALUES (2);\n"),
};

struct stage {
    struct arena arena;
    struct faults faults;
    struct chain *chain;
    struct scripts *scripts;
};

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    struct chain_file files[ARRAY_LEN(texts)];
    arena_init(&stage->arena);
    faults_init(&stage->faults);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        files[i] = (struct chain_file){"x.sql", texts[i], strlen(texts[i])};
    stage->chain = chain_build("versions", files, ARRAY_LEN(files), &stage->faults);
    assert_non_null(stage->chain);
    stage->scripts = scripts_new(stage->chain);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    scripts_free(stage->scripts);
    chain_free(stage->chain);
    faults_done(&stage->faults);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

static struct plan plan_to(struct stage *stage, enum plan_command command, const char *row,
                           const char *text)
{
    struct target target = {.command = command, .texts = &text, .count = 1};
    struct plan plan;
    struct err err;
    struct lookup in = {&stage->arena, stage->chain, &err};
    if (!plan_build(&in, &target, &(struct rows){&row, *row ? 1 : 0, true}, &plan))
        fail_msg("%s", err.text);
    return plan;
}

/* `start`, `piece N` (its first statement), `mark N`, `record N`; `!`: outside a transaction, `*`: the history
 * row is there already, `~`: the next record writes it too, `|`: the transaction ends after it. */
static const char *shown(struct stage *stage, const struct work *work)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < work->count; i++) {
        const struct action *action = &work->actions[i];
        buf_adds(&buf, i ? ", " : "");
        switch (action->kind) {
        case ACTION_START: buf_adds(&buf, "start"); break;
        case ACTION_SCRIPT: buf_addf(&buf, "piece %zu", action->piece->first_statement); break;
        case ACTION_REPEAT: buf_addf(&buf, "repeat %zu", action->piece->first_statement); break;
        case ACTION_VERIFY: buf_addf(&buf, "verify %s", action->verify->sql); break;
        case ACTION_WATCH: buf_adds(&buf, "watch"); break;
        case ACTION_CHECK: buf_adds(&buf, "check"); break;
        case ACTION_RENEW: buf_adds(&buf, "renew"); break;
        case ACTION_BEFORE: buf_adds(&buf, "before"); break;
        case ACTION_SEEN: buf_adds(&buf, "seen"); break;
        case ACTION_SETTLE: buf_adds(&buf, "settle"); break;
        case ACTION_MARK: buf_addf(&buf, "mark %zu", action->statements); break;
        case ACTION_RECORD: buf_addf(&buf, "record %zu", action->statements); break;
        }
        buf_adds(&buf, action->is_in_transaction ? "" : "!");
        buf_adds(&buf, action->is_checkpointed ? "*" : "");
        buf_adds(&buf, action->is_deferred ? "~" : "");
        buf_adds(&buf, action->ends_unit ? "|" : "");
    }
    const char *text = arena_strndup(&stage->arena, buf.data, buf.len);
    buf_done(&buf);
    return text;
}

/* Of bbbb; written by a release that kept the file's checksum, unless told otherwise. */
#define LEFT(way, done, runs, run)                                                                 \
    {                                                                                              \
        .revision = "bbbb", .direction = (way), .statements = (done), .is_running = (runs),        \
        .run_id = (run)                                                                            \
    }

struct work_case {
    enum transaction_mode mode;
    const char *from, *to;
    struct unfinished unfinished;
    const char *actions; /* NULL: refused, and a person must look; `says` is why */
    const char *says;
};

static void expect_work(struct stage *stage, const struct work_case *wanted)
{
    bool is_down = strcmp(wanted->to, "-1") == 0;
    struct plan plan =
        plan_to(stage, is_down ? PLAN_DOWNGRADE : PLAN_UPGRADE, wanted->from, wanted->to);
    struct work_request request = {.plan = &plan,
                                   .scripts = stage->scripts,
                                   .dialect = &dialect_sqlite,
                                   .mode = wanted->mode,
                                   .unfinished = wanted->unfinished};
    struct work work;
    struct err err = {0};
    enum unfinished_fault fault;
    if (request.unfinished.revision && !request.unfinished.checksum)
        request.unfinished.checksum = chain_get(stage->chain, "bbbb")->checksum;
    bool is_good = work_build(&stage->arena, &request, &work, &fault, &err);
    assert_int_equal(fault != UNFINISHED_FITS, !wanted->actions);
    if (is_good != (wanted->actions != NULL))
        fail_msg("%s to %s: %s", wanted->from, wanted->to, is_good ? "accepted" : err.text);
    if (is_good)
        assert_string_equal(shown(stage, &work), wanted->actions);
    else if (!strstr(err.text, wanted->says))
        fail_msg("%s", err.text);
    if (!is_good)
        assert_int_equal(err.kind, ERR_CHAIN);
}

static void lays_out_what_is_to_be_done(void **state)
{
    static const struct work_case cases[] = {
        {TRANSACTION_ALL, "", "aaaa", {0}, "piece 0, record 2", NULL},
        {TRANSACTION_ALL,
         "",
         "cccc",
         {0},
         "piece 0, record 2, start, piece 0, mark 1, piece 1!, mark 2!, piece 2!, mark 3!, piece 3, "
         "mark 4, record 4*|, record 0",
         NULL},
        {TRANSACTION_EACH,
         "",
         "cccc",
         {0},
         "piece 0, record 2|, start, piece 0, mark 1, piece 1!, mark 2!, piece 2!, mark 3!, piece 3, "
         "mark 4, record 4*|, record 0|",
         NULL},
        {TRANSACTION_ALL, "", "9999", {0}, "piece 0, record 1~, piece 0, record 1", NULL},
        {TRANSACTION_EACH, "", "9999", {0}, "piece 0, record 1|, piece 0, record 1|", NULL},
        {TRANSACTION_ALL, "bbbb", "cccc", {0}, "record 0", NULL},
        {TRANSACTION_ALL, "cccc", "cccc", {0}, "", NULL},
        {TRANSACTION_ALL, "bbbb", "-1", {0}, "start, piece 0!, mark 1!, record 1*|", NULL},
        {TRANSACTION_ALL, "aaaa", "-1", {0}, "record 0", NULL}, /* an empty down section */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_work(*state, &cases[i]);
}

static void goes_on_with_what_was_left(void **state)
{
    static const struct work_case cases[] = {
        /* nothing was done: from the start, but its history row is there */
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_UP, 0, false, "r"),
         "piece 0, mark 1, piece 1!, mark 2!, piece 2!, mark 3!, piece 3, mark 4, record 4*|",
         NULL},
        {TRANSACTION_ALL, "aaaa", "cccc", LEFT(DIRECTION_UP, 2, false, "r"),
         "mark 2!, piece 2!, mark 3!, piece 3, mark 4, record 4*|, record 0", NULL},
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_UP, 4, false, "r"), "record 4*|", NULL},
        /* what was begun in a transaction has left nothing: it can be begun again */
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_UP, 0, true, "r"),
         "piece 0, mark 1, piece 1!, mark 2!, piece 2!, mark 3!, piece 3, mark 4, record 4*|",
         NULL},
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_UP, 3, true, "r"),
         "piece 3, mark 4, record 4*|", NULL},
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_UP, 4, true, "r"), "record 4*|", NULL},
        {TRANSACTION_ALL, "bbbb", "-1", LEFT(DIRECTION_DOWN, 1, false, "r"), "record 1*|", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_work(*state, &cases[i]);
}

static void stops_where_a_person_must_look(void **state)
{
    static const struct work_case cases[] = {
        /* a statement outside a transaction may or may not have run */
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_UP, 1, true, "r7"), NULL,
         "statement 2 of 4 was under way when run r7 ended"},
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_UP, 2, true, "r7"), NULL,
         "statement 3 of 4"},
        {TRANSACTION_ALL, "", "bbbb", LEFT(DIRECTION_UP, 2, false, "r7"), NULL,
         "was left after 2 statements of its up section by run r7, "
         "and is not the next step here"},
        {TRANSACTION_ALL, "bbbb", "cccc", LEFT(DIRECTION_UP, 2, false, "r7"), NULL,
         "is not the next step here"},
        {TRANSACTION_ALL, "aaaa", "bbbb", LEFT(DIRECTION_DOWN, 1, false, "r7"), NULL,
         "was left after 1 statement of its down section by run r7, "
         "and is not the next step here"},
        {TRANSACTION_ALL, "cccc", "cccc", LEFT(DIRECTION_UP, 2, false, "r7"), NULL,
         "is not the next step here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_work(*state, &cases[i]);
}

static void names_the_place_of_what_may_have_run(void **state)
{
    struct stage *stage = *state;
    struct plan plan = plan_to(stage, PLAN_UPGRADE, "aaaa", "bbbb");
    struct work_request request = {.plan = &plan,
                                   .scripts = stage->scripts,
                                   .dialect = &dialect_sqlite,
                                   .unfinished = LEFT(DIRECTION_UP, 2, true, "r")};
    struct work work;
    struct err err;
    enum unfinished_fault fault;
    request.unfinished.checksum = chain_get(stage->chain, "bbbb")->checksum;
    assert_false(work_build(&stage->arena, &request, &work, &fault, &err));
    assert_int_equal(fault, UNFINISHED_DOUBT);
    assert_string_equal(err.file, "versions/x.sql");
    assert_int_equal(err.line, 7);
}

/* A stamp has nothing to run: only what it writes down. */
static void stamps_without_scripts(void **state)
{
    struct stage *stage = *state;
    struct plan plan = plan_to(stage, PLAN_STAMP, "aaaa", "dddd");
    struct work_request request = {.plan = &plan, .dialect = &dialect_sqlite};
    struct work work;
    struct err err;
    enum unfinished_fault fault;
    assert_true(work_build(&stage->arena, &request, &work, &fault, &err));
    assert_int_equal(fault, UNFINISHED_FITS);
    assert_string_equal(shown(stage, &work), "record 0");
}

static void refuses_a_chain_that_does_not_fit_the_dialect(void **state)
{
    struct stage *stage = *state;
    struct plan plan = plan_to(stage, PLAN_UPGRADE, "cccc", "dddd");
    struct work_request request = {
        .plan = &plan, .scripts = stage->scripts, .dialect = &dialect_sqlite};
    struct work work;
    struct err err;
    enum unfinished_fault fault;
    assert_false(work_build(&stage->arena, &request, &work, &fault, &err));
    assert_int_equal(fault, UNFINISHED_FITS); /* nothing was begun */
    assert_int_equal(err.kind, ERR_CHAIN);
    assert_non_null(strstr(err.text, "no up section for sqlite"));
}

static bool asks_before(const struct work *work, size_t statement)
{
    for (size_t i = 0; i < work->count; i++)
        if (work->actions[i].kind == ACTION_VERIFY &&
            work->actions[i].piece->first_statement == statement)
            return true;
    return false;
}

static void asks_of_a_table_once_in_a_transaction(void **state)
{
    struct stage *stage = *state;
    struct plan plan = plan_to(stage, PLAN_UPGRADE, "", "7777");
    struct work_request request = {
        .plan = &plan, .scripts = stage->scripts, .dialect = &dialect_mysql};
    static const bool wanted[] = {true, false, true, false, true};
    struct work work;
    struct err err;
    enum unfinished_fault fault;
    assert_true(work_build(&stage->arena, &request, &work, &fault, &err));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        assert_int_equal(asks_before(&work, i), wanted[i]);
    request.unfinished = (struct unfinished){
        .revision = "7777", .direction = DIRECTION_UP, .statements = 1, .run_id = "r"};
    request.unfinished.checksum = chain_get(stage->chain, "7777")->checksum;
    assert_true(work_build(&stage->arena, &request, &work, &fault, &err));
    assert_true(asks_before(&work, 1));
}

static const struct CMUnitTest tests[] = {
    CASE(asks_of_a_table_once_in_a_transaction),
    CASE(lays_out_what_is_to_be_done),
    CASE(goes_on_with_what_was_left),
    CASE(stops_where_a_person_must_look),
    CASE(names_the_place_of_what_may_have_run),
    CASE(stamps_without_scripts),
    CASE(refuses_a_chain_that_does_not_fit_the_dialect),
};

UNIT_MAIN(tests)
