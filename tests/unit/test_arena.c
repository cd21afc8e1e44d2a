#include "unit/unit.h"

#include <stdalign.h>

#include "base/arena.h"

static bool is_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

static void gives_aligned_zeroed_memory(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 8, 16, 17, 1000, 1024, 1025, 100000, 1 << 20};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            char *bytes = arena_alloc(&arena, sizes[i]);
            assert_non_null(bytes);
            assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
            assert_true(is_zero(bytes, sizes[i]));
            memset(bytes, 0xff, sizes[i]);
        }
    arena_done(&arena);
    assert_int_equal(arena.used_bytes, 0);
}

/* Every allocation has its own bytes, whatever the chunks. */
static void keeps_allocations_apart(void **state)
{
    enum { COUNT = 3000 };
    struct arena arena;
    static unsigned char *items[COUNT];
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT; i++) {
        items[i] = arena_alloc(&arena, i % 97 + 1);
        memset(items[i], (int)(i % 251), i % 97 + 1);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t b = 0; b < i % 97 + 1; b++)
            assert_int_equal(items[i][b], i % 251);
    arena_done(&arena);
}

static void copies_texts(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    assert_null(arena_strdup(&arena, NULL));
    assert_null(arena_strndup(&arena, NULL, 3));
    assert_string_equal(arena_strdup(&arena, ""), "");
    assert_string_equal(arena_strdup(&arena, "acme"), "acme");
    assert_string_equal(arena_strndup(&arena, "acme", 2), "ac");
    assert_memory_equal(arena_strndup(&arena, "a\0b", 3), "a\0b", 4);
    assert_string_equal(arena_printf(&arena, "%s-%d", "acme", 7), "acme-7");
    assert_int_equal(strlen(arena_printf(&arena, "%05000d", 1)), 5000);
    arena_done(&arena);
}

static void grows_arrays(void **state)
{
    struct arena arena;
    size_t *items = NULL;
    size_t count = 0, capacity = 0;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < 1000; i++) {
        *ARENA_PUSH(&arena, items, count, capacity) = i * i;
        assert_true(capacity >= count);
    }
    assert_int_equal(count, 1000);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(items[i], i * i);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(gives_aligned_zeroed_memory),
    cmocka_unit_test(keeps_allocations_apart),
    cmocka_unit_test(copies_texts),
    cmocka_unit_test(grows_arrays),
};

UNIT_MAIN(tests)
