#include "unit/unit.h"

#include "dialect/loss.h"

static void tells_what_takes_data_away(void **state)
{
    static const struct {
        const char *sql;
        bool is_loss;
    } cases[] = {
        {"DROP TABLE a", true},
        {"drop table if exists a;", true},
        {"-- a comment\n/* and one */ DROP TABLE a", true},
        {"DROP SCHEMA s CASCADE", true},
        {"ALTER TABLE a DROP COLUMN b", true},
        {"ALTER TABLE a DROP b", true},
        {"ALTER TABLE a DROP \"b\"", true},
        {"ALTER TABLE \"drop\" ADD COLUMN c int, DROP COLUMN b", true},
        {"DELETE FROM a", true},
        {"TRUNCATE a", true},
        {"WITH x AS (SELECT 1) DELETE FROM a", true},
        {"DROP INDEX a", false},
        {"DROP VIEW a", false},
        {"ALTER TABLE a DROP CONSTRAINT c", false},
        {"ALTER TABLE a ALTER COLUMN b DROP NOT NULL", false},
        {"ALTER TABLE a ALTER COLUMN b DROP DEFAULT", false},
        {"ALTER TABLE \"drop\" ADD COLUMN c int", false},
        {"CREATE TABLE a (id int)", false},
        {"INSERT INTO a VALUES ('DROP TABLE a')", false},
        {"SELECT 'it''s' -- DROP TABLE", false},
        {"WITH x AS (SELECT 1) SELECT 'delete'", false},
        {"", false},
        {"'", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (loss_is_in(cases[i].sql, strlen(cases[i].sql), true) != cases[i].is_loss)
            fail_msg("'%s' must be %d", cases[i].sql, cases[i].is_loss);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tells_what_takes_data_away),
};

UNIT_MAIN(tests)
