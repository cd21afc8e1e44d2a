/* What a run tells of the time that its waves take, beside what was foretold; and where it halts for that. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/human.h"
#include "ledger/beat.h"
#include "rollout/rollout_private.h"

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* A run that only looks, or goes back, keeps no one waiting for its waves. */
void rollout_open_outlook(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    const struct request *request = rollout->info.request;
    struct outlook_wave *waves =
        arena_calloc(&rollout->arena, options->wave_count + 1, sizeof *waves);
    if (!request_changes(request) || request->verb->rolls_back)
        return;
    for (size_t i = 0; i < options->wave_count; i++)
        waves[i] = (struct outlook_wave){.parallel = options->waves[i].parallel,
                                         .per_server = options->waves[i].per_server,
                                         .warn_above = options->forecast.warn_above,
                                         .halt_above = options->forecast.halt_above,
                                         .at_least_ms = options->forecast.at_least_ms};
    rollout->outlook = outlook_new(&(struct outlook_options){.run = &rollout->info,
                                                             .waves = waves,
                                                             .wave_count = options->wave_count,
                                                             .paces = options->paces,
                                                             .foretold_ms = request->foretold_ms,
                                                             .foretold_by = request->foretold_by});
}

/* From this wave on, as far as they will be begun. */
void rollout_tell_outlook(struct rollout *rollout, size_t first)
{
    const struct rollout_options *options = rollout->options;
    size_t count = options->wave_limit ? options->wave_limit : options->wave_count;
    for (size_t i = first; rollout->outlook && i < count; i++) {
        const struct wave_forecast *forecast = outlook_of(rollout->outlook, (uint32_t)i);
        if (forecast)
            rollout_tell(
                rollout,
                (struct event){.kind = EVENT_WAVE_FORECAST, .wave = i, .forecast = forecast});
    }
}

void rollout_begin_outlook(struct rollout *rollout)
{
    if (rollout->outlook)
        outlook_begin(rollout->outlook, rollout->wave, now_ms());
}

void rollout_end_outlook(struct rollout *rollout)
{
    if (!rollout->outlook)
        return;
    outlook_end(rollout->outlook);
    rollout_tell_outlook(rollout, (size_t)rollout->wave + 1);
}

/* Of several machines, each foretells the next wave when it begins, from what all have told the ledger. */
void rollout_close_outlook(struct rollout *rollout)
{
    if (rollout->outlook)
        outlook_close(rollout->outlook);
}

void rollout_take_outlook(struct rollout *rollout, uint32_t wave, const struct beat_outlook *told)
{
    if (!rollout->outlook)
        return;
    outlook_take(rollout->outlook, wave, told->paces, told->machines);
    if (!wave)
        outlook_take_forecast(rollout->outlook, wave, &told->forecast);
    if (wave)
        rollout_tell_outlook(rollout, wave);
}

void rollout_pause_outlook(struct rollout *rollout, bool is_paused)
{
    if (rollout->outlook)
        outlook_pause(rollout->outlook, is_paused, now_ms());
}

/* A visit that had to be made again, or found nothing to do, tells nothing of those that follow. What several machines do, the ledger tells. */
void rollout_note_visit(struct rollout *rollout, uint32_t tenant, const struct outcome *outcome)
{
    if (rollout->outlook && !rollout->machine && !outcome->is_rollback &&
        outcome->state == TENANT_SUCCEEDED && outcome->step_count && outcome->attempts == 1)
        outlook_note(rollout->outlook, tenant, outcome->duration_ms);
}

/* Of several machines, none knows what the others have begun: the ledger heeds it where something is left. */
static bool has_more(const struct rollout *rollout)
{
    return rollout->machine || rollout->finished + rollout->in_flight < rollout->wanted;
}

static void add_words(const struct rollout *rollout, const struct overrun *overrun, struct buf *buf)
{
    buf_addf(buf, "wave '%.80s' takes longer than ", rollout_wave_name(rollout));
    buf_adds(buf, overrun->forecast_ms > 0 ? "foretold: " : "it may: ");
    human_add_duration(buf, overrun->took_ms);
    if (overrun->forecast_ms > 0) {
        buf_adds(buf, ", and about ");
        human_add_duration(buf, overrun->forecast_ms);
        buf_adds(buf, " were foretold");
    }
    buf_adds(buf, " (limit: ");
    human_add_duration(buf, overrun->limit_ms);
    buf_addc(buf, ')');
}

/* As too many failures would. Of several machines, all hear of it from the ledger. */
static void halt(struct rollout *rollout, const struct overrun *overrun, const char *reason)
{
    const struct halt why = {
        .kind = HALT_FORECAST, .wave = rollout_wave_name(rollout), .overrun = *overrun};
    const struct event event = {.kind = EVENT_RUN_DRAINS,
                                .run = &rollout->info,
                                .reason = reason,
                                .halt = &why,
                                .at_ms = clock_wall_ms()};
    if (rollout->machine) {
        journal_tell(rollout->journal, &event);
        journal_beat(rollout->journal);
        return;
    }
    rollout->is_late = true;
    scheduler_trip(rollout->scheduler);
    rollout_tell(rollout, event);
}

void rollout_look_at_outlook(struct rollout *rollout)
{
    struct overrun overrun;
    struct buf words;
    if (!rollout->outlook || rollout->is_draining || rollout->is_over || rollout->is_closed ||
        rollout->has_rolled_back || scheduler_is_stopping(rollout->scheduler))
        return;
    enum outlook_verdict verdict =
        outlook_look(rollout->outlook, now_ms(), has_more(rollout), &overrun);
    if (verdict == OUTLOOK_FINE)
        return;
    buf_init(&words, BUF_MAX_DEFAULT);
    add_words(rollout, &overrun, &words);
    rollout_tell(rollout, (struct event){.kind = EVENT_WAVE_LATE,
                                         .wave = rollout->wave,
                                         .overrun = &overrun,
                                         .reason = words.data,
                                         .at_ms = clock_wall_ms()});
    if (verdict == OUTLOOK_HALTS) {
        halt(rollout, &overrun, words.data);
        rollout_fill(rollout);
    }
    buf_done(&words);
}
