/* A batch of actions: what is asked for each, what becomes of the answers, and which line of which file is to blame where one
 * failed. */
#include "rollout/session_private.h"

#include "base/buf.h"

/* Many actions are asked for in several batches: their ops then take no room by the length of the chain, or of a file. */
enum { SCRIPT_SLACK_MS = 5000, ACTIONS_MOST = 256 };

enum sql_id session_guard(const struct session *session)
{
    return session->conn.is_guard_prepared ? SQL_GUARD_PREPARED : SQL_GUARD;
}

bool session_begins_revision(const struct session *session, const struct action *action)
{
    for (const struct action *at = action; at-- > session->work.todo.actions;)
        if (at->kind == ACTION_SCRIPT)
            return at->step != action->step;
    return true;
}

static uint64_t script_budget(const struct session *session, const struct piece *piece)
{
    uint64_t each_ms = session->tenant->settings->statement_timeout_ms;
    return session_budget(session,
                          each_ms ? each_ms * piece->statement_count + SCRIPT_SLACK_MS : 0);
}

/* The guard follows a script inside our transaction, and makes sure that the transaction is still ours. */
static void set_script(struct session *session, struct io_op *op, const struct action *action)
{
    const struct piece *piece = action->piece;
    bool is_finish = session->doubt.found.finish && piece == session->doubt.piece;
    op->op.sql = is_finish ? session->doubt.found.finish : piece->sql;
    op->op.sql_len = is_finish ? strlen(op->op.sql) : piece->sql_len;
    if (action->is_in_transaction && session->dialect->sql[session_guard(session)])
        op->prepare = actions_prepare_script;
}

/* Where nothing of a message runs after what fails, a query of ours can fail by itself, so that others may follow it in
 * its message. */
static void set_verify(struct session *session, struct io_op *op, const struct action *action)
{
    const struct dialect *dialect = session->dialect;
    bool fails_by_itself = action->verify->fault && session->driver->traits & DRIVER_JOINS_ALL &&
                           dialect->sql[SQL_SCRIPT_VERIFY];
    bool has_rows = !session->env->request->is_on_scratch;
    struct buf buf;
    op->needs_rows = !fails_by_itself && (has_rows || action->verify->fault);
    op->op.sql = action->verify->sql;
    op->op.sql_len = action->verify->sql_len;
    if (!fails_by_itself)
        return;
    buf_init(&buf, BUF_MAX_DEFAULT);
    struct sql_vars vars = {.query = action->verify->sql};
    sql_expand(&buf, dialect, SQL_SCRIPT_VERIFY, &vars);
    session_set_sql(op, &buf);
    op->op.kind = OP_QUERY;
}

/* The check looks at every row that refers to another, so it has no budget. */
static void add_look(struct session *session, const struct action *action)
{
    struct io_op *op = session_add_op(session, action->kind == ACTION_WATCH ? OP_WATCH : OP_CHECK);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < action->script->piece_count && action->kind == ACTION_CHECK; i++)
        buf_addf(&buf, "%s;\n", action->script->pieces[i].sql);
    session_set_sql(op, &buf);
    op->owner = action;
    op->op.revision = action->step->revision;
    op->op.tx_after = TX_ANY;
}

