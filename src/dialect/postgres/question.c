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

/* The table with the column that the same statement adds, as the rows that are there will have it. */
static const char *rows_of(const struct question_request *request, struct arena *arena)
{
    const struct deed *new = question_new_column(request);
    const char *relation = question_relation(arena, request);
    if (!new)
        return relation;
    return arena_printf(arena, "(SELECT skein_rows.*, (%s\n)::%s AS %s FROM %s AS skein_rows)",
                        new->expression ? new->expression : "NULL", new->definition,
                        new->keys.items[0], relation);
}

/* The same, under the table's name. */
static const char *relation_of(const struct question_request *request, struct arena *arena)
{
    const char *rows = rows_of(request, arena);
    struct buf name;
    if (!question_new_column(request))
        return rows;
    buf_init(&name, BUF_MAX_DEFAULT);
    sql_add_identifier(&name, request->deed->table);
    return arena_printf(arena, "%s AS %s", rows, buf_into(&name, arena));
}

/* Why a question about a new column has no safe form; NULL: it has. */
static const char *fault_of_new(const struct deed *new)
{
    if (new->flags &(DEED_GENERATED | DEED_NUMBERED | DEED_VOLATILE))
        return "the new column gets a value that is computed for each row";
    return new->definition ? NULL : "its type could not be read";
}

/* ---- columns ----------------------------------------------------------------------------------- */

static void ask_add_column(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    if (!(deed->flags & DEED_NOT_NULL))
        return;
    if (deed->flags & DEED_GENERATED)
        questions_add_reason(questions, QUESTION_NULLS, request, fault_of_new(deed));
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
    const char *relation = relation_of(request, questions->arena);
    if (deed->flags & DEED_PRIMARY_KEY && !new)
        questions_add_nulls(questions, request, relation);
    questions_add_duplicates(questions, request, relation);
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
        questions_add_check(questions, request, relation_of(request, questions->arena));
}

/* Which columns are the primary key is what the catalog knows. */
static void look_up_orphans(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    struct deed_texts parents = {0};
    const char **marks = arena_calloc(arena, deed->keys.count, sizeof *marks);
    struct deed marked = *deed;
    struct question_request asked = *request;
    struct buf buf;
    for (size_t i = 0; i < deed->keys.count; i++)
        marks[i] = arena_printf(arena, "\x01%zu\x01", i + 1);
    parents = (struct deed_texts){marks, deed->keys.count};
    marked.parents = parents;
    asked.deed = &marked;
    questions_add_orphans(questions, &asked, rows_of(request, arena));
    struct question *question = &questions->items[questions->count - 1];
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT ");
    for (size_t i = 0; i < deed->keys.count; i++)
        buf_adds(&buf, "pg_catalog.replace(");
    postgres_add_literal(&buf, question->rows);
    for (size_t i = 0; i < deed->keys.count; i++) {
        buf_adds(&buf, ", ");
        postgres_add_literal(&buf, marks[i]);
        buf_addf(&buf,
                 ", pg_catalog.quote_ident((pg_catalog.array_agg(a.attname ORDER BY k.at))[%zu]))",
                 i + 1);
    }
    buf_adds(&buf, ", ");
    postgres_add_literal(&buf, question->sample);
    buf_adds(&buf,
             ", NULL FROM pg_catalog.pg_constraint c, pg_catalog.unnest(c.conkey) WITH ORDINALITY "
             "AS k (num, at), pg_catalog.pg_attribute a WHERE a.attrelid = c.conrelid AND "
             "a.attnum = k.num AND c.contype = 'p' AND c.conrelid = ");
    postgres_add_regclass(&buf, deed->other_schema, deed->other);
    buf_addf(&buf, " HAVING pg_catalog.count(*) = %zu", deed->keys.count);
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
        questions_add_orphans(questions, request, rows_of(request, questions->arena));
}

