/* What a change of a table will cost, asked of the server before the run that makes it: how it would go about it, shown on
 * an empty twin of the table, and how much the table holds. */
#ifndef DIALECT_WEIGH_H
#define DIALECT_WEIGH_H

#include "base/compiler.h"

struct arena;

struct weigh_request {
    const char *const *statements; /* `count` of them, in the order in which they would run */
    size_t count;
    /* Where twins may be made: in this database; NULL with `own` set: in one of that name, made for it and dropped. NULL
     * both: nowhere, only the tables' sizes are told. */
    const char *database, *own;
    const char *prefix; /* of the twins' names: no other run's */
    uint64_t lock_timeout_ms;
};

struct measure_request {
    const char *schema; /* the tenant's; NULL: what its session finds first */
    const char *const *tables;
    size_t count;
};

#endif
