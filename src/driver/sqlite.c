/* SQLite: every operation runs whole on a worker thread; waiting for another writer is done by the
 * caller's timer, so that a busy tenant does not hold a thread that others need.
 *
 * The tenant's lock is flock(2) on the database file, by a descriptor of our own: SQLite's own locks
 * are fcntl locks, which on Linux do not meet flock. Closing any descriptor of a file drops the
 * process's fcntl locks on it, so ours is closed only after sqlite3_close.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialects.h"
#include "driver/driver.h"
#include "driver/drivers.h"
#include "driver/row_writer.h"
#include "driver/sqlite_copy.h"
#include "driver/sqlite_error.h"
#include "driver/sqlite_fence.h"
#include "driver/sqlite_holder.h"
#include "driver/sqlite_watch.h"
#include "base/url.h"

struct conn {
    struct conn_params params;
    sqlite3 *db;
    int lock_fd;
    bool is_created;
    struct conn_info info;
    const struct op *op;
    size_t at;              /* offset in op->sql of the statement to run next */
    struct row_writer rows; /* of the statement under way */
    bool is_busy;           /* the last work met another writer */
    uint64_t waited_ms;     /* for other writers, in this operation */
    uint64_t deadline_ms;   /* of the statement under way; 0: none */
    struct sqlite_fence fence;
    struct sqlite_watch watch;
    atomic_bool is_cancelled;
};

/* With memory statistics on, a global mutex makes eight threads slower than one. Pages come one by one,
 * not twenty at a time: a tenant that has nothing to do needs five, and freeing a large block makes the
 * allocator tidy up. */
static void sqlite_init(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

static struct conn *sqlite_open(const struct conn_params *params)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    conn->params = *params;
    conn->lock_fd = -1;
    return conn;
}

static void set_error(struct conn *conn, int rc)
{
    sqlite_error(&(struct sqlite_failure){.db = conn->db,
                                          .rc = rc,
                                          .denied = conn->fence.denied,
                                          .is_cancelled = atomic_load(&conn->is_cancelled)},
                 op_make_err(conn->op));
}

/* ---- connecting ---------------------------------------------------------------------------- */

static const char *path_of(const struct conn *conn)
{
    return conn->params.database ? conn->params.database : conn->params.url->database;
}

static bool fail_connect(struct conn *conn, const char *what)
{
    struct err *err = op_make_err(conn->op);
    err_set(err, ERR_CONNECT, "cannot open '%s': %s", path_of(conn), what);
    snprintf(err->code, sizeof err->code, "%d", SQLITE_CANTOPEN);
    return false;
}

/* sqlite3_open would make an empty database of a typo; and a directory or a device is no tenant. */
static bool open_file(struct conn *conn)
{
    const char *path = path_of(conn);
    struct stat st;
    if (conn->params.may_create && !conn->params.is_read_only) {
        conn->lock_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        conn->is_created = conn->lock_fd >= 0;
    }
    if (conn->lock_fd < 0)
        conn->lock_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (conn->lock_fd < 0 && errno == ENOENT && !conn->params.may_create) {
        conn->op->answer->is_missing = true;
        return fail_connect(conn, "no such file ('create: true' would make it)");
    }
    if (conn->lock_fd < 0)
        return fail_connect(conn, strerror(errno));
    if (fstat(conn->lock_fd, &st) || !S_ISREG(st.st_mode))
        return fail_connect(conn, S_ISDIR(st.st_mode) ? "it is a directory" : "not a regular file");
    return true;
}

/* Runs every thousand virtual machine steps of a statement; non-zero interrupts it. */
static int on_progress(void *ctx)
{
    struct conn *conn = ctx;
    return atomic_load(&conn->is_cancelled) ||
           (conn->deadline_ms && (uint64_t)clock_steady_ms() > conn->deadline_ms);
}

/* The schema stays trusted: 3.40 would refuse json_extract() in indexes and views, and there are no
 * functions of ours that a schema could call. */
static void harden(struct conn *conn)
{
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* Whatever the library was built with: a text in double quotes that is no name is a text, as in
     * sqlite3's own shell. */
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DQS_DML, 1, NULL);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DQS_DDL, 1, NULL);
    conn->fence.has_settings = true; /* as far as is known, so the first revision has them set */
    sqlite3_extended_result_codes(conn->db, 1);
    sqlite_fence_put(conn->db, &conn->fence);
    sqlite3_progress_handler(conn->db, 1000, on_progress, conn);
}

/* A run that only looks sees an empty database where an upgrade would make one. */
static bool is_still_to_make(const struct conn *conn)
{
    return conn->params.may_create && conn->params.is_read_only &&
           access(path_of(conn), F_OK) != 0 && errno == ENOENT;
}

