/* What a session of PostgreSQL answers: notices, rows, errors, and which operation of a message they belong to. */
#include "driver/postgres_private.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "driver/postgres_error.h"

/* Is it for the one who asked, and not about a statement of ours? */
static bool is_heard(const struct op *op, const struct notice *notice)
{
    bool is_weighty = op->kind != OP_CONNECT || notice->level >= NOTICE_WARNING;
    return notice->is_unreplicated || (op->flags & OP_HEARS_ALL && is_weighty);
}

/* libpq hands a notice on at once, and with it those that came after a result which still waits to be taken: the
 * end of a script is known by the row of its guard, and not only by what follows that. Before the first statement
 * of a message has run, the whole of it is parsed: what is said of a name that is too long is not of our BEGIN. */
static const struct op *speaker(const struct conn *conn)
{
    const struct op *op = conn->op;
    bool is_parsed =
        op == conn->message.first && !op->answer->statements_done && !(op->flags & OP_HEARS_ALL);
    return (conn->is_past_guard || is_parsed) && op->joined ? op->joined : op;
}

/* Without a receiver libpq prints to stderr. A notice that is not kept must take no memory: there may be ten
 * million. */
void postgres_take_notice(void *ctx, const PGresult *result)
{
    const struct conn *conn = ctx;
    const struct op *op = conn->op ? speaker(conn) : NULL;
    if (!op || !op->notices)
        return;
    struct notice notice = postgres_notice(result);
    notice.revision = op->revision;
    if (!is_heard(op, &notice))
        return;
    if (notices_wants(op->notices, &notice))
        notice.said = postgres_said(result, op->arena);
    notices_add(op->notices, op->arena, &notice);
}

/* ---- results ------------------------------------------------------------------------------- */

bool postgres_has_limit(const struct op *op)
{
    return op->limits && op->limits->rows_max;
}

static void begin_rows(struct conn *conn, const PGresult *result)
{
    int width = PQnfields(result);
    row_writer_begin(&conn->rows, conn->op, (size_t)width);
    for (int c = 0; c < width; c++)
        conn->rows.names[c] = arena_strdup(conn->op->arena, PQfname(result, c));
}

/* False: there are too many. */
static bool keep_row(struct conn *conn, const PGresult *result, int row)
{
    for (int c = 0; c < PQnfields(result); c++)
        conn->rows.next[c] = PQgetisnull(result, row, c) ? NULL : PQgetvalue(result, row, c);
    return row_writer_add(&conn->rows, conn->op);
}

static void keep_rows(struct conn *conn, const PGresult *result)
{
    begin_rows(conn, result);
    row_writer_reserve(&conn->rows, conn->op, (size_t)PQntuples(result));
    for (int row = 0; row < PQntuples(result); row++)
        if (!keep_row(conn, result, row))
            return;
}

/* One row of many, of which there may be too many: then the connection is given up with what is on its way. */
static void keep_single_row(struct conn *conn, const PGresult *result)
{
    if (!conn->op->answer->columns)
        begin_rows(conn, result);
    if (!keep_row(conn, result, 0))
        op_make_err(conn->op)->is_connection_lost = true;
}

/* ---- several operations in one message ----------------------------------------------------- */

static const char guard_name[] = "skein_guard"; /* of its first column: a script ends here */

enum { GUARD_TIME = 1 };

static void go_to_joined(struct conn *conn)
{
    conn->op = postgres_message_next(&conn->message, conn->op);
    conn->is_past_guard = false;
}

static bool is_guard(const PGresult *result)
{
    return PQnfields(result) > GUARD_TIME && strcmp(PQfname(result, 0), guard_name) == 0;
}

/* No row: SQL_LOCK_HOLDER found no session that has the lock. NULL: SQL_LOCK was answered by another process. */
static void finish_lock(struct answer *answer)
{
    const struct grid *rows = &answer->rows;
    const char *value = rows->row_count ? grid_value(rows, 0, 0) : NULL;
    bool is_good = answer_err(answer)->kind == ERR_NONE;
    answer->is_locked = is_good && value && *value == 't';
    answer->is_pooled = is_good && rows->row_count && !value;
    if (value && rows->column_count > 1 && !answer->is_locked)
        answer->holder = grid_value(rows, 0, 1);
}

static void end_op(struct conn *conn)
{
    if (conn->op->kind == OP_LOCK)
        finish_lock(conn->op->answer);
    conn->op->answer->is_over = true;
    if (conn->op->joined)
        go_to_joined(conn);
}

/* Where in the message the op ends, including the byte after it. */
static size_t end_of_op(const struct conn *conn)
{
    return conn->message.begin + conn->op->sql_len + 1;
}

bool postgres_is_on(const char *setting)
{
    return setting && strcmp(setting, "on") == 0;
}

/* A server of version 14 says so by itself, whenever it changes. */
bool postgres_is_standby(const struct conn *conn)
{
    const char *status = PQparameterStatus(conn->pg, "in_hot_standby");
    return status ? postgres_is_on(status) : conn->is_standby;
}

