/* What the readers of PostgreSQL's statements share: those of tables (deeds_table.c), and all others (deeds.c). */
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

/* The function in an expression whose value is another for each row, or, with `counts_now`, another in each tenant; NULL: none
 * is known to be. */
const char *postgres_deeds_find_volatile(const json_t *expression, bool counts_now);

void postgres_deeds_read_alter(const struct postgres_deeds *reading, const json_t *node);
void postgres_deeds_read_create(const struct postgres_deeds *reading, const json_t *node);

#endif
