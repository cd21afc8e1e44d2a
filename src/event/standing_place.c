#include "event/standing_place.h"

#include "base/arena.h"
#include "event/event.h"

#define MARK '~'

struct rows standing_place(struct arena *arena, const struct rows *rows,
                           const struct half_step *half)
{
    const char **ids = arena_calloc(arena, rows->count + 1, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        ids[count++] = arena_strdup(arena, rows->ids[i]);
    if (half)
        ids[count++] = arena_printf(arena, "%c %s %s %u %llu", MARK,
                                    half->direction == DIRECTION_UP ? "up" : "down", half->revision,
                                    half->statements, (unsigned long long)half->batches);
    struct rows place = rows_sorted(arena, ids, count);
    place.is_known = rows->is_known;
    return place;
}

struct rows standing_place_rows(struct arena *arena, const struct rows *place)
{
    const char **ids = arena_calloc(arena, place->count + 1, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < place->count; i++)
        if (place->ids[i][0] != MARK)
            ids[count++] = place->ids[i];
    return (struct rows){ids, count, place->is_known};
}

bool standing_place_half(struct arena *arena, const struct rows *place, struct half_step *ret)
{
    char direction[8], revision[64];
    unsigned statements;
    unsigned long long batches;
    for (size_t i = 0; i < place->count; i++) {
        if (sscanf(place->ids[i], "~ %7s %63s %u %llu", direction, revision, &statements,
                   &batches) != 4)
            continue;
        *ret = (struct half_step){
            .revision = arena_strdup(arena, revision),
            .direction = strcmp(direction, "up") == 0 ? DIRECTION_UP : DIRECTION_DOWN,
            .statements = statements,
            .batches = batches,
        };
        return true;
    }
    return false;
}
