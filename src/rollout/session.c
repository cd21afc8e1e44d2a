#include "rollout/session_private.h"

#include "base/failpoint.h"
#include "base/url.h"

enum { OPS_AT_FIRST = 6 }; /* enough to look at a tenant that has nothing to do */

/* ---- the table ----------------------------------------------------------------------------- */

struct state_row {
    const char *name;
    const char *does;
    enum asked (*ask)(struct session *session);            /* NULL: nothing to ask */
    enum session_state (*answer)(struct session *session); /* NULL: `next` */
    enum session_state (*on_error)(struct session *session, const struct op *op); /* NULL: fail */
    enum session_state next;
    bool joins_next;     /* its ops travel in one batch with those of `next` */
    bool is_cancellable; /* not entered any more once the session is cancelled */
};

static const struct state_row states[SESSION__COUNT] = {
    [SESSION_RESOLVE_HOST] = {"resolve_host", "looks the server's host name up, off the loop",
                              ask_host, NULL, NULL, SESSION_PASSWORD, false, true},
    [SESSION_PASSWORD] = {"password", "reads the password's file or runs its command, on a thread",
                          ask_password, NULL, NULL, SESSION_CONNECT, false, true},
    [SESSION_CONNECT] = {"connect", "takes a connection that another tenant left, or makes one",
                         ask_connect, answer_connect, error_connect, SESSION_LOCK, true, true},
    [SESSION_LOCK] = {"lock", "tries to take the tenant's lock; a run that only looks takes none",
                      ask_lock, NULL, error_lock, SESSION_INSPECT, true, true},
    [SESSION_LOCK_WAIT] = {"lock_wait", "waits a little, with no transaction open", ask_lock_wait,
                           NULL, NULL, SESSION_LOCK, false, true},
    [SESSION_INSPECT] = {"inspect", "asks where the version and history tables are", ask_inspect,
                         answer_inspect, error_look, SESSION_READ, true, true},
    [SESSION_READ] = {"read", "reads both tables, under the lock", ask_read, answer_read,
                      error_look, SESSION_PLAN, false, true},
    [SESSION_RESOLVE] = {"resolve",
                         "decides by the rows read whether a commit without answer came "
                         "through",
                         NULL, answer_resolve, NULL, SESSION_PLAN, false, false},
    [SESSION_PLAN] = {"plan", "computes what is left to do", NULL, answer_plan, NULL, SESSION_BEGIN,
                      false, true},
    [SESSION_PROBE] = {"probe",
                       "asks the author's query or the catalog whether a statement took effect "
                       "that was under way when its run died, "
                       "and what one left that failed",
                       ask_probe, answer_probe, error_probe, SESSION_PLAN, false, true},
    [SESSION_EVIDENCE] = {"evidence",
                          "asks whether any of the tables is there that a stamp's revisions make",
                          ask_evidence, answer_evidence, NULL, SESSION_PLAN, false, true},
    [SESSION_SETTLE] = {"settle", "writes down what a person has found out about such a statement",
                        ask_settle, answer_settle, NULL, SESSION_RELEASE, false, true},
    [SESSION_INTENT] = {"intent",
                        "has what is about to be done written down, and waits until it is durable",
                        ask_intent, answer_intent, NULL, SESSION_BEGIN, false, true},
    [SESSION_SNAPSHOT] = {"snapshot", "copies the database, before anything is changed",
                          ask_snapshot, answer_snapshot, NULL, SESSION_BEGIN, false, true},
    [SESSION_RESTORE] = {"restore", "puts the copy back", ask_restore, answer_restore,
                         error_restore, SESSION_INSPECT, false, false},
    [SESSION_BEGIN] = {"begin", "begins a transaction, and makes what tables of ours are missing",
                       ask_begin, NULL, error_work, SESSION_APPLY, true, true},
    [SESSION_APPLY] = {"apply", "runs sections and records steps, up to the end of the transaction",
                       ask_apply, answer_apply, error_work, SESSION_COMMIT, false, false},
    [SESSION_COMMIT] = {"commit", "commits; no answer leads to resolve, never to failed",
                        ask_commit, answer_commit, error_commit, SESSION_DONE, false, true},
    [SESSION_SETUP] = {"setup", "sets the session up for statements outside a transaction",
                       ask_setup, NULL, error_setup, SESSION_STATEMENTS, true, true},
    [SESSION_STATEMENTS] = {"statements", "runs statements one by one, each with its checkpoint",
                            ask_statements, answer_statements, error_work, SESSION_DONE, false,
                            false},
    [SESSION_LOOK] = {"look", "asks the catalog what a statement left that failed", ask_look,
                      answer_look, error_look_after, SESSION_MARK, false, false},
    [SESSION_REPAIR] = {"repair", "takes away what it left", ask_repair, answer_repair,
                        error_look_after, SESSION_MARK, false, false},
    [SESSION_MARK] = {"mark", "notes in the history table which statement failed", ask_mark, NULL,
                      error_mark, SESSION_CLOSE, false, false},
    [SESSION_ROLLBACK] = {"rollback", "rolls the transaction back", ask_rollback, NULL, NULL,
                          SESSION_CLOSE, false, false},
    [SESSION_CREATE] = {"create", "creates the database, connected to the server's own one",
                        ask_create, answer_create, error_create, SESSION_CLOSE, false, true},
    [SESSION_RELEASE] = {"release",
                         "makes the connection like new for another tenant of the database",
                         ask_release, answer_release, NULL, SESSION_CLOSE, false, false},
    [SESSION_CLOSE] = {"close", "closes the connection, and with it all locks", ask_close,
                       answer_close, NULL, SESSION_DONE, false, false},
    [SESSION_BACKOFF] = {"backoff", "waits before the next attempt, longer each time", ask_backoff,
                         NULL, NULL, SESSION_TURN, false, false},
    [SESSION_TURN] = {"turn", "waits until it has a place among those at work again", ask_turn,
                      NULL, NULL, SESSION_RESOLVE_HOST, false, false},
    [SESSION_DONE] = {"done", "tells the outcome", NULL, NULL, NULL, SESSION_DONE, false, false},
};

