/* What a machine believes and does while the ledger does not answer. */
#include "base/clock.h"
#include "rollout/machine_private.h"

enum { PATIENCE_IN_LEASES = 5, AWAY_TOLD_MS = 2000 };

bool machine_is_lease_over(const struct machine *machine, int64_t since_ms)
{
    return clock_boot_ms() - since_ms > (int64_t)machine->lease_ms * 2 / 3;
}

/* A ledger that comes back at once is no news. */
static void tell_away(struct machine *machine, const struct err *err, int64_t now_ms)
{
    char text[sizeof err->text + 96];
    if (!machine->away_since_ms)
        machine->away_since_ms = now_ms;
    if (machine->has_told_away || now_ms - machine->away_since_ms < AWAY_TOLD_MS)
        return;
    machine->has_told_away = true;
    snprintf(text, sizeof text, "waiting for the ledger to come back, for up to %lld s: %s",
             (long long)machine->lease_ms * PATIENCE_IN_LEASES / 1000, err->text);
    rollout_show(machine->rollout, (struct event){.kind = EVENT_NOTE, .reason = text});
}

void machine_note_answer(struct machine *machine)
{
    if (machine->has_told_away)
        rollout_show(machine->rollout,
                     (struct event){.kind = EVENT_NOTE, .reason = "the ledger is back"});
    machine->has_told_away = false;
    machine->away_since_ms = 0;
}

bool machine_may_wait(void *ctx, const struct err *err)
{
    struct machine *machine = ctx;
    int64_t now_ms = clock_boot_ms();
    bool is_there = machine->has_answer || machine->share->has_begun; /* a run to come back to */
    bool may = is_there && strcmp(err->code, LEDGER_RUN_GONE) != 0 &&
               !machine->rollout->is_cancelling &&
               now_ms - machine->renewed_ms < (int64_t)machine->lease_ms * PATIENCE_IN_LEASES;
    if (may)
        tell_away(machine, err, now_ms);
    return may;
}

void machine_tick(struct machine *machine)
{
    if (!machine || machine->rollout->is_closed || !machine->has_answer || machine->is_late ||
        !machine_is_lease_over(machine, machine->renewed_ms))
        return;
    machine->is_late = true;
    rollout_note(machine->rollout,
                 "the ledger has not answered for most of a lease: what is in flight is cancelled, "
                 "and looked at by the machine that claims it next");
    machine_lose_all(machine);
}

bool machine_disowns(struct machine *machine, uint32_t tenant)
{
    if (!machine || !machine->has_answer || !machine_is_lease_over(machine, machine->renewed_ms))
        return false;
    machine->rollout->slots[tenant].epoch = 0;
    machine->rollout->slots[tenant].is_lost = true;
    return true;
}
