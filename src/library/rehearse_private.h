/* A group of tenants that are rehearsed together, and a scratch database that is like them. Only rehearse_*.c include this. */
#ifndef LIBRARY_REHEARSE_PRIVATE_H
#define LIBRARY_REHEARSE_PRIVATE_H

#include "library/rehearse_scratch.h"
#include "library/scratch.h"
#include "schema/canonical.h"

struct rehearse_group {
    struct scratch_kind kind;
    struct rows from;
    bool is_missing; /* there is no database yet */
    struct fingerprint fingerprint;
    const char *engine;           /* engine and major versions (catalog.h); NULL: is_missing */
    const struct tenant *example; /* one of them */
};

/* Opens a scratch database that holds what the group's tenants hold, and stands where they do. False: err says why not. To be closed
 * either way. */
bool rehearse_stage(struct fleet *fleet, const struct rehearse_group *group,
                    struct scratch *scratch, struct rehearsed *result, struct err *err) MUST_CHECK;

#endif
