/* How a state asks: operations made from the dialect's templates, added to the batch. */
#include "rollout/session_private.h"

#include "base/buf.h"

enum { CONTROL_TIMEOUT_MS = 30000 };

void session_reserve_ops(struct session *session, size_t count)
{
    size_t capacity = session->batch.count + count;
    if (capacity <= session->batch.capacity)
        return;
    struct io_op *ops = arena_calloc(&session->arena, capacity, sizeof *ops);
    memcpy(ops, session->batch.ops, session->batch.count * sizeof *ops);
    session->batch.ops = ops;
    session->batch.capacity = capacity;
}

struct io_op *session_add_op(struct session *session, enum op_kind kind)
{
    struct io_op *op = ARENA_PUSH(&session->arena, session->batch.ops, session->batch.count,
                                  session->batch.capacity);
    *op = (struct io_op){.op = {.kind = kind,
                                .arena = &session->answers,
                                .limits = &session->batch.limits,
                                .notices = &session->result.notices}};
    return op;
}

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
    for (size_t i = 0; i < count; i++) {
        if (session->dialect->sql[ids[i]] && sql_shape(ids[i]))
            op->op.shape = sql_shape(ids[i]);
        sql_expand(&buf, session->dialect, ids[i], &session->look.vars);
    }
    session_set_sql(op, &buf);
    op->timeout_ms = session_control_budget(session);
    return op;
}

struct io_op *session_add_one(struct session *session, enum sql_id id)
{
    return session_add_query(session, &id, 1);
}

void session_add_outside(struct session *session, const char *sql)
{
    struct io_op *op = session_add_op(session, OP_SCRIPT);
    op->op.sql = sql;
    op->op.sql_len = strlen(sql);
    op->op.tx_after = TX_OUTSIDE;
    op->timeout_ms = session_control_budget(session);
}

void session_add_setup(struct session *session, const struct piece *end)
{
    if (session->dialect->sql[SQL_SETUP])
        session_add_one(session, SQL_SETUP)->op.tx_after = TX_OUTSIDE;
    if (!end)
        return;
    for (const struct piece *piece = piece_first_beside(end); piece < end; piece++)
        if (piece->is_setting)
            session_add_outside(session, piece->sql);
}

struct io_op *session_op_of(const struct session *session, enum session_state state)
{
    for (size_t i = 0; i < session->batch.joined_count; i++)
        if (session->batch.joined[i].state == state)
            return &session->batch.ops[session->batch.joined[i].first_op];
    return NULL;
}
