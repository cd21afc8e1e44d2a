/* What a statement of MySQL or MariaDB does, by its tokens (deed.h). */
#ifndef DIALECT_MYSQL_DEEDS_H
#define DIALECT_MYSQL_DEEDS_H

#include "dialect/deed.h"

/* A member of struct dialect. What is not understood of a statement is not told. */
void mysql_read_deeds(void *reader, const char *sql, size_t len, struct deeds *deeds);

#endif
