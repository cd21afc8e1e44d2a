#include "unit/unit.h"

#include "inventory/inventory.h"
#include "link/pool.h"

/* The pool only keeps connections: any pointer is one. */
static struct io *connection(int *which)
{
    return (struct io *)(void *)which;
}

static const struct password none = {.kind = PASSWORD_NONE},
                             secret = {.kind = PASSWORD_VALUE, .value = "s", .number = 1};

static void add(struct pool *pool, const char *url, const char *schema,
                const struct password *password)
{
    const struct tenant tenant = {
        .name = "t", .url_redacted = url, .schema = schema, .password = password};
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
    for (size_t i = 0; i < 6; i++)
        if (i != 1)
            assert_null(pool_take(pool, i));
    assert_true(pool_wants(pool, 0));
    assert_false(pool_wants(pool, 2)); /* no other tenant is left there */
    assert_false(pool_wants(pool, 3));
    assert_false(pool_wants(pool, 4));
    assert_false(pool_wants(pool, 5));
    pool_leave(pool, 0, connection(&first));
    assert_null(pool_take(pool, 2));
    assert_ptr_equal(pool_take(pool, 1), connection(&first));
    assert_null(pool_take(pool, 1));
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
    cmocka_unit_test(wants_no_more_than_will_be_taken),
    cmocka_unit_test(keeps_a_bounded_number),
};

UNIT_MAIN(tests)
