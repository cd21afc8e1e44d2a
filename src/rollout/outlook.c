#include "rollout/outlook.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/intern.h"
#include "event/forecast.h"
#include "inventory/inventory.h"

struct sum {
    size_t count;
    double ms;
};

struct outlook {
    struct outlook_options options;
    struct arena arena;
    struct outlook_wave *waves;
    struct pace paces[DIALECT__COUNT];
    struct sum sums[DIALECT__COUNT]; /* of this run */
    struct wave_forecast *forecasts; /* by wave; `tenants` 0: nothing is foretold */
    uint32_t machines;               /* that are there; 0: the run is one machine's */
    bool is_open;
    uint32_t wave; /* at hand */
    uint64_t began_ms, paused_ms, paused_since_ms;
    bool is_paused;
    bool has_warned, has_halted; /* of the wave at hand */
};

/* ---- what is foretold ---------------------------------------------------------------------- */

/* This run's own are better than any other's: they are of this fleet and this day. */
static struct pace pace_of_all(const struct outlook *outlook)
{
    struct sum own = {0}, earlier = {0};
    const char *run = NULL;
    for (int i = 0; i < DIALECT__COUNT; i++) {
        const struct pace *pace = &outlook->paces[i];
        own.count += outlook->sums[i].count;
        own.ms += outlook->sums[i].ms;
        earlier.count += pace->count;
        earlier.ms += pace->mean_ms * (double)pace->count;
        run = pace->count ? pace->run : run;
    }
    if (own.count)
        return (struct pace){.count = own.count, .mean_ms = own.ms / (double)own.count};
    return (struct pace){earlier.count, earlier.count ? earlier.ms / (double)earlier.count : 0,
                         run};
}

/* What the plan has foretold of it. Negative: nothing. */
static double planned_time(const struct outlook *outlook, size_t tenant)
{
    return outlook->options.foretold_ms ? outlook->options.foretold_ms[tenant] : -1;
}

/* Negative: nothing is known of its like. */
static double time_of(const struct outlook *outlook, const struct pace *all, size_t tenant)
{
    enum dialect_id dialect = outlook->options.run->tenants[tenant]->url.dialect;
    const struct sum *own = &outlook->sums[dialect];
    const struct pace *earlier = &outlook->paces[dialect];
    double planned_ms = planned_time(outlook, tenant);
    if (planned_ms >= 0)
        return planned_ms;
    if (own->count)
        return own->ms / (double)own->count;
    if (!all->count)
        return -1;
    return !all->run || !earlier->count ? all->mean_ms : earlier->mean_ms;
}

static bool is_done(const struct run_info *run, size_t tenant)
{
    enum tenant_state state = run->standings ? run->standings[tenant].state : TENANT_PENDING;
    return state == TENANT_SUCCEEDED || state == TENANT_UNCHANGED;
}

/* Is there work for it? What an earlier run of the rollout has done is only looked at. */
static bool is_to_do(const struct outlook *outlook, size_t tenant)
{
    return !is_done(outlook->options.run, tenant) && planned_time(outlook, tenant) != 0;
}

/* The tenants of a wave that there is work for. */
struct gathered {
    struct forecast_tenant *tenants;
    size_t count;
    bool is_planned; /* of some the plan has foretold it */
    bool is_unknown; /* of some nothing is known */
};

static void gather_tenant(const struct outlook *outlook, const struct pace *all, size_t index,
                          struct intern *servers, struct gathered *gathered)
{
    const struct tenant *tenant = outlook->options.run->tenants[index];
    bool is_file = dialect_info(tenant->url.dialect)->is_file;
    double ms = time_of(outlook, all, index);
    gathered->tenants[gathered->count++] = (struct forecast_tenant){
        .server = is_file ? FORECAST_NO_SERVER
                          : intern_put(servers, tenant->server, strlen(tenant->server)),
        .ms = ms};
    gathered->is_planned |= planned_time(outlook, index) > 0;
    gathered->is_unknown |= ms < 0;
}

static struct gathered gather(const struct outlook *outlook, const struct pace *all, uint32_t wave)
{
    const struct run_info *run = outlook->options.run;
    struct gathered gathered = {.tenants =
                                    xcalloc(run->tenant_count + 1, sizeof *gathered.tenants)};
    struct arena arena;
    struct intern servers;
    arena_init(&arena);
    intern_init(&servers, &arena);
    for (size_t i = 0; i < run->tenant_count; i++)
        if ((run->wave_of ? run->wave_of[i] : 0) == wave && is_to_do(outlook, i))
            gather_tenant(outlook, all, i, &servers, &gathered);
    forecast_sort(gathered.tenants, gathered.count);
    arena_done(&arena);
    return gathered;
}

/* Where nothing is known of some of its tenants, nothing is foretold of the wave. */
static void foretell(struct outlook *outlook, uint32_t index, const struct pace *all)
{
    const struct outlook_wave *rules = &outlook->waves[index];
    uint64_t parallel = (uint64_t)rules->parallel * (outlook->machines ? outlook->machines : 1);
    struct forecast_wave wave = {.parallel =
                                     (uint32_t)(parallel < UINT32_MAX ? parallel : UINT32_MAX),
                                 .per_server = rules->per_server};
    struct gathered gathered = gather(outlook, all, index);
    forecast_wave(&wave, gathered.tenants, gathered.count);
    outlook->forecasts[index] = (struct wave_forecast){
        .tenants = gathered.is_unknown ? 0 : gathered.count,
        .duration_ms = wave.duration_ms,
        .source = gathered.is_planned ? FORECAST_FROM_PLAN
                  : all->run          ? FORECAST_FROM_LEDGER
                                      : FORECAST_FROM_WAVES,
        .run = gathered.is_planned ? outlook->options.foretold_by : all->run,
    };
    free(gathered.tenants);
}

