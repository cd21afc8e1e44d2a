/* Under the lock: where the tenant's tables are, whose database it is, and what it says of itself. */
#include "rollout/session_private.h"

#include "rollout/history.h"
#include "rollout/survey.h"

enum { LOCK_POLL_MAX_MS = 250 };

/* ---- lock ------------------------------------------------------------------------------------- */

/* Two databases on one server may have a schema of the same name. Where locks are the database's own, the schema is
 * enough; where they are the server's, the key tells databases apart too. */
static uint64_t lock_key(const struct session *session)
{
    char name[512];
    const struct tenant *tenant = session->tenant;
    const char *database = tenant->url.database ? tenant->url.database : "";
    bool is_of_server = session->dialect->traits & DIALECT_LOCKS_SERVER;
    int len = snprintf(name, sizeof name, "skein/%s%s%s", is_of_server ? database : "",
                       is_of_server ? "/" : "", tenant->schema ? tenant->schema : "");
    return hash_u64(name, (size_t)len < sizeof name ? (size_t)len : sizeof name - 1);
}

/* What the questions are made from, while the batch runs. */
static void make_look(struct session *session)
{
    const struct session_env *env = session->env;
    const struct tenant *tenant = session->tenant;
    session->look.questions = (struct look){
        .dialect = session->dialect,
        .vars = session->look.vars,
        .schema = tenant->schema,
        .search_path = tenant->settings->search_path,
        .adoption = env->request->verb->work == WORK_LOOK ? NULL : env->adoption,
        .may_meet_twins = env->may_meet_twins,
        .history = env->request->verb->work == WORK_LOOK ? SQL_HISTORY_NEWEST : SQL_HISTORY,
    };
}

static struct io_op *add_prepared(struct session *session, enum op_kind kind, io_prepare_fn prepare)
{
    struct io_op *op = session_add_op(session, kind);
    op->prepare = prepare;
    op->input = &session->look.questions;
    op->timeout_ms = session_control_budget(session);
    return op;
}

/* If the session does not get the lock now, its error says who has it. */
static bool is_patience_over(const struct session *session)
{
    return session->attempt.lock_waited_ms >= session->tenant->settings->lock_timeout_ms;
}

static enum asked ask_lock(struct session *session)
{
    if (!session_changes(session))
        return ASKED_OPS;
    session->look.vars.lock_key = lock_key(session);
    make_look(session);
    struct io_op *op = add_prepared(session, OP_LOCK, look_prepare_lock);
    if (session->attempt.lock_waited_ms && is_patience_over(session))
        op->op.flags |= OP_SAYS_HOLDER;
    return ASKED_OPS;
}

/* Another session of the server answers than that of the handshake, and none of them could hold a lock for us. */
static bool is_without_lock(const struct session *session, bool is_pooled)
{
    return is_pooled && !session->dialect->sql[SQL_LOCK_POOLED];
}

static enum session_state refuse_proxy(struct session *session)
{
    struct err err;
    err_set(
        &err, ERR_CONNECT,
        "a proxy hands one session's statements to several of the server's, and none of them could hold the "
        "tenant's lock: give the URL of the server itself");
    return session_fail(session, &err);
}

static enum session_state error_lock(struct session *session, const struct io_op *op)
{
    if (session_died_unused(session, op))
        return SESSION_CLOSE;
    if (is_without_lock(session, op->answer.is_pooled))
        return refuse_proxy(session);
    if (op->answer.is_pooled)
        return SESSION_LOCK;
    bool is_held =
        io_op_err(op)->kind == ERR_LOCK && !op->answer.is_locked && !io_op_err(op)->code[0];
    uint64_t patience_ms = session->tenant->settings->lock_timeout_ms;
    if (is_held && session->attempt.lock_waited_ms < patience_ms &&
        rollout_may_wait(session->env->run, session, false))
        return SESSION_LOCK_WAIT;
    return session_fail(session, io_op_err(op));
}

