#include "unit/unit.h"

#include <locale.h>

#include "unit/report_hostile.h"

enum { MOST = 60000 };

static int use_utf8(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static char *write_markdown(const struct fleet *fleet)
{
    struct report_options options = {0};
    return fleet_write(fleet, "markdown", &options);
}

static void a_comment_reads_from_what_to_why_to_details(void **state)
{
    static const char *const names[] = {"acme", "globex", "hooli|", "soylent", "st`ark"};
    static const char golden[] =
        "### `skein upgrade head`: halted in 1.23 s\n"
        "\n"
        "`run 20261123T101500Z-5f3a9c, started 2026-11-23T10:15:00.123Z`\n"
        "\n"
        "| state | tenants |\n"
        "| --- | ---: |\n"
        "| succeeded | 2 |\n"
        "| failed | 2 |\n"
        "| skipped | 1 |\n"
        "| **all** | **5** |\n"
        "\n"
        "**What to do**\n"
        "\n"
        "- `hooli|`, `soylent`: left as before the step that failed. Once the cause is gone: "
        "`skein upgrade head --tenant 'hooli|' --tenant soylent`\n"
        "- ``st`ark``: never begun. To go on: ``skein upgrade head --tenant 'st`ark'``\n"
        "\n"
        "**Failures**\n"
        "\n"
        "- **2 tenants**: `could not create unique index \"ix\"`\n"
        "  - `sql 23505, revision 83241ca0f125, versions/83241ca0f125_added_table.sql:12`\n"
        "  - `CREATE UNIQUE INDEX ix ON exam (title);`\n"
        "  - in `hooli|`, `soylent`\n"
        "\n"
        "<details><summary>From where to where</summary>\n"
        "\n"
        "| tenants | revisions | |\n"
        "| ---: | --- | --- |\n"
        "| 1 | `1975ea83b712 -> 83241ca0f125` | 2 revisions |\n"
        "| 1 | `base -> 83241ca0f125` | 3 revisions |\n"
        "\n"
        "</details>\n"
        "\n"
        "<details><summary>Slowest</summary>\n"
        "\n"
        "| tenant | time | longest step | its time |\n"
        "| --- | ---: | --- | ---: |\n"
        "| `acme` | 12.3 ms | `83241ca0f125` | 5.7 ms |\n"
        "| `globex` | 12.3 ms | `83241ca0f125` | 5.7 ms |\n"
        "\n"
        "</details>\n"
        "\n"
        "<details><summary>Tenants that did not get there</summary>\n"
        "\n"
        "| tenant | state | |\n"
        "| --- | --- | --- |\n"
        "| `hooli\\|` | failed | `could not create unique index \"ix\"` |\n"
        "| `soylent` | failed | `could not create unique index \"ix\"` |\n"
        "| ``st`ark`` | skipped |  |\n"
        "\n"
        "</details>\n";
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_init(&fleet, names, ARRAY_LEN(names));
    fleet_moves(&fleet, 0, 1, 3);
    fleet_moves(&fleet, 1, 0, 3);
    fleet_fails(&fleet, 2, TENANT_FAILED, &err);
    fleet_fails(&fleet, 3, TENANT_FAILED, &err);
    fleet_ends(&fleet, RUN_HALTED);
    char *text = write_markdown(&fleet);
    assert_string_equal(text, golden);
    free(text);
    fleet_done(&fleet);
}

static void where_tenants_stand(void **state)
{
    (void)state;
    struct fleet fleet;
    fleet_prepare(&fleet, NULL, 3);
    fleet.request.verb = &verbs[VERB_CURRENT];
    fleet.run.target = "";
    fleet_starts(&fleet);
    fleet_moves(&fleet, 0, 1, 1);
    fleet_moves(&fleet, 1, 3, 3);
    fleet_moves(&fleet, 2, 3, 3);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    char *text = write_markdown(&fleet);
    assert_non_null(strstr(text, "| tenants | at |\n| ---: | --- |\n| 2 | `83241ca0f125 (head)` |\n"
                                 "| 1 | `1975ea83b712` |\n"));
    free(text);
    fleet_done(&fleet);
}

/* Every tenant fails in words of its own, which are long. */
static void a_comment_has_its_size(void **state)
{
    enum { TENANTS = 3000 };
    (void)state;
    struct fleet fleet;
    fleet_init(&fleet, NULL, TENANTS);
    for (size_t i = 0; i < TENANTS; i++) {
        struct err err = fleet_error();
        memset(err.text, 'a' + (int)(i % 26), sizeof err.text - 1);
        snprintf(err.text, sizeof err.text, "%zu", i);
        err.text[strlen(err.text)] = '|';
        fleet_fails(&fleet, i, TENANT_FAILED, &err);
    }
    fleet_ends(&fleet, RUN_FAILED);
    char *text = write_markdown(&fleet);
    assert_true(strlen(text) < MOST);
    assert_non_null(strstr(text, " more causes\n"));
    assert_non_null(strstr(text, " more tenants\n\n</details>\n"));
    free(text);
    fleet_done(&fleet);
}

/* ---- as GitHub reads it -------------------------------------------------------------------- */

/* What is left of a line without its spans of code: a span ends at the next run of as many backticks. */
static void drop_spans(struct buf *rest, const char *line)
{
    for (const char *at = line; *at;) {
        size_t fence = strspn(at, "`"), run = 0;
        if (!fence) {
            buf_addc(rest, *at++);
            continue;
        }
        for (at += fence; *at && run != fence; at += run + !run)
            run = strspn(at, "`");
        assert_int_equal(run, fence);
        buf_addc(rest, 'C');
    }
}

/* The bars that end a cell: not those after a backslash, of which two are a backslash. */
static size_t count_cells(const char *line)
{
    size_t count = 0;
    for (const char *at = line; *at; at++) {
        count += *at == '|';
        at += *at == '\\' && at[1] && strchr("|\\`", at[1]);
    }
    return count;
}

static void expect_line(const char *line, size_t *cells)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                " ,.:'()*|-_#";
    struct buf rest;
    if (strncmp(line, "<details><summary>", 18) == 0 || strcmp(line, "</details>") == 0)
        return;
    buf_init(&rest, BUF_MAX_DEFAULT);
    drop_spans(&rest, line);
    if (strspn(rest.data, plain) != rest.len)
        fail_msg("not plain: %s\nof %s", rest.data, line);
    if (*line == '|') {
        *cells = *cells ? *cells : count_cells(line);
        assert_int_equal(count_cells(line), *cells);
    } else {
        *cells = 0;
    }
    buf_done(&rest);
}

static void nothing_from_outside_is_markup(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < HOSTILE_ROUNDS; seed++) {
        struct fleet fleet;
        size_t cells = 0, fence = 0;
        (seed % 4 ? hostile_fleet : hostile_plan)(&fleet, seed);
        char *text = write_markdown(&fleet), *save = text;
        hostile_expect_harmless(text, false);
        for (char *line; (line = strsep(&save, "\n"));) {
            size_t ticks = strspn(line, "`");
            bool is_fence = ticks >= 3 && !line[ticks];
            if (is_fence && (!fence || ticks >= fence))
                fence = fence ? 0 : ticks;
            else if (!fence)
                expect_line(line, &cells);
        }
        assert_int_equal(fence, 0);
        free(text);
        fleet_done(&fleet);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(a_comment_reads_from_what_to_why_to_details, use_utf8),
    cmocka_unit_test(where_tenants_stand),
    cmocka_unit_test(a_comment_has_its_size),
    cmocka_unit_test_setup(nothing_from_outside_is_markup, use_utf8),
};

UNIT_MAIN(tests)
