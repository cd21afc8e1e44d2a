#include "unit/unit.h"

#include "base/buf.h"
#include "base/utf8.h"

static void decodes_what_is_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        uint32_t code;
    } cases[] = {
        {"a", 1, 'a'},
        {"\x7f", 1, 0x7f},
        {"\xc2\x80", 2, 0x80},
        {"\xdf\xbf", 2, 0x7ff},
        {"\xe0\xa0\x80", 3, 0x800},
        {"\xed\x9f\xbf", 3, 0xd7ff},
        {"\xee\x80\x80", 3, 0xe000},
        {"\xef\xbf\xbf", 3, 0xffff},
        {"\xf0\x90\x80\x80", 4, 0x10000},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t code = 0;
        size_t len = strlen(cases[i].text);
        assert_int_equal(utf8_decode(cases[i].text, len, &code), cases[i].size);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(utf8_decode(cases[i].text, len - 1, &code), 0); /* cut off */
    }
}

static void refuses_what_is_not(void **state)
{
    static const char *const cases[] = {
        "\x80", /* a continuation first */
        "\xbf",
        "\xc0\x80", /* overlong */
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", /* surrogates */
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xc3\x28", /* no continuation */
        "\xe2\x82\x28",
        "\xf0\x9f\x98\x28",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t code = 42;
        assert_int_equal(utf8_decode(cases[i], strlen(cases[i]), &code), 0);
        assert_int_equal(code, 42);
    }
    assert_int_equal(utf8_decode("", 0, &(uint32_t){0}), 0);
}

static void finds_the_first_bad_byte(void **state)
{
    static const struct {
        const char *text;
        size_t len, at;
    } cases[] = {
        {"", 0, 0},
        {"plain", 5, 5},
        {"ä€😀", 9, 9},
        {"a\0b", 3, 3},
        {"a\xff"
         "b",
         3, 1},
        {"ä\xc3", 3, 2},
        {"\x80", 1, 0},
        {"€\xe2\x82", 5, 3},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(utf8_check(cases[i].text, cases[i].len), cases[i].at);
}

static void turns_characters_into_bytes(void **state)
{
    static const struct {
        const char *text;
        size_t position, byte;
    } cases[] = {
        {"", 0, 0},      {"", 5, 0},          {"abc", 0, 0},  {"abc", 2, 2},  {"abc", 3, 3},
        {"abc", 9, 3},   {"ä€😀x", 0, 0},      {"ä€😀x", 1, 2}, {"ä€😀x", 2, 5}, {"ä€😀x", 3, 9},
        {"ä€😀x", 4, 10}, {"\xff\xc3x", 2, 2}, /* bad bytes are one each */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(utf8_byte_of(cases[i].text, strlen(cases[i].text), cases[i].position),
                         cases[i].byte);
}

static void shows_text_that_does_nothing(void **state)
{
    static const struct {
        const char *text, *shown, *with_layout;
    } cases[] = {
        {"plain äöü 😀", "plain äöü 😀", NULL},
        {"a\nb\tc", "a\\x0ab\\x09c", "a\nb\tc"},
        {"\r\n", "\\x0d\\x0a", "\\x0d\n"},
        {"\x1b]52;c;aaa\x07", "\\x1b]52;c;aaa\\x07", NULL},
        {"\x7f", "\\x7f", NULL},
        {"\xc2\x9b"
         "31m",
         "\\u{9b}31m", NULL}, /* C1: CSI */
        {"\u202e"
         "gnp",
         "\\u{202e}gnp", NULL}, /* turns the text around */
        {"a\u200b"
         "b",
         "a\\u{200b}b", NULL}, /* nothing to see */
        {"\u2066x\u2069", "\\u{2066}x\\u{2069}", NULL},
        {"\ufeff", "\\u{feff}", NULL},
        {"\u00ad", "\\u{ad}", NULL},
        {"\U000e0041", "\\u{e0041}", NULL}, /* tags */
        {"a\xff"
         "b\xc3",
         "a\\xffb\\xc3", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (int keeps = 0; keeps < 2; keeps++) {
            const char *wanted =
                keeps && cases[i].with_layout ? cases[i].with_layout : cases[i].shown;
            struct buf buf;
            buf_init(&buf, BUF_MAX_DEFAULT);
            utf8_add_safe(&buf, cases[i].text, strlen(cases[i].text), keeps);
            assert_string_equal(buf.data, wanted);
            buf_done(&buf);
        }
}

/* Whatever comes in, what goes out is valid, and a second time changes nothing. */
static void makes_any_bytes_valid(void **state)
{
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        char bytes[24];
        struct buf once, twice;
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (char)(seed >> 24);
        }
        buf_init(&once, BUF_MAX_DEFAULT);
        buf_init(&twice, BUF_MAX_DEFAULT);
        utf8_add_valid(&once, bytes, sizeof bytes);
        assert_int_equal(utf8_check(once.data, once.len), once.len);
        utf8_add_valid(&twice, once.data, once.len);
        assert_int_equal(twice.len, once.len);
        assert_memory_equal(twice.data, once.data, once.len);
        buf_done(&twice);
        buf_done(&once);
    }
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    utf8_add_valid(&buf, "a\xffz", 3);
    assert_string_equal(buf.data, "a\ufffdz");
    buf_done(&buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(decodes_what_is_utf8),         cmocka_unit_test(refuses_what_is_not),
    cmocka_unit_test(finds_the_first_bad_byte),     cmocka_unit_test(turns_characters_into_bytes),
    cmocka_unit_test(shows_text_that_does_nothing), cmocka_unit_test(makes_any_bytes_valid),
};

UNIT_MAIN(tests)
