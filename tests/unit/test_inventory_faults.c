#include "unit/unit.h"

#include <limits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "inventory/inventory.h"
#include "inventory/lack.h"

struct fault_case {
    const char *yaml;
    int line;
    const char *text;
};

static struct inventory_builder *parse(const char *yaml, struct faults *faults)
{
    faults_init(faults);
    return inventory_parse("skein.yaml", yaml, strlen(yaml), faults);
}

/* What the environment should say is asked for by those who need it: here, everything is. */
static void check_all(struct inventory_builder *builder, struct faults *faults)
{
    const struct inventory *draft = inventory_draft(builder);
    struct tenants_check check = {.inventory = draft, .use = TENANTS_ARE_VISITED};
    bool is_well = inventory_check_parts(draft, UINT_MAX, faults);
    for (size_t i = 0; is_well && i < draft->tenant_count; i++) {
        const struct tenant *tenant = &draft->tenants[i];
        check.tenants = &tenant;
        check.count = 1;
        is_well = inventory_check_tenants(&check, faults);
    }
    inventory_abandon(builder);
}

/* The first fault is the one expected, in full. */
static void assert_faults(const struct fault_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct faults faults;
        struct inventory_builder *builder = parse(cases[i].yaml, &faults);
        if (builder)
            check_all(builder, &faults);
        if (!faults.total)
            fail_msg("accepted: %s", cases[i].yaml);
        const struct err *first = &faults.items[0];
        if (first->line != cases[i].line || strcmp(first->text, cases[i].text) != 0)
            fail_msg("%s\n%d: %s", cases[i].yaml, first->line, first->text);
        assert_string_equal(first->file, "skein.yaml");
        assert_int_equal(first->kind, ERR_CONFIG);
        faults_done(&faults);
    }
}

static void refuses_wrong_shapes(void **state)
{
    static const struct fault_case cases[] = {
        {"", 1, "the file is empty"},
        {"# nothing\n", 2, "the file is empty"},
        {"x", 1, "the inventory must be a mapping, not plain text"},
        {"- a\n", 1, "the inventory must be a mapping, not a list"},
        {"chain: v\nfoo: 1\n", 2, "unknown key 'foo'"},
        {"chain: [a]\n", 1, "'chain' must be plain text, not a list"},
        {"defaults: x\n", 1, "'defaults' must be a mapping, not plain text"},
        {"defaults:\n  name: x\n", 2, "unknown key 'name' in 'defaults'"},
        {"tenants: x\n", 1, "'tenants' must be a list, not plain text"},
        {"tenants:\n - a\n", 2, "tenants[0] must be a mapping, not plain text"},
        {"tenants:\n - name: acme\n   url: sqlite:///a\n   ulr: x\n", 4,
         "unknown key 'ulr' in tenant 'acme'; did you mean 'url'?"},
        {"tenants:\n - url: sqlite:///a\n - url: sqlite:///b\n   x: x\n", 4,
         "unknown key 'x' in tenants[1]"},
        {"tenants:\n - name: acme\n   labels: x\n", 3,
         "'labels' in tenant 'acme' must be a list, not plain text"},
        {"tenants:\n - name: acme\n   labels: [a=b, [c]]\n", 3,
         "'labels' in tenant 'acme' must be plain text, not a list"},
        {"tenants:\n - name: a\n   postgresql://u:s3cret@h/d:\n", 3,
         "unknown key '***' in tenant 'a'"},
        {"rollout:\n  waves: {a: b}\n", 2, "'waves' in 'rollout' must be a list, not a mapping"},
        {"rollout:\n  waves:\n    - {name: w}\n    - {name: x, sel: y}\n", 4,
         "unknown key 'sel' in wave 'x'; did you mean 'select'?"},
        {"rollout:\n  gates:\n    timeout: 1s\n    after: [a]\n", 4,
         "unknown key 'after' in 'gates'; did you mean 'after_wave'?"},
        {"drift:\n  ignor: []\n", 2, "unknown key 'ignor' in 'drift'; did you mean 'ignore'?"},
        {"drift:\n  ignore: [view]\n", 2,
         "'drift': 'ignore': 'view' is a kind of objects without a name: 'KIND *' ignores all of it"},
        {"drift:\n  compare: [owner]\n", 2,
         "'drift': 'compare': 'owner' is nothing that can be compared: it is names, order, comments, "
         "privileges, owners, versions or storage; did you mean 'owners'?"},
        {"report:\n  detil: false\n", 2, "unknown key 'detil' in 'report'; did you mean 'detail'?"},
        {"rollout:\n  gates:\n    timeout: 1s\n    after_run: a\n", 4,
         "'after_run' in 'gates' must be a list, not plain text"},
        {"sources:\n - glob: x\n   query: y\n   nam: z\n", 4, "unknown key 'nam' in sources[0]"},
    };
    (void)state;
    assert_faults(cases, ARRAY_LEN(cases));
}

