/* MySQL's and MariaDB's tokens, as far as it takes to see where a statement ends and which words it has.
 *
 * Comments are left out, but for what only looks like one: what stands between an executable comment's marks
 * (slash, star, `!50100` or `M!`) is SQL. The rules were measured against MariaDB 10.11.
 */
#ifndef DIALECT_MYSQL_LEX_H
#define DIALECT_MYSQL_LEX_H

#include "base/compiler.h"

/* What of sql_mode decides how a text is read. */
enum mysql_mode { MODE_NO_BACKSLASH_ESCAPES = 1, MODE_ANSI_QUOTES = 2, MODE_ORACLE = 4 };

enum mysql_token_kind {
    MYSQL_WORD,     /* a name or keyword, or a number; `@name` too */
    MYSQL_QUOTED,   /* in any of the three quotes */
    MYSQL_BYTE,     /* anything else, byte by byte */
    MYSQL_BORDER,   /* where an executable comment begins or ends */
    MYSQL_DELIMITER /* a delimiter of the file's own */
};

struct mysql_token {
    enum mysql_token_kind kind;
    size_t begin, end;
};

enum { MYSQL_DELIMITER_SIZE = 16 };

struct mysql_lexer {
    const char *sql;
    size_t len, at;
    unsigned mode;
    bool is_in_executable;
    bool is_unended; /* a quote or comment has no end: it begins at `unended_at` */
    size_t unended_at;
    char delimiter
        [MYSQL_DELIMITER_SIZE]; /* of the file's own, as the client knows it; empty: none */
};

/* False: the text is over. */
bool mysql_lex(struct mysql_lexer *lexer, struct mysql_token *ret_token);

/* The same of the next token that is SQL: none of MYSQL_BORDER. */
bool mysql_lex_sql(struct mysql_lexer *lexer, struct mysql_token *ret_token);

/* Is the token this word (in upper case), in any case of letters? */
bool mysql_token_is(const struct mysql_lexer *lexer, const struct mysql_token *token,
                    const char *word);

/* The place after what is blank, from `at` on. */
size_t mysql_skip_blanks(const struct mysql_lexer *lexer, size_t at);

#endif
