#include "base/map.h"

#include "base/arena.h"

struct map_slot {
    const char *key; /* NULL: free */
    uint32_t hash;
    uint32_t value;
};

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_done(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

uint32_t map_hash(const char *key)
{
    uint32_t hash = 2166136261u;
    for (const unsigned char *p = (const unsigned char *)key; *p; p++)
        hash = (hash ^ *p) * 16777619u;
    return hash;
}

/* The slot that holds the key, or the free one where it belongs. */
static struct map_slot *find_slot(const struct map *map, const char *key, uint32_t hash)
{
    size_t at = hash & (map->capacity - 1);
    while (map->slots[at].key &&
           (map->slots[at].hash != hash || strcmp(map->slots[at].key, key) != 0))
        at = (at + 1) & (map->capacity - 1);
    return &map->slots[at];
}

static void grow(struct map *map)
{
    struct map bigger = {.capacity = map->capacity ? map->capacity * 2 : 16, .count = map->count};
    bigger.slots = xcalloc(bigger.capacity, sizeof *bigger.slots);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].key)
            *find_slot(&bigger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    free(map->slots);
    *map = bigger;
}

uint32_t map_get(const struct map *map, const char *key)
{
    if (!map->count)
        return MAP_NONE;
    const struct map_slot *slot = find_slot(map, key, map_hash(key));
    return slot->key ? slot->value : MAP_NONE;
}

uint32_t map_put(struct map *map, const char *key, uint32_t value)
{
    if (map->count * 4 >= map->capacity * 3)
        grow(map);
    uint32_t hash = map_hash(key);
    struct map_slot *slot = find_slot(map, key, hash);
    if (slot->key)
        return slot->value;
    *slot = (struct map_slot){.key = key, .hash = hash, .value = value};
    map->count++;
    return value;
}
