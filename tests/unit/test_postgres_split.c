#include "base/err.h"
#include "driver/postgres_split.h"
#include "unit/split_cases.h"

static const struct split_case cases[] = {
    {"", {NULL}},
    {" \t\r\n", {NULL}},
    {";;; ;", {NULL}},
    {"-- only\n/* comments */ -- here", {NULL}},
    {"SELECT 1", {"SELECT 1"}},
    {"SELECT 1;", {"SELECT 1"}},
    {"SELECT 1;SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"\n\nSELECT 1;\n\n;\nSELECT\n2;\n", {"SELECT 1", "SELECT\n2"}},
    {"SELECT ';'; SELECT 2", {"SELECT ';'", "SELECT 2"}},
    {"SELECT 'it''s; so'; SELECT 2", {"SELECT 'it''s; so'", "SELECT 2"}},
    {"SELECT E'it\\'s; so'; SELECT 2", {"SELECT E'it\\'s; so'", "SELECT 2"}},
    {"SELECT U&'\\0041;'; SELECT 2", {"SELECT U&'\\0041;'", "SELECT 2"}},
    {"SELECT 'a;'\n'b;'; SELECT 2", {"SELECT 'a;'\n'b;'", "SELECT 2"}},
    {"SELECT \"a;\"\"b;\" FROM c; SELECT 2", {"SELECT \"a;\"\"b;\" FROM c", "SELECT 2"}},
    {"SELECT $$a;b$$; SELECT 2", {"SELECT $$a;b$$", "SELECT 2"}},
    {"SELECT $x$a; $$ ;$y$ $x$; SELECT 2", {"SELECT $x$a; $$ ;$y$ $x$", "SELECT 2"}},
    {"SELECT $ä$;$ä$; SELECT 2", {"SELECT $ä$;$ä$", "SELECT 2"}},
    {"PREPARE p AS SELECT $1; SELECT 2", {"PREPARE p AS SELECT $1", "SELECT 2"}},
    {"SELECT 1 AS a$b$; SELECT 2", {"SELECT 1 AS a$b$", "SELECT 2"}},
    {"SELECT 1 -- no; end\n; SELECT 2", {"SELECT 1 -- no; end", "SELECT 2"}},
    {"SELECT 1 /* no; /* nor; */ here; */; SELECT 2",
     {"SELECT 1 /* no; /* nor; */ here; */", "SELECT 2"}},
    {"/* a; /* b; */ c; */ SELECT 1; -- d;\nSELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SELECT 'ä;€😀'; SELECT 2", {"SELECT 'ä;€😀'", "SELECT 2"}},
    {"SELECT (1); SELECT ARRAY[1]", {"SELECT (1)", "SELECT ARRAY[1]"}},
    {"DO $$ BEGIN PERFORM 1; END; $$; SELECT 2", {"DO $$ BEGIN PERFORM 1; END; $$", "SELECT 2"}},
    {"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3",
     {"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
      "SELECT 3"}},
    {"CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; SELECT 1); SELECT 2",
     {"CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; SELECT 1)", "SELECT 2"}},
    {"CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC\n INSERT INTO a VALUES (';'); -- END;\n"
     " SELECT CASE WHEN true THEN 1 END;\nEND;\nSELECT 2;",
     {"CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC\n INSERT INTO a VALUES (';'); -- END;\n"
      " SELECT CASE WHEN true THEN 1 END;\nEND",
      "SELECT 2"}},
    /* no SQL, and yet split: the server shall say what is wrong with it */
    {"SELECT 1; SELEC 2; SELECT 3", {"SELECT 1", "SELEC 2", "SELECT 3"}},
};

static void splits_where_postgresql_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_split(postgres_split, &cases[i], true);
}

/* Not even the scanner gets through it: the place is told, in bytes. */
static void points_at_what_does_not_end(void **state)
{
    static const struct {
        const char *sql;
        size_t offset;
    } texts[] = {
        {"SELECT 1; SELECT 'open", 18},        {"SELECT 'ä€😀'; SELECT 'open", 28},
        {"SELECT 1; SELECT \"open", 18},       {"SELECT 1; /* open", 11},
        {"SELECT 1; SELECT $x$ open $y$", 18},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct arena arena;
        struct statement *statements;
        size_t count;
        struct err err;
        arena_init(&arena);
        if (postgres_split(&arena, texts[i].sql, strlen(texts[i].sql), &statements, &count, &err))
            fail_msg("accepted: %s", texts[i].sql);
        assert_int_equal(err.kind, ERR_CHAIN);
        if (err.offset != texts[i].offset)
            fail_msg("%s\n%zu: %s", texts[i].sql, err.offset, err.text);
        arena_done(&arena);
    }
}

static void loses_nothing_of_any_text(void **state)
{
    static const char *const pieces[] = {
        ";",    "'",        "\"",
        "$$",   "$x$",      "--",
        "\n",   "/*",       "*/",
        " ",    "a",        "''",
        "ä",    "E'\\'",    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC ",
        " END", "SELECT 1", "(",
        ")",
    };
    uint32_t seed = 7;
    size_t split = 0;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct arena arena;
        struct statement *statements;
        size_t count;
        struct err err;
        char sql[1024] = "";
        arena_init(&arena);
        for (int i = 0; i < 10; i++) {
            seed = seed * 1664525u + 1013904223u;
            const char *piece = pieces[(seed >> 16) % ARRAY_LEN(pieces)];
            memcpy(sql + strlen(sql), piece, strlen(piece) + 1);
        }
        bool is_good = postgres_split(&arena, sql, strlen(sql), &statements, &count, &err);
        if (is_good)
            expect_whole(postgres_split, &arena, sql, true, &statements);
        split += is_good;
        arena_done(&arena);
    }
    assert_true(split > 300); /* or the property was hardly asked */
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_where_postgresql_does),
    cmocka_unit_test(points_at_what_does_not_end),
    cmocka_unit_test(loses_nothing_of_any_text),
};

UNIT_MAIN(tests)
