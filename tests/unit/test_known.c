/* What an outcome makes of what is known of its tenant. */
#include "event/known.h"

#include "unit/unit.h"

static const struct rows nowhere = {.is_known = true};
static const struct err failure = {.kind = ERR_SQL};

static void a_rollback_is_told_together_with_what_it_rolls_back(void **state)
{
    static const struct {
        bool has_outcome, is_rollback, has_error;
        bool is_added, takes_error;
    } cases[] = {
        {false, false, false, false, true}, {true, false, false, false, true},
        {false, true, false, false, true},  {true, true, false, true, false},
        {true, true, true, true, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct known known = {.is_on_record = true, .has_outcome = cases[i].has_outcome};
        struct outcome outcome = {.is_rollback = cases[i].is_rollback,
                                  .error = cases[i].has_error ? &failure : NULL};
        struct known_change change = known_change(&known, &outcome);
        assert_int_equal(change.is_added, cases[i].is_added);
        assert_int_equal(change.takes_error, cases[i].takes_error);
    }
}

/* Who could not look does not know better than who began, unless it was itself that began. */
static void an_older_state_stays_where_no_one_could_look(void **state)
{
    static const struct {
        bool is_begun, is_open, could_look, takes_state;
    } cases[] = {
        {false, false, false, true},
        {true, false, false, false},
        {true, true, false, true},
        {true, false, true, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct known known = {
            .is_on_record = true, .is_begun = cases[i].is_begun, .is_open = cases[i].is_open};
        struct outcome outcome = {.state = TENANT_FAILED};
        outcome.from.is_known = cases[i].could_look;
        struct known_change change = known_change(&known, &outcome);
        assert_int_equal(change.takes_state, cases[i].takes_state);
        assert_int_equal(change.takes_to, cases[i].could_look);
    }
}

static void what_was_changed_is_changed_until_it_is_back(void **state)
{
    static const struct {
        bool was_changed, is_rollback, changes;
        enum tenant_state state;
        bool has_changed, clears_reached;
    } cases[] = {
        {false, false, true, TENANT_SUCCEEDED, true, false},
        {true, false, false, TENANT_UNCHANGED, true, false},
        {false, false, false, TENANT_FAILED, false, false},
        {true, true, false, TENANT_ROLLED_BACK, false, true},
        {true, true, true, TENANT_ROLLBACK_FAILED, true, false},
        {true, true, false, TENANT_SKIPPED, true, false},
        {false, true, true, TENANT_ROLLBACK_FAILED, false, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct known known = {.is_on_record = true, .has_changed = cases[i].was_changed};
        struct outcome outcome = {.state = cases[i].state,
                                  .is_rollback = cases[i].is_rollback,
                                  .has_changed = cases[i].changes,
                                  .from = nowhere,
                                  .to = nowhere};
        struct known_change change = known_change(&known, &outcome);
        assert_int_equal(change.has_changed, cases[i].has_changed);
        assert_int_equal(change.clears_reached, cases[i].clears_reached);
        assert_int_equal(change.takes_reached,
                         !cases[i].is_rollback && (cases[i].changes || cases[i].was_changed));
    }
}

/* A run that was killed before its first record may have left only the rollback's. */
static void what_is_on_no_record_is_as_the_rollback_says(void **state)
{
    struct known known = {0};
    struct outcome outcome = {.state = TENANT_ROLLBACK_FAILED, .is_rollback = true};
    (void)state;
    assert_true(known_change(&known, &outcome).has_changed);
    outcome.state = TENANT_ROLLED_BACK;
    assert_false(known_change(&known, &outcome).has_changed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_rollback_is_told_together_with_what_it_rolls_back),
    cmocka_unit_test(an_older_state_stays_where_no_one_could_look),
    cmocka_unit_test(what_was_changed_is_changed_until_it_is_back),
    cmocka_unit_test(what_is_on_no_record_is_as_the_rollback_says),
};

UNIT_MAIN(tests)
