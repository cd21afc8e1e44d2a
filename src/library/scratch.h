/* A throw-away database, where the chain is replayed to learn what its revisions make.
 *
 * A SQLite one is a file in a folder of its own among the system's temporary files. What a run that was killed has left there
 * goes when the next one is made.
 *
 *     struct scratch scratch;
 *     if (scratch_open(&scratch, &fleet, DIALECT_SQLITE, &err) &&
 *         scratch_upgrade(&scratch, &rows, &arena, &catalog, &err)) … catalog …
 *     scratch_close(&scratch);
 */
#ifndef LIBRARY_SCRATCH_H
#define LIBRARY_SCRATCH_H

#include "library/fleet.h"
#include "schema/catalog.h"

struct scratch {
    struct arena arena;
    struct fleet fleet; /* of the one tenant; its chain and scripts are borrowed */
    const struct tenant *tenant;
    const char *folder; /* NULL: it is not made */
    int lock;           /* a descriptor: as long as it is held the folder is in use; -1: none */
    int signal;         /* that stopped a replay; 0: none */
};

/* ERR_CONFIG: there is no scratch of the dialect. The fleet, with its chain and scripts, is borrowed. */
bool scratch_open(struct scratch *scratch, struct fleet *fleet, enum dialect_id dialect,
                  struct err *err) MUST_CHECK;

/* Replays the chain from where the scratch stands up to these revisions, and reads what is there; a copy, in the arena.
 * ERR_…: a revision cannot be replayed, which err names. */
bool scratch_upgrade(struct scratch *scratch, const struct rows *rows, struct arena *arena,
                     struct catalog **ret_catalog, struct err *err) MUST_CHECK;

/* Drops it; of one that did not open, too. */
void scratch_close(struct scratch *scratch);

#endif
