/* The inside of a session, shared by the engine of its table (session.c), the operations that states ask for
 * (session_ops.c), and its phases (session_NAME.c). No other file includes this. */
#ifndef ROLLOUT_SESSION_PRIVATE_H
#define ROLLOUT_SESSION_PRIVATE_H

#include "base/arena.h"
#include "base/hash.h"
#include "dialect/probe.h"
#include "dialect/script.h"
#include "dialect/template.h"
#include "rollout/actions.h"
#include "link/blockers.h"
#include "rollout/evidence.h"
#include "rollout/look.h"
#include "rollout/pressure.h"
#include "rollout/record.h"
#include "rollout/rehearsal.h"
#include "rollout/rollout_sessions.h"
#include "rollout/work.h"
#include "schema/catalog.h"

struct session_catalog;
struct session_preflight;

enum session_state {
    SESSION_LINK,
    SESSION_CONNECT,
    SESSION_LOCK,
    SESSION_LOCK_WAIT,
    SESSION_INSPECT,
    SESSION_READ,
    SESSION_RESOLVE,
    SESSION_PLAN,
    SESSION_PROBE,
    SESSION_EVIDENCE,
    SESSION_SETTLE,
    SESSION_INTENT,
    SESSION_SNAPSHOT,
    SESSION_RESTORE,
    SESSION_BEGIN,
    SESSION_APPLY,
    SESSION_COMMIT,
    SESSION_REHEARSED,
    SESSION_SETUP,
    SESSION_STATEMENTS,
    SESSION_STEPS,
    SESSION_EASE,
    SESSION_PAUSE,
    SESSION_BATCH,
    SESSION_LOOK,
    SESSION_REPAIR,
    SESSION_MARK,
    SESSION_ROLLBACK,
    SESSION_CREATE,
    SESSION_VERIFY,
    SESSION_CATALOG,
    SESSION_WEIGH,
    SESSION_PREFLIGHT,
    SESSION_RELEASE,
    SESSION_CLOSE,
    SESSION_BACKOFF,
    SESSION_TURN,
    SESSION_DONE,
    SESSION__COUNT
};

/* What asking came to. */
enum asked {
    ASKED_OPS,   /* the ops that were added shall run (none: go on) */
    ASKED_JOB,   /* session_job_done comes later */
    ASKED_TIMER, /* the session's timer was started */
    ASKED_CLOSE, /* the connection is being closed */
};

/* A state whose ops travel in one batch with those of others. */
struct joined {
    enum session_state state;
    size_t first_op;
};

/* The connection. */
struct session_conn {
    struct link *link;         /* NULL: none */
    struct io *io;             /* the link's; NULL: it has none */
    struct blockers *blockers; /* NULL: no one could tell */
    bool is_reused;            /* by a tenant before us, and nothing was asked of it yet */
    bool wants_new;            /* one that was left did not serve: the next is a new one */
    bool is_guard_prepared;    /* on this connection */
    bool is_creating;          /* to the server's own database, to make ours */
    bool is_made_intended;     /* the intent to make the database is durable */
    bool is_missing; /* there is no database, and a run that only looks takes it for an empty one */
    enum session_state after_close; /* SESSION_DONE: retry or finish, as the error says */
};

/* The attempt under way, and the next one. */
struct session_attempt {
    uint32_t number; /* from 1 */
    uint64_t lock_waited_ms;
    struct retry_history history;
    struct retry next;
    struct err last_err; /* of the attempt before */
    bool is_parked;
    /* since when it fails, and since when its server is in trouble; 0: it does not */
    uint64_t failing_ns;
    uint64_t trouble_ns;
    uint64_t due_ns;     /* since when it could go on, if it had a place */
    uint64_t stalled_ns; /* that it could, in all */
};

/* The operations under way: of one state, or of several that are joined. */
struct session_batch {
    struct io_op *ops;
    size_t count, capacity;
    struct op_limits limits; /* of all ops */
    struct joined joined[SESSION_JOINED_MAX];
    size_t joined_count;
};

/* What the tenant says of itself, as just read. */
struct session_look {
    struct sql_vars vars;  /* for templates */
    struct look questions; /* what the questions of the batch are made from */
    bool has_schema, has_version_table, has_history;
    const char *fault;   /* why these tables cannot be relied on; NULL: they can */
    uint64_t history_id; /* of the newest row that is there */
    struct rows rows;    /* of the version table */
    struct grid history;
    struct grid foreign; /* of another tool's table */
    struct err drift;    /* ERR_NONE: the files are those that were applied */
    bool is_surveyed;    /* all of this is a survey's word, and there is no connection */
    bool is_own;         /* no survey is asked any more */
};

