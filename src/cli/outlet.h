/* What is written while a run is under way, to a descriptor that its reader may leave unread: a terminal after
 * Ctrl-S, a pipe whose reader sleeps.
 *
 * A thread of its own writes it, so outlet_write never waits. Text that comes faster than it is read is kept up
 * to a bound; beyond that it is dropped, whole texts at a time, until half of the room is free again, and the
 * dropped lines are counted. The descriptor's flags stay as they are: O_NONBLOCK would hold for its other users
 * too.
 *
 *     struct outlet *outlet = outlet_open(STDERR_FILENO);    NULL: the system gives no thread
 *     outlet_write(outlet, "…\n", len);
 *     outlet_drain(outlet);                                  before something else is written there
 *     outlet_close(outlet);
 */
#ifndef CLI_OUTLET_H
#define CLI_OUTLET_H

#include "base/compiler.h"

enum { OUTLET_MAX_BYTES = 256 * 1024 };

struct outlet;

/* Borrows the descriptor until outlet_close. NULL: the system gives no thread; what is written must go there directly. */
struct outlet *outlet_open(int fd);

/* Whole lines, written together or dropped together. */
void outlet_write(struct outlet *outlet, const char *text, size_t len);

/* Is something still to be written? */
bool outlet_is_behind(struct outlet *outlet);

/* How many lines were dropped since the last call, once there is room to say so (or `is_last`); else 0. While
 * the caller has not been told of some, no text is taken, so that its line stands where they are missing. */
size_t outlet_take_dropped(struct outlet *outlet, bool is_last);

/* Waits until all is written, but not for a reader who takes nothing for a second. */
void outlet_drain(struct outlet *outlet);

/* The same, and frees it; NULL is fine. Text that was not read by then is lost. */
void outlet_close(struct outlet *outlet);

/* Writes one text where no outlet is open, and waits for it as outlet_close does. */
void outlet_tell(int fd, const char *text, size_t len);

#endif
