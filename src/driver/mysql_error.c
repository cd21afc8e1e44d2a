#include "driver/mysql_error.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/mysql/class.h"
#include "dialect/mysql/lex.h"
#include "dialect/mysql/split.h"

enum { SYNTAX_ERROR = 1064 };

/* Where the statement begins that comes after `done` others. */
static const char *find_statement(const struct op *op, size_t done)
{
    struct arena arena;
    struct statement *statements;
    size_t count;
    struct err err;
    const char *found = op->sql;
    arena_init(&arena);
    if (mysql_split(&arena, op->sql, op->sql_len, &statements, &count, &err) && done < count)
        found = op->sql + statements[done].offset;
    arena_done(&arena);
    return found;
}

/* The server names the line within the statement and some of the text from the fault on: `near 'SELEC 1' at line
 * 2`. The byte from 1; 0: it cannot be told. */
static size_t place_of(const struct op *op, const char *text)
{
    const char *near = strstr(text, "near '"), *line = NULL;
    for (const char *p = strstr(text, "' at line "); p; p = strstr(p + 1, "' at line "))
        line = p;
    if (!near || !line || line < near)
        return 0;
    near += strlen("near '");
    size_t len = (size_t)(line - near);
    const char *at = find_statement(op, op->answer->statements_done);
    for (unsigned long n = strtoul(line + strlen("' at line "), NULL, 10); n > 1 && at; n--) {
        at = strchr(at, '\n');
        at += at != NULL;
    }
    for (; len && at && *at; at++)
        if (strncmp(at, near, len) == 0)
            return (size_t)(at - op->sql) + 1;
    return 0;
}

/* The server quotes values of rows in these: a duplicate key, a value that is none of its column's type. Others that
 * are about values (1048, 1264, 1265, 1406) quote names alone. */
static bool quotes_values(unsigned number)
{
    static const unsigned numbers[] = {1062, 1292, 1366, 1367, 1411, 1525, 1586, 1690, 1761};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (numbers[i] == number)
            return true;
    return false;
}

void mysql_error_of(MYSQL *mysql, const struct op *op, struct err *err)
{
    unsigned number = mysql_errno(mysql);
    const char *text = mysql_error(mysql);
    err_set(err, ERR_SQL, "%s", *text ? text : "the connection was lost");
    mysql_classify(err, number, false);
    err->quotes_values = quotes_values(number);
    err->offset = number == SYNTAX_ERROR && op->sql ? place_of(op, text) : 0;
}

void mysql_take_warning(const struct op *op, const char *const *row)
{
    struct notice notice = {
        .level = row[0] && strcmp(row[0], "Note") == 0 ? NOTICE_NOTICE : NOTICE_WARNING,
        .text = row[2] ? row[2] : "",
        .revision = op->revision,
    };
    snprintf(notice.code, sizeof notice.code, "%s", row[1] ? row[1] : "");
    notice.quotes_values = quotes_values((unsigned)strtoul(notice.code, NULL, 10));
    notices_add(op->notices, op->arena, &notice);
}

void mysql_take_detail(const struct op *op, const char *const *row)
{
    struct err *err = op_make_err(op);
    const char *text = row[2] ? row[2] : "", *before = said_part(err->said, SAID_DETAIL);
    struct said said = {.part = {[SAID_DETAIL] = text}};
    if (strcmp(text, err->text) == 0)
        return;
    if (before)
        said.part[SAID_DETAIL] = arena_printf(op->arena, "%s\n%s", before, text);
    err->said = said_copy(op->arena, &said);
}

size_t mysql_sql_len(const char *sql, size_t len)
{
    struct mysql_lexer lexer = {.sql = sql, .len = len};
    struct mysql_token token;
    size_t end = 0;
    while (mysql_lex(&lexer, &token))
        if (token.kind != MYSQL_BYTE || sql[token.begin] != ';')
            end = token.end;
    return lexer.is_unended ? len : end;
}
