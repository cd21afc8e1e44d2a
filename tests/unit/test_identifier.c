#include "unit/chain_fixture.h"

#include "base/map.h"
#include "chain/identifier.h"

static const char chain_text[] =
    "aaaa; bbbb <aaaa :left; cccc <aaaa :right; dddd <bbbb; eeee <cccc; "
    "ffff <dddd; xxxx :other; yyyy <xxxx +eeee; abcd1 <ffff; abcd2 <abcd1";

struct stage {
    struct arena arena;
    struct chain *chain;
};

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    arena_init(&stage->arena);
    stage->chain = chain_of(&stage->arena, chain_text);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    chain_free(stage->chain);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

static void takes_words_apart(void **state)
{
    static const struct {
        const char *text, *label, *symbol;
        int steps;
        bool is_relative;
    } cases[] = {
        {"head", NULL, "head", 0, false},
        {"ae10", NULL, "ae10", 0, false},
        {"+1", NULL, NULL, 1, true},
        {"-2", NULL, NULL, -2, true},
        {"ae10+2", NULL, "ae10", 2, true},
        {"head-1", NULL, "head", -1, true},
        {"left@head", "left", "head", 0, false},
        {"left@-3", "left", NULL, -3, true},
        {"left@ae10+1", "left", "ae10", 1, true},
        {"a@b@head", "a@b", "head", 0, false},
        {"left@", "left", "", 0, false},
        {"", NULL, "", 0, false},
        {"+", NULL, "+", 0, false},
        {"-", NULL, "-", 0, false},
        {"+1+1", NULL, "+1+1", 0, false}, /* no word before the last: a name that nothing has */
        {"a.b+1", NULL, "a.b+1", 0, false},
        {"1+1x", NULL, "1+1x", 0, false},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct identifier found = identifier_parse(&stage->arena, cases[i].text);
        assert_int_equal(found.label != NULL, cases[i].label != NULL);
        if (found.label)
            assert_string_equal(found.label, cases[i].label);
        assert_int_equal(found.symbol != NULL, cases[i].symbol != NULL);
        if (found.symbol)
            assert_string_equal(found.symbol, cases[i].symbol);
        assert_int_equal(found.steps, cases[i].steps);
        assert_int_equal(found.is_relative, cases[i].is_relative);
    }
}

static void leaves_the_chain_with_any_number_of_steps(void **state)
{
    struct stage *stage = *state;
    assert_true(identifier_parse(&stage->arena, "+99999999999999999999").steps > 1000000);
    assert_true(identifier_parse(&stage->arena, "-99999999999999999999").steps < -1000000);
}

