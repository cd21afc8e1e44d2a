#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "chain/revision.h"

#define HEADER "-- Added table\n--\n-- Revision ID: 83241ca0f125\n-- Revises: 1975ea83b712\n\n"

struct stage {
    struct arena arena;
    struct faults faults;
};

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    arena_init(&stage->arena);
    faults_init(&stage->faults);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    faults_done(&stage->faults);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

static const struct revision *parse(struct stage *stage, const char *text)
{
    const struct revision *revision =
        revision_parse(&stage->arena, "versions/x.sql", text, strlen(text), &stage->faults);
    if (!revision)
        fail_msg("%s\n%s", text, stage->faults.items[0].text);
    assert_int_equal(stage->faults.total, 0);
    return revision;
}

static void expect_list(const char *const *items, size_t count, const char *wanted)
{
    char text[256] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", items[i]);
    assert_string_equal(text, wanted);
}

static void reads_a_whole_header(void **state)
{
    const struct revision *revision = parse(
        *state, "-- Added table: exams\n--\n-- Revision ID: 83241ca0f125\n"
                "-- Revises: 1975ea83b712, 27c6a30d7c24\n-- Branch Labels: billing,b.2\n"
                "-- Depends On: 27c6 , other_branch\n-- Create Date: 2026-11-23 10:00:00+00:00\n\n"
                "-- migrate:up\nSELECT 1;\n");
    assert_string_equal(revision->message, "Added table: exams");
    assert_string_equal(revision->id, "83241ca0f125");
    assert_int_equal(revision->id_line, 3);
    expect_list(revision->down_ids, revision->down_count, "1975ea83b712 27c6a30d7c24");
    expect_list(revision->labels, revision->label_count, "billing b.2");
    expect_list(revision->depend_ids, revision->depend_count, "27c6 other_branch");
    assert_string_equal(revision->create_date, "2026-11-23 10:00:00+00:00");
    assert_string_equal(revision->path, "versions/x.sql");
}

static void takes_headers_in_any_dress(void **state)
{
    static const struct {
        const char *header, *id, *revises, *message;
    } cases[] = {
        {"-- Revision ID: a\n", "a", "", ""},
        {"-- Revision ID: a\n-- Revises:\n", "a", "", ""},
        {"--Revision ID:a\n--Revises:b\n", "a", "b", ""},
        {"--\tRevision ID :  a  \n-- Revises: b,c ,\td\n", "a", "b c d", ""},
        {"-- Revision ID: a\n-- what it does\n-- and more\n", "a", "", "what it does"},
        {"--\n--   \n\n-- m\n\n-- Revision ID: a\n", "a", "", "m"},
        {"-- Note: not a key\n-- Revision ID: a\n", "a", "", "Note: not a key"},
        {"-- Revision ID: ABCxyz_0123456789abcdef012345678\n", "ABCxyz_0123456789abcdef012345678",
         "", ""},
        {"-- Revision ID: a\r\n-- Revises: b\r\n-- m\r\n", "a", "b", "m"},
        {"-- Ticket: 7\n-- Reviewed-by: b\n-- Revision ID: a\n", "a", "", "Ticket: 7"},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct revision *revision =
            parse(stage, arena_printf(&stage->arena, "%s-- migrate:up\n", cases[i].header));
        assert_string_equal(revision->id, cases[i].id);
        expect_list(revision->down_ids, revision->down_count, cases[i].revises);
        assert_string_equal(revision->message, cases[i].message);
    }
}

