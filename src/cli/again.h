/* `resume` and `rollback`: a run that goes on with one that the ledger knows. */
#ifndef CLI_AGAIN_H
#define CLI_AGAIN_H

#include "cli/options.h"
#include "library/fleet.h"

int cli_run_again(struct fleet *fleet, const struct options *options, bool is_rollback);

#endif
