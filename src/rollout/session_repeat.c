/* A statement that is repeated until it changes no row (chain/repeat.h): each batch is a transaction with its own mark in the
 * history table, so that the run that goes on knows how much is done, and the data say where. Between two batches the tenant keeps
 * its lock, its connection and its place among those at work; nothing else is held. */
#include "rollout/session_private.h"

#include <inttypes.h>

#include "base/arena.h"
#include "chain/repeat.h"
#include "inventory/inventory.h"

enum {
    ASK_EVERY_MS = 1000,  /* how often the server is asked how it is */
    TELL_EVERY_MS = 1000, /* and how often the run is told how far it is */
    FIRST_COUNT =
        128, /* after so many batches the table's rows are counted, then twice as late each time */
    MORE_THAN_ROWS = 2, /* times as many rows as there are were changed: it does not end */
    STATEMENT_SLACK_MS = 5000
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000 + 1;
}

static const struct action *repeated(const struct session *session)
{
    return &session->work.todo.actions[session->work.cursor];
}

static const struct repeating *repeating(const struct session *session)
{
    return repeated(session)->piece->repeating;
}

/* The section's, and the tenant's for what it does not say. */
static const struct repeat *make_options(struct session *session)
{
    session->repeat.options =
        repeat_join(repeating(session)->options, &session->tenant->settings->batches);
    return &session->repeat.options;
}

/* The file's line, for what is wrong with the statement as a whole. */
static enum session_state fail_here(struct session *session, struct err *err)
{
    const struct action *action = repeated(session);
    err_set_place(err, action->step->revision->path, action->piece->line);
    session->result.err_revision = action->step->revision;
    session->result.err_statement =
        piece_line_text(&session->arena, action->piece, action->piece->line);
    return session_fail(session, err);
}

/* Between two batches all is committed and marked: the step goes on from there. */
static enum session_state end_between(struct session *session)
{
    session->doubt.is_half_open = false;
    return io_info(session->conn.io)->is_pooled ? SESSION_CLOSE : SESSION_MARK;
}

static enum session_state stop_between(struct session *session)
{
    struct err err;
    err_set(&err, ERR_CANCELLED, "the run was stopped between two batches");
    (void)fail_here(session, &err);
    return end_between(session);
}

static bool is_stopped(const struct session *session)
{
    return session->is_cancelled || !rollout_may_wait(session->env->run, session, false);
}

/* `waits_for`: what the next batch waits for; "": nothing. */
static void tell(struct session *session, const char *waits_for)
{
    struct session_repeat *repeat = &session->repeat;
    uint64_t now = now_ms();
    if (repeat->told_ms && now - repeat->told_ms < TELL_EVERY_MS)
        return;
    repeat->told_ms = now;
    rollout_note_batches(session->env->run, session,
                         &(struct batches_done){.revision = repeated(session)->step->revision,
                                                .batches = repeat->count.batches,
                                                .rows = repeat->count.rows,
                                                .waits_for = *waits_for ? waits_for : NULL});
}

/* ---- ease: may the next batch begin? ----------------------------------------------------------- */

/* Nothing is asked inside a transaction, which a proxy's lock is. */
static bool is_asked(const struct session *session, uint64_t now)
{
    const struct session_repeat *repeat = &session->repeat;
    return session->dialect->sql[SQL_PRESSURE] && pressure_is_asked(&repeat->options) &&
           !io_is_in_transaction(session->conn.io) &&
           (!repeat->asked_ms || repeat->watch.since_ms || now - repeat->asked_ms >= ASK_EVERY_MS);
}

/* An author who says how many batches there may be has thought of the end. */
static bool is_counted(const struct session *session)
{
    const struct session_repeat *repeat = &session->repeat;
    return repeating(session)->table && !repeat->options.max_batches && repeat->batches &&
           repeat->batches >= session->repeat.next_count && !io_is_in_transaction(session->conn.io);
}

static void add_count(struct session *session)
{
    static const struct grid_shape one = {"!", 1};
    session_add_setup(session, NULL);
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->op.sql = arena_printf(op->op.arena, "SELECT count(*) FROM %s", repeating(session)->table);
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
    uint64_t now = now_ms();
    (void)make_options(session);
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

static const struct io_op *op_of(const struct session *session, const void *owner)
{
    for (size_t i = 0; i < session->batch.count; i++)
        if (session->batch.ops[i].owner == owner)
            return &session->batch.ops[i];
    return NULL;
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
                   MORE_THAN_ROWS, repeating(session)->table);
}

static enum session_state wait_for(struct session *session)
{
    const struct pressure_watch *watch = &session->repeat.watch;
    const struct repeat *options = &session->repeat.options;
    struct err err;
    session->repeat.pause_ms = pressure_delay_ms(watch);
    if (!pressure_is_too_long(watch, options, now_ms()))
        return SESSION_PAUSE;
    err_set(&err, ERR_TIMEOUT,
            "%s for longer than 'max_wait:' (or 'batch_max_wait' of the inventory) allows",
            session->repeat.waits_for);
    err.is_transient = true;
    (void)fail_here(session, &err);
    session->repeat.watch = (struct pressure_watch){0};
    return end_between(session);
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
        .revision = repeated(session)->step->revision,
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
        .revision = repeated(session)->step->revision,
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
        pressure_judge(&repeat->watch, &repeat->options, &pressure, now_ms());
    pressure_tell(verdict, &pressure, repeat->waits_for);
    note_trouble(session, verdict);
    return verdict;
}

