/* What SHOW REPLICA STATUS says, under the names of every version. */
#ifndef DIALECT_MYSQL_REPLICA_H
#define DIALECT_MYSQL_REPLICA_H

#include "dialect/replica.h"

struct replica_standing mysql_read_replica(const struct grid *rows, const char *const *columns);

#endif
