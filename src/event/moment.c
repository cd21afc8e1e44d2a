#include "event/moment.h"

static const struct {
    enum event_kind event;
    const char *name;
} kinds[MOMENT__COUNT] = {
    [MOMENT_PAUSED] = {EVENT_RUN_PAUSED, "run_paused"},
    [MOMENT_CONTINUES] = {EVENT_RUN_CONTINUES, "run_continues"},
    [MOMENT_DRAINS] = {EVENT_RUN_DRAINS, "run_drains"},
    [MOMENT_ROLLS_BACK] = {EVENT_RUN_ROLLS_BACK, "run_rolls_back"},
    [MOMENT_LATE] = {EVENT_WAVE_LATE, "wave_late"},
};

const char *moment_name(enum moment_kind kind)
{
    return kinds[kind].name;
}

enum event_kind moment_event(enum moment_kind kind)
{
    return kinds[kind].event;
}

bool moment_of(const struct event *event, struct moment *ret_moment)
{
    enum moment_kind kind = 0;
    while (kind < MOMENT__COUNT && kinds[kind].event != event->kind)
        kind++;
    if (kind == MOMENT__COUNT || !event->at_ms)
        return false;
    *ret_moment = (struct moment){kind, event->at_ms, event->by, event->reason};
    return true;
}

/* The part of it between two times. A clock that was set back meanwhile makes it no shorter than none. */
static double part_ms(int64_t begin_ms, int64_t end_ms, int64_t from_ms, int64_t until_ms)
{
    begin_ms = begin_ms > from_ms ? begin_ms : from_ms;
    end_ms = end_ms < until_ms ? end_ms : until_ms;
    return end_ms > begin_ms ? (double)(end_ms - begin_ms) : 0;
}

double moment_paused_ms(const struct moment *moments, size_t count, int64_t from_ms,
                        int64_t until_ms)
{
    double sum_ms = 0;
    bool is_paused = false;
    int64_t since_ms = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_paused && moments[i].kind == MOMENT_CONTINUES) {
            sum_ms += part_ms(since_ms, moments[i].at_ms, from_ms, until_ms);
            is_paused = false;
        } else if (!is_paused && moments[i].kind == MOMENT_PAUSED) {
            since_ms = moments[i].at_ms;
            is_paused = true;
        }
    }
    return sum_ms + (is_paused ? part_ms(since_ms, until_ms, from_ms, until_ms) : 0);
}
