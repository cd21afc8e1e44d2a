/* Whether the values of a domain keep to a rule that it gets, as a question: which columns hold such values is in the catalog. */
#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/postgres/question_private.h"
#include "dialect/postgres/templates.h"
#include "dialect/template.h"

/* `pg_catalog.to_regtype('"schema"."domain"')` */
static void add_regtype(struct buf *buf, const struct deed *deed)
{
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    if (deed->schema) {
        sql_add_identifier(&name, deed->schema);
        buf_addc(&name, '.');
    }
    sql_add_identifier(&name, deed->table);
    buf_adds(buf, "pg_catalog.to_regtype(");
    postgres_add_literal(buf, name.data);
    buf_addc(buf, ')');
    buf_done(&name);
}

/* Domains over the domain, and the columns of all of them. */
static void add_family(struct buf *buf, const struct deed *deed)
{
    buf_adds(buf, "WITH RECURSIVE family (oid) AS (SELECT ");
    add_regtype(buf, deed);
    buf_adds(
        buf,
        "::pg_catalog.oid UNION SELECT t.oid FROM pg_catalog.pg_type t JOIN family f ON "
        "t.typbasetype = f.oid WHERE t.typtype = 'd'), used AS (SELECT a.attname, a.attrelid, "
        "a.atttypid FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
        "WHERE c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND NOT "
        "pg_catalog.pg_is_other_temp_schema(c.relnamespace)), wrapped (oid) AS (SELECT t.oid FROM "
        "pg_catalog.pg_type t JOIN family f ON t.typelem = f.oid UNION SELECT r.rngtypid FROM "
        "pg_catalog.pg_range r JOIN family f ON r.rngsubtype = f.oid UNION SELECT c.reltype FROM "
        "pg_catalog.pg_attribute a JOIN family f ON a.atttypid = f.oid JOIN pg_catalog.pg_class c "
        "ON c.oid = a.attrelid WHERE NOT a.attisdropped AND c.reltype <> 0) ");
}

/* The condition that a value breaks the rule, as an SQL text that makes it: the rule calls the value VALUE, which is the column's
 * name. */
static const char *breach_of(struct arena *arena, const struct deed *deed)
{
    struct buf buf;
    if (!deed->rule && !(deed->flags & DEED_CHECKS_NULL))
        return "'NOT (' || pg_catalog.pg_get_expr(k.conbin, 0) || ')'";
    buf_init(&buf, BUF_MAX_DEFAULT);
    postgres_add_literal(&buf, deed->flags & DEED_CHECKS_NULL
                                   ? "value IS NOT DISTINCT FROM NULL"
                                   : arena_printf(arena, "NOT (%s\n)", deed->rule));
    return buf_into(&buf, arena);
}

static const char *look_up(struct arena *arena, const struct deed *deed)
{
    bool is_validate = !deed->rule && !(deed->flags & DEED_CHECKS_NULL);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    add_family(&buf, deed);
    buf_addf(
        &buf,
        "SELECT (SELECT '(' || pg_catalog.string_agg(pg_catalog.format('SELECT %%I AS value FROM "
        "ONLY %%s', u.attname, u.attrelid::pg_catalog.regclass), ' UNION ALL ') || ') AS "
        "skein_values WHERE ' || %s FROM used u JOIN family f ON f.oid = u.atttypid%s), 'value', "
        "CASE WHEN EXISTS (SELECT FROM used u JOIN wrapped w ON w.oid = u.atttypid) THEN 'a "
        "column holds the domain within another type' END FROM pg_catalog.pg_type t",
        breach_of(arena, deed), is_validate ? " WHERE NOT k.convalidated" : "");
    if (is_validate) {
        buf_adds(&buf, " JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid AND k.conname = ");
        postgres_add_literal(&buf, deed->name);
    }
    buf_adds(&buf, " WHERE t.oid = ");
    add_regtype(&buf, deed);
    return buf_into(&buf, arena);
}

void postgres_ask_domain(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    bool is_null = deed->flags & DEED_CHECKS_NULL;
    if (deed->flags & DEED_NOT_VALID)
        return;
    struct question *question =
        questions_add(questions, is_null ? QUESTION_NULLS : QUESTION_CHECK, request);
    question->about = is_null ? arena_printf(arena, "columns of the domain %s", deed->table)
                              : arena_printf(arena, "a rule of the domain %s", deed->table);
    question->lookup = look_up(arena, deed);
    question->depends = is_null      ? question_text(arena, deed->table)
                        : deed->rule ? question_text(arena, deed->rule)
                                     : (struct deed_texts){0};
    question->reads_any = true;
}
