#include "dialect/scripts.h"
#include "rollout/session_private.h"

#include <stdatomic.h>

#include "event/standing_place.h"
#include "base/failpoint.h"
#include "base/url.h"

enum { OPS_AT_FIRST = 6 }; /* enough to look at a tenant that has nothing to do */

/* ---- the table ----------------------------------------------------------------------------- */

static const struct state_row row_done = {.name = "done", .does = "tells the outcome"};

/* Each row stands with its state's functions, in the file of its phase. */
static const struct state_row *const states[SESSION__COUNT] = {
    [SESSION_LINK] = &row_link,           [SESSION_CONNECT] = &row_connect,
    [SESSION_LOCK] = &row_lock,           [SESSION_LOCK_WAIT] = &row_lock_wait,
    [SESSION_INSPECT] = &row_inspect,     [SESSION_READ] = &row_read,
    [SESSION_RESOLVE] = &row_resolve,     [SESSION_PLAN] = &row_plan,
    [SESSION_PROBE] = &row_probe,         [SESSION_EVIDENCE] = &row_evidence,
    [SESSION_SETTLE] = &row_settle,       [SESSION_INTENT] = &row_intent,
    [SESSION_SNAPSHOT] = &row_snapshot,   [SESSION_RESTORE] = &row_restore,
    [SESSION_BEGIN] = &row_begin,         [SESSION_APPLY] = &row_apply,
    [SESSION_COMMIT] = &row_commit,       [SESSION_REHEARSED] = &row_rehearsed,
    [SESSION_SETUP] = &row_setup,         [SESSION_STATEMENTS] = &row_statements,
    [SESSION_EASE] = &row_ease,           [SESSION_PAUSE] = &row_pause,
    [SESSION_BATCH] = &row_batch,         [SESSION_STEPS] = &row_steps,
    [SESSION_LOOK] = &row_look,           [SESSION_REPAIR] = &row_repair,
    [SESSION_MARK] = &row_mark,           [SESSION_ROLLBACK] = &row_rollback,
    [SESSION_CREATE] = &row_create,       [SESSION_VERIFY] = &row_verify,
    [SESSION_CATALOG] = &row_catalog,     [SESSION_WEIGH] = &row_weigh,
    [SESSION_PREFLIGHT] = &row_preflight, [SESSION_RELEASE] = &row_release,
    [SESSION_CLOSE] = &row_close,         [SESSION_BACKOFF] = &row_backoff,
    [SESSION_TURN] = &row_turn,           [SESSION_DONE] = &row_done,
};

bool session_state_doc(size_t index, struct session_state_doc *ret_doc)
{
    if (index >= SESSION__COUNT)
        return false;
    const struct state_row *row = states[index];
    *ret_doc = (struct session_state_doc){.name = row->name,
                                          .does = row->does,
                                          .next = row->next,
                                          .exits = row->exits,
                                          .error_exits = row->error_exits,
                                          .decides = row->answer != NULL,
                                          .joins_next = row->joins_next};
    return true;
}

/* ---- the edges ----------------------------------------------------------------------------- */

#ifdef SKEIN_FAILPOINTS
/* Test builds: an edge that the table does not have ends the program. Each other edge is written, once a process,
 * to the file that SKEIN_FAILPOINT_EDGES names. */
static void watch_edge(const struct session *session, enum session_state next, bool is_declared)
{
    static atomic_ullong seen[SESSION__COUNT];
    const char *path = getenv("SKEIN_FAILPOINT_EDGES");
    const char *from = states[session->state]->name;
    const char *to = next < SESSION__COUNT ? states[next]->name : "no state";
    if (!is_declared) {
        fprintf(stderr, "session: state '%s' led to '%s', which the table does not say\n", from,
                to);
        abort();
    }
    if (!path || atomic_fetch_or(&seen[session->state], UINT64_C(1) << next) & UINT64_C(1) << next)
        return;
    FILE *file = fopen(path, "ae");
    if (!file)
        return;
    fprintf(file, "%s %s\n", from, to);
    fclose(file);
}
#else
static void watch_edge(const struct session *session, enum session_state next, bool is_declared)
{
    (void)session, (void)next, (void)is_declared;
}
#endif

