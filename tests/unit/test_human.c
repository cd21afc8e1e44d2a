#include "unit/unit.h"

#include <locale.h>

#include "base/buf.h"
#include "base/human.h"

static void durations_read_well_at_every_size(void **state)
{
    static const struct {
        double ms;
        const char *text;
    } cases[] = {
        {0, "0.0 ms"},           {0.04, "0.04 ms"},        {0.3, "0.3 ms"},
        {12.345, "12.3 ms"},     {999.94, "999.9 ms"},     {999.96, "1.00 s"},
        {1234.5, "1.23 s"},      {59994, "59.99 s"},       {59996, "1 min 00 s"},
        {83000, "1 min 23 s"},   {3599400, "59 min 59 s"}, {3599600, "1 h 00 min"},
        {7380000, "2 h 03 min"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        human_add_duration(&buf, cases[i].ms);
        assert_string_equal(buf.data, cases[i].text);
        buf_done(&buf);
    }
}

static void texts_fit_the_locale(void **state)
{
    static const struct {
        const char *locale;
        const char *shown;
    } cases[] = {
        {"C.UTF-8", "caf\u00e9 \\x1b[31m \\xff \\u{202e}"},
        {"C", "caf\\u{e9} \\x1b[31m \\xff \\u{202e}"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        assert_non_null(setlocale(LC_CTYPE, cases[i].locale));
        human_add_text(&buf, "caf\u00e9 \033[31m \xff \u202e");
        assert_string_equal(buf.data, cases[i].shown);
        buf_done(&buf);
    }
}

static void texts_are_cut_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t width;
        size_t fit;
    } cases[] = {
        {"acme", 10, 4},        {"acme", 2, 2}, {"caf\u00e9", 3, 3}, {"caf\u00e9", 4, 5},
        {"\u4e2d\u6587", 3, 3}, {"", 3, 0},     {"acme", 0, 0},
    };
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(human_fit(cases[i].text, cases[i].width), cases[i].fit);
    assert_int_equal(human_width("caf\u00e9 \u4e2d\u6587"), 9);
}

static void bars_never_grow_beyond_their_width(void **state)
{
    static const struct {
        double share;
        bool is_open;
        const char *bar;
    } cases[] = {
        {0, false, "...."}, {0.5, false, "##.."}, {1, false, "####"},
        {7, false, "####"}, {0.5, true, "##"},
    };
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        human_add_bar(&buf, cases[i].share, 4, cases[i].is_open);
        assert_string_equal(buf.data, cases[i].bar);
        buf_done(&buf);
    }
}

static void ci_servers_find_no_command_in_them(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"::error::x", "\\x3a:error::x"},
        {" \t::warning file=a::x\n  ::debug::\n", " \t\\x3a:warning file=a::x\n  \\x3a:debug::\n"},
        {"a ::error::x, b::c", "a ::error::x, b::c"}, /* GitHub's begin a line */
        {"::1, :: and ::", "::1, :: and ::"},
        {":::error::", ":::error::"},
        {"x ##[error]y ##vso[task.complete]", "x \\x23#[error]y \\x23#vso[task.complete]"},
        {"###[group]", "#\\x23#[group]"},
        {"  ##teamcity[x] # [ ## heading", "  \\x23#teamcity[x] # [ ## heading"},
        {"", ""},
        {"  ", "  "},
        {"#", "#"},
        {"a:b\n:", "a:b\n:"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        human_add_tame(&buf, cases[i].text);
        assert_string_equal(buf.data, cases[i].shown);
        buf_done(&buf);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ci_servers_find_no_command_in_them),
    cmocka_unit_test(durations_read_well_at_every_size),
    cmocka_unit_test(texts_fit_the_locale),
    cmocka_unit_test(texts_are_cut_between_characters),
    cmocka_unit_test(bars_never_grow_beyond_their_width),
};
UNIT_MAIN(tests)
