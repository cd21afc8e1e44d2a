/* What an INSERT or an UPDATE writes, beside what its table holds rows to: questions that the catalog makes. They share an image: the
 * rows as they will stand, under the names that the columns have, with values as such columns keep them. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/mysql/question_written.h"
#include "dialect/mysql/reader.h"
#include "dialect/mysql/templates.h"
#include "dialect/question.h"
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
    struct mysql_reader reader = mysql_read(arena, sql, strlen(sql));
    struct written_token *tokens = NULL;
    size_t count = 0, capacity = 0;
    for (; !reader.is_over; mysql_skip(&reader))
        *ARENA_PUSH(arena, tokens, count, capacity) =
            (struct written_token){reader.token.begin, reader.token.end};
    return (struct written_text){sql, tokens, count, false};
}

/* ---- the image ---------------------------------------------------------------------------------- */

#define QUOTED(name) "CONCAT('`', REPLACE(" name ", '`', '``'), '`')"
#define INTEGERS "'tinyint', 'smallint', 'mediumint', 'int', 'bigint'"
#define TEXTS "'varchar', 'char', 'tinytext', 'text', 'mediumtext', 'longtext'"

static void add_is_given(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (!written->count) {
        buf_addf(buf, written->width ? "c.ordinal_position <= %zu" : "TRUE", written->width);
        return;
    }
    buf_adds(buf, "c.column_name IN (");
    written_add_names(buf, written, mysql_add_literal);
    buf_addc(buf, ')');
}

/* The value of a given column as it is written, as a text of SQL. */
static void add_value(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (!written->is_update) {
        buf_adds(buf, "CONCAT('skein_new.', " QUOTED("c.column_name") ")");
        return;
    }
    buf_adds(buf, "CASE LOWER(c.column_name)");
    for (size_t i = 0; i < written->count; i++) {
        buf_adds(buf, " WHEN LOWER(");
        mysql_add_literal(buf, written->columns[i].name);
        buf_adds(buf, ") THEN ");
        mysql_add_literal(buf, arena_printf(asking->arena, "(%s\n)", written->columns[i].value));
    }
    buf_adds(buf, " END");
}

static void add_source(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    if (written->is_update) {
        mysql_add_literal(buf, written->target);
        return;
    }
    buf_adds(buf, "'(WITH skein_new (', GROUP_CONCAT(CASE WHEN is_given THEN " QUOTED(
                      "name") " END ORDER BY ");
    if (written->count) {
        buf_adds(buf, "FIELD(name, ");
        written_add_names(buf, written, mysql_add_literal);
        buf_addc(buf, ')');
    } else {
        buf_adds(buf, "at");
    }
    buf_adds(buf, " SEPARATOR ', '), ");
    mysql_add_literal(buf, arena_printf(asking->arena,
                                        ") AS (%s\n) SELECT * FROM skein_new) AS skein_new",
                                        written->query));
}

static void add_image(const struct asking *asking, struct buf *buf)
{
    const struct written *written = &asking->written;
    const char *changed = written->condition
                              ? arena_printf(asking->arena, "((%s\n) IS TRUE)", written->condition)
                              : "TRUE";
    buf_adds(buf, ", skein_image AS (SELECT CONCAT('(SELECT ', GROUP_CONCAT(");
    if (written->is_update) {
        buf_adds(buf, "CASE WHEN is_given THEN CONCAT(");
        mysql_add_literal(buf, arena_printf(asking->arena, "CASE WHEN %s THEN ", changed));
        buf_adds(
            buf,
            ", kept, ' ELSE ', " QUOTED("name") ", ' END AS ', " QUOTED("name") ", ', ', " QUOTED(
                "name") ", ' AS skein_was_', at) ELSE " QUOTED("name") " END");
    } else {
        buf_adds(buf, "CONCAT(COALESCE(kept, 'NULL'), ' AS ', " QUOTED("name") ")");
    }
    buf_adds(buf, " ORDER BY at SEPARATOR ', '), ");
    mysql_add_literal(buf, arena_printf(asking->arena, ", %s AS skein_changed FROM ", changed));
    buf_adds(buf, ", ");
    add_source(asking, buf);
    buf_adds(buf, ", ')') AS text FROM skein_column)");
}

