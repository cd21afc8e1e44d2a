/* How the catalog of MariaDB and MySQL is read (schema/reader.h). MariaDB 10.11 is tested, MySQL is not. */
#ifndef DIALECT_MYSQL_CATALOG_H
#define DIALECT_MYSQL_CATALOG_H

struct catalog_reader;

extern const struct catalog_reader mysql_catalog_reader;

#endif
