/* What tables hold, as the catalog says. A member of struct dialect. */
#ifndef DIALECT_MYSQL_MEASURE_H
#define DIALECT_MYSQL_MEASURE_H

#include "dialect/weigh.h"

const char *mysql_reach(struct arena *arena, const struct measure_request *request);
const char *mysql_find_key(struct arena *arena, const struct measure_request *request);
const char *mysql_measure(struct arena *arena, const struct measure_request *request);

#endif
