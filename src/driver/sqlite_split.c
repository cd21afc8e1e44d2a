#include "driver/sqlite_split.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "driver/split.h"

/* Behind a quoted piece or a comment that begins at `at`; `at` itself where none does. An
 * unterminated one ends the text. */
static size_t skip_opaque(const char *sql, size_t len, size_t at)
{
    char open = sql[at];
    char next = at + 1 < len ? sql[at + 1] : '\0';
    const char *end;
    if (open == '-' && next == '-') {
        end = memchr(sql + at, '\n', len - at);
        return end ? (size_t)(end - sql) + 1 : len;
    }
    if (open == '/' && next == '*') {
        end = memmem(sql + at + 2, len - at - 2, "*/", 2);
        return end ? (size_t)(end - sql) + 2 : len;
    }
    if (open == '\'' || open == '"' || open == '`' || open == '[') {
        end = memchr(sql + at + 1, open == '[' ? ']' : open, len - at - 1);
        return end ? (size_t)(end - sql) + 1 : len;
    }
    return at;
}

/* sqlite3_complete knows triggers, whose bodies hold semicolons; only semicolons outside quotes and
 * comments are worth asking about. `copy` is writable, so that the question can be NUL-terminated. */
static size_t find_end(char *copy, size_t len, size_t begin, bool *ret_is_ended)
{
    for (size_t at = begin; at < len;) {
        size_t behind = skip_opaque(copy, len, at);
        if (behind != at) {
            at = behind;
            continue;
        }
        if (copy[at++] != ';')
            continue;
        char saved = copy[at];
        copy[at] = '\0';
        *ret_is_ended = sqlite3_complete(copy + begin);
        copy[at] = saved;
        if (*ret_is_ended)
            return at;
    }
    *ret_is_ended = false;
    return len;
}

bool sqlite_split(struct arena *arena, const char *sql, size_t len,
                  struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    (void)err; /* what is no SQL is told by the database, with its place */
    char *copy = arena_strndup(arena, sql, len);
    struct split_list list = {.arena = arena, .sql = sql, .line = 1};
    for (size_t at = 0; (at = split_skip(copy, len, at, false)) < len;) {
        bool is_ended;
        size_t end = find_end(copy, len, at, &is_ended);
        split_add(&list, at, end - at);
        list.items[list.count - 1].is_ended = is_ended;
        at = end;
    }
    *ret_statements = list.items;
    *ret_count = list.count;
    return true;
}