static enum session_state answer_ease(struct session *session)
{
    const struct io_op *op = op_of(session, &session->repeat.watch);
    const struct io_op *count = op_of(session, &session->repeat.next_count);
    struct err err;
    if (is_stopped(session))
        return stop_between(session);
    if (count && !check_end(session, count, &err)) {
        (void)fail_here(session, &err);
        return end_between(session);
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
        return io_is_broken(session->conn.io) ? SESSION_CLOSE : end_between(session);
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
    tell(session, session->repeat.waits_for);
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
    return stop_between(session);
}

/* ---- batch ------------------------------------------------------------------------------------- */

/* What the server is told, and what the driver sees to where the server cannot. */
static void set_timeout(struct session *session, uint64_t timeout_ms)
{
    session->look.vars.statement_timeout_ms = timeout_ms;
    session->repeat.limits = session->batch.limits;
    session->repeat.limits.statement_timeout_ms = timeout_ms;
}

static void add_begin(struct session *session)
{
    bool is_first = repeated(session)->piece->first_statement == 0;
    bool is_pooled = io_info(session->conn.io)->is_pooled;
    enum sql_id ids[4];
    size_t count = 0;
    session->look.vars.nonce = arena_printf(&session->arena, "%s/%zu/%u", session->env->run_id,
                                            session->index, session->attempt.number);
    if (session->driver->traits & DRIVER_JOINS_ALL) {
        session_add_setup(session, NULL);
        ids[count++] = SQL_BEGIN;
    } else {
        if (!is_pooled)
            ids[count++] = SQL_BEGIN;
        if (repeated(session)->script->may_change & PART_SETUP)
            ids[count++] = SQL_SETUP_AGAIN;
        ids[count++] = SQL_SETUP_LOCAL;
    }
    struct io_op *begin = session_add_query(session, ids, count);
    begin->op.tx_after = TX_INSIDE;
    if (is_first)
        begin->op.flags |= OP_BEGINS_REVISION;
}

static void add_statement(struct session *session)
{
    const struct action *action = repeated(session);
    uint64_t each_ms = session->repeat.limits.statement_timeout_ms;
    struct io_op *op = session_add_op(session, OP_SCRIPT);
    op->op.limits = &session->repeat.limits;
    bool is_thorough = session->repeat.is_thorough && repeating(session)->thorough;
    op->op.sql = is_thorough ? repeating(session)->thorough : action->piece->sql;
    op->op.sql_len = action->piece->sql_len;
    op->owner = action;
    op->op.revision = action->step->revision;
    op->op.tx_after = TX_INSIDE;
    op->op.flags |= OP_HEARS_ALL;
    op->timeout_ms = session_budget(session, each_ms ? each_ms + STATEMENT_SLACK_MS : 0);
}

static void add_look(struct session *session)
{
    if (!session->dialect->sql[SQL_BATCH_END])
        return;
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->prepare = actions_prepare_batch_end;
    op->input = &session->work.acting;
    op->owner = repeated(session);
    op->op.shape = sql_shape(SQL_BATCH_END);
    op->op.tx_after = TX_INSIDE;
    op->timeout_ms = session_control_budget(session);
}

static void add_mark(struct session *session)
{
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->prepare = actions_prepare_batch;
    op->input = &session->work.acting;
    op->owner = repeated(session);
    op->op.tx_after = TX_INSIDE;
    op->rows_total = 1;
    op->timeout_ms = session_control_budget(session);
}

static void add_commit(struct session *session)
{
    struct io_op *op = session_add_one(session, SQL_COMMIT);
    op->op.tx_after = TX_OUTSIDE;
    op->op.flags |= OP_MUST_COMMIT | OP_HEARS_ALL;
}

static enum asked ask_batch(struct session *session)
{
    uint64_t usual_ms = session->tenant->settings->statement_timeout_ms;
    uint64_t own_ms = make_options(session)->timeout_ms;
    session_make_actions(session, session->work.cursor);
    session->work.acting.is_thorough = session->repeat.is_thorough || !repeating(session)->thorough;
    session_reserve_ops(session, 7);
    set_timeout(session, own_ms ? own_ms : usual_ms);
    add_begin(session);
    add_statement(session);
    session->look.vars.statement_timeout_ms = usual_ms;
    add_look(session);
    add_mark(session);
    add_commit(session);
    return ASKED_OPS;
}

/* What worked once more is no failure in a row with those before. */
static void note_progress(struct session *session)
{
    session->attempt.history = (struct retry_history){0};
    session->attempt.failing_ns = session->attempt.trouble_ns = 0;
    rollout_note_well(session->env->run, session);
}

/* The author's own question, which follows, says better whether all is done. */
static bool is_verified(const struct session *session)
{
    const struct work *todo = &session->work.todo;
    size_t next = session->work.cursor + 1;
    return next < todo->count && todo->actions[next].kind == ACTION_VERIFY &&
           !todo->actions[next].verify->fault;
}

static const struct io_op *look_of(const struct session *session)
{
    for (size_t i = 0; i < session->batch.count; i++)
        if (session->batch.ops[i].prepare == actions_prepare_batch_end)
            return &session->batch.ops[i];
    return NULL;
}

/* What a trigger does in the place of the statement, and what its WITH changes, is not counted. */
static void note_uncounted(struct session *session)
{
    const struct io_op *look = look_of(session);
    bool has_written = look && look->answer.rows.row_count && *io_op_value(look, 0, 0) != '0';
    if (!has_written || is_verified(session))
        return;
    struct notice notice = {
        .level = NOTICE_WARNING,
        .text =
            "a statement that repeats has ended, since its last batch counted no row, and that "
            "batch has changed or locked rows all the same, as a trigger or its WITH may do: look "
            "whether all is done, and ask for it with '-- verify:'",
        .revision = repeated(session)->step->revision,
    };
    notices_add(&session->result.notices, &session->arena, &notice);
}

static enum session_state end_repeat(struct session *session)
{
    note_uncounted(session);
    session->repeat.told_ms = 0;
    tell(session, "");
    session->repeat.told_ms = 0;
    session->work.batch_end = session->work.cursor + 1;
    session->work.expected = session->result.rows;
    session_take_commit(session);
    session->repeat.batches = session->repeat.rows = session->repeat.next_count = 0;
    session->repeat.is_thorough = false;
    return session_next_work(session);
}

/* A batch that leaves each row as it was will find the same rows again. Some servers say so (answer.rows_same). */
static bool check_progress(const struct session *session, const struct answer *answer,
                           struct err *err)
{
    bool goes_on = !repeating(session)->updates || !answer->rows_changed ||
                   answer->rows_same < answer->rows_changed || session->repeat.options.max_batches;
    return goes_on ||
           err_set(
               err, ERR_SQL,
               "the statement finds the same rows again and again: the %" PRIu64
               " of its last batch were as they should be; mend its condition, so that it leaves "
               "them out, or say with 'max_batches:' how often it may run",
               answer->rows_same);
}

/* Rows that others have locked are found by the same statement without its SKIP LOCKED, which waits for them. */
static enum session_state answer_batch(struct session *session)
{
    const struct action *action = repeated(session);
    const struct repeat *options = &session->repeat.options;
    const struct io_op *op = op_of(session, action);
    uint64_t rows = op->answer.rows_changed;
    bool was_thorough = session->work.acting.is_thorough;
    struct err err;
    session->work.step_ms += op->answer.duration_ms;
    session->doubt.is_half_open = false;
    note_progress(session);
    session->repeat.is_thorough = !rows && !was_thorough;
    if (!rows && was_thorough)
        return end_repeat(session);
    session->repeat.count.rows += rows;
    session->repeat.count.batches += rows > 0;
    session->repeat.rows += rows;
    session->repeat.batches += rows > 0;
    tell(session, "");
    if (!check_progress(session, &op->answer, &err)) {
        (void)fail_here(session, &err);
        return end_between(session);
    }
    if (options->max_batches && session->repeat.batches >= options->max_batches) {
        err_set(&err, ERR_SQL,
                "the statement still changed rows in its last batch of the %" PRIu32
                " that 'max_batches:' allows: mend it, or resume if it is as it should be",
                options->max_batches);
        (void)fail_here(session, &err);
        return end_between(session);
    }
    if (is_stopped(session))
        return stop_between(session);
    session->repeat.pause_ms = rows && !session->rehearsal.copy ? options->pause_ms : 0;
    return session->repeat.pause_ms ? SESSION_PAUSE : SESSION_EASE;
}

static enum session_state error_batch(struct session *session, const struct io_op *op)
{
    struct err err = *io_op_err(op);
    enum session_state next;
    if (op->op.flags & OP_MUST_COMMIT) {
        err_prefix(&err, "committing a batch");
        next = session_fail(session, &err);
    } else {
        next = session_blame(session, op, op);
    }
    bool can_mark = next == SESSION_CLOSE && !io_is_broken(session->conn.io);
    return can_mark ? end_between(session) : next;
}

const struct state_row row_batch = {
    .name = "batch",
    .does = "runs a statement that repeats once more, in a transaction of its own with its mark",
    .ask = ask_batch,
    .answer = answer_batch,
    .on_error = error_batch,
    .next = SESSION_PAUSE,
    .exits = TO_WORK | TO(PAUSE) | TO(MARK) | TO(CLOSE),
    .error_exits = TO(MARK) | TO_WAY_OUT,
};

bool session_is_repeating(const struct session *session)
{
    return session->work.cursor < session->work.todo.count &&
           repeated(session)->kind == ACTION_REPEAT;
}
