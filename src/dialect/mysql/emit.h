/* MariaDB's and MySQL's statements that make one catalog of another (schema/emit.h).
 *
 * Every statement commits by itself, so the fewer there are, the fewer places there are to stop at: what changes of a table is
 * one ALTER, all of it or nothing. Only where all of it is cheap are there several, since the server would copy the table if it
 * had to add columns and build indexes in one go. An ALTER says its ALGORITHM and LOCK where these are sure to hold, so that a
 * tenant whose table needs more is refused before a row is touched.
 */
#ifndef DIALECT_MYSQL_EMIT_H
#define DIALECT_MYSQL_EMIT_H

struct catalog_emitter;

extern const struct catalog_emitter mysql_emitter;

#endif