static void a_checkpoint_has_the_id_of_its_revision_and_a_checksum_of_its_own(void **state)
{
    static const char text[] = "-- All that leads to 83241ca0f125\n--\n"
                               "-- Checkpoint: 83241ca0f125\n-- Create Date: 2026-11-29\n\n"
                               "-- migrate:up dialect:sqlite\nA;\n"
                               "-- migrate:up dialect:mysql transaction:false\nB;\n";
    struct stage *stage = *state;
    const struct revision *checkpoint = parse(stage, text);
    char digits[HASH_HEX_SIZE];
    hash_hex(text, sizeof text - 1, digits);
    assert_true(checkpoint->is_checkpoint);
    assert_string_equal(checkpoint->id, "83241ca0f125");
    assert_int_equal(checkpoint->id_line, 3);
    assert_string_equal(checkpoint->message, "All that leads to 83241ca0f125");
    assert_string_equal(checkpoint->create_date, "2026-11-29");
    assert_int_equal(checkpoint->down_count + checkpoint->depend_count + checkpoint->label_count,
                     0);
    assert_int_equal(checkpoint->section_count, 2);
    assert_false(revision_has_direction(checkpoint, DIRECTION_DOWN));
    assert_int_equal(strncmp(checkpoint->checksum, CHECKPOINT_MARK, strlen(CHECKPOINT_MARK)), 0);
    assert_int_equal(strlen(checkpoint->checksum), HASH_HEX_SIZE - 1);
    assert_memory_equal(checkpoint->checksum + strlen(CHECKPOINT_MARK), digits,
                        HASH_HEX_SIZE - 1 - strlen(CHECKPOINT_MARK));
    assert_string_equal(checkpoint->checksum_lf, checkpoint->checksum);
    assert_false(parse(stage, "-- Revision ID: a\n-- Revises:\n-- migrate:up\n")->is_checkpoint);
    assert_true(parse(stage, "--Checkpoint :\ta\r\n-- migrate:up\r\n")->is_checkpoint);
    assert_true(
        parse(stage, "-- Checkpoint: a\n-- Reviewed-by: b\n-- migrate:up\n")->is_checkpoint);
    assert_false(parse(stage, "-- Checkpoint of last year\n-- Revision ID: a\n-- migrate:up\n")
                     ->is_checkpoint); /* a sentence */
}

static void keeps_the_bytes_of_its_sections(void **state)
{
    static const struct {
        const char *text;
        struct {
            enum direction direction;
            bool is_general, is_transactional;
            const char *sql;
            int line;
        } sections[4];
        size_t count;
    } cases[] = {
        {HEADER "-- migrate:up\nA;\n-- migrate:down\nB;\n",
         {{DIRECTION_UP, true, true, "A;\n", 7}, {DIRECTION_DOWN, true, true, "B;\n", 9}},
         2},
        {HEADER "-- migrate:up", {{DIRECTION_UP, true, true, "", 7}}, 1},
        {HEADER "-- migrate:up\nA; -- no newline at the end", /* of the file */
         {{DIRECTION_UP, true, true, "A; -- no newline at the end", 7}},
         1},
        {HEADER "-- migrate:up\r\nA;\r\n\r\n-- migrate:down\r\n",
         {{DIRECTION_UP, true, true, "A;\r\n\r\n", 7}, {DIRECTION_DOWN, true, true, "", 10}},
         2},
        {HEADER "--migrate:up\nA;\n--  \tmigrate:down\nB;\n", /* as dbmate takes them */
         {{DIRECTION_UP, true, true, "A;\n", 7}, {DIRECTION_DOWN, true, true, "B;\n", 9}},
         2},
        {HEADER "-- migrate:up dialect:postgresql transaction:false\nA;\n"
                "-- migrate:up  transaction:true   dialect:sqlite \nB;\n"
                "-- migrate:up dialect:postgres\n\n-- migrate:up\n -- migrate:down\n",
         {{DIRECTION_UP, false, false, "A;\n", 7},
          {DIRECTION_UP, false, true, "B;\n", 9},
          {DIRECTION_UP, false, true, "\n", 11},
          {DIRECTION_UP, true, true, " -- migrate:down\n", 13}}, /* indented: no marker */
         4},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct revision *revision = parse(*state, cases[i].text);
        assert_int_equal(revision->section_count, cases[i].count);
        for (size_t s = 0; s < cases[i].count; s++) {
            const struct section *section = &revision->sections[s];
            assert_int_equal(section->direction, cases[i].sections[s].direction);
            assert_int_equal(section->is_general, cases[i].sections[s].is_general);
            assert_int_equal(section->is_transactional, cases[i].sections[s].is_transactional);
            assert_string_equal(section->sql, cases[i].sections[s].sql);
            assert_int_equal(section->sql_len, strlen(cases[i].sections[s].sql));
            assert_int_equal(section->line, cases[i].sections[s].line);
        }
    }
}

