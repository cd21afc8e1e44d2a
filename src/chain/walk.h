/* Sets of revisions, and the ways through the graph that fill them. Pure.
 *
 * A set is an array of flags, one a revision of the chain, so that union and difference are loops.
 */
#ifndef CHAIN_WALK_H
#define CHAIN_WALK_H

#include "chain/chain.h"

struct arena;

enum walk_edges {
    WALK_DOWN, /* to those it revises */
    WALK_PARENTS, /* and those it depends on */
    WALK_NEXT, /* to those that revise it */
    WALK_ALL_NEXT, /* and those that depend on it */
};

bool *walk_new_set(struct arena *arena, const struct chain *chain);

/* Adds `from` and all that the edges lead to. Returns the revision reached last, as Alembic walks. */
uint32_t walk_mark(const struct chain *chain, bool *set, uint32_t from, enum walk_edges edges);

/* The revisions of `set` so that parents come before children; a branch stays together. Returns how
 * many; `ret` has room for all. */
size_t walk_sort(const struct chain *chain, const bool *set, uint32_t *ret);

#endif
