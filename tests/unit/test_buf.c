#include "unit/unit.h"

#include "base/buf.h"

static void is_a_string_from_the_start(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, 10);
    assert_string_equal(buf.data, "");
    assert_int_equal(buf.len, 0);
    buf_add(&buf, "x", 0);
    assert_string_equal(buf.data, "");
    buf_clear(&buf);
    buf_done(&buf);
    assert_string_equal(buf.data, "");
    buf_done(&buf); /* twice is harmless */
}

static void grows(void **state)
{
    struct buf buf;
    char expected[5001];
    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < 5000; i++) {
        buf_addc(&buf, (char)('a' + i % 26));
        expected[i] = (char)('a' + i % 26);
        assert_int_equal(buf.data[buf.len], '\0');
    }
    expected[5000] = '\0';
    assert_int_equal(buf.len, 5000);
    assert_string_equal(buf.data, expected);
    buf_clear(&buf);
    assert_string_equal(buf.data, "");
    buf_addf(&buf, "%s-%d", "acme", 7);
    assert_string_equal(buf.data, "acme-7");
    buf_done(&buf);
}

static void formats_more_than_fits_at_once(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "x");
    buf_addf(&buf, "%0300d", 1);
    assert_int_equal(buf.len, 301);
    assert_int_equal(strlen(buf.data), 301);
    assert_int_equal(buf.data[300], '1');
    buf_done(&buf);
}

/* What does not fit whole is not added, and nothing after it either. */
static void stops_at_its_ceiling(void **state)
{
    static const struct {
        size_t max;
        const char *result;
        bool is_full;
    } cases[] = {
        {0, "", true},     {3, "", true},         {4, "four", true},
        {5, "four", true}, {8, "fourfive", true}, {11, "fourfive6 7", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, cases[i].max);
        buf_adds(&buf, "four");
        buf_adds(&buf, "five");
        buf_addf(&buf, "%d %d", 6, 7);
        assert_string_equal(buf.data, cases[i].result);
        assert_int_equal(buf.is_full, cases[i].is_full);
        buf_clear(&buf);
        assert_false(buf.is_full);
        buf_done(&buf);
    }
}

static void holds_nul_bytes(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_add(&buf, "a\0b", 3);
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.data, "a\0b", 4);
    buf_done(&buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(is_a_string_from_the_start),
    cmocka_unit_test(grows),
    cmocka_unit_test(formats_more_than_fits_at_once),
    cmocka_unit_test(stops_at_its_ceiling),
    cmocka_unit_test(holds_nul_bytes),
};

UNIT_MAIN(tests)
