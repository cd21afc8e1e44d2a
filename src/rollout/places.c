#include "rollout/places.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

struct places {
    struct arena arena;
    struct map by_key;
    struct rows **items;
    size_t count, capacity;
};

static uint32_t add(struct places *places, const struct rows *rows)
{
    struct rows *copy = arena_alloc(&places->arena, sizeof *copy);
    rows_copy(&places->arena, rows, copy);
    *ARENA_PUSH(&places->arena, places->items, places->count, places->capacity) = copy;
    return (uint32_t)places->count - 1;
}

struct places *places_new(void)
{
    struct places *places = xcalloc(1, sizeof *places);
    arena_init(&places->arena);
    map_init(&places->by_key);
    add(places, &(struct rows){.is_known = false});
    return places;
}

void places_free(struct places *places)
{
    if (!places)
        return;
    map_done(&places->by_key);
    arena_done(&places->arena);
    free(places);
}

uint32_t places_put(struct places *places, const struct rows *rows)
{
    struct buf key;
    if (!rows->is_known)
        return 0;
    buf_init(&key, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < rows->count; i++)
        buf_addf(&key, "%s\n", rows->ids[i]);
    uint32_t number = map_get(&places->by_key, key.data);
    if (number == MAP_NONE) {
        number = add(places, rows);
        map_put(&places->by_key, arena_strdup(&places->arena, key.data), number);
    }
    buf_done(&key);
    return number;
}

const struct rows *places_at(const struct places *places, uint32_t number)
{
    return places->items[number];
}
