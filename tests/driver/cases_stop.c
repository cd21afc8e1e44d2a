/* Timeouts, cancelling, dead connections. */
#include "base/buf.h"
#include "base/err.h"
#include "driver/conformance.h"

/* ---- stopping ------------------------------------------------------------------------------ */

static void stops_when_cancelled(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_begin(stage, conn, &vars);
    struct op op =
        stage_op(stage, OP_SCRIPT,
                 stage_join(stage, stage_say(stage, SAY_CHANGE), stage_say(stage, SAY_SLOW)));
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    runner_run_cancelled(&stage->runner, conn, &op, 100);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 10000);
    assert_int_not_equal(op_err(&op)->kind, ERR_NONE);
    assert_false(op_err(&op)->is_connection_lost);
    assert_int_equal(op.answer->statements_done, 1);
    stage_rollback(stage, conn);
    expect_count(stage, conn, "0");
}

static void obeys_the_statement_timeout(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_inspect(stage, conn, &vars);
    vars.statement_timeout_ms = 150;
    stage_ask(stage, conn, SQL_SETUP, &vars);
    struct op op = stage_op(stage, OP_SCRIPT, stage_say(stage, SAY_SLOW));
    op.limits = &(struct op_limits){.statement_timeout_ms = vars.statement_timeout_ms};
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    stage_run(stage, conn, op);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 10000);
    assert_int_equal(op_err(&op)->kind, ERR_TIMEOUT);
    assert_false(op_err(&op)->is_transient);
    assert_false(op_err(&op)->is_connection_lost);
}

/* Two writers at one row of one table; the second gives way after its lock_timeout. */
static void obeys_the_lock_timeout(void **state)
{
    static const enum sql_id ids[] = {SQL_BEGIN, SQL_SETUP_LOCAL, SQL_VERSION_UPDATE};
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *first = stage_connect(stage);
    struct conn *second = stage_connect(stage);
    stage_make_tables(stage, first, &vars);
    stage_insert_version(stage, first, vars, "aaaa");
    vars.from = "aaaa";
    vars.to = "bbbb";
    vars.lock_timeout_ms = 200;
    stage_begin(stage, first, &vars);
    expect_good(stage_change_one(stage, first, SQL_VERSION_UPDATE, &vars));
    struct op op = stage_op(stage, OP_QUERY, stage_text_of(stage, ids, ARRAY_LEN(ids), &vars));
    op.limits = &(struct op_limits){.lock_timeout_ms = vars.lock_timeout_ms};
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    stage_run(stage, second, op);
    uint64_t waited_ms = runner_now_ms(&stage->runner) - begun_ms;
    assert_int_equal(op_err(&op)->kind, ERR_LOCK);
    assert_true(op_err(&op)->is_transient);
    assert_true(*op_err(&op)->code);
    assert_in_range(waited_ms, 100, 10000);
}

static void waits_for_another_writer(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *first = stage_connect(stage);
    struct conn *second = stage_connect(stage);
    stage_make_tables(stage, first, &vars);
    stage_begin(stage, first, &vars);
    stage_insert_version(stage, first, vars, "aaaa");
    stage_commit(stage, first);
    vars.lock_timeout_ms = 5000;
    stage_begin(stage, second, &vars);
    stage_insert_version(stage, second, vars, "bbbb");
    stage_commit(stage, second);
    expect_versions(stage, first, &vars, "aaaa", "bbbb");
}

static void stops_waiting_for_a_lock_when_cancelled(void **state)
{
    static const enum sql_id ids[] = {SQL_BEGIN, SQL_SETUP_LOCAL, SQL_VERSION_UPDATE};
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *first = stage_connect(stage);
    struct conn *second = stage_connect(stage);
    stage_make_tables(stage, first, &vars);
    stage_insert_version(stage, first, vars, "aaaa");
    vars.from = "aaaa";
    vars.to = "bbbb";
    vars.lock_timeout_ms = 30000;
    stage_begin(stage, first, &vars);
    expect_good(stage_change_one(stage, first, SQL_VERSION_UPDATE, &vars));
    struct op op = stage_op(stage, OP_QUERY, stage_text_of(stage, ids, ARRAY_LEN(ids), &vars));
    op.limits = &(struct op_limits){.lock_timeout_ms = vars.lock_timeout_ms};
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    runner_run_cancelled(&stage->runner, second, &op, 100);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 10000);
    assert_int_not_equal(op_err(&op)->kind, ERR_NONE);
}

/* Ends a connection from another one, by what SAY_WHO answered on it. */
static void kill_conn(struct stage *stage, struct conn *killer, const struct answer *who)
{
    struct buf kill;
    const char *format = stage_say(stage, SAY_KILL);
    size_t before = strcspn(format, "%");
    buf_init(&kill, 256);
    buf_add(&kill, format, before);
    buf_adds(&kill, grid_value(&who->rows, 0, 0));
    buf_adds(&kill, format + before + strlen("%s"));
    stage_query(stage, killer, kill.data);
    buf_done(&kill);
}

static void expect_lost(const struct answer *answer)
{
    assert_int_equal(answer_err(answer)->kind, ERR_CONNECT);
    assert_true(answer_err(answer)->is_connection_lost);
    assert_true(answer_err(answer)->is_transient);
}

static void tells_that_a_connection_died(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    if (!stage_has(stage, HAS_MORTAL_CONNECTIONS, stage_say(stage, SAY_KILL)))
        return; /* there is no connection that could die: a file stays */
    struct conn *victim = stage_connect(stage);
    struct answer who = stage_query(stage, victim, stage_say(stage, SAY_WHO));
    stage_begin(stage, victim, &vars);
    kill_conn(stage, stage_connect(stage), &who);
    struct answer answer = {0};
    for (int i = 0; i < 200 && answer_err(&answer)->kind == ERR_NONE;
         i++) { /* the signal may take its time */
        answer = stage_run(stage, victim, stage_op(stage, OP_QUERY, stage_say(stage, SAY_ONE)));
        runner_sleep_ms(&stage->runner, 10);
    }
    expect_lost(&answer);
    answer = stage_end(stage, victim, SQL_COMMIT); /* and from then on nothing else */
    assert_true(answer_err(&answer)->is_connection_lost);
    assert_false(answer.is_tx_broken); /* it is not known */
}

static void tells_that_a_connection_died_at_work(void **state)
{
    struct stage *stage = *state;
    if (!stage_has(stage, HAS_MORTAL_CONNECTIONS, stage_say(stage, SAY_KILL)))
        return; /* as above */
    struct conn *victim = stage_connect(stage);
    struct conn *killer = stage_connect(stage);
    struct answer who = stage_query(stage, victim, stage_say(stage, SAY_WHO));
    struct op op = stage_op(stage, OP_SCRIPT, stage_say(stage, SAY_SLOW));
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    struct want want = stage->subject->driver->start(victim, &op);
    kill_conn(stage, killer, &who);
    runner_finish(&stage->runner, victim, want);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 10000);
    expect_lost(op.answer);
}

int run_stop_cases(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(stops_when_cancelled),
        CASE(obeys_the_statement_timeout),
        CASE(obeys_the_lock_timeout),
        CASE(waits_for_another_writer),
        CASE(stops_waiting_for_a_lock_when_cancelled),
        CASE(tells_that_a_connection_died),
        CASE(tells_that_a_connection_died_at_work),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
