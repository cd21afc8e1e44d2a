/* A table that is built anew: the rows of the query, as they would arrive in the new table. The query is the author's; a name of it
 * that the pending statements have given to a table stands for what that is called now. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "dialect/question.h"
#include "dialect/sqlite/create.h"
#include "dialect/sqlite/definition.h"
#include "dialect/sqlite/question.h"
#include "dialect/template.h"

struct rebuild {
    const struct question_request *request;
    struct questions *questions;
    struct arena *arena;
    struct create_table create;
    struct sqlite_definition *definitions; /* by item; of a column */
    const char **columns;                  /* that the INSERT names, or all */
    size_t column_count;
    const char *key;   /* the new table's primary key, among what is copied; NULL: none is known */
    const char *parts; /* `WITH …`, up to where the rows are there under the new table's name */
    bool is_strict, has_no_rowid;
};

static const char *quoted(struct arena *arena, const char *name)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    sqlite_add_name(&buf, name);
    return buf_into(&buf, arena);
}

static const char *literal(struct arena *arena, const char *text)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    sql_add_literal(&buf, text);
    return buf_into(&buf, arena);
}

/* ---- reading the two statements ------------------------------------------------------------------ */

static void read_create(struct rebuild *rebuild)
{
    struct create_table *create = &rebuild->create;
    create_table_read(rebuild->arena, rebuild->request->made_by, create);
    rebuild->definitions =
        arena_calloc(rebuild->arena, create->count + 1, sizeof *rebuild->definitions);
    for (size_t i = 0; i < create->count; i++)
        if (create->items[i].column)
            rebuild->definitions[i] = sqlite_read_definition(
                rebuild->arena, sqlite_cursor(arena_strndup(rebuild->arena, create->items[i].text,
                                                            create->items[i].len)));
    if (!create->body)
        return;
    struct sqlite_cursor cursor = sqlite_cursor(create->body);
    sqlite_skip(&cursor);
    for (; cursor.token.kind != TOKEN_END; sqlite_advance(&cursor)) {
        rebuild->is_strict |= sqlite_is_word(&cursor.token, "strict");
        rebuild->has_no_rowid |= sqlite_is_word(&cursor.token, "rowid");
    }
}

static void take_columns(struct rebuild *rebuild, struct sqlite_cursor *cursor)
{
    size_t capacity = 0;
    if (sqlite_take_sign(cursor, "(")) {
        do {
            *ARENA_PUSH(rebuild->arena, rebuild->columns, rebuild->column_count, capacity) =
                sqlite_token_name(rebuild->arena, &cursor->token);
            sqlite_advance(cursor);
        } while (sqlite_take_sign(cursor, ","));
        sqlite_take_sign(cursor, ")");
        return;
    }
    for (size_t i = 0; i < rebuild->create.count; i++)
        if (rebuild->create.items[i].column && !rebuild->definitions[i].is_generated)
            *ARENA_PUSH(rebuild->arena, rebuild->columns, rebuild->column_count, capacity) =
                rebuild->create.items[i].column;
}

static bool is_copied(const struct rebuild *rebuild, const char *column)
{
    for (size_t i = 0; i < rebuild->column_count; i++)
        if (ascii_is_same(rebuild->columns[i], column))
            return true;
    return false;
}

