/* The SQL of SQLite. */
#ifndef DIALECT_SQLITE_TEMPLATES_H
#define DIALECT_SQLITE_TEMPLATES_H

#include "dialect/dialect.h"

extern const char *const sqlite_sql[SQL__COUNT];

#endif
