#include "chain/walk.h"

#include "base/arena.h"

bool *walk_new_set(struct arena *arena, const struct chain *chain)
{
    return arena_calloc(arena, chain->count + 1, sizeof(bool));
}

static struct revisions edges_of(const struct revision *revision, enum walk_edges edges)
{
    switch (edges) {
    case WALK_DOWN: return (struct revisions){revision->down, revision->down_count};
    case WALK_PARENTS: return (struct revisions){revision->parents, revision->parent_count};
    case WALK_NEXT: return (struct revisions){revision->next, revision->next_count};
    case WALK_ALL_NEXT: break;
    }
    return (struct revisions){revision->all_next, revision->all_next_count};
}

uint32_t walk_mark(const struct chain *chain, bool *set, uint32_t from, enum walk_edges edges)
{
    size_t capacity = 64, depth = 0;
    uint32_t *stack = xmalloc(capacity * sizeof *stack);
    uint32_t last = from;
    stack[depth++] = from;
    while (depth) {
        uint32_t at = stack[--depth];
        if (set[at])
            continue;
        set[at] = true;
        last = at;
        struct revisions to = edges_of(chain->revisions[at], edges);
        if (depth + to.count > capacity) {
            capacity = (depth + to.count) * 2;
            stack = xrealloc(stack, capacity * sizeof *stack);
        }
        for (size_t i = 0; i < to.count; i++)
            stack[depth++] = to.items[i];
    }
    free(stack);
    return last;
}

bool *walk_from(struct arena *arena, const struct chain *chain, struct revisions from,
                enum walk_edges edges)
{
    bool *set = walk_new_set(arena, chain);
    for (size_t i = 0; i < from.count; i++)
        walk_mark(chain, set, from.items[i], edges);
    return set;
}

struct revisions walk_filter(struct arena *arena, struct revisions list, const bool *set)
{
    uint32_t *items = arena_calloc(arena, list.count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < list.count; i++)
        if (set[list.items[i]])
            items[count++] = list.items[i];
    return (struct revisions){items, count};
}

/* ---- order --------------------------------------------------------------------------------- */

/* Alembic sorts from the top down: it holds the tips of what is left, follows one of them down its
 * line, and where another tip still stands above the next revision it goes on with that one first.
 * It keeps the ancestors of every tip for that; here each revision counts the children that are not
 * done yet, and only where it has some is the tip above it looked for. */
struct sorting {
    const struct chain *chain;
    const bool *set;
    bool *region;      /* the set and all under it */
    bool *done;        /* of the region: emitted, or with nothing left above it */
    uint32_t *waiting; /* how many children in the region are not done */
    uint32_t *tips;
    size_t tip_count, at; /* the tip that is followed */
    bool *is_tip;
    uint32_t *stack; /* for walks; as long as the chain */
    uint32_t *found; /* the number of the search that came here last */
    uint32_t search;
};

static void sorting_init(struct sorting *sorting, struct arena *arena, const struct chain *chain,
                         const bool *set)
{
    size_t count = chain->count + 1;
    *sorting = (struct sorting){
        .chain = chain,
        .set = set,
        .region = walk_new_set(arena, chain),
        .done = walk_new_set(arena, chain),
        .waiting = arena_calloc(arena, count, sizeof(uint32_t)),
        .tips = arena_calloc(arena, count, sizeof(uint32_t)),
        .is_tip = walk_new_set(arena, chain),
        .stack = arena_calloc(arena, count, sizeof(uint32_t)),
        .found = arena_calloc(arena, count, sizeof(uint32_t)),
    };
    for (uint32_t i = 0; i < chain->count; i++)
        if (set[i] && !sorting->region[i])
            walk_mark(chain, sorting->region, i, WALK_PARENTS);
    for (uint32_t i = 0; i < chain->count; i++)
        for (size_t p = 0; sorting->region[i] && p < chain->revisions[i]->parent_count; p++)
            sorting->waiting[chain->revisions[i]->parents[p]]++;
}

