/* What the files of PostgreSQL's emitter share: both catalogs as parts with what they need of each other, and the actions that lead
 * from one to the other. Only emit*.c include this.
 *
 *     emit_parts.c    pairs the objects of both sides, and knows who needs whom
 *     emit_judge.c    decides what becomes of each part: it stays, changes in place, goes, or goes and comes again
 *     emit_in_place.c knows which differences can be made good while the object stays
 *     emit_actions.c  makes actions of that and puts them in an order in which nothing is missed
 *     emit_run.c      runs them
 *     emit_*.c        write the statements of an action, by kind of object
 */
#ifndef DIALECT_POSTGRES_EMIT_PRIVATE_H
#define DIALECT_POSTGRES_EMIT_PRIVATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/postgres/emit_text.h"
#include "schema/compare.h"
#include "schema/emit.h"

#define NOWHERE UINT32_MAX

#define OWN_SEQUENCE "nextval(own sequence)"

enum fate {
    FATE_STAYS,
    FATE_CHANGES, /* in place */
    FATE_GOES,
    FATE_REMADE, /* it goes and comes again */
};

/* A part's action of each kind there is at most one. */
enum deed {
    DEED_ADD_VALUES,  /* of an enum, before all else and outside a transaction */
    DEED_DEFAULT_OFF, /* of a column: what its default needs goes, or its type changes */
    DEED_DROP,
    DEED_RENAME_AWAY, /* of a type that columns use until they have its successor's */
    DEED_RETYPE,      /* of a column: all but its default and NOT NULL */
    DEED_ALTER,
    DEED_MAKE,
    DEED_DEFAULT_ON, /* also of an identity */
    DEED_NOT_NULL,
    DEED_FINISH, /* what needs another object that is made after it */
    DEED_COMMENT,
    DEED__COUNT
};

struct part {
    const struct object *object;
    uint32_t twin;  /* the same object on the other side; NOWHERE: there is none */
    uint32_t owner; /* the table, view or domain that it belongs to; NOWHERE */
    bool is_ignored;
    bool is_inherited;                   /* it is a parent's, of a table whose parents change */
    const struct difference *difference; /* NULL: nothing differs */
    enum fate fate;                      /* of the side that is left */
    bool is_made;                        /* of the side that is to be */
    bool is_along;                       /* it goes, or is made, with its owner */
    bool is_withheld;
    bool is_retyped;      /* a column whose type changes, if only to its type's successor */
    bool is_default_off;  /* a column whose default must go for a while */
    bool is_renamed_away; /* a type: see DEED_RENAME_AWAY */
    bool is_restored;     /* no part of the comparison, and made again as it was */
    uint32_t actions[DEED__COUNT]; /* NOWHERE: none */
};

struct link {
    uint32_t from, to;
    bool is_by_default;
};

/* One catalog. */
struct side {
    const struct catalog *catalog;
    struct part *parts; /* sorted: see emit_parts.c */
    size_t count;
    struct link *needs; /* `from` needs `to`; sorted by `from` */
    struct link *users; /* `to` needs `from`; sorted by `from` */
    size_t link_count;
};

/* Of an action: see emission.h. */
enum { STAGE_BEFORE, STAGE_TRANSACTION, STAGE_LATER };

struct action {
    enum deed deed;
    uint32_t from, to; /* parts; NOWHERE */
    unsigned rank;
    unsigned stage;      /* STAGE_…: before, in or after the transaction */
    size_t waits_for;    /* so many others */
    uint32_t first_edge; /* of those that wait for it */
    bool is_done;
};

struct edge {
    uint32_t to, next;
};

struct emitting {
    struct emission *emission;
    struct arena *arena;
    struct side from, to;
    struct comparison comparison;
    struct action *actions;
    size_t action_count, action_capacity;
    struct edge *edges;
    size_t edge_count, edge_capacity;
    /* of the action in hand */
    const struct action *action;
    struct buf *sql;
};

/* ---- parts (emit_parts.c) ---- */

void postgres_emit_read(struct emitting *emitting);

/* Those whose `from` is the part. */
const struct link *postgres_emit_links(const struct link *links, size_t count, uint32_t part,
                                       size_t *ret_count);

/* A part by its identity; NOWHERE. */
uint32_t postgres_emit_find(const struct side *side, enum object_kind kind, const char *owner,
                            const char *name);

/* The first part that does not stand before this identity. */
uint32_t postgres_emit_first(const struct side *side, const struct object *identity);

/* The table, foreign table, view, materialized view or domain of that name; NOWHERE. */
uint32_t postgres_emit_find_owner(const struct side *side, const char *name);

static inline struct part *postgres_emit_owner(const struct side *side, const struct part *part)
{
    return part->owner == NOWHERE ? NULL : &side->parts[part->owner];
}

bool postgres_emit_is_view(enum object_kind kind);
bool postgres_emit_is_table(enum object_kind kind);
bool postgres_emit_is_type(enum object_kind kind);
bool postgres_emit_is_routine(enum object_kind kind);
bool postgres_emit_is_constraint(enum object_kind kind);
bool postgres_emit_is_serial(const struct object *column);
const char *postgres_emit_generated(const struct object *column);

/* Is the sequence the one that its column's default `nextval(own sequence)` takes numbers of? *ret_column: the column. */
bool postgres_emit_is_own_sequence(const struct side *side, const struct object *sequence,
                                   uint32_t *ret_column);

