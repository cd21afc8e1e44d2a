/* Where the checkpoints of a chain stand, and what they stand for. */
#ifndef CHAIN_CHECKPOINTS_H
#define CHAIN_CHECKPOINTS_H

#include "chain/chain.h"

/* Puts each where its revision stands, once the chain's graph is made, and lists the revisions that it spares. `checkpoints` are those
 * of the chain. Adds faults: a checkpoint of no revision, or of one that has another or nothing under it. */
void checkpoints_place(struct arena *arena, const struct chain *chain,
                       struct revision *const *checkpoints, struct faults *faults);

#endif
