#include "dialect/mysql/split.h"
#include "unit/split_cases.h"

/* Each was compared with what a server makes of it (tests/diff/split_diff.py does it for random ones). */
static const struct split_case cases[] = {
    {"SELECT 'it\\'s; so'; SELECT 2", {"SELECT 'it\\'s; so'", "SELECT 2"}},
    {"SELECT \"a;\\\"b;\"; SELECT 2", {"SELECT \"a;\\\"b;\"", "SELECT 2"}},
    {"SELECT 1 AS `a\\`; SELECT 2", {"SELECT 1 AS `a\\`", "SELECT 2"}},
    {"SELECT 5 --1; SELECT 2", {"SELECT 5 --1", "SELECT 2"}},
    {"SELECT 5 --\t1;\n; SELECT 2", {"SELECT 5", "SELECT 2"}},
    {"SELECT 1 # no; end\n; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SELECT 1 /* a; /* b; */; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SELECT 1 /*!50100 + 1 */; SELECT 2", {"SELECT 1 /*!50100 + 1 */", "SELECT 2"}},
    {"/*M!100100 SELECT /* in */ 1 */; SELECT 2", {"/*M!100100 SELECT /* in */ 1 */", "SELECT 2"}},
    {"/*M!999999\\- enable the sandbox mode */\nSELECT 1; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SET sql_mode = 'ANSI_QUOTES'; SELECT 1 AS \"a\\\"; SELECT 2",
     {"SET sql_mode = 'ANSI_QUOTES'", "SELECT 1 AS \"a\\\"", "SELECT 2"}},
    {"/*!40101 SET @OLD=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES' */; SELECT '\\'; SET "
     "@@sql_mode=@OLD; SELECT '\\';'",
     {"/*!40101 SET @OLD=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES' */", "SELECT '\\'",
      "SET @@sql_mode=@OLD", "SELECT '\\';'"}},
    {"SET @sql_mode = 'ANSI_QUOTES'; SELECT \"\\\";\"; SELECT 2",
     {"SET @sql_mode = 'ANSI_QUOTES'", "SELECT \"\\\";\"", "SELECT 2"}},
    {"BEGIN; SELECT 1; COMMIT", {"BEGIN", "SELECT 1", "COMMIT"}},
    {"CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END; SELECT 3",
     {"CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END", "SELECT 3"}},
    {"CREATE DEFINER=`a`@`%` PROCEDURE p(x DECIMAL(5,2)) MODIFIES SQL DATA COMMENT 'a;b' IF x THEN "
     "SELECT IF(x, 1, 2); ELSE DO 1; END IF; SELECT 3",
     {"CREATE DEFINER=`a`@`%` PROCEDURE p(x DECIMAL(5,2)) MODIFIES SQL DATA COMMENT 'a;b' IF x THEN "
      "SELECT IF(x, 1, 2); ELSE DO 1; END IF",
      "SELECT 3"}},
    {"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN CASE 1 WHEN 2 THEN 3 ELSE 4 END; SELECT 2",
     {"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN CASE 1 WHEN 2 THEN 3 ELSE 4 END",
      "SELECT 2"}},
    {"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.x THEN SET NEW.x = CASE WHEN 1 THEN "
     "2 END; END IF; l: LOOP LEAVE l; END LOOP l; END; SELECT 2",
     {"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN IF NEW.x THEN SET NEW.x = CASE WHEN 1 "
      "THEN 2 END; END IF; l: LOOP LEAVE l; END LOOP l; END",
      "SELECT 2"}},
    {"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.x = 1; SELECT 2",
     {"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.x = 1", "SELECT 2"}},
    {"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; WHILE 0 DO DO 1; END WHILE; END; "
     "SELECT 2",
     {"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; WHILE 0 DO DO 1; END WHILE; END",
      "SELECT 2"}},
    {"BEGIN NOT ATOMIC SELECT t.end FROM t; REPEAT DO REPEAT('a', 2); UNTIL 1 END REPEAT; END; SELECT 2",
     {"BEGIN NOT ATOMIC SELECT t.end FROM t; REPEAT DO REPEAT('a', 2); UNTIL 1 END REPEAT; END",
      "SELECT 2"}},
    {"SET sql_mode=ORACLE; CREATE PROCEDURE p AS x INT; BEGIN SELECT 1; END; SELECT 2",
     {"SET sql_mode=ORACLE", "CREATE PROCEDURE p AS x INT; BEGIN SELECT 1; END", "SELECT 2"}},
    {"SET sql_mode='ORACLE'; CREATE PACKAGE BODY k AS PROCEDURE p AS BEGIN SELECT 1; END; BEGIN SELECT "
     "2; END; SELECT 3",
     {"SET sql_mode='ORACLE'",
      "CREATE PACKAGE BODY k AS PROCEDURE p AS BEGIN SELECT 1; END; BEGIN SELECT 2; END",
      "SELECT 3"}},
};

