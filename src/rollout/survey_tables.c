/* Which tables a survey has found where, for those who ask for one by its name. */
#include "rollout/survey_private.h"

#include "base/buf.h"

static bool is_table(const struct object *object)
{
    return object->kind == OBJECT_TABLE || object->kind == OBJECT_FOREIGN_TABLE ||
           object->kind == OBJECT_VIEW || object->kind == OBJECT_MATERIALIZED_VIEW;
}

/* Names may hold anything: their lengths tell them apart. */
static const char *key_of(const struct catalog *catalog, struct arena *arena)
{
    struct buf key;
    buf_init(&key, SIZE_MAX / 2);
    for (size_t i = 0; i < catalog->object_count; i++)
        if (is_table(catalog->objects[i]))
            buf_addf(&key, "%zu %s ", strlen(catalog->objects[i]->name), catalog->objects[i]->name);
    return buf_into(&key, arena);
}

static void fill(struct map *set, struct arena *arena, const struct catalog *catalog)
{
    map_init(set);
    for (size_t i = 0; i < catalog->object_count; i++)
        if (is_table(catalog->objects[i]))
            map_put(set, arena_strdup(arena, catalog->objects[i]->name), 0);
}

const struct map *survey_take_tables(struct survey *survey, const struct catalog *catalog)
{
    const char *key = key_of(catalog, catalog->arena);
    uint32_t number = map_get(&survey->set_numbers, key);
    if (number != MAP_NONE)
        return survey->sets[number];
    number = (uint32_t)survey->set_count;
    map_put(&survey->set_numbers, arena_strdup(&survey->arena, key), number);
    struct map *set = arena_alloc(&survey->arena, sizeof *set);
    fill(set, &survey->arena, catalog);
    *ARENA_PUSH(&survey->arena, survey->sets, survey->set_count, survey->set_capacity) = set;
    return set;
}

void survey_free_tables(struct survey *survey)
{
    for (size_t i = 0; i < survey->set_count; i++)
        map_done(survey->sets[i]);
    map_done(&survey->set_numbers);
    survey->sets = NULL;
    survey->set_count = survey->set_capacity = 0;
}