/* Files may be named ':memory:' and 'file:…' too, which SQLite takes for more than a path. */
static int open_database(struct conn *conn, bool is_empty)
{
    const char *path = is_empty ? ":memory:" : path_of(conn);
    int flags =
        conn->params.is_read_only && !is_empty ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    buf_addf(&name, "%s%s", is_empty || *path == '/' ? "" : "./", path);
    int rc = sqlite3_open_v2(name.data, &conn->db,
                             flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    buf_done(&name);
    return rc;
}

static void do_connect(struct conn *conn)
{
    bool is_empty = is_still_to_make(conn);
    if (!is_empty && !open_file(conn))
        return;
    int rc = open_database(conn, is_empty);
    if (rc) {
        set_error(conn, rc);
        return;
    }
    harden(conn);
    conn->info = (struct conn_info){
        .is_read_only = !conn->params.is_read_only && sqlite3_db_readonly(conn->db, "main") == 1,
        .is_created = conn->is_created,
        .server_version = (uint32_t)sqlite3_libversion_number(),
    };
    conn->op->answer->info = &conn->info;
}

/* While we waited, the process that had the lock may have removed the file that it had made, or put another in
 * its place: then no name leads to what we have open. */
static bool is_still_there(const struct conn *conn)
{
    struct stat ours, there;
    return fstat(conn->lock_fd, &ours) == 0 && stat(path_of(conn), &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static void do_lock(struct conn *conn)
{
    const struct op *op = conn->op;
    struct answer *answer = op->answer;
    answer->is_locked = flock(conn->lock_fd, LOCK_EX | LOCK_NB) == 0;
    if (answer->is_locked && !is_still_there(conn)) {
        err_set(op_make_err(op), ERR_LOCK,
                "'%s' was removed or replaced while its lock was waited for", path_of(conn));
        op_make_err(op)->is_transient = true;
    } else if (!answer->is_locked && errno != EWOULDBLOCK && errno != EINTR) {
        err_set(op_make_err(op), ERR_LOCK, "cannot lock '%s': %s", path_of(conn), strerror(errno));
    } else if (!answer->is_locked && op->flags & OP_SAYS_HOLDER) {
        answer->holder = sqlite_holder(op->arena, path_of(conn), HOLDING_TENANT);
    }
}

/* ---- statements ---------------------------------------------------------------------------- */

static void keep_columns(struct conn *conn, sqlite3_stmt *stmt)
{
    const struct op *op = conn->op;
    size_t width = (size_t)sqlite3_column_count(stmt);
    row_writer_begin(&conn->rows, op, width);
    for (size_t c = 0; c < width; c++)
        conn->rows.names[c] = arena_strdup(op->arena, sqlite3_column_name(stmt, (int)c));
}

/* False: there are too many. */
static bool keep_row(struct conn *conn, sqlite3_stmt *stmt)
{
    for (int c = 0; c < sqlite3_column_count(stmt); c++)
        conn->rows.next[c] = (const char *)sqlite3_column_text(stmt, c);
    return row_writer_add(&conn->rows, conn->op);
}

/* Runs one prepared statement to its end; the result code, SQLITE_DONE where all is well. */
static int run_prepared(struct conn *conn, sqlite3_stmt *stmt)
{
    bool keeps = conn->op->kind == OP_QUERY && sqlite3_column_count(stmt) > 0;
    int rc;
    if (keeps)
        keep_columns(conn, stmt);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (keeps && !keep_row(conn, stmt))
            return SQLITE_DONE;
        conn->op->answer->rows_seen++;
    }
    return rc;
}

static void fail_statement(struct conn *conn, int rc, bool is_prepared)
{
    conn->is_busy = (rc & 0xff) == SQLITE_BUSY;
    set_error(conn, rc);
    int offset = is_prepared ? -1 : sqlite3_error_offset(conn->db);
    op_make_err(conn->op)->offset = offset < 0 ? 0 : conn->at + (size_t)offset + 1;
}

/* What a trigger changes in the place of a view does not count for sqlite3_changes, which keeps the count of an earlier
 * statement where this one can change no row. */
static uint64_t count_changes(const struct conn *conn, sqlite3_int64 changes_before)
{
    sqlite3_int64 in_all = sqlite3_total_changes64(conn->db) - changes_before;
    sqlite3_int64 own = in_all ? sqlite3_changes64(conn->db) : 0;
    return (uint64_t)(own ? own : in_all);
}

/* Runs the statement at conn->at and moves past it. False: an error, or busy. */
static bool run_next(struct conn *conn)
{
    const struct op *op = conn->op;
    struct answer *answer = op->answer;
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    const char *sql = op->sql + conn->at;
    uint64_t limit_ms = op->limits ? op->limits->statement_timeout_ms : 0;
    sqlite3_int64 changes_before = sqlite3_total_changes64(conn->db);
    conn->fence.denied = NULL;
    conn->deadline_ms = limit_ms ? (uint64_t)clock_steady_ms() + limit_ms : 0;
    conn->fence.is_preparing = true;
    /* Told a length, SQLite would copy the rest of the script for each of its statements. */
    int rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, &tail);
    conn->fence.is_preparing = false;
    if (rc == SQLITE_OK && stmt && op->flags & OP_ONLY_READS && !sqlite3_stmt_readonly(stmt)) {
        err_set(op_make_err(op), ERR_CONFIG, "it may only read, and would write");
    } else if (rc == SQLITE_OK && stmt) {
        rc = run_prepared(conn, stmt);
        if (rc == SQLITE_DONE && !sqlite3_column_count(stmt))
            answer->rows_changed += count_changes(conn, changes_before);
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        fail_statement(conn, rc, stmt != NULL);
    bool is_good = op_err(op)->kind == ERR_NONE;
    op_set_statements(answer, answer->statements_done + (is_good && stmt));
    sqlite3_finalize(stmt);
    answer->keeps_changes = !is_good && sqlite3_total_changes64(conn->db) != changes_before;
    if (is_good)
        conn->at = (size_t)(tail - op->sql);
    return is_good;
}

static void check_transaction(struct conn *conn)
{
    const struct op *op = conn->op;
    bool is_inside = !sqlite3_get_autocommit(conn->db);
    if (op->tx_after == TX_ANY || is_inside == (op->tx_after == TX_INSIDE))
        return;
    if (op_err(op)->kind != ERR_NONE)
        return; /* ON CONFLICT ROLLBACK: all of it is taken back */
    op->answer->is_tx_broken = true;
    err_set(op_make_err(op), ERR_SQL, "the transaction was %s by the statements themselves",
            is_inside ? "begun" : "ended");
}

static void do_statements(struct conn *conn)
{
    if (conn->op->flags & OP_BEGINS_REVISION && conn->fence.has_settings && conn->at == 0)
        sqlite_fence_reset(conn->db, &conn->fence);
    while (conn->at < conn->op->sql_len && run_next(conn))
        continue;
    if (!conn->is_busy)
        check_transaction(conn);
}

/* ---- copies -------------------------------------------------------------------------------- */

static void finish_copy(struct conn *conn, int rc)
{
    if (rc == SQLITE_DONE)
        return;
    conn->is_busy = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
    if (op_err(conn->op)->kind == ERR_NONE)
        set_error(conn, rc);
}

/* The same of a copy: its file is named. */
static void finish_snapshot(struct conn *conn, int rc)
{
    bool is_told = op_err(conn->op)->kind != ERR_NONE;
    finish_copy(conn, rc);
    if (!is_told && op_err(conn->op)->kind != ERR_NONE)
        err_prefix(op_make_err(conn->op), "the snapshot '%s'", conn->op->sql);
}

static void do_snapshot(struct conn *conn)
{
    finish_snapshot(conn, sqlite_copy_out(conn->db, conn->op->sql, op_make_err(conn->op)));
}

static void do_restore(struct conn *conn)
{
    conn->op->answer->is_missing = access(conn->op->sql, F_OK) != 0 && errno == ENOENT;
    finish_snapshot(conn, sqlite_copy_in(conn->db, conn->op->sql, op_make_err(conn->op)));
}

/* ---- what a revision breaks ---------------------------------------------------------------- */

static void do_watch(struct conn *conn)
{
    conn->deadline_ms = 0;
    finish_copy(conn, sqlite_watch_begin(&conn->watch, conn->db));
}

static PRINTF_LIKE(2, 3) void warn(const struct op *op, const char *format, ...)
{
    char text[512];
    va_list args;
    if (!op->notices)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    notices_add(op->notices, op->arena,
                &(struct notice){.level = NOTICE_WARNING, .text = text, .revision = op->revision});
}

static void on_lost(void *ctx, const char *type, const char *name, const char *table)
{
    const struct conn *conn = ctx;
    warn(conn->op, "table '%.100s' was made anew without its %s '%.100s'", table, type, name);
}

static void do_check(struct conn *conn)
{
    struct err err = {0};
    const struct op *op = conn->op;
    conn->deadline_ms = 0;
    int rc = sqlite_watch_end(&conn->watch, conn->db, &err);
    if (rc == SQLITE_DONE && err.kind == ERR_NONE)
        rc = sqlite_watch_lost(&conn->watch, conn->db, op->sql, on_lost, conn);
    finish_copy(conn, rc);
    if (rc != SQLITE_DONE)
        return;
    if (conn->watch.old_count)
        warn(op, "%zu foreign key%s led nowhere before the revision, and still do%s",
             conn->watch.old_count, conn->watch.old_count == 1 ? "" : "s",
             conn->watch.old_count == 1 ? "es" : "");
    if (err.kind != ERR_NONE)
        *op_make_err(conn->op) = err;
    sqlite_watch_done(&conn->watch);
}

/* ---- the interface ------------------------------------------------------------------------- */

static struct want sqlite_start(struct conn *conn, const struct op *op)
{
    conn->op = op;
    conn->fence.is_revision = op->kind == OP_SCRIPT;
    conn->at = 0;
    conn->waited_ms = 0;
    conn->is_busy = false;
    return (struct want){.bits = WANT_WORKER};
}

static void sqlite_work(struct conn *conn)
{
    static void (*const jobs[OP__COUNT])(struct conn *) = {
        [OP_CONNECT] = do_connect,   [OP_LOCK] = do_lock,         [OP_QUERY] = do_statements,
        [OP_SCRIPT] = do_statements, [OP_SNAPSHOT] = do_snapshot, [OP_RESTORE] = do_restore,
        [OP_WATCH] = do_watch,       [OP_CHECK] = do_check,
    };
    conn->is_busy = false;
    if (conn->op->answer->err)
        conn->op->answer->err->kind = ERR_NONE; /* of the time before: another writer was at it */
    jobs[conn->op->kind](conn);
}

static void tell_holder(const struct op *op, const char *path)
{
    const char *holder = sqlite_holder(op->arena, path, HOLDING_WRITE);
    if (holder)
        err_add(op_make_err(op), "; held by %s", holder);
}

/* A statement that met another writer has changed nothing: it can be run again as it stands. */
static struct want sqlite_step(struct conn *conn, unsigned ready)
{
    const struct op *op = conn->op;
    uint64_t patience_ms = op->limits ? op->limits->lock_timeout_ms : 0;
    if (ready & WANT_TIMER)
        return (struct want){.bits = WANT_WORKER};
    if (!conn->is_busy || atomic_load(&conn->is_cancelled))
        return (struct want){.bits = WANT_NOTHING};
    if (conn->waited_ms >= patience_ms) {
        tell_holder(op, path_of(conn));
        return (struct want){.bits = WANT_NOTHING};
    }
    uint64_t delay_ms = conn->waited_ms < 20 ? 2 : conn->waited_ms < 200 ? 10 : 50;
    conn->waited_ms += delay_ms;
    return (struct want){.bits = WANT_TIMER, .timeout_ms = delay_ms};
}

static void *sqlite_cancel_token(struct conn *conn)
{
    atomic_store(&conn->is_cancelled, true);
    return NULL;
}

static void sqlite_cancel(void *token)
{
    (void)token;
}

static bool sqlite_is_in_transaction(const struct conn *conn)
{
    return conn->db && !sqlite3_get_autocommit(conn->db);
}

/* Removes a file that we made and that nothing was ever committed to: a failed tenant stands where it stood. A
 * process that has the file's lock is about to commit to it, so then the file stays. */
static void sqlite_close(struct conn *conn)
{
    struct stat st;
    sqlite_watch_done(&conn->watch);
    sqlite3_close(conn->db);
    if (conn->is_created && flock(conn->lock_fd, LOCK_EX | LOCK_NB) == 0 &&
        fstat(conn->lock_fd, &st) == 0 && st.st_size == 0)
        unlink(path_of(conn));
    if (conn->lock_fd >= 0)
        close(conn->lock_fd);
    free(conn);
}

static void sqlite_add_library(struct buf *buf)
{
    buf_addf(buf, "sqlite %s (built with %s)", sqlite3_libversion(), SQLITE_VERSION);
}

const struct driver driver_sqlite = {
    .dialect = &dialect_sqlite,
    .traits = DRIVER_CREATES_ON_CONNECT | DRIVER_ON_WORKER | DRIVER_SNAPSHOTS,
    .init = sqlite_init,
    .add_library = sqlite_add_library,
    .open = sqlite_open,
    .start = sqlite_start,
    .step = sqlite_step,
    .work = sqlite_work,
    .cancel_token = sqlite_cancel_token,
    .cancel = sqlite_cancel,
    .is_in_transaction = sqlite_is_in_transaction,
    .close = sqlite_close,
};
