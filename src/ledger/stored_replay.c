/* A run once more as events. */
#include "event/moment.h"
#include "ledger/stored.h"

struct replay {
    const struct observer *observer;
    struct stored_frame frame;
    struct err err;          /* of the event that is told */
    struct step_done *steps; /* of one tenant at a time */
    size_t step_count;
    size_t step_capacity;
    struct cursor all_steps; /* at the first step that is not read yet, */
    bool has_step;           /* where there is one */
};

static void tell_event(const struct replay *replay, struct event event)
{
    event.run = &replay->frame.info;
    replay->observer->on_event(replay->observer->ctx, &event);
}

static bool fail_damaged(const struct replay *replay, struct err *err)
{
    return store_fail_damaged(replay->frame.ledger->store, err);
}

/* ---- tenants ------------------------------------------------------------------------------- */

/* The steps of all tenants are one answer, in the order of the tenants. */
static void begin_steps(struct replay *replay)
{
    store_query(replay->frame.ledger->store, &replay->all_steps,
                "SELECT revision, direction, statements, duration_ms, batches, rows_changed, tenant"
                " FROM steps WHERE run = ? ORDER BY tenant, n",
                value_int(replay->frame.run.seq));
    replay->has_step = cursor_next(&replay->all_steps);
}

/* Those of tenants without an outcome are passed over. */
static bool read_steps(struct replay *replay, int64_t tenant, struct err *err)
{
    const struct cursor *cursor = &replay->all_steps;
    bool makes_sense = true;
    replay->step_count = 0;
    while (makes_sense && replay->has_step && cursor_int(cursor, 6) <= tenant) {
        if (cursor_int(cursor, 6) == tenant) {
            struct step_done *step = ARENA_PUSH(replay->frame.arena, replay->steps,
                                                replay->step_count, replay->step_capacity);
            step->direction = cursor_int(cursor, 1) ? DIRECTION_DOWN : DIRECTION_UP;
            step->statements = (uint32_t)cursor_int(cursor, 2);
            step->duration_ms = cursor_real(cursor, 3);
            step->batches = (uint64_t)cursor_int(cursor, 4);
            step->rows = (uint64_t)cursor_int(cursor, 5);
            makes_sense = stored_revision_at(&replay->frame, cursor, 0, &step->revision);
        }
        replay->has_step = cursor_next(&replay->all_steps);
    }
    return makes_sense || fail_damaged(replay, err);
}

static void fill_error(const struct stored_error *error, struct err *ret_err)
{
    err_set(ret_err, error->kind, "%s", error->text ? error->text : "");
    snprintf(ret_err->code, sizeof ret_err->code, "%s", error->code ? error->code : "");
    snprintf(ret_err->file, sizeof ret_err->file, "%s", error->file ? error->file : "");
    ret_err->line = error->line;
    ret_err->quotes_values = error->quotes_values;
    ret_err->said = error->said;
}

static bool error_at(struct replay *replay, const struct cursor *row, int column,
                     struct outcome *outcome)
{
    if (cursor_is_null(row, column))
        return true;
    int64_t number = cursor_int(row, column);
    if (number < 0 || (uint64_t)number >= replay->frame.error_count)
        return false;
    const struct stored_error *error = &replay->frame.errors[number];
    fill_error(error, &replay->err);
    outcome->error = &replay->err;
    outcome->error_revision = error->revision;
    outcome->error_statement = error->statement;
    return true;
}

static bool read_outcome(struct replay *replay, const struct cursor *row,
                         struct outcome *ret_outcome)
{
    struct rows from, to;
    int64_t state = cursor_int(row, 1), tenant = cursor_int(row, 0);
    int64_t dialect = cursor_is_null(row, 12)
                          ? (int64_t)replay->frame.info.tenants[tenant]->url.dialect
                          : cursor_int(row, 12);
    if (state < 0 || state >= TENANT__COUNT || dialect < 0 || dialect >= DIALECT__COUNT ||
        !stored_rows_at(row, 3, &replay->frame.lists, &from) ||
        !stored_rows_at(row, 4, &replay->frame.lists, &to))
        return false;
    *ret_outcome = (struct outcome){
        .state = (enum tenant_state)state,
        .has_changed = cursor_int(row, 2) != 0,
        .from = from,
        .to = from.is_known ? to : (struct rows){0}, /* else it is what an earlier run left */
        .dialect = (enum dialect_id)dialect,
        .steps = replay->steps,
        .step_count = replay->step_count,
        .attempts = (uint32_t)cursor_int(row, 6),
        .started_ms = cursor_real(row, 7),
        .duration_ms = cursor_real(row, 8),
    };
    return error_at(replay, row, 5, ret_outcome);
}