bool session_state_doc(size_t index, struct session_state_doc *ret_doc)
{
    if (index >= SESSION__COUNT)
        return false;
    const struct state_row *row = &states[index];
    *ret_doc = (struct session_state_doc){.name = row->name,
                                          .does = row->does,
                                          .next = states[row->next].name,
                                          .decides = row->answer != NULL,
                                          .is_last = index == SESSION_DONE,
                                          .joins_next = row->joins_next,
                                          .has_error_edge = row->on_error != NULL};
    return true;
}

/* ---- the engine ---------------------------------------------------------------------------- */

void session_reserve_ops(struct session *session, size_t count)
{
    size_t capacity = session->op_count + count;
    if (capacity <= session->op_capacity)
        return;
    struct op *ops = arena_calloc(&session->arena, capacity, sizeof *ops);
    memcpy(ops, session->ops, session->op_count * sizeof *ops);
    session->ops = ops;
    session->op_capacity = capacity;
}

struct op *session_add_op(struct session *session, enum op_kind kind)
{
    struct op *op =
        ARENA_PUSH(&session->arena, session->ops, session->op_count, session->op_capacity);
    *op = (struct op){
        .kind = kind,
        .arena = &session->arena,
        .lock_timeout_ms = session->tenant->settings->lock_timeout_ms,
        .statement_timeout_ms = session->tenant->settings->statement_timeout_ms,
        .prepare_ctx = session,
        .notices = &session->notices,
    };
    return op;
}

enum session_state session_fail(struct session *session, const struct err *err)
{
    if (session->err.kind == ERR_NONE)
        session->err = *err;
    if (session->io && !io_is_broken(session->io) && io_is_in_transaction(session->io) &&
        session->state != SESSION_ROLLBACK)
        return SESSION_ROLLBACK;
    return SESSION_CLOSE;
}

struct op *session_op_of(const struct session *session, enum session_state state)
{
    for (size_t i = 0; i < session->joined_count; i++)
        if (session->joined[i].state == state)
            return &session->ops[session->joined[i].first_op];
    return NULL;
}

/* The op of a joined state that failed, or NULL. */
static const struct op *failed_op(const struct session *session, size_t joined)
{
    size_t end = joined + 1 < session->joined_count ? session->joined[joined + 1].first_op
                                                    : session->op_count;
    size_t finished = session->op_count ? io_finished(session->io) : 0;
    for (size_t i = session->joined[joined].first_op; i < end && i < finished; i++)
        if (op_err(&session->ops[i])->kind != ERR_NONE)
            return &session->ops[i];
    return NULL;
}

