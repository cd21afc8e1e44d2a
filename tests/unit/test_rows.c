#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "chain/rows.h"

enum { IDS_MAX = 4 };

static void knows_the_same_rows_in_any_order(void **state)
{
    const char *ids[] = {"aaaa", "bbbb"}, *turned[] = {"bbbb", "aaaa"}, *other[] = {"aaaa", "cccc"};
    struct rows rows = {ids, 2, true};
    (void)state;
    assert_true(rows_are_equal(&rows, &(struct rows){turned, 2, true}));
    assert_false(rows_are_equal(&rows, &(struct rows){other, 2, true}));
    assert_false(rows_are_equal(&rows, &(struct rows){ids, 1, true}));
    assert_true(rows_are_equal(&(struct rows){0}, &(struct rows){0}));
    assert_true(rows_have(&rows, "bbbb"));
    assert_false(rows_have(&rows, "bbb"));
}

static void copies_and_sorts_rows(void **state)
{
    char first[] = "bbbb";
    const char *ids[] = {first, "aaaa"};
    struct rows rows = {ids, 2, true};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    struct rows copy = rows_copy(&arena, &rows), sorted = rows_sorted(&arena, ids, 2);
    memset(first, 'x', 4);
    assert_string_equal(copy.ids[0], "bbbb");
    assert_true(copy.is_known);
    assert_string_equal(sorted.ids[0], "aaaa");
    assert_ptr_equal(sorted.ids[1], first);
    assert_false(rows_copy(&arena, &(struct rows){0}).is_known);
    arena_done(&arena);
}

static void changes_rows_and_leaves_the_old_ones(void **state)
{
    const char *ids[] = {"aaaa", "bbbb"}, *other[] = {"aaaa", "cccc"};
    struct rows rows = {ids, 2, true};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    struct rows now =
        rows_changed(&arena, &rows, &(struct version_change){VERSION_UPDATE, "bbbb", "cccc"});
    assert_true(rows_are_equal(&now, &(struct rows){other, 2, true}));
    now = rows_changed(&arena, &now, &(struct version_change){VERSION_INSERT, NULL, "dddd"});
    now = rows_changed(&arena, &now, &(struct version_change){VERSION_DELETE, "aaaa", NULL});
    now = rows_changed(&arena, &now, &(struct version_change){VERSION_DELETE, "cccc", NULL});
    assert_int_equal(now.count, 1);
    assert_string_equal(now.ids[0], "dddd");
    assert_string_equal(ids[1], "bbbb");
    arena_done(&arena);
}

static void finds_the_fewest_version_changes(void **state)
{
    static const struct {
        const char *from[IDS_MAX], *to[IDS_MAX];
        const char *changes;
    } cases[] = {
        {{NULL}, {NULL}, ""},
        {{NULL}, {"a"}, "+a "},
        {{"a"}, {NULL}, "-a "},
        {{"a"}, {"b"}, "a>b "},
        {{"a", "b"}, {"b", "a"}, ""},
        {{"a", "b"}, {"c"}, "a>c -b "},
        {{"a"}, {"b", "a", "c"}, "+b +c "},
        {{"a", "b", "c"}, {"b", "x"}, "a>x -c "},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *from_ids[IDS_MAX], *to_ids[IDS_MAX];
        struct rows from = {from_ids, 0, true}, to = {to_ids, 0, true};
        while (cases[i].from[from.count])
            from_ids[from.count] = cases[i].from[from.count], from.count++;
        while (cases[i].to[to.count])
            to_ids[to.count] = cases[i].to[to.count], to.count++;
        size_t count;
        const struct version_change *changes = rows_diff(&arena, &from, &to, &count);
        const char *text = "";
        for (size_t c = 0; c < count; c++) {
            const struct version_change *change = &changes[c];
            if (change->kind == VERSION_UPDATE)
                text = arena_printf(&arena, "%s%s>%s ", text, change->from, change->to);
            else if (change->kind == VERSION_INSERT)
                text = arena_printf(&arena, "%s+%s ", text, change->to);
            else
                text = arena_printf(&arena, "%s-%s ", text, change->from);
        }
        assert_string_equal(text, cases[i].changes);
    }
    arena_done(&arena);
}

static void keeps_the_same_rows_once(void **state)
{
    const char *ids[] = {"aaaa", "bbbb"}, *joined[] = {"aaaabbbb"};
    struct rows_pool *pool = rows_pool_new();
    (void)state;
    uint32_t unknown = rows_pool_put(pool, &(struct rows){0});
    uint32_t base = rows_pool_put(pool, &(struct rows){.is_known = true});
    uint32_t two = rows_pool_put(pool, &(struct rows){ids, 2, true});
    assert_int_equal(unknown, 0);
    assert_int_not_equal(base, unknown);
    assert_int_equal(rows_pool_put(pool, &(struct rows){ids, 2, true}), two);
    assert_int_not_equal(rows_pool_put(pool, &(struct rows){joined, 1, true}), two);
    assert_false(rows_pool_at(pool, unknown)->is_known);
    assert_true(rows_pool_at(pool, base)->is_known);
    assert_int_equal(rows_pool_at(pool, two)->count, 2);
    rows_pool_free(pool);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(knows_the_same_rows_in_any_order),
    cmocka_unit_test(copies_and_sorts_rows),
    cmocka_unit_test(changes_rows_and_leaves_the_old_ones),
    cmocka_unit_test(finds_the_fewest_version_changes),
    cmocka_unit_test(keeps_the_same_rows_once),
};

UNIT_MAIN(tests)
