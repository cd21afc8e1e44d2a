/* The inside of a session, shared by the engine of its table (session.c), the operations that states ask for
 * (session_ops.c), and its phases: link, look, plan, copy, apply, statements, doubt. No other file includes this. */
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
#include "rollout/record.h"
#include "rollout/session.h"
#include "rollout/work.h"

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
    SESSION_SETUP,
    SESSION_STATEMENTS,
    SESSION_LOOK,
    SESSION_REPAIR,
    SESSION_MARK,
    SESSION_ROLLBACK,
    SESSION_CREATE,
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

/* States whose ops travel in one batch; up to CONNECT, LOCK, INSPECT, READ. */
enum { JOINED_MAX = 4 };

struct joined {
    enum session_state state;
    size_t first_op;
};

struct session {
    const struct session_env *env;
    const struct tenant *tenant;
    const struct driver *driver;
    size_t index;
    struct arena arena;
    struct arena answers; /* of all ops; while a batch runs it is the io's */
    enum session_state state;
    uv_timer_t timer;
    bool is_cancelled;
    bool is_finished;
    uint64_t started_ns;

    /* connection */
    struct link *link;
    struct io *io;             /* the link's; NULL: it has none */
    struct blockers *blockers; /* NULL: no one could tell */
    bool is_reused;            /* by a tenant before us, and nothing was asked of it yet */
    bool is_guard_prepared;    /* on this connection */
    bool is_creating;          /* to the server's own database, to make ours */
    uint32_t attempts;
    uint64_t lock_waited_ms;
    struct retry_history tries;
    struct retry_history doubt; /* the same, while it asks how a commit ended */
    struct retry retry;         /* the next attempt */
    bool is_parked;
    /* since when it fails, and since when its server is in trouble; 0: it does not */
    uint64_t failing_ns;
    uint64_t trouble_ns;
    uint64_t due_ns;     /* since when it could go on, if it had a place */
    uint64_t stalled_ns; /* that it could, in all */

    /* the batch under way */
    struct io_op *ops;
    size_t op_count, op_capacity;
    struct op_limits limits; /* of all ops */
    struct joined joined[JOINED_MAX];
    size_t joined_count;

    /* what the tenant said */
    struct sql_vars vars;
    struct look look; /* what the questions of the batch are made from */
    bool has_schema, has_version_table, has_history;
    uint64_t history_id; /* of the newest row that is there */
    struct rows versions;
    struct rows from;    /* at first sight */
    struct grid foreign; /* of another tool's table, as just read */
    struct grid history; /* its rows, as just read */
    struct unfinished unfinished;
    bool has_probed;                  /* the statement in doubt, since the rows were read last */
    const struct script *script_left; /* of the step that was left half way */
    const struct piece *doubtful;
    const struct revision *doubtful_revision;
    struct probe probe;
    bool asks_author, asks_catalog; /* of it */
    size_t repairs_under_way;       /* of those that it found, added to the batch */
    /* what it left, and how that goes or is finished; zeroed: nothing */
    struct probe_findings found;
    struct err drift; /* ERR_NONE: the files are those that were applied */

    /* what is to be done */
    const struct plan *plan;
    bool has_evidence;     /* a table is there that the stamped revisions make */
    bool is_intended;      /* the intent is durable */
    bool has_snapshot;     /* the copy is made */
    bool is_restored;      /* and was put back */
    bool is_made_intended; /* and that the database is to be made */
    struct work work;
    struct actions acting; /* what the SQL of the batch's actions is made from */
    size_t cursor;         /* first action that is not committed */
    size_t batch_end;      /* one past the last action of the batch under way */
    double step_ms;        /* what the pieces of the step under way have taken */
    struct rows seen;      /* the rows, as just read */
    struct rows expected;  /* the rows once the commit under way is done */
    bool is_resolving;     /* a commit's answer was lost: `expected` or `versions`, which is it? */
    uint32_t resolve_attempts;
    size_t half_done;  /* statements of the step under way that are committed without it */
    bool is_half_open; /* and what the history table says of them is not known, or not right */
    bool is_begun;     /* the next statement may have done something, though it is not among them */
    /* the statement, from 1, that the server refused as it took the connection away; 0: none */
    size_t refused;
    enum session_state after_close; /* SESSION_DONE: retry or finish, as the error says */

    /* how it went */
    struct step_done *done; /* recorded steps; the first done_count of them are committed */
    size_t recorded_count, done_count, done_capacity;
    struct err err;      /* ERR_NONE: well so far */
    struct err last_err; /* of the attempt before */
    const struct revision *err_revision;
    const char *err_statement;
    bool is_partial;
    struct notices notices; /* of all attempts */
};

/* session.c */
/* What the state waited for has come (a job, a timer, a close): on to what its answer says. */
void session_go_on(struct session *session);
/* It will not come: on to the way out. */
void session_stop(struct session *session, enum session_state way_out);
struct io_op *session_add_op(struct session *session, enum op_kind kind);
/* Room for so many more, which are known: an array that doubles would leave its smaller copies in the arena. */
void session_reserve_ops(struct session *session, size_t count);
/* The way out with this error (the first one wins): roll back or close. */
enum session_state session_fail(struct session *session, const struct err *err);

