#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "inventory/inventory.h"
#include "report/cause.h"

static const struct tenant postgres_tenant = {
    .name = "acme",
    .schema = "tenant_acme",
    .url_redacted = "postgresql://app_acme:***@db7.internal:5432/shop_acme",
};

static const struct tenant sqlite_tenant = {
    .name = "t001",
    .url_redacted = "sqlite:///data/t001.db",
};

static void a_tenants_own_facts_are_replaced_by_what_they_are(void **state)
{
    static const struct {
        const struct tenant *tenant;
        const char *text, *cause;
    } cases[] = {
        {&sqlite_tenant, "cannot open '/srv/fleet/data/t001.db': No such file or directory",
         "cannot open '{file}': No such file or directory"},
        {&sqlite_tenant, "cannot open 'data/t001.db'", "cannot open '{file}'"},
        {&sqlite_tenant, "/run/secrets/t001: not found", "/run/secrets/{name}: not found"},
        {&sqlite_tenant, "T001_PASSWORD is not set", "{NAME}_PASSWORD is not set"},
        {&sqlite_tenant, "no such table: t0011, t001x, xt001, t001_old",
         "no such table: t0011, t001x, xt001, t001_old"},
        {&postgres_tenant, "database \"shop_acme\" does not exist",
         "database \"{database}\" does not exist"},
        {&postgres_tenant, "relation \"tenant_acme.item\" does not exist",
         "relation \"{schema}.item\" does not exist"},
        {&postgres_tenant, "role \"app_acme\" is not permitted to log in",
         "role \"{user}\" is not permitted to log in"},
        {&postgres_tenant, "cannot look up host 'db7.internal': unknown",
         "cannot look up host '{host}': unknown"},
        {&postgres_tenant, "connection to server at \"db7.internal\" (10.0.0.12), port 5432 failed",
         "connection to server at \"{host}\" ({address}), port 5432 failed"},
        {&postgres_tenant, "connection to server at \"db7.internal\" (fe80::1:2), port 5432 failed",
         "connection to server at \"{host}\" ({address}), port 5432 failed"},
        {&postgres_tenant, "process 4711 waits for ShareLock on transaction 815; blocked by PID 9",
         "process {number} waits for ShareLock on transaction {number}; blocked by PID {number}"},
        {&postgres_tenant, "revision 12 has 3 statements, '00:10:00' and 1.2.3",
         "revision 12 has 3 statements, '00:10:00' and 1.2.3"},
        {&postgres_tenant, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        cause_add(&buf, cases[i].text, cases[i].tenant);
        assert_string_equal(buf.data, cases[i].cause);
        buf_done(&buf);
    }
}

static uint32_t put(struct causes *causes, const char *name, const char *text)
{
    struct err err;
    char url[64];
    snprintf(url, sizeof url, "sqlite:///%s.db", name);
    struct tenant tenant = {.name = name, .url_redacted = url};
    err_set(&err, ERR_SQL, "%s", text);
    return causes_put(causes, &err, NULL, &tenant);
}

static void the_same_words_are_one_cause_whatever_a_tenant_is_called(void **state)
{
    struct arena arena;
    struct causes causes;
    (void)state;
    arena_init(&arena);
    causes_init(&causes, &arena);
    assert_int_equal(put(&causes, "column", "the column is missing"), 0);
    assert_int_equal(put(&causes, "other", "the column is missing"), 0);
    assert_int_equal(put(&causes, "a", "'a.db' is missing"), 1);
    assert_int_equal(put(&causes, "b", "'b.db' is missing"), 1);
    assert_int_equal(put(&causes, "b", "'b.db' is missing; held by a process"), 1);
    assert_int_equal(put(&causes, "b", "'c.db' is missing"), 2);
    arena_done(&arena);
}

/* Values of rows differ in each tenant, and are no cause. */
static void values_of_rows_make_no_causes(void **state)
{
    static const struct {
        const char *text, *cause;
    } cases[] = {
        {"Duplicate entry 'a' for key 'ux'", "Duplicate entry {value}"},
        {"Duplicate entry 'b''c' for key 'ux'", "Duplicate entry {value}"},
        {"Incorrect integer value: 'x' for column `shop_acme`.`item`.`n` at row 7",
         "Incorrect integer value: {value} for column `{database}`.`item`.`n` at row {number}"},
        {"invalid input syntax for type integer: \"x\"",
         "invalid input syntax for type integer: {value}"},
        {"division by zero", "division by zero"},
    };
    struct arena arena;
    struct causes causes;
    (void)state;
    arena_init(&arena);
    causes_init(&causes, &arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;
        err_set(&err, ERR_SQL, "%s", cases[i].text);
        err.quotes_values = true;
        uint32_t number = causes_put(&causes, &err, NULL, &postgres_tenant);
        assert_string_equal(causes_at(&causes, number)->text, cases[i].cause);
    }
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_tenants_own_facts_are_replaced_by_what_they_are),
    cmocka_unit_test(values_of_rows_make_no_causes),
    cmocka_unit_test(the_same_words_are_one_cause_whatever_a_tenant_is_called),
};

UNIT_MAIN(tests)
