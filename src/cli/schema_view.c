#include "cli/schema_view.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/human.h"
#include "dialect/dialect.h"
#include "schema/emit.h"

/* ---- order ------------------------------------------------------------------------------------- */

static int compare_names(const struct object *a, const struct object *b, const char *left,
                         const char *right)
{
    bool folds = a->catalog->folds_names && b->catalog->folds_names;
    for (; folds && *left && ascii_to_lower(*left) == ascii_to_lower(*right); left++)
        right++;
    return folds ? ascii_to_lower(*left) - ascii_to_lower(*right) : strcmp(left, right);
}

/* By owner (what has none first), kind, position and name. */
static int compare_objects(const void *left, const void *right)
{
    const struct object *a = *(const struct object *const *)left;
    const struct object *b = *(const struct object *const *)right;
    int order = compare_names(a, b, a->owner ? a->owner : "", b->owner ? b->owner : "");
    if (!order)
        order = (int)a->kind - (int)b->kind;
    if (!order)
        order =
            (object_position(a) > object_position(b)) - (object_position(a) < object_position(b));
    return order ? order : compare_names(a, b, a->name, b->name);
}

static struct object **sorted(const struct catalog *catalog)
{
    size_t count = catalog->object_count;
    struct object **objects = arena_calloc(catalog->arena, count + 1, sizeof(struct object *));
    for (size_t i = 0; i < count; i++)
        objects[i] = catalog->objects[i];
    if (count)
        qsort(objects, count, sizeof(struct object *), compare_objects);
    return objects;
}

/* The first of the sorted objects that this one owns. */
static size_t find_owned(struct object *const *objects, size_t count, const struct object *owner)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        const struct object *at = objects[middle];
        if (compare_names(at, owner, at->owner ? at->owner : "", owner->name) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* ---- text -------------------------------------------------------------------------------------- */

/* `type text, not null`; the position is seen. */
static void add_properties(struct buf *buf, const struct object *object)
{
    const char *before = ": ";
    for (size_t i = 0; i < object->property_count; i++) {
        const struct property *property = &object->properties[i];
        if (property->aspect == ASPECT_ORDER)
            continue;
        buf_addf(buf, "%s%s", before, property->name);
        before = ", ";
        if (strcmp(property->value, "yes") == 0)
            continue;
        buf_addc(buf, ' ');
        human_add_text(buf, property->value);
    }
}

static void print_object(const struct object *object, const char *indent, FILE *out)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "%s%s", indent, object_kind_name(object->kind));
    buf_adds(&buf, *object->name ? " " : "");
    human_add_text(&buf, object->name);
    add_properties(&buf, object);
    fprintf(out, "%s\n", buf.data);
    buf_done(&buf);
}

void schema_view_text(const struct catalog *catalog, FILE *out)
{
    struct object **objects = sorted(catalog);
    size_t count = catalog->object_count;
    for (size_t i = 0; i < count && !objects[i]->owner; i++) {
        const struct object *owner = objects[i];
        if (*owner->name || owner->property_count)
            print_object(owner, "  ", out);
        if (!*owner->name)
            continue;
        for (size_t k = find_owned(objects, count, owner);
             k < count && objects[k]->owner &&
             compare_names(objects[k], owner, objects[k]->owner, owner->name) == 0;
             k++)
            print_object(objects[k], "    ", out);
    }
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static json_t *json_properties(const struct object *object)
{
    json_t *properties = json_object();
    for (size_t i = 0; i < object->property_count; i++)
        json_set_text(properties, object->properties[i].name, object->properties[i].value);
    return properties;
}

void schema_view_json(const struct catalog *catalog, struct json_stream *stream)
{
    struct object **objects = sorted(catalog);
    json_put_text(stream, "group", catalog->group);
    json_open(stream, "objects", '[');
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = objects[i];
        json_t *json = json_object();
        json_object_set_new(json, "kind", json_text(object_kind_name(object->kind)));
        json_object_set_new(json, "owner", json_text(object->owner));
        json_object_set_new(json, "name", json_text(object->name));
        json_object_set_new(json, "automatic_name", json_boolean(object->has_automatic_name));
        json_object_set_new(json, "attributes", json_properties(object));
        json_object_set_new(json, "sql", json_text(object->sql));
        json_put(stream, NULL, json);
    }
    json_close(stream, ']');
}

/* ---- SQL --------------------------------------------------------------------------------------- */

void schema_view_sql(const struct catalog *catalog, FILE *out)
{
    struct arena arena;
    arena_init(&arena);
    fputs(emission_of_all(dialect_of(catalog->dialect)->emitter, &arena, catalog), out);
    arena_done(&arena);
}
