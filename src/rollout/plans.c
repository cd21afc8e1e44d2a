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
    const char *begun;             /* the step that was left half way; NULL: none */
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

/* A tenant that was left half way on its way from base goes on as it began: by that checkpoint, or by none. */
static const struct chain *chain_for(struct plans *plans, const struct question *question)
{
    if (!question->begun || question->rows->count || !plans->chain->checkpoint_count)
        return plans->chain;
    const struct revision *revision = chain_get(plans->chain, question->begun);
    const struct revision **checkpoint =
        arena_calloc(&plans->arena, 1, sizeof(const struct revision *));
    struct chain *chain = arena_alloc(&plans->arena, sizeof *chain);
    *chain = *plans->chain;
    *checkpoint = revision ? chain_checkpoint(plans->chain, revision) : NULL;
    chain->checkpoints = checkpoint;
    chain->checkpoint_count = *checkpoint != NULL;
    return chain;
}

static struct made *make(struct plans *plans, const struct question *question)
{
    struct made *made = arena_alloc(&plans->arena, sizeof *made);
    /* they outlive the tenant in the plan */
    struct rows rows = rows_copy(&plans->arena, question->rows);
    struct lookup in = {&plans->arena, chain_for(plans, question), &made->err};
    if (question->between) {
        struct between between = *question->between;
        between.from = rows;
        between.wanted = rows_copy(&plans->arena, &between.wanted);
        between.is_stamp = plans->target->command == PLAN_STAMP;
        made->is_good = plan_between(&in, &between, &made->plan);
    } else {
        made->is_good = plan_build(&in, plans->target, &rows, &made->plan);
    }
    return made;
}

static const struct plan *get(struct plans *plans, const struct question *question, struct err *err)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    rows_add_key(&key, question->rows);
    buf_addf(&key, "begun %s\n", question->begun ? question->begun : "");
    if (question->between) {
        buf_addf(&key, "to %u %d\n", question->between->directions,
                 question->between->takes_unknown);
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
    return get(plans, &(struct question){&between->from, between->begun, between}, err);
}
