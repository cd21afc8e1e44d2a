#include "unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"
#include "inventory/selector.h"

/* A folder of the test's own; the inventory is parsed as if it stood in it. */
struct fleet {
    char dir[64];
    struct faults faults;
    struct inventory_builder *builder; /* of what was parsed last, until finish() */
    struct inventory *inventory;
};

static struct fleet *fleet_new(void)
{
    struct fleet *fleet = xcalloc(1, sizeof *fleet);
    snprintf(fleet->dir, sizeof fleet->dir, "%s", "/tmp/skein-inventory-XXXXXX");
    setenv("TEST_PASSWORD", "s3cret", 1);
    setenv("TEST_HOST", "db7", 1);
    setenv("TEST_ODD", "${TEST_HOST}$$", 1);
    faults_init(&fleet->faults);
    assert_non_null(mkdtemp(fleet->dir));
    return fleet;
}

static char *path_in(const struct fleet *fleet, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", fleet->dir, name);
    return path;
}

static void touch(const struct fleet *fleet, const char *name)
{
    FILE *file = fopen(path_in(fleet, name), "w");
    assert_non_null(file);
    fclose(file);
}

static void fleet_free(struct fleet *fleet)
{
    static const char *const names[] = {"b.db",  "a.eu.db", "a.eu.db-wal", "c.db-journal",
                                        ".x.db", "link.db", "secret",      "folder.db"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (unlink(path_in(fleet, names[i])) != 0)
            rmdir(path_in(fleet, names[i]));
    inventory_abandon(fleet->builder);
    inventory_free(fleet->inventory);
    faults_done(&fleet->faults);
    rmdir(fleet->dir);
    free(fleet);
}

static const struct inventory *parse(struct fleet *fleet, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/skein.yaml", fleet->dir);
    inventory_abandon(fleet->builder);
    fleet->builder = inventory_parse(path, text, strlen(text), &fleet->faults);
    if (!fleet->builder)
        fail_msg("%s", fleet->faults.items[0].text);
    return inventory_draft(fleet->builder);
}

static bool finish(struct fleet *fleet)
{
    inventory_free(fleet->inventory);
    fleet->inventory = inventory_finish(fleet->builder, &fleet->faults);
    fleet->builder = NULL;
    return fleet->inventory != NULL;
}

static bool add_row(struct fleet *fleet, const char *const *columns, const char *const *values,
                    size_t count)
{
    const struct found_row row = {columns, values, count};
    return inventory_add_found(fleet->builder, inventory_draft(fleet->builder)->queries, &row,
                               &fleet->faults);
}

static void fills_in_defaults(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct inventory *inventory =
        parse(fleet, "tenants:\n  - {name: acme, url: 'postgresql://h/d'}\n");
    char expected[128];
    const struct settings *settings = inventory->tenants[0].settings;
    snprintf(expected, sizeof expected, "%s/versions", fleet->dir);
    assert_string_equal(inventory->chain_dir, expected);
    snprintf(expected, sizeof expected, "%s/.skein/ledger.db", fleet->dir);
    assert_string_equal(inventory->ledger, expected);
    assert_string_equal(inventory->version_table, "alembic_version");
    assert_int_equal(inventory->rollout.parallel, 32);
    assert_int_equal(inventory->rollout.per_server, 8);
    assert_int_equal(inventory->rollout.on_failure, ON_FAILURE_STOP);
    assert_int_equal(inventory->rollout.verify_schema, VERIFY_NONE);
    assert_int_equal(inventory->rollout.max_failures.count, 0);
    assert_int_equal(settings->transaction, TRANSACTION_ALL);
    assert_false(settings->create);
    assert_int_equal(settings->connect_timeout_ms, 10000);
    assert_int_equal(settings->lock_timeout_ms, 5000);
    assert_int_equal(settings->statement_timeout_ms, 0);
    assert_int_equal(settings->retries, 3);
    assert_int_equal(settings->batches.pause_ms, 50);
    assert_int_equal(settings->batches.max_lag_ms, 2000);
    assert_int_equal(settings->batches.max_wait_ms, 600000);
    assert_int_equal(settings->batches.timeout_ms, 0);
    assert_int_equal(settings->batches.max_waiting, 5);
    assert_int_equal(settings->batches.max_active, 0);
    assert_int_equal(inventory->tenants[0].password->kind, PASSWORD_NONE);
    fleet_free(fleet);
}

static void batches_are_set_as_other_settings_are(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct inventory *inventory =
        parse(fleet, "defaults: {batch_pause: 1s, batch_max_lag: 0}\n"
                     "tenants:\n"
                     "  - name: acme\n"
                     "    url: postgresql://h/acme\n"
                     "    batch_max_lag: 9s\n"
                     "    batch_max_wait: 1h\n"
                     "    batch_timeout: 30s\n"
                     "    batch_max_waiting: 0\n"
                     "    batch_max_active: 25\n"
                     "  - {name: globex, url: 'postgresql://h/globex'}\n"
                     "  - {name: umbrella, url: 'postgresql://h/u'}\n");
    const struct tenant *globex = &inventory->tenants[1];
    const struct repeat *own = &inventory->tenants[0].settings->batches;
    assert_int_equal(own->pause_ms, 1000);
    assert_int_equal(own->max_lag_ms, 9000);
    assert_int_equal(own->max_wait_ms, 3600000);
    assert_int_equal(own->timeout_ms, 30000);
    assert_int_equal(own->max_waiting, 0);
    assert_int_equal(own->max_active, 25);
    assert_int_equal(globex->settings->batches.max_lag_ms, 0);
    assert_int_equal(globex->settings->batches.max_waiting, 5);
    assert_ptr_equal(globex->settings, inventory->tenants[2].settings);
    fleet_free(fleet);
}

static void replicas_are_those_of_the_tenants_engine(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    setenv("TEST_PASSWORD", "s3cret", 1);
    const struct inventory *inventory =
        parse(fleet, "defaults:\n"
                     "  password_env: TEST_PASSWORD\n"
                     "  batch_replicas: ['mysql://u@r1', 'postgresql://u:own@r2/d', "
                     "'mariadb://u:x@r3:3307/d']\n"
                     "tenants:\n"
                     "  - {name: a, url: 'mysql://h/a'}\n"
                     "  - {name: b, url: 'mariadb://h/b'}\n"
                     "  - {name: c, url: 'postgresql://h/c'}\n"
                     "  - {name: d, url: 'sqlite:///d.db'}\n"
                     "  - {name: e, url: 'mysql://h/e', batch_replicas: []}\n"
                     "  - {name: f, url: 'mysql://h/f', batch_replicas: ['mysql://u@r1']}\n");
    const struct tenant *tenants = inventory->tenants;
    const struct replica_set *set = tenants[0].replicas;
    assert_int_equal(set->count, 2);
    assert_ptr_equal(tenants[1].replicas, set);
    assert_string_equal(set->replicas[0]->name, "r1:3306");
    assert_null(set->replicas[0]->url.database);
    assert_int_equal(set->replicas[0]->password->kind, PASSWORD_ENV);
    assert_string_equal(set->replicas[1]->url_redacted, "mariadb://u@r3:3307/d");
    assert_int_equal(set->replicas[1]->password->kind, PASSWORD_VALUE);
    assert_null(set->replicas[1]->url.password);
    assert_int_equal(tenants[2].replicas->count, 1);
    assert_null(tenants[3].replicas);
    assert_null(tenants[4].replicas);
    assert_ptr_equal(tenants[5].replicas->replicas[0], set->replicas[0]);
    fleet_free(fleet);
}

static void tenants_override_defaults(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct inventory *inventory = parse(fleet, "defaults:\n"
                                                     "  retries: 5\n"
                                                     "  lock_timeout: 1m\n"
                                                     "  schema: app\n"
                                                     "  labels: [tier=free, region=eu]\n"
                                                     "  password_env: TEST_PASSWORD\n"
                                                     "tenants:\n"
                                                     "  - name: acme\n"
                                                     "    url: postgresql://h/acme\n"
                                                     "    transaction: each\n"
                                                     "    create: true\n"
                                                     "    labels: [tier=canary, x=]\n"
                                                     "  - name: globex\n"
                                                     "    url: postgresql://app:own@h/globex\n"
                                                     "    schema: own\n"
                                                     "  - name: initech\n"
                                                     "    url: sqlite:///initech.db\n"
                                                     "  - name: umbrella\n"
                                                     "    url: postgresql://h/umbrella\n");
    const struct tenant *acme = &inventory->tenants[0];
    const struct tenant *globex = &inventory->tenants[1];
    const struct tenant *initech = &inventory->tenants[2];
    const struct tenant *umbrella = &inventory->tenants[3];
    assert_int_equal(acme->settings->transaction, TRANSACTION_EACH);
    assert_true(acme->settings->create);
    assert_int_equal(acme->settings->retries, 5);
    assert_int_equal(acme->settings->lock_timeout_ms, 60000);
    assert_int_equal(acme->label_count, 3);
    assert_string_equal(tenant_label(acme, "tier"), "canary");
    assert_string_equal(tenant_label(acme, "region"), "eu");
    assert_string_equal(tenant_label(acme, "x"), "");
    assert_string_equal(acme->schema, "app");
    assert_int_equal(acme->password->kind, PASSWORD_ENV);
    assert_string_equal(acme->password->value, "TEST_PASSWORD");
    assert_string_equal(globex->schema, "own");
    assert_string_equal(globex->password->value, "own");
    assert_null(globex->url.password);
    assert_string_equal(tenant_label(globex, "tier"), "free");
    assert_null(initech->schema);
    assert_int_equal(initech->password->kind, PASSWORD_NONE);
    assert_int_equal(acme->line, 8);
    assert_int_equal(umbrella->line, 18);
    fleet_free(fleet);
}

static void equal_things_are_shared(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct inventory *inventory =
        parse(fleet, "defaults: {password_env: TEST_PASSWORD}\n"
                     "tenants:\n"
                     "  - {name: a, url: 'postgresql://h/a', labels: [t=1], retries: 9}\n"
                     "  - {name: b, url: 'postgresql://u@H:5432/b', password_env: TEST_PASSWORD, "
                     "labels: [t=1], retries: 9}\n");
    const struct tenant *a = &inventory->tenants[0];
    const struct tenant *b = &inventory->tenants[1];
    assert_ptr_equal(a->server, b->server);
    assert_ptr_equal(a->labels, b->labels);
    assert_ptr_equal(a->settings, b->settings);
    assert_ptr_equal(a->password, b->password);
    fleet_free(fleet);
}

/* The same fleet, its labels written in every way that YAML has; and every line stays where it was. */
static void labels_may_be_a_mapping(void **state)
{
    static const char *const cases[] = {
        "tenants:\n- name: Ünï\n  url: sqlite:///a\n  labels: [tier=canary, region=]\n- name: b\n  url: sqlite:///b\n",
        "tenants:\n- name: Ünï\n  url: sqlite:///a\n  labels: {tier: canary, region: }\n- name: b\n  url: sqlite:///b\n",
        "tenants:\n- labels:\n    tier: canary # x\n    region:\n  name: a\n  url: sqlite:///a\n- name: b\n  url: sqlite:///b\n",
        "tenants:\n- labels: # Ünï\n    tier:\n     canary\n    region: \"\"\n\n  # more\n  name: a\n  url: sqlite:///a\n"
        "- name: b\n  url: sqlite:///b",
        "tenants:\n- {name: a, labels: {tier: canary,\n region: ''}, url: 'sqlite:///a'}\n- name: b\n  url: sqlite:///b\n",
        "tenants:\n- name: a\n  url: sqlite:///a\n  labels: &l\n    tier: canary\n    region:\n- {name: c, url: 'sqlite:///c', labels: *l}\n"
        "- name: b\n  url: sqlite:///b\n",
        "tenants:\n- name: a\n  url: sqlite:///a\n  labels: {}\n- name: b\n  url: sqlite:///b\n  labels:\n    tier: canary\n    region: ''",
        "defaults:\n  labels: {tier: canary, region: ''}\ntenants:\n- {name: b, url: 'sqlite:///b'}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet *fleet = fleet_new();
        char text[512], wanted[64];
        snprintf(text, sizeof text, "%s", cases[i]);
        const struct inventory *inventory = parse(fleet, text);
        const struct tenant *last = &inventory->tenants[inventory->tenant_count - 1];
        const struct tenant *labelled = i < 6 ? inventory->tenants : last;
        for (size_t t = 0; t + 1 < inventory->tenant_count && i != 6; t++) {
            assert_string_equal(tenant_label(&inventory->tenants[t], "tier"), "canary");
            assert_string_equal(tenant_label(&inventory->tenants[t], "region"), "");
        }
        assert_string_equal(tenant_label(labelled, "tier"), "canary");
        assert_int_equal(labelled->label_count, 2);
        assert_string_equal(last->name, "b");
        /* the line of the last tenant, as it stands in the text */
        int line = 1;
        for (const char *at = text, *end = strstr(text, "name: b"); at < end; at++)
            line += *at == '\n';
        snprintf(wanted, sizeof wanted, "case %zu: line %d", i, line);
        if (last->line != line)
            fail_msg("%s, not %d", wanted, last->line);
        fleet_free(fleet);
    }
}

static void knows_implicit_labels(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct tenant *tenant =
        parse(fleet, "tenants: [{name: a, url: 'mysql://DB1/a'}]\n")->tenants;
    assert_string_equal(tenant_label(tenant, "name"), "a");
    assert_string_equal(tenant_label(tenant, "dialect"), "mysql");
    assert_string_equal(tenant_label(tenant, "server"), "db1:3306");
    assert_null(tenant_label(tenant, "tier"));
    fleet_free(fleet);
}

static void replaces_variables_once(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct inventory *inventory =
        parse(fleet, "chain: /a$b$$c$${TEST_HOST}\n"
                     "tenants:\n"
                     "  - name: a\n"
                     "    url: postgresql://u:${TEST_PASSWORD}@${TEST_HOST}/d\n"
                     "    schema: ${TEST_ODD}\n");
    assert_string_equal(inventory->chain_dir, "/a$b$c${TEST_HOST}");
    assert_string_equal(inventory->tenants[0].url_redacted, "postgresql://u@db7/d");
    assert_string_equal(inventory->tenants[0].password->value, "s3cret");
    assert_string_equal(inventory->tenants[0].schema, "${TEST_HOST}$$");
    fleet_free(fleet);
}

static void a_ledgers_url_has_no_driver(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    assert_string_equal(
        parse(fleet, "ledger: postgres+psycopg2://u:${TEST_PASSWORD}@h/d\n")->ledger,
        "postgres://u:s3cret@h/d");
    assert_string_equal(parse(fleet, "ledger: sqlite+x:///l.db\n")->ledger, path_in(fleet, "l.db"));
    fleet_free(fleet);
}

static void reads_the_rollout(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct inventory *inventory =
        parse(fleet, "rollout:\n"
                     "  parallel: 100\n"
                     "  per_server: 2\n"
                     "  on_failure: rollback\n"
                     "  verify_schema: after\n"
                     "  max_failures: 2%\n"
                     "  waves:\n"
                     "    - {name: canary, select: tier=canary, parallel: 4, soak: 30s}\n"
                     "    - {name: everyone, max_failures: 7}\n"
                     "tenants: [{name: a, url: 'sqlite:///a.db', labels: [tier=canary]}]\n");
    const struct rollout_rules *rules = &inventory->rollout;
    assert_int_equal(rules->parallel, 100);
    assert_int_equal(rules->per_server, 2);
    assert_int_equal(rules->on_failure, ON_FAILURE_ROLLBACK);
    assert_int_equal(rules->verify_schema, VERIFY_AFTER);
    assert_int_equal(rules->max_failures.permyriad, 200);
    assert_int_equal(rules->wave_count, 2);
    assert_string_equal(rules->waves[0].name, "canary");
    assert_true(selector_matches(rules->waves[0].select, tenant_label, &inventory->tenants[0]));
    assert_int_equal(rules->waves[0].soak_ms, 30000);
    assert_int_equal(rules->waves[0].parallel, 4);
    assert_false(rules->waves[0].has_max_failures);
    assert_int_equal(rules->waves[0].line, 8);
    assert_string_equal(rules->waves[1].select_text, "");
    assert_true(rules->waves[1].has_max_failures);
    fleet_free(fleet);
}

static void globs_find_database_files(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    touch(fleet, "b.db");
    touch(fleet, "a.eu.db");
    touch(fleet, "a.eu.db-wal");
    touch(fleet, "c.db-journal");
    touch(fleet, ".x.db");
    assert_int_equal(mkdir(path_in(fleet, "folder.db"), 0700), 0);
    assert_int_equal(symlink("nowhere", path_in(fleet, "link.db")), 0);
    const struct inventory *inventory =
        parse(fleet, "sources:\n  - glob: '*.db*'\n    labels: [tier=free]\n    retries: 0\n");
    assert_int_equal(inventory->tenant_count, 2);
    assert_string_equal(inventory->tenants[0].name, "a.eu");
    assert_string_equal(inventory->tenants[0].url_redacted, "sqlite:///a.eu.db");
    assert_string_equal(inventory->tenants[0].url.database, path_in(fleet, "a.eu.db"));
    assert_string_equal(inventory->tenants[1].name, "b");
    assert_string_equal(tenant_label(&inventory->tenants[1], "tier"), "free");
    assert_int_equal(inventory->tenants[1].settings->retries, 0);
    assert_int_equal(inventory->tenants[1].line, 2);
    assert_true(finish(fleet));
    fleet_free(fleet);
}

/* A report in JSON could not hold it. */
static void a_glob_finds_no_path_that_is_no_text(void **state)
{
    static const char *const folders[] = {"odd\xff", "odd\n"};
    static const char yaml[] = "sources:\n  - glob: '*/x.db'\n";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct fleet *fleet = fleet_new();
        char file[32];
        snprintf(file, sizeof file, "%s/x.db", folders[i]);
        assert_int_equal(mkdir(path_in(fleet, folders[i]), 0700), 0);
        touch(fleet, file);
        assert_null(
            inventory_parse(path_in(fleet, "skein.yaml"), yaml, strlen(yaml), &fleet->faults));
        assert_int_equal(fleet->faults.items[0].line, 2);
        assert_string_equal(
            fleet->faults.items[0].text,
            "sources[0]: 'glob': the path of file 'x' must be text without control characters");
        unlink(path_in(fleet, file));
        rmdir(path_in(fleet, folders[i]));
        fleet_free(fleet);
    }
}

