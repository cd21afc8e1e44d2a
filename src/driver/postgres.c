/* PostgreSQL through libpq, never blocking: the socket is the caller's to poll.
 *
 * Connecting is the exception: PQconnectStart reads files (.pgpass, certificates) and PQconnectPoll hashes for
 * SCRAM (2.7 ms of CPU), so those run on a worker, with the caller polling between them; all but those that
 * have nothing to compute. libpq may close and replace its socket in PQconnectPoll: `want.fd` is to be taken
 * anew each time.
 */
#include <libpq-fe.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialects.h"
#include "driver/driver.h"
#include "driver/drivers.h"
#include "driver/postgres_connect.h"
#include "driver/postgres_error.h"
#include "driver/postgres_message.h"
#include "driver/row_writer.h"
#include "dialect/postgres/probe.h"
#include "dialect/postgres/split.h"
#include "dialect/postgres/templates.h"
#include "driver/postgres_tls.h"
#include "dialect/template.h"

enum phase { PHASE_STARTING, PHASE_CONNECTING, PHASE_PROBING, PHASE_RUNNING };

struct conn {
    struct conn_params params;
    PGconn *pg;
    const struct op *op;
    enum phase phase;
    PostgresPollingStatusType polling;
    struct postgres_message message; /* under way */
    bool is_past_guard;              /* of `op`: what is said now is said of what it is joined to */
    const char *refusal;             /* of the server's certificate; NULL: none */
    double over_s;          /* when the op before ended, on the server's clock; 0: not known */
    struct row_writer rows; /* of the op */
    bool is_standby;        /* as far as a server tells that does not tell of itself */
    struct conn_info info;
};

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
static void take_notice(void *ctx, const PGresult *result)
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

static struct conn *postgres_open(const struct conn_params *params)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    conn->params = *params;
    return conn;
}

static struct want over(void)
{
    return (struct want){.bits = WANT_NOTHING};
}

/* ---- results ------------------------------------------------------------------------------- */

/* True: the caller takes the rows one by one, for there may be too many. */
static bool has_limit(const struct op *op)
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

static bool is_on(const char *setting)
{
    return setting && strcmp(setting, "on") == 0;
}

/* A server of version 14 says so by itself, whenever it changes. */
static bool is_standby(const struct conn *conn)
{
    const char *status = PQparameterStatus(conn->pg, "in_hot_standby");
    return status ? is_on(status) : conn->is_standby;
}

/* The first error wins; one statement's error ends the message anyway. As long as nothing has run, where it is said
 * to be decides whose it is: a syntax error may be that of a script whose turn had not come. Later a place outside
 * of the op's own SQL is one in another text, such as that of a prepared statement. */
