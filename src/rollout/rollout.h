/* The run: brings a selection of tenants to a target on one event loop.
 *
 * Blocks until all is over; talks outward through an observer only. The first stop
 * drains (nothing more is begun, what is in flight finishes), the second cancels what is in flight
 * and rolls it back. SIGINT, SIGTERM and SIGHUP are stops while it runs, unless they are the
 * caller's; `stop` is another way to ask.
 */
#ifndef ROLLOUT_ROLLOUT_H
#define ROLLOUT_ROLLOUT_H

#include <stdatomic.h>

#include "inventory/inventory.h"
#include "plan/plan.h"
#include "ledger/event.h"
#include "rollout/session.h"

struct scripts;

struct rollout_options {
    const char *command; /* for the report */
    enum session_goal goal;
    const struct target *target; /* NULL with GOAL_CURRENT */
    const char *target_text;
    uint32_t parallel;
    uint32_t per_server;
    enum on_failure on_failure;
    struct share max_failures;
    const struct tenant *const *tenants;
    size_t tenant_count;
    const struct chain *chain;
    struct scripts *scripts;
    const char *version_table;
    const char *run_id; /* NULL: a new one */
    void (*on_tick)(void *ctx); /* NULL, or: about ten times a second */
    void *tick_ctx;
    bool leaves_signals;     /* they are the caller's */
    const atomic_int *stops; /* NULL, or: how often the caller has asked for a stop */
};

/* What ended it: 0, SIGINT or SIGTERM (a stop that was asked for counts as one). The outcome is in the events. */
int rollout_run(const struct rollout_options *options, const struct observer *observers,
                size_t observer_count);

/* 20261123T101500Z-5f3a9c */
void rollout_make_id(char ret_id[32]);

/* The worker pool is the process's: to be called before anything uses it, once the inventory is
 * known. UV_THREADPOOL_SIZE in the environment wins. */
void rollout_size_pool(uint32_t parallel);

#endif
