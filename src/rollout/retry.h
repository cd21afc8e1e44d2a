/* Whether and when to try a tenant again: transient faults only, exponential backoff with full
 * jitter, bounded by count and by time. Pure: randomness and time come in as numbers. */
#ifndef ROLLOUT_RETRY_H
#define ROLLOUT_RETRY_H

#include "base/err.h"

struct retry_limits {
    uint32_t retries;
    uint64_t elapsed_ms; /* since the first attempt began */
    uint64_t timeout_ms; /* no attempt begins later than that; 0: no limit */
};

/* The wait before attempt `attempt` + 1 (attempts count from 1), from `random` (any 64 bits). False:
 * give up. A server without free connections, or that is starting up, is waited for longer: that is not
 * the tenant's fault. */
bool retry_delay(const struct err *err, uint32_t attempt, const struct retry_limits *limits,
                 uint64_t random, uint64_t *ret_delay_ms) MUST_CHECK;

/* Would the server's other tenants meet it too: is it down, full or read-only? */
bool retry_is_server_trouble(const struct err *err);

/* No more connections on the server (53300, 1040)? */
bool retry_is_crowded(const struct err *err);

#endif
