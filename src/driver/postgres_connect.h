/* From a tenant's URL to libpq's keywords and values. */
#ifndef DRIVER_POSTGRES_CONNECT_H
#define DRIVER_POSTGRES_CONNECT_H

#include <libpq-fe.h>

#include "driver/driver.h"

/* Member of struct driver. */
void postgres_add_library(struct buf *buf);

/* PQconnectStartParams with everything filled in. Reads files: worker thread. Never NULL. */
PGconn *postgres_connect_start(const struct conn_params *params) MUST_CHECK;

/* Is the TCP connection there already? */
bool postgres_is_reached(PGconn *pg);

/* Does what has arrived leave the next PQconnectPoll nothing to compute: no TLS, no password's hash, no
 * GSSAPI? It may then run on the loop. */
bool postgres_is_let_in(PGconn *pg);

#endif
