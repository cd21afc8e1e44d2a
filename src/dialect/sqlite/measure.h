/* What tables hold, as the catalog says. A member of struct dialect. */
#ifndef DIALECT_SQLITE_MEASURE_H
#define DIALECT_SQLITE_MEASURE_H

#include "dialect/weigh.h"

const char *sqlite_reach(struct arena *arena, const struct measure_request *request);
const char *sqlite_find_key(struct arena *arena, const struct measure_request *request);
const char *sqlite_measure(struct arena *arena, const struct measure_request *request);

#endif
