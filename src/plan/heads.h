/* The rows of the version table while steps are taken, as Alembic keeps them: one row a head, none
 * for a revision that another row's revision implies. Pure. */
#ifndef PLAN_HEADS_H
#define PLAN_HEADS_H

#include "plan/plan.h"

struct heads {
    struct arena *arena;
    const struct chain *chain;
    uint32_t *items;
    size_t count;
};

void heads_init(struct heads *heads, struct arena *arena, const struct chain *chain,
                const uint32_t *items, size_t count);
bool heads_has(const struct heads *heads, uint32_t revision);

/* The changes of the version table that go with the step; heads are those after it. */
void heads_step(struct heads *heads, const struct revision *revision, enum direction direction,
                const struct version_change **ret_changes, size_t *ret_count);

/* One change by itself, for stamps. `from` or `to` MAP_NONE: none. */
struct version_change heads_change(struct heads *heads, enum version_change_kind kind, uint32_t from,
                                   uint32_t to);

#endif
