/* What the words of a statement say of it, before it has run. */
#ifndef DIALECT_MYSQL_WORDS_H
#define DIALECT_MYSQL_WORDS_H

#include "base/compiler.h"

/* Why a statement may not stand in a revision; NULL: it may. */
const char *mysql_refuses(const char *sql, size_t len);

#endif
