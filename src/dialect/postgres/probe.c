#include "dialect/postgres/probe.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/postgres/index.h"
#include "dialect/postgres/templates.h"
#include "dialect/postgres/tree.h"
#include "dialect/split.h"

struct asking {
    const char *statement;
    struct buf *sql;
    struct probe *probe;
};

/* ---- types --------------------------------------------------------------------------------- */

/* to_regtype('…'), with the pseudo-types that only CREATE and ADD COLUMN know resolved. */
static void add_type(struct buf *buf, const json_t *type)
{
    static const char *const serials[][2] = {{"serial", "int4"},      {"serial4", "int4"},
                                             {"bigserial", "int8"},   {"serial8", "int8"},
                                             {"smallserial", "int2"}, {"serial2", "int2"}};
    const json_t *names = json_object_get(type, "names");
    const char *last = tree_text(
        json_object_get(json_array_get(names, json_array_size(names) - 1), "String"), "sval");
    struct buf name;
    buf_init(&name, 1024);
    for (size_t i = 0; i < ARRAY_LEN(serials); i++)
        if (json_array_size(names) == 1 && strcmp(last, serials[i][0]) == 0)
            tree_add_name(&name, "pg_catalog", serials[i][1]);
    if (!name.len)
        tree_add_qualified(&name, names);
    buf_adds(buf, "pg_catalog.to_regtype(");
    buf_adds(buf, name.data);
    buf_adds(buf, json_object_get(type, "arrayBounds") ? " || '[]')" : ")");
    buf_done(&name);
}

/* ---- what is asked ------------------------------------------------------------------------- */

static void probe_index(struct asking *asking, const json_t *node)
{
    if (json_is_true(json_object_get(node, "concurrent")))
        asking->probe->remains = REMAINS_TOLD;
    asking->probe->refusal = "42P07";
    postgres_probe_index(asking->sql, asking->statement, node);
}

/* DROP INDEX CONCURRENTLY first makes the index INVALID. */
static void probe_drop(struct asking *asking, const json_t *node)
{
    struct buf *sql = asking->sql;
    static const char *const kinds[] = {"OBJECT_INDEX", "OBJECT_TABLE", "OBJECT_VIEW",
                                        "OBJECT_MATVIEW", "OBJECT_SEQUENCE"};
    const json_t *objects = json_object_get(node, "objects");
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        is_known |= tree_is(node, "removeType", kinds[i]);
    if (!is_known || json_array_size(objects) != 1)
        return;
    buf_adds(sql, "SELECT CASE WHEN pg_catalog.to_regclass(");
    const json_t *names =
        json_object_get(json_object_get(json_array_get(objects, 0), "List"), "items");
    tree_add_qualified(sql, names);
    buf_adds(sql, ") IS NULL THEN 'done' ");
    if (json_is_true(json_object_get(node, "concurrent"))) {
        asking->probe->remains = REMAINS_TOLD;
        buf_adds(
            sql,
            "WHEN EXISTS (SELECT FROM pg_catalog.pg_index WHERE NOT indisvalid AND indexrelid = "
            "pg_catalog.to_regclass(");
        tree_add_qualified(sql, names);
        buf_adds(sql, ")) THEN 'half' ");
    }
    buf_adds(sql, "ELSE 'undone' END");
}

/* Columns by name and type; a table made from another (LIKE, INHERITS, PARTITION) cannot be told.
 */
static void probe_table(struct asking *asking, const json_t *node)
{
    struct buf *sql = asking->sql;
    const json_t *elements = json_object_get(node, "tableElts");
    size_t columns = 0;
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
        postgres_add_literal(&wanted, tree_text(column, "colname"));
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
        tree_add_relation(sql, json_object_get(node, "relation"));
        buf_adds(sql, ") AS c) AS t");
    }
    buf_done(&wanted);
}

static void add_attribute(struct buf *sql, const json_t *node, const char *column)
{
    buf_adds(sql,
             "EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE NOT attisdropped AND attrelid = "
             "pg_catalog.to_regclass(");
    tree_add_relation(sql, json_object_get(node, "relation"));
    buf_adds(sql, ") AND attname = ");
    postgres_add_literal(sql, column);
}

static void probe_add_column(struct buf *sql, const json_t *node, const json_t *command)
{
    const json_t *column = json_object_get(json_object_get(command, "def"), "ColumnDef");
    buf_adds(sql, "SELECT CASE WHEN ");
    add_attribute(sql, node, tree_text(column, "colname"));
    buf_adds(sql, " AND atttypid = ");
    add_type(sql, json_object_get(column, "typeName"));
    buf_adds(sql, ") THEN 'done' WHEN ");
    add_attribute(sql, node, tree_text(column, "colname"));
    buf_adds(sql, ") THEN 'unknown' ELSE 'undone' END");
}

