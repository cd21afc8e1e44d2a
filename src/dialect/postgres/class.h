/* What an error of PostgreSQL, or of a pooling proxy before it, means: class, transient or not, and of whom it speaks.
 * Pure. */
#ifndef DIALECT_POSTGRES_CLASS_H
#define DIALECT_POSTGRES_CLASS_H

#include "base/err.h"

/* All that is told beside the code (err->code) and the message (err->text). NULL: it is not known. */
struct postgres_facts {
    const char *routine; /* of the server's source, which found the error */
    const char *schema;  /* of the table that it is about */
    const char *detail;
    const char *sql;     /* of the operation that failed */
    bool is_connecting;  /* no session was made */
    bool is_alive;       /* the session goes on, as the server itself says */
    bool is_standby;     /* as far as the session knows */
    bool is_in_function; /* or in a block of code */
};

/* Fills kind, is_transient, is_connection_lost, trouble and sessions from code and text. */
void postgres_classify(struct err *err, const struct postgres_facts *facts);

#endif
