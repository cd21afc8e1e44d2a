#include "plan/between.h"

#include "base/arena.h"
#include "base/err.h"
#include "plan/building.h"

/* All that the rows imply. */
static bool implied_by(struct building *building, const struct rows *rows, bool **ret_set)
{
    struct building other = {.in = building->in};
    if (!building_find_rows(&other, rows))
        return false;
    *ret_set = other.heads.standing;
    return true;
}

/* Can the step come first? What was begun once could, when it was. */
static bool is_free(const struct revision *revision, const bool *set, enum direction direction)
{
    const uint32_t *near = direction == DIRECTION_UP ? revision->parents : revision->all_next;
    size_t count = direction == DIRECTION_UP ? revision->parent_count : revision->all_next_count;
    for (size_t i = 0; i < count; i++)
        if (set[near[i]])
            return false;
    return set[revision->index];
}

static bool add_begun(struct building *building, bool *set, const char *begun,
                      enum direction direction)
{
    const struct revision *revision = begun ? chain_get(building->in.chain, begun) : NULL;
    if (!revision || !is_free(revision, set, direction))
        return true;
    bool *first = walk_new_set(building->in.arena, building->in.chain);
    first[revision->index] = true;
    set[revision->index] = false;
    return building_add_steps(building, first, direction);
}

/* Steps for the revisions that one set has and the other lacks. */
static bool add_steps(struct building *building, const bool *has, const bool *lacks,
                      enum direction direction, const char *begun)
{
    bool *set = walk_new_set(building->in.arena, building->in.chain);
    for (size_t i = 0; i < building->in.chain->count; i++)
        set[i] = has[i] && !lacks[i];
    if (direction == DIRECTION_UP)
        building_take_checkpoint(building, set);
    return add_begun(building, set, begun, direction) &&
           building_add_steps(building, set, direction);
}

/* ---- stamps -------------------------------------------------------------------------------- */

static bool check_known(const struct lookup *in, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (!chain_get(in->chain, rows->ids[i]))
            return err_set(in->err, ERR_CHAIN, "can't locate revision identified by '%s'",
                           rows->ids[i]);
    return true;
}

/* Rows that are not wanted go, those that lack come, in one step. */
static bool stamp_between(const struct lookup *in, const struct between *between,
                          struct plan *ret_plan)
{
    const struct rows *from = &between->from, *wanted = &between->wanted;
    struct step *step = arena_alloc(in->arena, sizeof *step);
    if (!between->takes_unknown && (!check_known(in, from) || !check_known(in, wanted)))
        return false;
    *step = (struct step){.revision = wanted->count ? chain_get(in->chain, wanted->ids[0]) : NULL};
    step->changes = rows_diff(in->arena, from, wanted, &step->change_count);
    *ret_plan = (struct plan){.steps = step,
                              .count = step->change_count > 0,
                              .from = rows_sorted(in->arena, from->ids, from->count),
                              .to = rows_sorted(in->arena, wanted->ids, wanted->count)};
    return true;
}

/* ---- the interface ------------------------------------------------------------------------- */

bool plan_between(const struct lookup *in, const struct between *between, struct plan *ret_plan)
{
    const struct rows *from = &between->from, *wanted = &between->wanted;
    const char *begun = between->begun;
    struct building building = {.in = *in};
    bool *stands, *needed;
    if (between->is_stamp)
        return stamp_between(in, between, ret_plan);
    if (!building_find_rows(&building, from) || !implied_by(&building, from, &stands) ||
        !implied_by(&building, wanted, &needed))
        return false;
    struct plan plan = {.from = building_sorted_rows(&building)};
    if ((between->directions & BETWEEN_DOWN &&
         !add_steps(&building, stands, needed, DIRECTION_DOWN, begun)) ||
        (between->directions & BETWEEN_UP &&
         !add_steps(&building, needed, stands, DIRECTION_UP, begun)))
        return false;
    building_finish(&building, &plan);
    *ret_plan = plan;
    return true;
}

bool plan_covers(const struct chain *chain, const struct rows *whole, const struct rows *part)
{
    bool *implied = xcalloc(chain->count + 1, sizeof *implied);
    bool covers = true;
    for (size_t i = 0; i < whole->count; i++) {
        const struct revision *revision = chain_get(chain, whole->ids[i]);
        if (revision)
            walk_mark(chain, implied, revision->index, WALK_PARENTS);
    }
    for (size_t i = 0; i < part->count; i++) {
        const struct revision *revision = chain_get(chain, part->ids[i]);
        covers &= revision ? implied[revision->index] : rows_have(whole, part->ids[i]);
    }
    free(implied);
    return covers;
}