/* False: the statement is of a form that is not known, or takes what does not fit in its own way. */
static bool read_insert(struct rebuild *rebuild)
{
    const struct question_request *request = rebuild->request;
    struct arena *arena = rebuild->arena;
    struct sqlite_cursor cursor = sqlite_cursor(request->sql);
    struct buf parts;
    if (!sqlite_take_word(&cursor, "insert") || !sqlite_take_word(&cursor, "into"))
        return false;
    sqlite_advance(&cursor);
    if (sqlite_take_sign(&cursor, "."))
        sqlite_advance(&cursor);
    take_columns(rebuild, &cursor);
    if (!sqlite_is_word(&cursor.token, "select") && !sqlite_is_word(&cursor.token, "with"))
        return false;
    const char *query = sqlite_text_between(arena, cursor, NULL);
    buf_init(&parts, BUF_MAX_DEFAULT);
    buf_adds(&parts, "WITH ");
    if (request->was)
        buf_addf(&parts, "%s AS (SELECT * FROM main.%s), ", quoted(arena, request->deed->other),
                 quoted(arena, request->was));
    buf_addf(&parts, "%s(", quoted(arena, request->deed->table));
    for (size_t i = 0; i < rebuild->column_count; i++)
        buf_addf(&parts, "%s%s", i ? ", " : "", quoted(arena, rebuild->columns[i]));
    buf_addf(&parts, ") AS (%s\n)", query);
    rebuild->parts = buf_into(&parts, arena);
    for (size_t i = 0; i < rebuild->create.count; i++)
        if (rebuild->create.items[i].column && rebuild->definitions[i].is_primary &&
            is_copied(rebuild, rebuild->create.items[i].column))
            rebuild->key = quoted(arena, rebuild->create.items[i].column);
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------------- */

/* The table that the rows come from, as it is called now. */
static const char *source_of(const struct rebuild *rebuild)
{
    const struct question_request *request = rebuild->request;
    const char *source = request->was ? request->was : request->deed->other;
    return source ? source : request->deed->table;
}

static struct question *ask(struct rebuild *rebuild, enum question_kind kind, const char *about)
{
    struct question *question = questions_add(rebuild->questions, kind, rebuild->request);
    question->table = source_of(rebuild);
    question->about = about;
    return question;
}

/* The rows as the new table keeps them, which its rules read: with its affinities, and the defaults of what is not copied. */
static const char *kept_rows(struct rebuild *rebuild)
{
    struct arena *arena = rebuild->arena;
    const char *table = quoted(arena, rebuild->request->deed->table);
    struct buf buf;
    const char *before = "";
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "(SELECT ");
    for (size_t i = 0; i < rebuild->create.count; i++) {
        const char *column = rebuild->create.items[i].column;
        const struct sqlite_definition *definition = &rebuild->definitions[i];
        if (!column || definition->is_generated)
            continue;
        const char *value = is_copied(rebuild, column) ? quoted(arena, column)
                            : definition->fallback
                                ? arena_printf(arena, "(%s\n)", definition->fallback)
                                : "NULL";
        buf_addf(&buf, "%s%s AS %s", before, sqlite_with_affinity(arena, value, definition->type),
                 quoted(arena, column));
        before = ", ";
    }
    buf_addf(&buf, " FROM %s) AS %s", table, table);
    return buf_into(&buf, arena);
}

static void ask_where(struct rebuild *rebuild, enum question_kind kind, const char *about,
                      const char *condition)
{
    const char *table = kind == QUESTION_CHECK
                            ? kept_rows(rebuild)
                            : quoted(rebuild->arena, rebuild->request->deed->table);
    struct question *question = ask(rebuild, kind, about);
    question->rows =
        arena_printf(rebuild->arena, "(%s SELECT %s AS skein_1 FROM %s WHERE %s) AS skein_found",
                     rebuild->parts, rebuild->key ? rebuild->key : "1", table, condition);
    question->sample = rebuild->key ? "skein_1" : NULL;
}

static const struct sqlite_definition *definition_of(const struct rebuild *rebuild,
                                                     const char *column)
{
    for (size_t i = 0; i < rebuild->create.count; i++)
        if (rebuild->create.items[i].column &&
            ascii_is_same(rebuild->create.items[i].column, column))
            return &rebuild->definitions[i];
    return NULL;
}

/* The key as the new table compares it: with the affinity and the collation of its column. */
static const char *compared(const struct rebuild *rebuild, const char *column)
{
    const struct sqlite_definition *definition = definition_of(rebuild, column);
    const char *name = quoted(rebuild->arena, column);
    if (!definition)
        return name;
    const char *value = sqlite_with_affinity(rebuild->arena, name, definition->type);
    return definition->collation ? arena_printf(rebuild->arena, "(%s COLLATE %s)", value,
                                                quoted(rebuild->arena, definition->collation))
                                 : value;
}

static void ask_unique(struct rebuild *rebuild, const char *const *columns, size_t count)
{
    struct buf rows, keys, about, names, sample;
    const char *table = quoted(rebuild->arena, rebuild->request->deed->table);
    for (size_t i = 0; i < count; i++) {
        const struct sqlite_definition *definition = definition_of(rebuild, columns[i]);
        bool has_value = definition && (definition->is_generated || definition->fallback);
        if (!is_copied(rebuild, columns[i]) && has_value)
            ask(rebuild, QUESTION_DUPLICATES, columns[i])->reason =
                "the column gets a value that no question is known for";
        if (!is_copied(rebuild, columns[i]))
            return; /* its NULLs are not the same */
    }
    buf_init(&rows, BUF_MAX_DEFAULT);
    buf_init(&keys, BUF_MAX_DEFAULT);
    buf_init(&about, BUF_MAX_DEFAULT);
    buf_init(&names, BUF_MAX_DEFAULT);
    buf_init(&sample, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++) {
        buf_addf(&names, "%s%s AS skein_%zu", i ? ", " : "", quoted(rebuild->arena, columns[i]),
                 i + 1);
        buf_addf(&sample, "%sskein_%zu", i ? ", " : "", i + 1);
        buf_addf(&keys, "%s%s", i ? ", " : "", compared(rebuild, columns[i]));
        buf_addf(&about, "%s%s", i ? ", " : "", columns[i]);
    }
    buf_addf(&rows, "(%s SELECT %s FROM %s WHERE ", rebuild->parts, names.data, table);
    buf_done(&names);
    for (size_t i = 0; i < count; i++)
        buf_addf(&rows, "%s%s IS NOT NULL", i ? " AND " : "", quoted(rebuild->arena, columns[i]));
    buf_addf(&rows, " GROUP BY %s HAVING count(*) > 1) AS skein_found", keys.data);
    buf_done(&keys);
    struct question *question = ask(rebuild, QUESTION_DUPLICATES, buf_into(&about, rebuild->arena));
    question->rows = buf_into(&rows, rebuild->arena);
    question->sample = buf_into(&sample, rebuild->arena);
}

