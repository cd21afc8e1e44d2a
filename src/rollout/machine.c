#include "rollout/machine.h"

#include "base/clock.h"
#include "event/status.h"
#include "rollout/machine_private.h"

enum { POLL_MS = 1000 };
/* Between two counts of all tenants; they take one part in so many of the ledger's time. */
enum { TALLY_MS = 500, TALLY_PART = 50 };

/* ---- claims ------------------------------------------------------------------------------------ */

static void give(struct machine *machine, uint32_t tenant)
{
    struct tenant_slot *slot = &machine->rollout->slots[tenant];
    if (slot->is_queued || slot->session)
        return; /* its session is that of an older claim, and ends first */
    slot->is_queued = true;
    scheduler_give(machine->rollout->scheduler, tenant);
}

static void note_standing(struct machine *machine, const struct claimed_tenant *claimed)
{
    struct rollout *rollout = machine->rollout;
    const struct standing *known = claimed->standing;
    struct standing *standing = &rollout->standings[claimed->tenant];
    struct arena *arena = &rollout->arena;
    if (!known)
        return;
    *standing = (struct standing){
        .state = known->state,
        .is_begun = known->is_begun,
        .has_changed = known->has_changed,
        .before = rows_copy(arena, &known->before),
        .goal = rows_copy(arena, &known->goal),
        .to = rows_copy(arena, &known->to),
        .reached = rows_copy(arena, &known->reached),
        .snapshot = known->snapshot ? arena_strdup(arena, known->snapshot) : NULL,
        .is_elsewhere = standing->is_elsewhere,
        .twin = standing->twin,
        .is_gone = standing->is_gone,
    };
    routes_note(rollout->routes, claimed->tenant, known->before.is_known ? &standing->before : NULL,
                known->goal.is_known ? &standing->goal : NULL);
}

static void take_claims(struct machine *machine, const struct beat_answer *answer)
{
    for (size_t i = 0; i < answer->claimed_count; i++) {
        const struct claimed_tenant *claimed = &answer->claimed[i];
        struct rollout *rollout = machine->rollout;
        rollout->slots[claimed->tenant].epoch = claimed->epoch;
        rollout->slots[claimed->tenant].is_taken_over = claimed->is_taken_over;
        note_standing(machine, claimed);
        if (claimed->is_taken_over) {
            char text[256];
            snprintf(text, sizeof text, "tenant '%.160s' is taken over from a machine that is gone",
                     rollout->info.tenants[claimed->tenant]->name);
            rollout_note(rollout, text);
        }
        give(machine, claimed->tenant);
    }
}

/* Its claim is gone: what is in flight there is cancelled, and how that ends is told to no one. */
static void lose(struct machine *machine, uint32_t tenant)
{
    struct tenant_slot *slot = &machine->rollout->slots[tenant];
    slot->epoch = 0;
    if (!slot->session || slot->is_lost)
        return;
    slot->is_lost = true;
    session_cancel(slot->session);
}

void machine_lose_all(struct machine *machine)
{
    struct rollout *rollout = machine->rollout;
    scheduler_take_back(rollout->scheduler);
    for (uint32_t i = 0; i < rollout->info.tenant_count; i++) {
        rollout->slots[i].is_queued = false;
        if (rollout->slots[i].epoch)
            lose(machine, i);
    }
}

void machine_give_back_queued(struct machine *machine)
{
    struct rollout *rollout = machine->rollout;
    scheduler_take_back(rollout->scheduler);
    for (uint32_t i = 0; i < rollout->info.tenant_count; i++) {
        struct tenant_slot *slot = &rollout->slots[i];
        if (slot->is_queued ||
            slot->is_lost) /* or it was claimed anew while an older session ends */
            slot->epoch = 0;
        rollout->slots[i].is_queued = false;
    }
}

void machine_note_finished(struct machine *machine, uint32_t tenant)
{
    if (!machine)
        return;
    machine->rollout->slots[tenant].epoch = 0;
    machine->rate.finished++;
}

