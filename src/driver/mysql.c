/* MySQL and MariaDB through libmariadb, never blocking: the socket is the caller's to poll.
 *
 * Connecting is the exception (mysql_connecting.h). Once connected the socket is set to O_NONBLOCK by us: the library
 * leaves it blocking, and over TLS would wait in it.
 */
#include <fcntl.h>
#include <mysql.h>
#include <sys/socket.h>
#include <time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/url.h"
#include "dialect/dialects.h"
#include "driver/drivers.h"
#include "driver/mysql_call.h"
#include "driver/mysql_connect.h"
#include "driver/mysql_connecting.h"
#include "driver/mysql_error.h"
#include "driver/mysql_message.h"
#include "driver/mysql_session.h"
#include "driver/row_writer.h"

/* The columns of SHOW WARNINGS. */
enum { WARNING_COLUMNS = 3 };

/* Whose the answers are. */
enum phase { PHASE_CONNECTING, PHASE_PROBING, PHASE_RUNNING, PHASE_HEARING };

struct conn {
    struct conn_params params;
    struct mysql_connecting *connecting; /* NULL: nothing was tried */
    const struct op *op;                 /* whose turn it is */
    struct mysql_message message;        /* under way */
    double begun_ms;                     /* when the turn of a joined op came; 0: it is the first */
    struct mysql_session session;        /* what it is, once it has begun */
    bool is_moved;                       /* it was made for another database than it is used for */
    enum phase phase;
    struct mysql_call call;
    struct row_writer rows; /* those that are kept */
    unsigned status;        /* the server's, after the last answer that had one */
    unsigned warnings;      /* of the statement that ended last */
};

