#include "chain/cycle.h"

#include "base/arena.h"
#include "base/buf.h"

/* Kahn's algorithm over all edges. Returns, for each revision, how many of its edges could not be taken
 * off: not 0 for those on a cycle, or above one. The caller frees it. */
static uint32_t *take_off(const struct revision *const *revisions, size_t count)
{
    size_t taken = 0, found = 0;
    uint32_t *waiting = xcalloc(count + 1, sizeof *waiting);
    uint32_t *ready = xcalloc(count + 1, sizeof *ready);
    for (uint32_t i = 0; i < count; i++)
        for (size_t c = 0; c < revisions[i]->all_next_count; c++)
            waiting[revisions[i]->all_next[c]]++;
    for (uint32_t i = 0; i < count; i++)
        if (!waiting[i])
            ready[found++] = i;
    while (taken < found) {
        const struct revision *revision = revisions[ready[taken++]];
        for (size_t c = 0; c < revision->all_next_count; c++)
            if (--waiting[revision->all_next[c]] == 0)
                ready[found++] = revision->all_next[c];
    }
    free(ready);
    return waiting;
}

/* A revision below this one that could not be taken off either. */
static uint32_t step_down(const struct revision *revision, const uint32_t *waiting)
{
    size_t edge = 0;
    while (!waiting[revision_edge_at(revision, edge)])
        edge++;
    return revision_edge_at(revision, edge);
}

/* A walk down from a revision that could not be taken off ends on a cycle: after as many steps as there are revisions
 * it is on the cycle for certain. */
static uint32_t add_cycle(const struct revision *const *revisions, size_t count,
                          const uint32_t *waiting, uint32_t from, struct buf *text)
{
    uint32_t start = from;
    for (size_t i = 0; i < count; i++)
        start = step_down(revisions[start], waiting);
    buf_adds(text, revisions[start]->id);
    uint32_t at = start;
    do {
        at = step_down(revisions[at], waiting);
        buf_addf(text, " -> %s", revisions[at]->id);
    } while (at != start);
    return start;
}

const struct revision *cycle_find(const struct revision *const *revisions, size_t count,
                                  struct buf *text)
{
    uint32_t *waiting = take_off(revisions, count);
    const struct revision *found = NULL;
    uint32_t i = 0;
    while (i < count && !waiting[i])
        i++;
    if (i < count)
        found = revisions[add_cycle(revisions, count, waiting, i, text)];
    free(waiting);
    return found;
}
