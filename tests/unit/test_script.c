#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "dialect/dialects.h"
#include "dialect/scripts.h"

enum { PIECES_MAX = 6 };

struct stage {
    struct arena arena;
    struct faults faults;
    struct chain *chain;
    struct scripts *scripts;
};

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    arena_init(&stage->arena);
    faults_init(&stage->faults);
    *state = stage;
    return 0;
}

static void forget_chain(struct stage *stage)
{
    scripts_free(stage->scripts);
    chain_free(stage->chain);
    stage->scripts = NULL;
    stage->chain = NULL;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    forget_chain(stage);
    faults_done(&stage->faults);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

/* A chain of one revision: its sections begin in line 3. */
static const struct revision *use(struct stage *stage, const char *sections)
{
    const char *bytes = arena_printf(&stage->arena, "-- Revision ID: aaaa\n\n%s", sections);
    struct chain_file file = {"a.sql", bytes, strlen(bytes)};
    forget_chain(stage);
    stage->chain = chain_build("versions", &file, 1, &stage->faults);
    if (!stage->chain)
        fail_msg("%s\n%s", sections, stage->faults.items[0].text);
    stage->scripts = scripts_new(stage->chain);
    return stage->chain->revisions[0];
}

static const struct script *make(struct stage *stage, const char *sections,
                                 const struct dialect *dialect, enum direction direction)
{
    struct err err;
    const struct revision *revision = use(stage, sections);
    const struct script *script = scripts_get(stage->scripts, dialect, revision, direction, &err);
    if (!script)
        fail_msg("%s\n%s", sections, err.text);
    return script;
}

static void makes_pieces(void **state)
{
    static const struct {
        const char *sections;
        enum direction direction;
        struct {
            const char *sql;
            int line;
            size_t statements, first;
            bool is_transactional;
        } pieces[PIECES_MAX];
        size_t count, statements;
        bool is_checkpointed;
    } cases[] = {
        {"-- migrate:up\nSELECT 1;\nSELECT 2;\n",
         DIRECTION_UP,
         {{"SELECT 1;\nSELECT 2;\n", 4, 2, 0, true}},
         1,
         2,
         false},
        {"-- migrate:up\n\n-- nothing but this\n",
         DIRECTION_UP,
         {{NULL, 0, 0, 0, false}},
         0,
         0,
         false},
        {"-- migrate:up transaction:false\nSELECT 1; -- one\n\nSELECT\n2;\n",
         DIRECTION_UP,
         {{"SELECT 1", 4, 1, 0, false}, {"SELECT\n2", 6, 1, 1, false}},
         2,
         2,
         true},
        {"-- migrate:up\nSELECT 1;\n-- migrate:up transaction:false\nSELECT 2;\n"
         "-- migrate:up\nSELECT 3; SELECT 4;\n",
         DIRECTION_UP,
         {{"SELECT 1;\n", 4, 1, 0, true},
          {"SELECT 2", 6, 1, 1, false},
          {"SELECT 3; SELECT 4;\n", 8, 2, 2, true}},
         3,
         4,
         true},
        {"-- migrate:up\nA\n-- migrate:down\nSELECT 1;\n",
         DIRECTION_DOWN,
         {{"SELECT 1;\n", 6, 1, 0, true}},
         1,
         1,
         false},
        {"-- migrate:up transaction:false\n", DIRECTION_UP, {{NULL, 0, 0, 0, false}}, 0, 0, false},
        {"-- migrate:up transaction:false\n-- verify: SELECT 1\n",
         DIRECTION_UP,
         {{"-- verify: SELECT 1\n", 4, 0, 0, true}},
         1,
         0,
         false},
    };
    static const struct dialect *const dialects[] = {&dialect_sqlite, &dialect_postgres};
    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(dialects); i++) {
        size_t at = i / ARRAY_LEN(dialects);
        const struct script *script = make(*state, cases[at].sections,
                                           dialects[i % ARRAY_LEN(dialects)], cases[at].direction);
        assert_int_equal(script->piece_count, cases[at].count);
        assert_int_equal(script->statement_count, cases[at].statements);
        assert_int_equal(script->is_checkpointed, cases[at].is_checkpointed);
        for (size_t p = 0; p < script->piece_count; p++) {
            const struct piece *piece = &script->pieces[p];
            size_t len = strlen(cases[at].pieces[p].sql);
            assert_memory_equal(piece->sql, cases[at].pieces[p].sql, len);
            if (piece->is_transactional)
                assert_int_equal(piece->sql_len, len);
            assert_int_equal(strlen(piece->sql), piece->sql_len);
            assert_int_equal(piece->line, cases[at].pieces[p].line);
            assert_int_equal(piece->statement_count, cases[at].pieces[p].statements);
            assert_int_equal(piece->first_statement, cases[at].pieces[p].first);
            assert_int_equal(piece->is_transactional, cases[at].pieces[p].is_transactional);
        }
    }
}

