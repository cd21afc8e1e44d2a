/* Statements that make one catalog of SQLite's another. Pure.
 *
 * SQLite keeps the text of what it has made, so whatever is to be there is made by the text of the catalog that has it. A table
 * changes in place where columns are added that ALTER TABLE can add; else it is made anew, and its rows are copied.
 */
#ifndef DIALECT_SQLITE_EMIT_H
#define DIALECT_SQLITE_EMIT_H

#include "schema/emit.h"

extern const struct catalog_emitter sqlite_emitter;

#endif
