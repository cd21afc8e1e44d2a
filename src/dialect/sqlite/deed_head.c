#include "dialect/sqlite/deed_head.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/sqlite/create.h"
#include "dialect/sqlite/definition.h"

const char *sqlite_take_name(struct arena *arena, struct sqlite_cursor *cursor)
{
    enum token_kind kind = cursor->token.kind;
    if (kind != TOKEN_WORD && kind != TOKEN_NAME && kind != TOKEN_STRING)
        return NULL;
    const char *name = sqlite_token_name(arena, &cursor->token);
    sqlite_advance(cursor);
    return name;
}

static const char *take_qualified(struct arena *arena, struct sqlite_cursor *cursor)
{
    const char *name = sqlite_take_name(arena, cursor);
    return name && sqlite_take_sign(cursor, ".") ? sqlite_take_name(arena, cursor) : name;
}

static unsigned take_condition(struct sqlite_cursor *cursor)
{
    if (!sqlite_take_word(cursor, "if"))
        return 0;
    sqlite_take_word(cursor, "not");
    sqlite_take_word(cursor, "exists");
    return DEED_CONDITIONAL;
}

static void read_create(struct arena *arena, struct sqlite_cursor *cursor, struct deed_head *head)
{
    if (sqlite_take_word(cursor, "temp") || sqlite_take_word(cursor, "temporary"))
        head->flags |= DEED_TEMPORARY;
    if (sqlite_take_word(cursor, "unique"))
        head->flags |= DEED_UNIQUE;
    head->action = sqlite_take_word(cursor, "table")     ? SQLITE_CREATE_TABLE
                   : sqlite_take_word(cursor, "index")   ? SQLITE_CREATE_INDEX
                   : sqlite_take_word(cursor, "trigger") ? SQLITE_CREATE_TRIGGER
                   : sqlite_take_word(cursor, "view")    ? SQLITE_CREATE_VIEW
                                                         : 0;
    head->flags |= take_condition(cursor);
    head->name = take_qualified(arena, cursor);
    head->table = head->name;
    if (head->action == SQLITE_CREATE_TABLE || head->action == SQLITE_CREATE_VIEW)
        return;
    while (cursor->token.kind != TOKEN_END && !sqlite_take_word(cursor, "on"))
        sqlite_advance(cursor);
    head->table = sqlite_take_name(arena, cursor);
}

static void read_drop(struct arena *arena, struct sqlite_cursor *cursor, struct deed_head *head)
{
    head->action = sqlite_take_word(cursor, "table")     ? SQLITE_DROP_TABLE
                   : sqlite_take_word(cursor, "index")   ? SQLITE_DROP_INDEX
                   : sqlite_take_word(cursor, "trigger") ? SQLITE_DROP_TRIGGER
                   : sqlite_take_word(cursor, "view")    ? SQLITE_DROP_VIEW
                                                         : 0;
    head->flags |= take_condition(cursor);
    head->name = head->table = take_qualified(arena, cursor);
}

/* `WITH … INSERT`: the verb stands after the parts. */
static void skip_with(struct sqlite_cursor *cursor)
{
    static const char *const verbs[] = {"insert", "replace", "update", "delete", "select"};
    if (!sqlite_take_word(cursor, "with"))
        return;
    while (cursor->token.kind != TOKEN_END) {
        for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
            if (sqlite_is_word(&cursor->token, verbs[i]))
                return;
        sqlite_skip(cursor);
    }
}

