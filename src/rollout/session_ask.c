/* What each state asks of the database: ops made from the dialect's templates. */
#include "rollout/session_private.h"

#include "base/buf.h"
#include "inventory/url.h"
#include "rollout/record.h"
#include "rollout/retry.h"

enum { CONTROL_TIMEOUT_MS = 30000, SCRIPT_SLACK_MS = 5000, LOCK_POLL_MAX_MS = 250 };

/* A driver that works on the pool cannot be left behind in mid-operation: no budgets there. */
static uint64_t budget(const struct session *session, uint64_t timeout_ms)
{
    return session->driver->traits & DRIVER_ON_WORKER ? 0 : timeout_ms;
}

/* Our own statements may wait for locks that traffic holds. */
uint64_t session_control_budget(const struct session *session)
{
    uint64_t lock_ms = session->tenant->settings->lock_timeout_ms;
    return budget(session, lock_ms ? CONTROL_TIMEOUT_MS + lock_ms : 0);
}

static uint64_t script_budget(const struct session *session, const struct piece *piece)
{
    uint64_t each_ms = session->tenant->settings->statement_timeout_ms;
    return budget(session, each_ms ? each_ms * piece->statement_count + SCRIPT_SLACK_MS : 0);
}

static void set_sql(struct op *op, struct buf *buf)
{
    op->sql = arena_strndup(op->arena, buf->data, buf->len);
    op->sql_len = buf->len;
    buf_done(buf);
}

/* An op of the given templates, one after the other in one message. */
static struct op *add_query(struct session *session, const enum sql_id *ids, size_t count)
{
    struct op *op = session_add_op(session, OP_QUERY);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++)
        sql_expand(&buf, session->driver, ids[i], &session->vars);
    set_sql(op, &buf);
    op->timeout_ms = session_control_budget(session);
    return op;
}

static struct op *add_one(struct session *session, enum sql_id id)
{
    return add_query(session, &id, 1);
}

/* ---- before the tenant --------------------------------------------------------------------- */

enum asked ask_host(struct session *session)
{
    bool is_server = session->driver->traits & DRIVER_IS_SERVER;
    if (!is_server || session->addresses)
        return ASKED_OPS;
    return session->env->resolve(session->env->ctx, session, &session->addresses) ? ASKED_OPS
                                                                                  : ASKED_JOB;
}

enum asked ask_password(struct session *session)
{
    if (session->password || session->tenant->password->kind == PASSWORD_NONE)
        return ASKED_OPS;
    return session->env->fetch_password(session->env->ctx, session, &session->password) ? ASKED_OPS
                                                                                        : ASKED_JOB;
}

static struct conn_params params_of(const struct session *session)
{
    bool is_looking = session->env->goal != GOAL_RUN;
    return (struct conn_params){
        .url = &session->tenant->url,
        .password = session->password,
        .addresses = session->addresses,
        .may_create =
            session->tenant->settings->create && (is_looking || session->is_made_intended),
        .is_read_only = is_looking,
    };
}

enum asked ask_connect(struct session *session)
{
    const struct session_env *env = session->env;
    session->io = env->take_io(env->ctx, session);
    session->is_reused = session->io != NULL;
    if (session->is_reused)
        return ASKED_OPS;
    struct conn_params params = params_of(session);
    session->io = io_open(env->loop, session->driver, &params);
    struct op *op = session_add_op(session, OP_CONNECT);
    op->timeout_ms = budget(session, session->tenant->settings->connect_timeout_ms);
    return ASKED_OPS;
}

/* The server that has no such database yet has one that it was born with. */
enum asked ask_create(struct session *session)
{
    struct conn_params params = params_of(session);
    params.database = "postgres";
    session->vars.database = session->tenant->url.database;
    session->io = io_open(session->env->loop, session->driver, &params);
    struct op *op = session_add_op(session, OP_CONNECT);
    op->timeout_ms = budget(session, session->tenant->settings->connect_timeout_ms);
    add_one(session, SQL_CREATE_DATABASE)->tx_after = TX_ANY;
    return ASKED_OPS;
}

/* ---- lock and look ------------------------------------------------------------------------- */

