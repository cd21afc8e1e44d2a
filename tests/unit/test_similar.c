#include "unit/unit.h"

#include "base/similar.h"

static void finds_what_was_meant(void **state)
{
    static const char *const words[] = {"upgrade", "downgrade", "stamp",  "resume",
                                        "resolve", "rollback",  "report", "tier"};
    static const struct {
        const char *word, *best;
    } cases[] = {
        {"upgarde", "upgrade"}, /* two neighbours swapped */
        {"upgade", "upgrade"},
        {"upgradee", "upgrade"},
        {"UPGRADE", "upgrade"},
        {"stmap", "stamp"},
        {"teir", "tier"},
        {"roll", "rollback"}, /* its beginning */
        {"rol", "rollback"},
        {"zebra", NULL},
        {"x", NULL},
        {"", NULL},
        {"resol", "resolve"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct similar similar = similar_to(cases[i].word);
        for (size_t w = 0; w < sizeof words / sizeof *words; w++)
            similar_try(&similar, words[w]);
        if (cases[i].best)
            assert_string_equal(similar.best ? similar.best : "nothing", cases[i].best);
        else
            assert_null(similar.best);
    }
}

static void bears_words_of_any_length(void **state)
{
    char word[500];
    (void)state;
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    struct similar similar = similar_to(word);
    similar_try(&similar, "aaaa");
    assert_null(similar.best);
    similar = similar_to("aaaa");
    similar_try(&similar, word);
    assert_null(similar.best);
}

static void adds_a_hint_only_where_there_is_one(void **state)
{
    struct err err;
    struct similar similar = similar_to("pln");
    (void)state;
    err_set(&err, ERR_CONFIG, "no command 'pln'");
    similar_add_hint(&err, &similar);
    assert_string_equal(err.text, "no command 'pln'");
    similar_try(&similar, "plan");
    similar_add_hint(&err, &similar);
    assert_string_equal(err.text, "no command 'pln'; did you mean 'plan'?");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_what_was_meant),
    cmocka_unit_test(bears_words_of_any_length),
    cmocka_unit_test(adds_a_hint_only_where_there_is_one),
};

UNIT_MAIN(tests)
