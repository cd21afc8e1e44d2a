/* Several operations in one message: the SQL of an op and of those joined to it, as far as they may travel together.
 *
 *     struct postgres_message message = postgres_message_of(pg, op);
 *     …send message.sql; after the op's last answer:
 *     op = postgres_message_next(&message, op);
 *
 *     postgres_message_done(&message);
 */
#ifndef DRIVER_POSTGRES_MESSAGE_H
#define DRIVER_POSTGRES_MESSAGE_H

#include <libpq-fe.h>

#include "driver/driver.h"

struct postgres_message {
    const struct op *first;
    const char *sql; /* NUL-terminated; the op's own where no other travels with it */
    char *glued;     /* the same, where it is the message's; else NULL */
    size_t len;
    /* offset in `sql` of the current op's SQL; greater than `len`: that op was not part of this
     * message */
    size_t begin;
};

struct postgres_message postgres_message_of(PGconn *pg, const struct op *first);
void postgres_message_done(struct postgres_message *message);

/* The op joined to this one, whose turn comes. */
const struct op *postgres_message_next(struct postgres_message *message, const struct op *op);

#endif
