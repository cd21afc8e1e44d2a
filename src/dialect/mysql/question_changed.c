#include "dialect/mysql/question_changed.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/mysql/templates.h"

#define INTEGERS "'tinyint', 'smallint', 'mediumint', 'int', 'bigint'"
#define TEXTS "'varchar', 'char', 'tinytext', 'text', 'mediumtext', 'longtext'"

enum family { FAMILY_NONE, FAMILY_INTEGER, FAMILY_DECIMAL, FAMILY_DOUBLE, FAMILY_TEXT };

/* A column as it will be: what now is `source` (NULL: it is new), or a value, through the types one after the other. */
struct changed_column {
    const char *name, *source, *value;
    bool has_type;
};

struct changed_columns {
    struct changed_column *items;
    size_t count;
};

static enum family family_of(const char *type)
{
    static const struct {
        const char *name;
        enum family family;
    } families[] = {
        {"tinyint", FAMILY_INTEGER}, {"smallint", FAMILY_INTEGER}, {"mediumint", FAMILY_INTEGER},
        {"int", FAMILY_INTEGER},     {"bigint", FAMILY_INTEGER},   {"decimal", FAMILY_DECIMAL},
        {"double", FAMILY_DOUBLE},   {"varchar", FAMILY_TEXT},     {"char", FAMILY_TEXT},
        {"tinytext", FAMILY_TEXT},   {"text", FAMILY_TEXT},        {"mediumtext", FAMILY_TEXT},
        {"longtext", FAMILY_TEXT},
    };
    size_t len = type ? strcspn(type, "( ") : 0;
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        if (strlen(families[i].name) == len && strncmp(type, families[i].name, len) == 0)
            return families[i].family;
    return FAMILY_NONE;
}

bool mysql_sees_type(const char *type)
{
    return family_of(type) != FAMILY_NONE;
}

/* A text has the table's collation, which the catalog puts in the place of `\x03` and `\x04`. */
static const char *converted(struct arena *arena, const char *type, const char *value)
{
    const char *comma = strchr(type, ',');
    switch (family_of(type)) {
    case FAMILY_INTEGER:
        return arena_printf(
            arena,
            "(CASE WHEN %s REGEXP '^[-+]?[0-9]+$' THEN CAST(%s AS DECIMAL(65)) ELSE "
            "ROUND(%s) END)",
            value, value, value);
    case FAMILY_DECIMAL:
        return arena_printf(arena, "ROUND(CAST(%s AS DECIMAL(65, 30)), %ld)", value,
                            comma ? strtol(comma + 1, NULL, 10) : 0);
    case FAMILY_DOUBLE: return arena_printf(arena, "(%s + 0e0)", value);
    default:
        return arena_printf(arena,
                            strncmp(type, "char", strlen("char")) == 0
                                ? "TRIM(TRAILING ' ' FROM CONVERT(%s USING \x03) COLLATE \x04)"
                                : "(CONVERT(%s USING \x03) COLLATE \x04)",
                            value);
    }
}

static const char *quoted(struct arena *arena, const char *name)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    mysql_add_identifier(&buf, name);
    return buf_into(&buf, arena);
}

static struct changed_column *find(struct changed_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (ascii_is_same(columns->items[i].name, name))
            return &columns->items[i];
    return NULL;
}

/* The column by its name before the layer; one that no layer before has touched is as it is now. */
static struct changed_column *find_or_add(struct arena *arena, struct changed_columns *columns,
                                          const char *name)
{
    struct changed_column *found = find(columns, name);
    if (found)
        return found;
    columns->items[columns->count] =
        (struct changed_column){.name = name, .source = name, .value = quoted(arena, name)};
    return &columns->items[columns->count++];
}

/* Names of one statement change places at once. */
static struct changed_columns follow(struct arena *arena, const struct question_view *view)
{
    struct changed_columns columns = {
        .items = arena_calloc(arena, 2 * view->count + 1, sizeof *columns.items)};
    for (size_t begin = 0, end; begin < view->count; begin = end) {
        for (end = begin;
             end < view->count && view->layers[end].statement == view->layers[begin].statement;)
            end++;
        struct changed_column **renamed = arena_calloc(arena, view->count + 1, sizeof *renamed);
        for (size_t i = begin; i < end; i++)
            if (view->layers[i].was)
                renamed[i] = find_or_add(arena, &columns, view->layers[i].was);
        for (size_t i = begin; i < end; i++)
            if (renamed[i])
                renamed[i]->name = view->layers[i].column;
        for (size_t i = begin; i < end; i++) {
            const struct question_layer *layer = &view->layers[i];
            if (layer->was)
                continue;
            struct changed_column *column = find_or_add(arena, &columns, layer->column);
            if (layer->is_new) {
                column->source = NULL;
                column->value = layer->value;
            }
            column->value = converted(arena, layer->type, column->value);
            column->has_type = true;
        }
    }
    return columns;
}

/* ---- the catalog's part ------------------------------------------------------------------------- */

