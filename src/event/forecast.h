/* How long waves will take: a pure estimate from the times of their tenants.
 *
 *     struct forecast_wave wave = {.parallel = 8, .per_server = 2};
 *     forecast_wave(&wave, tenants, count);      tenants of one server follow each other
 *     … wave.duration_ms …
 *
 * A server works off its tenants in their order, as many at once as it may; all servers work at the same time, as far as the wave's
 * limit allows. Faults, retries and gates are not foreseen.
 */
#ifndef EVENT_FORECAST_H
#define EVENT_FORECAST_H

#include "base/dialect.h"
#include "chain/revision.h"

struct forecast_tenant {
    uint32_t
        server; /* FORECAST_NO_SERVER: its database is a file, and only the wave's limit holds */
    double ms;  /* that it takes by itself */
};

#define FORECAST_NO_SERVER UINT32_MAX

struct forecast_wave {
    uint32_t parallel, per_server; /* tenants at once; at least 1 */
    double duration_ms;            /* filled */
};

/* How long visits of tenants of one dialect took; `count` 0: of none it is known. */
struct pace {
    size_t count;
    double mean_ms;
    const char *run; /* of the ledger, that had the newest of them; NULL: the run at hand */
};

/* How long a step of a revision took. */
struct step_timing {
    const char *revision, *checksum; /* of its file */
    enum direction direction;
    enum dialect_id dialect;
    size_t count;
    double mean_ms, longest_ms;
    const char *run; /* of the ledger: the newest that has it */
};

/* What earlier runs tell of the time that steps take. */
struct timings {
    struct step_timing *steps;
    size_t count;
    double visit_ms[DIALECT__COUNT]; /* that a visit takes beside its steps */
};

/* Puts tenants of the same server side by side, as forecast_wave wants them. */
void forecast_sort(struct forecast_tenant *tenants, size_t count);

void forecast_wave(struct forecast_wave *wave, const struct forecast_tenant *tenants, size_t count);

#endif
