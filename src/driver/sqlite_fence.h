/* What a revision may not do in SQLite: end our transaction, or reach outside the tenant's file.
 *
 *     struct sqlite_fence fence = {0};
 *     sqlite_fence_put(db, &fence);
 *     fence.is_revision = true;       …before a revision's statements
 *
 * The caller owns the fence, which must outlive the connection.
 */
#ifndef DRIVER_SQLITE_FENCE_H
#define DRIVER_SQLITE_FENCE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

struct sqlite_fence {
    bool is_revision;   /* the statements are a revision's; ours may do all */
    bool is_preparing;  /* a statement of theirs, not what it does within (VACUUM) */
    bool has_settings;  /* some of the connection's have been changed */
    const char *denied; /* why SQLITE_AUTH was the answer; static text */
};

void sqlite_fence_put(sqlite3 *db, struct sqlite_fence *fence);

/* Before another revision: takes back the settings that decide what its statements mean. */
void sqlite_fence_reset(sqlite3 *db, struct sqlite_fence *fence);

#endif
