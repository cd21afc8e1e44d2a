/* On which line of its text a value of a JSON document stands. */
#include "library/json_line.h"

#include <string.h>

#include "unit/unit.h"

static const char text[] = "{\n"
                           " \"a\": \"},\\\"]\", \"b\": [\n"
                           "  1,\n"
                           "  null, {\"c\": [],\n"
                           "  \"d\":\n"
                           "   null}\n"
                           " ],\n"
                           "\n"
                           " \"e\": -1.5e3}\n";

static json_t *load(void)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    return root;
}

static int line_of(json_t *root, struct json_spot spot)
{
    return json_line(text, root, &spot);
}

static void values_are_found_by_what_holds_them(void **state)
{
    json_t *root = load();
    json_t *list = json_object_get(root, "b"), *object = json_array_get(list, 2);
    (void)state;
    assert_int_equal(line_of(root, (struct json_spot){root, JSON_SPOT_ITSELF}), 1);
    assert_int_equal(line_of(root, json_spot_of(root, "a")), 2);
    assert_int_equal(line_of(root, json_spot_of(root, "b")), 2);
    assert_int_equal(line_of(root, (struct json_spot){list, JSON_SPOT_ITSELF}), 2);
    assert_int_equal(line_of(root, (struct json_spot){list, 0}), 3);
    assert_int_equal(line_of(root, (struct json_spot){list, 1}), 4);
    assert_int_equal(line_of(root, (struct json_spot){list, 2}), 4);
    assert_int_equal(line_of(root, json_spot_of(object, "c")), 4);
    assert_int_equal(line_of(root, json_spot_of(object, "d")), 6);
    assert_int_equal(line_of(root, json_spot_of(root, "e")), 9);
    json_decref(root);
}

static void what_is_missing_is_blamed_on_the_object(void **state)
{
    json_t *root = load();
    json_t *object = json_array_get(json_object_get(root, "b"), 2);
    (void)state;
    assert_int_equal(line_of(root, json_spot_of(root, "x")), 1);
    assert_int_equal(line_of(root, json_spot_of(object, "x")), 4);
    json_decref(root);
}

static void what_the_document_does_not_have_has_no_line(void **state)
{
    json_t *root = load(), *other = json_array();
    (void)state;
    assert_int_equal(line_of(root, (struct json_spot){other, JSON_SPOT_ITSELF}), 0);
    assert_int_equal(line_of(root, (struct json_spot){json_object_get(root, "b"), 7}), 0);
    json_decref(other);
    json_decref(root);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(values_are_found_by_what_holds_them),
    cmocka_unit_test(what_is_missing_is_blamed_on_the_object),
    cmocka_unit_test(what_the_document_does_not_have_has_no_line),
};

UNIT_MAIN(tests)
