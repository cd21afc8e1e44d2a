#include "chain/walk.h"

#include "base/arena.h"

bool *walk_new_set(struct arena *arena, const struct chain *chain)
{
    return arena_calloc(arena, chain->count + 1, sizeof(bool));
}

static const uint32_t *edges_of(const struct revision *revision, enum walk_edges edges,
                                size_t *ret_count)
{
    switch (edges) {
    case WALK_DOWN: *ret_count = revision->down_count; return revision->down;
    case WALK_PARENTS: *ret_count = revision->parent_count; return revision->parents;
    case WALK_NEXT: *ret_count = revision->next_count; return revision->next;
    case WALK_ALL_NEXT: break;
    }
    *ret_count = revision->all_next_count;
    return revision->all_next;
}

uint32_t walk_mark(const struct chain *chain, bool *set, uint32_t from, enum walk_edges edges)
{
    size_t capacity = 64, depth = 0;
    uint32_t *stack = xmalloc(capacity * sizeof *stack);
    uint32_t last = from;
    stack[depth++] = from;
    while (depth) {
        uint32_t at = stack[--depth];
        size_t count;
        if (set[at])
            continue;
        set[at] = true;
        last = at;
        const uint32_t *to = edges_of(chain->revisions[at], edges, &count);
        if (depth + count > capacity) {
            capacity = (depth + count) * 2;
            stack = xrealloc(stack, capacity * sizeof *stack);
        }
        for (size_t i = 0; i < count; i++)
            stack[depth++] = to[i];
    }
    free(stack);
    return last;
}

struct visit {
    uint32_t revision;
    size_t parents_left;
};

/* Emits `from` behind all its parents in the set: depth first, the last parent's branch first, as
 * Alembic orders a merge. */
static size_t emit(const struct chain *chain, const bool *set, bool *seen, uint32_t from,
                   struct visit *stack, uint32_t *ret)
{
    size_t count = 0, depth = 0;
    if (seen[from])
        return 0;
    seen[from] = true;
    stack[depth++] = (struct visit){from, chain->revisions[from]->parent_count};
    while (depth) {
        struct visit *visit = &stack[depth - 1];
        if (!visit->parents_left) {
            ret[count++] = visit->revision;
            depth--;
            continue;
        }
        uint32_t parent = chain->revisions[visit->revision]->parents[--visit->parents_left];
        if (!set[parent] || seen[parent])
            continue;
        seen[parent] = true;
        stack[depth++] = (struct visit){parent, chain->revisions[parent]->parent_count};
    }
    return count;
}

size_t walk_sort(const struct chain *chain, const bool *set, uint32_t *ret)
{
    bool *seen = xcalloc(chain->count, sizeof *seen);
    struct visit *stack = xcalloc(chain->count, sizeof *stack);
    size_t count = 0;
    for (uint32_t i = 0; i < chain->count; i++)
        if (set[i])
            count += emit(chain, set, seen, i, stack, ret + count);
    free(stack);
    free(seen);
    return count;
}
