#include "base/arena.h"

#include <stdalign.h>

struct arena_chunk {
    struct arena_chunk *next;
    alignas(max_align_t) char bytes[];
};

/* A block that arena_adopt has taken over. This struct lies in the arena itself. */
struct arena_block {
    struct arena_block *next;
    void *bytes;
};

enum { FIRST_CHUNK = 1024, MAX_CHUNK = 64 * 1024 };

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

static struct arena_chunk *new_chunk(size_t size)
{
    return xmalloc(sizeof(struct arena_chunk) + size);
}

/* Chunks double up to MAX_CHUNK, so that a tenant's arena is small and a run's is cheap. */
static void add_chunk(struct arena *arena, size_t at_least)
{
    size_t size = FIRST_CHUNK;
    while (size < MAX_CHUNK && size < arena->used_bytes)
        size *= 2;
    if (size < at_least)
        size = at_least;
    struct arena_chunk *chunk = new_chunk(size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->at = chunk->bytes;
    arena->left = size;
}

/* A large allocation gets a chunk of its own. It is linked after the newest chunk, so that the space left in the
 * newest one can still be used. */
static void *alloc_large(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = new_chunk(size);
    chunk->next = arena->chunks->next;
    arena->chunks->next = chunk;
    arena->used_bytes += size;
    return chunk->bytes;
}

static void *take_bytes(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        die_out_of_memory();
    if (arena->left < size && arena->chunks && size > FIRST_CHUNK)
        return alloc_large(arena, size);
    if (arena->left < size)
        add_chunk(arena, size);
    void *ptr = arena->at;
    arena->at += size;
    arena->left -= size;
    arena->used_bytes += size;
    return ptr;
}

/* Texts need no alignment, so what comes after one may have to begin later. */
static void align(struct arena *arena)
{
    const size_t step = alignof(max_align_t);
    if (!arena->left)
        return; /* there may be no chunk yet, and nothing may be added to a null pointer */
    size_t gap = (step - (uintptr_t)arena->at % step) % step;
    gap = gap < arena->left ? gap : arena->left;
    arena->at += gap;
    arena->left -= gap;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    align(arena);
    return memset(take_bytes(arena, size ? size : 1), 0, size); /* never NULL */
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

static char *alloc_text(struct arena *arena, size_t len)
{
    char *text = take_bytes(arena, len + 1);
    text[len] = '\0';
    return text;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    return text ? memcpy(alloc_text(arena, len), text, len) : NULL;
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
    char *text = alloc_text(arena, (size_t)len);
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