/* The edge that is about to be taken; one that the table does not have fails the tenant and no one else. */
static enum session_state take_edge(struct session *session, enum session_state next,
                                    state_set exits)
{
    bool is_declared = next < SESSION__COUNT && exits & UINT64_C(1) << next;
    struct err err;
    watch_edge(session, next, is_declared);
    if (is_declared)
        return next;
    err_set(&err, ERR_INTERNAL, "state '%s' cannot lead to state %d: this is a bug of skein's",
            states[session->state]->name, (int)next);
    if (session->result.err.kind == ERR_NONE)
        session->result.err = err;
    session->result.err.is_transient = false;
    session->conn.after_close = SESSION_DONE;
    return session->state == SESSION_CLOSE ? SESSION_DONE : SESSION_CLOSE;
}

/* ---- the engine ---------------------------------------------------------------------------- */

enum session_state session_fail(struct session *session, const struct err *err)
{
    if (session->result.err.kind == ERR_NONE)
        session->result.err = *err;
    if (session->conn.io && !io_is_broken(session->conn.io) &&
        io_is_in_transaction(session->conn.io) && session->state != SESSION_ROLLBACK)
        return SESSION_ROLLBACK;
    return SESSION_CLOSE;
}

/* The op of a joined state that failed, or NULL. */
static const struct io_op *failed_op(const struct session *session, size_t joined)
{
    size_t end = joined + 1 < session->batch.joined_count
                     ? session->batch.joined[joined + 1].first_op
                     : session->batch.count;
    size_t finished = session->batch.count ? io_finished(session->conn.io) : 0;
    for (size_t i = session->batch.joined[joined].first_op; i < end && i < finished; i++)
        if (io_op_err(&session->batch.ops[i])->kind != ERR_NONE)
            return &session->batch.ops[i];
    return NULL;
}

static enum session_state settle_one(struct session *session, size_t joined)
{
    session->state = session->batch.joined[joined].state;
    const struct state_row *row = states[session->state];
    const struct io_op *failed = failed_op(session, joined);
    if (!failed)
        return take_edge(session, row->answer ? row->answer(session) : row->next, row->exits);
    enum session_state next =
        row->on_error ? row->on_error(session, failed) : session_fail(session, io_op_err(failed));
    return take_edge(session, next, row->error_exits);
}

/* The answers of the joined states in their order; the first that leaves the common way decides. */
static enum session_state settle(struct session *session)
{
    enum session_state next = SESSION_DONE;
    for (size_t i = 0; i < session->batch.joined_count; i++) {
        next = settle_one(session, i);
        bool is_last = i + 1 == session->batch.joined_count;
        if (!is_last && next != session->batch.joined[i + 1].state)
            break;
    }
    return next;
}

static void enter(struct session *session, enum session_state state);

static void on_batch(void *ctx)
{
    struct session *session = ctx;
    size_t finished = io_finished(session->conn.io);
    struct io_op *last = finished ? &session->batch.ops[finished - 1] : NULL;
    bool has_failed = last && io_op_err(last)->kind != ERR_NONE;
    blockers_end(session->conn.blockers, has_failed ? op_make_err(&last->op) : NULL);
    enter(session, settle(session));
}

/* Asks for a state and those that join it. */
static enum asked ask(struct session *session, enum session_state state)
{
    session->batch.count = 0;
    session->batch.joined_count = 0;
    for (;;) {
        const struct state_row *row = states[state];
        session->state = state;
        (void)failpoint(row->name);
        session->batch.joined[session->batch.joined_count++] =
            (struct joined){.state = state, .first_op = session->batch.count};
        enum asked asked = row->ask ? row->ask(session) : ASKED_OPS;
        if (asked != ASKED_OPS || !row->joins_next)
            return asked;
        state = row->next;
    }
}

static void finish(struct session *session);

/* Asks for `state` and those that follow, until one waits or the session is done. Each step to a next state is held
 * to the table by take_edge. */
static void enter(struct session *session, enum session_state state)
{
    while (state != SESSION_DONE) {
        if (session->is_cancelled && states[state]->is_cancellable) {
            struct err err;
            err_set(&err, ERR_CANCELLED, "cancelled");
            session->state = state;
            session->result.err = session->result.err.kind == ERR_NONE ? err : session->result.err;
            state = take_edge(session, session_fail(session, &err), states[state]->error_exits);
            continue;
        }
        if (ask(session, state) != ASKED_OPS)
            return;
        if (session->batch.count) {
            blockers_begin(session->conn.blockers, session->conn.io);
            io_run(session->conn.io, session->batch.ops, session->batch.count, on_batch, session);
            return;
        }
        state = settle(session);
    }
    session->state = SESSION_DONE;
    finish(session);
}

