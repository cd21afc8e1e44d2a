#include "plan/plan.h"

#include "base/arena.h"
#include "base/err.h"
#include "plan/building.h"

const char *building_id(const struct building *building, uint32_t revision)
{
    return building->in.chain->revisions[revision]->id;
}

/* ---- steps --------------------------------------------------------------------------------- */

bool plan_refuse_irreversible(const struct revision *revision, struct err *err)
{
    err_at(err, ERR_CHAIN, revision->path, revision->id_line,
           "revision '%s' is irreversible: it has no '-- migrate:down' section", revision->id);
    snprintf(err->code, sizeof err->code, PLAN_IRREVERSIBLE);
    return false;
}

static bool add_step(struct building *building, uint32_t index, enum direction direction)
{
    const struct revision *revision = building->in.chain->revisions[index];
    if (!revision_has_direction(revision, direction))
        return plan_refuse_irreversible(revision, building->in.err);
    struct step *step =
        ARENA_PUSH(building->in.arena, building->steps, building->count, building->capacity);
    *step = (struct step){.revision = revision, .direction = direction};
    heads_step(&building->heads, revision, direction, &step->changes, &step->change_count);
    return true;
}

bool building_add_steps(struct building *building, const bool *set, enum direction direction)
{
    uint32_t *order =
        arena_calloc(building->in.arena, building->in.chain->count + 1, sizeof *order);
    size_t count = walk_sort(building->in.chain, set, order);
    for (size_t i = 0; i < count; i++) {
        uint32_t index = direction == DIRECTION_UP ? order[i] : order[count - 1 - i];
        if (!add_step(building, index, direction))
            return false;
    }
    return true;
}

/* How many revisions lie under the checkpoint's, that one included; 0: not all of them are in the set. */
static size_t count_under(struct building *building, const struct revision *checkpoint,
                          const bool *set, bool **ret_under)
{
    const struct chain *chain = building->in.chain;
    uint32_t index = checkpoint->index;
    bool *under = walk_from(building->in.arena, chain, (struct revisions){&index, 1}, WALK_PARENTS);
    size_t count = 0;
    for (size_t i = 0; i < chain->count; i++) {
        if (under[i] && !set[i])
            return 0;
        count += under[i];
    }
    *ret_under = under;
    return count;
}

/* All changes of the steps that it stands for, as one: rows that come and go meanwhile are never there. */
static void add_checkpoint(struct building *building, const struct revision *checkpoint,
                           const bool *under)
{
    uint32_t *order =
        arena_calloc(building->in.arena, building->in.chain->count + 1, sizeof *order);
    size_t count = walk_sort(building->in.chain, under, order);
    const struct version_change *changes;
    size_t change_count;
    for (size_t i = 0; i < count; i++)
        heads_step(&building->heads, building->in.chain->revisions[order[i]], DIRECTION_UP,
                   &changes, &change_count);
    struct revisions rows = heads_rows(&building->heads);
    struct version_change *all = arena_calloc(building->in.arena, rows.count + 1, sizeof *all);
    for (size_t i = 0; i < rows.count; i++)
        all[i] =
            (struct version_change){VERSION_INSERT, NULL, building_id(building, rows.items[i])};
    *ARENA_PUSH(building->in.arena, building->steps, building->count, building->capacity) =
        (struct step){.revision = checkpoint,
                      .direction = DIRECTION_UP,
                      .changes = all,
                      .change_count = rows.count};
}

void building_take_checkpoint(struct building *building, bool *set)
{
    const struct chain *chain = building->in.chain;
    const struct revision *best = NULL;
    bool *best_under = NULL;
    size_t most = 0;
    if (building->count || heads_rows(&building->heads).count)
        return;
    for (size_t i = 0; i < chain->checkpoint_count; i++) {
        bool *under = NULL;
        size_t count = count_under(building, chain->checkpoints[i], set, &under);
        if (count <= most)
            continue;
        best = chain->checkpoints[i];
        best_under = under;
        most = count;
    }
    if (!best)
        return;
    add_checkpoint(building, best, best_under);
    for (size_t i = 0; i < chain->count; i++)
        set[i] = set[i] && !best_under[i];
}