/* A tenant that was begun and has no end: where the run still goes on it is at work, where the run is over its
 * end is not known. */
static void tell_unfinished(const struct replay *replay, size_t tenant, struct outcome *outcome)
{
    struct err err;
    tell_event(replay, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = tenant});
    if (replay->frame.run.is_alive)
        return;
    err_set(&err, ERR_CANCELLED, "the run ended before it could record how this tenant ended");
    outcome->state = TENANT_IN_DOUBT;
    outcome->to = (struct rows){0}; /* what an earlier run left says nothing of this one */
    outcome->error = &err;
    outcome->error_revision = NULL;
    outcome->error_statement = NULL;
    tell_event(replay,
               (struct event){.kind = EVENT_TENANT_FINISHED, .tenant = tenant, .outcome = outcome});
}

static bool tell_tenant(struct replay *replay, const struct cursor *row, struct err *err)
{
    struct outcome outcome;
    struct notices notices = {.count = (uint64_t)cursor_int(row, 10),
                              .warning_count = (uint64_t)cursor_int(row, 11)};
    int64_t tenant = cursor_int(row, 0);
    if (tenant < 0 || (uint64_t)tenant >= replay->frame.info.tenant_count)
        return fail_damaged(replay, err);
    if (!read_steps(replay, tenant, err))
        return false;
    if (!read_outcome(replay, row, &outcome))
        return fail_damaged(replay, err);
    if (replay->frame.has_notices && notices.count &&
        !stored_notices_of(&replay->frame, tenant, &notices, err))
        return false;
    outcome.notices = &notices;
    if (cursor_int(row, 9))
        tell_unfinished(replay, (size_t)tenant, &outcome);
    else
        tell_event(replay, (struct event){.kind = EVENT_TENANT_FINISHED,
                                          .tenant = (size_t)tenant,
                                          .outcome = &outcome});
    return true;
}

/* What was found at the beginning of one that has no end is what its intent says. */
static bool tell_tenants(struct replay *replay, struct err *err)
{
    struct cursor cursor;
    bool is_fine = true;
    store_query(replay->frame.ledger->store, &cursor,
                "SELECT n, coalesce(outcome, state), has_changed,"
                " CASE WHEN outcome IS NULL THEN before ELSE found END, left_at, error, attempts,"
                " started_ms, duration_ms, is_running, notices, warnings, dialect FROM run_tenants"
                " WHERE run = ? AND (outcome IS NOT NULL OR is_running) ORDER BY n",
                value_int(replay->frame.run.seq));
    begin_steps(replay);
    while (is_fine && cursor_next(&cursor))
        is_fine = tell_tenant(replay, &cursor, err);
    struct err end;
    bool has_ended = cursor_end(&replay->all_steps, &end);
    has_ended = cursor_end(&cursor, has_ended ? &end : &replay->err) && has_ended;
    if (is_fine && !has_ended)
        *err = end;
    return is_fine && has_ended;
}

