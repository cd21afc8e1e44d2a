/* --state: the tenants that stand in one of some states in the report of a run. */
#ifndef LIBRARY_STATES_H
#define LIBRARY_STATES_H

#include "base/map.h"
#include "library/fleet.h"

struct states {
    struct arena arena;
    const char *asked; /* `failed,skipped@RUN`, with the whole id of the run */
    bool is_wanted[TENANT__COUNT];
    struct map names;             /* of the run's tenants in these states */
    size_t totals[TENANT__COUNT]; /* of all tenants of the run */
};

/* `text` is `STATE,…`, in the report of the newest run of this inventory, or `STATE,…@RUN`, where RUN is an id or the
 * beginning of one. ERR_CONFIG: a word is no state. ERR_LEDGER: there is no such run, or no ledger yet. states_done frees
 * it, whether it was read or not. */
bool states_read(struct fleet *fleet, const char *text, struct states *ret_states,
                 struct err *err) MUST_CHECK;
void states_done(struct states *states);

/* Adds "no tenant is failed or skipped in run …, which has 3 succeeded". */
void states_add_none(const struct states *states, struct err *err);

#endif
