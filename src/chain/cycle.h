/* Revisions that lead to themselves, along `Revises` and `Depends On`. */
#ifndef CHAIN_CYCLE_H
#define CHAIN_CYCLE_H

#include "chain/revision.h"

struct buf;

/* A revision on a cycle, which is added to `text` as `a -> b -> a`; NULL: there is none. The revisions' edges and `all_next` must be
 * filled in. */
const struct revision *cycle_find(const struct revision *const *revisions, size_t count,
                                  struct buf *text);

#endif
