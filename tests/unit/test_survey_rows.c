#include "unit/unit.h"

#include "rollout/survey_rows.h"

static struct arena arena;
static struct grid versions, history;

static void take(const char *text)
{
    survey_take_rows(&arena, text, &versions, &history);
}

static const char *version(size_t row)
{
    return grid_value(&versions, row, 0);
}

static const char *column(size_t at)
{
    return grid_value(&history, 0, at);
}

static void both_tables_as_records(void **state)
{
    (void)state;
    take(
        "<table>\n<row>\n  <x>(0,aaaa1111)</x>\n</row>\n</table><x>(1,a,up,,\"\",1,\"a,b\",7)</x>");
    assert_int_equal(versions.row_count, 1);
    assert_string_equal(version(0), "aaaa1111");
    assert_string_equal(column(0), "a");
    assert_null(column(2));
    assert_string_equal(column(3), "");
    assert_string_equal(column(5), "a,b");
    assert_string_equal(column(6), "7");
}

static void values_that_a_record_writes_in_another_way(void **state)
{
    static const struct {
        const char *told, *value;
    } cases[] = {
        {"(0,)", NULL},
        {"(0,\"\")", ""},
        {"(0,\"a b\")", "a b"},
        {"(0,\"a\"\"b\")", "a\"b"},
        {"(0,\"a\\\\b\")", "a\\b"},
        {"(0,\"(x),y\")", "(x),y"},
        {"(0,&lt;x&gt;&amp;)", "<x>&"},
        {"(0,\"&amp;lt;\n\")", "&lt;\n"},
        {"(0,\"a&#x0d;\")", "a\r"},
        {"(0,é)", "é"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        take(arena_printf(&arena, "<x>%s</x>", cases[i].told));
        assert_int_equal(versions.row_count, 1);
        if (cases[i].value)
            assert_string_equal(version(0), cases[i].value);
        else
            assert_null(version(0));
    }
}

/* A server may answer anything. */
static void what_is_cut_off_is_no_more_than_it_is(void **state)
{
    static const char *const texts[] = {"<x>",      "<x>(",        "<x>(1",        "<x>(0,",
                                        "<x>(0,\"", "<x>(0,\"a\\", "<x>0",         "<x>1.",
                                        "<x>06",    "<x>)",        "<x>(1,a)</x>", "<x><x>"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        take(arena_strdup(&arena, texts[i]));
    take("<x>(1,a,b</x>");
    assert_string_equal(column(1), "b");
    assert_null(column(2));
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest tests[] = {
    TEST(both_tables_as_records),
    TEST(values_that_a_record_writes_in_another_way),
    TEST(what_is_cut_off_is_no_more_than_it_is),
};

UNIT_MAIN(tests)
