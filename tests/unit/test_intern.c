#include "unit/unit.h"

#include "base/arena.h"
#include "base/intern.h"

static void equal_bytes_get_the_same_number(void **state)
{
    (void)state;
    struct arena arena;
    struct intern intern;
    arena_init(&arena);
    intern_init(&intern, &arena);
    assert_int_equal(intern_put(&intern, "acme", 5), 0);
    assert_int_equal(intern_put(&intern, "globex", 7), 1);
    assert_int_equal(intern_put(&intern, "acme", 5), 0);
    assert_int_equal(intern_put(&intern, "acme", 4), 2);
    assert_int_equal(intern_put(&intern, NULL, 0), 3);
    assert_int_equal(intern_put(&intern, "", 0), 3);
    size_t len;
    assert_string_equal(intern_at(&intern, 1, &len), "globex");
    assert_int_equal(len, 7);
    arena_done(&arena);
}

static void numbers_stay_through_growth(void **state)
{
    enum { COUNT = 10000 };
    (void)state;
    struct arena arena;
    struct intern intern;
    arena_init(&arena);
    intern_init(&intern, &arena);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(intern_put(&intern, &i, sizeof i), i);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(intern_put(&intern, &i, sizeof i), i);
        assert_memory_equal(intern_at(&intern, i, NULL), &i, sizeof i);
    }
    assert_int_equal(intern.count, COUNT);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_bytes_get_the_same_number),
    cmocka_unit_test(numbers_stay_through_growth),
};
UNIT_MAIN(tests)
