#include "schema/canonical.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/texts.h"

/* With the NUL byte that ends it. */
static void add_part(struct buf *buf, const char *text, bool folds)
{
    size_t len = strlen(text), begin = buf->len;
    buf_add(buf, text, len + 1);
    for (size_t i = begin; folds && i < buf->len; i++)
        buf->data[i] = ascii_to_lower(buf->data[i]);
}

/* Names of properties are never empty, so an empty one ends the list. */
static void add_body(struct buf *buf, const struct object *object,
                     const struct catalog_rules *rules)
{
    for (size_t i = 0; i < object->property_count; i++) {
        const struct property *property = &object->properties[i];
        if (!catalog_rules_has(rules, property->aspect))
            continue;
        add_part(buf, property->name, false);
        add_part(buf, property->value, false);
    }
    buf_addc(buf, '\0');
}

static void add_identity(struct buf *buf, const struct object *object,
                         const struct catalog_rules *rules)
{
    bool folds = object->catalog->folds_names;
    buf_addc(buf, (char)('A' + object->kind));
    add_part(buf, object->owner ? object->owner : "", folds);
    if (object->has_automatic_name && !catalog_rules_has(rules, ASPECT_NAMES)) {
        buf_addc(buf, '\0');
        add_body(buf, object, rules);
    } else {
        add_part(buf, object->name, folds);
    }
}

static int compare_lines(const void *left, const void *right)
{
    const struct canonical_line *a = left, *b = right;
    int order = texts_compare(a->identity, a->identity_len, b->identity, b->identity_len);
    return order ? order : texts_compare(a->body, a->body_len, b->body, b->body_len);
}

static const char *map_key(const struct catalog *catalog, const char *name)
{
    if (!catalog->folds_names)
        return name;
    char *key = arena_strdup(catalog->arena, name);
    for (char *p = key; *p; p++)
        *p = ascii_to_lower(*p);
    return key;
}

/* What is not ignored itself, and belongs to nothing that is; a flag for each object. */
static const bool *find_kept(const struct catalog *catalog, const struct catalog_rules *rules)
{
    bool *kept = arena_calloc(catalog->arena, catalog->object_count, sizeof *kept);
    struct map ignored;
    map_init(&ignored);
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        kept[i] = !catalog_rules_ignores(rules, object);
        if (!kept[i] && !object->owner)
            map_put(&ignored, map_key(catalog, object->name), 0);
    }
    for (size_t i = 0; ignored.count && i < catalog->object_count; i++)
        if (kept[i] && catalog->objects[i]->owner)
            kept[i] = map_get(&ignored, map_key(catalog, catalog->objects[i]->owner)) == MAP_NONE;
    map_done(&ignored);
    return kept;
}

/* `text` grows while lines are made, so they are offsets first. */
void canonical_make(struct canonical *canonical, const struct catalog *catalog,
                    const struct catalog_rules *rules)
{
    struct arena *arena = catalog->arena;
    struct buf text;
    size_t at = 0;
    const bool *kept = find_kept(catalog, rules);
    *canonical = (struct canonical){
        .catalog = catalog,
        .lines = arena_calloc(arena, catalog->object_count, sizeof *canonical->lines)};
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        size_t begin = text.len;
        if (!kept[i])
            continue;
        add_identity(&text, object, rules);
        size_t middle = text.len;
        add_body(&text, object, rules);
        canonical->lines[canonical->line_count++] = (struct canonical_line){
            .identity_len = middle - begin, .body_len = text.len - middle, .object = object};
    }
    const char *bytes = buf_into(&text, arena);
    for (size_t i = 0; i < canonical->line_count; i++) {
        struct canonical_line *line = &canonical->lines[i];
        line->identity = bytes + at;
        line->body = line->identity + line->identity_len;
        at += line->identity_len + line->body_len;
    }
    if (canonical->line_count)
        qsort(canonical->lines, canonical->line_count, sizeof *canonical->lines, compare_lines);
}

struct fingerprint canonical_fingerprint(const struct canonical *canonical)
{
    struct fingerprint fingerprint;
    struct buf buf;
    buf_init(&buf, SIZE_MAX / 2);
    buf_addf(&buf, "skein catalog %d\n%s\n", CANONICAL_FORM, canonical->catalog->group);
    for (size_t i = 0; i < canonical->line_count; i++) {
        buf_add(&buf, canonical->lines[i].identity, canonical->lines[i].identity_len);
        buf_add(&buf, canonical->lines[i].body, canonical->lines[i].body_len);
    }
    hash_hex(buf.data, buf.len, fingerprint.hex);
    buf_done(&buf);
    return fingerprint;
}

struct fingerprint catalog_fingerprint(const struct catalog *catalog,
                                       const struct catalog_rules *rules)
{
    struct canonical canonical;
    canonical_make(&canonical, catalog, rules);
    return canonical_fingerprint(&canonical);
}
