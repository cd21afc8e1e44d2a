/* How a machine that joined a run leaves it to the others. */
#include "rollout/machine_private.h"

bool machine_lets_go(struct machine *machine, uint32_t tenant)
{
    if (!machine || !machine->is_leaving)
        return false;
    machine->rollout->slots[tenant].epoch = 0;
    machine->rollout->slots[tenant].is_lost = true;
    return true;
}

bool machine_lets_all_go(struct machine *machine)
{
    if (!machine || !machine->is_leaving)
        return false;
    for (uint32_t i = 0; i < machine->rollout->info.tenant_count; i++)
        if (machine->rollout->slots[i].session)
            (void)machine_lets_go(machine, i);
    rollout_note(machine->rollout,
                 "cancelling what is in flight, and giving it back to the other machines");
    return true;
}

bool machine_leaves(struct machine *machine)
{
    if (!machine || !machine->share->has_begun)
        return false;
    struct rollout *rollout = machine->rollout;
    machine->is_leaving = true;
    rollout_note(rollout, "leaving the run to the other machines: what is in flight finishes (once "
                          "more cancels it and rolls it back)");
    machine_give_back_queued(machine);
    scheduler_stop(rollout->scheduler);
    for (uint32_t i = 0; i < rollout->info.tenant_count; i++) {
        struct session *session = rollout->slots[i].session;
        if (session && session_is_waiting(session) && machine_lets_go(machine, i))
            session_stop_waiting(session);
    }
    return true;
}

bool machine_has_left(const struct machine *machine)
{
    return machine && machine->is_leaving && machine->course.phase != COURSE_OVER;
}
