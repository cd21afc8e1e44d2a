/* `resume` and `rollback`: a run that goes on with one that the ledger knows. */
#ifndef CLI_CONTINUE_H
#define CLI_CONTINUE_H

#include "cli/options.h"
#include "library/fleet.h"

/* Goes on with the run that the first argument names, by default the newest of this inventory, or rolls it back. Tells
 * what a person should know of it first; returns the exit code. */
int cli_run_continuation(struct fleet *fleet, const struct options *options, bool is_rollback);

#endif
