/* What a statement of PostgreSQL does, by its own parse tree (deed.h). */
#ifndef DIALECT_POSTGRES_DEEDS_H
#define DIALECT_POSTGRES_DEEDS_H

#include "dialect/deed.h"

/* A member of struct dialect. Nothing of a statement that the parser does not know is told. */
void postgres_read_deeds(void *reader, const char *sql, size_t len, struct deeds *deeds);

#endif
