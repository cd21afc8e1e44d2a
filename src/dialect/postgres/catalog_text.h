/* Texts of PostgreSQL's catalogs, written in one way whatever the schema is called and however the object was made. Pure.
 */
#ifndef DIALECT_POSTGRES_CATALOG_TEXT_H
#define DIALECT_POSTGRES_CATALOG_TEXT_H

#include "base/compiler.h"

struct arena;
struct map;

/* A schema, and the bare names of what it has: tables, views, sequences, types, routines. Both borrowed. */
struct schema_names {
    const char *schema;
    const struct map *objects;
};

/* An array of texts, `{a,"b c",NULL}`, as its elements; NULL stays NULL. False: it is no such array. */
bool postgres_split_array(struct arena *arena, const char *text, const char *const **ret_elements,
                          size_t *ret_count) MUST_CHECK;

/* An expression or a query as the server prints it. `{schema}.` stands before an object of the schema that has to be
 * qualified; casts of literals to text types are left out, since a dump that is restored puts them elsewhere. What needs no
 * change is given back as it is; else the text is in the arena. */
const char *postgres_plain_expression(struct arena *arena, const char *text,
                                      const struct schema_names *names);

/* The same with all casts, which a statement may need. */
const char *postgres_written_expression(struct arena *arena, const char *text,
                                        const struct schema_names *names);

/* The same of a routine's definition, whose body is the author's text: the schema's objects are looked for in strings too,
 * which may be run, and in its search_path. */
const char *postgres_plain_routine(struct arena *arena, const char *text,
                                   const struct schema_names *names);

/* What comes after the names in `CREATE … INDEX name ON table USING `, `CREATE … TRIGGER name `, `CREATE RULE name `,
 * `CREATE STATISTICS name ` or `CREATE … FUNCTION name`; `text` itself where it is none of these. */
const char *postgres_after_names(const char *text);

/* Does the name look as one that the server chooses by itself for a constraint or an index: `task_title_key1`? */
bool postgres_is_automatic_name(const char *name);

#endif
