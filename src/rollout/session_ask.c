/* What each state asks of the database: ops made from the dialect's templates. */
#include "rollout/session_private.h"

#include "base/buf.h"
#include "rollout/record.h"

enum { CONTROL_TIMEOUT_MS = 30000, LOCK_POLL_MAX_MS = 250 };

/* A driver that works on the pool cannot be abandoned in mid-operation: its operations have no budgets. */
uint64_t session_budget(const struct session *session, uint64_t timeout_ms)
{
    return session->driver->traits & DRIVER_ON_WORKER ? 0 : timeout_ms;
}

/* Our own statements may wait for locks that traffic holds. */
uint64_t session_control_budget(const struct session *session)
{
    uint64_t lock_ms = session->tenant->settings->lock_timeout_ms;
    return session_budget(session, lock_ms ? CONTROL_TIMEOUT_MS + lock_ms : 0);
}

void session_set_sql(struct io_op *op, struct buf *buf)
{
    op->op.sql_len = buf->len;
    op->op.sql = buf_into(buf, op->op.arena);
}

/* An op of the given templates, one after the other in one message. */
struct io_op *session_add_query(struct session *session, const enum sql_id *ids, size_t count)
{
    struct io_op *op = session_add_op(session, OP_QUERY);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++)
        sql_expand(&buf, session->driver->dialect, ids[i], &session->vars);
    session_set_sql(op, &buf);
    op->timeout_ms = session_control_budget(session);
    return op;
}

struct io_op *session_add_one(struct session *session, enum sql_id id)
{
    return session_add_query(session, &id, 1);
}

/* ---- before the tenant --------------------------------------------------------------------- */

static void on_link_ready(void *ctx, const struct err *err)
{
    struct session *session = ctx;
    if (err)
        session->link = NULL;
    else
        session->io = link_io(session->link);
    session_job_done(session, err);
}

/* The server that has no such database yet has one that it was born with. */
enum asked ask_link(struct session *session)
{
    const struct dialect *dialect = session->driver->dialect;
    bool is_looking = !request_changes(session->env->request);
    const struct link_wish wish = {
        .database = session->is_creating ? dialect->maintenance_database : NULL,
        .may_create =
            session->tenant->settings->create && (is_looking || session->is_made_intended),
        .is_read_only = is_looking,
        .may_reuse = !session->is_creating,
    };
    session->is_guard_prepared = false;
    session->link = link_new(session->env->links, (uint32_t)session->index, &wish);
    if (!link_get(session->link, on_link_ready, session))
        return ASKED_JOB;
    session->io = link_io(session->link);
    return ASKED_OPS;
}

static struct io_op *add_connect(struct session *session)
{
    struct io_op *op = session_add_op(session, OP_CONNECT);
    link_fill_connect(session->link, op);
    return op;
}

enum asked ask_connect(struct session *session)
{
    session->is_reused = link_is_connected(session->link);
    if (!session->is_reused)
        add_connect(session)->op.flags |= OP_HEARS_ALL;
    return ASKED_OPS;
}

enum asked ask_create(struct session *session)
{
    session->vars.database = session->tenant->url.database;
    (void)add_connect(session);
    session_add_one(session, SQL_CREATE_DATABASE)->op.tx_after = TX_ANY;
    return ASKED_OPS;
}

/* ---- lock and look ------------------------------------------------------------------------- */

/* Two databases on one server may have a schema of the same name. Where locks are the database's own, the schema is
 * enough; where they are the server's, the key tells databases apart too. */
static uint64_t lock_key(const struct session *session)
{
    char name[512];
    const struct tenant *tenant = session->tenant;
    const char *database = tenant->url.database ? tenant->url.database : "";
    bool is_of_server = session->driver->dialect->traits & DIALECT_LOCKS_SERVER;
    int len = snprintf(name, sizeof name, "skein/%s%s%s", is_of_server ? database : "",
                       is_of_server ? "/" : "", tenant->schema ? tenant->schema : "");
    return hash_u64(name, (size_t)len < sizeof name ? (size_t)len : sizeof name - 1);
}

/* What the questions are made from, while the batch runs. */
static void make_look(struct session *session)
{
    const struct session_env *env = session->env;
    const struct tenant *tenant = session->tenant;
    bool only_looks = env->request->verb->only_looks;
    session->look = (struct look){
        .dialect = session->driver->dialect,
        .vars = session->vars,
        .schema = tenant->schema,
        .search_path = tenant->settings->search_path,
        .adoption = only_looks ? NULL : env->adoption,
        .reads_history = !only_looks,
        .may_meet_twins = env->may_meet_twins,
    };
}

static struct io_op *add_prepared(struct session *session, enum op_kind kind, io_prepare_fn prepare)
{
    struct io_op *op = session_add_op(session, kind);
    op->prepare = prepare;
    op->input = &session->look;
    op->timeout_ms = session_control_budget(session);
    return op;
}

/* Who fails now says who is in the way. */
static bool is_patience_over(const struct session *session)
{
    return session->lock_waited_ms >= session->tenant->settings->lock_timeout_ms;
}

enum asked ask_lock(struct session *session)
{
    if (!request_changes(session->env->request))
        return ASKED_OPS;
    session->vars.lock_key = lock_key(session);
    make_look(session);
    struct io_op *op = add_prepared(session, OP_LOCK, look_prepare_lock);
    if (session->lock_waited_ms && is_patience_over(session))
        op->op.flags |= OP_SAYS_HOLDER;
    return ASKED_OPS;
}