void session_add_action(struct session *session, const struct action *action)
{
    static const io_prepare_fn prepares[] = {
        [ACTION_START] = actions_prepare_start,
        [ACTION_RENEW] = actions_prepare_renew,
        [ACTION_MARK] = actions_prepare_mark,
        [ACTION_RECORD] = actions_prepare_record,
    };
    bool is_script = action->kind == ACTION_SCRIPT || action->kind == ACTION_VERIFY;
    if (action->kind == ACTION_WATCH || action->kind == ACTION_CHECK) {
        add_look(session, action);
        return;
    }
    if (action_is_of_rehearsal(action)) {
        static const enum sql_id asks[] = {[ACTION_BEFORE] = SQL_REHEARSE_BEFORE,
                                           [ACTION_SEEN] = SQL_REHEARSE_SEEN,
                                           [ACTION_SETTLE] = SQL_REHEARSE_SETTLE};
        session_add_one(session, asks[action->kind])->owner = action;
        return;
    }
    struct io_op *op = session_add_op(session, is_script ? OP_SCRIPT : OP_QUERY);
    op->owner = action;
    op->input = &session->work.acting;
    op->op.tx_after = action->is_in_transaction ? TX_INSIDE : TX_OUTSIDE;
    if (is_script) {
        op->op.flags |= OP_HEARS_ALL;
        op->op.revision = action->step->revision;
        if (session_begins_revision(session, action))
            op->op.flags |= OP_BEGINS_REVISION;
        (action->kind == ACTION_VERIFY ? set_verify : set_script)(session, op, action);
        op->timeout_ms = script_budget(session, action->piece);
        return;
    }
    op->prepare = prepares[action->kind];
    op->rows_total = 1; /* a record counts its own */
    op->timeout_ms = session_control_budget(session);
}

/* The actions from `begin` on, as long as they stay on one side of the transaction's border, and not too many at once.
 * Outside a transaction a batch ends with a mark: what is done by then is on record. */
static size_t end_of_batch(const struct session *session, size_t begin, bool is_in_transaction)
{
    const struct action *actions = session->work.todo.actions;
    size_t end = begin;
    while (end < session->work.todo.count && actions[end].is_in_transaction == is_in_transaction &&
           actions[end].kind != ACTION_REPEAT) {
        const struct action *last = &actions[end++];
        bool may_end = is_in_transaction || last->kind == ACTION_MARK;
        if (last->kind == ACTION_SEEN) /* what it says decides whether a rehearsal goes on */
            break;
        if ((is_in_transaction && last->ends_unit) || (may_end && end - begin >= ACTIONS_MOST))
            break;
    }
    return end;
}

/* Has the transaction more actions than the batches so far had? */
bool session_has_unit_left(const struct session *session)
{
    const struct action *next = &session->work.todo.actions[session->work.batch_end];
    return session->work.batch_end < session->work.todo.count && next->is_in_transaction &&
           !next[-1].ends_unit;
}

/* Room for the ops of the batch, in one piece. */
static void reserve_ops(struct session *session, size_t begin, size_t end)
{
    size_t deferred = 0;
    for (size_t i = begin; i < end; i++)
        deferred += action_is_deferred(&session->work.todo.actions[i]);
    session_reserve_ops(session, end - begin - deferred);
}

/* What the SQL of the actions is made from, while the batch runs. */
void session_make_actions(struct session *session, size_t begin)
{
    session->work.acting = (struct actions){
        .dialect = session->dialect,
        .vars = session->look.vars,
        .command = session->env->target ? session->env->target->command : PLAN_UPGRADE,
        .actions = session->work.todo.actions,
        .first = session->work.cursor,
        .begin = begin,
        .versions = session->result.rows,
        .history_id = session->look.history_id,
        .done = session->result.steps + session->result.done_count,
        .step_ms = session->work.step_ms,
        .count = session->repeat.count,
        .guard = session_guard(session),
    };
}

enum asked session_ask_actions(struct session *session, size_t begin, bool is_in_transaction)
{
    size_t end = end_of_batch(session, begin, is_in_transaction);
    session_make_actions(session, begin);
    session->work.batch_end = end;
    reserve_ops(session, begin, end);
    for (size_t i = begin; i < end; i++)
        if (!action_is_deferred(&session->work.todo.actions[i]))
            session_add_action(session, &session->work.todo.actions[i]);
    return ASKED_OPS;
}

