#include "report/view_lint.h"

#include <stdlib.h>

void view_lint_init(struct view_lint *lint, const struct report *report)
{
    size_t lists = report->findings ? report->step_lists.count : 0;
    *lint = (struct view_lint){
        .report = report,
        .counts = xcalloc((lists + 1) * DIALECT__COUNT, sizeof *lint->counts),
    };
}

void view_lint_done(struct view_lint *lint)
{
    free(lint->counts);
}

static void count_findings(struct view_lint *lint, const struct report_row *row,
                           struct view_lint_counts *counts)
{
    struct step_list list = report_steps(lint->report, row->steps);
    const struct told_findings *findings = lint->report->findings;
    counts->is_known = true;
    for (size_t s = 0; s < list.count; s++)
        for (size_t i = 0; i < findings->count && list.steps[s].revision; i++) {
            const struct told_finding *finding = &findings->items[i];
            if (!told_is_of(finding, list.steps[s].revision->id,
                            (enum direction)list.steps[s].direction, row->dialect))
                continue;
            if (finding->allowed)
                counts->allowed++;
            else
                counts->by_severity[finding->severity]++;
        }
}

const struct view_lint_counts *view_lint_of(struct view_lint *lint, const struct report_row *row)
{
    if (!lint->report->findings || row->steps == REPORT_NONE)
        return NULL;
    struct view_lint_counts *counts =
        &lint->counts[(size_t)row->steps * DIALECT__COUNT + (size_t)row->dialect];
    if (!counts->is_known)
        count_findings(lint, row, counts);
    return counts;
}
