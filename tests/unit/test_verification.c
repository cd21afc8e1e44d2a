#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/fields.h"
#include "rollout/verification.h"
#include "schema/catalog_text.h"
#include "schema/compare.h"
#include "schema/reader.h"

static const struct verified_kind schemas = {DIALECT_POSTGRESQL, true};

struct scene {
    struct arena arena;
    struct catalog_rules rules;
    struct verification *first; /* of the machine that begins the run */
    struct verification *second;
};

/* Tables `task` and `name`, and what a text may trip over. */
static struct catalog *make_catalog(struct arena *arena, const char *name)
{
    struct catalog *catalog = arena_alloc(arena, sizeof *catalog);
    catalog_init(catalog, arena, DIALECT_POSTGRESQL);
    catalog->group = "postgresql 16";
    catalog_add(catalog, OBJECT_TABLE, NULL, "task");
    catalog_add(catalog, OBJECT_TABLE, NULL, name);
    struct object *column = catalog_add(catalog, OBJECT_COLUMN, "task", "tab\there \xc3\xa9");
    object_set(column, ASPECT_SHAPE, "type", "text");
    object_set(column, ASPECT_SHAPE, "default", "E'\\\\\n\xff'");
    object_set(column, ASPECT_COMMENTS, "comment", "");
    object_set_number(column, ASPECT_ORDER, "position", 2);
    struct object *check = catalog_add(catalog, OBJECT_CHECK, "task", "");
    check->has_automatic_name = true;
    object_set(check, ASPECT_SHAPE, "expression", "id > 0");
    catalog_add_unread(catalog, "operator class", 3);
    return catalog;
}

static int set_up(void **state)
{
    static struct scene scene;
    struct err err;
    *state = &scene;
    arena_init(&scene.arena);
    catalog_rules_init(&scene.rules, &scene.arena);
    assert_true(catalog_rules_ignore(&scene.rules, "table audit_*", &err));
    assert_true(catalog_rules_ignore(&scene.rules, "*_old", &err));
    assert_true(catalog_rules_compare(&scene.rules, "order", &err));
    scene.first = verification_new(&scene.rules);
    scene.second = NULL;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    verification_free(scene->first);
    verification_free(scene->second);
    arena_done(&scene->arena);
    return 0;
}

static void pass_on(struct scene *scene)
{
    struct texts told = verification_told(scene->first, &scene->arena);
    struct err err;
    scene->second = verification_of_told(&told, &err);
    assert_non_null(scene->second);
}

static const struct rows *rows_of(struct scene *scene, const char *id)
{
    struct rows *rows = arena_alloc(&scene->arena, sizeof *rows);
    *rows = rows_sorted(&scene->arena, &id, 1);
    return rows;
}

/* A reader that has nothing to ask: the answers are the catalog of its state. */
static bool take(struct reading *reading, const struct grid *answers, size_t count, struct err *err)
{
    (void)answers, (void)count, (void)err;
    *reading->parts[0].catalog = *(const struct catalog *)reading->state;
    return true;
}

static bool check(struct scene *scene, const struct verified_kind *kind, const char *id,
                  struct catalog *found, struct err *err)
{
    static const struct catalog_reader reader = {.rounds = 1, .take = take};
    struct catalog catalog;
    struct reading_part part = {NULL, &catalog};
    struct reading reading = {
        .arena = &scene->arena, .parts = &part, .part_count = 1, .state = found};
    struct catalog_answers answers;
    const struct grid grid = {0};
    struct err unread;
    catalog_init(&catalog, &scene->arena, found->dialect);
    catalog_answers_init(&answers, &reader, &reading);
    assert_true(catalog_answers_add(&answers, &grid, 1, &unread));
    snprintf(answers.digest, sizeof answers.digest, "%p", (void *)found);
    const struct verification_question question = {*kind, rows_of(scene, id), &answers};
    return verification_check(scene->second, &question, err);
}

static void another_machine_holds_tenants_to_the_same(void **state)
{
    struct scene *scene = *state;
    struct err err;
    verification_add(scene->first, &schemas, rows_of(scene, "r1"),
                     make_catalog(&scene->arena, "note"));
    verification_add(scene->first, &schemas, rows_of(scene, "r2"),
                     make_catalog(&scene->arena, "more"));
    pass_on(scene);
    struct catalog *note = make_catalog(&scene->arena, "note");
    assert_true(check(scene, &schemas, "r1", note, &err));
    assert_false(check(scene, &schemas, "r2", note, &err));
    assert_string_equal(err.text,
                        "it does not hold what the chain makes up to 'r2': table more is missing; "
                        "table note is extra");
    assert_string_equal(err.code, VERIFICATION_DIFFERS);
    const struct verified_kind databases = {DIALECT_POSTGRESQL, false};
    assert_false(check(scene, &databases, "r1", note, &err));
    assert_non_null(strstr(err.text, "its schema cannot be verified"));
}

