/* Queries and scripts. */
#include "base/buf.h"
#include "base/err.h"
#include "driver/conformance.h"

/* ---- queries ------------------------------------------------------------------------------- */

static void keeps_rows_and_names(void **state)
{
    struct stage *stage = *state;
    struct answer answer = stage_query(stage, stage_connect(stage), stage_say(stage, SAY_ROWS));
    assert_int_equal(answer.rows.row_count, 2);
    assert_int_equal(answer.rows.column_count, 2);
    assert_string_equal(answer.columns[0], "first");
    assert_string_equal(answer.columns[1], "second");
    assert_string_equal(grid_value(&answer.rows, 0, 0), "a");
    assert_null(grid_value(&answer.rows, 0, 1));
    assert_string_equal(grid_value(&answer.rows, 1, 0), "b");
    assert_string_equal(grid_value(&answer.rows, 1, 1), "");
    assert_int_equal(answer.statements_done, 1);
}

static void keeps_the_rows_of_the_last_statement_that_has_any(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    struct answer answer = stage_query(
        stage, conn, stage_join(stage, stage_say(stage, SAY_ROWS), stage_say(stage, SAY_ONE)));
    assert_int_equal(answer.rows.column_count, 1);
    expect_only_value(&answer, "one");
    assert_int_equal(answer.statements_done, 2);
    answer = stage_query(
        stage, conn, stage_join(stage, stage_say(stage, SAY_ONE), stage_say(stage, SAY_CHANGE)));
    expect_only_value(&answer, "one");
    expect_count(stage, conn, "1");
}

static void runs_nothing_where_there_is_nothing(void **state)
{
    static const char *const texts[] = {"", " ", ";", " ; ;\n", "-- only a comment"};
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (int kind = OP_QUERY; kind <= OP_SCRIPT; kind++) {
            struct answer answer =
                stage_run(stage, conn, stage_op(stage, (enum op_kind)kind, texts[i]));
            expect_good(answer);
            assert_int_equal(answer.rows.row_count, 0);
            assert_int_equal(answer.statements_done, 0);
        }
    struct answer answer = stage_query(stage, conn, stage_say(stage, SAY_ONE));
    expect_only_value(&answer, "one");
}

