/* A growing byte string with a ceiling.
 *
 * Always NUL-terminated, so `data` is a C string wherever no NUL was added. Beyond `max_bytes`
 * nothing is added any more and `is_full` stays set: text from servers and files cannot exhaust
 * memory. The buffer owns its bytes; buf_done frees them.
 *
 *     struct buf buf;
 *     buf_init(&buf, BUF_MAX_DEFAULT);
 *     buf_addf(&buf, "%zu tenants", count);
 *     puts(buf.data);
 *     buf_done(&buf);
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/compiler.h"

#define BUF_MAX_DEFAULT ((size_t)1 << 30)

struct arena;

struct buf {
    char *data; /* never NULL after buf_init */
    size_t len;
    size_t capacity;
    size_t max_bytes;
    bool is_full; /* something did not fit */
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf); /* empty, keeps its memory */

/* Takes back what was added beyond `len` bytes. */
void buf_cut(struct buf *buf, size_t len);

/* The text, in memory of the arena; the buffer is done. A long one is not copied. */
const char *buf_into(struct buf *buf, struct arena *arena);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_adds(struct buf *buf, const char *text);
/* The items with `, ` between them. */
void buf_add_list(struct buf *buf, const char *const *items, size_t count);
void buf_addc(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);

#endif
