/* A connection that is being made, on a thread of its own: the library looks names up and shakes hands for TLS with a blocking
 * socket, for as long as the connect timeout at worst. The thread says by an eventfd that it has ended. A connection that is
 * closed before leaves the rest to the thread.
 */
#ifndef DRIVER_MYSQL_CONNECTING_H
#define DRIVER_MYSQL_CONNECTING_H

#include <mysql.h>

#include "driver/driver.h"

struct mysql_connecting;

/* Wants the event; or a worker, which calls mysql_connecting_work, where the system gives no thread; or nothing, with `err` and
 * NULL, where nothing could be tried. */
struct want mysql_connecting_start(const struct conn_params *params,
                                   struct mysql_connecting **ret_connecting, struct err *err);

/* Blocks until it has ended. */
void mysql_connecting_work(struct mysql_connecting *connecting);

/* How it ended. `ret_mysql` is set where it is connected, and belongs to `connecting`; where it failed, `err` is. Wants the event
 * again where it has not ended. */
struct want mysql_connecting_end(const struct mysql_connecting *connecting, MYSQL **ret_mysql,
                                 struct err *err);

/* Closes the event once no one watches it any more: each connection would keep it open for nothing. */
void mysql_connecting_forget_event(struct mysql_connecting *connecting);

/* Closes what is connected, now or once the thread ends. NULL: nothing. */
void mysql_connecting_free(struct mysql_connecting *connecting);

#endif