/* What is to be done, and how far it is. */
struct session_work {
    const struct plan *plan;
    size_t planned_after; /* so many steps that were done when it was made */
    bool has_evidence;    /* a table is there that the stamped revisions make */
    bool is_intended;     /* the intent is durable */
    bool has_snapshot;    /* the copy is made */
    bool is_restored;     /* and was put back */
    const char
        *unweighed; /* why the server could not be asked what the work costs; NULL: it could */
    struct work todo;
    struct actions acting; /* what the SQL of the batch's actions is made from */
    size_t cursor;         /* first action that is not committed */
    size_t batch_end;      /* one past the last action of the batch under way */
    double step_ms;        /* what the pieces of the step under way have taken */
    struct rows expected;  /* the rows once the commit under way is done */
};

/* The statement that repeats, where one does. */
struct session_repeat {
    struct repeat options;     /* its section's and its tenant's, made before each batch */
    struct op_limits limits;   /* of the statement */
    struct repeat_count count; /* of the step under way, all runs together */
    uint64_t batches, rows;    /* of the statement, by this run */
    bool
        is_thorough; /* no row was left but those that others may have locked: these are waited for */
    struct pressure_watch watch;
    bool has_said_blind, has_said_trouble;
    uint64_t asked_ms, told_ms; /* when the server was asked, the run was told; 0: never */
    uint64_t next_count; /* so many batches, and the table's rows are counted; 0: not known */
    uint64_t pause_ms;   /* the next one, */
    char waits_for[PRESSURE_TEXT]; /* and what for, in words; "": the author's own */
};

/* What may have happened and was not heard of. */
struct session_doubt {
    bool
        is_resolving; /* a commit's answer was lost: `work.expected` or `result.rows`, which is it? */
    uint32_t attempts; /* to find out */
    struct retry_history history;
    struct unfinished unfinished; /* the step that was left half way, by its row */
    const struct script *script;  /* of it */
    bool has_probed;              /* the statement in doubt, since the rows were read last, */
    bool has_compared;            /* and compared what is there with what it makes */
    const struct piece *piece;    /* that statement */
    const struct revision *revision;
    struct probe probe;
    bool asks_author, asks_catalog;
    /* what it left, and how that goes or is finished; zeroed: nothing */
    struct probe_findings found;
    size_t repairs_under_way; /* of those that were found, added to the batch */
    size_t half_done;         /* statements of the step under way that are committed without it */
    bool is_half_open; /* and what the history table says of them is not known, or not right */
    bool is_begun;     /* the next statement may have done something, though it is not among them */
    /* the statement, from 1, that the server refused as it took the connection away; 0: none */
    size_t refused;
};

/* Whether it holds what its revision makes, where the run verifies schemas. */
struct session_verify {
    enum session_state next; /* where an answer that is good leads */
    bool is_before_done, is_after_done;
    bool is_of_doubt; /* it decides whether a statement took effect */
};

/* How it went. */
struct session_result {
    struct rows from;        /* the rows at first sight */
    struct rows rows;        /* and by what was committed since */
    struct step_done *steps; /* recorded ones; the first done_count of them are committed */
    size_t recorded_count, done_count, capacity;
    struct err err; /* ERR_NONE: well so far */
    const struct revision *err_revision;
    const char *err_statement;
    bool is_partial;
    struct notices notices; /* of all attempts */
    const struct weighed *weighed;
    size_t weighed_count;
    const struct measured *measured;
    size_t measured_count;
    struct preflight_answer *preflight;
    size_t preflight_count;
};

/* Where and how the plan is rehearsed, if it is. */
struct session_rehearsal {
    const char
        *copy; /* of the database, at which the session is instead; NULL: at the tenant's own */
    uint64_t copy_bytes;  /* that it had at first */
    enum rehearsed_at at; /* has begun */
    unsigned looks;       /* one after the other that have found sessions which wait for it */
    bool gives_way;       /* it was cancelled, since they have waited for too long */
    struct rehearsal seen;
};