static void refuses_dangerous_yaml(void **state)
{
    static const struct fault_case cases[] = {
        {"chain: a\nchain: b\n", 2, "key 'chain' stands twice in one mapping"},
        {"tenants:\n - name: a\n   name: b\n", 3, "key 'name' stands twice in one mapping"},
        {"chain: a\n---\nchain: b\n", 2, "a second document begins: an inventory is one"},
        {"chain: !!str a\n", 1, "tags are not supported"},
        {"%TAG ! tag:x,2000:\n---\nchain: a\n", 1, "tags are not supported"},
        {"chain: \"a\\0b\"\n", 1, "a value holds a NUL character"},
        {"? [a]\n: b\n", 1, "a key must be plain text"},
        {"chain: &a x\n*a : y\n", 2, "a key must be plain text"},
        {"chain: *a\n", 1, "alias '*a' has no anchor before it"},
        {"tenants: &a [*a]\n", 1, "alias '*a' stands within its own anchor"},
        {"chain: &a x\nledger: &a y\n", 2, "anchor '&a' is defined twice"},
        {"chain: \"a\n", 2, "bad YAML: found unexpected end of stream"},
        {"chain: a\n\nb: \x01\n", 3, "bad YAML: control characters are not allowed"},
        {"chain: \xff\n", 1, "bad YAML: invalid leading UTF-8 octet"},
        {"tenants:\n  - <<: b\n", 2, "unknown key '<<' in tenants[0]"},
    };
    (void)state;
    assert_faults(cases, ARRAY_LEN(cases));
}