/* The observers count who is at work. */
void machine_drop(struct machine *machine, struct session *session)
{
    struct rollout *rollout = machine->rollout;
    uint32_t tenant = (uint32_t)session_index(session);
    struct tenant_slot *slot = &rollout->slots[tenant];
    const struct outcome outcome = {.state = TENANT_SKIPPED};
    slot->session = NULL;
    rollout->in_flight--;
    slot->is_lost = false;
    scheduler_finished(rollout->scheduler, tenant, &(struct finish){0});
    rollout_show(
        rollout,
        (struct event){.kind = EVENT_TENANT_FINISHED, .tenant = tenant, .outcome = &outcome});
    session_free(session);
    if (slot->epoch)
        give(machine, tenant);
    rollout_fill(rollout);
}

/* ---- when to beat ------------------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer)
{
    struct machine *machine = timer->data;
    journal_beat(machine->rollout->journal);
}

/* A quarter of a lease, or sooner where others decide what happens next. */
static void beat_later(struct machine *machine, int64_t left_ms)
{
    const struct rollout *rollout = machine->rollout;
    uint64_t ms = machine->lease_ms / 4;
    bool waits = machine->course.phase != COURSE_WAVE || machine->course.is_paused ||
                 scheduler_room(rollout->scheduler) || machine_is_watched(machine);
    if (rollout->is_closed)
        return;
    if (waits && ms > POLL_MS)
        ms = POLL_MS;
    if (machine->course.phase == COURSE_SOAK && left_ms < (int64_t)ms)
        ms = left_ms > 0 ? (uint64_t)left_ms + 1 : 1;
    uv_timer_start(&machine->timer, on_timer, ms, 0);
}

/* Once half of what was in hand is done, or half of the places are free that were taken, so that the rest is worked on while the ledger answers. */
static void ask_for_more(struct machine *machine)
{
    const struct rollout *rollout = machine->rollout;
    uint32_t room = scheduler_room(rollout->scheduler);
    uint32_t in_hand = scheduler_in_hand(rollout->scheduler);
    uint32_t places = scheduler_places(rollout->scheduler);
    bool may_get = machine->has_begun_wave && machine_may_take(machine) && !rollout->is_paused &&
                   (room || !machine->was_short) && (machine->had || !machine->was_refused);
    bool is_low = in_hand <= machine->had / 2 || places <= machine->had_places / 2;
    if (machine->is_asking)
        return; /* once more after the answer */
    if ((may_get && is_low) || machine_has_surplus(machine) ||
        (!in_hand && journal_has_news(rollout->journal)))
        journal_beat(rollout->journal);
}

/* ---- answers ----------------------------------------------------------------------------------- */

static void take_answer(void *ctx, const struct beat_answer *answer)
{
    struct machine *machine = ctx;
    struct rollout *rollout = machine->rollout;
    machine->lease_ms = answer->course.lease_ms;
    if (!machine->has_answer && machine->share->has_begun)
        rollout_join_after(machine->rollout, answer->age_ms);
    machine->has_answer = true;
    machine->renewed_ms = machine->sent_ms;
    machine_note_answer(machine);
    if (answer->tally)
        machine->tally_at_ms = clock_boot_ms() + TALLY_MS + answer->tally_ms * TALLY_PART;
    if (rollout->is_closed)
        return;
    for (size_t i = 0; i < answer->lost_count; i++)
        lose(machine, answer->lost[i]);
    /* It took so long that what it gives may be someone else's by now: the next beat gives it back. */
    bool is_old = machine_is_lease_over(machine, machine->sent_ms);
    if (is_old && !machine->is_late)
        machine_lose_all(machine);
    machine->is_late = is_old;
    machine->is_asking = false;
    machine->was_refused = answer->claimed_count < machine->asked;
    machine->was_short = answer->claimed_count < machine->asked + machine->asked_ahead;
    machine_follow(machine, answer);
    if (answer->run_state != RUN_RUNNING && answer->course.phase != COURSE_OVER &&
        !rollout->is_draining) {
        struct err err;
        err_set(&err, ERR_LEDGER, "run %s was ended by another run that took its ledger",
                rollout->info.id);
        rollout_on_ledger_broken(rollout, &err);
    }
    if (!is_old && machine_may_take(machine))
        take_claims(machine, answer);
    machine->had = scheduler_in_hand(rollout->scheduler);
    machine->had_places = scheduler_places(rollout->scheduler);
    beat_later(machine, answer->left_ms);
    rollout_fill(rollout);
}

