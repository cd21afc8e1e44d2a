/* What an INSERT or an UPDATE writes, beside what its table holds rows to: questions that the catalog makes. They share an image: the
 * rows as they will stand, under the names that the columns have. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/postgres/question_private.h"
#include "dialect/postgres/scan.h"
#include "dialect/postgres/templates.h"
#include "dialect/template.h"
#include "dialect/written.h"

struct asking {
    const struct question_request *request;
    struct questions *questions;
    struct arena *arena;
    struct written written;
    const char *
        parts; /* `WITH …`: skein_column (a row for each column), skein_image (its `text`), skein_table */
};

static struct written_text read_tokens(const char *sql, struct arena *arena)
{
    struct postgres_scan scan = {.sql = sql, .len = strlen(sql)};
    struct postgres_token token;
    struct written_token *tokens = NULL;
    size_t count = 0, capacity = 0;
    while (postgres_scan_next(&scan, &token))
        *ARENA_PUSH(arena, tokens, count, capacity) =
            (struct written_token){token.begin, token.end};
    return (struct written_text){sql, tokens, count, true};
}

/* ---- the image ---------------------------------------------------------------------------------- */

/* Is the column given a value? In terms of pg_attribute a, and of its place. */
static void add_is_given(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (!written->count) {
        buf_addf(buf, written->width ? "x.at <= %zu" : "true", written->width);
        return;
    }
    buf_adds(buf, "x.attname IN (");
    written_add_names(buf, written, postgres_add_literal);
    buf_addc(buf, ')');
}

/* The value of a given column, as a text of SQL. */
static void add_value(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (!written->is_update) {
        buf_adds(buf, "'skein_new.' || pg_catalog.quote_ident(x.attname)");
        return;
    }
    buf_adds(buf, "CASE x.attname");
    for (size_t i = 0; i < written->count; i++) {
        buf_adds(buf, " WHEN ");
        postgres_add_literal(buf, written->columns[i].name);
        buf_adds(buf, " THEN ");
        postgres_add_literal(buf, arena_printf(asking->arena, "(%s\n)", written->columns[i].value));
    }
    buf_adds(buf, " END");
}

/* What of the rows the image is made of, as a text of SQL. */
static void add_source(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (written->is_update) {
        postgres_add_literal(buf, written->target);
        return;
    }
    buf_adds(buf, "'(WITH skein_new (' || pg_catalog.string_agg(pg_catalog.quote_ident(name), ', ' "
                  "ORDER BY ");
    for (size_t i = 0; i < written->count; i++) {
        buf_adds(buf, i ? " WHEN " : "CASE name WHEN ");
        postgres_add_literal(buf, written->columns[i].name);
        buf_addf(buf, " THEN %zu", i);
    }
    buf_adds(buf, written->count ? " END" : "at");
    buf_adds(buf, ") FILTER (WHERE is_given) || ");
    postgres_add_literal(buf, arena_printf(asking->arena,
                                           ") AS (%s\n) SELECT * FROM skein_new) AS skein_new",
                                           written->query));
}

static void add_image(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    const char *changed = written->condition
                              ? arena_printf(asking->arena, "(%s\n) IS TRUE", written->condition)
                              : "true";
    buf_adds(buf, ", skein_image AS (SELECT '(SELECT ' || pg_catalog.string_agg(");
    if (written->is_update) {
        buf_adds(buf, "CASE WHEN is_given THEN ");
        postgres_add_literal(buf, arena_printf(asking->arena, "CASE WHEN %s THEN ", changed));
        buf_adds(buf,
                 " || value || '::' || type || ' ELSE ' || pg_catalog.quote_ident(name) || '::' "
                 "|| type || ' END AS ' || pg_catalog.quote_ident(name) || ', ' || "
                 "pg_catalog.quote_ident(name) || ' AS skein_was_' || at ELSE "
                 "pg_catalog.quote_ident(name) END");
    } else {
        buf_adds(buf,
                 "CASE WHEN value IS NULL THEN 'NULL' ELSE value END || '::' || type || ' AS ' || "
                 "pg_catalog.quote_ident(name)");
    }
    buf_adds(buf, ", ', ' ORDER BY at) || ");
    postgres_add_literal(buf, arena_printf(asking->arena, ", %s AS skein_changed FROM ", changed));
    buf_adds(buf, " || ");
    add_source(asking, buf);
    buf_adds(buf, " || ')' AS text, ");
    buf_adds(buf, written->is_update ? "true" : "false");
    buf_adds(buf, " AS is_update FROM skein_column)");
}

