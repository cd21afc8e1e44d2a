/* How one machine follows the course of a run that several work on. */
#include "base/clock.h"
#include "event/status.h"
#include "rollout/machine_private.h"

/* Before the run, or after a wave. */
static void on_gate(void *ctx, const struct gate_no *no)
{
    struct rollout *rollout = ctx;
    struct machine *machine = rollout->machine;
    rollout->is_gated = false;
    rollout_end_wait(rollout);
    machine->answers_gate = true;
    machine->gate_has_passed = !no;
    if (no) {
        machine->gate_halt = (struct halt){
            .kind = HALT_GATE,
            .wave = rollout_wave_name(rollout),
            .gate = gate_name(rollout->gate),
            .status = no->status,
            .output = rollout_gate_output(rollout, no),
            .signal = no->signal,
        };
        machine->gate_reason = arena_strdup(&rollout->arena, no->why);
    }
    if (no && rollout->gate == GATE_AFTER_RUN)
        rollout_note(rollout, no->why);
    journal_beat(rollout->journal);
    rollout_fill(rollout); /* where the ledger was given up meanwhile, nothing else is waited for */
}

static void ask_gate(struct machine *machine, const struct beat_answer *answer)
{
    struct rollout *rollout = machine->rollout;
    const struct course *course = &answer->course;
    struct gate_facts facts = {0};
    if (answer->gate == GATE__COUNT || rollout->is_gated)
        return;
    if (answer->gate == GATE_AFTER_WAVE) {
        facts.wave = rollout->info.waves[course->wave].name;
        facts.state = run_state_name(course_wave_state(course));
    }
    if (answer->gate == GATE_AFTER_RUN)
        facts.state = run_state_name(course->end);
    rollout_ask_gate(rollout, answer->gate, &facts, on_gate);
}

/* A gate that another machine asks, or that none has asked yet: the run may wait for it for ever where no machine can. */
static void await_gate(struct machine *machine, const struct beat_answer *answer)
{
    struct rollout *rollout = machine->rollout;
    const struct course *course = &answer->course;
    bool is_own = rollout->is_gated || answer->gate != GATE__COUNT;
    enum gate gate = is_own ? GATE__COUNT : course_gate_awaited(course);
    bool is_asked = course->gate == COURSE_ASKED;
    if (gate == machine->awaits && (gate == GATE__COUNT || is_asked == machine->is_asked))
        return;
    if (machine->awaits != GATE__COUNT)
        rollout_end_wait(rollout);
    machine->awaits = gate;
    machine->is_asked = is_asked;
    if (gate == GATE__COUNT)
        return;
    char what[128];
    snprintf(what, sizeof what,
             is_asked ? "the gate %s, which another machine asks"
                      : "a machine whose inventory has the gate %s",
             gate_name(gate));
    rollout_begin_wait(rollout, WAIT_GATE, what, 0);
}

static void end_wave(struct machine *machine)
{
    struct rollout *rollout = machine->rollout;
    if (machine->has_begun_wave && !machine->has_ended_wave)
        rollout_show(rollout, (struct event){.kind = EVENT_WAVE_FINISHED,
                                             .wave = rollout->wave,
                                             .state = course_wave_state(&machine->course),
                                             .at_ms = clock_wall_ms()});
    if (machine->has_begun_wave && !machine->has_ended_wave && !rollout->has_rolled_back)
        rollout_close_outlook(rollout);
    machine->has_ended_wave = true;
}

/* What waits belongs to what came before: the scheduler forgets it with its queues. */
static void forget_queued(struct rollout *rollout)
{
    for (size_t i = 0; i < rollout->info.tenant_count; i++)
        rollout->slots[i].is_queued = false;
}

static void open_wave(struct machine *machine, uint32_t wave, const struct beat_outlook *outlook)
{
    struct rollout *rollout = machine->rollout;
    if (machine->has_begun_wave && rollout->wave == wave)
        return;
    end_wave(machine);
    machine->has_begun_wave = rollout->has_begun = true;
    machine->has_ended_wave = false;
    rollout->wave = wave;
    rollout->wave_failed = 0;
    forget_queued(rollout);
    scheduler_open(rollout->scheduler, wave);
    rollout_show(rollout, (struct event){.kind = EVENT_WAVE_STARTED, .wave = wave});
    if (outlook)
        rollout_take_outlook(rollout, wave, outlook);
    rollout_begin_outlook(rollout);
    rollout_limit_connections(rollout, wave);
}

static void open_rollback(struct machine *machine, const char *reason)
{
    struct rollout *rollout = machine->rollout;
    if (rollout->has_rolled_back)
        return;
    end_wave(machine);
    machine->has_begun_wave = true;
    rollout->has_rolled_back = true;
    routes_roll_back(rollout->routes);
    forget_queued(rollout);
    scheduler_open_rollback(rollout->scheduler);
    rollout_limit_connections(rollout, rollout->options->wave_count - 1);
    rollout_show(rollout, (struct event){.kind = EVENT_RUN_ROLLS_BACK, .reason = reason});
}

