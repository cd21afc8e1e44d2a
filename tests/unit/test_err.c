#include "unit/unit.h"

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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(says_what_went_wrong),
    cmocka_unit_test(puts_context_before_the_text),
    cmocka_unit_test(cuts_what_is_too_long),
    cmocka_unit_test(names_every_class),
    cmocka_unit_test(lists_faults_by_file_and_line),
    cmocka_unit_test(counts_faults_beyond_what_it_keeps),
};

UNIT_MAIN(tests)
