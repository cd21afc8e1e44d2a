/* What a machine asks with a beat: tenants for now and later, and what it says of those it has. */
#include <unistd.h>

#include "base/clock.h"
#include "driver/driver.h"
#include "event/status.h"
#include "rollout/machine_private.h"

enum { AHEAD_MS = 100, AHEAD_MOST = 1000 };
static unsigned gates_of(const struct rollout *rollout)
{
    unsigned gates = 0;
    for (enum gate gate = 0; gate < GATE__COUNT; gate++)
        if (gates_has(rollout->gates, gate))
            gates |= 1u << gate;
    return gates;
}

static unsigned unlimited_dialects(void)
{
    unsigned dialects = 0;
    for (enum dialect_id id = 0; id < DIALECT__COUNT; id++)
        if (driver_find(id) && !(driver_find(id)->traits & DRIVER_IS_SERVER))
            dialects |= 1u << id;
    return dialects;
}

static const struct course_plan *plan_of(struct machine *machine)
{
    const struct rollout_options *options = machine->rollout->options;
    machine->waves =
        arena_calloc(&machine->rollout->arena, options->wave_count, sizeof *machine->waves);
    for (size_t i = 0; i < options->wave_count; i++)
        machine->waves[i] = (struct course_wave){
            .parallel = options->waves[i].parallel,
            .per_server = options->waves[i].per_server,
            .soak_until_ms = options->waves[i].soak_until_ms,
        };
    machine->plan = (struct course_plan){
        .course = {.gates = gates_of(machine->rollout),
                   .rolls_back = options->on_failure == ON_FAILURE_ROLLBACK,
                   .is_rollback = options->run.request->verb->rolls_back,
                   .ends_failure = options->ends_failure,
                   .wave_limit =
                       (uint32_t)(options->wave_limit ? options->wave_limit : options->wave_count),
                   .lease_ms = machine->share->lease_ms},
        .waves = machine->waves,
        .unlimited = unlimited_dialects(),
    };
    return &machine->plan;
}

static void add_holds(const struct rollout *rollout, struct beat_ask *ask, struct arena *arena)
{
    struct held_claim *holds = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < rollout->info.tenant_count; i++)
        if (rollout->slots[i].epoch)
            *ARENA_PUSH(arena, holds, ask->hold_count, capacity) =
                (struct held_claim){(uint32_t)i, rollout->slots[i].epoch};
    ask->holds = holds;
}

bool machine_may_take(const struct machine *machine)
{
    const struct rollout *rollout = machine->rollout;
    return !machine->is_leaving && !machine->is_late && !rollout->is_draining &&
           !rollout->is_closed;
}

/* Before the first answer no wave is open here, and the first one is likely to be at hand. */
static uint32_t wanted(const struct machine *machine)
{
    const struct rollout *rollout = machine->rollout;
    if (!machine_may_take(machine))
        return 0;
    return machine->has_begun_wave ? scheduler_room(rollout->scheduler)
                                   : rollout->options->waves[0].parallel;
}

/* As many as are finished in a tenth of a second, going by the last tenth or more of one, or by what there is of the first: quick ones would be
 * waited for. Where they take long no one is kept from the other machines. */
static uint32_t ahead(struct machine *machine, int64_t now_ms)
{
    struct tenant_rate *rate = &machine->rate;
    int64_t since_ms = now_ms - rate->since_ms;
    if (rate->is_known && since_ms < AHEAD_MS)
        return rate->ahead;
    int64_t count = (int64_t)rate->finished * AHEAD_MS / (since_ms > 0 ? since_ms : 1);
    rate->ahead = (uint32_t)(count < AHEAD_MOST ? count : AHEAD_MOST);
    if (since_ms >= AHEAD_MS)
        *rate = (struct tenant_rate){.is_known = true, .since_ms = now_ms, .ahead = rate->ahead};
    return rate->ahead;
}

/* What was claimed ahead and turns out to take long is for the other machines. */
bool machine_has_surplus(const struct machine *machine)
{
    const struct rollout *rollout = machine->rollout;
    uint32_t parallel = rollout->options->waves[rollout->wave].parallel;
    uint32_t in_hand = scheduler_in_hand(rollout->scheduler);
    return machine->others.at_work && in_hand > scheduler_running(rollout->scheduler) &&
           in_hand > parallel + 2 * machine->rate.ahead;
}

static void fill_wanted(struct machine *machine, struct beat_ask *ask)
{
    const struct rollout *rollout = machine->rollout;
    uint32_t most =
        rollout->options->waves[rollout->wave].parallel + ahead(machine, machine->sent_ms);
    if (machine_has_surplus(machine))
        machine_give_back_queued(machine);
    ask->wanted = wanted(machine);
    uint32_t in_hand = scheduler_in_hand(rollout->scheduler) + ask->wanted;
    ask->ahead =
        machine_may_take(machine) && !rollout->is_paused && in_hand < most ? most - in_hand : 0;
}

bool machine_is_watched(const struct machine *machine)
{
    const struct steering *steering = machine->rollout->options->steering;
    return steering && steering->wants_whole;
}

/* Who is alone on the run knows how all tenants stand. */
static enum beat_tally tally_wanted(const struct machine *machine, int64_t now_ms)
{
    if (!machine_is_watched(machine))
        return TALLY_NEVER;
    return machine->others.count && now_ms >= machine->tally_at_ms ? TALLY_NOW : TALLY_AT_END;
}

void machine_fill_ask(void *ctx, struct beat_ask *ask, struct arena *arena, bool is_last)
{
    struct machine *machine = ctx;
    struct rollout *rollout = machine->rollout;
    machine->sent_ms = clock_boot_ms();
    machine->is_asking = true;
    if (!is_last)
        fill_wanted(machine, ask);
    machine->asked = ask->wanted;
    machine->asked_ahead = ask->ahead;
    ask->run = &rollout->info;
    ask->machine = (struct machine_card){machine->id, machine->share->machine, machine->share->host,
                                         (int64_t)getpid()};
    ask->number = ++machine->number;
    if (!machine->has_answer && !machine->share->has_begun)
        ask->begins = plan_of(machine);
    add_holds(rollout, ask, arena);
    ask->gates = gates_of(rollout);
    if (machine->has_answer) {
        struct course *seen = arena_alloc(arena, sizeof *seen);
        *seen = machine->course;
        ask->seen = seen;
    }
    ask->asks_gate = rollout->is_gated;
    ask->answers_gate = machine->answers_gate;
    ask->gate_has_passed = machine->gate_has_passed;
    ask->gate_halt = machine->gate_has_passed ? NULL : &machine->gate_halt;
    ask->gate_reason = machine->gate_reason;
    ask->tally = is_last ? TALLY_NEVER : tally_wanted(machine, machine->sent_ms);
    ask->leaves = is_last;
    machine->answers_gate = false;
}
