#include "unit/unit.h"

#include <signal.h>
#include <time.h>

#include "report/model.h"
#include "unit/report_fixture.h"

static size_t sum_of_totals(const struct report *report)
{
    size_t sum = 0;
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        sum += report_total(report, state);
    return sum;
}

static void totals_add_up_at_every_moment(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_init(&fleet, NULL, 6);
    assert_int_equal(report_total(fleet.report, TENANT_PENDING), 6);
    fleet_moves(&fleet, 0, 0, 3);
    fleet_moves(&fleet, 1, 3, 3);
    fleet_fails(&fleet, 2, TENANT_FAILED, &err);
    fleet_begins(&fleet, 3);
    assert_int_equal(sum_of_totals(fleet.report), 6);
    assert_int_equal(report_total(fleet.report, TENANT_RUNNING), 1);
    fleet_ends(&fleet, RUN_HALTED);
    assert_int_equal(sum_of_totals(fleet.report), 6);
    assert_int_equal(report_total(fleet.report, TENANT_SUCCEEDED), 1);
    assert_int_equal(report_total(fleet.report, TENANT_UNCHANGED), 1);
    assert_int_equal(report_total(fleet.report, TENANT_FAILED), 1);
    assert_int_equal(report_total(fleet.report, TENANT_RUNNING), 0);
    assert_int_equal(report_state(fleet.report), RUN_HALTED);
    fleet_done(&fleet);
}

static void tenants_never_finished_are_skipped(void **state)
{
    (void)state;
    struct fleet fleet;
    fleet_init(&fleet, NULL, 3);
    fleet_begins(&fleet, 0);
    fleet_ends(&fleet, RUN_INTERRUPTED);
    assert_int_equal(report_total(fleet.report, TENANT_SKIPPED), 3);
    fleet_done(&fleet);
}

static void a_later_outcome_takes_the_place_of_the_first(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_init(&fleet, NULL, 1);
    fleet_fails(&fleet, 0, TENANT_FAILED, &err);
    fleet_moves(&fleet, 0, 1, 1);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    assert_int_equal(report_total(fleet.report, TENANT_FAILED), 0);
    assert_int_equal(report_total(fleet.report, TENANT_UNCHANGED), 1);
    assert_int_equal(fleet.report->error_count, 0);
    assert_int_equal(report_exit_code(fleet.report, 0), 0);
    fleet_done(&fleet);
}

static void nothing_is_borrowed_but_tenants_and_chain(void **state)
{
    (void)state;
    struct fleet fleet;
    char id[] = "run-1";
    char row[] = "1975ea83b712";
    char statement[] = "SELECT 1";
    const char *rows[] = {row};
    struct err err = fleet_error();
    struct outcome outcome = {.state = TENANT_FAILED,
                              .from = {rows, 1, true},
                              .to = {rows, 1, true},
                              .error = &err,
                              .error_statement = statement};
    fleet_prepare(&fleet, NULL, 1);
    fleet.run.id = id;
    fleet_starts(&fleet);
    fleet_finishes(&fleet, 0, &outcome);
    memset(id, 'x', sizeof id);
    memset(row, 'x', sizeof row);
    memset(statement, 'x', sizeof statement);
    memset(&err, 'x', sizeof err);
    fleet_ends(&fleet, RUN_FAILED);
    const struct report *report = fleet.report;
    assert_string_equal(report->run.id, "run-1");
    assert_string_equal(report_ids(report, report->rows[0].from).ids[0], "1975ea83b712");
    assert_string_equal(report->errors[0].statement, "SELECT 1");
    assert_string_equal(report->errors[0].key.code, "23505");
    fleet_done(&fleet);
}

static void errors_are_grouped_the_most_frequent_first(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err one;
    struct err other = fleet_error();
    err_set(&one, ERR_CONNECT, "no route to host");
    fleet_init(&fleet, NULL, 5);
    fleet_fails(&fleet, 4, TENANT_FAILED, &other);
    fleet_fails(&fleet, 0, TENANT_FAILED, &one);
    fleet_fails(&fleet, 2, TENANT_FAILED, &other);
    other.line = 13;
    fleet_fails(&fleet, 1, TENANT_FAILED, &other);
    fleet_ends(&fleet, RUN_FAILED);
    const struct report *report = fleet.report;
    assert_int_equal(report->error_count, 3);
    assert_int_equal(report->errors[0].row_count, 2);
    assert_int_equal(report->errors[0].first_row, 2);
    assert_int_equal(report->rows[2].next_same_error, 4);
    assert_int_equal(report->rows[4].next_same_error, REPORT_NONE);
    assert_int_equal(report->rows[4].error, 0);
    assert_string_equal(report->errors[1].key.text, "no route to host");
    assert_int_equal(report->rows[1].error, 2);
    assert_int_equal(report->rows[3].error, REPORT_NONE);
    fleet_done(&fleet);
}

