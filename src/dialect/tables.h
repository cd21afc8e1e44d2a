/* Which tables statements make and leave, as far as their words tell. Pure.
 *
 * This is no catalog: what a function, a DO block or EXECUTE does is not seen, and a table whose fate is
 * unclear counts as gone. So each table of the list was made, and no statement dropped it by name; there may be
 * other tables.
 *
 *     struct tables tables = {.arena = arena};
 *     for (…each statement, in the order they run…)
 *         tables_follow(&tables, dialect, sql, len);
 */
#ifndef DIALECT_TABLES_H
#define DIALECT_TABLES_H

#include "dialect/dialect.h"

struct table_name {
    const char *schema; /* NULL: the statement names none */
    const char *name;   /* as the catalog has it, but that SQLite knows no case of letters */
};

struct tables {
    struct arena *arena; /* of the names and the list */
    struct table_name *items;
    size_t count, capacity;
    /* some statement speaks of search_path: a name without a schema may be anywhere */
    bool has_own_path;
};

void tables_follow(struct tables *tables, const struct dialect *dialect, const char *sql,
                   size_t len);

#endif
