/* What a statement of SQLite does, by the library's own parser (deed.h): it prepares the statement in a database in memory, where
 * the chain's earlier changes of the schema were made, and its authorizer tells what the statement would do. What it does not tell
 * (how a column is defined, say) is read from the tokens. */
#ifndef DIALECT_SQLITE_DEEDS_H
#define DIALECT_SQLITE_DEEDS_H

#include "dialect/deed.h"

/* Members of struct dialect. */
void *sqlite_open_deeds(void);
void sqlite_close_deeds(void *reader);
void sqlite_read_deeds(void *reader, const char *sql, size_t len, struct deeds *deeds);
void sqlite_mark_deeds(void *reader);
void sqlite_undo_deeds(void *reader);

#endif
