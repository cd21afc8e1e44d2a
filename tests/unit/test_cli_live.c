/* The live view as a function of a status: at each width, with hostile names, and what keys do. */
#include "cli/live.h"

#include <locale.h>

#include "base/buf.h"
#include "base/human.h"
#include "unit/report_fixture.h"
#include "unit/unit.h"

/* A status, and what is drawn of it. */
struct view {
    struct fleet fleet;
    struct status *status;
    struct live_choice choice;
    struct steering steering;
    struct live_scene scene;
    struct buf out;
    size_t widths[LIVE_LINES];
    size_t lines;
    uint64_t now_ms;
};

static void on_event(void *ctx, const struct event *event)
{
    struct view *view = ctx;
    status_apply(view->status, event, view->now_ms);
}

static void set_up(struct view *view, const char *const *names, size_t count)
{
    *view = (struct view){.now_ms = 1000, .choice.tenant = STATUS_NONE};
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    view->status = status_new();
    buf_init(&view->out, BUF_MAX_DEFAULT);
    fleet_prepare(&view->fleet, names, count);
    view->fleet.observer = (struct observer){on_event, view};
    view->scene = (struct live_scene){.status = view->status,
                                      .title = "upgrade head",
                                      .columns = 80,
                                      .rows = 24,
                                      .has_keys = true,
                                      .choice = &view->choice};
}

static void tear_down(struct view *view)
{
    buf_done(&view->out);
    status_free(view->status);
    fleet_done(&view->fleet);
}

/* Draws, and holds each line to its width, which the edge of the terminal bounds. */
static const char *draw(struct view *view)
{
    buf_clear(&view->out);
    view->lines = live_draw(&view->scene, &view->out, view->widths);
    const char *at = view->out.data;
    for (size_t i = 0; i < view->lines; i++) {
        char line[4096];
        size_t len = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, at);
        assert_int_equal(human_width(line), view->widths[i]);
        assert_true(view->widths[i] < view->scene.columns);
        at += len + (at[len] == '\n');
    }
    assert_int_equal(*at, '\0');
    assert_true(view->lines < view->scene.rows || view->lines == 2);
    return view->out.data;
}

static void do_work(struct view *view, uint32_t tenant, const struct status_doing *doing)
{
    struct status_doing *place = &view->status->doings[view->status->doing_count++];
    *place = *doing;
    place->tenant = tenant;
}

/* Three at work for twelve seconds and more, of which one builds an index; one has failed. */
static void run_on(struct view *view)
{
    struct err err;
    fleet_splits(&view->fleet);
    fleet_starts(&view->fleet);
    fleet_begins_wave(&view->fleet, 0);
    for (size_t i = 0; i < 4; i++)
        fleet_begins(&view->fleet, i);
    err_at(&err, ERR_SQL, "versions/b.sql", 12, "duplicate key\nDETAIL: x");
    snprintf(err.code, sizeof err.code, "23505");
    fleet_fails(&view->fleet, 3, TENANT_FAILED, &err);
    view->now_ms += 12000;
    status_tick(view->status, view->now_ms);
    do_work(view, 0,
            &(struct status_doing){.phase = "steps",
                                   .revision = "83241ca0f125",
                                   .file = "versions/83241ca0f125_added_index.sql",
                                   .line = 14,
                                   .statement = 3,
                                   .statements = 12,
                                   .sql = "CREATE INDEX CONCURRENTLY ix_task ON task (title)",
                                   .told = "building index: loading tuples in tree",
                                   .share = 0.42});
    do_work(view, 1, &(struct status_doing){.phase = "lock", .share = -1});
    do_work(view, 2,
            &(struct status_doing){.phase = "steps",
                                   .revision = "83241ca0f125",
                                   .share = -1,
                                   .blockers = "process 17 (user app, idle in transaction)"});
}

