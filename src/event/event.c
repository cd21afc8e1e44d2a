#include "event/event.h"

#include <assert.h>

#include "base/arena.h"

const char *run_state_name(enum run_state state)
{
    static const char *const names[RUN__COUNT] = {
        [RUN_RUNNING] = "running",         [RUN_SUCCEEDED] = "succeeded",
        [RUN_FAILED] = "failed",           [RUN_HALTED] = "halted",
        [RUN_ROLLED_BACK] = "rolled_back", [RUN_ROLLBACK_FAILED] = "rollback_failed",
        [RUN_INTERRUPTED] = "interrupted",
    };
    assert(state < RUN__COUNT);
    return names[state];
}

enum machine_state run_machine_state(const struct run_machine *machine)
{
    return machine->is_there ? MACHINE_AT_WORK : machine->has_left ? MACHINE_LEFT : MACHINE_GONE;
}

/* A ledger that has lost its last commits may tell of fewer machines than are there. */
uint32_t run_others_gone(const struct run_others *others)
{
    uint32_t known = others->at_work + others->left;
    return others->count > known ? others->count - known : 0;
}

const char *machine_state_name(enum machine_state state)
{
    static const char *const names[MACHINE__COUNT] = {
        [MACHINE_AT_WORK] = "at work",
        [MACHINE_LEFT] = "left",
        [MACHINE_GONE] = "gone",
    };
    assert(state < MACHINE__COUNT);
    return names[state];
}

const char *run_state_words(enum run_state state, bool is_dry_run)
{
    return is_dry_run && state == RUN_SUCCEEDED ? "done" : run_state_name(state);
}

const char *preflight_state_name(enum preflight_state state)
{
    static const char *const names[PREFLIGHT__COUNT] = {"fits", "fails", "unknown", "not_asked"};
    return names[state];
}

const char *tenant_state_name(enum tenant_state state)
{
    static const char *const names[TENANT__COUNT] = {
        [TENANT_PENDING] = "pending",
        [TENANT_RUNNING] = "running",
        [TENANT_SUCCEEDED] = "succeeded",
        [TENANT_UNCHANGED] = "unchanged",
        [TENANT_FAILED] = "failed",
        [TENANT_PARTIAL] = "partial",
        [TENANT_IN_DOUBT] = "in_doubt",
        [TENANT_ROLLED_BACK] = "rolled_back",
        [TENANT_ROLLBACK_FAILED] = "rollback_failed",
        [TENANT_SKIPPED] = "skipped",
    };
    assert(state < TENANT__COUNT);
    return names[state];
}

const char *wait_name(enum wait wait)
{
    static const char *const names[WAIT__COUNT] = {[WAIT_SOAK] = "soak", [WAIT_GATE] = "gate"};
    return names[wait];
}

const char *tenant_state_words(enum tenant_state state, const struct request *request)
{
    bool is_plan = request->verb->work == WORK_PLAN && !request_changes(request);
    if (is_plan && state == TENANT_SUCCEEDED)
        return "would change";
    return is_plan && state == TENANT_UNCHANGED ? "would stay" : tenant_state_name(state);
}

bool run_state_is_halt(enum run_state state)
{
    return state != RUN_SUCCEEDED && state != RUN_FAILED;
}

const char *halt_kind_name(enum halt_kind kind)
{
    static const char *const names[HALT__COUNT] = {
        [HALT_THRESHOLD] = "threshold", [HALT_GATE] = "gate",       [HALT_SIGNAL] = "signal",
        [HALT_LEDGER] = "ledger",       [HALT_SKIPPED] = "skipped", [HALT_FORECAST] = "forecast",
    };
    return names[kind];
}

/* The others stop a run where it stands. */
const char *halt_kind_goes_back(enum halt_kind kind)
{
    static const char *const reasons[HALT__COUNT] = {
        [HALT_THRESHOLD] = "too many failures",
        [HALT_GATE] = "a gate said no",
        [HALT_FORECAST] = "a wave took too long",
    };
    return kind < HALT__COUNT && reasons[kind] ? reasons[kind] : "the run was halted";
}

