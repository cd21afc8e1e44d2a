/* What the server says: errors, their place in what was sent, and warnings. */
#ifndef DRIVER_MYSQL_ERROR_H
#define DRIVER_MYSQL_ERROR_H

#include <mysql.h>

#include "driver/driver.h"

/* Fills *err from what failed last, of the statement of `op` after those that are done. */
void mysql_error_of(MYSQL *mysql, const struct op *op, struct err *err);

/* Adds a row of SHOW WARNINGS (level, number, text) to the op's notices. */
void mysql_take_warning(const struct op *op, const char *const *row);

/* Adds such a row to the detail of the op's error, if it says something else. */
void mysql_take_detail(const struct op *op, const char *const *row);

/* The length of the text without what follows its last statement: the server takes comments there for a statement, and
 * nothing at all for an error. 0: it has no statement. */
size_t mysql_sql_len(const char *sql, size_t len);

#endif
