/* Tokens of PostgreSQL's SQL that are the same in every version: quoted texts, comments, words.
 *
 * Only as much is told apart as it takes to find where statements end and what they begin with. What
 * newer servers have added to the language needs nothing here: it is made of the same tokens. Strings are
 * read as with standard_conforming_strings on, for a server parses all of a message before it runs any.
 *
 *     struct postgres_scan scan = {.sql = sql, .len = len};
 *     struct postgres_token token;
 *     while (postgres_scan_next(&scan, &token)) …
 */
#ifndef DIALECT_POSTGRES_SCAN_H
#define DIALECT_POSTGRES_SCAN_H

#include "base/compiler.h"

enum postgres_token_kind {
    TOKEN_WORD,    /* a key word or a plain name */
    TOKEN_NAME,    /* "in quotes" */
    TOKEN_LITERAL, /* 'text' in all its forms, $x$text$x$ too */
    TOKEN_NUMBER,
    TOKEN_BYTE, /* any other: an operator's, a parenthesis, a semicolon */
    TOKEN_OPEN, /* a quote or a comment that nothing ends: it reaches to the end of the text */
};

struct postgres_token {
    enum postgres_token_kind kind;
    size_t begin, end;
    const char *what; /* TOKEN_OPEN: the fault in words */
};

struct postgres_scan {
    const char *sql;
    size_t len;
    size_t at;
};

/* The next token after blanks and comments; false: there is none. */
bool postgres_scan_next(struct postgres_scan *scan, struct postgres_token *ret_token);

/* Is the token this word, in any case of letters? */
bool postgres_token_is(const char *sql, const struct postgres_token *token, const char *word);

#endif
