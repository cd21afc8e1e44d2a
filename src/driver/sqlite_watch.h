/* What a revision breaks that drops or renames tables while foreign keys are off: rows that lose their parent, and
 * foreign keys that have lost the key they refer to. What was broken before is not blamed on it. And what a rebuilt
 * table has lost: its triggers and indexes go with the old one.
 *
 *     struct sqlite_watch watch = {0};
 *     sqlite_watch_begin(&watch, db);             …the revision's statements…
 *     sqlite_watch_end(&watch, db, &err);  err says what it broke
 *     sqlite_watch_done(&watch);
 *
 * Both look at all rows that refer to others: to be asked only where a table is dropped or renamed. Without a
 * begin, all that is broken counts as new. Both return SQLITE_DONE, or the code of what kept them from looking.
 */
#ifndef DRIVER_SQLITE_WATCH_H
#define DRIVER_SQLITE_WATCH_H

#include <sqlite3.h>

#include "base/compiler.h"

struct buf;
struct err;

/* References that lead nowhere, by the value that they hold: a rebuild may move rows and rename tables. */
struct sqlite_watch {
    uint64_t *broken; /* hashes; sorted once all are there */
    size_t count, capacity;
    size_t old_count; /* filled by _end: broken before, and still */
    /* triggers and indexes: type, name, table, each with its NUL; NULL: not begun */
    struct buf *parts;
};

int sqlite_watch_begin(struct sqlite_watch *watch, sqlite3 *db) MUST_CHECK;
int sqlite_watch_end(struct sqlite_watch *watch, sqlite3 *db, struct err *err) MUST_CHECK;
/* A trigger or an index that was there at the beginning is not any more, though its table is, and `sql`
 * (NUL-terminated, the revision's statements) does not drop it by name. */
typedef void (*sqlite_lost_fn)(void *ctx, const char *type, const char *name, const char *table);
int sqlite_watch_lost(const struct sqlite_watch *watch, sqlite3 *db, const char *sql,
                      sqlite_lost_fn fn, void *ctx) MUST_CHECK;

void sqlite_watch_done(struct sqlite_watch *watch);

#endif
