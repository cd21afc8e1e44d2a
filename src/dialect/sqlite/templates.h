/* The SQL of SQLite's driver. */
#ifndef DIALECT_SQLITE_TEMPLATES_H
#define DIALECT_SQLITE_TEMPLATES_H

#include "driver/driver.h"

extern const char *const sqlite_sql[SQL__COUNT];

#endif
