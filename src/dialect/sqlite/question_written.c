/* What an INSERT or an UPDATE writes into a table that is there, beside what it holds rows to: questions that the catalog makes. They
 * share an image: the rows as they will stand, under the names that the columns have, with their affinities. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/question.h"
#include "dialect/sqlite/question.h"
#include "dialect/sqlite/tokens.h"
#include "dialect/template.h"
#include "dialect/written.h"

struct asking {
    const struct question_request *request;
    struct questions *questions;
    struct arena *arena;
    struct written written;
    const char *
        parts; /* `WITH …`: skein_table r, skein_column (a row for each column), skein_image i (its `text`) */
};

static struct written_text read_tokens(const char *sql, struct arena *arena)
{
    struct written_token *tokens = NULL;
    size_t count = 0, capacity = 0;
    for (struct sqlite_cursor cursor = sqlite_cursor(sql); cursor.token.kind != TOKEN_END;
         sqlite_advance(&cursor)) {
        size_t begin = (size_t)(cursor.token.text - sql);
        *ARENA_PUSH(arena, tokens, count, capacity) =
            (struct written_token){begin, begin + cursor.token.len};
    }
    return (struct written_text){sql, tokens, count, false};
}

/* ---- the image ---------------------------------------------------------------------------------- */

#define QUOTED(name) "'`' || replace(" name ", '`', '``') || '`'"

/* As SQLite decides it by the words of a type. */
#define AFFINITY                                                                                   \
    "CASE WHEN upper(c.type) LIKE '%INT%' THEN 'numeric' WHEN upper(c.type) LIKE '%CHAR%' OR "     \
    "upper(c.type) LIKE '%CLOB%' OR upper(c.type) LIKE '%TEXT%' THEN 'text' WHEN c.type = '' OR "  \
    "upper(c.type) LIKE '%BLOB%' OR (r.is_strict AND upper(c.type) = 'ANY') THEN 'none' ELSE 'numeric' END"

#define KEPT                                                                                                 \
    "CASE affinity WHEN 'text' THEN '(CASE WHEN typeof(' || value || ') IN (''integer'', ''real'') THEN "    \
    "CAST(' || value || ' AS TEXT) ELSE ' || value || ' END)' WHEN 'numeric' THEN '(CASE WHEN typeof(' || "  \
    "value || ') = ''text'' AND CAST(' || value || ' AS NUMERIC) = ' || value || ' THEN CAST(' || value || " \
    "' AS NUMERIC) ELSE ' || value || ' END)' ELSE value END"

static void add_is_given(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (!written->count) {
        buf_adds(buf, "c.hidden = 0"); /* as many as there are: SQLite takes no fewer */
        return;
    }
    buf_adds(buf, "c.name COLLATE NOCASE IN (");
    written_add_names(buf, written, sql_add_literal);
    buf_addc(buf, ')');
}

static void add_value(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (!written->is_update) {
        buf_adds(buf, "'skein_new.' || " QUOTED("c.name"));
        return;
    }
    buf_adds(buf, "CASE c.name COLLATE NOCASE");
    for (size_t i = 0; i < written->count; i++) {
        buf_adds(buf, " WHEN ");
        sql_add_literal(buf, written->columns[i].name);
        buf_adds(buf, " THEN ");
        sql_add_literal(buf, arena_printf(asking->arena, "(%s\n)", written->columns[i].value));
    }
    buf_adds(buf, " END");
}

static void add_source(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (written->is_update) {
        sql_add_literal(buf, written->target);
        return;
    }
    struct buf list;
    buf_init(&list, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < written->count; i++) {
        buf_addf(&list, "%s`", i ? ", " : "");
        for (const char *at = written->columns[i].name; *at; at++)
            buf_addf(&list, *at == '`' ? "``" : "%c", *at);
        buf_addc(&list, '`');
    }
    buf_adds(buf, "'(WITH skein_new (' || ");
    if (written->count)
        sql_add_literal(buf, list.data);
    else
        buf_adds(buf, "group_concat(CASE WHEN is_given THEN " QUOTED("name") " END, ', ')");
    buf_adds(buf, " || ");
    sql_add_literal(buf,
                    arena_printf(asking->arena, ") AS (%s\n) SELECT * FROM skein_new) AS skein_new",
                                 written->query));
    buf_done(&list);
}

