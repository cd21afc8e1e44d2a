#include "unit/unit.h"

#include "rollout/retry.h"

static const struct err lock = {.kind = ERR_LOCK, .is_transient = true};
static const struct err lost = {.kind = ERR_CONNECT, .is_transient = true};
static const struct err conflict = {
    .kind = ERR_SQL, .is_transient = true, .trouble = TROUBLE_CONFLICT};
static const struct err duplicate = {.kind = ERR_SQL, .trouble = TROUBLE_CONFLICT};
static const struct err down = {.kind = ERR_CONNECT, .is_transient = true, .trouble = TROUBLE_DOWN};

static const struct retry_limits three = {.retries = 3};

/* How many times it is tried again, up to `most`. */
static uint32_t tries(const struct err *err, struct retry_history *history,
                      const struct retry_limits *limits, uint32_t most)
{
    struct retry retry;
    uint32_t count = 0;
    while (count < most && retry_decide(err, history, limits, 0, &retry))
        count++;
    return count;
}

static void begins_nothing_behind_the_timeout(void **state)
{
    struct retry_limits limits = {.retries = 9, .timeout_ms = 1000};
    struct retry retry;
    (void)state;
    assert_true(
        retry_decide(&lock, &(struct retry_history){.failing_ms = 900}, &limits, 99, &retry));
    assert_int_equal(retry.delay_ms, 100);
    assert_false(
        retry_decide(&lock, &(struct retry_history){.failing_ms = 901}, &limits, 99, &retry));
    assert_true(
        retry_decide(&lock, &(struct retry_history){.failing_ms = 901}, &limits, 98, &retry));
    limits.timeout_ms = 0;
    assert_true(
        retry_decide(&lock, &(struct retry_history){.failing_ms = 99999}, &limits, 99, &retry));
}

static void gives_up_what_will_not_change(void **state)
{
    struct err permanent = {.kind = ERR_SQL};
    struct retry retry = {.delay_ms = 77};
    (void)state;
    assert_int_equal(tries(&permanent, &(struct retry_history){0}, &three, 9), 0);
    assert_false(retry_decide(&permanent, &(struct retry_history){0}, &three, 0, &retry));
    assert_int_equal(retry.delay_ms, 77);
    assert_int_equal(tries(&lock, &(struct retry_history){0}, &three, 9), 3);
    assert_int_equal(tries(&lost, &(struct retry_history){0}, &three, 9), 3);
}

static void tries_nothing_again_where_that_is_not_wanted(void **state)
{
    static const struct retry_limits never = {.retries = 0};
    struct retry_history in_company = {.had_company = true, .was_reached = true};
    (void)state;
    for (int trouble = 0; trouble < TROUBLE__COUNT; trouble++) {
        struct err err = {.is_transient = true, .trouble = (enum err_trouble)trouble};
        assert_int_equal(tries(&err, &in_company, &never, 1), 0);
    }
}

/* Full jitter: anything from 1 ms to a ceiling that doubles, up to a maximum. */
static void waits_longer_each_time(void **state)
{
    static const struct {
        enum err_trouble trouble;
        uint64_t most_ms;
    } cases[] = {{TROUBLE_NONE, 10000}, {TROUBLE_DOWN, 2000}, {TROUBLE_NOT_READY, 2000}};
    struct retry_limits limits = {.retries = 100};
    struct retry retry;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (uint32_t failures = 0; failures < 12; failures++) {
            struct err err = {.is_transient = true, .trouble = cases[i].trouble};
            uint64_t ceiling_ms = 100ull << failures;
            ceiling_ms = ceiling_ms < cases[i].most_ms ? ceiling_ms : cases[i].most_ms;
            for (uint64_t random = 0; random < 3 * ceiling_ms; random += 37) {
                struct retry_history history = {.failures = failures, .was_reached = true};
                assert_true(retry_decide(&err, &history, &limits, random, &retry));
                assert_int_equal(retry.delay_ms, 1 + random % ceiling_ms);
            }
        }
}

/* Whatever the count. */
static void waits_for_a_server_until_the_time_has_passed(void **state)
{
    static const enum err_trouble troubles[] = {TROUBLE_CROWDED_DATABASE, TROUBLE_CROWDED_LOGIN,
                                                TROUBLE_CROWDED_SERVER, TROUBLE_NOT_READY,
                                                TROUBLE_DOWN};
    struct retry_limits limits = {.retries = 1, .timeout_ms = 60000};
    struct retry retry;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
        struct err err = {.is_transient = true, .trouble = troubles[i]};
        struct retry_history history = {.was_reached = true, .trouble_ms = 59999};
        assert_int_equal(tries(&err, &history, &limits, 1000), 1000);
        assert_int_equal(history.counted, 0);
        history.trouble_ms = 60000;
        assert_false(retry_decide(&err, &history, &limits, 0, &retry));
    }
    limits.timeout_ms = 0; /* no limit is set: not for ever, all the same */
    assert_int_equal(tries(&down,
                           &(struct retry_history){.was_reached = true, .trouble_ms = 119999},
                           &limits, 50),
                     50);
    assert_int_equal(tries(&down,
                           &(struct retry_history){.was_reached = true, .trouble_ms = 120000},
                           &limits, 50),
                     0);
}

