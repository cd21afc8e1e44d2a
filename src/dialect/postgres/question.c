#include "dialect/postgres/question.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/dialect.h"
#include "dialect/postgres/question_private.h"
#include "dialect/postgres/templates.h"
#include "dialect/template.h"

/* Data exceptions, and a rule of a domain that does not hold. */
bool postgres_is_of_values(const struct err *err)
{
    return strncmp(err->code, "22", 2) == 0 || strncmp(err->code, "23", 2) == 0;
}

/* ---- what is asked of ------------------------------------------------------------------------- */

/* Of a table's own rows, without those of tables that inherit from it; of a partitioned table, the rows of its partitions. */
static const char *own_rows(struct arena *arena, const char *schema, const char *table)
{
    struct buf name, buf;
    buf_init(&name, BUF_MAX_DEFAULT);
    if (schema) {
        sql_add_identifier(&name, schema);
        buf_addc(&name, '.');
    }
    sql_add_identifier(&name, table);
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf,
             "(SELECT skein_own.* FROM %s AS skein_own WHERE skein_own.tableoid = ", name.data);
    postgres_add_regclass(&buf, schema, table);
    buf_adds(&buf,
             " OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND c.oid = ");
    postgres_add_regclass(&buf, schema, table);
    buf_adds(&buf, "))");
    buf_done(&name);
    return buf_into(&buf, arena);
}

/* What keys, and a rule that is not inherited, are held to. */
static const char *own_relation(const struct question_request *request, struct arena *arena)
{
    const struct deed *deed = request->deed;
    return deed->flags & DEED_ONLY
               ? question_relation(arena, request)
               : own_rows(arena, deed->schema,
                          request->own.table ? request->own.table : deed->table);
}

/* The table with the column that the same statement adds, as the rows that are there will have it. */
static const char *rows_of(const struct question_request *request, const char *relation,
                           struct arena *arena)
{
    const struct deed *new = question_new_column(request);
    if (!new)
        return relation;
    return arena_printf(arena, "(SELECT skein_rows.*, (%s\n)::%s AS %s FROM %s AS skein_rows)",
                        new->expression ? new->expression : "NULL", new->definition,
                        new->keys.items[0], relation);
}

/* The same, under the table's name. */
static const char *relation_of(const struct question_request *request, const char *relation,
                               struct arena *arena)
{
    const char *rows = rows_of(request, relation, arena);
    struct buf name;
    if (rows[0] != '(')
        return rows;
    buf_init(&name, BUF_MAX_DEFAULT);
    sql_add_identifier(&name, request->deed->table);
    return arena_printf(arena, "%s AS %s", rows, buf_into(&name, arena));
}

/* Why a question about a new column has no safe form; NULL: it has. */
static const char *fault_of_new(const struct deed *new)
{
    if (new->flags &(DEED_NUMBERED | DEED_VOLATILE) ||
        (new->flags &DEED_GENERATED && !new->expression))
        return "the new column gets a value that is computed for each row";
    return new->definition ? NULL : "its type could not be read";
}

/* ---- columns ----------------------------------------------------------------------------------- */

/* What each row gets: a domain may refuse it, and so may the expression of a generated column. */
static void ask_new_values(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    bool is_generated = deed->flags & DEED_GENERATED;
    const char *lookup = deed->definition
                             ? postgres_look_up_domain(arena, deed->definition, !deed->expression)
                             : NULL;
    if (fault_of_new(deed)) {
        if (is_generated)
            questions_add_reason(questions, QUESTION_VALUES, request, fault_of_new(deed));
        return;
    }
    if (!lookup && !is_generated)
        return;
    struct question *question = questions_add(questions, QUESTION_VALUES, request);
    question->lookup = lookup;
    question->trial =
        arena_printf(arena, "SELECT pg_catalog.count(%s) FROM %s", deed->keys.items[0],
                     relation_of(request, question_relation(arena, request), arena));
    question->depends = deed->expression ? question_text(arena, deed->expression) : deed->keys;
}