void session_go_on(struct session *session)
{
    enter(session, settle_one(session, 0));
}

/* It will not come: on to the way out. */
static void session_stop(struct session *session, enum session_state way_out)
{
    enter(session, take_edge(session, way_out, states[session->state]->error_exits));
}

static void on_timer(uv_timer_t *timer)
{
    struct session *session = timer->data;
    const struct session_env *env = session->env;
    session_go_on(session);
    rollout_fill(env->run);
}

void session_start_timer(struct session *session, uint64_t delay_ms)
{
    uv_update_time(session->env->loop);
    uv_timer_start(&session->timer, on_timer, delay_ms, 0);
}

/* ---- outcome ------------------------------------------------------------------------------- */

static bool is_half_done(const struct session *session)
{
    return session->result.is_partial || session->doubt.half_done || session->doubt.is_half_open ||
           session->doubt.is_begun || session->repeat.count.batches;
}

static enum tenant_state final_state(struct session *session)
{
    bool rehearses = session->env->request->rehearses;
    if (rehearses && session->result.err.kind != ERR_NONE)
        return TENANT_FAILED;
    if (session->doubt.is_resolving)
        return TENANT_IN_DOUBT;
    if (session->result.err.kind != ERR_NONE)
        return is_half_done(session) ? TENANT_PARTIAL : TENANT_FAILED;
    bool would_restore = !request_changes(session->env->request) &&
                         rollout_copy_to_restore(session->env->run, session);
    return session->result.done_count || would_restore ? TENANT_SUCCEEDED : TENANT_UNCHANGED;
}

/* Is something of ours committed there, as far as can be known? */
static bool has_changed(const struct session *session)
{
    return session->result.done_count || is_half_done(session) || session->doubt.is_resolving;
}

/* The step that a run which only looks found half done. If the file is gone or broken, the number of its statements is not
 * known. */
static const struct half_step *found_half_done(struct session *session)
{
    const struct session_env *env = session->env;
    const struct unfinished *unfinished = &session->doubt.unfinished;
    if (request_changes(env->request) || !unfinished->revision)
        return NULL;
    const struct revision *revision =
        chain_get_way(env->chain, unfinished->revision, !session->look.rows.count);
    const struct script *script = NULL;
    struct err err;
    if (revision && env->scripts)
        script = scripts_get(env->scripts, session->dialect, revision, unfinished->direction, &err);
    struct half_step *half = arena_alloc(&session->arena, sizeof *half);
    *half = unfinished_tell(unfinished, script);
    return half;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct session *session = handle->data;
    bool is_plan = !request_changes(session->env->request) && session->work.plan &&
                   session->result.err.kind == ERR_NONE;
    struct outcome outcome = {
        .state = final_state(session),
        .dialect = session->dialect->id,
        .has_changed = request_changes(session->env->request) && has_changed(session),
        .stands_above = session->work.plan && session->work.plan->stands_above,
        .from = session->result.from,
        .to = is_plan                       ? session->work.plan->to
              : session->doubt.is_resolving ? (struct rows){0}
                                            : session->result.rows,
        .steps = session->result.steps,
        .step_count = session->result.done_count,
        .half_step = found_half_done(session),
        .weighed = session->result.weighed,
        .weighed_count = session->result.weighed_count,
        .measured = session->result.measured,
        .measured_count = session->result.measured_count,
        .rehearsed = session->rehearsal.at,
        .seen = session->rehearsal.seen.items,
        .seen_count = session->rehearsal.seen.count,
        .preflight = session->result.preflight,
        .preflight_count = session->result.preflight_count,
        .attempts = session->attempt.number,
        .duration_ms = (double)(uv_hrtime() - session->started_ns) / 1e6,
        .error = session->result.err.kind == ERR_NONE ? NULL : &session->result.err,
        .error_revision = session->result.err_revision,
        .error_statement = session->result.err_statement,
        .catalog = session_catalog_answers(session),
        .notices = session->result.notices.count ? &session->result.notices : NULL,
    };
    rollout_note_finished(session->env->run, session, &outcome);
}

static void finish(struct session *session)
{
    session->is_finished = true;
    session_leave_copy(session);
    blockers_free(session->conn.blockers);
    uv_close((uv_handle_t *)&session->timer, on_timer_closed);
}

/* ---- from outside -------------------------------------------------------------------------- */

