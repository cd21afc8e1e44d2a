/* From a request to a run over the fleet's tenants: targets, waves, limits, the ledger, and what the inventory says where
 * the request does not. The command line and the public library share it.
 *
 *     struct prepared_run prepared;
 *     if (prepare_run(&fleet, &request, &prepared, &err))
 *         rollout_run(&prepared.rollout, observers, count);
 *     prepare_done(&prepared);
 */
#ifndef LIBRARY_PREPARE_H
#define LIBRARY_PREPARE_H

#include "library/fleet.h"
#include "library/rehearsals.h"
#include "rollout/rollout.h"

/* What rollout_run needs for the request and this fleet. It must not move while it is used. */
struct prepared_run {
    struct target target;
    struct adoption adoption;
    struct rollout_options rollout; /* borrows `target`, the request, the fleet and the ledger */
    struct rehearsals rehearsals;
    struct ledger *ledger; /* opened here; NULL: none, or the continued run's */
    char run_id[32];
    char note[128];             /* "", or what a person should know */
    struct rollout_share share; /* where other machines may join the run */
};

/* Will prepare_run open a ledger of the run's own, and wait for it? */
bool prepare_needs_ledger(const struct request *request);

/* prepare_back.c. Is there more to be looked at before the run begins: are its tenants shown, planned or compared? */
bool prepare_looks_first(const struct fleet *fleet, const struct request *request);

/* Borrows the fleet and the request; prepare_done ends what was prepared, whether it was or not. ERR_CHAIN: a target means
 * nothing in this chain, or the chain has no revision. ERR_CONFIG: there is no such wave or tool. ERR_LEDGER: the ledger is
 * held by another run (LEDGER_HELD), or cannot be used. May raise the process's soft limit of file descriptors. */
bool prepare_run(struct fleet *fleet, const struct request *request,
                 struct prepared_run *ret_prepared, struct err *err) MUST_CHECK;
void prepare_done(struct prepared_run *prepared);

/* The same of a run that another machine has begun, and of which this one has read the waves; the ledger is the caller's. */
bool prepare_joined(struct fleet *fleet, const struct request *request,
                    const struct rollout_wave *waves, size_t wave_count,
                    struct prepared_run *ret_prepared, struct err *err) MUST_CHECK;

/* What is asked for where tenants fail: by the request, or else by the inventory. */
enum on_failure prepare_policy(const struct request *request, const struct rollout_rules *rules);

/* The exit code of a run that this error kept from beginning: 2; 5 where another run holds the ledger,
 * 6 where there can be none. */
int prepare_exit_code(const struct err *err);

/* prepare_back.c. A rollback or downgrade without the down sections that it needs is refused before any tenant is touched:
 * where the request is a downgrade, or may have to roll back, plans all tenants and is false with a fault for
 * each file without a down section that is needed. `observer` (may be NULL) sees that plan. *ret_signal is the
 * signal that stopped the looking, 0: none. */
bool prepare_can_roll_back(struct fleet *fleet, const struct request *request,
                           const struct observer *observer, int *ret_signal,
                           struct faults *faults) MUST_CHECK;

#endif
