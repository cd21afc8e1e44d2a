#include "unit/chain_fixture.h"

#include "base/buf.h"
#include "plan/plan.h"

enum { LIST_MAX = 4 };

/* `texts` and `rows` are lists with blanks. The steps are written as `id(changes)`, `-id(changes)`
 * for one back, `id=(changes)` for a stamp; changes as `+row`, `-row`, `row>row`. */
struct plan_case {
    enum plan_command command;
    const char *texts, *rows, *steps;
    const char *refused; /* what the error says, where there is no plan */
};

static size_t list_of(struct arena *arena, const char *text, const char *ret_items[LIST_MAX])
{
    size_t count = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        assert_true(count < LIST_MAX);
        ret_items[count++] = arena_strndup(arena, text, len);
        text += len;
        text += strspn(text, " ");
    }
    return count;
}

static void add_change(struct buf *buf, const struct version_change *change)
{
    if (change->kind == VERSION_INSERT)
        buf_addf(buf, "+%s", change->to);
    else if (change->kind == VERSION_DELETE)
        buf_addf(buf, "-%s", change->from);
    else
        buf_addf(buf, "%s>%s", change->from, change->to);
}

static void add_step(struct buf *buf, const struct step *step, bool is_stamp)
{
    buf_adds(buf, buf->len ? " " : "");
    if (!is_stamp && step->direction == DIRECTION_DOWN)
        buf_addc(buf, '-');
    buf_adds(buf, step->revision ? step->revision->id : "base");
    buf_adds(buf, is_stamp ? "=(" : "(");
    for (size_t i = 0; i < step->change_count; i++) {
        buf_adds(buf, i ? "," : "");
        add_change(buf, &step->changes[i]);
    }
    buf_addc(buf, ')');
}

static bool build(struct arena *arena, const struct chain *chain, const struct plan_case *wanted,
                  struct plan *ret_plan, struct err *err)
{
    const char *texts[LIST_MAX], *rows[LIST_MAX];
    struct lookup in = {arena, chain, err};
    size_t text_count = list_of(arena, wanted->texts, texts);
    size_t row_count = list_of(arena, wanted->rows, rows);
    struct target target = {.command = wanted->command, .texts = texts, .count = text_count};
    return target_check(&in, &target) &&
           plan_build(&in, &target, &(struct rows){rows, row_count, true}, ret_plan);
}

/* Whatever the plan, making its changes one by one leads from its `from` to its `to`. */
static void expect_rows_to_add_up(const struct plan *plan)
{
    const char *rows[CHAIN_MAX];
    size_t count = plan->from.count;
    for (size_t i = 0; i < count; i++)
        rows[i] = plan->from.ids[i];
    for (size_t s = 0; s < plan->count; s++)
        for (size_t c = 0; c < plan->steps[s].change_count; c++) {
            const struct version_change *change = &plan->steps[s].changes[c];
            size_t at = 0;
            while (change->from && at < count && strcmp(rows[at], change->from) != 0)
                at++;
            if (change->kind != VERSION_INSERT)
                assert_true(at < count); /* the row is there */
            if (change->kind == VERSION_DELETE)
                rows[at] = rows[--count];
            else
                rows[change->kind == VERSION_INSERT ? count++ : at] = change->to;
        }
    assert_int_equal(count, plan->to.count);
    for (size_t t = 0; t < plan->to.count; t++) {
        size_t at = 0;
        while (at < count && strcmp(rows[at], plan->to.ids[t]) != 0)
            at++;
        assert_true(at < count);
        assert_true(!t || strcmp(plan->to.ids[t - 1], plan->to.ids[t]) < 0); /* sorted */
    }
}

static void expect_plans(const char *chain_text, const struct plan_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct plan plan;
        struct err err = {0};
        struct buf steps;
        arena_init(&arena);
        buf_init(&steps, BUF_MAX_DEFAULT);
        struct chain *chain = chain_of(&arena, chain_text);
        bool is_good = build(&arena, chain, &cases[i], &plan, &err);
        for (size_t s = 0; is_good && s < plan.count; s++)
            add_step(&steps, &plan.steps[s], cases[i].command == PLAN_STAMP);
        const char *found = is_good ? steps.data : err.text;
        bool is_expected = cases[i].refused ? !is_good && strstr(err.text, cases[i].refused)
                                            : is_good && strcmp(found, cases[i].steps) == 0;
        if (!is_expected)
            fail_msg("%d '%s' from '%s': %s", cases[i].command, cases[i].texts, cases[i].rows,
                     found);
        if (is_good)
            expect_rows_to_add_up(&plan);
        else
            assert_int_equal(err.kind, ERR_CHAIN);
        buf_done(&steps);
        chain_free(chain);
        arena_done(&arena);
    }
}

