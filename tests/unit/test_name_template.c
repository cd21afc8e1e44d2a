#include "unit/unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/name_template.h"

static const time_t at = 1795925103; /* 2026-11-29 04:05:03 UTC */

static void gives_names_in_alembics_words(void **state)
{
    static const struct {
        const char *template, *slug, *name;
    } cases[] = {
        {"%(rev)s_%(slug)s", "added_table", "83241ca0f125_added_table"},
        {"%(rev)s_%(slug)s", "", "83241ca0f125"},
        {"%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d-%%(rev)s_%%(slug)s", "x",
         "2026_11_29_0405-83241ca0f125_x"},
        {"%(year)d%(month)02d%(day)02d_%(rev)s", "x", "20261129_83241ca0f125"},
        {"%(second)d %(second)s %(second).2d %(rev)s", "", "3 3 03 83241ca0f125"},
        {"%(epoch)s_%(rev)s", "", "1795925103_83241ca0f125"},
        {"100%%_%(rev)s", "", "100%_83241ca0f125"},
        {"Ünï %(rev)s %(slug)s", "größe", "Ünï 83241ca0f125 größe"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct name_parts parts = {"83241ca0f125", cases[i].slug, at};
        struct buf name;
        struct err err;
        if (!name_template_check(cases[i].template, &err))
            fail_msg("%s: %s", cases[i].template, err.text);
        buf_init(&name, BUF_MAX_DEFAULT);
        name_template_fill(&name, cases[i].template, &parts);
        assert_string_equal(name.data, cases[i].name);
        buf_done(&name);
    }
}

static void refuses_what_gives_no_name(void **state)
{
    static const char *const cases[][2] = {
        {"%(year)d_%(slug)s", "without '%(rev)s' two revisions could have one file name"},
        {"x", "without '%(rev)s' two revisions could have one file name"},
        {"a/%(rev)s", "'/' cannot stand in it: all revisions are files of one folder"},
        {"../%(rev)s", "a name that begins with '.' is no revision's"},
        {".%(rev)s", "a name that begins with '.' is no revision's"},
        {"%(rev)s_%(yaer)d",
         "'%(yaer)' is none of rev, slug, year, month, day, hour, minute, second and epoch; did "
         "you mean 'year'?"},
        {"%(rev", "'%(' has no ')' after it"},
        {"%(rev)d", "'%(rev)' must be followed by 's'"},
        {"%(rev)s%(day)x", "'%(day)' must be followed by 'd', '.2d' or 's'"},
        {"%(rev)s%(day).9d", "'%(day)' must be followed by 'd', '.2d' or 's'"},
        {"%(rev)s%(day).2s", "'%(day)' must be followed by 'd', '.2d' or 's'"},
        {"%(rev)s%", "a '%' is followed by '(' and a word, or is '%%'"},
        {"%rev", "a '%' is followed by '(' and a word, or is '%%'"},
        {"%(rev)s\n", "control characters cannot stand in it"},
        {"%(rev)s"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaa",
         "it is longer than 100 characters"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;
        if (name_template_check(cases[i][0], &err))
            fail_msg("accepted: %s", cases[i][0]);
        assert_string_equal(err.text, cases[i][1]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(gives_names_in_alembics_words),
    cmocka_unit_test(refuses_what_gives_no_name),
};

UNIT_MAIN(tests)
