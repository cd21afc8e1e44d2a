/* A session of PostgreSQL's driver, for its own files: postgres.c connects and runs messages, postgres_result.c takes what is
 * answered. */
#ifndef DRIVER_POSTGRES_PRIVATE_H
#define DRIVER_POSTGRES_PRIVATE_H

#include <libpq-fe.h>

#include "driver/driver.h"
#include "driver/postgres_message.h"
#include "driver/row_writer.h"

enum phase { PHASE_STARTING, PHASE_CONNECTING, PHASE_PROBING, PHASE_RUNNING };

struct conn {
    struct conn_params params;
    PGconn *pg;
    const struct op *op;
    enum phase phase;
    PostgresPollingStatusType polling;
    struct postgres_message message; /* under way */
    bool is_past_guard;              /* of `op`: what is said now is said of what it is joined to */
    const char *refusal;             /* of the server's certificate; NULL: none */
    double over_s;          /* when the op before ended, on the server's clock; 0: not known */
    struct row_writer rows; /* of the op */
    bool is_standby;        /* as far as a server tells that does not tell of itself */
    struct conn_info info;
};

/* A PQnoticeReceiver, whose ctx is the conn: counts what is for the one who asked. */
void postgres_take_notice(void *ctx, const PGresult *result);

/* Are rows taken one by one, since there may be more than are wanted? */
bool postgres_has_limit(const struct op *op);

/* Is a setting's value `on`? NULL is not. */
bool postgres_is_on(const char *setting);

/* Is the server a standby, as far as it tells? Version 14 and later say so whenever it changes. */
bool postgres_is_standby(const struct conn *conn);

/* Fills the error of the operation under way from a result (NULL: from what libpq says), unless it has one. */
void postgres_fail(struct conn *conn, const PGresult *result);

/* Takes one result of the message under way: its rows, its error, and the end of the operation that it ends. */
void postgres_take_result(struct conn *conn, PGresult *result);

/* COPY TO STDOUT: read and thrown away. True while more may come later. */
bool postgres_drain_copy_out(struct conn *conn);

/* Says in the answer whether tx_after does not hold, once an operation is over. A message that could not be parsed has run
 * nothing: not even the BEGIN in it. */
void postgres_check_transaction(struct conn *conn);

#endif