/* The revision is done; so are those under it that are not in the set and waited for it alone. */
static void finish_revision(struct sorting *sorting, uint32_t revision)
{
    size_t depth = 0;
    sorting->stack[depth++] = revision;
    while (depth) {
        uint32_t at = sorting->stack[--depth];
        const struct revision *one = sorting->chain->revisions[at];
        sorting->done[at] = true;
        for (size_t p = 0; p < one->parent_count; p++)
            if (--sorting->waiting[one->parents[p]] == 0 && !sorting->set[one->parents[p]])
                sorting->stack[depth++] = one->parents[p];
    }
}

/* Those with nothing left above them. More than once only where a set has holes: on Alembic's own sets
 * of that kind an assertion fails. */
static void add_tips(struct sorting *sorting)
{
    for (uint32_t i = 0; i < sorting->chain->count; i++)
        if (sorting->set[i] && !sorting->done[i] && !sorting->waiting[i] && !sorting->is_tip[i]) {
            sorting->is_tip[i] = true;
            sorting->tips[sorting->tip_count++] = i;
        }
}

/* Finds all above `from` that is not done, and returns the place of the first tip among it. */
static size_t find_tip_above(struct sorting *sorting, uint32_t from)
{
    size_t depth = 0, tip = 0;
    uint32_t search = ++sorting->search;
    sorting->stack[depth++] = from;
    while (depth) {
        const struct revision *one = sorting->chain->revisions[sorting->stack[--depth]];
        for (size_t i = 0; i < one->all_next_count; i++) {
            uint32_t child = one->all_next[i];
            if (!sorting->region[child] || sorting->done[child] || sorting->found[child] == search)
                continue;
            sorting->found[child] = search;
            sorting->stack[depth++] = child;
        }
    }
    while (tip < sorting->tip_count && sorting->found[sorting->tips[tip]] != search)
        tip++;
    return tip;
}

/* The tip that was followed is emitted: its parents take its place, or it goes. */
static void replace_tip(struct sorting *sorting)
{
    const struct revision *one = sorting->chain->revisions[sorting->tips[sorting->at]];
    size_t added = 0;
    for (size_t p = 0; p < one->parent_count; p++) {
        uint32_t parent = one->parents[p];
        if (!sorting->set[parent] || sorting->done[parent] || sorting->is_tip[parent])
            continue;
        sorting->is_tip[parent] = true;
        sorting->tips[added ? sorting->tip_count++ : sorting->at] = parent;
        added++;
    }
    if (added)
        return;
    uint32_t *tip = &sorting->tips[sorting->at];
    memmove(tip, tip + 1, (sorting->tip_count - sorting->at - 1) * sizeof *tip);
    sorting->tip_count--;
    sorting->at -= sorting->at > 0;
}

/* Follows another tip, where one stands above the one that is followed. False: there is none. */
static bool change_tip(struct sorting *sorting)
{
    uint32_t candidate = sorting->tips[sorting->at];
    if (!sorting->waiting[candidate])
        return false;
    size_t tip = find_tip_above(sorting, candidate);
    if (tip == sorting->tip_count)
        add_tips(sorting);
    else
        sorting->at = tip;
    return true;
}

size_t walk_sort(const struct chain *chain, const bool *set, uint32_t *ret)
{
    struct arena arena;
    struct sorting sorting;
    size_t count = 0, left;
    for (size_t i = 0; i < chain->count; i++)
        count += set[i];
    arena_init(&arena);
    sorting_init(&sorting, &arena, chain, set);
    for (left = count; left;) {
        if (!sorting.tip_count)
            add_tips(&sorting);
        if (change_tip(&sorting))
            continue;
        ret[--left] = sorting.tips[sorting.at];
        finish_revision(&sorting, ret[left]);
        replace_tip(&sorting);
    }
    arena_done(&arena);
    return count;
}
