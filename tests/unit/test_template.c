#include "unit/unit.h"

#include "base/buf.h"
#include "chain/template.h"

static const char *const down[] = {"1975ea83b712", "27c6a30d7c24"}, *const labels[] = {"billing"};
static const struct revision merge = {.id = "83241ca0f125",
                                      .message = "Merge ${revision}",
                                      .create_date = "2026-11-23",
                                      .down_ids = down,
                                      .down_count = 2,
                                      .labels = labels,
                                      .label_count = 1};
static const struct revision base = {.id = "1975ea83b712", .message = "", .create_date = ""};

static void fills_in_what_the_revision_has(void **state)
{
    static const struct {
        const struct revision *revision;
        const char *template, *text;
    } cases[] = {
        {&merge, template_default,
         "-- Merge ${revision}\n--\n-- Revision ID: 83241ca0f125\n"
         "-- Revises: 1975ea83b712, 27c6a30d7c24\n-- Branch Labels: billing\n"
         "-- Create Date: 2026-11-23\n\n-- migrate:up\n\n-- migrate:down\n"},
        {&base, template_default,
         "--\n--\n-- Revision ID: 1975ea83b712\n-- Revises:\n-- Create Date:\n\n-- migrate:up\n\n"
         "-- migrate:down\n"},
        {&base, "no end of line ${revision}", "no end of line 1975ea83b712"},
        {&base, "blanks stay  \n$1 {x} $$ ${depends_on}${branch_labels}gone\n${message}  \n",
         "blanks stay  \n\n"},
        {&base, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text;
        struct err err;
        buf_init(&text, BUF_MAX_DEFAULT);
        assert_true(template_fill(&text, "t.in", cases[i].template, cases[i].revision, &err));
        assert_string_equal(text.data, cases[i].text);
        assert_int_equal(text.len, strlen(cases[i].text));
        buf_done(&text);
    }
}

static void names_file_and_line_of_what_it_does_not_know(void **state)
{
    static const struct {
        const char *template;
        int line;
        const char *named;
    } cases[] = {
        {"-- ${message}\n-- ${revison}\n", 2, "'${revison}'"},
        {"\n\n${", 3, "'${"},
        {"${message\n}", 1, "'${message"},
        {"${}", 1, "'${}'"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text;
        struct err err;
        buf_init(&text, BUF_MAX_DEFAULT);
        assert_false(template_fill(&text, "t.in", cases[i].template, &merge, &err));
        assert_int_equal(err.line, cases[i].line);
        assert_string_equal(err.file, "t.in");
        assert_non_null(strstr(err.text, cases[i].named));
        buf_done(&text);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fills_in_what_the_revision_has),
    cmocka_unit_test(names_file_and_line_of_what_it_does_not_know),
};

UNIT_MAIN(tests)
