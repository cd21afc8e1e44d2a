#include "rollout/pressure.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_DELAY_MS = 100, MAX_DELAY_MS = 5000 };

enum column {
    COLUMN_POSITION,
    COLUMN_REPLAYED,
    COLUMN_LAG,
    COLUMN_IS_BLIND,
    COLUMN_WAITING,
    COLUMN_ACTIVE
};

static uint64_t number(const struct grid *rows, enum column column)
{
    const char *text = grid_value(rows, 0, column);
    return text ? strtoull(text, NULL, 10) : 0;
}

struct pressure pressure_read(const struct grid *rows)
{
    return (struct pressure){
        .has_replicas =
            grid_value(rows, 0, COLUMN_POSITION) && grid_value(rows, 0, COLUMN_REPLAYED),
        .is_blind = number(rows, COLUMN_IS_BLIND) > 0,
        .position = number(rows, COLUMN_POSITION),
        .replayed = number(rows, COLUMN_REPLAYED),
        .lag_ms = (double)number(rows, COLUMN_LAG),
        .waiting = number(rows, COLUMN_WAITING),
        .active = number(rows, COLUMN_ACTIVE),
    };
}

/* What the server says of a replica's lag may be old; one that has replayed all is not late whatever it says. */
static bool is_late(struct pressure_watch *watch, const struct repeat *repeat,
                    const struct pressure *pressure, uint64_t now_ms)
{
    if (!pressure->has_replicas) {
        watch->has_mark = false;
        return false;
    }
    if (!watch->has_mark || pressure->replayed >= watch->mark) {
        watch->has_mark = true;
        watch->mark = pressure->position;
        watch->mark_ms = now_ms;
    }
    if (pressure->replayed >= pressure->position)
        return false;
    return now_ms - watch->mark_ms > repeat->max_lag_ms ||
           pressure->lag_ms > (double)repeat->max_lag_ms;
}

enum pressure_verdict pressure_judge(struct pressure_watch *watch, const struct repeat *repeat,
                                     const struct pressure *pressure, uint64_t now_ms)
{
    enum pressure_verdict verdict = PRESSURE_NONE;
    if (repeat->max_lag_ms && is_late(watch, repeat, pressure, now_ms))
        verdict = PRESSURE_LAG;
    else if (repeat->max_waiting && pressure->waiting > repeat->max_waiting)
        verdict = PRESSURE_WAITERS;
    else if (repeat->max_active && pressure->active > repeat->max_active)
        verdict = PRESSURE_CROWD;
    if (verdict == PRESSURE_NONE) {
        watch->since_ms = 0;
        watch->waits = 0;
        return verdict;
    }
    watch->since_ms = watch->since_ms ? watch->since_ms : now_ms;
    watch->waits++;
    return verdict;
}

uint64_t pressure_delay_ms(const struct pressure_watch *watch)
{
    uint64_t delay_ms = FIRST_DELAY_MS;
    for (uint32_t i = 1; i < watch->waits && delay_ms < MAX_DELAY_MS; i++)
        delay_ms *= 2;
    return delay_ms < MAX_DELAY_MS ? delay_ms : MAX_DELAY_MS;
}

bool pressure_is_too_long(const struct pressure_watch *watch, const struct repeat *repeat,
                          uint64_t now_ms)
{
    return watch->since_ms && now_ms - watch->since_ms > repeat->max_wait_ms;
}

bool pressure_is_asked(const struct repeat *repeat)
{
    return repeat->max_lag_ms || repeat->max_waiting || repeat->max_active;
}

const char *pressure_words(enum pressure_verdict verdict)
{
    static const char *const words[] = {
        [PRESSURE_NONE] = NULL,
        [PRESSURE_LAG] = "the replicas are late",
        [PRESSURE_WAITERS] = "too many sessions wait for locks",
        [PRESSURE_CROWD] = "too many sessions are at work",
    };
    return words[verdict];
}
