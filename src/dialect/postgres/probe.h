/* What PostgreSQL's catalog can tell of a statement (probe.h), read by PostgreSQL's own parser. */
#ifndef DIALECT_POSTGRES_PROBE_H
#define DIALECT_POSTGRES_PROBE_H

#include "dialect/probe.h"

void postgres_probe(struct arena *arena, const char *statement, struct probe *ret_probe);
void postgres_check(struct arena *arena, const char *statement, size_t len,
                    struct statement_checks *ret_checks);

#endif
