/* The SQL of PostgreSQL's driver. */
#ifndef DIALECT_POSTGRES_TEMPLATES_H
#define DIALECT_POSTGRES_TEMPLATES_H

#include "driver/driver.h"

extern const char *const postgres_sql[SQL__COUNT];

/* struct driver's add_literal. */
void postgres_add_literal(struct buf *buf, const char *text);

#endif
