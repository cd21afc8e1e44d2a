#include "unit/unit.h"

#include "base/secret.h"

static void masks_every_occurrence(void **state)
{
    static const struct {
        const char *text, *secret, *result;
    } cases[] = {
        {"no secret here", "s3cret", "no secret here"},
        {"s3cret", "s3cret", "***"},
        {"a s3cret and s3crets3cret", "s3cret", "a *** and ******"},
        {"anything", NULL, "anything"},
        {"anything", "", "anything"},
        {"p@ss/w or p%40ss%2Fw", "p@ss/w", "*** or ***"},
        {"p%40ss%2fw", "p@ss/w", "***"}, /* the other case of hex digits */
        {"aaaa", "aa", "******"},
        {"aaa", "aa", "***a"},
        {"", "x", ""},
        {"p\xc3\xa4ss p%C3%A4ss", "p\xc3\xa4ss", "*** ***"},
        {"p@ss%2Fw p%40ss/w %70%40%73%73%2f%77", "p@ss/w", "*** *** ***"}, /* any of them encoded */
        {"100%25 is 100%", "100%", "*** is ***"},
        {"a%25x", "a%25x", "***"},
        {"cut %4", "@", "cut %4"},
        {"cut %", "@", "cut %"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "%s", cases[i].text);
        secret_redact(text, sizeof text, cases[i].secret);
        assert_string_equal(text, cases[i].result);
    }
}

/* A mask may be longer than the secret: what no longer fits is cut, never written past the end. */
static void stays_within_its_bounds(void **state)
{
    char text[12] = "a b a b\0end";
    (void)state;
    secret_redact(text, 8, "a");
    assert_string_equal(text, "*** b *");
    assert_string_equal(text + 8, "end");
}

static void masks_what_a_cut_has_left_of_it(void **state)
{
    static const struct {
        size_t size;
        const char *text, *result;
    } cases[] = {
        {10, "x = p@ss/", "x = ***"},   {10, "x = p%40s", "x = ***"},
        {10, "x = p@s%2", "x = ***"},   {10, "x is so p", "x is so *"}, /* as far as it fits */
        {12, "x = p@ss", "x = ***"}, /* a character of four bytes did not fit */
        {10, "x = p@sss", "x = p@sss"}, {64, "x = p@ss/", "x = p@ss/"}, /* not cut */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].text);
        secret_redact(text, cases[i].size, "p@ss/w");
        assert_string_equal(text, cases[i].result);
    }
}

static void masks_the_password_of_any_url(void **state)
{
    static const struct {
        size_t size;
        const char *text, *result;
    } cases[] = {
        {128, "cannot reach postgresql://bob:s3cret@db/x",
         "cannot reach postgresql://bob:***@db/x"},
        {128, "'mysql://u:p@ss@h:1/y', http://a:b@c", "'mysql://u:***@h:1/y', http://a:***@c"},
        {128, "http://host:8080/a@b and s://:x@h", "http://host:8080/a@b and s://:***@h"},
        {128, "postgresql://[::1]:5432/x?a=b:c@d", "postgresql://[::1]:5432/x?a=b:c@d"},
        {128, "postgresql://bob@db:5432/x", "postgresql://bob@db:5432/x"},
        {128, "x://u:@h y://", "x://u:@h y://"},
        {128, "s://u:a\"b@c", "s://u:a\"b@c"},                /* it ended before */
        {24, "postgresql://u:secretx", "postgresql://u:***"}, /* cut in the middle of it */
        {24, "postgresql://host:5432", "postgresql://host:5432"},
        {128, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", cases[i].text);
        secret_redact_urls(text, cases[i].size);
        assert_string_equal(text, cases[i].result);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(masks_the_password_of_any_url),
    cmocka_unit_test(masks_every_occurrence),
    cmocka_unit_test(stays_within_its_bounds),
    cmocka_unit_test(masks_what_a_cut_has_left_of_it),
};

UNIT_MAIN(tests)