struct session *session_start(const struct session_env *env, const struct tenant *tenant,
                              size_t index)
{
    struct session *session = xcalloc(1, sizeof *session);
    enum dialect_id promised = dialect_promised(tenant->url.dialect, tenant->url.scheme);
    arena_init(&session->arena);
    arena_init(&session->answers);
    session->batch.capacity = OPS_AT_FIRST;
    session->batch.ops = arena_calloc(&session->arena, OPS_AT_FIRST, sizeof *session->batch.ops);
    session->env = env;
    session->tenant = tenant;
    session->index = index;
    session->driver = driver_find(tenant->url.dialect);
    session->dialect =
        promised == tenant->url.dialect ? session->driver->dialect : dialect_of(promised);
    session->attempt.number = 1;
    session->conn.after_close = SESSION_DONE;
    session->started_ns = uv_hrtime();
    session->batch.limits = (struct op_limits){
        .lock_timeout_ms = session_lock_timeout(session),
        .statement_timeout_ms = tenant->settings->statement_timeout_ms,
    };
    session->look.vars = (struct sql_vars){
        .version_table = env->version_table,
        .asked_schema = tenant->schema,
        .run_id = env->run_id,
        .lock_timeout_ms = session_lock_timeout(session),
        .statement_timeout_ms = tenant->settings->statement_timeout_ms,
        .idle_timeout_ms = env->idle_timeout_ms,
        .settings = tenant->settings->session,
        .setting_count = tenant->settings->session_count,
    };
    uv_timer_init(env->loop, &session->timer);
    session->timer.data = session;
    session->conn.blockers =
        blockers_new(env->links, (uint32_t)index, session_lock_timeout(session));
    enter(session, SESSION_LINK);
    return session;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    arena_done(&session->arena);
    arena_done(&session->answers);
    free(session);
}

void session_job_done(struct session *session, const struct err *err)
{
    if (err)
        session_stop(session, session_fail(session, err));
    else
        session_go_on(session);
}

/* A session that was told to stop waiting may be ending: then its turn comes too late. */
void session_take_turn(struct session *session)
{
    if (session->state != SESSION_TURN)
        return;
    session->attempt.is_parked = false;
    session->attempt.stalled_ns += uv_hrtime() - session->attempt.due_ns;
    session_go_on(session);
}

bool session_is_waiting(const struct session *session)
{
    return !session->is_finished && states[session->state]->waits;
}

void session_stop_waiting(struct session *session)
{
    struct err err;
    bool is_first_look = session->doubt.is_resolving && session->doubt.attempts == 1;
    if (session->is_finished || !states[session->state]->waits ||
        (is_first_look && !session->is_cancelled))
        return;
    uv_timer_stop(&session->timer);
    if (session->state == SESSION_PAUSE) {
        session_stop(session, session_stop_pause(session));
        return;
    }
    err_set(&err, ERR_CANCELLED, "the run was stopped while this tenant waited");
    if (session->result.err.kind == ERR_NONE)
        session->result.err =
            session->attempt.last_err.kind == ERR_NONE ? err : session->attempt.last_err;
    session->result.err.is_transient = false;
    session_stop(session, SESSION_CLOSE);
}

void session_cancel(struct session *session)
{
    if (session->is_finished)
        return;
    session->is_cancelled = true;
    if (states[session->state]->waits)
        session_stop_waiting(session);
    else if (session->conn.io && !states[session->state]->must_finish)
        io_cancel(session->conn.io);
}

const char *session_begun(const struct session *session)
{
    return session->doubt.unfinished.revision;
}

struct rows session_place(struct session *session, struct arena *arena)
{
    const struct unfinished *unfinished = &session->doubt.unfinished;
    bool is_ours = unfinished->revision && strcmp(unfinished->run_id, session->env->run_id) == 0;
    if (!unfinished->revision || is_ours)
        return standing_place(arena, &session->look.rows, NULL);
    const struct half_step half = unfinished_tell(unfinished, NULL);
    return standing_place(arena, &session->look.rows, &half);
}

const struct rows *session_rows(const struct session *session)
{
    return &session->look.rows;
}

const struct grid *session_history(const struct session *session)
{
    return &session->look.history;
}

const struct grid *session_foreign(const struct session *session)
{
    return &session->look.foreign;
}

uint32_t session_backend_pid(const struct session *session)
{
    const struct conn_info *info = session->conn.io ? io_info(session->conn.io) : NULL;
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
    return states[session->state]->name;
}
