/* What a statement changes for more than one tenant, and the schemas and databases that it names. */
#include "base/arena.h"
#include "dialect/postgres/deeds_private.h"

/* ---- what is for more than one tenant ----------------------------------------------------------- */

struct wide {
    const char *sign, *what;
    bool is_of_database;
};

/* By the kind of the statement. */
static const struct wide statements[] = {
    {"CreateRoleStmt", "CREATE ROLE", false},
    {"AlterRoleStmt", "ALTER ROLE", false},
    {"AlterRoleSetStmt", "ALTER ROLE", false},
    {"DropRoleStmt", "DROP ROLE", false},
    {"DropOwnedStmt", "DROP OWNED", false},
    {"ReassignOwnedStmt", "REASSIGN OWNED", false},
    {"GrantRoleStmt", "GRANT of a role", false},
    {"CreatedbStmt", "CREATE DATABASE", false},
    {"DropdbStmt", "DROP DATABASE", false},
    {"AlterSystemStmt", "ALTER SYSTEM", false},
    {"CreateTableSpaceStmt", "CREATE TABLESPACE", false},
    {"AlterTableSpaceOptionsStmt", "ALTER TABLESPACE", false},
    {"DropTableSpaceStmt", "DROP TABLESPACE", false},
    {"AlterDatabaseStmt", "ALTER DATABASE", true},
    {"AlterDatabaseSetStmt", "ALTER DATABASE", true},
    {"CreateExtensionStmt", "CREATE EXTENSION", true},
    {"AlterExtensionStmt", "ALTER EXTENSION", true},
    {"CreatePLangStmt", "CREATE LANGUAGE", true},
    {"CreateCastStmt", "CREATE CAST", true},
    {"CreateFdwStmt", "CREATE FOREIGN DATA WRAPPER", true},
    {"CreateForeignServerStmt", "CREATE SERVER", true},
    {"AlterForeignServerStmt", "ALTER SERVER", true},
    {"AlterFdwStmt", "ALTER FOREIGN DATA WRAPPER", true},
    {"CreateUserMappingStmt", "CREATE USER MAPPING", true},
    {"AlterUserMappingStmt", "ALTER USER MAPPING", true},
    {"DropUserMappingStmt", "DROP USER MAPPING", true},
    {"CreateEventTrigStmt", "CREATE EVENT TRIGGER", true},
    {"AlterEventTrigStmt", "ALTER EVENT TRIGGER", true},
    {"CreatePublicationStmt", "CREATE PUBLICATION", true},
    {"AlterPublicationStmt", "ALTER PUBLICATION", true},
    {"CreateSubscriptionStmt", "CREATE SUBSCRIPTION", true},
    {"AlterSubscriptionStmt", "ALTER SUBSCRIPTION", true},
    {"DropSubscriptionStmt", "DROP SUBSCRIPTION", true},
};

/* By what a statement is about that takes objects of any type. */
static const struct wide objects[] = {
    {"OBJECT_ROLE", "a statement about a role", false},
    {"OBJECT_TABLESPACE", "a statement about a tablespace", false},
    {"OBJECT_DATABASE", "a statement about a database", true},
    {"OBJECT_EXTENSION", "a statement about an extension", true},
    {"OBJECT_LANGUAGE", "a statement about a language", true},
    {"OBJECT_CAST", "a statement about a cast", true},
    {"OBJECT_FDW", "a statement about a foreign data wrapper", true},
    {"OBJECT_FOREIGN_SERVER", "a statement about a foreign server", true},
    {"OBJECT_EVENT_TRIGGER", "a statement about an event trigger", true},
    {"OBJECT_PUBLICATION", "a statement about a publication", true},
    {"OBJECT_SUBSCRIPTION", "a statement about a subscription", true},
};

static void add_wide(const struct postgres_deeds *reading, const struct wide *wide,
                     const json_t *node)
{
    bool is_conditional = json_is_true(json_object_get(node, "if_not_exists")) ||
                          json_is_true(json_object_get(node, "missing_ok"));
    struct deed *deed = deeds_add(reading->deeds, DEED_SERVER_WIDE);
    deed->what = wide->what;
    deed->flags =
        (wide->is_of_database ? DEED_DATABASE_WIDE : 0) | (is_conditional ? DEED_CONDITIONAL : 0);
}

