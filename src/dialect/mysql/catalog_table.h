/* What SHOW CREATE TABLE prints, line by line, as records. Pure. */
#ifndef DIALECT_MYSQL_CATALOG_TABLE_H
#define DIALECT_MYSQL_CATALOG_TABLE_H

struct catalog;
struct database_names;

/* Adds the table and its columns, keys, constraints and partitions. `text` is borrowed, and lives as long as the catalog. */
void mysql_read_table(struct catalog *catalog, const char *name, const char *text,
                      const struct database_names *names);

#endif
