#include "dialect/digest.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/hash.h"
#include "dialect/split.h"

struct text {
    const char *sql;
    size_t len;
};

static bool is_of_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (c & 0x80);
}

/* After the quoted piece at `at`. A quote within it is written twice, or after a backslash in E'…'. */
static size_t quoted_end(const struct text *text, size_t at, bool has_escapes)
{
    char quote = text->sql[at++];
    while (at < text->len) {
        char c = text->sql[at++];
        if (c == '\\' && has_escapes && at < text->len)
            at++;
        else if (c == quote && (at == text->len || text->sql[at] != quote))
            return at;
        else if (c == quote)
            at++;
    }
    return at;
}

/* After `$tag$ … $tag$`; `at` where that is none. */
static size_t dollar_end(const struct text *text, size_t at)
{
    size_t tag_end = at + 1;
    while (tag_end < text->len && is_of_word(text->sql[tag_end]) && text->sql[tag_end] != '$')
        tag_end++;
    if (tag_end >= text->len || text->sql[tag_end] != '$' || ascii_is_digit(text->sql[at + 1]))
        return at;
    size_t tag_len = tag_end + 1 - at;
    const char *body = text->sql + at + tag_len;
    const char *end = memmem(body, text->len - at - tag_len, text->sql + at, tag_len);
    return end ? (size_t)(end - text->sql) + tag_len : at;
}

/* After the token at `at`: a word or number, a quoted piece, or a single sign. */
static size_t token_end(const struct text *text, size_t at)
{
    char c = text->sql[at];
    if (c == '\'' || c == '"') {
        bool has_escapes = c == '\'' && at && ascii_to_lower(text->sql[at - 1]) == 'e' &&
                           (at == 1 || !is_of_word(text->sql[at - 2]));
        return quoted_end(text, at, has_escapes);
    }
    size_t end = c == '$' ? dollar_end(text, at) : at;
    if (end == at && is_of_word(c))
        while (end < text->len && is_of_word(text->sql[end]))
            end++;
    return end > at ? end : at + 1;
}

static struct digest shorten(const char *bytes, size_t len)
{
    char hex[HASH_HEX_SIZE];
    struct digest digest;
    hash_hex(bytes, len, hex);
    memcpy(digest.hex, hex, DIGEST_SIZE - 1);
    digest.hex[DIGEST_SIZE - 1] = '\0';
    return digest;
}

/* split_skip takes a lone semicolon for a blank, which the one at the end then is too. */
struct digest digest_statement(const char *sql, size_t len, bool comments_nest)
{
    struct text text = {sql, len};
    struct buf tokens;
    buf_init(&tokens, BUF_MAX_DEFAULT);
    for (size_t at = 0; (at = split_skip(sql, len, at, comments_nest)) < len;) {
        size_t end = token_end(&text, at);
        buf_add(&tokens, sql + at, end - at);
        buf_addc(&tokens, '\0');
        at = end;
    }
    struct digest digest = shorten(tokens.data, tokens.len);
    buf_done(&tokens);
    return digest;
}

struct digest digest_add(const struct digest *before, const struct digest *next)
{
    char both[2 * DIGEST_SIZE];
    memcpy(both, before->hex, DIGEST_SIZE);
    size_t len = strlen(both);
    memcpy(both + len, next->hex, DIGEST_SIZE);
    return shorten(both, len + DIGEST_SIZE - 1);
}
