/* The course of a run that several machines work on, in rows. What a step means is course.c's; here is what else it writes. */
#include "ledger/stored.h"

/* ---- the row -------------------------------------------------------------------------------- */

static bool insert_course(struct stored_beat *beat, const struct course *course, struct err *err)
{
    return store_run(
        beat->ledger->store, err,
        "INSERT INTO courses(run, phase, wave, wave_count, wave_limit, gates, rolls_back, lease_ms,"
        " failed, errors, has_wave_changed, has_tripped, is_refused, stopped_by, has_rolled_back,"
        " gate, gate_machine, until_ms, changed, finish, is_paused, is_rollback, ends_failure)"
        " VALUES(?, ?, 0, ?, ?, ?, ?, ?, 0, 0, FALSE, FALSE, FALSE, 0, FALSE, ?, 0, 0, 0, ?, FALSE, ?, ?)",
        value_int(beat->ledger->writing.run), value_int(COURSE_BEFORE),
        value_int((int64_t)beat->ask->run->wave_count), value_int(course->wave_limit),
        value_int(course->gates), value_int(course->rolls_back),
        value_int((int64_t)course->lease_ms), value_int(COURSE_UNASKED), value_int(RUN_RUNNING),
        value_int(course->is_rollback), value_int(course->ends_failure));
}

/* An earlier run's soak is never longer than this one's, also where another clock than the store's wrote down when its wave ended. */
static bool insert_waves(struct stored_beat *beat, const struct course_plan *plan, struct err *err)
{
    const struct run_info *run = beat->ask->run;
    for (size_t i = 0; i < run->wave_count; i++) {
        const struct course_wave *wave = &plan->waves[i];
        int64_t left_ms = wave->soak_until_ms - beat->now_ms;
        bool has_soak = wave->soak_until_ms && left_ms > 0;
        if (left_ms > (int64_t)run->waves[i].soak_ms)
            left_ms = (int64_t)run->waves[i].soak_ms;
        if (!store_run(beat->ledger->store, err,
                       "INSERT INTO course_waves(run, n, parallel, per_server, max_failures,"
                       " soak_ms, soak_until_ms) VALUES(?, ?, ?, ?, ?, ?, ?)",
                       value_int(beat->ledger->writing.run), value_int((int64_t)i),
                       value_int(wave->parallel), value_int(wave->per_server),
                       value_int(run->waves[i].max_failures),
                       value_int((int64_t)run->waves[i].soak_ms),
                       value_int(has_soak ? beat->now_ms + left_ms : 0)))
            return false;
    }
    return true;
}

bool stored_course_begin(struct stored_beat *beat, struct err *err)
{
    const struct course_plan *plan = beat->ask->begins;
    return store_get_plain(beat->ledger->store, err, &beat->now_ms, "SELECT {now_ms}") &&
           insert_course(beat, &plan->course, err) && insert_waves(beat, plan, err) &&
           stored_claims_begin(beat, err) && stored_terms_begin(beat, err);
}

static bool fill_course(const struct cursor *row, struct course *course)
{
    *course = (struct course){
        .phase = (enum course_phase)cursor_int(row, 0),
        .wave = (uint32_t)cursor_int(row, 1),
        .wave_count = (uint32_t)cursor_int(row, 2),
        .wave_limit = (uint32_t)cursor_int(row, 3),
        .gates = (unsigned)cursor_int(row, 4),
        .rolls_back = cursor_int(row, 5) != 0,
        .lease_ms = (uint64_t)cursor_int(row, 6),
        .failed = (uint32_t)cursor_int(row, 7),
        .errors = (uint32_t)cursor_int(row, 8),
        .has_wave_changed = cursor_int(row, 9) != 0,
        .has_tripped = cursor_int(row, 10) != 0,
        .is_refused = cursor_int(row, 11) != 0,
        .stopped_by = (int)cursor_int(row, 12),
        .has_rolled_back = cursor_int(row, 13) != 0,
        .gate = (enum course_gate)cursor_int(row, 14),
        .gate_machine = cursor_int(row, 15),
        .until_ms = cursor_int(row, 16),
        .changed = (uint32_t)cursor_int(row, 17),
        .end = (enum run_state)cursor_int(row, 18),
        .is_paused = cursor_int(row, 19) != 0,
        .is_rollback = cursor_int(row, 20) != 0,
        .ends_failure = cursor_int(row, 21) != 0,
    };
    return course->phase < COURSE__COUNT && course->gate < COURSE_GATE__COUNT &&
           course->end < RUN__COUNT && course->wave <= course->wave_count && course->wave_count;
}

