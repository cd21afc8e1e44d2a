#include "unit/unit.h"

#include "base/parse.h"

static void reads_numbers(void **state)
{
    static const struct {
        const char *text;
        uint32_t min, max;
        bool is_good;
        uint32_t value;
    } cases[] = {
        {"0", 0, 10, true, 0},
        {"10", 0, 10, true, 10},
        {"007", 0, 10, true, 7},
        {"4294967295", 0, UINT32_MAX, true, UINT32_MAX},
        {"11", 0, 10, false, 0},
        {"0", 1, 10, false, 0},
        {"", 0, 10, false, 0},
        {" 1", 0, 10, false, 0},
        {"1 ", 0, 10, false, 0},
        {"+1", 0, 10, false, 0},
        {"-1", 0, 10, false, 0},
        {"1.0", 0, 10, false, 0},
        {"0x1", 0, 10, false, 0},
        {"1e1", 0, 100, false, 0},
        {"4294967296", 0, UINT32_MAX, false, 0},
        {"18446744073709551616", 0, UINT32_MAX, false, 0},
        {"99999999999999999999999999", 0, UINT32_MAX, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t value = 77;
        if (parse_u32(cases[i].text, cases[i].min, cases[i].max, &value) != cases[i].is_good)
            fail_msg("'%s'", cases[i].text);
        assert_int_equal(value, cases[i].is_good ? cases[i].value : 77);
    }
}

static void reads_durations(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        uint64_t ms;
    } cases[] = {
        {"0", true, 0},
        {"0s", true, 0},
        {"250ms", true, 250},
        {"10s", true, 10000},
        {"5m", true, 300000},
        {"2h", true, 7200000},
        {"8784h", true, 366ull * 24 * 3600 * 1000},
        {"8785h", false, 0},
        {"1", false, 0},
        {"", false, 0},
        {"s", false, 0},
        {"-1s", false, 0},
        {"1.5s", false, 0},
        {"1 s", false, 0},
        {"1S", false, 0},
        {"90d", true, 90ull * 24 * 60 * 60 * 1000},
        {"1s ", false, 0},
        {"1m30s", false, 0},
        {"18446744073709551615ms", false, 0},
        {"18446744073709552h", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t ms = 77;
        if (parse_duration(cases[i].text, &ms) != cases[i].is_good)
            fail_msg("'%s'", cases[i].text);
        assert_int_equal(ms, cases[i].is_good ? cases[i].ms : 77);
    }
}

static void reads_shares(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        uint32_t of_1000; /* what it comes to of a thousand */
    } cases[] = {
        {"0", true, 0},           {"5", true, 5},     {"2000", true, 2000},  {"0%", true, 0},
        {"2%", true, 20},         {"0.5%", true, 5},  {"0.25%", true, 2},    {"100%", true, 1000},
        {"99.99%", true, 999},    {"1.%", true, 10},  {"", false, 0},        {"%", false, 0},
        {"-1", false, 0},         {"101%", false, 0}, {"100.01%", false, 0}, {"0.125%", false, 0},
        {".5%", false, 0},        {"5 %", false, 0},  {"5%%", false, 0},     {"5.5", false, 0},
        {"4294967295", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct share share = {.count = 77};
        if (parse_share(cases[i].text, &share) != cases[i].is_good)
            fail_msg("'%s'", cases[i].text);
        assert_int_equal(cases[i].is_good ? share_of(&share, 1000) : share.count,
                         cases[i].is_good ? cases[i].of_1000 : 77);
    }
}

static void reads_limits_of_forecasts(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        double factor;
        uint64_t ms;
    } cases[] = {
        {"3x", true, 3, 0},         {"2.5x", true, 2.5, 0},    {"1.25", true, 1.25, 0},
        {"3", true, 3, 0},          {"20m", true, 0, 1200000}, {"250ms", true, 0, 250},
        {"1000x", true, 1000, 0},   {"0.5x", false, 0, 0},     {"0", false, 0, 0},
        {"0s", false, 0, 0},        {"x", false, 0, 0},        {"", false, 0, 0},
        {"3 x", false, 0, 0},       {"3xx", false, 0, 0},      {"1.x", false, 0, 0},
        {"1.125x", false, 0, 0},    {"-3x", false, 0, 0},      {"1001x", false, 0, 0},
        {"99999999x", false, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct forecast_limit limit = {0};
        if (parse_forecast_limit(cases[i].text, &limit) != cases[i].is_good)
            fail_msg("'%s'", cases[i].text);
        assert_float_equal(limit.factor, cases[i].factor, 0.0001);
        assert_int_equal(limit.ms, cases[i].ms);
    }
}

/* A share of few is none at all: 2% of 49 tenants tolerates no failure. */
static void rounds_shares_down(void **state)
{
    struct share share;
    (void)state;
    assert_true(parse_share("2%", &share));
    assert_int_equal(share_of(&share, 49), 0);
    assert_int_equal(share_of(&share, 50), 1);
    assert_int_equal(share_of(&share, 0), 0);
    assert_true(parse_share("100%", &share));
    assert_int_equal(share_of(&share, UINT32_MAX), UINT32_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_numbers),      cmocka_unit_test(reads_durations),
    cmocka_unit_test(reads_shares),       cmocka_unit_test(reads_limits_of_forecasts),
    cmocka_unit_test(rounds_shares_down),
};

UNIT_MAIN(tests)
