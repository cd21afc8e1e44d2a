/* Two objects of one kind and name at one place: two columns of a table that are called the same. No database has such, but what
 * a catalog is read from may (an answer that another session's DDL has torn, a proxy, a damaged file), and code that looks objects up
 * by name would take one for the other. */
#ifndef SCHEMA_TWINS_H
#define SCHEMA_TWINS_H

#include "schema/catalog.h"

/* The second one of two; NULL: each is there once. */
const struct object *catalog_find_twin(const struct catalog *catalog);

#endif
