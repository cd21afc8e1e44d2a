/* Which questions the statements of a plan ask of the rows, and which of them cannot be known before. What the answers are worth
 * is tests/e2e/test_preflight.py's. */
#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/dialect.h"
#include "preflight/preflight.h"

struct preflight_case {
    const char *sql;
    const char *expected; /* a line for each question: `line kind table about: how` */
};

static const char *how(const struct preflight_item *item)
{
    const struct question *question = &item->question;
    return question->reason   ? question->reason
           : item->blocked    ? item->blocked
           : question->lookup ? "lookup"
           : question->trial  ? "trial"
                              : question->rows;
}

/* `own("t")` for the query of a table's own rows, which is long. */
static void add_short(struct buf *buf, const char *text)
{
    static const char begin[] = "(SELECT skein_own.* FROM ";
    const char *found;
    for (; (found = strstr(text, begin)); text = found) {
        const char *table = found + sizeof begin - 1;
        buf_addf(buf, "%.*sown(%.*s)", (int)(found - text), text,
                 (int)(strstr(table, " AS skein_own") - table), table);
        int depth = 0;
        do {
            depth += (*found == '(') - (*found == ')');
            found++;
        } while (depth);
    }
    buf_adds(buf, text);
}

static struct preflight derive(struct arena *arena, const struct dialect *dialect, const char *sql)
{
    static const struct revision revision = {.id = "aaaa", .path = "a.sql"};
    struct preflight preflight = {.arena = arena};
    struct statement *statements;
    size_t count;
    struct err err;
    if (!dialect->split(arena, sql, strlen(sql), &statements, &count, &err))
        fail_msg("%s: %s", sql, err.text);
    struct preflight_statement *given = arena_calloc(arena, count + 1, sizeof *given);
    for (size_t i = 0; i < count; i++)
        given[i] = (struct preflight_statement){.sql = sql + statements[i].offset,
                                                .len = statements[i].len,
                                                .revision = &revision,
                                                .line = statements[i].line,
                                                .source = ""};
    preflight_derive(&preflight, dialect, given, count);
    return preflight;
}

static void check(enum dialect_id id, const struct preflight_case *cases, size_t count)
{
    const struct dialect *dialect = dialect_of(id);
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        struct buf found;
        arena_init(&arena);
        buf_init(&found, BUF_MAX_DEFAULT);
        struct preflight preflight = derive(&arena, dialect, cases[i].sql);
        for (size_t at = 0; at < preflight.count; at++) {
            const struct preflight_item *item = &preflight.items[at];
            buf_addf(&found, "%d %s %s %s: ", preflight.statements[item->statement].line,
                     question_kind_name(item->question.kind), item->question.table,
                     item->question.about);
            add_short(&found, how(item));
            buf_addc(&found, '\n');
        }
        if (strcmp(found.data, cases[i].expected) != 0)
            fail_msg("%s\nfound:\n%s\nexpected:\n%s", cases[i].sql, found.data, cases[i].expected);
        buf_done(&found);
        arena_done(&arena);
    }
}

/* What an INSERT or an UPDATE asks, by line and table. */
#define WRITTEN_POSTGRES(line, table)                                                              \
    line " nulls " table " the columns of " table ": lookup\n" line " cast " table                 \
         " the types of " table ": lookup\n" line " length " table " the types of " table          \
         ": lookup\n" line " duplicates " table " a key of " table ": lookup\n" line               \
         " check " table " the rules of " table ": lookup\n" line " orphans " table                \
         " a foreign key of " table ": lookup\n"
#define OWN_WAY "the statement has its own way with what does not fit\n"
#define NOT_PLAIN "it is no INSERT, UPDATE or DELETE of a plain form\n"
#define OF_DEFAULT "bounds t the default partition once q is there"
#define KEYS_OF_TABLE                                                                              \
    "1 duplicates q values of a unique key of t: lookup\n"                                         \
    "1 orphans q a foreign key of t: lookup\n"
#define ATTACHED(how)                                                                              \
    "1 " OF_DEFAULT ": " how "\n"                                                                  \
    "1 bounds q q: " how "\n" KEYS_OF_TABLE

