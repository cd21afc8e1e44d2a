#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"
#include "inventory/inventory.h"
#include "link/pool.h"

/* The pool only keeps connections: any pointer is one. */
static struct io *connection(int *which)
{
    return (struct io *)(void *)which;
}

static const struct password none = {.kind = PASSWORD_NONE},
                             secret = {.kind = PASSWORD_VALUE, .value = "s", .number = 1};

static void add(struct pool *pool, const char *text, const char *schema,
                const struct password *password)
{
    static struct arena arena; /* of all cases */
    static const char *const servers[] = {"h:5432", "h:3306", "other:3306"};
    struct tenant tenant = {.name = "t", .schema = schema, .password = password};
    struct err err;
    assert_true(url_parse(&arena, text, &tenant.url, &err));
    const char *server = url_server(&arena, &tenant.url);
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        if (strcmp(servers[i], server) == 0)
            tenant.server = servers[i];
    assert_non_null(tenant.server);
    pool_add_tenant(pool, &tenant);
}

static void leaves_connections_within_a_database_and_login(void **state)
{
    int first;
    struct pool *pool = pool_new();
    (void)state;
    add(pool, "postgresql://app@h/shared", "a", &none);
    add(pool, "postgresql://app@h/shared", "b", &none);
    add(pool, "postgresql://app@h/other", "c", &none);    /* another database */
    add(pool, "postgresql://admin@h/shared", "d", &none); /* another user */
    add(pool, "postgresql://app@h/shared", "e", &secret); /* another credential */
    add(pool, "postgresql://app@h/shared", NULL, &none);  /* a database of its own */
    add(pool, "postgresql://app@h/shared?sslmode=prefer", "f", &none);
    for (size_t i = 0; i < 7; i++)
        if (i != 1)
            assert_null(pool_take(pool, i));
    assert_true(pool_wants(pool, 0));
    for (size_t i = 2; i < 7; i++)
        assert_false(pool_wants(pool, i)); /* no other tenant is left there */
    pool_leave(pool, 0, connection(&first));
    assert_null(pool_take(pool, 2));
    assert_ptr_equal(pool_take(pool, 1), connection(&first));
    assert_null(pool_take(pool, 1));
    pool_free(pool);
}

static void leaves_connections_to_other_databases_where_they_can_go_there(void **state)
{
    int first;
    struct pool *pool = pool_new();
    (void)state;
    add(pool, "mysql://app@h/a", NULL, &none);
    add(pool, "mysql://app@h/b", NULL, &none);
    add(pool, "mysql://admin@h/c", NULL, &none);
    add(pool, "mysql://app@h/d", NULL, &secret);
    add(pool, "mysql://app@other/e", NULL, &none);
    add(pool, "mysql://app@h/f?ssl_ca=/here.pem", NULL, &none);
    add(pool, "mysql://app@h/g?ssl_ca=/there.pem", NULL, &none);
    add(pool, "mariadb://app@h/h", NULL, &none); /* which no MySQL may answer */
    add(pool, "mysql://app@h", NULL, &none);     /* nowhere to go to */
    assert_null(pool_take(pool, 0));
    assert_true(pool_wants(pool, 0));
    pool_leave(pool, 0, connection(&first));
    for (size_t i = 2; i < 9; i++)
        assert_null(pool_take(pool, i));
    assert_ptr_equal(pool_take(pool, 1), connection(&first));
    pool_free(pool);
}

static void refuses_what_the_server_does_not_make_like_new(void **state)
{
    struct pool *pool = pool_new();
    (void)state;
    for (int i = 0; i < 3; i++)
        add(pool, "mysql://app@h/a", NULL, &none);
    assert_null(pool_take(pool, 0));
    assert_true(pool_wants(pool, 0));
    pool_refuse(pool, 1);
    assert_false(pool_wants(pool, 0));
    pool_free(pool);
}

/* Opens one, and says which of those that wait goes before. */
static struct io *open_one(struct pool *pool, size_t tenant)
{
    struct io *io = pool_excess(pool, tenant);
    assert_null(io ? pool_excess(pool, tenant) : NULL);
    pool_note_opened(pool, tenant);
    return io;
}