struct session {
    const struct session_env *env;
    const struct tenant *tenant;
    const struct driver *driver;
    const struct dialect *dialect; /* the driver's, or the variant of it that the server speaks */
    size_t index;
    struct arena arena;
    struct arena answers; /* of all ops; while a batch runs it is the io's */
    uv_timer_t timer;
    uint64_t started_ns;
    enum session_state state;
    bool is_cancelled;
    bool is_finished;

    struct session_conn conn;
    struct session_attempt attempt;
    struct session_batch batch;
    struct session_look look;
    struct session_work work;
    struct session_repeat repeat;
    struct session_doubt doubt;
    struct session_result result;
    struct session_verify verify;
    struct session_rehearsal rehearsal;
    struct session_catalog *catalog;     /* NULL: it is not read */
    struct session_preflight *preflight; /* NULL: the rows are not asked */
};

/* A set of states; TO(LOCK) | TO(CLOSE) is the set of two. */
typedef uint64_t state_set;
#define TO(state) (UINT64_C(1) << SESSION_##state)
_Static_assert(SESSION__COUNT <= 64, "a set of states has a bit for each");

/* Where an error leads, unless the row has a way of its own: the transaction is rolled back where one is open. Only
 * through a pooling proxy, where the transaction is what holds the lock, is one open while the session looks. */
#define TO_WAY_OUT (TO(ROLLBACK) | TO(CLOSE))
/* What session_next_work returns as long as work is left. LOCK: the proxy's lock went with the last transaction.
 * STEPS: the driver takes chains of any operations, and then it is never another. */
#define TO_WORK_ONE_BY_ONE (TO(BEGIN) | TO(SETUP) | TO(LOCK) | TO(EASE))
#define TO_WORK (TO_WORK_ONE_BY_ONE | TO(STEPS))
/* And where none is left (session_end); a run that only looks verifies nothing. */
#define TO_LOOKED (TO(CATALOG) | TO(RELEASE))
#define TO_END (TO(VERIFY) | TO_LOOKED)

/* A state: its question, its answer, its error, and where they lead. */
struct state_row {
    const char *name;
    const char *does;
    enum asked (*ask)(struct session *session);            /* NULL: nothing to ask */
    enum session_state (*answer)(struct session *session); /* NULL: `next` */
    /* of the first op that failed; NULL: session_fail */
    enum session_state (*on_error)(struct session *session, const struct io_op *op);
    enum session_state next; /* the common way; one of `exits` */
    state_set exits;         /* all states that an answer leads to */
    state_set error_exits;   /* and an error, a cancel, or the run's word to stop waiting */
    bool joins_next;         /* its ops travel in one batch with those of `next` */
    bool is_cancellable;     /* not entered any more once the session is cancelled */
    bool must_finish;        /* and its operation is waited for, not cancelled */
    bool waits;              /* for a time or a turn; the run may tell it to stop that */
};

/* session_link.c */
extern const struct state_row row_link, row_connect, row_create, row_release, row_close;
extern const struct state_row row_backoff, row_turn;

/* session_look.c, session_plan.c, session_evidence.c, session_copy.c */
extern const struct state_row row_lock, row_lock_wait, row_inspect, row_read;
extern const struct state_row row_plan, row_intent, row_evidence;
extern const struct state_row row_snapshot, row_restore;

/* session_apply.c, session_statements.c */
extern const struct state_row row_begin, row_apply, row_commit, row_rollback;
extern const struct state_row row_setup, row_statements, row_mark;

/* session_verify.c, session_catalog.c */
extern const struct state_row row_verify, row_catalog;

/* session_rehearse.c */
extern const struct state_row row_rehearsed;

/* session_steps.c */
extern const struct state_row row_steps;

/* session_ease.c, session_repeat.c */
extern const struct state_row row_ease, row_pause, row_batch;

/* session_weigh.c */
extern const struct state_row row_weigh;

/* session_preflight.c */
extern const struct state_row row_preflight;

/* session_doubt.c */
extern const struct state_row row_resolve, row_probe, row_settle, row_look, row_repair;

/* ---- the engine: session.c ----------------------------------------------------------------- */

/* The job, timer or close that the state waited for has come: goes on to the state that its answer names. */
void session_go_on(struct session *session);
/* The way out with this error (the first one wins): roll back or close. */
enum session_state session_fail(struct session *session, const struct err *err);
/* Calls session_go_on after this time. */
void session_start_timer(struct session *session, uint64_t delay_ms);

