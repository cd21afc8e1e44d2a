#include "dialect/sqlite/split.h"

#include <ctype.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/split.h"

/* The offset after a quoted piece or a comment that begins at `at`; `at` itself where none does. One without an
 * end reaches to the end of the text. */
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

/* `copy` is writable, so that the question can be NUL-terminated. */
static bool is_complete(char *copy, size_t begin, size_t end)
{
    char saved = copy[end];
    copy[end] = '\0';
    bool is = sqlite3_complete(copy + begin);
    copy[end] = saved;
    return is;
}

static bool ends_in_end(const char *copy, size_t begin, size_t end)
{
    return end - begin > 3 && ascii_begins(copy + end - 3, "end");
}

/* sqlite3_complete knows triggers, whose bodies hold semicolons; only semicolons outside quotes and comments
 * are worth asking about. Where the first semicolon does not end the statement, it is a trigger, and only a
 * semicolon after END does: asking each time would take minutes where a trigger's end is missing. */
static size_t find_end(char *copy, size_t len, size_t begin, bool *ret_is_ended)
{
    bool is_trigger = false;
    for (size_t at = begin, word_end = begin; at < len;) {
        size_t after = skip_opaque(copy, len, at);
        if (after != at) {
            at = after;
            continue;
        }
        char c = copy[at++];
        if (c != ';') {
            word_end = isspace((unsigned char)c) ? word_end : at;
            continue;
        }
        if (is_trigger && !ends_in_end(copy, begin, word_end))
            continue;
        *ret_is_ended = is_complete(copy, begin, at);
        if (*ret_is_ended)
            return at;
        is_trigger = true;
    }
    *ret_is_ended = false;
    return len;
}

/* No statement of SQLite's begins with a dot. */
static bool refuse_shell_command(const char *sql, size_t len, size_t at, struct err *err)
{
    static const struct {
        const char *name, *advice;
    } commands[] = {
        {".read", "put that file's SQL into the revision"},
        {".import", "write INSERT statements instead"},
        {".open", "a revision stays in its tenant's database: leave it out"},
    };
    const char *name = sql + at, *advice = "leave it out, or say the same in SQL";
    size_t name_len = 1;
    while (at + name_len < len && ascii_is_alpha(name[name_len]))
        name_len++;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strlen(commands[i].name) == name_len && memcmp(commands[i].name, name, name_len) == 0)
            advice = commands[i].advice;
    err_set(err, ERR_CHAIN, "'%.*s' is a command of the sqlite3 shell, not SQL: %s",
            (int)(name_len < 32 ? name_len : 32), name, advice);
    err->offset = at + 1;
    return false;
}

/* The database itself reports everything else that is no SQL, with its place. */
bool sqlite_split(struct arena *arena, const char *sql, size_t len,
                  struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    char *copy = arena_strndup(arena, sql, len);
    struct split_list list = {.arena = arena, .sql = sql, .line = 1};
    for (size_t at = 0; (at = split_skip(copy, len, at, false)) < len;) {
        bool is_ended;
        if (copy[at] == '.')
            return refuse_shell_command(sql, len, at, err);
        size_t end = find_end(copy, len, at, &is_ended);
        split_add(&list, at, end - at);
        list.items[list.count - 1].is_ended = is_ended;
        at = end;
    }
    *ret_statements = list.items;
    *ret_count = list.count;
    return true;
}