static void refuses_bad_values(void **state)
{
    static const struct fault_case cases[] = {
        {"chain:\n", 1, "the inventory: 'chain' is empty"},
        {"chain: ${TEST_UNSET}\n", 1,
         "the inventory: 'chain': the environment variable 'TEST_UNSET' is not set"},
        {"chain: ${A B}\n", 1,
         "the inventory: 'chain': between '${' and '}' must stand a variable's name"},
        {"chain: a${\n", 1,
         "the inventory: 'chain': '${' has no '}' after it; a plain '$' is written '$$'"},
        {"version_table: 1a\n", 1,
         "the inventory: 'version_table' must be made of at most 63 letters, digits and '_'"},
        {"version_table: public.versions\n", 1,
         "the inventory: 'version_table' must be made of at most 63 letters, digits and '_'"},
        {"version_table: skein_history\n", 1,
         "the inventory: 'version_table' is the name of the history table"},
        {"ledger: mysql://h/d\n", 1,
         "the inventory: 'ledger' must be a file or a postgresql:// URL"},
        {"defaults:\n  retries: many\n", 2,
         "'defaults': 'retries' must be a number from 0 to 100000, not 'many'"},
        {"defaults: {lock_timeout: 5}\n", 1,
         "'defaults': 'lock_timeout' must be a duration such as 250ms, 10s or 5m, not '5'"},
        {"defaults:\n  batch_max_waiting: few\n", 2,
         "'defaults': 'batch_max_waiting' must be a number from 0 to 100000, not 'few'"},
        {"defaults: {create: maybe}\n", 1,
         "'defaults': 'create' must be 'false' or 'true', not 'maybe'"},
        {"defaults: {transaction: none}\n", 1,
         "'defaults': 'transaction' must be 'all' or 'each', not 'none'"},
        {"defaults: {labels: [tier]}\n", 1,
         "'defaults': 'labels': a label is written 'key=value', not 'tier'"},
        {"defaults: {labels: [a b=c]}\n", 1,
         "'defaults': 'labels': a label's key is made of letters, digits and '.', '_', '/', '-', "
         "unlike 'a b=c'"},
        {"defaults: {labels: [a=b c]}\n", 1,
         "'defaults': 'labels': a label's value is made of letters, digits and '.', '_', '-', "
         "unlike 'a=b c'"},
        {"defaults: {labels: [a=b, a=c]}\n", 1, "'defaults': 'labels': 'a' is given twice"},
        {"defaults:\n  labels:\n    a: b\n    a: c\n", 4, "key 'a' stands twice in one mapping"},
        {"defaults:\n  labels:\n    a: [b]\n", 3, "'labels': the value of 'a' must be plain text"},
        {"defaults:\n  labels:\n    a: {b: c}\n", 3,
         "'labels': the value of 'a' must be plain text"},
        {"defaults:\n  retries: &r 1\n  labels:\n    a: *r\n", 4,
         "'labels': the value of 'a' must be written out, without an alias"},
        {"defaults:\n  labels:\n    a: &r 1\n", 3,
         "'labels' must be written out, without anchors in them"},
        {"defaults:\n  labels: {a b: c}\n", 2,
         "'defaults': 'labels': a label's key is made of letters, digits and '.', '_', '/', '-', "
         "unlike 'a b=c'"},
        {"defaults:\n  labels: {\"a\\\"\": \"c\\\\d\"}\n", 2,
         "'defaults': 'labels': a label's key is made of letters, digits and '.', '_', '/', '-', "
         "unlike 'a\"=c\\d'"},
        {"defaults: {labels: {a: b}}\nchain: [x]\n", 2, "'chain' must be plain text, not a list"},
        {"defaults:\n  labels:\n    a: b\n    c: d\n\n  # x\n  retires: 1\n", 7,
         "unknown key 'retires' in 'defaults'; did you mean 'retries'?"},
        {"defaults:\n  labels:\n    a: b\nrollout: {parallel: x}\n", 4,
         "'rollout': 'parallel' must be a number from 1 to 100000, not 'x'"},
        {"defaults: {labels: [server=b]}\n", 1,
         "'defaults': 'labels': the labels 'name', 'dialect' and 'server' exist by themselves, "
         "unlike 'server=b'"},
        {"rollout: {on_failure: panic}\n", 1,
         "'rollout': 'on_failure' must be 'stop', 'continue' or 'rollback', not 'panic'"},
        {"rollout: {parallel: 0}\n", 1,
         "'rollout': 'parallel' must be a number from 1 to 100000, not '0'"},
        {"rollout: {max_failures: 101%}\n", 1,
         "'rollout': 'max_failures' must be a count such as 5 or a share such as 2%, not '101%'"},
        {"rollout:\n  parallel: 1\n  gates:\n    before_run: [a]\n    timeout: 3x\n", 5,
         "'gates': 'timeout' must be a duration such as 250ms, 10s or 5m, not '3x'"},
        {"rollout:\n  gates:\n    timeout: 3s\n    after_run:\n      - a\n      - ${TEST_UNSET}\n",
         4, "'gates': 'after_run': the environment variable 'TEST_UNSET' is not set"},
        {"rollout:\n  waves:\n    - select: a\n", 3, "waves[0]: 'name' is missing"},
        {"rollout:\n  waves:\n    - name: w\n      select: a in\n", 4,
         "wave 'w': 'select': bad selector, at character 5: expected '(' and values; terms are "
         "written 'tier=canary', 'tier!=canary', 'tier in (canary,free)', 'tier notin "
         "(canary,free)', 'tier' or '!tier', with ',' between them"},
        {"rollout:\n  waves:\n    - name: w\n    - name: w\n", 4,
         "wave 'w': the wave of line 3 has the same 'name'"},
        {"sources:\n - labels: []\n", 2, "sources[0]: a source has either a 'glob' or a 'query'"},
        {"sources:\n - {glob: a, query: b}\n", 2,
         "sources[0]: a source has either a 'glob' or a 'query'"},
        {"sources:\n - {query: b}\n", 2, "sources[0]: 'url' is missing"},
        {"sources:\n - {glob: b, url: c}\n", 2,
         "sources[0]: a 'glob' finds SQLite files, which have no 'url', 'schema', replicas or "
         "password"},
    };
    (void)state;
    unsetenv("TEST_UNSET");
    assert_faults(cases, ARRAY_LEN(cases));
}

