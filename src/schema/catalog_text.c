#include "schema/catalog_text.h"

#include "base/arena.h"
#include "base/fields.h"

/* ---- writing --------------------------------------------------------------------------------- */

static void add_object(struct buf *buf, const struct object *object)
{
    fields_add(buf, object_kind_name(object->kind));
    fields_add(buf, object->owner);
    fields_add(buf, object->name);
    fields_add_number(buf, object->has_automatic_name);
    for (size_t i = 0; i < object->property_count; i++) {
        const struct property *property = &object->properties[i];
        fields_add(buf, aspect_name(property->aspect));
        fields_add(buf, property->name);
        fields_add(buf, property->value);
    }
    fields_end(buf);
}

void catalog_add_text(struct buf *buf, const struct catalog *catalog)
{
    fields_add(buf, dialect_info(catalog->dialect)->name);
    fields_add(buf, catalog->group);
    fields_add_number(buf, catalog->folds_names);
    fields_end(buf);
    for (size_t i = 0; i < catalog->object_count; i++)
        add_object(buf, catalog->objects[i]);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_kind(struct fields *fields, enum object_kind *ret_kind)
{
    const char *word;
    size_t len;
    return fields_take_text(fields, &word) && object_kind_find(word, ret_kind, &len) && !word[len];
}

/* As many as the line has. */
static bool read_properties(struct fields *fields, struct object *object)
{
    const char *word, *name, *value;
    enum aspect aspect;
    while (fields_take(fields, &word)) {
        if (!word || !aspect_find(word, &aspect) || !fields_take_text(fields, &name) ||
            !fields_take_text(fields, &value))
            return false;
        object_set(object, aspect, name, value);
    }
    return !fields->is_damaged;
}

static bool read_object(struct fields *fields, struct catalog *catalog)
{
    enum object_kind kind;
    const char *owner, *name;
    uint32_t is_automatic;
    if (!read_kind(fields, &kind) || !fields_take(fields, &owner) ||
        !fields_take_text(fields, &name) || !fields_take_number(fields, 1, &is_automatic))
        return false;
    struct object *object = catalog_add(catalog, kind, owner, name);
    object->has_automatic_name = is_automatic;
    return read_properties(fields, object);
}

struct catalog *catalog_of_text(struct arena *arena, struct fields *fields)
{
    const char *name, *group, *more;
    enum dialect_id dialect;
    uint32_t folds_names;
    if (!fields_begin(fields) || !fields_take_text(fields, &name) ||
        !dialect_find(name, strlen(name), &dialect) || !fields_take_text(fields, &group) ||
        !fields_take_number(fields, 1, &folds_names) || fields_take(fields, &more))
        return NULL;
    struct catalog *catalog = arena_alloc(arena, sizeof *catalog);
    catalog_init(catalog, arena, dialect);
    catalog->group = group;
    catalog->folds_names = folds_names;
    while (fields_begin(fields))
        if (!read_object(fields, catalog))
            return NULL;
    return fields->is_damaged ? NULL : catalog;
}
