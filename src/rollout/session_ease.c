/* Between two batches of a statement that repeats: may the next one begin, or is the server, or one of its replicas, not well
 * enough? And does the statement end at all? */
#include "rollout/session_repeat.h"

#include "base/arena.h"
#include "inventory/inventory.h"

enum {
    ASK_EVERY_MS = 1000, /* how often the server is asked how it is */
    FIRST_COUNT =
        128, /* after so many batches the table's rows are counted, then twice as late each time */
    MORE_THAN_ROWS = 2 /* times as many rows as there are were changed: it does not end */
};

/* ---- ease ------------------------------------------------------------------------------------------ */

/* Nothing is asked inside a transaction, which a proxy's lock is. */
static bool is_asked(const struct session *session, uint64_t now)
{
    const struct session_repeat *repeat = &session->repeat;
    return session->dialect->sql[SQL_PRESSURE] && pressure_is_asked(&repeat->options) &&
           !io_is_in_transaction(session->conn.io) &&
           (!repeat->asked_ms || repeat->watch.since_ms || now - repeat->asked_ms >= ASK_EVERY_MS);
}

/* A DELETE ends by itself, and an author who says how many batches there may be has thought of the end. */
static bool is_counted(const struct session *session)
{
    const struct session_repeat *repeat = &session->repeat;
    const struct repeating *statement = session_repeat_statement(session);
    bool ends = strcmp(statement->verb, "delete") == 0;
    return statement->table && !ends && !repeat->options.max_batches && repeat->batches &&
           repeat->batches >= session->repeat.next_count && !io_is_in_transaction(session->conn.io);
}

static void add_count(struct session *session)
{
    static const struct grid_shape one = {"!", 1};
    session_add_setup(session, NULL);
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->op.sql = arena_printf(op->op.arena, "SELECT count(*) FROM %s",
                              session_repeat_statement(session)->table);
    op->op.sql_len = strlen(op->op.sql);
    op->op.shape = &one;
    op->op.tx_after = TX_OUTSIDE;
    op->owner = &session->repeat.next_count;
    op->timeout_ms = session_control_budget(session);
}

/* Of those that the inventory names, what is known by now. `pressure` NULL: they are only asked. */
static void look_at_replicas(struct session *session, struct pressure *pressure)
{
    const struct replica_set *set = session->tenant->replicas;
    if (!set || !session->repeat.options.max_lag_ms)
        return;
    for (size_t i = 0; i < set->count; i++) {
        struct replica_view view = rollout_look_at_replica(session->env->run, set->replicas[i]);
        if (pressure)
            pressure_add_replica(pressure, set->replicas[i]->name,
                                 view.is_known ? &view.standing : NULL);
    }
}

static enum asked ask_ease(struct session *session)
{
    uint64_t now = session_repeat_now_ms();
    (void)session_repeat_make_options(session);
    if (!session->repeat.next_count)
        session->repeat.next_count = FIRST_COUNT;
    if (is_asked(session, now)) {
        session->repeat.asked_ms = now;
        look_at_replicas(session, NULL); /* so that their answers are newer than the server's */
        struct io_op *op = session_add_one(session, SQL_PRESSURE);
        op->op.tx_after = TX_OUTSIDE;
        op->owner = &session->repeat.watch;
    }
    if (is_counted(session))
        add_count(session);
    return ASKED_OPS;
}

/* A statement that is to end changes each row once. Rows that come while it runs are counted, too. */
static bool check_end(struct session *session, const struct io_op *count, struct err *err)
{
    const char *text = io_op_value(count, 0, 0);
    uint64_t rows = strtoull(text ? text : "", NULL, 10);
    session->repeat.next_count = 2 * session->repeat.batches;
    return session->repeat.rows <= MORE_THAN_ROWS * (rows + 1) ||
           err_set(err, ERR_SQL,
                   "the statement changes the same rows again and again: it has changed more than "
                   "%d times as many as '%s' holds; mend its condition, or say with 'max_batches:' "
                   "how often it may run",
                   MORE_THAN_ROWS, session_repeat_statement(session)->table);
}

static enum session_state wait_for(struct session *session)
{
    const struct pressure_watch *watch = &session->repeat.watch;
    const struct repeat *options = &session->repeat.options;
    struct err err;
    session->repeat.pause_ms = pressure_delay_ms(watch);
    if (!pressure_is_too_long(watch, options, session_repeat_now_ms()))
        return SESSION_PAUSE;
    err_set(&err, ERR_TIMEOUT,
            "%s for longer than 'max_wait:' (or 'batch_max_wait' of the inventory) allows",
            session->repeat.waits_for);
    err.is_transient = true;
    (void)session_repeat_fail(session, &err);
    session->repeat.watch = (struct pressure_watch){0};
    return session_repeat_end_between(session);
}

