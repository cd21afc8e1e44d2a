#include "plan/plan.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "chain/identifier.h"
#include "chain/walk.h"
#include "plan/heads.h"

/* What a plan is built in: steps so far, and where they lead. */
struct building {
    struct arena *arena;
    const struct chain *chain;
    struct heads heads;
    struct step *steps;
    size_t count, capacity;
    struct err *err;
};

static const char *id_of(const struct building *building, uint32_t revision)
{
    return building->chain->revisions[revision]->id;
}

static struct revisions current(const struct building *building)
{
    return (struct revisions){building->heads.items, building->heads.count};
}

static bool resolve(struct building *building, const char *label, const char *symbol,
                    struct revisions *ret)
{
    return identifier_resolve(building->arena, building->chain, label, symbol, ret, building->err);
}

static bool walk(struct building *building, uint32_t start, int steps, const char *label,
                 uint32_t *ret)
{
    return identifier_walk(building->arena, building->chain, start, steps, label, ret,
                           building->err);
}

static bool refuse_relative(struct building *building, int steps)
{
    return err_set(building->err, ERR_CHAIN, "relative revision %+d didn't produce %d migrations",
                   steps, steps < 0 ? -steps : steps);
}

static bool *mark_all(struct building *building, struct revisions from, enum walk_edges edges)
{
    bool *set = walk_new_set(building->arena, building->chain);
    for (size_t i = 0; i < from.count; i++)
        walk_mark(building->chain, set, from.items[i], edges);
    return set;
}

static bool add_step(struct building *building, uint32_t index, enum direction direction)
{
    const struct revision *revision = building->chain->revisions[index];
    if (!revision_has_direction(revision, direction)) {
        err_at(building->err, ERR_CHAIN, revision->path, revision->id_line,
               "revision '%s' is irreversible: it has no '-- migrate:down' section", revision->id);
        snprintf(building->err->code, sizeof building->err->code, PLAN_IRREVERSIBLE);
        return false;
    }
    struct step *step =
        ARENA_PUSH(building->arena, building->steps, building->count, building->capacity);
    *step = (struct step){.revision = revision, .direction = direction};
    heads_step(&building->heads, revision, direction, &step->changes, &step->change_count);
    return true;
}

/* ---- upgrade ------------------------------------------------------------------------------- */

/* Where `LABEL@+N` starts: the current row on that branch; else the tip of what stands there. */
static bool find_branch_start(struct building *building, const char *label, uint32_t *ret_start)
{
    struct revisions on_branch;
    struct arena *arena = building->arena;
    const struct chain *chain = building->chain;
    if (!identifier_filter(arena, chain, current(building), label, false, &on_branch,
                           building->err))
        return false;
    if (!on_branch.count) {
        bool *standing = mark_all(building, current(building), WALK_PARENTS);
        uint32_t branch;
        if (!identifier_branch(arena, chain, label, &branch, building->err))
            return false;
        struct revisions branch_line = {&branch, 1};
        bool *above = mark_all(building, branch_line, WALK_NEXT);
        bool *below = mark_all(building, branch_line, WALK_DOWN);
        bool *covered = walk_new_set(arena, chain);
        uint32_t *tips = arena_calloc(arena, chain->count + 1, sizeof *tips);
        size_t count = 0;
        for (uint32_t i = 0; i < chain->count; i++)
            standing[i] &= above[i] | below[i];
        for (uint32_t i = 0; i < chain->count; i++)
            for (size_t p = 0; standing[i] && p < chain->revisions[i]->parent_count; p++)
                covered[chain->revisions[i]->parents[p]] = true;
        for (uint32_t i = 0; i < chain->count; i++)
            if (standing[i] && !covered[i])
                tips[count++] = i;
        on_branch = (struct revisions){tips, count};
    }
    if (on_branch.count > 1)
        return err_set(building->err, ERR_CHAIN, "ambiguous upgrade from multiple current revisions");
    *ret_start = on_branch.count ? on_branch.items[0] : MAP_NONE;
    return true;
}

static bool find_relative_start(struct building *building, const struct identifier *identifier,
                                uint32_t *ret_start)
{
    struct revisions rows = current(building);
    if (identifier->symbol)
        return identifier_resolve_one(building->arena, building->chain,
                                      identifier->steps < 0 ? identifier->label : NULL,
                                      identifier->symbol, ret_start, building->err);
    if (identifier->label)
        return find_branch_start(building, identifier->label, ret_start);
    if (rows.count > 1)
        return err_set(building->err, ERR_CHAIN, "ambiguous upgrade from multiple current revisions");
    *ret_start = rows.count ? rows.items[0] : MAP_NONE;
    return true;
}

