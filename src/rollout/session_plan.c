/* What is left of the tenant's plan, the work that this makes, whether it may be done here, and the intent to do it. */
#include "rollout/session_private.h"

#include "chain/chain.h"
#include "chain/identifier.h"

/* ---- plan ------------------------------------------------------------------------------------- */

static bool counts_steps(const struct target *target)
{
    for (size_t i = 0; i < target->count; i++)
        if (identifier_needs_rows(target->texts[i]))
            return true;
    return false;
}

/* Where a node's lock has not kept another run out, that run may have done some of the work. */
static bool may_plan_again(const struct session *session)
{
    return io_info(session->conn.io)->is_node && !rollout_is_rolling_back(session->env->run) &&
           !(session->result.done_count && counts_steps(session->env->target));
}

/* Returns the part of the plan that is left. A plan is made once: after a retry, `+1` must not mean one more. */
static bool make_plan(struct session *session, struct plan *ret_left, struct err *err)
{
    const struct session_env *env = session->env;
    if (!rollout_still_has(env->run, session, err))
        return false;
    bool is_overtaken =
        session->work.plan && !rows_are_equal(&session->look.rows, &session->result.rows);
    if (is_overtaken && !may_plan_again(session))
        return err_set(err, ERR_DRIFT, "another session changed the version table meanwhile");
    if (!session->work.plan || is_overtaken) {
        session->work.plan = rollout_plan(env->run, session, &session->look.rows, err);
        if (!session->work.plan)
            return false;
        session->work.planned_after = session->result.done_count;
        (void)!rollout_before_run(env->run, session, &session->arena, &session->result.from);
    }
    if (is_overtaken)
        session->result.rows = session->look.rows;
    size_t done = session->result.done_count - session->work.planned_after;
    session->result.recorded_count = session->result.done_count;
    *ret_left = *session->work.plan;
    if (done) { /* a plan of no steps has no array */
        ret_left->steps += done;
        ret_left->count -= done;
    }
    return true;
}

static bool check_files(struct session *session, struct err *err)
{
    bool is_stamp = session->env->target->command == PLAN_STAMP;
    if (is_stamp || session->env->request->accepts_changes || session->look.drift.kind == ERR_NONE)
        return true;
    *err = session->look.drift;
    return false;
}

/* Stamping a tenant whose files have changed says that they are right as they are; adopting it once
 * more says nothing. */
static void add_vouching_step(struct session *session, struct plan *left)
{
    static const struct step nothing;
    bool is_stamp = session->env->target->command == PLAN_STAMP;
    if (is_stamp && !session->env->adoption && !left->count && !session->result.done_count &&
        session->look.drift.kind != ERR_NONE) {
        left->steps = &nothing;
        left->count = 1;
    }
}

static void say_how_to_settle(struct session *session, enum unfinished_fault fault, struct err *err)
{
    const struct piece *doubtful = fault == UNFINISHED_DOUBT ? session->doubt.piece : NULL;
    if (fault == UNFINISHED_DOUBT)
        session_say_how_to_settle(session, err);
    else
        err_add(err,
                ", or look, then say 'skein resolve %s --statements N': how many of the file's "
                "have taken effect",
                session->tenant->name);
    session->result.err_revision = session->doubt.revision;
    session->result.err_statement =
        doubtful ? piece_line_text(&session->arena, doubtful, err->line) : NULL;
}

/* The step that comes before it, where the plan has it and not first: its file was given other parents. */
static const struct revision *step_in_front(const struct unfinished *unfinished,
                                            const struct plan *left)
{
    for (size_t i = 1; i < left->count; i++) {
        const struct step *step = &left->steps[i];
        if (step->revision && step->direction == unfinished->direction &&
            strcmp(step->revision->id, unfinished->revision) == 0)
            return left->steps[i - 1].revision;
    }
    return NULL;
}

/* Says which command finishes the step. What a run left that is to be rolled back now, its resume finishes; of other runs
 * it takes a run of its own, which has to be rolled back before the run that left the step. */
