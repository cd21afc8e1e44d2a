/* What a run that only looks would run, beside lint's rules, weighed by the tables of the tenants that have work.
 *
 *     struct plan_lint plan_lint;
 *     plan_lint_begin(&plan_lint, fleet, &request, is_quiet);
 *     plan_lint_ask(&plan_lint, &request);          the run asks tenants for sizes
 *     … the run, with plan_lint_observer(&plan_lint) …
 *     plan_lint_report(&plan_lint, report);
 *     plan_lint_end(&plan_lint);
 */
#ifndef CLI_PLAN_LINT_H
#define CLI_PLAN_LINT_H

#include "library/fleet_lint.h"
#include "library/table_weights.h"
#include "lint/told.h"

struct report;

struct plan_lint {
    struct lint lint;
    struct table_weights weights;
    bool hides_sql;
    bool *is_pending[DIRECTION__COUNT]; /* by revision */
    struct told_findings told;          /* once it was reported */
};

/* Faults of waivers are told as notes: 'skein lint' refuses them. */
void plan_lint_begin(struct plan_lint *plan_lint, const struct fleet *fleet,
                     const struct request *request, bool is_quiet);
void plan_lint_ask(const struct plan_lint *plan_lint, struct request *request);
struct observer plan_lint_observer(struct plan_lint *plan_lint);
void plan_lint_report(struct plan_lint *plan_lint, struct report *report);
void plan_lint_end(struct plan_lint *plan_lint);

#endif
