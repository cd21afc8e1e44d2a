#include "driver/sqlite_fence.h"

#include "base/ascii.h"
#include "base/compiler.h"
#include "dialect/split.h"

static int deny(struct sqlite_fence *fence, const char *why)
{
    fence->denied = why;
    return SQLITE_DENY;
}

/* The temporary folder and the heap's limits are those of the whole process: of every tenant. */
static bool is_allowed_pragma(struct sqlite_fence *fence, const char *name)
{
    static const char *const denied[][2] = {
        {"writable_schema", "a revision may not make the schema table writable"},
        {"temp_store_directory", "a revision may not move other tenants' temporary files"},
        {"data_store_directory", "a revision may not move other tenants' files"},
        {"hard_heap_limit", "a revision may not limit other tenants' memory"},
        {"soft_heap_limit", "a revision may not limit other tenants' memory"},
    };
    for (size_t i = 0; i < ARRAY_LEN(denied); i++)
        if (sqlite3_stricmp(name, denied[i][0]) == 0) {
            fence->denied = denied[i][1];
            return false;
        }
    return true;
}

/* VACUUM begins a transaction and attaches a nameless file of its own while it runs; a name that is an expression
 * is NULL. */
static int on_authorize(void *ctx, int action, const char *arg1, const char *arg2,
                        const char *database, const char *trigger)
{
    struct sqlite_fence *fence = ctx;
    (void)database, (void)trigger;
    if (!fence->is_revision)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_TRANSACTION:
        if (!fence->is_preparing)
            return SQLITE_OK;
        return deny(fence, "a revision may not begin or end transactions: skein does");
    case SQLITE_ATTACH:
        return arg1 && !*arg1
                   ? SQLITE_OK
                   : deny(fence,
                          "a revision may not attach another file: it would reach outside the "
                          "tenant");
    case SQLITE_PRAGMA:
        fence->has_settings |= arg2 != NULL;
        return is_allowed_pragma(fence, arg1) ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_OK;
    }
}

void sqlite_fence_put(sqlite3 *db, struct sqlite_fence *fence)
{
    sqlite3_set_authorizer(db, on_authorize, fence);
}

/* Foreign keys can be turned on, and off again, outside a transaction alone. */
void sqlite_fence_reset(sqlite3 *db, struct sqlite_fence *fence)
{
    static const char sql[] =
        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = OFF; PRAGMA recursive_triggers = OFF; "
        "PRAGMA case_sensitive_like = OFF; PRAGMA legacy_alter_table = OFF";
    sqlite3_exec(db, sql, NULL, NULL, NULL);
    fence->has_settings = !sqlite3_get_autocommit(db);
}

/* Steps over blanks, comments and one word; false: another stands there. */
static bool skip_word(const char *sql, size_t len, size_t *at, const char *word)
{
    size_t begin = split_skip(sql, len, *at, true), end = begin;
    while (end < len && (ascii_is_alnum(sql[end]) || sql[end] == '_'))
        end++;
    if (end - begin != strlen(word) || !ascii_begins(sql + begin, word))
        return false;
    *at = end;
    return true;
}

static bool skip_char(const char *sql, size_t len, size_t *at, char c)
{
    size_t begin = split_skip(sql, len, *at, true);
    if (begin >= len || sql[begin] != c)
        return false;
    *at = begin + 1;
    return true;
}

const char *sqlite_needs_no_transaction(const char *sql, size_t len)
{
    static const struct {
        const char *pragma;
        bool only_sets; /* without a value it asks, which may be anywhere */
        const char *why;
    } rows[] = {
        {"journal_mode", true, "'PRAGMA journal_mode' cannot be set inside a transaction"},
        {"synchronous", true, "'PRAGMA synchronous' cannot be set inside a transaction"},
        {"temp_store", true, "'PRAGMA temp_store' cannot be set inside a transaction"},
        {"locking_mode", true, "'PRAGMA locking_mode' cannot be set inside a transaction"},
        {"wal_checkpoint", false, "'PRAGMA wal_checkpoint' cannot run inside a transaction"},
    };
    size_t at = 0;
    if (skip_word(sql, len, &at, "vacuum"))
        return "'VACUUM' cannot run inside a transaction";
    if (!skip_word(sql, len, &at, "pragma"))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t behind = at;
        bool has_schema = skip_word(sql, len, &behind, "main") && skip_char(sql, len, &behind, '.');
        behind = has_schema ? behind : at;
        if (!skip_word(sql, len, &behind, rows[i].pragma))
            continue;
        bool sets = skip_char(sql, len, &behind, '=') || skip_char(sql, len, &behind, '(');
        return sets || !rows[i].only_sets ? rows[i].why : NULL;
    }
    return NULL;
}
