/* The store that is a SQLite file.
 *
 * WAL, so that readers and the writer do not meet; synchronous FULL, so that what was committed is
 * on the disk. The file and its folder are for their owner alone.
 */
#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ledger/lock.h"
#include "ledger/store_kind.h"
#include "ledger/store_sqlite_file.h"

/* Long enough for `skein forget` beside a run. */
enum { BUSY_MS = 30000 };
enum { STATEMENTS_MAX = 128 };
#define APPLICATION_ID 0x736b6e6c /* "sknl" */

struct sqlite_store {
    struct store base;
    struct arena arena; /* everything here */
    sqlite3 *handle;
    const char *path;
    struct lock lock;
    struct sqlite_place place;
    struct kept {
        const char *sql;
        sqlite3_stmt *stmt;
    } kept[STATEMENTS_MAX];
    size_t kept_count;
};

static struct sqlite_store *sqlite_of(struct store *store)
{
    return (struct sqlite_store *)store;
}

/* ---- errors -------------------------------------------------------------------------------- */

/* What a person can do something about, in words; SQLite's own follow. */
static const struct {
    int code; /* primary result code */
    const char *words;
} causes[] = {
    {SQLITE_FULL, "the disk is full"},
    {SQLITE_READONLY, "it is read-only"},
    {SQLITE_PERM, "permission denied"},
    {SQLITE_CORRUPT, "it is damaged"},
    {SQLITE_NOTADB, "it is not a ledger, or damaged"},
    {SQLITE_BUSY, "another program is writing to it"},
    {SQLITE_CANTOPEN, "it cannot be opened"},
    {SQLITE_IOERR, "reading or writing it failed"},
};

static const char *cause_of(int rc)
{
    for (size_t i = 0; i < ARRAY_LEN(causes); i++)
        if (causes[i].code == (rc & 0xff))
            return causes[i].words;
    return NULL;
}

static bool fail(const struct sqlite_store *store, int rc, struct err *err)
{
    const char *detail = store->handle ? sqlite3_errmsg(store->handle) : sqlite3_errstr(rc);
    int errnum = store->handle ? sqlite3_system_errno(store->handle) : 0;
    const char *cause = cause_of(rc);
    err_set(err, ERR_LEDGER, "ledger '%s': %s%s%s%s%s%s", store->path, cause ? cause : "",
            cause ? " (" : "", detail, errnum && cause ? ": " : "",
            errnum && cause ? strerror(errnum) : "", cause ? ")" : "");
    snprintf(err->code, sizeof err->code, "%d", rc);
    return false;
}

/* ---- statements ---------------------------------------------------------------------------- */

static int prepare(struct sqlite_store *store, const char *sql, sqlite3_stmt **ret_stmt)
{
    for (size_t i = 0; i < store->kept_count; i++)
        if (store->kept[i].sql == sql) {
            *ret_stmt = store->kept[i].stmt;
            return SQLITE_OK;
        }
    assert(store->kept_count < STATEMENTS_MAX);
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    store_add_sql(&text, &store_sqlite, sql);
    int rc =
        sqlite3_prepare_v3(store->handle, text.data, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL);
    buf_done(&text);
    if (rc == SQLITE_OK)
        store->kept[store->kept_count++] = (struct kept){sql, *ret_stmt};
    return rc;
}

/* Texts stay where they are: the caller keeps them until the statement is reset. */
static int bind(sqlite3_stmt *stmt, int at, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL: return sqlite3_bind_null(stmt, at);
    case VALUE_INT: return sqlite3_bind_int64(stmt, at, value->integer);
    case VALUE_REAL: return sqlite3_bind_double(stmt, at, value->real);
    case VALUE_TEXT: return sqlite3_bind_text(stmt, at, value->text, -1, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static int bind_all(sqlite3_stmt *stmt, const struct value *values, size_t count)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = bind(stmt, (int)i + 1, &values[i]);
    return rc;
}

static bool run_statement(struct store *base, struct err *err, const char *sql,
                          const struct value *values, size_t count)
{
    struct sqlite_store *store = sqlite_of(base);
    sqlite3_stmt *stmt = NULL;
    int rc = prepare(store, sql, &stmt);
    if (rc == SQLITE_OK)
        rc = bind_all(stmt, values, count);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE)
        fail(store, rc, err);
    if (stmt)
        sqlite3_reset(stmt);
    return rc == SQLITE_DONE;
}

