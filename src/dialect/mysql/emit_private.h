/* What emit.c puts in order, emit_table.c and emit_alter.c write of tables, emit_column.c of columns, emit_keys.c of keys and constraints, emit_index.c finds, and
 * emit_routine.c of what holds code. Only emit*.c include this. */
#ifndef DIALECT_MYSQL_EMIT_PRIVATE_H
#define DIALECT_MYSQL_EMIT_PRIVATE_H

#include "base/buf.h"
#include "base/map.h"
#include "schema/compare.h"
#include "schema/emit.h"

/* Places of a foreign key, of its table, and of that which it refers to. SIZE_MAX: there is none. */
struct emit_key {
    size_t place, child, parent;
};

/* What is known of one of the catalogs, by the places of its objects. */
struct emit_side {
    const struct catalog *catalog;
    struct map names, owners;
    size_t *members; /* places: those of an owner stand together, from `starts` of its number on */
    const size_t *starts;
    struct emit_key *keys; /* the foreign keys */
    size_t key_count;
    bool *is_blocked; /* of tables, for mysql_emit_next_table */
    const char *
        *targets; /* the table that a foreign key refers to; "": it is of another database */
    const struct difference **differences; /* NULL: it is the same in both */
};

/* Places of what one table owns. */
struct members {
    const size_t *places;
    size_t count;
};

struct emitting {
    struct emission *emission;
    struct arena *arena;
    struct buf *sql;
    struct comparison comparison;
    struct emit_side sides[2]; /* `from`, `to` */
    struct buf key;            /* to look for */
    bool *goes;    /* of the objects of `from`: it is dropped, perhaps only for a while */
    bool *is_made; /* of the objects of `to`: it is made, perhaps again */
    bool *
        stays; /* of the objects of `from`: it does not become what it should, for rows would be lost */
    bool is_mariadb;
    const char *sql_mode, *time_zone; /* that were set last; NULL: the session's own */
};

/* What a change of a table costs, from the least to the most. What is not known is left to the server. */
enum cost {
    COST_INSTANT,
    COST_NOCOPY,
    COST_NOCOPY_SHARED, /* others may read, and not write */
    COST_INPLACE,
    COST_COPY,
    COST_UNKNOWN,
};

/* ---- emit.c ---- */

bool mysql_emit_goes(struct emitting *emitting, const struct object *object);
bool mysql_emit_is_made(struct emitting *emitting, const struct object *object);
void mysql_emit_set_goes(struct emitting *emitting, const struct object *object);
void mysql_emit_set_made(struct emitting *emitting, const struct object *object);

/* What `to` has in the place of an object of `from`: the same, or what it changes into. NULL: nothing. */
const struct object *mysql_emit_become(struct emitting *emitting, const struct object *object);

bool *mysql_emit_copy_flags(struct emitting *emitting, const bool *flags, size_t count);
bool mysql_emit_is_of(const struct object *object, const char *table);
bool mysql_emit_differs(const struct difference *difference, const char *property);

/* `before`, the value as it is, `after`; nothing where there is no value (NULL). */
void mysql_emit_add_value(struct buf *sql, const char *before, const char *value,
                          const char *after);

/* `before`, the quoted name, `after` */
void mysql_emit_add_name(struct buf *sql, const char *before, const char *name, const char *after);

/* A text of the catalog as a statement has it: the database is not named. */
const char *mysql_emit_text(struct emitting *emitting, const char *text);

/* Is the name one of the text's words? */
bool mysql_emit_mentions(const char *text, const char *name);

/* ---- emit_index.c ---- */

/* Once the comparison is made. */
void mysql_emit_index(struct emitting *emitting);
void mysql_emit_index_done(struct emitting *emitting);
const struct emit_side *mysql_emit_side(const struct emitting *emitting,
                                        const struct catalog *catalog);

/* The place of an object in its catalog. */
size_t mysql_emit_place(struct emitting *emitting, const struct object *object);

/* What stands alone, by its name; what has the owner and name of another object. NULL: there is none. */
const struct object *mysql_emit_find(struct emitting *emitting, const struct catalog *catalog,
                                     enum object_kind kind, const char *name);
const struct object *mysql_emit_find_part(struct emitting *emitting, const struct catalog *catalog,
                                          enum object_kind kind, const struct object *like);

/* What a table owns; what has no owner, for "". */
struct members mysql_emit_members(const struct emitting *emitting, const struct catalog *catalog,
                                  const char *owner);

