/* Where copies are made on which plans are rehearsed: a folder of its own among the system's temporary files (TMPDIR), which holds
 * nothing after the run. What a run that was killed has left goes when the next folder is made. */
#ifndef LIBRARY_REHEARSALS_H
#define LIBRARY_REHEARSALS_H

#include "library/fleet.h"

struct request;

struct rehearsals {
    const char *folder; /* NULL: no copy is made */
    int lock;           /* what says that it is in use */
};

/* Nothing is made for a request that rehearses nothing, or a fleet of which no database is a file. */
bool rehearsals_open(struct rehearsals *rehearsals, struct fleet *fleet,
                     const struct request *request, struct err *err) MUST_CHECK;
void rehearsals_close(struct rehearsals *rehearsals);

#endif
