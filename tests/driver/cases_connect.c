/* Connecting, and the tenant's lock. */
#include "base/err.h"
#include "driver/conformance.h"

/* ---- connecting ---------------------------------------------------------------------------- */

static void connects_and_tells_of_the_server(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_open(stage, TARGET_GOOD);
    struct answer answer = expect_good(stage_connect_op(stage, conn));
    assert_true(answer.info->server_version > 0);
    assert_false(answer.info->is_pooled);
    assert_false(answer.info->is_read_only);
    assert_false(answer.info->is_created);
    assert_false(stage->subject->driver->is_in_transaction(conn));
    answer = stage_query(stage, conn, stage_say(stage, SAY_ONE));
    expect_only_value(&answer, "one");
}

static void closes_what_never_connected(void **state)
{
    struct stage *stage = *state;
    stage_close(stage, stage_open(stage, TARGET_GOOD));
}

static void says_that_nobody_answers(void **state)
{
    struct stage *stage = *state;
    struct answer answer = stage_connect_op(stage, stage_open(stage, TARGET_NOWHERE));
    assert_int_equal(answer_err(&answer)->kind, ERR_CONNECT);
    assert_int_equal(answer_err(&answer)->is_transient, stage_is_server(stage));
    assert_true(*answer_err(&answer)->text);
}

/* Once is enough: a login that tries a wrong password again and again is locked out. */
static void takes_no_other_password(void **state)
{
    static const char *const passwords[] = {"wrong", "", NULL};
    struct stage *stage = *state;
    if (!stage_has(stage, HAS_PASSWORDS, stage->subject->password != NULL))
        return; /* there are none */
    for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
        struct conn_params params = {.url = &stage->targets[TARGET_GOOD], .password = passwords[i]};
        struct answer answer = stage_connect_op(stage, stage_open_params(stage, &params));
        assert_int_equal(answer_err(&answer)->kind, ERR_AUTH);
        assert_false(answer_err(&answer)->is_transient);
        assert_null(strstr(answer_err(&answer)->text, "superuser-secret"));
    }
}

static void makes_no_database_unasked(void **state)
{
    struct stage *stage = *state;
    for (int i = 0; i < 2; i++) { /* the first attempt must not have made it */
        struct answer answer = stage_connect_op(stage, stage_open(stage, TARGET_MISSING));
        assert_int_equal(answer_err(&answer)->kind, ERR_CONNECT);
        assert_string_equal(answer_err(&answer)->code, stage->subject->missing_code);
        assert_false(answer_err(&answer)->is_transient);
    }
}

static struct conn_params creating(struct stage *stage)
{
    return (struct conn_params){.url = &stage->targets[TARGET_MISSING],
                                .password = stage->subject->password,
                                .may_create = true};
}

static void create_from_maintenance(struct stage *stage)
{
    struct conn_params params = creating(stage);
    struct sql_vars vars = {.database = params.url->database};
    params.database = stage->subject->maintenance;
    struct conn *conn = stage_open_params(stage, &params);
    expect_good(stage_connect_op(stage, conn));
    stage_ask(stage, conn, SQL_CREATE_DATABASE, &vars);
    stage_close(stage, conn);
}

static void makes_a_database_when_asked(void **state)
{
    struct stage *stage = *state;
    struct conn_params params = creating(stage);
    bool is_on_connect = stage->subject->driver->traits & DRIVER_CREATES_ON_CONNECT;
    if (!is_on_connect)
        create_from_maintenance(stage);
    struct conn *conn = stage_open_params(stage, &params);
    struct answer answer = expect_good(stage_connect_op(stage, conn));
    assert_int_equal(answer.info->is_created, is_on_connect);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_close(stage, conn);
    expect_count(stage, stage_connect_to(stage, TARGET_MISSING), "0");
}

static void leaves_no_database_that_nothing_was_written_to(void **state)
{
    struct stage *stage = *state;
    struct conn_params params = creating(stage);
    if (!stage_has(stage, HAS_CREATION_ON_CONNECT,
                   stage->subject->driver->traits & DRIVER_CREATES_ON_CONNECT))
        return; /* made by a statement of its own: see the case before */
    struct conn *conn = stage_open_params(stage, &params);
    struct sql_vars vars = stage_vars();
    expect_good(stage_connect_op(stage, conn));
    stage_begin(stage, conn, &vars);
    stage_script(stage, conn, stage_say(stage, SAY_PREPARE));
    stage_close(stage, conn);
    struct answer answer = stage_connect_op(stage, stage_open(stage, TARGET_MISSING));
    assert_string_equal(answer_err(&answer)->code, stage->subject->missing_code);
    params.is_read_only = true; /* a session that only looks sees an empty one, and makes none */
    expect_good(stage_connect_op(stage, stage_open_params(stage, &params)));
    answer = stage_connect_op(stage, stage_open(stage, TARGET_MISSING));
    assert_string_equal(answer_err(&answer)->code, stage->subject->missing_code);
}

