/* The driver of the made-up database: a client that looks now and then how far the server is. */
#include "driver/fake_private.h"

#include "base/buf.h"
#include "driver/split.h"
#include "driver/sql.h"

struct conn {
    struct conn_params params;
    struct fake_world *world;     /* NULL: nobody answers there */
    struct fake_session *session; /* NULL: not connected */
    struct op *op;
    const struct fake_fault *fault; /* that connecting met */
    uint64_t connect_ms;            /* when the server answers */
};

/* ---- connecting ---------------------------------------------------------------------------- */

static struct conn *fake_open(const struct conn_params *params)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    conn->params = *params;
    for (size_t i = 0; i < params->url->param_count; i++)
        if (strcmp(params->url->params[i].key, "world") == 0)
            conn->world = (struct fake_world *)(uintptr_t)params->url->params[i].value;
    return conn;
}

static const char *database_of(const struct conn *conn)
{
    return conn->params.database ? conn->params.database : conn->params.url->database;
}

static struct want over(void)
{
    return (struct want){.bits = WANT_NOTHING};
}

/* In slices, since whoever waits may be cancelled meanwhile. */
static struct want wait_until(const struct conn *conn, uint64_t wake_ms)
{
    uint64_t now_ms = conn->world->now_ms;
    uint64_t left_ms = wake_ms > now_ms ? wake_ms - now_ms : 1;
    return (struct want){.bits = WANT_TIMER,
                         .timeout_ms = left_ms < FAKE_TICK_MS ? left_ms : FAKE_TICK_MS};
}

static struct want start_connect(struct conn *conn)
{
    if (!conn->world) {
        fake_fail(op_make_err(conn->op), "08001", "nobody answers");
        return over();
    }
    struct fake_db *db = fake_db_find(conn->world, database_of(conn));
    conn->connect_ms = conn->world->now_ms + conn->world->latency_ms;
    conn->fault = db ? fake_strike(db, FAKE_CONNECT) : NULL;
    if (conn->fault && conn->fault->act == FAKE_DELAY)
        conn->connect_ms += conn->fault->delay_ms;
    return wait_until(conn, conn->connect_ms);
}

static struct want step_connect(struct conn *conn)
{
    struct op *op = conn->op;
    struct fake_db *db = fake_db_find(conn->world, database_of(conn));
    if (conn->world->now_ms < conn->connect_ms)
        return wait_until(conn, conn->connect_ms);
    if (!db) {
        op->is_missing = true;
        fake_fail(op_make_err(op), "3D000", "database \"%s\" does not exist", database_of(conn));
        return over();
    }
    if (conn->fault && conn->fault->act == FAKE_REFUSE) {
        fake_fail(op_make_err(op), conn->fault->code, "refused with %s", conn->fault->code);
        return over();
    }
    if (conn->fault && conn->fault->act != FAKE_DELAY) {
        fake_lose(op_make_err(op));
        return over();
    }
    conn->session = fake_session_new(db);
    op->info = (struct conn_info){
        .is_pooled = db->is_pooled, .is_read_only = db->is_read_only, .server_version = 10000};
    return over();
}

/* ---- operations ---------------------------------------------------------------------------- */

/* What the server has come to. */
static struct want look(struct conn *conn)
{
    struct fake_session *session = conn->session;
    if (session->is_lost) {
        fake_session_leave(session);
        fake_lose(op_make_err(conn->op));
        return over();
    }
    return session->is_running ? wait_until(conn, session->wake_ms) : over();
}

static struct want fake_start(struct conn *conn, struct op *op)
{
    conn->op = op;
    if (op->kind == OP_CONNECT)
        return start_connect(conn);
    if (!conn->session->is_lost)
        fake_session_start(conn->session, op);
    return look(conn);
}

static struct want fake_step(struct conn *conn, unsigned ready)
{
    (void)ready;
    if (conn->op->kind == OP_CONNECT)
        return step_connect(conn);
    if (!conn->session->is_lost)
        fake_session_run(conn->session);
    return look(conn);
}

static void fake_work(struct conn *conn)
{
    (void)conn; /* never wanted */
}

struct token {
    struct fake_world *world;
    uint32_t session;
};

static void *fake_cancel_token(struct conn *conn)
{
    if (!conn->session)
        return NULL;
    struct token *token = xmalloc(sizeof *token);
    *token = (struct token){conn->world, conn->session->id};
    return token;
}

static void fake_cancel(void *ctx)
{
    struct token *token = ctx;
    struct fake_session *session = fake_session_find(token->world, token->session);
    if (session)
        session->is_cancelled = true;
    free(token);
}

static bool fake_is_in_transaction(const struct conn *conn)
{
    return conn->session && conn->session->in_transaction;
}

static void fake_close(struct conn *conn)
{
    if (conn->session && !conn->session->is_lost)
        fake_session_leave(conn->session);
    free(conn);
}

static bool fake_split(struct arena *arena, const char *sql, size_t len,
                       struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    struct split_list list = {.arena = arena, .sql = sql, .line = 1};
    (void)err; /* any text can be split */
    for (size_t at = 0; (at = split_skip(sql, len, at, false)) < len;) {
        size_t end = fake_statement_end(sql, len, at);
        split_add(&list, at, end - at);
        at = end;
    }
    *ret_statements = list.items;
    *ret_count = list.count;
    return true;
}

static const char *const fake_sql[SQL__COUNT] = {
    [SQL_LOCK] = "lock {key}",
    [SQL_LOCK_POOLED] = "begin; lock_tx {key}",
    [SQL_RESET] = "reset",
    [SQL_INSPECT] = "inspect {asked_schema} {version_name}",
    [SQL_SCHEMA_CREATE] = "schema {schema}",
    [SQL_VERSIONS] = "versions {version}",
    [SQL_HISTORY] = "history {history}",
    [SQL_BEGIN] = "begin",
    [SQL_SETUP_LOCAL] = "nonce {nonce}",
    [SQL_VERSION_CREATE] = "make {version}",
    [SQL_HISTORY_CREATE] = "make {history}",
    [SQL_VERSION_INSERT] = "insert {version} {to}",
    [SQL_VERSION_UPDATE] = "update {version} {from} {to}",
    [SQL_VERSION_DELETE] = "delete {version} {from}",
    [SQL_HISTORY_INSERT] = "record {history} {revision} {direction} {checksum} {statements} "
                           "{state} {run}",
    [SQL_HISTORY_MARK] = "mark {history} {revision} {direction} {statements} {state} {run}",
    [SQL_GUARD] = "guard {nonce}",
    [SQL_COMMIT] = "commit",
    [SQL_ROLLBACK] = "rollback",
    [SQL_CREATE_DATABASE] = "database {database}",
};

const struct driver fake_driver = {
    .name = "fake",
    .dialect = DIALECT_POSTGRESQL,
    .traits = DRIVER_DDL_IN_TRANSACTION | DRIVER_IS_SERVER,
    .open = fake_open,
    .start = fake_start,
    .step = fake_step,
    .work = fake_work,
    .cancel_token = fake_cancel_token,
    .cancel = fake_cancel,
    .is_in_transaction = fake_is_in_transaction,
    .close = fake_close,
    .add_literal = sql_add_literal,
    .add_identifier = sql_add_identifier,
    .split = fake_split,
    .sql = fake_sql,
};
