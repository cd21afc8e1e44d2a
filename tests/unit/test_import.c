#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "import/tool.h"

enum { FILES_MAX = 6 };

/* A tool's files (a name that ends in '/' is a folder's), and the revision files that they come to, whole; or the one fault. */
struct given {
    const char *name, *bytes;
};
struct wanted {
    const char *name, *text;
};
struct import_case {
    const char *tool, *dialect;
    struct given files[FILES_MAX];
    struct wanted made[FILES_MAX];
    const char *fault;
    int line;
    size_t notes;
};

static struct import_request request_of(struct arena *arena, const struct import_case *one)
{
    struct import_file *files = arena_calloc(arena, FILES_MAX, sizeof *files);
    static const char *const placeholders[] = {"a=one", "b=1=1"};
    struct import_request request = {.placeholders = placeholders,
                                     .placeholder_count = ARRAY_LEN(placeholders),
                                     .tool = import_tool_find(one->tool),
                                     .files = files,
                                     .version_table = "alembic_version",
                                     .chain_dir = "versions"};
    assert_non_null(request.tool);
    for (; request.file_count < FILES_MAX && one->files[request.file_count].name;
         request.file_count++) {
        const struct given *given = &one->files[request.file_count];
        size_t len = strlen(given->name);
        bool is_folder = given->name[len - 1] == '/';
        bool is_read = !is_folder && request.tool->wants(given->name);
        const char *name = arena_strndup(arena, given->name, len - is_folder);
        files[request.file_count] = (struct import_file){.name = name,
                                                         .path = name,
                                                         .bytes = is_read ? given->bytes : NULL,
                                                         .len = is_read ? strlen(given->bytes) : 0,
                                                         .is_folder = is_folder};
    }
    if (one->dialect)
        request.has_dialect = dialect_find(one->dialect, strlen(one->dialect), &request.dialect);
    return request;
}

static void check_made(const struct import_case *one, const struct import_result *result)
{
    size_t count = 0;
    for (; count < FILES_MAX && one->made[count].name; count++) {
        assert_true(count < result->file_count);
        assert_string_equal(result->files[count].name, one->made[count].name);
        assert_string_equal(result->files[count].bytes, one->made[count].text);
    }
    assert_int_equal(result->file_count, count);
    assert_int_equal(result->note_count, one->notes);
}

static void check_fault(const struct import_case *one, const struct faults *faults)
{
    if (faults->total != 1)
        fail_msg("%zu faults, not one that says '%s'", faults->total, one->fault);
    if (!strstr(faults->items[0].text, one->fault))
        fail_msg("'%s' says nothing of '%s'", faults->items[0].text, one->fault);
    assert_int_equal(faults->items[0].line, one->line);
}

static void check(const struct import_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct faults faults;
        struct import_result result;
        arena_init(&arena);
        faults_init(&faults);
        struct import_request request = request_of(&arena, &cases[i]);
        bool is_good = import_files(&arena, &request, &result, &faults);
        if (is_good != !cases[i].fault)
            fail_msg("case %zu: %s", i, faults.total ? faults.items[0].text : "no fault");
        if (is_good)
            check_made(&cases[i], &result);
        else
            check_fault(&cases[i], &faults);
        faults_done(&faults);
        arena_done(&arena);
    }
}

/* ---- each tool ----------------------------------------------------------------------------- */