static bool tell_retries(struct replay *replay, struct err *err)
{
    struct cursor cursor;
    bool makes_sense = true;
    store_query(replay->frame.ledger->store, &cursor,
                "SELECT tenant, attempt, error, delay_ms FROM retries WHERE run = ? ORDER BY n",
                value_int(replay->frame.run.seq));
    while (makes_sense && cursor_next(&cursor)) {
        struct outcome outcome = {0};
        int64_t tenant = cursor_int(&cursor, 0);
        makes_sense = tenant >= 0 && (uint64_t)tenant < replay->frame.info.tenant_count &&
                      error_at(replay, &cursor, 2, &outcome);
        if (makes_sense)
            tell_event(replay, (struct event){.kind = EVENT_TENANT_RETRIES,
                                              .tenant = (size_t)tenant,
                                              .error = outcome.error,
                                              .attempt = (uint32_t)cursor_int(&cursor, 1),
                                              .delay_ms = (uint64_t)cursor_int(&cursor, 3)});
    }
    return cursor_end(&cursor, err) && (makes_sense || fail_damaged(replay, err));
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void tell_waves(const struct replay *replay, enum event_kind kind)
{
    const struct ledger_fleet *fleet = &replay->frame.waves;
    for (size_t i = 0; i < fleet->wave_count; i++) {
        bool is_over = fleet->wave_states[i] != RUN_RUNNING;
        if (fleet->wave_states[i] == RUN__COUNT || (kind == EVENT_WAVE_FINISHED && !is_over))
            continue;
        tell_event(replay,
                   (struct event){
                       .kind = kind,
                       .wave = i,
                       .state = kind == EVENT_WAVE_FINISHED ? fleet->wave_states[i] : RUN_RUNNING,
                       .at_ms = kind == EVENT_WAVE_FINISHED ? fleet->wave_finished_ms[i] : 0});
    }
}

static bool tell_forecasts(const struct replay *replay, struct err *err)
{
    struct cursor row;
    bool makes_sense = true;
    store_query(replay->frame.ledger->store, &row,
                "SELECT n, forecast_ms, forecast_tenants, forecast_from, forecast_run FROM waves"
                " WHERE run = ? AND forecast_ms IS NOT NULL ORDER BY n",
                value_int(replay->frame.run.seq));
    while (makes_sense && cursor_next(&row)) {
        int64_t wave = cursor_int(&row, 0), source = cursor_int(&row, 3);
        const struct wave_forecast forecast = {
            .duration_ms = cursor_real(&row, 1),
            .tenants = (size_t)cursor_int(&row, 2),
            .source = (enum forecast_source)source,
            .run = cursor_copy(&row, 4, replay->frame.arena),
        };
        makes_sense = wave >= 0 && (uint64_t)wave < replay->frame.info.wave_count && source >= 0 &&
                      source < FORECAST_FROM__COUNT;
        if (makes_sense)
            tell_event(replay, (struct event){.kind = EVENT_WAVE_FORECAST,
                                              .wave = (size_t)wave,
                                              .forecast = &forecast});
    }
    return cursor_end(&row, err) && (makes_sense || fail_damaged(replay, err));
}

/* The first time that nothing more was begun has its halt from the run, and an older skein's run has no moments: then the run alone
 * tells that it drained, or went back. */
static bool tell_moments(const struct replay *replay, struct err *err)
{
    const struct stored_run *run = &replay->frame.run;
    struct moment *moments;
    size_t count;
    bool has_told[MOMENT__COUNT] = {false};
    if (!stored_moments_read(replay->frame.ledger, run->seq, replay->frame.arena, &moments, &count,
                             err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct moment *moment = &moments[i];
        bool is_halt = moment->kind == MOMENT_DRAINS && !has_told[MOMENT_DRAINS];
        has_told[moment->kind] = true;
        tell_event(replay, (struct event){.kind = moment_event(moment->kind),
                                          .reason = is_halt ? run->drains : moment->reason,
                                          .halt = is_halt ? run->run.halt : NULL,
                                          .at_ms = moment->at_ms,
                                          .by = moment->by});
    }
    if (run->drains && !has_told[MOMENT_DRAINS])
        tell_event(
            replay,
            (struct event){.kind = EVENT_RUN_DRAINS, .reason = run->drains, .halt = run->run.halt});
    if (run->rolls_back && !has_told[MOMENT_ROLLS_BACK])
        tell_event(replay, (struct event){.kind = EVENT_RUN_ROLLS_BACK, .reason = run->rolls_back});
    return true;
}

static bool tell_all(struct replay *replay, struct err *err)
{
    const struct ledger_run *run = &replay->frame.run.run;
    struct ledger_fleet fleet;
    if (run->resumed_from) {
        if (!stored_standings_read(replay->frame.ledger, &replay->frame.run, replay->frame.arena,
                                   &fleet, err))
            return false;
        replay->frame.info.standings = fleet.standings;
    }
    tell_event(replay, (struct event){.kind = EVENT_RUN_STARTED});
    if (!tell_forecasts(replay, err))
        return false;
    tell_waves(replay, EVENT_WAVE_STARTED);
    if (!tell_retries(replay, err) || !tell_tenants(replay, err) || !tell_moments(replay, err))
        return false;
    tell_waves(replay, EVENT_WAVE_FINISHED);
    tell_event(replay, (struct event){.kind = EVENT_RUN_FINISHED,
                                      .state = run->state,
                                      .duration_ms = run->duration_ms});
    return true;
}

/* Everything is read before the first event, but for the tenants: damage found there comes late. */
bool stored_replay(struct ledger *base, const char *id, struct arena *arena,
                   const struct observer *observer, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct replay *replay = arena_alloc(arena, sizeof *replay);
    replay->observer = observer;
    if (!store_look(ledger->store, err))
        return false;
    struct run_info *info = &replay->frame.info;
    bool is_fine = stored_frame_read(ledger, id, arena, &replay->frame, err) &&
                   stored_machines_read(ledger, replay->frame.run.seq, arena, &info->machines,
                                        &info->machine_count, err) &&
                   tell_all(replay, err);
    store_look_away(ledger->store);
    return is_fine;
}