static void on_timer(uv_timer_t *timer)
{
    struct session *session = timer->data;
    const struct session_env *env = session->env;
    session_go_on(session);
    env->fill(env->ctx);
}

static void start_timer(struct session *session, uint64_t delay_ms)
{
    uv_update_time(session->env->loop);
    uv_timer_start(&session->timer, on_timer, delay_ms, 0);
}

enum asked ask_lock_wait(struct session *session)
{
    uint64_t delay_ms = 5 + session->lock_waited_ms / 4;
    if (delay_ms > LOCK_POLL_MAX_MS)
        delay_ms = LOCK_POLL_MAX_MS;
    session->lock_waited_ms += delay_ms;
    start_timer(session, delay_ms);
    return ASKED_TIMER;
}

static void add_look(struct session *session, enum look_op look, io_prepare_fn prepare)
{
    add_prepared(session, OP_QUERY, prepare)->owner = look_owner(look);
}

enum asked ask_inspect(struct session *session)
{
    make_look(session);
    session_add_one(session, SQL_INSPECT)->owner = look_owner(LOOK_PLACE);
    if (session->driver->dialect->sql[SQL_LOCATE]) {
        add_look(session, LOOK_LOCATION, look_prepare_location);
        add_look(session, LOOK_IDENTITY, look_prepare_identity);
    }
    return ASKED_OPS;
}

static void add_reads(struct session *session)
{
    add_look(session, LOOK_VERSIONS, look_prepare_versions);
    if (session->look.reads_history)
        add_look(session, LOOK_HISTORY, look_prepare_history);
    if (session->look.adoption)
        add_look(session, LOOK_FOREIGN, look_prepare_foreign);
}

const struct io_op *session_look_op(const struct session *session, enum look_op look)
{
    struct io_view view = {.ops = session->ops, .count = session->op_count};
    return io_view_find(&view, look_owner(look));
}

/* What one answer does not decide about the next travels in one message. Who has the lock takes a second
 * statement to find out. */
static void join_looks(struct session *session)
{
    struct io_op *lock = session_op_of(session, SESSION_LOCK);
    struct io_op *inspect = session_op_of(session, SESSION_INSPECT);
    struct io_op *reads = session_op_of(session, SESSION_READ);
    inspect->joins_last = lock && lock != inspect && !(lock->op.flags & OP_SAYS_HOLDER);
    while (++reads < session->ops + session->op_count)
        reads->joins_last = true;
}

enum asked ask_read(struct session *session)
{
    add_reads(session);
    join_looks(session);
    return ASKED_OPS;
}

/* A database that is still to be made has no place yet, and no plan. */
enum asked ask_intent(struct session *session)
{
    const struct session_env *env = session->env;
    struct intent intent = {
        .before = session->from,
    };
    if (session->plan)
        intent.goal = session->plan->to;
    intent.snapshot = env->snapshot(env->ctx, session);
    return env->intend(env->ctx, session, &intent) ? ASKED_OPS : ASKED_JOB;
}

static enum asked add_copy(struct session *session, enum op_kind kind, const char *path)
{
    struct io_op *op = session_add_op(session, kind);
    op->op.sql = path;
    op->op.sql_len = strlen(path);
    op->op.tx_after = TX_OUTSIDE;
    return ASKED_OPS;
}

enum asked ask_snapshot(struct session *session)
{
    return add_copy(session, OP_SNAPSHOT, session->env->snapshot(session->env->ctx, session));
}

enum asked ask_restore(struct session *session)
{
    return add_copy(session, OP_RESTORE, session->env->restore(session->env->ctx, session));
}

/* ---- ways back ----------------------------------------------------------------------------- */

enum asked ask_rollback(struct session *session)
{
    struct io_op *op = session_add_one(session, SQL_ROLLBACK);
    op->op.tx_after = TX_OUTSIDE;
    return ASKED_OPS;
}

static void on_released(void *ctx)
{
    session_go_on(ctx);
}

static struct link *take_link(struct session *session)
{
    struct link *link = session->link;
    session->link = NULL;
    session->io = NULL;
    session->is_creating = false;
    return link;
}

enum asked ask_release(struct session *session)
{
    bool is_ending = session->env->is_ending(session->env->ctx);
    (is_ending ? link_close : link_leave)(take_link(session), on_released, session);
    return ASKED_CLOSE;
}

enum asked ask_close(struct session *session)
{
    struct link *link = take_link(session);
    if (!link)
        return ASKED_OPS;
    link_close(link, on_released, session);
    return ASKED_CLOSE;
}

enum asked ask_backoff(struct session *session)
{
    const struct session_env *env = session->env;
    uint64_t delay_ms = session->retry.delay_ms;
    env->on_retry(env->ctx, session, &session->err, session->attempts, delay_ms);
    session->is_parked = env->park(env->ctx, session);
    session->last_err = session->err;
    session->err.kind = ERR_NONE;
    session->err_revision = NULL;
    session->err_statement = NULL;
    session->attempts++;
    session->lock_waited_ms = 0;
    session->has_snapshot = false;
    start_timer(session, delay_ms);
    return ASKED_TIMER;
}

enum asked ask_turn(struct session *session)
{
    if (!session->is_parked)
        return ASKED_OPS;
    session->due_ns = uv_hrtime();
    session->env->want_turn(session->env->ctx, session, session->retry.turn);
    return ASKED_JOB;
}
