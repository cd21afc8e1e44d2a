/* What a stamp is held to: are any of the tables there that the stamped revisions make? */
#include "rollout/session_private.h"

#include "base/map.h"
#include "rollout/survey.h"

static const struct tables *tables_of(const struct session *session)
{
    return evidence_tables(session->env->evidence, session->dialect, &session->work.plan->to);
}

/* A rollback only puts rows back. */
static bool needs_evidence(struct session *session, const struct plan *left)
{
    const struct session_env *env = session->env;
    bool is_forced = env->target->is_forced || env->target->purges;
    return env->target->command == PLAN_STAMP && !is_forced && !rollout_is_rolling_back(env->run) &&
           left->count && !session->result.done_count && session->work.plan->to.count &&
           !session->work.has_evidence && session->dialect->sql[SQL_TABLES] &&
           tables_of(session)->count;
}

/* May the table be the one that a survey has found under this name? */
static bool is_surveyed_table(const struct session *session, const struct table_name *table)
{
    const struct surveyed *surveyed = rollout_surveyed(session->env->run, session->index);
    const char *own =
        session->tenant->schema ? session->tenant->schema : session->tenant->url.database;
    bool is_own = !table->schema || strcmp(table->schema, own) == 0;
    return surveyed->tables && is_own && map_get(surveyed->tables, table->name) != MAP_NONE;
}

static bool has_surveyed_evidence(const struct session *session)
{
    const struct tables *tables = tables_of(session);
    bool has_one = false;
    for (size_t i = 0; session->look.is_surveyed && i < tables->count && !has_one; i++)
        has_one = is_surveyed_table(session, &tables->items[i]);
    return has_one;
}

/* What a survey does not find is asked for: only the server knows which names are equal. */
bool session_needs_evidence(struct session *session, const struct plan *left)
{
    return needs_evidence(session, left) && !has_surveyed_evidence(session);
}

/* In a tenant of one schema a table without a schema is in that one, unless revisions set the path. */
static enum asked ask_evidence(struct session *session)
{
    const struct tables *tables = tables_of(session);
    const char *own = tables->has_own_path ? NULL : session->tenant->schema;
    const char **rows = arena_calloc(&session->arena, tables->count, sizeof *rows);
    for (size_t i = 0; i < tables->count; i++) {
        const struct table_name *table = &tables->items[i];
        const char *schema = table->schema ? table->schema : own;
        rows[i] =
            schema ? arena_printf(&session->arena, "%s.%s", schema, table->name) : table->name;
    }
    session->look.vars.rows = rows;
    session->look.vars.row_count = tables->count;
    session_add_one(session, SQL_TABLES);
    return ASKED_OPS;
}

static enum session_state answer_evidence(struct session *session)
{
    const struct tables *tables = tables_of(session);
    const struct rows *to = &session->work.plan->to;
    struct err err;
    session->work.has_evidence =
        session_op_of(session, SESSION_EVIDENCE)->answer.rows.row_count > 0;
    if (session->work.has_evidence)
        return SESSION_PLAN;
    err_set(&err, ERR_DRIFT,
            "it is not what the stamp would say: up to '%s' the chain makes %zu table%s ('%s'%s), "
            "and none is there; say --force if it is right all the same",
            to->ids[0], tables->count, tables->count == 1 ? "" : "s", tables->items[0].name,
            tables->count > 1 ? ", …" : "");
    snprintf(err.code, sizeof err.code, EVIDENCE_NO_TABLES);
    return session_fail(session, &err);
}

const struct state_row row_evidence = {
    .name = "evidence",
    .does = "asks whether any of the tables is there that a stamp's revisions make",
    .ask = ask_evidence,
    .answer = answer_evidence,
    .next = SESSION_PLAN,
    .exits = TO(PLAN) | TO_WAY_OUT,
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
};