static struct want over(void)
{
    return (struct want){.bits = WANT_NOTHING};
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool has_failed(const struct conn *conn)
{
    return op_err(conn->op)->kind != ERR_NONE;
}

/* The first error wins. After it the status is that of the answer before. */
static void fail(struct conn *conn)
{
    if (!has_failed(conn))
        mysql_error_of(conn->call.mysql, conn->op, op_make_err(conn->op));
}

static void take_status(struct conn *conn)
{
    mariadb_get_infov(conn->call.mysql, MARIADB_CONNECTION_SERVER_STATUS, &conn->status);
    conn->warnings = mysql_warning_count(conn->call.mysql);
}

static void give_up(struct conn *conn)
{
    op_make_err(conn->op)->is_connection_lost = true;
    shutdown(mysql_get_socket(conn->call.mysql), SHUT_RDWR);
}

static void begin_rows(struct conn *conn)
{
    const MYSQL_FIELD *fields = mysql_fetch_fields(conn->call.result);
    size_t width = mysql_num_fields(conn->call.result);
    row_writer_begin(&conn->rows, conn->op, width);
    for (size_t i = 0; i < width; i++)
        conn->rows.names[i] = arena_strdup(conn->op->arena, fields[i].name);
}

/* False: there are too many, and the connection is given up with what is on its way. */
static bool keep_row(struct conn *conn)
{
    for (size_t c = 0; c < conn->op->answer->rows.column_count; c++)
        conn->rows.next[c] = conn->call.row[c];
    return row_writer_add(&conn->rows, conn->op);
}

static void end_op(struct conn *conn);

static void finish_statement(struct conn *conn)
{
    take_status(conn);
    if (conn->phase == PHASE_HEARING)
        return;
    conn->op->answer->statements_done++;
    if (conn->op != conn->message.last && --conn->message.statements == 0)
        end_op(conn);
}

/* ---- one call of the library after the other ----------------------------------------------- */

/* `Rows matched: 40  Changed: 0  Warnings: 0`, in the server's language; of an INSERT that selects, `Records: …` is no such text, and
 * is not told apart. We count rows that are matched (CLIENT_FOUND_ROWS). */
static uint64_t rows_left_same(MYSQL *mysql)
{
    const char *text = mysql_info(mysql);
    uint64_t numbers[2] = {0};
    size_t count = 0;
    for (; text && *text && count < 2; text++)
        if (ascii_is_digit(*text)) {
            char *end;
            numbers[count++] = strtoull(text, &end, 10);
            text = end - 1;
        }
    bool is_told =
        count == 2 && numbers[0] == mysql_affected_rows(mysql) && numbers[1] < numbers[0];
    return is_told ? numbers[0] - numbers[1] : 0;
}

/* A statement's answer has begun: rows, or nothing but a count. True: there is more to read. */
static bool take_answer(struct conn *conn)
{
    conn->call.result = mysql_use_result(conn->call.mysql);
    if (conn->call.result) {
        if (conn->op->kind != OP_SCRIPT && conn->phase != PHASE_HEARING)
            begin_rows(conn);
        conn->call.stage = MYSQL_STAGE_ROW;
        return true;
    }
    if (mysql_field_count(conn->call.mysql)) {
        fail(conn);
        return false;
    }
    if (conn->phase != PHASE_HEARING) {
        conn->op->answer->rows_changed += mysql_affected_rows(conn->call.mysql);
        conn->op->answer->rows_same += rows_left_same(conn->call.mysql);
    }
    conn->call.stage = MYSQL_STAGE_NEXT;
    finish_statement(conn);
    return mysql_more_results(conn->call.mysql);
}

/* True: there may be another row, or another answer. */
static bool take_row(struct conn *conn)
{
    if (!conn->call.row) {
        bool is_well = !mysql_errno(conn->call.mysql);
        if (!is_well)
            fail(conn);
        mysql_free_result(conn->call.result); /* all of it was read: it does not wait */
        conn->call.result = NULL;
        if (!is_well)
            return false;
        finish_statement(conn);
        conn->call.stage = MYSQL_STAGE_NEXT;
        return mysql_more_results(conn->call.mysql);
    }
    if (conn->phase == PHASE_HEARING) {
        if (mysql_num_fields(conn->call.result) >= WARNING_COLUMNS)
            (has_failed(conn) ? mysql_take_detail
                              : mysql_take_warning)(conn->op, (const char *const *)conn->call.row);
        return true;
    }
    conn->op->answer->rows_seen++;
    if (conn->op->kind == OP_SCRIPT || keep_row(conn))
        return true;
    give_up(conn);
    return false;
}

/* Takes what the call that is over has brought. True: another one is to be made. */
static bool take(struct conn *conn)
{
    if (conn->call.stage == MYSQL_STAGE_ROW)
        return take_row(conn);
    bool is_last = conn->call.stage == MYSQL_STAGE_NEXT &&
                   conn->call.failed < 0; /* no error: there is no other answer */
    if (conn->call.failed && !is_last)
        fail(conn);
    return !conn->call.failed && conn->call.stage != MYSQL_STAGE_RESET && take_answer(conn);
}

/* Until the library waits for the socket, or the message is answered. True: it waits. */
static bool run(struct conn *conn, int ready, const char *sql, size_t len, struct want *ret_want)
{
    do {
        if (mysql_call_waits(&conn->call, ready, sql, len)) {
            *ret_want = mysql_call_want(&conn->call);
            return true;
        }
    } while (take(conn));
    return false;
}

/* ---- messages ------------------------------------------------------------------------------ */

static void check_transaction(struct conn *conn)
{
    const struct op *op = conn->op;
    bool is_inside = conn->status & SERVER_STATUS_IN_TRANS;
    if (op->tx_after == TX_ANY || has_failed(conn) || is_inside == (op->tx_after == TX_INSIDE))
        return;
    op->answer->is_tx_broken = true;
    err_set(op_make_err(op), ERR_SQL, "the transaction was %s by the statements themselves",
            is_inside ? "begun" : "ended");
}

static void finish_lock(const struct op *op)
{
    struct answer *answer = op->answer;
    const char *value = answer->rows.row_count ? grid_value(&answer->rows, 0, 0) : NULL;
    bool is_good = op_err(op)->kind == ERR_NONE;
    answer->is_locked = is_good && value && *value == '1';
    answer->is_pooled = is_good && answer->rows.row_count && !value;
    if (value && answer->rows.column_count > 1 && !answer->is_locked)
        answer->holder = grid_value(&answer->rows, 0, 1);
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* All of its statements are answered: it is the turn of what is joined to it. */
static void end_op(struct conn *conn)
{
    const struct op *op = conn->op;
    if (conn->begun_ms > 0)
        op->answer->duration_ms = now_ms() - conn->begun_ms;
    check_transaction(conn);
    if (op->kind == OP_LOCK)
        finish_lock(op);
    op->answer->is_over = op_err(op)->kind == ERR_NONE;
    if (op == conn->message.last)
        return;
    conn->op = op->joined;
    conn->begun_ms = now_ms();
    mysql_message_next(&conn->message, conn->op);
}

/* What the server says of the statement that has just ended, well or badly; it has nothing else to say before the
 * next. Of a failed one it may say why: which column a foreign key does not fit. */
static bool wants_to_hear(const struct conn *conn)
{
    const struct op *op = conn->op;
    if (conn->phase != PHASE_RUNNING || op->kind != OP_SCRIPT)
        return false;
    if (has_failed(conn))
        return !op_err(op)->is_connection_lost && *op_err(op)->code;
    return op->notices && op->flags & OP_HEARS_ALL && conn->warnings;
}

static struct want start_message(struct conn *conn);

static const char *database_of(const struct conn *conn)
{
    return conn->params.database ? conn->params.database : conn->params.url->database;
}

static struct want begin_session(struct conn *conn);

/* The message is answered, or has failed. */
static struct want finish_message(struct conn *conn)
{
    if (conn->phase == PHASE_PROBING && has_failed(conn) &&
        mysql_session_lacks_cluster(&conn->session, conn->op)) {
        conn->op->answer->err->kind = ERR_NONE;
        return begin_session(conn);
    }
    if (conn->phase == PHASE_PROBING)
        mysql_session_take(&conn->session, conn->call.mysql, conn->op);
    bool is_answered = conn->op == conn->message.last;
    bool has_next = conn->message.is_part && !has_failed(conn);
    bool has_more = is_answered && conn->op->joined && !has_failed(conn);
    if (is_answered && conn->phase != PHASE_HEARING)
        end_op(conn);
    conn->phase = PHASE_RUNNING;
    if (!has_next && (!has_more || has_failed(conn)))
        return over();
    if (!has_next) {
        conn->op = conn->op->joined;
        conn->begun_ms = now_ms();
    }
    return start_message(conn);
}

static struct want go_on(struct conn *conn, int ready)
{
    static const char show[] = "SHOW WARNINGS";
    struct want want;
    if (conn->phase != PHASE_HEARING &&
        run(conn, ready, conn->message.sql, conn->message.len, &want))
        return want;
    if (wants_to_hear(conn)) {
        if (conn->op == conn->message.last)
            end_op(conn);
        conn->phase = PHASE_HEARING;
        conn->call.stage = MYSQL_STAGE_QUERY;
        ready = 0;
    }
    if (conn->phase == PHASE_HEARING && run(conn, ready, show, strlen(show), &want))
        return want;
    return finish_message(conn);
}

static struct want send_message(struct conn *conn, enum phase phase)
{
    conn->phase = phase;
    conn->call.stage = MYSQL_STAGE_QUERY;
    conn->call.is_suspended = false;
    conn->warnings = 0;
    return go_on(conn, 0);
}

static bool is_too_long(const struct conn *conn)
{
    return conn->session.message_max && conn->message.len > conn->session.message_max;
}

/* The server would answer with an error and close the connection. The place says that the statement never began. */
static void refuse_length(struct conn *conn)
{
    struct err *err = op_make_err(conn->op);
    err_set(err, ERR_SQL,
            "the statement has %zu bytes, and this server takes at most %zu at once: give the "
            "server a larger max_allowed_packet, or cut the statement into smaller ones",
            conn->message.len, conn->session.message_max);
    snprintf(err->code, sizeof err->code, "1153");
    err->offset = 1;
}

/* The op whose turn it is, and what may travel with it. */
static struct want start_message(struct conn *conn)
{
    mysql_message_done(&conn->message);
    conn->message = conn->session.info.is_node
                        ? mysql_message_alone(conn->op)
                        : mysql_message_of(conn->op, conn->session.message_max);
    if (is_too_long(conn))
        refuse_length(conn);
    if (!conn->message.len || has_failed(conn))
        return finish_message(conn);
    return send_message(conn, PHASE_RUNNING);
}

static struct want begin_session(struct conn *conn)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    mysql_session_add_begin(&conn->session, conn->is_moved ? database_of(conn) : NULL, &sql);
    mysql_message_done(&conn->message);
    conn->message = (struct mysql_message){
        .sql = sql.data, .glued = sql.data, .len = sql.len, .last = conn->op};
    return send_message(conn, PHASE_PROBING);
}

/* What it leaves open of a transaction, the server rolls back. */
static struct want start_reset(struct conn *conn)
{
    mysql_message_done(&conn->message);
    conn->message.last = conn->op;
    conn->status = 0;
    conn->phase = PHASE_RUNNING;
    conn->call.stage = MYSQL_STAGE_RESET;
    conn->call.is_suspended = false;
    return go_on(conn, 0);
}

static struct want end_connecting(struct conn *conn)
{
    struct err *err = op_make_err(conn->op);
    struct want want = mysql_connecting_end(conn->connecting, &conn->call.mysql, err);
    if (!conn->call.mysql) {
        conn->op->answer->is_missing = strcmp(err->code, "1049") == 0;
        return want;
    }
    int fd = mysql_get_socket(conn->call.mysql);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    mysql_find_vanished(fd);
    return begin_session(conn);
}

/* ---- the interface ------------------------------------------------------------------------- */

/* Other threads may not call anything before. */
static void mysql_init_library(void)
{
    if (mysql_library_init(0, NULL, NULL))
        die_out_of_memory();
}

static struct conn *mysql_open(const struct conn_params *params)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    conn->params = *params;
    return conn;
}

