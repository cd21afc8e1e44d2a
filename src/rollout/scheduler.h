/* What a rollout does next: pure, given events and the time, and nothing else.
 *
 * Waves run one after the other: each obeys its `parallel` over all and its `per_server` on each server, starts
 * a single tenant with a credential until one has connected with it (so that a wrong password is tried once and
 * not by every tenant), and is done when all its tenants are. Servers take turns; on one server tenants start
 * in the order they were added. The next wave begins after the soak, if the one before stayed within its
 * threshold. Once that trips, nothing is started any more; with `rolls_back` the tenants that were changed then
 * follow in reverse order, once more, to be rolled back. A tenant that waits before its next attempt holds no
 * place meanwhile. A server in trouble gets nothing new until one of the tenants at work there is well; where
 * none is left that could be, the others on it are given up.
 *
 *     struct decision decision = scheduler_next(s, now_ms);
 *     …do what decision.kind says, and ask again until it says DECIDE_IDLE, _WAIT or _OVER
 *     …
 *     scheduler_finished(s, tenant, &how);    then ask again
 *
 * Queues (queues.h) know which tenants of a wave may start. O(1) a decision, but for DECIDE_WAVE_BEGINS. 25
 * bytes a tenant, of which 4 once it was changed.
 */
#ifndef ROLLOUT_SCHEDULER_H
#define ROLLOUT_SCHEDULER_H

#include "rollout/queues.h"

struct scheduler;

struct scheduler_rules {   /* of a wave */
    uint32_t parallel;     /* at least 1 */
    uint32_t per_server;   /* at least 1 */
    uint32_t max_failures; /* tolerated */
    bool never_trips;      /* however many fail */
    uint64_t soak_ms;      /* after a wave that changed something, before the next */
};

enum decision_kind {
    DECIDE_IDLE,            /* nothing, until something finishes */
    DECIDE_WAIT,            /* nothing before until_ms */
    DECIDE_START,           /* this tenant, or its next attempt */
    DECIDE_GIVE_UP,         /* this tenant is not to be begun: its server is in trouble */
    DECIDE_WAVE_BEGINS,     /* wave */
    DECIDE_WAVE_ENDS,       /* wave; has_tripped, has_changed */
    DECIDE_ROLLBACK_BEGINS, /* what is started from here on goes back */
    DECIDE_OVER,
};

struct decision {
    enum decision_kind kind;
    uint32_t tenant;
    uint32_t wave;
    uint64_t until_ms;
    bool has_tripped;
    bool has_changed; /* is there news of a tenant of the wave? */
};

/* Room for tenants 0 to tenant_count - 1. */
struct scheduler *scheduler_new(uint32_t tenant_count);
void scheduler_free(struct scheduler *scheduler);

/* ---- before the first decision ------------------------------------------------------------- */

/* The next wave; its index, from 0. */
uint32_t scheduler_add_wave(struct scheduler *scheduler, const struct scheduler_rules *rules);

/* Only the first `count` waves are begun. Default: all. */
void scheduler_limit_waves(struct scheduler *scheduler, uint32_t count);

/* What is left of the soak of a wave that an earlier run went through, though nothing may change now. */
void scheduler_set_soak_until(struct scheduler *scheduler, uint32_t wave, uint64_t until_ms);

/* After a trip, what was changed goes back. */
void scheduler_roll_back_on_trip(struct scheduler *scheduler, const struct scheduler_rules *rules);

/* A server (host and port); `is_unlimited` for what is no server (files). Its index. */
uint32_t scheduler_add_server(struct scheduler *scheduler, bool is_unlimited);

/* A credential on that server; `needs_proof` where it can be refused. Its index. */
uint32_t scheduler_add_credential(struct scheduler *scheduler, uint32_t server, bool needs_proof);

/* Puts a tenant at the end of a wave. `database`: equal for two tenants exactly if they are schemas of one
 * database. */
void scheduler_add_tenant(struct scheduler *scheduler, uint32_t tenant, uint32_t wave,
                          uint32_t credential, uint32_t database);

/* A tenant that an earlier run changed and that goes back with the others, though it may not be in this
 * run's way; in the order in which they were changed. */