static void probe_drop_column(struct buf *sql, const json_t *node, const json_t *command)
{
    buf_adds(sql, "SELECT CASE WHEN ");
    add_attribute(sql, node, tree_text(command, "name"));
    buf_adds(sql, ") THEN 'undone' ELSE 'done' END");
}

static void probe_validate(struct buf *sql, const json_t *node, const json_t *command)
{
    (void)node, (void)command;
    buf_adds(sql, "SELECT 'undone'"); /* to run it twice does no harm */
}

/* A partition, or the index of one. */
static void add_inheritance(struct buf *sql, const json_t *node, const json_t *command)
{
    const json_t *child =
        json_object_get(json_object_get(json_object_get(command, "def"), "PartitionCmd"), "name");
    buf_adds(sql, "FROM (SELECT pg_catalog.to_regclass(");
    tree_add_relation(sql, json_object_get(node, "relation"));
    buf_adds(sql, ") AS parent, pg_catalog.to_regclass(");
    tree_add_relation(sql, child);
    buf_adds(
        sql,
        ") AS child) AS names LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhparent = parent AND "
        "i.inhrelid = child LEFT JOIN pg_catalog.pg_class AS p ON p.oid = parent LEFT JOIN "
        "pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace LEFT JOIN "
        "pg_catalog.pg_class AS c ON c.oid = child LEFT JOIN pg_catalog.pg_namespace AS cn ON "
        "cn.oid = c.relnamespace");
}

static void probe_attach(struct buf *sql, const json_t *node, const json_t *command)
{
    buf_adds(sql, "SELECT CASE WHEN i.inhrelid IS NULL THEN 'undone' ELSE 'done' END ");
    add_inheritance(sql, node, command);
}

/* CONCURRENTLY first makes it pending, in a transaction of its own; from there on only FINALIZE goes on. */
static void probe_detach(struct buf *sql, const json_t *node, const json_t *command)
{
    buf_adds(sql, "SELECT CASE WHEN p.oid IS NULL OR c.oid IS NULL THEN 'other' WHEN i.inhrelid IS "
                  "NULL THEN 'done' WHEN "
                  "pg_catalog.to_jsonb(i) -> 'inhdetachpending' = 'true' THEN "
                  "pg_catalog.format('finish ALTER TABLE %I.%I "
                  "DETACH PARTITION %I.%I FINALIZE', "
                  "pn.nspname, p.relname, cn.nspname, c.relname) ELSE 'undone' END ");
    add_inheritance(sql, node, command);
}

static void probe_alter(struct asking *asking, const json_t *node)
{
    struct buf *sql = asking->sql;
    static const struct {
        const char *subtype;
        void (*probe)(struct buf *sql, const json_t *node, const json_t *command);
    } rows[] = {
        {"AT_AddColumn", probe_add_column},        {"AT_DropColumn", probe_drop_column},
        {"AT_ValidateConstraint", probe_validate}, {"AT_AttachPartition", probe_attach},
        {"AT_DetachPartition", probe_detach},      {"AT_DetachPartitionFinalize", probe_detach}};
    const json_t *commands = json_object_get(node, "cmds");
    const json_t *command = json_object_get(json_array_get(commands, 0), "AlterTableCmd");
    for (size_t i = 0; json_array_size(commands) == 1 && i < ARRAY_LEN(rows); i++)
        if (tree_is(command, "subtype", rows[i].subtype))
            rows[i].probe(sql, node, command);
    if (json_is_true(json_object_get(command, "missing_ok")) && json_array_size(commands) == 1) {
        buf_clear(sql); /* ADD COLUMN IF NOT EXISTS and its like */
        buf_adds(sql, "SELECT 'undone'");
    }
    const json_t *partition = json_object_get(json_object_get(command, "def"), "PartitionCmd");
    if (json_is_true(json_object_get(partition, "concurrent")))
        asking->probe->remains = REMAINS_TOLD;
}

static void probe_enum(struct asking *asking, const json_t *node)
{
    struct buf *sql = asking->sql;
    bool renames = *tree_text(node, "oldVal");
    if (renames)
        return;
    buf_adds(sql, "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumtypid = "
                  "pg_catalog.to_regtype(");
    tree_add_qualified(sql, json_object_get(node, "typeName"));
    buf_adds(sql, ") AND enumlabel = ");
    postgres_add_literal(sql, tree_text(node, "newVal"));
    buf_adds(sql, ") THEN 'done' ELSE 'undone' END");
}