static void takes_the_sections_of_the_dialect(void **state)
{
    static const char sections[] = "-- migrate:up\nSELECT 'general';\n"
                                   "-- migrate:up dialect:postgresql\nSELECT 'own';\n";
    assert_string_equal(make(*state, sections, &dialect_sqlite, DIRECTION_UP)->pieces[0].sql,
                        "SELECT 'general';\n");
    assert_string_equal(make(*state, sections, &dialect_postgres, DIRECTION_UP)->pieces[0].sql,
                        "SELECT 'own';\n");
}

/* A dialect whose DDL commits by itself has no transactional sections, whatever the file says. */
static void runs_one_by_one_where_ddl_commits_by_itself(void **state)
{
    struct dialect dialect = dialect_sqlite;
    dialect.traits &= ~(unsigned)DIALECT_DDL_IN_TRANSACTION;
    const struct script *script =
        make(*state, "-- migrate:up\nSELECT 1;\nSELECT 2;\n", &dialect, DIRECTION_UP);
    assert_int_equal(script->piece_count, 2);
    assert_true(script->is_checkpointed);
    assert_false(script->pieces[0].is_transactional);
}

static void makes_a_script_once(void **state)
{
    struct stage *stage = *state;
    struct err err;
    const struct script *first =
        make(stage, "-- migrate:up\nSELECT 1;\n-- migrate:down\n", &dialect_sqlite, DIRECTION_UP);
    const struct revision *revision = stage->chain->revisions[0];
    assert_ptr_equal(scripts_get(stage->scripts, &dialect_sqlite, revision, DIRECTION_UP, &err),
                     first);
    assert_ptr_not_equal(
        scripts_get(stage->scripts, &dialect_sqlite, revision, DIRECTION_DOWN, &err), first);
    assert_ptr_not_equal(
        scripts_get(stage->scripts, &dialect_postgres, revision, DIRECTION_UP, &err), first);
}

static void refuses_statements_that_take_the_transaction_away(void **state)
{
    static const struct {
        const char *statement;
        bool is_good;
    } cases[] = {
        {"BEGIN", false},
        {"begin transaction isolation level serializable", false},
        {"BEGIN IMMEDIATE", false},
        {"Start Transaction", false},
        {"COMMIT", false},
        {"COMMIT AND CHAIN", false},
        {"COMMIT PREPARED 'x'", false},
        {"END", false},
        {"END TRANSACTION", false},
        {"ABORT", false},
        {"ROLLBACK", false},
        {"ROLLBACK;", false},
        {"rollback work", false},
        {"ROLLBACK TRANSACTION", false},
        {"ROLLBACK AND CHAIN", false},
        {"ROLLBACK PREPARED 'x'", false},
        {"PREPARE TRANSACTION 'x'", false},
        {"PREPARE /* now */ TRANSACTION 'x'", false},
        {"PREPARE -- now\nTRANSACTION 'x'", false},
        {"\n\t COMMIT", false},
        {"/* a */ -- b\n COMMIT", false},
        {"COMMIT/* now */", false},
        {"ROLLBACK/* all */ WORK", false},
        {"ROLLBACK TO sp", true},
        {"ROLLBACK TRANSACTION TO SAVEPOINT sp", true},
        {"ROLLBACK WORK TO sp", true},
        {"ROLLBACK /* only */ TO sp", true},
        {"SAVEPOINT sp", true},
        {"RELEASE sp", true},
        {"PREPARE p AS SELECT 1", true},
        {"SELECT 1 AS commit", true},
        {"SELECT 'COMMIT; BEGIN'", true},
        {"COMMENT ON TABLE t IS 'x'", true},
        {"-- COMMIT;\nSELECT 1", true},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;
        const struct revision *revision =
            use(stage,
                arena_printf(&stage->arena, "-- migrate:up\nSELECT 1;\n%s;\n", cases[i].statement));
        const struct script *script =
            scripts_get(stage->scripts, &dialect_postgres, revision, DIRECTION_UP, &err);
        if (!script == cases[i].is_good)
            fail_msg("%s: %s", cases[i].statement, script ? "accepted" : err.text);
        if (script)
            continue;
        assert_int_equal(err.kind, ERR_CHAIN);
        assert_string_equal(err.file, "versions/a.sql");
        assert_true(err.line >= 5);
        assert_non_null(strstr(err.text, "begin or end a transaction"));
    }
}