const char *forecast_source_name(enum forecast_source source)
{
    static const char *const names[FORECAST_FROM__COUNT] = {
        [FORECAST_FROM_WAVES] = "waves",
        [FORECAST_FROM_LEDGER] = "ledger",
        [FORECAST_FROM_PLAN] = "plan",
    };
    return names[source];
}

bool tenant_state_is_bad(enum tenant_state state)
{
    return state == TENANT_FAILED || tenant_state_needs_person(state);
}

bool tenant_state_needs_person(enum tenant_state state)
{
    return state == TENANT_PARTIAL || state == TENANT_IN_DOUBT || state == TENANT_ROLLBACK_FAILED;
}

bool origin_is_narrowed(const struct origin *origin)
{
    return origin->selects.count || origin->names.count || origin->narrowed.count;
}

size_t run_selected_count(const struct run_info *run)
{
    size_t count = run->narrowed_from ? run->narrowed_from : run->tenant_count;
    const struct run_wave *last =
        run->waves && run->wave_count ? &run->waves[run->wave_count - 1] : NULL;
    bool leaves_out = last && run->resumed_from && !run->narrowed_from &&
                      origin_is_narrowed(&run->origin) &&
                      strcmp(last->name, RUN_WAVE_NOT_SELECTED) == 0;
    return leaves_out ? count - last->tenant_count : count;
}

bool outcome_is_work(const struct outcome *outcome)
{
    bool is_done = outcome->state == TENANT_SUCCEEDED || outcome->state == TENANT_UNCHANGED;
    return !outcome->is_rollback && !outcome->has_regressed && outcome->to.is_known &&
           (is_done || outcome->has_changed);
}

enum tenant_state standing_left_state(const struct standing *standing)
{
    if (standing->state == TENANT_RUNNING)
        return TENANT_IN_DOUBT;
    return tenant_state_is_bad(standing->state) ? standing->state : TENANT_SKIPPED;
}

bool standing_may_have_changed(const struct standing *standing)
{
    bool is_open = standing->state == TENANT_RUNNING || standing->state == TENANT_IN_DOUBT ||
                   standing->state == TENANT_ROLLBACK_FAILED;
    return standing->has_changed || (standing->is_begun && is_open);
}

const char *seen_kind_name(enum seen_kind kind)
{
    static const char *const names[SEEN__COUNT] = {
        [SEEN_LOCK] = "lock",         [SEEN_REWRITE] = "rewrite", [SEEN_ROWS] = "rows",
        [SEEN_SEQUENCE] = "sequence", [SEEN_GROWTH] = "growth",   [SEEN_SKIPPED] = "not_rehearsed",
        [SEEN_SCRATCH] = "scratch",
    };
    return names[kind];
}

const char *seen_blocks_name(enum seen_blocks blocks)
{
    static const char *const names[BLOCKS__COUNT] = {
        [BLOCKS_NOTHING] = "nothing",
        [BLOCKS_WRITES] = "writes",
        [BLOCKS_ALL] = "reads and writes",
    };
    return names[blocks];
}

const char *rehearsed_at_name(enum rehearsed_at at)
{
    static const char *const names[REHEARSED__COUNT] = {
        [REHEARSED_IN_PLACE] = "transaction",
        [REHEARSED_ON_COPY] = "copy",
        [REHEARSED_ON_SCRATCH] = "scratch",
    };
    return names[at];
}

const char *scratch_schema_name(enum scratch_schema schema)
{
    static const char *const names[SCRATCH_BY__COUNT] = {
        [SCRATCH_BY_CHAIN] = "chain", [SCRATCH_BY_TENANT] = "tenant"};
    return names[schema];
}

/* ---- copies -------------------------------------------------------------------------------- */

static const void *copy_bytes(struct arena *arena, const void *bytes, size_t size)
{
    if (!bytes || !size)
        return NULL;
    return memcpy(arena_alloc(arena, size), bytes, size);
}

static const struct err *copy_error(struct arena *arena, const struct err *err)
{
    struct err *copy = (struct err *)(uintptr_t)copy_bytes(arena, err, sizeof *err);
    if (copy)
        copy->said = said_copy(arena, err->said);
    return copy;
}