static void say_how_to_finish(struct session *session, const struct plan *left, struct err *err)
{
    const struct unfinished *unfinished = &session->doubt.unfinished;
    const struct revision *front = step_in_front(unfinished, left);
    bool is_up = unfinished->direction == DIRECTION_UP;
    if (!chain_get(session->env->chain, unfinished->revision)) {
        err_add(
            err,
            ": its file is no longer in the chain; put it back, or look, and say with 'skein stamp REVISION "
            "--tenant %s' where the database stands",
            session->tenant->name);
        return;
    }
    if (front) {
        err_add(
            err,
            ": '%s' comes before it by now; put the 'Revises' or the checkpoint of '%s' back as it was, and go on",
            front->id, unfinished->revision);
        return;
    }
    const char *verb = is_up ? "upgrade" : "downgrade";
    const char *target = is_up ? unfinished->revision : "-1";
    const char *run = session->env->rolled_back_run;
    if (rollout_can_resume(session->env->run) &&
        rollout_is_of_family(session->env->run, unfinished->run_id)) {
        err_add(
            err,
            ": finish it first with 'skein resume %s', then say 'skein rollback %s' (or with 'skein %s %s --tenant %s', "
            "which is a run of its own and goes back first)",
            run, run, verb, target, session->tenant->name);
        return;
    }
    err_add(err, ": finish it first with 'skein %s %s --tenant %s'", verb, target,
            session->tenant->name);
    if (rollout_is_rolling_back(session->env->run))
        err_add(err,
                ", then say 'skein rollback' for that run, and 'skein rollback %s' for this one",
                run);
}

/* Room for the steps that the work records. */
static void reserve_done(struct session *session)
{
    size_t count = session->result.done_count;
    for (size_t i = 0; i < session->work.todo.count; i++)
        count += session->work.todo.actions[i].kind == ACTION_RECORD;
    if (count <= session->result.capacity)
        return;
    struct step_done *done = arena_calloc(&session->arena, count, sizeof *done);
    if (session->result.done_count)
        memcpy(done, session->result.steps, session->result.done_count * sizeof *done);
    session->result.steps = done;
    session->result.capacity = count;
}

static bool build_work(struct session *session, const struct plan *left, struct err *err)
{
    bool is_stamp = session->env->target->command == PLAN_STAMP;
    /* Between the rows that go and those that come, the version table would say that nothing was ever applied. */
    struct work_request request = {
        .plan = left,
        .scripts = is_stamp ? NULL : session->env->scripts,
        .dialect = session->dialect,
        .mode = is_stamp ? TRANSACTION_ALL : session->tenant->settings->transaction,
    };
    if (!is_stamp)
        request.unfinished = session->doubt.unfinished;
    session->work.cursor = 0;
    enum unfinished_fault fault;
    if (work_build(&session->arena, &request, &session->work.todo, &fault, err)) {
        reserve_done(session);
        return true;
    }
    session->result.is_partial = session->result.is_partial || fault != UNFINISHED_FITS;
    if (fault == UNFINISHED_EDITED || fault == UNFINISHED_DOUBT)
        say_how_to_settle(session, fault, err);
    if (fault == UNFINISHED_ELSEWHERE)
        say_how_to_finish(session, left, err);
    return false;
}

/* Through a transaction-pooling proxy the lock is a transaction's, and these statements run outside of one. */
static bool refuse_pooled(const char *revision, struct err *err)
{
    return err_set(err, ERR_CONFIG,
                   "revision '%s' has statements outside a transaction, and through a "
                   "transaction-pooling proxy no lock can be held for them: give this tenant "
                   "a direct URL",
                   revision);
}

/* May this connection ask, or write down, how far a step has come that was left half way? */
static bool check_direct(struct session *session, struct err *err)
{
    bool is_looking = !request_changes(session->env->request);
    const char *revision = session->doubt.unfinished.revision;
    return is_looking || !revision || !io_info(session->conn.io)->is_pooled ||
           refuse_pooled(revision, err);
}

static bool check_pooled(const struct session *session, struct err *err)
{
    bool is_pooled = io_info(session->conn.io)->is_pooled;
    for (size_t i = 0; is_pooled && i < session->work.todo.count; i++)
        if (!session->work.todo.actions[i].is_in_transaction)
            return refuse_pooled(session->work.todo.actions[i].step->revision->id, err);
    return true;
}

