/* Sets of revisions, and the ways through the graph that fill and order them. Pure.
 *
 * A set is an array of flags, one a revision of the chain, so that union and difference are loops.
 * A `struct revisions` is a short list: targets, rows. All of it costs time linear in the chain.
 */
#ifndef CHAIN_WALK_H
#define CHAIN_WALK_H

#include "chain/chain.h"

struct arena;

/* Indices of revisions, borrowed. */
struct revisions {
    const uint32_t *items;
    size_t count;
};

enum walk_edges {
    WALK_DOWN,     /* to those it revises */
    WALK_PARENTS,  /* and those it depends on */
    WALK_NEXT,     /* to those that revise it */
    WALK_ALL_NEXT, /* and those that depend on it */
};

bool *walk_new_set(struct arena *arena, const struct chain *chain);

/* Adds `from` and all that the edges lead to. Returns the revision reached last, as Alembic walks. */
uint32_t walk_mark(const struct chain *chain, bool *set, uint32_t from, enum walk_edges edges);

/* A new set of `from` and all that the edges lead to. */
bool *walk_from(struct arena *arena, const struct chain *chain, struct revisions from,
                enum walk_edges edges);

/* Those of the list that are in the set, in the list's order. */
struct revisions walk_filter(struct arena *arena, struct revisions list, const bool *set);

/* The revisions of `set` so that parents come before children, in the order in which Alembic applies
 * them: a branch stays together as far as it can. Returns how many; `ret` has room for all. */
size_t walk_sort(const struct chain *chain, const bool *set, uint32_t *ret);

#endif
