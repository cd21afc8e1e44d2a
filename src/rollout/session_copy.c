/* Copies of a whole database: one is made before the first change, and put back instead of going back by plan. */
#include "rollout/session_private.h"

/* ---- snapshot --------------------------------------------------------------------------------- */

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

enum session_state answer_snapshot(struct session *session)
{
    session->has_snapshot = true;
    return next_work(session);
}

/* ---- restore ---------------------------------------------------------------------------------- */

enum asked ask_restore(struct session *session)
{
    return add_copy(session, OP_RESTORE, session->env->restore(session->env->ctx, session));
}

/* Where the tenant stands now is read, not believed. */
enum session_state answer_restore(struct session *session)
{
    session->is_restored = true;
    return SESSION_INSPECT;
}

/* A run that died before it had made the copy had changed nothing. */
enum session_state error_restore(struct session *session, const struct io_op *op)
{
    if (op->answer.is_missing && session_is_untouched(session))
        return SESSION_RELEASE;
    return session_fail(session, io_op_err(op));
}