/* one for each state that asks something */
enum asked ask_link(struct session *session);
enum asked ask_connect(struct session *session);
enum asked ask_lock(struct session *session);
enum asked ask_lock_wait(struct session *session);
enum asked ask_inspect(struct session *session);
enum asked ask_read(struct session *session);
enum asked ask_probe(struct session *session);
enum asked ask_evidence(struct session *session);
enum asked ask_settle(struct session *session);
enum asked ask_intent(struct session *session);
enum asked ask_snapshot(struct session *session);
enum asked ask_restore(struct session *session);
enum asked ask_begin(struct session *session);
enum asked ask_apply(struct session *session);
enum asked ask_commit(struct session *session);
enum asked ask_setup(struct session *session);
enum asked ask_statements(struct session *session);
enum asked ask_look(struct session *session);
enum asked ask_repair(struct session *session);
enum asked ask_mark(struct session *session);
enum asked ask_rollback(struct session *session);
enum asked ask_create(struct session *session);
enum asked ask_release(struct session *session);
enum asked ask_close(struct session *session);
enum asked ask_backoff(struct session *session);
enum asked ask_turn(struct session *session);

/* what the answer means, and so the next state */
enum session_state answer_link(struct session *session);
enum session_state answer_connect(struct session *session);
enum session_state answer_inspect(struct session *session);
enum session_state answer_read(struct session *session);
enum session_state answer_resolve(struct session *session);
enum session_state answer_apply(struct session *session);
enum session_state answer_commit(struct session *session);
enum session_state answer_statements(struct session *session);
enum session_state answer_create(struct session *session);
enum session_state answer_close(struct session *session);

/* session_doubt.c */
enum session_state answer_probe(struct session *session);
enum session_state answer_settle(struct session *session);
enum session_state answer_look(struct session *session);
enum session_state answer_repair(struct session *session);
enum session_state error_look_after(struct session *session, const struct io_op *op);
enum session_state error_setup(struct session *session, const struct io_op *op);
/* A statement outside a transaction failed: what comes next, to find out what it left. */
enum session_state session_look_after(struct session *session, const struct action *action,
                                      const struct io_op *op);
enum session_state error_probe(struct session *session, const struct io_op *op);
/* Is there a statement in doubt that a look can decide? And the way of a session that only settles. */
bool session_needs_probe(struct session *session, const struct plan *left);
enum session_state session_begin_settling(struct session *session);

/* session_plan.c */
enum session_state answer_plan(struct session *session);
enum session_state answer_evidence(struct session *session);
enum session_state answer_intent(struct session *session);
enum session_state answer_snapshot(struct session *session);
enum session_state answer_restore(struct session *session);
enum session_state error_restore(struct session *session, const struct io_op *op);

/* the same for an op that failed */
enum session_state error_connect(struct session *session, const struct io_op *op);
enum session_state error_create(struct session *session, const struct io_op *op);
enum session_state error_look(struct session *session, const struct io_op *op);
enum session_state error_lock(struct session *session, const struct io_op *op);
enum session_state error_work(struct session *session, const struct io_op *op);
enum session_state error_commit(struct session *session, const struct io_op *op);
enum session_state error_mark(struct session *session, const struct io_op *op);

/* The state that begins the next actions, or the way out where none is left. */
enum session_state next_work(struct session *session);

/* session_ops.c: time for an operation, and for one of our own statements. */
uint64_t session_budget(const struct session *session, uint64_t timeout_ms);
uint64_t session_control_budget(const struct session *session);

/* An op of the given templates, one after the other in one message; and what `buf` holds as an op's SQL. */
struct io_op *session_add_query(struct session *session, const enum sql_id *ids, size_t count);
struct io_op *session_add_one(struct session *session, enum sql_id id);
void session_set_sql(struct io_op *op, struct buf *buf);

/* session_ops.c: an op of one statement outside a transaction. */
void session_add_outside(struct session *session, const char *sql);

/* session_ops.c: the session's settings for statements outside a transaction, and what the statements before
 * this one have set: another session may have run them. */
void session_add_setup(struct session *session, const struct piece *end);

/* session.c: the op of the batch that a joined state added first, or NULL. */
struct io_op *session_op_of(const struct session *session, enum session_state state);

/* session_doubt.c: the two ways to settle a doubt, added to the error. */
void session_say_how_to_settle(const struct session *session, struct err *err);

/* The action that an op of the batch was made for. */
static inline const struct action *session_action_of(const struct io_op *op)
{
    return op->owner;
}

/* Calls session_go_on after this time. */
void session_start_timer(struct session *session, uint64_t delay_ms);

/* Nothing of the rollout's is committed there. */
bool session_is_untouched(struct session *session);

/* Asks for the actions from the cursor on, as long as they stay on one side of the transaction's border; notes the
 * steps that are recorded before `end`; and takes what the batch did for the database's now. */
enum asked session_ask_actions(struct session *session, bool is_in_transaction);
void session_note_actions(struct session *session, size_t end);
void session_take_commit(struct session *session);
void session_take_history_id(struct session *session);

/* Statements outside a transaction: those before the failed one stand, and are marked. */
enum session_state session_stop_statements(struct session *session, size_t failed,
                                           const struct io_op *op);

/* session_look.c: the op of the batch that asks this, or NULL. */
const struct io_op *session_look_op(const struct session *session, enum look_op look);

#endif
