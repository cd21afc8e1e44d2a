#include "dialect/sqlite/split.h"

#include "unit/split_cases.h"

static const struct split_case cases[] = {
    {"SELECT \"a;\"\"b;\" FROM `c;` JOIN [d;]; SELECT 2",
     {"SELECT \"a;\"\"b;\" FROM `c;` JOIN [d;]", "SELECT 2"}},
    {"SELECT 1 -- no; end\n; SELECT 2", {"SELECT 1 -- no; end", "SELECT 2"}},
    {"SELECT 1 /* no; /* end */; SELECT 2", {"SELECT 1 /* no; /* end */", "SELECT 2"}},
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
    for (size_t i = 0; i < ARRAY_LEN(common_split_cases); i++)
        expect_split(sqlite_split, &common_split_cases[i], false);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_split(sqlite_split, &cases[i], false);
}

static void refuses_what_only_the_shell_knows(void **state)
{
    static const struct split_refusal texts[] = {
        {".mode csv\nSELECT 1;", 1, "'.mode' is a command of the sqlite3 shell"},
        {"SELECT '.x';\n.read it's.sql\n", 14, "put that file's SQL"},
        {"-- .open\n.import a.csv a\n", 10, "INSERT"},
        {" .", 2, "'.' is"},
    };
    (void)state;
    expect_refused(sqlite_split, texts, ARRAY_LEN(texts));
}

static void a_trigger_without_end_takes_no_time(void **state)
{
    (void)state;
    expect_no_time_without_end(sqlite_split,
                               "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END\n");
}

static void loses_nothing_of_any_text(void **state)
{
    static const char *const pieces[] = {
        ";",    "'",        "\"", "`", "[",  "]", "--", "\n",
        "/*",   "*/",       " ",  "a", "''", "ä", "\\", "CREATE TRIGGER t AFTER INSERT ON a BEGIN ",
        " END", "SELECT 1",
    };
    const struct split_pieces texts = {.items = pieces, .count = ARRAY_LEN(pieces)};
    (void)state;
    assert_int_equal(expect_whole_of_pieces(sqlite_split, &texts), 5000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_where_sqlite_does),
    cmocka_unit_test(refuses_what_only_the_shell_knows),
    cmocka_unit_test(loses_nothing_of_any_text),
    cmocka_unit_test(a_trigger_without_end_takes_no_time),
};

UNIT_MAIN(tests)