static void chooses_sections_by_dialect(void **state)
{
    static const char text[] =
        HEADER "-- migrate:up\n1\n-- migrate:up dialect:postgresql\n2\n"
               "-- migrate:up dialect:mysql\n6\n-- migrate:down dialect:mysql\n7\n"
               "-- migrate:down dialect:mariadb\n8\n"
               "-- migrate:down dialect:sqlite\n3\n"
               "-- migrate:up dialect:postgresql\n4\n-- migrate:up\n5\n";
    static const struct {
        enum direction direction;
        enum dialect_id dialect;
        const char *sections;
    } cases[] = {
        {DIRECTION_UP, DIALECT_SQLITE, "15"},  {DIRECTION_UP, DIALECT_POSTGRESQL, "24"},
        {DIRECTION_DOWN, DIALECT_SQLITE, "3"}, {DIRECTION_DOWN, DIALECT_POSTGRESQL, ""},
        {DIRECTION_UP, DIALECT_MYSQL, "6"},    {DIRECTION_UP, DIALECT_MARIADB, "6"},
        {DIRECTION_DOWN, DIALECT_MYSQL, "7"},  {DIRECTION_DOWN, DIALECT_MARIADB, "8"},
    };
    const struct revision *revision = parse(*state, text);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct section *sections[4];
        char found[8] = "";
        size_t count = revision_sections(revision, cases[i].direction, cases[i].dialect, sections,
                                         ARRAY_LEN(sections));
        for (size_t s = 0; s < count; s++)
            found[s] = sections[s]->sql[0];
        assert_string_equal(found, cases[i].sections);
    }
    const struct section *one[1];
    assert_int_equal(revision_sections(revision, DIRECTION_UP, DIALECT_SQLITE, one, 1), 2);
    assert_int_equal(*one[0]->sql, '1');
}

static void tells_irreversible_from_a_step_back_that_does_nothing(void **state)
{
    assert_false(
        revision_has_direction(parse(*state, HEADER "-- migrate:up\nA;\n"), DIRECTION_DOWN));
    assert_true(revision_has_direction(parse(*state, HEADER "-- migrate:up\nA;\n-- migrate:down\n"),
                                       DIRECTION_DOWN));
}

