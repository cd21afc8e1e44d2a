/* How a session begins (mysql_session_begin), a new one and one that was made like new for another database, and what that
 * tells of the server. */
#ifndef DRIVER_MYSQL_SESSION_H
#define DRIVER_MYSQL_SESSION_H

#include <mysql.h>

#include "driver/driver.h"

enum { MYSQL_LIKENESS_SIZE = 48 };

struct mysql_session {
    struct conn_info info;
    size_t message_max; /* bytes of SQL that the server takes at once; 0: not known */
    char likeness
        [MYSQL_LIKENESS_SIZE]; /* what a reset does not make like new, at first; "": not begun */
    bool knows_no_cluster;
};

/* Appends what it begins with. `database`: to go to; NULL: the session was made there. */
void mysql_session_add_begin(const struct mysql_session *session, const char *database,
                             struct buf *sql);

/* A build without clusters has refused this begin, for it knows none of their variables. True: another one is to be tried. */
bool mysql_session_lacks_cluster(struct mysql_session *session, const struct op *op);

/* Takes what the op that connects was answered, and adds to the op's answer. What cannot be relied on is its error. */
void mysql_session_take(struct mysql_session *session, MYSQL *mysql, const struct op *op);

#endif
