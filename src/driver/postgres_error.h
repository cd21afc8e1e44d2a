/* What libpq's errors mean: class, SQLSTATE, transient or not, and where in the SQL. */
#ifndef DRIVER_POSTGRES_ERROR_H
#define DRIVER_POSTGRES_ERROR_H

#include <libpq-fe.h>

#include "base/err.h"
#include "base/notice.h"

struct arena;

/* What a result says beside its message, in the arena; NULL: nothing. */
const struct said *postgres_said(const PGresult *result, struct arena *arena);

/* A notice or warning, which points into the result and the arena. */
struct notice postgres_notice(const PGresult *result, struct arena *arena);

/* The error of a result, or (`result` NULL, or without a SQLSTATE) of the connection. `sql` is what
 * was sent: positions are counted in characters there, in bytes in err->offset. err->said comes from the arena. */
void postgres_error(PGconn *pg, const PGresult *result, const char *sql, struct arena *arena,
                    struct err *err);

/* Why connecting failed; the text must have been made with PQERRORS_VERBOSE. `refusal`: what was wrong
 * with the server's certificate; NULL: nothing. */
void postgres_connect_error(PGconn *pg, const char *refusal, struct arena *arena, struct err *err);

#endif
