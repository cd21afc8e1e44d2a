#include "dialect/mysql/types.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/mysql/deeds_private.h"

/* ---- one spelling each --------------------------------------------------------------------------- */

static const char *spelled(const char *word)
{
    static const char *const spellings[][2] = {
        {"integer", "int"}, {"int4", "int"},        {"int8", "bigint"},     {"int2", "smallint"},
        {"dec", "decimal"}, {"numeric", "decimal"}, {"boolean", "tinyint"}, {"bool", "tinyint"},
    };
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++)
        if (ascii_is_same(word, spellings[i][0]))
            return spellings[i][1];
    return word;
}

/* The width at which an integer is shown says nothing of what it holds. */
static bool has_width_alone(const char *word)
{
    static const char *const words[] = {"tinyint", "smallint", "mediumint", "int", "bigint"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (ascii_is_same(word, words[i]))
            return true;
    return false;
}

static void add_parenthesis(struct mysql_reader *reader, struct buf *text)
{
    size_t begin = reader->token.begin;
    const char *sql = reader->lexer.sql;
    mysql_deeds_skip_item(reader);
    size_t end = reader->is_over ? reader->lexer.len : reader->token.begin;
    while (end > begin && sql[end - 1] != ')')
        end--;
    for (size_t i = begin; i < end; i++)
        if (!strchr(" \t\r\n", sql[i]))
            buf_addc(text, sql[i]);
}

const char *mysql_take_type(struct mysql_reader *reader)
{
    const char *word;
    struct buf text;
    if (!mysql_take_name(reader, &word))
        return NULL;
    word = spelled(word);
    buf_init(&text, 65536);
    for (const char *at = word; *at; at++)
        buf_addc(&text, ascii_to_lower(*at));
    if (mysql_is_sign(reader, '(')) {
        if (has_width_alone(word))
            mysql_deeds_skip_item(reader);
        else
            add_parenthesis(reader, &text);
    }
    if (mysql_accept(reader, "UNSIGNED"))
        buf_adds(&text, " unsigned");
    return buf_into(&text, reader->arena);
}

/* ---- what a change of a type leaves -------------------------------------------------------------- */

static size_t base_len(const char *type)
{
    return strcspn(type, "( ");
}

static long length_of(const char *type)
{
    const char *open = strchr(type, '(');
    return open ? strtol(open + 1, NULL, 10) : -1;
}

/* Values at the end of an enum or a set. */
static bool only_appends(const char *from, const char *to)
{
    size_t len = strlen(from);
    return len && from[len - 1] == ')' && strncmp(from, to, len - 1) == 0 && to[len - 1] == ',';
}

/* A longer text keeps its rows as long as its length is kept in the same number of bytes, whatever the character set. */
static bool only_grows(long from, long to)
{
    enum { ONE_BYTE = 255, CHARACTER_MOST = 4 };
    return from >= 0 && to >= from && (to * CHARACTER_MOST <= ONE_BYTE || from > ONE_BYTE);
}

bool mysql_keeps_rows(const char *from, const char *to)
{
    size_t len = base_len(from);
    if (strcmp(from, to) == 0)
        return true;
    if (len != base_len(to) || strncmp(from, to, len) != 0)
        return false;
    if (strncmp(from, "enum", len) == 0 || strncmp(from, "set", len) == 0)
        return only_appends(from, to);
    if (strncmp(from, "varchar", len) == 0 || strncmp(from, "varbinary", len) == 0)
        return only_grows(length_of(from), length_of(to));
    return false;
}

/* The place in the order in which each takes all values of those before it; -1: none. */
static int place_among(const char *const *types, const char *type)
{
    for (int i = 0; types[i]; i++)
        if (strcmp(types[i], type) == 0)
            return i;
    return -1;
}

/* `decimal(10,2)`: the digits before the point, and those after it. */
static bool take_digits(const char *type, long *ret_before, long *ret_after)
{
    const char *comma = strchr(type, ',');
    if (strncmp(type, "decimal(", strlen("decimal(")) != 0)
        return false;
    *ret_after = comma ? strtol(comma + 1, NULL, 10) : 0;
    *ret_before = length_of(type) - *ret_after;
    return strstr(type, " unsigned") == NULL;
}

static bool takes_all_digits(const char *from, const char *to)
{
    long old_before, old_after, new_before, new_after;
    return take_digits(from, &old_before, &old_after) && take_digits(to, &new_before, &new_after) &&
           new_before >= old_before && new_after >= old_after;
}

bool mysql_takes_all(const char *from, const char *to)
{
    static const char *const orders[][6] = {
        {"tinyint", "smallint", "mediumint", "int", "bigint", NULL},
        {"tinyint unsigned", "smallint unsigned", "mediumint unsigned", "int unsigned",
         "bigint unsigned", NULL},
        {"tinytext", "text", "mediumtext", "longtext", NULL},
        {"tinyblob", "blob", "mediumblob", "longblob", NULL},
    };
    size_t len = base_len(from);
    for (size_t i = 0; i < ARRAY_LEN(orders); i++)
        if (place_among(orders[i], from) >= 0)
            return place_among(orders[i], to) > place_among(orders[i], from);
    bool is_text = strncmp(from, "varchar", len) == 0 || strncmp(from, "char", len) == 0;
    if (is_text && strncmp(to, "varchar", base_len(to)) == 0)
        return length_of(from) >= 0 && length_of(to) >= length_of(from);
    return takes_all_digits(from, to) || mysql_keeps_rows(from, to);
}

static bool is_of(const char *type, const char *name)
{
    return strlen(name) == base_len(type) && strncmp(type, name, strlen(name)) == 0;
}

bool mysql_reads_zone(const char *from, const char *to)
{
    return (is_of(from, "timestamp") && is_of(to, "datetime")) ||
           (is_of(from, "datetime") && is_of(to, "timestamp"));
}
