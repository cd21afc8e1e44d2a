#include "plan/heads.h"

#include "base/arena.h"
#include "base/map.h"

struct changes {
    struct version_change *items;
    size_t count, capacity;
};

void heads_init(struct heads *heads, struct arena *arena, const struct chain *chain,
                struct revisions rows)
{
    *heads = (struct heads){
        .arena = arena,
        .chain = chain,
        .items = arena_calloc(arena, chain->count + rows.count + 1, sizeof(uint32_t)),
        .count = rows.count,
        .is_row = walk_new_set(arena, chain),
        .standing = walk_from(arena, chain, rows, WALK_PARENTS),
        .children = arena_calloc(arena, chain->count + 1, sizeof(uint32_t)),
    };
    for (size_t i = 0; i < rows.count; i++) {
        heads->items[i] = rows.items[i];
        heads->is_row[rows.items[i]] = true;
    }
    for (size_t i = 0; i < chain->count; i++)
        for (size_t p = 0; heads->standing[i] && p < chain->revisions[i]->parent_count; p++)
            heads->children[chain->revisions[i]->parents[p]]++;
}

struct revisions heads_rows(const struct heads *heads)
{
    return (struct revisions){heads->items, heads->count};
}

bool heads_has(const struct heads *heads, uint32_t revision)
{
    return heads->is_row[revision];
}

static void drop(struct heads *heads, uint32_t revision)
{
    size_t kept = 0;
    for (size_t i = 0; i < heads->count; i++)
        if (heads->items[i] != revision)
            heads->items[kept++] = heads->items[i];
    heads->count = kept;
    heads->is_row[revision] = false;
}

static const char *id_of(const struct heads *heads, uint32_t revision)
{
    return revision == MAP_NONE ? NULL : heads->chain->revisions[revision]->id;
}

struct version_change heads_change(struct heads *heads, enum version_change_kind kind,
                                   uint32_t from, uint32_t to)
{
    if (kind != VERSION_INSERT)
        drop(heads, from);
    if (kind != VERSION_DELETE) {
        heads->items[heads->count++] = to;
        heads->is_row[to] = true;
    }
    return (struct version_change){kind, id_of(heads, from), id_of(heads, to)};
}

static void change(struct heads *heads, struct changes *changes, enum version_change_kind kind,
                   uint32_t from, uint32_t to)
{
    *ARENA_PUSH(heads->arena, changes->items, changes->count, changes->capacity) =
        heads_change(heads, kind, from, to);
}

/* Up: a row of its own where no parent has one; in the parents' place where they have. */
static void step_up(struct heads *heads, const struct revision *revision, struct changes *changes)
{
    uint32_t last = MAP_NONE; /* of the parents that have a row */
    heads->standing[revision->index] = true;
    for (size_t i = 0; i < revision->parent_count; i++) {
        uint32_t parent = revision->parents[i];
        heads->children[parent]++;
        if (!heads_has(heads, parent))
            continue;
        if (last != MAP_NONE)
            change(heads, changes, VERSION_DELETE, last, MAP_NONE);
        last = parent;
    }
    if (last == MAP_NONE)
        change(heads, changes, VERSION_INSERT, MAP_NONE, revision->index);
    else
        change(heads, changes, VERSION_UPDATE, last, revision->index);
}

/* Down: the row goes, and those parents get one that nothing else implies: no other row, and no
 * other parent (there Alembic 1.8.1 writes rows that overlap, which it then refuses to upgrade from).
 * A revision without a row of its own is implied by another: nothing changes. */
static void step_down(struct heads *heads, const struct revision *revision, struct changes *changes)
{
    uint32_t last = MAP_NONE; /* of the parents that get a row */
    uint32_t self = revision->index;
    heads->standing[self] = false;
    for (size_t i = 0; i < revision->parent_count; i++) {
        uint32_t parent = revision->parents[i];
        if (--heads->children[parent] || !heads_has(heads, self) || heads_has(heads, parent))
            continue;
        if (last != MAP_NONE)
            change(heads, changes, VERSION_INSERT, MAP_NONE, last);
        last = parent;
    }
    if (!heads_has(heads, self))
        return;
    if (last == MAP_NONE)
        change(heads, changes, VERSION_DELETE, self, MAP_NONE);
    else
        change(heads, changes, VERSION_UPDATE, self, last);
}

void heads_step(struct heads *heads, const struct revision *revision, enum direction direction,
                const struct version_change **ret_changes, size_t *ret_count)
{
    struct changes changes = {0};
    (direction == DIRECTION_UP ? step_up : step_down)(heads, revision, &changes);
    *ret_changes = changes.items;
    *ret_count = changes.count;
}
