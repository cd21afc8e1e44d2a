/* Shall the next batch of a statement that repeats wait? Decides by what the server says of its replicas and of those at
 * work there (SQL_PRESSURE). Pure: the time comes in as a number.
 *
 * A server may say how late a replica is, or how far it has come, or both, or nothing. A replica that stands still says nothing
 * new of its lag: so the place that it has to reach is noted, and how long it takes.
 */
#ifndef ROLLOUT_PRESSURE_H
#define ROLLOUT_PRESSURE_H

#include "base/grid.h"
#include "chain/repeat.h"

/* What the server says. */
struct pressure {
    bool has_replicas; /* whose place is known */
    bool is_blind;     /* there are replicas, and the login may not see how far they are */
    uint64_t position,
        replayed;  /* how much was written, and how much of it the slowest replica has replayed */
    double lag_ms; /* as the server itself says; 0: it does not */
    uint64_t waiting, active; /* sessions that wait for locks; others that are at work */
};

/* Zeroed at first. */
struct pressure_watch {
    bool has_mark;
    uint64_t mark, mark_ms; /* the place that replicas are to reach, and when it was noted */
    uint64_t since_ms;      /* since when the next batch waits; 0: it does not */
    uint32_t waits;         /* in a row */
};

enum pressure_verdict {
    PRESSURE_NONE,
    PRESSURE_LAG,     /* replicas are late */
    PRESSURE_WAITERS, /* too many wait for locks */
    PRESSURE_CROWD    /* too many are at work */
};

/* The answer to SQL_PRESSURE: its one row. */
struct pressure pressure_read(const struct grid *rows);

/* `now_ms` is never 0. Fills how long to wait before the server is asked again, longer each time, and whether it has been too
 * long. */
enum pressure_verdict pressure_judge(struct pressure_watch *watch, const struct repeat *repeat,
                                     const struct pressure *pressure, uint64_t now_ms);
uint64_t pressure_delay_ms(const struct pressure_watch *watch);
bool pressure_is_too_long(const struct pressure_watch *watch, const struct repeat *repeat,
                          uint64_t now_ms);

/* Is there anything to ask the server for? */
bool pressure_is_asked(const struct repeat *repeat);

/* What is waited for, for people: `the replicas are more than 2 s late`. */
const char *pressure_words(enum pressure_verdict verdict);

#endif
