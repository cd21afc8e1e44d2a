#include "dialect/postgres/emit_text.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"
#include "schema/catalog.h"

void postgres_say(struct buf *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            buf_addc(sql, *format);
            continue;
        }
        switch (*++format) {
        case 'i': sql_add_identifier(sql, va_arg(args, const char *)); break;
        case 'l': sql_add_literal(sql, va_arg(args, const char *)); break;
        case 's': buf_adds(sql, va_arg(args, const char *)); break;
        default: buf_addc(sql, '%'); break;
        }
    }
    va_end(args);
}

/* After the string or name between quotes that begins at `at`. */
static const char *skip_quoted(const char *at)
{
    char quote = *at;
    for (at++; *at; at++)
        if (*at == quote && *++at != quote)
            return at;
    return at;
}

const char *postgres_skip_item(const char *text)
{
    int depth = 0;
    while (*text) {
        if (*text == '\'' || *text == '"') {
            text = skip_quoted(text);
            continue;
        }
        if (depth == 0 && (*text == ',' || *text == ')'))
            return text;
        depth += (*text == '(' || *text == '[') - (*text == ')' || *text == ']');
        text++;
    }
    return text;
}

const char *postgres_find_outside(const char *text, const char *words)
{
    int depth = 0;
    while (*text) {
        if (depth == 0 && strncmp(text, words, strlen(words)) == 0)
            return text;
        if (*text == '\'' || *text == '"') {
            text = skip_quoted(text);
            continue;
        }
        depth += (*text == '(') - (*text == ')');
        text++;
    }
    return NULL;
}

size_t postgres_split_items(struct arena *arena, const char *text, const char ***ret_items)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    while (text && *text) {
        const char *end = postgres_skip_item(text);
        *ARENA_PUSH(arena, items, count, capacity) =
            arena_strndup(arena, text, (size_t)(end - text));
        text = *end ? end + 1 : end;
        while (*text == ' ')
            text++;
    }
    *ret_items = items;
    return count;
}

const char *postgres_read_part(struct arena *arena, const char *text, const char **ret_after)
{
    bool is_quoted = *text == '"';
    const char *end = is_quoted ? skip_quoted(text) : text + strcspn(text, " .,()\"\n");
    char *name = arena_alloc(arena, (size_t)(end - text) + 1), *to = name;
    for (const char *at = text + is_quoted; at < end - is_quoted; at++) {
        *to++ = *at;
        at += is_quoted && *at == '"';
    }
    *ret_after = end;
    return name;
}

/* The name that `text` begins with, which a schema may stand before; *ret_after is what comes after it. */
static const char *read_name(struct arena *arena, const char *text, const char **ret_after)
{
    const char *name = postgres_read_part(arena, text, ret_after);
    return **ret_after == '.' ? postgres_read_part(arena, *ret_after + 1, ret_after) : name;
}

size_t postgres_parents(struct arena *arena, const struct object *table,
                        const char *const **ret_names)
{
    const char *list = object_get(table, "partition of");
    const char **items;
    size_t count = postgres_split_items(arena, list ? list : object_get(table, "inherits"), &items);
    for (size_t i = 0; i < count; i++) {
        const char *after;
        items[i] = read_name(arena, items[i], &after);
    }
    *ret_names = items;
    return count;
}

const char *postgres_routine_name(struct arena *arena, const char *signature,
                                  const char **ret_arguments)
{
    const char *end =
        *signature == '"' ? skip_quoted(signature) : signature + strcspn(signature, "(");
    *ret_arguments = end;
    return arena_strndup(arena, signature, (size_t)(end - signature));
}

const char *postgres_unmarked(struct arena *arena, const char *text, bool in_strings)
{
    static const char mark[] = "{schema}.";
    struct buf buf;
    if (!text || !strstr(text, mark))
        return text;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (const char *at = text, *end; *at; at = end) {
        end = !in_strings && (*at == '\'' || *at == '"') ? skip_quoted(at) : at + 1;
        if (strncmp(at, mark, strlen(mark)) == 0)
            end = at + strlen(mark);
        else
            buf_add(&buf, at, (size_t)(end - at));
    }
    return buf_into(&buf, arena);
}