static void rows_become_tenants(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    static const char *const columns[] = {"name", "url", "schema", "region"};
    static const char *const rows[][4] = {
        {"acme", "postgresql://h/acme", NULL, "Île-de-France = 1"},
        {"globex", "postgresql://u:own@h/globex", "s", NULL},
        {"initech", "sqlite:///initech.db", NULL, NULL},
    };
    const struct inventory *inventory = parse(fleet, "sources:\n"
                                                     "  - glob: '*.none'\n"
                                                     "  - query: SELECT 1\n"
                                                     "    url: postgresql://app@control/app\n"
                                                     "    password_env: TEST_PASSWORD\n"
                                                     "    schema: app\n"
                                                     "    labels: [region=eu, tier=free]\n");
    const struct query_source *source = &inventory->queries[0];
    assert_int_equal(inventory->query_count, 1);
    assert_string_equal(source->control.name, "sources[1]");
    assert_string_equal(source->control.password->value, "TEST_PASSWORD");
    assert_null(source->control.schema);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(add_row(fleet, columns, rows[i], 4));
    const struct tenant *tenants = inventory->tenants;
    assert_string_equal(tenants[0].schema, "app");
    assert_string_equal(tenants[0].password->value, "TEST_PASSWORD");
    assert_string_equal(tenant_label(&tenants[0], "region"), "Île-de-France = 1");
    assert_string_equal(tenants[1].schema, "s");
    assert_string_equal(tenants[1].password->value, "own");
    assert_string_equal(tenant_label(&tenants[1], "region"), "eu");
    assert_null(tenants[2].schema);
    assert_string_equal(tenants[2].url.database, path_in(fleet, "initech.db"));
    assert_int_equal(tenants[2].line, 3);
    assert_true(finish(fleet));
    fleet_free(fleet);
}