static void knows_what_it_must_not_write_to(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_open(stage, TARGET_READ_ONLY);
    struct answer answer = expect_good(stage_connect_op(stage, conn));
    assert_true(answer.info->is_read_only);
    answer = stage_query(stage, conn, stage_say(stage, SAY_ONE));
    expect_only_value(&answer, "one");
    answer = stage_run(stage, conn, stage_op(stage, OP_SCRIPT, stage_say(stage, SAY_PREPARE)));
    assert_int_not_equal(answer_err(&answer)->kind, ERR_NONE);
}

/* ---- the tenant's lock --------------------------------------------------------------------- */

/* A server notices a moment later that a connection has gone. */
static void expect_lock_soon(struct stage *stage, struct conn *conn, uint64_t key)
{
    for (int i = 0; i < 200; i++) {
        if (stage_lock(stage, conn, key).is_locked)
            return;
        runner_sleep_ms(&stage->runner, 20);
    }
    fail_msg("the lock of a closed connection is not free after four seconds");
}

static void locks_until_it_closes(void **state)
{
    struct stage *stage = *state;
    struct conn *first = stage_connect(stage);
    struct conn *second = stage_connect(stage);
    const uint64_t key = 0xfedcba9876543210; /* negative as a signed number */
    assert_true(stage_lock(stage, first, key).is_locked);
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    assert_false(stage_lock(stage, second, key).is_locked);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 3000); /* tried, not waited for */
    if (stage_is_server(stage))
        assert_true(stage_lock(stage, second, key + 1).is_locked);
    struct answer answer =
        stage_query(stage, second, stage_say(stage, SAY_ONE)); /* looking is free to all */
    expect_only_value(&answer, "one");
    stage_close(stage, first);
    expect_lock_soon(stage, second, key);
}

/* The pid of the handshake is a proxy's invention where it pools. */
static void locks_nothing_where_another_process_answers(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    struct answer answer = stage_inspect(stage, conn, &vars);
    bool has_pids = grid_value(&answer.rows, 0, 5);
    if (!stage_has(stage, HAS_PIDS, has_pids))
        return;
    vars.backend_pid = strtoul(grid_value(&answer.rows, 0, 5), NULL, 10) + 1;
    struct op op = stage_op(stage, OP_LOCK, stage_text(stage, SQL_LOCK, &vars));
    answer = expect_good(stage_run(stage, conn, op));
    assert_true(answer.is_pooled);
    assert_false(answer.is_locked);
    answer = stage_lock(stage, stage_connect(stage), vars.lock_key);
    assert_true(answer.is_locked);
    assert_false(answer.is_pooled);
}

static void locks_with_a_transaction_alone(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    if (!stage_has(stage, HAS_POOLING_PROXIES,
                   stage->subject->driver->dialect->sql[SQL_LOCK_POOLED]))
        return; /* no proxy pools this database's transactions */
    struct conn *first = stage_connect(stage);
    struct conn *second = stage_connect(stage);
    struct op op = stage_op(stage, OP_LOCK, stage_text(stage, SQL_LOCK_POOLED, &vars));
    assert_true(expect_good(stage_run(stage, first, op)).is_locked);
    assert_true(stage->subject->driver->is_in_transaction(first));
    assert_false(expect_good(stage_run(stage, second, op)).is_locked);
    stage_rollback(stage, second);
    stage_rollback(stage, first);
    assert_true(expect_good(stage_run(stage, second, op)).is_locked);
}

int run_connect_cases(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(connects_and_tells_of_the_server),
        CASE(closes_what_never_connected),
        CASE(says_that_nobody_answers),
        CASE(takes_no_other_password),
        CASE(makes_no_database_unasked),
        CASE(makes_a_database_when_asked),
        CASE(leaves_no_database_that_nothing_was_written_to),
        CASE(knows_what_it_must_not_write_to),
        CASE(locks_until_it_closes),
        CASE(locks_nothing_where_another_process_answers),
        CASE(locks_with_a_transaction_alone),
    };
    return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
