/* What a table has that a change of a column's type must keep, and what a domain says of its values, as questions. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/postgres/question_private.h"
#include "dialect/postgres/templates.h"
#include "dialect/template.h"

/* ---- domains ---------------------------------------------------------------------------------- */

static bool is_of_server(const char *definition)
{
    static const char *const names[] = {
        "int",         "integer", "int2",     "int4",   "int8",  "bigint", "smallint",
        "numeric",     "decimal", "real",     "double", "float", "text",   "varchar",
        "character",   "char",    "bpchar",   "bool",   "date",  "time",   "timestamp",
        "timestamptz", "timetz",  "interval", "uuid",   "json",  "jsonb",  "inet",
        "cidr",        "bytea",   "bit",      "money",  "xml"};
    size_t len = 0;
    while (ascii_is_alnum(definition[len]) || definition[len] == '_')
        len++;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strlen(names[i]) == len && ascii_begins(definition, names[i]))
            return true;
    return false;
}

/* A cast to a domain over a type with a length cuts what an assignment refuses. */
const char *postgres_look_up_domain(struct arena *arena, const char *definition, bool has_default)
{
    struct buf buf;
    if (is_of_server(definition))
        return NULL;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT NULL, NULL, CASE WHEN t.typtype = 'd' AND t.typtypmod >= 0 AND "
                   "t.typbasetype <> 'pg_catalog.numeric'::pg_catalog.regtype THEN 'it becomes a "
                   "domain whose length no cast refuses'");
    if (has_default)
        buf_adds(&buf, " WHEN t.typtype = 'd' AND t.typdefault IS NOT NULL THEN 'the domain has a "
                       "default'");
    buf_adds(&buf, " END FROM pg_catalog.pg_type t WHERE t.oid = pg_catalog.to_regtype(");
    postgres_add_literal(&buf, definition);
    buf_addc(&buf, ')');
    return buf_into(&buf, arena);
}

/* ---- what is kept ----------------------------------------------------------------------------- */

/* `(value)::type` of the column if the statement changes it; NULL: it does not. */
static const char *changed(struct arena *arena, const struct deed *deed)
{
    return arena_printf(arena, "(%s\n)::%s",
                        deed->expression ? deed->expression : deed->keys.items[0],
                        deed->definition);
}

/* All columns of the table, as an SQL text that makes a list of them: those that the statement changes as it does. */
static const char *columns_of(const struct question_request *request, struct arena *arena)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "pg_catalog.string_agg(CASE x.attname");
    for (size_t i = 0; i < request->count; i++) {
        const struct deed *deed = &request->deeds[i];
        if (deed->kind != DEED_SET_TYPE || !deed->definition)
            continue;
        buf_adds(&buf, " WHEN ");
        postgres_add_literal(&buf, deed->column);
        buf_adds(&buf, " THEN ");
        postgres_add_literal(&buf, arena_printf(arena, "%s AS ", changed(arena, deed)));
    }
    buf_adds(&buf, " ELSE '' END || pg_catalog.quote_ident(x.attname), ', ')");
    return buf_into(&buf, arena);
}

static void add_column(struct buf *buf, const struct deed *deed)
{
    buf_adds(buf, " FROM pg_catalog.pg_attribute a WHERE a.attname = ");
    postgres_add_literal(buf, deed->column);
    buf_adds(buf, " AND a.attrelid = ");
    postgres_add_regclass(buf, deed->schema, deed->table);
}

/* Whole numbers that stay what they are, and texts. */
static const char keeps_values[] =
    "a.atttypid::pg_catalog.regtype::text IN ('smallint', 'integer', 'bigint', 'text', 'character "
    "varying')";

/* The condition that no value changes. */
static const char *keeps_all(const struct deed *deed)
{
    static const char *const types[] = {"int2", "int4", "int8", "text", "varchar", "numeric"};
    for (size_t i = 0; i < ARRAY_LEN(types) && !(deed->flags & (DEED_USING | DEED_CHARSET)); i++)
        if (strcmp(types[i], deed->type) == 0)
            return keeps_values;
    return "false";
}

static void set_lookup(struct question *question, struct buf *buf, struct arena *arena)
{
    question->lookup = buf_into(buf, arena);
    question->depends = (struct deed_texts){0};
    question->reads_keys = true;
}

static void ask_nulls(const struct question_request *request, struct questions *questions,
                      const char *value)
{
    struct question *question = questions_add(questions, QUESTION_NULLS, request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT CASE WHEN a.attnotnull THEN ");
    postgres_add_literal(&buf,
                         arena_printf(questions->arena, "%s WHERE (%s\n) IS NOT DISTINCT FROM NULL",
                                      question_relation(questions->arena, request), value));
    buf_adds(&buf, " END, NULL, NULL");
    add_column(&buf, request->deed);
    set_lookup(question, &buf, questions->arena);
}

/* The rules are held to the rows anew. */
static void ask_rules(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    struct question *question = questions_add(questions, QUESTION_CHECK, request);
    struct buf buf, name;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_init(&name, BUF_MAX_DEFAULT);
    sql_add_identifier(&name, deed->table);
    buf_addf(
        &buf,
        "SELECT CASE WHEN %s THEN NULL ELSE '(SELECT ' || (SELECT %s FROM pg_catalog.pg_attribute x WHERE x.attrelid = "
        "a.attrelid AND x.attnum > 0 AND NOT x.attisdropped) || ",
        keeps_all(deed), columns_of(request, arena));
    postgres_add_literal(&buf,
                         arena_printf(arena, " FROM %s) AS %s WHERE ",
                                      question_relation(arena, request), buf_into(&name, arena)));
    buf_adds(
        &buf,
        " || (SELECT pg_catalog.string_agg('NOT (' || pg_catalog.pg_get_expr(c.conbin, "
        "c.conrelid) || ')', ' OR ') FROM pg_catalog.pg_constraint c WHERE c.conrelid = "
        "a.attrelid AND c.contype = 'c' AND c.convalidated AND a.attnum = ANY (c.conkey)) END, "
        "NULL, NULL");
    add_column(&buf, deed);
    question->about = arena_printf(arena, "a rule of %s", question->about);
    set_lookup(question, &buf, arena);
}

/* A foreign key, and an index of expressions or of some rows, are told: what they hold is made anew. */
static void tell_others(const struct question_request *request, struct questions *questions)
{
    struct question *question = questions_add(questions, QUESTION_ORPHANS, request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(
        &buf,
        "SELECT NULL, NULL, CASE WHEN %s THEN NULL WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE "
        "c.contype = 'f' AND ((c.conrelid = a.attrelid AND a.attnum = ANY (c.conkey)) OR "
        "(c.confrelid = a.attrelid AND a.attnum = ANY (c.confkey)))) THEN 'a foreign key has the "
        "column, and its values may change' WHEN EXISTS (SELECT FROM pg_catalog.pg_index i JOIN "
        "pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND "
        "d.objid = i.indexrelid AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum WHERE "
        "i.indrelid = a.attrelid AND i.indexprs IS NOT NULL) THEN 'an index of expressions reads "
        "the column, and its values may change' END",
        keeps_all(request->deed));
    add_column(&buf, request->deed);
    set_lookup(question, &buf, questions->arena);
}

void postgres_ask_kept(const struct question_request *request, struct questions *questions,
                       const char *value)
{
    if (request->deed->flags & DEED_USING)
        ask_nulls(request, questions, value);
    ask_rules(request, questions);
    tell_others(request, questions);
}
