#include "base/arena.h"

#include <stdalign.h>

struct arena_chunk {
    struct arena_chunk *next;
    alignas(max_align_t) char bytes[];
};

/* What arena_adopt took over; it lies in the arena itself. */
struct arena_block {
    struct arena_block *next;
    void *bytes;
};

enum { FIRST_CHUNK = 1024, MAX_CHUNK = 256 * 1024 };

void die_out_of_memory(void)
{
    fputs("skein: out of memory\n", stderr);
    abort();
}

void *xmalloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);
    if (!ptr)
        die_out_of_memory();
    return ptr;
}

void *xcalloc(size_t count, size_t size)
{
    void *ptr = calloc(count ? count : 1, size ? size : 1);
    if (!ptr)
        die_out_of_memory();
    return ptr;
}

void *xrealloc(void *ptr, size_t size)
{
    void *moved = realloc(ptr, size ? size : 1);
    if (!moved)
        die_out_of_memory();
    return moved;
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(xmalloc(size), text, size);
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_done(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    for (const struct arena_block *block = arena->blocks; block; block = block->next)
        free(block->bytes);
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *arena = (struct arena){0};
}

/* Chunks double up to MAX_CHUNK, so that a tenant's arena is small and a run's is cheap. */
static void add_chunk(struct arena *arena, size_t at_least)
{
    size_t size = FIRST_CHUNK;
    while (size < MAX_CHUNK && size < arena->used_bytes)
        size *= 2;
    if (size < at_least)
        size = at_least;
    struct arena_chunk *chunk = xmalloc(sizeof *chunk + size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->at = chunk->bytes;
    arena->left = size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        die_out_of_memory();
    size_t padded = (size + align - 1) / align * align;
    padded = padded ? padded : align; /* never NULL */
    if (arena->left < padded)
        add_chunk(arena, padded);
    void *ptr = arena->at;
    arena->at += padded;
    arena->left -= padded;
    arena->used_bytes += padded;
    return memset(ptr, 0, padded);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        die_out_of_memory();
    return arena_alloc(arena, count * size);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity ? *capacity * 2 : 4;
    void *moved = arena_calloc(arena, wanted, size);
    if (count)
        memcpy(moved, items, count * size);
    *capacity = wanted;
    return moved;
}

void arena_adopt(struct arena *arena, void *block)
{
    struct arena_block *adopted = arena_alloc(arena, sizeof *adopted);
    *adopted = (struct arena_block){arena->blocks, block};
    arena->blocks = adopted;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    if (!text)
        return NULL;
    char *copy = arena_alloc(arena, len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        die_out_of_memory();
    char *text = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
