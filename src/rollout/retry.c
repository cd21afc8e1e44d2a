#include "rollout/retry.h"

enum { FIRST_DELAY_MS = 100, MAX_DELAY_MS = 10000, PATIENT_RETRIES = 20 };

bool retry_is_crowded(const struct err *err)
{
    return strcmp(err->code, "53300") == 0 || strcmp(err->code, "1040") == 0;
}

bool retry_is_server_trouble(const struct err *err)
{
    bool is_full = strcmp(err->code, "53100") == 0;
    return is_full || (err->kind == ERR_CONNECT && err->is_transient && !retry_is_crowded(err));
}

/* The server lives, and will have time for us. */
static bool is_worth_patience(const struct err *err)
{
    return retry_is_crowded(err) || strcmp(err->code, "57P03") == 0;
}

static uint64_t ceiling_ms(uint32_t attempt)
{
    uint64_t ms = FIRST_DELAY_MS;
    for (uint32_t i = 1; i < attempt && ms < MAX_DELAY_MS; i++)
        ms *= 2;
    return ms < MAX_DELAY_MS ? ms : MAX_DELAY_MS;
}

bool retry_delay(const struct err *err, uint32_t attempt, const struct retry_limits *limits,
                 uint64_t random, uint64_t *ret_delay_ms)
{
    uint32_t patience = limits->retries && is_worth_patience(err) ? PATIENT_RETRIES : 0;
    uint64_t delay_ms = 1 + random % ceiling_ms(attempt);
    if (!err->is_transient || attempt > (uint64_t)limits->retries + patience)
        return false;
    if (limits->timeout_ms && limits->elapsed_ms + delay_ms > limits->timeout_ms)
        return false;
    *ret_delay_ms = delay_ms;
    return true;
}
