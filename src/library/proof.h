/* Whether tenants hold what a run would write down of them: asked before a stamp or an adoption begins.
 *
 *     struct proof proof;
 *     if (!proof_of_stamp(&fleet, &request, &proof, &faults)) … no tenant is touched, faults say which differ, and in what …
 *     if (proof.note) … what could not be compared …
 *
 * Every tenant that the run would stamp is read, and compared with what the chain makes up to where the stamp leads (drift.h).
 * Not compared are: tenants that stand there already or are stamped to base, since nothing new is said of them; those of an
 * engine for which no scratch database can be had; and those of which the chain cannot be replayed. --force and --purge ask
 * nothing. A tenant that is adopted may hold more than the chain makes: the other tool's table, say, or what its repeatable
 * scripts have made.
 */
#ifndef LIBRARY_PROOF_H
#define LIBRARY_PROOF_H

#include "library/fleet.h"

struct proof {
    const char
        *note;  /* in the fleet's arena: how many could not be compared, and why; NULL: none */
    int signal; /* that stopped it; 0: none */
    /* By tenant of the fleet, in its arena, for the request of the run: it could not be read. NULL: nothing was compared. */
    const bool *is_unproved;
};

/* True also for a request that is no such run. */
bool proof_of_stamp(struct fleet *fleet, const struct request *request, struct proof *ret,
                    struct faults *faults) MUST_CHECK;

#endif
