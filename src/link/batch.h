/* A batch of operations on one connection, without a loop: makes each ready just before it is started, joins those that may
 * travel in one message, and judges what was answered.
 *
 * It never waits. `want` says what the driver waits for: who has brought that about calls the driver's `step` (after
 * `work` on a worker), and batch_finish_op where that leaves nothing to wait for. io.h does so on libuv's loop. All of it
 * runs on whichever thread has the connection; no other may look at the batch meanwhile.
 *
 *     for (bool goes_on = batch_begin(&batch, ops, count); goes_on;) {
 *         … bring about batch.want …
 *         batch.want = driver->step(batch.conn, ready);
 *         while (goes_on && batch.want.bits == WANT_NOTHING)
 *             goes_on = batch_finish_op(&batch);
 *     }
 */
#ifndef LINK_BATCH_H
#define LINK_BATCH_H

#include <stdatomic.h>

#include "base/arena.h"
#include "driver/driver.h"

struct buf;
struct io_op;

/* What is known in the middle of a batch. */
struct io_view {
    const struct io_op *ops; /* of the batch; those that are over have their answers */
    size_t count;
    const struct conn_info *info;
    bool is_in_transaction;
};

/* Makes an op's SQL just before the op is started: from its input, which no one changes while the batch runs, and from
 * what earlier ops were answered. It runs on whichever thread has the connection and touches nothing else; what it
 * finds out beside the SQL goes into the op. Empty SQL: an OP_QUERY is left out. */
typedef void (*io_prepare_fn)(struct io_op *op, const struct io_view *view, struct buf *sql);

/* An operation of a batch: what the driver is asked, what it answers, and what is asked of the batch and the io. */
struct io_op {
    struct op op; /* `answer` and `joined` are set by the batch */
    struct answer answer;
    /* Whose it is, for who finds it in the batch afterwards; the batch does not look. */
    const void *owner;
    /* It may travel with the op before it in one message (op.joined), where the driver can. */
    bool joins_last;
    bool needs_rows;     /* OP_SCRIPT: the last statement must return a row, or it fails */
    uint64_t rows_total; /* that its statements must change together; 0: unchecked */
    /* By the io: for the whole operation, and those that travel with it; 0: none. */
    uint64_t timeout_ms;
    io_prepare_fn prepare; /* NULL: `sql` is there */
    const void *input;     /* for `prepare` */
};

/* The op of that owner, or NULL. */
const struct io_op *io_view_find(const struct io_view *view, const void *owner);

static inline const struct err *io_op_err(const struct io_op *op)
{
    return answer_err(&op->answer);
}

/* The value at a row and column of its answer, or NULL. */
static inline const char *io_op_value(const struct io_op *op, size_t row, size_t column)
{
    return grid_value(&op->answer.rows, row, column);
}

struct batch {
    const struct driver *driver;
    struct conn *conn;
    struct conn_info info; /* what connecting and answers have told */
    bool is_broken;        /* the connection must be thrown away */
    struct io_op *ops;     /* borrowed while the batch runs */
    size_t count;
    size_t at; /* the op under way; after the end, the one that failed, or `count` */
    /* the op that was started last, and when: for other threads to read at any time */
    atomic_size_t shown_at;
    atomic_uint_fast64_t shown_ns;
    struct want want;     /* of the driver, for the op under way */
    struct arena scratch; /* SQL that was prepared, until it has run */
    uint64_t (*now_ns)(void);
    uint64_t begun_ns; /* when the op under way was started */
};

/* Opens a connection that is not connected yet. `params` is copied, what it points to borrowed until batch_done. `now_ns` is
 * a clock that no one sets, which the durations of operations are taken from. */
void batch_init(struct batch *batch, const struct driver *driver, const struct conn_params *params,
                uint64_t (*now_ns)(void));

/* Frees all but the connection, which `driver->close` has closed by then. */
void batch_done(struct batch *batch);

/* Starts the first op that wants something. False: the batch is over already. */
bool batch_begin(struct batch *batch, struct io_op *ops, size_t count) MUST_CHECK;

/* Takes the end of the op under way, whose driver wants nothing more, and starts the next one. False: the batch is over,
 * with an error in the op at `at` or without one. */
bool batch_finish_op(struct batch *batch) MUST_CHECK;

/* Among the ops of the message under way, goes to the one to judge: the first that failed, else the first without an
 * answer, else the last. */
struct io_op *batch_go_to_reached(struct batch *batch);

/* The last op of the message under way, once all before it there are answered; NULL: there is one more, or the op has no other
 * with it. */
const struct io_op *batch_last_left(const struct batch *batch);

bool batch_is_in_transaction(const struct batch *batch);

#endif
