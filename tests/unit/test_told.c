/* What a run tells of an inventory is heard as it was, and nothing else is. */
#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"
#include "inventory/told.h"

static const char whole[] =
    "version_table: revs\n"
    "report: {detail: false}\n"
    "drift: {ignore: [comments, 'table audit_*'], compare: [owners]}\n"
    "rollout: {forecast: {warn_above: 2.5x, halt_above: 20m, at_least: 3s}}\n"
    "defaults: {transaction: each, connect_timeout: 7s, lock_timeout: 250ms, statement_timeout: 2h,\n"
    "  retries: 9, retry_timeout: 5m, batch_pause: 11ms, batch_max_lag: 2s, batch_max_wait: 3m, batch_timeout: 8s,\n"
    "  batch_max_waiting: 4, batch_max_active: 6}\n"
    "tenants:\n"
    "- {name: acme, url: 'postgresql://app@db1:6000/acme?sslmode=verify-ca', schema: acme, search_path: [shared, 'a=b'],\n"
    "   settings: {work_mem: '8MB', my.note: 'a=b c'}, labels: [tier=canary, region=eu], password_env: PW}\n"
    "- {name: 'b lank', url: 'mysql://app@db2/x%20y', password_file: secrets/x, batch_replicas: ['mysql://mon:p@r1/']}\n"
    "- {name: file, url: 'sqlite:///data/f.db', create: true, rollback_by: snapshot}\n"
    "- {name: last, url: 'postgresql://app:s3cret@db1/last', create: true}\n";

static struct inventory *read_text(const char *text)
{
    struct faults faults;
    faults_init(&faults);
    struct inventory_builder *builder =
        inventory_parse("fleet/skein.yaml", text, strlen(text), &faults);
    struct inventory *inventory = builder ? inventory_finish(builder, &faults) : NULL;
    if (!inventory)
        fail_msg("%s", faults.items[0].text);
    faults_done(&faults);
    return inventory;
}

static struct told_fleet tell(const struct inventory *inventory, struct arena *arena)
{
    struct told_fleet told = {.rules = told_rules(inventory, arena),
                              .count = inventory->tenant_count};
    told.tenants = arena_calloc(arena, told.count, sizeof *told.tenants);
    for (size_t i = 0; i < told.count; i++) {
        const struct tenant *tenant = &inventory->tenants[i];
        const char **labels = arena_calloc(arena, tenant->label_count, sizeof *labels);
        for (size_t l = 0; l < tenant->label_count; l++)
            labels[l] =
                arena_printf(arena, "%s=%s", tenant->labels[l].key, tenant->labels[l].value);
        told.tenants[i] = (struct told_tenant){.name = tenant->name,
                                               .url = tenant->url_redacted,
                                               .schema = tenant->schema,
                                               .labels = {labels, tenant->label_count, true},
                                               .settings = told_settings(tenant, arena),
                                               .password = told_password(tenant->password, arena)};
    }
    return told;
}

static void assert_same(const struct rows *one, const struct rows *other)
{
    assert_int_equal(one->count, other->count);
    for (size_t i = 0; i < one->count; i++)
        assert_string_equal(one->ids[i], other->ids[i]);
}

static void what_is_told_is_heard_as_it_was(void **state)
{
    struct arena arena;
    struct faults faults;
    const char *const variables[] = {"P*"}, *const folders[] = {"/"};
    const struct told_grants grants = {variables, 1, folders, 1};
    arena_init(&arena);
    faults_init(&faults);
    struct inventory *first = read_text(whole);
    struct inventory *own = read_text("{}\n");
    const struct told_fleet told = tell(first, &arena);
    struct inventory *heard = inventory_told(own, &told, &grants, &faults);
    if (!heard)
        fail_msg("%s", faults.items[0].text);
    const struct told_fleet again = tell(heard, &arena);
    assert_same(&told.rules, &again.rules);
    for (size_t i = 0; i < told.count; i++) {
        const struct tenant *was = &first->tenants[i], *is = &heard->tenants[i];
        assert_same(&told.tenants[i].labels, &again.tenants[i].labels);
        assert_string_equal(was->url_redacted, is->url_redacted);
        assert_string_equal(was->server, is->server);
        assert_string_equal(was->schema ? was->schema : "", is->schema ? is->schema : "");
    }
    for (size_t i = 0; i < told.count; i++)
        if (i != 1) /* whose replica's password stands nowhere */
            assert_same(&told.tenants[i].settings, &again.tenants[i].settings);
    assert_int_equal(heard->tenants[1].replicas->count, 1);
    assert_string_equal(heard->version_table, "revs");
    assert_true(heard->hides_values && !heard->hides_sql);
    assert_int_equal(heard->tenants[0].password->kind, PASSWORD_ENV);
    assert_int_equal(heard->tenants[3].password->kind, PASSWORD_NONE);
    for (size_t i = 0; i < told.count; i++) {
        for (size_t s = 0; s < told.tenants[i].settings.count; s++)
            assert_null(strstr(told.tenants[i].settings.ids[s], ":p@"));
        assert_null(strstr(told.tenants[i].url, "s3cret"));
    }
    inventory_free(heard);
    inventory_free(own);
    inventory_free(first);
    faults_done(&faults);
    arena_done(&arena);
    (void)state;
}

