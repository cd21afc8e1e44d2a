/* Transactions and statements outside of any in one batch, where the driver takes chains of any operations
 * (DRIVER_JOINS_ALL): each message begins with what is ours and ends with one statement of a revision.
 *
 *     START, statement 1 | mark 1, statement 2 | mark 2, BEGIN, statement 3 | mark 3, COMMIT,
 *     statement 4 | mark 4, BEGIN, RECORD, START, COMMIT, statement 1 | …
 *
 * The mark of a statement is sent once its answer is known, with the next one: so at most one statement outside a
 * transaction is in doubt, wherever the connection is lost, and the server runs nothing after what fails. Within one
 * message only the order of the server counts: a message that has arrived is run to its end though the client dies.
 */
#include "rollout/session_private.h"

enum { ACTIONS_MOST = 256 };

/* ---- the batch -------------------------------------------------------------------------------- */

static const struct action *action_at(const struct session *session, size_t at)
{
    return at < session->work.todo.count ? &session->work.todo.actions[at] : NULL;
}

/* Does the transaction that this action is part of end after it? The row that begins the next step is written with the
 * record of the one before: a commit less, and if it cannot be written, no statement is in doubt that was not. */
static bool ends_transaction(const struct session *session, size_t at)
{
    const struct action *action = action_at(session, at), *next = action_at(session, at + 1);
    if (!action->is_in_transaction || !next || !next->is_in_transaction)
        return action->is_in_transaction;
    return action->ends_unit && next->kind != ACTION_START;
}

/* Whole transactions, and not many more actions than that. */
static size_t end_of_steps(const struct session *session)
{
    size_t begin = session->work.cursor, end = begin, at = begin;
    for (; at < session->work.todo.count; at++) {
        if (action_at(session, at)->kind == ACTION_REPEAT)
            break;
        bool is_border =
            !action_at(session, at)->is_in_transaction || ends_transaction(session, at);
        if (at - begin >= ACTIONS_MOST && end > begin)
            break;
        if (is_border)
            end = at + 1;
    }
    return end;
}

struct steps {
    struct session *session;
    bool is_inside;     /* a transaction is open here */
    bool is_set_up;     /* the session has the settings of a new one */
    size_t last_beside; /* one past the action of the last piece outside a transaction; 0: none */
};

static void add_tables(struct session *session)
{
    enum sql_id ids[3];
    size_t count = session_missing_tables(session, ids);
    if (count)
        session_add_query(session, ids, count)->op.tx_after = TX_OUTSIDE;
    session->look.has_schema = session->look.has_version_table = session->look.has_history = true;
}

static bool is_beside(const struct action *action)
{
    return action->kind == ACTION_SCRIPT && !action->is_in_transaction;
}

/* A transaction begins with the settings of a new session, and so does a piece outside, but for what those before it
 * have set: they ran just now, or are said again. */
static void set_up(struct steps *steps, const struct action *action)
{
    struct session *session = steps->session;
    bool begins_transaction = action->is_in_transaction && !steps->is_inside;
    if (is_beside(action) && steps->last_beside) {
        const struct action *last = action_at(session, steps->last_beside - 1);
        if (last->script == action->script && last->piece + 1 == action->piece)
            return;
    }
    if (steps->is_set_up || !(begins_transaction || is_beside(action)))
        return;
    session_add_setup(session, is_beside(action) ? action->piece : NULL);
    steps->is_set_up = true;
    steps->last_beside = 0;
}

static void add_commit(struct session *session)
{
    struct io_op *op = session_add_one(session, SQL_COMMIT);
    op->op.tx_after = TX_OUTSIDE;
    op->op.flags |= OP_MUST_COMMIT;
}

/* A transaction of one statement needs no other to begin and end it. */
static void add_start_alone(struct session *session, const struct action *action)
{
    session_add_action(session, action);
    struct io_op *op = &session->batch.ops[session->batch.count - 1];
    op->op.tx_after = TX_OUTSIDE;
    op->op.flags |= OP_MUST_COMMIT;
}