static void goes_along_a_line(void **state)
{
    static const struct plan_case cases[] = {
        {PLAN_UPGRADE, "head", "", "aaaa(+aaaa) bbbb(aaaa>bbbb) cccc(bbbb>cccc)", NULL},
        {PLAN_UPGRADE, "heads", "aaaa", "bbbb(aaaa>bbbb) cccc(bbbb>cccc)", NULL},
        {PLAN_UPGRADE, "bbbb", "", "aaaa(+aaaa) bbbb(aaaa>bbbb)", NULL},
        {PLAN_UPGRADE, "bb", "aaaa", "bbbb(aaaa>bbbb)", NULL},
        {PLAN_UPGRADE, "head", "cccc", "", NULL},
        {PLAN_UPGRADE, "aaaa", "cccc", "", NULL}, /* stands there already */
        {PLAN_UPGRADE, "+1", "", "aaaa(+aaaa)", NULL},
        {PLAN_UPGRADE, "+2", "aaaa", "bbbb(aaaa>bbbb) cccc(bbbb>cccc)", NULL},
        {PLAN_UPGRADE, "aaaa+1", "", "aaaa(+aaaa) bbbb(aaaa>bbbb)", NULL},
        {PLAN_UPGRADE, "cccc-1", "", "aaaa(+aaaa) bbbb(aaaa>bbbb)", NULL},
        {PLAN_UPGRADE, "aaaa +1", "", "aaaa(+aaaa) bbbb(aaaa>bbbb)", NULL}, /* in turn */
        {PLAN_UPGRADE, "+1", "cccc", NULL, "didn't produce 1 migrations"},
        {PLAN_UPGRADE, "+3", "aaaa", NULL, "didn't produce 3 migrations"},
        {PLAN_UPGRADE, "-1", "cccc", NULL, "didn't produce"},
        {PLAN_UPGRADE, "zzzz", "", NULL, "can't locate revision identified by 'zzzz'"},
        {PLAN_UPGRADE, "head", "zzzz", NULL, "can't locate revision identified by 'zzzz'"},
        {PLAN_UPGRADE, "head", "bbb", NULL, "can't locate"}, /* rows are whole ids */
        {PLAN_DOWNGRADE, "base", "bbbb", "-bbbb(bbbb>aaaa) -aaaa(-aaaa)", NULL},
        {PLAN_DOWNGRADE, "aaaa", "bbbb", "-bbbb(bbbb>aaaa)", NULL},
        {PLAN_DOWNGRADE, "-1", "bbbb", "-bbbb(bbbb>aaaa)", NULL},
        {PLAN_DOWNGRADE, "-2", "bbbb", "-bbbb(bbbb>aaaa) -aaaa(-aaaa)", NULL},
        {PLAN_DOWNGRADE, "-1 -1", "bbbb", "-bbbb(bbbb>aaaa) -aaaa(-aaaa)", NULL},
        {PLAN_DOWNGRADE, "bbbb-1", "bbbb", "-bbbb(bbbb>aaaa)", NULL},
        {PLAN_DOWNGRADE, "bbbb", "bbbb", "", NULL},
        {PLAN_DOWNGRADE, "base", "", "", NULL},
        {PLAN_DOWNGRADE, "-3", "bbbb", NULL, "didn't produce 3 migrations"},
        {PLAN_DOWNGRADE, "+1", "aaaa", NULL, "didn't produce"},
        {PLAN_DOWNGRADE, "bbbb", "aaaa", NULL, "not a valid downgrade target"},
        {PLAN_DOWNGRADE, "bbbb", "", NULL, "not a valid downgrade target"},
        {PLAN_DOWNGRADE, "base", "cccc", NULL, "'cccc' is irreversible"},
        {PLAN_STAMP, "head", "", "cccc=(+cccc)", NULL},
        {PLAN_STAMP, "aaaa", "cccc", "aaaa=(cccc>aaaa)", NULL},
        {PLAN_STAMP, "cccc", "aaaa", "cccc=(aaaa>cccc)", NULL},
        {PLAN_STAMP, "base", "cccc", "base=(-cccc)", NULL},
        {PLAN_STAMP, "cccc", "cccc", "", NULL},
        {PLAN_STAMP, "base", "", "", NULL},
    };
    (void)state;
    expect_plans("aaaa; bbbb <aaaa; cccc <bbbb !", cases, ARRAY_LEN(cases));
}