/* A default that calls nothing is the same for each row. */
static const char *make_parts(const struct asking *asking)
{
    const struct deed *deed = asking->request->deed;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(
        &buf,
        "WITH skein_table AS (SELECT r.*, r.oid AS id FROM pg_catalog.pg_class r WHERE r.oid = ");
    postgres_add_regclass(&buf, deed->schema, deed->table);
    buf_adds(&buf, "), skein_column AS (SELECT x.attname AS name, x.attnum AS num, x.at, x.type, "
                   "x.attnotnull, x.atttypid, x.atttypmod, x.is_given, CASE WHEN x.is_given THEN ");
    add_value(asking, &buf);
    buf_adds(&buf, " ELSE x.fallback END AS value, x.is_given OR ");
    buf_adds(&buf, asking->written.is_update
                       ? "x.attgenerated = ''"
                       : "(x.attgenerated = '' AND x.attidentity = '' AND (x.fallback IS NULL OR "
                         "x.fallback !~ '[(]|CURRENT_'))");
    buf_adds(&buf, " AS is_known FROM (SELECT x.*, ");
    add_is_given(asking, &buf);
    buf_adds(
        &buf,
        " AS is_given FROM (SELECT a.*, pg_catalog.row_number() OVER (ORDER BY a.attnum) AS at, "
        "pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS fallback, CASE WHEN a.atttypid IN (1042, "
        "1043) THEN 'pg_catalog.' || t.typname WHEN a.atttypid IN (1560, 1562) THEN 'pg_catalog.varbit' ELSE "
        "pg_catalog.format_type(a.atttypid, a.atttypmod) END AS type FROM skein_table r JOIN "
        "pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_attrdef d ON "
        "d.adrelid = a.attrelid AND d.adnum = a.attnum) AS x) AS x)");
    add_image(asking, &buf);
    return buf_into(&buf, asking->arena);
}

/* ---- questions ---------------------------------------------------------------------------------- */

/* The table may do more with its rows than it says. */
static const char odd[] =
    "CASE WHEN r.relkind <> 'r' THEN 'it writes into what is no plain table' WHEN EXISTS (SELECT FROM "
    "pg_catalog.pg_trigger g WHERE g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D') "
    "THEN 'a trigger of the table may change what is written' WHEN r.relhasrules THEN 'the table has "
    "rules' WHEN r.relrowsecurity THEN 'the table has policies' WHEN r.relhassubclass THEN 'other "
    "tables inherit from it'";

/* `rows` makes the rows that do not fit, in terms of skein_table r and skein_image i; `reason` more reasons for a CASE. */
struct form {
    enum question_kind kind;
    const char *about; /* before the table's name */
    const char *rows, *reason, *doubt;
};

static void ask(struct asking *asking, const struct form *form)
{
    struct question *question = questions_add(asking->questions, form->kind, asking->request);
    question->about =
        arena_printf(asking->arena, "%s of %s", form->about, asking->request->deed->table);
    question->depends = (struct deed_texts){0};
    question->reads_keys = form->kind != QUESTION_CAST && form->kind != QUESTION_LENGTH;
    question->doubt = form->doubt ? "it depends on the order in which rows are changed" : NULL;
    question->lookup = arena_printf(
        asking->arena, "%s SELECT %s, NULL, %s%s END, %s FROM skein_table r, skein_image i",
        asking->parts, form->rows, odd, form->reason ? form->reason : "",
        form->doubt ? form->doubt : "NULL");
}

#define CHANGED "i.text || ' AS skein_image WHERE skein_changed AND ('"

