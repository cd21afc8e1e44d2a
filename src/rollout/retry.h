/* Decides whether and when a tenant is tried again, and among how many others: exponential backoff with full
 * jitter, bounded by count and by time. Pure: randomness and time come in as numbers.
 *
 * A failure of the tenant's own counts against `retries`. A conflict with others at work on the server does
 * not: the tenant is tried again among fewer, at last alone, and what it meets then counts. A server that is
 * crowded, not ready or down is tried until the time has passed; one that was of no use in this run yet,
 * `retries` times over some seconds.
 */
#ifndef ROLLOUT_RETRY_H
#define ROLLOUT_RETRY_H

#include "base/err.h"
#include "rollout/queues.h"

struct retry_limits {
    uint32_t retries;    /* 0: nothing is ever tried again */
    uint64_t timeout_ms; /* 0: only `retries` limits what is the tenant's own */
};

/* How it went so far; the second part is kept by retry_decide. All zero at first. */
struct retry_history {
    uint64_t failing_ms; /* since the tenant first failed; its waits for a place are left out */
    /* since its server was first in trouble, and has not been well meanwhile */
    uint64_t trouble_ms;
    bool had_company; /* other tenants were at work on the server during this attempt */
    bool was_reached; /* the server was of use in this run, or has said itself why it was not */

    uint32_t failures;
    uint32_t counted;   /* against `retries` */
    uint32_t conflicts; /* in company */
    uint32_t troubles;  /* of the server, in a row */
};

struct retry {
    uint64_t delay_ms;
    enum turn turn;
};

/* After a failed attempt; `random`: any 64 bits. False: give up. */
bool retry_decide(const struct err *err, struct retry_history *history,
                  const struct retry_limits *limits, uint64_t random,
                  struct retry *ret_retry) MUST_CHECK;

/* The server has done what was asked of it: its troubles are over. */
void retry_note_well(struct retry_history *history);

/* Would the server's other tenants meet it too: is it down, not ready or full? */
bool retry_is_server_trouble(const struct err *err);

/* Does the server go better with fewer at once? */
bool retry_wants_fewer(const struct err *err);

#endif
