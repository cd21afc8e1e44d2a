/* Going on with a run that the ledger knows: `resume` brings it to its end, `rollback` rolls it back.
 *
 *     struct continuation continuation;
 *     if (!continuation_open(&fleet, &asked, &continuation, &err)) …
 *     continuation_fill(&continuation, &request);
 *     prepare_run(&fleet, &request, &prepared, &err) …
 *     continuation_close(&continuation);
 *
 * The fleet's selection becomes that of the run.
 */
#ifndef LIBRARY_CONTINUATION_H
#define LIBRARY_CONTINUATION_H

#include "ledger/ledger.h"
#include "library/fleet.h"
#include "library/prepare.h"

struct continuation_request {
    const char
        *run; /* id or the beginning of one; NULL: the newest that can be gone on with (newest.h) */
    bool is_rollback;
    bool accepts_chain_change;
    bool is_dry_run; /* the ledger is only read, and the run that holds it may go on */
    /* Only these of the run's tenants, of the fleet's inventory; NULL: all. */
    const struct tenant *const *only;
    size_t only_count;
};

struct continuation {
    struct ledger *ledger; /* locked, but for a dry run */
    char run_id[32];       /* of the run that is made */
    /* the one to go on with: the newest of those that resumed the one asked for */
    struct ledger_run run;
    bool is_newest; /* no run was named */
    bool is_due;    /* where none was named: there is something to go on with, or to roll back */
    /* and then: other runs that are unfinished, the newest first */
    const struct ledger_run **others;
    size_t other_count;
    bool is_of_other;       /* the run was made with another inventory, and named */
    bool is_rollback;       /* asked for, or what was left of the run was its rollback */
    bool is_rollback_begun; /* some of it was taken back already */
    bool is_part; /* it goes on with a rollback of a selection, and has no other tenants */
    /* it goes back since a rollout failed, and not because someone asked for it */
    bool ends_failure;
    const struct verb *verb;        /* of the run that is made */
    const struct verb *rolled_back; /* where it goes back: the first run's; else NULL */
    const char *const *targets;     /* as they were resolved then */
    size_t target_count;
    const struct standing *standings; /* by tenant of the selection */
    /* Tenants that the request leaves out. A resume has them in its run, and does not come to them; a rollback has them not. */
    size_t left_out_count;
    const bool *is_left_out; /* by tenant of the selection; NULL: none */
    bool leaves_changed;     /* the rollout has changed one of them */
    const struct ledger_fleet *past;
    struct run_ids family; /* all runs of the rollout */
    /* Tenants of the run that left the inventory: a resume does without them; a rollback cannot
     * reach them, and so does not end well. */
    size_t missing_count;
    const char *missing; /* one of them; NULL: none */
};

/* Opens the fleet's ledger, finds the run that is to be gone on with, and makes its tenants the fleet's selection. Strings
 * live as long as the fleet. ERR_LEDGER; ERR_CONFIG: nothing to go on with, a run of which a part was rolled back, a tenant in `only` that
 * is none of the run's, or a newer skein's run that this one cannot go on with; ERR_CHAIN: the
 * chain has changed since. */
bool continuation_open(struct fleet *fleet, const struct continuation_request *request,
                       struct continuation *ret_continuation, struct err *err) MUST_CHECK;

/* Lets the ledger go; may be called twice. */
void continuation_close(struct continuation *continuation);

/* What the earlier run was asked to do is asked for once more: the verb, its targets and what changes them. A rollback
 * has no waves and lets no failure stop it, whatever the request said. The request borrows it. */
void continuation_fill(struct continuation *continuation, struct request *request);

/* What the earlier run leaves to this one: its standings, the ids of the rollout's runs, and what is left of soaks. The
 * rollout's waves must be made. */
void continuation_apply(const struct continuation *continuation, struct rollout_options *rollout);

#endif
