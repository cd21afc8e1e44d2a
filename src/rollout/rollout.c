#include "rollout/rollout.h"

#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "driver/driver.h"
#include "event/status.h"
#include "link/loop.h"
#include "rollout/rollout_private.h"

double rollout_elapsed_ms(const struct rollout *rollout)
{
    return (double)(uv_hrtime() - rollout->started_ns) / 1e6;
}

void rollout_join_after(struct rollout *rollout, int64_t age_ms)
{
    rollout->started_ns =
        uv_hrtime() -
        (uint64_t)age_ms *
            1000000; /* may be before the machine's boot: the difference is right all the same */
}

/* The status first, so that observers find it as it is after the event. */
void rollout_show(struct rollout *rollout, struct event event)
{
    event.run = &rollout->info;
    if (rollout->options->status)
        status_apply(rollout->options->status, &event, uv_hrtime() / 1000000);
    for (size_t i = 0; i < rollout->observer_count; i++)
        rollout->observers[i].on_event(rollout->observers[i].ctx, &event);
}

void rollout_tell(struct rollout *rollout, struct event event)
{
    event.run = &rollout->info;
    if (event.outcome)
        rollout_note_used(rollout, event.outcome);
    bool is_wait = event.kind == EVENT_WAIT_STARTED || event.kind == EVENT_WAIT_FINISHED;
    if (rollout->machine && rollout->info.tenant_count && !rollout->slots[event.tenant].is_lost)
        event.epoch = rollout->slots[event.tenant].epoch;
    if (rollout->journal && !is_wait)
        journal_tell(rollout->journal, &event);
    rollout_show(rollout, event);
}

const char *rollout_wave_name(const struct rollout *rollout)
{
    return rollout->has_begun ? rollout->info.waves[rollout->wave].name : NULL;
}

void rollout_note(struct rollout *rollout, const char *text)
{
    rollout_tell(rollout, (struct event){.kind = EVENT_NOTE, .reason = text});
}

/* ---- doing what the scheduler decides ------------------------------------------------------ */

void rollout_start_tenant(struct rollout *rollout, uint32_t tenant)
{
    struct tenant_slot *slot = &rollout->slots[tenant];
    if (slot->session) {
        session_take_turn(slot->session);
        return;
    }
    if (rollout_skip_unreachable(rollout, tenant))
        return;
    rollout_tell(rollout, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = tenant});
    rollout->in_flight++;
    slot->session = session_start(&rollout->env, rollout->info.tenants[tenant], tenant);
}

static void on_surveyed(void *ctx)
{
    struct rollout *rollout = ctx;
    rollout->is_surveying = false;
    rollout_fill(rollout);
}

/* Connections that wait for a tenant count like those at work: what is too much by these rules is closed. */
void rollout_limit_connections(struct rollout *rollout, size_t wave)
{
    const struct rollout_wave *rules = &rollout->options->waves[wave];
    links_limit(rollout->links, rules->parallel, rules->per_server);
}

static void begin_wave(struct rollout *rollout, uint32_t wave)
{
    rollout->wave_failed = 0;
    rollout->wave = wave;
    rollout->has_begun = true;
    rollout_tell(rollout, (struct event){.kind = EVENT_WAVE_STARTED, .wave = wave});
    rollout_begin_outlook(rollout);
    rollout_limit_connections(rollout, wave);
    const struct rollout_wave *rules = &rollout->options->waves[wave];
    const struct survey_wave surveyed = {
        .number = wave,
        .connections = rules->parallel < rules->per_server ? rules->parallel : rules->per_server,
        .on_done = on_surveyed,
        .ctx = rollout,
    };
    rollout->is_surveying = rollout->survey && survey_begin(rollout->survey, &surveyed);
}

/* ---- waiting ------------------------------------------------------------------------------- */

void rollout_begin_wait(struct rollout *rollout, enum wait wait, const char *what, uint64_t ms)
{
    if (rollout->is_waiting)
        return;
    rollout->is_waiting = true;
    rollout_tell(rollout, (struct event){.kind = EVENT_WAIT_STARTED,
                                         .wait = wait,
                                         .wave = rollout->wave,
                                         .reason = what,
                                         .delay_ms = ms});
}

