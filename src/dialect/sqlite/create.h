/* The text of a CREATE TABLE of SQLite as its parts: what each column is defined by. Pure. */
#ifndef DIALECT_SQLITE_CREATE_H
#define DIALECT_SQLITE_CREATE_H

#include "base/compiler.h"

struct arena;

struct create_item {
    const char *text; /* of the definition, without the comma; borrowed from the statement */
    size_t len;
    const char *column; /* its name; NULL: it is a constraint of the table */
};

struct create_table {
    const char *body; /* from the parenthesis after the table's name on; NULL: there is none */
    struct create_item *items;
    size_t count, capacity;
};

/* The statement is borrowed; the rest lives in the arena. */
void create_table_read(struct arena *arena, const char *sql, struct create_table *ret);

/* What defines that column, in any case of letters; NULL: none does. */
const struct create_item *create_table_find(const struct create_table *create, const char *column);

/* Does the definition hold this keyword? */
bool create_item_has(struct arena *arena, const struct create_item *item, const char *word);

#endif
