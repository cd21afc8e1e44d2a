/* What the tenants' rows say of the statements of a plan, by statement. Pure.
 *
 *     struct view_preflight preflight;
 *     view_preflight_init(&preflight, report);
 *     for (size_t i = 0; i < preflight.count; i++) …
 *     view_preflight_done(&preflight);
 */
#ifndef REPORT_VIEW_PREFLIGHT_H
#define REPORT_VIEW_PREFLIGHT_H

#include "report/view_shared.h"

/* Why some tenants' answer is not known, and of how many. */
struct view_preflight_reason {
    const char *reason;
    enum preflight_state state;
    size_t count;
};

struct view_preflight_item {
    const struct preflight_answer *like; /* that of the first tenant: what all have in common */
    size_t number;                       /* in the order in which they were met */
    size_t counts[PREFLIGHT__COUNT];     /* tenants by state */
    uint32_t *failing;                   /* rows of the report, counts[PREFLIGHT_FAILS] of them */
    size_t failing_capacity;
    struct view_preflight_reason *reasons; /* the most frequent first */
    size_t reason_count, reason_capacity;
    uint32_t last_row; /* that was taken, and 1; and its state there */
    enum preflight_state last_state;
    const struct view_shared_item *shared; /* what the failing have, and others do not */
};

struct view_preflight {
    struct view_preflight_item *items; /* by revision of the chain, then by line */
    size_t count, capacity;
    size_t asked;   /* tenants with an answer to anything */
    size_t failing; /* tenants of which some statement will fail */
    size_t unsure;  /* tenants of which none will, as far as is known, and not all is known */
    struct view_shared shared;
    struct intern questions; /* as they were met, */
    size_t *order;           /* and where each stands among the items */
    struct intern reasons;   /* question, state and reason: by them, */
    uint32_t *places;        /* where it stands among the reasons of its question */
    size_t place_count, place_capacity;
    struct arena arena;
};

void view_preflight_init(struct view_preflight *preflight, const struct report *report);
void view_preflight_done(struct view_preflight *preflight);

/* The index of the item that it answers. */
size_t view_preflight_question(const struct view_preflight *preflight,
                               const struct preflight_answer *answer);

/* The tenant's answer to that question; NULL: it was not asked. */
const struct preflight_answer *view_preflight_answer(const struct report_row *row,
                                                     const struct view_preflight_item *item);

/* Does a statement fail on the tenant's rows, as far as they were asked? And in how many tenants? */
bool view_preflight_fails(const struct report_row *row);
size_t view_preflight_failing(const struct report *report);

/* ---- words, the same in all formats: a line each, as it came -------------------------------- */

/* `5 questions of the rows: 2 of 4 tenants will fail, of 2 not all is known` */
void view_add_preflight(const struct view_preflight *preflight, const struct report *report,
                        struct buf *buf);

/* `2 of 4 will fail`; `none of 4 fails`. And of what: `rows hold NULL in owner (task)`. */
void view_add_question_verdict(const struct view_preflight_item *item, struct buf *buf);
void view_add_question(const struct view_preflight_item *item, struct buf *buf);

/* Of one tenant: `versions/aaaa.sql:7: rows hold NULL in owner (task)`. */
void view_add_failure(const struct preflight_answer *answer, struct buf *buf);

/* How many rows of the tenant do not fit, and which: `more than 1000: 4; 7`. Nothing: that is not known. */
void view_add_answer(const struct preflight_answer *answer, struct buf *buf);

/* `cannot be known before in 4 tenants: versions/aaaa.sql:13 drops the table` */
void view_add_reason(const struct view_preflight_reason *reason, struct buf *buf);

#endif
