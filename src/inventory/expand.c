#include "inventory/expand.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"

enum { NAME_MAX_BYTES = 255 };

/* Steps `*at` over `${NAME}` and appends what NAME holds. */
static bool add_variable(struct buf *buf, const char **at, struct err *err)
{
    char name[NAME_MAX_BYTES + 1];
    const char *from = *at + 2;
    size_t len = strcspn(from, "}");
    if (!from[len])
        return err_set(err, ERR_CONFIG, "'${' has no '}' after it; a plain '$' is written '$$'");
    if (len > NAME_MAX_BYTES)
        return err_set(err, ERR_CONFIG, "the variable's name between '${' and '}' is too long");
    memcpy(name, from, len);
    name[len] = '\0';
    if (!ascii_is_made_of(name, "_") || ascii_is_digit(*name))
        return err_set(err, ERR_CONFIG, "between '${' and '}' must stand a variable's name");
    const char *value = getenv(name);
    if (!value)
        return err_set(err, ERR_CONFIG, "the environment variable '%s' is not set", name);
    buf_adds(buf, value);
    *at = from + len + 1;
    return true;
}

static bool add_expanded(struct buf *buf, const char *text, struct err *err)
{
    while (*text) {
        if (text[0] == '$' && text[1] == '{') {
            if (!add_variable(buf, &text, err))
                return false;
            continue;
        }
        text += text[0] == '$' && text[1] == '$';
        buf_addc(buf, *text++);
    }
    return true;
}

const char *expand_text(struct arena *arena, const char *text, struct err *err)
{
    const char *expanded = NULL;
    struct buf buf;
    if (!strchr(text, '$'))
        return text;
    buf_init(&buf, BUF_MAX_DEFAULT);
    if (add_expanded(&buf, text, err))
        expanded = arena_strndup(arena, buf.data, buf.len);
    buf_done(&buf);
    return expanded;
}