static void what_is_compared_is_told_too(void **state)
{
    struct scene *scene = *state;
    struct err err;
    verification_add(scene->first, &schemas, rows_of(scene, "r1"),
                     make_catalog(&scene->arena, "note"));
    pass_on(scene);
    struct catalog *found = make_catalog(&scene->arena, "note");
    catalog_add(found, OBJECT_TABLE, NULL, "audit_x");
    catalog_add(found, OBJECT_VIEW, NULL, "task_old");
    object_set(found->objects[0], ASPECT_OWNERS, "owner", "me");
    assert_true(check(scene, &schemas, "r1", found, &err));
    struct catalog *ordered = make_catalog(&scene->arena, "note");
    object_set_number(ordered->objects[0], ASPECT_ORDER, "position", 1);
    assert_false(check(scene, &schemas, "r1", ordered, &err));
}

static void doubts_are_decided_by_another_machine(void **state)
{
    struct scene *scene = *state;
    const struct doubted doubted = {schemas, rows_of(scene, "r1"), "r2", DIRECTION_DOWN, 3};
    struct doubted other = doubted;
    verification_add_doubt(scene->first, &doubted, make_catalog(&scene->arena, "note"),
                           make_catalog(&scene->arena, "more"));
    pass_on(scene);
    assert_true(verification_knows_doubt(scene->second, &doubted));
    other.statements = 4;
    assert_false(verification_knows_doubt(scene->second, &other));
    other = doubted;
    other.direction = DIRECTION_UP;
    assert_false(verification_knows_doubt(scene->second, &other));
}

static void a_catalog_is_read_as_it_was_written(void **state)
{
    struct scene *scene = *state;
    struct catalog *catalog = make_catalog(&scene->arena, "note");
    struct catalog_rules strict;
    struct comparison comparison;
    struct buf buf, again;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_init(&again, BUF_MAX_DEFAULT);
    catalog_add_text(&buf, catalog);
    struct fields fields = {&scene->arena, buf.data, false};
    struct catalog *read = catalog_of_text(&scene->arena, &fields);
    assert_non_null(read);
    catalog_add_text(&again, read);
    assert_string_equal(again.data, buf.data);
    catalog_rules_init_strict(&strict, &scene->arena);
    comparison_make(&comparison, catalog, read, &strict);
    assert_int_equal(comparison.count, 0);
    assert_string_equal(catalog_fingerprint(read, &strict).hex,
                        catalog_fingerprint(catalog, &strict).hex);
    assert_string_equal(read->group, "postgresql 16");
    buf_done(&buf);
    buf_done(&again);
}

static void what_is_nothing_of_skein_is_refused(void **state)
{
    struct scene *scene = *state;
    static const char *const texts[][2] = {
        {"", ""},
        {"place\tsqlite\t0\t\n", ""}, /* before the rules */
        {"rules\t4\t3\t\n", "rules\t4\t3\t\n"},
        {"rules\t4\t4096\t\n", ""},
        {"rules\t4\t3\tno kind\tx\t\n", ""},
        {"rules\t4\t3\t\n", "nothing\t\n"},
        {"rules\t4\t3\t\n", "place\tsqlite\t0\t\n"},
        {"rules\t4\t3\t\n", "place\tsqlite\t0\t\nsqlite\tgroup\t0\tmore\t\n"},
        {"rules\t4\t3\t\n", "place\tsqlite\t0\t\nsqlite\tgroup\t0\t\ntable\t\\-\t\\-\t0\t\n"},
        {"rules\t4\t3\t\n",
         "place\tsqlite\t0\t\nsqlite\tgroup\t0\t\ntable\t\\-\tt\t0\tshape\tx\t\n"},
        {"rules\t4\t3\t\n", "doubt\tsqlite\t0\tr\t0\t1\tgroup\tab\tab\t\n"},
    };
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct texts told = {texts[i], *texts[i][1] ? 2 : 1};
        scene->second = verification_of_told(&told, &err);
        assert_null(scene->second);
        assert_non_null(strstr(err.text, "nothing that skein tells"));
    }
    const char *const newer[] = {"rules\t5\tanything\t\n"};
    struct texts told = {newer, 1};
    assert_null(verification_of_told(&told, &err));
    assert_non_null(strstr(err.text, "as another release of skein does"));
}

static const struct CMUnitTest tests[] = {
    CASE(another_machine_holds_tenants_to_the_same), CASE(what_is_compared_is_told_too),
    CASE(doubts_are_decided_by_another_machine),     CASE(a_catalog_is_read_as_it_was_written),
    CASE(what_is_nothing_of_skein_is_refused),
};

UNIT_MAIN(tests)
