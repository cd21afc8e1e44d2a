/* What `revision` and `merge` share: from options to a new file in the chain's folder. */
#ifndef CLI_DRAFT_H
#define CLI_DRAFT_H

#include "chain/walk.h"
#include "cli/options.h"
#include "library/fleet.h"

/* Writes a revision of `parents` and says so, as Alembic does; the exit code. */
int cli_draft(struct fleet *fleet, const struct options *options, struct revisions parents);

#endif