/* The rollback goes by the last wave's rules, as a run of one machine has it; failures do not stop it. */
static bool read_rules(struct stored_beat *beat, struct err *err)
{
    struct cursor row;
    const struct course *course = &beat->course;
    bool is_rollback = course->wave == course->wave_count;
    beat->rules = (struct course_wave){.parallel = 1, .per_server = 1};
    store_query(beat->ledger->store, &row,
                "SELECT parallel, per_server, max_failures, soak_ms, soak_until_ms"
                " FROM course_waves WHERE run = ? AND n = ?",
                value_int(beat->ledger->writing.run),
                value_int(is_rollback ? course->wave - 1 : course->wave));
    if (cursor_next(&row))
        beat->rules = (struct course_wave){
            .parallel = (uint32_t)cursor_int(&row, 0),
            .per_server = (uint32_t)cursor_int(&row, 1),
            .max_failures = is_rollback ? -1 : cursor_int(&row, 2),
            .soak_ms = (uint64_t)cursor_int(&row, 3),
            .soak_until_ms = cursor_int(&row, 4),
        };
    return cursor_end(&row, err);
}

#define SELECT_COURSE                                                                              \
    "SELECT phase, wave, wave_count, wave_limit, gates, rolls_back, lease_ms, failed,"             \
    " errors, has_wave_changed, has_tripped, is_refused, stopped_by, has_rolled_back,"             \
    " gate, gate_machine, until_ms, changed, finish, is_paused, is_rollback, ends_failure"         \
    " FROM courses WHERE run = ?"

static bool end_course(struct store *store, struct cursor *row, struct course *ret_course,
                       bool *ret_is_there, struct err *err)
{
    *ret_is_there = cursor_next(row);
    bool makes_sense = !*ret_is_there || fill_course(row, ret_course);
    return cursor_end(row, err) && (makes_sense || store_fail_damaged(store, err));
}

bool stored_course_find(struct stored_ledger *ledger, int64_t run, struct course *ret_course,
                        bool *ret_is_there, struct err *err)
{
    struct cursor row;
    store_query(ledger->store, &row, SELECT_COURSE, value_int(run));
    return end_course(ledger->store, &row, ret_course, ret_is_there, err);
}

static bool read_times(struct stored_beat *beat, struct err *err)
{
    struct cursor row;
    store_query(beat->ledger->store, &row,
                "SELECT {now_ms}, (SELECT min(joined_ms) FROM machines WHERE run = ?)",
                value_int(beat->ledger->writing.run));
    if (cursor_next(&row)) {
        beat->now_ms = cursor_int(&row, 0);
        beat->began_ms = cursor_is_null(&row, 1) ? beat->now_ms : cursor_int(&row, 1);
    }
    return cursor_end(&row, err);
}

int64_t stored_beat_age_ms(const struct stored_beat *beat)
{
    return beat->now_ms > beat->began_ms ? beat->now_ms - beat->began_ms : 0;
}

bool stored_course_read(struct stored_beat *beat, struct err *err)
{
    struct store *store = beat->ledger->store;
    struct cursor row;
    bool is_there;
    store_query(store, &row, SELECT_COURSE " {locking}", value_int(beat->ledger->writing.run));
    if (!end_course(store, &row, &beat->course, &is_there, err))
        return false;
    if (!is_there)
        return stored_fail_gone(beat->ledger, err);
    return read_times(beat, err) && read_rules(beat, err);
}