static bool find_upgrade_targets(struct building *building, const char *text, struct revisions *ret)
{
    struct identifier identifier = identifier_parse(building->arena, text);
    uint32_t start;
    uint32_t *found = arena_alloc(building->arena, sizeof *found);
    if (!identifier.is_relative)
        return resolve(building, identifier.label, identifier.symbol, ret);
    if (!identifier.symbol && identifier.steps <= 0)
        return refuse_relative(building, identifier.steps);
    if (!find_relative_start(building, &identifier, &start) ||
        !walk(building, start, identifier.steps, identifier.steps > 0 ? identifier.label : NULL,
              found))
        return false;
    *ret = (struct revisions){found, *found != MAP_NONE};
    return true;
}

/* Rows that overlap, one implied by another, are no state that a chain can be in. */
static bool check_rows(struct building *building)
{
    struct revisions rows = current(building);
    for (size_t i = 0; i < rows.count; i++) {
        struct revisions row = {&rows.items[i], 1};
        bool *implied = rows.count > 1 ? mark_all(building, row, WALK_PARENTS) : NULL;
        for (size_t other = 0; implied && other < rows.count; other++)
            if (other != i && implied[rows.items[other]])
                return err_set(building->err, ERR_CHAIN,
                               "requested revision '%s' overlaps with other requested revisions '%s'",
                               id_of(building, rows.items[i]), id_of(building, rows.items[other]));
    }
    return true;
}

static bool add_upgrade(struct building *building, const char *text)
{
    struct revisions targets;
    const struct chain *chain = building->chain;
    if (!find_upgrade_targets(building, text, &targets) || !check_rows(building))
        return false;
    bool *needed = mark_all(building, targets, WALK_PARENTS);
    bool *standing = mark_all(building, current(building), WALK_PARENTS);
    uint32_t *order = arena_calloc(building->arena, chain->count + 1, sizeof *order);
    for (size_t i = 0; i < chain->count; i++)
        needed[i] &= !standing[i];
    size_t count = walk_sort(chain, needed, order);
    for (size_t i = 0; i < count; i++)
        if (!add_step(building, order[i], DIRECTION_UP))
            return false;
    return true;
}

/* ---- downgrade ----------------------------------------------------------------------------- */

struct downgrade_target {
    const char *label; /* the branch that it concerns, or NULL */
    uint32_t revision; /* MAP_NONE: base */
};

/* The revision that `-N` or `LABEL@-N` counts from. */
static bool find_downgrade_start(struct building *building, struct identifier *identifier,
                                 uint32_t *ret_start)
{
    struct revisions rows = current(building);
    if (identifier->label) {
        bool *standing = mark_all(building, rows, WALK_PARENTS);
        struct revisions found;
        if (!identifier_filter(building->arena, building->chain, rows, identifier->label, false,
                               &found, building->err))
            return false;
        if (!found.count) {
            /* The branch has no row of its own: another row implies it. */
            uint32_t *tips =
                arena_calloc(building->arena, building->chain->count + 1, sizeof *tips);
            struct revisions all = {tips, 0};
            for (uint32_t i = 0; i < building->chain->count; i++) {
                bool has_child = false;
                const struct revision *revision = building->chain->revisions[i];
                for (size_t c = 0; c < revision->next_count; c++)
                    has_child |= standing[revision->next[c]];
                if (standing[i] && !has_child)
                    tips[all.count++] = i;
            }
            if (!identifier_filter(building->arena, building->chain, all, identifier->label, false,
                                   &found, building->err))
                return false;
        }
        rows = found;
    }
    if (!rows.count)
        return refuse_relative(building, identifier->steps);
    if (rows.count > 1)
        return err_set(building->err, ERR_CHAIN,
                       "%+d from several heads is ambiguous ('%s', '%s'): name the branch, as in "
                       "'%s@%d'",
                       identifier->steps, id_of(building, rows.items[0]),
                       id_of(building, rows.items[1]), id_of(building, rows.items[0]),
                       identifier->steps);
    *ret_start = rows.items[0];
    if (!identifier->label)
        identifier->label = id_of(building, rows.items[0]);
    return true;
}

