#include "dialect/sqlite/create.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/sqlite/tokens.h"

static bool is_constraint(const struct sqlite_token *token)
{
    static const char *const words[] = {"constraint", "primary", "unique", "check", "foreign"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (sqlite_is_word(token, words[i]))
            return true;
    return false;
}

static void read_item(struct arena *arena, struct sqlite_cursor *cursor, struct create_table *ret)
{
    struct create_item item = {.text = cursor->token.text};
    const char *end = cursor->token.text;
    if (!is_constraint(&cursor->token))
        item.column = sqlite_token_name(arena, &cursor->token);
    while (cursor->token.kind != TOKEN_END && !sqlite_is_sign(&cursor->token, ",") &&
           !sqlite_is_sign(&cursor->token, ")")) {
        struct sqlite_cursor last = *cursor;
        sqlite_skip(cursor);
        /* The last token of what was stepped over: comments after it are not part of the definition. */
        while (last.token.text < cursor->token.text && last.token.kind != TOKEN_END) {
            end = last.token.text + last.token.len;
            sqlite_advance(&last);
        }
    }
    item.len = (size_t)(end - item.text);
    *ARENA_PUSH(arena, ret->items, ret->count, ret->capacity) = item;
}

void create_table_read(struct arena *arena, const char *sql, struct create_table *ret)
{
    struct sqlite_cursor cursor = sqlite_cursor(sql);
    *ret = (struct create_table){0};
    while (cursor.token.kind != TOKEN_END && !sqlite_is_sign(&cursor.token, "("))
        sqlite_advance(&cursor);
    if (cursor.token.kind == TOKEN_END)
        return;
    ret->body = cursor.token.text;
    sqlite_advance(&cursor);
    do
        read_item(arena, &cursor, ret);
    while (sqlite_take_sign(&cursor, ","));
}

const struct create_item *create_table_find(const struct create_table *create, const char *column)
{
    for (size_t i = 0; i < create->count; i++)
        if (create->items[i].column && ascii_is_same(create->items[i].column, column))
            return &create->items[i];
    return NULL;
}

bool create_item_has(struct arena *arena, const struct create_item *item, const char *word)
{
    struct sqlite_cursor cursor = sqlite_cursor(arena_strndup(arena, item->text, item->len));
    for (; cursor.token.kind != TOKEN_END; sqlite_advance(&cursor))
        if (sqlite_is_word(&cursor.token, word))
            return true;
    return false;
}
