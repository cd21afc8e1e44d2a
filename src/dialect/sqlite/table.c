#include "dialect/sqlite/table.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"
#include "schema/catalog.h"

/* Where a definition is read. */
struct place {
    struct object *table;
    struct object *column;    /* NULL: it is a constraint of the table */
    const char *column_key;   /* the column's name as a list of columns has it */
    const char *name;         /* of CONSTRAINT, for the next constraint; NULL: none */
    struct object *reference; /* the foreign key that was read last; NULL: none */
    struct sqlite_cursor *cursor;
};

const char *sqlite_text(struct catalog *catalog, struct sqlite_cursor begin,
                        const struct sqlite_cursor *end)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    sqlite_add_tokens(&buf, begin, end);
    return buf_into(&buf, catalog->arena);
}

/* The tokens between the parentheses where the cursor stands; NULL: none stand there. */
static const char *take_parenthesis(struct catalog *catalog, struct sqlite_cursor *cursor)
{
    if (!sqlite_is_sign(&cursor->token, "("))
        return NULL;
    struct sqlite_cursor begin = *cursor, last = *cursor;
    sqlite_advance(&begin);
    sqlite_skip(cursor);
    for (struct sqlite_cursor at = begin; at.token.text < cursor->token.text; sqlite_advance(&at))
        last = at;
    return sqlite_text(catalog, begin, sqlite_is_sign(&last.token, ")") ? &last : cursor);
}

/* Up to the comma or the parenthesis that ends the column. */
static void add_key_column(struct buf *buf, struct sqlite_cursor *cursor)
{
    struct sqlite_cursor begin = *cursor, last = *cursor;
    while (cursor->token.kind != TOKEN_END && !sqlite_is_sign(&cursor->token, ",") &&
           !sqlite_is_sign(&cursor->token, ")")) {
        last = *cursor;
        sqlite_skip(cursor);
    }
    bool is_default = last.token.text > begin.token.text && sqlite_is_word(&last.token, "asc");
    sqlite_add_tokens(buf, begin, is_default ? &last : cursor);
}

const char *sqlite_take_columns(struct catalog *catalog, struct sqlite_cursor *cursor)
{
    struct buf buf;
    if (!sqlite_take_sign(cursor, "("))
        return NULL;
    buf_init(&buf, BUF_MAX_DEFAULT);
    add_key_column(&buf, cursor);
    while (sqlite_take_sign(cursor, ",")) {
        buf_adds(&buf, ", ");
        add_key_column(&buf, cursor);
    }
    (void)sqlite_take_sign(cursor, ")");
    return buf_into(&buf, catalog->arena);
}

static struct object *add_constraint(struct place *place, enum object_kind kind)
{
    const char *name = place->name ? place->name : "";
    struct object *object = catalog_add(place->table->catalog, kind, place->table->name, name);
    object->has_automatic_name = !place->name;
    place->name = NULL;
    return object;
}

/* ON CONFLICT, where it is not the default. `object` NULL: SQLite reads it there, and does nothing with it. */
static void take_conflict(struct sqlite_cursor *cursor, struct object *object, const char *property)
{
    struct sqlite_cursor ahead = *cursor;
    if (!sqlite_take_word(&ahead, "on") || !sqlite_take_word(&ahead, "conflict"))
        return;
    struct sqlite_cursor begin = ahead;
    sqlite_advance(&ahead);
    if (object && !sqlite_is_word(&begin.token, "abort"))
        object_set(object, ASPECT_SHAPE, property, sqlite_text(object->catalog, begin, &ahead));
    *cursor = ahead;
}

/* ---- keys --------------------------------------------------------------------------------------- */

/* Of one column AUTOINCREMENT may stand between the parentheses too: takes it away from the end of the columns. */
static bool cut_autoincrement(struct catalog *catalog, const char **columns)
{
    static const char suffix[] = " autoincrement";
    size_t len = *columns ? strlen(*columns) : 0, cut = sizeof suffix - 1;
    if (len <= cut || strcmp(*columns + len - cut, suffix) != 0)
        return false;
    *columns = arena_strndup(catalog->arena, *columns, len - cut);
    return true;
}

