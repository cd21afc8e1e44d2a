#include "unit/chain_fixture.h"

#include "chain/range.h"

/* A branch that merges again, and a second line that depends on the first. */
static const char chain_text[] =
    "aaaa; bbbb <aaaa; cccc <bbbb :left; dddd <bbbb :right; eeee <cccc,dddd; "
    "xxxx :other; yyyy <xxxx +dddd; zzzz <yyyy";

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

/* The ids of the list, or the error. */
static const char *list(struct stage *stage, const char *text, const struct revisions *rows)
{
    struct range range;
    struct revisions found;
    struct err err;
    const char *words = "";
    struct lookup in = {&stage->arena, stage->chain, &err};
    if (!range_parse(&stage->arena, text, &range, &err) || !range_list(&in, &range, rows, &found)) {
        assert_int_equal(err.kind, ERR_CHAIN);
        return arena_strdup(&stage->arena, err.text);
    }
    for (size_t i = 0; i < found.count; i++)
        words = arena_printf(&stage->arena, "%s%s%s", words, i ? " " : "",
                             stage->chain->revisions[found.items[i]]->id);
    return words;
}

static void lists_what_stands_between(void **state)
{
    static const char *const cases[][2] = {
        {":", "eeee cccc zzzz yyyy xxxx dddd bbbb aaaa"},
        {"base:heads", "eeee cccc zzzz yyyy xxxx dddd bbbb aaaa"},
        {":bbbb", "bbbb aaaa"},
        {"bbbb:", "eeee cccc dddd bbbb"}, /* zzzz only depends on dddd */
        {"bbbb:eeee", "eeee cccc dddd bbbb"},
        {"cccc:eeee", "eeee cccc"},
        {"eeee:eeee", "eeee"},
        {"bbbb:+1", "ambiguous walk: 'cccc' and 'dddd' both follow"},
        {"bbbb:left@+1", "cccc bbbb"},
        {"aaaa:+1", "bbbb aaaa"},
        {"xxxx:+9", "zzzz yyyy xxxx"}, /* ends where the chain does */
        {"-1:cccc", "cccc bbbb"},
        {"-9:cccc", "cccc bbbb aaaa"},
        {"-1:eeee", "ambiguous walk: revision 'eeee' is a merge"},
        {"other@base:", "zzzz yyyy xxxx dddd bbbb aaaa"},
        {"left@base:other@head", ""}, /* which does not bear the label */
        {"zzzz@base:zzzz", "zzzz yyyy xxxx dddd bbbb aaaa"},
        {":eeee-1", "ambiguous walk: revision 'eeee' is a merge"},
        {":bbbb-1", "aaaa"},
        {":base", ""},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (strcmp(list(stage, cases[i][0], NULL), cases[i][1]) != 0)
            fail_msg("%s: %s", cases[i][0], list(stage, cases[i][0], NULL));
}

static void refuses_what_is_no_range(void **state)
{
    static const char *const cases[][2] = {
        {"aaaa", "range 'aaaa' is not [start]:[end]"},
        {"aaaa:bbbb:cccc", "range 'aaaa:bbbb:cccc' is not [start]:[end]"},
        {"cccc:dddd", "requested range cccc:dddd does not refer to"},
        {"eeee:aaaa", "requested range eeee:aaaa does not refer to"},
        {"nope:", "can't locate revision identified by 'nope'"},
        {":nope", "can't locate revision identified by 'nope'"},
        {"nope@base:", "no such branch: 'nope'"},
        {"-1:+1", "'-1:+1' has no end to count from"},
        {"+1:", "can't locate revision identified by '+1'"},
        {":-1", "relative revision -1 didn't produce 1 migrations"},
        {"heads:+1", "ambiguous range: '+1' counts from one revision, and 'heads' is several"},
        {"current:", "can't locate revision identified by 'current'"},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (strncmp(list(stage, cases[i][0], NULL), cases[i][1], strlen(cases[i][1])) != 0)
            fail_msg("%s: %s", cases[i][0], list(stage, cases[i][0], NULL));
}

static void current_is_the_rows(void **state)
{
    struct stage *stage = *state;
    const uint32_t items[] = {chain_get(stage->chain, "cccc")->index};
    const struct revisions one = {items, 1}, none = {0};
    assert_string_equal(list(stage, ":current", &one), "cccc bbbb aaaa");
    assert_string_equal(list(stage, "current:", &one), "eeee cccc");
    assert_string_equal(list(stage, "-1:current", &one), "cccc bbbb");
    assert_string_equal(list(stage, "current:+1", &one), "eeee cccc");
    assert_string_equal(list(stage, ":current", &none), "");
}

/* Tenants of a fleet may stand at different revisions of one line. */
static void current_may_be_the_rows_of_many(void **state)
{
    struct stage *stage = *state;
    const uint32_t on_a_line[] = {chain_get(stage->chain, "cccc")->index,
                                  chain_get(stage->chain, "aaaa")->index};
    const uint32_t by_dependency[] = {chain_get(stage->chain, "bbbb")->index,
                                      chain_get(stage->chain, "yyyy")->index};
    const struct revisions line = {on_a_line, 2}, dependent = {by_dependency, 2};
    assert_string_equal(list(stage, ":current", &line), "cccc bbbb aaaa");
    assert_string_equal(list(stage, "current:", &line), "eeee cccc dddd bbbb aaaa");
    assert_string_equal(list(stage, "current:current", &line), "cccc bbbb aaaa");
    assert_string_equal(list(stage, "current:", &dependent), "eeee cccc zzzz yyyy dddd bbbb");
}

/* Where a script of `--sql` starts: one absolute identifier. */
static void a_script_starts_at_one_revision(void **state)
{
    static const struct {
        const char *from, *id, *error;
    } cases[] = {
        {NULL, NULL, NULL},
        {"base", NULL, NULL},
        {"bbbb", "bbbb", NULL},
        {"bb", "bbbb", NULL},
        {"left", "cccc", NULL},
        {"other@head", "zzzz", NULL},
        {"left@head", "eeee", NULL},
        {"head", NULL, "multiple head revisions are present"},
        {"heads", NULL,
         "multiple head revisions are present for 'heads': eeee, zzzz; name one of them"},
        {"bbbb+1", NULL, "can't locate revision identified by 'bbbb+1'"},
        {"-1", NULL, "can't locate revision identified by '-1'"},
        {"current", NULL, "can't locate revision identified by 'current'"},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct range range = {.from = cases[i].from};
        struct revisions start = {0};
        struct err err = {0};
        struct lookup in = {&stage->arena, stage->chain, &err};
        bool is_good = range_start(&in, &range, &start);
        if (is_good == (cases[i].error != NULL) ||
            (cases[i].error && strncmp(err.text, cases[i].error, strlen(cases[i].error)) != 0))
            fail_msg("%s: %s", cases[i].from, err.text);
        assert_int_equal(start.count, cases[i].id != NULL);
        if (cases[i].id)
            assert_string_equal(stage->chain->revisions[start.items[0]]->id, cases[i].id);
    }
}

static const struct CMUnitTest tests[] = {
    CASE(lists_what_stands_between),
    CASE(refuses_what_is_no_range),
    CASE(current_is_the_rows),
    CASE(current_may_be_the_rows_of_many),
    CASE(a_script_starts_at_one_revision),
};

UNIT_MAIN(tests)
