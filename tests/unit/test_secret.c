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

static void masks_what_sql_sets_as_a_password(void **state)
{
    static const struct {
        const char *text, *result;
    } cases[] = {
        {"CREATE ROLE a LOGIN PASSWORD 's3cret' VALID UNTIL 'infinity'",
         "CREATE ROLE a LOGIN PASSWORD '***' VALID UNTIL 'infinity'"},
        {"alter role a encrypted password\n  /* new */ -- today\n 'it''s'; SELECT 'x'",
         "alter role a encrypted password\n  /* new */ -- today\n '***'; SELECT 'x'"},
        {"PASSWORD E'a\\'b' x PASSWORD $$s$1$$ y PASSWORD $t$s$$t$ z PASSWORD U&'s'",
         "PASSWORD E'***' x PASSWORD $$***$$ y PASSWORD $t$***$t$ z PASSWORD U&'***'"},
        {"EXECUTE 'ALTER ROLE a PASSWORD ''s3cret'' LOGIN'",
         "EXECUTE 'ALTER ROLE a PASSWORD ''***'' LOGIN'"},
        {"OPTIONS (user 'bob', password 's3cret')", "OPTIONS (user 'bob', password '***')"},
        {"CONNECTION 'host=db password=s3cret user=bob'",
         "CONNECTION 'host=db password=*** user=bob'"},
        {"CREATE USER 'a'@'%' IDENTIFIED BY 's3cret', 'b' IDENTIFIED WITH mysql_native_password AS '*AB'",
         "CREATE USER 'a'@'%' IDENTIFIED BY '***', 'b' IDENTIFIED WITH mysql_native_password AS '***'"},
        {"GRANT ALL ON *.* TO a IDENTIFIED BY PASSWORD '*AB'",
         "GRANT ALL ON *.* TO a IDENTIFIED BY PASSWORD '***'"},
        {"identified via ed25519 using password('s3cret') or unix_socket",
         "identified via ed25519 using password('***') or unix_socket"},
        {"SET PASSWORD FOR 'a'@'h' = PASSWORD(\"s3cret\")",
         "SET PASSWORD FOR 'a'@'h' = PASSWORD(\"***\")"},
        {"SET PASSWORD FOR a = '*AB'", "SET PASSWORD FOR a = '***'"},
        {"CHANGE MASTER TO MASTER_HOST='h', MASTER_PASSWORD = 's3cret'",
         "CHANGE MASTER TO MASTER_HOST='h', MASTER_PASSWORD = '***'"},
        {"UPDATE u SET `password` = 'a' 'b', note = 'c'",
         "UPDATE u SET `password` = '***', note = 'c'"},
        {"UPDATE u SET password = crypt('s3cret', gen_salt('bf'))",
         "UPDATE u SET password = crypt('***', gen_salt('bf'))"},
        {"{\"password\": \"s3cret\", \"x\": 1}", "{\"password\": \"***\", \"x\": 1}"},
        {"PGPASSWORD=s3cret psql ?password=s3cret&x=1", "PGPASSWORD=*** psql ?password=***&x=1"},
        {"syntax near 'PASSWORD 's3cr", "syntax near 'PASSWORD '***"}, /* cut in the middle of it */
        /* no password */
        {"UPDATE u SET password=crypt(new, salt), password='' WHERE password IS NULL",
         "UPDATE u SET password=crypt(new, salt), password='' WHERE password IS NULL"},
        {"SET password=NULL, password=excluded.password; PASSWORD ''; PASSWORD '***'",
         "SET password=NULL, password=excluded.password; PASSWORD ''; PASSWORD '***'"},
        {"ADD COLUMN password text DEFAULT 'x', passwords 'y', password_hint text",
         "ADD COLUMN password text DEFAULT 'x', passwords 'y', password_hint text"},
        {"column \"password\" of relation \"u\" contains null values",
         "column \"password\" of relation \"u\" contains null values"},
        {"Access denied for user 'a'@'h' (using password: YES)",
         "Access denied for user 'a'@'h' (using password: YES)"},
        {"ALTER USER a PASSWORD EXPIRE; SELECT identified, 'by'",
         "ALTER USER a PASSWORD EXPIRE; SELECT identified, 'by'"},
        {"Field 'password' doesn't have a default value, 'user_password' in 'field list'",
         "Field 'password' doesn't have a default value, 'user_password' in 'field list'"},
        {"does not grant: '--grant-env APP_PASSWORD' does",
         "does not grant: '--grant-env APP_PASSWORD' does"},
        {"can't locate revision identified by 'foo-1.2': the chain",
         "can't locate revision identified by 'foo-1.2': the chain"},
        {"RENAME COLUMN password TO \"digest\"; SET my.password TO 's3cret'",
         "RENAME COLUMN password TO \"digest\"; SET my.password TO '***'"},
        {"near 'USER a IDENTIFIED BY' at line 1", "near 'USER a IDENTIFIED BY' at line 1"},
        {"ALTER ROLE a PASSWORD's3cret'", "ALTER ROLE a PASSWORD'***'"},
        {"PASSWORD", "PASSWORD"},
        {"password=", "password="},
        {"IDENTIFIED WITH", "IDENTIFIED WITH"},
        {"PASSWORD $", "PASSWORD $"},
        {"PASSWORD '", "PASSWORD '"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "%s", cases[i].text);
        secret_redact_sql(text, sizeof text);
        assert_string_equal(text, cases[i].result);
    }
}

/* What only begins to be a password, a million times, takes no longer than it is long. */
static void long_texts_take_no_time(void **state)
{
    static const char *const beginnings[] = {"password for ",    "password /* ", "password -- ",
                                             "identified with ", "password ''",  "password$a",
                                             "pgpassword="};
    enum { LENGTH = 1 << 20 };
    char *text = malloc(LENGTH + 1);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        struct secret_span span;
        size_t len = strlen(beginnings[i]);
        for (size_t at = 0; at < LENGTH; at++)
            text[at] = beginnings[i][at % len];
        text[LENGTH] = '\0';
        const char *from = text;
        while (secret_find_in_sql(text, LENGTH, from, &span)) {
            assert_true(span.begin >= from && span.end > span.begin);
            from = span.end;
        }
    }
    free(text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(long_texts_take_no_time),
    cmocka_unit_test(masks_what_sql_sets_as_a_password),
    cmocka_unit_test(masks_the_password_of_any_url),
    cmocka_unit_test(masks_every_occurrence),
    cmocka_unit_test(stays_within_its_bounds),
    cmocka_unit_test(masks_what_a_cut_has_left_of_it),
};

UNIT_MAIN(tests)
