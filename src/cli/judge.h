/* What the dialects' parsers say of the chain, told on stderr. */
#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include "cli/options.h"
#include "library/fleet.h"

/* False: a parser refuses something for certain. What it only doubts is told too, unless `is_quiet`. `dialects`:
 * DIALECT__COUNT of them, which are used; NULL: those of the selected tenants. Needs FLEET_SCRIPTS. */
bool cli_judge(struct fleet *fleet, const bool *dialects, bool is_quiet) MUST_CHECK;

/* The same, but for what a statement may not do inside a transaction. */
bool cli_judge_syntax(struct fleet *fleet, const bool *dialects, bool is_quiet) MUST_CHECK;

/* Whose SQL the chain is: that of the tenants which the file lists or whose sources it names, and of its sections; or that of
 * --dialect. */
void cli_find_dialects(const struct fleet *fleet, const struct options *options, bool *ret_used);

#endif
