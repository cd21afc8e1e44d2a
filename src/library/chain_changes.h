/* In which files the chain here differs from that of a run, as the ledger knows it. */
#ifndef LIBRARY_CHAIN_CHANGES_H
#define LIBRARY_CHAIN_CHANGES_H

#include "ledger/ledger.h"
#include "library/fleet.h"

/* What is said of a file. */
struct chain_words {
    const char *changed;
    const char *gone;  /* of the run's chain, and not here */
    const char *fresh; /* here, and not of the run's chain */
};

/* `'versions/r2.sql' has changed, 'versions/r3.sql' is gone`, in the fleet's arena; "": an older skein's ledger does not know. The
 * fleet must have its chain. */
bool chain_changes(struct fleet *fleet, struct ledger *ledger, const char *digest,
                   const struct chain_words *words, const char **ret_text,
                   struct err *err) MUST_CHECK;

#endif
