#include "plan/heads.h"

#include "base/arena.h"
#include "base/map.h"
#include "chain/walk.h"

struct changes {
    struct version_change *items;
    size_t count, capacity;
};

void heads_init(struct heads *heads, struct arena *arena, const struct chain *chain,
                const uint32_t *items, size_t count)
{
    *heads = (struct heads){.arena = arena, .chain = chain, .count = count};
    heads->items = arena_calloc(arena, chain->count + count + 1, sizeof *heads->items);
    if (count)
        memcpy(heads->items, items, count * sizeof *items);
}

bool heads_has(const struct heads *heads, uint32_t revision)
{
    for (size_t i = 0; i < heads->count; i++)
        if (heads->items[i] == revision)
            return true;
    return false;
}

static void drop(struct heads *heads, uint32_t revision)
{
    size_t kept = 0;
    for (size_t i = 0; i < heads->count; i++)
        if (heads->items[i] != revision)
            heads->items[kept++] = heads->items[i];
    heads->count = kept;
}

static const char *id_of(const struct heads *heads, uint32_t revision)
{
    return revision == MAP_NONE ? NULL : heads->chain->revisions[revision]->id;
}

struct version_change heads_change(struct heads *heads, enum version_change_kind kind, uint32_t from,
                                   uint32_t to)
{
    if (kind != VERSION_INSERT)
        drop(heads, from);
    if (kind != VERSION_DELETE)
        heads->items[heads->count++] = to;
    return (struct version_change){kind, id_of(heads, from), id_of(heads, to)};
}

static void change(struct heads *heads, struct changes *changes, enum version_change_kind kind,
                   uint32_t from, uint32_t to)
{
    *ARENA_PUSH(heads->arena, changes->items, changes->count, changes->capacity) =
        heads_change(heads, kind, from, to);
}

/* Those of `items` that no head but the excepted ones already implies. */
static size_t not_implied(struct heads *heads, const uint32_t *items, size_t count,
                          const uint32_t *except, size_t except_count, uint32_t *ret)
{
    bool *implied = walk_new_set(heads->arena, heads->chain);
    size_t kept = 0;
    for (size_t i = 0; i < heads->count; i++) {
        bool is_excepted = false;
        for (size_t e = 0; e < except_count; e++)
            is_excepted |= except[e] == heads->items[i];
        if (!is_excepted)
            walk_mark(heads->chain, implied, heads->items[i], WALK_PARENTS);
    }
    for (size_t i = 0; i < count; i++)
        if (!implied[items[i]])
            ret[kept++] = items[i];
    return kept;
}

static size_t parents_in_heads(const struct heads *heads, const struct revision *revision,
                               uint32_t *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < revision->parent_count; i++)
        if (heads_has(heads, revision->parents[i]))
            ret[count++] = revision->parents[i];
    return count;
}

/* Up: a row of its own where no parent has one; in the parents' place where they have. */
static void step_up(struct heads *heads, const struct revision *revision, struct changes *changes)
{
    uint32_t *found =
        arena_calloc(heads->arena, revision->parent_count + 1, sizeof(uint32_t));
    size_t count = parents_in_heads(heads, revision, found);
    if (!count) {
        change(heads, changes, VERSION_INSERT, MAP_NONE, revision->index);
        return;
    }
    for (size_t i = 0; i + 1 < count; i++)
        change(heads, changes, VERSION_DELETE, found[i], MAP_NONE);
    change(heads, changes, VERSION_UPDATE, found[count - 1], revision->index);
}

/* Down: the row goes, and those parents get one that no other row implies. A revision without a row
 * of its own is implied by another: nothing changes. */
static void step_down(struct heads *heads, const struct revision *revision, struct changes *changes)
{
    uint32_t *to = arena_calloc(heads->arena, revision->parent_count + 1, sizeof *to);
    uint32_t self = revision->index;
    if (!heads_has(heads, self))
        return;
    size_t count =
        not_implied(heads, revision->parents, revision->parent_count, &self, 1, to);
    if (!count) {
        change(heads, changes, VERSION_DELETE, self, MAP_NONE);
        return;
    }
    for (size_t i = 0; i + 1 < count; i++)
        change(heads, changes, VERSION_INSERT, MAP_NONE, to[i]);
    change(heads, changes, VERSION_UPDATE, self, to[count - 1]);
}

void heads_step(struct heads *heads, const struct revision *revision, enum direction direction,
                const struct version_change **ret_changes, size_t *ret_count)
{
    struct changes changes = {0};
    (direction == DIRECTION_UP ? step_up : step_down)(heads, revision, &changes);
    *ret_changes = changes.items;
    *ret_count = changes.count;
}