static void names_the_line_of_a_fault(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *says;
    } cases[] = {
        {"", 1, "no 'Revision ID:'"},
        {"-- migrate:up\n", 1, "no 'Revision ID:'"},
        {HEADER, 1, "no '-- migrate:up' section"},
        {HEADER "-- migrate:down\n", 1, "no '-- migrate:up' section"},
        {"-- Revision ID:\n-- migrate:up\n", 1, "'' is no revision id"},
        {"-- m\n-- Revision ID: a b\n-- migrate:up\n", 2, "'a b' is no revision id"},
        {"-- m\n-- Revision ID: 0123456789abcdef0123456789abcdef0\n-- migrate:up\n", 2,
         "is no revision id"},
        {"-- Revision ID: a'; --\n-- migrate:up\n", 1, "is no revision id"},
        {"-- Revision ID: \xc3\xa4\n-- migrate:up\n", 1, "is no revision id"},
        {"-- Revision ID: a\n-- Revision ID: b\n-- migrate:up\n", 2, "stands twice"},
        {"-- Revision ID: a\n-- Revises: b\n-- Revises: c\n-- migrate:up\n", 3, "stands twice"},
        {"-- Revision ID: a\n-- Revises: b, c, b\n-- migrate:up\n", 2, "Revises: 'b' stands twice"},
        {"-- Revision ID: a\n-- Revises: b,,c\n-- migrate:up\n", 2, "'' is no revision id"},
        {"-- Revision ID: a\n-- Revises: b c\n-- migrate:up\n", 2, "'b c' is no revision id"},
        {"-- Revision ID: a\n-- Revises: (b)\n-- migrate:up\n", 2, "is no revision id"},
        {"-- Revision ID: a\n-- Depends On: x@head\n-- migrate:up\n", 2, "is no id or label"},
        {"-- Revision ID: a\n-- Branch Labels: a+b\n-- migrate:up\n", 2, "is no id or label"},
        {"-- Revision ID: head\n-- migrate:up\n", 1, "Revision ID: 'head' cannot be a name"},
        {"-- Revision ID: heads\n-- migrate:up\n", 1, "'heads' cannot be a name"},
        {"-- Revision ID: base\n-- migrate:up\n", 1, "'base' cannot be a name"},
        {"-- Revision ID: current\n-- migrate:up\n", 1, "'current' cannot be a name"},
        {"-- Revision ID: a\n-- Revises: base\n-- migrate:up\n", 2, "'base' cannot be a name"},
        {"-- Revision ID: a\n-- Depends On: head\n-- migrate:up\n", 2, "'head' cannot be a name"},
        {"-- Revision ID: a\n-- Branch Labels: x, current\n-- migrate:up\n", 2,
         "Branch Labels: 'current' cannot be a name"},
        {"-- Revision ID: a\nSELECT 1;\n-- migrate:up\n", 2, "SQL before"},
        {HEADER "-- migrate:sideways\n", 6, "neither"},
        {HEADER "-- migrate:\n", 6, "neither"},
        {HEADER "-- migrate:UP\n", 6, "neither"},
        {HEADER "-- migrate:up\n-- migrate:up dialect:oracle\n", 7, "no option"},
        {HEADER "-- migrate:up transaction:maybe\n", 6, "no option"},
        {HEADER "-- migrate:up transaction\n", 6, "no option"},
        {HEADER "-- migrate:up dialect:\n", 6, "no option"},
        {HEADER "-- migrate:up x:y\n", 6, "no option"},
        {HEADER "-- migrate:up dialect:sqlite dialect:postgresql\n", 6, "'dialect:' stands twice"},
        {HEADER "-- migrate:up transaction:true transaction:false\n", 6,
         "'transaction:' stands twice"},
        {HEADER "-- migrate:up repeat:forever\n", 6, "should be 'until-no-rows'"},
        {HEADER "-- migrate:up repeat\n", 6, "no option"},
        {HEADER "-- migrate:up repeat:until-no-rows pause:soon\n", 6, "should be a duration"},
        {HEADER "-- migrate:up repeat:until-no-rows max_batches:-1\n", 6, "should be a number"},
        {HEADER "-- migrate:up repeat:until-no-rows pause:1s pause:2s\n", 6,
         "'pause:' stands twice"},
        {HEADER "-- migrate:up pause:50ms\n", 6, "stands without 'repeat:until-no-rows'"},
        {HEADER "-- migrate:up repeat:until-no-rows transaction:true\n", 6,
         "cannot stand together"},
        {HEADER "-- migrate:up transaction:false repeat:until-no-rows\n", 6,
         "cannot stand together"},
        {HEADER "-- Migrate:up repeat:until-no-rows max_lag:5s\n", 6,
         "did you mean '-- migrate:up'"},
        {"-- Checkpoint:\n-- migrate:up\n", 1, "Checkpoint: '' is no revision id"},
        {"-- m\n-- Checkpoint: a, b\n-- migrate:up\n", 2, "Checkpoint: 'a, b' is no revision id"},
        {"-- Checkpoint: head\n-- migrate:up\n", 1, "Checkpoint: 'head' cannot be a name"},
        {"-- Checkpoint: a\n-- Checkpoint: a\n-- migrate:up\n", 2, "stands twice"},
        {"-- Checkpoint: a\n-- Revision ID: a\n-- migrate:up\n", 2,
         "a checkpoint has no 'Revision ID:' of its own"},
        {"-- Revision ID: a\n-- Checkpoint: a\n-- migrate:up\n", 2,
         "a checkpoint has no 'Revision ID:' of its own"},
        {"-- checkpoint: a\n-- migrate:up\n", 1, "did you mean 'Checkpoint:'"},
        {"-- Checkpiont: a\n-- migrate:up\n", 1, "did you mean 'Checkpoint:'"},
        {"-- Checkpoint: a\n-- Revises: b\n-- migrate:up\n", 1, "no place of its own"},
        {"-- Checkpoint: a\n-- Depends On: b\n-- migrate:up\n", 1, "no place of its own"},
        {"-- Checkpoint: a\n-- Branch Labels: b\n-- migrate:up\n", 1, "no place of its own"},
        {"-- Checkpoint: a\n-- migrate:up\n-- migrate:down\n", 1, "no '-- migrate:down' section"},
        {"-- Checkpoint: a\n", 1, "no '-- migrate:up' section"},
        {"\xef\xbb\xbf" HEADER "-- migrate:up\n", 1, "byte order mark"},
        {HEADER "-- migrate:up\nSELECT '\xff';\n", 7, "not UTF-8"},
        {HEADER "-- migrate:up\nSELECT '\xed\xa0\x80';\n", 7, "not UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct faults faults;
        arena_init(&arena);
        faults_init(&faults);
        if (revision_parse(&arena, "x.sql", cases[i].text, strlen(cases[i].text), &faults))
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(faults.items[0].kind, ERR_CHAIN);
        assert_string_equal(faults.items[0].file, "x.sql");
        if (!strstr(faults.items[0].text, cases[i].says) || faults.items[0].line != cases[i].line)
            fail_msg("%s\nline %d: %s", cases[i].text, faults.items[0].line, faults.items[0].text);
        faults_done(&faults);
        arena_done(&arena);
    }
}

