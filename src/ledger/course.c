#include "ledger/course.h"

#include <assert.h>
#include <string.h>

bool course_is_stopping(const struct course *course)
{
    return course->has_tripped || course->stopped_by;
}

bool course_may_claim(const struct course *course)
{
    return (course->phase == COURSE_WAVE || course->phase == COURSE_ROLLBACK) &&
           !course->stopped_by && !course->is_paused;
}

bool course_takes_orphans_alone(const struct course *course)
{
    return course->phase == COURSE_WAVE && course->has_tripped;
}

enum run_state course_wave_state(const struct course *course)
{
    return course->stopped_by    ? RUN_INTERRUPTED
           : course->has_tripped ? RUN_HALTED
           : course->errors      ? RUN_FAILED
                                 : RUN_SUCCEEDED;
}

/* ---- gates ---------------------------------------------------------------------------------- */

static enum gate gate_of(const struct course *course)
{
    switch (course->phase) {
    case COURSE_BEFORE: return GATE_BEFORE_RUN;
    case COURSE_AFTER_WAVE: return GATE_AFTER_WAVE;
    case COURSE_AFTER_RUN: return GATE_AFTER_RUN;
    default: return GATE__COUNT;
    }
}

static bool has_gate(const struct course *course)
{
    enum gate gate = gate_of(course);
    return gate != GATE__COUNT && course->gates & 1u << gate;
}

/* Nothing to wait for: there is no gate, or it has answered. */
static bool is_through(const struct course *course)
{
    return !has_gate(course) || course->gate == COURSE_PASSED || course->gate == COURSE_REFUSED;
}

enum gate course_gate_due(const struct course *course)
{
    return has_gate(course) && course->gate == COURSE_UNASKED ? gate_of(course) : GATE__COUNT;
}

enum gate course_gate_awaited(const struct course *course)
{
    return is_through(course) ? GATE__COUNT : gate_of(course);
}

