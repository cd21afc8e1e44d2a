/* Statements that take data away for good: DROP TABLE and its like, a column that is dropped, DELETE, TRUNCATE.
 *
 * Told by the words in SQL that all dialects share: good enough to warn a person, not to decide anything. What a
 * function or a DO block does is not seen. Pure.
 */
#ifndef DIALECT_LOSS_H
#define DIALECT_LOSS_H

#include <stdbool.h>
#include <stddef.h>

/* One statement. */
bool loss_is_in(const char *sql, size_t len, bool comments_nest);

#endif
