/* Which run is gone on with, or rolled back, where none is named. */
#ifndef LIBRARY_NEWEST_H
#define LIBRARY_NEWEST_H

#include "ledger/ledger.h"
#include "library/fleet.h"

struct newest {
    struct ledger_run run;
    /* Other runs of the inventory that are unfinished, the newest first. In the fleet's arena. */
    const struct ledger_run **others;
    size_t other_count;
    bool
        is_due; /* there is something to go on with, or to roll back; else it is the newest run as such */
};

/* The newest run of this inventory that can be resumed, or rolled back: a run of no tenants, or one that changed nothing,
 * does not stand in front of an older one. Where there is none, the newest run. LEDGER_NO_RUN. */
bool newest_find(struct fleet *fleet, struct ledger *ledger, bool is_rollback,
                 struct newest *ret_newest, struct err *err) MUST_CHECK;

#endif