/* Can this connection do what is to be done? */
static bool check_connection(struct session *session, struct err *err)
{
    const struct conn_info *info = io_info(session->conn.io);
    if (!session->work.todo.count)
        return true;
    if (info->is_read_only) {
        bool is_server = session->driver->traits & DRIVER_IS_SERVER;
        err_set(err, ERR_CONNECT, "the database is read-only%s",
                info->is_standby ? ": a standby"
                : is_server      ? ": it was set so, for the database or for the role"
                                 : "");
        err->is_transient = is_server;
        err->trouble = info->is_standby ? TROUBLE_NOT_READY : TROUBLE_NONE;
        return false;
    }
    return check_pooled(session, err);
}

/* Without a word of the author's: DDL ends the transaction that it stands in. */
static bool commits_itself(const struct session *session, const struct script *script)
{
    return script && script->is_checkpointed &&
           !(session->dialect->traits & DIALECT_DDL_IN_TRANSACTION);
}

/* A plan shows what would be done: the steps, as if they were. */
static void show_plan(struct session *session)
{
    for (size_t i = 0; i < session->work.todo.count; i++) {
        const struct action *action = &session->work.todo.actions[i];
        if (!session_tells_action(session, action))
            continue;
        *ARENA_PUSH(&session->arena, session->result.steps, session->result.recorded_count,
                    session->result.capacity) = (struct step_done){
            .revision = action->step->revision,
            .direction = action->step->direction,
            .statements = (uint32_t)action->statements,
            .commits_itself = commits_itself(session, action->script),
        };
    }
    session->result.done_count = session->result.recorded_count;
}

/* A rollback says nothing new of a tenant. */
static bool check_proof(struct session *session, struct err *err)
{
    const bool *is_unproved = session->env->request->is_unproved;
    if (!is_unproved || !is_unproved[session->index] || !session->work.todo.count ||
        rollout_is_rolling_back(session->env->run))
        return true;
    return err_set(err, ERR_DRIFT,
                   "it could not be read before the run, and so was not compared with what the "
                   "chain makes: go on with the run once more");
}

static bool may_restore(struct session *session)
{
    return !session->work.is_restored && rollout_copy_to_restore(session->env->run, session);
}

/* Nothing of the rollout's is committed there. */
bool session_is_untouched(struct session *session)
{
    return !session->doubt.unfinished.revision &&
           rollout_is_as_before(session->env->run, session, &session->look.rows);
}

/* What follows the intent: the copy is put back, or one is made and then the work begins. An older copy may be
 * of long ago: as long as nothing was changed, a new one is made. */
static enum session_state begin_work(struct session *session)
{
    const struct session_env *env = session->env;
    if (may_restore(session))
        return SESSION_RESTORE;
    bool lacks_copy = session->work.todo.count && !session->work.has_snapshot &&
                      rollout_copy_to_make(env->run, session) &&
                      (session_is_untouched(session) || !rollout_has_trace(env->run, session));
    return lacks_copy ? SESSION_SNAPSHOT : session_next_work(session);
}

/* An accepting session has no plan: what is left of its work is what the history says. */
static enum session_state accept_files(struct session *session)
{
    struct err err;
    enum session_state next = session_begin_accepting(session);
    if (request_changes(session->env->request))
        return check_connection(session, &err) ? next : session_fail(session, &err);
    show_plan(session);
    return SESSION_RELEASE;
}

/* Of a run that only looks: what no survey tells. */
static bool asks_more(struct session *session)
{
    return session_weighs(session) || session_asks_rows(session);
}

