/* The store that is a schema in a PostgreSQL database.
 *
 * Its tables are in `skein_ledger`, whatever the search path of the login. Calls block, as those of a file do. What is a lock
 * for the session is an advisory lock, which dies with it; a pooler that gives a session to others between two transactions
 * cannot be between. Every commit waits for the server's disk, also where the database says otherwise.
 */
#include <assert.h>
#include <libpq-fe.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/url.h"
#include "base/utf8.h"
#include "ledger/store_kind.h"

enum { STATEMENTS_MAX = 128, VALUES_MAX = 24, SENT_MAX = 256 };
enum { OLDEST_SERVER = 120000 };

#define SCHEMA "skein_ledger"
/* Advisory locks are of a database; the first number is "sknl". */
#define LOCK_OF_RUN "1936420460, 1"
#define LOCK_OF_NUMBERS "1936420460, 2"

struct postgres_store {
    struct store base;
    struct arena arena; /* everything here */
    PGconn *conn;
    bool is_locked; /* alone, */
    bool is_shared; /* or with others */
    /* In a transaction that writes: what has no answer is sent, and goes to the server with the next question or the commit. */
    bool is_gathering;
    size_t sent;     /* statements whose answers are not read yet */
    struct buf text; /* scratch: the values of one statement */
    struct kept {
        const char *sql;
        char name[16];
    } kept[STATEMENTS_MAX];
    size_t kept_count;
};

static struct postgres_store *postgres_of(struct store *store)
{
    return (struct postgres_store *)store;
}

/* ---- errors -------------------------------------------------------------------------------- */

/* The first line of what the server or the library says. */
static bool fail(const struct postgres_store *store, const PGresult *result, struct err *err)
{
    const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (!said)
        said = PQerrorMessage(store->conn);
    err_set(err, ERR_LEDGER, "ledger '%s': %.*s", store->base.name, (int)strcspn(said, "\n"), said);
    snprintf(err->code, sizeof err->code, "%s", code ? code : "");
    return false;
}

