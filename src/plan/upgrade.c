/* Upgrades: all that the target stands on and the tenant has not. */
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "plan/building.h"

static bool refuse_start(struct building *building)
{
    return err_set(building->in.err, ERR_CHAIN,
                   "ambiguous upgrade from multiple current revisions");
}

static struct revisions all_of(struct building *building)
{
    uint32_t *items =
        arena_calloc(building->in.arena, building->in.chain->count + 1, sizeof *items);
    for (uint32_t i = 0; i < building->in.chain->count; i++)
        items[i] = i;
    return (struct revisions){items, building->in.chain->count};
}

/* The tips of what stands on a branch that has no row of its own, since other rows imply it. */
static bool find_tips(struct building *building, const char *label, struct revisions *ret)
{
    const struct chain *chain = building->in.chain;
    struct revisions line, there;
    if (!identifier_filter(&building->in, all_of(building), label, &line))
        return false;
    there = walk_filter(building->in.arena, line, building->heads.standing);
    bool *is_tip = walk_new_set(building->in.arena, chain);
    for (size_t i = 0; i < there.count; i++)
        is_tip[there.items[i]] = true;
    for (size_t i = 0; i < there.count; i++) {
        const struct revision *revision = chain->revisions[there.items[i]];
        for (size_t p = 0; p < revision->parent_count; p++)
            is_tip[revision->parents[p]] = false;
    }
    *ret = walk_filter(building->in.arena, there, is_tip);
    return true;
}

/* Where `LABEL@+N` starts: the current row on that branch; else the tip of what stands there. */
static bool find_branch_start(struct building *building, const char *label, uint32_t *ret_start)
{
    struct revisions found;
    if (!identifier_filter(&building->in, heads_rows(&building->heads), label, &found))
        return false;
    if (!found.count && !find_tips(building, label, &found))
        return false;
    if (found.count > 1)
        return refuse_start(building);
    *ret_start = found.count ? found.items[0] : MAP_NONE;
    return true;
}

static bool find_relative(struct building *building, const struct identifier *identifier,
                          uint32_t *ret)
{
    struct revisions rows = heads_rows(&building->heads);
    struct identifier_walk walk = {.start = rows.count ? rows.items[0] : MAP_NONE,
                                   .steps = identifier->steps,
                                   .label = identifier->label};
    if (identifier->symbol)
        return identifier_follow(&building->in, identifier, false, ret);
    if (identifier->steps <= 0)
        return identifier_refuse_steps(identifier->steps, building->in.err);
    if (!identifier->label && rows.count > 1)
        return refuse_start(building);
    if (identifier->label && !find_branch_start(building, identifier->label, &walk.start))
        return false;
    return identifier_walk(&building->in, &walk, ret);
}

static bool find_targets(struct building *building, const char *text, struct revisions *ret)
{
    struct identifier identifier = identifier_parse(building->in.arena, text);
    uint32_t *found = arena_alloc(building->in.arena, sizeof *found);
    if (!identifier.is_relative)
        return identifier_locate(&building->in, identifier.label, identifier.symbol, ret);
    if (!find_relative(building, &identifier, found))
        return false;
    *ret = (struct revisions){found, *found != MAP_NONE};
    return true;
}

/* Base lies below everything. */
static bool stands_above(struct building *building, struct revisions targets)
{
    struct revisions rows = heads_rows(&building->heads);
    bool *above = walk_from(building->in.arena, building->in.chain, targets, WALK_ALL_NEXT);
    for (size_t i = 0; i < targets.count; i++)
        above[targets.items[i]] = false;
    return targets.count ? walk_filter(building->in.arena, rows, above).count > 0 : rows.count > 0;
}

bool building_upgrade(struct building *building, const char *text)
{
    const struct chain *chain = building->in.chain;
    struct revisions targets;
    if (!find_targets(building, text, &targets) ||
        !identifier_check_overlap(&building->in, targets) ||
        !identifier_check_overlap(&building->in, heads_rows(&building->heads)))
        return false;
    building->stands_above |= stands_above(building, targets);
    bool *needed = walk_from(building->in.arena, chain, targets, WALK_PARENTS);
    for (size_t i = 0; i < chain->count; i++)
        needed[i] &= !building->heads.standing[i];
    building_take_checkpoint(building, needed);
    return building_add_steps(building, needed, DIRECTION_UP);
}
