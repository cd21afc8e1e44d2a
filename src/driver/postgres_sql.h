/* The SQL of PostgreSQL's driver. */
#ifndef DRIVER_POSTGRES_SQL_H
#define DRIVER_POSTGRES_SQL_H

#include "driver/driver.h"

extern const char *const postgres_sql[SQL__COUNT];

/* struct driver's add_literal. */
void postgres_add_literal(struct buf *buf, const char *text);

#endif
