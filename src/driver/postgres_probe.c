#include "driver/postgres_probe.h"

#include <jansson.h>
#include <pg_query.h>

#include "base/arena.h"
#include "base/buf.h"
#include "driver/sql.h"

/* ---- the parse tree ------------------------------------------------------------------------ */

/* The statement's node and its kind (`IndexStmt`); NULL unless it is exactly one statement. The
 * caller gives the root back. */
static json_t *parse(const char *statement, json_t **ret_root, const char **ret_kind)
{
    PgQueryParseResult result = pg_query_parse(statement);
    json_t *root = result.error ? NULL : json_loads(result.parse_tree, 0, NULL);
    json_t *statements = json_object_get(root, "stmts");
    json_t *node = json_array_size(statements) == 1
                       ? json_object_get(json_array_get(statements, 0), "stmt")
                       : NULL;
    void *first = json_object_iter(node);
    pg_query_free_parse_result(result);
    *ret_root = root;
    *ret_kind = first ? json_object_iter_key(first) : "";
    return first ? json_object_iter_value(first) : NULL;
}

static const char *text(const json_t *node, const char *key)
{
    const char *value = json_string_value(json_object_get(node, key));
    return value ? value : "";
}

static bool is(const json_t *node, const char *key, const char *value)
{
    return strcmp(text(node, key), value) == 0;
}

/* "schema"."name", as a literal for to_regclass and its like. */
static void add_name(struct buf *buf, const char *schema, const char *name)
{
    struct buf quoted;
    buf_init(&quoted, 1024);
    if (*schema) {
        sql_add_identifier(&quoted, schema);
        buf_addc(&quoted, '.');
    }
    sql_add_identifier(&quoted, name);
    sql_add_literal(buf, quoted.data);
    buf_done(&quoted);
}

static void add_relation(struct buf *buf, const json_t *node)
{
    const json_t *relation = json_object_get(node, "relation");
    add_name(buf, text(relation, "schemaname"), text(relation, "relname"));
}

/* The last two of a list of String nodes. */
static void add_qualified(struct buf *buf, const json_t *names)
{
    size_t count = json_array_size(names);
    const char *parts[2] = {"", ""};
    for (size_t i = 0; i < 2 && i < count; i++)
        parts[1 - i] =
            text(json_object_get(json_array_get(names, count - 1 - i), "String"), "sval");
    add_name(buf, parts[0], parts[1]);
}

/* to_regtype('…'), with the pseudo-types that only CREATE and ADD COLUMN know resolved. */
static void add_type(struct buf *buf, const json_t *type)
{
    static const char *const serials[][2] = {{"serial", "int4"},      {"serial4", "int4"},
                                             {"bigserial", "int8"},   {"serial8", "int8"},
                                             {"smallserial", "int2"}, {"serial2", "int2"}};
    const json_t *names = json_object_get(type, "names");
    const char *last =
        text(json_object_get(json_array_get(names, json_array_size(names) - 1), "String"), "sval");
    struct buf name;
    buf_init(&name, 1024);
    for (size_t i = 0; i < ARRAY_LEN(serials); i++)
        if (json_array_size(names) == 1 && strcmp(last, serials[i][0]) == 0)
            add_name(&name, "pg_catalog", serials[i][1]);
    if (!name.len)
        add_qualified(&name, names);
    buf_adds(buf, "pg_catalog.to_regtype(");
    buf_adds(buf, name.data);
    buf_adds(buf, json_object_get(type, "arrayBounds") ? " || '[]')" : ")");
    buf_done(&name);
}

/* ---- what is asked ------------------------------------------------------------------------- */

/* An index that was being built when the session died stays behind, invalid. */
static void probe_index(struct buf *sql, struct buf *repair, const json_t *node)
{
    const char *name = text(node, "idxname");
    const json_t *relation = json_object_get(node, "relation");
    if (!*name)
        return;
    buf_adds(sql,
             "SELECT CASE WHEN found.indexrelid IS NULL THEN 'undone' WHEN NOT found.indisvalid "
             "THEN 'broken' ELSE 'is ' || pg_catalog.pg_get_indexdef(found.indexrelid) END FROM "
             "(SELECT 1) AS one LEFT JOIN (SELECT i.indexrelid, i.indisvalid FROM "
             "pg_catalog.pg_class AS t JOIN pg_catalog.pg_class AS c ON c.relnamespace = "
             "t.relnamespace JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid WHERE t.oid = "
             "pg_catalog.to_regclass(");
    add_relation(sql, node);
    buf_adds(sql, ") AND c.relname = ");
    sql_add_literal(sql, name);
    buf_adds(sql, ") AS found ON true");
    buf_adds(repair, "DROP INDEX CONCURRENTLY ");
    if (*text(relation, "schemaname")) {
        sql_add_identifier(repair, text(relation, "schemaname"));
        buf_addc(repair, '.');
    }
    sql_add_identifier(repair, name);
}

