/* A transaction: it begins, runs its actions, records them, and commits. What all batches of actions share is here
 * too. */
#include "rollout/session_private.h"

#include "base/buf.h"

/* Many actions are asked for in several batches: their ops then take no room by the length of the chain, or of a file. */
enum { SCRIPT_SLACK_MS = 5000, ACTIONS_MOST = 256 };

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

static enum sql_id guard_of(const struct session *session)
{
    return session->conn.is_guard_prepared ? SQL_GUARD_PREPARED : SQL_GUARD;
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

/* Is the script of another revision than the one before, or the session's first? */
static bool begins_revision(const struct session *session, const struct action *action)
{
    for (const struct action *at = action; at-- > session->work.todo.actions;)
        if (at->kind == ACTION_SCRIPT)
            return at->step != action->step;
    return true;
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
        ids[count++] = guard_of(session);
    struct io_op *begin = session_add_query(session, ids, count);
    session->work.batch_end = session->work.cursor;
    begin->op.tx_after = TX_INSIDE;
    if (begins_revision(session, &session->work.todo.actions[session->work.cursor]))
        begin->op.flags |= OP_BEGINS_REVISION;
    if (joins)
        make_script(session, begin);
    return ASKED_OPS;
}

/* ---- a batch of actions ----------------------------------------------------------------------- */

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
    if (action->is_in_transaction && session->dialect->sql[guard_of(session)])
        op->prepare = actions_prepare_script;
}

/* Where nothing of a message runs after what fails, a query of ours can fail by itself, so that others may follow it in
 * its message. */
static void set_verify(struct session *session, struct io_op *op, const struct action *action)
{
    const struct dialect *dialect = session->dialect;
    bool fails_by_itself = action->verify->fault && session->driver->traits & DRIVER_JOINS_ALL &&
                           dialect->sql[SQL_SCRIPT_VERIFY];
    struct buf buf;
    op->needs_rows = !fails_by_itself;
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
        if (begins_revision(session, action))
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
static bool has_unit_left(const struct session *session)
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
        .guard = guard_of(session),
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
    *ARENA_PUSH(&session->arena, session->result.steps, session->result.recorded_count,
                session->result.capacity) = (struct step_done){
        .revision = action->step->revision,
        .direction = action->step->direction,
        .statements = (uint32_t)action->statements,
        .duration_ms = session->work.step_ms,
        .batches = session->repeat.count.batches,
        .rows = session->repeat.count.rows,
    };
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
    if (session->state == SESSION_BEGIN && is_of_joined(op)) {
        locate(session, session_action_of(op + 1), op + 1, &err);
        return session_fail(session, &err);
    }
    return session_blame(session, op, op);
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
    if (has_unit_left(session))
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