/* A key that is ours but for a letter would be a comment in silence: a second base, a lost dependency. */
static void refuses_a_mistyped_key_of_the_header(void **state)
{
    static const struct {
        const char *line, *meant;
    } cases[] = {
        {"Revise: b", "Revises:"},
        {"Depends-On: b", "Depends On:"},
        {"depends_on: b", "Depends On:"},
        {"Dependson: b", "Depends On:"},
        {"revision id: b", "Revision ID:"},
        {"RevisionID: b", "Revision ID:"},
        {"Branch Label: b", "Branch Labels:"},
        {"Create-Date: 2026-01-01", "Create Date:"},
        {"Down Revision: b", "Revises:"},
        {"down_revision: b", "Revises:"},
        {"Depends: b", "Depends On:"},
        {"Revises b", "Revises:"},
        {"Revises = b, c", "Revises:"},
        {"depends on b", "Depends On:"},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *text = arena_printf(&stage->arena,
                                        "-- m\n-- Revision ID: a\n-- %s\n"
                                        "-- migrate:up\n",
                                        cases[i].line);
        size_t before = stage->faults.count;
        assert_null(revision_parse(&stage->arena, "r.sql", text, strlen(text), &stage->faults));
        assert_int_equal(stage->faults.count, before + 1);
        assert_non_null(strstr(stage->faults.items[before].text, cases[i].meant));
        assert_int_equal(stage->faults.items[before].line, 3);
    }
}

