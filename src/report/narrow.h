/* A run's events as those of some of its tenants: a report of these alone is made from them. The run stays what it was, with
 * its state and why it was halted; waves without any of the tenants go. Pure.
 *
 *     struct narrow narrow = {.names = names, .count = 2, .to = report_observer};
 *     narrow_init(&narrow);
 *     narrow_event(&narrow, &event);  …
 *     narrow_done(&narrow);                  after the report, which borrows the tenants' list
 */
#ifndef REPORT_NARROW_H
#define REPORT_NARROW_H

#include "base/arena.h"
#include "event/event.h"

struct narrow {
    const char *const *names; /* of the tenants that are told of; borrowed, as `to` is */
    size_t count;
    struct observer to;
    /* the narrow's own */
    struct arena arena;
    struct run_info run;
    uint32_t *tenants; /* by number in the run: the number that is told; UINT32_MAX: none */
    uint32_t *waves;
};

void narrow_init(struct narrow *narrow);
void narrow_done(struct narrow *narrow);

/* The first is EVENT_RUN_STARTED. */
void narrow_event(struct narrow *narrow, const struct event *event);

#endif