static void add_place(struct buf *buf, const char *schema, const char *table)
{
    buf_adds(buf, "t.table_schema = ");
    if (schema)
        mysql_add_literal(buf, schema);
    else
        buf_adds(buf, "DATABASE()");
    buf_adds(buf, " AND t.table_name = ");
    mysql_add_literal(buf, table);
}

static void add_names(struct buf *buf, const struct changed_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        const char *const names[] = {columns->items[i].name, columns->items[i].source};
        for (size_t k = 0; k < ARRAY_LEN(names) && names[k]; k++) {
            buf_adds(buf, i || k ? ", LOWER(" : "LOWER(");
            mysql_add_literal(buf, names[k]);
            buf_addc(buf, ')');
        }
    }
}

/* A text of SQL: the table with the columns that stay, and those that change. */
static const char *image_of(struct arena *arena, const char *schema, const char *table,
                            const struct changed_columns *columns)
{
    struct buf buf, rest;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_init(&rest, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < columns->count; i++)
        buf_addf(&rest, "%s%s AS %s", i ? ", " : "", columns->items[i].value,
                 quoted(arena, columns->items[i].name));
    buf_addf(&rest, " FROM %s%s%s)", schema ? quoted(arena, schema) : "", schema ? "." : "",
             quoted(arena, table));
    buf_adds(&buf, "(SELECT CONCAT('(SELECT ', COALESCE(CONCAT(GROUP_CONCAT(CONCAT('`', "
                   "REPLACE(c.column_name, '`', '``'), '`') SEPARATOR ', '), ', '), ''), "
                   "REPLACE(REPLACE(");
    mysql_add_literal(&buf, rest.data);
    buf_adds(&buf,
             ", CHAR(3), SUBSTRING_INDEX(MAX(t.table_collation), '_', 1)), CHAR(4), "
             "MAX(t.table_collation))) FROM information_schema.tables t LEFT JOIN "
             "information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = "
             "t.table_name AND LOWER(c.column_name) NOT IN (");
    add_names(&buf, columns);
    buf_adds(&buf, ") WHERE ");
    add_place(&buf, schema, table);
    buf_addc(&buf, ')');
    buf_done(&rest);
    return buf_into(&buf, arena);
}

/* ` WHEN …`: what a column holds now is of a type that no one knows the way of. */
static void add_doubts(struct buf *buf, const char *schema, const char *table,
                       const struct changed_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (!columns->items[i].has_type || !columns->items[i].source)
            continue;
        buf_adds(
            buf,
            " WHEN EXISTS (SELECT 1 FROM information_schema.tables t JOIN "
            "information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = "
            "t.table_name WHERE ");
        add_place(buf, schema, table);
        buf_adds(buf, " AND c.column_name = ");
        mysql_add_literal(buf, columns->items[i].source);
        buf_adds(
            buf,
            " AND (c.data_type NOT IN (" INTEGERS ", 'decimal', " TEXTS
            ") OR c.column_type LIKE '%zerofill%' OR c.collation_name <> t.table_collation)) THEN ");
        struct buf why;
        buf_init(&why, BUF_MAX_DEFAULT);
        buf_addf(&why, "no question is known for what becomes of %s", columns->items[i].source);
        mysql_add_literal(buf, why.data);
        buf_done(&why);
    }
}

void mysql_ask_changed(const struct question_request *request, struct questions *questions,
                       size_t first)
{
    struct arena *arena = questions->arena;
    const struct deed *deed = request->deed;
    struct changed_columns own = follow(arena, &request->own);
    struct changed_columns parent = follow(arena, &request->parent);
    for (size_t i = first; i < questions->count; i++) {
        struct question *question = &questions->items[i];
        struct buf buf;
        if (!question->rows)
            continue;
        buf_init(&buf, BUF_MAX_DEFAULT);
        bool has_own = strstr(question->rows, MYSQL_OWN_ROWS) != NULL;
        bool has_parent = strstr(question->rows, MYSQL_PARENT_ROWS) != NULL;
        buf_addf(&buf, "SELECT %s%s", has_parent ? "REPLACE(" : "", has_own ? "REPLACE(" : "");
        mysql_add_literal(&buf, question->rows);
        if (has_own)
            buf_addf(&buf, ", CHAR(1), %s)",
                     image_of(arena, deed->schema, request->own.table, &own));
        if (has_parent)
            buf_addf(&buf, ", CHAR(2), %s)",
                     image_of(arena, deed->other_schema, request->parent.table, &parent));
        buf_adds(&buf, ", ");
        if (question->sample)
            mysql_add_literal(&buf, question->sample);
        else
            buf_adds(&buf, "NULL");
        buf_adds(&buf, ", CASE WHEN FALSE THEN NULL"); /* and its doubts */
        if (has_own)
            add_doubts(&buf, deed->schema, request->own.table, &own);
        if (has_parent)
            add_doubts(&buf, deed->other_schema, request->parent.table, &parent);
        buf_adds(&buf, " END");
        question->rows = NULL;
        question->sample = NULL;
        question->lookup = buf_into(&buf, arena);
    }
}
