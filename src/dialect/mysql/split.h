/* Splits a script as the server does, and as the mariadb client does where the script says DELIMITER. */
#ifndef DIALECT_MYSQL_SPLIT_H
#define DIALECT_MYSQL_SPLIT_H

#include "dialect/dialect.h"

/* A script is read in the modes that skein gives a session (none of enum mysql_mode), and follows what it sets
 * itself. */
bool mysql_split(struct arena *arena, const char *sql, size_t len,
                 struct statement **ret_statements, size_t *ret_count, struct err *err) MUST_CHECK;

#endif
