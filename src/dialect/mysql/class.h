/* What an error of MySQL or MariaDB means: class, transient or not, and of whom it speaks. Pure. */
#ifndef DIALECT_MYSQL_CLASS_H
#define DIALECT_MYSQL_CLASS_H

#include "base/err.h"

/* Fills code, kind, is_transient, is_connection_lost and trouble; err->text is the message. `is_connecting`: no
 * session was made. Where a session was lost, the code stays empty and the number stands in the text: nothing is known of
 * the statement. */
void mysql_classify(struct err *err, unsigned number, bool is_connecting);

#endif