/* The type of the objects that a statement of this kind is about; "": it says none. */
static const char *object_type(const json_t *node)
{
    static const char *const keys[] = {"objtype", "objectType", "removeType", "renameType"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (*tree_text(node, keys[i]))
            return tree_text(node, keys[i]);
    return "";
}

/* ---- schemas and databases that are named ------------------------------------------------------- */

struct naming {
    const struct postgres_deeds *reading;
    size_t first;
};

static bool is_systems(const char *schema)
{
    return strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0 ||
           strcmp(schema, "$user") == 0;
}

/* Each once. */
static struct deed *add_named(const struct naming *naming, const char *what, const char *name)
{
    struct deeds *deeds = naming->reading->deeds;
    if (!*name || is_systems(name))
        return NULL;
    for (size_t i = naming->first; i < deeds->count; i++)
        if (deeds->items[i].kind == DEED_NAME_SCHEMA && strcmp(deeds->items[i].schema, name) == 0)
            return NULL;
    struct deed *deed = deeds_add(deeds, DEED_NAME_SCHEMA);
    deed->schema = arena_strdup(deeds->arena, name);
    deed->what = what;
    return deed;
}

static void add_schema(const struct naming *naming, const char *name)
{
    add_named(naming, "schema", name);
}

static void add_database(const struct naming *naming, const char *name)
{
    struct deed *deed = add_named(naming, "database", name);
    if (deed)
        deed->flags |= DEED_DATABASE_WIDE;
}

static const char *name_at(const json_t *names, size_t at)
{
    return tree_text(json_object_get(json_array_get(names, at), "String"), "sval");
}

/* Of a list of String nodes; the last `own` of them are the thing's own name. */
static void add_qualified(const struct naming *naming, const json_t *names, size_t own)
{
    size_t count = json_array_size(names);
    if (count > own)
        add_schema(naming, name_at(names, count - own - 1));
}

static const json_t *find(const json_t *node, const char *key, const char *within)
{
    return json_object_get(json_object_get(node, key), within);
}

static void read_object(const struct naming *naming, const char *type, const json_t *object)
{
    static const char *const parts_of_tables[] = {"OBJECT_COLUMN", "OBJECT_TABCONSTRAINT",
                                                  "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"};
    const char *text = tree_text(json_object_get(object, "String"), "sval");
    size_t own = 1;
    for (size_t i = 0; i < ARRAY_LEN(parts_of_tables); i++)
        if (strcmp(type, parts_of_tables[i]) == 0)
            own = 2;
    if (strcmp(type, "OBJECT_DATABASE") == 0)
        add_database(naming, text);
    if (strcmp(type, "OBJECT_SCHEMA") == 0)
        add_schema(naming, text);
    add_qualified(naming, find(object, "List", "items"), own);
    add_qualified(naming, find(object, "ObjectWithArgs", "objname"), 1);
    add_qualified(naming, find(object, "TypeName", "names"), 1);
}

static void read_objects(const struct naming *naming, const json_t *node)
{
    const char *type = object_type(node);
    size_t at;
    const json_t *item;
    read_object(naming, type, json_object_get(node, "object"));
    read_object(naming, type, json_object_get(node, "func"));
    json_array_foreach(json_object_get(node, "objects"), at, item)
    {
        read_object(naming, type, item);
    }
    if (strcmp(type, "OBJECT_DATABASE") == 0)
        add_database(naming, tree_text(node, "subname"));
    if (strcmp(type, "OBJECT_SCHEMA") == 0)
        add_schema(naming, tree_text(node, "subname"));
    add_schema(naming, tree_text(node, "newschema"));
}

/* What a statement defines that is no table: tables are read wherever they stand. */
static void read_definition(const struct naming *naming, const char *kind, const json_t *node)
{
    static const struct {
        const char *kind, *key;
    } kinds[] = {
        {"CreateEnumStmt", "typeName"},     {"AlterEnumStmt", "typeName"},
        {"CreateRangeStmt", "typeName"},    {"AlterTypeStmt", "typeName"},
        {"CreateDomainStmt", "domainname"}, {"AlterDomainStmt", "typeName"},
        {"CreateFunctionStmt", "funcname"}, {"DefineStmt", "defnames"},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            add_qualified(naming, json_object_get(node, kinds[i].key), 1);
}

/* SET search_path; ALTER DEFAULT PRIVILEGES IN SCHEMA. */
static void read_lists(const struct naming *naming, const char *kind, const json_t *node)
{
    size_t at, place;
    const json_t *item, *name;
    if (strcmp(kind, "VariableSetStmt") == 0 && tree_is(node, "name", "search_path"))
        json_array_foreach(json_object_get(node, "args"), at, item)
        {
            add_schema(naming, tree_text(find(item, "A_Const", "sval"), "sval"));
        }
    if (strcmp(kind, "AlterDefaultPrivilegesStmt") != 0)
        return;
    json_array_foreach(json_object_get(node, "options"), at, item)
    {
        const json_t *option = json_object_get(item, "DefElem");
        const json_t *list = json_object_get(find(option, "arg", "List"), "items");
        if (tree_is(option, "defname", "schemas"))
            json_array_foreach(list, place, name)
            {
                add_schema(naming, tree_text(json_object_get(name, "String"), "sval"));
            }
    }
}

/* A name within a text, as nextval('public.s') has it. */
static void read_text(const struct naming *naming, const json_t *constant)
{
    const char *text = tree_text(find(constant, "A_Const", "sval"), "sval");
    bool is_quoted = *text == '"';
    size_t len = is_quoted ? strcspn(text + 1, "\"") : strcspn(text, ".");
    const char *end = text + len + (is_quoted ? 2 : 0);
    if (len + (is_quoted ? 2 : 0) < strlen(text) && *end == '.')
        add_schema(naming, arena_strndup(naming->reading->deeds->arena, text + is_quoted, len));
}

static bool is_last_of(const json_t *names, const char *const *words, size_t count)
{
    size_t size = json_array_size(names);
    const char *last = size ? name_at(names, size - 1) : "";
    for (size_t i = 0; i < count; i++)
        if (strcmp(last, words[i]) == 0)
            return true;
    return false;
}

static void read_texts(const struct naming *naming, const json_t *node)
{
    static const char *const functions[] = {"nextval", "currval", "setval",
                                            "pg_get_serial_sequence"};
    static const char *const types[] = {"regclass", "regtype", "regproc", "regprocedure"};
    const json_t *call = json_object_get(node, "FuncCall");
    const json_t *cast = json_object_get(node, "TypeCast");
    if (is_last_of(json_object_get(call, "funcname"), functions, ARRAY_LEN(functions)))
        read_text(naming, json_array_get(json_object_get(call, "args"), 0));
    if (is_last_of(find(cast, "typeName", "names"), types, ARRAY_LEN(types)))
        read_text(naming, json_object_get(cast, "arg"));
}

/* Each schema that a table is named with, wherever it stands. */
static void read_tables(const struct naming *naming, const json_t *node)
{
    const char *key;
    size_t at;
    json_t *item;
    struct deed *deed = add_named(naming, "schema", tree_text(node, "schemaname"));
    if (deed)
        deed->offset = (size_t)json_integer_value(json_object_get(node, "location")) + 1;
    read_texts(naming, node);
    json_object_foreach((json_t *)(uintptr_t)node, key, item)
    {
        read_tables(naming, item);
    }
    json_array_foreach(node, at, item)
    {
        read_tables(naming, item);
    }
}

void postgres_deeds_read_shared(const struct postgres_deeds *reading, const char *kind,
                                const json_t *node, size_t first)
{
    struct naming naming = {reading, first};
    const char *type = object_type(node);
    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        if (strcmp(statements[i].sign, kind) == 0)
            add_wide(reading, &statements[i], node);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        if (strcmp(objects[i].sign, type) == 0)
            add_wide(reading, &objects[i], node);
    read_tables(&naming, node);
    read_objects(&naming, node);
    read_definition(&naming, kind, node);
    read_lists(&naming, kind, node);
    if (strncmp(kind, "AlterDatabase", strlen("AlterDatabase")) == 0)
        add_database(&naming, tree_text(node, "dbname"));
}
