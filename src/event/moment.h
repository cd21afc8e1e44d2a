/* What happened to a run as a whole, and when: a pause, what ended it, why nothing more was begun, the way back. The ledger keeps
 * it, so that a report knows when a run stood still, and who had it do so.
 *
 *     struct moment moment;
 *     if (moment_of(event, &moment)) …
 */
#ifndef EVENT_MOMENT_H
#define EVENT_MOMENT_H

#include "event/event.h"

/* Numbers of this enum are in ledgers: new ones are added at the end only. */
enum moment_kind {
    MOMENT_PAUSED,
    MOMENT_CONTINUES,
    MOMENT_DRAINS,
    MOMENT_ROLLS_BACK,
    MOMENT_LATE,
    MOMENT__COUNT
};

struct moment {
    enum moment_kind kind;
    int64_t at_ms;      /* since the epoch */
    const char *by;     /* user@host, or one of several machines; NULL: no one asked for it */
    const char *reason; /* in words; NULL: none is told */
};

/* As JSON has it (contract), and the event of which it is made: run_paused, … */
const char *moment_name(enum moment_kind kind);
enum event_kind moment_event(enum moment_kind kind);

/* The event as a moment; its texts are the event's. False: it is none, or no one knows when it was (an older skein's run). */
bool moment_of(const struct event *event, struct moment *ret_moment) MUST_CHECK;

/* How long the pauses among them took between two times, in ms. A pause that nothing ended goes on. */
double moment_paused_ms(const struct moment *moments, size_t count, int64_t from_ms,
                        int64_t until_ms);

#endif
