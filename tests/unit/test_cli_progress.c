#include "unit/unit.h"

#include <jansson.h>
#include <locale.h>
#include <time.h>

#include "cli/progress.h"
#include "unit/report_fixture.h"

/* A progress that writes to memory, on a clock and a terminal that the test sets. */
struct stage {
    struct fleet fleet;
    struct status *status;
    struct progress *progress;
    FILE *err;
    char *text;
    size_t size;
    size_t seen;
    uint64_t now_ms;
    size_t columns;
};

static void stage_size(void *ctx, size_t *ret_columns, size_t *ret_rows)
{
    *ret_columns = ((struct stage *)ctx)->columns;
    *ret_rows = 24;
}

static void on_stage_event(void *ctx, const struct event *event)
{
    struct stage *stage = ctx;
    struct observer observer = progress_observer(stage->progress);
    status_apply(stage->status, event, stage->now_ms);
    observer.on_event(observer.ctx, event);
}

static void stage_init(struct stage *stage, enum progress_mode mode, const char *const *names,
                       size_t count)
{
    *stage = (struct stage){.now_ms = 1000, .columns = 80};
    assert_non_null(setlocale(LC_CTYPE, "C"));
    stage->err = open_memstream(&stage->text, &stage->size);
    stage->status = status_new();
    stage->progress = progress_new(mode, stage->err, stage->status);
    progress_set_host(stage->progress, &(struct progress_host){stage_size, stage});
    fleet_prepare(&stage->fleet, names, count);
    stage->fleet.observer = (struct observer){on_stage_event, stage};
}

static void stage_done(struct stage *stage)
{
    progress_free(stage->progress);
    status_free(stage->status);
    fclose(stage->err);
    free(stage->text);
    fleet_done(&stage->fleet);
}

static void stage_waits(struct stage *stage, uint64_t ms)
{
    stage->now_ms += ms;
    status_tick(stage->status, stage->now_ms);
    progress_tick(stage->progress);
}

/* What was written since the last call is exactly this. */
static void stage_wrote(struct stage *stage, const char *expected)
{
    fflush(stage->err);
    assert_string_equal(stage->text + stage->seen, expected);
    stage->seen = stage->size;
}

static void stage_retries(struct stage *stage, size_t tenant)
{
    struct err err;
    err_set(&err, ERR_LOCK, "canceling statement due to lock timeout\nCONTEXT: x");
    snprintf(err.code, sizeof err.code, "55P03");
    fleet_tell(&stage->fleet,
               (struct event){
                   .kind = EVENT_TENANT_RETRIES, .tenant = tenant, .error = &err, .delay_ms = 250});
}

static void modes_are_found_by_name(void **state)
{
    (void)state;
    enum progress_mode mode;
    assert_true(progress_mode_find("plain", &mode));
    assert_int_equal(mode, PROGRESS_PLAIN);
    assert_true(progress_mode_find("none", &mode));
    assert_int_equal(mode, PROGRESS_NONE);
    assert_false(progress_mode_find("loud", &mode));
}

/* ---- plain --------------------------------------------------------------------------------- */

static void plain_tells_start_trouble_and_end(void **state)
{
    static const char *const names[] = {"acme", "\033[31mevil"};
    (void)state;
    struct stage stage;
    struct err err = fleet_error();
    stage_init(&stage, PROGRESS_PLAIN, names, 2);
    fleet_starts(&stage.fleet);
    stage_wrote(&stage, "skein: upgrade head: 2 tenants, run 20261123T101500Z-5f3a9c\n");
    stage_retries(&stage, 1);
    stage_wrote(&stage, "skein: \\x1b[31mevil: tries again in 250.0 ms: lock 55P03: "
                        "canceling statement due to lock timeout\n");
    fleet_moves(&stage.fleet, 0, 1, 3);
    stage_wrote(&stage, "");
    fleet_fails(&stage.fleet, 1, TENANT_FAILED, &err);
    stage_wrote(&stage, "skein: \\x1b[31mevil: failed after 3.0 ms: sql 23505: could not create "
                        "unique index \"ix\" (versions/83241ca0f125_added_table.sql:12)\n");
    fleet_ends(&stage.fleet, RUN_FAILED);
    stage_wrote(&stage, "skein: upgrade head: failed, 2 of 2 done, 1 failed in 1.23 s\n");
    stage_done(&stage);
}

