#include "rollout/session_private.h"

#include <stdatomic.h>

#include "base/failpoint.h"
#include "base/url.h"

enum { OPS_AT_FIRST = 6 }; /* enough to look at a tenant that has nothing to do */

/* ---- the table ----------------------------------------------------------------------------- */

/* A set of states; TO(LOCK) | TO(CLOSE) is the set of two. */
typedef uint64_t state_set;
#define TO(state) (UINT64_C(1) << SESSION_##state)
_Static_assert(SESSION__COUNT <= 64, "a set of states has a bit for each");

/* Where an error leads, unless the row has a way of its own: the transaction is rolled back where one is open. Only
 * through a pooling proxy, where the transaction is what holds the lock, is one open while the session looks. */
#define TO_WAY_OUT (TO(ROLLBACK) | TO(CLOSE))
/* What next_work returns as long as work is left. LOCK: the proxy's lock went with the last transaction. */
#define TO_WORK (TO(BEGIN) | TO(SETUP) | TO(LOCK))

struct state_row {
    const char *name;
    const char *does;
    enum asked (*ask)(struct session *session);            /* NULL: nothing to ask */
    enum session_state (*answer)(struct session *session); /* NULL: `next` */
    enum session_state (*on_error)(struct session *session,
                                   const struct io_op *op); /* NULL: fail */
    enum session_state next;                                /* the common way; one of `exits` */
    state_set exits;                                        /* all states that an answer leads to */
    state_set error_exits; /* and an error, a cancel, or the run's word to stop waiting */
    bool joins_next;       /* its ops travel in one batch with those of `next` */
    bool is_cancellable;   /* not entered any more once the session is cancelled */
};

