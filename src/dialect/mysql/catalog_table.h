/* What SHOW CREATE TABLE prints, line by line, as records. Pure. */
#ifndef DIALECT_MYSQL_CATALOG_TABLE_H
#define DIALECT_MYSQL_CATALOG_TABLE_H

struct catalog;
struct database_names;
struct object;

/* Adds the table and its columns, keys, constraints and partitions. `text` is borrowed, and lives as long as the catalog. */
void mysql_read_table(struct catalog *catalog, const char *name, const char *text,
                      const struct database_names *names);

/* The indexes that belong to foreign keys of a table of a catalog, and are no records of it; in the catalog's arena. */
void mysql_read_hidden_indexes(struct catalog *ret, const struct object *table);

#endif