static void exit_codes_follow_the_table(void **state)
{
    static const struct {
        enum tenant_state tenant;
        enum run_state run;
        int signal;
        int code;
    } cases[] = {
        {TENANT_SUCCEEDED, RUN_SUCCEEDED, 0, 0},
        {TENANT_UNCHANGED, RUN_SUCCEEDED, 0, 0},
        {TENANT_FAILED, RUN_FAILED, 0, 1},
        {TENANT_SUCCEEDED, RUN_HALTED, 0, 1},
        {TENANT_SKIPPED, RUN_FAILED, 0, 1},
        {TENANT_PARTIAL, RUN_FAILED, 0, 4},
        {TENANT_IN_DOUBT, RUN_FAILED, 0, 4},
        {TENANT_ROLLBACK_FAILED, RUN_ROLLBACK_FAILED, 0, 4},
        {TENANT_SUCCEEDED, RUN_ROLLBACK_FAILED, 0, 4},
        {TENANT_ROLLED_BACK, RUN_ROLLED_BACK, 0, 3},
        {TENANT_FAILED, RUN_ROLLED_BACK, 0, 3},
        {TENANT_SUCCEEDED, RUN_INTERRUPTED, SIGINT, 130},
        {TENANT_FAILED, RUN_INTERRUPTED, SIGTERM, 143},
        {TENANT_ROLLED_BACK, RUN_ROLLED_BACK, SIGTERM, 143},
        {TENANT_PARTIAL, RUN_INTERRUPTED, SIGINT, 4},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet fleet;
        struct outcome outcome = {.state = cases[i].tenant};
        fleet_init(&fleet, NULL, 2);
        fleet_moves(&fleet, 0, 1, 1);
        fleet_finishes(&fleet, 1, &outcome);
        fleet_ends(&fleet, cases[i].run);
        assert_int_equal(report_exit_code(fleet.report, cases[i].signal), cases[i].code);
        fleet_done(&fleet);
    }
}

static void an_empty_selection_succeeds(void **state)
{
    (void)state;
    struct fleet fleet;
    fleet_init(&fleet, NULL, 0);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    assert_int_equal(report_exit_code(fleet.report, 0), 0);
    for (size_t i = 0; report_format_at(i); i++) {
        struct report_options options = {.is_verbose = true};
        free(fleet_write(&fleet, report_format_at(i)->name, &options));
    }
    fleet_done(&fleet);
}

static void waves_have_states_and_failures_of_their_own(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_prepare(&fleet, NULL, 3);
    fleet_splits(&fleet);
    fleet_starts(&fleet);
    const struct report_wave *waves = fleet.report->waves;
    assert_int_equal(fleet.report->wave_count, 2);
    assert_string_equal(report_wave_state(fleet.report, &waves[0]), "skipped");
    fleet_begins_wave(&fleet, 0);
    assert_string_equal(report_wave_state(fleet.report, &waves[0]), "running");
    fleet_moves(&fleet, 0, 0, 3);
    fleet_ends_wave(&fleet, 0, RUN_SUCCEEDED);
    fleet_begins_wave(&fleet, 1);
    fleet_fails(&fleet, 2, TENANT_FAILED, &err);
    fleet_ends(&fleet, RUN_HALTED);
    assert_string_equal(report_wave_state(fleet.report, &waves[0]), "succeeded");
    assert_string_equal(report_wave_state(fleet.report, &waves[1]), "halted");
    assert_int_equal(waves[0].failed_count, 0);
    assert_int_equal(waves[1].failed_count, 1);
    assert_string_equal(report_wave_of(fleet.report, 2)->name, "everyone");
    fleet_done(&fleet);
}