/* ---- rows ---------------------------------------------------------------------------------- */

struct rows building_sorted_rows(struct building *building)
{
    size_t count = building->heads.count;
    const char **ids = arena_calloc(building->in.arena, count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = building_id(building, building->heads.items[i]);
    return rows_sorted(building->in.arena, ids, count);
}

void building_finish(struct building *building, struct plan *plan)
{
    plan->steps = building->steps;
    plan->count = building->count;
    plan->stands_above = building->stands_above && !building->count;
    plan->to = building_sorted_rows(building);
}

bool building_find_rows(struct building *building, const struct rows *rows)
{
    uint32_t *found = arena_calloc(building->in.arena, rows->count + 1, sizeof *found);
    for (size_t i = 0; i < rows->count; i++) {
        const struct revision *revision = chain_get(building->in.chain, rows->ids[i]);
        if (!revision)
            return err_set(building->in.err, ERR_CHAIN, "can't locate revision identified by '%s'",
                           rows->ids[i]);
        found[i] = revision->index;
    }
    heads_init(&building->heads, building->in.arena, building->in.chain,
               (struct revisions){found, rows->count});
    return true;
}

/* Rows that go before anything else, whatever they say. */
static void purge(struct building *building, const struct rows *rows)
{
    struct version_change *changes = arena_calloc(building->in.arena, rows->count, sizeof *changes);
    for (size_t i = 0; i < rows->count; i++)
        changes[i] = (struct version_change){VERSION_DELETE, rows->ids[i], NULL};
    if (rows->count)
        *ARENA_PUSH(building->in.arena, building->steps, building->count, building->capacity) =
            (struct step){.changes = changes, .change_count = rows->count};
}

static bool add_targets(struct building *building)
{
    const struct target *target = building->target;
    if (target->command == PLAN_STAMP)
        return building_stamp(building);
    for (size_t i = 0; i < target->count; i++)
        if (!(target->command == PLAN_UPGRADE ? building_upgrade
                                              : building_downgrade)(building, target->texts[i]))
            return false;
    return true;
}

/* ---- the interface ------------------------------------------------------------------------- */

bool plan_build(const struct lookup *in, const struct target *target, const struct rows *rows,
                struct plan *ret_plan)
{
    struct building building = {.in = *in, .target = target};
    static const struct rows none;
    struct plan plan = {.from = rows_sorted(in->arena, rows->ids, rows->count)};
    if (target->purges)
        purge(&building, rows);
    if (!building_find_rows(&building, target->purges ? &none : rows) || !add_targets(&building))
        return false;
    building_finish(&building, &plan);
    *ret_plan = plan;
    return true;
}

/* `ID+N` is the same for every tenant: it is followed here already. No stamp takes it. */
static bool check_relative(const struct lookup *in, enum plan_command command,
                           const struct identifier *identifier, const char *text)
{
    uint32_t one;
    if (!identifier->symbol)
        return true;
    if (command != PLAN_STAMP)
        return identifier_follow(in, identifier, false, &one);
    return err_set(in->err, ERR_CHAIN, "can't locate revision identified by '%s'", text);
}

/* Names are looked up as the command will look them up, as far as no rows are needed for it. */
static bool check_text(const struct lookup *in, enum plan_command command, const char *text)
{
    struct identifier identifier = identifier_parse(in->arena, text);
    struct revisions found;
    uint32_t one;
    if (identifier.label && !identifier_branch(in, identifier.label, &one))
        return false;
    if (identifier.is_relative)
        return check_relative(in, command, &identifier, text);
    if (command == PLAN_DOWNGRADE)
        return identifier_locate_one(in, NULL, identifier.symbol, &one);
    return identifier_locate(in, identifier.label, identifier.symbol, &found);
}

bool target_check(const struct lookup *in, const struct target *target)
{
    for (size_t i = 0; i < target->count; i++)
        if (!check_text(in, target->command, target->texts[i]))
            return false;
    return true;
}
