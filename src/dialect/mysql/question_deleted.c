/* What a DELETE takes away, beside the rows that refer to it. */
#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/mysql/question_written.h"
#include "dialect/mysql/templates.h"
#include "dialect/question.h"
#include "dialect/written.h"

#define QUOTED(name) "CONCAT('`', REPLACE(" name ", '`', '``'), '`')"

/* The foreign keys that refer to the table, with the pairs of columns that must be equal. */
static const char of_key[] =
    "SELECT u.constraint_name, u.table_schema, u.table_name, x.delete_rule, u.table_schema = "
    "r.table_schema AND u.table_name = r.table_name AS is_own, "
    "GROUP_CONCAT(CONCAT('skein_parent.', " QUOTED("u.referenced_column_name") ", ' = skein_child.', " QUOTED(
        "u.column_name") ") SEPARATOR ' AND ') AS same FROM skein_table r JOIN "
                         "information_schema.key_column_usage u ON u.referenced_table_schema = r.table_schema AND "
                         "u.referenced_table_name = r.table_name JOIN information_schema.referential_constraints x ON "
                         "x.constraint_schema = u.constraint_schema AND x.constraint_name = u.constraint_name AND x.table_name "
                         "= u.table_name GROUP BY u.constraint_name, u.table_schema, u.table_name, x.delete_rule, is_own";

/* The table, and those keys. */
static void add_tables(struct buf *buf, const struct deed *deed)
{
    buf_adds(buf, "WITH skein_table AS (SELECT t.table_schema, t.table_name, t.table_type FROM "
                  "information_schema.tables t WHERE t.table_schema = ");
    if (deed->schema)
        mysql_add_literal(buf, deed->schema);
    else
        buf_adds(buf, "DATABASE()");
    buf_adds(buf, " AND t.table_name = ");
    mysql_add_literal(buf, deed->table);
    buf_addf(buf, "), skein_foreign AS (%s) ", of_key);
}

/* Rows of other tables that refer to what is deleted, one row after the other. */
static void add_children(struct buf *buf, const struct written *written, struct arena *arena)
{
    const char *condition = written->condition ? written->condition : "TRUE";
    buf_adds(buf,
             "(SELECT CONCAT('(', GROUP_CONCAT(CONCAT('(SELECT 1 AS skein_1 FROM ', IF(f.is_own, ");
    mysql_add_literal(buf, arena_printf(arena, "(SELECT * FROM %s WHERE NOT ((%s\n) IS TRUE))",
                                        written->target, condition));
    buf_adds(buf, ", CONCAT(" QUOTED("f.table_schema") ", '.', " QUOTED(
                      "f.table_name") ")), ' AS skein_child WHERE EXISTS (SELECT 1 FROM ', ");
    mysql_add_literal(
        buf, arena_printf(arena, "(SELECT * FROM %s WHERE (%s\n))", written->target, condition));
    buf_adds(
        buf,
        ", ' AS skein_parent WHERE ', f.same, '))') SEPARATOR ' UNION ALL '), ') AS skein_found') "
        "FROM skein_foreign f WHERE f.delete_rule IN ('RESTRICT', 'NO ACTION'))");
}

/* Why it cannot be asked, or NULL. */
static void add_reason(struct buf *buf, const struct question_request *request, const char *reason)
{
    static const char reasons[] =
        "CASE WHEN r.table_type <> 'BASE TABLE' THEN 'it deletes from what is no plain "
        "table' WHEN EXISTS (SELECT 1 FROM information_schema.triggers g WHERE "
        "g.event_object_schema = r.table_schema AND g.event_object_table = r.table_name) THEN 'a "
        "trigger of the table may do more' WHEN EXISTS (SELECT 1 FROM skein_foreign f WHERE "
        "f.delete_rule NOT IN ('RESTRICT', 'NO ACTION')) THEN 'a foreign key carries it on to other "
        "tables' WHEN EXISTS (SELECT 1 FROM skein_foreign f WHERE f.is_own) THEN 'it depends on the "
        "order in which rows are deleted'";
    buf_adds(buf, reasons);
    written_add_touched(buf, request, "SELECT 1 FROM skein_foreign f WHERE f.table_name IN (");
    if (reason) {
        buf_adds(buf, " WHEN EXISTS (SELECT 1 FROM skein_foreign f) THEN ");
        mysql_add_literal(buf, reason);
    }
    buf_adds(buf, " END");
}

void mysql_ask_deleted(const struct question_request *request, const struct written *written,
                       struct questions *questions)
{
    struct arena *arena = questions->arena;
    struct question *question = questions_add(questions, QUESTION_ORPHANS, request);
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    add_tables(&buf, request->deed);
    buf_adds(&buf, "SELECT ");
    if (written->reason)
        buf_adds(&buf, "NULL");
    else
        add_children(&buf, written, arena);
    buf_adds(&buf, ", NULL, ");
    add_reason(&buf, request, written->reason);
    buf_adds(&buf, " FROM skein_table r");
    question->about = arena_printf(arena, "a foreign key to %s", request->deed->table);
    question->depends = (struct deed_texts){0};
    question->reads_keys = true;
    question->lookup = buf_into(&buf, arena);
}
