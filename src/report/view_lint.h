/* Findings of lint beside the steps of tenants. Pure.
 *
 *     struct view_lint lint;
 *     view_lint_init(&lint, report);
 *     const struct view_lint_counts *counts = view_lint_of(&lint, row);
 *     view_lint_done(&lint);
 */
#ifndef REPORT_VIEW_LINT_H
#define REPORT_VIEW_LINT_H

#include "report/model.h"

struct view_lint_counts {
    bool is_known;
    uint32_t by_severity[LINT__COUNT]; /* that no waiver covers */
    uint32_t allowed;
};

struct view_lint {
    const struct report *report;
    struct view_lint_counts *counts; /* by list of steps and dialect: tenants share them */
};

void view_lint_init(struct view_lint *lint, const struct report *report);
void view_lint_done(struct view_lint *lint);

/* Those about the steps of that tenant. NULL: nothing was looked at, or it has no steps. */
const struct view_lint_counts *view_lint_of(struct view_lint *lint, const struct report_row *row);

#endif
