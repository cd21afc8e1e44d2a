/* What libpq's errors mean: class, SQLSTATE, transient or not, and where in the SQL. */
#ifndef DRIVER_POSTGRES_ERROR_H
#define DRIVER_POSTGRES_ERROR_H

#include <libpq-fe.h>

#include "base/err.h"
#include "base/notice.h"

struct arena;

/* What a result says beside its message, in the arena; NULL: nothing. */
const struct said *postgres_said(const PGresult *result, struct arena *arena);

/* A notice or warning, which points into the result; without what is said beside its text. */
struct notice postgres_notice(const PGresult *result);

struct postgres_context {
    /* what was sent: positions are counted in characters there, in bytes in err->offset */
    const char *message;
    const char *operation; /* the part of it that failed */
    bool is_standby;       /* the server is one */
};

/* The error of a result, or (`result` NULL, or without a SQLSTATE) of the connection. err->said comes from the
 * arena. */
void postgres_error(PGconn *pg, const PGresult *result, const struct postgres_context *context,
                    struct arena *arena, struct err *err);

/* Why connecting failed; the text must have been made with PQERRORS_VERBOSE. `refusal`: what was wrong
 * with the server's certificate; NULL: nothing. */
void postgres_connect_error(PGconn *pg, const char *refusal, struct arena *arena, struct err *err);

#endif
