/* Several operations in one message: the SQL of an op and of those joined to it, as far as they may travel together.
 * The server runs the statements one by one, and none after the first that fails.
 *
 *     struct mysql_message message = mysql_message_of(op, limit);
 *     …send message.sql; message.statements results later, if op != message.last:
 *     mysql_message_next(&message, op->joined);
 *
 *     mysql_message_done(&message);
 */
#ifndef DRIVER_MYSQL_MESSAGE_H
#define DRIVER_MYSQL_MESSAGE_H

#include "driver/driver.h"

struct mysql_message {
    const char *sql; /* the first op's own where no other travels with it */
    char *glued;     /* the same, where it is the message's; else NULL */
    size_t len;      /* 0: there is no statement in it */
    /* The last op that travels in it. A script of a revision is always the last: how many answers it has is not
     * known (CALL), and what the server has to say of it is asked right after it. */
    const struct op *last;
    size_t
        statements; /* of the op whose turn it is, as many as results; not counted for the last one */
    bool is_part;   /* other statements of the op come after it, in messages of their own */
};

/* `limit`: bytes that the server takes in one message; 0: not known. One op alone may be longer. */
struct mysql_message mysql_message_of(const struct op *first, size_t limit);
/* The next statement of ours alone, or a script: a node of a cluster looks only between two messages whether another
 * node's write has undone the transaction, and runs the rest of a message as if it had not. */
struct mysql_message mysql_message_alone(const struct op *op);
void mysql_message_done(struct mysql_message *message);

/* It is the turn of `op`, which was joined to the one before. */
void mysql_message_next(struct mysql_message *message, const struct op *op);

#endif
