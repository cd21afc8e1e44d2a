/* What each state makes of the database's answer, and so which state comes next. */
#include "rollout/session_private.h"

#include "rollout/history.h"

enum { RESOLVE_ATTEMPTS = 8 };

/* ---- connecting ---------------------------------------------------------------------------- */

enum session_state answer_link(struct session *session)
{
    return session->is_creating ? SESSION_CREATE : SESSION_CONNECT;
}

enum session_state answer_connect(struct session *session)
{
    session->vars.backend_pid = io_info(session->io)->backend_pid;
    session->vars.sets_parser = io_info(session->io)->reads_oddly;
    (void)link_note_connected(session->link, &err_none);
    session->env->on_connected(session->env->ctx, session);
    return SESSION_LOCK;
}

/* A run that only looks treats a database that an upgrade would make as an empty one. */
static enum session_state take_for_empty(struct session *session)
{
    session->from.is_known = session->versions.is_known = true;
    session->has_schema = true;
    return session->env->request->verb->only_looks ? SESSION_CLOSE : SESSION_PLAN;
}

/* A rollback makes no database, but for a copy to be put there. Where there was nothing before, it is over. */
static bool makes_nothing(struct session *session)
{
    const struct session_env *env = session->env;
    return env->is_back(env->ctx) && !env->restore(env->ctx, session);
}

enum session_state error_connect(struct session *session, const struct io_op *op)
{
    const struct session_env *env = session->env;
    bool is_missing = op->answer.is_missing && session->tenant->settings->create;
    if (is_missing && !request_changes(env->request))
        return take_for_empty(session);
    if (is_missing && makes_nothing(session)) {
        bool was_empty = env->is_as_before(env->ctx, session, &(struct rows){.is_known = true});
        return was_empty ? SESSION_CLOSE : session_fail(session, io_op_err(op));
    }
    if (is_missing) {
        session->after_close = SESSION_INTENT;
        return SESSION_CLOSE;
    }
    if (!link_note_connected(session->link, io_op_err(op)))
        session->env->on_not_refused(session->env->ctx, session);
    return session_fail(session, io_op_err(op));
}

enum session_state answer_create(struct session *session)
{
    session->after_close = SESSION_LINK;
    return SESSION_CLOSE;
}

enum session_state error_create(struct session *session, const struct io_op *op)
{
    const char *code = session->driver->dialect->code_database_exists;
    bool is_there =
        code && strcmp(io_op_err(op)->code, code) == 0; /* another run made it meanwhile */
    return is_there ? answer_create(session) : session_fail(session, io_op_err(op));
}

/* A connection that another tenant left may have died since: that does not count as a failure. */
static bool died_unused(struct session *session, const struct io_op *op)
{
    if (!session->is_reused || !io_op_err(op)->is_connection_lost)
        return false;
    session->is_reused = false;
    session->after_close = SESSION_LINK;
    return true;
}

enum session_state error_lock(struct session *session, const struct io_op *op)
{
    if (died_unused(session, op))
        return SESSION_CLOSE;
    if (op->answer.is_pooled)
        return SESSION_LOCK;
    bool is_held =
        io_op_err(op)->kind == ERR_LOCK && !op->answer.is_locked && !io_op_err(op)->code[0];
    uint64_t patience_ms = session->tenant->settings->lock_timeout_ms;
    if (is_held && session->lock_waited_ms < patience_ms &&
        session->env->may_wait(session->env->ctx))
        return SESSION_LOCK_WAIT;
    return session_fail(session, io_op_err(op));
}

enum session_state error_look(struct session *session, const struct io_op *op)
{
    const struct adoption *adoption = session->env->adoption;
    struct err err = *io_op_err(op);
    if (died_unused(session, op))
        return SESSION_CLOSE;
    if (adoption && session->state == SESSION_READ && op == session_look_op(session, LOOK_FOREIGN))
        err_prefix(&err, "reading %s's table '%s'", adoption->name, adoption->table);
    return session_fail(session, &err);
}

/* ---- looking ------------------------------------------------------------------------------- */

/* The inventory knows a database by its URL, which may be one of several names. NULL: no other tenant of this
 * run has it. */
static const struct tenant *find_twin(struct session *session)
{
    const struct io_op *op = session_look_op(session, LOOK_IDENTITY);
    const char *database = op && op->answer.rows.row_count ? io_op_value(op, 0, 0) : NULL;
    if (!database)
        return NULL;
    const char *schema = session->vars.schema ? session->vars.schema : "";
    const char *key = arena_printf(&session->arena, "%s/%s", database, schema);
    return session->env->claim(session->env->ctx, session, key);
}

