/* How long the waves of a run take that several machines work on: all of them tell it to the ledger, and each foretells from what all have told. */
#include "ledger/stored.h"

#include "base/dialect.h"

static bool is_late(struct stored_beat *beat, size_t wave, bool *ret_is_late, struct err *err)
{
    int64_t late = 0;
    if (!store_get(beat->ledger->store, err, &late,
                   "SELECT is_late FROM waves WHERE run = ? AND n = ?",
                   value_int(beat->ledger->writing.run), value_int((int64_t)wave)))
        return false;
    *ret_is_late = late != 0;
    return true;
}

/* A wave that has ended meanwhile keeps no one waiting, and a halt would keep nothing from being begun where all was begun. */
static bool may_halt(struct stored_beat *beat, const struct halt *halt, bool *ret_may,
                     struct err *err)
{
    const struct course *course = &beat->course;
    *ret_may = false;
    if (course->phase != COURSE_WAVE || course_is_stopping(course) || !halt->wave ||
        strcmp(halt->wave, beat->ask->run->waves[course->wave].name) != 0)
        return true;
    return stored_claims_have_ready(beat, ret_may, err);
}

bool stored_outlook_takes(struct stored_beat *beat, const struct event *event, bool *ret_takes,
                          struct err *err)
{
    bool was_late = false;
    *ret_takes = true;
    if (event->kind == EVENT_RUN_DRAINS && event->halt && event->halt->kind == HALT_FORECAST)
        return may_halt(beat, event->halt, ret_takes, err);
    if (event->kind != EVENT_WAVE_LATE)
        return true;
    bool is_fine = is_late(beat, event->wave, &was_late, err);
    *ret_takes = !was_late;
    return is_fine;
}

/* ---- for the machine --------------------------------------------------------------------------- */

static bool read_paces(const struct stored_beat *beat, struct beat_outlook *outlook,
                       struct err *err)
{
    struct cursor row;
    store_query(beat->ledger->store, &row,
                "SELECT mine.dialect, count(*), avg(mine.duration_ms) FROM claims"
                " JOIN run_tenants AS mine ON mine.run = claims.run AND mine.n = claims.n"
                " WHERE claims.run = ? AND claims.wave < ? AND mine.outcome = ?"
                "  AND mine.attempts = 1 AND mine.dialect IS NOT NULL GROUP BY mine.dialect",
                value_int(beat->ledger->writing.run), value_int(beat->course.wave),
                value_int(TENANT_SUCCEEDED));
    while (cursor_next(&row)) {
        int64_t dialect = cursor_int(&row, 0);
        if (dialect >= 0 && dialect < DIALECT__COUNT)
            outlook->paces[dialect] = (struct pace){.count = (size_t)cursor_int(&row, 1),
                                                    .mean_ms = cursor_real(&row, 2)};
    }
    return cursor_end(&row, err);
}

static bool read_forecast(const struct stored_beat *beat, struct beat_outlook *outlook,
                          struct err *err)
{
    struct cursor row;
    store_query(beat->ledger->store, &row,
                "SELECT forecast_ms, forecast_tenants, forecast_from, forecast_run FROM waves"
                " WHERE run = ? AND n = ? AND forecast_ms IS NOT NULL",
                value_int(beat->ledger->writing.run), value_int(beat->course.wave));
    if (cursor_next(&row) && cursor_int(&row, 2) >= 0 && cursor_int(&row, 2) < FORECAST_FROM__COUNT)
        outlook->forecast =
            (struct wave_forecast){.duration_ms = cursor_real(&row, 0),
                                   .tenants = (size_t)cursor_int(&row, 1),
                                   .source = (enum forecast_source)cursor_int(&row, 2),
                                   .run = cursor_copy(&row, 3, beat->arena)};
    return cursor_end(&row, err);
}

void stored_outlook_read(const struct stored_beat *beat, struct beat_answer *answer)
{
    const struct course *seen = beat->ask->seen, *course = &beat->course;
    bool is_news = !seen || seen->phase == COURSE_BEFORE || seen->wave != course->wave;
    struct beat_outlook *outlook = arena_calloc(beat->arena, 1, sizeof *outlook);
    struct err err;
    if (course->phase != COURSE_WAVE || !is_news)
        return;
    outlook->machines = answer->others.at_work + 1;
    if (read_paces(beat, outlook, &err) && read_forecast(beat, outlook, &err))
        answer->outlook = outlook;
}
