/* Which rows a statement changes, and which fixed numbers it writes. */
#include "dialect/mysql/deeds_private.h"

#include "base/ascii.h"

static char byte_at(const struct mysql_reader *reader)
{
    return reader->is_over ? '\0' : reader->lexer.sql[reader->token.begin];
}

static bool is_number(const struct mysql_reader *reader)
{
    return !reader->is_over && reader->token.kind == MYSQL_WORD && ascii_is_digit(byte_at(reader));
}

static bool is_any(const struct mysql_reader *reader, const char *const *words)
{
    for (; *words; words++)
        if (mysql_is(reader, *words))
            return true;
    return false;
}

/* ---- fixed numbers ------------------------------------------------------------------------------ */

struct numbering {
    struct deeds *deeds;
    const struct mysql_name *table;
    struct mysql_reader columns; /* at the list of them, or at no parenthesis */
};

static const char *const after_list[] = {"FROM",  "WHERE", "UNION",  "GROUP", "ORDER",
                                         "LIMIT", "ON",    "HAVING", NULL};

static bool ends_item(const struct mysql_reader *values)
{
    return values->is_over || mysql_is_sign(values, ',') || mysql_is_sign(values, ')') ||
           is_any(values, after_list);
}

static void add_number(const struct numbering *numbering, const char *column, size_t place)
{
    struct deed *deed = mysql_deeds_add_on(numbering->deeds, DEED_INSERT, numbering->table);
    deed->flags = DEED_CONSTANT;
    deed->column = column;
    deed->place = place;
}

/* One row: a value that is more than a number is an expression. */
static void read_row(const struct numbering *numbering, struct mysql_reader *values)
{
    struct mysql_reader columns = numbering->columns;
    bool is_named = mysql_accept_sign(&columns, '(');
    size_t place = 0;
    do {
        const char *column = NULL;
        struct mysql_reader after = *values;
        place++;
        if (is_named && !mysql_take_name(&columns, &column))
            return;
        mysql_skip(&after);
        bool is_constant = is_number(values) && (ends_item(&after) || mysql_is(&after, "AS"));
        while (!ends_item(values))
            mysql_deeds_skip_item(values);
        if (is_constant)
            add_number(numbering, column, is_named ? 0 : place);
    } while ((!is_named || mysql_accept_sign(&columns, ',')) && mysql_accept_sign(values, ','));
}

/* INSERT … SET id = 7, n = 1 */
static void read_set(const struct numbering *numbering, struct mysql_reader *values)
{
    const char *column;
    do {
        if (!mysql_take_name(values, &column) || !mysql_accept_sign(values, '='))
            return;
        struct mysql_reader after = *values;
        mysql_skip(&after);
        if (is_number(values) && ends_item(&after))
            add_number(numbering, column, 0);
        while (!ends_item(values))
            mysql_deeds_skip_item(values);
    } while (mysql_accept_sign(values, ','));
}

void mysql_deeds_read_constants(struct mysql_reader columns, struct mysql_reader values,
                                struct deeds *deeds, const struct mysql_name *table)
{
    const struct numbering numbering = {deeds, table, columns};
    if (mysql_accept(&values, "SET")) {
        read_set(&numbering, &values);
        return;
    }
    if (mysql_accept(&values, "VALUES") || mysql_accept(&values, "VALUE")) {
        while (mysql_accept(&values, "ROW") || mysql_is_sign(&values, '(')) {
            mysql_accept_sign(&values, '(');
            read_row(&numbering, &values);
            mysql_accept_sign(&values, ')');
            mysql_accept_sign(&values, ',');
        }
        return;
    }
    while (!values.is_over) { /* each part of a UNION; parts of a WITH stand in parentheses */
        if (mysql_accept(&values, "SELECT"))
            read_row(&numbering, &values);
        else
            mysql_deeds_skip_item(&values);
    }
}

/* ---- which rows --------------------------------------------------------------------------------- */

/* `true`, `1`, `1 = 1`, `'a' = 'a'`. */
static bool take_truth(struct mysql_reader *reader)
{
    struct mysql_token first = reader->token;
    const char *sql = reader->lexer.sql;
    bool is_true = mysql_is(reader, "TRUE");
    bool is_constant = is_true || is_number(reader) || byte_at(reader) == '\'';
    bool holds = is_true || (is_number(reader) && byte_at(reader) != '0');
    if (!is_constant)
        return false;
    mysql_skip(reader);
    if (!mysql_accept_sign(reader, '='))
        return holds;
    bool is_same =
        !reader->is_over && reader->token.end - reader->token.begin == first.end - first.begin &&
        memcmp(sql + reader->token.begin, sql + first.begin, first.end - first.begin) == 0;
    mysql_skip(reader);
    return is_same;
}

/* Constants that are true, joined by AND, in parentheses or not, and nothing else. */
static bool is_always_true(struct mysql_reader reader)
{
    static const char *const after[] = {"ORDER", "LIMIT", "RETURNING", NULL};
    int depth = 0;
    do {
        while (mysql_accept_sign(&reader, '('))
            depth++;
        if (!take_truth(&reader))
            return false;
        while (depth && mysql_accept_sign(&reader, ')'))
            depth--;
    } while (mysql_accept(&reader, "AND"));
    return !depth && (reader.is_over || is_any(&reader, after));
}

static bool is_bounded_anywhere(struct mysql_reader reader)
{
    while (!reader.is_over && !mysql_is(&reader, "WHERE") && !mysql_is(&reader, "LIMIT"))
        mysql_skip(&reader);
    return !reader.is_over;
}

bool mysql_leaves_rows_out(struct mysql_reader reader)
{
    for (; !reader.is_over; mysql_deeds_skip_item(&reader)) {
        if (mysql_is(&reader, "LIMIT"))
            return true;
        if (mysql_is(&reader, "JOIN"))
            return is_bounded_anywhere(reader);
        if (mysql_accept(&reader, "WHERE") && !is_always_true(reader))
            return true;
    }
    return false;
}
