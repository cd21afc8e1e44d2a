/* The route of each tenant of a run: to the target, on to where it was going when an earlier run
 * left it, or back to where it stood before.
 *
 * Keeps per tenant where it stood before the rollout and where its plan leads: 12 bytes. Pure but
 * for memory.
 */
#ifndef ROLLOUT_ROUTES_H
#define ROLLOUT_ROUTES_H

#include "import/adopt.h"
#include "event/event.h"
#include "rollout/history.h"

struct routes;

struct routes_options {
    const struct chain *chain;
    const struct target *target;
    const struct adoption *adoption; /* NULL, or: the target is where another tool's table says */
    /* by tenant, of the run that this one goes on with; NULL: none */
    const struct standing *standings;
    size_t tenant_count;
    struct run_ids family; /* all runs of its rollout, this one at the end */
};

struct routes *routes_new(const struct routes_options *options);
void routes_free(struct routes *routes);

/* From here on every tenant is rolled back. */
void routes_roll_back(struct routes *routes);

/* The code of the error that says that a tenant has fallen back since an earlier run. */
#define ROUTES_REGRESSED "regressed"

/* Those of errors that say why a tenant is not rolled back: others have worked on it since; and its history has
 * no trace of the rollout, so that it is another database than the one that was changed. */
#define ROUTES_MOVED_ON "moved_on"
#define ROUTES_NO_TRACE "no_trace"

struct routes_question {
    size_t tenant;
    struct rows rows;           /* where it stands; sorted */
    const struct grid *history; /* its rows (history.h) */
    const struct grid *foreign; /* with an adoption: what the other tool's table says */
    const char *begun;          /* the revision whose step was left half way; NULL: none */
    bool is_recalled;           /* routes_recall has said so */
};

/* Before the plan: a run of the rollout has been in a tenant of which nothing is on record, for the ledger has lost its last commits. Where it
 * stood before is noted by what its history says, and where its plan leads from there: `+1` must not mean one more. True: so it was.
 * In a rollback only the former is noted: else the tenant would be taken back to the base, as one whose database the run has made. */
bool routes_recall(struct routes *routes, const struct routes_question *question);

/* Where the tenant stood before this run, by what it has left in the history; as history_before. */
bool routes_before_run(const struct routes *routes, const struct routes_question *question,
                       struct arena *arena, struct rows *ret_before);

/* The plan of a tenant; lives as long as the routes. NULL: err.
 * ERR_DRIFT with code ROUTES_REGRESSED: the ledger says that the tenant was done, and it has fallen back;
 * with `moved_on`: it is to be rolled back, and stands where the rollout did not leave it. */
const struct plan *routes_plan(struct routes *routes, const struct routes_question *question,
                               struct err *err) MUST_CHECK;

/* A tenant that is rolled back by a copy needs no steps: a plan without any, to where it stood before, after the
 * same look whether it may. */
const struct plan *routes_plan_of_copy(struct routes *routes,
                                       const struct routes_question *question,
                                       struct err *err) MUST_CHECK;

/* Has a run of the rollout left a row in the tenant's history? */
bool routes_has_trace(const struct routes *routes, const struct grid *history);
bool routes_is_own_run(const struct routes *routes, const char *run);

/* In a rollback, is there nothing of the rollout in the tenant: no trace of its runs, and it stands as before? */
bool routes_is_untouched(const struct routes *routes, const struct routes_question *question);
bool routes_is_rollback(const struct routes *routes);

/* Where the tenant stood before the rollout, and where its plan leads, as far as that was or is known. */
void routes_note(struct routes *routes, size_t tenant, const struct rows *before,
                 const struct rows *goal);
const struct rows *routes_before(const struct routes *routes, size_t tenant);
const struct rows *routes_goal(const struct routes *routes, size_t tenant);

#endif
