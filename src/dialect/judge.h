/* What a dialect's own parser says of a chain's statements, before any database is asked. Pure.
 *
 * What is certain is a fault of the chain. A parser that may be older than the server only has doubts.
 */
#ifndef DIALECT_JUDGE_H
#define DIALECT_JUDGE_H

#include "dialect/script.h"

/* Judges all statements that tenants of the dialect would run, in both directions. A script that cannot be made is passed
 * over: scripts_check tells of it. */
void judge_chain(struct scripts *scripts, const struct chain *chain, const struct dialect *dialect,
                 struct faults *faults, struct faults *doubts);

#endif
