/* A map from byte strings to indices: names to tenants, ids to revisions, hosts to addresses.
 *
 * Keys are borrowed: they must live as long as the map. Values are plain uint32_t, so the caller
 * keeps its things in an array. Nothing can be removed.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/compiler.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

#define MAP_NONE UINT32_MAX

void map_init(struct map *map);
void map_done(struct map *map);

/* FNV-1a, of a key: for short ones and no hostile load (the inventory's size is bounded). */
uint32_t map_hash(const char *key);

/* The value of `key`, or MAP_NONE. */
uint32_t map_get(const struct map *map, const char *key);

/* Sets `key` to `value` unless it is there; returns the value that stands afterwards: `value`
 * where the key was new, the older one where it was not. */
uint32_t map_put(struct map *map, const char *key, uint32_t value);

#endif