static void knows_what_only_a_tenant_can_answer(void **state)
{
    static const struct {
        const char *text;
        bool needs;
    } cases[] = {
        {"+1", true},    {"-1", true},           {"left@-1", true}, {"current", true},
        {"head", false}, {"aaaa", false},        {"aaaa+1", false}, {"left@head", false},
        {"base", false}, {"left@aaaa-1", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(identifier_needs_rows(cases[i].text), cases[i].needs);
}

static const char *names(struct stage *stage, struct revisions found)
{
    const char *text = "";
    for (size_t i = 0; i < found.count; i++)
        text = arena_printf(&stage->arena, "%s%s%s", text, i ? " " : "",
                            stage->chain->revisions[found.items[i]]->id);
    return text;
}

static void finds_what_they_mean(void **state)
{
    static const struct {
        const char *text, *found; /* NULL: refused, and `says` is why */
        const char *says;
    } cases[] = {
        {"base", "", NULL},
        {"aaaa", "aaaa", NULL},
        {"aa", "aaaa", NULL},
        {"a", NULL, "several revisions start with 'a'"},
        {"abcd", NULL, "several revisions start with 'abcd'"},
        {"abcd1", "abcd1", NULL},
        {"left", "bbbb", NULL},
        {"le", "bbbb", NULL},
        {"zzzz", NULL, "can't locate revision identified by 'zzzz'"},
        {"AAAA", NULL, "can't locate"},
        {"", NULL, "can't locate"},
        {"aaaa ", NULL, "can't locate"},
        {"head", NULL, "multiple head revisions are present for 'head'"},
        {"heads", "yyyy abcd2", NULL}, /* eeee is implied by yyyy, which depends on it */
        {"left@head", "abcd2", NULL},
        {"right@head", "eeee", NULL},
        {"other@head", "yyyy", NULL},
        {"left@heads", "abcd2", NULL},
        {"aaaa@head", NULL, "multiple head revisions"}, /* both branches come of it */
        {"dddd@head", "abcd2", NULL},                   /* an id stands for its branch */
        {"left@base", "", NULL},
        {"left@dddd", "dddd", NULL},
        {"left@d", "dddd", NULL},
        {"right@dddd", NULL, "'dddd' is not a member of branch 'right'"},
        {"nowhere@head", NULL, "no such branch: 'nowhere'"},
        {"nowhere@dddd", NULL, "no such branch: 'nowhere'"},
        {"nowhere@base", NULL, "no such branch: 'nowhere'"},
        {"bbbb+1", "dddd", NULL},
        {"bbbb+2", "ffff", NULL},
        {"bbbb-1", "aaaa", NULL},
        {"bbbb-2", "", NULL}, /* base */
        {"bbbb-3", NULL, "didn't produce 3 migrations"},
        {"aaaa+1", NULL, "ambiguous walk"},
        {"right@aaaa+1", "cccc", NULL},
        {"left@aaaa+2", "dddd", NULL},
        {"eeee+1", NULL, "didn't produce 1 migrations"}, /* a dependency is no way up */
        {"yyyy-1", "xxxx", NULL},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        struct revisions found;
        struct lookup in = {&stage->arena, stage->chain, &err};
        bool is_good = identifier_find(&in, cases[i].text, NULL, &found);
        const char *text = is_good ? names(stage, found) : err.text;
        bool is_expected = cases[i].found ? is_good && strcmp(text, cases[i].found) == 0
                                          : !is_good && strstr(text, cases[i].says);
        if (!is_expected)
            fail_msg("'%s': %s", cases[i].text, text);
        if (!is_good)
            assert_int_equal(err.kind, ERR_CHAIN);
    }
}

static void takes_current_for_the_rows(void **state)
{
    struct stage *stage = *state;
    const uint32_t items[] = {chain_get(stage->chain, "bbbb")->index,
                              chain_get(stage->chain, "eeee")->index};
    struct revisions rows = {items, ARRAY_LEN(items)}, found;
    struct err err;
    struct lookup in = {&stage->arena, stage->chain, &err};
    assert_true(identifier_find(&in, "current", &rows, &found));
    assert_string_equal(names(stage, found), "bbbb eeee");
    assert_false(identifier_find(&in, "current", NULL, &found));
}

static void wants_one_where_one_is_meant(void **state)
{
    struct stage *stage = *state;
    struct err err;
    uint32_t found;
    struct lookup in = {&stage->arena, stage->chain, &err};
    assert_true(identifier_locate_one(&in, NULL, "base", &found));
    assert_int_equal(found, MAP_NONE);
    assert_true(identifier_locate_one(&in, NULL, "ffff", &found));
    assert_string_equal(stage->chain->revisions[found]->id, "ffff");
    assert_false(identifier_locate_one(&in, NULL, "heads", &found));
    assert_int_equal(err.kind, ERR_CHAIN);
}

static const struct CMUnitTest tests[] = {
    CASE(takes_words_apart),
    CASE(leaves_the_chain_with_any_number_of_steps),
    CASE(knows_what_only_a_tenant_can_answer),
    CASE(finds_what_they_mean),
    CASE(takes_current_for_the_rows),
    CASE(wants_one_where_one_is_meant),
};

UNIT_MAIN(tests)
