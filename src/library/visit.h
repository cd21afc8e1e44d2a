/* From a request to a run over the fleet's tenants: targets, waves, limits, the ledger, and what the inventory says where
 * the request does not. The command line and the public library share it.
 *
 *     struct visit_plan plan;
 *     if (visit_prepare(&fleet, &request, &plan, &err))
 *         rollout_run(&plan.rollout, observers, count);
 *     visit_done(&plan);
 */
#ifndef LIBRARY_VISIT_H
#define LIBRARY_VISIT_H

#include "library/fleet.h"
#include "rollout/rollout.h"

struct visit_plan {
    struct target target;
    struct adoption adoption;
    struct rollout_options rollout; /* borrows `target`, the request, the fleet and the ledger */
    struct ledger *ledger;          /* opened here; NULL: none, or the continued run's */
    char run_id[32];
    char note[128]; /* "", or what a person should know */
};

/* Does it open a ledger of its own? */
bool visit_needs_ledger(const struct request *request);

/* ERR_CHAIN: a target means nothing in this chain, or the chain has no revision. ERR_LEDGER: the ledger is held by another run
 * (LEDGER_HELD), or cannot be used. May raise the process's soft limit of file descriptors. The plan must
 * not move while it is used; visit_done ends it either way. */
bool visit_prepare(struct fleet *fleet, const struct request *request, struct visit_plan *ret_plan,
                   struct err *err) MUST_CHECK;
void visit_done(struct visit_plan *plan);

/* The exit code of a run that this error kept from beginning: 2; 5 where another run holds the ledger,
 * 6 where there can be none. */
int visit_exit_code(const struct err *err);

/* A rollback or downgrade without the down sections that it needs is refused before any tenant is touched:
 * where the request is a downgrade, or may have to roll back, plans all tenants and is false with a fault for
 * each file without a down section that is needed. `observer` (may be NULL) sees that plan. *ret_signal is the
 * signal that stopped the looking, 0: none. */
bool visit_can_roll_back(struct fleet *fleet, const struct request *request,
                         const struct observer *observer, int *ret_signal,
                         struct faults *faults) MUST_CHECK;

#endif