/* A table has one, whatever it is called. */
static void take_primary_key(struct place *place)
{
    struct catalog *catalog = place->table->catalog;
    struct sqlite_cursor *cursor = place->cursor;
    const char *name = place->name, *columns = place->column_key;
    place->name = NULL;
    struct object *key = add_constraint(place, OBJECT_PRIMARY_KEY);
    key->has_automatic_name = false;
    object_set(key, ASPECT_NAMES, "name", name);
    (void)sqlite_take_word(cursor, "key");
    if (!place->column)
        columns = sqlite_take_columns(catalog, cursor);
    else if (sqlite_take_word(cursor, "desc"))
        columns = arena_printf(catalog->arena, "%s desc", columns);
    else
        (void)sqlite_take_word(cursor, "asc");
    bool is_within = cut_autoincrement(catalog, &columns);
    object_set(key, ASPECT_SHAPE, "columns", columns);
    take_conflict(cursor, key, "on conflict");
    object_set_flag(key, ASPECT_SHAPE, "autoincrement",
                    sqlite_take_word(cursor, "autoincrement") || is_within);
}

static void take_unique(struct place *place)
{
    struct object *unique = add_constraint(place, OBJECT_UNIQUE);
    object_set(unique, ASPECT_SHAPE, "columns",
               place->column ? place->column_key
                             : sqlite_take_columns(unique->catalog, place->cursor));
    take_conflict(place->cursor, unique, "on conflict");
}

static void take_check(struct place *place)
{
    struct object *check = add_constraint(place, OBJECT_CHECK);
    object_set(check, ASPECT_SHAPE, "condition", take_parenthesis(check->catalog, place->cursor));
    take_conflict(place->cursor, NULL, NULL);
}

/* SET NULL, SET DEFAULT, CASCADE, RESTRICT; NO ACTION is the default. */
static void take_action(struct sqlite_cursor *cursor, struct object *key, const char *property)
{
    struct sqlite_cursor begin = *cursor;
    if (sqlite_take_word(cursor, "no")) {
        (void)sqlite_take_word(cursor, "action");
        return;
    }
    (void)sqlite_take_word(cursor, "set");
    sqlite_advance(cursor);
    object_set(key, ASPECT_SHAPE, property, sqlite_text(key->catalog, begin, cursor));
}

/* SQLite heeds only DEFERRABLE INITIALLY DEFERRED. `key` NULL: there is none that it could be about. */
static bool take_deferral(struct sqlite_cursor *cursor, struct object *key)
{
    struct sqlite_cursor ahead = *cursor;
    bool is_not = sqlite_take_word(&ahead, "not");
    if (!sqlite_take_word(&ahead, "deferrable"))
        return false;
    bool is_deferred = false;
    if (sqlite_take_word(&ahead, "initially")) {
        is_deferred = sqlite_is_word(&ahead.token, "deferred");
        sqlite_advance(&ahead);
    }
    if (key && !object_get(key, "deferred"))
        object_set_flag(key, ASPECT_SHAPE, "deferred", is_deferred && !is_not);
    *cursor = ahead;
    return true;
}

/* After REFERENCES. */
static void take_reference(struct sqlite_cursor *cursor, struct object *key)
{
    struct sqlite_cursor begin = *cursor;
    sqlite_advance(cursor);
    object_set(key, ASPECT_SHAPE, "table", sqlite_text(key->catalog, begin, cursor));
    object_set(key, ASPECT_SHAPE, "target columns", sqlite_take_columns(key->catalog, cursor));
    for (;;) {
        struct sqlite_cursor ahead = *cursor;
        if (sqlite_take_word(&ahead, "on") && sqlite_take_word(&ahead, "delete")) {
            take_action(&ahead, key, "on delete");
            *cursor = ahead;
            continue;
        }
        ahead = *cursor;
        if (sqlite_take_word(&ahead, "on") && sqlite_take_word(&ahead, "update")) {
            take_action(&ahead, key, "on update");
            *cursor = ahead;
            continue;
        }
        if (sqlite_take_word(cursor, "match")) { /* it is read, and does nothing */
            sqlite_advance(cursor);
            continue;
        }
        if (!take_deferral(cursor, key))
            return;
    }
}

static void take_foreign_key(struct place *place)
{
    struct object *key = add_constraint(place, OBJECT_FOREIGN_KEY);
    const char *columns = place->column_key;
    if (!place->column) {
        (void)sqlite_take_word(place->cursor, "key");
        columns = sqlite_take_columns(key->catalog, place->cursor);
        (void)sqlite_take_word(place->cursor, "references");
    }
    object_set(key, ASPECT_SHAPE, "columns", columns);
    place->reference = key;
    take_reference(place->cursor, key);
}

