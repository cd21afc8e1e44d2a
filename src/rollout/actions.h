/* A batch of the work's actions as SQL: scripts with their guard, and what is written into the tenant's own tables with the
 * time that the scripts took, which is known only as the batch runs.
 *
 * Pure. The prepare functions run on whichever thread has the connection: they read a struct actions, which the loop made
 * before and leaves alone until the batch is over, and the answers (struct io_view); they know no session. Each op is
 * owned by its action; a deferred action has no op.
 */
#ifndef ROLLOUT_ACTIONS_H
#define ROLLOUT_ACTIONS_H

#include "dialect/template.h"
#include "link/io.h"
#include "rollout/checkpoint.h"
#include "rollout/work.h"

/* What the SQL is made from, besides the actions themselves. Borrowed for the length of the batch. */
struct actions {
    const struct dialect *dialect;
    struct sql_vars vars; /* what all rows have in common */
    enum plan_command command;
    const struct action *actions; /* of the work */
    size_t first;                 /* the first that is not committed */
    struct rows versions;         /* the version table, without what is not committed */
    uint64_t history_id;          /* of its history's newest row, the same */
    /* The first action of this batch; what the steps took that are recorded since `first`, but in earlier batches; and
     * what the step under way took there. */
    size_t begin;
    const struct step_done *done;
    double step_ms;
    struct repeat_count count; /* of the step of action `begin`, before this batch */
    bool is_thorough;          /* ACTION_REPEAT: that no row was changed says that none is left */
    enum sql_id guard;         /* after each script inside a transaction */
};

/* A piece inside our transaction, and in its message the guard, which makes sure that it still is. */
void actions_prepare_script(struct io_op *op, const struct io_view *view, struct buf *sql);
/* The history row of a checkpointed step: running, nothing done. */
void actions_prepare_start(struct io_op *op, const struct io_view *view, struct buf *sql);
/* So many of its statements are done. */
void actions_prepare_mark(struct io_op *op, const struct io_view *view, struct buf *sql);
/* A batch of what is repeated, whose op has the same owner: that it counted no row may not mean that it has changed none. */
void actions_prepare_batch_end(struct io_op *op, const struct io_view *view, struct buf *sql);

/* The same: how much is done by now. */
void actions_prepare_batch(struct io_op *op, const struct io_view *view, struct buf *sql);
/* The checksum of a file that is accepted as it is now. */
void actions_prepare_renew(struct io_op *op, const struct io_view *view, struct buf *sql);
/* The version rows and history rows of the steps since the record before; fills op->rows_total. */
void actions_prepare_record(struct io_op *op, const struct io_view *view, struct buf *sql);

/* The rows of the version table after the actions from `first` to before `end`. */
struct rows actions_rows(const struct actions *acting, size_t end, struct arena *arena);

/* How many history rows these actions add. */
uint64_t actions_count(const struct action *actions, size_t first, size_t end);

#endif
