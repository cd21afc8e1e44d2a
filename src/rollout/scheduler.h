/* Which tenant to start next: pure, given events and nothing else.
 *
 * Obeys `parallel` over all, `per_server` on each server, and starts a single tenant with a
 * credential until one has connected with it, so that a wrong password is tried once and not by
 * everybody. Servers take turns; on one server tenants start in the order they were added. Once
 * halted, nothing is started any more.
 *
 *     while ((tenant = scheduler_next(s)) != SCHEDULER_NONE) start(tenant);
 *     …
 *     scheduler_finished(s, tenant);    then ask again
 *
 * O(1) a start. 40 bytes a tenant.
 */
#ifndef ROLLOUT_SCHEDULER_H
#define ROLLOUT_SCHEDULER_H

#include "base/compiler.h"

struct scheduler;

struct scheduler_rules {
    uint32_t parallel;   /* at least 1 */
    uint32_t per_server; /* at least 1 */
    uint32_t max_failures;
    bool stops_on_failure; /* halt once more than max_failures have failed */
};

#define SCHEDULER_NONE UINT32_MAX

struct scheduler *scheduler_new(const struct scheduler_rules *rules);
void scheduler_free(struct scheduler *scheduler);

/* A server (host and port); `is_unlimited` for what is no server (files). Its index. */
uint32_t scheduler_add_server(struct scheduler *scheduler, bool is_unlimited);

/* A credential on that server; `needs_proof` where it can be refused. Its index. */
uint32_t scheduler_add_credential(struct scheduler *scheduler, uint32_t server, bool needs_proof);

/* The next tenant: indices count from 0 in the order of the calls. */
void scheduler_add_tenant(struct scheduler *scheduler, uint32_t credential);

/* The tenant to start now, or SCHEDULER_NONE: nothing can start until something finishes. */
uint32_t scheduler_next(struct scheduler *scheduler);

/* The credential of a running tenant worked: others may use it too. */
void scheduler_proven(struct scheduler *scheduler, uint32_t tenant);

/* The server of a running tenant has no more connections: fewer at once there from now on, one more
 * again for every `per_server` tenants that finish well. */
void scheduler_crowded(struct scheduler *scheduler, uint32_t tenant);

void scheduler_finished(struct scheduler *scheduler, uint32_t tenant, bool has_failed);

/* Begin nothing more. */
void scheduler_halt(struct scheduler *scheduler);
bool scheduler_is_halted(const struct scheduler *scheduler);

/* Nothing runs, and nothing can be started any more. */
bool scheduler_is_over(const struct scheduler *scheduler);
uint32_t scheduler_running(const struct scheduler *scheduler);

#endif
