/* --behind: only the tenants that are not where the command leads. */
#ifndef CLI_BEHIND_H
#define CLI_BEHIND_H

#include "cli/options.h"
#include "library/fleet.h"

/* Asks the selected tenants where they stand, as a dry run of the command does (of one without a plan of its own: of a plan to
 * the heads), and takes those that have nothing to do out of the selection. A tenant that cannot be asked stays: it is not known
 * to be there. Needs FLEET_VISIT. False: no tenant is left (which --allow-empty allows), the look could not be made, or a signal
 * ended it; it was told on stderr, and *ret_exit_code is the program's. */
bool behind_narrow(struct fleet *fleet, const struct options *options,
                   int *ret_exit_code) MUST_CHECK;

#endif
