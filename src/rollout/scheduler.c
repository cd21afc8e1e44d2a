#include "rollout/scheduler.h"

#include "base/arena.h"

struct wave {
    struct scheduler_rules rules;
    struct list tenants;
    uint64_t soak_until_ms; /* left from an earlier run; 0: none */
};

enum phase {
    PHASE_BEFORE_WAVE,
    PHASE_WAVE,
    PHASE_AFTER_WAVE,
    PHASE_SOAK,
    PHASE_ROLLBACK,
    PHASE_OVER
};

struct scheduler {
    struct arena arena;
    struct queues *queues;
    struct wave *waves;
    size_t wave_count, wave_capacity;
    uint32_t wave_limit;
    uint32_t *changed; /* tenants, in the order in which they were changed */
    size_t changed_count, changed_capacity;
    bool *is_changed; /* by tenant: they may have been dropped since */
    struct scheduler_rules rollback_rules;
    bool rolls_back;

    enum phase phase;
    uint32_t wave;                /* the one at hand */
    struct scheduler_rules rules; /* in force */
    uint64_t soak_until_ms;
    uint32_t failures; /* of the wave */
    bool has_wave_changed;
    bool has_tripped;
    bool is_stopped;
    bool is_paused;
    bool is_fed;
};

struct scheduler *scheduler_new(uint32_t tenant_count)
{
    struct scheduler *scheduler = xcalloc(1, sizeof *scheduler);
    arena_init(&scheduler->arena);
    scheduler->queues = queues_new(&scheduler->arena, tenant_count);
    scheduler->is_changed =
        arena_calloc(&scheduler->arena, tenant_count + 1, sizeof *scheduler->is_changed);
    scheduler->wave_limit = UINT32_MAX;
    return scheduler;
}

void scheduler_free(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    arena_done(&scheduler->arena);
    free(scheduler);
}

/* ---- setting up ---------------------------------------------------------------------------- */

uint32_t scheduler_add_wave(struct scheduler *scheduler, const struct scheduler_rules *rules)
{
    *ARENA_PUSH(&scheduler->arena, scheduler->waves, scheduler->wave_count,
                scheduler->wave_capacity) = (struct wave){.rules = *rules, .tenants = list_empty()};
    return (uint32_t)scheduler->wave_count - 1;
}

void scheduler_limit_waves(struct scheduler *scheduler, uint32_t count)
{
    scheduler->wave_limit = count;
}

void scheduler_set_soak_until(struct scheduler *scheduler, uint32_t wave, uint64_t until_ms)
{
    scheduler->waves[wave].soak_until_ms = until_ms;
}

void scheduler_roll_back_on_trip(struct scheduler *scheduler, const struct scheduler_rules *rules)
{
    scheduler->rolls_back = true;
    scheduler->rollback_rules = *rules;
}

uint32_t scheduler_add_server(struct scheduler *scheduler, bool is_unlimited)
{
    return queues_add_server(scheduler->queues, is_unlimited);
}

uint32_t scheduler_add_credential(struct scheduler *scheduler, uint32_t server, bool needs_proof)
{
    return queues_add_credential(scheduler->queues, server, needs_proof);
}

void scheduler_add_tenant(struct scheduler *scheduler, uint32_t tenant, uint32_t wave,
                          uint32_t credential, uint32_t database)
{
    queues_add_tenant(scheduler->queues, tenant, credential, database);
    list_push(&scheduler->waves[wave].tenants, queues_links(scheduler->queues), tenant);
}

void scheduler_add_changed(struct scheduler *scheduler, uint32_t tenant)
{
    if (scheduler->is_changed[tenant])
        return;
    scheduler->is_changed[tenant] = true;
    *ARENA_PUSH(&scheduler->arena, scheduler->changed, scheduler->changed_count,
                scheduler->changed_capacity) = tenant;
}

void scheduler_drop_changed(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler->is_changed[tenant] = false;
}

void scheduler_feed(struct scheduler *scheduler)
{
    scheduler->is_fed = true;
}

/* ---- the course of the rollout ------------------------------------------------------------- */

static void set_rules(struct scheduler *scheduler, const struct scheduler_rules *rules)
{
    scheduler->rules = *rules;
    scheduler->failures = 0;
    scheduler->has_wave_changed = false;
    queues_begin(scheduler->queues, rules->parallel, rules->per_server);
}

static struct decision begin_wave(struct scheduler *scheduler)
{
    struct wave *wave = &scheduler->waves[scheduler->wave];
    uint32_t tenant;
    set_rules(scheduler, &wave->rules);
    while ((tenant = list_pop(&wave->tenants, queues_links(scheduler->queues))) != LIST_NONE)
        queues_put(scheduler->queues, tenant);
    scheduler->phase = PHASE_WAVE;
    return (struct decision){.kind = DECIDE_WAVE_BEGINS, .wave = scheduler->wave};
}

