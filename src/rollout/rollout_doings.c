/* What the tenants at work are doing, for those who show the run. Looked at only where someone asks for it; of a statement that
 * takes long, the server is asked too, seldom and one question at a time. */
#include "event/status.h"
#include "link/inquiry.h"
#include "rollout/rollout_private.h"

enum { SLOW_MS = 2000, ASK_EVERY_MS = 2000, GIVE_UP_MS = 30000 };

/* What a server has said of a tenant's statement. */
struct doing_told {
    uint32_t tenant;
    uint64_t since_ms;    /* of the statement; 0: no one is told of here */
    uint64_t ask_next_ms; /* not before that */
    struct inquiry_answer answer;
    struct rollout *rollout;
};

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

/* ---- asking the server --------------------------------------------------------------------- */

static void on_told(void *ctx, const struct inquiry_answer *answer)
{
    struct doing_told *told = ctx;
    uint64_t now_ms = uv_hrtime() / 1000000;
    struct links *links = told->rollout->links;
    told->answer = *answer;
    told->ask_next_ms = now_ms + (answer->is_answered ? ASK_EVERY_MS : GIVE_UP_MS);
    links_redact(links, told->tenant, told->answer.told, sizeof told->answer.told);
    links_redact(links, told->tenant, told->answer.blockers, sizeof told->answer.blockers);
}

/* The place of what is told of this statement, or one that is of use for it. NULL: none is left while a question is under way. */
static struct doing_told *place_of(struct rollout *rollout, const struct status_doing *doing)
{
    struct doing_told *oldest = NULL;
    for (size_t i = 0; i < STATUS_DOINGS; i++) {
        struct doing_told *told = &rollout->told[i];
        if (told->tenant == doing->tenant && told->since_ms == doing->since_ms)
            return told;
        if (!oldest || told->ask_next_ms < oldest->ask_next_ms)
            oldest = told;
    }
    if (!inquiry_is_free(rollout->inquiry))
        return NULL;
    *oldest = (struct doing_told){.tenant = doing->tenant,
                                  .since_ms = doing->since_ms,
                                  .answer.share = -1,
                                  .rollout = rollout};
    return oldest;
}

/* Behind a pooling proxy, a session's number means nothing, and is not known. */
static void ask_about(struct rollout *rollout, struct status_doing *doing)
{
    uint32_t backend_pid = rollout->slots[doing->tenant].backend_pid;
    uint64_t now_ms = uv_hrtime() / 1000000;
    bool is_slow = doing->since_ms && now_ms - doing->since_ms >= SLOW_MS;
    if (!is_slow || !backend_pid || !inquiry_can_ask(rollout->links, doing->tenant))
        return;
    struct doing_told *told = place_of(rollout, doing);
    if (!told)
        return;
    snprintf(doing->told, sizeof doing->told, "%s", told->answer.told);
    snprintf(doing->blockers, sizeof doing->blockers, "%s", told->answer.blockers);
    doing->share = told->answer.share;
    if (now_ms >= told->ask_next_ms && inquiry_is_free(rollout->inquiry)) {
        told->ask_next_ms = UINT64_MAX; /* until it is told */
        inquiry_ask(rollout->inquiry, doing->tenant, backend_pid, on_told, told);
    }
}

static void ask_servers(struct rollout *rollout, struct status *status)
{
    if (rollout->is_closed)
        return;
    if (!rollout->inquiry) {
        rollout->inquiry = inquiry_new(rollout->links);
        rollout->told = arena_calloc(&rollout->arena, STATUS_DOINGS, sizeof *rollout->told);
    }
    for (size_t i = 0; i < status->doing_count; i++)
        ask_about(rollout, &status->doings[i]);
}

void rollout_stop_asking(struct rollout *rollout)
{
    if (rollout->inquiry)
        inquiry_close(rollout->inquiry);
    rollout->inquiry = NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

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
    ask_servers(rollout, status);
}
