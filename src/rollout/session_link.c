/* The way in and the way out: a connection, the tenant's database where it is still to be made, the next attempt. */
#include "link/credentials.h"
#include "rollout/session_private.h"

/* ---- link ------------------------------------------------------------------------------------- */

static void on_link_ready(void *ctx, const struct err *err)
{
    struct session *session = ctx;
    if (err)
        session->conn.link = NULL;
    else
        session->conn.io = link_io(session->conn.link);
    session_job_done(session, err);
}

/* Only a plan is worth making a database for: all else is about what the tenant holds. */
static bool may_create(const struct session *session)
{
    return session->tenant->settings->create && session->env->request->verb->work != WORK_SETTLE &&
           session->env->request->verb->work != WORK_ACCEPT;
}

/* The server that has no such database yet has one that it was born with. */
static enum asked ask_link(struct session *session)
{
    const struct dialect *dialect = session->dialect;
    bool is_looking = !session_changes(session);
    const struct link_wish wish = {
        .database =
            session->conn.is_creating ? dialect->maintenance_database : session->rehearsal.copy,
        .may_create = may_create(session) && (is_looking || session->conn.is_made_intended),
        .is_read_only = is_looking,
        .may_reuse =
            !session->conn.is_creating && !session->conn.wants_new && !session->rehearsal.copy,
    };
    session->look.is_surveyed = session_can_take_survey(session);
    if (session->look.is_surveyed)
        return ASKED_OPS;
    session->conn.is_guard_prepared = session->conn.is_missing = false;
    session->conn.link = link_new(session->env->links, (uint32_t)session->index, &wish);
    if (!link_get(session->conn.link, on_link_ready, session))
        return ASKED_JOB;
    session->conn.io = link_io(session->conn.link);
    return ASKED_OPS;
}

static enum session_state answer_link(struct session *session)
{
    if (session->look.is_surveyed)
        return session_take_survey(session);
    return session->conn.is_creating ? SESSION_CREATE : SESSION_CONNECT;
}

const struct state_row row_link = {
    .name = "link",
    .does = "finds the host's addresses and the password, off the loop; then a connection "
            "that another tenant left, or a new one; none where a survey has said enough",
    .ask = ask_link,
    .answer = answer_link,
    .next = SESSION_CONNECT,
    .exits = TO(CONNECT) | TO(CREATE) | TO(PLAN) | TO(CLOSE),
    .error_exits = TO(CLOSE),
    .is_cancellable = true,
};

/* ---- connect ---------------------------------------------------------------------------------- */

static struct io_op *add_connect(struct session *session)
{
    struct io_op *op = session_add_op(session, OP_CONNECT);
    link_fill_connect(session->conn.link, op);
    return op;
}

static enum asked ask_connect(struct session *session)
{
    session->conn.is_reused = link_is_reused(session->conn.link);
    if (!link_is_connected(session->conn.link))
        add_connect(session)->op.flags |= OP_HEARS_ALL;
    return ASKED_OPS;
}

/* Whatever fails on the way to the tenant's database is said by a new connection: an error that comes from there is told as
 * it is told without those that are left. */
bool session_died_unused(struct session *session, const struct io_op *op)
{
    bool is_unfit = op->op.kind == OP_CONNECT || io_op_err(op)->is_connection_lost;
    if (!session->conn.is_reused || !is_unfit)
        return false;
    session->conn.is_reused = false;
    session->conn.wants_new = true;
    session->conn.after_close = SESSION_LINK;
    return true;
}

static enum session_state answer_connect(struct session *session)
{
    session->conn.is_reused = session->conn.is_reused && link_is_connected(session->conn.link);
    session->conn.wants_new = false;
    session->look.vars.backend_pid = io_info(session->conn.io)->backend_pid;
    session->look.vars.sets_parser = io_info(session->conn.io)->reads_oddly;
    if (io_info(session->conn.io)->variant)
        session->dialect = io_info(session->conn.io)->variant;
    session->look.vars.may_exist = io_info(session->conn.io)->is_node; /* by another run */
    (void)link_note_connected(session->conn.link, &err_none);
    rollout_note_connected(session->env->run, session);
    return SESSION_LOCK;
}

