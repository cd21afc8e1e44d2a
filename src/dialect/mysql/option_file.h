/* Option files of MySQL's clients (my.cnf), where a URL names one: read by skein itself, since the library would run
 * their init-command, let them switch verification off, and take a file that anyone may write. Pure: who calls has the text.
 */
#ifndef DIALECT_MYSQL_OPTION_FILE_H
#define DIALECT_MYSQL_OPTION_FILE_H

#include "dialect/dialect.h"

const char *mysql_option_file(const struct url *url);
bool mysql_take_options(struct arena *arena, const char *text, struct url *url,
                        struct option_notes *notes, struct err *err) MUST_CHECK;

#endif
