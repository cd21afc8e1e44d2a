/* The server itself says what the statement's index would be: it makes it on an empty twin of the table, in a
 * transaction that is taken back, and what its catalog then holds is compared. So an expression, a predicate or an
 * operator class may be written in any way. */
#include "dialect/postgres/index.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/postgres/templates.h"
#include "dialect/postgres/tree.h"
#include "dialect/split.h"
#include "dialect/template.h"

/* ---- the statement, of another table ------------------------------------------------------- */

static size_t skip_name(const char *sql, size_t len, size_t at)
{
    bool has_escapes =
        len - at > 2 && strchr("Uu", sql[at]) && sql[at + 1] == '&' && sql[at + 2] == '"';
    at += has_escapes ? 2 : 0;
    if (sql[at] != '"') {
        while (at < len && (ascii_is_alnum(sql[at]) || strchr("_$", sql[at]) || sql[at] & 0x80))
            at++;
        return at;
    }
    for (at++; at < len && (sql[at] != '"' || sql[at + 1] == '"'); at++)
        at += sql[at] == '"';
    return at + 1;
}

/* What stands after the table's name; "" where that is not found. */
static const char *after_table(const char *sql, const json_t *relation)
{
    size_t len = strlen(sql);
    size_t at = (size_t)json_integer_value(json_object_get(relation, "location"));
    do
        at = split_skip(sql, len, skip_name(sql, len, at), true);
    while (at < len && sql[at] == '.' && (at = split_skip(sql, len, at + 1, true)) < len);
    while (at < len && (sql[at] == '*' || sql[at] == ')')) /* of `table *` and `ONLY (table)` */
        at = split_skip(sql, len, at + 1, true);
    return at < len ? sql + at : "";
}

static void add_twin(struct buf *buf, const char *statement, const json_t *node)
{
    const json_t *relation = json_object_get(node, "relation");
    buf_addf(buf, "CREATE %sINDEX ON pg_temp.",
             json_is_true(json_object_get(node, "unique")) ? "UNIQUE " : "");
    sql_add_identifier(buf, tree_text(relation, "relname"));
    buf_addf(buf, " %s", after_table(statement, relation));
}

/* The name as SQL has it, not as a literal. */
static void add_table(struct buf *buf, const json_t *relation)
{
    if (*tree_text(relation, "schemaname")) {
        sql_add_identifier(buf, tree_text(relation, "schemaname"));
        buf_addc(buf, '.');
    }
    sql_add_identifier(buf, tree_text(relation, "relname"));
}

/* ---- what an index is ---------------------------------------------------------------------- */

/* All but its name, its table and where it lies. */
#define SHAPE                                                                                      \
    "pg_catalog.jsonb_build_array(c.relam, c.reloptions, i.indisunique, "                          \
    "pg_catalog.to_jsonb(i) -> 'indnullsnotdistinct', i.indnkeyatts, i.indclass::text, "           \
    "i.indcollation::text, i.indoption::text, pg_catalog.pg_get_expr(i.indpred, i.indrelid), "     \
    "(SELECT pg_catalog.jsonb_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, false) ORDER BY k) " \
    "FROM pg_catalog.generate_series(1, i.indnatts) AS k), "                                       \
    "(SELECT pg_catalog.jsonb_agg(a.attoptions ORDER BY a.attnum) FROM pg_catalog.pg_attribute "   \
    "AS a WHERE a.attrelid = i.indexrelid))"
#define INDEXES "pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid "

/* skein.twin: `,OID,OID,` of the table's indexes that are the same, or `fault SQLSTATE`. The exception takes back
 * what was made. */
static void add_comparison(struct buf *body, const char *statement, const json_t *node)
{
    const json_t *relation = json_object_get(node, "relation");
    struct buf make;
    buf_init(&make, BUF_MAX_DEFAULT);
    buf_adds(body, "DECLARE place oid := pg_catalog.to_regclass(");
    tree_add_relation(body, relation);
    buf_adds(body, "); shape jsonb; same text := 'fault unknown'; BEGIN BEGIN EXECUTE ");
    buf_adds(&make, "CREATE TEMP TABLE ");
    sql_add_identifier(&make, tree_text(relation, "relname"));
    buf_adds(&make, " (LIKE ");
    add_table(&make, relation);
    buf_addc(&make, ')');
    postgres_add_literal(body, make.data);
    buf_adds(body, "; EXECUTE ");
    buf_clear(&make);
    add_twin(&make, statement, node);
    postgres_add_literal(body, make.data);
    buf_done(&make);
    buf_adds(body, "; SELECT " SHAPE " INTO STRICT shape FROM " INDEXES
                   "JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid WHERE t.relnamespace = "
                   "pg_catalog.pg_my_temp_schema() AND t.relname = ");
    postgres_add_literal(body, tree_text(relation, "relname"));
    buf_adds(body, "; SELECT pg_catalog.concat(',', pg_catalog.string_agg(i.indexrelid::text, "
                   "','), ',') INTO same "
                   "FROM " INDEXES "WHERE i.indrelid = place AND " SHAPE " = shape; "
                   "RAISE EXCEPTION USING ERRCODE = 'SKEIN'; EXCEPTION WHEN OTHERS THEN IF "
                   "SQLSTATE <> 'SKEIN' THEN "
                   "same := pg_catalog.concat('fault ', SQLSTATE); END IF; END; "
                   "PERFORM pg_catalog.set_config('skein.twin', same, true); END");
}

