/* What may have happened and was not heard of: a commit without an answer; a statement outside a transaction that was
 * under way when its run died, or that failed. What the tables, the author's query or the catalog say of it, or a
 * person. */
#include "dialect/scripts.h"
#include "rollout/session_private.h"

#include "base/buf.h"
#include "chain/chain.h"
#include "dialect/probe.h"
#include "rollout/checkpoint.h"
#include "rollout/verification.h"

/* ---- resolve ---------------------------------------------------------------------------------- */

/* Under the lock no other session can change the tenant, not even our own orphan: what is read stays so. */
static enum session_state answer_resolve(struct session *session)
{
    /* which checksums are left to be renewed tells it, and no version row: session_begin_accepting */
    session->doubt.is_resolving = session->env->request->verb->work == WORK_ACCEPT;
    if (rows_are_equal(&session->look.rows, &session->work.expected) &&
        !rows_are_equal(&session->look.rows, &session->result.rows))
        session_take_commit(session);
    return SESSION_PLAN;
}

const struct state_row row_resolve = {
    .name = "resolve",
    .does = "decides by the rows read whether a commit without answer came through",
    .answer = answer_resolve,
    .next = SESSION_PLAN,
    .exits = TO(PLAN),
};

/* ---- probe: before the statement is run again ------------------------------------------------- */

static void ask_of(struct session *session, const struct piece *piece,
                   const struct revision *revision)
{
    session->doubt.piece = piece;
    session->doubt.revision = revision;
    session->doubt.probe = (struct probe){0};
    if (piece && session->dialect->probe)
        session->dialect->probe(&session->arena, piece->sql, &session->doubt.probe);
}

/* After a failure, a query of its own may tell. */
static const char *catalog_query(const struct session *session, bool has_failed)
{
    const struct probe *probe = &session->doubt.probe;
    return has_failed && probe->sql_failed ? probe->sql_failed : probe->sql;
}

static struct io_op *add_query(struct session *session, enum op_kind kind, const char *sql)
{
    struct io_op *op = session_add_op(session, kind);
    op->op.sql = sql;
    op->op.sql_len = strlen(sql);
    op->op.tx_after = TX_OUTSIDE;
    op->timeout_ms = session_control_budget(session);
    return op;
}

static void add_catalog_query(struct session *session, bool has_failed)
{
    static const struct grid_shape words = {".", 0};
    add_query(session, OP_QUERY, catalog_query(session, has_failed))->op.shape = &words;
}

static struct probe_findings judge(struct session *session)
{
    const struct io_op *op = &session->batch.ops[session->batch.count - 1];
    return probe_judge(&session->doubt.probe, &session->arena, session->doubt.piece->sql,
                       &op->answer.rows);
}

void session_say_how_to_settle(const struct session *session, struct err *err)
{
    err_add(err, ": look, then say 'skein resolve %s --done' or 'skein resolve %s --undone'",
            session->tenant->name, session->tenant->name);
}

/* If a statement is taken back as a whole, only the driver can have said that it left something; an earlier
 * release did not ask. */
static bool is_blind(const struct session *session)
{
    bool was_asked = !checkpoint_read(session->doubt.unfinished.checksum).is_of_file;
    return session->doubt.probe.remains == REMAINS_UNKNOWN ||
           (session->doubt.probe.remains == REMAINS_NOTHING && session->doubt.unfinished.is_begun &&
            was_asked);
}

/* The author knows best whether a statement took effect that may have run in part, or was under way. The catalog
 * knows what there is of one that leaves something. */
static bool is_worth_a_look(struct session *session)
{
    struct unfinished *unfinished = &session->doubt.unfinished;
    const struct piece *piece = session->doubt.piece;
    bool asks_person = is_blind(session);
    if (!unfinished->is_running && session->doubt.probe.remains == REMAINS_NOTHING && !asks_person)
        unfinished->is_begun = session->doubt.is_begun = false;
    session->doubt.asks_author = piece->probe && (unfinished->is_running || asks_person);
    session->doubt.asks_catalog = catalog_query(session, !unfinished->is_running) &&
                                  (session->doubt.probe.remains == REMAINS_TOLD ||
                                   (unfinished->is_running && !session->doubt.asks_author));
    return session->doubt.asks_author || session->doubt.asks_catalog;
}

/* The query is the chain's, so the notices that it causes are told. */
static void add_author_query(struct session *session)
{
    struct io_op *op = add_query(session, OP_SCRIPT, session->doubt.piece->probe->sql);
    op->op.flags |= OP_HEARS_ALL;
    op->op.revision = session->doubt.revision;
}

