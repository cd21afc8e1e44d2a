/* Members of struct dialect (dialect.h) of the same names. */
#ifndef DIALECT_MYSQL_WEIGH_H
#define DIALECT_MYSQL_WEIGH_H

#include "dialect/weigh.h"

bool mysql_has_weight(struct arena *arena, const char *statement);
const char *mysql_weigh(struct arena *arena, const struct weigh_request *request);

#endif
