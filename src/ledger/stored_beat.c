/* A beat of a machine that works on a run with others (beat.h): one transaction. */
#include "ledger/stored.h"

#include <assert.h>

#include "base/failpoint.h"
#include "chain/chain.h"
#include "event/moment.h"

/* ---- joining, and coming back ------------------------------------------------------------------ */

bool stored_can_share(const struct ledger *base)
{
    return store_can_share(((const struct stored_ledger *)base)->store);
}

bool stored_may_come_back(const struct ledger *base)
{
    return store_may_come_back(((const struct stored_ledger *)base)->store);
}

bool stored_fail_gone(const struct stored_ledger *ledger, struct err *err)
{
    (void)!store_fail(ledger->store, "the run is gone from it", err);
    snprintf(err->code, sizeof err->code, "%s", LEDGER_RUN_GONE);
    return false;
}

/* Which run it is, where it is on record. */
static bool find_run(struct stored_ledger *ledger, const struct run_info *run, struct err *err)
{
    struct writing *writing = &ledger->writing;
    struct cursor row;
    store_query(ledger->store, &row, "SELECT seq, started_at_ms FROM runs WHERE id = ?",
                value_text(run->id));
    bool is_there = cursor_next(&row);
    *writing = (struct writing){0};
    if (is_there) {
        writing->run = cursor_int(&row, 0);
        writing->started_at_ms = cursor_int(&row, 1);
        writing->revision_numbers =
            arena_calloc(&ledger->arena, run->chain ? run->chain->count + 1 : 1, sizeof(uint32_t));
    }
    return cursor_end(&row, err);
}

bool stored_join(struct ledger *base, const struct run_info *run, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    assert(!ledger->is_locked);
    if (!store_join(ledger->store, err) || !find_run(ledger, run, err))
        return false;
    ledger->is_locked = true;
    ledger->writing.rows = arena_calloc(&ledger->arena, run->tenant_count + 1, 1);
    return ledger->writing.run || stored_fail_gone(ledger, err);
}

static void forget_series(struct stored_ledger *ledger)
{
    stored_series_let_go(ledger);
    for (enum series series = 0; series < SERIES__COUNT; series++)
        intern_init(&ledger->series[series].known, &ledger->arena);
}

/* Someone may have dropped what was in it, and made an empty database of the same name. */
static bool check_tables(const struct stored_ledger *ledger, struct store *store, struct err *err)
{
    int64_t version;
    return store_identify(store, &version, err) && (version || stored_fail_gone(ledger, err));
}

/* What was known of numbers may be of a transaction that never was. */
bool stored_reopen(struct ledger *base, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct store *store = store_open(ledger->where, LEDGER_WRITE, err);
    if (!store || !store_settle(store, LEDGER_WRITE, err) || !check_tables(ledger, store, err) ||
        !store_join(store, err)) {
        store_close(store);
        return false;
    }
    store_close(ledger->store);
    ledger->store = store;
    forget_series(ledger);
    ledger->writing = (struct writing){0};
    return true;
}

/* ---- the machine's row ------------------------------------------------------------------------ */

static bool read_machine(struct stored_beat *beat, struct err *err)
{
    struct cursor row;
    store_query(beat->ledger->store, &row, "SELECT beat FROM machines WHERE run = ? AND id = ?",
                value_int(beat->ledger->writing.run), value_int(beat->ask->machine.id));
    beat->is_known = cursor_next(&row);
    beat->is_repeated = beat->is_known && cursor_int(&row, 0) == (int64_t)beat->ask->number;
    return cursor_end(&row, err);
}

static bool renew_lease(struct stored_beat *beat, struct err *err)
{
    const struct machine_card *machine = &beat->ask->machine;
    return read_machine(beat, err) &&
           store_run(beat->ledger->store, err,
                     "INSERT INTO machines(run, id, name, host, pid, joined_ms, seen_ms,"
                     " lease_until_ms, beat, has_left, finished, failed, taken_over, lost)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, FALSE, 0, 0, 0, 0)"
                     " ON CONFLICT(run, id) DO UPDATE SET seen_ms = excluded.seen_ms,"
                     " lease_until_ms = excluded.lease_until_ms, beat = excluded.beat",
                     value_int(beat->ledger->writing.run), value_int(machine->id),
                     value_text(machine->name), value_text(machine->host), value_int(machine->pid),
                     value_int(beat->now_ms),
                     value_int(beat->now_ms + (int64_t)beat->course.lease_ms),
                     value_int((int64_t)beat->ask->number));
}