static void probe_drop(struct buf *sql, struct buf *repair, const json_t *node)
{
    static const char *const kinds[] = {"OBJECT_INDEX", "OBJECT_TABLE", "OBJECT_VIEW",
                                        "OBJECT_MATVIEW", "OBJECT_SEQUENCE"};
    const json_t *objects = json_object_get(node, "objects");
    bool is_known = false;
    (void)repair;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        is_known |= is(node, "removeType", kinds[i]);
    if (!is_known || json_array_size(objects) != 1)
        return;
    buf_adds(sql, "SELECT CASE WHEN pg_catalog.to_regclass(");
    add_qualified(sql,
                  json_object_get(json_object_get(json_array_get(objects, 0), "List"), "items"));
    buf_adds(sql, ") IS NULL THEN 'done' ELSE 'undone' END");
}

/* Columns by name and type; a table made from another (LIKE, INHERITS, PARTITION) cannot be told.
 */
static void probe_table(struct buf *sql, struct buf *repair, const json_t *node)
{
    const json_t *elements = json_object_get(node, "tableElts");
    size_t columns = 0;
    (void)repair;
    if (json_object_get(node, "inhRelations") || json_object_get(node, "ofTypename"))
        return;
    struct buf wanted;
    buf_init(&wanted, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < json_array_size(elements); i++) {
        const json_t *column = json_object_get(json_array_get(elements, i), "ColumnDef");
        if (!column && !json_object_get(json_array_get(elements, i), "Constraint"))
            columns = SIZE_MAX / 2; /* LIKE */
        if (!column)
            continue;
        buf_adds(&wanted, columns++ ? ", (" : "(");
        sql_add_literal(&wanted, text(column, "colname"));
        buf_adds(&wanted, ", ");
        add_type(&wanted, json_object_get(column, "typeName"));
        buf_addc(&wanted, ')');
    }
    if (columns && columns < SIZE_MAX / 2) {
        buf_adds(sql,
                 "SELECT CASE WHEN c IS NULL THEN 'undone' WHEN (SELECT count(*) FROM "
                 "pg_catalog.pg_attribute WHERE attrelid = c AND attnum > 0 AND NOT attisdropped)");
        buf_addf(sql,
                 " = %zu AND NOT EXISTS (SELECT FROM (VALUES %s) AS w (name, type) WHERE NOT "
                 "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = c AND attname = "
                 "w.name AND atttypid = w.type)) THEN 'done' ELSE 'unknown' END FROM (SELECT "
                 "pg_catalog.to_regclass(",
                 columns, wanted.data);
        add_relation(sql, node);
        buf_adds(sql, ") AS c) AS t");
    }
    buf_done(&wanted);
}

static void add_attribute(struct buf *sql, const json_t *node, const char *column)
{
    buf_adds(sql,
             "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE NOT attisdropped AND attrelid = "
             "pg_catalog.to_regclass(");
    add_relation(sql, node);
    buf_adds(sql, ") AND attname = ");
    sql_add_literal(sql, column);
}

static void probe_add_column(struct buf *sql, const json_t *node, const json_t *command)
{
    const json_t *column = json_object_get(json_object_get(command, "def"), "ColumnDef");
    buf_adds(sql, "SELECT CASE WHEN ");
    add_attribute(sql, node, text(column, "colname"));
    buf_adds(sql, " AND atttypid = ");
    add_type(sql, json_object_get(column, "typeName"));
    buf_adds(sql, ") THEN 'done' WHEN ");
    add_attribute(sql, node, text(column, "colname"));
    buf_adds(sql, ") THEN 'unknown' ELSE 'undone' END");
}

static void probe_drop_column(struct buf *sql, const json_t *node, const json_t *command)
{
    buf_adds(sql, "SELECT CASE WHEN ");
    add_attribute(sql, node, text(command, "name"));
    buf_adds(sql, ") THEN 'undone' ELSE 'done' END");
}

