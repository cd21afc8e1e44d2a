/* What a dialect's own parser says of a chain's statements, before any database is asked. Pure.
 *
 * What is certain is a fault of the chain. A parser that may be older than the server only has doubts.
 */
#ifndef DIALECT_JUDGE_H
#define DIALECT_JUDGE_H

#include "dialect/script.h"

struct judging_chain {
    struct scripts *scripts;
    const struct chain *chain;
    const bool *used;   /* by dialect: may tenants speak it? */
    bool ignores_place; /* what a statement may not do in a transaction is left out */
};

/* Judges all statements that tenants of these dialects would run, in both directions. A script that cannot be made is
 * passed over: scripts_check tells of it. */
void judge_chain(const struct judging_chain *asked, struct faults *faults, struct faults *doubts);

#endif
