/* What a rehearsal saw, over tenants that would run the same: each thing once, with the tenant in which it weighs most. Pure.
 *
 *     struct view_rehearsal rehearsal;
 *     view_rehearsal_init(&rehearsal, report, group);
 *     …
 *     view_rehearsal_done(&rehearsal);
 */
#ifndef REPORT_VIEW_REHEARSAL_H
#define REPORT_VIEW_REHEARSAL_H

#include "report/view.h"

struct view_seen {
    struct seen most; /* the longest, or the most */
    uint32_t row;     /* the tenant it is of */
    size_t tenants;   /* that have seen it */
};

/* A step's times. */
struct view_rehearsed {
    struct report_step step;
    size_t count; /* tenants */
    float p50_ms, p95_ms, max_ms;
    uint32_t slowest; /* row */
};

struct view_rehearsal {
    struct view_rehearsed *steps; /* in their order */
    size_t step_count;
    struct view_seen *items; /* in the order of the steps, as far as tenants agree */
    size_t count;
    struct arena arena;
};

/* Of a group by script. */
void view_rehearsal_init(struct view_rehearsal *rehearsal, const struct report *report,
                         const struct view_group *group);
void view_rehearsal_done(struct view_rehearsal *rehearsal);

#endif
