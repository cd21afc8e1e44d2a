#include "dialect/sqlite/definition.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/template.h"

const char *sqlite_text_between(struct arena *arena, struct sqlite_cursor begin,
                                const struct sqlite_cursor *end)
{
    const char *first = begin.token.text, *last = first;
    while (begin.token.kind != TOKEN_END && !(end && begin.token.text >= end->token.text) &&
           !sqlite_is_sign(&begin.token, ";")) {
        last = begin.token.text + begin.token.len;
        sqlite_advance(&begin);
    }
    return arena_strndup(arena, first, (size_t)(last - first));
}

const char *sqlite_take_inner(struct arena *arena, struct sqlite_cursor *cursor)
{
    struct sqlite_cursor begin = *cursor;
    if (!sqlite_is_sign(&cursor->token, "("))
        return NULL;
    sqlite_skip(cursor);
    sqlite_advance(&begin);
    const char *text = sqlite_text_between(arena, begin, cursor);
    size_t len = strlen(text);
    return len && text[len - 1] == ')' ? arena_strndup(arena, text, len - 1) : text;
}

struct deed_texts sqlite_take_keys(struct arena *arena, struct sqlite_cursor *cursor)
{
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    if (!sqlite_take_sign(cursor, "("))
        return (struct deed_texts){0};
    do {
        struct sqlite_cursor begin = *cursor, end = *cursor;
        while (cursor->token.kind != TOKEN_END && !sqlite_is_sign(&cursor->token, ",") &&
               !sqlite_is_sign(&cursor->token, ")")) {
            bool is_order =
                sqlite_is_word(&cursor->token, "asc") || sqlite_is_word(&cursor->token, "desc");
            sqlite_skip(cursor);
            if (!is_order)
                end = *cursor;
        }
        *ARENA_PUSH(arena, items, count, capacity) =
            arena_printf(arena, "(%s)", sqlite_text_between(arena, begin, &end));
    } while (sqlite_take_sign(cursor, ","));
    return sqlite_take_sign(cursor, ")") ? (struct deed_texts){items, count}
                                         : (struct deed_texts){0};
}

void sqlite_add_name(struct buf *buf, const char *name)
{
    sql_add_quoted(buf, name, '`');
}

/* ---- columns --------------------------------------------------------------------------------------- */

bool sqlite_ends_type(const struct sqlite_token *token)
{
    static const char *const words[] = {"constraint", "primary", "not",      "null",
                                        "unique",     "check",   "default",  "collate",
                                        "references", "as",      "generated"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (sqlite_is_word(token, words[i]))
            return true;
    return token->kind == TOKEN_END || sqlite_is_sign(token, ",") || sqlite_is_sign(token, ")") ||
           sqlite_is_sign(token, ";");
}

static bool ends_definition(const struct sqlite_token *token)
{
    return token->kind == TOKEN_END || sqlite_is_sign(token, ",") || sqlite_is_sign(token, ")") ||
           sqlite_is_sign(token, ";");
}

static const char *take_value(struct arena *arena, struct sqlite_cursor *cursor)
{
    struct sqlite_cursor begin = *cursor;
    bool is_null = sqlite_is_word(&cursor->token, "null");
    if (sqlite_is_sign(&cursor->token, "-") || sqlite_is_sign(&cursor->token, "+"))
        sqlite_advance(cursor);
    sqlite_skip(cursor);
    return is_null ? NULL : sqlite_text_between(arena, begin, cursor);
}

static void add_check(struct arena *arena, struct sqlite_cursor *cursor, struct deed_texts *checks)
{
    const char **items = arena_calloc(arena, checks->count + 1, sizeof *items);
    const char *rule = sqlite_take_inner(arena, cursor);
    for (size_t i = 0; i < checks->count; i++)
        items[i] = checks->items[i];
    items[checks->count] = rule;
    checks->items = items;
    checks->count += rule != NULL;
}

static void read_part(struct arena *arena, struct sqlite_cursor *cursor,
                      struct sqlite_definition *ret)
{
    if (sqlite_take_word(cursor, "not")) {
        ret->is_not_null |= sqlite_take_word(cursor, "null");
    } else if (sqlite_take_word(cursor, "default")) {
        ret->fallback = take_value(arena, cursor);
    } else if (sqlite_take_word(cursor, "collate")) {
        ret->collation = sqlite_token_name(arena, &cursor->token);
        sqlite_advance(cursor);
    } else if (sqlite_take_word(cursor, "check")) {
        add_check(arena, cursor, &ret->checks);
    } else if (sqlite_take_word(cursor, "unique")) {
        ret->is_unique = true;
    } else if (sqlite_take_word(cursor, "primary")) {
        ret->is_primary = true;
    } else if (sqlite_take_word(cursor, "references")) {
        ret->parent = sqlite_token_name(arena, &cursor->token);
        sqlite_advance(cursor);
        if (sqlite_is_sign(&cursor->token, "("))
            ret->parent_keys = sqlite_take_keys(arena, cursor);
    } else if (sqlite_take_word(cursor, "as") || sqlite_take_word(cursor, "generated")) {
        ret->is_generated = true;
    } else {
        sqlite_skip(cursor);
    }
}

struct sqlite_definition sqlite_read_definition(struct arena *arena, struct sqlite_cursor cursor)
{
    struct sqlite_definition definition = {.type = ""};
    sqlite_advance(&cursor);
    struct sqlite_cursor begin = cursor;
    while (!sqlite_ends_type(&cursor.token))
        sqlite_skip(&cursor);
    definition.type = sqlite_text_between(arena, begin, &cursor);
    while (!ends_definition(&cursor.token))
        read_part(arena, &cursor, &definition);
    return definition;
}

/* ---- affinity -------------------------------------------------------------------------------------- */

static bool has(const char *type, const char *word)
{
    return ascii_holds(type, word);
}

/* SQLite's five rules, in their order. A number that a text is compared with makes it a number where it can be one. */
const char *sqlite_with_affinity(struct arena *arena, const char *value, const char *type)
{
    bool is_text = has(type, "char") || has(type, "clob") || has(type, "text");
    if (!has(type, "int") && is_text)
        return arena_printf(arena,
                            "(CASE WHEN typeof(%s) IN ('integer', 'real') THEN CAST(%s AS TEXT) "
                            "ELSE %s END)",
                            value, value, value);
    if (!has(type, "int") && (!*type || has(type, "blob") || ascii_is_same(type, "any")))
        return value;
    return arena_printf(
        arena,
        "(CASE WHEN typeof(%s) = 'text' AND CAST(%s AS NUMERIC) = %s THEN CAST(%s AS "
        "NUMERIC) ELSE %s END)",
        value, value, value, value, value);
}
