#include "base/err.h"
#include "dialect/postgres/split.h"
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

/* Whatever the parser takes, the tokens split as it does: a newer statement in front leaves it to them. */
static void splits_the_same_beside_newer_syntax(void **state)
{
    static const char newer[] = "SELECT JSON_ARRAY(1 RETURNING jsonb);\n";
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct statement *alone, *beside;
        size_t alone_count, beside_count;
        struct err err;
        arena_init(&arena);
        const char *sql = arena_printf(&arena, "%s%s", newer, cases[i].sql);
        assert_true(
            postgres_split(&arena, cases[i].sql, strlen(cases[i].sql), &alone, &alone_count, &err));
        assert_true(postgres_split(&arena, sql, strlen(sql), &beside, &beside_count, &err));
        if (beside_count != alone_count + 1)
            fail_msg("%s\n%zu beside a newer one, %zu alone", cases[i].sql, beside_count,
                     alone_count);
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
    static const struct {
        const char *sql;
        size_t offset;
        const char *says;
    } texts[] = {
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
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (postgres_split(&arena, texts[i].sql, strlen(texts[i].sql), &statements, &count, &err))
            fail_msg("accepted: %s", texts[i].sql);
        if (err.offset != texts[i].offset || !strstr(err.text, texts[i].says))
            fail_msg("%s\n%zu: %s", texts[i].sql, err.offset, err.text);
    }
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
    uint32_t seed = 7;
    size_t split = 0;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct arena arena;
        struct statement *statements;
        size_t count;
        struct err err;
        char sql[1024] = "";
        if (round % 2) /* what the tokens alone shall split */
            memcpy(sql, "SELECT 0x1F;", 13);
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
    cmocka_unit_test(splits_the_same_beside_newer_syntax),
    cmocka_unit_test(refuses_what_only_psql_knows),
    cmocka_unit_test(loses_nothing_of_any_text),
};

UNIT_MAIN(tests)
