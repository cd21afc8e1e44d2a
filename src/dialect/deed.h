/* What a statement does to a schema and to rows, as far as its own text tells: one deed for each thing that it does, in one
 * form for all dialects. Pure.
 *
 * A reader is an engine's: PostgreSQL's parse tree, SQLite's authorizer, MariaDB's tokens. What a function's body or a DO block
 * does is not seen. Texts live in the arena of the list, or for ever.
 *
 *     struct deeds deeds = {.arena = &arena};
 *     void *reader = dialect->open_deeds ? dialect->open_deeds() : NULL;
 *     for (…each statement, in the order they run…)
 *         dialect->read_deeds(reader, sql, len, &deeds);
 *     if (dialect->close_deeds)
 *         dialect->close_deeds(reader);
 */
#ifndef DIALECT_DEED_H
#define DIALECT_DEED_H

#include "base/compiler.h"

struct arena;

enum deed_kind {
    DEED_CREATE_TABLE,
    DEED_COLUMN, /* a column of a table that the same statement creates */
    DEED_ADD_COLUMN,
    DEED_DROP_COLUMN,
    DEED_SET_NOT_NULL,
    DEED_DROP_NOT_NULL,
    DEED_SET_TYPE, /* and, in MariaDB's MODIFY and CHANGE, whatever else defines a column */
    DEED_ADD_CHECK,
    DEED_ADD_FOREIGN_KEY,
    DEED_ADD_UNIQUE, /* a constraint; also DEED_PRIMARY_KEY */
    DEED_VALIDATE,   /* the constraint `name` */
    DEED_DROP_CONSTRAINT,
    DEED_CREATE_INDEX,
    DEED_DROP_INDEX,
    DEED_DROP_TABLE,
    DEED_TRUNCATE,
    DEED_RENAME,    /* `what` says a thing of which kind: `table`, `column`, `enum value` */
    DEED_COPY_ROWS, /* INSERT … SELECT: into `table`, from `other` */
    DEED_INSERT,
    DEED_UPDATE,
    DEED_DELETE,
    DEED_ENUM_ADD,      /* a value `name` for the type `table` */
    DEED_SET,           /* the setting `name` to `what` */
    DEED_SERVER_WIDE,   /* `what`: `CREATE ROLE` */
    DEED_NAME_SCHEMA,   /* `schema`, which `what` calls a schema or database, is named */
    DEED_REWRITE,       /* `what`: `CLUSTER`, `VACUUM FULL` */
    DEED_TRIGGER,       /* a trigger is made */
    DEED_DETACH,        /* a partition */
    DEED_ATTACH,        /* `other` becomes a partition of `table` */
    DEED_ADD_PARTITION, /* the same of a table that the statement makes */
    DEED_DOMAIN_RULE, /* the domain `table` holds all values to a `rule`; NULL: to the constraint `name`, or DEED_CHECKS_NULL */
    DEED_SET_SEQUENCE, /* what a sequence gives next */
    DEED_REFRESH,      /* a materialized view gets the rows of its query */
    DEED_LOCK, /* no more than that `table` is locked, as by LOCK or what ALTER TABLE does to no row: `what` is one of deed_for_… */
    DEED_MEANING, /* `what` expressions mean may change: `function`, `type`; by the name `name`; NULL: any */
    DEED_CREATE_THING, /* `name`, which is no table, column, index or trigger; told of only with IF NOT EXISTS */
    DEED_OTHER, /* anything else that may change the database: DO, CALL, a function */
    DEED__COUNT
};