static bool find_downgrade_target(struct building *building, const char *text,
                                  struct downgrade_target *ret)
{
    struct identifier identifier = identifier_parse(building->arena, text);
    uint32_t start;
    if (!identifier.is_relative) {
        ret->label = identifier.label;
        return identifier_resolve_one(building->arena, building->chain, NULL, identifier.symbol,
                                      &ret->revision, building->err);
    }
    if (!identifier.symbol && identifier.steps >= 0)
        return refuse_relative(building, identifier.steps);
    if (identifier.symbol) {
        const char *label = identifier.steps < 0 ? identifier.label : NULL;
        if (!identifier_resolve_one(building->arena, building->chain, label, identifier.symbol,
                                    &start, building->err))
            return false;
    } else if (!find_downgrade_start(building, &identifier, &start)) {
        return false;
    }
    ret->label = identifier.label;
    return walk(building, start, identifier.steps, identifier.steps > 0 ? identifier.label : NULL,
                &ret->revision);
}

/* The revisions right above the target: with them goes all that stands on them. */
static bool find_roots(struct building *building, const struct downgrade_target *target,
                       struct revisions *ret)
{
    const struct chain *chain = building->chain;
    struct revisions roots = {chain->bases, chain->base_count};
    uint32_t branch;
    if (target->revision != MAP_NONE)
        roots = (struct revisions){chain->revisions[target->revision]->next,
                                   chain->revisions[target->revision]->next_count};
    *ret = roots;
    if (!target->label || roots.count <= 1)
        return true;
    if (!identifier_branch(building->arena, chain, target->label, &branch, building->err))
        return false;
    struct revisions from = {&branch, 1};
    bool *above = mark_all(building, from, WALK_DOWN);
    uint32_t *items = arena_calloc(building->arena, roots.count, sizeof *items);
    ret->items = items;
    ret->count = 0;
    for (size_t i = 0; i < roots.count; i++)
        if (above[roots.items[i]])
            items[ret->count++] = roots.items[i];
    return ret->count ||
           err_set(building->err, ERR_CHAIN, "not a valid downgrade target from current heads");
}

static bool add_downgrade(struct building *building, const char *text)
{
    struct downgrade_target target;
    struct revisions roots;
    const struct chain *chain = building->chain;
    if (!find_downgrade_target(building, text, &target) || !find_roots(building, &target, &roots))
        return false;
    bool *going = mark_all(building, roots, WALK_ALL_NEXT);
    bool *standing = mark_all(building, current(building), WALK_PARENTS);
    uint32_t *order = arena_calloc(building->arena, chain->count + 1, sizeof *order);
    for (size_t i = 0; i < chain->count; i++)
        going[i] &= standing[i];
    size_t count = walk_sort(chain, going, order);
    bool is_there = target.revision == MAP_NONE || heads_has(&building->heads, target.revision);
    if (!count && !is_there)
        return err_set(building->err, ERR_CHAIN,
                       "destination '%s' is not a valid downgrade target from current head(s)", text);
    while (count--)
        if (!add_step(building, order[count], DIRECTION_DOWN))
            return false;
    return true;
}

/* ---- stamp --------------------------------------------------------------------------------- */

static void add_stamp_step(struct building *building, uint32_t revision,
                           struct version_change *changes, size_t count)
{
    *ARENA_PUSH(building->arena, building->steps, building->count, building->capacity) =
        (struct step){
            .revision = revision == MAP_NONE ? NULL : building->chain->revisions[revision],
            .changes = changes,
            .change_count = count,
        };
}

/* The rows that go when `dest` is stamped, and the row for it: rows on its line are replaced, a
 * branch without any gets one of its own. */
static void stamp_revision(struct building *building, uint32_t dest, struct revisions replaced)
{
    struct arena *arena = building->arena;
    struct heads *heads = &building->heads;
    struct version_change *changes = arena_calloc(arena, replaced.count + 1, sizeof *changes);
    size_t count = 0;
    if (!replaced.count)
        changes[count++] = heads_change(heads, VERSION_INSERT, MAP_NONE, dest);
    for (size_t i = 0; i < replaced.count; i++) {
        bool is_last = i + 1 == replaced.count;
        changes[count++] = is_last
                               ? heads_change(heads, VERSION_UPDATE, replaced.items[i], dest)
                               : heads_change(heads, VERSION_DELETE, replaced.items[i], MAP_NONE);
    }
    add_stamp_step(building, dest, changes, count);
}

static void stamp_base(struct building *building, struct revisions rows)
{
    struct version_change *changes = arena_calloc(building->arena, rows.count + 1, sizeof *changes);
    for (size_t i = 0; i < rows.count; i++)
        changes[i] = heads_change(&building->heads, VERSION_DELETE, rows.items[i], MAP_NONE);
    if (rows.count)
        add_stamp_step(building, MAP_NONE, changes, rows.count);
}

