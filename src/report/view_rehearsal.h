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

/* ---- words, the same in all formats: a line each, as it came -------------------------------- */

/* `versions/aaaa.sql:7`; the revision, of a lock that all of it holds; nothing where it is of neither. */
void view_add_seen_place(const struct seen *seen, struct buf *buf);

/* `locks task (ACCESS EXCLUSIVE) for up to 984.0 ms in acme: reads and writes wait`. The tenant is named where others are in
 * the group. */
void view_add_seen(const struct report *report, const struct view_group *group,
                   const struct view_seen *item, struct buf *buf);

/* `rehearsed r2: p50 12.0 ms, p95 40.0 ms, longest 93.0 ms in acme` */
void view_add_rehearsed(const struct report *report, const struct view_group *group,
                        const struct view_rehearsed *step, struct buf *buf);

/* Is it of no concern to anyone: a lock that keeps nothing waiting? */
bool view_seen_is_quiet(const struct seen *seen);

#endif