/* ---- columns ------------------------------------------------------------------------------------ */

/* A literal means the same in parentheses; a name is a text, whichever quotes it has. NULL: there is no default. */
static const char *default_of(struct catalog *catalog, struct sqlite_cursor begin,
                              const struct sqlite_cursor *end)
{
    struct buf buf;
    if (begin.token.kind == TOKEN_NAME) {
        buf_init(&buf, BUF_MAX_DEFAULT);
        sql_add_literal(&buf, sqlite_token_name(catalog->arena, &begin.token));
        return buf_into(&buf, catalog->arena);
    }
    const char *text = sqlite_text(catalog, begin, end);
    return strcmp(text, "null") == 0 ? NULL : text;
}

/* Where the literal ends that alone stands in the parenthesis; false: something else stands there. */
static bool find_literal_end(struct sqlite_cursor cursor, struct sqlite_cursor *ret_end)
{
    if (!sqlite_take_sign(&cursor, "-"))
        (void)sqlite_take_sign(&cursor, "+");
    const struct sqlite_token *token = &cursor.token;
    bool is_literal = token->kind == TOKEN_NUMBER || token->kind == TOKEN_STRING ||
                      token->kind == TOKEN_BLOB || sqlite_is_word(token, "null") ||
                      sqlite_is_word(token, "true") || sqlite_is_word(token, "false");
    sqlite_advance(&cursor);
    *ret_end = cursor;
    return is_literal && sqlite_is_sign(&cursor.token, ")");
}

static void take_default(struct place *place)
{
    struct sqlite_cursor *cursor = place->cursor, begin = *cursor, end;
    place->name = NULL;
    if (sqlite_take_sign(cursor, "(")) {
        bool is_literal = find_literal_end(*cursor, &end);
        if (is_literal) {
            begin = *cursor;
            *cursor = end;
            sqlite_advance(cursor);
        } else {
            *cursor = begin;
            sqlite_skip(cursor);
            end = *cursor;
        }
    } else {
        (void)(sqlite_take_sign(cursor, "-") || sqlite_take_sign(cursor, "+"));
        sqlite_advance(cursor);
        end = *cursor;
    }
    object_set(place->column, ASPECT_SHAPE, "default",
               default_of(place->table->catalog, begin, &end));
}

/* After AS. */
static void take_generated(struct place *place)
{
    place->name = NULL;
    object_set(place->column, ASPECT_SHAPE, "generated",
               take_parenthesis(place->table->catalog, place->cursor));
    bool is_stored = sqlite_take_word(place->cursor, "stored");
    (void)(!is_stored && sqlite_take_word(place->cursor, "virtual"));
    object_set_flag(place->column, ASPECT_SHAPE, "stored", is_stored);
}

static void take_not_null(struct place *place)
{
    place->name = NULL;
    (void)sqlite_take_word(place->cursor, "null");
    object_set_flag(place->column, ASPECT_SHAPE, "not null", true);
    take_conflict(place->cursor, place->column, "not null on conflict");
}

static void take_null(struct place *place)
{
    place->name = NULL;
    take_conflict(place->cursor, NULL, NULL);
}

static void take_collation(struct place *place)
{
    struct sqlite_cursor begin = *place->cursor;
    place->name = NULL;
    sqlite_advance(place->cursor);
    const char *name = sqlite_text(place->table->catalog, begin, place->cursor);
    if (strcmp(name, "binary") != 0)
        object_set(place->column, ASPECT_SHAPE, "collation", name);
}

static void take_name(struct place *place)
{
    place->name = sqlite_token_name(place->table->catalog->arena, &place->cursor->token);
    sqlite_advance(place->cursor);
}

/* GENERATED alone may be a word of a type. */
static bool is_generated(const struct sqlite_cursor *cursor)
{
    struct sqlite_cursor ahead = *cursor;
    return sqlite_take_word(&ahead, "generated") && sqlite_take_word(&ahead, "always");
}

/* Words that begin a constraint, and what reads the rest of it. */
struct constraint_row {
    const char *word;
    void (*take)(struct place *place);
};

static const struct constraint_row column_rows[] = {
    {"constraint", take_name}, {"primary", take_primary_key}, {"not", take_not_null},
    {"null", take_null},       {"unique", take_unique},       {"check", take_check},
    {"default", take_default}, {"collate", take_collation},   {"references", take_foreign_key},
    {"as", take_generated},
};
static const struct constraint_row table_rows[] = {
    {"constraint", take_name}, {"primary", take_primary_key}, {"unique", take_unique},
    {"check", take_check},     {"foreign", take_foreign_key},
};