static void add_schema(const struct asking *asking, struct buf *buf)
{
    if (asking->request->deed->schema)
        mysql_add_literal(buf, asking->request->deed->schema);
    else
        buf_adds(buf, "DATABASE()");
}

/* A number is rounded, and a text gets the column's collation. */
#define KEPT                                                                                          \
    "CASE WHEN data_type IN (" INTEGERS                                                               \
    ") THEN CONCAT(IF(is_numbered, 'NULLIF(', '('), 'CASE WHEN ', "                                   \
    "value, ' REGEXP ''^[-+]?[0-9]+$'' THEN CAST(', value, ' AS DECIMAL(65)) ELSE ROUND(', value, "   \
    "') END', IF(is_numbered, ', 0)', ')')) WHEN data_type = 'decimal' THEN CONCAT('ROUND(CAST(', "   \
    "value, ' AS DECIMAL(65, 30)), ', numeric_scale, ')') WHEN data_type IN (" TEXTS                  \
    ") THEN CONCAT('(CONVERT(', value, ' USING ', character_set_name, ') COLLATE ', collation_name, " \
    "')') ELSE value END"

static const char *make_parts(const struct asking *asking)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "WITH skein_table AS (SELECT t.table_schema, t.table_name, t.table_type FROM "
                   "information_schema.tables t WHERE t.table_schema = ");
    add_schema(asking, &buf);
    buf_adds(&buf, " AND t.table_name = ");
    mysql_add_literal(&buf, asking->request->deed->table);
    buf_adds(&buf, "), skein_raw AS (SELECT c.*, c.column_name AS name, c.ordinal_position AS at, "
                   "c.extra LIKE '%auto_increment%' AS is_numbered, ");
    add_is_given(asking, &buf);
    buf_adds(&buf, " AS is_given, CASE WHEN ");
    add_is_given(asking, &buf);
    buf_adds(&buf, " THEN ");
    add_value(asking, &buf);
    buf_adds(&buf,
             " WHEN c.column_default REGEXP '^(''|-?[0-9.]+$)' THEN c.column_default END AS value "
             "FROM skein_table r JOIN information_schema.columns c ON c.table_schema = "
             "r.table_schema AND c.table_name = r.table_name), skein_column AS (SELECT x.*, " KEPT
             " AS kept, data_type IN (" INTEGERS ", 'decimal', " TEXTS ") AS is_sure, CASE WHEN "
             "extra LIKE '%GENERATED%' THEN FALSE WHEN is_given THEN data_type IN (" INTEGERS
             ", 'decimal', " TEXTS ") ELSE ");
    buf_adds(
        &buf,
        asking->written.is_update
            ? "TRUE"
            : "value IS NOT NULL OR ((column_default IS NULL OR column_default = 'NULL') AND NOT "
              "is_numbered)");
    buf_adds(&buf, " END AS is_known FROM skein_raw x)");
    add_image(asking, &buf);
    return buf_into(&buf, asking->arena);
}

/* ---- questions ---------------------------------------------------------------------------------- */

#define OF_TABLE(x) x ".table_schema = r.table_schema AND " x ".table_name = r.table_name"

/* The table may do more with its rows than it says. */
static const char odd[] =
    "CASE WHEN r.table_type <> 'BASE TABLE' THEN 'it writes into what is no plain table' WHEN EXISTS "
    "(SELECT 1 FROM information_schema.triggers g WHERE g.event_object_schema = r.table_schema AND "
    "g.event_object_table = r.table_name) THEN 'a trigger of the table may change what is written' WHEN "
    "EXISTS (SELECT 1 FROM information_schema.partitions p WHERE " OF_TABLE(
        "p") " AND p.partition_name IS "
             "NOT NULL) THEN 'the table has partitions' WHEN @@sql_mode NOT LIKE '%STRICT%' THEN 'the session''s "
             "sql_mode has values changed that do not fit'";

struct form {
    enum question_kind kind;
    const char *about; /* before the table's name */
    const char *parts; /* more of WITH; NULL: none */
    const char *rows, *reason, *doubt;
    const char *why; /* of a doubt */
};