static void counts_the_rows_that_change(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    const struct {
        enum saying saying;
        uint64_t changed;
    } cases[] = {
        {SAY_CHANGE, 1}, {SAY_CHANGE, 1}, {SAY_TOUCH_NONE, 0}, {SAY_TOUCH_ALL, 2}, {SAY_ROWS, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer answer = stage_query(stage, conn, stage_say(stage, cases[i].saying));
        assert_int_equal(answer.rows_changed, cases[i].changed);
        assert_int_equal(answer.statements_done, 1);
    }
    struct answer answer = stage_query(
        stage, conn, stage_join(stage, stage_say(stage, SAY_CHANGE), stage_say(stage, SAY_CHANGE)));
    assert_int_equal(answer.rows_changed, 2); /* of all statements together */
}

static void starts_every_operation_afresh(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    struct answer answer =
        stage_run(stage, conn, stage_op(stage, OP_QUERY, stage_say(stage, SAY_SYNTAX)));
    assert_int_equal(answer_err(&answer)->kind, ERR_SQL);
    answer = stage_query(stage, conn, stage_say(stage, SAY_ONE));
    expect_only_value(&answer, "one");
    assert_int_equal(answer.statements_done, 1);
}

/* ---- scripts ------------------------------------------------------------------------------- */

static void splits_what_it_then_runs(void **state)
{
    struct stage *stage = *state;
    struct statement *statements;
    size_t count;
    struct err err;
    const char *text = stage_say(stage, SAY_SCRIPT);
    struct conn *conn = stage_connect(stage);
    assert_true(stage->subject->driver->dialect->split(&stage->arena, text, strlen(text),
                                                       &statements, &count, &err));
    assert_int_equal(count, SCRIPT_STATEMENTS);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    struct sql_vars vars = stage_vars();
    stage_begin(stage, conn, &vars);
    struct answer whole = stage_script(stage, conn, text);
    assert_int_equal(whole.statements_done, count);
    struct answer rows = stage_query(stage, conn, stage_say(stage, SAY_COUNT));
    stage_rollback(stage, conn);
    stage_begin(stage, conn, &vars);
    for (size_t i = 0; i < count; i++) {
        const char *alone =
            arena_strndup(&stage->arena, text + statements[i].offset, statements[i].len);
        assert_int_equal(stage_script(stage, conn, alone).statements_done, 1);
    }
    expect_count(stage, conn, grid_value(&rows.rows, 0, 0));
    stage_rollback(stage, conn);
}

static void keeps_no_rows_of_a_script(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    struct answer answer = stage_script(
        stage, conn, stage_join(stage, stage_say(stage, SAY_ROWS), stage_say(stage, SAY_CHANGE)));
    assert_int_equal(answer.statements_done, 2);
    assert_int_equal(answer.rows.row_count, 0);
    expect_count(stage, conn, "1");
}

/* Sixteen of them: more than the sockets' buffers take at once. */
static void takes_a_script_of_megabytes(void **state)
{
    enum { CHANGES = 200 };
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    struct buf buf;
    char comment[80000];
    memset(comment, '-', sizeof comment);
    comment[2] = ' '; /* without it, it is no comment everywhere */
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (int i = 0; i < CHANGES; i++) {
        buf_addf(&buf, "%s;\n", stage_say(stage, SAY_CHANGE));
        buf_add(&buf, comment, sizeof comment);
        buf_addc(&buf, '\n');
    }
    assert_int_equal(stage_script(stage, conn, buf.data).statements_done, CHANGES);
    buf_done(&buf);
    expect_count(stage, conn, "200");
}

static void survives_statements_that_copy(void **state)
{
    struct stage *stage = *state;
    if (!stage_has(stage, HAS_COPY, stage_say(stage, SAY_COPY_IN)))
        return; /* all statements are alike */
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    for (int kind = OP_QUERY; kind <= OP_SCRIPT; kind++) {
        struct answer answer = stage_run(
            stage, conn, stage_op(stage, (enum op_kind)kind, stage_say(stage, SAY_COPY_IN)));
        assert_int_equal(answer_err(&answer)->kind, ERR_SQL);
        struct op op = stage_op(stage, (enum op_kind)kind, stage_say(stage, SAY_COPY_OUT));
        expect_good(stage_run(stage, conn, op));
        expect_count(stage, conn, "0");
    }
}

/* The byte, from 1, of `word` in `sql`. */
static size_t place_of(const char *sql, const char *word)
{
    const char *found = strstr(sql, word);
    assert_non_null(found);
    return (size_t)(found - sql) + 1;
}

/* ---- scripts that travel together ---------------------------------------------------------- */

enum { JOINED = 4 };

struct joined {
    struct stage *stage;
    struct conn *conn;
    struct op ops[JOINED];
};

/* In a transaction of their own, the first time after a SAY_PREPARE. The driver runs from the first. False: it
 * has no such thing. */
static bool run_joined(struct joined *joined, struct stage *stage, const char *const *texts)
{
    struct sql_vars vars = stage_vars();
    joined->stage = stage;
    if (!stage_has(stage, HAS_JOINED_OPS, stage->subject->driver->traits & DRIVER_JOINS))
        return false;
    if (!joined->conn) {
        joined->conn = stage_connect(stage);
        stage_script(stage, joined->conn, stage_say(stage, SAY_PREPARE));
    }
    stage_inspect(stage, joined->conn, &vars);
    stage_begin(stage, joined->conn, &vars);
    for (size_t i = 0; i < JOINED; i++) {
        const char *guard = stage_text(stage, SQL_GUARD, &vars);
        joined->ops[i] = stage_op(
            stage, OP_SCRIPT, arena_printf(&stage->arena, "%s -- the end\n;%s", texts[i], guard));
        joined->ops[i].tx_after = TX_INSIDE;
    }
    for (size_t i = 0; i + 1 < JOINED; i++)
        joined->ops[i].joined = &joined->ops[i + 1];
    runner_run(&stage->runner, joined->conn, &joined->ops[0]);
    return true;
}

static void runs_joined_scripts_one_after_the_other(void **state)
{
    struct joined joined = {0};
    struct stage *stage = *state;
    const char *change = stage_say(stage, SAY_CHANGE), *one = stage_say(stage, SAY_ONE);
    const char *two = arena_printf(&stage->arena, "%s;\n%s", change, one);
    const char *large = arena_printf(&stage->arena, "%s;\n-- %0100000d", change, 0);
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    double joined_ms = 0;
    if (!run_joined(&joined, stage, (const char *const[]){change, two, large, change}))
        return;
    for (size_t i = 0; i < JOINED; i++) {
        assert_int_equal(op_err(&joined.ops[i])->kind, ERR_NONE);
        assert_true(joined.ops[i].answer->is_over);
        assert_int_equal(joined.ops[i].answer->statements_done, i == 1 ? 3 : 2); /* the guard too */
        joined_ms += joined.ops[i].answer->duration_ms;
    }
    assert_true(joined_ms <= (double)(runner_now_ms(&stage->runner) - begun_ms) + 1);
    expect_count(stage, joined.conn, "4");
    stage_rollback(stage, joined.conn);
}

static void expect_third_failed(const struct joined *joined, size_t offset, size_t statements_done)
{
    const struct op *third = &joined->ops[2];
    assert_int_equal(op_err(third)->kind, ERR_SQL);
    assert_int_equal(op_err(third)->offset, offset);
    assert_int_equal(third->answer->statements_done, statements_done);
    for (size_t i = 0; i < JOINED; i++) {
        assert_int_equal(op_err(&joined->ops[i])->kind, i == 2 ? ERR_SQL : ERR_NONE);
        assert_false(joined->ops[i].answer->is_tx_broken);
        assert_false(i >= 2 && joined->ops[i].answer->is_over);
    }
    assert_true(joined->stage->subject->driver->is_in_transaction(joined->conn));
    stage_rollback(joined->stage, joined->conn);
    expect_count(joined->stage, joined->conn, "0");
}

static void blames_the_joined_script_that_failed(void **state)
{
    struct joined joined = {0};
    struct stage *stage = *state;
    const char *change = stage_say(stage, SAY_CHANGE);
    const char *unknown =
        arena_printf(&stage->arena, "%s;\n%s", change, stage_say(stage, SAY_UNKNOWN));
    const char *violation =
        arena_printf(&stage->arena, "%s;\n%s", change, stage_say(stage, SAY_VIOLATE));
    if (!run_joined(&joined, stage, (const char *const[]){change, change, unknown, change}))
        return;
    assert_true(joined.ops[1].answer->is_over);
    expect_third_failed(&joined, place_of(unknown, "nosuch"), 1);
    run_joined(&joined, stage, (const char *const[]){change, change, violation, change});
    expect_third_failed(&joined, 0, 1);
}

/* A server that parses the whole message first has run nothing of it. */
static void blames_the_joined_script_that_is_no_sql(void **state)
{
    struct joined joined = {0};
    struct stage *stage = *state;
    const char *change = stage_say(stage, SAY_CHANGE);
    const char *wrong =
        arena_printf(&stage->arena, "%s;\n/* größer */ %s", change, stage_say(stage, SAY_SYNTAX));
    if (!run_joined(&joined, stage, (const char *const[]){change, change, wrong, change}))
        return;
    expect_third_failed(&joined, place_of(wrong, "*/ SELEC") + strlen("*/ "), 0);
}

/* What begins the transaction may be the first of them: where nothing of the message ran, nothing was ended. */
static void begins_the_transaction_of_joined_scripts(void **state)
{
    static const enum sql_id ids[] = {SQL_BEGIN, SQL_SETUP_LOCAL, SQL_GUARD};
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    const char *change = stage_say(stage, SAY_CHANGE);
    if (!stage_has(stage, HAS_JOINED_OPS, stage->subject->driver->traits & DRIVER_JOINS))
        return;
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_inspect(stage, conn, &vars);
    for (int is_wrong = 1; is_wrong >= 0; is_wrong--) {
        const char *last = is_wrong ? stage_say(stage, SAY_SYNTAX) : change;
        const char *guard = stage_text(stage, SQL_GUARD, &vars);
        struct op ops[3];
        for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
            const char *script = stage_join(stage, i == 2 ? last : change, guard);
            ops[i] = stage_op(stage, OP_SCRIPT,
                              i ? script : stage_text_of(stage, ids, ARRAY_LEN(ids), &vars));
            ops[i].tx_after = TX_INSIDE;
        }
        ops[0].joined = &ops[1];
        ops[1].joined = &ops[2];
        runner_run(&stage->runner, conn, &ops[0]);
        assert_int_equal(op_err(&ops[2])->kind, is_wrong ? ERR_SQL : ERR_NONE);
        assert_int_equal(ops[2].answer->is_over, !is_wrong);
        assert_false(ops[0].answer->is_tx_broken || ops[1].answer->is_tx_broken ||
                     ops[2].answer->is_tx_broken);
        assert_int_equal(stage->subject->driver->is_in_transaction(conn), !is_wrong);
        expect_count(stage, conn, is_wrong ? "0" : "2");
    }
    stage_rollback(stage, conn);
}

