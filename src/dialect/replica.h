/* How far a replica is, by its own account. */
#ifndef DIALECT_REPLICA_H
#define DIALECT_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/grid.h"

struct replica_standing {
    const char *
        trouble; /* why it does not follow its primary, in words; NULL: it does. Borrowed from the rows, or constant */
    bool
        has_place; /* how much of what the primary has written it has replayed, as SQL_PRESSURE counts: */
    uint64_t replayed;
    uint64_t lag_ms; /* how late it says that it is; 0: it is not, or does not say */
};

/* The value in the first of these columns that there is; NULL: there is none of them, or SQL has NULL. `names` ends with NULL. */
const char *replica_value(const struct grid *rows, const char *const *columns, size_t row,
                          const char *const *names);

#endif
