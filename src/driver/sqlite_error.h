/* What SQLite's result codes mean: class, transient or not, and what to do. */
#ifndef DRIVER_SQLITE_ERROR_H
#define DRIVER_SQLITE_ERROR_H

#include <sqlite3.h>
#include <stdbool.h>

struct err;

struct sqlite_failure {
    sqlite3 *db; /* NULL: it could not be opened */
    int rc;
    const char *denied; /* why SQLITE_AUTH is the answer (sqlite_fence.h); NULL: another reason */
    bool is_cancelled; /* SQLITE_INTERRUPT comes from a cancel, and not from the statement's time */
};

/* Fills err, with the code as its number. */
void sqlite_error(const struct sqlite_failure *failure, struct err *err);

#endif
