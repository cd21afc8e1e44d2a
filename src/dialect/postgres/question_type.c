/* Whether the values of a column become those of another type, as a question. */
#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/postgres/question_private.h"
#include "dialect/postgres/templates.h"
#include "dialect/template.h"

void postgres_add_regclass(struct buf *buf, const char *schema, const char *table)
{
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    if (schema) {
        sql_add_identifier(&name, schema);
        buf_addc(&name, '.');
    }
    sql_add_identifier(&name, table);
    buf_adds(buf, "pg_catalog.to_regclass(");
    postgres_add_literal(buf, name.data);
    buf_addc(buf, ')');
    buf_done(&name);
}

static bool is_limited_text(const char *type, long *ret_length)
{
    bool is_text = strncmp(type, "varchar(", 8) == 0 || strncmp(type, "bpchar(", 7) == 0;
    *ret_length = is_text ? strtol(strchr(type, '(') + 1, NULL, 10) : 0;
    return is_text && type[strlen(type) - 1] == ')';
}

static bool is_limited_number(const char *type, long *ret_precision, long *ret_scale)
{
    char *end = NULL;
    if (strncmp(type, "numeric(", 8) != 0 || type[strlen(type) - 1] != ')')
        return false;
    *ret_precision = strtol(type + 8, &end, 10);
    *ret_scale = *end == ',' ? strtol(end + 1, NULL, 10) : 0;
    return true;
}

/* A cast that is asked for cuts what is too long; one that an ALTER does refuses it. */
static bool is_cut(const char *type)
{
    static const char *const cut[] = {"bit", "varbit", "varchar(", "bpchar("};
    for (size_t i = 0; i < ARRAY_LEN(cut); i++)
        if (strncmp(type, cut[i], strlen(cut[i])) == 0)
            return true;
    return false;
}

/* Beside each index `i`: its columns, with `value` in the place of the deed's, as `k.keys`, that they are not null as
 * `k.conditions`, and whether the deed's is among them as `k.has_it`. */
static void add_key_columns(struct buf *buf, const struct deed *deed, const char *value)
{
    buf_adds(buf, "CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(CASE WHEN a.attname = ");
    postgres_add_literal(buf, deed->column);
    buf_adds(buf, " THEN ");
    postgres_add_literal(buf, value);
    buf_adds(
        buf,
        " ELSE pg_catalog.quote_ident(a.attname) END, ', ') AS keys, "
        "pg_catalog.string_agg(pg_catalog.quote_ident(a.attname) || ' IS NOT NULL', ' AND ') AS "
        "conditions, pg_catalog.bool_or(a.attname = ");
    postgres_add_literal(buf, deed->column);
    buf_adds(
        buf,
        ") AS has_it FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum "
        "= ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) AS k");
}

/* Two values may become the same, where a unique index has the column: the catalog knows. */
static void ask_collisions(const struct question_request *request, struct questions *questions,
                           const char *value)
{
    const struct deed *deed = request->deed;
    bool is_text = strcmp(deed->type, "text") == 0 || strcmp(deed->type, "varchar") == 0;
    struct buf buf;
    if (is_text && !deed->expression && !(deed->flags & DEED_CHARSET))
        return;
    struct question *question = questions_add(questions, QUESTION_DUPLICATES, request);
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf,
             "SELECT CASE WHEN pg_catalog.count(*) = 1 THEN pg_catalog.min(x.rows) END, NULL, CASE "
             "WHEN pg_catalog.count(*) > 1 OR pg_catalog.bool_or(x.is_odd) THEN 'unique "
             "indexes have the column: several, or of expressions or some rows, or with another "
             "collation' END FROM (SELECT "
             "pg_catalog.format('(SELECT 1 AS skein_1 FROM %s WHERE %s GROUP BY %s HAVING count(*) "
             "> 1) AS skein_found', ");
    postgres_add_literal(&buf, question_relation(questions->arena, request));
    buf_addf(
        &buf,
        ", k.conditions, k.keys) AS rows, i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR %s "
        "AS is_odd FROM pg_catalog.pg_index i ",
        deed->flags & DEED_CHARSET ? "true" : "false");
    add_key_columns(&buf, deed,
                    arena_printf(questions->arena, "((%s\n)::%s)", value, deed->definition));
    buf_adds(&buf,
             " WHERE i.indisunique AND (k.has_it OR i.indexprs IS NOT NULL) AND i.indrelid = ");
    postgres_add_regclass(&buf, deed->schema, deed->table);
    buf_adds(&buf, ") AS x");
    question->lookup = buf_into(&buf, questions->arena);
    question->depends = (struct deed_texts){0};
    question->reads_keys = true;
}

/* Why no question is known for the type; NULL: one is. */
static const char *fault_of_type(const struct deed *deed, struct arena *arena)
{
    long ignored;
    if (!deed->definition || !deed->type)
        return "its type could not be read";
    if (deed->flags & DEED_UNSTABLE)
        return arena_printf(arena, "%s is another each time", deed->what);
    if (!is_limited_text(deed->type, &ignored) && is_cut(deed->type))
        return arena_printf(arena, "no cast to %s refuses what an ALTER refuses", deed->type);
    return NULL;
}

/* Which rows have a value that the type does not hold: one that is too long, or whose cast fails. */
static struct question *ask_values(const struct question_request *request,
                                   struct questions *questions, const char *value)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    const char *relation = question_relation(arena, request);
    long length, precision, scale;
    struct question *question;
    if (is_limited_text(deed->type, &length)) {
        question = questions_add(questions, QUESTION_LENGTH, request);
        question->rows = arena_printf(
            arena,
            "%s WHERE pg_catalog.rtrim(pg_catalog.substr((%s\n)::pg_catalog.text, %ld), ' ') <> ''",
            relation, value, length + 1);
    } else if (is_limited_number(deed->type, &precision, &scale) && scale <= precision &&
               !strchr(deed->definition, '-')) { /* the type has no sign */
        question = questions_add(questions, QUESTION_LENGTH, request);
        question->rows = arena_printf(
            arena,
            "%s WHERE pg_catalog.abs(pg_catalog.round((%s\n)::pg_catalog.numeric, %ld)) >= "
            "1e%ld::pg_catalog.numeric AND (%s\n)::pg_catalog.numeric <> 'NaN'",
            relation, value, scale, precision - scale, value);
    } else {
        question = questions_add(questions, QUESTION_CAST, request);
        question->trial = arena_printf(arena, "SELECT pg_catalog.count((%s\n)::%s) FROM %s", value,
                                       deed->definition, relation);
        question->lookup = postgres_look_up_domain(arena, deed->definition, false);
    }
    return question;
}

void postgres_ask_type(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    const char *fault = fault_of_type(deed, arena);
    if (fault) {
        questions_add_reason(questions, QUESTION_CAST, request, fault);
        return;
    }
    const char *value = deed->expression ? deed->expression : deed->keys.items[0];
    struct question *question = ask_values(request, questions, value);
    question->follows = !question->lookup || question->trial;
    question->depends = deed->expression ? question_text(arena, deed->expression) : deed->keys;
    question->about = arena_printf(arena, "%s of %s", deed->type, question->about);
    ask_collisions(request, questions, value);
    postgres_ask_kept(request, questions, value);
}
