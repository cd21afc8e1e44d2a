/* The copies of SQLite tenants that a run made before it changed them: `snapshots/<run id>/` in the
 * ledger's folder.
 */
#ifndef LIBRARY_SNAPSHOTS_H
#define LIBRARY_SNAPSHOTS_H

#include "base/err.h"

struct arena;
struct ledger;

/* The folder of a run's copies, as an absolute path; it is made with the first of them. NULL where the
 * ledger is no file. */
const char *snapshots_folder(struct arena *arena, const char *ledger_path, const char *run_id);

/* Removes the folders of runs that are in the ledger no more, and whose copies no later run knows of.
 * A run makes its folder only once it is in the ledger, so one under way keeps its own. */
bool snapshots_sweep(struct ledger *ledger, const char *ledger_path, size_t *ret_removed,
                     struct err *err) MUST_CHECK;

#endif
