/* How a run stands, event by event. */
#include "event/status.h"

#include "unit/report_fixture.h"
#include "unit/unit.h"

enum { TENANTS = 4 };

static void on_event(void *ctx, const struct event *event)
{
    static uint64_t now_ms;
    status_apply(ctx, event, now_ms += 10);
}

static void set_up(struct fleet *fleet, struct status **ret_status)
{
    static const char *const names[TENANTS] = {"a", "b", "c", "d"};
    *ret_status = status_new();
    fleet_prepare(fleet, names, TENANTS);
    fleet->observer = (struct observer){on_event, *ret_status};
}

static void tell(struct fleet *fleet, struct event event)
{
    event.run = &fleet->run;
    fleet->observer.on_event(fleet->observer.ctx, &event);
}

static void end(struct fleet *fleet, size_t tenant, enum tenant_state state)
{
    struct outcome outcome = {.state = state};
    tell(fleet,
         (struct event){.kind = EVENT_TENANT_FINISHED, .tenant = tenant, .outcome = &outcome});
}

static void counts_tenants_and_lists_those_at_work(void **state)
{
    struct fleet fleet;
    struct status *status;
    (void)state;
    set_up(&fleet, &status);
    tell(&fleet, (struct event){.kind = EVENT_RUN_STARTED});
    assert_int_equal(status->total, TENANTS);
    assert_int_equal(status->states[TENANT_PENDING], TENANTS);
    assert_int_equal(status->oldest, STATUS_NONE);
    for (size_t i = 0; i < 3; i++)
        tell(&fleet, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = i});
    assert_int_equal(status->running, 3);
    assert_int_equal(status->oldest, 0);
    end(&fleet, 1, TENANT_FAILED);
    assert_int_equal(status->tenants[0].next, 2);
    end(&fleet, 0, TENANT_SUCCEEDED);
    assert_int_equal(status->oldest, 2);
    assert_int_equal(status->newest, 2);
    end(&fleet, 3, TENANT_SKIPPED); /* it was never begun */
    assert_int_equal(status->running, 1);
    assert_int_equal(status->done, 2);
    assert_int_equal(status->bad, 1);
    assert_int_equal(status->states[TENANT_PENDING], 0);
    assert_int_equal(status->states[TENANT_RUNNING], 1);
    assert_int_equal(status->states[TENANT_SKIPPED], 1);
    end(&fleet, 2, TENANT_UNCHANGED);
    tell(&fleet, (struct event){.kind = EVENT_RUN_FINISHED, .state = RUN_FAILED});
    assert_true(status->is_over);
    assert_int_equal(status->state, RUN_FAILED);
    status_free(status);
    fleet_done(&fleet);
}

static void what_is_rolled_back_was_counted_on_its_way_out(void **state)
{
    struct fleet fleet;
    struct status *status;
    (void)state;
    set_up(&fleet, &status);
    tell(&fleet, (struct event){.kind = EVENT_RUN_STARTED});
    for (size_t i = 0; i < 2; i++)
        tell(&fleet, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = i});
    end(&fleet, 0, TENANT_SUCCEEDED);
    end(&fleet, 1, TENANT_FAILED);
    tell(&fleet, (struct event){.kind = EVENT_RUN_DRAINS, .reason = "too many"});
    tell(&fleet, (struct event){.kind = EVENT_RUN_ROLLS_BACK, .reason = "too many"});
    assert_true(status->is_draining && status->is_rolling_back);
    tell(&fleet, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = 0});
    assert_int_equal(status->running, 1);
    end(&fleet, 0, TENANT_ROLLED_BACK);
    assert_int_equal(status->done, 2);
    assert_int_equal(status->bad, 1);
    assert_int_equal(status->states[TENANT_SUCCEEDED], 0);
    assert_int_equal(status->states[TENANT_ROLLED_BACK], 1);
    status_free(status);
    fleet_done(&fleet);
}

static void waits_are_no_work(void **state)
{
    const struct run_info run = {0};
    struct status *status = status_new();
    (void)state;
    status_apply(status, &(struct event){.kind = EVENT_RUN_STARTED, .run = &run}, 1000);
    status_apply(status,
                 &(struct event){.kind = EVENT_WAIT_STARTED,
                                 .wait = WAIT_GATE,
                                 .reason = "the gate before_run",
                                 .delay_ms = 500},
                 1100);
    assert_string_equal(status->waits_for.what, "the gate before_run");
    assert_int_equal(status->waits_for.most_ms, 500);
    status_tick(status, 1150);
    assert_int_equal(status_working_ms(status), 100);
    status_apply(status, &(struct event){.kind = EVENT_WAIT_FINISHED}, 1300);
    assert_null(status->waits_for.what);
    status_tick(status, 1350);
    assert_int_equal(status_working_ms(status), 150);
    assert_int_equal(status->waited_ms, 200);
    status_free(status);
}