/* A table's FOREIGN KEY is looked at once tables are dropped or renamed; what was broken before does not count. */
static void ask_orphans(struct rebuild *rebuild, const char *column,
                        const struct sqlite_definition *definition)
{
    struct arena *arena = rebuild->arena;
    const char *name = quoted(arena, column);
    const char *parent = literal(arena, definition->parent);
    if (!rebuild->request->looks_for_orphans)
        return;
    const char *key =
        definition->parent_keys.count == 1 ? definition->parent_keys.items[0] : "\x01";
    const char *rows = arena_printf(
        arena,
        "(%s SELECT 1 FROM %s AS skein_child WHERE skein_child.%s IS NOT NULL AND NOT EXISTS (SELECT 1 "
        "FROM main.%s AS skein_parent WHERE %s = skein_child.%s) AND NOT EXISTS (SELECT 1 FROM "
        "pragma_foreign_key_list(%s) WHERE \"from\" = %s COLLATE NOCASE AND \"table\" = %s COLLATE "
        "NOCASE)) AS skein_found",
        rebuild->parts, quoted(arena, rebuild->request->deed->table), name,
        quoted(arena, definition->parent), key, name, literal(arena, source_of(rebuild)),
        literal(arena, column), parent);
    struct question *question = ask(rebuild, QUESTION_ORPHANS, column);
    question->other = definition->parent;
    if (definition->parent_keys.count == 1)
        question->rows = rows;
    else
        question->lookup = arena_printf(
            arena,
            "SELECT replace(%s, char(1), 'skein_parent.\"' || replace(name, '\"', '\"\"') || '\"'), "
            "NULL, NULL FROM pragma_table_info(%s) WHERE pk = 1",
            literal(arena, rows), parent);
}

/* What a STRICT table takes for a column of the type; NULL: everything. */
static const char *strict_condition(struct arena *arena, const char *name, const char *type)
{
    if (ascii_is_same(type, "int") || ascii_is_same(type, "integer"))
        return arena_printf(
            arena,
            "NOT (typeof(%s) IN ('null', 'integer') OR (typeof(%s) IN ('real', 'text') "
            "AND CAST(%s AS INTEGER) = %s))",
            name, name, name, name);
    if (ascii_is_same(type, "real"))
        return arena_printf(
            arena,
            "NOT (typeof(%s) IN ('null', 'integer', 'real') OR (typeof(%s) = 'text' AND "
            "CAST(%s AS REAL) = %s))",
            name, name, name, name);
    if (ascii_is_same(type, "text"))
        return arena_printf(arena, "typeof(%s) = 'blob'", name);
    if (ascii_is_same(type, "blob"))
        return arena_printf(arena, "typeof(%s) NOT IN ('null', 'blob')", name);
    return NULL;
}

static void ask_strict(struct rebuild *rebuild, const char *column, const char *type)
{
    struct arena *arena = rebuild->arena;
    const char *condition = strict_condition(arena, quoted(arena, column), type);
    if (condition)
        ask_where(rebuild, QUESTION_CAST, arena_printf(arena, "%s of %s", type, column), condition);
}

/* Every row needs a value: its own where the column is copied, else the default. */
static void ask_required(struct rebuild *rebuild, const char *column,
                         const struct sqlite_definition *definition)
{
    struct arena *arena = rebuild->arena;
    if (is_copied(rebuild, column))
        ask_where(rebuild, QUESTION_NULLS, column,
                  arena_printf(arena, "%s IS NULL", quoted(arena, column)));
    else if (!definition->fallback)
        ask_where(rebuild, QUESTION_ROWS, column, "true");
}

