/* What is foretold of a run's waves while it goes on, and when one is late. */
#include "rollout/outlook.h"

#include "unit/report_fixture.h"
#include "unit/unit.h"

enum { TENANTS = 5 };

static const uint32_t wave_of[TENANTS] = {0, 1, 1, 1, 1};

struct case_of_outlook {
    struct fleet fleet;
    struct outlook *outlook;
};

/* A canary of one tenant, then four at two a time. */
static void begin(struct case_of_outlook *it, const struct outlook_wave *rules,
                  const struct pace *paces)
{
    static const char *const names[TENANTS] = {"a", "b", "c", "d", "e"};
    struct outlook_wave waves[] = {*rules, *rules};
    for (size_t i = 0; i < ARRAY_LEN(waves); i++)
        waves[i].parallel = waves[i].per_server = 2;
    fleet_prepare(&it->fleet, names, TENANTS);
    it->fleet.run.wave_of = wave_of;
    it->outlook = outlook_new(&(struct outlook_options){
        .run = &it->fleet.run, .waves = waves, .wave_count = ARRAY_LEN(waves), .paces = paces});
}

static void end(struct case_of_outlook *it)
{
    outlook_free(it->outlook);
    fleet_done(&it->fleet);
}

static enum dialect_id dialect_of_all(const struct case_of_outlook *it)
{
    return it->fleet.run.tenants[0]->url.dialect;
}

static void canaries_foretell_those_that_follow(void **state)
{
    struct outlook_wave rules = {.halt_above = {.factor = 3}};
    struct case_of_outlook it;
    struct overrun overrun;
    (void)state;
    begin(&it, &rules, NULL);
    assert_null(outlook_of(it.outlook, 0));
    assert_null(outlook_of(it.outlook, 1));
    outlook_begin(it.outlook, 0, 1000);
    assert_int_equal(outlook_look(it.outlook, 900000, true, &overrun), OUTLOOK_FINE);
    outlook_note(it.outlook, 0, 100);
    outlook_end(it.outlook);
    const struct wave_forecast *forecast = outlook_of(it.outlook, 1);
    assert_non_null(forecast);
    assert_float_equal(forecast->duration_ms, 200, 0.001);
    assert_int_equal(forecast->tenants, 4);
    assert_int_equal(forecast->source, FORECAST_FROM_WAVES);
    assert_null(forecast->run);
    outlook_begin(it.outlook, 1, 5000);
    assert_int_equal(outlook_look(it.outlook, 5600, true, &overrun), OUTLOOK_FINE);
    assert_int_equal(outlook_look(it.outlook, 5601, true, &overrun), OUTLOOK_HALTS);
    assert_float_equal(overrun.took_ms, 601, 0.001);
    assert_float_equal(overrun.forecast_ms, 200, 0.001);
    assert_float_equal(overrun.limit_ms, 600, 0.001);
    assert_int_equal(outlook_look(it.outlook, 9000, true, &overrun),
                     OUTLOOK_FINE); /* it is told once */
    end(&it);
}

static void earlier_runs_foretell_the_first_wave(void **state)
{
    struct outlook_wave rules = {.warn_above = {.factor = 2}};
    struct case_of_outlook it;
    struct overrun overrun;
    struct pace paces[DIALECT__COUNT] = {{0}};
    (void)state;
    begin(&it, &rules, NULL);
    paces[dialect_of_all(&it)] = (struct pace){7, 50, "run-1"};
    end(&it);
    begin(&it, &rules, paces);
    assert_float_equal(outlook_of(it.outlook, 0)->duration_ms, 50, 0.001);
    assert_float_equal(outlook_of(it.outlook, 1)->duration_ms, 100, 0.001);
    assert_int_equal(outlook_of(it.outlook, 1)->source, FORECAST_FROM_LEDGER);
    assert_string_equal(outlook_of(it.outlook, 1)->run, "run-1");
    outlook_begin(it.outlook, 0, 0);
    assert_int_equal(outlook_look(it.outlook, 101, true, &overrun), OUTLOOK_LATE);
    assert_int_equal(outlook_look(it.outlook, 9000, true, &overrun), OUTLOOK_FINE);
    outlook_note(it.outlook, 0, 400);
    outlook_end(it.outlook);
    assert_float_equal(outlook_of(it.outlook, 1)->duration_ms, 800, 0.001);
    assert_int_equal(outlook_of(it.outlook, 1)->source, FORECAST_FROM_WAVES);
    end(&it);
}

static void what_is_done_takes_no_time(void **state)
{
    struct outlook_wave rules = {0};
    struct standing standings[TENANTS] = {{.state = TENANT_PENDING},
                                          {.state = TENANT_SUCCEEDED},
                                          {.state = TENANT_UNCHANGED},
                                          {.state = TENANT_SKIPPED},
                                          {.state = TENANT_FAILED}};
    struct case_of_outlook it;
    (void)state;
    begin(&it, &rules, NULL);
    it.fleet.run.standings = standings;
    outlook_begin(it.outlook, 0, 0);
    outlook_note(it.outlook, 0, 100);
    outlook_end(it.outlook);
    assert_int_equal(outlook_of(it.outlook, 1)->tenants, 2);
    it.fleet.run.standings = NULL;
    end(&it);
}

/* A canary of `a`; in the second wave `b` has nothing to do, and of `e` nothing was foretold. */
static const double foretold[TENANTS] = {400, 0, 70, 30, -1};