static bool joins_queries(struct stage *stage)
{
    unsigned traits = stage->subject->driver->traits;
    bool joins = stage_has(stage, HAS_JOINED_OPS, traits & DRIVER_JOINS);
    return stage_has(stage, HAS_JOINED_CHAINS, traits & DRIVER_JOINS_ALL) || joins;
}

/* Each has its own rows, or its own error. */
static void answers_for_each_of_joined_queries(void **state)
{
    struct stage *stage = *state;
    const char *one = stage_say(stage, SAY_ONE), *unknown = stage_say(stage, SAY_UNKNOWN);
    bool has_places = stage->subject->abilities & HAS_PLACES;
    if (!joins_queries(stage))
        return;
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    for (int does_fail = 0; does_fail < 2; does_fail++) {
        const char *const texts[] = {one, does_fail ? unknown : stage_say(stage, SAY_COUNT), one};
        struct op ops[ARRAY_LEN(texts)];
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            ops[i] = stage_op(stage, OP_QUERY, texts[i]);
        ops[0].joined = &ops[1];
        ops[1].joined = &ops[2];
        runner_run(&stage->runner, conn, &ops[0]);
        assert_int_equal(op_err(&ops[0])->kind, ERR_NONE);
        expect_only_value(ops[0].answer, "one");
        assert_int_equal(op_err(&ops[1])->kind, does_fail ? ERR_SQL : ERR_NONE);
        assert_int_equal(op_err(&ops[1])->offset,
                         does_fail && has_places ? place_of(unknown, "nosuch") : 0);
        if (!does_fail)
            expect_only_value(ops[1].answer, "0");
        assert_int_equal(op_err(&ops[2])->kind, ERR_NONE);
        assert_int_equal(ops[2].answer->is_over, !does_fail);
        assert_int_equal(ops[2].answer->rows.row_count, !does_fail);
    }
    struct answer answer = stage_query(stage, conn, one); /* all of it was read */
    expect_only_value(&answer, "one");
}

