#include "dialect/sqlite/judge.h"

#include <sqlite3.h>

#include "base/ascii.h"

/* In an empty database nothing exists: only what no database would take is a fault. */
static bool is_of_syntax(const char *said)
{
    return ascii_holds(said, "syntax error") || ascii_holds(said, "unrecognized token") ||
           ascii_holds(said, "incomplete input");
}

/* An empty database: opening one costs as much as judging ten statements. NULL: it could not be opened. */
void *sqlite_open_parser(void)
{
    sqlite3 *db = NULL;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK)
        return db;
    sqlite3_close(db);
    return NULL;
}

void sqlite_close_parser(void *parser)
{
    sqlite3_close(parser);
}

/* The tenants' databases are read by the same library: what it refuses here it refuses there. */
bool sqlite_judge(void *parser, const struct judged *statement, struct judgement *ret)
{
    sqlite3_stmt *prepared = NULL;
    bool is_bad = false;
    if (parser && sqlite3_prepare_v2(parser, statement->sql, (int)statement->len, &prepared,
                                     NULL) == SQLITE_ERROR) {
        const char *said = sqlite3_errmsg(parser);
        int offset = sqlite3_error_offset(parser);
        is_bad = is_of_syntax(said);
        snprintf(ret->text, sizeof ret->text, "SQLite refuses it: %s", said);
        ret->is_certain = true;
        ret->offset = offset >= 0 ? (size_t)offset + 1 : 0;
    }
    sqlite3_finalize(prepared);
    return is_bad;
}
