/* A statement outside a transaction that was under way when its run died: what the author's query
 * or the catalog says of it, or a person. */
#include "rollout/session_private.h"

#include "base/buf.h"
#include "chain/chain.h"
#include "driver/probe.h"

/* ---- a look at the catalog ----------------------------------------------------------------- */

static void ask_catalog(struct session *session)
{
    session->probe = (struct probe){0};
    if (session->driver->probe)
        session->driver->probe(&session->arena, session->doubtful->sql, &session->probe);
}

/* Of one that failed it is known that it did not take effect; but it may have left something behind. */
static bool is_worth_a_look(struct session *session)
{
    if (!session->doubtful || session->doubtful->is_transactional)
        return false;
    if (session->unfinished.is_running)
        return true;
    ask_catalog(session);
    return session->probe.repair != NULL;
}

bool session_needs_probe(struct session *session, const struct plan *left)
{
    struct err err;
    const struct unfinished *unfinished = &session->unfinished;
    if (!unfinished->revision || session->has_probed || !left->count)
        return false;
    const struct step *step = &left->steps[0];
    bool is_next = step->revision && strcmp(step->revision->id, unfinished->revision) == 0 &&
                   step->direction == unfinished->direction;
    if (!is_next || session->env->target->command == PLAN_STAMP)
        return false;
    const struct script *script =
        scripts_get(session->env->scripts, session->driver, step->revision, step->direction, &err);
    session->doubtful = script ? script_piece_at(script, unfinished->statements) : NULL;
    session->doubtful_revision = step->revision;
    return is_worth_a_look(session);
}

static void add_query(struct session *session, enum op_kind kind, const char *sql)
{
    struct op *op = session_add_op(session, kind);
    op->sql = sql;
    op->sql_len = strlen(sql);
    op->tx_after = TX_OUTSIDE;
    op->timeout_ms = session_control_budget(session);
}

/* The author knows best; else the catalog is asked. Names mean what they will mean to the
 * statement. */
enum asked ask_probe(struct session *session)
{
    const struct piece *piece = session->doubtful;
    bool asks_author = piece->probe && session->unfinished.is_running;
    session->has_probed = true;
    ask_catalog(session);
    if (asks_author)
        session->probe = (struct probe){0};
    else if (!session->probe.sql)
        return ASKED_OPS;
    session_add_setup(session, piece);
    if (asks_author)
        add_query(session, OP_SCRIPT, piece->probe->sql);
    else
        add_query(session, OP_QUERY, session->probe.sql);
    return ASKED_OPS;
}

static enum probe_answer judge(struct session *session)
{
    const struct piece *piece = session->doubtful;
    if (!session->op_count)
        return PROBE_UNKNOWN;
    const struct op *op = &session->ops[session->op_count - 1];
    if (!session->probe.sql) /* it was the author's */
        return op->rows_seen ? PROBE_DONE : PROBE_UNDONE;
    return probe_judge(&session->probe, &session->arena, piece->sql,
                       op->row_count ? op_value(op, 0, 0) : NULL);
}

enum session_state answer_probe(struct session *session)
{
    enum probe_answer answer = judge(session);
    session->repair = answer == PROBE_BROKEN ? session->probe.repair : NULL;
    if (!session->unfinished.is_running)
        return SESSION_PLAN;
    session->unfinished.is_running = answer == PROBE_UNKNOWN;
    session->unfinished.statements += answer == PROBE_DONE;
    session->half_done = session->unfinished.statements;
    return SESSION_PLAN;
}

enum session_state error_probe(struct session *session, const struct op *op)
{
    struct err err = *op_err(op);
    session->is_partial = !err.is_connection_lost;
    err_prefix(&err, "asking whether the statement took effect");
    if (session->unfinished.is_running && session->doubtful->probe) {
        err_set_place(&err, session->doubtful_revision->path, session->doubtful->probe->line);
        session->err_statement = session->doubtful->probe->sql;
    }
    session->err_revision = session->doubtful_revision;
    return session_fail(session, &err);
}

/* ---- a person's word ----------------------------------------------------------------------- */

enum session_state session_begin_settling(struct session *session)
{
    struct err err;
    if (session->unfinished.revision && session->unfinished.is_running &&
        chain_get(session->env->chain, session->unfinished.revision))
        return SESSION_SETTLE;
    err_set(&err, ERR_CONFIG, "nothing is in doubt here: no statement was left under way");
    return session_fail(session, &err);
}

/* From here on it is as if the statement had failed, or as if it had been counted: whoever comes
 * next starts with it, or with the one behind it. */
enum asked ask_settle(struct session *session)
{
    const struct unfinished *unfinished = &session->unfinished;
    struct step step = {.revision = chain_get(session->env->chain, unfinished->revision),
                        .direction = unfinished->direction};
    struct action action = {.kind = ACTION_MARK,
                            .step = &step,
                            .statements =
                                unfinished->statements + (session->env->settle == SETTLE_DONE)};
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    struct sql_vars vars = record_history(&session->vars, &action, PLAN_UPGRADE, "partial", 0);
    sql_expand(&buf, session->driver, SQL_HISTORY_MARK, &vars);
    add_query(session, OP_QUERY, arena_strdup(&session->arena, buf.data));
    session->ops[session->op_count - 1].needs_one_row = true;
    buf_done(&buf);
    return ASKED_OPS;
}

enum session_state answer_settle(struct session *session)
{
    session->half_done = 0;
    session->is_half_open = false;
    return SESSION_RELEASE;
}