/* The script of the step that was left half way, where it is the first of the plan. */
static const struct script *script_left(struct session *session, const struct plan *left)
{
    struct err err;
    const struct step *step = left->count ? &left->steps[0] : NULL;
    const struct script *script = step && step->revision
                                      ? scripts_get(session->env->scripts, session->dialect,
                                                    step->revision, step->direction, &err)
                                      : NULL;
    bool fits = script && unfinished_check_done(&session->arena, &session->doubt.unfinished, step,
                                                script, &err) == UNFINISHED_FITS;
    session->doubt.revision = step ? step->revision : NULL;
    return fits ? script : NULL;
}

bool session_needs_probe(struct session *session, const struct plan *left)
{
    struct unfinished *unfinished = &session->doubt.unfinished;
    bool is_stamp = session->env->target->command == PLAN_STAMP;
    if (!unfinished->revision || session->doubt.has_probed || is_stamp)
        return false;
    session->doubt.script = script_left(session, left);
    if (!session->doubt.script || !(unfinished->is_running || unfinished->is_begun))
        return false;
    const struct piece *piece = script_piece_at(session->doubt.script, unfinished->statements);
    ask_of(session, piece, session->doubt.revision);
    if (piece && !piece->is_transactional)
        return is_worth_a_look(session);
    unfinished->is_running = unfinished->is_begun = session->doubt.is_begun = false;
    return false;
}

/* Names mean what they will mean to the statement. */
static enum asked ask_probe(struct session *session)
{
    session->doubt.has_probed = true;
    session_add_setup(session, session->doubt.piece);
    if (session->doubt.asks_author)
        add_author_query(session);
    if (session->doubt.asks_catalog)
        add_catalog_query(session, !session->doubt.unfinished.is_running);
    return ASKED_OPS;
}

/* If the statement left something, that counts for more than the answer to the author's query: an INVALID index bears the
 * name too. */
static enum session_state answer_probe(struct session *session)
{
    struct unfinished *unfinished = &session->doubt.unfinished;
    struct probe_findings found = {0};
    if (session->doubt.asks_catalog)
        found = judge(session);
    size_t after_author = session->batch.count - session->doubt.asks_catalog;
    bool is_left = found.repair_count || found.answer == PROBE_HALF;
    if (session->doubt.asks_author && !is_left)
        found.answer =
            session->batch.ops[after_author - 1].answer.rows_seen ? PROBE_DONE : PROBE_UNDONE;
    bool is_known =
        found.answer != PROBE_UNKNOWN && (found.answer != PROBE_OTHER || !unfinished->is_running);
    if (!is_known && !found.repair_count)
        return SESSION_PLAN;
    session->doubt.found = found;
    session->doubt.is_begun = is_left;
    bool is_done = found.answer == PROBE_DONE && !found.repair_count;
    unfinished_set_done(&session->arena, unfinished, session->doubt.script,
                        unfinished->statements + is_done);
    session->doubt.half_done = unfinished->statements;
    return SESSION_PLAN;
}

static enum session_state error_probe(struct session *session, const struct io_op *op)
{
    struct err err = *io_op_err(op);
    session->result.is_partial = !err.is_connection_lost;
    err_prefix(&err, "asking whether the statement took effect");
    if (session->doubt.asks_author) {
        err_set_place(&err, session->doubt.revision->path, session->doubt.piece->probe->line);
        session->result.err_statement = session->doubt.piece->probe->sql;
    }
    session->result.err_revision = session->doubt.revision;
    return session_fail(session, &err);
}

const struct state_row row_probe = {
    .name = "probe",
    .does =
        "asks the author's query or the catalog whether a statement took effect that was under way when its run died, and what one left that failed",
    .ask = ask_probe,
    .answer = answer_probe,
    .on_error = error_probe,
    .next = SESSION_PLAN,
    .exits = TO(PLAN),
    .error_exits = TO(CLOSE),
    .is_cancellable = true,
};

/* ---- by what the database holds ---------------------------------------------------------------- */

static struct doubted doubted_of(const struct session *session)
{
    const struct unfinished *unfinished = &session->doubt.unfinished;
    const struct tenant *tenant = session->tenant;
    return (struct doubted){.kind = {tenant->url.dialect, tenant->schema != NULL},
                            .rows = &session->look.rows,
                            .revision = unfinished->revision,
                            .direction = unfinished->direction,
                            .statements = unfinished->statements};
}

bool session_needs_comparison(struct session *session, const struct plan *left)
{
    struct unfinished *unfinished = &session->doubt.unfinished;
    const struct verification *verification = session->env->request->verifying.verification;
    bool is_stamp = session->env->target->command == PLAN_STAMP;
    if (!verification || !unfinished->revision || !unfinished->is_running || is_stamp ||
        session->doubt.has_compared || !session->conn.io)
        return false;
    session->doubt.script = script_left(session, left);
    if (!session->doubt.script)
        return false;
    const struct piece *piece = script_piece_at(session->doubt.script, unfinished->statements);
    struct doubted doubted = doubted_of(session);
    ask_of(session, piece, session->doubt.revision);
    return piece && !piece->probe && probe_is_of_schema(&session->doubt.probe, piece->sql) &&
           verification_knows_doubt(verification, &doubted);
}

