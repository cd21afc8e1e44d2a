/* Splits a SQLite script into statements, with SQLite's own idea of where one is complete. */
#ifndef DIALECT_SQLITE_SPLIT_H
#define DIALECT_SQLITE_SPLIT_H

#include "dialect/dialect.h"

bool sqlite_split(struct arena *arena, const char *sql, size_t len,
                  struct statement **ret_statements, size_t *ret_count, struct err *err) MUST_CHECK;

#endif
