#include "base/err.h"
#include "dialect/postgres/split.h"
#include "unit/split_cases.h"

static const struct split_case cases[] = {
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
    /* what PostgreSQL 16, 17 and 18 have added, beside what must stay whole */
    {"SELECT JSON_ARRAY(1 RETURNING jsonb);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql\nBEGIN "
     "ATOMIC "
     "SELECT CASE 1 WHEN 2 THEN CASE 3 END END; /* END; */ SELECT t.end, 1 AS end FROM t; "
     "END;\nSELECT 2",
     {"SELECT JSON_ARRAY(1 RETURNING jsonb)",
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql\nBEGIN ATOMIC SELECT CASE 1 WHEN 2 THEN CASE 3 "
      "END "
      "END; /* END; */ SELECT t.end, 1 AS end FROM t; END",
      "SELECT 2"}},
    {"create or replace procedure s.p() begin atomic end; SELECT 0x1F + 1_000; COMMIT",
     {"create or replace procedure s.p() begin atomic end", "SELECT 0x1F + 1_000", "COMMIT"}},
    {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC CREATE FUNCTION g() RETURNS int BEGIN ATOMIC "
     "SELECT 1; "
     "END; MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE RETURNING old.*; END; SELECT 2",
     {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC CREATE FUNCTION g() RETURNS int BEGIN ATOMIC "
      "SELECT "
      "1; END; MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE RETURNING old.*; END",
      "SELECT 2"}},
    {"CREATE TABLE a (b int GENERATED ALWAYS AS (c) VIRTUAL, PRIMARY KEY (d, e WITHOUT OVERLAPS)); "
     "CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; SELECT 1); SELECT 2",
     {"CREATE TABLE a (b int GENERATED ALWAYS AS (c) VIRTUAL, PRIMARY KEY (d, e WITHOUT OVERLAPS))",
      "CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; SELECT 1)", "SELECT 2"}},
    /* no body begins here, however it looks */
    {"SELECT 0x1F; CREATE VIEW v AS SELECT begin atomic FROM a; COMMIT; CREATE FUNCTION begin() "
     "RETURNS "
     "atomic AS 'x' LANGUAGE c; COMMIT",
     {"SELECT 0x1F", "CREATE VIEW v AS SELECT begin atomic FROM a", "COMMIT",
      "CREATE FUNCTION begin() RETURNS atomic AS 'x' LANGUAGE c", "COMMIT"}},
    {"SELECT 0x1F, E'a\\''\n -- c'\n 'b\\'; c', n'\\', fooe'\\', U&\";\", $1$$;$$, a$$ b$$; SELECT "
     "2",
     {"SELECT 0x1F, E'a\\''\n -- c'\n 'b\\'; c', n'\\', fooe'\\', U&\";\", $1$$;$$, a$$ b$$",
      "SELECT 2"}},
    {"SELECT 0x1F /* ; /* */ ; */ +-- ;\n 2*/*;*/3 \"/*\" \";\"\"--\"; SELECT 2",
     {"SELECT 0x1F /* ; /* */ ; */ +-- ;\n 2*/*;*/3 \"/*\" \";\"\"--\"", "SELECT 2"}},
    /* no SQL, and yet split: the server shall say what is wrong with it */
    {"SELECT 1; SELEC 2; SELECT 3", {"SELECT 1", "SELEC 2", "SELECT 3"}},
};

static void splits_where_postgresql_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(common_split_cases); i++)
        expect_split(postgres_split, &common_split_cases[i], true);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_split(postgres_split, &cases[i], true);
}

/* Not even the scanner gets through it: the place is told, in bytes. */
static void points_at_what_does_not_end(void **state)
{
    static const struct split_refusal texts[] = {
        {"SELECT 1; SELECT 'open", 18, NULL},        {"SELECT 'ä€😀'; SELECT 'open", 28, NULL},
        {"SELECT 1; SELECT \"open", 18, NULL},       {"SELECT 1; /* open", 11, NULL},
        {"SELECT 1; SELECT $x$ open $y$", 18, NULL},
    };
    (void)state;
    expect_refused(postgres_split, texts, ARRAY_LEN(texts));
}

