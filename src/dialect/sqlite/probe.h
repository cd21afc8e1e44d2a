/* What SQLite's schema table can tell of a statement (probe.h). */
#ifndef DIALECT_SQLITE_PROBE_H
#define DIALECT_SQLITE_PROBE_H

#include "dialect/probe.h"

void sqlite_probe(struct arena *arena, const char *statement, struct probe *ret_probe);

#endif
