/* io.c on a real loop, over a driver that wants what a script says. */
#include "unit/unit.h"

#include <unistd.h>

#include "base/arena.h"
#include "link/io.h"

enum { STEPS_MAX = 4, LATE_MS = 5000, SOON_MS = 20 };

/* What is wanted, in its order, and what came of it. */
struct conn {
    struct want wants[STEPS_MAX];
    size_t at;
    unsigned ready[STEPS_MAX];
    bool reads_at[STEPS_MAX]; /* takes the byte out of the pipe before this step */
    struct answer answer;     /* given at once */
};

static struct conn script;
static int pipe_fds[2];
static uint64_t done_ns;

static struct conn *open_script(const struct conn_params *params)
{
    (void)params;
    return &script;
}

static struct want start(struct conn *conn, const struct op *op)
{
    *op->answer = conn->answer;
    return conn->wants[0];
}

static struct want step(struct conn *conn, unsigned ready)
{
    char byte;
    if (conn->reads_at[conn->at])
        assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    conn->ready[conn->at++] = ready;
    return conn->wants[conn->at];
}

static bool is_in_transaction(const struct conn *conn)
{
    (void)conn;
    return false;
}

static void close_script(struct conn *conn)
{
    (void)conn;
}

static const struct driver driver = {.open = open_script,
                                     .start = start,
                                     .step = step,
                                     .is_in_transaction = is_in_transaction,
                                     .close = close_script};

static void on_done(void *ctx)
{
    struct io **io = ctx;
    done_ns = uv_hrtime();
    io_close(*io, NULL, NULL);
}

static void run_ops(const struct driver *used, struct io_op *ops, size_t count)
{
    uv_loop_t loop;
    struct conn_params params = {0};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct io *io = io_open(&loop, used, &params);
    io_run(io, ops, count, on_done, &io);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void run(struct io_op *op)
{
    run_ops(&driver, op, 1);
}

/* Runs the script to its end, and returns how long that took. */
static uint64_t run_script(void)
{
    struct io_op op = {.op = {.kind = OP_QUERY, .sql = "x", .sql_len = 1}};
    uint64_t begun_ns = uv_hrtime();
    run(&op);
    assert_int_equal(io_op_err(&op)->kind, ERR_NONE);
    return (done_ns - begun_ns) / 1000000;
}

static void begin(void)
{
    assert_int_equal(pipe(pipe_fds), 0);
    script = (struct conn){0};
}

static void a_time_ends_the_wait_for_a_silent_socket(void **state)
{
    (void)state;
    begin();
    script.wants[0] = (struct want){WANT_READ | WANT_TIMER, pipe_fds[0], SOON_MS};
    assert_true(run_script() >= SOON_MS - 5);
    assert_int_equal(script.at, 1);
    assert_int_equal(script.ready[0], WANT_TIMER);
}

static void a_socket_ends_the_wait_before_its_time(void **state)
{
    (void)state;
    begin();
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    script.wants[0] = (struct want){WANT_READ | WANT_TIMER, pipe_fds[0], LATE_MS};
    script.reads_at[0] = true;
    assert_true(run_script() < LATE_MS);
    assert_int_equal(script.at, 1);
    assert_int_equal(script.ready[0], WANT_READ);
}

/* A time that was wanted beside a socket is forgotten with it: the next wait has its own. */
static void an_old_time_does_not_end_the_next_wait(void **state)
{
    (void)state;
    begin();
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    script.wants[0] = (struct want){WANT_READ | WANT_TIMER, pipe_fds[0], SOON_MS};
    script.reads_at[0] = true;
    script.wants[1] = (struct want){WANT_TIMER, 0, 4 * SOON_MS};
    assert_true(run_script() >= 4 * SOON_MS - 5);
    assert_int_equal(script.ready[0], WANT_READ);
    assert_int_equal(script.ready[1], WANT_TIMER);
}

/* ---- two ops in one message ------------------------------------------------------------------- */

static const struct op *message;

static struct want start_message(struct conn *conn, const struct op *op)
{
    message = op;
    return conn->wants[0];
}

/* The first op is answered by the first step, the second never, until it is cancelled. */
static struct want step_message(struct conn *conn, unsigned ready)
{
    message->answer->is_over = true;
    if (conn->at == 1)
        err_set(op_make_err(message->joined), ERR_SQL, "cancelled");
    return step(conn, ready);
}

static void *ask_to_cancel(struct conn *conn)
{
    (void)conn;
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    return NULL;
}

static const struct driver joining = {.traits = DRIVER_JOINS_ALL,
                                      .open = open_script,
                                      .start = start_message,
                                      .step = step_message,
                                      .cancel_token = ask_to_cancel,
                                      .is_in_transaction = is_in_transaction,
                                      .close = close_script};

/* The time that those before it might have is not added to that of a message's last op. */
static void the_last_op_of_a_message_has_its_own_time(void **state)
{
    struct arena arena;
    (void)state;
    begin();
    arena_init(&arena);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    for (size_t i = 0; i < 2; i++) {
        script.wants[i] = (struct want){WANT_READ, pipe_fds[0], 0};
        script.reads_at[i] = true;
    }
    struct io_op ops[2];
    for (size_t i = 0; i < 2; i++)
        ops[i] = (struct io_op){
            .op = {.kind = OP_QUERY, .sql = "x", .sql_len = 1, .arena = &arena},
            .timeout_ms = i ? SOON_MS : 12 * LATE_MS,
            .joins_last = i,
        };
    uint64_t begun_ns = uv_hrtime();
    run_ops(&joining, ops, 2);
    assert_true((done_ns - begun_ns) / 1000000 < 12 * LATE_MS);
    assert_int_equal(io_op_err(&ops[0])->kind, ERR_NONE);
    assert_int_equal(io_op_err(&ops[1])->kind, ERR_TIMEOUT);
    arena_done(&arena);
}

/* What no driver looks at. */
static void checks_the_rows_of_an_answer(void **state)
{
    static const struct {
        struct answer answer;
        uint64_t rows_total;
        bool needs_rows;
        enum err_class expected;
    } cases[] = {
        {{.rows_changed = 2}, 2, false, ERR_NONE},
        {{.rows_changed = 7}, 0, false, ERR_NONE},
        {{.rows_changed = 0}, 1, false, ERR_INTERNAL},
        {{.rows_changed = 3}, 2, false, ERR_INTERNAL},
        {{.rows_seen = 1}, 0, true, ERR_NONE},
        {{.rows_seen = 0}, 0, true, ERR_SQL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct io_op op = {.op = {.kind = OP_SCRIPT, .sql = "x", .sql_len = 1, .arena = &arena},
                           .rows_total = cases[i].rows_total,
                           .needs_rows = cases[i].needs_rows};
        arena_init(&arena);
        begin();
        script.answer = cases[i].answer;
        run(&op);
        assert_int_equal(io_op_err(&op)->kind, cases[i].expected);
        arena_done(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_last_op_of_a_message_has_its_own_time),
    cmocka_unit_test(checks_the_rows_of_an_answer),
    cmocka_unit_test(a_time_ends_the_wait_for_a_silent_socket),
    cmocka_unit_test(a_socket_ends_the_wait_before_its_time),
    cmocka_unit_test(an_old_time_does_not_end_the_next_wait),
};

UNIT_MAIN(tests)
