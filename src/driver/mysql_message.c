#include <mysql.h>

#include "driver/mysql_message.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/mysql/split.h"
#include "driver/mysql_error.h"

static const char glue[] = "; ";

/* May what is joined to the op travel after it? An empty text would be an error there. */
static bool may_follow(const struct op *op, size_t len, size_t limit)
{
    bool ends_message = op->kind == OP_SCRIPT || !op->joined;
    return !ends_message && (!limit || len + strlen(glue) + op->joined->sql_len <= limit) &&
           mysql_sql_len(op->joined->sql, op->joined->sql_len);
}

static size_t count_statements(const struct op *op)
{
    struct arena arena;
    struct statement *statements;
    size_t count = 0;
    struct err err;
    arena_init(&arena);
    if (!mysql_split(&arena, op->sql, op->sql_len, &statements, &count, &err))
        count = 0; /* ours can all be split; else the message ends within this op */
    arena_done(&arena);
    return count;
}

void mysql_message_next(struct mysql_message *message, const struct op *op)
{
    message->statements = op == message->last ? 0 : count_statements(op);
}

struct mysql_message mysql_message_of(const struct op *first, size_t limit)
{
    struct mysql_message message = {.sql = first->sql, .last = first};
    struct buf buf;
    message.len = mysql_sql_len(first->sql, first->sql_len);
    if (!may_follow(first, message.len, limit))
        return message;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_add(&buf, first->sql, message.len);
    for (; may_follow(message.last, buf.len, limit); message.last = message.last->joined) {
        const struct op *next = message.last->joined;
        buf_adds(&buf, glue);
        buf_add(&buf, next->sql, mysql_sql_len(next->sql, next->sql_len));
    }
    message.sql = message.glued = buf.data; /* the message's from now on */
    message.len = buf.len;
    mysql_message_next(&message, first);
    return message;
}

struct mysql_message mysql_message_alone(const struct op *op)
{
    struct mysql_message message = {.sql = op->sql, .last = op};
    size_t at = op->answer->statements_done, count = 0;
    struct statement *statements;
    struct arena arena;
    struct err err;
    message.len = mysql_sql_len(op->sql, op->sql_len);
    arena_init(&arena);
    if (op->kind != OP_SCRIPT &&
        mysql_split(&arena, op->sql, op->sql_len, &statements, &count, &err) && at < count) {
        const char *begin = op->sql + statements[at].offset;
        message.len = mysql_sql_len(begin, statements[at].len);
        message.sql = begin;
        message.is_part = at + 1 < count;
    }
    arena_done(&arena);
    if (message.is_part) {
        message.last = NULL;
        message.statements = SIZE_MAX;
    }
    return message;
}

void mysql_message_done(struct mysql_message *message)
{
    free(message->glued);
    *message = (struct mysql_message){0};
}