enum { CHAINED = 5, SCRIPT_AT = 4 };

/* What a message of a run is like: ours, in transactions of their own and outside of any, and then a revision's.
 * `wrong`: which op of it has a second statement that fails; CHAINED: none. */
static void make_chain(struct stage *stage, struct op *ops, size_t wrong)
{
    const char *change = stage_say(stage, SAY_CHANGE);
    struct sql_vars vars = stage_vars();
    const char *const texts[CHAINED] = {change, stage_text(stage, SQL_BEGIN, &vars),
                                        stage_join(stage, change, change),
                                        stage_text(stage, SQL_COMMIT, &vars), change};
    static const enum tx_rule rules[CHAINED] = {TX_OUTSIDE, TX_INSIDE, TX_INSIDE, TX_OUTSIDE,
                                                TX_OUTSIDE};
    for (size_t i = 0; i < CHAINED; i++) {
        const char *text =
            i == wrong ? stage_join(stage, texts[i], stage_say(stage, SAY_VIOLATE)) : texts[i];
        ops[i] = stage_op(stage, i == SCRIPT_AT ? OP_SCRIPT : OP_QUERY, text);
        ops[i].tx_after = rules[i];
    }
    for (size_t i = 0; i + 1 < CHAINED; i++)
        ops[i].joined = &ops[i + 1];
}

static void runs_a_chain_up_to_what_fails(void **state)
{
    static const char *const counts[CHAINED + 1] = {"1", "2", "3", "6", "10", "14"};
    static const size_t statements[CHAINED] = {1, 1, 2, 1, 1};
    struct stage *stage = *state;
    const struct driver *driver = stage->subject->driver;
    if (!stage_has(stage, HAS_JOINED_CHAINS, driver->traits & DRIVER_JOINS_ALL))
        return;
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    for (size_t wrong = 0; wrong <= CHAINED; wrong++) {
        struct op ops[CHAINED];
        make_chain(stage, ops, wrong);
        runner_run(&stage->runner, conn, &ops[0]);
        for (size_t i = 0; i < CHAINED; i++) {
            assert_int_equal(op_err(&ops[i])->kind, i == wrong ? ERR_SQL : ERR_NONE);
            assert_int_equal(ops[i].answer->is_over, i < wrong);
            assert_int_equal(ops[i].answer->statements_done, i <= wrong ? statements[i] : 0);
            assert_false(ops[i].answer->is_tx_broken);
        }
        if (driver->is_in_transaction(conn))
            stage_rollback(stage, conn);
        expect_count(stage, conn, counts[wrong]);
    }
}

