#include "unit/unit.h"

#include "event/forecast.h"

static int set_up(void **state)
{
    (void)state;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return 0;
}

#define FILES FORECAST_NO_SERVER

struct forecast_case {
    uint32_t parallel, per_server;
    struct forecast_tenant tenants[6];
    size_t count;
    double wanted_ms;
};

static void foresees_what_goes_on_at_once(void **state)
{
    static const struct forecast_case cases[] = {
        {4, 4, {{0, 10}}, 1, 10},
        {1, 1, {{0, 10}, {0, 20}, {1, 30}}, 3, 60},             /* one by one */
        {8, 1, {{0, 10}, {0, 20}, {1, 25}}, 3, 30},             /* a server is what takes longest */
        {8, 2, {{0, 10}, {0, 10}, {0, 10}, {1, 5}}, 4, 20},     /* three in two places */
        {2, 8, {{0, 10}, {0, 10}, {1, 10}, {1, 10}}, 4, 20},    /* the wave's limit */
        {2, 1, {{FILES, 10}, {FILES, 10}, {FILES, 10}}, 3, 20}, /* files have no server's limit */
        {8, 8, {{0, 90}, {0, 1}, {1, 1}}, 3, 90},               /* a tenant is not cut */
        {8, 8, {{0}}, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct forecast_wave wave = {cases[i].parallel, cases[i].per_server, -1};
        forecast_wave(&wave, cases[i].tenants, cases[i].count);
        if (wave.duration_ms != cases[i].wanted_ms)
            fail_msg("case %zu: %f", i, wave.duration_ms);
    }
}

/* A server whose tenants stood apart would count as two. */
static void tenants_of_a_server_are_put_side_by_side(void **state)
{
    struct forecast_tenant tenants[] = {{1, 10}, {FILES, 5}, {0, 20}, {1, 10}, {0, 20}};
    struct forecast_wave wave = {8, 1, -1};
    (void)state;
    forecast_sort(tenants, ARRAY_LEN(tenants));
    for (size_t i = 1; i < ARRAY_LEN(tenants); i++)
        assert_true(tenants[i - 1].server <= tenants[i].server);
    forecast_wave(&wave, tenants, ARRAY_LEN(tenants));
    assert_true(wave.duration_ms == 40);
}

static const struct CMUnitTest tests[] = {CASE(foresees_what_goes_on_at_once),
                                          CASE(tenants_of_a_server_are_put_side_by_side)};

UNIT_MAIN(tests)