/* Where the tenant's tables are. */
static void take_place(struct session *session)
{
    struct io_view view = {session->ops, session->op_count, io_info(session->io), false};
    struct place place = look_place(&session->look, &view, &session->arena);
    session->has_schema = place.has_schema;
    session->has_version_table = place.has_version_table;
    session->has_history = place.has_history;
    session->vars.schema = place.schema;
    session->vars.search_path = place.search_path;
    session->vars.watches_client = place.watches_client;
    if (place.is_pooled)
        io_set_pooled(session->io);
}

enum session_state answer_inspect(struct session *session)
{
    struct err err;
    take_place(session);
    bool may_create = session->tenant->settings->create && session->tenant->schema;
    const struct tenant *twin = find_twin(session);
    session->is_reused = false;
    if (twin) {
        err_set(&err, ERR_CONFIG, "it is the same database as that of tenant '%s'", twin->name);
        return session_fail(session, &err);
    }
    if (session->has_schema || may_create)
        return SESSION_READ;
    if (session->tenant->schema)
        err_set(&err, ERR_CONFIG, "schema '%s' does not exist ('create: true' would make it)",
                session->tenant->schema);
    else
        err_set(
            &err, ERR_CONFIG,
            "the search_path of the role or the database names no schema that exists and that the role may use: "
            "give the tenant's 'schema'");
    return session_fail(session, &err);
}

/* The table may hold anything: report and ledger take no more of it than could be ids. */
static bool take_versions(struct session *session, const struct io_op *op, struct err *err)
{
    enum { ROWS_MOST = 10000, ID_MOST = 255, SHOWN = 40 };
    const char **ids = arena_calloc(&session->arena, op->answer.rows.row_count, sizeof *ids);
    if (op->answer.rows.row_count > ROWS_MOST)
        return err_set(err, ERR_DRIFT,
                       "its version table has more than %d rows, which are no revisions: delete "
                       "what does not belong there",
                       ROWS_MOST);
    for (size_t i = 0; i < op->answer.rows.row_count; i++) {
        ids[i] = io_op_value(op, i, 0) ? io_op_value(op, i, 0) : "";
        if (strlen(ids[i]) > ID_MOST)
            return err_set(err, ERR_DRIFT,
                           "its version table has a row of more than %d bytes, '%.*s…', which is "
                           "no revision: delete that row",
                           ID_MOST, SHOWN, ids[i]);
    }
    session->seen = rows_sorted(&session->arena, ids, op->answer.rows.row_count);
    return true;
}

static void take_history(struct session *session, const struct io_op *op)
{
    const struct grid *rows = &session->history;
    session->history = op->answer.rows;
    session->unfinished = history_unfinished(rows);
    session->history_id = history_last_id(rows);
    session->has_probed = false;
    session->half_done = session->unfinished.statements;
    /* until a mark or a record is written */
    session->is_half_open = session->unfinished.revision != NULL;
    session->found = (struct probe_findings){0};
    if (session->refused && session->unfinished.statements + 1 == session->refused &&
        strcmp(session->unfinished.run_id, session->env->run_id) == 0)
        session->unfinished.is_running = false;
    session->refused = 0;
    session->is_begun = session->unfinished.is_running || session->unfinished.is_begun;
    if (history_check_files(rows, session->env->chain, &session->drift))
        session->drift.kind = ERR_NONE;
}

static void take_foreign(struct session *session, const struct io_op *op)
{
    session->foreign = op->answer.rows;
}

enum session_state answer_read(struct session *session)
{
    struct err err;
    if (!take_versions(session, session_look_op(session, LOOK_VERSIONS), &err))
        return session_fail(session, &err);
    if (session->look.reads_history)
        take_history(session, session_look_op(session, LOOK_HISTORY));
    if (session->look.adoption)
        take_foreign(session, session_look_op(session, LOOK_FOREIGN));
    if (!session->from.is_known)
        session->from = session->versions = session->seen;
    if (session->is_resolving)
        return SESSION_RESOLVE;
    return session->env->request->verb->only_looks ? SESSION_RELEASE : SESSION_PLAN;
}

/* ---- deciding ------------------------------------------------------------------------------ */

/* The steps recorded so far are the database's now. */
static void take_commit(struct session *session)
{
    session->versions = session->expected;
    session->done_count = session->recorded_count;
    for (; session->cursor < session->batch_end; session->cursor++) {
        const struct action *action = &session->work.actions[session->cursor];
        session->is_half_open = action->kind == ACTION_START;
        if (action->kind == ACTION_MARK)
            session->half_done = action->statements;
        if (action->kind == ACTION_RECORD)
            session->half_done = 0;
        session->is_begun = false;
    }
}

