/* A tenant of a run that has left the inventory since, as the ledger remembers it: no one can connect to it, and a rollback without
 * it could not claim that all went back.
 *
 *     struct gone gone = {.ledger = ledger, .run = run.id, .arena = &fleet->arena};
 *     const struct tenant *tenant = gone_tenant(&gone, n, &err);
 */
#ifndef LIBRARY_GONE_H
#define LIBRARY_GONE_H

#include "ledger/ledger.h"

struct gone {
    struct ledger *ledger;
    const char *run;
    struct arena *arena; /* of what is returned */
    const struct tenant *const
        *remembered; /* the run's tenants as the ledger knows them; NULL: not read yet */
};

/* The run's tenant of that number; NULL: ERR_LEDGER. */
const struct tenant *gone_tenant(struct gone *gone, size_t n, struct err *err) MUST_CHECK;

#endif
