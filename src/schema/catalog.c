#include "schema/catalog.h"

#include "base/arena.h"
#include "base/ascii.h"

static const char *const kind_names[OBJECT__COUNT] = {
    [OBJECT_DATABASE] = "database",
    [OBJECT_EXTENSION] = "extension",
    [OBJECT_SCHEMA] = "schema",
    [OBJECT_ENUM] = "enum",
    [OBJECT_DOMAIN] = "domain",
    [OBJECT_COMPOSITE] = "composite type",
    [OBJECT_RANGE] = "range type",
    [OBJECT_COLLATION] = "collation",
    [OBJECT_SEQUENCE] = "sequence",
    [OBJECT_TABLE] = "table",
    [OBJECT_VIRTUAL_TABLE] = "virtual table",
    [OBJECT_FOREIGN_TABLE] = "foreign table",
    [OBJECT_VIEW] = "view",
    [OBJECT_MATERIALIZED_VIEW] = "materialized view",
    [OBJECT_COLUMN] = "column",
    [OBJECT_PRIMARY_KEY] = "primary key",
    [OBJECT_UNIQUE] = "unique constraint",
    [OBJECT_FOREIGN_KEY] = "foreign key",
    [OBJECT_CHECK] = "check",
    [OBJECT_EXCLUSION] = "exclusion constraint",
    [OBJECT_INDEX] = "index",
    [OBJECT_PARTITION] = "partition",
    [OBJECT_STATISTICS] = "statistics",
    [OBJECT_TRIGGER] = "trigger",
    [OBJECT_RULE] = "rule",
    [OBJECT_POLICY] = "policy",
    [OBJECT_FUNCTION] = "function",
    [OBJECT_PROCEDURE] = "procedure",
    [OBJECT_AGGREGATE] = "aggregate",
    [OBJECT_OPERATOR] = "operator",
    [OBJECT_PACKAGE] = "package",
    [OBJECT_EVENT] = "event",
    [OBJECT_UNREAD] = "not compared",
};

static const char *const aspect_names[ASPECT__COUNT] = {
    [ASPECT_SHAPE] = "shape",       [ASPECT_NAMES] = "names",           [ASPECT_ORDER] = "order",
    [ASPECT_COMMENTS] = "comments", [ASPECT_PRIVILEGES] = "privileges", [ASPECT_OWNERS] = "owners",
    [ASPECT_VERSIONS] = "versions", [ASPECT_STORAGE] = "storage",
};

void catalog_init(struct catalog *catalog, struct arena *arena, enum dialect_id dialect)
{
    *catalog = (struct catalog){.arena = arena, .dialect = dialect, .group = ""};
}

struct object *catalog_add(struct catalog *catalog, enum object_kind kind, const char *owner,
                           const char *name)
{
    struct object *object = arena_alloc(catalog->arena, sizeof *object);
    *object = (struct object){.catalog = catalog, .kind = kind, .owner = owner, .name = name};
    *ARENA_PUSH(catalog->arena, catalog->objects, catalog->object_count, catalog->object_capacity) =
        object;
    return object;
}

struct catalog *catalog_copy(struct arena *arena, const struct catalog *catalog)
{
    struct catalog *copy = arena_alloc(arena, sizeof *copy);
    catalog_init(copy, arena, catalog->dialect);
    copy->group = arena_strdup(arena, catalog->group);
    copy->folds_names = catalog->folds_names;
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *from = catalog->objects[i];
        struct object *object = catalog_add(copy, from->kind, arena_strdup(arena, from->owner),
                                            arena_strdup(arena, from->name));
        object->has_automatic_name = from->has_automatic_name;
        object->sql = arena_strdup(arena, from->sql);
        for (size_t p = 0; p < from->property_count; p++)
            object_set(object, from->properties[p].aspect,
                       arena_strdup(arena, from->properties[p].name),
                       arena_strdup(arena, from->properties[p].value));
        for (size_t p = 0; p < from->property_count; p++) /* they are in one order */
            object->properties[p].written = arena_strdup(arena, from->properties[p].written);
    }
    for (size_t i = 0; i < catalog->need_count; i++)
        *ARENA_PUSH(arena, copy->needs, copy->need_count, copy->need_capacity) = catalog->needs[i];
    return copy;
}

void catalog_add_unread(struct catalog *catalog, const char *what, uint64_t count)
{
    if (count)
        object_set_number(catalog_add(catalog, OBJECT_UNREAD, NULL, what), ASPECT_SHAPE, "count",
                          count);
}

/* Properties are kept in the order of their names. */
void object_set(struct object *object, enum aspect aspect, const char *name, const char *value)
{
    if (!value)
        return;
    (void)ARENA_PUSH(object->catalog->arena, object->properties, object->property_count,
                     object->property_capacity);
    size_t at = object->property_count - 1;
    for (; at > 0 && strcmp(object->properties[at - 1].name, name) > 0; at--)
        object->properties[at] = object->properties[at - 1];
    object->properties[at] = (struct property){.aspect = aspect, .name = name, .value = value};
}

void object_set_number(struct object *object, enum aspect aspect, const char *name, uint64_t value)
{
    object_set(object, aspect, name,
               arena_printf(object->catalog->arena, "%llu", (unsigned long long)value));
}

void object_set_flag(struct object *object, enum aspect aspect, const char *name, bool is_so)
{
    object_set(object, aspect, name, is_so ? "yes" : NULL);
}

const char *object_get(const struct object *object, const char *name)
{
    for (size_t i = 0; i < object->property_count; i++)
        if (strcmp(object->properties[i].name, name) == 0)
            return object->properties[i].value;
    return NULL;
}

unsigned long object_position(const struct object *object)
{
    const char *position = object_get(object, "position");
    return position ? strtoul(position, NULL, 10) : 0;
}

const char *object_get_written(const struct object *object, const char *name)
{
    for (size_t i = 0; i < object->property_count; i++)
        if (strcmp(object->properties[i].name, name) == 0)
            return object->properties[i].written ? object->properties[i].written
                                                 : object->properties[i].value;
    return NULL;
}

const char *object_full_name(const struct object *object)
{
    if (!object->owner)
        return object->name;
    return arena_printf(object->catalog->arena, "%s.%s", object->owner, object->name);
}

const char *object_kind_name(enum object_kind kind)
{
    return kind_names[kind];
}

bool object_kind_find(const char *text, enum object_kind *ret_kind, size_t *ret_len)
{
    size_t longest = 0;
    for (int kind = 0; kind < OBJECT__COUNT; kind++) {
        size_t len = strlen(kind_names[kind]);
        if (len <= longest || strncmp(text, kind_names[kind], len) != 0 ||
            (text[len] != '\0' && text[len] != ' '))
            continue;
        longest = len;
        *ret_kind = (enum object_kind)kind;
    }
    *ret_len = longest;
    return longest > 0;
}

const char *aspect_name(enum aspect aspect)
{
    return aspect_names[aspect];
}

bool aspect_find(const char *word, enum aspect *ret_aspect)
{
    for (int aspect = 0; aspect < ASPECT__COUNT; aspect++)
        if (strcmp(aspect_names[aspect], word) == 0) {
            *ret_aspect = (enum aspect)aspect;
            return true;
        }
    return false;
}