static void fail(struct conn *conn, const PGresult *result)
{
    struct err err = {0};
    bool has_run = conn->op != conn->message.first || conn->op->answer->statements_done;
    if (op_err(conn->op)->kind != ERR_NONE)
        return;
    postgres_error(conn->pg, result,
                   &(struct postgres_context){.message = conn->message.sql,
                                              .operation = conn->op->sql,
                                              .is_standby = is_standby(conn)},
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

static void take_result(struct conn *conn, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
        if (conn->op->kind != OP_SCRIPT && !(has_limit(conn->op) && conn->op->answer->columns))
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
        if (has_limit(conn->op))
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
            fail(conn, result);
        break;
    }
}

/* COPY TO STDOUT: read and thrown away. True while more may come later. */
static bool drain_copy_out(struct conn *conn)
{
    char *line;
    int len;
    while ((len = PQgetCopyData(conn->pg, &line, 1)) > 0)
        PQfreemem(line);
    return len == 0;
}

/* A message that could not be parsed has run nothing: not even the BEGIN in it. */
static void check_transaction(struct conn *conn)
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

/* ---- running a message --------------------------------------------------------------------- */

static struct want wait_for_socket(struct conn *conn)
{
    int pending = PQflush(conn->pg);
    if (pending < 0 || PQsocket(conn->pg) < 0) {
        fail(conn, NULL);
        return over();
    }
    return (struct want){.bits = WANT_READ | (pending ? WANT_WRITE : 0), .fd = PQsocket(conn->pg)};
}

static bool send(struct conn *conn)
{
    if (!PQsendQuery(conn->pg, conn->message.sql)) {
        fail(conn, NULL);
        return false;
    }
    if (conn->op->kind == OP_SCRIPT || has_limit(conn->op))
        PQsetSingleRowMode(conn->pg); /* what a revision selects is not kept */
    return true;
}

/* Takes what has arrived. True: the message is answered in full. */
static bool read_results(struct conn *conn)
{
    if (!PQconsumeInput(conn->pg)) {
        fail(conn, NULL);
        return true;
    }
    while (!PQisBusy(conn->pg)) {
        PGresult *result = PQgetResult(conn->pg);
        if (!result)
            return true;
        bool is_copy_out = PQresultStatus(result) == PGRES_COPY_OUT;
        take_result(conn, result);
        PQclear(result);
        if (has_limit(conn->op) && op_err(conn->op)->is_connection_lost)
            return true;
        if (is_copy_out && drain_copy_out(conn))
            return false;
    }
    return false;
}

static struct want start_message(struct conn *conn)
{
    postgres_message_done(&conn->message);
    conn->message = postgres_message_of(conn->pg, conn->op);
    conn->is_past_guard = false;
    if (!send(conn)) {
        check_transaction(conn);
        return over();
    }
    return wait_for_socket(conn);
}

/* Is the message answered, and the turn of an operation come that did not travel with it? */
static bool has_more(const struct conn *conn)
{
    return conn->message.begin > conn->message.len && op_err(conn->op)->kind == ERR_NONE;
}

static void take_info(struct conn *conn)
{
    const char *strings = PQparameterStatus(conn->pg, "standard_conforming_strings");
    conn->info = (struct conn_info){
        .is_standby = is_standby(conn),
        .is_read_only =
            is_standby(conn) || is_on(PQparameterStatus(conn->pg, "default_transaction_read_only")),
        .watches_client = PQserverVersion(conn->pg) >= 140000,
        .reads_oddly = strings && !is_on(strings),
        .password = PQpass(conn->pg),
        .backend_pid = (uint32_t)PQbackendPID(conn->pg),
        .server_version = (uint32_t)PQserverVersion(conn->pg),
    };
    conn->op->answer->info = &conn->info;
}

static void finish_probe(struct conn *conn)
{
    const struct grid *rows = &conn->op->answer->rows;
    if (op_err(conn->op)->kind != ERR_NONE || rows->row_count != 1)
        return;
    conn->is_standby = conn->info.is_standby = is_on(grid_value(rows, 0, 0));
    conn->info.is_read_only = conn->is_standby || is_on(grid_value(rows, 0, 1));
}

static void finish(struct conn *conn)
{
    if (conn->phase == PHASE_PROBING)
        finish_probe(conn);
    check_transaction(conn);
    conn->phase = PHASE_RUNNING;
}

/* ---- connecting ---------------------------------------------------------------------------- */

/* A server of version 14 tells by itself what others are asked for. */
static struct want end_connecting(struct conn *conn)
{
    static const char probe[] =
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'on' ELSE 'off' END, "
        "pg_catalog.current_setting('default_transaction_read_only')";
    PQsetnonblocking(conn->pg, 1);
    PQsetErrorVerbosity(conn->pg, PQERRORS_DEFAULT);
    take_info(conn);
    if (PQparameterStatus(conn->pg, "in_hot_standby") &&
        PQparameterStatus(conn->pg, "default_transaction_read_only")) {
        conn->phase = PHASE_RUNNING;
        return over();
    }
    conn->phase = PHASE_PROBING;
    conn->message =
        (struct postgres_message){.first = conn->op, .sql = probe, .len = strlen(probe)};
    if (!send(conn)) {
        finish(conn);
        return over();
    }
    return wait_for_socket(conn);
}

/* Called after a PQconnectPoll, whose answer decides what to wait for. */
static struct want after_poll(struct conn *conn)
{
    switch (conn->polling) {
    case PGRES_POLLING_OK: return end_connecting(conn);
    case PGRES_POLLING_READING: return (struct want){.bits = WANT_READ, .fd = PQsocket(conn->pg)};
    case PGRES_POLLING_WRITING: return (struct want){.bits = WANT_WRITE, .fd = PQsocket(conn->pg)};
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
    default:
        postgres_connect_error(conn->pg, conn->refusal, conn->op->arena, op_make_err(conn->op));
        conn->op->answer->is_missing = strcmp(op_err(conn->op)->code, "3D000") == 0;
        return over();
    }
}

/* As far as it goes without waiting: libpq asks for a writable socket where it often is already. */
static void go_on_connecting(struct conn *conn)
{
    do
        conn->polling = postgres_tls_poll(conn->pg, &conn->refusal);
    while (conn->polling == PGRES_POLLING_WRITING && postgres_is_reached(conn->pg));
}

static void postgres_work(struct conn *conn)
{
    if (conn->phase == PHASE_STARTING) {
        conn->pg = postgres_connect_start(&conn->params);
        conn->phase = PHASE_CONNECTING;
        PQsetNoticeReceiver(conn->pg, take_notice, conn);
        /* "Too many connections" comes without a result: only verbose texts carry its code. */
        PQsetErrorVerbosity(conn->pg, PQERRORS_VERBOSE);
        conn->polling =
            PQstatus(conn->pg) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
        if (conn->polling == PGRES_POLLING_FAILED || !postgres_is_reached(conn->pg))
            return;
    }
    go_on_connecting(conn);
}

/* ---- the interface ------------------------------------------------------------------------- */

static struct want postgres_start(struct conn *conn, const struct op *op)
{
    conn->op = op;
    conn->over_s = 0;
    conn->phase = op->kind == OP_CONNECT ? PHASE_STARTING : PHASE_RUNNING;
    if (op->kind == OP_CONNECT)
        return (struct want){.bits = WANT_WORKER};
    return start_message(conn);
}

static struct want postgres_step(struct conn *conn, unsigned ready)
{
    if (conn->phase == PHASE_CONNECTING && !(ready & WANT_WORKER)) {
        if (!postgres_is_let_in(conn->pg))
            return (struct want){.bits = WANT_WORKER};
        go_on_connecting(conn);
    }
    if (conn->phase == PHASE_CONNECTING)
        return after_poll(conn);
    if (ready & WANT_READ && read_results(conn)) {
        if (has_more(conn))
            return start_message(conn);
        finish(conn);
        return over();
    }
    struct want want = wait_for_socket(conn);
    if (!want.bits)
        finish(conn);
    return want;
}

static void *postgres_cancel_token(struct conn *conn)
{
    return conn->phase == PHASE_RUNNING ? PQgetCancel(conn->pg) : NULL;
}

static void postgres_cancel(void *token)
{
    char text[256];
    PQcancel(token, text, sizeof text);
    PQfreeCancel(token);
}

static bool postgres_is_in_transaction(const struct conn *conn)
{
    PGTransactionStatusType status = PQtransactionStatus(conn->pg);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

static void postgres_close(struct conn *conn)
{
    conn->op = NULL; /* whose memory may be gone: nothing is heard any more */
    postgres_message_done(&conn->message);
    PQfinish(conn->pg);
    free(conn);
}

const struct driver driver_postgres = {
    .dialect = &dialect_postgres,
    .traits = DRIVER_IS_SERVER | DRIVER_JOINS,
    .add_library = postgres_add_library,
    .open = postgres_open,
    .start = postgres_start,
    .step = postgres_step,
    .work = postgres_work,
    .cancel_token = postgres_cancel_token,
    .cancel = postgres_cancel,
    .is_in_transaction = postgres_is_in_transaction,
    .close = postgres_close,
};
