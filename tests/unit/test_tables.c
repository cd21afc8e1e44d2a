#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialects.h"
#include "dialect/tables.h"

/* Statements in their order, and the tables that they leave: "schema.name", comma separated; after "*" a name
 * without a schema may be anywhere. */
struct tables_case {
    const char *statements[6];
    const char *left;
};

static void check(const struct dialect *dialect, const struct tables_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct buf left;
        arena_init(&arena);
        buf_init(&left, BUF_MAX_DEFAULT);
        struct tables tables = {.arena = &arena};
        for (size_t s = 0; s < ARRAY_LEN(cases[i].statements) && cases[i].statements[s]; s++)
            tables_follow(&tables, dialect, cases[i].statements[s], strlen(cases[i].statements[s]));
        for (size_t t = 0; t < tables.count; t++)
            buf_addf(&left, "%s%s%s%s", t ? "," : "",
                     tables.items[t].schema ? tables.items[t].schema : "",
                     tables.items[t].schema ? "." : "", tables.items[t].name);
        if (tables.has_own_path)
            buf_addc(&left, '*');
        if (strcmp(left.data, cases[i].left) != 0)
            fail_msg("case %zu, %s: '%s', not '%s'", i, cases[i].statements[0], left.data,
                     cases[i].left);
        buf_done(&left);
        arena_done(&arena);
    }
}

static void follows_what_makes_and_takes_tables(void **state)
{
    static const struct tables_case cases[] = {
        {{"CREATE TABLE Exam (id int)"}, "exam"},
        {{"create /* x; /* y */ */ table -- z\n if NOT exists a.\"B\"\"c\" ()"}, "a.B\"c"},
        {{"CREATE UNLOGGED TABLE a ()", "CREATE FOREIGN TABLE b () SERVER s"}, "a,b"},
        {{"CREATE TABLE a AS SELECT 1", "CREATE TABLE b PARTITION OF a DEFAULT"}, "a,b"},
        {{"CREATE TABLE d.a.b ()"}, "a.b"},
        {{"CREATE TABLE a$1ä ()"}, "a$1ä"},
        {{"CREATE TABLE U&\"\\0061\" ()", "CREATE TABLE s.u&\"b\" ()", "CREATE TABLE u ()"}, "u"},
        {{"CREATE TEMP TABLE a ()", "CREATE TEMPORARY TABLE b ()", "CREATE LOCAL TEMP TABLE c ()",
          "CREATE TABLE pg_temp.d ()"},
         ""},
        {{"CREATE VIEW a AS SELECT 1", "CREATE TABLESPACE t LOCATION '/x'", "CREATE TABLE",
          "CREATE", "DO $$ BEGIN CREATE TABLE a (); END $$", "CREATE TABLE IF a ()"},
         ""},
        {{"CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE c ()",
          "DROP TABLE IF EXISTS A, public.b CASCADE"},
         "c"},
        {{"CREATE TABLE s.a ()", "DROP TABLE t.a", "DROP VIEW a"}, "s.a"},
        {{"CREATE TABLE s.a ()", "DROP TABLE a"}, ""},
        {{"CREATE TABLE a ()", "ALTER TABLE ONLY a RENAME TO \"B\"", "ALTER TABLE x RENAME TO y"},
         "B"},
        {{"CREATE TABLE a ()", "ALTER TABLE IF EXISTS a RENAME COLUMN b TO c"}, "a"},
        {{"CREATE TABLE a ()", "ALTER TABLE a SET SCHEMA s", "ALTER TABLE s.a SET LOGGED"}, "s.a"},
        {{"CREATE TABLE a ()", "CREATE TABLE s.b ()", "CREATE TABLE t.c ()",
          "DROP SCHEMA IF EXISTS s CASCADE"},
         "t.c"},
        {{"CREATE TABLE s.b ()", "CREATE TABLE t.c ()", "ALTER SCHEMA s RENAME TO r"}, "t.c"},
        {{"CREATE TABLE a ()", "DROP OWNED BY x"}, ""},
        {{"SET Search_Path TO x", "CREATE TABLE a ()"}, "a*"},
        {{"CREATE TABLE "
          "a123456789012345678901234567890123456789012345678901234567890123 ()"},
         ""}, /* the server cuts it */
        {{"CREATE TABLE \"a", "DROP TABLE \""}, "a"},
        {{"CREATE TABLE temp.a ()"}, "temp.a"}, /* a schema as any other here */
    };
    (void)state;
    check(&dialect_postgres, cases, ARRAY_LEN(cases));
}

static void follows_sqlites_ways_to_write_names(void **state)
{
    static const struct tables_case cases[] = {
        {{"CREATE TABLE [a b] (id)", "CREATE TABLE main.`C` (id)",
          "CREATE VIRTUAL TABLE f USING fts5(x)"},
         "a b,C,f"},
        {{"CREATE TABLE temp.a (id)", "CREATE TEMP TABLE b (id)"}, ""},
        {{"CREATE TABLE new_a (id)", "CREATE TABLE a (id)", "DROP TABLE \"A\"",
          "ALTER TABLE new_a RENAME TO a"},
         "a"},
    };
    (void)state;
    check(&dialect_sqlite, cases, ARRAY_LEN(cases));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(follows_what_makes_and_takes_tables),
    cmocka_unit_test(follows_sqlites_ways_to_write_names),
};

UNIT_MAIN(tests)