static void ask_add_column(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    ask_new_values(request, questions);
    if (!(deed->flags & DEED_NOT_NULL))
        return;
    if (deed->flags & DEED_GENERATED && !fault_of_new(deed))
        questions_add_nulls(
            questions, request,
            relation_of(request, question_relation(questions->arena, request), questions->arena));
    else if (!(deed->flags & (DEED_DEFAULT | DEED_NUMBERED)))
        questions_add(questions, QUESTION_ROWS, request)->rows =
            question_relation(questions->arena, request);
}

static void ask_not_null(const struct question_request *request, struct questions *questions)
{
    questions_add_nulls(questions, request, question_relation(questions->arena, request));
}

/* ---- constraints -------------------------------------------------------------------------------- */

/* The primary key by an index that is there: its columns become NOT NULL. */
static void ask_primary_by_index(const struct question_request *request,
                                 struct questions *questions)
{
    struct question *question = questions_add(questions, QUESTION_NULLS, request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf,
             "SELECT pg_catalog.format('%s WHERE %s', i.indrelid::pg_catalog.regclass, "
             "pg_catalog.string_agg(pg_catalog.format('%I IS NOT DISTINCT FROM NULL', a.attname), "
             "' OR ')), NULL, NULL FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON "
             "a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indexrelid = ");
    postgres_add_regclass(&buf, request->deed->schema, request->deed->other);
    buf_adds(&buf, " GROUP BY i.indrelid");
    question->about = request->deed->other;
    question->depends = (struct deed_texts){0};
    question->lookup = buf_into(&buf, questions->arena);
}

static void ask_unique(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    const struct deed *new = question_new_column(request);
    if (deed->flags & DEED_BY_INDEX) {
        if (deed->flags & DEED_PRIMARY_KEY && deed->other)
            ask_primary_by_index(request, questions);
        return;
    }
    if (new && (new->flags &(DEED_NUMBERED | DEED_VOLATILE) || !(new->flags &DEED_DEFAULT)))
        return; /* all are different, or all are NULL: that is a question of its own */
    if (new &&fault_of_new(new)) {
        questions_add_reason(questions, QUESTION_DUPLICATES, request, fault_of_new(new));
        return;
    }
    const char *relation = question_relation(questions->arena, request);
    const char *own = own_relation(request, questions->arena);
    if (deed->flags & DEED_PRIMARY_KEY && !new)
        questions_add_nulls(questions, request, relation);
    questions_add_duplicates(questions, request, relation_of(request, own, questions->arena));
}

static void ask_check(const struct question_request *request, struct questions *questions)
{
    const struct deed *new = question_new_column(request);
    const char *fault = new ? fault_of_new(new) : NULL;
    if (request->deed->flags & DEED_NOT_VALID)
        return;
    if (!request->deed->rule)
        fault = "its rule could not be read";
    if (fault)
        questions_add_reason(questions, QUESTION_CHECK, request, fault);
    else
        questions_add_check(
            questions, request,
            relation_of(request, question_relation(questions->arena, request), questions->arena));
}

static const char *parent_of(const struct question_request *request)
{
    return request->parent.table ? request->parent.table : request->deed->other;
}

/* A name for each key of the deed that stands in no SQL: what the catalog knows is put in its place. */
static struct deed_texts make_marks(struct arena *arena, size_t count)
{
    const char **marks = arena_calloc(arena, count, sizeof *marks);
    for (size_t i = 0; i < count; i++)
        marks[i] = arena_printf(arena, "\x01%zu\x01", i + 1);
    return (struct deed_texts){marks, count};
}

/* `replace(replace('…', mark, column), mark, column)`: the text with the primary key's columns in the places of marks. */
static void add_unmarked(struct buf *buf, const char *text, const struct deed_texts *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        buf_adds(buf, "pg_catalog.replace(");
    postgres_add_literal(buf, text);
    for (size_t i = 0; i < marks->count; i++) {
        buf_adds(buf, ", ");
        postgres_add_literal(buf, marks->items[i]);
        buf_addf(buf,
                 ", pg_catalog.quote_ident((pg_catalog.array_agg(a.attname ORDER BY k.at))[%zu]))",
                 i + 1);
    }
}

