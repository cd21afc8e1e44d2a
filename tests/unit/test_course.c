/* The course of a run that several machines work on: pure. */
#include "ledger/course.h"
#include "unit/unit.h"

static struct course course_of(uint32_t waves)
{
    return (struct course){.wave_count = waves, .wave_limit = waves, .lease_ms = 1000};
}

static struct course_facts facts_at(int64_t now_ms)
{
    return (struct course_facts){.now_ms = now_ms, .rules = {.soak_ms = 500}};
}

static void waves_follow_each_other_when_nothing_is_left_of_one(void **state)
{
    (void)state;
    struct course course = course_of(2);
    struct course_facts facts = facts_at(1);
    assert_int_equal(course_move(&course, &facts), COURSE_BEGINS_WAVE);
    facts.claimed = 1;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.claimed = 0;
    facts.has_ready = true;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.has_ready = false;
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS_WAVE);
    assert_int_equal(course_move(&course, &facts), COURSE_LEAVES_WAVE);
    assert_int_equal(course_move(&course, &facts), COURSE_BEGINS_WAVE);
    assert_int_equal(course.wave, 1);
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS_WAVE);
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS);
    assert_int_equal(course.end, RUN_SUCCEEDED);
    assert_int_equal(course_move(&course, &facts), COURSE_CLOSES);
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
}

static enum run_state end_of(bool is_rollback, bool ends_failure, struct course_totals totals)
{
    struct course course = course_of(1);
    struct course_facts facts = facts_at(1);
    facts.totals = totals;
    course.is_rollback = is_rollback;
    course.ends_failure = ends_failure;
    while (course.phase != COURSE_AFTER_RUN)
        assert_int_not_equal(course_move(&course, &facts), COURSE_STAYS);
    return course.end;
}

static void a_rollback_ends_as_such(void **state)
{
    (void)state;
    const struct course_totals all = {.wanted = 3, .finished = 3};
    const struct course_totals some = {.wanted = 3, .finished = 2};
    const struct course_totals failed = {.wanted = 3, .finished = 3, .failed = 1};
    assert_int_equal(end_of(true, false, all), RUN_SUCCEEDED);
    assert_int_equal(end_of(true, true, all), RUN_ROLLED_BACK);
    assert_int_equal(end_of(true, true, some), RUN_HALTED);
    assert_int_equal(end_of(true, false, failed), RUN_ROLLBACK_FAILED);
    assert_int_equal(end_of(true, true, failed), RUN_ROLLBACK_FAILED);
    assert_int_equal(end_of(false, false, failed), RUN_FAILED);
}

/* Of a run of one machine it is so too: all have gone back. */
static void a_rollback_that_the_last_gate_refuses_has_succeeded(void **state)
{
    (void)state;
    struct course course = course_of(1);
    struct course_facts facts = facts_at(1);
    facts.totals = (struct course_totals){.wanted = 1, .finished = 1};
    course.is_rollback = true;
    course.gates = 1u << GATE_AFTER_WAVE;
    course_move(&course, &facts);
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS_WAVE);
    course.gate = COURSE_ASKED;
    course_answer_gate(&course, false);
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS);
    assert_int_equal(course.end, RUN_SUCCEEDED);
}

static void a_soak_follows_a_wave_that_changed_something(void **state)
{
    (void)state;
    struct course course = course_of(2);
    struct course_facts facts = facts_at(1000);
    const struct step_done step = {0};
    const struct outcome outcome = {
        .state = TENANT_SUCCEEDED, .has_changed = true, .steps = &step, .step_count = 1};
    course_move(&course, &facts);
    assert_false(course_note(&course, &facts.rules, &outcome));
    course_move(&course, &facts);
    assert_int_equal(course_move(&course, &facts), COURSE_LEAVES_WAVE);
    assert_int_equal(course.until_ms, 1500);
    facts.now_ms = 1499;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.now_ms = 1500;
    assert_int_equal(course_move(&course, &facts), COURSE_BEGINS_WAVE);
}

