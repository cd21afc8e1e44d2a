/* The table of verbs, and what a request may do by it. */
#include "unit/unit.h"

#include "base/arena.h"
#include "event/request.h"

static void every_verb_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERB__COUNT; i++) {
        assert_non_null(verbs[i].name);
        assert_ptr_equal(verb_find(verbs[i].name), &verbs[i]);
        assert_false(verbs[i].is_unknown);
    }
    assert_null(verb_find("rehearse"));
    assert_null(verb_find(""));
}

/* Each row makes sense by itself. */
static void no_row_contradicts_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERB__COUNT; i++) {
        const struct verb *verb = &verbs[i];
        bool has_target =
            (verb->work == WORK_PLAN && !verb->rolls_back) || verb->work == WORK_ACCEPT;
        assert_true(verb->work != WORK_NONE);
        assert_true(!verb->keeps_ledger || (verb->changes && verb->continues));
        assert_true(verb->work != WORK_LOOK || !verb->changes);
        assert_int_equal(has_target, verb->needs_target != (verb->default_target != NULL));
    }
}

static void a_name_that_is_not_in_the_table_is_a_newer_skeins(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    char name[] = "rehearse";
    const struct verb *verb = verb_read(&arena, name);
    name[0] = '?';
    assert_string_equal(verb->name, "rehearse");
    assert_true(verb->is_unknown);
    assert_true(verb->work == WORK_NONE && !verb->rolls_back);
    assert_non_null(verb->continues);
    assert_ptr_equal(verb_read(&arena, "stamp"), &verbs[VERB_STAMP]);
    arena_done(&arena);
}

static void a_dry_run_of_no_verb_changes_anything(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERB__COUNT; i++) {
        struct request request = {.verb = &verbs[i]};
        assert_int_equal(request_changes(&request), verbs[i].changes);
        request.is_dry_run = true;
        assert_false(request_changes(&request));
    }
}

static void a_rollback_goes_by_what_it_rolls_back(void **state)
{
    (void)state;
    struct request request = {.verb = &verbs[VERB_ROLLBACK], .rolled_back = &verbs[VERB_ADOPT]};
    assert_int_equal(request_plan(&request), PLAN_STAMP);
    request.rolled_back = &verbs[VERB_DOWNGRADE];
    assert_int_equal(request_plan(&request), PLAN_DOWNGRADE);
    assert_int_equal(request_plan(&(struct request){.verb = &verbs[VERB_STAMP]}), PLAN_STAMP);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_verb_is_found_by_its_name),
    cmocka_unit_test(no_row_contradicts_itself),
    cmocka_unit_test(a_name_that_is_not_in_the_table_is_a_newer_skeins),
    cmocka_unit_test(a_dry_run_of_no_verb_changes_anything),
    cmocka_unit_test(a_rollback_goes_by_what_it_rolls_back),
};

UNIT_MAIN(tests)
