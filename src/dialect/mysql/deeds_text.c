/* What a statement says in its own words: keys, expressions. */
#include "dialect/mysql/deeds_private.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/mysql/templates.h"

static const char *quoted(struct arena *arena, const char *name)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    mysql_add_identifier(&buf, name);
    return buf_into(&buf, arena);
}

struct deed_texts mysql_deeds_name(struct arena *arena, const char *name)
{
    const char **texts = arena_calloc(arena, 1, sizeof *texts);
    if (!name)
        return (struct deed_texts){0};
    texts[0] = quoted(arena, name);
    return (struct deed_texts){texts, 1};
}

const char *mysql_deeds_slice(const struct mysql_reader *begin, const struct mysql_reader *end)
{
    const char *sql = begin->lexer.sql;
    size_t first = begin->token.begin, last = end->is_over ? end->lexer.len : end->token.begin;
    while (last > first && strchr(" \t\r\n;", sql[last - 1]))
        last--;
    return !begin->is_over && last > first ? arena_strndup(begin->arena, sql + first, last - first)
                                           : NULL;
}

/* One of a list, up to the comma or parenthesis after it; NULL: it is none. */
static const char *take_key(struct mysql_reader *reader)
{
    const char *name, *length;
    if (mysql_is_sign(reader, '(')) {
        struct mysql_reader begin = *reader;
        mysql_deeds_skip_item(reader);
        return mysql_deeds_slice(&begin, reader);
    }
    if (!mysql_take_name(reader, &name))
        return NULL;
    const char *key = quoted(reader->arena, name);
    if (mysql_accept_sign(reader, '(')) {
        if (!mysql_take_name(reader, &length) || !mysql_accept_sign(reader, ')'))
            return NULL;
        key = arena_printf(reader->arena, "LEFT(%s, %ld)", key, strtol(length, NULL, 10));
    }
    return key;
}

struct deed_texts mysql_deeds_see_keys(struct mysql_reader reader)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    if (!mysql_accept_sign(&reader, '('))
        return (struct deed_texts){0};
    do {
        const char *key = take_key(&reader);
        if (!key)
            return (struct deed_texts){0};
        *ARENA_PUSH(reader.arena, items, count, capacity) = key;
        if (!mysql_accept(&reader, "ASC"))
            mysql_accept(&reader, "DESC");
    } while (mysql_accept_sign(&reader, ','));
    return mysql_is_sign(&reader, ')') ? (struct deed_texts){items, count} : (struct deed_texts){0};
}
