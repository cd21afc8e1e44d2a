#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/fields.h"

static void what_is_written_is_read(void **state)
{
    static const char *const texts[] = {
        "plain", "", NULL, "a\tb\nc\\d", "\x01", "caf\xc3\xa9", "bad \xff\xc3", "\\-", "-", "\\5c"};
    struct arena arena;
    struct buf buf;
    const char *field;
    uint32_t number;
    (void)state;
    arena_init(&arena);
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        fields_add(&buf, texts[i]);
    fields_end(&buf);
    fields_end(&buf); /* a line without any */
    fields_add_number(&buf, 70000);
    fields_end(&buf);
    struct fields fields = {&arena, buf.data, false};
    assert_true(fields_begin(&fields));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_true(fields_take(&fields, &field));
        if (texts[i])
            assert_string_equal(field, texts[i]);
        else
            assert_null(field);
    }
    assert_false(fields_take(&fields, &field));
    assert_true(fields_begin(&fields));
    assert_false(fields_take(&fields, &field));
    assert_true(fields_begin(&fields));
    assert_true(fields_take_number(&fields, 70000, &number));
    assert_int_equal(number, 70000);
    assert_false(fields_take(&fields, &field));
    assert_false(fields_begin(&fields));
    assert_false(fields.is_damaged);
    buf_done(&buf);
    arena_done(&arena);
}

/* A database takes it as text, whatever it holds. */
static void bytes_that_are_no_text_are_written_as_text(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    fields_add(&buf, "\xff\x1f\t");
    fields_add(&buf, "\xc3\xa9");
    assert_string_equal(buf.data, "\\ff\\1f\\09\t\xc3\xa9\t");
    buf_done(&buf);
}

static void what_was_not_written_is_damaged(void **state)
{
    static const char *const texts[] = {"no tab",   "no tab\n", "\\\t\n",  "\\4\t\n",
                                        "\\zz\t\n", "\\00\t\n", "\\AB\t\n"};
    struct arena arena;
    const char *field;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct fields fields = {&arena, texts[i], false};
        assert_true(fields_begin(&fields));
        assert_false(fields_take(&fields, &field));
        assert_true(fields.is_damaged);
        assert_false(fields_begin(&fields));
    }
    arena_done(&arena);
}

static void what_must_be_there_is_there(void **state)
{
    static const char *const texts[] = {"\\-\t\n", "\n", "x\t\n", "8\t\n"};
    struct arena arena;
    const char *field;
    uint32_t number;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct fields fields = {&arena, texts[i], false};
        if (i < 2)
            assert_false(fields_take_text(&fields, &field));
        else
            assert_false(fields_take_number(&fields, 7, &number));
        assert_true(fields.is_damaged);
    }
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_written_is_read),
    cmocka_unit_test(bytes_that_are_no_text_are_written_as_text),
    cmocka_unit_test(what_was_not_written_is_damaged),
    cmocka_unit_test(what_must_be_there_is_there),
};

UNIT_MAIN(tests)
