/* The copies of SQLite tenants that a run made before it changed them: `snapshots/<run id>/` in the
 * ledger's folder; where the ledger is on a server, in `.skein` beside the inventory.
 */
#ifndef LIBRARY_SNAPSHOTS_H
#define LIBRARY_SNAPSHOTS_H

#include "base/err.h"

struct arena;
struct inventory;
struct ledger;

/* The path in whose folder `snapshots` is. */
const char *snapshots_beside(struct arena *arena, const struct inventory *inventory);

/* The folder of a run's copies, as an absolute path; it is made with the first of them. `beside` as of
 * snapshots_beside. NULL: there can be none. */
const char *snapshots_folder(struct arena *arena, const char *beside, const char *run_id);

/* Removes the folders of runs that are in the ledger no more, and whose copies no later run knows of.
 * A run makes its folder only once it is in the ledger, so one under way keeps its own. */
bool snapshots_sweep(struct ledger *ledger, const char *beside, size_t *ret_removed,
                     struct err *err) MUST_CHECK;

#endif