/* ---- what is asked ------------------------------------------------------------------------- */

#define REPAIR "pg_catalog.format('repair DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)"
#define IS_SAME                                                                                    \
    "pg_catalog.strpos(pg_catalog.current_setting('skein.twin'), "                                 \
    "pg_catalog.concat(',', i.indexrelid, ',')) > 0"
#define FOUND                                                                                      \
    "WITH found AS (SELECT " POSTGRES_IS_LEFT " AS is_left, i.indisvalid OR c.relkind = 'I' AS "   \
    "is_whole, " IS_SAME " AS is_same, " REPAIR " AS repair FROM " INDEXES                         \
    "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_class AS t "   \
    "ON t.oid = pg_catalog.to_regclass("

/* An index of this name, in the table's schema. Only CONCURRENTLY leaves one that is INVALID. */
static void add_by_name(struct buf *sql, const json_t *node)
{
    bool is_concurrent = json_is_true(json_object_get(node, "concurrent"));
    bool is_content = json_is_true(json_object_get(node, "if_not_exists"));
    buf_adds(sql, FOUND);
    tree_add_relation(sql, json_object_get(node, "relation"));
    buf_adds(sql, ") WHERE c.relnamespace = t.relnamespace AND c.relname = ");
    postgres_add_literal(sql, tree_text(node, "idxname"));
    buf_addf(
        sql,
        ") SELECT CASE WHEN is_left AND NOT is_whole AND %s THEN repair WHEN (is_same OR %s) AND is_whole "
        "THEN 'done' ELSE 'other' END FROM found UNION ALL SELECT 'undone' WHERE NOT EXISTS (SELECT FROM "
        "found)",
        is_concurrent ? "true" : "false", is_content ? "true" : "false");
}

/* The server has chosen the name: the indexes of the table that are the same. Where the twin cannot be made (a name
 * that means the table itself, a lock, a missing right), the statement has left nothing if no index of the table is
 * INVALID, and whether it has built one is not known. */
static void add_by_shape(struct buf *sql, const json_t *node)
{
    buf_adds(sql, FOUND);
    tree_add_relation(sql, json_object_get(node, "relation"));
    buf_adds(
        sql,
        ") WHERE i.indrelid = t.oid) SELECT repair FROM found WHERE is_same AND is_left AND NOT is_whole "
        "UNION ALL SELECT CASE WHEN EXISTS (SELECT FROM found WHERE is_same AND is_whole) THEN 'done' "
        "WHEN NOT EXISTS (SELECT FROM found) OR pg_catalog.current_setting('skein.twin') !~ '^fault' "
        "THEN 'undone' WHEN EXISTS (SELECT FROM found WHERE is_left AND NOT is_whole) THEN 'unknown' ELSE "
        "'other' END");
}

void postgres_probe_index(struct buf *sql, const char *statement, const json_t *node)
{
    struct buf body;
    buf_init(&body, BUF_MAX_DEFAULT);
    add_comparison(&body, statement, node);
    buf_adds(sql, "BEGIN READ WRITE; DO ");
    postgres_add_literal(sql, body.data);
    buf_adds(sql, "; ");
    (*tree_text(node, "idxname") ? add_by_name : add_by_shape)(sql, node);
    buf_adds(sql, "; ROLLBACK");
    buf_done(&body);
}

/* The index of a partitioned table is INVALID as long as a partition lacks its own, which ON ONLY means. */
void postgres_check_index(struct buf *sql, const json_t *node)
{
    buf_adds(
        sql,
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM " INDEXES
        "JOIN pg_catalog.pg_class AS t ON t.relnamespace = c.relnamespace WHERE NOT i.indisvalid AND "
        "c.relkind = 'i' AND t.oid = pg_catalog.to_regclass(");
    tree_add_relation(sql, json_object_get(node, "relation"));
    buf_adds(sql, ") AND c.relname = ");
    postgres_add_literal(sql, tree_text(node, "idxname"));
    buf_addc(sql, ')');
}
