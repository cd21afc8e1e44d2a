#include "dialect/deed.h"

#include "base/arena.h"

struct deed *deeds_add(struct deeds *deeds, enum deed_kind kind)
{
    struct deed *deed = ARENA_PUSH(deeds->arena, deeds->items, deeds->count, deeds->capacity);
    *deed = (struct deed){.kind = kind};
    return deed;
}