const struct state_row row_lock = {
    .name = "lock",
    .does = "tries to take the tenant's lock; a run that only looks takes none",
    .ask = ask_lock,
    .on_error = error_lock,
    .next = SESSION_INSPECT,
    .exits = TO(INSPECT),
    .error_exits = TO(LOCK) | TO(LOCK_WAIT) | TO_WAY_OUT,
    .joins_next = true,
    .is_cancellable = true,
};

static enum asked ask_lock_wait(struct session *session)
{
    uint64_t delay_ms = 5 + session->attempt.lock_waited_ms / 4;
    if (delay_ms > LOCK_POLL_MAX_MS)
        delay_ms = LOCK_POLL_MAX_MS;
    session->attempt.lock_waited_ms += delay_ms;
    session_start_timer(session, delay_ms);
    return ASKED_TIMER;
}

const struct state_row row_lock_wait = {
    .name = "lock_wait",
    .does = "waits a little, with no transaction open",
    .ask = ask_lock_wait,
    .next = SESSION_LOCK,
    .exits = TO(LOCK),
    .error_exits = TO(CLOSE),
    .is_cancellable = true,
    .waits = true,
};

/* ---- inspect ---------------------------------------------------------------------------------- */

static void add_look(struct session *session, enum look_op look, io_prepare_fn prepare)
{
    add_prepared(session, OP_QUERY, prepare)->owner = look_owner(look);
}

static enum asked ask_inspect(struct session *session)
{
    make_look(session);
    session_add_one(session, SQL_INSPECT)->owner = look_owner(LOOK_PLACE);
    if (session->dialect->sql[SQL_LOCATE]) {
        add_look(session, LOOK_LOCATION, look_prepare_location);
        add_look(session, LOOK_IDENTITY, look_prepare_identity);
    }
    return ASKED_OPS;
}

/* The op of the batch that asks this, or NULL. */
static const struct io_op *session_look_op(const struct session *session, enum look_op look)
{
    struct io_view view = {.ops = session->batch.ops, .count = session->batch.count};
    return io_view_find(&view, look_owner(look));
}

/* The inventory knows a database by its URL, which may be one of several names. False: another tenant of this run has
 * it, as err says. `database`: which one it is; NULL: it was not asked. */
static bool claim_database(struct session *session, const char *database, struct err *err)
{
    if (!database)
        return true;
    const char *schema = session->look.vars.schema ? session->look.vars.schema : "";
    const char *key = arena_printf(&session->arena, "%s/%s", database, schema);
    const struct tenant *twin = rollout_claim(session->env->run, session, key);
    if (!twin)
        return true;
    return err_set(err, ERR_CONFIG, "it is the same database as that of tenant '%s'", twin->name);
}

static const char *identity_of(const struct session *session)
{
    const struct io_op *op = session_look_op(session, LOOK_IDENTITY);
    return op && op->answer.rows.row_count ? io_op_value(op, 0, 0) : NULL;
}

/* Takes from the answers where the tenant's tables are. */
static void take_place(struct session *session)
{
    struct io_view view = {session->batch.ops, session->batch.count, io_info(session->conn.io),
                           false};
    struct place place = look_place(&session->look.questions, &view, &session->arena);
    session->look.has_schema = place.has_schema;
    session->look.has_version_table = place.has_version_table;
    session->look.has_history = place.has_history;
    session->look.vars.schema = place.schema;
    session->look.vars.search_path = place.search_path;
    session->look.vars.watches_client = place.watches_client;
    session->look.fault = place.fault ? arena_strdup(&session->arena, place.fault) : NULL;
    if (place.is_pooled)
        io_set_pooled(session->conn.io);
}

