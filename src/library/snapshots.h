/* The copies of SQLite tenants that a run made before it changed them: `snapshots/<run id>/` in the
 * ledger's folder.
 */
#ifndef LIBRARY_SNAPSHOTS_H
#define LIBRARY_SNAPSHOTS_H

#include "base/err.h"

struct ledger;

/* Removes the folders of runs that are in the ledger no more, and whose copies no later run knows of.
 * A run makes its folder only once it is in the ledger, so one under way keeps its own. */
bool snapshots_sweep(struct ledger *ledger, const char *ledger_path, size_t *ret_removed,
                     struct err *err) MUST_CHECK;

#endif