/* Taken for a comment, it would have the down section's statements run on the way up. */
static void refuses_a_mistyped_marker(void **state)
{
    static const struct {
        const char *line;
        bool is_fault;
    } cases[] = {
        {"-- Migrate:down", true},
        {"-- MIGRATE:DOWN", true},
        {"-- migrat:down", true},
        {"-- mirgate: up", true},
        {"-- migrate down", true},
        {"-- migrate :donw transaction:false", true},
        {"--migrate-down dialect=mysql", true},
        {"-- migration:up", true},
        {"/* migrate:down */", true},
        {"-- +goose Down", true},
        {"-- +migrate Down", true},
        {"-- +goose StatementBegin", false},
        {"-- goose Down", false},
        {"  -- Migrate:down", false}, /* indented: a comment */
        {"-- Migrate down the list", false},
        {"-- Migrate up: adds a table", false},
        {"-- down", false},
        {"-- immigrate:down", false},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *text = arena_printf(
            &stage->arena, "%s-- migrate:up\nCREATE TABLE t (n int);\n%s\nDROP TABLE t;\n", HEADER,
            cases[i].line);
        size_t before = stage->faults.count;
        bool is_good = revision_parse(&stage->arena, "r.sql", text, strlen(text), &stage->faults);
        if (stage->faults.count - before != cases[i].is_fault || is_good == cases[i].is_fault)
            fail_msg("%s", cases[i].line);
    }
}

static void refuses_nul_bytes(void **state)
{
    static const char text[] = HEADER "-- migrate:up\nSELECT\n 1;\0\nDROP TABLE t;\n";
    struct stage *stage = *state;
    assert_null(revision_parse(&stage->arena, "x.sql", text, sizeof text - 1, &stage->faults));
    assert_int_equal(stage->faults.total, 1);
    assert_int_equal(stage->faults.items[0].line, 8);
    assert_non_null(strstr(stage->faults.items[0].text, "NUL"));
}

static void lists_all_faults_of_a_file(void **state)
{
    static const char text[] = "-- Revision ID: a b\n-- Revises: ?,!\n-- migrate:up x:y z\n";
    struct stage *stage = *state;
    assert_null(revision_parse(&stage->arena, "x.sql", text, sizeof text - 1, &stage->faults));
    assert_int_equal(stage->faults.total, 5);
}

static void refuses_too_many_sections(void **state)
{
    struct stage *stage = *state;
    char text[64 + 300 * 16] = HEADER;
    for (int i = 0; i < 257; i++)
        memcpy(text + strlen(text), "-- migrate:up\n", sizeof "-- migrate:up\n");
    assert_null(revision_parse(&stage->arena, "x.sql", text, strlen(text), &stage->faults));
    assert_non_null(strstr(stage->faults.items[0].text, "more than 256 sections"));
}

/* The hash is of the bytes; a second one tells an edit from a checkout with other line endings. */
static void hashes_its_bytes(void **state)
{
    const struct revision *lf = parse(*state, HEADER "-- migrate:up\nA;\n");
    const struct revision *crlf = parse(*state, HEADER "-- migrate:up\r\nA;\r\n");
    const struct revision *other = parse(*state, HEADER "-- migrate:up\nB;\n");
    const struct revision *cr = parse(*state, HEADER "-- migrate:up\nA;\n\r");
    assert_string_equal(lf->checksum, lf->checksum_lf);
    assert_string_not_equal(crlf->checksum, lf->checksum);
    assert_string_equal(crlf->checksum_lf, lf->checksum_lf);
    assert_string_not_equal(other->checksum_lf, lf->checksum_lf);
    assert_string_not_equal(cr->checksum_lf, lf->checksum_lf);
    assert_string_equal(cr->checksum_lf, cr->checksum);
}

static const struct CMUnitTest tests[] = {
    CASE(reads_a_whole_header),
    CASE(takes_headers_in_any_dress),
    CASE(a_checkpoint_has_the_id_of_its_revision_and_a_checksum_of_its_own),
    CASE(keeps_the_bytes_of_its_sections),
    CASE(chooses_sections_by_dialect),
    CASE(tells_irreversible_from_a_step_back_that_does_nothing),
    CASE(names_the_line_of_a_fault),
    CASE(refuses_a_mistyped_key_of_the_header),
    CASE(refuses_a_mistyped_marker),
    CASE(refuses_nul_bytes),
    CASE(lists_all_faults_of_a_file),
    CASE(refuses_too_many_sections),
    CASE(hashes_its_bytes),
};

UNIT_MAIN(tests)