/* Tenants that wait in queues when the run begins nothing more were never begun. */
static struct decision begin_rollback(struct scheduler *scheduler)
{
    queues_clear(scheduler->queues);
    set_rules(scheduler, &scheduler->rollback_rules);
    while (scheduler->changed_count) {
        uint32_t tenant = scheduler->changed[--scheduler->changed_count];
        if (scheduler->is_changed[tenant])
            queues_put(scheduler->queues, tenant);
        scheduler->is_changed[tenant] = false;
    }
    scheduler->phase = PHASE_ROLLBACK;
    return (struct decision){.kind = DECIDE_ROLLBACK_BEGINS};
}

static const struct decision idle = {.kind = DECIDE_IDLE};

/* After a trip nothing more is begun; but who feeds the scheduler gives it then only what another machine had begun, or what is to go
 * back. */
static bool may_begin_more(const struct scheduler *scheduler)
{
    return !scheduler->is_stopped &&
           (!scheduler->has_tripped || scheduler->is_fed || scheduler->phase == PHASE_ROLLBACK);
}

/* START, GIVE_UP or IDLE; *ret_is_over once all that was queued has finished. */
static struct decision next_of_queues(struct scheduler *scheduler, bool *ret_is_over)
{
    bool may_begin = may_begin_more(scheduler);
    struct queues *queues = scheduler->queues;
    uint32_t tenant = queues_start(queues, !may_begin || scheduler->is_paused);
    *ret_is_over = false;
    if (tenant != LIST_NONE)
        return (struct decision){.kind = DECIDE_START, .tenant = tenant};
    bool may_give_up = may_begin && !scheduler->is_paused && queues_waiting(queues);
    tenant = may_give_up ? queues_give_up(queues) : LIST_NONE;
    if (tenant != LIST_NONE)
        return (struct decision){.kind = DECIDE_GIVE_UP, .tenant = tenant};
    *ret_is_over = !queues_running(queues) && !queues_parked(queues) &&
                   (!may_begin || !queues_waiting(queues));
    return idle;
}

static struct decision end_wave(struct scheduler *scheduler)
{
    scheduler->phase = PHASE_AFTER_WAVE;
    return (struct decision){.kind = DECIDE_WAVE_ENDS,
                             .wave = scheduler->wave,
                             .has_tripped = scheduler->has_tripped,
                             .has_changed = scheduler->has_wave_changed};
}

static bool is_last_wave(const struct scheduler *scheduler)
{
    return scheduler->wave + 1 >= scheduler->wave_count ||
           scheduler->wave + 1 >= scheduler->wave_limit;
}

static void leave_wave(struct scheduler *scheduler, uint64_t now_ms)
{
    const struct wave *wave = &scheduler->waves[scheduler->wave];
    scheduler->soak_until_ms =
        scheduler->has_wave_changed ? now_ms + wave->rules.soak_ms : wave->soak_until_ms;
    scheduler->phase = PHASE_SOAK;
}

static struct decision end_forward(struct scheduler *scheduler)
{
    bool begins_rollback = scheduler->rolls_back && scheduler->has_tripped &&
                           !scheduler->is_stopped && scheduler->changed_count;
    if (begins_rollback)
        return begin_rollback(scheduler);
    scheduler->phase = PHASE_OVER;
    return (struct decision){.kind = DECIDE_OVER};
}

struct decision scheduler_next(struct scheduler *scheduler, uint64_t now_ms)
{
    struct decision decision;
    bool is_over;
    if (scheduler->is_fed)
        return next_of_queues(scheduler, &is_over);
    switch (scheduler->phase) {
    case PHASE_BEFORE_WAVE:
        if (scheduler_is_stopping(scheduler) || scheduler->wave >= scheduler->wave_count ||
            scheduler->wave >= scheduler->wave_limit)
            return end_forward(scheduler);
        return scheduler->is_paused ? idle : begin_wave(scheduler);
    case PHASE_WAVE:
        decision = next_of_queues(scheduler, &is_over);
        return is_over ? end_wave(scheduler) : decision;
    case PHASE_AFTER_WAVE:
        if (scheduler_is_stopping(scheduler) || is_last_wave(scheduler))
            return end_forward(scheduler);
        leave_wave(scheduler, now_ms);
        return scheduler_next(scheduler, now_ms);
    case PHASE_SOAK:
        if (scheduler_is_stopping(scheduler))
            return end_forward(scheduler);
        if (now_ms < scheduler->soak_until_ms)
            return (struct decision){.kind = DECIDE_WAIT, .until_ms = scheduler->soak_until_ms};
        if (scheduler->is_paused)
            return idle;
        scheduler->wave++;
        return begin_wave(scheduler);
    case PHASE_ROLLBACK:
        decision = next_of_queues(scheduler, &is_over);
        if (!is_over)
            return decision;
        scheduler->phase = PHASE_OVER;
        break;
    case PHASE_OVER: break;
    }
    return (struct decision){.kind = DECIDE_OVER};
}

