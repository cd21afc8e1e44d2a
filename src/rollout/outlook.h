/* What is foretold of a run's waves while it goes on, and whether the wave at hand goes beyond it. Pure: who uses it gives the times,
 * in ms of a clock that never goes back.
 *
 *     struct outlook *outlook = outlook_new(&options);           the waves and their tenants
 *     outlook_begin(outlook, wave, now_ms);
 *     outlook_note(outlook, tenant, visit_ms);                   a tenant that was changed
 *     outlook_end(outlook);                                      those that follow are foretold anew
 *     outlook_of(outlook, wave)->duration_ms …
 *     switch (outlook_look(outlook, now_ms, has_more, &overrun)) …
 *
 * Of a run that follows a plan with a forecast, tenants count with what the plan has foretold of them. Else a wave is foretold by how long tenants took that the waves before it changed; before any has ended, by those that earlier runs
 * took to the same place, which the ledger tells. Each tenant counts with the mean of its dialect, and of all where there is none of
 * its own. Soaks and gates are between waves, and a pause is no time of the wave.
 */
#ifndef ROLLOUT_OUTLOOK_H
#define ROLLOUT_OUTLOOK_H

#include "event/event.h"
#include "event/forecast.h"

struct outlook;

struct outlook_wave {
    uint32_t parallel, per_server; /* at least 1 */
    struct forecast_limit warn_above, halt_above;
    uint64_t at_least_ms; /* a wave of less is never late by a forecast */
};

struct outlook_options {
    const struct run_info
        *run; /* its tenants, wave_of and standings: who was done by then takes no time */
    const struct outlook_wave *waves;
    size_t wave_count;
    const struct pace *paces; /* by dialect, of earlier runs; NULL: none are known */
    /* What the plan that the run follows has foretold (struct request); NULL: nothing */
    const double *foretold_ms;
    const char *foretold_by;
};

enum outlook_verdict { OUTLOOK_FINE, OUTLOOK_LATE, OUTLOOK_HALTS };

/* All is borrowed until outlook_free, but for the arrays of waves and paces, which are copied. */
struct outlook *outlook_new(const struct outlook_options *options);
void outlook_free(struct outlook *outlook); /* NULL: nothing */

void outlook_begin(struct outlook *outlook, uint32_t wave, uint64_t now_ms);
void outlook_pause(struct outlook *outlook, bool is_paused, uint64_t now_ms);
void outlook_note(struct outlook *outlook, uint32_t tenant, double visit_ms);
void outlook_end(struct outlook *outlook);

/* Where several machines work on the run: the wave is over, and what is foretold of the next ones is taken from what all of them tell,
 * before outlook_begin of the wave; so many machines are there. Where no wave of the run tells anything yet, `forecast` is what another
 * machine has foretold of the wave (`tenants` 0: nothing). */
void outlook_close(struct outlook *outlook);
void outlook_take(struct outlook *outlook, uint32_t wave, const struct pace paces[],
                  uint32_t machines);
void outlook_take_forecast(struct outlook *outlook, uint32_t wave,
                           const struct wave_forecast *forecast);

/* NULL: nothing is foretold of it. */
const struct wave_forecast *outlook_of(const struct outlook *outlook, uint32_t wave);

/* Each verdict but the first is told once a wave. `has_more`: something is left that a halt would keep from being begun; else a wave
 * is only late. */
enum outlook_verdict outlook_look(struct outlook *outlook, uint64_t now_ms, bool has_more,
                                  struct overrun *ret_overrun);

#endif
