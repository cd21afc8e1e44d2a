#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "schema/compare.h"
#include "schema/reader.h"

struct scene {
    struct arena arena;
    struct catalog a, b;
    struct catalog_rules rules;
};

static void add_task(struct catalog *catalog)
{
    struct object *title;
    catalog->group = "sqlite 3";
    catalog_add(catalog, OBJECT_TABLE, NULL, "task");
    title = catalog_add(catalog, OBJECT_COLUMN, "task", "title");
    object_set(title, ASPECT_SHAPE, "type", "text");
    object_set_number(title, ASPECT_ORDER, "position", 1);
    object_set_flag(title, ASPECT_SHAPE, "not null", true);
    object_set_flag(title, ASPECT_SHAPE, "hidden", false);
    object_set(title, ASPECT_COMMENTS, "comment", NULL);
}

static void set_up(struct scene *scene)
{
    arena_init(&scene->arena);
    catalog_init(&scene->a, &scene->arena, DIALECT_SQLITE);
    catalog_init(&scene->b, &scene->arena, DIALECT_SQLITE);
    add_task(&scene->a);
    add_task(&scene->b);
    catalog_rules_init(&scene->rules, &scene->arena);
}

/* The differences in words, a line each. */
static void assert_differences(struct scene *scene, const char *expected)
{
    struct comparison comparison;
    struct canonical a, b;
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    comparison_make(&comparison, &scene->a, &scene->b, &scene->rules);
    for (size_t i = 0; i < comparison.count; i++) {
        difference_add_words(&words, &comparison.items[i]);
        buf_addc(&words, '\n');
    }
    assert_string_equal(words.data, expected);
    canonical_make(&a, &scene->a, &scene->rules);
    canonical_make(&b, &scene->b, &scene->rules);
    assert_int_equal(strcmp(canonical_fingerprint(&a).hex, canonical_fingerprint(&b).hex) == 0,
                     comparison.count == 0);
    buf_done(&words);
    arena_done(&scene->arena);
}

static void equal_catalogs_have_no_differences(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene);
    catalog_add(&scene.a, OBJECT_VIEW, NULL, "v");
    catalog_add(&scene.a, OBJECT_TABLE, NULL, "empty");
    catalog_add(&scene.b, OBJECT_TABLE, NULL, "empty");
    catalog_add(&scene.b, OBJECT_VIEW, NULL, "v");
    assert_differences(&scene, "");
}

static void properties_that_differ_are_named(void **state)
{
    struct scene scene;
    struct object *a, *b;
    (void)state;
    set_up(&scene);
    a = catalog_add(&scene.a, OBJECT_COLUMN, "task", "n");
    b = catalog_add(&scene.b, OBJECT_COLUMN, "task", "n");
    object_set(a, ASPECT_SHAPE, "type", "integer");
    object_set(b, ASPECT_SHAPE, "type", "text");
    object_set(b, ASPECT_SHAPE, "default", "'x'");
    object_set_flag(a, ASPECT_SHAPE, "not null", true);
    assert_string_equal(object_get(a, "type"), "integer");
    assert_null(object_get(a, "default"));
    assert_differences(&scene, "column task.n: default ''x'' is extra, not null 'yes' is missing, "
                               "type is 'text' instead of 'integer'\n");
}

static void what_a_missing_table_owns_goes_with_it(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene);
    catalog_add(&scene.a, OBJECT_TABLE, NULL, "gone");
    catalog_add(&scene.a, OBJECT_COLUMN, "gone", "id");
    catalog_add(&scene.b, OBJECT_VIEW, NULL, "gone");
    catalog_add(&scene.b, OBJECT_COLUMN, "gone", "id");
    catalog_add(&scene.b, OBJECT_COLUMN, "gone", "more");
    catalog_add(&scene.b, OBJECT_COLUMN, "task", "more");
    assert_differences(&scene, "table gone is missing\nview gone is extra\n"
                               "column task.more is extra\n");
}

static void automatic_names_do_not_count(void **state)
{
    struct scene scene;
    struct object *a, *b;
    (void)state;
    set_up(&scene);
    a = catalog_add(&scene.a, OBJECT_INDEX, "task", "task_title_idx");
    b = catalog_add(&scene.b, OBJECT_INDEX, "task", "job_title_idx");
    a->has_automatic_name = b->has_automatic_name = true;
    object_set(a, ASPECT_SHAPE, "columns", "title");
    object_set(b, ASPECT_SHAPE, "columns", "title");
    assert_differences(&scene, "");

    set_up(&scene);
    catalog_rules_init_strict(&scene.rules, &scene.arena);
    a = catalog_add(&scene.a, OBJECT_INDEX, "task", "task_title_idx");
    b = catalog_add(&scene.b, OBJECT_INDEX, "task", "job_title_idx");
    a->has_automatic_name = b->has_automatic_name = true;
    assert_differences(&scene,
                       "index task.job_title_idx is extra\nindex task.task_title_idx is missing\n");
}

