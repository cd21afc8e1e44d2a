/* An arena: many small allocations that die together.
 *
 * What is kept lives in the arena whose lifetime it shares (run, tenant, operation). There is no
 * way to free one allocation. Out of memory aborts with a message: the ledger makes a crash
 * resumable, half-handled exhaustion would not be. Not for use by two threads at once.
 *
 *     struct arena arena;
 *     arena_init(&arena);
 *     const char *name = arena_printf(&arena, "%s-%d", "acme", 7);
 *     arena_done(&arena);
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>

#include "base/compiler.h"

struct arena_chunk;
struct arena_block;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    struct arena_block *blocks; /* adopted */
    char *at;                   /* free space in the newest chunk */
    size_t left;
    size_t used_bytes; /* handed out so far, for the tests and for curiosity */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);

/* Zeroed memory of `size` bytes, aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* `count` zeroed elements of `size` bytes each; aborts where the product overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);

/* Grows an arena array to hold one element more. `*items` may move; capacity doubles.
 * Use through ARENA_PUSH. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size);

/* Appends to an array kept as `items`, `count`, `capacity`; evaluates to the new element. */
#define ARENA_PUSH(arena, items, count, capacity)                                                  \
    ((items) = arena_grow((arena), (items), (count), &(capacity), sizeof *(items)),                \
     &(items)[(count)++])

/* Takes over a block that malloc made: it is freed with the arena. */
void arena_adopt(struct arena *arena, void *block);

/* Copies; NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);

char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Says so on stderr, and aborts: the ledger makes any end resumable. */
NO_RETURN void die_out_of_memory(void);

/* malloc and realloc that abort where memory is out, for what libuv or a client library must
 * outlive. The caller frees with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *text);

#endif
