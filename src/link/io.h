/* One connection on the loop: joins what a driver wants to libuv. The only file that knows both.
 *
 * A batch of operations (struct io_op) runs in order until the first that fails. Operations that run on a worker
 * follow each other there without coming back to the loop, so a SQLite tenant costs a few hand-overs
 * and not dozens. The callback comes once a batch, never from inside io_run.
 *
 *     struct io *io = io_open(loop, driver, &params);
 *     io_run(io, ops, count, on_done, ctx);      on_done looks at ops[0 .. io_finished(io))
 *     io_close(io, NULL, NULL);
 *
 * While a batch runs, its ops (and what they point to, their arena) belong to the io.
 */
#ifndef LINK_IO_H
#define LINK_IO_H

#include <uv.h>

#include "link/batch.h"

struct io;

typedef void (*io_done_fn)(void *ctx);

/* `params` is copied, what it points to borrowed until the io is closed. */
struct io *io_open(uv_loop_t *loop, const struct driver *driver, const struct conn_params *params);

/* Runs ops[0], ops[1], …; on_done comes later, on the loop. One batch at a time. */
void io_run(struct io *io, struct io_op *ops, size_t count, io_done_fn on_done, void *ctx);

/* How many ops of the last batch were begun; all but the last of them went well. */
size_t io_finished(const struct io *io);

/* Brings a connection that was made like new to another database (driver.move): the first op that comes must be one that
 * connects. */
void io_move(struct io *io, const struct conn_params *params);

/* What is under way, for who shows it. */
struct io_progress {
    size_t at;         /* the op */
    size_t statements; /* of it that are done, as far as is known */
    uint64_t begun_ns; /* when its message was sent (uv_hrtime) */
};

/* For the loop at any time; false: no batch is under way. */
bool io_progress(const struct io *io, struct io_progress *ret_progress);

/* Asks the database to stop what is under way; where it does not within a few seconds, the
 * connection is given up. The failing op says ERR_CANCELLED. Nothing happens without a batch. */
void io_cancel(struct io *io);

/* Is the connection of no use any more, so that it must be closed? */
bool io_is_broken(const struct io *io);

/* May another use it once it was made like new? Not where something was to be stopped: the word may arrive when the next
 * operation is under way. */
bool io_may_be_left(const struct io *io);

/* What is known of the connection. Only for the loop and between two batches: while a batch runs, a worker may write
 * it. */
const struct conn_info *io_info(const struct io *io);

/* What was known of the connection when the loop last had it. For the loop at any time. */
const struct conn_info *io_known_info(const struct io *io);

/* Notes that a pooling proxy is in between: the handshake did not show it, but an answer did. */
void io_set_pooled(struct io *io);
bool io_is_in_transaction(const struct io *io);

/* Closes and frees; no batch may run. `on_closed` (may be NULL) comes later, on the loop. */
void io_close(struct io *io, io_done_fn on_closed, void *ctx);

#endif
