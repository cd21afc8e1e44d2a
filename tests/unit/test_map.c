#include "unit/unit.h"

#include "base/map.h"

static void is_empty_at_first(void **state)
{
    struct map map;
    (void)state;
    map_init(&map);
    assert_int_equal(map_get(&map, ""), MAP_NONE);
    assert_int_equal(map_get(&map, "x"), MAP_NONE);
    map_done(&map);
    map_done(&map);
}

static void keeps_the_first_value_of_a_key(void **state)
{
    struct map map;
    char key[] = "acme", same[] = "acme";
    (void)state;
    map_init(&map);
    assert_int_equal(map_put(&map, key, 1), 1);
    assert_int_equal(map_put(&map, same, 2), 1);
    assert_int_equal(map.count, 1);
    assert_int_equal(map_get(&map, "acme"), 1);
    assert_int_equal(map_put(&map, "", 3), 3); /* an empty key is one too */
    assert_int_equal(map_get(&map, ""), 3);
    assert_int_equal(map_get(&map, "acm"), MAP_NONE);
    assert_int_equal(map_get(&map, "acme "), MAP_NONE);
    map_done(&map);
}

static void finds_everything_after_growing(void **state)
{
    enum { COUNT = 20000 };
    static char keys[COUNT][12];
    struct map map;
    (void)state;
    map_init(&map);
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "t%u", i * 7919);
        assert_int_equal(map_put(&map, keys[i], i), i);
    }
    assert_int_equal(map.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        char key[12];
        snprintf(key, sizeof key, "t%u", i * 7919);
        assert_int_equal(map_get(&map, key), i);
        snprintf(key, sizeof key, "u%u", i * 7919);
        assert_int_equal(map_get(&map, key), MAP_NONE);
    }
    map_done(&map);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(is_empty_at_first),
    cmocka_unit_test(keeps_the_first_value_of_a_key),
    cmocka_unit_test(finds_everything_after_growing),
};

UNIT_MAIN(tests)
