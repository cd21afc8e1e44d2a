/* What the tenants of one cause share that others do not: a label, their server, where they stood. Pure.
 *
 * Others are the tenants that the run has come to and that are of no cause, or of another. Told is what most of the cause's
 * tenants have and at most half as large a share of the others; and where some others have it too, only what chance alone would
 * do to one cause in twenty at most: of two tenants that failed, both are often in the same region.
 *
 *     struct view_shared shared;
 *     view_shared_init(&shared, report);
 *     for (size_t i = 0; i < shared.items[error].fact_count; i++) …
 *     view_shared_done(&shared);
 */
#ifndef REPORT_VIEW_SHARED_H
#define REPORT_VIEW_SHARED_H

#include "report/model.h"

enum { SHARED_FACTS = 4 };

struct view_fact {
    const char *name;  /* `label tier`, `server`, `wave`, … */
    const char *value; /* of all that it is told of */
    size_t here;       /* tenants of the cause that have it, */
    size_t elsewhere;  /* and others */
};

struct view_shared_item {
    struct view_fact facts[SHARED_FACTS]; /* the most telling first */
    size_t fact_count;
    size_t here, elsewhere; /* tenants of the cause, and others */
    /* medians, where the cause's tenants took far longer than the others, or far less; else both are 0 */
    double here_ms, elsewhere_ms;
};

/* Some of the tenants, by their place in the run. */
struct view_rows {
    const uint32_t *rows;
    size_t count;
};

struct view_shared {
    struct view_shared_item *items; /* by error of the report, or by set */
    struct arena arena;
};

void view_shared_init(struct view_shared *shared, const struct report *report);
/* The same of sets of tenants: only the first 50 are looked at. */
void view_shared_of(struct view_shared *shared, const struct report *report,
                    const struct view_rows *sets, size_t count);
void view_shared_done(struct view_shared *shared);

/* `2 of 2 have label tier free, and 0 of 38 others` */
void view_add_fact(const struct view_shared_item *item, const struct view_fact *fact,
                   struct buf *buf);

#endif
