/* What the tenants of a run are held to where it verifies schemas (`--verify-schema`, `rollout: {verify_schema: …}`): a dry run tells
 * at which places of the chain they stand and to which they go, and the chain is replayed up to there. Of a resume, it tells
 * which statements are in doubt too (verify_doubts.h).
 *
 *     struct verify verify;
 *     if (verify_prepare(&fleet, &request, &verify, &faults))
 *         request.verifying = verify.verifying; … the run …
 *     verify_done(&verify);
 */
#ifndef LIBRARY_VERIFY_H
#define LIBRARY_VERIFY_H

#include "library/fleet.h"

struct verify {
    struct verifying verifying; /* for the request of the run */
    int signal;                 /* that stopped it; 0: none */
    const char *
        note; /* in the fleet's arena: what could not be learnt of a statement in doubt; NULL: nothing */
};

/* True also for a request that verifies nothing: a run that stamps or rolls back, or that no one has asked to. False: what a
 * place makes cannot be known, as the faults say; no tenant is to be touched. Free it either way. */
bool verify_prepare(struct fleet *fleet, const struct request *request, struct verify *ret,
                    struct faults *faults) MUST_CHECK;
void verify_done(struct verify *verify);

#endif