static void begin_soak(struct machine *machine, int64_t left_ms)
{
    struct rollout *rollout = machine->rollout;
    char what[128];
    end_wave(machine);
    snprintf(what, sizeof what, "the soak after wave '%.80s'",
             rollout->info.waves[machine->course.wave].name);
    if (left_ms > 0)
        rollout_begin_wait(rollout, WAIT_SOAK, what, (uint64_t)left_ms);
}

/* What is in flight ends; after a trip no more is begun, and where a person has stopped the run, no retry is waited for. */
static void note_stopping(struct machine *machine, const struct beat_answer *answer)
{
    struct rollout *rollout = machine->rollout;
    const struct course *course = &answer->course;
    if (!course_is_stopping(course) || machine->has_told_drain)
        return;
    machine->has_told_drain = true;
    machine_give_back_queued(machine);
    if (course->has_tripped)
        scheduler_trip(rollout->scheduler);
    if (!rollout->is_draining)
        rollout_show(rollout,
                     (struct event){.kind = EVENT_RUN_DRAINS,
                                    .reason = answer->drains ? answer->drains : "stopping"});
    if (!course->stopped_by || rollout->is_draining)
        return;
    rollout->is_draining = true;
    scheduler_stop(rollout->scheduler);
    for (size_t i = 0; i < rollout->info.tenant_count; i++)
        if (rollout->slots[i].session)
            session_stop_waiting(rollout->slots[i].session);
}

/* Who watches the run on another machine has it wait, or go on. It is one pause, which who watches it here may end. */
static void follow_pause(struct machine *machine, bool is_paused, const char *by)
{
    struct rollout *rollout = machine->rollout;
    if (is_paused == machine->course.is_paused || is_paused == rollout->is_paused ||
        rollout->is_draining)
        return;
    rollout->is_paused = is_paused;
    if (rollout->options->steering)
        rollout->options->steering->is_paused = is_paused;
    scheduler_pause(rollout->scheduler, is_paused);
    rollout_pause_outlook(rollout, is_paused);
    rollout_show(rollout, (struct event){.kind = is_paused ? EVENT_RUN_PAUSED : EVENT_RUN_CONTINUES,
                                         .reason = "asked for on another machine",
                                         .by = by,
                                         .at_ms = clock_wall_ms()});
}

static void tell_others(struct machine *machine, const struct beat_answer *answer)
{
    const struct run_others *others = &answer->others;
    bool is_new = answer->tally || memcmp(others, &machine->others, sizeof *others) != 0;
    if (!others->count || !is_new)
        return;
    machine->others = *others;
    rollout_show(
        machine->rollout,
        (struct event){.kind = EVENT_RUN_OTHERS, .others = others, .tally = answer->tally});
}

/* All others of the wave, or of the rollback, are done. */
static void tell_unreached(struct machine *machine, const struct beat_answer *answer)
{
    const struct course *course = &answer->course;
    bool waits = (course->phase == COURSE_WAVE || course->phase == COURSE_ROLLBACK) &&
                 course->until_ms && answer->left_ms > 0;
    char text[256];
    if (waits && !machine->waits_for_names) {
        snprintf(text, sizeof text,
                 "waiting for up to %.0f s for machines of the names that 'reachable_from' of the "
                 "last tenants says (skein work --as NAME)",
                 (double)answer->left_ms / 1000);
        rollout_note(machine->rollout, text);
    }
    machine->waits_for_names = waits;
}

void machine_follow(struct machine *machine, const struct beat_answer *answer)
{
    const struct course *course = &answer->course;
    tell_others(machine, answer);
    follow_pause(machine, course->is_paused, answer->paused_by);
    machine->course = *course;
    if (course->phase != COURSE_SOAK && !machine->rollout->is_gated &&
        machine->awaits == GATE__COUNT)
        rollout_end_wait(machine->rollout);
    note_stopping(machine, answer);
    switch (course->phase) {
    case COURSE_WAVE: open_wave(machine, course->wave, answer->outlook); break;
    case COURSE_SOAK: begin_soak(machine, answer->left_ms); break;
    case COURSE_ROLLBACK: open_rollback(machine, answer->rolls_back); break;
    case COURSE_AFTER_WAVE:
    case COURSE_AFTER_RUN:
    case COURSE_OVER: end_wave(machine); break;
    case COURSE_BEFORE:
    case COURSE__COUNT: break;
    }
    tell_unreached(machine, answer);
    await_gate(machine, answer);
    ask_gate(machine, answer);
}
