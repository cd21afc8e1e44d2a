/* What the tenant's database holds, read into records: the last thing that a run does there which was asked for it. */
#include "rollout/session_private.h"

#include "schema/reader.h"

/* The reading that is under way, or over. */
struct session_catalog {
    struct reading reading;
    struct reading_part part;
    struct catalog catalog;
    struct catalog_answers answers;
    bool is_complete;
};

enum session_state session_end(struct session *session)
{
    bool reads = session->env->request->reads_catalog;
    if (!reads || (session->catalog && session->catalog->is_complete))
        return SESSION_RELEASE;
    session->catalog = NULL; /* of an earlier attempt */
    return SESSION_CATALOG;
}

struct catalog_answers *session_catalog_answers(const struct session *session)
{
    bool is_complete = session->catalog && session->catalog->is_complete;
    return is_complete ? &session->catalog->answers : NULL;
}

static void begin_reading(struct session *session)
{
    struct session_catalog *catalog = arena_alloc(&session->arena, sizeof *catalog);
    catalog_init(&catalog->catalog, &session->answers, session->dialect->id);
    catalog->part = (struct reading_part){session->tenant->schema, &catalog->catalog};
    catalog->reading = (struct reading){.arena = &session->answers,
                                        .parts = &catalog->part,
                                        .part_count = 1,
                                        .server_version = io_info(session->conn.io)->server_version,
                                        .version_table = session->env->version_table,
                                        .history_table = HISTORY_TABLE};
    catalog_answers_init(&catalog->answers, session->dialect->catalog, &catalog->reading);
    session->catalog = catalog;
}

/* The queries of a round travel together. */
static enum asked ask_catalog(struct session *session)
{
    const struct catalog_reader *reader = session->dialect->catalog;
    if (!reader)
        return ASKED_OPS;
    if (!session->catalog)
        begin_reading(session);
    struct reading *reading = &session->catalog->reading;
    reading->query_count = 0;
    reader->ask(reading);
    session_reserve_ops(session, reading->query_count);
    for (size_t i = 0; i < reading->query_count; i++) {
        struct io_op *op = session_add_op(session, OP_QUERY);
        op->op.sql = reading->queries[i];
        op->op.sql_len = strlen(reading->queries[i]);
        op->timeout_ms = session_control_budget(session);
        op->joins_last = i > 0;
    }
    return ASKED_OPS;
}

static enum session_state answer_catalog(struct session *session)
{
    const struct catalog_reader *reader = session->dialect->catalog;
    struct err err;
    if (!reader) {
        err_set(&err, ERR_CONFIG, "this build cannot read the catalog of %s",
                dialect_info(session->dialect->id)->title);
        return session_fail(session, &err);
    }
    struct session_catalog *catalog = session->catalog;
    size_t count = session->batch.count;
    struct grid *round = arena_calloc(&session->answers, count + 1, sizeof *round);
    for (size_t i = 0; i < count; i++)
        round[i] = session->batch.ops[i].answer.rows;
    catalog->is_complete = catalog_answers_add(&catalog->answers, round, count, &err);
    if (err.kind != ERR_NONE)
        return session_fail(session, &err);
    return catalog->is_complete ? SESSION_RELEASE : SESSION_CATALOG;
}

const struct state_row row_catalog = {
    .name = "catalog",
    .does = "reads what the database holds, where the run asks for it",
    .ask = ask_catalog,
    .answer = answer_catalog,
    .next = SESSION_RELEASE,
    .exits = TO(CATALOG) | TO(RELEASE) | TO_WAY_OUT,
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
};
