#include "unit/unit.h"

#include "base/arena.h"
#include "base/notice.h"

static void say(struct notices *notices, struct arena *arena, enum notice_level level,
                const char *text)
{
    notices_add(notices, arena, &(struct notice){.level = level, .text = text});
}

static void equal_ones_are_one(void **state)
{
    struct notices notices = {0};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (int i = 0; i < 3; i++) {
        say(&notices, &arena, NOTICE_NOTICE, "a");
        say(&notices, &arena, NOTICE_WARNING, "a");
        say(&notices, &arena, NOTICE_NOTICE, "b");
    }
    assert_int_equal(notices.count, 9);
    assert_int_equal(notices.warning_count, 3);
    assert_int_equal(notices.kept, 3);
    for (size_t i = 0; i < notices.kept; i++)
        assert_int_equal(notices.items[i].count, 3);
    arena_done(&arena);
}

/* Not a byte more for the second million than for the first. */
static void a_flood_takes_no_room_and_drowns_no_warning(void **state)
{
    struct notices notices = {0};
    struct arena arena;
    char text[SAID_MAX * 2];
    size_t used = 0;
    (void)state;
    arena_init(&arena);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 1000; i++) {
        snprintf(text, 8, "%07d", i);
        text[7] = '-';
        say(&notices, &arena, NOTICE_NOTICE, text);
        used = i == 100 ? arena.used_bytes : used;
    }
    assert_int_equal(notices.count, 1000);
    assert_int_equal(notices.kept, NOTICES_MAX / 2);
    assert_int_equal(arena.used_bytes, used);
    assert_true(strlen(notices.items[0].text) <= SAID_MAX);
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "warning %d", i);
        say(&notices, &arena, NOTICE_WARNING, text);
    }
    assert_int_equal(notices.kept, NOTICES_MAX);
    assert_string_equal(notices.items[NOTICES_MAX / 2].text, "warning 0");
    arena_done(&arena);
}

static void that_a_commit_is_not_replicated_is_never_lost(void **state)
{
    struct notices notices = {0};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "warning %d", i);
        say(&notices, &arena, NOTICE_WARNING, text);
    }
    assert_false(notices_has_unreplicated(&notices));
    for (int i = 0; i < 2; i++)
        notices_add(&notices, &arena,
                    &(struct notice){.level = NOTICE_WARNING,
                                     .is_unreplicated = true,
                                     .text = i ? "in other words" : "committed locally"});
    assert_true(notices_has_unreplicated(&notices));
    assert_int_equal(notices.kept, NOTICES_MAX + 1);
    assert_string_equal(notices.items[NOTICES_MAX].text, "committed locally");
    assert_int_equal(notices.items[NOTICES_MAX].count, 2);
    arena_done(&arena);
}

static void a_copy_outlives_its_arena(void **state)
{
    struct notices notices = {0};
    struct arena arena, other;
    static const struct said said = {.part = {[SAID_HINT] = "listen"}};
    (void)state;
    arena_init(&arena);
    arena_init(&other);
    assert_null(notices_copy(&other, NULL));
    assert_null(notices_copy(&other, &notices));
    notices_add(&notices, &arena,
                &(struct notice){.text = "heard", .code = "01000", .said = &said});
    const struct notices *copy = notices_copy(&other, &notices);
    arena_done(&arena);
    assert_int_equal(copy->kept, 1);
    assert_string_equal(copy->items[0].text, "heard");
    assert_string_equal(copy->items[0].code, "01000");
    assert_string_equal(said_part(copy->items[0].said, SAID_HINT), "listen");
    arena_done(&other);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_ones_are_one),
    cmocka_unit_test(a_flood_takes_no_room_and_drowns_no_warning),
    cmocka_unit_test(that_a_commit_is_not_replicated_is_never_lost),
    cmocka_unit_test(a_copy_outlives_its_arena),
};

UNIT_MAIN(tests)