enum session_state session_decide_by_comparison(struct session *session)
{
    struct unfinished *unfinished = &session->doubt.unfinished;
    struct doubted doubted = doubted_of(session);
    session->doubt.has_compared = true;
    enum probe_answer answer = verification_decide(session->env->request->verifying.verification,
                                                   &doubted, session_catalog_answers(session));
    session->catalog = NULL;
    if (answer == PROBE_UNKNOWN)
        return SESSION_PLAN;
    session->doubt.is_begun = false;
    unfinished_set_done(&session->arena, unfinished, session->doubt.script,
                        unfinished->statements + (answer == PROBE_DONE));
    session->doubt.half_done = unfinished->statements;
    return SESSION_PLAN;
}

/* ---- look: right after it failed -------------------------------------------------------------- */

/* It is not known how much of the statement is done: it is not run again before a person, or the author's
 * query, has said so. */
static void give_to_a_person(struct session *session)
{
    if (session->doubt.piece->probe)
        return;
    session->result.is_partial = true;
    err_add(&session->result.err, "; a part of its work may be done");
    session_say_how_to_settle(session, &session->result.err);
}

/* The server took the connection away with words of its own: what it says of a statement that is taken back as a
 * whole is known, though it can be written down only by the next attempt. */
static enum session_state look_at_lost(struct session *session, const struct piece *piece,
                                       const struct io_op *op)
{
    bool is_answered = io_op_err(op)->code[0] && !op->answer.statements_done;
    session->doubt.is_half_open = session->doubt.is_begun = true;
    if (is_answered && session->doubt.probe.remains == REMAINS_NOTHING)
        session->doubt.refused = piece->first_statement + 1;
    return SESSION_CLOSE;
}

/* An error that points into the statement itself came before it began. */
static bool is_refused(const struct session *session, const struct io_op *op)
{
    const struct err *err = io_op_err(op);
    const char *refusal = session->doubt.probe.refusal;
    return err->offset || (refusal && strcmp(err->code, refusal) == 0);
}

enum session_state session_look_after(struct session *session, const struct action *action,
                                      const struct io_op *op)
{
    ask_of(session, action->piece, action->step->revision);
    if (io_is_broken(session->conn.io))
        return look_at_lost(session, action->piece, op);
    session->doubt.is_half_open = false;
    session->doubt.is_begun =
        op->answer.keeps_changes ||
        (session->doubt.probe.remains != REMAINS_NOTHING && !is_refused(session, op));
    if (!session->doubt.is_begun)
        return SESSION_MARK;
    if (session->doubt.probe.remains == REMAINS_TOLD && catalog_query(session, true))
        return SESSION_LOOK;
    give_to_a_person(session);
    return SESSION_MARK;
}

static enum asked ask_look(struct session *session)
{
    add_catalog_query(session, true);
    return ASKED_OPS;
}

static enum session_state answer_look(struct session *session)
{
    session->doubt.found = judge(session);
    session->doubt.is_begun = probe_has_remains(&session->doubt.found);
    if (session->doubt.found.answer == PROBE_UNKNOWN && !session->doubt.found.repair_count)
        give_to_a_person(session);
    return session->doubt.found.repair_count && !session->is_cancelled ? SESSION_REPAIR
                                                                       : SESSION_MARK;
}

/* It is left to the next attempt, or the next run. */
static enum session_state error_look_after(struct session *session, const struct io_op *op)
{
    (void)op;
    bool can_mark = !io_is_broken(session->conn.io) && !io_is_in_transaction(session->conn.io);
    session->doubt.is_begun = true;
    session->doubt.is_half_open = !can_mark;
    return can_mark ? SESSION_MARK : SESSION_CLOSE;
}

const struct state_row row_look = {
    .name = "look",
    .does = "asks the catalog what a statement left that failed",
    .ask = ask_look,
    .answer = answer_look,
    .on_error = error_look_after,
    .next = SESSION_MARK,
    .exits = TO(MARK) | TO(REPAIR),
    .error_exits = TO(MARK) | TO(CLOSE),
};

/* ---- repair ----------------------------------------------------------------------------------- */

static enum asked ask_repair(struct session *session)
{
    for (size_t i = 0; i < session->doubt.found.repair_count; i++)
        session_add_outside(session, session->doubt.found.repairs[i]);
    return ASKED_OPS;
}