/* `--wave canary`: the rest was not asked for. */
static void a_wave_that_was_not_asked_for_is_no_failure(void **state)
{
    static const struct {
        bool has_begun;
        enum run_state end;
        int code;
    } cases[] = {
        {false, RUN_SUCCEEDED, 0},
        {true, RUN_SUCCEEDED, 1},
        {false, RUN_HALTED, 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet fleet;
        fleet_prepare(&fleet, NULL, 3);
        fleet_splits(&fleet);
        fleet_starts(&fleet);
        fleet_begins_wave(&fleet, 0);
        fleet_moves(&fleet, 0, 0, 3);
        fleet_ends_wave(&fleet, 0, RUN_SUCCEEDED);
        if (cases[i].has_begun)
            fleet_begins_wave(&fleet, 1);
        fleet_ends(&fleet, cases[i].end);
        assert_int_equal(report_total(fleet.report, TENANT_SKIPPED), 2);
        assert_int_equal(report_exit_code(fleet.report, 0), cases[i].code);
        fleet_done(&fleet);
    }
}

static void a_rollback_is_told_with_what_it_rolls_back(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err first = fleet_error(), second;
    err_set(&second, ERR_LOCK, "the table is locked");
    fleet_init(&fleet, NULL, 3);
    fleet_moves(&fleet, 0, 1, 3);
    fleet_moves(&fleet, 1, 1, 3);
    fleet_fails(&fleet, 2, TENANT_FAILED, &first);
    fleet_rolls_back(&fleet, 0, TENANT_ROLLED_BACK, NULL);
    fleet_rolls_back(&fleet, 1, TENANT_ROLLBACK_FAILED, &second);
    fleet_rolls_back(&fleet, 2, TENANT_ROLLED_BACK, NULL);
    fleet_ends(&fleet, RUN_ROLLBACK_FAILED);
    const struct report *report = fleet.report;
    const struct report_row *row = &report->rows[0];
    struct step_list steps = report_steps(report, row->steps);
    assert_int_equal(row->state, TENANT_ROLLED_BACK);
    assert_string_equal(report_ids(report, row->from).ids[0], "1975ea83b712");
    assert_string_equal(report_ids(report, row->to).ids[0], "1975ea83b712");
    assert_int_equal(steps.count, 3);
    assert_int_equal(steps.steps[1].direction, DIRECTION_UP);
    assert_int_equal(steps.steps[2].direction, DIRECTION_DOWN);
    assert_true(row->step_ms[2] == 2.5f && row->step_ms[1] > 5.0f);
    assert_int_equal(row->attempts, 2);
    assert_int_equal(row->error, REPORT_NONE);
    assert_string_equal(report->errors[report->rows[1].error].key.text, "the table is locked");
    assert_string_equal(report_ids(report, report->rows[1].to).ids[0], "83241ca0f125");
    assert_string_equal(report->errors[report->rows[2].error].key.code, "23505");
    assert_int_equal(report_exit_code(report, 0), 4);
    fleet_done(&fleet);
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Three steps a tenant. The time is printed, not asserted: machines are shared. */
static void a_hundred_thousand_tenants_stay_small(void **state)
{
    enum { COUNT = 100000, MAX_BYTES_PER_TENANT = 160 };
    (void)state;
    struct fleet fleet;
    fleet_init(&fleet, NULL, COUNT);
    double started_us = now_us();
    for (size_t i = 0; i < COUNT; i++)
        fleet_moves(&fleet, i, 0, 3);
    double us = (now_us() - started_us) / COUNT;
    fleet_ends(&fleet, RUN_SUCCEEDED);
    size_t bytes = fleet.report->arena.used_bytes / COUNT;
    print_message("%zu bytes and %.2f us a tenant\n", bytes, us);
    assert_in_range(bytes, 1, MAX_BYTES_PER_TENANT);
    fleet_done(&fleet);
}

/* Each with an error of its own, as where the server's message names the database. */
static void as_many_different_errors_stay_under_a_kilobyte(void **state)
{
    enum { COUNT = 100000, MAX_BYTES_PER_TENANT = 1024 };
    (void)state;
    struct fleet fleet;
    struct err err;
    fleet_init(&fleet, NULL, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        err_set(&err, ERR_CONNECT, "connection to server failed: database \"%zu\" is missing", i);
        fleet_fails(&fleet, i, TENANT_FAILED, &err);
    }
    fleet_ends(&fleet, RUN_FAILED);
    size_t bytes = fleet.report->arena.used_bytes / COUNT;
    print_message("%zu bytes a tenant\n", bytes);
    assert_in_range(bytes, 1, MAX_BYTES_PER_TENANT);
    assert_int_equal(fleet.report->error_count, COUNT);
    fleet_done(&fleet);
}

static void formats_are_found_by_name(void **state)
{
    (void)state;
    assert_string_equal(report_format_find("text")->name, "text");
    assert_string_equal(report_format_find("json")->name, "json");
    assert_string_equal(report_format_find("csv")->name, "csv");
    assert_string_equal(report_format_find("junit")->name, "junit");
    assert_string_equal(report_format_find("markdown")->name, "markdown");
    assert_string_equal(report_format_find("html")->name, "html");
    assert_null(report_format_find("yaml"));
    assert_null(report_format_at(6));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(totals_add_up_at_every_moment),
    cmocka_unit_test(tenants_never_finished_are_skipped),
    cmocka_unit_test(a_later_outcome_takes_the_place_of_the_first),
    cmocka_unit_test(nothing_is_borrowed_but_tenants_and_chain),
    cmocka_unit_test(errors_are_grouped_the_most_frequent_first),
    cmocka_unit_test(exit_codes_follow_the_table),
    cmocka_unit_test(waves_have_states_and_failures_of_their_own),
    cmocka_unit_test(a_wave_that_was_not_asked_for_is_no_failure),
    cmocka_unit_test(a_rollback_is_told_with_what_it_rolls_back),
    cmocka_unit_test(an_empty_selection_succeeds),
    cmocka_unit_test(a_hundred_thousand_tenants_stay_small),
    cmocka_unit_test(as_many_different_errors_stay_under_a_kilobyte),
    cmocka_unit_test(formats_are_found_by_name),
};
UNIT_MAIN(tests)
