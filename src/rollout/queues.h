/* Which tenant may work now: the scheduler's queues, without waves or a clock. Pure.
 *
 * Tenants of one credential wait in a queue of their own, and a single one of them starts until the credential is
 * proven. Queues that could start something stand in one ring and take turns; those whose server is full or in
 * trouble wait with it.
 *
 * A tenant that waits before its next attempt is parked: it holds no place meanwhile. When its time has come it takes
 * a turn (enum turn) and is started once more by queues_start.
 *
 * A server where tenants are refused connections, or get into each other's way, has fewer at once from then on (once
 * for all that ran at that moment), and one more again with every round that goes well. A server that one tenant calls
 * troubled gets nothing new but one tenant of another of its databases: if that one meets trouble too, the server gets
 * nothing new until a tenant at work there is well; if that one is well, the trouble is the first tenant's own, and
 * its word does not count again. O(1) a tenant, but for queues_begin and for servers in trouble.
 */
#ifndef ROLLOUT_QUEUES_H
#define ROLLOUT_QUEUES_H

#include "rollout/list.h"

struct arena;
struct queues;

/* When a parked tenant is started again, once there is a place for it. */
enum turn {
    TURN_SOON, /* before tenants that have not begun yet */
    TURN_LATE, /* after all that could begin: it waited for what others hold, and may do so again */
    /* before all others, once no other tenant works on its server; none is started there until it
     * is over */
    TURN_ALONE,
    TURN__COUNT
};

/* Room for tenants 0 to tenant_count - 1; of the arena. */
struct queues *queues_new(struct arena *arena, uint32_t tenant_count);

/* Indexes from 0. */
uint32_t queues_add_server(struct queues *queues, bool is_unlimited);
uint32_t queues_add_credential(struct queues *queues, uint32_t server, bool needs_proof);

/* `database`: equal for two tenants exactly if they are schemas of one database. */
void queues_add_tenant(struct queues *queues, uint32_t tenant, uint32_t credential,
                       uint32_t database);

/* The links of tenants that wait in none of the queues: a caller that keeps them in its own lists may use them. */
uint32_t *queues_links(struct queues *queues);

/* A new part of the rollout, with limits of its own: servers that were in trouble are tried again. */
void queues_begin(struct queues *queues, uint32_t parallel, uint32_t per_server);

void queues_put(struct queues *queues, uint32_t tenant);
void queues_clear(struct queues *queues); /* tenants that wait are put back */

/* The next one, which runs from now on; LIST_NONE: none may start before something happens. `begins_none`: only
 * parked tenants are started. */
uint32_t queues_start(struct queues *queues, bool begins_none);

/* The next tenant to give up: its server is in trouble, and no running tenant could prove it well again.
 * LIST_NONE: none. */
uint32_t queues_give_up(struct queues *queues);

/* A running tenant waits from now on, without a place; false: too many wait already, so it keeps its place. And a
 * parked tenant's wait is over. */
bool queues_park(struct queues *queues, uint32_t tenant) MUST_CHECK;
void queues_return(struct queues *queues, uint32_t tenant, enum turn turn);

/* The end of a running or parked tenant, and what is learned of its credential and server meanwhile (scheduler.h). */
void queues_finished(struct queues *queues, uint32_t tenant, bool went_well);
void queues_proven(struct queues *queues, uint32_t tenant);
void queues_crowded(struct queues *queues, uint32_t tenant);
void queues_trouble(struct queues *queues, uint32_t tenant, bool is_full);
void queues_well(struct queues *queues, uint32_t tenant, bool has_written);

/* Has another tenant worked on the server of this running one since it was started; with its credential? */
bool queues_had_company(const struct queues *queues, uint32_t tenant);
bool queues_shares_credential(const struct queues *queues, uint32_t tenant);

uint32_t queues_running(const struct queues *queues);
uint32_t queues_parked(const struct queues *queues);
uint32_t queues_waiting(const struct queues *queues);

/* So many of both take a place, or could as far as `per_server` goes: of a server's, no more count than that. */
uint32_t queues_places(const struct queues *queues);

#endif
