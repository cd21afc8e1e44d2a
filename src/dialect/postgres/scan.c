#include "dialect/postgres/scan.h"

#include "base/ascii.h"

/* scan.l's ident_start and ident_cont. */
static bool begins_word(char c)
{
    return ascii_is_alpha(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_in_tag(char c)
{
    return begins_word(c) || ascii_is_digit(c);
}

static bool is_in_word(char c)
{
    return is_in_tag(c) || c == '$';
}

static bool is_in_number(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

static size_t skip_while(const struct postgres_scan *scan, size_t at, bool (*is_in)(char))
{
    while (at < scan->len && is_in(scan->sql[at]))
        at++;
    return at;
}

static char byte_at(const struct postgres_scan *scan, size_t at)
{
    return at < scan->len ? scan->sql[at] : '\0';
}

static void leave_open(const struct postgres_scan *scan, struct postgres_token *token,
                       const char *what)
{
    token->kind = TOKEN_OPEN;
    token->end = scan->len;
    token->what = what;
}

/* Where the literal goes on after its closing quote at `at`: 'one' and, in a line below, 'the rest'. 0: it does
 * not. */
static size_t find_continuation(const struct postgres_scan *scan, size_t at)
{
    bool is_below = false;
    for (; at < scan->len; at++) {
        char c = scan->sql[at];
        if (c == '-' && byte_at(scan, at + 1) == '-') {
            const char *end = memchr(scan->sql + at, '\n', scan->len - at);
            if (!end)
                return 0;
            at = (size_t)(end - scan->sql);
            is_below = true;
        } else if (c == '\n' || c == '\r') {
            is_below = true;
        } else if (c == '\'') {
            return is_below ? at + 1 : 0;
        } else if (!strchr(" \t\f\v", c) || !c) {
            return 0;
        }
    }
    return 0;
}

/* `at` is just after the first quote. A doubled quote is a part of the literal; in E'' a backslash takes the
 * next byte with it. */
static void read_literal(const struct postgres_scan *scan, size_t at, bool has_escapes,
                         struct postgres_token *token)
{
    for (token->kind = TOKEN_LITERAL; at < scan->len; at++) {
        if (has_escapes && scan->sql[at] == '\\') {
            at++;
        } else if (scan->sql[at] == '\'') {
            size_t on = find_continuation(scan, at + 1);
            if (byte_at(scan, at + 1) == '\'')
                at++;
            else if (on)
                at = on - 1;
            else {
                token->end = at + 1;
                return;
            }
        }
    }
    leave_open(scan, token, "unterminated quoted string");
}

static void read_name(const struct postgres_scan *scan, size_t at, struct postgres_token *token)
{
    for (token->kind = TOKEN_NAME; at < scan->len; at++) {
        if (scan->sql[at] != '"')
            continue;
        if (byte_at(scan, at + 1) != '"') {
            token->end = at + 1;
            return;
        }
        at++;
    }
    leave_open(scan, token, "unterminated quoted identifier");
}

/* `$tag$ … $tag$`, or the `$` of a parameter. */
static void read_dollar(const struct postgres_scan *scan, struct postgres_token *token)
{
    size_t begin = token->begin, at = begin + 1;
    if (begins_word(byte_at(scan, at)))
        at = skip_while(scan, at, is_in_tag);
    if (byte_at(scan, at) != '$')
        return;
    size_t tag_len = ++at - begin;
    const char *end = memmem(scan->sql + at, scan->len - at, scan->sql + begin, tag_len);
    token->kind = TOKEN_LITERAL;
    if (end)
        token->end = (size_t)(end - scan->sql) + tag_len;
    else
        leave_open(scan, token, "unterminated dollar-quoted string");
}

/* A word, or the letter in front of a quote that belongs to it: E'', B'', X'', N'', U&'', U&"". */
static void read_word(const struct postgres_scan *scan, struct postgres_token *token)
{
    char letter = ascii_to_lower(scan->sql[token->begin]);
    token->kind = TOKEN_WORD;
    token->end = skip_while(scan, token->begin, is_in_word);
    if (token->end != token->begin + 1)
        return;
    if (strchr("ebxn", letter) && byte_at(scan, token->end) == '\'')
        read_literal(scan, token->end + 1, letter == 'e', token);
    else if (letter == 'u' && byte_at(scan, token->end) == '&' &&
             byte_at(scan, token->end + 1) == '\'')
        read_literal(scan, token->end + 2, false, token);
    else if (letter == 'u' && byte_at(scan, token->end) == '&' &&
             byte_at(scan, token->end + 1) == '"')
        read_name(scan, token->end + 2, token);
}

/* The offset after the comment that begins at `at` (comments nest); 0: nothing ends it. */
static size_t find_comment_end(const struct postgres_scan *scan, size_t at)
{
    size_t depth = 0;
    for (; at + 1 < scan->len; at++) {
        bool opens = scan->sql[at] == '/' && scan->sql[at + 1] == '*';
        if (!opens && !(scan->sql[at] == '*' && scan->sql[at + 1] == '/'))
            continue;
        depth += opens ? 1 : (size_t)-1;
        at++;
        if (!depth)
            return at + 1;
    }
    return 0;
}

/* False: nothing but blanks and comments is left, or a comment that does not end. */
static bool skip_blanks(struct postgres_scan *scan, struct postgres_token *token)
{
    while (scan->at < scan->len) {
        char c = scan->sql[scan->at];
        char next = byte_at(scan, scan->at + 1);
        if (c == '-' && next == '-') {
            const char *end = memchr(scan->sql + scan->at, '\n', scan->len - scan->at);
            scan->at = end ? (size_t)(end - scan->sql) + 1 : scan->len;
        } else if (c == '/' && next == '*') {
            token->begin = scan->at;
            scan->at = find_comment_end(scan, scan->at);
            if (!scan->at) {
                scan->at = scan->len;
                leave_open(scan, token, "unterminated /* comment");
                return false;
            }
        } else if (c && strchr(" \t\r\n\f\v", c)) {
            scan->at++;
        } else {
            return true;
        }
    }
    return false;
}

bool postgres_scan_next(struct postgres_scan *scan, struct postgres_token *ret_token)
{
    *ret_token = (struct postgres_token){.kind = TOKEN_BYTE};
    if (!skip_blanks(scan, ret_token))
        return ret_token->kind == TOKEN_OPEN;
    char c = scan->sql[scan->at];
    ret_token->begin = scan->at;
    ret_token->end = scan->at + 1;
    if (begins_word(c)) {
        read_word(scan, ret_token);
    } else if (ascii_is_digit(c)) {
        ret_token->kind = TOKEN_NUMBER;
        ret_token->end = skip_while(scan, scan->at, is_in_number);
    } else if (c == '\'') {
        read_literal(scan, scan->at + 1, false, ret_token);
    } else if (c == '"') {
        read_name(scan, scan->at + 1, ret_token);
    } else if (c == '$') {
        read_dollar(scan, ret_token);
    }
    scan->at = ret_token->end;
    return true;
}

bool postgres_token_is(const char *sql, const struct postgres_token *token, const char *word)
{
    return token->kind == TOKEN_WORD && token->end - token->begin == strlen(word) &&
           ascii_begins(sql + token->begin, word);
}
