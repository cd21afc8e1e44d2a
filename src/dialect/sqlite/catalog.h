/* Reads a SQLite catalog: the texts of sqlite_schema, by tokens. Pure. */
#ifndef DIALECT_SQLITE_CATALOG_H
#define DIALECT_SQLITE_CATALOG_H

#include "schema/reader.h"

extern const struct catalog_reader sqlite_catalog;

#endif