/* The way on to changing the tenant, or to rehearsing it. */
static enum session_state begin_changing(struct session *session)
{
    struct err err = {0};
    bool rehearses = session->env->request->rehearses;
    bool may = rehearses ? session_may_rehearse_on(session, &err) && check_pooled(session, &err)
                         : check_connection(session, &err);
    if (!may || !check_proof(session, &err))
        return session_fail(session, &err);
    session->attempt.trouble_ns = 0;
    retry_note_well(&session->attempt.history);
    rollout_note_well(session->env->run, session);
    if (rehearses)
        return session_begin_rehearsal(session);
    if (session->env->request->is_on_scratch)
        session_begin_on_scratch(session);
    bool has_work = session->work.todo.count || may_restore(session) ||
                    rollout_is_recalled(session->env->run, session);
    return has_work && !session->work.is_intended ? SESSION_INTENT : begin_work(session);
}

static enum session_state tell_plan(struct session *session)
{
    show_plan(session);
    return session_tell_rehearsed(session);
}

static enum session_state answer_plan(struct session *session)
{
    struct err err = {0};
    struct plan left;
    if (session->work.is_restored) {
        session->result.rows = session->look.rows;
        return SESSION_RELEASE;
    }
    if (session->env->request->verb->work == WORK_SETTLE)
        return check_direct(session, &err) ? session_begin_settling(session)
                                           : session_fail(session, &err);
    if (session->env->request->verb->work == WORK_ACCEPT)
        return accept_files(session);
    if (!make_plan(session, &left, &err) || !check_files(session, &err))
        return session_fail(session, &err);
    if (session_needs_probe(session, &left))
        return check_direct(session, &err) ? SESSION_PROBE : session_fail(session, &err);
    if (session_needs_comparison(session, &left))
        return session_begin_comparison(session);
    if (session_needs_evidence(session, &left))
        return session->look.is_surveyed ? session_forget_survey(session) : SESSION_EVIDENCE;
    add_vouching_step(session, &left);
    if (!build_work(session, &left, &err))
        return session_fail(session, &err);
    session_add_renewals(session);
    if (session_verifies_plan(session))
        return SESSION_VERIFY;
    bool is_looking = !session_changes(session);
    bool is_surveyed = session->look.is_surveyed;
    if (is_surveyed && (is_looking ? asks_more(session) : session->work.todo.count > 0))
        return session_forget_survey(session);
    if (is_surveyed && !is_looking)
        return SESSION_RELEASE;
    if (session_needs_copy(session))
        return session_weighs(session) ? SESSION_WEIGH : session_go_to_copy(session);
    return is_looking ? tell_plan(session) : begin_changing(session);
}

const struct state_row row_plan = {
    .name = "plan",
    .does = "computes what is left to do",
    .answer = answer_plan,
    .next = SESSION_INTENT,
    .exits = TO(INTENT) | TO(LINK) | TO(WEIGH) | TO(PREFLIGHT) | TO_END | TO(PROBE) | TO(EVIDENCE) |
             TO(SETTLE) | TO(RESTORE) | TO(SNAPSHOT) | TO_WORK | TO_WAY_OUT,
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
};

/* ---- intent ----------------------------------------------------------------------------------- */

/* A database that is still to be made has no place yet, and no plan. */
static enum asked ask_intent(struct session *session)
{
    const struct session_env *env = session->env;
    struct intent intent = {
        .before = session->result.from,
    };
    if (session->work.plan)
        intent.goal = session->work.plan->to;
    intent.snapshot = rollout_copy_to_make(env->run, session);
    return rollout_intend(env->run, session, &intent) ? ASKED_OPS : ASKED_JOB;
}

/* Without a connection it is the database itself that is to be made. */
static enum session_state answer_intent(struct session *session)
{
    bool is_made_on_connect = session->driver->traits & DRIVER_CREATES_ON_CONNECT;
    if (!session->conn.io) {
        session->conn.is_made_intended = true;
        session->conn.is_creating = !is_made_on_connect;
        return SESSION_LINK;
    }
    session->work.is_intended = true;
    return begin_work(session);
}

const struct state_row row_intent = {
    .name = "intent",
    .does = "has what is about to be done written down, and waits until it is durable",
    .ask = ask_intent,
    .answer = answer_intent,
    .next = SESSION_BEGIN,
    .exits = TO_WORK | TO_END | TO(RESTORE) | TO(SNAPSHOT) | TO(LINK) | TO(ROLLBACK),
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
};