/* It may be a wrong one, or one that is just restarted: so many times as the inventory says, over some seconds. */
static void soon_leaves_a_host_that_was_of_no_use_yet(void **state)
{
    static const uint64_t ceilings_ms[] = {1000, 3000, 8000};
    struct retry_limits limits = {.retries = 3, .timeout_ms = 120000};
    struct retry_history history = {.trouble_ms = 1};
    struct retry retry;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ceilings_ms); i++) {
        struct retry_history least = history;
        assert_true(retry_decide(&down, &least, &limits, ceilings_ms[i] / 4, &retry));
        assert_int_equal(retry.delay_ms, ceilings_ms[i] * 3 / 4);
        assert_true(retry_decide(&down, &history, &limits, 0, &retry));
        assert_int_equal(retry.delay_ms, ceilings_ms[i]);
    }
    assert_false(retry_decide(&down, &history, &limits, 0, &retry));
    history = (struct retry_history){.trouble_ms = 119001};
    assert_false(retry_decide(&down, &history, &limits, 0, &retry));
}

static void counts_no_conflict_in_company(void **state)
{
    struct retry_history history = {.had_company = true, .failing_ms = 1000000};
    struct retry_limits limits = {.retries = 1, .timeout_ms = 1000};
    static const enum turn turns[] = {TURN_SOON, TURN_SOON, TURN_ALONE};
    struct retry retry;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
        assert_true(retry_decide(&conflict, &history, &limits, 0, &retry));
        assert_int_equal(retry.turn, turns[i]);
        assert_int_equal(history.counted, 0);
    }
    history.had_company = false; /* what it meets alone is its own */
    assert_false(retry_decide(&conflict, &history, &limits, 0, &retry));
    history.failing_ms = history.counted = 0;
    assert_true(retry_decide(&conflict, &history, &limits, 0, &retry));
    assert_int_equal(retry.turn, TURN_ALONE);
    assert_false(retry_decide(&conflict, &history, &limits, 0, &retry));
}

/* A tenant that has met conflicts keeps no other off its server while it waits for a lock of others. */
static void is_alone_after_conflicts_only(void **state)
{
    struct retry_history history = {.had_company = true, .conflicts = 9, .was_reached = true};
    struct retry retry;
    (void)state;
    assert_true(retry_decide(&lock, &history, &three, 0, &retry));
    assert_int_equal(retry.turn, TURN_LATE);
    assert_true(retry_decide(&down, &history, &three, 0, &retry));
    assert_int_equal(retry.turn, TURN_SOON);
    assert_true(retry_decide(&conflict, &history, &three, 0, &retry));
    assert_int_equal(retry.turn, TURN_ALONE);
}

/* Only a conflict would explain why it was not there a moment before. */
static void takes_a_duplicate_for_a_conflict_in_company_only(void **state)
{
    struct retry_history history = {.had_company = true};
    struct retry retry;
    (void)state;
    assert_true(retry_decide(&duplicate, &history, &three, 0, &retry));
    history.had_company = false;
    assert_false(retry_decide(&duplicate, &history, &three, 0, &retry));
}

static void lets_others_go_first_that_wait_for_no_lock(void **state)
{
    struct err deadlock = {.kind = ERR_LOCK, .is_transient = true, .trouble = TROUBLE_CONFLICT};
    struct retry retry;
    (void)state;
    assert_true(retry_decide(&lock, &(struct retry_history){0}, &three, 0, &retry));
    assert_int_equal(retry.turn, TURN_LATE);
    assert_true(
        retry_decide(&deadlock, &(struct retry_history){.had_company = true}, &three, 0, &retry));
    assert_int_equal(retry.turn, TURN_SOON);
    assert_true(retry_decide(&lost, &(struct retry_history){0}, &three, 0, &retry));
    assert_int_equal(retry.turn, TURN_SOON);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(begins_nothing_behind_the_timeout),
    cmocka_unit_test(gives_up_what_will_not_change),
    cmocka_unit_test(tries_nothing_again_where_that_is_not_wanted),
    cmocka_unit_test(waits_longer_each_time),
    cmocka_unit_test(waits_for_a_server_until_the_time_has_passed),
    cmocka_unit_test(soon_leaves_a_host_that_was_of_no_use_yet),
    cmocka_unit_test(counts_no_conflict_in_company),
    cmocka_unit_test(is_alone_after_conflicts_only),
    cmocka_unit_test(takes_a_duplicate_for_a_conflict_in_company_only),
    cmocka_unit_test(lets_others_go_first_that_wait_for_no_lock),
};

UNIT_MAIN(tests)
