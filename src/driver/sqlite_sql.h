/* The SQL of SQLite's driver. */
#ifndef DRIVER_SQLITE_SQL_H
#define DRIVER_SQLITE_SQL_H

#include "driver/driver.h"

extern const char *const sqlite_sql[SQL__COUNT];

#endif