static void shows_how_far_a_statement_is_that_repeats(void **state)
{
    static const char *const one[] = {"acme"};
    struct view view;
    (void)state;
    set_up(&view, one, 1);
    fleet_starts(&view.fleet);
    fleet_begins_wave(&view.fleet, 0);
    fleet_begins(&view.fleet, 0);
    view.now_ms += 12000;
    status_tick(view.status, view.now_ms);
    do_work(&view, 0,
            &(struct status_doing){.phase = "pause",
                                   .revision = "83241ca0f125",
                                   .statement = 1,
                                   .statements = 1,
                                   .share = -1,
                                   .rows = 12000,
                                   .waits_for = "the replicas are late"});
    const char *drawn = draw(&view);
    if (!strstr(drawn, "83241ca0f125 1/1, 12000 rows so far, the replic"))
        fail_msg("%s", drawn);
    tear_down(&view);
}

static const char *const plain[] = {"acme", "globex", "initech", "hooli", "umbrella"};

static void shows_the_whole_of_a_run_that_several_machines_work_on(void **state)
{
    struct run_others others = {.count = 2, .at_work = 2, .finished = 2, .failed = 1};
    struct view view;
    (void)state;
    set_up(&view, plain, ARRAY_LEN(plain));
    fleet_starts(&view.fleet);
    fleet_begins_wave(&view.fleet, 0);
    fleet_begins(&view.fleet, 0);
    fleet_tell(&view.fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    const char *drawn = draw(&view);
    if (!strstr(drawn, "  2/5  1 failed\n  3 machines, here: 1 running"))
        fail_msg("%s", drawn);
    others.at_work = 1;
    others.taken_over = 4;
    fleet_tell(&view.fleet, (struct event){.kind = EVENT_RUN_OTHERS, .others = &others});
    drawn = draw(&view);
    if (!strstr(drawn, "  2 of 3 machines, 4 taken over, here: 1 running"))
        fail_msg("%s", drawn);
    const struct wave_tally waves[] = {{.done = 1}, {.done = 1}};
    const struct run_tally tally = {
        .states = {[TENANT_PENDING] = 1, [TENANT_RUNNING] = 2, [TENANT_SUCCEEDED] = 2},
        .waves = waves};
    fleet_tell(&view.fleet,
               (struct event){.kind = EVENT_RUN_OTHERS, .others = &others, .tally = &tally});
    drawn = draw(&view);
    if (!strstr(drawn, "  2 of 3 machines, 4 taken over, 2 running (here 1)"))
        fail_msg("%s", drawn);
    tear_down(&view);
}

static void shows_the_slowest_with_their_statements(void **state)
{
    struct view view;
    (void)state;
    set_up(&view, plain, 5);
    run_on(&view);
    assert_string_equal(
        draw(&view),
        "upgrade head  ━━━━━┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈  1/5  1 failed  0.1/s  48.00 s left\n"
        "  wave 1 of 2 'canary' 0/1, 3 running, 1 pending, 1 failed\n"
        "  acme                 12.00 s  42 % 83241ca0f125 3/12  CREATE INDEX CONCURRENT\n"
        "  globex               12.00 s  lock\n"
        "  initech              12.00 s  blocked 83241ca0f125  steps\n"
        "  failed hooli: sql 23505: duplicate key\n"
        "  p pause  s stop  j k choose  enter show");
    tear_down(&view);
}

static void fits_any_terminal(void **state)
{
    static const struct {
        size_t columns, rows, lines;
    } cases[] = {{200, 50, 7}, {80, 24, 7}, {40, 24, 7}, {40, 8, 7}, {40, 5, 2},
                 {20, 24, 7},  {2, 24, 7},  {1, 1, 2},   {80, 7, 2}};
    struct view view;
    (void)state;
    set_up(&view, plain, 5);
    run_on(&view);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        view.scene.columns = cases[i].columns;
        view.scene.rows = cases[i].rows;
        if (cases[i].columns > 1)
            draw(&view);
        else
            view.lines = live_draw(&view.scene, &view.out, view.widths);
        assert_int_equal(view.lines, cases[i].lines);
    }
    tear_down(&view);
}