static void never_has_more_than_the_limits(void **state)
{
    int some[3];
    struct pool *pool = pool_new();
    (void)state;
    for (int i = 0; i < 4; i++)
        add(pool, "mysql://app@h/a", NULL, &none);
    add(pool, "mysql://admin@h/a", NULL, &none);
    add(pool, "mysql://app@other/a", NULL, &none);
    pool_limit(pool, 3, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_null(pool_take(pool, i));
        assert_null(open_one(pool, i));
    }
    pool_leave(pool, 0, connection(&some[0]));
    pool_leave(pool, 1, connection(&some[1]));
    assert_ptr_equal(open_one(pool, 4), connection(&some[0])); /* the server's limit, the oldest */
    assert_null(open_one(pool, 5));
    pool_note_closed(pool, 4);
    assert_null(open_one(pool, 5));
    assert_ptr_equal(open_one(pool, 5), connection(&some[1])); /* that of all */
    assert_null(pool_excess(pool, 0));                         /* nothing waits */
    pool_leave(pool, 0, connection(&some[2]));
    assert_null(pool_idle_of_server(pool, 5));
    assert_ptr_equal(pool_idle_of_server(pool, 4), connection(&some[2]));
    assert_null(pool_idle(pool));
    pool_leave(pool, 0, connection(&some[2]));
    assert_ptr_equal(pool_idle(pool), connection(&some[2]));
    assert_null(pool_idle(pool));
    pool_free(pool);
}

static void closes_what_new_limits_forbid(void **state)
{
    int some[3];
    struct pool *pool = pool_new();
    (void)state;
    for (int i = 0; i < 4; i++)
        add(pool, "mysql://app@h/a", NULL, &none);
    add(pool, "mysql://app@other/a", NULL, &none);
    add(pool, "mysql://app@other/a", NULL, &none);
    pool_limit(pool, 5, 3);
    const size_t tenants[] = {0, 1, 4};
    for (size_t i = 0; i < 3; i++) {
        assert_null(pool_take(pool, tenants[i]));
        assert_null(open_one(pool, tenants[i]));
    }
    for (size_t i = 0; i < 3; i++)
        pool_leave(pool, tenants[i], connection(&some[i]));
    assert_null(pool_beyond(pool));
    pool_limit(pool, 5, 1);
    assert_ptr_equal(pool_beyond(pool), connection(&some[0]));
    assert_null(pool_beyond(pool));
    pool_limit(pool, 1, 1);
    assert_ptr_equal(pool_beyond(pool), connection(&some[1]));
    assert_null(pool_beyond(pool));
    assert_ptr_equal(pool_take(pool, 5), connection(&some[2]));
    assert_null(pool_beyond(pool)); /* one at work is not closed */
    pool_free(pool);
}

static void wants_no_more_than_will_be_taken(void **state)
{
    int first, second;
    struct pool *pool = pool_new();
    (void)state;
    for (int i = 0; i < 4; i++)
        add(pool, "postgresql://h/d", "s", &none);
    assert_null(pool_take(pool, 0));
    assert_null(pool_take(pool, 1));
    assert_true(pool_wants(pool, 0)); /* 2 and 3 are to come */
    pool_leave(pool, 0, connection(&first));
    assert_true(pool_wants(pool, 1));
    pool_leave(pool, 1, connection(&second));
    assert_false(pool_wants(pool, 1));
    assert_ptr_equal(pool_take(pool, 2), connection(&second));
    assert_false(pool_wants(pool, 2));
    assert_ptr_equal(pool_take(pool, 3), connection(&first));
    assert_false(pool_wants(pool, 3));
    pool_free(pool);
}

static void keeps_a_bounded_number(void **state)
{
    enum { TENANTS = 300 };
    int connections[TENANTS];
    size_t left = 0;
    struct pool *pool = pool_new();
    (void)state;
    for (int i = 0; i < TENANTS; i++)
        add(pool, "postgresql://h/d", "s", &none);
    assert_null(pool_take(pool, 0));
    while (left < TENANTS && pool_wants(pool, 0))
        pool_leave(pool, 0, connection(&connections[left++]));
    assert_in_range(left, 1, 100);
    for (size_t i = 0; i < left; i++)
        assert_non_null(pool_take(pool, i + 1));
    pool_free(pool);
    pool_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(leaves_connections_within_a_database_and_login),
    cmocka_unit_test(leaves_connections_to_other_databases_where_they_can_go_there),
    cmocka_unit_test(refuses_what_the_server_does_not_make_like_new),
    cmocka_unit_test(never_has_more_than_the_limits),
    cmocka_unit_test(closes_what_new_limits_forbid),
    cmocka_unit_test(wants_no_more_than_will_be_taken),
    cmocka_unit_test(keeps_a_bounded_number),
};

UNIT_MAIN(tests)
