#include "dialect/sqlite/tokens.h"

#include <sqlite3.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_of_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (c & 0x80);
}

/* ---- reading ---------------------------------------------------------------------------------- */

/* After blanks and comments. A comment without an end reaches to the end. */
static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end) {
        if (is_blank(*at)) {
            at++;
        } else if (end - at > 1 && at[0] == '-' && at[1] == '-') {
            const char *newline = memchr(at, '\n', (size_t)(end - at));
            at = newline ? newline + 1 : end;
        } else if (end - at > 1 && at[0] == '/' && at[1] == '*') {
            const char *close = memmem(at + 2, (size_t)(end - at) - 2, "*/", 2);
            at = close ? close + 2 : end;
        } else {
            break;
        }
    }
    return at;
}

/* A quote within is written twice, but a bracket is not. */
static const char *skip_quoted(const char *at, const char *end)
{
    char close = *at == '[' ? ']' : *at;
    for (at++; at < end; at++) {
        if (*at != close)
            continue;
        if (close == ']' || at + 1 == end || at[1] != close)
            return at + 1;
        at++;
    }
    return end;
}

/* `1`, `.5`, `1e-3`, `0x1F`. */
static const char *skip_number(const char *at, const char *end)
{
    const char *begin = at;
    for (; at < end; at++) {
        bool is_exponent_sign = (*at == '+' || *at == '-') && at > begin + 0 &&
                                (at[-1] == 'e' || at[-1] == 'E') &&
                                !(end - begin > 1 && ascii_to_lower(begin[1]) == 'x');
        if (!is_of_name(*at) && *at != '.' && !is_exponent_sign)
            break;
    }
    return at;
}

static const char *skip_sign(const char *at, const char *end)
{
    static const char *const pairs[] = {"->>", "||", "<=", ">=", "<>",
                                        "!=",  "==", "<<", ">>", "->"};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        size_t len = strlen(pairs[i]);
        if ((size_t)(end - at) >= len && memcmp(at, pairs[i], len) == 0)
            return at + len;
    }
    return at + 1;
}

static enum token_kind read_token(const char *at, const char *end, const char **ret_after)
{
    bool has_next = end - at > 1;
    if (has_next && (*at == 'x' || *at == 'X') && at[1] == '\'') {
        *ret_after = skip_quoted(at + 1, end);
        return TOKEN_BLOB;
    }
    if (ascii_is_digit(*at) || (has_next && *at == '.' && ascii_is_digit(at[1]))) {
        *ret_after = skip_number(at, end);
        return TOKEN_NUMBER;
    }
    if (is_of_name(*at)) {
        for (*ret_after = at; *ret_after < end && is_of_name(**ret_after);)
            (*ret_after)++;
        return TOKEN_WORD;
    }
    if (*at == '\'' || *at == '"' || *at == '`' || *at == '[') {
        *ret_after = skip_quoted(at, end);
        return *at == '\'' ? TOKEN_STRING : TOKEN_NAME;
    }
    *ret_after = skip_sign(at, end);
    return TOKEN_SIGN;
}

void sqlite_advance(struct sqlite_cursor *cursor)
{
    const char *at = skip_blanks(cursor->at, cursor->end), *after = at;
    enum token_kind kind = at < cursor->end ? read_token(at, cursor->end, &after) : TOKEN_END;
    cursor->token = (struct sqlite_token){kind, at, (size_t)(after - at)};
    cursor->at = after;
}

struct sqlite_cursor sqlite_cursor(const char *sql)
{
    struct sqlite_cursor cursor = {.at = sql, .end = sql + strlen(sql)};
    sqlite_advance(&cursor);
    return cursor;
}

bool sqlite_is_word(const struct sqlite_token *token, const char *word)
{
    return token->kind == TOKEN_WORD && strlen(word) == token->len &&
           ascii_begins(token->text, word);
}

bool sqlite_is_sign(const struct sqlite_token *token, const char *sign)
{
    return token->kind == TOKEN_SIGN && strlen(sign) == token->len &&
           memcmp(token->text, sign, token->len) == 0;
}

bool sqlite_take_word(struct sqlite_cursor *cursor, const char *word)
{
    if (!sqlite_is_word(&cursor->token, word))
        return false;
    sqlite_advance(cursor);
    return true;
}

bool sqlite_take_sign(struct sqlite_cursor *cursor, const char *sign)
{
    if (!sqlite_is_sign(&cursor->token, sign))
        return false;
    sqlite_advance(cursor);
    return true;
}

