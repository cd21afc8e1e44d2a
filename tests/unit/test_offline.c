#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/scripts.h"
#include "offline/offline.h"

/* A chain of one revision, and the script of an upgrade to it. */
struct stage {
    struct arena arena;
    struct chain *chain;
    struct scripts *scripts;
    struct buf text;
};

static void set_up(struct stage *stage, const char *up)
{
    struct faults faults;
    arena_init(&stage->arena);
    buf_init(&stage->text, BUF_MAX_DEFAULT);
    faults_init(&faults);
    const char *bytes = arena_printf(
        &stage->arena, "-- m\n-- Revision ID: aaaa1111\n-- Revises:\n-- migrate:up%s", up);
    struct chain_file file = {"a.sql", bytes, strlen(bytes)};
    stage->chain = chain_build("versions", &file, 1, &faults);
    assert_non_null(stage->chain);
    faults_done(&faults);
    stage->scripts = scripts_new(stage->chain);
}

static void tear_down(struct stage *stage)
{
    scripts_free(stage->scripts);
    chain_free(stage->chain);
    buf_done(&stage->text);
    arena_done(&stage->arena);
}

static void write_upgrade(struct stage *stage, enum dialect_id dialect)
{
    static const char *const targets[] = {"head"};
    struct target target = {.command = PLAN_UPGRADE, .texts = targets, .count = 1};
    struct plan plan;
    struct err err;
    struct lookup in = {&stage->arena, stage->chain, &err};
    assert_true(target_check(&in, &target));
    assert_true(plan_build(&in, &target, &(struct rows){.is_known = true}, &plan));
    struct offline_script script = {
        .dialect = dialect_of(dialect),
        .plan = &plan,
        .command = PLAN_UPGRADE,
        .scripts = stage->scripts,
        .version_table = "alembic_version",
        .run_id = "20261123T101500Z-5f3a9c",
    };
    assert_true(offline_write(&stage->arena, &stage->text, &script, &err));
}

/* The statements of the script, as the database's own lexer finds them, from the first that is the
 * revision's on. */
static void expect_statements(struct stage *stage, enum dialect_id dialect,
                              const char *const *expected)
{
    struct statement *statements;
    size_t count, at = 0;
    struct err err;
    assert_true(dialect_of(dialect)->split(&stage->arena, stage->text.data, stage->text.len,
                                           &statements, &count, &err));
    while (at < count &&
           strncmp(stage->text.data + statements[at].offset, expected[0], strlen(expected[0])) != 0)
        at++;
    for (; *expected; expected++, at++) {
        assert_true(at < count);
        const char *statement = arena_strndup(
            &stage->arena, stage->text.data + statements[at].offset, statements[at].len);
        if (strncmp(statement, *expected, strlen(*expected)) != 0)
            fail_msg("expected '%s', not '%s'", *expected, statement);
    }
}

static void no_section_swallows_what_follows(void **state)
{
    static const char *const ends[] = {
        "",
        ";",
        ";;",
        " -- no semicolon",
        "; -- comment",
        "\n-- comment;",
        " /* ; */",
        "; /* ; */",
        "\n;\n-- migrate:down\n",
        "\n",
    };
    static const char *const sqlite[] = {"SELECT 1",
                                         "SELECT ';'",
                                         "INSERT INTO \"alembic_version\"",
                                         "INSERT INTO \"skein_history\"",
                                         "COMMIT",
                                         NULL};
    static const char *const postgres[] = {"SELECT 1",
                                           "SELECT ';'",
                                           "DO $skein$",
                                           "INSERT INTO \"alembic_version\"",
                                           "INSERT INTO \"skein_history\"",
                                           "COMMIT",
                                           NULL};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        for (int d = 0; d < 2; d++) {
            enum dialect_id dialect = d ? DIALECT_POSTGRESQL : DIALECT_SQLITE;
            struct stage stage;
            char up[128];
            snprintf(up, sizeof up, "\nSELECT 1; SELECT ';'%s", ends[i]);
            set_up(&stage, up);
            write_upgrade(&stage, dialect);
            expect_statements(&stage, dialect, d ? postgres : sqlite);
            tear_down(&stage);
        }
}

static void no_query_to_verify_swallows_what_follows(void **state)
{
    static const char *const expected[] = {
        "SELECT 1",
        "INSERT INTO \"alembic_version\" (version_num) SELECT NULL WHERE NOT EXISTS (SELECT 2 -- two\n)",
        "INSERT INTO \"alembic_version\" (version_num) VALUES ('aaaa1111')", NULL};
    struct stage stage;
    (void)state;
    set_up(&stage, "\nSELECT 1;\n-- verify: SELECT 2 -- two\n");
    write_upgrade(&stage, DIALECT_SQLITE);
    expect_statements(&stage, DIALECT_SQLITE, expected);
    tear_down(&stage);
}

static void statements_outside_are_counted_one_by_one(void **state)
{
    static const char *const expected[] = {"VACUUM",
                                           "UPDATE \"skein_history\" SET statements = 1",
                                           "ANALYZE",
                                           "UPDATE \"skein_history\" SET statements = 2",
                                           "BEGIN IMMEDIATE",
                                           "INSERT INTO \"alembic_version\"",
                                           "UPDATE \"skein_history\" SET statements = 2",
                                           "COMMIT",
                                           NULL};
    struct stage stage;
    (void)state;
    set_up(&stage, " transaction:false\nVACUUM; ANALYZE -- last\n");
    write_upgrade(&stage, DIALECT_SQLITE);
    expect_statements(&stage, DIALECT_SQLITE, expected);
    tear_down(&stage);
}

static void nothing_to_do_is_no_transaction(void **state)
{
    struct stage stage;
    const struct plan plan = {0};
    struct err err;
    struct offline_script script = {.dialect = dialect_of(DIALECT_SQLITE),
                                    .plan = &plan,
                                    .version_table = "alembic_version",
                                    .run_id = "r"};
    (void)state;
    set_up(&stage, "\n");
    script.scripts = stage.scripts;
    assert_true(offline_write(&stage.arena, &stage.text, &script, &err));
    assert_string_equal(stage.text.data, "-- Nothing to do.\n");
    tear_down(&stage);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_section_swallows_what_follows),
    cmocka_unit_test(no_query_to_verify_swallows_what_follows),
    cmocka_unit_test(statements_outside_are_counted_one_by_one),
    cmocka_unit_test(nothing_to_do_is_no_transaction),
};

UNIT_MAIN(tests)