static void an_automatic_name_with_another_shape_has_changed(void **state)
{
    struct scene scene;
    struct object *a, *b;
    (void)state;
    set_up(&scene);
    a = catalog_add(&scene.a, OBJECT_INDEX, "task", "task_title_idx");
    b = catalog_add(&scene.b, OBJECT_INDEX, "task", "task_title_idx");
    a->has_automatic_name = b->has_automatic_name = true;
    object_set(a, ASPECT_SHAPE, "columns", "title");
    object_set(b, ASPECT_SHAPE, "columns", "id");
    assert_differences(&scene, "index task.task_title_idx: columns is 'id' instead of 'title'\n");
}

/* Two unnamed checks that are equal are two. */
static void unnamed_objects_are_counted(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene);
    for (int i = 0; i < 3; i++) {
        struct object *check = catalog_add(i < 2 ? &scene.a : &scene.b, OBJECT_CHECK, "task", "");
        check->has_automatic_name = true;
        object_set(check, ASPECT_SHAPE, "condition", "n > 0");
    }
    assert_differences(&scene, "check of task (condition 'n > 0') is missing\n");
}

static void aspects_can_be_left_out_and_asked_for(void **state)
{
    static const struct {
        enum aspect aspect;
        const char *ignore, *compare, *expected;
    } cases[] = {
        {ASPECT_COMMENTS, NULL, NULL, "table t: p 'x' is missing\n"},
        {ASPECT_COMMENTS, "comments", NULL, ""},
        {ASPECT_ORDER, NULL, NULL, ""},
        {ASPECT_ORDER, NULL, "order", "table t: p 'x' is missing\n"},
        {ASPECT_PRIVILEGES, NULL, NULL, ""},
        {ASPECT_PRIVILEGES, NULL, "privileges", "table t: p 'x' is missing\n"},
        {ASPECT_OWNERS, NULL, NULL, ""},
        {ASPECT_OWNERS, NULL, "owners", "table t: p 'x' is missing\n"},
        {ASPECT_VERSIONS, NULL, "versions", "table t: p 'x' is missing\n"},
        {ASPECT_STORAGE, NULL, "storage", "table t: p 'x' is missing\n"},
        {ASPECT_STORAGE, NULL, NULL, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene;
        struct err err;
        set_up(&scene);
        object_set(catalog_add(&scene.a, OBJECT_TABLE, NULL, "t"), cases[i].aspect, "p", "x");
        catalog_add(&scene.b, OBJECT_TABLE, NULL, "t");
        if (cases[i].ignore)
            assert_true(catalog_rules_ignore(&scene.rules, cases[i].ignore, &err));
        if (cases[i].compare)
            assert_true(catalog_rules_compare(&scene.rules, cases[i].compare, &err));
        assert_differences(&scene, cases[i].expected);
    }
}

static void objects_are_ignored_by_kind_and_pattern(void **state)
{
    static const struct {
        const char *entry;
        bool ignores_all; /* of the table audit_1, its column and its index */
    } cases[] = {
        {"table audit_*", true}, {"audit_1", true},          {"*", true},
        {"table audit_?", true}, {"table *_1", true},        {"table ****1", true},
        {"view audit_*", false}, {"table audit", false},     {"column *", false},
        {"AUDIT_*", false},      {"index audit_1.*", false}, {"table a*2", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene;
        struct canonical canonical;
        struct err err;
        set_up(&scene);
        scene.a.object_count = 0;
        catalog_add(&scene.a, OBJECT_TABLE, NULL, "audit_1");
        catalog_add(&scene.a, OBJECT_COLUMN, "audit_1", "id");
        catalog_add(&scene.a, OBJECT_INDEX, "audit_1", "ix");
        assert_true(catalog_rules_ignore(&scene.rules, cases[i].entry, &err));
        canonical_make(&canonical, &scene.a, &scene.rules);
        assert_int_equal(canonical.line_count == 0, cases[i].ignores_all);
        arena_done(&scene.arena);
    }
}

static void entries_that_mean_nothing_are_refused(void **state)
{
    struct scene scene;
    struct err err;
    (void)state;
    set_up(&scene);
    assert_false(catalog_rules_ignore(&scene.rules, "", &err));
    assert_false(catalog_rules_ignore(&scene.rules, "materialized view", &err));
    assert_false(catalog_rules_compare(&scene.rules, "table", &err));
    assert_false(catalog_rules_compare(&scene.rules, "shape", &err));
    assert_false(catalog_rules_compare(&scene.rules, "comment", &err));
    assert_non_null(strstr(err.text, "did you mean 'comments'?"));
    arena_done(&scene.arena);
}

static void kinds_are_found_by_their_longest_name(void **state)
{
    enum object_kind kind;
    size_t len;
    (void)state;
    for (int i = 0; i < OBJECT__COUNT; i++) {
        assert_non_null(object_kind_name((enum object_kind)i));
        assert_true(object_kind_find(object_kind_name((enum object_kind)i), &kind, &len));
        assert_int_equal(kind, i);
    }
    assert_true(object_kind_find("materialized view x", &kind, &len));
    assert_int_equal(kind, OBJECT_MATERIALIZED_VIEW);
    assert_int_equal(len, 17);
    assert_false(object_kind_find("tables", &kind, &len));
    assert_false(object_kind_find("", &kind, &len));
}

static void names_fold_only_where_the_engine_does(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene);
    scene.a.folds_names = scene.b.folds_names = true;
    catalog_add(&scene.a, OBJECT_TABLE, NULL, "Album");
    catalog_add(&scene.b, OBJECT_TABLE, NULL, "ALBUM");
    catalog_add(&scene.a, OBJECT_COLUMN, "Album", "Id");
    catalog_add(&scene.b, OBJECT_COLUMN, "album", "iD");
    assert_differences(&scene, "");

    set_up(&scene);
    catalog_add(&scene.a, OBJECT_TABLE, NULL, "Album");
    catalog_add(&scene.b, OBJECT_TABLE, NULL, "ALBUM");
    assert_differences(&scene, "table ALBUM is extra\ntable Album is missing\n");
}

static void what_is_not_read_is_counted_and_compared(void **state)
{
    struct scene scene;
    (void)state;
    set_up(&scene);
    catalog_add_unread(&scene.a, "operator class", 2);
    catalog_add_unread(&scene.b, "operator class", 3);
    catalog_add_unread(&scene.b, "cast", 0);
    assert_differences(&scene, "not compared operator class: count is '3' instead of '2'\n");
}

/* A name may hold anything but a NUL byte, and imitates nothing. */
static void hostile_names_imitate_no_other_object(void **state)
{
    static const char *const names[] = {"a\nb", "a\x01", "a.b", "\x7f", "'; DROP TABLE x; --",
                                        "%s%n"};
    struct scene scene;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        set_up(&scene);
        catalog_add(&scene.a, OBJECT_TABLE, NULL, names[i]);
        catalog_add(&scene.b, OBJECT_TABLE, NULL, names[i]);
        assert_differences(&scene, "");
    }
    set_up(&scene);
    catalog_add(&scene.a, OBJECT_COLUMN, "a", "b.c");
    catalog_add(&scene.b, OBJECT_COLUMN, "a.b", "c");
    assert_differences(&scene, "column a.b.c is missing\ncolumn a.b.c is extra\n");
}

