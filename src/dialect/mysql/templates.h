/* MySQL's and MariaDB's statements, and how they quote. */
#ifndef DIALECT_MYSQL_TEMPLATES_H
#define DIALECT_MYSQL_TEMPLATES_H

#include "dialect/dialect.h"

extern const char *const mysql_sql[SQL__COUNT];

/* What a session begins with, whatever the server and the account say by default: our own statements need to be read as
 * they are written. -> its number as the server has it, whether the server is set to be read only, the longest message that it takes, whether it is a
 * MariaDB */
extern const char mysql_session_begin[];

void mysql_add_literal(struct buf *buf, const char *text);
void mysql_add_identifier(struct buf *buf, const char *name);

#endif