static struct want mysql_start(struct conn *conn, const struct op *op)
{
    conn->op = op;
    conn->begun_ms = 0;
    if (op->kind == OP_CONNECT && conn->is_moved)
        return begin_session(conn);
    if (op->kind == OP_CONNECT) {
        conn->phase = PHASE_CONNECTING;
        return mysql_connecting_start(&conn->params, &conn->connecting, op_make_err(op));
    }
    if (op->kind == OP_RESET)
        return start_reset(conn);
    conn->phase = PHASE_RUNNING;
    return start_message(conn);
}

static void mysql_work(struct conn *conn)
{
    mysql_connecting_work(conn->connecting);
}

static struct want mysql_step(struct conn *conn, unsigned ready)
{
    if (conn->phase == PHASE_CONNECTING)
        return end_connecting(conn);
    mysql_connecting_forget_event(conn->connecting); /* by now the caller polls the socket */
    return go_on(conn, (ready & WANT_READ ? MYSQL_WAIT_READ : 0) |
                           (ready & WANT_WRITE ? MYSQL_WAIT_WRITE : 0));
}

static void *mysql_cancel_token(struct conn *conn)
{
    if (!conn->call.mysql || conn->phase == PHASE_CONNECTING)
        return NULL;
    return mysql_make_cancel(&conn->params, mysql_thread_id(conn->call.mysql));
}

