/* Where things are in the two catalogs: what is asked for again and again of each table must not be looked for in all of them. */
#include "base/arena.h"
#include "dialect/mysql/catalog_text.h"
#include "dialect/mysql/emit_private.h"

static const char *owner_of(const struct object *object)
{
    return object->owner ? object->owner : "";
}

/* No name holds the byte 1. Into the buffer, which is cleared. */
static const char *key_of(struct buf *buf, enum object_kind kind, const char *owner,
                          const char *name)
{
    buf_clear(buf);
    buf_addf(buf, "%d\1%s\1%s", (int)kind, owner ? owner : "", name);
    return buf->data;
}

static const char *read_target(struct arena *arena, const struct object *key)
{
    const char *after, *references = object_get(key, "references");
    if (!references)
        return "";
    const char *name = mysql_read_name(arena, references, &after);
    return *after == '.' ? "" : name;
}

/* Places in the order of their owners: how many each has, where they begin, and then each into its place. */
static void index_members(struct emit_side *side, struct arena *arena)
{
    const struct catalog *catalog = side->catalog;
    size_t count = catalog->object_count;
    size_t *starts = arena_calloc(arena, count + 2, sizeof *starts);
    size_t *next = arena_calloc(arena, count + 2, sizeof *next);
    side->members = arena_calloc(arena, count + 1, sizeof *side->members);
    for (size_t i = 0; i < count; i++) {
        const char *owner = owner_of(catalog->objects[i]);
        starts[map_put(&side->owners, owner, (uint32_t)side->owners.count) + 1]++;
    }
    for (size_t k = 0; k < side->owners.count; k++)
        next[k + 1] = starts[k + 1] += starts[k];
    for (size_t i = 0; i < count; i++)
        side->members[next[map_get(&side->owners, owner_of(catalog->objects[i]))]++] = i;
    side->starts = starts;
}

static void index_catalog(struct emit_side *side, const struct catalog *catalog,
                          struct arena *arena, struct buf *key)
{
    side->catalog = catalog;
    map_init(&side->names);
    map_init(&side->owners);
    side->targets = arena_calloc(arena, catalog->object_count + 1, sizeof *side->targets);
    side->is_blocked = arena_calloc(arena, catalog->object_count + 1, sizeof *side->is_blocked);
    side->keys = arena_calloc(arena, catalog->object_count + 1, sizeof *side->keys);
    side->differences = arena_calloc(arena, catalog->object_count + 1, sizeof *side->differences);
    index_members(side, arena);
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        /* the map borrows its keys */
        map_put(&side->names,
                arena_strdup(arena, key_of(key, object->kind, object->owner, object->name)),
                (uint32_t)i);
        if (object->kind != OBJECT_FOREIGN_KEY)
            continue;
        side->targets[i] = read_target(arena, object);
        side->keys[side->key_count++].place = i;
    }
}

static size_t find_table(struct emitting *emitting, const struct catalog *catalog, const char *name)
{
    const struct object *table = mysql_emit_find(emitting, catalog, OBJECT_TABLE, name);
    return table ? mysql_emit_place(emitting, table) : SIZE_MAX;
}

static void index_keys(struct emitting *emitting, struct emit_side *side)
{
    for (size_t k = 0; k < side->key_count; k++) {
        struct emit_key *key = &side->keys[k];
        const struct object *object = side->catalog->objects[key->place];
        key->child = find_table(emitting, side->catalog, object->owner);
        key->parent = find_table(emitting, side->catalog, side->targets[key->place]);
    }
}

void mysql_emit_index(struct emitting *emitting)
{
    buf_init(&emitting->key, BUF_MAX_DEFAULT);
    index_catalog(&emitting->sides[0], emitting->emission->from, emitting->arena, &emitting->key);
    index_catalog(&emitting->sides[1], emitting->emission->to, emitting->arena, &emitting->key);
    index_keys(emitting, &emitting->sides[0]);
    index_keys(emitting, &emitting->sides[1]);
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        if (difference->found)
            emitting->sides[0].differences[mysql_emit_place(emitting, difference->found)] =
                difference;
        if (difference->expected)
            emitting->sides[1].differences[mysql_emit_place(emitting, difference->expected)] =
                difference;
    }
}

void mysql_emit_index_done(struct emitting *emitting)
{
    for (size_t i = 0; i < ARRAY_LEN(emitting->sides); i++) {
        map_done(&emitting->sides[i].names);
        map_done(&emitting->sides[i].owners);
    }
    buf_done(&emitting->key);
}

const struct emit_side *mysql_emit_side(const struct emitting *emitting,
                                        const struct catalog *catalog)
{
    return &emitting->sides[catalog == emitting->sides[1].catalog];
}

static size_t find_place(struct emitting *emitting, const struct catalog *catalog,
                         enum object_kind kind, const struct object *like)
{
    const struct emit_side *side = mysql_emit_side(emitting, catalog);
    uint32_t at = map_get(&side->names, key_of(&emitting->key, kind, like->owner, like->name));
    return at == MAP_NONE ? SIZE_MAX : at;
}

size_t mysql_emit_place(struct emitting *emitting, const struct object *object)
{
    return find_place(emitting, object->catalog, object->kind, object);
}

const struct object *mysql_emit_find(struct emitting *emitting, const struct catalog *catalog,
                                     enum object_kind kind, const char *name)
{
    return mysql_emit_find_part(emitting, catalog, kind, &(struct object){.name = name});
}

const struct object *mysql_emit_find_part(struct emitting *emitting, const struct catalog *catalog,
                                          enum object_kind kind, const struct object *like)
{
    size_t at = find_place(emitting, catalog, kind, like);
    return at == SIZE_MAX ? NULL : catalog->objects[at];
}

struct members mysql_emit_members(const struct emitting *emitting, const struct catalog *catalog,
                                  const char *owner)
{
    const struct emit_side *side = mysql_emit_side(emitting, catalog);
    uint32_t number = map_get(&side->owners, owner);
    if (number == MAP_NONE)
        return (struct members){NULL, 0};
    return (struct members){side->members + side->starts[number],
                            side->starts[number + 1] - side->starts[number]};
}

const struct difference *mysql_emit_difference(struct emitting *emitting,
                                               const struct object *object)
{
    return mysql_emit_side(emitting, object->catalog)
        ->differences[mysql_emit_place(emitting, object)];
}

const char *mysql_emit_target(struct emitting *emitting, const struct object *key)
{
    return mysql_emit_side(emitting, key->catalog)->targets[mysql_emit_place(emitting, key)];
}

const struct object *mysql_emit_column_at(const struct emitting *emitting,
                                          const struct object *table, size_t position)
{
    const struct members members = mysql_emit_members(emitting, table->catalog, table->name);
    char text[24];
    snprintf(text, sizeof text, "%zu", position);
    for (size_t m = 0; m < members.count; m++) {
        const struct object *object = table->catalog->objects[members.places[m]];
        const char *place = object->kind == OBJECT_COLUMN ? object_get(object, "position") : NULL;
        if (place && strcmp(place, text) == 0)
            return object;
    }
    return NULL;
}
