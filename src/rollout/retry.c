#include "rollout/retry.h"

enum { FIRST_DELAY_MS = 100, MAX_DELAY_MS = 10000, CROWDED_RETRIES = 20 };

bool retry_is_crowded(const struct err *err)
{
    return strcmp(err->code, "53300") == 0 || strcmp(err->code, "1040") == 0;
}

bool retry_is_server_trouble(const struct err *err)
{
    bool is_full = strcmp(err->code, "53100") == 0;
    return is_full || (err->kind == ERR_CONNECT && err->is_transient && !retry_is_crowded(err));
}

bool retry_delay(const struct err *err, uint32_t attempt, uint32_t retries, uint64_t random,
                 uint64_t *ret_delay_ms)
{
    uint32_t limit = retries && retry_is_crowded(err) ? retries + CROWDED_RETRIES : retries;
    if (!err->is_transient || attempt > limit)
        return false;
    uint64_t ceiling_ms = FIRST_DELAY_MS;
    for (uint32_t i = 1; i < attempt && ceiling_ms < MAX_DELAY_MS; i++)
        ceiling_ms *= 2;
    if (ceiling_ms > MAX_DELAY_MS)
        ceiling_ms = MAX_DELAY_MS;
    *ret_delay_ms = 1 + random % ceiling_ms;
    return true;
}