void rollout_end_wait(struct rollout *rollout)
{
    if (rollout->is_waiting)
        rollout_tell(rollout, (struct event){.kind = EVENT_WAIT_FINISHED, .wave = rollout->wave});
    rollout->is_waiting = false;
}

/* Nothing is decided until it has answered. */
void rollout_ask_gate(struct rollout *rollout, enum gate gate, const struct gate_facts *facts,
                      gate_answer_fn on_answer)
{
    char what[64];
    snprintf(what, sizeof what, "the gate %s", gate_name(gate));
    rollout->is_gated = true;
    rollout->gate = gate;
    rollout_begin_wait(rollout, WAIT_GATE, what, rollout->options->gates->timeout_ms);
    gates_ask(rollout->gates, gate, facts, on_answer, rollout);
}

/* Before the run, or after a wave: a no halts, as too many failures would. */
static void on_gate(void *ctx, const struct gate_no *no)
{
    struct rollout *rollout = ctx;
    rollout->is_gated = false;
    rollout_end_wait(rollout);
    if (no) {
        struct halt halt = {.kind = HALT_GATE,
                            .wave = rollout_wave_name(rollout),
                            .gate = gate_name(rollout->gate),
                            .status = no->status,
                            .output = rollout_gate_output(rollout, no),
                            .signal = no->signal};
        rollout->is_refused = true;
        (rollout->has_begun ? scheduler_trip : scheduler_stop)(rollout->scheduler);
        rollout_tell(rollout, (struct event){.kind = EVENT_RUN_DRAINS,
                                             .reason = no->why,
                                             .halt = &halt,
                                             .at_ms = clock_wall_ms()});
    }
    rollout_fill(rollout);
}

/* If this run changed nothing in the wave, its soak still counts from when the earlier run finished the wave. */
static int64_t wave_end_ms(const struct rollout *rollout, const struct decision *decision)
{
    const struct rollout_wave *wave = &rollout->options->waves[decision->wave];
    bool is_of_earlier = wave->soak_until_ms && !decision->has_changed;
    return is_of_earlier ? wave->soak_until_ms - (int64_t)wave->soak_ms : clock_wall_ms();
}

static void end_wave(struct rollout *rollout, const struct decision *decision)
{
    enum run_state state = rollout->signal || rollout->ledger_err.kind ? RUN_INTERRUPTED
                           : decision->has_tripped                     ? RUN_HALTED
                           : rollout->wave_failed                      ? RUN_FAILED
                                                                       : RUN_SUCCEEDED;
    rollout_tell(rollout, (struct event){.kind = EVENT_WAVE_FINISHED,
                                         .wave = decision->wave,
                                         .state = state,
                                         .at_ms = wave_end_ms(rollout, decision)});
    rollout_end_outlook(rollout);
    if (!gates_has(rollout->gates, GATE_AFTER_WAVE))
        return;
    rollout_ask_gate(rollout, GATE_AFTER_WAVE,
                     &(struct gate_facts){.wave = rollout->info.waves[decision->wave].name,
                                          .state = run_state_name(state)},
                     on_gate);
}

static void begin_rollback(struct rollout *rollout)
{
    rollout->has_rolled_back = true;
    routes_roll_back(rollout->routes);
    rollout_limit_connections(rollout,
                              rollout->options->wave_count - 1); /* as the scheduler has it */
    enum halt_kind kind = rollout->is_refused ? HALT_GATE
                          : rollout->is_late  ? HALT_FORECAST
                                              : HALT_THRESHOLD;
    rollout_tell(rollout, (struct event){.kind = EVENT_RUN_ROLLS_BACK,
                                         .reason = halt_kind_goes_back(kind),
                                         .at_ms = clock_wall_ms()});
}

static void on_soaked(uv_timer_t *timer)
{
    rollout_fill(timer->data);
}

