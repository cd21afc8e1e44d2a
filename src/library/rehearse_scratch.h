/* Rehearsals on scratch databases: of tenants whose database takes no change of a table back, and of statements outside a
 * transaction. Tenants that stand at the same place, hold the same and have work to do are one group, for which it is done once, in a
 * scratch database that has their schema and none of their rows.
 *
 *     struct scratch_rehearsals rehearsals;
 *     scratch_rehearsals_make(&fleet, &request, &rehearsals);
 *     request.rehearsed = rehearsals.by_tenant; … the run …
 *     scratch_rehearsals_done(&rehearsals);
 *
 * The schema is what the chain makes, where that is what the tenants hold: then the rows that revisions add are there, too. Else it is
 * copied from a tenant, and compared after that.
 */
#ifndef LIBRARY_REHEARSE_SCRATCH_H
#define LIBRARY_REHEARSE_SCRATCH_H

#include "library/fleet.h"
#include "rollout/rehearsed.h"

struct scratch_rehearsals {
    struct arena arena;
    const struct rehearsed **by_tenant; /* of the fleet; NULL: none */
    int signal;                         /* that stopped it; 0: none */
};

/* What is under way: the work for one group of tenants, on one scratch database. */
struct scratch_work {
    size_t number, count; /* which of how many, from 1 */
    enum dialect_id dialect;
    size_t tenants;   /* of the group */
    const char *like; /* one of them */
    bool is_over;
    double duration_ms; /* is_over */
    const char *error;  /* is_over: why it failed, or what did; NULL: nothing */
};

/* Is told when the work for a group begins and when it is over. */
struct scratch_show {
    void (*on_work)(void *ctx, const struct scratch_work *work); /* NULL: no one is told */
    void *ctx;
};

/* Does nothing for a request that does not rehearse, or an inventory that names no server for it. What goes wrong is told of the
 * tenants (struct rehearsed: reason). The fleet, with chain and scripts, and the request are borrowed. */
void scratch_rehearsals_make(struct fleet *fleet, const struct request *request,
                             const struct scratch_show *show, struct scratch_rehearsals *ret);
void scratch_rehearsals_done(struct scratch_rehearsals *rehearsals);

#endif
