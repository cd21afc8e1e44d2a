/* What a rehearsal, or what earlier runs took, says of the run to come: how long its waves take, the longest lock, and what is written anew. Pure.
 *
 *     struct view_forecast forecast;
 *     if (view_forecast_init(&forecast, report)) …
 *     view_forecast_done(&forecast);
 */
#ifndef REPORT_VIEW_FORECAST_H
#define REPORT_VIEW_FORECAST_H

#include "event/forecast.h"
#include "report/model.h"

struct view_forecast_wave {
    const char *name;
    size_t tenants;     /* that would change, and were rehearsed */
    double duration_ms; /* of them all, as the wave's limits have them at once */
    double soak_ms;     /* that comes after it */
};

struct view_forecast {
    struct view_forecast_wave *waves;
    size_t wave_count;
    double duration_ms;      /* with the soaks between waves */
    const struct seen *lock; /* that keeps others waiting longest; NULL: none does */
    uint32_t lock_row;
    uint64_t bytes;      /* that are written anew, or added, in all tenants together, */
    uint64_t most_bytes; /* and in this one */
    uint32_t most_row;
    size_t
        without_rows; /* tenants that were rehearsed where no table had rows: they will take longer */
    /* Where nothing was rehearsed, earlier runs tell: the newest of their timings and the longest (NULL: it was rehearsed), and how many
     * tenants are left out, since no run has timed all of their steps, as this one's. */
    const struct step_timing *newest, *longest;
    size_t untimed;
    const struct revision *untimed_revision;
    /* The longest transaction, by the longest that each step of it took: no lock is held for longer. */
    double transaction_ms;
    uint32_t transaction_row;
    struct told_steps *told; /* by list of steps and dialect, of what earlier runs took */
    struct arena arena;
};

/* False: nothing was rehearsed and no run has timed it, and there is nothing to free. */
bool view_forecast_init(struct view_forecast *forecast, const struct report *report);
void view_forecast_done(struct view_forecast *forecast);

/* How long the visit of one tenant will take, in ms; 0: there is nothing to do; negative: it is not known, or was seen where no table has
 * rows. */
double view_forecast_time(const struct view_forecast *forecast, const struct report *report,
                          uint32_t row);

/* `in all about 34.18 s; reads and writes wait for at most 984 ms, for task in acme; 24.1 MB are written, …`: a line, as it came. */
void view_add_forecast(const struct view_forecast *forecast, const struct report *report,
                       struct buf *buf);

#endif
