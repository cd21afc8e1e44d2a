#include "dialect/sqlite/split.h"

#include "base/buf.h"
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
    {"SELECT \"a;\"\"b;\" FROM `c;` JOIN [d;]; SELECT 2",
     {"SELECT \"a;\"\"b;\" FROM `c;` JOIN [d;]", "SELECT 2"}},
    {"SELECT 1 -- no; end\n; SELECT 2", {"SELECT 1 -- no; end", "SELECT 2"}},
    {"SELECT 1 /* no; /* end */; SELECT 2", {"SELECT 1 /* no; /* end */", "SELECT 2"}},
    {"/* a; */ SELECT 1; -- b;\nSELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SELECT 'ä;€😀'; SELECT 2", {"SELECT 'ä;€😀'", "SELECT 2"}},
    {"SELECT 1 - -1; SELECT 4 / 2", {"SELECT 1 - -1", "SELECT 4 / 2"}},
    {"CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; SELECT 1; END; SELECT 2",
     {"CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; SELECT 1; END", "SELECT 2"}},
    {"CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN\n"
     " UPDATE b SET c = CASE WHEN d THEN 1 END; -- END;\n"
     " INSERT INTO b VALUES ('END;');\nEND;\nSELECT 2;",
     {"CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN\n"
      " UPDATE b SET c = CASE WHEN d THEN 1 END; -- END;\n"
      " INSERT INTO b VALUES ('END;');\nEND",
      "SELECT 2"}},
    {"create /* x */ trigger t after delete on a begin select 1; end ; select 2",
     {"create /* x */ trigger t after delete on a begin select 1; end", "select 2"}},
    {"EXPLAIN CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; SELECT 2",
     {"EXPLAIN CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END", "SELECT 2"}},
    /* what does not end, ends with the text: the database says what is wrong with it */
    {"SELECT 1; SELECT 'open; SELECT 2;", {"SELECT 1", "SELECT 'open; SELECT 2"}},
    {"SELECT 1; SELECT [open; SELECT 2;", {"SELECT 1", "SELECT [open; SELECT 2"}},
    {"SELECT 1; CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 2; SELECT 3;",
     {"SELECT 1", "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 2; SELECT 3"}},
    {"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2 AS legend; END /* ; */ -- ; x\n ;SELECT 3",
     {"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2 AS legend; END /* ; */ -- ; x",
      "SELECT 3"}},
};

static void splits_where_sqlite_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_split(sqlite_split, &cases[i], false);
}

static void refuses_what_only_the_shell_knows(void **state)
{
    static const struct {
        const char *sql;
        size_t offset;
        const char *says;
    } texts[] = {
        {".mode csv\nSELECT 1;", 1, "'.mode' is a command of the sqlite3 shell"},
        {"SELECT '.x';\n.read it's.sql\n", 14, "put that file's SQL"},
        {"-- .open\n.import a.csv a\n", 10, "INSERT"},
        {" .", 2, "'.' is"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct arena arena;
        struct statement *statements;
        size_t count;
        struct err err;
        arena_init(&arena);
        if (sqlite_split(&arena, texts[i].sql, strlen(texts[i].sql), &statements, &count, &err))
            fail_msg("accepted: %s", texts[i].sql);
        if (err.offset != texts[i].offset || !strstr(err.text, texts[i].says))
            fail_msg("%s\n%zu: %s", texts[i].sql, err.offset, err.text);
        arena_done(&arena);
    }
}

/* Were the text looked at again for each of its semicolons, this would take minutes. */
static void a_trigger_without_end_takes_no_time(void **state)
{
    struct buf sql;
    struct arena arena;
    struct statement *statements;
    size_t count;
    struct err err;
    (void)state;
    buf_init(&sql, 64 << 20);
    arena_init(&arena);
    buf_adds(&sql, "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END\n");
    for (int i = 0; i < 300000; i++)
        buf_adds(&sql, "INSERT INTO a VALUES ('a row of many');\n");
    assert_true(sqlite_split(&arena, sql.data, sql.len, &statements, &count, &err));
    assert_int_equal(count, 1);
    arena_done(&arena);
    buf_done(&sql);
}

/* Texts put together from pieces that splitters trip over. */
static void loses_nothing_of_any_text(void **state)
{
    static const char *const pieces[] = {
        ";",    "'",        "\"", "`", "[",  "]", "--", "\n",
        "/*",   "*/",       " ",  "a", "''", "ä", "\\", "CREATE TRIGGER t AFTER INSERT ON a BEGIN ",
        " END", "SELECT 1",
    };
    uint32_t seed = 7;
    (void)state;
    for (int round = 0; round < 5000; round++) {
        struct arena arena;
        struct statement *statements;
        char sql[512] = "";
        arena_init(&arena);
        for (int i = 0; i < 10; i++) {
            seed = seed * 1664525u + 1013904223u;
            const char *piece = pieces[(seed >> 16) % ARRAY_LEN(pieces)];
            memcpy(sql + strlen(sql), piece, strlen(piece) + 1);
        }
        expect_whole(sqlite_split, &arena, sql, false, &statements);
        arena_done(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_where_sqlite_does),
    cmocka_unit_test(refuses_what_only_the_shell_knows),
    cmocka_unit_test(loses_nothing_of_any_text),
    cmocka_unit_test(a_trigger_without_end_takes_no_time),
};

UNIT_MAIN(tests)