static void waves_are_counted_by_themselves(void **state)
{
    static const struct run_wave waves[] = {{.name = "canary", .tenant_count = 1},
                                            {.name = "rest", .tenant_count = 1}};
    static const uint32_t wave_of[] = {0, 1};
    const struct run_info run = {
        .tenant_count = 2, .waves = waves, .wave_count = 2, .wave_of = wave_of};
    const struct outcome failed = {.state = TENANT_FAILED};
    const struct event events[] = {
        {.kind = EVENT_RUN_STARTED, .run = &run},
        {.kind = EVENT_WAVE_STARTED, .wave = 0},
        {.kind = EVENT_TENANT_STARTED, .tenant = 0},
        {.kind = EVENT_TENANT_FINISHED, .tenant = 0, .outcome = &failed},
        {.kind = EVENT_WAVE_FINISHED, .wave = 0, .state = RUN_FAILED},
    };
    struct status *status = status_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        status_apply(status, &events[i], i);
    assert_string_equal(status->waves[0].name, "canary");
    assert_int_equal(status->waves[0].state, RUN_FAILED);
    assert_int_equal(status->waves[0].done, 1);
    assert_int_equal(status->waves[0].bad, 1);
    assert_int_equal(status->waves[1].state, RUN__COUNT);
    assert_int_equal(status->waves[1].done, 0);
    status_free(status);
}

/* Of the run that others began: what they had done by then says nothing of the pace. */
static void other_machines_count_too(void **state)
{
    struct fleet fleet;
    struct status *status;
    struct run_others others = {.count = 1, .at_work = 1, .finished = 1};
    (void)state;
    set_up(&fleet, &status);
    tell(&fleet, (struct event){.kind = EVENT_RUN_STARTED});
    assert_int_equal(status_done(status), 0);
    tell(&fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    assert_int_equal(status_done(status), 1);
    assert_true(status_per_ms(status) <= 0);
    tell(&fleet, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = 0});
    end(&fleet, 0, TENANT_SUCCEEDED);
    others.finished = 2;
    others.failed = 1;
    tell(&fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    assert_int_equal(status_done(status), 3);
    assert_int_equal(status_bad(status), 1);
    assert_int_equal(status->done, 1);
    assert_int_equal(status_per_ms(status) * (double)status_working_ms(status) + 0.5, 2);
    others.finished =
        9; /* two of them ended one tenant, since a ledger had lost its last commits */
    tell(&fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    assert_int_equal(status_done(status), TENANTS);
    others = (struct run_others){.count = 2, .finished = 20, .failed = 20, .goes_back = true};
    tell(&fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    assert_int_equal(status_bad(status), 1);
    assert_int_equal(status->others.told.count, 2);
    status_free(status);
    fleet_done(&fleet);
}

/* As the ledger has it; what this machine has done of it is known beside that. */
static void the_ledger_tells_how_all_tenants_of_all_machines_stand(void **state)
{
    const struct wave_tally waves[] = {{.done = 3, .bad = 1}};
    const struct run_tally tally = {
        .states = {[TENANT_PENDING] = TENANTS - 4,
                   [TENANT_RUNNING] = 1,
                   [TENANT_SUCCEEDED] = 2,
                   [TENANT_FAILED] = 1},
        .waves = waves,
    };
    static const struct run_wave all = {.name = "all", .tenant_count = TENANTS};
    struct run_others others = {.count = 3, .at_work = 1, .left = 1, .finished = 2};
    struct fleet fleet;
    struct status *status;
    (void)state;
    set_up(&fleet, &status);
    fleet.run.waves = &all;
    fleet.run.wave_count = 1;
    tell(&fleet, (struct event){.kind = EVENT_RUN_STARTED});
    tell(&fleet, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = 0});
    end(&fleet, 0, TENANT_SUCCEEDED);
    assert_int_equal(status_in(status, TENANT_SUCCEEDED), 1);
    assert_int_equal(status_of_wave(status, 0).done, 1);
    tell(&fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others, .tally = &tally});
    assert_int_equal(status_in(status, TENANT_SUCCEEDED), 2);
    assert_int_equal(status_in(status, TENANT_PENDING), TENANTS - 4);
    assert_int_equal(status_of_wave(status, 0).done, 3);
    assert_int_equal(status_of_wave(status, 0).bad, 1);
    assert_int_equal(status_here(status, TENANT_SUCCEEDED), 1);
    assert_int_equal(status_here(status, TENANT_PENDING), 0);
    assert_int_equal(run_others_gone(&others), 1);
    /* without a count, what was told stays; on the way back, the waves do */
    others.goes_back = true;
    const struct run_tally back = {.states = {[TENANT_ROLLED_BACK] = TENANTS}, .waves = NULL};
    tell(&fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    assert_int_equal(status_in(status, TENANT_SUCCEEDED), 2);
    tell(&fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others, .tally = &back});
    assert_int_equal(status_in(status, TENANT_ROLLED_BACK), TENANTS);
    assert_int_equal(status_of_wave(status, 0).done, 3);
    others.left = 9; /* a ledger that has lost its last commits */
    assert_int_equal(run_others_gone(&others), 0);
    status_free(status);
    fleet_done(&fleet);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(counts_tenants_and_lists_those_at_work),
    cmocka_unit_test(what_is_rolled_back_was_counted_on_its_way_out),
    cmocka_unit_test(waits_are_no_work),
    cmocka_unit_test(waves_are_counted_by_themselves),
    cmocka_unit_test(other_machines_count_too),
    cmocka_unit_test(the_ledger_tells_how_all_tenants_of_all_machines_stand),
};

UNIT_MAIN(tests)
