/* SQLite's SQL as tokens: comments and blanks away, names without quotes, in lower case. Pure, and total: any bytes are
 * tokens.
 *
 *     struct sqlite_cursor cursor = sqlite_cursor(text);
 *     while (cursor.token.kind != TOKEN_END) {
 *         …
 *         sqlite_advance(&cursor);
 *     }
 *
 * A cursor is a value: a copy looks ahead. Texts are borrowed.
 */
#ifndef DIALECT_SQLITE_TOKENS_H
#define DIALECT_SQLITE_TOKENS_H

#include "base/compiler.h"

struct arena;
struct buf;

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* a keyword, or a name without quotes */
    TOKEN_NAME,   /* "name", `name`, [name] */
    TOKEN_STRING, /* 'text' */
    TOKEN_BLOB,   /* x'00' */
    TOKEN_NUMBER,
    TOKEN_SIGN /* an operator, a parenthesis, a comma, a point, or a byte that means nothing */
};

struct sqlite_token {
    enum token_kind kind;
    const char *text; /* with its quotes */
    size_t len;
};

struct sqlite_cursor {
    const char *at, *end; /* after the token */
    struct sqlite_token token;
};

/* At the first token. */
struct sqlite_cursor sqlite_cursor(const char *sql);

void sqlite_advance(struct sqlite_cursor *cursor);

/* Is the token this keyword (lower case), or this sign? */
bool sqlite_is_word(const struct sqlite_token *token, const char *word);
bool sqlite_is_sign(const struct sqlite_token *token, const char *sign);

/* Steps over it where it stands there. */
bool sqlite_take_word(struct sqlite_cursor *cursor, const char *word);
bool sqlite_take_sign(struct sqlite_cursor *cursor, const char *sign);

/* The name that a token is, without its quotes and as it is written; in the arena. */
const char *sqlite_token_name(struct arena *arena, const struct sqlite_token *token);

/* Steps over a token and what belongs between parentheses where it opens them. */
void sqlite_skip(struct sqlite_cursor *cursor);

/* Appends the tokens from `begin` up to where `end` stands, written in one way: `n > 0 and "a b" in (1, 2)`. */
void sqlite_add_tokens(struct buf *buf, struct sqlite_cursor begin,
                       const struct sqlite_cursor *end);

#endif