static void shows_one_tenant_in_full(void **state)
{
    struct view view;
    (void)state;
    set_up(&view, plain, 5);
    run_on(&view);
    live_take_keys(&view.scene, &view.choice, &view.steering, "\n", 1);
    assert_int_equal(view.steering.chosen, 0);
    view.scene.columns = 100;
    const char *text = draw(&view);
    assert_non_null(strstr(text, "\n> acme  "));
    assert_non_null(strstr(text, "\n  acme (postgresql://app@db1/shop): running\n"
                                 "    83241ca0f125 up, statement 3 of 12, versions/83241ca0f125_"
                                 "added_index.sql:14\n"
                                 "    CREATE INDEX CONCURRENTLY ix_task ON task (title)\n"
                                 "    server: building index: loading tuples in tree\n"));
    live_take_keys(&view.scene, &view.choice, &view.steering, "\033[B\033OB\t", 7);
    assert_int_equal(view.choice.tenant, 3);
    text = draw(&view);
    assert_non_null(strstr(text, "\n> failed hooli: "));
    assert_non_null(strstr(text, "    failed: sql 23505, versions/b.sql:12\n    duplicate key\n"));
    live_take_keys(&view.scene, &view.choice, &view.steering, "\033[Ak\n", 5);
    assert_int_equal(view.choice.tenant, 1);
    assert_null(strstr(draw(&view), "it is in 'lock'"));
    tear_down(&view);
}

/* Whatever they are, nothing but text of ours moves the cursor, and lines keep their width. */
static void hostile_names_are_text(void **state)
{
    static const char *const names[] = {"\033]0;pwn\a", "a\nb\r\033[2Jc", "\xff\xfe",
                                        "寿司寿司寿司寿司寿司寿司寿司", "\u202eevil%s%n"};
    static const size_t widths[] = {40, 80, 200};
    struct view view;
    (void)state;
    set_up(&view, names, 5);
    run_on(&view);
    for (size_t i = 0; i < view.status->doing_count; i++) {
        struct status_doing *doing = &view.status->doings[i];
        snprintf(doing->sql, sizeof doing->sql, "SELECT '\033[31m\a\x7f\xc2\x9b%%n'");
        snprintf(doing->told, sizeof doing->told, "\033c\r\n\b寿%%s");
        snprintf(doing->blockers, sizeof doing->blockers, "\033[5n\xe2\x80\xae");
        doing->revision = "83241ca0f125";
    }
    snprintf(view.status->failures[0].text, STATUS_TEXT, "\033[6n\r%%d\x80");
    for (size_t i = 0; i < ARRAY_LEN(widths); i++)
        for (uint32_t chosen = 0; chosen < 5; chosen++) {
            view.scene.columns = widths[i];
            view.choice = (struct live_choice){.tenant = chosen, .is_shown = true};
            const char *text = draw(&view);
            for (const char *at = text; *at; at++)
                assert_true(*at == '\n' || (unsigned char)*at >= ' ');
            assert_null(strchr(text, '\x7f'));
            assert_null(strstr(text, "\xc2\x9b"));
            assert_null(strstr(text, "\xe2\x80\xae"));
        }
    tear_down(&view);
}

static void colors_only_where_there_is_color(void **state)
{
    struct view view;
    (void)state;
    set_up(&view, plain, 5);
    run_on(&view);
    assert_null(strchr(draw(&view), '\033'));
    view.scene.has_color = true;
    buf_clear(&view.out);
    live_draw(&view.scene, &view.out, view.widths);
    assert_non_null(strstr(view.out.data, "\033[31mfailed\033[0m"));
    tear_down(&view);
}

static enum live_deed press(struct view *view, const char *keys)
{
    return live_take_keys(&view->scene, &view->choice, &view->steering, keys, strlen(keys));
}

