/* PostgreSQL through libpq, never blocking: the socket is the caller's to poll.
 *
 * Connecting is the exception: PQconnectStart reads files (.pgpass, certificates) and PQconnectPoll hashes for
 * SCRAM (2.7 ms of CPU), so those run on a worker, with the caller polling between them; all but those that
 * have nothing to compute. libpq may close and replace its socket in PQconnectPoll: `want.fd` is to be taken
 * anew each time.
 */
#include "driver/postgres_private.h"

#include "base/arena.h"
#include "dialect/dialects.h"
#include "driver/drivers.h"
#include "driver/postgres_connect.h"
#include "driver/postgres_error.h"
#include "driver/postgres_tls.h"

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

/* ---- running a message --------------------------------------------------------------------- */

static struct want wait_for_socket(struct conn *conn)
{
    int pending = PQflush(conn->pg);
    if (pending < 0 || PQsocket(conn->pg) < 0) {
        postgres_fail(conn, NULL);
        return over();
    }
    return (struct want){.bits = WANT_READ | (pending ? WANT_WRITE : 0), .fd = PQsocket(conn->pg)};
}

static bool send(struct conn *conn)
{
    if (!PQsendQuery(conn->pg, conn->message.sql)) {
        postgres_fail(conn, NULL);
        return false;
    }
    if (conn->op->kind == OP_SCRIPT || postgres_has_limit(conn->op))
        PQsetSingleRowMode(conn->pg); /* what a revision selects is not kept */
    return true;
}

/* Takes what has arrived. True: the message is answered in full. */
static bool read_results(struct conn *conn)
{
    if (!PQconsumeInput(conn->pg)) {
        postgres_fail(conn, NULL);
        return true;
    }
    while (!PQisBusy(conn->pg)) {
        PGresult *result = PQgetResult(conn->pg);
        if (!result)
            return true;
        bool is_copy_out = PQresultStatus(result) == PGRES_COPY_OUT;
        postgres_take_result(conn, result);
        PQclear(result);
        if (postgres_has_limit(conn->op) && op_err(conn->op)->is_connection_lost)
            return true;
        if (is_copy_out && postgres_drain_copy_out(conn))
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
        postgres_check_transaction(conn);
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
        .is_standby = postgres_is_standby(conn),
        .is_read_only =
            postgres_is_standby(conn) ||
            postgres_is_on(PQparameterStatus(conn->pg, "default_transaction_read_only")),
        .watches_client = PQserverVersion(conn->pg) >= 140000,
        .reads_oddly = strings && !postgres_is_on(strings),
        .password = PQpass(conn->pg),
        .backend_pid = (uint32_t)PQbackendPID(conn->pg),
        .server_version = (uint32_t)PQserverVersion(conn->pg),
    };
    conn->op->answer->info = &conn->info;
}

static void finish_probe(struct conn *conn)
{
    const struct grid *rows = &conn->op->answer->rows;
    static const struct grid_shape shape = {"!!", 1};
    op_check_shape(conn->op, &shape);
    if (op_err(conn->op)->kind != ERR_NONE)
        return;
    conn->is_standby = conn->info.is_standby = postgres_is_on(grid_value(rows, 0, 0));
    conn->info.is_read_only = conn->is_standby || postgres_is_on(grid_value(rows, 0, 1));
}

static void finish_op(struct conn *conn)
{
    if (conn->phase == PHASE_PROBING)
        finish_probe(conn);
    postgres_check_transaction(conn);
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
        finish_op(conn);
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
        PQsetNoticeReceiver(conn->pg, postgres_take_notice, conn);
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
        finish_op(conn);
        return over();
    }
    struct want want = wait_for_socket(conn);
    if (!want.bits)
        finish_op(conn);
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
