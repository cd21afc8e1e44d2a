/* Digests of statements, which tell whether those that ran are still those of the file. Pure.
 *
 * Blanks and comments do not count, nor does the semicolon at the end; what stands in quotes counts to the byte.
 */
#ifndef DIALECT_DIGEST_H
#define DIALECT_DIGEST_H

#include "base/compiler.h"

enum { DIGEST_SIZE = 29 }; /* 28 hex digits and a NUL */

struct digest {
    char hex[DIGEST_SIZE]; /* empty: of nothing */
};

/* PostgreSQL's block comments nest. */
struct digest digest_statement(const char *sql, size_t len, bool comments_nest);

/* The digest of statements in their order: `before` is that of the statements so far (empty: none), `next` that
 * of one more. */
struct digest digest_add(const struct digest *before, const struct digest *next);

static inline bool digest_is_same(const struct digest *a, const struct digest *b)
{
    return strcmp(a->hex, b->hex) == 0;
}

#endif
