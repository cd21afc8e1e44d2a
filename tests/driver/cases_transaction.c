/* Where the transaction stands, and what is left of it. */
#include "base/err.h"
#include "driver/conformance.h"

/* ---- transactions -------------------------------------------------------------------------- */

static void checks_where_the_transaction_stands(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    struct sql_vars vars = stage_vars();
    const char *begins = stage_text(stage, SQL_BEGIN, &vars);
    const char *rolls_back = stage_text(stage, SQL_ROLLBACK, &vars);
    const char *one = stage_say(stage, SAY_ONE);
    const struct {
        const char *sql;
        enum tx_rule rule;
        bool is_broken;
    } steps[] = {
        {one, TX_OUTSIDE, false},      {one, TX_INSIDE, true},     {one, TX_ANY, false},
        {begins, TX_INSIDE, false},    {one, TX_INSIDE, false},    {one, TX_OUTSIDE, true},
        {rolls_back, TX_INSIDE, true}, {begins, TX_OUTSIDE, true}, {one, TX_ANY, false},
        {rolls_back, TX_ANY, false},   {begins, TX_ANY, false},    {rolls_back, TX_OUTSIDE, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct op op = stage_op(stage, OP_QUERY, steps[i].sql);
        op.tx_after = steps[i].rule;
        stage_run(stage, conn, op);
        if (op.answer->is_tx_broken != steps[i].is_broken)
            fail_msg("step %zu, '%s': is_tx_broken is %d", i, steps[i].sql,
                     op.answer->is_tx_broken);
        assert_int_equal(op_err(&op)->kind, steps[i].is_broken ? ERR_SQL : ERR_NONE);
    }
}

/* Refused, or done and told: but never done and not told. */
static void catches_a_script_that_ends_the_transaction(void **state)
{
    static const enum sql_id ids[] = {SQL_COMMIT, SQL_ROLLBACK};
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    const struct driver *driver = stage->subject->driver;
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        stage_begin(stage, conn, &vars);
        struct op op =
            stage_op(stage, OP_SCRIPT,
                     stage_join(stage, stage_say(stage, SAY_CHANGE), driver->dialect->sql[ids[i]]));
        op.tx_after = TX_INSIDE;
        stage_run(stage, conn, op);
        assert_int_equal(op_err(&op)->kind, ERR_SQL);
        assert_int_equal(op.answer->is_tx_broken, !driver->is_in_transaction(conn));
        if (driver->is_in_transaction(conn))
            stage_rollback(stage, conn);
    }
}

/* Inside a transaction again, but another one: refused, or seen by the guard. */
static void catches_a_script_that_begins_another_transaction(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    const struct driver *driver = stage->subject->driver;
    if (!stage_has(stage, HAS_DDL_IN_TRANSACTION,
                   driver->dialect->traits & DIALECT_DDL_IN_TRANSACTION))
        return; /* no script runs inside a transaction of ours */
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_begin(stage, conn, &vars);
    const char *swap =
        stage_join(stage, driver->dialect->sql[SQL_COMMIT], driver->dialect->sql[SQL_BEGIN]);
    struct op op = stage_op(stage, OP_SCRIPT, swap);
    op.tx_after = TX_INSIDE;
    stage_run(stage, conn, op);
    if (op_err(&op)->kind == ERR_NONE) {
        assert_non_null(driver->dialect->sql[SQL_GUARD]);
        op = stage_op(stage, OP_QUERY, stage_text(stage, SQL_GUARD, &vars));
        assert_int_not_equal(ended_with(stage_run(stage, conn, op)), ERR_NONE);
    }
}

static void tells_a_commit_from_what_is_none(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_begin(stage, conn, &vars);
    stage_script(stage, conn, stage_say(stage, SAY_CHANGE));
    stage_commit(stage, conn);
    expect_count(stage, stage_connect(stage), "1");
    stage_begin(stage, conn, &vars);
    stage_script(stage, conn, stage_say(stage, SAY_CHANGE));
    assert_int_equal(ended_with(stage_run(
                         stage, conn, stage_op(stage, OP_SCRIPT, stage_say(stage, SAY_VIOLATE)))),
                     ERR_SQL);
    if (!stage->subject->is_doomed_by_error) {
        stage_rollback(stage, conn);
        return;
    }
    assert_int_equal(ended_with(stage_end(stage, conn, SQL_COMMIT)), ERR_SQL);
    expect_count(stage, conn, "1");
}

static void leaves_nothing_behind_a_rollback(void **state)
{
    static const enum sql_id ids[] = {SQL_VERSION_CREATE, SQL_HISTORY_CREATE, SQL_HISTORY_INSERT};
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    if (!stage_has(stage, HAS_DDL_IN_TRANSACTION,
                   stage->subject->driver->dialect->traits & DIALECT_DDL_IN_TRANSACTION))
        return; /* what is made stays made: the case is about those that can take it back */
    stage_inspect(stage, conn, &vars);
    stage_begin(stage, conn, &vars);
    stage_query(stage, conn, stage_text_of(stage, ids, ARRAY_LEN(ids), &vars));
    stage_insert_version(stage, conn, vars, "83241ca0f125");
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_script(stage, conn, stage_say(stage, SAY_CHANGE));
    expect_count(stage, conn, "1");
    stage_rollback(stage, conn);
    struct answer answer = stage_inspect(stage, conn, &vars);
    for (size_t column = 1; column <= 3; column++)
        assert_null(grid_value(&answer.rows, 0, column));
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE)); /* there is none in the way */
    expect_count(stage, conn, "0");
}

static void rolls_back_what_closes(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_begin(stage, conn, &vars);
    stage_script(stage, conn, stage_say(stage, SAY_CHANGE));
    stage_close(stage, conn);
    expect_count(stage, stage_connect(stage), "0");
}

/* What asks an inventory's sources: neither by the transaction nor, where there is none for it, by the operation. */
static void changes_nothing_where_it_only_reads(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_ask(stage, conn, SQL_BEGIN_READING, &vars);
    struct op op = stage_op(stage, OP_QUERY, stage_say(stage, SAY_COUNT));
    op.flags |= OP_ONLY_READS;
    struct answer answer = expect_good(stage_run(stage, conn, op));
    expect_only_value(&answer, "0");
    op = stage_op(stage, OP_QUERY, stage_say(stage, SAY_CHANGE));
    op.flags |= OP_ONLY_READS;
    assert_int_not_equal(ended_with(stage_run(stage, conn, op)), ERR_NONE);
    if (stage->subject->driver->is_in_transaction(conn))
        stage_rollback(stage, conn);
    expect_count(stage, conn, "0");
}

int run_transaction_cases(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(checks_where_the_transaction_stands),
        CASE(catches_a_script_that_ends_the_transaction),
        CASE(catches_a_script_that_begins_another_transaction),
        CASE(tells_a_commit_from_what_is_none),
        CASE(leaves_nothing_behind_a_rollback),
        CASE(rolls_back_what_closes),
        CASE(changes_nothing_where_it_only_reads),
    };
    return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
