/* What SQLite's schema table can tell of a statement (probe.h). */
#ifndef DRIVER_SQLITE_PROBE_H
#define DRIVER_SQLITE_PROBE_H

#include "driver/probe.h"

void sqlite_probe(struct arena *arena, const char *statement, struct probe *ret_probe);

#endif