static void fingerprints_hold_the_group(void **state)
{
    struct scene scene;
    struct canonical a, b;
    (void)state;
    set_up(&scene);
    scene.b.group = "sqlite 4";
    canonical_make(&a, &scene.a, &scene.rules);
    canonical_make(&b, &scene.b, &scene.rules);
    assert_string_not_equal(canonical_fingerprint(&a).hex, canonical_fingerprint(&b).hex);
    arena_done(&scene.arena);
}

static void skeins_own_tables_are_known(void **state)
{
    static const struct grid_shape shape = {".", 0};
    struct scene scene;
    struct reading_part part;
    struct reading reading = {.parts = &part,
                              .part_count = 1,
                              .version_table = "alembic_version",
                              .history_table = "skein_history"};
    (void)state;
    set_up(&scene);
    part = (struct reading_part){NULL, &scene.a};
    reading.arena = &scene.arena;
    assert_true(reading_leaves_out(&reading, "alembic_version"));
    assert_true(reading_leaves_out(&reading, "skein_history"));
    assert_false(reading_leaves_out(&reading, "Skein_History"));
    scene.a.folds_names = true;
    assert_true(reading_leaves_out(&reading, "Skein_History"));
    assert_false(reading_leaves_out(&reading, "task"));
    reading_ask(&reading, "SELECT 1", &shape);
    reading_ask(&reading, "SELECT 2", &shape);
    assert_int_equal(reading.query_count, 2);
    assert_string_equal(reading.queries[1], "SELECT 2");
    assert_ptr_equal(reading.shapes[1], &shape);
    arena_done(&scene.arena);
}