static void plain_tells_tenths_but_not_twice_a_second(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, PROGRESS_PLAIN, NULL, 40);
    fleet_starts(&stage.fleet);
    stage_wrote(&stage, "skein: upgrade head: 40 tenants, run 20261123T101500Z-5f3a9c\n");
    for (size_t i = 0; i < 9; i++)
        fleet_moves(&stage.fleet, i, 1, 3);
    stage_waits(&stage, 999);
    stage_wrote(&stage, "");
    stage.now_ms++;
    fleet_moves(&stage.fleet, 9, 1, 3);
    stage_wrote(&stage, "skein: 10 of 40 done  10.0/s  3.00 s left\n");
    fleet_moves(&stage.fleet, 10, 1, 3);
    stage_waits(&stage, 4999);
    stage_wrote(&stage, "");
    stage_waits(&stage, 1);
    stage_wrote(&stage, "skein: 11 of 40 done  1.8/s  15.82 s left\n");
    stage_done(&stage);
}

static void quiet_shows_failures_only(void **state)
{
    static const enum progress_mode modes[] = {PROGRESS_PLAIN, PROGRESS_TTY};
    static const char *const expected[] = {
        "skein: t1: partial after 3.0 ms: connect: no route\n",
        "t1: partial after 3.0 ms: connect: no route\n",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct stage stage;
        struct err err;
        err_set(&err, ERR_CONNECT, "no route");
        stage_init(&stage, modes[i], NULL, 2);
        progress_set_detail(stage.progress, true, false);
        fleet_starts(&stage.fleet);
        fleet_moves(&stage.fleet, 0, 1, 3);
        stage_retries(&stage, 1);
        stage_waits(&stage, 10000);
        fleet_fails(&stage.fleet, 1, TENANT_PARTIAL, &err);
        fleet_ends(&stage.fleet, RUN_FAILED);
        stage_wrote(&stage, expected[i]);
        stage_done(&stage);
    }
}

static void verbose_shows_every_tenant(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, PROGRESS_PLAIN, NULL, 2);
    progress_set_detail(stage.progress, false, true);
    fleet_starts(&stage.fleet);
    stage_wrote(&stage, "skein: upgrade head: 2 tenants, run 20261123T101500Z-5f3a9c\n");
    fleet_moves(&stage.fleet, 0, 1, 3);
    fleet_moves(&stage.fleet, 1, 3, 3);
    stage_wrote(&stage, "skein: t0: succeeded after 12.3 ms, 2 steps\n"
                        "skein: t1: unchanged after 12.3 ms\n");
    stage_done(&stage);
}

static void who_was_skipped_is_told_and_counts_as_in_the_report(void **state)
{
    (void)state;
    struct stage stage;
    struct err err;
    err_set(&err, ERR_CONNECT, "not tried");
    stage_init(&stage, PROGRESS_PLAIN, NULL, 3);
    fleet_starts(&stage.fleet);
    fleet_moves(&stage.fleet, 0, 1, 3);
    fleet_fails(&stage.fleet, 1, TENANT_FAILED, &err);
    fleet_fails(&stage.fleet, 2, TENANT_SKIPPED, &err);
    fleet_ends(&stage.fleet, RUN_FAILED);
    stage_wrote(&stage, "skein: upgrade head: 3 tenants, run 20261123T101500Z-5f3a9c\n"
                        "skein: t1: failed after 3.0 ms: connect: not tried\n"
                        "skein: t2: skipped after 3.0 ms: connect: not tried\n"
                        "skein: upgrade head: failed, 2 of 3 done, 1 failed in 1.23 s\n");
    stage_done(&stage);
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    struct stage stage;
    struct err err = fleet_error();
    stage_init(&stage, PROGRESS_NONE, NULL, 2);
    fleet_starts(&stage.fleet);
    fleet_fails(&stage.fleet, 1, TENANT_FAILED, &err);
    stage_waits(&stage, 10000);
    fleet_ends(&stage.fleet, RUN_FAILED);
    stage_wrote(&stage, "");
    stage_done(&stage);
}

