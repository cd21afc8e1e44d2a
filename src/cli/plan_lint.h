/* What a plan would run, beside lint's rules, weighed by the tables of the tenants that have work.
 *
 *     struct plan_lint plan_lint;
 *     plan_lint_begin(&plan_lint, fleet, is_quiet);
 *     plan_lint_ask(&plan_lint, &request);          the run asks tenants for sizes
 *     … the run, with plan_lint_observer(&plan_lint) …
 *     plan_lint_report(&plan_lint, report);
 *     plan_lint_end(&plan_lint);
 */
#ifndef CLI_PLAN_LINT_H
#define CLI_PLAN_LINT_H

#include "base/map.h"
#include "library/fleet_lint.h"
#include "lint/weigh.h"

struct report;

struct plan_lint {
    struct lint lint;
    struct map by_table;          /* of `weights` */
    struct table_weight *weights; /* `tenants` 0: no one has it */
    const char **tables;
    size_t table_count;
    size_t asked;
    bool *is_pending; /* by revision */
};

/* Faults of waivers are told as notes: 'skein lint' refuses them. */
void plan_lint_begin(struct plan_lint *plan_lint, const struct fleet *fleet, bool is_quiet);
void plan_lint_ask(const struct plan_lint *plan_lint, struct request *request);
struct observer plan_lint_observer(struct plan_lint *plan_lint);
void plan_lint_report(struct plan_lint *plan_lint, struct report *report);
void plan_lint_end(struct plan_lint *plan_lint);

#endif
