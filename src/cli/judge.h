/* What the dialects' parsers say of the chain, told on stderr. */
#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include "library/fleet.h"

/* False: a parser refuses something for certain. What it only doubts is told too, unless `is_quiet`. `dialects`:
 * DIALECT__COUNT of them, which are used; NULL: those of the selected tenants. Needs FLEET_SCRIPTS. */
bool cli_judge(struct fleet *fleet, const bool *dialects, bool is_quiet) MUST_CHECK;

#endif
