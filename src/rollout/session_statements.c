/* Statements outside a transaction: each has its checkpoint, and the one that failed is marked. */
#include "rollout/session_private.h"

#include "base/buf.h"
#include "rollout/checkpoint.h"

/* ---- setup ------------------------------------------------------------------------------------ */

/* The next piece, past the actions that only write rows. */
static const struct piece *next_piece(const struct session *session)
{
    const struct action *action = &session->work.todo.actions[session->work.cursor];
    while (!action->piece || action->is_in_transaction)
        action++;
    return action->piece;
}

void session_add_repairs(struct session *session)
{
    for (size_t i = 0; i < session->doubt.found.repair_count; i++)
        session_add_outside(session, session->doubt.found.repairs[i]);
    session->doubt.repairs_under_way = session->doubt.found.repair_count;
    session->doubt.found.repair_count = 0;
}

static enum asked ask_setup(struct session *session)
{
    session_add_setup(session, next_piece(session));
    session_add_repairs(session);
    return ASKED_OPS;
}

/* The repair may have to wait for a lock, as the statement itself had to. */
enum session_state session_setup_failed(struct session *session, const struct io_op *op)
{
    struct err err = *io_op_err(op);
    bool is_repair = false;
    for (size_t i = 0; i < session->doubt.repairs_under_way; i++)
        is_repair = is_repair || op->op.sql == session->doubt.found.repairs[i];
    if (is_repair) {
        err_prefix(&err, "taking away what the statement left with '%s'", op->op.sql);
        err_set_place(&err, session->doubt.revision->path, session->doubt.piece->line);
        session->result.err_revision = session->doubt.revision;
        session->result.err_statement =
            piece_line_text(&session->arena, session->doubt.piece, session->doubt.piece->line);
    }
    return session_fail(session, &err);
}

const struct state_row row_setup = {
    .name = "setup",
    .does = "sets the session up for statements outside a transaction",
    .ask = ask_setup,
    .on_error = session_setup_failed,
    .next = SESSION_STATEMENTS,
    .exits = TO(STATEMENTS),
    .error_exits =
        TO_WAY_OUT, /* through a proxy, a transaction of another session's may be seen open */
    .joins_next = true,
    .is_cancellable = true,
};

/* ---- statements ------------------------------------------------------------------------------- */

static enum asked ask_statements(struct session *session)
{
    return session_ask_actions(session, session->work.cursor, false);
}

/* Between two batches nothing is under way: those before stand, and are marked. */
static enum session_state stop_between(struct session *session)
{
    struct err err;
    err_set(&err, ERR_CANCELLED, "cancelled");
    (void)session_fail(session, &err);
    session->doubt.is_half_open = false;
    return SESSION_MARK;
}

static enum session_state answer_statements(struct session *session)
{
    session_note_actions(session, session->work.batch_end);
    session_note_rehearsed(session, session->batch.ops + session->batch.count);
    session->work.expected = session->result.rows;
    session_take_history_id(session);
    session_take_commit(session);
    enum session_state next = session_next_work(session);
    if (next != SESSION_SETUP)
        return next;
    return session->is_cancelled ? stop_between(session) : SESSION_STATEMENTS; /* it is set up */
}

enum session_state session_stop_beside(struct session *session, const struct action *action,
                                       const struct io_op *op)
{
    enum action_kind kind = action->kind;
    bool is_ours = kind == ACTION_START || kind == ACTION_MARK || kind == ACTION_RECORD;
    bool can_mark = !is_ours && !io_is_broken(session->conn.io);
    session->doubt.is_begun = false;
    if (kind == ACTION_SCRIPT)
        return session_look_after(session, action, op);
    session->doubt.is_half_open = !can_mark;
    return can_mark ? SESSION_MARK : SESSION_CLOSE;
}

/* Statements outside a transaction: those before the failed one stand, and are marked. */
static enum session_state stop_statements(struct session *session, size_t failed,
                                          const struct io_op *op)
{
    session_note_actions(session, failed);
    for (; session->work.cursor < failed; session->work.cursor++)
        if (session->work.todo.actions[session->work.cursor].kind == ACTION_MARK)
            session->doubt.half_done = session->work.todo.actions[session->work.cursor].statements;
    return session_stop_beside(session, &session->work.todo.actions[failed], op);
}

static enum session_state error_statements(struct session *session, const struct io_op *op)
{
    size_t failed = (size_t)(session_action_of(op) - session->work.todo.actions);
    session_note_rehearsed(session, op);
    enum session_state next = session_work_failed(session, op);
    return next == SESSION_ROLLBACK ? next : stop_statements(session, failed, op);
}

const struct state_row row_statements = {
    .name = "statements",
    .does = "runs statements one by one, each with its checkpoint, up to so many in one batch",
    .ask = ask_statements,
    .answer = answer_statements,
    .on_error = error_statements,
    .next = SESSION_BEGIN,
    .exits = TO(BEGIN) | TO(STATEMENTS) | TO(EASE) | TO(MARK),
    .error_exits = TO(LOOK) | TO(MARK) | TO_WAY_OUT,
};

/* ---- mark ------------------------------------------------------------------------------------- */

static enum asked ask_mark(struct session *session)
{
    const struct action *failed = &session->work.todo.actions[session->work.cursor];
    struct action mark = *failed;
    char checkpoint[CHECKPOINT_MAX + 1];
    if (failed->kind == ACTION_SCRIPT || failed->kind == ACTION_REPEAT)
        mark.statements = failed->piece->first_statement;
    mark.checkpoint = checkpoint_text(
        &session->arena, &script_digests(&session->arena, mark.script)[mark.statements],
        !session->doubt.is_begun);
    checkpoint_count(mark.checkpoint, &session->repeat.count, checkpoint);
    mark.checkpoint = checkpoint;
    bool is_partial = mark.statements || session->doubt.is_begun || session->repeat.count.batches;
    struct io_op *op = session_add_op(session, OP_QUERY);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    struct sql_vars vars = record_history(&session->look.vars, &mark, session->env->target->command,
                                          is_partial ? "partial" : "failed", 0);
    sql_expand(&buf, session->dialect, SQL_HISTORY_MARK, &vars);
    session_set_sql(op, &buf);
    op->timeout_ms = session_control_budget(session);
    return ASKED_OPS;
}

/* The history table goes on saying that the statement runs. */
static enum session_state error_mark(struct session *session, const struct io_op *op)
{
    session->doubt.is_half_open = true;
    return session_fail(session, io_op_err(op));
}

const struct state_row row_mark = {
    .name = "mark",
    .does = "notes in the history table which statement failed",
    .ask = ask_mark,
    .on_error = error_mark,
    .next = SESSION_CLOSE,
    .exits = TO(CLOSE),
    .error_exits = TO(CLOSE),
    .must_finish = true,
};
