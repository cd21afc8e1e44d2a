/* Why a server's certificate was refused: libpq says that it was, and no more.
 *
 * OpenSSL's own verdict stands as it is; this only listens to it.
 */
#ifndef DRIVER_POSTGRES_TLS_H
#define DRIVER_POSTGRES_TLS_H

#include <libpq-fe.h>

#include "base/compiler.h"

struct tls_refusal {
    char why[300]; /* "certificate has expired (/CN=db1)"; "": nothing was refused */
};

/* To be called behind every step of connecting; `refusal` must outlive the connection. */
void postgres_tls_listen(PGconn *pg, struct tls_refusal *refusal);

#endif
