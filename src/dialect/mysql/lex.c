#include "dialect/mysql/lex.h"

#include "base/ascii.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_control(char c)
{
    return (unsigned char)c < 32 || c == 127;
}

static bool is_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 128;
}

size_t mysql_skip_blanks(const struct mysql_lexer *lexer, size_t at)
{
    while (at < lexer->len && is_blank(lexer->sql[at]))
        at++;
    return at;
}

static bool is_at(const struct mysql_lexer *lexer, size_t at, const char *text)
{
    size_t len = strlen(text);
    return len && lexer->len - at >= len && memcmp(lexer->sql + at, text, len) == 0;
}

static size_t note_unended(struct mysql_lexer *lexer, size_t at)
{
    if (!lexer->is_unended)
        lexer->unended_at = at;
    lexer->is_unended = true;
    return lexer->len;
}

/* The place after the quoted thing that begins at `at`. A doubled quote simply begins anew: it is one token more. */
static size_t skip_quoted(struct mysql_lexer *lexer, size_t at)
{
    char quote = lexer->sql[at];
    bool is_name = quote == '`' || (quote == '"' && lexer->mode & MODE_ANSI_QUOTES);
    bool has_escapes = !is_name && !(lexer->mode & MODE_NO_BACKSLASH_ESCAPES);
    for (size_t i = at + 1; i < lexer->len; i++) {
        if (lexer->sql[i] == '\\' && has_escapes)
            i++;
        else if (lexer->sql[i] == quote)
            return i + 1;
    }
    return note_unended(lexer, at);
}

/* `--x` is an expression. */
static bool is_line_comment(const struct mysql_lexer *lexer, size_t at)
{
    if (lexer->sql[at] == '#')
        return true;
    if (!is_at(lexer, at, "--"))
        return false;
    size_t after = at + 2;
    return after == lexer->len || is_blank(lexer->sql[after]) || is_control(lexer->sql[after]);
}

static size_t skip_line(const struct mysql_lexer *lexer, size_t at)
{
    const char *newline = memchr(lexer->sql + at, '\n', lexer->len - at);
    return newline ? (size_t)(newline - lexer->sql) + 1 : lexer->len;
}

/* They do not nest. */
static size_t skip_block(struct mysql_lexer *lexer, size_t at)
{
    for (size_t i = at + 2; i + 1 < lexer->len; i++)
        if (is_at(lexer, i, "*/"))
            return i + 2;
    return note_unended(lexer, at);
}

/* The length of an executable comment's opening mark at `at`, version number included; 0: none begins there. They
 * do not nest. One for version 999999 is for no server: so begins a dump, to stop clients that take its backslash for a
 * command of theirs. */
static size_t executable_mark(const struct mysql_lexer *lexer, size_t at)
{
    size_t len = is_at(lexer, at, "/*!") ? 3 : is_at(lexer, at, "/*M!") ? 4 : 0;
    if (!len || lexer->is_in_executable || is_at(lexer, at + len, "999999"))
        return 0;
    while (at + len < lexer->len && ascii_is_digit(lexer->sql[at + len]))
        len++;
    return len;
}

static size_t skip_word(const struct mysql_lexer *lexer, size_t at)
{
    at += lexer->sql[at] == '@';
    while (at < lexer->len && is_word(lexer->sql[at]) && !is_at(lexer, at, lexer->delimiter))
        at++;
    return at;
}

static bool take(struct mysql_lexer *lexer, struct mysql_token *token, enum mysql_token_kind kind,
                 size_t end)
{
    *token = (struct mysql_token){kind, lexer->at, end};
    lexer->at = end;
    return true;
}

bool mysql_lex(struct mysql_lexer *lexer, struct mysql_token *ret_token)
{
    const char *sql = lexer->sql;
    while (lexer->at < lexer->len) {
        size_t at = lexer->at, mark = executable_mark(lexer, at);
        if (is_blank(sql[at])) {
            lexer->at++;
        } else if (is_at(lexer, at, lexer->delimiter)) {
            return take(lexer, ret_token, MYSQL_DELIMITER, at + strlen(lexer->delimiter));
        } else if (mark) {
            lexer->is_in_executable = true;
            return take(lexer, ret_token, MYSQL_BORDER, at + mark);
        } else if (lexer->is_in_executable && is_at(lexer, at, "*/")) {
            lexer->is_in_executable = false;
            return take(lexer, ret_token, MYSQL_BORDER, at + 2);
        } else if (is_line_comment(lexer, at)) {
            lexer->at = skip_line(lexer, at);
        } else if (is_at(lexer, at, "/*")) {
            lexer->at = skip_block(lexer, at);
        } else if (strchr("'\"`", sql[at]) && sql[at]) {
            return take(lexer, ret_token, MYSQL_QUOTED, skip_quoted(lexer, at));
        } else if (is_word(sql[at]) || sql[at] == '@') {
            return take(lexer, ret_token, MYSQL_WORD, skip_word(lexer, at));
        } else {
            return take(lexer, ret_token, MYSQL_BYTE, at + 1);
        }
    }
    return false;
}

bool mysql_lex_sql(struct mysql_lexer *lexer, struct mysql_token *ret_token)
{
    while (mysql_lex(lexer, ret_token))
        if (ret_token->kind != MYSQL_BORDER)
            return true;
    return false;
}

bool mysql_token_is(const struct mysql_lexer *lexer, const struct mysql_token *token,
                    const char *word)
{
    return token->kind == MYSQL_WORD && token->end - token->begin == strlen(word) &&
           ascii_begins(lexer->sql + token->begin, word);
}
