/* How long a run stood still. */
#include "event/moment.h"

#include "unit/unit.h"

static void pauses_are_counted_between_two_times(void **state)
{
    static const struct moment moments[] = {
        {.kind = MOMENT_CONTINUES, .at_ms = 50}, /* nothing was paused */
        {.kind = MOMENT_PAUSED, .at_ms = 100},
        {.kind = MOMENT_PAUSED, .at_ms = 150}, /* on another machine, at the same time */
        {.kind = MOMENT_DRAINS, .at_ms = 180},
        {.kind = MOMENT_CONTINUES, .at_ms = 200},
        {.kind = MOMENT_PAUSED, .at_ms = 300},
    };
    static const struct {
        size_t count;
        int64_t from_ms, until_ms;
        double paused_ms;
    } cases[] = {
        {0, 0, 1000, 0},
        {ARRAY_LEN(moments), 0, 1000, 100 + 700}, /* the last is open */
        {ARRAY_LEN(moments), 0, 250, 100},
        {ARRAY_LEN(moments), 120, 160, 40},
        {ARRAY_LEN(moments), 210, 290, 0},
        {2, 0, 90, 0}, /* a clock that was set back */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_float_equal(
            moment_paused_ms(moments, cases[i].count, cases[i].from_ms, cases[i].until_ms),
            cases[i].paused_ms, 0.001);
}

static void events_that_are_moments_have_a_time(void **state)
{
    struct moment moment;
    (void)state;
    for (enum moment_kind kind = 0; kind < MOMENT__COUNT; kind++) {
        struct event event = {.kind = moment_event(kind), .at_ms = 1, .by = "a", .reason = "b"};
        assert_true(moment_of(&event, &moment));
        assert_int_equal(moment.kind, kind);
        assert_string_equal(moment.by, "a");
        assert_non_null(moment_name(kind));
        event.at_ms = 0;
        assert_false(moment_of(&event, &moment));
    }
    assert_false(moment_of(&(struct event){.kind = EVENT_WAVE_FINISHED, .at_ms = 1}, &moment));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pauses_are_counted_between_two_times),
    cmocka_unit_test(events_that_are_moments_have_a_time),
};

UNIT_MAIN(tests)
