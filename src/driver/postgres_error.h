/* What libpq's errors mean: class, SQLSTATE, transient or not, and where in the SQL. */
#ifndef DRIVER_POSTGRES_ERROR_H
#define DRIVER_POSTGRES_ERROR_H

#include <libpq-fe.h>

#include "base/err.h"

/* The error of a result, or (`result` NULL, or without a SQLSTATE) of the connection. `sql` is what
 * was sent: positions are counted in characters there, in bytes in err->offset. */
void postgres_error(PGconn *pg, const PGresult *result, const char *sql, struct err *err);

/* Why connecting failed; the text must have been made with PQERRORS_VERBOSE. `refusal`: what was wrong
 * with the server's certificate; NULL: nothing. */
void postgres_connect_error(PGconn *pg, const char *refusal, struct err *err);

#endif