static void add_image(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    const char *changed = written->condition
                              ? arena_printf(asking->arena, "((%s\n) IS TRUE)", written->condition)
                              : "1";
    buf_adds(buf, ", skein_image AS (SELECT '(SELECT ' || group_concat(");
    if (written->is_update) {
        buf_adds(buf, "CASE WHEN is_given THEN ");
        sql_add_literal(buf, arena_printf(asking->arena, "CASE WHEN %s THEN ", changed));
        buf_adds(
            buf,
            " || kept || ' ELSE ' || " QUOTED("name") " || ' END AS ' || " QUOTED("name") " || ', ' || " QUOTED(
                "name") " || ' AS skein_was_' || at ELSE " QUOTED("name") " END");
    } else {
        buf_adds(buf, "coalesce(kept, 'NULL') || ' AS ' || " QUOTED("name"));
    }
    buf_adds(buf, ", ', ') || ");
    sql_add_literal(buf, arena_printf(asking->arena, ", %s AS skein_changed FROM ", changed));
    buf_adds(buf, " || ");
    add_source(asking, buf);
    buf_adds(buf, " || ')' AS text FROM skein_column)");
}

static const char *make_parts(const struct asking *asking)
{
    struct buf table, buf;
    buf_init(&table, BUF_MAX_DEFAULT);
    buf_init(&buf, BUF_MAX_DEFAULT);
    sql_add_literal(&table, asking->request->deed->table);
    buf_addf(
        &buf,
        "WITH skein_table AS (SELECT s.name, s.type, lower(s.sql) AS sql, t.wr AS has_no_rowid, "
        "t.strict AS is_strict FROM main.sqlite_schema s JOIN pragma_table_list(%s) t ON t.schema = "
        "'main' WHERE s.type IN ('table', 'view') AND s.name = %s COLLATE NOCASE), skein_raw AS (SELECT ",
        table.data, table.data);
    buf_adds(&buf, "c.*, c.cid AS at, r.is_strict, c.\"notnull\" OR (c.pk AND (r.has_no_rowid OR "
                   "r.is_strict)) AS is_required, " AFFINITY " AS affinity, ");
    buf_addf(
        &buf,
        "NOT r.has_no_rowid AND c.pk = 1 AND upper(c.type) = 'INTEGER' AND (SELECT max(k.pk) FROM "
        "pragma_table_xinfo(%s) k) = 1 AS is_rowid, ",
        table.data);
    add_is_given(asking, &buf);
    buf_adds(&buf, " AS is_given, CASE WHEN ");
    add_is_given(asking, &buf);
    buf_adds(&buf, " THEN ");
    add_value(asking, &buf);
    buf_addf(
        &buf,
        " ELSE c.dflt_value END AS value FROM skein_table r JOIN pragma_table_xinfo(%s) c ORDER BY "
        "c.cid)",
        table.data);
    buf_adds(&buf, ", skein_column AS (SELECT *, " KEPT " AS kept, hidden = 0 AND (is_given OR ");
    buf_adds(&buf,
             asking->written.is_update
                 ? "1"
                 : "(NOT is_rowid AND (value IS NULL OR value NOT LIKE '%(%' AND upper(value) NOT "
                   "LIKE 'CURRENT%'))");
    buf_adds(&buf, ") AS is_known FROM skein_raw)");
    add_image(asking, &buf);
    buf_done(&table);
    return buf_into(&buf, asking->arena);
}

/* ---- questions ---------------------------------------------------------------------------------- */

static const char odd[] =
    "CASE WHEN r.type <> 'table' THEN 'it writes into what is no plain table' WHEN EXISTS (SELECT 1 FROM "
    "main.sqlite_schema g WHERE g.type = 'trigger' AND g.tbl_name = r.name COLLATE NOCASE) THEN 'a trigger of the table may "
    "change what is written' WHEN r.sql LIKE '%on conflict%' THEN 'the table has its own way with what does "
    "not fit' WHEN r.sql LIKE 'create virtual%' THEN 'it is a virtual table'";

struct form {
    enum question_kind kind;
    const char *about; /* before the table's name */
    const char *parts; /* more of WITH; NULL: none */
    const char *rows, *reason, *doubt;
};

static void ask(struct asking *asking, const struct form *form)
{
    struct question *question = questions_add(asking->questions, form->kind, asking->request);
    question->about =
        arena_printf(asking->arena, "%s of %s", form->about, asking->request->deed->table);
    question->depends = (struct deed_texts){0};
    question->reads_keys = form->kind == QUESTION_DUPLICATES;
    question->doubt = form->doubt ? "it depends on the order in which rows are changed" : NULL;
    question->lookup = arena_printf(
        asking->arena, "%s%s SELECT %s, NULL, %s%s END, %s FROM skein_table r, skein_image i",
        asking->parts, form->parts ? form->parts : "", form->rows, odd,
        form->reason ? form->reason : "", form->doubt ? form->doubt : "NULL");
}

