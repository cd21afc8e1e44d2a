#include "base/arena.h"
#include "base/buf.h"
#include "dialect/directive.h"
#include "unit/unit.h"

/* `verify 3@2 SELECT 1`: before statement 3 (from 0), in line 2. */
static const char *shown(struct arena *arena, enum dialect_id id, const char *sql)
{
    const struct dialect *dialect = dialect_of(id);
    const struct directive *items;
    struct statement *statements;
    size_t statement_count, count;
    struct buf buf;
    struct err err;
    if (!dialect->split(arena, sql, strlen(sql), &statements, &statement_count, &err))
        fail_msg("%s", err.text);
    directives_find(arena, dialect, sql, strlen(sql), statements, statement_count, &items, &count);
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++)
        buf_addf(&buf, "%s%s%s %zu@%d %s", i ? "|" : "", items[i].is_mistyped ? "meant " : "",
                 directive_name(items[i].kind), items[i].statement, items[i].line, items[i].sql);
    const char *text = arena_strdup(arena, buf.data);
    buf_done(&buf);
    return text;
}

static void stand_between_statements(void **state)
{
    static const struct {
        const char *sql, *found;
    } cases[] = {
        {"CREATE TABLE a (n int);\n-- verify: SELECT 1\n", "verify 1@2 SELECT 1"},
        {"-- verify: SELECT 1;\n  --  verify:SELECT 2 ;  \r\nSELECT 3;",
         "verify 0@1 SELECT 1|verify 0@2 SELECT 2"},
        {"SELECT 1;\n-- probe: SELECT 2\nSELECT 3;", "probe 1@2 SELECT 2"},
        {"SELECT 1\n-- verify: SELECT 2", "verify 1@2 SELECT 2"}, /* no semicolon */
        {"SELECT '\n-- verify: SELECT 2\n';", ""},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n-- verify: SELECT 2\nSELECT 1\n$$;",
         ""},
        {"SELECT 1, -- verify: SELECT 2\n2;", ""},
        {"-- verified: SELECT 1\n-- verify with care\nSELECT 1;", ""},
        {"-- Verify: SELECT 1\nSELECT 1;", "meant verify 0@1 Verify: SELECT 1"},
        {"-- verfiy: select 1;\nSELECT 1;", "meant verify 0@1 verfiy: select 1"},
        {"-- verify SELECT 1\nSELECT 1;", "meant verify 0@1 verify SELECT 1"},
        {"SELECT 1;\n-- prob : WITH a AS (SELECT 1) SELECT 2\nSELECT 3;",
         "meant probe 1@2 prob : WITH a AS (SELECT 1) SELECT 2"},
        {"-- Verify: by hand\nSELECT 1;", ""},
        {"-- verify:\nSELECT 1;", "verify 0@1 "},
        {"", ""},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(shown(&arena, DIALECT_POSTGRESQL, cases[i].sql), cases[i].found);
    arena_done(&arena);
}

/* What is commented out asks nothing; where the comment ends is the dialect's. */
static void are_none_in_a_block_comment(void **state)
{
    static const struct {
        const char *sql, *in_postgres, *in_sqlite;
    } cases[] = {
        {"SELECT 1;\n/* not now:\n-- verify: SELECT 2\n*/\n-- verify: SELECT 3\n",
         "verify 1@5 SELECT 3", "verify 1@5 SELECT 3"},
        {"/* a */ -- b /* c\n-- verify: SELECT 1\nSELECT 2;", "verify 0@2 SELECT 1",
         "verify 0@2 SELECT 1"},
        {"SELECT 1;\n/* /* */\n-- verify: SELECT 2\n-- */\n", "", "verify 1@3 SELECT 2"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(shown(&arena, DIALECT_POSTGRESQL, cases[i].sql), cases[i].in_postgres);
        assert_string_equal(shown(&arena, DIALECT_SQLITE, cases[i].sql), cases[i].in_sqlite);
    }
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(stand_between_statements),
    cmocka_unit_test(are_none_in_a_block_comment),
};

UNIT_MAIN(tests)