/* NULL: the object is the same in both. */
const struct difference *mysql_emit_difference(struct emitting *emitting,
                                               const struct object *object);

/* The table that a foreign key refers to; "": it is of another database. */
const char *mysql_emit_target(struct emitting *emitting, const struct object *key);

/* The column at that position, from 1. NULL: the table has no more. */
const struct object *mysql_emit_column_at(const struct emitting *emitting,
                                          const struct object *table, size_t position);

/* ---- emit_column.c ---- */

/* `` `a` int(11) NOT NULL DEFAULT 5``. The table is that which it belongs to, by its character set; NULL: all is said. */
void mysql_emit_add_column(struct emitting *emitting, struct buf *sql, const struct object *column,
                           const struct object *table);

bool mysql_emit_is_generated(const struct object *column);

/* Can rows be lost when a column becomes the other one? */
bool mysql_emit_narrows(const struct object *from, const struct object *to);

/* The column must be dropped and added: no MODIFY leads there. */
bool mysql_emit_is_regenerated(const struct object *from, const struct object *to);

enum cost mysql_emit_cost_of_new(const struct object *column);
enum cost mysql_emit_cost_of_change(const struct difference *difference);

/* ---- emit_keys.c ---- */

/* Is it a key or a constraint, and no foreign key? */
bool mysql_emit_is_key(enum object_kind kind);

/* `UNIQUE KEY `u` (`a`)`, `CONSTRAINT `c` CHECK (…)`, …: as CREATE TABLE and ADD have it. With `is_named` false a name that
 * the server has chosen is left to it. */
void mysql_emit_add_key(struct emitting *emitting, struct buf *sql, const struct object *key,
                        bool is_named);

/* `INDEX `u``, `PRIMARY KEY`, `CONSTRAINT `c``: what comes after DROP. */
void mysql_emit_add_dropped(const struct emitting *emitting, struct buf *sql,
                            const struct object *key);

enum cost mysql_emit_cost_of_key(struct emitting *emitting, const struct object *key,
                                 bool is_dropped);

/* Marks the foreign keys that must go for a while, since what they join changes under them. */
void mysql_emit_judge_foreign_keys(struct emitting *emitting);

/* Appends `ADD INDEX …` for each foreign key that stays and loses the index that it needs; what it begins with is `*separator`,
 * which is ", " after the first. False: there is none. */
bool mysql_emit_keep_index(struct emitting *emitting, struct buf *sql, const char *table,
                           const char **separator);

/* Foreign keys that go, with the indexes that the server has made for them; those that come. */
void mysql_emit_drop_foreign_keys(struct emitting *emitting);
void mysql_emit_make_foreign_keys(struct emitting *emitting);

/* ---- emit_table.c ---- */

void mysql_emit_make_tables(struct emitting *emitting);

/* The place of the next table to make or to drop, of those that are left: one that refers to none of the others, or to which
 * none refers; where they refer to one another, any. SIZE_MAX: none is left. */
size_t mysql_emit_next_table(struct emitting *emitting, const struct catalog *catalog,
                             const bool *left, bool drops);

/* `PARTITION BY …` with the list of partitions */
void mysql_emit_add_partitions(struct emitting *emitting, struct buf *sql,
                               const struct object *table);

/* ---- emit_alter.c ---- */

void mysql_emit_change_tables(struct emitting *emitting);

/* The statement that would make a column what it is to be, for a comment. */
const char *mysql_emit_modify(struct emitting *emitting, const struct object *column);

/* ---- emit_table.c ---- */

/* Tables that go: with `is_early` those whose names are wanted for something else, then the others. */
void mysql_emit_drop_tables(struct emitting *emitting, bool is_early);

/* Appends `ALGORITHM=…, LOCK=…` to a statement, where it is known. */
void mysql_emit_add_cost(const struct emitting *emitting, struct buf *sql, enum cost cost);

/* Is the table one of which is known what changes cost? */
bool mysql_emit_is_weighed(struct emitting *emitting, const char *table);

/* ---- emit_routine.c ---- */

/* Triggers, events and views that go; routines, views, triggers and events that come or change; routines that go. */
void mysql_emit_drop_code(struct emitting *emitting);
void mysql_emit_make_code(struct emitting *emitting);
void mysql_emit_drop_routines(struct emitting *emitting);

#endif
