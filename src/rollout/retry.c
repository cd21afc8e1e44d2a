#include "rollout/retry.h"

enum {
    FIRST_DELAY_MS = 100,
    TIMEOUT_MS = 2 * 60 * 1000, /* of a server in trouble, where the inventory sets no limit */
    UNREACHED_FIRST_DELAY_MS = 1000,
    UNREACHED_MAX_DELAY_MS = 8000,
    CONFLICTS_IN_COMPANY = 3,
    CONFLICTS_MOST = 20 /* where a tenant cannot be left alone */
};

/* What a trouble means for the next attempt. */
static const struct policy {
    bool is_servers;       /* its other tenants would meet it too */
    bool goes_by_time;     /* it is waited for, and does not count */
    bool wants_fewer;      /* it comes from too many at once */
    uint64_t delay_max_ms; /* few wait for a server that is to be found well soon */
} policies[TROUBLE__COUNT] = {
    [TROUBLE_NONE] = {.delay_max_ms = 10000},
    [TROUBLE_CONFLICT] = {.wants_fewer = true, .delay_max_ms = 1000},
    [TROUBLE_SHARED] = {.delay_max_ms = 10000},
    [TROUBLE_CROWDED_DATABASE] = {.goes_by_time = true, .delay_max_ms = 5000},
    [TROUBLE_CROWDED_LOGIN] = {.goes_by_time = true, .wants_fewer = true, .delay_max_ms = 5000},
    [TROUBLE_CROWDED_SERVER] = {.goes_by_time = true, .wants_fewer = true, .delay_max_ms = 5000},
    [TROUBLE_NOT_READY] = {.is_servers = true, .goes_by_time = true, .delay_max_ms = 2000},
    [TROUBLE_DOWN] = {.is_servers = true, .goes_by_time = true, .delay_max_ms = 2000},
    [TROUBLE_FULL] = {.is_servers = true, .delay_max_ms = 10000},
};

bool retry_is_server_trouble(const struct err *err)
{
    return policies[err->trouble].is_servers;
}

bool retry_wants_fewer(const struct err *err)
{
    return policies[err->trouble].wants_fewer;
}

void retry_note_well(struct retry_history *history)
{
    history->troubles = 0;
}

static uint64_t grown_ms(uint64_t first_ms, uint64_t factor, uint32_t failures, uint64_t most_ms)
{
    uint64_t ms = first_ms;
    for (uint32_t i = 1; i < failures && ms < most_ms; i++)
        ms *= factor;
    return ms < most_ms ? ms : most_ms;
}

/* A host that was of no use yet may be a wrong one: it is not asked as often, but for as long as a restart takes. */
static bool is_unreached(const struct policy *policy, const struct retry_history *history)
{
    return policy->is_servers && !history->was_reached;
}

static uint64_t next_delay_ms(const struct policy *policy, const struct retry_history *history,
                              uint64_t random)
{
    uint32_t failures = history->failures;
    if (!is_unreached(policy, history))
        return 1 + random % grown_ms(FIRST_DELAY_MS, 2, failures, policy->delay_max_ms);
    uint64_t ceiling_ms = grown_ms(UNREACHED_FIRST_DELAY_MS, 3, failures, UNREACHED_MAX_DELAY_MS);
    return ceiling_ms - random % (ceiling_ms / 4 + 1);
}

static bool may_wait_for_server(const struct policy *policy, struct retry_history *history,
                                const struct retry_limits *limits, uint64_t delay_ms)
{
    uint64_t timeout_ms = limits->timeout_ms ? limits->timeout_ms : TIMEOUT_MS;
    bool is_in_time = history->trouble_ms + delay_ms <= timeout_ms;
    bool is_few = ++history->troubles <= limits->retries;
    return is_in_time && (is_few || !is_unreached(policy, history));
}

static bool may_count(struct retry_history *history, const struct retry_limits *limits,
                      uint64_t delay_ms)
{
    bool is_in_time = !limits->timeout_ms || history->failing_ms + delay_ms <= limits->timeout_ms;
    return ++history->counted <= limits->retries && is_in_time;
}

static enum turn turn_after(const struct err *err, const struct retry_history *history)
{
    if (err->trouble == TROUBLE_CONFLICT)
        return history->conflicts >= CONFLICTS_IN_COMPANY ? TURN_ALONE : TURN_SOON;
    return err->kind == ERR_LOCK ? TURN_LATE : TURN_SOON;
}

bool retry_decide(const struct err *err, struct retry_history *history,
                  const struct retry_limits *limits, uint64_t random, struct retry *ret_retry)
{
    const struct policy *policy = &policies[err->trouble];
    bool is_conflict = err->trouble == TROUBLE_CONFLICT && history->had_company &&
                       history->conflicts < CONFLICTS_MOST;
    if (!limits->retries || (!err->is_transient && !is_conflict))
        return false;
    history->failures++;
    history->conflicts += is_conflict;
    uint64_t delay_ms = next_delay_ms(policy, history, random);
    bool may = is_conflict            ? true
               : policy->goes_by_time ? may_wait_for_server(policy, history, limits, delay_ms)
                                      : may_count(history, limits, delay_ms);
    if (may)
        *ret_retry = (struct retry){.delay_ms = delay_ms, .turn = turn_after(err, history)};
    return may;
}