static const struct state_row states[SESSION__COUNT] = {
    [SESSION_LINK] =
        {
            .name = "link",
            .does = "finds the host's addresses and the password, off the loop; then a connection "
                    "that another tenant left, or a new one",
            .ask = ask_link,
            .answer = answer_link,
            .next = SESSION_CONNECT,
            .exits = TO(CONNECT) | TO(CREATE),
            .error_exits = TO(CLOSE),
            .is_cancellable = true,
        },
    [SESSION_CONNECT] =
        {
            .name = "connect",
            .does = "connects, unless another tenant did",
            .ask = ask_connect,
            .answer = answer_connect,
            .on_error = error_connect,
            .next = SESSION_LOCK,
            .exits = TO(LOCK),
            .error_exits = TO(PLAN) | TO(CLOSE),
            .joins_next = true,
            .is_cancellable = true,
        },
    [SESSION_LOCK] =
        {
            .name = "lock",
            .does = "tries to take the tenant's lock; a run that only looks takes none",
            .ask = ask_lock,
            .on_error = error_lock,
            .next = SESSION_INSPECT,
            .exits = TO(INSPECT),
            .error_exits = TO(LOCK) | TO(LOCK_WAIT) | TO_WAY_OUT,
            .joins_next = true,
            .is_cancellable = true,
        },
    [SESSION_LOCK_WAIT] =
        {
            .name = "lock_wait",
            .does = "waits a little, with no transaction open",
            .ask = ask_lock_wait,
            .next = SESSION_LOCK,
            .exits = TO(LOCK),
            .error_exits = TO(CLOSE),
            .is_cancellable = true,
        },
    [SESSION_INSPECT] =
        {
            .name = "inspect",
            .does = "asks where the version and history tables are",
            .ask = ask_inspect,
            .answer = answer_inspect,
            .on_error = error_look,
            .next = SESSION_READ,
            .exits = TO(READ) | TO_WAY_OUT,
            .error_exits = TO_WAY_OUT,
            .joins_next = true,
            .is_cancellable = true,
        },
    [SESSION_READ] =
        {
            .name = "read",
            .does = "reads both tables, under the lock",
            .ask = ask_read,
            .answer = answer_read,
            .on_error = error_look,
            .next = SESSION_PLAN,
            .exits = TO(PLAN) | TO(RESOLVE) | TO(RELEASE) | TO_WAY_OUT,
            .error_exits = TO_WAY_OUT,
            .is_cancellable = true,
        },
    [SESSION_RESOLVE] =
        {
            .name = "resolve",
            .does = "decides by the rows read whether a commit without answer came through",
            .answer = answer_resolve,
            .next = SESSION_PLAN,
            .exits = TO(PLAN),
        },
    [SESSION_PLAN] =
        {
            .name = "plan",
            .does = "computes what is left to do",
            .answer = answer_plan,
            .next = SESSION_INTENT,
            .exits = TO(INTENT) | TO(RELEASE) | TO(PROBE) | TO(EVIDENCE) | TO(SETTLE) |
                     TO(RESTORE) | TO(SNAPSHOT) | TO_WORK | TO_WAY_OUT,
            .error_exits = TO_WAY_OUT,
            .is_cancellable = true,
        },
    [SESSION_PROBE] =
        {
            .name = "probe",
            .does =
                "asks the author's query or the catalog whether a statement took effect that was under way when its run died, and what one left that failed",
            .ask = ask_probe,
            .answer = answer_probe,
            .on_error = error_probe,
            .next = SESSION_PLAN,
            .exits = TO(PLAN),
            .error_exits = TO(CLOSE),
            .is_cancellable = true,
        },
    [SESSION_EVIDENCE] =
        {
            .name = "evidence",
            .does = "asks whether any of the tables is there that a stamp's revisions make",
            .ask = ask_evidence,
            .answer = answer_evidence,
            .next = SESSION_PLAN,
            .exits = TO(PLAN) | TO_WAY_OUT,
            .error_exits = TO_WAY_OUT,
            .is_cancellable = true,
        },
    [SESSION_SETTLE] =
        {
            .name = "settle",
            .does = "writes down what a person has found out about such a statement",
            .ask = ask_settle,
            .answer = answer_settle,
            .next = SESSION_RELEASE,
            .exits = TO(RELEASE),
            .error_exits = TO(CLOSE),
            .is_cancellable = true,
        },
    [SESSION_INTENT] =
        {
            .name = "intent",
            .does = "has what is about to be done written down, and waits until it is durable",
            .ask = ask_intent,
            .answer = answer_intent,
            .next = SESSION_BEGIN,
            .exits = TO_WORK | TO(RESTORE) | TO(SNAPSHOT) | TO(LINK),
            .error_exits = TO_WAY_OUT,
            .is_cancellable = true,
        },
    [SESSION_SNAPSHOT] =
        {
            .name = "snapshot",
            .does = "copies the database, before anything is changed",
            .ask = ask_snapshot,
            .answer = answer_snapshot,
            .next = SESSION_BEGIN,
            .exits = TO(BEGIN) | TO(SETUP),
            .error_exits = TO(CLOSE),
            .is_cancellable = true,
        },
    [SESSION_RESTORE] =
        {
            .name = "restore",
            .does = "puts the copy back",
            .ask = ask_restore,
            .answer = answer_restore,
            .on_error = error_restore,
            .next = SESSION_INSPECT,
            .exits = TO(INSPECT),
            .error_exits = TO(RELEASE) | TO(CLOSE),
        },
    [SESSION_BEGIN] =
        {
            .name = "begin",
            .does = "begins a transaction, and makes what tables of ours are missing",
            .ask = ask_begin,
            .on_error = error_work,
            .next = SESSION_APPLY,
            .exits = TO(APPLY),
            .error_exits = TO_WAY_OUT,
            .joins_next = true,
            .is_cancellable = true,
        },
    [SESSION_APPLY] =
        {
            .name = "apply",
            .does = "runs sections and records steps, up to the end of the transaction",
            .ask = ask_apply,
            .answer = answer_apply,
            .on_error = error_work,
            .next = SESSION_COMMIT,
            .exits = TO(COMMIT),
            .error_exits = TO_WAY_OUT,
        },
    [SESSION_COMMIT] =
        {
            .name = "commit",
            .does = "commits; no answer leads to resolve, never to failed",
            .ask = ask_commit,
            .answer = answer_commit,
            .on_error = error_commit,
            .next = SESSION_RELEASE,
            .exits = TO(RELEASE) | TO_WORK,
            .error_exits = TO_WAY_OUT,
            .is_cancellable = true,
        },
    [SESSION_SETUP] =
        {
            .name = "setup",
            .does = "sets the session up for statements outside a transaction",
            .ask = ask_setup,
            .on_error = error_setup,
            .next = SESSION_STATEMENTS,
            .exits = TO(STATEMENTS),
            .error_exits = TO(CLOSE),
            .joins_next = true,
            .is_cancellable = true,
        },
    [SESSION_STATEMENTS] =
        {
            .name = "statements",
            .does = "runs statements one by one, each with its checkpoint",
            .ask = ask_statements,
            .answer = answer_statements,
            .on_error = error_work,
            .next = SESSION_BEGIN,
            .exits = TO(BEGIN),
            .error_exits = TO(LOOK) | TO(MARK) | TO_WAY_OUT,
        },
    [SESSION_LOOK] =
        {
            .name = "look",
            .does = "asks the catalog what a statement left that failed",
            .ask = ask_look,
            .answer = answer_look,
            .on_error = error_look_after,
            .next = SESSION_MARK,
            .exits = TO(MARK) | TO(REPAIR),
            .error_exits = TO(MARK) | TO(CLOSE),
        },
    [SESSION_REPAIR] =
        {
            .name = "repair",
            .does = "takes away what it left",
            .ask = ask_repair,
            .answer = answer_repair,
            .on_error = error_look_after,
            .next = SESSION_MARK,
            .exits = TO(MARK),
            .error_exits = TO(MARK) | TO(CLOSE),
        },
    [SESSION_MARK] =
        {
            .name = "mark",
            .does = "notes in the history table which statement failed",
            .ask = ask_mark,
            .on_error = error_mark,
            .next = SESSION_CLOSE,
            .exits = TO(CLOSE),
            .error_exits = TO(CLOSE),
        },
    [SESSION_ROLLBACK] =
        {
            .name = "rollback",
            .does = "rolls the transaction back",
            .ask = ask_rollback,
            .next = SESSION_CLOSE,
            .exits = TO(CLOSE),
            .error_exits = TO(CLOSE),
        },
    [SESSION_CREATE] =
        {
            .name = "create",
            .does = "creates the database, connected to the server's own one",
            .ask = ask_create,
            .answer = answer_create,
            .on_error = error_create,
            .next = SESSION_CLOSE,
            .exits = TO(CLOSE),
            .error_exits = TO(CLOSE),
            .is_cancellable = true,
        },
    [SESSION_RELEASE] =
        {
            .name = "release",
            .does =
                "makes the connection like new for another tenant of the database, or closes it",
            .ask = ask_release,
            .next = SESSION_DONE,
            .exits = TO(DONE),
        },
    [SESSION_CLOSE] =
        {
            .name = "close",
            .does = "closes the connection, and with it all locks",
            .ask = ask_close,
            .answer = answer_close,
            .next = SESSION_DONE,
            .exits = TO(DONE) | TO(BACKOFF) | TO(INTENT) | TO(LINK),
        },
    [SESSION_BACKOFF] =
        {
            .name = "backoff",
            .does = "waits before the next attempt, longer each time",
            .ask = ask_backoff,
            .next = SESSION_TURN,
            .exits = TO(TURN),
            .error_exits = TO(CLOSE),
        },
    [SESSION_TURN] =
        {
            .name = "turn",
            .does = "waits until it has a place among those at work again",
            .ask = ask_turn,
            .next = SESSION_LINK,
            .exits = TO(LINK),
            .error_exits = TO(CLOSE),
        },
    [SESSION_DONE] = {.name = "done", .does = "tells the outcome"},
};

