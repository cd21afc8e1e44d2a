#include "library/visit.h"

#include <sys/resource.h>

#include "base/buf.h"

/* ---- limits -------------------------------------------------------------------------------- */

/* A tenant takes up to four descriptors (SQLite: file, journal, folder, lock). What the system does
 * not give, `parallel` must do without. */
static uint32_t fit_descriptors(uint32_t parallel, char *note, size_t note_size)
{
    enum { EACH = 4, OWN = 32 };
    struct rlimit limit;
    rlim_t wanted = (rlim_t)parallel * EACH + OWN;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return parallel;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return parallel;
    uint32_t fits = limit.rlim_cur > OWN + EACH ? (uint32_t)(limit.rlim_cur - OWN) / EACH : 1;
    snprintf(note, note_size, "only %llu file descriptors: %u tenants at once, not %u",
             (unsigned long long)limit.rlim_cur, fits, parallel);
    return fits;
}

static uint32_t first_of(uint32_t asked, uint32_t inventory)
{
    return asked ? asked : inventory;
}

/* ---- preparing ----------------------------------------------------------------------------- */

static const char *join(struct arena *arena, const char *const *texts, size_t count)
{
    struct buf text;
    buf_init(&text, 65536);
    for (size_t i = 0; i < count; i++)
        buf_addf(&text, "%s%s", i ? " " : "", texts[i]);
    char *joined = arena_strdup(arena, text.data);
    buf_done(&text);
    return joined;
}

/* Looking changes nothing: everyone is looked at. */
static enum on_failure policy_of(const struct visit *visit, const struct rollout_rules *rules)
{
    if (visit->goal != GOAL_RUN)
        return ON_FAILURE_CONTINUE;
    return visit->has_on_failure ? visit->on_failure : rules->on_failure;
}

static struct rollout_options rollout_of(const struct fleet *fleet, const struct visit *visit)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    return (struct rollout_options){
        .command = visit->command,
        .goal = visit->goal,
        .parallel = first_of(visit->parallel, rules->parallel),
        .per_server = first_of(visit->per_server, rules->per_server),
        .on_failure = policy_of(visit, rules),
        .max_failures = visit->has_max_failures ? visit->max_failures : rules->max_failures,
        .tenants = fleet->tenants,
        .tenant_count = fleet->tenant_count,
        .chain = fleet->chain,
        .scripts = fleet->scripts,
        .version_table = fleet->inventory->version_table,
        .leaves_signals = visit->leaves_signals,
        .stops = visit->stops,
    };
}

/* GOAL_CURRENT asks nobody to go anywhere. */
static bool set_target(struct fleet *fleet, const struct visit *visit, struct visit_plan *plan,
                       struct err *err)
{
    static const char *const head[] = {"head"};
    const char *const *texts = visit->target_count ? visit->targets : head;
    size_t count = visit->target_count ? visit->target_count : 1;
    plan->rollout.target_text = "";
    if (visit->goal == GOAL_CURRENT)
        return true;
    plan->rollout.target = &plan->target;
    plan->rollout.target_text = join(&fleet->arena, texts, count);
    if (!target_parse(&fleet->arena, fleet->chain, visit->plan, texts, count, &plan->target, err))
        return false;
    plan->target.purges = visit->purges;
    return true;
}

bool visit_prepare(struct fleet *fleet, const struct visit *visit, struct visit_plan *ret_plan,
                   struct err *err)
{
    struct visit_plan *plan = ret_plan;
    *plan = (struct visit_plan){.rollout = rollout_of(fleet, visit)};
    if (!set_target(fleet, visit, plan, err))
        return false;
    plan->rollout.parallel =
        fit_descriptors(plan->rollout.parallel, plan->note, sizeof plan->note);
    return true;
}

/* ---- the way back -------------------------------------------------------------------------- */

/* The first irreversible step that any tenant would have to go back. */
struct check {
    bool is_refused;
    struct err err;
};

static void on_planned(void *ctx, const struct event *event)
{
    struct check *check = ctx;
    bool is_refused = event->kind == EVENT_TENANT_FINISHED && event->outcome->error &&
                      strcmp(event->outcome->error->code, PLAN_IRREVERSIBLE) == 0;
    if (!is_refused || check->is_refused)
        return;
    check->is_refused = true;
    check->err = *event->outcome->error;
    err_prefix(&check->err, "tenant '%s'", event->run->tenants[event->tenant]->name);
}

bool visit_can_go_back(struct fleet *fleet, const struct visit *visit, int *ret_signal,
                       struct err *err)
{
    struct check check = {0};
    struct observer observer = {on_planned, &check};
    struct visit look = *visit;
    struct visit_plan plan;
    look.goal = GOAL_PLAN;
    if (!visit_prepare(fleet, &look, &plan, err))
        return false;
    *ret_signal = rollout_run(&plan.rollout, &observer, 1);
    if (check.is_refused)
        *err = check.err;
    return !check.is_refused;
}