static void begin_planned(struct case_of_outlook *it, const struct pace *paces)
{
    static const char *const names[TENANTS] = {"a", "b", "c", "d", "e"};
    const struct outlook_wave waves[] = {{.parallel = 1, .per_server = 1},
                                         {.parallel = 1, .per_server = 1}};
    fleet_prepare(&it->fleet, names, TENANTS);
    it->fleet.run.wave_of = wave_of;
    it->outlook = outlook_new(&(struct outlook_options){.run = &it->fleet.run,
                                                        .waves = waves,
                                                        .wave_count = ARRAY_LEN(waves),
                                                        .paces = paces,
                                                        .foretold_ms = foretold,
                                                        .foretold_by = "run-2"});
}

static void what_a_plan_has_foretold_comes_first(void **state)
{
    struct case_of_outlook it;
    (void)state;
    begin_planned(&it, NULL);
    assert_float_equal(outlook_of(it.outlook, 0)->duration_ms, 400, 0.001);
    assert_int_equal(outlook_of(it.outlook, 0)->source, FORECAST_FROM_PLAN);
    assert_string_equal(outlook_of(it.outlook, 0)->run, "run-2");
    assert_null(outlook_of(it.outlook, 1)); /* who knows how long `e` takes */
    outlook_begin(it.outlook, 0, 0);
    outlook_note(it.outlook, 0, 1000);
    outlook_end(it.outlook);
    assert_float_equal(outlook_of(it.outlook, 1)->duration_ms, 70 + 30 + 1000, 0.001);
    assert_int_equal(outlook_of(it.outlook, 1)->tenants, 3);
    assert_int_equal(outlook_of(it.outlook, 1)->source, FORECAST_FROM_PLAN);
    end(&it);
}

static void earlier_runs_tell_what_a_plan_does_not(void **state)
{
    struct case_of_outlook it;
    struct pace paces[DIALECT__COUNT];
    (void)state;
    for (size_t k = 0; k < DIALECT__COUNT; k++)
        paces[k] = (struct pace){1, 5, "run-1"};
    begin_planned(&it, paces);
    assert_float_equal(outlook_of(it.outlook, 1)->duration_ms, 70 + 30 + 5, 0.001);
    assert_string_equal(outlook_of(it.outlook, 1)->run, "run-2");
    end(&it);
}

static void limits(void **state)
{
    static const struct {
        struct outlook_wave rules;
        uint64_t now_ms; /* where the wave began at 0, and 100 ms are foretold */
        bool has_more;
        enum outlook_verdict verdict;
        double limit_ms;
    } cases[] = {
        {{.halt_above = {.factor = 3}, .at_least_ms = 1000}, 1000, true, OUTLOOK_FINE, 0},
        {{.halt_above = {.factor = 3}, .at_least_ms = 1000}, 1001, true, OUTLOOK_HALTS, 1000},
        {{.halt_above = {.ms = 50}, .at_least_ms = 1000}, 51, true, OUTLOOK_HALTS, 50},
        {{.halt_above = {.factor = 3}},
         301,
         false,
         OUTLOOK_LATE,
         300}, /* nothing is left to begin */
        {{.warn_above = {.factor = 2}, .halt_above = {.factor = 3}}, 250, true, OUTLOOK_LATE, 200},
        {{.warn_above = {.factor = 2}, .halt_above = {.factor = 3}}, 350, true, OUTLOOK_HALTS, 300},
        {{.warn_above = {.ms = 40}}, 41, true, OUTLOOK_LATE, 40},
        {{.at_least_ms = 1}, 100000, true, OUTLOOK_FINE, 0},
    };
    struct case_of_outlook it;
    struct overrun overrun;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pace paces[DIALECT__COUNT];
        for (size_t k = 0; k < DIALECT__COUNT; k++)
            paces[k] = (struct pace){1, 100, "run-1"};
        begin(&it, &cases[i].rules, paces);
        outlook_begin(it.outlook, 0, 0);
        if (outlook_look(it.outlook, cases[i].now_ms, cases[i].has_more, &overrun) !=
            cases[i].verdict)
            fail_msg("case %zu", i);
        if (cases[i].verdict != OUTLOOK_FINE)
            assert_float_equal(overrun.limit_ms, cases[i].limit_ms, 0.001);
        end(&it);
    }
}

static void a_pause_is_no_time_of_the_wave(void **state)
{
    struct outlook_wave rules = {.halt_above = {.ms = 100}};
    struct case_of_outlook it;
    struct overrun overrun;
    (void)state;
    begin(&it, &rules, NULL);
    outlook_pause(it.outlook, true, 0);
    outlook_begin(it.outlook, 0, 1000);
    assert_int_equal(outlook_look(it.outlook, 5000, true, &overrun), OUTLOOK_FINE);
    outlook_pause(it.outlook, false, 6000);
    assert_int_equal(outlook_look(it.outlook, 6100, true, &overrun), OUTLOOK_FINE);
    outlook_pause(it.outlook, true, 6100);
    outlook_pause(it.outlook, false, 7000);
    assert_int_equal(outlook_look(it.outlook, 7001, true, &overrun), OUTLOOK_HALTS);
    assert_float_equal(overrun.took_ms, 101, 0.001);
    end(&it);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(canaries_foretell_those_that_follow),
    cmocka_unit_test(earlier_runs_foretell_the_first_wave),
    cmocka_unit_test(what_is_done_takes_no_time),
    cmocka_unit_test(what_a_plan_has_foretold_comes_first),
    cmocka_unit_test(earlier_runs_tell_what_a_plan_does_not),
    cmocka_unit_test(limits),
    cmocka_unit_test(a_pause_is_no_time_of_the_wave),
};

UNIT_MAIN(tests)