void sqlite_skip(struct sqlite_cursor *cursor)
{
    size_t depth = 0;
    do {
        if (sqlite_is_sign(&cursor->token, "("))
            depth++;
        else if (sqlite_is_sign(&cursor->token, ")") && depth)
            depth--;
        sqlite_advance(cursor);
    } while (depth && cursor->token.kind != TOKEN_END);
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* A string may stand where a name is expected. */
static bool is_quoted(const struct sqlite_token *token)
{
    return token->kind == TOKEN_NAME || token->kind == TOKEN_STRING;
}

const char *sqlite_token_name(struct arena *arena, const struct sqlite_token *token)
{
    if (!is_quoted(token))
        return arena_strndup(arena, token->text, token->len);
    char open = token->text[0], close = open == '[' ? ']' : open;
    char *name = arena_alloc(arena, token->len + 1);
    size_t used = 0;
    for (size_t i = 1; i < token->len; i++) {
        if (token->text[i] == close && i + 1 == token->len)
            break;
        i += close != ']' && token->text[i] == close;
        if (i < token->len)
            name[used++] = token->text[i];
    }
    return name;
}

/* Keywords that are names as well where the grammar has no use for them: quoted or not, they mean the same. */
static bool is_soft_keyword(const char *word, size_t len)
{
    static const char *const words[] = {
        "abort",     "action",    "after",     "always",       "analyze",   "asc",       "attach",
        "before",    "begin",     "by",        "cascade",      "cast",      "column",    "conflict",
        "current",   "cross",     "database",  "deferred",     "desc",      "detach",    "do",
        "each",      "end",       "exclude",   "exclusive",    "explain",   "fail",      "first",
        "following", "for",       "full",      "generated",    "glob",      "groups",    "if",
        "ignore",    "immediate", "initially", "inner",        "instead",   "key",       "last",
        "left",      "like",      "match",     "materialized", "natural",   "no",        "nulls",
        "of",        "offset",    "others",    "outer",        "over",      "partition", "plan",
        "pragma",    "preceding", "query",     "raise",        "range",     "recursive", "regexp",
        "reindex",   "release",   "rename",    "replace",      "restrict",  "right",     "rollback",
        "row",       "rows",      "savepoint", "temp",         "temporary", "ties",      "trigger",
        "unbounded", "vacuum",    "view",      "virtual",      "window",    "with",      "without",
        "filter",
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i]) == len && ascii_begins(word, words[i]))
            return true;
    return false;
}

static bool is_hard_keyword(const char *word, size_t len)
{
    static const char *const more[] = {"true", "false", "current_date", "current_time",
                                       "current_timestamp"};
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        if (strlen(more[i]) == len && ascii_begins(word, more[i]))
            return true;
    return sqlite3_keyword_check(word, (int)len) && !is_soft_keyword(word, len);
}

static void add_lower(struct buf *buf, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_addc(buf, ascii_to_lower(text[i]));
}

/* As a bare word where it can be one. */
static void add_name(struct buf *buf, const struct sqlite_token *token)
{
    char close = token->text[0] == '[' ? ']' : token->text[0];
    bool is_closed = token->len > 1 && token->text[token->len - 1] == close;
    const char *name = token->text + 1;
    size_t len = token->len - 1 - is_closed;
    bool is_bare = len && !ascii_is_digit(name[0]) && name[0] != '$' && !is_hard_keyword(name, len);
    for (size_t i = 0; is_bare && i < len; i++)
        is_bare = is_of_name(name[i]);
    if (is_bare) {
        add_lower(buf, name, len);
        return;
    }
    buf_addc(buf, '"');
    for (size_t i = 0; i < len; i++) {
        i += close != ']' && name[i] == close && i + 1 < len;
        if (name[i] == '"')
            buf_addc(buf, '"');
        buf_addc(buf, ascii_to_lower(name[i]));
    }
    buf_addc(buf, '"');
}

static void add_token(struct buf *buf, const struct sqlite_token *token)
{
    if (token->kind == TOKEN_NAME)
        add_name(buf, token);
    else if (token->kind == TOKEN_STRING)
        buf_add(buf, token->text, token->len);
    else if (sqlite_is_sign(token, "=="))
        buf_addc(buf, '=');
    else if (sqlite_is_sign(token, "!="))
        buf_adds(buf, "<>");
    else
        add_lower(buf, token->text, token->len);
}

static bool is_keyword(const struct sqlite_token *token)
{
    return token->kind == TOKEN_WORD && sqlite3_keyword_check(token->text, (int)token->len);
}

/* What a sign before a number belongs to: `a - 1` and `(-1)`. */
static bool ends_operand(const struct sqlite_token *token)
{
    return sqlite_is_sign(token, ")") ||
           (token->kind != TOKEN_SIGN && token->kind != TOKEN_END && !is_keyword(token));
}

/* The writer must never join two tokens into another one. */
static bool is_apart(const struct sqlite_token *before, const struct sqlite_token *last,
                     const struct sqlite_token *next)
{
    if (last->kind == TOKEN_END || sqlite_is_sign(last, "(") || sqlite_is_sign(last, "."))
        return false;
    if (sqlite_is_sign(next, ",") || sqlite_is_sign(next, ")") || sqlite_is_sign(next, ".") ||
        sqlite_is_sign(next, ";"))
        return last->kind == TOKEN_NUMBER && sqlite_is_sign(next, ".");
    if (sqlite_is_sign(next, "("))
        return !(last->kind == TOKEN_WORD || last->kind == TOKEN_NAME) || is_keyword(last);
    bool is_signed = (sqlite_is_sign(last, "-") || sqlite_is_sign(last, "+")) &&
                     next->kind == TOKEN_NUMBER && !ends_operand(before);
    return !is_signed;
}

void sqlite_add_tokens(struct buf *buf, struct sqlite_cursor begin, const struct sqlite_cursor *end)
{
    struct sqlite_token before = {.kind = TOKEN_END}, last = before;
    for (; begin.token.kind != TOKEN_END && begin.token.text < end->token.text;
         sqlite_advance(&begin)) {
        if (is_apart(&before, &last, &begin.token))
            buf_addc(buf, ' ');
        add_token(buf, &begin.token);
        before = last;
        last = begin.token;
    }
}