static void ask_values(struct asking *asking)
{
    ask(asking,
        &(struct form){
            QUESTION_NULLS, "the columns",
            "(SELECT " CHANGED
            " || pg_catalog.string_agg(pg_catalog.quote_ident(c.name) || ' IS NOT "
            "DISTINCT FROM NULL', ' OR ') || ')' FROM skein_column c WHERE c.attnotnull AND c.is_known "
            "AND (c.is_given OR (c.value IS NULL AND NOT i.is_update)))",
            NULL, NULL});
    ask(asking,
        &(struct form){QUESTION_CAST, "the types",
                       "(SELECT '(SELECT pg_catalog.count(ROW(' || "
                       "pg_catalog.string_agg(pg_catalog.quote_ident(c.name), ', ') || ')) AS n "
                       "FROM ' || i.text || ' AS skein_image) AS skein_tried WHERE n < 0' FROM "
                       "skein_column c WHERE c.is_given)",
                       NULL, NULL});
    ask(asking,
        &(struct form){
            QUESTION_LENGTH, "the types",
            "(SELECT " CHANGED
            " || pg_catalog.string_agg(pg_catalog.format(CASE WHEN c.atttypid IN (1042, "
            "1043) THEN 'pg_catalog.rtrim(pg_catalog.substr(%1$I::pg_catalog.text, %2$s), '' '') <> ''''' "
            "WHEN c.atttypid = 1562 THEN 'pg_catalog.length(%1$I) >= %2$s' ELSE 'pg_catalog.length(%1$I) + 1 "
            "<> %2$s' END, c.name, CASE WHEN c.atttypid IN (1042, 1043) THEN c.atttypmod - 3 ELSE "
            "c.atttypmod + 1 END), ' OR ') || ')' FROM skein_column c WHERE c.is_given AND c.atttypmod > "
            "0 AND c.atttypid IN (1042, 1043, 1560, 1562))",
            NULL, NULL});
}

/* `k`: of a unique index, what is to be said of its keys. */
#define KEYS                                                                                           \
    "pg_catalog.pg_index x CROSS JOIN LATERAL (SELECT "                                                \
    "pg_catalog.string_agg(pg_catalog.quote_ident(c.name), ', ') AS keys, "                            \
    "CASE pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct' WHEN 'true' THEN 'true' ELSE "              \
    "pg_catalog.string_agg(pg_catalog.quote_ident(c.name) || ' IS NOT NULL', ' AND ') END AS there, "  \
    "pg_catalog.string_agg(pg_catalog.format('skein_image.%1$I IS NOT DISTINCT FROM skein_old.%1$I', " \
    "c.name), ' AND ') AS same, pg_catalog.string_agg(pg_catalog.format('skein_image.%I IS DISTINCT "  \
    "FROM skein_image.skein_was_%s', c.name, c.at), ' OR ') FILTER (WHERE c.is_given) AS moved, "      \
    "pg_catalog.bool_and(c.is_known) AS is_known, pg_catalog.bool_or(c.is_given) AS is_given FROM "    \
    "skein_column c WHERE c.num = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])) AS k WHERE "          \
    "x.indisunique AND x.indislive AND x.indrelid = r.oid"

static void ask_duplicates(struct asking *asking)
{
    static const char odd_index[] =
        " WHEN EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = r.oid AND x.indisunique AND "
        "(x.indexprs IS NOT NULL OR x.indpred IS NOT NULL) AND EXISTS (SELECT FROM "
        "pg_catalog.pg_depend d JOIN skein_column c ON c.num = d.refobjsubid AND c.is_given WHERE "
        "d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = x.indexrelid AND "
        "d.refobjid = r.oid)) THEN 'a unique index of expressions, or of some rows, reads what is "
        "written'";
    static const char inserted[] =
        "(SELECT '(' || pg_catalog.string_agg(pg_catalog.format('(SELECT 1 AS skein_1 FROM (SELECT %1$s "
        "FROM %2$s AS skein_image UNION ALL SELECT %1$s FROM ONLY %3$s) AS skein_all WHERE %4$s GROUP "
        "BY %1$s HAVING count(*) > 1)', k.keys, i.text, r.oid::pg_catalog.regclass, k.there), ' UNION ALL "
        "') || ') AS skein_found' FROM " KEYS
        " AND k.is_known AND x.indexprs IS NULL AND x.indpred IS NULL)";
    static const char updated[] =
        "(SELECT '(' || pg_catalog.string_agg(pg_catalog.format('(SELECT 1 AS skein_1 FROM %2$s AS "
        "skein_image WHERE %3$s GROUP BY %1$s HAVING count(*) > 1)', k.keys, i.text, k.there), ' UNION "
        "ALL ') || ') AS skein_found' FROM " KEYS
        " AND k.is_given AND x.indexprs IS NULL AND x.indpred IS NULL)";
    static const char moved[] =
        "(SELECT '(' || pg_catalog.string_agg(pg_catalog.format('(SELECT 1 AS skein_1 FROM %2$s AS "
        "skein_image WHERE %3$s AND (%4$s) AND EXISTS (SELECT 1 FROM ONLY %5$s AS skein_old WHERE "
        "%1$s))', k.same, i.text, k.there, k.moved, r.oid::pg_catalog.regclass), ' UNION ALL ') || ') AS "
        "skein_found' FROM " KEYS
        " AND x.indimmediate AND k.is_given AND x.indexprs IS NULL AND x.indpred IS NULL)";
    bool is_update = asking->written.is_update;
    ask(asking, &(struct form){QUESTION_DUPLICATES, "a key", is_update ? updated : inserted,
                               odd_index, is_update ? moved : NULL});
}

