/* Checkpoints: files that make at once what a revision and all that lies under it make, for tenants at base.
 *
 *     struct checkpoint checkpoint;
 *     if (checkpoint_make(&fleet, revision, &checkpoint, &err)) … checkpoint.revision.sections …
 *     checkpoint_done(&checkpoint);
 *
 * What is made is proved: a database that the checkpoint has made has the catalog of one that the revisions have made, and no table
 * in which these would have put rows. All of it happens in scratch databases.
 */
#ifndef LIBRARY_CHECKPOINT_H
#define LIBRARY_CHECKPOINT_H

#include "library/scratch.h"
#include "schema/compare.h"

struct checkpoint {
    struct arena arena;
    struct revision revision;    /* as its file is to be */
    struct comparison remaining; /* where it does not make the same: in what */
    int signal;                  /* that stopped it; 0: none */
};

/* Of a revision of the chain, for each dialect that tenants of the inventory have. ERR_CONFIG: it cannot be made. */
bool checkpoint_make(struct fleet *fleet, const struct revision *revision, struct checkpoint *ret,
                     struct err *err) MUST_CHECK;

/* Does a checkpoint of the chain still make what its revisions make, in each of these dialects? ERR_CHAIN: it does not. */
bool checkpoint_check(struct fleet *fleet, const struct revision *revision, struct checkpoint *ret,
                      struct err *err) MUST_CHECK;

void checkpoint_done(struct checkpoint *checkpoint);

#endif