/* ---- operations: session_ops.c ------------------------------------------------------------- */

struct io_op *session_add_op(struct session *session, enum op_kind kind);
/* Room for so many more, which are known: an array that doubles would leave its smaller copies in the arena. */
void session_reserve_ops(struct session *session, size_t count);
/* An op of the given templates, one after the other in one message; of one; and of one statement outside a
 * transaction. */
struct io_op *session_add_query(struct session *session, const enum sql_id *ids, size_t count);
struct io_op *session_add_one(struct session *session, enum sql_id id);
void session_add_outside(struct session *session, const char *sql);
/* The session's settings for statements outside a transaction, and what the statements before this one have set:
 * another session may have run them. NULL: no statement comes, nothing but settings. */
void session_add_setup(struct session *session, const struct piece *end);
/* Makes the contents of `buf` the op's SQL. */
void session_set_sql(struct io_op *op, struct buf *buf);
/* The first op of the batch that a joined state added, or NULL. */
struct io_op *session_op_of(const struct session *session, enum session_state state);
/* Time for an operation, and for one of our own statements; 0: no limit. */
uint64_t session_budget(const struct session *session, uint64_t timeout_ms);
uint64_t session_control_budget(const struct session *session);

/* session_accept.c */
/* Puts, before the work that is there, what renews the checksums of changed files that are accepted. */
void session_add_renewals(struct session *session);
/* The way of a session that does nothing else. */
enum session_state session_begin_accepting(struct session *session);
/* Is it told in the report, as a step? */
bool session_tells_action(const struct session *session, const struct action *action);

/* The action that an op of the batch was made for; NULL: for none. */
static inline const struct action *session_action_of(const struct io_op *op)
{
    return op->owner;
}

/* ---- between phases ------------------------------------------------------------------------ */

/* session_weigh.c: the state after a plan that is only shown; and is the server asked what its changes will cost? */
enum session_state session_after_plan(struct session *session);
bool session_weighs(struct session *session);
/* session_preflight.c: are the rows asked whether the plan's statements will succeed? And the state after what is weighed: that, or
 * the way out. */
bool session_asks_rows(struct session *session);
enum session_state session_after_weigh(struct session *session);
/* session_link.c: did that op fail since the connection, which another tenant has left, is not like a new one, or died
 * meanwhile? Then it does not count as a failure: after the close comes a new one. */
bool session_died_unused(struct session *session, const struct io_op *op);
/* session_look.c: is what a survey says enough for this tenant? Where it is: what it says is taken for a look. */
bool session_can_take_survey(const struct session *session);
enum session_state session_take_survey(struct session *session);
/* It is not enough after all: the way to a look of its own, as if there had been no survey. */
enum session_state session_forget_survey(struct session *session);

/* session_plan.c: nothing of the rollout's is committed there. */
bool session_is_untouched(struct session *session);
/* session_evidence.c: must the server be asked for the tables that the stamped revisions make, before `left` is done? */
bool session_needs_evidence(struct session *session, const struct plan *left);

/* session_catalog.c: the state after all that is to be done is done; and what was answered, where a catalog was read (else NULL). */
enum session_state session_end(struct session *session);
struct catalog_answers *session_catalog_answers(const struct session *session);
/* Asks what the next round of reading needs (a reading that is over is to be forgotten: session->catalog = NULL); takes the answer. */
enum asked session_ask_catalog(struct session *session);
bool session_take_catalog(struct session *session, struct err *err);

/* session_verify.c: is its schema to be verified now: before the work of this plan (or instead of it, where nothing is left to
 * do); within the transaction that ends the work; after the work? Where it is: the state verify leads to `next` where all is well. */
bool session_verifies_plan(struct session *session);
bool session_verifies_commit(struct session *session);
bool session_verifies_end(struct session *session);
/* The state verify decides whether a statement took effect. */
enum session_state session_begin_comparison(struct session *session);

/* session_batch.c: the state that begins the next actions, or the way out where none is left. */
enum session_state session_next_work(struct session *session);
/* Asks for the actions from `begin` on, as long as they stay on one side of the transaction's border; notes the
 * steps that are recorded before `end`; and takes what the batch did for the database's now. */