static struct revisions copy_rows(struct building *building, const bool *line)
{
    struct revisions rows = current(building);
    uint32_t *items = arena_calloc(building->arena, rows.count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < rows.count; i++)
        if (!line || line[rows.items[i]])
            items[count++] = rows.items[i];
    return (struct revisions){items, count};
}

static bool add_stamp_base(struct building *building, const struct identifier *identifier)
{
    struct revisions rows = copy_rows(building, NULL);
    if (identifier->label &&
        !identifier_filter(building->arena, building->chain, rows, identifier->label, true, &rows,
                           building->err))
        return false;
    stamp_base(building, rows);
    return true;
}

static bool add_stamp(struct building *building, const char *text)
{
    struct identifier identifier = identifier_parse(building->arena, text);
    struct revisions targets;
    if (identifier.is_relative)
        return err_set(building->err, ERR_CHAIN, "can't locate revision identified by '%s'", text);
    if (!resolve(building, identifier.label, identifier.symbol, &targets))
        return false;
    if (!targets.count)
        return add_stamp_base(building, &identifier);
    for (size_t i = 0; i < targets.count; i++) {
        uint32_t dest = targets.items[i];
        struct revisions from = {&dest, 1};
        if (heads_has(&building->heads, dest))
            continue;
        bool *line = mark_all(building, from, WALK_PARENTS);
        bool *above = mark_all(building, from, WALK_ALL_NEXT);
        for (size_t r = 0; r < building->chain->count; r++)
            line[r] |= above[r];
        stamp_revision(building, dest, copy_rows(building, line));
    }
    return true;
}

/* ---- the interface ------------------------------------------------------------------------- */

static bool add_target(struct building *building, enum plan_command command, const char *text)
{
    static bool (*const adders[])(struct building *, const char *) = {
        [PLAN_UPGRADE] = add_upgrade,
        [PLAN_DOWNGRADE] = add_downgrade,
        [PLAN_STAMP] = add_stamp,
    };
    return adders[command](building, text);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *const *sorted_ids(struct building *building)
{
    size_t count = building->heads.count;
    const char **ids = arena_calloc(building->arena, count + 1, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = id_of(building, building->heads.items[i]);
    if (count)
        qsort(ids, count, sizeof *ids, compare_ids);
    return ids;
}

static bool find_rows(struct building *building, const char *const *versions, size_t count)
{
    uint32_t *rows = arena_calloc(building->arena, count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        const struct revision *revision = chain_get(building->chain, versions[i]);
        if (!revision)
            return err_set(building->err, ERR_CHAIN, "can't locate revision identified by '%s'",
                           versions[i]);
        rows[i] = revision->index;
    }
    heads_init(&building->heads, building->arena, building->chain, rows, count);
    return true;
}

bool plan_build(struct arena *arena, const struct chain *chain, const struct target *target,
                const char *const *versions, size_t version_count, struct plan *ret_plan,
                struct err *err)
{
    struct building building = {.arena = arena, .chain = chain, .err = err};
    struct plan plan = {0};
    if (!find_rows(&building, versions, version_count))
        return false;
    plan.from = sorted_ids(&building);
    plan.from_count = building.heads.count;
    for (size_t i = 0; i < target->count; i++)
        if (!add_target(&building, target->command, target->texts[i]))
            return false;
    plan.steps = building.steps;
    plan.count = building.count;
    plan.to = sorted_ids(&building);
    plan.to_count = building.heads.count;
    *ret_plan = plan;
    return true;
}

bool target_parse(struct arena *arena, const struct chain *chain, enum plan_command command,
                  const char *const *texts, size_t count, struct target *ret_target, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct identifier identifier = identifier_parse(arena, texts[i]);
        struct revisions found;
        uint32_t one;
        bool is_good = true;
        if (identifier.label && (identifier.is_relative || command == PLAN_DOWNGRADE))
            is_good = identifier_branch(arena, chain, identifier.label, &one, err);
        if (is_good && identifier.symbol && command == PLAN_DOWNGRADE)
            is_good = identifier_resolve_one(arena, chain, NULL, identifier.symbol, &one, err);
        else if (is_good && identifier.symbol)
            is_good = identifier_resolve(arena, chain, identifier.is_relative ? NULL : identifier.label,
                                         identifier.symbol, &found, err);
        if (!is_good)
            return false;
    }
    *ret_target = (struct target){command, texts, count};
    return true;
}
