/* Tenants that are left out for libcyaml, since an earlier one is written alike: what is loaded is the same as without that. */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "inventory/load/alike.h"
#include "inventory/load/places.h"
#include "inventory/load/raw.h"
#include "inventory/load/yaml.h"

/* A file as libcyaml gives it, with tenants left out or without. */
struct loaded {
    struct places places;
    struct alike alike;
    struct buf text;
    struct faults faults;
    struct raw_inventory *raw;
};

static void load(struct loaded *loaded, const char *bytes, bool leaves_out)
{
    const struct yaml_file file = {"skein.yaml", bytes, strlen(bytes)};
    struct yaml_checked checked = {&loaded->places, leaves_out ? &loaded->alike : NULL,
                                   &loaded->text};
    *loaded = (struct loaded){0};
    places_init(&loaded->places);
    alike_init(&loaded->alike, &loaded->places.arena);
    buf_init(&loaded->text, BUF_MAX_DEFAULT);
    faults_init(&loaded->faults);
    if (!yaml_check(&file, &checked, &loaded->faults))
        return;
    const struct yaml_file listed = {file.path, loaded->text.len ? loaded->text.data : bytes,
                                     loaded->text.len ? loaded->text.len : file.len};
    loaded->raw = raw_load(&listed, &checked, &loaded->faults);
}

static void unload(struct loaded *loaded)
{
    raw_free(loaded->raw);
    alike_done(&loaded->alike);
    places_done(&loaded->places);
    buf_done(&loaded->text);
    faults_done(&loaded->faults);
}

static void expect_same_text(const char *a, const char *b)
{
    assert_int_equal(a != NULL, b != NULL);
    if (a)
        assert_string_equal(a, b);
}

static void expect_same_list(char *const *a, uint32_t a_count, char *const *b, uint32_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (uint32_t i = 0; i < a_count; i++)
        assert_string_equal(a[i], b[i]);
}

