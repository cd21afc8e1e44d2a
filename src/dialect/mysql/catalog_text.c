#include "dialect/mysql/catalog_text.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"

const char *mysql_skip_quoted(const char *at)
{
    char quote = *at++;
    for (; *at; at++) {
        if (*at == '\\' && quote != '`' && at[1])
            at++;
        else if (*at == quote && *++at != quote)
            return at;
    }
    return at;
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

const char *mysql_skip_word(const char *at)
{
    for (int depth = 0; *at;) {
        if (depth == 0 && (*at == ' ' || *at == '\n'))
            break;
        if (is_quote(*at)) {
            at = mysql_skip_quoted(at);
            continue;
        }
        depth += (*at == '(') - (*at == ')');
        at++;
    }
    return at;
}

const char *mysql_skip_spaces(const char *at)
{
    return at + strspn(at, " \n");
}

static bool is_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (c & 0x80);
}

const char *mysql_read_name(struct arena *arena, const char *at, const char **ret_after)
{
    const char *end = at;
    if (*at != '`' && *at != '"') {
        while (is_name(*end))
            end++;
        *ret_after = end;
        return arena_strndup(arena, at, (size_t)(end - at));
    }
    char quote = *at++;
    char *name = arena_alloc(arena, strlen(at) + 1), *to = name;
    for (end = at; *end && (*end != quote || end[1] == quote); end++) {
        *to++ = *end;
        if (*end == quote)
            end++;
    }
    *ret_after = *end ? end + 1 : end;
    return name;
}

/* After the beginning of such a comment, and its version; `at` where there is none. */
static const char *skip_version(const char *at)
{
    const char *p = at + 2;
    if (strncmp(at, "/*", 2) != 0)
        return at;
    if (*p == 'M')
        p++;
    if (*p++ != '!')
        return at;
    while (ascii_is_digit(*p))
        p++;
    return *p == ' ' ? p + 1 : p;
}

const char *mysql_unwrap(struct arena *arena, const char *text)
{
    struct buf buf;
    if (!strstr(text, "/*"))
        return text;
    buf_init(&buf, SIZE_MAX / 2);
    bool is_inside = false;
    for (const char *at = text, *end; *at; at = end) {
        if (is_quote(*at)) {
            end = mysql_skip_quoted(at);
            buf_add(&buf, at, (size_t)(end - at));
        } else if ((end = skip_version(at)) > at) {
            is_inside = true;
        } else if (is_inside && strncmp(at, "*/", 2) == 0) {
            is_inside = false;
            end = at + 2;
            if (buf.len && buf.data[buf.len - 1] == ' ')
                buf.data[--buf.len] = '\0';
        } else {
            buf_addc(&buf, *at);
            end = at + 1;
        }
    }
    return buf_into(&buf, arena);
}

/* ---- the database's name ---------------------------------------------------------------------- */

static int compare_names(const void *key, const void *member)
{
    return strcmp(key, *(const char *const *)member);
}

static bool has_object(const struct database_names *names, const char *name)
{
    return names->count && bsearch(name, names->objects, names->count, sizeof *names->objects,
                                   compare_names) != NULL;
}

/* Where the object's name begins that stands at `at` after the database's; NULL: none does. A column of a table is told
 * with three names, whether or not the table is there. */
static const char *find_own(struct arena *arena, const char *at, const struct database_names *names)
{
    const char *after, *end;
    if (*at != '`' && *at != '"' && !is_name(*at))
        return NULL;
    if (strcmp(mysql_read_name(arena, at, &after), names->database) != 0 || *after != '.')
        return NULL;
    const char *name = mysql_read_name(arena, after + 1, &end);
    return *name && (*end == '.' || has_object(names, name)) ? after + 1 : NULL;
}

static bool is_column(struct arena *arena, const char *own)
{
    const char *end;
    mysql_read_name(arena, own, &end);
    return *end == '.';
}

const char *mysql_plain(struct arena *arena, const char *text, const struct database_names *names,
                        enum mysql_text kind)
{
    struct buf buf;
    if (!text || !*names->database ||
        !(ascii_holds(text, names->database) || strpbrk(names->database, "`\"")))
        return text;
    buf_init(&buf, SIZE_MAX / 2);
    for (const char *at = text, *end; *at; at = end) {
        bool is_begin = at == text || (!is_name(at[-1]) && at[-1] != '.');
        const char *own = is_begin ? find_own(arena, at, names) : NULL;
        if (own) {
            if (kind != MYSQL_TEXT_VIEW || !is_column(arena, own))
                buf_adds(&buf, "{database}.");
            end = own;
            continue;
        }
        if (kind != MYSQL_TEXT_BODY && is_quote(*at)) {
            end = mysql_skip_quoted(at);
        } else {
            end = at + 1;
            while (is_name(*at) && is_name(*end))
                end++;
        }
        buf_add(&buf, at, (size_t)(end - at));
    }
    return buf_into(&buf, arena);
}
