/* What objects of a schema need of each other, as the server knows it: what an emitter must know to drop and make them in an
 * order that works. Bodies of routines that are strings need nothing.
 */
#ifndef DIALECT_POSTGRES_NEEDS_H
#define DIALECT_POSTGRES_NEEDS_H

#include "schema/reader.h"

void postgres_ask_needs(struct reading *reading, size_t part);

/* Of objects that the catalog has. A column that a table has from its parent is the parent's. */
void postgres_take_needs(struct catalog *catalog, const struct grid *rows);

#endif
