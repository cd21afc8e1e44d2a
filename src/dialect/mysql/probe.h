/* What the catalog of MySQL and MariaDB can tell of a statement (probe.h): DDL there commits by itself, so that a run
 * that dies while it is under way does not know how it ended. */
#ifndef DIALECT_MYSQL_PROBE_H
#define DIALECT_MYSQL_PROBE_H

#include "dialect/probe.h"

const char *mysql_define(struct arena *arena, const char *statement);
void mysql_probe(struct arena *arena, const char *statement, struct probe *ret_probe);

#endif
