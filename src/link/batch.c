#include "link/batch.h"

#include "base/buf.h"

enum { SCRATCH_MAX = 64 * 1024 };

void batch_init(struct batch *batch, const struct driver *driver, const struct conn_params *params,
                uint64_t (*now_ns)(void))
{
    *batch = (struct batch){.driver = driver, .conn = driver->open(params), .now_ns = now_ns};
    arena_init(&batch->scratch);
}

void batch_done(struct batch *batch)
{
    arena_done(&batch->scratch);
}

bool batch_is_in_transaction(const struct batch *batch)
{
    return batch->driver->is_in_transaction(batch->conn);
}

/* ---- making operations ready ----------------------------------------------------------------- */

const struct io_op *io_view_find(const struct io_view *view, const void *owner)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->ops[i].owner == owner)
            return &view->ops[i];
    return NULL;
}

/* False: there is nothing to ask. */
static bool prepare_op(struct batch *batch, struct io_op *op)
{
    struct buf sql;
    op->op.answer = &op->answer;
    op->op.joined = NULL;
    if (op->prepare) {
        struct io_view view = {.ops = batch->ops,
                               .count = batch->count,
                               .info = &batch->info,
                               .is_in_transaction = batch_is_in_transaction(batch)};
        buf_init(&sql, BUF_MAX_DEFAULT);
        op->prepare(op, &view, &sql);
        op->op.sql_len = sql.len;
        op->op.sql = buf_into(&sql, &batch->scratch);
    }
    return op->op.kind != OP_QUERY || op->op.sql_len;
}

/* What has run needs its SQL no more. */
static void forget_sql(struct batch *batch)
{
    if (batch->scratch.used_bytes < SCRATCH_MAX && !batch->scratch.blocks)
        return;
    arena_done(&batch->scratch);
    arena_init(&batch->scratch);
}

/* Makes one message of the op and those after it that may travel with it. Those that turn out to be empty are left
 * out. */
static void join_ops(struct batch *batch, struct io_op *first)
{
    struct io_op *last = first, *end = batch->ops + batch->count;
    bool can_join = batch->driver->traits & (DRIVER_JOINS | DRIVER_JOINS_ALL);
    for (struct io_op *op = first + 1; can_join && op < end && op->joins_last; op++)
        if (prepare_op(batch, op)) {
            last->op.joined = &op->op;
            last = op;
        }
}

/* Starts the next op that there is something to ask by. False: the batch is over. */
static bool start_next(struct batch *batch)
{
    for (; batch->at < batch->count; batch->at++) {
        struct io_op *op = &batch->ops[batch->at];
        forget_sql(batch);
        if (!prepare_op(batch, op))
            continue;
        join_ops(batch, op);
        batch->begun_ns = batch->now_ns();
        atomic_store_explicit(&batch->shown_ns, batch->begun_ns, memory_order_relaxed);
        atomic_store_explicit(&batch->shown_at, batch->at, memory_order_relaxed);
        batch->want = batch->driver->start(batch->conn, &op->op);
        return true;
    }
    return false;
}

/* ---- judging answers --------------------------------------------------------------------------- */

/* The op after this one in its message, or NULL. */
static struct io_op *joined(const struct io_op *op)
{
    return (struct io_op *)(uintptr_t)op->op.joined; /* `op` is the first member */
}

struct io_op *batch_go_to_reached(struct batch *batch)
{
    struct io_op *op = &batch->ops[batch->at], *failed = op;
    while (failed && io_op_err(failed)->kind == ERR_NONE)
        failed = joined(failed);
    while (!failed && joined(op) && op->answer.is_over)
        op = joined(op);
    op = failed ? failed : op;
    batch->at = (size_t)(op - batch->ops);
    return op;
}

const struct io_op *batch_last_left(const struct batch *batch)
{
    struct io_op *first = &batch->ops[batch->at], *op = first;
    while (joined(op) && op->answer.is_over)
        op = joined(op);
    return op != first && !joined(op) ? op : NULL;
}

/* The driver says what joined ops took, if it knows; the first has the rest. */
static void share_duration(struct io_op *first, const struct io_op *last, double whole_ms)
{
    for (struct io_op *op = first; op != last; op = joined(op))
        whole_ms -= joined(op)->answer.duration_ms;
    first->answer.duration_ms = whole_ms > 0 ? whole_ms : 0;
}

/* Turns "lock not acquired" into ERR_LOCK; the answers of ops that were joined after it are ignored. */
static void check_lock(struct batch *batch, struct io_op *op)
{
    const struct answer *answer = &op->answer;
    if (op->op.kind != OP_LOCK || io_op_err(op)->kind != ERR_NONE || answer->is_locked ||
        (op->op.joined && !answer->is_over))
        return;
    struct err *err = op_make_err(&op->op);
    if (answer->is_pooled)
        batch->info.is_pooled = true;
    err_set(err, ERR_LOCK,
            answer->is_pooled ? "only a transaction can hold the lock"
                              : "another run holds this tenant");
    if (answer->holder)
        err_add(err, "; held by %s", answer->holder);
    err->is_transient = true;
}

/* What the driver does not look at. */
static void check_answer(const struct io_op *op)
{
    const struct answer *answer = &op->answer;
    if (op->op.shape)
        op_check_shape(&op->op, op->op.shape);
    if (io_op_err(op)->kind != ERR_NONE)
        return;
    if (op->rows_total && answer->rows_changed != op->rows_total)
        err_set(op_make_err(&op->op), ERR_INTERNAL,
                "a bookkeeping statement changed %llu rows, not %llu",
                (unsigned long long)answer->rows_changed, (unsigned long long)op->rows_total);
    if (op->needs_rows && !answer->rows_seen)
        err_set(op_make_err(&op->op), ERR_SQL, "the query to verify returned no row");
}

/* All that are joined went well as far as the driver can tell, or the chain has an error already. */
static void check_answers(struct io_op *first)
{
    for (struct io_op *op = first; op && op->answer.is_over; op = joined(op)) {
        if (io_op_err(op)->kind == ERR_NONE)
            check_answer(op);
        if (io_op_err(op)->kind != ERR_NONE)
            return;
    }
}

bool batch_finish_op(struct batch *batch)
{
    struct io_op *first = &batch->ops[batch->at];
    check_lock(batch, first);
    if (first->op.joined)
        check_answers(first);
    struct io_op *op = batch_go_to_reached(batch);
    share_duration(first, op, (double)(batch->now_ns() - batch->begun_ns) / 1e6);
    if (io_op_err(op)->kind == ERR_NONE && first->op.joined && !op->answer.is_over)
        err_set(op_make_err(&op->op), ERR_INTERNAL,
                "the answer ended before the last of its statements");
    if (io_op_err(op)->kind == ERR_NONE)
        check_answer(op);
    if (op->answer.info && io_op_err(op)->kind == ERR_NONE)
        batch->info = *op->answer.info;
    if (io_op_err(op)->kind != ERR_NONE) {
        batch->is_broken =
            batch->is_broken || io_op_err(op)->is_connection_lost || op->op.kind == OP_CONNECT;
        return false;
    }
    batch->at++;
    return start_next(batch);
}

bool batch_begin(struct batch *batch, struct io_op *ops, size_t count)
{
    batch->ops = ops;
    batch->count = count;
    batch->at = 0;
    batch->want = (struct want){0};
    bool has_begun = start_next(batch);
    while (has_begun && batch->want.bits == WANT_NOTHING)
        has_begun = batch_finish_op(batch);
    return has_begun;
}