/* A run that only looks treats a database that an upgrade would make as an empty one. */
static enum session_state take_for_empty(struct session *session)
{
    session->result.from.is_known = session->result.rows.is_known = true;
    session->look.has_schema = true;
    session->conn.is_missing = true;
    return session->env->request->verb->work == WORK_LOOK ? SESSION_CLOSE : SESSION_PLAN;
}

/* A rollback makes no database, but for a copy to be put there. Where there was nothing before, it is over. */
static bool makes_nothing(struct session *session)
{
    const struct session_env *env = session->env;
    return rollout_is_rolling_back(env->run) && !rollout_copy_to_restore(env->run, session);
}

static enum session_state error_connect(struct session *session, const struct io_op *op)
{
    const struct session_env *env = session->env;
    bool is_missing = op->answer.is_missing && may_create(session);
    if (session_died_unused(session, op))
        return SESSION_CLOSE;
    if (is_missing && !request_changes(env->request))
        return take_for_empty(session);
    if (is_missing && makes_nothing(session)) {
        bool was_empty = rollout_is_as_before(env->run, session, &(struct rows){.is_known = true});
        return was_empty ? SESSION_CLOSE : session_fail(session, io_op_err(op));
    }
    if (is_missing) {
        session->conn.after_close = SESSION_INTENT;
        return SESSION_CLOSE;
    }
    if (!link_note_connected(session->conn.link, io_op_err(op)))
        rollout_note_not_refused(session->env->run, session);
    struct err err = *io_op_err(op);
    credentials_explain(session->tenant->password, &err);
    return session_fail(session, &err);
}

const struct state_row row_connect = {
    .name = "connect",
    .does =
        "connects, unless another tenant did; where one left a connection to another database, goes to ours",
    .ask = ask_connect,
    .answer = answer_connect,
    .on_error = error_connect,
    .next = SESSION_LOCK,
    .exits = TO(LOCK),
    .error_exits = TO(PLAN) | TO(CLOSE),
    .joins_next = true,
    .is_cancellable = true,
};

/* ---- create ----------------------------------------------------------------------------------- */

static enum asked ask_create(struct session *session)
{
    session->look.vars.database = session->tenant->url.database;
    (void)add_connect(session);
    session_add_one(session, SQL_CREATE_DATABASE)->op.tx_after = TX_ANY;
    return ASKED_OPS;
}

static enum session_state answer_create(struct session *session)
{
    session->conn.after_close = SESSION_LINK;
    return SESSION_CLOSE;
}

static enum session_state error_create(struct session *session, const struct io_op *op)
{
    const char *code = session->dialect->code_database_exists;
    bool is_there =
        code && strcmp(io_op_err(op)->code, code) == 0; /* another run made it meanwhile */
    return is_there ? answer_create(session) : session_fail(session, io_op_err(op));
}

const struct state_row row_create = {
    .name = "create",
    .does = "creates the database, connected to the server's own one",
    .ask = ask_create,
    .answer = answer_create,
    .on_error = error_create,
    .next = SESSION_CLOSE,
    .exits = TO(CLOSE),
    .error_exits = TO(CLOSE),
    .is_cancellable = true,
};

/* ---- release and close ------------------------------------------------------------------------ */

static void on_released(void *ctx)
{
    session_go_on(ctx);
}

static struct link *take_link(struct session *session)
{
    struct link *link = session->conn.link;
    session->conn.link = NULL;
    session->conn.io = NULL;
    session->conn.is_creating = false;
    return link;
}

static enum asked ask_release(struct session *session)
{
    bool is_ending = rollout_is_ending(session->env->run);
    if (!session->conn.link)
        return ASKED_OPS;
    (is_ending || session->rehearsal.copy ? link_close : link_leave)(take_link(session),
                                                                     on_released, session);
    return ASKED_CLOSE;
}

const struct state_row row_release = {
    .name = "release",
    .does =
        "makes the connection like new for another tenant of the database or of the server, or closes it",
    .ask = ask_release,
    .next = SESSION_DONE,
    .exits = TO(DONE),
};

