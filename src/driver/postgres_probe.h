/* What PostgreSQL's catalog can tell of a statement (probe.h), read by PostgreSQL's own parser. */
#ifndef DRIVER_POSTGRES_PROBE_H
#define DRIVER_POSTGRES_PROBE_H

#include "driver/probe.h"

void postgres_probe(struct arena *arena, const char *statement, struct probe *ret_probe);

#endif
