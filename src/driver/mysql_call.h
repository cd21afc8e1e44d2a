/* One call of libmariadb after the other, none of which blocks: a query, its rows, its next answer, a reset.
 *
 *     call->stage = MYSQL_STAGE_QUERY, call->is_suspended = false;
 *     while (!mysql_call_waits(call, ready, sql, len))
 *         …                                     take what it brought, and choose the next stage
 *     return mysql_call_want(call);             until the socket is ready
 */
#ifndef DRIVER_MYSQL_CALL_H
#define DRIVER_MYSQL_CALL_H

#include <mysql.h>

#include "driver/driver.h"

/* Which call is under way. */
enum mysql_stage { MYSQL_STAGE_QUERY, MYSQL_STAGE_ROW, MYSQL_STAGE_NEXT, MYSQL_STAGE_RESET };

struct mysql_call {
    MYSQL *mysql; /* borrowed; NULL until it is connected */
    enum mysql_stage stage;
    bool is_suspended; /* the call waits for the socket */
    int waits;         /* for what, of MYSQL_WAIT_… */
    int failed;        /* what the call returned, but for MYSQL_STAGE_ROW */
    MYSQL_ROW row;     /* MYSQL_STAGE_ROW: NULL after the last, and where it failed */
    MYSQL_RES *result; /* whose rows are being read; NULL: none */
};

/* Begins the call of this stage, or goes on with the one that is suspended; `ready`, of MYSQL_WAIT_…, is what it waited for. The
 * SQL is for MYSQL_STAGE_QUERY, and stays as it is until the call is over. True: it waits for the socket. */
bool mysql_call_waits(struct mysql_call *call, int ready, const char *sql, size_t len);

/* What it waits for. */
struct want mysql_call_want(const struct mysql_call *call);

#endif