static void says_where_a_section_is_at_fault(void **state)
{
    static const struct {
        const char *sections;
        int line;
        const char *says;
    } cases[] = {
        {"-- migrate:up dialect:sqlite\nSELECT 1;\n", 1, "no up section for postgresql"},
        {"-- migrate:up\nSELECT 1;\n\nSELECT 'open;\n", 6, "unterminated"},
        {"-- migrate:up\nSELECT 1;\n-- migrate:up\n\nSELECT $$ open;\n", 7, "unterminated"},
        {"-- migrate:up\nSELECT 1;\n\n/* x */ COMMIT;\n", 6, "'COMMIT' would"},
        {"-- migrate:up transaction:false\nSELECT 1;\nCOMMIT;\n", 5, "'COMMIT' would"},
        {"-- migrate:up transaction:false\nDISCARD PLANS;\ndiscard /* it */ All;\n", 5,
         "the tenant's lock"},
        {"-- migrate:up\nSELECT JSON_ARRAY(1 RETURNING jsonb);\nCREATE FUNCTION f() RETURNS int\n"
         "BEGIN ATOMIC SELECT 1; END;\nEND;\n",
         7, "'END' would"},
        {"-- migrate:up transaction:false\nSELECT 0x1F; DISCARD\nALL;\n", 4, "the tenant's lock"},
        {"-- migrate:up\nSELECT 1;\nCOPY a (b) FROM stdin;\nit's\n\\.\n", 5, "'COPY … FROM STDIN'"},
        {"-- migrate:up\n\\restrict x\n", 4, "a command of psql"},
        {"-- migrate:up\n-- verify: SELECT 1 \\gset\nSELECT 1;\n", 4, "a command of psql"},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;
        const struct revision *revision = use(stage, cases[i].sections);
        assert_null(scripts_get(stage->scripts, &dialect_postgres, revision, DIRECTION_UP, &err));
        assert_int_equal(err.kind, ERR_CHAIN);
        assert_string_equal(err.file, "versions/a.sql");
        if (err.line != cases[i].line || !strstr(err.text, cases[i].says))
            fail_msg("%s\nline %d: %s", cases[i].sections, err.line, err.text);
    }
}

static void checks_all_revisions_before_any_tenant_is_touched(void **state)
{
    static const struct chain_file files[] = {
        {"a.sql", "-- Revision ID: aaaa\n-- migrate:up\nCOMMIT;\n-- migrate:down\nSELECT 'x\n", 68},
        {"b.sql", "-- Revision ID: bbbb\n-- migrate:up dialect:sqlite\nSELECT 1;\n", 61},
    };
    struct stage *stage = *state;
    struct chain_file sized[2];
    for (size_t i = 0; i < 2; i++)
        sized[i] = (struct chain_file){files[i].name, files[i].bytes, strlen(files[i].bytes)};
    stage->chain = chain_build("versions", sized, 2, &stage->faults);
    assert_non_null(stage->chain);
    stage->scripts = scripts_new(stage->chain);
    scripts_check(stage->scripts, (bool[DIALECT__COUNT]){[DIALECT_POSTGRESQL] = true},
                  &stage->faults);
    assert_int_equal(stage->faults.total,
                     2); /* bbbb is none for this dialect: not needed, no fault */
    assert_int_equal(stage->faults.items[0].line, 3);
    assert_int_equal(stage->faults.items[1].line, 5);
}

