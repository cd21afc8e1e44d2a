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
    struct map by_key;
    struct made **items;
    size_t count, capacity;
};

/* What a plan is asked for. */
struct question {
    const struct rows *rows;
    const struct between *between; /* NULL: to the run's target */
};

struct plans *plans_new(const struct chain *chain, const struct target *target)
{
    struct plans *plans = xcalloc(1, sizeof *plans);
    plans->chain = chain;
    plans->target = target;
    arena_init(&plans->arena);
    map_init(&plans->by_key);
    return plans;
}

void plans_free(struct plans *plans)
{
    if (!plans)
        return;
    map_done(&plans->by_key);
    arena_done(&plans->arena);
    free(plans);
}

static struct made *make(struct plans *plans, const struct question *question)
{
    struct made *made = arena_alloc(&plans->arena, sizeof *made);
    /* they outlive the tenant in the plan */
    struct rows rows = rows_copy(&plans->arena, question->rows);
    if (question->between) {
        struct between between = *question->between;
        between.from = rows;
        between.wanted = rows_copy(&plans->arena, &between.wanted);
        between.is_stamp = plans->target->command == PLAN_STAMP;
        made->is_good =
            plan_between(&plans->arena, plans->chain, &between, &made->plan, &made->err);
    } else {
        made->is_good =
            plan_build(&plans->arena, plans->chain, plans->target, &rows, &made->plan, &made->err);
    }
    return made;
}

static const struct plan *get(struct plans *plans, const struct question *question, struct err *err)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    rows_add_key(&key, question->rows);
    if (question->between) {
        const char *begun = question->between->begun;
        buf_addf(&key, "to %u %d %s\n", question->between->directions,
                 question->between->takes_unknown, begun ? begun : "");
        rows_add_key(&key, &question->between->wanted);
    }
    uint32_t index = map_get(&plans->by_key, key.data);
    if (index == MAP_NONE) {
        index = (uint32_t)plans->count;
        map_put(&plans->by_key, arena_strdup(&plans->arena, key.data), index);
        struct made *made = make(plans, question);
        *ARENA_PUSH(&plans->arena, plans->items, plans->count, plans->capacity) = made;
    }
    buf_done(&key);
    const struct made *made = plans->items[index];
    if (!made->is_good)
        *err = made->err;
    return made->is_good ? &made->plan : NULL;
}

const struct plan *plans_get(struct plans *plans, const struct rows *rows, struct err *err)
{
    return get(plans, &(struct question){.rows = rows}, err);
}

const struct plan *plans_between(struct plans *plans, const struct between *between,
                                 struct err *err)
{
    return get(plans, &(struct question){&between->from, between}, err);
}