static bool mysql_is_in_transaction(const struct conn *conn)
{
    return conn->status & SERVER_STATUS_IN_TRANS;
}

static void mysql_move(struct conn *conn, const struct conn_params *params)
{
    conn->params = *params;
    conn->is_moved = true;
}

/* What is under way is given up: nothing more is sent, and rows that are still to come are not waited for. */
static void mysql_conn_close(struct conn *conn)
{
    if (conn->call.mysql && (conn->call.is_suspended || conn->call.result))
        shutdown(mysql_get_socket(conn->call.mysql), SHUT_RDWR);
    if (conn->call.result) {
        conn->call.result->handle = NULL;
        mysql_free_result(conn->call.result);
    }
    mysql_connecting_free(conn->connecting);
    mysql_message_done(&conn->message);
    free(conn);
}

const struct driver driver_mysql = {
    .dialect = &dialect_mysql,
    .traits = DRIVER_IS_SERVER | DRIVER_JOINS_ALL | DRIVER_RESETS,
    .init = mysql_init_library,
    .add_library = mysql_add_library,
    .open = mysql_open,
    .start = mysql_start,
    .step = mysql_step,
    .work = mysql_work,
    .cancel_token = mysql_cancel_token,
    .cancel = mysql_cancel,
    .is_in_transaction = mysql_is_in_transaction,
    .move = mysql_move,
    .close = mysql_conn_close,
};
