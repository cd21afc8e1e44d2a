#include "event/status.h"

#include "base/arena.h"

struct status *status_new(void)
{
    struct status *status = xcalloc(1, sizeof *status);
    status->oldest = status->newest = STATUS_NONE;
    return status;
}

void status_free(struct status *status)
{
    if (!status)
        return;
    free((char *)(uintptr_t)status->waits_for.what);
    free(status->tenants);
    free(status->waves);
    free(status);
}

static void start_waves(struct status *status, const struct run_info *run)
{
    status->wave_count = run->wave_count;
    status->waves = xcalloc(run->wave_count, sizeof *status->waves);
    for (size_t i = 0; i < run->wave_count; i++)
        status->waves[i] = (struct status_wave){
            .name = run->waves[i].name, .total = run->waves[i].tenant_count, .state = RUN__COUNT};
}

static void start_run(struct status *status, const struct run_info *run, uint64_t now_ms)
{
    status->run = run;
    status->total = status->states[TENANT_PENDING] = run->tenant_count;
    status->started_ms = now_ms;
    status->tenants = xcalloc(run->tenant_count, sizeof *status->tenants);
    start_waves(status, run);
}

/* ---- those at work ------------------------------------------------------------------------- */

static void set_state(struct status *status, struct status_tenant *tenant, enum tenant_state state)
{
    status->states[tenant->state]--;
    status->states[state]++;
    tenant->state = state;
}

/* What was counted of a tenant counts no more: it is begun once more, or has another end by now. Several machines work on it then, and this
 * one's claim was gone, or the ledger had lost its last commits. */
static void uncount(struct status *status, size_t index)
{
    struct status_tenant *tenant = &status->tenants[index];
    const uint32_t *wave_of = status->run->wave_of;
    size_t wave = wave_of ? wave_of[index] : 0;
    if (!tenant->is_ended || status->is_rolling_back)
        return;
    status->done -= tenant->is_done;
    status->bad -= tenant->is_bad;
    if (wave < status->wave_count) {
        status->waves[wave].done--;
        status->waves[wave].bad -= tenant->is_bad;
    }
    tenant->is_ended = false;
}

static void begin_tenant(struct status *status, size_t index, uint64_t now_ms)
{
    struct status_tenant *tenant = &status->tenants[index];
    if (tenant->is_running)
        return;
    uncount(status, index);
    set_state(status, tenant, TENANT_RUNNING);
    tenant->previous = status->newest;
    tenant->next = STATUS_NONE;
    tenant->since_ms = (uint32_t)(now_ms - status->started_ms);
    tenant->is_running = true;
    if (status->newest == STATUS_NONE)
        status->oldest = (uint32_t)index;
    else
        status->tenants[status->newest].next = (uint32_t)index;
    status->newest = (uint32_t)index;
    status->running++;
}

static void leave_list(struct status *status, struct status_tenant *tenant)
{
    if (!tenant->is_running)
        return;
    if (tenant->previous == STATUS_NONE)
        status->oldest = tenant->next;
    else
        status->tenants[tenant->previous].next = tenant->next;
    if (tenant->next == STATUS_NONE)
        status->newest = tenant->previous;
    else
        status->tenants[tenant->next].previous = tenant->previous;
    tenant->is_running = false;
    status->running--;
}

static void keep_failure(struct status *status, size_t index, const struct outcome *outcome)
{
    const struct err *err = outcome->error;
    struct status_failure *failure = &status->failures[0];
    size_t kept =
        status->failure_count < STATUS_FAILURES ? status->failure_count : STATUS_FAILURES - 1;
    if (!err || !tenant_state_is_bad(outcome->state))
        return;
    memmove(failure + 1, failure, kept * sizeof *failure);
    status->failure_count = kept + 1;
    *failure = (struct status_failure){
        .tenant = (uint32_t)index, .state = outcome->state, .kind = err->kind, .line = err->line};
    snprintf(failure->code, sizeof failure->code, "%s", err->code);
    snprintf(failure->text, sizeof failure->text, "%.*s", (int)strcspn(err->text, "\n"), err->text);
    snprintf(failure->file, sizeof failure->file, "%s", err->file);
}

