/* What the environment does not say is no fault of the file: who needs it finds it, all of it, and first. */
#include "unit/unit.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"
#include "inventory/lack.h"

struct stage {
    struct faults faults;
    struct inventory_builder *builder;
    const struct inventory *draft;
};

static struct stage open_stage(const char *yaml)
{
    struct stage stage;
    static const char *const names[] = {"LACK_A", "LACK_B", "LACK_C"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    setenv("LACK_SET", "set", 1);
    setenv("LACK_EMPTY", "", 1);
    setenv("LACK_ODD", "o@dd", 1);
    faults_init(&stage.faults);
    stage.builder = inventory_parse("skein.yaml", yaml, strlen(yaml), &stage.faults);
    if (!stage.builder)
        fail_msg("%s", stage.faults.items[0].text);
    stage.draft = inventory_draft(stage.builder);
    return stage;
}

static void close_stage(struct stage *stage)
{
    inventory_abandon(stage->builder);
    faults_done(&stage->faults);
}

/* `wanted` NULL: nothing is lacking. */
static void expect_first(struct stage *stage, bool is_well, const char *wanted)
{
    if (is_well != !wanted)
        fail_msg("%s", wanted ? wanted : stage->faults.items[0].text);
    if (wanted)
        assert_string_equal(stage->faults.items[0].text, wanted);
    faults_done(&stage->faults);
    faults_init(&stage->faults);
}

static bool check_tenants(struct stage *stage, size_t from, size_t count, enum tenants_use use,
                          const char *label)
{
    const struct tenant *tenants[16];
    for (size_t i = 0; i < count; i++)
        tenants[i] = &stage->draft->tenants[from + i];
    return inventory_check_tenants(&(struct tenants_check){.inventory = stage->draft,
                                                           .tenants = tenants,
                                                           .count = count,
                                                           .use = use,
                                                           .label = label},
                                   &stage->faults);
}

static void a_part_is_lacking_only_for_those_who_use_it(void **state)
{
    (void)state;
    struct stage stage = open_stage("chain: ${LACK_A}\n"
                                    "version_table: ${LACK_ODD}\n"
                                    "ledger: mysql://${LACK_SET}/x\n"
                                    "rollout:\n"
                                    "  waves: [{name: a, select: 'tier in ${LACK_SET}'}]\n"
                                    "tenants:\n"
                                    "  - {name: '${LACK_B}', url: 'sqlite:///a.db'}\n");
    static const struct {
        unsigned part;
        const char *text;
    } cases[] = {
        {PART_CHAIN_DIR, "the inventory: 'chain': the environment variable 'LACK_A' is not set"},
        {PART_VERSION_TABLE,
         "the inventory: 'version_table' must be made of at most 63 letters, digits and '_'"},
        {PART_LEDGER, "the inventory: 'ledger' must be a file or a postgresql:// URL"},
    };
    assert_null(stage.draft->chain_dir);
    assert_null(stage.draft->version_table);
    assert_null(stage.draft->ledger);
    assert_int_equal(stage.draft->tenant_count, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_first(&stage, inventory_check_parts(stage.draft, cases[i].part, &stage.faults),
                     cases[i].text);
    assert_false(inventory_check_parts(stage.draft, PART_TENANTS, &stage.faults));
    assert_int_equal(stage.faults.total, 2); /* the wave's selector, and who has no name */
    close_stage(&stage);
}

static void a_url_tells_what_is_known_of_it(void **state)
{
    static const struct {
        const char *url;
        const char *shown, *dialect, *server;
    } cases[] = {
        {"postgresql://app:${LACK_A}@db1/x", "postgresql://app@db1/x", "postgresql", "db1:5432"},
        {"postgresql://app:pw${LACK_A}@db1/x", "postgresql://app@db1/x", "postgresql", "db1:5432"},
        {"postgresql://${LACK_A}@${LACK_SET}/${LACK_B}", "postgresql://${LACK_A}@set/${LACK_B}",
         "postgresql", "set:5432"},
        {"mysql://app@${LACK_A}/x", "mysql://app@${LACK_A}/x", "mysql", NULL},
        {"postgresql+psycopg2://h:${LACK_A}/x", "postgresql://***", "postgresql", NULL},
        {"postgresql://h/x?sslpassword=${LACK_A}", "postgresql://h/x?sslpassword=***", "postgresql",
         "h:5432"},
        {"sqlite:///${LACK_A}/x.db", "sqlite:///${LACK_A}/x.db", "sqlite", "local"},
        {"${LACK_A}", "${LACK_A}", NULL, NULL},
        {"${LACK_A}${LACK_B}", "${LACK_A}${LACK_B}", NULL, NULL},
        {"${LACK_A}://app:pw@h/x", "***", NULL, NULL},
        {"${LACK_EMPTY}", "${LACK_EMPTY}", NULL, NULL},
        {"postgresql://app:${LACK_ODD}@h/x", "***", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "tenants:\n  - name: a\n    url: '%s'\n", cases[i].url);
        struct stage stage = open_stage(yaml);
        const struct tenant *tenant = stage.draft->tenants;
        const char *dialect = tenant_label(tenant, "dialect");
        assert_string_equal(tenant->url_redacted, cases[i].shown);
        assert_string_equal(dialect ? dialect : "-", cases[i].dialect ? cases[i].dialect : "-");
        assert_string_equal(tenant->server ? tenant->server : "-",
                            cases[i].server ? cases[i].server : "-");
        assert_int_equal(tenant_lacks_label(tenant, "dialect"), !cases[i].dialect);
        assert_int_equal(tenant_lacks_label(tenant, "server"), !cases[i].server);
        assert_false(check_tenants(&stage, 0, 1, TENANTS_ARE_VISITED, NULL));
        assert_int_equal(stage.faults.items[0].line, 3);
        assert_null(strstr(stage.faults.items[0].text, "o@dd"));
        close_stage(&stage);
    }
}

static void says_once_what_many_tenants_lack(void **state)
{
    (void)state;
    struct stage stage =
        open_stage("defaults:\n"
                   "  password_env: LACK_A\n"
                   "tenants:\n"
                   "  - {name: a, url: 'postgresql://h/a'}\n"
                   "  - {name: b, url: 'postgresql://h/b'}\n"
                   "  - {name: c, url: 'postgresql://h/c', password_env: LACK_SET}\n"
                   "  - {name: d, url: 'sqlite:///d.db'}\n"
                   "  - {name: e, url: 'postgresql://h/e',\n"
                   "     password_env: LACK_EMPTY}\n"
                   "  - {name: f, url: 'postgresql://h/f', password_file: /none}\n");
    assert_false(check_tenants(&stage, 0, 6, TENANTS_ARE_VISITED, NULL));
    assert_int_equal(stage.faults.total, 3);
    assert_int_equal(stage.faults.items[0].line, 2);
    assert_string_equal(stage.faults.items[0].text,
                        "tenant 'a': 'password_env': the environment variable 'LACK_A' is not set; "
                        "2 of the selected tenants need it");
    assert_int_equal(stage.faults.items[1].line, 9);
    assert_string_equal(
        stage.faults.items[1].text,
        "tenant 'e': 'password_env': the environment variable 'LACK_EMPTY' is empty");
    assert_string_equal(
        stage.faults.items[2].text,
        "tenant 'f': 'password_file': password file '/none': No such file or directory");
    expect_first(&stage, false, stage.faults.items[0].text);
    expect_first(&stage, check_tenants(&stage, 2, 2, TENANTS_ARE_VISITED, NULL), NULL);
    expect_first(&stage, check_tenants(&stage, 0, 6, TENANTS_ARE_SCRIPTED, NULL), NULL);
    close_stage(&stage);
}

static void defaults_are_lacking_where_no_one_says_better(void **state)
{
    (void)state;
    struct stage stage = open_stage(
        "defaults:\n"
        "  labels: ['region=${LACK_A}', tier=free]\n"
        "  lock_timeout: ${LACK_B}\n"
        "  password_command: [get, '${LACK_C}']\n"
        "  schema: ${LACK_C}\n"
        "tenants:\n"
        "  - {name: a, url: 'sqlite:///a.db', labels: [region=eu], lock_timeout: 1s}\n"
        "  - {name: b, url: 'sqlite:///b.db', lock_timeout: 1s}\n"
        "  - {name: c, url: 'sqlite:///c.db', labels: [region=eu]}\n"
        "  - {name: d, url: 'postgresql://u:p@h/d', labels: [region=eu], lock_timeout: 1s,\n"
        "     schema: s}\n"
        "  - {name: e, url: 'postgresql://h/e', labels: [region=eu], lock_timeout: 1s, schema: s}\n");
    static const char *const wanted[] = {
        NULL,
        "'defaults': 'labels': the environment variable 'LACK_A' is not set",
        "'defaults': 'lock_timeout': the environment variable 'LACK_B' is not set",
        NULL,
        "'defaults': 'password_command': the environment variable 'LACK_C' is not set",
    };
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        expect_first(&stage, check_tenants(&stage, i, 1, TENANTS_ARE_VISITED, NULL), wanted[i]);
    assert_true(tenant_lacks_label(&stage.draft->tenants[1], "region"));
    assert_false(tenant_lacks_label(&stage.draft->tenants[0], "region"));
    assert_false(tenant_lacks_label(&stage.draft->tenants[1], "tier"));
    expect_first(&stage, check_tenants(&stage, 1, 1, TENANTS_ARE_SELECTED, "tier"), NULL);
    expect_first(&stage, check_tenants(&stage, 1, 1, TENANTS_ARE_SELECTED, "region"), wanted[1]);
    close_stage(&stage);
}

static void a_label_without_a_key_may_be_any(void **state)
{
    (void)state;
    struct stage stage = open_stage("tenants:\n"
                                    "  - name: a\n"
                                    "    url: sqlite:///a.db\n"
                                    "    labels: ['${LACK_A}', tier=free]\n");
    assert_true(tenant_lacks_label(stage.draft->tenants, "region"));
    assert_false(tenant_lacks_label(stage.draft->tenants, "tier"));
    assert_false(tenant_lacks_label(stage.draft->tenants, "name"));
    assert_false(tenant_lacks_label(stage.draft->tenants, "dialect"));
    expect_first(&stage, check_tenants(&stage, 0, 1, TENANTS_ARE_SELECTED, "region"),
                 "tenant 'a': 'labels': the environment variable 'LACK_A' is not set");
    close_stage(&stage);
}

static void bad_syntax_is_a_fault_at_once(void **state)
{
    static const char *const cases[] = {
        "tenants:\n  - {name: a, url: 'sqlite:///${A B}'}\n",
        "tenants:\n  - {name: a, url: 'sqlite:///${LACK_A}${'}\n",
        "tenants:\n  - {name: a, url: 'sqlite:///x', labels: ['a=${']}\n",
        "tenants:\n  - {name: a, url: 'postgresql://h/x', settings: {work_mem: '${'}}\n",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct faults faults;
        faults_init(&faults);
        assert_null(inventory_parse("skein.yaml", cases[i], strlen(cases[i]), &faults));
        faults_done(&faults);
    }
}

static void sources_hand_their_lacks_to_what_they_find(void **state)
{
    static const char *const columns[] = {"name", "url", "region"};
    static const char *const values[] = {"found", "sqlite:///found.db", "eu"};
    static const char *const bare[] = {"bare", "sqlite:///bare.db", NULL};
    (void)state;
    struct stage stage = open_stage("sources:\n"
                                    "  - query: SELECT 1\n"
                                    "    url: sqlite:///c.db\n"
                                    "    labels: ['region=${LACK_A}']\n"
                                    "  - glob: ${LACK_B}/*.db\n");
    expect_first(&stage, inventory_check_parts(stage.draft, PART_TENANTS, &stage.faults),
                 "sources[1]: 'glob': the environment variable 'LACK_B' is not set");
    assert_true(inventory_add_found(stage.builder, stage.draft->queries,
                                    &(struct found_row){columns, values, 3}, &stage.faults));
    assert_true(inventory_add_found(stage.builder, stage.draft->queries,
                                    &(struct found_row){columns, bare, 3}, &stage.faults));
    expect_first(&stage, check_tenants(&stage, 0, 1, TENANTS_ARE_VISITED, NULL), NULL);
    expect_first(&stage, check_tenants(&stage, 1, 1, TENANTS_ARE_VISITED, NULL),
                 "sources[0]: 'labels': the environment variable 'LACK_A' is not set");
    close_stage(&stage);
}

static void a_folder_that_a_variable_names_may_be_unreadable(void **state)
{
    char dir[] = "/tmp/skein-lack-XXXXXX", pattern[64];
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(pattern, sizeof pattern, "%s/loop", dir);
    assert_int_equal(symlink("loop", pattern), 0); /* not even root can read it */
    setenv("LACK_DIR", pattern, 1);
    struct stage stage = open_stage("sources: [{glob: '${LACK_DIR}/*'}]\n");
    assert_false(inventory_check_parts(stage.draft, PART_TENANTS, &stage.faults));
    assert_non_null(strstr(stage.faults.items[0].text, "a folder of it cannot be read"));
    close_stage(&stage);
    unlink(pattern);
    rmdir(dir);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_part_is_lacking_only_for_those_who_use_it),
    cmocka_unit_test(a_url_tells_what_is_known_of_it),
    cmocka_unit_test(says_once_what_many_tenants_lack),
    cmocka_unit_test(defaults_are_lacking_where_no_one_says_better),
    cmocka_unit_test(a_label_without_a_key_may_be_any),
    cmocka_unit_test(bad_syntax_is_a_fault_at_once),
    cmocka_unit_test(a_folder_that_a_variable_names_may_be_unreadable),
    cmocka_unit_test(sources_hand_their_lacks_to_what_they_find),
};

UNIT_MAIN(tests)
