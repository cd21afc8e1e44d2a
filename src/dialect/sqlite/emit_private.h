/* What emit.c decides, and emit_table.c writes. Only emit*.c include this. */
#ifndef DIALECT_SQLITE_EMIT_PRIVATE_H
#define DIALECT_SQLITE_EMIT_PRIVATE_H

#include "schema/compare.h"
#include "schema/emit.h"

/* What becomes of an object of `from`. */
enum fate {
    FATE_STAYS,
    FATE_GOES,        /* a statement of its own drops it; where `to` has it, it is made anew */
    FATE_GOES_ALONG,  /* with its table or view */
    FATE_IS_REBUILT,  /* a table */
    FATE_IS_WITHHELD, /* it would go, but must not */
};

struct emitting {
    struct emission *emission;
    struct buf *sql;
    struct comparison comparison;
    enum fate *fates; /* of the objects of `from` */
    bool *is_made;    /* of the objects of `to`: a statement of its own makes it */
    bool has_rebuilds;
};

/* Does the table or view own the object? */
bool sqlite_emit_is_of(const struct object *object, const struct object *owner);

/* The object of that kind and name (`owner` NULL: anyone's); SIZE_MAX: there is none. */
size_t sqlite_emit_find_like(const struct catalog *catalog, const struct object *object);

/* Appends the name as an identifier between two texts; and a comment of one line. */
void sqlite_emit_add_name(struct emitting *emitting, const char *before, const char *name,
                          const char *after);
void sqlite_emit_add_comment(struct emitting *emitting, const char *text);

/* Adds the columns to the table of `to` that it lacks. */
void sqlite_emit_grow(struct emitting *emitting, const struct object *table);

/* Makes the table anew, with the rows of `old`. */
void sqlite_emit_rebuild(struct emitting *emitting, const struct object *old,
                         const struct object *table);

#endif