static void preflight_of_postgresql(void **state)
{
    (void)state;
    static const struct preflight_case cases[] = {
        {"ALTER TABLE t ALTER COLUMN a SET NOT NULL",
         "1 nulls t a: \"t\" WHERE \"a\" IS NOT DISTINCT FROM NULL\n"},
        {"ALTER TABLE ONLY s.\"T x\" ALTER COLUMN \"a\"\"b\" SET NOT NULL",
         "1 nulls T x a\"b: ONLY \"s\".\"T x\" WHERE \"a\"\"b\" IS NOT DISTINCT FROM NULL\n"},
        {"ALTER TABLE t ADD COLUMN a int NOT NULL", "1 rows t a: \"t\"\n"},
        {"ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 5, ADD COLUMN b serial, ADD COLUMN c text",
         ""},
        {"ALTER TABLE t ADD COLUMN a int DEFAULT 5 + 1 UNIQUE CHECK (a > 5 AND b < a)",
         "1 duplicates t a: (SELECT \"a\" AS skein_1 FROM (SELECT skein_rows.*, (5 + 1\n"
         ")::int AS \"a\" FROM own(\"t\") AS skein_rows) AS \"t\" WHERE \"a\" IS DISTINCT FROM NULL GROUP BY \"a\" HAVING count(*) > 1) AS skein_found\n"
         "1 check t a > 5 AND b < a: (SELECT skein_rows.*, (5 + 1\n"
         ")::int AS \"a\" FROM \"t\" AS skein_rows) AS \"t\" WHERE NOT (a > 5 AND b < a\n"
         ")\n"},
        {"ALTER TABLE t ADD COLUMN a int CHECK (a > 5)",
         "1 check t a > 5: (SELECT skein_rows.*, (NULL\n"
         ")::int AS \"a\" FROM \"t\" AS skein_rows) AS \"t\" WHERE NOT (a > 5\n"
         ")\n"},
        {"ALTER TABLE t ADD COLUMN a int REFERENCES p", ""},
        {"ALTER TABLE t ADD COLUMN a int DEFAULT 1 REFERENCES p (id)",
         "1 orphans t a: (SELECT skein_rows.*, (1\n"
         ")::int AS \"a\" FROM own(\"t\") AS skein_rows) AS skein_child WHERE (skein_child.\"a\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM own(\"p\") AS skein_parent WHERE skein_parent.\"id\" = skein_child.\"a\"))\n"},
        {"ALTER TABLE t ADD UNIQUE (a, b)",
         "1 duplicates t a, b: (SELECT \"a\" AS skein_1, \"b\" AS skein_2 FROM own(\"t\") AS \"t\" WHERE \"a\" IS DISTINCT FROM NULL AND \"b\" IS DISTINCT FROM NULL GROUP BY \"a\", \"b\" HAVING count(*) > 1) AS skein_found\n"},
        {"ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a)",
         "1 duplicates t a: (SELECT \"a\" AS skein_1 FROM own(\"t\") AS \"t\" GROUP BY \"a\" HAVING count(*) > 1) AS skein_found\n"},
        {"ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i", ""},
        {"ALTER TABLE t ADD PRIMARY KEY USING INDEX i", "1 nulls t i: lookup\n"},
        {"ALTER TABLE t ADD PRIMARY KEY (a)",
         "1 nulls t a: \"t\" WHERE \"a\" IS NOT DISTINCT FROM NULL\n"
         "1 duplicates t a: (SELECT \"a\" AS skein_1 FROM own(\"t\") AS \"t\" WHERE \"a\" IS DISTINCT FROM NULL GROUP BY \"a\" HAVING count(*) > 1) AS skein_found\n"},
        {"CREATE UNIQUE INDEX CONCURRENTLY i ON t USING btree (lower(a) text_pattern_ops DESC, (b || ','), c /* , */ "
         "COLLATE \"C\" NULLS FIRST) INCLUDE (d) WHERE d > 0 -- x",
         "1 duplicates t lower(a), (b || ','), \"c\" COLLATE \"C\": (SELECT (lower(a)) AS skein_1, ((b || ',')) AS skein_2, (\"c\" COLLATE \"C\") AS skein_3 FROM own(\"t\") AS \"t\" WHERE CASE WHEN (d > 0\n"
         ") THEN (lower(a)) IS DISTINCT FROM NULL AND ((b || ',')) IS DISTINCT FROM NULL AND (\"c\" COLLATE \"C\") IS DISTINCT FROM NULL ELSE FALSE END GROUP BY (lower(a)), ((b || ',')), (\"c\" COLLATE \"C\") HAVING count(*) > 1) AS skein_found\n"},
        {"CREATE INDEX i ON t (a)", ""},
        {"CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a)",
         "1 duplicates t a: whether the statement does anything depends on what is there already\n"},
        {"ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES p (x, y)",
         "1 orphans t a, b: own(\"t\") AS skein_child WHERE (skein_child.\"a\" IS NOT NULL AND skein_child.\"b\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM own(\"p\") AS skein_parent WHERE skein_parent.\"x\" = skein_child.\"a\" AND skein_parent.\"y\" = skein_child.\"b\"))\n"},
        {"ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES s.p (x, y) MATCH FULL",
         "1 orphans t a, b: own(\"t\") AS skein_child WHERE (skein_child.\"a\" IS NOT NULL AND skein_child.\"b\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM own(\"s\".\"p\") AS skein_parent WHERE skein_parent.\"x\" = skein_child.\"a\" AND skein_parent.\"y\" = skein_child.\"b\")) OR ((skein_child.\"a\" IS NULL OR skein_child.\"b\" IS NULL) AND (skein_child.\"a\" IS NOT NULL OR skein_child.\"b\" IS NOT NULL))\n"},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", "1 orphans t a: lookup\n"},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID", ""},
        {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0 -- no\n) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c",
         "3 check t c: \"t\" WHERE NOT (a > 0 -- no\n"
         "\n"
         ")\n"},
        {"ALTER TABLE t VALIDATE CONSTRAINT c", "1 check t c: lookup\n"},
        {"ALTER TABLE t ALTER a TYPE varchar(20), ALTER b TYPE numeric(6, 2) USING b::numeric",
         "1 length t varchar(20) of a: \"t\" WHERE pg_catalog.rtrim(pg_catalog.substr((\"a\"\n"
         ")::pg_catalog.text, 21), ' ') <> ''\n"
         "1 duplicates t a: lookup\n"
         "1 check t a rule of a: lookup\n"
         "1 orphans t a: lookup\n"
         "1 length t numeric(6,2) of b: \"t\" WHERE pg_catalog.abs(pg_catalog.round((b::numeric\n"
         ")::pg_catalog.numeric, 2)) >= 1e4::pg_catalog.numeric AND (b::numeric\n"
         ")::pg_catalog.numeric <> 'NaN'\n"
         "1 duplicates t b: lookup\n"
         "1 check t a rule of b: lookup\n"
         "1 orphans t b: lookup\n"},
        {"ALTER TABLE t ALTER a TYPE int USING (a::int), ALTER b TYPE varchar(3)[]",
         "1 cast t int4 of a: trial\n"
         "1 duplicates t a: lookup\n"
         "1 check t a rule of a: lookup\n"
         "1 orphans t a: lookup\n"
         "1 cast t b: no cast to varchar(3)[] refuses what an ALTER refuses\n"},
        {"ALTER TABLE t ALTER a TYPE int USING random()",
         "1 cast t a: random is another each time\n"},
        {"ALTER TABLE t ATTACH PARTITION q FOR VALUES FROM ('2024-01-01') TO (MAXVALUE)",
         ATTACHED("lookup")},
        {"ALTER TABLE t ATTACH PARTITION q FOR VALUES IN ('a', 'b')", ATTACHED("lookup")},
        {"ALTER TABLE t ATTACH PARTITION q DEFAULT",
         "1 bounds q q: its bounds are of a kind that no question is known for\n" KEYS_OF_TABLE},
        {"CREATE TABLE q PARTITION OF t FOR VALUES IN (1)", "1 " OF_DEFAULT ": lookup\n"},
        {"CREATE TABLE q PARTITION OF t DEFAULT", ""},
        {"CREATE TABLE q (a int);\nALTER TABLE t ATTACH PARTITION q FOR VALUES IN (1)",
         "2 " OF_DEFAULT ": lookup\n"},
        {"ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)",
         "1 check d a rule of the domain d: lookup\n"},
        {"ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID", ""},
        {"ALTER DOMAIN s.d VALIDATE CONSTRAINT c", "1 check d a rule of the domain d: lookup\n"},
        {"ALTER DOMAIN d SET NOT NULL", "1 nulls d columns of the domain d: lookup\n"},
        {"ALTER DOMAIN d DROP NOT NULL", ""},
        {"ALTER DOMAIN d SET DEFAULT 5", ""},
        {"UPDATE t SET a = 1;\nALTER DOMAIN d SET NOT NULL",
         WRITTEN_POSTGRES("1", "t") "2 nulls d columns of the domain d: a.sql:1 changes rows\n"},
        {"ALTER TABLE t ALTER a SET DEFAULT 5", ""},
        {"CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL", ""},
        {"CREATE TABLE t AS SELECT 1 AS a;\nALTER TABLE t ALTER a SET NOT NULL",
         "2 nulls t a: a.sql:1 makes the table\n"},
        {"CREATE TABLE IF NOT EXISTS t (a int);\nALTER TABLE t ALTER a SET NOT NULL",
         "2 nulls t a: a.sql:1 makes the table\n"},
        {"ALTER TABLE t ADD a int;\nALTER TABLE t ALTER a SET NOT NULL;\nALTER TABLE t ALTER b SET NOT NULL",
         "2 nulls t a: \"t\" WHERE (SELECT (\"a\"\n"
         ") FROM (SELECT (NULL\n"
         ")::int AS \"a\") AS skein_changed) IS NOT DISTINCT FROM NULL\n"
         "3 nulls t b: \"t\" WHERE \"b\" IS NOT DISTINCT FROM NULL\n"},
        {"ALTER TABLE t RENAME a TO b;\nALTER TABLE t ALTER b SET NOT NULL",
         "2 nulls t b: \"t\" WHERE \"a\" IS NOT DISTINCT FROM NULL\n"},
        {"ALTER TABLE u RENAME TO t;\nALTER TABLE t ALTER b SET NOT NULL",
         "2 nulls t b: \"u\" WHERE \"b\" IS NOT DISTINCT FROM NULL\n"},
        {"UPDATE t SET a = 1;\nALTER TABLE t ALTER a SET NOT NULL",
         WRITTEN_POSTGRES("1", "t") "2 nulls t a: a.sql:1 changes its rows\n"},
        {"UPDATE u SET a = 1;\nALTER TABLE t ALTER a SET NOT NULL",
         WRITTEN_POSTGRES("1", "u") "2 nulls t a: \"t\" WHERE \"a\" IS NOT DISTINCT FROM NULL\n"},
        {"INSERT INTO t SELECT * FROM u ON CONFLICT DO NOTHING",
         "1 nulls t the columns of t: lookup\n1 cast t the types of t: lookup\n"
         "1 length t the types of t: lookup\n1 check t the rules of t: lookup\n"
         "1 orphans t a foreign key of t: lookup\n"},
        {"INSERT INTO t SELECT * FROM u ON CONFLICT (a) DO UPDATE SET a = 1",
         "1 check t the rules of t: " OWN_WAY},
        {"INSERT INTO t (a, b.c) SELECT 1, 2 FROM u", "1 check t the rules of t: " NOT_PLAIN},
        {"INSERT INTO t DEFAULT VALUES", "1 check t the rules of t: " NOT_PLAIN},
        {"UPDATE t AS x SET (a, b) = (1, 2)", "1 check t the rules of t: " NOT_PLAIN},
        {"UPDATE t SET a = u.b FROM u WHERE u.id = t.id", "1 check t the rules of t: " NOT_PLAIN},
        {"UPDATE t SET a = 1 WHERE a IS DISTINCT FROM b RETURNING a", WRITTEN_POSTGRES("1", "t")},
        {"UPDATE t SET a = random()", "1 check t the rules of t: random is another each time\n"},
        {"CREATE TABLE u (a int);\nINSERT INTO t SELECT a FROM u", ""},
        {"DELETE FROM u;\nINSERT INTO t SELECT a FROM u",
         "1 orphans u a foreign key to u: lookup\n2 nulls t the columns of t: a.sql:1 changes u\n"},
        {"TRUNCATE u CASCADE;\nALTER TABLE t ALTER a SET NOT NULL",
         "2 nulls t a: a.sql:1 changes the rows of several tables\n"},
        {"DO $$ BEGIN END $$;\nALTER TABLE t ALTER a SET NOT NULL",
         "2 nulls t a: a.sql:1 may change anything\n"},
        {"COPY u FROM '/x';\nALTER TABLE t ALTER a SET NOT NULL",
         "2 nulls t a: a.sql:1 may change anything\n"},
        {"SET lock_timeout = '1s';\nALTER TABLE t ALTER a SET NOT NULL",
         "2 nulls t a: \"t\" WHERE \"a\" IS NOT DISTINCT FROM NULL\n"},
        {"SET search_path = s;\nALTER TABLE t ALTER a SET NOT NULL",
         "2 nulls t a: a.sql:1 changes a setting\n"},
        {"ALTER TABLE t ALTER a TYPE text;\nALTER TABLE t ALTER b SET NOT NULL;\nALTER TABLE t ADD CHECK (b > a)",
         "1 cast t text of a: trial\n"
         "1 check t a rule of a: lookup\n"
         "1 orphans t a: lookup\n"
         "2 nulls t b: \"t\" WHERE \"b\" IS NOT DISTINCT FROM NULL\n"
         "3 check t b > a: \"t\" WHERE NOT ((SELECT (b > a\n"
         ") FROM (SELECT (\"a\"\n"
         ")::text AS \"a\") AS skein_changed)\n"
         ")\n"},
    };
    check(DIALECT_POSTGRESQL, cases, ARRAY_LEN(cases));
}

