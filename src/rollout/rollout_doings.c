/* What the tenants at work are doing, for those who show the run. Looked at only where someone asks for it. */
#include "event/status.h"
#include "rollout/rollout_private.h"

static void take(struct rollout *rollout, struct status *status, uint32_t tenant)
{
    const struct session *session = rollout->slots[tenant].session;
    if (!session || status->doing_count == STATUS_DOINGS)
        return;
    struct status_doing *doing = &status->doings[status->doing_count++];
    *doing = (struct status_doing){.tenant = tenant};
    session_tell_doing(session, doing);
    links_redact(rollout->links, tenant, doing->sql, sizeof doing->sql);
}

void rollout_look_at_doings(struct rollout *rollout)
{
    const struct steering *steering = rollout->options->steering;
    struct status *status = rollout->options->status;
    uint32_t chosen = steering ? steering->chosen : STATUS_NONE;
    bool is_chosen_shown = chosen >= rollout->info.tenant_count;
    if (!status)
        return;
    status->doing_count = 0;
    if (!steering || !steering->wants_doings)
        return;
    for (uint32_t at = status->oldest; at != STATUS_NONE && status->doing_count + 1 < STATUS_DOINGS;
         at = status->tenants[at].next) {
        is_chosen_shown = is_chosen_shown || at == chosen;
        take(rollout, status, at);
    }
    if (!is_chosen_shown)
        take(rollout, status, chosen);
}