static void ask(struct asking *asking, const struct form *form)
{
    struct question *question = questions_add(asking->questions, form->kind, asking->request);
    question->about =
        arena_printf(asking->arena, "%s of %s", form->about, asking->request->deed->table);
    question->depends = (struct deed_texts){0};
    question->reads_keys = form->kind != QUESTION_CAST;
    question->doubt = form->doubt ? form->why : NULL;
    question->lookup = arena_printf(
        asking->arena, "%s%s SELECT %s, NULL, %s%s END, %s FROM skein_table r, skein_image i",
        asking->parts, form->parts ? form->parts : "", form->rows, odd,
        form->reason ? form->reason : "", form->doubt ? form->doubt : "NULL");
}

#define WHERE_ANY(condition, columns)                                                              \
    "(SELECT CONCAT(i.text, ' AS skein_image WHERE skein_changed AND (', GROUP_CONCAT(" condition  \
    " SEPARATOR ' OR '), ')') FROM skein_column c WHERE " columns ")"

static void ask_nulls(struct asking *asking)
{
    static const char of_insert[] =
        WHERE_ANY("CONCAT(" QUOTED("c.name") ", ' <=> NULL')",
                  "c.is_nullable = 'NO' AND NOT c.is_numbered AND c.data_type <> "
                  "'timestamp' AND c.extra NOT LIKE '%GENERATED%' AND (c.is_given OR "
                  "c.is_known)");
    static const char of_update[] =
        WHERE_ANY("CONCAT(" QUOTED("c.name") ", ' <=> NULL')",
                  "c.is_nullable = 'NO' AND NOT c.is_numbered AND c.data_type <> "
                  "'timestamp' AND c.is_given");
    ask(asking, &(struct form){.kind = QUESTION_NULLS,
                               .about = "the columns",
                               .rows = asking->written.is_update ? of_update : of_insert});
}

/* The value before it is kept, so that what is lost by that is seen. */
static const char *raw_image(const struct asking *asking)
{
    const struct written *written = &asking->written;
    const char *source = written->is_update ? written->target : NULL;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf,
             "CONCAT('(SELECT ', GROUP_CONCAT(CONCAT(c.value, ' AS skein_', c.at) ORDER BY c.at "
             "SEPARATOR ', '), ' FROM ', ");
    if (source) {
        mysql_add_literal(&buf, arena_printf(asking->arena, "%s WHERE (%s\n)", source,
                                             written->condition ? written->condition : "TRUE"));
    } else {
        struct buf from;
        buf_init(&from, BUF_MAX_DEFAULT);
        add_source(asking, &from);
        buf_addf(&buf, "(SELECT CONCAT(%s) FROM skein_column)", from.data);
        buf_done(&from);
    }
    buf_adds(&buf, ", ') AS skein_raw')");
    return buf_into(&buf, asking->arena);
}

#define RANGE                                                                                               \
    "CASE WHEN c.column_type LIKE '%unsigned%' THEN CONCAT('0 AND ', CASE c.data_type WHEN 'tinyint' THEN " \
    "255 WHEN 'smallint' THEN 65535 WHEN 'mediumint' THEN 16777215 WHEN 'int' THEN 4294967295 ELSE "        \
    "18446744073709551615 END) ELSE CASE c.data_type WHEN 'tinyint' THEN '-128 AND 127' WHEN "              \
    "'smallint' THEN '-32768 AND 32767' WHEN 'mediumint' THEN '-8388608 AND 8388607' WHEN 'int' THEN "      \
    "'-2147483648 AND 2147483647' ELSE '-9223372036854775808 AND 9223372036854775807' END END"
#define NUMBER "''^[[:space:]]*[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)[[:space:]]*$''"

