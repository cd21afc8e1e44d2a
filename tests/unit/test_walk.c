#include "unit/chain_fixture.h"

#include "chain/walk.h"

static const char *names(struct arena *arena, const struct chain *chain, const bool *set)
{
    const char *text = "";
    for (size_t i = 0; i < chain->count; i++)
        if (set[i])
            text = arena_printf(arena, "%s%s%s", text, *text ? " " : "", chain->revisions[i]->id);
    return text;
}

static void follows_the_edges_it_is_told_to(void **state)
{
    static const struct {
        const char *from;
        enum walk_edges edges;
        const char *reached;
    } cases[] = {
        {"aaaa", WALK_DOWN, "aaaa"},
        {"dddd", WALK_DOWN, "aaaa bbbb cccc dddd"},
        {"dddd", WALK_PARENTS, "aaaa bbbb cccc dddd xxxx"},
        {"xxxx", WALK_NEXT, "xxxx yyyy"},
        {"xxxx", WALK_ALL_NEXT, "cccc dddd xxxx yyyy"},
        {"aaaa", WALK_NEXT, "aaaa bbbb cccc dddd"},
        {"yyyy", WALK_PARENTS, "xxxx yyyy"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    struct chain *chain =
        chain_of(&arena, "aaaa; bbbb <aaaa; cccc <aaaa +xxxx; dddd <bbbb,cccc; xxxx; yyyy <xxxx");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool *set = walk_new_set(&arena, chain);
        walk_mark(chain, set, chain_get(chain, cases[i].from)->index, cases[i].edges);
        assert_string_equal(names(&arena, chain, set), cases[i].reached);
    }
    const uint32_t both[] = {chain_get(chain, "bbbb")->index, chain_get(chain, "yyyy")->index};
    struct revisions from = {both, ARRAY_LEN(both)};
    const bool *set = walk_from(&arena, chain, from, WALK_DOWN);
    assert_string_equal(names(&arena, chain, set), "aaaa bbbb xxxx yyyy");
    chain_free(chain);
    arena_done(&arena);
}

static void filters_in_the_order_of_the_list(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aaaa; bbbb <aaaa; cccc <bbbb");
    const uint32_t items[] = {2, 0, 1, 2};
    bool set[4] = {true, false, true, false};
    struct revisions found = walk_filter(&arena, (struct revisions){items, ARRAY_LEN(items)}, set);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.items[0], 2);
    assert_int_equal(found.items[1], 0);
    assert_int_equal(found.items[2], 2);
    chain_free(chain);
    arena_done(&arena);
}

/* Whatever the graph and the set: each once, and no revision before its parents. */
static void expect_order(const struct chain *chain, const bool *set, const uint32_t *order,
                         size_t count)
{
    bool seen[CHAIN_MAX] = {false};
    size_t wanted = 0;
    for (size_t i = 0; i < chain->count; i++)
        wanted += set[i];
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < count; i++) {
        const struct revision *revision = chain->revisions[order[i]];
        assert_true(set[order[i]] && !seen[order[i]]);
        for (size_t p = 0; p < revision->parent_count; p++)
            assert_true(!set[revision->parents[p]] || seen[revision->parents[p]]);
        seen[order[i]] = true;
    }
}

static void puts_parents_before_children(void **state)
{
    uint32_t seed = 3;
    (void)state;
    for (int round = 0; round < 500; round++) {
        struct arena arena;
        const char *text = "";
        uint32_t order[CHAIN_MAX];
        bool set[CHAIN_MAX + 1] = {false};
        arena_init(&arena);
        for (int i = 0; i < 10; i++) { /* each names some of those before it */
            const char *revises = "", *depends = "";
            for (int other = 0; other < i; other++) {
                seed = seed * 1664525u + 1013904223u;
                unsigned dice = seed >> 24;
                if (dice < 50)
                    revises =
                        arena_printf(&arena, "%s%sr%03d", revises, *revises ? "," : "<", other);
                else if (dice < 80)
                    depends =
                        arena_printf(&arena, "%s%sr%03d", depends, *depends ? "," : "+", other);
            }
            text = arena_printf(&arena, "%sr%03d %s %s;", text, i, revises, depends);
        }
        struct chain *chain = chain_of(&arena, text);
        seed = seed * 1664525u + 1013904223u;
        for (size_t i = 0; i < chain->count; i++) /* all of it, or all above a place */
            set[i] = round % 2 == 0 || i >= (seed >> 24) % 10;
        expect_order(chain, set, order, walk_sort(chain, set, order));
        chain_free(chain);
        arena_done(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(follows_the_edges_it_is_told_to),
    cmocka_unit_test(filters_in_the_order_of_the_list),
    cmocka_unit_test(puts_parents_before_children),
};

UNIT_MAIN(tests)
