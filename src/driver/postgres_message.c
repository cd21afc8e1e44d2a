#include "driver/postgres_message.h"

#include "base/buf.h"

enum { MESSAGE_MAX = 64 * 1024 };

static const char glue[] = ";\n";

/* The server gives no position for characters that it cannot convert, so SQL that is not ASCII is joined only
 * where both encodings agree. */
static bool may_be_unreadable(PGconn *pg, const char *sql)
{
    const char *theirs = PQparameterStatus(pg, "server_encoding");
    const char *ours = PQparameterStatus(pg, "client_encoding");
    if (theirs && ours && strcmp(theirs, ours) == 0)
        return false;
    while (*sql && !((unsigned char)*sql & 0x80))
        sql++;
    return *sql;
}

/* Before version 13 statement_timeout was that of the message. */
static bool may_travel(PGconn *pg, size_t len, const struct op *op)
{
    return op->joined && len + op->joined->sql_len <= MESSAGE_MAX &&
           PQserverVersion(pg) >= 130000 && !may_be_unreadable(pg, op->joined->sql);
}

struct postgres_message postgres_message_of(PGconn *pg, const struct op *first)
{
    struct postgres_message message = {.first = first, .sql = first->sql, .len = first->sql_len};
    struct buf buf;
    if (!may_travel(pg, first->sql_len, first))
        return message;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_add(&buf, first->sql, first->sql_len);
    for (const struct op *op = first; may_travel(pg, buf.len, op); op = op->joined) {
        buf_adds(&buf, glue);
        buf_add(&buf, op->joined->sql, op->joined->sql_len);
    }
    message.sql = message.glued = buf.data; /* the message's from now on */
    message.len = buf.len;
    return message;
}

void postgres_message_done(struct postgres_message *message)
{
    free(message->glued);
    *message = (struct postgres_message){0};
}

const struct op *postgres_message_next(struct postgres_message *message, const struct op *op)
{
    message->begin += op->sql_len + strlen(glue);
    return op->joined;
}