static enum session_state answer_repair(struct session *session)
{
    session->doubt.is_begun = session->doubt.found.answer == PROBE_HALF;
    return SESSION_MARK;
}

const struct state_row row_repair = {
    .name = "repair",
    .does = "takes away what it left",
    .ask = ask_repair,
    .answer = answer_repair,
    .on_error = error_look_after,
    .next = SESSION_MARK,
    .exits = TO(MARK),
    .error_exits = TO(MARK) | TO(CLOSE),
};

/* ---- settle: a person's word ------------------------------------------------------------------ */

static bool is_place(const struct script *script, size_t done)
{
    const struct piece *next = script_piece_at(script, done);
    return done <= script->statement_count &&
           (next ? next->first_statement == done : done == script->statement_count);
}

/* How many statements are done, by what the person says; false: that cannot be. */
static bool take_word(struct session *session, const struct step *step, const struct script *script,
                      struct err *err)
{
    const struct request *request = session->env->request;
    struct unfinished *unfinished = &session->doubt.unfinished;
    bool is_counted = request->settle == SETTLE_STATEMENTS;
    size_t done = is_counted ? request->settle_statements
                             : unfinished->statements + (request->settle == SETTLE_DONE);
    if (!is_counted && !unfinished->is_running && !unfinished->is_begun)
        return err_set(err, ERR_CONFIG,
                       "nothing is in doubt here: no statement was left under way");
    if (!is_counted &&
        unfinished_check_done(&session->arena, unfinished, step, script, err) != UNFINISHED_FITS) {
        err_add(err, ", or say '--statements N': how many of the file's have taken effect");
        return false;
    }
    if (!is_counted && !unfinished_tell(unfinished, script).is_in_doubt)
        return err_set(err, ERR_CONFIG,
                       "nothing is in doubt here: statement %zu runs in transactions, which are "
                       "there as a whole or not at all; go on, or say '--statements N'",
                       unfinished->statements + 1);
    if (!is_place(script, done))
        return err_set(err, ERR_CONFIG,
                       "revision '%s' has %zu statement%s for this tenant, and none begins a piece "
                       "of its own after %zu",
                       step->revision->id, script->statement_count,
                       script->statement_count == 1 ? "" : "s", done);
    unfinished_set_done(&session->arena, unfinished, script, done);
    return true;
}

enum session_state session_begin_settling(struct session *session)
{
    struct err err;
    const struct unfinished *unfinished = &session->doubt.unfinished;
    struct step step = {.direction = unfinished->direction};
    if (unfinished->revision)
        step.revision =
            chain_get_way(session->env->chain, unfinished->revision, !session->look.rows.count);
    if (!step.revision) {
        err_set(&err, ERR_CONFIG,
                "nothing is in doubt here: no revision of the chain was left half way");
        return session_fail(session, &err);
    }
    const struct script *script =
        scripts_get(session->env->scripts, session->dialect, step.revision, step.direction, &err);
    if (!script || !take_word(session, &step, script, &err))
        return session_fail(session, &err);
    return request_changes(session->env->request) ? SESSION_SETTLE : SESSION_RELEASE;
}

/* From here on it is as if the statement had failed, or as if it had been counted: the next run starts with it,
 * or with the one after it. */
static enum asked ask_settle(struct session *session)
{
    const struct unfinished *unfinished = &session->doubt.unfinished;
    struct step step = {.revision = chain_get_way(session->env->chain, unfinished->revision,
                                                  !session->look.rows.count),
                        .direction = unfinished->direction};
    struct action action = {.kind = ACTION_MARK,
                            .step = &step,
                            .statements = unfinished->statements,
                            .checkpoint = unfinished->checksum};
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    /* The row stays that of the run whose work it is. */
    struct sql_vars vars = record_history(&session->look.vars, &action, PLAN_UPGRADE, "partial", 0);
    vars.run_id = unfinished->run_id;
    sql_expand(&buf, session->dialect, SQL_HISTORY_MARK, &vars);
    add_query(session, OP_QUERY, arena_strdup(&session->arena, buf.data))->rows_total = 1;
    buf_done(&buf);
    return ASKED_OPS;
}

static enum session_state answer_settle(struct session *session)
{
    session->doubt.half_done = 0;
    session->doubt.is_half_open = false;
    session->doubt.is_begun = false;
    return SESSION_RELEASE;
}

const struct state_row row_settle = {
    .name = "settle",
    .does = "writes down what a person has found out about such a statement",
    .ask = ask_settle,
    .answer = answer_settle,
    .next = SESSION_RELEASE,
    .exits = TO(RELEASE),
    .error_exits = TO(CLOSE),
    .is_cancellable = true,
};