/* A tenant that is rolled back was counted on its way out. */
static void end_tenant(struct status *status, size_t index, enum tenant_state state)
{
    struct status_tenant *tenant = &status->tenants[index];
    const uint32_t *wave_of = status->run->wave_of;
    size_t wave = wave_of ? wave_of[index] : 0;
    bool is_bad = tenant_state_is_bad(state);
    leave_list(status, tenant);
    set_state(status, tenant, state);
    if (status->is_rolling_back)
        return;
    uncount(status, index);
    tenant->is_ended = true;
    tenant->is_done = state != TENANT_SKIPPED;
    tenant->is_bad = is_bad;
    status->done += tenant->is_done;
    status->bad += is_bad;
    if (wave >= status->wave_count)
        return;
    status->waves[wave].done++;
    status->waves[wave].bad += is_bad;
}

/* A tenant counts those of the step that it is at: less than before is another step. */
static void note_rows(struct status *status, struct status_tenant *tenant, uint64_t rows)
{
    status->rows += rows > tenant->rows ? rows - tenant->rows : 0;
    if (rows < tenant->rows)
        status->rows += rows;
    tenant->rows = rows;
}

/* ---- waits --------------------------------------------------------------------------------- */

static void end_wait(struct status *status, uint64_t now_ms)
{
    struct status_wait *wait = &status->waits_for;
    if (wait->what)
        status->waited_ms += now_ms - wait->since_ms;
    free((char *)(uintptr_t)wait->what);
    *wait = (struct status_wait){0};
}

static void begin_wait(struct status *status, const struct event *event, uint64_t now_ms)
{
    end_wait(status, now_ms);
    status->waits_for = (struct status_wait){.what = xstrdup(event->reason ? event->reason : ""),
                                             .kind = event->wait,
                                             .since_ms = now_ms,
                                             .most_ms = event->delay_ms};
}

/* ---- pauses -------------------------------------------------------------------------------- */

static void pause_run(struct status *status, uint64_t now_ms)
{
    status->is_paused = true;
    status->paused_since_ms = now_ms;
}

/* The part of a pause that a soak or a gate has taken counts as that. */
static void continue_run(struct status *status, uint64_t now_ms)
{
    if (status->is_paused && !status->waits_for.what)
        status->paused_ms += now_ms - status->paused_since_ms;
    status->is_paused = false;
}

uint64_t status_working_ms(const struct status *status)
{
    uint64_t waits_ms = status->waited_ms + status->paused_ms;
    if (status->waits_for.what)
        waits_ms += status->now_ms - status->waits_for.since_ms;
    else if (status->is_paused)
        waits_ms += status->now_ms - status->paused_since_ms;
    return status->now_ms - status->started_ms - waits_ms;
}

/* ---- events -------------------------------------------------------------------------------- */

static void set_wave(struct status *status, size_t wave, enum run_state state)
{
    if (wave < status->wave_count)
        status->waves[wave].state = state;
}

static void note_forecast(struct status *status, const struct event *event)
{
    if (event->wave >= status->wave_count)
        return;
    struct status_wave *wave = &status->waves[event->wave];
    wave->is_late |= event->kind == EVENT_WAVE_LATE;
    if (event->forecast)
        wave->forecast_ms = event->forecast->duration_ms;
}

/* ---- other machines ------------------------------------------------------------------------ */

/* In a rollback tenants end once more; what is known of the way out stays. */
static void note_others(struct status *status, const struct run_others *told)
{
    struct status_others *others = &status->others;
    if (!told->goes_back) {
        if (!others->told.count)
            others->before = told->finished;
        others->finished = told->finished;
        others->failed = told->failed;
    }
    others->told = *told;
}