/* Which columns are the primary key is what the catalog knows. */
static void look_up_orphans(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    struct deed marked = *deed;
    struct question_request asked = *request;
    struct buf buf;
    marked.parents = make_marks(arena, deed->keys.count);
    asked.deed = &marked;
    questions_add_orphans(questions, &asked, rows_of(request, own_relation(request, arena), arena),
                          own_rows(arena, deed->other_schema, parent_of(request)));
    struct question *question = &questions->items[questions->count - 1];
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT ");
    add_unmarked(&buf, question->rows, &marked.parents);
    buf_adds(&buf, ", ");
    postgres_add_literal(&buf, question->sample);
    buf_adds(&buf,
             ", NULL FROM pg_catalog.pg_constraint c, pg_catalog.unnest(c.conkey) WITH ORDINALITY "
             "AS k (num, at), pg_catalog.pg_attribute a WHERE a.attrelid = c.conrelid AND "
             "a.attnum = k.num AND c.contype = 'p' AND c.conrelid = ");
    postgres_add_regclass(&buf, deed->other_schema, parent_of(request));
    buf_addf(&buf, " HAVING pg_catalog.count(*) = %zu", deed->keys.count);
    question->follows = !request->parent.count;
    question->rows = NULL;
    question->sample = NULL;
    question->lookup = buf_into(&buf, arena);
}

static void ask_foreign_key(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    const struct deed *new = question_new_column(request);
    if (deed->flags & DEED_NOT_VALID || (new && !(new->flags &DEED_DEFAULT)))
        return;
    if (new &&fault_of_new(new))
        questions_add_reason(questions, QUESTION_ORPHANS, request, fault_of_new(new));
    else if (!deed->parents.count)
        look_up_orphans(request, questions);
    else if (deed->parents.count == deed->keys.count)
        questions_add_orphans(
            questions, request,
            rows_of(request, own_relation(request, questions->arena), questions->arena),
            own_rows(questions->arena, deed->other_schema, parent_of(request)));
}

/* The rows that break a constraint, whose words are in the catalog. Its name and table come after it. */
static const char unvalidated_rows[] =
    "SELECT CASE WHEN c.convalidated THEN NULL WHEN c.contype = 'c' THEN "
    "pg_catalog.format('%s WHERE NOT (%s)', CASE WHEN c.connoinherit THEN "
    "pg_catalog.format('ONLY %s', c.conrelid::pg_catalog.regclass) ELSE "
    "c.conrelid::pg_catalog.regclass::text END, "
    "pg_catalog.pg_get_expr(c.conbin, c.conrelid)) WHEN c.contype = 'n' THEN "
    "pg_catalog.format('%s WHERE %s IS NOT DISTINCT FROM NULL', c.conrelid::pg_catalog.regclass, "
    "pg_catalog.quote_ident(k.names[1])) WHEN c.contype = 'f' AND c.confmatchtype IN ('s', 'f') "
    "THEN pg_catalog.format('%s AS skein_child WHERE (%s AND NOT EXISTS (SELECT 1 FROM %s AS "
    "skein_parent WHERE %s))%s', "
    "CASE r.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || c.conrelid::pg_catalog.regclass, k.there, "
    "CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || c.confrelid::pg_catalog.regclass, k.same, "
    "CASE c.confmatchtype WHEN 'f' THEN pg_catalog.format(' OR ((%s) AND (%s))', k.lacking, k.some) "
    "END) END, CASE c.contype WHEN 'f' THEN k.sample END, "
    "CASE WHEN NOT c.convalidated AND c.contype NOT IN ('c', 'n', 'f') THEN 'it is of a kind "
    "that no question is known for' END "
    "FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class r ON r.oid = c.conrelid LEFT JOIN "
    "pg_catalog.pg_class p ON p.oid = c.confrelid CROSS JOIN LATERAL (SELECT "
    "pg_catalog.array_agg(a.attname ORDER BY n.at) AS names, "
    "pg_catalog.string_agg('skein_child.' || pg_catalog.quote_ident(a.attname) || ' IS NOT NULL', "
    "' AND ' ORDER BY n.at) AS there, "
    "pg_catalog.string_agg('skein_child.' || pg_catalog.quote_ident(a.attname) || ' IS NOT NULL', "
    "' OR ' ORDER BY n.at) AS some, "
    "pg_catalog.string_agg('skein_child.' || pg_catalog.quote_ident(a.attname) || ' IS NULL', "
    "' OR ' ORDER BY n.at) AS lacking, "
    "pg_catalog.string_agg('skein_child.' || pg_catalog.quote_ident(a.attname), ', ' ORDER BY n.at) "
    "AS sample, pg_catalog.string_agg('skein_parent.' || pg_catalog.quote_ident(p.attname) || "
    "' = skein_child.' || pg_catalog.quote_ident(a.attname), ' AND ' ORDER BY n.at) AS same "
    "FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY AS n (num, at) JOIN pg_catalog.pg_attribute a "
    "ON a.attrelid = c.conrelid AND a.attnum = n.num LEFT JOIN pg_catalog.pg_attribute p ON "
    "p.attrelid = c.confrelid AND p.attnum = c.confkey[n.at]) AS k WHERE c.conname = ";

