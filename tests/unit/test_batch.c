/* A batch without a loop: what is made ready, what travels in one message, and which of its ops is judged. */
#include "unit/unit.h"

#include "link/batch.h"

enum { OPS_MAX = 4 };

/* A connection that gives each op the answer of the script, and notes what it was sent. */
struct conn {
    struct answer answers[OPS_MAX]; /* by the number of the op in the batch */
    struct io_op *ops;
    char messages[128]; /* `a+b;c;`: what travelled together */
};

static struct conn script;
static struct arena arena; /* the errors' */
static uint64_t now;

static struct conn *open_script(const struct conn_params *params)
{
    (void)params;
    return &script;
}

static struct want start(struct conn *conn, const struct op *first)
{
    for (const struct op *op = first; op; op = op->joined) {
        size_t at = (size_t)((const struct io_op *)(const void *)op - conn->ops);
        size_t used = strlen(conn->messages);
        snprintf(conn->messages + used, sizeof conn->messages - used, "%s%s", op->sql,
                 op->joined ? "+" : ";");
        *op->answer = conn->answers[at];
        if (answer_err(op->answer)->kind != ERR_NONE)
            break;
    }
    now += 5000000;
    return (struct want){WANT_NOTHING, -1, 0};
}

static bool is_in_transaction(const struct conn *conn)
{
    (void)conn;
    return false;
}

static uint64_t read_clock(void)
{
    return now;
}

static const struct driver joining = {.open = open_script,
                                      .start = start,
                                      .is_in_transaction = is_in_transaction,
                                      .traits = DRIVER_JOINS_ALL};
static const struct driver plain = {
    .open = open_script, .start = start, .is_in_transaction = is_in_transaction};

static struct io_op op_of(const char *sql, bool joins_last)
{
    return (struct io_op){
        .op = {.kind = OP_QUERY, .sql = sql, .sql_len = strlen(sql), .arena = &arena},
        .joins_last = joins_last};
}

/* Runs the ops to their end, each of which is over at once. */
static struct batch run(const struct driver *driver, struct io_op *ops, size_t count)
{
    struct batch batch;
    const struct conn_params params = {0};
    script.ops = ops;
    batch_init(&batch, driver, &params, read_clock);
    assert_false(batch_begin(&batch, ops, count));
    batch_done(&batch);
    return batch;
}

static void set_up(void)
{
    arena_done(&arena);
    arena_init(&arena);
    script = (struct conn){0};
    for (size_t i = 0; i < OPS_MAX; i++)
        script.answers[i].is_over = true;
}

static void joins_what_may_travel_together(void **state)
{
    struct io_op ops[] = {op_of("a", false), op_of("b", true), op_of("c", false)};
    (void)state;
    set_up();
    assert_int_equal(run(&joining, ops, 3).at, 3);
    assert_string_equal(script.messages, "a+b;c;");
    set_up();
    assert_int_equal(run(&plain, ops, 3).at, 3);
    assert_string_equal(script.messages, "a;b;c;");
}

static void prepare_nothing(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    (void)op, (void)view, (void)sql;
}

static void leaves_out_what_asks_nothing(void **state)
{
    struct io_op ops[] = {op_of("a", false), op_of("", true), op_of("c", true)};
    (void)state;
    ops[1].prepare = prepare_nothing;
    set_up();
    assert_int_equal(run(&joining, ops, 3).at, 3);
    assert_string_equal(script.messages, "a+c;");
}

static void the_first_that_fails_ends_the_batch(void **state)
{
    struct io_op ops[] = {op_of("a", false), op_of("b", true), op_of("c", true), op_of("d", false)};
    struct err err = {.kind = ERR_SQL};
    (void)state;
    set_up();
    script.answers[1].err = &err;
    script.answers[2].is_over = false;
    struct batch batch = run(&joining, ops, 4);
    assert_int_equal(batch.at, 1);
    assert_false(batch.is_broken);
    assert_string_equal(script.messages, "a+b+");
    assert_int_equal(io_op_err(&ops[0])->kind, ERR_NONE);
    assert_int_equal(io_op_err(&ops[1])->kind, ERR_SQL);
}

