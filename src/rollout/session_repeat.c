/* A statement that is repeated until it changes no row (chain/repeat.h): each batch is a transaction with its own mark in the
 * history table, so that the run that goes on knows how much is done, and the data say where. Between two batches the tenant keeps
 * its lock, its connection and its place among those at work; nothing else is held. */
#include "rollout/session_repeat.h"

#include <inttypes.h>

#include "base/arena.h"
#include "chain/repeat.h"
#include "inventory/inventory.h"

enum {
    TELL_EVERY_MS = 1000, /* how often the run is told how far it is */
    STATEMENT_SLACK_MS = 5000
};

uint64_t session_repeat_now_ms(void)
{
    return uv_hrtime() / 1000000 + 1;
}

const struct action *session_repeat_action(const struct session *session)
{
    return &session->work.todo.actions[session->work.cursor];
}

const struct repeating *session_repeat_statement(const struct session *session)
{
    return session_repeat_action(session)->piece->repeating;
}

const struct repeat *session_repeat_make_options(struct session *session)
{
    session->repeat.options = repeat_join(session_repeat_statement(session)->options,
                                          &session->tenant->settings->batches);
    return &session->repeat.options;
}

enum session_state session_repeat_fail(struct session *session, struct err *err)
{
    const struct action *action = session_repeat_action(session);
    err_set_place(err, action->step->revision->path, action->piece->line);
    session->result.err_revision = action->step->revision;
    session->result.err_statement =
        piece_line_text(&session->arena, action->piece, action->piece->line);
    return session_fail(session, err);
}

enum session_state session_repeat_end_between(struct session *session)
{
    session->doubt.is_half_open = false;
    return io_info(session->conn.io)->is_pooled ? SESSION_CLOSE : SESSION_MARK;
}

enum session_state session_repeat_stop_between(struct session *session)
{
    struct err err;
    err_set(&err, ERR_CANCELLED, "the run was stopped between two batches");
    (void)session_repeat_fail(session, &err);
    return session_repeat_end_between(session);
}

bool session_repeat_is_stopped(const struct session *session)
{
    return session->is_cancelled || !rollout_may_wait(session->env->run, session, false);
}

void session_repeat_tell(struct session *session, const char *waits_for)
{
    struct session_repeat *repeat = &session->repeat;
    uint64_t now = session_repeat_now_ms();
    if (repeat->told_ms && now - repeat->told_ms < TELL_EVERY_MS)
        return;
    repeat->told_ms = now;
    rollout_note_batches(
        session->env->run, session,
        &(struct batches_done){.revision = session_repeat_action(session)->step->revision,
                               .batches = repeat->count.batches,
                               .rows = repeat->count.rows,
                               .waits_for = *waits_for ? waits_for : NULL});
}

const struct io_op *session_repeat_op_of(const struct session *session, const void *owner)
{
    for (size_t i = 0; i < session->batch.count; i++)
        if (session->batch.ops[i].owner == owner)
            return &session->batch.ops[i];
    return NULL;
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
    bool is_first = session_repeat_action(session)->piece->first_statement == 0;
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
        if (session_repeat_action(session)->script->may_change & PART_SETUP)
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
    const struct action *action = session_repeat_action(session);
    uint64_t each_ms = session->repeat.limits.statement_timeout_ms;
    struct io_op *op = session_add_op(session, OP_SCRIPT);
    op->op.limits = &session->repeat.limits;
    bool is_thorough = session->repeat.is_thorough && session_repeat_statement(session)->thorough;
    op->op.sql = is_thorough ? session_repeat_statement(session)->thorough : action->piece->sql;
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
    op->owner = session_repeat_action(session);
    op->op.shape = sql_shape(SQL_BATCH_END);
    op->op.tx_after = TX_INSIDE;
    op->timeout_ms = session_control_budget(session);
}

static void add_mark(struct session *session)
{
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->prepare = actions_prepare_batch;
    op->input = &session->work.acting;
    op->owner = session_repeat_action(session);
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
    uint64_t own_ms = session_repeat_make_options(session)->timeout_ms;
    session_make_actions(session, session->work.cursor);
    session->work.acting.is_thorough =
        session->repeat.is_thorough || !session_repeat_statement(session)->thorough;
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

static const char has_written[] =
    "a statement that repeats has ended, since its last batch counted no row, and that batch has "
    "changed or locked rows all the same, as a trigger or its WITH may do: look whether all is "
    "done, and ask for it with '-- verify:'";
static const char may_pass_over[] =
    "a statement that repeats has ended, since its last batch counted no row, and its table has a "
    "trigger with RAISE(IGNORE), or a rule with INSTEAD, by which rows may be found and not "
    "changed: look whether all is done, and ask for it with '-- verify:'";

/* What a trigger does in the place of the statement, and what its WITH changes, is not counted. */
static void note_uncounted(struct session *session)
{
    const struct io_op *look = look_of(session);
    const char *found = look && look->answer.rows.row_count ? io_op_value(look, 0, 0) : "0";
    if (*found == '0' || is_verified(session))
        return;
    struct notice notice = {
        .level = NOTICE_WARNING,
        .text = *found == '1' ? has_written : may_pass_over,
        .revision = session_repeat_action(session)->step->revision,
    };
    notices_add(&session->result.notices, &session->arena, &notice);
}

static enum session_state end_repeat(struct session *session)
{
    note_uncounted(session);
    session->repeat.told_ms = 0;
    session_repeat_tell(session, "");
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
    bool goes_on = strcmp(session_repeat_statement(session)->verb, "update") != 0 ||
                   !answer->rows_changed || answer->rows_same < answer->rows_changed ||
                   session->repeat.options.max_batches;
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
    const struct action *action = session_repeat_action(session);
    const struct repeat *options = &session->repeat.options;
    const struct io_op *op = session_repeat_op_of(session, action);
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
    session_repeat_tell(session, "");
    if (!check_progress(session, &op->answer, &err)) {
        (void)session_repeat_fail(session, &err);
        return session_repeat_end_between(session);
    }
    if (options->max_batches && session->repeat.batches >= options->max_batches) {
        err_set(&err, ERR_SQL,
                "the statement still changed rows in its last batch of the %" PRIu32
                " that 'max_batches:' allows: mend it, or resume if it is as it should be",
                options->max_batches);
        (void)session_repeat_fail(session, &err);
        return session_repeat_end_between(session);
    }
    if (session_repeat_is_stopped(session))
        return session_repeat_stop_between(session);
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
    return can_mark ? session_repeat_end_between(session) : next;
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
           session_repeat_action(session)->kind == ACTION_REPEAT;
}
