/* Is the tenant's schema what its revision makes? Where the run asks for it (request.verifying): before the tenant is changed, and
 * after, within the transaction that ends the work if there is one, so that a tenant that differs is rolled back. Of a tenant
 * that has nothing left to do it is asked once. Nothing is asked of what goes back. */
#include "rollout/session_private.h"

#include "rollout/verification.h"

static bool verifies(const struct session *session, enum verify_schema when)
{
    const struct verifying *verifying = &session->env->request->verifying;
    return verifying->verification && verifying->when & when && session->conn.io &&
           !rollout_is_rolling_back(session->env->run);
}

static bool begin(struct session *session, enum session_state next)
{
    session->verify.next = next;
    session->verify.is_of_doubt = false;
    session->catalog = NULL;
    return true;
}

/* It was verified before this run changed it: in an attempt before, or in an earlier session, of this machine or another one. */
static bool was_changed(struct session *session)
{
    return session->result.done_count ||
           rollout_was_there(session->env->run, session, &session->arena);
}

bool session_verifies_plan(struct session *session)
{
    struct session_verify *verify = &session->verify;
    if (!verifies(session, VERIFY_BOTH) || !session->look.has_schema ||
        session->conn.is_missing) /* the run will make it */
        return false;
    if (!session->work.todo.count)
        return verifies(session, was_changed(session) ? VERIFY_AFTER : VERIFY_BOTH) &&
               !verify->is_after_done && begin(session, SESSION_PLAN);
    bool is_at_a_place = !session->doubt.unfinished.revision; /* it was not left half way */
    return is_at_a_place && verifies(session, VERIFY_BEFORE) && !verify->is_before_done &&
           !was_changed(session) && begin(session, SESSION_PLAN);
}

/* A transaction that ends a step which had statements outside of one takes none of them back: it is committed, and the tenant
 * verified after it. */
bool session_verifies_commit(struct session *session)
{
    bool is_half_done = session->doubt.is_half_open || session->doubt.half_done;
    return session->work.batch_end == session->work.todo.count && !is_half_done &&
           verifies(session, VERIFY_AFTER) && !session->verify.is_after_done &&
           !session->rehearsal.seen.left_out && begin(session, session_end_of_transaction(session));
}

bool session_verifies_end(struct session *session)
{
    return request_changes(session->env->request) && session->work.todo.count &&
           verifies(session, VERIFY_AFTER) && !session->verify.is_after_done &&
           begin(session, SESSION_RELEASE);
}

enum session_state session_begin_comparison(struct session *session)
{
    (void)begin(session, SESSION_PLAN);
    session->verify.is_of_doubt = true;
    return SESSION_VERIFY;
}

/* Where it stands, or will. */
static struct rows place_of(struct session *session)
{
    return session->verify.next == session_end_of_transaction(session)
               ? actions_rows(&session->work.acting, session->work.batch_end, &session->arena)
               : session->result.rows;
}

static enum session_state go_on(struct session *session)
{
    struct session_verify *verify = &session->verify;
    session->catalog = NULL;
    if (verify->next == SESSION_PLAN && session->work.todo.count)
        verify->is_before_done = true;
    else
        verify->is_after_done = true;
    return verify->next;
}

/* What is in, and what is not. */
static void say_what_stands(const struct session *session, struct err *err)
{
    size_t done = session->result.done_count;
    bool is_rolled_back = session->verify.next == session_end_of_transaction(session);
    if (is_rolled_back)
        err_prefix(err, "rolled back at the end");
    if (done)
        err_add(err, "; %zu revision%s of this run stand%s", done, done == 1 ? "" : "s",
                done == 1 ? "s" : "");
    else if (!is_rolled_back && session->work.todo.count)
        err_add(err, "; it was not changed");
}

static enum session_state answer_verify(struct session *session)
{
    const struct tenant *tenant = session->tenant;
    struct err err;
    if (!session_take_catalog(session, &err))
        return session_fail(session, &err);
    if (!session_catalog_answers(session))
        return SESSION_VERIFY;
    if (session->verify.is_of_doubt)
        return session_decide_by_comparison(session);
    struct rows rows = place_of(session);
    struct verification_question question = {.kind = {tenant->url.dialect, tenant->schema != NULL},
                                             .rows = &rows,
                                             .answers = session_catalog_answers(session)};
    if (verification_check(session->env->request->verifying.verification, &question, &err))
        return go_on(session);
    session->catalog = NULL;
    say_what_stands(session, &err);
    return session_fail(session, &err);
}

const struct state_row row_verify = {
    .name = "verify",
    .does =
        "compares what the database holds with what its revision makes, where the run asks for it",
    .ask = session_ask_catalog,
    .answer = answer_verify,
    .next = SESSION_PLAN,
    .exits = TO(PLAN) | TO(COMMIT) | TO(REHEARSED) | TO(VERIFY) | TO(RELEASE) | TO_WAY_OUT,
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
};