static bool exec_statements(struct store *base, struct err *err, const char *sql)
{
    struct sqlite_store *store = sqlite_of(base);
    int rc = sqlite3_exec(store->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || fail(store, rc, err);
}

/* ---- answers: `at` of a cursor is SQLite's result code --------------------------------------- */

static void begin_query(struct cursor *cursor, const char *sql, const struct value *values,
                        size_t count)
{
    sqlite3_stmt *stmt = NULL;
    cursor->at = prepare(sqlite_of(cursor->store), sql, &stmt);
    cursor->answer = stmt;
    if (cursor->at == SQLITE_OK)
        cursor->at = bind_all(stmt, values, count);
}

static bool next_row(struct cursor *cursor)
{
    if (cursor->at != SQLITE_OK && cursor->at != SQLITE_ROW)
        return false;
    cursor->at = sqlite3_step(cursor->answer);
    return cursor->at == SQLITE_ROW;
}

/* Before the end of the rows is fine as well: the first row may be all that is asked for. */
static bool end_query(struct cursor *cursor, struct err *err)
{
    bool is_fine = cursor->at == SQLITE_DONE || cursor->at == SQLITE_ROW;
    if (!is_fine)
        fail(sqlite_of(cursor->store), (int)cursor->at, err);
    if (cursor->answer)
        sqlite3_reset(cursor->answer);
    return is_fine;
}

static int64_t int_at(const struct cursor *cursor, int column)
{
    return sqlite3_column_int64(cursor->answer, column);
}

static double real_at(const struct cursor *cursor, int column)
{
    return sqlite3_column_double(cursor->answer, column);
}

static bool is_null_at(const struct cursor *cursor, int column)
{
    return sqlite3_column_type(cursor->answer, column) == SQLITE_NULL;
}

static const char *text_at(const struct cursor *cursor, int column)
{
    return (const char *)sqlite3_column_text(cursor->answer, column);
}

/* ---- the connection ------------------------------------------------------------------------ */

static void disconnect(struct sqlite_store *store)
{
    for (size_t i = 0; i < store->kept_count; i++)
        sqlite3_finalize(store->kept[i].stmt);
    store->kept_count = 0;
    sqlite3_close(store->handle);
    store->handle = NULL;
}

/* The file may have been made by anyone: nothing in it is run. */
static void distrust(sqlite3 *handle)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
}

/* With memory statistics on, a global mutex would slow the tenants' workers; where SQLite is at
 * work already this has no effect, and does no harm. */
static bool connect_file(struct sqlite_store *store, enum ledger_access access, struct err *err)
{
    bool is_immutable = access == LEDGER_READ && sqlite_file_is_at_rest(&store->arena, store->path);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    int rc = sqlite3_open_v2(
        sqlite_file_uri(&store->arena, store->path, is_immutable), &store->handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        NULL);
    if (rc != SQLITE_OK)
        return fail(store, rc, err);
    distrust(store->handle);
    sqlite3_busy_timeout(store->handle, BUSY_MS);
    return exec_statements(&store->base, err,
                           "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON");
}

static bool is_read_only(const struct sqlite_store *store)
{
    return sqlite3_db_readonly(store->handle, "main") == 1;
}

/* SQLite fills what is missing of the last page with zeros, which in an empty table is no fault. */
static bool check_size(struct sqlite_store *store, struct err *err)
{
    struct stat st;
    int64_t page_size;
    if (!store_get_plain(&store->base, err, &page_size, "PRAGMA page_size"))
        return false;
    bool is_cut = stat(store->path, &st) == 0 && page_size > 0 && st.st_size % page_size;
    return !is_cut || store_fail(&store->base, "it is damaged (its end is missing)", err);
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);
    disconnect(store);
    lock_release(&store->lock);
    arena_done(&store->arena);
    free(store);
}

static struct sqlite_store *sqlite_new(const char *where)
{
    struct sqlite_store *store = xcalloc(1, sizeof *store);
    store->base.kind = &store_sqlite;
    store->lock.fd = -1;
    arena_init(&store->arena);
    store->path = arena_strdup(&store->arena, where);
    store->base.name = store->path;
    return store;
}

static struct store *sqlite_open(const char *where, enum ledger_access access, struct err *err)
{
    struct sqlite_store *store = sqlite_new(where);
    if (sqlite_file_check(&store->arena, where, access, err) && connect_file(store, access, err) &&
        check_size(store, err) &&
        (access == LEDGER_READ || !is_read_only(store) ||
         store_fail(&store->base, "it is read-only", err)))
        return &store->base;
    sqlite_close(&store->base);
    return NULL;
}

/* ---- its tables ---------------------------------------------------------------------------- */

static bool sqlite_identify(struct store *store, int64_t *ret_version, struct err *err)
{
    int64_t id, version, tables;
    if (!store_get_plain(store, err, &id, "PRAGMA application_id") ||
        !store_get_plain(store, err, &version, "PRAGMA user_version") ||
        !store_get_plain(store, err, &tables, "SELECT count(*) FROM sqlite_schema"))
        return false;
    bool is_new = id == 0 && version == 0 && tables == 0;
    if (!is_new && (id != APPLICATION_ID || version <= 0))
        return store_fail(store,
                          "it is a database of something else; name another file in 'ledger'", err);
    *ret_version = version;
    return true;
}

static bool sqlite_set_version(struct store *store, int version, struct err *err)
{
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, version);
    return exec_statements(store, err, sql);
}