static void probe_validate(struct buf *sql, const json_t *node, const json_t *command)
{
    (void)node, (void)command;
    buf_adds(sql, "SELECT 'undone'"); /* twice does no harm */
}

static void probe_alter(struct buf *sql, struct buf *repair, const json_t *node)
{
    static const struct {
        const char *subtype;
        void (*probe)(struct buf *sql, const json_t *node, const json_t *command);
    } rows[] = {{"AT_AddColumn", probe_add_column},
                {"AT_DropColumn", probe_drop_column},
                {"AT_ValidateConstraint", probe_validate}};
    const json_t *commands = json_object_get(node, "cmds");
    const json_t *command = json_object_get(json_array_get(commands, 0), "AlterTableCmd");
    (void)repair;
    for (size_t i = 0; json_array_size(commands) == 1 && i < ARRAY_LEN(rows); i++)
        if (is(command, "subtype", rows[i].subtype))
            rows[i].probe(sql, node, command);
}

static void probe_enum(struct buf *sql, struct buf *repair, const json_t *node)
{
    bool renames = *text(node, "oldVal");
    (void)repair;
    if (renames)
        return;
    buf_adds(sql, "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumtypid = "
                  "pg_catalog.to_regtype(");
    add_qualified(sql, json_object_get(node, "typeName"));
    buf_adds(sql, ") AND enumlabel = ");
    sql_add_literal(sql, text(node, "newVal"));
    buf_adds(sql, ") THEN 'done' ELSE 'undone' END");
}

/* VACUUM and its like may be run again. */
static void probe_repeatable(struct buf *sql, struct buf *repair, const json_t *node)
{
    (void)repair, (void)node;
    buf_adds(sql, "SELECT 'undone'");
}

static const struct {
    const char *kind;
    void (*probe)(struct buf *sql, struct buf *repair, const json_t *node);
} probes[] = {
    {"IndexStmt", probe_index},
    {"DropStmt", probe_drop},
    {"CreateStmt", probe_table},
    {"AlterTableStmt", probe_alter},
    {"AlterEnumStmt", probe_enum},
    {"VacuumStmt", probe_repeatable},
    {"ReindexStmt", probe_repeatable},
    {"ClusterStmt", probe_repeatable},
    {"RefreshMatViewStmt", probe_repeatable},
    {"CheckPointStmt", probe_repeatable},
};

/* ---- definitions --------------------------------------------------------------------------- */

/* What says nothing about what is made. */
static void strip(json_t *node)
{
    static const char *const keys[] = {"location", "concurrent", "if_not_exists", "schemaname"};
    const char *key;
    json_t *value;
    size_t index;
    for (size_t i = 0; json_is_object(node) && i < ARRAY_LEN(keys); i++)
        json_object_del(node, keys[i]);
    json_object_foreach(node, key, value) strip(value);
    json_array_foreach(node, index, value) strip(value);
}

/* As the parser sees them: the server writes a definition in its own way. */
static bool is_same_index(struct arena *arena, const char *statement, const char *definition)
{
    json_t *ours_root, *theirs_root;
    const char *kind;
    json_t *ours = parse(statement, &ours_root, &kind);
    json_t *theirs = parse(definition, &theirs_root, &kind);
    (void)arena;
    strip(ours);
    strip(theirs);
    bool is_same = ours && theirs && json_equal(ours, theirs);
    json_decref(ours_root);
    json_decref(theirs_root);
    return is_same;
}

/* ---- the whole ----------------------------------------------------------------------------- */

void postgres_probe(struct arena *arena, const char *statement, struct probe *ret_probe)
{
    json_t *root;
    const char *kind;
    struct buf sql, repair;
    const json_t *node = parse(statement, &root, &kind);
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_init(&repair, BUF_MAX_DEFAULT);
    for (size_t i = 0; node && i < ARRAY_LEN(probes); i++)
        if (strcmp(probes[i].kind, kind) == 0)
            probes[i].probe(&sql, &repair, node);
    *ret_probe = (struct probe){
        .sql = sql.len ? arena_strdup(arena, sql.data) : NULL,
        .repair = repair.len ? arena_strdup(arena, repair.data) : NULL,
        .is_same = is_same_index,
    };
    buf_done(&repair);
    buf_done(&sql);
    json_decref(root);
}
