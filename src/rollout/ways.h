/* Which way each tenant of a run goes: to the target, on to where it was going when an earlier run
 * left it, or back to where it stood before.
 *
 * Keeps per tenant where it stood before the rollout and where its plan leads: 12 bytes. Pure but
 * for memory.
 */
#ifndef ROLLOUT_WAYS_H
#define ROLLOUT_WAYS_H

#include "import/adopt.h"
#include "event/event.h"
#include "rollout/history.h"

struct ways;

struct ways_options {
    const struct chain *chain;
    const struct target *target;
    const struct adoption *adoption; /* NULL, or: the target is where another tool's table says */
    /* by tenant, of the run that this one goes on with; NULL: none */
    const struct standing *standings;
    size_t tenant_count;
    struct run_ids family; /* this run, and all others of its rollout */
};

struct ways *ways_new(const struct ways_options *options);
void ways_free(struct ways *ways);

/* From here on everyone goes back. */
void ways_turn_back(struct ways *ways);

/* The code of the error that says that a tenant has fallen back since an earlier run. */
#define WAYS_REGRESSED "regressed"

/* Those of errors that say why a tenant does not go back: others have worked on it since; and its history has
 * no trace of the rollout, so that it is another database than the one that was changed. */
#define WAYS_MOVED_ON "moved_on"
#define WAYS_NO_TRACE "no_trace"

struct ways_question {
    size_t tenant;
    struct rows rows;           /* where it stands; sorted */
    const struct grid *history; /* its rows (history.h) */
    const struct grid *foreign; /* with an adoption: what the other tool's table says */
    const char *begun;          /* the revision whose step was left half way; NULL: none */
};

/* The plan of a tenant; lives as long as the ways. NULL: err.
 * ERR_DRIFT with code WAYS_REGRESSED: the ledger says that the tenant was done, and it has fallen back;
 * with `moved_on`: it is to go back, and stands where the rollout did not leave it. */
const struct plan *ways_plan(struct ways *ways, const struct ways_question *question,
                             struct err *err) MUST_CHECK;

/* A tenant that goes back by a copy needs no steps: a plan without any, to where it stood before, after the
 * same look whether it may. */
const struct plan *ways_plan_of_copy(struct ways *ways, const struct ways_question *question,
                                     struct err *err) MUST_CHECK;

/* Has a run of the rollout left a row in the tenant's history? */
bool ways_has_trace(const struct ways *ways, const struct grid *history);

/* Going back, is there nothing of the rollout in the tenant: no trace of its runs, and it stands as before? */
bool ways_is_untouched(const struct ways *ways, const struct ways_question *question);
bool ways_is_back(const struct ways *ways);

/* What was known or is known now of where the tenant stood before, and of where it leads. */
void ways_note(struct ways *ways, size_t tenant, const struct rows *before,
               const struct rows *goal);
const struct rows *ways_before(const struct ways *ways, size_t tenant);
const struct rows *ways_goal(const struct ways *ways, size_t tenant);

#endif
