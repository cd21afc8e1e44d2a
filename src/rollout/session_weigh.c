/* What the plan's changes of tables will cost: the last thing that a dry run asks. The tables themselves are left alone. */
#include "rollout/session_private.h"

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

static bool can_weigh(struct session *session)
{
    return session->env->request->weighs_changes && !session->conn.is_missing &&
           session->dialect->weigh && session->env->target &&
           session->env->target->command != PLAN_STAMP && find_changes(session, NULL);
}

/* Are sizes of tables asked for? */
static bool measures(const struct session *session)
{
    return session->env->request->measured_count && session->dialect->measure &&
           !session->conn.is_missing &&
           (session->work.todo.count || session->env->request->measures_all);
}

bool session_weighs(struct session *session)
{
    return can_weigh(session) || measures(session);
}

enum session_state session_after_plan(struct session *session)
{
    if (session_weighs(session))
        return SESSION_WEIGH;
    if (session_asks_rows(session))
        return SESSION_PREFLIGHT;
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

/* First of the batch: where statements are weighed too, their answer comes last. */
static void add_measure(struct session *session)
{
    static const struct grid_shape shape = {"!..", 0};
    const struct request *request = session->env->request;
    struct measure_request measure = {.schema = session->tenant->schema,
                                      .tables = request->measured,
                                      .count = request->measured_count};
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->op.shape = &shape;
    op->op.sql = session->dialect->measure(&session->arena, &measure);
    op->op.sql_len = strlen(op->op.sql);
    op->timeout_ms = session_control_budget(session);
}

static void add_weigh(struct session *session)
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
    session->work.unweighed = find_place(session, &request);
    static const struct grid_shape shape = {"......", 0};
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->op.shape = &shape;
    op->op.sql = session->dialect->weigh(&session->arena, &request);
    op->op.sql_len = strlen(op->op.sql);
    op->timeout_ms = session_control_budget(session);
}

static enum asked ask_weigh(struct session *session)
{
    session->result.measured_count = session->result.weighed_count = 0;
    if (measures(session))
        add_measure(session);
    if (can_weigh(session))
        add_weigh(session);
    return ASKED_OPS;
}

static const char *copied(struct session *session, const char *text)
{
    return text ? arena_strdup(&session->arena, text) : NULL;
}

static void take_measure(struct session *session)
{
    const struct grid *rows = &session->batch.ops[0].answer.rows;
    struct measured *measured =
        arena_calloc(&session->arena, rows->row_count + 1, sizeof *measured);
    for (size_t i = 0; i < rows->row_count; i++) {
        const char *count = grid_value(rows, i, 1), *bytes = grid_value(rows, i, 2);
        measured[i] = (struct measured){.table = copied(session, grid_value(rows, i, 0)),
                                        .knows_rows = count != NULL,
                                        .rows = count ? strtoull(count, NULL, 10) : 0,
                                        .bytes = bytes ? strtoull(bytes, NULL, 10) : 0};
    }
    session->result.measured = measured;
    session->result.measured_count = rows->row_count;
}

/* Where a scratch database has said it, and the tenant's own server did not. */
static void take_from_elsewhere(const struct session *session, struct weighed *item)
{
    const struct weighed *elsewhere = session_weighed_elsewhere(session, item);
    if (item->algorithm || !elsewhere || !elsewhere->algorithm)
        return;
    item->algorithm = elsewhere->algorithm;
    item->lock = elsewhere->lock;
    item->reason = elsewhere->reason;
}

/* A table that is not there is one that the plan itself makes: it holds nothing yet. */
static void take_weigh(struct session *session)
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
        struct weighed *item = &weighed[session->result.weighed_count++];
        *item = (struct weighed){
            .revision = actions[i]->step->revision,
            .direction = actions[i]->step->direction,
            .line = piece_line(piece, 0, 0),
            .table = copied(session, grid_value(rows, i, 1)),
            .bytes = strtoull(grid_value(rows, i, 2), NULL, 10),
            .algorithm = copied(session, grid_value(rows, i, 3)),
            .lock = copied(session, grid_value(rows, i, 4)),
            .reason = copied(session, reason),
        };
        take_from_elsewhere(session, item);
    }
    session->result.weighed = weighed;
}

static enum session_state answer_weigh(struct session *session)
{
    if (measures(session))
        take_measure(session);
    if (can_weigh(session))
        take_weigh(session);
    return session_after_weigh(session);
}

/* The plan stands without it. */
static enum session_state error_weigh(struct session *session, const struct io_op *op)
{
    (void)op;
    return io_is_broken(session->conn.io) ? SESSION_CLOSE : session_after_weigh(session);
}

const struct state_row row_weigh = {
    .name = "weigh",
    .does =
        "asks what tables hold and how the server would change them, on empty twins of them, where a run only looks",
    .ask = ask_weigh,
    .answer = answer_weigh,
    .on_error = error_weigh,
    .next = SESSION_RELEASE,
    .exits = TO(PREFLIGHT) | TO(RELEASE) | TO(SNAPSHOT) | TO_WAY_OUT,
    .error_exits = TO(PREFLIGHT) | TO(RELEASE) | TO(SNAPSHOT) | TO_WAY_OUT,
    .is_cancellable = true,
};