/* The first error wins; one statement's error ends the message anyway. If nothing has run yet, the position of the error
 * tells which operation of the message it belongs to: a syntax error may be in a script whose turn had not come. Once
 * something has run, a position outside the operation's own SQL refers to another text, such as a prepared statement, and
 * is dropped. */
void postgres_fail(struct conn *conn, const PGresult *result)
{
    struct err err = {0};
    bool has_run = conn->op != conn->message.first || conn->op->answer->statements_done;
    if (op_err(conn->op)->kind != ERR_NONE)
        return;
    postgres_error(conn->pg, result,
                   &(struct postgres_context){.message = conn->message.sql,
                                              .operation = conn->op->sql,
                                              .is_standby = postgres_is_standby(conn)},
                   conn->op->arena, &err);
    while (!has_run && conn->op->joined && err.offset > end_of_op(conn))
        go_to_joined(conn);
    bool is_within = err.offset > conn->message.begin && err.offset <= end_of_op(conn);
    err.offset = is_within ? err.offset - conn->message.begin : 0;
    *op_make_err(conn->op) = err;
}

static void finish_statement(struct conn *conn, const PGresult *result)
{
    const struct op *op = conn->op;
    const char *touched = PQcmdTuples((PGresult *)(uintptr_t)result);
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        op->answer->rows_changed += strtoull(touched, NULL, 10);
    /* The server answers COMMIT of an aborted transaction with success and this tag. */
    if (strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "ROLLBACK") == 0 &&
        op->tx_after == TX_OUTSIDE && op->flags & OP_MUST_COMMIT && op_err(op)->kind == ERR_NONE)
        err_set(op_make_err(op), ERR_SQL, "the server answered COMMIT with ROLLBACK");
    if (op_err(op)->kind == ERR_NONE)
        op->answer->statements_done++;
}

/* As the server writes it: with a point, whatever the program's locale has. */
static double read_seconds(const char *text)
{
    char *end;
    double seconds = (double)strtoull(text, &end, 10), unit = 0.1;
    for (const char *p = end + (*end == '.'); ascii_is_digit(*p); p++, unit /= 10)
        seconds += (*p - '0') * unit;
    return seconds;
}

/* What a joined op took lies between two readings of the server's clock. */
static void take_time(struct conn *conn, double over_s)
{
    double took_ms = (over_s - conn->over_s) * 1000;
    if (conn->over_s > 0 && took_ms > 0)
        conn->op->answer->duration_ms = took_ms;
    conn->over_s = over_s;
}

void postgres_take_result(struct conn *conn, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
        if (conn->op->kind != OP_SCRIPT &&
            !(postgres_has_limit(conn->op) && conn->op->answer->columns))
            keep_rows(conn, result);
        finish_statement(conn, result);
        if (conn->op->kind != OP_SCRIPT || is_guard(result))
            end_op(conn);
        break;
    case PGRES_COMMAND_OK: finish_statement(conn, result); break;
    case PGRES_COPY_IN:
        /* The server would call what follows "canceled on request", as it does a timeout. */
        if (op_err(conn->op)->kind == ERR_NONE)
            err_set(op_make_err(conn->op), ERR_SQL, "COPY FROM STDIN has no data in a revision");
        PQputCopyEnd(conn->pg, "no data");
        break;
    case PGRES_SINGLE_TUPLE:
        conn->op->answer->rows_seen++;
        if (postgres_has_limit(conn->op))
            keep_single_row(conn, result);
        conn->is_past_guard = conn->is_past_guard || is_guard(result);
        if (is_guard(result))
            take_time(conn, read_seconds(PQgetvalue(result, 0, GUARD_TIME)));
        break;
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_OUT:
    default:
        if (PQresultStatus(result) == PGRES_FATAL_ERROR ||
            PQresultStatus(result) == PGRES_BAD_RESPONSE)
            postgres_fail(conn, result);
        break;
    }
}

bool postgres_drain_copy_out(struct conn *conn)
{
    char *line;
    int len;
    while ((len = PQgetCopyData(conn->pg, &line, 1)) > 0)
        PQfreemem(line);
    return len == 0;
}

void postgres_check_transaction(struct conn *conn)
{
    const struct op *op = conn->op;
    PGTransactionStatusType status = PQtransactionStatus(conn->pg);
    if (op->tx_after == TX_ANY || status == PQTRANS_UNKNOWN)
        return;
    if (op != conn->message.first && !conn->message.first->answer->statements_done)
        return;
    bool is_inside = status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
    if (is_inside == (op->tx_after == TX_INSIDE))
        return;
    op->answer->is_tx_broken = true;
    if (op_err(op)->kind == ERR_NONE)
        err_set(op_make_err(op), ERR_SQL, "the transaction was %s by the statements themselves",
                is_inside ? "begun" : "ended");
}
