/* The statement that reads the catalogs of PostgreSQL: catalog.c makes records of what it answers. */
#ifndef DIALECT_POSTGRES_CATALOG_SQL_H
#define DIALECT_POSTGRES_CATALOG_SQL_H

struct buf;
struct reading;

/* Appends the query that reads all parts of `reading`: each row has the number of its part, the kind of an object, its
 * owner or NULL, its name, and an array of property names and values in turn. Its settings hold for the transaction. */
void postgres_add_catalog_sql(struct buf *buf, const struct reading *reading);

#endif
