#include "rollout/rollout.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/parse.h"
#include "driver/driver.h"
#include "event/status.h"
#include "link/loop.h"
#include "rollout/rollout_private.h"

double rollout_elapsed_ms(const struct rollout *rollout)
{
    return (double)(uv_hrtime() - rollout->started_ns) / 1e6;
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

/* Who has this run, for those who ask who had it do something. */
static const char *holder_of(const struct rollout *rollout)
{
    const struct rollout_share *share = rollout->options->share;
    return share ? share->machine : rollout->info.origin.by;
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
                            .output = no->output,
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

static void obey_stops(struct rollout *rollout);

void rollout_fill(struct rollout *rollout)
{
    obey_stops(rollout);
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

/* ---- stopping ------------------------------------------------------------------------------ */

static void for_each_session(struct rollout *rollout, void (*act)(struct session *session))
{
    for (size_t i = 0; i < rollout->info.tenant_count; i++)
        if (rollout->slots[i].session)
            act(rollout->slots[i].session);
}

static void set_paused(struct rollout *rollout, bool is_paused)
{
    rollout->is_paused = is_paused;
    scheduler_pause(rollout->scheduler, is_paused);
    rollout_pause_outlook(rollout, is_paused);
    if (is_paused)
        machine_pause(rollout->machine);
    rollout_tell(rollout, (struct event){.kind = is_paused ? EVENT_RUN_PAUSED : EVENT_RUN_CONTINUES,
                                         .reason = "asked for by who watches the run",
                                         .at_ms = clock_wall_ms(),
                                         .by = holder_of(rollout)});
}

/* A run that is stopping, or over, begins nothing anyway. */
static void obey_steering(struct rollout *rollout)
{
    const struct steering *steering = rollout->options->steering;
    if (!steering || steering->is_paused == rollout->is_paused || rollout->is_draining ||
        rollout->is_over)
        return;
    set_paused(rollout, steering->is_paused);
    if (!rollout->is_paused)
        rollout_fill(rollout);
}

void rollout_drain(struct rollout *rollout, const char *reason, const struct halt *halt)
{
    if (rollout->is_paused)
        set_paused(rollout, false);
    rollout->is_draining = true;
    scheduler_stop(rollout->scheduler);
    rollout_tell(rollout,
                 (struct event){.kind = EVENT_RUN_DRAINS,
                                .reason = reason,
                                .halt = halt,
                                .at_ms = clock_wall_ms(),
                                .by = halt->kind == HALT_SIGNAL ? holder_of(rollout) : NULL});
    for_each_session(rollout, session_stop_waiting);
    if (rollout->is_surveying)
        survey_cancel(rollout->survey);
}

/* Has what is in flight nothing to finish, since none of it is to remain? */
static bool is_for_nothing(const struct rollout *rollout)
{
    const struct request *request = rollout->info.request;
    return request->rehearses || request->is_on_scratch;
}

static void cancel(struct rollout *rollout)
{
    rollout->is_cancelling = true;
    if (!rollout->is_over)
        rollout_tell(rollout,
                     (struct event){.kind = EVENT_RUN_DRAINS,
                                    .reason = "cancelling what is in flight, and rolling it back",
                                    .at_ms = clock_wall_ms(),
                                    .by = holder_of(rollout)});
    gates_cancel(rollout->gates);
    for_each_session(rollout, session_cancel);
}

/* A signal does not change a run that is over: only the gate after_run is still at work. */
static void stop(struct rollout *rollout, int signal_number)
{
    rollout->is_stopped = true;
    if (rollout->is_over) {
        rollout_note(rollout,
                     "the run is done, and its gate after_run is at work (once more ends that)");
        return;
    }
    rollout->signal = signal_number;
    if (machine_leaves(rollout->machine))
        return;
    bool is_cancelled = is_for_nothing(rollout);
    rollout_drain(
        rollout,
        is_cancelled
            ? "stopping"
            : "stopping: what is in flight finishes (once more cancels it and rolls it back)",
        &(struct halt){
            .kind = HALT_SIGNAL, .wave = rollout_wave_name(rollout), .signal = signal_number});
    if (is_cancelled)
        cancel(rollout);
}

void rollout_on_ledger_broken(void *ctx, const struct err *err)
{
    struct rollout *rollout = ctx;
    rollout->ledger_err = *err;
    if (!rollout->is_draining)
        rollout_drain(rollout, "the ledger cannot be written: what is in flight finishes",
                      &(struct halt){.kind = HALT_LEDGER, .wave = rollout_wave_name(rollout)});
    rollout_fill(rollout); /* a soak may be all that is under way */
}

/* First: finish what is in flight. Second: cancel it and roll it back. Third: die. A rehearsal has nothing to finish, and is cancelled at the
 * first. */
void rollout_on_signal(uv_signal_t *handle, int number)
{
    struct rollout *rollout = handle->data;
    if (!rollout->is_stopped) {
        stop(rollout, number == SIGHUP ? SIGTERM : number);
        rollout_fill(rollout);
        return;
    }
    if (rollout->is_cancelling && (rollout->is_urged || !is_for_nothing(rollout))) {
        signal(number, SIG_DFL);
        raise(number);
    }
    rollout->is_urged = true;
    if (!rollout->is_cancelling)
        cancel(rollout);
}

/* Asked before anything is begun, so that a stop which an observer asks for holds at once. */
static void obey_stops(struct rollout *rollout)
{
    const struct stopping *stopping = &rollout->info.request->stopping;
    int stops = stopping->stops ? atomic_load(stopping->stops) : 0;
    int stopped_by = stopping->stopped_by;
    if ((stopped_by || stops > 0) && !rollout->is_stopped)
        stop(rollout, stopped_by ? stopped_by : SIGTERM);
    if (stops > 1 && !rollout->is_cancelling)
        cancel(rollout);
}

void rollout_on_tick(uv_timer_t *handle)
{
    struct rollout *rollout = handle->data;
    machine_tick(rollout->machine);
    if (rollout->info.request->stopping.stops)
        rollout_fill(rollout);
    obey_steering(rollout);
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

static void *wait_for_all(void *ctx)
{
    pthread_mutex_t *gate = ctx;
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* How many threads of `wanted` the system gives at once, besides ours. */
static uint32_t count_threads(uint32_t wanted, int *ret_error)
{
    pthread_t *threads = xcalloc(wanted, sizeof *threads);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    uint32_t count = 0;
    *ret_error = 0;
    pthread_mutex_lock(&gate);
    while (count < wanted && !*ret_error) {
        *ret_error = pthread_create(&threads[count], NULL, wait_for_all, &gate);
        count += !*ret_error;
    }
    pthread_mutex_unlock(&gate);
    for (uint32_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return count;
}

/* Few threads that are always busy cost a third less than one a tenant, of which each piece of work
 * wakes another; more than processors, since some wait for disks. */
static uint32_t wanted_threads(uint32_t parallel)
{
    enum { SMALLEST = 4, ALWAYS_FINE = 8, LARGEST = 128, LIBUVS_LARGEST = 1024 };
    const char *chosen = getenv("UV_THREADPOOL_SIZE");
    uint32_t most = uv_available_parallelism() * 4, number;
    if (chosen && parse_u32(chosen, 1, LIBUVS_LARGEST, &number))
        return number;
    most = most < ALWAYS_FINE ? ALWAYS_FINE : most > LARGEST ? LARGEST : most;
    return parallel < SMALLEST ? SMALLEST : parallel > most ? most : parallel;
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

/* libuv makes all of the pool's threads with its first work: now, while there are so many. */
static bool start_pool(struct err *err)
{
    uv_loop_t loop;
    uv_work_t work;
    if (!loop_open(&loop, err))
        return false;
    uv_queue_work(&loop, &work, do_nothing, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return true;
}

/* Sizes the worker pool. Where threads are scarce, some are left over for look-ups, passwords and cancels, and
 * some memory for all else. */
bool rollout_size_pool(uint32_t parallel, struct err *err)
{
    enum { SPARE = 4 };
    char size[16];
    int error;
    uint32_t wanted = wanted_threads(parallel);
    uint32_t given = count_threads(wanted + SPARE, &error);
    if (!given)
        return err_set(
            err, ERR_CONFIG,
            "the system gives no thread to work with: %s (see 'ulimit -u' and 'ulimit -v')",
            strerror(error));
    if (given < wanted + SPARE)
        wanted = given > 2 * SPARE ? given - SPARE : (given + 1) / 2;
    snprintf(size, sizeof size, "%u", wanted);
    setenv("UV_THREADPOOL_SIZE", size, 1);
    return start_pool(err);
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
