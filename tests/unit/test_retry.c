#include "unit/unit.h"

#include "rollout/retry.h"

static const struct retry_limits *times(uint32_t retries)
{
    static struct retry_limits limits;
    limits = (struct retry_limits){.retries = retries};
    return &limits;
}

static void begins_nothing_behind_the_timeout(void **state)
{
    struct err err = {.kind = ERR_LOCK, .is_transient = true};
    struct retry_limits limits = {.retries = 9, .elapsed_ms = 900, .timeout_ms = 1000};
    uint64_t delay_ms;
    (void)state;
    assert_true(retry_delay(&err, 1, &limits, 99, &delay_ms));
    assert_int_equal(delay_ms, 100);
    limits.elapsed_ms = 901;
    assert_false(retry_delay(&err, 1, &limits, 99, &delay_ms));
    assert_true(retry_delay(&err, 1, &limits, 98, &delay_ms));
    limits.timeout_ms = 0;
    assert_true(retry_delay(&err, 1, &limits, 99, &delay_ms));
}

static void gives_up_what_will_not_change(void **state)
{
    struct err permanent = {.kind = ERR_SQL}, transient = {.kind = ERR_LOCK, .is_transient = true};
    uint64_t delay_ms = 77;
    (void)state;
    assert_false(retry_delay(&permanent, 1, times(3), 0, &delay_ms));
    assert_false(retry_delay(&transient, 1, times(0), 0, &delay_ms)); /* retries: 0 */
    assert_false(retry_delay(&transient, 4, times(3), 0, &delay_ms));
    assert_int_equal(delay_ms, 77);
    assert_true(retry_delay(&transient, 3, times(3), 0, &delay_ms));
}

/* Full jitter: anything from 1 ms to a ceiling that doubles, up to ten seconds. */
static void waits_longer_each_time(void **state)
{
    static const uint64_t ceilings_ms[] = {100,  200,  400,   800,   1600,
                                           3200, 6400, 10000, 10000, 10000};
    struct err err = {.kind = ERR_LOCK, .is_transient = true};
    (void)state;
    for (uint32_t attempt = 1; attempt <= ARRAY_LEN(ceilings_ms); attempt++) {
        uint64_t ceiling_ms = ceilings_ms[attempt - 1], delay_ms;
        assert_true(retry_delay(&err, attempt, times(100), 0, &delay_ms));
        assert_int_equal(delay_ms, 1);
        assert_true(retry_delay(&err, attempt, times(100), ceiling_ms - 1, &delay_ms));
        assert_int_equal(delay_ms, ceiling_ms);
        for (uint64_t random = UINT64_MAX; random > UINT64_MAX - 100; random--) {
            assert_true(retry_delay(&err, attempt, times(100), random, &delay_ms));
            assert_in_range(delay_ms, 1, ceiling_ms);
        }
    }
    uint64_t delay_ms;
    assert_true(retry_delay(&err, UINT32_MAX, times(UINT32_MAX), 9999, &delay_ms));
    assert_int_equal(delay_ms, 10000);
}

/* That a server has no connection left is not the tenant's fault: it is waited for longer. */
static void is_patient_with_a_crowded_server(void **state)
{
    static const struct {
        const char *code;
        bool is_patient;
    } cases[] = {{"53300", true},  {"1040", true},   {"57P03", true},
                 {"53200", false}, {"55P03", false}, {"", false}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {.kind = ERR_CONNECT, .is_transient = true};
        uint64_t delay_ms;
        snprintf(err.code, sizeof err.code, "%s", cases[i].code);
        assert_int_equal(retry_is_crowded(&err),
                         cases[i].is_patient && strcmp(err.code, "57P03") != 0);
        assert_int_equal(retry_delay(&err, 4, times(3), 0, &delay_ms), cases[i].is_patient);
        assert_false(retry_delay(&err, 24, times(3), 0, &delay_ms)); /* but not for ever */
        assert_false(
            retry_delay(&err, 1, times(0), 0, &delay_ms)); /* nor where nobody wants a retry */
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(begins_nothing_behind_the_timeout),
    cmocka_unit_test(gives_up_what_will_not_change),
    cmocka_unit_test(waits_longer_each_time),
    cmocka_unit_test(is_patient_with_a_crowded_server),
};

UNIT_MAIN(tests)