/* Two databases on one server may bear one schema's name: advisory locks are the database's own, so
 * the schema is enough. */
static uint64_t lock_key(const struct session *session)
{
    char name[256];
    int len = snprintf(name, sizeof name, "skein/%s",
                       session->tenant->schema ? session->tenant->schema : "");
    return hash_u64(name, (size_t)len);
}

/* Behind a pooling proxy only a transaction can hold a lock: the one that does the work. A lock
 * that was not free leaves that transaction open. */
static void prepare_lock(struct op *op)
{
    struct session *session = op->prepare_ctx;
    bool is_pooled = io_info(session->io)->is_pooled;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (is_pooled && io_is_in_transaction(session->io))
        sql_expand(&buf, session->driver, SQL_ROLLBACK, &session->vars);
    sql_expand(&buf, session->driver, is_pooled ? SQL_LOCK_POOLED : SQL_LOCK, &session->vars);
    set_sql(op, &buf);
}

enum asked ask_lock(struct session *session)
{
    if (session->env->goal != GOAL_RUN)
        return ASKED_OPS;
    session->vars.lock_key = lock_key(session);
    struct op *op = session_add_op(session, OP_LOCK);
    op->prepare = prepare_lock;
    op->timeout_ms = session_control_budget(session);
    return ASKED_OPS;
}

static void on_timer(uv_timer_t *timer)
{
    struct session *session = timer->data;
    session_go(session, session->state == SESSION_BACKOFF ? SESSION_RESOLVE_HOST : SESSION_LOCK);
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

enum asked ask_inspect(struct session *session)
{
    add_one(session, SQL_INSPECT);
    return ASKED_OPS;
}

void session_take_inspection(struct session *session, const struct op *op)
{
    const char *schema = op_value(op, 0, 0);
    const char *version_schema = op_value(op, 0, 1);
    const char *has_history = op_value(op, 0, 2);
    session->has_schema = schema != NULL;
    session->has_version_table = version_schema != NULL;
    session->has_history = has_history && *has_history == '1';
    session->vars.schema = version_schema ? version_schema : schema;
    if (!session->vars.schema)
        session->vars.schema = session->tenant->schema;
    session->vars.search_path = op_value(op, 0, 3);
    if (session->tenant->schema) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        session->driver->add_identifier(&buf, session->tenant->schema);
        session->vars.search_path = arena_strndup(&session->arena, buf.data, buf.len);
        buf_done(&buf);
    }
    session->vars.watches_client = io_info(session->io)->watches_client;
}

/* Does the tenant also tell what another tool says of it? */
static bool is_adopting(const struct session *session)
{
    return session->env->adoption && session->env->goal != GOAL_CURRENT;
}

/* Which tables there are is known only now: a table that is missing is not asked. */
static void prepare_read(struct op *op, enum sql_id id, bool exists, bool is_last)
{
    struct session *session = op->prepare_ctx;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (exists)
        sql_expand(&buf, session->driver, id, &session->vars);
    if (is_last)
        sql_expand(&buf, session->driver, SQL_READ_END, &session->vars);
    set_sql(op, &buf);
}

static void prepare_versions(struct op *op)
{
    struct session *session = op->prepare_ctx;
    session_take_inspection(session, op - 1);
    prepare_read(op, SQL_VERSIONS, session->has_version_table, session->env->goal == GOAL_CURRENT);
}

static void prepare_history(struct op *op)
{
    struct session *session = op->prepare_ctx;
    prepare_read(op, SQL_HISTORY, session->has_history, !is_adopting(session));
}

static void prepare_foreign(struct op *op)
{
    struct session *session = op->prepare_ctx;
    struct sql_vars vars = session->vars;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    vars.foreign_table = session->env->adoption->table;
    sql_fill(&buf, session->driver, session->env->adoption->query, &vars);
    sql_expand(&buf, session->driver, SQL_READ_END, &session->vars);
    set_sql(op, &buf);
}