static void bad_rows_are_faults(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    static const char *const columns[] = {"name", "url", "server"};
    static const struct {
        const char *values[3];
        const char *fault;
    } cases[] = {
        {{NULL, "sqlite:///a", NULL}, "sources[0], row '': its 'name' must be"},
        {{"a\x1b", "sqlite:///a", NULL}, "its 'name' must be"},
        {{"a", NULL, NULL}, "sources[0], row 'a': its 'url' is missing"},
        {{"a", "postgresql://u:s3c/ret@h/d", NULL}, "its 'url': bad URL: "},
        {{"a", "sqlite:///a", "x"}, "the column 'server'"},
    };
    const struct inventory *inventory =
        parse(fleet, "sources: [{query: SELECT 1, url: 'sqlite:///control.db'}]\n");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_false(add_row(fleet, columns, cases[i].values, 3));
        assert_int_equal(fleet->faults.total, i + 1);
        if (!strstr(fleet->faults.items[i].text, cases[i].fault))
            fail_msg("%s", fleet->faults.items[i].text);
        assert_null(strstr(fleet->faults.items[i].text, "s3c"));
    }
    assert_int_equal(inventory->tenant_count, 0);
    fleet_free(fleet);
}

static void a_column_twice_is_a_fault(void **state)
{
    static const char *const columns[] = {"name", "url", "name"};
    static const char *const values[] = {"a", "sqlite:///a", NULL};
    struct fleet *fleet = fleet_new();
    (void)state;
    parse(fleet, "sources: [{query: SELECT 1, url: 'sqlite:///control.db'}]\n");
    assert_false(add_row(fleet, columns, values, 3));
    assert_string_equal(
        fleet->faults.items[0].text,
        "sources[0], row 'a': the column 'name' stands twice: rename one in the query");
    fleet_free(fleet);
}