void session_note_step(struct session *session, const struct action *action)
{
    struct step_done done = {
        .revision = action->step->revision,
        .direction = action->step->direction,
        .statements = (uint32_t)action->statements,
        .duration_ms = session->work.step_ms,
    };
    if (action->script) { /* a stamp runs nothing of what was left half way */
        done.batches = session->repeat.count.batches;
        done.rows = session->repeat.count.rows;
    }
    *ARENA_PUSH(&session->arena, session->result.steps, session->result.recorded_count,
                session->result.capacity) = done;
    session->work.step_ms = 0;
    session->repeat.count = (struct repeat_count){0};
}

/* Adds up what the batch's finished actions have taken, and notes the steps they record. */
void session_note_actions(struct session *session, size_t end)
{
    const struct io_op *op = session->batch.ops;
    for (size_t i = session->work.acting.begin; i < end; i++) {
        const struct action *action = &session->work.todo.actions[i];
        while (!action_is_deferred(action) && op->owner != action)
            op++;
        if (action->kind == ACTION_SCRIPT)
            session->work.step_ms += op->answer.duration_ms;
        if (session_tells_action(session, action))
            session_note_step(session, action);
    }
}

/* The steps recorded so far are the database's now. */
void session_take_commit(struct session *session)
{
    session_note_rehearsed_commit(session);
    session->result.rows = session->work.expected;
    session->result.done_count = session->result.recorded_count;
    for (; session->work.cursor < session->work.batch_end; session->work.cursor++) {
        const struct action *action = &session->work.todo.actions[session->work.cursor];
        session->doubt.is_half_open = action->kind == ACTION_START;
        if (action->kind == ACTION_MARK || action->kind == ACTION_REPEAT)
            session->doubt.half_done = action->statements;
        if (action->kind == ACTION_RECORD)
            session->doubt.half_done = 0;
        session->doubt.is_begun = false;
    }
}

enum session_state session_next_work(struct session *session)
{
    bool is_pooled = io_info(session->conn.io)->is_pooled;
    if (session->work.cursor == session->work.todo.count)
        return is_pooled && io_is_in_transaction(session->conn.io) ? SESSION_ROLLBACK
                                                                   : session_end(session);
    if (session_is_repeating(session))
        return SESSION_EASE;
    if (session->driver->traits & DRIVER_JOINS_ALL)
        return SESSION_STEPS;
    /* The lock went with the transaction: take it and look again. */
    if (is_pooled && !io_is_in_transaction(session->conn.io))
        return SESSION_LOCK;
    bool is_transactional = session->work.todo.actions[session->work.cursor].is_in_transaction;
    return is_transactional ? SESSION_BEGIN : SESSION_SETUP;
}

/* Is the row that was to be written there already, though it was not when the history was read? */
static bool is_same_row(const struct session *session, const struct err *err)
{
    const char *code = session->dialect->code_duplicate;
    return code && strcmp(err->code, code) == 0;
}

static void say_overtaken(struct err *err)
{
    err->kind = ERR_LOCK;
    err->is_transient = true;
    err_add(err, ": another run has worked on the tenant meanwhile");
}

/* Of an action that is a question with a place of its own in the file. */
static void locate_verify(struct session *session, const struct action *action,
                          const struct io_op *op, struct err *err)
{
    const char *guard = session->dialect->code_guard;
    bool lacks_row = op->answer.rows_seen == 0 && err->kind == ERR_SQL &&
                     (!err->code[0] || (guard && strcmp(err->code, guard) == 0));
    if (lacks_row && action->verify->fault) {
        err->said = NULL;
        err_set(err, ERR_SQL, "%s", action->verify->fault);
        err->trouble = TROUBLE_CONFLICT; /* another tenant of the run may be at it */
    }
    err_set_place(err, action->step->revision->path, action->verify->line);
    session->result.err_statement = action->verify->fault
                                        ? piece_line_text(&session->arena, action->piece, err->line)
                                        : action->verify->sql;
}

