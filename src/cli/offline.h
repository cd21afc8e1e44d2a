/* `--sql`: the script of an upgrade, a downgrade or a stamp instead of a run. */
#ifndef CLI_OFFLINE_H
#define CLI_OFFLINE_H

#include "cli/options.h"
#include "library/fleet.h"
#include "plan/plan.h"

/* Prints the script to stdout; the exit code. */
int cli_offline(struct fleet *fleet, const struct options *options, enum plan_command command);

/* What is read for it: with --dialect and no selection, no tenants. */
unsigned cli_offline_needs(const struct options *options);

#endif
