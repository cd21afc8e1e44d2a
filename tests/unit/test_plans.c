#include "unit/chain_fixture.h"

#include "rollout/plans.h"

static const struct plan *get(struct plans *plans, const char *const *ids, size_t count,
                              struct err *err)
{
    return plans_get(plans, &(struct rows){ids, count, true}, err);
}

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
    const struct plan *from_base = get(plans, NULL, 0, &err);
    const struct plan *from_first = get(plans, rows, 1, &err);
    const struct plan *from_heads = get(plans, others, 2, &err);
    assert_int_equal(from_base->count, 3);
    assert_int_equal(from_first->count, 2);
    assert_int_equal(from_heads->count, 0);
    assert_ptr_equal(get(plans, NULL, 0, &err), from_base);
    assert_ptr_equal(get(plans, (const char *const[]){"aaaa"}, 1, &err), from_first);
    memset(row, 'z', 4); /* the tenant's memory goes: the plan has its own */
    assert_string_equal(from_first->from.ids[0], "aaaa");
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
        assert_null(get(plans, rows, 1, &err));
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
    assert_int_equal(get(plans, one, 1, &err)->count, 1);
    assert_int_equal(get(plans, two, 2, &err)->count, 2);
    assert_int_equal(get(plans, two, 1, &err)->count, 1);
    plans_free(plans);
    chain_free(chain);
    arena_done(&arena);
}

/* Back to where a tenant stood, or on to where it was going; each way and each goal is a plan of its own. */
static void goes_between_rows(void **state)
{
    const struct target target = {.command = PLAN_UPGRADE};
    const char *const top_ids[] = {"dddd"}, *const left_ids[] = {"bbbb"};
    const struct rows top = {top_ids, 1, true}, left = {left_ids, 1, true},
                      base = {.is_known = true};
    struct arena arena;
    struct err err;
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aaaa; bbbb <aaaa; cccc <aaaa; dddd <bbbb,cccc");
    struct plans *plans = plans_new(chain, &target);
    const struct plan *back =
        plans_between(plans, &(struct between){top, left, .directions = BETWEEN_BOTH}, &err);
    assert_int_equal(back->count, 2);
    assert_string_equal(back->steps[0].revision->id, "dddd");
    assert_string_equal(back->steps[1].revision->id, "cccc");
    assert_int_equal(back->to.count, 1);
    assert_string_equal(back->to.ids[0], "bbbb");
    assert_int_equal(
        plans_between(plans, &(struct between){base, top, .directions = BETWEEN_UP}, &err)->count,
        4);
    assert_int_equal(
        plans_between(plans, &(struct between){base, top, .directions = BETWEEN_DOWN}, &err)->count,
        0);
    assert_int_equal(
        plans_between(plans, &(struct between){top, base, .directions = BETWEEN_BOTH}, &err)
            ->to.count,
        0);
    assert_ptr_equal(
        plans_between(plans, &(struct between){top, left, .directions = BETWEEN_BOTH}, &err), back);
    /* A step that was left half way comes first, where it can. */
    struct between up = {left, top, .directions = BETWEEN_UP},
                   all = {base, top, .directions = BETWEEN_UP};
    all.begun = "aaaa";
    assert_string_equal(plans_between(plans, &all, &err)->steps[0].revision->id, "aaaa");
    all.begun = "dddd";
    assert_string_equal(plans_between(plans, &all, &err)->steps[0].revision->id, "aaaa");
    all.from = (struct rows){&(const char *){"aaaa"}, 1, true};
    for (size_t i = 0; i < 2; i++) {
        all.begun = i ? "cccc" : "bbbb";
        const struct plan *plan = plans_between(plans, &all, &err);
        assert_int_equal(plan->count, 3);
        assert_string_equal(plan->steps[0].revision->id, all.begun);
        assert_string_equal(plan->steps[2].revision->id, "dddd");
    }
    up.begun = "bbbb"; /* done already */
    assert_string_equal(plans_between(plans, &up, &err)->steps[0].revision->id, "cccc");
    assert_true(plan_covers(chain, &top, &left));
    assert_false(plan_covers(chain, &left, &top));
    assert_true(plan_covers(chain, &left, &base));
    plans_free(plans);
    chain_free(chain);
    arena_done(&arena);
}

/* A stamp may replace rows that name no revision, and put them back; nothing else takes them. */
static void stamps_between_rows_that_name_nothing(void **state)
{
    const struct target target = {.command = PLAN_STAMP}, upgrade = {.command = PLAN_UPGRADE};
    const char *const known_ids[] = {"bbbb"}, *const odd_ids[] = {"foo-1.2", "x"};
    const struct rows known = {known_ids, 1, true}, odd = {odd_ids, 2, true};
    struct arena arena;
    struct err err;
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aaaa; bbbb <aaaa");
    struct plans *plans = plans_new(chain, &target), *ups = plans_new(chain, &upgrade);
    struct between there = {odd, known, .directions = BETWEEN_BOTH, .takes_unknown = true};
    struct between back = {known, odd, .directions = BETWEEN_BOTH, .takes_unknown = true};
    const struct plan *plan = plans_between(plans, &there, &err);
    assert_non_null(plan);
    assert_int_equal(plan->count, 1);
    assert_string_equal(plan->steps[0].revision->id, "bbbb");
    assert_int_equal(plan->steps[0].change_count, 2);
    assert_true(rows_are_equal(&plan->from, &odd));
    assert_true(rows_are_equal(&plan->to, &known));
    plan = plans_between(plans, &back, &err);
    assert_non_null(plan);
    assert_null(plan->steps[0].revision);
    assert_true(rows_are_equal(&plan->to, &odd));
    assert_null(plans_between(ups, &there, &err)); /* what would it run? */
    there.takes_unknown = back.takes_unknown = false;
    assert_null(plans_between(plans, &there, &err));
    assert_non_null(strstr(err.text, "'foo-1.2'"));
    assert_null(plans_between(plans, &back, &err));
    plans_free(ups);
    plans_free(plans);
    chain_free(chain);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(makes_one_plan_for_each_place),
    cmocka_unit_test(goes_between_rows),
    cmocka_unit_test(stamps_between_rows_that_name_nothing),
    cmocka_unit_test(remembers_a_fault_too),
    cmocka_unit_test(tells_rows_apart),
};

UNIT_MAIN(tests)
