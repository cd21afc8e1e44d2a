#include "unit/unit.h"

#include <jansson.h>

#include "report/view.h"
#include "report/view_shared.h"
#include "unit/report_hostile.h"

static char *write_html(const struct fleet *fleet)
{
    struct report_options options = {0};
    return fleet_write(fleet, "html", &options);
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        count++;
    return count;
}

/* What stands between the two, without them. */
static char *between(const char *text, const char *start, const char *end)
{
    const char *from = strstr(text, start);
    assert_non_null(from);
    from += strlen(start);
    const char *to = strstr(from, end);
    assert_non_null(to);
    return strndup(from, (size_t)(to - from));
}

static json_t *read_data(const char *page)
{
    char *data = between(page, "<script type=\"application/json\" id=\"data\">", "</script>");
    json_error_t error;
    json_t *value = json_loads(data, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        fail_msg("line %d: %s", error.line, error.text);
    free(data);
    return value;
}

/* A fleet of ten: of each state that is given, one tenant after the other; the rest succeed. */
static char *verdict_of(const enum tenant_state *states, size_t count, bool is_dry)
{
    struct fleet fleet;
    struct err err = fleet_error();
    struct view view;
    struct buf verdict;
    fleet_prepare(&fleet, NULL, 10);
    fleet.request.is_dry_run = is_dry;
    fleet_starts(&fleet);
    for (size_t i = 0; i < 10; i++) {
        if (i >= count)
            fleet_moves(&fleet, i, 1, 3);
        else if (states[i] == TENANT_UNCHANGED)
            fleet_moves(&fleet, i, 3, 3);
        else if (states[i] != TENANT_SKIPPED)
            fleet_fails(&fleet, i, states[i], &err);
    }
    fleet_ends(&fleet, RUN_FAILED);
    view_init(&view, fleet.report);
    buf_init(&verdict, BUF_MAX_DEFAULT);
    view_add_verdict(&view, &verdict);
    char *text = strdup(verdict.data);
    buf_done(&verdict);
    view_done(&view);
    fleet_done(&fleet);
    return text;
}

static void the_verdict_is_a_sentence(void **state)
{
    static const struct {
        enum tenant_state states[10];
        size_t count;
        bool is_dry;
        const char *verdict;
    } cases[] = {
        {{0}, 0, false, "All 10 tenants succeeded"},
        {{TENANT_UNCHANGED}, 1, false, "9 of 10 tenants succeeded, 1 stood there already"},
        {{TENANT_FAILED, TENANT_FAILED, TENANT_SKIPPED},
         3,
         false,
         "2 of 10 tenants failed, 1 was not begun; no tenant is half-way"},
        {{TENANT_PARTIAL},
         1,
         false,
         "1 of 10 tenants is partly applied; a person has to look at it"},
        {{TENANT_FAILED, TENANT_PARTIAL, TENANT_IN_DOUBT},
         3,
         false,
         "1 of 10 tenants failed, 1 is partly applied, 1 is in doubt; a person has to look at them"},
        {{0}, 0, true, "All 10 tenants would change"},
        {{TENANT_FAILED, TENANT_UNCHANGED},
         2,
         true,
         "8 of 10 tenants would change; 1 could not be told"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *verdict = verdict_of(cases[i].states, cases[i].count, cases[i].is_dry);
        assert_string_equal(verdict, cases[i].verdict);
        free(verdict);
    }
}

static void large_numbers_can_be_read(void **state)
{
    struct fleet fleet;
    struct err err = fleet_error();
    struct view view;
    struct buf verdict;
    (void)state;
    fleet_prepare(&fleet, NULL, 12034);
    fleet_starts(&fleet);
    for (size_t i = 0; i < 12034; i++)
        if (i < 1007)
            fleet_fails(&fleet, i, TENANT_FAILED, &err);
        else
            fleet_moves(&fleet, i, 1, 3);
    fleet_ends(&fleet, RUN_FAILED);
    view_init(&view, fleet.report);
    buf_init(&verdict, BUF_MAX_DEFAULT);
    view_add_verdict(&view, &verdict);
    assert_string_equal(verdict.data, "1,007 of 12,034 tenants failed; no tenant is half-way");
    buf_done(&verdict);
    view_done(&view);
    fleet_done(&fleet);
}

/* Twelve tenants: four in one region fail, and one elsewhere for a reason of its own. */
static void causes_say_what_their_tenants_share(void **state)
{
    static const struct label regions[] = {{"region", "ap"}, {"region", "eu"}};
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error(), other = fleet_error();
    err_set(&other, ERR_CONNECT, "no route");
    fleet_prepare(&fleet, NULL, 12);
    const struct tenant **tenants = arena_calloc(&fleet.arena, 12, sizeof *tenants);
    for (size_t i = 0; i < 12; i++) {
        struct tenant *tenant = arena_alloc(&fleet.arena, sizeof *tenant);
        *tenant = *fleet.run.tenants[i];
        tenant->labels = &regions[i < 5 ? 0 : 1];
        tenants[i] = tenant;
    }
    fleet.run.tenants = tenants;
    fleet_starts(&fleet);
    for (size_t i = 0; i < 12; i++) {
        if (i < 4)
            fleet_fails(&fleet, i, TENANT_FAILED, &err);
        else if (i == 11)
            fleet_fails(&fleet, i, TENANT_FAILED, &other);
        else
            fleet_moves(&fleet, i, 0, 3);
    }
    fleet_ends(&fleet, RUN_FAILED);
    char *page = write_html(&fleet);
    json_t *data = read_data(page), *causes = json_object_get(data, "causes");
    json_t *shared = json_object_get(json_array_get(causes, 0), "shared");
    json_t *facts = json_object_get(shared, "facts");
    assert_int_equal(json_array_size(facts), 2);
    const char *name, *value;
    int here, elsewhere;
    /* All four came from there, and no other; one of the eight others is in the region too. */
    assert_int_equal(json_unpack(json_array_get(facts, 0), "{s:s, s:s, s:i, s:i}", "name", &name,
                                 "value", &value, "here", &here, "elsewhere", &elsewhere),
                     0);
    assert_string_equal(name, "from revision");
    assert_string_equal(value, "1975ea83b712");
    assert_int_equal(here, 4);
    assert_int_equal(elsewhere, 0);
    assert_int_equal(json_unpack(json_array_get(facts, 1), "{s:s, s:s, s:i, s:i}", "name", &name,
                                 "value", &value, "here", &here, "elsewhere", &elsewhere),
                     0);
    assert_string_equal(name, "label region");
    assert_string_equal(value, "ap");
    assert_int_equal(elsewhere, 1);
    assert_int_equal(json_array_size(json_object_get(
                         json_object_get(json_array_get(causes, 1), "shared"), "facts")),
                     0);
    json_decref(data);
    free(page);
    fleet_done(&fleet);
}

/* Two of eight fail, both in one region, in which others are, too, or none. */
static void what_chance_alone_would_do_is_not_told(void **state)
{
    static const struct label regions[] = {{"region", "ap"}, {"region", "eu"}};
    static const struct {
        size_t others; /* of the region */
        bool is_told;
    } cases[] = {{0, true}, {1, false}, {5, false}};
    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        struct fleet fleet;
        struct err err = fleet_error();
        struct view_shared shared;
        fleet_prepare(&fleet, NULL, 8);
        const struct tenant **tenants = arena_calloc(&fleet.arena, 8, sizeof *tenants);
        for (size_t i = 0; i < 8; i++) {
            struct tenant *tenant = arena_alloc(&fleet.arena, sizeof *tenant);
            *tenant = *fleet.run.tenants[i];
            tenant->labels = &regions[i < 2 + cases[c].others ? 0 : 1];
            tenants[i] = tenant;
        }
        fleet.run.tenants = tenants;
        fleet_starts(&fleet);
        for (size_t i = 0; i < 8; i++)
            i < 2 ? fleet_fails(&fleet, i, TENANT_FAILED, &err) : fleet_moves(&fleet, i, 1, 3);
        fleet_ends(&fleet, RUN_FAILED);
        view_shared_init(&shared, fleet.report);
        assert_int_equal(shared.items[0].fact_count, cases[c].is_told);
        view_shared_done(&shared);
        fleet_done(&fleet);
    }
}

/* Of a hundred tenants the times of a step are 1, 2, … 100 ms. */
static void revisions_have_their_times(void **state)
{
    (void)state;
    struct fleet fleet;
    double p50, p95, max;
    int count, slowest;
    fleet_init(&fleet, NULL, 100);
    for (size_t i = 0; i < 100; i++) {
        const char *row = fleet.revisions[0].id;
        struct step_done step = {
            &fleet.revisions[0], DIRECTION_UP, 1, (double)(i + 1), false, 0, 0};
        struct outcome outcome = {.state = TENANT_SUCCEEDED,
                                  .from = {NULL, 0, true},
                                  .to = {&row, 1, true},
                                  .steps = &step,
                                  .step_count = 1,
                                  .attempts = 1,
                                  .duration_ms = 200};
        fleet_begins(&fleet, i);
        fleet_finishes(&fleet, i, &outcome);
    }
    fleet_ends(&fleet, RUN_SUCCEEDED);
    char *page = write_html(&fleet);
    json_t *data = read_data(page);
    json_t *revision = json_array_get(json_object_get(data, "revisions"), 0);
    assert_int_equal(json_unpack(revision, "{s:i, s:f, s:f, s:f, s:[[i]]}", "count", &count,
                                 "p50_ms", &p50, "p95_ms", &p95, "max_ms", &max, "slowest",
                                 &slowest),
                     0);
    assert_int_equal(count, 100);
    assert_true(p50 > 49.99 && p50 < 50.01);
    assert_true(p95 > 94.99 && p95 < 95.01);
    assert_true(max > 99.99 && max < 100.01);
    assert_int_equal(slowest, 99);
    json_decref(data);
    free(page);
    fleet_done(&fleet);
}

/* Whatever a fleet is called: two scripts and a style, which are as they are in a page of a harmless one. */
static void nothing_from_outside_is_html(void **state)
{
    (void)state;
    struct fleet tame;
    fleet_init(&tame, NULL, 1);
    fleet_moves(&tame, 0, 1, 3);
    fleet_ends(&tame, RUN_SUCCEEDED);
    char *expected = write_html(&tame);
    for (uint64_t seed = 0; seed < HOSTILE_ROUNDS; seed++) {
        struct fleet fleet;
        (seed % 4 ? hostile_fleet : hostile_plan)(&fleet, seed);
        char *page = write_html(&fleet);
        hostile_expect_harmless(page, false);
        assert_int_equal(count_of(page, "<script"), 2);
        assert_int_equal(count_of(page, "</script"), 2);
        assert_int_equal(count_of(page, "<!--"), 0);
        char *data = between(page, "id=\"data\">", "</script>");
        assert_null(strpbrk(data, "<>&"));
        free(data);
        char *title = between(page, "<title>", "</title>");
        assert_null(strpbrk(title, "<>\""));
        free(title);
        char *policy = between(page, "Content-Security-Policy", ">");
        assert_non_null(strstr(expected, policy));
        free(policy);
        json_decref(read_data(page));
        free(page);
        fleet_done(&fleet);
    }
    free(expected);
    fleet_done(&tame);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_verdict_is_a_sentence),
    cmocka_unit_test(large_numbers_can_be_read),
    cmocka_unit_test(causes_say_what_their_tenants_share),
    cmocka_unit_test(what_chance_alone_would_do_is_not_told),
    cmocka_unit_test(revisions_have_their_times),
    cmocka_unit_test(nothing_from_outside_is_html),
};

UNIT_MAIN(tests)
