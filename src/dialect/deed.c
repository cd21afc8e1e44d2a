#include "dialect/deed.h"

#include "base/arena.h"

struct deed *deeds_add(struct deeds *deeds, enum deed_kind kind)
{
    struct deed *deed = ARENA_PUSH(deeds->arena, deeds->items, deeds->count, deeds->capacity);
    *deed = (struct deed){.kind = kind};
    return deed;
}

const char deed_for_everyone[] = "for everyone";
const char deed_for_writers[] = "for all writers";
const char deed_for_no_one[] = "for other changes of the schema";