static void too_many_failures_stop_it_and_orphans_are_ended_first(void **state)
{
    (void)state;
    struct course course = course_of(2);
    struct course_facts facts = facts_at(1);
    const struct err err = {.kind = ERR_SQL};
    const struct outcome outcome = {.state = TENANT_FAILED, .error = &err, .attempts = 1};
    facts.rules.max_failures = 1;
    course_move(&course, &facts);
    assert_false(course_note(&course, &facts.rules, &outcome));
    assert_true(course_note(&course, &facts.rules, &outcome));
    assert_false(course_note(&course, &facts.rules, &outcome));
    assert_true(course_may_claim(&course));
    assert_true(course_takes_orphans_alone(&course));
    facts.has_ready = true; /* of the orphans */
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.has_ready = false;
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS_WAVE);
    assert_int_equal(course_wave_state(&course), RUN_HALTED);
    facts.totals.wanted = 5;
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS);
    assert_int_equal(course.end, RUN_HALTED);
}

static void a_trip_leads_back_where_the_policy_says_so(void **state)
{
    (void)state;
    struct course course = course_of(1);
    struct course_facts facts = facts_at(1);
    course.rolls_back = true;
    course_move(&course, &facts);
    course.has_tripped = true;
    course_move(&course, &facts);
    facts.to_roll_back = 2;
    assert_int_equal(course_move(&course, &facts), COURSE_BEGINS_ROLLBACK);
    assert_int_equal(course.wave, 1);
    assert_true(course_may_claim(&course));
    assert_false(course_takes_orphans_alone(&course));
    facts.has_ready = true;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.has_ready = false;
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS);
    assert_int_equal(course.end, RUN_ROLLED_BACK);
}

static void who_is_reached_by_no_machine_is_waited_for_as_long_as_a_lease(void **state)
{
    (void)state;
    struct course course = course_of(1);
    struct course_facts facts = facts_at(100);
    course_move(&course, &facts);
    facts.has_unreached = true;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.now_ms = 1099;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.claimed = 1; /* a machine came, and has left again since */
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.claimed = 0;
    facts.now_ms = 1100;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.now_ms = 2100;
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS_WAVE);
}

static void a_gate_is_due_once_and_a_no_halts(void **state)
{
    (void)state;
    struct course course = course_of(1);
    struct course_facts facts = facts_at(1);
    course.gates = 1u << GATE_BEFORE_RUN;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    assert_int_equal(course_gate_due(&course), GATE_BEFORE_RUN);
    course.gate = COURSE_ASKED;
    assert_int_equal(course_gate_due(&course), GATE__COUNT);
    course_answer_gate(&course, false);
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS);
    assert_int_equal(course.end, RUN_HALTED);
}

static void a_stop_waits_for_what_is_in_flight_alone(void **state)
{
    (void)state;
    struct course course = course_of(2);
    struct course_facts facts = facts_at(1);
    course_move(&course, &facts);
    course.stopped_by = 15;
    assert_false(course_may_claim(&course));
    facts.claimed = 1;
    assert_int_equal(course_move(&course, &facts), COURSE_STAYS);
    facts.claimed = 0;
    facts.has_ready = facts.has_unreached = true;
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS_WAVE);
    assert_int_equal(course_move(&course, &facts), COURSE_ENDS);
    assert_int_equal(course.end, RUN_INTERRUPTED);
}

static void a_servers_limit_holds_over_its_queues_and_machines(void **state)
{
    (void)state;
    struct claim_queue queues[] = {
        {.server = "a", .ready = 9, .claimed = 2},
        {.server = "a", .ready = 9, .reach = "me"},
        {.server = "b", .ready = 9},
        {.server = "c", .ready = 9, .reach = "you"},
        {.server = "local", .ready = 4, .is_unlimited = true},
    };
    claim_divide(queues, ARRAY_LEN(queues), "me", 3, 100);
    assert_int_equal(queues[0].take + queues[1].take, 1);
    assert_int_equal(queues[2].take, 3);
    assert_int_equal(queues[3].take, 0);
    assert_int_equal(queues[4].take, 4);
    claim_divide(queues, ARRAY_LEN(queues), "me", 3, 2);
    assert_int_equal(queues[2].take + queues[4].take, 2);
    claim_divide(queues, ARRAY_LEN(queues), "me", 3, 0);
    assert_int_equal(queues[2].take, 0);
}