enum asked ask_read(struct session *session)
{
    struct op *versions = session_add_op(session, OP_QUERY);
    versions->prepare = prepare_versions;
    versions->timeout_ms = session_control_budget(session);
    if (session->env->goal == GOAL_CURRENT)
        return ASKED_OPS;
    struct op *history = session_add_op(session, OP_QUERY);
    history->prepare = prepare_history;
    history->timeout_ms = session_control_budget(session);
    if (!is_adopting(session))
        return ASKED_OPS;
    struct op *foreign = session_add_op(session, OP_QUERY);
    foreign->prepare = prepare_foreign;
    foreign->timeout_ms = session_control_budget(session);
    return ASKED_OPS;
}

/* A database that is still to be made has no place yet, and no plan. */
enum asked ask_intent(struct session *session)
{
    const struct session_env *env = session->env;
    struct intent intent = {
        .before = {session->from.ids, session->from.count, session->is_from_known},
    };
    if (session->plan)
        intent.goal = (struct rows){session->plan->to, session->plan->to_count, true};
    intent.snapshot = env->snapshot(env->ctx, session);
    return env->intend(env->ctx, session, &intent) ? ASKED_OPS : ASKED_JOB;
}

static enum asked add_copy(struct session *session, enum op_kind kind, const char *path)
{
    struct op *op = session_add_op(session, kind);
    op->sql = path;
    op->sql_len = strlen(path);
    op->tx_after = TX_OUTSIDE;
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

/* ---- a transaction ------------------------------------------------------------------------- */

enum asked ask_begin(struct session *session)
{
    session->vars.nonce = arena_printf(&session->arena, "%s/%zu/%u", session->env->run_id,
                                       session->index, session->attempts);
    enum sql_id ids[5];
    size_t count = 0;
    if (!io_info(session->io)->is_pooled)
        ids[count++] = SQL_BEGIN;
    ids[count++] = SQL_SETUP_LOCAL;
    if (!session->has_schema)
        ids[count++] = SQL_SCHEMA_CREATE;
    if (!session->has_version_table)
        ids[count++] = SQL_VERSION_CREATE;
    if (!session->has_history)
        ids[count++] = SQL_HISTORY_CREATE;
    add_query(session, ids, count)->tx_after = TX_INSIDE;
    return ASKED_OPS;
}

static struct sql_vars history_vars(const struct session *session, const struct action *action,
                                    const char *state, double duration_ms)
{
    return record_history(&session->vars, action, session->env->target->command, state,
                          duration_ms);
}

static void expand_history(struct buf *buf, struct session *session, const struct action *action,
                           enum sql_id id, const char *state, double duration_ms)
{
    struct sql_vars vars = history_vars(session, action, state, duration_ms);
    sql_expand(buf, session->driver, id, &vars);
}

static const struct action *action_of(const struct session *session, const struct op *op)
{
    size_t at = (size_t)(op - session->ops) - session->batch_first_op;
    return &session->work.actions[session->cursor + at];
}

/* What the pieces of the op's step have taken in this batch so far. */
static double pieces_ms(const struct session *session, const struct op *op)
{
    const struct step *step = action_of(session, op)->step;
    double sum = 0;
    for (const struct op *at = op; at-- > session->ops + session->batch_first_op;) {
        if (action_of(session, at)->step != step)
            break;
        if (at->kind == OP_SCRIPT)
            sum += at->duration_ms;
    }
    return sum;
}

static void prepare_mark(struct op *op)
{
    struct session *session = op->prepare_ctx;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    expand_history(&buf, session, action_of(session, op), SQL_HISTORY_MARK, "running",
                   (op - 1)->duration_ms);
    set_sql(op, &buf);
}

/* A run of actions within the batch: all that the last one of them records. */
struct records {
    struct session *session;
    size_t first, end;
};

static struct records records_of(struct session *session, const struct op *op)
{
    size_t last = (size_t)(action_of(session, op) - session->work.actions);
    struct records records = {session, session->cursor, last + 1};
    for (size_t i = session->cursor; i < last; i++) {
        const struct action *action = &session->work.actions[i];
        if (action->kind == ACTION_RECORD && !action->is_deferred)
            records.first = i + 1;
    }
    return records;
}

static void apply_records(struct session *session, size_t first, size_t end,
                          struct versions *versions)
{
    for (size_t i = first; i < end; i++) {
        const struct action *action = &session->work.actions[i];
        for (size_t c = 0; action->kind == ACTION_RECORD && c < action->step->change_count; c++)
            versions_apply(&session->arena, versions, &action->step->changes[c]);
    }
}

/* Returns how many rows of the version table change. */
static size_t expand_changes(struct buf *buf, const struct records *records)
{
    struct session *session = records->session;
    struct versions before, after;
    size_t count;
    versions_copy(&session->arena, &before, &session->versions);
    apply_records(session, session->cursor, records->first, &before);
    versions_copy(&session->arena, &after, &before);
    apply_records(session, records->first, records->end, &after);
    const struct version_change *changes = versions_diff(&session->arena, &before, &after, &count);
    for (size_t i = 0; i < count; i++) {
        enum sql_id id;
        struct sql_vars vars = record_change(&session->vars, &changes[i], &id);
        sql_expand(buf, session->driver, id, &vars);
    }
    return count;
}

/* The history row of a finished step: added to {steps}, or as a statement of its own. */
static void expand_step(struct buf *buf, struct buf *rows, uint64_t *count, struct session *session,
                        size_t at)
{
    const struct action *action = &session->work.actions[at];
    const struct op *op = &session->ops[session->batch_first_op + at - session->cursor];
    const char *row = session->driver->sql[SQL_HISTORY_ROW];
    if (action->is_checkpointed) {
        expand_history(buf, session, action, SQL_HISTORY_MARK, "applied", 0);
        return;
    }
    struct sql_vars vars = history_vars(session, action, "applied", pieces_ms(session, op));
    vars.nth = ++*count;
    if (!row) {
        sql_expand(buf, session->driver, SQL_HISTORY_INSERT, &vars);
        return;
    }
    if (rows->len)
        buf_adds(rows, ", ");
    sql_fill(rows, session->driver, row, &vars);
}

/* Returns how many rows of the history table are written. */
static size_t expand_steps(struct buf *buf, const struct records *records)
{
    size_t count = 0;
    struct session *session = records->session;
    struct sql_vars vars = session->vars;
    struct buf rows;
    buf_init(&rows, BUF_MAX_DEFAULT);
    for (size_t i = records->first; i < records->end; i++)
        if (session->work.actions[i].kind == ACTION_RECORD) {
            expand_step(buf, &rows, &vars.nth, session, i);
            count++;
        }
    vars.steps = rows.data;
    if (rows.len)
        sql_expand(buf, session->driver, SQL_HISTORY_ROWS, &vars);
    buf_done(&rows);
    return count;
}

static void prepare_record(struct op *op)
{
    struct session *session = op->prepare_ctx;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (!action_of(session, op)->is_deferred) {
        struct records records = records_of(session, op);
        op->rows_total = expand_changes(&buf, &records);
        op->rows_total += expand_steps(&buf, &records);
    }
    set_sql(op, &buf);
}

static void prepare_start(struct op *op)
{
    struct session *session = op->prepare_ctx;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    expand_history(&buf, session, action_of(session, op), SQL_HISTORY_INSERT, "running", 0);
    set_sql(op, &buf);
}

/* Behind a piece that runs inside our transaction travels what makes sure that it still does. */
static void set_script(struct session *session, struct op *op, const struct action *action)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    op->sql = action->piece->sql;
    op->sql_len = action->piece->sql_len;
    if (action->is_in_transaction)
        sql_expand(&buf, session->driver, SQL_GUARD, &session->vars);
    if (buf.len) { /* a line of its own: the piece may end in a comment */
        op->sql = arena_printf(op->arena, "%s\n;%s", action->piece->sql, buf.data);
        op->sql_len += 2 + buf.len;
    }
    buf_done(&buf);
}

