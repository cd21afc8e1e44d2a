/* What is to be done in one tenant, flattened: scripts, records and checkpoints in order, each inside
 * or outside a transaction. Pure: a plan and scripts in, actions out.
 *
 * Actions that follow each other inside a transaction form one transaction, up to one that `ends_unit` or to
 * one outside. A step whose script runs partly outside is checkpointed: START writes its history row, MARK
 * counts its statements, RECORD finishes it with the version rows and ends the transaction. A REPEAT stands between
 * two transactions, and has as many of its own as it takes. No other session
 * sees a transaction's rows before its end, so its steps are recorded together, there.
 */
#ifndef ROLLOUT_WORK_H
#define ROLLOUT_WORK_H

#include "dialect/script.h"
#include "inventory/inventory.h"
#include "plan/plan.h"
#include "rollout/unfinished.h"

enum action_kind {
    ACTION_SCRIPT, /* one piece of the revision */
    ACTION_START,  /* history row of a checkpointed step: running, nothing done */
    ACTION_VERIFY, /* a query of the author's returns a row */
    ACTION_WATCH,  /* what is broken before a step that may break something is noted (OP_WATCH), */
    ACTION_CHECK,  /* and what is broken after it is looked for */
    ACTION_MARK,   /* `statements` of it are done */
    ACTION_REPEAT, /* one piece of the revision again and again, until it changes no row; then it is counted */
    ACTION_RENEW,  /* a file that was changed after it was applied counts as applied as it is now */
    ACTION_BEFORE, /* of a rehearsal: what there is before it, */
    ACTION_SEEN,   /* what the script before this has locked, */
    ACTION_SETTLE, /* and what a commit would check */
    ACTION_RECORD, /* the step is done: version rows, and its history row */
};

struct action {
    enum action_kind kind;
    const struct step *step;
    const struct script *script; /* NULL: a stamp */
    /* ACTION_SCRIPT, ACTION_REPEAT: the piece to run; ACTION_VERIFY: the piece that it follows */
    const struct piece *piece;
    const struct author_query *verify; /* ACTION_VERIFY */
    size_t statements;                 /* done, once this action is */
    const char *
        checkpoint; /* ACTION_START, ACTION_MARK, ACTION_REPEAT: the row's checksum (checkpoint.h), */
    const char *until_done; /* ACTION_REPEAT: and the one as long as rows change */
    uint64_t history_id;    /* ACTION_RENEW: its row, */
    const char *renewed;    /* and the checksum that is in it */
    bool is_in_transaction;
    bool is_checkpointed; /* ACTION_RECORD: the history row is there already */
    bool is_deferred;     /* ACTION_RECORD: the next one of the transaction writes this one too */
    bool ends_unit;       /* the transaction ends after this action */
};

/* Has it nothing to run of its own? */
static inline bool action_is_deferred(const struct action *action)
{
    return action->kind == ACTION_RECORD && action->is_deferred;
}

/* Is it asked in a rehearsal alone? */
static inline bool action_is_of_rehearsal(const struct action *action)
{
    return action->kind == ACTION_BEFORE || action->kind == ACTION_SEEN ||
           action->kind == ACTION_SETTLE;
}

struct work {
    const struct action *actions;
    size_t count;
};

struct work_request {
    const struct plan *plan;
    struct scripts *scripts; /* NULL: a stamp, nothing but version rows */
    const struct dialect *dialect;
    enum transaction_mode mode;
    struct unfinished unfinished;
};

/* ERR_CHAIN: a script is at fault; or `unfinished` does not fit (then *ret_fault: a person must
 * look). err names file and line. */
bool work_build(struct arena *arena, const struct work_request *request, struct work *ret_work,
                enum unfinished_fault *ret_fault, struct err *err) MUST_CHECK;

#endif
