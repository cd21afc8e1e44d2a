/* A plan that was saved, so that a run does what was looked at and nothing else: `plan --save FILE`, `upgrade --plan FILE`.
 *
 * The file is JSON: the target, the revisions of the chain and its checkpoints with their checksums, the tenants by where
 * they stood, what lint had found, and what was foretold (docs/plan.md). It holds no URL and no secret.
 *
 *     struct saved_plan plan;
 *     if (saved_plan_read("release.plan", &plan, &err) && saved_plan_apply(&plan, &fleet, &request, &faults)) …
 *     saved_plan_done(&plan);          after the run: the request borrows from it
 */
#ifndef LIBRARY_SAVED_PLAN_H
#define LIBRARY_SAVED_PLAN_H

#include <stdio.h>

#include "base/arena.h"
#include "event/event.h"
#include "library/fleet.h"
#include "lint/told.h"

struct buf;
struct report;

enum { SAVED_PLAN_VERSION = 1 };

struct saved_plan_file {
    const char *id; /* of the revision, or of the one that the checkpoint leads to */
    const char *checksum;
};

struct saved_plan_files {
    struct saved_plan_file *items;
    size_t count;
};

struct saved_plan_tenant {
    const char *name;
    struct rows rows; /* not known: it could not be asked */
    double visit_ms;  /* that was foretold of it; 0: nothing is to be done; negative: nothing was */
};

/* What was foretold of it all. */
struct saved_plan_forecast {
    const char *run; /* of the ledger, the newest whose times are used; NULL: it was rehearsed */
    double duration_ms;
    /* of a rehearsal: how long others wait at most for a lock; what of theirs waits (NULL: nothing), in which tenant, and for which table
     * (NULL: all) */
    double lock_ms;
    const char *lock_blocks, *lock_tenant, *lock_table;
    double transaction_ms; /* from the ledger: no lock was held for longer */
    uint64_t written_bytes;
};

struct saved_plan {
    struct arena arena;
    const char *path;
    struct texts targets; /* as they were asked for; none: head */
    struct saved_plan_files revisions;
    struct saved_plan_files
        checkpoints; /* none: there were none, or a skein wrote it that knew of none */
    struct saved_plan_tenant *tenants;
    size_t tenant_count;
    struct told_findings findings; /* what lint had found in it */
    const struct saved_plan_forecast
        *forecast; /* NULL: none was made, or a skein wrote it that kept none */
};

/* ERR_CONFIG: it cannot be read, or is no such file; with its line where one is to blame. Free it either way. */
bool saved_plan_read(const char *path, struct saved_plan *ret, struct err *err) MUST_CHECK;
void saved_plan_done(struct saved_plan *plan);

/* `the plan foretells about 34.18 s; …`, as it came. Of a plan with a forecast. */
void saved_plan_add_forecast(const struct saved_plan *plan, struct buf *buf);

/* Narrows the fleet to the tenants of the plan, and gives the request its target and where each tenant must stand. Adds to
 * `faults` what has changed since it was made: revisions and checkpoints that are new, gone or other files; tenants of
 * the plan that the inventory no longer has, unless the selection was narrowed besides. False: there is such a thing. */
bool saved_plan_apply(const struct saved_plan *plan, struct fleet *fleet, struct request *request,
                      struct faults *faults) MUST_CHECK;

/* A plan in the making: gathers from the events of a run what is to be saved. */
struct saved_plan_maker {
    struct arena arena;
    const struct fleet *fleet;
    const struct request *request;
    struct rows_pool *places;
    uint32_t *
        place_of; /* by tenant of the selection: the number of its rows there, once the run came to it */
    size_t pending_count; /* tenants for which there is work */
    struct told_findings findings;
    struct json_t *forecast; /* NULL: nothing is foretold; */
    float *visit_ms;         /* else by tenant of the selection, as view_forecast_time has it */
};

void saved_plan_begin(struct saved_plan_maker *maker, const struct fleet *fleet,
                      const struct request *request);
void saved_plan_observe(void *maker, const struct event *event); /* observer.on_event */
void saved_plan_take_findings(void *maker, const struct told_findings *findings); /* copies them */
void saved_plan_take_report(void *maker, const struct report *report); /* what it foretells */
void saved_plan_write(struct saved_plan_maker *maker, FILE *out);
void saved_plan_end(struct saved_plan_maker *maker);

#endif
