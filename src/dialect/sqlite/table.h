/* What a CREATE TABLE of SQLite says, as records. Pure.
 *
 * The text is one that SQLite has kept, so its grammar holds; what is not understood all the same becomes the property "rest"
 * of its column or table, and is never silently equal.
 */
#ifndef DIALECT_SQLITE_TABLE_H
#define DIALECT_SQLITE_TABLE_H

#include "dialect/sqlite/tokens.h"

struct catalog;
struct object;

/* `cursor` stands after the table's name. */
void sqlite_read_table(struct object *table, struct sqlite_cursor cursor);

/* The tokens between two places, written in one way; in the arena of the catalog. */
const char *sqlite_text(struct catalog *catalog, struct sqlite_cursor begin,
                        const struct sqlite_cursor *end);

/* The columns of a key or an index between parentheses, where the cursor stands: `name collate nocase desc, n`. ASC is left
 * out, for it is the default. NULL: no parenthesis stands there. */
const char *sqlite_take_columns(struct catalog *catalog, struct sqlite_cursor *cursor);

#endif
