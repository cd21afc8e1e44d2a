/* What tables hold, as the catalog says. A member of struct dialect. */
#ifndef DIALECT_POSTGRES_MEASURE_H
#define DIALECT_POSTGRES_MEASURE_H

#include "dialect/weigh.h"

const char *postgres_reach(struct arena *arena, const struct measure_request *request);
const char *postgres_inherits(struct arena *arena, const struct measure_request *request);
const char *postgres_find_key(struct arena *arena, const struct measure_request *request);
const char *postgres_measure(struct arena *arena, const struct measure_request *request);

#endif