bool session_state_doc(size_t index, struct session_state_doc *ret_doc)
{
    if (index >= SESSION__COUNT)
        return false;
    const struct state_row *row = &states[index];
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
    const char *from = states[session->state].name;
    const char *to = next < SESSION__COUNT ? states[next].name : "no state";
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
            states[session->state].name, (int)next);
    if (session->err.kind == ERR_NONE)
        session->err = err;
    session->err.is_transient = false;
    session->after_close = SESSION_DONE;
    return session->state == SESSION_CLOSE ? SESSION_DONE : SESSION_CLOSE;
}

/* ---- the engine ---------------------------------------------------------------------------- */

void session_reserve_ops(struct session *session, size_t count)
{
    size_t capacity = session->op_count + count;
    if (capacity <= session->op_capacity)
        return;
    struct io_op *ops = arena_calloc(&session->arena, capacity, sizeof *ops);
    memcpy(ops, session->ops, session->op_count * sizeof *ops);
    session->ops = ops;
    session->op_capacity = capacity;
}

struct io_op *session_add_op(struct session *session, enum op_kind kind)
{
    struct io_op *op =
        ARENA_PUSH(&session->arena, session->ops, session->op_count, session->op_capacity);
    *op = (struct io_op){.op = {.kind = kind,
                                .arena = &session->answers,
                                .limits = &session->limits,
                                .notices = &session->notices}};
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

struct io_op *session_op_of(const struct session *session, enum session_state state)
{
    for (size_t i = 0; i < session->joined_count; i++)
        if (session->joined[i].state == state)
            return &session->ops[session->joined[i].first_op];
    return NULL;
}

/* The op of a joined state that failed, or NULL. */
static const struct io_op *failed_op(const struct session *session, size_t joined)
{
    size_t end = joined + 1 < session->joined_count ? session->joined[joined + 1].first_op
                                                    : session->op_count;
    size_t finished = session->op_count ? io_finished(session->io) : 0;
    for (size_t i = session->joined[joined].first_op; i < end && i < finished; i++)
        if (io_op_err(&session->ops[i])->kind != ERR_NONE)
            return &session->ops[i];
    return NULL;
}

static enum session_state settle_one(struct session *session, size_t joined)
{
    session->state = session->joined[joined].state;
    const struct state_row *row = &states[session->state];
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
    for (size_t i = 0; i < session->joined_count; i++) {
        next = settle_one(session, i);
        bool is_last = i + 1 == session->joined_count;
        if (!is_last && next != session->joined[i + 1].state)
            break;
    }
    return next;
}

static void enter(struct session *session, enum session_state state);

static void on_batch(void *ctx)
{
    struct session *session = ctx;
    size_t finished = io_finished(session->io);
    struct io_op *last = finished ? &session->ops[finished - 1] : NULL;
    bool has_failed = last && io_op_err(last)->kind != ERR_NONE;
    blockers_end(session->blockers, has_failed ? op_make_err(&last->op) : NULL);
    enter(session, settle(session));
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

/* The only place where the state changes. */
static void enter(struct session *session, enum session_state state)
{
    while (state != SESSION_DONE) {
        if (session->is_cancelled && states[state].is_cancellable) {
            struct err err;
            err_set(&err, ERR_CANCELLED, "cancelled");
            session->state = state;
            session->err = session->err.kind == ERR_NONE ? err : session->err;
            state = take_edge(session, session_fail(session, &err), states[state].error_exits);
            continue;
        }
        if (ask(session, state) != ASKED_OPS)
            return;
        if (session->op_count) {
            blockers_begin(session->blockers, session->io);
            io_run(session->io, session->ops, session->op_count, on_batch, session);
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

void session_stop(struct session *session, enum session_state way_out)
{
    enter(session, take_edge(session, way_out, states[session->state].error_exits));
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
    bool would_restore = !request_changes(session->env->request) &&
                         session->env->restore(session->env->ctx, session);
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
        !request_changes(session->env->request) && session->plan && session->err.kind == ERR_NONE;
    struct outcome outcome = {
        .state = final_state(session),
        .has_changed = request_changes(session->env->request) && has_changed(session),
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
    arena_init(&session->answers);
    session->op_capacity = OPS_AT_FIRST;
    session->ops = arena_calloc(&session->arena, OPS_AT_FIRST, sizeof *session->ops);
    session->env = env;
    session->tenant = tenant;
    session->index = index;
    session->driver = driver_find(tenant->url.dialect);
    session->attempts = 1;
    session->after_close = SESSION_DONE;
    session->started_ns = uv_hrtime();
    session->limits = (struct op_limits){
        .lock_timeout_ms = tenant->settings->lock_timeout_ms,
        .statement_timeout_ms = tenant->settings->statement_timeout_ms,
    };
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
    session->blockers = blockers_new(env->links, (uint32_t)index);
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
    session_go_on(session);
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
    session_stop(session, SESSION_CLOSE);
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

const struct grid *session_history(const struct session *session)
{
    return &session->history;
}

const struct grid *session_foreign(const struct session *session)
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
