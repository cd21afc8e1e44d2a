/* The run: brings a selection of tenants to a target on one event loop.
 *
 * Blocks until all is over; talks outward through an observer only. Signals are its own while it
 * runs: the first SIGINT or SIGTERM drains (nothing more is begun, what is in flight finishes), the
 * second cancels what is in flight and rolls it back.
 */
#ifndef ROLLOUT_ROLLOUT_H
#define ROLLOUT_ROLLOUT_H

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
};

/* What ended it: 0, SIGINT or SIGTERM. The outcome is in the events. */
int rollout_run(const struct rollout_options *options, const struct observer *observers,
                size_t observer_count);

/* 20261123T101500Z-5f3a9c */
void rollout_make_id(char ret_id[32]);

/* The worker pool is the process's: to be called before anything uses it, once the inventory is
 * known. */
void rollout_size_pool(uint32_t parallel);

#endif
