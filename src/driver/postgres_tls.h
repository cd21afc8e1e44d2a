/* Why a server's certificate was refused: libpq says that it was, and no more. */
#ifndef DRIVER_POSTGRES_TLS_H
#define DRIVER_POSTGRES_TLS_H

#include <libpq-fe.h>

#include "base/compiler.h"

/* PQconnectPoll; *ret_refusal becomes what was wrong with the certificate ("certificate has expired"),
 * and stays as it is where nothing was. */
PostgresPollingStatusType postgres_tls_poll(PGconn *pg, const char **ret_refusal);

#endif
