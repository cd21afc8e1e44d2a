/* Directives: comment lines between a section's statements that ask something of skein.
 *
 *     -- verify: SELECT 1 FROM exam WHERE title IS NOT NULL     a row must come back, or the revision fails
 *     -- probe: SELECT 1 FROM pg_type WHERE typname = 'mood'    a row: the next statement took effect
 *
 * A query is one line, a semicolon at its end or not. What looks like one inside a statement (a
 * function's body, a literal) or a block comment is none. A comment that is one but for a letter, the case or the colon
 * would go unasked in silence: it is found too, and is a fault.
 */
#ifndef DIALECT_DIRECTIVE_H
#define DIALECT_DIRECTIVE_H

#include "dialect/dialect.h"

enum directive_kind { DIRECTIVE_VERIFY, DIRECTIVE_PROBE };

struct directive {
    enum directive_kind kind;
    bool is_mistyped; /* `kind` is what was meant, and `sql` all of the comment */
    const char *sql;  /* NUL-terminated */
    size_t sql_len;
    int line; /* of the text, from 1 */
    /* index in the text of the statement that follows it; their count: none follows */
    size_t statement;
};

/* All of them in `sql`, in order, from `arena`. */
void directives_find(struct arena *arena, const struct dialect *dialect, const char *sql,
                     size_t len, const struct statement *statements, size_t statement_count,
                     const struct directive **ret_directives, size_t *ret_count);

/* `verify`, `probe`. */
const char *directive_name(enum directive_kind kind);

#endif