static void add_step(struct steps *steps, size_t at)
{
    struct session *session = steps->session;
    const struct action *action = action_at(session, at);
    set_up(steps, action);
    if (action->kind == ACTION_START && !steps->is_inside && ends_transaction(session, at)) {
        add_start_alone(session, action);
        return;
    }
    if (action->is_in_transaction && !steps->is_inside)
        session_add_one(session, SQL_BEGIN)->op.tx_after = TX_INSIDE;
    steps->is_inside = action->is_in_transaction;
    if (!action_is_deferred(action))
        session_add_action(session, action);
    if (action->kind == ACTION_SCRIPT) {
        steps->is_set_up = steps->is_set_up && !action->script->may_change;
        steps->last_beside = is_beside(action) ? at + 1 : 0;
    }
    if (ends_transaction(session, at)) {
        add_commit(session);
        steps->is_inside = false;
    }
}

/* ---- the messages ----------------------------------------------------------------------------- */

static bool is_record(const struct io_op *op)
{
    const struct action *action = session_action_of(op);
    return action && action->kind == ACTION_RECORD;
}

/* A script ends its message, and so does a query whose rows decide whether to go on. One message moves the version
 * table once, so that a look at it tells how a message without answer ended. Of statements that are timed each has its own: what
 * comes before one in its message would be counted to it, or the other way round, where this process is slow to read. */
static void join(struct session *session)
{
    if (session->env->request->is_on_scratch)
        return;
    struct io_op *first = NULL;
    bool has_record = false;
    for (size_t i = 0; i < session->batch.count; i++) {
        struct io_op *op = &session->batch.ops[i];
        bool is_ended = i && (op[-1].op.kind == OP_SCRIPT || op[-1].needs_rows);
        op->joins_last = first && !is_ended && !(has_record && is_record(op));
        if (!op->joins_last) {
            first = op;
            has_record = false;
        } else if (!first->timeout_ms || !op->timeout_ms)
            first->timeout_ms = 0;
        else if (op->op.kind == OP_SCRIPT)
            first->timeout_ms += op->timeout_ms;
        has_record = has_record || is_record(op);
    }
}

static enum asked ask_steps(struct session *session)
{
    struct steps steps = {.session = session};
    size_t begin = session->work.cursor, end = end_of_steps(session);
    session_make_actions(session, begin);
    session->work.batch_end = end;
    session_reserve_ops(session, 2 * (end - begin) + 4);
    add_tables(session);
    if (session->doubt.found.repair_count)
        session_add_setup(session, NULL);
    session_add_repairs(session);
    for (size_t i = begin; i < end; i++)
        add_step(&steps, i);
    join(session);
    return ASKED_OPS;
}

/* ---- the answers ------------------------------------------------------------------------------ */

static size_t index_of(const struct session *session, const struct action *action)
{
    return (size_t)(action - session->work.todo.actions);
}

/* The actions before `end` are the database's now. */
static void take(struct session *session, size_t end)
{
    session_note_actions(session, end);
    session->work.expected = actions_rows(&session->work.acting, end, &session->arena);
    session->work.batch_end = end;
    session_take_history_id(session);
    session_take_commit(session);
}

static enum session_state answer_steps(struct session *session)
{
    take(session, session->work.batch_end);
    return session_next_work(session);
}

/* One past the last action that was committed before the op. */
static size_t committed_before(const struct session *session, const struct io_op *end)
{
    size_t committed = session->work.cursor, last = committed;
    for (const struct io_op *op = session->batch.ops; op < end; op++) {
        const struct action *action = session_action_of(op);
        if (action)
            last = index_of(session, action) + 1;
        if ((action && !action->is_in_transaction) || op->op.flags & OP_MUST_COMMIT)
            committed = last;
    }
    return committed;
}

