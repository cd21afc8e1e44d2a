#include "unit/unit.h"

#include <jansson.h>

#include "base/buf.h"
#include "report/json_stream.h"

enum { AS_THE_REPORT = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) };

/* What json_add writes is what jansson writes. */
static void expect_as_dumped(json_t *value)
{
    struct buf json;
    char *dumped = json_dumps(value, AS_THE_REPORT);
    buf_init(&json, BUF_MAX_DEFAULT);
    json_add(&json, value);
    assert_string_equal(json.data, dumped);
    buf_done(&json);
    free(dumped);
}

static void numbers_are_written_as_jansson_writes_them(void **state)
{
    static const double reals[] = {0,      -0.0,       0.1,           0.001,   0.0005,
                                   1,      12.5,       12.517,        99.999,  1.0 / 3,
                                   -2.5,   1e-7,       1e10,          1e11,    1e11 + 1,
                                   1e15,   1e16,       1e300,         -1e300,  99999999999.999,
                                   1234.6, 1e-300,     0.9999,        0.99999, 1048576,
                                   100.01, 1e10 + 0.1, 4294967296.125};
    static const json_int_t integers[] = {0, 1, -1, 9, 10, 100, 1234567890, INT64_MAX, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(reals); i++)
        expect_as_dumped(json_real(reals[i]));
    for (int i = 0; i < 20000; i++) {
        expect_as_dumped(json_rounded(i * 0.7731, JSON_STEP_DECIMALS));
        expect_as_dumped(json_rounded(i * 77.31, JSON_DECIMALS));
        expect_as_dumped(json_rounded(i * 7.7e6, JSON_STEP_DECIMALS));
    }
    for (size_t i = 0; i < ARRAY_LEN(integers); i++)
        expect_as_dumped(json_integer(integers[i]));
}

static void texts_are_written_as_jansson_writes_them(void **state)
{
    static const char *const texts[] = {
        "",           "plain",  "say \"this\"", "back\\slash", "a/b",
        "two\nlines", "\t\x01", "<b>&amp;</b>", "gr\xc3\xbcn", "~ end"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        expect_as_dumped(json_string(texts[i]));
        expect_as_dumped(json_pack("{s: s, s: [s, s]}", texts[i], texts[i], "list", texts[i], "x"));
    }
    expect_as_dumped(json_stringn("a\0b", 3));
}

static void objects_and_lists_are_written_as_jansson_writes_them(void **state)
{
    (void)state;
    expect_as_dumped(json_object());
    expect_as_dumped(json_array());
    expect_as_dumped(
        json_pack("[{}, [], n, b, b, i, {s: {s: [i, i]}, s: n}]", 1, 0, 7, "a", "b", 1, 2, "c"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_are_written_as_jansson_writes_them),
    cmocka_unit_test(texts_are_written_as_jansson_writes_them),
    cmocka_unit_test(objects_and_lists_are_written_as_jansson_writes_them),
};

UNIT_MAIN(tests)