static void fails_as_all_do(struct stage *stage, size_t tenant)
{
    struct err err;
    err_set(&err, ERR_CONNECT, "no database 'db_%s'", stage->fleet.run.tenants[tenant]->name);
    fleet_fails(&stage->fleet, tenant, TENANT_FAILED, &err);
}

static void equal_failures_are_counted_after_the_first_few(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, PROGRESS_PLAIN, NULL, 5000);
    fleet_starts(&stage.fleet);
    struct err err;
    err_set(&err, ERR_CONNECT, "no route");
    for (size_t i = 0; i < 2000; i++)
        fleet_fails(&stage.fleet, i, TENANT_FAILED, &err);
    stage_wrote(&stage, "skein: upgrade head: 5000 tenants, run 20261123T101500Z-5f3a9c\n"
                        "skein: t0: failed after 3.0 ms: connect: no route\n"
                        "skein: t1: failed after 3.0 ms: connect: no route\n"
                        "skein: t2: failed after 3.0 ms: connect: no route\n"
                        "skein: t3: failed after 3.0 ms: connect: no route\n"
                        "skein: t4: failed after 3.0 ms: connect: no route\n");
    stage_waits(&stage, 1000);
    stage_wrote(&stage, "skein: 1995 more: connect: no route\n"
                        "skein: 2000 of 5000 done, 2000 failed  2000.0/s  1.50 s left\n");
    for (size_t i = 2000; i < 2010; i++)
        fails_as_all_do(&stage, i);
    fleet_ends(&stage.fleet, RUN_FAILED);
    fflush(stage.err);
    assert_non_null(strstr(stage.text, "skein: t2000: failed after 3.0 ms: connect: no database"));
    stage_done(&stage);
}

static void tells_wait(struct stage *stage, enum wait wait, const char *what, uint64_t ms)
{
    fleet_tell(
        &stage->fleet,
        (struct event){.kind = EVENT_WAIT_STARTED, .wait = wait, .reason = what, .delay_ms = ms});
}

static void waits_are_told_and_no_part_of_the_pace(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, PROGRESS_PLAIN, NULL, 4);
    fleet_starts(&stage.fleet);
    stage.now_ms += 1000;
    fleet_moves(&stage.fleet, 0, 0, 3);
    stage_wrote(&stage, "skein: upgrade head: 4 tenants, run 20261123T101500Z-5f3a9c\n"
                        "skein: 1 of 4 done  1.0/s  3.00 s left\n");
    tells_wait(&stage, WAIT_SOAK, "the soak after wave 'canary'", 30000);
    stage_waits(&stage, 900);
    stage_wrote(&stage, "");
    stage_waits(&stage, 100);
    stage_wrote(&stage,
                "skein: 1 of 4 done  1.0/s  3.00 s left; waits for the soak after wave 'canary': "
                "29.00 s left\n");
    stage_waits(&stage, 5000);
    stage_wrote(&stage,
                "skein: 1 of 4 done  1.0/s  3.00 s left; waits for the soak after wave 'canary': "
                "24.00 s left\n");
    fleet_tell(&stage.fleet, (struct event){.kind = EVENT_WAIT_FINISHED});
    stage.now_ms += 1000;
    fleet_moves(&stage.fleet, 1, 0, 3);
    stage_wrote(&stage, "skein: 2 of 4 done  1.0/s  2.00 s left\n");
    tells_wait(&stage, WAIT_GATE, "the gate after_wave", 0);
    stage_waits(&stage, 5000);
    stage_wrote(&stage, "skein: 2 of 4 done  1.0/s  2.00 s left; waits for the gate after_wave: "
                        "5.00 s so far\n");
    stage_done(&stage);
}

/* ---- tty ----------------------------------------------------------------------------------- */