/* Says where in the revision's file a failed op stands. */
static void locate(struct session *session, const struct action *action, const struct io_op *op,
                   struct err *err)
{
    const struct revision *revision = action->step->revision;
    session->result.err_revision = revision;
    if (action->kind == ACTION_VERIFY) {
        locate_verify(session, action, op, err);
        return;
    }
    if (action->kind == ACTION_WATCH || action->kind == ACTION_CHECK) {
        err_set_place(err, revision->path, action->script->breaking_line);
        return;
    }
    if (action_is_of_rehearsal(action)) {
        err_prefix(err, action->kind == ACTION_SETTLE ? "committing" : "looking at its locks");
        return;
    }
    bool is_of_file = action->kind == ACTION_SCRIPT ||
                      (action->kind == ACTION_REPEAT && op->op.kind == OP_SCRIPT);
    if (!is_of_file) {
        err_prefix(err, "recording %s", revision ? revision->id : "the stamp");
        if (is_same_row(session, err))
            say_overtaken(err);
        return;
    }
    err_set_place(err, revision->path,
                  piece_line(action->piece, io_op_err(op)->offset, op->answer.statements_done));
    session->result.err_statement = piece_line_text(&session->arena, action->piece, err->line);
}

/* Only the guard follows a piece in its message. If all the piece's statements succeeded and the op failed, the
 * guard failed: the revision has ended our transaction. */
static bool ended_transaction(const struct session *session, const struct action *action,
                              const struct io_op *op)
{
    bool is_guarded = action->kind == ACTION_SCRIPT && action->is_in_transaction &&
                      session->dialect->sql[SQL_GUARD];
    return op->answer.is_tx_broken ||
           (is_guarded && io_op_err(op)->kind == ERR_SQL &&
            op->answer.statements_done >= action->piece->statement_count);
}

/* If the server could not parse the message, or never answered it, the joined script is to blame, and not our
 * BEGIN that it travelled with. */
static bool is_of_joined(const struct io_op *op)
{
    bool was_unreadable = io_op_err(op)->kind == ERR_SQL && !op->answer.statements_done;
    bool was_unanswered = io_op_err(op)->is_connection_lost && !io_op_err(op)->code[0];
    return op->op.joined && (was_unreadable || was_unanswered);
}

/* What is ours counts the rows that it changes, and has the server fail where they are others. */
static void explain_guard(const struct session *session, const struct action *action,
                          struct err *err)
{
    const char *guard = session->dialect->code_guard;
    bool is_ours = action->kind != ACTION_SCRIPT && action->kind != ACTION_REPEAT &&
                   action->kind != ACTION_VERIFY;
    if (!is_ours || !guard || strcmp(err->code, guard) != 0)
        return;
    err_set(err, ERR_INTERNAL, "a bookkeeping statement did not change one row");
    err->said = NULL;
    if (io_info(session->conn.io)->is_node)
        say_overtaken(err);
}

enum session_state session_blame(struct session *session, const struct io_op *failed,
                                 const struct io_op *blamed)
{
    struct err err = *io_op_err(failed);
    const struct action *action = session_action_of(blamed);
    if (!action)
        return session_fail(session, &err);
    explain_guard(session, action, &err);
    locate(session, action, blamed, &err);
    if (ended_transaction(session, action, failed)) {
        session->result.is_partial = true;
        err.is_transient = false;
        err.said = NULL;
        snprintf(err.text, sizeof err.text,
                 "the revision ended skein's transaction itself: what it did before that stands");
    }
    session->work.step_ms = 0;
    return session_fail(session, &err);
}

enum session_state session_work_failed(struct session *session, const struct io_op *op)
{
    struct err err = *io_op_err(op);
    struct err gave_way;
    if (session_gave_way(session, &gave_way)) {
        if (session_action_of(op))
            locate(session, session_action_of(op), op, &gave_way);
        return session_fail(session, &gave_way);
    }
    if (session->state == SESSION_BEGIN && is_of_joined(op)) {
        locate(session, session_action_of(op + 1), op + 1, &err);
        return session_fail(session, &err);
    }
    return session_blame(session, op, op);
}