void course_answer_gate(struct course *course, bool has_passed)
{
    course->gate = has_passed ? COURSE_PASSED : COURSE_REFUSED;
    course->gate_machine = 0;
    if (has_passed || course->phase == COURSE_AFTER_RUN)
        return;
    course->is_refused = course->has_tripped = true;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void enter(struct course *course, enum course_phase phase)
{
    course->phase = phase;
    course->gate = COURSE_UNASKED;
    course->gate_machine = 0;
    course->until_ms = 0;
}

/* A failure that stopped the run is the tenant's whichever machine had it; what the ledger failed at is not. */
static bool counts_as_failure(const struct outcome *outcome)
{
    const struct err *error = outcome->error;
    bool was_given_up = error && error->kind == ERR_CONNECT && !outcome->attempts;
    return error && !outcome->has_regressed && error->kind != ERR_LEDGER && !was_given_up;
}

bool course_note(struct course *course, const struct course_wave *rules,
                 const struct outcome *outcome)
{
    bool had_tripped = course->has_tripped;
    course->changed += outcome->has_changed && !outcome->is_rollback;
    if (course->phase != COURSE_WAVE)
        return false;
    course->errors += outcome->error != NULL;
    course->failed += counts_as_failure(outcome);
    course->has_wave_changed |= outcome->has_changed && outcome->step_count > 0;
    course->has_tripped |= rules->max_failures >= 0 && course->failed > rules->max_failures;
    return course->has_tripped && !had_tripped;
}

static enum course_move begin_wave(struct course *course, uint32_t wave)
{
    enter(course, COURSE_WAVE);
    course->wave = wave;
    course->failed = course->errors = 0;
    course->has_wave_changed = false;
    return COURSE_BEGINS_WAVE;
}

static enum run_state final_state(const struct course *course, const struct course_totals *totals)
{
    bool is_complete = totals->finished == totals->wanted;
    if (course->has_rolled_back &&
        (totals->need_person || (totals->not_back && !course->stopped_by)))
        return RUN_ROLLBACK_FAILED;
    if (course->stopped_by)
        return RUN_INTERRUPTED;
    if (course->has_rolled_back)
        return RUN_ROLLED_BACK;
    if (course->is_rollback && totals->failed)
        return RUN_ROLLBACK_FAILED;
    if (is_complete && course->ends_failure)
        return RUN_ROLLED_BACK;
    if (!is_complete || (course->is_refused && !course->is_rollback))
        return RUN_HALTED;
    return totals->failed ? RUN_FAILED : RUN_SUCCEEDED;
}

static enum course_move end(struct course *course, const struct course_facts *facts)
{
    enter(course, COURSE_AFTER_RUN);
    course->end = final_state(course, &facts->totals);
    return COURSE_ENDS;
}

static void begin_rollback(struct course *course)
{
    enter(course, COURSE_ROLLBACK);
    course->has_rolled_back = true;
    course->wave = course->wave_count;
}

static enum course_move end_forward(struct course *course, const struct course_facts *facts)
{
    bool goes_back = course->rolls_back && course->has_tripped && !course->stopped_by &&
                     facts->to_roll_back && !course->has_rolled_back;
    if (!goes_back)
        return end(course, facts);
    begin_rollback(course);
    return COURSE_BEGINS_ROLLBACK;
}

/* Machines that have gone back do not go forward again; what they have rolled back is looked at once more. */
bool course_recall(struct course *course, const struct course *seen)
{
    bool goes_back = seen->has_rolled_back && !course->has_rolled_back;
    if (course->phase >= COURSE_AFTER_RUN)
        return false;
    course->has_tripped |= seen->has_tripped;
    course->is_refused |= seen->is_refused;
    if (!course->stopped_by)
        course->stopped_by = seen->stopped_by;
    if (goes_back)
        begin_rollback(course);
    return goes_back;
}

static enum course_move next_wave(struct course *course, const struct course_facts *facts)
{
    uint32_t next = course->phase == COURSE_BEFORE ? 0 : course->wave + 1;
    if (course_is_stopping(course) || next >= course->wave_limit)
        return end_forward(course, facts);
    return begin_wave(course, next);
}

/* Who can be reached by no machine is waited for as long as a lease lasts, once all others are done: such a machine may be about to
 * begin. */
static bool has_waited(struct course *course, const struct course_facts *facts)
{
    if (!facts->has_unreached)
        return true;
    if (!course->until_ms)
        course->until_ms = facts->now_ms + (int64_t)course->lease_ms;
    return facts->now_ms >= course->until_ms;
}

/* What is in flight ends first. After a trip, so does what a machine had begun that is gone (has_ready is of these then); a person
 * who stops the run leaves that to `resume`. */
static bool is_done(struct course *course, const struct course_facts *facts)
{
    bool goes_on = facts->claimed || (facts->has_ready && !course->stopped_by);
    if (goes_on)
        course->until_ms = 0;
    return !goes_on && (course->stopped_by || has_waited(course, facts));
}

static enum course_move leave_wave(struct course *course, const struct course_facts *facts)
{
    if (course_is_stopping(course) || course->wave + 1 >= course->wave_limit)
        return end_forward(course, facts);
    enter(course, COURSE_SOAK);
    course->until_ms = course->has_wave_changed ? facts->now_ms + (int64_t)facts->rules.soak_ms
                                                : facts->rules.soak_until_ms;
    return COURSE_LEAVES_WAVE;
}

enum course_move course_move(struct course *course, const struct course_facts *facts)
{
    switch (course->phase) {
    case COURSE_BEFORE: return is_through(course) ? next_wave(course, facts) : COURSE_STAYS;
    case COURSE_WAVE:
        if (!is_done(course, facts))
            return COURSE_STAYS;
        enter(course, COURSE_AFTER_WAVE);
        return COURSE_ENDS_WAVE;
    case COURSE_AFTER_WAVE: return is_through(course) ? leave_wave(course, facts) : COURSE_STAYS;
    case COURSE_SOAK:
        if (course_is_stopping(course) || facts->now_ms >= course->until_ms)
            return next_wave(course, facts);
        return COURSE_STAYS;
    case COURSE_ROLLBACK: return is_done(course, facts) ? end(course, facts) : COURSE_STAYS;
    case COURSE_AFTER_RUN:
        if (!is_through(course))
            return COURSE_STAYS;
        enter(course, COURSE_OVER);
        return COURSE_CLOSES;
    case COURSE_OVER:
    case COURSE__COUNT: break;
    }
    return COURSE_STAYS;
}

/* ---- which tenants ------------------------------------------------------------------------- */

static bool is_reached(const struct claim_queue *queue, const char *name)
{
    return !queue->reach || strcmp(queue->reach, name) == 0;
}

/* So many tenants of the server are claimed, with those that are taken now. */
static uint32_t load_of(const struct claim_queue *queues, size_t count, const char *server)
{
    uint32_t load = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(queues[i].server, server) == 0)
            load += queues[i].claimed + queues[i].take;
    return load;
}

/* The queue that gets the next place; NULL: none may have more. */
static struct claim_queue *choose_queue(struct claim_queue *queues, size_t count, const char *name,
                                        uint32_t per_server)
{
    struct claim_queue *best = NULL;
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        struct claim_queue *queue = &queues[i];
        if (queue->take >= queue->ready || !is_reached(queue, name))
            continue;
        uint32_t load = load_of(queues, count, queue->server);
        if ((queue->is_unlimited || load < per_server) && load < least) {
            least = load;
            best = queue;
        }
    }
    return best;
}

void claim_divide(struct claim_queue *queues, size_t count, const char *name, uint32_t per_server,
                  uint32_t wanted)
{
    struct claim_queue *queue;
    for (size_t i = 0; i < count; i++)
        queues[i].take = 0;
    while (wanted-- && (queue = choose_queue(queues, count, name, per_server)))
        queue->take++;
}

static uint32_t count_left(const struct claim_queue *queue, const char *name, bool is_alone)
{
    bool may_have_more = (queue->is_unlimited || is_alone) && is_reached(queue, name);
    return may_have_more ? queue->ready - queue->take : 0;
}

void claim_ahead(struct claim_queue *queues, size_t count, const char *name,
                 const struct claim_more *more)
{
    uint32_t left = more->ahead, sharers = 1;
    while (left && sharers) {
        sharers = 0;
        for (size_t i = 0; i < count; i++)
            sharers += count_left(&queues[i], name, more->is_alone) > 0;
        uint32_t share = sharers ? (left + sharers - 1) / sharers : 0;
        for (size_t i = 0; i < count; i++) {
            uint32_t most = count_left(&queues[i], name, more->is_alone);
            most = most < share ? most : share;
            most = most < left ? most : left;
            queues[i].take += most;
            left -= most;
        }
    }
}
