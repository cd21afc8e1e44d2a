/* SQLite's reader, on what a real SQLite has kept. */
#include "unit/unit.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/sqlite/catalog.h"
#include "schema/compare.h"

struct side {
    sqlite3 *db;
    struct arena *arena;
    const char **values;
    size_t count, capacity, columns;
};

static int on_row(void *ctx, int columns, char **values, char **names)
{
    struct side *side = ctx;
    (void)names;
    side->columns = (size_t)columns;
    for (int i = 0; i < columns; i++)
        *ARENA_PUSH(side->arena, side->values, side->count, side->capacity) =
            arena_strdup(side->arena, values[i]);
    return 0;
}

static void read_catalog(struct arena *arena, const char *sql, struct catalog *catalog)
{
    struct side side = {.arena = arena};
    struct reading_part part = {NULL, catalog};
    struct reading reading = {.arena = arena,
                              .parts = &part,
                              .part_count = 1,
                              .version_table = "alembic_version",
                              .history_table = "skein_history"};
    struct err err;
    char *said = NULL;
    catalog_init(catalog, arena, DIALECT_SQLITE);
    assert_int_equal(sqlite3_open(":memory:", &side.db), SQLITE_OK);
    if (sqlite3_exec(side.db, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    sqlite_catalog.ask(&reading);
    assert_int_equal(reading.query_count, 1);
    assert_int_equal(sqlite3_exec(side.db, reading.queries[0], on_row, &side, NULL), SQLITE_OK);
    struct grid rows = {side.values, side.columns ? side.count / side.columns : 0, side.columns};
    assert_true(sqlite_catalog.take(&reading, &rows, 1, &err));
    reading.round = 1;
    reading.query_count = 0;
    sqlite_catalog.ask(&reading);
    assert_int_equal(reading.query_count, 0);
    sqlite3_close(side.db);
}

/* In words, a line each. */
static const char *compare(struct arena *arena, const char *expected, const char *found)
{
    struct catalog a, b;
    struct comparison comparison;
    struct catalog_rules rules;
    struct buf words;
    read_catalog(arena, expected, &a);
    read_catalog(arena, found, &b);
    catalog_rules_init(&rules, arena);
    comparison_make(&comparison, &a, &b, &rules);
    buf_init(&words, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < comparison.count; i++) {
        buf_adds(&words, i ? "\n" : "");
        difference_add_words(&words, &comparison.items[i]);
    }
    return buf_into(&words, arena);
}

static const struct {
    const char *a, *b;
} equal[] = {
    {"CREATE TABLE t (a INT, b TEXT)", "create table \"T\"([a] int,`b` text -- x\n)"},
    {"CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMN b TEXT", "CREATE TABLE t (a INT, b TEXT)"},
    {"CREATE TABLE t (a INT, b TEXT)", "CREATE TABLE t (b TEXT, a INT)"}, /* the order is a note */
    {"CREATE TABLE u (a INT, x, b TEXT); ALTER TABLE u DROP COLUMN x; ALTER TABLE u RENAME TO t",
     "CREATE TABLE t (a INT, /* x */ b TEXT)"},
    {"CREATE TABLE t (c INT); ALTER TABLE t RENAME COLUMN c TO a", "CREATE TABLE t (a INT)"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER, PRIMARY KEY (a))"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY ASC)", "CREATE TABLE t (a INTEGER, PRIMARY KEY (a))"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
     "CREATE TABLE t (a INTEGER, CONSTRAINT pk PRIMARY KEY (a AUTOINCREMENT))"},
    {"CREATE TABLE t (a INT UNIQUE, b)", "CREATE TABLE t (a INT, b, UNIQUE (a))"},
    {"CREATE TABLE t (\"A\" INT UNIQUE)", "CREATE TABLE t (a INT, UNIQUE (a ASC))"},
    {"CREATE TABLE t (a UNIQUE, b UNIQUE)", "CREATE TABLE t (a, b, UNIQUE (b), UNIQUE (a))"},
    {"CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a, CHECK (a>0))"},
    {"CREATE TABLE t (a CHECK (a != 0))", "CREATE TABLE t (a, CHECK (a<>0))"},
    {"CREATE TABLE t (a CHECK (\"a\" == 'X'))", "CREATE TABLE t (a, CHECK (A = 'X'))"},
    {"CREATE TABLE t (a, b, CHECK (a) CHECK (b))", "CREATE TABLE t (a, b, CHECK (a), CHECK (b))"},
    {"CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES p)",
     "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a, FOREIGN KEY (a) REFERENCES p (id))"},
    {"CREATE TABLE t (a REFERENCES p (x) ON DELETE CASCADE NOT NULL)",
     "CREATE TABLE t (a NOT NULL, FOREIGN KEY(a) REFERENCES \"p\"(x) ON UPDATE NO ACTION ON DELETE "
     "CASCADE NOT DEFERRABLE)"},
    {"CREATE TABLE t (a REFERENCES p (x) DEFERRABLE INITIALLY DEFERRED)",
     "CREATE TABLE t (a, FOREIGN KEY(a) REFERENCES p(x) MATCH FULL DEFERRABLE INITIALLY DEFERRED)"},
    {"CREATE TABLE t (a REFERENCES p (x) NOT NULL DEFERRABLE INITIALLY DEFERRED)",
     "CREATE TABLE t (a NOT NULL REFERENCES p(x) DEFERRABLE INITIALLY DEFERRED)"},
    {"CREATE TABLE t (a DEFAULT 1, b DEFAULT 'x', c DEFAULT -1, d DEFAULT NULL)",
     "CREATE TABLE t (a DEFAULT (1), b DEFAULT ('x'), c DEFAULT ( - 1), d)"},
    {"CREATE TABLE t (a DEFAULT 'it''s \"so\"')", "CREATE TABLE t (a DEFAULT \"it's \"\"so\"\"\")"},
    {"CREATE TABLE t (a NULL)", "CREATE TABLE t (a)"},
    {"CREATE TABLE t (a COLLATE BINARY)", "CREATE TABLE t (a)"},
    {"CREATE TABLE t (a CONSTRAINT x NOT NULL)", "CREATE TABLE t (a NOT NULL ON CONFLICT ABORT)"},
    {"CREATE TABLE t (a, b GENERATED ALWAYS AS (a+1))", "CREATE TABLE t (a, b AS (a + 1) VIRTUAL)"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID",
     "CREATE TABLE t (a INTEGER PRIMARY KEY) without rowid,strict"},
    {"CREATE TABLE t (a); CREATE INDEX IF NOT EXISTS main.ix ON t (a ASC)",
     "CREATE TABLE t (a); CREATE INDEX \"ix\" ON \"t\"(\"a\")"},
    {"CREATE TABLE t (a, b); CREATE UNIQUE INDEX ix ON t (lower(a), b DESC) WHERE b IN (1, -2)",
     "CREATE TABLE t (a, b); CREATE UNIQUE INDEX ix ON t (LOWER ( a ),b desc) WHERE [b] in(1,-2)"},
    {"CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t",
     "CREATE TABLE t (a); CREATE VIEW IF NOT EXISTS v AS\n  select \"a\" /* c */ from t"},
    {"CREATE TABLE t (a); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW WHEN new.a > 1 BEGIN "
     "DELETE FROM t; END",
     "CREATE TABLE t (a); CREATE TRIGGER g INSERT ON t WHEN NEW.a>1 BEGIN delete from t ; end"},
    {"CREATE TABLE t AS SELECT 1 AS a", "CREATE TABLE t (a)"},
    {"CREATE TABLE t (a); CREATE TABLE alembic_version (x); CREATE TABLE Skein_History (y UNIQUE)",
     "CREATE TABLE t (a)"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (1); ANALYZE",
     "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)"},
    {"CREATE VIRTUAL TABLE d USING fts5(body)",
     "CREATE VIRTUAL TABLE \"d\" USING FTS5 ( \"body\" )"},
    {"CREATE TABLE t (a UNSIGNED BIG INT)", "CREATE TABLE t (a unsigned  big int)"},
    {"CREATE TABLE t (a VARCHAR(20) )", "CREATE TABLE t (a varchar ( 20 ))"},
    {"CREATE TABLE t (key INT)", "CREATE TABLE t (\"key\" INT)"},
    {"CREATE TABLE t (\"order\" INT UNIQUE)", "CREATE TABLE t ([ORDER] INT, UNIQUE (`order`))"},
};

static void texts_that_mean_the_same_are_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof equal / sizeof *equal; i++) {
        struct arena arena;
        arena_init(&arena);
        const char *words = compare(&arena, equal[i].a, equal[i].b);
        if (*words)
            fail_msg("%s\n%s\n%s", equal[i].a, equal[i].b, words);
        arena_done(&arena);
    }
}

