/* The dialects that exist, for the table and the tests; all others use dialect_of. */
#ifndef DIALECT_DIALECTS_H
#define DIALECT_DIALECTS_H

struct dialect;

extern const struct dialect dialect_sqlite;
extern const struct dialect dialect_postgres;
extern const struct dialect dialect_mysql;
extern const struct dialect dialect_mariadb;

#endif
