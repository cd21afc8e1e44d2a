/* What a session's beginning has told of the server (mysql_session_begin). */
#ifndef DRIVER_MYSQL_SESSION_H
#define DRIVER_MYSQL_SESSION_H

#include <mysql.h>

#include "driver/driver.h"

struct mysql_session {
    struct conn_info info;
    size_t message_max; /* bytes of SQL that the server takes at once; 0: not known */
};

/* Takes what the op that connects was answered, and adds to the op's answer. What cannot be relied on is its error. */
void mysql_session_take(struct mysql_session *session, MYSQL *mysql, const struct op *op);

#endif