static void keeps_branches_apart(void **state)
{
    static const struct plan_case cases[] = {
        {PLAN_UPGRADE, "head", "", NULL, "multiple head revisions"},
        {PLAN_UPGRADE, "left@head", "", "aaaa(+aaaa) bbbb(aaaa>bbbb) dddd(bbbb>dddd)", NULL},
        {PLAN_UPGRADE, "left@head", "eeee", "bbbb(+bbbb) dddd(bbbb>dddd)", NULL},
        {PLAN_UPGRADE, "left@+1", "aaaa", "bbbb(aaaa>bbbb)", NULL},
        {PLAN_UPGRADE, "left@+1", "bbbb eeee", "dddd(bbbb>dddd)", NULL},
        {PLAN_UPGRADE, "+1", "aaaa", NULL, "ambiguous walk"},
        {PLAN_UPGRADE, "dddd eeee", "bbbb", "dddd(bbbb>dddd) cccc(+cccc) eeee(cccc>eeee)", NULL},
        {PLAN_UPGRADE, "heads", "dddd eeee", "", NULL},
        {PLAN_UPGRADE, "heads", "aaaa dddd", NULL, "overlaps"}, /* one implies the other */
        {PLAN_UPGRADE, "middle@head", "", NULL, "no such branch: 'middle'"},
        {PLAN_UPGRADE, "left@eeee", "", NULL, "not a member of branch"},
        {PLAN_DOWNGRADE, "-1", "dddd eeee", NULL, "ambiguous"},
        {PLAN_DOWNGRADE, "left@-1", "dddd eeee", "-dddd(dddd>bbbb)", NULL},
        {PLAN_DOWNGRADE, "left@-2", "dddd eeee", "-dddd(dddd>bbbb) -bbbb(-bbbb)", NULL},
        {PLAN_DOWNGRADE, "bbbb", "dddd eeee", "-dddd(dddd>bbbb)", NULL},
        {PLAN_DOWNGRADE, "-1", "dddd", "-dddd(dddd>bbbb)", NULL},
        {PLAN_DOWNGRADE, "middle@-1", "dddd", NULL, "no such branch: 'middle'"},
        {PLAN_STAMP, "heads", "", "dddd=(+dddd) eeee=(+eeee)", NULL},
        {PLAN_STAMP, "cccc", "dddd eeee", "cccc=(eeee>cccc)", NULL},
        {PLAN_STAMP, "left@base", "dddd eeee", "base=(-dddd)", NULL},
        {PLAN_STAMP, "base", "dddd eeee", "base=(-dddd,-eeee)", NULL},
    };
    (void)state;
    expect_plans("aaaa; bbbb <aaaa :left; cccc <aaaa :right; dddd <bbbb; eeee <cccc", cases,
                 ARRAY_LEN(cases));
}

/* Both branches have to go before their common root does. */
static void takes_both_branches_back(void **state)
{
    static const char chain[] = "aaaa; bbbb <aaaa :left; cccc <aaaa :right; dddd <bbbb; eeee <cccc";
    struct arena arena;
    struct plan plan;
    struct err err;
    (void)state;
    arena_init(&arena);
    struct chain *built = chain_of(&arena, chain);
    assert_true(build(&arena, built,
                      &(struct plan_case){PLAN_DOWNGRADE, "base", "dddd eeee", "", NULL}, &plan,
                      &err));
    assert_int_equal(plan.count, 5);
    assert_string_equal(plan.steps[4].revision->id, "aaaa");
    assert_int_equal(plan.to.count, 0);
    expect_rows_to_add_up(&plan);
    chain_free(built);
    arena_done(&arena);
}

static void joins_and_parts_branches(void **state)
{
    static const struct plan_case cases[] = {
        {PLAN_UPGRADE, "dddd", "bbbb cccc", "dddd(-bbbb,cccc>dddd)", NULL},
        {PLAN_UPGRADE, "dddd", "bbbb", "cccc(+cccc) dddd(-bbbb,cccc>dddd)", NULL},
        {PLAN_UPGRADE, "+1", "dddd", "eeee(dddd>eeee)", NULL},
        {PLAN_UPGRADE, "dddd", "eeee", "", NULL},
        {PLAN_DOWNGRADE, "-1", "eeee", "-eeee(eeee>dddd)", NULL},
        {PLAN_DOWNGRADE, "-2", "eeee", NULL, "merge"},
        {PLAN_DOWNGRADE, "-1", "dddd", NULL, "merge"},
        {PLAN_DOWNGRADE, "bbbb", "dddd", "-dddd(+bbbb,dddd>cccc)", NULL},
        {PLAN_STAMP, "dddd", "bbbb cccc", "dddd=(-bbbb,cccc>dddd)", NULL},
        {PLAN_STAMP, "bbbb", "dddd", "bbbb=(dddd>bbbb)", NULL},
    };
    (void)state;
    expect_plans("aaaa; bbbb <aaaa; cccc <aaaa; dddd <bbbb,cccc; eeee <dddd", cases,
                 ARRAY_LEN(cases));
}

