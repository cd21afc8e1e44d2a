/* Signals that come while a scratch database is there, outside of runs (which see to their own): the first of each kind is kept, so
 * that what is under way ends and the database is dropped; a second one of the kind has the effect that it has without skein.
 *
 *     struct scratch_watch *watch = scratch_watch_start(&err);
 *     … if (scratch_watch_signal(watch)) … stop …
 *     scratch_watch_stop(watch);
 */
#ifndef LIBRARY_SCRATCH_WATCH_H
#define LIBRARY_SCRATCH_WATCH_H

#include "base/err.h"

struct scratch_watch;

/* NULL: there is no descriptor left for it. */
struct scratch_watch *scratch_watch_start(struct err *err) MUST_CHECK;

/* The first that came; 0: none. Blocks for nothing. */
int scratch_watch_signal(struct scratch_watch *watch);

/* Puts the handlers back that were there before, and frees it. */
void scratch_watch_stop(struct scratch_watch *watch);

#endif
