#include "inventory/load/sharing.h"

void sharing_init(struct sharing *sharing, struct arena *kept)
{
    *sharing = (struct sharing){.kept = kept};
    arena_init(&sharing->keys);
    map_init(&sharing->strings.map);
    map_init(&sharing->objects.map);
}

void sharing_done(struct sharing *sharing)
{
    map_done(&sharing->strings.map);
    map_done(&sharing->objects.map);
    free(sharing->strings.items);
    free(sharing->objects.items);
    arena_done(&sharing->keys);
}

static const void *find(const struct sharing_table *table, const char *key)
{
    uint32_t index = map_get(&table->map, key);
    return index == MAP_NONE ? NULL : table->items[index];
}

/* `key` is borrowed. */
static void add(struct sharing_table *table, const char *key, const void *item)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        table->items = xrealloc(table->items, table->capacity * sizeof *table->items);
    }
    map_put(&table->map, key, (uint32_t)table->count);
    table->items[table->count++] = item;
}

const char *sharing_string(struct sharing *sharing, const char *text)
{
    if (!text)
        return NULL;
    const char *known = find(&sharing->strings, text);
    if (known)
        return known;
    const char *copy = arena_strdup(sharing->kept, text);
    add(&sharing->strings, copy, copy);
    return copy;
}

const void *sharing_find(const struct sharing *sharing, const char *key)
{
    return find(&sharing->objects, key);
}

void sharing_add(struct sharing *sharing, const char *key, const void *object)
{
    add(&sharing->objects, arena_strdup(&sharing->keys, key), object);
}