static void ask_column(struct rebuild *rebuild, size_t index)
{
    struct arena *arena = rebuild->arena;
    const char *column = rebuild->create.items[index].column;
    const struct sqlite_definition *definition = &rebuild->definitions[index];
    bool is_rowid = definition->is_primary && ascii_is_same(definition->type, "integer") &&
                    !rebuild->has_no_rowid;
    bool is_required = definition->is_not_null ||
                       (definition->is_primary && (rebuild->is_strict || rebuild->has_no_rowid));
    if (definition->is_generated) {
        ask(rebuild, QUESTION_VALUES, column)->reason =
            "the new column gets a value that is computed for each row";
        return;
    }
    if (is_required && !is_rowid)
        ask_required(rebuild, column, definition);
    for (size_t i = 0; i < definition->checks.count; i++)
        ask_where(rebuild, QUESTION_CHECK, definition->checks.items[i],
                  arena_printf(arena, "NOT (%s\n)", definition->checks.items[i]));
    if (definition->is_unique || definition->is_primary)
        ask_unique(rebuild, &column, 1);
    if (!is_copied(rebuild, column))
        return;
    if (is_rowid || rebuild->is_strict)
        ask_strict(rebuild, column, definition->type);
    if (definition->parent)
        ask_orphans(rebuild, column, definition);
}

/* The names between the parentheses. */
static size_t take_names(struct rebuild *rebuild, struct sqlite_cursor *cursor,
                         const char ***ret_names)
{
    size_t count = 0, capacity = 0;
    *ret_names = NULL;
    if (!sqlite_take_sign(cursor, "("))
        return 0;
    do {
        *ARENA_PUSH(rebuild->arena, *ret_names, count, capacity) =
            sqlite_token_name(rebuild->arena, &cursor->token);
        while (cursor->token.kind != TOKEN_END && !sqlite_is_sign(&cursor->token, ",") &&
               !sqlite_is_sign(&cursor->token, ")"))
            sqlite_skip(cursor);
    } while (sqlite_take_sign(cursor, ","));
    sqlite_take_sign(cursor, ")");
    return count;
}

/* After FOREIGN KEY. `name`: the constraint's; NULL: it has none. */
static void ask_foreign_key(struct rebuild *rebuild, struct sqlite_cursor *cursor, const char *name)
{
    struct sqlite_definition definition = {.type = ""};
    const char **columns;
    size_t count = take_names(rebuild, cursor, &columns);
    if (sqlite_take_word(cursor, "references")) {
        definition.parent = sqlite_token_name(rebuild->arena, &cursor->token);
        sqlite_advance(cursor);
        if (sqlite_is_sign(&cursor->token, "("))
            definition.parent_keys = sqlite_take_keys(rebuild->arena, cursor);
    }
    if (count == 1 && definition.parent)
        ask_orphans(rebuild, columns[0], &definition);
    else
        ask(rebuild, QUESTION_ORPHANS, name ? name : "a foreign key")->reason =
            "no question is known for a key of several columns in a table that is built anew";
}

static void ask_constraint(struct rebuild *rebuild, const struct create_item *item)
{
    struct arena *arena = rebuild->arena;
    struct sqlite_cursor cursor = sqlite_cursor(arena_strndup(arena, item->text, item->len));
    const char *name = NULL;
    const char **columns;
    if (sqlite_take_word(&cursor, "constraint")) {
        name = sqlite_token_name(arena, &cursor.token);
        sqlite_advance(&cursor);
    }
    if (sqlite_take_word(&cursor, "check")) {
        const char *rule = sqlite_take_inner(arena, &cursor);
        ask_where(rebuild, QUESTION_CHECK, name ? name : rule,
                  arena_printf(arena, "NOT (%s\n)", rule));
    } else if (sqlite_take_word(&cursor, "unique")) {
        size_t count = take_names(rebuild, &cursor, &columns);
        ask_unique(rebuild, columns, count);
    } else if (sqlite_take_word(&cursor, "primary")) {
        sqlite_take_word(&cursor, "key");
        size_t count = take_names(rebuild, &cursor, &columns);
        ask_unique(rebuild, columns, count);
        for (size_t i = 0; i < count && (rebuild->is_strict || rebuild->has_no_rowid); i++)
            if (is_copied(rebuild, columns[i]))
                ask_where(rebuild, QUESTION_NULLS, columns[i],
                          arena_printf(arena, "%s IS NULL", quoted(arena, columns[i])));
    } else if (sqlite_take_word(&cursor, "foreign")) {
        sqlite_take_word(&cursor, "key");
        ask_foreign_key(rebuild, &cursor, name);
    }
}

void sqlite_ask_rebuild(const struct question_request *request, struct questions *questions)
{
    struct rebuild rebuild = {
        .request = request, .questions = questions, .arena = questions->arena};
    read_create(&rebuild);
    bool is_plain = read_insert(&rebuild) && !ascii_holds(request->made_by, "on conflict");
    if (!is_plain) {
        questions_add_reason(questions, QUESTION_CHECK, request,
                             "the statement has its own way with what does not fit");
        return;
    }
    for (size_t i = 0; i < rebuild.create.count; i++)
        if (rebuild.create.items[i].column)
            ask_column(&rebuild, i);
        else
            ask_constraint(&rebuild, &rebuild.create.items[i]);
}
