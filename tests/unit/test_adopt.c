#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "import/adopt.h"

enum { IDS_MAX = 5, VALUES_MAX = 24 };

/* A tool's rows over a chain where each id revises the one before; NULL ends a list, "-" is SQL's
 * NULL. */
struct adopt_case {
    const char *tool;
    const char *ids[IDS_MAX + 1];
    size_t columns;
    const char *values[VALUES_MAX + 1];
    const char *stands; /* NULL: `error` */
    const char *error;
};

static struct chain *build(struct arena *arena, const char *const *ids, struct faults *faults)
{
    struct chain_file files[IDS_MAX];
    size_t count = 0;
    for (; ids[count]; count++) {
        const char *bytes =
            arena_printf(arena, "-- Revision ID: %s\n-- Revises: %s\n\n-- migrate:up\n", ids[count],
                         count ? ids[count - 1] : "");
        files[count] = (struct chain_file){ids[count], bytes, strlen(bytes)};
    }
    return chain_build("versions", files, count, faults);
}

static struct grid rows_of(struct arena *arena, const struct adopt_case *one)
{
    const char **values = arena_calloc(arena, VALUES_MAX, sizeof *values);
    size_t count = 0;
    for (; one->values[count]; count++)
        values[count] = strcmp(one->values[count], "-") == 0 ? NULL : one->values[count];
    assert_int_equal(count % one->columns, 0);
    return (struct grid){values, count / one->columns, one->columns};
}

static void check_one(struct arena *arena, const struct adopt_case *one)
{
    struct adoption adoption;
    struct rows stands;
    struct faults faults;
    struct err err = {0};
    faults_init(&faults);
    assert_true(adoption_find(one->tool, NULL, &adoption, &err));
    struct chain *chain = build(arena, one->ids, &faults);
    assert_non_null(chain);
    struct grid rows = rows_of(arena, one);
    bool is_good = adoption_stand(&adoption, arena, chain, &rows, &stands, &err);
    if (is_good != (one->stands != NULL))
        fail_msg("%s: %s", one->tool, is_good ? "no error" : err.text);
    if (is_good) {
        assert_string_equal(stands.count ? stands.ids[0] : "", one->stands);
        assert_true(stands.count <= 1);
    } else if (!strstr(err.text, one->error)) {
        fail_msg("'%s' says nothing of '%s'", err.text, one->error);
    }
    chain_free(chain);
    faults_done(&faults);
}

static void check(const struct adopt_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        arena_init(&arena);
        check_one(&arena, &cases[i]);
        arena_done(&arena);
    }
}