bool stored_course_write(struct stored_beat *beat, struct err *err)
{
    const struct course *course = &beat->course;
    return store_run(
        beat->ledger->store, err,
        "UPDATE courses SET phase = ?, wave = ?, failed = ?, errors = ?, has_wave_changed = ?,"
        " has_tripped = ?, is_refused = ?, stopped_by = ?, has_rolled_back = ?, gate = ?,"
        " gate_machine = ?, until_ms = ?, changed = ?, finish = ?,"
        " is_paused = ? WHERE run = ?",
        value_int(course->phase), value_int(course->wave), value_int(course->failed),
        value_int(course->errors), value_int(course->has_wave_changed),
        value_int(course->has_tripped), value_int(course->is_refused),
        value_int(course->stopped_by), value_int(course->has_rolled_back), value_int(course->gate),
        value_int(course->gate_machine), value_int(course->until_ms), value_int(course->changed),
        value_int(course->end), value_int(course->is_paused), value_int(beat->ledger->writing.run));
}

/* ---- moving it on --------------------------------------------------------------------------- */

static bool count_totals(struct stored_beat *beat, struct course_totals *totals, struct err *err)
{
    struct cursor row;
    store_query(beat->ledger->store, &row,
                "SELECT (SELECT count(*) FROM claims JOIN fleet_tenants AS member"
                "   ON member.n = claims.n WHERE claims.run = ?1 AND member.wave < ?2"
                "   AND member.fleet = (SELECT fleet FROM runs WHERE seq = ?1)),"
                " count(outcome), coalesce(sum(CASE WHEN error IS NULL THEN 0 ELSE 1 END), 0),"
                " coalesce(sum(CASE WHEN outcome IN (?3, ?4) THEN 1 ELSE 0 END), 0),"
                " (SELECT count(*) FROM claims LEFT JOIN run_tenants AS mine"
                "   ON mine.run = claims.run AND mine.n = claims.n"
                "   WHERE claims.run = ?1 AND claims.wave = ?6 AND coalesce(mine.outcome, 0) <> ?5)"
                " FROM run_tenants WHERE run = ?1",
                value_int(beat->ledger->writing.run), value_int(beat->course.wave_limit),
                value_int(TENANT_PARTIAL), value_int(TENANT_ROLLBACK_FAILED),
                value_int(TENANT_ROLLED_BACK), value_int(beat->course.wave_count));
    if (cursor_next(&row))
        *totals = (struct course_totals){.wanted = (uint32_t)cursor_int(&row, 0),
                                         .finished = (uint32_t)cursor_int(&row, 1),
                                         .failed = (uint32_t)cursor_int(&row, 2),
                                         .need_person = (uint32_t)cursor_int(&row, 3),
                                         .not_back = (uint32_t)cursor_int(&row, 4)};
    return cursor_end(&row, err);
}

static bool count_changed(struct stored_beat *beat, uint32_t *ret_count, struct err *err)
{
    int64_t count = 0;
    bool is_fine = store_get(
        beat->ledger->store, err, &count,
        "SELECT count(*) FROM run_tenants WHERE run = ?1 AND coalesce(outcome, 0) <> ?5"
        " AND " STORED_MAY_HAVE_CHANGED("run_tenants"),
        value_int(beat->ledger->writing.run), value_int(TENANT_RUNNING), value_int(TENANT_IN_DOUBT),
        value_int(TENANT_ROLLBACK_FAILED), value_int(TENANT_PARTIAL));
    *ret_count = (uint32_t)count;
    return is_fine;
}

/* The last two where the course may come to its end with this step. */
static bool count_facts(struct stored_beat *beat, struct course_facts *facts, struct err *err)
{
    *facts = (struct course_facts){.now_ms = beat->now_ms, .rules = beat->rules};
    if ((beat->course.phase == COURSE_WAVE || beat->course.phase == COURSE_ROLLBACK) &&
        !stored_claims_count(beat, facts, err))
        return false;
    if (beat->course.phase == COURSE_WAVE || beat->course.phase >= COURSE_AFTER_RUN)
        return true;
    if (beat->course.phase == COURSE_ROLLBACK && (facts->claimed || facts->has_ready))
        return true;
    return count_totals(beat, &facts->totals, err) &&
           count_changed(beat, &facts->to_roll_back, err);
}

