/* The SQL of PostgreSQL. */
#ifndef DIALECT_POSTGRES_TEMPLATES_H
#define DIALECT_POSTGRES_TEMPLATES_H

#include "dialect/dialect.h"

extern const char *const postgres_sql[SQL__COUNT];

/* struct dialect's add_literal. */
void postgres_add_literal(struct buf *buf, const char *text);
void postgres_add_setting(struct buf *buf, const struct session_setting *setting, bool is_local);

#endif
