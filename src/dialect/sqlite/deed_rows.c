/* Which rows a statement changes, and which fixed numbers it writes. */
#include "dialect/sqlite/deed_head.h"

/* ---- which rows --------------------------------------------------------------------------------- */

/* `true`, `1`, `1 = 1`, `'a' = 'a'`. */
static bool take_truth(struct sqlite_cursor *cursor)
{
    struct sqlite_token first = cursor->token;
    bool is_true = sqlite_is_word(&first, "true"), is_number = first.kind == TOKEN_NUMBER;
    if (!is_true && !is_number && first.kind != TOKEN_STRING)
        return false;
    sqlite_advance(cursor);
    if (!sqlite_take_sign(cursor, "=") && !sqlite_take_sign(cursor, "=="))
        return is_true || (is_number && *first.text != '0' && *first.text != '.');
    bool is_same = cursor->token.kind == first.kind && cursor->token.len == first.len &&
                   memcmp(cursor->token.text, first.text, first.len) == 0;
    sqlite_advance(cursor);
    return is_same;
}

/* Constants that are true, joined by AND, in parentheses or not, and nothing else. */
static bool is_always_true(struct sqlite_cursor cursor)
{
    int depth = 0;
    do {
        while (sqlite_take_sign(&cursor, "("))
            depth++;
        if (!take_truth(&cursor))
            return false;
        while (depth && sqlite_take_sign(&cursor, ")"))
            depth--;
    } while (sqlite_take_word(&cursor, "and"));
    return !depth && (cursor.token.kind == TOKEN_END || sqlite_is_sign(&cursor.token, ";") ||
                      sqlite_is_word(&cursor.token, "returning"));
}

bool sqlite_leaves_rows_out(struct sqlite_cursor cursor)
{
    for (; cursor.token.kind != TOKEN_END; sqlite_skip(&cursor))
        if (sqlite_take_word(&cursor, "where"))
            return !is_always_true(cursor);
    return false;
}

/* ---- fixed numbers ------------------------------------------------------------------------------ */

struct numbering {
    struct deeds *deeds;
    const char *table;
    struct sqlite_cursor columns; /* at the list of them, or at no parenthesis */
};

static bool ends_item(const struct sqlite_cursor *values)
{
    static const char *const words[] = {"from", "where", "union", "group", "order", "limit", "on"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (sqlite_is_word(&values->token, words[i]))
            return true;
    return values->token.kind == TOKEN_END || sqlite_is_sign(&values->token, ",") ||
           sqlite_is_sign(&values->token, ")") || sqlite_is_sign(&values->token, ";");
}

/* One row: a value that is more than a number is an expression. */
static void read_row(const struct numbering *numbering, struct sqlite_cursor *values)
{
    struct sqlite_cursor columns = numbering->columns;
    bool is_named = sqlite_take_sign(&columns, "(");
    size_t place = 0;
    do {
        struct sqlite_cursor after = *values;
        const char *column = is_named ? sqlite_take_name(numbering->deeds->arena, &columns) : NULL;
        place++;
        sqlite_advance(&after);
        bool is_number = values->token.kind == TOKEN_NUMBER &&
                         (ends_item(&after) || sqlite_is_word(&after.token, "as"));
        while (!ends_item(values))
            sqlite_skip(values);
        if (!is_number)
            continue;
        struct deed *deed = deeds_add(numbering->deeds, DEED_INSERT);
        deed->flags = DEED_CONSTANT;
        deed->table = numbering->table;
        deed->column = column;
        deed->place = is_named ? 0 : place;
    } while ((!is_named || sqlite_take_sign(&columns, ",")) && sqlite_take_sign(values, ","));
}

void sqlite_add_number_deeds(struct deeds *deeds, struct sqlite_cursor columns, const char *table)
{
    const struct numbering numbering = {deeds, table, columns};
    struct sqlite_cursor values = columns;
    if (sqlite_is_sign(&values.token, "("))
        sqlite_skip(&values);
    while (values.token.kind != TOKEN_END) { /* each part of a UNION */
        if (sqlite_take_word(&values, "select")) {
            read_row(&numbering, &values);
        } else if (sqlite_take_word(&values, "values")) {
            while (sqlite_take_sign(&values, "(")) {
                read_row(&numbering, &values);
                sqlite_take_sign(&values, ")");
                sqlite_take_sign(&values, ",");
            }
        } else {
            sqlite_skip(&values);
        }
    }
}
