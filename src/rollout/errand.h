/* An errand: a few statements of ours on a connection of their own, outside a transaction, before or after a run.
 *
 *     const char *statements[] = {"CREATE DATABASE a"};
 *     struct errand errand = {.tenant = tenant, .statements = statements, .count = 1, .arena = &arena};
 *     if (errand_run(&errand, &rows, &err)) …
 */
#ifndef ROLLOUT_ERRAND_H
#define ROLLOUT_ERRAND_H

#include "base/err.h"
#include "base/grid.h"

struct arena;
struct tenant;

struct errand {
    const struct tenant *tenant;
    const char *database; /* instead of the tenant's own; NULL: that one */
    const char *const *statements;
    size_t count;
    const struct grid_shape *shape; /* of the last one's rows; NULL: they are not read */
    struct arena *arena;            /* for what the answer points to */
};

/* Blocks until they are done, at most half a minute each, or one fails. The rows are those of the last one; `ret_rows` may be
 * NULL. The drivers must be there (drivers_init). */
bool errand_run(const struct errand *errand, struct grid *ret_rows, struct err *err) MUST_CHECK;

#endif
