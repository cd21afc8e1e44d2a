/* What makes a run pause, go on or stop while it is under way: who steers it, signals, a ledger that cannot be written. */
#include <signal.h>

#include "base/clock.h"
#include "event/status.h"
#include "rollout/rollout_private.h"

/* Who has this run, for those who ask who had it do something. */
static const char *holder_of(const struct rollout *rollout)
{
    const struct rollout_share *share = rollout->options->share;
    return share ? share->machine : rollout->info.origin.by;
}

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
void rollout_obey_steering(struct rollout *rollout)
{
    const struct steering *steering = rollout->options->steering;
    if (!steering || steering->is_paused == rollout->is_paused || rollout->is_draining ||
        rollout->is_over)
        return;
    set_paused(rollout, steering->is_paused);
    if (!rollout->is_paused)
        rollout_fill(rollout);
}

/* Begins nothing more; what is in flight finishes. */
static void drain(struct rollout *rollout, const char *reason, const struct halt *halt)
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

/* A machine that leaves the run cancels what is its own: the run goes on, and others look at these tenants. */
static void cancel(struct rollout *rollout)
{
    rollout->is_cancelling = true;
    if (!rollout->is_over && !machine_lets_all_go(rollout->machine))
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
    drain(rollout,
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
        drain(rollout, "the ledger cannot be written: what is in flight finishes",
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

void rollout_obey_stops(struct rollout *rollout)
{
    const struct stopping *stopping = &rollout->info.request->stopping;
    int stops = stopping->stops ? atomic_load(stopping->stops) : 0;
    int stopped_by = stopping->stopped_by;
    if ((stopped_by || stops > 0) && !rollout->is_stopped)
        stop(rollout, stopped_by ? stopped_by : SIGTERM);
    if (stops > 1 && !rollout->is_cancelling)
        cancel(rollout);
}