/* Of a server's only by a machine that is alone; in equal shares. */
static void what_is_claimed_ahead_keeps_no_server_from_others(void **state)
{
    (void)state;
    struct claim_queue queues[] = {
        {.server = "a", .ready = 90, .claimed = 5},
        {.server = "b", .ready = 2},
        {.server = "c", .ready = 90, .reach = "you"},
        {.server = "local", .ready = 90, .is_unlimited = true},
    };
    claim_divide(queues, ARRAY_LEN(queues), "me", 3, 2);
    claim_ahead(queues, ARRAY_LEN(queues), "me", &(struct claim_more){.ahead = 40});
    assert_int_equal(queues[0].take, 0);
    assert_int_equal(queues[1].take, 1);
    assert_int_equal(queues[2].take, 0);
    assert_int_equal(queues[3].take, 41);
    claim_divide(queues, ARRAY_LEN(queues), "me", 3, 2);
    claim_ahead(queues, ARRAY_LEN(queues), "me",
                &(struct claim_more){.ahead = 41, .is_alone = true});
    assert_int_equal(queues[0].take, 20);
    assert_int_equal(queues[1].take, 2);
    assert_int_equal(queues[2].take, 0);
    assert_int_equal(queues[3].take, 21);
    claim_ahead(queues, ARRAY_LEN(queues), "me",
                &(struct claim_more){.ahead = 1000, .is_alone = true});
    assert_int_equal(queues[0].take, 90);
    assert_int_equal(queues[2].take, 0);
}

static void what_a_ledger_has_forgotten_a_machine_recalls(void **state)
{
    (void)state;
    struct course course = course_of(2), seen = course_of(2);
    course.phase = COURSE_WAVE;
    course_recall(&course, &seen);
    assert_false(course_is_stopping(&course));
    seen.has_tripped = seen.is_refused = true;
    seen.stopped_by = 15;
    course_recall(&course, &seen);
    assert_true(course.has_tripped && course.is_refused);
    assert_int_equal(course.stopped_by, 15);
    seen.stopped_by = 2;
    course_recall(&course, &seen);
    assert_int_equal(course.stopped_by, 15);
    seen.has_rolled_back = true;
    assert_true(course_recall(&course, &seen));
    assert_int_equal(course.phase, COURSE_ROLLBACK);
    assert_int_equal(course.wave, 2);
    assert_false(course_recall(&course, &seen));
    struct course ended = course_of(2);
    ended.phase = COURSE_AFTER_RUN;
    course_recall(&ended, &seen);
    assert_false(course_is_stopping(&ended));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(waves_follow_each_other_when_nothing_is_left_of_one),
    cmocka_unit_test(a_rollback_ends_as_such),
    cmocka_unit_test(a_rollback_that_the_last_gate_refuses_has_succeeded),
    cmocka_unit_test(a_soak_follows_a_wave_that_changed_something),
    cmocka_unit_test(too_many_failures_stop_it_and_orphans_are_ended_first),
    cmocka_unit_test(a_trip_leads_back_where_the_policy_says_so),
    cmocka_unit_test(who_is_reached_by_no_machine_is_waited_for_as_long_as_a_lease),
    cmocka_unit_test(a_gate_is_due_once_and_a_no_halts),
    cmocka_unit_test(a_stop_waits_for_what_is_in_flight_alone),
    cmocka_unit_test(a_servers_limit_holds_over_its_queues_and_machines),
    cmocka_unit_test(what_is_claimed_ahead_keeps_no_server_from_others),
    cmocka_unit_test(what_a_ledger_has_forgotten_a_machine_recalls),
};

UNIT_MAIN(tests)
