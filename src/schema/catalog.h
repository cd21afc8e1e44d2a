/* A catalog: what a database says it holds, as records in one form for all engines. Pure.
 *
 * An object (a table, a column, an index, …) is a record: its kind, its name, the object that owns it, and properties. A
 * dialect's reader (reader.h) makes them of rows. Both sides of a comparison must come from the same reader: values are
 * compared as they are, so the reader writes what means the same in the same way.
 *
 *     struct catalog catalog;
 *     catalog_init(&catalog, &arena, DIALECT_SQLITE);
 *     catalog.group = "sqlite 3";
 *     struct object *task = catalog_add(&catalog, OBJECT_TABLE, NULL, "task");
 *     struct object *title = catalog_add(&catalog, OBJECT_COLUMN, "task", "title");
 *     object_set(title, ASPECT_SHAPE, "type", "text");
 *     object_set_number(title, ASPECT_ORDER, "position", 2);
 *
 * All that it is given is borrowed and must live as long as the arena. Memory grows with the records. Objects may be added
 * in any order: canonical.h sorts them.
 */
#ifndef SCHEMA_CATALOG_H
#define SCHEMA_CATALOG_H

#include "base/dialect.h"

struct arena;

/* Kinds that begin a line of the list have names of their own; those after a table have a table (or a view, a domain, …)
 * as their owner. The names are in catalog.c: they are words of the report and of `drift: ignore`. */
enum object_kind {
    OBJECT_DATABASE, /* what the database (or the schema) is as a whole; its name is "" */
    OBJECT_EXTENSION,
    OBJECT_SCHEMA, /* beside the tenant's own */
    OBJECT_ENUM,
    OBJECT_DOMAIN,
    OBJECT_COMPOSITE,
    OBJECT_RANGE,
    OBJECT_COLLATION,
    OBJECT_SEQUENCE, /* that belongs to no identity column */
    OBJECT_TABLE,
    OBJECT_VIRTUAL_TABLE, /* SQLite: fts5, rtree, … */
    OBJECT_FOREIGN_TABLE,
    OBJECT_VIEW,
    OBJECT_MATERIALIZED_VIEW,
    OBJECT_COLUMN,
    OBJECT_PRIMARY_KEY,
    OBJECT_UNIQUE, /* a constraint */
    OBJECT_FOREIGN_KEY,
    OBJECT_CHECK,
    OBJECT_EXCLUSION,
    OBJECT_INDEX, /* that no constraint has made */
    OBJECT_PARTITION,
    OBJECT_STATISTICS,
    OBJECT_TRIGGER,
    OBJECT_RULE,
    OBJECT_POLICY,
    OBJECT_FUNCTION, /* its name has the types of its arguments: `total(integer, text)` */
    OBJECT_PROCEDURE,
    OBJECT_AGGREGATE,
    OBJECT_OPERATOR,
    OBJECT_PACKAGE, /* MariaDB */
    OBJECT_EVENT,
    OBJECT_UNREAD, /* what is there and the reader does not read: catalog_add_unread */
    OBJECT__COUNT
};

/* Which part of a comparison a property is. Each can be left out (rules.h). */
enum aspect {
    ASPECT_SHAPE,      /* what the object is: always compared */
    ASPECT_NAMES,      /* a name that the database chose by itself */
    ASPECT_ORDER,      /* the position of a column, from 1 without gaps; the order of triggers */
    ASPECT_COMMENTS,   /* COMMENT ON */
    ASPECT_PRIVILEGES, /* GRANT */
    ASPECT_OWNERS,     /* also DEFINER */
    ASPECT_VERSIONS,   /* of extensions and collations */
    ASPECT_STORAGE,    /* tablespace, statistics target, …: nothing that a query could see */
    ASPECT__COUNT
};

struct property {
    enum aspect aspect;
    const char *name;  /* a word or two, lower case: "type", "default", "on delete" */
    const char *value; /* never NULL: what is not there is no property */
    /* The value as a statement can say it, where that differs from what is compared and the reading was asked for it; else
     * NULL. */
    const char *written;
};

struct object {
    struct catalog *catalog;
    enum object_kind kind;
    /* The table (view, domain, …) that it belongs to; NULL: it stands alone. */
    const char *owner;
    /* Relative to the tenant's schema: unqualified in it, "schema.name" elsewhere. As the database shows it. "": it has
     * none (an unnamed CHECK of SQLite). */
    const char *name;
    /* The database chose the name by itself, or it looks so (`task_title_idx`): the object is known by its shape, and by
     * its name only where names are compared. */
    bool has_automatic_name;
    struct property *properties;
    size_t property_count, property_capacity;
    /* The statement that makes it, as the database tells it, without a semicolon; NULL: it is not told, or it is a part of
     * its owner's. It is shown, and never compared. */
    const char *sql;
};

/* One object cannot be there without another, as the database knows it: a view without a column of its table. Both are
 * numbers of objects of the catalog. */
struct need {
    uint32_t object, needed;
    bool is_by_default; /* a column that only its default needs it for */
};

struct catalog {
    struct arena *arena;
    enum dialect_id dialect;
    /* Engine and major versions that tell one schema in the same words: "postgresql 16". Catalogs of two groups cannot be
     * compared. The reader sets it; never NULL after it. */
    const char *group;
    bool folds_names; /* names that differ in the case of ASCII letters alone are one name */
    struct object **objects;
    size_t object_count, object_capacity;
    /* None where the reading was not asked for them (reader.h). */
    struct need *needs;
    size_t need_count, need_capacity;
};

void catalog_init(struct catalog *catalog, struct arena *arena, enum dialect_id dialect);

/* A copy of all that is there, which borrows from nothing. */
struct catalog *catalog_copy(struct arena *arena, const struct catalog *catalog);

/* Adds an object. `owner` NULL: it stands alone. */
struct object *catalog_add(struct catalog *catalog, enum object_kind kind, const char *owner,
                           const char *name);

/* `count` objects of a kind that the reader does not read: "operator class". Nothing where it is 0. They take part in
 * comparisons by their number. */
void catalog_add_unread(struct catalog *catalog, const char *what, uint64_t count);

/* Adds a property; `value` NULL: nothing. The order does not matter; one name once. */
void object_set(struct object *object, enum aspect aspect, const char *name, const char *value);
void object_set_number(struct object *object, enum aspect aspect, const char *name, uint64_t value);

/* Adds "yes" where it is so; nothing elsewhere. */
void object_set_flag(struct object *object, enum aspect aspect, const char *name, bool is_so);

/* The value of a property; NULL: the object has none of that name. */
const char *object_get(const struct object *object, const char *name);

/* The number that is its property `position`, from 1; 0: it has none. */
unsigned long object_position(const struct object *object);

/* The same as a statement can say it. */
const char *object_get_written(const struct object *object, const char *name);

/* `task` or, of what a table owns, `task.title`; in the arena of the catalog. */
const char *object_full_name(const struct object *object);

/* "table", "materialized view", …: never NULL. */
const char *object_kind_name(enum object_kind kind);

/* The kind that `text` begins with, as a whole word (the longest one); *ret_len is its length. */
bool object_kind_find(const char *text, enum object_kind *ret_kind, size_t *ret_len) MUST_CHECK;

/* "names", "order", …: the words of `drift: ignore`. ASPECT_SHAPE is "shape". */
const char *aspect_name(enum aspect aspect);
bool aspect_find(const char *word, enum aspect *ret_aspect) MUST_CHECK;

#endif