static void set_verify(struct session *session, struct op *op, const struct action *action)
{
    (void)session;
    op->sql = action->verify->sql;
    op->sql_len = action->verify->sql_len;
}

static void add_action(struct session *session, const struct action *action)
{
    static void (*const prepares[])(struct op *) = {
        [ACTION_START] = prepare_start,
        [ACTION_MARK] = prepare_mark,
        [ACTION_RECORD] = prepare_record,
    };
    bool is_script = action->kind == ACTION_SCRIPT || action->kind == ACTION_VERIFY;
    struct op *op = session_add_op(session, is_script ? OP_SCRIPT : OP_QUERY);
    op->tx_after = action->is_in_transaction ? TX_INSIDE : TX_OUTSIDE;
    if (is_script) {
        op->needs_rows = action->kind == ACTION_VERIFY;
        (op->needs_rows ? set_verify : set_script)(session, op, action);
        op->timeout_ms = script_budget(session, action->piece);
        return;
    }
    op->prepare = prepares[action->kind];
    op->needs_one_row = action->kind != ACTION_RECORD; /* that counts them together */
    op->timeout_ms = session_control_budget(session);
}

/* One op for each action from the cursor on, as long as they stay on one side of the transaction's
 * border. */
static enum asked ask_actions(struct session *session, bool is_in_transaction)
{
    session->batch_first_op = session->op_count;
    session->batch_end = session->cursor;
    while (session->batch_end < session->work.count) {
        const struct action *action = &session->work.actions[session->batch_end];
        if (action->is_in_transaction != is_in_transaction)
            break;
        add_action(session, action);
        session->batch_end++;
        if (is_in_transaction && action->ends_unit)
            break;
    }
    return ASKED_OPS;
}

