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
#include "dialect/replica.h"

enum { PRESSURE_TEXT = 640 };

/* What the server says, and replicas that the inventory names, of themselves. Texts are borrowed. */
struct pressure {
    bool has_position;
    bool has_replicas; /* whose place is known */
    bool is_blind;     /* there are replicas, and the login may not see how far they are */
    uint64_t position,
        replayed;  /* how much was written, and how much of it the slowest replica has replayed */
    double lag_ms; /* as the server itself says; 0: it does not */
    uint64_t waiting, active; /* sessions that wait for locks; others that are at work */
    const char *slowest; /* of the named ones: its name; NULL: none is late by its own account, */
    uint64_t slowest_lag_ms;       /* and how late it is */
    const char *unheard;           /* one that has not answered yet, or no more; NULL: none */
    const char *stopped, *trouble; /* one that does not follow its primary, and why */
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
    PRESSURE_SLOWEST, /* one that is named is, */
    PRESSURE_STOPPED, /* or does not follow the primary, or cannot be asked, */
    PRESSURE_UNHEARD, /* or has not answered */
    PRESSURE_WAITERS, /* too many wait for locks */
    PRESSURE_CROWD    /* too many are at work */
};

/* The answer to SQL_PRESSURE: its one row. */
struct pressure pressure_read(const struct grid *rows);

/* Adds what is known of a replica that is named; NULL: nothing is. */
void pressure_add_replica(struct pressure *pressure, const char *name,
                          const struct replica_standing *standing);

/* `now_ms` is never 0. Fills how long to wait before the server is asked again, longer each time, and whether it has been too
 * long. */
enum pressure_verdict pressure_judge(struct pressure_watch *watch, const struct repeat *repeat,
                                     const struct pressure *pressure, uint64_t now_ms);
uint64_t pressure_delay_ms(const struct pressure_watch *watch);
bool pressure_is_too_long(const struct pressure_watch *watch, const struct repeat *repeat,
                          uint64_t now_ms);

/* Is there anything to ask the server for? */
bool pressure_is_asked(const struct repeat *repeat);

/* What is waited for, for people: `the replica 'db2:3306' is 12 s late`. */
void pressure_tell(enum pressure_verdict verdict, const struct pressure *pressure,
                   char ret_text[PRESSURE_TEXT]);

#endif