static void preflight_of_mariadb(void **state)
{
    (void)state;
    static const struct preflight_case cases[] = {
        {"ALTER TABLE t MODIFY a INT NOT NULL", "1 nulls t a: `t` WHERE `a` IS NULL\n"
                                                "1 cast t int of a: lookup\n"
                                                "1 duplicates t a: lookup\n"},
        {"ALTER TABLE t CHANGE a b VARCHAR(3) NOT NULL DEFAULT 'x', ADD UNIQUE KEY u (c(10), d)",
         "1 nulls t a: `t` WHERE `a` IS NULL\n"
         "1 length t varchar(3) of a: lookup\n"
         "1 duplicates t LEFT(`c`, 10), d: (SELECT LEFT(`c`, 10) AS skein_1, `d` AS skein_2 FROM `t` WHERE LEFT(`c`, 10) IS NOT NULL AND `d` IS NOT NULL GROUP BY LEFT(`c`, 10), `d` HAVING count(*) > 1) AS skein_found\n"},
        {"ALTER TABLE t ADD COLUMN a INT NOT NULL", ""},
        {"ALTER TABLE t ADD COLUMN a INT NOT NULL UNIQUE",
         "1 duplicates t a: (SELECT 1 AS skein_1 FROM `t` LIMIT 1 OFFSET 1) AS skein_found\n"},
        {"ALTER TABLE t ADD COLUMN a INT UNIQUE", ""},
        {"ALTER TABLE t ADD COLUMN a INT CHECK (a > 0)",
         "1 check t (a > 0): whether the server holds a column's CHECK to the rows depends on how it changes the table\n"},
        {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "1 check t c: `t` WHERE NOT (a > 0\n"
                                                         ")\n"},
        {"ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a, `b``c`) REFERENCES p (x, y)",
         "1 orphans t a, b`c: `t` AS skein_child WHERE (skein_child.`a` IS NOT NULL AND skein_child.`b``c` IS NOT NULL AND NOT EXISTS (SELECT 1 FROM `p` AS skein_parent WHERE skein_parent.`x` = skein_child.`a` AND skein_parent.`y` = skein_child.`b``c`))\n"},
        {"ALTER TABLE t ADD PRIMARY KEY (a)",
         "1 nulls t a: `t` WHERE `a` IS NULL\n"
         "1 duplicates t a: (SELECT `a` AS skein_1 FROM `t` WHERE `a` IS NOT NULL GROUP BY `a` HAVING count(*) > 1) AS skein_found\n"},
        {"CREATE UNIQUE INDEX i ON t (a, (b + 1))",
         "1 duplicates t a, b + 1: (SELECT `a` AS skein_1, (b + 1) AS skein_2 FROM `t` WHERE `a` IS NOT NULL AND (b + 1) IS NOT NULL GROUP BY `a`, (b + 1) HAVING count(*) > 1) AS skein_found\n"},
        {"ALTER IGNORE TABLE t ADD UNIQUE (a)", ""},
        {"ALTER TABLE t MODIFY a TIMESTAMP NOT NULL", "1 cast t timestamp of a: lookup\n"},
        {"ALTER TABLE t MODIFY a VARCHAR(5) CHARACTER SET latin1",
         "1 cast t a: its character set or collation may change\n"},
        {"SET foreign_key_checks = 0;\nALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (x)",
         "2 orphans t a: a.sql:1 changes a setting\n"},
        {"UPDATE t, u SET t.a = 1;\nALTER TABLE v ADD UNIQUE (a)",
         "1 check t the rules of t: it is no INSERT, UPDATE or DELETE of a plain form\n"
         "2 duplicates v a: a.sql:1 changes the rows of several tables\n"},
        {"INSERT INTO t (a) SELECT b FROM u",
         "1 nulls t the columns of t: lookup\n1 cast t the types of t: lookup\n"
         "1 duplicates t a key of t: lookup\n1 check t the rules of t: lookup\n"
         "1 orphans t a foreign key of t: lookup\n"},
        {"INSERT IGNORE INTO t (a) SELECT b FROM u", ""},
        {"INSERT INTO t (a) SELECT b FROM u ON DUPLICATE KEY UPDATE a = 2",
         "1 check t the rules of t: " OWN_WAY},
        {"REPLACE INTO t (a) SELECT b FROM u", "1 check t the rules of t: " OWN_WAY},
        {"UPDATE t SET a = 1, b = a",
         "1 check t the rules of t: an assignment sees what those before it have set\n"},
        {"UPDATE t SET a = 1 ORDER BY b LIMIT 5", "1 check t the rules of t: " NOT_PLAIN},
        {"UPDATE t SET a = NOW()", "1 check t the rules of t: NOW is another each time\n"},
        {"UPDATE IGNORE t SET a = 1", ""},
        {"DELETE FROM t WHERE a = 1", "1 orphans t a foreign key to t: lookup\n"},
        {"CREATE TABLE t (a INT);\nINSERT INTO t SELECT a FROM u",
         "2 check t the rules of t: the plan makes the table\n"},
        {"CREATE TABLE t (a INT);\nINSERT INTO t VALUES (1);\nUPDATE t SET a = 2",
         "3 check t the rules of t: the plan makes the table\n"},
        {"ALTER TABLE t MODIFY a INT;\nALTER TABLE t ADD CHECK (a > 0)",
         "1 cast t int of a: lookup\n1 duplicates t a: lookup\n2 check t a > 0: lookup\n"},
        {"ALTER TABLE t MODIFY a DATE;\nALTER TABLE t ADD CHECK (a > 0)",
         "1 cast t date of a: lookup\n1 duplicates t a: lookup\n2 check t a > 0: a.sql:1 changes a column's type\n"},
        {"LOAD DATA INFILE 'x' INTO TABLE t;\nALTER TABLE v ADD UNIQUE (a)",
         "2 duplicates v a: a.sql:1 may change anything\n"},
        {"CREATE TABLE t SELECT 1 AS a;\nALTER TABLE t ADD UNIQUE (a)",
         "2 duplicates t a: a.sql:1 makes the table\n"},
        {"CREATE TABLE t (a INT);\nALTER TABLE t ADD UNIQUE (a)", ""},
    };
    check(DIALECT_MARIADB, cases, ARRAY_LEN(cases));
}

