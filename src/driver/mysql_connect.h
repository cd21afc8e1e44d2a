/* From a tenant's URL to a session of libmariadb, and the same for the second connection that cancels. */
#ifndef DRIVER_MYSQL_CONNECT_H
#define DRIVER_MYSQL_CONNECT_H

#include <mysql.h>

#include "driver/driver.h"

/* Whom to connect to, and as whom: it owns all that it needs, so that a thread may go on with it when no one waits any
 * more. */
struct mysql_login {
    MYSQL *mysql;
    char *host; /* NULL: the socket */
    char *socket;
    char *user;
    char *password;
    char *database;
    unsigned port;
    bool needs_tls;     /* a server without it is refused, though the library would go on */
    bool needs_mariadb; /* the URL says so */
};

/* Member of struct driver. */
void mysql_add_library(struct buf *buf);

/* No I/O. `timeout_s` bounds the connecting. False: err. */
bool mysql_login_init(struct mysql_login *login, const struct conn_params *params,
                      unsigned timeout_s, struct err *err) MUST_CHECK;
void mysql_login_done(struct mysql_login *login);

/* Blocks for as long as that: a thread's. False: mysql_login_error says why. */
bool mysql_login_connect(struct mysql_login *login);
/* Has the kernel ask a server from which nothing comes, and end the connection 30 s after the last that came, as libpq does by the
 * defaults of postgres_connect.c; without it a server that is gone without a word is waited for two hours and more. `fd`: its
 * socket; what is no TCP socket stays as it is. */
void mysql_find_vanished(int fd);
void mysql_login_error(const struct mysql_login *login, struct err *err);

/* What cancels the statement of the server's thread: the token of the driver, and what takes it and frees it. No I/O; NULL:
 * there is no way to log in. The cancel blocks for ten seconds at most. */
void *mysql_make_cancel(const struct conn_params *params, unsigned long thread_id);
void mysql_cancel(void *token);

#endif