/* A revision that depends on another stands for it in the version table, as for one it revises. */
static void brings_what_is_depended_on(void **state)
{
    static const struct plan_case cases[] = {
        {PLAN_UPGRADE, "bbbb", "", "xxxx(+xxxx) aaaa(+aaaa) bbbb(-aaaa,xxxx>bbbb)", NULL},
        {PLAN_UPGRADE, "bbbb", "aaaa", "xxxx(+xxxx) bbbb(-aaaa,xxxx>bbbb)", NULL},
        {PLAN_UPGRADE, "bbbb", "xxxx", "aaaa(+aaaa) bbbb(-aaaa,xxxx>bbbb)", NULL},
        {PLAN_UPGRADE, "yyyy", "bbbb", "yyyy(+yyyy)", NULL}, /* xxxx has no row of its own */
        {PLAN_UPGRADE, "heads", "bbbb yyyy", "", NULL},
        {PLAN_DOWNGRADE, "-1", "bbbb", "-bbbb(+aaaa,bbbb>xxxx)", NULL},
    };
    (void)state;
    expect_plans("aaaa; bbbb <aaaa +xxxx; xxxx; yyyy <xxxx", cases, ARRAY_LEN(cases));
}

static void knows_several_bases(void **state)
{
    static const struct plan_case cases[] = {
        {PLAN_UPGRADE, "bbbb", "", "aaaa(+aaaa) bbbb(aaaa>bbbb)", NULL},
        {PLAN_UPGRADE, "yyyy", "bbbb", "xxxx(+xxxx) yyyy(xxxx>yyyy)", NULL},
        {PLAN_UPGRADE, "+1", "", NULL, "ambiguous walk"},
        {PLAN_UPGRADE, "second@head", "", "xxxx(+xxxx) yyyy(xxxx>yyyy)", NULL},
        {PLAN_DOWNGRADE, "first@base", "bbbb yyyy", "-bbbb(bbbb>aaaa) -aaaa(-aaaa)", NULL},
        {PLAN_DOWNGRADE, "second@-2", "bbbb yyyy", "-yyyy(yyyy>xxxx) -xxxx(-xxxx)", NULL},
        {PLAN_STAMP, "second@head", "bbbb", "yyyy=(+yyyy)", NULL},
    };
    (void)state;
    expect_plans("aaaa :first; bbbb <aaaa; xxxx :second; yyyy <xxxx", cases, ARRAY_LEN(cases));
}

static void names_what_cannot_be_rolled_back(void **state)
{
    struct arena arena;
    struct plan plan;
    struct err err;
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aaaa; bbbb <aaaa !");
    assert_false(build(&arena, chain, &(struct plan_case){PLAN_DOWNGRADE, "base", "bbbb", "", NULL},
                       &plan, &err));
    assert_string_equal(err.code, PLAN_IRREVERSIBLE);
    assert_string_equal(err.file, "versions/bbbb.sql");
    assert_int_equal(err.line, 1);
    chain_free(chain);
    arena_done(&arena);
}

static void purges_rows_that_name_nothing(void **state)
{
    const char *const texts[] = {"bbbb"}, *const rows[] = {"zzzz", "aaaa"};
    struct arena arena;
    struct target target = {.command = PLAN_STAMP, .texts = texts, .count = 1};
    struct plan plan;
    struct err err;
    (void)state;
    arena_init(&arena);
    struct chain *chain = chain_of(&arena, "aaaa; bbbb <aaaa");
    struct lookup in = {&arena, chain, &err};
    assert_true(target_check(&in, &target));
    assert_false(plan_build(&in, &target, &(struct rows){rows, 2, true}, &plan));
    target.purges = true;
    assert_true(plan_build(&in, &target, &(struct rows){rows, 2, true}, &plan));
    expect_rows_to_add_up(&plan);
    assert_int_equal(plan.to.count, 1);
    assert_string_equal(plan.to.ids[0], "bbbb");
    chain_free(chain);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(goes_along_a_line),
    cmocka_unit_test(keeps_branches_apart),
    cmocka_unit_test(takes_both_branches_back),
    cmocka_unit_test(joins_and_parts_branches),
    cmocka_unit_test(brings_what_is_depended_on),
    cmocka_unit_test(knows_several_bases),
    cmocka_unit_test(names_what_cannot_be_rolled_back),
    cmocka_unit_test(purges_rows_that_name_nothing),
};

UNIT_MAIN(tests)
