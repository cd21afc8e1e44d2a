#include "unit/unit.h"

#include "rollout/session.h"

/* The last state is the one without exits. */
static size_t count_states(void)
{
    struct session_state_doc doc;
    size_t count = 0;
    while (session_state_doc(count, &doc))
        count++;
    return count;
}

static void the_common_way_is_one_of_the_exits(void **state)
{
    struct session_state_doc doc;
    (void)state;
    for (size_t i = 0; session_state_doc(i, &doc); i++) {
        if (!doc.exits)
            continue;
        assert_true(doc.exits >> doc.next & 1);
        if (!doc.decides) /* nothing but `next` can follow */
            assert_true(doc.exits == UINT64_C(1) << doc.next);
    }
}

static void only_the_last_state_has_no_exit(void **state)
{
    struct session_state_doc doc;
    size_t count = count_states();
    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_true(session_state_doc(i, &doc));
        assert_true((doc.exits == 0) == (i + 1 == count));
        assert_true((doc.exits | doc.error_exits) >> count == 0);
    }
    assert_string_equal(doc.name, "done");
    assert_true(doc.error_exits == 0);
}

static void every_state_is_reached_from_the_first(void **state)
{
    struct session_state_doc doc;
    size_t count = count_states();
    uint64_t reached = 1, before = 0;
    (void)state;
    while (reached != before) {
        before = reached;
        for (size_t i = 0; session_state_doc(i, &doc); i++)
            if (reached >> i & 1)
                reached |= doc.exits | doc.error_exits;
    }
    assert_true(reached == (UINT64_C(1) << count) - 1);
}

/* A session has room for so many. */
static void no_more_states_travel_in_one_batch_than_there_is_room_for(void **state)
{
    struct session_state_doc doc;
    size_t longest = 0;
    (void)state;
    for (size_t i = 0; session_state_doc(i, &doc); i++) {
        size_t joined = 1;
        for (; doc.joins_next && joined <= SESSION_JOINED_MAX; joined++)
            assert_true(session_state_doc(doc.next, &doc));
        longest = joined > longest ? joined : longest;
    }
    assert_int_equal(longest, SESSION_JOINED_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_more_states_travel_in_one_batch_than_there_is_room_for),
    cmocka_unit_test(the_common_way_is_one_of_the_exits),
    cmocka_unit_test(only_the_last_state_has_no_exit),
    cmocka_unit_test(every_state_is_reached_from_the_first),
};

UNIT_MAIN(tests)