static bool leave(struct stored_beat *beat, struct err *err)
{
    return stored_claims_give_back(beat, err) &&
           store_run(beat->ledger->store, err,
                     "UPDATE machines SET has_left = TRUE WHERE run = ? AND id = ?",
                     value_int(beat->ledger->writing.run), value_int(beat->ask->machine.id)) &&
           stored_sections_put(beat->ledger, beat->ask->run, err);
}

static bool count_done(struct stored_beat *beat, uint32_t finished, uint32_t failed,
                       uint32_t taken_over, struct err *err)
{
    return !(finished || failed || taken_over) ||
           store_run(beat->ledger->store, err,
                     "UPDATE machines SET finished = finished + ?3, failed = failed + ?4,"
                     " taken_over = taken_over + ?5 WHERE run = ?1 AND id = ?2",
                     value_int(beat->ledger->writing.run), value_int(beat->ask->machine.id),
                     value_int(finished), value_int(failed), value_int(taken_over));
}

/* ---- what has happened ------------------------------------------------------------------------ */

static bool write_finished(struct stored_beat *beat, const struct event *event, struct err *err)
{
    bool trips = course_note(&beat->course, &beat->rules, event->outcome);
    return stored_claims_finish(beat, event, err) &&
           (!trips || stored_course_tell_tripped(beat, err));
}

/* Moments of a run are in the order of one clock, the store's, whichever machine they come from. */
static struct event by_one_clock(const struct stored_beat *beat, const struct event *event)
{
    struct event written = *event;
    if (written.at_ms)
        written.at_ms = beat->now_ms;
    return written;
}

/* What happened under a claim that is not the machine's any more is someone else's to tell. */
static bool write_event(struct stored_beat *beat, const struct event *event, bool *ret_is_rejected,
                        struct err *err)
{
    bool is_tenants = event->kind == EVENT_TENANT_INTENT || event->kind == EVENT_TENANT_RETRIES ||
                      event->kind == EVENT_TENANT_FINISHED;
    *ret_is_rejected = is_tenants && !stored_claims_are_mine(beat, event->tenant, event->epoch);
    if (*ret_is_rejected)
        return true;
    bool takes;
    if (!stored_outlook_takes(beat, event, &takes, err))
        return false;
    if (!takes)
        return true;
    if (event->kind == EVENT_RUN_DRAINS && event->halt && event->halt->kind == HALT_SIGNAL)
        beat->course.stopped_by = event->halt->signal;
    if (event->kind == EVENT_RUN_DRAINS && event->halt && event->halt->kind == HALT_FORECAST)
        beat->course.has_tripped = true;
    if (event->kind == EVENT_RUN_PAUSED || event->kind == EVENT_RUN_CONTINUES)
        beat->course.is_paused = event->kind == EVENT_RUN_PAUSED;
    const struct event written = by_one_clock(beat, event);
    return stored_write_event(beat->ledger, &written, err) &&
           (event->kind != EVENT_TENANT_FINISHED || write_finished(beat, event, err));
}

/* Those of a beat that is asked once more are written already: what its claims were by then is not known, and who has lost one is
 * told so by the next comparison. */
static bool write_events(struct stored_beat *beat, struct beat_answer *answer, struct err *err)
{
    const struct beat_ask *ask = beat->ask;
    bool *is_rejected = arena_calloc(beat->arena, ask->count + 1, sizeof *is_rejected);
    uint32_t finished = 0, failed = 0;
    answer->is_rejected = is_rejected;
    for (size_t i = ask->begins ? 1 : 0; i < ask->count && !beat->is_repeated; i++) {
        const struct event *event = &ask->events[i];
        if (!write_event(beat, event, &is_rejected[i], err))
            return false;
        if (event->kind == EVENT_TENANT_FINISHED && !is_rejected[i]) {
            finished++;
            failed += event->outcome->error != NULL;
        }
    }
    return count_done(beat, finished, failed, 0, err);
}