static void wait_until(struct rollout *rollout, uint64_t until_ms)
{
    uint64_t now_ms = uv_hrtime() / 1000000;
    uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 1;
    char what[128];
    snprintf(what, sizeof what, "the soak after wave '%.80s'",
             rollout->info.waves[rollout->wave].name);
    rollout_begin_wait(rollout, WAIT_SOAK, what, left_ms);
    uv_update_time(rollout->loop);
    uv_timer_start(&rollout->soak, on_soaked, left_ms, 0);
}

void rollout_close_handles(struct rollout *rollout)
{
    rollout->is_closed = true;
    rollout_stop_asking(rollout);
    rollout_close_replicas(rollout);
    links_close(rollout->links);
    machine_close(rollout->machine);
    if (rollout->journal)
        journal_close(rollout->journal);
    uv_close((uv_handle_t *)&rollout->tick, NULL);
    uv_close((uv_handle_t *)&rollout->soak, NULL);
    for (int i = 0; i < SIGNALS_OF_OURS; i++)
        uv_close((uv_handle_t *)&rollout->signals[i], NULL);
}

static enum run_state final_state(const struct rollout *rollout);

static void on_last_gate(void *ctx, const struct gate_no *no)
{
    struct rollout *rollout = ctx;
    if (no)
        rollout_note(rollout, no->why);
    rollout->is_gated = false;
    rollout_end_wait(rollout);
    rollout_close_handles(rollout);
}

static void finish(struct rollout *rollout)
{
    rollout->end = final_state(rollout);
    rollout->is_over = true;
    if (!gates_has(rollout->gates, GATE_AFTER_RUN)) {
        rollout_close_handles(rollout);
        return;
    }
    rollout_ask_gate(rollout, GATE_AFTER_RUN,
                     &(struct gate_facts){.state = run_state_name(rollout->end)}, on_last_gate);
}

void rollout_fill(struct rollout *rollout)
{
    rollout_obey_stops(rollout);
    if (rollout->machine) {
        machine_fill(rollout->machine);
        return;
    }
    while (!rollout->is_closed && !rollout->is_gated && !rollout->is_surveying) {
        struct decision decision = scheduler_next(rollout->scheduler, uv_hrtime() / 1000000);
        if (decision.kind != DECIDE_WAIT)
            rollout_end_wait(rollout);
        switch (decision.kind) {
        case DECIDE_START: rollout_start_tenant(rollout, decision.tenant); break;
        case DECIDE_GIVE_UP: rollout_give_up(rollout, decision.tenant); break;
        case DECIDE_WAVE_BEGINS: begin_wave(rollout, decision.wave); break;
        case DECIDE_WAVE_ENDS: end_wave(rollout, &decision); break;
        case DECIDE_ROLLBACK_BEGINS: begin_rollback(rollout); break;
        case DECIDE_OVER: finish(rollout); break;
        case DECIDE_WAIT: wait_until(rollout, decision.until_ms); return;
        case DECIDE_IDLE: return;
        }
    }
}

void rollout_on_tick(uv_timer_t *handle)
{
    struct rollout *rollout = handle->data;
    machine_tick(rollout->machine);
    if (rollout->info.request->stopping.stops)
        rollout_fill(rollout);
    rollout_obey_steering(rollout);
    rollout_look_at_outlook(rollout);
    if (rollout->options->status) {
        status_tick(rollout->options->status, uv_hrtime() / 1000000);
        rollout_look_at_doings(rollout);
    }
    if (rollout->options->on_tick)
        rollout->options->on_tick(rollout->options->tick_ctx);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static enum run_state final_state(const struct rollout *rollout)
{
    bool is_complete = rollout->finished == rollout->wanted;
    bool is_rollback = rollout->info.request->verb->rolls_back;
    if (rollout->has_rolled_back &&
        (rollout->need_person || (rollout->rollbacks_left && !rollout->signal)))
        return RUN_ROLLBACK_FAILED;
    if (rollout->signal)
        return RUN_INTERRUPTED;
    if (rollout->has_rolled_back)
        return RUN_ROLLED_BACK;
    if (is_rollback && rollout->failed)
        return RUN_ROLLBACK_FAILED;
    if (is_complete && rollout->options->ends_failure && request_changes(rollout->info.request))
        return RUN_ROLLED_BACK;
    if (!is_complete || (rollout->is_refused && !is_rollback))
        return RUN_HALTED;
    return rollout->failed ? RUN_FAILED : RUN_SUCCEEDED;
}

void rollout_make_id(char ret_id[32])
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[20];
    unsigned char random[3] = {0};
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    uv_random(NULL, NULL, random, sizeof random, 0, NULL);
    snprintf(ret_id, 32, "%s-%02x%02x%02x", stamp, random[0], random[1], random[2]);
}

