/* A rehearsal: the work of a tenant as one transaction that is rolled back, and what is seen of it on the way. Pure.
 *
 *     struct rehearsal rehearsal;
 *     rehearsal_begin(&rehearsal, &arena);
 *     rehearsal_work(&rehearsal, dialect, &work, &ret_work);      the actions that run, one statement each
 *     rehearsal_take(&rehearsal, action, &result);                of each that ran, in their order
 *     … rehearsal.items …
 *
 * All lives in the arena.
 */
#ifndef ROLLOUT_REHEARSAL_H
#define ROLLOUT_REHEARSAL_H

#include "base/grid.h"
#include "event/event.h"
#include "rollout/rehearsed.h"
#include "rollout/work.h"

struct rehearsal {
    struct arena *arena;
    struct seen *items;
    size_t count, capacity;
    struct rehearsal_relation *relations; /* that there were before it, by number */
    size_t relation_count;
    double elapsed_ms;        /* that its statements have taken, */
    double last_ms;           /* and the last of them alone; */
    double ended_ms;          /* when the transaction before ended */
    bool is_blocking;         /* it holds a lock that keeps others waiting, */
    double blocking_since_ms; /* since then */
    size_t open;              /* of the items: their transaction has not ended */
    size_t waiting;           /* sessions that waited for it when it was looked at last */
    size_t left_out;          /* statements that do not run */
    size_t after_left_out;    /* the first action after one of them; SIZE_MAX: none is left out */
    /* what came of the tenant's plan on a scratch database; NULL: it was not rehearsed there */
    const struct rehearsed *elsewhere;
    bool is_on_scratch; /* it is such a rehearsal itself */
    size_t
        fails_elsewhere; /* the first action after one that is left out and fails there; SIZE_MAX: none does */
    bool
        has_ended; /* a transaction that the work would have committed is over, and others come after it */
};

void rehearsal_begin(struct rehearsal *rehearsal, struct arena *arena);

/* What a rehearsal does of the work: all that a transaction can hold and a rollback takes back. What is left out is noted. Steps
 * that would be transactions of their own are parts of one. */
void rehearsal_work(struct rehearsal *rehearsal, const struct dialect *dialect,
                    const struct work *whole, struct work *ret_work);

/* May what this action lacks be what a statement that was left out would have made? */
bool rehearsal_may_lack(const struct rehearsal *rehearsal, size_t action);

/* What an action came to. */
struct rehearsal_result {
    double duration_ms;
    uint64_t rows_changed;
    struct grid rows; /* of ACTION_BEFORE and ACTION_SEEN */
};

void rehearsal_take(struct rehearsal *rehearsal, const struct action *action,
                    const struct rehearsal_result *result);

/* Does anyone wait for it who may have waited for longer than that? */
bool rehearsal_gives_way(const struct rehearsal *rehearsal, uint64_t patience_ms);

/* On a copy a transaction was committed whose last action is this: for so long it had the lock of who writes. */
void rehearsal_take_commit(struct rehearsal *rehearsal, const struct action *last);

/* The transaction ends: for how long its locks were held is known. */
void rehearsal_end(struct rehearsal *rehearsal);

/* Notes something of an action's step. Borrows the texts. */
void rehearsal_note(struct rehearsal *rehearsal, const struct action *action,
                    const struct seen *seen);

#endif
