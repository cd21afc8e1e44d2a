/* Downgrades: all that stands on what follows the target. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "plan/building.h"

struct downgrade_target {
    const char *label; /* the branch that it concerns, or NULL */
    uint32_t revision; /* MAP_NONE: base */
};

/* Alembic takes any of the rows, and says that it will refuse this one day. */
static bool refuse_several(struct building *building, const struct identifier *identifier,
                           struct revisions rows)
{
    struct buf names;
    buf_init(&names, 512);
    for (size_t i = 0; i < rows.count; i++)
        buf_addf(&names, "%s'%s'", i ? ", " : "", building_id(building, rows.items[i]));
    err_set(building->in.err, ERR_CHAIN,
            "%+d from several heads is ambiguous (%s): name the branch, as in '%s@%d'",
            identifier->steps, names.data, building_id(building, rows.items[0]), identifier->steps);
    buf_done(&names);
    return false;
}

/* All that stands and has nothing standing on it, dependencies aside. */
static struct revisions find_tips(struct building *building)
{
    const struct chain *chain = building->in.chain;
    const bool *standing = building->heads.standing;
    uint32_t *tips = arena_calloc(building->in.arena, chain->count + 1, sizeof *tips);
    size_t count = 0;
    for (uint32_t i = 0; i < chain->count; i++) {
        bool is_tip = standing[i];
        for (size_t c = 0; is_tip && c < chain->revisions[i]->next_count; c++)
            is_tip = !standing[chain->revisions[i]->next[c]];
        if (is_tip)
            tips[count++] = i;
    }
    return (struct revisions){tips, count};
}

/* The row that `LABEL@-N` counts from: that of the branch, or where another row implies it, its tip. */
static bool find_branch_rows(struct building *building, const char *label, struct revisions *ret)
{
    if (!identifier_filter(&building->in, heads_rows(&building->heads), label, ret))
        return false;
    return ret->count || identifier_filter(&building->in, find_tips(building), label, ret);
}

/* The revision that `-N` or `LABEL@-N` counts from. */
static bool find_start(struct building *building, struct identifier *identifier,
                       uint32_t *ret_start)
{
    struct revisions rows = heads_rows(&building->heads);
    if (identifier->label && !find_branch_rows(building, identifier->label, &rows))
        return false;
    if (!rows.count)
        return identifier_refuse_steps(identifier->steps, building->in.err);
    if (rows.count > 1)
        return refuse_several(building, identifier, rows);
    *ret_start = rows.items[0];
    if (!identifier->label)
        identifier->label = building_id(building, rows.items[0]);
    return true;
}

static bool find_target(struct building *building, const char *text, struct downgrade_target *ret)
{
    struct identifier identifier = identifier_parse(building->in.arena, text);
    struct identifier_walk walk = {.steps = identifier.steps};
    ret->label = identifier.label;
    if (!identifier.is_relative)
        return identifier_locate_one(&building->in, NULL, identifier.symbol, &ret->revision);
    if (identifier.symbol)
        return identifier_follow(&building->in, &identifier, false, &ret->revision);
    if (identifier.steps >= 0)
        return identifier_refuse_steps(identifier.steps, building->in.err);
    if (!find_start(building, &identifier, &walk.start))
        return false;
    ret->label = identifier.label;
    return identifier_walk(&building->in, &walk, &ret->revision);
}

/* The revisions right above the target, on the label's branch if there is one: with them goes all
 * that stands on them. */
static bool find_roots(struct building *building, const struct downgrade_target *target,
                       struct revisions *ret)
{
    const struct chain *chain = building->in.chain;
    uint32_t branch;
    *ret = (struct revisions){chain->bases, chain->base_count};
    if (target->revision != MAP_NONE)
        *ret = (struct revisions){chain->revisions[target->revision]->next,
                                  chain->revisions[target->revision]->next_count};
    if (!target->label || ret->count <= 1)
        return true;
    if (!identifier_branch(&building->in, target->label, &branch))
        return false;
    struct revisions from = {&branch, 1};
    *ret = walk_filter(building->in.arena, *ret,
                       walk_from(building->in.arena, chain, from, WALK_DOWN));
    return ret->count ||
           err_set(building->in.err, ERR_CHAIN, "not a valid downgrade target from current heads");
}

bool building_downgrade(struct building *building, const char *text)
{
    struct downgrade_target target;
    struct revisions roots;
    const struct chain *chain = building->in.chain;
    size_t before = building->count;
    if (!find_target(building, text, &target) || !find_roots(building, &target, &roots))
        return false;
    bool is_there = target.revision == MAP_NONE || heads_has(&building->heads, target.revision);
    bool *going = walk_from(building->in.arena, chain, roots, WALK_ALL_NEXT);
    for (size_t i = 0; i < chain->count; i++)
        going[i] &= building->heads.standing[i];
    if (!building_add_steps(building, going, DIRECTION_DOWN))
        return false;
    return building->count > before || is_there ||
           err_set(building->in.err, ERR_CHAIN,
                   "destination '%s' is not a valid downgrade target from current head(s)", text);
}
