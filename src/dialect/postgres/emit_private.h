/* What emit.c puts in order, emit_table.c writes of tables, and emit_comments.c of comments. Only emit*.c include this. */
#ifndef DIALECT_POSTGRES_EMIT_PRIVATE_H
#define DIALECT_POSTGRES_EMIT_PRIVATE_H

#include "schema/compare.h"
#include "schema/emit.h"

struct emitting {
    struct emission *emission;
    struct buf *sql;
    struct comparison comparison;
    bool *goes;    /* of the objects of `from`: it is dropped, perhaps only for a while */
    bool *is_made; /* of the objects of `to`: it is made, perhaps again */
};

/* The place of the same object in the other catalog; SIZE_MAX: it has none. */
size_t postgres_emit_find(const struct catalog *catalog, const struct object *object);

/* Has the object of `to` a table that is new? Then nothing waits for it. */
bool postgres_emit_is_of_new(const struct emitting *emitting, const struct object *object);

/* In what the shape differs, and not what is said of it (comments). */
bool postgres_emit_is_shape(const struct difference *difference);

/* `ALTER TABLE "t" ` */
void postgres_emit_add_alter(struct emitting *emitting, const char *table);

/* New tables without constraints; columns that come, change and go; tables that go. */
void postgres_emit_make_tables(struct emitting *emitting);
void postgres_emit_change_columns(struct emitting *emitting);

/* Constraints that go, foreign keys first; those that come, foreign keys last. */
void postgres_emit_drop_constraints(struct emitting *emitting);
void postgres_emit_make_constraints(struct emitting *emitting);

/* What is said of objects, where it differs. */
void postgres_emit_make_comments(struct emitting *emitting);

#endif
