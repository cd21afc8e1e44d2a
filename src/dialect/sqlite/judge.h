/* What SQLite's own parser says of a statement (dialect.h: judge). */
#ifndef DIALECT_SQLITE_JUDGE_H
#define DIALECT_SQLITE_JUDGE_H

#include "dialect/dialect.h"

bool sqlite_judge(const char *sql, size_t len, bool is_transactional, struct judgement *ret);

#endif