/* What cannot be told from a number's text, or a text of another character set, is a doubt. */
static void ask_types(struct asking *asking)
{
    static const char too_long[] =
        "CONCAT('CHAR_LENGTH(TRIM(TRAILING '' '' FROM skein_', c.at, ')) > ', "
        "c.character_maximum_length)";
    static const char out_of_range[] = "CONCAT('(skein_', c.at, ' REGEXP " NUMBER
                                       " AND ROUND(CAST(skein_', c.at, ' AS DECIMAL(65, "
                                       "30))) NOT BETWEEN ', " RANGE ", ')')";
    static const char too_large[] =
        "CONCAT('(skein_', c.at, ' REGEXP " NUMBER " AND ABS(ROUND(CAST(skein_', c.at, ' AS "
        "DECIMAL(65, 30)), ', c.numeric_scale, ')) >= 1e', c.numeric_precision - c.numeric_scale, ')')";
    static const char odd_number[] = "CONCAT('skein_', c.at, ' NOT REGEXP " NUMBER "')";
    static const char odd_text[] =
        "CONCAT('CONVERT(CONVERT(skein_', c.at, ' USING ', c.character_set_name, ') USING utf8mb4) COLLATE "
        "utf8mb4_bin <> CONVERT(skein_', c.at, ' USING utf8mb4)')";
    struct arena *arena = asking->arena;
    const char *raw = raw_image(asking);
    const char *rows = arena_printf(
        arena,
        "(SELECT CONCAT(%s, ' WHERE ', GROUP_CONCAT(CASE WHEN c.data_type IN (" INTEGERS
        ") THEN %s WHEN c.data_type = 'decimal' THEN %s ELSE %s END SEPARATOR ' OR ')) FROM "
        "skein_column c WHERE c.is_given AND c.is_sure)",
        raw, out_of_range, too_large, too_long);
    const char *doubt = arena_printf(
        arena,
        "(SELECT CONCAT(%s, ' WHERE ', GROUP_CONCAT(CASE WHEN c.data_type IN (" INTEGERS
        ", 'decimal') THEN %s WHEN c.is_sure THEN %s ELSE CONCAT('skein_', "
        "c.at, ' IS NOT NULL') END SEPARATOR ' OR ')) FROM skein_column c WHERE c.is_given)",
        raw, odd_number, odd_text);
    ask(asking, &(struct form){.kind = QUESTION_CAST,
                               .about = "the types",
                               .rows = rows,
                               .doubt = doubt,
                               .why = "no question is known for what all of its values become"});
}

/* Unique indexes, with what is to be said of their keys. */
#define KEY                                                                                        \
    "IF(s.sub_part IS NULL, " QUOTED("c.name") ", CONCAT('LEFT(', " QUOTED(                        \
        "c.name") ", ', ', s.sub_part, ')'))"
#define KEYS                                                                                                                          \
    ", skein_key AS (SELECT s.index_name, GROUP_CONCAT(CONCAT(" KEY                                                                   \
    ", ' AS skein_k', s.seq_in_index) "                                                                                               \
    "ORDER BY s.seq_in_index SEPARATOR ', ') AS named, GROUP_CONCAT(CONCAT('skein_k', s.seq_in_index) "                               \
    "SEPARATOR ', ') AS names, GROUP_CONCAT(CONCAT('skein_k', s.seq_in_index, ' IS NOT NULL') SEPARATOR ' "                           \
    "AND ') AS there, GROUP_CONCAT(CONCAT('skein_image.', " QUOTED("c.name") ", ' = skein_old.', " QUOTED(                            \
        "c.name") ") SEPARATOR ' AND ') AS same, GROUP_CONCAT(CASE WHEN c.is_given THEN "                                             \
                  "CONCAT('NOT (skein_image.', " QUOTED(                                                                              \
                      "c.name") ", ' <=> skein_image.skein_was_', c.at, ')') END SEPARATOR "                                          \
                                "' OR ') AS moved, MIN(c.is_known) AS is_known, MAX(c.is_given) AS is_given, MAX(c.is_given AND NOT " \
                                "c.is_sure) AS is_odd FROM skein_table r JOIN information_schema.statistics s ON " OF_TABLE(          \
                                    "s") " JOIN skein_column c ON c.name = s.column_name WHERE s.non_unique = 0 GROUP BY s.index_name)"

