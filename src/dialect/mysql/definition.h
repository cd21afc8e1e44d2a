/* How the catalog defines a thing, as an expression that the server works out within a statement of ours: what it was
 * before a statement is recorded by the mark before it, and what it is afterwards is compared with that. */
#ifndef DIALECT_MYSQL_DEFINITION_H
#define DIALECT_MYSQL_DEFINITION_H

#include "dialect/mysql/reader.h"

struct buf;

/* Appends the name's database as an expression: a literal, or DATABASE(). */
void mysql_add_schema(struct buf *buf, const struct mysql_name *name);

/* Appends an expression whose value differs as soon as one of the tables or views is made, dropped or defined in another
 * way. What its rows are, and its AUTO_INCREMENT, count for nothing. */
void mysql_add_definition(struct buf *buf, const struct mysql_name *names, size_t count);

#endif
