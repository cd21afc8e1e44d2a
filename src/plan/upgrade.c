/* Upgrades: all that the target stands on and the tenant has not. */
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "plan/building.h"

static bool refuse_start(struct building *building)
{
    return err_set(building->err, ERR_CHAIN, "ambiguous upgrade from multiple current revisions");
}

static struct revisions all_of(struct building *building)
{
    uint32_t *items = arena_calloc(building->arena, building->chain->count + 1, sizeof *items);
    for (uint32_t i = 0; i < building->chain->count; i++)
        items[i] = i;
    return (struct revisions){items, building->chain->count};
}

/* The tips of what stands on a branch that has no row of its own, since other rows imply it. */
static bool find_tips(struct building *building, const char *label, struct revisions *ret)
{
    const struct chain *chain = building->chain;
    struct revisions line, there;
    if (!identifier_filter(building->arena, chain, all_of(building), label, false, &line,
                           building->err))
        return false;
    there = walk_filter(building->arena, line, building->heads.standing);
    bool *is_tip = walk_new_set(building->arena, chain);
    for (size_t i = 0; i < there.count; i++)
        is_tip[there.items[i]] = true;
    for (size_t i = 0; i < there.count; i++) {
        const struct revision *revision = chain->revisions[there.items[i]];
        for (size_t p = 0; p < revision->parent_count; p++)
            is_tip[revision->parents[p]] = false;
    }
    *ret = walk_filter(building->arena, there, is_tip);
    return true;
}

/* Where `LABEL@+N` starts: the current row on that branch; else the tip of what stands there. */
static bool find_branch_start(struct building *building, const char *label, uint32_t *ret_start)
{
    struct revisions found;
    if (!identifier_filter(building->arena, building->chain, heads_rows(&building->heads), label,
                           false, &found, building->err))
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
        return identifier_follow(building->arena, building->chain, identifier, false, ret,
                                 building->err);
    if (identifier->steps <= 0)
        return identifier_refuse_steps(identifier->steps, building->err);
    if (!identifier->label && rows.count > 1)
        return refuse_start(building);
    if (identifier->label && !find_branch_start(building, identifier->label, &walk.start))
        return false;
    return identifier_walk(building->arena, building->chain, &walk, ret, building->err);
}

static bool find_targets(struct building *building, const char *text, struct revisions *ret)
{
    struct identifier identifier = identifier_parse(building->arena, text);
    uint32_t *found = arena_alloc(building->arena, sizeof *found);
    if (!identifier.is_relative)
        return identifier_locate(building->arena, building->chain, identifier.label,
                                 identifier.symbol, ret, building->err);
    if (!find_relative(building, &identifier, found))
        return false;
    *ret = (struct revisions){found, *found != MAP_NONE};
    return true;
}

/* Base lies below everything. */
static bool stands_above(struct building *building, struct revisions targets)
{
    struct revisions rows = heads_rows(&building->heads);
    bool *above = walk_from(building->arena, building->chain, targets, WALK_ALL_NEXT);
    for (size_t i = 0; i < targets.count; i++)
        above[targets.items[i]] = false;
    return targets.count ? walk_filter(building->arena, rows, above).count > 0 : rows.count > 0;
}

bool building_upgrade(struct building *building, const char *text)
{
    const struct chain *chain = building->chain;
    struct revisions targets;
    if (!find_targets(building, text, &targets) ||
        !identifier_check_overlap(building->arena, chain, targets, building->err) ||
        !identifier_check_overlap(building->arena, chain, heads_rows(&building->heads),
                                  building->err))
        return false;
    building->stands_above |= stands_above(building, targets);
    bool *needed = walk_from(building->arena, chain, targets, WALK_PARENTS);
    for (size_t i = 0; i < chain->count; i++)
        needed[i] &= !building->heads.standing[i];
    building_take_checkpoint(building, needed);
    return building_add_steps(building, needed, DIRECTION_UP);
}