static void reads_tools_that_have_a_row_each(void **state)
{
    static const struct adopt_case cases[] = {
        {"dbmate", {"001", "002", "003"}, 1, {"001", "002"}, "002", NULL},
        {"dbmate", {"001", "002", "003"}, 1, {"002", "001"}, "002", NULL},
        {"dbmate", {"001"}, 1, {NULL}, "", NULL},
        {"dbmate",
         {"001", "002"},
         1,
         {"1"},
         NULL,
         "dbmate has applied '1', and the chain has no such"},
        {"dbmate", {"001", "002", "003"}, 1, {"001", "003"}, NULL, "'003' but not '002'"},
        {"dbmate", {"001"}, 1, {"-"}, NULL, "no such revision"},
        {"diesel",
         {"20260101000000", "20260102000000"},
         1,
         {"20260101000000"},
         "20260101000000",
         NULL},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_golang_migrates_one_row(void **state)
{
    static const struct adopt_case cases[] = {
        {"golang-migrate", {"1", "2", "3"}, 2, {"2", "f"}, "2", NULL},
        {"golang-migrate", {"1", "2", "3"}, 2, {"3", "0"}, "3", NULL},
        {"golang-migrate", {"1"}, 2, {NULL}, "", NULL},
        {"golang-migrate", {"1", "2"}, 2, {"2", "t"}, NULL, "version '2' dirty"},
        {"golang-migrate", {"1", "2"}, 2, {"2", "1"}, NULL, "version '2' dirty"},
        {"golang-migrate", {"1", "2"}, 2, {"4", "f"}, NULL, "applied '4'"},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_gooses_history(void **state)
{
    static const struct adopt_case cases[] = {
        {"goose", {"1", "2"}, 2, {"0", "t", "1", "t", "2", "t"}, "2", NULL},
        {"goose", {"1", "2"}, 2, {"0", "1", "1", "1", "2", "1", "2", "0"}, "1", NULL},
        {"goose", {"1", "2"}, 2, {"0", "1", "1", "1", "1", "0", "1", "1"}, "1", NULL},
        {"goose", {"1", "2"}, 2, {"0", "t"}, "", NULL},
        {"goose", {"1", "2"}, 2, {"0", "t", "2", "t"}, NULL, "'2' but not '1'"},
        {"goose", {"1"}, 2, {"5", "t"}, NULL, "applied '5'"},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_flyways_history(void **state)
{
    static const struct adopt_case cases[] = {
        {"flyway",
         {"1", "1_2", "R_v"},
         3,
         {"1", "SQL", "t", "1.2", "SQL", "t", "-", "SQL", "t"},
         "1_2",
         NULL},
        {"flyway", {"1", "1_2"}, 3, {"001", "SQL", "1", "1.2.0", "SQL", "1"}, "1_2", NULL},
        {"flyway", {"1", "2"}, 3, {"-", "SCHEMA", "t", "1", "JDBC", "t"}, "1", NULL},
        {"flyway",
         {"1", "2"},
         3,
         {"1", "SQL", "t", "2", "SQL", "t", "2", "UNDO_SQL", "t"},
         "1",
         NULL},
        {"flyway",
         {"1", "2"},
         3,
         {"1", "SQL", "t", "2", "SQL", "t", "2", "DELETE", "t"},
         "1",
         NULL},
        {"flyway", {"1", "2", "3", "R_v"}, 3, {"2", "BASELINE", "t"}, "2", NULL},
        {"flyway", {"2", "3"}, 3, {"1", "BASELINE", "t"}, "", NULL},
        {"flyway",
         {"1", "2", "1c0ffee0aaaa"},
         3,
         {"2", "BASELINE", "t"},
         "2",
         NULL}, /* skein's own */
        {"flyway",
         {"1", "2"},
         3,
         {"1", "SQL", "t", "2", "SQL", "f"},
         NULL,
         "migration '2' has failed in Flyway"},
        {"flyway", {"1", "2"}, 3, {"-", "SQL", "f"}, NULL, "'repeatable' has failed"},
        {"flyway", {"1", "2"}, 3, {"7", "SQL", "t"}, NULL, "applied '7'"},
        /* a new database of Flyway's began with a baseline migration */
        {"flyway", {"1", "2", "3"}, 3, {"2", "SQL_BASELINE", "t"}, "2", NULL},
        {"flyway", {"1", "2", "3"}, 3, {"2", "JDBC_BASELINE", "t", "3", "SQL", "t"}, "3", NULL},
        {"flyway", {"2", "3"}, 3, {"2", "SQL_BASELINE", "1", "3", "SQL", "1"}, "3", NULL},
        /* and an older one had run what that has taken the place of */
        {"flyway", {"2", "3"}, 3, {"1", "SQL", "t", "2", "SQL", "t"}, "2", NULL},
        {"flyway", {"2", "3"}, 3, {"1", "SQL", "t"}, NULL, "applied '1'"},
        {"flyway", {"2", "3"}, 3, {"1", "SQL", "t", "2", "SQL", "f"}, NULL, "'2' has failed"},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

/* Ids that a chain of ours cannot have are the same here as where they were imported. */
static void reads_alembics_rows(void **state)
{
    static const struct adopt_case cases[] = {
        {"alembic-sql", {"a", "b", "c"}, 1, {"b"}, "b", NULL},
        {"alembic-sql", {"a", "foo_1_2_93001fea"}, 1, {"foo-1.2"}, "foo_1_2_93001fea", NULL},
        {"alembic-sql", {"a"}, 1, {"foo-1.2"}, NULL, "applied 'foo-1.2'"},
        {"alembic-sql", {"a"}, 1, {NULL}, "", NULL},
        {"diesel", {"2020_01_01_7fb7eaae"}, 1, {"2020.01.01"}, "2020_01_01_7fb7eaae", NULL},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void knows_what_can_be_adopted_from(void **state)
{
    struct adoption adoption;
    struct err err;
    (void)state;
    assert_true(adoption_find("goose", "versions", &adoption, &err));
    assert_string_equal(adoption.table, "versions");
    assert_false(adoption_find("liquibase", NULL, &adoption, &err));
    assert_string_equal(err.text,
                        "nothing is adopted from 'liquibase': name alembic-sql, dbmate, diesel, "
                        "flyway, golang-migrate or goose");
    assert_false(adoption_find("goose", "two words", &adoption, &err));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_tools_that_have_a_row_each),
    cmocka_unit_test(reads_golang_migrates_one_row),
    cmocka_unit_test(reads_gooses_history),
    cmocka_unit_test(reads_flyways_history),
    cmocka_unit_test(reads_alembics_rows),
    cmocka_unit_test(knows_what_can_be_adopted_from),
};

UNIT_MAIN(tests)