/* Of all waves from this one on. */
static void foretell_from(struct outlook *outlook, size_t first)
{
    const struct pace all = pace_of_all(outlook);
    bool is_known = all.count || outlook->options.foretold_ms;
    for (size_t i = first; is_known && i < outlook->options.wave_count; i++)
        foretell(outlook, (uint32_t)i, &all);
}

const struct wave_forecast *outlook_of(const struct outlook *outlook, uint32_t wave)
{
    const struct wave_forecast *forecast = &outlook->forecasts[wave];
    return forecast->tenants ? forecast : NULL;
}

struct outlook *outlook_new(const struct outlook_options *options)
{
    struct outlook *outlook = xcalloc(1, sizeof *outlook);
    outlook->options = *options;
    arena_init(&outlook->arena);
    outlook->waves = arena_calloc(&outlook->arena, options->wave_count + 1, sizeof *outlook->waves);
    outlook->forecasts =
        arena_calloc(&outlook->arena, options->wave_count + 1, sizeof *outlook->forecasts);
    memcpy(outlook->waves, options->waves, options->wave_count * sizeof *outlook->waves);
    if (options->paces)
        memcpy(outlook->paces, options->paces, sizeof outlook->paces);
    foretell_from(outlook, 0);
    return outlook;
}

void outlook_free(struct outlook *outlook)
{
    if (!outlook)
        return;
    arena_done(&outlook->arena);
    free(outlook);
}

/* ---- what happens -------------------------------------------------------------------------- */

void outlook_begin(struct outlook *outlook, uint32_t wave, uint64_t now_ms)
{
    outlook->is_open = true;
    outlook->wave = wave;
    outlook->began_ms = outlook->paused_since_ms = now_ms;
    outlook->paused_ms = 0;
    outlook->has_warned = outlook->has_halted = false;
}

void outlook_pause(struct outlook *outlook, bool is_paused, uint64_t now_ms)
{
    if (outlook->is_paused && !is_paused)
        outlook->paused_ms += now_ms - outlook->paused_since_ms;
    if (!outlook->is_paused && is_paused)
        outlook->paused_since_ms = now_ms;
    outlook->is_paused = is_paused;
}

void outlook_note(struct outlook *outlook, uint32_t tenant, double visit_ms)
{
    struct sum *sum = &outlook->sums[outlook->options.run->tenants[tenant]->url.dialect];
    sum->count++;
    sum->ms += visit_ms;
}

void outlook_end(struct outlook *outlook)
{
    if (!outlook->is_open)
        return;
    outlook->is_open = false;
    foretell_from(outlook, (size_t)outlook->wave + 1);
}

void outlook_close(struct outlook *outlook)
{
    outlook->is_open = false;
}

void outlook_take(struct outlook *outlook, uint32_t wave, const struct pace paces[],
                  uint32_t machines)
{
    outlook->machines = machines;
    for (int i = 0; i < DIALECT__COUNT; i++)
        outlook->sums[i] = (struct sum){paces[i].count, paces[i].mean_ms * (double)paces[i].count};
    foretell_from(outlook, wave);
}

void outlook_take_forecast(struct outlook *outlook, uint32_t wave,
                           const struct wave_forecast *forecast)
{
    struct wave_forecast *taken = &outlook->forecasts[wave];
    if (taken->tenants)
        return;
    *taken = *forecast;
    taken->run = arena_strdup(&outlook->arena, forecast->run);
}

/* ---- is it late? --------------------------------------------------------------------------- */

static double took_ms(const struct outlook *outlook, uint64_t now_ms)
{
    uint64_t paused_ms = outlook->paused_ms;
    if (outlook->is_paused)
        paused_ms += now_ms - outlook->paused_since_ms;
    return (double)(now_ms - outlook->began_ms) - (double)paused_ms;
}

/* 0: there is none. */
static double limit_ms(const struct outlook *outlook, const struct forecast_limit *limit)
{
    const struct outlook_wave *wave = &outlook->waves[outlook->wave];
    const struct wave_forecast *forecast = outlook_of(outlook, outlook->wave);
    double least_ms = (double)wave->at_least_ms;
    if (limit->ms)
        return (double)limit->ms;
    if (limit->factor <= 0 || !forecast)
        return 0;
    double most_ms = limit->factor * forecast->duration_ms;
    return most_ms > least_ms ? most_ms : least_ms;
}

static bool is_beyond(double took, double limit)
{
    return limit > 0 && took > limit;
}

enum outlook_verdict outlook_look(struct outlook *outlook, uint64_t now_ms, bool has_more,
                                  struct overrun *ret_overrun)
{
    if (!outlook->is_open)
        return OUTLOOK_FINE;
    const struct outlook_wave *wave = &outlook->waves[outlook->wave];
    const struct wave_forecast *forecast = outlook_of(outlook, outlook->wave);
    double took = took_ms(outlook, now_ms);
    double warn_ms = limit_ms(outlook, &wave->warn_above);
    double halt_ms = limit_ms(outlook, &wave->halt_above);
    bool is_too_late = is_beyond(took, halt_ms);
    bool halts = is_too_late && has_more && !outlook->has_halted;
    bool warns = (is_too_late || is_beyond(took, warn_ms)) && !outlook->has_warned;
    if (!halts && !warns)
        return OUTLOOK_FINE;
    outlook->has_warned = true;
    outlook->has_halted |= halts;
    *ret_overrun = (struct overrun){.took_ms = took,
                                    .forecast_ms = forecast ? forecast->duration_ms : 0,
                                    .limit_ms = is_too_late ? halt_ms : warn_ms};
    return halts ? OUTLOOK_HALTS : OUTLOOK_LATE;
}