/* Under the lock no other session can change the tenant, not even our own orphan: what is read stays so. */
enum session_state answer_resolve(struct session *session)
{
    session->is_resolving = false;
    if (rows_are_equal(&session->seen, &session->expected) &&
        !rows_are_equal(&session->seen, &session->versions))
        take_commit(session);
    return SESSION_PLAN;
}

enum session_state next_work(struct session *session)
{
    bool is_pooled = io_info(session->io)->is_pooled;
    if (session->cursor == session->work.count)
        return is_pooled && io_is_in_transaction(session->io) ? SESSION_ROLLBACK : SESSION_RELEASE;
    /* The lock went with the transaction: take it and look again. */
    if (is_pooled && !io_is_in_transaction(session->io))
        return SESSION_LOCK;
    bool is_transactional = session->work.actions[session->cursor].is_in_transaction;
    return is_transactional ? SESSION_BEGIN : SESSION_SETUP;
}

/* ---- working ------------------------------------------------------------------------------- */

static void note_step(struct session *session, const struct action *action)
{
    *ARENA_PUSH(&session->arena, session->done, session->recorded_count, session->done_capacity) =
        (struct step_done){
            .revision = action->step->revision,
            .direction = action->step->direction,
            .statements = (uint32_t)action->statements,
            .duration_ms = session->step_ms,
        };
    session->step_ms = 0;
}

/* Adds up what the batch's finished actions have taken, and notes the steps they record. */
static void note_actions(struct session *session, size_t end)
{
    const struct io_op *op = session->ops;
    for (size_t i = session->acting.begin; i < end; i++) {
        const struct action *action = &session->work.actions[i];
        while (!action_is_deferred(action) && op->owner != action)
            op++;
        if (action->kind == ACTION_SCRIPT)
            session->step_ms += op->answer.duration_ms;
        if (action->kind == ACTION_RECORD)
            note_step(session, action);
    }
}

enum session_state answer_apply(struct session *session)
{
    note_actions(session, session->batch_end);
    session->has_schema = session->has_version_table = session->has_history = true;
    return SESSION_COMMIT;
}

/* The history rows that the batch has added count from now on. */
static void take_history_id(struct session *session)
{
    session->history_id +=
        actions_count(session->work.actions, session->cursor, session->batch_end);
}

enum session_state answer_commit(struct session *session)
{
    take_history_id(session);
    take_commit(session);
    return next_work(session);
}

enum session_state answer_statements(struct session *session)
{
    note_actions(session, session->batch_end);
    session->expected = session->versions;
    take_history_id(session);
    take_commit(session);
    return next_work(session);
}

/* Says where in the revision's file a failed op stands. */
static void locate(struct session *session, const struct action *action, const struct io_op *op,
                   struct err *err)
{
    const struct revision *revision = action->step->revision;
    session->err_revision = revision;
    bool lacks_row = op->answer.rows_seen == 0 && err->kind == ERR_SQL && !err->code[0];
    if (action->kind == ACTION_VERIFY && action->verify->fault) {
        if (lacks_row) {
            err_set(err, ERR_SQL, "%s", action->verify->fault);
            err->trouble = TROUBLE_CONFLICT; /* another tenant of the run may be at it */
        }
        err_set_place(err, revision->path, action->verify->line);
        session->err_statement = piece_line_text(&session->arena, action->piece, err->line);
        return;
    }
    if (action->kind == ACTION_VERIFY) {
        err_set_place(err, revision->path, action->verify->line);
        session->err_statement = action->verify->sql;
        return;
    }
    if (action->kind == ACTION_WATCH || action->kind == ACTION_CHECK) {
        err_set_place(err, revision->path, action->script->breaking_line);
        return;
    }
    if (action->kind != ACTION_SCRIPT) {
        err_prefix(err, "recording %s", revision ? revision->id : "the stamp");
        return;
    }
    err_set_place(err, revision->path,
                  piece_line(action->piece, io_op_err(op)->offset, op->answer.statements_done));
    session->err_statement = piece_line_text(&session->arena, action->piece, err->line);
}

/* Only the guard follows a piece in its message. If all the piece's statements succeeded and the op failed, the
 * guard failed: the revision has ended our transaction. */
static bool ended_transaction(const struct session *session, const struct action *action,
                              const struct io_op *op)
{
    bool is_guarded = action->kind == ACTION_SCRIPT && action->is_in_transaction &&
                      session->driver->dialect->sql[SQL_GUARD];
    return op->answer.is_tx_broken ||
           (is_guarded && io_op_err(op)->kind == ERR_SQL &&
            op->answer.statements_done >= action->piece->statement_count);
}

