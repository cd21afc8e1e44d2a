/* A statement as words, names and signs, the same for all dialects: comments and blanks are left out. For what reads a statement
 * without a parser.
 *
 *     dialect->read_words(sql, len, on_word, ctx);
 */
#ifndef DIALECT_WORDS_H
#define DIALECT_WORDS_H

#include "base/compiler.h"

enum sql_word_kind {
    SQL_WORD, /* a key word, or a name without quotes */
    SQL_NAME, /* a name in quotes, with them */
    SQL_SIGN, /* one byte: a parenthesis, a comma, of an operator */
    SQL_NUMBER,
    SQL_TEXT, /* 'text' */
};

struct sql_word {
    enum sql_word_kind kind;
    size_t begin, end; /* in the statement */
};

typedef void sql_word_fn(void *ctx, const char *sql, struct sql_word word);

#endif