static const struct halt *copy_halt(struct arena *arena, const struct halt *halt)
{
    struct halt *copy = (struct halt *)(uintptr_t)copy_bytes(arena, halt, sizeof *halt);
    if (!copy)
        return NULL;
    copy->wave = arena_strdup(arena, halt->wave);
    copy->gate = arena_strdup(arena, halt->gate);
    copy->output = arena_strdup(arena, halt->output);
    return copy;
}

static const struct half_step *copy_half_step(struct arena *arena, const struct half_step *half)
{
    struct half_step *copy = (struct half_step *)(uintptr_t)copy_bytes(arena, half, sizeof *half);
    if (!copy)
        return NULL;
    copy->revision = arena_strdup(arena, half->revision);
    copy->run = arena_strdup(arena, half->run);
    return copy;
}

static const struct outcome *copy_outcome(struct arena *arena, const struct outcome *outcome)
{
    struct outcome *copy = arena_alloc(arena, sizeof *copy);
    *copy = *outcome;
    copy->from = rows_copy(arena, &outcome->from);
    copy->to = rows_copy(arena, &outcome->to);
    copy->steps = copy_bytes(arena, outcome->steps, outcome->step_count * sizeof *outcome->steps);
    copy->half_step = copy_half_step(arena, outcome->half_step);
    copy->error = copy_error(arena, outcome->error);
    copy->error_statement = arena_strdup(arena, outcome->error_statement);
    copy->notices = notices_copy(arena, outcome->notices);
    copy->catalog = NULL;
    copy->weighed = NULL; /* of runs that leave no trace */
    copy->weighed_count = 0;
    copy->preflight = NULL;
    copy->preflight_count = 0;
    copy->measured = NULL;
    copy->measured_count = 0;
    copy->seen = NULL;
    copy->seen_count = 0;
    return copy;
}

static const struct wave_forecast *copy_forecast(struct arena *arena,
                                                 const struct wave_forecast *forecast)
{
    struct wave_forecast *copy =
        (struct wave_forecast *)(uintptr_t)copy_bytes(arena, forecast, sizeof *forecast);
    if (copy)
        copy->run = arena_strdup(arena, forecast->run);
    return copy;
}

static const struct intent *copy_intent(struct arena *arena, const struct intent *intent)
{
    struct intent *copy = arena_alloc(arena, sizeof *copy);
    copy->before = rows_copy(arena, &intent->before);
    copy->goal = rows_copy(arena, &intent->goal);
    copy->snapshot = arena_strdup(arena, intent->snapshot);
    return copy;
}

static const struct batches_done *copy_batches(struct arena *arena,
                                               const struct batches_done *batches)
{
    if (!batches)
        return NULL;
    struct batches_done *copy = arena_alloc(arena, sizeof *copy);
    *copy = *batches;
    copy->waits_for = arena_strdup(arena, batches->waits_for);
    return copy;
}

void event_copy(struct arena *arena, const struct event *event, struct event *ret_copy)
{
    *ret_copy = *event;
    ret_copy->error = copy_error(arena, event->error);
    ret_copy->reason = arena_strdup(arena, event->reason);
    ret_copy->by = arena_strdup(arena, event->by);
    ret_copy->halt = copy_halt(arena, event->halt);
    ret_copy->batches = copy_batches(arena, event->batches);
    ret_copy->forecast = copy_forecast(arena, event->forecast);
    ret_copy->overrun = copy_bytes(arena, event->overrun, sizeof *event->overrun);
    if (event->outcome)
        ret_copy->outcome = copy_outcome(arena, event->outcome);
    if (event->intent)
        ret_copy->intent = copy_intent(arena, event->intent);
}

/* Copies are ours to change. */
static void hide_error(struct arena *arena, const struct err *err)
{
    if (err)
        err_hide_values((struct err *)(uintptr_t)err, arena);
}

void event_copy_without_values(struct arena *arena, const struct event *event,
                               struct event *ret_copy)
{
    event_copy(arena, event, ret_copy);
    hide_error(arena, ret_copy->error);
    if (!ret_copy->outcome)
        return;
    struct notices *notices = (struct notices *)(uintptr_t)ret_copy->outcome->notices;
    hide_error(arena, ret_copy->outcome->error);
    for (size_t i = 0; notices && i < notices->kept; i++)
        notice_hide_values(&notices->items[i], arena);
}
