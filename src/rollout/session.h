/* One tenant's life: connect, lock, inspect, plan, apply, commit, and what follows an error.
 *
 * The life is a table of states (session.c): what a state asks the driver, what it makes of the answer, the
 * next state, the state on error. One function alone changes the state. A session owns its arena and, between
 * its states, its connection; it tells its end once, through env->on_finished, never from inside session_start
 * or session_cancel, and is then freed by its caller.
 */
#ifndef ROLLOUT_SESSION_H
#define ROLLOUT_SESSION_H

#include "import/adopt.h"
#include "inventory/inventory.h"
#include "plan/plan.h"
#include "event/event.h"
#include "link/link.h"
#include "rollout/retry.h"

struct evidence;
struct scripts;
struct session;

/* What sessions of a run share, and what they ask of the run. */
struct session_env {
    uv_loop_t *loop;
    struct links *links; /* a tenant's number among them is its index */
    const struct chain *chain;
    struct scripts *scripts;
    const struct request *request;
    const struct target *target; /* NULL where the verb has no plan */
    const char *run_id;
    const char *taken_back; /* the run that is taken back, where tenants go back */
    const char *version_table;
    struct evidence *evidence;       /* what stamps are held to */
    bool may_meet_twins;             /* two names of the run may be those of one database */
    const struct adoption *adoption; /* NULL, or: another tool says where tenants stand */
    void *ctx;

    /* The tenant's plan from these rows; lives as long as the run. */
    const struct plan *(*plan)(void *ctx, struct session *session, const struct rows *rows,
                               struct err *err);
    bool (*is_ending)(void *ctx); /* no further tenant is begun */

    /* What is about to be done, before the first side effect. True: go on; false: session_job_done
     * comes once it is durable. */
    bool (*intend)(void *ctx, struct session *session, const struct intent *intent);

    /* The database turned out to be this one. Returns the tenant of the run that has it already;
     * NULL: no other has. */
    const struct tenant *(*claim)(void *ctx, struct session *session, const char *database);

    /* Has a run of the rollout left a row in the history that was read? */
    bool (*has_trace)(void *ctx, struct session *session);

    /* The copy that is to be made before the first change, and the one to be put back instead of going
     * back by plan; NULL: none. */
    const char *(*snapshot)(void *ctx, struct session *session);
    const char *(*restore)(void *ctx, struct session *session);
    bool (*is_back)(void *ctx); /* the tenant is being rolled back */
    /* Are these rows those of before the rollout? */
    bool (*is_as_before)(void *ctx, struct session *session, const struct rows *rows);

    void (*on_connected)(void *ctx, struct session *session);
    /* Connecting failed, but the login was not refused. */
    void (*on_not_refused)(void *ctx, struct session *session);
    void (*on_well)(void *ctx, struct session *session); /* the server does what is asked of it */
    void (*on_retry)(void *ctx, struct session *session, const struct err *err, uint32_t attempt,
                     uint64_t delay_ms);
    /* What only the run knows of a failed attempt: fills had_company and was_reached, and tells a
     * conflict with another tenant of the run from one with a session of others (err->trouble). */
    void (*weigh)(void *ctx, struct session *session, struct err *err,
                  struct retry_history *history);
    /* It waits before the next attempt: True: it has no place among those at work meanwhile, and asks for one with
     * want_turn; session_take_turn comes later, from fill. False: it keeps its place. */
    bool (*park)(void *ctx, struct session *session);
    void (*want_turn)(void *ctx, struct session *session, enum turn turn);
    void (*fill)(void *ctx);
    /* False: the run is stopping, give up. */
    bool (*may_wait)(void *ctx);
    uint64_t (*random)(void *ctx);
    void (*on_finished)(void *ctx, struct session *session, const struct outcome *outcome);
};

struct session *session_start(const struct session_env *env, const struct tenant *tenant,
                              size_t index);
void session_free(struct session *session);

/* Stop: cancel what is under way and roll back. A commit under way is waited for. */
void session_cancel(struct session *session);

/* The run drains: give up waiting for a retry. */
void session_stop_waiting(struct session *session);

/* It has a place again. */
void session_take_turn(struct session *session);

/* The end of what it waits for; err NULL: it went well. */
void session_job_done(struct session *session, const struct err *err);

/* While it asks for its plan: the revision whose step was left half way (NULL: none), its history's
 * rows, and what the other tool's table says. */
const char *session_begun(const struct session *session);
const struct grid *session_history(const struct session *session);
const struct grid *session_foreign(const struct session *session);

/* The number by which the server calls our session; 0: not known, or a proxy is between. */
uint32_t session_backend_pid(const struct session *session);

const struct tenant *session_tenant(const struct session *session);
size_t session_index(const struct session *session);
const char *session_state_now(const struct session *session);

/* The table as documentation; states are counted from 0. False after the last state. */
struct session_state_doc {
    const char *name, *does;
    size_t next;          /* the common way */
    uint64_t exits;       /* where an answer leads: bit N is state N; 0: it is the last state */
    uint64_t error_exits; /* where an error leads, or a cancel */
    bool decides;         /* the answer decides which exit */
    bool joins_next;      /* its questions travel in one batch with those of the next */
};
bool session_state_doc(size_t index, struct session_state_doc *ret_doc);

#endif