static void ask_duplicates(struct asking *asking)
{
    static const char inserted[] =
        "(SELECT CONCAT('(', GROUP_CONCAT(CONCAT('(SELECT 1 AS skein_1 FROM (SELECT ', k.named, ' FROM ', "
        "i.text, ' AS skein_image UNION ALL SELECT ', k.named, ' FROM ', " QUOTED("r.table_schema") ", '.', " QUOTED(
            "r.table_name") ", ') AS skein_all WHERE ', k.there, ' GROUP BY ', k.names, ' HAVING COUNT(*) "
                            "> 1)') SEPARATOR ' UNION ALL '), ') AS skein_found') FROM skein_key k WHERE k.is_known)";
    static const char updated[] =
        "(SELECT CONCAT('(', GROUP_CONCAT(CONCAT('(SELECT 1 AS skein_1 FROM (SELECT ', k.named, ' FROM ', "
        "i.text, ' AS skein_image) AS skein_all WHERE ', k.there, ' GROUP BY ', k.names, ' HAVING COUNT(*) > "
        "1)') SEPARATOR ' UNION ALL '), ') AS skein_found') FROM skein_key k WHERE k.is_given)";
    static const char moved[] =
        "(SELECT CONCAT('(', GROUP_CONCAT(CONCAT('(SELECT 1 AS skein_1 FROM ', i.text, ' AS skein_image "
        "WHERE skein_changed AND (', k.moved, ') AND EXISTS (SELECT 1 FROM ', " QUOTED(
            "r.table_schema") ", '.', " QUOTED("r.table_name") ", ' AS skein_old WHERE ', k.same, '))') SEPARATOR ' UNION ALL '), ') AS "
                                                               "skein_found') FROM skein_key k WHERE k.is_given)";
    bool is_update = asking->written.is_update;
    ask(asking,
        &(struct form){
            .kind = QUESTION_DUPLICATES,
            .about = "a key",
            .parts = KEYS,
            .rows = is_update ? updated : inserted,
            .reason = " WHEN EXISTS (SELECT 1 FROM skein_key k WHERE k.is_odd) THEN 'a unique key "
                      "has a column of a type that no question is known for'",
            .doubt = is_update ? moved : NULL,
            .why = "it depends on the order in which rows are changed"});
}

static void ask_checks(struct asking *asking)
{
    ask(asking,
        &(struct form){
            .kind = QUESTION_CHECK,
            .about = "the rules",
            .rows = "(SELECT CONCAT(i.text, ' AS ', " QUOTED(
                "r.table_name") ", ' WHERE skein_changed AND (', "
                                "GROUP_CONCAT(CONCAT('NOT (', k.check_clause, ')') SEPARATOR ' OR '), ')') FROM "
                                "information_schema.check_constraints k WHERE k.constraint_schema = r.table_schema AND "
                                "k.table_name = r.table_name)",
            .reason =
                " WHEN EXISTS (SELECT 1 FROM information_schema.check_constraints k WHERE "
                "k.constraint_schema = r.table_schema AND k.table_name = r.table_name AND "
                "k.check_clause REGEXP '[/%]| div |mod') THEN 'a division by zero is refused, and "
                "gives NULL in a question' WHEN EXISTS (SELECT 1 FROM "
                "information_schema.check_constraints k JOIN skein_column c ON NOT c.is_known AND "
                "INSTR(k.check_clause, " QUOTED(
                    "c.name") ") WHERE k.constraint_schema = "
                              "r.table_schema AND k.table_name = r.table_name) THEN 'a rule reads a value that no "
                              "question is known for'"});
}

#define FOREIGN                                                                                                                                                                                                                                                                                      \
    ", skein_foreign AS (SELECT u.constraint_name, MAX(c.is_given) AS is_given, MIN(c.is_known) AS "                                                                                                                                                                                                 \
    "is_known, MAX(u.referenced_table_schema = u.table_schema AND u.referenced_table_name = "                                                                                                                                                                                                        \
    "u.table_name) AS is_own, CONCAT(" QUOTED("MAX(u.referenced_table_schema)") ", '.', " QUOTED("MAX(u.referenced_table_name)") ") AS parent, GROUP_CONCAT(CONCAT('skein_child.', " QUOTED("c.name") ", ' IS NOT NULL') SEPARATOR ' AND ') AS there, GROUP_CONCAT(CONCAT('skein_parent.', " QUOTED( \
        "u.referenced_column_name") ", ' = skein_child.', " QUOTED("c.name") ") SEPARATOR ' AND ') AS same "                                                                                                                                                                                         \
                                                                             "FROM skein_table r JOIN information_schema.key_column_usage u ON " OF_TABLE(                                                                                                                                           \
                                                                                 "u") " AND u.referenced_table_name IS NOT NULL JOIN skein_column c ON c.name = u.column_name GROUP BY "                                                                                                             \
                                                                                      "u.constraint_name)"

