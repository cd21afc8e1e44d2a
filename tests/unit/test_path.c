#include "unit/unit.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/texts.h"

static void parts_are_what_a_path_says(void **state)
{
    static const struct {
        const char *path, *name, *folder;
        size_t folder_len;
    } cases[] = {
        {"skein.yaml", "skein.yaml", ".", 0},
        {"/skein.yaml", "skein.yaml", "/", 1},
        {"fleet/skein.yaml", "skein.yaml", "fleet", 6},
        {"/srv/fleet/skein.yaml", "skein.yaml", "/srv/fleet", 11},
        {"./a", "a", ".", 2},
        {"fleet/", "", "fleet", 6},
        {"", "", ".", 0},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(path_name(cases[i].path), cases[i].name);
        assert_string_equal(path_folder(&arena, cases[i].path), cases[i].folder);
        assert_int_equal(path_folder_len(cases[i].path), cases[i].folder_len);
    }
    arena_done(&arena);
}

static void a_link_that_leads_nowhere_is_there(void **state)
{
    char folder[] = "/tmp/skein-path-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(path_is_there(folder));
    struct arena arena;
    arena_init(&arena);
    const char *link = arena_printf(&arena, "%s/link", folder);
    assert_false(path_is_there(link));
    assert_int_equal(symlink("nowhere", link), 0);
    assert_true(path_is_there(link));
    unlink(link);
    rmdir(folder);
    arena_done(&arena);
}

static void lists_are_searched_to_their_end(void **state)
{
    static const char *const texts[] = {"a", "ab", "abc", NULL};
    (void)state;
    assert_true(texts_have(texts, 3, "abc"));
    assert_false(texts_have(texts, 2, "abc"));
    assert_false(texts_have(texts, 0, "a"));
    assert_true(texts_until_null_have(texts, "abc"));
    assert_false(texts_until_null_have(texts, "b"));
    assert_false(texts_until_null_have(texts + 3, "a"));
}

static void the_beginning_of_a_text_comes_before_it(void **state)
{
    (void)state;
    assert_true(texts_compare("ab", 2, "abc", 3) < 0);
    assert_true(texts_compare("abc", 3, "ab", 2) > 0);
    assert_true(texts_compare("b", 1, "abc", 3) > 0);
    assert_true(texts_compare("a\xff", 2, "a~", 2) > 0); /* bytes, not signed letters */
    assert_int_equal(texts_compare("abc", 3, "abcd", 3), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(parts_are_what_a_path_says),
    cmocka_unit_test(a_link_that_leads_nowhere_is_there),
    cmocka_unit_test(lists_are_searched_to_their_end),
    cmocka_unit_test(the_beginning_of_a_text_comes_before_it),
};
UNIT_MAIN(tests)