static void ask_validate(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct question *question = questions_add(questions, QUESTION_CHECK, request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, unvalidated_rows);
    postgres_add_literal(&buf, deed->name);
    buf_adds(&buf, " AND c.conrelid = ");
    postgres_add_regclass(&buf, deed->schema, deed->table);
    question->about = deed->name;
    question->depends = (struct deed_texts){0};
    question->lookup = buf_into(&buf, questions->arena);
}

/* An expression that fails for a row. */
static void ask_keys(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    bool is_computed = deed->predicate;
    for (size_t i = 0; i < deed->keys.count; i++)
        is_computed |= deed->keys.items[i][0] == '(';
    if (!is_computed)
        return;
    struct question *question = questions_add(questions, QUESTION_VALUES, request);
    question->trial = arena_printf(arena, "SELECT pg_catalog.count(ROW(%s)) FROM %s WHERE %s\n",
                                   question_list(arena, &deed->keys, ""),
                                   relation_of(request, own_relation(request, arena), arena),
                                   deed->predicate ? deed->predicate : "true");
    question->follows = true;
    if (deed->predicate)
        question->depends = (struct deed_texts){0};
}

static void ask_index(const struct question_request *request, struct questions *questions)
{
    if (!(request->deed->flags & DEED_UNIQUE))
        ask_keys(request, questions);
    else if (!request->deed->keys.count)
        questions_add_reason(questions, QUESTION_DUPLICATES, request, "its keys could not be read");
    else
        questions_add_duplicates(
            questions, request,
            relation_of(request, own_relation(request, questions->arena), questions->arena));
}

/* EXCLUDE */
static void ask_rewrite(const struct question_request *request, struct questions *questions)
{
    if (request->deed->what && strcmp(request->deed->what, "ADD EXCLUDE") == 0)
        questions_add_reason(questions, QUESTION_DUPLICATES, request,
                             "no question is known for EXCLUDE");
}

void postgres_ask_rows(const struct question_request *request, struct questions *questions)
{
    static void (*const asks[DEED__COUNT])(const struct question_request *, struct questions *) = {
        [DEED_ADD_COLUMN] = ask_add_column,
        [DEED_SET_NOT_NULL] = ask_not_null,
        [DEED_SET_TYPE] = postgres_ask_type,
        [DEED_ADD_CHECK] = ask_check,
        [DEED_ADD_UNIQUE] = ask_unique,
        [DEED_ADD_FOREIGN_KEY] = ask_foreign_key,
        [DEED_VALIDATE] = ask_validate,
        [DEED_CREATE_INDEX] = ask_index,
        [DEED_ATTACH] = postgres_ask_attach,
        [DEED_REWRITE] = ask_rewrite,
        [DEED_ADD_PARTITION] = postgres_ask_default,
        [DEED_DOMAIN_RULE] = postgres_ask_domain,
        [DEED_COPY_ROWS] = postgres_ask_written,
        [DEED_INSERT] = postgres_ask_written,
        [DEED_UPDATE] = postgres_ask_written,
        [DEED_DELETE] = postgres_ask_written,
    };
    if (asks[request->deed->kind])
        asks[request->deed->kind](request, questions);
}
