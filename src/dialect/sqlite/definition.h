/* What defines a column or a constraint of SQLite, as texts that a query can hold. Pure. */
#ifndef DIALECT_SQLITE_DEFINITION_H
#define DIALECT_SQLITE_DEFINITION_H

#include "dialect/deed.h"
#include "dialect/sqlite/tokens.h"

struct sqlite_definition {
    const char *type;         /* "": none */
    const char *fallback;     /* of DEFAULT; NULL: none, or NULL itself */
    const char *collation;    /* NULL: none is said */
    struct deed_texts checks; /* what stands in the parentheses of each */
    const char *parent;       /* REFERENCES; NULL: none */
    struct deed_texts parent_keys;
    bool is_not_null, is_unique, is_primary, is_generated;
};

/* The cursor stands at the column's name: of a CREATE TABLE's item, or after ALTER TABLE … ADD. */
struct sqlite_definition sqlite_read_definition(struct arena *arena, struct sqlite_cursor cursor);

/* Does what comes before the token, the name of a type, end with it? */
bool sqlite_ends_type(const struct sqlite_token *token);

/* The statement's text from there to `end` (NULL: to its own end, without the semicolon). */
const char *sqlite_text_between(struct arena *arena, struct sqlite_cursor begin,
                                const struct sqlite_cursor *end);

/* What stands in the parentheses that open here; steps over them. NULL: none open. */
const char *sqlite_take_inner(struct arena *arena, struct sqlite_cursor *cursor);

/* `(name COLLATE nocase, lower(x) DESC)`: each between parentheses, without how it is sorted; steps over them. */
struct deed_texts sqlite_take_keys(struct arena *arena, struct sqlite_cursor *cursor);

/* The name in grave accents: SQLite takes a name in double quotes that nothing has for a text. */
void sqlite_add_name(struct buf *buf, const char *name);

/* The value as a column of that type keeps it. */
const char *sqlite_with_affinity(struct arena *arena, const char *value, const char *type);

#endif