static void finds_what_stands_twice(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    static const struct {
        const char *tenants;
        const char *fault; /* NULL: none */
    } cases[] = {
        {"  - {name: a, url: 'postgresql://h/a'}\n  - {name: a, url: 'postgresql://h/b'}\n",
         "tenant 'a': 'name' is taken by the tenant of line 2"},
        {"  - {name: a, url: 'postgresql://H/a'}\n  - {name: b, url: 'postgres://h:5432/a'}\n",
         "tenant 'b': 'url' is the same database as that of tenant 'a' (line 2)"},
        {"  - {name: a, url: 'postgresql:///a'}\n  - {name: b, url: 'postgresql://[::1]/a'}\n",
         "same database"},
        {"  - {name: a, url: 'mysql://localhost/a'}\n  - {name: b, url: 'mysql://127.0.0.1/a'}\n",
         "same database"},
        {"  - {name: a, url: 'sqlite:///b.db'}\n  - {name: b, url: 'sqlite:///link.db'}\n",
         "same database"},
        {"  - {name: a, url: 'sqlite:///new.db'}\n  - {name: b, url: 'sqlite:///./new.db'}\n",
         "same database"},
        {"  - {name: a, url: 'sqlite:///new.db'}\n  - {name: b, url: 'sqlite:///new2.db'}\n", NULL},
        {"  - {name: a, url: 'postgresql://h/a'}\n  - {name: b, url: 'postgresql://h/A'}\n", NULL},
        {"  - {name: a, url: 'postgresql://h/a', schema: s}\n"
         "  - {name: b, url: 'postgresql://h/a', schema: t}\n",
         NULL},
        {"  - {name: a, url: 'postgresql://h/a'}\n  - {name: b, url: 'mysql://h:5432/a'}\n", NULL},
        {"  - {name: a, url: 'postgresql://h:1/a'}\n  - {name: b, url: 'postgresql://h:2/a'}\n",
         NULL},
    };
    touch(fleet, "b.db");
    assert_int_equal(symlink("b.db", path_in(fleet, "link.db")), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "tenants:\n%s", cases[i].tenants);
        parse(fleet, text);
        faults_done(&fleet->faults);
        if (finish(fleet) != !cases[i].fault)
            fail_msg("case %zu: %s", i, cases[i].tenants);
        if (cases[i].fault && !strstr(fleet->faults.items[0].text, cases[i].fault))
            fail_msg("%s", fleet->faults.items[0].text);
        if (cases[i].fault)
            assert_int_equal(fleet->faults.items[0].line, 3);
    }
    fleet_free(fleet);
}

