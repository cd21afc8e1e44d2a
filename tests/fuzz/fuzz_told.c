/* Any text as what a run tells other machines of its schemas (verification_of_told): it is refused, or it tells the same once more. */
#include <stdlib.h>

#include "base/arena.h"
#include "rollout/verification.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct texts *a, const struct texts *b)
{
    if (a->count != b->count)
        abort();
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            abort();
}

/* Texts are parted by bytes 1. */
static struct texts split(struct arena *arena, char *text)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    for (char *item, *rest = text; (item = strsep(&rest, "\1"));)
        *ARENA_PUSH(arena, items, count, capacity) = item;
    return (struct texts){items, count};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct err err;
    if (memchr(data, '\0', size))
        return 0;
    arena_init(&arena);
    const struct texts told = split(&arena, arena_strndup(&arena, (const char *)data, size));
    struct verification *first = verification_of_told(&told, &err);
    if (first) {
        const struct texts again = verification_told(first, &arena);
        struct verification *second = verification_of_told(&again, &err);
        if (!second)
            abort();
        const struct texts last = verification_told(second, &arena);
        check_same(&again, &last);
        verification_free(second);
    }
    verification_free(first);
    arena_done(&arena);
    return 0;
}
