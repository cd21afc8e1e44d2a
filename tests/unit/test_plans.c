#include "unit/chain_fixture.h"

#include "rollout/plans.h"

static void makes_one_plan_for_each_place(void **state)
{
    const char *const texts[] = {"heads"};
    const struct target target = {.command = PLAN_UPGRADE, .texts = texts, .count = 1};
    struct arena arena;
    struct err err;
    char row[] = "aaaa";
    const char *const rows[] = {row}, *const others[] = {"bbbb", "cccc"};
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aaaa; bbbb <aaaa; cccc <aaaa");
    struct plans *plans = plans_new(chain, &target);
    const struct plan *from_base = plans_get(plans, NULL, 0, &err);
    const struct plan *from_first = plans_get(plans, rows, 1, &err);
    const struct plan *from_heads = plans_get(plans, others, 2, &err);
    assert_int_equal(from_base->count, 3);
    assert_int_equal(from_first->count, 2);
    assert_int_equal(from_heads->count, 0);
    assert_ptr_equal(plans_get(plans, NULL, 0, &err), from_base);
    assert_ptr_equal(plans_get(plans, (const char *const[]){"aaaa"}, 1, &err), from_first);
    memset(row, 'z', 4); /* the tenant's memory goes: the plan has its own */
    assert_string_equal(from_first->from[0], "aaaa");
    plans_free(plans);
    chain_free(chain);
    arena_done(&arena);
}

static void remembers_a_fault_too(void **state)
{
    const char *const texts[] = {"head"}, *const rows[] = {"zzzz"};
    const struct target target = {.command = PLAN_UPGRADE, .texts = texts, .count = 1};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aaaa");
    struct plans *plans = plans_new(chain, &target);
    for (int i = 0; i < 2; i++) {
        struct err err = {0};
        assert_null(plans_get(plans, rows, 1, &err));
        assert_int_equal(err.kind, ERR_CHAIN);
        assert_non_null(strstr(err.text, "'zzzz'"));
    }
    plans_free(plans);
    plans_free(NULL);
    chain_free(chain);
    arena_done(&arena);
}

/* `aa` and `aa` `bb` are other rows than `aabb`. */
static void tells_rows_apart(void **state)
{
    const char *const texts[] = {"base"};
    const char *const one[] = {"aabb"}, *const two[] = {"aa", "bb"};
    const struct target target = {.command = PLAN_DOWNGRADE, .texts = texts, .count = 1};
    struct arena arena;
    struct err err;
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aabb; aa; bb");
    struct plans *plans = plans_new(chain, &target);
    assert_int_equal(plans_get(plans, one, 1, &err)->count, 1);
    assert_int_equal(plans_get(plans, two, 2, &err)->count, 2);
    assert_int_equal(plans_get(plans, two, 1, &err)->count, 1);
    plans_free(plans);
    chain_free(chain);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(makes_one_plan_for_each_place),
    cmocka_unit_test(remembers_a_fault_too),
    cmocka_unit_test(tells_rows_apart),
};

UNIT_MAIN(tests)