/* VACUUM and statements like it may be run again. */
static void probe_repeatable(struct asking *asking, const json_t *node)
{
    struct buf *sql = asking->sql;
    (void)node;
    buf_adds(sql, "SELECT 'undone'");
}

/* The tables whose indexes a REINDEX makes again, as a query of their oids. */
static void add_reindexed_tables(struct buf *sql, const json_t *node)
{
    static const struct {
        const char *kind, *tables;
    } rows[] = {
        {"REINDEX_OBJECT_INDEX",
         "SELECT indrelid AS oid FROM pg_catalog.pg_index WHERE indexrelid IN (SELECT oid "
         "FROM tree)"},
        {"REINDEX_OBJECT_TABLE", "SELECT oid FROM tree"},
        {"REINDEX_OBJECT_SCHEMA",
         "SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = (SELECT oid FROM "
         "pg_catalog.pg_namespace WHERE nspname = (SELECT name FROM named))"},
        {"REINDEX_OBJECT_DATABASE", "SELECT oid FROM pg_catalog.pg_class"},
        {"REINDEX_OBJECT_SYSTEM", "SELECT oid FROM pg_catalog.pg_class"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (tree_is(node, "kind", rows[i].kind))
            buf_adds(sql, rows[i].tables);
}

/* What CONCURRENTLY builds in the place of an index bears its name and _ccnew, and what it has replaced _ccold. No
 * one else makes such names INVALID: they are left by this or an earlier attempt. */
static void probe_reindex(struct asking *asking, const json_t *node)
{
    struct buf *sql = asking->sql;
    const json_t *relation = json_object_get(node, "relation");
    if (!tree_has_option(node, "params", "concurrently")) {
        buf_adds(sql, "SELECT 'undone'");
        return;
    }
    asking->probe->remains = REMAINS_TOLD;
    buf_adds(sql, "WITH named AS (SELECT ");
    relation ? tree_add_relation(sql, relation)
             : postgres_add_literal(sql, tree_text(node, "name"));
    buf_adds(sql, "::text AS name), tree AS (SELECT pg_catalog.to_regclass(name)::oid AS oid FROM "
                  "named UNION SELECT "
                  "t.relid::oid FROM named, "
                  "pg_catalog.pg_partition_tree(pg_catalog.to_regclass(name)) AS t), heap AS (");
    add_reindexed_tables(sql, node);
    buf_adds(sql,
             ") SELECT pg_catalog.format('repair DROP INDEX CONCURRENTLY %I.%I', n.nspname, "
             "c.relname) FROM "
             "pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN "
             "pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE " POSTGRES_IS_LEFT
             " AND c.relname ~ '_cc(new|old)[0-9]*$' AND i.indrelid IN (SELECT oid FROM heap UNION "
             "SELECT "
             "reltoastrelid FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM heap)) UNION "
             "ALL SELECT "
             "'undone'");
}

/* A DROP DATABASE that was interrupted leaves a database that no one can connect to, and may be run again. */
static void probe_drop_database(struct asking *asking, const json_t *node)
{
    struct buf *sql = asking->sql;
    asking->probe->remains = REMAINS_TOLD;
    buf_adds(sql, "SELECT CASE WHEN pg_catalog.count(*) = 0 THEN 'done' WHEN min(datconnlimit) = "
                  "-2 THEN 'half' ELSE "
                  "'undone' END FROM pg_catalog.pg_database WHERE datname = ");
    postgres_add_literal(sql, tree_text(node, "dbname"));
}

/* Neither what such a statement has done on another server nor what a procedure commits is rolled back when it
 * fails. */
static void probe_blind(struct asking *asking, const json_t *node)
{
    (void)node;
    asking->probe->remains = REMAINS_UNKNOWN;
}

static bool is_of_word(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* As a word of its own, in any case of letters. */
static bool holds_word(const char *text, size_t len, const char *word)
{
    size_t word_len = strlen(word);
    for (size_t at = 0; at + word_len <= len; at++) {
        bool begins = !at || !is_of_word(text[at - 1]);
        bool ends = at + word_len == len || !is_of_word(text[at + word_len]);
        if (begins && ends && ascii_begins(text + at, word))
            return true;
    }
    return false;
}

/* A block commits only by these words, two of them PL/Perl's. */
static void probe_block(struct asking *asking, const json_t *node)
{
    static const char *const words[] = {"commit", "rollback", "call", "spi_commit", "spi_rollback"};
    (void)node;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (holds_word(asking->statement, strlen(asking->statement), words[i]))
            asking->probe->remains = REMAINS_UNKNOWN;
}

/* A statement that this parser does not know may be one of a later PostgreSQL. */
static void probe_unread(struct asking *asking, const json_t *node)
{
    size_t at = split_skip(asking->statement, strlen(asking->statement), 0, true);
    bool is_block =
        ascii_begins(asking->statement + at, "do") || ascii_begins(asking->statement + at, "call");
    if (holds_word(asking->statement, strlen(asking->statement), "concurrently"))
        asking->probe->remains = REMAINS_UNKNOWN;
    else if (is_block)
        probe_block(asking, node);
}

static const struct {
    const char *kind;
    void (*probe)(struct asking *asking, const json_t *node);
} probes[] = {
    {"IndexStmt", probe_index},
    {"DropStmt", probe_drop},
    {"CreateStmt", probe_table},
    {"AlterTableStmt", probe_alter},
    {"AlterEnumStmt", probe_enum},
    {"VacuumStmt", probe_repeatable},
    {"ReindexStmt", probe_reindex},
    {"ClusterStmt", probe_repeatable},
    {"RefreshMatViewStmt", probe_repeatable},
    {"CheckPointStmt", probe_repeatable},
    {"VariableSetStmt", probe_repeatable},
    {"CommentStmt", probe_repeatable},
    {"GrantStmt", probe_repeatable},
    {"AlterSystemStmt", probe_repeatable},
    {"DropdbStmt", probe_drop_database},
    {"CallStmt", probe_blind},
    {"CreateSubscriptionStmt", probe_blind},
    {"DropSubscriptionStmt", probe_blind},
    {"DoStmt", probe_block},
    {"", probe_unread},
};

/* ---- the whole ----------------------------------------------------------------------------- */

/* IF NOT EXISTS, OR REPLACE, DROP … IF EXISTS: such a statement may be run again. An index may be INVALID, and what
 * CONCURRENTLY drops may be half gone. */
static bool is_content_with_what_is_there(const char *kind, const json_t *node)
{
    bool is_content = json_is_true(json_object_get(node, "if_not_exists")) ||
                      json_is_true(json_object_get(node, "replace"));
    bool drops = strcmp(kind, "DropStmt") == 0 && json_is_true(json_object_get(node, "missing_ok"));
    return (is_content && strcmp(kind, "IndexStmt") != 0) ||
           (drops && !json_is_true(json_object_get(node, "concurrent")));
}

void postgres_probe(struct arena *arena, const char *statement, struct probe *ret_probe)
{
    json_t *root;
    const char *kind;
    struct buf sql;
    struct asking asking = {.statement = statement, .sql = &sql, .probe = ret_probe};
    const json_t *node = postgres_parse(statement, &root, &kind);
    *ret_probe = (struct probe){.remains = REMAINS_NOTHING};
    buf_init(&sql, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        if (strcmp(probes[i].kind, kind) == 0)
            probes[i].probe(&asking, node);
    if (node && is_content_with_what_is_there(kind, node)) {
        buf_clear(&sql);
        probe_repeatable(&asking, node);
    }
    ret_probe->sql = sql.len ? arena_strdup(arena, sql.data) : NULL;
    buf_done(&sql);
    json_decref(root);
}

/* IF NOT EXISTS is content with an INVALID index, and one that was there before CONCURRENTLY has begun would be taken
 * for what that has left. */
void postgres_check(struct arena *arena, const char *statement, size_t len,
                    struct statement_checks *ret_checks)
{
    json_t *root = NULL;
    const char *kind = "";
    struct buf sql;
    bool may_need =
        holds_word(statement, len, "index") &&
        (holds_word(statement, len, "concurrently") || holds_word(statement, len, "exists"));
    const json_t *node =
        may_need ? postgres_parse(arena_strndup(arena, statement, len), &root, &kind) : NULL;
    *ret_checks = (struct statement_checks){0};
    if (strcmp(kind, "IndexStmt") == 0 && *tree_text(node, "idxname")) {
        buf_init(&sql, BUF_MAX_DEFAULT);
        postgres_check_index(&sql, node);
        const char *query = arena_strdup(arena, sql.data);
        ret_checks->before = json_is_true(json_object_get(node, "concurrent")) ? query : NULL;
        ret_checks->after = json_is_true(json_object_get(node, "if_not_exists")) ? query : NULL;
        ret_checks->fault = arena_printf(
            arena,
            "the index '%s' that is there is INVALID, and skein does not know it for its own: wait "
            "until its build is over, or drop it with DROP INDEX CONCURRENTLY",
            tree_text(node, "idxname"));
        buf_done(&sql);
    }
    json_decref(root);
}