/* ---- who is fed ---------------------------------------------------------------------------- */

/* Whether too many have failed is decided elsewhere. */
static void open_phase(struct scheduler *scheduler, enum phase phase,
                       const struct scheduler_rules *rules)
{
    struct scheduler_rules open = *rules;
    open.never_trips = true;
    queues_clear(scheduler->queues);
    set_rules(scheduler, &open);
    scheduler->phase = phase;
}

void scheduler_open(struct scheduler *scheduler, uint32_t wave)
{
    scheduler->wave = wave;
    open_phase(scheduler, PHASE_WAVE, &scheduler->waves[wave].rules);
}

void scheduler_open_rollback(struct scheduler *scheduler)
{
    open_phase(scheduler, PHASE_ROLLBACK, &scheduler->rollback_rules);
}

void scheduler_give(struct scheduler *scheduler, uint32_t tenant)
{
    queues_put(scheduler->queues, tenant);
}

uint32_t scheduler_in_hand(const struct scheduler *scheduler)
{
    return queues_running(scheduler->queues) + queues_waiting(scheduler->queues);
}

uint32_t scheduler_places(const struct scheduler *scheduler)
{
    return queues_places(scheduler->queues);
}

uint32_t scheduler_room(const struct scheduler *scheduler)
{
    uint32_t taken = queues_places(scheduler->queues);
    bool has_room = !scheduler->is_paused && taken < scheduler->rules.parallel;
    return has_room ? scheduler->rules.parallel - taken : 0;
}

void scheduler_take_back(struct scheduler *scheduler)
{
    queues_clear(scheduler->queues);
}

/* ---- what happens -------------------------------------------------------------------------- */

void scheduler_proven(struct scheduler *scheduler, uint32_t tenant)
{
    queues_proven(scheduler->queues, tenant);
}

void scheduler_crowded(struct scheduler *scheduler, uint32_t tenant)
{
    queues_crowded(scheduler->queues, tenant);
}

bool scheduler_park(struct scheduler *scheduler, uint32_t tenant)
{
    return queues_park(scheduler->queues, tenant);
}

void scheduler_return(struct scheduler *scheduler, uint32_t tenant, enum turn turn)
{
    queues_return(scheduler->queues, tenant, turn);
}

void scheduler_trouble(struct scheduler *scheduler, uint32_t tenant, bool is_full)
{
    queues_trouble(scheduler->queues, tenant, is_full);
}

void scheduler_well(struct scheduler *scheduler, uint32_t tenant, bool has_written)
{
    queues_well(scheduler->queues, tenant, has_written);
}

bool scheduler_had_company(const struct scheduler *scheduler, uint32_t tenant)
{
    return queues_had_company(scheduler->queues, tenant);
}

bool scheduler_shares_credential(const struct scheduler *scheduler, uint32_t tenant)
{
    return queues_shares_credential(scheduler->queues, tenant);
}

void scheduler_finished(struct scheduler *scheduler, uint32_t tenant, const struct finish *how)
{
    queues_finished(scheduler->queues, tenant, !how->has_failed);
    if (scheduler->phase == PHASE_ROLLBACK)
        return;
    if (how->has_changed)
        scheduler_add_changed(scheduler, tenant);
    scheduler->has_wave_changed |= how->is_news;
    scheduler->failures += how->has_failed;
    if (!scheduler->rules.never_trips && scheduler->failures > scheduler->rules.max_failures)
        scheduler->has_tripped = true;
}

void scheduler_trip(struct scheduler *scheduler)
{
    scheduler->has_tripped = true;
}

void scheduler_stop(struct scheduler *scheduler)
{
    scheduler->is_stopped = true;
}

void scheduler_pause(struct scheduler *scheduler, bool is_paused)
{
    scheduler->is_paused = is_paused;
}

void scheduler_failures(const struct scheduler *scheduler, uint32_t *ret_failed,
                        uint32_t *ret_tolerated)
{
    *ret_failed = (uint32_t)scheduler->failures;
    *ret_tolerated = scheduler->rules.max_failures;
}

bool scheduler_has_tripped(const struct scheduler *scheduler)
{
    return scheduler->has_tripped;
}

bool scheduler_is_stopping(const struct scheduler *scheduler)
{
    return scheduler->has_tripped || scheduler->is_stopped;
}

bool scheduler_is_rolling_back(const struct scheduler *scheduler)
{
    return scheduler->phase == PHASE_ROLLBACK;
}

uint32_t scheduler_running(const struct scheduler *scheduler)
{
    return queues_running(scheduler->queues);
}