enum asked session_ask_actions(struct session *session, size_t begin, bool is_in_transaction);
void session_note_step(struct session *session, const struct action *record);
void session_note_actions(struct session *session, size_t end);
void session_take_commit(struct session *session);
/* The parts of that: what the SQL of the actions is made from, and the op of one that is not deferred. */
void session_make_actions(struct session *session, size_t begin);
void session_add_action(struct session *session, const struct action *action);
/* Is something left of what commits together? */
bool session_has_unit_left(const struct session *session);
/* The statement that guards the end of a script. */
enum sql_id session_guard(const struct session *session);
/* Is the script of another revision than the one before, or the session's first? */
bool session_begins_revision(const struct session *session, const struct action *action);
/* An operation of the work failed: says where in the revision's file that is; returns the way out. */
enum session_state session_work_failed(struct session *session, const struct io_op *op);
/* The same where another op of its message is to blame. */
enum session_state session_blame(struct session *session, const struct io_op *failed,
                                 const struct io_op *blamed);

/* session_apply.c: the history rows that the batch has added count from now on. */
void session_take_history_id(struct session *session);
/* Fills the ids of the statements that make what is missing of ours: schema, version table, history. Returns how many
 * there are, three at most. */
size_t session_missing_tables(const struct session *session, enum sql_id *ids);

/* session_statements.c: what a statement left half made goes before it is run again; and what came before the work
 * failed, maybe that. */
void session_add_repairs(struct session *session);
enum session_state session_setup_failed(struct session *session, const struct io_op *op);

/* session_rehearse.c: does the session change the database that it is at? A run that only looks changes none; a rehearsal what it
 * rolls back, or a copy. */
bool session_changes(const struct session *session);
/* Is the plan to be rehearsed on a copy of the database, where the session is not yet? And the way there. */
bool session_needs_copy(const struct session *session);
enum session_state session_go_to_copy(struct session *session);
enum session_state session_arrive_at_copy(struct session *session);
/* The copy goes, and it is told by how much it has grown. */
void session_leave_copy(struct session *session);
/* For how long it may wait for locks: in the way of traffic not for long. */
uint64_t session_lock_timeout(const struct session *session);
/* Takes the work that was built for what is rehearsed; the state that begins it. */
enum session_state session_begin_rehearsal(struct session *session);
/* The state in which a transaction ends. */
enum session_state session_end_of_transaction(const struct session *session);
/* Notes what the ops of the batch before `end` have come to. */
void session_note_rehearsed(struct session *session, const struct io_op *end);
/* Is the error one of the rehearsal's own? Then it ends there, and all is well. */
bool session_rehearses_no_further(struct session *session, const struct io_op *op);
/* Is the error of that op what came of giving way? Then the error says so. */
bool session_gave_way(const struct session *session, struct err *err);
/* May it begin, or go on? */
bool session_may_rehearse_on(struct session *session, struct err *err);
/* The state after a plan that cannot be rehearsed where the tenant is: with what came of it on a scratch database, or the note why it was not
 * rehearsed. */
enum session_state session_tell_rehearsed(struct session *session);
/* On a scratch database all is as in a run that changes tenants, and what its statements take is noted. */
void session_begin_on_scratch(struct session *session);
/* How the server changed the table of the statement there; NULL: not known. */
const struct weighed *session_weighed_elsewhere(const struct session *session,
                                                const struct weighed *weighed);
/* At a copy: notes what a commit ended. */
void session_note_rehearsed_commit(struct session *session);

/* session_repeat.c: is what comes next a statement that repeats? */
bool session_is_repeating(const struct session *session);
/* session_ease.c: the way out of a pause between two batches. */
enum session_state session_stop_pause(struct session *session);

/* session_doubt.c: is there a statement in doubt that a look can decide? */
bool session_needs_probe(struct session *session, const struct plan *left);
/* Is there one that what the database holds may decide, since no one else can? And what that says of it. */
bool session_needs_comparison(struct session *session, const struct plan *left);
enum session_state session_decide_by_comparison(struct session *session);
/* The way of a session that only settles. */
enum session_state session_begin_settling(struct session *session);
/* A statement outside a transaction failed: what comes next, to find out what it left. */
enum session_state session_look_after(struct session *session, const struct action *action,
                                      const struct io_op *op);
/* What is done outside a transaction failed at `action`: what comes next, to find out what it left and to write that down. */
enum session_state session_stop_beside(struct session *session, const struct action *action,
                                       const struct io_op *op);
/* Adds the two ways to settle a doubt to the error. */
void session_say_how_to_settle(const struct session *session, struct err *err);

#endif