/* One that fails to leave a transaction as it should is told so, and not the one after it. */
static void tells_which_of_a_chain_breaks_the_transaction(void **state)
{
    struct stage *stage = *state;
    if (!stage_has(stage, HAS_JOINED_CHAINS, stage->subject->driver->traits & DRIVER_JOINS_ALL))
        return;
    struct op ops[CHAINED];
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    make_chain(stage, ops, CHAINED);
    ops[2].tx_after = TX_OUTSIDE;
    runner_run(&stage->runner, conn, &ops[0]);
    for (size_t i = 0; i < CHAINED; i++) {
        assert_int_equal(op_err(&ops[i])->kind, i == 2 ? ERR_SQL : ERR_NONE);
        assert_int_equal(ops[i].answer->is_tx_broken, i == 2);
    }
    expect_count(stage, conn, "4"); /* all of it was read */
}

static void points_at_the_fault(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    const char *one = stage_say(stage, SAY_ONE);
    bool has_places = stage->subject->abilities & HAS_PLACES;
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    const char *text = arena_printf(&stage->arena, "%s;\n%s;\n%s;\n%s", one, one,
                                    stage_say(stage, SAY_UNKNOWN), one);
    for (int kind = OP_QUERY; kind <= OP_SCRIPT; kind++) {
        struct answer answer = stage_run(stage, conn, stage_op(stage, (enum op_kind)kind, text));
        assert_int_equal(answer_err(&answer)->kind, ERR_SQL);
        assert_int_equal(answer_err(&answer)->offset, has_places ? place_of(text, "nosuch") : 0);
        assert_int_equal(answer.statements_done, 2);
        assert_true(*answer_err(&answer)->code);
        assert_false(answer_err(&answer)->is_transient);
        assert_false(answer_err(&answer)->is_connection_lost);
    }
    text = arena_printf(&stage->arena, "%s'ä€😀';\n%s", stage_say(stage, SAY_LITERAL),
                        stage_say(stage, SAY_SYNTAX));
    struct answer answer = stage_run(stage, conn, stage_op(stage, OP_SCRIPT, text));
    assert_int_equal(answer_err(&answer)->kind, ERR_SQL);
    assert_int_equal(answer_err(&answer)->offset, place_of(text, "SELEC '"));
}

/* Outside a transaction the statements before the failed one may stand or not, as the database has
 * it; inside one, nothing of it is left. */
static void stops_at_the_first_error(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    struct sql_vars vars = stage_vars();
    const char *change = stage_say(stage, SAY_CHANGE);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    const char *text =
        arena_printf(&stage->arena, "%s; %s; %s", change, stage_say(stage, SAY_VIOLATE), change);
    stage_begin(stage, conn, &vars);
    struct answer answer = stage_run(stage, conn, stage_op(stage, OP_SCRIPT, text));
    assert_int_equal(answer_err(&answer)->kind, ERR_SQL);
    assert_true(*answer_err(&answer)->code);
    assert_int_equal(answer.statements_done, 1);
    assert_true(stage->subject->driver->is_in_transaction(conn));
    if (!stage->subject->is_doomed_by_error)
        expect_count(stage, conn, "1");
    stage_rollback(stage, conn);
    expect_count(stage, conn, "0");
}

int run_statements_cases(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(keeps_rows_and_names),
        CASE(keeps_the_rows_of_the_last_statement_that_has_any),
        CASE(runs_nothing_where_there_is_nothing),
        CASE(counts_the_rows_that_change),
        CASE(starts_every_operation_afresh),
        CASE(splits_what_it_then_runs),
        CASE(keeps_no_rows_of_a_script),
        CASE(takes_a_script_of_megabytes),
        CASE(survives_statements_that_copy),
        CASE(runs_joined_scripts_one_after_the_other),
        CASE(blames_the_joined_script_that_failed),
        CASE(blames_the_joined_script_that_is_no_sql),
        CASE(begins_the_transaction_of_joined_scripts),
        CASE(answers_for_each_of_joined_queries),
        CASE(runs_a_chain_up_to_what_fails),
        CASE(tells_which_of_a_chain_breaks_the_transaction),
        CASE(points_at_the_fault),
        CASE(stops_at_the_first_error),
    };
    return cmocka_run_group_tests_name("statements", tests, NULL, NULL);
}
