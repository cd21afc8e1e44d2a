#include "driver/sqlite_fence.h"

#include "base/compiler.h"

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