static void finds_lines_by_place(void **state)
{
    static const char sections[] =
        "-- migrate:up\n\n  SELECT 'ä',\n\t  nosuch ;\r\n-- x\nSELECT 2;\n";
    struct stage *stage = *state;
    const struct piece *piece = &make(stage, sections, &dialect_sqlite, DIRECTION_UP)->pieces[0];
    size_t fault = (size_t)(strstr(piece->sql, "nosuch") - piece->sql) + 1;
    assert_int_equal(piece_line(piece, 0, 0), 5);
    assert_int_equal(piece_line(piece, 0, 1), 8);
    assert_int_equal(piece_line(piece, fault, 0), 6);
    assert_int_equal(piece_line(piece, 1, 1), 4); /* a place beats a statement */
    assert_int_equal(piece_line(piece, 0, 99), 4);
    assert_int_equal(piece_line(piece, 100000, 0),
                     8); /* where something is missing, the text ends */
    assert_string_equal(piece_line_text(&stage->arena, piece, 5), "SELECT 'ä',");
    assert_string_equal(piece_line_text(&stage->arena, piece, 6), "nosuch ;");
    assert_string_equal(piece_line_text(&stage->arena, piece, 8), "SELECT 2;");
    assert_string_equal(piece_line_text(&stage->arena, piece, 4), "");
}

static void cuts_lines_that_are_too_long_between_characters(void **state)
{
    struct stage *stage = *state;
    char sections[1024] = "-- migrate:up\nSELECT 'x";
    while (strlen(sections) < 600)
        memcpy(sections + strlen(sections), "€", sizeof "€");
    memcpy(sections + strlen(sections), "';\n", sizeof "';\n");
    const struct piece *piece = &make(stage, sections, &dialect_sqlite, DIRECTION_UP)->pieces[0];
    const char *text = piece_line_text(&stage->arena, piece, 4);
    assert_in_range(strlen(text), 190, 200);
    assert_int_equal((strlen(text) - strlen("SELECT 'x")) % strlen("€"), 0);
}

/* What it sets holds for the statements after it, also where another run goes on with them. */
static void knows_what_sets_something_of_the_session(void **state)
{
    static const struct {
        const struct dialect *dialect;
        const char *sql;
        bool sets;
    } cases[] = {
        {&dialect_mysql, "SET foreign_key_checks = 0", true},
        {&dialect_mysql, "/*!40014 SET @OLD=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */", true},
        {&dialect_mysql, "-- x\n/* y */ /*M!100101\nset @a = 1*/", true},
        {&dialect_mysql, "/* SET a = 1 */ SELECT 1", false},
        {&dialect_mysql, "/*!40000 ALTER TABLE t DISABLE KEYS */", false},
        {&dialect_mysql, "SETTLE", false},
        {&dialect_postgres, "SET search_path = app", true},
        {&dialect_postgres, "/* a /* b */ */ reset ALL", true},
        {&dialect_postgres, "SELECT pg_catalog.set_config('search_path', '', false)", true},
        {&dialect_postgres, "select SET_CONFIG('a.b', 'c', false)", true},
        {&dialect_postgres, "SELECT set_configuration(1)", false},
        {&dialect_postgres, "SELECT pg_catalog.", false},
        {&dialect_postgres, "SELECT 1, set_config('a.b', 'c', false) FROM t", false},
        {&dialect_sqlite, "PRAGMA foreign_keys = ON", true},
        {&dialect_sqlite, "pragma main.cache_size(100)", true},
        {&dialect_sqlite, "PRAGMA foreign_keys", false},
        {&dialect_sqlite, "SELECT 'PRAGMA a = 1'", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (cases[i].dialect->sets_session(cases[i].sql, strlen(cases[i].sql)) != cases[i].sets)
            fail_msg("%s", cases[i].sql);
}

static const struct CMUnitTest tests[] = {
    CASE(makes_pieces),
    CASE(takes_the_sections_of_the_dialect),
    CASE(runs_one_by_one_where_ddl_commits_by_itself),
    CASE(makes_a_script_once),
    CASE(refuses_statements_that_take_the_transaction_away),
    CASE(says_where_a_section_is_at_fault),
    CASE(checks_all_revisions_before_any_tenant_is_touched),
    CASE(finds_lines_by_place),
    CASE(cuts_lines_that_are_too_long_between_characters),
    cmocka_unit_test(knows_what_sets_something_of_the_session),
};

UNIT_MAIN(tests)
