/* Whether the rows of a table are within the bounds of the partition that it becomes, what else they are held to then, and whether
 * the default partition has rows that a new one would have, as questions. The key of the partitioned table is in the catalog. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/postgres/question_private.h"
#include "dialect/postgres/templates.h"

static bool has_word(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (ascii_holds(text, *words))
            return true;
    return false;
}

static const char *regclass_of(struct arena *arena, const struct deed *deed)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    postgres_add_regclass(&buf, deed->schema, deed->table);
    return buf_into(&buf, arena);
}

/* The condition that the bounds are, of the key `%s`; NULL: it is not known. */
static const char *bounds_of(struct arena *arena, const struct deed *deed)
{
    static const char *const open[] = {"minvalue", "maxvalue", NULL};
    static const char *const nothing[] = {"null", NULL};
    const char *from = deed->expression, *to = deed->predicate;
    if (!deed->what || !from)
        return NULL;
    if (strcmp(deed->what, "list") == 0)
        return has_word(from, nothing) ? NULL : arena_printf(arena, "(\x01) IN (%s)", from);
    if (strcmp(deed->what, "hash") == 0)
        return arena_printf(arena, "pg_catalog.satisfies_hash_partition(%s, %s, \x01)",
                            regclass_of(arena, deed), from);
    if (strcmp(deed->what, "range") != 0 || !to)
        return NULL;
    bool has_from = !has_word(from, open), has_to = !has_word(to, open);
    bool is_one = !strchr(from, ',') && !strchr(to, ',');
    if (!has_from && !has_to)
        return is_one ? "(\x01) IS NOT NULL" : NULL;
    if ((!has_from || !has_to) && !is_one)
        return NULL;
    const char *low = has_from ? arena_printf(arena, "(\x01) >= (%s)", from) : NULL;
    const char *high = has_to ? arena_printf(arena, "(\x01) < (%s)", to) : NULL;
    return low && high ? arena_printf(arena, "%s AND %s", low, high) : low ? low : high;
}

static const char key_of_table[] =
    "pg_catalog.substring(pg_catalog.pg_get_partkeydef(p.partrelid), "
    "'^[A-Z]+ [(](.*)[)]$')";

/* The text, whose keys are marks, as SQL that makes it. */
static void add_with_key(struct buf *buf, const char *text)
{
    buf_adds(buf, "pg_catalog.replace(");
    postgres_add_literal(buf, text);
    buf_adds(buf, ", ");
    postgres_add_literal(buf, "\x01");
    buf_addf(buf, ", %s)", key_of_table);
}

static void add_table(struct buf *buf, const struct deed *deed)
{
    buf_adds(buf, " FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = ");
    postgres_add_regclass(buf, deed->schema, deed->table);
}

static struct question *add_question(struct questions *questions, enum question_kind kind,
                                     const struct question_request *request, struct buf *lookup)
{
    struct question *question = questions_add(questions, kind, request);
    question->lookup = buf_into(lookup, questions->arena);
    question->depends = (struct deed_texts){0};
    return question;
}

/* ---- the default partition ---------------------------------------------------------------------- */

void postgres_ask_default(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct arena *arena = questions->arena;
    const char *bounds = bounds_of(arena, deed);
    struct buf buf;
    if (!deed->what || strcmp(deed->what, "hash") == 0)
        return; /* it is the default partition itself, or there is none */
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT CASE WHEN p.partdefid <> 0 THEN p.partdefid::pg_catalog.regclass || ");
    if (bounds)
        add_with_key(&buf, arena_printf(arena, " WHERE (%s) IS TRUE", bounds));
    else
        buf_adds(&buf, "NULL");
    buf_addf(&buf,
             " END, NULL, CASE WHEN p.partdefid <> 0 AND %s THEN 'its bounds are of a kind that "
             "no question is known for, and there is a default partition' END",
             bounds ? "false" : "true");
    add_table(&buf, deed);
    add_question(questions, QUESTION_BOUNDS, request, &buf)->about =
        arena_printf(arena, "the default partition once %s is there", deed->other);
}

/* ---- what the rows of a new partition are held to ----------------------------------------------- */