static void refuses_bad_replicas(void **state)
{
#define OF(url, list) "tenants:\n - name: a\n   url: " url "\n   batch_replicas: [" list "]\n"
    static const struct fault_case cases[] = {
        {OF("mysql://h/d", "mysql://r:x/"), 4,
         "tenant 'a': 'batch_replicas': bad URL: "
         "the port must be a number from 1 to 65535"},
        {OF("mysql://h/d", "'mysql://r'"
                           ", ''"),
         4, "tenant 'a': 'batch_replicas' is empty"},
        {OF("mysql://h/d", "'sqlite:///x.db'"), 4,
         "tenant 'a': 'batch_replicas' is for PostgreSQL or MySQL only"},
        {OF("sqlite:///x.db", "'mysql://r'"), 4,
         "tenant 'a': 'batch_replicas' is for PostgreSQL or MySQL only"},
        {OF("mysql://h/d", "'postgresql://r/d'"), 4,
         "tenant 'a': 'batch_replicas' names 'r:5432', which is no MySQL server"},
        {OF("mysql://h/d", "'mysql://r', 'mariadb://R:3306/x'"), 4,
         "tenant 'a': 'batch_replicas' names 'r:3306' twice"},
        {OF("mysql://h/d", "'mysql://u:s3cret@H'"), 4,
         "tenant 'a': 'batch_replicas' names 'h:3306', which is the tenant's own server"},
        {OF("mysql://h/d", "'mysql://u:${TEST_UNSET}@r'"), 4,
         "tenant 'a': 'batch_replicas': the environment variable 'TEST_UNSET' is not set"},
        {OF("mysql://h/d", "'mysql://r?charset=x&read_default_file=y'"), 4,
         "tenant 'a': 'batch_replicas': a file of options is for tenants only: say all of it in the "
         "URL"},
        {"defaults:\n batch_replicas: ['sqlite:///x']\n", 2,
         "'defaults': 'batch_replicas' is for PostgreSQL or MySQL only"},
        {"sources:\n - glob: x\n   batch_replicas: ['mysql://r']\n", 2,
         "sources[0]: a 'glob' finds SQLite files, which have no 'url', 'schema', replicas or "
         "password"},
    };
#undef OF
    (void)state;
    unsetenv("TEST_UNSET");
    assert_faults(cases, ARRAY_LEN(cases));
}

static void refuses_bad_tenants(void **state)
{
    static const struct fault_case cases[] = {
        {"tenants:\n - name: a\n", 2, "tenant 'a': 'url' is missing"},
        {"tenants:\n - url: sqlite:///a\n", 2, "tenants[0]: 'name' is missing"},
        {"tenants:\n - url: sqlite:///a\n   name: \"a\\e[m\"\n", 3,
         "tenant 'a\x1b[m': 'name' must be text of 1 to 128 bytes without control characters"},
        {"tenants:\n - name: a\n   url: postgresql://u:s3cret/x@h/d\n", 3,
         "tenant 'a': 'url': bad URL: an '@', '/' or '?' in the user, the password or the "
         "database must be percent-encoded"},
        {"tenants:\n - name: a\n   url: postgresql://u:${TEST_ODD_PASSWORD}@h/d\n", 3,
         "tenant 'a': 'url': bad URL: an '@' in the user or the password must be written '%40'"},
        {"tenants:\n - name: a\n   url: postgresql://h\n", 3,
         "tenant 'a': the 'url' names no database"},
        {"tenants:\n - name: a\n   url: sqlite:///a\n   schema: s\n", 4,
         "tenant 'a': 'schema' is for PostgreSQL only"},
        {"tenants:\n - name: a\n   url: sqlite:///a\n   password_env: PATH\n", 2,
         "tenant 'a': a SQLite database has no password"},
        {"tenants:\n - name: a\n   url: postgresql://u:s3cret@h/d\n   password_env: PATH\n", 3,
         "tenant 'a': more than one password: in the 'url' and in a 'password_…' key"},
        {"tenants:\n - name: a\n   url: postgresql://h/d\n   password_env: PATH\n"
         "   password_command: [x]\n",
         4, "tenant 'a': more than one of 'password_env', 'password_file' and 'password_command'"},
        {"tenants:\n - name: a\n   url: postgresql://h/d\n   password_env: TEST_UNSET\n", 4,
         "tenant 'a': 'password_env': the environment variable 'TEST_UNSET' is not set"},
        {"tenants:\n - name: a\n   url: postgresql://h/d\n   password_env: s3-cret\n", 4,
         "tenant 'a': 'password_env' must be the name of a variable"},
        {"tenants:\n - name: a\n   url: postgresql://h/d\n   password_command: []\n", 4,
         "'password_command' in tenant 'a' is empty"},
        {"tenants:\n - name: a\n   url: postgresql://h/d\n   password_file: /nonexistent\n", 4,
         "tenant 'a': 'password_file': password file '/nonexistent': No such file or directory"},
    };
    (void)state;
    unsetenv("TEST_UNSET");
    setenv("TEST_ODD_PASSWORD", "s3@cret", 1);
    assert_faults(cases, ARRAY_LEN(cases));
}