/* Statements outside a transaction: those before the failed one stand, and are marked. */
static enum session_state stop_statements(struct session *session, size_t failed,
                                          const struct io_op *op)
{
    note_actions(session, failed);
    for (; session->cursor < failed; session->cursor++)
        if (session->work.actions[session->cursor].kind == ACTION_MARK)
            session->half_done = session->work.actions[session->cursor].statements;
    const struct action *action = &session->work.actions[failed];
    enum action_kind kind = action->kind;
    bool is_ours = kind == ACTION_START || kind == ACTION_MARK || kind == ACTION_RECORD;
    bool can_mark = !is_ours && !io_is_broken(session->io);
    session->is_begun = false;
    if (kind == ACTION_SCRIPT)
        return session_look_after(session, action, op);
    session->is_half_open = !can_mark;
    return can_mark ? SESSION_MARK : SESSION_CLOSE;
}

/* If the server could not parse the message, or never answered it, the joined script is to blame, and not our
 * BEGIN that it travelled with. */
static bool is_of_joined(const struct io_op *op)
{
    bool was_unreadable = io_op_err(op)->kind == ERR_SQL && !op->answer.statements_done;
    bool was_unanswered = io_op_err(op)->is_connection_lost && !io_op_err(op)->code[0];
    return op->op.joined && (was_unreadable || was_unanswered);
}

enum session_state error_work(struct session *session, const struct io_op *op)
{
    struct err err = *io_op_err(op);
    if (session->state == SESSION_BEGIN && is_of_joined(op))
        locate(session, session_action_of(op + 1), op + 1, &err);
    const struct action *action = session_action_of(op);
    if (!action)
        return session_fail(session, &err);
    locate(session, action, op, &err);
    if (ended_transaction(session, action, op)) {
        session->is_partial = true;
        err.is_transient = false;
        err.said = NULL;
        snprintf(err.text, sizeof err.text,
                 "the revision ended skein's transaction itself: what it did before that stands");
    }
    session->step_ms = 0;
    enum session_state next = session_fail(session, &err);
    return session->state == SESSION_STATEMENTS && next != SESSION_ROLLBACK
               ? stop_statements(session, (size_t)(action - session->work.actions), op)
               : next;
}

/* The history table goes on saying that the statement runs. */
enum session_state error_mark(struct session *session, const struct io_op *op)
{
    session->is_half_open = true;
    return session_fail(session, io_op_err(op));
}

/* No answer is neither yes nor no: it is looked up. An answer that says no is a failure. */
enum session_state error_commit(struct session *session, const struct io_op *op)
{
    session->is_resolving = io_op_err(op)->is_connection_lost;
    session->resolve_attempts = 0;
    session->doubt = (struct retry_history){0};
    struct err err = *io_op_err(op);
    err_prefix(&err, "committing");
    return session_fail(session, &err);
}

/* ---- the way out --------------------------------------------------------------------------- */

/* For how long it fails, and its server is in trouble, without the time that it waited for a place. */
static void measure(struct session *session, struct retry_history *history)
{
    uint64_t now_ns = uv_hrtime() - session->stalled_ns;
    if (!session->failing_ns)
        session->failing_ns = now_ns;
    if (!session->trouble_ns)
        session->trouble_ns = now_ns;
    history->failing_ms = (now_ns - session->failing_ns) / 1000000;
    history->trouble_ms = (now_ns - session->trouble_ns) / 1000000;
}

static bool may_retry(struct session *session)
{
    const struct session_env *env = session->env;
    const struct settings *settings = session->tenant->settings;
    struct retry_history *history = session->is_resolving ? &session->doubt : &session->tries;
    struct retry_limits limits = {settings->retries, settings->retry_timeout_ms};
    if (session->is_cancelled || session->is_partial)
        return false;
    measure(session, history);
    env->weigh(env->ctx, session, &session->err, history);
    struct err err = session->err;
    if (session->is_resolving) { /* asking again is always right, but not for ever */
        session->resolve_attempts++;
        if (limits.retries < RESOLVE_ATTEMPTS)
            limits.retries = RESOLVE_ATTEMPTS;
        err.is_transient = true;
    }
    /* A run that stops looks once how a commit ended: what is in flight finishes. */
    bool may_wait =
        env->may_wait(env->ctx) || (session->is_resolving && session->resolve_attempts == 1);
    return may_wait && retry_decide(&err, history, &limits, env->random(env->ctx), &session->retry);
}

enum session_state answer_close(struct session *session)
{
    enum session_state next = session->after_close;
    session->after_close = SESSION_DONE;
    if (next != SESSION_DONE)
        return next;
    if (session->err.kind == ERR_NONE || !may_retry(session))
        return SESSION_DONE;
    return SESSION_BACKOFF;
}
