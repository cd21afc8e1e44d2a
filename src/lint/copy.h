/* What a statement that copies rows takes of them, by its words: INSERT … SELECT, CREATE TABLE … AS, SELECT … INTO. Pure.
 *
 * It reads the query that the rows come from, what that one selects from, and the parts of WITH. Where a query has several sides
 * (UNION ALL), it is about the first.
 */
#ifndef LINT_COPY_H
#define LINT_COPY_H

#include "dialect/dialect.h"

struct copy {
    const char *
        source; /* the table that the rows come from, without its schema, in the arena; NULL: not known */
    const char *leaves_out; /* the words that leave rows of it out: `WHERE`; NULL: it takes all */
    bool takes_all_columns; /* by `*` */
};

void copy_read(struct arena *arena, const struct dialect *dialect, const char *sql, size_t len,
               struct copy *ret_copy);

#endif
