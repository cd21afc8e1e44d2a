/* One tenant's life: connect, lock, inspect, plan, apply, commit, and what follows an error.
 *
 * The life is a table of states (session.c): what a state asks the driver, what it makes of the answer, the
 * next state, the state on error. One function alone changes the state. A session owns its arena and, between
 * its states, its connection; it tells its end once, through rollout_note_finished, never from inside session_start
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
struct rollout;
struct scripts;
struct session;

/* What sessions of a run share. */
struct session_env {
    uv_loop_t *loop;
    struct links *links; /* a tenant's number among them is its index */
    const struct chain *chain;
    struct scripts *scripts;
    const struct request *request;
    const struct target *target; /* NULL where the verb has no plan */
    const char *run_id;
    const char *rolled_back_run; /* the run that is taken back, where tenants go back */
    const char *version_table;
    struct evidence *evidence;     /* what stamps are held to */
    struct preflights *preflights; /* what the rows are asked */
    /* by revision: a changed file of it is right as it is; NULL: of none */
    const bool *accepts;
    bool may_meet_twins;                 /* two names of the run may be those of one database */
    const struct scratch_place *scratch; /* by engine */
    /* so long a session of a server may do nothing in a transaction: a machine that is paused must not hold a tenant for ever; 0: any
     * time */
    uint64_t idle_timeout_ms;
    const struct adoption *adoption; /* NULL, or: another tool says where tenants stand */
    struct rollout *run;
};

struct session *session_start(const struct session_env *env, const struct tenant *tenant,
                              size_t index);
void session_free(struct session *session);

/* Stop: cancel what is under way and roll back. A commit under way is waited for. */
void session_cancel(struct session *session);

/* Does it wait for a retry, or for a lock? */
bool session_is_waiting(const struct session *session);

/* The run drains: give up waiting for a retry. */
void session_stop_waiting(struct session *session);

/* It has a place again. */
void session_take_turn(struct session *session);

/* The end of what it waits for; err NULL: it went well. */
void session_job_done(struct session *session, const struct err *err);

/* While it asks for its plan: the revision whose step was left half way (NULL: none), its history's
 * rows, and what the other tool's table says. */
const char *session_begun(const struct session *session);
/* Where it stands (event/standing_place.h). A step that this run has left half way does not count. */
struct rows session_place(struct session *session, struct arena *arena);
const struct grid *session_history(const struct session *session);
const struct rows *session_rows(const struct session *session); /* of the version table */
const struct grid *session_foreign(const struct session *session);

/* The number by which the server calls our session; 0: not known, or a proxy is between. */
uint32_t session_backend_pid(const struct session *session);

/* What it is doing; the texts of the server are not its affair. */
struct status_doing;
void session_tell_doing(const struct session *session, struct status_doing *doing);

const struct tenant *session_tenant(const struct session *session);
size_t session_index(const struct session *session);
const char *session_state_now(const struct session *session);

/* So many states at most have their ops in one batch: CONNECT, LOCK, INSPECT, READ. */
enum { SESSION_JOINED_MAX = 4 };

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