static void a_hundred_thousand_tenants_stay_small(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    enum { COUNT = 100000 };
    char *text = xmalloc((size_t)COUNT * 128);
    size_t len = 0;
    len += (size_t)snprintf(text, 128, "tenants:\n");
    for (int i = 0; i < COUNT; i++)
        len += (size_t)snprintf(text + len, 128,
                                "- {name: tenant-%06d, url: 'postgresql://app@db%d/t%06d', "
                                "labels: [tier=t%d]}\n",
                                i, i % 100, i, i % 3);
    fleet->builder = inventory_parse("x.yaml", text, len, &fleet->faults);
    free(text);
    assert_non_null(fleet->builder);
    assert_true(finish(fleet));
    size_t bytes = fleet->inventory->arena->used_bytes +
                   fleet->inventory->tenant_capacity * sizeof(struct tenant);
    assert_int_equal(fleet->inventory->tenant_count, COUNT);
    assert_true(bytes / COUNT < 500);
    assert_int_equal(fleet->inventory->tenants[COUNT - 1].line, COUNT + 1);
    fleet_free(fleet);
}

static const char *setting_of(const struct tenant *tenant, const char *name)
{
    for (size_t i = 0; i < tenant->settings->session_count; i++)
        if (strcmp(tenant->settings->session[i].name, name) == 0)
            return tenant->settings->session[i].value;
    return NULL;
}

