/* Where another tool's version table says that a tenant stands, in revisions of our chain. Pure.
 *
 * Each tool's entry has the query and what its rows mean (tool.h). What the rows name must be in the
 * chain, and with a revision all that it stands on must be applied.
 *
 *     struct adoption adoption;
 *     if (!adoption_find("dbmate", NULL, &adoption, &err)) …
 *     …the tenant answers adoption.query, a template for sql_fill, with rows…
 *     if (!adoption_stand(&adoption, arena, chain, &rows, &stands, &err)) …
 */
#ifndef IMPORT_ADOPT_H
#define IMPORT_ADOPT_H

#include "base/grid.h"
#include "plan/between.h"

struct import_tool;

struct adoption {
    const struct import_tool *tool;
    const char *name;  /* the tool's */
    const char *table; /* its version table, in the tenant's schema */
    const char *query;
};

/* `table` NULL: the tool's default. ERR_CONFIG: no such tool, or one with nothing to adopt. */
bool adoption_find(const char *tool, const char *table, struct adoption *ret_adoption,
                   struct err *err) MUST_CHECK;

/* The rows that the version table shall have, from the arena. ERR_CHAIN: a row names nothing of the
 * chain, or leaves a hole; ERR_DRIFT: the tool itself says that a migration failed. */
bool adoption_stand(const struct adoption *adoption, struct arena *arena, const struct chain *chain,
                    const struct grid *rows, struct rows *ret_stands, struct err *err) MUST_CHECK;

#endif