static const struct {
    const char *a, *b, *words;
} different[] = {
    {"CREATE TABLE t (a)", "", "table t is missing"},
    {"", "CREATE TABLE t (a)", "table t is extra"},
    {"CREATE TABLE t (a, b)", "CREATE TABLE t (a)", "column t.b is missing"},
    {"CREATE TABLE t (a)", "CREATE TABLE t (a, B)", "column t.B is extra"},
    {"CREATE TABLE t (a INT)", "CREATE TABLE t (a INTEGER)",
     "column t.a: type is 'integer' instead of 'int'"},
    {"CREATE TABLE t (a)", "CREATE TABLE t (a TEXT)", "column t.a: type 'text' is extra"},
    {"CREATE TABLE t (a VARCHAR(20))", "CREATE TABLE t (a VARCHAR(30))",
     "column t.a: type is 'varchar(30)' instead of 'varchar(20)'"},
    {"CREATE TABLE t (a NOT NULL)", "CREATE TABLE t (a)", "column t.a: not null 'yes' is missing"},
    {"CREATE TABLE t (a NOT NULL)", "CREATE TABLE t (a NOT NULL ON CONFLICT IGNORE)",
     "column t.a: not null on conflict 'ignore' is extra"},
    {"CREATE TABLE t (a DEFAULT 1)", "CREATE TABLE t (a DEFAULT '1')",
     "column t.a: default is ''1'' instead of '1'"},
    {"CREATE TABLE t (a DEFAULT 'x')", "CREATE TABLE t (a DEFAULT 'X')",
     "column t.a: default is ''X'' instead of ''x''"},
    {"CREATE TABLE t (a DEFAULT (1+1))", "CREATE TABLE t (a DEFAULT 2)",
     "column t.a: default is '2' instead of '(1 + 1)'"},
    {"CREATE TABLE t (a COLLATE NOCASE)", "CREATE TABLE t (a)",
     "column t.a: collation 'nocase' is missing"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER)",
     "primary key of t (columns 'a') is missing"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER PRIMARY KEY DESC)",
     "primary key of t: columns is 'a desc' instead of 'a'"},
    {"CREATE TABLE t (a INTEGER PRIMARY KEY)",
     "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
     "primary key of t: autoincrement 'yes' is extra"},
    {"CREATE TABLE t (a, b, PRIMARY KEY (a, b))", "CREATE TABLE t (a, b, PRIMARY KEY (b, a))",
     "primary key of t: columns is 'b, a' instead of 'a, b'"},
    {"CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a)",
     "unique constraint of t (columns 'a') is missing"},
    {"CREATE TABLE t (a, UNIQUE (a))", "CREATE TABLE t (a, UNIQUE (a COLLATE NOCASE))",
     "unique constraint of t (columns 'a') is missing\n"
     "unique constraint of t (columns 'a collate nocase') is extra"},
    {"CREATE TABLE t (a, CONSTRAINT u UNIQUE (a))", "CREATE TABLE t (a, CONSTRAINT v UNIQUE (a))",
     "unique constraint t.u is missing\nunique constraint t.v is extra"},
    {"CREATE TABLE t (a, CONSTRAINT c CHECK (a > 0))",
     "CREATE TABLE t (a, CONSTRAINT c CHECK (a > 1))",
     "check t.c: condition is 'a > 1' instead of 'a > 0'"},
    {"CREATE TABLE t (a CHECK (a = 'x'))", "CREATE TABLE t (a)",
     "check of t (condition 'a = 'x'') is missing"},
    {"CREATE TABLE t (a, null_ CHECK (null_ IS NULL))",
     "CREATE TABLE t (a, null_ CHECK (null_ IS \"NULL\"))",
     "check of t (condition 'null_ is \"null\"') is extra\n"
     "check of t (condition 'null_ is null') is missing"},
    {"CREATE TABLE t (a REFERENCES p (x))", "CREATE TABLE t (a REFERENCES p (x) ON DELETE CASCADE)",
     "foreign key of t (columns 'a', on delete 'cascade', table 'p', target columns 'x') is extra\n"
     "foreign key of t (columns 'a', table 'p', target columns 'x') is missing"},
    {"CREATE TABLE t (a, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x) ON UPDATE SET NULL)",
     "CREATE TABLE t (a, CONSTRAINT f FOREIGN KEY (a) REFERENCES q (y) ON UPDATE SET DEFAULT)",
     "foreign key t.f: on update is 'set default' instead of 'set null', table is 'q' instead of "
     "'p', target columns is 'y' instead of 'x'"},
    {"CREATE TABLE t (a, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x))",
     "CREATE TABLE t (a, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x) DEFERRABLE INITIALLY DEFERRED)",
     "foreign key t.f: deferred 'yes' is extra"},
    {"CREATE TABLE t (a, b AS (a + 1))", "CREATE TABLE t (a, b AS (a + 2))",
     "column t.b: generated is 'a + 2' instead of 'a + 1'"},
    {"CREATE TABLE t (a, b AS (a) STORED)", "CREATE TABLE t (a, b AS (a))",
     "column t.b: stored 'yes' is missing"},
    {"CREATE TABLE t (a INT) STRICT", "CREATE TABLE t (a INT)", "table t: strict 'yes' is missing"},
    {"CREATE TABLE t (a INT PRIMARY KEY)", "CREATE TABLE t (a INT PRIMARY KEY) WITHOUT ROWID",
     "table t: without rowid 'yes' is extra"},
    {"CREATE TABLE t (a); CREATE INDEX ix ON t (a)", "CREATE TABLE t (a)", "index t.ix is missing"},
    {"CREATE TABLE t (a); CREATE INDEX ix ON t (a)",
     "CREATE TABLE t (a); CREATE UNIQUE INDEX ix ON t (a)", "index t.ix: unique 'yes' is extra"},
    {"CREATE TABLE t (a); CREATE INDEX ix ON t (a)",
     "CREATE TABLE t (a); CREATE INDEX ix ON t (a DESC)",
     "index t.ix: columns is 'a desc' instead of 'a'"},
    {"CREATE TABLE t (a); CREATE INDEX ix ON t (a)",
     "CREATE TABLE t (a); CREATE INDEX ix ON t (a COLLATE NOCASE)",
     "index t.ix: columns is 'a collate nocase' instead of 'a'"},
    {"CREATE TABLE t (a); CREATE INDEX ix ON t (a) WHERE a > 1",
     "CREATE TABLE t (a); CREATE INDEX ix ON t (a) WHERE a > 2",
     "index t.ix: where is 'a > 2' instead of 'a > 1'"},
    {"CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 2",
     "view v: query is 'select 2' instead of 'select 1'"},
    {"CREATE VIEW v (a) AS SELECT 1", "CREATE VIEW v AS SELECT 1",
     "view v: columns 'a' is missing"},
    {"CREATE VIEW v AS SELECT 1", "CREATE TABLE v (a)", "table v is extra\nview v is missing"},
    {"CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
     "CREATE TABLE t (a)", "trigger t.g is missing"},
    {"CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
     "CREATE TABLE t (a); CREATE TRIGGER g AFTER UPDATE OF a ON t WHEN new.a BEGIN SELECT 2; END",
     "trigger t.g: body is 'select 2; end' instead of 'select 1; end', event is 'after update of a' "
     "instead of 'after insert', when 'new.a' is extra"},
    {"CREATE VIRTUAL TABLE d USING fts5(a)", "CREATE VIRTUAL TABLE d USING fts5(a, b)",
     "virtual table d: arguments is '(a, b)' instead of '(a)'"},
    {"CREATE VIRTUAL TABLE d USING fts5(a, tokenize = 'porter')",
     "CREATE VIRTUAL TABLE d USING fts5(a, tokenize = 'Porter')",
     "virtual table d: arguments is '(a, tokenize = 'Porter')' instead of '(a, tokenize = 'porter')'"},
    {"PRAGMA user_version = 3", "PRAGMA application_id = 7",
     "database: application id '7' is extra, user version '3' is missing"},
};

