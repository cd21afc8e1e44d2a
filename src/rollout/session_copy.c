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

static enum asked ask_snapshot(struct session *session)
{
    const char *path = session->rehearsal.copy ? session->rehearsal.copy
                                               : rollout_copy_to_make(session->env->run, session);
    return add_copy(session, OP_SNAPSHOT, path);
}

static enum session_state answer_snapshot(struct session *session)
{
    if (session->rehearsal.copy)
        return session_arrive_at_copy(session);
    session->work.has_snapshot = true;
    return session_next_work(session);
}

const struct state_row row_snapshot = {
    .name = "snapshot",
    .does =
        "copies the database, before anything is changed; or for a rehearsal, which goes to the copy",
    .ask = ask_snapshot,
    .answer = answer_snapshot,
    .next = SESSION_BEGIN,
    .exits = TO(BEGIN) | TO(SETUP) | TO(CLOSE),
    .error_exits = TO(CLOSE),
    .is_cancellable = true,
};

/* ---- restore ---------------------------------------------------------------------------------- */

static enum asked ask_restore(struct session *session)
{
    return add_copy(session, OP_RESTORE, rollout_copy_to_restore(session->env->run, session));
}

/* The session reads where the tenant stands now: the copy may not hold what we believe. */
static enum session_state answer_restore(struct session *session)
{
    session->work.is_restored = true;
    return SESSION_INSPECT;
}

/* A run that died before it had made the copy had changed nothing. */
static enum session_state error_restore(struct session *session, const struct io_op *op)
{
    if (op->answer.is_missing && session_is_untouched(session))
        return SESSION_RELEASE;
    return session_fail(session, io_op_err(op));
}

const struct state_row row_restore = {
    .name = "restore",
    .does = "puts the copy back",
    .ask = ask_restore,
    .answer = answer_restore,
    .on_error = error_restore,
    .next = SESSION_INSPECT,
    .exits = TO(INSPECT),
    .error_exits = TO(RELEASE) | TO(CLOSE),
};