static void reads_dbmate(void **state)
{
    static const struct import_case cases[] = {
        {"dbmate",
         "sqlite",
         {{"0010_second.sql", "-- migrate:up transaction:false other:1\nCREATE TABLE b (id);\n"
                              "--migrate:down\n"},
          {"0009_first.sql",
           "-- a word\n\n-- migrate:up\nCREATE TABLE a (id);\n\n-- migrate:down\nDROP TABLE a;\n"},
          {"notes.sql", "SELECT 1;"}},
         {{"0009_first.sql", "-- first\n--\n-- Revision ID: 0009\n-- Revises:\n\n-- migrate:up\n"
                             "CREATE TABLE a (id);\n\n-- migrate:down\nDROP TABLE a;\n"},
          {"0010_second.sql",
           "-- second\n--\n-- Revision ID: 0010\n-- Revises: 0009\n\n"
           "-- migrate:up transaction:false\nCREATE TABLE b (id);\n\n-- migrate:down\n"}},
         NULL,
         0,
         1},
        {"dbmate",
         "sqlite",
         {{"1_a.sql", "\nSELECT 1;\n-- migrate:up\n"}},
         {{0}},
         "SQL before",
         2,
         0},
        {"dbmate",
         "sqlite",
         {{"1_a.sql", "-- migrate:down\n"}},
         {{0}},
         "before '-- migrate:up'",
         1,
         0},
        {"dbmate",
         "sqlite",
         {{"1_a.sql", "-- migrate:up\n"}, {"1_b.sql", "-- migrate:up\n"}},
         {{0}},
         "version '1' is in '1_a.sql' already",
         0,
         0},
        {"dbmate",
         "sqlite",
         {{"123456789012345678901234567890123_a.sql", "-- migrate:up\n"}},
         {{"12345678901234567890123_39bf8cc9_a.sql",
           "-- a\n--\n-- Revision ID: 12345678901234567890123_39bf8cc9\n-- Revises:\n\n"
           "-- migrate:up\n"}},
         NULL,
         0,
         0},
        {"dbmate",
         "sqlite",
         {{"1_a.sql", "-- migrate:up transaction:false:so other:x\nSELECT 1;\n"},
          {"2.sql", "-- migrate:up transaction: false\nSELECT 2;\n"},
          {"3_c.SQL", ""},
          {"sub/", ""}},
         {{"1_a.sql", "-- a\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up "
                      "transaction:false\nSELECT 1;\n"},
          {"2.sql", "-- Revision ID: 2\n-- Revises: 1\n\n-- migrate:up\nSELECT 2;\n"}},
         NULL,
         0,
         2},
        {"dbmate",
         "sqlite",
         {{"1_a.sql", "-- x\n-- migrate:down\nSELECT 1;\n-- migrate:up\nSELECT 2;\n"}},
         {{0}},
         "before '-- migrate:up'",
         2,
         0},
        {"dbmate", "sqlite", {{"1_a.sql", "-- none\n"}}, {{0}}, "no '-- migrate:up'", 0, 0},
        {"dbmate", "sqlite", {{"README.md", ""}}, {{0}}, "nothing to import: dbmate looks", 0, 0},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_golang_migrate(void **state)
{
    static const struct import_case cases[] = {
        {"golang-migrate",
         "postgresql",
         {{"000002_b.up.sql", "-- why\nBEGIN;\nCREATE TABLE b ();\nCOMMIT;\n"},
          {"000010_c.up.sql", "CREATE INDEX CONCURRENTLY i ON b (id)"},
          {"000010_c.down.sql", ""},
          {"000010_c.txt", "{}"},
          {"20261123101500_d.up.sql", "SELECT 1;\nVACUUM;\nSELECT 2;\n"}},
         {{"2_b.sql", "-- b\n--\n-- Revision ID: 2\n-- Revises:\n\n-- migrate:up\n-- why\n\n"
                      "CREATE TABLE b ();\n"},
          {"10_c.sql",
           "-- c\n--\n-- Revision ID: 10\n-- Revises: 2\n\n-- migrate:up transaction:false\n"
           "CREATE INDEX CONCURRENTLY i ON b (id)\n\n-- migrate:down\n"},
          {"20261123101500_d.sql",
           "-- d\n--\n-- Revision ID: 20261123101500\n-- Revises: 10\n"
           "-- Create Date: 2026-11-23 10:15:00\n\n-- migrate:up\nSELECT 1;\n\n"
           "-- migrate:up transaction:false\nVACUUM;\n\n-- migrate:up\nSELECT 2;\n"}},
         NULL,
         0,
         1},
        /* what its own expression takes, and what it does not */
        {"golang-migrate",
         "postgresql",
         {{"30_x.up..sql", "SELECT 30;"},
          {"31_.down.x.up.SQL", "SELECT 31;"},
          {"32_y.up.pgsql", "SELECT 32;"},
          {"32_y.down.", "SELECT -32;"},
          {"33_z.UP.sql", ""},
          {"18446744073709551616_w.up.sql", ""}},
         {{"30_x.sql", "-- x\n--\n-- Revision ID: 30\n-- Revises:\n\n-- migrate:up\nSELECT 30;\n"},
          {"31_down_x.sql",
           "-- .down.x\n--\n-- Revision ID: 31\n-- Revises: 30\n\n-- migrate:up\nSELECT 31;\n"},
          {"32_y.sql", "-- y\n--\n-- Revision ID: 32\n-- Revises: 31\n\n-- migrate:up\nSELECT "
                       "32;\n\n-- migrate:down\nSELECT -32;\n"}},
         NULL,
         0,
         2},
        {"golang-migrate",
         "sqlite",
         {{"1_a.up.json", "SELECT 1;"}, {"1_a.up.sql", "SELECT 1;"}},
         {{0}},
         "version '1' is in '1_a.up.json' already",
         0,
         0},
        {"golang-migrate",
         "sqlite",
         {{"1_a.sql", ""}, {"1/", ""}},
         {{0}},
         "nothing to import",
         0,
         0},
        {"golang-migrate",
         "sqlite",
         {{"1_a.up.sql", "SELECT 1;"}, {"01_b.up.sql", "SELECT 1;"}},
         {{0}},
         "version '1' is in '1_a.up.sql' already",
         0,
         0},
        {"golang-migrate",
         "sqlite",
         {{"1_a.up.sql", "SELECT 1;\n\nBEGIN;\n"}},
         {{0}},
         "nothing ends",
         3,
         0},
        {"golang-migrate",
         "sqlite",
         {{"1_a.up.sql", "SELECT 1;\n\n--verify: by hand\nSELECT 2;\n"}},
         {{0}},
         "'-- verify:' would be asked",
         3,
         0},
        {"golang-migrate",
         "sqlite",
         {{"1_a.up.sql", "COMMIT;\n"}},
         {{0}},
         "nothing here has begun",
         1,
         0},
        {"golang-migrate",
         "postgresql",
         {{"1_a.up.sql", "BEGIN;\nROLLBACK;\nCOMMIT;\n"}},
         {{0}},
         "'ROLLBACK' cannot be taken over",
         2,
         0},
        {"golang-migrate",
         "postgresql",
         {{"1_a.up.sql", "SELECT 1;\n-- migrate:down\n"}},
         {{0}},
         "would begin a section",
         2,
         0},
        {"golang-migrate",
         "postgresql",
         {{"1_a.up.sql", "SELECT 1;\nSELECT 'x;\n"}},
         {{0}},
         "unterminated",
         2,
         0},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

/* A value of an enum is committed where it makes a migration of its own, and else stays with it. */
static void keeps_enum_values_usable(void **state)
{
    static const struct import_case cases[] = {
        {"golang-migrate",
         "postgresql",
         {{"1_a.up.sql", "ALTER TYPE public.mood ADD VALUE 'x';"},
          {"2_b.up.sql", "ALTER TYPE mood ADD VALUE 'y';\nSELECT 1;"}},
         {{"1_a.sql",
           "-- a\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up transaction:false\n"
           "ALTER TYPE public.mood ADD VALUE 'x';\n"},
          {"2_b.sql", "-- b\n--\n-- Revision ID: 2\n-- Revises: 1\n\n-- migrate:up\n"
                      "ALTER TYPE mood ADD VALUE 'y';\nSELECT 1;\n"}},
         NULL,
         0,
         0},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_goose(void **state)
{
    static const struct import_case cases[] = {
        {"goose",
         "postgresql",
         {{"00001_f.sql",
           "-- +goose Up\n-- +goose StatementBegin\nSELECT 1\n-- +goose statementend\n"
           "-- +goose Down\nSELECT 2;\n"},
          {"00003_i.sql", "-- said before\n-- +goose NO TRANSACTION\n-- +goose Up\n"
                          "CREATE INDEX CONCURRENTLY i ON a (id);\n"},
          {"README.md", ""}},
         {{"1_f.sql", "-- f\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\nSELECT 1\n;\n\n"
                      "-- migrate:down\nSELECT 2;\n"},
          {"3_i.sql",
           "-- i\n--\n-- Revision ID: 3\n-- Revises: 1\n\n-- migrate:up transaction:false\n"
           "CREATE INDEX CONCURRENTLY i ON a (id);\n"}},
         NULL,
         0,
         0},
        {"goose",
         "sqlite",
         {{"1_a.sql", "-- +goose Up\n"}, {"2_b.go", "package m"}},
         {{0}},
         "a migration in Go",
         0,
         0},
        {"goose", "sqlite", {{"1_a.sql", "-- +goose Down\n"}}, {{0}}, "not expected here", 1, 0},
        {"goose",
         "sqlite",
         {{"1_a.sql", "-- +goose Up\nSELECT 1;\n  -- +goose Down\nSELECT 2;\n"}},
         {{0}},
         "an annotation that is indented",
         3,
         0},
        {"goose",
         "sqlite",
         {{"1_a.sql", "-- +goose Up\n\t--+goose StatementBegin\nSELECT 1;\n"}},
         {{0}},
         "an annotation that is indented",
         2,
         0},
        {"goose", "sqlite", {{"0_a.sql", "-- +goose Up\n"}}, {{0}}, "begin with 1", 0, 0},
        {"goose", "sqlite", {{"x.sql", ""}, {"1_sub/", ""}}, {{0}}, "nothing to import", 0, 0},
        {"goose",
         "sqlite",
         {{"1_a.sql", "-- +goose Up\n\n-- +goose StatementBegin\n"}},
         {{0}},
         "without a StatementEnd",
         3,
         0},
        {"goose",
         "sqlite",
         {{"1_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\n"}},
         {{0}},
         "ENVSUB",
         2,
         0},
        {"goose",
         "sqlite",
         {{"1_a.sql", "-- +goose Up\n-- +goose Upp\n"}},
         {{0}},
         "no such annotation",
         2,
         0},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_flyway(void **state)
{
    static const struct import_case cases[] = {
        {"flyway",
         "postgresql",
         {{"R__all_names.sql", "CREATE OR REPLACE VIEW v AS SELECT 1;"},
          {"U1.0__init.sql", "DROP TABLE a;"},
          {"V001__init.sql", "CREATE TABLE a ();"},
          {"sub/V1_10__ten.sql", "VACUUM;\nSELECT '${kept}';"},
          {"sub/V1_10__ten.sql.conf",
           "# so\nexecuteInTransaction=false\nplaceholderReplacement = false\n"},
          {"V1.2__two.sql", "SELECT 2;"}},
         {{"1_init.sql",
           "-- init\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\nCREATE TABLE a ();\n\n"
           "-- migrate:down\nDROP TABLE a;\n"},
          {"1_2_two.sql",
           "-- two\n--\n-- Revision ID: 1_2\n-- Revises: 1\n\n-- migrate:up\nSELECT 2;\n"},
          {"1_10_ten.sql", "-- ten\n--\n-- Revision ID: 1_10\n-- Revises: 1_2\n\n"
                           "-- migrate:up transaction:false\nVACUUM;\nSELECT '${kept}';\n"},
          {"R_all_names_all_names.sql",
           "-- all names\n--\n-- Revision ID: R_all_names\n-- Revises: 1_10\n\n-- migrate:up\n"
           "CREATE OR REPLACE VIEW v AS SELECT 1;\n"}},
         NULL,
         0,
         0},
        {"flyway",
         "sqlite",
         {{"V1__a.sql", "SELECT 1;\nSELECT '${who}';\n"}},
         {{0}},
         "'${who}'",
         2,
         0},
        {"flyway",
         "sqlite",
         {{"V1__a.sql", "SELECT '${a}-${b}-${';"}},
         {{"1_a.sql",
           "-- a\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\nSELECT 'one-1=1-${';\n"}},
         NULL,
         0,
         0},
        {"flyway",
         "sqlite",
         {{"V1__a.sql", "SELECT 1;"}, {"V1.0__b.sql", "SELECT 1;"}},
         {{0}},
         "version '1' is in 'V1__a.sql' already",
         0,
         0},
        {"flyway",
         "sqlite",
         {{"V1__a.SQL", "SELECT 1;"}, {"afterMigrate.sql", ""}},
         {{"1_a.sql", "-- a\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\nSELECT 1;\n"}},
         NULL,
         0,
         1},
        {"flyway", "sqlite", {{"U2__a.sql", "SELECT 1;"}}, {{0}}, "none up", 0, 0},
        /* a baseline is the first revision where what it stands for is gone, */
        {"flyway",
         "sqlite",
         {{"B2__old.sql", ""},
          {"B10__a.sql", "SELECT 1;"},
          {"V10.1__b.sql", "SELECT 2;"},
          {"flyway.conf", ""}},
         {{"10_a.sql", "-- a\n--\n-- Revision ID: 10\n-- Revises:\n\n-- migrate:up\nSELECT 1;\n"},
          {"10_1_b.sql",
           "-- b\n--\n-- Revision ID: 10_1\n-- Revises: 10\n\n-- migrate:up\nSELECT 2;\n"}},
         NULL,
         0,
         2},
        /* and nothing where that is there */
        {"flyway",
         "sqlite",
         {{"B2__a.sql", "SELECT 1;"}, {"V1__b.sql", ""}, {"V2__c.sql", ""}, {"V3__d.sh", ""}},
         {{"1_b.sql", "-- b\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\n"},
          {"2_c.sql", "-- c\n--\n-- Revision ID: 2\n-- Revises: 1\n\n-- migrate:up\n"}},
         NULL,
         0,
         2},
        {"flyway", "sqlite", {{"B__a.sql", ""}, {"Backup.sql", ""}}, {{0}}, "nothing to", 0, 0},
        /* two that come to one name, and on a file system that knows no large letters too */
        {"flyway",
         "sqlite",
         {{"R__1.sql", ""},
          {"R__A.sql", ""},
          {"R__a.sql", ""},
          {"V1.2__x.sql", ""},
          {"V1__2_x.sql", ""}},
         {{"1_2_x.sql", "-- 2 x\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\n"},
          {"1_2_x_0c79023f.sql", "-- x\n--\n-- Revision ID: 1_2\n-- Revises: 1\n\n-- migrate:up\n"},
          {"R_1_1.sql", "-- 1\n--\n-- Revision ID: R_1\n-- Revises: 1_2\n\n-- migrate:up\n"},
          {"R_A_a.sql", "-- A\n--\n-- Revision ID: R_A\n-- Revises: R_1\n\n-- migrate:up\n"},
          {"R_a_a_33462a02.sql",
           "-- a\n--\n-- Revision ID: R_a\n-- Revises: R_A\n\n-- migrate:up\n"}},
         NULL,
         0,
         0},
        {"flyway", "sqlite", {{"V2__a.java", ""}}, {{0}}, "in Java", 0, 0},
        {"flyway", "sqlite", {{"Vx__a.sql", ""}}, {{0}}, "'x' is no version", 0, 0},
        {"flyway",
         "sqlite",
         {{"V1__a.sql", ""}, {"V1__a.sql.conf", "shouldExecute=false"}},
         {{0}},
         "'shouldExecute' cannot",
         1,
         0},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_diesel(void **state)
{
    static const struct import_case cases[] = {
        {"diesel",
         "sqlite",
         {{"2026-01-02-030405_add_users/down.sql", "DROP TABLE users;"},
          {"2026-01-02-030405_add_users/up.sql", "CREATE TABLE users (id);"},
          {"2026-01-03-000000_tidy/metadata.toml", "run_in_transaction = false\n"},
          {"2026-01-03-000000_tidy/up.sql", "VACUUM;"},
          {"diesel.toml", ""}},
         {{"20260102030405_add_users.sql",
           "-- add users\n--\n-- Revision ID: 20260102030405\n-- Revises:\n"
           "-- Create Date: 2026-01-02 03:04:05\n\n-- migrate:up\nCREATE TABLE users (id);\n\n"
           "-- migrate:down\nDROP TABLE users;\n"},
          {"20260103000000_tidy.sql",
           "-- tidy\n--\n-- Revision ID: 20260103000000\n-- Revises: 20260102030405\n"
           "-- Create Date: 2026-01-03 00:00:00\n\n-- migrate:up transaction:false\nVACUUM;\n"}},
         NULL,
         0,
         0},
        {"diesel", "sqlite", {{"1_a/down.sql", ""}}, {{0}}, "none up", 0, 0},
        {"diesel",
         "sqlite",
         {{"a.b-c_d/", ""},
          {"a.b-c_d/up.sql", "SELECT 1;"},
          {"a.b-c_d/x.sql", ""},
          {"a.b-c_d/e/", ""}},
         {{"a_bc_7e83a581_d.sql", "-- d\n--\n-- Revision ID: a_bc_7e83a581\n-- Revises:\n\n"
                                  "-- migrate:up\nSELECT 1;\n"}},
         NULL,
         0,
         2},
        {"diesel", "sqlite", {{"1_a/", ""}, {"1_a/UP.sql", ""}}, {{0}}, "no up.sql", 0, 0},
        {"diesel", "sqlite", {{"_a/up.sql", ""}}, {{0}}, "no version", 0, 0},
        {"diesel", "sqlite", {{"up.sql", ""}}, {{0}}, "nothing to import", 0, 0},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void reads_alembic_sql(void **state)
{
    static const struct import_case cases[] = {
        {"alembic-sql",
         NULL,
         {{"up.sql",
           "BEGIN;\n\nCREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);\n\n"
           "-- Running upgrade  -> aaaa\n\nCREATE TABLE a ();\n\n"
           "INSERT INTO alembic_version (version_num) VALUES ('aaaa');\n\n"
           "-- Running upgrade aaaa -> bbbb\n\nCOMMIT;\n\nVACUUM;\n\nBEGIN;\n\nSELECT 1;\n\n"
           "UPDATE alembic_version SET version_num='bbbb' WHERE alembic_version.version_num = 'aaaa';\n\n"
           "-- Running upgrade  -> cccc\n\n"
           "UPDATE alembic_version SET version_num='cccc' WHERE alembic_version.version_num = 'bbbb';\n\n"
           "-- Running upgrade bbbb, cccc -> dddd\n\n"
           "UPDATE alembic_version SET version_num='dddd' WHERE alembic_version.version_num = 'cccc';\n\n"
           "COMMIT;\n"},
          {"down.sql", "BEGIN;\n\n-- Running downgrade dddd -> bbbb, cccc\n\nSELECT 4;\n\n"
                       "INSERT INTO alembic_version (version_num) VALUES ('bbbb');\n\nCOMMIT;\n"},
          {"up.log",
           "INFO  [alembic.runtime.migration] Running upgrade  -> aaaa, first, of all\n"
           "INFO  [alembic.runtime.migration] Running upgrade bbbb, cccc -> dddd, merge\n"}},
         {{"aaaa_first_of_all.sql", "-- first, of all\n--\n-- Revision ID: aaaa\n-- Revises:\n\n"
                                    "-- migrate:up dialect:postgresql\nCREATE TABLE a ();\n"},
          {"bbbb.sql", "-- Revision ID: bbbb\n-- Revises: aaaa\n\n"
                       "-- migrate:up dialect:postgresql transaction:false\nVACUUM;\n\n"
                       "-- migrate:up dialect:postgresql\nSELECT 1;\n"},
          {"cccc.sql", "-- Revision ID: cccc\n-- Revises:\n-- Depends On: bbbb\n\n"
                       "-- migrate:up dialect:postgresql\n"},
          {"dddd_merge.sql", "-- merge\n--\n-- Revision ID: dddd\n-- Revises: bbbb, cccc\n\n"
                             "-- migrate:up dialect:postgresql\n\n"
                             "-- migrate:down dialect:postgresql\nSELECT 4;\n"}},
         NULL,
         0,
         0},
        {"alembic-sql",
         NULL,
         {{"up.sql", "-- Running upgrade  -> aaaa\n\nCREATE TABLE a (id);\n"}},
         {{"aaaa.sql", "-- Revision ID: aaaa\n-- Revises:\n\n-- migrate:up dialect:sqlite\n"
                       "CREATE TABLE a (id);\n"}},
         NULL,
         0,
         0},
        {"alembic-sql",
         NULL, /* the name is another's column, or schema */
         {{"up.sql", "-- Running upgrade  -> aaaa\n\nCREATE TABLE a (alembic_version TEXT);\n"
                     "UPDATE alembic_version.a SET b = 1;\n"
                     "DELETE FROM \"s\".\"alembic_version\";\n"
                     "INSERT INTO s . alembic_version (version_num) VALUES ('aaaa');\n"}},
         {{"aaaa.sql",
           "-- Revision ID: aaaa\n-- Revises:\n\n-- migrate:up dialect:sqlite\n"
           "CREATE TABLE a (alembic_version TEXT);\nUPDATE alembic_version.a SET b = 1;\n"}},
         NULL,
         0,
         0},
        {"alembic-sql",
         NULL,
         {{"up.sql", "\nCREATE TABLE a (id);\n"}},
         {{0}},
         "SQL before the first",
         1,
         0},
        {"alembic-sql",
         NULL,
         {{"a.sql", "-- Running upgrade  -> aaaa\n"}, {"b.sql", "\n-- Running upgrade  -> aaaa\n"}},
         {{0}},
         "'aaaa' has this section for sqlite already",
         2,
         0},
        {"alembic-sql",
         NULL,
         {{"a.sql", "-- Running upgrade  -> aaaa\n-- Running upgrade aaaa -> bbbb\n"},
          {"b.sql", "-- Running downgrade bbbb -> cccc\n"}},
         {{0}},
         "revises something else here than in 'a.sql', line 2",
         1,
         0},
        /* ids that ours cannot be, as parents and as dependencies too */
        {"alembic-sql",
         NULL,
         {{"a.sql",
           "-- Running upgrade  -> foo-1.2\n\nINSERT INTO alembic_version (version_num) VALUES "
           "('foo-1.2');\n\n-- Running upgrade  -> foo.1-2\n\n-- Running upgrade foo.1-2 -> "
           "head\n\n"
           "UPDATE alembic_version SET version_num='head' WHERE version_num = 'foo-1.2';\n\n"
           "-- Running upgrade head -> the 2nd  \n\n"},
          {"a.log", "INFO  [alembic.runtime.migration] Running upgrade foo.1-2 -> head, so\n"}},
         {{"foo_1_2_93001fea.sql", "-- Revision ID: foo_1_2_93001fea\n-- Revises:\n\n-- migrate:up "
                                   "dialect:sqlite\n"},
          {"foo_1_2_7df1f5c5.sql", "-- Revision ID: foo_1_2_7df1f5c5\n-- Revises:\n\n-- migrate:up "
                                   "dialect:sqlite\n"},
          {"head_9f2e6d33_so.sql", "-- so\n--\n-- Revision ID: head_9f2e6d33\n-- Revises: "
                                   "foo_1_2_7df1f5c5\n-- Depends On: foo_1_2_93001fea\n\n"
                                   "-- migrate:up dialect:sqlite\n"},
          {"the_2nd_45504f44.sql",
           "-- Revision ID: the_2nd_45504f44\n-- Revises: head_9f2e6d33\n\n-- migrate:up "
           "dialect:sqlite\n"}},
         NULL,
         0,
         0},
        {"alembic-sql",
         NULL,
         {{"a.sql", "-- Running upgrade  -> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"}},
         {{"aaaaaaaaaaaaaaaaaaaaaaa_852785c8.sql",
           "-- Revision ID: aaaaaaaaaaaaaaaaaaaaaaa_852785c8\n-- Revises:\n\n-- migrate:up "
           "dialect:sqlite\n"}},
         NULL,
         0,
         0},
        /* a log is a log, whatever else Python has to say in it; and it may stand in the script */
        {"alembic-sql",
         NULL,
         {{"up.log", "Loading .env;\n/x y/env.py:7: SAWarning: it's old\n  op.execute('SELECT 1')\n"
                     "INFO  [alembic.runtime.migration] Running upgrade  -> aaaa, first\n"
                     "WARNI [alembic.env] so;\n<string>:3: UserWarning: x\nprint: it's\n"},
          {"up.sql",
           "INFO  [sqlalchemy.engine.Engine] x\n-- Running upgrade  -> aaaa\n"
           "SELECT 1,\nWARNI [x] it's\na.py:1: UserWarning: it's\n  warnings.warn(\n    2;\n"
           "-- x: 1: a Warning: no\n"}},
         {{"aaaa_first.sql", "-- first\n--\n-- Revision ID: aaaa\n-- Revises:\n\n"
                             "-- migrate:up dialect:sqlite\nSELECT 1,\n              \n"
                             "                         \n                \n    2;\n"
                             "-- x: 1: a Warning: no\n"}},
         NULL,
         0,
         0},
        {"alembic-sql",
         NULL,
         {{"up.sql", "-- Running upgrade  -> aaaa\na.py:1: UserWarning: x\n  id int);\n"}},
         {{0}},
         "Python",
         3,
         0},
        {"alembic-sql",
         NULL,
         {{"up.log",
           "INFO  [alembic.runtime.migration] x\nERROR [alembic.util.messaging] no\n  FAILED: "
           "no\n"},
          {"up.sql", "-- Running upgrade  -> aaaa\nSELECT 1;\n"}},
         {{0}},
         "Alembic stopped here",
         2,
         0},
        {"alembic-sql",
         NULL,
         {{"up.sql", "-- Running upgrade  -> aaaa\n\nTraceback (most recent call last):\n"}},
         {{0}},
         "Alembic stopped here",
         3,
         0},
        {"alembic-sql",
         NULL,
         {{"up.log", "INFO  [alembic.x] y\n"}},
         {{0}},
         "nothing to import",
         0,
         0},
    };
    (void)state;
    check(cases, ARRAY_LEN(cases));
}

static void takes_a_merge_of_any_number(void **state)
{
    enum { PARENTS = 150 };
    struct arena arena;
    struct faults faults;
    struct import_result result;
    struct buf script, parents;
    (void)state;
    arena_init(&arena);
    faults_init(&faults);
    buf_init(&script, BUF_MAX_DEFAULT);
    buf_init(&parents, BUF_MAX_DEFAULT);
    for (int i = 0; i < PARENTS; i++) {
        buf_addf(&script, "-- Running upgrade  -> base_%03d\n", i);
        buf_addf(&parents, "%sbase_%03d", i ? ", " : "", i);
    }
    buf_addf(&script, "-- Running upgrade %s -> merge\n", parents.data);
    struct import_case one = {"alembic-sql", NULL, {{"up.sql", script.data}}, {{0}}, NULL, 0, 0};
    struct import_request request = request_of(&arena, &one);
    assert_true(import_files(&arena, &request, &result, &faults));
    assert_int_equal(result.file_count, PARENTS + 1);
    assert_non_null(strstr(result.files[PARENTS].bytes,
                           arena_printf(&arena, "-- Revises: %s\n", parents.data)));
    buf_done(&parents);
    buf_done(&script);
    faults_done(&faults);
    arena_done(&arena);
}

/* ---- what they share ----------------------------------------------------------------------- */

static void compares_versions_of_any_length(void **state)
{
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        {"2", "10", -1},
        {"1", "1.0", 0},
        {"001", "1_0_0", 0},
        {"1.2", "1.10", -1},
        {"1.2", "1.2.1", -1},
        {"20261123101500", "3", 1},
        {"99999999999999999999999998", "99999999999999999999999999", -1},
        {"", "1", -1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int order = import_compare_versions(cases[i].a, cases[i].b);
        assert_int_equal((order > 0) - (order < 0), cases[i].order);
        order = import_compare_versions(cases[i].b, cases[i].a);
        assert_int_equal((order > 0) - (order < 0), -cases[i].order);
    }
}

static void equal_versions_share_one_form(void **state)
{
    static const char *const cases[][2] = {
        {"1", "1"},   {"1.0.0", "1"}, {"001_00_2", "1_0_2"}, {"0", "0"},
        {"000", "0"}, {"0.5", "0_5"}, {"1.", "1"},           {"", NULL},
        {"a", NULL},  {".1", NULL},   {"1-2", NULL},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *form = import_canonical_version(&arena, cases[i][0], strlen(cases[i][0]));
        if (cases[i][1])
            assert_string_equal(form, cases[i][1]);
        else
            assert_null(form);
    }
    arena_done(&arena);
}

/* Which id stands for which version is fixed for good: version tables and files hold both. */
static void gives_every_version_an_id_of_its_own(void **state)
{
    static const char *const cases[][2] = {
        {"83241ca0f125", "83241ca0f125"},
        {"", ""},
        {"foo-1.2", "foo_1_2_%s"},
        {"foo.1-2", "foo_1_2_%s"},
        {"heads", "heads_%s"},
        {"ä", "___%s"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char hex[HASH_HEX_SIZE];
        hash_hex(cases[i][0], strlen(cases[i][0]), hex);
        hex[8] = '\0';
        const char *percent = strstr(cases[i][1], "%s");
        const char *wanted = !percent ? cases[i][1]
                                      : arena_printf(&arena, "%.*s%s", (int)(percent - cases[i][1]),
                                                     cases[i][1], hex);
        assert_string_equal(import_id(&arena, cases[i][0]), wanted);
    }
    const char *id = import_id(&arena, "0123456789012345678901234567890123456789"); /* 40 of them */
    assert_int_equal(strlen(id), 32);
    assert_string_equal(import_id(&arena, id), id);
    arena_done(&arena);
}

static void leaves_what_is_there_and_refuses_what_differs(void **state)
{
    static const struct import_case one = {
        .tool = "golang-migrate",
        .dialect = "sqlite",
        .files = {{"1_a.up.sql", "SELECT 1;"}, {"2_b.up.sql", "SELECT 2;"}}};
    struct chain_file present = {.name = "1_a.sql"};
    struct arena arena;
    struct faults faults;
    struct import_result result;
    (void)state;
    arena_init(&arena);
    faults_init(&faults);
    struct import_request request = request_of(&arena, &one);
    present.bytes = "-- a\n--\n-- Revision ID: 1\n-- Revises:\n\n-- migrate:up\nSELECT 1;\n";
    present.len = strlen(present.bytes);
    request.present = &present;
    request.present_count = 1;
    assert_true(import_files(&arena, &request, &result, &faults));
    assert_int_equal(result.file_count, 1);
    assert_int_equal(result.unchanged, 1);
    assert_string_equal(result.files[0].name, "2_b.sql");
    present.len--;
    assert_false(import_files(&arena, &request, &result, &faults));
    assert_non_null(strstr(faults.items[0].text, "nothing is replaced"));
    faults_done(&faults);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_dbmate),
    cmocka_unit_test(reads_golang_migrate),
    cmocka_unit_test(keeps_enum_values_usable),
    cmocka_unit_test(reads_goose),
    cmocka_unit_test(reads_flyway),
    cmocka_unit_test(reads_diesel),
    cmocka_unit_test(reads_alembic_sql),
    cmocka_unit_test(takes_a_merge_of_any_number),
    cmocka_unit_test(compares_versions_of_any_length),
    cmocka_unit_test(equal_versions_share_one_form),
    cmocka_unit_test(gives_every_version_an_id_of_its_own),
    cmocka_unit_test(leaves_what_is_there_and_refuses_what_differs),
};

UNIT_MAIN(tests)
