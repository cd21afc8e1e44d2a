#include "dialect/postgres/deeds_private.h"

#include "base/arena.h"

/* ---- what all share ---------------------------------------------------------------------------- */

static bool is_true(const json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

const char *postgres_deeds_text(const struct postgres_deeds *reading, const json_t *node,
                                const char *key)
{
    const char *text = tree_text(node, key);
    return *text ? arena_strdup(reading->deeds->arena, text) : NULL;
}

struct deed *postgres_deeds_add_on(const struct postgres_deeds *reading, enum deed_kind kind,
                                   const json_t *range)
{
    struct deed *deed = deeds_add(reading->deeds, kind);
    deed->schema = postgres_deeds_text(reading, range, "schemaname");
    deed->table = postgres_deeds_text(reading, range, "relname");
    deed->flags |= range && !is_true(range, "inh") ? DEED_ONLY : 0;
    return deed;
}

static struct deed *add_what(const struct postgres_deeds *reading, enum deed_kind kind,
                             const char *what)
{
    struct deed *deed = deeds_add(reading->deeds, kind);
    deed->what = what;
    return deed;
}

void postgres_deeds_set_qualified(const struct postgres_deeds *reading, struct deed *deed,
                                  const json_t *names)
{
    size_t count = json_array_size(names);
    if (count)
        deed->table = postgres_deeds_text(
            reading, json_object_get(json_array_get(names, count - 1), "String"), "sval");
    if (count > 1)
        deed->schema = postgres_deeds_text(
            reading, json_object_get(json_array_get(names, count - 2), "String"), "sval");
}

/* ---- rows --------------------------------------------------------------------------------------- */

/* A fixed number at place `at` of a row: what a sequence gives other rows may be the same. */
static void read_constant(const struct postgres_deeds *reading, const json_t *node, size_t at,
                          const json_t *value)
{
    const json_t *columns = json_object_get(node, "cols");
    const json_t *target = json_object_get(json_array_get(columns, at), "ResTarget");
    if (!json_object_get(json_object_get(value, "A_Const"), "ival"))
        return;
    struct deed *deed =
        postgres_deeds_add_on(reading, DEED_INSERT, json_object_get(node, "relation"));
    deed->flags = DEED_CONSTANT;
    deed->column = postgres_deeds_text(reading, target, "name");
    deed->place = columns ? 0 : at + 1;
}

/* In any of the rows of VALUES, and in what each part of a SELECT … UNION ALL SELECT … gives. */
static void read_constants(const struct postgres_deeds *reading, const json_t *node,
                           const json_t *select)
{
    static const char *const parts[] = {"larg", "rarg"};
    size_t row_at, at;
    const json_t *row, *item;
    json_array_foreach(json_object_get(select, "valuesLists"), row_at, row)
    {
        json_array_foreach(json_object_get(json_object_get(row, "List"), "items"), at, item)
        {
            read_constant(reading, node, at, item);
        }
    }
    json_array_foreach(json_object_get(select, "targetList"), at, item)
    {
        read_constant(reading, node, at,
                      json_object_get(json_object_get(item, "ResTarget"), "val"));
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (json_object_get(select, parts[i]))
            read_constants(reading, node, json_object_get(select, parts[i]));
}

static void read_insert(const struct postgres_deeds *reading, const json_t *node)
{
    const json_t *select = json_object_get(json_object_get(node, "selectStmt"), "SelectStmt");
    const json_t *from = json_object_get(select, "fromClause");
    const char *function = postgres_deeds_find_volatile(node, true);
    struct deed *deed =
        postgres_deeds_add_on(reading, json_array_size(from) ? DEED_COPY_ROWS : DEED_INSERT,
                              json_object_get(node, "relation"));
    deed->what = function;
    deed->flags |= function ? DEED_UNSTABLE : 0;
    deed->other = postgres_deeds_text(reading, json_object_get(json_array_get(from, 0), "RangeVar"),
                                      "relname");
    read_constants(reading, node, select);
}

static void read_change(const struct postgres_deeds *reading, const json_t *node,
                        enum deed_kind kind)
{
    const char *function =
        kind == DEED_UPDATE
            ? postgres_deeds_find_volatile(json_object_get(node, "targetList"), true)
            : NULL;
    const json_t *merged = json_object_get(node, "mergeWhenClauses");
    function = merged ? postgres_deeds_find_volatile(merged, true) : function;
    struct deed *deed = postgres_deeds_add_on(reading, kind, json_object_get(node, "relation"));
    deed->what = function;
    deed->flags |=
        (function ? DEED_UNSTABLE : 0) |
        (postgres_deeds_leaves_out(json_object_get(node, "whereClause")) ? 0 : DEED_ALL_ROWS);
}

/* WITH x AS (DELETE …) */
static void read_parts(const struct postgres_deeds *reading, const json_t *node)
{
    size_t at;
    const json_t *item;
    json_array_foreach(json_object_get(json_object_get(node, "withClause"), "ctes"), at, item)
    {
        const json_t *query = json_object_get(json_object_get(item, "CommonTableExpr"), "ctequery");
        const json_t *insert = json_object_get(query, "InsertStmt");
        const json_t *update = json_object_get(query, "UpdateStmt");
        const json_t *delete = json_object_get(query, "DeleteStmt");
        if (insert)
            read_insert(reading, insert);
        if (update)
            read_change(reading, update, DEED_UPDATE);
        if (delete)
            read_change(reading, delete, DEED_DELETE);
    }
}

/* `SELECT f()`: what a function does is not seen. */
static void read_select(const struct postgres_deeds *reading, const json_t *node)
{
    const json_t *target = json_object_get(
        json_object_get(json_array_get(json_object_get(node, "targetList"), 0), "ResTarget"),
        "val");
    const json_t *call = json_object_get(target, "FuncCall");
    const json_t *names = json_object_get(call, "funcname");
    const json_t *args = json_object_get(call, "args");
    const json_t *into = json_object_get(node, "intoClause");
    size_t count = json_array_size(names);
    read_parts(reading, node);
    if (into)
        postgres_deeds_add_on(reading, DEED_CREATE_TABLE, json_object_get(into, "rel"))->flags |=
            DEED_FILLS;
    if (!count)
        return;
    if (tree_is(json_object_get(json_array_get(names, count - 1), "String"), "sval",
                "set_config")) {
        const json_t *name = json_object_get(json_array_get(args, 0), "A_Const");
        const json_t *value = json_object_get(json_array_get(args, 1), "A_Const");
        struct deed *deed = deeds_add(reading->deeds, DEED_SET);
        deed->name = postgres_deeds_text(reading, json_object_get(name, "sval"), "sval");
        deed->what = postgres_deeds_text(reading, json_object_get(value, "sval"), "sval");
    } else if (tree_is(json_object_get(json_array_get(names, count - 1), "String"), "sval",
                       "setval")) {
        deeds_add(reading->deeds, DEED_SET_SEQUENCE);
    } else {
        deeds_add(reading->deeds, DEED_OTHER)->what = "a function";
    }
}

/* ---- other objects ------------------------------------------------------------------------------ */

static void read_index(const struct postgres_deeds *reading, const json_t *node)
{
    const json_t *params = json_object_get(node, "indexParams");
    struct deed *deed =
        postgres_deeds_add_on(reading, DEED_CREATE_INDEX, json_object_get(node, "relation"));
    deed->name = postgres_deeds_text(reading, node, "idxname");
    if (json_array_size(params) == 1)
        deed->column = postgres_deeds_text(
            reading, json_object_get(json_array_get(params, 0), "IndexElem"), "name");
    postgres_deeds_read_keys(reading, node, deed);
    deed->flags |= (is_true(node, "concurrent") ? DEED_CONCURRENT : 0) |
                   (is_true(node, "unique") ? DEED_UNIQUE : 0) |
                   (is_true(node, "if_not_exists") ? DEED_CONDITIONAL : 0);
    /* what is true for some of the rows only is no question of two columns */
    if (json_object_get(node, "whereClause") && deed->column)
        deed->column = NULL;
}

/* What a DROP of one kind of object takes away. */
struct dropped {
    const char *type, *what;
    enum deed_kind kind;
    bool is_no_table;
    bool
        by_cascade; /* CASCADE takes the columns that have it; without it nothing of a table goes */
};

static const struct dropped *dropped_of(const json_t *node, bool cascades)
{
    static const struct dropped rows[] = {
        {"OBJECT_TABLE", "table", DEED_DROP_TABLE, false, false},
        {"OBJECT_FOREIGN_TABLE", "foreign table", DEED_DROP_TABLE, false, false},
        {"OBJECT_MATVIEW", "materialized view", DEED_DROP_TABLE, false, false},
        {"OBJECT_SCHEMA", "schema", DEED_DROP_TABLE, true, false},
        {"OBJECT_INDEX", "index", DEED_DROP_INDEX, false, false},
        {"OBJECT_TYPE", "columns of the type", DEED_DROP_TABLE, true, true},
        {"OBJECT_DOMAIN", "columns of the domain", DEED_DROP_TABLE, true, true},
        {"OBJECT_EXTENSION", "columns of the extension", DEED_DROP_TABLE, true, true},
    };
    static const struct dropped other = {.kind = DEED_OTHER};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (tree_is(node, "removeType", rows[i].type) && (cascades || !rows[i].by_cascade))
            return &rows[i];
    return &other;
}

static void read_dropped(const struct postgres_deeds *reading, const json_t *item,
                         const struct dropped *dropped, unsigned flags)
{
    struct deed *deed = add_what(reading, dropped->kind, dropped->what);
    const json_t *list = json_object_get(json_object_get(item, "List"), "items");
    const json_t *type = json_object_get(item, "TypeName");
    postgres_deeds_set_qualified(reading, deed, list);
    if (type)
        postgres_deeds_set_qualified(reading, deed, json_object_get(type, "names"));
    else if (!list)
        deed->table = postgres_deeds_text(reading, json_object_get(item, "String"), "sval");
    deed->flags |= flags;
    deed->is_no_table = dropped->is_no_table;
    if (dropped->kind == DEED_DROP_INDEX) {
        deed->name = deed->table;
        deed->table = NULL;
    }
}

static void read_drop(const struct postgres_deeds *reading, const json_t *node)
{
    bool cascades = tree_is(node, "behavior", "DROP_CASCADE");
    unsigned flags = (is_true(node, "missing_ok") ? DEED_CONDITIONAL : 0) |
                     (is_true(node, "concurrent") ? DEED_CONCURRENT : 0) |
                     (cascades ? DEED_CASCADE : 0);
    size_t at;
    const json_t *item;
    json_array_foreach(json_object_get(node, "objects"), at, item)
        read_dropped(reading, item, dropped_of(node, cascades), flags);
}

static void read_truncate(const struct postgres_deeds *reading, const json_t *node)
{
    size_t at;
    const json_t *item;
    json_array_foreach(json_object_get(node, "relations"), at, item)
    {
        struct deed *deed =
            postgres_deeds_add_on(reading, DEED_TRUNCATE, json_object_get(item, "RangeVar"));
        deed->flags |= tree_is(node, "behavior", "DROP_CASCADE") ? DEED_CASCADE : 0;
    }
}

/* What expressions mean: a function that is new may be found before another, and one that is replaced gives other values. */
static void add_meaning(const struct postgres_deeds *reading, const char *what, const json_t *names)
{
    struct deed *deed = add_what(reading, DEED_MEANING, what);
    size_t count = json_array_size(names);
    if (count)
        deed->name = postgres_deeds_text(
            reading, json_object_get(json_array_get(names, count - 1), "String"), "sval");
}

/* Names that only the schema itself knows, such as that of an index, are no contract with an application. */
static void read_rename(const struct postgres_deeds *reading, const json_t *node)
{
    static const struct {
        const char *type, *what;
    } types[] = {
        {"OBJECT_TABLE", "table"},   {"OBJECT_COLUMN", "column"},
        {"OBJECT_VIEW", "view"},     {"OBJECT_MATVIEW", "materialized view"},
        {"OBJECT_SCHEMA", "schema"}, {"OBJECT_TYPE", "type"},
        {"OBJECT_DOMAIN", "domain"}, {"OBJECT_FUNCTION", "function"},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (!tree_is(node, "renameType", types[i].type))
            continue;
        struct deed *deed =
            postgres_deeds_add_on(reading, DEED_RENAME, json_object_get(node, "relation"));
        deed->what = types[i].what;
        deed->column = postgres_deeds_text(reading, node, "subname");
        deed->other = postgres_deeds_text(reading, node, "newname");
        deed->flags |= is_true(node, "missing_ok") ? DEED_CONDITIONAL : 0;
        if (!deed->table)
            add_meaning(reading, "function", NULL);
    }
}

static void read_enum(const struct postgres_deeds *reading, const json_t *node)
{
    bool is_rename = json_object_get(node, "oldVal") != NULL;
    struct deed *deed = deeds_add(reading->deeds, is_rename ? DEED_RENAME : DEED_ENUM_ADD);
    postgres_deeds_set_qualified(reading, deed, json_object_get(node, "typeName"));
    deed->what = is_rename ? "value of the enum" : NULL;
    deed->column = postgres_deeds_text(reading, node, "oldVal");
    deed->other = deed->name = postgres_deeds_text(reading, node, "newVal");
    deed->flags |= is_true(node, "skipIfNewValExists") ? DEED_CONDITIONAL : 0;
}

static void read_set(const struct postgres_deeds *reading, const json_t *node)
{
    const json_t *value =
        json_object_get(json_array_get(json_object_get(node, "args"), 0), "A_Const");
    static const char *const resets[] = {"VAR_SET_DEFAULT", "VAR_RESET", "VAR_RESET_ALL"};
    const json_t *number = json_object_get(value, "ival");
    struct deed *deed = deeds_add(reading->deeds, DEED_SET);
    deed->name = postgres_deeds_text(reading, node, "name");
    deed->what = number ? arena_printf(reading->deeds->arena, "%" JSON_INTEGER_FORMAT,
                                       json_integer_value(json_object_get(number, "ival")))
                        : postgres_deeds_text(reading, json_object_get(value, "sval"), "sval");
    for (size_t i = 0; i < ARRAY_LEN(resets); i++)
        if (tree_is(node, "kind", resets[i]))
            deed->what = "default";
}

/* Of each table that is named; of none where all are meant. */
static void read_vacuum(const struct postgres_deeds *reading, const json_t *node)
{
    const json_t *tables = json_object_get(node, "rels");
    size_t count = json_array_size(tables);
    if (!tree_has_option(node, "options", "full"))
        return;
    for (size_t i = 0; i < (count ? count : 1); i++) {
        const json_t *table = json_object_get(json_array_get(tables, i), "VacuumRelation");
        postgres_deeds_add_on(reading, DEED_REWRITE, json_object_get(table, "relation"))->what =
            "VACUUM FULL";
    }
}

static void read_meaning(const struct postgres_deeds *reading, const char *kind, const json_t *node)
{
    static const struct {
        const char *kind, *what, *names; /* NULL: any */
    } kinds[] = {
        {"AlterFunctionStmt", "function", NULL}, {"DefineStmt", "function", NULL},
        {"CreateCastStmt", "function", NULL},    {"CreateOpClassStmt", "function", NULL},
        {"AlterDomainStmt", "type", "typeName"}, {"CreateDomainStmt", "type", "domainname"},
        {"CreateEnumStmt", "type", "typeName"},  {"AlterEnumStmt", "type", "typeName"},
        {"AlterTypeStmt", "type", "typeName"},   {"CompositeTypeStmt", "type", NULL},
        {"AlterOperatorStmt", "function", NULL}, {"CreateExtensionStmt", "function", NULL},
        {"AlterExtensionStmt", "function", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            add_meaning(reading, kinds[i].what,
                        kinds[i].names ? json_object_get(node, kinds[i].names) : NULL);
    if (strcmp(kind, "CreateFunctionStmt") == 0) {
        const json_t *result = json_object_get(json_object_get(node, "returnType"), "names");
        bool is_of_trigger =
            tree_is(json_object_get(json_array_get(result, json_array_size(result) - 1), "String"),
                    "sval", "trigger");
        if (!is_of_trigger && !is_true(node, "is_procedure"))
            add_meaning(reading, "function",
                        is_true(node, "replace") ? NULL : json_object_get(node, "funcname"));
    }
}

/* IF NOT EXISTS of what is no table, column or index. */
static void read_thing(const struct postgres_deeds *reading, const char *kind, const json_t *node)
{
    struct deed *deed;
    if (strcmp(kind, "CreateSeqStmt") == 0) {
        deed = postgres_deeds_add_on(reading, DEED_CREATE_THING, json_object_get(node, "sequence"));
        deed->name = deed->table;
        deed->table = NULL;
    } else if (strcmp(kind, "CreateSchemaStmt") == 0) {
        deed = deeds_add(reading->deeds, DEED_CREATE_THING);
        deed->name = postgres_deeds_text(reading, node, "schemaname");
    } else {
        return;
    }
    deed->flags |= DEED_CONDITIONAL;
}

static void read_other(const struct postgres_deeds *reading, const char *kind, const json_t *node)
{
    const json_t *relation = json_object_get(node, "relation");
    if (strcmp(kind, "ClusterStmt") == 0)
        postgres_deeds_add_on(reading, DEED_REWRITE, relation)->what = "CLUSTER";
    if (strcmp(kind, "ReindexStmt") == 0) {
        struct deed *deed = postgres_deeds_add_on(reading, DEED_REWRITE, relation);
        deed->what = "REINDEX";
        if (tree_is(node, "kind", "REINDEX_OBJECT_INDEX")) {
            deed->name = deed->table;
            deed->table = NULL;
        }
        deed->flags |= tree_has_option(node, "params", "concurrently") ? DEED_CONCURRENT : 0;
    }
    if (strcmp(kind, "RefreshMatViewStmt") == 0 && !is_true(node, "concurrent"))
        postgres_deeds_add_on(reading, DEED_REWRITE, relation)->what = "REFRESH MATERIALIZED VIEW";
    if (strcmp(kind, "RefreshMatViewStmt") == 0)
        postgres_deeds_add_on(reading, DEED_REFRESH, relation);
    if (strcmp(kind, "CreateTrigStmt") == 0)
        postgres_deeds_add_on(reading, DEED_TRIGGER, relation)->flags |=
            is_true(node, "replace") ? DEED_REPLACES : 0;
    if (strcmp(kind, "CreateTableAsStmt") == 0) {
        const json_t *into = json_object_get(node, "into");
        struct deed *deed =
            postgres_deeds_add_on(reading, DEED_CREATE_TABLE, json_object_get(into, "rel"));
        deed->flags |= (is_true(into, "skipData") ? 0 : DEED_FILLS) |
                       (is_true(node, "if_not_exists") ? DEED_CONDITIONAL : 0);
    }
    if (strcmp(kind, "AlterSeqStmt") == 0 && tree_has_option(node, "options", "restart"))
        deeds_add(reading->deeds, DEED_SET_SEQUENCE);
    if (is_true(node, "if_not_exists"))
        read_thing(reading, kind, node);
    if (strcmp(kind, "DoStmt") == 0)
        add_what(reading, DEED_OTHER, "DO");
    if (strcmp(kind, "CallStmt") == 0)
        add_what(reading, DEED_OTHER, "CALL");
}

static bool merge_deletes(const json_t *node)
{
    size_t i;
    const json_t *clause;
    json_array_foreach(json_object_get(node, "mergeWhenClauses"), i, clause)
    {
        const json_t *when = json_object_get(clause, "MergeWhenClause");
        const char *does = json_string_value(json_object_get(when, "commandType"));
        if (does && strcmp(does, "CMD_DELETE") == 0)
            return true;
    }
    return false;
}

/* ---- statements --------------------------------------------------------------------------------- */

static void read_statement(const struct postgres_deeds *reading, const char *kind,
                           const json_t *node)
{
    static const struct {
        const char *kind;
        void (*read)(const struct postgres_deeds *reading, const json_t *node);
    } readers[] = {
        {"AlterTableStmt", postgres_deeds_read_alter},
        {"CreateStmt", postgres_deeds_read_create},
        {"IndexStmt", read_index},
        {"DropStmt", read_drop},
        {"TruncateStmt", read_truncate},
        {"RenameStmt", read_rename},
        {"AlterEnumStmt", read_enum},
        {"AlterDomainStmt", postgres_deeds_read_domain},
        {"VariableSetStmt", read_set},
        {"VacuumStmt", read_vacuum},
        {"SelectStmt", read_select},
        {"InsertStmt", read_insert},
        {"ConstraintsSetStmt", postgres_deeds_read_constraints},
    };
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        if (strcmp(readers[i].kind, kind) == 0)
            readers[i].read(reading, node);
    if (strcmp(kind, "UpdateStmt") == 0)
        read_change(reading, node, DEED_UPDATE);
    if (strcmp(kind, "DeleteStmt") == 0)
        read_change(reading, node, DEED_DELETE);
    if (strcmp(kind, "MergeStmt") == 0)
        read_change(reading, node, merge_deletes(node) ? DEED_DELETE : DEED_UPDATE);
    if (strcmp(kind, "SelectStmt") != 0)
        read_parts(reading, node);
    read_other(reading, kind, node);
    postgres_deeds_read_lock(reading, kind, node);
    read_meaning(reading, kind, node);
}

void postgres_read_deeds(void *reader, const char *sql, size_t len, struct deeds *deeds)
{
    json_t *root;
    const char *kind;
    struct postgres_deeds reading = {deeds, arena_strndup(deeds->arena, sql, len)};
    size_t first = deeds->count;
    (void)reader;
    const json_t *node = postgres_parse(reading.sql, &root, &kind);
    if (node) {
        read_statement(&reading, kind, node);
        postgres_deeds_read_shared(&reading, kind, node, first);
    }
    json_decref(root);
}