static void what_is_no_answer_to_the_question_breaks_it(void **state)
{
    static const struct grid_shape shape = {"!.", 1};
    static const char *const values[] = {"a", NULL};
    struct io_op ops[] = {op_of("a", false), op_of("b", true), op_of("c", false)};
    ops[1].op.shape = &shape;
    (void)state;
    set_up();
    script.answers[1].rows = (struct grid){values, 1, 2};
    assert_int_equal(run(&joining, ops, 3).at, 3);
    set_up(); /* no rows at all, as of a statement that has none to return */
    struct batch batch = run(&joining, ops, 3);
    assert_int_equal(batch.at, 1);
    assert_true(batch.is_broken);
    assert_true(io_op_err(&ops[1])->is_connection_lost && io_op_err(&ops[1])->is_transient);
    assert_string_equal(script.messages, "a+b;");
}

static void an_answer_that_ends_early_is_an_error_of_its_op(void **state)
{
    struct io_op ops[] = {op_of("a", false), op_of("b", true)};
    (void)state;
    set_up();
    script.answers[1].is_over = false;
    assert_int_equal(run(&joining, ops, 2).at, 1);
    assert_int_equal(io_op_err(&ops[0])->kind, ERR_NONE);
    assert_string_equal(io_op_err(&ops[1])->text,
                        "the answer ended before the last of its statements");
}

static void counts_the_rows_that_must_change(void **state)
{
    struct io_op ops[] = {op_of("a", false), op_of("b", true)};
    (void)state;
    set_up();
    ops[0].rows_total = 2;
    script.answers[0].rows_changed = 1;
    assert_int_equal(run(&joining, ops, 2).at, 0);
    assert_string_equal(io_op_err(&ops[0])->text, "a bookkeeping statement changed 1 rows, not 2");
}

static void a_lock_that_is_held_says_by_whom(void **state)
{
    struct io_op ops[] = {op_of("lock", false)};
    (void)state;
    set_up();
    ops[0].op.kind = OP_LOCK;
    script.answers[0].holder = "session 7";
    assert_int_equal(run(&plain, ops, 1).at, 0);
    assert_string_equal(io_op_err(&ops[0])->text,
                        "another run holds this tenant; held by session 7");
    assert_true(io_op_err(&ops[0])->is_transient);
}

static void a_lost_connection_breaks_it(void **state)
{
    struct io_op ops[] = {op_of("a", false)};
    struct err err = {.kind = ERR_CONNECT, .is_connection_lost = true};
    (void)state;
    set_up();
    script.answers[0].err = &err;
    assert_true(run(&plain, ops, 1).is_broken);
}

/* What the driver says of the joined one is taken off the whole. */
static void ops_of_one_message_share_its_time(void **state)
{
    struct io_op ops[] = {op_of("a", false), op_of("b", true)};
    (void)state;
    set_up();
    script.answers[1].duration_ms = 2;
    run(&joining, ops, 2);
    assert_int_equal((int)ops[0].answer.duration_ms, 3);
    assert_int_equal((int)ops[1].answer.duration_ms, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(joins_what_may_travel_together),
    cmocka_unit_test(leaves_out_what_asks_nothing),
    cmocka_unit_test(the_first_that_fails_ends_the_batch),
    cmocka_unit_test(what_is_no_answer_to_the_question_breaks_it),
    cmocka_unit_test(an_answer_that_ends_early_is_an_error_of_its_op),
    cmocka_unit_test(counts_the_rows_that_must_change),
    cmocka_unit_test(a_lock_that_is_held_says_by_whom),
    cmocka_unit_test(a_lost_connection_breaks_it),
    cmocka_unit_test(ops_of_one_message_share_its_time),
};

UNIT_MAIN(tests)
