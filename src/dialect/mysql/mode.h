/* How a statement changes the way in which the rest of its script is read. */
#ifndef DIALECT_MYSQL_MODE_H
#define DIALECT_MYSQL_MODE_H

#include "dialect/mysql/lex.h"

/* The modes (enum mysql_mode) after a statement that was read in `mode`. What it sets by an expression counts as
 * going back to those that a session has at first: so does the end of a dump. */
unsigned mysql_mode_after(const char *sql, size_t len, unsigned mode);

/* The modes (enum mysql_mode) that a value of `sql_mode` names. */
unsigned mysql_modes_named(const char *text, size_t len);

#endif
