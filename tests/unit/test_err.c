#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"

static void says_what_went_wrong(void **state)
{
    struct err err = {.kind = ERR_SQL, .offset = 9, .code = "42", .is_transient = true};
    (void)state;
    assert_false(err_at(&err, ERR_CHAIN, "versions/a.sql", 7, "no '%s'", "x"));
    assert_int_equal(err.kind, ERR_CHAIN);
    assert_string_equal(err.file, "versions/a.sql");
    assert_int_equal(err.line, 7);
    assert_string_equal(err.text, "no 'x'");
    assert_int_equal(err.offset, 0); /* nothing is left of what was there before */
    assert_string_equal(err.code, "");
    assert_false(err.is_transient);
    assert_false(err_set(&err, ERR_LOCK, "held"));
    assert_string_equal(err.file, "");
    assert_int_equal(err.line, 0);
}

static void puts_context_before_the_text(void **state)
{
    struct err err;
    (void)state;
    err_at(&err, ERR_SQL, "a.sql", 3, "no such table");
    assert_false(err_prefix(&err, "recording %s", "aaaa"));
    err_add(&err, "; held by %s", "nobody");
    assert_string_equal(err.text, "recording aaaa: no such table; held by nobody");
    assert_int_equal(err.kind, ERR_SQL);
    assert_int_equal(err.line, 3);
}

