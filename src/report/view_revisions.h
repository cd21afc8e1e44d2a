/* What revisions took, over all tenants that a report has. Pure.
 *
 *     struct view_revisions revisions;
 *     view_revisions_init(&revisions, report);
 *     …
 *     view_revisions_done(&revisions);
 */
#ifndef REPORT_VIEW_REVISIONS_H
#define REPORT_VIEW_REVISIONS_H

#include "report/model.h"

enum { REVISION_SLOWEST = 3 };

struct view_timing {
    uint32_t row;
    float ms;
};

/* A revision in one direction, for the tenants of one dialect: they ran the same SQL. */
struct view_revision {
    struct report_step step;
    enum dialect_id dialect;
    size_t count;           /* tenants */
    uint64_t batches, rows; /* of what repeats, all tenants together */
    float p50_ms, p95_ms, max_ms;
    struct view_timing slowest[REVISION_SLOWEST];
    size_t slowest_count;
};

struct view_revisions {
    struct view_revision *items; /* in the order of the steps */
    size_t count;
    bool is_timed; /* false: of a plan */
    struct arena arena;
};

void view_revisions_init(struct view_revisions *revisions, const struct report *report);
void view_revisions_done(struct view_revisions *revisions);

#endif
