/* ALTER TABLE and CREATE TABLE. */
#include "dialect/postgres/deeds_private.h"

#include "base/arena.h"
#include "dialect/postgres/scan.h"
#include "dialect/postgres/types.h"

struct altering {
    const struct postgres_deeds *reading;
    const json_t *range; /* the table */
    bool is_new;         /* the statement creates it */
};

static bool is_true(const json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

static struct deed *add(const struct altering *altering, enum deed_kind kind)
{
    return postgres_deeds_add_on(altering->reading, kind, altering->range);
}

static const char *copied(const struct altering *altering, const json_t *node, const char *key)
{
    return postgres_deeds_text(altering->reading, node, key);
}

static size_t place(const json_t *node)
{
    return (size_t)json_integer_value(json_object_get(node, "location")) + 1;
}

/* The only member of the list of names; NULL: there are none or several. */
static const char *only_name(const struct altering *altering, const json_t *names)
{
    return json_array_size(names) == 1
               ? copied(altering, json_object_get(json_array_get(names, 0), "String"), "sval")
               : NULL;
}

/* What stands between the parentheses of a CHECK, whose place is that of its first word. */
static const char *rule_at(const struct altering *altering, const json_t *constraint)
{
    const char *sql = altering->reading->sql;
    size_t len = strlen(sql), begin = 0, at = place(constraint) - 1;
    struct postgres_scan scan = {.sql = sql, .len = len, .at = at < len ? at : len};
    struct postgres_token token;
    for (size_t depth = 0; postgres_scan_next(&scan, &token);) {
        char byte = token.kind == TOKEN_BYTE ? sql[token.begin] : '\0';
        if (byte == '(' && !depth++)
            begin = token.end;
        if (byte == ')' && depth && !--depth)
            return arena_strndup(altering->reading->deeds->arena, sql + begin, token.begin - begin);
    }
    return NULL;
}

/* `column IS NOT NULL`, and nothing else. */
static const char *checked_for_null(const struct altering *altering, const json_t *expression)
{
    const json_t *test = json_object_get(expression, "NullTest");
    const json_t *fields =
        json_object_get(json_object_get(json_object_get(test, "arg"), "ColumnRef"), "fields");
    return tree_is(test, "nulltesttype", "IS_NOT_NULL") ? only_name(altering, fields) : NULL;
}

static void read_check(const struct altering *altering, const json_t *node)
{
    struct deed *deed = add(altering, DEED_ADD_CHECK);
    deed->column = checked_for_null(altering, json_object_get(node, "raw_expr"));
    deed->flags |= (deed->column ? DEED_CHECKS_NULL : 0) |
                   (is_true(node, "skip_validation") ? DEED_NOT_VALID : 0) |
                   (is_true(node, "is_no_inherit") ? DEED_ONLY : 0);
    deed->name = copied(altering, node, "conname");
    deed->rule = rule_at(altering, node);
}

static void read_foreign_key(const struct altering *altering, const json_t *node)
{
    const json_t *parent = json_object_get(node, "pktable");
    struct deed *deed = add(altering, DEED_ADD_FOREIGN_KEY);
    deed->flags |= is_true(node, "skip_validation") ? DEED_NOT_VALID : 0;
    deed->name = copied(altering, node, "conname");
    deed->column = only_name(altering, json_object_get(node, "fk_attrs"));
    deed->other = copied(altering, parent, "relname");
    deed->other_schema = copied(altering, parent, "schemaname");
    deed->what = only_name(altering, json_object_get(node, "pk_attrs"));
    deed->keys = postgres_deeds_names(altering->reading, json_object_get(node, "fk_attrs"));
    deed->parents = postgres_deeds_names(altering->reading, json_object_get(node, "pk_attrs"));
    deed->flags |= tree_is(node, "fk_matchtype", "f") ? DEED_MATCH_FULL : 0;
    deed->time = postgres_deeds_time(node);
    deed->keeps_parents = tree_is(node, "fk_del_action", "a");
}

static void read_unique(const struct altering *altering, const json_t *node)
{
    struct deed *deed = add(altering, DEED_ADD_UNIQUE);
    bool is_primary = tree_is(node, "contype", "CONSTR_PRIMARY");
    deed->flags |=
        (is_primary ? DEED_PRIMARY_KEY : 0) | (*tree_text(node, "indexname") ? DEED_BY_INDEX : 0);
    deed->other = copied(altering, node, "indexname");
    deed->name = copied(altering, node, "conname");
    deed->flags |= is_true(node, "nulls_not_distinct") ? DEED_NULLS_EQUAL : 0;
    deed->column = only_name(altering, json_object_get(node, "keys"));
    deed->keys = postgres_deeds_names(altering->reading, json_object_get(node, "keys"));
    deed->what = is_primary ? "PRIMARY KEY" : "UNIQUE";
}

static void read_exclusion(const struct altering *altering, const json_t *node)
{
    struct deed *deed = add(altering, DEED_REWRITE);
    deed->what = "ADD EXCLUDE";
    deed->name = copied(altering, node, "conname");
}

static void read_constraint(const struct altering *altering, const json_t *node)
{
    const char *type = tree_text(node, "contype");
    if (strcmp(type, "CONSTR_CHECK") == 0)
        read_check(altering, node);
    else if (strcmp(type, "CONSTR_FOREIGN") == 0)
        read_foreign_key(altering, node);
    else if (strcmp(type, "CONSTR_UNIQUE") == 0 || strcmp(type, "CONSTR_PRIMARY") == 0)
        read_unique(altering, node);
    else if (strcmp(type, "CONSTR_EXCLUSION") == 0)
        read_exclusion(altering, node);
}

static struct deed_texts name_alone(const struct altering *altering, const char *column)
{
    const char **texts = arena_calloc(altering->reading->deeds->arena, 1, sizeof *texts);
    texts[0] = postgres_deeds_quoted(altering->reading, column);
    return (struct deed_texts){texts, 1};
}

/* DEFERRABLE and INITIALLY DEFERRED stand after the constraint that they are about. */
static void set_time(struct deed *constraint, const json_t *attribute)
{
    bool is_deferred = tree_is(attribute, "contype", "CONSTR_ATTR_DEFERRED");
    if (constraint->kind == DEED_ADD_FOREIGN_KEY && constraint->time != DEED_AT_COMMIT)
        constraint->time = is_deferred ? DEED_AT_COMMIT : DEED_AT_ONCE_UNLESS;
}

/* A constraint within a column's definition: it is about that column. */
static void read_column_constraint(const struct altering *altering, const json_t *node,
                                   const char *column)
{
    struct deeds *deeds = altering->reading->deeds;
    size_t before = deeds->count;
    if (tree_is(node, "contype", "CONSTR_ATTR_DEFERRED") ||
        tree_is(node, "contype", "CONSTR_ATTR_DEFERRABLE"))
        set_time(&deeds->items[before - 1], node);
    read_constraint(altering, node);
    for (size_t i = before; i < deeds->count; i++) {
        deeds->items[i].column = column;
        deeds->items[i].flags |= DEED_WITH_COLUMN;
        if (!deeds->items[i].keys.count && deeds->items[i].kind != DEED_ADD_CHECK)
            deeds->items[i].keys = name_alone(altering, column);
    }
}

/* Where the next of a column's constraints begins after `at`; 0: there is none. */
static size_t next_place(const json_t *constraints, size_t at)
{
    size_t index, next = 0;
    const json_t *item;
    json_array_foreach(constraints, index, item)
    {
        size_t location = place(json_object_get(item, "Constraint")) - 1;
        if (location > at && (!next || location < next))
            next = location;
    }
    return next;
}

/* What follows DEFAULT. */
static const char *default_at(const struct altering *altering, const json_t *constraint,
                              const json_t *constraints)
{
    static const size_t word = sizeof "DEFAULT" - 1;
    size_t at = place(constraint) - 1;
    return postgres_deeds_slice(
        altering->reading,
        &(struct postgres_slice){.begin = at + word, .end = next_place(constraints, at)});
}

/* A type as it is written; what may come after it in a definition ends it. */
static const char *type_at(const struct altering *altering, const json_t *definition, size_t end)
{
    static const char *const words[] = {"collate", "using", "compression", "storage", NULL};
    const json_t *type = json_object_get(definition, "typeName");
    struct postgres_slice slice = {.begin = place(type) - 1, .end = end, .words = words};
    return json_object_get(type, "location") ? postgres_deeds_slice(altering->reading, &slice)
                                             : NULL;
}

static unsigned default_flags(const json_t *expression, const char **ret_function)
{
    const json_t *constant = json_object_get(expression, "A_Const");
    const json_t *cast = json_object_get(expression, "TypeCast");
    if (cast)
        constant = json_object_get(json_object_get(cast, "arg"), "A_Const");
    *ret_function = postgres_deeds_find_volatile(expression, false);
    if (is_true(constant, "isnull"))
        return 0;
    return DEED_DEFAULT | (*ret_function ? DEED_VOLATILE : 0);
}

/* A default of `'now'`, with a cast or by the column's own type. */
static void set_moment(struct deed *deed, const json_t *expression, const json_t *type)
{
    const json_t *cast = json_object_get(expression, "TypeCast");
    const char *moment = cast ? postgres_deeds_find_moment(json_object_get(cast, "arg"),
                                                           json_object_get(cast, "typeName"))
                              : postgres_deeds_find_moment(expression, type);
    deed->what = moment ? moment : deed->what;
    deed->flags |= moment ? DEED_UNSTABLE : 0;
}

static void read_column(const struct altering *altering, const json_t *node, bool is_conditional)
{
    bool is_serial;
    size_t at;
    const json_t *item;
    const json_t *constraints = json_object_get(node, "constraints");
    struct arena *arena = altering->reading->deeds->arena;
    struct deed deed = *add(altering, altering->is_new ? DEED_COLUMN : DEED_ADD_COLUMN);
    size_t index = altering->reading->deeds->count - 1;
    deed.column = copied(altering, node, "colname");
    deed.type = postgres_type(arena, json_object_get(node, "typeName"), &is_serial);
    deed.flags |= is_serial ? DEED_NUMBERED | DEED_NOT_NULL | DEED_DEFAULT : 0;
    deed.flags |= is_conditional ? DEED_CONDITIONAL : 0;
    deed.keys = name_alone(altering, deed.column);
    deed.definition =
        type_at(altering, node, next_place(constraints, place(json_object_get(node, "typeName"))));
    json_array_foreach(constraints, at, item)
    {
        const json_t *constraint = json_object_get(item, "Constraint");
        const char *type = tree_text(constraint, "contype");
        if (strcmp(type, "CONSTR_NOTNULL") == 0 || strcmp(type, "CONSTR_PRIMARY") == 0)
            deed.flags |= DEED_NOT_NULL;
        if (strcmp(type, "CONSTR_PRIMARY") == 0)
            deed.flags |= DEED_PRIMARY_KEY;
        if (strcmp(type, "CONSTR_IDENTITY") == 0)
            deed.flags |= DEED_NUMBERED | DEED_NOT_NULL | DEED_DEFAULT;
        if (strcmp(type, "CONSTR_GENERATED") == 0) {
            deed.flags |= DEED_STORED | DEED_GENERATED | DEED_DEFAULT;
            deed.expression = rule_at(altering, constraint);
        }
        if (strcmp(type, "CONSTR_DEFAULT") == 0) {
            deed.flags |= default_flags(json_object_get(constraint, "raw_expr"), &deed.what);
            set_moment(&deed, json_object_get(constraint, "raw_expr"),
                       json_object_get(node, "typeName"));
            deed.expression = default_at(altering, constraint, constraints);
        }
        read_column_constraint(altering, constraint, deed.column);
    }
    altering->reading->deeds->items[index] = deed;
}

/* ---- ALTER TABLE ------------------------------------------------------------------------------ */

static bool holds_timezone(const json_t *node)
{
    return postgres_deeds_find_volatile(node, false) == NULL && json_object_get(node, "FuncCall") &&
           tree_is(json_object_get(
                       json_array_get(
                           json_object_get(json_object_get(node, "FuncCall"), "funcname"), 1),
                       "String"),
                   "sval", "timezone");
}

/* `USING column` and `USING column::type` say no more than no USING. */
static bool is_column_alone(const json_t *expression, const char *column)
{
    const json_t *cast = json_object_get(expression, "TypeCast");
    const json_t *inner = cast ? json_object_get(cast, "arg") : expression;
    const json_t *fields = json_object_get(json_object_get(inner, "ColumnRef"), "fields");
    return json_array_size(fields) == 1 &&
           tree_is(json_object_get(json_array_get(fields, 0), "String"), "sval", column);
}

/* What follows USING, after the type. */
static const char *using_at(const struct altering *altering, const json_t *definition)
{
    const char *sql = altering->reading->sql;
    size_t len = strlen(sql), at = place(json_object_get(definition, "typeName")) - 1;
    struct postgres_scan scan = {.sql = sql, .len = len, .at = at < len ? at : len};
    struct postgres_token token;
    while (postgres_scan_next(&scan, &token))
        if (postgres_token_is(sql, &token, "using"))
            return postgres_deeds_slice(altering->reading,
                                        &(struct postgres_slice){.begin = token.end});
    return NULL;
}

static void read_type(const struct altering *altering, const json_t *command)
{
    const json_t *definition = json_object_get(json_object_get(command, "def"), "ColumnDef");
    const json_t *expression = json_object_get(definition, "raw_default");
    bool is_serial;
    struct deed *deed = add(altering, DEED_SET_TYPE);
    deed->column = copied(altering, command, "name");
    deed->type = postgres_type(altering->reading->deeds->arena,
                               json_object_get(definition, "typeName"), &is_serial);
    deed->keys = name_alone(altering, deed->column);
    deed->definition = type_at(altering, definition, 0);
    deed->flags |= json_object_get(definition, "collClause") ? DEED_CHARSET : 0;
    if (expression) {
        deed->expression = using_at(altering, definition);
        deed->what = postgres_deeds_find_volatile(expression, true);
        deed->flags |= deed->what ? DEED_UNSTABLE : 0;
    }
    if (expression && !is_column_alone(expression, tree_text(command, "name")))
        deed->flags |= DEED_USING | (holds_timezone(expression) ? DEED_AT_ZONE : 0);
}

static void read_detach(const struct altering *altering, const json_t *command)
{
    const json_t *partition = json_object_get(json_object_get(command, "def"), "PartitionCmd");
    struct deed *deed = add(altering, DEED_DETACH);
    deed->other = copied(altering, json_object_get(partition, "name"), "relname");
    deed->flags |= is_true(partition, "concurrent") ? DEED_CONCURRENT : 0;
}

/* What stands in the parentheses that open next after `at`; `ret_end`: the place after them. */
static const char *parenthesized(const struct altering *altering, size_t at, size_t *ret_end)
{
    const char *sql = altering->reading->sql;
    struct postgres_scan scan = {.sql = sql, .len = strlen(sql), .at = at};
    struct postgres_token token;
    while (postgres_scan_next(&scan, &token))
        if (token.kind == TOKEN_BYTE && sql[token.begin] == '(') {
            struct postgres_slice slice = {.begin = token.end, .keeps_commas = true};
            const char *text = postgres_deeds_slice(altering->reading, &slice);
            *ret_end = token.end + (text ? strlen(text) : 0);
            return text;
        }
    return NULL;
}

/* `what` is how rows are told apart, `expression` and `predicate` the bounds. */
static void read_bound(const struct altering *altering, const json_t *bound, struct deed *deed)
{
    static const char *const strategies[][2] = {{"l", "list"}, {"r", "range"}, {"h", "hash"}};
    size_t at = place(bound) - 1;
    for (size_t i = 0; i < ARRAY_LEN(strategies) && !is_true(bound, "is_default"); i++)
        if (tree_is(bound, "strategy", strategies[i][0]))
            deed->what = strategies[i][1];
    if (deed->what && strcmp(deed->what, "hash") == 0) {
        deed->expression = arena_printf(altering->reading->deeds->arena,
                                        "%" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT,
                                        json_integer_value(json_object_get(bound, "modulus")),
                                        json_integer_value(json_object_get(bound, "remainder")));
    } else if (deed->what) {
        deed->expression = parenthesized(altering, at, &at);
        if (strcmp(deed->what, "range") == 0)
            deed->predicate = parenthesized(altering, at, &at);
    }
}

/* The partition's rows become the table's. */
static void read_attach(const struct altering *altering, const json_t *command)
{
    const json_t *partition = json_object_get(json_object_get(command, "def"), "PartitionCmd");
    const json_t *name = json_object_get(partition, "name");
    struct deed *deed = add(altering, DEED_ATTACH);
    deed->other = copied(altering, name, "relname");
    deed->other_schema = copied(altering, name, "schemaname");
    read_bound(altering, json_object_get(partition, "bound"), deed);
}

/* Rows of a table that inherits from it are its own. */
static void read_inherit(const struct altering *altering, const json_t *command)
{
    const json_t *parent = json_object_get(json_object_get(command, "def"), "RangeVar");
    struct deed *deed = add(altering, DEED_ATTACH);
    deed->other = deed->table;
    deed->table = copied(altering, parent, "relname");
    deed->what = "inherit";
}

static void read_command(const struct altering *altering, const json_t *command)
{
    static const struct {
        const char *subtype;
        enum deed_kind kind;
    } plain[] = {
        {"AT_DropColumn", DEED_DROP_COLUMN},         {"AT_SetNotNull", DEED_SET_NOT_NULL},
        {"AT_DropNotNull", DEED_DROP_NOT_NULL},      {"AT_ValidateConstraint", DEED_VALIDATE},
        {"AT_DropConstraint", DEED_DROP_CONSTRAINT},
    };
    static const char *const rewriting[] = {"AT_SetLogged", "AT_SetUnLogged", "AT_SetAccessMethod",
                                            "AT_SetTableSpace"};
    const char *subtype = tree_text(command, "subtype");
    const json_t *definition = json_object_get(command, "def");
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (strcmp(plain[i].subtype, subtype) == 0) {
            struct deed *deed = add(altering, plain[i].kind);
            deed->column = deed->name = copied(altering, command, "name");
            deed->keys = name_alone(altering, deed->column);
            deed->flags |= (is_true(command, "missing_ok") ? DEED_CONDITIONAL : 0) |
                           (tree_is(command, "behavior", "DROP_CASCADE") ? DEED_CASCADE : 0);
        }
    for (size_t i = 0; i < ARRAY_LEN(rewriting); i++)
        if (strcmp(rewriting[i], subtype) == 0)
            add(altering, DEED_REWRITE)->what = "ALTER TABLE … SET";
    postgres_deeds_read_altering_lock(altering->reading, altering->range, command);
    if (strcmp(subtype, "AT_AddColumn") == 0)
        read_column(altering, json_object_get(definition, "ColumnDef"),
                    is_true(command, "missing_ok"));
    else if (strcmp(subtype, "AT_AddConstraint") == 0)
        read_constraint(altering, json_object_get(definition, "Constraint"));
    else if (strcmp(subtype, "AT_AlterColumnType") == 0)
        read_type(altering, command);
    else if (strcmp(subtype, "AT_DetachPartition") == 0)
        read_detach(altering, command);
    else if (strcmp(subtype, "AT_AttachPartition") == 0)
        read_attach(altering, command);
    else if (strcmp(subtype, "AT_AddInherit") == 0)
        read_inherit(altering, command);
}

void postgres_deeds_read_alter(const struct postgres_deeds *reading, const json_t *node)
{
    struct altering altering = {reading, json_object_get(node, "relation"), false};
    size_t at;
    const json_t *item;
    size_t first = reading->deeds->count;
    if (!tree_is(node, "objtype", "OBJECT_TABLE"))
        return;
    json_array_foreach(json_object_get(node, "cmds"), at, item)
    {
        read_command(&altering, json_object_get(item, "AlterTableCmd"));
    }
    for (; first < reading->deeds->count && is_true(node, "missing_ok"); first++)
        reading->deeds->items[first].flags |= DEED_CONDITIONAL;
}

/* ---- CREATE TABLE ----------------------------------------------------------------------------- */

static void read_partition(const struct altering *altering, const json_t *node)
{
    const json_t *parent =
        json_object_get(json_array_get(json_object_get(node, "inhRelations"), 0), "RangeVar");
    struct deed *deed = postgres_deeds_add_on(altering->reading, DEED_ADD_PARTITION, parent);
    deed->other = copied(altering, altering->range, "relname");
    deed->other_schema = copied(altering, altering->range, "schemaname");
    deed->flags |= is_true(node, "if_not_exists") ? DEED_CONDITIONAL : 0;
    read_bound(altering, json_object_get(node, "partbound"), deed);
}

void postgres_deeds_read_create(const struct postgres_deeds *reading, const json_t *node)
{
    struct altering altering = {reading, json_object_get(node, "relation"), true};
    struct deed *deed = add(&altering, DEED_CREATE_TABLE);
    size_t at;
    const json_t *item;
    deed->flags |= (is_true(node, "if_not_exists") ? DEED_CONDITIONAL : 0) |
                   (tree_is(altering.range, "relpersistence", "t") ? DEED_TEMPORARY : 0);
    json_array_foreach(json_object_get(node, "tableElts"), at, item)
    {
        const json_t *column = json_object_get(item, "ColumnDef");
        if (column)
            read_column(&altering, column, false);
        else
            read_constraint(&altering, json_object_get(item, "Constraint"));
    }
    if (json_object_get(node, "partbound"))
        read_partition(&altering, node);
}

/* ---- ALTER DOMAIN ----------------------------------------------------------------------------- */

static bool is_null_rule(const json_t *node)
{
    return tree_is(node, "subtype", "O") ||
           tree_is(json_object_get(json_object_get(node, "def"), "Constraint"), "contype",
                   "CONSTR_NOTNULL");
}

void postgres_deeds_read_domain(const struct postgres_deeds *reading, const json_t *node)
{
    struct altering altering = {reading, NULL, false};
    const json_t *rule = json_object_get(json_object_get(node, "def"), "Constraint");
    bool is_validate = tree_is(node, "subtype", "V");
    bool is_null = is_null_rule(node);
    if (!is_null && !is_validate && !tree_is(rule, "contype", "CONSTR_CHECK"))
        return;
    struct deed *deed = add(&altering, DEED_DOMAIN_RULE);
    postgres_deeds_set_qualified(reading, deed, json_object_get(node, "typeName"));
    deed->flags =
        (is_null ? DEED_CHECKS_NULL : 0) | (is_true(rule, "skip_validation") ? DEED_NOT_VALID : 0);
    deed->name = is_validate ? copied(&altering, node, "name") : copied(&altering, rule, "conname");
    deed->rule = is_null || is_validate ? NULL : rule_at(&altering, rule);
}
