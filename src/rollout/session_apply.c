/* A transaction: it begins, runs its actions, records them, and commits. */
#include "rollout/session_private.h"

#include "base/buf.h"

/* ---- begin ------------------------------------------------------------------------------------ */

/* The parts of the session that some revision of the work may change. */
static unsigned may_change(const struct session *session)
{
    unsigned parts = 0;
    for (size_t i = 0; i < session->work.todo.count; i++)
        if (session->work.todo.actions[i].script)
            parts |= session->work.todo.actions[i].script->may_change;
    return parts;
}

static bool may_prepare_guard(const struct session *session)
{
    return session->dialect->sql[SQL_GUARD_PREPARE] && !io_info(session->conn.io)->is_pooled &&
           !(may_change(session) & PART_PREPARED);
}

/* Copies only printable ASCII, without '/' and '*', so that the text is safe inside an SQL comment in any
 * server encoding. */
static void add_to_comment(struct buf *buf, const char *text)
{
    enum { MOST = 200 };
    for (size_t i = 0; i < MOST && text[i]; i++)
        buf_addc(buf, text[i] < ' ' || text[i] > '~' || strchr("/*", text[i]) ? ' ' : text[i]);
}

/* What an administrator sees of a message that begins with our own statements: whose turn it is. */
static void add_headline(struct buf *buf, const struct session *session)
{
    size_t at = session->work.cursor;
    while (at + 1 < session->work.todo.count && session->work.todo.actions[at].is_deferred)
        at++;
    const struct action *action = &session->work.todo.actions[at];
    if (action->kind != ACTION_SCRIPT)
        return;
    buf_adds(buf, "/* skein ");
    add_to_comment(buf, action->step->revision->id);
    buf_adds(buf, ": ");
    add_to_comment(buf, action->piece->sql);
    buf_adds(buf, " */ ");
}

/* Turns the batch that begins a transaction into an OP_SCRIPT that ends with the guard, so that the
 * transaction's first scripts can share its message. */
static void make_script(struct session *session, struct io_op *begin)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    add_headline(&buf, session);
    buf_add(&buf, begin->op.sql, begin->op.sql_len);
    session_set_sql(begin, &buf);
    begin->op.kind = OP_SCRIPT;
}

size_t session_missing_tables(const struct session *session, enum sql_id *ids)
{
    size_t count = 0;
    if (!session->look.has_schema)
        ids[count++] = SQL_SCHEMA_CREATE;
    if (!session->look.has_version_table)
        ids[count++] = SQL_VERSION_CREATE;
    if (!session->look.has_history)
        ids[count++] = SQL_HISTORY_CREATE;
    return count;
}

static enum asked ask_begin(struct session *session)
{
    bool makes_inside = session->dialect->traits & DIALECT_DDL_IN_TRANSACTION;
    bool prepares_guard = !session->conn.is_guard_prepared && may_prepare_guard(session);
    bool joins = session->driver->traits & DRIVER_JOINS;
    bool sets_up_again = may_change(session) & PART_SETUP && session->dialect->sql[SQL_SETUP_AGAIN];
    session->look.vars.nonce = arena_printf(&session->arena, "%s/%zu/%u", session->env->run_id,
                                            session->index, session->attempt.number);
    enum sql_id ids[8];
    size_t count = makes_inside ? 0 : session_missing_tables(session, ids);
    if (!io_info(session->conn.io)->is_pooled)
        ids[count++] = SQL_BEGIN;
    if (sets_up_again)
        ids[count++] = SQL_SETUP_AGAIN;
    ids[count++] = SQL_SETUP_LOCAL;
    if (prepares_guard)
        ids[count++] = SQL_GUARD_PREPARE;
    if (makes_inside)
        count += session_missing_tables(session, ids + count);
    session->conn.is_guard_prepared = session->conn.is_guard_prepared || prepares_guard;
    if (joins)
        ids[count++] = session_guard(session);
    struct io_op *begin = session_add_query(session, ids, count);
    session->work.batch_end = session->work.cursor;
    begin->op.tx_after = TX_INSIDE;
    if (session_begins_revision(session, &session->work.todo.actions[session->work.cursor]))
        begin->op.flags |= OP_BEGINS_REVISION;
    if (joins)
        make_script(session, begin);
    return ASKED_OPS;
}

const struct state_row row_begin = {
    .name = "begin",
    .does = "begins a transaction, and makes what tables of ours are missing",
    .ask = ask_begin,
    .on_error = session_work_failed,
    .next = SESSION_APPLY,
    .exits = TO(APPLY),
    .error_exits = TO_WAY_OUT,
    .joins_next = true,
    .is_cancellable = true,
};

/* ---- apply ------------------------------------------------------------------------------------ */

/* The batch that begins the transaction may wait for a lock. We wait once for a server that hangs, not once for each of
 * the joined ops. */
static void join(const struct session *session, struct io_op *first, struct io_op *op)
{
    uint64_t before_ms = first == session_op_of(session, SESSION_BEGIN) && first == op - 1
                             ? session->tenant->settings->lock_timeout_ms
                             : first->timeout_ms;
    op->joins_last = true;
    first->timeout_ms = before_ms && op->timeout_ms ? before_ms + op->timeout_ms : 0;
}