/* In a beat that is asked once more it was taken already, and the gate at hand may be another. */
static bool take_gate_answer(struct stored_beat *beat, struct err *err)
{
    const struct beat_ask *ask = beat->ask;
    if (!ask->answers_gate || beat->is_repeated || beat->course.gate != COURSE_ASKED ||
        beat->course.gate_machine != ask->machine.id)
        return true;
    course_answer_gate(&beat->course, ask->gate_has_passed);
    const struct event event = {.kind = EVENT_RUN_DRAINS,
                                .reason = ask->gate_reason,
                                .halt = ask->gate_halt,
                                .at_ms = beat->now_ms};
    return ask->gate_has_passed || !ask->gate_halt ||
           stored_write_drains(beat->ledger, &event, err);
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* Who asks a gate and is gone did not hear its answer, and who does not ask it did not hear that it should: it is asked once more. */
static bool release_gate(struct stored_beat *beat, struct err *err)
{
    int64_t is_there;
    if (beat->course.gate != COURSE_ASKED)
        return true;
    if (beat->course.gate_machine == beat->ask->machine.id && !beat->ask->asks_gate) {
        beat->course.gate = COURSE_UNASKED;
        return true;
    }
    if (!store_get(beat->ledger->store, err, &is_there,
                   "SELECT count(*) FROM machines WHERE run = ? AND id = ? AND NOT has_left"
                   " AND lease_until_ms >= ?",
                   value_int(beat->ledger->writing.run), value_int(beat->course.gate_machine),
                   value_int(beat->now_ms)))
        return false;
    if (!is_there)
        beat->course.gate = COURSE_UNASKED;
    return true;
}

static void hand_gate_out(struct stored_beat *beat, struct beat_answer *answer)
{
    enum gate due = course_gate_due(&beat->course);
    answer->gate = GATE__COUNT;
    if (due == GATE__COUNT || beat->ask->leaves || !(beat->ask->gates & 1u << due))
        return;
    beat->course.gate = COURSE_ASKED;
    beat->course.gate_machine = beat->ask->machine.id;
    answer->gate = due;
}

static bool fill_answer(struct stored_beat *beat, struct beat_answer *answer, struct err *err)
{
    struct cursor row;
    answer->course = beat->course;
    answer->rules = beat->rules;
    answer->left_ms = beat->course.until_ms - beat->now_ms;
    answer->age_ms = stored_beat_age_ms(beat);
    store_query(
        beat->ledger->store, &row,
        "SELECT state, drains, rolls_back, others.count, at_work, finished, failed,"
        " taken_over, others.gone_home, (SELECT made_by FROM moments WHERE run = ?1 AND kind IN (?4, ?5)"
        "  ORDER BY n DESC LIMIT 1)"
        " FROM runs CROSS JOIN (SELECT count(*) - 1 AS count,"
        "  coalesce(sum(CASE WHEN id <> ?2 AND NOT has_left AND lease_until_ms >= ?3"
        "   THEN 1 ELSE 0 END), 0) AS at_work,"
        "  coalesce(sum(CASE WHEN id <> ?2 THEN finished ELSE 0 END), 0) AS finished,"
        "  coalesce(sum(CASE WHEN id <> ?2 THEN failed ELSE 0 END), 0) AS failed,"
        "  coalesce(sum(taken_over), 0) AS taken_over,"
        "  coalesce(sum(CASE WHEN id <> ?2 AND has_left THEN 1 ELSE 0 END), 0) AS gone_home"
        "  FROM machines WHERE run = ?1) AS others WHERE seq = ?1",
        value_int(beat->ledger->writing.run), value_int(beat->ask->machine.id),
        value_int(beat->now_ms), value_int(MOMENT_PAUSED), value_int(MOMENT_CONTINUES));
    if (cursor_next(&row)) {
        answer->run_state = (enum run_state)cursor_int(&row, 0);
        answer->drains = cursor_copy(&row, 1, beat->arena);
        answer->rolls_back = cursor_copy(&row, 2, beat->arena);
        answer->others = (struct run_others){.count = (uint32_t)cursor_int(&row, 3),
                                             .at_work = (uint32_t)cursor_int(&row, 4),
                                             .finished = (uint32_t)cursor_int(&row, 5),
                                             .failed = (uint32_t)cursor_int(&row, 6),
                                             .goes_back = beat->course.has_rolled_back,
                                             .taken_over = (uint32_t)cursor_int(&row, 7),
                                             .left = (uint32_t)cursor_int(&row, 8)};
        answer->paused_by = cursor_copy(&row, 9, beat->arena);
    }
    return cursor_end(&row, err);
}

/* The run's first event comes before its course; a beat that is asked once more finds both. */
static bool begin(struct stored_beat *beat, struct err *err)
{
    struct stored_ledger *ledger = beat->ledger;
    if (beat->ask->begins && !find_run(ledger, beat->ask->run, err))
        return false;
    if (!ledger->writing.run && !beat->ask->begins && !find_run(ledger, beat->ask->run, err))
        return false;
    if (ledger->writing.run || !beat->ask->begins)
        return ledger->writing.run || stored_fail_gone(ledger, err);
    if (!stored_write_event(ledger, &beat->ask->events[0], err) || !stored_course_begin(beat, err))
        return false;
    ledger->writing.rows = arena_calloc(&ledger->arena, beat->ask->run->tenant_count + 1, 1);
    return true;
}

static bool do_beat(struct stored_beat *beat, struct beat_answer *answer, struct err *err)
{
    /* A lease that is over is so for the machine itself too: what it claimed may have gone to another one, also where the ledger does not know
     * of that any more. */
    if (!begin(beat, err) || !stored_course_read(beat, err) || !stored_course_recall(beat, err) ||
        !stored_claims_expire(beat, err) || !renew_lease(beat, err) ||
        !stored_claims_read_mine(beat, err) || !write_events(beat, answer, err) ||
        !take_gate_answer(beat, err) || !stored_claims_compare(beat, answer, err) ||
        (beat->ask->leaves && !leave(beat, err)) || !release_gate(beat, err) ||
        !stored_course_move(beat, err) || !stored_claims_take(beat, answer, err))
        return false;
    hand_gate_out(beat, answer);
    uint32_t taken_over = 0;
    for (size_t i = 0; i < answer->claimed_count; i++)
        taken_over += answer->claimed[i].is_taken_over;
    if (!count_done(beat, 0, 0, taken_over, err) || !stored_course_write(beat, err) ||
        !fill_answer(beat, answer, err))
        return false;
    return answer->run_state != RUN_RUNNING ||
           stored_touch(beat->ledger, stored_beat_age_ms(beat), err);
}

static bool is_tally_wanted(const struct beat_ask *ask, const struct beat_answer *answer)
{
    bool is_over = answer->course.phase == COURSE_OVER;
    return ask->tally == TALLY_NOW || (ask->tally == TALLY_AT_END && is_over);
}

bool stored_beat(struct ledger *base, const struct beat_ask *ask, struct arena *arena,
                 struct beat_answer *ret_answer, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct stored_beat beat = {.ledger = ledger, .ask = ask, .arena = arena};
    struct beat_answer answer = {0};
    assert(ledger->is_locked);
    if (!store_begin(ledger->store, err))
        return false;
    stored_series_let_go(ledger);
    bool is_fine = do_beat(&beat, &answer, err);
    if (failpoint("ledger_write"))
        is_fine = err_set(err, ERR_LEDGER, "failed by a test");
    is_fine = store_end(ledger->store, is_fine, err) && store_check_place(ledger->store, err);
    (void)failpoint("ledger_written");
    if (is_fine && ask->begins && store_can_share(ledger->store))
        is_fine = store_share(ledger->store, err);
    if (is_fine)
        stored_outlook_read(&beat, &answer);
    if (is_fine && is_tally_wanted(ask, &answer))
        stored_tally_read(&beat, &answer);
    if (is_fine)
        *ret_answer = answer;
    return is_fine;
}
