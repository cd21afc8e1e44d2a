#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "inventory/selector.h"

/* A tenant of the tests: tier=canary, region=eu, empty= */
static const char *label(const void *ctx, const char *key)
{
    static const char *const labels[][2] = {
        {"tier", "canary"}, {"region", "eu"}, {"empty", ""}, {"server", "db1:5432"}, {"in", "1"},
    };
    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        if (strcmp(labels[i][0], key) == 0)
            return labels[i][1];
    return NULL;
}

static void selects_as_kubernetes_does(void **state)
{
    static const struct {
        const char *text;
        bool matches;
    } cases[] = {
        {"", true},
        {"  ", true},
        {"tier=canary", true},
        {"tier==canary", true},
        {" tier = canary ", true},
        {"tier=free", false},
        {"tier=", false},
        {"empty=", true},
        {"absent=", false},
        {"tier!=free", true},
        {"tier!=canary", false},
        {"absent!=x", true},
        {"absent notin (x,y)", true},
        {"region in (eu,us)", true},
        {"region in(us)", false},
        {"region in ( us , eu )", true},
        {"region notin (eu)", false},
        {"region notin (us)", true},
        {"empty in (,x)", true},
        {"empty in ()", true},
        {"tier", true},
        {"absent", false},
        {"!tier", false},
        {"! absent", true},
        {"tier=canary,region in (eu,us),!legacy", true},
        {"tier=canary,region in (eu,us),!region", false},
        {"server=db1:5432", true},
        {"in in (1)", true},
        {"in", true},
        {"inner", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct err err;
        arena_init(&arena);
        const struct selector *selector = selector_parse(&arena, cases[i].text, &err);
        if (!selector)
            fail_msg("%s: %s", cases[i].text, err.text);
        if (selector_matches(selector, label, NULL) != cases[i].matches)
            fail_msg("'%s' must be %d", cases[i].text, cases[i].matches);
        arena_done(&arena);
    }
}

static void names_the_place_of_a_fault(void **state)
{
    static const struct {
        const char *text;
        int at;
    } cases[] = {
        {",", 1},           {"a,", 3},      {"a,,b", 3},        {"=x", 1},   {"a in", 5},
        {"a in x", 6},      {"a in (x", 8}, {"a=b=c", 4},       {"a b", 3},  {"!", 2},
        {"!a=b", 3},        {"a>1", 2},     {"a in (x) y", 10}, {"(a)", 1},  {"a\nb", 2},
        {"a:b", 2},         {"a~b", 2},     {"a=b|c=d", 6},     {"a*", 2},   {"a=b c", 5},
        {"a=b and c=d", 5}, {"a<>b", 2},    {"'a'=b", 1},       {"!a!b", 3},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct err err = {0};
        char place[32];
        arena_init(&arena);
        if (selector_parse(&arena, cases[i].text, &err))
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(err.kind, ERR_CONFIG);
        snprintf(place, sizeof place, "character %d:", cases[i].at);
        if (!strstr(err.text, place) || !strstr(err.text, "'tier in (canary,free)'"))
            fail_msg("'%s': %s", cases[i].text, err.text);
        arena_done(&arena);
    }
}

static void lists_what_it_names(void **state)
{
    static const struct selector_word words[] = {
        {"tier", "canary", false}, {"region", "eu", true}, {"region", "us", true},
        {"legacy", NULL, true},    {"paid", NULL, false},  {"name", "t0*", true},
    };
    struct arena arena;
    struct err err;
    struct selector_word word;
    (void)state;
    arena_init(&arena);
    const struct selector *selector =
        selector_parse(&arena, "tier=canary, region notin (eu,us), !legacy, paid, name!=t0*", &err);
    assert_non_null(selector);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_true(selector_word_at(selector, i, &word));
        assert_string_equal(word.key, words[i].key);
        assert_int_equal(word.value == NULL, words[i].value == NULL);
        if (word.value)
            assert_string_equal(word.value, words[i].value);
        assert_int_equal(word.is_denied, words[i].is_denied);
    }
    assert_false(selector_word_at(selector, ARRAY_LEN(words), &word));
    arena_done(&arena);
}

static void knows_what_a_label_is_made_of(void **state)
{
    (void)state;
    assert_true(selector_is_label("app.io/tier_1-x", true));
    assert_true(selector_is_label("größe", true));
    assert_false(selector_is_label("a/b", false));
    assert_false(selector_is_label("t0*", false));
    assert_false(selector_is_label("db1:5432", false));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lists_what_it_names),
    cmocka_unit_test(knows_what_a_label_is_made_of),
    cmocka_unit_test(selects_as_kubernetes_does),
    cmocka_unit_test(names_the_place_of_a_fault),
};

UNIT_MAIN(tests)
