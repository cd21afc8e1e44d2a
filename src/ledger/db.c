#include "ledger/db.h"

#include <assert.h>
#include <errno.h>

#include "base/arena.h"

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

bool db_fail(const struct db *db, int rc, struct err *err)
{
    const char *detail = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);
    int errnum = db->handle ? sqlite3_system_errno(db->handle) : 0;
    const char *cause = cause_of(rc);
    err_set(err, ERR_LEDGER, "ledger '%s': %s%s%s%s%s%s", db->path, cause ? cause : "",
            cause ? " (" : "", detail, errnum && cause ? ": " : "",
            errnum && cause ? strerror(errnum) : "", cause ? ")" : "");
    snprintf(err->code, sizeof err->code, "%d", rc);
    return false;
}

bool db_fail_damaged(const struct db *db, struct err *err)
{
    return err_set(err, ERR_LEDGER, "ledger '%s': it is damaged (rows that make no sense)",
                   db->path);
}

/* ---- statements ---------------------------------------------------------------------------- */

static int prepare(struct db *db, const char *sql, sqlite3_stmt **ret_stmt)
{
    for (size_t i = 0; i < db->kept_count; i++)
        if (db->kept[i].sql == sql) {
            *ret_stmt = db->kept[i].stmt;
            return SQLITE_OK;
        }
    assert(db->kept_count < DB_STATEMENTS_MAX);
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL);
    if (rc == SQLITE_OK)
        db->kept[db->kept_count++] = (struct db_kept){sql, *ret_stmt};
    return rc;
}

/* Texts stay where they are: the caller keeps them until the statement is reset. */
static int bind(sqlite3_stmt *stmt, int at, const struct db_value *value)
{
    switch (value->type) {
    case DB_NULL: return sqlite3_bind_null(stmt, at);
    case DB_INT: return sqlite3_bind_int64(stmt, at, value->integer);
    case DB_REAL: return sqlite3_bind_double(stmt, at, value->real);
    case DB_TEXT: return sqlite3_bind_text(stmt, at, value->text, -1, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static int bind_all(sqlite3_stmt *stmt, const struct db_value *values, size_t count)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = bind(stmt, (int)i + 1, &values[i]);
    return rc;
}

bool db_run_values(struct db *db, struct err *err, const char *sql, const struct db_value *values,
                   size_t count)
{
    sqlite3_stmt *stmt = NULL;
    int rc = prepare(db, sql, &stmt);
    if (rc == SQLITE_OK)
        rc = bind_all(stmt, values, count);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE)
        db_fail(db, rc, err);
    if (stmt)
        sqlite3_reset(stmt);
    return rc == SQLITE_DONE;
}

bool db_exec(struct db *db, struct err *err, const char *sql)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || db_fail(db, rc, err);
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- answers ------------------------------------------------------------------------------- */

void db_query_values(struct db *db, struct db_cursor *cursor, const char *sql,
                     const struct db_value *values, size_t count)
{
    *cursor = (struct db_cursor){.db = db};
    cursor->rc = prepare(db, sql, &cursor->stmt);
    if (cursor->rc == SQLITE_OK)
        cursor->rc = bind_all(cursor->stmt, values, count);
}

bool db_next(struct db_cursor *cursor)
{
    if (cursor->rc != SQLITE_OK && cursor->rc != SQLITE_ROW)
        return false;
    cursor->rc = sqlite3_step(cursor->stmt);
    return cursor->rc == SQLITE_ROW;
}

/* Before the end of the rows is fine as well: the first row may be all that is asked for. */
bool db_end(struct db_cursor *cursor, struct err *err)
{
    bool is_fine = cursor->rc == SQLITE_DONE || cursor->rc == SQLITE_ROW;
    if (!is_fine)
        db_fail(cursor->db, cursor->rc, err);
    if (cursor->stmt)
        sqlite3_reset(cursor->stmt);
    return is_fine;
}

int64_t db_int_at(const struct db_cursor *cursor, int column)
{
    return sqlite3_column_int64(cursor->stmt, column);
}

double db_real_at(const struct db_cursor *cursor, int column)
{
    return sqlite3_column_double(cursor->stmt, column);
}

bool db_is_null_at(const struct db_cursor *cursor, int column)
{
    return sqlite3_column_type(cursor->stmt, column) == SQLITE_NULL;
}

const char *db_text_at(const struct db_cursor *cursor, int column)
{
    const void *text = sqlite3_column_text(cursor->stmt, column);
    return text ? text : "";
}

char *db_copy_at(const struct db_cursor *cursor, int column, struct arena *arena)
{
    return db_is_null_at(cursor, column) ? NULL : arena_strdup(arena, db_text_at(cursor, column));
}

bool db_get_values(struct db *db, struct err *err, int64_t *ret, const char *sql,
                   const struct db_value *values, size_t count)
{
    struct db_cursor cursor;
    db_query_values(db, &cursor, sql, values, count);
    bool has_value = db_next(&cursor) && !db_is_null_at(&cursor, 0);
    int64_t value = has_value ? db_int_at(&cursor, 0) : -1;
    if (!db_end(&cursor, err))
        return false;
    *ret = value;
    return true;
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < db->kept_count; i++)
        sqlite3_finalize(db->kept[i].stmt);
    db->kept_count = 0;
    sqlite3_close(db->handle);
    db->handle = NULL;
}