/* What the constraint says is in the catalog. */
static void ask_validate(const struct question_request *request, struct questions *questions)
{
    static const char sql[] =
        "SELECT CASE WHEN c.convalidated THEN NULL WHEN c.contype = 'c' THEN "
        "pg_catalog.format('%s WHERE NOT (%s)', c.conrelid::pg_catalog.regclass, "
        "pg_catalog.pg_get_expr(c.conbin, c.conrelid)) WHEN c.contype = 'n' THEN "
        "pg_catalog.format('%s WHERE %I IS NOT DISTINCT FROM NULL', c.conrelid::pg_catalog.regclass, "
        "k.names[1]) WHEN c.contype = 'f' AND c.confmatchtype = 's' THEN "
        "pg_catalog.format('%s AS skein_child WHERE %s AND NOT EXISTS (SELECT 1 FROM %s AS "
        "skein_parent WHERE %s)', c.conrelid::pg_catalog.regclass, k.there, "
        "c.confrelid::pg_catalog.regclass, k.same) END, CASE c.contype WHEN 'f' THEN k.sample END, "
        "CASE WHEN NOT c.convalidated AND NOT (c.contype IN ('c', 'n') OR (c.contype = 'f' AND "
        "c.confmatchtype = 's')) THEN 'it is of a kind that no question is known for' END "
        "FROM pg_catalog.pg_constraint c CROSS JOIN LATERAL (SELECT "
        "pg_catalog.array_agg(a.attname ORDER BY n.at) AS names, "
        "pg_catalog.string_agg(pg_catalog.format('skein_child.%I IS NOT NULL', a.attname), ' AND ' "
        "ORDER BY n.at) AS there, pg_catalog.string_agg(pg_catalog.format('skein_child.%I', a.attname), "
        "', ' ORDER BY n.at) AS sample, pg_catalog.string_agg(pg_catalog.format('skein_parent.%I = "
        "skein_child.%I', p.attname, a.attname), ' AND ' ORDER BY n.at) AS same "
        "FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY AS n (num, at) JOIN pg_catalog.pg_attribute a "
        "ON a.attrelid = c.conrelid AND a.attnum = n.num LEFT JOIN pg_catalog.pg_attribute p ON "
        "p.attrelid = c.confrelid AND p.attnum = c.confkey[n.at]) AS k WHERE c.conname = ";
    const struct deed *deed = request->deed;
    struct question *question = questions_add(questions, QUESTION_CHECK, request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, sql);
    postgres_add_literal(&buf, deed->name);
    buf_adds(&buf, " AND c.conrelid = ");
    postgres_add_regclass(&buf, deed->schema, deed->table);
    question->about = deed->name;
    question->depends = (struct deed_texts){0};
    question->lookup = buf_into(&buf, questions->arena);
}

static void ask_index(const struct question_request *request, struct questions *questions)
{
    if (!(request->deed->flags & DEED_UNIQUE))
        return;
    if (!request->deed->keys.count)
        questions_add_reason(questions, QUESTION_DUPLICATES, request, "its keys could not be read");
    else
        questions_add_duplicates(questions, request, question_relation(questions->arena, request));
}

void postgres_ask_rows(const struct question_request *request, struct questions *questions)
{
    static void (*const asks[DEED__COUNT])(const struct question_request *, struct questions *) = {
        [DEED_ADD_COLUMN] = ask_add_column,  [DEED_SET_NOT_NULL] = ask_not_null,
        [DEED_SET_TYPE] = postgres_ask_type, [DEED_ADD_CHECK] = ask_check,
        [DEED_ADD_UNIQUE] = ask_unique,      [DEED_ADD_FOREIGN_KEY] = ask_foreign_key,
        [DEED_VALIDATE] = ask_validate,      [DEED_CREATE_INDEX] = ask_index,
        [DEED_ATTACH] = postgres_ask_attach,
    };
    if (asks[request->deed->kind])
        asks[request->deed->kind](request, questions);
}