static const struct constraint_row *find_row(const struct constraint_row *rows, size_t count,
                                             const struct sqlite_token *token)
{
    for (size_t i = 0; i < count; i++)
        if (sqlite_is_word(token, rows[i].word))
            return &rows[i];
    return NULL;
}

static bool ends_item(const struct sqlite_cursor *cursor)
{
    return cursor->token.kind == TOKEN_END || sqlite_is_sign(&cursor->token, ",") ||
           sqlite_is_sign(&cursor->token, ")");
}

static void take_rest(struct place *place)
{
    struct sqlite_cursor begin = *place->cursor;
    while (!ends_item(place->cursor))
        sqlite_skip(place->cursor);
    struct object *object = place->column ? place->column : place->table;
    object_set(object, ASPECT_SHAPE, "rest", sqlite_text(object->catalog, begin, place->cursor));
}

static void take_type(struct place *place)
{
    struct sqlite_cursor *cursor = place->cursor, begin = *cursor;
    while (!ends_item(cursor) && !is_generated(cursor) &&
           !find_row(column_rows, ARRAY_LEN(column_rows), &cursor->token))
        sqlite_skip(cursor);
    if (begin.token.text != cursor->token.text)
        object_set(place->column, ASPECT_SHAPE, "type",
                   sqlite_text(place->table->catalog, begin, cursor));
}

static void take_column(struct place *place, uint64_t position)
{
    struct catalog *catalog = place->table->catalog;
    struct sqlite_cursor begin = *place->cursor;
    sqlite_advance(place->cursor);
    place->column = catalog_add(catalog, OBJECT_COLUMN, place->table->name,
                                sqlite_token_name(catalog->arena, &begin.token));
    place->column_key = sqlite_text(catalog, begin, place->cursor);
    object_set_number(place->column, ASPECT_ORDER, "position", position);
    take_type(place);
    while (!ends_item(place->cursor)) {
        if (is_generated(place->cursor)) {
            sqlite_advance(place->cursor);
            sqlite_advance(place->cursor);
        }
        if (take_deferral(place->cursor, place->reference)) /* between other constraints */
            continue;
        const struct constraint_row *row =
            find_row(column_rows, ARRAY_LEN(column_rows), &place->cursor->token);
        if (!row) {
            take_rest(place);
            return;
        }
        sqlite_advance(place->cursor);
        row->take(place);
    }
}

/* The commas between constraints of a table may be missing. */
static void take_item(struct place *place, uint64_t *position)
{
    const struct constraint_row *row =
        find_row(table_rows, ARRAY_LEN(table_rows), &place->cursor->token);
    place->column = NULL;
    place->column_key = NULL;
    place->name = NULL;
    if (!row) {
        take_column(place, ++*position);
        return;
    }
    for (; row; row = find_row(table_rows, ARRAY_LEN(table_rows), &place->cursor->token)) {
        sqlite_advance(place->cursor);
        row->take(place);
    }
    if (!ends_item(place->cursor))
        take_rest(place);
}

static void take_options(struct object *table, struct sqlite_cursor *cursor)
{
    while (cursor->token.kind != TOKEN_END && !sqlite_is_sign(&cursor->token, ";")) {
        struct sqlite_cursor begin = *cursor;
        if (sqlite_take_sign(cursor, ","))
            continue;
        if (sqlite_take_word(cursor, "strict")) {
            object_set_flag(table, ASPECT_SHAPE, "strict", true);
            continue;
        }
        if (sqlite_take_word(cursor, "without") && sqlite_take_word(cursor, "rowid")) {
            object_set_flag(table, ASPECT_SHAPE, "without rowid", true);
            continue;
        }
        while (cursor->token.kind != TOKEN_END)
            sqlite_advance(cursor);
        object_set(table, ASPECT_SHAPE, "options", sqlite_text(table->catalog, begin, cursor));
    }
}

void sqlite_read_table(struct object *table, struct sqlite_cursor cursor)
{
    struct place place = {.table = table, .cursor = &cursor};
    uint64_t position = 0;
    if (!sqlite_take_sign(&cursor, "(")) {
        take_rest(&place);
        return;
    }
    do
        take_item(&place, &position);
    while (sqlite_take_sign(&cursor, ","));
    (void)sqlite_take_sign(&cursor, ")");
    take_options(table, &cursor);
}