/* May nothing follow it in its message? What it changes decides how that would be read. */
static bool sets_up_parser(const struct session *session, const struct io_op *op)
{
    const struct action *action = session_action_of(op);
    unsigned parts = action ? action->script->may_change : may_change(session);
    return parts & PART_PARSER;
}

/* Scripts that nothing of ours comes between are one operation, with what begins their transaction. */
static void join_scripts(struct session *session)
{
    struct io_op *first = NULL, *end = session->batch.ops + session->batch.count;
    for (struct io_op *op = session->batch.ops; op < end; op++) {
        const struct action *action = session_action_of(op);
        bool is_script = action ? action->kind == ACTION_SCRIPT : op->op.kind == OP_SCRIPT;
        if (first && is_script)
            join(session, first, op);
        else
            first = op;
        if (!is_script || sets_up_parser(session, op))
            first = NULL;
    }
}

static enum asked ask_apply(struct session *session)
{
    session_ask_actions(session, session->work.batch_end, true);
    if (session->driver->traits & DRIVER_JOINS)
        join_scripts(session);
    return ASKED_OPS;
}

static enum session_state error_apply(struct session *session, const struct io_op *op)
{
    session_note_rehearsed(session, op);
    return session_rehearses_no_further(session, op) ? SESSION_REHEARSED
                                                     : session_work_failed(session, op);
}

static enum session_state answer_apply(struct session *session)
{
    struct err err;
    session_note_actions(session, session->work.batch_end);
    session_note_rehearsed(session, session->batch.ops + session->batch.count);
    session->look.has_schema = session->look.has_version_table = session->look.has_history = true;
    if (session->env->request->rehearses && !session_may_rehearse_on(session, &err))
        return session_fail(session, &err);
    if (session_has_unit_left(session))
        return SESSION_APPLY;
    return session_verifies_commit(session) ? SESSION_VERIFY : session_end_of_transaction(session);
}

const struct state_row row_apply = {
    .name = "apply",
    .does = "runs sections and records steps, up to the end of the transaction",
    .ask = ask_apply,
    .answer = answer_apply,
    .on_error = error_apply,
    .next = SESSION_COMMIT,
    .exits = TO(APPLY) | TO(VERIFY) | TO(COMMIT) | TO(REHEARSED) | TO_WAY_OUT,
    .error_exits = TO(REHEARSED) | TO_WAY_OUT,
    .is_cancellable = true,
};

/* ---- commit ----------------------------------------------------------------------------------- */

static enum asked ask_commit(struct session *session)
{
    session->work.expected =
        actions_rows(&session->work.acting, session->work.batch_end, &session->arena);
    struct io_op *op = session_add_one(session, SQL_COMMIT);
    op->op.tx_after = TX_OUTSIDE;
    op->op.flags |= OP_MUST_COMMIT;
    op->op.flags |= OP_HEARS_ALL; /* of deferred triggers */
    return ASKED_OPS;
}

/* The history rows that the batch has added count from now on. */
void session_take_history_id(struct session *session)
{
    session->look.history_id +=
        actions_count(session->work.todo.actions, session->work.cursor, session->work.batch_end);
}

static enum session_state answer_commit(struct session *session)
{
    session_take_history_id(session);
    session_take_commit(session);
    return session_next_work(session);
}

/* No answer is neither yes nor no: it is looked up. An answer that says no is a failure. */
static enum session_state error_commit(struct session *session, const struct io_op *op)
{
    session->doubt.is_resolving = io_op_err(op)->is_connection_lost;
    session->doubt.attempts = 0;
    session->doubt.history = (struct retry_history){0};
    struct err err = *io_op_err(op);
    err_prefix(&err, "committing");
    return session_fail(session, &err);
}

const struct state_row row_commit = {
    .name = "commit",
    .does = "commits; no answer leads to resolve, never to failed",
    .ask = ask_commit,
    .answer = answer_commit,
    .on_error = error_commit,
    .next = SESSION_RELEASE,
    .exits = TO_END | TO_WORK_ONE_BY_ONE,
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
    .must_finish = true,
};

/* ---- rollback --------------------------------------------------------------------------------- */

static enum asked ask_rollback(struct session *session)
{
    struct io_op *op = session_add_one(session, SQL_ROLLBACK);
    op->op.tx_after = TX_OUTSIDE;
    return ASKED_OPS;
}

/* A batch that failed has left nothing: those before it are marked. */
static enum session_state answer_rollback(struct session *session)
{
    bool is_pooled = io_info(session->conn.io)->is_pooled;
    if (!session_is_repeating(session) || is_pooled || io_is_broken(session->conn.io))
        return SESSION_CLOSE;
    session->doubt.is_half_open = false;
    return SESSION_MARK;
}

const struct state_row row_rollback = {
    .name = "rollback",
    .does = "rolls the transaction back",
    .ask = ask_rollback,
    .answer = answer_rollback,
    .next = SESSION_CLOSE,
    .exits = TO(CLOSE) | TO(MARK),
    .error_exits = TO(CLOSE),
    .must_finish = true,
};