/* That one of the replicas does not follow, or cannot be asked, is said once in the report. */
static void note_trouble(struct session *session, enum pressure_verdict verdict)
{
    if (verdict != PRESSURE_STOPPED || session->repeat.has_said_trouble)
        return;
    session->repeat.has_said_trouble = true;
    struct notice notice = {
        .level = NOTICE_WARNING,
        .text = arena_printf(&session->arena, "a statement that repeats has waited: %s",
                             session->repeat.waits_for),
        .revision = session_repeat_action(session)->step->revision,
    };
    notices_add(&session->result.notices, &session->arena, &notice);
}

/* The server says that it has replicas, and this login may not ask how they are: said once. */
static void note_blindness(struct session *session, const struct pressure *pressure)
{
    if (!pressure->is_blind || session->repeat.has_said_blind)
        return;
    session->repeat.has_said_blind = true;
    struct notice notice = {
        .level = NOTICE_WARNING,
        .text =
            "this login may not see how late the replicas are: a statement that repeats does not "
            "wait for them",
        .revision = session_repeat_action(session)->step->revision,
    };
    notices_add(&session->result.notices, &session->arena, &notice);
}

static enum pressure_verdict judge(struct session *session, const struct io_op *op)
{
    struct session_repeat *repeat = &session->repeat;
    struct pressure pressure = pressure_read(&op->answer.rows);
    note_blindness(session, &pressure);
    look_at_replicas(session, &pressure);
    enum pressure_verdict verdict =
        pressure_judge(&repeat->watch, &repeat->options, &pressure, session_repeat_now_ms());
    pressure_tell(verdict, &pressure, repeat->waits_for);
    note_trouble(session, verdict);
    return verdict;
}

static enum session_state answer_ease(struct session *session)
{
    const struct io_op *op = session_repeat_op_of(session, &session->repeat.watch);
    const struct io_op *count = session_repeat_op_of(session, &session->repeat.next_count);
    struct err err;
    if (session_repeat_is_stopped(session))
        return session_repeat_stop_between(session);
    if (count && !check_end(session, count, &err)) {
        (void)session_repeat_fail(session, &err);
        return session_repeat_end_between(session);
    }
    *session->repeat.waits_for = '\0';
    if (op && judge(session, op) != PRESSURE_NONE)
        return wait_for(session);
    bool needs_lock =
        io_info(session->conn.io)->is_pooled && !io_is_in_transaction(session->conn.io);
    return needs_lock ? SESSION_LOCK : SESSION_BATCH;
}

/* That the rows cannot be counted is no reason to fail. */
static enum session_state error_ease(struct session *session, const struct io_op *op)
{
    bool is_count = op->owner == &session->repeat.next_count;
    if (!is_count || io_is_broken(session->conn.io)) {
        (void)session_fail(session, io_op_err(op));
        return io_is_broken(session->conn.io) ? SESSION_CLOSE : session_repeat_end_between(session);
    }
    session->repeat.next_count = 2 * session->repeat.batches;
    return SESSION_EASE;
}

const struct state_row row_ease = {
    .name = "ease",
    .does = "asks from time to time whether the server is well enough for the next batch of a "
            "statement that repeats",
    .ask = ask_ease,
    .answer = answer_ease,
    .on_error = error_ease,
    .next = SESSION_BATCH,
    .exits = TO(BATCH) | TO(PAUSE) | TO(LOCK) | TO(MARK) | TO(CLOSE),
    .error_exits = TO(EASE) | TO(MARK) | TO(CLOSE),
};

/* ---- pause ------------------------------------------------------------------------------------- */

static enum asked ask_pause(struct session *session)
{
    session_repeat_tell(session, session->repeat.waits_for);
    session_start_timer(session, session->repeat.pause_ms);
    return ASKED_TIMER;
}

const struct state_row row_pause = {
    .name = "pause",
    .does = "waits between two batches, with its lock and its connection",
    .ask = ask_pause,
    .next = SESSION_EASE,
    .exits = TO(EASE),
    .error_exits = TO(MARK) | TO(CLOSE),
    .waits = true,
};

enum session_state session_stop_pause(struct session *session)
{
    return session_repeat_stop_between(session);
}