static enum session_state answer_inspect(struct session *session)
{
    struct err err;
    take_place(session);
    bool may_create = session->tenant->settings->create && session->tenant->schema;
    if (is_without_lock(session, io_info(session->conn.io)->is_pooled))
        return refuse_proxy(session);
    session->conn.is_reused = false;
    if (!claim_database(session, identity_of(session), &err))
        return session_fail(session, &err);
    if (session->look.fault && session->env->request->verb->work != WORK_LOOK) {
        err_set(&err, ERR_CONFIG, "%s", session->look.fault);
        return session_fail(session, &err);
    }
    if (session->look.has_schema || may_create)
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

static enum session_state error_look(struct session *session, const struct io_op *op)
{
    const struct adoption *adoption = session->env->adoption;
    struct err err = *io_op_err(op);
    if (session_died_unused(session, op))
        return SESSION_CLOSE;
    if (adoption && session->state == SESSION_READ && op == session_look_op(session, LOOK_FOREIGN))
        err_prefix(&err, "reading %s's table '%s'", adoption->name, adoption->table);
    return session_fail(session, &err);
}

const struct state_row row_inspect = {
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
};

/* ---- read ------------------------------------------------------------------------------------- */

/* The history first: where another run may be at work on another node, what it does after that takes the number of the
 * next row, whatever the version table says by then. */
static void add_reads(struct session *session)
{
    add_look(session, LOOK_HISTORY, look_prepare_history);
    add_look(session, LOOK_VERSIONS, look_prepare_versions);
    if (session->look.questions.adoption)
        add_look(session, LOOK_FOREIGN, look_prepare_foreign);
}

/* Questions that do not depend on each other's answers travel in one message. To find out who has the lock takes a second
 * statement to find out. */
static void join_looks(struct session *session)
{
    struct io_op *lock = session_op_of(session, SESSION_LOCK);
    struct io_op *inspect = session_op_of(session, SESSION_INSPECT);
    struct io_op *reads = session_op_of(session, SESSION_READ);
    inspect->joins_last = lock && lock != inspect && !(lock->op.flags & OP_SAYS_HOLDER);
    while (++reads < session->batch.ops + session->batch.count)
        reads->joins_last = true;
}

static enum asked ask_read(struct session *session)
{
    add_reads(session);
    join_looks(session);
    return ASKED_OPS;
}

/* The table may hold anything: report and ledger take no more of it than could be ids. */
static bool take_versions(struct session *session, const struct grid *found, struct err *err)
{
    enum { ROWS_MOST = 10000, ID_MOST = 255, SHOWN = 40 };
    const char **ids = arena_calloc(&session->arena, found->row_count, sizeof *ids);
    if (found->row_count > ROWS_MOST)
        return err_set(err, ERR_DRIFT,
                       "its version table has more than %d rows, which are no revisions: delete "
                       "what does not belong there",
                       ROWS_MOST);
    for (size_t i = 0; i < found->row_count; i++) {
        ids[i] = grid_value(found, i, 0) ? grid_value(found, i, 0) : "";
        if (strlen(ids[i]) > ID_MOST)
            return err_set(err, ERR_DRIFT,
                           "its version table has a row of more than %d bytes, '%.*s…', which is "
                           "no revision: delete that row",
                           ID_MOST, SHOWN, ids[i]);
    }
    session->look.rows = rows_sorted(&session->arena, ids, found->row_count);
    return true;
}

static void take_history(struct session *session, const struct grid *found)
{
    const struct grid *rows = &session->look.history;
    session->look.history = *found;
    session->doubt.unfinished = history_unfinished(rows);
    session->look.history_id = history_last_id(rows);
    session->look.vars.owner = session->doubt.unfinished.revision ? session->doubt.unfinished.run_id
                                                                  : session->env->run_id;
    session->doubt.has_probed = session->doubt.has_compared = false;
    session->doubt.half_done = session->doubt.unfinished.statements;
    session->repeat.count = session->doubt.unfinished.count;
    /* until a mark or a record is written */
    session->doubt.is_half_open = session->doubt.unfinished.revision != NULL;
    session->doubt.found = (struct probe_findings){0};
    if (session->doubt.refused &&
        session->doubt.unfinished.statements + 1 == session->doubt.refused &&
        strcmp(session->doubt.unfinished.run_id, session->env->run_id) == 0)
        session->doubt.unfinished.is_running = false;
    session->doubt.refused = 0;
    session->doubt.is_begun =
        session->doubt.unfinished.is_running || session->doubt.unfinished.is_begun;
    if (session->env->request->verb->work == WORK_LOOK ||
        history_check_files(rows, session->env->chain, &session->look.drift))
        session->look.drift.kind = ERR_NONE;
}

/* A node's lock does not keep out a run that came to another node, and what it has under way looks as if it had died.
 * Only of the runs of this rollout it is certain that they are over: the ledger lets one of them be at work. */
static bool is_anothers_work(const struct session *session)
{
    const struct unfinished *unfinished = &session->doubt.unfinished;
    const struct request *request = session->env->request;
    return io_info(session->conn.io)->is_node && unfinished->revision && unfinished->is_running &&
           request_changes(request) && request->settle == SETTLE_NONE &&
           !rollout_is_of_family(session->env->run, unfinished->run_id);
}

/* As for the lock itself. */
static enum session_state wait_for_other(struct session *session)
{
    struct err err;
    const char *run = session->doubt.unfinished.run_id;
    if (!is_patience_over(session) && rollout_may_wait(session->env->run, session, false))
        return SESSION_LOCK_WAIT;
    err_set(
        &err, ERR_LOCK,
        "run %s is at work on it, or was when it died: on a Galera cluster no lock tells; if it is no longer at "
        "work, say 'skein resume %s', or settle its statement with 'skein resolve %s'",
        run, run, session->tenant->name);
    err.is_transient = true;
    return session_fail(session, &err);
}

static void take_foreign(struct session *session, const struct io_op *op)
{
    session->look.foreign = op->answer.rows;
}

static enum session_state answer_read(struct session *session)
{
    struct err err;
    if (!take_versions(session, &session_look_op(session, LOOK_VERSIONS)->answer.rows, &err))
        return session_fail(session, &err);
    take_history(session, &session_look_op(session, LOOK_HISTORY)->answer.rows);
    if (session->look.questions.adoption)
        take_foreign(session, session_look_op(session, LOOK_FOREIGN));
    if (!session->result.from.is_known)
        session->result.from = session->result.rows = session->look.rows;
    if (is_anothers_work(session))
        return wait_for_other(session);
    if (session->doubt.is_resolving)
        return SESSION_RESOLVE;
    return session->env->request->verb->work == WORK_LOOK ? session_end(session) : SESSION_PLAN;
}

const struct state_row row_read = {
    .name = "read",
    .does = "reads both tables, under the lock",
    .ask = ask_read,
    .answer = answer_read,
    .on_error = error_look,
    .next = SESSION_PLAN,
    .exits = TO(PLAN) | TO(RESOLVE) | TO_LOOKED | TO(LOCK_WAIT) | TO_WAY_OUT,
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
};

/* ---- a survey --------------------------------------------------------------------------------- */

/* A step that was left half way is looked at by its own session. */
bool session_can_take_survey(const struct session *session)
{
    bool is_first = session->attempt.number == 1 && !session->look.is_own;
    const struct surveyed *surveyed =
        is_first ? rollout_surveyed(session->env->run, session->index) : NULL;
    if (!surveyed || (session->env->request->reads_catalog && !surveyed->has_catalog))
        return false;
    return session->env->request->verb->work == WORK_LOOK ||
           !history_unfinished(&surveyed->history).revision;
}

enum session_state session_take_survey(struct session *session)
{
    const struct surveyed *surveyed = rollout_surveyed(session->env->run, session->index);
    struct err err;
    if (surveyed->variant)
        session->dialect = surveyed->variant;
    session->look.vars.schema = surveyed->schema;
    session->look.has_schema = session->look.has_version_table = true;
    session->look.has_history = surveyed->has_history;
    if (!claim_database(session, surveyed->identity, &err) ||
        !take_versions(session, &surveyed->versions, &err))
        return session_fail(session, &err);
    take_history(session, &surveyed->history);
    session->result.from = session->result.rows = session->look.rows;
    return session->env->request->verb->work == WORK_LOOK ? SESSION_CLOSE : SESSION_PLAN;
}

enum session_state session_forget_survey(struct session *session)
{
    session->look.is_surveyed = false;
    session->look.is_own = true;
    session->look.rows = session->result.from = session->result.rows = (struct rows){0};
    session->look.history = (struct grid){0};
    session->work.plan = NULL;
    session->result.recorded_count = 0;
    return SESSION_LINK;
}