static void ask_checks(struct asking *asking)
{
    ask(asking,
        &(struct form){
            QUESTION_CHECK, "the rules",
            "(SELECT i.text || pg_catalog.format(' AS %I WHERE skein_changed AND (', r.relname) || "
            "pg_catalog.string_agg('NOT (' || pg_catalog.pg_get_expr(k.conbin, k.conrelid) || ')', ' OR ') "
            "|| ')' FROM pg_catalog.pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'c' AND EXISTS "
            "(SELECT FROM skein_column c WHERE c.num = ANY (k.conkey) AND c.is_given))",
            " WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k JOIN skein_column c ON c.num = ANY "
            "(k.conkey) AND NOT c.is_known WHERE k.conrelid = r.oid AND k.contype = 'c') THEN 'a rule "
            "reads a value that is computed for each row'",
            NULL});
}

static const char referred[] =
    " WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k JOIN skein_column c ON c.num = ANY (k.confkey) "
    "AND c.is_given WHERE k.confrelid = r.oid AND k.contype = 'f') THEN 'a foreign key refers to what is "
    "changed'";

static void ask_orphans(struct asking *asking)
{
    struct buf reason;
    buf_init(&reason, BUF_MAX_DEFAULT);
    written_add_touched(
        &reason, asking->request,
        "SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class q ON q.oid = "
        "k.confrelid WHERE k.conrelid = r.oid AND k.contype = 'f' AND q.relname IN (");
    buf_adds(&reason, asking->written.is_update ? referred : "");
    buf_adds(&reason,
             " WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = r.oid AND "
             "k.contype = 'f' AND k.confmatchtype <> 's' AND pg_catalog.cardinality(k.conkey) > 1) "
             "THEN 'a foreign key is MATCH FULL'");
    ask(asking,
        &(struct form){
            QUESTION_ORPHANS, "a foreign key",
            "(SELECT '(' || pg_catalog.string_agg(pg_catalog.format('(SELECT 1 AS skein_1 FROM %1$s AS "
            "skein_child WHERE skein_changed AND %2$s AND NOT EXISTS (SELECT 1 FROM %3$s AS skein_parent "
            "WHERE %4$s)%5$s)', i.text, p.there, CASE WHEN k.confrelid = r.oid THEN i.text ELSE CASE "
            "q.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || q.oid::pg_catalog.regclass END, p.same, p.old), "
            "' UNION ALL ') || ') AS skein_found' FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class q "
            "ON q.oid = k.confrelid CROSS JOIN LATERAL (SELECT pg_catalog.bool_or(c.is_given) AS is_given, "
            "pg_catalog.string_agg(pg_catalog.format('skein_child.%I IS NOT NULL', c.name), ' AND ') AS "
            "there, pg_catalog.string_agg(pg_catalog.format('skein_parent.%I = skein_child.%I', f.attname, "
            "c.name), ' AND ') AS same, CASE WHEN k.confrelid = r.oid THEN pg_catalog.format(' AND NOT "
            "EXISTS (SELECT 1 FROM ONLY %s AS skein_parent WHERE %s)', r.oid::pg_catalog.regclass, "
            "pg_catalog.string_agg(pg_catalog.format('skein_parent.%I = skein_child.%I', f.attname, c.name), "
            "' AND ')) ELSE '' END AS old FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS n (num, at) "
            "JOIN skein_column c ON c.num = n.num JOIN pg_catalog.pg_attribute f ON f.attrelid = "
            "k.confrelid AND f.attnum = k.confkey[n.at]) AS p WHERE k.conrelid = r.oid AND k.contype = 'f' "
            "AND p.is_given)",
            buf_into(&reason, asking->arena), NULL});
}