bool stored_course_tell_tripped(struct stored_beat *beat, struct err *err)
{
    const struct course *course = &beat->course;
    const struct halt halt = {.kind = HALT_THRESHOLD,
                              .wave = beat->ask->run->waves[course->wave].name,
                              .failed = course->failed,
                              .max_failures = (uint32_t)beat->rules.max_failures};
    char why[128];
    snprintf(why, sizeof why, "too many failures: %u, and %u %s tolerated", halt.failed,
             halt.max_failures, halt.max_failures == 1 ? "is" : "are");
    const struct event event = {
        .kind = EVENT_RUN_DRAINS, .reason = why, .halt = &halt, .at_ms = beat->now_ms};
    return stored_write_drains(beat->ledger, &event, err);
}

/* If this run changed nothing in the wave, its soak still counts from when the earlier run finished it. */
static bool end_wave(struct stored_beat *beat, struct err *err)
{
    const struct course_wave *rules = &beat->rules;
    bool is_of_earlier = rules->soak_until_ms && !beat->course.has_wave_changed;
    bool had_tripped = beat->course.has_tripped;
    return stored_claims_skip_unreached(beat, err) &&
           (had_tripped || !beat->course.has_tripped || stored_course_tell_tripped(beat, err)) &&
           stored_write_wave(
               beat->ledger, beat->course.wave, course_wave_state(&beat->course),
               is_of_earlier ? rules->soak_until_ms - (int64_t)rules->soak_ms : beat->now_ms, err);
}

/* What halted it is on record, unless the ledger has lost that. */
static bool begin_rollback(struct stored_beat *beat, struct err *err)
{
    int64_t kind;
    if (!store_get(beat->ledger->store, err, &kind,
                   "SELECT coalesce(halt, ?) FROM runs WHERE seq = ?", value_int(HALT__COUNT),
                   value_int(beat->ledger->writing.run)))
        return false;
    const struct event event = {.kind = EVENT_RUN_ROLLS_BACK,
                                .reason = halt_kind_goes_back((enum halt_kind)kind),
                                .at_ms = beat->now_ms};
    return stored_write_rolls_back(beat->ledger, &event, err) &&
           stored_claims_roll_back(beat, err) && read_rules(beat, err);
}

/* A ledger that comes back without its last commits may have lost why nothing more is begun. */
bool stored_course_recall(struct stored_beat *beat, struct err *err)
{
    const struct event event = {
        .kind = EVENT_RUN_DRAINS,
        .reason = "the run was halted; why, the ledger has lost with its last commits"};
    struct course *course = &beat->course;
    bool was_stopping = course_is_stopping(course), was_in_wave = course->phase == COURSE_WAVE;
    uint32_t wave = course->wave;
    if (!beat->ask->seen)
        return true;
    bool goes_back = course_recall(course, beat->ask->seen);
    if (!was_stopping && course_is_stopping(course) &&
        !stored_write_drains(beat->ledger, &event, err))
        return false;
    if (goes_back && was_in_wave &&
        !stored_write_wave(beat->ledger, wave, course_wave_state(course), beat->now_ms, err))
        return false;
    return !goes_back || begin_rollback(beat, err);
}

/* What its tenants were held to no machine needs any more, and it may be long. */
static bool close_run(struct stored_beat *beat, struct err *err)
{
    return store_run(beat->ledger->store, err, "DELETE FROM expectations WHERE run = ?",
                     value_int(beat->ledger->writing.run)) &&
           stored_finish_run(beat->ledger, beat->ask->run, beat->course.end,
                             (double)stored_beat_age_ms(beat), err);
}

static bool write_move(struct stored_beat *beat, enum course_move move, struct err *err)
{
    switch (move) {
    case COURSE_BEGINS_WAVE:
        return stored_write_wave(beat->ledger, beat->course.wave, RUN_RUNNING, 0, err) &&
               read_rules(beat, err);
    case COURSE_ENDS_WAVE: return end_wave(beat, err);
    case COURSE_BEGINS_ROLLBACK: return begin_rollback(beat, err);
    case COURSE_CLOSES: return close_run(beat, err);
    case COURSE_LEAVES_WAVE:
    case COURSE_ENDS:
    case COURSE_STAYS: break;
    }
    return true;
}

bool stored_course_move(struct stored_beat *beat, struct err *err)
{
    enum course_move move;
    do {
        struct course_facts facts;
        if (!count_facts(beat, &facts, err))
            return false;
        move = course_move(&beat->course, &facts);
        if (!write_move(beat, move, err))
            return false;
    } while (move != COURSE_STAYS);
    return true;
}