static void tty_draws_a_block_and_leaves_nothing(void **state)
{
    static const char *const names[] = {"acme", "globex", "initech", "hooli"};
    (void)state;
    struct stage stage;
    stage_init(&stage, PROGRESS_TTY, names, 4);
    fleet_starts(&stage.fleet);
    fleet_begins(&stage.fleet, 1);
    fleet_moves(&stage.fleet, 0, 1, 3);
    stage_waits(&stage, 99);
    stage_wrote(&stage, "");
    fleet_begins(&stage.fleet, 2);
    stage_waits(&stage, 1);
    stage_wrote(&stage, "upgrade head  #######...................  1/4  10.0/s  300.0 ms left\n"
                        "  2 running: globex 100.0 ms, initech 1.0 ms");
    stage_waits(&stage, 99);
    stage_wrote(&stage, "");
    fleet_ends(&stage.fleet, RUN_SUCCEEDED);
    stage_waits(&stage, 1000);
    stage_wrote(&stage, "\r\033[1A\033[J");
    stage_done(&stage);
}

static void tty_names_the_longest_running_first(void **state)
{
    (void)state;
    struct stage stage;
    struct outcome outcome = {.state = TENANT_SUCCEEDED};
    stage_init(&stage, PROGRESS_TTY, NULL, 8);
    stage.columns = 120;
    fleet_starts(&stage.fleet);
    for (size_t i = 0; i < 8; i++)
        fleet_begins(&stage.fleet, 7 - i);
    fleet_finishes(&stage.fleet, 7, &outcome);
    fleet_finishes(&stage.fleet, 5, &outcome);
    fleet_finishes(&stage.fleet, 0, &outcome);
    stage_waits(&stage, 100);
    stage_wrote(&stage, "upgrade head  ###########...................  3/8  30.0/s  166.7 ms left\n"
                        "  5 running: t6 100.0 ms, t4 100.0 ms, t3 100.0 ms, t2 100.0 ms, ...");
    stage_done(&stage);
}

static void tty_lets_failures_scroll_by_above(void **state)
{
    static const char *const names[] = {"acme", "globex"};
    (void)state;
    struct stage stage;
    struct err err;
    err_set(&err, ERR_CONNECT, "no route");
    stage_init(&stage, PROGRESS_TTY, names, 2);
    fleet_starts(&stage.fleet);
    stage_waits(&stage, 100);
    stage_wrote(&stage, "upgrade head  ..........................  0/2\n  0 running, 2 pending");
    fleet_fails(&stage.fleet, 0, TENANT_FAILED, &err);
    stage_wrote(&stage, "\r\033[1A\033[Jacme: failed after 3.0 ms: connect: no route\n");
    stage_waits(&stage, 100);
    stage_wrote(&stage, "upgrade head  #############.............  1/2  1 failed  5.0/s  200.0 ms "
                        "left\n  0 running, 1 pending, 1 failed");
    stage_done(&stage);
}

static void tty_follows_the_width(void **state)
{
    (void)state;
    struct stage stage;
    stage_init(&stage, PROGRESS_TTY, NULL, 2);
    stage.columns = 20;
    fleet_starts(&stage.fleet);
    fleet_begins(&stage.fleet, 0);
    stage_waits(&stage, 100);
    stage_wrote(&stage, "upgrade head  .....\n  1 running: t0 100");
    /* Two lines of 19 wrap into two rows each where only ten columns are left. */
    stage.columns = 10;
    stage_waits(&stage, 100);
    stage_wrote(&stage, "\r\033[3A\033[Jupgrade h\n  1 runni");
    stage_done(&stage);
}

/* ---- json ---------------------------------------------------------------------------------- */

static void json_is_an_object_a_line(void **state)
{
    static const char *const names[] = {"acme", "\033]0;x\a\xff"};
    static const char *const events[] = {"run_started",    "tenant_started", "tenant_finished",
                                         "tenant_retries", "tenant_started", "tenant_finished",
                                         "run_drains",     "note",           "run_finished"};
    (void)state;
    struct stage stage;
    struct err err = fleet_error();
    stage_init(&stage, PROGRESS_JSON, names, 2);
    fleet_starts(&stage.fleet);
    fleet_moves(&stage.fleet, 0, 1, 3);
    stage_retries(&stage, 1);
    fleet_fails(&stage.fleet, 1, TENANT_FAILED, &err);
    fleet_tell(&stage.fleet, (struct event){.kind = EVENT_RUN_DRAINS, .reason = "too many"});
    fleet_tell(&stage.fleet, (struct event){.kind = EVENT_NOTE, .reason = "a gate said no"});
    fleet_ends(&stage.fleet, RUN_FAILED);
    const char *line = stage.text;
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        size_t len = strcspn(line, "\n");
        json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(object);
        assert_string_equal(json_string_value(json_object_get(object, "event")), events[i]);
        json_decref(object);
        line += len + 1;
    }
    assert_string_equal(line, "");
    assert_null(strpbrk(stage.text, "\033\a"));
    stage_done(&stage);
}