static void settings_add_up_and_the_nearest_wins(void **state)
{
    struct fleet *fleet = fleet_new();
    (void)state;
    const struct inventory *inventory =
        parse(fleet, "defaults:\n"
                     "  search_path: [public, ext]\n"
                     "  settings: {work_mem: 64MB, app.x: 'a b'}\n"
                     "tenants:\n"
                     "  - {name: plain, url: postgresql://h/a}\n"
                     "  - {name: own, url: postgresql://h/b, schema: s, search_path: [other],\n"
                     "     settings: {WORK_MEM: 1GB, DateStyle: 'ISO, DMY'}}\n"
                     "  - {name: bare, url: postgresql://h/c, schema: s, search_path: []}\n"
                     "  - {name: lite, url: sqlite:///x.db}\n");
    const struct tenant *plain = &inventory->tenants[0], *own = plain + 1, *bare = plain + 2;
    assert_string_equal(setting_of(plain, "work_mem"), "64MB");
    assert_string_equal(plain->settings->search_path[1], "ext");
    assert_null(plain->settings->search_path[2]);
    assert_int_equal(own->settings->session_count, 3);
    assert_string_equal(setting_of(own, "WORK_MEM"), "1GB");
    assert_string_equal(setting_of(own, "app.x"), "a b");
    assert_string_equal(setting_of(own, "DateStyle"), "ISO, DMY");
    assert_string_equal(own->settings->search_path[0], "other");
    assert_null(own->settings->search_path[1]);
    assert_true(!bare->settings->search_path || !bare->settings->search_path[0]);
    assert_ptr_equal(plain->settings->session, bare->settings->session);
    assert_ptr_equal(plain[3].settings, plain->settings);
    fleet_free(fleet);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(settings_add_up_and_the_nearest_wins),
    cmocka_unit_test(fills_in_defaults),
    cmocka_unit_test(batches_are_set_as_other_settings_are),
    cmocka_unit_test(replicas_are_those_of_the_tenants_engine),
    cmocka_unit_test(tenants_override_defaults),
    cmocka_unit_test(equal_things_are_shared),
    cmocka_unit_test(labels_may_be_a_mapping),
    cmocka_unit_test(knows_implicit_labels),
    cmocka_unit_test(replaces_variables_once),
    cmocka_unit_test(a_ledgers_url_has_no_driver),
    cmocka_unit_test(reads_the_rollout),
    cmocka_unit_test(globs_find_database_files),
    cmocka_unit_test(a_glob_finds_no_path_that_is_no_text),
    cmocka_unit_test(rows_become_tenants),
    cmocka_unit_test(bad_rows_are_faults),
    cmocka_unit_test(a_column_twice_is_a_fault),
    cmocka_unit_test(finds_what_stands_twice),
    cmocka_unit_test(a_hundred_thousand_tenants_stay_small),
};

UNIT_MAIN(tests)