void scheduler_add_changed(struct scheduler *scheduler, uint32_t tenant);

/* It does not go back after all; at any time before that begins. */
void scheduler_drop_changed(struct scheduler *scheduler, uint32_t tenant);

/* Someone else knows which tenants are due, and when waves begin and end: scheduler_open, scheduler_open_rollback and scheduler_give
 * say so, and nothing is decided but DECIDE_START, DECIDE_GIVE_UP and DECIDE_IDLE. */
void scheduler_feed(struct scheduler *scheduler);

/* ---- deciding ------------------------------------------------------------------------------ */

struct decision scheduler_next(struct scheduler *scheduler, uint64_t now_ms);

/* ---- what happens -------------------------------------------------------------------------- */

/* The credential of a running tenant worked: others may use it too. */
void scheduler_proven(struct scheduler *scheduler, uint32_t tenant);

/* A running tenant waits before its next attempt, and gives its place up; false: too many wait already, and it
 * keeps its place. And its wait is over: DECIDE_START tells when it has a place again. */
bool scheduler_park(struct scheduler *scheduler, uint32_t tenant) MUST_CHECK;
void scheduler_return(struct scheduler *scheduler, uint32_t tenant, enum turn turn);

/* The server of a running tenant has no more connections, or others at work there got into its way: fewer at once
 * there from now on, one more again for every round that goes well. */
void scheduler_crowded(struct scheduler *scheduler, uint32_t tenant);

/* The server of a running tenant is down, not ready or full, as far as that tenant can tell; and it is well again
 * (`has_written`: not only connected). */
void scheduler_trouble(struct scheduler *scheduler, uint32_t tenant, bool is_full);
void scheduler_well(struct scheduler *scheduler, uint32_t tenant, bool has_written);

struct finish {
    bool has_failed; /* counts towards the threshold */
    /* something of the rollout is committed there: it goes back with the others */
    bool has_changed;
    bool is_news; /* and it was this run that did it: the wave's soak is due */
};
void scheduler_finished(struct scheduler *scheduler, uint32_t tenant, const struct finish *how);

/* Of a scheduler that is fed: a wave begins, or the rollback, and what was due before is so no more; a tenant is due; how many are
 * due or run; how many places these take, or could (queues_places), and how many more there is room for; and those that are due and not begun are so no more. */
void scheduler_open(struct scheduler *scheduler, uint32_t wave);
void scheduler_open_rollback(struct scheduler *scheduler);
void scheduler_give(struct scheduler *scheduler, uint32_t tenant);
uint32_t scheduler_in_hand(const struct scheduler *scheduler);
uint32_t scheduler_places(const struct scheduler *scheduler);
uint32_t scheduler_room(const struct scheduler *scheduler);
void scheduler_take_back(struct scheduler *scheduler);

/* Trips as if too many had failed (a gate said no). */
void scheduler_trip(struct scheduler *scheduler);

/* Begin nothing more, neither forward nor back. */
void scheduler_stop(struct scheduler *scheduler);

/* While it is paused nothing new is begun: no tenant, no wave, no rollback's tenant, and no tenant is given up. Those at work
 * go on to their end, with all their attempts, and a soak passes. A stop and a trip count meanwhile. */
void scheduler_pause(struct scheduler *scheduler, bool is_paused);

/* Of a running tenant: has another worked on its server since it was started; do others have its credential? */
bool scheduler_had_company(const struct scheduler *scheduler, uint32_t tenant);
bool scheduler_shares_credential(const struct scheduler *scheduler, uint32_t tenant);

/* In the wave at hand: how many have failed, and how many are tolerated. */
void scheduler_failures(const struct scheduler *scheduler, uint32_t *ret_failed,
                        uint32_t *ret_tolerated);
bool scheduler_has_tripped(const struct scheduler *scheduler);
bool scheduler_is_stopping(const struct scheduler *scheduler); /* tripped or stopped */
bool scheduler_is_rolling_back(const struct scheduler *scheduler);
uint32_t scheduler_running(const struct scheduler *scheduler);

#endif
