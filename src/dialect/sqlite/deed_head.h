/* What a statement's words say of what it does, whether it can be prepared or not. */
#ifndef DIALECT_SQLITE_DEED_HEAD_H
#define DIALECT_SQLITE_DEED_HEAD_H

#include "base/compiler.h"
#include "dialect/deed.h"
#include "dialect/sqlite/tokens.h"

struct arena;

struct deed_head {
    int action; /* as the authorizer would call it (SQLITE_CREATE_TABLE …); 0: none of those */
    unsigned flags; /* of its deeds */
    const char *table, *name;
    struct sqlite_cursor rest; /* after the name */
};

struct deed_head sqlite_read_head(struct arena *arena, const char *sql);

/* NULL: no name stands here. */
const char *sqlite_take_name(struct arena *arena, struct sqlite_cursor *cursor);

/* Outside parentheses, from here on. */
bool sqlite_has_word(struct sqlite_cursor cursor, const char *word);

/* Has the rest of an UPDATE or DELETE a WHERE of its own that may be false? (deed_rows.c) */
bool sqlite_leaves_rows_out(struct sqlite_cursor cursor);

/* A DEED_INSERT for each fixed number that a row of VALUES or a SELECT gives a column; after the table's name. (deed_rows.c) */
void sqlite_add_number_deeds(struct deeds *deeds, struct sqlite_cursor columns, const char *table);

/* Has it the literal 'now'? */
bool sqlite_has_now(const char *sql);

/* After the column's name; as far as the definition goes. */
void sqlite_read_column(struct arena *arena, struct sqlite_cursor *cursor, struct deed *deed);

/* A DEED_COLUMN for each column of a CREATE TABLE. */
void sqlite_add_column_deeds(struct deeds *deeds, const char *sql, const char *table);

#endif