/* The table may itself be a partition, whose bounds count, too. */
static void ask_bounds(const struct question_request *of_part, struct questions *questions,
                       const struct deed *deed)
{
    struct arena *arena = questions->arena;
    const char *bounds = bounds_of(arena, deed);
    struct buf buf;
    if (!bounds) {
        struct question *question = questions_add(questions, QUESTION_BOUNDS, of_part);
        question->about = deed->other;
        question->reason = "its bounds are of a kind that no question is known for";
        return;
    }
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT ");
    add_with_key(&buf, arena_printf(arena, "%s WHERE (%s) IS NOT TRUE",
                                    question_relation(arena, of_part), bounds));
    buf_adds(&buf, " || coalesce(' OR (' || pg_catalog.pg_get_partition_constraintdef(p.partrelid) "
                   "|| ') IS NOT TRUE', ''), NULL, NULL");
    add_table(&buf, deed);
    struct question *question = add_question(questions, QUESTION_BOUNDS, of_part, &buf);
    question->about = deed->other;
    question->other = deed->table;
}

/* Unique keys of the table become its own. */
static void ask_unique_keys(const struct question_request *of_part, struct questions *questions,
                            const struct deed *deed)
{
    struct arena *arena = questions->arena;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT '(' || pg_catalog.string_agg('SELECT 1 FROM ' || ");
    postgres_add_literal(&buf, question_relation(arena, of_part));
    buf_adds(
        &buf,
        " || ' WHERE (' || coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), 'true') || ')' || "
        "CASE WHEN pg_catalog.to_jsonb(i)->>'indnullsnotdistinct' = 'true' THEN '' ELSE k.there END "
        "|| ' GROUP BY ' || k.list || ' HAVING count(*) > 1', ' UNION ALL ') || ') AS skein_found', "
        "NULL, NULL FROM pg_catalog.pg_partitioned_table p LEFT JOIN pg_catalog.pg_index i ON "
        "i.indrelid = p.partrelid AND i.indisunique LEFT JOIN LATERAL (SELECT "
        "pg_catalog.string_agg(e.text, ', ') AS list, pg_catalog.string_agg(' AND (' || e.text || ') "
        "IS DISTINCT FROM NULL', '') AS there FROM (SELECT "
        "pg_catalog.pg_get_indexdef(i.indexrelid, n, false) AS text FROM "
        "pg_catalog.generate_series(1, i.indnkeyatts::int) AS n) AS e) AS k ON true WHERE "
        "p.partrelid = ");
    postgres_add_regclass(&buf, deed->schema, deed->table);
    struct question *question = add_question(questions, QUESTION_DUPLICATES, of_part, &buf);
    question->about = arena_printf(arena, "values of a unique key of %s", deed->table);
    question->other = deed->table;
    question->reads_keys = true;
}

/* So do its foreign keys. */
static void tell_foreign_keys(const struct question_request *of_part, struct questions *questions,
                              const struct deed *deed)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(
        &buf,
        "SELECT NULL, NULL, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE "
        "c.contype = 'f' AND c.convalidated AND c.conrelid = p.partrelid AND NOT EXISTS (SELECT FROM "
        "pg_catalog.pg_constraint o WHERE o.contype = 'f' AND o.convalidated AND o.confrelid = "
        "c.confrelid AND o.confkey = c.confkey AND o.conrelid = ");
    postgres_add_regclass(&buf, deed->other_schema, deed->other);
    buf_adds(&buf, ")) THEN 'the table has a foreign key that the partition gets' END");
    add_table(&buf, deed);
    struct question *question = add_question(questions, QUESTION_ORPHANS, of_part, &buf);
    question->about = arena_printf(questions->arena, "a foreign key of %s", deed->table);
    question->other = deed->table;
    question->reads_keys = true;
}

void postgres_ask_attach(const struct question_request *request, struct questions *questions)
{
    const struct deed *deed = request->deed;
    struct deed part = *deed;
    struct question_request of_part = *request;
    if (deed->what && strcmp(deed->what, "inherit") == 0)
        return;
    if (!request->is_new)
        postgres_ask_default(request, questions);
    if (request->is_other_new)
        return;
    part.table = deed->other;
    part.schema = deed->other_schema;
    of_part.deed = &part;
    ask_bounds(&of_part, questions, deed);
    ask_unique_keys(&of_part, questions, deed);
    tell_foreign_keys(&of_part, questions, deed);
}
