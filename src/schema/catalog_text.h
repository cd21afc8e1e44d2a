/* A catalog as text (fields.h), and back: all that is compared of it, and told of a difference. Which statements make its objects is left
 * out. Pure.
 */
#ifndef SCHEMA_CATALOG_TEXT_H
#define SCHEMA_CATALOG_TEXT_H

#include "schema/catalog.h"

struct buf;
struct fields;

/* Adds it as lines. */
void catalog_add_text(struct buf *buf, const struct catalog *catalog);

/* Reads all lines that are left, into the arena. NULL: they are none of a catalog. */
struct catalog *catalog_of_text(struct arena *arena, struct fields *fields) MUST_CHECK;

#endif
