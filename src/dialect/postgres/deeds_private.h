/* What the readers of PostgreSQL's statements share: those of tables (deeds_table.c), of what tenants share
 * (deeds_shared.c), and all others (deeds.c). */
#ifndef DIALECT_POSTGRES_DEEDS_PRIVATE_H
#define DIALECT_POSTGRES_DEEDS_PRIVATE_H

#include "dialect/postgres/deeds.h"
#include "dialect/postgres/tree.h"

struct postgres_deeds {
    struct deeds *deeds;
    const char *sql; /* NUL-terminated */
};

/* A copy of the member that is a text, in the arena; NULL: there is none. */
const char *postgres_deeds_text(const struct postgres_deeds *reading, const json_t *node,
                                const char *key);

/* Adds a deed about the table that the RangeVar names. */
struct deed *postgres_deeds_add_on(const struct postgres_deeds *reading, enum deed_kind kind,
                                   const json_t *range);

/* The deed's table and schema by a list of String nodes. */
void postgres_deeds_set_qualified(const struct postgres_deeds *reading, struct deed *deed,
                                  const json_t *names);

/* ---- functions: deeds_volatile.c ---- */

/* The function in an expression whose value is another for each row, or, with `counts_now`, another in each tenant; NULL: none
 * is known to be. */
const char *postgres_deeds_find_volatile(const json_t *expression, bool counts_now);

/* `'now'` and its like, where the type (a TypeName) is one of time: the server reads the text once, so that a default keeps the
 * moment at which it was set; NULL: it is none. */
const char *postgres_deeds_find_moment(const json_t *expression, const json_t *type);

/* ---- conditions: deeds_where.c ---- */

/* May the condition be false for a row? NULL, which is no condition, and what is true by its own constants leave none out. */
bool postgres_deeds_leaves_out(const json_t *condition);

/* ---- texts: deeds_text.c ---- */

/* The statement's text from there to where a comma, a semicolon or an open end of parentheses stands, one of the words
 * (NULL: none; lower case), or `end`; NULL: there is nothing. */
struct postgres_slice {
    size_t begin, end;
    const char *const *words;
    bool keeps_commas;
};
const char *postgres_deeds_slice(const struct postgres_deeds *reading,
                                 const struct postgres_slice *slice);

/* The name in quotes. */
const char *postgres_deeds_quoted(const struct postgres_deeds *reading, const char *name);

/* A list of String nodes, as names in quotes. */
struct deed_texts postgres_deeds_names(const struct postgres_deeds *reading, const json_t *list);

/* What a CREATE INDEX says of its keys and of the rows that are in it. */
void postgres_deeds_read_keys(const struct postgres_deeds *reading, const json_t *index,
                              struct deed *deed);

/* ---- locks: deeds_lock.c ---- */

/* Of one command of ALTER TABLE, and of any statement: what takes a lock and does nothing else that is told. */
void postgres_deeds_read_altering_lock(const struct postgres_deeds *reading, const json_t *range,
                                       const json_t *command);
void postgres_deeds_read_lock(const struct postgres_deeds *reading, const char *kind,
                              const json_t *node);

/* SET CONSTRAINTS, of all or of some: a setting. */
void postgres_deeds_read_constraints(const struct postgres_deeds *reading, const json_t *node);

enum deed_time postgres_deeds_time(const json_t *constraint);

/* ---- what tenants share: deeds_shared.c ---- */

/* Adds what the statement changes for more than one tenant, and each schema or database that it names: once, unless one of the
 * deeds from `first` on has it. */
void postgres_deeds_read_shared(const struct postgres_deeds *reading, const char *kind,
                                const json_t *node, size_t first);

void postgres_deeds_read_alter(const struct postgres_deeds *reading, const json_t *node);
void postgres_deeds_read_create(const struct postgres_deeds *reading, const json_t *node);
void postgres_deeds_read_domain(const struct postgres_deeds *reading, const json_t *node);

#endif