/* A tenant with that URL and password, and one rule, on a machine that grants nothing but what begins with TENANT_. */
static const struct tenant *hear(struct arena *arena, const char *url, const char *password,
                                 struct inventory **ret_heard)
{
    static const char *const variables[] = {"TENANT_*_PW"};
    static const char *const rules[] = {"version_table=v"};
    const struct told_grants grants = {.variables = variables, .variable_count = 1};
    struct told_tenant tenant = {.name = "t",
                                 .url = url,
                                 .labels.is_known = true,
                                 .settings.is_known = true,
                                 .password = password};
    const struct told_fleet told = {{rules, 1, true}, &tenant, 1};
    struct faults faults;
    faults_init(&faults);
    struct inventory *own = read_text("{}\n");
    *ret_heard = inventory_told(own, &told, &grants, &faults);
    const struct tenant *found = NULL;
    if (*ret_heard) {
        struct tenant *copy = arena_alloc(arena, sizeof *copy);
        struct password *source = arena_alloc(arena, sizeof *source);
        *source = *(*ret_heard)->tenants[0].password;
        source->shown = arena_strdup(arena, source->shown);
        *copy = (struct tenant){.password = source};
        found = copy;
    }
    inventory_free(*ret_heard);
    inventory_free(own);
    faults_done(&faults);
    return found;
}

static void nothing_is_used_that_is_not_granted(void **state)
{
    static const struct {
        const char *url, *password;
        int kind;          /* -1: the whole is refused */
        const char *shown; /* a part of what is said; NULL: nothing */
    } cases[] = {
        {"postgresql://a@h/d", NULL, PASSWORD_NONE, NULL},
        {"postgresql://a@h/d", "env TENANT_A_PW", PASSWORD_ENV, "TENANT_A_PW"},
        {"postgresql://a@h/d", "env TENANT_A_PWX", PASSWORD_NONE, "--grant-env TENANT_A_PWX"},
        {"postgresql://a@h/d", "env HOME", PASSWORD_NONE, "--grant-env HOME"},
        {"postgresql://a@h/d", "file /etc/shadow", PASSWORD_NONE, "'/etc/shadow'"},
        {"postgresql://a@h/d", "command", PASSWORD_NONE, "from a program"},
        {"postgresql://a@h/d", "sh -c true", PASSWORD_NONE, "in no ledger"},
        {"postgresql://a@h/d?sslrootcert=system", NULL, PASSWORD_NONE, NULL},
        {"postgresql://a@h/d?sslrootcert=/etc/passwd", NULL, PASSWORD_REFUSED, "'sslrootcert'"},
        {"postgresql://a@h/d?sslcrldir=/", NULL, PASSWORD_REFUSED, "'sslcrldir'"},
        {"postgresql://a@h/d?service=x", NULL, PASSWORD_REFUSED, "'service'"},
        {"postgresql:///d?service=x", NULL, PASSWORD_NONE, NULL},
        {"postgresql:///d?service=x&sslmode=disable", NULL, PASSWORD_REFUSED, "'service'"},
        {"postgresql://a@h/d?hostaddr=10.0.0.1", NULL, PASSWORD_REFUSED, "'hostaddr'"},
        {"postgresql://a@h/d?hostaddr=10.0.0.1&sslmode=verify-full", NULL, PASSWORD_NONE, NULL},
        {"postgresql://a@h/d?sslpassword=***", NULL, PASSWORD_REFUSED, "'sslpassword'"},
        {"mysql://a@h/d?ssl_ca=/etc/ca", NULL, PASSWORD_REFUSED, "'ssl_ca'"},
        {"mysql://a@h/d?SSL_KEY=/etc/key", NULL, PASSWORD_REFUSED, "'SSL_KEY'"},
        {"mysql://a@h/d?read_default_file=/etc/my.cnf", NULL, PASSWORD_NONE, NULL},
        {"mysql://a@h/d?local_infile=1", NULL, -1, NULL},
        {"mysql://a:b@h/d", NULL, -1, NULL},
        {"sqlite:////nowhere/x.db", "env HOME", PASSWORD_NONE, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct inventory *heard;
        arena_init(&arena);
        const struct tenant *tenant = hear(&arena, cases[i].url, cases[i].password, &heard);
        if ((tenant ? (int)tenant->password->kind : -1) != cases[i].kind)
            fail_msg("%s %s: %d", cases[i].url, cases[i].password ? cases[i].password : "",
                     tenant ? (int)tenant->password->kind : -1);
        const char *shown = tenant ? tenant->password->shown : NULL;
        if (cases[i].shown ? !shown || !strstr(shown, cases[i].shown) : shown != NULL)
            fail_msg("%s: '%s'", cases[i].url, shown ? shown : "");
        arena_done(&arena);
    }
    (void)state;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_told_is_heard_as_it_was),
    cmocka_unit_test(nothing_is_used_that_is_not_granted),
};

UNIT_MAIN(tests)