static const struct io_op *end_of_message(const struct session *session, const struct io_op *op)
{
    const struct io_op *end = session->batch.ops + session->batch.count;
    for (op++; op < end && op->joins_last; op++)
        continue;
    return op;
}

/* ---- no answer -------------------------------------------------------------------------------- */

/* Commits without answer, up to this one, are looked up: did the version rows move with one of them? */
static void expect_commits(struct session *session, const struct io_op *commit)
{
    session->doubt.is_resolving = true;
    session->doubt.attempts = 0;
    session->doubt.history = (struct retry_history){0};
    session->work.acting.begin = session->work.cursor;
    for (const struct io_op *op = session->batch.ops; op < commit; op++) {
        const struct action *action = session_action_of(op);
        if (!is_record(op) || index_of(session, action) < session->work.cursor)
            continue;
        session->work.batch_end = index_of(session, action) + 1;
        session->work.expected =
            actions_rows(&session->work.acting, session->work.batch_end, &session->arena);
        session_note_actions(session, session->work.batch_end);
        return;
    }
    /* Renewals of checksums move no version row: which of them are left to do will say how it ended. */
    if (session->env->request->verb->work == WORK_ACCEPT)
        session_note_actions(session, session->work.todo.count);
}

/* What of the message may have been run, and what that leaves to find out. */
static void take_loss(struct session *session, const struct io_op *lost)
{
    const struct io_op *end = end_of_message(session, lost), *commit = NULL;
    for (const struct io_op *op = lost; op < end; op++) {
        const struct action *action = session_action_of(op);
        bool runs_outside = action && !action->is_in_transaction;
        session->doubt.is_half_open = session->doubt.is_half_open || runs_outside;
        session->doubt.is_begun = session->doubt.is_begun || (runs_outside && is_beside(action));
        if (op->op.flags & OP_MUST_COMMIT)
            commit = op;
    }
    if (commit)
        expect_commits(session, commit);
}

/* ---- errors ----------------------------------------------------------------------------------- */

/* Where the connection was lost without a word, what takes its time is to blame, and that is the statement that the
 * message ends with. */
static const struct io_op *blamed(const struct session *session, const struct io_op *op)
{
    const struct io_op *last = end_of_message(session, op) - 1;
    const struct err *err = io_op_err(op);
    bool is_mute = err->is_connection_lost && !err->code[0];
    return is_mute && last->op.kind == OP_SCRIPT ? last : op;
}

static enum session_state tell(struct session *session, const struct io_op *op)
{
    const struct io_op *culprit = blamed(session, op);
    if (session_action_of(culprit))
        return session_blame(session, op, culprit);
    if (!(op->op.flags & OP_MUST_COMMIT))
        return session_setup_failed(session, op);
    struct err err = *io_op_err(op);
    err_prefix(&err, "committing");
    return session_fail(session, &err);
}

static enum session_state error_steps(struct session *session, const struct io_op *op)
{
    const struct action *action = session_action_of(op);
    bool is_lost = io_is_broken(session->conn.io);
    take(session, committed_before(session, op));
    enum session_state next = tell(session, op);
    if (is_lost)
        take_loss(session, op);
    if (next == SESSION_ROLLBACK || !action || action->is_in_transaction)
        return next;
    return is_lost && action->kind != ACTION_SCRIPT ? SESSION_CLOSE
                                                    : session_stop_beside(session, action, op);
}

const struct state_row row_steps = {
    .name = "steps",
    .does =
        "runs transactions and statements outside of any, each message with one statement of a revision and the "
        "marks of those before it; where no answer comes to one that moves the version table, that is looked up",
    .ask = ask_steps,
    .answer = answer_steps,
    .on_error = error_steps,
    .next = SESSION_RELEASE,
    .exits = TO_END | TO(STEPS) | TO(EASE),
    .error_exits = TO(LOOK) | TO(MARK) | TO_WAY_OUT,
    .is_cancellable = true,
};