/* Does `serial` make just this sequence? */
bool postgres_emit_is_plain_serial(const struct object *sequence, const struct object *column);

bool postgres_emit_differs(const struct difference *difference, const char *property);
bool postgres_emit_is_shape(const struct difference *difference);

/* Two values that may be NULL. */
bool postgres_emit_is_same(const char *a, const char *b);

/* ---- judging (emit_judge.c) ---- */

void postgres_emit_judge(struct emitting *emitting);

/* ---- changing in place (emit_in_place.c) ---- */

/* Can it, where an object of this kind differs in its shape? */
bool postgres_emit_can_alter(struct emitting *emitting, const struct difference *difference);

/* Does a parent of its table have the column, or a constraint, index or trigger like this one? */
bool postgres_emit_is_inherited(struct emitting *emitting, const struct side *side,
                                const struct object *object);

/* ---- actions (emit_actions.c) ---- */

void postgres_emit_plan(struct emitting *emitting);

/* ---- running (emit_run.c) ---- */

void postgres_emit_run(struct emitting *emitting);

/* ---- statements ---- */

/* The objects of the action in hand; NULL. */
const struct object *postgres_emit_from(const struct emitting *emitting);
const struct object *postgres_emit_to(const struct emitting *emitting);

/* Is the table of the action's object one that has rows already, so that nothing may keep others from it for long? */
bool postgres_emit_is_of_old(const struct emitting *emitting);

/* The text for a statement, of a property. */
const char *postgres_emit_get(const struct emitting *emitting, const struct object *object,
                              const char *property);

/* A comment of one line, in which control characters are blanks. */
void postgres_emit_note(struct emitting *emitting, const char *format, ...) PRINTF_LIKE(2, 3);

/* What comes after the transaction. Where the action itself does, the same as emitting->sql. */
struct buf *postgres_emit_later(struct emitting *emitting);

/* Of each kind of deed, by the kind of the object. */
void postgres_emit_drop(struct emitting *emitting);
void postgres_emit_make(struct emitting *emitting);
void postgres_emit_alter(struct emitting *emitting);
void postgres_emit_finish(struct emitting *emitting);
void postgres_emit_comment(struct emitting *emitting, const struct object *object,
                           const char *comment);

/* The trigger of a parent's table that this one is, but for its state; NOWHERE: it is one of its own. */
uint32_t postgres_emit_parents_trigger(struct emitting *emitting, const struct side *side,
                                       const struct object *trigger);

/* emit_table.c */
void postgres_emit_make_table(struct emitting *emitting);
void postgres_emit_alter_table(struct emitting *emitting);
void postgres_emit_finish_table(struct emitting *emitting);

void postgres_emit_add_options(struct buf *sql, struct arena *arena, const char *options);
void postgres_emit_add_parameters(struct buf *sql, struct arena *arena, const char *parameters);
void postgres_emit_set_parameters(struct emitting *emitting, const char *alter, const char *name,
                                  const char *const lists[2]);

/* emit_column.c */
void postgres_emit_add_column(struct buf *sql, struct emitting *emitting,
                              const struct object *column);
void postgres_emit_make_column(struct emitting *emitting);
void postgres_emit_set_inherited(struct emitting *emitting, const struct object *column);
void postgres_emit_reset_inherited(struct emitting *emitting, const struct object *column);
void postgres_emit_default_off(struct emitting *emitting);
void postgres_emit_default_on(struct emitting *emitting);
void postgres_emit_retype(struct emitting *emitting);
/* Alone; `from` and `to` are the column on both sides. */
void postgres_emit_change_type(struct emitting *emitting, const struct object *from,
                               const struct object *to);
void postgres_emit_not_null(struct emitting *emitting);
void postgres_emit_column_storage(struct emitting *emitting, const struct object *column,
                                  const struct difference *difference);

/* emit_constraint.c */
const char *postgres_emit_name(const struct emitting *emitting, const struct object *object);
void postgres_emit_make_constraint(struct emitting *emitting);
void postgres_emit_alter_constraint(struct emitting *emitting);
void postgres_emit_make_index(struct emitting *emitting);

/* emit_type.c */
void postgres_emit_make_type(struct emitting *emitting);
void postgres_emit_alter_type(struct emitting *emitting);
void postgres_emit_add_values(struct emitting *emitting);
void postgres_emit_rename_away(struct emitting *emitting);
void postgres_emit_sequence(struct emitting *emitting, const char *words,
                            const struct object *sequence);
const char *postgres_emit_away_name(struct emitting *emitting, const struct object *type);

/* emit_routine.c */
void postgres_emit_make_routine(struct emitting *emitting);
bool postgres_emit_can_replace(const struct object *from, const struct object *to);

const char *postgres_emit_signature(const struct emitting *emitting, const struct object *routine);

/* narrow.c */
enum narrowing {
    NARROWING_NONE,
    NARROWING_MAY_FAIL, /* a value that does not fit is an error */
    NARROWING_MAY_LOSE, /* a value that does not fit is rounded or cut off without a word */
};
enum narrowing postgres_narrowing(struct arena *arena, const char *from, const char *to);

/* Does the server surely know a cast from the one to the other? */
bool postgres_has_cast(struct arena *arena, const char *from, const char *to);

#endif