/* In memory an older ledger can be brought up to date that must not be written to. */
static bool sqlite_set_apart(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_of(base);
    sqlite3 *memory = NULL;
    if (!is_read_only(store))
        return true;
    int rc = sqlite3_open_v2(":memory:", &memory,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    sqlite3_backup *copy =
        rc == SQLITE_OK ? sqlite3_backup_init(memory, "main", store->handle, "main") : NULL;
    if (copy)
        sqlite3_backup_step(copy, -1);
    rc = copy ? sqlite3_backup_finish(copy) : sqlite3_errcode(memory);
    disconnect(store);
    store->handle = memory;
    distrust(memory);
    return rc == SQLITE_OK || fail(store, rc, err);
}

static bool use_wal(struct store *store, struct err *err)
{
    struct cursor cursor;
    store_query_plain(store, &cursor, "PRAGMA journal_mode = WAL");
    bool is_wal = cursor_next(&cursor) && strcmp(cursor_text(&cursor, 0), "wal") == 0;
    if (!cursor_end(&cursor, err))
        return false;
    return is_wal ||
           store_fail(store, "its file system has no shared memory for SQLite's WAL", err);
}

static bool sqlite_settle(struct store *store, enum ledger_access access, struct err *err)
{
    return access == LEDGER_READ ? exec_statements(store, err, "PRAGMA query_only = ON")
                                 : use_wal(store, err);
}

/* ---- the lock, and transactions ------------------------------------------------------------ */

static bool sqlite_lock(struct store *base, const struct ledger_holder *holder,
                        struct ledger_holder *ret_other, struct err *err)
{
    struct sqlite_store *store = sqlite_of(base);
    return lock_take(&store->lock, store->path, holder, ret_other, err);
}

static void sqlite_unlock(struct store *base)
{
    lock_release(&sqlite_of(base)->lock);
}

static bool sqlite_is_held(struct store *base)
{
    struct ledger_holder holder;
    return lock_is_held(sqlite_of(base)->path, &holder);
}

static bool sqlite_begin(struct store *store, struct err *err)
{
    return store_run_plain(store, err, "BEGIN IMMEDIATE");
}

static bool sqlite_commit(struct store *store, struct err *err)
{
    return store_run_plain(store, err, "COMMIT");
}

/* A file has one writer at a time. */
static bool sqlite_hold_numbers(struct store *store, struct err *err)
{
    (void)store;
    (void)err;
    return true;
}

static bool sqlite_look(struct store *store, struct err *err)
{
    return store_run_plain(store, err, "BEGIN");
}

static void sqlite_roll_back(struct store *base)
{
    struct sqlite_store *store = sqlite_of(base);
    if (!sqlite3_get_autocommit(store->handle))
        sqlite3_exec(store->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* After an fsync of the WAL that failed it is not known what reached the disk: closing must not copy the WAL
 * into the ledger. The next to open it reads it frame by frame, by their checksums. */
static void sqlite_give_up(struct store *base)
{
    sqlite3_db_config(sqlite_of(base)->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static bool sqlite_check_place(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_of(base);
    const char *missing;
    return sqlite_file_is_in_place(&store->place, store->path, &missing) ||
           err_set(
               err, ERR_LEDGER,
               "ledger '%s': '%s%s' was removed or replaced while this run wrote to it: what it was "
               "told is lost",
               store->path, store->path, missing);
}

/* Is the file what SQLite would have left? (It is not asked each time: it costs a second for some hundred MB.) */
static bool sqlite_inspect(struct store *store, struct err *err)
{
    struct cursor cursor;
    store_query_plain(store, &cursor, "PRAGMA quick_check(1)");
    bool is_fine = cursor_next(&cursor) && strcmp(cursor_text(&cursor, 0), "ok") == 0;
    if (!cursor_end(&cursor, err))
        return false;
    return is_fine || store_fail(store, "it is damaged", err);
}

static const struct store_word words[] = {
    {"{int}", "INTEGER"},
    {"{real}", "REAL"},
    {"{bool}", "INTEGER"},
    {"{key}", "INTEGER PRIMARY KEY"},
    {"{no}", "0"},
    {"{joined}", "group_concat(item)"},
    {"{rows}", " STRICT"},
    {"{keyed}", " STRICT, WITHOUT ROWID"},
    {"{now_ms}", "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"},
    {"{locking}", ""},
    {"{any_of}", "IN ("},
    {"{end}", ")"},
    {"{skipping}", ""},
    {NULL, NULL},
};

const struct store_kind store_sqlite = {
    .words = words,
    .open = sqlite_open,
    .settle = sqlite_settle,
    .close = sqlite_close,
    .identify = sqlite_identify,
    .set_version = sqlite_set_version,
    .set_apart = sqlite_set_apart,
    .lock = sqlite_lock,
    .unlock = sqlite_unlock,
    .is_held = sqlite_is_held,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .hold_numbers = sqlite_hold_numbers,
    .look = sqlite_look,
    .roll_back = sqlite_roll_back,
    .give_up = sqlite_give_up,
    .check_place = sqlite_check_place,
    .inspect = sqlite_inspect,
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