static enum session_state settle_one(struct session *session, size_t joined)
{
    session->state = session->joined[joined].state;
    const struct state_row *row = &states[session->state];
    const struct op *failed = failed_op(session, joined);
    if (failed && row->on_error)
        return row->on_error(session, failed);
    if (failed && session->state == SESSION_CLOSE)
        return SESSION_DONE;
    if (failed)
        return session_fail(session, op_err(failed));
    return row->answer ? row->answer(session) : row->next;
}

/* The answers of the joined states in their order; the first that leaves the common way decides. */
static enum session_state settle(struct session *session)
{
    enum session_state next = SESSION_DONE;
    for (size_t i = 0; i < session->joined_count; i++) {
        next = settle_one(session, i);
        bool is_last = i + 1 == session->joined_count;
        if (!is_last && next != session->joined[i + 1].state)
            break;
    }
    return next;
}

static void on_batch(void *ctx)
{
    struct session *session = ctx;
    size_t finished = io_finished(session->io);
    struct op *last = finished ? &session->ops[finished - 1] : NULL;
    bool has_failed = last && op_err(last)->kind != ERR_NONE;
    blockers_end(session->blockers, has_failed ? op_make_err(last) : NULL);
    session_go(session, settle(session));
}

/* Asks for a state and those that join it. */
static enum asked ask(struct session *session, enum session_state state)
{
    session->op_count = 0;
    session->joined_count = 0;
    for (;;) {
        const struct state_row *row = &states[state];
        session->state = state;
        (void)failpoint(row->name);
        session->joined[session->joined_count++] =
            (struct joined){.state = state, .first_op = session->op_count};
        enum asked asked = row->ask ? row->ask(session) : ASKED_OPS;
        if (asked != ASKED_OPS || !row->joins_next)
            return asked;
        state = row->next;
    }
}

static void finish(struct session *session);

static void watch(struct session *session)
{
    struct conn_params params = session_params(session);
    blockers_begin(session->blockers, session->io, &params);
}

/* The only place where the state changes. */
void session_go(struct session *session, enum session_state state)
{
    while (state != SESSION_DONE) {
        if (session->is_cancelled && states[state].is_cancellable) {
            struct err err;
            err_set(&err, ERR_CANCELLED, "cancelled");
            session->state = state;
            session->err = session->err.kind == ERR_NONE ? err : session->err;
            state = session_fail(session, &err);
            continue;
        }
        if (ask(session, state) != ASKED_OPS)
            return;
        if (session->op_count) {
            watch(session);
            io_run(session->io, session->ops, session->op_count, on_batch, session);
            return;
        }
        state = settle(session);
    }
    session->state = SESSION_DONE;
    finish(session);
}

/* ---- outcome ------------------------------------------------------------------------------- */

static bool is_half_done(const struct session *session)
{
    return session->is_partial || session->half_done || session->is_half_open || session->is_begun;
}

static enum tenant_state final_state(struct session *session)
{
    if (session->is_resolving)
        return TENANT_IN_DOUBT;
    if (session->err.kind != ERR_NONE)
        return is_half_done(session) ? TENANT_PARTIAL : TENANT_FAILED;
    bool would_restore =
        session->env->goal == GOAL_PLAN && session->env->restore(session->env->ctx, session);
    return session->done_count || would_restore ? TENANT_SUCCEEDED : TENANT_UNCHANGED;
}

/* Is something of ours committed there, as far as can be known? */
static bool has_changed(const struct session *session)
{
    return session->done_count || is_half_done(session) || session->is_resolving;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct session *session = handle->data;
    bool is_plan =
        session->env->goal == GOAL_PLAN && session->plan && session->err.kind == ERR_NONE;
    struct outcome outcome = {
        .state = final_state(session),
        .has_changed = session->env->goal == GOAL_RUN && has_changed(session),
        .from = session->from,
        .to = is_plan                 ? session->plan->to
              : session->is_resolving ? (struct rows){0}
                                      : session->versions,
        .steps = session->done,
        .step_count = session->done_count,
        .attempts = session->attempts,
        .duration_ms = (double)(uv_hrtime() - session->started_ns) / 1e6,
        .error = session->err.kind == ERR_NONE ? NULL : &session->err,
        .error_revision = session->err_revision,
        .error_statement = session->err_statement,
        .notices = session->notices.count ? &session->notices : NULL,
    };
    session->env->on_finished(session->env->ctx, session, &outcome);
}

