/* What the plan's changes of tables will cost: the last thing that a dry run asks. The tables themselves are left alone. */
#include "rollout/session_private.h"

#include "base/buf.h"
#include "dialect/weigh.h"
#include "inventory/inventory.h"

enum { WEIGHED_MOST = 64 };

/* The pieces whose cost depends on how much a table holds, at most WEIGHED_MOST of them; `ret` may be NULL. */
static size_t find_changes(struct session *session, const struct action **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < session->work.todo.count && count < WEIGHED_MOST; i++) {
        const struct action *action = &session->work.todo.actions[i];
        if (action->kind != ACTION_SCRIPT || action->piece->is_transactional ||
            !session->dialect->has_weight(&session->arena, action->piece->sql))
            continue;
        if (ret)
            ret[count] = action;
        count++;
    }
    return count;
}

bool session_weighs(struct session *session)
{
    bool can_ask = session->env->request->weighs_changes && !session->conn.is_missing &&
                   session->dialect->weigh && session->env->target &&
                   session->env->target->command != PLAN_STAMP;
    return can_ask && find_changes(session, NULL);
}

enum session_state session_after_plan(struct session *session)
{
    if (session_weighs(session))
        return SESSION_WEIGH;
    return session->conn.is_missing ? SESSION_RELEASE : session_end(session);
}

/* Where may twins be made? NULL: they may; else why not. */
static const char *find_place(struct session *session, struct weigh_request *request)
{
    const struct scratch_place *place = &session->env->scratch[session->tenant->url.dialect];
    if (!(session->dialect->traits & DIALECT_SHOWS_COST))
        return "this server cannot be asked without changing a table";
    if (!place->server)
        return "the inventory names no database for that ('scratch')";
    if (strcmp(place->server, session->tenant->server) != 0)
        return "the 'scratch' of the inventory is on another server";
    request->database = place->database;
    request->own =
        arena_printf(&session->arena, "skein_scratch_%s_%zu", session->env->run_id, session->index);
    request->prefix =
        arena_printf(&session->arena, "skein_twin_%s_%zu_", session->env->run_id, session->index);
    return NULL;
}

static enum asked ask_weigh(struct session *session)
{
    const struct action *actions[WEIGHED_MOST];
    const char *statements[WEIGHED_MOST];
    size_t count = find_changes(session, actions);
    struct weigh_request request = {
        .statements = statements,
        .count = count,
        .lock_timeout_ms = session->tenant->settings->lock_timeout_ms,
    };
    for (size_t i = 0; i < count; i++)
        statements[i] = actions[i]->piece->sql;
    session->result.weighed_count = 0;
    session->work.unweighed = find_place(session, &request);
    static const struct grid_shape shape = {"......", 0};
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->op.shape = &shape;
    op->op.sql = session->dialect->weigh(&session->arena, &request);
    op->op.sql_len = strlen(op->op.sql);
    op->timeout_ms = session_control_budget(session);
    return ASKED_OPS;
}

static const char *copied(struct session *session, const char *text)
{
    return text ? arena_strdup(&session->arena, text) : NULL;
}

/* A table that is not there is one that the plan itself makes: it holds nothing yet. */
static enum session_state answer_weigh(struct session *session)
{
    const struct grid *rows = &session->batch.ops[session->batch.count - 1].answer.rows;
    const struct action *actions[WEIGHED_MOST];
    size_t count = find_changes(session, actions);
    struct weighed *weighed = arena_calloc(&session->arena, count + 1, sizeof *weighed);
    for (size_t i = 0; i < rows->row_count && i < count; i++) {
        const struct piece *piece = actions[i]->piece;
        if (!grid_value(rows, i, 2))
            continue;
        const char *reason =
            session->work.unweighed ? session->work.unweighed : grid_value(rows, i, 5);
        weighed[session->result.weighed_count++] = (struct weighed){
            .revision = actions[i]->step->revision,
            .direction = actions[i]->step->direction,
            .line = piece_line(piece, 0, 0),
            .table = copied(session, grid_value(rows, i, 1)),
            .bytes = strtoull(grid_value(rows, i, 2), NULL, 10),
            .algorithm = copied(session, grid_value(rows, i, 3)),
            .lock = copied(session, grid_value(rows, i, 4)),
            .reason = copied(session, reason),
        };
    }
    session->result.weighed = weighed;
    session->result.weighed = weighed;
    return SESSION_RELEASE;
}

/* The plan stands without it. */
static enum session_state error_weigh(struct session *session, const struct io_op *op)
{
    (void)op;
    return io_is_broken(session->conn.io) ? SESSION_CLOSE : SESSION_RELEASE;
}

const struct state_row row_weigh = {
    .name = "weigh",
    .does =
        "asks how the server would change tables, on empty twins of them, where a run only looks",
    .ask = ask_weigh,
    .answer = answer_weigh,
    .on_error = error_weigh,
    .next = SESSION_RELEASE,
    .exits = TO(RELEASE),
    .error_exits = TO(RELEASE) | TO(CLOSE),
    .is_cancellable = true,
};