/* Rows of other tables that refer to what is deleted. */
static void add_referring(struct buf *buf, const struct written *written, struct arena *arena)
{
    const char *condition = written->condition ? written->condition : "true";
    buf_adds(
        buf,
        "(SELECT '(' || pg_catalog.string_agg(pg_catalog.format('(SELECT 1 AS skein_1 FROM %s AS "
        "skein_child WHERE EXISTS (SELECT 1 FROM %s AS skein_parent WHERE %s))', CASE WHEN k.conrelid "
        "<> r.oid OR k.confdeltype = 'r' THEN CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || "
        "c.oid::pg_catalog.regclass ELSE ");
    postgres_add_literal(buf, arena_printf(arena, "(SELECT * FROM %s WHERE (%s\n) IS NOT TRUE)",
                                           written->target, condition));
    buf_adds(buf, " END, ");
    postgres_add_literal(
        buf, arena_printf(arena, "(SELECT * FROM %s WHERE (%s\n))", written->target, condition));
    buf_adds(
        buf,
        ", (SELECT pg_catalog.string_agg(pg_catalog.format('skein_parent.%I = skein_child.%I', "
        "f.attname, a.attname), ' AND ') FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS n (num, "
        "at) JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num JOIN "
        "pg_catalog.pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[n.at])), ' "
        "UNION ALL ') || ') AS skein_found' FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c "
        "ON c.oid = k.conrelid WHERE k.confrelid = r.oid AND k.contype = 'f' AND k.conparentid = 0 AND "
        "k.confdeltype IN ('a', 'r'))");
}

/* Why they cannot be asked for, or NULL. */
static void add_referring_reason(struct buf *buf, const struct question_request *request,
                                 const char *reason)
{
    static const char reasons[] =
        "CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = r.oid AND NOT g.tgisinternal "
        "AND g.tgenabled <> 'D') THEN 'a trigger of the table may do more' WHEN r.relhasrules THEN 'the table "
        "has rules' WHEN r.relkind <> 'r' OR r.relhassubclass THEN 'it deletes from what is no plain table' "
        "WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.confrelid = r.oid AND k.contype = 'f' "
        "AND (k.confdeltype IN ('n', 'd') OR (k.confdeltype = 'c' AND EXISTS (SELECT FROM "
        "pg_catalog.pg_constraint o WHERE o.confrelid = k.conrelid AND o.contype = 'f')))) THEN 'a foreign key "
        "carries it on to other tables'";
    buf_adds(buf, reasons);
    written_add_touched(
        buf, request,
        "SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = "
        "k.conrelid WHERE k.confrelid = r.oid AND k.contype = 'f' AND c.relname IN (");
    if (reason) {
        buf_adds(
            buf,
            " WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.confrelid = r.oid AND "
            "k.contype = 'f') THEN ");
        postgres_add_literal(buf, reason);
    }
    buf_adds(buf, " END");
}

static void ask_referring(struct asking *asking)
{
    const struct written *written = &asking->written;
    const struct deed *deed = asking->request->deed;
    struct question *question = questions_add(asking->questions, QUESTION_ORPHANS, asking->request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT ");
    if (written->reason)
        buf_adds(&buf, "NULL");
    else
        add_referring(&buf, written, asking->arena);
    buf_adds(&buf, ", NULL, ");
    add_referring_reason(&buf, asking->request, written->reason);
    buf_adds(&buf, " FROM pg_catalog.pg_class r WHERE r.oid = ");
    postgres_add_regclass(&buf, deed->schema, deed->table);
    question->about = arena_printf(asking->arena, "a foreign key to %s", deed->table);
    question->depends = (struct deed_texts){0};
    question->reads_keys = true;
    question->lookup = buf_into(&buf, asking->arena);
}

void postgres_ask_written(const struct question_request *request, struct questions *questions)
{
    struct asking asking = {.request = request, .questions = questions, .arena = questions->arena};
    struct written_text text = read_tokens(request->sql, questions->arena);
    if (request->deed->flags & DEED_CONSTANT) /* the statement has a deed that is asked of */
        return;
    written_read(questions->arena, &text, &asking.written);
    if (asking.written.passes_all)
        return;
    if (request->deed->kind == DEED_DELETE) {
        ask_referring(&asking);
        return;
    }
    if (request->deed->flags & DEED_UNSTABLE)
        asking.written.reason =
            arena_printf(questions->arena, "%s is another each time", request->deed->what);
    if (asking.written.reason) {
        written_add_reason(questions, request, asking.written.reason);
        return;
    }
    asking.parts = make_parts(&asking);
    ask_values(&asking);
    if (!asking.written.passes_duplicates)
        ask_duplicates(&asking);
    ask_checks(&asking);
    ask_orphans(&asking);
}
