/* Which tenant may start now: the scheduler's queues, without waves or a clock. Pure.
 *
 * Tenants of one credential wait in a queue of their own, and a single one of them starts until the credential is
 * proven. Queues that could start something stand in one ring and take turns; those whose server is full or in
 * trouble wait with it. A server that has no more connections gets fewer at once, and one more again with every round
 * that goes well; one in trouble nothing new until a tenant at work there is well. O(1) a tenant, but for queues_begin.
 */
#ifndef ROLLOUT_QUEUES_H
#define ROLLOUT_QUEUES_H

#include "rollout/list.h"

struct arena;
struct queues;

/* Room for tenants 0 to tenant_count - 1; of the arena. */
struct queues *queues_new(struct arena *arena, uint32_t tenant_count);

/* Indexes from 0. */
uint32_t queues_add_server(struct queues *queues, bool is_unlimited);
uint32_t queues_add_credential(struct queues *queues, uint32_t server, bool needs_proof);
void queues_add_tenant(struct queues *queues, uint32_t tenant, uint32_t credential);

/* The links of tenants that wait in none of the queues: whoever keeps them in lists of his own may use them. */
uint32_t *queues_links(struct queues *queues);

/* A new part of the rollout, with limits of its own: servers that were in trouble are tried again. */
void queues_begin(struct queues *queues, uint32_t parallel, uint32_t per_server);

void queues_put(struct queues *queues, uint32_t tenant);
void queues_clear(struct queues *queues); /* whoever waits is put back */

/* The next one, which runs from now on; LIST_NONE: none may start before something finishes. */
uint32_t queues_start(struct queues *queues);

/* One that waits for a server which nobody is left to find well again; LIST_NONE: there is none. */
uint32_t queues_give_up(struct queues *queues);

/* A running tenant's end, and what is learned of its credential and server meanwhile (scheduler.h). */
void queues_finished(struct queues *queues, uint32_t tenant, bool went_well);
void queues_proven(struct queues *queues, uint32_t tenant);
void queues_crowded(struct queues *queues, uint32_t tenant);
void queues_trouble(struct queues *queues, uint32_t tenant);
void queues_well(struct queues *queues, uint32_t tenant);

uint32_t queues_running(const struct queues *queues);
uint32_t queues_waiting(const struct queues *queues);

#endif