static bool has_sessions(const struct rollout *rollout)
{
    for (size_t i = 0; i < rollout->info.tenant_count; i++)
        if (rollout->slots[i].session)
            return true;
    return false;
}

/* Nothing is in flight here, and the run is over, or goes on without this machine. */
static void close_if_over(struct machine *machine)
{
    struct rollout *rollout = machine->rollout;
    bool is_over = machine->course.phase == COURSE_OVER;
    if (rollout->is_closed || rollout->is_gated ||
        !(is_over || machine->is_leaving || rollout->ledger_err.kind != ERR_NONE) ||
        has_sessions(rollout))
        return;
    rollout->is_over = is_over;
    rollout->end = machine->course.end;
    rollout_close_handles(rollout);
}

void machine_fill(struct machine *machine)
{
    struct rollout *rollout = machine->rollout;
    struct decision decision = {.kind = DECIDE_START};
    while (!rollout->is_closed) {
        decision = scheduler_next(rollout->scheduler, uv_hrtime() / 1000000);
        if (decision.kind != DECIDE_START && decision.kind != DECIDE_GIVE_UP)
            break;
        struct tenant_slot *slot = &rollout->slots[decision.tenant];
        slot->is_queued = false;
        bool is_lost = !slot->session && !slot->epoch; /* while it waited */
        bool starts = decision.kind == DECIDE_START;
        if (is_lost && starts)
            scheduler_finished(rollout->scheduler, decision.tenant, &(struct finish){0});
        else if (is_lost)
            continue; /* one that is given up was never started */
        else if (starts)
            rollout_start_tenant(rollout, decision.tenant);
        else
            rollout_give_up(rollout, decision.tenant);
    }
    close_if_over(machine);
    if (!rollout->is_closed)
        ask_for_more(machine);
}

void machine_pause(struct machine *machine)
{
    if (machine && !machine->rollout->is_closed)
        machine_give_back_queued(machine);
}

/* ---- beginning ---------------------------------------------------------------------- */

/* Positive, and not 0. */
static int64_t random_id(void)
{
    uint64_t id = 0;
    uv_random(NULL, NULL, &id, sizeof id, 0, NULL);
    return (int64_t)(id >> 2 | 1);
}

struct machine *machine_new(struct rollout *rollout)
{
    struct machine *machine = xcalloc(1, sizeof *machine);
    machine->rollout = rollout;
    machine->share = rollout->options->share;
    machine->lease_ms = machine->share->lease_ms;
    machine->id = random_id();
    machine->awaits = GATE__COUNT;
    machine->renewed_ms = machine->rate.since_ms = clock_boot_ms();
    uv_timer_init(rollout->loop, &machine->timer);
    machine->timer.data = machine;
    scheduler_feed(rollout->scheduler);
    journal_beat_with(rollout->journal, &(struct journal_beats){.fill = machine_fill_ask,
                                                                .take = take_answer,
                                                                .may_wait = machine_may_wait,
                                                                .ctx = machine});
    return machine;
}

void machine_close(struct machine *machine)
{
    if (machine)
        uv_close((uv_handle_t *)&machine->timer, NULL);
}

void machine_free(struct machine *machine)
{
    free(machine);
}
