/* What the tenant's database holds, read into records: the last thing that a run does there which was asked for it. What a run
 * that verifies schemas compares is read here too (session_verify.c). */
#include "rollout/session_private.h"

#include "base/buf.h"
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
    if (session_verifies_end(session))
        return SESSION_VERIFY;
    if (!reads || session->look.is_surveyed || (session->catalog && session->catalog->is_complete))
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
                                        .history_table = HISTORY_TABLE,
                                        .is_for_emitter = session->env->request->reads_for_emitter};
    catalog_answers_init(&catalog->answers, session->dialect->catalog, &catalog->reading);
    session->catalog = catalog;
}

/* A transaction that has something else to do must not see what the reader sets. */
static struct io_op *add_query(struct session *session, const char *sql)
{
    struct io_op *op = session_add_op(session, OP_QUERY);
    struct buf buf;
    buf_init(&buf, SIZE_MAX / 2);
    if (io_is_in_transaction(session->conn.io) && session->dialect->sql[SQL_ASIDE]) {
        struct sql_vars vars = {.query = sql};
        sql_expand(&buf, session->dialect, SQL_ASIDE, &vars);
    } else {
        buf_adds(&buf, sql);
    }
    session_set_sql(op, &buf);
    op->timeout_ms = session_control_budget(session);
    return op;
}

/* The queries of a round travel together. */
enum asked session_ask_catalog(struct session *session)
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
        struct io_op *op = add_query(session, reading->queries[i]);
        op->op.shape = reading->shapes[i];
        op->joins_last = i > 0;
    }
    return ASKED_OPS;
}

bool session_take_catalog(struct session *session, struct err *err)
{
    const struct catalog_reader *reader = session->dialect->catalog;
    *err = err_none;
    if (!reader)
        return err_set(err, ERR_CONFIG, "this build cannot read the catalog of %s",
                       dialect_info(session->dialect->id)->title);
    struct session_catalog *catalog = session->catalog;
    size_t count = session->batch.count;
    struct grid *round = arena_calloc(&session->answers, count + 1, sizeof *round);
    for (size_t i = 0; i < count; i++)
        round[i] = session->batch.ops[i].answer.rows;
    catalog->is_complete = catalog_answers_add(&catalog->answers, round, count, err);
    return err->kind == ERR_NONE;
}

static enum session_state answer_catalog(struct session *session)
{
    struct err err;
    if (!session_take_catalog(session, &err))
        return session_fail(session, &err);
    return session->catalog->is_complete ? SESSION_RELEASE : SESSION_CATALOG;
}

const struct state_row row_catalog = {
    .name = "catalog",
    .does = "reads what the database holds, where the run asks for it",
    .ask = session_ask_catalog,
    .answer = answer_catalog,
    .next = SESSION_RELEASE,
    .exits = TO(CATALOG) | TO(RELEASE) | TO_WAY_OUT,
    .error_exits = TO_WAY_OUT,
    .is_cancellable = true,
};