enum deed_flag {
    DEED_CONCURRENT = 1 << 0,  /* CONCURRENTLY */
    DEED_NOT_VALID = 1 << 1,   /* existing rows are not looked at */
    DEED_BY_INDEX = 1 << 2,    /* USING INDEX */
    DEED_UNIQUE = 1 << 3,      /* of an index */
    DEED_PRIMARY_KEY = 1 << 4, /* of a constraint, or a column */
    DEED_NOT_NULL = 1 << 5,    /* of a column */
    DEED_DEFAULT = 1 << 6,     /* the column has one, other than NULL */
    DEED_VOLATILE = 1 << 7,    /* which is another for each row: `what` names the function */
    DEED_NUMBERED = 1 << 8,    /* serial, identity, AUTO_INCREMENT */
    DEED_STORED = 1 << 9,      /* GENERATED … STORED */
    DEED_CASCADE = 1 << 10,
    DEED_CONDITIONAL = 1 << 11, /* IF EXISTS, IF NOT EXISTS */
    DEED_REPLACES = 1 << 12,    /* OR REPLACE */
    DEED_ALL_ROWS = 1 << 13,    /* an UPDATE or DELETE without WHERE */
    DEED_UNSTABLE = 1 << 14, /* of rows: not the same in each tenant; `what` names the function */
    DEED_CONSTANT = 1 << 15, /* DEED_INSERT: a constant for the column `column`, or at `place` */
    DEED_USING = 1 << 16,    /* DEED_SET_TYPE: by an expression other than the column */
    DEED_AT_ZONE = 1 << 17,  /* which says the time zone */
    DEED_CHECKS_NULL = 1 << 18, /* DEED_ADD_CHECK: no more than that `column` is not NULL */
    DEED_ALGORITHM = 1 << 19,   /* ALGORITHM or LOCK says how */
    DEED_TEMPORARY = 1 << 20,
    DEED_GENERATED = 1 << 21,
    DEED_WITH_COLUMN =
        1 << 22, /* a constraint that stands in the definition of a column which is new */
    DEED_DATABASE_WIDE =
        1
        << 23, /* DEED_SERVER_WIDE: for one database, and not for all of the server; DEED_NAME_SCHEMA: a database that has schemas */
    DEED_ONLY = 1 << 24,        /* of this table, and of none that inherits from it */
    DEED_MATCH_FULL = 1 << 25,  /* of a foreign key: all of its columns are NULL, or none is */
    DEED_NULLS_EQUAL = 1 << 26, /* of a key: two NULLs are the same */
    DEED_FILLS = 1 << 27,       /* DEED_CREATE_TABLE: with the rows of a query */
    DEED_SEVERAL = 1 << 28,     /* of a change of rows: in other tables, too */
    DEED_CHARSET = 1 << 29,     /* a character set or collation is said */
    DEED_UNREFERRED = 1 << 30,  /* DEED_RENAME: it is known that no other table refers to it */
};

/* Texts of SQL in the statement's dialect: names are quoted, expressions stand in parentheses. */
struct deed_texts {
    const char *const *items;
    size_t count;
};

/* DEED_LOCK: whom the lock keeps away. */
extern const char deed_for_everyone[], deed_for_writers[], deed_for_no_one[];

/* When a constraint looks at the rows that a statement has changed. */
enum deed_time {
    DEED_AT_ONCE,
    DEED_AT_ONCE_UNLESS, /* SET CONSTRAINTS says otherwise: DEFERRABLE */
    DEED_AT_COMMIT,      /* DEFERRABLE INITIALLY DEFERRED */
};

struct deed {
    enum deed_kind kind;
    unsigned flags;
    const char *schema; /* NULL: none is named */
    const char *table;  /* NULL: it is about no table */
    const char *column; /* NULL: none, or several */
    const char *
        name; /* of a constraint, an index, a setting; NULL: none. DEED_RENAME: why the library refuses it */
    const char *type; /* of a column, in one spelling for each type; NULL: not known */
    const char
        *other; /* another table: a parent, where rows come from; the new name of what is renamed */
    const char *what;
    const char *rule; /* of a CHECK: its text; NULL: not known */
    size_t
        place; /* DEED_CONSTANT: of the value in its row, from 1, where no column is named; else 0 */
    size_t offset; /* of its place within the statement, from 1; 0: the statement's */

    /* What a question about rows is made from (question.h), as SQL. */
    struct deed_texts keys;    /* of a key, an index, a foreign key; none: not known */
    struct deed_texts parents; /* what a foreign key refers to; none: the primary key */
    enum deed_time time;       /* of a foreign key, */
    bool keeps_parents;        /* which refuses that a row goes which others refer to (NO ACTION) */
    bool is_altering;          /* DEED_LOCK: by ALTER TABLE */
    bool is_no_table;          /* `table` is another thing: a schema, a type */
    const char *other_schema;  /* of `other`; NULL: none is named */
    const char *expression;    /* USING; the DEFAULT of a new column; NULL: none, or not known */
    const char *predicate;     /* the WHERE of an index; NULL: none */
    const char *definition;    /* the type of a column, as it is written; NULL: not known */
};

struct deeds {
    struct arena *arena;
    struct deed *items;
    size_t count, capacity;
};

/* Adds one; zeroed but for its kind. It stays where it is only until the next one is added. */
struct deed *deeds_add(struct deeds *deeds, enum deed_kind kind);

#endif
