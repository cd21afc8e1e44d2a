#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"

static void assert_text(const char *actual, const char *expected)
{
    if (expected)
        assert_string_equal(actual, expected);
    else
        assert_null(actual);
}

static void reads_what_it_should(void **state)
{
    static const struct {
        const char *text;
        struct url expected;
    } cases[] = {
        {"sqlite:///data/initech.db", {.scheme = "sqlite", .database = "data/initech.db"}},
        {"sqlite:////srv/a.db", {.scheme = "sqlite", .database = "/srv/a.db"}},
        {"sqlite:///100%.db", {.scheme = "sqlite", .database = "100%.db"}},
        {"sqlite+pysqlite:///a b.db", {.scheme = "sqlite", .database = "a b.db"}},
        {"postgresql://", {DIALECT_POSTGRESQL, .scheme = "postgresql"}},
        {"postgres:///acme", {DIALECT_POSTGRESQL, .scheme = "postgres", .database = "acme"}},
        {"postgresql://app@db1.internal:5433/acme",
         {DIALECT_POSTGRESQL, "postgresql", "app", NULL, "db1.internal", 5433, "acme", NULL, 0}},
        {"postgresql+psycopg2://u%40x:p%2Fw%3a@h/d%20b",
         {DIALECT_POSTGRESQL, "postgresql", "u@x", "p/w:", "h", 0, "d b", NULL, 0}},
        {"postgresql://u:a:b@h",
         {DIALECT_POSTGRESQL, "postgresql", "u", "a:b", "h", 0, NULL, NULL, 0}},
        {"postgresql://@h:/", {DIALECT_POSTGRESQL, .scheme = "postgresql", .host = "h"}},
        {"postgresql://[::1]:6000/x",
         {DIALECT_POSTGRESQL, "postgresql", NULL, NULL, "::1", 6000, "x", NULL, 0}},
        {"postgresql://app@/acme?host=/var/run/postgresql&port=5433",
         {DIALECT_POSTGRESQL, "postgresql", "app", NULL, "/var/run/postgresql", 5433, "acme", NULL,
          0}},
        {"postgresql://%2Frun%2Fpg/acme",
         {DIALECT_POSTGRESQL, .scheme = "postgresql", .host = "/run/pg", .database = "acme"}},
        {"mysql+pymysql://root@localhost/app?unix_socket=/run/mysqld.sock",
         {DIALECT_MYSQL, "mysql", "root", NULL, "/run/mysqld.sock", 0, "app", NULL, 0}},
        {"mysql+mysqldb://root@/app?unix_socket=/run/mysqld.sock",
         {DIALECT_MYSQL, "mysql", "root", NULL, "/run/mysqld.sock", 0, "app", NULL, 0}},
        {"mariadb://h/app", {DIALECT_MYSQL, .scheme = "mariadb", .host = "h", .database = "app"}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct err err = {0};
        struct url url = {0};
        arena_init(&arena);
        if (!url_parse(&arena, cases[i].text, &url, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        const struct url *expected = &cases[i].expected;
        assert_int_equal(url.dialect, expected->dialect);
        assert_text(url.scheme, expected->scheme);
        assert_text(url.user, expected->user);
        assert_text(url.password, expected->password);
        assert_text(url.host, expected->host);
        assert_int_equal(url.port, expected->port);
        assert_text(url.database, expected->database);
        assert_int_equal(url.param_count, 0);
        arena_done(&arena);
    }
}

static void reads_parameters(void **state)
{
    struct arena arena;
    struct err err;
    struct url url;
    (void)state;
    arena_init(&arena);
    static const struct url_param modern[] = {
        {"postgresql://h/d?ssl=true", "require"},
        {"postgresql://h/d?requiressl=1", "require"},
        {"postgresql://h/d?requiressl=14", "require"},
        {"postgresql://h/d?requiressl=0", "prefer"},
    };
    for (size_t i = 0; i < ARRAY_LEN(modern); i++) {
        assert_true(url_parse(&arena, modern[i].key, &url, &err));
        assert_string_equal(url.params[0].key, "sslmode");
        assert_string_equal(url.params[0].value, modern[i].value);
    }
    assert_true(
        url_parse(&arena, "postgresql://h/d?sslmode=verify-full&options=-c%20a%3Db", &url, &err));
    assert_int_equal(url.param_count, 2);
    assert_string_equal(url.params[0].key, "sslmode");
    assert_string_equal(url.params[0].value, "verify-full");
    assert_string_equal(url.params[1].value, "-c a=b");
    arena_done(&arena);
}

/* Every one holds the word `s3cret` in pieces or whole: none may come back in the error. */
static void refuses_and_never_quotes(void **state)
{
    static const char *const cases[] = {
        "",
        "s3cret",
        "s3cret://h/d",
        "postgresql:/s3cret",
        "oracle://u:s3cret@h/d",
        "postgresql+a b://u:s3cret@h/d",
        "postgresql://u:s3c/ret@h:5432/d",
        "postgresql://u:1/s3cret@h:5432/d",
        "postgresql://u:p@s3cret@h/d",
        "postgresql://u:1?s3=cret@h/d",
        "postgresql://u:s3cr#et@h/d",
        "postgresql://u:s3cr%zzet@h/d",
        "postgresql://u:s3cr%00et@h/d",
        "postgresql://u:s3cret%@h/d",
        "postgresql://u:s3cr et@h/d",
        "postgresql://u:s3cr\xc3\xa9t@h/d",
        "postgresql://u:s3cret@h:0/d",
        "postgresql://u:s3cret@h:65536/d",
        "postgresql://u:s3cret@h:12ab/d",
        "postgresql://u:s3cret@h1,h2/d",
        "postgresql://u:s3cret@%2Fa,/d",
        "postgresql://u:s3cret@[::1/d",
        "postgresql://u:s3cret@[h]/d",
        "postgresql://u:s3cret@[::1]x/d",
        "postgresql://u:s3cret@h/d?x",
        "postgresql://u:s3cret@h/d?=x",
        "postgresql://u:s3cret@h/d?a=b&a=c",
        "postgresql://u:s3cret@h/d?requiressl=1&sslmode=disable",
        "postgresql://u:s3cret@h/d?sslmode=",
        "postgresql://u:s3cret@h/d?sslmode=&s3cret=s3cret",
        "postgresql://u:s3cret@h/d?host=",
        "postgresql://u:s3cret@h/d?options=",
        "postgresql://u:s3cret@h/d?requiressl=",
        "postgresql://u:s3cret@h/d?hostaddr=",
        "postgresql://u:s3cret@h/d?hostaddr=s3cret",
        "postgresql://u:s3cret@h/d?hostaddr=127.0.0.1,10.0.0.1",
        "postgresql://u:s3cret@h/d?host=g",
        "postgresql://u:s3cret@h/d?password=s3cret",
        "postgresql://u:s3cret@h:1/d?port=2",
        "postgresql://u%0as3cret@h/d",
        "postgresql://u:s3cret@h/d%1b",
        "postgresql://u:s3cret@h%ff/d",
        "postgresql://:s3cret/x/y",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://s3cret/x.db",
        "sqlite:///s3cret.db?mode=ro",
        "sqlite:///s3cret/",
        "sqlite:///s3cret\n.db",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct err err = {0};
        struct url url;
        arena_init(&arena);
        if (url_parse(&arena, cases[i], &url, &err))
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_null(strstr(err.text, "s3c"));
        assert_null(strstr(err.text, "cret"));
        arena_done(&arena);
    }
}

static void shows_no_password(void **state)
{
    static const struct {
        const char *text;
        const char *redacted;
        const char *server;
    } cases[] = {
        {"sqlite:///a.db", "sqlite:///a.db", "local"},
        {"sqlite:////a.db", "sqlite:////a.db", "local"},
        {"postgresql+psycopg2://u:p@DB1/d", "postgresql://u@DB1/d", "db1:5432"},
        {"postgresql://u%40:p@h:99/d%2f", "postgresql://u%40@h:99/d%2F", "h:99"},
        {"postgresql:///d", "postgresql:///d", "localhost:5432"},
        {"postgresql://u:p@[::1]/d", "postgresql://u@[::1]/d", "[::1]:5432"},
        {"postgresql://u@/d?host=/run/pg", "postgresql://u@/d?host=/run/pg", "/run/pg"},
        {"postgresql://h/d?sslpassword=p&sslmode=require&password=q",
         "postgresql://h/d?sslpassword=***&sslmode=require", "h:5432"},
        {"postgresql://h/d?pass=p&pwd=q&scram_client_key=r&passfile=/f",
         "postgresql://h/d?pass=***&pwd=***&scram_client_key=***&passfile=/f", "h:5432"},
        {"postgresql://h/d?pasword=q&SSLMODE=r&options=-c%20a",
         "postgresql://h/d?pasword=***&SSLMODE=***&options=-c%20a", "h:5432"},
        {"postgresql:///?service=billing", "postgresql://?service=billing", "service:billing"},
        {"mysql://u:p@h/d", "mysql://u@h/d", "h:3306"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct err err;
        struct url url;
        arena_init(&arena);
        assert_true(url_parse(&arena, cases[i].text, &url, &err));
        assert_string_equal(url_redacted(&arena, &url), cases[i].redacted);
        assert_string_equal(url_server(&arena, &url), cases[i].server);
        arena_done(&arena);
    }
}

/* What libpq takes for a ledger's server and its standby; a tenant has one host. */
static void takes_several_hosts_of_a_ledger_alone(void **state)
{
    static const struct {
        const char *text, *redacted; /* NULL: it is refused there too */
    } cases[] = {
        {"postgresql://u:p@a:1,b:2/d?target_session_attrs=read-write",
         "postgresql://u@a:1,b:2/d?target_session_attrs=read-write"},
        {"postgresql://a,[::1]:2/d", "postgresql://a,[::1]:2/d"},
        {"postgresql://u@/d?host=a,b&port=1,2", "postgresql://u@a,b/d?port=1,2"},
        {"postgresql://[::1]:5/d", "postgresql://[::1]:5/d"},
        {"postgresql://a,b%2F/d", NULL},
        {"postgresql:///d?host=a,b&port=1,x", NULL},
        {"postgresql://a:x/d", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct err err;
        struct url url;
        arena_init(&arena);
        assert_int_equal(url_parse_ledger(&arena, cases[i].text, &url, &err),
                         cases[i].redacted != NULL);
        if (cases[i].redacted)
            assert_string_equal(url_redacted(&arena, &url), cases[i].redacted);
        assert_int_equal(url_parse(&arena, cases[i].text, &url, &err), i == 3);
        arena_done(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_what_it_should),
    cmocka_unit_test(reads_parameters),
    cmocka_unit_test(refuses_and_never_quotes),
    cmocka_unit_test(shows_no_password),
    cmocka_unit_test(takes_several_hosts_of_a_ledger_alone),
};

UNIT_MAIN(tests)
