#include "rollout/plans.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

struct made {
    bool is_good;
    struct plan plan;
    struct err err;
};

struct plans {
    const struct chain *chain;
    const struct target *target;
    struct arena arena;
    struct map by_rows;
    struct made **items;
    size_t count, capacity;
};

struct plans *plans_new(const struct chain *chain, const struct target *target)
{
    struct plans *plans = xcalloc(1, sizeof *plans);
    plans->chain = chain;
    plans->target = target;
    arena_init(&plans->arena);
    map_init(&plans->by_rows);
    return plans;
}

void plans_free(struct plans *plans)
{
    if (!plans)
        return;
    map_done(&plans->by_rows);
    arena_done(&plans->arena);
    free(plans);
}

/* The rows outlive the tenant in the plan: they are copied. */
static struct made *make(struct plans *plans, const char *key, const char *const *versions,
                         size_t count)
{
    struct made *made = arena_alloc(&plans->arena, sizeof *made);
    const char **copies = arena_calloc(&plans->arena, count, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_strdup(&plans->arena, versions[i]);
    made->is_good = plan_build(&plans->arena, plans->chain, plans->target, copies, count,
                               &made->plan, &made->err);
    map_put(&plans->by_rows, arena_strdup(&plans->arena, key), (uint32_t)plans->count);
    *ARENA_PUSH(&plans->arena, plans->items, plans->count, plans->capacity) = made;
    return made;
}

const struct plan *plans_get(struct plans *plans, const char *const *versions, size_t count,
                             struct err *err)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++)
        buf_addf(&key, "%s\n", versions[i]);
    uint32_t index = map_get(&plans->by_rows, key.data);
    const struct made *made =
        index == MAP_NONE ? make(plans, key.data, versions, count) : plans->items[index];
    buf_done(&key);
    if (!made->is_good)
        *err = made->err;
    return made->is_good ? &made->plan : NULL;
}
