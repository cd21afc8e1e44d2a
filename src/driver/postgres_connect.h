/* From a tenant's URL to libpq's keywords and values. */
#ifndef DRIVER_POSTGRES_CONNECT_H
#define DRIVER_POSTGRES_CONNECT_H

#include <libpq-fe.h>

#include "driver/driver.h"

/* PQconnectStartParams with everything filled in. Reads files: worker thread. Never NULL. */
PGconn *postgres_connect_start(const struct conn_params *params) MUST_CHECK;

#endif