static void pauses_and_asks_before_it_stops(void **state)
{
    struct view view;
    (void)state;
    set_up(&view, plain, 5);
    run_on(&view);
    assert_int_equal(press(&view, "p"), LIVE_NOTHING);
    assert_true(view.steering.is_paused);
    fleet_tell(&view.fleet, (struct event){.kind = EVENT_RUN_PAUSED});
    assert_non_null(strstr(draw(&view), "\n  paused, wave 1"));
    assert_non_null(strstr(draw(&view), "  p go on  s stop"));
    press(&view, "p");
    assert_false(view.steering.is_paused);
    fleet_tell(&view.fleet, (struct event){.kind = EVENT_RUN_CONTINUES});
    /* typed ahead for a shell: no answer */
    assert_int_equal(press(&view, "systemctl\n"), LIVE_NOTHING);
    press(&view, "s");
    assert_non_null(strstr(draw(&view), "stop? y: "));
    status_tick(view.status, view.now_ms += 499);
    assert_int_equal(press(&view, "y"), LIVE_NOTHING);
    press(&view, "s");
    status_tick(view.status, view.now_ms += 600);
    assert_int_equal(press(&view, "n"), LIVE_NOTHING);
    press(&view, "s");
    status_tick(view.status, view.now_ms += 500);
    assert_int_equal(press(&view, "y"), LIVE_STOP);
    assert_null(strstr(draw(&view), "stop? y: "));
    fleet_tell(&view.fleet, (struct event){.kind = EVENT_RUN_DRAINS, .reason = "x"});
    press(&view, "p");
    assert_false(view.steering.is_paused);
    tear_down(&view);
}

/* Once it stops, the next stop does another thing, and no one waits for those that are still to come. */
static void says_what_a_second_stop_does(void **state)
{
    struct view view;
    struct halt halt = {.kind = HALT_SIGNAL, .signal = 2};
    (void)state;
    set_up(&view, plain, 5);
    run_on(&view);
    assert_non_null(strstr(draw(&view), " left"));
    assert_non_null(strstr(draw(&view), "  p pause  s stop  j k"));
    fleet_tell(&view.fleet, (struct event){.kind = EVENT_RUN_DRAINS, .reason = "x", .halt = &halt});
    assert_null(strstr(draw(&view), " left"));
    assert_null(strstr(draw(&view), "p pause"));
    assert_non_null(strstr(draw(&view), "  s cancel  j k"));
    press(&view, "s");
    assert_non_null(strstr(draw(&view), "  cancel? y: those at work are rolled back"));
    status_tick(view.status, view.now_ms += 500);
    assert_int_equal(press(&view, "y"), LIVE_STOP);
    tear_down(&view);
}

/* Escapes that are no arrows, cut ones too, are no keys. */
static void other_escapes_do_nothing(void **state)
{
    static const char *const keys[] = {"\033",   "\033[",     "\033[3~", "\033[1;5p",
                                       "\033OP", "\033[200s", "\033x"};
    struct view view;
    (void)state;
    set_up(&view, plain, 5);
    run_on(&view);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_int_equal(press(&view, keys[i]), LIVE_NOTHING);
        assert_false(view.steering.is_paused || view.choice.asks_stop);
        assert_int_equal(view.choice.tenant, STATUS_NONE);
    }
    tear_down(&view);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(shows_the_whole_of_a_run_that_several_machines_work_on),
    cmocka_unit_test(shows_the_slowest_with_their_statements),
    cmocka_unit_test(shows_how_far_a_statement_is_that_repeats),
    cmocka_unit_test(fits_any_terminal),
    cmocka_unit_test(shows_one_tenant_in_full),
    cmocka_unit_test(hostile_names_are_text),
    cmocka_unit_test(colors_only_where_there_is_color),
    cmocka_unit_test(pauses_and_asks_before_it_stops),
    cmocka_unit_test(says_what_a_second_stop_does),
    cmocka_unit_test(other_escapes_do_nothing),
};

UNIT_MAIN(tests)
