/* Renames: what annotations and options say, and what of it is refused. */
#include "unit/unit.h"

#include "base/arena.h"
#include "schema/rename.h"

static struct arena arena; /* of one test */

/* `todo>task` of a table, `task.prio>priority` of a column, with blanks between them. */
static const char *read(const char *text, struct err *err)
{
    struct renames renames;
    renames_init(&renames, &arena);
    if (!renames_add_file(&renames, "a.sql", text, err))
        return NULL;
    const char *all = "";
    for (size_t i = 0; i < renames.count; i++)
        all = arena_printf(&arena, "%s%s%s%s%s>%s", all, i ? " " : "",
                           renames.items[i].table ? renames.items[i].table : "",
                           renames.items[i].table ? "." : "", renames.items[i].from,
                           renames.items[i].to);
    return all;
}

static void annotations_are_about_the_name_beside_them(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"CREATE TABLE t (a int);", ""},
        {"-- skein:renamed-from s\nCREATE TABLE t (a int);", "s>t"},
        {"-- skein:renamed-from s\ncreate temp table if not exists main.t (a int);", "s>t"},
        {"CREATE TABLE t ( -- skein:renamed-from s\n a int);", "s>t"},
        {"CREATE TABLE t (\n a int, -- skein:renamed-from b\n c int);", "t.b>a"},
        {"CREATE TABLE t (\n -- skein:renamed-from b\n a int);", "t.b>a"},
        {"CREATE TABLE t (\n a text DEFAULT 'x\n y', -- skein:renamed-from b\n c int);", NULL},
        {"CREATE TABLE t (\n \"a b\" int, --skein:renamed-from [b c]\n c int);", "t.b c>a b"},
        {"CREATE TABLE s (\n x int);\nCREATE TABLE t (\n a int -- skein:renamed-from b\n);",
         "t.b>a"},
        {"CREATE TABLE t (a text DEFAULT '-- skein:renamed-from x');", ""},
        {"-- skein:renamed-from s\nCREATE VIEW v AS SELECT 1;", NULL},
        {"CREATE INDEX i ON t (a); -- skein:renamed-from s\n", NULL},
        {"-- skein:renamed-from s\n", NULL},
        {"-- skein:renamed-from\nCREATE TABLE t (a int);", NULL},
        {"-- skein:renamed-from s\n-- skein:renamed-from r\nCREATE TABLE t (a int);", NULL},
    };
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        const char *found = read(cases[i].text, &err);
        if (!cases[i].expected && found)
            fail_msg("%s: taken as '%s'", cases[i].text, found);
        if (cases[i].expected && (!found || strcmp(found, cases[i].expected) != 0))
            fail_msg("%s: '%s', %s", cases[i].text, found ? found : "refused", err.text);
        if (!found)
            assert_int_equal(err.kind, ERR_CONFIG);
    }
    arena_done(&arena);
}

static void options_are_tables_or_columns(void **state)
{
    static const char *const refused[] = {"a", "a=", "=a", ".a=b", "a.=b", ""};
    struct renames renames;
    struct err err;
    (void)state;
    arena_init(&arena);
    renames_init(&renames, &arena);
    assert_true(renames_add_option(&renames, "task.prio=priority", &err));
    assert_true(renames_add_option(&renames, "todo=task", &err));
    assert_string_equal(renames.items[0].table, "task");
    assert_string_equal(renames.items[0].from, "prio");
    assert_string_equal(renames.items[0].to, "priority");
    assert_null(renames.items[1].table);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_false(renames_add_option(&renames, refused[i], &err));
    arena_done(&arena);
}

static struct catalog *catalog_of(const char *table, const char *column)
{
    struct catalog *catalog = arena_alloc(&arena, sizeof *catalog);
    catalog_init(catalog, &arena, DIALECT_SQLITE);
    catalog->folds_names = true;
    catalog_add(catalog, OBJECT_TABLE, NULL, table);
    object_set(catalog_add(catalog, OBJECT_COLUMN, table, column), ASPECT_SHAPE, "type", "text");
    return catalog;
}

static bool settle(const char *option, const struct catalog *from, const struct catalog *to)
{
    struct renames renames;
    struct err err;
    renames_init(&renames, &arena);
    assert_true(renames_add_option(&renames, option, &err));
    return renames_settle(&renames, from, to, &err);
}

static void what_matches_nothing_is_refused(void **state)
{
    (void)state;
    arena_init(&arena);
    assert_true(settle("t.a=b", catalog_of("t", "a"), catalog_of("T", "B")));
    assert_false(settle("t.x=b", catalog_of("t", "a"), catalog_of("t", "b")));
    assert_false(settle("t.a=x", catalog_of("t", "a"), catalog_of("t", "b")));
    assert_false(settle("t.a=b", catalog_of("t", "a"), catalog_of("t", "a")));
    assert_false(settle("t.a=b", catalog_of("t", "b"), catalog_of("t", "b")));
    assert_true(settle("s=t", catalog_of("s", "a"), catalog_of("t", "a")));
    assert_false(settle("t=s", catalog_of("s", "a"), catalog_of("t", "a")));
    arena_done(&arena);
}

static void a_pair_of_columns_must_be_said(void **state)
{
    static const char *const allowed[] = {"t.A"};
    struct catalog_rules rules;
    struct err err;
    (void)state;
    arena_init(&arena);
    catalog_rules_init(&rules, &arena);
    assert_false(
        renames_are_said(catalog_of("t", "a"), catalog_of("t", "b"), &rules, NULL, 0, &err));
    assert_non_null(strstr(err.text, "--rename t.a=b"));
    assert_true(
        renames_are_said(catalog_of("t", "a"), catalog_of("t", "b"), &rules, allowed, 1, &err));
    assert_true(
        renames_are_said(catalog_of("t", "a"), catalog_of("s", "b"), &rules, NULL, 0, &err));
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(annotations_are_about_the_name_beside_them),
    cmocka_unit_test(options_are_tables_or_columns),
    cmocka_unit_test(what_matches_nothing_is_refused),
    cmocka_unit_test(a_pair_of_columns_must_be_said),
};

UNIT_MAIN(tests)