/* How many tenants the others have ended is told once a second, who comes and goes at once. */
static void json_tells_of_other_machines(void **state)
{
    static const char *const names[] = {"acme", "globex"};
    struct run_others others = {.count = 1, .at_work = 1};
    struct stage stage;
    (void)state;
    stage_init(&stage, PROGRESS_JSON, names, 2);
    fleet_starts(&stage.fleet);
    fleet_tell(&stage.fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    others.finished = 1;
    fleet_tell(&stage.fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    others.at_work = 0;
    fleet_tell(&stage.fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    if (!strstr(stage.text, "\"at_work\": 1, \"tenants\": 2, \"done\": 1, \"failed\": 0") ||
        strstr(stage.text, "\"at_work\": 2, \"tenants\": 2, \"done\": 1"))
        fail_msg("%s", stage.text);
    stage_done(&stage);
}

/* ---- cost ---------------------------------------------------------------------------------- */

static double thread_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Begins and ends each tenant, and says what that cost. Printed, not asserted: machines are shared. */
static void play_fleet(enum progress_mode mode, size_t count)
{
    struct stage stage;
    struct outcome outcome = {.state = TENANT_UNCHANGED};
    stage_init(&stage, mode, NULL, count);
    on_stage_event(&stage, &(struct event){.kind = EVENT_RUN_STARTED, .run = &stage.fleet.run});
    double started_ms = thread_ms();
    for (size_t i = 0; i < count; i++) {
        stage.now_ms = (uint64_t)clock() * 1000 / CLOCKS_PER_SEC;
        on_stage_event(
            &stage,
            &(struct event){.kind = EVENT_TENANT_STARTED, .run = &stage.fleet.run, .tenant = i});
        on_stage_event(&stage, &(struct event){.kind = EVENT_TENANT_FINISHED,
                                               .run = &stage.fleet.run,
                                               .tenant = i,
                                               .outcome = &outcome});
    }
    print_message("%.2f ms\n", thread_ms() - started_ms);
    stage_done(&stage);
}

static void ten_thousand_tenants_cost_little(void **state)
{
    (void)state;
    play_fleet(PROGRESS_TTY, 10000);
}

static void a_hundred_thousand_tenants_as_json(void **state)
{
    (void)state;
    play_fleet(PROGRESS_JSON, 100000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_failures_are_counted_after_the_first_few),
    cmocka_unit_test(waits_are_told_and_no_part_of_the_pace),
    cmocka_unit_test(modes_are_found_by_name),
    cmocka_unit_test(plain_tells_start_trouble_and_end),
    cmocka_unit_test(plain_tells_tenths_but_not_twice_a_second),
    cmocka_unit_test(quiet_shows_failures_only),
    cmocka_unit_test(verbose_shows_every_tenant),
    cmocka_unit_test(who_was_skipped_is_told_and_counts_as_in_the_report),
    cmocka_unit_test(nothing_is_nothing),
    cmocka_unit_test(tty_draws_a_block_and_leaves_nothing),
    cmocka_unit_test(tty_names_the_longest_running_first),
    cmocka_unit_test(tty_lets_failures_scroll_by_above),
    cmocka_unit_test(tty_follows_the_width),
    cmocka_unit_test(json_is_an_object_a_line),
    cmocka_unit_test(json_tells_of_other_machines),
    cmocka_unit_test(ten_thousand_tenants_cost_little),
    cmocka_unit_test(a_hundred_thousand_tenants_as_json),
};
UNIT_MAIN(tests)