/* The way back leaves the waves as they were. */
static void note_tally(struct status *status, const struct run_tally *tally)
{
    if (!tally || !status->others.told.count)
        return;
    status->whole.is_known = true;
    memcpy(status->whole.states, tally->states, sizeof tally->states);
    for (size_t i = 0; i < status->wave_count && !status->others.told.goes_back; i++)
        status->waves[i].whole = tally->waves[i];
}

size_t status_in(const struct status *status, enum tenant_state state)
{
    return status->whole.is_known ? status->whole.states[state] : status->states[state];
}

size_t status_here(const struct status *status, enum tenant_state state)
{
    return state == TENANT_PENDING ? 0 : status->states[state];
}

struct wave_tally status_of_wave(const struct status *status, size_t wave)
{
    const struct status_wave *told = &status->waves[wave];
    return status->whole.is_known ? told->whole : (struct wave_tally){told->done, told->bad};
}

/* Two of them may have told an end of one tenant. */
static size_t at_most(size_t count, size_t most)
{
    return count < most ? count : most;
}

size_t status_done(const struct status *status)
{
    return at_most(status->done + status->others.finished, status->total);
}

size_t status_bad(const struct status *status)
{
    return at_most(status->bad + status->others.failed, status->total);
}

double status_per_ms(const struct status *status)
{
    uint64_t worked_ms = status_working_ms(status);
    size_t done = status_done(status), before = status->others.before;
    return worked_ms && done > before ? (double)(done - before) / (double)worked_ms : 0;
}

double status_left_ms(const struct status *status)
{
    double per_ms = status_per_ms(status);
    if (per_ms <= 0 || status->is_over || status->is_draining || status->is_rolling_back)
        return -1;
    return (double)(status->total - status_done(status)) / per_ms;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void end_run(struct status *status, enum run_state state)
{
    status->is_over = true;
    status->state = state;
}

void status_tick(struct status *status, uint64_t now_ms)
{
    status->now_ms = now_ms;
}

void status_apply(struct status *status, const struct event *event, uint64_t now_ms)
{
    status_tick(status, now_ms);
    switch (event->kind) {
    case EVENT_RUN_STARTED: start_run(status, event->run, now_ms); break;
    case EVENT_WAVE_STARTED: set_wave(status, event->wave, RUN_RUNNING); break;
    case EVENT_WAVE_FINISHED: set_wave(status, event->wave, event->state); break;
    case EVENT_TENANT_STARTED: begin_tenant(status, event->tenant, now_ms); break;
    case EVENT_TENANT_FINISHED:
        end_tenant(status, event->tenant, event->outcome->state);
        keep_failure(status, event->tenant, event->outcome);
        break;
    case EVENT_RUN_DRAINS:
        status->is_draining = true;
        status->is_stopping |= event->halt && event->halt->kind == HALT_SIGNAL;
        status->drains++;
        break;
    case EVENT_RUN_ROLLS_BACK: status->is_rolling_back = true; break;
    case EVENT_RUN_PAUSED: pause_run(status, now_ms); break;
    case EVENT_RUN_CONTINUES: continue_run(status, now_ms); break;
    case EVENT_WAIT_STARTED: begin_wait(status, event, now_ms); break;
    case EVENT_WAIT_FINISHED: end_wait(status, now_ms); break;
    case EVENT_RUN_FINISHED: end_run(status, event->state); break;
    case EVENT_TENANT_RETRIES: status->retries++; break;
    case EVENT_WAVE_FORECAST:
    case EVENT_WAVE_LATE: note_forecast(status, event); break;
    case EVENT_TENANT_BATCHES:
        note_rows(status, &status->tenants[event->tenant], event->batches->rows);
        break;
    case EVENT_RUN_OTHERS:
        note_others(status, event->others);
        note_tally(status, event->tally);
        break;
    case EVENT_TENANT_INTENT:
    case EVENT_NOTE: break;
    }
}
