/* Statements that make one catalog of another: what a dialect's emitter says, as pure functions. Whether they do it is proved by
 * running them (library/autogenerate.h), so an emitter need not know all that a database can do; what it does not know must
 * not lose data.
 */
#ifndef SCHEMA_EMIT_H
#define SCHEMA_EMIT_H

#include "schema/catalog.h"
#include "schema/rules.h"

struct buf;

struct emission {
    struct arena *arena; /* that of `from` */
    const struct catalog *from, *to;
    const struct catalog_rules *rules;
    /* Tables and columns (`task`, `task.prio`) that may be dropped with their rows. Others stay: what would drop them is
     * written as a comment with the reason. */
    const char *const *allowed;
    size_t allowed_count;
    bool *is_allowance_used; /* of each; NULL: no one asks */
    bool allows_all;
    /* Statements promise nothing of how the server goes about them (ALGORITHM, LOCK): what they promised did not hold. */
    bool is_cautious;
    struct buf *before; /* appended to: what runs first, outside a transaction */
    struct buf *sql;    /* what runs in one */
    struct buf *later;  /* and what runs after it, outside one */
    /* What runs after `sql`, in the same way, once tables and columns have the names by which views and triggers of `to` call
     * them: see forgets_renames. NULL: `sql` is right for it. */
    struct buf *last;
    /* What stays. */
    const struct object **withheld;
    size_t withheld_count, withheld_capacity;
    /* What no statement is written for, and why not. */
    struct emission_refusal *refusals;
    size_t refusal_count, refusal_capacity;
};

struct emission_refusal {
    const struct object *object;
    const char *reason; /* a sentence, without a full stop */
};

struct catalog_emitter {
    void (*change)(struct emission *emission); /* call emission_change */
    bool promises; /* its statements say how the server goes about them: see is_cautious */
    /* A view goes on naming what a table or column was called before a rename, and does not work then. So on the way back
     * views and triggers are those of before the renames, and are made after them. */
    bool forgets_renames;
};

/* A property that the statements for objects of a kind cannot do without. */
struct emission_need {
    enum object_kind kind;
    const char *property;
    const char *beside; /* only where the object has this property, too; NULL: always */
};

/* Have the objects of both catalogs all that they need? A server that is asked for the text of an object tells none where another
 * session has dropped it meanwhile. Where something lacks, nothing is true of the whole, so the emitter writes nothing: each such
 * object is refused, with the reason. */
bool emission_has_all(struct emission *emission, const struct emission_need *needs,
                      size_t count) MUST_CHECK;

/* Writes the statements. A catalog that has two objects of one kind and name at one place (twins.h) is refused: nothing is written. */
void emission_change(const struct catalog_emitter *emitter, struct emission *emission);

/* May the rows of this table or column be lost? Else it is among what stays. */
bool emission_may_drop(struct emission *emission, const struct object *object);

/* It stays for another reason. */
void emission_withhold(struct emission *emission, const struct object *object);

/* There are no statements for it: nothing is written, and the reason is told. */
void emission_refuse(struct emission *emission, const struct object *object, const char *reason);

/* All parts in one text, in the arena of `from`: a comment stands before what runs outside a transaction, and for what no statement
 * is written. "": there is nothing to do. The emission needs no `before`, `sql` and `later`. */
const char *emission_text(const struct catalog_emitter *emitter, struct emission *emission);

/* The statements that make all that the catalog has in an empty database of its kind, in an order in which the database takes them. The
 * catalog must have been read for an emitter (reader.h). A comment stands for what no statement is written. */
const char *emission_of_all(const struct catalog_emitter *emitter, struct arena *arena,
                            const struct catalog *catalog);

/* Appends the text without line breaks, for a comment of one line. */
void emission_add_line(struct buf *sql, const char *text);

#endif