static enum asked ask_close(struct session *session)
{
    struct link *link = take_link(session);
    if (!link)
        return ASKED_OPS;
    link_close(link, on_released, session);
    return ASKED_CLOSE;
}

enum { RESOLVE_ATTEMPTS = 8 };

/* Measures for how long the tenant has failed, and its server has been in trouble, without the time that the tenant waited
 * for a place. */
static void measure(struct session *session, struct retry_history *history)
{
    uint64_t now_ns = uv_hrtime() - session->attempt.stalled_ns;
    if (!session->attempt.failing_ns)
        session->attempt.failing_ns = now_ns;
    if (!session->attempt.trouble_ns)
        session->attempt.trouble_ns = now_ns;
    history->failing_ms = (now_ns - session->attempt.failing_ns) / 1000000;
    history->trouble_ms = (now_ns - session->attempt.trouble_ns) / 1000000;
}

static bool may_retry(struct session *session)
{
    const struct session_env *env = session->env;
    const struct settings *settings = session->tenant->settings;
    struct retry_history *history =
        session->doubt.is_resolving ? &session->doubt.history : &session->attempt.history;
    struct retry_limits limits = {settings->retries, settings->retry_timeout_ms};
    if (session->is_cancelled || session->result.is_partial || session->rehearsal.copy)
        return false;
    measure(session, history);
    rollout_weigh(env->run, session, &session->result.err, history);
    struct err err = session->result.err;
    if (session->doubt.is_resolving) { /* asking again is always right, but not for ever */
        session->doubt.attempts++;
        if (limits.retries < RESOLVE_ATTEMPTS)
            limits.retries = RESOLVE_ATTEMPTS;
        err.is_transient = true;
    }
    /* A run that stops looks once how a commit ended: what is in flight finishes. */
    bool is_urgent = session->doubt.is_resolving && session->doubt.attempts == 1;
    return retry_decide(&err, history, &limits, rollout_random(env->run), &session->attempt.next) &&
           rollout_may_wait(env->run, session, is_urgent);
}

static enum session_state answer_close(struct session *session)
{
    enum session_state next = session->conn.after_close;
    session->conn.after_close = SESSION_DONE;
    if (next != SESSION_DONE)
        return next;
    if (session->result.err.kind == ERR_NONE || !may_retry(session))
        return SESSION_DONE;
    return SESSION_BACKOFF;
}

const struct state_row row_close = {
    .name = "close",
    .does = "closes the connection, and with it all locks",
    .ask = ask_close,
    .answer = answer_close,
    .next = SESSION_DONE,
    .exits = TO(DONE) | TO(BACKOFF) | TO(INTENT) | TO(LINK),
    .must_finish = true,
};

/* ---- the next attempt ------------------------------------------------------------------------- */

static enum asked ask_backoff(struct session *session)
{
    const struct session_env *env = session->env;
    uint64_t delay_ms = session->attempt.next.delay_ms;
    rollout_note_retry(env->run, session, &session->result.err, session->attempt.number, delay_ms);
    session->attempt.is_parked = rollout_park(env->run, session);
    session->attempt.last_err = session->result.err;
    session->result.err.kind = ERR_NONE;
    session->result.err_revision = NULL;
    session->result.err_statement = NULL;
    session->attempt.number++;
    session->attempt.lock_waited_ms = 0;
    session->work.has_snapshot = false;
    session_start_timer(session, delay_ms);
    return ASKED_TIMER;
}

const struct state_row row_backoff = {
    .name = "backoff",
    .does = "waits before the next attempt, longer each time",
    .ask = ask_backoff,
    .next = SESSION_TURN,
    .exits = TO(TURN),
    .error_exits = TO(CLOSE),
    .waits = true,
};

static enum asked ask_turn(struct session *session)
{
    if (!session->attempt.is_parked)
        return ASKED_OPS;
    session->attempt.due_ns = uv_hrtime();
    rollout_want_turn(session->env->run, session, session->attempt.next.turn);
    return ASKED_JOB;
}

const struct state_row row_turn = {
    .name = "turn",
    .does = "waits until it has a place among those at work again",
    .ask = ask_turn,
    .next = SESSION_LINK,
    .exits = TO(LINK),
    .error_exits = TO(CLOSE),
    .waits = true,
};