/* Rows are looked at one by one: a parent in the same statement may come too late. */
static void ask_orphans(struct asking *asking)
{
    static const char of_insert[] =
        "(SELECT CONCAT('(', GROUP_CONCAT(CONCAT('(SELECT 1 AS skein_1 FROM ', i.text, ' AS skein_child WHERE "
        "skein_changed AND ', f.there, ' AND NOT EXISTS (SELECT 1 FROM ', f.parent, ' AS skein_parent WHERE "
        "', f.same, ')', IF(f.is_own, CONCAT(' AND NOT EXISTS (SELECT 1 FROM ', i.text, ' AS skein_parent "
        "WHERE ', f.same, ')'), ''), ')') SEPARATOR ' UNION ALL '), ') AS skein_found') FROM skein_foreign f "
        "WHERE f.is_given)";
    static const char late[] =
        "(SELECT CONCAT('(', GROUP_CONCAT(CONCAT('(SELECT 1 AS skein_1 FROM ', i.text, ' AS skein_child WHERE "
        "skein_changed AND ', f.there, ' AND NOT EXISTS (SELECT 1 FROM ', f.parent, ' AS skein_parent WHERE "
        "', f.same, '))') SEPARATOR ' UNION ALL '), ') AS skein_found') FROM skein_foreign f WHERE f.is_given "
        "AND f.is_own)";
    struct buf reason;
    buf_init(&reason, BUF_MAX_DEFAULT);
    written_add_touched(&reason, asking->request,
                        "SELECT 1 FROM information_schema.key_column_usage u WHERE " OF_TABLE(
                            "u") " AND u.referenced_table_name IN (");
    if (asking->written.is_update)
        buf_adds(
            &reason,
            " WHEN EXISTS (SELECT 1 FROM information_schema.key_column_usage u JOIN skein_column c "
            "ON c.name = u.referenced_column_name AND c.is_given WHERE "
            "u.referenced_table_schema = r.table_schema AND u.referenced_table_name = "
            "r.table_name) THEN 'a foreign key refers to what is changed'");
    buf_adds(
        &reason,
        " WHEN EXISTS (SELECT 1 FROM skein_foreign f WHERE f.is_given AND NOT f.is_known) THEN 'a "
        "foreign key has a value that no question is known for'");
    ask(asking, &(struct form){.kind = QUESTION_ORPHANS,
                               .about = "a foreign key",
                               .parts = FOREIGN,
                               .rows = of_insert,
                               .doubt = late,
                               .why = "it depends on the order in which rows are written",
                               .reason = buf_into(&reason, asking->arena)});
}

/* An assignment sees what those before it have set. */
static bool sees_earlier(const struct written *written)
{
    for (size_t i = 1; i < written->count; i++)
        for (size_t k = 0; k < i; k++)
            if (written->is_update &&
                ascii_holds(written->columns[i].value, written->columns[k].name))
                return true;
    return false;
}

void mysql_ask_written(const struct question_request *request, struct questions *questions)
{
    struct asking asking = {.request = request, .questions = questions, .arena = questions->arena};
    struct written_text text = read_tokens(request->sql, questions->arena);
    if (request->deed->flags & DEED_CONSTANT) /* the statement has a deed that is asked of */
        return;
    written_read(questions->arena, &text, &asking.written);
    if (asking.written.passes_all)
        return;
    if (request->deed->kind == DEED_DELETE) {
        mysql_ask_deleted(request, &asking.written, questions);
        return;
    }
    if (request->deed->flags & DEED_UNSTABLE)
        asking.written.reason =
            arena_printf(questions->arena, "%s is another each time", request->deed->what);
    else if (!asking.written.reason && sees_earlier(&asking.written))
        asking.written.reason = "an assignment sees what those before it have set";
    if (asking.written.reason) {
        written_add_reason(questions, request, asking.written.reason);
        return;
    }
    asking.parts = make_parts(&asking);
    ask_nulls(&asking);
    ask_types(&asking);
    ask_duplicates(&asking);
    ask_checks(&asking);
    ask_orphans(&asking);
}
