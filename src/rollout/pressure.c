#include "rollout/pressure.h"

#include <inttypes.h>
#include <stdio.h>
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
        .has_position = grid_value(rows, 0, COLUMN_POSITION) != NULL,
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

void pressure_add_replica(struct pressure *pressure, const char *name,
                          const struct replica_standing *standing)
{
    if (!standing) {
        pressure->unheard = name;
        return;
    }
    if (standing->trouble) {
        pressure->stopped = name;
        pressure->trouble = standing->trouble;
    }
    if (standing->lag_ms > pressure->slowest_lag_ms) {
        pressure->slowest = name;
        pressure->slowest_lag_ms = standing->lag_ms;
    }
    if (standing->has_place && pressure->has_position &&
        (!pressure->has_replicas || standing->replayed < pressure->replayed)) {
        pressure->has_replicas = true;
        pressure->replayed = standing->replayed;
    }
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

/* A replica that cannot be asked may be as late as it likes, so it holds batches up, as it does for gh-ost and pt-online-schema-change. */
static enum pressure_verdict judge_replicas(struct pressure_watch *watch,
                                            const struct repeat *repeat,
                                            const struct pressure *pressure, uint64_t now_ms)
{
    bool are_late = is_late(watch, repeat, pressure, now_ms);
    if (pressure->stopped)
        return PRESSURE_STOPPED;
    if (pressure->slowest_lag_ms > repeat->max_lag_ms)
        return PRESSURE_SLOWEST;
    if (are_late)
        return PRESSURE_LAG;
    return pressure->unheard ? PRESSURE_UNHEARD : PRESSURE_NONE;
}

static enum pressure_verdict judge_sessions(const struct repeat *repeat,
                                            const struct pressure *pressure)
{
    if (repeat->max_waiting && pressure->waiting > repeat->max_waiting)
        return PRESSURE_WAITERS;
    if (repeat->max_active && pressure->active > repeat->max_active)
        return PRESSURE_CROWD;
    return PRESSURE_NONE;
}

enum pressure_verdict pressure_judge(struct pressure_watch *watch, const struct repeat *repeat,
                                     const struct pressure *pressure, uint64_t now_ms)
{
    enum pressure_verdict verdict = PRESSURE_NONE;
    if (repeat->max_lag_ms)
        verdict = judge_replicas(watch, repeat, pressure, now_ms);
    if (verdict == PRESSURE_NONE)
        verdict = judge_sessions(repeat, pressure);
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

void pressure_tell(enum pressure_verdict verdict, const struct pressure *pressure,
                   char ret_text[PRESSURE_TEXT])
{
    switch (verdict) {
    case PRESSURE_NONE: *ret_text = '\0'; break;
    case PRESSURE_LAG: snprintf(ret_text, PRESSURE_TEXT, "the replicas are late"); break;
    case PRESSURE_SLOWEST:
        snprintf(ret_text, PRESSURE_TEXT, "the replica '%.80s' is %" PRIu64 " s late",
                 pressure->slowest, pressure->slowest_lag_ms / 1000);
        break;
    case PRESSURE_STOPPED:
        snprintf(ret_text, PRESSURE_TEXT, "the replica '%.80s' does not follow its primary: %.480s",
                 pressure->stopped, pressure->trouble);
        break;
    case PRESSURE_UNHEARD:
        snprintf(ret_text, PRESSURE_TEXT, "the replica '%.80s' has not answered yet",
                 pressure->unheard);
        break;
    case PRESSURE_WAITERS:
        snprintf(ret_text, PRESSURE_TEXT, "too many sessions wait for locks");
        break;
    case PRESSURE_CROWD: snprintf(ret_text, PRESSURE_TEXT, "too many sessions are at work"); break;
    }
}
