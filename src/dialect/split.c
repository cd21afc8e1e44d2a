#include "dialect/split.h"

#include "base/arena.h"
#include "base/ascii.h"

static bool starts_with(const char *sql, size_t len, size_t at, const char *two)
{
    return at + 1 < len && sql[at] == two[0] && sql[at + 1] == two[1];
}

size_t split_skip_block_comment(const char *sql, size_t len, size_t at, bool nests)
{
    size_t depth = 0;
    while (at < len) {
        if (starts_with(sql, len, at, "/*") && (depth == 0 || nests)) {
            depth++;
            at += 2;
        } else if (starts_with(sql, len, at, "*/")) {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return len;
}

size_t split_skip(const char *sql, size_t len, size_t at, bool comments_nest)
{
    while (at < len) {
        if (strchr(" \t\r\n\f\v;", sql[at]) && sql[at]) {
            at++;
        } else if (starts_with(sql, len, at, "--")) {
            const char *end = memchr(sql + at, '\n', len - at);
            at = end ? (size_t)(end - sql) + 1 : len;
        } else if (starts_with(sql, len, at, "/*")) {
            at = split_skip_block_comment(sql, len, at, comments_nest);
        } else {
            return at;
        }
    }
    return len;
}

size_t split_word(const char *sql, size_t len, size_t at, char ret_word[SPLIT_WORD_SIZE])
{
    size_t used = 0;
    at = split_skip(sql, len, at, true);
    for (; at < len && ascii_is_alpha(sql[at]); at++)
        if (used + 1 < SPLIT_WORD_SIZE)
            ret_word[used++] = ascii_to_lower(sql[at]);
    ret_word[used] = '\0';
    return at;
}

bool split_refuse(struct err *err, size_t offset, const char *why)
{
    err_set(err, ERR_CHAIN, "%s", why);
    err->offset = offset + 1;
    return false;
}

void split_add(struct split_list *list, size_t offset, size_t len)
{
    for (; list->counted < offset; list->counted++)
        list->line += list->sql[list->counted] == '\n';
    *ARENA_PUSH(list->arena, list->items, list->count, list->capacity) =
        (struct statement){.offset = offset, .len = len, .line = list->line};
}
