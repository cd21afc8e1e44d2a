/* Which tenants a run has that goes on with an earlier one: those of the earlier run, as far as the request means them and the
 * inventory still has them. A rollback has those that the earlier runs of its rollout may have changed, in reverse order, and also
 * those that left the inventory. */
#ifndef LIBRARY_CONTINUATION_TENANTS_H
#define LIBRARY_CONTINUATION_TENANTS_H

#include "library/continuation.h"

/* Makes them the fleet's selection, and fills in the continuation's standings, what is missing and what is left out.
 * `continuation->past` is read. ERR_LEDGER; ERR_CONFIG: a tenant of `request->only` is not of the run, or none of them is. */
bool continuation_select(struct continuation *continuation, struct fleet *fleet,
                         const struct continuation_request *request, struct err *err) MUST_CHECK;

#endif
