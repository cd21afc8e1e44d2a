/* How the catalog of PostgreSQL is read (schema/reader.h): 13 to 18; 15 is tested. */
#ifndef DIALECT_POSTGRES_CATALOG_H
#define DIALECT_POSTGRES_CATALOG_H

struct catalog_reader;

extern const struct catalog_reader postgres_catalog_reader;

#endif
