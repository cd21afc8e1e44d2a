#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "chain/chain.h"

enum { REVISIONS_MAX = 6 };

/* A revision of a test; a NULL id ends the list. */
struct given {
    const char *id, *revises, *depends;
};

static struct chain *build(struct arena *arena, const struct given *given, struct faults *faults)
{
    struct chain_file files[REVISIONS_MAX];
    size_t count = 0;
    for (; count < REVISIONS_MAX && given[count].id; count++) {
        const struct given *one = &given[count];
        const char *bytes = arena_printf(
            arena,
            "-- m\n--\n-- Revision ID: %s\n-- Revises: %s\n-- Depends On: %s\n\n-- migrate:up\nSELECT 1;\n",
            one->id, one->revises, one->depends);
        files[count] = (struct chain_file){one->id, bytes, strlen(bytes)};
    }
    return chain_build("versions", files, count, faults);
}

static void expect(const struct chain *chain, const uint32_t *items, size_t count,
                   const char *wanted)
{
    char text[128] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                 chain->revisions[items[i]]->id);
    assert_string_equal(text, wanted);
}

static void knows_heads_and_bases(void **state)
{
    static const struct {
        struct given given[REVISIONS_MAX + 1];
        const char *heads, *real_heads, *bases;
    } cases[] = {
        {{{NULL, NULL, NULL}}, "", "", ""},
        {{{"aaaa", "", ""}, {"bbbb", "aaaa", ""}}, "bbbb", "bbbb", "aaaa"},
        {{{"aaaa", "", ""}, {"bbbb", "aaaa", ""}, {"cccc", "aaaa", ""}},
         "bbbb cccc",
         "bbbb cccc",
         "aaaa"},
        {{{"aaaa", "", ""}, {"bbbb", "aaaa", ""}, {"cccc", "aaaa", ""}, {"dddd", "bbbb, cccc", ""}},
         "dddd",
         "dddd",
         "aaaa"},
        {{{"aaaa", "", ""}, {"bbbb", "", ""}, {"cccc", "aaaa", "bbbb"}},
         "bbbb cccc",
         "cccc",
         "aaaa bbbb"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct faults faults;
        arena_init(&arena);
        faults_init(&faults);
        struct chain *chain = build(&arena, cases[i].given, &faults);
        assert_non_null(chain);
        expect(chain, chain->heads, chain->head_count, cases[i].heads);
        expect(chain, chain->real_heads, chain->real_head_count, cases[i].real_heads);
        expect(chain, chain->bases, chain->base_count, cases[i].bases);
        chain_free(chain);
        faults_done(&faults);
        arena_done(&arena);
    }
}

static void lists_children(void **state)
{
    static const struct given given[] = {{"aaaa", "", ""},
                                         {"bbbb", "aaaa", ""},
                                         {"cccc", "aaaa", ""},
                                         {"dddd", "", "aaaa"},
                                         {NULL, NULL, NULL}};
    struct arena arena;
    struct faults faults;
    (void)state;
    arena_init(&arena);
    faults_init(&faults);
    struct chain *chain = build(&arena, given, &faults);
    assert_non_null(chain);
    const struct revision *first = chain_get(chain, "aaaa");
    expect(chain, first->next, first->next_count, "bbbb cccc");
    expect(chain, first->all_next, first->all_next_count, "bbbb cccc dddd");
    assert_null(chain_get(chain, "aaa"));
    chain_free(chain);
    faults_done(&faults);
    arena_done(&arena);
}

static void refuses_broken_graphs(void **state)
{
    static const struct {
        struct given given[REVISIONS_MAX + 1];
        const char *file, *text;
    } cases[] = {
        {{{"aaaa", "zzzz", ""}}, "versions/aaaa", "Revises: there is no revision 'zzzz'"},
        {{{"aaaa1", "", ""}, {"aaaa2", "", ""}, {"bbbb", "", "aaaa"}},
         "versions/bbbb",
         "Depends On: several revisions start with 'aaaa'"},
        {{{"aaaa", "aaaa", ""}}, "versions/aaaa", "Revises: revision 'aaaa' names itself"},
        {{{"aaaa", "bbbb", ""}, {"bbbb", "aaaa", ""}},
         "versions/aaaa",
         "a cycle of revisions: aaaa -> bbbb -> aaaa"},
        /* the first that cannot be taken off is above the cycle, not on it */
        {{{"aaaa", "bbbb", ""}, {"bbbb", "cccc", ""}, {"cccc", "dddd", ""}, {"dddd", "cccc", ""}},
         "versions/cccc",
         "a cycle of revisions: cccc -> dddd -> cccc"},
        {{{"aaaa", "", ""}, {"bbbb", "aaaa", "cccc"}, {"cccc", "bbbb", ""}},
         "versions/cccc",
         "a cycle of revisions: cccc -> bbbb -> cccc"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct faults faults;
        arena_init(&arena);
        faults_init(&faults);
        assert_null(build(&arena, cases[i].given, &faults));
        assert_int_equal(faults.total, 1);
        assert_string_equal(faults.items[0].file, cases[i].file);
        assert_string_equal(faults.items[0].text, cases[i].text);
        faults_done(&faults);
        arena_done(&arena);
    }
}

static void lists_what_a_checkpoint_stands_for(void **state)
{
    static const char *const bytes[] = {
        "-- Revision ID: d\n-- Revises: b, c\n-- migrate:up\n",
        "-- Revision ID: c\n-- Revises: a\n-- migrate:up\n",
        "-- Revision ID: b\n-- Revises: a\n-- migrate:up\n",
        "-- Revision ID: a\n-- Revises:\n-- migrate:up\n",
        "-- Revision ID: e\n-- Revises:\n-- Depends On: b\n-- migrate:up\n",
        "-- Checkpoint: d\n-- migrate:up\n",
        "-- Checkpoint: e\n-- migrate:up\n",
    };
    struct chain_file files[ARRAY_LEN(bytes)];
    struct faults faults;
    (void)state;
    faults_init(&faults);
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
        files[i] = (struct chain_file){"x.sql", bytes[i], strlen(bytes[i])};
    struct chain *chain = chain_build("versions", files, ARRAY_LEN(files), &faults);
    assert_non_null(chain);
    assert_int_equal(chain_file_count(chain), ARRAY_LEN(bytes));
    for (size_t i = 0; i < chain_file_count(chain); i++)
        assert_int_equal(chain_file_number(chain, chain_file_at(chain, i)), i);
    const struct revision *merged = chain->checkpoints[0], *depends = chain->checkpoints[1];
    assert_int_equal(merged->stands_for_count, 4);
    assert_string_equal(merged->stands_for[0], "a");
    assert_string_equal(merged->stands_for[3], "d");
    assert_int_equal(depends->stands_for_count, 3);
    assert_string_equal(depends->stands_for[0], "a");
    assert_string_equal(depends->stands_for[2], "e");
    chain_free(chain);
    faults_done(&faults);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lists_what_a_checkpoint_stands_for),
    cmocka_unit_test(knows_heads_and_bases),
    cmocka_unit_test(lists_children),
    cmocka_unit_test(refuses_broken_graphs),
};

UNIT_MAIN(tests)
