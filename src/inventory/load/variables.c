#include "inventory/load/variables.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"

enum { NAME_MAX_BYTES = 255 };

/* The placeholder `-.NAME.-` stands for the variable NAME that is not set. It is valid anywhere in a URL except in
 * its scheme and port, and no host has such a name. */
#define PLACEHOLDER_BEGIN "-."
#define PLACEHOLDER_END ".-"

/* The name after `${`, in `ret_name` of NAME_MAX_BYTES + 1. */
static bool read_name(const char *at, char *ret_name, struct err *err)
{
    const char *from = at + 2;
    size_t len = strcspn(from, "}");
    if (!from[len])
        return err_set(err, ERR_CONFIG, "'${' has no '}' after it; a plain '$' is written '$$'");
    if (len > NAME_MAX_BYTES)
        return err_set(err, ERR_CONFIG, "the variable's name between '${' and '}' is too long");
    memcpy(ret_name, from, len);
    ret_name[len] = '\0';
    if (!ascii_is_made_of(ret_name, "_") || ascii_is_digit(*ret_name))
        return err_set(err, ERR_CONFIG, "between '${' and '}' must stand a variable's name");
    return true;
}

/* False: the syntax is wrong. A variable that is not set leaves *ret_is_set false, and the error says so. */
static bool expand(struct buf *buf, const char *text, bool *ret_is_set, struct err *err)
{
    char name[NAME_MAX_BYTES + 1];
    while (*text) {
        if (text[0] != '$' || text[1] != '{') {
            text += text[0] == '$' && text[1] == '$';
            buf_addc(buf, *text++);
            continue;
        }
        if (!read_name(text, name, err))
            return false;
        const char *value = getenv(name);
        if (!value && *ret_is_set)
            *ret_is_set =
                err_set(err, ERR_CONFIG, "the environment variable '%s' is not set", name);
        if (value)
            buf_adds(buf, value);
        else
            buf_addf(buf, PLACEHOLDER_BEGIN "%s" PLACEHOLDER_END, name);
        text += strlen("${}") + strlen(name);
    }
    return true;
}

struct expansion variables_expand(struct arena *arena, const char *text, struct err *err)
{
    struct expansion expansion = {text, text, false};
    bool is_set = true;
    struct buf buf;
    if (!strchr(text, '$'))
        return expansion;
    expansion = (struct expansion){.has_variable = strstr(text, "${") != NULL};
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (expand(&buf, text, &is_set, err))
        expansion.partial = arena_strndup(arena, buf.data, buf.len);
    if (is_set)
        expansion.text = expansion.partial;
    buf_done(&buf);
    return expansion;
}

/* The length of the placeholder that begins here; 0: none does. */
static size_t placeholder_len(const char *text)
{
    const size_t mark_len = strlen(PLACEHOLDER_BEGIN);
    if (strncmp(text, PLACEHOLDER_BEGIN, mark_len) != 0)
        return 0;
    size_t len = 0;
    while (ascii_is_alnum(text[mark_len + len]) || text[mark_len + len] == '_')
        len++;
    bool is_ended = strncmp(text + mark_len + len, PLACEHOLDER_END, mark_len) == 0;
    return len && is_ended ? len + 2 * mark_len : 0;
}

const char *variables_show(struct arena *arena, const char *partial)
{
    const int mark_len = (int)strlen(PLACEHOLDER_BEGIN);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    while (*partial) {
        size_t len = placeholder_len(partial);
        if (len)
            buf_addf(&buf, "${%.*s}", (int)len - 2 * mark_len, partial + mark_len);
        else
            buf_addc(&buf, *partial);
        partial += len ? len : 1;
    }
    const char *text = arena_strndup(arena, buf.data, buf.len);
    buf_done(&buf);
    return text;
}

bool variables_are_in(const char *partial)
{
    for (; *partial; partial++)
        if (placeholder_len(partial))
            return true;
    return false;
}

bool variables_are_all(const char *text)
{
    char name[NAME_MAX_BYTES + 1];
    struct err err;
    for (; *text; text += strlen("${}") + strlen(name))
        if (strncmp(text, "${", 2) != 0 || !read_name(text, name, &err))
            return false;
    return true;
}
