#include "dialect/sqlite/judge.h"

#include <sqlite3.h>

#include "base/ascii.h"

/* In an empty database nothing exists: only what no database would take is a fault. */
static bool is_of_syntax(const char *said)
{
    return ascii_holds(said, "syntax error") || ascii_holds(said, "unrecognized token") ||
           ascii_holds(said, "incomplete input");
}

/* The tenants' databases are read by the same library: what it refuses here it refuses there. */
bool sqlite_judge(const char *sql, size_t len, bool is_transactional, struct judgement *ret)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    bool is_bad = false;
    (void)is_transactional;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, (int)len, &statement, NULL) == SQLITE_ERROR) {
        const char *said = sqlite3_errmsg(db);
        int offset = sqlite3_error_offset(db);
        is_bad = is_of_syntax(said);
        snprintf(ret->text, sizeof ret->text, "SQLite refuses it: %s", said);
        ret->is_certain = true;
        ret->offset = offset >= 0 ? (size_t)offset + 1 : 0;
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return is_bad;
}