static void preflight_of_sqlite(void **state)
{
    (void)state;
    static const struct preflight_case cases[] = {
        {"CREATE UNIQUE INDEX i ON t (lower(a) DESC, \"b c\" COLLATE NOCASE) WHERE d > 0",
         "1 duplicates t lower(a), \"b c\" COLLATE NOCASE: (SELECT (lower(a)) AS skein_1, (\"b c\" COLLATE NOCASE) AS skein_2 FROM \"t\" WHERE CASE WHEN (d > 0\n"
         ") THEN (lower(a)) IS NOT NULL AND (\"b c\" COLLATE NOCASE) IS NOT NULL ELSE FALSE END GROUP BY (lower(a)), (\"b c\" COLLATE NOCASE) HAVING count(*) > 1) AS skein_found\n"},
        {"ALTER TABLE t ADD COLUMN a NOT NULL", "1 rows t a: \"t\"\n"},
        {"ALTER TABLE t ADD COLUMN a NOT NULL DEFAULT 1 CHECK (a > 5)",
         "1 check t a > 5: (SELECT (1\n"
         ") AS `a`, * FROM \"t\") AS \"t\" WHERE NOT (a > 5\n"
         ")\n"},
        {"ALTER TABLE t ADD COLUMN a DEFAULT current_timestamp", "1 rows t a: \"t\"\n"},
        {"CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE CHECK (a <> ''), p REFERENCES q (id));\n"
         "INSERT INTO n SELECT id, a, p FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t",
         "2 duplicates t id: (WITH `n`(`id`, `a`, `p`) AS (SELECT id, a, p FROM t\n"
         ") SELECT `id` AS skein_1 FROM `n` WHERE `id` IS NOT NULL GROUP BY (CASE WHEN typeof(`id`) = 'text' AND CAST(`id` AS NUMERIC) = `id` THEN CAST(`id` AS NUMERIC) ELSE `id` END) HAVING count(*) > 1) AS skein_found\n"
         "2 cast t INTEGER of id: (WITH `n`(`id`, `a`, `p`) AS (SELECT id, a, p FROM t\n"
         ") SELECT `id` AS skein_1 FROM `n` WHERE NOT (typeof(`id`) IN ('null', 'integer') OR (typeof(`id`) IN ('real', 'text') AND CAST(`id` AS INTEGER) = `id`))) AS skein_found\n"
         "2 nulls t a: (WITH `n`(`id`, `a`, `p`) AS (SELECT id, a, p FROM t\n"
         ") SELECT `id` AS skein_1 FROM `n` WHERE `a` IS NULL) AS skein_found\n"
         "2 check t a <> '': (WITH `n`(`id`, `a`, `p`) AS (SELECT id, a, p FROM t\n"
         ") SELECT `id` AS skein_1 FROM (SELECT (CASE WHEN typeof(`id`) = 'text' AND CAST(`id` AS NUMERIC) = `id` THEN CAST(`id` AS NUMERIC) ELSE `id` END) AS `id`, (CASE WHEN typeof(`a`) IN ('integer', 'real') THEN CAST(`a` AS TEXT) ELSE `a` END) AS `a`, `p` AS `p` FROM `n`) AS `n` WHERE NOT (a <> ''\n"
         ")) AS skein_found\n"
         "2 duplicates t a: (WITH `n`(`id`, `a`, `p`) AS (SELECT id, a, p FROM t\n"
         ") SELECT `a` AS skein_1 FROM `n` WHERE `a` IS NOT NULL GROUP BY (CASE WHEN typeof(`a`) IN ('integer', 'real') THEN CAST(`a` AS TEXT) ELSE `a` END) HAVING count(*) > 1) AS skein_found\n"
         "2 orphans t p: (WITH `n`(`id`, `a`, `p`) AS (SELECT id, a, p FROM t\n"
         ") SELECT 1 FROM `n` AS skein_child WHERE skein_child.`p` IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.`q` AS skein_parent WHERE (id) = skein_child.`p`) AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list('t') WHERE \"from\" = 'p' COLLATE NOCASE AND \"table\" = 'q' COLLATE NOCASE)) AS skein_found\n"},
        {"ALTER TABLE t RENAME TO old;\nCREATE TABLE t (a INT, b, CONSTRAINT k CHECK (a > b), UNIQUE (a, b)) STRICT;\n"
         "INSERT INTO t (a, b) SELECT a, b FROM old;\nDROP TABLE old",
         "3 cast t INT of a: (WITH `old` AS (SELECT * FROM main.`t`), `t`(`a`, `b`) AS (SELECT a, b FROM old\n"
         ") SELECT 1 AS skein_1 FROM `t` WHERE NOT (typeof(`a`) IN ('null', 'integer') OR (typeof(`a`) IN ('real', 'text') AND CAST(`a` AS INTEGER) = `a`))) AS skein_found\n"
         "3 check t k: (WITH `old` AS (SELECT * FROM main.`t`), `t`(`a`, `b`) AS (SELECT a, b FROM old\n"
         ") SELECT 1 AS skein_1 FROM (SELECT (CASE WHEN typeof(`a`) = 'text' AND CAST(`a` AS NUMERIC) = `a` THEN CAST(`a` AS NUMERIC) ELSE `a` END) AS `a`, `b` AS `b` FROM `t`) AS `t` WHERE NOT (a > b\n"
         ")) AS skein_found\n"
         "3 duplicates t a, b: (WITH `old` AS (SELECT * FROM main.`t`), `t`(`a`, `b`) AS (SELECT a, b FROM old\n"
         ") SELECT `a` AS skein_1, `b` AS skein_2 FROM `t` WHERE `a` IS NOT NULL AND `b` IS NOT NULL GROUP BY (CASE WHEN typeof(`a`) = 'text' AND CAST(`a` AS NUMERIC) = `a` THEN CAST(`a` AS NUMERIC) ELSE `a` END), `b` HAVING count(*) > 1) AS skein_found\n"},
        {"UPDATE t SET a = 1;\nCREATE TABLE n (a NOT NULL);\nINSERT INTO n SELECT a FROM t",
         "1 cast t the types of t: lookup\n1 nulls t the columns of t: lookup\n"
         "1 duplicates t a key of t: lookup\n1 check t the rules of t: lookup\n"
         "3 nulls t a: a.sql:1 changes t\n"},
        {"CREATE TABLE n (a NOT NULL);\nINSERT OR IGNORE INTO n SELECT a FROM t",
         "2 check n n: the statement has its own way with what does not fit\n"},
        {"CREATE TABLE n (a, b NOT NULL);\nINSERT INTO n (a) SELECT a FROM t",
         "2 rows t b: (WITH `n`(`a`) AS (SELECT a FROM t\n"
         ") SELECT 1 AS skein_1 FROM `n` WHERE true) AS skein_found\n"},
        {"CREATE TABLE n (a);\nCREATE UNIQUE INDEX i ON n (a)", ""},
        {"DELETE FROM u;\nCREATE UNIQUE INDEX i ON t (a)",
         "2 duplicates t a: (SELECT (a) AS skein_1 FROM \"t\" WHERE (a) IS NOT NULL GROUP BY (a) HAVING count(*) > 1) AS skein_found\n"},
        {"DELETE FROM t;\nCREATE UNIQUE INDEX i ON t (a)",
         "2 duplicates t a: a.sql:1 changes its rows\n"},
    };
    check(DIALECT_SQLITE, cases, ARRAY_LEN(cases));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(preflight_of_postgresql),
    cmocka_unit_test(preflight_of_mariadb),
    cmocka_unit_test(preflight_of_sqlite),
};

UNIT_MAIN(tests)