#define WHERE_ANY(condition, columns)                                                              \
    "(SELECT i.text || ' AS skein_image WHERE skein_changed AND (' || group_concat(" condition     \
    ", ' OR ') || ')' FROM skein_column c WHERE " columns ")"

/* As question_rebuild.c has it. */
#define STRICT_TYPE                                                                                            \
    "CASE WHEN c.is_rowid OR upper(c.type) IN ('INT', 'INTEGER') THEN 'NOT (typeof(' || x.name || ') IN "      \
    "(''null'', ''integer'') OR (typeof(' || x.name || ') IN (''real'', ''text'') AND CAST(' || x.name || "    \
    "' AS INTEGER) = ' || x.name || '))' WHEN upper(c.type) = 'REAL' THEN 'NOT (typeof(' || x.name || ') IN "  \
    "(''null'', ''integer'', ''real'') OR (typeof(' || x.name || ') = ''text'' AND CAST(' || x.name || ' AS "  \
    "REAL) = ' || x.name || '))' WHEN upper(c.type) = 'TEXT' THEN 'typeof(' || x.name || ') = ''blob''' WHEN " \
    "upper(c.type) = 'BLOB' THEN 'typeof(' || x.name || ') NOT IN (''null'', ''blob'')' ELSE '0' END"

static void ask_nulls(struct asking *asking)
{
    ask(asking,
        &(struct form){.kind = QUESTION_NULLS,
                       .about = "the columns",
                       .rows = asking->written.is_update
                                   ? WHERE_ANY(QUOTED("c.name") " || ' IS NULL'",
                                               "c.is_required AND NOT c.is_rowid AND c.is_given")
                                   : WHERE_ANY(QUOTED("c.name") " || ' IS NULL'",
                                               "c.is_required AND NOT c.is_rowid AND c.is_known")});
}

/* A row that is there keeps a number. */
#define NUMBERLESS "iif(c.is_rowid, ' OR ' || x.name || ' IS NULL', '')"

static void ask_types(struct asking *asking)
{
    static const char begin[] =
        "(SELECT i.text || ' AS skein_image WHERE skein_changed AND (' || group_concat(";
    ask(asking,
        &(struct form){
            .kind = QUESTION_CAST,
            .about = "the types",
            .rows = arena_printf(
                asking->arena, "%s%s%s", begin,
                asking->written.is_update ? STRICT_TYPE " || " NUMBERLESS : STRICT_TYPE,
                ", ' OR ') || ')' FROM (SELECT *, " QUOTED(
                    "name") " AS name FROM "
                            "skein_column) AS x JOIN skein_column c ON c.at = x.at WHERE c.is_given AND "
                            "(c.is_rowid OR c.is_strict))")});
}

/* Unique indexes, and the number of a row, with what is to be said of their keys. */
#define KEYED(key, seq, name)                                                                                                                                                                                  \
    "group_concat(" key " || ' AS skein_k' || " seq                                                                                                                                                            \
    ", ', ') AS named, group_concat('skein_k' || " seq                                                                                                                                                         \
    ", ', ') AS names, group_concat('skein_k' || " seq " || ' IS NOT NULL', ' AND ') AS there, "                                                                                                               \
    "group_concat('skein_image.' || " QUOTED(name) " || ' = skein_old.' || " QUOTED(                                                                                                                           \
        name) ", ' AND ') AS same, group_concat(CASE WHEN c.is_given THEN 'skein_image.' || " QUOTED(name) " || ' IS NOT skein_image.skein_was_' || c.at END, ' OR ') AS moved, min(c.is_known) AS is_known, " \
                                                                                                           "max(c.is_given) AS is_given"
#define KEYS                                                                                                              \
    ", skein_index AS (SELECT l.name, l.partial, x.* FROM skein_table r, pragma_index_list(r.name) l, "                   \
    "pragma_index_xinfo(l.name) x WHERE l.\"unique\" AND x.key), skein_key AS (SELECT " KEYED(                            \
        QUOTED("c.name") " || ' COLLATE ' || k.coll", "k.seqno",                                                          \
        "c.name") " FROM skein_index k JOIN skein_column c ON c.at = k.cid WHERE NOT k.partial AND NOT EXISTS (SELECT 1 " \
                  "FROM skein_index o WHERE o.name = k.name AND o.cid < 0) GROUP BY k.name UNION ALL SELECT " KEYED(      \
                      QUOTED("c.name"), "0",                                                                              \
                      "c.name") " FROM skein_column c WHERE c.is_rowid HAVING count(*) > 0)"