/* Texts come from servers: their length is not ours to choose. */
static void cuts_what_is_too_long(void **state)
{
    static char text[3000];
    struct err err;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    err_at(&err, ERR_SQL, text, 1, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(strlen(err.file), sizeof err.file - 1);
    err_prefix(&err, "%s", "context");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_memory_equal(err.text, "context: xxx", 12);
    err_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    err_add(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void names_every_class(void **state)
{
    (void)state;
    assert_string_equal(err_class_name(ERR_SQL), "sql");
    for (int kind = 0; kind < ERR__COUNT; kind++) {
        const char *name = err_class_name((enum err_class)kind);
        assert_non_null(name);
        for (int other = 0; other < kind; other++)
            assert_string_not_equal(name, err_class_name((enum err_class)other));
    }
    assert_string_equal(err_class_name(ERR__COUNT), "internal");
}

static void lists_faults_by_file_and_line(void **state)
{
    static const struct {
        const char *file;
        int line;
        const char *text;
    } given[] = {{"b", 1, "5"}, {"a", 9, "4"}, {"a", 2, "2"},
                 {"a", 2, "3"}, {"", 0, "1"},  {"b", 1, "6"}};
    struct faults faults;
    (void)state;
    faults_init(&faults);
    faults_sort(&faults);
    for (size_t i = 0; i < ARRAY_LEN(given); i++)
        faults_add(&faults, ERR_CHAIN, given[i].file, given[i].line, "%s", given[i].text);
    faults_sort(&faults);
    assert_int_equal(faults.count, ARRAY_LEN(given));
    for (size_t i = 0; i < faults.count; i++)
        assert_int_equal(faults.items[i].text[0], '1' + (int)i);
    faults_done(&faults);
}

static void counts_faults_beyond_what_it_keeps(void **state)
{
    struct faults faults;
    (void)state;
    faults_init(&faults);
    for (int i = 0; i < FAULTS_MAX + 10; i++)
        faults_add(&faults, ERR_CONFIG, "f", i, "fault %d", i);
    assert_int_equal(faults.count, FAULTS_MAX);
    assert_int_equal(faults.total, FAULTS_MAX + 10);
    assert_string_equal(faults.items[FAULTS_MAX - 1].text, "fault 199");
    faults_done(&faults);
    assert_int_equal(faults.total, 0);
}

/* ---- what a database says beside the text --------------------------------------------------- */

static void what_may_be_a_value_is_hidden(void **state)
{
    static const struct said said = {.part = {[SAID_DETAIL] = "Key (x)=(Mrs Smith) already exists.",
                                              [SAID_HINT] = "look",
                                              [SAID_CONTEXT] = "COPY item, line 1: \"Mrs Smith\"",
                                              [SAID_TABLE] = "item"}};
    static const struct {
        bool quotes_values;
        const char *text, *shown;
    } cases[] = {
        {false, "no \"x\"", "no \"x\""},
        {true, "invalid input syntax for type integer: \"x\"",
         "invalid input syntax for type integer: ***"},
        {true, "value \"x\" is out of \"range\" here", "value *** here"},
        {true, "committing: \"a\"b\"", "committing: ***"},
        {true, "Duplicate entry 'mrs@smith' for key", "Duplicate entry *** for key"},
        {true, "not closed \"x", "not closed ***"},
        {true, "ung\303\274ltig: \302\273x\302\253", "ung\303\274ltig: ***"},
        {true, "value too long for type character varying(3)",
         "value too long for type character varying(3)"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct err err;
        arena_init(&arena);
        err_set(&err, ERR_SQL, "%s", cases[i].text);
        err.quotes_values = cases[i].quotes_values;
        err.said = &said;
        err_hide_values(&err, &arena);
        assert_string_equal(err.text, cases[i].shown);
        assert_null(said_part(err.said, SAID_DETAIL));
        assert_null(said_part(err.said, SAID_CONTEXT));
        assert_string_equal(said_part(err.said, SAID_HINT), "look");
        assert_string_equal(said_part(err.said, SAID_TABLE), "item");
        arena_done(&arena);
    }
}

static void a_cut_text_has_no_end_to_show(void **state)
{
    struct err err;
    struct arena arena;
    (void)state;
    arena_init(&arena);
    err_set(&err, ERR_SQL, "bad: \"%*s\" %2000s", 20, "Smith", "Mrs Smith");
    err.quotes_values = true;
    err_hide_values(&err, &arena);
    assert_string_equal(err.text, "bad: ***");
    arena_done(&arena);
}

static void what_is_said_is_cut_at_a_character(void **state)
{
    static char text[SAID_MAX + 10];
    struct said said = {0};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    memset(text, 'x', SAID_MAX - 1);
    memcpy(text + SAID_MAX - 1, "\303\274 and on", sizeof "\303\274 and on");
    said.part[SAID_DETAIL] = text;
    said.part[SAID_HINT] = "";
    const struct said *copy = said_copy(&arena, &said);
    assert_int_equal(strlen(said_part(copy, SAID_DETAIL)), SAID_MAX - 1);
    assert_null(said_part(copy, SAID_HINT));
    assert_true(said_is_equal(copy, said_copy(&arena, copy)));
    assert_false(said_is_equal(copy, &said));
    assert_null(said_copy(&arena, &(struct said){.part = {""}}));
    assert_null(said_copy(&arena, NULL));
    arena_done(&arena);
}

static void a_fault_of_a_list_needs_no_arena(void **state)
{
    static const struct said said = {.part = {"Key (x)=(1).", "look", "in f()", "s", "t", "c"}};
    struct faults faults;
    struct err err;
    (void)state;
    err_set(&err, ERR_SQL, "no");
    err.said = &said;
    faults_init(&faults);
    faults_add_err(&faults, &err);
    assert_string_equal(faults.items[0].text,
                        "no; detail: Key (x)=(1).; hint: look; context: in f()");
    assert_null(faults.items[0].said);
    faults_done(&faults);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_may_be_a_value_is_hidden),
    cmocka_unit_test(a_cut_text_has_no_end_to_show),
    cmocka_unit_test(what_is_said_is_cut_at_a_character),
    cmocka_unit_test(a_fault_of_a_list_needs_no_arena),
    cmocka_unit_test(says_what_went_wrong),
    cmocka_unit_test(puts_context_before_the_text),
    cmocka_unit_test(cuts_what_is_too_long),
    cmocka_unit_test(names_every_class),
    cmocka_unit_test(lists_faults_by_file_and_line),
    cmocka_unit_test(counts_faults_beyond_what_it_keeps),
};

UNIT_MAIN(tests)