static void finish(struct session *session)
{
    session->is_finished = true;
    blockers_free(session->blockers);
    uv_close((uv_handle_t *)&session->timer, on_timer_closed);
}

/* ---- from outside -------------------------------------------------------------------------- */

struct session *session_start(const struct session_env *env, const struct tenant *tenant,
                              size_t index)
{
    struct session *session = xcalloc(1, sizeof *session);
    arena_init(&session->arena);
    session->op_capacity = OPS_AT_FIRST;
    session->ops = arena_calloc(&session->arena, OPS_AT_FIRST, sizeof *session->ops);
    session->env = env;
    session->tenant = tenant;
    session->index = index;
    session->driver = driver_find(tenant->url.dialect);
    session->attempts = 1;
    session->after_close = SESSION_DONE;
    session->started_ns = uv_hrtime();
    session->vars = (struct sql_vars){
        .version_table = env->version_table,
        .asked_schema = tenant->schema,
        .run_id = env->run_id,
        .lock_timeout_ms = tenant->settings->lock_timeout_ms,
        .statement_timeout_ms = tenant->settings->statement_timeout_ms,
        .settings = tenant->settings->session,
        .setting_count = tenant->settings->session_count,
    };
    uv_timer_init(env->loop, &session->timer);
    session->timer.data = session;
    session->blockers = blockers_new(env->loop, session->driver, tenant->settings);
    session_go(session, SESSION_RESOLVE_HOST);
    return session;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    arena_done(&session->arena);
    free(session);
}

void session_job_done(struct session *session, const char *result, const struct err *err)
{
    if (err) {
        if (session->state == SESSION_PASSWORD)
            session->env->on_no_password(session->env->ctx, session);
        session_go(session, session_fail(session, err));
        return;
    }
    if (session->state == SESSION_RESOLVE_HOST)
        session->addresses = result;
    if (session->state == SESSION_PASSWORD)
        session->password = result;
    session_go(session, settle_one(session, 0));
}

static bool is_waiting(const struct session *session)
{
    return session->state == SESSION_BACKOFF || session->state == SESSION_TURN ||
           session->state == SESSION_LOCK_WAIT;
}

/* A session that was told to stop waiting may be ending: then its turn comes too late. */
void session_take_turn(struct session *session)
{
    if (session->state != SESSION_TURN)
        return;
    session->is_parked = false;
    session->stalled_ns += uv_hrtime() - session->due_ns;
    session_go(session, SESSION_RESOLVE_HOST);
}

void session_stop_waiting(struct session *session)
{
    struct err err;
    bool is_first_look = session->is_resolving && session->resolve_attempts == 1;
    if (session->is_finished || !is_waiting(session) || (is_first_look && !session->is_cancelled))
        return;
    uv_timer_stop(&session->timer);
    err_set(&err, ERR_CANCELLED, "the run was stopped while this tenant waited");
    if (session->err.kind == ERR_NONE)
        session->err = session->last_err.kind == ERR_NONE ? err : session->last_err;
    session->err.is_transient = false;
    session_go(session, SESSION_CLOSE);
}

void session_cancel(struct session *session)
{
    if (session->is_finished)
        return;
    session->is_cancelled = true;
    if (is_waiting(session))
        session_stop_waiting(session);
    else if (session->io && session->state != SESSION_COMMIT &&
             session->state != SESSION_ROLLBACK && session->state != SESSION_MARK &&
             session->state != SESSION_CLOSE)
        io_cancel(session->io);
}

const char *session_begun(const struct session *session)
{
    return session->unfinished.revision;
}

const struct op *session_history(const struct session *session)
{
    return &session->history;
}

const struct foreign_rows *session_foreign(const struct session *session)
{
    return &session->foreign;
}

uint32_t session_backend_pid(const struct session *session)
{
    const struct conn_info *info = session->io ? io_info(session->io) : NULL;
    return info && !info->is_pooled ? info->backend_pid : 0;
}

const struct tenant *session_tenant(const struct session *session)
{
    return session->tenant;
}

size_t session_index(const struct session *session)
{
    return session->index;
}

const char *session_state_now(const struct session *session)
{
    return states[session->state].name;
}
