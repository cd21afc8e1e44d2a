/* What is known of a tenant in a run, and what an outcome makes of it: the rules by which the outcome of a rollback is told
 * together with the one that it rolls back, and by which a tenant's standing moves on. Report and ledger keep the
 * values in their own ways and follow these rules. Pure.
 *
 *     struct known_change change = known_change(&known, outcome);
 *     if (change.takes_error)
 *         …
 */
#ifndef EVENT_KNOWN_H
#define EVENT_KNOWN_H

#include "event/event.h"

/* Before the outcome. Zeroed: nothing is on record. */
struct known {
    bool is_on_record;
    bool has_outcome; /* of this run */
    bool is_begun;    /* an intent was made, by this run or an earlier one of the rollout */
    bool is_open;     /* this run made one, and no end of it is on record */
    bool has_changed; /* something of the rollout is committed in the tenant */
};

/* What the outcome changes. What it does not take stays as it is. */
struct known_change {
    /* One row tells of both: where it began, and since when, stay; attempts and durations add up, steps follow. */
    bool is_added;
    bool takes_error; /* what went wrong; also where nothing did */
    bool takes_to;    /* where it was left; also where that is not known any more */
    bool takes_state; /* of its standing: no run knows better than the one that could look */
    bool has_changed; /* by now */
    /* where the rollout has brought it: to where it was left, or nowhere any more */
    bool takes_reached, clears_reached;
};

struct known_change known_change(const struct known *known, const struct outcome *outcome);

#endif
