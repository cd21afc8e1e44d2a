/* The store that is a schema in a PostgreSQL database.
 *
 * Its tables are in `skein_ledger`, whatever the search path of the login. Calls block, as those of a file do. What is a lock
 * for the session is an advisory lock, which dies with it; a pooler that gives a session to others between two transactions
 * cannot be between. Every commit waits for the server's disk, also where the database says otherwise.
 */
#include <assert.h>
#include <time.h>

#include "base/url.h"
#include "ledger/store_postgres_wire.h"

enum { OLDEST_SERVER = 120000 };

#define SCHEMA "skein_ledger"
/* Advisory locks are of a database; the first number is "sknl". */
#define LOCK_OF_RUN "1936420460, 1"
#define LOCK_OF_NUMBERS "1936420460, 2"

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

/* Limits of the login or the database that not every server knows: between two batches the session of a run may be idle for as long as tenants
 * take, and holds its lock meanwhile. */
static bool lift_newer_limits(struct postgres_store *store, struct err *err)
{
    static const struct {
        int since;
        const char *sql;
    } limits[] = {
        {140000, "SET idle_session_timeout = 0"},
        {170000, "SET transaction_timeout = 0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (PQserverVersion(store->conn) >= limits[i].since &&
            !pgstore_exec(&store->base, err, limits[i].sql))
            return false;
    return true;
}

/* What the URL says comes after what is before it here, and is what counts; but not of the encoding. A server that has gone
 * without a word is given up after a minute, and gives up this machine, whose locks are then free, half a minute after the last
 * sign of it. */
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
        return pgstore_fail(store, NULL, err);
    PQsetNoticeReceiver(store->conn, ignore_notice, NULL);
    return check_server(store, err) &&
           pgstore_exec(&store->base, err,
                        "SET search_path = " SCHEMA ", pg_catalog, pg_temp;"
                        "SET synchronous_commit = on; SET default_transaction_read_only = off;"
                        "SET standard_conforming_strings = on; SET extra_float_digits = 3;"
                        "SET lock_timeout = 0; SET statement_timeout = 0;"
                        "SET idle_in_transaction_session_timeout = 0;"
                        "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
                        "SET tcp_user_timeout = 30000") &&
           lift_newer_limits(store, err);
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
    return access != LEDGER_READ ||
           pgstore_exec(store, err, "SET default_transaction_read_only = on");
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
    return pgstore_exec(store, err,
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

/* Nothing here can be copied; but the tables need their schema, which two may not make at once. CREATE SCHEMA IF NOT EXISTS wants the privilege
 * CREATE on the database also where the schema is there: an administrator may have made it, or have taken the privilege away since. */
static bool make_schema(struct store *store, struct err *err)
{
    int64_t is_there;
    return store_get_plain(store, err, &is_there,
                           "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '" SCHEMA
                           "'") &&
           (is_there || pgstore_exec(store, err, "CREATE SCHEMA " SCHEMA));
}

static bool postgres_set_apart(struct store *store, struct err *err)
{
    bool is_fine =
        pgstore_exec(
            store, err,
            "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(" LOCK_OF_NUMBERS
            ")") &&
        make_schema(store, err);
    struct err ignored;
    return pgstore_exec(store, is_fine ? err : &ignored, is_fine ? "COMMIT" : "ROLLBACK") &&
           is_fine;
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
    struct postgres_store *store = pgstore_of(base);
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
    struct postgres_store *store = pgstore_of(base);
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
    return pgstore_exec(store, err,
                        "SET idle_in_transaction_session_timeout = '" IN_TRANSACTION_MOST
                        "'; SET lock_timeout = '" LOCK_MOST "'");
}

static bool note_shared(struct store *base, struct err *err)
{
    struct postgres_store *store = pgstore_of(base);
    store->is_locked = false;
    store->is_shared = true;
    return limit_waits(base, err);
}

/* The session holds both for a moment. */
static bool postgres_share(struct store *base, struct err *err)
{
    if (pgstore_of(base)->is_shared)
        return true;
    return store_run_plain(base, err, "SELECT pg_advisory_lock_shared(" LOCK_OF_RUN ")") &&
           store_run_plain(base, err, "SELECT pg_advisory_unlock(" LOCK_OF_RUN ")") &&
           note_shared(base, err);
}

static bool postgres_join(struct store *base, struct err *err)
{
    struct postgres_store *store = pgstore_of(base);
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
    struct postgres_store *store = pgstore_of(base);
    return pgstore_start_gathering(store, err) &&
           pgstore_send(store, "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE", err);
}

/* Takes the answer to COMMIT. A transaction in which something failed answers it with ROLLBACK, and without an error. */
static bool is_committed(struct postgres_store *store, PGresult *result, struct err *err)
{
    bool was_lost = pgstore_is_well(result) && strcmp(PQcmdStatus(result), "COMMIT") != 0;
    bool is_fine = pgstore_is_done(store, result, err);
    return is_fine && (!was_lost || store_fail(&store->base, "its transaction was lost", err));
}

static bool postgres_commit(struct store *base, struct err *err)
{
    struct postgres_store *store = pgstore_of(base);
    bool is_fine =
        pgstore_send(store, "COMMIT", err) && is_committed(store, pgstore_read_answers(store), err);
    struct err ignored;
    return pgstore_stop_gathering(store, is_fine ? err : &ignored) && is_fine;
}

static bool postgres_hold_numbers(struct store *store, struct err *err)
{
    return store_run_plain(store, err, "SELECT pg_advisory_xact_lock(" LOCK_OF_NUMBERS ")");
}

static bool postgres_look(struct store *store, struct err *err)
{
    return pgstore_exec(store, err, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
}

static void postgres_roll_back(struct store *base)
{
    struct postgres_store *store = pgstore_of(base);
    struct err ignored;
    (void)!pgstore_stop_gathering(store, &ignored);
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
    struct postgres_store *store = pgstore_of(base);
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
    {"{any_of}", "= ANY (ARRAY("},
    {"{end}", "))"},
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
    .run = pgstore_run,
    .exec = pgstore_exec,
    .query = pgstore_query,
    .next = pgstore_next,
    .end = pgstore_end,
    .int_at = pgstore_int_at,
    .real_at = pgstore_real_at,
    .is_null_at = pgstore_is_null_at,
    .text_at = pgstore_text_at,
};
