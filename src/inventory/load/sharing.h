/* Equal things kept once: 100,000 tenants share a few hosts, users, label sets and settings.
 *
 * What is interned lives in the arena `kept`; the tables that find it again die with sharing_done,
 * the things stay. Objects are found by a text that says all of what they are.
 */
#ifndef INVENTORY_LOAD_SHARING_H
#define INVENTORY_LOAD_SHARING_H

#include "base/arena.h"
#include "base/map.h"

struct sharing_table {
    struct map map;
    const void **items;
    size_t count, capacity;
};

struct sharing {
    struct arena *kept;
    struct arena keys; /* of the objects */
    struct sharing_table strings;
    struct sharing_table objects;
};

void sharing_init(struct sharing *sharing, struct arena *kept);
void sharing_done(struct sharing *sharing);

/* NULL stays NULL. */
const char *sharing_string(struct sharing *sharing, const char *text);

/* The object known by `key`, or NULL. */
const void *sharing_find(const struct sharing *sharing, const char *key);

/* Makes `object` (which lives in `kept`) known by `key`, which is copied. */
void sharing_add(struct sharing *sharing, const char *key, const void *object);

#endif