static void texts_that_mean_another_thing_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        struct arena arena;
        arena_init(&arena);
        const char *words = compare(&arena, different[i].a, different[i].b);
        if (strcmp(words, different[i].words) != 0)
            fail_msg("%s\n%s\n%s\nexpected:\n%s", different[i].a, different[i].b, words,
                     different[i].words);
        arena_done(&arena);
    }
}

static void hostile_names_are_read(void **state)
{
    static const char sql[] =
        "CREATE TABLE \"a\"\"b'c]d`e;--\" (\"x y\" INT, \"1\" TEXT, \"\" INT, \"select\" INT "
        "REFERENCES \"a\"\"b'c]d`e;--\" (\"1\"), \"\xc3\x84\" INT, \"(\" INT, \",\" INT, UNIQUE (\"(\", \",\"));"
        "CREATE INDEX \"i (\" ON \"a\"\"b'c]d`e;--\" (\"x y\", \"(\");"
        "CREATE VIEW [v w] AS SELECT \"x y\" FROM \"a\"\"b'c]d`e;--\"";
    struct arena arena;
    struct catalog catalog;
    (void)state;
    arena_init(&arena);
    read_catalog(&arena, sql, &catalog);
    assert_string_equal(compare(&arena, sql, sql), "");
    assert_string_equal(catalog.objects[0]->name, "a\"b'c]d`e;--");
    assert_string_equal(catalog.objects[1]->name, "x y");
    assert_string_equal(catalog.objects[2]->name, "1");
    assert_string_equal(catalog.objects[3]->name, "");
    size_t columns = 0;
    for (size_t i = 0; i < catalog.object_count; i++) {
        const struct object *object = catalog.objects[i];
        columns += object->kind == OBJECT_COLUMN;
        if (object->kind == OBJECT_UNIQUE)
            assert_string_equal(object_get(object, "columns"), "\"(\", \",\"");
        assert_null(object_get(object, "rest"));
    }
    assert_int_equal(columns, 7);
    arena_done(&arena);
}

static void shadow_tables_go_with_their_virtual_table(void **state)
{
    struct arena arena;
    struct catalog catalog;
    (void)state;
    arena_init(&arena);
    read_catalog(
        &arena,
        "CREATE VIRTUAL TABLE docs USING fts4(body); CREATE VIRTUAL TABLE box USING rtree(id, "
        "a, b); CREATE VIRTUAL TABLE f USING fts5(x); CREATE TABLE docs_other (a); "
        "CREATE TABLE node (a)",
        &catalog);
    size_t tables = 0, virtual_tables = 0;
    for (size_t i = 0; i < catalog.object_count; i++) {
        tables += catalog.objects[i]->kind == OBJECT_TABLE;
        virtual_tables += catalog.objects[i]->kind == OBJECT_VIRTUAL_TABLE;
    }
    assert_int_equal(tables, 2);
    assert_int_equal(virtual_tables, 3);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(texts_that_mean_the_same_are_equal),
    cmocka_unit_test(texts_that_mean_another_thing_differ),
    cmocka_unit_test(hostile_names_are_read),
    cmocka_unit_test(shadow_tables_go_with_their_virtual_table),
};

UNIT_MAIN(tests)