static void lists_faults_together(void **state)
{
    static const char yaml[] = "chain:\n"
                               "rollout: {parallel: x, soak: 1}\n";
    static const char values[] = "chain:\n"
                                 "rollout: {parallel: x}\n"
                                 "tenants:\n"
                                 "  - name: a\n"
                                 "    url: foo\n"
                                 "    retries: x\n"
                                 "  - name: b\n"
                                 "    create: x\n";
    static const int lines[] = {1, 2, 5, 6, 7, 8};
    struct faults faults;
    (void)state;
    assert_null(parse(yaml, &faults));
    assert_int_equal(faults.total, 1); /* the shape comes first, and libcyaml stops there */
    faults_done(&faults);
    assert_null(parse(values, &faults));
    assert_int_equal(faults.total, ARRAY_LEN(lines));
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(faults.items[i].line, lines[i]);
    faults_done(&faults);
}

static void assert_fault_of(const struct buf *yaml, const char *text)
{
    struct faults faults;
    faults_init(&faults);
    assert_null(inventory_parse("skein.yaml", yaml->data, yaml->len, &faults));
    assert_int_equal(faults.total, 1);
    assert_string_equal(faults.items[0].text, text);
    faults_done(&faults);
}

static void refuses_depth_and_size(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (int i = 0; i < 33; i++)
        buf_adds(&buf, "[");
    assert_fault_of(&buf, "nested deeper than 32");
    buf_clear(&buf);
    buf_adds(&buf, "chain: ");
    for (int i = 0; i < (1 << 20) + 1; i++)
        buf_addc(&buf, 'x');
    assert_fault_of(&buf, "a value is longer than 1 MiB");
    buf_clear(&buf);
    for (int i = 0; i < 65; i++)
        buf_addf(&buf, "k%d: v\n", i);
    assert_fault_of(&buf, "a mapping of more than 64 keys is none of an inventory");
    buf_clear(&buf);
    while (buf.len <= (size_t)64 << 20)
        buf_adds(&buf, "# a comment that goes on and on, to no purpose but to be long\n");
    assert_fault_of(&buf, "the file is larger than 64 MiB");
    buf_done(&buf);
}

/* Each line ten times the one before it. */
static void refuses_alias_bombs(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (char c = 'b'; c < 'l'; c++) {
        buf_addf(&buf, "%c: &%c [", c, c);
        for (int i = 0; i < 10; i++)
            buf_addf(&buf, "%s*%c", i ? ", " : "", c - 1);
        buf_adds(&buf, "]\n");
    }
    assert_fault_of(&buf, "the aliases up to here expand to more than 64 MiB");
    buf_done(&buf);
}

static void aliases_within_reason_work(void **state)
{
    struct faults faults;
    (void)state;
    struct inventory_builder *builder =
        parse("defaults: &d {retries: 1}\n"
              "tenants:\n"
              "  - {name: a, url: 'sqlite:///a', labels: &l [a=b]}\n"
              "  - {name: b, url: 'sqlite:///b', labels: *l}\n"
              "  - *d\n",
              &faults);
    assert_null(builder);
    assert_int_equal(faults.total, 2);
    assert_int_equal(faults.items[0].line, 5);
    assert_string_equal(faults.items[0].text, "tenants[2]: 'name' is missing");
    faults_done(&faults);
}

static void an_unreadable_file_is_a_fault(void **state)
{
    struct faults faults;
    (void)state;
    faults_init(&faults);
    assert_null(inventory_read("/nonexistent/skein.yaml", &faults));
    assert_string_equal(faults.items[0].text,
                        "the inventory cannot be read: No such file or directory");
    assert_null(inventory_read("/", &faults));
    assert_string_equal(faults.items[1].file, "/");
    faults_done(&faults);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(refuses_wrong_shapes),       cmocka_unit_test(refuses_dangerous_yaml),
    cmocka_unit_test(refuses_bad_values),         cmocka_unit_test(refuses_bad_tenants),
    cmocka_unit_test(refuses_bad_replicas),       cmocka_unit_test(lists_faults_together),
    cmocka_unit_test(refuses_depth_and_size),     cmocka_unit_test(refuses_alias_bombs),
    cmocka_unit_test(aliases_within_reason_work), cmocka_unit_test(an_unreadable_file_is_a_fault),
};

UNIT_MAIN(tests)