/* What stands between statements is not looked at: a DELIMITER line is none of them. */
static void expect(const struct split_case *wanted)
{
    struct arena arena;
    struct statement *statements;
    size_t count;
    struct err err;
    arena_init(&arena);
    if (!mysql_split(&arena, wanted->sql, strlen(wanted->sql), &statements, &count, &err))
        fail_msg("%s\n%s", wanted->sql, err.text);
    for (size_t i = 0; i < count; i++) {
        const char *found = wanted->sql + statements[i].offset;
        assert_int_equal(statements[i].line, line_of(wanted->sql, statements[i].offset));
        assert_int_equal(statements[i].is_ended, found[statements[i].len - 1] == ';');
    }
    expect_statements(wanted, statements, count);
    arena_done(&arena);
}

static void splits_where_the_server_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(common_split_cases); i++)
        expect(&common_split_cases[i]);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(&cases[i]);
}

static void splits_where_the_client_does(void **state)
{
    static const struct split_case rows[] = {
        {"DELIMITER //\nSELECT ';'; SELECT 2 // SELECT 3//\nDELIMITER ;\nSELECT 4; SELECT 5",
         {"SELECT ';'; SELECT 2", "SELECT 3", "SELECT 4", "SELECT 5"}},
        {"delimiter $$ -- said\nCREATE PROCEDURE p()\nBEGIN\n  SELECT '$$', 1 /* $$ */;\nEND;\n$$\ndelimiter ;\n"
         "SELECT 2;",
         {"CREATE PROCEDURE p()\nBEGIN\n  SELECT '$$', 1 /* $$ */;\nEND", "SELECT 2"}},
        {"SELECT 1;\nDELIMITER end\nSELECT 2 AS endless; SELECT 3end\n",
         {"SELECT 1", "SELECT 2 AS", "less; SELECT 3"}},
        {"SELECT delimiter FROM t; SELECT 2", {"SELECT delimiter FROM t", "SELECT 2"}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect(&rows[i]);
}

static void refuses_what_has_no_end(void **state)
{
    static const struct split_refusal texts[] = {
        {"SELECT 'a", 8, "quote"},
        {"SELECT 'a\\'", 8, "quote"},
        {"SELECT 1; SELECT `a", 18, "quote"},
        {"SELECT 1 /* a", 10, "comment"},
        {"DELIMITER\nSELECT 1", 1, "DELIMITER"},
        {"DELIMITER 1234567890123456\nSELECT 1", 1, "too long"},
        {"SELECT 1\\G", 9, "'\\G' is a command"},
        {"\\. other.sql", 1, "put that file's SQL"},
    };
    (void)state;
    expect_refused(mysql_split, texts, ARRAY_LEN(texts));
}

static void a_procedure_without_end_takes_no_time(void **state)
{
    (void)state;
    expect_no_time_without_end(mysql_split, "CREATE PROCEDURE p() BEGIN SELECT 1;\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_where_the_server_does),
    cmocka_unit_test(splits_where_the_client_does),
    cmocka_unit_test(refuses_what_has_no_end),
    cmocka_unit_test(a_procedure_without_end_takes_no_time),
};

UNIT_MAIN(tests)