static void ask_duplicates(struct asking *asking)
{
    static const char inserted[] =
        "(SELECT '(' || group_concat('SELECT 1 AS skein_1 FROM (SELECT ' || k.named || ' FROM ' || i.text || ' "
        "AS skein_image UNION ALL SELECT ' || k.named || ' FROM main.' || " QUOTED(
            "r.name") " || ') AS skein_all "
                      "WHERE ' || k.there || ' GROUP BY ' || k.names || ' HAVING count(*) > 1', ' UNION ALL ') || ') AS "
                      "skein_found' FROM skein_key k WHERE k.is_known)";
    static const char updated[] =
        "(SELECT '(' || group_concat('SELECT 1 AS skein_1 FROM (SELECT ' || k.named || ' FROM ' || i.text || ' "
        "AS skein_image) AS skein_all WHERE ' || k.there || ' GROUP BY ' || k.names || ' HAVING count(*) > 1', "
        "' UNION ALL ') || ') AS skein_found' FROM skein_key k WHERE k.is_given)";
    static const char moved[] =
        "(SELECT '(' || group_concat('SELECT 1 AS skein_1 FROM ' || i.text || ' AS skein_image WHERE "
        "skein_changed AND (' || k.moved || ') AND EXISTS (SELECT 1 FROM main.' || " QUOTED(
            "r.name") " || ' AS "
                      "skein_old WHERE ' || k.same || ')', ' UNION ALL ') || ') AS skein_found' FROM skein_key k WHERE "
                      "k.is_given)";
    bool is_update = asking->written.is_update;
    ask(asking,
        &(struct form){
            .kind = QUESTION_DUPLICATES,
            .about = "a key",
            .parts = KEYS,
            .rows = is_update ? updated : inserted,
            .reason = " WHEN EXISTS (SELECT 1 FROM skein_index k WHERE k.partial OR k.cid < 0) "
                      "THEN 'a unique index of expressions, or of some rows, may read what is "
                      "written'",
            .doubt = is_update ? moved : NULL});
}

/* What their texts say no query of the catalog tells. */
static void tell_rules(struct asking *asking)
{
    ask(asking, &(struct form){
                    .kind = QUESTION_CHECK,
                    .about = "the rules",
                    .rows = "NULL",
                    .reason = " WHEN r.sql LIKE '%check%(%' THEN 'no question is known for a CHECK "
                              "of a table that is there'"});
}

static void tell_parents(struct asking *asking)
{
    ask(asking,
        &(struct form){.kind = QUESTION_ORPHANS,
                       .about = "a foreign key",
                       .rows = "NULL",
                       .reason =
                           " WHEN EXISTS (SELECT 1 FROM pragma_foreign_key_list(r.name) f JOIN "
                           "skein_column c ON c.is_given AND c.name = f.\"from\" COLLATE NOCASE) "
                           "THEN 'no question is known for a foreign key of what is written'"});
}

/* Rows that refer to it are looked at when the revision ends. */
static void tell_referring(struct asking *asking)
{
    struct question *question = questions_add(asking->questions, QUESTION_ORPHANS, asking->request);
    struct buf table;
    buf_init(&table, BUF_MAX_DEFAULT);
    sql_add_literal(&table, asking->request->deed->table);
    question->about =
        arena_printf(asking->arena, "a foreign key to %s", asking->request->deed->table);
    question->depends = (struct deed_texts){0};
    question->lookup = arena_printf(
        asking->arena,
        "SELECT NULL, NULL, CASE WHEN EXISTS (SELECT 1 FROM main.sqlite_schema s, "
        "pragma_foreign_key_list(s.name) f WHERE s.type = 'table' AND f.\"table\" = %s COLLATE NOCASE) THEN "
        "'no question is known for the rows that refer to what is deleted' END",
        table.data);
    buf_done(&table);
}

void sqlite_ask_written(const struct question_request *request, struct questions *questions)
{
    struct asking asking = {.request = request, .questions = questions, .arena = questions->arena};
    struct written_text text = read_tokens(request->sql, questions->arena);
    if (request->deed->flags & DEED_CONSTANT) /* the statement has a deed that is asked of */
        return;
    written_read(questions->arena, &text, &asking.written);
    if (request->deed->kind == DEED_DELETE) {
        if (request->looks_for_orphans)
            tell_referring(&asking);
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
    ask_types(&asking); /* OR IGNORE does not pass these over, */
    if (request->looks_for_orphans)
        tell_parents(&asking); /* nor these */
    if (asking.written.passes_all)
        return;
    ask_nulls(&asking);
    if (!asking.written.passes_duplicates)
        ask_duplicates(&asking);
    tell_rules(&asking);
}