/* Whatever the parser takes, the tokens split as it does: a newer statement in front leaves it to them. */
static void splits_the_same_beside_newer_syntax(void **state)
{
    static const char newer[] = "SELECT JSON_ARRAY(1 RETURNING jsonb);\n";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(common_split_cases) + ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct statement *alone, *beside;
        size_t alone_count, beside_count;
        struct err err;
        const char *text =
            i < ARRAY_LEN(cases) ? cases[i].sql : common_split_cases[i - ARRAY_LEN(cases)].sql;
        arena_init(&arena);
        const char *sql = arena_printf(&arena, "%s%s", newer, text);
        assert_true(postgres_split(&arena, text, strlen(text), &alone, &alone_count, &err));
        assert_true(postgres_split(&arena, sql, strlen(sql), &beside, &beside_count, &err));
        if (beside_count != alone_count + 1)
            fail_msg("%s\n%zu beside a newer one, %zu alone", text, beside_count, alone_count);
        for (size_t s = 0; s < alone_count; s++) {
            assert_int_equal(beside[s + 1].offset, alone[s].offset + strlen(newer));
            assert_int_equal(beside[s + 1].len, alone[s].len);
            assert_int_equal(beside[s + 1].line, alone[s].line + 1);
        }
        arena_done(&arena);
    }
}

static void refuses_what_only_psql_knows(void **state)
{
    static const struct split_refusal texts[] = {
        {"SELECT 1;\nCOPY a FROM stdin;\n1\tit's\n\\.\n", 11, "INSERT"},
        {"copy public.a (b, \"c\") /* x */ from StdIn with (format csv)", 1, "INSERT"},
        {"SELECT 0x1F; COPY a FROM STDOUT", 14, "INSERT"},
        {"\\restrict k3y\n\nSELECT 1;", 1, "'\\restrict' is a command of psql, not SQL: pg_dump"},
        {"SELECT 1;\n\\connect other\n", 11, "'\\connect' is"},
        {"\\i it's.sql\n", 1, "put that file's SQL"},
        {"SELECT 'CREATE TABLE a ()' \\gexec\n", 28, "'\\gexec' is"},
        {"\\d+ a\n", 1, "'\\d' is"},
        {"\\! ls\n", 1, "'\\!' is"},
        {"\\.\n", 1, "'\\.' is"},
        {"\\", 1, "'\\' is"},
        {"\\ä", 1, "'\\' is"},
    };
    static const char *const fine[] = {
        "COPY a TO STDOUT",
        "COPY (SELECT 1 FROM stdin) TO '/x'",
        "COPY a FROM '/stdin'",
        "COPY a FROM PROGRAM 'x'",
        "SELECT E'\\\\restrict', '\\connect', $$\\i$$ -- \\.",
    };
    struct arena arena;
    struct statement *statements;
    size_t count;
    struct err err;
    (void)state;
    arena_init(&arena);
    expect_refused(postgres_split, texts, ARRAY_LEN(texts));
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        if (!postgres_split(&arena, fine[i], strlen(fine[i]), &statements, &count, &err))
            fail_msg("%s\n%s", fine[i], err.text);
    arena_done(&arena);
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
    const struct split_pieces texts = {
        .items = pieces,
        .count = ARRAY_LEN(pieces),
        .other_beginning = "SELECT 0x1F;", /* what the tokens alone shall split */
        .comments_nest = true,
    };
    (void)state;
    /* or the property was hardly asked */
    assert_true(expect_whole_of_pieces(postgres_split, &texts) > 500);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_where_postgresql_does),
    cmocka_unit_test(points_at_what_does_not_end),
    cmocka_unit_test(splits_the_same_beside_newer_syntax),
    cmocka_unit_test(refuses_what_only_psql_knows),
    cmocka_unit_test(loses_nothing_of_any_text),
};

UNIT_MAIN(tests)
