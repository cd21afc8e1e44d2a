/* Splits a PostgreSQL script into statements with PostgreSQL's own parser (libpg_query). */
#ifndef DIALECT_POSTGRES_SPLIT_H
#define DIALECT_POSTGRES_SPLIT_H

#include "dialect/dialect.h"

bool postgres_split(struct arena *arena, const char *sql, size_t len,
                    struct statement **ret_statements, size_t *ret_count,
                    struct err *err) MUST_CHECK;

#endif