static bool is_well(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Takes the answer. */
static bool is_done(const struct postgres_store *store, PGresult *result, struct err *err)
{
    bool is_fine = is_well(result);
    if (!is_fine)
        fail(store, result, err);
    PQclear(result);
    return is_fine;
}

/* ---- statements that are sent together ------------------------------------------------------- */

/* The answer of the statement that was sent first and is not read yet; each ends with a NULL. NULL: the connection is lost. */
static PGresult *read_answer(struct postgres_store *store)
{
    PGresult *result = PQgetResult(store->conn);
    PGresult *more = result ? PQgetResult(store->conn) : NULL;
    PQclear(more);
    store->sent--;
    return result;
}

/* Reads all answers, up to the mark after them. Returns that of the last statement, or of the first that failed: those that come after it
 * were not run. Never NULL. */
static PGresult *read_answers(struct postgres_store *store)
{
    PGresult *kept = NULL;
    bool is_fine = PQpipelineSync(store->conn) == 1;
    while (store->sent && PQstatus(store->conn) == CONNECTION_OK) {
        PGresult *result = read_answer(store);
        if (is_fine)
            PQclear(kept);
        else
            PQclear(result);
        kept = is_fine ? result : kept;
        is_fine = is_fine && is_well(result);
    }
    if (PQstatus(store->conn) == CONNECTION_OK)
        PQclear(PQgetResult(store->conn)); /* the mark */
    store->sent = 0;
    return kept ? kept : PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
}

static bool settle_sent(struct postgres_store *store, struct err *err)
{
    return !store->sent || is_done(store, read_answers(store), err);
}

/* Before what cannot be sent so. */
static bool stop_gathering(struct postgres_store *store, struct err *err)
{
    if (!store->is_gathering)
        return true;
    bool is_fine = settle_sent(store, err);
    store->is_gathering = false;
    return (PQexitPipelineMode(store->conn) == 1 && is_fine) ||
           (is_fine ? fail(store, NULL, err) : false);
}

static bool start_gathering(struct postgres_store *store, struct err *err)
{
    store->is_gathering = PQenterPipelineMode(store->conn) == 1;
    return store->is_gathering || fail(store, NULL, err);
}

/* One that is not kept. */
static bool send_plain(struct postgres_store *store, const char *sql, struct err *err)
{
    if (PQsendQueryParams(store->conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return fail(store, NULL, err);
    store->sent++;
    return true;
}

/* ---- statements ---------------------------------------------------------------------------- */

/* `?` and `?1` become `$1`. */
static void add_numbered(struct buf *buf, const char *sql)
{
    unsigned count = 0;
    for (; *sql; sql++)
        if (*sql != '?')
            buf_addc(buf, *sql);
        else if (sql[1] >= '0' && sql[1] <= '9')
            buf_addc(buf, '$');
        else
            buf_addf(buf, "$%u", ++count);
}

/* Among statements that are sent, this one is too. */
static PGresult *send_prepare(struct postgres_store *store, const struct kept *kept)
{
    if (PQsendPrepare(store->conn, kept->name, store->text.data, 0, NULL) != 1)
        return PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
    store->sent++;
    return PQmakeEmptyPGresult(store->conn, PGRES_COMMAND_OK);
}

/* NULL: it is prepared, as *ret_kept. Else what the server says against it. */
static PGresult *prepare(struct postgres_store *store, const char *sql,
                         const struct kept **ret_kept)
{
    for (size_t i = 0; i < store->kept_count; i++)
        if (store->kept[i].sql == sql) {
            *ret_kept = &store->kept[i];
            return NULL;
        }
    assert(store->kept_count < STATEMENTS_MAX);
    struct kept *kept = &store->kept[store->kept_count];
    kept->sql = sql;
    snprintf(kept->name, sizeof kept->name, "s%zu", store->kept_count);
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    store_add_sql(&text, &store_postgres, sql);
    buf_clear(&store->text);
    add_numbered(&store->text, text.data);
    buf_done(&text);
    PGresult *result = store->is_gathering
                           ? send_prepare(store, kept)
                           : PQprepare(store->conn, kept->name, store->text.data, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return result ? result : PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
    PQclear(result);
    store->kept_count++;
    *ret_kept = kept;
    return NULL;
}

/* Each with its NUL. What is no UTF-8, as a path may be, the server would refuse. */
static void add_value(struct buf *buf, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL: return;
    case VALUE_INT: buf_addf(buf, "%lld", (long long)value->integer); break;
    case VALUE_REAL: buf_addf(buf, "%.17g", value->real); break;
    case VALUE_TEXT: utf8_add_valid(buf, value->text, strlen(value->text)); break;
    }
    buf_addc(buf, '\0');
}

/* While statements are gathered: only sends it, and returns NULL, unless it is refused here. */
static PGresult *execute(struct postgres_store *store, const char *sql, const struct value *values,
                         size_t count)
{
    const char *texts[VALUES_MAX];
    size_t starts[VALUES_MAX];
    const struct kept *kept = NULL;
    PGresult *refused = prepare(store, sql, &kept);
    if (refused)
        return refused;
    assert(count <= VALUES_MAX);
    buf_clear(&store->text);
    for (size_t i = 0; i < count; i++) {
        starts[i] = store->text.len;
        add_value(&store->text, &values[i]);
    }
    for (size_t i = 0; i < count; i++)
        texts[i] = values[i].type == VALUE_NULL ? NULL : store->text.data + starts[i];
    if (!store->is_gathering)
        return PQexecPrepared(store->conn, kept->name, (int)count, texts, NULL, NULL, 0);
    if (PQsendQueryPrepared(store->conn, kept->name, (int)count, texts, NULL, NULL, 0) != 1)
        return PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
    store->sent++;
    return NULL;
}

static bool run_statement(struct store *base, struct err *err, const char *sql,
                          const struct value *values, size_t count)
{
    struct postgres_store *store = postgres_of(base);
    PGresult *result = execute(store, sql, values, count);
    if (result || !store->is_gathering)
        return is_done(store, result, err);
    return store->sent < SENT_MAX || settle_sent(store, err);
}

static bool exec_statements(struct store *base, struct err *err, const char *sql)
{
    struct postgres_store *store = postgres_of(base);
    bool was_gathering = store->is_gathering;
    return stop_gathering(store, err) && is_done(store, PQexec(store->conn, sql), err) &&
           (!was_gathering || start_gathering(store, err));
}

/* ---- answers: the whole of one is here at once, and `at` of a cursor is the row to come --------- */

static void begin_query(struct cursor *cursor, const char *sql, const struct value *values,
                        size_t count)
{
    struct postgres_store *store = postgres_of(cursor->store);
    cursor->answer = execute(store, sql, values, count);
    if (!cursor->answer && store->is_gathering)
        cursor->answer = read_answers(store);
}

static bool next_row(struct cursor *cursor)
{
    return PQresultStatus(cursor->answer) == PGRES_TUPLES_OK &&
           cursor->at++ < PQntuples(cursor->answer);
}

static bool end_query(struct cursor *cursor, struct err *err)
{
    PGresult *result = cursor->answer;
    cursor->answer = NULL;
    return is_done(postgres_of(cursor->store), result, err);
}

static bool is_null_at(const struct cursor *cursor, int column)
{
    return PQgetisnull(cursor->answer, (int)cursor->at - 1, column);
}

/* NULL is "". */
static const char *text_at(const struct cursor *cursor, int column)
{
    return PQgetvalue(cursor->answer, (int)cursor->at - 1, column);
}

/* Truth is `t` or `f`. */
static int64_t int_at(const struct cursor *cursor, int column)
{
    const char *text = text_at(cursor, column);
    return *text == 't' ? 1 : strtoll(text, NULL, 10);
}

static double real_at(const struct cursor *cursor, int column)
{
    return strtod(text_at(cursor, column), NULL);
}

/* ---- the connection ------------------------------------------------------------------------ */

static void ignore_notice(void *ctx, const PGresult *result)
{
    (void)ctx;
    (void)result;
}

static bool check_server(struct postgres_store *store, struct err *err)
{
    const char *encoding = PQparameterStatus(store->conn, "server_encoding");
    if (PQserverVersion(store->conn) < OLDEST_SERVER)
        return store_fail(&store->base, "its server is older than version 12", err);
    return (encoding && strcmp(encoding, "UTF8") == 0) ||
           store_fail(&store->base, "its database is not in UTF-8: name one that is", err);
}

/* What the URL says comes after what is before it here, and is what counts; but not of the encoding. A server that has gone
 * without a word is given up after a minute. */
static bool connect_server(struct postgres_store *store, const char *where, struct err *err)
{
    static const char *const keys[] = {
        "connect_timeout",  "keepalives_idle",           "keepalives_interval",
        "keepalives_count", "tcp_user_timeout",          "dbname",
        "client_encoding",  "fallback_application_name", NULL};
    const char *const values[] = {"10",  "30",   "10",           "3", "60000",
                                  where, "UTF8", "skein ledger", NULL};
    store->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(store->conn) != CONNECTION_OK)
        return fail(store, NULL, err);
    PQsetNoticeReceiver(store->conn, ignore_notice, NULL);
    return check_server(store, err) &&
           exec_statements(&store->base, err,
                           "SET search_path = " SCHEMA ", pg_catalog, pg_temp;"
                           "SET synchronous_commit = on; SET default_transaction_read_only = off;"
                           "SET standard_conforming_strings = on; SET extra_float_digits = 3;"
                           "SET lock_timeout = 0; SET statement_timeout = 0;"
                           "SET idle_in_transaction_session_timeout = 0");
}

/* Who only reads makes nothing. */
static bool check_there(struct postgres_store *store, struct err *err)
{
    int64_t is_there;
    if (!store_get_plain(&store->base, err, &is_there,
                         "SELECT to_regclass('" SCHEMA ".store') IS NOT NULL"))
        return false;
    if (is_there)
        return true;
    err_set(err, ERR_LEDGER, "there is no ledger '%s' yet", store->base.name);
    snprintf(err->code, sizeof err->code, "%s", LEDGER_MISSING);
    return false;
}

static bool postgres_settle(struct store *store, enum ledger_access access, struct err *err)
{
    return access == LEDGER_WRITE ||
           exec_statements(store, err, "SET default_transaction_read_only = on");
}

/* ---- its tables ---------------------------------------------------------------------------- */

#define ITS_TABLES                                                                                 \
    "SELECT count(*) FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace"                        \
    " ON pg_namespace.oid = relnamespace WHERE nspname = '" SCHEMA "'"

/* The catalog itself is asked: functions such as to_regclass answer from what the session remembers, and a session that has waited for
 * a lock does not know yet of the tables that were made meanwhile. */
static bool postgres_identify(struct store *store, int64_t *ret_version, struct err *err)
{
    int64_t is_ours, tables, version = 0;
    if (!store_get_plain(store, err, &tables, ITS_TABLES) ||
        !store_get_plain(store, err, &is_ours, ITS_TABLES " AND relname = 'store'") ||
        (is_ours && !store_get_plain(store, err, &version, "SELECT version FROM " SCHEMA ".store")))
        return false;
    if (tables > 0 && version <= 0)
        return store_fail(store, "its schema '" SCHEMA "' is of something else", err);
    *ret_version = version;
    return true;
}

static bool postgres_set_version(struct store *store, int version, struct err *err)
{
    return exec_statements(store, err,
                           "CREATE TABLE IF NOT EXISTS " SCHEMA ".store("
                           " one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),"
                           " version BIGINT NOT NULL, run TEXT NOT NULL, login TEXT NOT NULL,"
                           " host TEXT NOT NULL, pid BIGINT NOT NULL, since_ms BIGINT NOT NULL)") &&
           store_run(store, err,
                     "INSERT INTO " SCHEMA ".store(version, run, login, host, pid, since_ms)"
                     " VALUES(?, '', '', '', 0, 0)"
                     " ON CONFLICT(one) DO UPDATE SET version = excluded.version",
                     value_int(version));
}

/* Nothing here can be copied; but the tables need their schema, which two may not make at once. */
static bool postgres_set_apart(struct store *store, struct err *err)
{
    return exec_statements(store, err,
                           "BEGIN; SELECT pg_advisory_xact_lock(" LOCK_OF_NUMBERS ");"
                           "CREATE SCHEMA IF NOT EXISTS " SCHEMA "; COMMIT");
}

/* ---- the lock ------------------------------------------------------------------------------ */

static struct ledger_holder read_holder(struct store *store)
{
    struct ledger_holder holder = {0};
    struct cursor row;
    struct err ignored;
    store_query_plain(store, &row, "SELECT run, login, host, pid, since_ms FROM " SCHEMA ".store");
    if (cursor_next(&row)) {
        snprintf(holder.run, sizeof holder.run, "%s", cursor_text(&row, 0));
        snprintf(holder.user, sizeof holder.user, "%s", cursor_text(&row, 1));
        snprintf(holder.host, sizeof holder.host, "%s", cursor_text(&row, 2));
        holder.pid = cursor_int(&row, 3);
        holder.since_ms = cursor_int(&row, 4);
    }
    (void)!cursor_end(&row, &ignored);
    return holder;
}

static bool write_holder(struct store *store, const struct ledger_holder *holder, struct err *err)
{
    return store_run(store, err,
                     "UPDATE " SCHEMA ".store SET run = ?, login = ?, host = ?, pid = ?,"
                     " since_ms = ?",
                     value_text(holder->run), value_text(holder->user), value_text(holder->host),
                     value_int(holder->pid), value_int(holder->since_ms));
}

static void postgres_unlock(struct store *base)
{
    struct postgres_store *store = postgres_of(base);
    struct err ignored;
    if (store->is_locked)
        (void)!store_run_plain(base, &ignored, "SELECT pg_advisory_unlock(" LOCK_OF_RUN ")");
    if (store->is_shared)
        (void)!store_run_plain(base, &ignored, "SELECT pg_advisory_unlock_shared(" LOCK_OF_RUN ")");
    store->is_locked = store->is_shared = false;
}

/* A session whose process has just died has its locks until the server notices: a moment, which is waited for. */
static bool take_lock(struct store *store, bool *ret_is_ours, struct err *err)
{
    enum { TRIES = 6, PAUSE_MS = 50 };
    int64_t is_ours = 0;
    for (int i = 0; i < TRIES && !is_ours; i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
        if (!store_get_plain(store, err, &is_ours, "SELECT pg_try_advisory_lock(" LOCK_OF_RUN ")"))
            return false;
    }
    *ret_is_ours = is_ours != 0;
    return true;
}

static bool postgres_lock(struct store *base, const struct ledger_holder *holder,
                          struct ledger_holder *ret_other, struct err *err)
{
    struct postgres_store *store = postgres_of(base);
    if (!take_lock(base, &store->is_locked, err))
        return false;
    if (store->is_locked && write_holder(base, holder, err))
        return true;
    if (store->is_locked) {
        postgres_unlock(base);
        return false;
    }
    *ret_other = read_holder(base);
    err_set(err, ERR_LEDGER, "another run holds the ledger: %s on %s, process %lld",
            *ret_other->run ? ret_other->run : "?", *ret_other->host ? ret_other->host : "?",
            (long long)ret_other->pid);
    snprintf(err->code, sizeof err->code, "%s", LEDGER_HELD);
    return false;
}

/* Where this cannot be asked, nothing that follows can be either, and says so. */
static bool postgres_is_held(struct store *store)
{
    int64_t count = 0;
    struct err ignored;
    return store_get_plain(store, &ignored, &count,
                           "SELECT count(*) FROM pg_catalog.pg_locks"
                           " WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
                           " AND (classid, objid) = (" LOCK_OF_RUN ") AND database ="
                           " (SELECT oid FROM pg_catalog.pg_database"
                           " WHERE datname = current_database())") &&
           count > 0;
}

/* ---- several machines on one run ------------------------------------------------------------ */

/* What a machine that is paused in the middle of a transaction has locked, the others wait for no longer than this. */
#define IN_TRANSACTION_MOST "5s"
#define LOCK_MOST "20s"

static bool limit_waits(struct store *store, struct err *err)
{
    return exec_statements(store, err,
                           "SET idle_in_transaction_session_timeout = '" IN_TRANSACTION_MOST
                           "'; SET lock_timeout = '" LOCK_MOST "'");
}

static bool note_shared(struct store *base, struct err *err)
{
    struct postgres_store *store = postgres_of(base);
    store->is_locked = false;
    store->is_shared = true;
    return limit_waits(base, err);
}

/* The session holds both for a moment. */
static bool postgres_share(struct store *base, struct err *err)
{
    if (postgres_of(base)->is_shared)
        return true;
    return store_run_plain(base, err, "SELECT pg_advisory_lock_shared(" LOCK_OF_RUN ")") &&
           store_run_plain(base, err, "SELECT pg_advisory_unlock(" LOCK_OF_RUN ")") &&
           note_shared(base, err);
}

static bool postgres_join(struct store *base, struct err *err)
{
    struct postgres_store *store = postgres_of(base);
    int64_t is_ours;
    if (!store_get_plain(base, err, &is_ours,
                         "SELECT pg_try_advisory_lock_shared(" LOCK_OF_RUN ")"))
        return false;
    store->is_shared = is_ours != 0;
    if (store->is_shared)
        return limit_waits(base, err);
    store_fail(base, "another run holds it", err);
    snprintf(err->code, sizeof err->code, "%s", LEDGER_HELD);
    return false;
}

/* Classes of SQLSTATEs: the connection; the server ends or begins; conflicts and deadlocks; waits that were given up. */
static bool postgres_may_come_back(const struct store *base, const struct err *death)
{
    static const char *const classes[] = {"08", "57P", "40", "55P03", "57014", "25P03"};
    const struct postgres_store *store = (const struct postgres_store *)base;
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (strncmp(death->code, classes[i], strlen(classes[i])) == 0)
            return true;
    return PQstatus(store->conn) != CONNECTION_OK;
}

/* ---- transactions -------------------------------------------------------------------------- */

/* Each statement sees what others have committed: a number that was asked for under the lock is the newest. */
static bool postgres_begin(struct store *base, struct err *err)
{
    struct postgres_store *store = postgres_of(base);
    return start_gathering(store, err) &&
           send_plain(store, "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE", err);
}

/* Takes the answer to COMMIT. A transaction in which something failed answers it with ROLLBACK, and without an error. */
static bool is_committed(struct postgres_store *store, PGresult *result, struct err *err)
{
    bool was_lost = is_well(result) && strcmp(PQcmdStatus(result), "COMMIT") != 0;
    bool is_fine = is_done(store, result, err);
    return is_fine && (!was_lost || store_fail(&store->base, "its transaction was lost", err));
}

static bool postgres_commit(struct store *base, struct err *err)
{
    struct postgres_store *store = postgres_of(base);
    bool is_fine =
        send_plain(store, "COMMIT", err) && is_committed(store, read_answers(store), err);
    struct err ignored;
    return stop_gathering(store, is_fine ? err : &ignored) && is_fine;
}

static bool postgres_hold_numbers(struct store *store, struct err *err)
{
    return store_run_plain(store, err, "SELECT pg_advisory_xact_lock(" LOCK_OF_NUMBERS ")");
}

static bool postgres_look(struct store *store, struct err *err)
{
    return exec_statements(store, err, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
}

static void postgres_roll_back(struct store *base)
{
    struct postgres_store *store = postgres_of(base);
    struct err ignored;
    (void)!stop_gathering(store, &ignored);
    if (PQtransactionStatus(store->conn) != PQTRANS_IDLE)
        PQclear(PQexec(store->conn, "ROLLBACK"));
}

static void postgres_give_up(struct store *store)
{
    (void)store;
}

/* A server keeps to what it has committed, and looks after its own files. */
static bool is_fine(struct store *store, struct err *err)
{
    (void)store;
    (void)err;
    return true;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static void postgres_close(struct store *base)
{
    struct postgres_store *store = postgres_of(base);
    postgres_roll_back(base);
    postgres_unlock(base); /* which is at once; what ends with its session ends a little later */
    PQfinish(store->conn);
    buf_done(&store->text);
    arena_done(&store->arena);
    free(store);
}

static struct store *postgres_open(const char *where, enum ledger_access access, struct err *err)
{
    struct postgres_store *store = xcalloc(1, sizeof *store);
    struct url url;
    store->base.kind = &store_postgres;
    arena_init(&store->arena);
    buf_init(&store->text, BUF_MAX_DEFAULT);
    if (url_parse_ledger(&store->arena, where, &url, err)) {
        store->base.name = url_redacted(&store->arena, &url);
        if (connect_server(store, where, err) &&
            (access == LEDGER_WRITE || check_there(store, err)))
            return &store->base;
    }
    /* Who was asked for a password has been answered by a server that is there. */
    if (store->conn && PQstatus(store->conn) != CONNECTION_OK &&
        !PQconnectionNeedsPassword(store->conn) && !PQconnectionUsedPassword(store->conn))
        snprintf(err->code, sizeof err->code, LEDGER_AWAY);
    postgres_close(&store->base);
    return NULL;
}

static const struct store_word words[] = {
    {"{int}", "BIGINT"},
    {"{real}", "DOUBLE PRECISION"},
    {"{bool}", "BOOLEAN"},
    {"{key}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"},
    {"{no}", "FALSE"},
    {"{joined}", "string_agg(item, ',' ORDER BY n)"},
    {"{rows}", ""},
    {"{keyed}", ""},
    {"{now_ms}", "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"},
    {"{locking}", "FOR UPDATE"},
    {"{skipping}", "FOR UPDATE SKIP LOCKED"},
    {NULL, NULL},
};

const struct store_kind store_postgres = {
    .words = words,
    .open = postgres_open,
    .settle = postgres_settle,
    .close = postgres_close,
    .identify = postgres_identify,
    .set_version = postgres_set_version,
    .set_apart = postgres_set_apart,
    .lock = postgres_lock,
    .unlock = postgres_unlock,
    .is_held = postgres_is_held,
    .share = postgres_share,
    .join = postgres_join,
    .may_come_back = postgres_may_come_back,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .hold_numbers = postgres_hold_numbers,
    .look = postgres_look,
    .roll_back = postgres_roll_back,
    .give_up = postgres_give_up,
    .check_place = is_fine,
    .inspect = is_fine,
    .run = run_statement,
    .exec = exec_statements,
    .query = begin_query,
    .next = next_row,
    .end = end_query,
    .int_at = int_at,
    .real_at = real_at,
    .is_null_at = is_null_at,
    .text_at = text_at,
};
