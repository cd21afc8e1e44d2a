/* Findings weighed by the fleet's own tables: what is harmless where a table has 200 rows everywhere is an error where one tenant
 * has 40 million. Pure.
 */
#ifndef LINT_WEIGH_H
#define LINT_WEIGH_H

#include "lint/lint.h"

/* A table of that name in all tenants that were asked. */
struct table_weight {
    const char *table;
    size_t tenants;  /* that have it */
    bool knows_rows; /* of the heaviest; else only its bytes are known */
    uint64_t rows, bytes;
    const char *heaviest; /* the tenant; the first of the selection where several are alike */
    size_t heaviest_at;   /* its place there */
};

/* Below `small` a finding is a note, from `large` on an error, and between them a warning. */
enum {
    LINT_SMALL_ROWS = 10000,
    LINT_LARGE_ROWS = 1000000,
    LINT_SMALL_BYTES = 16 * 1024 * 1024,
    LINT_LARGE_BYTES = 1024 * 1024 * 1024,
};

/* Is the one heavier than the other? */
bool lint_is_heavier(const struct table_weight *weight, const struct table_weight *than);

/* Sets severity and `weight` of each finding about a table; one that no tenant has is harmless. `asked`: so many tenants told of
 * their tables. 0: nothing is known, and nothing is changed. */
struct lint_weights {
    const struct table_weight *items;
    size_t count;
    size_t asked;
};
void lint_weigh(struct lint *lint, const struct lint_weights *weights);

#endif
