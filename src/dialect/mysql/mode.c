#include "dialect/mysql/mode.h"

#include "base/ascii.h"

/* ANSI and the like stand for several. */
unsigned mysql_modes_named(const char *text, size_t len)
{
    static const struct {
        const char *name;
        unsigned modes;
    } rows[] = {
        {"NO_BACKSLASH_ESCAPES", MODE_NO_BACKSLASH_ESCAPES},
        {"ANSI_QUOTES", MODE_ANSI_QUOTES},
        {"ANSI", MODE_ANSI_QUOTES},
        {"ORACLE", MODE_ORACLE | MODE_ANSI_QUOTES},
        {"MSSQL", MODE_ANSI_QUOTES},
        {"DB2", MODE_ANSI_QUOTES},
        {"POSTGRESQL", MODE_ANSI_QUOTES},
        {"MAXDB", MODE_ANSI_QUOTES},
    };
    unsigned modes = 0;
    for (size_t at = 0; at < len;) {
        size_t begin = at;
        while (at < len && (ascii_is_alnum(text[at]) || text[at] == '_'))
            at++;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            if (at - begin == strlen(rows[i].name) && ascii_begins(text + begin, rows[i].name))
                modes |= rows[i].modes;
        at += at == begin;
    }
    return modes;
}

/* Is it the session's variable: `sql_mode` or `@@sql_mode`, but not `@sql_mode`, which is the user's? */
static bool is_variable(const struct mysql_lexer *lexer, const struct mysql_token *token)
{
    struct mysql_token name = *token;
    bool has_at = token->kind == MYSQL_WORD && lexer->sql[token->begin] == '@';
    if (has_at && (!token->begin || lexer->sql[token->begin - 1] != '@'))
        return false;
    name.begin += has_at;
    return mysql_token_is(lexer, &name, "SQL_MODE");
}

static bool is_global(const struct mysql_lexer *lexer, const struct mysql_token *token)
{
    struct mysql_token name = *token;
    name.begin += token->kind == MYSQL_WORD && lexer->sql[token->begin] == '@';
    return mysql_token_is(lexer, &name, "GLOBAL") || mysql_token_is(lexer, &name, "PERSIST");
}

static bool is_byte(const struct mysql_lexer *lexer, const struct mysql_token *token, char c)
{
    return token->kind == MYSQL_BYTE && lexer->sql[token->begin] == c;
}

/* The modes that follow `=` or `:=`; false: it is not set here. */
static bool read_value(struct mysql_lexer *lexer, unsigned *ret_modes)
{
    struct mysql_token token;
    bool is_there = mysql_lex_sql(lexer, &token);
    if (is_there && is_byte(lexer, &token, ':'))
        is_there = mysql_lex_sql(lexer, &token);
    if (!is_there || !is_byte(lexer, &token, '='))
        return false;
    is_there = mysql_lex_sql(lexer, &token);
    bool is_text = is_there && (token.kind == MYSQL_QUOTED || token.kind == MYSQL_WORD) &&
                   lexer->sql[token.begin] != '@';
    *ret_modes = is_text ? mysql_modes_named(lexer->sql + token.begin, token.end - token.begin) : 0;
    return true;
}

unsigned mysql_mode_after(const char *sql, size_t len, unsigned mode)
{
    struct mysql_lexer lexer = {.sql = sql, .len = len, .mode = mode};
    struct mysql_token token;
    bool is_of_server = false;
    if (!mysql_lex_sql(&lexer, &token) || !mysql_token_is(&lexer, &token, "SET"))
        return mode;
    while (mysql_lex_sql(&lexer, &token)) {
        if (is_byte(&lexer, &token, ','))
            is_of_server = false;
        is_of_server = is_of_server || is_global(&lexer, &token);
        if (!is_of_server && is_variable(&lexer, &token))
            read_value(&lexer, &mode);
    }
    return mode;
}