static bool take_or(struct sqlite_cursor *cursor)
{
    static const char *const words[] = {"rollback", "abort", "replace", "fail", "ignore"};
    if (!sqlite_take_word(cursor, "or"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (sqlite_take_word(cursor, words[i]))
            return true;
    return false;
}

struct deed_head sqlite_read_head(struct arena *arena, const char *sql)
{
    struct sqlite_cursor cursor = sqlite_cursor(sql);
    struct deed_head head = {0};
    skip_with(&cursor);
    if (sqlite_take_word(&cursor, "create")) {
        read_create(arena, &cursor, &head);
    } else if (sqlite_take_word(&cursor, "drop")) {
        read_drop(arena, &cursor, &head);
    } else if (sqlite_take_word(&cursor, "alter")) {
        head.action = sqlite_take_word(&cursor, "table") ? SQLITE_ALTER_TABLE : 0;
        head.table = take_qualified(arena, &cursor);
    } else if (sqlite_take_word(&cursor, "insert") || sqlite_take_word(&cursor, "replace")) {
        take_or(&cursor);
        head.action = sqlite_take_word(&cursor, "into") ? SQLITE_INSERT : 0;
        head.table = take_qualified(arena, &cursor);
    } else if (sqlite_take_word(&cursor, "update")) {
        take_or(&cursor);
        head.action = SQLITE_UPDATE;
        head.table = take_qualified(arena, &cursor);
    } else if (sqlite_take_word(&cursor, "delete")) {
        head.action = sqlite_take_word(&cursor, "from") ? SQLITE_DELETE : 0;
        head.table = take_qualified(arena, &cursor);
    }
    head.rest = cursor;
    return head;
}

bool sqlite_has_word(struct sqlite_cursor cursor, const char *word)
{
    for (; cursor.token.kind != TOKEN_END; sqlite_skip(&cursor))
        if (sqlite_is_word(&cursor.token, word))
            return true;
    return false;
}

/* The literal, or a call without arguments, which is the same. */
bool sqlite_has_now(const char *sql)
{
    struct sqlite_cursor cursor = sqlite_cursor(sql);
    bool is_opened = false;
    for (; cursor.token.kind != TOKEN_END; sqlite_advance(&cursor)) {
        if (cursor.token.kind == TOKEN_STRING && cursor.token.len == 5 &&
            ascii_begins(cursor.token.text, "'now'"))
            return true;
        if (is_opened && sqlite_is_sign(&cursor.token, ")"))
            return true;
        is_opened = sqlite_is_sign(&cursor.token, "(");
    }
    return false;
}

static void take_default(struct sqlite_cursor *cursor, struct deed *deed)
{
    static const char *const volatiles[] = {"current_timestamp", "current_date", "current_time"};
    bool is_null = sqlite_is_word(&cursor->token, "null");
    for (size_t i = 0; i < ARRAY_LEN(volatiles); i++)
        if (sqlite_is_word(&cursor->token, volatiles[i])) {
            deed->flags |= DEED_VOLATILE;
            deed->what = volatiles[i];
        }
    if (sqlite_is_sign(&cursor->token, "(")) {
        deed->flags |=
            DEED_VOLATILE; /* any expression: ADD COLUMN refuses it where there are rows */
        deed->what = "an expression";
    }
    deed->flags |= is_null ? 0 : DEED_DEFAULT;
    sqlite_skip(cursor);
}

void sqlite_read_column(struct arena *arena, struct sqlite_cursor *cursor, struct deed *deed)
{
    struct sqlite_cursor begin = *cursor;
    struct buf type;
    bool is_integer = sqlite_is_word(&cursor->token, "integer");
    while (!sqlite_ends_type(&cursor->token))
        sqlite_skip(cursor);
    buf_init(&type, 4096);
    sqlite_add_tokens(&type, begin, cursor);
    deed->type = buf_into(&type, arena);
    while (cursor->token.kind != TOKEN_END && !sqlite_is_sign(&cursor->token, ",") &&
           !sqlite_is_sign(&cursor->token, ")")) {
        if (sqlite_take_word(cursor, "not"))
            deed->flags |= sqlite_take_word(cursor, "null") ? DEED_NOT_NULL : 0;
        else if (sqlite_take_word(cursor, "default"))
            take_default(cursor, deed);
        else if (sqlite_take_word(cursor, "primary"))
            deed->flags |= DEED_PRIMARY_KEY | (is_integer ? DEED_NUMBERED | DEED_NOT_NULL : 0);
        else if (sqlite_take_word(cursor, "unique"))
            deed->flags |= DEED_UNIQUE;
        else if (sqlite_take_word(cursor, "references"))
            deed->other = sqlite_take_name(arena, cursor);
        else if (sqlite_take_word(cursor, "stored"))
            deed->flags |= DEED_STORED | DEED_GENERATED;
        else if (sqlite_take_word(cursor, "as") || sqlite_take_word(cursor, "generated"))
            deed->flags |= DEED_GENERATED | DEED_DEFAULT;
        else
            sqlite_skip(cursor);
    }
}

void sqlite_add_column_deeds(struct deeds *deeds, const char *sql, const char *table)
{
    struct create_table create = {0};
    create_table_read(deeds->arena, sql, &create);
    for (size_t i = 0; i < create.count; i++) {
        const struct create_item *item = &create.items[i];
        if (!item->column)
            continue;
        const char *text = arena_strndup(deeds->arena, item->text, item->len);
        struct sqlite_cursor cursor = sqlite_cursor(text);
        struct deed deed = {.kind = DEED_COLUMN, .table = table, .column = item->column};
        sqlite_skip(&cursor);
        sqlite_read_column(deeds->arena, &cursor, &deed);
        *deeds_add(deeds, DEED_COLUMN) = deed;
    }
}