static void expect_same_tenant(const struct raw_tenant *a, const struct raw_tenant *b)
{
    const struct raw_common *x = &a->common, *y = &b->common;
    expect_same_text(a->name, b->name);
    expect_same_text(a->url, b->url);
    expect_same_text(x->schema, y->schema);
    expect_same_text(x->lock_timeout, y->lock_timeout);
    expect_same_text(x->password_env, y->password_env);
    expect_same_list(x->labels, x->labels_count, y->labels, y->labels_count);
    expect_same_list(x->search_path, x->search_path_count, y->search_path, y->search_path_count);
    expect_same_list(x->password_command, x->password_command_count, y->password_command,
                     y->password_command_count);
    expect_same_list(x->batch_replicas, x->batch_replicas_count, y->batch_replicas,
                     y->batch_replicas_count);
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* So many tenants of the file are left out, and come back as they are. What follows them keeps its line. */
static void expect_left_out(const char *text, size_t left_out)
{
    struct loaded whole, less;
    load(&whole, text, false);
    load(&less, text, true);
    assert_non_null(whole.raw);
    assert_non_null(less.raw);
    assert_int_equal(less.alike.count, left_out);
    assert_int_equal(less.raw->tenants_count, whole.raw->tenants_count);
    for (uint32_t i = 0; i < whole.raw->tenants_count; i++)
        expect_same_tenant(&less.raw->tenants[i], &whole.raw->tenants[i]);
    expect_same_text(less.raw->chain, whole.raw->chain);
    assert_int_equal(less.raw->sources_count, whole.raw->sources_count);
    if (less.text.len)
        assert_int_equal(lines_of(less.text.data), lines_of(text));
    unload(&whole);
    unload(&less);
}

static void tenants_of_one_shape_are_left_out_but_the_first(void **state)
{
    (void)state;
    expect_left_out(
        "tenants:\n  - {name: a, url: 'sqlite:///a'}\n  - {name: b, url: 'sqlite:///b'}\n"
        "  - {name: c, url: \"sqlite:///\\u00fc\"}\nchain: versions\n",
        2);
    expect_left_out(
        "tenants:\n  - name: a\n    url: sqlite:///a\n\n  # of b\n  - name: b # said\n"
        "    url: sqlite:///b\n  -\n    name: c\n    url: |-\n      sqlite:///c\nchain: x\n",
        2);
    expect_left_out("tenants: [{name: a, url: u}, {name: b, url: v}, {name: c,\n  url: w}]", 2);
    expect_left_out(
        "tenants:\r\n- name: \xc3\xbc\r\n  url: \xe2\x82\xac\r\n- name: b\r\n  url: v\r\nchain: x\r\n",
        1);
    expect_left_out(
        "tenants:\n- name: a\n  url: u\n- name:\n  url: ''\n- ? name\n  : c\n  url: ~\n", 2);
}

static void lists_and_labels_are_values_too(void **state)
{
    (void)state;
    expect_left_out("tenants:\n  - {name: a, labels: {tier: x, zone: y}, search_path: [s, t]}\n"
                    "  - {name: b, labels: {tier: y}, search_path: [u]}\n"
                    "  - {name: c, labels: [a=b, c=d, e=f], search_path: [u]}\nchain: x\n",
                    2);
    expect_left_out(
        "tenants:\n  - name: a\n    labels:\n      tier: x\n  - name: b\n    labels:\n"
        "      tier: y\n      zone: \"say \\\"it\\\"\"\n  - name: c\n    labels:\n      - z=a\nchain: x\n",
        2);
    expect_left_out(
        "tenants:\n  - {name: a, password_command: [x, y]}\n  - {name: b, password_command: [z]}\n",
        1);
}

static void another_shape_is_another_tenant(void **state)
{
    (void)state;
    expect_left_out("tenants:\n  - {name: a, url: u}\n  - {url: u, name: b}\n  - {name: c}\n"
                    "  - {name: d, url: u, schema: s}\n  - {name: e, schema: s}\n",
                    0);
    expect_left_out("tenants:\n  - {name: a, search_path: [s]}\n  - {name: b, search_path: []}\n"
                    "  - {name: c, search_path: []}\n  - {name: d, search_path: [t]}\n",
                    1);
    expect_left_out("tenants:\n  - {name: a, labels: {}}\n  - {name: b, labels: {}}\n", 0);
    expect_left_out(
        "tenants:\n  - {name: a, settings: {work_mem: 1MB}}\n  - {name: b, settings: {work_mem: 2MB}}\n",
        0);
    expect_left_out(
        "tenants:\n  - {name: a, labels: {k: \"\\x01\"}}\n  - {name: b, labels: {k: \"\\x01\"}}\n",
        0);
}

static void what_an_alias_repeats_stays_whole(void **state)
{
    (void)state;
    expect_left_out(
        "tenants:\n  - {name: a, url: u}\n  - &b {name: b, url: v}\n  - *b\n  - {name: d, url: w}\n",
        1);
    expect_left_out(
        "tenants:\n  - {name: a, url: &u x}\n  - {name: b, url: *u}\n  - {name: c, url: y}\n"
        "  - {name: d, url: z}\n",
        1);
    expect_left_out("tenants: &all\n  - {name: a, url: u}\n  - {name: b, url: v}\n", 0);
    expect_left_out("tenants:\n  - {name: a, search_path: &p [s]}\n  - {name: b, search_path: *p}\n"
                    "  - {name: c, search_path: [&q t]}\n  - {name: d, search_path: [*q]}\n",
                    0);
    expect_left_out(
        "defaults: {labels: &l {x: y}}\ntenants:\n  - {name: a, labels: *l}\n  - {name: b, labels: *l}\n",
        0);
}

/* Where libcyaml does not take the first of a shape, nothing is said: the file is loaded again as it stands. */
static void a_fault_is_left_to_the_whole_file(void **state)
{
    static const char *const texts[] = {
        "tenants:\n  - {name: a, url: u}\n  - {name: b, url: v}\n  - {name: c, ulr: w}\n",
        "tenants:\n  - {name: a, url: u}\n  - {name: b, url: v}\n  - x\n",
        "tenants:\n  - {name: a, url: u}\n  - {name: b, url: v}\n  - {name: c, url: [u]}\n",
        "tenants:\n  - {name: a, url: u}\n  - {name: b, url: v}\n  - {name: c, labels: x}\n",
        "tenants:\n  - {name: a, url: u}\n  - {name: b, url: v}\nsources: {}\n"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct loaded whole, less;
        load(&whole, texts[i], false);
        load(&less, texts[i], true);
        assert_null(whole.raw);
        assert_null(less.raw);
        assert_int_equal(whole.faults.total, 1);
        assert_int_equal(less.faults.total, 0);
        unload(&whole);
        unload(&less);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tenants_of_one_shape_are_left_out_but_the_first),
    cmocka_unit_test(lists_and_labels_are_values_too),
    cmocka_unit_test(another_shape_is_another_tenant),
    cmocka_unit_test(what_an_alias_repeats_stays_whole),
    cmocka_unit_test(a_fault_is_left_to_the_whole_file),
};

UNIT_MAIN(tests)
