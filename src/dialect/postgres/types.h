/* PostgreSQL's types in one spelling each, and which changes of a type leave rows as they are stored. Pure. */
#ifndef DIALECT_POSTGRES_TYPES_H
#define DIALECT_POSTGRES_TYPES_H

#include <jansson.h>

#include "base/compiler.h"

struct arena;

/* Of a TypeName node: `varchar(20)`, `int4[]`, `mood`. `ret_is_serial`: it stands for an integer with a sequence. */
const char *postgres_type(struct arena *arena, const json_t *type_name, bool *ret_is_serial);

/* A member of struct dialect. Measured against PostgreSQL 15 (tests/e2e/test_lint.py). */
bool postgres_keeps_rows(const char *from, const char *to);

/* The same, without the measurements. */
bool postgres_takes_all(const char *from, const char *to);
bool postgres_reads_zone(const char *from, const char *to);

#endif
