#include "driver/sqlite_error.h"

#include "base/err.h"

static const struct {
    int code; /* primary or extended result code */
    enum err_class kind;
    bool is_transient;
    const char *hint;
} sqlite_errors[] = {
    {SQLITE_BUSY, ERR_LOCK, true, " (another process is writing to it)"},
    {SQLITE_LOCKED, ERR_LOCK, true, ""},
    {SQLITE_CANTOPEN, ERR_CONNECT, false, ""},
    {SQLITE_NOTADB, ERR_CONNECT, false, " (or it is encrypted, or made by a newer SQLite)"},
    {SQLITE_CORRUPT, ERR_SQL, false, " (look with PRAGMA integrity_check)"},
    {SQLITE_READONLY, ERR_SQL, false, " (the file or its folder cannot be written)"},
    {SQLITE_READONLY_ROLLBACK, ERR_SQL, false,
     " (its last writer died in a transaction, which the next one rolls back: 'skein upgrade', or sqlite3)"},
    {SQLITE_FULL, ERR_SQL, false, ""},
    {SQLITE_INTERRUPT, ERR_CANCELLED, false, ""},
};

/* The connection's own words, unless the error is that of another file (a copy's): it would say "not an error". */
static const char *words_of(const struct sqlite_failure *failure)
{
    bool is_its_own = failure->db && (sqlite3_errcode(failure->db) & 0xff) == (failure->rc & 0xff);
    return is_its_own ? sqlite3_errmsg(failure->db) : sqlite3_errstr(failure->rc);
}

static void set_class(const struct sqlite_failure *failure, struct err *err)
{
    int rc = failure->rc;
    err_set(err, ERR_SQL, "%s", words_of(failure));
    for (size_t i = 0; i < ARRAY_LEN(sqlite_errors); i++)
        if (sqlite_errors[i].code == (rc & 0xff) || sqlite_errors[i].code == rc) {
            err_set(err, sqlite_errors[i].kind, "%s%s", words_of(failure), sqlite_errors[i].hint);
            err->is_transient = sqlite_errors[i].is_transient;
        }
}

void sqlite_error(const struct sqlite_failure *failure, struct err *err)
{
    int rc = failure->rc;
    if (rc == SQLITE_AUTH && failure->denied)
        err_set(err, ERR_SQL, "%s", failure->denied);
    else if (rc == SQLITE_INTERRUPT && !failure->is_cancelled)
        err_set(err, ERR_TIMEOUT, "the statement took longer than statement_timeout");
    else
        set_class(failure, err);
    int extended = failure->db ? sqlite3_extended_errcode(failure->db) : rc;
    snprintf(err->code, sizeof err->code, "%d", (extended & 0xff) == (rc & 0xff) ? extended : rc);
}