enum asked ask_apply(struct session *session)
{
    return ask_actions(session, true);
}

enum asked ask_statements(struct session *session)
{
    return ask_actions(session, false);
}

/* What a statement left half made goes before it is run again. */
enum asked ask_setup(struct session *session)
{
    if (session->driver->sql[SQL_SETUP])
        add_one(session, SQL_SETUP)->tx_after = TX_OUTSIDE;
    if (session->repair) {
        struct op *op = session_add_op(session, OP_SCRIPT);
        op->sql = session->repair;
        op->sql_len = strlen(session->repair);
        op->tx_after = TX_OUTSIDE;
        op->timeout_ms = session_control_budget(session);
        session->repair = NULL;
    }
    return ASKED_OPS;
}

enum asked ask_commit(struct session *session)
{
    versions_copy(&session->arena, &session->expected, &session->versions);
    apply_records(session, session->cursor, session->batch_end, &session->expected);
    struct op *op = add_one(session, SQL_COMMIT);
    op->tx_after = TX_OUTSIDE;
    op->must_commit = true;
    return ASKED_OPS;
}

/* ---- ways back ----------------------------------------------------------------------------- */

enum asked ask_mark(struct session *session)
{
    const struct action *failed = &session->work.actions[session->cursor];
    struct action mark = *failed;
    if (failed->kind == ACTION_SCRIPT)
        mark.statements = failed->piece->first_statement;
    struct op *op = session_add_op(session, OP_QUERY);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    expand_history(&buf, session, &mark, SQL_HISTORY_MARK, mark.statements ? "partial" : "failed",
                   0);
    set_sql(op, &buf);
    op->timeout_ms = session_control_budget(session);
    return ASKED_OPS;
}

enum asked ask_rollback(struct session *session)
{
    struct op *op = add_one(session, SQL_ROLLBACK);
    op->tx_after = TX_OUTSIDE;
    return ASKED_OPS;
}

enum asked ask_release(struct session *session)
{
    bool is_wanted = session->env->wants_io(session->env->ctx, session);
    if (is_wanted && session->driver->sql[SQL_RESET])
        add_one(session, SQL_RESET);
    return ASKED_OPS;
}

static void on_closed(void *ctx)
{
    struct session *session = ctx;
    session_go(session, answer_close(session));
}

enum asked ask_close(struct session *session)
{
    if (!session->io)
        return ASKED_OPS;
    struct io *io = session->io;
    session->io = NULL;
    io_close(io, on_closed, session);
    return ASKED_CLOSE;
}

enum asked ask_backoff(struct session *session)
{
    uint64_t delay_ms = session->backoff_ms;
    session->env->on_retry(session->env->ctx, session, &session->err, session->attempts, delay_ms);
    session->last_err = session->err;
    session->err.kind = ERR_NONE;
    session->err_revision = NULL;
    session->err_statement = NULL;
    session->attempts++;
    session->lock_waited_ms = 0;
    start_timer(session, delay_ms);
    return ASKED_TIMER;
}