static void ask_nothing(struct reading *reading)
{
    (void)reading;
}

/* Its catalog has a table for each value, and the count of rounds. */
static bool take_names(struct reading *reading, const struct grid *answers, size_t count,
                       struct err *err)
{
    for (size_t i = 0; i < count; i++)
        for (size_t v = 0; v < answers[i].row_count * answers[i].column_count; v++)
            if (answers[i].values[v])
                catalog_add(reading->parts[0].catalog, OBJECT_TABLE, NULL, answers[i].values[v]);
    return reading->round != 7 || err_set(err, ERR_INTERNAL, "no");
}

struct answering {
    struct scene scene;
    struct reading_part part;
    struct reading reading;
    struct catalog_answers answers;
};

static void begin_answering(struct answering *answering, const struct catalog_reader *reader)
{
    set_up(&answering->scene);
    answering->scene.a.object_count = 0;
    answering->part = (struct reading_part){NULL, &answering->scene.a};
    answering->reading = (struct reading){
        .arena = &answering->scene.arena, .parts = &answering->part, .part_count = 1};
    catalog_answers_init(&answering->answers, reader, &answering->reading);
}

static void a_catalog_is_made_when_it_is_wanted(void **state)
{
    static const struct catalog_reader reader = {2, ask_nothing, take_names};
    static const char *const first[] = {"a"}, *const last[] = {"b", NULL};
    const struct grid rounds[] = {{first, 1, 1}, {last, 1, 2}};
    struct answering answering;
    struct err err;
    (void)state;
    begin_answering(&answering, &reader);
    assert_false(catalog_answers_add(&answering.answers, &rounds[0], 1, &err));
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(answering.reading.round, 1);
    assert_true(catalog_answers_add(&answering.answers, &rounds[1], 1, &err));
    assert_int_equal(answering.scene.a.object_count, 1);
    assert_ptr_equal(catalog_answers_make(&answering.answers, &err), &answering.scene.a);
    assert_ptr_equal(catalog_answers_make(&answering.answers, &err), &answering.scene.a);
    assert_int_equal(answering.scene.a.object_count, 2);
    arena_done(&answering.scene.arena);
}

static void digests_tell_answers_apart(void **state)
{
    static const struct catalog_reader reader = {1, ask_nothing, take_names};
    static const char *const values[][4] = {{"a", "b"},   {"ab", ""},   {"", "ab"},  {NULL, "ab"},
                                            {"ab", NULL}, {"a", "\1b"}, {"a", "\2b"}};
    char digests[10][HASH_HEX_SIZE];
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values + 2; i++) {
        size_t last = sizeof values / sizeof *values;
        bool is_column = i == last, is_newer = i == last + 1;
        const struct grid grid = {values[i < last ? i : 0], is_column ? 2 : 1, is_column ? 1 : 2};
        struct answering answering;
        struct err err;
        begin_answering(&answering, &reader);
        answering.reading.server_version = is_newer;
        catalog_answers_init(&answering.answers, &reader, &answering.reading);
        assert_true(catalog_answers_add(&answering.answers, &grid, 1, &err));
        memcpy(digests[count++], answering.answers.digest, HASH_HEX_SIZE);
        for (size_t k = 0; k + 1 < count; k++)
            assert_string_not_equal(digests[k], digests[count - 1]);
        arena_done(&answering.scene.arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_catalog_is_made_when_it_is_wanted),
    cmocka_unit_test(digests_tell_answers_apart),
    cmocka_unit_test(equal_catalogs_have_no_differences),
    cmocka_unit_test(properties_that_differ_are_named),
    cmocka_unit_test(what_a_missing_table_owns_goes_with_it),
    cmocka_unit_test(automatic_names_do_not_count),
    cmocka_unit_test(an_automatic_name_with_another_shape_has_changed),
    cmocka_unit_test(unnamed_objects_are_counted),
    cmocka_unit_test(aspects_can_be_left_out_and_asked_for),
    cmocka_unit_test(objects_are_ignored_by_kind_and_pattern),
    cmocka_unit_test(entries_that_mean_nothing_are_refused),
    cmocka_unit_test(kinds_are_found_by_their_longest_name),
    cmocka_unit_test(names_fold_only_where_the_engine_does),
    cmocka_unit_test(what_is_not_read_is_counted_and_compared),
    cmocka_unit_test(hostile_names_imitate_no_other_object),
    cmocka_unit_test(fingerprints_hold_the_group),
    cmocka_unit_test(skeins_own_tables_are_known),
};

UNIT_MAIN(tests)