/* The run is on record before anything of it is begun. */
static void on_recorded(void *ctx, const struct err *err)
{
    struct rollout *rollout = ctx;
    rollout->info.is_unrecorded = err != NULL; /* rollout_on_ledger_broken was told */
    bool asks_gate = !rollout->machine && gates_has(rollout->gates, GATE_BEFORE_RUN);
    if (!rollout->is_draining && asks_gate) {
        rollout_ask_gate(rollout, GATE_BEFORE_RUN, &(struct gate_facts){0}, on_gate);
    }
    rollout_fill(rollout);
}

void rollout_begin(struct rollout *rollout)
{
    struct event event = {.kind = EVENT_RUN_STARTED, .run = &rollout->info};
    bool is_joined = rollout->machine && rollout->options->share->has_begun;
    if (is_joined)
        journal_beat(rollout->journal);
    else if (rollout->journal)
        journal_tell_and_wait(rollout->journal, &event, on_recorded, rollout);
    rollout_show(rollout, event);
    rollout_tell_outlook(rollout, 0);
    if (!rollout->journal)
        on_recorded(rollout, NULL);
}

static void tell_end(struct rollout *rollout)
{
    rollout_withhold(rollout);
    /* The ledger knows how a run of several machines ended, and who ended it. */
    (rollout->machine ? rollout_show : rollout_tell)(
        rollout, (struct event){.kind = EVENT_RUN_FINISHED,
                                .state = rollout->is_over ? rollout->end : final_state(rollout),
                                .duration_ms = rollout_elapsed_ms(rollout)});
    struct err err = {0};
    if (rollout->journal && !journal_finish(rollout->journal, &err))
        rollout->ledger_err = err;
}

struct rollout *rollout_new(uv_loop_t *loop, const struct rollout_options *options,
                            const struct observer *observers, size_t observer_count)
{
    char id[32];
    rollout_make_id(id);
    drivers_init();
    struct rollout *rollout = xcalloc(1, sizeof *rollout);
    arena_init(&rollout->arena);
    rollout->loop = loop;
    rollout->options = options;
    rollout->observers =
        arena_calloc(&rollout->arena, observer_count + 1, sizeof *rollout->observers);
    for (size_t i = 0; i < observer_count; i++)
        rollout->observers[rollout->observer_count++] = observers[i];
    rollout->started_ns = uv_hrtime();
    rollout->random = uv_hrtime() | 1;
    rollout->info = options->run;
    rollout->info.id = rollout->info.id ? rollout->info.id : arena_strdup(&rollout->arena, id);
    if (!options->share || !options->share->has_begun)
        rollout->info.started_at_ms = clock_wall_ms();
    rollout_open(rollout);
    return rollout;
}

struct rollout_end rollout_end(struct rollout *rollout)
{
    tell_end(rollout);
    struct rollout_end result = {
        .signal = rollout->signal,
        .is_stopped = rollout->is_stopped,
        .ledger_err = rollout->ledger_err,
        .has_left = rollout->signal && machine_has_left(rollout->machine),
    };
    rollout_close(rollout);
    free(rollout);
    return result;
}

struct rollout_end rollout_run(const struct rollout_options *options,
                               const struct observer *observers, size_t observer_count)
{
    uv_loop_t loop;
    struct rollout_end result = {0};
    if (!loop_open(&loop, &result.err))
        return result;
    struct rollout *rollout = rollout_new(&loop, options, observers, observer_count);
    rollout_begin(rollout);
    uv_run(&loop, UV_RUN_DEFAULT);
    result = rollout_end(rollout);
    uv_loop_close(&loop);
    return result;
}
