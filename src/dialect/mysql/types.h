/* Types of MySQL and MariaDB in one spelling each, and which changes of a type leave rows as they are stored. Pure. */
#ifndef DIALECT_MYSQL_TYPES_H
#define DIALECT_MYSQL_TYPES_H

#include "base/compiler.h"

struct mysql_reader;

/* Takes the type that stands next: `varchar(20)`, `int unsigned`, `enum('a','b')`, in the reader's arena; NULL: none stands there. */
const char *mysql_take_type(struct mysql_reader *reader);

/* Members of struct dialect: is the table left as it is; does the new type take every value of the old one; does what it makes of
 * a value depend on the time zone of the session? */
bool mysql_keeps_rows(const char *from, const char *to);
bool mysql_takes_all(const char *from, const char *to);
bool mysql_reads_zone(const char *from, const char *to);

#endif
