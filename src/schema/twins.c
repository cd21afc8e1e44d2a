#include "schema/twins.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/map.h"

/* What the database itself has not named may be there twice, and so may what is only counted. A table has one primary key, whatever
 * it is called. */
static bool has_place(const struct object *object)
{
    return object->kind == OBJECT_PRIMARY_KEY ||
           (object->kind != OBJECT_UNREAD && *object->name && !object->has_automatic_name);
}

/* No two places have one key: the lengths tell where names end. */
static const char *place_key(const struct object *object)
{
    const char *owner = object->owner ? object->owner : "";
    const char *name = object->kind == OBJECT_PRIMARY_KEY ? "" : object->name;
    char *key = arena_printf(object->catalog->arena, "%d %zu %d %s %s", (int)object->kind,
                             strlen(owner), object->owner != NULL, owner, name);
    for (char *p = key; object->catalog->folds_names && *p; p++)
        *p = ascii_to_lower(*p);
    return key;
}

const struct object *catalog_find_twin(const struct catalog *catalog)
{
    const struct object *twin = NULL;
    struct map seen;
    map_init(&seen);
    for (size_t i = 0; i < catalog->object_count && !twin; i++) {
        const struct object *object = catalog->objects[i];
        if (has_place(object) && map_put(&seen, place_key(object), (uint32_t)i) != i)
            twin = object;
    }
    map_done(&seen);
    return twin;
}
