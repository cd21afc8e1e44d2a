/* Who keeps a session's statements waiting for a lock. The server is asked while they wait, on a connection of
 * its own: once the wait has failed, no session blocks it any more.
 *
 * A batch that runs for most of the lock timeout is looked at, and again and again until it ends; most end
 * sooner and cost a timer. The session does not wait for the answer: one that comes too late is thrown away,
 * and a question that fails does not fail the tenant. A session has one such connection at most, and between
 * two looks none: a long batch must not take two places on its server.
 *
 *     struct blockers *blockers = blockers_new(links, number, timeout_ms);   NULL: no one could tell
 *     blockers_begin(blockers, io);
 *     …the batch runs…
 *     blockers_end(blockers, &err);     adds who was in the way, where that is what failed it
 *     blockers_free(blockers);
 *
 * All of them take NULL.
 */
#ifndef LINK_BLOCKERS_H
#define LINK_BLOCKERS_H

#include "link/link.h"

struct blockers;

/* `lock_timeout_ms`: for so long its statements wait for locks; 0: for any time, and no one is told who blocks. */
struct blockers *blockers_new(struct links *links, uint32_t number, uint64_t lock_timeout_ms);

/* From now on it is asked every `every_ms` of a batch, too, how many other sessions wait for this one, and `on_waiting`
 * hears it; a server that cannot tell is not asked. */
typedef void (*blockers_waiting_fn)(void *ctx, size_t sessions);
void blockers_watch_waiting(struct blockers *blockers, uint64_t every_ms,
                            blockers_waiting_fn on_waiting, void *ctx);

/* `io` runs the batch. */
void blockers_begin(struct blockers *blockers, const struct io *io);

/* `err`: how the batch ended; may be NULL. */
void blockers_end(struct blockers *blockers, struct err *err);

/* No batch may be under way. The memory goes later, on the loop. */
void blockers_free(struct blockers *blockers);

#endif
