/* MySQL's and MariaDB's statements, and how they quote. */
#ifndef DIALECT_MYSQL_TEMPLATES_H
#define DIALECT_MYSQL_TEMPLATES_H

#include "dialect/dialect.h"

extern const char *const mysql_sql[SQL__COUNT];

/* What a session begins with, whatever the server and the account say by default: our own statements need to be read as
 * they are written. -> a row of enum mysql_begun. The second is for a server that knows nothing of clusters, and so
 * refuses the first as a whole (1193). */
extern const char mysql_session_begin[], mysql_session_begin_alone[];

extern const struct grid_shape mysql_session_shape;

enum mysql_begun {
    MYSQL_BEGUN_ID,        /* the session's number as the server has it */
    MYSQL_BEGUN_READ_ONLY, /* is the server set to be read only? */
    MYSQL_BEGUN_PACKET,    /* the longest message that it takes */
    MYSQL_BEGUN_MARIADB,   /* is it a MariaDB? */
    MYSQL_BEGUN_REPLICA, /* threads that bring it the writes of another server; 0 where they may not be seen */
    /* The client's address and port as the server sees them: `localhost` through a socket; '' where it does not tell */
    MYSQL_BEGUN_CLIENT,
    MYSQL_BEGUN_PLAIN, /* does nothing but the global settings decide what a session begins with? */
    MYSQL_BEGUN_LIKENESS, /* what a reset does not make like new: account, role, character sets */
    MYSQL_BEGUN_NODE,     /* is it a node of a Galera cluster? */
};

void mysql_add_literal(struct buf *buf, const char *text);
void mysql_add_identifier(struct buf *buf, const char *name);

#endif
