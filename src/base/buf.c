#include "base/buf.h"

#include "base/arena.h"

static char empty[1];

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.data = empty, .max_bytes = max_bytes};
}

void buf_done(struct buf *buf)
{
    if (buf->data != empty)
        free(buf->data);
    *buf = (struct buf){.data = empty};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->is_full = false;
    if (buf->data != empty)
        buf->data[0] = '\0';
}

static bool make_room(struct buf *buf, size_t len)
{
    if (buf->is_full || len > buf->max_bytes - buf->len) {
        buf->is_full = true;
        return false;
    }
    if (buf->len + len < buf->capacity)
        return true;
    size_t wanted = buf->capacity ? buf->capacity * 2 : 128;
    if (wanted <= buf->len + len)
        wanted = buf->len + len + 1;
    buf->data = xrealloc(buf->data == empty ? NULL : buf->data, wanted);
    buf->capacity = wanted;
    return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (!len || !make_room(buf, len))
        return;
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_list(struct buf *buf, const char *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(buf, "%s%s", i ? ", " : "", items[i]);
}

void buf_addc(struct buf *buf, char c)
{
    if (!make_room(buf, 1))
        return;
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
}

void buf_cut(struct buf *buf, size_t len)
{
    if (len >= buf->len)
        return;
    buf->len = len;
    buf->data[len] = '\0';
}

void buf_vaddf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len <= 0 || !make_room(buf, (size_t)len))
        return;
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    buf->len += (size_t)len;
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vaddf(buf, format, args);
    va_end(args);
}

const char *buf_into(struct buf *buf, struct arena *arena)
{
    enum { LONG = 4096 };
    if (buf->len < LONG) {
        const char *copy = arena_strndup(arena, buf->data, buf->len);
        buf_done(buf);
        return copy;
    }
    char *data = xrealloc(buf->data, buf->len + 1);
    arena_adopt(arena, data);
    *buf = (struct buf){0};
    return data;
}
