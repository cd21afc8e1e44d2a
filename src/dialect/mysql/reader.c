#include "dialect/mysql/reader.h"

#include "base/arena.h"
#include "base/buf.h"

void mysql_skip(struct mysql_reader *reader)
{
    do
        reader->is_over = !mysql_lex(&reader->lexer, &reader->token);
    while (!reader->is_over && reader->token.kind == MYSQL_BORDER);
}

struct mysql_reader mysql_read(struct arena *arena, const char *sql, size_t len)
{
    struct mysql_reader reader = {.arena = arena, .lexer = {.sql = sql, .len = len}};
    mysql_skip(&reader);
    return reader;
}

bool mysql_is(const struct mysql_reader *reader, const char *word)
{
    return !reader->is_over && mysql_token_is(&reader->lexer, &reader->token, word);
}

bool mysql_is_sign(const struct mysql_reader *reader, char sign)
{
    return !reader->is_over && reader->token.kind == MYSQL_BYTE &&
           reader->lexer.sql[reader->token.begin] == sign;
}

bool mysql_accept(struct mysql_reader *reader, const char *word)
{
    bool is_there = mysql_is(reader, word);
    if (is_there)
        mysql_skip(reader);
    return is_there;
}

bool mysql_accept_sign(struct mysql_reader *reader, char sign)
{
    bool is_there = mysql_is_sign(reader, sign);
    if (is_there)
        mysql_skip(reader);
    return is_there;
}

/* A doubled quote within a name is two tokens that touch each other. */
static const char *unquoted(struct mysql_reader *reader)
{
    struct buf buf;
    const char *sql = reader->lexer.sql;
    size_t begin = reader->token.begin, end = reader->token.end;
    char quote = sql[begin];
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (;;) {
        buf_add(&buf, sql + begin + 1, end - begin - 2);
        mysql_skip(reader);
        bool goes_on = !reader->is_over && reader->token.begin == end && sql[end] == quote;
        if (!goes_on)
            break;
        buf_addc(&buf, quote);
        begin = reader->token.begin;
        end = reader->token.end;
    }
    const char *name = arena_strndup(reader->arena, buf.data, buf.len);
    buf_done(&buf);
    return name;
}

bool mysql_take_name(struct mysql_reader *reader, const char **ret_name)
{
    const struct mysql_token *token = &reader->token;
    if (reader->is_over)
        return false;
    if (token->kind == MYSQL_QUOTED && reader->lexer.sql[token->begin] == '`') {
        *ret_name = unquoted(reader);
        return true;
    }
    if (token->kind != MYSQL_WORD)
        return false;
    *ret_name =
        arena_strndup(reader->arena, reader->lexer.sql + token->begin, token->end - token->begin);
    mysql_skip(reader);
    return true;
}

bool mysql_take_qualified(struct mysql_reader *reader, struct mysql_name *ret_name)
{
    *ret_name = (struct mysql_name){0};
    if (!mysql_take_name(reader, &ret_name->name))
        return false;
    if (!mysql_accept_sign(reader, '.'))
        return true;
    ret_name->schema = ret_name->name;
    return mysql_take_name(reader, &ret_name->name);
}
